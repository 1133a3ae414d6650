"""How long refusals keep us away."""

from __future__ import annotations

import pytest

from gateway.shard.refusal import (
    BANNED_S,
    FAULT_FIRST_S,
    FAULT_MAX_S,
    FORBIDDEN_S,
    FORGIVEN_S,
    HOLD_MAX_S,
    LIMITED_S,
    NAMES_MIN,
    Caution,
    Ending,
    hold_of,
)

NOW = 1_770_000_000.0


@pytest.mark.parametrize(
    ("ending", "seconds"),
    [
        (Ending("", status=403), FORBIDDEN_S),
        (Ending("", status=451), FORBIDDEN_S),
        (Ending("", status=429), LIMITED_S),
        (Ending("", status=429, retry_after="7"), 7.0),
        (Ending("", status=418, retry_after="120"), 120.0),
        (Ending("", status=418), BANNED_S),
        (Ending("", status=418, body=b"IP banned until 1770000090000. Please"), 90.0),
        (Ending("", status=418, body=b"IP banned until 1769999999000."), BANNED_S),
        (Ending("", status=418, retry_after="99999999"), HOLD_MAX_S),
        (Ending("", status=429, retry_after="Wed, 21 Oct 2026 07:28:00 GMT"), LIMITED_S),
        (Ending("", status=429, retry_after="-5"), LIMITED_S),
    ],
)
def test_a_refusal_is_for_as_long_as_its_class_says(ending: Ending, seconds: float) -> None:
    hold = hold_of(ending, NOW)
    assert hold is not None
    assert hold.seconds == seconds
    assert f"HTTP {ending.status}" in hold.why


@pytest.mark.parametrize("status", [0, 400, 404, 500, 502, 503])
def test_weather_is_left_to_ordinary_back_off(status: int) -> None:
    assert hold_of(Ending("", status=status, retry_after="60"), NOW) is None


def test_faults_of_ours_make_waits_longer_batches_smaller_and_the_pace_slower() -> None:
    caution = Caution()
    assert (caution.names(200), caution.per_second(8)) == (200, 8)
    waits = [caution.fault(now) for now in range(10)]
    assert waits[:3] == [FAULT_FIRST_S, 2 * FAULT_FIRST_S, 4 * FAULT_FIRST_S]
    assert max(waits) <= FAULT_MAX_S
    assert NAMES_MIN <= caution.names(200) < 200
    assert 0 < caution.per_second(3) < 1


def test_an_hour_without_a_fault_forgives_all() -> None:
    caution = Caution()
    caution.fault(0.0)
    caution.forgive(FORGIVEN_S - 1)
    assert caution.level == 1
    caution.forgive(FORGIVEN_S)
    assert (caution.level, caution.names(200)) == (0, 200)
