"""What the generated market lists: prices to begin with, ticks, steps, and how numbers are written.

Pure. Prices are whole ticks and quantities whole steps inside the generator; only here do they
become the venue's text: spot writes 8 decimals, futures as many as the contract has.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final
from zlib import crc32

from gateway.simulator.exchange_info import assets_of, contract_usd
from gateway.simulator.names import Market, pair_of
from gateway.simulator.source import ONBOARD_MS, Instrument

FINEST: Final = 8  # decimals, of index and mark prices and of what has no tick
_SPOT_DECIMALS: Final = 8
_LEVEL_USD: Final = 2000  # about what rests at one price
_COINM_CONTRACTS: Final = 50
_PRICES: Final = {"BTC": 61_000.0, "ETH": 3_400.0, "BNB": 580.0, "SOL": 150.0, "XRP": 0.55}
# As exchangeInfo has them: tick and step of spot, of USD-M, tick of COIN-M (its step is 1).
_UNITS: Final = {
    "BTC": ("0.01", "0.00001", "0.10", "0.001", "0.1"),
    "ETH": ("0.01", "0.0001", "0.01", "0.001", "0.01"),
}


@dataclass(frozen=True, slots=True)
class Listing:
    """An instrument's units. A tick is ``tick`` of a price text's last digit."""

    market: Market
    symbol: str
    price_decimals: int
    tick: int
    qty_decimals: int
    step: int
    start: int  # ticks
    level_qty: int  # steps

    @property
    def pair(self) -> str:
        """Return the pair (BTCUSD of BTCUSD_PERP)."""
        return pair_of(self.symbol)

    def price(self, ticks: int) -> str:
        """Write a price."""
        return decimal_text(ticks * self.tick, self.price_decimals)

    def qty(self, steps: int) -> str:
        """Write a quantity."""
        return decimal_text(steps * self.step, self.qty_decimals)

    def turnover(self, price: int, qty: int) -> int:
        """Return what a trade is worth, to be summed: quote asset; COIN-M base asset in 1e-8."""
        if self.market is not Market.COINM:
            return price * qty
        usd = qty * contract_usd(self.symbol)
        return round(usd * int(10 ** (FINEST + self.price_decimals)) / (price * self.tick))

    def turnover_text(self, turnover: int) -> str:
        """Write a sum of turnovers."""
        if self.market is Market.COINM:
            return decimal_text(turnover, FINEST)
        decimals = self.price_decimals + self.qty_decimals
        surplus = max(0, decimals - FINEST)
        return decimal_text(turnover * self.tick * self.step // 10**surplus, decimals - surplus)

    def average(self, turnover: int, qty: int) -> str:
        """Write the weighted average price; COIN-M shows base asset a contract."""
        if self.market is Market.COINM:
            return decimal_text(turnover // qty, FINEST)
        return self.price(turnover // qty)

    def fine_price(self, half_ticks: int) -> int:
        """Return a price, given in halves of a tick, in 1e-8."""
        return half_ticks * self.tick * int(10 ** (FINEST - self.price_decimals)) // 2

    def instrument(self, status: str = "TRADING", onboard_ms: int = ONBOARD_MS) -> Instrument:
        """Return what exchangeInfo says about it."""
        return Instrument(
            self.market,
            self.symbol,
            tick=self.price(1),
            step=self.qty(1),
            price_decimals=self.price_decimals,
            qty_decimals=self.qty_decimals,
            status=status,
            onboard_ms=onboard_ms,
        )


def decimal_text(mantissa: int, decimals: int) -> str:
    """Write ``mantissa`` x 10^-decimals: 1234, 2 gives 12.34."""
    if not decimals:
        return str(mantissa)
    digits = str(abs(mantissa)).rjust(decimals + 1, "0")
    return f"{'-' if mantissa < 0 else ''}{digits[:-decimals]}.{digits[-decimals:]}"


def list_symbol(market: Market, symbol: str) -> Listing:
    """Return the units of any symbol: known ones as at the venue, others by their name."""
    base, _ = assets_of(symbol)
    price = start_price(base)
    tick_text, step_text = _units(market, base, price)
    tick_shown, step_shown = _decimals(tick_text), _decimals(step_text)
    if market is Market.SPOT:
        price_decimals = qty_decimals = _SPOT_DECIMALS
    else:
        price_decimals, qty_decimals = tick_shown, step_shown
    level = _COINM_CONTRACTS if market is Market.COINM else _LEVEL_USD / price / float(step_text)
    return Listing(
        market,
        symbol,
        price_decimals,
        round(float(tick_text) * 10**price_decimals),
        qty_decimals,
        round(float(step_text) * 10**qty_decimals),
        start=round(price / float(tick_text)),
        level_qty=max(5, round(level)),
    )


def start_price(asset: str) -> float:
    """Return an asset's price in dollars: known, or between 0.01 and 500 as its name has it."""
    return _PRICES.get(asset) or 0.01 * math.pow(50_000, crc32(asset.encode()) / 2**32)


def _units(market: Market, base: str, price: float) -> tuple[str, str]:
    """Return tick and step; made up so that a price has about five digits."""
    known = _UNITS.get(base)
    if known:
        tick, step = known[0:2] if market is Market.SPOT else known[2:4]
        return (known[4], "1") if market is Market.COINM else (tick, step)
    magnitude = math.floor(math.log10(price))
    step_decimals = min(max(magnitude + 1, 0), 5)
    tick = decimal_text(1, max(4 - magnitude, 0))
    return tick, "1" if market is Market.COINM else decimal_text(1, step_decimals)


def _decimals(text: str) -> int:
    return len(text.partition(".")[2])
