"""Measured rates, with counts and times as plain numbers."""

from __future__ import annotations

import msgspec
import pytest

from gateway.endpoints import BINANCE, TESTNET, Endpoints, below, replaced
from gateway.layout import Market
from gateway.supervisor.rates import (
    MEASURED_SECONDS_MIN,
    STREAMS_MAX,
    UPSTREAMS_MAX,
    RateMeter,
    Rates,
    known_rates,
    merge,
    settle,
    upstream_key,
)

A = "spot:a@trade"


MIRROR = replaced(BINANCE, {Market.SPOT: ["wss://mirror.example"]}, {})


@pytest.mark.parametrize(
    ("upstream", "key"),
    [
        (BINANCE, "binance"),
        (TESTNET, "testnet"),
        (MIRROR, "binance, endpoints changed (mirror.example)"),
        (below("ws://127.0.0.1:4711", ""), "loopback"),
        (below("ws://[::1]:4712/x", ""), "loopback"),
        (below("wss://mirror.example:9443", ""), "wss://mirror.example:9443"),
    ],
)
def test_rates_are_kept_by_upstream_and_simulators_here_share_one(
    upstream: Endpoints, key: str
) -> None:
    assert upstream_key(upstream) == key


def test_rate_is_frames_between_two_looks() -> None:
    meter = RateMeter()
    meter.observe(1, [(A, 1000)], 0.0)
    assert meter.rates == {}
    meter.observe(1, [(A, 1400)], 40.0)
    assert meter.rates == {A: 10.0}


def test_later_looks_are_averaged_in() -> None:
    meter = RateMeter()
    for count, now in ((0, 0.0), (400, 40.0), (2000, 80.0)):
        meter.observe(1, [(A, count)], now)
    assert meter.rates == {A: 10.0 + 0.25 * (40.0 - 10.0)}


def test_too_short_a_look_waits_for_the_next() -> None:
    meter = RateMeter()
    meter.observe(1, [(A, 0)], 0.0)
    meter.observe(1, [(A, 500)], MEASURED_SECONDS_MIN - 1)
    assert meter.rates == {}
    meter.observe(1, [(A, 500)], 2 * MEASURED_SECONDS_MIN)
    assert meter.rates == {A: 500 / (2 * MEASURED_SECONDS_MIN)}


@pytest.mark.parametrize(("generation", "count"), [(2, 100), (1, 10)])
def test_count_that_begins_anew_is_no_negative_rate(generation: int, count: int) -> None:
    meter = RateMeter()
    meter.observe(1, [(A, 50)], 0.0)
    meter.observe(generation, [(A, count)], 30.0)
    assert meter.rates == {}
    meter.observe(generation, [(A, count + 60)], 60.0)
    assert meter.rates == {A: 2.0}


def test_silent_stream_has_a_rate_of_zero() -> None:
    meter = RateMeter()
    meter.observe(1, [(A, 7)], 0.0)
    meter.observe(1, [(A, 7)], 30.0)
    assert meter.rates == {A: 0.0}


def test_what_is_measured_now_replaces_what_was() -> None:
    content = Rates({"k": {"a": 1.0, "b": 2.0}})
    merge(content, "k", {"a": 9.00049})
    assert content.upstreams == {"k": {"b": 2.0, "a": 9.0}}


def test_file_is_bounded_and_keeps_what_was_measured_last() -> None:
    content = Rates({"k": {f"old{n}": 1.0 for n in range(STREAMS_MAX)}})
    merge(content, "k", {"new": 5.0})
    assert len(content.upstreams["k"]) == STREAMS_MAX
    assert content.upstreams["k"]["new"] == 5.0
    assert "old0" not in content.upstreams["k"]
    for n in range(2 * UPSTREAMS_MAX):
        merge(content, f"u{n}", {})
    assert len(content.upstreams) == UPSTREAMS_MAX
    assert f"u{2 * UPSTREAMS_MAX - 1}" in content.upstreams


def test_full_file_stays_below_what_is_read() -> None:
    from gateway.state import FILE_BYTES_MAX

    name = "usdm:" + "x" * 58
    content = Rates(
        {f"u{u}": {f"{n:06}{name[6:]}": 123456.789 for n in range(STREAMS_MAX)} for u in range(4)},
        {f"u{u}": {f"usdm:{n:06}{name[20:]}": 63 for n in range(STREAMS_MAX)} for u in range(4)},
    )
    assert len(content.upstreams) == UPSTREAMS_MAX
    assert len(msgspec.json.encode(content)) < FILE_BYTES_MAX


@pytest.mark.parametrize("rate", [-1.0, 1e7, 1e308])
def test_rate_that_no_stream_can_have_is_left_out(rate: float) -> None:
    content = Rates({"k": {"bad": rate, "good": 3.0, "quiet": 0.0}})
    assert known_rates(content, "k") == {"good": 3.0, "quiet": 0.0}
    assert known_rates(content, "another") == {}


def test_homes_are_those_of_the_last_run_and_bounded() -> None:
    content = Rates()
    settle(content, "k", {"spot:A": 0, "spot:B": 1})
    settle(content, "k", {f"spot:{n}": 1 for n in range(STREAMS_MAX + 5)})
    assert "spot:A" not in content.homes["k"]
    assert len(content.homes["k"]) == STREAMS_MAX
    for n in range(2 * UPSTREAMS_MAX):
        settle(content, f"u{n}", {})
    assert len(content.homes) == UPSTREAMS_MAX


def test_what_is_not_subscribed_any_more_is_forgotten() -> None:
    meter = RateMeter()
    meter.observe(1, [(A, 0), ("spot:b@trade", 0)], 0.0)
    meter.observe(1, [(A, 30), ("spot:b@trade", 60)], 30.0)
    meter.observe(1, [(A, 60)], 60.0)
    meter.forget(30.0)
    assert meter.rates == {A: 1.0, "spot:b@trade": 2.0}
    meter.forget(31.0)
    assert meter.rates == {A: 1.0}
    meter.observe(1, [("spot:b@trade", 600)], 90.0)
    assert meter.rates == {A: 1.0}  # counted from here, not from what was
