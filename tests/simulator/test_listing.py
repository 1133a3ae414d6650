"""How the generated market writes its numbers."""

from __future__ import annotations

import pytest

from gateway.simulator.listing import decimal_text, list_symbol
from gateway.simulator.names import Market


@pytest.mark.parametrize(
    ("mantissa", "decimals", "text"),
    [(1234, 2, "12.34"), (5, 3, "0.005"), (0, 1, "0.0"), (7, 0, "7"), (-5, 2, "-0.05")],
)
def test_decimals_are_written(mantissa: int, decimals: int, text: str) -> None:
    assert decimal_text(mantissa, decimals) == text


@pytest.mark.parametrize(
    ("market", "symbol", "price", "tick", "step"),
    [
        (Market.SPOT, "BTCUSDT", "61000.00000000", "0.01000000", "0.00001000"),
        (Market.USDM, "BTCUSDT", "61000.00", "0.10", "0.001"),
        (Market.COINM, "BTCUSD_PERP", "61000.0", "0.1", "1"),
        (Market.USDM, "ETHUSDT", "3400.00", "0.01", "0.001"),
    ],
)
def test_known_symbols_have_the_venues_units(
    market: Market, symbol: str, price: str, tick: str, step: str
) -> None:
    listing = list_symbol(market, symbol)
    instrument = listing.instrument()
    assert (listing.price(listing.start), instrument.tick, instrument.step) == (price, tick, step)


@pytest.mark.parametrize("market", [Market.SPOT, Market.USDM])
@pytest.mark.parametrize("symbol", ["DOGEUSDT", "ZILBTC", "ABCUSDT", "A1USDT", "测试USDT"])
def test_any_symbol_has_about_five_digits_of_price(market: Market, symbol: str) -> None:
    listing = list_symbol(market, symbol)
    assert 5_000 < listing.start < 200_000
    assert listing.level_qty >= 5
