"""Latest values of quiet streams, from the reconnect to the stream's own next event."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import picows
import pytest

from gateway import plan as wire
from gateway import refresh
from gateway.layout import QUOTE, Flag, Kind, SectionKind, Status
from gateway.shard import refreshing
from tests.model.ring import Segment, unpack
from tests.shard import events
from tests.shard.conftest import Start
from tests.shard.running import Running, array, stream
from tests.shard.venue import Venue
from tests.waiting import until

QUOTES = "ausdt@bookTicker"


pytestmark = pytest.mark.usefixtures("quick", "impatient")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refresh, "_MORE_S", 0.05)
    monkeypatch.setattr(refresh, "_PACE_S", dict.fromkeys(refresh._PACE_S, 0.0))
    monkeypatch.setattr(refreshing, "FAILED_FIRST_S", 0.05)


def value(bid: str) -> bytes:
    """A quote as REST tells it: without an id."""
    return f'{{"s":"AUSDT","b":"{bid}","B":"1.00000","a":"999.00","A":"2.00000"}}'.encode()


def answering(
    running: Running, answer: Callable[[wire.RefreshRequest], wire.RefreshReply | None]
) -> None:
    def reply(message: object) -> wire.RefreshReply | None:
        return answer(message) if isinstance(message, wire.RefreshRequest) else None

    running.answer = reply


def bid(price: str) -> Callable[[wire.RefreshRequest], wire.RefreshReply]:
    return lambda request: wire.RefreshReply(
        request.request_id, 200, {name: value(price) for name in request.streams}
    )


def quote(running: Running, row: int = 0) -> tuple[int, Status, bool]:
    """Bid, status, and whether it was fetched."""
    segment = Segment(running.shard._segment.memory)
    data = segment.slot(SectionKind.QUOTE, row)
    assert data is not None
    found = unpack(QUOTE, data)
    return found.bid_px, Status(found.status), bool(found.flags & Flag.BACKFILLED)


async def subscribed(venue: Venue, sessions: int = 1) -> None:
    await until(lambda: len(venue.sessions) >= sessions and venue.up and venue.up[0].streams)


@pytest.mark.asyncio
async def test_a_quiet_quote_is_fetched_after_a_reconnect_and_live_with_its_next_event(
    start: Start, venue: Venue, caplog: pytest.LogCaptureFixture
) -> None:
    running = start([stream(QUOTES, 0)])
    answering(running, bid("55.00"))
    await running.subscribe(b"spot:")
    await subscribed(venue)
    venue.publish(QUOTES, events.quote("AUSDT", 7))
    await until(lambda: quote(running) == (10025, Status.LIVE, False))
    running.messages()
    with caplog.at_level(logging.INFO):
        venue.up[0].close(picows.WSCloseCode.GOING_AWAY)
        await until(lambda: running.of(wire.RefreshRequest))
        await until(lambda: quote(running) == (5500, Status.SYNCING, True))
    [request] = running.of(wire.RefreshRequest)
    assert request.streams == [f"spot:{QUOTES}"]
    assert running.counter("events_backfilled") == 1
    assert "quiet streams: 1 latest values fetched" in caplog.text
    await until(lambda: (topic := [m for m in running.messages() if "B" in m[2]]) and topic)
    venue.publish(QUOTES, events.quote("AUSDT", 7))  # nothing has moved: the very same
    await until(lambda: quote(running) == (10025, Status.LIVE, False))
    assert running.counter("frames_duplicate") == running.counter("gaps") == 0
    assert len(running.of(wire.RefreshRequest)) == 1


@pytest.mark.asyncio
async def test_a_cold_start_asks_once_for_all_that_is_quiet(start: Start, venue: Venue) -> None:
    running = start([stream(f"{name}@bookTicker", n) for n, name in enumerate(("ausdt", "busdt"))])
    names = {f"spot:{name}@bookTicker": name.upper().encode() for name in ("ausdt", "busdt")}
    answering(
        running,
        lambda request: wire.RefreshReply(
            request.request_id, 200,
            {name: value("7.00").replace(b"AUSDT", symbol) for name, symbol in names.items()},
        ),
    )  # fmt: skip
    await until(lambda: quote(running, 1) == (700, Status.SYNCING, True))
    assert quote(running) == (700, Status.SYNCING, True)
    [request] = running.of(wire.RefreshRequest)
    assert set(request.streams) == set(names)


@pytest.mark.asyncio
async def test_what_moves_is_not_asked_for(start: Start, venue: Venue) -> None:
    running = start([stream(QUOTES, 0), stream("busdt@bookTicker", 1)])
    answering(running, bid("55.00"))
    await subscribed(venue)
    venue.publish(QUOTES, events.quote("AUSDT", 7))
    await until(lambda: running.of(wire.RefreshRequest))
    assert [r.streams for r in running.of(wire.RefreshRequest)] == [["spot:busdt@bookTicker"]]
    assert quote(running)[1:] == (Status.LIVE, False)


@pytest.mark.asyncio
async def test_an_event_that_comes_before_the_answer_stays(start: Start, venue: Venue) -> None:
    running = start([stream(QUOTES, 0)])
    await subscribed(venue)
    await until(lambda: running.of(wire.RefreshRequest))
    venue.publish(QUOTES, events.quote("AUSDT", 7))
    await until(lambda: quote(running)[1] is Status.LIVE)
    running.channel.send(bid("55.00")(running.of(wire.RefreshRequest)[0]))
    await until(lambda: not running.shard._calls._calls)
    await until(lambda: not running.shard._refresh._in_hand)
    assert quote(running) == (10025, Status.LIVE, False)
    assert running.counter("events_backfilled") == 0


@pytest.mark.asyncio
async def test_failures_are_asked_for_again_later(start: Start, venue: Venue) -> None:
    running = start([stream(QUOTES, 0)])
    statuses = iter((0, 503, 429))

    def answer(request: wire.RefreshRequest) -> wire.RefreshReply:
        status = next(statuses, 200)
        done = bid("55.00")(request)
        return done if status == 200 else wire.RefreshReply(request.request_id, status)

    answering(running, answer)
    await until(lambda: quote(running) == (5500, Status.SYNCING, True))
    assert len(running.of(wire.RefreshRequest)) == 4
    await asyncio.sleep(0.3)
    assert len(running.of(wire.RefreshRequest)) == 4


@pytest.mark.parametrize("status", [400, 404])
@pytest.mark.asyncio
async def test_what_is_gone_at_the_venue_is_given_up(
    start: Start, venue: Venue, status: int
) -> None:
    running = start([stream(QUOTES, 0)])
    answering(running, lambda request: wire.RefreshReply(request.request_id, status))
    await until(lambda: running.of(wire.RefreshRequest))
    await asyncio.sleep(0.3)
    assert len(running.of(wire.RefreshRequest)) == 1
    assert quote(running)[1:] == (Status.SYNCING, False)


@pytest.mark.asyncio
async def test_one_symbol_that_is_gone_does_not_cost_the_others_their_values(
    start: Start, venue: Venue
) -> None:
    running = start([stream(f"{name}@bookTicker", n) for n, name in enumerate(("ausdt", "busdt"))])

    def answer(request: wire.RefreshRequest) -> wire.RefreshReply:
        is_bad = "spot:busdt@bookTicker" in request.streams
        return wire.RefreshReply(request.request_id, 400) if is_bad else bid("55.00")(request)

    answering(running, answer)
    await until(lambda: quote(running) == (5500, Status.SYNCING, True))
    await until(lambda: len(running.of(wire.RefreshRequest)) == 3)
    assert quote(running, 1)[1:] == (Status.SYNCING, False)


@pytest.mark.asyncio
async def test_rows_of_an_array_are_refreshed_too(start: Start, venue: Venue) -> None:
    running = start([array("!miniTicker@arr", Kind.MINI_TICKER, (0, 1))])
    await until(lambda: running.of(wire.RefreshRequest))
    [request] = running.of(wire.RefreshRequest)
    assert set(request.streams) == {"spot:ausdt@miniTicker", "spot:busdt@miniTicker"}


@pytest.mark.asyncio
async def test_nothing_is_asked_for_where_it_is_not_wanted(start: Start, venue: Venue) -> None:
    running = start([stream(QUOTES, 0), stream("busdt@trade", 1)], backfill=False)
    await subscribed(venue)
    await asyncio.sleep(0.3)
    assert running.of(wire.RefreshRequest) == []


@pytest.mark.asyncio
async def test_another_subscription_does_not_ask_for_the_others_again(
    start: Start, venue: Venue
) -> None:
    running = start([stream(QUOTES, 0)])
    answering(running, bid("55.00"))
    await until(lambda: quote(running)[2])
    await running.change(wire.PlanChange(1, add=[stream("busdt@bookTicker", 1)]))
    await until(lambda: len(running.of(wire.RefreshRequest)) == 2)
    assert [r.streams for r in running.of(wire.RefreshRequest)] == [
        [f"spot:{QUOTES}"], ["spot:busdt@bookTicker"],
    ]  # fmt: skip
