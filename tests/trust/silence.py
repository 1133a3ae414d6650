"""How long a stream may be silent, worked out from what was delivered. Pure.

The written rule: at ten times the interval that is to be expected, and never before 3 s. Expected
is the mean interval, or a third of the longest pause that the market itself made, if that is more.
A stream of which little was heard yet has 30 s. What a fault made is no pause of the market's: not
an interval in which a connection was lost, nor one that broke the limit and ends with something
missing. One that broke it and ends with nothing missing lengthens it by half at most. Where the
venue says how often it sends, that is expected; what comes with rare events alone is not judged.
"""

from __future__ import annotations

import math

LEAST_NS = 3_000_000_000
FIRST_NS = 30_000_000_000
FRAMES_MIN = 16
TIMES = 10
PAUSE_SHARE = 3
GROWTH = 1.5


class Silence:
    """Of one stream; times in ns on any clock."""

    def __init__(self, expected_ns: int = 0, is_seldom: bool = False) -> None:
        """``expected_ns``: between two frames by the venue's documents, 0: as its market moves."""
        self._fixed = math.inf if is_seldom else max(LEAST_NS, TIMES * expected_ns)
        self._is_fixed = is_seldom or bool(expected_ns)
        self.since_ns = 0  # the last frame, or when silence began to count
        self._frames = 0
        self._mean_ns = 0.0
        self._pause_ns = 0.0
        self._is_interrupted = True

    @property
    def limit_ns(self) -> float:
        if self._is_fixed:
            return self._fixed
        measured = max(LEAST_NS, TIMES * self._mean_ns, TIMES * self._pause_ns / PAUSE_SHARE)
        return measured if self._frames >= FRAMES_MIN else max(FIRST_NS, measured)

    def heard(self, now_ns: int, is_missing: bool) -> None:
        """A frame came; ``is_missing``: something before it did not."""
        interval, limit = now_ns - self.since_ns, self.limit_ns
        self.since_ns = now_ns
        self._frames += 1
        was_interrupted, self._is_interrupted = self._is_interrupted, False
        if was_interrupted or (interval > limit and is_missing):
            return
        if interval > limit and not self._is_fixed:
            interval = round(limit * GROWTH * PAUSE_SHARE / TIMES)
        self._mean_ns += (interval - self._mean_ns) / min(FRAMES_MIN, max(1, self._frames - 1))
        self._pause_ns = max(self._pause_ns, interval)

    def interrupt(self, now_ns: int) -> None:
        """A connection came or went, or the gateway itself stood still: silence counts anew."""
        self.since_ns = max(self.since_ns, now_ns)
        self._is_interrupted = True
