"""Price levels of an order book that its reader keeps up to date. Pure, in mantissas.

Two sorted lists a book, the best price at the end of each: changes cluster there, so an insertion
moves little. A side that is known to a certain price only keeps nothing beyond that price: a level
there may come, change and go without its neighbours ever being known.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence

Mantissas = Sequence[int]
"""px, qty, px, qty, …"""

BIDS, ASKS = 1, -1


class Side:
    """One side of a book. ``sign`` BIDS: the highest price is the best, ASKS: the lowest."""

    __slots__ = ("_bound", "_keys", "_quantities", "_sign", "complete")

    def __init__(self, sign: int) -> None:
        self._sign = sign
        self._keys: list[int] = []  # sign * px, ascending
        self._quantities: dict[int, int] = {}  # by key
        self._bound: int | None = None
        self.complete: int | None = None
        """The price up to which every level is known; None: all of them are."""

    def __len__(self) -> int:
        return len(self._keys)

    def load(self, levels: Mantissas, complete: int | None) -> None:
        """Replace everything; ``levels`` in any order."""
        sign = self._sign
        self.complete = complete
        self._bound = bound = None if complete is None else sign * complete
        pairs = zip(levels[::2], levels[1::2], strict=True)
        self._quantities = {sign * px: qty for px, qty in pairs if qty}
        if bound is not None:
            self._quantities = {k: qty for k, qty in self._quantities.items() if k >= bound}
        self._keys = sorted(self._quantities)

    def apply(self, levels: Mantissas) -> None:
        """Set absolute quantities; 0 removes, also a level that is not there."""
        sign, keys, quantities, bound = self._sign, self._keys, self._quantities, self._bound
        for px, qty in zip(levels[::2], levels[1::2], strict=True):
            key = sign * px
            if bound is not None and key < bound:
                continue
            if qty:
                if key not in quantities:
                    insort(keys, key)
                quantities[key] = qty
            elif quantities.pop(key, 0):
                del keys[bisect_left(keys, key)]

    def is_narrower(self, complete: int | None) -> bool:
        """Whether less is known than up to the price ``complete``; None: than all."""
        if self._bound is None:
            return False
        return complete is None or self._sign * complete < self._bound

    @property
    def is_thin(self) -> bool:
        """Whether nothing is left of what is known: levels beyond it may be there."""
        return self._bound is not None and not self._keys

    @property
    def best(self) -> int | None:
        """The best price; None where there is no level."""
        return self._sign * self._keys[-1] if self._keys else None

    def top(self, levels: int | None = None) -> tuple[int, ...]:
        """The best ``levels``, all by default, the best first: px, qty, px, qty, …"""
        keys = self._keys[::-1] if levels is None else self._keys[: -levels - 1 : -1]
        found = [0] * (2 * len(keys))
        found[::2] = keys if self._sign > 0 else [-key for key in keys]
        found[1::2] = map(self._quantities.__getitem__, keys)
        return tuple(found)


class Levels:
    """Both sides of a book."""

    __slots__ = ("asks", "bids")

    def __init__(self) -> None:
        self.bids, self.asks = Side(BIDS), Side(ASKS)

    @property
    def is_thin(self) -> bool:
        """Whether the price has left what is known of a side."""
        return self.bids.is_thin or self.asks.is_thin

    @property
    def is_crossed(self) -> bool:
        """Whether the best bid is not below the best ask: no book of the venue is."""
        bid, ask = self.bids.best, self.asks.best
        return bid is not None and ask is not None and bid >= ask
