# generated from gateway/layout.py by "make layout": do not edit
"""The byte layout of a segment, for readers; explained in clients/LAYOUT.md.

``SIZES`` has the bytes of each struct and ``FIELDS`` its fields as name -> (offset, type, count);
``bytes`` and ``text`` count bytes. ``book`` and ``partial`` are given for BOOK_LEVELS levels a
side: ask a section's ``param`` how many it really has.
"""

from __future__ import annotations

import enum
from typing import Final

MAGIC: Final = b"BNGWSHM1"
NULL: Final = -(2**63)
ENDIAN_TAG: Final = 16909060
ABI_MAJOR: Final = 1
ABI_MINOR: Final = 3
PAGE: Final = 4096
NO_ROW: Final = 4294967295
BOOK_LEVELS: Final = 20
FIXED_EXPONENT: Final = -8
VALUE_BYTES: Final = 256
GAPS_CAPACITY: Final = 1024
HISTOGRAM_BUCKETS: Final = 2048
SAMPLED_ONE_IN: Final = 16
RING_DATA_OFFSET: Final = 4096
SCHEMA_HASH: Final = 0xE8C58E98B33285CF
HISTOGRAM_NAMES: Final = (
    "event_to_recv",
    "recv_to_publish",
    "publish_to_visible",
    "publish_to_zmq",
)


class SegmentState(enum.IntEnum):
    """Life of a segment file, as its writer states it."""

    INIT = 0
    LIVE = 1
    DRAINING = 2
    CLOSED = 3
    SUPERSEDED = 4


class Status(enum.IntEnum):
    """Whether a value may be trusted. Only LIVE may be traded on."""

    EMPTY = 0
    LIVE = 1
    SYNCING = 2
    GAPPED = 3
    STALE = 4
    DOWN = 5
    HALTED = 6
    RETIRED = 7


class Reason(enum.IntEnum):
    """Why a status changed."""

    NONE = 0
    SUBSCRIBED = 1
    FIRST_DATA = 2
    SNAPSHOT = 3
    GAP = 4
    DISCONNECTED = 5
    CONNECTED = 6
    STALLED = 7
    UNREADABLE = 8
    CROSSED = 9
    RESTARTED = 10
    INEXACT = 11
    OVERFLOW = 12
    RETIRED = 13
    SILENT = 14
    LAGGING = 15
    HALTED = 16
    AUDIT = 17
    THIN = 18


class Market(enum.IntEnum):
    """A market of the venue; its lowercase name is the prefix of every topic."""

    SPOT = 1
    USDM = 2
    COINM = 3


class Kind(enum.IntEnum):
    """What a record or slot holds, and what a stream delivers."""

    QUOTE = 1
    TRADE = 2
    AGG_TRADE = 3
    TICKER = 4
    DIFF = 5
    PARTIAL = 6
    BOOK = 7
    SNAPSHOT = 8
    STATE = 9
    GAP = 10
    UNREADABLE = 11
    RAW = 12
    BLOCK_TRADE = 13
    MINI_TICKER = 14
    WINDOW_TICKER = 15
    KLINE = 16
    CONTINUOUS_KLINE = 17
    INDEX_KLINE = 18
    MARK_KLINE = 19
    MARK_PRICE = 20
    INDEX_PRICE = 21
    AVERAGE_PRICE = 22
    REFERENCE_PRICE = 23
    COMPOSITE_INDEX = 24
    LIQUIDATION = 25
    CONTRACT_INFO = 26
    ASSET_INDEX = 27
    TRADING_SESSION = 28
    GAP_CLOSED = 29
    PAD = 255


class Flag(enum.IntFlag):
    """Flags of a record or slot cell (META.flags)."""

    BUYER_IS_MAKER = 1
    FIRST = 2
    LAST = 4
    BACKFILLED = 8
    SYNTHETIC = 16
    DUPLICATE = 32
    APPLIED = 64
    BUFFERED = 128
    FOREIGN = 256
    CLOSED = 512
    EARLY = 1024
    BIDS_WHOLE = 2048
    ASKS_WHOLE = 4096


class Shape(enum.IntEnum):
    """What the frames of a stream hold."""

    OBJECT = 1
    ARRAY = 2
    MERGED = 3
    ROW = 4
    SYNTHETIC = 5


class OrderSide(enum.IntEnum):
    """Side of an order."""

    NONE = 0
    BUY = 1
    SELL = 2


class Source(enum.IntEnum):
    """Where a quote comes from."""

    NONE = 0
    BOOK_TICKER = 1
    BOOK = 2


class GapState(enum.IntEnum):
    """What became of a gap."""

    NONE = 0
    OPEN = 1
    FILLED = 2
    PARTIAL = 3
    LOST = 4
    HEALED = 5


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
    MARK_PRICE = 14
    VALUES = 15
    GAPS = 16


class RowState(enum.IntEnum):
    """State of a row of SYMBOLS, CONNECTIONS or STREAMS."""

    FREE = 0
    ACTIVE = 1
    RETIRED = 2
    DOWN = 3
    IDLE = 4


SIZES: Final = {
    "header": 4096,
    "section": 128,
    "field": 64,
    "meta": 96,
    "quote": 128,
    "trade": 192,
    "ticker": 256,
    "kline": 256,
    "mark": 192,
    "price": 128,
    "liquidation": 192,
    "contract": 256,
    "asset": 192,
    "session": 192,
    "value": 256,
    "book": 832,
    "partial": 832,
    "diff": 160,
    "state": 192,
    "gap": 256,
    "raw": 128,
    "ring": 64,
    "slot": 64,
    "symbol": 128,
    "connection": 128,
    "stream": 192,
    "counters": 512,
    "histogram": 16448,
}

FIELDS: Final[dict[str, dict[str, tuple[int, str, int]]]] = {
    "header": {
        "magic": (0, "bytes", 8),
        "endian_tag": (8, "u32", 1),
        "abi_major": (12, "u16", 1),
        "abi_minor": (14, "u16", 1),
        "header_size": (16, "u32", 1),
        "section_align": (20, "u32", 1),
        "file_size": (24, "u64", 1),
        "generation": (32, "u64", 1),
        "section_count": (40, "u32", 1),
        "section_desc_size": (44, "u32", 1),
        "section_table_offset": (48, "u64", 1),
        "schema_hash": (56, "u64", 1),
        "writer_pid": (64, "u64", 1),
        "writer_start_ticks": (72, "u64", 1),
        "boot_id": (80, "bytes", 16),
        "created_real": (96, "i64", 1),
        "created_mono": (104, "i64", 1),
        "shard_id": (112, "u32", 1),
        "shard_count": (116, "u32", 1),
        "instance_id": (120, "u64", 1),
        "state": (128, "u32", 1),
        "symbol_count": (132, "u32", 1),
        "heartbeat_mono": (136, "i64", 1),
        "heartbeat_real": (144, "i64", 1),
        "heartbeat_count": (152, "u64", 1),
        "heartbeat_interval_ms": (160, "u32", 1),
        "heartbeat_timeout_ms": (164, "u32", 1),
        "successor_generation": (168, "u64", 1),
        "directory_epoch": (176, "u32", 1),
        "stream_count": (180, "u32", 1),
        "connection_count": (184, "u32", 1),
        "value_count": (188, "u32", 1),
        "bell": (192, "u32", 1),
    },
    "section": {
        "kind": (0, "u32", 1),
        "schema_id": (4, "u32", 1),
        "offset": (8, "u64", 1),
        "length": (16, "u64", 1),
        "stride": (24, "u32", 1),
        "capacity": (28, "u32", 1),
        "cell_offset": (32, "u32", 1),
        "cell_size": (36, "u32", 1),
        "cell_count": (40, "u32", 1),
        "first_field": (44, "u32", 1),
        "field_count": (48, "u32", 1),
        "param": (52, "u32", 1),
        "ring_capacity": (56, "u64", 1),
        "name": (64, "text", 32),
    },
    "field": {
        "name": (0, "text", 32),
        "type": (32, "text", 8),
        "unit": (40, "text", 16),
        "offset": (56, "u16", 1),
        "count": (58, "u16", 1),
        "stride": (60, "u16", 1),
        "reserved": (62, "u16", 1),
    },
    "meta": {
        "version": (0, "u64", 1),
        "ts_event": (8, "i64", 1),
        "ts_trade": (16, "i64", 1),
        "ts_recv": (24, "i64", 1),
        "mono_recv": (32, "i64", 1),
        "mono_publish": (40, "i64", 1),
        "update_id": (48, "u64", 1),
        "sequence": (56, "u64", 1),
        "ring_position": (64, "u64", 1),
        "symbol": (72, "u32", 1),
        "stream": (76, "u32", 1),
        "length": (80, "u32", 1),
        "connection": (84, "u16", 1),
        "flags": (86, "u16", 1),
        "kind": (88, "u8", 1),
        "status": (89, "u8", 1),
        "source": (90, "u8", 1),
        "reason": (91, "u8", 1),
        "reserved": (92, "u32", 1),
    },
    "quote": {
        "version": (0, "u64", 1),
        "ts_event": (8, "i64", 1),
        "ts_trade": (16, "i64", 1),
        "ts_recv": (24, "i64", 1),
        "mono_recv": (32, "i64", 1),
        "mono_publish": (40, "i64", 1),
        "update_id": (48, "u64", 1),
        "sequence": (56, "u64", 1),
        "ring_position": (64, "u64", 1),
        "symbol": (72, "u32", 1),
        "stream": (76, "u32", 1),
        "length": (80, "u32", 1),
        "connection": (84, "u16", 1),
        "flags": (86, "u16", 1),
        "kind": (88, "u8", 1),
        "status": (89, "u8", 1),
        "source": (90, "u8", 1),
        "reason": (91, "u8", 1),
        "reserved": (92, "u32", 1),
        "bid_px": (96, "i64", 1),
        "bid_qty": (104, "i64", 1),
        "ask_px": (112, "i64", 1),
        "ask_qty": (120, "i64", 1),
    },
    "trade": {
        "version": (0, "u64", 1),
        "ts_event": (8, "i64", 1),
        "ts_trade": (16, "i64", 1),
        "ts_recv": (24, "i64", 1),
        "mono_recv": (32, "i64", 1),
        "mono_publish": (40, "i64", 1),
        "update_id": (48, "u64", 1),
        "sequence": (56, "u64", 1),
        "ring_position": (64, "u64", 1),
        "symbol": (72, "u32", 1),
        "stream": (76, "u32", 1),
        "length": (80, "u32", 1),
        "connection": (84, "u16", 1),
        "flags": (86, "u16", 1),
        "kind": (88, "u8", 1),
        "status": (89, "u8", 1),
        "source": (90, "u8", 1),
        "reason": (91, "u8", 1),
        "reserved": (92, "u32", 1),
        "px": (96, "i64", 1),
        "qty": (104, "i64", 1),
        "first_trade_id": (112, "u64", 1),
        "last_trade_id": (120, "u64", 1),
        "normal_qty": (128, "i64", 1),
    },
    "ticker": {
        "version": (0, "u64", 1),
        "ts_event": (8, "i64", 1),
        "ts_trade": (16, "i64", 1),
        "ts_recv": (24, "i64", 1),
        "mono_recv": (32, "i64", 1),
        "mono_publish": (40, "i64", 1),
        "update_id": (48, "u64", 1),
        "sequence": (56, "u64", 1),
        "ring_position": (64, "u64", 1),
        "symbol": (72, "u32", 1),
        "stream": (76, "u32", 1),
        "length": (80, "u32", 1),
        "connection": (84, "u16", 1),
        "flags": (86, "u16", 1),
        "kind": (88, "u8", 1),
        "status": (89, "u8", 1),
        "source": (90, "u8", 1),
        "reason": (91, "u8", 1),
        "reserved": (92, "u32", 1),
        "last_px": (96, "i64", 1),
        "last_qty": (104, "i64", 1),
        "bid_px": (112, "i64", 1),
        "bid_qty": (120, "i64", 1),
        "ask_px": (128, "i64", 1),
        "ask_qty": (136, "i64", 1),
        "open_px": (144, "i64", 1),
        "high_px": (152, "i64", 1),
        "low_px": (160, "i64", 1),
        "prev_close_px": (168, "i64", 1),
        "change_px": (176, "i64", 1),
        "change_percent": (184, "i64", 1),
        "average_px": (192, "i64", 1),
        "volume": (200, "f64", 1),
        "quote_volume": (208, "f64", 1),
        "open_time": (216, "i64", 1),
        "close_time": (224, "i64", 1),
        "first_trade_id": (232, "u64", 1),
        "last_trade_id": (240, "u64", 1),
        "trade_count": (248, "u64", 1),
    },
    "kline": {
        "version": (0, "u64", 1),
        "ts_event": (8, "i64", 1),
        "ts_trade": (16, "i64", 1),
        "ts_recv": (24, "i64", 1),
        "mono_recv": (32, "i64", 1),
        "mono_publish": (40, "i64", 1),
        "update_id": (48, "u64", 1),
        "sequence": (56, "u64", 1),
        "ring_position": (64, "u64", 1),
        "symbol": (72, "u32", 1),
        "stream": (76, "u32", 1),
        "length": (80, "u32", 1),
        "connection": (84, "u16", 1),
        "flags": (86, "u16", 1),
        "kind": (88, "u8", 1),
        "status": (89, "u8", 1),
        "source": (90, "u8", 1),
        "reason": (91, "u8", 1),
        "reserved": (92, "u32", 1),
        "open_px": (96, "i64", 1),
        "high_px": (104, "i64", 1),
        "low_px": (112, "i64", 1),
        "close_px": (120, "i64", 1),
        "volume": (128, "f64", 1),
        "quote_volume": (136, "f64", 1),
        "taker_volume": (144, "f64", 1),
        "taker_quote_volume": (152, "f64", 1),
        "open_time": (160, "i64", 1),
        "close_time": (168, "i64", 1),
        "first_trade_id": (176, "u64", 1),
        "last_trade_id": (184, "u64", 1),
        "trade_count": (192, "u64", 1),
        "interval": (200, "text", 8),
        "px_exponent": (208, "i32", 1),
        "reserved_kline": (212, "u32", 1),
    },
    "mark": {
        "version": (0, "u64", 1),
        "ts_event": (8, "i64", 1),
        "ts_trade": (16, "i64", 1),
        "ts_recv": (24, "i64", 1),
        "mono_recv": (32, "i64", 1),
        "mono_publish": (40, "i64", 1),
        "update_id": (48, "u64", 1),
        "sequence": (56, "u64", 1),
        "ring_position": (64, "u64", 1),
        "symbol": (72, "u32", 1),
        "stream": (76, "u32", 1),
        "length": (80, "u32", 1),
        "connection": (84, "u16", 1),
        "flags": (86, "u16", 1),
        "kind": (88, "u8", 1),
        "status": (89, "u8", 1),
        "source": (90, "u8", 1),
        "reason": (91, "u8", 1),
        "reserved": (92, "u32", 1),
        "mark_px": (96, "i64", 1),
        "mark_average_px": (104, "i64", 1),
        "index_px": (112, "i64", 1),
        "settle_px": (120, "i64", 1),
        "funding_rate": (128, "i64", 1),
        "next_funding_time": (136, "i64", 1),
    },
    "price": {
        "version": (0, "u64", 1),
        "ts_event": (8, "i64", 1),
        "ts_trade": (16, "i64", 1),
        "ts_recv": (24, "i64", 1),
        "mono_recv": (32, "i64", 1),
        "mono_publish": (40, "i64", 1),
        "update_id": (48, "u64", 1),
        "sequence": (56, "u64", 1),
        "ring_position": (64, "u64", 1),
        "symbol": (72, "u32", 1),
        "stream": (76, "u32", 1),
        "length": (80, "u32", 1),
        "connection": (84, "u16", 1),
        "flags": (86, "u16", 1),
        "kind": (88, "u8", 1),
        "status": (89, "u8", 1),
        "source": (90, "u8", 1),
        "reason": (91, "u8", 1),
        "reserved": (92, "u32", 1),
        "px": (96, "i64", 1),
        "component_count": (104, "u32", 1),
        "reserved_price": (108, "u32", 1),
        "interval": (112, "text", 8),
    },
    "liquidation": {
        "version": (0, "u64", 1),
        "ts_event": (8, "i64", 1),
        "ts_trade": (16, "i64", 1),
        "ts_recv": (24, "i64", 1),
        "mono_recv": (32, "i64", 1),
        "mono_publish": (40, "i64", 1),
        "update_id": (48, "u64", 1),
        "sequence": (56, "u64", 1),
        "ring_position": (64, "u64", 1),
        "symbol": (72, "u32", 1),
        "stream": (76, "u32", 1),
        "length": (80, "u32", 1),
        "connection": (84, "u16", 1),
        "flags": (86, "u16", 1),
        "kind": (88, "u8", 1),
        "status": (89, "u8", 1),
        "source": (90, "u8", 1),
        "reason": (91, "u8", 1),
        "reserved": (92, "u32", 1),
        "px": (96, "i64", 1),
        "average_px": (104, "i64", 1),
        "qty": (112, "i64", 1),
        "last_filled_qty": (120, "i64", 1),
        "filled_qty": (128, "i64", 1),
        "side": (136, "u32", 1),
        "reserved_liquidation": (140, "u32", 1),
        "order_type": (144, "text", 16),
        "time_in_force": (160, "text", 8),
        "order_status": (168, "text", 16),
    },
    "contract": {
        "version": (0, "u64", 1),
        "ts_event": (8, "i64", 1),
        "ts_trade": (16, "i64", 1),
        "ts_recv": (24, "i64", 1),
        "mono_recv": (32, "i64", 1),
        "mono_publish": (40, "i64", 1),
        "update_id": (48, "u64", 1),
        "sequence": (56, "u64", 1),
        "ring_position": (64, "u64", 1),
        "symbol": (72, "u32", 1),
        "stream": (76, "u32", 1),
        "length": (80, "u32", 1),
        "connection": (84, "u16", 1),
        "flags": (86, "u16", 1),
        "kind": (88, "u8", 1),
        "status": (89, "u8", 1),
        "source": (90, "u8", 1),
        "reason": (91, "u8", 1),
        "reserved": (92, "u32", 1),
        "pair": (96, "text", 32),
        "contract_type": (128, "text", 32),
        "contract_status": (160, "text", 32),
        "delivery_time": (192, "i64", 1),
        "onboard_time": (200, "i64", 1),
        "has_brackets": (208, "u32", 1),
        "reserved_contract": (212, "u32", 1),
    },
    "asset": {
        "version": (0, "u64", 1),
        "ts_event": (8, "i64", 1),
        "ts_trade": (16, "i64", 1),
        "ts_recv": (24, "i64", 1),
        "mono_recv": (32, "i64", 1),
        "mono_publish": (40, "i64", 1),
        "update_id": (48, "u64", 1),
        "sequence": (56, "u64", 1),
        "ring_position": (64, "u64", 1),
        "symbol": (72, "u32", 1),
        "stream": (76, "u32", 1),
        "length": (80, "u32", 1),
        "connection": (84, "u16", 1),
        "flags": (86, "u16", 1),
        "kind": (88, "u8", 1),
        "status": (89, "u8", 1),
        "source": (90, "u8", 1),
        "reason": (91, "u8", 1),
        "reserved": (92, "u32", 1),
        "index_px": (96, "i64", 1),
        "bid_buffer": (104, "i64", 1),
        "ask_buffer": (112, "i64", 1),
        "bid_rate": (120, "i64", 1),
        "ask_rate": (128, "i64", 1),
        "auto_bid_buffer": (136, "i64", 1),
        "auto_ask_buffer": (144, "i64", 1),
        "auto_bid_rate": (152, "i64", 1),
        "auto_ask_rate": (160, "i64", 1),
    },
    "session": {
        "version": (0, "u64", 1),
        "ts_event": (8, "i64", 1),
        "ts_trade": (16, "i64", 1),
        "ts_recv": (24, "i64", 1),
        "mono_recv": (32, "i64", 1),
        "mono_publish": (40, "i64", 1),
        "update_id": (48, "u64", 1),
        "sequence": (56, "u64", 1),
        "ring_position": (64, "u64", 1),
        "symbol": (72, "u32", 1),
        "stream": (76, "u32", 1),
        "length": (80, "u32", 1),
        "connection": (84, "u16", 1),
        "flags": (86, "u16", 1),
        "kind": (88, "u8", 1),
        "status": (89, "u8", 1),
        "source": (90, "u8", 1),
        "reason": (91, "u8", 1),
        "reserved": (92, "u32", 1),
        "start_time": (96, "i64", 1),
        "end_time": (104, "i64", 1),
        "underlying": (112, "text", 24),
        "session": (136, "text", 24),
    },
    "value": {
        "version": (0, "u64", 1),
        "ts_event": (8, "i64", 1),
        "ts_trade": (16, "i64", 1),
        "ts_recv": (24, "i64", 1),
        "mono_recv": (32, "i64", 1),
        "mono_publish": (40, "i64", 1),
        "update_id": (48, "u64", 1),
        "sequence": (56, "u64", 1),
        "ring_position": (64, "u64", 1),
        "symbol": (72, "u32", 1),
        "stream": (76, "u32", 1),
        "length": (80, "u32", 1),
        "connection": (84, "u16", 1),
        "flags": (86, "u16", 1),
        "kind": (88, "u8", 1),
        "status": (89, "u8", 1),
        "source": (90, "u8", 1),
        "reason": (91, "u8", 1),
        "reserved": (92, "u32", 1),
    },
    "book": {
        "version": (0, "u64", 1),
        "ts_event": (8, "i64", 1),
        "ts_trade": (16, "i64", 1),
        "ts_recv": (24, "i64", 1),
        "mono_recv": (32, "i64", 1),
        "mono_publish": (40, "i64", 1),
        "update_id": (48, "u64", 1),
        "sequence": (56, "u64", 1),
        "ring_position": (64, "u64", 1),
        "symbol": (72, "u32", 1),
        "stream": (76, "u32", 1),
        "length": (80, "u32", 1),
        "connection": (84, "u16", 1),
        "flags": (86, "u16", 1),
        "kind": (88, "u8", 1),
        "status": (89, "u8", 1),
        "source": (90, "u8", 1),
        "reason": (91, "u8", 1),
        "reserved": (92, "u32", 1),
        "first_update_id": (96, "u64", 1),
        "snapshot_id": (104, "u64", 1),
        "bid_count": (112, "u16", 1),
        "ask_count": (114, "u16", 1),
        "depth": (116, "u16", 1),
        "reserved_levels": (118, "u16", 1),
        "bid_total": (120, "u32", 1),
        "ask_total": (124, "u32", 1),
        "bids": (128, "i64", 40),
        "asks": (448, "i64", 40),
        "bid_complete_px": (768, "i64", 1),
        "ask_complete_px": (776, "i64", 1),
    },
    "partial": {
        "version": (0, "u64", 1),
        "ts_event": (8, "i64", 1),
        "ts_trade": (16, "i64", 1),
        "ts_recv": (24, "i64", 1),
        "mono_recv": (32, "i64", 1),
        "mono_publish": (40, "i64", 1),
        "update_id": (48, "u64", 1),
        "sequence": (56, "u64", 1),
        "ring_position": (64, "u64", 1),
        "symbol": (72, "u32", 1),
        "stream": (76, "u32", 1),
        "length": (80, "u32", 1),
        "connection": (84, "u16", 1),
        "flags": (86, "u16", 1),
        "kind": (88, "u8", 1),
        "status": (89, "u8", 1),
        "source": (90, "u8", 1),
        "reason": (91, "u8", 1),
        "reserved": (92, "u32", 1),
        "first_update_id": (96, "u64", 1),
        "snapshot_id": (104, "u64", 1),
        "bid_count": (112, "u16", 1),
        "ask_count": (114, "u16", 1),
        "depth": (116, "u16", 1),
        "reserved_levels": (118, "u16", 1),
        "bid_total": (120, "u32", 1),
        "ask_total": (124, "u32", 1),
        "bids": (128, "i64", 40),
        "asks": (448, "i64", 40),
        "bid_complete_px": (768, "i64", 1),
        "ask_complete_px": (776, "i64", 1),
    },
    "diff": {
        "version": (0, "u64", 1),
        "ts_event": (8, "i64", 1),
        "ts_trade": (16, "i64", 1),
        "ts_recv": (24, "i64", 1),
        "mono_recv": (32, "i64", 1),
        "mono_publish": (40, "i64", 1),
        "update_id": (48, "u64", 1),
        "sequence": (56, "u64", 1),
        "ring_position": (64, "u64", 1),
        "symbol": (72, "u32", 1),
        "stream": (76, "u32", 1),
        "length": (80, "u32", 1),
        "connection": (84, "u16", 1),
        "flags": (86, "u16", 1),
        "kind": (88, "u8", 1),
        "status": (89, "u8", 1),
        "source": (90, "u8", 1),
        "reason": (91, "u8", 1),
        "reserved": (92, "u32", 1),
        "first_update_id": (96, "u64", 1),
        "prev_update_id": (104, "u64", 1),
        "best_bid_px": (112, "i64", 1),
        "best_bid_qty": (120, "i64", 1),
        "best_ask_px": (128, "i64", 1),
        "best_ask_qty": (136, "i64", 1),
        "bid_count": (144, "u32", 1),
        "ask_count": (148, "u32", 1),
        "reserved_diff": (152, "u64", 1),
    },
    "state": {
        "version": (0, "u64", 1),
        "ts_event": (8, "i64", 1),
        "ts_trade": (16, "i64", 1),
        "ts_recv": (24, "i64", 1),
        "mono_recv": (32, "i64", 1),
        "mono_publish": (40, "i64", 1),
        "update_id": (48, "u64", 1),
        "sequence": (56, "u64", 1),
        "ring_position": (64, "u64", 1),
        "symbol": (72, "u32", 1),
        "stream": (76, "u32", 1),
        "length": (80, "u32", 1),
        "connection": (84, "u16", 1),
        "flags": (86, "u16", 1),
        "kind": (88, "u8", 1),
        "status": (89, "u8", 1),
        "source": (90, "u8", 1),
        "reason": (91, "u8", 1),
        "reserved": (92, "u32", 1),
        "previous_status": (96, "u32", 1),
        "subject": (100, "u32", 1),
        "expected_id": (104, "u64", 1),
        "received_id": (112, "u64", 1),
        "error": (120, "u32", 1),
        "reserved_state": (124, "u32", 1),
        "gap_number": (128, "u64", 1),
        "missing": (136, "u64", 1),
        "recovered": (144, "u64", 1),
        "gap_state": (152, "u32", 1),
        "reserved_gap": (156, "u32", 1),
        "ts_before": (160, "i64", 1),
        "ts_after": (168, "i64", 1),
    },
    "gap": {
        "version": (0, "u64", 1),
        "ts_event": (8, "i64", 1),
        "ts_trade": (16, "i64", 1),
        "ts_recv": (24, "i64", 1),
        "mono_recv": (32, "i64", 1),
        "mono_publish": (40, "i64", 1),
        "update_id": (48, "u64", 1),
        "sequence": (56, "u64", 1),
        "ring_position": (64, "u64", 1),
        "symbol": (72, "u32", 1),
        "stream": (76, "u32", 1),
        "length": (80, "u32", 1),
        "connection": (84, "u16", 1),
        "flags": (86, "u16", 1),
        "kind": (88, "u8", 1),
        "status": (89, "u8", 1),
        "source": (90, "u8", 1),
        "reason": (91, "u8", 1),
        "reserved": (92, "u32", 1),
        "gap_number": (96, "u64", 1),
        "first_id": (104, "u64", 1),
        "last_id": (112, "u64", 1),
        "missing": (120, "u64", 1),
        "recovered": (128, "u64", 1),
        "opened_real": (136, "i64", 1),
        "closed_real": (144, "i64", 1),
        "ts_before": (152, "i64", 1),
        "ts_after": (160, "i64", 1),
        "gap_state": (168, "u32", 1),
        "subject": (172, "u32", 1),
    },
    "raw": {
        "version": (0, "u64", 1),
        "ts_event": (8, "i64", 1),
        "ts_trade": (16, "i64", 1),
        "ts_recv": (24, "i64", 1),
        "mono_recv": (32, "i64", 1),
        "mono_publish": (40, "i64", 1),
        "update_id": (48, "u64", 1),
        "sequence": (56, "u64", 1),
        "ring_position": (64, "u64", 1),
        "symbol": (72, "u32", 1),
        "stream": (76, "u32", 1),
        "length": (80, "u32", 1),
        "connection": (84, "u16", 1),
        "flags": (86, "u16", 1),
        "kind": (88, "u8", 1),
        "status": (89, "u8", 1),
        "source": (90, "u8", 1),
        "reason": (91, "u8", 1),
        "reserved": (92, "u32", 1),
        "payload_length": (96, "u32", 1),
        "frame_length": (100, "u32", 1),
        "data_offset": (104, "u32", 1),
        "data_length": (108, "u32", 1),
        "part": (112, "u32", 1),
        "reserved_raw": (116, "u32", 1),
        "reserved_raw2": (120, "u64", 1),
    },
    "ring": {
        "tail_intent": (0, "u64", 1),
        "tail": (8, "u64", 1),
        "capacity": (16, "u64", 1),
        "record_count": (24, "u64", 1),
    },
    "slot": {
        "version": (0, "u64", 1),
    },
    "symbol": {
        "symbol": (0, "text", 32),
        "venue": (32, "text", 16),
        "market_name": (48, "text", 16),
        "px_exponent": (64, "i8", 1),
        "qty_exponent": (65, "i8", 1),
        "market": (66, "u8", 1),
        "halted": (67, "u8", 1),
        "state": (68, "u32", 1),
        "tick": (72, "i64", 1),
        "step": (80, "i64", 1),
        "added_real": (88, "i64", 1),
        "successor": (96, "u32", 1),
        "reserved32": (100, "u32", 1),
    },
    "connection": {
        "name": (0, "text", 48),
        "market": (48, "u8", 1),
        "reserved8": (49, "u8", 1),
        "reserved16": (50, "u16", 1),
        "state": (52, "u32", 1),
        "session": (56, "u32", 1),
        "reserved32": (60, "u32", 1),
        "mono_recv": (64, "i64", 1),
        "mono_connected": (72, "i64", 1),
        "frame_count": (80, "u64", 1),
        "byte_count": (88, "u64", 1),
        "error_count": (96, "u64", 1),
        "duplicate_count": (104, "u64", 1),
        "lag_ns": (112, "i64", 1),
        "peer": (120, "u32", 1),
        "stream_total": (124, "u32", 1),
    },
    "stream": {
        "name": (0, "text", 64),
        "kind": (64, "u8", 1),
        "market": (65, "u8", 1),
        "status": (66, "u8", 1),
        "levels": (67, "u8", 1),
        "symbol": (68, "u32", 1),
        "connection": (72, "u32", 1),
        "state": (76, "u32", 1),
        "sequence": (80, "u64", 1),
        "mono_recv": (88, "i64", 1),
        "byte_count": (96, "u64", 1),
        "error_count": (104, "u64", 1),
        "gap_count": (112, "u64", 1),
        "parent": (120, "u32", 1),
        "value": (124, "u32", 1),
        "shape": (128, "u8", 1),
        "reserved8": (129, "u8", 1),
        "reserved16": (130, "u16", 1),
        "expected_ms": (132, "u32", 1),
        "limit_ns": (136, "i64", 1),
        "mono_acked": (144, "i64", 1),
        "duplicate_count": (152, "u64", 1),
        "silent_count": (160, "u64", 1),
        "last_id": (168, "u64", 1),
        "last_ts": (176, "i64", 1),
    },
    "counters": {
        "frames_received": (0, "u64", 1),
        "bytes_received": (8, "u64", 1),
        "frames_data": (16, "u64", 1),
        "frames_control": (24, "u64", 1),
        "frames_unknown_stream": (32, "u64", 1),
        "frames_unreadable": (40, "u64", 1),
        "frames_binary": (48, "u64", 1),
        "frames_not_utf8": (56, "u64", 1),
        "fragments_joined": (64, "u64", 1),
        "records_published": (72, "u64", 1),
        "diffs_applied": (80, "u64", 1),
        "diffs_behind": (88, "u64", 1),
        "diffs_buffered": (96, "u64", 1),
        "diffs_dropped": (104, "u64", 1),
        "gaps": (112, "u64", 1),
        "snapshots_applied": (120, "u64", 1),
        "snapshots_refused": (128, "u64", 1),
        "books_crossed": (136, "u64", 1),
        "values_inexact": (144, "u64", 1),
        "values_out_of_range": (152, "u64", 1),
        "stalls": (160, "u64", 1),
        "status_changes": (168, "u64", 1),
        "zmq_sent": (176, "u64", 1),
        "zmq_refused": (184, "u64", 1),
        "batches": (192, "u64", 1),
        "raw_parts": (200, "u64", 1),
        "notices_dropped": (208, "u64", 1),
        "ids_backwards": (216, "u64", 1),
        "frames_duplicate": (224, "u64", 1),
        "frames_early": (232, "u64", 1),
        "frames_foreign": (240, "u64", 1),
        "rows_split": (248, "u64", 1),
        "rows_foreign": (256, "u64", 1),
        "rows_unknown": (264, "u64", 1),
        "rows_covered": (272, "u64", 1),
        "rows_duplicate": (280, "u64", 1),
        "rows_unreadable": (288, "u64", 1),
        "streams_silent": (296, "u64", 1),
        "streams_lagging": (304, "u64", 1),
        "rotations": (312, "u64", 1),
        "subscriptions_refused": (320, "u64", 1),
        "events_backfilled": (328, "u64", 1),
        "gaps_filled": (336, "u64", 1),
        "gaps_partial": (344, "u64", 1),
        "gaps_lost": (352, "u64", 1),
        "gaps_healed": (360, "u64", 1),
        "audits": (368, "u64", 1),
        "audits_differing": (376, "u64", 1),
        "books_deepened": (384, "u64", 1),
        "books_thin": (392, "u64", 1),
    },
    "histogram": {
        "name": (0, "text", 32),
        "count": (32, "u64", 1),
        "sum": (40, "u64", 1),
        "max": (48, "u64", 1),
        "one_in": (56, "u64", 1),
        "buckets": (64, "u64", 2048),
    },
}

FORMATS: Final = {
    "u8": "B", "i8": "b", "u16": "H", "u32": "I", "i32": "i", "u64": "Q", "i64": "q", "f64": "d",
}  # fmt: skip
"""Type -> code of the ``struct`` module, without its leading ``<``."""

_NUMPY: Final = {
    "u8": "u1", "i8": "i1", "u16": "<u2", "u32": "<u4", "i32": "<i4", "u64": "<u8", "i64": "<i8",
    "f64": "<f8",
}  # fmt: skip


def fields(name: str, levels: int = BOOK_LEVELS) -> dict[str, tuple[int, str, int]]:
    """Fields of a struct; ``levels`` a side for ``book`` and ``partial``."""
    found = dict(FIELDS[name])
    if name in ("book", "partial"):
        first = found["bids"][0]
        found["bids"] = (first, "i64", 2 * levels)
        found["asks"] = (first + 16 * levels, "i64", 2 * levels)
        found["bid_complete_px"] = (first + 32 * levels, "i64", 1)
        found["ask_complete_px"] = (first + 32 * levels + 8, "i64", 1)
    return found


def size(name: str, levels: int = BOOK_LEVELS) -> int:
    """Bytes of a struct; ``levels`` a side for ``book`` and ``partial``."""
    if name in ("book", "partial"):
        return -(-(144 + 32 * levels) // 64) * 64
    return SIZES[name]


def dtype_spec(name: str, levels: int = BOOK_LEVELS) -> dict[str, object]:
    """What ``numpy.dtype`` takes for a struct; levels have the shape (levels, 2)."""
    table = fields(name, levels)
    return {
        "names": list(table),
        "formats": [_numpy_format(field, kind, count) for field, (_, kind, count) in table.items()],
        "offsets": [offset for offset, _, _ in table.values()],
        "itemsize": size(name, levels),
    }


def _numpy_format(field: str, kind: str, count: int) -> object:
    if kind == "text":
        return f"S{count}"
    if kind == "bytes":
        return f"V{count}"
    if field in ("bids", "asks"):
        return (_NUMPY[kind], (count // 2, 2))
    return (_NUMPY[kind], (count,)) if count > 1 else _NUMPY[kind]
