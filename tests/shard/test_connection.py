"""One connection against a real WebSocket server, with and without TLS."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import orjson
import picows
import pytest
import pytest_asyncio

from gateway.layout import Status
from gateway.plan import PlanConnection
from gateway.shard.connection import Connection
from gateway.shard.worker import make_tls
from tests.core.rig import Rig, diff_frame
from tests.model.sequencing import Diff

WATCHDOG_S = 20.0
TEXT, PING = picows.WSMsgType.TEXT, picows.WSMsgType.PING
FRAME = diff_frame("btcusdt@depth", "BTCUSDT", Diff(1, 2, 0, ((90, 1),)), False)


class Venue(picows.WSListener):
    """The other end: remembers what came and says what the test tells it to."""

    def __init__(self) -> None:
        super().__init__()
        self.transport: picows.WSTransport | None = None
        self.received: list[tuple[picows.WSMsgType, bytes]] = []
        self.sessions = 0

    def on_ws_connected(self, transport: picows.WSTransport) -> None:
        self.transport = transport
        self.sessions += 1

    def on_ws_disconnected(self, transport: picows.WSTransport) -> None:
        self.transport = None

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        self.received.append((frame.msg_type, frame.get_payload_as_bytes()))

    def send(self, kind: picows.WSMsgType, payload: bytes, fin: bool = True) -> None:
        assert self.transport is not None
        self.transport.send(kind, payload, fin=fin)


class Owner:
    """Stands in for the shard."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.subscribed = 0
        self.lost = 0
        self.refused: list[bytes] = []

    def on_notices(self) -> None:
        self.rig.engine.notices()

    def on_subscribed(self, row: int) -> None:
        self.subscribed += 1

    def on_lost(self, row: int) -> None:
        self.lost += 1

    def on_refused(self, row: int, frame: bytes) -> None:
        self.refused.append(frame)


class Line:
    """A venue, a connection to it, and an engine behind that."""

    def __init__(self, venue: Venue, rig: Rig, url: str, tls: ssl.SSLContext | None) -> None:
        self.venue, self.rig, self.owner = venue, rig, Owner(rig)
        names = ["btcusdt@depth", "btcusdt@bookTicker"]
        plan = PlanConnection("spot/public/0", rig.market, url, 1000)
        self.connection = Connection(rig.engine, 0, plan, names, self.owner)
        self.task = asyncio.ensure_future(self.connection.run(tls))

    async def until(self, what: Callable[[], object]) -> None:
        async with asyncio.timeout(WATCHDOG_S):
            while not what():  # noqa: ASYNC110  what is waited for has no event
                await asyncio.sleep(0.005)

    async def established(self) -> None:
        """Connected and subscribed."""
        await self.until(lambda: TEXT in dict(self.venue.received))
        request = orjson.loads(dict(self.venue.received)[TEXT])
        self.venue.received.clear()
        assert request["params"] == ["btcusdt@depth", "btcusdt@bookTicker"]
        self.venue.send(TEXT, b'{"result":null,"id":%d}' % request["id"])
        await self.until(lambda: self.owner.subscribed)

    def status(self) -> int:
        self.rig.settle()
        return self.rig.status()

    async def frames(self, count: int) -> None:
        await self.until(lambda: self.rig.counters().frames_data == count)


async def serve(tls: ssl.SSLContext | None = None) -> tuple[Venue, asyncio.Server, int]:
    venue = Venue()
    server = await picows.ws_create_server(
        lambda request: venue, "127.0.0.1", 0, ssl=tls, enable_auto_pong=False
    )
    return venue, server, server.sockets[0].getsockname()[1]


async def stop(line: Line, server: asyncio.Server) -> None:
    line.connection.close()
    line.task.cancel()
    await asyncio.wait((line.task,))
    server.close()
    await server.wait_closed()
    await asyncio.sleep(0.01)  # the transports and the listening socket close in the next turns


@pytest_asyncio.fixture
async def line() -> AsyncIterator[Line]:
    venue, server, port = await serve()
    with Rig() as rig:
        made = Line(venue, rig, f"ws://127.0.0.1:{port}/stream", None)
        yield made
        await stop(made, server)


@pytest.mark.asyncio
async def test_it_subscribes_and_hands_frames_to_the_core(line: Line) -> None:
    await line.established()
    line.venue.send(TEXT, FRAME)
    await line.frames(1)
    assert line.rig.counters().frames_control == 1


@pytest.mark.asyncio
async def test_a_ping_is_answered_with_its_payload_and_ends_a_read_like_any_frame(
    line: Line,
) -> None:
    await line.established()
    batches = line.rig.counters().batches
    line.venue.send(PING, b"1795345200123")
    await line.until(lambda: line.venue.received)
    assert line.venue.received == [(picows.WSMsgType.PONG, b"1795345200123")]
    assert line.rig.counters().batches == batches + 1


@pytest.mark.asyncio
async def test_a_message_in_parts_is_joined_also_around_a_ping(line: Line) -> None:
    await line.established()
    line.venue.send(TEXT, FRAME[:30], fin=False)
    line.venue.send(picows.WSMsgType.CONTINUATION, FRAME[30:70], fin=False)
    line.venue.send(PING, b"now")
    line.venue.send(picows.WSMsgType.CONTINUATION, FRAME[70:])
    line.venue.send(TEXT, FRAME)
    await line.frames(2)
    assert line.rig.counters().fragments_joined == 1
    assert line.venue.received == [(picows.WSMsgType.PONG, b"now")]


@pytest.mark.asyncio
async def test_a_binary_message_is_counted_and_not_read(line: Line) -> None:
    await line.established()
    line.venue.send(picows.WSMsgType.BINARY, FRAME)
    line.venue.send(TEXT, FRAME)
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
    await line.established()
    if not first_fin:
        line.venue.send(TEXT, FRAME[:30], fin=False)
    line.venue.send(kind, FRAME)
    await line.until(lambda: line.owner.lost)
    assert line.status() == Status.DOWN


@pytest.mark.asyncio
async def test_a_frame_that_is_refused_reaches_the_shard_and_the_connection_stays(
    line: Line,
) -> None:
    await line.established()
    line.venue.send(TEXT, b'{"stream":"btcusdt@depth","data":{"oops":1}}')
    line.venue.send(TEXT, FRAME)
    await line.frames(1)
    assert len(line.owner.refused) == 1
    assert line.owner.lost == 0


@pytest.mark.asyncio
async def test_a_closed_connection_is_down_at_once_and_comes_back(line: Line) -> None:
    await line.established()
    assert line.venue.transport is not None
    line.venue.transport.send_close(picows.WSCloseCode.GOING_AWAY)
    await line.until(lambda: line.owner.lost)
    assert line.status() == Status.DOWN
    await line.until(lambda: line.venue.sessions == 2)
    await line.established()
    assert line.status() == Status.SYNCING


@pytest.mark.asyncio
async def test_server_shutdown_makes_it_leave(line: Line) -> None:
    await line.established()
    notice = b'{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770123456789}}'
    line.venue.send(TEXT, notice)
    await line.until(lambda: line.owner.lost)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed: TLS is not tested")
    folder = tmp_path_factory.mktemp("tls")
    made = (folder / "cert.pem", folder / "key.pem")
    command = [
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
        "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
        "-out", str(made[0]), "-keyout", str(made[1]),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    return made


def server_tls(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


@pytest.mark.asyncio
async def test_tls_is_spoken_and_verified(certificate: tuple[Path, Path]) -> None:
    venue, server, port = await serve(server_tls(certificate))
    with Rig() as rig:
        tls = make_tls(str(certificate[0]))
        line = Line(venue, rig, f"wss://127.0.0.1:{port}/stream", tls)
        await line.established()
        venue.send(TEXT, FRAME)
        await line.frames(1)
        await stop(line, server)


@pytest.mark.asyncio
async def test_a_certificate_nobody_vouches_for_is_refused(
    certificate: tuple[Path, Path], caplog: pytest.LogCaptureFixture
) -> None:
    venue, server, port = await serve(server_tls(certificate))
    with Rig() as rig:
        line = Line(venue, rig, f"wss://127.0.0.1:{port}/stream", make_tls(""))
        await line.until(lambda: "cannot connect" in caplog.text)
        assert venue.sessions == 0
        await stop(line, server)


@pytest.mark.asyncio
async def test_a_venue_that_hangs_up_before_its_answer_is_tried_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with Rig() as rig:
        line = Line(Venue(), rig, f"ws://127.0.0.1:{port}/stream", None)
        await line.until(lambda: "hung up before" in caplog.text)
        assert not line.task.done()
        await stop(line, server)


@pytest.mark.asyncio
async def test_the_answer_to_an_earlier_drain_does_not_end_a_later_one(line: Line) -> None:
    await line.established()
    quote = (
        b'{"stream":"btcusdt@bookTicker","data":'
        b'{"u":%d,"s":"BTCUSDT","b":"1","B":"1","a":"2","A":"1"}}'
    )
    line.venue.send(TEXT, quote % 1)
    await line.frames(1)
    drained = []
    for number in (1, 2):
        line.rig.engine.heartbeat(number * 10**15)  # stood still
        line.connection.drain()
        await line.until(lambda count=number: len(line.venue.received) == count)
        drained.append(line.venue.received[-1])
    assert [kind for kind, _ in drained] == [PING, PING]
    line.venue.send(picows.WSMsgType.PONG, drained[0][1])
    line.venue.send(TEXT, quote % 2)
    await line.frames(2)
    assert line.rig.quote().status == Status.STALE
    line.venue.send(picows.WSMsgType.PONG, drained[1][1])
    line.venue.send(TEXT, quote % 3)
    await line.frames(3)
    assert line.rig.quote().status == Status.LIVE
