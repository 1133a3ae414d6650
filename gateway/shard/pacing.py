"""When the next control frame may go out. Pure: times are passed in (s).

The venue closes a connection that sends more than 5 (spot) or 10 (futures) frames a second, pings
and pongs counted (web-socket-streams.md, "WebSocket Limits"). A token bucket that holds one token:
frames leave evenly, so that no second sees a burst, and a pong that had to go at once is paid for
by what follows it.
"""

from __future__ import annotations

from dataclasses import dataclass

BURST = 1.0
ROUNDING = 1e-6  # of a frame: sums of floats do not come out even


@dataclass(slots=True)
class Pace:
    """The budget of one connection; ``per_second`` is what the venue allows, less a reserve."""

    per_second: float
    _tokens: float = BURST
    _at: float = 0.0

    def wait(self, now: float) -> float:
        """Seconds until a frame may go; 0: now."""
        self._refill(now)
        missing = BURST - self._tokens
        return missing / self.per_second if missing > ROUNDING else 0.0

    def spend(self, now: float) -> None:
        """Count a frame that went out, whether there was room for it or not."""
        self._refill(now)
        # What lies more than a second back does not count with the venue either.
        self._tokens = max(self._tokens - 1.0, BURST - 1.0 - self.per_second)

    def _refill(self, now: float) -> None:
        grown = self._tokens + max(0.0, now - self._at) * self.per_second
        self._tokens, self._at = min(BURST, grown), now
