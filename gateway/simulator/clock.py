"""The simulator's only source of time.

``Clock`` is the wall clock with a monotonic second hand; tests put a ``ManualClock`` in its place
and turn it themselves.
"""

from __future__ import annotations

import time


class Clock:
    """Wall time in ns since the Unix epoch, and monotonic seconds for intervals."""

    def now_ns(self) -> int:
        """Return ns since the Unix epoch."""
        return time.time_ns()

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic()


class ManualClock(Clock):
    """A clock that stands until it is turned."""

    def __init__(self, now_ns: int = 1_795_345_200_000_000_000) -> None:
        self._now_ns = now_ns
        self._monotonic = 0.0

    def now_ns(self) -> int:
        return self._now_ns

    def monotonic(self) -> float:
        return self._monotonic

    def turn(self, seconds: float) -> None:
        """Move on by ``seconds``."""
        self._now_ns += round(seconds * 1e9)
        self._monotonic += seconds
