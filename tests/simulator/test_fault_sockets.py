"""Faults over real sockets and REST: what arrives is what the status tells, and can be undone."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.simulator.fault_plan import Episode, EpisodeKind, FaultPlan, FrameFaults, RestFaults
from gateway.simulator.names import Market
from gateway.simulator.simulator import Simulator, SimulatorOptions
from tests.waiting import until

from .client import Client, Socket, running
from .still import publish, still

pytestmark = pytest.mark.asyncio
KEY = "spot:b@trade"
PATH = "/spot/stream?streams=b@trade"


def faulty(tmp_path: Path, plan: FaultPlan) -> Simulator:
    simulator = still(tmp_path)
    simulator.hub.set_faults(plan)
    return simulator


def numbered(simulator: Simulator, first: int, last: int) -> None:
    publish(simulator, KEY, *(b'{"n":%d}' % number for number in range(first, last + 1)))


async def number_of(ws: Socket) -> Any:
    try:
        body = orjson.loads(await ws.text())
    except orjson.JSONDecodeError:
        return None
    return body["data"]["n"] if "data" in body else body["n"]


async def test_what_arrives_is_what_the_status_tells(tmp_path: Path) -> None:
    plan = FaultPlan(seed=5, frames=(
        FrameFaults(KEY, drop=0.1, duplicate=0.1, reorder=0.1, corrupt=0.1),
    ))  # fmt: skip
    simulator = faulty(tmp_path, plan)
    async with running(simulator) as client:
        ws, raw = await client.connect(PATH), await client.connect("/spot/ws/b@trade")
        await until(lambda: len(simulator.hub.subscribers(KEY)) == 2)
        numbered(simulator, 1, 400)
        status = simulator.control.status()
        told = status["faults"]["connections"]["1"][KEY]
        assert status["faults"]["connections"]["2"][KEY] == told  # not per connection
        arrived = told["frames"] - told["drop"] + told["duplicate"]
        assert status["streams"][KEY]["sent"] in (2 * arrived, 2 * arrived - 2)  # one may be kept
        found = [await number_of(ws) for _ in range(status["streams"][KEY]["sent"] // 2)]
        assert [await number_of(raw) for _ in found] == found
    hit = told["numbers"]
    assert found.count(None) == told["corrupt"] == len(hit["corrupt"]) > 20
    assert (
        sorted(number for number, count in Counter(found).items() if count == 2)
        == (hit["duplicate"])
    )
    missing = set(range(1, 400)) - set(found)
    assert missing == set(hit["drop"]) | set(hit["corrupt"]) - {400}
    reordered = [
        number for before, number in itertools.pairwise(found)
        if None not in (before, number) and number < before
    ]  # fmt: skip
    assert set(reordered) <= set(hit["reorder"])
    assert len(reordered) > 20


async def test_connections_can_have_faults_of_their_own(tmp_path: Path) -> None:
    plan = FaultPlan(per_connection=True, frames=(FrameFaults(drop=0.5),))
    simulator = faulty(tmp_path, plan)
    async with running(simulator) as client:
        await client.connect(PATH)
        await client.connect(PATH)
        await until(lambda: len(simulator.hub.subscribers(KEY)) == 2)
        numbered(simulator, 1, 50)
        told = simulator.control.status()["faults"]["connections"]
        assert told["1"][KEY]["numbers"] != told["2"][KEY]["numbers"]
        assert simulator.hub.sent[KEY] == 100 - told["1"][KEY]["drop"] - told["2"][KEY]["drop"]


async def test_late_frames_come_in_order_and_leave_when_faults_are_switched_off(
    tmp_path: Path,
) -> None:
    simulator = faulty(tmp_path, FaultPlan(frames=(FrameFaults(delay=1.0, delay_seconds=0.05),)))
    async with running(simulator) as client:
        ws = await client.connect(PATH)
        await until(lambda: bool(simulator.hub.subscribers(KEY)))
        numbered(simulator, 1, 3)
        assert simulator.hub.sent[KEY] == 0
        assert [await number_of(ws) for _ in range(3)] == [1, 2, 3]
        await client.post("/sim/faults", {"frames": [{"delay": 1.0, "delay_seconds": 3600}]})
        numbered(simulator, 4, 5)
        assert simulator.hub.sent[KEY] == 3
        assert await client.post("/sim/faults", {"on": False}) == (200, {})
        numbered(simulator, 6, 6)
        assert [await number_of(ws) for _ in range(3)] == [4, 5, 6]
        assert simulator.hub.sent[KEY] == 6


async def test_bad_plan_changes_nothing(tmp_path: Path) -> None:
    simulator = faulty(tmp_path, FaultPlan(seed=9))
    async with running(simulator) as client:
        status, answer = await client.post("/sim/faults", {"frames": [{"drop": 3}]})
        assert (status, "frames[0].drop" in answer["error"]) == (400, True)
        assert simulator.faults.plan == FaultPlan(seed=9)


async def answers(client: Client, path: str, count: int) -> list[int]:
    return [(await client.get(path))[0] for _ in range(count)]


async def test_rest_answers_fail_as_the_plan_says(tmp_path: Path) -> None:
    simulator = still(tmp_path)
    simulator.faults.replace(FaultPlan(rest=(
        RestFaults("spot:time", fail=1.0, status=429, retry_after=7, count=2),
        RestFaults("usdm:*", fail=1.0, status=503),
    )))  # fmt: skip
    async with running(simulator) as client:
        assert await client.header("/spot/api/v3/time", "Retry-After") == "7"
        assert await answers(client, "/spot/api/v3/time", 2) == [429, 200]
        assert await answers(client, "/usdm/fapi/v1/time", 2) == [503, 503]
        assert await answers(client, "/coinm/dapi/v1/time", 1) == [200]
        assert simulator.control.status()["faults"]["rest"] == {
            "spot:time": {"429": 2}, "usdm:time": {"503": 2},
        }  # fmt: skip
        assert simulator.control.status()["violations"] == 0


async def test_stale_depth_is_the_true_book_of_before() -> None:
    simulator = Simulator(SimulatorOptions(symbols=((Market.SPOT, "BTCUSDT"),), rate=20.0))
    path = "/spot/api/v3/depth?symbol=BTCUSDT&limit=5000"
    async with running(simulator) as client:
        await asyncio.sleep(2.2)  # marks are taken each second
        _, fresh = await client.get(path)
        stale_plan = {"rest": [{"calls": "spot:depth", "stale": 1, "stale_seconds": 1}]}
        await client.post("/sim/faults", stale_plan)
        _, stale = await client.get(path)
        assert stale["lastUpdateId"] < fresh["lastUpdateId"]
        true_path = f"/sim/book?market=spot&symbol=BTCUSDT&id={stale['lastUpdateId']}"
        _, true = await client.get(true_path)
        assert (true["bids"], true["asks"]) == (stale["bids"], stale["asks"])
        assert simulator.faults.counts.rest == {"spot:depth": {"stale": 1}}


async def test_episodes_happen_and_end(tmp_path: Path) -> None:
    episodes = (
        Episode(EpisodeKind.SILENT, "spot:b@*", at=0.0, lasts=0.3),
        Episode(EpisodeKind.REFUSE, "coinm", at=0.0, lasts=0.3, status=451),
        Episode(EpisodeKind.KILL, "usdm", at=0.1),
    )
    simulator = still(tmp_path)
    async with running(simulator) as client:
        ws, killed = await client.connect(PATH), await client.connect("/usdm/ws/b@depth")
        await until(lambda: len(simulator.server.connections) == 2)
        await simulator.control.on_faults(FaultPlan(episodes=episodes))
        await until(lambda: simulator.faults.counts.episodes.total() == 3)
        numbered(simulator, 1, 1)
        assert simulator.hub.sent[KEY] == 0
        assert simulator.server.doors[Market.COINM].knock(0.0) is not None
        assert simulator.server.doors[Market.SPOT].knock(0.0) is None
        assert (await killed.until_closed())[1] == 1006
        await until(lambda: bool(simulator.hub.outlets_of(KEY)))
        numbered(simulator, 2, 2)
        assert await number_of(ws) == 2
        log = simulator.control.status()["faults"]["episode_log"]
        assert {row["what"]: row["hit"] for row in log} == {
            "silent": [KEY], "refuse": ["coinm"], "kill": ["usdm"],
        }  # fmt: skip


async def test_new_plan_ends_the_episodes_of_the_old_one(tmp_path: Path) -> None:
    simulator = still(tmp_path)
    async with running(simulator) as client:
        await client.connect(PATH)
        await until(lambda: bool(simulator.hub.subscribers(KEY)))
        await client.post("/sim/faults", {"episodes": [{"what": "half_open", "lasts": 3600}]})
        (connection,) = simulator.server.connections
        await until(lambda: connection.describe()["held"])
        await client.post("/sim/faults", {"episodes": []})
        assert not connection.describe()["held"]


async def test_slow_connection_carries_its_bytes_a_second(tmp_path: Path) -> None:
    simulator = still(tmp_path)
    async with running(simulator) as client:
        ws = await client.connect(PATH)
        await until(lambda: bool(simulator.hub.subscribers(KEY)))
        await client.post("/sim/slow", {"connection": 1, "bytes_per_s": 1000})
        (connection,) = simulator.server.connections
        assert connection.describe()["bytes_per_s"] == 1000
        begun = asyncio.get_running_loop().time()
        publish(simulator, KEY, b'{"n":1,"pad":"%b"}' % (b"x" * 300))
        assert await number_of(ws) == 1
        assert asyncio.get_running_loop().time() - begun >= 0.3
        await client.post("/sim/slow", {"on": False})
        numbered(simulator, 2, 2)
        assert await number_of(ws) == 2
