"""What REST asks of a source that remembers what its streams sent, or knows what they would."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from gateway.simulator.candles import Series
from gateway.simulator.day import Window
from gateway.simulator.history import Shelf
from gateway.simulator.listing import Listing
from gateway.simulator.names import Market
from gateway.simulator.prices import MarkPrice
from gateway.simulator.truth import PriceQty


@runtime_checkable
class Histories(Protocol):
    """A source that remembers what it sent. Where there is nothing, each raises NoSuchSymbol."""

    @property
    def reached_ms(self) -> int:
        """Return the time up to which the market is made."""

    def trades(self, market: Market, symbol: str) -> tuple[Listing, Shelf, Shelf]:
        """Return an instrument's units, its trades and its aggregates."""

    def candles(
        self, market: Market, symbol: str, interval: str, zone: str
    ) -> tuple[Listing, Series]:
        """Return the candles of trades; futures of either market are known to both."""

    def contract_candles(
        self, market: Market, pair: str, contract_type: str, interval: str
    ) -> tuple[Listing, Series]:
        """Return the candles of the contract that is of this type now."""

    def mark_candles(self, market: Market, symbol: str, interval: str) -> Series:
        """Return the candles of a mark price; contracts of either market are known to both."""

    def index_candles(self, market: Market, pair: str, interval: str) -> Series:
        """Return the candles of an index price; pairs of either market are known to both."""


@runtime_checkable
class LatestValues(Protocol):
    """A source that knows rolling days and mark prices. Both raise NoSuchSymbol."""

    def day(self, market: Market, symbol: str) -> tuple[Listing, Window, PriceQty, PriceQty]:
        """Return an instrument's units, its day up to now, and best bid and ask."""

    def mark(self, market: Market, symbol: str) -> tuple[Listing, MarkPrice]:
        """Return a contract's units and its mark price."""
