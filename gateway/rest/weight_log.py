"""The log of spent weight as it lies in the file: its times, its ageing, a boot of the host. Pure.

Times are seconds since the host booted (CLOCK_MONOTONIC, with the boot's id): all processes share
them and nobody can set them, so that a step of the wall clock changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import msgspec

WINDOW_SECONDS: Final = 60.0
CALL_SECONDS_MAX: Final = 120.0  # no call is on its way for longer
HOLD_SECONDS_MAX: Final = 3 * 86_400.0  # of bans: 2 minutes to 3 days (rest-api.md, LIMITS)
POOLS_MAX: Final = 64
_GRAINS_A_SECOND: Final = 10  # answers within a tenth of a second are one entry of the log

Spent = tuple[float, int]  # when (s since boot), weight


class Pool(msgspec.Struct):
    """What one address has spent of a pool; ``held_wall``: the hold's end by the wall clock."""

    spent: list[Spent] = []
    on_way: dict[str, list[Spent]] = {}  # by process: when the call is given up at the latest
    held_at: float = 0.0
    held_until: float = 0.0
    held_wall: float = 0.0
    status: int = 0
    limits: dict[str, int] = {}  # a minute, by market, as its exchangeInfo said


class Weights(msgspec.Struct):
    """The content of the file. ``boot``: whose seconds these are; ``seen``: the last change."""

    boot: str = ""
    seen: float = 0.0
    seen_wall: float = 0.0
    pools: dict[str, Pool] = {}


@dataclass(frozen=True, slots=True)
class Moment:
    """Now: the boot's id, seconds since then, and the wall clock's seconds."""

    boot: str
    mono: float
    wall: float


def pool_of(content: Weights, key: str, now: Moment) -> Pool:
    """Return a key's pool; bring all up to now and drop those that say nothing any more."""
    for name, pool in list(content.pools.items()):
        age(pool, now.mono)
        if _is_idle(pool, now.mono) and not pool.limits:
            del content.pools[name]
    found = content.pools.pop(key, None) or Pool()
    while len(content.pools) >= POOLS_MAX:
        idle = (name for name, pool in content.pools.items() if _is_idle(pool, now.mono))
        del content.pools[next(idle, next(iter(content.pools)))]
    content.pools[key] = found
    return found


def _is_idle(pool: Pool, now: float) -> bool:
    return not pool.spent and not pool.on_way and pool.held_until <= now


def age(pool: Pool, now: float) -> None:
    """Drop what no minute from now on can have in it."""
    oldest, newest = now - WINDOW_SECONDS, now + CALL_SECONDS_MAX
    # An entry from further ahead than any call can be is a damaged one: it counts from there.
    pool.spent = [(min(at, newest), w) for at, w in pool.spent if at > oldest and w > 0]
    pool.on_way = {
        holder: left
        for holder, calls in pool.on_way.items()
        if (left := [(min(at, newest), w) for at, w in calls if at > oldest and w > 0])
    }
    if pool.held_until > now + HOLD_SECONDS_MAX:
        pool.held_until = now + HOLD_SECONDS_MAX


def rebase(content: Weights, now: Moment) -> None:
    """Tell all times in seconds of this boot, and note the moment."""
    if content.boot != now.boot:
        for pool in content.pools.values():
            _after_boot(pool, content, now)
    content.boot, content.seen, content.seen_wall = now.boot, now.mono, now.wall


def join(content: Weights, kept: Weights) -> None:
    """Add what a process kept in memory while it could not use the file.

    What both have counts twice, until it is a minute old: never less is counted than was spent.
    """
    if content.boot != kept.boot:  # the file is an older boot's, or empty
        if not content.pools:
            content.boot, content.seen, content.seen_wall = kept.boot, kept.seen, kept.seen_wall
        else:
            rebase(content, Moment(kept.boot, kept.seen, kept.seen_wall))
    for key, own in kept.pools.items():
        pool = content.pools.setdefault(key, Pool())
        pool.spent = merged([*pool.spent, *own.spent])
        pool.on_way |= own.on_way
        pool.limits |= own.limits
        if own.held_until > pool.held_until:
            pool.held_at, pool.held_until = own.held_at, own.held_until
            pool.held_wall, pool.status = own.held_wall, own.status


def _after_boot(pool: Pool, content: Weights, now: Moment) -> None:
    # All of it was spent before the host came up, which is the latest that it can have been.
    pool.spent = [(0.0, sum(w for at, w in entries(pool) if w > 0))]
    pool.on_way = {}
    # A ban goes on while the host is down: the wall clock tells how long that was, unless it was
    # set back; then what was left of the ban begins anew.
    left = max(0.0, pool.held_until - content.seen)
    if now.wall >= content.seen_wall:
        left = min(left, max(0.0, pool.held_wall - now.wall))
    pool.held_at, pool.held_until = now.mono, now.mono + left


def entries(pool: Pool) -> Iterator[Spent]:
    """Yield what counts, in no order."""
    yield from pool.spent
    for calls in pool.on_way.values():
        yield from calls


def total(pool: Pool) -> int:
    """Return the weight of the last minute, calls on their way included."""
    return sum(weight for _, weight in entries(pool))


def grain(at: float) -> float:
    """Return the moment, never an earlier one, under which the log keeps ``at``."""
    return math.ceil(at * _GRAINS_A_SECOND) / _GRAINS_A_SECOND


def merged(spent: list[Spent]) -> list[Spent]:
    """Return the entries in order, those of one moment as one."""
    weights: dict[float, int] = {}
    for at, weight in spent:
        weights[at] = weights.get(at, 0) + weight
    return sorted(weights.items())
