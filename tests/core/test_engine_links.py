"""Two links of one connection: each event reaches a reader once, in order, whoever brings it."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.engine import NoticeCode
from gateway.layout import (
    CONNECTION,
    META,
    Flag,
    Kind,
    Market,
    Reason,
    RowState,
    SectionKind,
    Status,
)
from tests.core.paired import Paired, ids, quote, trade
from tests.core.rig import diff_frame, snapshot_body
from tests.model.ring import levels_of_slot, unpack
from tests.model.sequencing import Diff, Snapshot


def raw_flags(rig: Paired) -> list[Flag]:
    skipped = Flag.FIRST | Flag.LAST
    return [Flag(record.meta.flags) & ~skipped for record in rig.raw.read()]


def status_of(rig: Paired, kind: SectionKind) -> int:
    cell = rig.segment.slot(kind, rig.symbol)
    assert cell is not None
    status: int = unpack(META, cell).status
    return status


def test_an_event_of_both_links_is_told_once_and_kept_twice() -> None:
    with Paired() as rig:
        rig.stream("trade")
        rig.give(rig.a, "trade", trade(1))
        rig.bring_up_b()
        for number in (2, 3):
            rig.give(rig.a, "trade", trade(number))
            rig.give(rig.b, "trade", trade(number))
        assert ids(rig.records(Kind.TRADE)) == [1, 2, 3]
        flags = raw_flags(rig)
        assert flags == [Flag(0), Flag(0), Flag.DUPLICATE, Flag(0), Flag.DUPLICATE]
        counters = rig.segment.counters()
        assert (counters.frames_received, counters.frames_data) == (5, 3)
        assert (counters.frames_duplicate, counters.gaps) == (2, 0)


def test_numbers_of_a_stream_have_no_holes_where_duplicates_were_left_out() -> None:
    with Paired() as rig:
        rig.stream("trade")
        rig.give(rig.a, "trade", trade(1))
        rig.bring_up_b()
        rig.give(rig.b, "trade", trade(1))
        for number in range(2, 6):
            rig.give(rig.b, "trade", trade(number))
            rig.give(rig.a, "trade", trade(number))
        assert [r.meta.sequence for r in rig.records(Kind.TRADE)] == [1, 2, 3, 4, 5]
        assert [r.meta.sequence for r in rig.raw.read() if r.meta.sequence] == [1, 2, 3, 4, 5]


def test_a_link_that_is_ahead_waits_for_the_one_that_carries_the_stream() -> None:
    with Paired() as rig:
        rig.stream("trade")
        rig.give(rig.a, "trade", trade(1))
        rig.bring_up_b()
        rig.give(rig.b, "trade", trade(5))  # a has 2, 3, 4 still on the way
        assert rig.engine.awaited(rig.b) == [rig.rows["trade"]]
        for number in (2, 3, 4, 5, 6):
            rig.give(rig.a, "trade", trade(number))
        rig.give(rig.b, "trade", trade(6))
        rig.give(rig.b, "trade", trade(7))
        assert ids(rig.records(Kind.TRADE)) == [1, 2, 3, 4, 5, 6, 7]
        assert rig.engine.awaited(rig.b) == []
        counters = rig.segment.counters()
        assert (counters.frames_early, counters.frames_duplicate, counters.gaps) == (1, 1, 0)


def test_a_hole_that_the_other_link_does_not_fill_is_a_gap() -> None:
    with Paired() as rig:
        rig.stream("trade")
        rig.give(rig.a, "trade", trade(1))
        rig.bring_up_b()
        rig.give(rig.b, "trade", trade(2))
        rig.give(rig.b, "trade", trade(4))
        rig.wait(0.6)
        rig.give(rig.b, "trade", trade(5))
        assert ids(rig.records(Kind.TRADE)) == [1, 2, 5]
        assert rig.segment.counters().gaps == 1


def test_losing_one_of_two_links_that_carry_a_stream_changes_nothing() -> None:
    with Paired() as rig:
        rig.stream("trade")
        rig.stream("bookTicker")
        rig.give(rig.a, "trade", trade(1))
        rig.give(rig.a, "bookTicker", quote(10))
        rig.bring_up_b()
        rig.give(rig.b, "trade", trade(1))
        rig.give(rig.b, "bookTicker", quote(10))
        rig.engine.link_down(rig.a)
        assert status_of(rig, SectionKind.LAST_TRADE) == Status.LIVE
        assert status_of(rig, SectionKind.QUOTE) == Status.LIVE
        rig.give(rig.b, "trade", trade(2))
        assert ids(rig.records(Kind.TRADE)) == [1, 2]
        rig.engine.link_down(rig.b)
        assert status_of(rig, SectionKind.LAST_TRADE) == Status.DOWN


def test_a_stream_that_the_other_link_has_not_brought_is_lost_with_its_only_one() -> None:
    with Paired() as rig:
        rig.stream("trade")
        rig.stream("bookTicker")
        rig.give(rig.a, "trade", trade(1))
        rig.give(rig.a, "bookTicker", quote(10))
        rig.bring_up_b()
        rig.give(rig.b, "trade", trade(1))
        rig.engine.link_down(rig.a)
        assert status_of(rig, SectionKind.LAST_TRADE) == Status.LIVE
        assert status_of(rig, SectionKind.QUOTE) == Status.SYNCING


def test_a_link_that_does_not_bring_what_the_other_one_does_is_starved() -> None:
    with Paired() as rig:
        row = rig.stream("trade")
        quiet = rig.stream("bookTicker")
        rig.give(rig.a, "trade", trade(1))
        rig.give(rig.a, "bookTicker", quote(1))
        rig.bring_up_b()
        rig.wait(2)
        rig.give(rig.a, "trade", trade(2))
        rig.wait(2)
        assert rig.engine.awaited(rig.b) == [row, quiet]
        assert rig.engine.starved(rig.b) == [row]
        rig.engine.link_down(rig.a)
        assert status_of(rig, SectionKind.LAST_TRADE) == Status.SYNCING


def test_a_restarted_link_repeats_nothing() -> None:
    with Paired() as rig:
        rig.stream("trade")
        rig.bring_up_b()
        for number in range(1, 4):
            rig.give(rig.a, "trade", trade(number))
            rig.give(rig.b, "trade", trade(number))
        rig.engine.link_down(rig.b)
        rig.engine.link_up(rig.b)
        rig.give(rig.a, "trade", trade(4))
        rig.give(rig.b, "trade", trade(4))
        rig.give(rig.b, "trade", trade(5))
        assert ids(rig.records(Kind.TRADE)) == [1, 2, 3, 4, 5]


def test_ids_that_restart_lower_on_a_single_link_are_taken() -> None:
    with Paired() as rig:
        rig.stream("trade")
        rig.give(rig.a, "trade", trade(1000))
        rig.engine.link_down(rig.a)
        rig.engine.link_up(rig.a)
        rig.give(rig.a, "trade", trade(7))
        rig.give(rig.a, "trade", trade(8))
        assert ids(rig.records(Kind.TRADE)) == [1000, 7, 8]
        assert status_of(rig, SectionKind.LAST_TRADE) == Status.LIVE


def test_a_link_closed_on_purpose_is_idle_and_not_down() -> None:
    with Paired() as rig:
        rig.stream("trade")
        rig.bring_up_b()
        rig.engine.link_down(rig.a, idle=True)
        rig.engine.link_down(rig.b)
        first, second = rig.segment.rows(SectionKind.CONNECTIONS, CONNECTION, 2)
        assert (first.state, second.state) == (RowState.IDLE, RowState.DOWN)
        assert (first.peer, second.peer) == (rig.b, rig.a)


def ticker(ms: int, last: str = "1.00") -> bytes:
    return (
        b'{"e":"24hrTicker","E":%d,"s":"BTCUSDT","p":"0.00","P":"0","w":"1","c":"%s","Q":"1",'
        b'"o":"1.00","h":"1.00","l":"1.00","v":"1","q":"1","O":1,"C":2,"F":1,"L":1,"n":1}'
        % (1795345200000 + ms, last.encode())
    )


def test_an_event_without_an_id_is_known_by_its_time_and_its_bytes() -> None:
    with Paired() as rig:
        rig.stream("ticker")
        rig.give(rig.a, "ticker", ticker(1))
        rig.bring_up_b()
        rig.give(rig.b, "ticker", ticker(1))  # the same
        rig.give(rig.b, "ticker", ticker(1, "2.00"))  # of the same moment, but another
        rig.give(rig.a, "ticker", ticker(1, "2.00"))
        rig.give(rig.a, "ticker", ticker(0, "3.00"))  # older
        rig.give(rig.a, "ticker", ticker(2))
        told = [Flag(r.meta.flags) & Flag.DUPLICATE for r in rig.records(Kind.TICKER)]
        assert told == [Flag(0), Flag(0), Flag.DUPLICATE, Flag(0)]  # the older one replaces nothing
        assert rig.segment.counters().frames_duplicate == 2


@pytest.mark.parametrize("market", [Market.SPOT, Market.USDM])
def test_a_book_goes_on_over_the_other_link(market: Market) -> None:
    with Paired(market) as rig:
        rig.stream("depth")

        def diff(link: int, number: int) -> None:
            event = Diff(number, number, number - 1, ((90, number),))
            futures = market != Market.SPOT
            rig.engine.frame(link, diff_frame("btcusdt@depth", "BTCUSDT", event, futures), rig.now)

        diff(rig.a, 10)
        rig.engine.snapshot(rig.symbol, snapshot_body(Snapshot(9, ((90, 5),), ((110, 5),))))
        rig.bring_up_b()
        for number in (11, 12):
            diff(rig.a, number)
        diff(rig.b, 12)
        rig.engine.link_down(rig.a)
        diff(rig.b, 13)
        fields, bids, _ = levels_of_slot(rig.segment.slot(SectionKind.BOOK, rig.symbol) or b"")
        assert (fields.status, fields.update_id, bids) == (Status.LIVE, 13, [(90, 13)])
        assert rig.segment.counters().gaps == 0


def test_a_frame_that_only_one_link_garbled_leaves_the_value_as_it_is() -> None:
    with Paired() as rig:
        rig.stream("bookTicker")
        rig.bring_up_b()
        for link in (rig.a, rig.b):
            rig.give(link, "bookTicker", quote(10))
        rig.give(rig.a, "bookTicker", b'{"u":11,"oops":true}')
        assert status_of(rig, SectionKind.QUOTE) == Status.LIVE
        rig.engine.link_down(rig.b)
        rig.give(rig.a, "bookTicker", b'{"u":12,"oops":true}')
        assert status_of(rig, SectionKind.QUOTE) == Status.STALE


def test_a_link_that_falls_behind_is_named_and_its_values_are_stale() -> None:
    with Paired() as rig:
        rig.stream("trade")
        rig.engine.set_limits(30 * 10**9, 2 * 10**9)
        real = time.time_ns()

        def give(number: int, late_ms: int) -> None:
            event = trade(number).replace(
                b'"E":%d' % (1795345200000 + number), b'"E":%d' % (real // 10**6 - late_ms)
            )
            rig.give(rig.a, "trade", event)

        for number in range(1, 20):
            give(number, 40)
        assert status_of(rig, SectionKind.LAST_TRADE) == Status.LIVE
        for number in range(20, 60):
            give(number, 5000)
        assert status_of(rig, SectionKind.LAST_TRADE) == Status.STALE
        assert [n.row for n in rig.notices(NoticeCode.LAGGING)] == [rig.a]
        assert rig.engine.lag_ns(rig.a) > 4 * 10**9
        for number in range(60, 100):
            give(number, 40)
        assert status_of(rig, SectionKind.LAST_TRADE) == Status.LIVE
        reasons = {r.meta.reason for r in rig.records(Kind.STATE)}
        assert Reason.LAGGING in reasons


@given(st.data())
def test_whatever_two_links_do_each_trade_is_told_once_and_in_order(data: Any) -> None:
    """Both deliver all trades in order, each at its own pace; at no time are both away."""
    with Paired() as rig:
        rig.stream("trade")
        rig.give(rig.a, "trade", trade(1))
        last = {rig.a: 1, rig.b: 0}
        newest, up = 1, {rig.a}
        for _ in range(data.draw(st.integers(5, 40))):
            step = data.draw(st.sampled_from(["new", "a", "b", "up", "down"]))
            if step == "new":
                newest += 1
            elif step in ("a", "b"):
                link = rig.a if step == "a" else rig.b
                if link in up and last[link] < newest:
                    last[link] += 1
                    rig.give(link, "trade", trade(last[link]))
            elif step == "up" and len(up) == 1:
                (there,) = up
                link = rig.b if there == rig.a else rig.a
                rig.engine.link_up(link)
                last[link] = data.draw(st.integers(last[there], newest))
                up.add(link)
            elif step == "down" and len(up) == 2:
                goes = data.draw(st.sampled_from(sorted(up)))
                (stays,) = up - {goes}
                if not rig.engine.awaited(stays):
                    rig.engine.link_down(goes)
                    up.remove(goes)
        told = ids(rig.records(Kind.TRADE))
        assert told == list(range(1, len(told) + 1))
        assert len(told) >= max(last[link] for link in up if not rig.engine.awaited(link))
        assert rig.segment.counters().gaps == 0
