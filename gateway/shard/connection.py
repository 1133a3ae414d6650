"""One WebSocket to the venue: connect, subscribe, stay alive, reconnect.

Frames never pass through here: the listener (``gateway.core.engine.FrameListener``) hands them
to the core, and calls back for what is rare. Waiting, batching and judging silence are the pure
rules of ``backoff``, ``subscribe`` and ``liveness``.
"""

from __future__ import annotations

import asyncio
import logging
import random
import ssl
import time
from typing import Protocol

import picows

from gateway.core.engine import Engine, FrameListener
from gateway.plan import PlanConnection
from gateway.shard import liveness, subscribe
from gateway.shard.backoff import Backoff

log = logging.getLogger("gateway.shard.connection")

FRAME_BYTES_MAX = 10 << 20
HANDSHAKE_S = 10.0
CHECK_S = 0.25  # how often silence is judged
CONNECT_S = 20.0  # TCP, TLS and handshake together
ACK_S = 10.0  # for all answers to SUBSCRIBE
DRAIN_S = 1.0  # before the ping of a drain is sent again


class Owner(Protocol):
    """What a connection tells the shard."""

    def on_notices(self) -> None:
        """The core has notices to take."""

    def on_subscribed(self, row: int) -> None:
        """The venue has acknowledged every stream of the connection."""

    def on_lost(self, row: int) -> None:
        """The connection is gone; its slots are DOWN."""

    def on_refused(self, row: int, frame: bytes) -> None:
        """A frame could not be used."""


class Connection:
    """One connection of the plan, over all its sessions."""

    def __init__(
        self, engine: Engine, row: int, plan: PlanConnection, names: list[str], owner: Owner
    ) -> None:
        self._engine = engine
        self._row = row
        self._plan = plan
        self._names = names
        self._owner = owner
        self._backoff = Backoff()
        self._transport: picows.WSTransport | None = None
        self._unanswered: dict[int, list[str]] = {}
        self._last_ping = 0
        self._next_id = 1
        self._closing = False
        self._drain_number = 0
        self._draining = False

    async def run(self, tls: ssl.SSLContext | None) -> None:
        """Hold the connection until cancelled."""
        while True:
            try:
                await self._session(tls)
            except (OSError, TimeoutError, picows.WSError) as exc:
                log.warning("%s: cannot connect to %s: %s", self._plan.name, self._plan.url, exc)
            delay = self._backoff.next_delay(random.random())
            log.info("%s: connecting again in %.1f s", self._plan.name, delay)
            await asyncio.sleep(delay)

    async def _session(self, tls: ssl.SSLContext | None) -> None:
        def listener() -> FrameListener:
            return FrameListener(self._engine, self._row, self)

        async with asyncio.timeout(CONNECT_S):
            transport, connected = await picows.ws_connect(
                listener,
                self._plan.url,
                ssl_context=tls if self._plan.url.startswith("wss:") else None,
                websocket_handshake_timeout=HANDSHAKE_S,
                max_frame_size=FRAME_BYTES_MAX,
                enable_auto_pong=False,
                logger_name="gateway.shard.picows",
            )
        # picows gives no listener when the venue hung up before it answered the handshake.
        if not isinstance(connected, FrameListener):
            raise ConnectionResetError("hung up before the handshake's answer")
        try:
            await self._subscribe(transport)
            await self._stay_alive(transport, connected)
        finally:
            transport.disconnect(graceful=False)

    async def _subscribe(self, transport: picows.WSTransport) -> None:
        self._unanswered.clear()
        frames = []
        for names in subscribe.batches(self._names):
            self._unanswered[self._next_id] = names
            frames.append(subscribe.subscribe_frame(names, self._next_id))
            self._next_id += 1
        for frame in frames:
            transport.send(picows.WSMsgType.TEXT, frame)
            await asyncio.sleep(1 / self._plan.control_per_second)

    async def _stay_alive(self, transport: picows.WSTransport, listener: FrameListener) -> None:
        """Watch for silence until the connection is gone."""
        closed = asyncio.ensure_future(transport.wait_disconnected())
        self._last_ping = time.monotonic_ns()
        opened = self._last_ping
        while not closed.done():
            now, heard = time.monotonic_ns(), max(listener.last_heard(), opened)
            if self._unanswered and now - opened > ACK_S * 1e9:
                names = [name for batch in self._unanswered.values() for name in batch]
                shown = ", ".join(names[:5])
                log.error("%s: no answer to SUBSCRIBE of %s, closing", self._plan.name, shown)
                transport.disconnect(graceful=False)
            if self._draining and now - self._last_ping > DRAIN_S * 1e9:
                self._ping(transport, self._drain_payload())
            verdict = liveness.judge(now, heard, self._last_ping)
            if verdict is liveness.Verdict.PING:
                self._ping(transport)
            elif verdict is liveness.Verdict.DEAD:
                log.warning("%s: silent for %.0f s, closing", self._plan.name, (now - heard) / 1e9)
                transport.disconnect(graceful=False)
            await asyncio.wait((closed,), timeout=CHECK_S)

    def _ping(self, transport: picows.WSTransport, payload: bytes = b"") -> None:
        self._last_ping = time.monotonic_ns()
        transport.send_ping(payload)

    def drain(self) -> None:
        """After a stall: a ping, whose pong shows that all queued before it has been read."""
        self._drain_number += 1
        self._draining = self._transport is not None
        if self._transport is not None:
            self._ping(self._transport, self._drain_payload())

    def _drain_payload(self) -> bytes:
        # Numbered: the answer to an earlier drain says nothing about a later stall's queue.
        return b"drain %d" % self._drain_number

    def close(self) -> None:
        """From here on a disconnect is what we want; the caller cancels ``run``."""
        self._closing = True

    # What the listener tells, never for a data frame that was read.

    def on_connected(self, transport: picows.WSTransport) -> None:
        self._transport = transport
        self._draining = False
        self._engine.connection_up(self._row)
        log.info("%s: connected, subscribing %d streams", self._plan.name, len(self._names))

    def on_disconnected(self) -> None:
        self._transport = None
        self._engine.connection_down(self._row)
        log.log(
            logging.INFO if self._closing else logging.WARNING, "%s: disconnected", self._plan.name
        )
        self._owner.on_lost(self._row)

    def on_control(self, payload: bytes) -> None:
        answer = subscribe.parse_answer(payload)
        if answer is None:
            if subscribe.is_shutdown(payload) and self._transport is not None:
                log.warning("%s: the venue shuts this connection down", self._plan.name)
                self._transport.disconnect()
            return
        names = self._unanswered.pop(answer.request_id or 0, [])
        if answer.error:
            log.error(
                "%s: the venue refused %s: %s", self._plan.name, ", ".join(names[:5]), answer.error
            )
        if not self._unanswered:
            self._backoff.reset()
            self._owner.on_subscribed(self._row)

    def on_refused(self, frame: bytes) -> None:
        self._owner.on_refused(self._row, frame)

    def on_pong(self, payload: bytes) -> None:
        if self._draining and payload == self._drain_payload():
            self._draining = False
            self._engine.drained(self._row)

    def on_notices(self) -> None:
        self._owner.on_notices()
