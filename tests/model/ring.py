"""A segment's bytes, read by the layout tables and the written protocol; plain Python.

Sound on x86-64 only, where loads are not reordered. One ``Ring`` is one reader.
"""

from __future__ import annotations

import mmap
import os
import struct
from collections import namedtuple
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from gateway import layout

_CODES: Final = {
    "u8": "B", "i8": "b", "u16": "H", "u32": "I", "i32": "i", "u64": "Q", "i64": "q", "f64": "d",
}  # fmt: skip
_U64: Final = struct.Struct("<Q")


@cache
def codec(table: layout.Struct) -> tuple[struct.Struct, Any]:
    """Return the struct format of a layout table, and a tuple type with its field names."""
    form = "<"
    for field in table.fields:
        is_text = field.type in ("bytes", "text")
        form += f"{field.count}s" if is_text else _CODES[field.type] * field.count
    names = []
    for field in table.fields:
        many = field.count > 1 and field.type not in ("bytes", "text")
        names += [f"{field.name}_{i}" for i in range(field.count)] if many else [field.name]
    return struct.Struct(form), namedtuple(table.name, names)


def unpack(table: layout.Struct, memory: Any, at: int = 0) -> Any:
    """Return the fields of a table at an offset, as a named tuple."""
    form, kind = codec(table)
    return kind._make(form.unpack_from(memory, at))


class Record(NamedTuple):
    """A record of a ring: its head, and all its bytes."""

    meta: Any
    data: bytes

    def fields(self, table: layout.Struct) -> Any:
        return unpack(table, self.data)

    def levels(self) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """Bids and asks of a DIFF or SNAPSHOT record."""
        head = self.fields(layout.DIFF)
        count = head.bid_count + head.ask_count
        flat = struct.unpack_from(f"<{2 * count}q", self.data, layout.DIFF.size)
        pairs = list(zip(flat[::2], flat[1::2], strict=True))
        return pairs[: head.bid_count], pairs[head.bid_count :]


class Segment:
    """A segment in mapped memory."""

    def __init__(self, memory: mmap.mmap) -> None:
        self.memory = memory
        self.header = unpack(layout.HEADER, self.memory)
        at, step = self.header.section_table_offset, self.header.section_desc_size
        rows = [
            unpack(layout.SECTION, self.memory, at + step * number)
            for number in range(self.header.section_count)
        ]
        self.sections = {layout.SectionKind(row.kind): row for row in rows}

    @classmethod
    def open(cls, path: Path) -> Segment:
        """Map a segment file for reading."""
        fd = os.open(path, os.O_RDONLY)
        try:
            return cls(mmap.mmap(fd, 0, prot=mmap.PROT_READ))
        finally:
            os.close(fd)

    def close(self) -> None:
        self.memory.close()

    def rows(self, kind: layout.SectionKind, table: layout.Struct, count: int) -> list[Any]:
        section = self.sections[kind]
        return [
            unpack(table, self.memory, section.offset + section.stride * number)
            for number in range(count)
        ]

    def symbols(self) -> list[Any]:
        count = unpack(layout.HEADER, self.memory).symbol_count
        return self.rows(layout.SectionKind.SYMBOLS, layout.SYMBOL, count)

    def streams(self) -> list[Any]:
        count = unpack(layout.HEADER, self.memory).stream_count
        return self.rows(layout.SectionKind.STREAMS, layout.STREAM, count)

    def counters(self) -> Any:
        return self.rows(layout.SectionKind.COUNTERS, layout.COUNTERS, 1)[0]

    def slot(self, kind: layout.SectionKind, row: int) -> bytes | None:
        """Return the cell of a slot, whole; None where nothing was ever written."""
        section = self.sections[kind]
        at = section.offset + section.stride * row
        while True:
            version = _U64.unpack_from(self.memory, at)[0]
            if version == 0:
                return None
            cell = at + section.cell_offset + section.cell_size * (version & 1)
            data = self.memory[cell : cell + section.cell_size]
            if _U64.unpack_from(self.memory, at)[0] == version:
                assert _U64.unpack_from(data)[0] == version
                return data

    def ring(self, kind: layout.SectionKind, position: int | None = None) -> Ring:
        return Ring(self.memory, self.sections[kind], position)


class Ring:
    """A reader of a ring; ``lapped_count`` says how often the writer overtook it."""

    def __init__(self, memory: mmap.mmap, section: Any, position: int | None = None) -> None:
        self.memory = memory
        self.line = section.offset
        self.data = section.offset + section.cell_offset
        self.capacity = section.ring_capacity
        self.position = self._word("tail") if position is None else position
        self.lapped_count = 0

    def read(self) -> Iterator[Record]:
        """Yield the records published since the last call."""
        tail = self._word("tail")
        if tail - self.position > self.capacity:
            return self._lapped()
        data = self._copy(self.position, tail)
        if self._word("tail_intent") - self.position > self.capacity:
            return self._lapped()
        start, self.position = self.position, tail
        return self._split(data, start)

    def _split(self, data: bytes, start: int) -> Iterator[Record]:
        form, kind = codec(layout.META)
        at = 0
        while at < len(data):
            meta = kind._make(form.unpack_from(data, at))
            assert meta.length % 64 == 0
            assert 128 <= meta.length <= len(data) - at
            if meta.kind != layout.Kind.PAD:
                assert meta.ring_position == start + at
                yield Record(meta, data[at : at + meta.length])
            at += meta.length

    def _copy(self, start: int, end: int) -> bytes:
        first = start & (self.capacity - 1)
        count = end - start
        whole = self.memory[self.data + first : self.data + min(first + count, self.capacity)]
        return whole + self.memory[self.data : self.data + count - len(whole)]

    def _lapped(self) -> Iterator[Record]:
        self.lapped_count += 1
        self.position = self._word("tail")
        return iter(())

    def _word(self, name: str) -> int:
        at = self.line + layout.RING.offsets()[name]
        word: int = _U64.unpack_from(self.memory, at)[0]
        return word


def levels_of_slot(data: bytes, table: layout.Struct = layout.BOOK) -> Any:
    """Return (fields, bids, asks) of a BOOK or PARTIAL cell."""
    cell = unpack(table, data)
    at = table.offsets()
    depth = layout.BOOK_LEVELS

    def side(name: str, count: int) -> list[tuple[int, int]]:
        flat = struct.unpack_from(f"<{2 * depth}q", data, at[name])
        return list(zip(flat[: 2 * count : 2], flat[1 : 2 * count : 2], strict=True))

    return cell, side("bids", cell.bid_count), side("asks", cell.ask_count)
