"""A connection's links from one session to the next: permits, refusals, addresses, silence."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import picows
import pytest
import pytest_asyncio

from gateway import plan as wire
from gateway.layout import Market, RowState, Status
from gateway.shard import silence
from tests.shard import events
from tests.shard.conftest import Start
from tests.shard.running import Running, stream
from tests.shard.venue import Session, Venue, refuse
from tests.waiting import until

QUOTE, TRADE = "ausdt@bookTicker", "ausdt@trade"
NOBODY = "ws://127.0.0.1:1/stream"


async def subscribed(venue: Venue, number: int = 1) -> Session:
    """The session with this number, once it has subscribed."""
    await until(lambda: len(venue.sessions) >= number and venue.sessions[number - 1].streams)
    return venue.sessions[number - 1]


@pytest_asyncio.fixture
async def quotes(venue: Venue) -> AsyncIterator[None]:
    """The venue keeps publishing quotes."""

    async def publish() -> None:
        number = 0
        while True:
            await asyncio.sleep(0.01)
            number += 1
            venue.publish(QUOTE, events.quote("AUSDT", number))

    task = asyncio.ensure_future(publish())
    yield
    task.cancel()


def status(running: Running, name: str = QUOTE) -> Status:
    return running.stream_status(f"spot:{name}")


@pytest.mark.asyncio
@pytest.mark.usefixtures("quick", "quotes")
async def test_a_lost_connection_is_down_at_once_and_comes_back(
    venue: Venue, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    running = start([stream(QUOTE, 0)])
    session = await subscribed(venue)
    await until(lambda: status(running) is Status.LIVE)
    session.close(picows.WSCloseCode.GOING_AWAY)
    await until(lambda: status(running) is Status.DOWN)
    await subscribed(venue, 2)
    await until(lambda: status(running) is Status.LIVE)
    assert "spot/public/0/a: closed by the venue, code 1001" in caplog.text


@pytest.mark.asyncio
@pytest.mark.usefixtures("quick")
async def test_no_handshake_without_a_permit(venue: Venue, start: Start) -> None:
    running = start([stream(QUOTE, 0)])
    running.permits = False
    await until(lambda: running.of(wire.ConnectRequest))
    [request] = running.of(wire.ConnectRequest)
    assert request.host == f"127.0.0.1:{venue.port}"
    running.channel.send(wire.ConnectReply(request.request_id, 0.1))
    await until(lambda: len(running.of(wire.ConnectRequest)) == 2)
    assert venue.attempts == []
    running.channel.send(wire.ConnectReply(running.of(wire.ConnectRequest)[1].request_id, 0.0))
    session = await subscribed(venue)
    session.close(picows.WSCloseCode.GOING_AWAY)
    await until(lambda: len(running.of(wire.ConnectRequest)) == 3)
    assert len(venue.attempts) == 1


@pytest.mark.asyncio
@pytest.mark.usefixtures("quick")
async def test_an_address_that_cannot_be_reached_gives_way_to_the_next(
    venue: Venue, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    start([stream(QUOTE, 0)], urls=(NOBODY, venue.url("/other")))
    assert (await subscribed(venue)).path == "/other"
    assert f"({NOBODY}), connecting again in" in caplog.text


@pytest.mark.asyncio
@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("status", "headers", "body", "seconds"),
    [
        (429, {"Retry-After": "7"}, b"", 7.0),
        (429, {}, b"", 300.0),
        (418, {"Retry-After": "120"}, b"", 120.0),
        (403, {}, b"", 900.0),
        (451, {}, b"", 900.0),
    ],
)
async def test_a_refusal_holds_the_host_and_the_supervisor_hears_of_it(
    venue: Venue, start: Start, status: int, headers: dict[str, str], body: bytes, seconds: float
) -> None:
    venue.refusals = [refuse(status, headers, body)]
    running = start([stream(QUOTE, 0)])
    await until(lambda: running.of(wire.Refused))
    assert running.of(wire.Refused) == [wire.Refused(f"127.0.0.1:{venue.port}", status, seconds)]
    await asyncio.sleep(0.3)  # ten times as long as ordinary back-off takes here
    assert len(venue.attempts) == 1


@pytest.mark.asyncio
@pytest.mark.usefixtures("quick")
async def test_a_server_error_is_weather(venue: Venue, start: Start) -> None:
    venue.refusals = [refuse(503), refuse(502), refuse(500)]
    running = start([stream(QUOTE, 0)])
    await subscribed(venue)
    assert running.of(wire.Refused) == []
    assert len(venue.attempts) == 4


@pytest.mark.asyncio
@pytest.mark.usefixtures("quick")
async def test_a_close_for_our_own_fault_is_not_answered_at_once(
    venue: Venue, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    start([stream(QUOTE, 0)])
    (await subscribed(venue)).close(picows.WSCloseCode.POLICY_VIOLATION)
    await until(lambda: "code 1008" in caplog.text)
    assert "connecting again in 30.0 s" in caplog.text
    await asyncio.sleep(0.3)
    assert len(venue.attempts) == 1


@pytest.mark.asyncio
@pytest.mark.usefixtures("quick", "quotes")
@pytest.mark.parametrize("redundancy", [1, 2])
async def test_a_route_that_acks_and_stays_silent_is_left_for_the_one_that_delivers(
    venue: Venue, start: Start, redundancy: int, caplog: pytest.LogCaptureFixture
) -> None:
    venue.mute_paths = {"/stream"}
    urls = (venue.url("/stream"), venue.url("/market/stream"))
    running = start([stream(QUOTE, 0, expected_ms=250)], urls=urls, redundancy=redundancy)
    await until(lambda: status(running) is Status.LIVE)
    assert (
        "acknowledged but nothing came for 3 s on spot/public/0: spot:ausdt@bookTicker"
        in caplog.text
    )
    expected = ["/market/stream"] * redundancy
    await until(lambda: [session.path for session in venue.up] == expected)
    # It is remembered: whoever comes next goes there.
    count = len(venue.attempts)
    venue.up[0].close(picows.WSCloseCode.GOING_AWAY)
    await until(lambda: len(venue.attempts) > count)
    assert venue.attempts[-1] == "/market/stream"


@pytest.mark.asyncio
@pytest.mark.usefixtures("quick", "quotes")
async def test_one_silent_stream_gets_a_new_link_and_its_neighbours_notice_nothing(
    venue: Venue, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    urls = (venue.url("/one"), venue.url("/two"))
    running = start([stream(QUOTE, 0), stream(TRADE, 0, expected_ms=100)], urls=urls)
    await until(lambda: running.counter("streams_silent") == 1)
    assert status(running, TRADE) is Status.STALE
    await until(lambda: running.counter("rotations") == 1)
    assert venue.attempts == ["/one", "/one"]  # half of the streams come: it is not the address
    assert status(running) is Status.LIVE
    assert running.counter("gaps") == 0
    line = next(text for text in caplog.messages if "nothing came" in text)
    assert line == "acknowledged but nothing came for 3 s on spot/public/0: spot:ausdt@trade"
    assert wire.FellSilent(Market.SPOT) in running.of(wire.FellSilent)
    venue.publish(TRADE, events.trade("AUSDT", 1))
    await until(lambda: status(running, TRADE) is Status.LIVE)


@pytest.mark.asyncio
@pytest.mark.usefixtures("quick", "quotes")
async def test_a_stream_that_came_back_with_its_new_link_asks_for_no_other(
    venue: Venue, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(silence, "PAUSE_FIRST_S", 0.3)
    running = start([stream(QUOTE, 0), stream(TRADE, 0, expected_ms=100)])
    await subscribed(venue, 2)
    venue.publish(TRADE, events.trade("AUSDT", 1))
    await until(lambda: running.counter("rotations") == 1)
    for number in range(2, 100):
        venue.publish(TRADE, events.trade("AUSDT", number))
        await asyncio.sleep(0.02)
    assert len(venue.attempts) == 2


@pytest.mark.asyncio
@pytest.mark.usefixtures("quick", "quotes")
async def test_no_link_is_replaced_for_a_stream_of_a_halted_instrument(
    venue: Venue, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its stream fell silent before the venue said why."""
    monkeypatch.setattr(silence, "PAUSE_FIRST_S", 2.0)
    running = start([stream(QUOTE, 0), stream("busdt@trade", 1, expected_ms=100)])
    await until(lambda: running.counter("rotations") == 1)
    await until(lambda: running.counter("streams_silent") == 2)
    running.channel.send(wire.PlanChange(1, halted=[(1, True)]))
    await until(lambda: status(running, "busdt@trade") is Status.HALTED)
    await asyncio.sleep(3.0)
    assert running.counter("rotations") == 1


@pytest.mark.asyncio
@pytest.mark.usefixtures("quick", "quotes")
async def test_a_new_link_that_cannot_be_had_leaves_the_old_one_working(
    venue: Venue, start: Start
) -> None:
    running = start([stream(QUOTE, 0)], rotate_after_s=0.3)
    await subscribed(venue)
    venue.refusals = [refuse(503) for _ in range(5)]
    await until(lambda: not venue.refusals)
    assert running.counter("rotations") == 0
    assert status(running) is Status.LIVE
    await until(lambda: running.counter("rotations") == 1)
    assert status(running) is Status.LIVE


@pytest.mark.asyncio
@pytest.mark.usefixtures("quick", "quotes")
async def test_a_link_that_was_replaced_waits_for_the_next_rotation(
    venue: Venue, start: Start
) -> None:
    running = start([stream(QUOTE, 0)], rotate_after_s=1.0)
    await subscribed(venue)
    assert [running.link_state(side) for side in (0, 1)] == [RowState.ACTIVE, RowState.IDLE]
    await until(lambda: running.counter("rotations") == 1)
    await until(lambda: running.link_state(0) is RowState.IDLE)
    assert running.link_state(1) is RowState.ACTIVE


@pytest.mark.asyncio
async def test_stopping_says_goodbye_on_every_link(venue: Venue, start: Start) -> None:
    running = start([stream(QUOTE, 0)], redundancy=2)
    await until(lambda: len([s for s in venue.up if s.streams]) == 2)
    running.channel.send(wire.Stop())
    await running.task
    await until(lambda: not venue.up)
    assert {session.received[-1] for session in venue.sessions} == {
        (picows.WSMsgType.CLOSE, b"\x03\xe8")
    }
