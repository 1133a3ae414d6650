"""A book as a ladder: levels with what is cumulated up to them, spread, middle, imbalance. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

from gateway import decimals
from gateway_client import Book


class Rung(NamedTuple):
    """One level; mantissas. ``cumulated``: of the best levels down to this one."""

    px: int
    qty: int
    cumulated: int


@dataclass(frozen=True, slots=True)
class Ladder:
    """Both sides, the best first; mantissas, to be read with the exponents."""

    bids: Sequence[Rung]
    asks: Sequence[Rung]
    px_exponent: int
    qty_exponent: int

    @property
    def spread(self) -> int | None:
        """Best ask less best bid; None where a side is empty."""
        return self.asks[0].px - self.bids[0].px if self.bids and self.asks else None

    @property
    def middle(self) -> float | None:
        """Between best bid and best ask, as a price."""
        if not self.bids or not self.asks:
            return None
        return float((self.bids[0].px + self.asks[0].px) / 2 / 10.0**-self.px_exponent)

    @property
    def spread_bps(self) -> float | None:
        """The spread in hundredths of a per cent of the middle."""
        spread, middle = self.spread, self.middle
        if spread is None or not middle or middle <= 0:
            return None
        return float(1e4 * spread / 10.0**-self.px_exponent / middle)

    @property
    def imbalance(self) -> float | None:
        """(bids - asks) / (bids + asks) of the quantities shown: 1 all bids, -1 all asks."""
        bids = self.bids[-1].cumulated if self.bids else 0
        asks = self.asks[-1].cumulated if self.asks else 0
        return (bids - asks) / (bids + asks) if bids + asks else None

    def px(self, mantissa: int) -> str:
        """Return a price in full."""
        return decimals.text(mantissa, self.px_exponent)

    def qty(self, mantissa: int) -> str:
        """Return a quantity in full."""
        return decimals.text(mantissa, self.qty_exponent)


def ladder(bids: Sequence[int], asks: Sequence[int], px_exponent: int, qty_exponent: int) -> Ladder:
    """Make one of sides as a book has them: px, qty, px, qty, … in mantissas, the best first."""
    return Ladder(_rungs(bids), _rungs(asks), px_exponent, qty_exponent)


def ladder_of(book: Book) -> Ladder:
    """Make one of the levels that a book was cut to."""
    of = book.instrument
    return ladder(book.bids_mantissa, book.asks_mantissa, of.px_exponent, of.qty_exponent)


def _rungs(side: Sequence[int]) -> list[Rung]:
    quantities = side[1::2]
    return [
        Rung(px, qty, cumulated)
        for px, qty, cumulated in zip(side[::2], quantities, accumulate(quantities), strict=True)
    ]
