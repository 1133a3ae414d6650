"""Who carries what: load over shards, streams over connections, turns of rotation. Pure.

Longest processing time first: the dearest goes first, each to whoever has least. Deterministic.
While a gateway runs, what is placed only weighs; it never moves. From one start to the next as
little moves as keeps the load even.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from zlib import crc32

UNEVEN_MAX: Final = 1.25  # of the fullest against the best that is known; then something moves
RATE_PER_CONNECTION_MAX: Final = 5_000.0  # messages a second, expected; more get another connection
_ROTATION_SPREAD: Final = 1 / 23  # of a connection's age: the last of 23 hours
_GOLDEN: Final = (math.sqrt(5) - 1) / 2


@dataclass(slots=True)
class Line:
    """How full a connection is: streams, and their messages a second together."""

    count: int = 0
    rate: float = 0.0


def spread(
    costs: Mapping[str, float], loads: Sequence[float], homes: Mapping[str, int] | None = None
) -> dict[str, int]:
    """Return who of ``loads`` takes each of ``costs``; ``homes`` had some of them last time.

    What had a home keeps it, unless the fullest would have over ``UNEVEN_MAX`` times what the
    fullest has when all is laid out anew: then as few as will do move from there. Nobody is left
    with nothing to do while another has several: shards are wanted for what dies alone, too.
    """
    fresh = _Lay(costs, loads, {})
    known = homes or {}
    kept = {name: known[name] for name in costs if 0 <= known.get(name, -1) < len(loads)}
    if not kept:
        return fresh.taken
    limit = UNEVEN_MAX * max(fresh.totals)
    lay = _Lay(costs, loads, kept)
    lay.employ_the_idle()
    is_even = lay.level(limit)
    return lay.taken if is_even else fresh.taken


class _Lay:
    """Who has what: what is ``kept`` stays, the rest is placed, the dearest first."""

    def __init__(
        self, costs: Mapping[str, float], loads: Sequence[float], kept: Mapping[str, int]
    ) -> None:
        self.taken = dict[str, int]()
        self.totals = list(loads)
        self._costs = costs
        self._counts = [0] * len(loads)
        for name, number in kept.items():
            self._take(name, number)
        for name, _ in _dearest_first(costs):
            if name not in kept:
                self._take(name, min(range(len(loads)), key=self._fullness))

    def employ_the_idle(self) -> None:
        """Give whoever has nothing the cheapest of the fullest of those that have several."""
        for idle, total in enumerate(list(self.totals)):
            several = [number for number, count in enumerate(self._counts) if count > 1]
            if total == 0.0 and not self._counts[idle] and several:
                mine = self._costs_of(max(several, key=self._fullness))
                self._move(_dearest_first(mine)[-1][0], idle)

    def level(self, limit: float) -> bool:
        """Move from the fullest to the emptiest until nobody has more; return whether it is so."""
        for _ in self._costs:
            fullest, emptiest = max(self.totals), min(self.totals)
            if fullest <= limit:
                break
            mine = self._costs_of(self.totals.index(fullest))
            name = _to_move(mine, fullest - limit, limit - emptiest)
            if name is None:
                break
            self._move(name, self.totals.index(emptiest))
        return max(self.totals) <= limit

    def _fullness(self, number: int) -> tuple[float, int]:
        """Order by load; what costs nothing yet is spread by count."""
        return self.totals[number], self._counts[number]

    def _costs_of(self, number: int) -> dict[str, float]:
        return {name: self._costs[name] for name, taker in self.taken.items() if taker == number}

    def _take(self, name: str, number: int) -> None:
        self.taken[name] = number
        self.totals[number] += self._costs[name]
        self._counts[number] += 1

    def _move(self, name: str, target: int) -> None:
        source = self.taken[name]
        self.totals[source] -= self._costs[name]
        self._counts[source] -= 1
        self._take(name, target)


def _to_move(costs: Mapping[str, float], excess: float, room: float) -> str | None:
    """Return the cheapest one that is enough, else the dearest that has room; None: nothing has."""
    fits = [(name, cost) for name, cost in _dearest_first(costs) if 0 < cost <= room]
    enough = [name for name, cost in fits if cost >= excess]
    return enough[-1] if enough else fits[0][0] if fits else None


def fill(costs: Mapping[str, float], lines: Sequence[Line], streams_max: int) -> dict[str, int]:
    """Return the line that takes each stream; numbers from ``len(lines)`` on are new lines."""
    filled = [Line(line.count, line.rate) for line in lines]
    filled += [Line() for _ in range(_lines_to_add(costs, lines, streams_max))]
    taken = {}
    for name, rate in _dearest_first(costs):
        free = [n for n, line in enumerate(filled) if line.count < streams_max]
        number = min(free, key=lambda n: (filled[n].rate, filled[n].count))
        filled[number].count += 1
        filled[number].rate += rate
        taken[name] = number
    return taken


def rotate_after_s(connection: str, hours: float) -> float:
    """Return the age in seconds at which a connection is replaced: at most ``hours``.

    Connections of one route, numbered at the end of their names, are spread evenly.
    """
    route, _, number = connection.rpartition("/")
    turn = (crc32(route.encode()) / 2**32 + int(number) * _GOLDEN) % 1
    return hours * 3600 * (1 - _ROTATION_SPREAD * turn)


def _lines_to_add(costs: Mapping[str, float], lines: Sequence[Line], streams_max: int) -> int:
    if not costs:
        return 0
    room = sum(max(0, streams_max - line.count) for line in lines)
    by_count = math.ceil(max(0, len(costs) - room) / streams_max)
    rate = sum(costs.values()) + sum(line.rate for line in lines)
    by_rate = min(math.ceil(rate / RATE_PER_CONNECTION_MAX) - len(lines), len(costs))
    return max(by_count, by_rate)


def _dearest_first(costs: Mapping[str, float]) -> list[tuple[str, float]]:
    return sorted(costs.items(), key=lambda item: (-item[1], item[0]))
