"""A shard's segment → what it counts, its connections and its latencies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gateway.watch.readings import DEAD, DOWN, Connection, Histogram, Shard
from gateway_client.attached import Attached
from gateway_client.layout import RowState, SectionKind, SegmentState
from gateway_client.tables import Row, columns, decode, decode_rows


def read(each: Attached, is_alive: bool, deliveries: Mapping[str, int], now: int) -> Shard:
    """Read one; ``now`` by CLOCK_MONOTONIC in ns."""
    segment = each.segment
    header = decode("header", segment.header())
    counters, _ = segment.rows(SectionKind.COUNTERS)
    connections = decode_rows("connection", segment.rows(SectionKind.CONNECTIONS))
    histograms = decode_rows("histogram", segment.rows(SectionKind.HISTOGRAMS))
    return Shard(
        shard_id=header["shard_id"],
        pid=header["writer_pid"],
        generation=header["generation"],
        state=_state(header["state"], is_alive),
        is_alive=is_alive,
        heartbeat_age_ns=max(0, now - header["heartbeat_mono"]),
        started_ns=header["created_real"],
        size=header["file_size"],
        counters=decode("counters", counters) if counters else {},
        connections=[_connection(row, now) for row in connections if _is_used(row)],
        histograms={row["name"]: _histogram(row) for row in histograms if row["name"]},
        deliveries=deliveries,
        instruments=len(each.active),
    )


def missing(shard_id: int) -> Shard:
    """Return a shard of which there is no segment to read."""
    return Shard(shard_id, 0, 0, DOWN, False, None, 0, 0, {}, [], {}, {}, 0)


def halted(shards: Iterable[Attached]) -> set[str]:
    """Return the instruments that the venue says are not trading."""
    found = set()
    for each in shards:
        rows = columns("symbol", ("halted", "state"), each.segment.rows(SectionKind.SYMBOLS))
        named = zip(each.by_row, rows, strict=False)  # rows that came since have no name here yet
        found |= {
            row.symbol for row, (stopped, state) in named if stopped and state == RowState.ACTIVE
        }
    return found


def _state(number: int, is_alive: bool) -> str:
    known = number in SegmentState._value2member_map_
    name = SegmentState(number).name if known else str(number)
    # LIVE and no heartbeat: killed, or it hangs.
    return DEAD if name == SegmentState.LIVE.name and not is_alive else name


def _is_used(row: Row) -> bool:
    return row["state"] in (RowState.ACTIVE, RowState.DOWN, RowState.IDLE)


def _connection(row: Row, now: int) -> Connection:
    is_up = row["state"] == RowState.ACTIVE and row["mono_connected"]
    return Connection(
        name=row["name"],
        state=RowState(row["state"]).name,
        connects=row["session"],
        frames=row["frame_count"],
        bytes=row["byte_count"],
        errors=row["error_count"],
        duplicates=row["duplicate_count"],
        lag_ns=row["lag_ns"],
        silent_ns=_since(row["mono_recv"], now),
        streams=row["stream_total"],
        age_ns=_since(row["mono_connected"], now) if is_up else None,
    )


def _since(then: int, now: int) -> int | None:
    # A frame may have come since the clock was read.
    return max(0, now - then) if then else None


def _histogram(row: dict[str, Any]) -> Histogram:
    buckets = {bucket: count for bucket, count in enumerate(row["buckets"]) if count}
    return Histogram(row["count"], row["sum"], row["max"], buckets)
