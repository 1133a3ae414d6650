"""Indices that hang on no single instrument: margin assets, composite indices, trading sessions.

Pure functions of time, so that they need no history: prices swing a little around a fixed value.
All prices, weights and rates are in 1e-8.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from zlib import crc32

from gateway.simulator.index_names import COMPOSITES
from gateway.simulator.intervals import DAY_MS, HOUR_MS
from gateway.simulator.listing import start_price

_STABLE: Final = ("USDC", "USDT")
_ONE: Final = 10**8
_HALF_HOUR_MS: Final = HOUR_MS // 2
_WEEKEND: Final = (2, 3)  # days since the epoch, a Thursday, modulo 7


@dataclass(frozen=True, slots=True)
class AssetIndex:
    """A margin asset's price; the buffers are shares of it, both ways alike."""

    symbol: str
    price: int
    buffer: int
    exchange_buffer: int

    @property
    def bid(self) -> int:
        """Return the price less its buffer."""
        return self.price * (_ONE - self.buffer) // _ONE

    @property
    def ask(self) -> int:
        """Return the price and its buffer."""
        return self.price * (_ONE + self.buffer) // _ONE

    @property
    def exchange_bid(self) -> int:
        """Return the lower price at which the asset is exchanged by itself."""
        return self.price * (_ONE - self.exchange_buffer) // _ONE

    @property
    def exchange_ask(self) -> int:
        """Return the higher price at which the asset is exchanged by itself."""
        return self.price * (_ONE + self.exchange_buffer) // _ONE


@dataclass(frozen=True, slots=True)
class Component:
    """An asset of a composite index: how much of it, which share of the index, at which price."""

    asset: str
    weight: int
    share: int
    price: int


@dataclass(frozen=True, slots=True)
class Session:
    """A trading session of a market, and the event that tells of it."""

    event: str
    name: str
    start_ms: int
    end_ms: int


def wobble(name: str, ms: int) -> int:
    """Return a deviation in 1e-8, at most 1e-4 either way, that is another one each second."""
    return ((crc32(name.encode()) + ms // 1000 * 7919) % 2001 - 1000) * 10


def asset_index(symbol: str, ms: int) -> AssetIndex:
    """Return the index of an asset such as ``ADAUSD``."""
    asset = symbol.removesuffix("USD")
    is_stable = asset in _STABLE
    base = _ONE if is_stable else round(start_price(asset) * _ONE)
    price = base * (_ONE + wobble(symbol, ms)) // _ONE
    return AssetIndex(symbol, price, *((10_000, 10_000) if is_stable else (10_000_000, 5_000_000)))


def composite_index(base: str, ms: int) -> tuple[int, list[Component]]:
    """Return the index of ``base`` and its components, which add up to it."""
    found = []
    for number, asset in enumerate(COMPOSITES[base]):
        price = round(start_price(asset) * _ONE) * (_ONE + wobble(asset, ms)) // _ONE
        # each asset began with its own fixed amount of dollars
        weight = (100 + 10 * number) * _ONE * _ONE // round(start_price(asset) * _ONE)
        found.append((asset, weight, price))
    total = sum(weight * price // _ONE for _, weight, price in found)
    return total, [
        Component(asset, weight, weight * price // total, price) for asset, weight, price in found
    ]


# Sessions by half hours of the UTC day: the name, and until when.
_US: Final = (
    ("OVERNIGHT", 18), ("PRE_MARKET", 29), ("REGULAR", 42), ("AFTER_MARKET", 48),
)  # fmt: skip
_SESSIONS: Final[tuple[tuple[str, tuple[tuple[str, int], ...]], ...]] = (
    ("EquityUpdate", _US),
    ("CommodityUpdate", (("REGULAR", 44), ("NO_TRADING", 46), ("REGULAR", 48))),
    ("KR_EquityUpdate", (("REGULAR", 13), ("NO_TRADING", 48))),
    ("HK_EquityUpdate", (("NO_TRADING", 3), ("REGULAR", 16), ("NO_TRADING", 48))),
    ("CN_EquityUpdate", (("NO_TRADING", 3), ("REGULAR", 14), ("NO_TRADING", 48))),
)


def sessions(ms: int) -> list[Session]:
    """Return the session that each market is in."""
    return [_session(event, plan, ms) for event, plan in _SESSIONS]


def _session(event: str, plan: Sequence[tuple[str, int]], ms: int) -> Session:
    midnight = ms // DAY_MS * DAY_MS
    if midnight // DAY_MS % 7 in _WEEKEND:
        return Session(event, "NO_TRADING", midnight, midnight + DAY_MS)
    half = (ms - midnight) // _HALF_HOUR_MS
    begin = max((until for _, until in plan if until <= half), default=0)
    name, end = next(part for part in plan if part[1] > half)
    start_ms, end_ms = midnight + begin * _HALF_HOUR_MS, midnight + end * _HALF_HOUR_MS
    return Session(event, name, start_ms, end_ms)
