"""The latest value of a quiet stream, as the stream would have sent it: REST call → payload. Pure.

Sources: rest-api.md (spot: ticker/bookTicker, ticker/24hr); Symbol-Order-Book-Ticker, 24hr-Ticker
and Mark-Price (USD-M); Index-Price-and-Mark-Price (COIN-M). REST knows no event time: quotes have
no ``E``, spot quotes no ``u`` either, and of tickers it is the end of their window, as of which
they hold. A mark price has no moving average (``ap``). Numbers stay the text that they were.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from gateway.layout import Kind, Market
from gateway.markets import BY_NAME
from gateway.streams import Stream

_PRODUCT: Final[Mapping[Market, int]] = {Market.USDM: 1, Market.COINM: 2}  # "st"
_MORE_S: Final = 1.0  # than the venue takes between two events of a stream that moves
# The longest pace that a kind has by default on any market; a quote comes as it happens.
_PACE_S: Final[Mapping[Kind, float]] = {
    Kind.QUOTE: 0.0,
    Kind.TICKER: 2.0,
    Kind.MINI_TICKER: 2.0,
    Kind.MARK_PRICE: 3.0,
}
_ALL_QUOTES_S: Final = 5.0  # USD-M's !bookTicker


@dataclass(frozen=True, slots=True)
class Source:
    """A call and what it weighs: for one symbol, for up to ``listed_max`` by name, for all."""

    name: str
    one: int
    whole: int
    listed_max: int = 1
    listed: int = 0

    def weight(self, symbols: int) -> int:
        """Return what a call for so many symbols weighs."""
        if symbols == 1:
            return self.one
        return self.listed if symbols <= self.listed_max else self.whole


@dataclass(frozen=True, slots=True)
class RefreshCall:
    """A REST call for the latest values of some streams of a market."""

    market: Market
    name: str
    query: Mapping[str, str]
    weight: int


_BOOK, _DAY, _MARK = "ticker/bookTicker", "ticker/24hr", "premiumIndex"
# 100 names are 1 kB of address; more are cheaper as a whole.
_SPOT_BOOK: Final = Source(_BOOK, 2, 4, listed_max=100, listed=4)
_SPOT_DAY: Final = Source(_DAY, 2, 80, listed_max=20, listed=2)
_FUTURES: Final[Mapping[Kind, Source]] = {
    Kind.QUOTE: Source(_BOOK, 2, 5),
    Kind.TICKER: Source(_DAY, 1, 40),
    Kind.MINI_TICKER: Source(_DAY, 1, 40),
}
_SOURCES: Final[Mapping[Market, Mapping[Kind, Source]]] = {
    Market.SPOT: {
        Kind.QUOTE: _SPOT_BOOK,
        Kind.TICKER: _SPOT_DAY,
        Kind.MINI_TICKER: _SPOT_DAY,
    },
    Market.USDM: {**_FUTURES, Kind.MARK_PRICE: Source(_MARK, 1, 10)},
    Market.COINM: {**_FUTURES, Kind.MARK_PRICE: Source(_MARK, 10, 10)},
}


def is_refreshed(stream: str, kind: Kind) -> bool:
    """Whether REST tells the latest value of a stream, by its name and kind."""
    return kind in _SOURCES[BY_NAME[stream.partition(":")[0]].market]


def patience_s(subscribed: Stream) -> float:
    """Return how long after its ack a stream may be quiet before its values are fetched."""
    form = subscribed.form
    if form.kind is Kind.QUOTE and not subscribed.symbol and subscribed.market is Market.USDM:
        return _ALL_QUOTES_S + _MORE_S
    return (form.speed_ms / 1000 or _PACE_S[form.kind]) + _MORE_S


def batches(streams: Iterable[Stream]) -> list[list[Stream]]:
    """Split streams into what one call each brings, by the least weight in all."""
    groups: dict[tuple[Market, str], list[Stream]] = defaultdict(list)
    for stream in streams:
        groups[stream.market, _source(stream).name].append(stream)
    return [batch for group in groups.values() for batch in _split(group)]


def _split(streams: list[Stream]) -> list[list[Stream]]:
    source = _source(streams[0])
    symbols = sorted({stream.symbol for stream in streams})
    size = source.listed_max
    parts = [frozenset(symbols[at : at + size]) for at in range(0, len(symbols), size)]
    if len(parts) > 1 and sum(source.weight(len(part)) for part in parts) >= source.whole:
        return [streams]
    return [[stream for stream in streams if stream.symbol in part] for part in parts]


def call_of(streams: Sequence[Stream]) -> RefreshCall:
    """Return the call for a batch."""
    source = _source(streams[0])
    symbols = sorted({stream.symbol for stream in streams})
    weight, query = source.weight(len(symbols)), {}
    if len(symbols) == 1:
        query = {"symbol": symbols[0]}
    elif len(symbols) <= source.listed_max:
        query = {"symbols": orjson.dumps(symbols).decode()}
    return RefreshCall(streams[0].market, source.name, query, weight)


def payloads_of(streams: Iterable[Stream], body: bytes) -> dict[str, bytes]:
    """Read an answer to ``call_of``: payloads by stream; without those that it has no row of.

    Raises ValueError where the answer is not what the venue documents.
    """
    try:
        found = orjson.loads(body)
        rows = {row["symbol"]: row for row in (found if isinstance(found, list) else [found])}
        return {
            stream.name: orjson.dumps(_WRITERS[stream.form.kind](stream, rows[stream.symbol]))
            for stream in streams
            if stream.symbol in rows
        }
    except (KeyError, TypeError) as exc:
        raise ValueError(f"the answer has no {exc}") from exc


def _source(stream: Stream) -> Source:
    return _SOURCES[stream.market][stream.form.kind]


def _names(stream: Stream) -> dict[str, Any]:
    pair = {} if stream.market is Market.SPOT else {"ps": stream.symbol.partition("_")[0]}
    return {"s": stream.symbol, **pair}


def _product(stream: Stream) -> dict[str, Any]:
    return {} if stream.market is Market.SPOT else {"st": _PRODUCT[stream.market]}


def _quote(stream: Stream, row: Any) -> dict[str, Any]:
    best = {"b": row["bidPrice"], "B": row["bidQty"], "a": row["askPrice"], "A": row["askQty"]}
    if stream.market is Market.SPOT:
        return {"s": stream.symbol, **best}
    # USD-M's page of the call shows no id, its WebSocket twin does.
    number = {"u": row["lastUpdateId"]} if "lastUpdateId" in row else {}
    head = {"e": "bookTicker", **number, "T": row["time"]}
    return {**head, **_names(stream), **best, **_product(stream)}


def _day(row: Any) -> dict[str, Any]:
    """Return what both tickers have. COIN-M counts in contracts, and in the base asset."""
    turnover = row["quoteVolume"] if "quoteVolume" in row else row["baseVolume"]
    prices = {"o": row["openPrice"], "h": row["highPrice"], "l": row["lowPrice"]}
    return {**prices, "v": row["volume"], "q": turnover}


def _ticker(stream: Stream, row: Any) -> dict[str, Any]:
    change = {"p": row["priceChange"], "P": row["priceChangePercent"], "w": row["weightedAvgPrice"]}
    last = {"c": row["lastPrice"], "Q": row["lastQty"]}
    if stream.market is Market.SPOT:
        best = {"b": row["bidPrice"], "B": row["bidQty"], "a": row["askPrice"], "A": row["askQty"]}
        last = {"x": row["prevClosePrice"], **last, **best}
    window = {"O": row["openTime"], "C": row["closeTime"], "F": row["firstId"], "L": row["lastId"]}
    head = {"e": "24hrTicker", "E": row["closeTime"], **_names(stream)}
    return {**head, **change, **last, **_day(row), **window, "n": row["count"], **_product(stream)}


def _mini_ticker(stream: Stream, row: Any) -> dict[str, Any]:
    head = {"e": "24hrMiniTicker", "E": row["closeTime"], **_names(stream)}
    return {**head, "c": row["lastPrice"], **_day(row), **_product(stream)}


def _mark_price(stream: Stream, row: Any) -> dict[str, Any]:
    head = {"e": "markPriceUpdate", "E": row["time"], "s": stream.symbol}
    prices = {"p": row["markPrice"], "i": row["indexPrice"], "P": row["estimatedSettlePrice"]}
    funding = {"r": row["lastFundingRate"], "T": row["nextFundingTime"]}
    return {**head, **prices, **funding, **_product(stream)}


_WRITERS: Final[Mapping[Kind, Callable[[Stream, Any], dict[str, Any]]]] = {
    Kind.QUOTE: _quote,
    Kind.TICKER: _ticker,
    Kind.MINI_TICKER: _mini_ticker,
    Kind.MARK_PRICE: _mark_price,
}
