"""The calls by which what was missed is fetched: trades, aggregates, candles.

Weights, limits and windows: rest-api.md (spot), the market-data pages of USD-M and COIN-M. What
happened before the market began, or is forgotten, is not there: answers begin with what is kept. A
replay and a market made for load keep nothing, and answer as the venue does where nothing was
traded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from gateway.simulator.answers import Call, Query
from gateway.simulator.candles import Candle, Series
from gateway.simulator.encode_rest import (
    aggregate_row,
    kline_row,
    price_kline_row,
    trade_row,
)
from gateway.simulator.history import Traded
from gateway.simulator.intervals import ALL, HOUR_MS
from gateway.simulator.listing import Listing
from gateway.simulator.names import INTERVALS, ZONE, Market
from gateway.simulator.past import Histories
from gateway.simulator.queries import (
    Refusal,
    integer,
    invalid_symbol,
    mandatory,
    row_limit,
    symbol_of,
)
from gateway.simulator.source import NoSuchSymbol, Source

_AGGREGATES: Final = {Market.SPOT: 4, Market.USDM: 20, Market.COINM: 20}
_RECENT: Final = {Market.SPOT: 25, Market.USDM: 5, Market.COINM: 5}
_HISTORICAL: Final = {Market.SPOT: 25, Market.USDM: 200, Market.COINM: 200}
_WINDOW_H: Final = {Market.USDM: 48, Market.COINM: 24}  # how far back aggregates are searched
_KLINES_MAX: Final = {Market.SPOT: 1000, Market.USDM: 1500, Market.COINM: 1500}
_KLINE_WEIGHTS: Final = ((99, 1), (499, 2), (1000, 5), (1500, 10))  # of futures, by limit
_ZONES: Final = {"0": "", "00:00": "", "+00:00": "", "8": ZONE, "08:00": ZONE, "+08:00": ZONE}
_ROWS: Final = 500  # where no limit is given

Row = Callable[[Listing, Traded], dict[str, Any]]


class PastAnswers:
    """One market's calls of this kind."""

    def __init__(self, market: Market, source: Source) -> None:
        self._market = market
        self._source = source
        self._past = source if isinstance(source, Histories) else None

    def calls(self) -> dict[str, Call]:
        """Return the calls by the last part of their path; all raise Refusal."""
        market = self._market
        calls = {
            "aggTrades": Call(lambda _: _AGGREGATES[market], self._aggregates),
            "trades": Call(lambda _: _RECENT[market], self._recent),
            "historicalTrades": Call(
                lambda _: _HISTORICAL[market], self._historical, needs_key=market is not Market.SPOT
            ),
            "klines": Call(self._weigh_klines, self._klines),
        }
        if market is not Market.SPOT:
            calls["continuousKlines"] = Call(self._weigh_klines, self._continuous_klines)
            calls["indexPriceKlines"] = Call(self._weigh_klines, self._index_klines)
            calls["markPriceKlines"] = Call(self._weigh_klines, self._mark_klines)
        return calls

    # Trades

    def _aggregates(self, query: Query, _: float) -> Any:
        symbol = symbol_of(query)
        limit = row_limit(self._market, query, _ROWS, 1000)
        start_ms, end_ms = integer(query, "startTime"), integer(query, "endTime")
        from_id = integer(query, "fromId")
        if from_id is not None and (start_ms, end_ms) != (None, None):
            raise Refusal(-1128, "Combination of optional parameters invalid.")
        self._check_span(start_ms, end_ms)
        found = self._trades(symbol)
        if found is None:
            return []
        listing, _trades, aggregates = found
        if from_id is not None:
            rows = aggregates.from_id(from_id, limit)
        else:
            rows = aggregates.between(start_ms, end_ms, limit)
        return [aggregate_row(listing, row) for row in rows]

    def _check_span(self, start_ms: int | None, end_ms: int | None) -> None:
        if start_ms is not None and end_ms is not None and start_ms > end_ms:
            raise Refusal(-1127, "Start time is greater than end time.")
        if self._market is Market.SPOT:
            return
        if start_ms is not None and end_ms is not None and end_ms - start_ms >= HOUR_MS:
            raise Refusal(-1127, "More than 1 hours between startTime and endTime.")
        hours = _WINDOW_H[self._market]
        oldest_ms = self._source.now_ms() - hours * HOUR_MS
        if start_ms is not None and start_ms < oldest_ms:
            raise Refusal(-4166, f"Search window is restricted to recent {hours} hours only.")

    def _recent(self, query: Query, _: float) -> Any:
        symbol = symbol_of(query)
        limit = row_limit(self._market, query, _ROWS, 1000)
        found = self._trades(symbol)
        return [] if found is None else [trade_row(found[0], row) for row in found[1].newest(limit)]

    def _historical(self, query: Query, _: float) -> Any:
        symbol = symbol_of(query)
        is_spot = self._market is Market.SPOT
        limit = row_limit(self._market, query, _ROWS if is_spot else 100, 1000 if is_spot else 500)
        from_id = integer(query, "fromId")
        found = self._trades(symbol)
        if found is None:
            return []
        listing, trades, _aggregates = found
        rows = trades.newest(limit) if from_id is None else trades.from_id(from_id, limit)
        return [trade_row(listing, row) for row in rows]

    def _trades(self, symbol: str) -> Any:
        """Return units, trades and aggregates; None where nothing is kept. Raises Refusal."""
        if self._past is None:
            return self._nothing_of(symbol)
        try:
            return self._past.trades(self._market, symbol)
        except NoSuchSymbol:
            raise invalid_symbol() from None

    def _nothing_of(self, symbol: str) -> None:
        if symbol not in {found.symbol for found in self._source.instruments(self._market)}:
            raise invalid_symbol()

    # Candles

    def _weigh_klines(self, query: Query) -> int:
        limit = row_limit(self._market, query, _ROWS, _KLINES_MAX[self._market])
        if self._market is Market.SPOT:
            return 2
        return next(weight for most, weight in _KLINE_WEIGHTS if limit <= most)

    def _klines(self, query: Query, _: float) -> Any:
        symbol, interval = symbol_of(query), self._interval(query)
        zone = _ZONES.get(query.get("timeZone", "0")) if self._market is Market.SPOT else ""
        if zone is None:
            raise Refusal(-1100, "Illegal characters found in parameter 'timeZone'.")
        if self._past is None:
            self._nothing_of(symbol)
            return []
        try:
            listing, series = self._past.candles(self._market, symbol, interval, zone)
        except NoSuchSymbol:
            raise invalid_symbol() from None
        return [kline_row(listing, candle) for candle in self._span(query, series)]

    def _continuous_klines(self, query: Query, _: float) -> Any:
        pair, interval = mandatory(query, "pair"), self._interval(query)
        contract_type = mandatory(query, "contractType")
        if self._past is None:
            return []
        try:
            listing, series = self._past.contract_candles(
                self._market, pair, contract_type, interval
            )
        except NoSuchSymbol:
            raise invalid_symbol() from None
        return [kline_row(listing, candle) for candle in self._span(query, series)]

    def _index_klines(self, query: Query, _: float) -> Any:
        pair, interval = mandatory(query, "pair"), self._interval(query)
        return self._prices(query, lambda past: past.index_candles(self._market, pair, interval))

    def _mark_klines(self, query: Query, _: float) -> Any:
        symbol, interval = symbol_of(query), self._interval(query)
        return self._prices(query, lambda past: past.mark_candles(self._market, symbol, interval))

    def _prices(self, query: Query, look: Callable[[Histories], Series]) -> Any:
        if self._past is None:
            return []
        try:
            series = look(self._past)
        except NoSuchSymbol:
            raise invalid_symbol() from None
        return [price_kline_row(candle) for candle in self._span(query, series)]

    def _interval(self, query: Query) -> str:
        interval = mandatory(query, "interval")
        if interval not in (ALL if self._market is Market.SPOT else INTERVALS):
            raise Refusal(-1120, "Invalid interval.")
        return interval

    def _span(self, query: Query, series: Series) -> list[Candle]:
        limit = row_limit(self._market, query, _ROWS, _KLINES_MAX[self._market])
        start_ms, end_ms = integer(query, "startTime"), integer(query, "endTime")
        assert self._past is not None
        # the clock may be ahead of the market, and no candle may look closed before its last trade
        reached_ms = self._past.reached_ms
        end_ms = reached_ms if end_ms is None else min(end_ms, reached_ms)
        return series.between(start_ms, end_ms, limit)
