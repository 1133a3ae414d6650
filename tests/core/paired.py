"""An engine whose streams come over two links, and what its readers see of them."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from gateway.core.engine import NO_ROW, Engine, Notice, NoticeCode
from gateway.layout import Kind, Market, SectionKind, Shape
from gateway.plan import PlanSymbol
from tests.core.rig import EXPONENT, blank, mapped
from tests.model.ring import Record, Segment

SECOND = 10**9
KINDS = {"trade": Kind.TRADE, "depth": Kind.DIFF, "bookTicker": Kind.QUOTE, "ticker": Kind.TICKER}


class Paired:
    """BTCUSDT of one market on a connection with links ``a`` (up) and ``b`` (idle)."""

    def __init__(self, market: Market = Market.SPOT, symbol: str = "BTCUSDT") -> None:
        self.memory = mapped(blank(1 << 20, 64))
        self.engine = Engine(self.memory)
        self.segment = Segment(self.memory)
        self.events = self.segment.ring(SectionKind.EVENTS, 0)
        self.raw = self.segment.ring(SectionKind.RAW, 0)
        self.market, self.name = market, symbol
        self.now = time.monotonic_ns()
        self.engine.heartbeat(self.now, time.time_ns())
        self.a = self.engine.add_connection("test/0/a", market)
        self.b = self.engine.add_link("test/0/b", self.a)
        self.symbol = self.engine.add_symbol(PlanSymbol(market, symbol, EXPONENT, EXPONENT))
        self.rows: dict[str, int] = {}
        self.engine.link_up(self.a)

    def __enter__(self) -> Paired:
        return self

    def __exit__(self, *args: object) -> None:
        self.engine.close()
        self.memory.close()

    def stream(self, suffix: str, kind: Kind | None = None, expected_ms: int = 0) -> int:
        name = f"{self.market.name.lower()}:{self.name.lower()}@{suffix}"
        kind = kind or KINDS[suffix]
        row = self.engine.add_stream(name, kind, self.symbol, self.a, expected_ms=expected_ms)
        assert row != NO_ROW
        self.rows[suffix] = row
        return row

    def whole_market(self, name: str, kind: Kind, shape: Shape) -> int:
        name = f"{self.market.name.lower()}:{name}"
        return self.engine.add_stream(name, kind, NO_ROW, self.a, shape=shape)

    def bring_up_b(self) -> None:
        self.engine.link_up(self.b)
        self.engine.acked(self.b, self.rows.values())

    def give(self, link: int, suffix: str, data: bytes) -> None:
        name = suffix if suffix.startswith("!") else f"{self.name.lower()}@{suffix}"
        self.engine.frame(link, b'{"stream":"%s","data":%s}' % (name.encode(), data), self.now)
        self.engine.batch_end()

    def wait(self, seconds: float) -> None:
        """Time passes, with heartbeats as often as a shard beats."""
        until = self.now + int(seconds * SECOND)
        while self.now < until:
            self.now = min(until, self.now + SECOND // 2)
            self.engine.heartbeat(self.now, time.time_ns())

    def records(self, kind: Kind) -> list[Record]:
        return [record for record in self.events.read() if record.meta.kind == kind]

    def notices(self, code: NoticeCode) -> list[Notice]:
        return [notice for notice in self.engine.notices() if notice.code is code]

    def stream_row(self, suffix: str) -> Any:
        return self.segment.streams()[self.rows[suffix]]


def trade(number: int) -> bytes:
    return (
        b'{"e":"trade","E":%d,"s":"BTCUSDT","t":%d,"p":"1.00","q":"1.00","T":%d,"m":true,"M":true}'
        % (1795345200000 + number, number, 1795345200000 + number)
    )


def quote(number: int) -> bytes:
    return b'{"u":%d,"s":"BTCUSDT","b":"0.90","B":"1","a":"1.10","A":"1"}' % number


def ids(records: Iterable[Record]) -> list[int]:
    return [record.meta.update_id for record in records]
