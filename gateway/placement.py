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
    fullest has when all is laid out anew: then as few as will do move from there.
    """
    fresh, totals = _lay(costs, loads, {})
    known = homes or {}
    kept = {name: known[name] for name in costs if 0 <= known.get(name, -1) < len(loads)}
    if not kept:
        return fresh
    limit = UNEVEN_MAX * max(totals)
    taken, totals = _lay(costs, loads, kept)
    for _ in costs:
        if max(totals) <= limit:
            return taken
        source, target = totals.index(max(totals)), totals.index(min(totals))
        name = _to_move(
            {name: costs[name] for name, number in taken.items() if number == source},
            totals[source] - limit,
            limit - totals[target],
        )
        if name is None:
            break
        taken[name] = target
        totals[source] -= costs[name]
        totals[target] += costs[name]
    return taken if max(totals) <= limit else fresh


def _lay(
    costs: Mapping[str, float], loads: Sequence[float], kept: Mapping[str, int]
) -> tuple[dict[str, int], list[float]]:
    """Place what is not ``kept``, the dearest first; return who has what, and how much each has."""
    totals, taken = list(loads), dict(kept)
    for name, number in kept.items():
        totals[number] += costs[name]
    for name, cost in _dearest_first(costs):
        if name not in kept:
            taken[name] = totals.index(min(totals))
            totals[taken[name]] += cost
    return taken, totals


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
