"""A segment file in plain Python: mapped read-only, checked once, read without locks."""

from __future__ import annotations

import errno
import mmap
import os
import stat
import struct
import time
from typing import Final

from gateway_client.errors import SegmentUnusable
from gateway_client.layout import (
    ABI_MAJOR,
    ENDIAN_TAG,
    FIELDS,
    MAGIC,
    PAGE,
    SIZES,
    SectionKind,
    SegmentState,
    Status,
)
from gateway_client.plain import sections
from gateway_client.plain.ring import Ring
from gateway_client.plain.sections import Section
from gateway_client.tables import Row, completed, decode, empty_cell

# enum gw_error of clients/c/gateway.h
OPEN, NOT_SEGMENT, HALF_MADE, TRUNCATED, VERSION, BOOT, HEADER, SECTION = range(-1, -9, -1)
ROW, TORN = -10, -11

TRIES: Final = 100_000  # loads of one slot before it is given up
DEAD: Final = 255
SECTIONS_MAX: Final = 64
_POPULATE_READ = 22  # MADV_POPULATE_READ, Linux 5.14

STATE_AT = FIELDS["header"]["state"][0] // 4
BELL_AT = FIELDS["header"]["bell"][0] // 4
BEAT_AT = FIELDS["header"]["heartbeat_mono"][0] // 8
STATUS_AT = FIELDS["meta"]["status"][0]
LIVE = int(SegmentState.LIVE)
_RETIRED = int(Status.RETIRED)
_U64 = struct.Struct("<Q").unpack_from


class Segment:
    """A segment file, mapped read-only and checked once. Immutable; a restart is another object.

    Raises SegmentUnusable. ``any_boot`` takes leftovers of another boot too, to look into them.
    """

    accelerated = False

    def __init__(self, path: str, any_boot: bool = False) -> None:
        self.path = path
        self.memory = self._open()
        self.words = memoryview(self.memory)[: len(self.memory) & ~7].cast("Q")
        self.halves = memoryview(self.memory)[: len(self.memory) & ~7].cast("I")
        head = self._check_header(any_boot)
        self.generation: int = head["generation"]
        self.timeout_ns: int = head["heartbeat_timeout_ms"] * 1_000_000
        self.sections = self._check_sections(head)

    def _open(self) -> mmap.mmap:
        try:
            # O_NONBLOCK: a FIFO of that name must not hang us.
            fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as exc:
            raise self._unusable(OPEN, f"cannot be opened ({exc.strerror})") from exc
        try:
            return self._map_file(fd)
        finally:
            os.close(fd)

    def _map_file(self, fd: int) -> mmap.mmap:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            raise self._unusable(NOT_SEGMENT, "is not a gateway segment (not a regular file)")
        if found.st_size == 0:
            raise self._unusable(HALF_MADE, "is half-made (its size is 0)")
        if found.st_size < PAGE:
            raise self._truncated(found.st_size, PAGE)
        self.device, self.inode = found.st_dev, found.st_ino
        flags = mmap.MAP_SHARED | mmap.MAP_POPULATE
        mapped = mmap.mmap(fd, found.st_size, flags=flags, prot=mmap.PROT_READ)
        try:
            # Asks the kernel whether a load would raise SIGBUS: holes in a full tmpfs, or a file
            # that was cut since.
            mapped.madvise(_POPULATE_READ)
        except OSError as exc:
            if exc.errno == errno.EFAULT:
                raise self._unusable(TRUNCATED, "is truncated (pages are missing)") from exc
        return mapped

    def _unusable(self, code: int, problem: str) -> SegmentUnusable:
        return SegmentUnusable(self.path, code, problem)

    def _truncated(self, found: int, wanted: int) -> SegmentUnusable:
        return self._unusable(TRUNCATED, f"is truncated (its size is {found}, expected {wanted})")

    def _check_header(self, any_boot: bool) -> Row:
        magic = self.words[0]
        if magic == 0:
            raise self._unusable(HALF_MADE, "is half-made (no magic yet)")
        if magic != int.from_bytes(MAGIC, "little"):
            raise self._unusable(NOT_SEGMENT, "is not a gateway segment (wrong magic)")
        head = decode("header", self.header())
        self._check_version(head)
        if head["file_size"] != len(self.memory):
            raise self._truncated(len(self.memory), head["file_size"])
        if not PAGE <= head["header_size"] <= len(self.memory):
            raise self._unusable(HEADER, "has a damaged header (header_size)")
        if not head["heartbeat_timeout_ms"]:
            raise self._unusable(HEADER, "has a damaged header (no heartbeat timeout)")
        at = FIELDS["header"]["boot_id"][0]
        if not any_boot and _boot_id() not in (b"", self.memory[at : at + 16]):
            raise self._unusable(BOOT, "was left by an earlier boot of this machine")
        return head

    def _check_version(self, head: Row) -> None:
        if (head["endian_tag"], head["abi_major"]) != (ENDIAN_TAG, ABI_MAJOR):
            problem = f"has layout version {head['abi_major']}, this client knows {ABI_MAJOR}"
            raise self._unusable(VERSION, problem)

    def header(self) -> bytes:
        """Copy of page 0 as it is now."""
        return self.memory[:PAGE]

    def _check_sections(self, head: Row) -> dict[int, Section]:
        at, count, size = (
            head["section_table_offset"], head["section_count"], head["section_desc_size"],
        )  # fmt: skip
        if count > SECTIONS_MAX or not SIZES["section"] <= size <= PAGE or size % 8:
            raise self._unusable(HEADER, "has a damaged header (impossible section table)")
        if at % 8 or at + count * size > len(self.memory):
            raise self._unusable(HEADER, "has a damaged header (section table outside the file)")
        found: dict[int, Section] = {}
        for row in range(count):
            begin = at + row * size
            copy = self.memory[begin : begin + sections.TABLE_ROW.size]
            section = Section._make(sections.TABLE_ROW.unpack(copy))
            self._check_section(section, found)
            if section.kind in sections.KNOWN:
                found[section.kind] = section
        if SectionKind.SYMBOLS not in found:
            raise self._unusable(SECTION, "has a damaged or missing section (no SYMBOLS)")
        if head["symbol_count"] > found[SectionKind.SYMBOLS].capacity:
            raise self._unusable(HEADER, "has a damaged header (symbol_count)")
        return found

    def _check_section(self, section: Section, found: dict[int, Section]) -> None:
        problem = sections.problem(section, found, len(self.memory))
        if problem:
            text = f"has a damaged or missing section (section kind {section.kind}: {problem})"
            raise self._unusable(SECTION, text)

    def is_alive(self) -> bool:
        """Whether the writer says LIVE and its heartbeat is young."""
        if self.halves[STATE_AT] != LIVE:
            return False
        age: int = time.monotonic_ns() - self.words[BEAT_AT]
        return abs(age) <= self.timeout_ns  # a heartbeat from the future is no heartbeat

    def bell(self) -> int:
        """The bell as it is now; read it before the data, hand it to ``wait`` after."""
        return self.halves[BELL_AT]

    def wait(self, seen: int, timeout_ns: int) -> None:
        """Sleep until the bell is no longer ``seen``. Polls: a futex needs the accelerator."""
        until = time.monotonic_ns() + timeout_ns
        pause = 50e-6
        while self.halves[BELL_AT] == seen and (left := until - time.monotonic_ns()) > 0:
            time.sleep(min(pause, left / 1e9))
            pause = min(pause * 1.5, 1e-3)

    def levels(self, kind: int) -> int:
        """Levels a side in the slots of a section; 0 where it has none."""
        return self.sections[kind].param if kind in self.sections else 0

    def capacity(self, kind: int) -> int:
        """Slots of a section; 0 where there is none."""
        return self.sections[kind].capacity if kind in self.sections else 0

    def rows(self, kind: int) -> tuple[bytes, int]:
        """All rows of a directory that are in use, one behind the other, and their stride."""
        section = self.sections.get(kind)
        if section is None:
            return b"", 1
        count = section.capacity
        counter = sections.COUNTS.get(kind)
        if counter is not None:
            count = min(count, self.halves[FIELDS["header"][counter][0] // 4])
        return self.memory[section.offset : section.offset + count * section.stride], section.stride

    def read(self, kind: int, row: int) -> tuple[int, bytes]:
        """Status and cell of a slot; empty where nothing was written, or there are no such slots.

        Raises SegmentUnusable where there is no such row, or the slot never holds still.
        """
        section = self.sections.get(kind)
        if section is None:
            name = sections.CELLS[kind]
            return (0 if self.is_alive() else DEAD), empty_cell(name, SIZES[name])
        if not 0 <= row < section.capacity:
            raise self._unusable(ROW, f"has no row {row} in section kind {kind}")
        cell = self._load(section, row)
        status = cell[STATUS_AT]
        return (status if status <= _RETIRED and self.is_alive() else DEAD), cell

    def _load(self, section: Section, row: int) -> bytes:
        slot = section.offset + row * section.stride
        words, size = self.words, section.cell_size
        for _ in range(TRIES):
            version = words[slot // 8]
            if version == 0:
                return empty_cell(sections.CELLS[section.kind], size)
            at = slot + section.cell_offset + (version & 1) * size
            cell = self.memory[at : at + size]
            if words[slot // 8] == version and _U64(cell)[0] == version:
                return completed(sections.CELLS[section.kind], cell)
        raise self._unusable(TORN, f"has a slot that never holds still (row {row})")

    def scan(self, kind: int, rows: list[int], size: int) -> bytes:
        """The first ``size`` bytes of many slots, each consistent.

        Statuses become DEAD: of all when the writer is dead, of one that never holds still.
        """
        cells = [self._scan_one(kind, row, size) for row in rows]
        if self.is_alive():
            return b"".join(cells)
        return b"".join(_dead(cell) for cell in cells)

    def _scan_one(self, kind: int, row: int, size: int) -> bytes:
        try:
            return self.read(kind, row)[1][:size]
        except SegmentUnusable:
            return _dead(empty_cell(sections.CELLS[kind], size))

    def ring(self, kind: int) -> Ring:
        """A cursor at the tail of a ring. Raises SegmentUnusable where there is none."""
        if kind not in self.sections:
            raise self._unusable(SECTION, f"has no ring of section kind {kind}")
        return Ring(self.memory, self.words, self.sections[kind])


def _dead(cell: bytes) -> bytes:
    return cell[:STATUS_AT] + bytes([DEAD]) + cell[STATUS_AT + 1 :]


def _boot_id() -> bytes:
    try:
        with open("/proc/sys/kernel/random/boot_id") as file:
            return bytes.fromhex(file.read().strip().replace("-", ""))
    except (OSError, ValueError):
        return b""
