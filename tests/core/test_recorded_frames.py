"""Single frames that others recorded or documented, of the kinds we read."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gateway.layout import Kind, Market
from tests.core.against import assert_same, core_fields
from tests.model.decimals import exponent_of
from tests.model.decode import EVENTS
from tests.model.faults import Refused
from tests.strategies import Payload

KIND_OF = {event: kind for kind, event in EVENTS.items() if kind != Kind.PARTIAL}


def frames(folder: Path) -> Iterator[tuple[str, Any]]:
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text().splitlines():
            raw = json.loads(line)["raw"]
            try:
                yield raw, json.loads(raw)
            except ValueError:
                continue


def data_of(raw: str, frame: Any) -> tuple[str, Any]:
    if isinstance(frame, dict) and "stream" in frame and isinstance(frame.get("data"), dict):
        begin = raw.index("{", raw.index('"data"'))
        return raw[begin : raw.rindex("}")].strip(), frame["data"]
    return raw, frame


def kind_of(data: Any) -> Kind | None:
    if not isinstance(data, dict):
        return None
    if {"u", "b", "B", "a", "A"} <= data.keys():
        return Kind.QUOTE
    if {"lastUpdateId", "bids", "asks"} <= data.keys() and "E" not in data:
        return Kind.PARTIAL
    return KIND_OF.get(str(data.get("e")))


def market_of(data: dict[str, Any], kind: Kind) -> Market:
    if "_" in str(data.get("s")):
        return Market.COINM
    futures = {
        Kind.QUOTE: "T" in data, Kind.DIFF: "pu" in data, Kind.TICKER: "x" not in data,
        Kind.AGG_TRADE: "M" not in data, Kind.TRADE: "X" in data,
    }  # fmt: skip
    return Market.USDM if futures.get(kind, False) else Market.SPOT


def finest(value: Any) -> int:
    if isinstance(value, list):
        return min([finest(item) for item in value], default=0)
    return exponent_of(value) if isinstance(value, str) else 0


def test_every_recorded_frame_of_our_kinds_is_judged_as_by_the_oracle(shared_data: Path) -> None:
    read: Counter[str] = Counter()
    for raw, frame in frames(shared_data / "frames"):
        text, data = data_of(raw, frame)
        kind = kind_of(data)
        if kind is None:
            continue
        exponent = min(finest(value) for key, value in data.items() if key not in "esX")
        payload = Payload(
            kind, market_of(data, kind), str(data.get("s", "BTCUSDT")),
            max(exponent, -12), max(exponent, -12), text.encode(),
        )  # fmt: skip
        assert_same(payload)
        try:
            payload.oracle()
        except Refused:
            read["refused"] += 1
        else:
            core_fields(payload)
            read[kind.name] += 1
    assert read["DIFF"] >= 8, read
    assert read["QUOTE"] >= 4, read
    assert min(read[kind.name] for kind in (Kind.TRADE, Kind.AGG_TRADE, Kind.TICKER)) >= 3, read
    assert read["refused"] == 4, read  # official mocks with a key or a quantity missing
