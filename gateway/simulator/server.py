"""The WebSocket shell: picows in front of sessions, heartbeats and the hub.

No rule of the venue lives here; this file moves bytes. Sources give it whole WebSocket frames, so a
batch is one write to the transport. One event loop.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Mapping
from typing import Final
from weakref import WeakSet

from picows import (
    WSCloseCode,
    WSFrame,
    WSListener,
    WSMsgType,
    WSTransport,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
    ws_create_server,
)

from gateway.errors import PortTaken
from gateway.simulator.clock import Clock
from gateway.simulator.heartbeat import Act, Heartbeat, PingRule
from gateway.simulator.hub import Hub
from gateway.simulator.names import Market
from gateway.simulator.paths import Refused, Target, parse_target
from gateway.simulator.session import Session

HIGH_WATER_BYTES: Final = 256 * 1024  # unsent bytes at which a socket counts as blocked
UNSENT_MAX_BYTES: Final = 16 * 1024 * 1024  # at which it is cut off, as the venue does
CLOSE_GRACE_S: Final = 1.0  # for the peer to answer the close frame
GOING_AWAY: Final = 1001
POLICY_VIOLATION: Final = 1008


class Connection(WSListener):
    """One client's socket; an outlet of the hub."""

    def __init__(self, hub: Hub, clock: Clock, rule: PingRule, target: Target) -> None:
        self.market = target.market
        self.route = target.route
        self.queue: list[bytes] = []
        self.is_blocked = False
        self.session = Session(target.market, target.combined, target.streams)
        self._hub = hub
        self._clock = clock
        self._heartbeat = Heartbeat(rule, clock.monotonic())
        self._timer: asyncio.TimerHandle | None = None
        self._fragments = b""
        self._transport: WSTransport | None = None

    @property
    def combined(self) -> bool:
        return self.session.combined

    @property
    def is_open(self) -> bool:
        """Say whether the socket is there, be it closing."""
        return self._transport is not None

    @property
    def unsent_bytes(self) -> int:
        """Return the bytes that the socket has not taken."""
        transport = self._transport
        return transport.underlying_transport.get_write_buffer_size() if transport else 0

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport
        transport.underlying_transport.set_write_buffer_limits(high=HIGH_WATER_BYTES)
        self._hub.add(self)
        self._hub.subscribe(self, self.session.streams)
        self._beat()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._transport = None
        self.is_blocked = False
        if self._timer is not None:
            self._timer.cancel()
        self.queue.clear()
        self._hub.remove(self)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code(), frame.get_close_message())
            transport.disconnect()
        elif frame.msg_type == WSMsgType.PONG:
            self._heartbeat.on_pong(frame.get_payload_as_bytes())
        elif frame.msg_type in (WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.CONTINUATION):
            self._fragments += frame.get_payload_as_bytes()
            if frame.fin:
                text, self._fragments = self._fragments, b""
                self._on_message(text)

    def _on_message(self, text: bytes) -> None:
        combined = self.session.combined
        answer = self.session.handle(text)
        self.flush()
        if self._transport is not None:
            self._transport.send(WSMsgType.TEXT, answer.reply)
        if answer.added:
            self._hub.subscribe(self, answer.added)
        if answer.removed:
            self._hub.unsubscribe(self, answer.removed)
        if combined != self.session.combined:
            self._hub.changed()
        if answer.close is not None:
            self.close(*answer.close)

    def pause_writing(self) -> None:
        self.is_blocked = True

    def resume_writing(self) -> None:
        self.is_blocked = False
        self._hub.on_change()

    def flush(self) -> None:
        """Hand the queue to the transport in one piece."""
        if self._transport is None or not self.queue:
            return
        # The frames are complete already; picows' own send would cost a system call each.
        self._transport.underlying_transport.write(b"".join(self.queue))
        self.queue.clear()
        if self.unsent_bytes > UNSENT_MAX_BYTES:
            self.close(POLICY_VIOLATION, "slow consumer")

    def close(self, code: int, reason: str) -> None:
        """Close after what was queued and leave the hub; a peer that does not react is cut off."""
        transport = self._transport
        if transport is None or transport.is_close_frame_sent:
            return
        if self.queue:
            transport.underlying_transport.write(b"".join(self.queue))
            self.queue.clear()
        transport.send_close(WSCloseCode(code), reason.encode())
        # nothing can follow the close frame, so the connection takes part in nothing any more
        self._hub.remove(self)
        self._cut_off_later(self.unsent_bytes)

    def _cut_off_later(self, unsent_bytes: int) -> None:
        asyncio.get_running_loop().call_later(CLOSE_GRACE_S, self._cut_off, unsent_bytes)

    def _cut_off(self, unsent_before: int) -> None:
        # A peer that still takes its frames may go on; one that stands still is cut off.
        if 0 < self.unsent_bytes < unsent_before:
            self._cut_off_later(self.unsent_bytes)
        else:
            self.abort()

    def abort(self) -> None:
        """Cut the connection off."""
        if self._transport is not None:
            self._transport.underlying_transport.abort()

    def _beat(self) -> None:
        if self._transport is None or self._transport.is_close_frame_sent:
            return
        now = self._clock.monotonic()
        act = self._heartbeat.act(now)
        if act is Act.CLOSE:
            self.close(POLICY_VIOLATION, "no pong")
            return
        if act is Act.PING:
            payload = str(self._clock.now_ns() // 1_000_000).encode()
            self.flush()
            self._transport.send_ping(payload)
            self._heartbeat.on_ping_sent(payload, now)
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(max(0.001, self._heartbeat.wake_at() - now), self._beat)


class StreamServer:
    """Listens, and makes a Connection of each handshake that names an endpoint."""

    def __init__(self, hub: Hub, clock: Clock, rules: Mapping[Market, PingRule]) -> None:
        self._hub = hub
        self._clock = clock
        self._rules = rules
        self._server: asyncio.Server | None = None
        self._connections: WeakSet[Connection] = WeakSet()

    async def start(self, host: str, port: int) -> int:
        """Listen; return the port, which matters when 0 was asked for.

        Raises PortTaken.
        """
        try:
            self._server = await ws_create_server(self._accept, host, port)
        except OSError as exc:
            if exc.errno == errno.EADDRINUSE:
                raise PortTaken(host, port) from exc
            raise
        return int(self._server.sockets[0].getsockname()[1])

    def _accept(self, request: WSUpgradeRequest) -> Connection | WSUpgradeResponseWithListener:
        target = parse_target(request.path.decode(errors="replace"))
        if isinstance(target, Refused):
            json = {"Content-Type": "application/json"}
            response = WSUpgradeResponse.create_error_response(target.status, target.body, json)
            return WSUpgradeResponseWithListener(response, None)
        connection = Connection(self._hub, self._clock, self._rules[target.market], target)
        self._connections.add(connection)
        return connection

    async def stop(self) -> None:
        """Close all sockets and the listener."""
        if self._server is not None:
            self._server.close()
        self._hub.close_all(GOING_AWAY, "the simulator ends")
        for _ in range(20):
            if not any(connection.is_open for connection in self._connections):
                return
            await asyncio.sleep(0.01)
        for connection in list(self._connections):
            connection.abort()
        await asyncio.sleep(0)
