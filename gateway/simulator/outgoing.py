"""The way out of one socket: whole frames in, bytes to a transport behind a link, and the end.

``Link`` says what may leave and when; this file writes it and keeps the timer. picows' own send
would cost a system call a frame, so frames are written to the transport below it.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Final

from picows import WSCloseCode, WSTransport

from gateway.simulator.clock import Clock
from gateway.simulator.link import Link

HIGH_WATER_BYTES: Final = 256 * 1024  # unsent bytes at which a socket counts as blocked
LATE_MAX_BYTES: Final = 256 * 1024 * 1024  # that a slow or half-open link keeps
CLOSE_GRACE_S: Final = 1.0  # for the peer to answer the close frame
_NAP_MIN_S: Final = 0.001
_RESET: Final = struct.pack("ii", 1, 0)  # SO_LINGER: a reset instead of an orderly end


class Outgoing:
    """One socket's sending side. Nothing is written before ``open`` and after ``lose``."""

    def __init__(self, clock: Clock, lag_s: float) -> None:
        self._clock = clock
        self._link = Link(LATE_MAX_BYTES)
        self._link.lag_s = lag_s
        self._transport: WSTransport | None = None
        self._closing: tuple[int, str] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def open(self, transport: WSTransport) -> None:
        """Write to this transport from now on."""
        transport.underlying_transport.set_write_buffer_limits(high=HIGH_WATER_BYTES)
        self._transport = transport

    def lose(self) -> None:
        """The socket is gone."""
        self._transport = None
        if self._timer is not None:
            self._timer.cancel()

    @property
    def is_open(self) -> bool:
        """Say whether the socket is there, be it closing."""
        return self._transport is not None

    @property
    def is_closing(self) -> bool:
        """Say whether the close frame is on its way, so that nothing may follow."""
        return self._closing is not None

    @property
    def is_held(self) -> bool:
        """Say whether the socket is half open."""
        return self._link.is_held

    @property
    def lag_s(self) -> float:
        """Return by how much everything is delayed."""
        return self._link.lag_s

    @property
    def bytes_per_s(self) -> int | None:
        """Return how many bytes a second are let through; None: all."""
        return self._link.bytes_per_s

    @property
    def unsent_bytes(self) -> int:
        """Return the bytes that the socket has not taken."""
        transport = self._transport
        return transport.underlying_transport.get_write_buffer_size() if transport else 0

    def write(self, data: bytes) -> None:
        """Send whole frames."""
        if self._transport is None:
            return
        if self._link.is_clear:
            self._transport.underlying_transport.write(data)
        else:
            self._link.put(data, self._clock.monotonic())
            self._pump()

    def close(self, code: int, reason: str) -> None:
        """Send the close frame after what was written; a peer that does not react is cut off."""
        self._closing = (code, reason)
        self.write(b"")  # the close frame takes its turn on the link
        self._pump()

    def abort(self) -> None:
        """Cut the connection off, without a close frame."""
        if self._transport is not None:
            self._transport.underlying_transport.abort()

    def reset(self) -> None:
        """Reset the TCP connection; what is under way is lost."""
        if self._transport is not None:
            raw = self._transport.underlying_transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self.abort()

    def set_lag(self, seconds: float) -> None:
        """Delay everything that leaves by ``seconds``."""
        self._link.set_lag(seconds, self._clock.monotonic())
        self._pump()

    def set_width(self, bytes_per_s: int | None) -> None:
        """Let so many bytes a second through; None: all."""
        self._link.set_width(bytes_per_s, self._clock.monotonic())
        self._pump()

    def hold(self, is_held: bool) -> None:
        """Leave the connection half open, reading and writing nothing; or heal it.

        That the peer has left meanwhile is noticed when it heals.
        """
        if self._transport is None or self._link.is_held == is_held:
            return
        self._link.is_held = is_held
        if is_held:
            self._transport.underlying_transport.pause_reading()
        else:
            self._transport.underlying_transport.resume_reading()
            self._pump()

    def _pump(self) -> None:
        """Write what the link lets through; then the close frame, if one is due."""
        transport, now = self._transport, self._clock.monotonic()
        if transport is None or self._link.is_held:
            return
        if self._link.is_lost:
            self.abort()
            return
        data = self._link.take(now)
        if data:
            transport.underlying_transport.write(data)
        due = self._link.due_at()
        if due is not None:
            self._pump_in(due - now)
        elif self._closing is not None and not transport.is_close_frame_sent:
            code, reason = self._closing
            transport.send_close(WSCloseCode(code), reason.encode())
            self._cut_off_later(self.unsent_bytes)

    def _pump_in(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(max(_NAP_MIN_S, seconds), self._pump)

    def _cut_off_later(self, unsent_bytes: int) -> None:
        asyncio.get_running_loop().call_later(CLOSE_GRACE_S, self._cut_off, unsent_bytes)

    def _cut_off(self, unsent_before: int) -> None:
        # A peer that still takes its frames may go on; one that stands still is cut off.
        if 0 < self.unsent_bytes < unsent_before:
            self._cut_off_later(self.unsent_bytes)
        else:
            self.abort()
