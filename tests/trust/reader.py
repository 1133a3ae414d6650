"""Slots as any reader of the segment sees them: bytes of mapped memory, by the written layout.

What a reader adds by itself is DEAD: a heartbeat older than its timeout.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any, NamedTuple

from gateway import layout
from gateway.layout import SectionKind, Status
from tests.model.ring import Ring, Segment, unpack

Level = tuple[int, int]
_U64 = struct.Struct("<Q")
_I64 = struct.Struct("<q")
_AT = layout.META.offsets()
_BOOK = layout.BOOK.offsets()
_QUOTE = layout.QUOTE.offsets()
_HEADER = layout.HEADER.offsets()
_STREAM = layout.STREAM.offsets()
_MARK = ("update_id", "ts_event", "mono_recv", "ts_recv")
_U16 = struct.Struct("<H")
Place = tuple[SectionKind, int]  # a slot: its section, and its row there


class BookRead(NamedTuple):
    """A BOOK slot as it was read at one moment."""

    status: int
    reason: int
    update_id: int
    mono_recv: int
    bids: list[Level]
    asks: list[Level]
    bid_complete: int | None  # None: to the end of the book
    ask_complete: int | None
    bid_total: int  # levels that the gateway holds
    ask_total: int


class Mark(NamedTuple):
    """What every slot says of its value."""

    status: int
    update_id: int
    ts_event: int
    mono_recv: int
    ts_recv: int
    flags: int


class QuoteRead(NamedTuple):
    """A QUOTE slot."""

    status: int
    update_id: int
    bid: Level
    ask: Level
    source: int


class Reader:
    """One reader of one segment."""

    def __init__(self, path: Path) -> None:
        self.segment = Segment.open(path)
        self.symbols = {
            f"{_text(row.market_name)}:{_text(row.symbol)}": number
            for number, row in enumerate(self.segment.symbols())
        }
        self.streams = {
            _text(row.name): number for number, row in enumerate(self.segment.streams())
        }
        self._memory = self.segment.memory
        self.timeout_ns = self.segment.header.heartbeat_timeout_ms * 1_000_000
        sections = self.segment.sections
        self._streams_at = sections[SectionKind.STREAMS].offset
        self._streams_stride = sections[SectionKind.STREAMS].stride

    def close(self) -> None:
        self.segment.close()

    def ring(self) -> Ring:
        return self.segment.ring(SectionKind.EVENTS, 0)

    def counters(self) -> Any:
        return self.segment.counters()

    def is_dead(self, mono_ns: int) -> bool:
        """Whether the writer has not been heard of for too long."""
        beat: int = struct.unpack_from("<q", self._memory, _HEADER["heartbeat_mono"])[0]
        return mono_ns - beat > self.timeout_ns

    def _cell(self, kind: SectionKind, row: int) -> int:
        """Offset of the cell that holds the newest value; 0: never written."""
        section = self.segment.sections[kind]
        at: int = section.offset + section.stride * row
        version: int = _U64.unpack_from(self._memory, at)[0]
        return at + section.cell_offset + section.cell_size * (version & 1) if version else 0

    def state(self, kind: SectionKind, row: int) -> tuple[int, int]:
        """(status, update id) of a slot; EMPTY where it was never written."""
        at = self._cell(kind, row)
        if not at:
            return Status.EMPTY, 0
        update_id: int = _U64.unpack_from(self._memory, at + _AT["update_id"])[0]
        return self._memory[at + _AT["status"]], update_id

    def mark(self, kind: SectionKind, row: int) -> Mark | None:
        """What a slot says of its value; None where it never had one."""
        at = self._cell(kind, row)
        if not at:
            return None
        words = (_U64.unpack_from(self._memory, at + _AT[name])[0] for name in _MARK)
        flags: int = _U16.unpack_from(self._memory, at + _AT["flags"])[0]
        return Mark(self._memory[at + _AT["status"]], *words, flags)

    def version(self, place: Place) -> int:
        """How often a slot was written."""
        section = self.segment.sections[place[0]]
        at: int = section.offset + section.stride * place[1]
        version: int = _U64.unpack_from(self._memory, at)[0]
        return version

    def timed_state(self, kind: SectionKind, row: int) -> tuple[int, int]:
        """(status, event time in ms) of a slot; EMPTY where it was never written."""
        at = self._cell(kind, row)
        if not at:
            return Status.EMPTY, 0
        time_ns: int = _I64.unpack_from(self._memory, at + _AT["ts_event"])[0]
        return self._memory[at + _AT["status"]], time_ns // 1_000_000

    def cell(self, place: Place, table: layout.Struct) -> Any:
        """META and the fields of a slot."""
        data = self.segment.slot(*place)
        assert data is not None
        return unpack(table, data)

    def book(self, row: int, kind: SectionKind = SectionKind.BOOK) -> BookRead | None:
        """A BOOK slot, or a PARTIAL one, which is laid out alike."""
        data = self.segment.slot(kind, row)
        if data is None:
            return None
        counts = struct.unpack_from("<HH", data, _BOOK["bid_count"])
        sides = []
        for name, count in zip(("bids", "asks"), counts, strict=True):
            flat = struct.unpack_from(f"<{2 * count}q", data, _BOOK[name])
            sides.append(list(zip(flat[::2], flat[1::2], strict=True)))
        complete = struct.unpack_from("<qq", data, _BOOK["bid_complete_px"])
        bid_end, ask_end = (None if px == layout.NULL else px for px in complete)
        update_id, mono_recv = (
            struct.unpack_from("<Q", data, _AT[name])[0] for name in ("update_id", "mono_recv")
        )
        status, reason = data[_AT["status"]], data[_AT["reason"]]
        totals = struct.unpack_from("<II", data, _BOOK["bid_total"])
        return BookRead(status, reason, update_id, mono_recv, *sides, bid_end, ask_end, *totals)

    def quote(self, row: int) -> QuoteRead | None:
        data = self.segment.slot(SectionKind.QUOTE, row)
        if data is None:
            return None
        px = struct.unpack_from("<4q", data, _QUOTE["bid_px"])
        update_id = struct.unpack_from("<Q", data, _AT["update_id"])[0]
        return QuoteRead(data[_AT["status"]], update_id, px[:2], px[2:], data[_AT["source"]])

    def trade(self, row: int) -> Any:
        data = self.segment.slot(SectionKind.LAST_TRADE, row)
        return None if data is None else unpack(layout.TRADE, data)

    def stream_word(self, row: int, field: str) -> int:
        """A u64 or i64 of a STREAMS row."""
        at = self._streams_at + self._streams_stride * row + _STREAM[field]
        word: int = struct.unpack_from("<q", self._memory, at)[0]
        return word

    def value_of(self, row: int) -> int:
        """The row of VALUES where a stream's latest value lies."""
        at = self._streams_at + self._streams_stride * row + _STREAM["value"]
        value: int = struct.unpack_from("<I", self._memory, at)[0]
        return value

    def connection_of(self, row: int) -> int:
        """The first link row of the connection that a stream is on."""
        at = self._streams_at + self._streams_stride * row + _STREAM["connection"]
        link: int = struct.unpack_from("<I", self._memory, at)[0]
        return link


def _text(field: bytes) -> str:
    return field.rstrip(b"\0").decode()
