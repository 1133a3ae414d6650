"""What is said of a configuration, at the start and when it has changed."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from gateway.config import Config, read
from gateway.config.keys import Key, keys
from gateway.errors import ConfigError
from gateway.patterns import select
from gateway.supervisor.check import (
    TAKEN_UP,
    check_listed,
    idle_depths,
    needs_restart,
    remarks,
    taken_up,
)
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


def test_symbol_that_was_meant_is_named() -> None:
    with pytest.raises(ConfigError, match=r"no such symbol; did you mean spot:BTCUSDT\? check"):
        check_listed(select(["spot:btcudst@trade"]), LISTED, "a.toml", "binance")


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


def test_depths_for_what_the_venue_does_not_list_are_named() -> None:
    wanted = Subscriptions(select(["usdm:btcusdt@rpiDepth@500ms"])).wanted(LISTED, {})
    depths = dict.fromkeys(
        ["usdm:BTCUSDT", "usdm:BTCUSDT.RPI", "usdm:*", "usdm:BTCUDST", "usdm:ZZZ*", "spot:*"], 100
    )
    assert list(idle_depths(depths, wanted, LISTED)) == [
        "book.depth_levels: usdm:BTCUDST: the venue lists no such instrument; did you mean "
        "usdm:BTCUSDT?",
        "book.depth_levels: usdm:ZZZ*: the venue lists no such instrument, and it has no effect "
        "today",
        "book.depth_levels: spot:*: nothing of spot is carried",
    ]


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
def test_key_that_is_built_in_needs_a_restart(text: str, keys: list[str]) -> None:
    assert needs_restart(Config(), read(text, "a.toml")) == keys


def test_keys_say_themselves_that_a_reload_takes_them_up() -> None:
    said = {key.name for key in keys().values() if "Taken up by a reload." in key.description}
    assert said == TAKEN_UP


def test_what_is_taken_up_is_told_by_its_keys() -> None:
    text = "shards = 2\n[liveness]\nhung_seconds = 5\n[connections]\nattempts_per_5min = 100"
    changed = read(f'subscribe = ["spot:btcusdt@trade"]\n{text}', "a.toml")
    found = taken_up(Config(), changed)
    assert sorted(found) == ["connections.attempts_per_5min", "liveness.hung_seconds"]
    assert taken_up(changed, changed) == []


@pytest.mark.parametrize("key", keys().values(), ids=[key.name for key in keys().values()])
def test_change_of_any_key_is_noticed(key: Key) -> None:
    changed = _with_other(Config(), key.path)
    assert needs_restart(Config(), changed) == [key.name] * (key.name not in TAKEN_UP)


def _with_other(table: Any, path: Sequence[str]) -> Any:
    """Return ``table`` with something else at ``path``; what it is does not matter here."""
    name, *rest = path
    changed = copy.copy(table)
    found = _with_other(getattr(table, name), rest) if rest else object()
    msgspec.structs.force_setattr(changed, name, found)
    return changed
