"""Make, publish and remove a shard's segment file. One writer, which holds the shard's lock.

    create     shard-0.seg.<generation>.tmp, space reserved, all but the values, magic last
    publish    state LIVE, rename over shard-0.seg, old file marked SUPERSEDED and its bell rung
    close      state CLOSED, file unlinked

A file never grows or shrinks and is never used twice: a restart is a new file with a bigger
generation. ``struct.pack_into`` zeroes its target first, so it is used here only while nobody else
can see the file; words that readers watch are stored through a memoryview.
"""

from __future__ import annotations

import errno
import mmap
import os
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gateway.errors import RunDirError
from gateway.layout import (
    ABI_MAJOR,
    ABI_MINOR,
    ENDIAN_TAG,
    FIELD_ROW,
    HEADER,
    HISTOGRAM,
    HISTOGRAM_NAMES,
    MAGIC,
    PAGE,
    RING,
    SAMPLED_HISTOGRAMS,
    SAMPLED_ONE_IN,
    SECTION,
    SIZES,
    SegmentState,
    Struct,
    schema_hash,
)
from gateway.plan import ShardPlan
from gateway.segment_plan import Section, file_size, sections

_CODES = {
    "u8": "B", "i8": "b", "u16": "H", "u32": "I", "i32": "i", "u64": "Q", "i64": "q", "f64": "d",
}  # fmt: skip
_AT = HEADER.offsets()
_WIDE = frozenset(field.name for field in HEADER.fields if field.type == "u64")


@dataclass(slots=True)
class SegmentFile:
    """A mapped segment. ``memory`` is writable; ``sections`` says where everything lies in it."""

    path: Path  # where readers will find it
    generation: int
    memory: mmap.mmap
    sections: dict[str, Section]
    built_at: Path  # its name until it is published

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return len(self.memory)

    def publish(self, wake: Callable[[mmap.mmap, int], None] | None = None) -> None:
        """Let readers see the segment, and send those of the file before it here.

        ``wake`` is called with the old file's mapping and the offset of its bell, to wake the
        readers that sleep on it (FUTEX_WAKE).
        """
        _store(self.memory, "state", SegmentState.LIVE)
        old = _map_old(self.path)
        os.rename(self.built_at, self.path)
        self.built_at = self.path
        if old is None:
            return
        # SYNC POINT: the new file stands in its place before the old one sends readers to it.
        _store(old, "successor_generation", self.generation)
        _store(old, "state", SegmentState.SUPERSEDED)
        _store(old, "bell", (_load(old, "bell") + 1) & 0xFFFFFFFF)
        if wake is not None:
            wake(old, _AT["bell"])

    def close_and_unlink(self) -> None:
        """State CLOSED, then remove the file. The mapping lasts until its last view is gone."""
        _store(self.memory, "state", SegmentState.CLOSED)
        _store(self.memory, "bell", (_load(self.memory, "bell") + 1) & 0xFFFFFFFF)
        self.built_at.unlink(missing_ok=True)


def create(path: Path, *, plan: ShardPlan, generation: int | None = None) -> SegmentFile:
    """Build the segment that ``plan`` needs under a temporary name, in state INIT.

    Raises RunDirError where the file cannot be made or the tmpfs has no room for it.
    """
    generation = generation or next_generation(path)
    _remove_leftovers(path)
    built_at = path.with_name(f"{path.name}.{generation}.tmp")
    memory = _reserve(built_at, file_size(plan))
    segment = SegmentFile(path, generation, memory, sections(plan), built_at)
    _fill_header(segment, plan)
    _fill_sections(segment)
    # SYNC POINT: the magic says that all of the above is there.
    with memoryview(memory) as view, view.cast("Q") as words:
        words[0] = int.from_bytes(MAGIC, "little")
    return segment


def next_generation(path: Path) -> int:
    """A generation above that of the file at ``path``, even where the clock was set back."""
    return max(old_generation(path) + 1, time.time_ns())


def old_generation(path: Path) -> int:
    """Generation of the segment at ``path``; 0 where there is none of this layout."""
    old = _map_old(path)
    return _load(old, "generation") if old is not None else 0


def _map_old(path: Path) -> mmap.mmap | None:
    """Map page 0 of the segment at ``path`` for writing; None where no such segment is."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        if os.fstat(fd).st_size < PAGE:
            return None
        page = mmap.mmap(fd, PAGE)
    finally:
        os.close(fd)
    return page if page[: len(MAGIC)] == MAGIC and _load(page, "abi_major") == ABI_MAJOR else None


def _remove_leftovers(path: Path) -> None:
    """Remove what a writer killed while building left behind; it would hold its space for ever."""
    for leftover in path.parent.glob(f"{path.name}.*.tmp"):
        leftover.unlink(missing_ok=True)


def _reserve(path: Path, size: int) -> mmap.mmap:
    """Make a file of ``size`` bytes with all its pages, and map it."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
    except OSError as exc:
        raise _cannot_create(path, exc) from exc
    try:
        # On a full tmpfs a sparse file would kill us with SIGBUS at the first store instead.
        os.posix_fallocate(fd, 0, size)
        memory = mmap.mmap(fd, size, flags=mmap.MAP_SHARED | mmap.MAP_POPULATE)
    except OSError as exc:
        path.unlink()
        raise _no_room(path, size, exc) from exc
    finally:
        os.close(fd)
    memory.madvise(mmap.MADV_DONTFORK)  # a forked child must not become a second writer
    return memory


def _cannot_create(path: Path, exc: OSError) -> RunDirError:
    return RunDirError(
        path,
        f"cannot be created ({exc.strerror})",
        "make the directory writable for this user or choose another with --run-dir",
    )


def _no_room(path: Path, size: int, exc: OSError) -> RunDirError:
    if exc.errno not in (errno.ENOSPC, errno.EDQUOT, errno.ENOMEM):
        return _cannot_create(path, exc)
    stat = os.statvfs(path.parent)
    free = stat.f_bavail * stat.f_frsize / 2**20
    return RunDirError(
        path.parent,
        f"tmpfs full: {path.name} needs {size / 2**20:.1f} MiB, {free:.1f} MiB are free",
        "free space there, make the rings smaller or choose another directory with --run-dir",
    )


def _fill_header(segment: SegmentFile, plan: ShardPlan) -> None:
    real, mono = time.time_ns(), time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    _pack(segment.memory, HEADER, 0, {
        "endian_tag": ENDIAN_TAG, "abi_major": ABI_MAJOR, "abi_minor": ABI_MINOR,
        "header_size": HEADER.size, "section_align": PAGE, "file_size": segment.size,
        "generation": segment.generation, "section_count": len(segment.sections),
        "section_desc_size": SECTION.size, "section_table_offset": PAGE,
        "schema_hash": schema_hash(), "writer_pid": os.getpid(),
        "writer_start_ticks": _start_ticks(), "boot_id": _boot_id(), "created_real": real,
        "created_mono": mono,
        "shard_id": plan.shard_id, "shard_count": plan.shard_count, "instance_id": plan.instance_id,
        "state": SegmentState.INIT, "heartbeat_mono": mono, "heartbeat_real": real,
        "heartbeat_interval_ms": plan.heartbeat_interval_ms,
        "heartbeat_timeout_ms": plan.heartbeat_timeout_ms,
    })  # fmt: skip


def _fill_sections(segment: SegmentFile) -> None:
    memory, fields_at = segment.memory, segment.sections["fields"].offset
    for row, section in enumerate(segment.sections.values()):
        values = {name: getattr(section, name) for name in SECTION.offsets() if name != "schema_id"}
        _pack(memory, SECTION, PAGE + row * SECTION.size, values | {"schema_id": 1})
        _fill_fields(memory, fields_at + section.first_field * FIELD_ROW.size, section.struct)
        if section.ring_capacity:
            _pack(memory, RING, section.offset, {"capacity": section.ring_capacity})
    histograms = segment.sections["histograms"]
    for row, name in enumerate(HISTOGRAM_NAMES):
        one_in = SAMPLED_ONE_IN if name in SAMPLED_HISTOGRAMS else 1
        values = {"name": name, "one_in": one_in}
        _pack(memory, HISTOGRAM, histograms.offset + row * histograms.stride, values)


def _fill_fields(memory: mmap.mmap, at: int, described: Struct) -> None:
    offsets = described.offsets()
    for row, field in enumerate(described.fields):
        _pack(memory, FIELD_ROW, at + row * FIELD_ROW.size, {
            "name": field.name, "type": field.type, "unit": field.unit,
            "offset": offsets[field.name], "count": field.count, "stride": SIZES[field.type],
        })  # fmt: skip


def _pack(memory: mmap.mmap, layout: Struct, at: int, values: dict[str, int | str | bytes]) -> None:
    """Write the named fields of a struct at ``at``. Only for memory that nobody else can see."""
    offsets = layout.offsets()
    for field in layout.fields:
        value = values.get(field.name)
        if value is None:
            continue
        if isinstance(value, int):
            struct.pack_into(f"<{_CODES[field.type]}", memory, at + offsets[field.name], value)
            continue
        data = value.encode() if isinstance(value, str) else value
        if len(data) > field.size:
            raise ValueError(f"{layout.name}.{field.name} holds {field.size} bytes, got {data!r}")
        memory[at + offsets[field.name] : at + offsets[field.name] + len(data)] = data


def _store(memory: mmap.mmap, name: str, value: int) -> None:
    """Store a word of the header with a single store, as readers may be looking."""
    with memoryview(memory) as view, view.cast("Q" if name in _WIDE else "I") as words:
        words[_AT[name] // words.itemsize] = value


def _load(memory: mmap.mmap, name: str) -> int:
    """Load a word of the header."""
    kind = next(field.type for field in HEADER.fields if field.name == name)
    return int(struct.unpack_from(f"<{_CODES[kind]}", memory, _AT[name])[0])


def _start_ticks() -> int:
    """Field 22 of /proc/self/stat; the name in field 2 may hold spaces and parentheses."""
    return int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])


def _boot_id() -> bytes:
    text = Path("/proc/sys/kernel/random/boot_id").read_text()
    return bytes.fromhex(text.strip().replace("-", ""))
