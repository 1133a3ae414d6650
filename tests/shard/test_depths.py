"""How many levels are asked for."""

from __future__ import annotations

import pytest

from gateway.layout import Market
from gateway.plan import PlanSymbol
from gateway.shard.depths import ONE_GO_BOOKS_MAX, Depths, is_whole


def symbol(market: Market = Market.SPOT, name: str = "BTCUSDT", variant: str = "") -> PlanSymbol:
    return PlanSymbol(market, name, -2, -5, variant=variant)


@pytest.mark.parametrize(
    ("market", "shown", "shallow"),
    [
        (Market.SPOT, 20, 100),  # weight 5, as 5 levels cost
        (Market.USDM, 20, 50),  # weight 2
        (Market.COINM, 20, 50),
        (Market.USDM, 80, 100),  # what is shown must be known
        (Market.SPOT, 300, 300),
    ],
)
def test_a_book_comes_up_on_what_costs_least(market: Market, shown: int, shallow: int) -> None:
    assert Depths(1000, shown).shallow(symbol(market)) == shallow


def test_it_is_deepened_to_the_default() -> None:
    assert Depths(1000, 20).full(symbol()) == 1000


def test_it_is_never_asked_for_fewer_than_cost_the_same() -> None:
    depths = Depths(5, 20)
    assert depths.full(symbol()) == depths.shallow(symbol()) == 100


@pytest.mark.parametrize(
    ("name", "levels"),
    [("BTCUSDT", 5000), ("BTCEUR", 400), ("ETHUSDT", 200), ("ADAEUR", 1000)],
)
def test_a_name_comes_before_patterns_and_those_in_their_order(name: str, levels: int) -> None:
    configured = {"spot:BTC*": 400, "spot:*USDT": 200, "spot:BTCUSDT": 5000}
    assert Depths(1000, 20, configured).full(symbol(name=name)) == levels


def test_a_pattern_is_of_one_market_and_of_one_variant() -> None:
    depths = Depths(500, 20, {"spot:*": 5000, "usdm:BTCUSDT": 1000})
    assert depths.full(symbol(Market.USDM)) == 1000
    assert depths.full(symbol(Market.COINM, "BTCUSD_PERP")) == 500


def test_futures_are_asked_for_what_they_take() -> None:
    depths = Depths(5000, 20, {"usdm:BTC*": 300})
    assert depths.full(symbol(Market.USDM)) == 500
    assert depths.full(symbol(Market.COINM)) == 1000
    rpi = symbol(Market.USDM, variant="RPI")
    assert depths.shallow(rpi) == depths.full(rpi) == 1000  # its only limit


def test_a_book_is_fetched_whole_where_that_is_cheap_and_they_are_few() -> None:
    depths = Depths(1000, 20)
    assert depths.first(symbol(Market.USDM), ONE_GO_BOOKS_MAX) == 1000  # weight 20
    assert depths.first(symbol(Market.USDM), ONE_GO_BOOKS_MAX + 1) == 50
    assert depths.first(symbol(), 1) == 1000  # 50
    assert Depths(5000, 20).first(symbol(), 1) == 100  # 5000 weigh 250


LEVEL = b'["1.00","2.00"]'


def body(bids: int, asks: int) -> bytes:
    sides = b",".join([LEVEL] * bids), b",".join([LEVEL] * asks)
    return b'{"lastUpdateId":7,"bids":[%s],"asks":[%s]}' % sides


@pytest.mark.parametrize(
    ("bids", "asks", "limit", "whole"),
    [(3, 4, 5, True), (5, 4, 5, False), (4, 5, 5, False), (0, 0, 5, True), (9, 9, 0, True)],
)
def test_an_answer_with_fewer_levels_than_asked_is_the_whole_book(
    bids: int, asks: int, limit: int, whole: bool
) -> None:
    assert is_whole(body(bids, asks), limit) is whole


def test_an_answer_that_is_not_understood_is_not_taken_for_whole() -> None:
    assert not is_whole(b"{}", 5)
