"""The calls that tell latest values: best prices, rolling days, mark prices; of one, some or all.

Weights and parameters: rest-api.md (spot: ``symbol`` or ``symbols``, the latter of spot alone),
Symbol-Order-Book-Ticker, 24hr-Ticker and Mark-Price (USD-M), Index-Price-and-Mark-Price (COIN-M,
which answers with a list in any case). A replay tells best prices alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from gateway.simulator.answers import Call, Query
from gateway.simulator.encode_rest import book_ticker_row, day_row, mark_row
from gateway.simulator.names import Market
from gateway.simulator.past import LatestValues
from gateway.simulator.queries import Refusal, invalid_symbol, symbol_of, symbols_asked
from gateway.simulator.source import NoSnapshot, NoSuchSymbol, Source

_BOOK: Final = {Market.SPOT: (2, 4), Market.USDM: (2, 5), Market.COINM: (2, 5)}  # one, more
_MARK: Final = {Market.USDM: (1, 10), Market.COINM: (10, 10)}
_DAY: Final = {Market.USDM: (1, 40), Market.COINM: (1, 40)}
_SPOT_DAY: Final = ((20, 2), (100, 40))  # symbols up to, weight
_SPOT_DAY_ALL: Final = 80

Row = Callable[[str], dict[str, Any]]


class LatestAnswers:
    """One market's calls of this kind."""

    def __init__(self, market: Market, source: Source) -> None:
        self._market = market
        self._source = source

    def calls(self) -> dict[str, Call]:
        """Return the calls by the last part of their path; all raise Refusal."""
        market, source = self._market, self._source
        calls = {"ticker/bookTicker": self._call(_BOOK[market], self._book_ticker)}
        if isinstance(source, LatestValues):
            day = self._call((0, 0), lambda symbol: self._day(source, symbol))
            calls["ticker/24hr"] = Call(self._weigh_day, day.build)
            if market is not Market.SPOT:
                calls["premiumIndex"] = self._call(
                    _MARK[market], lambda symbol: self._mark(source, symbol)
                )
        return calls

    def _call(self, weights: tuple[int, int], row: Row) -> Call:
        return Call(
            lambda query: weights["symbol" not in query], lambda query, _: self._rows(query, row)
        )

    def _rows(self, query: Query, row: Row) -> Any:
        try:
            if "symbol" in query:
                found = row(symbol_of(query))
                return [found] if self._market is Market.COINM else found
            return [row(symbol) for symbol in self._wanted(query)]
        except NoSuchSymbol:
            raise invalid_symbol() from None
        except NoSnapshot as exc:
            raise Refusal(-1000, f"{exc}.", 404) from exc

    def _wanted(self, query: Query) -> list[str]:
        wanted = symbols_asked(self._market, query)
        listed = self._source.instruments(self._market)
        return [found.symbol for found in listed] if wanted is None else wanted

    def _weigh_day(self, query: Query) -> int:
        if self._market is not Market.SPOT:
            return _DAY[self._market]["symbol" not in query]
        wanted = symbols_asked(self._market, query)
        if wanted is None:
            return _SPOT_DAY_ALL
        return next((w for most, w in _SPOT_DAY if len(wanted) <= most), _SPOT_DAY_ALL)

    def _book_ticker(self, symbol: str) -> dict[str, Any]:
        book = self._source.book_at(self._market, symbol, None)
        return book_ticker_row(self._market, symbol, book, self._source.now_ms())

    def _day(self, source: LatestValues, symbol: str) -> dict[str, Any]:
        return day_row(*source.day(self._market, symbol), self._source.now_ms())

    def _mark(self, source: LatestValues, symbol: str) -> dict[str, Any]:
        return mark_row(*source.mark(self._market, symbol), self._source.now_ms())
