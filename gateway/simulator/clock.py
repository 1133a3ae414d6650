"""The simulator's only source of time."""

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
