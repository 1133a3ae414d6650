"""Making, publishing and removing segment files."""

from __future__ import annotations

import mmap
import os
import time
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from gateway import layout
from gateway.errors import RunDirError
from gateway.layout_numpy import dtype
from gateway.plan import ShardPlan
from gateway.segment_file import SegmentFile, create, next_generation, old_generation
from gateway.segment_plan import file_size, sections

SMALL = ShardPlan(
    shard_id=2, shard_count=3, instance_id=7, run_dir="", symbols=[], connections=[], streams=[],
    symbol_capacity=5, stream_capacity=9, connection_capacity=2, events_ring_bytes=8192,
    raw_ring_bytes=4096, book_levels=5,
)  # fmt: skip


@pytest.fixture
def path(run_dir: Path) -> Path:
    return run_dir / "shard-2.seg"


@pytest.fixture
def segment(path: Path) -> SegmentFile:
    return create(path, plan=SMALL)


def header(memory: mmap.mmap) -> Any:
    return np.frombuffer(bytes(memory[:4096]), dtype(layout.HEADER))[0]


def test_sections_neither_overlap_nor_leave_the_file() -> None:
    end = 2 * layout.PAGE
    for section in sections(SMALL).values():
        assert section.offset % layout.PAGE == 0
        assert section.offset >= end
        end = section.offset + section.length
    assert end <= file_size(SMALL) < end + layout.PAGE


def test_sections_have_room_for_the_plan() -> None:
    found = sections(SMALL)
    assert list(found) == [kind.name.lower() for kind in layout.SectionKind]
    assert found["symbols"].capacity == found["quote"].capacity == 5
    assert (found["streams"].capacity, found["connections"].capacity) == (9, 2)
    cell = 320  # 144 + 32 * 5, rounded up to 64
    assert (found["book"].cell_size, found["book"].stride) == (cell, 64 + 2 * cell)
    assert (found["book"].param, found["partial"].param) == (5, 5)
    assert (found["events"].ring_capacity, found["raw"].ring_capacity) == (8192, 4096)


def test_default_plan_stays_below_48_mib() -> None:
    plan = msgspec.structs.replace(
        SMALL,
        symbol_capacity=256,
        stream_capacity=2048,
        events_ring_bytes=8 << 20,
        raw_ring_bytes=16 << 20,
    )
    assert file_size(plan) < 48 << 20


@pytest.mark.parametrize(
    "change",
    [
        {"events_ring_bytes": 5000},
        {"raw_ring_bytes": 2048},
        {"book_levels": 0},
        {"book_levels": 4000},
    ],
    ids=lambda change: "_".join(map(str, *change.items())),
)
def test_impossible_capacity_is_refused(change: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must be"):
        sections(msgspec.structs.replace(SMALL, **change))


def test_new_file_is_hidden_and_not_live(segment: SegmentFile, path: Path) -> None:
    assert not path.exists()
    name = f"{path.name}.{segment.generation}.tmp"
    assert [found.name for found in path.parent.iterdir()] == [name]
    assert header(segment.memory)["state"] == layout.SegmentState.INIT


def test_file_is_allocated_in_full(segment: SegmentFile) -> None:
    stat = segment.built_at.stat()
    assert stat.st_size == segment.size == file_size(SMALL)
    assert stat.st_blocks * 512 >= stat.st_size
    assert stat.st_mode & 0o777 == 0o640 & ~os_umask()


def os_umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_header_names_writer_kernel_and_plan(segment: SegmentFile) -> None:
    found = header(segment.memory)
    assert bytes(segment.memory[:8]) == layout.MAGIC
    assert found["file_size"] == segment.size
    assert (found["shard_id"], found["shard_count"], found["instance_id"]) == (2, 3, 7)
    assert found["writer_pid"] == os.getpid()
    boot_id = Path("/proc/sys/kernel/random/boot_id").read_text().strip().replace("-", "")
    assert bytes(found["boot_id"]).hex() == boot_id
    assert found["schema_hash"] == layout.schema_hash()
    assert 0 <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) - found["heartbeat_mono"] < 60 * 10**9


def test_section_table_and_fields_describe_the_file(segment: SegmentFile) -> None:
    memory = bytes(segment.memory)
    table = np.frombuffer(memory, dtype(layout.SECTION), count=16, offset=layout.PAGE)
    assert [row["name"].decode() for row in table] == list(segment.sections)
    fields_at = int(table[0]["offset"])
    rows = np.frombuffer(
        memory, dtype(layout.FIELD_ROW), count=int(table[0]["capacity"]), offset=fields_at
    )
    for row, section in zip(table, segment.sections.values(), strict=True):
        assert (row["offset"], row["length"]) == (section.offset, section.length)
        assert (row["stride"], row["cell_size"]) == (section.stride, section.cell_size)
        own = rows[int(row["first_field"]) :][: int(row["field_count"])]
        described = {field["name"].decode(): int(field["offset"]) for field in own}
        assert described == section.struct.offsets()


def test_rings_know_their_capacity_and_histograms_their_names(segment: SegmentFile) -> None:
    memory = bytes(segment.memory)
    ring = np.frombuffer(
        memory, dtype(layout.RING), count=1, offset=segment.sections["events"].offset
    )
    assert ring[0]["capacity"] == 8192
    rows = np.frombuffer(
        memory, dtype(layout.HISTOGRAM), count=4, offset=segment.sections["histograms"].offset
    )
    assert [row["name"].decode() for row in rows] == list(layout.HISTOGRAM_NAMES)
    assert [row["one_in"] for row in rows] == [1, 1, 16, 16]


def test_publishing_makes_it_live_under_its_name(segment: SegmentFile, path: Path) -> None:
    segment.publish()
    assert [found.name for found in path.parent.iterdir()] == [path.name]
    assert header(segment.memory)["state"] == layout.SegmentState.LIVE
    assert old_generation(path) == segment.generation


def test_successor_sends_readers_of_the_old_file_on(segment: SegmentFile, path: Path) -> None:
    segment.publish()
    inode = path.stat().st_ino
    newer = create(path, plan=SMALL)
    woken: list[int] = []
    newer.publish(lambda memory, offset: woken.append(offset))
    old = header(segment.memory)
    assert newer.generation > segment.generation
    assert path.stat().st_ino != inode
    assert old["state"] == layout.SegmentState.SUPERSEDED
    assert old["successor_generation"] == newer.generation
    assert old["bell"] == 1
    assert woken == [layout.HEADER.offsets()["bell"]]


def test_generation_grows_though_the_clock_was_set_back(path: Path) -> None:
    ahead = time.time_ns() + 10**15
    create(path, plan=SMALL, generation=ahead).publish()
    assert next_generation(path) == ahead + 1


@pytest.mark.parametrize("content", [b"", b"x" * 5000], ids=["empty", "garbage"])
def test_file_that_is_no_segment_is_replaced(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    segment = create(path, plan=SMALL)
    segment.publish()
    assert old_generation(path) == segment.generation


def test_leftovers_of_a_killed_builder_are_removed(path: Path) -> None:
    leftover = path.with_name(f"{path.name}.123.tmp")
    leftover.write_bytes(b"half made")
    create(path, plan=SMALL)
    assert not leftover.exists()


def test_close_says_so_and_removes_the_file(segment: SegmentFile, path: Path) -> None:
    segment.publish()
    segment.close_and_unlink()
    assert list(path.parent.iterdir()) == []
    assert header(segment.memory)["state"] == layout.SegmentState.CLOSED


def test_full_tmpfs_is_one_clear_error_and_leaves_nothing(path: Path) -> None:
    """Without posix_fallocate this test process would die of SIGBUS."""
    plan = msgspec.structs.replace(SMALL, raw_ring_bytes=1 << 44)
    with pytest.raises(
        RunDirError, match=r"tmpfs full: .* needs 16777217\.\d MiB, .*; free"
    ) as info:
        create(path, plan=plan)
    assert info.value.exit_code == 73
    assert list(path.parent.iterdir()) == []


def test_missing_directory_is_one_clear_error(run_dir: Path) -> None:
    with pytest.raises(RunDirError, match=r"cannot be created .*; make the directory writable"):
        create(run_dir / "absent" / "shard-0.seg", plan=SMALL)
