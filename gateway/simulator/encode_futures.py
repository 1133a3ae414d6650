"""The payloads that futures alone have, key for key as the venue sends them.

Pure. Documents: the websocket-market-streams pages of USD-M and COIN-M, with the fields ``st``,
``ps`` and ``ap`` of 2026. Times are ms; prices without a tick are in 1e-8.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from gateway.simulator.encode_statistics import SYMBOL_TYPE, symbol_type
from gateway.simulator.exchange_info import contract_of
from gateway.simulator.indices import AssetIndex, Component, Session
from gateway.simulator.liquidations import ForcedOrder
from gateway.simulator.listing import FINEST, Listing, decimal_text
from gateway.simulator.names import Market
from gateway.simulator.prices import MarkPrice

# The first bracket of leverage: notional from and to, maintenance rate, leverage from and to.
_BRACKETS: Final = [{"bs": 1, "bnf": 0, "bnc": 5000, "mmr": 0.01, "cf": 0, "mi": 21, "ma": 50}]


def mark_price(listing: Listing, price: MarkPrice, ms: int) -> bytes:
    """Write a mark price; USD-M and COIN-M put their fields in different orders."""
    mark, settle, index = fine(price.mark), fine(price.settle), fine(price.index)
    if listing.market is Market.USDM:
        body = {"p": mark, "ap": fine(price.average), "i": index, "P": settle}
    else:
        body = {"p": mark, "P": settle, "i": index}
    head = {"e": "markPriceUpdate", "E": ms, "s": listing.symbol}
    rate = "" if price.funding_rate is None else fine(price.funding_rate)
    funding = {"r": rate, "T": price.funding_ms}
    return orjson.dumps({**head, **body, **funding, **symbol_type(listing)})


def index_price(pair: str, index: int, ms: int) -> bytes:
    """Write a pair's index price."""
    return orjson.dumps({"e": "indexPriceUpdate", "E": ms, "i": pair, "p": fine(index)})


def liquidation(listing: Listing, order: ForcedOrder, ms: int) -> bytes:
    """Write a forced order as its symbol's own stream shows it."""
    return orjson.dumps({"e": "forceOrder", "E": ms, "o": _order(listing, order)})


def merged_liquidation(listing: Listing, order: ForcedOrder, ms: int) -> bytes:
    """Write a forced order as the stream of all symbols shows it."""
    pair = {"ps": listing.pair} if listing.market is Market.USDM else {}
    head = {"e": "forceOrder", "E": ms, **pair, **symbol_type(listing)}
    return orjson.dumps({**head, "o": _order(listing, order)})


def _order(listing: Listing, order: ForcedOrder) -> dict[str, Any]:
    pair = {"ps": listing.pair} if listing.market is Market.COINM else {}
    qty = listing.qty(order.qty)
    return {
        "s": listing.symbol,
        **pair,
        "S": "BUY" if order.is_buy else "SELL",
        "o": "LIMIT",
        "f": "IOC",
        "q": qty,
        "p": listing.price(order.limit),
        "ap": listing.price(order.average),
        "X": "FILLED",
        "l": listing.qty(order.last_qty),
        "z": qty,
        "T": order.ms,
    }


def contract_info(
    listing: Listing, status: str, onboard_ms: int, ms: int, *, has_brackets: bool
) -> bytes:
    """Write what changed about a contract; the brackets are told only when they are new."""
    contract_type, delivery_ms = contract_of(listing.symbol, ms)
    return orjson.dumps(
        {
            "e": "contractInfo",
            "E": ms,
            "s": listing.symbol,
            "ps": listing.pair,
            "ct": contract_type,
            "dt": delivery_ms,
            "ot": onboard_ms,
            "cs": status,
            **({"bks": _BRACKETS} if has_brackets else {}),
            "st": SYMBOL_TYPE[listing.market],
        }
    )


def composite_index(symbol: str, price: int, components: list[Component], ms: int) -> bytes:
    """Write an index that is made of other assets."""
    parts = [
        {
            "b": part.asset,
            "q": "USDT",
            "w": fine(part.weight),
            "W": fine(part.share),
            "i": fine(part.price),
        }
        for part in components
    ]
    head = {"e": "compositeIndex", "E": ms, "s": symbol}
    return orjson.dumps({**head, "p": fine(price), "C": "baseAsset", "c": parts})


def asset_index(index: AssetIndex, ms: int) -> bytes:
    """Write a margin asset's price with its buffers."""
    return orjson.dumps(
        {
            "e": "assetIndexUpdate",
            "E": ms,
            "s": index.symbol,
            "i": fine(index.price),
            "b": fine(index.buffer),
            "a": fine(index.buffer),
            "B": fine(index.bid),
            "A": fine(index.ask),
            "q": fine(index.exchange_buffer),
            "g": fine(index.exchange_buffer),
            "Q": fine(index.exchange_bid),
            "G": fine(index.exchange_ask),
        }
    )


def trading_session(session: Session, ms: int) -> bytes:
    """Write which session a market of the old world is in."""
    times = {"t": session.start_ms, "T": session.end_ms}
    return orjson.dumps({"e": session.event, "E": ms, **times, "S": session.name})


def fine(mantissa: int) -> str:
    """Write a number of 1e-8."""
    return decimal_text(mantissa, FINEST)
