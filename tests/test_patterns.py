"""Patterns of streams against what the venue lists."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import UsageError
from gateway.instruments import Instrument, Instruments
from gateway.layout import Market
from gateway.patterns import Pattern, is_pattern, parse_pattern, select
from gateway.plan import PlanSymbol
from gateway.stream_forms import Subject
from gateway.streams import parse


def listing(*names: str, **statuses: str) -> Instruments:
    """Instruments that trade, as spot:BTCUSDT; ``statuses`` are of spot symbols."""
    found = {}
    for name in (*names, *(f"spot:{symbol}" for symbol in statuses)):
        market, _, symbol = name.partition(":")
        key = (Market[market.upper()], symbol)
        status = statuses.get(symbol, "TRADING")
        found[key] = Instrument(PlanSymbol(key[0], symbol, -2, -5), status, group=symbol)
    return found


def row(name: str, subject: Subject) -> Instruments:
    market, _, symbol = name.partition(":")
    key = (Market[market.upper()], symbol)
    return {key: Instrument(PlanSymbol(key[0], symbol, -8, -8), "TRADING", subject)}


SPOT = listing("spot:BTCUSDT", "spot:ETHUSDT", "spot:ETHBTC", "usdm:SOLUSDT")


def expanded(*names: str, instruments: Instruments = SPOT) -> list[str]:
    return [s.name for s in select(names).expand(instruments).streams]


def test_star_stands_for_anything_before_the_at() -> None:
    assert expanded("spot:*usdt@bookTicker") == [
        "spot:btcusdt@bookTicker",
        "spot:ethusdt@bookTicker",
    ]
    assert expanded("spot:*@trade", "usdm:*@aggTrade") == [
        "spot:btcusdt@trade",
        "spot:ethbtc@trade",
        "spot:ethusdt@trade",
        "usdm:solusdt@aggTrade",
    ]


def test_question_mark_stands_for_one_letter() -> None:
    assert expanded("spot:eth???@trade") == ["spot:ethbtc@trade"]
    assert expanded("spot:?tcusdt@trade") == ["spot:btcusdt@trade"]


def test_pattern_streams_mean_what_the_name_means() -> None:
    (stream,) = select(["coinm:*_perp@kline_1m"]).expand(listing("coinm:BTCUSD_PERP")).streams
    assert stream == parse("coinm:btcusd_perp@kline_1m")


def test_named_streams_come_first_and_nothing_comes_twice() -> None:
    assert expanded("spot:*usdt@trade", "spot:ethusdt@trade", "spot:btc*@trade") == [
        "spot:ethusdt@trade",
        "spot:btcusdt@trade",
    ]


def test_pattern_without_a_match_is_told_and_is_no_error() -> None:
    expansion = select(["spot:*usdt@trade", "spot:*eur@trade"]).expand(SPOT)
    assert expansion.unmatched == ("spot:*eur@trade",)
    assert len(expansion.streams) == 2


def test_new_listing_joins_its_pattern() -> None:
    selection = select(["spot:*usdt@trade"])
    before = selection.expand(SPOT)
    after = selection.expand({**SPOT, **listing("spot:SOLUSDT")}, {s.name for s in before.streams})
    assert [s.name for s in after.streams][2:] == ["spot:solusdt@trade"]


def test_halted_instrument_keeps_the_stream_it_has_and_gets_no_new_one() -> None:
    selection = select(["spot:*usdt@trade"])
    halted = listing(AUSDT="BREAK", BUSDT="HALT", CUSDT="TRADING")
    assert [s.name for s in selection.expand(halted).streams] == ["spot:cusdt@trade"]
    kept = selection.expand(halted, {"spot:busdt@trade"})
    assert [s.name for s in kept.streams] == ["spot:busdt@trade", "spot:cusdt@trade"]


def test_delivered_contract_leaves_its_pattern() -> None:
    gone = {k: Instrument(i.symbol, "DELIVERED") for k, i in listing("usdm:AUSDT").items()}
    assert select(["usdm:*@trade"]).expand(gone, {"usdm:ausdt@trade"}).streams == ()


def test_patterns_match_what_their_stream_is_of() -> None:
    instruments = {
        **listing("coinm:BTCUSD_PERP", "coinm:BTCUSD_261225"),
        **row("coinm:BTCUSD", Subject.PAIR),
        **row("coinm:BTCUSD_PERPETUAL", Subject.CONTRACT),
        **row("usdm:BTCUSD", Subject.ASSET),
    }
    assert expanded("coinm:*@indexPrice", instruments=instruments) == ["coinm:btcusd@indexPrice"]
    assert expanded("coinm:*_perpetual@continuousKline_1d", instruments=instruments) == [
        "coinm:btcusd_perpetual@continuousKline_1d"
    ]
    assert expanded("usdm:*@assetIndex", instruments=instruments) == ["usdm:btcusd@assetIndex"]
    # Contracts and their pair both have a markPrice; a pattern means the contracts.
    assert expanded("coinm:*@markPrice@1s", instruments=instruments) == [
        "coinm:btcusd_261225@markPrice@1s",
        "coinm:btcusd_perp@markPrice@1s",
    ]


def test_name_of_one_stream_wins_its_book_from_a_pattern() -> None:
    expansion = select(["spot:*usdt@depth", "spot:btcusdt@depth@100ms"]).expand(SPOT)
    assert [s.name for s in expansion.streams] == ["spot:btcusdt@depth@100ms", "spot:ethusdt@depth"]
    assert expansion.shadowed == {"spot:btcusdt@depth": "spot:btcusdt@depth@100ms"}


def test_first_of_two_patterns_wins_a_book() -> None:
    expansion = select(["spot:btc*@depth5", "spot:*usdt@depth20"]).expand(SPOT)
    assert [s.name for s in expansion.streams] == ["spot:btcusdt@depth5", "spot:ethusdt@depth20"]
    assert expansion.shadowed == {"spot:btcusdt@depth20": "spot:btcusdt@depth5"}


def test_symbol_that_cannot_stand_in_a_name_is_left_out() -> None:
    odd = listing("spot:" + "X" * 32, "spot:A B", "spot:A@B", "spot:A", "spot:")
    assert expanded("spot:*@trade", instruments=odd) == ["spot:a@trade"]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("*usdt@trade", "has no market; write it like spot:btcusdt@trade or 'spot:*usdt@trade'"),
        ("spot:*USDT@trade", "are lowercase; write spot:*usdt@trade"),
        ("spot:*@markPrice", "spot has no markPrice, it is a stream of usdm and coinm"),
        ("spot:*usdt@kline_2m", "spot has no kline_2m; allowed: kline_<interval>"),
        ("usdm:*@depth@250ms", "250 ms is the pace without a speed; write depth"),
        ("spot:*usdt", "names no stream"),
        ("usdm:!*@arr", "is of the whole market; write it without * and ?"),
        ("spot:* usdt@trade", "is no symbol"),
    ],
)
def test_pattern_that_can_mean_nothing_is_refused(name: str, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        select([name])
    assert sentence in str(caught.value)


def test_wildcards_stand_before_the_at_only() -> None:
    assert is_pattern("spot:b?cusdt@trade")
    assert not is_pattern("spot:btcusdt@kline_*")
    with pytest.raises(UsageError, match=r"spot has no kline_\*"):
        select(["spot:btcusdt@kline_*"])


def test_selection_is_written_back_as_it_was_read() -> None:
    names = ("spot:btcusdt@trade", "usdm:!ticker@arr", "spot:*usdt@trade")
    assert select(names).names == names
    assert select([*names, *names]) == select(names)
    assert select(names).markets == (Market.SPOT, Market.USDM)


def test_pattern_covers_the_streams_it_could_yield() -> None:
    pattern = parse_pattern("coinm:btc*@markPrice")
    assert pattern.covers(parse("coinm:btcusd_perp@markPrice"))
    assert not pattern.covers(parse("coinm:btcusd@markPrice"))  # the pair's array
    assert not pattern.covers(parse("coinm:btcusd_perp@markPrice@1s"))
    assert not pattern.covers(parse("coinm:ethusd_perp@markPrice"))
    assert not pattern.covers(parse("usdm:btcusdt@markPrice"))


LETTERS = st.text("AB.+^$(1", max_size=6)


@given(mask=st.text("AB.+^$(*?1", max_size=8), symbol=LETTERS)
def test_matching_is_that_of_file_names(mask: str, symbol: str) -> None:
    form = parse("spot:a@trade").form
    assert Pattern(Market.SPOT, mask, "trade", form).matches(symbol) is fnmatchcase(symbol, mask)


@given(st.sets(st.text("ABC", min_size=1, max_size=4)), st.text("ABC*?", min_size=1, max_size=4))
def test_expansion_yields_each_match_once_and_nothing_else(symbols: set[str], mask: str) -> None:
    name = f"spot:{mask.lower()}@trade"
    found = expanded(name, instruments=listing(*(f"spot:{symbol}" for symbol in symbols)))
    if not is_pattern(name):
        assert found == [name]  # a name is checked elsewhere
    else:
        wanted = {f"spot:{s.lower()}@trade" for s in symbols if fnmatchcase(s, mask)}
        assert sorted(wanted) == found
