"""Which LIVE book is compared with the venue's next, and when. Pure: the clock is passed in (s).

Each book is looked at once in ``interval_s``, whichever was not looked at for the longest time
first; looks are spread evenly over the interval, so that they cost the same weight every minute.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Audits:
    """The LIVE books of a shard, by symbol row. ``interval_s`` 0: none is looked at."""

    interval_s: float
    _seen: dict[int, float] = field(default_factory=dict)  # by when, the oldest first
    _next_at: float = float("inf")

    def add(self, symbol: int, now: float) -> None:
        """The book stands on a fresh snapshot."""
        self._seen.pop(symbol, None)
        self._seen[symbol] = now
        # Not later than with the books that there are now: they may have become more.
        self._next_at = min(self._next_at, now + self._step())

    def remove(self, symbol: int) -> None:
        """The book is lost, or gone."""
        self._seen.pop(symbol, None)

    def next(self, now: float) -> int | None:
        """The book to look at now, which counts as looked at; None: not yet."""
        if not self.interval_s or not self._seen or now < self._next_at:
            return None
        symbol = next(iter(self._seen))
        self._next_at = max(self._next_at + self._step(), now)
        self.add(symbol, now)
        return symbol

    def _step(self) -> float:
        return self.interval_s / max(1, len(self._seen))
