"""How long the first snapshots of all books take by the weight limit, and how far they are. Pure.

The clock is passed in, in seconds. What is computed is a lower bound: calls also take their time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from gateway.plan import Need
from gateway.rest.budget import SHARES
from gateway.rest.weight_log import WINDOW_SECONDS

SAY_SECONDS: Final = 10.0  # between two lines
FEW_BOOKS: Final = 50  # which come at once, without a word


def seconds_needed(weights: list[int], line: int, spent: int) -> float:
    """Return how long calls of these ``weights`` wait for one another.

    ``line`` is what they may spend in any minute, of which ``spent`` is gone just now. The calls go
    out as fast as they may: what fits at once, and the next lot when that is a minute old.
    """
    turns, room = 0, line - spent
    for weight in weights:
        if weight > room:
            turns, room = turns + 1, line
        room -= weight
    return turns * WINDOW_SECONDS


@dataclass(slots=True)
class ColdStart:
    """The books of the markets that share a pool, by any key. ``name`` is what lines call it."""

    name: str
    line: int  # of the pool
    _books: set[object] = field(default_factory=set)
    _has_begun: bool = False
    _here: set[object] = field(default_factory=set)
    _began_at: float = 0.0
    _computed_s: float = 0.0
    _said_at: float = 0.0

    @property
    def line_cold(self) -> int:
        """What first snapshots may spend of the line."""
        return int(self.line * SHARES[Need.COLD])

    def expect(self, books: set[object]) -> None:
        """These books are going to be asked for."""
        self._books |= books

    def asked(self, book: object, weight: int, spent: int, now: float) -> str:
        """A first snapshot is asked for; return what is to be said, if anything."""
        if self._has_begun or book not in self._books:
            return ""
        self._has_begun, self._began_at, self._said_at = True, now, now
        count = len(self._books)
        self._computed_s = seconds_needed([weight] * count, self.line_cold, spent)
        if self._is_small:
            return ""
        text = f"books of {self.name}: {count} first snapshots of weight {weight}"
        limit = f"the weight limit ({self.line_cold} a minute)"
        if not self._computed_s:
            return f"{text}, as fast as they are answered: {limit} has room for all"
        return f"{text}, all here in about {self._computed_s:.0f} s by {limit}"

    def came(self, book: object, now: float) -> str:
        """A snapshot came; return what is to be said, if anything."""
        if book not in self._books or book in self._here:
            return ""
        self._here.add(book)
        count, here, took = len(self._books), len(self._here), now - self._began_at
        text = f"books of {self.name}: {here} of {count} first snapshots are here"
        if self._is_small or (here < count and now - self._said_at < SAY_SECONDS):
            return ""
        self._said_at = now
        if here == count:
            computed = f"{self._computed_s:.0f} s were computed"
            return f"{text} after {took:.1f} s" + (f"; {computed}" if self._computed_s else "")
        left = max(self._computed_s - took, took / here * (count - here))
        return f"{text}, the rest in about {left:.0f} s"

    @property
    def _is_small(self) -> bool:
        return len(self._books) < FEW_BOOKS and not self._computed_s
