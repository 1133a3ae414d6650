"""Placing bytes by hand: what the golden segments of all minor versions are made with.

The tables below and every offset in ``minor0.py`` to ``minor3.py`` were typed off from
``clients/LAYOUT.md``. Nothing is imported from the gateway, so the vectors stay a second opinion: a
mistake in the generated tables or in the writer does not repeat itself here.
"""

from __future__ import annotations

import json
import struct
from typing import Any

CODES = {"u8": "B", "i8": "b", "u16": "H", "u32": "I", "i32": "i", "u64": "Q", "i64": "q", "f64": "d"}
SIZES = {"u8": 1, "i8": 1, "u16": 2, "u32": 4, "i32": 4, "u64": 8, "i64": 8, "f64": 8}
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

HEADER: Fields = [
    (0x08, "u32", "endian_tag"), (0x0C, "u16", "abi_major"), (0x0E, "u16", "abi_minor"),
    (0x10, "u32", "header_size"), (0x14, "u32", "section_align"), (0x18, "u64", "file_size"),
    (0x20, "u64", "generation"), (0x28, "u32", "section_count"), (0x2C, "u32", "section_desc_size"),
    (0x30, "u64", "section_table_offset"), (0x38, "u64", "schema_hash"), (0x40, "u64", "writer_pid"),
    (0x48, "u64", "writer_start_ticks"), (0x60, "i64", "created_real"), (0x68, "i64", "created_mono"),
    (0x70, "u32", "shard_id"), (0x74, "u32", "shard_count"), (0x78, "u64", "instance_id"),
    (0x80, "u32", "state"), (0x84, "u32", "symbol_count"), (0x88, "i64", "heartbeat_mono"),
    (0x90, "i64", "heartbeat_real"), (0x98, "u64", "heartbeat_count"),
    (0xA0, "u32", "heartbeat_interval_ms"), (0xA4, "u32", "heartbeat_timeout_ms"),
    (0xA8, "u64", "successor_generation"), (0xB0, "u32", "directory_epoch"),
    (0xB4, "u32", "stream_count"), (0xB8, "u32", "connection_count"), (0xC0, "u32", "bell"),
]  # fmt: skip
SYMBOL: Fields = [
    (0x40, "i8", "px_exponent"), (0x41, "i8", "qty_exponent"), (0x42, "u8", "market"),
    (0x44, "u32", "state"), (0x48, "i64", "tick"), (0x50, "i64", "step"),
    (0x58, "i64", "added_real"), (0x60, "u32", "successor"),
]  # fmt: skip
CONNECTION: Fields = [
    (0x30, "u8", "market"), (0x34, "u32", "state"), (0x38, "u32", "session"),
    (0x40, "i64", "mono_recv"), (0x48, "i64", "mono_connected"), (0x50, "u64", "frame_count"),
    (0x58, "u64", "byte_count"), (0x60, "u64", "error_count"),
]  # fmt: skip
STREAM: Fields = [
    (0x40, "u8", "kind"), (0x41, "u8", "market"), (0x42, "u8", "status"), (0x43, "u8", "levels"),
    (0x44, "u32", "symbol"), (0x48, "u32", "connection"), (0x4C, "u32", "state"),
    (0x50, "u64", "sequence"), (0x58, "i64", "mono_recv"), (0x60, "u64", "byte_count"),
    (0x68, "u64", "error_count"), (0x70, "u64", "gap_count"),
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
    """Place the fields of ``table`` at ``base``; one that ``values`` lacks is 0, or empty.

    The type of text is its room: ``t8``.
    """
    return {
        name: text(base + offset, int(kind[1:]), values.get(name, ""), f"{note}.{name}")
        if kind[0] == "t"
        else put(base + offset, kind, values.get(name, 0), f"{note}.{name}")
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


def put_header(table: Fields, values: dict[str, Any]) -> dict[str, Any]:
    """Page 0: ``values``, and what is the same in all golden segments."""
    parts.append((0x00, b"BNGWSHM1", "header.magic"))
    boot_id = bytes.fromhex("00112233445566778899aabbccddeeff")
    parts.append((0x50, boot_id, "header.boot_id (patch it)"))
    values |= {
        "endian_tag": 0x01020304, "abi_major": 1, "header_size": 4096, "section_align": 4096,
        "generation": REAL + 1, "section_desc_size": 128, "section_table_offset": 0x1000,
        "schema_hash": 0x1122334455667788, "writer_pid": 4243, "writer_start_ticks": 987654,
        "created_real": REAL, "created_mono": MONO, "shard_count": 1,
        "instance_id": 0x9F00000000000001, "state": 1, "heartbeat_mono": MONO + 900000000,
        "heartbeat_real": REAL + 900000000, "heartbeat_count": 9, "heartbeat_interval_ms": 100,
        "heartbeat_timeout_ms": 1000, "bell": 77,
    }  # fmt: skip
    return fields(0, table, values, "header")


def section_table(rows: list[tuple[str, list[int]]]) -> dict[str, Any]:
    """Rows of 128 bytes from 0x1000 on: name, then the twelve numbers from kind to ring_capacity."""
    names = [
        "kind", "schema_id", "offset", "length", "stride", "capacity", "cell_offset", "cell_size",
        "cell_count", "first_field", "field_count", "param", "ring_capacity",
    ]  # fmt: skip
    places = [0, 4, 8, 16, 24, 28, 32, 36, 40, 44, 48, 52, 56]
    found = {}
    for row, (name, values) in enumerate(rows):
        base = 0x1000 + 128 * row
        for column, (place, value) in enumerate(zip(places, values, strict=True)):
            wide = column in (2, 3, 12)
            put(base + place, "u64" if wide else "u32", value, f"section {name}.{names[column]}")
        text(base + 64, 32, name, "section name")
        found[name] = dict(zip(names, values, strict=True))
    return found


def field_rows(own: Fields, units: dict[str, str]) -> list[dict[str, Any]]:
    """FIELDS at 0x2000, 64 bytes a row: META and the ``own`` fields of one kind of cell."""
    units |= {"ts_event": "ns", "ts_trade": "ns", "ts_recv": "ns", "mono_recv": "ns",
              "mono_publish": "ns", "ring_position": "bytes", "symbol": "row", "stream": "row",
              "length": "bytes", "connection": "row", "flags": "enum Flag", "kind": "enum Kind",
              "status": "enum Status", "source": "enum Source", "reason": "enum Reason"}  # fmt: skip
    found = []
    for row, (at, kind, name) in enumerate([*META, (0x5C, "u32", "reserved"), *own]):
        unit = units.get(name, "")
        data = struct.pack("<32s8s16sHHHH", name.encode(), kind.encode(), unit.encode(), at, 1, SIZES[kind], 0)
        parts.append((0x2000 + 64 * row, data, f"field {row}: {name} {kind} at {at}"))
        found.append({"name": name, "type": kind, "unit": unit, "offset": at, "count": 1})
    return found


def files(size: int, expected: dict[str, Any]) -> tuple[str, str]:
    """Text of the hex file and of the JSON file, of all that was placed."""
    lines = ["# made by build_golden.py: offset, bytes, meaning; all other bytes are 0", f"size {size:#x}"]
    lines += [f"{at:05x} {data.hex()} # {note}" for at, data, note in sorted(parts)]
    return "\n".join(lines) + "\n", json.dumps(expected, indent=1) + "\n"
