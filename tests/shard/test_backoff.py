"""Delays between connection attempts."""

from __future__ import annotations

from gateway.shard.backoff import CAP_S, FIRST_MAX_S, FIRST_MIN_S, Backoff


def test_first_retry_lies_within_one_to_five_seconds() -> None:
    assert Backoff().next_delay(0.0) == FIRST_MIN_S
    assert Backoff().next_delay(0.999) < FIRST_MAX_S


def test_later_retries_spread_up_to_a_minute_and_no_further() -> None:
    backoff = Backoff()
    ceilings = [backoff.next_delay(0.999999) for _ in range(8)]
    assert ceilings == sorted(ceilings)
    assert ceilings[1] > FIRST_MAX_S
    assert 0.99 * CAP_S < ceilings[-1] <= CAP_S


def test_jitter_is_full_so_that_many_clients_do_not_come_at_once() -> None:
    backoff = Backoff(attempts=5)
    assert backoff.next_delay(0.0) == FIRST_MIN_S


def test_success_starts_over() -> None:
    backoff = Backoff(attempts=5)
    backoff.reset()
    assert backoff.next_delay(0.5) == (FIRST_MIN_S + FIRST_MAX_S) / 2
