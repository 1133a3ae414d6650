"""Latest values fetched for quiet streams: shown, flagged, never LIVE, never before newer ones."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from gateway import layout
from gateway.core.engine import FrameClass
from gateway.layout import Flag, Kind, Market, Reason, SectionKind, Status
from tests.core.rig import Rig
from tests.core.test_engine_rows import Sent
from tests.model.ring import unpack

STREAM = 1  # row of the bookTicker
T0 = 1_795_345_200_000


@pytest.fixture(params=(Market.SPOT, Market.USDM))
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    with Rig(request.param) as made:
        made.engine.acked(made.connection, [0, STREAM])
        yield made


@pytest.fixture
def spot() -> Iterator[Rig]:
    with Rig() as made:
        yield made


@pytest.fixture
def usdm() -> Iterator[Rig]:
    with Rig(Market.USDM) as made:
        yield made


def quote(number: int | None, bid: str = "10.00", ask: str = "10.01", at: int | None = None) -> str:
    head = "" if number is None else f'"u":{number},'
    timed = "" if at is None else f'"T":{at},'
    return f'{{{head}{timed}"s":"BTCUSDT","b":"{bid}","B":"1.00","a":"{ask}","A":"2.00"}}'


def give(rig: Rig, payload: str, suffix: str = "bookTicker") -> None:
    frame = f'{{"stream":"btcusdt@{suffix}","data":{payload}}}'
    assert rig.frame(frame.encode()) is FrameClass.DATA


def refresh(rig: Rig, payload: str, asked: int | None = None, stream: int = STREAM) -> str:
    return rig.engine.refresh(
        stream, payload.encode(), time.monotonic_ns() if asked is None else asked
    )


def reconnect(rig: Rig) -> None:
    rig.engine.link_down(rig.connection)
    rig.engine.link_up(rig.connection)


def test_a_value_is_shown_as_back_filled_and_live_comes_with_the_stream(rig: Rig) -> None:
    give(rig, quote(7))
    reconnect(rig)
    assert rig.engine.refresh_wanted(STREAM)
    assert refresh(rig, quote(9, "11.00", "11.02")) == "OK"
    shown = rig.quote()
    assert (shown.bid_px, shown.ask_px, shown.update_id) == (1100, 1102, 9)
    assert (shown.status, shown.reason) == (Status.SYNCING, Reason.CONNECTED)
    assert shown.flags & Flag.BACKFILLED
    give(rig, quote(9, "11.00", "11.02"))  # the very event that REST has told: it is no duplicate
    shown = rig.quote()
    assert (shown.status, shown.update_id) == (Status.LIVE, 9)
    assert not shown.flags & Flag.BACKFILLED
    counters = rig.counters()
    assert (counters.events_backfilled, counters.frames_duplicate, counters.gaps) == (1, 0, 0)
    assert not rig.engine.refresh_wanted(STREAM)


def test_it_has_the_next_number_in_ring_raw_and_topics(spot: Rig) -> None:
    sent = Sent()
    spot.engine.set_publisher(sent.address, 1, 2)
    spot.engine.set_wanted(STREAM, True, True)
    give(spot, quote(7))
    reconnect(spot)
    sent.messages.clear()
    raw = spot.segment.ring(SectionKind.RAW)
    list(raw.read())
    assert refresh(spot, quote(None, "11.00", "11.02")) == "OK"
    binary = [message for message in sent.messages if message[1].startswith(b"bin:")]
    assert len(binary) == 1
    sent.messages = [message for message in sent.messages if message not in binary]
    payload = quote(None, "11.00", "11.02").encode()
    assert sent.json() == [("spot:btcusdt@bookTicker", 2, "B", payload)]
    assert [r.meta.sequence for r in raw.read()] == [2]
    give(spot, quote(8))
    assert spot.quote().sequence == 3


def test_the_age_of_a_refreshed_value_is_new(rig: Rig) -> None:
    give(rig, quote(7))
    before = rig.quote().mono_recv
    reconnect(rig)
    asked = time.monotonic_ns()
    assert refresh(rig, quote(7), asked) == "OK"
    assert rig.quote().mono_recv >= asked > before


def test_what_came_since_it_was_asked_for_is_newer(rig: Rig) -> None:
    reconnect(rig)
    asked = time.monotonic_ns()
    give(rig, quote(7))
    reconnect(rig)  # it is SYNCING again, and the answer is of the time before
    assert refresh(rig, quote(9), asked) == "DUPLICATE"
    assert (rig.quote().update_id, rig.counters().events_backfilled) == (7, 0)


@pytest.mark.parametrize(
    ("number", "at", "result"),
    [
        (8, T0 + 1, "OK"),
        (7, T0, "OK"),
        (6, T0 + 1, "DUPLICATE"),  # a host that is behind
        (6, T0 + 1001, "OK"),  # so much later: ids began anew
        (8, T0 - 1, "OK"),  # ids decide
        (None, T0 - 1, "DUPLICATE"),
        (None, T0, "OK"),
        (6, None, "DUPLICATE"),
    ],
)
def test_ids_decide_and_then_times(
    usdm: Rig, number: int | None, at: int | None, result: str
) -> None:
    give(usdm, quote(7, at=T0))
    reconnect(usdm)
    assert refresh(usdm, quote(number, at=at)) == result


def test_a_new_slot_takes_any_value(rig: Rig) -> None:
    assert rig.quote().status == Status.SYNCING
    assert refresh(rig, quote(3)) == "OK"
    assert (rig.quote().status, rig.quote().update_id) == (Status.SYNCING, 3)


def test_a_silent_stream_stays_stale(rig: Rig) -> None:
    give(rig, quote(7))
    rig.engine.set_limits(1, 3_000_000_000)
    rig.frame(b'{"stream":"btcusdt@bookTicker","data":{}}')  # cannot be read
    assert rig.quote().status == Status.STALE
    assert refresh(rig, quote(9)) == "OK"
    assert (rig.quote().status, rig.quote().update_id) == (Status.STALE, 9)


def test_nobody_wants_a_value_of_what_is_live_down_halted_or_gone(rig: Rig) -> None:
    give(rig, quote(7))
    assert refresh(rig, quote(9)) == "UNWANTED"
    rig.engine.link_down(rig.connection)
    assert refresh(rig, quote(9)) == "UNWANTED"
    rig.engine.link_up(rig.connection)
    rig.engine.set_halted(rig.row, True)
    assert refresh(rig, quote(9)) == "UNWANTED"
    rig.engine.set_halted(rig.row, False)
    assert rig.engine.refresh_wanted(STREAM)
    assert not rig.engine.refresh_wanted(0)  # a book has its snapshot
    rig.engine.remove_stream(STREAM)
    assert refresh(rig, quote(9)) == "UNWANTED"
    assert rig.counters().events_backfilled == 0


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        (quote(9, "10.01", "10.01"), "RANGE"),  # no market
        (quote(9, "10.001"), "INEXACT"),
        (quote(9).replace("BTCUSDT", "ETHUSDT"), "MISMATCH"),
        ('{"s":"BTCUSDT","b":"1.00","B":"1.00","a":"2.00"}', "MISSING"),
        ("{", "TRUNCATED"),
    ],
)
def test_what_cannot_be_read_changes_nothing(spot: Rig, payload: str, error: str) -> None:
    give(spot, quote(7))
    reconnect(spot)
    before = spot.quote()
    assert error in refresh(spot, payload)
    assert spot.quote() == before
    assert spot.counters().events_backfilled == 0


def test_a_stream_alone_must_have_its_id(spot: Rig) -> None:
    frame = f'{{"stream":"btcusdt@bookTicker","data":{quote(None)}}}'
    assert spot.frame(frame.encode()) is FrameClass.REFUSED


TICKER = (
    '{"e":"24hrTicker","E":%d,"s":"BTCUSDT","p":"1.00","P":"1.0","w":"1.0","c":"%s","Q":"1.00",'
    '"o":"1.00","h":"9.00","l":"1.00","v":"1","q":"1","O":1,"C":%d,"F":1,"L":%d,"n":9}'
)
MINI = (
    '{"e":"24hrMiniTicker","E":%d,"s":"BTCUSDT","c":"%s","o":"1.00","h":"9.00","l":"1.00",'
    '"v":"1","q":"1"}'
)
MARK = '{"e":"markPriceUpdate","E":%d,"s":"BTCUSDT","p":"%s","i":"1.0","P":"1.0","r":"","T":0}'


def stream_of(rig: Rig, suffix: str, kind: Kind) -> int:
    name = f"usdm:btcusdt@{suffix}"
    return rig.engine.add_stream(name, kind, rig.row, rig.connection)


def ticker(at: int, price: str) -> str:
    return TICKER % (at, price, at, 5)


def mini(at: int, price: str) -> str:
    return MINI % (at, price)


def mark(at: int, price: str) -> str:
    return MARK % (at, price)


@pytest.mark.parametrize(
    ("suffix", "kind", "slot", "table", "write"),
    [
        ("ticker", Kind.TICKER, SectionKind.TICKER, layout.TICKER, ticker),
        ("miniTicker", Kind.MINI_TICKER, SectionKind.TICKER, layout.TICKER, mini),
        ("markPrice", Kind.MARK_PRICE, SectionKind.MARK_PRICE, layout.MARK, mark),
    ],
)
def test_statistics_and_mark_prices_are_judged_by_their_time(
    usdm: Rig, suffix: str, kind: Kind, slot: SectionKind, table: Any, write: Any
) -> None:
    row = stream_of(usdm, suffix, kind)
    give(usdm, write(T0, "1.00"), suffix)
    reconnect(usdm)
    assert refresh(usdm, write(T0 - 1, "2.00"), stream=row) == "DUPLICATE"
    assert refresh(usdm, write(T0, "3.00"), stream=row) == "OK"
    assert refresh(usdm, write(T0 + 1, "4.00"), stream=row) == "OK"
    shown = unpack(table, usdm.segment.slot(slot, usdm.row))
    assert (shown.status, shown.kind) == (Status.SYNCING, kind)
    assert shown.flags & Flag.BACKFILLED
    give(usdm, write(T0 + 2, "5.00"), suffix)
    shown = unpack(table, usdm.segment.slot(slot, usdm.row))
    assert (shown.status, shown.flags & Flag.BACKFILLED) == (Status.LIVE, 0)


def test_only_the_stream_that_feeds_a_slot_is_refreshed(usdm: Rig) -> None:
    small = stream_of(usdm, "miniTicker", Kind.MINI_TICKER)
    whole = stream_of(usdm, "ticker", Kind.TICKER)
    assert usdm.engine.refresh_wanted(whole)
    assert not usdm.engine.refresh_wanted(small)
    assert refresh(usdm, mini(T0, "1.00"), stream=small) == "UNWANTED"
