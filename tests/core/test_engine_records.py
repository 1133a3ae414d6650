"""What the engine stores for each kind of frame: slot, ring record, raw ring, counters."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest

from gateway import layout
from gateway.core.engine import NO_ROW, Engine, FrameClass, SnapshotResult
from gateway.layout import Flag, Kind, Market, SectionKind, Shape, Status
from gateway.plan import PlanSymbol
from tests.core.against import TRADES, core_fields
from tests.core.rig import Rig, blank, mapped
from tests.core.samples import Frame, frames
from tests.model.ring import Segment, levels_of_slot, unpack
from tests.strategies import Payload

STRUCTS = {
    Kind.QUOTE: layout.QUOTE, Kind.TRADE: layout.TRADE, Kind.AGG_TRADE: layout.TRADE,
    Kind.BLOCK_TRADE: layout.TRADE, Kind.TICKER: layout.TICKER, Kind.MINI_TICKER: layout.TICKER,
    Kind.WINDOW_TICKER: layout.TICKER, Kind.KLINE: layout.KLINE,
    Kind.CONTINUOUS_KLINE: layout.KLINE, Kind.INDEX_KLINE: layout.KLINE,
    Kind.MARK_KLINE: layout.KLINE, Kind.MARK_PRICE: layout.MARK, Kind.INDEX_PRICE: layout.MARK,
    Kind.AVERAGE_PRICE: layout.PRICE, Kind.REFERENCE_PRICE: layout.PRICE,
    Kind.COMPOSITE_INDEX: layout.PRICE, Kind.LIQUIDATION: layout.LIQUIDATION,
    Kind.CONTRACT_INFO: layout.CONTRACT, Kind.ASSET_INDEX: layout.ASSET,
    Kind.TRADING_SESSION: layout.SESSION, Kind.DIFF: layout.DIFF, Kind.PARTIAL: layout.DIFF,
}  # fmt: skip
SLOTS = {
    Kind.QUOTE: SectionKind.QUOTE, Kind.TRADE: SectionKind.LAST_TRADE,
    Kind.AGG_TRADE: SectionKind.LAST_TRADE, Kind.TICKER: SectionKind.TICKER,
    Kind.MINI_TICKER: SectionKind.TICKER, Kind.MARK_PRICE: SectionKind.MARK_PRICE,
    Kind.INDEX_PRICE: SectionKind.MARK_PRICE, Kind.PARTIAL: SectionKind.PARTIAL,
}  # fmt: skip
DOCUMENTED = [
    pytest.param(frame, id=f"{frame.market.name.lower()}:{frame.stream}")
    for frame in frames("documented_*.jsonl")
    if frame.kind is not None
]


def shape_of(frame: Frame) -> Shape:
    """What the stream's frames hold, told by the frame itself."""
    if json.loads(frame.text)["data"].__class__ is list:
        return Shape.ARRAY
    return Shape.MERGED if frame.stream.startswith("!") else Shape.OBJECT


class Carrier:
    """An engine that carries the streams of some frames, with rows for every symbol in them."""

    def __init__(self, carried: Iterable[Frame]) -> None:
        self.memory = mapped(blank(1 << 16, 32))
        self.engine = Engine(self.memory)
        self.segment = Segment(self.memory)
        self.events = self.segment.ring(SectionKind.EVENTS, 0)
        self.raw = self.segment.ring(SectionKind.RAW, 0)
        self._symbols: dict[str, int] = {}
        self._streams: set[str] = set()
        for frame in carried:
            self._carry(frame)
        self.engine.link_up(0)

    def _carry(self, frame: Frame) -> None:
        market, kind = frame.market.name.lower(), frame.kind
        if frame.stream in self._streams or kind is None:
            return
        if not self._streams:
            self.engine.add_connection("test/0", frame.market)
        self._streams.add(frame.stream)
        name, shape = f"{market}:{frame.stream}", shape_of(frame)
        levels = 5 if kind is Kind.PARTIAL else 0
        rows = [self._row(payload) for payload in frame.payloads()]
        own = rows[0] if shape is Shape.OBJECT else NO_ROW
        stream = self.engine.add_stream(name, kind, own, 0, levels, shape=shape)
        for row, payload in zip(rows, frame.payloads(), strict=True):
            if shape is not Shape.OBJECT:
                self.engine.add_row(stream, row, f"{market}:{payload.symbol.lower()}@{kind.name}")

    def _row(self, payload: Payload) -> int:
        if not payload.symbol or payload.kind is Kind.TRADING_SESSION:
            return int(NO_ROW)
        if payload.symbol not in self._symbols:
            places = payload.px_exponent, payload.qty_exponent
            symbol = PlanSymbol(payload.market, payload.symbol, *places)
            self._symbols[payload.symbol] = self.engine.add_symbol(symbol)
        return self._symbols[payload.symbol]

    def slot(self, record: Any, kind: Kind) -> bytes | None:
        """The cell that a record's stream feeds."""
        if kind in SLOTS:
            return self.segment.slot(SLOTS[kind], record.meta.symbol)
        value = self.segment.streams()[record.meta.stream].value
        return None if value == NO_ROW else self.segment.slot(SectionKind.VALUES, value)

    def take(self, text: bytes) -> FrameClass:
        found = self.engine.frame(0, text)
        self.engine.batch_end()
        return found

    def close(self) -> None:
        self.engine.close()
        self.memory.close()


def is_foreign(frame: Frame, payload: Payload) -> bool:
    other = {Market.USDM: 2, Market.COINM: 1}.get(frame.market)
    data = json.loads(payload.data)
    inner = data if frame.kind is not Kind.LIQUIDATION else {**data["o"], **data}
    return shape_of(frame) is not Shape.OBJECT and other is not None and inner.get("st") == other


@pytest.mark.parametrize("frame", DOCUMENTED)
def test_a_frame_goes_to_its_slot_the_ring_and_the_raw_ring(frame: Frame) -> None:
    carrier = Carrier([frame])
    assert carrier.take(frame.text.encode()) is FrameClass.DATA
    own = [payload for payload in frame.payloads() if not is_foreign(frame, payload)]
    if frame.kind is Kind.DIFF:  # kept until a snapshot comes
        before = core_fields(own[0])["prev_update_id"]
        body = b'{"lastUpdateId":%d,"bids":[],"asks":[]}' % before
        assert carrier.engine.snapshot(0, body)[0] == SnapshotResult.LIVE
    records = [r for r in carrier.events.read() if r.meta.kind == frame.kind]
    assert [record.meta.sequence for record in records] == [1] * len(own)
    for record, payload in zip(records, own, strict=True):
        assert_fields(record, payload)
        if payload.kind not in (Kind.DIFF, Kind.TRADING_SESSION):
            assert_slot(carrier.slot(record, payload.kind), payload)
    (raw,) = carrier.raw.read()
    head = raw.fields(layout.RAW)
    assert raw.data[layout.RAW.size : layout.RAW.size + head.payload_length] == frame.text.encode()
    assert raw.meta.sequence == 1
    carrier.close()


def assert_slot(data: bytes | None, payload: Payload) -> None:
    assert data is not None
    expected = core_fields(payload)
    if payload.kind is Kind.PARTIAL:
        cell, bids, asks = levels_of_slot(data, layout.PARTIAL)
        assert (bids, asks) == (expected["bids"], expected["asks"])
        assert (cell.status, cell.update_id) == (Status.LIVE, expected["update_id"])
        return
    assert unpack(layout.META, data).status == Status.LIVE
    compare(unpack(STRUCTS[payload.kind], data), payload, expected)


def assert_fields(record: Any, payload: Payload) -> None:
    expected = core_fields(payload)
    compare(record.fields(STRUCTS[payload.kind]), payload, expected)
    if STRUCTS[payload.kind] is layout.DIFF:
        assert record.levels() == (expected["bids"], expected["asks"])
    if payload.kind in TRADES:
        assert bool(record.meta.flags & Flag.BUYER_IS_MAKER) == expected["buyer_is_maker"]


def compare(fields: Any, payload: Payload, expected: dict[str, Any]) -> None:
    names = STRUCTS[payload.kind].offsets().keys() & expected.keys() - {"flags", "prev_update_id"}
    for name in names:
        found = getattr(fields, name)
        if isinstance(found, bytes):
            found = found.rstrip(b"\0").decode()
        assert same(found, expected[name]), name


def same(one: Any, other: Any) -> bool:
    return bool(one == other or (one != one and other != other))


def test_every_frame_is_counted_once() -> None:
    quote = b'{"stream":"btcusdt@bookTicker","data":%s}'
    good = quote % b'{"u":5,"s":"BTCUSDT","b":"1.00","B":"1","a":"2","A":"1"}'
    with Rig() as rig:
        told = [
            (good, FrameClass.DATA),
            (b'{"data":{"u":6,"s":"BTCUSDT","b":"1","B":"1","a":"2","A":"1"}'
             b',"stream":"btcusdt@bookTicker"}', FrameClass.DATA),
            (quote % b'{"u":7,"s":"BTCUSDT","b":"1","B":"1","a":"2"}', FrameClass.REFUSED),
            (quote % b'{"u":7,"s":"BTC', FrameClass.REFUSED),
            (b'{"result":null,"id":1}', FrameClass.CONTROL),
            (b'{"stream":"nobody@trade","data":{"e":"trade"}}', FrameClass.REFUSED),
            (b'\xff\xfe{"stream"', FrameClass.REFUSED),
        ]  # fmt: skip
        for frame, found in told:
            assert rig.frame(frame) is found, frame
        counters = rig.counters()
        assert counters.frames_received == len(told)
        assert counters.bytes_received == sum(len(frame) for frame, _ in told)
        assert counters.frames_control == 1
        assert counters.frames_unknown_stream == 1
        assert counters.frames_not_utf8 == 1
        assert counters.frames_unreadable == 3  # what is not UTF-8 among them
        assert counters.frames_received == (
            counters.frames_data + counters.frames_control
            + counters.frames_unknown_stream + counters.frames_unreadable
        )  # fmt: skip
        assert rig.follower.kinds[Kind.UNREADABLE] == 2
        assert rig.follower.kinds[Kind.QUOTE] == 2
        stream = rig.segment.streams()[1]
        assert (stream.sequence, stream.error_count) == (4, 2)


def test_an_unreadable_quote_is_not_live_until_the_next_good_one() -> None:
    quote = (
        '{{"stream":"btcusdt@bookTicker",'
        '"data":{{"u":{},"s":"BTCUSDT","b":"1","B":"1","a":"2"{}}}}}'
    )
    with Rig() as rig:
        rig.frame(quote.format(1, ',"A":"1"').encode())
        assert rig.quote().status == Status.LIVE
        rig.frame(quote.format(2, "").encode())
        assert rig.quote().status != Status.LIVE
        rig.frame(quote.format(3, ',"A":"1"').encode())
        assert (rig.quote().status, rig.quote().update_id) == (Status.LIVE, 3)


@pytest.mark.parametrize("market", [Market.SPOT, Market.USDM, Market.COINM])
def test_recorded_frames_of_all_kinds_pass_through_every_ring(market: Market) -> None:
    recorded = list(frames(f"recorded_{market.name.lower()}.jsonl"))
    carrier = Carrier(recorded)
    kept = []
    for frame in recorded:
        assert carrier.take(frame.text.encode()) is FrameClass.DATA
        kept += [
            raw.data[layout.RAW.size : layout.RAW.size + raw.fields(layout.RAW).payload_length]
            for raw in carrier.raw.read()
        ]
    assert kept == [frame.text.encode() for frame in recorded]
    carrier.close()
