"""Control frames leave evenly, and pongs count."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.shard.pacing import Pace

VENUE = {3.0: 5, 8.0: 10}  # what we send a second -> what the venue allows


def send_all(pace: Pace, pongs: list[float], until: float) -> list[float]:
    """When frames leave, if one is always waiting; a pong leaves when its ping comes."""
    now, sent, waiting = 0.0, [], sorted(pongs)
    while now < until:
        if waiting and waiting[0] <= now:
            pace.spend(waiting.pop(0))
            sent.append(now)
            continue
        pause = pace.wait(now)
        if pause <= 0:
            pace.spend(now)
            sent.append(now)
            continue
        now = min([now + pause, *waiting[:1]])
    return sent


def most_in_a_second(times: list[float]) -> int:
    return max((sum(at <= other < at + 1.0 for other in times) for at in times), default=0)


@pytest.mark.parametrize("per_second", VENUE)
@given(st.lists(st.floats(0, 9, allow_nan=False), max_size=1))
def test_no_second_sees_more_than_the_venue_allows_pongs_counted(
    per_second: float, pongs: list[float]
) -> None:
    sent = send_all(Pace(per_second), pongs, 10.0)
    assert most_in_a_second(sent) <= VENUE[per_second]


def test_frames_leave_evenly_at_the_full_rate() -> None:
    sent = send_all(Pace(3.0), [], 10.0)
    gaps = [later - earlier for earlier, later in pairwise(sent)]
    assert min(gaps) == pytest.approx(1 / 3)
    assert len(sent) in (30, 31)


def test_a_pong_delays_what_follows_it() -> None:
    pace = Pace(4.0)
    assert pace.wait(100.0) == 0
    pace.spend(100.0)
    pace.spend(100.1)
    assert pace.wait(100.1) == pytest.approx(0.4)
    assert pace.wait(100.5) == pytest.approx(0.0)


def test_a_flood_of_pings_does_not_silence_us_for_long() -> None:
    pace = Pace(4.0)
    for _ in range(1000):
        pace.spend(100.0)
    assert pace.wait(100.0) <= 1.25


@pytest.mark.parametrize("clock", [lambda: 0.0, lambda: 1e9], ids=["at boot", "much later"])
def test_the_first_frame_goes_at_once(clock: Callable[[], float]) -> None:
    assert Pace(3.0).wait(clock()) == 0
