"""Which handshakes a market's host refuses. Pure: time is handed in.

Venue rule: 300 attempts within 5 minutes and IP address (web-socket-streams.md "WebSocket Limits");
an address whose connections are disconnected repeatedly for their rate may be banned. How long such
a ban lasts is not documented for streams; taken from REST, whose bans last from 2 minutes on and
grow up to 3 days (rest-api.md "IP Limits"). All clients on loopback are one address.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from dataclasses import dataclass
from typing import Final

import orjson

ATTEMPTS_SPAN_S: Final = 300.0
OFFENCES_SPAN_S: Final = 300.0
BAN_S: Final = 120.0
BAN_MAX_S: Final = 3 * 86_400.0
ANSWERS_KEPT: Final = 1_000
_SWITCHING: Final = 101  # Switching Protocols: let in
REFUSALS: Final = {
    403: "Forbidden by the firewall.",
    418: "Way too many requests; IP banned.",
    429: "Too many connection attempts; the limit is {attempts} in 5 minutes.",
    451: "Service unavailable from a restricted location.",
    503: "Service Unavailable.",
}
_CODES: Final = {418: -1003, 429: -1003}


@dataclass(frozen=True, slots=True)
class Refusal:
    """A handshake that is answered with HTTP ``status``."""

    status: int
    body: bytes
    retry_after_s: int | None = None


class Door:
    """Judges the handshakes of one market's host."""

    def __init__(self, attempts: int, offences: int) -> None:
        self.attempts = attempts
        self.offences = offences
        self.refused: Counter[int] = Counter()
        self.offended = 0
        self.answered: deque[tuple[float, int]] = deque(maxlen=ANSWERS_KEPT)  # when, HTTP status
        self._knocks: deque[float] = deque()
        self._offences: deque[float] = deque()
        self._banned_until = -math.inf
        self._ban_s = BAN_S
        self._ordered: tuple[int, float, int | None] | None = None  # status, how many, retry after

    def knock(self, now: float) -> Refusal | None:
        """Count an attempt; return how it is refused, or None."""
        self._knocks.append(now)
        _forget(self._knocks, now - ATTEMPTS_SPAN_S)
        refusal = self._ordered_refusal() or self._ban(now) or self._excess(now)
        if refusal is not None:
            self.refused[refusal.status] += 1
        self.answered.append((now, _SWITCHING if refusal is None else refusal.status))
        return refusal

    @property
    def is_overrun(self) -> bool:
        """Say whether more than the allowed attempts were made within 5 minutes."""
        return len(self._knocks) > self.attempts

    def order(self, status: int | None, count: int | None, retry_after_s: int | None) -> None:
        """Refuse the next ``count`` handshakes (None: all) with ``status``; None: no more."""
        many = math.inf if count is None else count
        self._ordered = None if status is None else (status, many, retry_after_s)

    def offend(self, now: float) -> None:
        """Note that a connection was closed for its rate; some of that ban the address."""
        self.offended += 1
        self._offences.append(now)
        _forget(self._offences, now - OFFENCES_SPAN_S)
        if self.offences and len(self._offences) >= self.offences:
            self._offences.clear()
            self._banned_until = now + self._ban_s
            self._ban_s = min(self._ban_s * 2, BAN_MAX_S)

    def pardon(self) -> None:
        """Forget attempts, offences and bans."""
        self._knocks.clear()
        self._offences.clear()
        self._banned_until, self._ban_s = -math.inf, BAN_S

    def _ordered_refusal(self) -> Refusal | None:
        if self._ordered is None:
            return None
        status, left, retry_after_s = self._ordered
        self._ordered = (status, left - 1, retry_after_s) if left > 1 else None
        return self._refusal(status, retry_after_s)

    def _ban(self, now: float) -> Refusal | None:
        if now >= self._banned_until:
            return None
        return self._refusal(418, math.ceil(self._banned_until - now))

    def _excess(self, now: float) -> Refusal | None:
        if not self.is_overrun:
            return None
        # when so many attempts are forgotten that another one fits
        oldest = self._knocks[-self.attempts] if self.attempts else now
        return self._refusal(429, math.ceil(oldest + ATTEMPTS_SPAN_S - now) or 1)

    def _refusal(self, status: int, retry_after_s: int | None) -> Refusal:
        text = REFUSALS[status].format(attempts=self.attempts)
        body = orjson.dumps({"code": _CODES.get(status, 0), "msg": text})
        return Refusal(status, body, retry_after_s)


def _forget(times: deque[float], until: float) -> None:
    while times and times[0] <= until:
        times.popleft()
