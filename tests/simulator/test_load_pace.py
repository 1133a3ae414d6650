"""Which streams of the load market are due, and how the rate is shared."""

from __future__ import annotations

from collections import Counter

import pytest

from gateway.simulator.load_pace import Wheel, period_ms, periodic_rate, real_time_rate
from gateway.simulator.names import parse_key


@pytest.mark.parametrize(
    ("key", "period"),
    [
        ("spot:a@bookTicker", 0),
        ("usdm:a@trade", 0),
        ("coinm:ausd_perp@aggTrade", 0),
        ("spot:a@depth@100ms", 100),
        ("usdm:a@depth@100ms", 100),
        ("usdm:a@ticker", 1000),
        ("coinm:ausd_perp@miniTicker", 1000),
        ("usdm:a@kline_1m", 2000),
        ("usdm:a@markPrice", 3000),
        ("usdm:a@markPrice@1s", 1000),
        ("spot:a@depth", None),
        ("usdm:a@depth@500ms", None),
        ("spot:a@kline_1h", None),
        ("spot:a@kline_1m@+08:00", None),
        ("spot:a@avgPrice", None),
        ("usdm:!ticker@arr", None),
        ("usdm:!bookTicker", None),
        ("spot:a@nonsense", None),
    ],
)
def test_each_stream_has_its_pace(key: str, period: int | None) -> None:
    assert period_ms(parse_key(key)) == period


def test_streams_in_real_time_share_what_the_others_leave() -> None:
    periods = [100] * 10 + [1000] * 10 + [2000] * 10
    assert periodic_rate(periods) == pytest.approx(115)
    assert real_time_rate(500, periods) == pytest.approx(385)
    assert real_time_rate(100, periods) == 0


def test_each_stream_comes_up_once_a_period_evenly_spread() -> None:
    wheel, fired = Wheel(), []
    wheel.load([lambda ms, n=n: fired.append((n, ms)) for n in range(7)], 1_000_000, 0)
    for step in range(1, 31):
        wheel.turn(step * 100_000, step)
    assert [n for n, _ in fired] == list(range(7)) * 3
    assert max(Counter(ms for _, ms in fired).values()) == 1


def test_small_and_large_steps_bring_the_same() -> None:
    found = []
    for steps in (1, 50):
        wheel, fired = Wheel(), []
        wheel.load([lambda _, n=n, f=fired: f.append(n) for n in range(3)], 700, 0)
        for step in range(1, steps + 1):
            wheel.turn(10_000 * step // steps, 0)
        found.append(fired)
    assert found[0] == found[1]
    assert len(found[0]) == 10_000 * 3 // 700


def test_wheel_goes_on_where_it_stood_with_other_streams() -> None:
    wheel, fired = Wheel(), []
    fires = [lambda _, n=n: fired.append(n) for n in range(4)]
    wheel.load(fires, 400, 0)
    wheel.turn(200, 0)
    wheel.load([*fires, lambda _: fired.append(4)], 500, 200)
    wheel.turn(700, 0)
    assert fired == [0, 1, 2, 3, 4, 0, 1]
    wheel.load([], 500, 700)
    wheel.turn(10_000, 0)
    assert len(fired) == 7
