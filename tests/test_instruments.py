"""exchangeInfo answers, as each market writes them, to exponents."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.errors import VenueError
from gateway.instruments import read_exchange_info, scale_of
from gateway.layout import Market
from gateway.plan import PlanSymbol


def exchange_info(**changes: Any) -> bytes:
    """Return an exchangeInfo body with BTCUSDT as spot writes it, but for ``changes``."""
    symbol: dict[str, Any] = {
        "symbol": "BTCUSDT",
        "status": "TRADING",
        "baseAsset": "BTC",
        "quotePrecision": 8,
        "orderTypes": ["LIMIT"],
        "permissions": [],
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": "0.01000000", "tickSize": "0.01000000"},
            {"filterType": "LOT_SIZE", "minQty": "0.00001000", "stepSize": "0.00001000"},
            {"filterType": "MARKET_LOT_SIZE", "minQty": "0.0", "stepSize": "0.00000000"},
            {"filterType": "ICEBERG_PARTS", "limit": 10},
        ],
    } | changes
    body = {"timezone": "UTC", "rateLimits": [{"limit": 6000}], "symbols": [symbol]}
    return json.dumps(body).encode()


@pytest.mark.parametrize(
    ("size", "scale"),
    [
        ("0.01000000", (-2, 1)),
        ("0.00001000", (-5, 1)),
        ("0.10", (-1, 1)),
        ("1.00000000", (0, 1)),
        ("1", (0, 1)),
        ("10", (0, 10)),
        ("0.05", (-2, 5)),
        ("2.50", (-1, 25)),
        ("0.000000000000000001", (-18, 1)),
        ("0.00000000", (-8, 0)),
    ],
)
def test_exponent_is_the_number_of_decimals_without_zeros(
    size: str, scale: tuple[int, int]
) -> None:
    assert scale_of(size) == scale


@pytest.mark.parametrize(
    "size",
    ["", "-1", "1e-2", "0,01", "٠.١", "0.0000000000000000001", "99999999999999999999", "1.2.3"],
)
def test_what_is_no_size_is_refused(size: str) -> None:
    with pytest.raises(ValueError, match=r"size|64 bits"):
        scale_of(size)


def test_spot_symbol_is_read() -> None:
    found = read_exchange_info(Market.SPOT, exchange_info(), ["BTCUSDT"])["BTCUSDT"]
    assert found.symbol == PlanSymbol(Market.SPOT, "BTCUSDT", -2, -5, 1, 1)
    assert found.is_trading
    assert found.symbol_id == "spot:BTCUSDT"


def test_coinm_status_has_another_key() -> None:
    filters = [
        {"filterType": "PRICE_FILTER", "tickSize": "0.1"},
        {"filterType": "LOT_SIZE", "stepSize": "1"},
    ]
    body = exchange_info(symbol="BTCUSD_PERP", filters=filters)
    body = body.replace(b'"status": "TRADING"', b'"contractStatus": "SETTLING"')
    found = read_exchange_info(Market.COINM, body, ["BTCUSD_PERP"])["BTCUSD_PERP"]
    assert found.symbol == PlanSymbol(Market.COINM, "BTCUSD_PERP", -1, 0, 1, 1)
    assert found.status == "SETTLING"
    assert not found.is_trading


def test_symbols_nobody_asked_for_are_not_even_read() -> None:
    odd = exchange_info(filters=[{"filterType": "LOT_SIZE", "stepSize": "nonsense"}])
    assert read_exchange_info(Market.SPOT, odd, ["ETHUSDT"]) == {}


def test_missing_filters_give_the_finest_scale() -> None:
    found = read_exchange_info(Market.SPOT, exchange_info(filters=[]), ["BTCUSDT"])["BTCUSDT"]
    assert (found.symbol.px_exponent, found.symbol.qty_exponent) == (-8, -8)
    assert (found.symbol.tick, found.symbol.step) == (0, 0)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>blocked</html>",
        b"[]",
        b'{"symbols":{}}',
        b'{"code":-1003,"msg":"Too much request weight used"}',
        exchange_info(filters=[{"filterType": "LOT_SIZE", "stepSize": "x"}]),
    ],
)
def test_answer_that_is_no_exchange_info_is_the_venues_error(body: bytes) -> None:
    with pytest.raises(VenueError) as caught:
        read_exchange_info(Market.SPOT, body, ["BTCUSDT"])
    assert str(caught.value).startswith("spot exchangeInfo: cannot be read (")
    assert caught.value.remedy
