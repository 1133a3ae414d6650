"""Stream names in, their meaning out; what the venue would silently ignore is refused here."""

from __future__ import annotations

import pytest

from gateway.errors import UsageError
from gateway.layout import Kind, Market
from gateway.markets import Route
from gateway.streams import FORMS, Stream, parse, parse_all, parse_symbol


@pytest.mark.parametrize(
    ("name", "market", "symbol", "kind", "levels", "speed_ms", "route"),
    [
        ("spot:btcusdt@trade", Market.SPOT, "BTCUSDT", Kind.TRADE, 0, 0, Route.PUBLIC),
        ("spot:btcusdt@depth", Market.SPOT, "BTCUSDT", Kind.DIFF, 0, 0, Route.PUBLIC),
        ("spot:btcusdt@depth@100ms", Market.SPOT, "BTCUSDT", Kind.DIFF, 0, 100, Route.PUBLIC),
        ("spot:btcusdt@depth5@1000ms", Market.SPOT, "BTCUSDT", Kind.PARTIAL, 5, 1000, Route.PUBLIC),
        ("usdm:ethusdt@bookTicker", Market.USDM, "ETHUSDT", Kind.QUOTE, 0, 0, Route.PUBLIC),
        ("usdm:ethusdt@aggTrade", Market.USDM, "ETHUSDT", Kind.AGG_TRADE, 0, 0, Route.MARKET),
        ("usdm:ethusdt@depth20@500ms", Market.USDM, "ETHUSDT", Kind.PARTIAL, 20, 500, Route.PUBLIC),
        ("coinm:btcusd_perp@ticker", Market.COINM, "BTCUSD_PERP", Kind.TICKER, 0, 0, Route.MARKET),
        (
            "coinm:btcusd_261225@trade",
            Market.COINM,
            "BTCUSD_261225",
            Kind.TRADE,
            0,
            0,
            Route.PUBLIC,
        ),
        ("spot:测试usdt@trade", Market.SPOT, "测试USDT", Kind.TRADE, 0, 0, Route.PUBLIC),
    ],
)
def test_name_is_read_and_written_back(
    name: str, market: Market, symbol: str, kind: Kind, levels: int, speed_ms: int, route: Route
) -> None:
    stream = parse(name)
    assert (stream.market, stream.symbol) == (market, symbol)
    form = stream.form
    assert (form.kind, form.levels, form.speed_ms, form.route) == (kind, levels, speed_ms, route)
    assert stream.name == name


def test_every_allowed_suffix_is_read_back() -> None:
    for market, forms in FORMS.items():
        for suffix, form in forms.items():
            stream = Stream(market, "BTCUSDT", suffix, form)
            assert parse(stream.name) == stream


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "'': has no market; write it like spot:btcusdt@trade"),
        ("btcusdt@trade", "btcusdt@trade: has no market; write it like spot:btcusdt@trade"),
        ("nyse:ibm@trade", "unknown market 'nyse'; allowed: spot, usdm, coinm"),
        ("spot:btcusdt", "names no stream; write it like"),
        ("spot:@trade", "'' is no symbol; use the venue's name"),
        ("spot:btc usdt@trade", "'btc usdt' is no symbol"),
        ("spot:btc/usdt@trade", "'btc/usdt' is no symbol"),
        ("spot:" + "x" * 32 + "@trade", "at most 31 bytes"),
        ("spot:BTCUSDT@trade", "are lowercase; write spot:btcusdt@trade"),
        ("spot:btcusdt@bookticker", "unknown stream 'bookticker' on spot; allowed: bookTicker,"),
        ("spot:btcusdt@kline_1m", "unknown stream 'kline_1m' on spot; allowed: bookTicker, trade"),
        (
            "spot:btcusdt@depth@500ms",
            "spot has no depth@500ms; allowed: depth, depth@100ms, depth@1000ms",
        ),
        (
            "usdm:btcusdt@depth@250ms",
            "usdm has no depth@250ms; allowed: depth, depth@100ms, depth@500ms",
        ),
        ("usdm:btcusdt@depth5@1000ms", "usdm has no depth5@1000ms; allowed: depth5, depth5@100ms,"),
        ("spot:btcusdt@depth7", "unknown stream 'depth7' on spot"),
        ("spot:!ticker@arr", "'!ticker' is no symbol"),
        ("spot:btcusdt@trade\n", "unknown stream"),
    ],
)
def test_refusal_names_the_stream_and_what_is_allowed(name: str, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(name)
    assert sentence in str(caught.value)
    assert caught.value.given == (name or "''")


def test_symbol_id_is_read() -> None:
    assert parse_symbol("coinm:BTCUSD_PERP") == (Market.COINM, "BTCUSD_PERP")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("BTCUSDT", "has no market; write it like spot:BTCUSDT"),
        ("spot:btcusdt", "symbols are uppercase; write spot:BTCUSDT"),
        ("spot:btcusdt@trade", "'btcusdt@trade' is no symbol"),
        ("okx:BTCUSDT", "unknown market 'okx'"),
    ],
)
def test_malformed_symbol_id_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_symbol(text)
    assert sentence in str(caught.value)


def test_repeated_names_count_once_and_keep_their_order() -> None:
    names = ["spot:b@trade", "spot:a@trade", "spot:b@trade"]
    assert [s.name for s in parse_all(names)] == ["spot:b@trade", "spot:a@trade"]


@pytest.mark.parametrize(("one", "other"), [("depth", "depth@100ms"), ("depth5", "depth20@100ms")])
def test_two_streams_for_one_book_slot_are_refused(one: str, other: str) -> None:
    with pytest.raises(UsageError, match="would feed the same book slot as spot:a@"):
        parse_all([f"spot:a@{one}", f"spot:a@{other}"])


def test_diff_and_partial_depth_of_one_symbol_go_together() -> None:
    assert len(parse_all(["spot:a@depth", "spot:a@depth5", "usdm:a@depth"])) == 3
