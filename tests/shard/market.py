"""A small spot market behind the scripted venue: true books, trades with ids, and their REST."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable, Iterator

import orjson

from gateway import plan as wire
from gateway.shard.depths import is_whole
from tests.shard import events
from tests.shard.running import Running
from tests.shard.venue import Venue

PRICE = 10_000  # of both best levels, about; in hundredths
LEVELS = 300  # a side


def price(mantissa: int) -> str:
    return f"{mantissa // 100}.{mantissa % 100:02}"


class Book:
    """The truth of one symbol. Every update changes one level of each side."""

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.update_id = 100
        self.bids = {PRICE - n: n for n in range(1, LEVELS + 1)}
        self.asks = {PRICE + n: n for n in range(1, LEVELS + 1)}
        self._dice = random.Random(symbol)

    def change(self, within: int = LEVELS) -> bytes:
        """Change a level of each side, not further out than ``within``; return the event."""
        self.update_id += 1
        away = self._dice.randrange(1, within + 1)
        quantity = self.update_id
        self.bids[PRICE - away] = self.asks[PRICE + away] = quantity
        return self.event([(PRICE - away, quantity)], [(PRICE + away, quantity)])

    def eat(self, levels: int) -> bytes:
        """Take the best levels of both sides away, with one event."""
        self.update_id += 1
        bids = sorted(self.bids, reverse=True)[:levels]
        asks = sorted(self.asks)[:levels]
        for px in bids:
            del self.bids[px]
        for px in asks:
            del self.asks[px]
        return self.event([(px, 0) for px in bids], [(px, 0) for px in asks])

    def event(self, bids: list[tuple[int, int]], asks: list[tuple[int, int]]) -> bytes:
        return (
            b'{"e":"depthUpdate","E":%d,"s":"%s","U":%d,"u":%d,"b":%s,"a":%s}'
            % (events.T0, self.symbol.encode(), self.update_id, self.update_id,
               _levels(bids), _levels(asks))
        )  # fmt: skip

    def snapshot(self, levels: int) -> bytes:
        bids = sorted(self.bids.items(), reverse=True)[:levels]
        asks = sorted(self.asks.items())[:levels]
        return b'{"lastUpdateId":%d,"bids":%s,"asks":%s}' % (
            self.update_id, _levels(bids), _levels(asks),
        )  # fmt: skip


def _levels(levels: list[tuple[int, int]]) -> bytes:
    return orjson.dumps([[price(px), f"{qty}.00000"] for px, qty in levels])


class Market:
    """Books and trades that keep coming, and the supervisor's answers about them."""

    def __init__(self, venue: Venue) -> None:
        self.venue = venue
        self.books: dict[str, Book] = {}
        self.trades: dict[str, list[bytes]] = {}  # by stream, from id 1
        self.is_lossy: set[str] = set()  # streams whose frames get lost
        self.latency_s = 0.02  # of REST
        self.spoil: Callable[[wire.SnapshotRequest, bytes], bytes] = lambda request, body: body
        self.page: Callable[[wire.HistoryRequest], wire.HistoryReply] = self.whole_page

    def step(self) -> None:
        """One change of everything."""
        for symbol, book in self.books.items():
            self._send(f"{symbol.lower()}@depth@100ms", book.change())
        for stream, sent in self.trades.items():
            symbol = stream.partition("@")[0].upper()
            sent.append(events.trade(symbol, len(sent) + 1))
            self._send(stream, sent[-1])

    def _send(self, stream: str, event: bytes) -> None:
        if stream not in self.is_lossy:
            self.venue.publish(stream, event)

    @contextlib.contextmanager
    def going(self) -> Iterator[None]:
        """Things change a hundred times a second."""

        async def go() -> None:
            while True:
                await asyncio.sleep(0.01)
                self.step()

        task = asyncio.ensure_future(go())
        try:
            yield
        finally:
            task.cancel()

    def answers(self, running: Running) -> None:
        """Answer this shard's requests, after the latency."""

        def answer(message: object) -> None:
            if isinstance(message, wire.SnapshotRequest | wire.HistoryRequest):
                asyncio.get_running_loop().call_later(
                    self.latency_s, self._answer, running, message
                )

        running.answer = answer

    def _answer(
        self, running: Running, request: wire.SnapshotRequest | wire.HistoryRequest
    ) -> None:
        if isinstance(request, wire.HistoryRequest):
            running.channel.send(self.page(request))
            return
        body = self.spoil(request, self.books[request.symbol].snapshot(request.levels))
        assert is_whole(body, request.levels) == (request.levels > LEVELS)
        running.channel.send(
            wire.SnapshotReply(request.request_id, 200, body, limit=request.levels)
        )

    def whole_page(self, request: wire.HistoryRequest) -> wire.HistoryReply:
        sent = self.trades[request.stream.partition(":")[2]]
        found = sent[request.first_id - 1 : request.last_id]
        return wire.HistoryReply(request.request_id, 200, found)
