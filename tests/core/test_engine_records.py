"""What the engine stores for each kind of frame: slot, ring record, raw ring, counters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from gateway import layout
from gateway.core.engine import Engine, FrameClass, SnapshotResult
from gateway.layout import Flag, Kind, Market, SectionKind, Status
from gateway.plan import PlanSymbol
from tests.core.against import core_fields
from tests.core.rig import Rig, blank, mapped
from tests.core.test_decode import BY_KIND, PAYLOADS, payload_of
from tests.model.ring import Segment, levels_of_slot, unpack
from tests.strategies import Payload

SLOTS = {
    Kind.QUOTE: (SectionKind.QUOTE, layout.QUOTE),
    Kind.TRADE: (SectionKind.LAST_TRADE, layout.TRADE),
    Kind.AGG_TRADE: (SectionKind.LAST_TRADE, layout.TRADE),
    Kind.TICKER: (SectionKind.TICKER, layout.TICKER),
}
NAMES = {
    Kind.QUOTE: "bookTicker", Kind.TRADE: "trade", Kind.AGG_TRADE: "aggTrade",
    Kind.TICKER: "ticker", Kind.PARTIAL: "depth5@100ms", Kind.DIFF: "depth@100ms",
}  # fmt: skip
DOCUMENTED = [
    pytest.param(payload, id=f"{market.name}-{kind.name}".lower())
    for (market, kind), payload in BY_KIND.items()
]


def frame_of(payload: Payload) -> bytes:
    stream = f"{payload.symbol.lower()}@{NAMES[payload.kind]}"
    return b'{"stream":"%s","data":%s}' % (stream.encode(), payload.data)


class Carrier:
    """An engine that carries one symbol with the streams of some kinds."""

    def __init__(self, payload: Payload, kinds: Iterable[Kind]) -> None:
        self.memory = mapped(blank(1 << 16))
        self.engine = Engine(self.memory)
        self.segment = Segment(self.memory)
        self.events = self.segment.ring(SectionKind.EVENTS, 0)
        self.raw = self.segment.ring(SectionKind.RAW, 0)
        market = payload.market
        symbol = PlanSymbol(market, payload.symbol, payload.px_exponent, payload.qty_exponent)
        row = self.engine.add_symbol(symbol)
        connection = self.engine.add_connection("test/0", market)
        for kind in kinds:
            stream = f"{market.name.lower()}:{payload.symbol.lower()}@{NAMES[kind]}"
            self.engine.add_stream(stream, kind, row, connection, 5 if kind == Kind.PARTIAL else 0)
        self.engine.connection_up(connection)

    def take(self, frame: bytes) -> FrameClass:
        found = self.engine.frame(0, frame)
        self.engine.batch_end()
        return found

    def close(self) -> None:
        self.engine.close()
        self.memory.close()


@pytest.mark.parametrize("payload", DOCUMENTED)
def test_a_frame_goes_to_its_slot_the_ring_and_the_raw_ring(payload: Payload) -> None:
    carrier = Carrier(payload, [payload.kind])
    frame, expected = frame_of(payload), core_fields(payload)
    assert carrier.take(frame) is FrameClass.DATA
    if payload.kind == Kind.DIFF:  # kept until a snapshot comes
        body = b'{"lastUpdateId":%d,"bids":[],"asks":[]}' % expected["prev_update_id"]
        assert carrier.engine.snapshot(0, body)[0] == SnapshotResult.LIVE
    records = [r for r in carrier.events.read() if r.meta.kind == payload.kind]
    assert len(records) == 1
    assert records[0].meta.sequence == 1
    assert_fields(records[0], payload, expected)
    if payload.kind in SLOTS:
        section, table = SLOTS[payload.kind]
        data = carrier.segment.slot(section, 0)
        assert data is not None
        cell = unpack(table, data)
        assert cell.status == Status.LIVE
        for name in table.offsets().keys() & expected.keys() - {"flags"}:
            assert same(getattr(cell, name), expected[name]), name
    if payload.kind == Kind.PARTIAL:
        data = carrier.segment.slot(SectionKind.PARTIAL, 0)
        assert data is not None
        cell, bids, asks = levels_of_slot(data, layout.PARTIAL)
        assert (bids, asks) == (expected["bids"], expected["asks"])
        assert (cell.status, cell.update_id) == (Status.LIVE, expected["update_id"])
    (raw,) = carrier.raw.read()
    head = raw.fields(layout.RAW)
    assert raw.data[layout.RAW.size : layout.RAW.size + head.payload_length] == frame
    at, length = head.data_offset, head.data_length
    assert frame[at : at + length] == payload.data
    assert raw.meta.sequence == 1
    carrier.close()


def assert_fields(record: Any, payload: Payload, expected: dict[str, Any]) -> None:
    table = {
        Kind.QUOTE: layout.QUOTE, Kind.TRADE: layout.TRADE, Kind.AGG_TRADE: layout.TRADE,
        Kind.TICKER: layout.TICKER,
    }.get(payload.kind, layout.DIFF)  # fmt: skip
    fields = record.fields(table)
    for name in table.offsets().keys() & expected.keys() - {"flags", "prev_update_id"}:
        assert same(getattr(fields, name), expected[name]), name
    if table is layout.DIFF:
        assert record.levels() == (expected["bids"], expected["asks"])
    if payload.kind in (Kind.TRADE, Kind.AGG_TRADE):
        assert bool(record.meta.flags & Flag.BUYER_IS_MAKER) == expected["buyer_is_maker"]


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


def test_recorded_frames_of_all_kinds_pass_through_every_ring() -> None:
    for path in sorted(PAYLOADS.glob("recorded_*.jsonl")):
        market = Market[path.stem.partition("_")[2].upper()]
        frames = path.read_text().splitlines()
        carrier = Carrier(payload_of(market, frames[0]), NAMES)
        known = 0
        for frame in frames:
            renamed = frame.replace("depth@0ms", "depth@100ms").encode()
            assert carrier.take(renamed) is FrameClass.DATA
            known += 1
        raws = [
            raw.data[layout.RAW.size : layout.RAW.size + raw.fields(layout.RAW).payload_length]
            for raw in carrier.raw.read()
        ]
        assert len(raws) == known
        assert raws == [f.replace("depth@0ms", "depth@100ms").encode() for f in frames]
        carrier.close()
