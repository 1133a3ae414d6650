"""When a connection that delivers late is replaced. Pure: times are passed in (s).

One late frame is weather. Lateness that lasts for 10 s is a reason for a new connection; but where
the new one is no quicker, the fault lies elsewhere, and the next try waits ever longer.
"""

from __future__ import annotations

from dataclasses import dataclass, field

LASTING_S = 10.0
PAUSE_FIRST_S = 60.0
PAUSE_MAX_S = 3600.0


@dataclass(slots=True)
class LagWatch:
    """The lateness of a connection's two links, by side."""

    limit_s: float
    _since: dict[int, float] = field(default_factory=dict)
    _pause: float = 0.0
    _not_before: float = 0.0

    def judge(self, side: int, lag_s: float, now: float) -> bool:
        """Whether the link is to be replaced now."""
        if lag_s <= self.limit_s:
            self._since.pop(side, None)
            return False
        since = self._since.setdefault(side, now)
        if now - since < LASTING_S or now < self._not_before:
            return False
        self._wait_longer(now)
        del self._since[side]
        return True

    def forget(self, side: int) -> None:
        """The link is gone; its successor begins anew."""
        self._since.pop(side, None)

    def _wait_longer(self, now: float) -> None:
        is_first = not self._pause or now - self._not_before >= PAUSE_MAX_S
        self._pause = PAUSE_FIRST_S if is_first else min(PAUSE_MAX_S, 2 * self._pause)
        self._not_before = now + self._pause
