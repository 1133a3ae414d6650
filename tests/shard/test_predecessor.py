"""What a dead shard left, as the next one reads it and goes on from there."""

from __future__ import annotations

from pathlib import Path

import pytest
import pytest_asyncio

from gateway import plan as wire
from gateway.layout import HEADER, NULL, SECTION, STREAM, Kind, SectionKind
from gateway.shard import predecessor
from gateway.shard.predecessor import Left
from tests.shard.conftest import Start
from tests.shard.market import Market
from tests.shard.running import Running, stream
from tests.shard.venue import Venue
from tests.waiting import until

TRADES = "ausdt@trade"
INSTANCE = 1
NOW, MINUTE = 1795345200000, 60_000  # ms


@pytest_asyncio.fixture
async def market(venue: Venue) -> Market:
    made = Market(venue)
    made.trades[TRADES] = []
    return made


def steps(market: Market, count: int) -> None:
    for _ in range(count):
        market.step()


async def carrying(start: Start, market: Market, count: int) -> Running:
    """A shard with the trades of a symbol, of which so many have come."""
    up = len(market.venue.up)
    running = start([stream(TRADES, 0)])
    market.answers(running)
    await until(lambda: len(market.venue.up) > up or (market.venue.up and up == 0))
    await until(lambda: market.venue.up[-1].streams)
    steps(market, count)
    await until(lambda: running.counter("frames_data") == count)
    return running


async def killed(running: Running, run_dir: Path) -> Path:
    """End a shard, and let its segment lie there as after kill -9."""
    path = run_dir / "shard-0.seg"
    left = path.read_bytes()
    await running.stop()
    path.write_bytes(left)
    return path


@pytest.mark.asyncio
async def test_trades_that_came_while_no_process_ran_are_a_gap_and_come_back(
    start: Start, market: Market, run_dir: Path
) -> None:
    await killed(await carrying(start, market, 3), run_dir)
    market.is_lossy = {TRADES}
    steps(market, 20)
    market.is_lossy = set()
    running = await carrying(start, market, 1)
    await until(lambda: running.counter("gaps_filled"))
    [request] = running.of(wire.HistoryRequest)
    assert (request.first_id, request.last_id) == (4, 23)
    assert running.counter("events_backfilled") == 20
    assert running.counter("gaps") == 1


@pytest.mark.asyncio
async def test_a_gap_that_nobody_had_filled_yet_is_taken_up(
    start: Start, market: Market, run_dir: Path
) -> None:
    first = await carrying(start, market, 3)
    first.answer = lambda message: None
    market.is_lossy = {TRADES}
    steps(market, 2)
    market.is_lossy = set()
    steps(market, 1)
    await until(lambda: first.counter("gaps") == 1)
    path = await killed(first, run_dir)
    left = predecessor.read(path, INSTANCE)[f"spot:{TRADES}"]
    assert (left.last_id, [gap[:2] for gap in left.gaps]) == (6, [(4, 5)])
    running = await carrying(start, market, 1)
    await until(lambda: running.counter("gaps_filled"))
    assert running.counter("events_backfilled") == 2


@pytest.mark.asyncio
async def test_only_a_whole_segment_of_the_same_gateway_counts(
    start: Start, market: Market, run_dir: Path
) -> None:
    path = await killed(await carrying(start, market, 3), run_dir)
    assert predecessor.read(path, INSTANCE)[f"spot:{TRADES}"].last_id == 3
    assert predecessor.read(path, INSTANCE + 1) == {}
    whole = path.read_bytes()
    offsets = HEADER.offsets()
    for at in (0, offsets["schema_hash"], offsets["section_table_offset"], offsets["file_size"]):
        damaged = bytearray(whole)
        damaged[at] ^= 0xFF
        path.write_bytes(damaged)
        assert predecessor.read(path, INSTANCE) == {}
    for size in (0, 100, 4096, 8192, len(whole) // 2):
        path.write_bytes(whole[:size])
        assert predecessor.read(path, INSTANCE) == {}
    path.unlink()
    assert predecessor.read(path, INSTANCE) == {}


def gap(first: int, last: int, missing: int) -> dict[str, int]:
    return {"first_id": first, "last_id": last, "missing": missing, "ts_after": NULL}


def test_candles_are_asked_for_from_the_oldest_that_is_missing() -> None:
    candle = {"last_id": 180_000, "last_ts": 7, "kind": Kind.KLINE}
    assert predecessor._left(candle, [gap(60_000, 120_000, 2)]) == Left(60_000, 7, ())


BIG = 2**64 - 1


@pytest.mark.parametrize(
    "damaged",
    [(3, BIG, BIG - 2), (3, 7, BIG), (1, 7, 5), (7, 3, BIG - 3), (12, 13, 2), (3, BIG, 5)],
)
def test_a_gap_that_no_writer_makes_is_not_taken_up(damaged: tuple[int, int, int]) -> None:
    trades = {"last_id": 10, "last_ts": 7, "kind": Kind.TRADE}
    left = predecessor._left(trades, [gap(*damaged), gap(8, 9, 2)])
    assert left == Left(10, 7, ((8, 9, NULL),))


@pytest.mark.parametrize("damaged", [(1, NOW - MINUTE, 1), (NOW, BIG, 3), (NOW, NOW - 1, BIG)])
def test_candles_since_the_beginning_of_time_are_not_asked_for(
    damaged: tuple[int, int, int],
) -> None:
    candle = {"last_id": NOW, "last_ts": 7, "kind": Kind.KLINE}
    assert predecessor._left(candle, [gap(*damaged)]) == Left(NOW, 7, ())


@pytest.mark.parametrize(
    ("kind", "last_id", "last_ts", "acked", "goes_on"),
    [
        (Kind.LIQUIDATION, 0, 0, 5, True),  # it was subscribed, and nothing had come yet
        (Kind.LIQUIDATION, 0, 5, 0, True),  # its own predecessor had, and it died before the ack
        (Kind.LIQUIDATION, 0, 0, 0, False),
        (Kind.TRADE, 0, 0, 5, False),  # the first id is not known
        (Kind.TRADE, 3, 0, 0, True),
        (Kind.LIQUIDATION, BIG, 5, 5, False),
    ],
)
def test_what_comes_now_and_then_goes_on_though_it_has_no_id(
    kind: Kind, last_id: int, last_ts: int, acked: int, goes_on: bool
) -> None:
    stream = {"kind": kind, "last_id": last_id, "last_ts": last_ts, "mono_acked": acked}
    assert predecessor._has_come(stream) is goes_on


def geometry(whole: bytes, kind: SectionKind) -> dict[str, int]:
    """Where in a segment the fields of a section's row are."""
    header, row = HEADER.offsets(), SECTION.offsets()
    table = int.from_bytes(whole[header["section_table_offset"] :][:8], "little")
    at = table
    while int.from_bytes(whole[at + row["kind"] :][:4], "little") != kind:
        at += SECTION.size
    return {name: at + offset for name, offset in row.items()}


@pytest.mark.asyncio
async def test_absurd_counts_places_and_ids_neither_hang_nor_raise(
    start: Start, market: Market, run_dir: Path
) -> None:
    path = await killed(await carrying(start, market, 3), run_dir)
    whole = path.read_bytes()
    gaps, header = geometry(whole, SectionKind.GAPS), HEADER.offsets()
    streams = geometry(whole, SectionKind.STREAMS)["offset"]
    first = int.from_bytes(whole[streams : streams + 8], "little")
    for damage in (
        {gaps["offset"]: b"\xff" * 8},
        {header["section_table_offset"]: b"\xff" * 8},
        {header["section_count"]: b"\xff" * 4},
        {gaps["capacity"]: b"\xff" * 4, gaps["stride"]: bytes(4)},
        {first + STREAM.offsets()["last_id"]: b"\xff" * 8},
    ):
        damaged = bytearray(whole)
        for at, value in damage.items():
            damaged[at : at + len(value)] = value
        path.write_bytes(damaged)
        assert predecessor.read(path, INSTANCE) == {}
