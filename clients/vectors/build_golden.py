"""Make the golden segment: ``segment_v1.hex`` and ``segment_v1.json``.

Every offset below was written by hand from ``clients/LAYOUT.md``. Nothing is imported from the
gateway, so the vectors stay a second opinion: a mistake in the generated tables or in the writer
does not repeat itself here.

    python clients/vectors/build_golden.py           write both files
    python clients/vectors/build_golden.py --check   exit 1 where they differ from what is here
"""

from __future__ import annotations

import json
import struct
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
CODES = {"u8": "B", "i8": "b", "u16": "H", "u32": "I", "u64": "Q", "i64": "q", "f64": "d"}
NULL = -9223372036854775808
NO_ROW = 0xFFFFFFFF
REAL = 1790000000000000000  # ns since the Unix epoch
MONO = 5000000000

Fields = list[tuple[int, str, str]]

# offset, type, name: typed off from clients/LAYOUT.md
META: Fields = [
    (0x00, "u64", "version"), (0x08, "i64", "ts_event"), (0x10, "i64", "ts_trade"),
    (0x18, "i64", "ts_recv"), (0x20, "i64", "mono_recv"), (0x28, "i64", "mono_publish"),
    (0x30, "u64", "update_id"), (0x38, "u64", "sequence"), (0x40, "u64", "ring_position"),
    (0x48, "u32", "symbol"), (0x4C, "u32", "stream"), (0x50, "u32", "length"),
    (0x54, "u16", "connection"), (0x56, "u16", "flags"), (0x58, "u8", "kind"),
    (0x59, "u8", "status"), (0x5A, "u8", "source"), (0x5B, "u8", "reason"),
]  # fmt: skip
QUOTE: Fields = [
    (0x60, "i64", "bid_px"), (0x68, "i64", "bid_qty"), (0x70, "i64", "ask_px"),
    (0x78, "i64", "ask_qty"),
]  # fmt: skip
TRADE: Fields = [
    (0x60, "i64", "px"), (0x68, "i64", "qty"), (0x70, "u64", "first_trade_id"),
    (0x78, "u64", "last_trade_id"),
]  # fmt: skip
TICKER: Fields = [
    (0x60, "i64", "last_px"), (0x68, "i64", "last_qty"), (0x70, "i64", "bid_px"),
    (0x78, "i64", "bid_qty"), (0x80, "i64", "ask_px"), (0x88, "i64", "ask_qty"),
    (0x90, "i64", "open_px"), (0x98, "i64", "high_px"), (0xA0, "i64", "low_px"),
    (0xA8, "i64", "prev_close_px"), (0xB0, "i64", "change_px"), (0xB8, "i64", "change_percent"),
    (0xC0, "i64", "average_px"), (0xC8, "f64", "volume"), (0xD0, "f64", "quote_volume"),
    (0xD8, "i64", "open_time"), (0xE0, "i64", "close_time"), (0xE8, "u64", "first_trade_id"),
    (0xF0, "u64", "last_trade_id"), (0xF8, "u64", "trade_count"),
]  # fmt: skip
LADDER: Fields = [
    (0x60, "u64", "first_update_id"), (0x68, "u64", "snapshot_id"), (0x70, "u16", "bid_count"),
    (0x72, "u16", "ask_count"), (0x74, "u16", "depth"), (0x78, "u32", "bid_total"),
    (0x7C, "u32", "ask_total"),
]  # fmt: skip
DIFF: Fields = [
    (0x60, "u64", "first_update_id"), (0x68, "u64", "prev_update_id"),
    (0x70, "i64", "best_bid_px"), (0x78, "i64", "best_bid_qty"), (0x80, "i64", "best_ask_px"),
    (0x88, "i64", "best_ask_qty"), (0x90, "u32", "bid_count"), (0x94, "u32", "ask_count"),
]  # fmt: skip
STATE: Fields = [
    (0x60, "u32", "previous_status"), (0x64, "u32", "subject"), (0x68, "u64", "expected_id"),
    (0x70, "u64", "received_id"), (0x78, "u32", "error"),
]  # fmt: skip
RAW: Fields = [
    (0x60, "u32", "payload_length"), (0x64, "u32", "frame_length"), (0x68, "u32", "data_offset"),
    (0x6C, "u32", "data_length"), (0x70, "u32", "part"),
]  # fmt: skip

parts: list[tuple[int, bytes, str]] = []


def put(offset: int, kind: str, value: int | float, note: str) -> int | float:
    """Place a number and return it."""
    parts.append((offset, struct.pack("<" + CODES[kind], value), f"{note} = {value}"))
    return value


def text(offset: int, room: int, value: str, note: str) -> str:
    """Place text, padded with NUL to ``room`` bytes, and return it."""
    parts.append((offset, value.encode().ljust(room, b"\0"), f"{note} = {value}"))
    return value


def fields(base: int, table: Fields, values: dict[str, Any], note: str) -> dict[str, Any]:
    """Place the fields of ``table`` at ``base``; a field that ``values`` lacks is 0."""
    return {
        name: put(base + offset, kind, values.get(name, 0), f"{note}.{name}")
        for offset, kind, name in table
    }


def levels(offset: int, rows: list[tuple[int, int]], note: str) -> list[list[int]]:
    """Place (price, quantity) pairs, 16 bytes each."""
    for number, (px, qty) in enumerate(rows):
        data = struct.pack("<qq", px, qty)
        parts.append((offset + 16 * number, data, f"{note}[{number}] = {px}, {qty}"))
    return [list(row) for row in rows]


def times(number: int, **more: int) -> dict[str, int]:
    """Times of an event that came ``number`` ms after the start, with more fields."""
    real, mono = REAL + number * 1000000, MONO + number * 1000000
    return {
        "ts_event": real, "ts_trade": NULL, "ts_recv": real + 250000, "mono_recv": mono + 250000,
        "mono_publish": mono + 251000, **more,
    }  # fmt: skip


def header() -> dict[str, Any]:
    """Page 0. boot_id and the heartbeat are placeholders, see the README."""
    parts.append((0x00, b"BNGWSHM1", "header.magic"))
    boot_id = bytes.fromhex("00112233445566778899aabbccddeeff")
    parts.append((0x50, boot_id, "header.boot_id (patch it)"))
    table: list[tuple[int, str, str, int]] = [
        (0x08, "u32", "endian_tag", 0x01020304),
        (0x0C, "u16", "abi_major", 1),
        (0x0E, "u16", "abi_minor", 0),
        (0x10, "u32", "header_size", 4096),
        (0x14, "u32", "section_align", 4096),
        (0x18, "u64", "file_size", 0x19000),
        (0x20, "u64", "generation", REAL + 1),
        (0x28, "u32", "section_count", 13),
        (0x2C, "u32", "section_desc_size", 128),
        (0x30, "u64", "section_table_offset", 0x1000),
        (0x38, "u64", "schema_hash", 0x1122334455667788),
        (0x40, "u64", "writer_pid", 4243),
        (0x48, "u64", "writer_start_ticks", 987654),
        (0x60, "i64", "created_real", REAL),
        (0x68, "i64", "created_mono", MONO),
        (0x70, "u32", "shard_id", 0),
        (0x74, "u32", "shard_count", 1),
        (0x78, "u64", "instance_id", 0x9F00000000000001),
        (0x80, "u32", "state", 1),
        (0x84, "u32", "symbol_count", 2),
        (0x88, "i64", "heartbeat_mono", MONO + 900000000),
        (0x90, "i64", "heartbeat_real", REAL + 900000000),
        (0x98, "u64", "heartbeat_count", 9),
        (0xA0, "u32", "heartbeat_interval_ms", 100),
        (0xA4, "u32", "heartbeat_timeout_ms", 1000),
        (0xA8, "u64", "successor_generation", 0),
        (0xB0, "u32", "directory_epoch", 9),
        (0xB4, "u32", "stream_count", 6),
        (0xB8, "u32", "connection_count", 2),
        (0xC0, "u32", "bell", 77),
    ]
    return {name: put(at, kind, value, f"header.{name}") for at, kind, name, value in table}


def section_table() -> dict[str, Any]:
    """13 rows of 128 bytes. FIELDS describes the cells of QUOTE only, to stay readable."""
    names = [
        "kind", "schema_id", "offset", "length", "stride", "capacity", "cell_offset", "cell_size",
        "cell_count", "first_field", "field_count", "param", "ring_capacity",
    ]  # fmt: skip
    places = [0, 4, 8, 16, 24, 28, 32, 36, 40, 44, 48, 52, 56]
    rows: list[tuple[str, list[int]]] = [
        ("fields", [1, 1, 0x2000, 1472, 64, 23, 0, 64, 1, 0, 0, 0, 0]),
        ("counters", [2, 1, 0x3000, 512, 512, 1, 0, 512, 1, 0, 0, 0, 0]),
        ("histograms", [3, 1, 0x4000, 32896, 16448, 2, 0, 16448, 1, 0, 0, 0, 0]),
        ("symbols", [4, 1, 0xD000, 512, 128, 4, 0, 128, 1, 0, 0, 0, 0]),
        ("connections", [5, 1, 0xE000, 256, 128, 2, 0, 128, 1, 0, 0, 0, 0]),
        ("streams", [6, 1, 0xF000, 1024, 128, 8, 0, 128, 1, 0, 0, 0, 0]),
        ("quote", [7, 1, 0x10000, 1280, 320, 4, 64, 128, 2, 0, 23, 0, 0]),
        ("ticker", [8, 1, 0x11000, 2304, 576, 4, 64, 256, 2, 0, 0, 0, 0]),
        ("last_trade", [9, 1, 0x12000, 1280, 320, 4, 64, 128, 2, 0, 0, 0, 0]),
        ("book", [10, 1, 0x13000, 2560, 640, 4, 64, 288, 2, 0, 0, 5, 0]),
        ("partial", [11, 1, 0x14000, 2560, 640, 4, 64, 288, 2, 0, 0, 5, 0]),
        ("events", [12, 1, 0x15000, 8192, 0, 0, 4096, 0, 0, 0, 0, 0, 4096]),
        ("raw", [13, 1, 0x17000, 8192, 0, 0, 4096, 0, 0, 0, 0, 0, 4096]),
    ]
    found = {}
    for row, (name, values) in enumerate(rows):
        base = 0x1000 + 128 * row
        for column, (place, value) in enumerate(zip(places, values, strict=True)):
            wide = column in (2, 3, 12)
            put(base + place, "u64" if wide else "u32", value, f"section {name}.{names[column]}")
        text(base + 64, 32, name, "section name")
        found[name] = dict(zip(names, values, strict=True))
    return found


def field_rows() -> list[dict[str, Any]]:
    """FIELDS: META and QUOTE, 64 bytes a row."""
    units = {"ts_event": "ns", "ts_trade": "ns", "ts_recv": "ns", "mono_recv": "ns",
             "mono_publish": "ns", "ring_position": "bytes", "symbol": "row", "stream": "row",
             "length": "bytes", "connection": "row", "flags": "enum Flag", "kind": "enum Kind",
             "status": "enum Status", "source": "enum Source", "reason": "enum Reason",
             "bid_px": "px", "bid_qty": "qty", "ask_px": "px", "ask_qty": "qty"}  # fmt: skip
    sizes = {"u8": 1, "u16": 2, "u32": 4, "u64": 8, "i64": 8}
    found = []
    for row, (at, kind, name) in enumerate([*META, (0x5C, "u32", "reserved"), *QUOTE]):
        unit = units.get(name, "")
        data = struct.pack("<32s8s16sHHHH", name.encode(), kind.encode(), unit.encode(), at, 1, sizes[kind], 0)
        parts.append((0x2000 + 64 * row, data, f"field {row}: {name} {kind} at {at}"))
        found.append({"name": name, "type": kind, "unit": unit, "offset": at, "count": 1})
    return found


def counters() -> dict[str, Any]:
    """A few counters and both histograms."""
    found = {
        "frames_received": put(0x3000, "u64", 40, "counters.frames_received"),
        "bytes_received": put(0x3008, "u64", 9876, "counters.bytes_received"),
        "frames_data": put(0x3010, "u64", 38, "counters.frames_data"),
        "frames_control": put(0x3018, "u64", 2, "counters.frames_control"),
        "records_published": put(0x3048, "u64", 31, "counters.records_published"),
        "gaps": put(0x3070, "u64", 1, "counters.gaps"),
        "ids_backwards": put(0x30D8, "u64", 3, "counters.ids_backwards"),
    }
    text(0x4000, 32, "event_to_recv", "histogram 0")
    text(0x8040, 32, "recv_to_publish", "histogram 1")
    histogram = {
        "name": "recv_to_publish",
        "count": put(0x8060, "u64", 3, "histogram 1 count"),
        "sum": put(0x8068, "u64", 2017, "histogram 1 sum"),
        "max": put(0x8070, "u64", 1000, "histogram 1 max"),
        # 17 -> 17; 1000: e = 9, ((9 - 4) << 5) | ((1000 >> 4) & 31) = 190, so 8 * 190 behind 0x8080
        "buckets": {
            "17": put(0x8108, "u64", 1, "histogram 1 bucket 17"),
            "190": put(0x8670, "u64", 2, "histogram 1 bucket 190"),
        },
    }
    return {"counters": found, "histogram": histogram}


def directories() -> dict[str, Any]:
    """Two symbols, two connections, six streams."""
    symbol_table: Fields = [
        (0x40, "i8", "px_exponent"), (0x41, "i8", "qty_exponent"), (0x42, "u8", "market"),
        (0x44, "u32", "state"), (0x48, "i64", "tick"), (0x50, "i64", "step"),
        (0x58, "i64", "added_real"), (0x60, "u32", "successor"),
    ]  # fmt: skip
    symbols = []
    for base, symbol, market, values in [
        (0xD000, "BTCUSDT", "spot", {"px_exponent": -2, "qty_exponent": -5, "market": 1, "tick": 1, "step": 1}),
        (0xD080, "ETHUSDT", "usdm", {"px_exponent": -2, "qty_exponent": -3, "market": 2, "tick": 1, "step": 1}),
    ]:
        text(base, 32, symbol, "symbol")
        text(base + 0x20, 16, "binance", "symbol.venue")
        text(base + 0x30, 16, market, "symbol.market_name")
        values |= {"state": 1, "added_real": REAL, "successor": NO_ROW}
        found = fields(base, symbol_table, values, symbol)
        symbols.append({"symbol": symbol, "venue": "binance", "market_name": market, **found})
    return {"symbols": symbols, "connections": connections(), "streams": streams()}


def connections() -> list[dict[str, Any]]:
    """One connection a market."""
    table: Fields = [
        (0x30, "u8", "market"), (0x34, "u32", "state"), (0x38, "u32", "session"),
        (0x40, "i64", "mono_recv"), (0x48, "i64", "mono_connected"), (0x50, "u64", "frame_count"),
        (0x58, "u64", "byte_count"), (0x60, "u64", "error_count"),
    ]  # fmt: skip
    found = []
    for base, name, market, frames in [(0xE000, "spot/0", 1, 25), (0xE080, "usdm/public/0", 2, 13)]:
        text(base, 48, name, "connection")
        values = {"market": market, "state": 1, "session": 1, "mono_recv": MONO + 40000000,
                  "mono_connected": MONO, "frame_count": frames, "byte_count": 4000}  # fmt: skip
        found.append({"name": name, **fields(base, table, values, name)})
    return found


def streams() -> list[dict[str, Any]]:
    """Name, kind, market, status, levels, symbol, connection, sequence."""
    table: Fields = [
        (0x40, "u8", "kind"), (0x41, "u8", "market"), (0x42, "u8", "status"), (0x43, "u8", "levels"),
        (0x44, "u32", "symbol"), (0x48, "u32", "connection"), (0x4C, "u32", "state"),
        (0x50, "u64", "sequence"), (0x58, "i64", "mono_recv"), (0x60, "u64", "byte_count"),
        (0x68, "u64", "error_count"), (0x70, "u64", "gap_count"),
    ]  # fmt: skip
    found = []
    for row, (name, kind, market, status, depth, symbol, sequence) in enumerate([
        ("spot:btcusdt@bookTicker", 1, 1, 1, 0, 0, 9),
        ("spot:btcusdt@trade", 2, 1, 1, 0, 0, 5),
        ("spot:btcusdt@depth@100ms", 5, 1, 1, 0, 0, 6),
        ("spot:btcusdt@ticker", 4, 1, 1, 0, 0, 1),
        ("usdm:ethusdt@depth@100ms", 5, 2, 3, 0, 1, 7),
        ("usdm:ethusdt@depth5@100ms", 6, 2, 1, 5, 1, 3),
    ]):  # fmt: skip
        base = 0xF000 + 128 * row
        text(base, 64, name, "stream")
        values = {"kind": kind, "market": market, "status": status, "levels": depth, "state": 1,
                  "symbol": symbol, "connection": market - 1, "sequence": sequence,
                  "mono_recv": MONO + 40000000, "gap_count": 1 if status == 3 else 0}  # fmt: skip
        found.append({"name": name, **fields(base, table, values, f"stream {row}")})
    return found


def garbage(offset: int, length: int, note: str) -> None:
    """What a writer killed in mid-write leaves in the spare cell."""
    parts.append((offset, b"\xee" * length, note))


def slot(base: int, version: int, note: str) -> int:
    return int(put(base, "u64", version, f"{note} version"))


def quotes() -> dict[str, Any]:
    """BTCUSDT: LIVE, even version. ETHUSDT: from the book and GAPPED, odd version."""
    btc, eth = "quote slot 0", "quote slot 1"
    slot(0x10000, 4, btc)
    values = times(31, version=4, update_id=1000031, sequence=9, ring_position=4544, length=128,
                   flags=6, kind=1, status=1, source=1, ts_event=NULL)  # fmt: skip
    values |= {"bid_px": 6712345, "bid_qty": 123456, "ask_px": 6712346, "ask_qty": 50000}
    live = fields(0x10040, META + QUOTE, values, f"{btc} cell 0")
    older = times(30, version=3, update_id=1000030, length=128, kind=1, status=1, source=1)
    fields(0x100C0, META + QUOTE, older | {"bid_px": 1, "bid_qty": 1, "ask_px": 2, "ask_qty": 1}, f"{btc} cell 1 (older)")
    slot(0x10140, 7, eth)
    garbage(0x10180, 128, f"{eth} cell 0: the writer was killed while it wrote version 8")
    values = times(29, version=7, update_id=77007, sequence=7, ring_position=3840, symbol=1,
                   stream=4, length=128, connection=1, flags=6, kind=1, status=3, source=2,
                   reason=4, ts_trade=REAL + 28000000)  # fmt: skip
    values |= {"bid_px": 345001, "bid_qty": 1500, "ask_px": 345002, "ask_qty": NULL}
    return {"0": live, "1": fields(0x10200, META + QUOTE, values, f"{eth} cell 1")}


def others() -> dict[str, Any]:
    """Ticker and last trade of BTCUSDT; the slots of ETHUSDT were never written."""
    slot(0x11000, 1, "ticker slot 0")
    values: dict[str, Any] = times(20, version=1, sequence=1, ring_position=1280, stream=3,
                                   length=256, flags=6, kind=4, status=1)  # fmt: skip
    values |= {
        "last_px": 6712300, "last_qty": 1000, "bid_px": 6712299, "bid_qty": 7, "ask_px": 6712301,
        "ask_qty": 8, "open_px": 6600000, "high_px": 6800000, "low_px": 6550000,
        "prev_close_px": 6600001, "change_px": 112300, "change_percent": 170151515,
        "average_px": 6698765432100, "volume": 12345.67891, "quote_volume": 827000000.25,
        "open_time": REAL - 86400000000000, "close_time": REAL, "first_trade_id": 900,
        "last_trade_id": 5004, "trade_count": 4105,
    }  # fmt: skip
    ticker = fields(0x11140, META + TICKER, values, "ticker slot 0 cell 1")
    slot(0x12000, 2, "last_trade slot 0")
    values = times(27, version=2, update_id=5005, sequence=5, ring_position=3456, stream=1,
                   length=128, flags=7, kind=2, status=1, ts_trade=REAL + 26500000)  # fmt: skip
    values |= {"px": 6712344, "qty": 2500, "first_trade_id": 5005, "last_trade_id": 5005}
    trade = fields(0x12040, META + TRADE, values, "last_trade slot 0 cell 0")
    return {"ticker": {"0": ticker}, "last_trade": {"0": trade}}


def ladder(base: int, values: dict[str, Any], bids: list[tuple[int, int]], asks: list[tuple[int, int]],
           note: str) -> dict[str, Any]:  # fmt: skip
    """A cell with room for 5 levels a side: bids at 0x80, asks at 0x80 + 16 * 5 = 0xD0."""
    values |= {"bid_count": len(bids), "ask_count": len(asks), "depth": 5, "length": 288, "flags": 6}
    found = fields(base, META + LADDER, values, note)
    found["bids"] = levels(base + 0x80, bids, f"{note} bids")
    found["asks"] = levels(base + 0xD0, asks, f"{note} asks")
    return found


def books() -> dict[str, Any]:
    """Books of both symbols, and the venue's own partial depth of ETHUSDT."""
    slot(0x13000, 5, "book slot 0")
    values = times(30, version=5, update_id=2006, sequence=6, ring_position=4416, stream=2, kind=7,
                   status=1, first_update_id=2005, snapshot_id=2000, bid_total=1000,
                   ask_total=998)  # fmt: skip
    bids = [(6712345, 123456), (6712344, 200000), (6712300, 1)]
    asks = [(6712346, 50000), (6712350, 75000)]
    btc = ladder(0x13160, values, bids, asks, "book slot 0 cell 1")
    slot(0x13280, 2, "book slot 1")
    values = times(29, version=2, update_id=77007, sequence=7, ring_position=3840, symbol=1,
                   stream=4, connection=1, kind=7, status=3, reason=4, first_update_id=77001,
                   snapshot_id=76000, bid_total=1, ask_total=0)  # fmt: skip
    eth = ladder(0x132C0, values, [(345001, 1500)], [], "book slot 1 cell 0")
    slot(0x14280, 3, "partial slot 1")
    values = times(28, version=3, update_id=77010, sequence=3, ring_position=3456, symbol=1,
                   stream=5, connection=1, kind=6, status=1, bid_total=5, ask_total=5)  # fmt: skip
    bids = [(345010 - row, 100 + row) for row in range(5)]
    asks = [(345011 + row, 200 + row) for row in range(5)]
    partial = ladder(0x143E0, values, bids, asks, "partial slot 1 cell 1")
    return {"book": {"0": btc, "1": eth}, "partial": {"1": partial}}


def events() -> dict[str, Any]:
    """Records 27 to 31; positions 3328 to 4544 of a ring of 4096 bytes, so its end lies between.

    26 records of 128 bytes went before them; their bytes are left out (zero).
    """
    for offset, name, value in [(0, "tail_intent", 4544), (8, "tail", 4544), (16, "capacity", 4096),
                                (24, "record_count", 31)]:  # fmt: skip
        put(0x15000 + offset, "u64", value, f"events.{name}")
    trade = times(27, version=27, update_id=5005, sequence=5, ring_position=3328, stream=1,
                  length=128, flags=7, kind=2, status=1, ts_trade=REAL + 26500000)  # fmt: skip
    trade |= {"px": 6712344, "qty": 2500, "first_trade_id": 5005, "last_trade_id": 5005}
    records = [fields(0x16D00, META + TRADE, trade, "event 27")]

    diff = times(29, version=28, update_id=77007, sequence=7, ring_position=3456, symbol=1,
                 stream=4, length=256, connection=1, flags=6, kind=5, status=3, reason=4)  # fmt: skip
    diff |= {"first_update_id": 77005, "prev_update_id": 77004, "best_bid_px": 345001,
             "best_bid_qty": 1500, "best_ask_px": NULL, "best_ask_qty": NULL, "bid_count": 2,
             "ask_count": 1}  # fmt: skip
    records.append(fields(0x16D80, META + DIFF, diff, "event 28"))
    records[-1]["bids"] = levels(0x16E20, [(345000, 0), (344990, 12)], "event 28 bids")
    records[-1]["asks"] = levels(0x16E40, [(345002, 3)], "event 28 asks")

    state = times(29, version=29, update_id=77007, sequence=4, ring_position=3712, symbol=1,
                  stream=4, length=128, connection=1, flags=6, kind=9, status=3, reason=4,
                  ts_event=NULL)  # fmt: skip
    state |= {"previous_status": 1, "subject": 7}
    records.append(fields(0x16E80, META + STATE, state, "event 29"))

    # The next record needs 320 bytes and 256 are left: a pad, of which length and kind count.
    put(0x16F50, "u32", 256, "pad at 3840, length")
    put(0x16F58, "u8", 255, "pad at 3840, kind")

    diff = times(30, version=30, update_id=2006, sequence=6, ring_position=4096, stream=2,
                 length=320, flags=0x46, kind=5, status=1)  # fmt: skip
    diff |= {"first_update_id": 2005, "prev_update_id": 2004, "best_bid_px": 6712345,
             "best_bid_qty": 123456, "best_ask_px": 6712346, "best_ask_qty": 50000, "bid_count": 4,
             "ask_count": 6}  # fmt: skip
    records.append(fields(0x16000, META + DIFF, diff, "event 30"))
    bids = [(6712345, 123456), (6712344, 200000), (6712340, 0), (6712300, 1)]
    asks = [(6712346, 50000), (6712347, 0), (6712348, 0), (6712349, 0), (6712350, 75000), (6712400, 9)]
    records[-1]["bids"] = levels(0x160A0, bids, "event 30 bids")
    records[-1]["asks"] = levels(0x160E0, asks, "event 30 asks")

    quote = times(31, version=31, update_id=1000031, sequence=9, ring_position=4416, length=128,
                  flags=6, kind=1, status=1, source=1, ts_event=NULL)  # fmt: skip
    quote |= {"bid_px": 6712345, "bid_qty": 123456, "ask_px": 6712346, "ask_qty": 50000}
    records.append(fields(0x16140, META + QUOTE, quote, "event 31"))
    return {"start": 3328, "tail": 4544, "capacity": 4096, "record_count": 31, "records": records}


def raw() -> dict[str, Any]:
    """Two frames. 64 bytes would remain behind the first: it is 64 bytes longer instead of a pad."""
    for offset, name, value in [(0, "tail_intent", 4352), (8, "tail", 4352), (16, "capacity", 4096),
                                (24, "record_count", 31)]:  # fmt: skip
        put(0x17000 + offset, "u64", value, f"raw.{name}")
    first = b'{"stream":"btcusdt@trade","data":{"e":"trade","E":1790000000027,"s":"BTCUSDT","t":5005}}'
    second = b'{"stream":"btcusdt@bookTicker","data":{"u":1000031,"s":"BTCUSDT","b":"67123.45"}}'
    records = []
    for base, frame, offset, values in [
        (0x18EC0, first, 33, times(27, version=30, sequence=5, ring_position=3776, stream=1, length=320)),
        (0x18000, second, 38, times(31, version=31, sequence=9, ring_position=4096, stream=0, length=256)),
    ]:
        values |= {"ts_event": NULL, "kind": 12, "flags": 6, "payload_length": len(frame)}
        values |= {"frame_length": len(frame), "data_offset": offset}
        values |= {"data_length": len(frame) - offset - 1}
        note = f"raw {values['version']}"
        record = fields(base, META + RAW, values, note)
        parts.append((base + 0x80, frame, f"{note} frame"))
        record["frame"] = frame.decode()
        record["data"] = frame[offset:-1].decode()
        records.append(record)
    return {"start": 3776, "tail": 4352, "capacity": 4096, "record_count": 31, "records": records}


def build() -> tuple[str, str]:
    """Text of the hex file and of the JSON file."""
    parts.clear()
    expected = {"header": header(), "sections": section_table(), "fields": field_rows()}
    expected |= counters() | directories()
    expected["slots"] = {"quote": quotes(), **others(), **books()}
    expected |= {"events": events(), "raw": raw()}
    lines = ["# made by build_golden.py: offset, bytes, meaning; all other bytes are 0", "size 0x19000"]
    lines += [f"{at:05x} {data.hex()} # {note}" for at, data, note in sorted(parts)]
    return "\n".join(lines) + "\n", json.dumps(expected, indent=1) + "\n"


def main() -> int:
    """Write the files, or compare them with --check."""
    stale = 0
    for name, content in zip(("segment_v1.hex", "segment_v1.json"), build(), strict=True):
        path = HERE / name
        if sys.argv[1:] != ["--check"]:
            path.write_text(content, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != content:
            print(f"{name} differs from what build_golden.py makes", file=sys.stderr)
            stale = 1
    return stale


if __name__ == "__main__":
    raise SystemExit(main())
