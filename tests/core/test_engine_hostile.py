"""What a venue, or a link that stands still, may do to numbering: nothing old stays LIVE for it."""

from __future__ import annotations

import time
from typing import Any

import pytest

from gateway.core.engine import NoticeCode, SnapshotResult
from gateway.layout import QUOTE, Flag, Kind, Market, Reason, SectionKind, Status
from tests.core.gap_rig import MINUTE, START, GapRig, candle, candle_of
from tests.core.paired import Paired, trade
from tests.core.rig import levels_json, snapshot_body
from tests.model.ring import levels_of_slot, unpack
from tests.model.sequencing import Snapshot

BIDS, ASKS = ((100, 1), (99, 1)), ((110, 1), (111, 1))


def event(number: int, ms: int, *, pu: int | None = None) -> bytes:
    chain = f'"pu":{pu},' if pu is not None else ""
    return (
        f'{{"e":"depthUpdate","E":{START + ms},"T":{START + ms},"s":"BTCUSDT","U":{number},'
        f'"u":{number},{chain}"b":{levels_json(((90, number),))},"a":[]}}'
    ).encode()


def live_book(rig: Paired, at: int) -> None:
    rig.stream("depth")
    futures = rig.market is not Market.SPOT
    rig.give(rig.a, "depth", event(at, 0, pu=at - 1 if futures else None))
    rig.engine.notices()
    body = snapshot_body(Snapshot(at, BIDS, ASKS))
    assert rig.engine.snapshot(rig.symbol, body)[0] is SnapshotResult.LIVE


def at(number: int, ms: int) -> bytes:
    """A trade of that time."""
    return trade(number).replace(b"%d" % (START + number), b"%d" % (START + ms))


def book_of(rig: Paired) -> Any:
    cell = rig.segment.slot(SectionKind.BOOK, rig.symbol)
    assert cell is not None
    return levels_of_slot(cell)[0]


@pytest.mark.parametrize("market", [Market.SPOT, Market.USDM])
def test_a_book_is_not_live_for_another_event_when_its_ids_begin_anew(market: Market) -> None:
    with GapRig(market) as rig:
        live_book(rig, 1000)
        rig.give(rig.a, "depth", event(50, 5000, pu=49 if market is Market.USDM else None))
        cell = book_of(rig)
        assert (cell.status, cell.reason) == (Status.GAPPED, Reason.RESTARTED)
        assert len(rig.notices(NoticeCode.RESYNC)) == 1


def quote_of(number: int, ms: int) -> bytes:
    head = b'{"e":"bookTicker","u":%d,"s":"BTCUSDT","b":"0.90","B":"1","a":"1.10","A":"1",' % number
    return head + b'"T":%d,"E":%d}' % (ms, ms)


DAYS = 24 * 3_600_000  # ms


@pytest.mark.parametrize("off_ms", [60_000, 400 * DAYS, -400 * DAYS])
def test_a_time_that_cannot_be_does_not_say_that_ids_began_anew(off_ms: int) -> None:
    now = time.time_ns() // 10**6
    with GapRig(Market.USDM) as rig:
        rig.stream("bookTicker")
        rig.give(rig.a, "bookTicker", quote_of(1000, now))
        rig.give(rig.a, "bookTicker", quote_of(7, now + off_ms))
        for number in (1001, 1002):
            rig.give(rig.a, "bookTicker", quote_of(number, now + number - 1000))
            cell = rig.segment.slot(SectionKind.QUOTE, rig.symbol)
            assert cell is not None
            shown = unpack(QUOTE, cell)
            assert (shown.update_id, shown.status) == (number, Status.LIVE)


@pytest.mark.parametrize("off_ms", [60_000, 400 * DAYS, -400 * DAYS])
def test_a_time_that_cannot_be_makes_no_copy_a_new_trade(off_ms: int) -> None:
    now = time.time_ns() // 10**6

    def said(number: int, ms: int) -> bytes:
        return trade(number).replace(b'"E":%d' % (START + number), b'"E":%d' % ms)

    with GapRig() as rig:
        rig.stream("trade")
        rig.bring_up_b()
        for number, ms in ((1000, now), (1001, now + off_ms)):
            rig.give(rig.a, "trade", said(number, ms))
        for number in (1000, 1001):
            rig.give(rig.b, "trade", said(number, now + number - 1000))
        for link in (rig.a, rig.b):
            rig.give(link, "trade", said(1002, now + 2))
        assert rig.told() == [(1000,), (1001,), (1002,)]
        assert rig.segment.counters().gaps == 0


def test_one_repeated_event_of_an_old_time_is_no_restart() -> None:
    with GapRig() as rig:
        live_book(rig, 1000)
        rig.give(rig.a, "depth", event(999, -10))
        assert book_of(rig).status == Status.LIVE


def test_what_a_link_holds_out_is_missing_though_the_other_one_went_on_a_little() -> None:
    with GapRig() as rig:
        live_book(rig, 10)
        rig.bring_up_b()
        rig.give(rig.b, "depth", event(10, 0))
        for number in (12, 13, 14):
            rig.give(rig.b, "depth", event(number, number))
        rig.give(rig.a, "depth", event(11, 11))
        assert book_of(rig).status == Status.LIVE
        rig.wait(2)  # the first link has died unnoticed, and the market is quiet
        assert book_of(rig).status == Status.GAPPED
        assert rig.segment.counters().gaps == 1


def test_times_that_are_not_in_order_make_no_restart_of_a_copy() -> None:
    def said(number: int, sent_ms: int) -> bytes:
        return trade(number).replace(b'"E":%d' % (START + number), b'"E":%d' % (START + sent_ms))

    with GapRig() as rig:
        rig.stream("trade")
        rig.bring_up_b()
        for number, sent in ((1, 10), (2, 12), (3, 11)):
            rig.give(rig.a, "trade", said(number, sent))
        for number, sent in ((1, 10), (2, 12), (3, 11), (4, 13)):
            rig.give(rig.b, "trade", said(number, sent))
        rig.give(rig.a, "trade", said(4, 13))
        assert rig.told() == [(1,), (2,), (3,), (4,)]
        assert rig.segment.counters().ids_backwards == 0


def test_a_link_whose_ids_seemed_old_is_heard_again_once_the_other_one_is_gone() -> None:
    with GapRig() as rig:
        rig.stream("trade")
        rig.bring_up_b()
        rig.give(rig.a, "trade", at(1000, 1))
        rig.give(rig.b, "trade", at(990, 9000))  # ids have begun anew; a stands still
        for number in range(991, 1005):
            rig.give(rig.b, "trade", at(number, 9000 + number))
        rig.engine.link_down(rig.b)
        for number in range(1005, 1009):  # a wakes, and was subscribed all the time
            rig.give(rig.a, "trade", at(number, 20000 + number))
        told = [told[0] for told in rig.told()]
        assert told[-4:] == [1005, 1006, 1007, 1008]


def test_a_candle_that_is_said_again_after_its_end_is_not_missing() -> None:
    with GapRig() as rig:
        rig.stream("kline_1m", Kind.KLINE)
        for payload in (candle(0, closed=True), candle(0, at=MINUTE + 5), candle(1, at=MINUTE + 9)):
            rig.give(rig.a, "kline_1m", payload)
        assert rig.segment.counters().gaps == 0


def test_a_candle_of_the_far_future_does_not_stay() -> None:
    with GapRig() as rig:
        rig.stream("kline_1m", Kind.KLINE)
        rig.give(rig.a, "kline_1m", candle(0, at=5))
        far = START + 10**6 * MINUTE
        rig.give(rig.a, "kline_1m", candle_of(far, far + MINUTE - 1, START + 6, False))
        for ms in range(7, 12):
            rig.give(rig.a, "kline_1m", candle(0, at=ms))
        cell = rig.segment.slot(SectionKind.VALUES, 0)
        last = [r for r in rig.look() if r.meta.kind == Kind.KLINE][-1]
        assert not last.meta.flags & Flag.DUPLICATE
        assert cell is not None


def test_what_a_slow_link_brings_of_the_time_before_a_restart_is_not_told_again() -> None:
    with GapRig() as rig:
        rig.stream("trade")
        rig.bring_up_b()
        old = [at(1000 + n, n) for n in range(3)]
        new = [at(900 + n, 10 + n) for n in range(3)]
        for payload in (*old, *new):
            rig.give(rig.a, "trade", payload)
        for payload in (*old, *new):  # not one of them has come over this link yet
            rig.give(rig.b, "trade", payload)
        assert rig.told() == [(1000,), (1001,), (1002,), (900,), (901,), (902,)]
        assert rig.segment.counters().gaps == 0
