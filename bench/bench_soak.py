"""Do memory and descriptors stay as they are, at twice the rate that a gateway is made for?

    simulator --load ──10,000 streams──► gateway start (one shard) ──► shared memory ──► a reader

The market of ``bench_scale`` at 100,000 frames a second: a gateway is made for 50,000. After a
warm-up with every book LIVE, all processes are looked at once a second (/proc/<pid>/status, fd)
while a reader goes over the books. Then the market stands still and every frame is accounted for.

    python -m bench.bench_soak [--smoke] [--rate MSGS_PER_S] [--seconds S] [--warm-up S]
                                [--instruments N]

Judged are supervisor and shard: private memory (RssAnon; what they share is files of a fixed size),
the median of the last quarter against that of the first, at most 1 % or 1 MiB more; descriptors,
the most of the last quarter against the most of the first. A frame that is not accounted for, or a
rate below nine tenths of what was asked for, is a failure too. ``--smoke`` is a toy size, for the
tests: its rate is not judged.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench import machine
from bench.bench_scale import NEVER, Size, account, books_live, gateway, simulator, wait
from gateway_client import Gateway

KIB = 1024
DESIGN_RATE = 50_000.0  # frames a second for one gateway of 2,000 instruments on two cores
GROWTH_MAX = 0.01
GROWTH_FREE_KIB = 1024.0  # an allocator's own grain
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
        """KiB a minute that private memory grows by, by least squares."""
        return statistics.linear_regression(self.seconds, self.private).slope * 60

    def complaints(self) -> list[str]:
        """What did not stay as it was."""
        quarter = max(1, len(self.seconds) // 4)
        begin, end = (statistics.median(p) for p in _ends(self.private, quarter))
        few, many = (int(max(part)) for part in _ends(self.fds, quarter))
        found = []
        if end - begin > max(GROWTH_MAX * begin, GROWTH_FREE_KIB):
            found.append(f"private memory grew from {begin / KIB:.1f} to {end / KIB:.1f} MiB")
        if many > few:
            found.append(f"descriptors grew from {few} to {many}")
        return found

    def line(self, name: str) -> str:
        """One row of the table."""
        rss = [(a + b) / KIB for a, b in zip(self.private, self.shared, strict=True)]
        return (
            f"  {name:<12} RSS {rss[0]:7.1f} -> {rss[-1]:7.1f} MiB, private "
            f"{self.private[0] / KIB:7.1f} -> {self.private[-1] / KIB:7.1f} MiB "
            f"({self.slope:+.1f} KiB a minute), descriptors {self.fds[0]} -> {self.fds[-1]} "
            f"(most {max(self.fds)})"
        )


def _ends(values: Sequence[float], count: int) -> tuple[Sequence[float], Sequence[float]]:
    return values[:count], values[-count:]


def processes(run_dir: Path, reader: Gateway, market: int) -> dict[str, int]:
    """Pids by name."""
    supervisor = json.loads((run_dir / "manifest.json").read_text())["pid"]
    shards = {f"shard-{shard.shard_id}": shard.pid for shard in reader.status().shards}
    return {"supervisor": supervisor, **shards, SIMULATOR: market}


def watch(pids: Mapping[str, int], reader: Gateway, seconds: float) -> dict[str, Samples]:
    """Look at all processes once a second, and read a tenth of the books each time."""
    found = {name: Samples() for name in pids}
    began, turn = time.monotonic(), 0
    while (now := time.monotonic() - began) < seconds:
        for name, pid in pids.items():
            found[name].take(pid, now)
        for symbol in reader.symbols()[turn % 10 :: 10]:
            reader.book(symbol, levels=10)
        turn += 1
        time.sleep(min(1.0, seconds / 10))
    return found


def judge(found: Mapping[str, Samples], rate: float, size: Size, counted: Mapping[str, int]) -> int:
    """Print the verdict; 1 where anything grew or is not accounted for."""
    complaints = [
        f"{name}: {text}"
        for name, samples in found.items()
        if name != SIMULATOR
        for text in samples.complaints()
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
    books = size.spot + size.usdm
    try:
        with simulator(size) as market, gateway(market, folder) as reader:
            wait(lambda: reader.counters()["frames_data"] > 0, "the first frame", 60)
            wait(lambda: books_live(reader) >= books, "all books going LIVE", size.live_s)
            pids = processes(folder / "gw", reader, market.pid)
            watch(pids, reader, warm_up)
            frames, began = reader.counters()["frames_received"], time.monotonic()
            load = os.getloadavg()[0]
            found = watch(pids, reader, size.seconds)
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
