"""Two links that misbehave: what must not be LIVE, and what must not be told twice or lost."""

from __future__ import annotations

import time

import pytest

from gateway import layout
from gateway.layout import Flag, Kind, Market, Reason, SectionKind, Shape, Status
from gateway.plan import PlanSymbol
from tests.core.paired import SECOND, Paired, ids, quote, trade
from tests.core.rig import diff_frame, snapshot_body
from tests.core.test_engine_links import status_of, ticker
from tests.core.test_engine_rows import quote as merged_quote
from tests.model.ring import unpack
from tests.model.sequencing import Diff, Snapshot


def test_ids_that_restart_while_both_links_are_away_are_taken() -> None:
    with Paired() as rig:
        rig.stream("trade")
        rig.bring_up_b()
        for link in (rig.a, rig.b):
            rig.give(link, "trade", trade(1000))
        for link in (rig.a, rig.b):
            rig.engine.link_down(link)
        for link in (rig.a, rig.b):
            rig.engine.link_up(link)
        for number in range(1, 5):
            rig.give(rig.a, "trade", trade(number))
            rig.give(rig.b, "trade", trade(number))
        assert ids(rig.records(Kind.TRADE)) == [1000, 1, 2, 3, 4]
        assert status_of(rig, SectionKind.LAST_TRADE) == Status.LIVE


def test_ids_that_restart_on_living_links_are_not_told_twice_for_ever() -> None:
    with Paired() as rig:
        rig.stream("trade")
        rig.bring_up_b()
        for number in (1000, *range(1, 30)):
            event = trade(number).replace(b"%d" % (1795345200000 + number), b"1795345200000")
            rig.give(rig.a, "trade", event)
            rig.give(rig.b, "trade", event)
        told = [
            record.meta.update_id
            for record in rig.records(Kind.TRADE)
            if not record.meta.flags & Flag.DUPLICATE
        ]
        assert told == [1000, *range(3, 30)]  # the third in a row says that they restarted


def test_a_new_link_whose_ids_lie_far_below_has_not_joined() -> None:
    with Paired() as rig:
        row = rig.stream("bookTicker")
        rig.give(rig.a, "bookTicker", quote(1000))
        rig.bring_up_b()
        for number in range(1, 20):
            rig.give(rig.b, "bookTicker", quote(number))
        assert rig.engine.awaited(rig.b) == [row]
        rig.engine.link_down(rig.a)
        assert status_of(rig, SectionKind.QUOTE) == Status.SYNCING


def test_a_link_that_stops_bringing_a_stream_has_left_it() -> None:
    with Paired() as rig:
        row = rig.stream("bookTicker")
        rig.give(rig.a, "bookTicker", quote(10))
        rig.bring_up_b()
        rig.give(rig.b, "bookTicker", quote(10))
        for number in range(11, 300):
            rig.give(rig.a, "bookTicker", quote(number))
            rig.wait(0.1)
        assert rig.engine.awaited(rig.b) == rig.engine.starved(rig.b) == [row]
        rig.engine.link_down(rig.a)
        assert status_of(rig, SectionKind.QUOTE) == Status.SYNCING


@pytest.mark.parametrize("suffix", ["bookTicker", "trade"])
def test_what_neither_link_can_read_is_not_live(suffix: str) -> None:
    with Paired() as rig:
        rig.stream(suffix)
        rig.bring_up_b()
        give = quote if suffix == "bookTicker" else trade
        for link in (rig.a, rig.b):
            rig.give(link, suffix, give(10))
        for link in (rig.a, rig.b):
            rig.give(link, suffix, b'{"u":11,"t":11,"oops":true}')
        kind = SectionKind.QUOTE if suffix == "bookTicker" else SectionKind.LAST_TRADE
        assert status_of(rig, kind) == Status.STALE
        assert len(rig.records(Kind.UNREADABLE)) == 1
        for link in (rig.a, rig.b):
            rig.give(link, suffix, give(12))
        assert status_of(rig, kind) == Status.LIVE
        assert rig.segment.counters().gaps == (suffix == "trade")


def test_an_unreadable_array_leaves_none_of_its_rows_live() -> None:
    with Paired(Market.USDM) as rig:
        parent = rig.whole_market("!bookTicker", Kind.QUOTE, Shape.MERGED)
        rig.engine.add_row(parent, rig.symbol, "usdm:btcusdt@bookTicker")
        rig.give(rig.a, "!bookTicker", merged_quote("BTCUSDT", 5, 1))
        assert status_of(rig, SectionKind.QUOTE) == Status.LIVE
        rig.engine.frame(rig.a, b'{"stream":"!bookTicker","data":{"u":6,"s":"BTC')
        assert status_of(rig, SectionKind.QUOTE) == Status.STALE


def test_a_merged_stream_comes_once_however_far_apart_the_links_are() -> None:
    with Paired(Market.USDM) as rig:
        parent = rig.whole_market("!bookTicker", Kind.QUOTE, Shape.MERGED)
        rig.engine.add_row(parent, rig.symbol, "usdm:btcusdt@bookTicker")
        rig.engine.link_up(rig.b)
        for begin in range(1, 201, 100):
            for link in (rig.a, rig.b):
                for number in range(begin, begin + 100):
                    rig.give(link, "!bookTicker", merged_quote("BTCUSDT", number, 1))
        assert ids(rig.records(Kind.QUOTE)) == list(range(1, 201))
        assert rig.segment.streams()[parent].sequence == 200
        assert rig.segment.counters().frames_duplicate == 200


def lagging(rig: Paired, link: int, numbers: range, late_s: float) -> None:
    ms = time.time_ns() // 10**6 - int(late_s * 1000)
    for number in numbers:
        event = trade(number).replace(b'"E":%d' % (1795345200000 + number), b'"E":%d' % ms)
        rig.give(link, "trade", event)


def test_two_lagging_links_do_not_excuse_each_other() -> None:
    with Paired() as rig:
        rig.stream("trade")
        rig.stream("bookTicker")
        rig.bring_up_b()
        for link in (rig.a, rig.b):
            rig.give(link, "bookTicker", quote(1))
            lagging(rig, link, range(1, 20), 0.0)
        for link in (rig.a, rig.b):
            lagging(rig, link, range(20, 60), 9.0)
        assert status_of(rig, SectionKind.QUOTE) == Status.STALE
        assert status_of(rig, SectionKind.LAST_TRADE) == Status.STALE


def test_when_the_good_link_dies_a_lagging_one_is_not_live() -> None:
    with Paired() as rig:
        rig.stream("trade")
        rig.bring_up_b()
        for link in (rig.a, rig.b):
            lagging(rig, link, range(1, 20), 0.0)
        lagging(rig, rig.a, range(20, 60), 0.0)
        lagging(rig, rig.b, range(20, 60), 9.0)
        assert status_of(rig, SectionKind.LAST_TRADE) == Status.LIVE
        rig.engine.link_down(rig.a)
        assert status_of(rig, SectionKind.LAST_TRADE) == Status.STALE


def test_one_event_from_the_future_neither_lags_nor_freezes_anything() -> None:
    with Paired() as rig:
        rig.stream("ticker")
        rig.bring_up_b()

        def both(ms: int, last: str) -> None:
            for link in (rig.a, rig.b):
                rig.give(link, "ticker", ticker(ms, last))

        both(1, "1.00")
        both(3_600_000, "2.00")
        for number in range(2, 8):
            both(number, f"{number}.00")
        cell = unpack(layout.TICKER, rig.segment.slot(SectionKind.TICKER, rig.symbol) or b"")
        assert (cell.last_px, cell.status) == (700, Status.LIVE)
        assert rig.segment.counters().streams_lagging == 0


def test_a_hole_that_nobody_fills_shows_without_waiting_for_another_event() -> None:
    with Paired() as rig:
        rig.stream("depth")
        rig.stream("trade")

        def diff(link: int, number: int) -> None:
            event = Diff(number, number, number - 1, ((90, number),))
            rig.engine.frame(link, diff_frame("btcusdt@depth", "BTCUSDT", event, False), rig.now)

        diff(rig.a, 10)
        rig.engine.snapshot(rig.symbol, snapshot_body(Snapshot(9, ((90, 5),), ((110, 5),))))
        rig.give(rig.a, "trade", trade(1))
        rig.bring_up_b()
        diff(rig.b, 10)
        rig.give(rig.b, "trade", trade(1))
        diff(rig.b, 15)  # a has 11 to 14, and then says nothing any more
        rig.give(rig.b, "trade", trade(5))
        rig.wait(1)
        assert status_of(rig, SectionKind.BOOK) == Status.GAPPED
        assert status_of(rig, SectionKind.LAST_TRADE) == Status.STALE
        assert rig.segment.counters().gaps == 2


def ladder(number: int) -> bytes:
    return b'{"lastUpdateId":%d,"bids":[["0.%02d","1"]],"asks":[]}' % (number, number % 100)


def test_an_older_ladder_never_replaces_a_newer_one() -> None:
    with Paired() as rig:
        rig.stream("depth5", Kind.PARTIAL)
        rig.bring_up_b()
        for link, number in ((rig.a, 150), (rig.a, 160), (rig.b, 150), (rig.a, 160), (rig.b, 160)):
            rig.give(link, "depth5", ladder(number))
        cell = unpack(layout.META, rig.segment.slot(SectionKind.PARTIAL, rig.symbol) or b"")
        assert (cell.update_id, cell.status) == (160, Status.LIVE)
        assert rig.segment.counters().ids_backwards == 0


def test_the_first_trade_of_a_listing_may_have_the_id_0() -> None:
    with Paired() as rig:
        rig.stream("trade")
        rig.bring_up_b()
        for number in (0, 1):
            for link in (rig.a, rig.b):
                rig.give(link, "trade", trade(number))
        assert ids(rig.records(Kind.TRADE)) == [0, 1]
        assert status_of(rig, SectionKind.LAST_TRADE) == Status.LIVE


def test_a_book_goes_with_its_own_quote() -> None:
    with Paired() as rig:
        row = rig.stream("depth")
        rig.engine.acked(rig.a, [row])
        frame = diff_frame("btcusdt@depth", "BTCUSDT", Diff(5, 5, 4, ((90, 5),)), False)
        rig.engine.frame(rig.a, frame, rig.now)
        body = snapshot_body(Snapshot(4, ((80, 5),), ((110, 5),)))
        rig.engine.snapshot(rig.symbol, body)
        assert status_of(rig, SectionKind.QUOTE) == Status.LIVE
        rig.wait(40)
        for kind in (SectionKind.BOOK, SectionKind.QUOTE):
            cell = unpack(layout.META, rig.segment.slot(kind, rig.symbol) or b"")
            assert (cell.status, cell.reason) == (Status.STALE, Reason.SILENT)


def test_a_second_link_does_not_shorten_a_streams_own_limit() -> None:
    with Paired() as rig:
        row = rig.stream("bookTicker")
        rig.engine.acked(rig.a, [row])
        rig.bring_up_b()
        for number in range(1, 30):
            for link in (rig.a, rig.b):
                rig.give(link, "bookTicker", quote(number))
            rig.wait(2.0)
        assert rig.segment.streams()[row].limit_ns > 18 * SECOND


def test_an_escaped_name_longer_than_any_symbol_is_told_as_it_stands() -> None:
    with Paired(Market.USDM) as rig:
        parent = rig.whole_market("!bookTicker", Kind.QUOTE, Shape.MERGED)
        name = "\\u0041" * 40
        rig.give(rig.a, "!bookTicker", merged_quote(name, 5, 1))
        (notice,) = rig.engine.notices()
        assert (notice.row, notice.head) == (parent, name.encode()[:64])


def test_a_link_that_is_steadily_ahead_joins_when_the_other_has_caught_up() -> None:
    with Paired() as rig:
        rig.stream("trade")
        rig.give(rig.a, "trade", trade(1))
        rig.bring_up_b()
        for number in range(2, 60):
            rig.give(rig.b, "trade", trade(number + 5))
            rig.give(rig.a, "trade", trade(number))
            rig.wait(0.1)
        assert rig.engine.starved(rig.b) == []  # it brings more than the other one, not less
        assert rig.engine.awaited(rig.b) == [rig.rows["trade"]]
        for number in range(60, 65):
            rig.give(rig.a, "trade", trade(number))
        assert rig.engine.awaited(rig.b) == []
        rig.give(rig.b, "trade", trade(65))
        assert ids(rig.records(Kind.TRADE)) == list(range(1, 66))


def test_a_survivor_that_is_far_behind_is_not_taken_for_a_restart() -> None:
    with Paired() as rig:
        rig.stream("bookTicker")
        rig.bring_up_b()
        for number in range(1, 200):
            rig.give(rig.a, "bookTicker", quote(number))
            if number <= 100:
                rig.give(rig.b, "bookTicker", quote(number))
        rig.engine.link_down(rig.a)
        rig.wait(6)
        for number in range(101, 220):
            rig.give(rig.b, "bookTicker", quote(number))
        told = ids(rig.records(Kind.QUOTE))
        assert told == list(range(1, 220))


def test_a_survivor_that_stays_below_has_begun_anew() -> None:
    with Paired() as rig:
        rig.stream("bookTicker")
        rig.bring_up_b()
        for number in (900, 901):
            rig.give(rig.a, "bookTicker", quote(number))
        rig.give(rig.b, "bookTicker", quote(10))
        rig.engine.link_down(rig.a)
        for number in range(11, 80):
            rig.wait(1)
            rig.give(rig.b, "bookTicker", quote(number))
        assert ids(rig.records(Kind.QUOTE))[-1] == 79
        assert status_of(rig, SectionKind.QUOTE) == Status.LIVE


def test_a_link_that_had_begun_anew_before_the_other_one_is_not_of_before() -> None:
    with Paired() as rig:
        rig.stream("bookTicker")
        rig.bring_up_b()
        rig.give(rig.a, "bookTicker", quote(900))
        rig.give(rig.b, "bookTicker", quote(10))
        for number in (11, 12, 13):
            rig.give(rig.a, "bookTicker", quote(number))
        rig.engine.link_down(rig.a)
        rig.give(rig.b, "bookTicker", quote(14))
        assert ids(rig.records(Kind.QUOTE))[-1] == 14
        assert status_of(rig, SectionKind.QUOTE) == Status.LIVE


def test_a_lower_id_without_a_time_is_doubt() -> None:
    with Paired() as rig:
        rig.stream("bookTicker")
        rig.give(rig.a, "bookTicker", quote(900))
        rig.give(rig.a, "bookTicker", quote(10))
        assert status_of(rig, SectionKind.QUOTE) == Status.STALE
        rig.give(rig.a, "bookTicker", quote(901))
        assert status_of(rig, SectionKind.QUOTE) == Status.LIVE


def test_the_tail_of_old_ids_does_not_replace_restarted_ones() -> None:
    with Paired() as rig:
        rig.stream("bookTicker")
        rig.bring_up_b()
        for number in range(980, 1001):
            rig.give(rig.a, "bookTicker", quote(number))
        rig.give(rig.b, "bookTicker", quote(980))
        for number in range(1, 30):
            rig.give(rig.a, "bookTicker", quote(number))
        for number in range(981, 1001):
            rig.give(rig.b, "bookTicker", quote(number))
        cell = unpack(layout.META, rig.segment.slot(SectionKind.QUOTE, rig.symbol) or b"")
        assert cell.update_id == 29


@pytest.mark.parametrize("dies", [True, False])
def test_a_garbled_frame_that_nobody_makes_good_is_not_passed_over(dies: bool) -> None:
    with Paired() as rig:
        rig.stream("bookTicker")
        rig.bring_up_b()
        for link in (rig.a, rig.b):
            rig.give(link, "bookTicker", quote(10))
        rig.give(rig.a, "bookTicker", b'{"u":11,"oops":true}')
        assert status_of(rig, SectionKind.QUOTE) == Status.LIVE
        if dies:
            rig.engine.link_down(rig.b)
        rig.wait(1)
        assert status_of(rig, SectionKind.QUOTE) == Status.STALE


def test_after_a_resubscription_each_link_is_believed_from_its_own_ack_on() -> None:
    with Paired() as rig:
        row = rig.stream("bookTicker")
        rig.bring_up_b()
        rig.give(rig.a, "bookTicker", quote(1000))
        rig.engine.remove_stream(row)
        rig.stream("bookTicker")
        rig.engine.acked(rig.a, [row])
        rig.give(rig.b, "bookTicker", quote(900))  # of the subscription before
        assert status_of(rig, SectionKind.QUOTE) == Status.SYNCING
        rig.give(rig.a, "bookTicker", quote(1001))
        assert status_of(rig, SectionKind.QUOTE) == Status.LIVE


def test_an_event_that_comes_late_by_itself_is_not_live() -> None:
    with Paired() as rig:
        rig.stream("trade")
        lagging(rig, rig.a, range(1, 20), 0.0)
        lagging(rig, rig.a, range(20, 21), 9.0)
        assert status_of(rig, SectionKind.LAST_TRADE) == Status.STALE
        lagging(rig, rig.a, range(21, 22), 0.0)
        assert status_of(rig, SectionKind.LAST_TRADE) == Status.LIVE


def test_a_relisted_instrument_gets_its_streams_back() -> None:
    with Paired() as rig:
        row = rig.stream("bookTicker")
        rig.give(rig.a, "bookTicker", quote(1))
        rig.engine.retire_symbol(rig.symbol)
        rig.symbol = rig.engine.add_symbol(PlanSymbol(Market.SPOT, "BTCUSDT", -2, -2))
        assert rig.stream("bookTicker") == row
        rig.engine.acked(rig.a, [row])
        rig.give(rig.a, "bookTicker", quote(2))
        assert status_of(rig, SectionKind.QUOTE) == Status.LIVE


def told(rig: Paired) -> list[tuple[int, bool]]:
    return [
        (record.meta.update_id, bool(record.meta.flags & Flag.DUPLICATE))
        for record in rig.records(Kind.PARTIAL)
    ]


def test_partial_depth_that_did_not_change_is_told_as_often_as_one_link_brings_it() -> None:
    """The venue sends it again in its rhythm, with the same id and the same bytes."""
    with Paired() as rig:
        rig.stream("depth5", Kind.PARTIAL)
        rig.give(rig.a, "depth5", ladder(150))
        rig.bring_up_b()
        for link in (rig.b, rig.a, rig.b, rig.b, rig.a, rig.a, rig.b):
            rig.give(link, "depth5", ladder(150))
        assert told(rig) == [(150, False)] * 4
        for link in (rig.b, rig.a, rig.a, rig.b):
            rig.give(link, "depth5", ladder(160))
        assert told(rig) == [(160, False)] * 2
        assert rig.engine.awaited(rig.b) == []


def test_partial_depth_is_told_again_by_whichever_link_is_left() -> None:
    with Paired() as rig:
        rig.stream("depth5", Kind.PARTIAL)
        for _ in range(5):
            rig.give(rig.a, "depth5", ladder(150))
        rig.bring_up_b()
        rig.give(rig.b, "depth5", ladder(150))
        rig.engine.link_down(rig.a)
        rig.wait(6)
        told(rig)
        for _ in range(3):
            rig.give(rig.b, "depth5", ladder(150))
        assert told(rig) == [(150, False)] * 3
        assert status_of(rig, SectionKind.PARTIAL) == Status.LIVE
