"""Both readers find in the golden segment what is written beside it, through the public calls."""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from gateway_client import Status
from gateway_client.errors import SegmentUnusable
from gateway_client.gateway import Gateway
from gateway_client.layout import NULL, SectionKind
from gateway_client.records import KINDS
from gateway_client.tables import decode, decode_rows
from tests import golden

WANT = golden.expected()
EVENTS = WANT["events"]
IDS = [f"{row['market_name']}:{row['symbol']}" for row in WANT["symbols"]]
STRUCTS = {1: "quote", 2: "trade", 5: "diff", 9: "state"}


@pytest.fixture
def golden_dir(run_dir: Path) -> Path:
    """A run directory with the golden segment in it, its heartbeat young for ten minutes."""
    data = golden.segment()
    struct.pack_into("<I", data, 0xA4, 600_000)  # heartbeat_timeout_ms: the test need not hurry
    (run_dir / "shard-0.seg").write_bytes(data)
    shard = {
        "id": 0, "pid": 1, "generation": WANT["header"]["generation"], "segment": "shard-0.seg",
        "publisher": "ipc:///nowhere/shard-0.pub", "symbols": IDS, "streams": [],
    }  # fmt: skip
    manifest = {"version": 1, "instance": "1", "pid": 1, "started_ns": 0, "upstream": ""}
    (run_dir / "manifest.json").write_text(json.dumps(manifest | {"shards": [shard]}))
    return run_dir


@pytest.fixture
def segment(golden_dir: Path, backend: ModuleType) -> Any:
    return backend.Segment(str(golden_dir / "shard-0.seg"))


def assert_same(found: dict[str, Any], want: dict[str, Any], skip: tuple[str, ...] = ()) -> None:
    names = set(found) & set(want) - set(skip)
    assert names
    for name in names:
        assert found[name] == want[name], name


def test_header(segment: Any) -> None:
    patched = ("heartbeat_mono", "heartbeat_real", "heartbeat_timeout_ms")
    assert_same(decode("header", segment.header()), WANT["header"], patched)
    assert segment.generation == WANT["header"]["generation"]


@pytest.mark.parametrize(
    ("name", "layout", "kind"),
    [
        ("symbols", "symbol", SectionKind.SYMBOLS),
        ("connections", "connection", SectionKind.CONNECTIONS),
        ("streams", "stream", SectionKind.STREAMS),
    ],
)
def test_directories(segment: Any, name: str, layout: str, kind: SectionKind) -> None:
    rows = list(decode_rows(layout, segment.rows(kind)))
    assert len(rows) == len(WANT[name])
    for found, want in zip(rows, WANT[name], strict=True):
        assert_same(found, want)


def test_counters_and_histogram(segment: Any) -> None:
    counters = decode("counters", segment.rows(SectionKind.COUNTERS)[0])
    assert {name: value for name, value in counters.items() if value} == WANT["counters"]
    histograms = decode_rows("histogram", segment.rows(SectionKind.HISTOGRAMS))
    found = next(row for row in histograms if row["name"] == WANT["histogram"]["name"])
    buckets = {str(at): count for at, count in enumerate(found["buckets"]) if count}
    assert_same(found | {"buckets": buckets}, WANT["histogram"])


@pytest.mark.parametrize("name", list(WANT["slots"]))
def test_slots(segment: Any, name: str) -> None:
    layout = "trade" if name == "last_trade" else name
    kind = SectionKind[name.upper()]
    levels = WANT["sections"][name]["param"]
    for row in range(len(IDS)):
        want = WANT["slots"][name].get(str(row))
        status, cell = segment.read(kind, row)
        if want is None:
            assert status == Status.EMPTY
            continue
        assert status == want["status"]
        found = decode(layout, cell) if not levels else decode("book", cell.ljust(768, b"\0"))
        assert_same(found, want, ("bids", "asks"))


def test_books_have_the_levels_of_the_section_not_those_compiled_in(
    golden_dir: Path, gateway_class: type[Gateway]
) -> None:
    gateway = gateway_class(golden_dir)
    for name, call in (("book", gateway.book), ("partial", gateway.partial)):
        for row, want in WANT["slots"][name].items():
            found = call(IDS[int(row)])
            assert found.bids_mantissa == flat(want["bids"])
            assert found.asks_mantissa == flat(want["asks"])


def test_quotes(golden_dir: Path, gateway_class: type[Gateway]) -> None:
    gateway = gateway_class(golden_dir)
    assert gateway.symbols() == IDS
    for row, want in WANT["slots"]["quote"].items():
        quote, instrument = gateway.quote(IDS[int(row)]), gateway.instrument(IDS[int(row)])
        assert quote.state == want["status"]
        assert quote.source == {1: "bookTicker", 2: "book"}[want["source"]]
        for name in ("bid_px", "ask_px", "bid_qty", "ask_qty"):
            scale = instrument.px_scale if name.endswith("px") else instrument.qty_scale
            number = want[name] / scale if want[name] != NULL else math.nan
            assert getattr(quote, name) == pytest.approx(number, rel=0, abs=0, nan_ok=True)
        assert quote.update_id == want["update_id"]


def flat(levels: list[list[int]]) -> tuple[int, ...]:
    return tuple(number for level in levels for number in level)


@pytest.mark.parametrize(("name", "kind"), [("events", 12), ("raw", 13)])
def test_rings(segment: Any, name: str, kind: int) -> None:
    want = WANT[name]
    ring = segment.ring(kind)
    assert (ring.position, ring.number) == (want["tail"], want["record_count"])
    ring.start_at(want["start"])
    for expected in want["records"]:
        record = ring.next()
        assert_same(decode("meta", record), expected)
        layout = "raw" if kind == 13 else STRUCTS[expected["kind"]]
        assert_same(decode(layout, record), expected)
        assert len(record) == expected["length"]
        if "frame" in expected:
            payload = record[128 : 128 + expected["payload_length"]]
            assert payload.decode() == expected["frame"]
    assert ring.next() is None
    assert (ring.position, ring.lost, ring.laps) == (want["tail"], 0, 0)


def test_reader_that_starts_at_the_beginning_of_a_ring_gone_round_is_lapped(segment: Any) -> None:
    ring = segment.ring(SectionKind.EVENTS)
    ring.start_at(0)
    assert ring.next() is None
    assert (ring.laps, ring.lost, ring.position) == (1, EVENTS["record_count"], EVENTS["tail"])


def test_oldest_record_is_found_without_knowing_where_it_is(segment: Any) -> None:
    ring = segment.ring(SectionKind.EVENTS)
    ring.start_at_oldest()
    assert ring.position in [record["ring_position"] for record in EVENTS["records"]]


def test_events_as_objects(golden_dir: Path, gateway_class: type[Gateway]) -> None:
    events = gateway_class(golden_dir).events(position=EVENTS["start"], timeout=0)
    for event, want in zip(events, EVENTS["records"], strict=True):
        assert event.kind is KINDS[want["kind"]]
        assert (event.symbol, event.number) == (IDS[want["symbol"]], want["version"])
        assert event.stream == WANT["streams"][want["stream"]]["name"]
        assert event.update_id == want["update_id"]
        if "bids" in want:
            assert event.bids_mantissa == flat(want["bids"])  # type: ignore[attr-defined]
            assert event.asks_mantissa == flat(want["asks"])  # type: ignore[attr-defined]


def test_segment_of_another_boot_is_refused(run_dir: Path, backend: ModuleType) -> None:
    path = run_dir / "old.seg"
    path.write_bytes(golden.segment(alive=False))
    with pytest.raises(SegmentUnusable, match="earlier boot"):
        backend.Segment(str(path))
    assert not backend.Segment(str(path), any_boot=True).is_alive()
