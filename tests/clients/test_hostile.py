"""Damaged, cut, half-made and foreign segments: an error that names the thing, or valid data."""

from __future__ import annotations

import contextlib
import json
import os
import random
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from gateway_client import ClientError, _accel, plain
from gateway_client.errors import SegmentUnusable
from gateway_client.layout import FIELDS, PAGE, SIZES, Kind, SectionKind, Shape
from tests.clients.support import HERE, Shard, compile_c, running

C_MUTATIONS = 20_000
PYTHON_MUTATIONS = 1_500
OPEN, NOT_SEGMENT, HALF_MADE, TRUNCATED, VERSION, BOOT, HEADER, SECTION = range(-1, -9, -1)
KINDS = (
    SectionKind.QUOTE, SectionKind.TICKER, SectionKind.LAST_TRADE, SectionKind.BOOK,
    SectionKind.PARTIAL, SectionKind.MARK_PRICE, SectionKind.VALUES,
)  # fmt: skip
DIRECTORIES = (SectionKind.SYMBOLS, SectionKind.STREAMS, SectionKind.CONNECTIONS)
SECTIONS = len(SectionKind)
DIRECTORY_MUTATIONS = 300
EDGES = (0, 1, 63, 64, 128, 4095, 4096, 2**31, 2**32 - 1, 2**32, 2**63, 2**64 - 1)


@pytest.fixture
def filled(shard: Shard, programs: SimpleNamespace) -> Shard:
    """A segment with cells and with records all round its ring; nobody writes any more."""
    shard.ring = 4096
    shard.start()
    shard.add_stream("spot:btcusdt@kline_1m", Kind.KLINE, has_value=True)
    shard.add_stream("spot:btcusdt@ticker", Kind.TICKER, 1, shape=Shape.ROW)
    shard.add_stream("spot:btcusdt@avgPrice", Kind.AVERAGE_PRICE, has_value=True)
    for words in (("slots", 3), ("ring", 100)):
        with running(programs.writer, shard.segment, *words) as writer:
            writer.wait()
    shard.beat()
    return shard


def test_c_reader_survives_any_damage(filled: Shard, tmp_path: Path) -> None:
    """Built with the sanitizers, which also see reads that happen not to crash."""
    sanitize = "-fsanitize=address,undefined"
    fuzz = compile_c(
        HERE / "fuzz.c", tmp_path / "fuzz", "-std=c11", "-g", sanitize, "-fno-sanitize-recover=all"
    )
    scratch = filled.run_dir / "scratch.seg"
    done = subprocess.run(
        [str(fuzz), str(filled.segment), str(scratch), str(C_MUTATIONS), "1"],
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    seen = json.loads(done.stdout)
    print(f"answers of gw_open: {seen}")
    assert sum(seen[str(-code)] for code in range(16)) == C_MUTATIONS
    # The damage was of all sorts, and not everything was refused.
    for code in (0, NOT_SEGMENT, TRUNCATED, VERSION, HEADER, SECTION):
        assert seen[str(code)] > 20, code
    assert seen["records"] > 1000
    assert seen["record_errors"] > 20


def test_python_readers_survive_any_damage_and_agree(
    filled: Shard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two implementations of the same checks: the same answer to every damaged file."""
    monkeypatch.setattr(plain.segment, "TRIES", 8)
    whole = bytes(filled.current.memory)
    scratch = filled.run_dir / "scratch.seg"
    chance = random.Random(20240808)
    opened = refused = 0
    for count in range(PYTHON_MUTATIONS):
        damaged = damage(whole, chance)
        if count % 20 == 0:
            damaged = damaged[: chance.randrange(len(damaged))]
        scratch.write_bytes(damaged)
        answers = [answer(module, str(scratch)) for module in (_accel, plain)]
        assert answers[0] == answers[1], f"mutation {count}"
        opened += isinstance(answers[0], tuple)
        refused += isinstance(answers[0], int)
    print(f"{opened} opened, {refused} refused")
    assert min(opened, refused) > PYTHON_MUTATIONS // 20


def test_gateway_reads_damaged_directories_or_names_the_segment(
    filled: Shard, gateway_class: type[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows of symbols, streams and connections with anything in them: never another exception."""
    monkeypatch.setattr(plain.segment, "TRIES", 8)
    whole = bytes(filled.current.memory)
    chance = random.Random(20240809)
    read = 0
    for _ in range(DIRECTORY_MUTATIONS):
        damaged = bytearray(whole)
        for _ in range(4):
            section = filled.current.sections[chance.choice(DIRECTORIES).name.lower()]
            at = section.offset + chance.randrange(3 * section.stride)
            damaged[at] = chance.choice((0, 1, 255, chance.randrange(256)))
        filled.segment.write_bytes(damaged)
        try:
            gateway = gateway_class(filled.run_dir)
            gateway.status()
            names = gateway.streams()
        except ClientError:
            continue
        for name in names:
            with contextlib.suppress(ClientError):
                repr(gateway.latest(name))
                read += 1
        for symbol in gateway.symbols():
            repr((gateway.mark_price(symbol), gateway.book(symbol)))
    assert read > DIRECTORY_MUTATIONS


def damage(whole: bytes, chance: random.Random) -> bytes:
    """A copy with one to four words overwritten where it matters."""
    damaged = bytearray(whole)
    for _ in range(chance.randint(1, 4)):
        width = chance.choice((1, 2, 4, 8))
        at = place(whole, chance) & ~(width - 1)
        value = chance.choice((chance.choice(EDGES), chance.randrange(2 * len(whole))))
        damaged[at : at + width] = (value & (2 ** (8 * width) - 1)).to_bytes(width, "little")
    return bytes(damaged[: len(whole)])


def place(whole: bytes, chance: random.Random) -> int:
    """Header, section table, or the beginning of a section or of a ring's records."""
    where = chance.randrange(3)
    if where == 0:
        return chance.randrange(256)
    if where == 1:
        return PAGE + chance.randrange(SECTIONS * SIZES["section"])
    row = PAGE + chance.randrange(SECTIONS) * SIZES["section"]
    offset, length = struct.unpack_from("<QQ", whole, row + FIELDS["section"]["offset"][0])
    skip = chance.choice((0, 4096)) if length > 4096 else 0
    return int(offset + skip + chance.randrange(min(length, 512)))


def answer(module: ModuleType, path: str) -> Any:
    """The error code of opening, or everything that can be read."""
    segment = attempt(lambda: module.Segment(path))
    if isinstance(segment, int):
        return segment
    cells = [
        attempt(lambda k=kind, r=row: segment.read(k, r)) for kind in KINDS for row in (0, 1, 9)
    ]
    rows = [segment.rows(kind) for kind in (*DIRECTORIES, SectionKind.COUNTERS)]
    rings = [attempt(lambda k=kind: walk(segment.ring(k))) for kind in (12, 13)]
    return segment.is_alive(), cells, rows, rings


def attempt(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except SegmentUnusable as exc:
        return exc.code


def walk(ring: Any) -> list[Any]:
    seen = []
    for start in (ring.start_at_oldest, lambda: ring.start_at(0), lambda: ring.start_at(64 * 63)):
        start()
        for _ in range(100):
            record = ring.next()
            seen.append((record, ring.position, ring.laps))
            if record is None:
                break
    return seen


def code_of(module: ModuleType, path: Path) -> int:
    with pytest.raises(SegmentUnusable) as caught:
        module.Segment(str(path))
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    return caught.value.code


def test_file_that_is_not_there_is_named(backend: ModuleType, tmp_path: Path) -> None:
    assert code_of(backend, tmp_path / "shard-0.seg") == OPEN


def test_what_is_no_file_is_refused(backend: ModuleType, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert code_of(backend, tmp_path / "pipe") == NOT_SEGMENT
    assert code_of(backend, tmp_path) == NOT_SEGMENT


def test_half_made_segment_is_refused(backend: ModuleType, shard: Shard) -> None:
    shard.store("magic", 0)
    assert code_of(backend, shard.segment) == HALF_MADE
    shard.segment.write_bytes(b"")
    assert code_of(backend, shard.segment) == HALF_MADE


@pytest.mark.parametrize("size", [1, 4095, 4096, 5001, 100_000])
def test_truncated_segment_is_refused(backend: ModuleType, shard: Shard, size: int) -> None:
    cut = shard.run_dir / "cut.seg"
    cut.write_bytes(bytes(shard.current.memory[:size]))
    assert code_of(backend, cut) == TRUNCATED


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("magic", 1, NOT_SEGMENT),
        ("abi_major", 2, VERSION),
        ("endian_tag", 0x04030201, VERSION),
        ("boot_id", 5, BOOT),
        ("file_size", 5, TRUNCATED),
        ("header_size", 64, HEADER),
        ("heartbeat_timeout_ms", 0, HEADER),
        ("section_count", 65, HEADER),
        ("section_desc_size", 64, HEADER),
        ("section_table_offset", 2**63, HEADER),
        ("symbol_count", 9, HEADER),
        ("section_count", 1, SECTION),
    ],
)
def test_each_check_of_the_header_has_its_error(
    backend: ModuleType, shard: Shard, field: str, value: int, code: int
) -> None:
    shard.store(field, value)
    assert code_of(backend, shard.segment) == code


@pytest.mark.parametrize(
    ("section", "field", "value"),
    [
        ("quote", "offset", 2**40),
        ("quote", "offset", 4097),
        ("quote", "length", 2**63),
        ("quote", "stride", 8),
        ("quote", "capacity", 10_000),
        ("quote", "capacity", 0),
        ("quote", "cell_size", 64),
        ("quote", "cell_count", 1),
        ("quote", "cell_offset", 0),
        ("quote", "kind", SectionKind.BOOK),
        ("last_trade", "cell_size", 120),
        ("mark_price", "cell_size", 128),
        ("values", "cell_size", 192),
        ("values", "capacity", 10_000),
        ("streams", "stride", 120),
        ("book", "param", 0),
        ("book", "param", 23),
        ("symbols", "stride", 64),
        ("symbols", "capacity", 2**31),
        ("events", "ring_capacity", 65537),
        ("events", "ring_capacity", 1 << 40),
        ("events", "cell_offset", 32),
    ],
)
def test_each_check_of_a_section_has_its_error(
    backend: ModuleType, shard: Shard, section: str, field: str, value: int
) -> None:
    row = PAGE + list(shard.current.sections).index(section) * SIZES["section"]
    offset, kind, _ = FIELDS["section"][field]
    width = 8 if kind == "u64" else 4
    memory = shard.current.memory
    memory[row + offset : row + offset + width] = int(value).to_bytes(width, "little")
    assert code_of(backend, shard.segment) == SECTION


def test_sections_of_a_newer_minor_version_are_passed_over(
    backend: ModuleType, shard: Shard
) -> None:
    row = PAGE + list(shard.current.sections).index("fields") * SIZES["section"]
    shard.current.memory[row : row + 4] = (99).to_bytes(4, "little")
    shard.store("abi_minor", 7)
    assert backend.Segment(str(shard.segment)).generation == shard.current.generation


def test_leftover_of_another_boot_can_be_looked_into(backend: ModuleType, shard: Shard) -> None:
    shard.store("boot_id", 5)
    assert backend.Segment(str(shard.segment), any_boot=True).generation > 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("length", 0),
        ("length", 64),
        ("length", 130),
        ("length", 2**31),
        ("length", 2048),
        ("ring_position", 64),
    ],
)
def test_damaged_record_is_skipped_to_the_tail_and_counted(
    backend: ModuleType, shard: Shard, programs: SimpleNamespace, field: str, value: int
) -> None:
    with running(programs.writer, shard.segment, "ring", 5) as writer:
        writer.wait()
    ring = backend.Segment(str(shard.segment)).ring(SectionKind.EVENTS)
    tail = ring.position
    at = shard.current.sections["events"].offset + PAGE + FIELDS["meta"][field][0]
    width = 4 if field == "length" else 8
    shard.current.memory[at : at + width] = value.to_bytes(width, "little")
    ring.start_at(0)
    assert ring.next() is None
    assert (ring.position, ring.laps, ring.lost) == (tail, 1, 5)


def test_record_too_short_for_its_kind_is_refused(filled: Shard, gateway_class: type[Any]) -> None:
    """A ticker record of 192 bytes would otherwise be read beyond its end."""
    data = filled.current.sections["events"].offset + 4096
    memory = filled.current.memory
    for at in range(data, data + 4096, 64):
        if memory[at + 88] == 2:
            memory[at + 88] = 4
    events = gateway_class(filled.run_dir).events(from_now=False, timeout=0)
    with pytest.raises(SegmentUnusable, match="damaged ring record"):
        list(events)
