"""The golden segment says what the generated layout says, though neither knows of the other."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from gateway import layout
from gateway.layout_numpy import dtype
from tests.golden import VECTORS, expected, segment

DATA = bytes(segment(alive=False))
WANT = expected()
BY_KIND = {
    layout.Kind.QUOTE: layout.QUOTE,
    layout.Kind.TRADE: layout.TRADE,
    layout.Kind.DIFF: layout.DIFF,
    layout.Kind.STATE: layout.STATE,
}


def read(struct: layout.Struct, offset: int) -> Any:
    return np.frombuffer(DATA, dtype(struct), count=1, offset=offset)[0]


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


def test_header_and_sections() -> None:
    assert DATA[:8] == layout.MAGIC
    assert len(DATA) == WANT["header"]["file_size"]
    assert_fields(read(layout.HEADER, 0), WANT["header"])
    for row, want in enumerate(WANT["sections"].values()):
        assert_fields(read(layout.SECTION, 0x1000 + row * layout.SECTION.size), want)
    assert [kind.name.lower() for kind in layout.SectionKind] == list(WANT["sections"])


def test_fields_describe_the_quote() -> None:
    at = WANT["sections"]["fields"]["offset"]
    offsets = layout.QUOTE.offsets()
    for row, (field, want) in enumerate(zip(layout.QUOTE.fields, WANT["fields"], strict=True)):
        found = read(layout.FIELD_ROW, at + row * layout.FIELD_ROW.size)
        assert_fields(found, want)
        assert (want["name"], want["offset"]) == (field.name, offsets[field.name])
        assert (want["type"], want["unit"]) == (field.type, field.unit)


@pytest.mark.parametrize(
    ("name", "struct"),
    [("symbols", layout.SYMBOL), ("connections", layout.CONNECTION), ("streams", layout.STREAM)],
)
def test_directory(name: str, struct: layout.Struct) -> None:
    section = WANT["sections"][name]
    for row, want in enumerate(WANT[name]):
        assert_fields(read(struct, section["offset"] + row * section["stride"]), want)


def test_counters_and_histograms() -> None:
    sections = WANT["sections"]
    assert_fields(read(layout.COUNTERS, sections["counters"]["offset"]), WANT["counters"])
    at = sections["histograms"]["offset"] + sections["histograms"]["stride"]
    found = read(layout.HISTOGRAM, at)
    assert_fields(found, {key: WANT["histogram"][key] for key in ("name", "count", "sum", "max")})
    filled = np.flatnonzero(found["buckets"])
    assert {str(at): int(found["buckets"][at]) for at in filled} == WANT["histogram"]["buckets"]


@pytest.mark.parametrize("name", ["quote", "ticker", "last_trade", "book", "partial"])
def test_slot(name: str) -> None:
    section = WANT["sections"][name]
    structs = {"quote": layout.QUOTE, "ticker": layout.TICKER, "last_trade": layout.TRADE}
    struct = structs.get(name) or layout.ladder(name, "", section["param"])
    assert struct.size == section["cell_size"]
    for row in range(WANT["header"]["symbol_count"]):
        at = section["offset"] + row * section["stride"]
        version = read(layout.SLOT, at)["version"].item()
        want = WANT["slots"][name].get(str(row))
        if want is None:
            assert version == 0
            continue
        found = read(struct, at + section["cell_offset"] + (version & 1) * section["cell_size"])
        assert found["version"] == version
        assert_fields(found, want)
        for side in {"bids", "asks"} & want.keys():
            assert found[side][: len(want[side])].tolist() == want[side]


@pytest.mark.parametrize("name", ["events", "raw"])
def test_ring(name: str) -> None:
    section, want = WANT["sections"][name], WANT[name]
    assert_fields(read(layout.RING, section["offset"]), want)
    data = section["offset"] + section["cell_offset"]
    position, numbers = want["start"], []
    records = iter(want["records"])
    while position < want["tail"]:
        at = data + (position & (want["capacity"] - 1))
        meta = read(layout.META, at)
        length, kind = meta["length"].item(), meta["kind"].item()
        assert length % 64 == 0
        if kind != layout.Kind.PAD:
            assert meta["ring_position"] == position
            numbers.append(meta["version"].item())
            assert_record(kind, at, next(records))
        position += length
    assert position == want["tail"]
    assert next(records, None) is None
    assert numbers == list(range(numbers[0], want["record_count"] + 1))


def assert_record(kind: int, at: int, want: dict[str, Any]) -> None:
    if kind == layout.Kind.RAW:
        assert_fields(read(layout.RAW, at), want)
        frame = DATA[at + 128 : at + 128 + want["payload_length"]]
        start, length = want["data_offset"], want["data_length"]
        assert frame.decode() == want["frame"]
        assert json.loads(frame)["data"] == json.loads(frame[start : start + length])
        return
    struct = BY_KIND[layout.Kind(kind)]
    assert_fields(read(struct, at), want)
    if kind == layout.Kind.DIFF:
        levels = want["bids"] + want["asks"]
        rows = np.frombuffer(DATA, "<i8", offset=at + layout.DIFF.size, count=2 * len(levels))
        assert (want["bid_count"], want["ask_count"]) == (len(want["bids"]), len(want["asks"]))
        assert rows.reshape(-1, 2).tolist() == levels
