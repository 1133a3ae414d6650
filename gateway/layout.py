"""The byte layout of a shared-memory segment: the one definition everything else is made from.

The C headers, the client's Python tables, ``clients/LAYOUT.md`` and the FIELDS section of every
segment are generated from the tables below (``python -m gateway.layout_export``); the tests pin
each size and offset. Little-endian, naturally aligned, no pointers, offsets from the start of the
file. A newer minor version may append fields and sections; offsets of what exists never move.

    page 0     HEADER            identity, liveness, bell
    page 1     section table     one SECTION row each
               FIELDS            this very table, for readers that know nothing
               COUNTERS          everything that is counted, one u64 each
               HISTOGRAMS        latencies, log-linear
               SYMBOLS, CONNECTIONS, STREAMS      append-only directories
               QUOTE, TICKER, LAST_TRADE, BOOK, PARTIAL    latched slots, one a symbol
               EVENTS, RAW       broadcast rings
"""

from __future__ import annotations

import enum
import hashlib
from dataclasses import dataclass
from typing import Final

MAGIC: Final = b"BNGWSHM1"
ENDIAN_TAG: Final = 0x01020304
ABI_MAJOR: Final = 1
ABI_MINOR: Final = 0
PAGE: Final = 4096
NULL: Final = -(2**63)  # an integer field the venue did not send
NO_ROW: Final = 2**32 - 1  # "no symbol" in a stream row or record
BOOK_LEVELS: Final = 20  # levels a side in BOOK and PARTIAL slots unless the plan says otherwise
FIXED_EXPONENT: Final = -8  # rates and averages that lie off the tick
HISTOGRAM_BUCKETS: Final = 2048
RING_DATA_OFFSET: Final = 4096  # of the first record, from the start of a ring section


class SegmentState(enum.IntEnum):
    """Life of a segment file, as its writer states it."""

    INIT = 0
    LIVE = 1
    DRAINING = 2
    CLOSED = 3
    SUPERSEDED = 4


class Status(enum.IntEnum):
    """Whether a value may be trusted. Only LIVE may be traded on."""

    EMPTY = 0  # nothing was received yet
    LIVE = 1  # in sequence, source delivering
    SYNCING = 2  # waiting for a snapshot or for first data
    GAPPED = 3  # updates are missing; a resync is under way
    STALE = 4  # silent or lagging source
    DOWN = 5  # no connection delivers it
    HALTED = 6  # the venue says: not trading
    RETIRED = 7  # unsubscribed or replaced; the row is never used again


class Reason(enum.IntEnum):
    """Why a status changed."""

    NONE = 0
    SUBSCRIBED = 1
    FIRST_DATA = 2
    SNAPSHOT = 3
    GAP = 4  # updates missing between two events
    DISCONNECTED = 5
    CONNECTED = 6
    STALLED = 7  # our own loop stood still; what is queued is old
    UNREADABLE = 8  # a frame of this stream could not be read
    CROSSED = 9  # best bid >= best ask after a whole event
    RESTARTED = 10  # ids run lower than before
    INEXACT = 11  # a value has more decimals than the row's exponent
    OVERFLOW = 12  # more buffered diffs or levels than the limit
    RETIRED = 13


class Market(enum.IntEnum):
    """A market of the venue; its lowercase name is the prefix of every topic."""

    SPOT = 1
    USDM = 2
    COINM = 3


class Kind(enum.IntEnum):
    """What a record or slot holds, and what a stream delivers."""

    QUOTE = 1  # bookTicker: best bid and offer
    TRADE = 2
    AGG_TRADE = 3
    TICKER = 4  # 24hrTicker
    DIFF = 5  # depthUpdate
    PARTIAL = 6  # depth5, depth10, depth20
    BOOK = 7  # slot only: top of the synchronised book
    SNAPSHOT = 8  # the whole book after a resync: replaces what a follower holds
    STATE = 9  # a status changed
    GAP = 10  # frames or ids are missing
    UNREADABLE = 11  # stands in for a frame that could not be read
    RAW = 12  # an upstream frame, byte for byte
    PAD = 255  # fills a ring up to its end


class Flag(enum.IntFlag):
    """Flags of a record or slot cell (META.flags)."""

    BUYER_IS_MAKER = 1 << 0  # the aggressor sold
    FIRST = 1 << 1  # first part of a split record
    LAST = 1 << 2  # last part; unsplit records carry FIRST and LAST
    BACKFILLED = 1 << 3  # fetched by REST afterwards
    SYNTHETIC = 1 << 4  # made by the gateway, not sent by the venue
    DUPLICATE = 1 << 5  # an id seen before
    APPLIED = 1 << 6  # DIFF: it is part of the book
    BUFFERED = 1 << 7  # DIFF: kept until a snapshot comes


class Source(enum.IntEnum):
    """Where a quote comes from."""

    NONE = 0
    BOOK_TICKER = 1
    BOOK = 2


class SectionKind(enum.IntEnum):
    """What a section of the file holds."""

    FIELDS = 1
    COUNTERS = 2
    HISTOGRAMS = 3
    SYMBOLS = 4
    CONNECTIONS = 5
    STREAMS = 6
    QUOTE = 7
    TICKER = 8
    LAST_TRADE = 9
    BOOK = 10
    PARTIAL = 11
    EVENTS = 12
    RAW = 13


class RowState(enum.IntEnum):
    """State of a SYMBOLS or CONNECTIONS row."""

    FREE = 0
    ACTIVE = 1
    RETIRED = 2
    DOWN = 3


SIZES: Final = {
    "u8": 1, "i8": 1, "u16": 2, "u32": 4, "i32": 4, "u64": 8, "i64": 8, "f64": 8, "bytes": 1, "text": 1,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Field:
    """One field: ``count`` items of ``type``. ``bytes`` and ``text`` (UTF-8, NUL padded) count bytes."""

    name: str
    type: str
    unit: str
    doc: str
    count: int = 1

    @property
    def size(self) -> int:
        return SIZES[self.type] * self.count


@dataclass(frozen=True, slots=True)
class Struct:
    """Fields laid one after the other, each on its natural alignment, padded to ``size``."""

    name: str
    size: int
    doc: str
    fields: tuple[Field, ...]

    def offsets(self) -> dict[str, int]:
        """Offset of each field in bytes; raises ValueError where a field is misaligned."""
        at, found = 0, {}
        for field in self.fields:
            if at % SIZES[field.type]:
                raise ValueError(f"{self.name}.{field.name} at {at} is misaligned")
            found[field.name] = at
            at += field.size
        if at > self.size:
            raise ValueError(f"{self.name} needs {at} bytes, has {self.size}")
        return found


HEADER: Final = Struct("header", PAGE, "Page 0 of a segment. The magic is stored last; line 2 (from 0x80) and the bell change.", (
    Field("magic", "bytes", "", "BNGWSHM1; stored last, with release", 8),
    Field("endian_tag", "u32", "", "0x01020304"),
    Field("abi_major", "u16", "", "readers refuse another"),
    Field("abi_minor", "u16", "", "higher: something was appended"),
    Field("header_size", "u32", "bytes", "4096"),
    Field("section_align", "u32", "bytes", "4096"),
    Field("file_size", "u64", "bytes", "must equal st_size"),
    Field("generation", "u64", "", "max(old + 1, realtime ns): the epoch; bigger after every start of the writer"),
    Field("section_count", "u32", "", "rows of the section table"),
    Field("section_desc_size", "u32", "bytes", "128"),
    Field("section_table_offset", "u64", "bytes", "0x1000"),
    Field("schema_hash", "u64", "", "hash of the section and field tables of the writer"),
    Field("writer_pid", "u64", "", "means nothing across pid namespaces"),
    Field("writer_start_ticks", "u64", "ticks", "field 22 of /proc/<pid>/stat"),
    Field("boot_id", "bytes", "", "of the kernel; another one: a leftover", 16),
    Field("created_real", "i64", "ns", "CLOCK_REALTIME"),
    Field("created_mono", "i64", "ns", "CLOCK_MONOTONIC"),
    Field("shard_id", "u32", "", "from 0"),
    Field("shard_count", "u32", "", "of the plan at creation"),
    Field("instance_id", "u64", "", "of the supervisor that started the writer"),
    Field("state", "u32", "enum SegmentState", "only LIVE segments may be trusted"),
    Field("symbol_count", "u32", "", "rows of SYMBOLS in use; stored with release after the row"),
    Field("heartbeat_mono", "i64", "ns", "CLOCK_MONOTONIC, from the loop that publishes"),
    Field("heartbeat_real", "i64", "ns", "CLOCK_REALTIME"),
    Field("heartbeat_count", "u64", "", "beats since creation"),
    Field("heartbeat_interval_ms", "u32", "ms", "100"),
    Field("heartbeat_timeout_ms", "u32", "ms", "1000; an older heartbeat means DEAD"),
    Field("successor_generation", "u64", "", "of the file that replaced this one, when SUPERSEDED"),
    Field("directory_epoch", "u32", "", "+1 whenever a directory row is added or retired"),
    Field("stream_count", "u32", "", "rows of STREAMS in use"),
    Field("connection_count", "u32", "", "rows of CONNECTIONS in use"),
    Field("reserved", "u32", "", "0"),
    Field("bell", "u32", "", "futex word, +1 a published batch"),
))  # fmt: skip

SECTION: Final = Struct("section", 128, "One row of the section table at section_table_offset.", (
    Field("kind", "u32", "enum SectionKind", "what it holds"),
    Field("schema_id", "u32", "", "version of this section's rows, 1"),
    Field("offset", "u64", "bytes", "from the start of the file"),
    Field("length", "u64", "bytes", "of the whole section"),
    Field("stride", "u32", "bytes", "from row to row, or slot to slot; rings: 0"),
    Field("capacity", "u32", "", "rows; rings: 0"),
    Field("cell_offset", "u32", "bytes", "of the first cell in a slot; rings: of the first record"),
    Field("cell_size", "u32", "bytes", "of one cell; rows: of one row"),
    Field("cell_count", "u32", "", "2 in slots, 1 in directories, 0 in rings"),
    Field("first_field", "u32", "", "row of the FIELDS section"),
    Field("field_count", "u32", "", "rows of the FIELDS section"),
    Field("param", "u32", "", "slots with levels: levels a side"),
    Field("ring_capacity", "u64", "bytes", "rings: a power of two; else 0"),
    Field("name", "text", "", "lowercase", 32),
))  # fmt: skip

FIELD_ROW: Final = Struct("field", 64, "One row of the FIELDS section.", (
    Field("name", "text", "", "", 32),
    Field("type", "text", "", "u8 i8 u16 u32 i32 u64 i64 f64 bytes text", 8),
    Field("unit", "text", "", "", 16),
    Field("offset", "u16", "bytes", "inside the row, or inside the cell"),
    Field("count", "u16", "", "items"),
    Field("stride", "u16", "bytes", "from item to item"),
    Field("reserved", "u16", "", "0"),
))  # fmt: skip

META: Final = Struct("meta", 96, "The first 96 bytes of every slot cell and every ring record.", (
    Field("version", "u64", "", "slot: equals the slot's version word; ring: record number, from 1, no holes"),
    Field("ts_event", "i64", "ns", "the venue's event time (E) since the Unix epoch, or null"),
    Field("ts_trade", "i64", "ns", "the venue's trade or engine time (T), or null"),
    Field("ts_recv", "i64", "ns", "CLOCK_REALTIME when the frame arrived"),
    Field("mono_recv", "i64", "ns", "CLOCK_MONOTONIC when the frame arrived"),
    Field("mono_publish", "i64", "ns", "CLOCK_MONOTONIC when it was stored here"),
    Field("update_id", "u64", "", "the venue's id: last update id, trade id, aggregate trade id"),
    Field("sequence", "u64", "", "number of the frame in its stream, from 1, no holes; the same in RAW, EVENTS and ZeroMQ"),
    Field("ring_position", "u64", "bytes", "slot: where EVENTS goes on after this state; record: its own position"),
    Field("symbol", "u32", "row", "of SYMBOLS"),
    Field("stream", "u32", "row", "of STREAMS"),
    Field("length", "u32", "bytes", "record: whole, a multiple of 64; slot: of the cell"),
    Field("connection", "u16", "row", "of CONNECTIONS"),
    Field("flags", "u16", "enum Flag", ""),
    Field("kind", "u8", "enum Kind", ""),
    Field("status", "u8", "enum Status", "written with the data, so never apart from it"),
    Field("source", "u8", "enum Source", "QUOTE: bookTicker, or the book where only depth is subscribed"),
    Field("reason", "u8", "enum Reason", "of the last status change"),
    Field("reserved", "u32", "", "0"),
))  # fmt: skip


def _levels(prefix: str, count: int) -> Field:
    return Field(
        prefix, "i64", "px, qty", f"{count} x (price, quantity) mantissas, best first", 2 * count
    )


QUOTE: Final = Struct("quote", 128, "Best bid and offer.", (*META.fields,
    Field("bid_px", "i64", "px", "mantissa at the symbol's px_exponent, or null"),
    Field("bid_qty", "i64", "qty", "mantissa at the symbol's qty_exponent"),
    Field("ask_px", "i64", "px", ""),
    Field("ask_qty", "i64", "qty", ""),
))  # fmt: skip

TRADE: Final = Struct("trade", 128, "A trade or an aggregate trade; update_id is its id.", (*META.fields,
    Field("px", "i64", "px", ""),
    Field("qty", "i64", "qty", "futures: may be 0 for frames the venue marks NA"),
    Field("first_trade_id", "u64", "", "aggregate: first trade in it; trade: its own id"),
    Field("last_trade_id", "u64", "", "aggregate: last trade in it; trade: its own id"),
))  # fmt: skip

TICKER: Final = Struct("ticker", 256, "Rolling 24 h statistics; what a market does not send is null (f64: NaN).", (*META.fields,
    Field("last_px", "i64", "px", ""),
    Field("last_qty", "i64", "qty", ""),
    Field("bid_px", "i64", "px", "spot only"),
    Field("bid_qty", "i64", "qty", "spot only"),
    Field("ask_px", "i64", "px", "spot only"),
    Field("ask_qty", "i64", "qty", "spot only"),
    Field("open_px", "i64", "px", ""),
    Field("high_px", "i64", "px", ""),
    Field("low_px", "i64", "px", ""),
    Field("prev_close_px", "i64", "px", "spot only"),
    Field("change_px", "i64", "px", ""),
    Field("change_percent", "i64", "1e-8", "percent"),
    Field("average_px", "i64", "1e-8", "volume-weighted"),
    Field("volume", "f64", "qty", "base asset; COIN-M: contracts"),
    Field("quote_volume", "f64", "", "quote asset; COIN-M: base asset"),
    Field("open_time", "i64", "ns", "of the window"),
    Field("close_time", "i64", "ns", "of the window"),
    Field("first_trade_id", "u64", "", ""),
    Field("last_trade_id", "u64", "", ""),
    Field("trade_count", "u64", "", ""),
))  # fmt: skip


def ladder(name: str, doc: str, levels: int) -> Struct:
    """A cell with ``levels`` levels a side (BOOK and PARTIAL slots)."""
    return Struct(name, 128 + 32 * levels, doc, (*META.fields,
        Field("first_update_id", "u64", "", "of the last event in it (U), 0 after a snapshot"),
        Field("snapshot_id", "u64", "", "lastUpdateId of the snapshot under it, 0: none"),
        Field("bid_count", "u16", "levels", "shown here"),
        Field("ask_count", "u16", "levels", "shown here"),
        Field("depth", "u16", "levels", "room a side"),
        Field("reserved_levels", "u16", "", "0"),
        Field("bid_total", "u32", "levels", "held by the writer"),
        Field("ask_total", "u32", "levels", "held by the writer"),
        _levels("bids", levels),
        _levels("asks", levels),
    ))  # fmt: skip


BOOK: Final = ladder(
    "book", "Top of the synchronised order book; update_id is its last update id.", BOOK_LEVELS
)
PARTIAL: Final = ladder(
    "partial",
    "The venue's own partial depth (depth5, depth10, depth20), never mixed with BOOK.",
    BOOK_LEVELS,
)

DIFF: Final = Struct("diff", 160, "DIFF, SNAPSHOT and PARTIAL records: this head, then bid_count + ask_count levels of (px, qty).", (*META.fields,
    Field("first_update_id", "u64", "", "U; SNAPSHOT: lastUpdateId of the REST answer"),
    Field("prev_update_id", "u64", "", "pu of futures; spot: U - 1"),
    Field("best_bid_px", "i64", "px", "of the book after this record, or null"),
    Field("best_bid_qty", "i64", "qty", ""),
    Field("best_ask_px", "i64", "px", ""),
    Field("best_ask_qty", "i64", "qty", ""),
    Field("bid_count", "u32", "levels", "in this record"),
    Field("ask_count", "u32", "levels", "in this record"),
    Field("reserved_diff", "u64", "", "0"),
))  # fmt: skip

STATE: Final = Struct("state", 128, "STATE, GAP and UNREADABLE records; META.status is the new status.", (*META.fields,
    Field("previous_status", "u32", "enum Status", ""),
    Field("subject", "u32", "enum Kind", "the kind of slot or stream concerned"),
    Field("expected_id", "u64", "", "GAP: the id that should have come"),
    Field("received_id", "u64", "", "GAP: the id that came"),
    Field("error", "u32", "", "UNREADABLE: the decoder's code"),
    Field("reserved_state", "u32", "", "0"),
))  # fmt: skip

RAW: Final = Struct("raw", 128, "RAW record: this head, then payload_length bytes of the frame.", (*META.fields,
    Field("payload_length", "u32", "bytes", "in this record"),
    Field("frame_length", "u32", "bytes", "of the whole frame"),
    Field("data_offset", "u32", "bytes", "of the event inside the frame (behind the envelope)"),
    Field("data_length", "u32", "bytes", "of the event inside the frame"),
    Field("part", "u32", "", "from 0, of a frame longer than an eighth of the ring"),
    Field("reserved_raw", "u32", "", "0"),
    Field("reserved_raw2", "u64", "", "0"),
))  # fmt: skip

RING: Final = Struct("ring", 64, "First line of a ring section.", (
    Field("tail_intent", "u64", "bytes", "where the writer is going to be"),
    Field("tail", "u64", "bytes", "end of the last whole record; positions only grow, index = position & (capacity - 1)"),
    Field("capacity", "u64", "bytes", "a power of two"),
    Field("record_count", "u64", "", "records written, pads not counted"),
))  # fmt: skip

SLOT: Final = Struct("slot", 64, "First line of a slot, before its two cells.", (
    Field("version", "u64", "", "0: never written; the data of version v lies in cell v & 1"),
))  # fmt: skip

SYMBOL: Final = Struct("symbol", 128, "SYMBOLS row; its number is the slot number in every slot section. Immutable but for state.", (
    Field("symbol", "text", "", "uppercase, as the venue's payloads name it", 32),
    Field("venue", "text", "", "binance", 16),
    Field("market_name", "text", "", "spot, usdm, coinm", 16),
    Field("px_exponent", "i8", "", "price = px x 10^px_exponent (<= 0; divide by 10^-px_exponent)"),
    Field("qty_exponent", "i8", "", "quantity = qty x 10^qty_exponent"),
    Field("market", "u8", "enum Market", ""),
    Field("reserved8", "u8", "", "0"),
    Field("state", "u32", "enum RowState", ""),
    Field("tick", "i64", "px", "smallest price step, 0: unknown"),
    Field("step", "i64", "qty", "smallest quantity step, 0: unknown"),
    Field("added_real", "i64", "ns", "CLOCK_REALTIME"),
    Field("successor", "u32", "row", "the row that replaced this one, or no row"),
    Field("reserved32", "u32", "", "0"),
))  # fmt: skip

CONNECTION: Final = Struct("connection", 128, "CONNECTIONS row: one WebSocket to the venue. For display; trust stands in the cells.", (
    Field("name", "text", "", "market/route/number", 48),
    Field("market", "u8", "enum Market", ""),
    Field("reserved8", "u8", "", "0"),
    Field("reserved16", "u16", "", "0"),
    Field("state", "u32", "enum RowState", "ACTIVE, DOWN or RETIRED"),
    Field("session", "u32", "", "connects so far"),
    Field("reserved32", "u32", "", "0"),
    Field("mono_recv", "i64", "ns", "last frame"),
    Field("mono_connected", "i64", "ns", "last connect"),
    Field("frame_count", "u64", "", "data frames"),
    Field("byte_count", "u64", "", "payload bytes"),
    Field("error_count", "u64", "", "frames that could not be read"),
))  # fmt: skip

STREAM: Final = Struct("stream", 128, "STREAMS row.", (
    Field("name", "text", "", "market:stream, as in topics: spot:btcusdt@trade", 64),
    Field("kind", "u8", "enum Kind", ""),
    Field("market", "u8", "enum Market", ""),
    Field("status", "u8", "enum Status", "of the stream itself"),
    Field("levels", "u8", "levels", "PARTIAL: 5, 10 or 20"),
    Field("symbol", "u32", "row", "of SYMBOLS, or no row"),
    Field("connection", "u32", "row", "of CONNECTIONS"),
    Field("state", "u32", "enum RowState", "ACTIVE or RETIRED"),
    Field("sequence", "u64", "", "frames so far"),
    Field("mono_recv", "i64", "ns", "last frame"),
    Field("byte_count", "u64", "", "payload bytes"),
    Field("error_count", "u64", "", "frames that could not be read"),
    Field("gap_count", "u64", "", "holes in the venue's ids"),
))  # fmt: skip

COUNTERS: Final = Struct("counters", 512, "What the shard counts. received = delivered + refused by name.", (
    Field("frames_received", "u64", "", "WebSocket messages, all kinds"),
    Field("bytes_received", "u64", "bytes", "their payload"),
    Field("frames_data", "u64", "", "messages of a known stream"),
    Field("frames_control", "u64", "", "acks, errors and notices of the venue"),
    Field("frames_unknown_stream", "u64", "", "messages of a stream we did not subscribe"),
    Field("frames_unreadable", "u64", "", "messages the decoder refused"),
    Field("frames_binary", "u64", "", "binary messages, which JSON streams never send"),
    Field("frames_not_utf8", "u64", "", "text messages that are not UTF-8"),
    Field("fragments_joined", "u64", "", "messages that came in parts"),
    Field("records_published", "u64", "", "EVENTS records"),
    Field("diffs_applied", "u64", "", ""),
    Field("diffs_behind", "u64", "", "older than the book"),
    Field("diffs_buffered", "u64", "", "kept until a snapshot came"),
    Field("diffs_dropped", "u64", "", "buffered in vain: the book was lost again, or its buffer was full"),
    Field("gaps", "u64", "", "breaks of sequence found"),
    Field("snapshots_applied", "u64", "", ""),
    Field("snapshots_refused", "u64", "", "too old, unreadable or unfit"),
    Field("books_crossed", "u64", "", ""),
    Field("values_inexact", "u64", "", "more decimals than the row's exponent"),
    Field("values_out_of_range", "u64", "", "did not fit an i64"),
    Field("stalls", "u64", "", "our loop stood still for longer than the heartbeat timeout"),
    Field("status_changes", "u64", "", ""),
    Field("zmq_sent", "u64", "", "messages handed to ZeroMQ"),
    Field("zmq_refused", "u64", "", "messages ZeroMQ would not take (EAGAIN)"),
    Field("batches", "u64", "", "socket reads published"),
    Field("raw_parts", "u64", "", "RAW records"),
    Field("notices_dropped", "u64", "", "notices to the control plane that did not fit its queue"),
    Field("ids_backwards", "u64", "", "quotes or trades with an id below the last"),
))  # fmt: skip

HISTOGRAM: Final = Struct("histogram", 64 + 8 * HISTOGRAM_BUCKETS, "Log-linear latency histogram: value v < 32 -> v; else e = floor(log2 v), bucket ((e - 4) << 5) | ((v >> (e - 5)) & 31).", (
    Field("name", "text", "", "event_to_recv, recv_to_publish", 32),
    Field("count", "u64", "", "values"),
    Field("sum", "u64", "ns", "of all values"),
    Field("max", "u64", "ns", ""),
    Field("reserved", "u64", "", "0"),
    Field("buckets", "u64", "ns", "counts", HISTOGRAM_BUCKETS),
))  # fmt: skip

HISTOGRAM_NAMES: Final = ("event_to_recv", "recv_to_publish")

STRUCTS: Final = (
    HEADER, SECTION, FIELD_ROW, META, QUOTE, TRADE, TICKER, BOOK, PARTIAL, DIFF, STATE, RAW, RING, SLOT,
    SYMBOL, CONNECTION, STREAM, COUNTERS, HISTOGRAM,
)  # fmt: skip
ENUMS: Final = (SegmentState, Status, Reason, Market, Kind, Flag, Source, SectionKind, RowState)


def schema_hash() -> int:
    """Hash of all struct tables, 64 bits: two writers with the same hash write the same bytes."""
    text = "\n".join(
        f"{s.name} {s.size} {f.name} {f.type} {f.count} {at}"
        for s in STRUCTS
        for f, at in zip(s.fields, s.offsets().values(), strict=True)
    )
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")
