"""The generated market as REST and the control room see it: books, trades, candles, the past.

Pure: ``reached_ns`` is the time up to which the exchange was advanced; who advances it sets it.
"""

from __future__ import annotations

from gateway.simulator.candles import Series
from gateway.simulator.day import Window
from gateway.simulator.exchange import Exchange
from gateway.simulator.history import Shelf
from gateway.simulator.listing import Listing
from gateway.simulator.names import Market
from gateway.simulator.prices import MarkPrice
from gateway.simulator.source import Instrument, NoSnapshot
from gateway.simulator.truth import PriceQty, TrueBook


class ExchangeView:
    """Everything that is asked of a generated market, but for its streams."""

    def __init__(self, exchange: Exchange, reached_ns: int) -> None:
        self.exchange = exchange
        self.reached_ns = reached_ns

    def instruments(self, market: Market) -> list[Instrument]:
        listed = self.exchange.markets.values()
        return [found.instrument() for found in listed if found.listing.market is market]

    def depth(self, market: Market, symbol: str) -> TrueBook:
        return self.exchange.find(market, symbol).truth.newest_book()

    def rpi_depth(self, market: Market, symbol: str) -> TrueBook:
        """Return the true book with retail orders, of USD-M. Raises NoSuchSymbol, NoSnapshot."""
        retail = self.exchange.find(market, symbol).retail
        if retail is None:
            raise NoSnapshot(f"{market} has no book of retail orders")
        return retail.truth.newest_book()

    def depth_before(
        self, market: Market, symbol: str, age_s: float, *, is_rpi: bool = False
    ) -> TrueBook:
        found = self.exchange.find(market, symbol)
        if is_rpi and found.retail is None:
            raise NoSnapshot(f"{market} has no book of retail orders")
        eras = found.retail.eras if is_rpi and found.retail is not None else found.eras
        return eras.book_before(self.reached_ms - round(age_s * 1000))

    def restart_ids(self, market: Market, symbol: str) -> None:
        self.exchange.restart_ids(market, symbol, self.reached_ns)

    def book_at(self, market: Market, symbol: str, update_id: int | None) -> TrueBook:
        eras = self.exchange.find(market, symbol).eras
        return eras.current.newest_book() if update_id is None else eras.book_at(update_id)

    def trades(self, market: Market, symbol: str) -> tuple[Listing, Shelf, Shelf]:
        found = self.exchange.find(market, symbol)
        return found.listing, found.prints.trades, found.prints.aggregates

    def candles(
        self, market: Market, symbol: str, interval: str, zone: str
    ) -> tuple[Listing, Series]:
        found = self.exchange.board.find_any(market, symbol)
        return found.listing, found.prints.candles.series(interval, zone)

    def contract_candles(
        self, market: Market, pair: str, contract_type: str, interval: str
    ) -> tuple[Listing, Series]:
        found = self.exchange.board.contract(market, pair, contract_type, self.reached_ms)
        return found.listing, found.prints.candles.series(interval)

    def mark_candles(self, market: Market, symbol: str, interval: str) -> Series:
        return self.exchange.board.find_any(market, symbol).marks.candles.series(interval)

    def index_candles(self, market: Market, pair: str, interval: str) -> Series:
        return self.exchange.board.pair_any(market, pair).candles.series(interval)

    def day(self, market: Market, symbol: str) -> tuple[Listing, Window, PriceQty, PriceQty]:
        """Return an instrument's units, its day up to now, and best bid and ask."""
        found = self.exchange.find(market, symbol)
        return found.listing, found.prints.day.window(self.reached_ms), *found.best()

    def mark(self, market: Market, symbol: str) -> tuple[Listing, MarkPrice]:
        """Return a contract's units and its mark price."""
        found = self.exchange.find(market, symbol)
        return found.listing, found.marks.newest

    @property
    def reached_ms(self) -> int:
        """Return the time up to which the market is made."""
        return self.reached_ns // 1_000_000

    def list_symbol(self, market: Market, symbol: str) -> None:
        """Add an instrument; one that is there already stays as it is."""
        self.exchange.list_symbol(market, symbol, self.reached_ns)

    def halt(self, market: Market, symbol: str, is_halted: bool = True) -> None:
        """Stop an instrument's trading, or let it go on. Raises NoSuchSymbol."""
        self.exchange.halt(market, symbol, is_halted, self.reached_ns)

    def delist(self, market: Market, symbol: str) -> None:
        """Take an instrument away. Raises NoSuchSymbol."""
        self.exchange.delist(market, symbol, self.reached_ns)

    def now_ms(self) -> int:
        return self.reached_ms
