"""How far a replay may run: the pace of its clock, and the gates it waits at.

Pure: no I/O; time is handed in. ``Pacer`` turns elapsed time into a place on the timeline. With
speed ``max`` there is no clock, and ``Gates`` keep a replay from running past the place where the
capture's own recorder had its snapshot before the client has asked for one.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from gateway.errors import UsageError

MAX_SPEED: Final = math.inf


def parse_speed(text: str) -> float:
    """Read ``2.5`` or ``max`` (infinity).

    Raises UsageError.
    """
    if text == "max":
        return MAX_SPEED
    try:
        speed = float(text)
    except ValueError:
        speed = math.nan
    if not (speed > 0 and math.isfinite(speed)):
        raise UsageError(f"--speed {text}", "is not a speed", "give a number above 0, or max")
    return speed


class Pacer:
    """Where on the timeline the replay's clock stands; it can be stopped and run on."""

    def __init__(self, speed: float) -> None:
        self.speed = speed
        self._base_ns = 0  # timeline offset when the clock last began to run
        self._since: float | None = None

    def run(self, now: float) -> None:
        """Let the clock run from ``now`` (monotonic seconds) on."""
        if self._since is None:
            self._since = now

    def stop(self, now: float) -> None:
        """Let the clock stand."""
        self._base_ns, self._since = self.offset_ns(now), None

    def offset_ns(self, now: float) -> int:
        """Return the timeline offset reached; meaningless with speed ``max``."""
        if self._since is None or self.speed == MAX_SPEED:
            return self._base_ns
        return self._base_ns + round((now - self._since) * self.speed * 1e9)

    def due(self, offsets: Sequence[int], now: float) -> int:
        """Return how many frames of a timeline with these offsets are due."""
        if self.speed == MAX_SPEED:
            return len(offsets)
        return bisect_right(offsets, self.offset_ns(now))

    def seconds_until(self, offset_ns: int, now: float) -> float:
        """Return the seconds until the running clock reaches ``offset_ns``."""
        return max(0.0, (offset_ns - self.offset_ns(now)) / 1e9 / self.speed)


class Gates:
    """One gate an instrument, at the position of its captured snapshot.

    A gate holds while the instrument's diff depth is subscribed and its REST depth was not asked.
    """

    def __init__(self, positions: Mapping[str, int]) -> None:
        self._positions = dict(positions)
        self._open: set[str] = set()
        self._watched: frozenset[str] = frozenset()

    def watch(self, names: Iterable[str]) -> None:
        """Say which instruments' diff depth is subscribed now."""
        self._watched = frozenset(names)

    def open(self, name: str) -> None:
        """REST depth of ``name`` was asked for (or waited for in vain)."""
        self._open.add(name)

    def reset(self) -> None:
        """Close all gates: the replay begins anew."""
        self._open.clear()

    def limit(self, position: int, end: int) -> int:
        """Return up to where the replay may run from ``position``, at most ``end``."""
        closed = self._watched - self._open
        places = (self._positions[name] for name in closed if name in self._positions)
        return min([end, *(place for place in places if place >= position)])

    def holding(self, position: int) -> list[str]:
        """Return the instruments whose gates hold the replay at ``position``."""
        closed = self._watched - self._open
        return sorted(name for name in closed if self._positions.get(name) == position)
