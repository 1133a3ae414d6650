"""One link against a real WebSocket server."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from types import SimpleNamespace
from typing import Any, cast

import picows
import pytest

from gateway.layout import Status
from gateway.shard import link as links
from gateway.shard.dial import Dialling
from gateway.shard.pacing import Pace
from gateway.shard.subscribe import Requests
from tests.shard.line import FRAME, Line
from tests.shard.venue import PING, PONG, TEXT, refuse
from tests.waiting import until

QUOTE = (
    b'{"stream":"btcusdt@bookTicker","data":{"u":%d,"s":"BTCUSDT","b":"1","B":"1","a":"2","A":"1"}}'
)


@pytest.mark.asyncio
async def test_it_subscribes_and_hands_frames_to_the_core(line: Line) -> None:
    line.start()
    session = await line.established()
    assert session.streams == {"btcusdt@depth", "btcusdt@bookTicker"}
    session.send(TEXT, FRAME)
    await line.frames(1)
    assert line.rig.counters().frames_control == 1
    assert line.owner.acked == [0, 1]


@pytest.mark.asyncio
async def test_a_ping_is_answered_with_its_payload_and_ends_a_read_like_any_frame(
    line: Line,
) -> None:
    line.start()
    session = await line.established()
    session.received.clear()
    batches = line.rig.counters().batches
    session.send(PING, b"1795345200123")
    await until(lambda: session.received)
    assert session.received == [(PONG, b"1795345200123")]
    assert line.rig.counters().batches == batches + 1


@pytest.mark.asyncio
async def test_a_message_in_parts_is_joined_also_around_a_ping(line: Line) -> None:
    line.start()
    session = await line.established()
    session.received.clear()
    session.send(TEXT, FRAME[:30], fin=False)
    session.send(picows.WSMsgType.CONTINUATION, FRAME[30:70], fin=False)
    session.send(PING, b"now")
    session.send(picows.WSMsgType.CONTINUATION, FRAME[70:])
    session.send(TEXT, FRAME)
    await line.frames(2)
    assert line.rig.counters().fragments_joined == 1
    assert session.received == [(PONG, b"now")]


@pytest.mark.asyncio
async def test_a_binary_message_is_counted_and_not_read(line: Line) -> None:
    line.start()
    session = await line.established()
    session.send(picows.WSMsgType.BINARY, FRAME)
    session.send(TEXT, FRAME)
    await line.frames(1)
    assert line.rig.counters().frames_binary == 1


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("kind", "first_fin"),
    [(picows.WSMsgType.CONTINUATION, True), (TEXT, False)],
    ids=["a part of nothing", "a message inside another"],
)
async def test_a_broken_order_of_parts_ends_the_connection(
    line: Line, kind: picows.WSMsgType, first_fin: bool
) -> None:
    line.start()
    session = await line.established()
    if not first_fin:
        session.send(TEXT, FRAME[:30], fin=False)
    session.send(kind, FRAME)
    ending = await line.task
    assert ending.was_up
    assert line.status() == Status.DOWN


@pytest.mark.asyncio
async def test_a_frame_that_is_refused_reaches_the_shard_and_the_connection_stays(
    line: Line,
) -> None:
    line.start()
    session = await line.established()
    session.send(TEXT, b'{"stream":"btcusdt@depth","data":{"oops":1}}')
    session.send(TEXT, FRAME)
    await line.frames(1)
    assert len(line.owner.refused) == 1
    assert "down" not in line.owner.events


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "code", [picows.WSCloseCode.GOING_AWAY, picows.WSCloseCode.POLICY_VIOLATION]
)
async def test_a_close_of_the_venue_is_down_at_once_and_says_its_code(
    line: Line, code: picows.WSCloseCode
) -> None:
    line.start()
    (await line.established()).close(code)
    ending = await line.task
    assert (ending.was_up, ending.close_code) == (True, code.value)
    assert line.status() == Status.DOWN


@pytest.mark.asyncio
async def test_leaving_says_goodbye_and_the_row_can_be_used_again(line: Line) -> None:
    line.start()
    session = await line.established()
    await line.stop()
    assert line.owner.events[-1] == "down"
    await until(lambda: not session.is_up)
    assert session.received[-1] == (picows.WSMsgType.CLOSE, b"\x03\xe8")
    line.owner.events.clear()
    line.start()
    await line.established()
    assert line.status() == Status.SYNCING


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "notice",
    [
        b'{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770123456789}}',
        b'{"e":"serverShutdown","E":1770123456789}',
        b'{"event":{"e":"serverShutdown","E":1770123456789}}',
    ],
    ids=["combined", "raw", "wrapped"],
)
async def test_a_shutdown_is_told_and_the_link_stays_meanwhile(line: Line, notice: bytes) -> None:
    line.start()
    session = await line.established()
    session.send(TEXT, notice)
    await until(lambda: "shutdown" in line.owner.events)
    session.send(TEXT, FRAME)
    await line.frames(1)


@pytest.mark.asyncio
async def test_streams_come_and_go_while_it_is_up(line: Line) -> None:
    line.start()
    session = await line.established()
    line.streams["btcusdt@trade"] = 2
    line.rig.engine.add_stream("spot:btcusdt@trade", 2, 0, 0)
    line.link.subscribe(["btcusdt@trade"])
    line.link.unsubscribe(["btcusdt@depth"])
    await until(lambda: session.streams == {"btcusdt@bookTicker", "btcusdt@trade"})
    await until(lambda: line.owner.acked == [0, 1, 2])


@pytest.mark.asyncio
async def test_a_refused_name_is_counted_and_named_and_its_neighbours_come(
    line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    line.venue.malformed = {"btcusdt@oops"}
    line.streams["btcusdt@oops"] = 2
    line.start()
    session = await line.established()
    assert session.streams == {"btcusdt@depth", "btcusdt@bookTicker"}
    assert line.rig.counters().subscriptions_refused == 1
    assert "spot/public/0/a: the venue refused btcusdt@oops: code 2" in caplog.text


@pytest.mark.asyncio
async def test_a_request_without_an_answer_ends_the_connection(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.shard.subscribe.ACK_S", 0.2)
    line.venue.answers = False
    line.start()
    ending = await line.task
    assert ending.problem == "no answer to the request for btcusdt@depth, btcusdt@bookTicker"


@pytest.mark.asyncio
async def test_a_silent_link_is_pinged_and_then_dead(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.shard.liveness.SILENT_NS", 300_000_000)
    monkeypatch.setattr("gateway.shard.liveness.ANSWER_NS", 300_000_000)
    line.venue.answers_pings = False
    line.start()
    session = await line.established()
    ending = await line.task
    assert ending.problem.startswith("silent for")
    assert [kind for kind, _ in session.received] == [TEXT, PING]


@pytest.mark.asyncio
async def test_own_pings_go_out_at_their_interval(line: Line) -> None:
    line.start(how=Dialling(ping_interval_s=0.2))
    session = await line.established()
    await until(lambda: [kind for kind, _ in session.received].count(PING) >= 3)


@pytest.mark.asyncio
async def test_control_frames_are_paced_with_pings_and_pongs_among_them(line: Line) -> None:
    """The venue counts whatever we send: never more than 10 a second on futures."""
    line.start(how=Dialling(ping_interval_s=0.3), per_second=8)
    session = await line.established()
    line.requests.names_max = 1
    line.link.subscribe([f"s{number}@trade" for number in range(20)])
    for number in range(4):
        for _ in range(3):
            session.send(PING, b"%d" % number)
        await asyncio.sleep(0.5)
    await until(lambda: len(session.streams) == 22)
    assert {kind for kind, _ in session.received} == {TEXT, PING, PONG}
    for at in session.times:
        assert sum(at <= other < at + 0.95 for other in session.times) <= 10


@pytest.mark.asyncio
async def test_the_answer_to_an_earlier_drain_does_not_end_a_later_one(line: Line) -> None:
    line.venue.answers_pings = False
    line.start()
    session = await line.established()
    session.received.clear()
    session.send(TEXT, QUOTE % 1)
    await line.frames(1)
    drained = []
    for number in (1, 2):
        line.rig.engine.heartbeat(number * 10**15)  # stood still
        line.link.drain()
        await until(lambda count=number: len(session.received) == count)
        drained.append(session.received[-1])
    assert [kind for kind, _ in drained] == [PING, PING]
    session.send(PONG, drained[0][1])
    session.send(TEXT, QUOTE % 2)
    await line.frames(2)
    assert line.rig.quote().status == Status.STALE
    session.send(PONG, drained[1][1])
    session.send(TEXT, QUOTE % 3)
    await line.frames(3)
    assert line.rig.quote().status == Status.LIVE


@pytest.mark.asyncio
@pytest.mark.parametrize(("status", "body"), [(403, b"no"), (418, b"banned until 1770000090000")])
async def test_a_refused_handshake_says_how(line: Line, status: int, body: bytes) -> None:
    line.venue.refusals = [refuse(status, {"Retry-After": "7"}, body)]
    line.start()
    ending = await line.task
    assert (ending.status, ending.retry_after, ending.was_up) == (status, "7", False)
    assert ending.body == body
    assert line.owner.events == []


@pytest.mark.asyncio
async def test_a_venue_that_hangs_up_before_its_answer_is_no_crash(line: Line) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    line.start(f"ws://127.0.0.1:{port}/stream")
    assert "hung up before" in (await line.task).problem
    server.close()
    await server.wait_closed()


@pytest.mark.asyncio
async def test_a_redirect_is_not_followed(line: Line) -> None:
    elsewhere = picows.WSUpgradeResponse.create_redirect_response(302, line.venue.url("/else"))
    line.venue.refusals = [elsewhere]
    line.start()
    assert (await line.task).status == 302
    assert line.venue.attempts == ["/stream"]


@pytest.mark.asyncio
async def test_who_leaves_during_the_handshake_is_not_up_later(line: Line) -> None:
    """The venue answers after we stopped waiting: it finds nobody."""
    waiting: list[tuple[bytes, asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        waiting.append((await reader.readuntil(b"\r\n\r\n"), reader, writer))

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    line.start(f"ws://127.0.0.1:{port}/stream")
    await until(lambda: waiting)
    await line.stop()
    request, reader, writer = waiting[0]
    writer.write(upgrade(request))
    assert b"SUBSCRIBE" not in await reader.read()  # until the other side hangs up
    assert line.owner.events == []
    line.start()
    await line.established()
    writer.close()
    server.close()
    await server.wait_closed()


def upgrade(request: bytes) -> bytes:
    """RFC 6455 4.2.2."""
    fields = dict(part.split(b": ", 1) for part in request.split(b"\r\n")[1:-2])
    key = next(value for name, value in fields.items() if name.lower() == b"sec-websocket-key")
    digest = hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
        b"Sec-WebSocket-Accept: %s\r\n\r\n" % base64.b64encode(digest)
    )


@pytest.mark.asyncio
async def test_the_core_is_told_when_a_link_was_last_heard_and_only_of_one_that_was_up() -> None:
    told: list[tuple[Any, ...]] = []
    engine = SimpleNamespace(link_up=lambda row: None, link_down=lambda *said: told.append(said))
    line = links.Link(cast("Any", engine), 3, "spot/public/0/a", Dialling())
    owner = cast("Any", SimpleNamespace(on_up=lambda link: None, on_down=lambda link: None))
    session = links._Session(line, {}, Requests(), Pace(1.0), owner)
    session.on_disconnected()
    session._listener = cast("Any", SimpleNamespace(last_heard=lambda: 17))
    session.on_connected(cast("Any", SimpleNamespace()))
    session.on_disconnected()
    session.on_disconnected()
    assert told == [(3, False, 17)]
