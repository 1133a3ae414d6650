"""Delays before a restart, with times as plain numbers."""

from __future__ import annotations

from gateway.supervisor.restart import RestartDelay


def test_first_restart_is_immediate_and_then_ever_later() -> None:
    delay = RestartDelay()
    assert [delay.next(0.0) for _ in range(8)] == [0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0]


def test_shard_that_was_live_for_five_seconds_has_recovered() -> None:
    delay = RestartDelay()
    for _ in range(6):
        delay.next(4.9)
    assert delay.next(5.0) == 0.0
    assert delay.next(1.0) == 0.5


def test_delay_stays_bounded_for_ever() -> None:
    delay = RestartDelay()
    for _ in range(5000):
        last = delay.next(0.0)
    assert last == 10.0
