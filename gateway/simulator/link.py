"""What may leave a socket, and when: a wire that is slow, or half open. Pure: time is handed in.

A slow wire delays everything by ``lag_s`` and keeps the order. A half-open one takes what it is
given and delivers nothing, as when a route is gone and neither side is told; if it heals, TCP
delivers what waited, in order, unless that was more than its buffers hold.
"""

from __future__ import annotations

from collections import deque


class Link:
    """One connection's way out."""

    def __init__(self, bytes_max: int) -> None:
        self.lag_s = 0.0
        self.is_held = False
        self.is_lost = False  # more waited than it holds: nothing can follow without a hole
        self._bytes_max = bytes_max
        self._late: deque[tuple[float, bytes]] = deque()
        self._late_bytes = 0

    @property
    def is_clear(self) -> bool:
        """Say whether bytes may go straight to the socket."""
        return not (self._late or self.lag_s or self.is_held or self.is_lost)

    def put(self, data: bytes, now: float) -> None:
        """Take bytes that are to leave."""
        if self.is_lost:
            return
        self._late.append((now + self.lag_s, data))
        self._late_bytes += len(data)
        if self._late_bytes > self._bytes_max:
            self.is_lost = True
            self._late.clear()

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
        if not seconds:
            self._late = deque((now, data) for _, data in self._late)
