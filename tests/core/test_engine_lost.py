"""Gaps of what is not fetched: chains of diffs are healed with their book, some events are lost."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.core.engine import NO_ROW
from gateway.layout import NULL, STATE, GapState, Kind, Market, Shape, Status
from tests.core.gap_rig import GapRig
from tests.core.paired import trade
from tests.core.rig import diff_frame, snapshot_body
from tests.model.sequencing import Diff, Snapshot


@pytest.mark.parametrize("market", [Market.SPOT, Market.USDM])
def test_a_chain_of_diffs_is_healed_with_its_book(market: Market) -> None:
    futures = market is not Market.SPOT
    with GapRig(market) as rig:
        rig.stream("depth")

        def diff(first: int, last: int, prev: int) -> None:
            event = Diff(first, last, prev, ((90, last),))
            frame = diff_frame("btcusdt@depth", "BTCUSDT", event, futures)
            rig.engine.frame(rig.a, frame, rig.now)

        def snapshot(last: int) -> None:
            body = snapshot_body(Snapshot(last, ((90, 5),), ((110, 5),)))
            rig.engine.snapshot(rig.symbol, body)

        diff(10, 11, 9)
        snapshot(10)
        diff(12, 13, 11)
        diff(17, 18, 16)
        found = rig.gap(1)
        assert (found.first_id, found.last_id) == (14, 16)
        assert (found.missing, found.state) == (0 if futures else 3, GapState.OPEN)
        assert found.subject == Kind.DIFF
        assert rig.engine.back_fill(rig.rows["depth"], b"{}") == "UNWANTED"
        snapshot(18)
        diff(19, 20, 18)
        kinds = [(Kind(r.meta.kind), r.meta.status) for r in rig.events.read()]
        healed = kinds.index((Kind.GAP_CLOSED, Status.LIVE))
        assert kinds[healed - 1] == (Kind.STATE, Status.LIVE)
        assert (Kind.DIFF, Status.LIVE) in kinds[healed:]
        assert rig.gap(1).state is GapState.HEALED
        assert rig.segment.counters().gaps_healed == 1
        row: Any = rig.stream_row("depth")
        assert (row.last_id, row.last_ts) == (20, 1795345200123 * 10**6)
        rig.check_counters()


def liquidation(number: int) -> bytes:
    return (
        b'{"e":"forceOrder","E":%d,"o":{"s":"BTCUSDT","S":"SELL","o":"LIMIT","f":"IOC","q":"1",'
        b'"p":"1.00","ap":"1.00","X":"FILLED","l":"1","z":"1","T":%d}}'
        % (1795345200000 + number, 1795345200000 + number)
    )


def outage(rig: GapRig) -> None:
    rig.engine.link_down(rig.a)
    rig.engine.link_up(rig.a)


def acked(rig: GapRig, link: int) -> None:
    rig.engine.acked(link, rig.rows.values())


def test_what_has_no_ids_may_be_lost_while_no_link_was_up() -> None:
    with GapRig(Market.USDM) as rig:
        rig.stream("forceOrder", Kind.LIQUIDATION)
        outage(rig)  # nothing had come before: nothing is known to be missing
        rig.give(rig.a, "forceOrder", liquidation(1))
        rig.give(rig.a, "forceOrder", liquidation(2))
        outage(rig)
        rig.give(rig.a, "forceOrder", liquidation(9))
        rig.give(rig.a, "forceOrder", liquidation(10))
        assert rig.told() == [(0,), (0,), ("GAP", 1, "LOST"), (0,), (0,)]
        assert rig.gap_notices() == [(1, 0, 0)]
        gap = rig.slot_of(1)
        assert (gap.first_id, gap.last_id, gap.missing) == (0, 0, 0)
        assert (gap.ts_before, gap.ts_after) == (1795345200002 * 10**6, 1795345200009 * 10**6)
        assert gap.closed_real == gap.opened_real
        rig.check_counters()


def test_what_may_be_lost_is_told_as_soon_as_the_stream_is_subscribed_again() -> None:
    with GapRig(Market.USDM) as rig:
        rig.stream("forceOrder", Kind.LIQUIDATION)
        acked(rig, rig.a)
        rig.give(rig.a, "forceOrder", liquidation(1))
        rig.look()
        outage(rig)
        assert rig.told() == []
        acked(rig, rig.a)
        [record] = rig.look()
        state = record.fields(STATE)
        assert (record.meta.kind, state.gap_number, state.gap_state) == (
            Kind.GAP, 1, GapState.LOST,
        )  # fmt: skip
        assert (state.missing, state.received_id, record.meta.update_id) == (0, 0, 0)
        assert (state.ts_before, state.ts_after) == (1795345200001 * 10**6, NULL)
        gap = rig.slot_of(1)
        assert (gap.first_id, gap.last_id, gap.ts_after) == (0, 0, NULL)
        assert gap.closed_real == gap.opened_real
        assert rig.gap_notices() == [(1, 0, 0)]
        rig.give(rig.a, "forceOrder", liquidation(9))
        acked(rig, rig.a)
        assert rig.told() == [(0,)], "it is told once"
        rig.check_counters()


def test_the_first_subscription_misses_nothing_and_one_without_an_event_may_have() -> None:
    with GapRig(Market.USDM) as rig:
        rig.stream("forceOrder", Kind.LIQUIDATION)
        outage(rig)
        acked(rig, rig.a)
        assert rig.told() == []
        outage(rig)
        outage(rig)
        acked(rig, rig.a)
        assert rig.told() == [("GAP", 1, "LOST")], "once, however often it was tried"
        assert rig.slot_of(1).ts_before == NULL


def test_a_stream_that_was_left_and_comes_back_has_missed_nothing() -> None:
    with GapRig(Market.USDM) as rig:
        row = rig.stream("forceOrder", Kind.LIQUIDATION)
        acked(rig, rig.a)
        rig.give(rig.a, "forceOrder", liquidation(1))
        rig.look()
        outage(rig)
        rig.engine.remove_stream(row)
        assert rig.stream("forceOrder", Kind.LIQUIDATION) == row
        acked(rig, rig.a)
        assert rig.told() == []


@pytest.mark.parametrize(
    ("heard", "gaps"),
    [
        (1, []),  # it was alive after the other one was subscribed
        (-1, [("GAP", 1, "LOST")]),  # it had died before that, unnoticed
        (None, []),
    ],
)
def test_a_link_is_relieved_without_loss_where_the_two_overlap(
    heard: int | None, gaps: list[Any]
) -> None:
    with GapRig(Market.USDM) as rig:
        rig.stream("forceOrder", Kind.LIQUIDATION)
        acked(rig, rig.a)
        rig.bring_up_b()
        subscribed = rig.stream_row("forceOrder").mono_acked
        rig.engine.link_down(rig.a, True, None if heard is None else subscribed + heard)
        assert rig.told() == gaps
        rig.give(rig.b, "forceOrder", liquidation(3))
        assert rig.told() == [(0,)]


def test_a_link_that_was_not_subscribed_yet_carries_nothing_for_the_other_one() -> None:
    with GapRig(Market.USDM) as rig:
        rig.stream("forceOrder", Kind.LIQUIDATION)
        acked(rig, rig.a)
        rig.engine.link_up(rig.b)
        rig.engine.link_down(rig.a)
        assert rig.told() == []
        acked(rig, rig.b)
        assert rig.told() == [("GAP", 1, "LOST")]
        rig.engine.link_up(rig.a)
        acked(rig, rig.a)
        rig.engine.link_down(rig.b)
        assert rig.told() == []


def test_a_link_that_comes_and_goes_unsubscribed_takes_nothing_with_it() -> None:
    with GapRig(Market.USDM) as rig:
        rig.stream("forceOrder", Kind.LIQUIDATION)
        acked(rig, rig.a)
        for _ in range(2):
            rig.engine.link_up(rig.b)
            rig.engine.link_down(rig.b, True, 0)
        assert rig.told() == []


def test_a_link_that_stays_up_loses_nothing() -> None:
    with GapRig(Market.USDM) as rig:
        rig.stream("forceOrder", Kind.LIQUIDATION)
        rig.give(rig.a, "forceOrder", liquidation(1))
        rig.bring_up_b()
        outage(rig)
        rig.give(rig.a, "forceOrder", liquidation(2))
        assert rig.segment.counters().gaps == 0


def test_a_stream_of_the_whole_market_loses_once_not_once_a_symbol() -> None:
    with GapRig(Market.USDM) as rig:
        parent = rig.whole_market("!forceOrder@arr", Kind.LIQUIDATION, Shape.MERGED)
        rig.engine.add_row(parent, rig.symbol, "usdm:btcusdt@forceOrder")
        rig.give(rig.a, "!forceOrder@arr", liquidation(1))
        outage(rig)
        rig.engine.acked(rig.a, [parent])
        rig.give(rig.a, "!forceOrder@arr", liquidation(8))
        rig.give(rig.a, "!forceOrder@arr", liquidation(9))
        assert rig.segment.counters().gaps == 1
        gap = rig.slot_of(1)
        assert (gap.stream, gap.symbol, gap.gap_state) == (parent, NO_ROW, GapState.LOST)
        assert (gap.ts_before, gap.ts_after) == (1795345200001 * 10**6, NULL)


@pytest.mark.parametrize(("following", "gaps"), [(8, []), (12, [(1, 8, 11)])])
def test_block_trades_say_by_id_what_was_lost(following: int, gaps: list[Any]) -> None:
    with GapRig() as rig:
        rig.stream("blockTrade", Kind.BLOCK_TRADE)

        def block(number: int) -> bytes:
            return trade(number).replace(b'"trade"', b'"blockTrade"').replace(b',"M":true', b"")

        rig.give(rig.a, "blockTrade", block(7))
        outage(rig)
        acked(rig, rig.a)
        rig.give(rig.a, "blockTrade", block(following))
        rig.give(rig.a, "blockTrade", block(following + 5))  # ids may have holes
        assert rig.gap_notices() == gaps
        assert rig.segment.counters().gaps_lost == len(gaps)


def test_block_trades_that_never_came_cannot_say_by_id_what_was_lost() -> None:
    with GapRig() as rig:
        rig.stream("blockTrade", Kind.BLOCK_TRADE)
        acked(rig, rig.a)
        outage(rig)
        acked(rig, rig.a)
        assert rig.gap_notices() == [(1, 0, 0)]
