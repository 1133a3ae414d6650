"""What is said of a configuration, at the start and when it has changed."""

from __future__ import annotations

import pytest

from gateway.config import Config, read
from gateway.errors import ConfigError
from gateway.patterns import select
from gateway.supervisor.check import check_listed, needs_restart, remarks
from gateway.supervisor.subscriptions import Subscriptions
from tests.supervisor.listed import Instruments, listed

LISTED = listed("BTCUSDT", IDLEUSDT="BREAK", GONEUSDT="CLOSE")


def said(*names: str, instruments: Instruments = LISTED) -> list[str]:
    wanted = Subscriptions(select(names)).wanted(instruments, {})
    return list(remarks(wanted, instruments))


def test_all_unknown_symbols_are_named_at_once() -> None:
    names = ["spot:nope@trade", "spot:nope@ticker", "usdm:zzz@aggTrade", "spot:btcusdt@trade"]
    with pytest.raises(ConfigError) as caught:
        check_listed(select(names), LISTED, "a.toml", "binance")
    assert str(caught.value) == (
        "a.toml: spot:NOPE, usdm:ZZZ: exchangeInfo of binance has no such symbol; "
        "check the spelling and the market (spot, usdm, coinm)"
    )


def test_delivered_contract_does_not_keep_the_gateway_from_starting() -> None:
    names = ["usdm:goneusdt@aggTrade", "usdm:!ticker@arr"]
    check_listed(select(names), LISTED, "a.toml", "binance")
    (line,) = said(*names)
    assert line.startswith("usdm:goneusdt@aggTrade: left out: its status is CLOSE; ")


def test_stream_that_the_venue_does_not_offer_for_a_symbol_is_an_error() -> None:
    with pytest.raises(ConfigError, match="usdm:btcusdt@assetIndex: the venue has no such stream"):
        check_listed(select(["usdm:btcusdt@assetIndex"]), LISTED, "a.toml", "binance")


def test_nothing_is_said_of_what_is_in_order() -> None:
    assert said("spot:btcusdt@trade", "spot:btc*@ticker", "usdm:!ticker@arr") == []


def test_idle_instruments_and_idle_patterns_are_named() -> None:
    assert said("spot:idleusdt@trade", "spot:idleusdt@ticker", "spot:x*@trade") == [
        "spot:x*@trade: matches no instrument that trades now; what is listed later joins",
        "spot:IDLEUSDT: its status is BREAK, it may stay silent",
    ]


def test_many_like_remarks_are_counted() -> None:
    idle = {f"S{n}": "BREAK" for n in range(20)}
    lines = said(*(f"spot:{name.lower()}@trade" for name in idle), instruments=listed(**idle))
    assert len(lines) == 6
    assert lines[-1] == "15 more like this"


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("", []),
        ('subscribe = ["spot:btcusdt@trade"]', []),
        ("shards = 2", ["shards"]),
        ('run_dir = "/dev/shm/other"', ["run_dir"]),
        (
            "[memory]\nraw_ring_bytes = 65536\n[rest]\nweight_reserve = 0.5\ntimeout_seconds = 3",
            ["memory.raw_ring_bytes", "rest.timeout_seconds", "rest.weight_reserve"],
        ),
        (
            '[upstream.endpoints.spot]\nrest = ["https://a.example"]',
            ["upstream.endpoints.spot.rest"],
        ),
    ],
)
def test_every_key_but_the_subscriptions_needs_a_restart(text: str, keys: list[str]) -> None:
    assert needs_restart(Config(), read(text, "a.toml")) == keys
