"""The golden segments say what the generated layout says, though neither knows of the other."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from struct import unpack_from
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from gateway import layout
from gateway.layout import Kind
from gateway.layout_numpy import dtype
from tests.golden import MINOR_0, MINOR_1, MINOR_2, MINOR_3, SEGMENTS, VECTORS, expected, segment

STRUCTS = {
    layout.QUOTE: {Kind.QUOTE},
    layout.TRADE: {Kind.TRADE, Kind.AGG_TRADE, Kind.BLOCK_TRADE},
    layout.TICKER: {Kind.TICKER, Kind.MINI_TICKER, Kind.WINDOW_TICKER},
    layout.KLINE: {Kind.KLINE, Kind.CONTINUOUS_KLINE, Kind.INDEX_KLINE, Kind.MARK_KLINE},
    layout.MARK: {Kind.MARK_PRICE, Kind.INDEX_PRICE},
    layout.PRICE: {Kind.AVERAGE_PRICE, Kind.REFERENCE_PRICE, Kind.COMPOSITE_INDEX},
    layout.LIQUIDATION: {Kind.LIQUIDATION},
    layout.CONTRACT: {Kind.CONTRACT_INFO},
    layout.ASSET: {Kind.ASSET_INDEX},
    layout.SESSION: {Kind.TRADING_SESSION},
    layout.DIFF: {Kind.DIFF, Kind.SNAPSHOT, Kind.PARTIAL},
    layout.STATE: {Kind.STATE, Kind.GAP, Kind.GAP_CLOSED, Kind.UNREADABLE},
}
BY_KIND = {kind: each for each, kinds in STRUCTS.items() for kind in kinds}
SLOTS = {
    "quote": layout.QUOTE, "ticker": layout.TICKER, "last_trade": layout.TRADE,
    "mark_price": layout.MARK,
}  # fmt: skip
# What older minor versions did not have yet, and what was shorter: bytes of a row or cell.
NEWER_SECTIONS = {MINOR_0: {"mark_price", "values", "gaps"}, MINOR_1: {"gaps"}}
SHORTER = {
    MINOR_0: {"streams": 128, "last_trade": 128, "book": 288, "partial": 288},
    MINOR_1: {"book": 288, "partial": 288},
}


class Golden:
    """One golden segment, read by offsets of the generated layout."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.data = bytes(segment(name, alive=False))
        self.want = expected(name)

    def read(self, struct: layout.Struct, offset: int) -> Any:
        room = struct.size
        found = self.data[offset : offset + room].ljust(room, b"\0")
        return np.frombuffer(found, dtype(struct), count=1)[0]


@pytest.fixture(scope="module", params=SEGMENTS)
def golden(request: pytest.FixtureRequest) -> Golden:
    return Golden(request.param)


def assert_fields(found: Any, want: dict[str, Any]) -> None:
    numbers = {name for name, value in want.items() if not isinstance(value, list)}
    names = numbers.intersection(found.dtype.names)
    assert names, "nothing to compare"
    for name in names:
        value = found[name].item()
        assert (value.decode() if isinstance(value, bytes) else value) == want[name], name


def test_files_are_what_the_script_makes() -> None:
    script = [sys.executable, str(VECTORS / "build_golden.py"), "--check"]
    subprocess.run(script, check=True)


def test_header_and_sections(golden: Golden) -> None:
    want = golden.want
    assert golden.data[:8] == layout.MAGIC
    assert len(golden.data) == want["header"]["file_size"]
    assert_fields(golden.read(layout.HEADER, 0), want["header"])
    for row, section in enumerate(want["sections"].values()):
        assert_fields(golden.read(layout.SECTION, 0x1000 + row * layout.SECTION.size), section)
    newer = NEWER_SECTIONS.get(golden.name, set())
    known = [kind.name.lower() for kind in layout.SectionKind if kind.name.lower() not in newer]
    assert known == list(want["sections"])


@pytest.mark.parametrize(
    ("name", "struct"), [(MINOR_0, layout.QUOTE), (MINOR_1, layout.MARK), (MINOR_3, layout.MARK)]
)
def test_fields_describe_a_cell(name: str, struct: layout.Struct) -> None:
    golden = Golden(name)
    at = golden.want["sections"]["fields"]["offset"]
    offsets = struct.offsets()
    for row, (field, want) in enumerate(zip(struct.fields, golden.want["fields"], strict=True)):
        found = golden.read(layout.FIELD_ROW, at + row * layout.FIELD_ROW.size)
        assert_fields(found, want)
        assert (want["name"], want["offset"]) == (field.name, offsets[field.name])
        assert (want["type"], want["unit"]) == (field.type, field.unit)


@pytest.mark.parametrize(
    ("name", "struct"),
    [("symbols", layout.SYMBOL), ("connections", layout.CONNECTION), ("streams", layout.STREAM)],
)
def test_directory(golden: Golden, name: str, struct: layout.Struct) -> None:
    section = golden.want["sections"][name]
    assert section["stride"] == size_of(golden, name, struct)
    for row, want in enumerate(golden.want[name]):
        assert_fields(golden.read(struct, section["offset"] + row * section["stride"]), want)


def size_of(golden: Golden, section: str, struct: layout.Struct) -> int:
    """Bytes of a row or cell in this minor version."""
    return SHORTER.get(golden.name, {}).get(section, struct.size)


def test_counters_and_histograms(golden: Golden) -> None:
    sections = golden.want["sections"]
    counters = golden.read(layout.COUNTERS, sections["counters"]["offset"])
    assert_fields(counters, golden.want["counters"])
    section = sections["histograms"]
    rows = golden.want.get("histograms", [None, golden.want["histogram"]])
    assert len(rows) == section["capacity"]
    for row, want in enumerate(rows):
        if want is not None:
            assert_histogram(golden, section["offset"] + row * section["stride"], want)


def assert_histogram(golden: Golden, at: int, want: dict[str, Any]) -> None:
    found = golden.read(layout.HISTOGRAM, at)
    assert_fields(found, {key: value for key, value in want.items() if key != "buckets"})
    filled = np.flatnonzero(found["buckets"])
    assert {str(at): int(found["buckets"][at]) for at in filled} == want["buckets"]


def test_newest_golden_segment_has_every_stage_and_says_which_are_sampled() -> None:
    rows = Golden(MINOR_3).want["histograms"]
    assert tuple(row["name"] for row in rows) == layout.HISTOGRAM_NAMES
    sampled = {row["name"] for row in rows if row["one_in"] != 1}
    assert sampled == set(layout.SAMPLED_HISTOGRAMS)
    assert {row["one_in"] for row in rows} == {1, layout.SAMPLED_ONE_IN}


def test_every_counter_of_this_minor_version_is_in_a_golden_segment() -> None:
    newer = {field.name for field in layout.COUNTERS.fields[28:]}
    assert newer <= Golden(MINOR_3).want["counters"].keys()


@pytest.mark.parametrize("name", [*SLOTS, "book", "partial"])
def test_slot(golden: Golden, name: str) -> None:
    if name not in golden.want["sections"]:
        assert golden.name == MINOR_0
        return
    struct = SLOTS.get(name) or layout.ladder(name, "", golden.want["sections"][name]["param"])
    assert golden.want["sections"][name]["cell_size"] == size_of(golden, name, struct)
    for row in range(golden.want["header"]["symbol_count"]):
        assert_slot(golden, name, row, struct)


def test_values(golden: Golden) -> None:
    """Each by the struct of its own kind, at the row that its stream names."""
    found = {}
    for stream in golden.want["streams"] if golden.name != MINOR_0 else []:
        if stream["value"] != layout.NO_ROW:
            struct = BY_KIND[Kind(stream["kind"])]
            found[stream["kind"]] = assert_slot(golden, "values", stream["value"], struct)
    assert golden.name == MINOR_0 or sorted(found) == [13, *range(15, 20), *range(22, 28)]


def assert_slot(golden: Golden, name: str, row: int, struct: layout.Struct) -> bool:
    section = golden.want["sections"][name]
    at = section["offset"] + row * section["stride"]
    version = golden.read(layout.SLOT, at)["version"].item()
    want = golden.want["slots"][name].get(str(row))
    if want is None:
        assert version == 0
        return False
    cell = at + section["cell_offset"] + (version & 1) * section["cell_size"]
    found = golden.read(struct, cell)
    assert found["version"] == version
    assert_fields(found, want)
    for side in {"bids", "asks"} & want.keys():
        assert found[side][: len(want[side])].tolist() == want[side]
    return True


@pytest.mark.parametrize("name", ["events", "raw"])
def test_ring(golden: Golden, name: str) -> None:
    section, want = golden.want["sections"][name], golden.want[name]
    assert_fields(golden.read(layout.RING, section["offset"]), want)
    data = section["offset"] + section["cell_offset"]
    position, numbers = want["start"], []
    records = iter(want["records"])
    while position < want["tail"]:
        at = data + (position & (want["capacity"] - 1))
        meta = golden.read(layout.META, at)
        length, kind = meta["length"].item(), meta["kind"].item()
        assert length % 64 == 0
        if kind != layout.Kind.PAD:
            assert meta["ring_position"] == position
            numbers.append(meta["version"].item())
            assert_record(golden, kind, at, next(records))
        position += length
    assert position == want["tail"]
    assert next(records, None) is None
    assert numbers == list(range(numbers[0], want["record_count"] + 1))


def test_gaps() -> None:
    golden = Golden(MINOR_3)
    assert not assert_slot(golden, "gaps", 0, layout.GAP)
    numbers = []
    for slot in (1, 2, 3):
        assert assert_slot(golden, "gaps", slot, layout.GAP)
        numbers.append(golden.want["slots"]["gaps"][str(slot)]["gap_number"])
        assert numbers[-1] % golden.want["sections"]["gaps"]["capacity"] == slot
    assert numbers == [5, 2, 3]


@pytest.mark.parametrize("name", [MINOR_1, MINOR_2, MINOR_3])
def test_reader_of_minor_version_0_reads_what_it_knows_of_a_newer_segment(name: str) -> None:
    """It takes strides and cell sizes from the section table, and skips sections it never saw."""
    golden, old = Golden(name), minor_0_tables()
    assert old.STREAM[-1][2] == "gap_count"
    sections = golden.want["sections"]
    for row, want in enumerate(golden.want["streams"]):
        at = sections["streams"]["offset"] + row * sections["streams"]["stride"]
        assert_placed(golden, at, old, old.STREAM, want)
    section = sections["last_trade"]
    for row, want in golden.want["slots"]["last_trade"].items():
        slot = section["offset"] + int(row) * section["stride"] + section["cell_offset"]
        cell = slot + (want["version"] & 1) * section["cell_size"]
        assert_placed(golden, cell, old, old.META + old.TRADE, want)


def minor_0_tables() -> ModuleType:
    spec = importlib.util.spec_from_file_location("golden_bytes", VECTORS / "golden_bytes.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def assert_placed(
    golden: Golden, at: int, old: ModuleType, table: Any, want: dict[str, Any]
) -> None:
    for offset, kind, name in table:
        (value,) = unpack_from("<" + old.CODES[kind], golden.data, at + offset)
        assert value == want[name], name


def test_there_is_a_record_of_every_kind() -> None:
    kinds = {record["kind"] for record in Golden(MINOR_3).want["events"]["records"]}
    assert kinds == {int(kind) for kind in BY_KIND}


def assert_record(golden: Golden, kind: int, at: int, want: dict[str, Any]) -> None:
    data = golden.data
    if kind == layout.Kind.RAW:
        assert_fields(golden.read(layout.RAW, at), want)
        frame = data[at + 128 : at + 128 + want["payload_length"]]
        start, length = want["data_offset"], want["data_length"]
        assert frame.decode() == want["frame"]
        assert json.loads(frame)["data"] == json.loads(frame[start : start + length])
        return
    struct = BY_KIND[layout.Kind(kind)]
    assert_fields(golden.read(struct, at), want)
    if struct is layout.DIFF:
        levels = want["bids"] + want["asks"]
        rows = np.frombuffer(data, "<i8", offset=at + layout.DIFF.size, count=2 * len(levels))
        assert (want["bid_count"], want["ask_count"]) == (len(want["bids"]), len(want["asks"]))
        assert rows.reshape(-1, 2).tolist() == levels
