"""What a shard is told to do, and the messages between a shard and its supervisor.

Plain msgspec structs, sent as length-prefixed msgpack over an inherited socketpair
(``gateway.channel``). The supervisor makes the plan; the shard never reads the configuration.
"""

from __future__ import annotations

import enum

import msgspec

from gateway.layout import BOOK_LEVELS, Kind, Market, Shape

NONE = -1  # "no symbol" in a PlanStream


class PlanSymbol(msgspec.Struct, frozen=True):
    """An instrument; price = mantissa x 10^px_exponent (<= 0); tick and step in mantissas.

    Pairs (coinm:BTCUSD), indices (usdm:ADAUSD) and continuous contracts (usdm:BTCUSDT_PERPETUAL)
    are rows of their own. ``variant`` RPI is the same instrument's book with retail orders in it.
    """

    market: Market
    symbol: str  # uppercase
    px_exponent: int
    qty_exponent: int
    tick: int = 0
    step: int = 0
    variant: str = ""
    is_halted: bool = False

    @property
    def row_name(self) -> str:
        """The name in the directory: BTCUSDT, or BTCUSDT.RPI."""
        return f"{self.symbol}.{self.variant}" if self.variant else self.symbol


class PlanConnection(msgspec.Struct, frozen=True):
    """Streams that share a WebSocket to the venue: combined form, no streams in the URL.

    Each has two links, so that one can be replaced without a break; with ``redundancy`` 2 both are
    up all the time. ``urls`` are tried in turn when one cannot be reached or stays silent.
    """

    name: str  # market/route/number, e.g. "usdm/public/0"
    market: Market
    urls: tuple[str, ...]
    control_per_second: int  # control frames a second that the venue tolerates, with reserve
    redundancy: int = 1
    rotate_after_s: float = 82_800.0  # of a link's age, before the venue's 24 h; staggered


class PlanStream(msgspec.Struct, frozen=True):
    """A stream; ``symbol`` and ``connection`` are indices into the plan's lists.

    ``split`` is for ARRAY and MERGED: the suffix under which each row is published as a stream of
    its own, and ``rows`` the symbols that it has rows for. ``covered``: symbols whose stream of
    that suffix is subscribed by itself, so that it is not fed twice.
    """

    name: str  # with market, as in topics: "spot:btcusdt@depth@100ms"
    kind: Kind
    symbol: int  # NONE: of the whole market
    connection: int
    levels: int = 0  # PARTIAL only
    shape: Shape = Shape.OBJECT
    expected_ms: int = 0  # between two frames, as the venue documents it; 0: comes with events
    split: str = ""
    rows: tuple[int, ...] = ()
    covered: tuple[int, ...] = ()


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
    connection_capacity: int = 64  # links, two a connection
    value_capacity: int = 1024
    events_ring_bytes: int = 8 << 20
    raw_ring_bytes: int = 16 << 20
    book_levels: int = BOOK_LEVELS
    book_levels_max: int = 10_000  # a side, kept in the shard
    snapshot_levels: int = 1000  # asked of REST
    depth_levels: dict[str, int] = {}  # the same for symbol ids and patterns of them: spot:BTC*
    audit_interval_s: float = 3600.0  # in which each book is compared with the venue's; 0: never
    backfill: bool = True  # missed events are fetched, and latest values of quiet streams
    backfill_events_max: int = 10_000  # of one gap, the newest
    zmq_hwm: int = 100_000
    heartbeat_interval_ms: int = 100
    heartbeat_timeout_ms: int = 1000
    tls_ca_file: str = ""
    proxy: str = ""  # http://… or socks5://…; empty: none
    first_data_s: float = 30.0  # after its ack a stream may be silent, if nothing is expected of it
    lag_s: float = 3.0  # later than usual, and a connection is lagging
    ping_interval_s: float = 180.0
    cpus: tuple[int, ...] = ()  # that the process is bound to; empty: any
    nice: int = 0
    busy_poll: bool = False  # the loop never sleeps


class PlanChange(msgspec.Struct, frozen=True, tag="change"):
    """Supervisor to shard: what differs from the plan. Indices go on where the plan's lists end."""

    change_id: int
    symbols: list[PlanSymbol] = []  # appended
    connections: list[PlanConnection] = []  # appended
    add: list[PlanStream] = []  # after remove; one that is there: its rows and covered, complete
    remove: list[str] = []  # names of streams
    halted: list[tuple[int, bool]] = []  # index of a symbol, whether it is halted now
    retire: list[int] = []  # symbols that the venue does not list any more


class Changed(msgspec.Struct, frozen=True, tag="changed"):
    """Shard to supervisor: the change is in force; ``refused``: streams that are not, and why."""

    change_id: int
    refused: dict[str, str] = {}


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """Shard to supervisor: the segment is published and the socket bound."""

    shard_id: int
    pid: int
    generation: int


class Need(enum.IntEnum):
    """How much a REST call is needed; the lower number goes first."""

    LOST = 0  # a book that readers had LIVE
    COLD = 1  # the first snapshot of a book, a shallow one
    BACKFILL = 2  # events that were missed
    REFRESH = 3  # the latest value of a stream that is quiet since it came back
    DEEPEN = 4  # more levels of a book that is LIVE
    AUDIT = 5  # a look whether a LIVE book is right


class SnapshotRequest(msgspec.Struct, frozen=True, tag="snapshot_request"):
    """Shard to supervisor: fetch REST depth. At most 10 calls are in flight per shard and pool."""

    request_id: int
    market: Market
    symbol: str
    levels: int
    variant: str = ""  # RPI: the book with retail orders
    need: Need = Need.COLD
    least: int = 0  # levels that do where weight is short; 0: no fewer


class SnapshotReply(msgspec.Struct, frozen=True, tag="snapshot_reply"):
    """Supervisor to shard: ``status`` is the HTTP status, or 0 and ``error`` says what failed.

    ``limit`` is how many levels a side were asked for: a side that has fewer is whole.
    """

    request_id: int
    status: int
    body: bytes = b""
    error: str = ""
    limit: int = 0


class HistoryRequest(msgspec.Struct, frozen=True, tag="history_request"):
    """Shard to supervisor: fetch one page of what a stream missed.

    ``stream`` is its name with the market; ``first_id`` and ``last_id`` are trade ids, or open
    times of candles in ms, both inclusive. The page begins at ``first_id``.
    """

    request_id: int
    stream: str
    first_id: int
    last_id: int


class HistoryReply(msgspec.Struct, frozen=True, tag="history_reply"):
    """Supervisor to shard: events in the stream's own JSON form, in order, all of the request.

    ``status`` as in SnapshotReply. ``is_final``: the venue has nothing more of what was asked, or
    never had it.
    """

    request_id: int
    status: int
    events: list[bytes] = []
    is_final: bool = False
    error: str = ""


class RefreshRequest(msgspec.Struct, frozen=True, tag="refresh_request"):
    """Shard to supervisor: fetch the latest values of these streams (names with the market).

    All are of what one REST call tells (``refresh.batches``).
    """

    request_id: int
    streams: list[str]


class RefreshReply(msgspec.Struct, frozen=True, tag="refresh_reply"):
    """Supervisor to shard: values in the streams' own JSON form, by stream; ``status`` as above.

    A stream that is not in ``values`` is one of which the venue's answer says nothing.
    """

    request_id: int
    status: int
    values: dict[str, bytes] = {}
    error: str = ""


class BookRequest(msgspec.Struct, frozen=True, tag="book_request"):
    """Supervisor to shard: the whole book of a symbol (its row name), for a late joiner."""

    request_id: int
    market: Market
    row_name: str


class BookReply(msgspec.Struct, frozen=True, tag="book_reply"):
    """Shard to supervisor: the book as the core has it; levels are (px, qty) int64 pairs, packed.

    ``status`` is a ``layout.Status``; ``error`` says why there is none.
    """

    request_id: int
    error: str = ""
    status: int = 0
    reason: int = 0
    epoch: int = 0
    stream: str = ""
    sequence: int = 0
    update_id: int = 0
    ring_position: int = 0
    ts_event: int = 0
    px_exponent: int = 0
    qty_exponent: int = 0
    bids: bytes = b""
    asks: bytes = b""
    bid_complete_px: int = 0
    ask_complete_px: int = 0


class InstrumentRequest(msgspec.Struct, frozen=True, tag="instrument_request"):
    """Shard to supervisor: a value is finer than the exponents; read exchangeInfo again."""

    market: Market
    symbol: str


class InstrumentReply(msgspec.Struct, frozen=True, tag="instrument_reply"):
    """Supervisor to shard: the instrument as exchangeInfo has it now; None: unknown there."""

    market: Market
    symbol: str
    instrument: PlanSymbol | None


class RowUnknown(msgspec.Struct, frozen=True, tag="row_unknown"):
    """Shard to supervisor: an array has rows of a symbol not in the plan; perhaps a listing."""

    stream: str
    symbol: str


class FellSilent(msgspec.Struct, frozen=True, tag="fell_silent"):
    """Shard to supervisor: streams of instruments of a market fell silent; perhaps a halt."""

    market: Market


class ConnectRequest(msgspec.Struct, frozen=True, tag="connect_request"):
    """Shard to supervisor: may a connection to ``host`` be attempted now?"""

    request_id: int
    host: str


class ConnectReply(msgspec.Struct, frozen=True, tag="connect_reply"):
    """Supervisor to shard: 0, and the attempt is counted; else ask again after ``wait_s``."""

    request_id: int
    wait_s: float


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """Shard to supervisor: the venue refused a handshake; ``hold_s`` is how long to stay away."""

    host: str
    status: int
    hold_s: float


class TopicWanted(msgspec.Struct, frozen=True, tag="topic_wanted"):
    """Shard to supervisor: a consumer wants, or no consumer wants any more, a topic not in the plan
    (or one that was subscribed on demand)."""

    name: str
    wanted: bool


class Stop(msgspec.Struct, frozen=True, tag="stop"):
    """Supervisor to shard: close cleanly."""


ToShard = (
    ShardPlan
    | PlanChange
    | SnapshotReply
    | HistoryReply
    | RefreshReply
    | InstrumentReply
    | ConnectReply
    | BookRequest
    | Stop
)
ToSupervisor = (
    Ready
    | Changed
    | SnapshotRequest
    | HistoryRequest
    | RefreshRequest
    | InstrumentRequest
    | BookReply
    | RowUnknown
    | FellSilent
    | ConnectRequest
    | Refused
    | TopicWanted
)
