"""Where each section of a segment lies, for the capacities of a shard's plan. Pure.

Sections follow one another in the order of ``SectionKind`` from page 2 on, each on a page of its
own, so that a reader may map any of them alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from gateway.layout import (
    BOOK,
    CONNECTION,
    COUNTERS,
    FIELD_ROW,
    GAP,
    GAPS_CAPACITY,
    HISTOGRAM,
    HISTOGRAM_NAMES,
    MARK,
    META,
    PAGE,
    PARTIAL,
    QUOTE,
    RAW,
    RING_DATA_OFFSET,
    SLOT,
    STREAM,
    SYMBOL,
    TICKER,
    TRADE,
    VALUE,
    SectionKind,
    Struct,
    ladder,
)
from gateway.plan import ShardPlan

LEVELS_MAX = 2040  # a side; the FIELDS section gives offsets as u16
RING_BYTES_MIN = 4096


@dataclass(frozen=True, slots=True)
class Section:
    """One row of the section table, and the struct that lies in its rows, cells or records."""

    kind: SectionKind
    struct: Struct
    stride: int
    capacity: int
    cell_offset: int
    cell_size: int
    cell_count: int
    length: int
    param: int = 0
    ring_capacity: int = 0
    offset: int = 0
    first_field: int = 0

    @property
    def name(self) -> str:
        return self.kind.name.lower()

    @property
    def field_count(self) -> int:
        return len(self.struct.fields)


def sections(plan: ShardPlan) -> dict[str, Section]:
    """Name -> section of the segment that ``plan`` needs, in file order.

    Raises ValueError for a ring that is no power of two, or more levels than FIELDS can describe.
    """
    found = list(_sized(plan))
    total = sum(section.field_count for section in found)
    found[0] = _rows(SectionKind.FIELDS, FIELD_ROW, total)
    placed, at, field = {}, 2 * PAGE, 0
    for section in found:
        placed[section.name] = replace(section, offset=at, first_field=field)
        at += _pages(section.length)
        field += section.field_count
    return placed


def file_size(plan: ShardPlan) -> int:
    """Bytes of the segment that ``plan`` needs."""
    last = list(sections(plan).values())[-1]
    return last.offset + _pages(last.length)


def _sized(plan: ShardPlan) -> Iterator[Section]:
    levels, symbols = plan.book_levels, plan.symbol_capacity
    if not 1 <= levels <= LEVELS_MAX:
        raise ValueError(f"book_levels is {levels}, must be 1 to {LEVELS_MAX}")
    yield _rows(SectionKind.FIELDS, FIELD_ROW, 0)
    yield _rows(SectionKind.COUNTERS, COUNTERS, 1)
    yield _rows(SectionKind.HISTOGRAMS, HISTOGRAM, len(HISTOGRAM_NAMES))
    yield _rows(SectionKind.SYMBOLS, SYMBOL, symbols)
    yield _rows(SectionKind.CONNECTIONS, CONNECTION, plan.connection_capacity)
    yield _rows(SectionKind.STREAMS, STREAM, plan.stream_capacity)
    yield _slots(SectionKind.QUOTE, QUOTE, symbols)
    yield _slots(SectionKind.TICKER, TICKER, symbols)
    yield _slots(SectionKind.LAST_TRADE, TRADE, symbols)
    yield _slots(SectionKind.BOOK, ladder("book", BOOK.doc, levels), symbols, levels)
    yield _slots(SectionKind.PARTIAL, ladder("partial", PARTIAL.doc, levels), symbols, levels)
    yield _ring(SectionKind.EVENTS, META, plan.events_ring_bytes)
    yield _ring(SectionKind.RAW, RAW, plan.raw_ring_bytes)
    yield _slots(SectionKind.MARK_PRICE, MARK, symbols)
    yield _slots(SectionKind.VALUES, VALUE, plan.value_capacity)
    yield _slots(SectionKind.GAPS, GAP, GAPS_CAPACITY)


def _rows(kind: SectionKind, struct: Struct, capacity: int) -> Section:
    size = struct.size
    return Section(kind, struct, size, capacity, 0, size, 1, length=size * capacity)


def _slots(kind: SectionKind, struct: Struct, capacity: int, levels: int = 0) -> Section:
    stride = SLOT.size + 2 * struct.size
    length = stride * capacity
    return Section(kind, struct, stride, capacity, SLOT.size, struct.size, 2, length, param=levels)


def _ring(kind: SectionKind, struct: Struct, size: int) -> Section:
    if size < RING_BYTES_MIN or size & (size - 1):
        least = RING_BYTES_MIN
        raise ValueError(f"{kind.name} ring of {size} bytes: must be a power of two >= {least}")
    length = RING_DATA_OFFSET + size
    return Section(kind, struct, 0, 0, RING_DATA_OFFSET, 0, 0, length, ring_capacity=size)


def _pages(length: int) -> int:
    return -(-length // PAGE) * PAGE
