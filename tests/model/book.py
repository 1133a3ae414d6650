"""An order book as two dicts. Quantities are absolute; 0 removes, also what is not there."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable

Level = tuple[int, int]  # price, quantity: mantissas


class Side:
    """Price -> quantity, with the prices kept sorted (ascending) beside it.

    ``complete_px``: nothing is known of what lies beyond, so nothing of it is kept; None: known to
    the end.
    """

    def __init__(self, best_is_highest: bool) -> None:
        self.best_is_highest = best_is_highest
        self.qty: dict[int, int] = {}
        self.prices: list[int] = []
        self.complete_px: int | None = None

    def is_beyond(self, px: int) -> bool:
        if self.complete_px is None:
            return False
        return px < self.complete_px if self.best_is_highest else px > self.complete_px

    def worst_px(self) -> int:
        return self.prices[0] if self.best_is_highest else self.prices[-1]

    @property
    def is_bare(self) -> bool:
        """Empty as far as it is known, though it is not known to the end."""
        return not self.prices and self.complete_px is not None

    def set(self, px: int, qty: int) -> bool:
        """Set the quantity at a price; returns whether anything changed."""
        if self.is_beyond(px):
            return False
        if qty == 0:
            return self._remove(px)
        if px not in self.qty:
            insort(self.prices, px)
        changed = self.qty.get(px) != qty
        self.qty[px] = qty
        return changed

    def _remove(self, px: int) -> bool:
        if self.qty.pop(px, None) is None:
            return False
        del self.prices[bisect_left(self.prices, px)]
        return True

    def drop_worst(self) -> None:
        self._remove(self.worst_px())
        self.complete_px = self.worst_px()

    def best(self) -> Level | None:
        if not self.prices:
            return None
        px = self.prices[-1] if self.best_is_highest else self.prices[0]
        return px, self.qty[px]

    def top(self, count: int) -> list[Level]:
        """Return up to ``count`` levels, best first."""
        prices = self.prices[: -count - 1 : -1] if self.best_is_highest else self.prices[:count]
        return [(px, self.qty[px]) for px in prices]


class Book:
    """Bids and asks; beyond ``levels_max`` a side those farthest from the top are forgotten."""

    def __init__(self, levels_max: int | None = None) -> None:
        self.levels_max = levels_max
        self.bids = Side(best_is_highest=True)
        self.asks = Side(best_is_highest=False)

    def clear(self) -> None:
        self.__init__(self.levels_max)  # type: ignore[misc]  # of this class, for none is derived

    def set(self, side: int, px: int, qty: int) -> bool:
        """Set a level of side 0 (bids) or 1 (asks); returns whether the book changed."""
        levels = self.asks if side else self.bids
        before = levels.qty.get(px)
        levels.set(px, qty)
        if self.levels_max is not None and len(levels.qty) > self.levels_max:
            levels.drop_worst()
        return levels.qty.get(px) != before

    def apply(self, bids: Iterable[Level], asks: Iterable[Level]) -> None:
        for px, qty in bids:
            self.set(0, px, qty)
        for px, qty in asks:
            self.set(1, px, qty)

    def replace(self, bids: Iterable[Level], asks: Iterable[Level], limit: int = 0) -> None:
        """Take a snapshot of ``limit`` levels a side; a side of fewer is known to its end."""
        bids, asks = list(bids), list(asks)
        self.clear()
        self.apply(bids, asks)
        self.bound(bids=0 < limit <= len(bids), asks=0 < limit <= len(asks))

    def bound(self, *, bids: bool, asks: bool) -> None:
        """Call a side known to its last level."""
        for side, is_bounded in ((self.bids, bids), (self.asks, asks)):
            if is_bounded and side.prices:
                side.complete_px = side.worst_px()

    def top(self, count: int) -> tuple[list[Level], list[Level]]:
        return self.bids.top(count), self.asks.top(count)

    def best(self) -> tuple[Level | None, Level | None]:
        return self.bids.best(), self.asks.best()

    def counts(self) -> tuple[int, int]:
        return len(self.bids.qty), len(self.asks.qty)

    def complete_px(self) -> tuple[int | None, int | None]:
        return self.bids.complete_px, self.asks.complete_px

    def is_bare(self) -> bool:
        return self.bids.is_bare or self.asks.is_bare

    def is_crossed(self) -> bool:
        bid, ask = self.best()
        return bid is not None and ask is not None and bid[0] >= ask[0]
