"""The golden segment of minor version 3: what minor version 2 had, and histograms of the inner stages.

HISTOGRAMS lies behind everything else: a reader that takes its place from the section table finds it.
"""

from __future__ import annotations

from typing import Any

import minor1
import minor2
from golden_bytes import fields, files, parts, put, put_header, section_table, text

AT, STRIDE = 0x25000, 16448
HISTOGRAMS: list[tuple[dict[str, Any], dict[int, int]]] = [
    ({"name": "event_to_recv", "one_in": 1}, {}),
    # 12 -> bucket 12; 1000: floor(log2) = 9, ((9 - 4) << 5) | ((1000 >> 4) & 31) = 160 + 30
    (
        {"name": "recv_to_publish", "one_in": 1, "count": 3, "sum": 2012, "max": 1000},
        {12: 1, 190: 2},
    ),
    # 300: floor(log2) = 8, ((8 - 4) << 5) | ((300 >> 3) & 31) = 128 + 5
    ({"name": "publish_to_visible", "one_in": 16, "count": 2, "sum": 600, "max": 300}, {133: 2}),
    # 2^40: (36 << 5) | 0 = 1152
    (
        {"name": "publish_to_zmq", "one_in": 16, "count": 1, "sum": 1 << 40, "max": 1 << 40},
        {1152: 1},
    ),
]
FIELDS = [
    (0x20, "u64", "count"),
    (0x28, "u64", "sum"),
    (0x30, "u64", "max"),
    (0x38, "u64", "one_in"),
]


def header() -> dict[str, Any]:
    """Page 0. boot_id and the heartbeat are placeholders, see the README."""
    return put_header(minor1.HEADER, minor2.HEADER_VALUES | {"abi_minor": 3, "file_size": 0x36000})


def sections() -> dict[str, Any]:
    """Those of minor version 2, HISTOGRAMS elsewhere and with four rows."""
    moved = ("histograms", [3, 1, AT, 65792, STRIDE, 4, 0, STRIDE, 1, 0, 0, 0, 0])
    return section_table([moved if row[0] == "histograms" else row for row in minor2.SECTIONS])


def histograms() -> dict[str, Any]:
    """All four; beside them the second one, where older minor versions have it."""
    found = []
    for row, (values, counts) in enumerate(HISTOGRAMS):
        at, note = AT + STRIDE * row, f"histogram {row}"
        name = {"name": text(at, 32, values["name"], note)}
        buckets = {
            str(number): put(at + 0x40 + 8 * number, "u64", count, f"{note} bucket {number}")
            for number, count in counts.items()
        }
        found.append(name | fields(at, FIELDS, values, note) | {"buckets": buckets})
    return {"histogram": found[1], "histograms": found}


def build() -> tuple[str, str]:
    """Text of the hex file and of the JSON file."""
    parts.clear()
    expected = {"header": header(), "sections": sections(), "fields": minor1.described()}
    expected |= minor2.counters() | histograms() | minor2.rows_and_records()
    return files(0x36000, expected)
