"""How far a shard's process had come when it died: read from the segment that it left.

What the venue numbers goes on where the dead process was: the first event behind that opens a gap
like any other, and back-fill closes it. Only the segment of the same gateway counts (its instance
id and the layout's hash): another one may have been fed from somewhere else.
"""

from __future__ import annotations

import mmap
import os
import struct
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from gateway.layout import (
    GAP,
    GAPS_CAPACITY,
    HEADER,
    MAGIC,
    PAGE,
    SECTION,
    SLOT,
    STREAM,
    GapState,
    Kind,
    RowState,
    SectionKind,
    Struct,
    schema_hash,
)

# Their ids are open times.
CANDLES = frozenset((Kind.KLINE, Kind.CONTINUOUS_KLINE, Kind.INDEX_KLINE, Kind.MARK_KLINE))

# They come now and then: what is missed of them no later event says (core/directory.c).
EVENTS = frozenset((Kind.LIQUIDATION, Kind.CONTRACT_INFO, Kind.BLOCK_TRADE, Kind.TRADING_SESSION))

INT64_MAX = 2**63 - 1  # no id and no open time of the venue is larger
CANDLE_MAX_MS = 31 * 24 * 3600 * 1000

_CODES = {
    "u8": "B", "i8": "b", "u16": "H", "u32": "I", "i32": "i", "u64": "Q", "i64": "q", "f64": "d",
}  # fmt: skip
_Row = dict[str, Any]


class Left(NamedTuple):
    """Where a stream was: its last id and the venue's time of it, and what was still missing."""

    last_id: int
    last_ts: int  # ns, 0: unknown
    gaps: tuple[tuple[int, int, int], ...]  # first id, last id, venue's time behind it


def read(path: Path, instance_id: int) -> dict[str, Left]:
    """Return what the segment at ``path`` says of its streams, by name.

    Empty where it is no segment of this gateway, or a damaged one.
    """
    try:
        memory = _map(path)
        return dict(_streams(memory, instance_id)) if memory is not None else {}
    except (OSError, ValueError, KeyError, OverflowError, struct.error):
        return {}


def _map(path: Path) -> mmap.mmap | None:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        size = os.fstat(fd).st_size
        return mmap.mmap(fd, size, access=mmap.ACCESS_READ) if size >= 2 * PAGE else None
    finally:
        os.close(fd)


def _streams(memory: mmap.mmap, instance_id: int) -> Iterator[tuple[str, Left]]:
    head = _row(memory, HEADER, 0)
    ours = (MAGIC, schema_hash(), instance_id, len(memory))
    if (head["magic"], head["schema_hash"], head["instance_id"], head["file_size"]) != ours:
        return
    count = _at_most(len(SectionKind), head["section_count"])
    sections = _rows(memory, SECTION, head["section_table_offset"], count)
    found = {section["kind"]: section for section in sections}
    gaps = _open_gaps(memory, found[SectionKind.GAPS])
    directory = found[SectionKind.STREAMS]
    count = min(head["stream_count"], directory["capacity"])
    for number, stream in enumerate(_rows(memory, STREAM, directory["offset"], count)):
        if stream["state"] == RowState.ACTIVE and _has_come(stream):
            yield stream["name"].rstrip(b"\0").decode(), _left(stream, gaps[number])


def _has_come(stream: _Row) -> bool:
    """Whether it is known how far the stream was; one of events need only have been subscribed."""
    if stream["kind"] in EVENTS and (stream["mono_acked"] or stream["last_ts"]):
        return bool(stream["last_id"] <= INT64_MAX)
    return bool(0 < stream["last_id"] <= INT64_MAX)


def _left(stream: _Row, gaps: list[_Row]) -> Left:
    last_id, is_candle = stream["last_id"], stream["kind"] in CANDLES
    sane = [gap for gap in gaps if _is_sane(gap, last_id, is_candle)]
    if is_candle:  # all behind the oldest that is missing is asked for once more
        return Left(min([last_id, *(gap["first_id"] for gap in sane)]), stream["last_ts"], ())
    found = tuple((gap["first_id"], gap["last_id"], gap["ts_after"]) for gap in sane)
    return Left(last_id, stream["last_ts"], found)


def _is_sane(gap: _Row, last_id: int, is_candle: bool) -> bool:
    """Whether a writer makes such a gap: a damaged one would be fetched, and counted, for ever.

    One that lies behind the last event is found anew with the next one.
    """
    first, last, missing = gap["first_id"], gap["last_id"], gap["missing"]
    if not first <= last <= last_id:
        return False
    if is_candle:
        return bool(last - first <= missing * CANDLE_MAX_MS)
    return bool(missing == last - first + 1)


def _open_gaps(memory: mmap.mmap, section: _Row) -> defaultdict[int, list[_Row]]:
    """Open gaps with ids, by the row of their stream, in the order in which they were found."""
    found = defaultdict(list)
    count = _at_most(GAPS_CAPACITY, section["capacity"])
    gaps = [gap for at in range(count) if (gap := _gap(memory, section, at))]
    for gap in sorted(gaps, key=lambda gap: int(gap["gap_number"])):
        if gap["gap_state"] == GapState.OPEN and gap["first_id"]:
            found[gap["stream"]].append(gap)
    return found


def _at_most(limit: int, count: int) -> int:
    """Refuse a count that no writer makes: a start must not hang on a damaged segment."""
    if count > limit:
        raise ValueError(f"{count} rows")
    return count


def _gap(memory: mmap.mmap, section: _Row, number: int) -> _Row | None:
    """A latched slot; its writer is dead, so that it holds still. None: never written."""
    at = section["offset"] + number * section["stride"]
    version = _row(memory, SLOT, at)["version"]
    cell = at + section["cell_offset"] + (version & 1) * section["cell_size"]
    return _row(memory, GAP, cell) if version else None


def _rows(memory: mmap.mmap, table: Struct, at: int, count: int) -> Iterator[_Row]:
    return (_row(memory, table, at + number * table.size) for number in range(count))


def _row(memory: mmap.mmap, table: Struct, at: int) -> _Row:
    codec, names = _codec(table)
    return dict(zip(names, codec.unpack_from(memory, at), strict=True))


@cache
def _codec(table: Struct) -> tuple[struct.Struct, tuple[str, ...]]:
    """The fields of a table that are one value each; those of this layout lie without holes."""
    form, names = "<", []
    for field in table.fields:
        is_text = field.type in ("bytes", "text")
        form += f"{field.size}s" if is_text or field.count > 1 else _CODES[field.type]
        names.append(field.name)
    return struct.Struct(form), tuple(names)
