"""Counts of frames read from segments as the shard makes them, and from files that are none."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from gateway import segment_file
from gateway.endpoints import BINANCE, below
from gateway.layout import HEADER, PAGE, STREAM, Kind, Market, RowState, Shape
from gateway.plan import ShardPlan
from gateway.segment_file import SegmentFile
from gateway.state import StateFile
from gateway.supervisor import rate_keeper
from gateway.supervisor.rate_keeper import Known, RateKeeper, frame_counts
from gateway.supervisor.rates import Rates

AT = STREAM.offsets()


@pytest.fixture
def segment(run_dir: Path) -> Iterator[SegmentFile]:
    plan = ShardPlan(0, 1, 7, str(run_dir), [], [], [], events_ring_bytes=4096, raw_ring_bytes=4096)
    made = segment_file.create(run_dir / "shard-0.seg", plan=plan)
    made.publish()
    yield made
    made.memory.close()


def put(segment: SegmentFile, row: int, name: str, sequence: int, **more: int) -> None:
    """Write a row of STREAMS."""
    values = {"state": RowState.ACTIVE, "shape": Shape.OBJECT, "kind": Kind.TRADE} | more
    values |= {"market": Market.SPOT, "sequence": sequence}
    at = segment.sections["streams"].offset + row * STREAM.size
    segment.memory[at : at + len(name)] = name.encode()
    for field in STREAM.fields:
        if field.name in values:
            begin = at + AT[field.name]
            data = int(values[field.name]).to_bytes(field.size, "little")
            segment.memory[begin : begin + field.size] = data
    count = HEADER.offsets()["stream_count"]
    segment.memory[count : count + 4] = (row + 1).to_bytes(4, "little")


def counted(path: Path) -> tuple[int, dict[str, int]]:
    """Read a segment as a look does."""
    with frame_counts(path) as (generation, counts):
        return generation, dict(counts)


def test_streams_that_are_subscribed_are_counted(segment: SegmentFile) -> None:
    put(segment, 0, "spot:btcusdt@trade", 500)
    put(segment, 1, "spot:ethusdt@trade", 9, state=RowState.RETIRED)
    put(segment, 2, "usdm:!ticker@arr", 70, shape=Shape.ARRAY)
    put(segment, 3, "usdm:btcusdt@ticker", 70, shape=Shape.ROW)
    put(segment, 4, "spot:!ticker@arr", 70, shape=Shape.SYNTHETIC)
    put(segment, 5, "usdm:!bookTicker", 7, shape=Shape.MERGED)
    assert counted(segment.path) == (
        segment.generation,
        {"spot:btcusdt@trade": 500, "usdm:!ticker@arr": 70, "usdm:!bookTicker": 7},
    )


def test_name_comes_from_its_own_field(segment: SegmentFile) -> None:
    name = "usdm:" + "x" * 57
    put(segment, 0, name, 1)
    assert list(counted(segment.path)[1]) == [name]


@pytest.mark.parametrize("size", [0, 100, PAGE, 2 * PAGE, 3 * PAGE])
def test_file_that_is_no_segment_is_a_value_error(tmp_path: Path, size: int) -> None:
    (tmp_path / "x.seg").write_bytes(bytes(size))
    with pytest.raises(ValueError, match=r"shorter than a header|no table of streams"):
        counted(tmp_path / "x.seg")


@pytest.mark.parametrize("fill", [b"\xff", b"\x01", b"\x7f"])
def test_hostile_file_raises_nothing_else(tmp_path: Path, fill: bytes) -> None:
    (tmp_path / "x.seg").write_bytes(fill * (4 * PAGE))
    with pytest.raises(ValueError, match="no table of streams"):
        counted(tmp_path / "x.seg")


def test_missing_file_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        counted(tmp_path / "x.seg")


def test_look_takes_in_the_table_row_by_row(segment: SegmentFile) -> None:
    rows = segment.sections["streams"].capacity
    for row in range(rows):
        put(segment, row, f"spot:{'x' * 40}{row}@trade", row)
    keeper = RateKeeper(StateFile(None, "rates.json", Rates), BINANCE)
    keeper._look([segment.path])
    tracemalloc.start()
    try:
        keeper._look([segment.path])  # too soon for a rate: nothing new is kept
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 100 * rows


@pytest.mark.asyncio
async def test_measured_rates_are_there_for_the_next_start(
    segment: SegmentFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([100.0, 150.0])
    monkeypatch.setattr(rate_keeper, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    file = StateFile(tmp_path, "rates.json", Rates)
    keeper = RateKeeper(file, below("ws://127.0.0.1:4711", ""))
    assert await keeper.known() == Known()
    put(segment, 0, "spot:btcusdt@trade", 500)
    await keeper.write([segment.path, tmp_path / "gone.seg"], {})
    put(segment, 0, "spot:btcusdt@trade", 700)
    await keeper.write([segment.path], {"spot:BTCUSDT": 3})
    monkeypatch.undo()
    again = RateKeeper(StateFile(tmp_path, "rates.json", Rates), below("ws://127.0.0.1:9999", ""))
    assert await again.known() == Known({"spot:btcusdt@trade": 4.0}, {"spot:BTCUSDT": 3})
    assert await RateKeeper(file, BINANCE).known() == Known()


@pytest.mark.asyncio
async def test_first_rates_are_written_soon_and_the_rest_every_five_minutes(
    segment: SegmentFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept, writes = [0.0], []

    async def sleep(seconds: float) -> None:
        slept[0] += seconds

    async def write(*_: object) -> None:
        writes.append(slept[0])
        if len(writes) == 3:
            raise asyncio.CancelledError

    keeper = RateKeeper(StateFile(None, "rates.json", Rates), BINANCE)
    monkeypatch.setattr(asyncio, "sleep", sleep)
    monkeypatch.setattr(keeper, "write", write)
    with pytest.raises(asyncio.CancelledError):
        await keeper.run(lambda: [segment.path], dict)
    assert writes == [65.0, 365.0, 665.0]
