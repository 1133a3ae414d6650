"""Facts of the markets, against the venue's documents."""

from __future__ import annotations

import pytest

from gateway.layout import Market
from gateway.markets import FACTS, WEIGHT_PER_MINUTE, DepthCall


@pytest.mark.parametrize(
    ("market", "levels", "limit", "weight"),
    [
        (Market.SPOT, 100, 100, 5),
        (Market.SPOT, 101, 101, 25),
        (Market.SPOT, 1000, 1000, 50),
        (Market.SPOT, 5000, 5000, 250),
        (Market.SPOT, 9000, 5000, 250),
        (Market.USDM, 3, 5, 2),
        (Market.USDM, 200, 500, 10),
        (Market.USDM, 1000, 1000, 20),
        (Market.COINM, 5000, 1000, 20),
    ],
)
def test_depth_limit_is_one_the_venue_takes_at_its_weight(
    market: Market, levels: int, limit: int, weight: int
) -> None:
    assert FACTS[market].depth_call(levels) == DepthCall("depth", limit, weight)


def test_book_with_retail_orders_has_a_call_of_its_own() -> None:
    assert FACTS[Market.USDM].depth_call(20, "RPI") == DepthCall("rpiDepth", 1000, 20)


def test_control_frames_stay_under_what_the_venue_closes_for() -> None:
    closes_over = {Market.SPOT: 5, Market.USDM: 10, Market.COINM: 10}
    for market, facts in FACTS.items():
        assert facts.control_per_second < closes_over[market]


def test_both_futures_share_one_budget_of_weight() -> None:
    pools = {market: facts.weight_pool for market, facts in FACTS.items()}
    assert pools[Market.USDM] == pools[Market.COINM] != pools[Market.SPOT]
    assert WEIGHT_PER_MINUTE == {"spot": 6000, "futures": 2400}
