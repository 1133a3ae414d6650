"""The control room: over HTTP, and what it asks of a source that can list and delist."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.simulator.clock import Clock
from gateway.simulator.conduct import Conduct
from gateway.simulator.control import ControlRoom
from gateway.simulator.faults import Drops
from gateway.simulator.hub import Hub
from gateway.simulator.names import Market
from gateway.simulator.orders import ORDERS, Delist, Halt, ListSymbol
from gateway.simulator.rules import Pool, Rules
from gateway.simulator.server import StreamServer
from gateway.simulator.source import NoSuchSymbol
from gateway.simulator.weight import WeightPool
from tests.waiting import until

from .client import running
from .still import publish, still

pytestmark = pytest.mark.asyncio


@pytest.mark.parametrize(
    ("path", "body", "status", "named"),
    [
        ("/sim/nothing", {}, 404, "no such call: POST /sim/nothing; there are"),
        ("/sim/status", {}, 404, "no such call: POST /sim/status"),
        ("/sim", {}, 404, "no such call"),
        ("/sim/kill", [], 400, "kill: "),
        ("/sim/kill", {"connection": 99}, 404, "no connection 99 is open; see /sim/status"),
        ("/sim/silence", {"stream": "trade"}, 400, "not a stream"),
        ("/sim/drop", {"stream": "spot:zzzusdt@trade"}, 404, "nothing is sent as"),
        ("/sim/list", {"symbol": "spot:NEWUSDT"}, 501, "generated market only"),
        ("/sim/halt", {"symbol": "moon:NEWUSDT"}, 400, "moon:NEWUSDT"),
    ],
)
async def test_what_cannot_be_done_is_said_in_one_line(
    tmp_path: Path, path: str, body: Any, status: int, named: str
) -> None:
    async with running(still(tmp_path)) as client:
        found, answer = await client.post(path, body)
        assert (found, list(answer)) == (status, ["error"])
        assert named in answer["error"]
        assert "\n" not in answer["error"]


async def test_order_asked_for_with_get_is_no_call(tmp_path: Path) -> None:
    async with running(still(tmp_path)) as client:
        for name in ORDERS:
            status, answer = await client.get(f"/sim/{name}")
            assert (status, "no such call: GET" in answer["error"]) == (404, True)


async def test_status_of_an_ordinary_run_tells_no_violation(tmp_path: Path) -> None:
    simulator = still(tmp_path)
    async with running(simulator) as client:
        ws = await client.connect("/spot/stream")
        await ws.ask("SUBSCRIBE", ["aaausdt@trade"])
        publish(simulator, "spot:aaausdt@trade", b"1")
        await ws.ask("SUBSCRIBE", ["no such stream"])
        _, status = await client.get("/sim/status")
        assert status["violations"] == 0
        kinds = ["attempts", "pong", "rate", "size", "streams", "weight"]
        assert status["violations_by_kind"] == dict.fromkeys(kinds, 0)
        assert status["errors"] == {"2": 1}
        assert status["swallowed"] == 0
        assert status["subscriptions"] == ["spot:aaausdt@trade"]
        assert status["streams"] == {"spot:aaausdt@trade": {"sent": 1, "dropped": 0}}
        assert [row["id"] for row in status["connections"]] == [1]


async def test_stream_is_silenced_and_heard_again(tmp_path: Path) -> None:
    simulator = still(tmp_path)
    order = {"stream": "spot:a@trade"}
    async with running(simulator) as client:
        first = await client.connect("/spot/ws/a@trade")
        second = await client.connect("/spot/ws/a@trade")
        await until(lambda: len(simulator.server.connections) == 2)
        assert await client.post("/sim/silence", {**order, "connection": 1}) == (
            200, {"connections": 1},
        )  # fmt: skip
        publish(simulator, "spot:a@trade", b"1")
        assert await second.text() == b"1"
        assert await first.ask("LIST_SUBSCRIPTIONS") == {"result": ["a@trade"], "id": 1}
        assert await client.post("/sim/silence", order) == (200, {"connections": 2})
        third = await client.connect("/spot/ws/a@trade")
        await until(lambda: len(simulator.server.connections) == 3)
        publish(simulator, "spot:a@trade", b"2")
        assert await third.text() == b"2"
        await client.post("/sim/silence", {**order, "sticky": True})
        fourth = await client.connect("/spot/ws/a@trade")
        await until(lambda: len(simulator.server.connections) == 4)
        publish(simulator, "spot:a@trade", b"3")
        await client.post("/sim/silence", {**order, "on": False})
        publish(simulator, "spot:a@trade", b"4")
        for ws in (first, second, third, fourth):
            assert await ws.text() == b"4"


async def test_orders_choose_connections_by_market_and_stream(tmp_path: Path) -> None:
    simulator = still(tmp_path)
    async with running(simulator) as client:
        sockets = [
            await client.connect(path)
            for path in ("/spot/ws/a@trade", "/spot/ws/b@trade", "/usdm/public/ws/a@trade")
        ]
        await until(lambda: len(simulator.server.connections) == 3)
        assert await client.post("/sim/hold", {"market": "usdm"}) == (200, {"connections": 1})
        assert await client.post("/sim/shutdown", {"stream": "spot:a@trade"}) == (
            200, {"connections": 1},
        )  # fmt: skip
        assert b"serverShutdown" in await sockets[0].text()
        order = {"stream": "spot:b@trade", "market": "spot", "code": 1012}
        assert await client.post("/sim/disconnect", order) == (200, {"closed": 1})
        assert (await sockets[1].closed())[0] == 1012
        assert await client.post("/sim/kill", {"market": "spot"}) == (200, {"killed": 1})
        assert await sockets[0].until_closed() == ([], 1006)


class Listing:
    """A source that notes what it is told to list."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def list_symbol(self, market: Market, symbol: str) -> None:
        self.told.append(("list", market, symbol))

    def halt(self, market: Market, symbol: str, is_halted: bool = True) -> None:
        self.told.append(("halt", market, symbol, is_halted))

    def delist(self, market: Market, symbol: str) -> None:
        raise NoSuchSymbol(symbol)


async def test_source_is_told_what_to_list_and_halt() -> None:
    source: Any = Listing()
    hub, clock, conduct = Hub(), Clock(), Conduct()
    server = StreamServer(hub, clock, Rules(), conduct)
    pools = {pool: WeightPool(100) for pool in Pool}
    room = ControlRoom(source, hub, server, Drops(), conduct, pools)
    await room.obey(ListSymbol("usdm:NEWUSDT"))
    await room.obey(Halt("spot:OLDUSDT", on=False))
    with pytest.raises(NoSuchSymbol):
        await room.obey(Delist("spot:OLDUSDT"))
    assert source.told == [
        ("list", Market.USDM, "NEWUSDT"),
        ("halt", Market.SPOT, "OLDUSDT", False),
    ]
