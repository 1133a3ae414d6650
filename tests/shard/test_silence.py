"""When silent streams get another connection."""

from __future__ import annotations

from itertools import pairwise

from gateway.shard.silence import PAUSE_FIRST_S, PAUSE_MAX_S, SilencePolicy, is_wrong_route


def rotations(policy: SilencePolicy, seconds: range, step: int = 1) -> list[int]:
    """When a connection is replaced, if its silent streams stay silent for ever."""
    found = []
    for second in seconds[::step]:
        if policy.wants_rotation(float(second)):
            policy.rotated(float(second))
            found.append(second)
    return found


def test_the_first_silence_is_acted_on_at_once() -> None:
    policy = SilencePolicy()
    assert not policy.wants_rotation(100.0)
    policy.fell_silent(7)
    assert policy.wants_rotation(100.0)


def test_a_stream_that_never_speaks_asks_ever_more_rarely() -> None:
    policy = SilencePolicy()
    policy.fell_silent(7)
    found = rotations(policy, range(0, 10 * 3600))
    gaps = [later - earlier for earlier, later in pairwise(found)]
    assert gaps[:4] == [PAUSE_FIRST_S * 2**number for number in range(4)]
    assert max(gaps) == PAUSE_MAX_S
    assert len(found) < 20


def test_a_renewed_subscription_is_waited_for_and_the_pause_is_not_forgotten() -> None:
    policy = SilencePolicy()
    policy.fell_silent(7)
    policy.rotated(0.0)
    policy.renewed([7])
    assert not policy.wants_rotation(3600.0)
    policy.fell_silent(7)
    assert not policy.wants_rotation(PAUSE_FIRST_S - 1)
    assert policy.wants_rotation(PAUSE_FIRST_S)


def test_many_illiquid_streams_do_not_make_a_storm() -> None:
    """200 streams that come and go, each silent at a time of its own."""
    policy = SilencePolicy()
    found = []
    for second in range(0, 3600):
        stream = second % 200
        policy.fell_silent(stream)
        found += rotations(policy, range(second, second + 1))
        policy.resumed(stream)
    assert len(found) < 15


def test_one_that_resumed_does_not_ask() -> None:
    policy = SilencePolicy()
    policy.fell_silent(7)
    policy.resumed(7)
    assert not policy.wants_rotation(1e6)


def test_a_removed_stream_leaves_nothing_behind() -> None:
    policy = SilencePolicy()
    policy.fell_silent(7)
    policy.rotated(0.0)
    policy.removed(7)
    policy.fell_silent(7)  # another stream, in the same row
    assert policy.wants_rotation(PAUSE_FIRST_S)


def test_long_after_the_last_silence_a_new_one_is_acted_on_quickly() -> None:
    policy = SilencePolicy()
    policy.fell_silent(7)
    last = rotations(policy, range(0, 12 * 3600))[-1]
    policy.resumed(7)
    day = last + 86_400
    policy.fell_silent(7)
    found = rotations(policy, range(day, day + 100))
    assert found[:2] == [day, day + PAUSE_FIRST_S]


def test_the_address_is_to_blame_when_most_streams_never_came() -> None:
    assert is_wrong_route(streams=10, awaited=6)
    assert not is_wrong_route(streams=10, awaited=5)
    assert not is_wrong_route(streams=1, awaited=0)
