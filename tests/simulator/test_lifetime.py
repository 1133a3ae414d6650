"""The end of a connection, and the notice of it."""

from __future__ import annotations

import pytest

from gateway.simulator.lifetime import Lifetime, Turn, server_shutdown
from gateway.simulator.names import Market
from gateway.simulator.rules import Rules


def test_connection_lives_for_a_day_of_its_own() -> None:
    first, second = Lifetime(100.0, 86_400.0), Lifetime(5_000.0, 86_400.0)
    assert (first.wake_at(), second.wake_at()) == (86_500.0, 91_400.0)
    assert (first.turn(86_499.9), first.turn(86_500.0)) == (Turn.LIVE, Turn.CUT)
    assert second.turn(86_500.0) is Turn.LIVE


def test_notice_is_given_once_before_the_end() -> None:
    life = Lifetime(0.0, 10.0, notice_s=2.0)
    assert life.turn(7.9) is Turn.LIVE
    assert life.wake_at() == 8.0
    assert life.turn(8.0) is Turn.NOTICE
    life.on_notice_sent()
    assert life.turn(8.0) is Turn.LIVE
    assert life.wake_at() == 10.0


@pytest.mark.parametrize(
    ("rules", "market", "notice_s"),
    [
        (Rules(), Market.SPOT, 600.0),
        (Rules(), Market.USDM, None),
        (Rules(), Market.COINM, None),
        (Rules(day_s=144.0), Market.SPOT, 1.0),
        (Rules(day_s=10.0, notice_s=3.0), Market.SPOT, 3.0),
        (Rules(day_s=10.0, notice_s=30.0), Market.SPOT, 10.0),
    ],
)
def test_only_spot_gives_notice(rules: Rules, market: Market, notice_s: float | None) -> None:
    assert rules.notice_of(market) == (notice_s if notice_s is None else pytest.approx(notice_s))


def test_notice_has_the_form_of_the_connection() -> None:
    assert server_shutdown(False, 1_770_123_456_789) == (
        b'{"e":"serverShutdown","E":1770123456789}'
    )
    assert server_shutdown(True, 1_770_123_456_789) == (
        b'{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770123456789}}'
    )
