"""A layout as it is shown: shards, connections, streams, memory, and what differs. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gateway import segment_plan
from gateway.plan import NONE, ShardPlan
from gateway.planner import Layout
from gateway_client.rundir import Manifest

SYNTHETIC = "put together here"


@dataclass(frozen=True, slots=True)
class StreamLine:
    """A stream; ``rate`` in messages a second, ``measured`` or assumed."""

    name: str
    rate: float
    measured: bool


@dataclass(frozen=True, slots=True)
class ConnectionLine:
    """A connection with what it carries, the liveliest first."""

    name: str
    rate: float
    streams: tuple[StreamLine, ...]


@dataclass(frozen=True, slots=True)
class ShardLine:
    """A shard; ``bytes`` of shared memory, ``cpus`` that it is bound to (none: any)."""

    id: int
    symbols: int
    streams: int
    rate: float
    bytes: int
    cpus: tuple[int, ...]
    connections: tuple[ConnectionLine, ...]


@dataclass(frozen=True, slots=True)
class Room:
    """Shared memory: ``free`` now, and ``back`` once the gateway that runs there has stopped."""

    place: str
    free: int
    back: int = 0
    needed: int = 0

    @property
    def is_enough(self) -> bool:
        return self.needed <= self.free + self.back


@dataclass(frozen=True, slots=True)
class Move:
    """A stream that would be elsewhere; ``before`` or ``after`` None: not carried then."""

    stream: str
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class Running:
    """The gateway that runs now, and how the next start would differ from it."""

    run_dir: str
    pid: int
    shards: int
    streams: int
    moves: tuple[Move, ...]


@dataclass(frozen=True, slots=True)
class Prospect:
    """All of it. ``left_out``: names that were wanted and why they are not carried."""

    upstream: str
    shards: tuple[ShardLine, ...]
    room: Room
    left_out: Mapping[str, str]
    running: Running | None


def prospect(
    layout: Layout,
    measured: Mapping[str, float],
    upstream: str,
    left_out: Mapping[str, str],
    room: Room,
    manifest: Manifest | None,
) -> Prospect:
    """Return what ``layout`` means; ``measured`` are the rates that are known from earlier runs."""
    rates = layout.rates
    shards = tuple(_shard(plan, rates, measured) for plan in layout.plans())
    needed = sum(shard.bytes for shard in shards)
    running = None if manifest is None else _running(manifest, layout.streams)
    return Prospect(
        upstream, shards, Room(room.place, room.free, room.back, needed), left_out, running
    )


def _shard(plan: ShardPlan, rates: Mapping[str, float], measured: Mapping[str, float]) -> ShardLine:
    return ShardLine(
        id=plan.shard_id,
        symbols=len(plan.symbols),
        streams=len(plan.streams),
        rate=round(sum(rates[stream.name] for stream in plan.streams), 3),
        bytes=segment_plan.file_size(plan),
        cpus=plan.cpus,
        connections=tuple(_connections(plan, rates, measured)),
    )


def _connections(
    plan: ShardPlan, rates: Mapping[str, float], measured: Mapping[str, float]
) -> Iterator[ConnectionLine]:
    names = [connection.name for connection in plan.connections]
    for number, name in [*enumerate(names), (NONE, SYNTHETIC)]:
        streams = [
            StreamLine(stream.name, round(rates[stream.name], 3), stream.name in measured)
            for stream in plan.streams
            if stream.connection == number
        ]
        if streams or number != NONE:
            streams.sort(key=lambda line: (-line.rate, line.name))
            yield ConnectionLine(name, round(sum(each.rate for each in streams), 3), tuple(streams))


def _running(manifest: Manifest, after: Mapping[str, int]) -> Running:
    before = {name: shard.shard_id for shard in manifest.shards for name in shard.streams}
    return Running(
        manifest.run_dir,
        manifest.pid,
        len(manifest.shards),
        len(before),
        tuple(moves(before, after)),
    )


def moves(before: Mapping[str, int], after: Mapping[str, int]) -> Sequence[Move]:
    """Return what is elsewhere, by name."""
    names = sorted({*before, *after})
    found = (Move(name, before.get(name), after.get(name)) for name in names)
    return [move for move in found if move.before != move.after]
