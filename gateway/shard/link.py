"""One link: a row of CONNECTIONS, and the WebSockets that live on it one after the other.

Frames never pass through here: the listener (``gateway.core.engine.FrameListener``) hands them to
the core and answers pings; it calls back for what is rare. When to send, what to ask for, and how
to judge silence are the pure rules of ``pacing``, ``subscribe`` and ``liveness``.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

import picows

from gateway.core.engine import Engine, FrameListener
from gateway.shard import liveness
from gateway.shard.pacing import Pace
from gateway.shard.refusal import Ending
from gateway.shard.subscribe import Outcome, Requests, is_shutdown, parse_answer

log = logging.getLogger("gateway.shard.connection")

CHECK_S = 0.25  # how often silence is judged
DRAIN_S = 1.0  # before the ping of a drain is sent again
GOODBYE_S = 0.8  # for the venue to close its side
NAMES_SHOWN = 5


class Dialling(Protocol):
    """What is needed of ``dial.Dialling``."""

    @property
    def ping_interval_s(self) -> float: ...

    async def connect(
        self, url: str, listener: Callable[[], FrameListener]
    ) -> tuple[picows.WSTransport, FrameListener] | Ending: ...

    def read_to_end(self, transport: picows.WSTransport) -> None: ...


class Owner(Protocol):
    """What a link tells its connection."""

    def on_up(self, link: Link) -> None:
        """The WebSocket is open."""

    def on_answered(self, link: Link, acked: list[int], is_settled: bool) -> None:
        """The venue answered a request: stream rows acknowledged; ``is_settled``: none is left."""

    def on_down(self, link: Link) -> None:
        """The WebSocket is gone."""

    def on_shutdown(self, link: Link) -> None:
        """The venue is going to close this WebSocket."""

    def on_refused(self, frame: bytes) -> None:
        """A frame could not be used."""

    def on_notices(self) -> None:
        """The core has notices to take."""


class Link:
    """A link over all its sessions. At most one session at a time."""

    def __init__(self, engine: Engine, row: int, name: str, dialling: Dialling) -> None:
        self.engine = engine
        self.row = row
        self.name = name
        self.dialling = dialling
        self._session: _Session | None = None

    async def session(
        self, url: str, streams: Mapping[str, int], requests: Requests, pace: Pace, owner: Owner
    ) -> Ending:
        """Connect and stay until the connection ends; cancel it to leave.

        ``streams``: the venue's name -> stream row, kept up to date by its owner; ``requests``:
        what to subscribe first.
        """
        self._session = session = _Session(self, streams, requests, pace, owner)
        try:
            return await session.run(url)
        finally:
            self._session = None

    def subscribe(self, names: Iterable[str]) -> None:
        """Ask for more streams; without a session nothing, its start asks for all."""
        if self._session is not None:
            self._session.ask(add=names)

    def unsubscribe(self, names: Iterable[str]) -> None:
        """Leave these streams."""
        if self._session is not None:
            self._session.ask(drop=names)

    def drain(self) -> None:
        """After a stall: a ping, whose pong shows that all queued before it has been read."""
        if self._session is not None:
            self._session.drain()


class _Session:
    """One WebSocket, from its first byte to its last. Implements ``engine.Handler``."""

    def __init__(
        self, link: Link, streams: Mapping[str, int], requests: Requests, pace: Pace, owner: Owner
    ) -> None:
        self._link = link
        self._streams = streams
        self._requests = requests
        self._pace = pace
        self._owner = owner
        self._transport: picows.WSTransport | None = None  # while it is up
        self._listener: FrameListener | None = None
        self._wake = asyncio.Event()
        self._problem = ""
        self._is_abandoned = False  # nobody waits for the handshake any more
        self._is_leaving = False
        self._opened = 0
        self._last_ping = 0
        self._is_ping_due = False
        self._is_draining = False
        self._drain_number = 0

    async def run(self, url: str) -> Ending:
        link, opened = self._link, None
        try:
            opened = await link.dialling.connect(url, self._listen)
        finally:
            # The handshake may still be answered when we wait no longer.
            self._is_abandoned = not isinstance(opened, tuple)
        if isinstance(opened, Ending):
            return opened
        transport, listener = opened
        try:
            await self._serve(listener)
        except asyncio.CancelledError:
            self._is_leaving = True
            raise
        finally:
            await self._hang_up(transport)
        closed = transport.close_handshake
        code = closed.recv.code if closed is not None and closed.recv is not None else 0
        number = code if isinstance(code, int) else code.value
        problem = self._problem or (f"closed by the venue, code {number}" if number else "lost")
        return Ending(problem, was_up=True, close_code=number)

    def _listen(self) -> FrameListener:
        self._listener = FrameListener(self._link.engine, self._link.row, self)
        return self._listener

    async def _serve(self, listener: FrameListener) -> None:
        """Send what is due and watch for silence, until the connection is gone."""
        while self._transport is not None:
            self._wake.clear()
            self._link.dialling.read_to_end(self._transport)
            self._watch(max(listener.last_heard(), self._opened))
            pause = self._send_due()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._wake.wait()

    def _watch(self, heard: int) -> None:
        now = time.monotonic_ns()
        overdue = self._requests.overdue(now / 1e9)
        if overdue:
            self._fail(f"no answer to the request for {_some(overdue)}")
        periodic = int(self._link.dialling.ping_interval_s * 1e9)
        verdict = liveness.judge(now, heard, self._last_ping, periodic)
        if verdict is liveness.Verdict.DEAD:
            self._fail(f"silent for {(now - heard) / 1e9:.0f} s")
        drain_again = self._is_draining and now - self._last_ping > DRAIN_S * 1e9
        if verdict is liveness.Verdict.PING or drain_again:
            self._is_ping_due = True

    def _send_due(self) -> float:
        """Send what the pace allows, a ping first; how long until there may be more (s)."""
        while self._transport is not None and (self._is_ping_due or self._requests.has_more):
            now = time.monotonic()
            pause = self._pace.wait(now)
            if pause > 0:
                return min(pause, CHECK_S)
            self._pace.spend(now)
            if self._is_ping_due:
                self._ping(self._transport)
            else:
                frame = self._requests.next_frame(now)
                self._transport.send(picows.WSMsgType.TEXT, frame)
        return CHECK_S

    def _ping(self, transport: picows.WSTransport) -> None:
        self._is_ping_due = False
        self._last_ping = time.monotonic_ns()
        transport.send_ping(self._drain_payload() if self._is_draining else b"")

    def _fail(self, problem: str) -> None:
        self._problem = self._problem or problem
        if self._transport is not None:
            self._transport.disconnect(graceful=False)

    async def _hang_up(self, transport: picows.WSTransport) -> None:
        """Close, and wait until the row is free for the next session."""
        try:
            if self._is_leaving and not transport.is_disconnected:
                transport.send_close(picows.WSCloseCode.OK)
                transport.disconnect()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(GOODBYE_S):
                        await transport.wait_disconnected()
            transport.disconnect(graceful=False)
            await transport.wait_disconnected()
        except picows.WSProtocolError as exc:
            self._problem = self._problem or f"it broke the protocol: {exc}"

    # What its connection wants.

    def ask(self, add: Iterable[str] = (), drop: Iterable[str] = ()) -> None:
        self._requests.drop(drop)
        self._requests.add(add)
        self._wake.set()

    def drain(self) -> None:
        self._drain_number += 1
        self._is_draining = self._is_ping_due = self._transport is not None
        self._wake.set()

    def _drain_payload(self) -> bytes:
        # Numbered: the answer to an earlier drain says nothing about a later stall's queue.
        return b"drain %d" % self._drain_number

    # What the listener tells, never for a data frame that was read.

    def on_connected(self, transport: picows.WSTransport) -> None:
        if self._is_abandoned:
            transport.disconnect(graceful=False)
            return
        self._transport = transport
        self._opened = self._last_ping = time.monotonic_ns()
        self._link.engine.link_up(self._link.row)
        self._owner.on_up(self._link)

    def on_disconnected(self) -> None:
        self._wake.set()
        if self._transport is None or self._listener is None:
            return
        self._transport = None
        heard = self._listener.last_heard()
        self._link.engine.link_down(self._link.row, self._is_leaving, heard)
        self._owner.on_down(self._link)

    def on_control(self, payload: bytes) -> None:
        answer = parse_answer(payload)
        if answer is None:
            if is_shutdown(payload):
                self._owner.on_shutdown(self._link)
            return
        outcome = self._requests.answered(answer)
        rows = [self._streams[name] for name in outcome.acked if name in self._streams]
        if rows:
            self._link.engine.acked(self._link.row, rows)
        if outcome.error:
            self._complain(outcome)
        self._owner.on_answered(self._link, rows, self._requests.is_settled)
        self._wake.set()

    def _complain(self, outcome: Outcome) -> None:
        self._link.engine.count_refused(len(outcome.refused))
        what = _some(outcome.refused) if outcome.refused else "a request"
        log.error("%s: the venue refused %s: %s", self._link.name, what, outcome.error)

    def on_refused(self, frame: bytes) -> None:
        self._owner.on_refused(frame)

    def on_pong(self, payload: bytes) -> None:
        if self._is_draining and payload == self._drain_payload():
            self._is_draining = False
            self._link.engine.drained(self._link.row)

    def on_pong_sent(self) -> None:
        # It went out at once, as the venue wants it; what follows waits the longer.
        self._pace.spend(time.monotonic())

    def on_notices(self) -> None:
        self._owner.on_notices()


def _some(names: tuple[str, ...]) -> str:
    more = len(names) - NAMES_SHOWN
    shown = ", ".join(names[:NAMES_SHOWN])
    return f"{shown} and {more} more" if more > 0 else shown
