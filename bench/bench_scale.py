"""Does one gateway on two cores carry 2,000 instruments, and is every frame accounted for?

    simulator --load ──10,000 streams──► gateway start (one shard) ──► shared memory

1,500 spot and 500 USD-M instruments, each with bookTicker, depth@100ms, aggTrade, ticker and
kline_1m. Snapshots of 100 levels under the venue's request weights. Once every book is LIVE, the
market runs for a minute; then it stands still, and the counts of both sides are compared: frames
sent = frames received = frames in RAW, no gap, nothing dropped by name, nothing twice, no stall,
every stream delivering. What is in RAW says a reader of the ring: it reads all that is left there,
without a hole, up to the record whose number is the count. A rate below nine tenths of what was
asked for is a failure.

    python -m bench.bench_scale [--smoke] [--rate MSGS_PER_S] [--seconds S]

Also shown: CPU of both processes a frame, which says who was the limit, and, of reads of every book
once a second, the share that was LIVE. ``--smoke`` is a toy size, for the tests: its rate and its
stalls are not judged.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import machine
from bench.bench_end_to_end import attach, cpu_ns
from gateway_client import Gateway, Status
from gateway_client.layout import Flag, SectionKind
from gateway_client.tables import decode

GATEWAY = (sys.executable, "-m", "gateway")
SUFFIXES = ("bookTicker", "depth@100ms", "aggTrade", "ticker", "kline_1m")
MARKETS = ("spot", "usdm")
NEVER = ("gaps", "unreadable", "of unknown streams", "duplicates", "rotations")
WHOLE = Flag.FIRST | Flag.LAST


@dataclass(frozen=True)
class Size:
    """How much of it."""

    spot: int
    usdm: int
    rate: float
    seconds: float
    live_s: float  # watchdog for all books
    is_judged: bool = True  # rate and stalls too

    def symbols(self) -> str:
        """The instruments, as the simulator takes them."""
        named = [f"spot:S{number:04d}USDT" for number in range(self.spot)]
        return ",".join(named + [f"usdm:F{number:04d}USDT" for number in range(self.usdm)])


class Market:
    """A running simulator."""

    def __init__(self, process: subprocess.Popen[str], addresses: dict[str, Any]) -> None:
        self.pid, self.ws, self.rest = process.pid, addresses["ws"], addresses["rest"]

    def ask(self, path: str, body: bytes | None = None) -> Any:
        """GET, or POST where there is a body."""
        with urllib.request.urlopen(self.rest + path, data=body, timeout=30) as answer:
            return json.load(answer)

    def sent(self) -> int:
        """Data frames handed to sockets so far."""
        return sum(stream["sent"] for stream in self.ask("/sim/status")["streams"].values())


@contextmanager
def simulator(size: Size) -> Iterator[Market]:
    """The load market."""
    arguments = ["--symbols", size.symbols(), "--load", str(size.rate)]
    process = subprocess.Popen(
        [*GATEWAY, "simulate", *arguments], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield Market(process, json.loads(process.stdout.readline()))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
        process.stdout.close()


@contextmanager
def gateway(market: Market, folder: Path) -> Iterator[Gateway]:
    """One ``gateway start`` that carries all of it."""
    patterns = [f"{name}:*@{suffix}" for name in MARKETS for suffix in SUFFIXES]
    config = folder / "gateway.toml"
    config.write_text(
        f"subscribe = {json.dumps(patterns)}\n"
        "[book]\nsnapshot_levels = 100\n"
        "[memory]\nevents_ring_bytes = 67108864\nraw_ring_bytes = 67108864\n"
        f'[upstream]\nws = "{market.ws}"\nrest = "{market.rest}"\n'
    )
    command = [*GATEWAY, "start", "--config", str(config), "--run-dir", str(folder / "gw")]
    with (folder / "gateway.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        yield attach(folder / "gw")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def wait(condition: Callable[[], bool], what: str, seconds: float) -> float:
    """Seconds until ``condition`` holds; SystemExit when it never does."""
    begun = time.monotonic()
    while not condition():
        if time.monotonic() - begun > seconds:
            raise SystemExit(f"bench_scale: {what} took longer than {seconds:g} s")
        time.sleep(0.2)
    return time.monotonic() - begun


def books_live(reader: Gateway) -> int:
    """Books that are LIVE now."""
    return sum(shard.states["book"].get("LIVE", 0) for shard in reader.status().shards)


def read_books(reader: Gateway, seconds: float) -> float:
    """Read every book once a second; the share that was LIVE."""
    until, reads, live = time.monotonic() + seconds, 0, 0
    while (left := until - time.monotonic()) > 0:
        states = [reader.book(symbol, levels=1).state for symbol in reader.symbols()]
        reads, live = reads + len(states), live + states.count(Status.LIVE)
        time.sleep(min(1.0, left))
    return live / reads


def measure(market: Market, reader: Gateway, seconds: float) -> dict[str, float]:
    """Run for ``seconds``: frames and CPU of both sides, and books that were LIVE."""
    shard = reader.status().shards[0].pid
    frames, begun = reader.counters()["frames_received"], time.monotonic()
    ours, theirs = cpu_ns(shard), cpu_ns(market.pid)
    live = read_books(reader, seconds)
    took = time.monotonic() - begun
    frames = reader.counters()["frames_received"] - frames
    return {
        "frames": frames,
        "rate": frames / took,
        "live": live,
        "shard_us": (cpu_ns(shard) - ours) / 1000 / frames,
        "simulator_us": (cpu_ns(market.pid) - theirs) / 1000 / frames,
    }


def read_raw(path: str) -> int:
    """Frames put into RAW, as a reader finds them; SystemExit where one is missing."""
    ring = Gateway.open_segment(path).ring(SectionKind.RAW)
    ring.start_at_oldest()
    number = last = 0
    while record := ring.next():
        raw = decode("raw", record)
        number = raw["version"]
        if (last and number != last + 1) or raw["flags"] & WHOLE != WHOLE:
            raise SystemExit(f"bench_scale: record {number} of RAW follows {last}, or is a part")
        last = number
    return number


def account(market: Market, reader: Gateway) -> dict[str, int]:
    """Stand still, let all arrive, and compare what was sent, received and kept."""
    market.ask("/sim/pause", b"{}")

    def quiet() -> bool:
        before = market.sent(), reader.counters()["frames_received"]
        time.sleep(0.5)
        return before == (market.sent(), reader.counters()["frames_received"])

    wait(quiet, "the market's standing still", 30)
    counters, status = reader.counters(), reader.status()
    streams = [stream for shard in status.shards for stream in shard.streams]
    return {
        "sent": market.sent(),
        "received": counters["frames_received"] - counters["frames_control"],
        "in RAW": sum(read_raw(shard.segment) for shard in status.shards),
        "streams": len(streams),
        "streams that delivered": sum(stream.frames > 0 for stream in streams),
        "gaps": counters["gaps"],
        "unreadable": counters["frames_unreadable"],
        "of unknown streams": counters["frames_unknown_stream"],
        "duplicates": counters["frames_duplicate"],
        "rotations": counters["rotations"],
        "stalls": counters["stalls"],
    }


def run(size: Size) -> int:
    """Measure and report; 1 where a frame is not accounted for."""
    folder = Path(tempfile.mkdtemp(prefix="gw-bench-", dir="/dev/shm"))
    books = size.spot + size.usdm
    try:
        with simulator(size) as market, gateway(market, folder) as reader:
            wait(lambda: reader.counters()["frames_data"] > 0, "the first frame", 60)
            took = wait(lambda: books_live(reader) >= books, "all books going LIVE", size.live_s)
            print(f"{books} books LIVE {took:.0f} s after the first frame")
            found = measure(market, reader, size.seconds)
            live = books_live(reader)
            counted = account(market, reader)
    finally:
        shutil.rmtree(folder)
    print(f"{found['rate']:,.0f} frames/s for {size.seconds:g} s, {live} of {books} books LIVE")
    print(f"reads of books that were LIVE: {found['live']:.3%}")
    ours, theirs = found["shard_us"], found["simulator_us"]
    print(f"CPU a frame: shard {ours:.2f} us, simulator {theirs:.2f} us")
    print(", ".join(f"{name} {value:,}" for name, value in counted.items()))
    whole = counted["sent"] == counted["received"] == counted["in RAW"]
    delivering = counted["streams"] == counted["streams that delivered"] == 5 * books
    clean = not any(counted[name] for name in NEVER)
    if not (whole and delivering and clean and live == books):
        print("bench_scale: not everything is accounted for", file=sys.stderr)
        return 1
    if size.is_judged and (counted["stalls"] or found["rate"] < 0.9 * size.rate):
        print(f"bench_scale: stalled, or less than 0.9 of {size.rate:,.0f}/s", file=sys.stderr)
        return 1
    return 0


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--smoke", action="store_true", help="a toy size, for the tests")
    parser.add_argument("--rate", type=float, default=55_000)
    parser.add_argument("--seconds", type=float, default=60.0)
    given = parser.parse_args()
    print(machine.line())
    if given.smoke:
        return run(Size(30, 10, 1_500, 3.0, 60.0, is_judged=False))
    return run(Size(1500, 500, given.rate, given.seconds, 300.0))


if __name__ == "__main__":
    sys.exit(main())
