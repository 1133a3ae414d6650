"""The exchangeInfo answers of the three markets, with the fields that clients read.

Pure. Venue documents: rest-api.md (spot), Exchange-Information (USD-M, COIN-M).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from gateway.simulator.index_names import ASSETS, is_composite
from gateway.simulator.names import Market, pair_of
from gateway.simulator.source import Instrument

_QUOTES: Final = ("USDT", "USDC", "FDUSD", "BUSD", "TUSD", "USD", "BTC", "ETH", "BNB", "EUR", "TRY",
                  "BRL", "AUD", "RUB")  # fmt: skip
_PERPETUAL_DELIVERY_MS: Final = 4_133_404_800_000
_TRADIFI: Final = frozenset({"AAPL", "AMZN", "MSTR", "NVDA", "TSLA", "XAG", "XAU"})
_METALS: Final = frozenset({"XAG", "XAU"})
_AUTO_EXCHANGE: Final = "-10000"  # the loss at which an asset is exchanged by itself
_CONTRACT_USD: Final = {"BTCUSD": 100}  # what a COIN-M contract is worth; the others 10
_QUARTER: Final = timedelta(days=92)


def exchange_info(
    market: Market,
    instruments: Sequence[Instrument],
    now_ms: int,
    rate_limits: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return the body of an exchangeInfo answer; ``rate_limits`` are those in force."""
    rows = {Market.SPOT: _spot_row, Market.USDM: _usdm_row, Market.COINM: _coinm_row}[market]
    assets = {"assets": _margin_assets(instruments)} if market is Market.USDM else {}
    return {
        "timezone": "UTC",
        "serverTime": now_ms,
        "rateLimits": list(rate_limits),
        "exchangeFilters": [],
        **assets,
        "symbols": [rows(instrument, now_ms) for instrument in instruments],
    }


def contract_usd(symbol: str) -> int:
    """Return the face value of a COIN-M contract in US dollars."""
    return _CONTRACT_USD.get(pair_of(symbol), 10)


def assets_of(symbol: str) -> tuple[str, str]:
    """Guess base and quote asset: BTC and USDT of BTCUSDT."""
    pair = pair_of(symbol)
    quote = next((quote for quote in _QUOTES if pair.endswith(quote) and pair != quote), pair[-3:])
    return pair.removesuffix(quote), quote


def _margin_assets(instruments: Sequence[Instrument]) -> list[dict[str, Any]]:
    """Return what may be margin: the assets with an index, and in which contracts are quoted."""
    with_index = [name.removesuffix("USD") for name in ASSETS]
    quotes = [assets_of(instrument.symbol)[1] for instrument in instruments]
    return [
        {"asset": asset, "marginAvailable": True, "autoAssetExchange": _AUTO_EXCHANGE}
        for asset in dict.fromkeys([*with_index, *quotes])
    ]


def _underlying(base: str) -> str:
    """Return the kind of what a contract is on; compositeIndex streams are of INDEX alone."""
    if is_composite(base):
        return "INDEX"
    if base in _TRADIFI:
        return "COMMODITY" if base in _METALS else "EQUITY"
    return "COIN"


def _filters(instrument: Instrument) -> list[dict[str, Any]]:
    price = {"filterType": "PRICE_FILTER", "minPrice": instrument.tick, "maxPrice": "10000000"}
    lot = {"filterType": "LOT_SIZE", "minQty": instrument.step, "maxQty": "1000000000"}
    return [{**price, "tickSize": instrument.tick}, {**lot, "stepSize": instrument.step}]


def _spot_row(instrument: Instrument, now_ms: int) -> dict[str, Any]:
    base, quote = assets_of(instrument.symbol)
    return {
        "symbol": instrument.symbol,
        "status": instrument.status,
        "baseAsset": base,
        "baseAssetPrecision": 8,
        "quoteAsset": quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET"],
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": _filters(instrument),
        "permissions": [],
        "permissionSets": [["SPOT"]],
    }


def _futures_row(instrument: Instrument, now_ms: int) -> dict[str, Any]:
    base, quote = assets_of(instrument.symbol)
    contract_type, delivery_ms = contract_of(instrument.symbol, now_ms)
    return {
        "symbol": instrument.symbol,
        "pair": pair_of(instrument.symbol),
        "contractType": contract_type,
        "deliveryDate": delivery_ms,
        "onboardDate": instrument.onboard_ms,
        "baseAsset": base,
        "quoteAsset": quote,
        "pricePrecision": instrument.price_decimals,
        "quantityPrecision": instrument.qty_decimals,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": _underlying(base),
        "underlyingSubType": [],
        "filters": _filters(instrument),
    }


def _usdm_row(instrument: Instrument, now_ms: int) -> dict[str, Any]:
    row = _futures_row(instrument, now_ms)
    return {**row, "status": instrument.status, "marginAsset": row["quoteAsset"]}


def _coinm_row(instrument: Instrument, now_ms: int) -> dict[str, Any]:
    row = _futures_row(instrument, now_ms)
    return {
        **row,
        "contractStatus": instrument.status,
        "contractSize": contract_usd(instrument.symbol),
        "marginAsset": row["baseAsset"],
    }


def contract_of(symbol: str, now_ms: int) -> tuple[str, int]:
    """Return contract type and delivery time in ms: of BTCUSD_261225, the 25th at 08:00 UTC.

    The next quarter's contract becomes the current one when it has less than 92 days to go.
    """
    date = symbol.partition("_")[2]
    try:
        delivery = datetime.strptime(date, "%y%m%d").replace(hour=8, tzinfo=UTC)
    except ValueError:
        is_tradifi = assets_of(symbol)[0] in _TRADIFI
        return "TRADIFI_PERPETUAL" if is_tradifi else "PERPETUAL", _PERPETUAL_DELIVERY_MS
    is_next = delivery - datetime.fromtimestamp(now_ms / 1000, UTC) > _QUARTER
    return "NEXT_QUARTER" if is_next else "CURRENT_QUARTER", round(delivery.timestamp() * 1000)
