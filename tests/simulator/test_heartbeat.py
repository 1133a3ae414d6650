"""The server's pings and what it makes of the pongs."""

from __future__ import annotations

import pytest

from gateway.simulator.heartbeat import PING_RULES, Act, Heartbeat, PingRule, pings_every
from gateway.simulator.names import Market

RULE = PingRule(interval_s=20.0, deadline_s=60.0)


def test_rules_are_those_of_the_venue() -> None:
    assert PING_RULES[Market.SPOT] == PingRule(20.0, 60.0)
    assert PING_RULES[Market.USDM] == PING_RULES[Market.COINM] == PingRule(180.0, 600.0)


def test_deadlines_keep_their_proportion_to_another_interval() -> None:
    rules = pings_every(1.5)
    assert rules[Market.SPOT] == PingRule(1.5, 4.5)
    assert rules[Market.USDM] == rules[Market.COINM] == PingRule(1.5, 5.0)


def test_ping_is_due_after_each_interval() -> None:
    heartbeat = Heartbeat(RULE, 100.0)
    assert heartbeat.act(119.9) is Act.WAIT
    assert heartbeat.wake_at() == 120.0
    assert heartbeat.act(120.0) is Act.PING
    heartbeat.on_ping_sent(b"1", 120.0)
    assert heartbeat.act(139.0) is Act.WAIT
    assert heartbeat.act(140.0) is Act.PING


def test_connection_ends_when_the_oldest_ping_stays_unanswered() -> None:
    heartbeat = Heartbeat(RULE, 0.0)
    for now in (20.0, 40.0, 60.0):
        heartbeat.on_ping_sent(str(now).encode(), now)
    assert heartbeat.wake_at() == 80.0
    assert heartbeat.act(79.0) is Act.WAIT
    assert heartbeat.act(80.0) is Act.CLOSE


@pytest.mark.parametrize(
    ("pong", "expected"), [(b"20", Act.PING), (b"40", Act.PING), (b"", Act.CLOSE)]
)
def test_only_a_pong_that_copies_a_ping_keeps_the_connection(pong: bytes, expected: Act) -> None:
    heartbeat = Heartbeat(RULE, 0.0)
    heartbeat.on_ping_sent(b"20", 20.0)
    heartbeat.on_ping_sent(b"40", 40.0)
    heartbeat.on_pong(pong)
    assert heartbeat.act(80.0) is expected
