"""One client's socket: picows in front of the rules that judge it and of the hub that feeds it.

No rule of the venue lives here; this file moves bytes between the socket and the pure modules.
Sources give it whole WebSocket frames, so a batch is one write to the transport.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport

from gateway.simulator.clock import Clock
from gateway.simulator.conduct import Conduct, Violation
from gateway.simulator.frames import ping_frame, pong_frame, text_frame
from gateway.simulator.handshake import Door
from gateway.simulator.heartbeat import Act, Heartbeat
from gateway.simulator.hub import Hub
from gateway.simulator.lifetime import Lifetime, Turn, server_shutdown
from gateway.simulator.message_rate import MessageRate, Standstill
from gateway.simulator.microseconds import frame_in_microseconds, in_microseconds
from gateway.simulator.names import Market
from gateway.simulator.outgoing import Outgoing
from gateway.simulator.paths import Target
from gateway.simulator.rules import Rules
from gateway.simulator.session import Answer, Session

UNSENT_MAX_BYTES: Final = 16 * 1024 * 1024  # at which it is cut off, as the venue does
HELD_NAP_S: Final = 0.1  # between two looks at a connection that is half open
GOING_AWAY: Final = 1001
POLICY_VIOLATION: Final = 1008
_NAP_MIN_S: Final = 0.001


@dataclass(frozen=True, slots=True)
class Shared:
    """What all connections of a simulator have in common."""

    hub: Hub
    clock: Clock
    rules: Rules
    conduct: Conduct
    standstill: Standstill
    doors: Mapping[Market, Door]


class Connection(WSListener):
    """An outlet of the hub. ``number`` is its id in the control room, counted from 1."""

    def __init__(self, shared: Shared, number: int, target: Target, lag_s: float = 0.0) -> None:
        now, rules = shared.clock.monotonic(), shared.rules
        self.number = number
        self.market = target.market
        self.route = target.route
        self.queue: list[bytes] = []
        self.is_blocked = False
        self.session = Session(target.market, target.combined, target.streams)
        self._shared = shared
        self._microseconds = target.microseconds
        self._born = now
        self._sent = 0
        self._heartbeat = Heartbeat(rules.pings[target.market], now)
        self._lifetime = Lifetime(now, rules.day_s, rules.notice_of(target.market))
        self._rate = MessageRate(rules.messages[target.market])
        self._out = Outgoing(shared.clock, lag_s)
        self._timer: asyncio.TimerHandle | None = None
        self._fragments = b""

    @property
    def combined(self) -> bool:
        return self.session.combined

    @property
    def is_open(self) -> bool:
        """Say whether the socket is there, be it closing."""
        return self._out.is_open

    @property
    def unsent_bytes(self) -> int:
        """Return the bytes that the socket has not taken."""
        return self._out.unsent_bytes

    def describe(self) -> dict[str, Any]:
        """Return what the control room tells about it."""
        return {
            "id": self.number,
            "market": str(self.market),
            "route": str(self.route),
            "combined": self.combined,
            "microseconds": self._microseconds,
            "subscribed": len(self.session.streams),
            "sent": self._sent,
            "age_s": round(self._shared.clock.monotonic() - self._born, 3),
            "lag_s": self._out.lag_s,
            "bytes_per_s": self._out.bytes_per_s,
            "held": self._out.is_held,
        }

    # What the socket tells

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._out.open(transport)
        self._shared.hub.add(self)
        too_many = self.session.opened()
        if too_many is None:
            self._shared.hub.subscribe(self, self.session.streams)
        else:
            self._follow(too_many)
        self._beat()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._out.lose()
        self.is_blocked = False
        if self._timer is not None:
            self._timer.cancel()
        self.queue.clear()
        self._shared.hub.remove(self)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        kind = frame.msg_type
        if kind == WSMsgType.CLOSE:
            code = frame.get_close_code()
            transport.send_close(WSCloseCode.OK if code == WSCloseCode.NO_INFO else code)
            transport.disconnect()
        elif not self._out.is_closing:
            self._take(kind, frame)

    def pause_writing(self) -> None:
        self.is_blocked = True

    def resume_writing(self) -> None:
        self.is_blocked = False
        self._shared.hub.on_change()

    # Incoming messages

    def _take(self, kind: WSMsgType, frame: WSFrame) -> None:
        payload = frame.get_payload_as_bytes()
        is_control = kind in (WSMsgType.PING, WSMsgType.PONG)
        if not is_control:
            self._fragments += payload
            if not frame.fin:
                return
            payload, self._fragments = self._fragments, b""
        now = self._shared.clock.monotonic()
        if not self._rate.take(now, self._shared.standstill.seconds(now)):
            self._shared.conduct.violations[Violation.RATE] += 1
            self._shared.doors[self.market].offend(now)
            self.close(POLICY_VIOLATION, "Too many requests")
        elif kind == WSMsgType.PONG:
            self._heartbeat.on_pong(payload)
        elif kind == WSMsgType.PING:
            self.flush()
            self._out.write(pong_frame(payload))
        else:
            self._on_message(payload)

    def _on_message(self, text: bytes) -> None:
        combined = self.session.combined
        answer = self.session.handle(text)
        self._follow(answer)
        if answer.added:
            self._shared.hub.subscribe(self, answer.added)
        if answer.removed:
            self._shared.hub.unsubscribe(self, answer.removed)
        if combined != self.session.combined:
            self._shared.hub.reform(self)

    def _follow(self, answer: Answer) -> None:
        conduct = self._shared.conduct
        if answer.violation is not None:
            conduct.violations[answer.violation] += 1
        if answer.error is not None:
            conduct.errors[answer.error] += 1
        if answer.reply:
            self.flush()
            self._out.write(text_frame(answer.reply))
        else:
            conduct.swallowed += 1
        if answer.close is not None:
            self.close(*answer.close)

    # Outgoing frames

    def flush(self) -> None:
        """Hand the queue to the transport in one piece."""
        if not self.queue:
            return
        frames = map(frame_in_microseconds, self.queue) if self._microseconds else self.queue
        data = b"".join(frames)
        self._sent += len(self.queue)
        self.queue.clear()
        self._out.write(data)
        if self.unsent_bytes > UNSENT_MAX_BYTES:
            self.close(POLICY_VIOLATION, "slow consumer")

    def close(self, code: int, reason: str) -> None:
        """Close after what was queued and leave the hub; a peer that does not react is cut off."""
        if not self.is_open or self._out.is_closing:
            return
        self.flush()
        # nothing can follow the close frame, so the connection takes part in nothing any more
        self._shared.hub.remove(self)
        self._out.close(code, reason)

    def abort(self) -> None:
        """Cut the connection off, without a close frame."""
        self._out.abort()

    # What the control room asks for

    def kill(self) -> None:
        """Reset the TCP connection; what is under way is lost."""
        self._out.reset()

    def announce_shutdown(self) -> None:
        """Send serverShutdown in the form that fits the connection."""
        payload = server_shutdown(self.combined, self._shared.clock.now_ns() // 1_000_000)
        self.flush()
        self._out.write(text_frame(in_microseconds(payload) if self._microseconds else payload))

    def set_lag(self, seconds: float) -> None:
        """Delay everything that leaves by ``seconds``."""
        self._out.set_lag(seconds)

    def set_width(self, bytes_per_s: int | None) -> None:
        """Let so many bytes a second through; None: all."""
        self.flush()
        self._out.set_width(bytes_per_s)

    def hold(self, is_held: bool) -> None:
        """Leave the connection half open, reading and writing nothing; or heal it."""
        self.flush()
        self._out.hold(is_held)

    # Time

    def _beat(self) -> None:
        if not self.is_open or self._out.is_closing:
            return
        if self._out.is_held:
            self._beat_in(HELD_NAP_S)
            return
        now = self._shared.clock.monotonic()
        self._live(now)
        if not self._out.is_closing:
            self._ping(now)
        wake_at = min(self._heartbeat.wake_at(), self._lifetime.wake_at())
        self._beat_in(wake_at - now)

    def _live(self, now: float) -> None:
        turn = self._lifetime.turn(now)
        if turn is Turn.NOTICE:
            self.announce_shutdown()
            self._lifetime.on_notice_sent()
        elif turn is Turn.CUT:
            self.close(GOING_AWAY, "the day is over")

    def _ping(self, now: float) -> None:
        act = self._heartbeat.act(now)
        if act is Act.CLOSE:
            self._shared.conduct.violations[Violation.PONG] += 1
            self.close(POLICY_VIOLATION, "no pong")
        elif act is Act.PING:
            payload = str(self._shared.clock.now_ns() // 1_000_000).encode()
            self.flush()
            self._out.write(ping_frame(payload))
            self._heartbeat.on_ping_sent(payload, now)

    def _beat_in(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(max(_NAP_MIN_S, seconds), self._beat)
