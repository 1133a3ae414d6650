"""How long to wait before the next attempt. Pure: random numbers are passed in."""

from __future__ import annotations

from dataclasses import dataclass

FIRST_MIN_S = 1.0  # the venue's guide: wait 1-5 s, reconnect, subscribe again
FIRST_MAX_S = 5.0
CAP_S = 60.0


@dataclass(slots=True)
class Backoff:
    """Delays of one connection: first uniformly within 1-5 s, then full jitter up to 60 s."""

    attempts: int = 0

    def next_delay(self, fraction: float) -> float:
        """Seconds to wait; ``fraction`` is a random number in [0, 1)."""
        self.attempts += 1
        if self.attempts == 1:
            return FIRST_MIN_S + fraction * (FIRST_MAX_S - FIRST_MIN_S)
        ceiling = min(CAP_S, FIRST_MAX_S * 2.0 ** (self.attempts - 1))
        return FIRST_MIN_S + fraction * (ceiling - FIRST_MIN_S)

    def reset(self) -> None:
        """Forget the failures: the venue has answered the subscriptions."""
        self.attempts = 0
