"""REST parameters and the venue's error bodies."""

from __future__ import annotations

import pytest

from gateway.simulator.names import Market
from gateway.simulator.queries import (
    Refusal,
    depth_limit,
    depth_weight,
    rpi_depth_limit,
    symbol_of,
    symbols_asked,
)


@pytest.mark.parametrize(
    ("market", "limit", "expected"),
    [
        (Market.SPOT, None, 100),
        (Market.SPOT, "7", 7),
        (Market.SPOT, "5000", 5000),
        (Market.SPOT, "6000", 5000),
        (Market.USDM, None, 500),
        (Market.USDM, "1000", 1000),
        (Market.COINM, "5", 5),
    ],
)
def test_limit_is_read_as_the_market_reads_it(
    market: Market, limit: str | None, expected: int
) -> None:
    assert depth_limit(market, {} if limit is None else {"limit": limit}) == expected


@pytest.mark.parametrize(
    ("market", "limit", "code"),
    [
        (Market.SPOT, "abc", -1100),
        (Market.SPOT, "-1", -1100),
        (Market.SPOT, "0", -1130),
        (Market.USDM, "7", -4021),
        (Market.COINM, "5000", -4021),
    ],
)
def test_bad_limit_is_refused_with_the_venues_code(market: Market, limit: str, code: int) -> None:
    with pytest.raises(Refusal) as caught:
        depth_limit(market, {"limit": limit})
    assert (caught.value.code, caught.value.status) == (code, 400)
    assert caught.value.body.startswith(b'{"code":%d,"msg":"' % code)


def test_book_with_retail_orders_has_one_limit() -> None:
    assert rpi_depth_limit({}) == rpi_depth_limit({"limit": "1000"}) == 1000
    for limit in ("500", "7"):
        with pytest.raises(Refusal) as caught:
            rpi_depth_limit({"limit": limit})
        assert caught.value.code == -4021


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({}, -1102),
        ({"symbol": ""}, -1102),
        ({"symbol": "btcusdt"}, -1100),
        ({"symbol": "A B"}, -1100),
    ],
)
def test_bad_symbol_is_refused_with_the_venues_code(query: dict[str, str], code: int) -> None:
    with pytest.raises(Refusal) as caught:
        symbol_of(query)
    assert caught.value.code == code


def test_weights_are_those_of_the_documents() -> None:
    limits = (5, 100, 101, 500, 501, 1000, 5000)
    assert [depth_weight(Market.SPOT, limit) for limit in limits] == [5, 5, 25, 25, 50, 50, 250]
    limits = (5, 50, 100, 500, 1000)
    assert [depth_weight(Market.USDM, limit) for limit in limits] == [2, 2, 5, 10, 20]


def test_exchange_info_is_limited_on_spot_only() -> None:
    assert symbols_asked(Market.SPOT, {}) is None
    assert symbols_asked(Market.SPOT, {"symbol": "A1"}) == ["A1"]
    assert symbols_asked(Market.SPOT, {"symbols": '["A1","B2"]'}) == ["A1", "B2"]
    assert symbols_asked(Market.USDM, {"symbol": "A1"}) is None
    with pytest.raises(Refusal):
        symbols_asked(Market.SPOT, {"symbols": "A1"})
