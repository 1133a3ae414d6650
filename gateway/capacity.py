"""How many rows a shard needs, and its whole plan with them. Pure.

A row is never used for anything else, so that a reader never finds another thing where it looks:
what is new takes new ones. Hence twice what is needed at the start, and some for streams on demand.
"""

from __future__ import annotations

from typing import Final

from gateway.config import Config
from gateway.layout import SectionKind, Shape
from gateway.plan import PlanStream, ShardPlan
from gateway.shard_layout import ShardLayout
from gateway.stream_table import SLOTS

_HEAD_ROOM: Final = 2
_LINKS: Final = 2  # of a connection


def shard_plan(shard: ShardLayout, config: Config, run_dir: str, instance_id: int) -> ShardPlan:
    """Return the plan for a process that starts with ``shard``."""
    memory, book, liveness = config.memory, config.book, config.liveness
    demand = config.on_demand.streams_max if config.on_demand.enabled else 0
    # What is put together here comes after its parts.
    streams = sorted((p.plan for p in shard.streams.values()), key=_is_synthetic)
    symbols, links = len(shard.symbols), _LINKS * len(shard.connections)
    rows = len(streams) + sum(map(_fed, streams))
    values = sum(map(_values, streams))
    return ShardPlan(
        shard_id=shard.shard_id,
        shard_count=config.shards,
        instance_id=instance_id,
        run_dir=run_dir,
        symbols=list(shard.symbols),
        connections=list(shard.connections),
        streams=streams,
        symbol_capacity=_room(symbols + demand, memory.symbol_capacity_min),
        stream_capacity=_room(rows + demand, memory.stream_capacity_min),
        connection_capacity=_room(links, memory.connection_capacity_min),
        value_capacity=_room(values + demand, memory.value_capacity_min),
        events_ring_bytes=memory.events_ring_bytes,
        raw_ring_bytes=memory.raw_ring_bytes,
        book_levels=book.levels,
        book_levels_max=book.levels_max,
        snapshot_levels=book.snapshot_levels,
        depth_levels=dict(book.depth_levels),
        audit_interval_s=config.audit.interval_seconds,
        backfill=config.backfill.enabled,
        backfill_events_max=config.backfill.events_max,
        zmq_hwm=config.zeromq.hwm_messages,
        heartbeat_interval_ms=liveness.heartbeat_interval_ms,
        heartbeat_timeout_ms=liveness.heartbeat_timeout_ms,
        tls_ca_file=config.upstream.tls_ca_file,
        proxy=config.upstream.proxy,
        first_data_s=liveness.first_data_seconds,
        lag_s=liveness.lag_seconds,
        ping_interval_s=config.connections.ping_seconds,
        cpus=tuple(sorted(config.processes.cpus_of(shard.shard_id))),
        nice=config.processes.nice,
        busy_poll=config.processes.busy_poll,
    )


def _fed(stream: PlanStream) -> int:
    """Count the streams that rows of ``stream`` are published as, now or once uncovered."""
    if _is_synthetic(stream):  # reads what others feed
        return 0
    return len(stream.rows) + len(stream.covered)


def _is_synthetic(stream: PlanStream) -> bool:
    return stream.shape is Shape.SYNTHETIC


def _values(stream: PlanStream) -> int:
    """Count the rows of VALUES that a stream takes."""
    if SLOTS.get(stream.kind) is not SectionKind.VALUES:
        return 0
    return 1 if stream.shape is Shape.OBJECT else _fed(stream)


def _room(needed: int, least: int) -> int:
    return max(least, _HEAD_ROOM * needed)
