"""The WebSocket API: requests, answers, and the weight that it shares with REST."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.simulator.fault_plan import FaultPlan, RestFaults
from gateway.simulator.names import Market
from gateway.simulator.rules import Pool
from gateway.simulator.simulator import Simulator, SimulatorOptions
from gateway.simulator.weight import REFUSALS_MAX

from .client import Socket, running
from .still import still

pytestmark = pytest.mark.asyncio
SYMBOLS = ((Market.SPOT, "BTCUSDT"), (Market.USDM, "BTCUSDT"), (Market.COINM, "BTCUSD_PERP"))
API = {
    Market.SPOT: ("/spot/ws-api/v3", "BTCUSDT"),
    Market.USDM: ("/usdm/ws-fapi/v1", "BTCUSDT"),
    Market.COINM: ("/coinm/ws-dapi/v1", "BTCUSD_PERP"),
}


async def ask(ws: Socket, method: str, request_id: Any = 1, **params: Any) -> Any:
    await ws.ws.send_bytes(orjson.dumps({"id": request_id, "method": method, "params": params}))
    return orjson.loads(await ws.text())


@pytest.mark.parametrize("market", list(Market))
async def test_depth_is_that_of_rest_and_costs_the_same(market: Market) -> None:
    path, symbol = API[market]
    simulator = Simulator(SimulatorOptions(symbols=SYMBOLS))
    async with running(simulator) as client:
        await client.post("/sim/pause")
        ws = await client.connect(path)
        body = await ask(ws, "depth", "abc", symbol=symbol, limit=5)
        base = {"spot": "/spot/api/v3", "usdm": "/usdm/fapi/v1", "coinm": "/coinm/dapi/v1"}[market]
        _, rest = await client.get(f"{base}/depth?symbol={symbol}&limit=5")
        assert (body["id"], body["status"]) == ("abc", 200)
        assert list(body) == ["id", "status", "result", "rateLimits"]
        timeless = [{k: v for k, v in found.items() if k not in "ET"}
                    for found in (body["result"], rest)]  # fmt: skip
        assert timeless[0] == timeless[1]
        assert body["result"].keys() == rest.keys()
        is_spot = market is Market.SPOT
        assert body["rateLimits"] == [{
            "rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1,
            "limit": 6000 if is_spot else 2400, "count": 2 + 5 if is_spot else 5 + 2,
        }]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "status", "code", "request_id"),
    [
        (b'{"id":7,"method":"depth","params":{"symbol":"NOPE"}}', 400, -1121, 7),
        (b'{"id":null,"method":"depth"}', 400, -1102, None),
        (b'{"id":"x","method":"depth","params":{"symbol":"AAAUSDT","limit":0}}', 400, -1130, "x"),
        (b'{"id":1,"method":"order.place","params":{}}', 400, -1020, 1),
        (b'{"id":1,"method":"depth","params":[]}', 400, -1102, 1),
        (b"[]", 400, -1135, None),
        (b"{", 400, -1135, None),
    ],
)
async def test_what_cannot_be_answered_is_refused_with_the_venues_code(
    tmp_path: Path, text: bytes, status: int, code: int, request_id: Any
) -> None:
    async with running(still(tmp_path)) as client:
        ws = await client.connect("/spot/ws-api/v3")
        await ws.ws.send_bytes(text)
        body = orjson.loads(await ws.text())
        assert (body["status"], body["error"]["code"], body["id"]) == (status, code, request_id)
        assert list(body) == ["id", "status", "error", "rateLimits"]


async def test_too_much_weight_is_429_and_then_a_ban_with_the_time_of_its_end(
    tmp_path: Path,
) -> None:
    simulator = still(tmp_path, weights={Pool.SPOT: 10, Pool.FUTURES: 10})
    async with running(simulator) as client:
        ws = await client.connect("/spot/ws-api/v3")  # 2
        statuses = []
        for _ in range(REFUSALS_MAX + 3):
            body = await ask(ws, "depth", symbol="AAAUSDT", limit=5)
            statuses.append(body["status"])
        assert statuses == [200, *[429] * REFUSALS_MAX, 418, 418]
        data = body["error"]["data"]
        assert body["error"]["code"] == -1003
        assert 60_000 < data["retryAfter"] - data["serverTime"] <= 120_000
        assert (await client.get("/spot/api/v3/ping"))[0] == 418  # one pool
        assert simulator.control.status()["violations_by_kind"]["weight"] == REFUSALS_MAX + 3


async def test_faults_of_rest_befall_it_too(tmp_path: Path) -> None:
    simulator = still(tmp_path)
    simulator.faults.replace(FaultPlan(rest=(
        RestFaults("spot:ws/depth", fail=1.0, status=429, retry_after=5, count=1),
    )))  # fmt: skip
    async with running(simulator) as client:
        ws = await client.connect("/spot/ws-api/v3")
        body = await ask(ws, "depth", symbol="AAAUSDT")
        data = body["error"]["data"]
        assert (body["status"], data["retryAfter"] - data["serverTime"]) == (429, 5000)
        assert (await ask(ws, "depth", symbol="AAAUSDT"))["status"] == 200


async def test_other_calls_of_spot_and_pings(tmp_path: Path) -> None:
    async with running(still(tmp_path)) as client:
        ws = await client.connect("/spot/ws-api/v3")
        assert (await ask(ws, "ping"))["result"] == {}
        assert (await ask(ws, "trades.aggregate", symbol="AAAUSDT"))["result"] == []
        await ws.ws.ping(b"x")
        futures = await client.connect("/usdm/ws-fapi/v1")
        assert (await ask(futures, "time"))["status"] == 400


async def test_connection_ends_with_the_simulator(tmp_path: Path) -> None:
    simulator = still(tmp_path)
    async with running(simulator) as client:
        ws = await client.connect("/spot/ws-api/v3")
        assert (await ask(ws, "ping"))["status"] == 200
        await simulator.stop()
        assert (await ws.closed())[0] == 1001


async def test_rules_of_the_door_hold_here(tmp_path: Path) -> None:
    simulator = still(tmp_path)
    async with running(simulator) as client:
        await client.post("/sim/refuse", {"status": 451, "market": "spot"})
        with pytest.raises(Exception, match="451"):
            await client.connect("/spot/ws-api/v3")
        assert simulator.server.refusals() == {"451": 1}
