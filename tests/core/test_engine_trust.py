"""Ways in which a book or quote could be shown as LIVE though it is not the venue's."""

from __future__ import annotations

import time

import pytest

from gateway.core.engine import FrameClass, SnapshotResult
from gateway.layout import Kind, Market, Reason, Status
from tests.core.rig import Rig, diff_frame
from tests.model.sequencing import Diff, Snapshot

BIDS, ASKS = ((90, 5), (89, 5)), ((110, 5), (111, 5))
SECOND = 10**9


def diff(number: int, *bids: tuple[int, int]) -> Diff:
    return Diff(number, number, number - 1, bids)


def snapshot(update_id: int) -> Snapshot:
    return Snapshot(update_id, BIDS, ASKS)


def live_at(rig: Rig, update_id: int) -> None:
    rig.diff(diff(update_id))
    rig.snapshot(snapshot(update_id - 1))
    assert rig.status() == Status.LIVE


@pytest.mark.parametrize("market", [Market.SPOT, Market.USDM])
def test_events_behind_a_snapshot_do_not_make_it_live(market: Market) -> None:
    """The venue's ids restarted lower than a cached REST answer: nothing of it is the present."""
    with Rig(market) as rig:
        for number in (5, 6, 7):
            rig.diff(diff(number))
        assert rig.snapshot(snapshot(1000)) is SnapshotResult.HELD
        for number in range(8, 60):
            rig.diff(diff(number))
            assert rig.status() != Status.LIVE


def test_a_snapshot_the_stream_never_reaches_is_thrown_away() -> None:
    with Rig() as rig:
        rig.diff(diff(5))
        rig.snapshot(snapshot(1000))
        rig.diff(diff(6))
        assert rig.wanted == []
        late = time.monotonic_ns() + 11 * SECOND
        rig.engine.heartbeat(late, time.time_ns())
        rig.engine.frame(0, diff_frame("btcusdt@depth", "BTCUSDT", diff(7), False), late)
        rig.settle()
        assert rig.wanted == [rig.row]
        assert rig.status() != Status.LIVE


def test_after_a_crossed_event_an_older_snapshot_is_not_live() -> None:
    with Rig() as rig:
        live_at(rig, 10)
        rig.diff(diff(11, (120, 1)))
        assert rig.status() == Status.GAPPED
        assert rig.snapshot(snapshot(9)) is SnapshotResult.HELD
        rig.diff(diff(12))
        assert rig.status() != Status.LIVE
        rig.snapshot(snapshot(12))
        assert rig.status() == Status.LIVE


def test_an_unreadable_event_while_waiting_is_not_jumped_over() -> None:
    with Rig() as rig:
        rig.diff(diff(10))
        broken = b'{"stream":"btcusdt@depth","data":{"e":"depthUpdate","U":11,"u":11,"b":[["0.9'
        assert rig.frame(broken) is FrameClass.REFUSED
        assert rig.wanted
        assert rig.snapshot(snapshot(9)) is SnapshotResult.HELD
        rig.diff(diff(12))
        assert rig.status() != Status.LIVE


def test_an_unreadable_event_of_a_live_book_asks_for_a_snapshot_at_once() -> None:
    with Rig() as rig:
        live_at(rig, 10)
        rig.wanted.clear()
        rig.frame(b'{"stream":"btcusdt@depth","data":{"oops":1}}')
        assert (rig.status(), rig.wanted) == (Status.GAPPED, [rig.row])


def test_ids_that_restart_while_waiting_do_not_wait_for_ever() -> None:
    with Rig() as rig:
        rig.diff(diff(1000))
        for number in range(5, 20):
            rig.diff(diff(number))
        assert rig.snapshot(snapshot(15)) is SnapshotResult.LIVE


def test_records_of_a_stream_keep_their_order_around_an_unreadable_one() -> None:
    """The rig's follower checks each stream's numbers: no hole, none out of order."""
    with Rig() as rig:
        rig.diff(diff(10))
        rig.diff(diff(11))
        rig.frame(b'{"stream":"btcusdt@depth","data":{"oops":1}}')
        rig.diff(diff(13))
        rig.snapshot(snapshot(12))
        assert rig.follower.kinds[Kind.UNREADABLE] == 1
        assert rig.status() == Status.LIVE


QUOTE = (
    b'{"stream":"btcusdt@bookTicker","data":'
    b'{"u":%d,"s":"BTCUSDT","b":"%s","B":"1","a":"%s","A":"1"}}'
)


@pytest.mark.parametrize(
    "broken",
    [
        b'{"data":{"u":8,"s":"BTCUSDT"},"stream":"btcusdt@bookTick',
        b'{"stream":"btcusdt@bookTicker"}',
        b"\xff\xfe",
    ],
    ids=["cut before its stream's name", "without data", "not UTF-8"],
)
def test_a_frame_that_may_have_been_a_streams_leaves_it_not_live(broken: bytes) -> None:
    with Rig() as rig:
        rig.frame(QUOTE % (7, b"0.90", b"1.10"))
        assert quote_status(rig) == Status.LIVE
        assert rig.frame(broken) is FrameClass.REFUSED
        assert quote_status(rig) == Status.STALE
        rig.frame(QUOTE % (8, b"0.90", b"1.10"))
        assert quote_status(rig) == Status.LIVE


def quote_status(rig: Rig) -> int:
    status: int = rig.quote().status
    return status


def test_a_crossed_quote_is_not_live() -> None:
    with Rig() as rig:
        rig.frame(QUOTE % (7, b"1.10", b"1.10"))
        assert (quote_status(rig), rig.quote().bid_px) == (Status.STALE, 110)
        rig.frame(QUOTE % (8, b"0.00", b"1.10"))  # an empty side
        assert quote_status(rig) == Status.LIVE
        assert rig.frame(QUOTE % (9, b"-0.90", b"1.10")) is FrameClass.REFUSED


def test_a_snapshot_that_comes_right_after_a_stall_is_not_live() -> None:
    with Rig() as rig:
        now = time.monotonic_ns()
        rig.engine.heartbeat(now - 5 * SECOND, time.time_ns())
        rig.engine.frame(0, b'{"result":null,"id":1}', now - 5 * SECOND)
        rig.diff(diff(10))
        rig.snapshot(snapshot(9))
        assert rig.counters().stalls == 1
        assert rig.status() == Status.STALE


def test_a_snapshot_with_rubbish_behind_it_is_refused() -> None:
    with Rig() as rig:
        rig.diff(diff(10))
        body = b'{"lastUpdateId":9,"bids":[["0.90","1"]],"asks":[["1.10","1"]]}garbage'
        result, error = rig.engine.snapshot(rig.row, body)
        assert (result, error) == (SnapshotResult.UNREADABLE, "SYNTAX")


def test_a_stalled_slot_says_why() -> None:
    with Rig() as rig:
        live_at(rig, 10)
        now = time.monotonic_ns()
        rig.engine.heartbeat(now + 3 * SECOND, time.time_ns())
        rig.settle()
        assert rig.book()[0].reason == Reason.STALLED


def test_a_silent_book_whose_events_come_again_waits_for_its_snapshot() -> None:
    with Rig() as rig:
        rig.engine.acked(rig.connection, [0, 1])
        now = time.monotonic_ns()
        for second in range(40):
            rig.engine.heartbeat(now + second * SECOND, time.time_ns())
        rig.settle()
        assert (rig.status(), rig.book()[0].reason) == (Status.STALE, Reason.SILENT)
        rig.diff(diff(1))
        assert (rig.status(), rig.book()[0].reason) == (Status.SYNCING, Reason.FIRST_DATA)
        rig.snapshot(snapshot(1))
        assert rig.status() == Status.LIVE
