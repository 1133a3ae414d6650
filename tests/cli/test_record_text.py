"""Every kind of record as one JSON object: exact numbers as text, what is missing as null."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.cli.record_text import record_text
from gateway_client import EventKind, Gateway
from tests import golden
from tests.clients.test_golden_segment import Golden


@pytest.fixture
def told(run_dir: Path) -> dict[str, Any]:
    """The golden records by kind."""
    made = Golden(run_dir, golden.MINOR_3)
    events = list(Gateway(made.run_dir).events(position=0, timeout=0))
    texts = {event.kind.name: record_text(event) for event in events}
    assert all("\n" not in text for text in texts.values())
    return {kind: json.loads(text) for kind, text in texts.items()}


def test_every_kind_says_more_than_its_head(told: dict[str, Any]) -> None:
    kinds = {kind.name for kind in EventKind} - {"BOOK", "RAW", "UNKNOWN", "EPOCH"}
    assert set(told) == kinds
    for kind, found in told.items():
        assert found["kind"] == kind
        assert len(found) > 5, kind


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("AGG_TRADE", {"symbol": "usdm:BTCUSDT", "px": "91230.1", "normal_qty": "0.008"}),
        ("TRADE", {"normal_qty": None, "is_buyer_maker": False}),
        ("KLINE", {"interval": "1m", "close_px": "91234.56", "volume": 12.345, "is_closed": False}),
        ("CONTINUOUS_KLINE", {"symbol": "usdm:BTCUSDT_PERPETUAL", "is_closed": True}),
        ("INDEX_KLINE", {"symbol": "coinm:BTCUSD", "open_px": "91242.21900000"}),
        ("MARK_PRICE", {"mark_px": "91231.55000000", "funding_rate": "0.00010000"}),
        ("INDEX_PRICE", {"index_px": "91236.57860000", "mark_px": None, "next_funding_time": None}),
        ("MINI_TICKER", {"last_px": "91230.1", "change_px": None, "trade_count": None}),
        ("AVERAGE_PRICE", {"px": "91222.33000000", "interval": "5m"}),
        ("REFERENCE_PRICE", {"px": None}),
        ("LIQUIDATION", {"side": "SELL", "average_px": "91120.10000000", "order_type": "LIMIT"}),
        ("CONTRACT_INFO", {"contract_status": "TRADING", "delivery_time": None}),
        ("ASSET_INDEX", {"index_px": "0.27462452", "auto_ask_rate": "0.28835575"}),
        ("TRADING_SESSION", {"symbol": "", "underlying": "Equity", "session": "OVERNIGHT"}),
        ("DIFF", {"symbol": "usdm:BTCUSDT.RPI", "asks": [["91230.1", "4.966"]]}),
        ("STATE", {"status": "STALE", "reason": "SILENT"}),
        ("GAP", {"gap_state": "OPEN"}),
        ("GAP_CLOSED", {"gap_state": "FILLED"}),
    ],
)  # fmt: skip
def test_fields_of_a_kind(told: dict[str, Any], kind: str, said: dict[str, Any]) -> None:
    assert {name: told[kind][name] for name in said} == said
