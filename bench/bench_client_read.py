"""What does a trusted quote cost a reader: in C, in Python with the accelerator, in plain Python?

Topology: this process writes a quote, a book, a ticker and a candle with the shard's own engine and
then holds still; it also reads them, from the mapped file. One read is the copy of the cell, the
version check, the segment's state and its heartbeat against CLOCK_MONOTONIC. So that the figures
can be compared between machines, they are also given as multiples of a call of
``time.monotonic_ns()``, taken in turns with them; the aim is 3.5 compiled and 15 plain for a quote,
and 50 ns in C.

    bench_client_read.py [--smoke] [--json]

``--smoke`` is a toy size for the tests. Each run checks what it read and ends with 1 where it is
wrong.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gateway.core.engine import Engine
from gateway.layout import Kind, Market
from gateway.plan import PlanSymbol, ShardPlan
from gateway.segment_file import create
from gateway_client import plain
from gateway_client.gateway import Calls, Gateway

ROOT = Path(__file__).resolve().parents[1]
BTC = "spot:BTCUSDT"
HOUR_MS = 3_600_000
ROUNDS = 50
TICKER = (
    b'{"stream":"btcusdt@bookTicker","data":{"u":400900217,"s":"BTCUSDT","b":"25.35","B":"31.21000",'
    b'"a":"25.36","A":"40.66000"}}'
)
DIFF = (
    b'{"stream":"btcusdt@depth","data":{"e":"depthUpdate","E":1672515782136,"s":"BTCUSDT",'
    b'"U":157,"u":165,"b":[["24.00000000","0.00000000"]],"a":[]}}'
)
MINUTE = (
    b'{"stream":"btcusdt@kline_1m","data":{"e":"kline","E":1672515782136,"s":"BTCUSDT","k":{'
    b'"t":1672515780000,"T":1672515839999,"s":"BTCUSDT","i":"1m","f":1,"L":9,"o":"25.30",'
    b'"c":"25.35","h":"25.40","l":"25.20","v":"12.5","n":9,"x":false,"q":"316.1","V":"6.1",'
    b'"Q":"154.2","B":"0"}}}'
)
MINI = (
    b'{"stream":"btcusdt@miniTicker","data":{"e":"24hrMiniTicker","E":1672515782136,"s":"BTCUSDT",'
    b'"c":"25.35","o":"25.00","h":"26.00","l":"24.00","v":"9000.0","q":"228150.0"}}'
)
SNAPSHOT = {
    "lastUpdateId": 160,
    "bids": [[f"{25 - n / 100:.2f}", "1.00000"] for n in range(20)],
    "asks": [[f"{26 + n / 100:.2f}", "2.00000"] for n in range(20)],
}


class PlainGateway(Calls, plain.Reader):
    """``Gateway`` without the accelerator."""


def publish(run_dir: Path) -> Engine:
    """A run directory with a live quote, book, ticker and candle, made by the shard's engine."""
    plan = ShardPlan(
        shard_id=0, shard_count=1, instance_id=1, run_dir=str(run_dir), symbols=[], connections=[],
        streams=[], events_ring_bytes=65536, raw_ring_bytes=65536, heartbeat_timeout_ms=HOUR_MS,
    )  # fmt: skip
    segment = create(run_dir / "shard-0.seg", plan=plan)
    engine = Engine(segment.memory)
    symbol = engine.add_symbol(PlanSymbol(Market.SPOT, "BTCUSDT", -2, -5))
    link = engine.add_connection("spot/0", Market.SPOT)
    engine.add_stream("spot:btcusdt@bookTicker", Kind.QUOTE, symbol, link)
    engine.add_stream("spot:btcusdt@depth", Kind.DIFF, symbol, link)
    engine.add_stream("spot:btcusdt@kline_1m", Kind.KLINE, symbol, link)
    engine.add_stream("spot:btcusdt@miniTicker", Kind.MINI_TICKER, symbol, link)
    segment.publish()
    engine.link_up(link)
    for frame in (TICKER, MINUTE, MINI):
        engine.frame(link, frame)
    engine.ask_snapshot(symbol)
    engine.snapshot(symbol, json.dumps(SNAPSHOT).encode())
    engine.frame(link, DIFF)
    engine.batch_end()
    engine.heartbeat()
    shard = {
        "id": 0, "pid": 1, "generation": segment.generation, "segment": "shard-0.seg",
        "publisher": "", "symbols": [BTC], "streams": [],
    }  # fmt: skip
    manifest = {"version": 1, "instance": "1", "pid": 1, "started_ns": 0, "upstream": ""}
    (run_dir / "manifest.json").write_text(json.dumps(manifest | {"shards": [shard]}))
    return engine


def nanoseconds(calls: dict[str, Callable[[int], None]], count: int) -> dict[str, float]:
    """Best round of each: many short ones, in turns, so that all see the same quiet moments."""
    best = dict.fromkeys(calls, float("inf"))
    for _ in range(ROUNDS):
        for name, call in calls.items():
            begun = time.perf_counter_ns()
            call(count)
            best[name] = min(best[name], (time.perf_counter_ns() - begun) / count)
    return best


def loops(compiled: Gateway, slow: Any) -> dict[str, Callable[[int], None]]:
    """One loop a figure, all of the same shape."""

    def clock(count: int, monotonic_ns: Callable[[], int] = time.monotonic_ns) -> None:
        for _ in range(count):
            monotonic_ns()

    def quote(count: int, gateway: Any = compiled) -> None:
        for _ in range(count):
            gateway.quote(BTC)

    def quote_and_prices(count: int, gateway: Any = compiled) -> None:
        for _ in range(count):
            found = gateway.quote(BTC)
            _ = found.is_live, found.bid_px, found.ask_px

    def book(count: int, gateway: Any = compiled) -> None:
        for _ in range(count):
            gateway.book(BTC)

    def ticker(count: int, gateway: Any = compiled) -> None:
        for _ in range(count):
            gateway.ticker(BTC)

    def kline(count: int, gateway: Any = compiled) -> None:
        for _ in range(count):
            gateway.kline(BTC, "1m")

    def latest(count: int, gateway: Any = compiled) -> None:
        for _ in range(count):
            gateway.latest("spot:btcusdt@kline_1m")

    return {
        "monotonic_ns": clock,
        "quote compiled": quote,
        "quote plain": lambda count: quote(count, slow),
        "quote + 2 prices compiled": quote_and_prices,
        "quote + 2 prices plain": lambda count: quote_and_prices(count, slow),
        "book compiled": book,
        "book plain": lambda count: book(count, slow),
        "ticker compiled": ticker,
        "ticker plain": lambda count: ticker(count, slow),
        "kline compiled": kline,
        "kline plain": lambda count: kline(count, slow),
        "latest compiled": latest,
    }


def c_figures(run_dir: Path, reads: int) -> dict[str, float]:
    """Compile and run the C loop on the same segment."""
    program = run_dir / "bench_client_read"
    source = ROOT / "bench" / "bench_client_read.c"
    command = ["cc", "-O2", "-std=gnu11", f"-I{ROOT}/clients/c", str(source), "-o", str(program)]
    subprocess.run([*command, "-lm"], check=True)
    segment = str(run_dir / "shard-0.seg")
    done = subprocess.run([program, segment, str(reads)], check=True, capture_output=True)
    return dict(json.loads(done.stdout))


def measure(run_dir: Path, count: int) -> dict[str, float]:
    """Nanoseconds by name; raises AssertionError where a reader read something else."""
    engine = publish(run_dir)
    compiled, slow = Gateway(run_dir), PlainGateway(run_dir)
    assert compiled.accelerated
    for gateway in (compiled, slow):
        quote, book = gateway.quote(BTC), gateway.book(BTC)
        assert (quote.is_live, quote.bid_px, quote.ask_px) == (True, 25.35, 25.36), quote
        assert (book.is_live, len(book.bids), book.asks[0]) == (True, 20, (26.0, 2.0)), book
        ticker, kline = gateway.ticker(BTC), gateway.kline(BTC, "1m")
        assert (ticker.is_live, ticker.last_px) == (True, 25.35), ticker
        assert (kline.is_live, kline.close_px) == (True, 25.35), kline
    found = nanoseconds(loops(compiled, slow), count)
    in_c = c_figures(run_dir, 200 * count)
    assert (in_c["trusted"], in_c["bid_px"]) == (400 * count, 2535), in_c
    engine.close()
    return found | {f"C {name}": in_c[name] for name in ("quote", "book", "clock")}


def main() -> int:
    """Run the benchmark and print a table, or JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--smoke", action="store_true", help="a toy size, for the tests")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    given = parser.parse_args()
    run_dir = Path(tempfile.mkdtemp(prefix="gw-bench-", dir="/dev/shm"))
    try:
        found = measure(run_dir, 100 if given.smoke else 10_000)
    finally:
        shutil.rmtree(run_dir)
    if given.json:
        print(json.dumps(found))
        return 0
    for name, figure in found.items():
        print(f"{name:28} {figure:8.1f} ns  {figure / found['monotonic_ns']:6.2f} x monotonic_ns")
    return 0


if __name__ == "__main__":
    sys.exit(main())
