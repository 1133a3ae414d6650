"""Stream names, symbol ids and routes."""

from __future__ import annotations

import pytest

from gateway.errors import UsageError
from gateway.simulator.names import (
    Kind,
    Market,
    Route,
    carries,
    is_well_formed,
    parse_stream,
    parse_symbol_ids,
    route_of,
)

from .examples import documented


@pytest.mark.parametrize(
    ("market", "text", "kind", "levels", "speed_ms"),
    [
        ("spot", "btcusdt@bookTicker", Kind.BOOK_TICKER, 0, 0),
        ("spot", "btcusdt@depth", Kind.DIFF, 0, 1000),
        ("spot", "btcusdt@depth@100ms", Kind.DIFF, 0, 100),
        ("usdm", "btcusdt@depth", Kind.DIFF, 0, 250),
        ("usdm", "btcusdt@depth@500ms", Kind.DIFF, 0, 500),
        ("usdm", "btcusdt@depth@0ms", Kind.DIFF, 0, 0),
        ("coinm", "btcusd_perp@depth20@100ms", Kind.PARTIAL, 20, 100),
        ("spot", "btcusdt@depth5", Kind.PARTIAL, 5, 1000),
        ("usdm", "btcusdt@depth@250ms", Kind.OTHER, 0, 0),
        ("spot", "btcusdt@depth@500ms", Kind.OTHER, 0, 0),
        ("spot", "btcusdt@depth@0ms", Kind.OTHER, 0, 0),
        ("spot", "btcusdt@depth7", Kind.OTHER, 0, 0),
        ("spot", "BTCUSDT@trade", Kind.OTHER, 0, 0),
        ("spot", "!ticker@arr", Kind.OTHER, 0, 0),
        ("spot", "!bookTicker", Kind.OTHER, 0, 0),
        ("spot", "btcusdt@!miniTicker@arr", Kind.OTHER, 0, 0),
        ("usdm", "btcusdt@tradingSession", Kind.OTHER, 0, 0),
        ("usdm", "!ticker@arr", Kind.TICKER, 0, 1000),
        ("usdm", "!bookTicker", Kind.BOOK_TICKER, 0, 5000),
        ("coinm", "!bookTicker", Kind.BOOK_TICKER, 0, 0),
        ("usdm", "tradingSession", Kind.TRADING_SESSION, 0, 1000),
        ("usdm", "btcusdt@rpiDepth@500ms", Kind.RPI_DIFF, 0, 500),
        ("usdm", "btcusdt@rpiDepth", Kind.OTHER, 0, 0),
        ("coinm", "btcusd_perp@rpiDepth@500ms", Kind.OTHER, 0, 0),
        ("spot", "btcusdt@ticker", Kind.TICKER, 0, 1000),
        ("usdm", "btcusdt@ticker", Kind.TICKER, 0, 2000),
        ("coinm", "btcusd_perp@ticker", Kind.TICKER, 0, 500),
        ("usdm", "btcusdt@ticker_1h", Kind.OTHER, 0, 0),
        ("usdm", "btcusdt@markPrice@1s", Kind.MARK_PRICE, 0, 1000),
        ("usdm", "btcusdt@markPrice@3s", Kind.OTHER, 0, 0),
        ("spot", "btcusdt@markPrice", Kind.OTHER, 0, 0),
        ("coinm", "btcusd@indexPrice@1s", Kind.INDEX_PRICE, 0, 1000),
    ],
)
def test_name_is_taken_apart(
    market: str, text: str, kind: Kind, levels: int, speed_ms: int
) -> None:
    name = parse_stream(Market(market), text)
    assert (name.kind, name.levels, name.speed_ms) == (kind, levels, speed_ms)
    assert name.key == f"{market}:{text}"


@pytest.mark.parametrize(
    ("market", "text", "kind", "interval", "speed_ms"),
    [
        ("spot", "btcusdt@kline_1s", Kind.KLINE, "1s", 1000),
        ("spot", "btcusdt@kline_1M", Kind.KLINE, "1M", 2000),
        ("spot", "btcusdt@kline_1d@+08:00", Kind.KLINE, "1d", 2000),
        ("usdm", "btcusdt@kline_1d", Kind.KLINE, "1d", 250),
        ("usdm", "btcusdt@kline_1s", Kind.OTHER, "", 0),
        ("usdm", "btcusdt@kline_1d@+08:00", Kind.OTHER, "", 0),
        ("spot", "btcusdt@kline_7m", Kind.OTHER, "", 0),
        ("usdm", "btcusdt_perpetual@continuousKline_1s", Kind.CONTINUOUS_KLINE, "1s", 250),
        ("coinm", "btcusd_perpetual@continuousKline_1s", Kind.OTHER, "", 0),
        ("coinm", "btcusd@indexPriceKline_3d", Kind.INDEX_KLINE, "3d", 250),
        ("coinm", "btcusd_perp@markPriceKline_1w", Kind.MARK_KLINE, "1w", 250),
        ("spot", "btcusdt@ticker_4h", Kind.WINDOW_TICKER, "4h", 1000),
        ("spot", "!ticker_1d@arr", Kind.WINDOW_TICKER, "1d", 1000),
    ],
)
def test_intervals_are_those_of_the_market(
    market: str, text: str, kind: Kind, interval: str, speed_ms: int
) -> None:
    name = parse_stream(Market(market), text)
    assert (name.kind, name.interval, name.speed_ms) == (kind, interval, speed_ms)


@pytest.mark.parametrize("market", list(Market))
def test_every_documented_stream_is_known_on_its_market(market: Market) -> None:
    for example in documented(market):
        name = parse_stream(market, example["stream"])
        assert name.kind is not Kind.OTHER, example["stream"]
        assert name.key == f"{market}:{example['stream']}"


def test_symbol_and_suffix_are_found() -> None:
    name = parse_stream(Market.COINM, "btcusd_perp@depth@100ms")
    assert (name.symbol, name.suffix) == ("BTCUSD_PERP", "depth@100ms")


@pytest.mark.parametrize(
    "text",
    [
        "btcusdt@trade", "!bookTicker", "!miniTicker@arr", "tradingSession", "测试usdt@trade",
        "btcusdt@kline_1d@+08:00", "btcusdt@nonsense",
    ],
)  # fmt: skip
def test_names_that_binance_acks_are_well_formed(text: str) -> None:
    assert is_well_formed(text)


@pytest.mark.parametrize("text", ["", "a b", "@trade", "x@", "a/b", "a@b@c@d", 7, None, "a" * 200])
def test_other_things_are_not(text: object) -> None:
    assert not is_well_formed(text)


@pytest.mark.parametrize(
    ("text", "route"),
    [
        ("btcusdt@bookTicker", Route.PUBLIC),
        ("!bookTicker", Route.PUBLIC),
        ("btcusdt@trade", Route.PUBLIC),
        ("btcusdt@depth5@100ms", Route.PUBLIC),
        ("btcusdt@rpiDepth@500ms", Route.PUBLIC),
        ("btcusdt@aggTrade", Route.MARKET),
        ("btcusdt@ticker", Route.MARKET),
        ("btcusdt@markPrice@1s", Route.MARKET),
        ("!contractInfo", Route.MARKET),
        ("tradingSession", Route.MARKET),
    ],
)
def test_futures_streams_have_a_route(text: str, route: Route) -> None:
    assert route_of(Market.USDM, text) is route
    assert carries(Market.USDM, route, text)
    other = Route.MARKET if route is Route.PUBLIC else Route.PUBLIC
    assert not carries(Market.USDM, other, text)
    assert carries(Market.USDM, Route.UNROUTED, text) is (route is Route.PUBLIC)
    assert carries(Market.SPOT, Route.UNROUTED, text)


def test_unrouted_coinm_carries_everything_or_what_usdm_does() -> None:
    for text, is_public in (("btcusd_perp@depth", True), ("btcusd_perp@ticker", False)):
        assert carries(Market.COINM, Route.UNROUTED, text)
        assert carries(Market.COINM, Route.UNROUTED, text, True) is is_public


def test_symbol_ids_are_read_once_each() -> None:
    ids = parse_symbol_ids("spot:BTCUSDT, usdm:ethusdt,coinm:BTCUSD_261225,spot:BTCUSDT")
    assert ids == (
        (Market.SPOT, "BTCUSDT"),
        (Market.USDM, "ETHUSDT"),
        (Market.COINM, "BTCUSD_261225"),
    )


def test_as_many_made_up_symbols_as_are_asked_for_are_named() -> None:
    ids = parse_symbol_ids("spot:*3,coinm:*1,spot:A0001USDT,usdm:BTCUSDT")
    assert ids == (
        (Market.SPOT, "A0000USDT"),
        (Market.SPOT, "A0001USDT"),
        (Market.SPOT, "A0002USDT"),
        (Market.COINM, "A0000USD_PERP"),
        (Market.USDM, "BTCUSDT"),
    )
    assert len(parse_symbol_ids("spot:*1500,usdm:*500")) == 2000


@pytest.mark.parametrize(
    "text",
    [
        "",
        "BTCUSDT",
        "spot:",
        "spot:*",
        "spot:*0",
        "moon:*3",
        "moon:BTCUSDT",
        "spot:BTC-USDT",
        "coinm:BTCUSDT",
        "spot:A,,",
    ],
)
def test_malformed_symbol_ids_are_refused_by_name(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_symbol_ids(text)
    assert caught.value.given in text
    assert caught.value.remedy.startswith("write ")
