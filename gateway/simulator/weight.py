"""Request weight of REST calls, and what becomes of those who use too much. Pure.

Venue rule (rest-api.md "IP Limits", general-info.md): weight is counted within the clock minute
(UTC); over the limit a call is answered 429, which costs weight too; who does not back off after
429s is banned with 418, from 2 minutes up to 3 days. ``Retry-After`` says the seconds to wait.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

MINUTE_NS: Final = 60_000_000_000
REFUSALS_MAX: Final = 10  # calls answered 429 within a minute, before the ban; not documented
BAN_S: Final = 120
BAN_MAX_S: Final = 3 * 86_400


@dataclass(frozen=True, slots=True)
class Spent:
    """What became of a call: ``used`` weight of the minute, and 429 or 418 with its body."""

    used: int
    status: int = 200
    body: bytes = b""
    retry_after_s: int = 0

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the headers that tell it."""
        used = {"X-MBX-USED-WEIGHT-1M": str(self.used)}
        return used if self.status == 200 else {**used, "Retry-After": str(self.retry_after_s)}


class WeightPool:
    """The weight that markets sharing a limit have used in the current minute."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.refused = 0
        self.heaviest = 0  # sliding minute so far: a gateway that keeps to it keeps to the clock's
        self._recent: deque[tuple[int, int]] = deque()  # (ns, weight) of a minute
        self._recent_sum = 0
        self._minute = 0
        self._used = 0
        self._refused_now = 0
        self._banned_until_ns = 0
        self._ban_s = BAN_S

    def spend(self, weight: int, now_ns: int) -> Spent:
        """Count a call."""
        minute = now_ns // MINUTE_NS
        if minute != self._minute:
            self._minute, self._used, self._refused_now = minute, 0, 0
        self._used += weight
        self._slide(weight, now_ns)
        if now_ns < self._banned_until_ns:
            return self._ban(now_ns)
        if self._used <= self.limit:
            return Spent(self._used)
        self._refused_now += 1
        if self._refused_now > REFUSALS_MAX:
            self._banned_until_ns = now_ns + self._ban_s * 1_000_000_000
            self._ban_s = min(self._ban_s * 2, BAN_MAX_S)
            return self._ban(now_ns)
        return self._refuse(429, self._excess(), (minute + 1) * MINUTE_NS - now_ns)

    def _slide(self, weight: int, now_ns: int) -> None:
        self._recent.append((now_ns, weight))
        self._recent_sum += weight
        while self._recent[0][0] <= now_ns - MINUTE_NS:
            self._recent_sum -= self._recent.popleft()[1]
        self.heaviest = max(self.heaviest, self._recent_sum)

    def rate_limits(self) -> list[dict[str, Any]]:
        """Return the limit as exchangeInfo tells it."""
        interval = {"interval": "MINUTE", "intervalNum": 1}
        return [{"rateLimitType": "REQUEST_WEIGHT", **interval, "limit": self.limit}]

    def counted_limits(self, spent: Spent) -> list[dict[str, Any]]:
        """Return the limit with what was used of it, as the WebSocket API tells it."""
        return [{**limit, "count": spent.used} for limit in self.rate_limits()]

    def _excess(self) -> str:
        limit = f"current limit is {self.limit} request weight per 1 MINUTE"
        advice = "Please use WebSocket Streams for live updates to avoid polling the API."
        return f"Too much request weight used; {limit}. {advice}"

    def _ban(self, now_ns: int) -> Spent:
        until_ms = self._banned_until_ns // 1_000_000
        text = f"Way too much request weight used; IP banned until {until_ms}."
        return self._refuse(418, text, self._banned_until_ns - now_ns)

    def _refuse(self, status: int, text: str, wait_ns: int) -> Spent:
        self.refused += 1
        body = orjson.dumps({"code": -1003, "msg": text})
        return Spent(self._used, status, body, retry_after_s=-(-wait_ns // 1_000_000_000))
