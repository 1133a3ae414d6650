"""The USD-M book with retail orders in it: a book of its own beside the public one."""

from __future__ import annotations

from itertools import pairwise

import orjson
import pytest

from gateway.simulator.names import Market
from gateway.simulator.retail import RetailBook
from gateway.simulator.simulator import Simulator, SimulatorOptions

from .client import running
from .played import SYMBOLS, Played

RPI, PUBLIC = "usdm:btcusdt@rpiDepth@500ms", "usdm:btcusdt@depth@500ms"


@pytest.fixture(scope="module")
def played() -> Played:
    return Played([RPI, PUBLIC], SYMBOLS[2:3], rate=10.0).play(60)


def retail(played: Played) -> RetailBook:
    book = played.exchange.find(Market.USDM, "BTCUSDT").retail
    assert book is not None
    return book


def apply(side: dict[str, str], levels: list[list[str]]) -> None:
    for price, qty in levels:
        side[price] = qty
        if not float(qty):
            del side[price]


def test_book_kept_from_its_diffs_is_the_true_one_and_never_crossed(played: Played) -> None:
    diffs, truth = played.frames[RPI], retail(played).truth
    start = truth.book_at(diffs[0]["u"])
    bids, asks = dict(start.bids), dict(start.asks)
    for before, diff in pairwise(diffs):
        assert diff["pu"] == before["u"]
        apply(bids, diff["b"])
        apply(asks, diff["a"])
        assert max(map(float, bids)) < min(map(float, asks))
    newest = truth.book_at(diffs[-1]["u"])
    assert (dict(newest.bids), dict(newest.asks)) == (bids, asks)


def test_book_is_crossed_at_no_update_id(played: Played) -> None:
    truth = retail(played).truth
    for change in truth.changes(truth.count - 400):
        book = truth.book_at(change.update_id)
        assert float(book.bids[0][0]) < float(book.asks[0][0])


def test_retail_orders_come_on_top_of_the_public_book(played: Played) -> None:
    public = played.exchange.find(Market.USDM, "BTCUSDT").truth.newest_book()
    joined = retail(played).truth.newest_book()
    for plain, with_retail in ((public.bids, joined.bids), (public.asks, joined.asks)):
        sizes = {price: float(qty) for price, qty in with_retail}
        assert all(sizes[price] >= float(qty) for price, qty in plain)
    assert joined != public


def test_some_retail_orders_better_the_best_price() -> None:
    played = Played([], SYMBOLS[2:3], rate=10.0)
    market = played.exchange.find(Market.USDM, "BTCUSDT")
    better = 0
    for _ in range(200):
        played.play(0.2)
        best = float(retail(played).truth.newest_book().bids[0][0])
        better += best > float(market.best()[0][0])
    assert 0 < better < 200


def test_ids_are_of_its_own(played: Played) -> None:
    public = {diff["u"] for diff in played.frames[PUBLIC]}
    assert not public & {diff["u"] for diff in played.frames[RPI]}


@pytest.mark.asyncio
async def test_rest_answers_with_the_same_book() -> None:
    symbols = ((Market.USDM, "BTCUSDT"), (Market.SPOT, "BTCUSDT"))
    async with running(Simulator(SimulatorOptions(symbols=symbols, rate=10.0))) as client:
        ws = await client.connect("/usdm/public/stream?streams=btcusdt@rpiDepth@500ms")
        first = orjson.loads(await ws.text())["data"]
        _, snapshot = await client.get("/usdm/fapi/v1/rpiDepth?symbol=BTCUSDT&limit=1000")
        assert snapshot["lastUpdateId"] >= first["u"]
        while True:
            diff = orjson.loads(await ws.text())["data"]
            if diff["u"] > snapshot["lastUpdateId"]:
                break
        assert diff["pu"] <= snapshot["lastUpdateId"]
        _, public = await client.get("/usdm/fapi/v1/depth?symbol=BTCUSDT&limit=5")
        assert public["lastUpdateId"] != snapshot["lastUpdateId"]
        assert (await client.get("/usdm/fapi/v1/rpiDepth?symbol=NOPE"))[0] == 400
        assert (await client.get("/spot/api/v3/rpiDepth?symbol=BTCUSDT"))[0] == 404
