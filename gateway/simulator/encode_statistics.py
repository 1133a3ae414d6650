"""The payloads of tickers, candles and prices made of trades, key for key as the venue sends them.

Pure. Documents as in ``encode``. Times are ms.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from gateway.simulator.candles import Candle
from gateway.simulator.day import Window
from gateway.simulator.listing import FINEST, Listing, decimal_text
from gateway.simulator.names import Market

SYMBOL_TYPE: Final = {Market.USDM: 1, Market.COINM: 2}  # "st", on futures
_NOTHING: Final = "0"  # in the fields that the documents call "ignore"


def symbol_type(listing: Listing) -> dict[str, Any]:
    """Return the last field of most futures payloads."""
    return {} if listing.market is Market.SPOT else {"st": SYMBOL_TYPE[listing.market]}


def _names(listing: Listing) -> dict[str, Any]:
    pair = {} if listing.market is Market.SPOT else {"ps": listing.pair}
    return {"s": listing.symbol, **pair}


def mini_ticker(listing: Listing, window: Window, ms: int) -> bytes:
    """Write a rolling day in short."""
    return orjson.dumps(
        {
            "e": "24hrMiniTicker",
            "E": ms,
            **_names(listing),
            "c": window.last,
            "o": window.open,
            "h": window.high,
            "l": window.low,
            "v": window.volume,
            "q": window.quote,
            **symbol_type(listing),
        }
    )


def ticker(
    listing: Listing, window: Window, bid: tuple[str, str], ask: tuple[str, str], ms: int
) -> bytes:
    """Write a rolling day; spot alone shows the best prices and the close before it."""
    is_spot = listing.market is Market.SPOT
    best = {"b": bid[0], "B": bid[1], "a": ask[0], "A": ask[1]}
    return orjson.dumps(
        {
            "e": "24hrTicker",
            "E": ms,
            **_names(listing),
            "p": window.change,
            "P": window.percent,
            "w": window.average,
            **({"x": window.before} if is_spot else {}),
            "c": window.last,
            "Q": window.last_qty,
            **(best if is_spot else {}),
            "o": window.open,
            "h": window.high,
            "l": window.low,
            "v": window.volume,
            "q": window.quote,
            "O": window.open_ms,
            "C": ms,
            "F": window.first_id,
            "L": window.last_id,
            "n": window.count,
            **symbol_type(listing),
        }
    )


def window_ticker(listing: Listing, interval: str, window: Window, ms: int) -> bytes:
    """Write a rolling window of 1h, 4h or 1d."""
    return orjson.dumps(
        {
            "e": f"{interval}Ticker",
            "E": ms,
            "s": listing.symbol,
            "p": window.change,
            "P": window.percent,
            "o": window.open,
            "h": window.high,
            "l": window.low,
            "c": window.last,
            "w": window.average,
            "v": window.volume,
            "q": window.quote,
            "O": window.open_ms,
            "C": ms,
            "F": window.first_id,
            "L": window.last_id,
            "n": window.count,
        }
    )


def kline(listing: Listing, interval: str, candle: Candle, is_closed: bool, ms: int) -> bytes:
    """Write a candle of trades."""
    k = _times(candle) | {"s": listing.symbol, "i": interval}
    k |= {"f": candle.first_id, "L": candle.last_id} | _traded(listing, candle, is_closed)
    return orjson.dumps({"e": "kline", "E": ms, "s": listing.symbol, "k": k})


def continuous_kline(
    listing: Listing, contract_type: str, interval: str, candle: Candle, is_closed: bool, ms: int
) -> bytes:
    """Write a candle of whichever contract is of that type now; USD-M shows ids of the book."""
    is_usdm = listing.market is Market.USDM
    first = candle.first_update_id if is_usdm else candle.first_id
    last = candle.last_update_id if is_usdm else candle.last_id
    k = _times(candle) | {"i": interval, "f": first, "L": last}
    k |= _traded(listing, candle, is_closed)
    head = {"e": "continuous_kline", "E": ms, "ps": listing.pair, "ct": contract_type}
    return orjson.dumps({**head, "k": k})


def price_kline(
    event: str, pair: str, symbol: str, interval: str, candle: Candle, is_closed: bool, ms: int
) -> bytes:
    """Write a candle of an index price (symbol "0") or a mark price: its ids are times."""
    k = _times(candle) | {"s": symbol, "i": interval, "f": candle.first_id, "L": candle.last_id}
    k |= {
        "o": decimal_text(candle.open, FINEST),
        "c": decimal_text(candle.close, FINEST),
        "h": decimal_text(candle.high, FINEST),
        "l": decimal_text(candle.low, FINEST),
        "v": _NOTHING,
        "n": candle.count,
        "x": is_closed,
        "q": _NOTHING,
        "V": _NOTHING,
        "Q": _NOTHING,
        "B": _NOTHING,
    }
    return orjson.dumps({"e": event, "E": ms, "ps": pair, "k": k})


def _times(candle: Candle) -> dict[str, Any]:
    return {"t": candle.open_ms, "T": candle.close_ms}


def _traded(listing: Listing, candle: Candle, is_closed: bool) -> dict[str, Any]:
    return {
        "o": listing.price(candle.open),
        "c": listing.price(candle.close),
        "h": listing.price(candle.high),
        "l": listing.price(candle.low),
        "v": listing.qty(candle.qty),
        "n": candle.count,
        "x": is_closed,
        "q": listing.turnover_text(candle.turnover),
        "V": listing.qty(candle.taker_qty),
        "Q": listing.turnover_text(candle.taker_turnover),
        "B": _NOTHING,
    }


def average_price(listing: Listing, average: str, traded_ms: int, ms: int) -> bytes:
    """Write the weighted average of five minutes."""
    head = {"e": "avgPrice", "E": ms, "s": listing.symbol}
    return orjson.dumps({**head, "i": "5m", "w": average, "T": traded_ms})


def reference_price(listing: Listing, price: str | None, ms: int) -> bytes:
    """Write the reference price, if there is one; it has an engine's time, and no event time."""
    return orjson.dumps({"e": "referencePrice", "s": listing.symbol, "r": price, "t": ms})
