"""How many levels of a book are asked for. Pure.

A shallow snapshot costs a tenth of a deep one (FACTS of ``gateway.markets``): so many books come up
on shallow ones, and are deepened when none is waiting any more. A few are asked for at their full
depth at once where that is cheap, which saves the second call.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final

from gateway.markets import FACTS, DepthCall
from gateway.plan import PlanSymbol

ONE_GO_WEIGHT_MAX: Final = 50  # spot and futures: 1000 levels
ONE_GO_BOOKS_MAX: Final = 8  # at once; with more, shallow ones bring all up sooner


@dataclass(frozen=True, slots=True)
class Depths:
    """``configured``: levels a side by patterns of symbol ids, ``spot:BTC*``; the first that fits
    counts, an exact name before all. ``shown``: levels a side in shared memory."""

    default: int
    shown: int
    configured: Mapping[str, int] = field(default_factory=dict)

    def full(self, symbol: PlanSymbol) -> int:
        """Levels a side that are asked for in the end, as the venue's call has them."""
        return _call(symbol, max(self._wanted(symbol), self._cheapest(symbol))).limit

    def shallow(self, symbol: PlanSymbol) -> int:
        """Levels a side for the least weight that shows everything that is shown."""
        return min(self.full(symbol), _call(symbol, self._cheapest(symbol)).limit)

    def first(self, symbol: PlanSymbol, books: int) -> int:
        """Levels a side to begin with, where so many books may need a snapshot together."""
        full = self.full(symbol)
        is_cheap = _call(symbol, full).weight <= ONE_GO_WEIGHT_MAX and books <= ONE_GO_BOOKS_MAX
        return full if is_cheap else self.shallow(symbol)

    def _cheapest(self, symbol: PlanSymbol) -> int:
        return max(FACTS[symbol.market].depth_weights[0][0], self.shown)

    def _wanted(self, symbol: PlanSymbol) -> int:
        name = f"{FACTS[symbol.market].name}:{symbol.row_name}"
        if name in self.configured:
            return self.configured[name]
        fits = (levels for mask, levels in self.configured.items() if fnmatchcase(name, mask))
        return next(fits, self.default)


def _call(symbol: PlanSymbol, levels: int) -> DepthCall:
    facts = FACTS[symbol.market]
    is_known = symbol.variant in facts.depth_variants
    return facts.depth_call(levels, symbol.variant if is_known else "")


def is_whole(body: bytes, limit: int) -> bool:
    """Whether a depth answer has fewer levels than were asked on both sides: then it is the book.

    ``limit`` 0: nothing was cut off. The answer is the venue's ``{"bids":[["1","2"],…],"asks":…}``.
    """
    bids, key, asks = body.partition(b'"asks"')
    sides = (bids.count(b'["'), asks.count(b'["'))
    return not limit or (bool(key) and max(sides) < limit)
