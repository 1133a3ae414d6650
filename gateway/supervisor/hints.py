"""When a hint is worth a look at exchangeInfo. Pure: ``now`` is passed in, in seconds.

Shards say when an array has rows of a symbol that the plan has not: perhaps a new listing. One that
the venue sends but never lists must not cost a look each time: each is worth one in a while.
"""

from __future__ import annotations

from typing import Final

SYMBOLS_MAX: Final = 10_000


class Hints:
    """The symbols that were hinted at, and when they were last worth a look."""

    def __init__(self, interval: float) -> None:
        self.interval = interval
        self._taken: dict[tuple[str, str], float] = {}  # the one taken last at the end

    def take(self, market: str, symbol: str, now: float) -> bool:
        """Say whether a hint about ``symbol`` is worth a look."""
        taken_at = self._taken.get((market, symbol))
        if taken_at is not None and now - taken_at < self.interval:
            return False
        self._taken.pop((market, symbol), None)
        if len(self._taken) >= SYMBOLS_MAX:
            del self._taken[next(iter(self._taken))]
        self._taken[market, symbol] = now
        return True
