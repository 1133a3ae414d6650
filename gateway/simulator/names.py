"""Names of streams and symbols as Binance spells them, and the route each stream belongs to.

Pure. Stream names are lowercase but for the kind (``btcusdt@bookTicker``); symbols are uppercase
in REST and payloads. ``TABLE`` is what the venue's documents list: web-socket-streams.md (spot),
websocket-market-streams.md (USD-M, COIN-M), "Important-WebSocket-Change-Notice" (2026-03-05) for
the routes. Whatever is not in it is acked like any well-formed name, and stays silent.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from gateway.errors import UsageError


class Market(enum.StrEnum):
    """A venue's market; the value is the prefix of our own names and of the simulator's paths."""

    SPOT = "spot"
    USDM = "usdm"
    COINM = "coinm"


class Route(enum.StrEnum):
    """The part of a futures host that a connection was opened on."""

    UNROUTED = ""
    PUBLIC = "public"
    MARKET = "market"
    PRIVATE = "private"


class Kind(enum.StrEnum):
    """What a stream carries. OTHER is acked like any well-formed name."""

    TRADE = "trade"
    AGG_TRADE = "aggTrade"
    BLOCK_TRADE = "blockTrade"
    BOOK_TICKER = "bookTicker"
    DIFF = "diff"
    RPI_DIFF = "rpiDepth"
    PARTIAL = "partial"
    TICKER = "ticker"
    MINI_TICKER = "miniTicker"
    WINDOW_TICKER = "windowTicker"
    KLINE = "kline"
    CONTINUOUS_KLINE = "continuousKline"
    INDEX_KLINE = "indexPriceKline"
    MARK_KLINE = "markPriceKline"
    MARK_PRICE = "markPrice"
    INDEX_PRICE = "indexPrice"
    AVERAGE_PRICE = "avgPrice"
    REFERENCE_PRICE = "referencePrice"
    COMPOSITE_INDEX = "compositeIndex"
    LIQUIDATION = "forceOrder"
    CONTRACT_INFO = "contractInfo"
    ASSET_INDEX = "assetIndex"
    TRADING_SESSION = "tradingSession"
    OTHER = "other"


class StreamRow(NamedTuple):
    """One line of the table: ``pace_ms`` on spot, USD-M and COIN-M; None where it does not exist.

    ``suffix`` is what follows ``<symbol>@``, or an all-market stream's whole name; ``<i>`` stands
    for an interval, ``<w>`` for a rolling window, ``<n>`` for a number of levels. Pace 0 is real
    time. The route is that of the futures hosts; spot has none.
    """

    suffix: str
    kind: Kind
    route: Route
    pace_ms: tuple[int | None, int | None, int | None]


INTERVALS: Final = (
    "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M",
)  # fmt: skip
WINDOWS: Final = ("1h", "4h", "1d")
LEVELS: Final = ("5", "10", "20")
ZONE: Final = "@+08:00"  # candles that begin at midnight there
_P, _M, _NONE = Route.PUBLIC, Route.MARKET, None

TABLE: Final = (
    StreamRow("trade", Kind.TRADE, _P, (0, 0, 0)),  # on futures undocumented, measured
    StreamRow("aggTrade", Kind.AGG_TRADE, _M, (0, 100, 100)),
    StreamRow("blockTrade", Kind.BLOCK_TRADE, _P, (0, _NONE, _NONE)),
    StreamRow("bookTicker", Kind.BOOK_TICKER, _P, (0, 0, 0)),
    StreamRow("!bookTicker", Kind.BOOK_TICKER, _P, (_NONE, 5000, 0)),
    # An explicit @250ms is acked and silent on futures; @0ms is undocumented, for diffs only.
    StreamRow("depth", Kind.DIFF, _P, (1000, 250, 250)),
    StreamRow("depth@100ms", Kind.DIFF, _P, (100, 100, 100)),
    StreamRow("depth@500ms", Kind.DIFF, _P, (_NONE, 500, 500)),
    StreamRow("depth@1000ms", Kind.DIFF, _P, (1000, _NONE, _NONE)),
    StreamRow("depth@0ms", Kind.DIFF, _P, (_NONE, 0, 0)),
    StreamRow("depth<n>", Kind.PARTIAL, _P, (1000, 250, 250)),
    StreamRow("depth<n>@100ms", Kind.PARTIAL, _P, (100, 100, 100)),
    StreamRow("depth<n>@500ms", Kind.PARTIAL, _P, (_NONE, 500, 500)),
    StreamRow("depth<n>@1000ms", Kind.PARTIAL, _P, (1000, _NONE, _NONE)),
    StreamRow("rpiDepth@500ms", Kind.RPI_DIFF, _P, (_NONE, 500, _NONE)),
    StreamRow("ticker", Kind.TICKER, _M, (1000, 2000, 500)),
    StreamRow("!ticker@arr", Kind.TICKER, _M, (_NONE, 1000, 1000)),  # gone on spot: 2026-03-26
    StreamRow("miniTicker", Kind.MINI_TICKER, _M, (1000, 2000, 500)),
    StreamRow("!miniTicker@arr", Kind.MINI_TICKER, _M, (1000, 1000, 1000)),
    StreamRow("ticker_<w>", Kind.WINDOW_TICKER, _M, (1000, _NONE, _NONE)),
    StreamRow("!ticker_<w>@arr", Kind.WINDOW_TICKER, _M, (1000, _NONE, _NONE)),
    StreamRow("kline_1s", Kind.KLINE, _M, (1000, _NONE, _NONE)),
    StreamRow("kline_<i>", Kind.KLINE, _M, (2000, 250, 250)),
    StreamRow(f"kline_1s{ZONE}", Kind.KLINE, _M, (1000, _NONE, _NONE)),
    StreamRow(f"kline_<i>{ZONE}", Kind.KLINE, _M, (2000, _NONE, _NONE)),
    StreamRow("continuousKline_1s", Kind.CONTINUOUS_KLINE, _M, (_NONE, 250, _NONE)),
    StreamRow("continuousKline_<i>", Kind.CONTINUOUS_KLINE, _M, (_NONE, 250, 250)),
    StreamRow("indexPriceKline_<i>", Kind.INDEX_KLINE, _M, (_NONE, _NONE, 250)),
    StreamRow("markPriceKline_<i>", Kind.MARK_KLINE, _M, (_NONE, _NONE, 250)),
    StreamRow("markPrice", Kind.MARK_PRICE, _M, (_NONE, 3000, 3000)),
    StreamRow("markPrice@1s", Kind.MARK_PRICE, _M, (_NONE, 1000, 1000)),
    StreamRow("!markPrice@arr", Kind.MARK_PRICE, _M, (_NONE, 3000, 3000)),
    StreamRow("!markPrice@arr@1s", Kind.MARK_PRICE, _M, (_NONE, 1000, 1000)),
    StreamRow("indexPrice", Kind.INDEX_PRICE, _M, (_NONE, _NONE, 3000)),
    StreamRow("indexPrice@1s", Kind.INDEX_PRICE, _M, (_NONE, _NONE, 1000)),
    StreamRow("avgPrice", Kind.AVERAGE_PRICE, _M, (1000, _NONE, _NONE)),
    StreamRow("referencePrice", Kind.REFERENCE_PRICE, _M, (1000, _NONE, _NONE)),
    StreamRow("compositeIndex", Kind.COMPOSITE_INDEX, _M, (_NONE, 1000, _NONE)),
    StreamRow("forceOrder", Kind.LIQUIDATION, _M, (_NONE, 1000, 1000)),
    StreamRow("!forceOrder@arr", Kind.LIQUIDATION, _M, (_NONE, 1000, 1000)),
    StreamRow("!contractInfo", Kind.CONTRACT_INFO, _M, (_NONE, 0, 0)),
    StreamRow("assetIndex", Kind.ASSET_INDEX, _M, (_NONE, 1000, _NONE)),
    StreamRow("!assetIndex@arr", Kind.ASSET_INDEX, _M, (_NONE, 1000, 1000)),
    StreamRow("tradingSession", Kind.TRADING_SESSION, _M, (_NONE, 1000, _NONE)),
)


@dataclass(frozen=True, slots=True)
class Form:
    """What a suffix means on one market."""

    kind: Kind
    route: Route
    pace_ms: int
    levels: int = 0
    interval: str = ""  # of candles, and of rolling windows
    is_whole: bool = False  # the suffix is the whole name, of an all-market stream


@dataclass(frozen=True, slots=True)
class StreamName:
    """A stream's name taken apart."""

    market: Market
    text: str
    symbol: str  # uppercase; a pair, asset or continuous contract too; empty for all-market streams
    suffix: str  # what follows the symbol and its "@"; an all-market stream's whole name
    kind: Kind
    route: Route = Route.MARKET
    speed_ms: int = 0  # between two frames; 0: real time
    levels: int = 0
    interval: str = ""

    @property
    def key(self) -> str:
        """Return our own name, with the market: ``spot:btcusdt@trade``."""
        return f"{self.market}:{self.text}"

    @property
    def is_diff(self) -> bool:
        """Say whether its frames must be applied one after the other."""
        return self.kind in (Kind.DIFF, Kind.RPI_DIFF)


def _forms(market: Market) -> Mapping[str, Form]:
    found = {}
    for row in TABLE:
        pace_ms = row.pace_ms[list(Market).index(market)]
        if pace_ms is None:
            continue
        route = Route.UNROUTED if market is Market.SPOT else row.route
        for suffix, value in _spelled(row.suffix):
            levels, interval = (int(value), "") if value in LEVELS else (0, value)
            is_whole = suffix.startswith("!") or row.kind is Kind.TRADING_SESSION
            found[suffix] = Form(row.kind, route, pace_ms, levels, interval, is_whole)
    return found


def _spelled(suffix: str) -> Iterator[tuple[str, str]]:
    for mark, values in (("<n>", LEVELS), ("<w>", WINDOWS), ("<i>", INTERVALS)):
        if mark in suffix:
            yield from ((suffix.replace(mark, value), value) for value in values)
            return
    yield suffix, "1s" if "_1s" in suffix else ""


FORMS: Final = {market: _forms(market) for market in Market}
_WELL_FORMED: Final = re.compile(r"[^\s/@?&#\"\\\x00-\x1f]+(@[^\s/@?&#\"\\\x00-\x1f]+){0,2}")
_NAME_LENGTH_MAX: Final = 128
_SYMBOL: Final = re.compile(r"\w{2,40}")
_COINM_SYMBOL: Final = re.compile(r"\w+USD_(PERP|\d{6})")
_MANY: Final = re.compile(r"(spot|usdm|coinm):\*([1-9]\d{0,3})")


def is_well_formed(text: object) -> bool:
    """Say whether Binance would ack ``text`` as a stream name, existing or not."""
    return (
        isinstance(text, str)
        and len(text) <= _NAME_LENGTH_MAX
        and _WELL_FORMED.fullmatch(text) is not None
    )


@lru_cache(maxsize=65536)
def parse_stream(market: Market, text: str) -> StreamName:
    """Take a well-formed stream name apart; what the market does not have is OTHER."""
    symbol, _, suffix = text.partition("@")
    is_whole = text.startswith("!") or not suffix
    if is_whole:
        symbol, suffix = "", text
    form = FORMS[market].get(suffix)
    if symbol != symbol.lower():
        return StreamName(market, text, "", "", Kind.OTHER)
    if form is None or form.is_whole is not is_whole:
        return StreamName(market, text, symbol.upper(), suffix, Kind.OTHER)
    return StreamName(
        market, text, symbol.upper(), suffix, form.kind, form.route, form.pace_ms, form.levels,
        form.interval,
    )  # fmt: skip


def parse_key(key: str) -> StreamName:
    """Take our own name of a stream apart: ``spot:btcusdt@trade``."""
    market, _, text = key.partition(":")
    return parse_stream(Market(market), text)


def route_of(market: Market, text: str) -> Route:
    """Return the route of a futures stream; spot has none."""
    return Route.UNROUTED if market is Market.SPOT else parse_stream(market, text).route


def carries(market: Market, route: Route, text: str, coinm_routed: bool = False) -> bool:
    """Say whether a connection on ``route`` delivers the stream, or acks it and stays silent.

    Unrouted USD-M connections deliver /public streams only. COIN-M is documented unrouted, with
    everything; with ``coinm_routed`` it behaves like USD-M, as some have measured.
    """
    belongs = route_of(market, text)
    if route is not Route.UNROUTED:
        return belongs is route
    if market is Market.USDM or (market is Market.COINM and coinm_routed):
        return belongs is Route.PUBLIC
    return True


def parse_symbol_id(text: str) -> tuple[Market, str]:
    """Read ``spot:BTCUSDT``.

    Raises UsageError on anything else.
    """
    prefix, colon, symbol = text.strip().partition(":")
    name = symbol.upper()
    if not colon or prefix not in [str(market) for market in Market]:
        raise UsageError(text, "is not a symbol id", "write MARKET:SYMBOL as in spot:BTCUSDT")
    market = Market(prefix)
    pattern = _COINM_SYMBOL if market is Market.COINM else _SYMBOL
    if pattern.fullmatch(name) is None:
        example = "coinm:BTCUSD_PERP" if market is Market.COINM else f"{market}:BTCUSDT"
        raise UsageError(text, f"is not a symbol of {market}", f"write it as in {example}")
    return market, name


def parse_symbol_ids(text: str) -> tuple[tuple[Market, str], ...]:
    """Read ``spot:BTCUSDT,usdm:*500``; doubles are taken once, ``*500`` are as many made-up ones.

    Raises UsageError.
    """
    found: list[tuple[Market, str]] = []
    for part in text.split(","):
        many = _MANY.fullmatch(part.strip())
        found += made_up_symbols(Market(many[1]), int(many[2])) if many else [parse_symbol_id(part)]
    return tuple(dict.fromkeys(found))


def made_up_symbols(market: Market, count: int) -> list[tuple[Market, str]]:
    """Return ids of instruments that no venue has: A0000USDT, A0001USDT and so on."""
    end = "USD_PERP" if market is Market.COINM else "USDT"
    return [(market, f"A{number:04}{end}") for number in range(count)]


def is_coinm_symbol(symbol: str) -> bool:
    """Say whether ``symbol`` has the form of a COIN-M contract (BTCUSD_PERP, BTCUSD_261225)."""
    return _COINM_SYMBOL.fullmatch(symbol) is not None


def pair_of(symbol: str) -> str:
    """Return the pair of a futures symbol: BTCUSD of BTCUSD_PERP."""
    return symbol.partition("_")[0]
