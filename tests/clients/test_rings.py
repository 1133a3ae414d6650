"""A reader that is overtaken loses records, knows how many, and never takes a torn one."""

from __future__ import annotations

import time
from types import ModuleType, SimpleNamespace

import pytest

from gateway_client.layout import Kind, SectionKind
from tests.clients.support import WATCHDOG_SECONDS, Shard, running, tally

RECORDS = 2_000_000
EVENTS = SectionKind.EVENTS


@pytest.fixture
def small_ring(shard: Shard) -> Shard:
    """4 KiB: the writer comes round every twenty records."""
    shard.ring = 4096
    return shard.start()


def test_c_reader_counts_every_lost_record_and_takes_no_torn_one(
    shard: Shard, programs: SimpleNamespace
) -> None:
    shard.ring = 32768
    shard.start()
    with (
        running(programs.reader, shard.segment, "ring", RECORDS) as reader,
        running(programs.writer, shard.segment, "ring", RECORDS),
    ):
        seen = tally(reader)
    print(f"C ring: {seen}")
    assert seen["reads"] + seen["lost"] == RECORDS
    assert seen["laps"] > 0
    assert seen["reads"] > 1000
    assert (seen["torn"], seen["failed"]) == (0, 0)


def test_python_reader_counts_every_lost_record_and_takes_no_torn_one(
    small_ring: Shard, programs: SimpleNamespace, backend: ModuleType
) -> None:
    records = 300_000
    ring = backend.Segment(str(small_ring.segment)).ring(EVENTS)
    until = time.monotonic() + WATCHDOG_SECONDS
    read = 0
    with running(programs.writer, small_ring.segment, "ring", records, 300_000):
        while ring.number < records:
            record = ring.next()
            assert time.monotonic() < until
            if record is not None:
                read += 1
                assert is_whole(record, ring.number, ring.position)
    print(f"{backend.__name__} ring: {read} read, {ring.lost} lost in {ring.laps} laps")
    assert read + ring.lost == records
    assert ring.laps > 0


def test_reader_that_keeps_up_loses_nothing(
    shard: Shard, programs: SimpleNamespace, backend: ModuleType
) -> None:
    ring = backend.Segment(str(shard.segment)).ring(EVENTS)
    with running(programs.writer, shard.segment, "ring", 64) as writer:
        writer.wait(WATCHDOG_SECONDS)
    numbers = []
    while ring.next() is not None:
        numbers.append(ring.number)
    assert numbers == list(range(1, 65))
    assert (ring.lost, ring.laps) == (0, 0)


def test_late_reader_starts_at_the_oldest_record_that_is_safe(
    small_ring: Shard, programs: SimpleNamespace, backend: ModuleType
) -> None:
    with running(programs.writer, small_ring.segment, "ring", 500) as writer:
        writer.wait(WATCHDOG_SECONDS)
    ring = backend.Segment(str(small_ring.segment)).ring(EVENTS)
    assert ring.next() is None, "starts at the tail"
    ring.start_at_oldest()
    first = ring.number + 1
    numbers = []
    while (record := ring.next()) is not None:
        assert is_whole(record, ring.number, ring.position)
        numbers.append(ring.number)
    assert numbers == list(range(first, 501))
    assert len(numbers) > 5


def test_reader_at_the_tail_knows_the_number_it_stands_behind(
    small_ring: Shard, programs: SimpleNamespace, backend: ModuleType
) -> None:
    with running(programs.writer, small_ring.segment, "ring", 77) as writer:
        writer.wait(WATCHDOG_SECONDS)
    ring = backend.Segment(str(small_ring.segment)).ring(EVENTS)
    assert ring.number == 77


def test_lap_is_counted_at_once_where_the_writer_is_at_rest(
    small_ring: Shard, programs: SimpleNamespace, backend: ModuleType
) -> None:
    ring = backend.Segment(str(small_ring.segment)).ring(EVENTS)
    with running(programs.writer, small_ring.segment, "ring", 500) as writer:
        writer.wait(WATCHDOG_SECONDS)
    assert ring.next() is None
    assert (ring.lost, ring.laps, ring.number) == (500, 1, 500)


def test_filter_takes_one_instrument(
    shard: Shard, programs: SimpleNamespace, backend: ModuleType
) -> None:
    with running(programs.writer, shard.segment, "ring", 10) as writer:
        writer.wait(WATCHDOG_SECONDS)
    ring = backend.Segment(str(shard.segment)).ring(EVENTS)
    ring.start_at_oldest()
    assert ring.next(symbol_row=1) is None
    assert ring.number == 10
    ring.start_at_oldest()
    assert ring.next(symbol_row=0) is not None


def test_sleeping_reader_is_woken_by_the_bell(
    shard: Shard, programs: SimpleNamespace, backend: ModuleType
) -> None:
    segment = backend.Segment(str(shard.segment))
    ring, seen = segment.ring(EVENTS), segment.bell()
    with running(programs.writer, shard.segment, "ring", 64):
        segment.wait(seen, int(WATCHDOG_SECONDS * 1e9))
        assert segment.bell() != seen
        assert ring.next() is not None


def is_whole(record: bytes, number: int, end: int) -> bool:
    """Whether all words belong together (see pattern.h)."""
    counter = number.to_bytes(8, "little")
    return (
        record[:64] == counter * 8
        and record[64:72] == (end - len(record)).to_bytes(8, "little")
        and record[88] == Kind.TRADE
        and record[96:] == counter * ((len(record) - 96) // 8)
    )
