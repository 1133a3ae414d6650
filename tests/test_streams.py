"""Stream names in, their meaning out; what the venue would silently ignore is refused here."""

from __future__ import annotations

import pytest

from gateway.errors import UsageError
from gateway.layout import Kind, Market, Shape
from gateway.markets import Route
from gateway.stream_forms import Subject
from gateway.stream_table import FORMS
from gateway.streams import Stream, parse, parse_all, parse_symbol

P, M = Route.PUBLIC, Route.MARKET
OBJECT, ARRAY, MERGED = Shape.OBJECT, Shape.ARRAY, Shape.MERGED

# Every name that stands in the venue's documents as an example, with what it must mean to us.
EXAMPLES = [
    ("spot:btcusdt@aggTrade", Kind.AGG_TRADE, P, OBJECT, ""),
    ("spot:btcusdt@trade", Kind.TRADE, P, OBJECT, ""),
    ("spot:btcusdt@blockTrade", Kind.BLOCK_TRADE, P, OBJECT, ""),
    ("spot:btcusdt@kline_1m", Kind.KLINE, P, OBJECT, ""),
    ("spot:btcusdt@kline_1d@+08:00", Kind.KLINE, P, OBJECT, ""),
    ("spot:btcusdt@miniTicker", Kind.MINI_TICKER, P, OBJECT, ""),
    ("spot:!miniTicker@arr", Kind.MINI_TICKER, P, ARRAY, "miniTicker"),
    ("spot:btcusdt@ticker", Kind.TICKER, P, OBJECT, ""),
    ("spot:!ticker@arr", Kind.TICKER, P, Shape.SYNTHETIC, "ticker"),
    ("spot:btcusdt@ticker_1h", Kind.WINDOW_TICKER, P, OBJECT, ""),
    ("spot:!ticker_4h@arr", Kind.WINDOW_TICKER, P, ARRAY, "ticker_4h"),
    ("spot:btcusdt@bookTicker", Kind.QUOTE, P, OBJECT, ""),
    ("spot:btcusdt@avgPrice", Kind.AVERAGE_PRICE, P, OBJECT, ""),
    ("spot:btcusdt@depth5@100ms", Kind.PARTIAL, P, OBJECT, ""),
    ("spot:btcusdt@depth@100ms", Kind.DIFF, P, OBJECT, ""),
    ("spot:btcusdt@referencePrice", Kind.REFERENCE_PRICE, P, OBJECT, ""),
    ("usdm:btcusdt@aggTrade", Kind.AGG_TRADE, M, OBJECT, ""),
    ("usdm:btcusdt@trade", Kind.TRADE, P, OBJECT, ""),
    ("usdm:btcusdt@kline_1m", Kind.KLINE, M, OBJECT, ""),
    ("usdm:btcusdt_perpetual@continuousKline_1m", Kind.CONTINUOUS_KLINE, M, OBJECT, ""),
    ("usdm:btcusdt@markPrice@1s", Kind.MARK_PRICE, M, OBJECT, ""),
    ("usdm:!markPrice@arr", Kind.MARK_PRICE, M, ARRAY, "markPrice"),
    ("usdm:!markPrice@arr@1s", Kind.MARK_PRICE, M, ARRAY, "markPrice@1s"),
    ("usdm:btcusdt@miniTicker", Kind.MINI_TICKER, M, OBJECT, ""),
    ("usdm:!miniTicker@arr", Kind.MINI_TICKER, M, ARRAY, "miniTicker"),
    ("usdm:btcusdt@ticker", Kind.TICKER, M, OBJECT, ""),
    ("usdm:!ticker@arr", Kind.TICKER, M, ARRAY, "ticker"),
    ("usdm:btcusdt@bookTicker", Kind.QUOTE, P, OBJECT, ""),
    ("usdm:!bookTicker", Kind.QUOTE, P, MERGED, "bookTicker"),
    ("usdm:btcusdt@forceOrder", Kind.LIQUIDATION, M, OBJECT, ""),
    ("usdm:!forceOrder@arr", Kind.LIQUIDATION, M, MERGED, "forceOrder"),
    ("usdm:btcusdt@depth5@100ms", Kind.PARTIAL, P, OBJECT, ""),
    ("usdm:btcusdt@depth@100ms", Kind.DIFF, P, OBJECT, ""),
    ("usdm:btcusdt@rpiDepth@500ms", Kind.DIFF, P, OBJECT, ""),
    ("usdm:defiusdt@compositeIndex", Kind.COMPOSITE_INDEX, M, OBJECT, ""),
    ("usdm:!contractInfo", Kind.CONTRACT_INFO, M, MERGED, "contractInfo"),
    ("usdm:!assetIndex@arr", Kind.ASSET_INDEX, M, ARRAY, "assetIndex"),
    ("usdm:adausd@assetIndex", Kind.ASSET_INDEX, M, OBJECT, ""),
    ("usdm:tradingSession", Kind.TRADING_SESSION, M, OBJECT, ""),
    ("coinm:btcusd_perp@aggTrade", Kind.AGG_TRADE, M, OBJECT, ""),
    ("coinm:btcusd_perp@trade", Kind.TRADE, P, OBJECT, ""),
    ("coinm:btcusd_perp@kline_1m", Kind.KLINE, M, OBJECT, ""),
    ("coinm:btcusd_next_quarter@continuousKline_1m", Kind.CONTINUOUS_KLINE, M, OBJECT, ""),
    ("coinm:btcusd@indexPriceKline_1m", Kind.INDEX_KLINE, M, OBJECT, ""),
    ("coinm:btcusd_perp@markPriceKline_1m", Kind.MARK_KLINE, M, OBJECT, ""),
    ("coinm:btcusd@indexPrice", Kind.INDEX_PRICE, M, OBJECT, ""),
    ("coinm:btcusd@indexPrice@1s", Kind.INDEX_PRICE, M, OBJECT, ""),
    ("coinm:btcusd_261225@markPrice", Kind.MARK_PRICE, M, OBJECT, ""),
    ("coinm:btcusd_perp@markPrice@1s", Kind.MARK_PRICE, M, OBJECT, ""),
    ("coinm:btcusd@markPrice@1s", Kind.MARK_PRICE, M, ARRAY, "markPrice@1s"),
    ("coinm:!markPrice@arr", Kind.MARK_PRICE, M, ARRAY, "markPrice"),
    ("coinm:btcusd_perp@miniTicker", Kind.MINI_TICKER, M, OBJECT, ""),
    ("coinm:!miniTicker@arr", Kind.MINI_TICKER, M, ARRAY, "miniTicker"),
    ("coinm:btcusd_perp@ticker", Kind.TICKER, M, OBJECT, ""),
    ("coinm:!ticker@arr", Kind.TICKER, M, ARRAY, "ticker"),
    ("coinm:btcusd_perp@bookTicker", Kind.QUOTE, P, OBJECT, ""),
    ("coinm:!bookTicker", Kind.QUOTE, P, MERGED, "bookTicker"),
    ("coinm:btcusd_perp@forceOrder", Kind.LIQUIDATION, M, OBJECT, ""),
    ("coinm:!forceOrder@arr", Kind.LIQUIDATION, M, MERGED, "forceOrder"),
    ("coinm:!contractInfo", Kind.CONTRACT_INFO, M, MERGED, "contractInfo"),
    ("coinm:btcusd_perp@depth5@100ms", Kind.PARTIAL, P, OBJECT, ""),
    ("coinm:btcusd_perp@depth@100ms", Kind.DIFF, P, OBJECT, ""),
]


@pytest.mark.parametrize(("name", "kind", "route", "shape", "split"), EXAMPLES)
def test_every_example_of_the_venue_is_understood(
    name: str, kind: Kind, route: Route, shape: Shape, split: str
) -> None:
    stream = parse(name)
    form = stream.form
    assert (form.kind, form.route, form.shape, form.split) == (kind, route, shape, split)
    assert stream.name == name
    assert stream.venue_name == name.partition(":")[2]


@pytest.mark.parametrize(
    ("name", "market", "symbol", "levels", "speed_ms"),
    [
        ("spot:btcusdt@depth", Market.SPOT, "BTCUSDT", 0, 0),
        ("spot:btcusdt@depth5@1000ms", Market.SPOT, "BTCUSDT", 5, 1000),
        ("usdm:ethusdt@depth20@500ms", Market.USDM, "ETHUSDT", 20, 500),
        ("usdm:ethusdt@markPrice@1s", Market.USDM, "ETHUSDT", 0, 1000),
        ("coinm:btcusd_261225@trade", Market.COINM, "BTCUSD_261225", 0, 0),
        ("spot:测试usdt@trade", Market.SPOT, "测试USDT", 0, 0),
        ("usdm:!ticker@arr", Market.USDM, "", 0, 0),
    ],
)
def test_name_says_market_symbol_levels_and_speed(
    name: str, market: Market, symbol: str, levels: int, speed_ms: int
) -> None:
    stream = parse(name)
    assert (stream.market, stream.symbol) == (market, symbol)
    assert (stream.form.levels, stream.form.speed_ms) == (levels, speed_ms)


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("spot:btcusdt@trade", "spot:BTCUSDT"),
        ("coinm:btcusd@indexPrice", "coinm:BTCUSD"),
        ("usdm:btcusdt_current_quarter@continuousKline_1h", "usdm:BTCUSDT_CURRENT_QUARTER"),
        ("usdm:tslausdt_tradifi_perpetual@continuousKline_1h", "usdm:TSLAUSDT_TRADIFI_PERPETUAL"),
        ("usdm:adausd@assetIndex", "usdm:ADAUSD"),
        ("usdm:btcusdt@rpiDepth@500ms", "usdm:BTCUSDT.RPI"),
        ("usdm:!ticker@arr", ""),
        ("usdm:tradingSession", ""),
    ],
)
def test_every_stream_names_the_row_that_it_feeds(name: str, row: str) -> None:
    assert parse(name).symbol_id == row


SYMBOL_OF = {
    Subject.SYMBOL: {Market.SPOT: "BTCUSDT", Market.USDM: "BTCUSDT", Market.COINM: "BTCUSD_PERP"},
    Subject.PAIR: dict.fromkeys(Market, "BTCUSD"),
    Subject.CONTRACT: dict.fromkeys(Market, "BTCUSD_PERPETUAL"),
    Subject.ASSET: dict.fromkeys(Market, "ADAUSD"),
    Subject.MARKET: dict.fromkeys(Market, ""),
}


def test_every_name_of_the_table_is_read_back() -> None:
    for market, forms in FORMS.items():
        for suffix, meanings in forms.items():
            for form in meanings:
                stream = Stream(market, SYMBOL_OF[form.subject][market], suffix, form)
                assert parse(stream.name) == stream


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "'': has no market; write it like spot:btcusdt@trade"),
        ("btcusdt@trade", "btcusdt@trade: has no market; write it like spot:btcusdt@trade"),
        ("btcusdt@kline_1d@+08:00", "has no market; write it like spot:btcusdt@trade"),
        ("nyse:ibm@trade", "unknown market 'nyse'; allowed: spot, usdm, coinm"),
        ("spot:btcusdt", "names no stream; write it like"),
        ("spot:@trade", "'' is no symbol; use the venue's name"),
        ("spot:btc usdt@trade", "'btc usdt' is no symbol"),
        ("spot:btc/usdt@trade", "'btc/usdt' is no symbol"),
        ("spot:*usdt@trade", "'*usdt' is no symbol"),
        ("spot:" + "x" * 32 + "@trade", "at most 31 bytes"),
        ("usdm:" + "x" * 28 + "@rpiDepth@500ms", "is too long: at most 63 bytes, its symbol 31"),
        ("coinm:" + "x" * 24 + "_perpetual@continuousKline_15m", "at most 31 bytes"),
        ("spot:BTCUSDT@trade", "are lowercase; write spot:btcusdt@trade"),
        ("spot:btcusdt@bookticker", "spot has no bookticker; write bookTicker"),
        ("usdm:btcusdt@MARKPRICE@1s", "usdm has no MARKPRICE@1s; write markPrice@1s"),
        ("spot:btcusdt@KLINE_1m", "spot has no KLINE_1m; allowed: kline_<interval>[@+08:00]"),
        (
            "spot:btcusdt@nope",
            "unknown stream 'nope' on spot; allowed: aggTrade, trade, blockTrade,",
        ),
        ("usdm:!nope", "unknown stream '!nope' on usdm; allowed: !forceOrder@arr, !bookTicker,"),
        ("usdm:!ticker", "usdm has no !ticker; allowed: !ticker@arr"),
    ],
)
def test_refusal_names_the_stream_and_what_is_allowed(name: str, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(name)
    assert sentence in str(caught.value)
    assert caught.value.given == (name or "''")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (
            "spot:btcusdt@depth@500ms",
            "spot has no depth@500ms; allowed: depth[@100ms|@1000ms], depth<5|10|20>[@100ms|@10",
        ),
        ("usdm:btcusdt@depth5@1000ms", "allowed: depth[@100ms|@500ms], depth<5|10|20>[@100ms|@500"),
        ("usdm:btcusdt@depth@250ms", "sends nothing: 250 ms is the pace without a speed; wr"),
        ("coinm:btcusd_perp@depth20@250ms", "is the pace without a speed; write depth20"),
        ("spot:btcusdt@depth7", "spot has no depth7; allowed: depth["),
        ("usdm:btcusdt@rpiDepth", "usdm has no rpiDepth; allowed: rpiDepth@500ms"),
        ("spot:btcusdt@kline_7m", "(intervals: 1s, 1m, 3m, 5m, 15m, 30m, 1h, 2h, 4h, 6h, 8h, 12h,"),
        ("usdm:btcusdt@kline_1s", "usdm has no kline_1s; allowed: kline_<interval> (intervals:"),
        ("usdm:btcusdt@kline_1d@+08:00", "no kline_1d@+08:00; allowed: kline_<interval> (int"),
        ("spot:btcusdt@kline_1d@+09:00", "allowed: kline_<interval>[@+08:00] (intervals: 1s"),
        ("coinm:btcusd_perpetual@continuousKline_1s", "has no continuousKline_1s; allowed: con"),
        ("spot:!ticker_2h@arr", "spot has no !ticker_2h@arr; allowed: !ticker_<1h|4h|1d>@arr"),
        ("usdm:btcusdt@agTrade", "unknown stream 'agTrade' on usdm; did you mean aggTrade? allow"),
        ("spot:btcusdt@markPrice", "spot has no markPrice, it is a stream of usdm and coinm; al"),
        ("usdm:btcusdt@avgPrice", "usdm has no avgPrice, it is a stream of spot; allowed: agg"),
        ("coinm:defiusd_perp@compositeIndex", "coinm has no compositeIndex, it is a stream of u"),
        ("spot:!forceOrder@arr", "it is a stream of usdm and coinm; allowed: !ticker@arr, !mi"),
        ("spot:tradingSession", "spot has no tradingSession, it is a stream of usdm; allowe"),
        ("spot:!bookTicker", "Binance ended it on 2022-12-07; subscribe spot:<symbol>@bookT"),
        ("coinm:btcusd_perp@indexPrice", "indexPrice does not exist for this name; it takes a pa"),
        ("coinm:btcusd@trade", "it takes an instrument, as btcusdt (COIN-M: btcusd_perp)"),
        ("usdm:btcusdt@continuousKline_1m", "it takes a pair and a contract type, as btcusdt_per"),
        ("usdm:btcusdt_perpetual@trade", "trade does not exist for this name; it takes an inst"),
    ],
)  # fmt: skip
def test_name_that_would_stay_silent_is_refused_with_the_reason(name: str, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(name)
    assert sentence in str(caught.value)


def test_name_with_a_line_break_stays_one_line() -> None:
    with pytest.raises(UsageError) as caught:
        parse("spot:btcusdt@trade\n")
    assert (
        str(caught.value) == "'spot:btcusdt@trade\\n': is no name; write it without such characters"
    )


def test_symbol_id_is_read() -> None:
    assert parse_symbol("coinm:BTCUSD_PERP") == (Market.COINM, "BTCUSD_PERP")
    assert parse_symbol("usdm:BTCUSDT.RPI") == (Market.USDM, "BTCUSDT.RPI")


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


def test_book_with_retail_orders_stands_beside_the_ordinary_one() -> None:
    assert len(parse_all(["usdm:a@depth@500ms", "usdm:a@rpiDepth@500ms"])) == 2


def test_streams_of_an_array_and_the_array_go_together() -> None:
    assert len(parse_all(["usdm:!ticker@arr", "usdm:a@ticker", "usdm:a@miniTicker"])) == 3
