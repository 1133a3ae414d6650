"""Gaps in candles: the final state of each interval must be seen, or it is missing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway import layout
from gateway.core.engine import Notice, NoticeCode
from gateway.layout import Flag, GapState, Kind, SectionKind
from tests.core.gap_rig import MINUTE, START, GapRig, candle, candle_of
from tests.model.ring import unpack

NAME = "kline_1m"


@pytest.fixture
def rig() -> Iterator[GapRig]:
    with GapRig() as made:
        made.stream(NAME, Kind.KLINE)
        yield made


def give(rig: GapRig, *candles: bytes) -> None:
    for payload in candles:
        rig.give(rig.a, NAME, payload)


def shown(rig: GapRig) -> Any:
    cell = rig.segment.slot(SectionKind.VALUES, 0)
    return None if cell is None else unpack(layout.KLINE, cell)


def open_of(minute: int) -> int:
    return START + minute * MINUTE


def gaps(rig: GapRig) -> list[tuple[int, int]]:
    return [(a, b) for _, a, b in rig.gap_notices()]


def test_candles_that_end_and_follow_one_another_miss_nothing(rig: GapRig) -> None:
    for minute in range(4):
        give(rig, candle(minute), candle(minute, closed=True))
    assert gaps(rig) == []
    assert rig.engine.gap_of(1) is None


def test_a_candle_whose_end_was_not_seen_is_missing(rig: GapRig) -> None:
    give(rig, candle(0), candle(1))
    assert gaps(rig) == [(open_of(0), open_of(0))]
    gap = rig.slot_of(1)
    assert (gap.missing, gap.subject, gap.gap_state) == (1, Kind.KLINE, GapState.OPEN)
    assert (gap.ts_before, gap.ts_after) == ((START + 1) * 10**6, (START + MINUTE + 1) * 10**6)
    ids = [r.meta.update_id for r in rig.look()]
    assert ids == [open_of(0), open_of(1), open_of(1)]  # the GAP names what came instead


@pytest.mark.parametrize("ended", [False, True])
def test_candles_that_never_came_are_missing(rig: GapRig, ended: bool) -> None:
    give(rig, candle(0, closed=ended), candle(4))
    first = 1 if ended else 0
    assert gaps(rig) == [(open_of(first), open_of(3))]
    assert rig.slot_of(1).missing == 4 - first


def test_the_first_candle_says_nothing_of_those_before(rig: GapRig) -> None:
    give(rig, candle(7, closed=True), candle(8))
    assert gaps(rig) == []


def test_candles_that_are_fetched_in_any_order_fill_the_gap(rig: GapRig) -> None:
    give(rig, candle(0, closed=True), candle(5))
    before = shown(rig)
    rig.look()
    for minute in (3, 1, 4, 2):
        assert rig.fill(NAME, candle(minute, closed=True, timed=minute % 2 == 0)) == "OK"
        assert rig.fill(NAME, candle(minute, closed=True)) == "DUPLICATE"
    records = rig.look()
    assert [r.meta.update_id for r in records[:-1]] == [open_of(m) for m in (3, 1, 4, 2)]
    flags = Flag.BACKFILLED | Flag.CLOSED
    assert all(r.meta.flags & flags == flags for r in records[:-1])
    assert records[-1].meta.kind == Kind.GAP_CLOSED
    assert rig.gap(1).state is GapState.FILLED
    assert shown(rig) == before  # an older candle never replaces a newer one


def test_a_candle_that_is_not_final_brings_nothing_back(rig: GapRig) -> None:
    give(rig, candle(0), candle(1))
    assert rig.fill(NAME, candle(0)) == "UNWANTED"
    assert rig.fill(NAME, candle(2, closed=True)) == "UNWANTED"  # the stream is going to bring it
    assert rig.gap(1).recovered == 0


def test_an_end_that_comes_late_is_told_and_fills_the_gap(rig: GapRig) -> None:
    give(rig, candle(0), candle(1), candle(0, closed=True, at=MINUTE))
    assert rig.gap(1).state is GapState.FILLED
    last = [r for r in rig.look() if r.meta.kind == Kind.KLINE][-1]
    assert last.meta.flags & (Flag.CLOSED | Flag.DUPLICATE) == Flag.CLOSED
    assert shown(rig).open_time == open_of(1) * 10**6


def test_an_older_candle_said_later_does_not_replace_the_newer_one(rig: GapRig) -> None:
    give(rig, candle(0), candle(1), candle(0, closed=True, at=MINUTE + 50))
    assert shown(rig).open_time == open_of(1) * 10**6
    give(rig, candle(1, closed=True), candle(2))
    assert len(gaps(rig)) == 1


@pytest.mark.parametrize(
    ("at", "closed", "answer"),
    [(MINUTE - 5, True, "OK"), (0, True, "DUPLICATE"), (MINUTE - 5, False, "UNWANTED")],
)
def test_the_shown_candle_is_corrected_by_what_was_said_later(
    rig: GapRig, at: int, closed: bool, answer: str
) -> None:
    give(rig, candle(0, at=100))
    better = candle(0, closed=closed, at=at).replace(b'"n":3', b'"n":4')
    assert rig.fill(NAME, better) == answer
    assert shown(rig).trade_count == (4 if answer == "OK" else 3)
    give(rig, candle(1))
    assert len(gaps(rig)) == (answer != "OK")  # its end is known then


def test_a_candle_without_a_time_corrects_nothing(rig: GapRig) -> None:
    give(rig, candle(0))
    assert rig.fill(NAME, candle(0, closed=True, timed=False)) == "DUPLICATE"


def month(number: int) -> int:
    year, at = divmod(number, 12)
    return int(datetime(2026 + year, 1 + at, 1, tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(("last", "following"), [(0, 3), (1, 2), (1, 9), (11, 14), (13, 16)])
def test_months_are_counted_though_they_differ_in_length(last: int, following: int) -> None:
    def monthly(number: int) -> bytes:
        return candle_of(month(number), month(number + 1) - 1, month(number + 1), True)

    with GapRig() as rig:
        rig.stream("kline_1M", Kind.KLINE)
        for number in (last, following):
            rig.give(rig.a, "kline_1M", monthly(number))
        wanted = list(range(last + 1, following))
        assert rig.segment.counters().gaps == (1 if wanted else 0)
        if wanted:
            assert rig.slot_of(1).missing == len(wanted)
            assert rig.slot_of(1).first_id == month(wanted[0])
        for number in reversed(wanted):
            assert rig.engine.back_fill(0, monthly(number)) == "OK"
        assert rig.segment.counters().gaps_filled == (1 if wanted else 0)


def test_a_long_outage_of_short_candles_is_one_gap_that_can_be_filled(rig: GapRig) -> None:
    give(rig, candle(0, closed=True), candle(9000))
    assert rig.slot_of(1).missing == 8999
    for minute in range(1, 9000):
        assert rig.fill(NAME, candle(minute, closed=True)) == "OK"
    assert rig.gap(1).state is GapState.FILLED


def test_gaps_of_several_streams_stand_apart(rig: GapRig) -> None:
    other = rig.stream("kline_5m", Kind.KLINE)
    give(rig, candle(0), candle(1))
    rig.give(rig.a, "kline_5m", candle(0))
    rig.give(rig.a, "kline_5m", candle(2))
    found: list[Notice] = rig.notices(NoticeCode.GAP)
    assert [(n.number, n.row) for n in found] == [(1, rig.rows[NAME]), (2, other)]
    assert rig.fill(NAME, candle(0, closed=True)) == "OK"
    assert rig.gap(1).state is GapState.FILLED
    assert rig.gap(2).state is GapState.OPEN
    rig.check_counters()
