"""What a shard is told to do, and the messages between a shard and its supervisor.

Plain msgspec structs, sent as length-prefixed msgpack over an inherited socketpair
(``gateway.channel``). The supervisor makes the plan; the shard never reads the configuration.
"""

from __future__ import annotations

import msgspec

from gateway.layout import BOOK_LEVELS, Kind, Market


class PlanSymbol(msgspec.Struct, frozen=True):
    """An instrument; price = mantissa x 10^px_exponent (<= 0); tick and step in mantissas."""

    market: Market
    symbol: str  # uppercase
    px_exponent: int
    qty_exponent: int
    tick: int = 0
    step: int = 0


class PlanConnection(msgspec.Struct, frozen=True):
    """A WebSocket to the venue, always in the combined form, without streams in the URL."""

    name: str  # market/route/number, e.g. "usdm/public/0"
    market: Market
    url: str
    control_per_second: int  # control frames a second that the venue tolerates, with reserve


class PlanStream(msgspec.Struct, frozen=True):
    """A stream; ``symbol`` and ``connection`` are indices into the plan's lists."""

    name: str  # with market, as in topics: "spot:btcusdt@depth@100ms"
    kind: Kind
    symbol: int
    connection: int
    levels: int = 0  # PARTIAL only


class ShardPlan(msgspec.Struct, frozen=True, tag="plan"):
    """Everything a shard needs. First message on its channel."""

    shard_id: int
    shard_count: int
    instance_id: int
    run_dir: str
    symbols: list[PlanSymbol]
    connections: list[PlanConnection]
    streams: list[PlanStream]
    symbol_capacity: int = 256
    stream_capacity: int = 2048
    connection_capacity: int = 64
    events_ring_bytes: int = 8 << 20
    raw_ring_bytes: int = 16 << 20
    book_levels: int = BOOK_LEVELS
    book_levels_max: int = 10_000  # a side, kept in the shard
    snapshot_levels: int = 1000  # asked of REST
    zmq_hwm: int = 100_000
    heartbeat_interval_ms: int = 100
    heartbeat_timeout_ms: int = 1000
    tls_ca_file: str = ""


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """Shard to supervisor: the segment is published and the socket bound."""

    shard_id: int
    pid: int
    generation: int


class SnapshotRequest(msgspec.Struct, frozen=True, tag="snapshot_request"):
    """Shard to supervisor: fetch REST depth. At most 4 are in flight per shard."""

    request_id: int
    market: Market
    symbol: str
    levels: int


class SnapshotReply(msgspec.Struct, frozen=True, tag="snapshot_reply"):
    """Supervisor to shard: ``status`` is the HTTP status, or 0 and ``error`` says what failed."""

    request_id: int
    status: int
    body: bytes = b""
    error: str = ""


class InstrumentRequest(msgspec.Struct, frozen=True, tag="instrument_request"):
    """Shard to supervisor: a value is finer than the exponents; read exchangeInfo again."""

    market: Market
    symbol: str


class InstrumentReply(msgspec.Struct, frozen=True, tag="instrument_reply"):
    """Supervisor to shard: the instrument as exchangeInfo has it now; None: unknown there."""

    market: Market
    symbol: str
    instrument: PlanSymbol | None


class Stop(msgspec.Struct, frozen=True, tag="stop"):
    """Supervisor to shard: close cleanly."""


ToShard = ShardPlan | SnapshotReply | InstrumentReply | Stop
ToSupervisor = Ready | SnapshotRequest | InstrumentRequest
