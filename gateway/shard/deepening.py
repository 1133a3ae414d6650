"""Which LIVE books are to know more levels than they do. Pure: the clock is passed in (s).

A book is deepened once after it came up on a shallow snapshot, and again whenever the price has run
through most of what it knows. One whose new levels are used up at once, because the market has no
more or moves that fast, is deepened ever more rarely.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

PAUSE_FIRST_S: Final = 5.0
PAUSE_MAX_S: Final = 640.0
LASTED: Final = 4.0  # pauses that the levels must last for the pause to be short again


@dataclass(slots=True)
class _Book:
    pool: str
    due: float
    is_live: bool = False
    is_thin: bool = False
    is_shallow: bool = False
    pause: float = PAUSE_FIRST_S
    deepened_at: float = float("-inf")

    @property
    def is_wanting(self) -> bool:
        return self.is_live and (self.is_shallow or self.is_thin)


@dataclass(slots=True)
class Deepening:
    """The books of a shard, by symbol row."""

    _books: dict[int, _Book] = field(default_factory=dict)

    def snapshot_is_in(self, symbol: int, pool: str, is_full: bool, now: float) -> None:
        """The book stands on a new snapshot, with all levels that are wanted or fewer; more cost
        the weight of ``pool``."""
        book = self._books.setdefault(symbol, _Book(pool, now))
        book.is_shallow, book.is_thin = not is_full, False
        book.due = now

    def is_live(self, symbol: int) -> None:
        """Readers have the book LIVE."""
        if symbol in self._books:
            self._books[symbol].is_live = True

    def is_lost(self, symbol: int) -> None:
        """Readers have it no more; its next snapshot decides."""
        if symbol in self._books:
            self._books[symbol].is_live = False

    def forget(self, symbol: int) -> None:
        """The book is gone."""
        self._books.pop(symbol, None)

    def is_thin(self, symbol: int, now: float) -> None:
        """The price has run through most of what is known."""
        book = self._books.get(symbol)
        if book is None:
            return
        has_lasted = now - book.deepened_at >= LASTED * book.pause
        book.pause = PAUSE_FIRST_S if has_lasted else min(PAUSE_MAX_S, 2 * book.pause)
        book.is_thin = True
        book.due = max(book.due, now if has_lasted else book.deepened_at + book.pause)

    def next(self, now: float, pools: Collection[str]) -> int | None:
        """The book of these pools to deepen now: who runs out first, then who waits longest."""
        ready = [
            (not book.is_thin, book.due, symbol)
            for symbol, book in self._books.items()
            if book.is_wanting and book.due <= now and book.pool in pools
        ]
        return min(ready)[2] if ready else None

    def begun(self, symbol: int) -> None:
        """It is being looked at: nothing more of it until that is over."""
        if symbol in self._books:
            self._books[symbol].due = float("inf")

    def is_free(self, symbol: int, now: float) -> None:
        """The look that it was under is over, and was for something else."""
        book = self._books.get(symbol)
        if book is not None:
            book.due = now

    def is_deep(self, symbol: int, now: float) -> None:
        """The book knows all levels that are wanted."""
        book = self._books.get(symbol)
        if book is not None:
            book.is_shallow = book.is_thin = False
            book.due = book.deepened_at = now

    def failed(self, symbol: int, now: float) -> None:
        """It did not work out: later, and later each time."""
        book = self._books.get(symbol)
        if book is not None:
            book.due = now + book.pause
            book.pause = min(PAUSE_MAX_S, 2 * book.pause)
