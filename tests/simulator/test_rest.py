"""REST over real sockets: weights that run out, and the limit that exchangeInfo tells."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp
import pytest

from gateway.simulator.conduct import Violation
from gateway.simulator.rules import Pool
from tests.waiting import until

from .client import Client, running
from .still import still

pytestmark = pytest.mark.asyncio
PING = {"spot": "/spot/api/v3/ping", "usdm": "/usdm/fapi/v1/ping", "coinm": "/coinm/dapi/v1/ping"}


async def headers(client: Client, path: str) -> tuple[int, dict[str, str]]:
    """GET; return status and the headers that tell about weight."""
    async with aiohttp.ClientSession(client.address("rest")) as http, http.get(path) as response:
        names = ("X-MBX-USED-WEIGHT-1M", "Retry-After")
        return response.status, {
            name: response.headers[name] for name in names if name in response.headers
        }


async def test_exhausted_weight_is_answered_429_with_the_time_to_wait(tmp_path: Path) -> None:
    simulator = still(tmp_path, weights={Pool.SPOT: 10, Pool.FUTURES: 2400})
    async with running(simulator) as client:
        assert (await headers(client, PING["spot"]))[0] == 200
        status, found = await headers(client, "/spot/api/v3/exchangeInfo")
        assert status == 429
        assert 1 <= int(found["Retry-After"]) <= 60
        assert int(found["X-MBX-USED-WEIGHT-1M"]) >= 20
        assert (await headers(client, PING["usdm"]))[0] == 200
        assert simulator.conduct.violations == {Violation.WEIGHT: 1}
        assert simulator.control.status()["weight_refused"] == {"spot": 1, "futures": 0}


async def test_refused_call_moves_nothing(tmp_path: Path) -> None:
    simulator = still(tmp_path, weights={Pool.SPOT: 6000, Pool.FUTURES: 0})
    async with running(simulator) as client:
        status, body = await client.get("/usdm/fapi/v1/depth?symbol=BBBUSDT")
        assert (status, body["code"]) == (429, -1003)


async def test_who_goes_on_after_429_is_banned(tmp_path: Path) -> None:
    async with running(still(tmp_path, weights=dict.fromkeys(Pool, 0))) as client:
        found = [(await headers(client, PING["usdm"])) for _ in range(25)]
        assert found[0][0] == 429
        assert found[-1][0] == 418
        assert int(found[-1][1]["Retry-After"]) > 60
        assert (await headers(client, PING["coinm"]))[0] == 418  # one pool


async def test_limit_can_be_set_and_is_told_by_exchange_info(tmp_path: Path) -> None:
    async with running(still(tmp_path)) as client:
        assert await client.post("/sim/rules", {"weight": {"futures": 77}}) == (200, {})
        limits = {}
        for market, path in PING.items():
            _, info = await client.get(path.replace("ping", "exchangeInfo"))
            (limits[market],) = (limit["limit"] for limit in info["rateLimits"])
        assert limits == {"spot": 6000, "usdm": 77, "coinm": 77}


async def test_query_that_is_not_understood_costs_one(tmp_path: Path) -> None:
    async with running(still(tmp_path)) as client:
        _, found = await headers(client, "/spot/api/v3/depth?symbol=AAAUSDT&limit=x")
        assert found == {"X-MBX-USED-WEIGHT-1M": "1"}
        _, body = await client.get("/spot/api/v3/depth")
        assert body["code"] == -1102


async def test_client_that_goes_away_before_its_book_is_counted_without_a_word(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    simulator = still(tmp_path)
    async with running(simulator) as client:
        assert (await client.post("/sim/faults", {"rest": [{"delay": 0.5}]}))[0] == 200
        path = "/spot/api/v3/depth?symbol=AAAUSDT"
        _, writer = await asyncio.open_connection("127.0.0.1", client.port("rest"))
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        await until(lambda: "spot:depth" in simulator.control.status()["faults"]["rest"])
        writer.transport.abort()
        await until(lambda: simulator.conduct.abandoned == 1)
        assert (await client.get("/sim/status"))[1]["abandoned"] == 1
    assert caplog.text == ""
