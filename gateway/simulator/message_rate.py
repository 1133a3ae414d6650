"""How many messages a connection may send in a second. Pure: time is handed in.

Venue rule: 5 a second on spot, 10 on futures, where PING frames, PONG frames and JSON messages all
count; a connection that goes beyond is disconnected (web-socket-streams.md "WebSocket Limits",
websocket-market-streams.md "Connect"). Judged over each span of one second, the strictest reading;
measured on USD-M was a little grace: of 40 at once 15 were answered before the close.
"""

from __future__ import annotations

from collections import deque
from typing import Final

SPAN_S: Final = 1.0


class MessageRate:
    """One connection's incoming messages."""

    def __init__(self, per_second: int) -> None:
        self._per_second = per_second
        self._times: deque[float] = deque()

    def take(self, now: float, stood_still_s: float = 0.0) -> bool:
        """Count a message; say whether it is within the limit.

        ``stood_still_s``: for how long the reader could not look. What it then finds all at once
        was sent over that time, and is judged over that time as well.
        """
        span = SPAN_S + stood_still_s
        self._times.append(now)
        while now - self._times[0] >= span:
            self._times.popleft()
        return len(self._times) <= self._per_second * span


class Standstill:
    """How long an event loop stood still of late, from ticks that should come every ``period``."""

    def __init__(self, period_s: float, now: float) -> None:
        self.period_s = period_s
        self._due = now + period_s
        self._late: deque[tuple[float, float]] = deque()  # when a late tick came, how late

    def tick(self, now: float) -> None:
        """Take a tick."""
        if now - self._due > self.period_s:
            self._late.append((now, now - self._due))
        self._due = now + self.period_s
        self._forget(now)

    def seconds(self, now: float) -> float:
        """Return the seconds of standstill that ended within the last second, or last still."""
        self._forget(now)
        return sum(late for _, late in self._late) + max(0.0, now - self._due)

    def _forget(self, now: float) -> None:
        while self._late and now - self._late[0][0] >= SPAN_S:
            self._late.popleft()
