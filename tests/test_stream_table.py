"""The table of streams, against the venue's documents."""

from __future__ import annotations

from collections import Counter

import pytest

from gateway.layout import Kind, Market, SectionKind, Shape
from gateway.markets import Route
from gateway.stream_forms import Identity, Subject
from gateway.stream_table import ENDED, FORMS, MINUTES, SLOTS, TABLE, WINDOWS
from gateway.streams import parse

NOT_STREAMS = {
    Kind.BOOK, Kind.SNAPSHOT, Kind.STATE, Kind.GAP, Kind.GAP_CLOSED, Kind.UNREADABLE, Kind.RAW,
    Kind.PAD,
}  # fmt: skip


def test_every_kind_that_a_stream_delivers_is_in_the_table() -> None:
    assert {row.kind for row in TABLE} == set(Kind) - NOT_STREAMS


def test_every_kind_has_its_slot_but_the_trading_session() -> None:
    assert set(SLOTS) == {row.kind for row in TABLE} - {Kind.TRADING_SESSION}
    assert SLOTS[Kind.AGG_TRADE] is SectionKind.LAST_TRADE
    assert SLOTS[Kind.INDEX_PRICE] is SectionKind.MARK_PRICE
    assert SLOTS[Kind.CONTINUOUS_KLINE] is SectionKind.VALUES


def test_a_name_has_one_meaning_for_each_thing_it_can_be_of() -> None:
    for forms in FORMS.values():
        for meanings in forms.values():
            assert max(Counter(form.subject for form in meanings).values()) == 1


def test_spot_has_one_route() -> None:
    routes = {form.route for meanings in FORMS[Market.SPOT].values() for form in meanings}
    assert routes == {Route.PUBLIC}


@pytest.mark.parametrize("market", [Market.USDM, Market.COINM])
def test_futures_carry_books_and_quotes_on_public_and_the_rest_on_market(market: Market) -> None:
    public = {
        form.kind for meanings in FORMS[market].values() for form in meanings
        if form.route is Route.PUBLIC
    }  # fmt: skip
    assert public == {Kind.QUOTE, Kind.DIFF, Kind.PARTIAL, Kind.TRADE}


@pytest.mark.parametrize(
    ("name", "expected_ms"),
    [
        ("usdm:btcusdt@markPrice", 3000),
        ("usdm:btcusdt@markPrice@1s", 1000),
        ("coinm:btcusd@indexPrice", 3000),
        ("coinm:btcusd@indexPrice@1s", 1000),
        ("coinm:btcusd@markPrice", 3000),
        ("usdm:!markPrice@arr", 3000),
        ("usdm:!markPrice@arr@1s", 1000),
        ("usdm:!assetIndex@arr", 1000),
        ("usdm:adausd@assetIndex", 1000),
        ("usdm:defiusdt@compositeIndex", 1000),
        ("usdm:!ticker@arr", 1000),
        ("spot:!miniTicker@arr", 1000),
        ("spot:!ticker_1d@arr", 1000),
        ("coinm:btcusd_perp@markPriceKline_1m", 1000),
        ("coinm:btcusd@indexPriceKline_1M", 1000),
        ("spot:btcusdt@ticker", 0),
        ("spot:btcusdt@depth@100ms", 0),
        ("usdm:btcusdt@kline_1m", 0),
        ("usdm:!forceOrder@arr", 0),
        ("usdm:!contractInfo", 0),
        ("usdm:tradingSession", 0),
        ("spot:!ticker@arr", 0),
    ],
)
def test_only_what_comes_without_trades_has_an_expected_interval(
    name: str, expected_ms: int
) -> None:
    assert parse(name).form.expected_ms == expected_ms


@pytest.mark.parametrize(
    ("name", "identity", "fields"),
    [
        ("spot:btcusdt@trade", Identity.CONTIGUOUS, "t"),
        ("usdm:btcusdt@aggTrade", Identity.CONTIGUOUS, "a"),
        ("spot:btcusdt@depth", Identity.CONTIGUOUS, "U u"),
        ("coinm:btcusd_perp@depth", Identity.CONTIGUOUS, "U u pu"),
        ("usdm:btcusdt@rpiDepth@500ms", Identity.CONTIGUOUS, "U u pu"),
        ("spot:btcusdt@bookTicker", Identity.MONOTONE, "u"),
        ("usdm:!bookTicker", Identity.MONOTONE, "u"),
        ("spot:btcusdt@depth5", Identity.MONOTONE, "lastUpdateId"),
        ("usdm:btcusdt@depth5", Identity.MONOTONE, "u"),
        ("spot:btcusdt@blockTrade", Identity.MONOTONE, "t"),
        ("spot:btcusdt@kline_1m", Identity.TIME, "E"),
        ("spot:btcusdt@referencePrice", Identity.TIME, "t"),
        ("usdm:btcusdt@forceOrder", Identity.TIME, "E"),
    ],
)
def test_identity_is_what_tells_two_deliveries_of_one_event(
    name: str, identity: Identity, fields: str
) -> None:
    form = parse(name).form
    assert (form.identity, form.id_fields) == (identity, fields)


def test_rows_are_published_under_a_name_of_their_own_speed() -> None:
    shapes = {Shape.ARRAY, Shape.MERGED, Shape.SYNTHETIC}
    for market, forms in FORMS.items():
        for suffix, meanings in forms.items():
            for form in meanings:
                assert bool(form.split) is (form.shape in shapes)
                # All but contractInfo, which has no stream of one symbol, can be had by themselves.
                if form.split and form.kind is not Kind.CONTRACT_INFO:
                    own = FORMS[market][form.split]
                    assert any(o.kind is form.kind and o.subject is form.rows for o in own), suffix


def test_intervals_are_those_of_each_market() -> None:
    for market, first in ((Market.SPOT, "1s"), (Market.USDM, "1m"), (Market.COINM, "1m")):
        forms = FORMS[market]
        found = [forms[s][0].interval for s in forms if s.startswith("kline_") and "@" not in s]
        assert found == [*({"1s"} & {first}), *MINUTES]
    assert FORMS[Market.SPOT]["kline_1M"] != FORMS[Market.SPOT]["kline_1m"]
    windows = {f.interval for s in FORMS[Market.SPOT].values() for f in s if "ticker_" in f.split}
    assert windows == set(WINDOWS)


def test_estimated_rate_is_never_above_the_pace() -> None:
    assert parse("spot:btcusdt@depth").form.rate == 1.0
    assert parse("spot:btcusdt@depth@100ms").form.rate == 5.0
    assert parse("usdm:btcusdt@markPrice").form.rate == pytest.approx(1 / 3)
    for row in TABLE:
        assert all(form.rate > 0 for _, form in row.forms())


def test_ended_names_are_not_in_the_table() -> None:
    for market, suffix in ENDED:
        assert suffix not in FORMS[market]


def test_retail_book_is_a_variant_and_whole_market_streams_have_no_subject() -> None:
    (form,) = FORMS[Market.USDM]["rpiDepth@500ms"]
    assert (form.variant, form.subject) == ("RPI", Subject.SYMBOL)
    for forms in FORMS.values():
        for suffix, meanings in forms.items():
            is_whole = meanings[0].subject is Subject.MARKET
            assert is_whole is (suffix.startswith("!") or suffix == "tradingSession")
