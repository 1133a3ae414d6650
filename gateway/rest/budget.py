"""How much REST weight may be spent, and when. Pure: ``now`` is passed in, in seconds.

Binance counts weight in fixed clock minutes (rest-api.md, LIMITS). A sliding minute is stricter
than any fixed one, so no fixed minute can go over; a fifth is left to other programs behind the
same address. After 429 or 418 nothing is asked of that pool until the venue's time has come.
"""

from __future__ import annotations

from collections import deque

WINDOW_SECONDS = 60.0
NO_RETRY_AFTER_SECONDS = {429: 60.0, 418: 120.0}  # the shortest ban is 2 minutes
_WAIT_SECONDS_MIN = 0.001


class WeightBudget:
    """The weight of one pool (an address and, on futures, both markets of it)."""

    def __init__(self, weight_per_minute: int, reserve: float) -> None:
        self.weight_max = int(weight_per_minute * (1 - reserve))
        self.held_until = float("-inf")
        self._spent: deque[tuple[float, int]] = deque()
        self._total = 0

    def ask(self, now: float, weight: int) -> float:
        """Spend ``weight`` and return 0, or spend nothing and return the seconds to wait.

        A call dearer than the whole budget is let through when nothing else was spent.
        """
        if now < self.held_until:
            return self.held_until - now
        self._forget(now)
        excess = self._total + weight - self.weight_max
        if excess <= 0 or not self._spent:
            self._spend(now, weight)
            return 0.0
        return self._time_to_free(min(excess, self._total), now)

    def spent(self, now: float) -> int:
        """Return the weight spent in the last minute."""
        self._forget(now)
        return self._total

    def observe(self, now: float, used: int) -> None:
        """Take in the venue's own count (X-MBX-USED-WEIGHT-1M), which others also add to."""
        self._forget(now)
        if used > self._total:
            self._spend(now, used - self._total)

    def hold(self, now: float, status: int, retry_after: float | None) -> float:
        """Take in a 429 or 418 and return how long nothing may be asked, in seconds."""
        wait = NO_RETRY_AFTER_SECONDS[status] if retry_after is None else retry_after
        self.held_until = max(self.held_until, now + wait)
        return self.held_until - now

    def _spend(self, now: float, weight: int) -> None:
        self._spent.append((now, weight))
        self._total += weight

    def _forget(self, now: float) -> None:
        while self._spent and self._spent[0][0] <= now - WINDOW_SECONDS:
            self._total -= self._spent.popleft()[1]

    def _time_to_free(self, weight: int, now: float) -> float:
        freed = 0
        for at, spent in self._spent:
            freed += spent
            if freed >= weight:
                # Never 0, which would mean granted: at + 60 - now may round down to it.
                return max(at + WINDOW_SECONDS - now, _WAIT_SECONDS_MIN)
        raise AssertionError("more weight to free than was spent")


def retry_after_seconds(header: str | None) -> float | None:
    """Read a Retry-After header (whole seconds at Binance); None where absent or unreadable."""
    if header is None or not header.strip().isdecimal():
        return None
    return float(header)
