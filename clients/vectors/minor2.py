"""The golden segment of minor version 2: what minor version 1 had, gaps, and how far books are known."""

from __future__ import annotations

from typing import Any

import minor1
from golden_bytes import (
    META,
    MONO,
    NULL,
    REAL,
    STATE,
    Fields,
    fields,
    files,
    parts,
    put,
    put_header,
    section_table,
)

STATE_2: Fields = [
    *STATE, (0x80, "u64", "gap_number"), (0x88, "u64", "missing"), (0x90, "u64", "recovered"),
    (0x98, "u32", "gap_state"), (0xA0, "i64", "ts_before"), (0xA8, "i64", "ts_after"),
]  # fmt: skip
GAP: Fields = [
    (0x60, "u64", "gap_number"), (0x68, "u64", "first_id"), (0x70, "u64", "last_id"),
    (0x78, "u64", "missing"), (0x80, "u64", "recovered"), (0x88, "i64", "opened_real"),
    (0x90, "i64", "closed_real"), (0x98, "i64", "ts_before"), (0xA0, "i64", "ts_after"),
    (0xA8, "u32", "gap_state"), (0xAC, "u32", "subject"),
]  # fmt: skip
HEADER_VALUES = {
    "abi_minor": 2, "file_size": 0x25000, "section_count": 16, "symbol_count": 9, "directory_epoch": 41,
    "stream_count": 27, "connection_count": 5, "value_count": 13,
}  # fmt: skip
SECTIONS = [
    ("fields", [1, 1, 0x2000, 1600, 64, 25, 0, 64, 1, 0, 0, 0, 0]),
    ("counters", [2, 1, 0x3000, 512, 512, 1, 0, 512, 1, 0, 0, 0, 0]),
    ("histograms", [3, 1, 0x4000, 32896, 16448, 2, 0, 16448, 1, 0, 0, 0, 0]),
    ("symbols", [4, 1, 0xD000, 1280, 128, 10, 0, 128, 1, 0, 0, 0, 0]),
    ("connections", [5, 1, 0xE000, 768, 128, 6, 0, 128, 1, 0, 0, 0, 0]),
    ("streams", [6, 1, 0xF000, 6144, 192, 32, 0, 192, 1, 0, 0, 0, 0]),
    ("quote", [7, 1, 0x11000, 3200, 320, 10, 64, 128, 2, 0, 0, 0, 0]),
    ("ticker", [8, 1, 0x12000, 5760, 576, 10, 64, 256, 2, 0, 0, 0, 0]),
    ("last_trade", [9, 1, 0x14000, 4480, 448, 10, 64, 192, 2, 0, 0, 0, 0]),
    ("book", [10, 1, 0x16000, 7040, 704, 10, 64, 320, 2, 0, 0, 5, 0]),
    ("partial", [11, 1, 0x18000, 7040, 704, 10, 64, 320, 2, 0, 0, 5, 0]),
    ("events", [12, 1, 0x1A000, 12288, 0, 0, 4096, 0, 0, 0, 0, 0, 8192]),
    ("raw", [13, 1, 0x1D000, 8192, 0, 0, 4096, 0, 0, 0, 0, 0, 4096]),
    ("mark_price", [14, 1, 0x1F000, 4480, 448, 10, 64, 192, 2, 0, 25, 0, 0]),
    ("values", [15, 1, 0x21000, 10368, 576, 18, 64, 256, 2, 0, 0, 0, 0]),
    ("gaps", [16, 1, 0x24000, 2304, 576, 4, 64, 256, 2, 0, 0, 0, 0]),
]


def header() -> dict[str, Any]:
    """Page 0. boot_id and the heartbeat are placeholders, see the README."""
    return put_header(minor1.HEADER, dict(HEADER_VALUES))


def sections() -> dict[str, Any]:
    """16 rows. FIELDS describes the cells of MARK_PRICE only; cells of ladders are 32 bytes longer."""
    return section_table(SECTIONS)


def counters() -> dict[str, Any]:
    """Those of minor version 1, and the nine that are new."""
    found = minor1.counters()
    for offset, name, value in [
        (0x148, "events_backfilled", 21), (0x150, "gaps_filled", 22), (0x158, "gaps_partial", 23),
        (0x160, "gaps_lost", 24), (0x168, "gaps_healed", 25), (0x170, "audits", 26),
        (0x178, "audits_differing", 27), (0x180, "books_deepened", 28), (0x188, "books_thin", 29),
    ]:  # fmt: skip
        found["counters"][name] = put(0x3000 + offset, "u64", value, f"counters.{name}")
    return found


def streams() -> list[dict[str, Any]]:
    """The streams of minor version 1, with the id and time of their last event."""
    found = minor1.streams()
    for row, stream in enumerate(found):
        seen = row in minor1.SAID
        last_id, last_ts = (minor1.SAID[row][0], REAL + row * 1000000) if seen else (0, 0)
        stream["last_id"] = put(0xF0A8 + 192 * row, "u64", last_id, f"stream {row}.last_id")
        stream["last_ts"] = put(0xF0B0 + 192 * row, "i64", last_ts, f"stream {row}.last_ts")
    return found


def complete(cell: int, found: dict[str, Any], bid: int, ask: int, note: str) -> dict[str, Any]:
    """The two words behind 5 levels a side: 0x80 + 32 * 5 = 0x120."""
    found["bid_complete_px"] = put(cell + 0x120, "i64", bid, f"{note}.bid_complete_px")
    found["ask_complete_px"] = put(cell + 0x128, "i64", ask, f"{note}.ask_complete_px")
    return found


def ladders() -> dict[str, Any]:
    """A book that is known to a price on one side, to its end on the other, and a partial depth."""
    # slot 2: 0x16000 + 2 * 704 = 0x16580; version 6 lies in cell 0
    book = minor1.ladder(0x16580, 0x165C0, 6, 23, minor1.BOOK, "book slot 2", 320)
    complete(0x165C0, book, 912200, NULL, "book slot 2")
    # slot 1: 0x18000 + 704 = 0x182C0; version 3 lies in cell 1, 0x40 + 320 behind
    totals = {"bid_total": 2, "ask_total": 1}
    partial = minor1.ladder(0x182C0, 0x18440, 3, 24, totals, "partial slot 1", 320)
    complete(0x18440, partial, 912290, 912301, "partial slot 1")
    return {"book": {"2": book}, "partial": {"1": partial}}


def gaps() -> dict[str, Any]:
    """Numbers 5 (in the place of 1), 2 and 3; slot 0 is free."""
    found = {}
    for slot, version, stream, values in [
        (1, 3, 1, {"gap_number": 5, "first_id": 309917640, "last_id": 309917646, "missing": 7, "recovered": 7,
                   "opened_real": REAL + 70, "closed_real": REAL + 90, "ts_before": REAL + 50,
                   "ts_after": REAL + 60, "gap_state": 2, "subject": 3}),
        (2, 1, 18, {"gap_number": 2, "opened_real": REAL + 20, "closed_real": REAL + 20, "ts_before": NULL,
                    "ts_after": REAL + 10, "gap_state": 4, "subject": 25}),
        (3, 2, 8, {"gap_number": 3, "first_id": 1789999920000, "last_id": 1789999980000, "missing": 2,
                   "opened_real": REAL + 30, "closed_real": NULL, "ts_before": REAL + 25, "ts_after": REAL + 28,
                   "gap_state": 1, "subject": 16}),
    ]:  # fmt: skip
        place = 0x24000 + 576 * slot
        put(place, "u64", version, f"gaps slot {slot} version")
        spare = place + 0x40 + 256 * ((version + 1) & 1)
        parts.append((spare, b"\xee" * 64, f"gaps slot {slot}: a write that was cut off"))
        head = {"version": version, "ts_recv": REAL + 5, "mono_recv": MONO + 5, "mono_publish": MONO + 6,
                "ts_event": NULL, "ts_trade": NULL, "symbol": minor1.STREAMS[stream][3], "stream": stream,
                "length": 256, "flags": 6, "kind": 10, "status": 1}  # fmt: skip
        cell = place + 0x40 + 256 * (version & 1)
        found[str(slot)] = fields(cell, META + GAP, head | values, f"gaps slot {slot}")
    return {"gaps": found}


def states() -> minor1.States:
    """Those of minor version 1, the gap with its number, and its end."""
    state, gap, unreadable = minor1.STATES
    none = {"ts_before": NULL, "ts_after": NULL}
    about = {"gap_number": 5, "missing": 7, "ts_before": REAL + 50, "ts_after": REAL + 60}
    return [
        (*state[:2], state[2] | none),
        (*gap[:2], {"expected_id": 309917640, "received_id": 309917647, "subject": 3, "gap_state": 1} | about),
        (*unreadable[:2], unreadable[2] | none),
        (29, 1, {"expected_id": 309917640, "received_id": 309917647, "subject": 3, "recovered": 7, "gap_state": 2} | about),
    ]  # fmt: skip


def rows_and_records() -> dict[str, Any]:
    """Directories, slots and rings."""
    found = {"symbols": minor1.symbols(), "connections": minor1.connections(), "streams": streams()}
    found |= {"slots": minor1.slots(ladders()) | gaps()}
    return found | {"events": minor1.events(states(), STATE_2, 192), "raw": minor1.raw()}


def build() -> tuple[str, str]:
    """Text of the hex file and of the JSON file."""
    parts.clear()
    expected = {"header": header(), "sections": sections(), "fields": minor1.described()}
    expected |= counters() | minor1.histograms() | rows_and_records()
    return files(0x25000, expected)
