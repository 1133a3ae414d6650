"""The rows of REST's answers about trades, candles and latest values, as each market writes them.

Pure. Documents: rest-api.md (spot); Compressed-Aggregate-Trades-List, Recent-Trades-List,
Kline-Candlestick-Data, Symbol-Order-Book-Ticker and 24hr-Ticker (USD-M, COIN-M); Mark-Price
(USD-M), Index-Price-and-Mark-Price (COIN-M).
"""

from __future__ import annotations

from typing import Any, Final

from gateway.simulator.candles import Candle
from gateway.simulator.day import Window
from gateway.simulator.history import Traded
from gateway.simulator.listing import FINEST, Listing, decimal_text
from gateway.simulator.names import Market, pair_of
from gateway.simulator.prices import MarkPrice
from gateway.simulator.truth import PriceQty, TrueBook

_NOTHING: Final = "0"
_INTEREST: Final = "0.00010000"  # of 8 hours


def aggregate_row(listing: Listing, row: Traded) -> dict[str, Any]:
    """Return an aggregate trade; it names neither event nor symbol."""
    qty = listing.qty(row.qty)
    normal = {"nq": qty} if listing.market is Market.USDM else {}
    best = {"M": True} if listing.market is Market.SPOT else {}
    span = {"f": row.first_id, "l": row.last_id, "T": row.ms, "m": row.is_buyer_maker}
    return {"a": row.trade_id, "p": listing.price(row.price), "q": qty, **normal, **span, **best}


def trade_row(listing: Listing, row: Traded) -> dict[str, Any]:
    """Return a trade; COIN-M tells what it was worth in the base asset."""
    turnover = listing.turnover_text(listing.turnover(row.price, row.qty))
    last = {
        Market.SPOT: {"isBestMatch": True},
        Market.USDM: {"isRPITrade": False},
        Market.COINM: {},
    }[listing.market]
    return {
        "id": row.trade_id,
        "price": listing.price(row.price),
        "qty": listing.qty(row.qty),
        "baseQty" if listing.market is Market.COINM else "quoteQty": turnover,
        "time": row.ms,
        "isBuyerMaker": row.is_buyer_maker,
        **last,
    }


def kline_row(listing: Listing, candle: Candle) -> list[Any]:
    """Return a candle of trades: t o h l c v T q n V Q and an unused field."""
    return [
        candle.open_ms,
        listing.price(candle.open),
        listing.price(candle.high),
        listing.price(candle.low),
        listing.price(candle.close),
        listing.qty(candle.qty),
        candle.close_ms,
        listing.turnover_text(candle.turnover),
        candle.count,
        listing.qty(candle.taker_qty),
        listing.turnover_text(candle.taker_turnover),
        _NOTHING,
    ]


def price_kline_row(candle: Candle) -> list[Any]:
    """Return a candle of a mark or index price, which has no volumes."""
    prices = (candle.open, candle.high, candle.low, candle.close)
    texts = [decimal_text(price, FINEST) for price in prices]
    ignored = [_NOTHING] * 3
    return [candle.open_ms, *texts, _NOTHING, candle.close_ms, _NOTHING, candle.count, *ignored]


def book_ticker_row(market: Market, symbol: str, book: TrueBook, ms: int) -> dict[str, Any]:
    """Return the best bid and ask."""
    (bid, bid_qty), (ask, ask_qty) = book.bids[0], book.asks[0]
    best = {"bidPrice": bid, "bidQty": bid_qty, "askPrice": ask, "askQty": ask_qty}
    if market is Market.SPOT:
        return {"symbol": symbol, **best}
    pair = {"pair": pair_of(symbol)} if market is Market.COINM else {}
    return {"lastUpdateId": book.update_id, "symbol": symbol, **pair, **best, "time": ms}


def day_row(
    listing: Listing, window: Window, bid: PriceQty, ask: PriceQty, ms: int
) -> dict[str, Any]:
    """Return a rolling day; spot alone has best prices, COIN-M its pair and the base volume."""
    market = listing.market
    pair = {"pair": listing.pair} if market is Market.COINM else {}
    last = {"lastPrice": window.last, "lastQty": window.last_qty}
    if market is Market.SPOT:
        best = {"bidPrice": bid[0], "bidQty": bid[1], "askPrice": ask[0], "askQty": ask[1]}
        last = {"prevClosePrice": window.before, **last, **best}
    return {
        "symbol": listing.symbol,
        **pair,
        "priceChange": window.change,
        "priceChangePercent": window.percent,
        "weightedAvgPrice": window.average,
        **last,
        "openPrice": window.open,
        "highPrice": window.high,
        "lowPrice": window.low,
        "volume": window.volume,
        "baseVolume" if market is Market.COINM else "quoteVolume": window.quote,
        "openTime": window.open_ms,
        "closeTime": ms,
        "firstId": window.first_id,
        "lastId": window.last_id,
        "count": window.count,
    }


def mark_row(listing: Listing, price: MarkPrice, ms: int) -> dict[str, Any]:
    """Return a mark price; what a contract with a delivery has none of is empty, or 0."""
    pair = {"pair": listing.pair} if listing.market is Market.COINM else {}
    rate = price.funding_rate
    return {
        "symbol": listing.symbol,
        **pair,
        "markPrice": decimal_text(price.mark, FINEST),
        "indexPrice": decimal_text(price.index, FINEST),
        "estimatedSettlePrice": decimal_text(price.settle, FINEST),
        "lastFundingRate": "" if rate is None else decimal_text(rate, FINEST),
        "interestRate": "" if rate is None else _INTEREST,
        "nextFundingTime": price.funding_ms,
        "time": ms,
    }
