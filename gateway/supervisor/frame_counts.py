"""How many frames each stream of a segment has brought, read as any reader would.

The supervisor maps the file anew for each look: it is rare, and the file is replaced by restarts.
"""

from __future__ import annotations

import mmap
import os
import struct
from pathlib import Path

from gateway.layout import HEADER, PAGE, SECTION, STREAM, RowState, SectionKind, Shape

_HEADER_AT = HEADER.offsets()
_SECTION_AT = SECTION.offsets()
_STREAM_AT = STREAM.offsets()
_NAME_BYTES = next(field.size for field in STREAM.fields if field.name == "name")
_SUBSCRIBED = (Shape.OBJECT, Shape.ARRAY, Shape.MERGED)  # the others are made from these


def frame_counts(path: Path) -> tuple[int, dict[str, int]]:
    """Return a segment's generation and the frames of each stream that is subscribed now.

    Raises OSError where the file cannot be read, ValueError where it is no segment.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        size = os.fstat(descriptor).st_size
        if size < 2 * PAGE:
            raise ValueError(f"{path} is shorter than a header")
        with mmap.mmap(descriptor, size, mmap.MAP_SHARED, mmap.PROT_READ) as memory:
            return _u64(memory, _HEADER_AT["generation"]), _counts(memory)
    finally:
        os.close(descriptor)


def _counts(memory: mmap.mmap) -> dict[str, int]:
    offset, stride = _streams_section(memory)
    rows = min(_u32(memory, _HEADER_AT["stream_count"]), (len(memory) - offset) // stride)
    found = {}
    for row in range(rows):
        at = offset + row * stride
        shape = memory[at + _STREAM_AT["shape"]]
        if shape in _SUBSCRIBED and _u32(memory, at + _STREAM_AT["state"]) == RowState.ACTIVE:
            name = memory[at : at + _NAME_BYTES].partition(b"\0")[0].decode("utf-8", "replace")
            found[name] = _u64(memory, at + _STREAM_AT["sequence"])
    return found


def _streams_section(memory: mmap.mmap) -> tuple[int, int]:
    """Return where the STREAMS section begins, and the size of its rows."""
    table = _u64(memory, _HEADER_AT["section_table_offset"])
    size = _u32(memory, _HEADER_AT["section_desc_size"])
    for number in range(_u32(memory, _HEADER_AT["section_count"])):
        at = table + number * size
        if at + SECTION.size > len(memory):
            break
        if _u32(memory, at + _SECTION_AT["kind"]) == SectionKind.STREAMS:
            offset = _u64(memory, at + _SECTION_AT["offset"])
            stride = _u32(memory, at + _SECTION_AT["stride"])
            if stride >= STREAM.size and offset <= len(memory):
                return offset, stride
    raise ValueError("the segment has no table of streams")


def _u32(memory: mmap.mmap, at: int) -> int:
    return int(struct.unpack_from("<I", memory, at)[0])


def _u64(memory: mmap.mmap, at: int) -> int:
    return int(struct.unpack_from("<Q", memory, at)[0])
