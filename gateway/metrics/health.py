"""Is the gateway well, and is it ready? Readings in; yes or no and one line why out. Pure.

Well (``/healthz``, for whoever restarts it): every shard beats. A gateway that waits for the venue
or for its shards to come up is well: starting it again would not help, and a shard that never comes
up ends it anyway.

Ready (``/readyz``, for whoever sends readers to it): every shard is up, every stream delivers or
need not, and every book was LIVE at least once. What need not deliver: a stream that comes with
events alone (QUIET), and one whose instrument the venue has halted. A book that is being mended is
no reason: its readers see that in the same read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from gateway.metrics.readings import ShardReading
from gateway_client.status import ShardStatus

NAMED: Final = 3  # in a line
_WELL: Final = frozenset({"DELIVERING", "QUIET"})


class Verdict(NamedTuple):
    """``line`` says why."""

    is_well: bool
    line: str


def healthy(shards: int, readings: Sequence[ShardReading]) -> Verdict:
    """Judge whether every shard beats; ``shards`` are wanted, 0: the venue has not answered yet."""
    dead = [_dead(each.status) for each in readings if not each.status.is_alive]
    if dead:
        return Verdict(False, "; ".join(dead[:NAMED]))
    if not shards:
        return Verdict(True, "ok: waiting for the venue")
    if len(readings) < shards:
        return Verdict(True, f"ok: starting {_count(shards, 'shard')}")
    return Verdict(True, f"ok: {_count(shards, 'shard')} up")


def ready(shards: int, readings: Sequence[ShardReading]) -> Verdict:
    """Judge whether all that is carried is there."""
    health = healthy(shards, readings)
    if not health.is_well or not shards or len(readings) < shards:
        return Verdict(False, health.line.removeprefix("ok: "))
    halted = {symbol for each in readings for symbol in each.status.halted}
    missing = list(_not_delivering(readings, halted))
    if missing:
        kinds = Counter(delivery for _, delivery in missing)
        said = ", ".join(f"{count} {name}" for name, count in sorted(kinds.items()))
        return Verdict(False, f"streams: {said}: {_named([name for name, _ in missing])}")
    books = [name for each in readings for name in each.books_pending if name not in halted]
    if books:
        return Verdict(False, f"books not LIVE yet: {len(books)}: {_named(books)}")
    return Verdict(True, "ok: every stream delivers and every book has been LIVE")


def _not_delivering(
    readings: Sequence[ShardReading], halted: set[str]
) -> Iterator[tuple[str, str]]:
    for reading in readings:
        for stream in reading.status.streams:
            is_missing = stream.is_subscribed and stream.delivery not in _WELL
            if is_missing and stream.symbol not in halted:
                yield stream.name, stream.delivery


def _dead(shard: ShardStatus) -> str:
    if shard.segment_state != "LIVE":
        return f"shard {shard.shard_id} is {shard.segment_state}"
    return f"shard {shard.shard_id}: last heartbeat {shard.heartbeat_age_ns / 1e9:.1f} s ago"


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + "s" * (number != 1)
