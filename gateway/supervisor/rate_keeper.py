"""Measures the message rates of streams while a gateway runs; the next start plans with them.

Frames are counted in the segments, as any reader would; what becomes of the counts is decided in
``rates``. A file is mapped anew for each look: it is rare, and the file is replaced by restarts.
"""

from __future__ import annotations

import asyncio
import contextlib
import mmap
import os
import struct
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gateway.endpoints import Endpoints
from gateway.layout import HEADER, PAGE, SECTION, STREAM, RowState, SectionKind, Shape
from gateway.state import StateFile
from gateway.supervisor.rates import (
    RateMeter,
    Rates,
    known_rates,
    merge,
    settle,
    upstream_key,
)

FIRST_LOOK_SECONDS: Final = 5.0  # after the start; a first rate needs two looks
LOOK_SECONDS: Final = 30.0
LOOKS_A_WRITE: Final = 10
FORGET_SECONDS: Final = 900.0  # what is not subscribed any more; it is in the file by then
_HEADER_AT = HEADER.offsets()
_SECTION_AT = SECTION.offsets()
_STREAM_AT = STREAM.offsets()
_NAME_BYTES = next(field.size for field in STREAM.fields if field.name == "name")
_SUBSCRIBED = (Shape.OBJECT, Shape.ARRAY, Shape.MERGED)  # the others are made from these


@dataclass(frozen=True, slots=True)
class Known:
    """Of earlier runs: messages a second by stream, and the shard of every group of streams."""

    rates: Mapping[str, float] = field(default_factory=dict)
    homes: Mapping[str, int] = field(default_factory=dict)


class RateKeeper:
    """Segments are those of the shards that run."""

    def __init__(self, file: StateFile[Rates], upstream: Endpoints) -> None:
        self._file = file
        self._key = upstream_key(upstream)
        self._meter = RateMeter()

    async def known(self) -> Known:
        """Return what earlier runs measured, and where they had what."""
        return await asyncio.to_thread(
            self._file.update,
            lambda content: Known(
                known_rates(content, self._key), dict(content.homes.get(self._key, {}))
            ),
        )

    async def run(
        self, segments: Callable[[], Sequence[Path]], homes: Callable[[], Mapping[str, int]]
    ) -> None:
        """Look every half minute and write every five, until cancelled; ``homes`` at once too."""
        await self._settle(homes())
        await asyncio.sleep(FIRST_LOOK_SECONDS)
        looks = 2  # the first rates are kept soon, a gateway may be killed
        while True:
            for _ in range(looks):
                await asyncio.to_thread(self._look, segments())
                await asyncio.sleep(LOOK_SECONDS)
            await self.write(segments(), homes())
            looks = LOOKS_A_WRITE

    async def _settle(self, homes: Mapping[str, int]) -> None:
        await asyncio.to_thread(
            self._file.update, lambda content: settle(content, self._key, homes)
        )

    async def write(self, segments: Sequence[Path], homes: Mapping[str, int]) -> None:
        """Look once more, and keep what was measured, and where everything is."""
        await asyncio.to_thread(self._look, segments)
        rates = dict(self._meter.rates)

        def change(content: Rates) -> None:
            merge(content, self._key, rates)
            settle(content, self._key, homes)

        if rates:
            await asyncio.to_thread(self._file.update, change)

    def _look(self, segments: Sequence[Path]) -> None:
        now = time.monotonic()
        for path in segments:
            # A shard that has died, or comes up just now: the next look sees its successor.
            with (
                contextlib.suppress(OSError, ValueError),
                frame_counts(path) as (generation, counts),
            ):
                self._meter.observe(generation, counts, now)
        self._meter.forget(now - FORGET_SECONDS)


@contextlib.contextmanager
def frame_counts(path: Path) -> Iterator[tuple[int, Iterator[tuple[str, int]]]]:
    """Open a segment: its generation, and the frames of each stream that is subscribed now.

    Row by row: ten thousand names at a time, twice a minute, are what makes a heap grow. Raises
    OSError where the file cannot be read, ValueError where it is no segment.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        size = os.fstat(descriptor).st_size
        if size < 2 * PAGE:
            raise ValueError(f"{path} is shorter than a header")
        with mmap.mmap(descriptor, size, mmap.MAP_SHARED, mmap.PROT_READ) as memory:
            counts = _counts(memory, *_streams_section(memory))
            yield _u64(memory, _HEADER_AT["generation"]), counts
    finally:
        os.close(descriptor)


def _counts(memory: mmap.mmap, offset: int, stride: int) -> Iterator[tuple[str, int]]:
    rows = min(_u32(memory, _HEADER_AT["stream_count"]), (len(memory) - offset) // stride)
    for row in range(rows):
        at = offset + row * stride
        shape = memory[at + _STREAM_AT["shape"]]
        if shape in _SUBSCRIBED and _u32(memory, at + _STREAM_AT["state"]) == RowState.ACTIVE:
            name = memory[at : at + _NAME_BYTES].partition(b"\0")[0].decode("utf-8", "replace")
            yield name, _u64(memory, at + _STREAM_AT["sequence"])


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
