"""When a dead shard is started again. Pure: times are passed in, in seconds.

The first restart is immediate, so that a single crash costs readers as little as can be. A shard
that keeps dying is given 0.5 s, then twice as long each time up to 10 s; one that was LIVE for 5 s
has recovered, and the next restart is immediate again. LIVE is the time from its being ready to its
last heartbeat: a shard that hangs at once, and is killed for it later, was never well.
"""

from __future__ import annotations

FIRST_DELAY_SECONDS = 0.5
DELAY_SECONDS_MAX = 10.0
RECOVERED_SECONDS = 5.0


class RestartDelay:
    """The delays of one shard."""

    def __init__(self) -> None:
        self.restarts = 0  # since it last recovered

    def next(self, live: float) -> float:
        """Return the seconds to wait before a restart, after the shard was LIVE for ``live``."""
        if live >= RECOVERED_SECONDS:
            self.restarts = 0
        self.restarts += 1
        if self.restarts == 1:
            return 0.0
        # The exponent is capped too: a float overflows after a thousand restarts.
        doublings = min(self.restarts - 2, 10)
        return float(min(DELAY_SECONDS_MAX, FIRST_DELAY_SECONDS * 2**doublings))
