"""Latest values as the venue's REST API tells them, and when each was told.

Documents: rest-api.md (spot: ticker/bookTicker, ticker/24hr), Symbol-Order-Book-Ticker,
24hr-Ticker, Mark-Price (USD-M), Index-Price-and-Mark-Price (COIN-M).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import orjson

from gateway.layout import SectionKind
from gateway.simulator import beats
from gateway.simulator.exchange import Exchange
from gateway.simulator.names import Market
from tests.trust.history import History, text

# REST's name of what a stream calls by a letter.
DAY = {
    "priceChange": "p", "priceChangePercent": "P", "weightedAvgPrice": "w", "lastPrice": "c",
    "lastQty": "Q", "openPrice": "o", "highPrice": "h", "lowPrice": "l", "volume": "v",
    "quoteVolume": "q", "openTime": "O", "closeTime": "C", "firstId": "F", "lastId": "L",
    "count": "n", "prevClosePrice": "x", "bidPrice": "b", "bidQty": "B", "askPrice": "a",
    "askQty": "A",
}  # fmt: skip
MARK = {
    "markPrice": "p", "indexPrice": "i", "estimatedSettlePrice": "P", "lastFundingRate": "r",
    "nextFundingTime": "T", "time": "E",
}  # fmt: skip
CALLS = {
    "ticker/bookTicker": SectionKind.QUOTE,
    "ticker/24hr": SectionKind.TICKER,
    "premiumIndex": SectionKind.MARK_PRICE,
}


class Answer(NamedTuple):
    """A value as the venue told it, ``event`` in the letters of its stream."""

    sent_ns: int  # when the call left the gateway
    came_ns: int
    event: Mapping[str, Any]


class Latest:
    """Answers calls for latest values. ``told``: what the gateway may know, by kind and name."""

    def __init__(self, exchange: Exchange, history: History) -> None:
        self._exchange, self._history = exchange, history
        self.told: dict[tuple[SectionKind, str], list[Answer]] = {}

    def rows(
        self, market: Market, call: str, query: Mapping[str, str], now_ms: int
    ) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
        """Name, row of the answer, and the same in the stream's letters, of all that is asked."""
        return [(name, *self._row(name, call, now_ms)) for name in self._names(str(market), query)]

    def _names(self, market: str, query: Mapping[str, str]) -> Iterator[str]:
        listed = orjson.loads(query["symbols"]) if "symbols" in query else [query.get("symbol")]
        for name in self._exchange.markets:
            of, _, symbol = name.partition(":")
            if of == market and (listed == [None] or symbol in listed):
                yield name

    def _row(self, name: str, call: str, now_ms: int) -> tuple[dict[str, Any], dict[str, Any]]:
        market = self._exchange.markets[name]
        row: dict[str, Any] = {"symbol": market.listing.symbol}
        if call == "ticker/bookTicker":
            event = self._quote(name)
            row |= {long: event[DAY[long]] for long in ("bidPrice", "bidQty", "askPrice", "askQty")}
            if not name.startswith("spot"):
                row |= {"time": now_ms, "lastUpdateId": event["u"]}
            return row, event
        write, names = (beats.ticker, DAY) if call == "ticker/24hr" else (beats.mark_price, MARK)
        event = orjson.loads(write(market, now_ms))
        event.pop("ap", None)  # REST does not tell it
        row |= {long: event[letter] for long, letter in names.items() if letter in event}
        if name.startswith("coinm") and call == "ticker/24hr":
            row["baseVolume"] = row.pop("quoteVolume")
        return row, event

    def _quote(self, name: str) -> dict[str, Any]:
        px, qty = self._history.decimals[name]
        era, update_id = self._history.moment(name)
        book = self._history.books[name].at(era, update_id)
        bid, ask = book.bids.best(1, True)[0], book.asks.best(1, False)[0]
        best = {"b": text(bid[0], px), "B": text(bid[1], qty)}
        return {**best, "a": text(ask[0], px), "A": text(ask[1], qty), "u": update_id}

    def note(
        self, call: str, rows: list[tuple[str, dict[str, Any], dict[str, Any]]], at: tuple[int, int]
    ) -> None:
        """An answer is at the gateway; ``at``: when its call had left, and now."""
        for name, _, event in rows:
            self.told.setdefault((CALLS[call], name), []).append(Answer(*at, event))
