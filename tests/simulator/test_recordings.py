"""Recordings replayed to a client that keeps books by the venue's rules, at full speed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.simulator.names import Market
from gateway.simulator.player import ReplayOptions
from gateway.simulator.replay import MAX_SPEED
from gateway.simulator.simulator import Simulator, SimulatorOptions

from .client import Client, running

pytestmark = pytest.mark.asyncio
API = {"spot": "/spot/api/v3", "usdm": "/usdm/fapi/v1", "coinm": "/coinm/dapi/v1"}
RECORDINGS = {
    "spot": ("BINANCE_20210417.ws.gz", "BINANCE_20210417.http.gz"),
    "usdm": ("BINANCE_FUTURES_20210405.all.gz",),
    "coinm": ("BINANCE_DELIVERY_20210722.ws.gz", "BINANCE_DELIVERY_20210722.http.gz"),
}


class Book:
    """A book as a client keeps it: "How to manage a local order book correctly"."""

    def __init__(self) -> None:
        self.bids: dict[str, str] = {}
        self.asks: dict[str, str] = {}
        self.update_id: int | None = None
        self.waiting: list[dict[str, Any]] = []

    def start(self, snapshot: dict[str, Any]) -> None:
        self.bids, self.asks = dict(snapshot["bids"]), dict(snapshot["asks"])
        self.update_id = snapshot["lastUpdateId"]
        for diff in self.waiting:
            self.take(diff)

    def take(self, diff: dict[str, Any]) -> None:
        if self.update_id is None:
            self.waiting.append(diff)
        elif diff["u"] > self.update_id:
            assert diff.get("pu", diff["U"] - 1) <= self.update_id, "a gap"
            self.update_id = diff["u"]
            for side, levels in ((self.bids, diff["b"]), (self.asks, diff["a"])):
                side.update({price: qty for price, qty in levels if float(qty)})
                for price, qty in levels:
                    if not float(qty):
                        side.pop(price, None)


async def _snapshot(client: Client, market: str, symbol: str, book: Book) -> None:
    status, body = await client.get(f"{API[market]}/depth?symbol={symbol}&limit=1000")
    assert status == 200
    book.start(body)


@pytest.mark.parametrize("market", RECORDINGS)
async def test_every_book_of_a_recording_is_followed_to_its_end(
    shared_data: Path, market: str
) -> None:
    paths = tuple(str(shared_data / "captures/playback" / name) for name in RECORDINGS[market])
    options = ReplayOptions(MAX_SPEED, settle_s=0.05, gate_timeout_s=3600)
    simulator = Simulator(SimulatorOptions(replay=paths, replay_options=options))
    symbols = [row.symbol for row in simulator.source.instruments(Market(market))]
    books = {symbol: Book() for symbol in symbols}
    asked: dict[str, asyncio.Task[None]] = {}
    async with running(simulator) as client:
        names = "/".join(f"{symbol.lower()}@depth@100ms" for symbol in symbols)
        ws = await client.connect(f"/{market}/stream?streams={names}")
        received = 0
        while not (simulator.control.status()["finished"] and received == _sent(simulator)):
            diff = orjson.loads(await ws.text())["data"]
            received += 1
            symbol = diff["s"]
            if symbol not in asked:
                ask = _snapshot(client, market, symbol, books[symbol])
                asked[symbol] = asyncio.create_task(ask)
            books[symbol].take(diff)
        await asyncio.gather(*asked.values())
        for symbol, book in books.items():
            path = f"/sim/book?market={market}&symbol={symbol}&id={book.update_id}"
            status, true = await client.get(path)
            assert status == 200
            assert simulator.source.depth(Market(market), symbol).update_id == book.update_id
            assert book.bids.items() <= dict(true["bids"]).items()
            assert book.asks.items() <= dict(true["asks"]).items()
            assert max(map(float, book.bids)) == float(true["bids"][0][0])


def _sent(simulator: Simulator) -> int:
    return sum(stream["sent"] for stream in simulator.control.status()["streams"].values())
