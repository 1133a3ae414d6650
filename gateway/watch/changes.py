"""Two readings → what a person looks at: rates, latencies of the interval, a row each. Pure.

A shard that was started anew between the two counts from nothing again: what it has counted since
is what came in between. Rates of a first reading are 0, its latencies those since the start.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from gateway.watch.readings import Connection, Instrument, Reading, Shard
from gateway.watch.stages import Stage, of_shards


class Row(NamedTuple):
    """One instrument, and its frames a second."""

    of: Instrument
    rate: float


@dataclass(frozen=True, slots=True)
class LinkRow:
    """One connection, its frames and bytes a second."""

    of: Connection
    shard_id: int
    rate: float
    bytes_rate: float


@dataclass(frozen=True, slots=True)
class ShardRow:
    """One shard, its frames and bytes a second, its connections and latencies."""

    of: Shard
    rate: float
    bytes_rate: float
    links: Sequence[LinkRow]
    stages: Sequence[Stage]
    is_new: bool
    """Whether it was started between the two readings."""


@dataclass(frozen=True, slots=True)
class View:
    """A gateway at one moment; rates are those since the reading before."""

    reading: Reading
    seconds: float
    """Between the two; 0 where there was none before."""
    rate: float
    bytes_rate: float
    shards: Sequence[ShardRow]
    stages: Sequence[Stage]
    """Of all shards together, in the order of the data's way."""
    rows: Sequence[Row]
    rates: Mapping[str, float]
    """A second, by counter, over all shards."""


def compare(before: Reading | None, after: Reading) -> View:
    """Compare two readings of one gateway, or look at one alone."""
    seconds = after.at - before.at if before is not None else 0.0
    old = {each.generation: each for each in before.shards if each.generation} if before else {}
    shards = [_shard(each, old, seconds) for each in after.shards]
    return View(
        reading=after,
        seconds=seconds,
        rate=sum(each.rate for each in shards),
        bytes_rate=sum(each.bytes_rate for each in shards),
        shards=shards,
        stages=of_shards(after.shards, old),
        rows=_rows(before, after, old, seconds),
        rates=_rates(after.shards, old, seconds),
    )


def _shard(shard: Shard, old: Mapping[int, Shard], seconds: float) -> ShardRow:
    before = old.get(shard.generation)
    links = {each.name: each for each in before.connections} if before else {}
    return ShardRow(
        of=shard,
        rate=_counted("frames_received", shard, before, seconds),
        bytes_rate=_counted("bytes_received", shard, before, seconds),
        links=[_link(each, shard, links.get(each.name), seconds) for each in shard.connections],
        stages=of_shards([shard], old),
        is_new=seconds > 0 and before is None and shard.generation != 0,
    )


def _link(link: Connection, shard: Shard, before: Connection | None, seconds: float) -> LinkRow:
    frames, size = (before.frames, before.bytes) if before else (0, 0)
    return LinkRow(
        link,
        shard.shard_id,
        _per_second(link.frames - frames, seconds),
        _per_second(link.bytes - size, seconds),
    )


def _counted(name: str, shard: Shard, before: Shard | None, seconds: float) -> float:
    earlier = before.counters.get(name, 0) if before else 0
    return _per_second(shard.counters.get(name, 0) - earlier, seconds)


def _rates(shards: Sequence[Shard], old: Mapping[int, Shard], seconds: float) -> dict[str, float]:
    found: dict[str, float] = {}
    for shard in shards:
        before = old.get(shard.generation)
        for name in shard.counters:
            found[name] = found.get(name, 0.0) + _counted(name, shard, before, seconds)
    return found


def _rows(
    before: Reading | None, after: Reading, old: Mapping[int, Shard], seconds: float
) -> list[Row]:
    known = {each.symbol: dict(each.frames) for each in before.instruments} if before else {}
    nothing: dict[int, int] = {}
    rows = []
    for each in after.instruments:
        earlier = known.get(each.symbol, nothing)
        grown = sum(frames - earlier.get(shard, 0) for shard, frames in each.frames)
        rows.append(Row(each, _per_second(grown, seconds)))
    return rows


def _per_second(grown: int, seconds: float) -> float:
    return max(0, grown) / seconds if seconds > 0 else 0.0
