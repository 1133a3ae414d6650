"""Streams and instruments that come and go while readers are attached."""

from __future__ import annotations

from typing import Any

from gateway import layout
from gateway.core.engine import NO_ROW, FrameClass, NoticeCode
from gateway.layout import Kind, Market, Reason, RowState, SectionKind, Status
from gateway.plan import PlanSymbol
from tests.core.paired import Paired, ids, quote, trade
from tests.core.rig import diff_frame
from tests.model.ring import unpack
from tests.model.sequencing import Diff


def meta(rig: Paired, kind: SectionKind) -> Any:
    return unpack(layout.META, rig.segment.slot(kind, rig.symbol) or b"")


def agg(number: int) -> bytes:
    return (
        b'{"e":"aggTrade","E":1795345200123,"s":"BTCUSDT","a":%d,"p":"1.00","q":"1.00","f":1,"l":1,'
        b'"T":1795345200122,"m":true,"M":true}' % number
    )


def test_an_unsubscribed_stream_retires_what_only_it_fed() -> None:
    with Paired() as rig:
        row = rig.stream("trade")
        rig.stream("bookTicker")
        rig.give(rig.a, "trade", trade(1))
        rig.give(rig.a, "bookTicker", quote(1))
        rig.engine.remove_stream(row)
        shown = meta(rig, SectionKind.LAST_TRADE)
        assert (shown.status, shown.reason) == (Status.RETIRED, Reason.RETIRED)
        assert meta(rig, SectionKind.QUOTE).status == Status.LIVE
        assert rig.segment.streams()[row].state == RowState.RETIRED
        late = b'{"stream":"btcusdt@trade","data":%s}' % trade(2)
        assert rig.engine.frame(rig.a, late) is FrameClass.REFUSED
        assert rig.segment.counters().frames_unknown_stream == 1


def test_a_slot_is_handed_over_to_the_next_best_stream() -> None:
    with Paired() as rig:
        row = rig.stream("trade")
        rig.stream("aggTrade", Kind.AGG_TRADE)
        rig.give(rig.a, "trade", trade(1))
        rig.engine.remove_stream(row)
        assert meta(rig, SectionKind.LAST_TRADE).status == Status.SYNCING
        rig.give(rig.a, "aggTrade", agg(50))
        shown = meta(rig, SectionKind.LAST_TRADE)
        assert (shown.status, shown.kind, shown.update_id) == (Status.LIVE, Kind.AGG_TRADE, 50)


def test_a_stream_that_comes_back_has_its_own_row_and_goes_on_counting() -> None:
    with Paired() as rig:
        row = rig.stream("trade")
        rig.give(rig.a, "trade", trade(1))
        rig.engine.remove_stream(row)
        assert rig.stream("trade") == row
        rig.give(rig.a, "trade", trade(3))  # still on the way from the subscription before
        assert meta(rig, SectionKind.LAST_TRADE).status == Status.SYNCING
        rig.engine.acked(rig.a, [row])
        rig.give(rig.a, "trade", trade(9))
        records = rig.records(Kind.TRADE)
        assert [(r.meta.update_id, r.meta.sequence) for r in records] == [(1, 1), (9, 2)]
        assert meta(rig, SectionKind.LAST_TRADE).status == Status.LIVE
        assert rig.segment.counters().gaps == 0  # what came meanwhile was not subscribed


def test_an_unsubscribed_book_is_retired_and_starts_anew() -> None:
    with Paired() as rig:
        row = rig.stream("depth")
        frame = diff_frame("btcusdt@depth", "BTCUSDT", Diff(5, 5, 4, ((90, 5),)), False)
        rig.engine.frame(rig.a, frame)
        body = b'{"lastUpdateId":4,"bids":[["0.80","1"]],"asks":[["1.10","1"]]}'
        rig.engine.snapshot(rig.symbol, body)
        assert meta(rig, SectionKind.BOOK).status == Status.LIVE
        rig.engine.remove_stream(row)
        assert meta(rig, SectionKind.BOOK).status == Status.RETIRED
        assert meta(rig, SectionKind.QUOTE).status == Status.RETIRED
        assert rig.stream("depth") == row
        assert meta(rig, SectionKind.BOOK).status == Status.SYNCING
        rig.engine.acked(rig.a, [row])
        frame = diff_frame("btcusdt@depth", "BTCUSDT", Diff(9, 9, 8, ((91, 5),)), False)
        rig.engine.frame(rig.a, frame)
        rig.engine.snapshot(rig.symbol, body.replace(b":4,", b":8,"))
        assert meta(rig, SectionKind.BOOK).status == Status.LIVE


def test_a_delisted_instrument_is_retired_with_all_its_streams() -> None:
    with Paired() as rig:
        rows = [rig.stream(suffix) for suffix in ("trade", "bookTicker", "ticker")]
        rig.give(rig.a, "bookTicker", quote(1))
        rig.engine.retire_symbol(rig.symbol)
        assert rig.segment.symbols()[rig.symbol].state == RowState.RETIRED
        assert {rig.segment.streams()[row].state for row in rows} == {RowState.RETIRED}
        assert meta(rig, SectionKind.QUOTE).status == Status.RETIRED


def test_exchange_info_halts_an_instrument_that_was_live() -> None:
    with Paired() as rig:
        rig.stream("trade")
        rig.give(rig.a, "trade", trade(1))
        rig.engine.set_halted(rig.symbol, True)
        shown = meta(rig, SectionKind.LAST_TRADE)
        assert (shown.status, shown.reason) == (Status.HALTED, Reason.HALTED)
        assert rig.segment.symbols()[rig.symbol].halted == 1
        rig.engine.set_halted(rig.symbol, False)
        assert meta(rig, SectionKind.LAST_TRADE).status == Status.SYNCING
        rig.give(rig.a, "trade", trade(2))
        assert meta(rig, SectionKind.LAST_TRADE).status == Status.LIVE
        assert ids(rig.records(Kind.TRADE)) == [1, 2]


def test_a_halt_that_was_first_seen_as_silence_is_halted_and_silent_no_more() -> None:
    """Spot says it in exchangeInfo only, minutes after its streams fell silent."""
    with Paired() as rig:
        row, kline = rig.stream("trade"), rig.stream("kline_1m", Kind.KLINE)
        rig.engine.acked(rig.a, [row, kline])
        rig.give(rig.a, "trade", trade(1))
        rig.wait(31)
        shown = meta(rig, SectionKind.LAST_TRADE)
        assert (shown.status, shown.reason) == (Status.STALE, Reason.SILENT)
        rig.engine.set_halted(rig.symbol, True)
        for kind in (SectionKind.LAST_TRADE, SectionKind.VALUES):
            shown = unpack(layout.META, rig.segment.slot(kind, 0) or b"")
            assert (shown.status, shown.reason) == (Status.HALTED, Reason.HALTED)
        rig.wait(1)
        told = rig.notices(NoticeCode.RESUMED)
        assert sorted((n.row, n.a) for n in told) == sorted([(row, 1), (kline, 1)])
        rig.wait(60)
        assert rig.notices(NoticeCode.SILENT) == []
        rig.engine.set_halted(rig.symbol, False)
        assert meta(rig, SectionKind.LAST_TRADE).status == Status.SYNCING
        rig.give(rig.a, "trade", trade(2))
        assert meta(rig, SectionKind.LAST_TRADE).status == Status.LIVE


def test_a_halt_does_not_hide_why_an_instrument_was_not_live_before() -> None:
    with Paired() as rig:
        rig.stream("trade")
        rig.give(rig.a, "trade", trade(1))
        rig.engine.link_down(rig.a)
        rig.engine.set_halted(rig.symbol, True)
        assert meta(rig, SectionKind.LAST_TRADE).status == Status.DOWN


def test_an_instrument_known_to_be_halted_is_never_live() -> None:
    with Paired() as rig:
        halted = PlanSymbol(Market.SPOT, "OLDUSDT", -2, -2, is_halted=True)
        row = rig.engine.add_symbol(halted)
        rig.engine.add_stream("spot:oldusdt@bookTicker", Kind.QUOTE, row, rig.a)
        data = quote(1).replace(b"BTCUSDT", b"OLDUSDT")
        rig.engine.frame(rig.a, b'{"stream":"oldusdt@bookTicker","data":%s}' % data)
        shown = unpack(layout.META, rig.segment.slot(SectionKind.QUOTE, row) or b"")
        assert shown.status == Status.HALTED


def test_values_of_one_stream_each_have_a_slot_of_their_own() -> None:
    with Paired() as rig:
        rows = [rig.stream(f"kline_{i}", Kind.KLINE) for i in ("1m", "5m")]
        streams = rig.segment.streams()
        assert [streams[row].value for row in rows] == [0, 1]
        kline = (
            b'{"e":"kline","E":1795345202001,"s":"BTCUSDT","k":{"t":1795345200000,"T":1795345259999,'
            b'"s":"BTCUSDT","i":"5m","f":1,"L":2,"o":"1.00","c":"1.50","h":"2.00","l":"0.50",'
            b'"v":"12.3","n":2,"x":true,"q":"1.5","V":"6.1","Q":"5.5","B":"0"}}'
        )
        rig.give(rig.a, "kline_5m", kline)
        waiting, shown = (
            unpack(layout.KLINE, rig.segment.slot(SectionKind.VALUES, number) or b"")
            for number in (0, 1)
        )
        assert waiting.status == Status.SYNCING
        assert (shown.status, shown.close_px, shown.px_exponent) == (Status.LIVE, 150, -2)
        assert shown.interval.rstrip(b"\0") == b"5m"
        rig.engine.link_down(rig.a)
        gone = unpack(layout.META, rig.segment.slot(SectionKind.VALUES, 1) or b"")
        assert gone.status == Status.DOWN


def test_a_stream_that_does_not_fit_is_refused() -> None:
    with Paired() as rig:
        assert rig.engine.add_stream("spot:x@trade", Kind.TRADE, 99, rig.a) == NO_ROW
        assert rig.engine.add_stream("spot:x@trade", Kind.TRADE, rig.symbol, 99) == NO_ROW


def test_a_variant_of_an_instrument_reads_the_instruments_payloads() -> None:
    with Paired(Market.USDM) as rig:
        row = rig.engine.add_symbol(PlanSymbol(Market.USDM, "BTCUSDT", -2, -2, variant="RPI"))
        assert rig.segment.symbols()[row].symbol.rstrip(b"\0") == b"BTCUSDT.RPI"
        rig.engine.add_stream("usdm:btcusdt@rpiDepth@500ms", Kind.DIFF, row, rig.a)
        frame = diff_frame("btcusdt@rpiDepth@500ms", "BTCUSDT", Diff(5, 5, 4, ((90, 5),)), True)
        assert rig.engine.frame(rig.a, frame) is FrameClass.DATA
