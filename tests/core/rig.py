"""An engine over a small segment in the test's own process, and its readers."""

from __future__ import annotations

import mmap
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from gateway import layout, segment_file
from gateway.core.engine import (
    Engine,
    FrameClass,
    LookResult,
    Notice,
    NoticeCode,
    SnapshotResult,
)
from gateway.layout import Kind, Market, SectionKind, Status
from gateway.plan import PlanSymbol, ShardPlan
from tests.model.decimals import render
from tests.model.follower import Followed, Follower
from tests.model.ring import Segment, levels_of_slot, unpack
from tests.model.sequencing import Diff, Snapshot

SYMBOLS = {Market.SPOT: "BTCUSDT", Market.USDM: "BTCUSDT", Market.COINM: "BTCUSD_PERP"}
EXPONENT = -2


def text(value: int) -> str:
    return render(value, EXPONENT)


def levels_json(levels: Any) -> str:
    return "[" + ",".join(f'["{text(px)}","{text(qty)}"]' for px, qty in levels) + "]"


def diff_frame(stream: str, symbol: str, diff: Diff, futures: bool) -> bytes:
    chain = f',"pu":{diff.prev_update_id}' if futures else ""
    return (
        f'{{"stream":"{stream}","data":{{"e":"depthUpdate","E":1795345200123,"s":"{symbol}"'
        f',"U":{diff.first_update_id},"u":{diff.last_update_id}{chain}'
        f',"b":{levels_json(diff.bids)},"a":{levels_json(diff.asks)}}}}}'
    ).encode()


def snapshot_body(snapshot: Snapshot) -> bytes:
    bids, asks = levels_json(snapshot.bids), levels_json(snapshot.asks)
    return f'{{"lastUpdateId":{snapshot.last_update_id},"bids":{bids},"asks":{asks}}}'.encode()


@cache
def blank(events_ring_bytes: int, symbols: int = 8) -> bytes:
    """The bytes of a small segment as its writer makes it, before any row."""
    plan = ShardPlan(
        shard_id=0, shard_count=1, instance_id=1, run_dir="", symbols=[], connections=[],
        streams=[], symbol_capacity=symbols, stream_capacity=8 * symbols, connection_capacity=4,
        events_ring_bytes=events_ring_bytes, raw_ring_bytes=1 << 16,
    )  # fmt: skip
    with TemporaryDirectory(dir="/dev/shm") as folder:
        return segment_file.create(Path(folder) / "shard-0.seg", plan=plan).memory[:]


def mapped(image: bytes) -> mmap.mmap:
    """Those bytes in page-aligned memory, as a mapped file has them."""
    memory = mmap.mmap(-1, len(image))
    memory[:] = image
    return memory


@dataclass
class Rig:
    """One symbol with its depth and bookTicker streams on one connection that is up."""

    market: Market = Market.SPOT
    levels_max: int = 1000
    buffer_max: int = 1 << 20
    events_ring_bytes: int = 1 << 16
    follower: Follower = field(default_factory=Follower)

    def __post_init__(self) -> None:
        self.memory = mapped(blank(self.events_ring_bytes))
        self.engine = Engine(self.memory, self.levels_max, self.buffer_max)
        self.engine.heartbeat()
        self.segment = Segment(self.memory)
        self.ring = self.segment.ring(SectionKind.EVENTS, 0)
        self.connection = self.engine.add_connection("test/0", self.market)
        self.symbol = SYMBOLS[self.market]
        self.row = self.add_symbol(self.symbol)
        self.engine.link_up(self.connection)
        self.wanted: list[int] = []  # symbol rows whose snapshot was asked for
        self.notices: list[Notice] = []  # all, in order

    def add_symbol(self, symbol: str) -> int:
        row: int = self.engine.add_symbol(PlanSymbol(self.market, symbol, EXPONENT, EXPONENT))
        for name, kind in (("depth", Kind.DIFF), ("bookTicker", Kind.QUOTE)):
            stream = f"{self.market.name.lower()}:{symbol.lower()}@{name}"
            self.engine.add_stream(stream, kind, row, self.connection)
        return row

    def close(self) -> None:
        self.engine.close()
        self.memory.close()

    def __enter__(self) -> Rig:
        return self

    def __exit__(self, *args: object) -> None:
        self.close()

    def frame(self, payload: bytes, batch_end: bool = True) -> FrameClass:
        """Hand a frame to the engine, end the batch, take notices and ring records."""
        found = self.engine.frame(self.connection, payload)
        if batch_end:
            self.settle()
        return found

    def settle(self) -> None:
        self.engine.batch_end()
        notices = self.engine.notices()
        self.notices += notices
        self.wanted += [n.row for n in notices if n.code is NoticeCode.RESYNC]
        self.follower.follow(self.ring.read())
        assert self.ring.lapped_count == 0
        assert self.follower.holes == []

    def diff(self, diff: Diff, symbol: str | None = None) -> FrameClass:
        symbol = symbol or self.symbol
        stream = f"{symbol.lower()}@depth"
        return self.frame(diff_frame(stream, symbol, diff, self.market != Market.SPOT))

    def snapshot(
        self, snapshot: Snapshot, row: int | None = None, limit: int = 0
    ) -> SnapshotResult:
        row = self.row if row is None else row
        self.wanted = [wanted for wanted in self.wanted if wanted != row]
        result, error = self.engine.snapshot(row, snapshot_body(snapshot), limit)
        assert error == "OK"
        if result in (SnapshotResult.TOO_OLD, SnapshotResult.GAP):
            self.wanted.append(row)  # the shard asks again
        self.settle()
        return result

    def look(self, snapshot: Snapshot, limit: int = 0) -> LookResult:
        """Hand in the answer of a second look."""
        result, error = self.engine.second_snapshot(self.row, snapshot_body(snapshot), limit)
        assert error == "OK"
        self.settle()
        return result

    def told(self, code: NoticeCode) -> list[Notice]:
        """Take the notices of a kind."""
        found = [notice for notice in self.notices if notice.code is code]
        self.notices = [notice for notice in self.notices if notice.code is not code]
        return found

    def book(self, row: int | None = None) -> Any:
        """(fields, bids, asks) of the BOOK slot, or None where it was never written."""
        data = self.segment.slot(SectionKind.BOOK, self.row if row is None else row)
        return None if data is None else levels_of_slot(data)

    def status(self, row: int | None = None) -> int:
        """The book's status, as its slot and as the ring tell it."""
        book = self.book(row)
        status: int = Status.EMPTY if book is None else book[0].status
        told = self.followed(row).status
        assert told == status, f"slot says {Status(status).name}, ring {Status(told).name}"
        return status

    def followed(self, row: int | None = None) -> Followed:
        return self.follower.symbols[self.row if row is None else row]

    def counters(self) -> Any:
        return self.segment.counters()

    def quote(self, row: int | None = None) -> Any:
        data = self.segment.slot(SectionKind.QUOTE, self.row if row is None else row)
        return None if data is None else unpack(layout.QUOTE, data)
