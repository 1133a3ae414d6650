"""The keys of the venue's payloads: what each means, by kind and market.

A table maps a key to (field, type), or to the table of the object that it holds; a field that
begins with ``-`` is checked and dropped. Types: id, id- (below 0: there is none), time, when (0, or
too far ahead for nanoseconds: none), px, qty and fixed (decimals at the symbol's exponents, or at
-8), f64, bool, event, symbol, part, underlying, side, count, levels, text and a number (bytes at
most). Behind it: + not negative, ~ null and "" say that there is none, ? may be absent. Keys as in
the venue's "web-socket-streams.md" (spot) and the stream pages of USD-M and COIN-M.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

from gateway.layout import NULL, Kind, Market

Row: TypeAlias = tuple[str, str]
Table: TypeAlias = "dict[str, Row | Table]"

EVENTS: Final = {
    Kind.QUOTE: ("bookTicker",),
    Kind.TRADE: ("trade",),
    Kind.AGG_TRADE: ("aggTrade",),
    Kind.BLOCK_TRADE: ("blockTrade",),
    Kind.TICKER: ("24hrTicker",),
    Kind.MINI_TICKER: ("24hrMiniTicker",),
    Kind.WINDOW_TICKER: ("1hTicker", "4hTicker", "1dTicker"),
    Kind.DIFF: ("depthUpdate",),
    Kind.PARTIAL: ("depthUpdate",),
    Kind.KLINE: ("kline",),
    Kind.CONTINUOUS_KLINE: ("continuous_kline",),
    Kind.INDEX_KLINE: ("indexPrice_kline",),
    Kind.MARK_KLINE: ("markPrice_kline",),
    Kind.MARK_PRICE: ("markPriceUpdate",),
    Kind.INDEX_PRICE: ("indexPriceUpdate",),
    Kind.AVERAGE_PRICE: ("avgPrice",),
    Kind.REFERENCE_PRICE: ("referencePrice",),
    Kind.COMPOSITE_INDEX: ("compositeIndex",),
    Kind.LIQUIDATION: ("forceOrder",),
    Kind.CONTRACT_INFO: ("contractInfo",),
    Kind.ASSET_INDEX: ("assetIndexUpdate",),
    Kind.TRADING_SESSION: ("EquityUpdate", "CommodityUpdate", "KR_EquityUpdate", "HK_EquityUpdate",
                           "CN_EquityUpdate"),
}  # fmt: skip

_EVENT: Final[Table] = {"e": ("-event", "event?")}
_TIMED: Final[Table] = _EVENT | {"E": ("ts_event", "time")}
_OWN: Final[Table] = _TIMED | {"s": ("-symbol", "symbol")}
_QUOTE: Final[Table] = _OWN | {
    "E": ("ts_event", "time?"),
    "u": ("update_id", "id"),
    "T": ("ts_trade", "time?"),
    "b": ("bid_px", "px+"), "B": ("bid_qty", "qty+"),
    "a": ("ask_px", "px+"), "A": ("ask_qty", "qty+"),
}  # fmt: skip
_TRADE: Final[Table] = _OWN | {
    "T": ("ts_trade", "time"),
    "t": ("update_id", "id"),
    "p": ("px", "px+"), "q": ("qty", "qty+"),
    "m": ("buyer_is_maker", "bool"),
}  # fmt: skip
_AGG_TRADE: Final[Table] = {key: row for key, row in _TRADE.items() if key != "t"} | {
    "a": ("update_id", "id"),
    "f": ("first_trade_id", "id"),
    "l": ("last_trade_id", "id"),
    "nq": ("normal_qty", "qty~+?"),
}
_MINI_TICKER: Final[Table] = _OWN | {
    "c": ("last_px", "px"), "o": ("open_px", "px"), "h": ("high_px", "px"), "l": ("low_px", "px"),
    "v": ("volume", "f64"), "q": ("quote_volume", "f64"),
}  # fmt: skip
_WINDOW: Final[dict[str, Row]] = {
    "O": ("open_time", "time"), "C": ("close_time", "time"),
    "F": ("first_trade_id", "id-"), "L": ("last_trade_id", "id-"), "n": ("trade_count", "id"),
}  # fmt: skip
_TICKER_ONLY: Final[Table] = {
    "p": ("change_px", "px~?"), "P": ("change_percent", "fixed~?"), "w": ("average_px", "fixed~?"),
    "x": ("prev_close_px", "px~?"), "Q": ("last_qty", "qty~?"),
    "b": ("bid_px", "px~?"), "B": ("bid_qty", "qty~?"),
    "a": ("ask_px", "px~?"), "A": ("ask_qty", "qty~?"),
}  # fmt: skip
_TICKER: Final[Table] = _MINI_TICKER | _WINDOW | _TICKER_ONLY
_OPTIONAL_WINDOW: Final[Table] = {key: (name, row + "?") for key, (name, row) in _WINDOW.items()}
_DIFF: Final[Table] = _OWN | {
    "T": ("ts_trade", "time?"),
    "U": ("first_update_id", "id"),
    "u": ("update_id", "id"),
    "b": ("bids", "levels"), "a": ("asks", "levels"),
}  # fmt: skip
_CHAINED: Final[Table] = {"pu": ("prev_update_id", "id")}
_PARTIAL_SPOT: Final[Table] = {  # no e, no s on spot: were they there, they would be unknown
    "E": ("ts_event", "time?"),
    "lastUpdateId": ("update_id", "id"),
    "bids": ("bids", "levels"), "asks": ("asks", "levels"),
}  # fmt: skip
SNAPSHOT: Final[Table] = {
    "lastUpdateId": ("last_update_id", "id"),
    "bids": ("bids", "levels"), "asks": ("asks", "levels"),
}  # fmt: skip


def _candle(price: str) -> Table:
    return {
        "t": ("open_time", "time"), "T": ("close_time", "time"), "i": ("interval", "text8"),
        "f": ("first_trade_id", "id-"), "L": ("last_trade_id", "id-"), "n": ("trade_count", "id"),
        "o": ("open_px", price), "c": ("close_px", price),
        "h": ("high_px", price), "l": ("low_px", price),
        "v": ("volume", "f64"), "q": ("quote_volume", "f64"),
        "V": ("taker_volume", "f64"), "Q": ("taker_quote_volume", "f64"),
        "x": ("closed", "bool"),
    }  # fmt: skip


_ORDER: Final[Table] = {
    "s": ("-symbol", "symbol"), "S": ("side", "side"),
    "p": ("px", "px+"), "q": ("qty", "qty+"), "ap": ("average_px", "fixed~?"),
    "l": ("last_filled_qty", "qty~?"), "z": ("filled_qty", "qty~?"),
    "o": ("order_type", "text16?"), "f": ("time_in_force", "text8?"),
    "X": ("order_status", "text16?"), "T": ("ts_trade", "time?"),
}  # fmt: skip
_TABLES: Final[dict[Kind, Table]] = {
    Kind.QUOTE: _QUOTE,
    Kind.TRADE: _TRADE,
    Kind.AGG_TRADE: _AGG_TRADE,
    Kind.BLOCK_TRADE: _TRADE,
    Kind.TICKER: _TICKER,
    Kind.MINI_TICKER: _MINI_TICKER | _OPTIONAL_WINDOW | _TICKER_ONLY,
    Kind.WINDOW_TICKER: _TICKER,
    Kind.KLINE: _OWN | {"k": _candle("px") | {"s": ("-inner", "symbol?")}},
    Kind.CONTINUOUS_KLINE:
        _TIMED | {"ps": ("-pair", "part"), "ct": ("-type", "part"), "k": _candle("px")},
    Kind.INDEX_KLINE: _TIMED | {"ps": ("-symbol", "symbol"), "k": _candle("fixed")},
    Kind.MARK_KLINE: _TIMED | {"k": _candle("fixed") | {"s": ("-symbol", "symbol")}},
    Kind.MARK_PRICE: _OWN | {
        "p": ("mark_px", "fixed"), "ap": ("mark_average_px", "fixed~?"),
        "i": ("index_px", "fixed~?"), "P": ("settle_px", "fixed~?"),
        "r": ("funding_rate", "fixed~?"), "T": ("next_funding_time", "when?"),
    },
    Kind.INDEX_PRICE: _TIMED | {
        "i": ("-pair", "symbol?"), "s": ("-symbol", "symbol?"), "p": ("index_px", "fixed"),
    },
    Kind.AVERAGE_PRICE: _OWN | {
        "i": ("interval", "text8?"), "w": ("px", "fixed"), "T": ("ts_trade", "time?"),
    },
    Kind.REFERENCE_PRICE: _OWN | {
        "E": ("ts_event", "time?"), "r": ("px", "fixed~"), "t": ("ts_trade", "time"),
    },
    Kind.COMPOSITE_INDEX: _OWN | {"p": ("px", "fixed"), "c": ("component_count", "count?")},
    Kind.LIQUIDATION: _TIMED | {"o": _ORDER},
    Kind.CONTRACT_INFO: _OWN | {
        "ps": ("pair", "text32?"), "ct": ("contract_type", "text32?"),
        "cs": ("contract_status", "text32"), "dt": ("delivery_time", "when?"),
        "ot": ("onboard_time", "when?"), "bks": ("brackets", "count?"),
    },
    Kind.ASSET_INDEX: _OWN | {
        "i": ("index_px", "fixed"),
        "b": ("bid_buffer", "fixed~?"), "a": ("ask_buffer", "fixed~?"),
        "B": ("bid_rate", "fixed~?"), "A": ("ask_rate", "fixed~?"),
        "q": ("auto_bid_buffer", "fixed~?"), "g": ("auto_ask_buffer", "fixed~?"),
        "Q": ("auto_bid_rate", "fixed~?"), "G": ("auto_ask_rate", "fixed~?"),
    },
    Kind.TRADING_SESSION: {
        "e": ("underlying", "underlying"), "E": ("ts_event", "time"),
        "t": ("start_time", "time"), "T": ("end_time", "time"), "S": ("session", "text24"),
    },
}  # fmt: skip
_PRICE_BLANK: Final = {"component_count": 0, "interval": ""}
_BLANKS: Final[dict[Kind, dict[str, Any]]] = {  # of fields that a kind shares but never says
    Kind.TRADE: {"normal_qty": NULL},
    Kind.BLOCK_TRADE: {"normal_qty": NULL},
    Kind.INDEX_PRICE: dict.fromkeys(
        ("mark_px", "mark_average_px", "settle_px", "funding_rate", "next_funding_time"), NULL
    ),
    Kind.AVERAGE_PRICE: _PRICE_BLANK,
    Kind.REFERENCE_PRICE: _PRICE_BLANK,
    Kind.COMPOSITE_INDEX: _PRICE_BLANK,
}


def keys(kind: Kind, market: Market) -> Table:
    """Return the table of a kind's payloads on a market."""
    futures = market != Market.SPOT
    if kind == Kind.DIFF:
        return _DIFF | (_CHAINED if futures else {})
    if kind == Kind.PARTIAL:
        return _DIFF | _CHAINED if futures else _PARTIAL_SPOT
    return _TABLES[kind]


def blank(kind: Kind) -> dict[str, Any]:
    """Return the fields of a kind that its payloads may leave unsaid, and what they are then."""
    return {"ts_event": NULL, "ts_trade": NULL, "update_id": 0} | _BLANKS.get(kind, {})
