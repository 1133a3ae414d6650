"""Do memory and descriptors stay as they are, at twice the rate that a gateway is made for?

    simulator --load ──10,000 streams──► gateway start (one shard) ──► shared memory ──► a reader

The market of ``bench_scale`` at 100,000 frames a second: a gateway is made for 50,000. After a
warm-up with every book LIVE, all processes are looked at once a second (/proc/<pid>/status, fd)
while a reader goes over the books and /metrics is fetched every 10 s. What is done now and then
is done often, so that the warm-up has seen it all: the list of instruments is read every minute,
and /metrics is fetched every second there, as its first hundred answers fill caches. Then the
market stands still and every frame is accounted for.

    python -m bench.bench_soak [--smoke] [--rate MSGS_PER_S] [--seconds S] [--warm-up S]
                                [--instruments N]

Judged are supervisor and shard: private memory (RssAnon; what they share is files of a fixed size),
by its slope over the second half, which may not come to more than 256 KiB by the end of it, so at
full length a leak of 26 KiB a minute fails; descriptors, the most of the last quarter against the
most of the first. A frame that is not accounted for, or a rate below nine
tenths of what was asked for, is a failure too. ``--smoke`` is a toy size, for the tests: neither
its rate nor its memory, which is young, is judged.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench import machine
from bench.bench_scale import NEVER, Size, account, books_live, gateway, simulator, wait
from gateway_client import Gateway

KIB = 1024
DESIGN_RATE = 50_000.0  # frames a second for one gateway of 2,000 instruments on two cores
GROWTH_MAX_KIB = 256.0  # over the second half: an allocator's own grain
SCRAPE_SECONDS = 10.0
SCRAPE_SECONDS_WARM_UP = 1.0
SIMULATOR = "simulator"  # is shown, not judged


@dataclass
class Samples:
    """What one process used, second by second."""

    seconds: list[float] = field(default_factory=list)
    private: list[float] = field(default_factory=list)  # KiB
    shared: list[float] = field(default_factory=list)  # KiB
    fds: list[int] = field(default_factory=list)

    def take(self, pid: int, seconds: float) -> None:
        """Look once; raises OSError where the process has ended."""
        folder = Path("/proc", str(pid))
        lines = (folder / "status").read_text().splitlines()
        sizes = {name: rest for name, _, rest in (line.partition(":") for line in lines)}
        self.seconds.append(seconds)
        self.private.append(float(sizes["RssAnon"].split()[0]))
        self.shared.append(sum(float(sizes[n].split()[0]) for n in ("RssFile", "RssShmem")))
        self.fds.append(len(os.listdir(folder / "fd")))

    @property
    def slope(self) -> float:
        """KiB a minute that private memory grows by in the second half, by least squares."""
        half = len(self.seconds) // 2
        line = statistics.linear_regression(self.seconds[half:], self.private[half:])
        return line.slope * 60

    @property
    def growth(self) -> float:
        """KiB that this slope comes to in the second half."""
        half = len(self.seconds) // 2
        return self.slope * (self.seconds[-1] - self.seconds[half]) / 60

    def complaints(self, *, is_young: bool = False) -> list[str]:
        """What did not stay as it was; memory of the young is not judged."""
        quarter = max(1, len(self.seconds) // 4)
        few, many = (int(max(part)) for part in _ends(self.fds, quarter))
        found = []
        if self.growth > GROWTH_MAX_KIB and not is_young:
            found.append(
                f"private memory grows by {self.slope:.0f} KiB a minute, "
                f"{self.growth:.0f} KiB in the second half"
            )
        if many > few:
            found.append(f"descriptors grew from {few} to {many}")
        return found

    def line(self, name: str) -> str:
        """One row of the table."""
        rss = [(a + b) / KIB for a, b in zip(self.private, self.shared, strict=True)]
        return (
            f"  {name:<12} RSS {rss[0]:7.1f} -> {rss[-1]:7.1f} MiB, private "
            f"{self.private[0] / KIB:7.1f} -> {self.private[-1] / KIB:7.1f} MiB "
            f"(second half {self.slope:+.1f} KiB a minute), "
            f"descriptors {self.fds[0]} -> {self.fds[-1]} (most {max(self.fds)})"
        )


def _ends(values: Sequence[float], count: int) -> tuple[Sequence[float], Sequence[float]]:
    return values[:count], values[-count:]


def processes(run_dir: Path, reader: Gateway, market: int) -> dict[str, int]:
    """Pids by name."""
    supervisor = json.loads((run_dir / "manifest.json").read_text())["pid"]
    shards = {f"shard-{shard.shard_id}": shard.pid for shard in reader.status().shards}
    return {"supervisor": supervisor, **shards, SIMULATOR: market}


def set_up(folder: Path) -> str:
    """Settings of the gateway that will be started, by the environment; the address of /metrics.

    Its state is its own: nothing of earlier runs is in it, and nothing is left for later ones.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        listen = f"127.0.0.1:{free.getsockname()[1]}"
    os.environ["GATEWAY_METRICS_LISTEN"] = listen
    os.environ["GATEWAY_INSTRUMENTS_REFRESH_MINUTES"] = "1.0"
    os.environ["STATE_DIRECTORY"] = str(folder / "state")
    return f"http://{listen}/metrics"


def watch(
    pids: Mapping[str, int],
    reader: Gateway,
    metrics: str,
    seconds: float,
    scrape_s: float = SCRAPE_SECONDS,
) -> dict[str, Samples]:
    """Look at all processes once a second, and read a tenth of the books each time."""
    found = {name: Samples() for name in pids}
    began, turn, scrape_at = time.monotonic(), 0, 0.0
    while (now := time.monotonic() - began) < seconds:
        for name, pid in pids.items():
            found[name].take(pid, now)
        for symbol in reader.symbols()[turn % 10 :: 10]:
            reader.book(symbol, levels=10)
        if now >= scrape_at:
            scrape_at = now + scrape_s
            with urllib.request.urlopen(metrics, timeout=30) as answer:
                answer.read()
        turn += 1
        time.sleep(min(1.0, seconds / 10))
    return found


def judge(found: Mapping[str, Samples], rate: float, size: Size, counted: Mapping[str, int]) -> int:
    """Print the verdict; 1 where anything grew or is not accounted for."""
    complaints = [
        f"{name}: {text}"
        for name, samples in found.items()
        if name != SIMULATOR
        for text in samples.complaints(is_young=not size.is_judged)
    ]
    whole = counted["sent"] == counted["received"] == counted["in RAW"]
    if not whole or any(counted[name] for name in NEVER):
        complaints.append("not every frame is accounted for")
    if size.is_judged and rate < 0.9 * size.rate:
        complaints.append(f"{rate:,.0f} frames/s are less than 0.9 of {size.rate:,.0f}")
    for complaint in complaints:
        print(f"bench_soak: {complaint}", file=sys.stderr)
    print("flat" if not complaints else "not flat, or not whole: see the lines on stderr")
    return bool(complaints)


def run(size: Size, warm_up: float) -> int:
    """Measure and report; the exit code."""
    folder = Path(tempfile.mkdtemp(prefix="gw-bench-", dir="/dev/shm"))
    books, metrics = size.spot + size.usdm, set_up(folder)
    try:
        with simulator(size) as market, gateway(market, folder) as reader:
            wait(lambda: reader.counters()["frames_data"] > 0, "the first frame", 60)
            wait(lambda: books_live(reader) >= books, "all books going LIVE", size.live_s)
            pids = processes(folder / "gw", reader, market.pid)
            watch(pids, reader, metrics, warm_up, SCRAPE_SECONDS_WARM_UP)
            frames, began = reader.counters()["frames_received"], time.monotonic()
            load = os.getloadavg()[0]
            found = watch(pids, reader, metrics, size.seconds)
            took = time.monotonic() - began
            rate = (reader.counters()["frames_received"] - frames) / took
            live = books_live(reader)
            counted = account(market, reader)
    finally:
        shutil.rmtree(folder)
    print(
        f"{rate:,.0f} frames/s for {took:.0f} s, {live} of {books} books LIVE at the end; load of"
    )
    print(f"the machine, with this: {load:.1f} at the start, {os.getloadavg()[0]:.1f} at the end")
    for name, samples in found.items():
        print(samples.line(name))
    print(", ".join(f"{name} {value:,}" for name, value in counted.items()))
    return judge(found, rate, size, counted)


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--smoke", action="store_true", help="a toy size, for the tests")
    parser.add_argument("--rate", type=float, default=2 * DESIGN_RATE)
    parser.add_argument("--seconds", type=float, default=1200.0)
    parser.add_argument("--warm-up", type=float, default=120.0)
    parser.add_argument("--instruments", type=int, default=2000)
    given = parser.parse_args()
    print(machine.line())
    if given.smoke:
        return run(Size(30, 10, 1_500, 4.0, 60.0, is_judged=False), 1.0)
    futures = given.instruments // 4
    size = Size(given.instruments - futures, futures, given.rate, given.seconds, 300.0)
    return run(size, given.warm_up)


if __name__ == "__main__":
    sys.exit(main())
