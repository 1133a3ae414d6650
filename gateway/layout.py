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
               QUOTE, TICKER, LAST_TRADE, BOOK, PARTIAL, MARK_PRICE    latched slots, one a symbol
               VALUES            latched slots, one a stream of the kinds that have no slot above
               EVENTS, RAW       broadcast rings
               GAPS              latched slots, one a gap
"""

from __future__ import annotations

import hashlib
from typing import Final

from gateway.layout_counters import COUNTERS
from gateway.layout_enums import (
    Flag,
    GapState,
    Kind,
    Market,
    OrderSide,
    Reason,
    RowState,
    SectionKind,
    SegmentState,
    Shape,
    Source,
    Status,
)
from gateway.layout_table import SIZES, Field, Struct

__all__ = [  # what is at home elsewhere and to be had from here
    "COUNTERS",
    "SIZES",
    "Field",
    "Flag",
    "GapState",
    "Kind",
    "Market",
    "OrderSide",
    "Reason",
    "RowState",
    "SectionKind",
    "SegmentState",
    "Shape",
    "Source",
    "Status",
    "Struct",
]

MAGIC: Final = b"BNGWSHM1"
ENDIAN_TAG: Final = 0x01020304
ABI_MAJOR: Final = 1
ABI_MINOR: Final = 3
PAGE: Final = 4096
NULL: Final = -(2**63)  # an integer field the venue did not send
NO_ROW: Final = 2**32 - 1  # "no symbol" in a stream row or record
BOOK_LEVELS: Final = 20  # levels a side in BOOK and PARTIAL slots unless the plan says otherwise
FIXED_EXPONENT: Final = -8  # rates and averages that lie off the tick
VALUE_BYTES: Final = 256  # of a VALUES cell: the largest value that goes there
GAPS_CAPACITY: Final = 1024  # slots of GAPS: older gaps make room for newer ones
HISTOGRAM_BUCKETS: Final = 2048
SAMPLED_ONE_IN: Final = 16  # a clock read a frame is dear: inner stages are timed once in so many
RING_DATA_OFFSET: Final = 4096  # of the first record, from the start of a ring section

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
    Field("value_count", "u32", "", "rows of VALUES in use"),
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

TRADE: Final = Struct("trade", 192, "A trade or an aggregate trade; update_id is its id.", (*META.fields,
    Field("px", "i64", "px", ""),
    Field("qty", "i64", "qty", "futures: may be 0 for frames the venue marks NA"),
    Field("first_trade_id", "u64", "", "aggregate: first trade in it; trade: its own id"),
    Field("last_trade_id", "u64", "", "aggregate: last trade in it; trade: its own id"),
    Field("normal_qty", "i64", "qty", "USD-M aggregates: without retail price improvement orders; else null"),
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


KLINE: Final = Struct("kline", 256, "A candle. Prices are at px_exponent of this very record: the row's, or -8 for index and mark prices.", (*META.fields,
    Field("open_px", "i64", "own px", ""),
    Field("high_px", "i64", "own px", ""),
    Field("low_px", "i64", "own px", ""),
    Field("close_px", "i64", "own px", ""),
    Field("volume", "f64", "qty", "base asset; COIN-M: contracts"),
    Field("quote_volume", "f64", "", "quote asset; COIN-M: base asset"),
    Field("taker_volume", "f64", "qty", "of it bought by takers"),
    Field("taker_quote_volume", "f64", "", "of it bought by takers"),
    Field("open_time", "i64", "ns", "first moment of the interval"),
    Field("close_time", "i64", "ns", "last moment of the interval"),
    Field("first_trade_id", "u64", "", "0: no trade; continuous: update id; index, mark: a time in ms"),
    Field("last_trade_id", "u64", "", "0: no trade; continuous: update id; index, mark: a time in ms"),
    Field("trade_count", "u64", "", ""),
    Field("interval", "text", "", "1s 1m 3m … 1M, as the venue writes it", 8),
    Field("px_exponent", "i32", "", "of the four prices"),
    Field("reserved_kline", "u32", "", "0"),
))  # fmt: skip

MARK: Final = Struct("mark", 192, "Mark price of a contract (INDEX_PRICE: of a pair, index_px alone).", (*META.fields,
    Field("mark_px", "i64", "1e-8", ""),
    Field("mark_average_px", "i64", "1e-8", "USD-M: moving average of the mark price"),
    Field("index_px", "i64", "1e-8", ""),
    Field("settle_px", "i64", "1e-8", "estimated; useful in the last hour before settlement"),
    Field("funding_rate", "i64", "1e-8", "null for delivery contracts"),
    Field("next_funding_time", "i64", "ns", "null for delivery contracts"),
))  # fmt: skip

PRICE: Final = Struct("price", 128, "AVERAGE_PRICE, REFERENCE_PRICE and COMPOSITE_INDEX: a price off the tick.", (*META.fields,
    Field("px", "i64", "1e-8", "null: the venue has none"),
    Field("component_count", "u32", "", "COMPOSITE_INDEX: assets in it (listed in the JSON topic)"),
    Field("reserved_price", "u32", "", "0"),
    Field("interval", "text", "", "AVERAGE_PRICE: averaged over", 8),
))  # fmt: skip

LIQUIDATION: Final = Struct("liquidation", 192, "A forced order (forceOrder): the largest of its second, not every one.", (*META.fields,
    Field("px", "i64", "px", "of the order"),
    Field("average_px", "i64", "1e-8", "of its fills"),
    Field("qty", "i64", "qty", "of the order"),
    Field("last_filled_qty", "i64", "qty", ""),
    Field("filled_qty", "i64", "qty", "accumulated"),
    Field("side", "u32", "enum OrderSide", "SELL: a long was closed"),
    Field("reserved_liquidation", "u32", "", "0"),
    Field("order_type", "text", "", "LIMIT, …", 16),
    Field("time_in_force", "text", "", "IOC, …", 8),
    Field("order_status", "text", "", "FILLED, …", 16),
))  # fmt: skip

CONTRACT: Final = Struct("contract", 256, "A contract was listed, changed or settled (contractInfo).", (*META.fields,
    Field("pair", "text", "", "", 32),
    Field("contract_type", "text", "", "PERPETUAL, CURRENT_QUARTER, …", 32),
    Field("contract_status", "text", "", "TRADING, SETTLING, …", 32),
    Field("delivery_time", "i64", "ns", "null where it does not fit: perpetuals say the year 2100"),
    Field("onboard_time", "i64", "ns", ""),
    Field("has_brackets", "u32", "", "1: the JSON topic lists new leverage brackets"),
    Field("reserved_contract", "u32", "", "0"),
))  # fmt: skip

ASSET: Final = Struct("asset", 192, "Index of a margin asset against USD (assetIndexUpdate).", (*META.fields,
    Field("index_px", "i64", "1e-8", ""),
    Field("bid_buffer", "i64", "1e-8", ""),
    Field("ask_buffer", "i64", "1e-8", ""),
    Field("bid_rate", "i64", "1e-8", ""),
    Field("ask_rate", "i64", "1e-8", ""),
    Field("auto_bid_buffer", "i64", "1e-8", "of automatic exchange"),
    Field("auto_ask_buffer", "i64", "1e-8", ""),
    Field("auto_bid_rate", "i64", "1e-8", ""),
    Field("auto_ask_rate", "i64", "1e-8", ""),
))  # fmt: skip

SESSION: Final = Struct("session", 192, "Trading session of the underlying market (tradingSession).", (*META.fields,
    Field("start_time", "i64", "ns", ""),
    Field("end_time", "i64", "ns", ""),
    Field("underlying", "text", "", "Equity, Commodity, KR_Equity, …", 24),
    Field("session", "text", "", "PRE_MARKET, REGULAR, AFTER_MARKET, OVERNIGHT, NO_TRADING", 24),
))  # fmt: skip

VALUE: Final = Struct(
    "value",
    VALUE_BYTES,
    "A VALUES cell: META, then the fields of META.kind's own struct.",
    META.fields,
)


def ladder(name: str, doc: str, levels: int) -> Struct:
    """A cell with ``levels`` levels a side (BOOK and PARTIAL slots)."""
    size = -(-(144 + 32 * levels) // 64) * 64
    return Struct(name, size, doc, (*META.fields,
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
        Field("bid_complete_px", "i64", "px", "every bid from the best down to this price, inclusive, is known; null: all"),
        Field("ask_complete_px", "i64", "px", "every ask from the best up to this price, inclusive, is known; null: all"),
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

STATE: Final = Struct("state", 192, "STATE, GAP, GAP_CLOSED and UNREADABLE records; META.status is the new status.", (*META.fields,
    Field("previous_status", "u32", "enum Status", ""),
    Field("subject", "u32", "enum Kind", "the kind of slot or stream concerned"),
    Field("expected_id", "u64", "", "GAP: the id that should have come"),
    Field("received_id", "u64", "", "GAP: the id that came"),
    Field("error", "u32", "", "UNREADABLE: the decoder's code"),
    Field("reserved_state", "u32", "", "0"),
    Field("gap_number", "u64", "", "GAP, GAP_CLOSED: its number in GAPS, from 1; else 0"),
    Field("missing", "u64", "", "GAP, GAP_CLOSED: ids that are missing, 0: unknown"),
    Field("recovered", "u64", "", "GAP_CLOSED: ids that back-fill brought"),
    Field("gap_state", "u32", "enum GapState", "GAP, GAP_CLOSED: what became of it so far"),
    Field("reserved_gap", "u32", "", "0"),
    Field("ts_before", "i64", "ns", "GAP, GAP_CLOSED: the venue's time of the last event before it, or null"),
    Field("ts_after", "i64", "ns", "GAP, GAP_CLOSED: the venue's time of the first event after it, or null"),
))  # fmt: skip

GAP: Final = Struct("gap", 256, "A slot of GAPS: something is missing in META.stream. Slot number: gap_number modulo the section's capacity.", (*META.fields,
    Field("gap_number", "u64", "", "from 1, in the order in which they were found"),
    Field("first_id", "u64", "", "first missing id; klines: open time in ms; 0: has no ids"),
    Field("last_id", "u64", "", "last missing id, inclusive; klines: open time in ms; 0: has no ids"),
    Field("missing", "u64", "", "ids from the first to the last, 0: unknown"),
    Field("recovered", "u64", "", "ids that back-fill brought"),
    Field("opened_real", "i64", "ns", "CLOCK_REALTIME when it was found"),
    Field("closed_real", "i64", "ns", "CLOCK_REALTIME when it was closed, null: it is open"),
    Field("ts_before", "i64", "ns", "the venue's time of the last event before it, or null"),
    Field("ts_after", "i64", "ns", "the venue's time of the first event after it, or null"),
    Field("gap_state", "u32", "enum GapState", ""),
    Field("subject", "u32", "enum Kind", "what the stream delivers"),
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

SYMBOL: Final = Struct("symbol", 128, "SYMBOLS row; its number is the slot number in every slot section. Immutable but for state and halted.", (
    Field("symbol", "text", "", "uppercase, as the venue's payloads name it; .RPI behind it: the book with retail orders", 32),
    Field("venue", "text", "", "binance", 16),
    Field("market_name", "text", "", "spot, usdm, coinm", 16),
    Field("px_exponent", "i8", "", "price = px x 10^px_exponent (<= 0; divide by 10^-px_exponent)"),
    Field("qty_exponent", "i8", "", "quantity = qty x 10^qty_exponent"),
    Field("market", "u8", "enum Market", ""),
    Field("halted", "u8", "", "1: the venue says that it is not trading"),
    Field("state", "u32", "enum RowState", ""),
    Field("tick", "i64", "px", "smallest price step, 0: unknown"),
    Field("step", "i64", "qty", "smallest quantity step, 0: unknown"),
    Field("added_real", "i64", "ns", "CLOCK_REALTIME"),
    Field("successor", "u32", "row", "the row that replaced this one, or no row"),
    Field("reserved32", "u32", "", "0"),
))  # fmt: skip

CONNECTION: Final = Struct("connection", 128, "CONNECTIONS row: a link, one WebSocket to the venue. For display; trust stands in the cells.", (
    Field("name", "text", "", "market/route/number/a or /b", 48),
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
    Field("duplicate_count", "u64", "", "frames that its peer had delivered before"),
    Field("lag_ns", "i64", "ns", "how much later than the quickest event time seen here"),
    Field("peer", "u32", "row", "the other connection of the same streams, or no row"),
    Field("stream_total", "u32", "", "streams subscribed on it"),
))  # fmt: skip

STREAM: Final = Struct("stream", 192, "STREAMS row.", (
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
    Field("parent", "u32", "row", "shape ROW: the stream whose rows feed this one, else no row"),
    Field("value", "u32", "row", "of VALUES, or no row: its latest value lies in a slot of its symbol"),
    Field("shape", "u8", "enum Shape", ""),
    Field("reserved8", "u8", "", "0"),
    Field("reserved16", "u16", "", "0"),
    Field("expected_ms", "u32", "ms", "between two frames as the venue documents it; 0: comes with events"),
    Field("limit_ns", "i64", "ns", "silent for longer, and it is not LIVE; 0: not judged"),
    Field("mono_acked", "i64", "ns", "when the venue acknowledged its subscription, 0: not yet"),
    Field("duplicate_count", "u64", "", "frames that the other connection had delivered before"),
    Field("silent_count", "u64", "", "times it was found silent"),
    Field("last_id", "u64", "", "id of its last event, 0: none"),
    Field("last_ts", "i64", "ns", "the venue's time of its last event, 0: none"),
))  # fmt: skip

HISTOGRAM: Final = Struct("histogram", 64 + 8 * HISTOGRAM_BUCKETS, "Log-linear latency histogram: value v < 32 -> v; else e = floor(log2 v), bucket ((e - 4) << 5) | ((v >> (e - 5)) & 31).", (
    Field("name", "text", "", "of the stage", 32),
    Field("count", "u64", "", "values"),
    Field("sum", "u64", "ns", "of all values"),
    Field("max", "u64", "ns", ""),
    Field("one_in", "u64", "", "one event in so many is timed; 0 (minor version 2): every one"),
    Field("buckets", "u64", "ns", "counts", HISTOGRAM_BUCKETS),
))  # fmt: skip

HISTOGRAM_NAMES: Final = (
    "event_to_recv", "recv_to_publish", "publish_to_visible", "publish_to_zmq",
)  # fmt: skip
SAMPLED_HISTOGRAMS: Final = ("publish_to_visible", "publish_to_zmq")

STRUCTS: Final = (
    HEADER, SECTION, FIELD_ROW, META, QUOTE, TRADE, TICKER, KLINE, MARK, PRICE, LIQUIDATION, CONTRACT, ASSET,
    SESSION, VALUE, BOOK, PARTIAL, DIFF, STATE, GAP, RAW, RING, SLOT, SYMBOL, CONNECTION, STREAM, COUNTERS, HISTOGRAM,
)  # fmt: skip
ENUMS: Final = (
    SegmentState, Status, Reason, Market, Kind, Flag, Shape, OrderSide, Source, GapState, SectionKind,
    RowState,
)  # fmt: skip


def schema_hash() -> int:
    """Hash of all struct tables, 64 bits: two writers with the same hash write the same bytes."""
    text = "\n".join(
        f"{s.name} {s.size} {f.name} {f.type} {f.count} {at}"
        for s in STRUCTS
        for f, at in zip(s.fields, s.offsets().values(), strict=True)
    )
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")
