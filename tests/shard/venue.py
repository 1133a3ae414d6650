"""A scripted venue: a real WebSocket server that does what a test tells it to."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import struct
import time

import orjson
import picows

TEXT, PING, PONG = picows.WSMsgType.TEXT, picows.WSMsgType.PING, picows.WSMsgType.PONG
WATCHDOG_S = 20.0


class Session(picows.WSListener):
    """One WebSocket, as the venue sees it."""

    def __init__(self, venue: Venue, path: str) -> None:
        super().__init__()
        self.venue = venue
        self.path = path
        self.transport: picows.WSTransport | None = None
        self.received: list[tuple[picows.WSMsgType, bytes]] = []
        self.times: list[float] = []  # of every frame that came, CLOCK_MONOTONIC
        self.streams: set[str] = set()
        self.is_slow = False  # data waits in ``outbox`` until it is let go
        self.outbox: list[bytes] = []

    def on_ws_connected(self, transport: picows.WSTransport) -> None:
        self.transport = transport
        self.venue.sessions.append(self)

    def on_ws_disconnected(self, transport: picows.WSTransport) -> None:
        self.transport = None

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        payload = frame.get_payload_as_bytes()
        self.received.append((frame.msg_type, payload))
        self.times.append(time.monotonic())
        if frame.msg_type == PING and self.venue.answers_pings:
            transport.send_pong(payload)
        elif frame.msg_type == picows.WSMsgType.CLOSE:
            transport.disconnect()
        elif frame.msg_type == TEXT:
            self.venue.on_request(self, orjson.loads(payload))

    @property
    def is_up(self) -> bool:
        return self.transport is not None

    def texts(self) -> list[bytes]:
        return [payload for kind, payload in self.received if kind == TEXT]

    def send(self, kind: picows.WSMsgType, payload: bytes, fin: bool = True) -> None:
        assert self.transport is not None
        self.transport.send(kind, payload, fin=fin)

    def deliver(self, frame: bytes) -> None:
        if self.is_slow:
            self.outbox.append(frame)
        elif self.transport is not None:
            self.transport.send(TEXT, frame)

    def let_go(self) -> None:
        self.is_slow = False
        outbox, self.outbox = self.outbox, []
        for frame in outbox:
            self.deliver(frame)

    def close(self, code: picows.WSCloseCode) -> None:
        if self.transport is not None:
            self.transport.send_close(code)
            self.transport.disconnect()

    def reset(self) -> None:
        """Reset the TCP connection within this turn of the loop: the peer reads nothing before."""
        assert self.transport is not None
        below = self.transport.underlying_transport
        raw = below.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with socket.socket() as other:
            os.dup2(other.fileno(), raw.fileno())  # closes it now; abort() does in the next turn
        below.abort()


class Venue:
    """The server, and what it does to who connects."""

    def __init__(self) -> None:
        self.sessions: list[Session] = []
        self.attempts: list[str] = []  # paths of handshakes, refused ones too
        self.refusals: list[picows.WSUpgradeResponse] = []  # for the next handshakes
        self.malformed: set[str] = set()  # names that get their whole frame refused
        self.mute_paths: set[str] = set()  # where everything is acked and nothing comes
        self.answers = True
        self.unanswered: list[tuple[Session, dict[str, object]]] = []
        self.answers_pings = True
        self._server: asyncio.Server | None = None
        self.port = 0

    async def start(self, tls: ssl.SSLContext | None = None) -> None:
        self._server = await picows.ws_create_server(
            self._accept, "127.0.0.1", 0, ssl=tls, enable_auto_pong=False
        )
        self.port = self._server.sockets[0].getsockname()[1]

    def _accept(
        self, request: picows.WSUpgradeRequest
    ) -> Session | picows.WSUpgradeResponseWithListener:
        path = request.path.decode()
        self.attempts.append(path)
        if self.refusals:
            return picows.WSUpgradeResponseWithListener(self.refusals.pop(0), None)
        return Session(self, path)

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for session in self.sessions:
            if session.transport is not None:
                session.transport.disconnect(graceful=False)
        await self._server.wait_closed()
        await asyncio.sleep(0.01)  # transports and the listening socket close in the next turns

    def url(self, path: str = "/stream") -> str:
        return f"ws://127.0.0.1:{self.port}{path}"

    def on_request(self, session: Session, message: dict[str, object]) -> None:
        names = message["params"]
        assert isinstance(names, list)
        if not self.answers:
            self.unanswered.append((session, message))
            return
        if self.malformed & set(names):
            error = {"code": 2, "msg": "Invalid request: invalid stream"}
            session.send(TEXT, orjson.dumps({"error": error, "id": message["id"]}))
            return
        if message["method"] == "SUBSCRIBE":
            session.streams.update(names)
        else:
            session.streams.difference_update(names)
        session.send(TEXT, orjson.dumps({"result": None, "id": message["id"]}))

    def answer_late(self) -> None:
        """Answer from now on, and what was left unanswered."""
        self.answers = True
        late, self.unanswered = self.unanswered, []
        for session, message in late:
            self.on_request(session, message)

    def publish(self, stream: str, data: bytes) -> None:
        """Send an event to everybody who has subscribed its stream."""
        frame = b'{"stream":"%s","data":%s}' % (stream.encode(), data)
        for session in self.sessions:
            if stream in session.streams and session.path not in self.mute_paths:
                session.deliver(frame)

    @property
    def up(self) -> list[Session]:
        return [session for session in self.sessions if session.is_up]


def refuse(
    status: int, headers: dict[str, str] | None = None, body: bytes = b"no"
) -> picows.WSUpgradeResponse:
    """An HTTP answer that refuses a handshake."""
    made: picows.WSUpgradeResponse = picows.WSUpgradeResponse.create_error_response(
        status, body, headers
    )
    return made
