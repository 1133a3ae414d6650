"""What REST can bring back of what a stream missed."""

from __future__ import annotations

import pytest

from gateway.backfill import PAGE_EVENTS, RECENT_TRADES, Source, source_of
from gateway.layout import Kind, Market
from gateway.stream_forms import Subject
from gateway.stream_table import FORMS
from gateway.streams import Stream

HOUR_NS = 3_600_000_000_000
NOW_NS = 1_795_345_200_000_000_000
MINUTE = 60_000


def source(stream: str, kind: Kind) -> Source:
    found = source_of(stream, kind)
    assert found is not None
    return found


SPOT_TRADES = source("spot:btcusdt@trade", Kind.TRADE)
CANDLES = source("spot:btcusdt@kline_1m", Kind.KLINE)


BY_ID_OR_TIME = {
    "aggTrades", "historicalTrades", "klines",
    "continuousKlines", "indexPriceKlines", "markPriceKlines",
}  # fmt: skip
SUBJECTS = {Subject.PAIR: "BTCUSD", Subject.CONTRACT: "BTCUSD_PERPETUAL", Subject.MARKET: ""}


def test_the_stream_table_says_the_same() -> None:
    """What it says can be filled in by id or time, and nothing else."""
    for market in Market:
        plain = "BTCUSD_PERP" if market is Market.COINM else "BTCUSDT"
        for suffix, forms in FORMS[market].items():
            for form in forms:
                stream = Stream(market, SUBJECTS.get(form.subject, plain), suffix, form)
                can = form.backfill.partition(" ")[0] in BY_ID_OR_TIME
                assert (source_of(stream.name, form.kind) is not None) == can, stream.name


@pytest.mark.parametrize(
    ("stream", "kind", "step", "newest"),
    [
        ("spot:btcusdt@trade", Kind.TRADE, 1, 0),
        ("usdm:btcusdt@trade", Kind.TRADE, 1, RECENT_TRADES),
        ("coinm:btcusd_perp@trade", Kind.TRADE, 1, RECENT_TRADES),
        ("usdm:btcusdt@aggTrade", Kind.AGG_TRADE, 1, 0),
        ("spot:btcusdt@kline_1s", Kind.KLINE, 1000, 0),
        ("spot:btcusdt@kline_1d@+08:00", Kind.KLINE, 86_400_000, 0),
        ("usdm:btcusdt@kline_1M", Kind.KLINE, 0, 0),
        ("usdm:btcusdt_perpetual@continuousKline_4h", Kind.CONTINUOUS_KLINE, 14_400_000, 0),
        ("coinm:btcusd@indexPriceKline_1m", Kind.INDEX_KLINE, MINUTE, 0),
        ("coinm:btcusd_perp@markPriceKline_1w", Kind.MARK_KLINE, 604_800_000, 0),
    ],
)
def test_how_events_are_numbered(stream: str, kind: Kind, step: int, newest: int) -> None:
    found = source(stream, kind)
    assert (found.step, found.newest) == (step, newest)


@pytest.mark.parametrize(
    ("stream", "kind"),
    [
        ("spot:btcusdt@bookTicker", Kind.QUOTE),
        ("usdm:btcusdt@forceOrder", Kind.LIQUIDATION),
        ("spot:btcusdt@blockTrade", Kind.BLOCK_TRADE),
        ("spot:nonsense", Kind.TRADE),
    ],
)
def test_what_cannot_be_had(stream: str, kind: Kind) -> None:
    assert source_of(stream, kind) is None


@pytest.mark.parametrize(
    ("event", "id_"),
    [
        (b'{"e":"trade","t":7}', 7),
        (b'{"e":"trade","t":"7"}', None),
        (b'{"e":"trade"}', None),
        (b"[1]", None),
        (b"{", None),
    ],
)
def test_the_id_of_a_trade(event: bytes, id_: int | None) -> None:
    assert SPOT_TRADES.id_of(event) == id_


def test_the_id_of_a_candle_is_its_open_time() -> None:
    assert CANDLES.id_of(b'{"e":"kline","k":{"t":1795345200000,"x":true}}') == 1795345200000
    assert CANDLES.id_of(b'{"e":"kline","k":7}') is None


def test_a_page_holds_a_thousand() -> None:
    assert SPOT_TRADES.page_end(1, 5) == 5
    assert SPOT_TRADES.page_end(1, 5000) == PAGE_EVENTS
    assert CANDLES.page_end(0, 5000 * MINUTE) == (PAGE_EVENTS - 1) * MINUTE
    assert CANDLES.after(0) == MINUTE
    months = source("spot:btcusdt@kline_1M", Kind.KLINE)
    assert (months.page_end(5, 9), months.after(5)) == (9, 6)


def test_spots_trades_are_kept_for_ever() -> None:
    assert SPOT_TRADES.reach(10, 19, 1, NOW_NS, 100) == 10


@pytest.mark.parametrize(
    ("market", "symbol", "hours"), [("usdm", "btcusdt", 48), ("coinm", "btcusd_perp", 24)]
)
def test_futures_aggregates_are_kept_for_a_time(market: str, symbol: str, hours: int) -> None:
    found = source(f"{market}:{symbol}@aggTrade", Kind.AGG_TRADE)
    inside, outside = (NOW_NS - int((hours + d) * HOUR_NS) for d in (-0.1, 0.1))
    assert found.reach(10, 19, inside, NOW_NS, 100) == 10
    assert found.reach(10, 19, outside, NOW_NS, 100) is None
    assert found.reach(10, 19, None, NOW_NS, 100) == 10  # unknown: worth asking


def test_of_a_large_gap_the_newest_are_fetched() -> None:
    assert SPOT_TRADES.reach(1, 1000, None, NOW_NS, 1000) == 1
    assert SPOT_TRADES.reach(1, 1001, None, NOW_NS, 1000) == 2
    futures = source("usdm:btcusdt@trade", Kind.TRADE)
    assert futures.reach(1, 5000, None, NOW_NS, 100_000) == 5000 - RECENT_TRADES + 1
    assert CANDLES.reach(0, 0, None, 0, 5) == 0


def test_candles_that_are_kept_no_more_are_left_out() -> None:
    found = source("coinm:btcusd_perp@kline_1m", Kind.KLINE)
    day_ms, now_ms = 86_400_000, NOW_NS // 1_000_000
    last = now_ms - 199 * day_ms
    first = now_ms - 201 * day_ms
    start = found.reach(first, last, None, NOW_NS, 1_000_000)
    assert start is not None
    assert (start - first) % MINUTE == 0
    assert 0 <= start - (now_ms - 200 * day_ms) < MINUTE
    assert found.reach(first, first + MINUTE, None, NOW_NS, 1_000_000) is None
    assert CANDLES.reach(first, last, None, NOW_NS, 1_000_000) == first
