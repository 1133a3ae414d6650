"""What a stream missed, as the stream would have sent it: ids → REST call → payloads. Pure.

Sources: rest-api.md (spot: aggTrades, historicalTrades, klines) and "Market Data" of both futures.
REST knows no event time: trades have no ``E``, and of a closed candle it is the last moment, as of
which it holds. Of a candle REST knows neither first nor last trade: ``f`` and ``L`` are -1, as the
venue writes it where there are none. ``X`` of a futures trade (how it came about) is left out.
Prices and quantities stay the text that they were.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from gateway.backfill import PAGE_EVENTS
from gateway.layout import Kind, Market
from gateway.markets import FACTS
from gateway.streams import Stream

GONE: Final = frozenset({400, 404})  # HTTP: asking again would not help
_STEPS_MS: Final = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_MONTH_MS: Final = 28 * 86_400_000  # the shortest
_KLINE_CALLS: Final[Mapping[Kind, str]] = {
    Kind.KLINE: "klines",
    Kind.CONTINUOUS_KLINE: "continuousKlines",
    Kind.INDEX_KLINE: "indexPriceKlines",
    Kind.MARK_KLINE: "markPriceKlines",
}
_KLINE_EVENTS: Final[Mapping[Kind, str]] = {
    Kind.KLINE: "kline",
    Kind.CONTINUOUS_KLINE: "continuous_kline",
    Kind.INDEX_KLINE: "indexPrice_kline",
    Kind.MARK_KLINE: "markPrice_kline",
}
# "st" of the CM-UM integration notice (2026-06-10): whose product an event is of.
_PRODUCT: Final[Mapping[Market, int]] = {Market.USDM: 1, Market.COINM: 2}

Row = Any  # an object, or of a candle an array
Numbered = tuple[int, dict[str, Any]]  # id, payload


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """A REST call for events ``first_id`` to ``last_id`` of a stream, or the first of them."""

    name: str
    query: Mapping[str, str]
    weight: int
    limit: int


@dataclass(frozen=True, slots=True)
class Events:
    """Payloads in the order of their ids. ``is_final``: the venue has no more of what was asked."""

    payloads: list[bytes]
    is_final: bool


def page_of(stream: Stream, first_id: int, last_id: int) -> HistoryPage | None:
    """Return the call for events that ``stream`` missed; None: no call brings them back.

    Ids are those of trades; of candles their open times in ms. Both are inclusive.
    """
    facts, kind = FACTS[stream.market], stream.form.kind
    if kind in _KLINE_CALLS:
        return _kline_page(stream, first_id, last_id)
    limit = _limit(last_id - first_id + 1)
    query = {"symbol": stream.symbol, "fromId": str(first_id), "limit": str(limit)}
    if kind is Kind.AGG_TRADE:
        return HistoryPage("aggTrades", query, facts.agg_trades_weight, limit)
    if kind is not Kind.TRADE:
        return None
    call = facts.trades
    if call.is_recent:
        query = {"symbol": stream.symbol, "limit": str(PAGE_EVENTS)}
        return HistoryPage(call.name, query, call.weight, PAGE_EVENTS)
    return HistoryPage(call.name, query, call.weight, limit)


def events_of(stream: Stream, body: bytes, first_id: int, last_id: int, now_ms: float) -> Events:
    """Read an answer to ``page_of``; raises ValueError where it is not what the venue documents.

    ``now_ms`` is the venue's clock: a candle that is not closed by then is left out. The answer is
    final once it reaches ``last_id``: one that ends before may come from a host that is behind.
    """
    try:
        rows = orjson.loads(body)
        found = sorted(_numbered(stream, rows, now_ms), key=lambda each: each[0])
    except (KeyError, IndexError, TypeError) as exc:
        raise ValueError(f"the answer has no {exc}") from exc
    if not all(isinstance(id_, int) for id_, _ in found):
        raise ValueError("the answer has ids that are no numbers")
    wanted = {id_: payload for id_, payload in found if first_id <= id_ <= last_id}
    payloads = [orjson.dumps(payload) for payload in wanted.values()]
    return Events(payloads, bool(found) and found[-1][0] >= last_id)


def _limit(count: int) -> int:
    """One more than is wanted shows that the venue went on: what is not there is not there."""
    return max(1, min(count + 1, PAGE_EVENTS))


def _kline_page(stream: Stream, first: int, last: int) -> HistoryPage:
    interval, kind = stream.form.interval, stream.form.kind
    limit = _limit((last - first) // _step_ms(interval) + 1)
    query = {**_owner(stream), "interval": interval, "startTime": str(first), "limit": str(limit)}
    zone = stream.suffix.partition("@")[2]
    if zone:
        query["timeZone"] = _time_zone(zone)
    weight = FACTS[stream.market].kline_weight(limit)
    return HistoryPage(_KLINE_CALLS[kind], query, weight, limit)


def _step_ms(interval: str) -> int:
    return _MONTH_MS if interval[-1] == "M" else int(interval[:-1]) * _STEPS_MS[interval[-1]]


def _owner(stream: Stream) -> dict[str, str]:
    match stream.form.kind:
        case Kind.CONTINUOUS_KLINE:
            pair, _, contract_type = stream.symbol.partition("_")
            return {"pair": pair, "contractType": contract_type}
        case Kind.INDEX_KLINE:
            return {"pair": stream.symbol}
        case _:
            return {"symbol": stream.symbol}


def _time_zone(zone: str) -> str:
    """``+08:00`` → ``8``: REST takes hours without sign, or hours and minutes (-1:00, 05:45)."""
    hours, _, minutes = zone.removeprefix("+").partition(":")
    return str(int(hours)) if minutes == "00" else f"{int(hours)}:{minutes}"


def _numbered(stream: Stream, rows: Row, now_ms: float) -> Iterator[Numbered]:
    if not isinstance(rows, list):
        raise TypeError("rows")
    if stream.form.kind in _KLINE_CALLS:
        yield from (_candle(stream, row) for row in rows if int(row[6]) < now_ms)
        return
    read: Callable[[Stream, Row], Numbered] = _trade
    if stream.form.kind is Kind.AGG_TRADE:
        read = _agg_trade
    yield from (read(stream, row) for row in rows)


def _agg_trade(stream: Stream, row: Row) -> Numbered:
    normal = {"nq": row["nq"]} if "nq" in row else {}
    amounts = {"p": row["p"], "q": row["q"], **normal}
    amounts |= {key: row[key] for key in ("f", "l", "T", "m")}
    if stream.market is Market.SPOT:
        head = {"e": "aggTrade", "s": stream.symbol, "a": row["a"]}
        return row["a"], {**head, **amounts, "M": row["M"]}
    head = {"e": "aggTrade", "a": row["a"], "s": stream.symbol}
    return row["a"], {**head, **amounts, "st": _PRODUCT[stream.market]}


def _trade(stream: Stream, row: Row) -> Numbered:
    id_, time = row["id"], row["time"]
    amounts = {"t": id_, "p": row["price"], "q": row["qty"]}
    if stream.market is Market.SPOT:
        tail = {"T": time, "m": row["isBuyerMaker"], "M": row["isBestMatch"]}
        return id_, {"e": "trade", "s": stream.symbol, **amounts, **tail}
    head = {"e": "trade", "T": time, "s": stream.symbol}
    return id_, {**head, **amounts, "m": row["isBuyerMaker"]}


def _candle(stream: Stream, row: Row) -> Numbered:
    open_time, o, h, low, c, v, close_time, q, n, taker, taker_quote = row[:11]
    form, symbol = stream.form, stream.symbol
    whose: dict[str, Any] = {"ps": symbol.partition("_")[0]}
    inner: dict[str, Any] = {"s": symbol}
    match form.kind:
        case Kind.KLINE:
            whose = {"s": symbol}
        case Kind.CONTINUOUS_KLINE:
            whose["ct"], inner = symbol.partition("_")[2], {}
        case Kind.INDEX_KLINE:
            inner = {"s": "0"}
    candle = {
        "t": open_time, "T": close_time, **inner, "i": form.interval, "f": -1, "L": -1,
        "o": o, "c": c, "h": h, "l": low, "v": v, "n": n, "x": True,
        "q": q, "V": taker, "Q": taker_quote, "B": "0",
    }  # fmt: skip
    return open_time, {"e": _KLINE_EVENTS[form.kind], "E": close_time, **whose, "k": candle}
