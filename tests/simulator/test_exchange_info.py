"""exchangeInfo, in the fields that clients read."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.simulator.exchange_info import assets_of, exchange_info
from gateway.simulator.names import Market
from gateway.simulator.source import Instrument

NOVEMBER_2026_MS = 1_795_345_200_000


def row(market: Market, symbol: str) -> dict[str, Any]:
    instrument = Instrument(market, symbol, "0.10", "0.001", 2, 3)
    return exchange_info(market, [instrument], NOVEMBER_2026_MS)["symbols"][0]


def filters(symbol: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {entry["filterType"]: entry for entry in symbol["filters"]}


def test_every_market_lists_tick_and_step() -> None:
    for market, symbol in ((Market.SPOT, "A"), (Market.USDM, "A"), (Market.COINM, "AUSD_PERP")):
        found = filters(row(market, symbol))
        assert found["PRICE_FILTER"]["tickSize"] == "0.10"
        assert found["LOT_SIZE"]["stepSize"] == "0.001"


def test_symbols_are_trading() -> None:
    assert row(Market.SPOT, "BTCUSDT")["status"] == "TRADING"
    assert row(Market.USDM, "BTCUSDT")["status"] == "TRADING"
    coinm = row(Market.COINM, "BTCUSD_PERP")
    assert (coinm["contractStatus"], coinm["pair"], coinm["contractType"]) == (
        "TRADING", "BTCUSD", "PERPETUAL",
    )  # fmt: skip
    assert "status" not in coinm


@pytest.mark.parametrize(
    ("market", "symbol", "field"),
    [
        (Market.SPOT, "BTCUSDT", "status"),
        (Market.USDM, "BTCUSDT", "status"),
        (Market.COINM, "BTCUSD_PERP", "contractStatus"),
    ],
)
def test_halted_symbol_says_so(market: Market, symbol: str, field: str) -> None:
    halted = Instrument(market, symbol, "0.10", "0.001", 2, 3, status="BREAK", onboard_ms=7)
    (found,) = exchange_info(market, [halted], NOVEMBER_2026_MS)["symbols"]
    assert found[field] == "BREAK"
    assert found.get("onboardDate", 7) == 7


def test_contracts_on_things_of_the_old_world_have_a_type_of_their_own() -> None:
    assert row(Market.USDM, "TSLAUSDT")["contractType"] == "TRADIFI_PERPETUAL"


def test_futures_have_precisions() -> None:
    usdm = row(Market.USDM, "BTCUSDT")
    assert (usdm["pricePrecision"], usdm["quantityPrecision"]) == (2, 3)


def test_delivery_contracts_have_their_quarter() -> None:
    assert row(Market.COINM, "BTCUSD_261225")["contractType"] == "CURRENT_QUARTER"
    assert row(Market.COINM, "BTCUSD_270326")["contractType"] == "NEXT_QUARTER"
    assert row(Market.COINM, "BTCUSD_261225")["deliveryDate"] == 1798185600000


def test_assets_are_guessed_from_the_symbol() -> None:
    assert assets_of("BTCUSDT") == ("BTC", "USDT")
    assert assets_of("ADARUB") == ("ADA", "RUB")
    assert assets_of("BTCUSD_PERP") == ("BTC", "USD")


def test_contracts_say_what_they_are_on() -> None:
    kinds = {
        symbol: row(Market.USDM, symbol)["underlyingType"]
        for symbol in ("BTCUSDT", "DEFIUSDT", "TSLAUSDT", "XAUUSDT")
    }
    assert kinds == {
        "BTCUSDT": "COIN", "DEFIUSDT": "INDEX", "TSLAUSDT": "EQUITY", "XAUUSDT": "COMMODITY",
    }  # fmt: skip
    assert row(Market.COINM, "BTCUSD_PERP")["underlyingType"] == "COIN"
    assert "underlyingType" not in row(Market.SPOT, "BTCUSDT")


def test_usdm_lists_margin_assets_those_with_an_index_among_them() -> None:
    instrument = Instrument(Market.USDM, "BTCFDUSD", "0.10", "0.001", 2, 3)
    assets = exchange_info(Market.USDM, [instrument], NOVEMBER_2026_MS)["assets"]
    assert [asset["asset"] for asset in assets] == [
        "ADA", "BNB", "BTC", "ETH", "USDC", "USDT", "XRP", "FDUSD",
    ]  # fmt: skip
    assert all(asset["marginAvailable"] for asset in assets)
    assert "assets" not in exchange_info(Market.COINM, [], NOVEMBER_2026_MS)
