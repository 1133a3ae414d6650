"""The streams of several instruments at once, and of things that are no instrument.

Pure. Venue rule since the CM-UM integration of 2026-06-30: on both futures hosts the all-market
streams carry the symbols of both products, each row as on its own host ("Important CM-UM
Integration Notice"). Of tickers only those are sent that changed; mark prices come all, in several
frames.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from gateway.simulator import encode_futures, encode_statistics
from gateway.simulator.beats import (
    Beat,
    CandleBeat,
    Fire,
    Simple,
    mark_price,
    mini_ticker,
    ticker,
    window_ticker,
)
from gateway.simulator.exchange_info import contract_of
from gateway.simulator.index_names import ASSETS
from gateway.simulator.indices import asset_index, sessions
from gateway.simulator.market import GeneratedMarket
from gateway.simulator.names import Kind, Market, StreamName, is_coinm_symbol
from gateway.simulator.prices import PairIndex
from gateway.simulator.source import NoSuchSymbol

MARK_ROWS_MAX: Final = 500  # in a frame; measured 745 + 217 rows in two
_OTHER: Final = {Market.USDM: Market.COINM, Market.COINM: Market.USDM}
_ON_BOTH_HOSTS: Final = frozenset({Kind.MARK_PRICE, Kind.KLINE})
_CONTRACT_TYPES: Final = ("TRADIFI_PERPETUAL", "PERPETUAL", "CURRENT_QUARTER", "NEXT_QUARTER")


class Board:
    """What is listed: ``markets`` by id (``usdm:BTCUSDT``), ``pairs`` by market and pair."""

    def __init__(self) -> None:
        self.markets: dict[str, GeneratedMarket] = {}
        self.pairs: dict[tuple[Market, str], PairIndex] = {}

    def find(self, name: StreamName) -> GeneratedMarket | None:
        """Return the instrument that a stream is about, if it is about one.

        Mark prices and candles may be asked for on either futures host (D.6 of the notice).
        """
        found = self.markets.get(f"{name.market}:{name.symbol}")
        if found is None and name.kind in _ON_BOTH_HOSTS and name.market in _OTHER:
            found = self.markets.get(f"{_OTHER[name.market]}:{name.symbol}")
        return found

    def find_any(self, market: Market, symbol: str) -> GeneratedMarket:
        """Return an instrument; a contract of the other futures host too, as REST klines know both.

        Raises NoSuchSymbol.
        """
        hosts = (market, _OTHER[market]) if market in _OTHER else (market,)
        for host in hosts:
            found = self.markets.get(f"{host}:{symbol}")
            if found is not None:
                return found
        raise NoSuchSymbol(symbol)

    def pair_any(self, market: Market, pair: str) -> PairIndex:
        """Return the index of a pair of either futures host. Raises NoSuchSymbol."""
        found = self.pairs.get((market, pair)) or self.pairs.get((_OTHER[market], pair))
        if found is None:
            raise NoSuchSymbol(pair)
        return found

    def contract(
        self, market: Market, pair: str, contract_type: str, now_ms: int
    ) -> GeneratedMarket:
        """Return the contract of a pair that is of a type now. Raises NoSuchSymbol."""
        for found in (*self.of_pair(market, pair), *self.of_pair(_OTHER[market], pair)):
            if contract_of(found.listing.symbol, now_ms)[0] == contract_type:
                return found
        raise NoSuchSymbol(pair)

    def on_host(self, host: Market) -> list[GeneratedMarket]:
        """Return what a host's all-market streams are about, own and foreign rows mixed."""
        own = [market for market in self.markets.values() if market.listing.market is host]
        if host not in _OTHER:
            return own
        other = _OTHER[host]
        return _mixed(own, [m for m in self.markets.values() if m.listing.market is other])

    def of_pair(self, market: Market, pair: str) -> list[GeneratedMarket]:
        """Return the contracts of a pair in the order of their listing."""
        return [
            found
            for found in self.markets.values()
            if (found.listing.market, found.listing.pair) == (market, pair)
        ]

    def of_contract_type(self, name: StreamName, now_ms: int) -> tuple[GeneratedMarket, str] | None:
        """Return the contract that ``<pair>_<type>`` means now, and the type."""
        for kind in _CONTRACT_TYPES:
            pair = name.symbol.removesuffix(f"_{kind}")
            if pair == name.symbol:
                continue
            try:
                return self.contract(name.market, pair, kind, now_ms), kind
            except NoSuchSymbol:
                return None
        return None


def _mixed(own: list[GeneratedMarket], foreign: list[GeneratedMarket]) -> list[GeneratedMarket]:
    """Put the foreign ones among the own ones, evenly."""
    places = [((number + 1) / len(own), market) for number, market in enumerate(own)]
    places += [((number + 0.5) / len(foreign), market) for number, market in enumerate(foreign)]
    return [market for _, market in sorted(places, key=lambda place: place[0])]


def make_board_beat(board: Board, name: StreamName, now_ms: int) -> Beat | None:
    """Return the beat of a stream that is not one instrument's; None where there is none."""
    if name.kind is Kind.CONTINUOUS_KLINE:
        return _continuous_beat(board, name, now_ms)
    if name.kind is Kind.INDEX_KLINE:
        return _index_beat(board, name)
    if name.kind in (Kind.TICKER, Kind.MINI_TICKER):
        return ChangedRows(board, name)
    make = _WRITERS.get(name.kind)
    return None if make is None else Simple(name, make(board, name))


def is_of_board(name: StreamName) -> bool:
    """Say whether a stream is not one instrument's."""
    is_pairs = name.kind in (Kind.CONTINUOUS_KLINE, Kind.INDEX_KLINE, Kind.INDEX_PRICE)
    if name.kind is Kind.MARK_PRICE and name.market is Market.COINM:
        is_pairs = not is_coinm_symbol(name.symbol)
    return not name.symbol or is_pairs or name.kind is Kind.ASSET_INDEX


class ChangedRows:
    """An array of tickers: those in which something was traded since the last frame."""

    def __init__(self, board: Board, name: StreamName) -> None:
        self.period_ns = name.speed_ms * 1_000_000
        self._board = board
        self._host = name.market
        self._row = ticker if name.kind is Kind.TICKER else mini_ticker
        self._shown = {market.key: market.prints.day.count for market in self._markets()}

    def _markets(self) -> list[GeneratedMarket]:
        return self._board.on_host(self._host)

    def fire(self, now_ns: int) -> list[bytes]:
        rows = []
        for market in self._markets():
            count = market.prints.day.count
            if self._shown.get(market.key) != count:
                self._shown[market.key] = count
                rows.append(self._row(market, now_ns // 1_000_000))
        return [_array(rows)] if rows else []


def _array(rows: Iterable[bytes]) -> bytes:
    return b"[%b]" % b",".join(rows)


def _continuous_beat(board: Board, name: StreamName, now_ms: int) -> Beat | None:
    found = board.of_contract_type(name, now_ms)
    if found is None:
        return None
    market, kind = found
    return CandleBeat(
        name,
        market.prints.candles.series(name.interval),
        lambda candle, closed, ms: encode_statistics.continuous_kline(
            market.listing, kind, name.interval, candle, closed, ms
        ),
    )


def _index_beat(board: Board, name: StreamName) -> Beat | None:
    index = board.pairs.get((name.market, name.symbol))
    if index is None:
        return None
    return CandleBeat(
        name,
        index.candles.series(name.interval),
        lambda candle, closed, ms: encode_statistics.price_kline(
            "indexPrice_kline", name.symbol, "0", name.interval, candle, closed, ms
        ),
    )


def _book_tickers(board: Board, name: StreamName) -> Fire:
    """Return the writer of the slow !bookTicker: an object of each symbol whose book changed."""
    shown: dict[str, int] = {}

    def write(ms: int) -> list[bytes]:
        changed = [m for m in board.on_host(name.market) if shown.get(m.key) != m.update_id]
        shown.update((market.key, market.update_id) for market in changed)
        return [market.book_ticker(ms) for market in changed]

    return write


def _window_rows(board: Board, name: StreamName) -> Fire:
    shown: dict[str, int] = {}

    def write(ms: int) -> list[bytes]:
        rows = []
        for market in board.on_host(name.market):
            if shown.get(market.key) != market.prints.day.count:
                shown[market.key] = market.prints.day.count
                rows += window_ticker(market, name.interval, ms)
        return [_array(rows)] if rows else []

    return write


def _mark_prices(board: Board, name: StreamName) -> Fire:
    """Return the writer of mark prices: of a pair in one frame, of all symbols in two or more."""

    def of_pair(ms: int) -> list[bytes]:
        contracts = board.of_pair(name.market, name.symbol)
        contracts.sort(key=lambda market: market.listing.symbol)
        rows = [mark_price(market, ms) for market in contracts]
        return [_array(rows)] if rows else []

    def of_all(ms: int) -> list[bytes]:
        rows = [mark_price(market, ms) for market in board.on_host(name.market)]
        size = min(MARK_ROWS_MAX, max(1, (len(rows) + 1) // 2))
        return [_array(rows[start : start + size]) for start in range(0, len(rows), size)]

    return of_pair if name.symbol else of_all


def _index_prices(board: Board, name: StreamName) -> Fire:
    def write(ms: int) -> list[bytes]:
        index = board.pairs.get((name.market, name.symbol))
        return [] if index is None else [encode_futures.index_price(name.symbol, index.price, ms)]

    return write


def _asset_indices(board: Board, name: StreamName) -> Fire:
    def of_one(ms: int) -> list[bytes]:
        return [encode_futures.asset_index(asset_index(name.symbol, ms), ms)]

    def of_all(ms: int) -> list[bytes]:
        rows = (encode_futures.asset_index(asset_index(asset, ms), ms) for asset in ASSETS)
        return [_array(rows)]

    if not name.symbol:
        return of_all
    return of_one if name.symbol in ASSETS else lambda ms: []


def _liquidations(board: Board, name: StreamName) -> Fire:
    def write(ms: int) -> list[bytes]:
        found = ((market, market.liquidations.before(ms)) for market in board.on_host(name.market))
        return [
            encode_futures.merged_liquidation(market.listing, order, ms)
            for market, order in found
            if order is not None
        ]

    return write


def _sessions(board: Board, name: StreamName) -> Fire:
    return lambda ms: [encode_futures.trading_session(session, ms) for session in sessions(ms)]


_WRITERS: Final[Mapping[Kind, Callable[[Board, StreamName], Fire]]] = {
    Kind.BOOK_TICKER: _book_tickers,
    Kind.WINDOW_TICKER: _window_rows,
    Kind.MARK_PRICE: _mark_prices,
    Kind.INDEX_PRICE: _index_prices,
    Kind.ASSET_INDEX: _asset_indices,
    Kind.LIQUIDATION: _liquidations,
    Kind.TRADING_SESSION: _sessions,
}
