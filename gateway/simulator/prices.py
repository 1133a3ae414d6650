"""Index and mark prices, taken once a second of the books. Pure; all prices in 1e-8.

The index of a pair is the middle of its first contract's book with a small deviation; the mark
price of a contract lies between index and its own book.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gateway.simulator.candles import CANDLES_KEPT, Candles, Print
from gateway.simulator.indices import wobble
from gateway.simulator.intervals import HOUR_MS

FUNDING_MS: Final = 8 * HOUR_MS
_ONE: Final = 10**8
_RATE: Final = 10_000  # 0.01 % each 8 hours, to which the premium is added
_RATE_MAX: Final = 300_000
_SMOOTHING: Final = 8


@dataclass(frozen=True, slots=True)
class MarkPrice:
    """What a contract is valued at. Contracts with a delivery have no funding."""

    mark: int
    average: int
    index: int
    settle: int
    funding_rate: int | None
    funding_ms: int


class PairIndex:
    """A pair's index price and its candles."""

    def __init__(self, pair: str, middle: int, candles_kept: int = CANDLES_KEPT) -> None:
        self.pair = pair
        self.price = middle
        self.candles = Candles(middle, kept=candles_kept)

    def sample(self, middle: int, ms: int) -> None:
        """Take the middle of the first contract's book."""
        self.price = middle * (_ONE + wobble(self.pair, ms)) // _ONE
        self.candles.add(Print(ms, ms, self.price))


class Marks:
    """A contract's mark price and its candles."""

    def __init__(self, is_perpetual: bool, middle: int, candles_kept: int = CANDLES_KEPT) -> None:
        self._is_perpetual = is_perpetual
        self.newest = MarkPrice(middle, middle, middle, middle, *self._funding(0, 1, 0))
        self.candles = Candles(middle, kept=candles_kept)

    def sample(self, middle: int, index: int, ms: int) -> None:
        """Take the middle of the contract's book and the index of its pair."""
        mark = (middle + 2 * index) // 3
        average = self.newest.average + (mark - self.newest.average) // _SMOOTHING
        funding = self._funding(mark - index, index, ms)
        self.newest = MarkPrice(mark, average, index, (index + average) // 2, *funding)
        self.candles.add(Print(ms, ms, mark))

    def _funding(self, premium: int, index: int, ms: int) -> tuple[int | None, int]:
        if not self._is_perpetual:
            return None, 0
        rate = _RATE + premium * _ONE // index
        return max(-_RATE_MAX, min(_RATE_MAX, rate)), (ms // FUNDING_MS + 1) * FUNDING_MS
