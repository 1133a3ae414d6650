"""Streams that fall silent leave LIVE within their own limit, and are named."""

from __future__ import annotations

from gateway import layout
from gateway.core.engine import NoticeCode
from gateway.layout import Kind, Reason, SectionKind, Shape, Status
from tests.core.paired import SECOND, Paired, quote, trade
from tests.core.test_engine_rows import mark
from tests.model.ring import unpack


def cell(rig: Paired, kind: SectionKind) -> layout.Struct:
    meta: layout.Struct = unpack(layout.META, rig.segment.slot(kind, rig.symbol) or b"")
    return meta


def test_a_stream_that_was_acked_and_never_comes_is_silent_and_named() -> None:
    with Paired() as rig:
        row = rig.stream("trade")
        rig.engine.acked(rig.a, [row])
        rig.wait(29)
        assert rig.notices(NoticeCode.SILENT) == []
        rig.wait(2)
        (notice,) = rig.notices(NoticeCode.SILENT)
        assert (notice.row, notice.b) == (row, 30 * SECOND)
        assert rig.segment.streams()[row].status == Status.STALE
        rig.give(rig.a, "trade", trade(1))
        assert [n.row for n in rig.notices(NoticeCode.RESUMED)] == [row]
        assert cell(rig, SectionKind.LAST_TRADE).status == Status.LIVE


def test_without_an_ack_a_stream_is_not_judged() -> None:
    with Paired() as rig:
        rig.stream("trade")
        rig.wait(60)
        assert rig.notices(NoticeCode.SILENT) == []


def test_a_stream_is_judged_by_its_own_rate() -> None:
    """Ten a second: silent after the least limit. One in two seconds: after twenty."""
    for interval, limit in ((0.1, 3), (2.0, 20)):
        with Paired() as rig:
            row = rig.stream("bookTicker")
            rig.engine.acked(rig.a, [row])
            for number in range(1, 40):
                rig.give(rig.a, "bookTicker", quote(number))
                rig.wait(interval)
            rig.wait(limit - 1 - interval)
            assert cell(rig, SectionKind.QUOTE).status == Status.LIVE
            rig.wait(2)
            shown = cell(rig, SectionKind.QUOTE)
            assert (shown.status, shown.reason) == (Status.STALE, Reason.SILENT)


def test_a_market_that_moves_in_bursts_is_given_its_pauses() -> None:
    with Paired() as rig:
        row = rig.stream("bookTicker")
        rig.engine.acked(rig.a, [row])
        number = 0
        for _ in range(6):
            for _ in range(20):
                number += 1
                rig.give(rig.a, "bookTicker", quote(number))
                rig.now += SECOND // 100
            rig.wait(9)
        rig.notices(NoticeCode.SILENT)
        rig.give(rig.a, "bookTicker", quote(number + 1))
        rig.wait(25)
        assert cell(rig, SectionKind.QUOTE).status == Status.LIVE


def burst(rig: Paired, first: int, count: int = 20) -> int:
    """Trades, ten a second; the id after the last."""
    for number in range(first, first + count):
        rig.give(rig.a, "trade", trade(number))
        rig.wait(0.1)
    return first + count


def limit_of(rig: Paired) -> float:
    rig.wait(0.3)  # it is worked out with each judgement
    return rig.segment.streams()[rig.rows["trade"]].limit_ns / SECOND


def test_a_silence_that_ends_with_something_missing_is_no_pause_of_the_market() -> None:
    with Paired() as rig:
        rig.engine.acked(rig.a, [rig.stream("trade")])
        number = burst(rig, 1)
        assert limit_of(rig) == 3
        for _ in range(3):
            rig.wait(12)
            assert cell(rig, SectionKind.LAST_TRADE).status == Status.STALE
            number = burst(rig, number + 7)  # what was between did not come
            assert limit_of(rig) < 3.5


def test_a_silence_that_ends_with_nothing_missing_lengthens_the_limit_by_half_at_most() -> None:
    with Paired() as rig:
        rig.engine.acked(rig.a, [rig.stream("trade")])
        number, limit = burst(rig, 1), 3.0
        for _ in range(3):
            rig.wait(25)
            assert cell(rig, SectionKind.LAST_TRADE).status == Status.STALE
            number = burst(rig, number)
            assert 1.4 * limit < limit_of(rig) <= 1.5 * limit
            limit = limit_of(rig)


def test_an_interval_in_which_the_connection_was_lost_is_not_learned() -> None:
    """Too short to break the limit, it would count as a pause, and make the limit 9 s."""
    with Paired() as rig:
        row = rig.stream("trade")
        rig.engine.acked(rig.a, [row])
        number = burst(rig, 1)
        rig.engine.link_down(rig.a)
        rig.wait(2.7)
        rig.engine.link_up(rig.a)
        burst(rig, number)
        assert limit_of(rig) == 3


def test_a_new_subscription_is_no_pause_of_the_market() -> None:
    with Paired() as rig:
        row = rig.stream("trade")
        rig.engine.acked(rig.a, [row])
        number = burst(rig, 1)
        rig.engine.acked(rig.a, [row])
        rig.wait(2.7)
        burst(rig, number)
        assert limit_of(rig) == 3


def test_a_stream_that_comes_at_fixed_times_has_a_limit_from_the_start() -> None:
    with Paired() as rig:
        row = rig.stream("markPrice@1s", Kind.MARK_PRICE, expected_ms=1000)
        rig.engine.acked(rig.a, [row])
        rig.wait(11)
        assert [n.row for n in rig.notices(NoticeCode.SILENT)] == [row]
        assert rig.segment.streams()[row].limit_ns == 10 * SECOND


def test_a_silent_array_takes_its_rows_along() -> None:
    with Paired() as rig:
        parent = rig.whole_market("!markPrice@arr", Kind.MARK_PRICE, Shape.ARRAY)
        child = rig.engine.add_row(parent, rig.symbol, "spot:btcusdt@markPrice")
        rig.engine.acked(rig.a, [parent])
        rig.give(rig.a, "!markPrice@arr", b"[" + mark("BTCUSDT", "1", st=None) + b"]")
        rig.wait(40)
        assert [n.row for n in rig.notices(NoticeCode.SILENT)] == [parent]
        assert cell(rig, SectionKind.MARK_PRICE).status == Status.STALE
        assert rig.segment.streams()[child].status == Status.STALE


def test_an_instrument_that_does_not_trade_is_not_silent() -> None:
    with Paired() as rig:
        row = rig.stream("trade")
        rig.engine.acked(rig.a, [row])
        rig.engine.set_halted(rig.symbol, True)
        rig.wait(60)
        rig.engine.set_halted(rig.symbol, False)
        rig.wait(20)
        assert rig.notices(NoticeCode.SILENT) == []


def test_after_a_stall_no_stream_is_called_silent_for_it() -> None:
    with Paired() as rig:
        row = rig.stream("trade")
        rig.engine.acked(rig.a, [row])
        rig.now += 40 * SECOND
        rig.wait(20)
        assert [n.code for n in rig.engine.notices()] == [NoticeCode.STALLED]


def test_a_new_subscription_starts_the_clock_again() -> None:
    with Paired() as rig:
        row = rig.stream("trade")
        rig.engine.acked(rig.a, [row])
        rig.wait(31)
        assert len(rig.notices(NoticeCode.SILENT)) == 1
        rig.engine.link_up(rig.b)
        rig.engine.acked(rig.b, [row])
        rig.now = max(rig.now, 0)
        streams = rig.segment.streams()
        assert streams[row].silent_count == 1
        base = rig.now
        # acked() takes the real clock; the rig's own runs ahead of it
        rig.wait(31)
        assert len(rig.notices(NoticeCode.SILENT)) == 1
        assert rig.now > base
