"""The REST calls of what was missed: forms, weights, refusals, and sources that keep nothing."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path
from typing import Any

import pytest

from gateway.simulator.names import Market
from gateway.simulator.rules import Pool, Rules
from gateway.simulator.simulator import Simulator, SimulatorOptions

from .client import WATCHDOG_S, Client, running
from .still import still

pytestmark = pytest.mark.asyncio
SYMBOLS = ((Market.SPOT, "BTCUSDT"), (Market.USDM, "BTCUSDT"), (Market.COINM, "BTCUSD_PERP"))
BASES = {
    Market.SPOT: ("/spot/api/v3", "symbol=BTCUSDT"),
    Market.USDM: ("/usdm/fapi/v1", "symbol=BTCUSDT"),
    Market.COINM: ("/coinm/dapi/v1", "symbol=BTCUSD_PERP"),
}
GENEROUS = Rules(weights=dict.fromkeys(Pool, 10**6))
FIELDS = {
    (Market.SPOT, "aggTrades"): ["a", "p", "q", "f", "l", "T", "m", "M"],
    (Market.USDM, "aggTrades"): ["a", "p", "q", "nq", "f", "l", "T", "m"],
    (Market.COINM, "aggTrades"): ["a", "p", "q", "f", "l", "T", "m"],
    (Market.SPOT, "trades"): [
        "id", "price", "qty", "quoteQty", "time", "isBuyerMaker", "isBestMatch",
    ],
    (Market.USDM, "trades"): [
        "id", "price", "qty", "quoteQty", "time", "isBuyerMaker", "isRPITrade",
    ],
    (Market.COINM, "trades"): ["id", "price", "qty", "baseQty", "time", "isBuyerMaker"],
}  # fmt: skip


def busy(**options: Any) -> Simulator:
    return Simulator(SimulatorOptions(**{"symbols": SYMBOLS, "rate": 50.0, **options}))


async def get(client: Client, path: str) -> Any:
    status, body = await client.get(path)
    assert status == 200, body
    return body


async def traded(client: Client) -> None:
    """Wait until each market has aggregates to ask for."""
    for base, symbol in BASES.values():
        await until(client, f"{base}/aggTrades?{symbol}", 5)


async def until(client: Client, path: str, rows: int) -> None:
    """Ask until so many rows are there."""
    async with asyncio.timeout(WATCHDOG_S):
        while len(await get(client, path)) < rows:  # noqa: ASYNC110 - REST tells nobody
            await asyncio.sleep(0.05)


async def test_rows_have_the_fields_of_their_market() -> None:
    async with running(busy(rules=GENEROUS)) as client:
        await traded(client)
        found = {}
        for market, name in FIELDS:
            base, symbol = BASES[market]
            body = await get(client, f"{base}/{name}?{symbol}")
            found[market, name] = list((body[0] if isinstance(body, list) else body).keys())
        assert found == FIELDS
        (row,) = await get(client, "/usdm/fapi/v1/klines?symbol=BTCUSDT&interval=1m&limit=1")
        kinds = [int, str, str, str, str, str, int, str, int, str, str, str]
        assert [type(value) for value in row] == kinds


async def test_pages_by_id_join_without_a_hole() -> None:
    async with running(busy(rules=GENEROUS)) as client:
        await traded(client)
        for base, symbol in BASES.values():
            first = (await get(client, f"{base}/aggTrades?{symbol}&fromId=0&limit=1"))[0]["a"]
            pages = []
            for page in range(2):
                path = f"{base}/aggTrades?{symbol}&fromId={first + 2 * page}&limit=2"
                pages += await get(client, path)
            assert [row["a"] for row in pages] == list(range(first, first + 4))
            assert all(two["f"] == one["l"] + 1 for one, two in itertools.pairwise(pages))


@pytest.mark.parametrize(
    ("path", "weight"),
    [
        ("/spot/api/v3/aggTrades?symbol=BTCUSDT", 4),
        ("/spot/api/v3/trades?symbol=BTCUSDT", 25),
        ("/spot/api/v3/historicalTrades?symbol=BTCUSDT", 25),
        ("/spot/api/v3/klines?symbol=BTCUSDT&interval=1m", 2),
        ("/usdm/fapi/v1/aggTrades?symbol=BTCUSDT", 20),
        ("/usdm/fapi/v1/trades?symbol=BTCUSDT", 5),
        ("/usdm/fapi/v1/klines?symbol=BTCUSDT&interval=1m&limit=99", 1),
        ("/usdm/fapi/v1/klines?symbol=BTCUSDT&interval=1m&limit=100", 2),
        ("/usdm/fapi/v1/klines?symbol=BTCUSDT&interval=1m", 5),
        ("/usdm/fapi/v1/markPriceKlines?symbol=BTCUSDT&interval=1m&limit=1001", 10),
        ("/coinm/dapi/v1/indexPriceKlines?pair=BTCUSD&interval=1m&limit=1", 1),
    ],
)
async def test_calls_cost_what_the_documents_say(path: str, weight: int) -> None:
    async with running(busy()) as client:
        assert await client.header(path, "X-MBX-USED-WEIGHT-1M") == str(weight)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/spot/api/v3/aggTrades", 400, -1102),
        ("/spot/api/v3/aggTrades?symbol=NOPE", 400, -1121),
        ("/spot/api/v3/aggTrades?symbol=BTCUSDT&fromId=x", 400, -1100),
        ("/usdm/fapi/v1/aggTrades?symbol=BTCUSDT&fromId=1&startTime=1", 400, -1128),
        ("/usdm/fapi/v1/aggTrades?symbol=BTCUSDT&startTime=1", 400, -4166),
        ("/usdm/fapi/v1/aggTrades?symbol=BTCUSDT&startTime=0&endTime=3600000", 400, -1127),
        ("/usdm/fapi/v1/aggTrades?symbol=BTCUSDT&limit=1001", 400, -1130),
        ("/usdm/fapi/v1/historicalTrades?symbol=BTCUSDT", 401, -2014),
        ("/usdm/fapi/v1/klines?symbol=BTCUSDT&interval=7m", 400, -1120),
        ("/usdm/fapi/v1/klines?symbol=BTCUSDT", 400, -1102),
        ("/usdm/fapi/v1/klines?symbol=BTCUSDT&interval=1m&limit=1501", 400, -1130),
        ("/usdm/fapi/v1/continuousKlines?pair=BTCUSDT&interval=1m", 400, -1102),
        ("/coinm/dapi/v1/indexPriceKlines?pair=NOPE&interval=1m", 400, -1121),
    ],
)
async def test_bad_queries_are_refused_as_the_venue_does(path: str, status: int, code: int) -> None:
    async with running(busy()) as client:
        found, body = await client.get(path)
        assert (found, body["code"]) == (status, code)


async def test_futures_candles_are_known_on_either_host() -> None:
    async with running(busy(rules=GENEROUS)) as client:
        own = "pair=BTCUSD&contractType=PERPETUAL&interval=1d"
        for base in ("/usdm/fapi/v1", "/coinm/dapi/v1"):
            await until(client, f"{base}/klines?symbol=BTCUSD_PERP&interval=1d", 1)
            assert len(await get(client, f"{base}/continuousKlines?{own}")) == 1
            marks = await get(client, f"{base}/markPriceKlines?symbol=BTCUSDT&interval=1d")
            index = await get(client, f"{base}/indexPriceKlines?pair=BTCUSDT&interval=1d")
            assert len(marks) == len(index) == 1
            assert (marks[0][5], index[0][5]) == ("0", "0")


async def test_sources_without_a_memory_answer_that_nothing_was_traded(tmp_path: Path) -> None:
    async with running(still(tmp_path)) as client:
        for path in ("aggTrades?symbol=AAAUSDT", "trades?symbol=AAAUSDT",
                     "klines?symbol=AAAUSDT&interval=1m"):  # fmt: skip
            assert await get(client, f"/spot/api/v3/{path}") == []
        status, body = await client.get("/spot/api/v3/trades?symbol=NOPE")
        assert (status, body["code"]) == (400, -1121)
