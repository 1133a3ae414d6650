"""A stream goes on where the process before it was: what came meanwhile is a gap like any other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gateway.layout import NULL, GapState, Kind
from tests.core.gap_rig import MINUTE, START, GapRig, candle
from tests.core.paired import trade


@pytest.fixture
def rig() -> Iterator[GapRig]:
    with GapRig() as made:
        made.stream("trade")
        made.stream("kline_1m", Kind.KLINE)
        made.stream("forceOrder", Kind.LIQUIDATION)
        yield made


def give(rig: GapRig, *numbers: int) -> None:
    for number in numbers:
        rig.give(rig.a, "trade", trade(number))


def test_ids_between_the_last_of_the_old_process_and_the_first_here_are_missing(
    rig: GapRig,
) -> None:
    rig.engine.inherit(rig.rows["trade"], 10, START * 10**6)
    give(rig, 14)
    assert rig.told() == [("GAP", 1, "OPEN"), (14,)]
    assert rig.gap_notices() == [(1, 11, 13)]
    assert rig.gap(1).ts_before == START * 10**6
    assert [rig.fill("trade", trade(number)) for number in (11, 12, 13)] == ["OK"] * 3
    assert rig.gap(1).state is GapState.FILLED
    rig.check_counters()


def test_nothing_is_missing_where_the_stream_goes_on(rig: GapRig) -> None:
    rig.engine.inherit(rig.rows["trade"], 10, 0)
    give(rig, 11, 12)
    assert rig.told() == [(11,), (12,)]


def test_the_last_of_the_old_process_may_come_once_more_and_replaces_nothing(rig: GapRig) -> None:
    rig.engine.inherit(rig.rows["trade"], 10, 0)
    give(rig, 10, 11)
    assert rig.told() == [(10, "D"), (11,)]
    assert rig.segment.counters().gaps == 0


def test_ids_that_began_anew_meanwhile_are_no_hole(rig: GapRig) -> None:
    rig.engine.inherit(rig.rows["trade"], 10**6, START * 10**6)
    give(rig, 3, 4)
    assert rig.told() == [(3,), (4,)]
    assert rig.segment.counters().gaps == 0


def test_a_gap_that_was_open_is_open_again(rig: GapRig) -> None:
    rig.engine.inherit(rig.rows["trade"], 10, 0, [(4, 5, NULL), (8, 8, NULL)])
    give(rig, 11)
    assert rig.told() == [("GAP", 1, "OPEN"), ("GAP", 2, "OPEN"), (11,)]
    assert [rig.fill("trade", trade(number)) for number in (4, 5, 8)] == ["OK"] * 3
    assert [rig.gap(number).state for number in (1, 2)] == [GapState.FILLED] * 2
    rig.check_counters()


def test_the_last_candle_may_not_have_been_whole_and_is_asked_for_too(rig: GapRig) -> None:
    rig.engine.inherit(rig.rows["kline_1m"], START, START * 10**6)
    rig.give(rig.a, "kline_1m", candle(3))
    assert rig.gap_notices() == [(1, START, START + 2 * MINUTE)]
    assert rig.gap(1).missing == 3
    assert rig.fill("kline_1m", candle(0, closed=True)) == "OK"
    rig.check_counters()


def test_the_same_candle_goes_on(rig: GapRig) -> None:
    rig.engine.inherit(rig.rows["kline_1m"], START, START * 10**6)
    rig.give(rig.a, "kline_1m", candle(0))
    assert rig.told() == [(START,)]


def test_an_interrupted_stream_of_events_may_have_lost_some(rig: GapRig) -> None:
    rig.engine.inherit(rig.rows["forceOrder"], 7, START * 10**6)
    order = (
        b'{"e":"forceOrder","E":%d,"o":{"s":"BTCUSDT","S":"SELL","o":"LIMIT","f":"IOC","q":"1",'
        b'"p":"1.00","ap":"1.00","X":"FILLED","l":"1","z":"1","T":%d}}' % (START + 1, START)
    )
    rig.give(rig.a, "forceOrder", order)
    assert rig.told()[0] == ("GAP", 1, "LOST")
    assert rig.gap(1).ts_before == START * 10**6


def test_it_is_told_with_the_subscription_and_also_where_nothing_had_come(rig: GapRig) -> None:
    rig.stream("contractInfo", Kind.CONTRACT_INFO)
    rig.engine.inherit(rig.rows["forceOrder"], 0, 0)
    rig.engine.acked(rig.a, rig.rows.values())
    assert rig.gap_notices() == [(1, 0, 0)]
    assert rig.slot_of(1).stream == rig.rows["forceOrder"]
    assert rig.slot_of(1).ts_before == NULL


def test_a_stream_that_has_begun_inherits_nothing(rig: GapRig) -> None:
    give(rig, 20)
    rig.engine.inherit(rig.rows["trade"], 10, 0)
    give(rig, 21)
    assert rig.told() == [(20,), (21,)]


@pytest.mark.parametrize("gap", [(0, 3, NULL), (9, 8, NULL)])
def test_a_gap_that_makes_no_sense_is_not_taken_up(rig: GapRig, gap: tuple[int, int, int]) -> None:
    rig.engine.inherit(rig.rows["trade"], 10, 0, [gap])
    assert rig.segment.counters().gaps == 0
