"""Single frames that others recorded or documented: every market-data event in them is read."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gateway.core import probe
from gateway.layout import Kind, Market
from tests.core.against import assert_same
from tests.core.samples import literal_events
from tests.model.decimals import exponent_of
from tests.model.faults import Refused
from tests.model.payload_keys import EVENTS
from tests.strategies import Payload

KIND_OF = {event: kind for kind, names in EVENTS.items() for event in names} | {
    "depthUpdate": Kind.DIFF
}
# All that must be refused, by file, line and kind: the connectors' mocks leave out what a generator
# of theirs could not make up, and one test writes two symbols into one candle.
MOCKS = "official_connector_mocks_spot_usdm"
REFUSED = {
    ("gocryptotrader_frames", 3, Kind.KLINE): "MISMATCH",  # s ETHBTC, k.s BTCUSDT
    (MOCKS, 118, Kind.DIFF): "SYNTAX TYPE",  # levels without a quantity
    (MOCKS, 217, Kind.AGG_TRADE): "MISSING",  # p, q
    (MOCKS, 218, Kind.WINDOW_TICKER): "MISSING",  # c, o, h, l, v, q
    (MOCKS, 219, Kind.MINI_TICKER): "MISSING",  # c, o, h, l, v, q
    (MOCKS, 220, Kind.AVERAGE_PRICE): "MISSING",  # w
    (MOCKS, 224, Kind.KLINE): "MISSING",  # prices and volumes
    (MOCKS, 225, Kind.MINI_TICKER): "MISSING",
    (MOCKS, 228, Kind.WINDOW_TICKER): "MISSING",
    (MOCKS, 229, Kind.TICKER): "MISSING",
    (MOCKS, 230, Kind.TRADE): "MISSING",  # p, q
}


def events(folder: Path) -> Iterator[tuple[str, int, str, dict[str, Any]]]:
    """File, line, literal text and members of every JSON object that a stream may have sent."""
    for path in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(path.read_text().splitlines()):
            raw = json.loads(line)["raw"]
            try:
                frame = json.loads(raw)
            except ValueError:
                continue  # a control frame's plain text
            for text in literal_events(data_of(raw, frame)):
                told = json.loads(text)
                if isinstance(told, dict):
                    yield path.stem, number, text, told


def data_of(raw: str, frame: Any) -> str:
    """The payload, out of its envelope where it has one."""
    if not isinstance(frame, dict) or not {"stream", "data"} <= frame.keys():
        return raw.strip()
    rest = raw[raw.index('"data"') + len('"data"') :].lstrip().removeprefix(":").lstrip()
    return rest[: json.JSONDecoder().raw_decode(rest)[1]]


def kind_of(data: dict[str, Any]) -> Kind | None:
    if {"u", "b", "B", "a", "A"} <= data.keys():
        return Kind.QUOTE
    if {"lastUpdateId", "bids", "asks"} <= data.keys() and "E" not in data:
        return Kind.PARTIAL
    return KIND_OF.get(str(data.get("e")))


def symbol_of(data: dict[str, Any], kind: Kind) -> str:
    told = {
        Kind.CONTINUOUS_KLINE: f"{data.get('ps')}_{data.get('ct')}",
        Kind.INDEX_KLINE: data.get("ps"),
        Kind.INDEX_PRICE: data.get("i"),
    }.get(kind) or data.get("s")
    if told is None:
        inner = data.get("k") or data.get("o") or {}
        told = inner.get("s", "BTCUSDT")
    return str(told)


def finest(value: Any) -> int:
    """The exponent that holds every decimal in it."""
    if isinstance(value, dict | list):
        items = value.values() if isinstance(value, dict) else value
        return min([finest(item) for item in items], default=0)
    is_number = isinstance(value, str) and value.replace(".", "", 1).isdigit()
    return max(exponent_of(value), -12) if is_number else 0


def test_every_recorded_event_of_our_kinds_is_read_or_known_to_be_unreadable(
    shared_data: Path,
) -> None:
    read: Counter[Kind] = Counter()
    refused: dict[tuple[str, int, Kind], str] = {}
    for file, line, text, data in events(shared_data / "frames"):
        kind = kind_of(data)
        if kind is None:
            continue
        market = Market.USDM if "pu" in data else Market.SPOT
        places = finest(data)
        payload = Payload(kind, market, symbol_of(data, kind), places, places, text.encode())
        assert_same(payload)
        try:
            payload.oracle()
        except Refused as fault:
            refused[file, line, kind] = str(fault)
        else:
            read[kind] += 1
    assert refused == REFUSED
    assert set(read) == set(EVENTS) - {Kind.WINDOW_TICKER, Kind.AVERAGE_PRICE}, read
    assert read[Kind.DIFF] >= 14, read
    assert read[Kind.MARK_PRICE] >= 200, read


def test_every_recorded_row_of_an_array_tells_its_symbol(shared_data: Path) -> None:
    rows = 0
    for _, _, text, data in events(shared_data / "frames"):
        kind = kind_of(data)
        if kind in (Kind.MARK_PRICE, Kind.TICKER, Kind.MINI_TICKER, Kind.LIQUIDATION):
            row = text.encode()
            expected = (symbol_of(data, kind).encode(), data.get("st", 0), len(row))
            assert probe.scan_row(row + b",") == expected
            rows += 1
    assert rows >= 400
