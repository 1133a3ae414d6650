"""Decode the slow structs (header, directory rows, counters) whole, by the layout's tables."""

from __future__ import annotations

import functools
import math
import struct
from collections.abc import Iterator
from typing import Any

from gateway_client.layout import FIELDS, FORMATS, NULL, SIZES

Row = dict[str, Any]
_OURS = ("ts_recv", "mono_recv", "mono_publish")  # times the gateway takes itself; 0: never


@functools.cache
def _plan(name: str) -> tuple[tuple[str, int, struct.Struct | None, int], ...]:
    return tuple(
        (field, offset, None if kind in ("text", "bytes") else _format(kind, count), count)
        for field, (offset, kind, count) in FIELDS[name].items()
    )


def _format(kind: str, count: int) -> struct.Struct:
    return struct.Struct(f"<{count}{FORMATS[kind]}")


def decode(name: str, data: bytes, at: int = 0) -> Row:
    """Fields of struct ``name`` at ``at``: ints and floats, text as str, arrays as tuples."""
    row: Row = {}
    for field, offset, unpack, count in _plan(name):
        if unpack is None:
            row[field] = _text(data[at + offset : at + offset + count])
            continue
        values = unpack.unpack_from(data, at + offset)
        row[field] = values[0] if count == 1 else values
    return row


def _text(raw: bytes) -> str:
    return raw.partition(b"\0")[0].decode("utf-8", "replace")


@functools.cache
def empty_cell(name: str, size: int) -> bytes:
    """A cell that was never written: no level and no id, every number missing."""
    cell = bytearray(max(size, SIZES[name]))
    for field, (offset, kind, count) in FIELDS[name].items():
        if count == 1 and kind == "i64" and field not in _OURS:
            struct.pack_into("<q", cell, offset, NULL)
        if count == 1 and kind == "f64":
            struct.pack_into("<d", cell, offset, math.nan)
    return bytes(cell[:size])


def decode_rows(name: str, rows: tuple[bytes, int]) -> Iterator[Row]:
    """Every row of a directory, as ``Segment.rows`` gives it."""
    data, stride = rows
    for at in range(0, len(data), stride):
        yield decode(name, data, at)
