"""What ``gateway status`` and ``gateway top`` show, read from the segments: no writer is asked."""

from __future__ import annotations

import enum
import time
from collections import Counter
from dataclasses import dataclass

from gateway_client.attached import Attached
from gateway_client.delivery import Delivery, delivery
from gateway_client.directory import Directory
from gateway_client.layout import (
    FIELDS,
    NO_ROW,
    SIZES,
    Kind,
    RowState,
    SectionKind,
    SegmentState,
    Shape,
)
from gateway_client.tables import Row, columns, decode, decode_rows
from gateway_client.values import STATUSES

_SLOTS = {
    "quote": SectionKind.QUOTE,
    "book": SectionKind.BOOK,
    "ticker": SectionKind.TICKER,
    "last_trade": SectionKind.LAST_TRADE,
    "partial": SectionKind.PARTIAL,
    "mark_price": SectionKind.MARK_PRICE,
}
_META = SIZES["meta"]  # all that is needed of a cell
_STATUS = FIELDS["meta"]["status"][0]

# Names by number: an enum's own are ten times as slow, and there may be ten thousand streams.
_STATUSES = [status.name for status in STATUSES]
_KINDS = {int(kind): kind.name for kind in Kind}
_SHAPES = {int(shape): shape.name for shape in Shape}


@dataclass(frozen=True, slots=True)
class Latency:
    """A stage's latencies in nanoseconds; percentiles are upper edges of buckets 3 % wide.

    One event in ``one_in`` is timed, and ``count`` are those.
    """

    name: str
    count: int
    mean: float
    p50: int
    p90: int
    p99: int
    p999: int
    max: int
    one_in: int = 1


@dataclass(frozen=True, slots=True)
class ConnectionStatus:
    """One WebSocket to the venue. ``silent_ns`` since its last frame; None before the first.

    ``state`` IDLE: kept for the next rotation. ``peer`` is the other connection of the same
    streams, ``duplicates`` the frames that it had delivered before; ``lag_ns`` how much later than
    at its best the venue's events arrive now.
    """

    name: str
    state: str
    connects: int
    silent_ns: int | None
    frames: int
    bytes: int
    errors: int
    duplicates: int = 0
    lag_ns: int = 0
    peer: str = ""
    streams: int = 0


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """One stream. ``silent_ns`` since its last frame; None before the first.

    ``delivery`` says whether it does what it should; ``limit_ns`` how long it may be silent (0: for
    ever); ``symbol`` is empty where it is of no instrument, ``shape`` ROW where it is fed from the
    rows of another stream.
    """

    name: str
    status: str
    is_active: bool
    frames: int
    bytes: int
    errors: int
    gaps: int
    silent_ns: int | None
    symbol: str = ""
    kind: str = ""
    shape: str = "OBJECT"
    delivery: str = ""
    limit_ns: int = 0
    duplicates: int = 0
    times_silent: int = 0

    @property
    def is_subscribed(self) -> bool:
        """Whether somebody asked for it; not a row of an array, which comes with that."""
        return self.is_active and self.shape != "ROW"


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
    deliveries: dict[str, int]
    """Subscribed streams by what they do: {"DELIVERING": 9990, "SILENT": 3}."""
    never_delivered: int
    """Subscribed streams that have sent nothing at all yet."""
    row_streams: int
    """Streams that are fed from the rows of arrays."""
    halted: list[str]
    """Instruments that the venue says are not trading."""


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
    is_alive = segment.is_alive()
    streams = [
        _stream(row, attached, is_alive, now)
        for row in decode_rows("stream", segment.rows(SectionKind.STREAMS))
    ]
    subscribed = [stream for stream in streams if stream.is_subscribed]
    return ShardStatus(
        shard_id=header["shard_id"],
        pid=header["writer_pid"],
        generation=header["generation"],
        segment=segment.path,
        size=header["file_size"],
        segment_state=_name(SegmentState, header["state"]),
        is_alive=is_alive,
        heartbeat_age_ns=now - header["heartbeat_mono"],
        started_ns=header["created_real"],
        symbols=list(attached.active),
        states=_states(attached),
        connections=_connections(attached, header["abi_minor"], now),
        streams=streams,
        counters=_counters(attached),
        latencies=[_latency(row) for row in histograms],
        deliveries=dict(Counter(stream.delivery for stream in subscribed)),
        never_delivered=sum(stream.silent_ns is None for stream in subscribed),
        row_streams=sum(stream.is_active and stream.shape == "ROW" for stream in streams),
        halted=_halted(attached),
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


def _states(attached: Attached) -> dict[str, dict[str, int]]:
    rows = [instrument.row for instrument in attached.active.values()]
    found = {kind: _count(attached, section, rows) for kind, section in _SLOTS.items()}
    values = [row.value for row in attached.streams if row.is_active and row.value != NO_ROW]
    return found | {"values": _count(attached, SectionKind.VALUES, values)}


def _count(attached: Attached, section: SectionKind, rows: list[int]) -> dict[str, int]:
    cells = attached.segment.scan(section, rows, _META)
    return dict(Counter(_STATUSES[status] for status in cells[_STATUS::_META]))


def _halted(attached: Attached) -> list[str]:
    rows = columns("symbol", ("halted", "state"), attached.segment.rows(SectionKind.SYMBOLS))
    named = zip(attached.by_row, rows, strict=False)  # rows that came since have no name here yet
    return [each.symbol for each, (halted, state) in named if halted and state == RowState.ACTIVE]


def _connections(attached: Attached, minor: int, now: int) -> list[ConnectionStatus]:
    rows = list(decode_rows("connection", attached.segment.rows(SectionKind.CONNECTIONS)))
    names = [row["name"] for row in rows]
    return [
        ConnectionStatus(
            row["name"], _name(RowState, row["state"]), row["session"], _silent(row, now),
            row["frame_count"], row["byte_count"], row["error_count"], row["duplicate_count"],
            row["lag_ns"],
            names[row["peer"]] if minor and row["peer"] < len(names) else "",
            row["stream_total"],
        )
        for row in rows
    ]  # fmt: skip


def _stream(row: Row, attached: Attached, is_alive: bool, now: int) -> StreamStatus:
    return StreamStatus(
        row["name"], _STATUSES[row["status"]], row["state"] == RowState.ACTIVE, row["sequence"],
        row["byte_count"], row["error_count"], row["gap_count"], _silent(row, now),
        symbol=attached.instrument(row["symbol"]).symbol,
        kind=_KINDS.get(row["kind"], ""),
        shape=_SHAPES.get(row["shape"], ""),
        delivery=delivery(row, now) if is_alive else Delivery.DEAD,
        limit_ns=row["limit_ns"],
        duplicates=row["duplicate_count"],
        times_silent=row["silent_count"],
    )  # fmt: skip


def _silent(row: Row, now: int) -> int | None:
    # A frame may have come since the clock was read.
    return max(0, now - row["mono_recv"]) if row["mono_recv"] else None


def _name(kind: type[enum.IntEnum], value: int) -> str:
    return kind(value).name if value in kind._value2member_map_ else str(value)


def _latency(row: Row) -> Latency:
    count, buckets = row["count"], row["buckets"]
    most = row["max"]
    edges = [min(percentile(buckets, share), most) for share in (0.5, 0.9, 0.99, 0.999)]
    mean = row["sum"] / count if count else 0.0
    p50, p90, p99, p999 = edges
    return Latency(row["name"], count, mean, p50, p90, p99, p999, most, row["one_in"] or 1)


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
