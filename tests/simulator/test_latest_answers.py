"""The calls that tell latest values, as the venue answers and weighs them."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from gateway.refresh import payloads_of
from gateway.simulator.names import Market
from gateway.simulator.rules import Pool, Rules
from gateway.simulator.simulator import Simulator, SimulatorOptions
from gateway.streams import parse

from .client import Client, running

pytestmark = pytest.mark.asyncio

SYMBOLS = (
    (Market.SPOT, "BTCUSDT"), (Market.SPOT, "ETHUSDT"), (Market.USDM, "BTCUSDT"),
    (Market.COINM, "BTCUSD_PERP"), (Market.COINM, "BTCUSD_261225"),
)  # fmt: skip
SPOT, USDM, COINM = "/spot/api/v3", "/usdm/fapi/v1", "/coinm/dapi/v1"
BEST = ["bidPrice", "bidQty", "askPrice", "askQty"]
CHANGE = ["priceChange", "priceChangePercent", "weightedAvgPrice"]
LAST = ["lastPrice", "lastQty"]
PRICES = ["openPrice", "highPrice", "lowPrice", "volume"]
ENDS = ["openTime", "closeTime", "firstId", "lastId", "count"]
MARK = [
    "markPrice", "indexPrice", "estimatedSettlePrice", "lastFundingRate", "interestRate",
    "nextFundingTime", "time",
]  # fmt: skip
FIELDS = {
    f"{SPOT}/ticker/bookTicker?symbol=BTCUSDT": ["symbol", *BEST],
    f"{USDM}/ticker/bookTicker?symbol=BTCUSDT": ["lastUpdateId", "symbol", *BEST, "time"],
    f"{COINM}/ticker/bookTicker?symbol=BTCUSD_PERP": [
        "lastUpdateId", "symbol", "pair", *BEST, "time",
    ],
    f"{SPOT}/ticker/24hr?symbol=BTCUSDT": [
        "symbol", *CHANGE, "prevClosePrice", *LAST, *BEST, *PRICES, "quoteVolume", *ENDS,
    ],
    f"{USDM}/ticker/24hr?symbol=BTCUSDT": [
        "symbol", *CHANGE, *LAST, *PRICES, "quoteVolume", *ENDS,
    ],
    f"{COINM}/ticker/24hr?symbol=BTCUSD_PERP": [
        "symbol", "pair", *CHANGE, *LAST, *PRICES, "baseVolume", *ENDS,
    ],
    f"{USDM}/premiumIndex?symbol=BTCUSDT": ["symbol", *MARK],
    f"{COINM}/premiumIndex?symbol=BTCUSD_PERP": ["symbol", "pair", *MARK],
}  # fmt: skip


def still(**options: Any) -> Simulator:
    rules = Rules(weights=dict.fromkeys(Pool, 10**6))
    return Simulator(SimulatorOptions(**{"symbols": SYMBOLS, "rules": rules, **options}))


async def get(client: Client, path: str) -> Any:
    status, body = await client.get(path)
    assert status == 200, body
    return body


def listed(*symbols: str) -> str:
    return f"symbols={quote(json.dumps(symbols, separators=(',', ':')))}"


async def test_rows_have_the_fields_of_their_market() -> None:
    async with running(still()) as client:
        found = {}
        for path in FIELDS:
            body = await get(client, path)
            assert isinstance(body, list) == path.startswith(COINM)
            found[path] = list((body[0] if isinstance(body, list) else body).keys())
        assert found == FIELDS


async def test_all_or_some_are_asked_for_at_once() -> None:
    async with running(still()) as client:
        for name in ("ticker/bookTicker", "ticker/24hr"):
            everyone = await get(client, f"{SPOT}/{name}")
            assert [row["symbol"] for row in everyone] == ["BTCUSDT", "ETHUSDT"]
            (one,) = await get(client, f"{SPOT}/{name}?{listed('ETHUSDT')}")
            assert one["symbol"] == "ETHUSDT"
        marks = await get(client, f"{COINM}/premiumIndex")
        assert [row["symbol"] for row in marks] == ["BTCUSD_PERP", "BTCUSD_261225"]
        assert [row["lastFundingRate"] == "" for row in marks] == [False, True]
        assert marks[1]["nextFundingTime"] == 0


@pytest.mark.parametrize(
    ("path", "weight"),
    [
        (f"{SPOT}/ticker/bookTicker?symbol=BTCUSDT", 2),
        (f"{SPOT}/ticker/bookTicker?{listed('BTCUSDT', 'ETHUSDT')}", 4),
        (f"{SPOT}/ticker/bookTicker", 4),
        (f"{USDM}/ticker/bookTicker", 5),
        (f"{SPOT}/ticker/24hr?symbol=BTCUSDT", 2),
        (f"{SPOT}/ticker/24hr?{listed('BTCUSDT', 'ETHUSDT')}", 2),
        (f"{SPOT}/ticker/24hr?{listed(*['BTCUSDT'] * 21)}", 40),
        (f"{SPOT}/ticker/24hr", 80),
        (f"{USDM}/ticker/24hr?symbol=BTCUSDT", 1),
        (f"{COINM}/ticker/24hr", 40),
        (f"{USDM}/premiumIndex?symbol=BTCUSDT", 1),
        (f"{USDM}/premiumIndex", 10),
        (f"{COINM}/premiumIndex?symbol=BTCUSD_PERP", 10),
    ],
)
async def test_calls_cost_what_the_documents_say(path: str, weight: int) -> None:
    async with running(still()) as client:
        assert await client.header(path, "X-MBX-USED-WEIGHT-1M") == str(weight)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        (f"{SPOT}/ticker/bookTicker?symbol=NOPE", 400, -1121),
        (f"{SPOT}/ticker/24hr?{listed('BTCUSDT', 'NOPE')}", 400, -1121),
        (f"{SPOT}/ticker/24hr?symbols=x", 400, -1100),
        (f"{USDM}/ticker/24hr?symbol=btcusdt", 400, -1100),
        (f"{USDM}/premiumIndex?symbol=BTCUSD_PERP", 400, -1121),
    ],
)
async def test_bad_queries_are_refused_as_the_venue_does(path: str, status: int, code: int) -> None:
    async with running(still()) as client:
        found, body = await client.get(path)
        assert (found, body["code"]) == (status, code)


@pytest.mark.parametrize(
    ("stream", "path"),
    [
        ("spot:btcusdt@ticker", f"{SPOT}/ticker/24hr"),
        ("coinm:btcusd_perp@ticker", f"{COINM}/ticker/24hr?symbol=BTCUSD_PERP"),
        ("usdm:btcusdt@miniTicker", f"{USDM}/ticker/24hr?symbol=BTCUSDT"),
        ("usdm:btcusdt@markPrice", f"{USDM}/premiumIndex"),
        ("coinm:btcusd_261225@markPrice", f"{COINM}/premiumIndex"),
    ],
)
async def test_the_stream_says_the_same(stream: str, path: str) -> None:
    """Its next payload is what the gateway makes of the answer, but for what moves."""
    async with running(still(rate=0.001)) as client:
        body = json.dumps(await get(client, path)).encode()
        ours = json.loads(payloads_of([parse(stream)], body)[stream])
        market, _, name = stream.partition(":")
        route = "" if market == "spot" else "/market"
        socket = await client.connect(f"/{market}{route}/stream?streams={name}")
        theirs = json.loads(await socket.text())["data"]
        moving = {"E", "C", "O", "p", "i", "P", "ap", "r"}
        assert set(theirs) - set(ours) <= {"ap"}
        same = set(ours) - moving if name.endswith("markPrice") else set(ours) - {"E", "C", "O"}
        assert {key: ours[key] for key in same} == {key: theirs[key] for key in same}
