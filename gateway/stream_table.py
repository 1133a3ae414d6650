"""Every stream of the venue, as one table: markets, route, shape, identity, pace, back-fill. Pure.

Sources: Binance's web-socket-streams.md (spot), the "WebSocket market streams" pages of USD-M and
COIN-M, the USD-M change notice of 2026-03-05 (routes), the CM-UM integration notice of 2026-06-10
(COIN-M's !markPrice@arr) and rest-api.md (back-fill). What stands in no document is marked by a
note. Rates are rough: what a busy instrument was seen to send.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from gateway.layout import Kind, Market, SectionKind, Shape
from gateway.markets import Route
from gateway.stream_forms import Identity, StreamForm, StreamType, Subject

MINUTES: Final = (
    "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M",
)  # fmt: skip
SECONDS: Final = ("1s", *MINUTES)
WINDOWS: Final = ("1h", "4h", "1d")
CONTRACT_TYPES: Final[Mapping[Market, tuple[str, ...]]] = {
    Market.SPOT: (),
    Market.USDM: ("tradifi_perpetual", "perpetual", "current_quarter", "next_quarter"),
    Market.COINM: ("perpetual", "current_quarter", "next_quarter"),
}

_SPOT, _USDM, _COINM = (Market.SPOT,), (Market.USDM,), (Market.COINM,)
_FUTURES = (Market.USDM, Market.COINM)
_P, _M = Route.PUBLIC, Route.MARKET
_ALL_OF_IT = Subject.MARKET
_ID, _RISING = Identity.CONTIGUOUS, Identity.MONOTONE
_LATEST = "latest value"
_T = StreamType

TRADES: Final = (
    _T("aggTrade", _SPOT, Kind.AGG_TRADE, _P, rate=3, identity=_ID, id_fields="a",
       backfill="aggTrades by id"),
    _T("aggTrade", _FUTURES, Kind.AGG_TRADE, _M, rate=3, default_ms=100, identity=_ID,
       id_fields="a", backfill="aggTrades by id"),
    _T("trade", _SPOT, Kind.TRADE, _P, rate=5, identity=_ID, id_fields="t",
       backfill="historicalTrades by id"),
    _T("trade", _FUTURES, Kind.TRADE, _P, rate=5, identity=_ID, id_fields="t",
       backfill="historicalTrades by id, with an API key",
       note="not in Binance's documents, may vanish"),
    _T("blockTrade", _SPOT, Kind.BLOCK_TRADE, _P, rate=0.01, identity=_RISING, id_fields="t",
       backfill="historicalBlockTrades by id"),
    _T("forceOrder", _FUTURES, Kind.LIQUIDATION, _M, rate=0.01, default_ms=1000,
       note="the largest of each second"),
    _T("!forceOrder@arr", _FUTURES, Kind.LIQUIDATION, _M, rate=5, default_ms=1000,
       subject=_ALL_OF_IT, shape=Shape.MERGED, split="forceOrder"),
)  # fmt: skip

BOOKS: Final = (
    _T("bookTicker", (*_SPOT, *_FUTURES), Kind.QUOTE, _P, rate=10, identity=_RISING,
       id_fields="u", backfill=_LATEST),
    _T("!bookTicker", _USDM, Kind.QUOTE, _P, rate=100, default_ms=5000, identity=_RISING,
       id_fields="u", subject=_ALL_OF_IT, shape=Shape.MERGED, split="bookTicker",
       backfill=_LATEST),
    _T("!bookTicker", _COINM, Kind.QUOTE, _P, rate=500, identity=_RISING, id_fields="u",
       subject=_ALL_OF_IT, shape=Shape.MERGED, split="bookTicker", backfill=_LATEST),
    _T("depth", _SPOT, Kind.DIFF, _P, rate=5, default_ms=1000, speeds=("100ms", "1000ms"),
       identity=_ID, id_fields="U u", backfill="depth snapshot"),
    _T("depth", _FUTURES, Kind.DIFF, _P, rate=5, default_ms=250, speeds=("100ms", "500ms"),
       identity=_ID, id_fields="U u pu", backfill="depth snapshot"),
    _T("rpiDepth", _USDM, Kind.DIFF, _P, rate=2, default_ms=500, speeds=("500ms",),
       has_default=False, variant="RPI", identity=_ID, id_fields="U u pu",
       backfill="rpiDepth snapshot", note="a book of its own, with retail orders: BTCUSDT.RPI"),
    _T("depth", _SPOT, Kind.PARTIAL, _P, rate=5, levels=(5, 10, 20), default_ms=1000,
       speeds=("100ms", "1000ms"), identity=_RISING, id_fields="lastUpdateId"),
    _T("depth", _FUTURES, Kind.PARTIAL, _P, rate=5, levels=(5, 10, 20), default_ms=250,
       speeds=("100ms", "500ms"), identity=_RISING, id_fields="u"),
)  # fmt: skip

STATISTICS: Final = (
    _T("ticker", _SPOT, Kind.TICKER, _P, rate=0.5, default_ms=1000, backfill=_LATEST),
    _T("ticker", _USDM, Kind.TICKER, _M, rate=0.5, default_ms=2000, backfill=_LATEST),
    _T("ticker", _COINM, Kind.TICKER, _M, rate=0.5, default_ms=500, backfill=_LATEST),
    _T("!ticker@arr", _SPOT, Kind.TICKER, _P, default_ms=1000, subject=_ALL_OF_IT,
       shape=Shape.SYNTHETIC, split="ticker",
       note="ended at Binance on 2026-03-26: put together here, marked S"),
    _T("!ticker@arr", _FUTURES, Kind.TICKER, _M, default_ms=1000, expected_ms=1000,
       subject=_ALL_OF_IT, shape=Shape.ARRAY, split="ticker", backfill=_LATEST),
    _T("miniTicker", _SPOT, Kind.MINI_TICKER, _P, rate=0.5, default_ms=1000, backfill=_LATEST),
    _T("miniTicker", _USDM, Kind.MINI_TICKER, _M, rate=0.5, default_ms=2000, backfill=_LATEST),
    _T("miniTicker", _COINM, Kind.MINI_TICKER, _M, rate=0.5, default_ms=500, backfill=_LATEST),
    _T("!miniTicker@arr", _SPOT, Kind.MINI_TICKER, _P, default_ms=1000, expected_ms=1000,
       subject=_ALL_OF_IT, shape=Shape.ARRAY, split="miniTicker", backfill=_LATEST),
    _T("!miniTicker@arr", _FUTURES, Kind.MINI_TICKER, _M, default_ms=1000, expected_ms=1000,
       subject=_ALL_OF_IT, shape=Shape.ARRAY, split="miniTicker", backfill=_LATEST),
    _T("ticker_*", _SPOT, Kind.WINDOW_TICKER, _P, rate=0.5, default_ms=1000, intervals=WINDOWS,
       backfill=_LATEST),
    _T("!ticker_*@arr", _SPOT, Kind.WINDOW_TICKER, _P, default_ms=1000, expected_ms=1000,
       intervals=WINDOWS, subject=_ALL_OF_IT, shape=Shape.ARRAY, split="ticker_*",
       backfill=_LATEST),
    _T("avgPrice", _SPOT, Kind.AVERAGE_PRICE, _P, rate=0.5, default_ms=1000, backfill=_LATEST),
    _T("referencePrice", _SPOT, Kind.REFERENCE_PRICE, _P, rate=0.5, default_ms=1000,
       id_fields="t", backfill=_LATEST),
)  # fmt: skip

CANDLES: Final = (
    _T("kline_*", _SPOT, Kind.KLINE, _P, rate=0.5, default_ms=2000, intervals=SECONDS,
       zones=("+08:00",), backfill="klines by time", note="1s: every second"),
    _T("kline_*", _FUTURES, Kind.KLINE, _M, rate=1, default_ms=250, intervals=MINUTES,
       backfill="klines by time"),
    _T("continuousKline_*", _USDM, Kind.CONTINUOUS_KLINE, _M, rate=1, default_ms=250,
       subject=Subject.CONTRACT, intervals=SECONDS, backfill="continuousKlines by time"),
    _T("continuousKline_*", _COINM, Kind.CONTINUOUS_KLINE, _M, rate=1, default_ms=250,
       subject=Subject.CONTRACT, intervals=MINUTES, backfill="continuousKlines by time"),
    _T("indexPriceKline_*", _COINM, Kind.INDEX_KLINE, _M, rate=1, default_ms=250,
       expected_ms=1000, subject=Subject.PAIR, intervals=MINUTES,
       backfill="indexPriceKlines by time"),
    _T("markPriceKline_*", _COINM, Kind.MARK_KLINE, _M, rate=1, default_ms=250,
       expected_ms=1000, intervals=MINUTES, backfill="markPriceKlines by time"),
)  # fmt: skip

PRICES: Final = (
    _T("markPrice", _FUTURES, Kind.MARK_PRICE, _M, default_ms=3000, expected_ms=3000,
       speeds=("1s",), backfill=_LATEST),
    _T("markPrice", _COINM, Kind.MARK_PRICE, _M, default_ms=3000, expected_ms=3000,
       speeds=("1s",), subject=Subject.PAIR, shape=Shape.ARRAY, split="markPrice",
       backfill=_LATEST, note="every contract of the pair"),
    _T("!markPrice@arr", _FUTURES, Kind.MARK_PRICE, _M, default_ms=3000, expected_ms=3000,
       speeds=("1s",), subject=_ALL_OF_IT, shape=Shape.ARRAY, split="markPrice",
       backfill=_LATEST),
    _T("indexPrice", _COINM, Kind.INDEX_PRICE, _M, default_ms=3000, expected_ms=3000,
       speeds=("1s",), subject=Subject.PAIR, backfill=_LATEST),
    _T("compositeIndex", _USDM, Kind.COMPOSITE_INDEX, _M, default_ms=1000, expected_ms=1000),
    _T("assetIndex", _USDM, Kind.ASSET_INDEX, _M, default_ms=1000, expected_ms=1000,
       subject=Subject.ASSET, backfill=_LATEST),
    _T("!assetIndex@arr", _USDM, Kind.ASSET_INDEX, _M, default_ms=1000, expected_ms=1000,
       subject=_ALL_OF_IT, shape=Shape.ARRAY, split="assetIndex", rows=Subject.ASSET,
       backfill=_LATEST),
    _T("!contractInfo", _FUTURES, Kind.CONTRACT_INFO, _M, rate=0.01, subject=_ALL_OF_IT,
       shape=Shape.MERGED, split="contractInfo"),
    _T("tradingSession", _USDM, Kind.TRADING_SESSION, _M, default_ms=1000, subject=_ALL_OF_IT),
)  # fmt: skip

TABLE: Final = (*TRADES, *BOOKS, *STATISTICS, *CANDLES, *PRICES)

# Where the latest value of a kind lies. TRADING_SESSION is a record only.
SLOTS: Final[Mapping[Kind, SectionKind]] = {
    Kind.QUOTE: SectionKind.QUOTE,
    Kind.TRADE: SectionKind.LAST_TRADE,
    Kind.AGG_TRADE: SectionKind.LAST_TRADE,
    Kind.TICKER: SectionKind.TICKER,
    Kind.MINI_TICKER: SectionKind.TICKER,  # where no TICKER stream feeds it
    Kind.DIFF: SectionKind.BOOK,
    Kind.PARTIAL: SectionKind.PARTIAL,
    Kind.MARK_PRICE: SectionKind.MARK_PRICE,
    Kind.INDEX_PRICE: SectionKind.MARK_PRICE,
    Kind.BLOCK_TRADE: SectionKind.VALUES,
    Kind.WINDOW_TICKER: SectionKind.VALUES,
    Kind.KLINE: SectionKind.VALUES,
    Kind.CONTINUOUS_KLINE: SectionKind.VALUES,
    Kind.INDEX_KLINE: SectionKind.VALUES,
    Kind.MARK_KLINE: SectionKind.VALUES,
    Kind.AVERAGE_PRICE: SectionKind.VALUES,
    Kind.REFERENCE_PRICE: SectionKind.VALUES,
    Kind.COMPOSITE_INDEX: SectionKind.VALUES,
    Kind.LIQUIDATION: SectionKind.VALUES,
    Kind.CONTRACT_INFO: SectionKind.VALUES,
    Kind.ASSET_INDEX: SectionKind.VALUES,
}

# Names that Binance sent once, or takes and leaves silent: what is wrong, and what to do.
ENDED: Final[Mapping[tuple[Market, str], tuple[str, str]]] = {
    (Market.SPOT, "!bookTicker"): (
        "Binance ended it on 2022-12-07",
        "subscribe spot:<symbol>@bookTicker, or the pattern 'spot:*usdt@bookTicker'",
    ),
} | {
    (market, f"depth{levels}@250ms"): (
        "Binance takes the name and sends nothing: 250 ms is the pace without a speed",
        f"write depth{levels}",
    )
    for market in _FUTURES
    for levels in ("", 5, 10, 20)
}


def _forms(market: Market) -> dict[str, tuple[StreamForm, ...]]:
    found: dict[str, tuple[StreamForm, ...]] = {}
    for row in TABLE:
        if market in row.markets:
            for suffix, form in row.forms():
                found[suffix] = (*found.get(suffix, ()), form)
    return found


# By market and suffix (whole-market streams: name). Two forms where the subject decides: markPrice
# of a COIN-M contract is an object, of a pair an array.
FORMS: Final[Mapping[Market, Mapping[str, tuple[StreamForm, ...]]]] = {m: _forms(m) for m in Market}
