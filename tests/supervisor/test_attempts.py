"""The budget of connection attempts, with times as plain numbers."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.endpoints import PRESETS
from gateway.supervisor.attempts import (
    HOLD_SECONDS_MAX,
    HOSTS_MAX,
    WINDOW_SECONDS,
    Attempts,
    Host,
    hold,
    host_key,
    join,
    report,
    venue_key,
)
from gateway.supervisor.attempts import ask as ask_with

NOW = 1_800_000_000.0
DAY = 86_400.0
ATTEMPTS_MAX = 250


def ask(content: Attempts, host: str, now: float) -> float:
    return ask_with(content, host, ATTEMPTS_MAX, now)


def spent(at: float = NOW, count: int = ATTEMPTS_MAX) -> Attempts:
    return Attempts({"h": Host([at] * count)})


@pytest.mark.parametrize(
    ("host", "key"),
    [
        ("stream.binance.com:9443", "stream.binance.com"),
        ("stream.binance.com", "stream.binance.com"),
        ("FStream.Binance.com:443", "fstream.binance.com"),
        ("127.0.0.1:4711", "127.0.0.1:4711"),
        ("localhost:4711", "localhost:4711"),
        ("[::1]:4711", "::1:4711"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("10.0.0.7:443", "10.0.0.7"),
    ],
)
def test_host_is_known_by_name_and_a_simulator_here_by_its_port(host: str, key: str) -> None:
    assert host_key(host) == key


@pytest.mark.parametrize(
    ("host", "key"),
    [
        ("stream.binance.com:9443", "binance.com"),
        ("fstream.binance.com", "binance.com"),
        ("data-stream.binance.vision", "binance.com"),
        ("dstream.binancefuture.com", "binance.com"),
        ("a.mirror.example", "mirror.example"),
        ("mirror.example.", "mirror.example"),
        ("relay", "relay"),
        ("10.0.0.7:443", "10.0.0.7"),
        ("127.0.0.1:4711", "127.0.0.1:4711"),
        ("localhost:4711", "localhost:4711"),
        ("[2001:db8::1]:443", "2001:db8::1"),
    ],
)
def test_all_hosts_of_a_venue_are_counted_as_one(host: str, key: str) -> None:
    assert venue_key(host) == key


def test_every_host_of_a_preset_is_the_same_venue() -> None:
    bases = [base for preset in PRESETS.values() for urls in preset.ws.values() for base in urls]
    assert {venue_key(base.removeprefix("wss://")) for base in bases} == {"binance.com"}


def test_failing_over_gains_no_attempts() -> None:
    content = Attempts()
    hosts = ("stream.binance.com", "data-stream.binance.vision", "fstream.binance.com")
    granted = [ask(content, hosts[n % 3], NOW) == 0 for n in range(2 * ATTEMPTS_MAX)]
    assert sum(granted) == ATTEMPTS_MAX
    assert ask(content, "mirror.example", NOW) == 0


@pytest.mark.parametrize(
    ("status", "is_all"), [(403, False), (451, False), (429, True), (418, True)]
)
def test_refusal_of_our_address_holds_the_whole_venue(status: int, is_all: bool) -> None:
    content = Attempts()
    hold(content, "stream.binance.com", status, 100.0, NOW)
    assert ask(content, "stream.binance.com", NOW + 1) == 99.0
    assert ask(content, "data-stream.binance.vision", NOW + 1) == (99.0 if is_all else 0.0)
    assert ask(content, "mirror.example", NOW + 1) == 0


def test_host_is_held_for_the_longer_of_its_own_and_the_venue_s_time() -> None:
    content = Attempts()
    hold(content, "stream.binance.com", 403, 900.0, NOW)
    hold(content, "stream.binance.com", 429, 300.0, NOW)
    assert ask(content, "stream.binance.com", NOW) == 900.0
    assert ask(content, "fstream.binance.com", NOW) == 300.0


def test_attempts_are_granted_until_the_window_is_full() -> None:
    content = Attempts()
    for n in range(ATTEMPTS_MAX):
        assert ask(content, "h", NOW + n) == 0
    assert ask(content, "h", NOW + ATTEMPTS_MAX) == WINDOW_SECONDS - ATTEMPTS_MAX
    assert ask(content, "other", NOW + ATTEMPTS_MAX) == 0


def test_refused_attempt_is_not_counted() -> None:
    content = spent()
    for _ in range(5):
        assert ask(content, "h", NOW + 1) == WINDOW_SECONDS - 1
    assert ask(content, "h", NOW + WINDOW_SECONDS) == 0


@settings(deadline=None)
@given(st.lists(st.floats(0.0, 30.0), max_size=700))
def test_no_sliding_five_minutes_are_over_the_limit(gaps: list[float]) -> None:
    content, now, granted = Attempts(), NOW, []
    for gap in gaps:
        now += gap
        if ask(content, "h", now) == 0:
            granted.append(now)
    for end in granted:
        assert sum(end - WINDOW_SECONDS < at <= end for at in granted) <= ATTEMPTS_MAX


def test_count_survives_being_written_and_read() -> None:
    body = msgspec.json.encode(spent())
    assert ask(msgspec.json.decode(body, type=Attempts), "h", NOW + 1) > 0


@pytest.mark.parametrize("jump", [-DAY, -60.0, DAY])
def test_clock_that_jumps_does_not_lock_us_out(jump: float) -> None:
    assert ask(spent(), "h", NOW + jump) == 0


def test_small_step_back_does_not_forget_the_attempts() -> None:
    assert ask(spent(), "h", NOW - 2.0) > 0


@pytest.mark.parametrize(("status", "seconds"), [(429, 300.0), (418, 3600.0), (403, 900.0)])
def test_host_that_refused_is_left_alone(status: int, seconds: float) -> None:
    content = Attempts()
    assert hold(content, "h", status, seconds, NOW) == seconds
    assert ask(content, "h", NOW + 1) == seconds - 1
    assert report(content, NOW + 1)["h"]["status"] == status
    assert ask(content, "h", NOW + seconds) == 0
    assert ask(content, "other", NOW + 1) == 0


def test_shorter_hold_does_not_end_a_longer_one() -> None:
    content = Attempts()
    hold(content, "h", 418, 100.0, NOW)
    assert hold(content, "h", 429, 5.0, NOW + 1) == 99.0
    assert report(content, NOW + 1)["h"]["status"] == 418


def test_hold_is_bounded_by_the_longest_ban() -> None:
    assert hold(Attempts(), "h", 418, 1e12, NOW) == HOLD_SECONDS_MAX
    assert hold(Attempts(), "h", 418, -5.0, NOW) == 0.0


def test_ban_begins_anew_when_the_clock_is_set_back() -> None:
    """It must neither be forgotten nor last until the old clock's time has come."""
    content = Attempts()
    hold(content, "h", 418, 120.0, NOW)
    assert ask(content, "h", NOW - DAY) == 120.0
    assert ask(content, "h", NOW - DAY + 50.0) == 70.0
    assert ask(content, "h", NOW - DAY + 120.0) == 0


def test_hold_that_no_gateway_writes_is_dropped() -> None:
    content = Attempts({"h": Host(held_at=NOW - 1, held_until=NOW + 30 * DAY, status=418)})
    assert ask(content, "h", NOW) == 0


def test_hosts_are_bounded_and_what_says_nothing_is_dropped() -> None:
    content = Attempts()
    for n in range(3 * HOSTS_MAX):
        ask(content, f"h{n}", NOW)
    assert len(content.hosts) == HOSTS_MAX
    assert f"h{3 * HOSTS_MAX - 1}" in content.hosts
    ask(content, "h", NOW + WINDOW_SECONDS)
    assert list(content.hosts) == ["h"]


def test_report_names_what_counts_now() -> None:
    content = spent(count=3)
    content.hosts["h"].attempts.append(NOW - 400)
    assert report(content, NOW) == {"h": {"attempts": 3, "held_s": 0.0, "status": 0}}


def test_what_was_kept_in_memory_joins_the_file() -> None:
    there = Attempts({"v": Host([1.0, 2.0], 5.0, 50.0, 403), "other": Host([3.0])})
    kept = Attempts({"v": Host([2.0, 4.0], 6.0, 90.0, 418), "new": Host([7.0])})
    join(there, kept)
    assert there.hosts == {
        "v": Host([1.0, 2.0, 4.0], 6.0, 90.0, 418),
        "other": Host([3.0]),
        "new": Host([7.0]),
    }
