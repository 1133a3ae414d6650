"""What may leave a socket, and when: a wire that is slow, or half open. Pure: time is handed in.

A slow wire delays everything by ``lag_s``, or lets ``bytes_per_s`` through in small pieces, and
keeps the order. A half-open one takes what it is
given and delivers nothing, as when a route is gone and neither side is told; if it heals, TCP
delivers what waited, in order, unless that was more than its buffers hold.
"""

from __future__ import annotations

from collections import deque
from typing import Final

_PIECES_PER_S: Final = 20  # in which a narrow wire delivers


class Link:
    """One connection's way out."""

    def __init__(self, bytes_max: int) -> None:
        self.lag_s = 0.0
        self.bytes_per_s: int | None = None
        self.is_held = False
        self.is_lost = False  # more waited than it holds: nothing can follow without a hole
        self._bytes_max = bytes_max
        self._late: deque[tuple[float, bytes]] = deque()
        self._late_bytes = 0
        self._free_at = 0.0  # when a narrow wire has let all through

    @property
    def is_clear(self) -> bool:
        """Say whether bytes may go straight to the socket."""
        is_slow = self.lag_s or self.bytes_per_s is not None
        return not (self._late or is_slow or self.is_held or self.is_lost)

    def put(self, data: bytes, now: float) -> None:
        """Take bytes that are to leave."""
        if self.is_lost:
            return
        if self.bytes_per_s is None:
            self._late.append((now + self.lag_s, data))
        else:
            self._put_pieces(data, now, self.bytes_per_s)
        self._late_bytes += len(data)
        if self._late_bytes > self._bytes_max:
            self.is_lost = True
            self._late.clear()

    def _put_pieces(self, data: bytes, now: float, bytes_per_s: int) -> None:
        size = max(1, bytes_per_s // _PIECES_PER_S)
        self._free_at = max(now, self._free_at)
        for start in range(0, max(1, len(data)), size):
            piece = data[start : start + size]
            self._free_at += len(piece) / bytes_per_s
            self._late.append((self._free_at + self.lag_s, piece))

    def take(self, now: float) -> bytes:
        """Return what leaves now."""
        due = []
        while self._late and not self.is_held and self._late[0][0] <= now:
            due.append(self._late.popleft()[1])
        data = b"".join(due)
        self._late_bytes -= len(data)
        return data

    def due_at(self) -> float | None:
        """Return when something leaves next; None when nothing will by itself."""
        return self._late[0][0] if self._late and not self.is_held else None

    def set_lag(self, seconds: float, now: float) -> None:
        """Delay by ``seconds`` from now on; without a delay, what waits leaves at once."""
        self.lag_s = seconds
        if not seconds and self.bytes_per_s is None:
            self._hurry(now)

    def set_width(self, bytes_per_s: int | None, now: float) -> None:
        """Let so many bytes a second through from now on; None: all, and what waits at once."""
        self.bytes_per_s = bytes_per_s
        if bytes_per_s is None and not self.lag_s:
            self._hurry(now)

    def _hurry(self, now: float) -> None:
        self._free_at = now
        self._late = deque((now, data) for _, data in self._late)
