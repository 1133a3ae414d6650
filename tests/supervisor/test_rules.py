"""Rules of what was asked at run time: the last one that covers a stream counts."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.streams import parse
from gateway.supervisor.rules import Rules, covers
from tests.supervisor.listed import items

BTC = parse("spot:btcusdt@trade")
ETH = parse("spot:ethusdt@trade")


def rules(*asked: str) -> Rules:
    """Rules made of "+name" and "-name", in that order."""
    made = Rules()
    for each in asked:
        (item,) = items(each[1:])
        made.put(item, adds=each[0] == "+")
    return made


def test_stream_that_nobody_mentions_has_no_verdict() -> None:
    assert rules("+spot:ethusdt@trade", "-spot:eth*@trade").verdict(BTC) is None


def test_last_rule_counts_whether_name_or_pattern() -> None:
    assert rules("+spot:btcusdt@trade", "-spot:btc*@trade").verdict(BTC) is False
    assert rules("-spot:btc*@trade", "+spot:btcusdt@trade").verdict(BTC) is True
    assert rules("-spot:*@trade", "+spot:btc*@trade").verdict(BTC) is True
    assert rules("-spot:*@trade", "+spot:btc*@trade").verdict(ETH) is False


def test_what_is_asked_again_becomes_the_last() -> None:
    asked = ("+spot:btc*@trade", "-spot:*usdt@trade", "+spot:btc*@trade")
    assert rules(*asked).verdict(BTC) is True
    assert rules(*asked).as_dict == {"spot:*usdt@trade": False, "spot:btc*@trade": True}


def test_dropped_rule_counts_no_more() -> None:
    made = rules("-spot:btc*@trade", "+spot:btcusdt@trade")
    made.drop("spot:btcusdt@trade")
    made.drop("spot:never@trade")
    assert made.verdict(BTC) is False
    made.drop("spot:btc*@trade")
    assert made.verdict(BTC) is None
    assert len(made) == 0


def test_pattern_covers_its_own_kind_of_stream_alone() -> None:
    made = rules("-spot:btc*@trade")
    for other in ("usdm:btcusdt@trade", "spot:btcusdt@aggTrade", "spot:ethusdt@trade"):
        assert made.verdict(parse(other)) is None


NAMES = ["spot:btcusdt@trade", "spot:ethusdt@trade", "spot:btc*@trade", "spot:*usdt@trade"]


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("+-"), st.sampled_from(NAMES)), max_size=12))
def test_verdict_is_that_of_a_plain_walk_through_what_was_asked(
    asked: list[tuple[str, str]],
) -> None:
    made = rules(*(sign + name for sign, name in asked))
    for stream in (BTC, ETH):
        said = [sign == "+" for sign, name in asked if covers(items(name)[0], stream)]
        assert made.verdict(stream) is (said[-1] if said else None)
