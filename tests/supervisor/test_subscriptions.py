"""Who wants what, with plain names and instruments."""

from __future__ import annotations

import pytest

from gateway.patterns import select
from gateway.supervisor import subscriptions as module
from gateway.supervisor.requests import Refusal
from gateway.supervisor.subscriptions import Subscriptions, read_item
from tests.supervisor.listed import Instruments, items, listed, streams

LISTED = listed("BTCUSDT", "ETHUSDT", "BNBBTC")


class Desk:
    """Subscriptions with what is carried, brought up to date after every request."""

    def __init__(self, *configured: str, instruments: Instruments = LISTED) -> None:
        self.subscriptions = Subscriptions(select(configured))
        self.instruments = instruments
        self.wanted = self.subscriptions.wanted(instruments, {})

    @property
    def names(self) -> list[str]:
        return sorted(self.wanted.streams)

    def look(self) -> None:
        self.wanted = self.subscriptions.wanted(self.instruments, self.wanted.streams)

    def subscribe(self, *names: str) -> dict[str, Refusal]:
        refused = self.subscriptions.subscribe(items(*names), self.instruments, self.wanted.streams)
        self.look()
        return refused

    def unsubscribe(self, *names: str) -> dict[str, Refusal]:
        refused = self.subscriptions.unsubscribe(items(*names), self.wanted.streams)
        self.look()
        return refused

    def demand(self, *names: str) -> None:
        self.subscriptions.demanded = dict(streams(*names))
        self.look()


def test_configuration_alone_is_what_is_wanted() -> None:
    desk = Desk("spot:btcusdt@trade", "usdm:*usdt@aggTrade")
    assert desk.names == ["spot:btcusdt@trade", "usdm:btcusdt@aggTrade", "usdm:ethusdt@aggTrade"]


def test_request_adds_and_takes_away_again() -> None:
    desk = Desk("spot:btcusdt@trade")
    assert desk.subscribe("spot:ethusdt@trade", "spot:*btc@trade") == {}
    assert desk.names == ["spot:bnbbtc@trade", "spot:btcusdt@trade", "spot:ethusdt@trade"]
    assert desk.unsubscribe("spot:*@trade") == {}
    assert desk.names == []


def test_configured_stream_can_be_taken_away_and_brought_back() -> None:
    desk = Desk("spot:btcusdt@trade", "spot:eth*@trade")
    desk.unsubscribe("spot:btcusdt@trade", "spot:ethusdt@trade")
    assert desk.names == []
    desk.subscribe("spot:ethusdt@trade")
    assert desk.names == ["spot:ethusdt@trade"]


def test_stream_asked_by_name_stays_when_the_pattern_that_had_it_goes() -> None:
    desk = Desk("spot:*usdt@trade")
    desk.subscribe("spot:btcusdt@trade")
    desk.subscriptions.reconfigure(select(["spot:bnbbtc@trade"]))
    desk.look()
    assert desk.names == ["spot:bnbbtc@trade", "spot:btcusdt@trade"]


def test_rules_of_names_do_not_pile_up() -> None:
    desk = Desk("spot:bnbbtc@trade")
    for _ in range(10):
        desk.subscribe("spot:btcusdt@trade")
        desk.unsubscribe("spot:btcusdt@trade")
    assert len(desk.subscriptions.rules) == 0


def test_rules_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RULES_MAX", 1)
    desk = Desk("spot:bnbbtc@trade")
    assert desk.subscribe("spot:btcusdt@trade") == {}
    refused = desk.subscribe("spot:ethusdt@trade")
    assert refused["spot:ethusdt@trade"].code == 73
    assert desk.subscribe("spot:btcusdt@trade") == {}


@pytest.mark.parametrize(
    ("name", "code", "why"),
    [
        ("spot:nope@trade", 67, "the venue lists no such symbol"),
        ("spot:x*@trade", 67, "matches no instrument that trades"),
        ("spot:gone@trade", 67, "its status is CLOSE"),
        ("spot:btcusdt@depth", 2, "would feed the same book as spot:btcusdt@depth@100ms"),
    ],
)
def test_what_cannot_be_carried_is_refused_and_leaves_nothing(
    name: str, code: int, why: str
) -> None:
    desk = Desk("spot:btcusdt@depth@100ms", instruments=listed("BTCUSDT", GONE="CLOSE"))
    refused = desk.subscribe(name)
    assert refused[name].code == code
    assert why in refused[name].why
    assert desk.names == ["spot:btcusdt@depth@100ms"]
    assert len(desk.subscriptions.rules) == 0


def test_two_speeds_of_one_book_in_one_request_are_one_too_many() -> None:
    desk = Desk("spot:bnbbtc@trade")
    refused = desk.subscriptions.subscribe(
        items("spot:btcusdt@depth"), LISTED, {}
    ) | desk.subscriptions.subscribe(items("spot:ethusdt@depth@100ms"), LISTED, {})
    assert refused == {}
    both = items("spot:bnbbtc@depth", "spot:bnbbtc@depth@100ms")
    assert list(desk.subscriptions.subscribe(both, LISTED, {})) == ["spot:bnbbtc@depth@100ms"]


def test_pattern_leaves_out_the_books_that_others_feed_and_says_so() -> None:
    desk = Desk("spot:btcusdt@depth@100ms")
    assert desk.subscribe("spot:*usdt@depth") == {}
    assert desk.names == ["spot:btcusdt@depth@100ms", "spot:ethusdt@depth"]
    assert "same book" in desk.wanted.refused["spot:btcusdt@depth"].why


def test_what_nobody_wants_cannot_be_taken_away() -> None:
    desk = Desk("spot:btcusdt@trade")
    refused = desk.unsubscribe("spot:ethusdt@trade", "spot:eth*@trade")
    assert [refusal.code for refusal in refused.values()] == [67, 67]
    desk.unsubscribe("spot:btcusdt@trade")
    assert list(desk.unsubscribe("spot:btcusdt@trade")) == ["spot:btcusdt@trade"]


def test_configured_pattern_can_be_taken_away_before_it_means_anything() -> None:
    desk = Desk("spot:btcusdt@trade", "spot:new*@trade")
    assert desk.wanted.unmatched == ("spot:new*@trade",)
    assert desk.unsubscribe("spot:new*@trade") == {}
    desk.instruments = LISTED | listed("NEWUSDT")
    desk.look()
    assert desk.names == ["spot:btcusdt@trade"]


def test_new_listing_joins_and_a_delisted_one_goes() -> None:
    desk = Desk("spot:*usdt@trade", "spot:bnbbtc@trade")
    desk.instruments = listed("BTCUSDT", "NEWUSDT")
    desk.look()
    assert desk.names == ["spot:btcusdt@trade", "spot:newusdt@trade"]
    assert "lists no such symbol" in desk.wanted.refused["spot:bnbbtc@trade"].why
    desk.instruments = LISTED
    desk.look()
    assert desk.names == ["spot:bnbbtc@trade", "spot:btcusdt@trade", "spot:ethusdt@trade"]


def test_instrument_that_halts_keeps_its_streams() -> None:
    desk = Desk("spot:*usdt@trade")
    desk.instruments = listed("ETHUSDT", BTCUSDT="HALT")
    desk.look()
    assert desk.names == ["spot:btcusdt@trade", "spot:ethusdt@trade"]
    assert Desk("spot:*usdt@trade", instruments=desk.instruments).names == ["spot:ethusdt@trade"]


def test_reload_brings_back_what_it_names_anew() -> None:
    desk = Desk("spot:bnbbtc@trade")
    desk.subscribe("spot:*usdt@trade")
    desk.unsubscribe("spot:btcusdt@trade")
    desk.subscriptions.reconfigure(select(["spot:bnbbtc@trade", "spot:btcusdt@trade"]))
    desk.look()
    assert "spot:btcusdt@trade" in desk.names
    desk.unsubscribe("spot:btcusdt@trade")
    desk.subscriptions.reconfigure(select(["spot:btcusdt@trade"]))
    desk.look()
    assert "spot:btcusdt@trade" not in desk.names, "it was named before already"


def test_consumers_bring_streams_and_take_none_away() -> None:
    desk = Desk("spot:btcusdt@trade")
    desk.demand("spot:btcusdt@trade", "spot:ethusdt@trade")
    assert desk.names == ["spot:btcusdt@trade", "spot:ethusdt@trade"]
    desk.demand()
    assert desk.names == ["spot:btcusdt@trade"]


@pytest.mark.parametrize("name", ["spot:nope@trade", "spot:btcusdt@depth"])
def test_consumers_get_no_more_than_a_request_would(name: str) -> None:
    desk = Desk("spot:btcusdt@depth@100ms")
    desk.demand(name)
    assert desk.names == ["spot:btcusdt@depth@100ms"]
    assert name in desk.wanted.refused


def test_what_was_unsubscribed_does_not_come_back_by_a_consumer() -> None:
    desk = Desk("spot:btcusdt@trade")
    desk.unsubscribe("spot:btcusdt@trade")
    desk.demand("spot:btcusdt@trade")
    assert desk.names == []
    assert "was unsubscribed at run time" in desk.wanted.refused["spot:btcusdt@trade"].why
    desk.demand("spot:ethusdt@trade")
    desk.unsubscribe("spot:ethusdt@trade")
    desk.demand("spot:ethusdt@trade")
    assert desk.names == []


def test_malformed_name_is_a_refusal_with_what_to_write() -> None:
    refusal = read_item("spot:btcusdt@nope")
    assert isinstance(refusal, Refusal)
    assert refusal.code == 2
    assert refusal.why.startswith("unknown stream 'nope' on spot; allowed: ")
