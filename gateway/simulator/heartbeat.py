"""The server's pings and the deadline of the pongs. Pure: time is handed in.

Venue rule: the server pings (spot every 20 s, futures every 3 min) with the time in ms; a client
whose pong does not come in time (spot 1 min, futures 10 min) is disconnected. A pong must copy the
payload; an unsolicited one is allowed and keeps nothing alive (web-socket-streams.md,
websocket-market-streams.md).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

from gateway.simulator.names import Market


@dataclass(frozen=True, slots=True)
class PingRule:
    """Seconds between pings, and seconds within which a ping must be answered."""

    interval_s: float
    deadline_s: float


PING_RULES: Final = {
    Market.SPOT: PingRule(20.0, 60.0),
    Market.USDM: PingRule(180.0, 600.0),
    Market.COINM: PingRule(180.0, 600.0),
}


def pings_every(seconds: float) -> dict[Market, PingRule]:
    """Return the rules with another interval; the deadlines keep their proportion to it."""
    return {
        market: PingRule(seconds, seconds * rule.deadline_s / rule.interval_s)
        for market, rule in PING_RULES.items()
    }


class Act(enum.Enum):
    """What a heartbeat asks its connection to do."""

    WAIT = enum.auto()
    PING = enum.auto()
    CLOSE = enum.auto()


class Heartbeat:
    """One connection's pings; ``now`` is monotonic seconds."""

    def __init__(self, rule: PingRule, now: float) -> None:
        self._rule = rule
        self._next_ping = now + rule.interval_s
        self._unanswered: dict[bytes, float] = {}

    def act(self, now: float) -> Act:
        """Say what is due."""
        oldest = next(iter(self._unanswered.values()), None)
        if oldest is not None and now - oldest >= self._rule.deadline_s:
            return Act.CLOSE
        return Act.PING if now >= self._next_ping else Act.WAIT

    def on_ping_sent(self, payload: bytes, now: float) -> None:
        """Wait for the pong of this ping."""
        self._unanswered.setdefault(payload, now)
        self._next_ping = now + self._rule.interval_s

    def on_pong(self, payload: bytes) -> None:
        """Take a pong; one that copies no ping of ours changes nothing."""
        if payload in self._unanswered:
            self._unanswered.clear()

    def wake_at(self) -> float:
        """Return when to ask again."""
        oldest = next(iter(self._unanswered.values()), None)
        deadline = self._next_ping if oldest is None else oldest + self._rule.deadline_s
        return min(self._next_ping, deadline)
