"""The section table as plain Python checks it: each row once, on a private copy."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import NamedTuple

from gateway_client.layout import FIELDS, SIZES, SectionKind

ROWS: dict[int, str] = {
    SectionKind.FIELDS: "field",
    SectionKind.COUNTERS: "counters",
    SectionKind.HISTOGRAMS: "histogram",
    SectionKind.SYMBOLS: "symbol",
    SectionKind.CONNECTIONS: "connection",
    SectionKind.STREAMS: "stream",
}
COUNTS: dict[int, str] = {
    SectionKind.SYMBOLS: "symbol_count",
    SectionKind.CONNECTIONS: "connection_count",
    SectionKind.STREAMS: "stream_count",
}
CELLS: dict[int, str] = {
    SectionKind.QUOTE: "quote",
    SectionKind.TICKER: "ticker",
    SectionKind.LAST_TRADE: "trade",
    SectionKind.BOOK: "book",
    SectionKind.PARTIAL: "partial",
    SectionKind.MARK_PRICE: "mark",
    SectionKind.VALUES: "value",
    SectionKind.GAPS: "gap",
}
"""Section kind -> struct of its rows, field of the header that counts them, struct of its cells."""

# Structs that have grown since minor version 0, as long as they were then: see tables.completed.
_SHORTEST = {"stream": 128, "trade": 128}
_LADDERS = (SectionKind.BOOK, SectionKind.PARTIAL)
_RINGS = (SectionKind.EVENTS, SectionKind.RAW)
_RING_BYTES_MIN = 1024
_LEVELS_MAX = 0xFFFF
TABLE_ROW = struct.Struct("<IIQQIIIIIIIIQ32s")


class Section(NamedTuple):
    """A private copy of one row of the section table."""

    kind: int
    schema_id: int
    offset: int
    length: int
    stride: int
    capacity: int
    cell_offset: int
    cell_size: int
    cell_count: int
    first_field: int
    field_count: int
    param: int
    ring_capacity: int
    name: bytes


def problem(section: Section, known: dict[int, Section], size: int) -> str:
    """What is wrong with a row of the table, in a file of ``size`` bytes; empty for nothing."""
    if section.offset % 64:
        return "misaligned"
    if section.offset + section.length > size:
        return "lies outside the file"
    if section.kind in known:
        return "listed twice"
    check = _CHECKS.get(section.kind)
    return check(section) if check else ""  # a newer minor version may append sections


def _shortest(name: str) -> int:
    return _SHORTEST.get(name, SIZES[name])


def _rows_problem(section: Section) -> str:
    if section.stride < _shortest(ROWS[section.kind]) or section.stride % 8:
        return "rows too short"
    if section.stride * section.capacity > section.length:
        return "rows run over its end"
    return ""


def _slots_problem(section: Section) -> str:
    size = _shortest(CELLS[section.kind])
    if section.kind in _LADDERS:
        if not 1 <= section.param <= _LEVELS_MAX:
            return "levels out of range"
        size = FIELDS["book"]["bids"][0] + 32 * section.param
    if section.cell_count != 2 or section.cell_size < size or section.cell_size % 8:
        return "cells of another shape"
    if section.cell_offset < SIZES["slot"] or section.cell_offset % 8 or section.stride % 8:
        return "cells run over their slot"
    if section.cell_offset + 2 * section.cell_size > section.stride:
        return "cells run over their slot"
    if not section.capacity or section.stride * section.capacity > section.length:
        return "slots run over its end"
    return ""


def _ring_problem(section: Section) -> str:
    capacity = section.ring_capacity
    if capacity < _RING_BYTES_MIN or capacity & (capacity - 1):
        return "ring capacity is no power of two"
    if section.cell_offset < SIZES["ring"] or section.cell_offset % 64:
        return "ring runs over its end"
    if section.cell_offset + capacity > section.length:
        return "ring runs over its end"
    return ""


_CHECKS: dict[int, Callable[[Section], str]] = {
    **dict.fromkeys(ROWS, _rows_problem),
    **dict.fromkeys(CELLS, _slots_problem),
    **dict.fromkeys(_RINGS, _ring_problem),
}
KNOWN = frozenset(_CHECKS)
