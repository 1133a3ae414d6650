"""Facts of the markets, against the venue's documents."""

from __future__ import annotations

import pytest

from gateway.layout import Kind, Market
from gateway.markets import FACTS, Route, rest_url, ws_url


@pytest.mark.parametrize("market", list(Market))
def test_every_stream_kind_has_a_route_and_every_route_an_address(market: Market) -> None:
    facts = FACTS[market]
    kinds = {Kind.QUOTE, Kind.TRADE, Kind.AGG_TRADE, Kind.TICKER, Kind.DIFF, Kind.PARTIAL}
    assert set(facts.routes) == kinds
    assert set(facts.routes.values()) == set(facts.ws_paths)
    assert all(path.endswith("/stream") for path in facts.ws_paths.values())


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        (Kind.QUOTE, "wss://fstream.binance.com/public/stream"),
        (Kind.DIFF, "wss://fstream.binance.com/public/stream"),
        (Kind.TRADE, "wss://fstream.binance.com/public/stream"),
        (Kind.AGG_TRADE, "wss://fstream.binance.com/market/stream"),
        (Kind.TICKER, "wss://fstream.binance.com/market/stream"),
    ],
)
def test_usdm_streams_go_to_the_route_that_delivers_them(kind: Kind, address: str) -> None:
    assert ws_url(Market.USDM, FACTS[Market.USDM].routes[kind]) == address


def test_coinm_book_is_unrouted_and_trades_are_routed() -> None:
    assert ws_url(Market.COINM, Route.PUBLIC) == "wss://dstream.binance.com/stream"
    assert ws_url(Market.COINM, Route.MARKET) == "wss://dstream.binance.com/market/stream"


def test_upstream_base_gets_the_market_below_it() -> None:
    base = "ws://127.0.0.1:9/"
    assert ws_url(Market.USDM, Route.PUBLIC, base) == "ws://127.0.0.1:9/usdm/public/stream"
    assert rest_url(Market.COINM, "depth", "http://h:1") == "http://h:1/coinm/dapi/v1/depth"
    assert rest_url(Market.SPOT, "depth") == "https://api.binance.com/api/v3/depth"


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
    facts = FACTS[market]
    assert facts.depth_limit(levels) == limit
    assert facts.depth_weight(limit) == weight
