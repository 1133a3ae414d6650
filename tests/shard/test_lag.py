"""When a late link is replaced."""

from __future__ import annotations

from itertools import pairwise

from gateway.shard.lag import LASTING_S, PAUSE_FIRST_S, PAUSE_MAX_S, LagWatch


def replaced(watch: LagWatch, lag_s: float, seconds: range) -> list[int]:
    return [second for second in seconds if watch.judge(0, lag_s, float(second))]


def test_one_late_moment_is_weather() -> None:
    watch = LagWatch(3.0)
    assert not watch.judge(0, 9.0, 0.0)
    assert not watch.judge(0, 1.0, 5.0)
    assert not watch.judge(0, 9.0, LASTING_S + 1)


def test_lasting_lateness_replaces_the_link_ever_more_rarely() -> None:
    found = replaced(LagWatch(3.0), 9.0, range(0, 4 * 3600))
    gaps = [later - earlier for earlier, later in pairwise(found)]
    assert found[0] == LASTING_S
    assert gaps[0] >= PAUSE_FIRST_S
    assert gaps[:4] == sorted(gaps[:4])
    assert len(found) < 12
    assert max(gaps) <= PAUSE_MAX_S + LASTING_S


def test_after_calm_the_first_pause_is_short_again() -> None:
    watch = LagWatch(3.0)
    replaced(watch, 9.0, range(0, 3600))
    calm = 3600 + 3 * int(PAUSE_MAX_S)
    later = replaced(watch, 9.0, range(calm, calm + 600))
    assert later[1] - later[0] < 2 * PAUSE_FIRST_S


def test_a_link_that_is_gone_is_not_held_against_its_successor() -> None:
    watch = LagWatch(3.0)
    watch.judge(0, 9.0, 0.0)
    watch.forget(0)
    assert not watch.judge(0, 9.0, LASTING_S)


def test_the_two_links_are_judged_apart() -> None:
    watch = LagWatch(3.0)
    watch.judge(0, 9.0, 0.0)
    watch.judge(1, 0.0, 0.0)
    assert not watch.judge(1, 9.0, LASTING_S)
    assert watch.judge(0, 9.0, LASTING_S)
