"""The weight budget, with times as plain numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.rest.budget import WeightBudget, retry_after_seconds


def test_reserve_is_left_to_others() -> None:
    assert WeightBudget(6000, 0.2).weight_max == 4800
    assert WeightBudget(2400, 0.2).weight_max == 1920


def test_weight_is_granted_until_the_minute_is_full() -> None:
    budget = WeightBudget(100, 0.2)
    assert budget.ask(0.0, 50) == 0
    assert budget.ask(10.0, 30) == 0
    assert budget.ask(20.0, 1) == 40.0
    assert budget.spent(20.0) == 80


def test_refused_weight_is_not_spent() -> None:
    budget = WeightBudget(100, 0.2)
    budget.ask(0.0, 80)
    for _ in range(5):
        assert budget.ask(1.0, 10) == 59.0
    assert budget.ask(60.0, 80) == 0


def test_wait_is_until_enough_has_aged_not_until_all_has() -> None:
    budget = WeightBudget(100, 0.2)
    budget.ask(0.0, 20)
    budget.ask(30.0, 60)
    assert budget.ask(31.0, 10) == 29.0
    assert budget.ask(31.0, 30) == 59.0


def test_call_dearer_than_the_budget_passes_when_all_is_free() -> None:
    budget = WeightBudget(100, 0.2)
    assert budget.ask(0.0, 250) == 0
    assert budget.ask(1.0, 1) == 59.0


@pytest.mark.parametrize(
    ("status", "retry_after", "wait"),
    [(429, 7.0, 7.0), (429, None, 60.0), (418, 300.0, 300.0), (418, None, 120.0)],
)
def test_nothing_is_asked_until_the_venues_time_has_come(
    status: int, retry_after: float | None, wait: float
) -> None:
    budget = WeightBudget(100, 0.2)
    assert budget.hold(5.0, status, retry_after) == wait
    assert budget.ask(5.0, 1) == wait
    assert budget.ask(4.9 + wait, 1) == pytest.approx(0.1)
    assert budget.ask(5.0 + wait, 1) == 0


def test_shorter_hold_does_not_end_a_longer_one() -> None:
    budget = WeightBudget(100, 0.2)
    budget.hold(0.0, 418, 100.0)
    assert budget.hold(1.0, 429, 5.0) == 99.0


def test_weight_that_others_spent_counts() -> None:
    budget = WeightBudget(100, 0.2)
    budget.ask(0.0, 10)
    budget.observe(1.0, 70)
    assert budget.ask(2.0, 11) > 0
    assert budget.ask(2.0, 10) == 0
    budget.observe(3.0, 15)
    assert budget.spent(3.0) == 80


@given(st.lists(st.tuples(st.floats(0.0, 20.0), st.integers(1, 250)), max_size=120))
def test_no_sliding_minute_is_over_the_limit(calls: list[tuple[float, int]]) -> None:
    budget, now = WeightBudget(600, 0.2), 0.0
    granted: list[tuple[float, int]] = []
    for gap, weight in calls:
        now += gap
        if budget.ask(now, weight) == 0:
            granted.append((now, weight))
    for end, _ in granted:
        assert sum(w for at, w in granted if end - 60.0 < at <= end) <= 480


@given(st.lists(st.tuples(st.floats(0.0, 20.0), st.integers(1, 250)), max_size=60))
def test_what_was_told_to_wait_is_granted_after_that(calls: list[tuple[float, int]]) -> None:
    budget, now = WeightBudget(600, 0.2), 0.0
    for gap, weight in calls:
        now += gap
        while wait := budget.ask(now, weight):
            # A float's last digit may be lost in the addition.
            now += wait + 1e-6
    assert budget.spent(now) <= 480


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), (" 12 ", 12.0), (None, None), ("", None), ("Wed, 21 Oct", None), ("-1", None)],
)
def test_retry_after_is_whole_seconds(header: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(header) == seconds
