"""The figures of the last day that a ticker shows. Pure.

The generated market has no yesterday: the day's open, high, low and volume before the start are
made up once, and what trades is added to them.
"""

from __future__ import annotations

from random import Random
from typing import Final

from gateway.simulator.encode import Window
from gateway.simulator.exchange_info import contract_usd
from gateway.simulator.listing import Listing, decimal_text
from gateway.simulator.names import Market

DAY_MS: Final = 86_400_000
_BASE_DECIMALS: Final = 8  # of COIN-M base volume


class Day:
    """One instrument's day; prices in ticks, quantities in steps."""

    def __init__(self, listing: Listing, random: Random, first_trade_id: int) -> None:
        start = listing.start
        self._listing = listing
        self._open = max(1, start + random.randint(-start // 50, start // 50))
        self._high = max(self._open, start) + start // 100
        self._low = max(1, min(self._open, start) - start // 100)
        self._last, self._last_qty = start, 1
        self._count = random.randint(100_000, 1_000_000)
        self._first_id = first_trade_id - self._count
        self._last_id = first_trade_id - 1
        self._volume = self._count * listing.level_qty // 20
        self._turnover = self._volume * start  # ticks x steps

    def trade(self, trade_id: int, price: int, qty: int) -> None:
        """Add a trade."""
        self._last, self._last_qty, self._last_id = price, qty, trade_id
        self._high, self._low = max(self._high, price), min(self._low, price)
        self._count += 1
        self._volume += qty
        self._turnover += price * qty

    def window(self, ms: int) -> Window:
        """Return the day up to ``ms``."""
        listing = self._listing
        average = self._turnover // self._volume
        change = self._last - self._open
        return Window(
            change=listing.price(change),
            percent=decimal_text(round(change * 100_000 / self._open), 3),
            average=listing.price(average),
            before=listing.price(self._open),
            last=listing.price(self._last),
            last_qty=listing.qty(self._last_qty),
            open=listing.price(self._open),
            high=listing.price(self._high),
            low=listing.price(self._low),
            volume=listing.qty(self._volume),
            quote=self._quote(average),
            open_ms=ms - DAY_MS,
            first_id=self._first_id,
            last_id=self._last_id,
            count=self._count,
        )

    def _quote(self, average: int) -> str:
        listing = self._listing
        if listing.market is Market.COINM:
            usd = self._volume * contract_usd(listing.symbol)
            price = average * listing.tick
            return decimal_text(
                usd * 10 ** (_BASE_DECIMALS + listing.price_decimals) // price, _BASE_DECIMALS
            )
        decimals = listing.price_decimals + listing.qty_decimals
        surplus = max(0, decimals - _BASE_DECIMALS)
        mantissa = self._turnover * listing.tick * listing.step // 10**surplus
        return decimal_text(mantissa, decimals - surplus)
