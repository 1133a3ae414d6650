"""What ``gateway status`` and ``gateway top`` show, read from the segments: no writer is asked."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass

from gateway_client.directory import Attached, Directory
from gateway_client.layout import RowState, SectionKind, SegmentState
from gateway_client.tables import Row, decode, decode_rows
from gateway_client.values import STATUSES

_SLOTS = {
    "quote": SectionKind.QUOTE,
    "book": SectionKind.BOOK,
    "ticker": SectionKind.TICKER,
    "last_trade": SectionKind.LAST_TRADE,
    "partial": SectionKind.PARTIAL,
}
_STATUS_AT_SIZE = 96  # META, all that is needed of a cell


@dataclass(frozen=True, slots=True)
class Latency:
    """A latency histogram, in nanoseconds; percentiles are upper edges of buckets 3 % wide."""

    name: str
    count: int
    mean: float
    p50: int
    p90: int
    p99: int
    p999: int
    max: int


@dataclass(frozen=True, slots=True)
class ConnectionStatus:
    """One WebSocket to the venue. ``silent_ns`` since its last frame; None before the first."""

    name: str
    state: str
    connects: int
    silent_ns: int | None
    frames: int
    bytes: int
    errors: int


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """One stream. ``silent_ns`` since its last frame; None before the first."""

    name: str
    status: str
    is_active: bool
    frames: int
    bytes: int
    errors: int
    gaps: int
    silent_ns: int | None


@dataclass(frozen=True, slots=True)
class ShardStatus:
    """One writer. ``is_alive``: its segment is LIVE and its heartbeat young."""

    shard_id: int
    pid: int
    generation: int
    segment: str
    size: int
    segment_state: str
    is_alive: bool
    heartbeat_age_ns: int
    started_ns: int
    symbols: list[str]
    states: dict[str, dict[str, int]]
    """Instruments by status, for each kind of slot: {"book": {"LIVE": 2}}; DEAD where it is."""
    connections: list[ConnectionStatus]
    streams: list[StreamStatus]
    counters: dict[str, int]
    latencies: list[Latency]


@dataclass(frozen=True, slots=True)
class GatewayStatus:
    """Everything about a gateway at one moment."""

    run_dir: str
    instance: str
    pid: int
    upstream: str
    started_ns: int
    shards: list[ShardStatus]


def gateway_status(directory: Directory) -> GatewayStatus:
    """Read it all."""
    manifest = directory.manifest
    shards = [shard_status(each) for each in directory.attached]
    return GatewayStatus(
        manifest.run_dir, manifest.instance, manifest.pid, manifest.upstream, manifest.started_ns,
        shards,
    )  # fmt: skip


def shard_status(attached: Attached) -> ShardStatus:
    """Read one shard's segment."""
    segment, now = attached.segment, time.monotonic_ns()
    header = decode("header", segment.header())
    histograms = decode_rows("histogram", segment.rows(SectionKind.HISTOGRAMS))
    streams = decode_rows("stream", segment.rows(SectionKind.STREAMS))
    connections = decode_rows("connection", segment.rows(SectionKind.CONNECTIONS))
    return ShardStatus(
        shard_id=header["shard_id"],
        pid=header["writer_pid"],
        generation=header["generation"],
        segment=segment.path,
        size=header["file_size"],
        segment_state=_name(SegmentState, header["state"]),
        is_alive=segment.is_alive(),
        heartbeat_age_ns=now - header["heartbeat_mono"],
        started_ns=header["created_real"],
        symbols=list(attached.active),
        states={kind: _states(attached, section) for kind, section in _SLOTS.items()},
        connections=[_connection(row, now) for row in connections],
        streams=[_stream(row, now) for row in streams],
        counters=_counters(attached),
        latencies=[_latency(row) for row in histograms],
    )


def counters(directory: Directory) -> dict[str, int]:
    """What all shards counted, added up."""
    total: Counter[str] = Counter()
    for each in directory.attached:
        total.update(_counters(each))
    return dict(total)


def _counters(attached: Attached) -> dict[str, int]:
    data, _ = attached.segment.rows(SectionKind.COUNTERS)
    return decode("counters", data) if data else {}


def _states(attached: Attached, kind: SectionKind) -> dict[str, int]:
    rows = [instrument.row for instrument in attached.active.values()]
    cells = attached.segment.scan(kind, rows, _STATUS_AT_SIZE)
    at = range(0, len(cells), _STATUS_AT_SIZE)
    return dict(Counter(STATUSES[decode("meta", cells, each)["status"]].name for each in at))


def _connection(row: Row, now: int) -> ConnectionStatus:
    return ConnectionStatus(
        row["name"], _name(RowState, row["state"]), row["session"], _silent(row, now),
        row["frame_count"], row["byte_count"], row["error_count"],
    )  # fmt: skip


def _stream(row: Row, now: int) -> StreamStatus:
    return StreamStatus(
        row["name"], STATUSES[row["status"]].name, row["state"] == RowState.ACTIVE, row["sequence"],
        row["byte_count"], row["error_count"], row["gap_count"], _silent(row, now),
    )  # fmt: skip


def _silent(row: Row, now: int) -> int | None:
    return now - row["mono_recv"] if row["mono_recv"] else None


def _name(kind: type[SegmentState] | type[RowState], value: int) -> str:
    return kind(value).name if value in kind._value2member_map_ else str(value)


def _latency(row: Row) -> Latency:
    count, buckets = row["count"], row["buckets"]
    most = row["max"]
    edges = [min(percentile(buckets, share), most) for share in (0.5, 0.9, 0.99, 0.999)]
    mean = row["sum"] / count if count else 0.0
    return Latency(row["name"], count, mean, edges[0], edges[1], edges[2], edges[3], most)


def percentile(buckets: tuple[int, ...], share: float) -> int:
    """Upper edge of the bucket in which ``share`` of the values is reached; 0 without values."""
    wanted = share * sum(buckets)
    reached = 0
    for bucket, count in enumerate(buckets):
        reached += count
        if count and reached >= wanted:
            return bucket_end(bucket)
    return 0


def bucket_end(bucket: int) -> int:
    """Largest value of a bucket: below 32 itself, else 32 steps for each power of two."""
    if bucket < 32:
        return bucket
    exponent = (bucket >> 5) + 4
    return ((32 + (bucket & 31) + 1) << (exponent - 5)) - 1
