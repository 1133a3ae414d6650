"""No reader ever sees half of one value and half of another, however fast the writer is."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from types import ModuleType, SimpleNamespace

import pytest

from gateway_client import plain
from gateway_client.layout import FIELDS, Kind, SectionKind
from tests.clients.support import WATCHDOG_SECONDS, Shard, running, tally

C_READS, C_VERSIONS = 10_000_000, 1_000_000
PYTHON_READS, PYTHON_VERSIONS = 1_000_000, 100_000
PACE = 200_000  # versions a second, as much as plain Python can follow
BIDS = FIELDS["book"]["bids"][0]


@pytest.fixture
def shard(shard: Shard) -> Shard:
    """With a candle, so that VALUES are read too."""
    shard.add_stream("spot:btcusdt@kline_1m", Kind.KLINE, has_value=True)
    return shard


@pytest.mark.timeout(300)  # seven seconds on an idle machine
def test_c_reader_sees_no_torn_value_at_full_speed(shard: Shard, programs: SimpleNamespace) -> None:
    with (
        running(programs.writer, shard.segment, "slots"),
        running(programs.reader, shard.segment, "slots", C_READS, C_VERSIONS) as reader,
    ):
        seen = tally(reader, seconds=280)
    print(f"C: {seen}")
    assert seen["reads"] >= C_READS
    assert seen["distinct"] >= C_VERSIONS
    assert (seen["torn"], seen["failed"], seen["backwards"]) == (0, 0, 0)


def test_without_the_second_look_at_the_version_reads_do_tear(
    shard: Shard, programs: SimpleNamespace
) -> None:
    """The control: what is tested above would show if the protocol were not kept."""
    with (
        running(programs.writer, shard.segment, "slots"),
        running(programs.reader, shard.segment, "slots", 2_000_000, 200_000, "x") as reader,
    ):
        seen = tally(reader)
    print(f"C, unprotected: {seen}")
    assert seen["torn"] > 0


def test_python_reader_sees_no_torn_value(
    shard: Shard, programs: SimpleNamespace, backend: ModuleType
) -> None:
    """The accelerator at full speed, plain Python against a paced writer."""
    pace = PACE if backend is plain else 0
    with running(programs.writer, shard.segment, "slots", 0, pace):
        segment = backend.Segment(str(shard.segment))
        reads, versions, torn = stress(segment.read)
    print(f"{backend.__name__}: {reads} reads, {versions} versions, {torn} torn")
    assert torn == 0


def test_fast_quote_call_of_plain_python_does_not_tear(
    shard: Shard, programs: SimpleNamespace
) -> None:
    """``Reader.quote`` has a copy of its own of the protocol, so it has a test of its own."""
    with running(programs.writer, shard.segment, "slots", 0, PACE):
        reader = OneRow(plain.Segment(str(shard.segment)))
        torn = 0
        for _ in range(PYTHON_READS // 4):
            data = reader.quote("").data
            torn += not is_quote_whole(data)
    assert torn == 0


def test_plain_python_without_the_second_look_tears(
    shard: Shard, programs: SimpleNamespace
) -> None:
    with running(programs.writer, shard.segment, "slots"):
        segment = plain.Segment(str(shard.segment))
        section = segment.sections[SectionKind.BOOK]
        until = time.monotonic() + WATCHDOG_SECONDS
        torn = 0
        while not torn and time.monotonic() < until:
            version = segment.words[section.offset // 8]
            at = section.offset + section.cell_offset + (version & 1) * section.cell_size
            torn += not is_book_whole(segment.memory[at : at + section.cell_size])
    assert torn


class OneRow(plain.Reader):
    """A reader that knows nothing but row 0."""

    def __init__(self, segment: plain.Segment) -> None:
        super().__init__()
        self._row = plain.Instrument(segment, 0, "", -2, -5, 0, 0)

    def _lookup(self, symbol: str) -> plain.Instrument:
        self._handles[symbol] = self._row
        return self._row

    def _recover(self, handle: plain.Instrument) -> plain.Instrument:
        return handle


def stress(read: Callable[[int, int], tuple[int, bytes]]) -> tuple[int, int, int]:
    """Read all kinds by turns until enough was seen; reads, distinct versions, torn ones."""
    reads = versions = torn = 0
    last = b""
    until = time.monotonic() + WATCHDOG_SECONDS
    while reads < PYTHON_READS or versions < PYTHON_VERSIONS:
        _, quote = read(SectionKind.QUOTE, 0)
        _, book = read(SectionKind.BOOK, 0)
        torn += not is_quote_whole(quote)
        torn += not is_book_whole(book)
        if reads % 16 == 0:
            for kind in (SectionKind.MARK_PRICE, SectionKind.VALUES):
                torn += not is_value_whole(read(kind, 0)[1])
        reads += 2
        versions += quote[:8] != last
        if reads % 64 == 0 and versions < reads // 10:
            os.sched_yield()  # where both must share a core, let the writer go on
        last = quote[:8]
        if reads % 65536 == 0:
            assert time.monotonic() < until, f"only {versions} versions in {reads} reads"
    return reads, versions, torn


def is_quote_whole(cell: bytes) -> bool:
    """Whether every word holds the same counter (see pattern.h)."""
    counter = cell[:8]
    return cell[:72] == counter * 9 and cell[96:128] == counter * 4


def is_value_whole(cell: bytes) -> bool:
    """The same for cells without levels: of MARK_PRICE and VALUES."""
    counter = cell[:8]
    return cell[:72] == counter * 9 and cell[96:] == counter * ((len(cell) - 96) // 8)


def is_book_whole(cell: bytes) -> bool:
    counter = cell[:8]
    return (
        cell[:72] == counter * 9
        and cell[96:112] == counter * 2
        and cell[BIDS - 8 :] == counter * (1 + (len(cell) - BIDS) // 8)
    )
