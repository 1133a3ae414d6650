"""Forced orders of one contract, and which of them the venue tells of. Pure.

Venue rule: of each second at most one is sent; on USD-M the largest since 2026-04-14, on COIN-M the
latest ("Liquidation Order Streams").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_SECOND_MS: Final = 1000
_SECONDS_KEPT: Final = 3


@dataclass(frozen=True, slots=True)
class ForcedOrder:
    """An order that closed a position, filled at once. Prices in ticks, quantities in steps."""

    ms: int
    is_buy: bool
    limit: int
    average: int
    qty: int
    last_qty: int


class Liquidations:
    """The forced orders of the last seconds."""

    def __init__(self, largest: bool) -> None:
        self._largest = largest
        self._told: dict[int, ForcedOrder] = {}

    def add(self, order: ForcedOrder) -> None:
        """Take the next one."""
        second = order.ms // _SECOND_MS
        before = self._told.get(second)
        if before is None or not self._largest or order.qty > before.qty:
            self._told[second] = order
        for old in [key for key in self._told if key <= second - _SECONDS_KEPT]:
            del self._told[old]

    def before(self, ms: int) -> ForcedOrder | None:
        """Return the one that is told of the second that ended before ``ms``."""
        return self._told.get(ms // _SECOND_MS - 1)
