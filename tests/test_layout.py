"""The layout is pinned: a size or offset that moves breaks every reader there is.

The numbers are written out on purpose. A change here is a change of the layout's version.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from gateway import layout
from gateway.layout import STRUCTS, Struct
from gateway.layout_export import BEGIN, END, ROOT, splice, stale
from gateway.layout_numpy import dtype

META = {"version": 0, "ts_event": 8, "ts_trade": 16, "ts_recv": 24, "mono_recv": 32, "mono_publish": 40, "update_id": 48, "sequence": 56, "ring_position": 64, "symbol": 72, "stream": 76, "length": 80, "connection": 84, "flags": 86, "kind": 88, "status": 89, "source": 90, "reason": 91, "reserved": 92}  # fmt: skip
PINS: dict[str, tuple[int, dict[str, int]]] = {
    "header": (4096, {"magic": 0, "endian_tag": 8, "abi_major": 12, "abi_minor": 14, "header_size": 16, "section_align": 20, "file_size": 24, "generation": 32, "section_count": 40, "section_desc_size": 44, "section_table_offset": 48, "schema_hash": 56, "writer_pid": 64, "writer_start_ticks": 72, "boot_id": 80, "created_real": 96, "created_mono": 104, "shard_id": 112, "shard_count": 116, "instance_id": 120, "state": 128, "symbol_count": 132, "heartbeat_mono": 136, "heartbeat_real": 144, "heartbeat_count": 152, "heartbeat_interval_ms": 160, "heartbeat_timeout_ms": 164, "successor_generation": 168, "directory_epoch": 176, "stream_count": 180, "connection_count": 184, "value_count": 188, "bell": 192}),
    "section": (128, {"kind": 0, "schema_id": 4, "offset": 8, "length": 16, "stride": 24, "capacity": 28, "cell_offset": 32, "cell_size": 36, "cell_count": 40, "first_field": 44, "field_count": 48, "param": 52, "ring_capacity": 56, "name": 64}),
    "field": (64, {"name": 0, "type": 32, "unit": 40, "offset": 56, "count": 58, "stride": 60, "reserved": 62}),
    "meta": (96, META),
    "quote": (128, {**META, "bid_px": 96, "bid_qty": 104, "ask_px": 112, "ask_qty": 120}),
    "trade": (192, {**META, "px": 96, "qty": 104, "first_trade_id": 112, "last_trade_id": 120, "normal_qty": 128}),
    "ticker": (256, {**META, "last_px": 96, "last_qty": 104, "bid_px": 112, "bid_qty": 120, "ask_px": 128, "ask_qty": 136, "open_px": 144, "high_px": 152, "low_px": 160, "prev_close_px": 168, "change_px": 176, "change_percent": 184, "average_px": 192, "volume": 200, "quote_volume": 208, "open_time": 216, "close_time": 224, "first_trade_id": 232, "last_trade_id": 240, "trade_count": 248}),
    "kline": (256, {**META, "open_px": 96, "high_px": 104, "low_px": 112, "close_px": 120, "volume": 128, "quote_volume": 136, "taker_volume": 144, "taker_quote_volume": 152, "open_time": 160, "close_time": 168, "first_trade_id": 176, "last_trade_id": 184, "trade_count": 192, "interval": 200, "px_exponent": 208, "reserved_kline": 212}),
    "mark": (192, {**META, "mark_px": 96, "mark_average_px": 104, "index_px": 112, "settle_px": 120, "funding_rate": 128, "next_funding_time": 136}),
    "price": (128, {**META, "px": 96, "component_count": 104, "reserved_price": 108, "interval": 112}),
    "liquidation": (192, {**META, "px": 96, "average_px": 104, "qty": 112, "last_filled_qty": 120, "filled_qty": 128, "side": 136, "reserved_liquidation": 140, "order_type": 144, "time_in_force": 160, "order_status": 168}),
    "contract": (256, {**META, "pair": 96, "contract_type": 128, "contract_status": 160, "delivery_time": 192, "onboard_time": 200, "has_brackets": 208, "reserved_contract": 212}),
    "asset": (192, {**META, "index_px": 96, "bid_buffer": 104, "ask_buffer": 112, "bid_rate": 120, "ask_rate": 128, "auto_bid_buffer": 136, "auto_ask_buffer": 144, "auto_bid_rate": 152, "auto_ask_rate": 160}),
    "session": (192, {**META, "start_time": 96, "end_time": 104, "underlying": 112, "session": 136}),
    "value": (256, {**META}),
    "book": (832, {**META, "first_update_id": 96, "snapshot_id": 104, "bid_count": 112, "ask_count": 114, "depth": 116, "reserved_levels": 118, "bid_total": 120, "ask_total": 124, "bids": 128, "asks": 448, "bid_complete_px": 768, "ask_complete_px": 776}),
    "partial": (832, {**META, "first_update_id": 96, "snapshot_id": 104, "bid_count": 112, "ask_count": 114, "depth": 116, "reserved_levels": 118, "bid_total": 120, "ask_total": 124, "bids": 128, "asks": 448, "bid_complete_px": 768, "ask_complete_px": 776}),
    "diff": (160, {**META, "first_update_id": 96, "prev_update_id": 104, "best_bid_px": 112, "best_bid_qty": 120, "best_ask_px": 128, "best_ask_qty": 136, "bid_count": 144, "ask_count": 148, "reserved_diff": 152}),
    "state": (192, {**META, "previous_status": 96, "subject": 100, "expected_id": 104, "received_id": 112, "error": 120, "reserved_state": 124, "gap_number": 128, "missing": 136, "recovered": 144, "gap_state": 152, "reserved_gap": 156, "ts_before": 160, "ts_after": 168}),
    "gap": (256, {**META, "gap_number": 96, "first_id": 104, "last_id": 112, "missing": 120, "recovered": 128, "opened_real": 136, "closed_real": 144, "ts_before": 152, "ts_after": 160, "gap_state": 168, "subject": 172}),
    "raw": (128, {**META, "payload_length": 96, "frame_length": 100, "data_offset": 104, "data_length": 108, "part": 112, "reserved_raw": 116, "reserved_raw2": 120}),
    "ring": (64, {"tail_intent": 0, "tail": 8, "capacity": 16, "record_count": 24}),
    "slot": (64, {"version": 0}),
    "symbol": (128, {"symbol": 0, "venue": 32, "market_name": 48, "px_exponent": 64, "qty_exponent": 65, "market": 66, "halted": 67, "state": 68, "tick": 72, "step": 80, "added_real": 88, "successor": 96, "reserved32": 100}),
    "connection": (128, {"name": 0, "market": 48, "reserved8": 49, "reserved16": 50, "state": 52, "session": 56, "reserved32": 60, "mono_recv": 64, "mono_connected": 72, "frame_count": 80, "byte_count": 88, "error_count": 96, "duplicate_count": 104, "lag_ns": 112, "peer": 120, "stream_total": 124}),
    "stream": (192, {"name": 0, "kind": 64, "market": 65, "status": 66, "levels": 67, "symbol": 68, "connection": 72, "state": 76, "sequence": 80, "mono_recv": 88, "byte_count": 96, "error_count": 104, "gap_count": 112, "parent": 120, "value": 124, "shape": 128, "reserved8": 129, "reserved16": 130, "expected_ms": 132, "limit_ns": 136, "mono_acked": 144, "duplicate_count": 152, "silent_count": 160, "last_id": 168, "last_ts": 176}),
    "counters": (512, {"frames_received": 0, "bytes_received": 8, "frames_data": 16, "frames_control": 24, "frames_unknown_stream": 32, "frames_unreadable": 40, "frames_binary": 48, "frames_not_utf8": 56, "fragments_joined": 64, "records_published": 72, "diffs_applied": 80, "diffs_behind": 88, "diffs_buffered": 96, "diffs_dropped": 104, "gaps": 112, "snapshots_applied": 120, "snapshots_refused": 128, "books_crossed": 136, "values_inexact": 144, "values_out_of_range": 152, "stalls": 160, "status_changes": 168, "zmq_sent": 176, "zmq_refused": 184, "batches": 192, "raw_parts": 200, "notices_dropped": 208, "ids_backwards": 216, "frames_duplicate": 224, "frames_early": 232, "frames_foreign": 240, "rows_split": 248, "rows_foreign": 256, "rows_unknown": 264, "rows_covered": 272, "rows_duplicate": 280, "rows_unreadable": 288, "streams_silent": 296, "streams_lagging": 304, "rotations": 312, "subscriptions_refused": 320, "events_backfilled": 328, "gaps_filled": 336, "gaps_partial": 344, "gaps_lost": 352, "gaps_healed": 360, "audits": 368, "audits_differing": 376, "books_deepened": 384, "books_thin": 392}),
    "histogram": (16448, {"name": 0, "count": 32, "sum": 40, "max": 48, "one_in": 56, "buckets": 64}),
}  # fmt: skip

VALUES = {
    "SegmentState": "INIT 0 LIVE 1 DRAINING 2 CLOSED 3 SUPERSEDED 4",
    "Status": "EMPTY 0 LIVE 1 SYNCING 2 GAPPED 3 STALE 4 DOWN 5 HALTED 6 RETIRED 7",
    "Reason": "NONE 0 SUBSCRIBED 1 FIRST_DATA 2 SNAPSHOT 3 GAP 4 DISCONNECTED 5 CONNECTED 6 STALLED 7 UNREADABLE 8 CROSSED 9 RESTARTED 10 INEXACT 11 OVERFLOW 12 RETIRED 13 SILENT 14 LAGGING 15 HALTED 16 AUDIT 17 THIN 18",
    "Market": "SPOT 1 USDM 2 COINM 3",
    "Kind": "QUOTE 1 TRADE 2 AGG_TRADE 3 TICKER 4 DIFF 5 PARTIAL 6 BOOK 7 SNAPSHOT 8 STATE 9 GAP 10 UNREADABLE 11 RAW 12 BLOCK_TRADE 13 MINI_TICKER 14 WINDOW_TICKER 15 KLINE 16 CONTINUOUS_KLINE 17 INDEX_KLINE 18 MARK_KLINE 19 MARK_PRICE 20 INDEX_PRICE 21 AVERAGE_PRICE 22 REFERENCE_PRICE 23 COMPOSITE_INDEX 24 LIQUIDATION 25 CONTRACT_INFO 26 ASSET_INDEX 27 TRADING_SESSION 28 GAP_CLOSED 29 PAD 255",
    "Flag": "BUYER_IS_MAKER 1 FIRST 2 LAST 4 BACKFILLED 8 SYNTHETIC 16 DUPLICATE 32 APPLIED 64 BUFFERED 128 FOREIGN 256 CLOSED 512 EARLY 1024 BIDS_WHOLE 2048 ASKS_WHOLE 4096",
    "Shape": "OBJECT 1 ARRAY 2 MERGED 3 ROW 4 SYNTHETIC 5",
    "OrderSide": "NONE 0 BUY 1 SELL 2",
    "Source": "NONE 0 BOOK_TICKER 1 BOOK 2",
    "GapState": "NONE 0 OPEN 1 FILLED 2 PARTIAL 3 LOST 4 HEALED 5",
    "SectionKind": "FIELDS 1 COUNTERS 2 HISTOGRAMS 3 SYMBOLS 4 CONNECTIONS 5 STREAMS 6 QUOTE 7 TICKER 8 LAST_TRADE 9 BOOK 10 PARTIAL 11 EVENTS 12 RAW 13 MARK_PRICE 14 VALUES 15 GAPS 16",
    "RowState": "FREE 0 ACTIVE 1 RETIRED 2 DOWN 3 IDLE 4",
}  # fmt: skip


def client_tables() -> ModuleType:
    """The generated module of the Python client, loaded alone: it needs nothing else."""
    path = ROOT / "clients/python/gateway_client/layout.py"
    spec = importlib.util.spec_from_file_location("client_layout", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_struct_and_enum_is_pinned() -> None:
    assert {struct.name for struct in STRUCTS} == PINS.keys()
    assert {kind.__name__ for kind in layout.ENUMS} == VALUES.keys()


@pytest.mark.parametrize("struct", STRUCTS, ids=lambda struct: struct.name)
def test_size_and_offsets_stay(struct: Struct) -> None:
    assert (struct.size, struct.offsets()) == PINS[struct.name]


@pytest.mark.parametrize("kind", layout.ENUMS, ids=lambda kind: kind.__name__)
def test_enum_values_stay(kind: Any) -> None:
    assert " ".join(f"{member.name} {int(member)}" for member in kind) == VALUES[kind.__name__]


def test_constants_stay() -> None:
    assert layout.MAGIC == b"BNGWSHM1"
    assert (layout.ABI_MAJOR, layout.ABI_MINOR) == (1, 3)
    assert (layout.PAGE, layout.RING_DATA_OFFSET, layout.VALUE_BYTES) == (4096, 4096, 256)
    assert layout.GAPS_CAPACITY == 1024
    assert (layout.ENDIAN_TAG, layout.NULL, layout.NO_ROW) == (0x01020304, -(2**63), 2**32 - 1)
    assert (layout.HISTOGRAM_BUCKETS, layout.FIXED_EXPONENT) == (2048, -8)


def test_every_value_fits_its_cell() -> None:
    value_structs = {
        layout.TRADE, layout.TICKER, layout.KLINE, layout.PRICE, layout.LIQUIDATION,
        layout.CONTRACT, layout.ASSET,
    }  # fmt: skip
    assert max(struct.size for struct in value_structs) <= layout.VALUE_BYTES == layout.VALUE.size


def test_ladder_moves_the_asks_with_its_levels() -> None:
    small = layout.ladder("book", "", 5)
    at = small.offsets()
    assert small.size == 320  # 128 + 32 * 5 + 16, rounded up to 64
    assert (at["bids"], at["asks"]) == (128, 128 + 16 * 5)
    assert (at["bid_complete_px"], at["ask_complete_px"]) == (288, 296)


def test_misaligned_field_is_refused() -> None:
    with pytest.raises(ValueError, match="misaligned"):
        Struct(
            "bad", 16, "", (layout.Field("a", "u8", "", ""), layout.Field("b", "u64", "", ""))
        ).offsets()


def test_struct_that_does_not_fit_its_size_is_refused() -> None:
    with pytest.raises(ValueError, match="needs 8 bytes"):
        Struct("bad", 4, "", (layout.Field("a", "u64", "", ""),)).offsets()


@pytest.mark.parametrize("struct", STRUCTS, ids=lambda struct: struct.name)
def test_numpy_dtype_agrees(struct: Struct) -> None:
    made = dtype(struct)
    size, offsets = PINS[struct.name]
    assert made.itemsize == size
    assert made.fields is not None
    assert {name: made.fields[name][1] for name in made.fields} == offsets


@pytest.mark.parametrize("struct", STRUCTS, ids=lambda struct: struct.name)
def test_python_client_tables_agree(struct: Struct) -> None:
    tables = client_tables()
    size, offsets = PINS[struct.name]
    assert tables.SIZES[struct.name] == size
    assert {name: row[0] for name, row in tables.FIELDS[struct.name].items()} == offsets
    assert np.dtype(tables.dtype_spec(struct.name)) == dtype(struct)


@pytest.mark.parametrize("levels", [5, 50])
def test_python_client_tables_follow_the_levels(levels: int) -> None:
    tables = client_tables()
    want = dtype(layout.ladder("book", "", levels))
    assert np.dtype(tables.dtype_spec("book", levels)) == want
    assert tables.size("book", levels) == want.itemsize


@pytest.fixture(scope="module")
def compiler() -> str:
    found = shutil.which("cc") or shutil.which("gcc")
    assert found, "no C compiler: the project cannot be built either"
    return found


def test_c_structs_agree(compiler: str, tmp_path: Path) -> None:
    """A program built with the header prints the same sizes and offsets."""
    lines, meta = [], set(PINS["meta"][1])
    for name, (_, offsets) in PINS.items():
        lines.append(f'printf("{name} size %zu\\n", sizeof(gw_{name}));')
        inner = meta <= offsets.keys() and name != "meta"
        for field in offsets:
            member = f"meta.{field}" if inner and field in meta else field
            lines.append(f'printf("{name} {field} %zu\\n", offsetof(gw_{name}, {member}));')
    source, program = tmp_path / "offsets.c", tmp_path / "offsets"
    body = "\n".join(lines)
    source.write_text(f'#include "layout.h"\n#include <stdio.h>\nint main(void) {{\n{body}\n}}\n')
    command = [compiler, "-std=c11", "-Wall", "-Wextra", "-Werror", f"-I{ROOT}/gateway/core"]
    subprocess.run([*command, str(source), "-o", str(program)], check=True)
    printed = subprocess.run([str(program)], check=True, capture_output=True, text=True).stdout
    want = [
        row
        for name, (size, offsets) in PINS.items()
        for row in (f"{name} size {size}", *(f"{name} {key} {at}" for key, at in offsets.items()))
    ]
    assert printed.splitlines() == want


def test_generated_files_are_up_to_date() -> None:
    assert [str(path.relative_to(ROOT)) for path in stale()] == []


def test_stale_file_is_noticed(tmp_path: Path) -> None:
    assert len(stale(tmp_path)) == 3


def test_block_between_markers_is_replaced_and_nothing_else() -> None:
    assert splice(f"a\n{BEGIN}old\n{END}b\n", "new\n") == f"a\n{BEGIN}new\n{END}b\n"
    with pytest.raises(ValueError, match="needs the lines"):
        splice(f"a\n{BEGIN}old\n", "new\n")
