"""The limit of messages a second."""

from __future__ import annotations

import pytest

from gateway.simulator.message_rate import MessageRate, Standstill
from gateway.simulator.names import Market
from gateway.simulator.rules import Rules


def test_limits_are_those_of_the_venue() -> None:
    assert Rules().messages == {Market.SPOT: 5, Market.USDM: 10, Market.COINM: 10}


@pytest.mark.parametrize("limit", [5, 10])
def test_one_message_more_than_the_limit_within_a_second_is_too_many(limit: int) -> None:
    rate = MessageRate(limit)
    assert all(rate.take(10.0 + number / limit * 0.9) for number in range(limit))
    assert not rate.take(10.95)


def test_any_second_counts_not_the_clocks() -> None:
    rate = MessageRate(5)
    assert all(rate.take(now) for now in (0.7, 0.8, 0.9, 1.1, 1.2))
    assert not rate.take(1.69)


def test_message_may_come_a_second_after_the_first_of_as_many_as_are_allowed() -> None:
    rate = MessageRate(4)
    assert all(rate.take(number * 0.25) for number in range(500))


def test_messages_found_after_a_standstill_are_judged_over_it() -> None:
    rate = MessageRate(5)
    assert all(rate.take(10.0, stood_still_s=2.0) for _ in range(15))
    assert not rate.take(10.0, stood_still_s=2.0)


def test_loop_that_ticks_in_time_did_not_stand_still() -> None:
    standstill = Standstill(0.05, 0.0)
    for number in range(1, 100):
        standstill.tick(number * 0.06)
    assert standstill.seconds(99 * 0.06 + 0.05) == 0.0


def test_standstill_is_seen_before_the_late_tick_and_for_a_second_after_it() -> None:
    standstill = Standstill(0.05, 0.0)
    assert standstill.seconds(3.05) == pytest.approx(3.0)
    standstill.tick(3.05)
    assert standstill.seconds(3.06) == pytest.approx(3.0)
    for number in range(1, 20):
        standstill.tick(3.05 + number * 0.05)
    assert standstill.seconds(4.04) == pytest.approx(3.0)
    standstill.tick(4.05)
    assert standstill.seconds(4.05) == 0.0
