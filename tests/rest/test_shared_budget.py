"""Several real processes on one state file, against a real server that judges what arrives."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from gateway.layout import Market
from gateway.rest.turns import FILE_NAME
from gateway.rest.weight_log import Weights
from gateway.state import StateFile
from tests.rest.test_client import Venue, client, venue

WATCHDOG = 60.0
ON_ITS_WAY = 0.5  # seconds: what had left when the refusal was answered
ASKING = """
import asyncio, sys
from pathlib import Path
from gateway.config import Config, Upstream
from gateway.layout import Market
from gateway.plan import Need
from gateway.rest.client import RestClient

async def main(base, state, limit):
    rest = RestClient(Config(upstream=Upstream("ws://127.0.0.1:1", base)), Path(state))
    if limit:
        rest.learn(Market.SPOT, limit)
    async def ask(name):
        while True:
            answer = await rest.depth(Market.SPOT, name, 100, need=Need.LOST)
            await asyncio.sleep(0.01 if answer.is_ok else 0.1)
    await asyncio.gather(*(ask(f"{name}") for name in range(8)))

asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
"""


class Asking:
    """Processes that ask for books without a pause."""

    def __init__(self, base: str, state: Path, limit: int = 0) -> None:
        self._line = (sys.executable, "-c", ASKING, base, str(state), str(limit))
        self._all: list[asyncio.subprocess.Process] = []

    async def start(self) -> None:
        self._all.append(await asyncio.create_subprocess_exec(*self._line))

    async def kill(self, number: int = 0) -> None:
        process = self._all.pop(number)
        process.kill()
        await process.wait()


@asynccontextmanager
async def asking(there: Venue, state: Path, limit: int = 0) -> AsyncIterator[Asking]:
    made = Asking(there.base, state, limit)
    for _ in range(4):
        await made.start()
    try:
        yield made
    finally:
        while made._all:
            await made.kill()


async def until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + WATCHDOG
    while not condition():
        assert time.monotonic() < deadline, f"{what} never came"
        await asyncio.sleep(0.02)


@pytest.mark.asyncio
async def test_four_processes_and_a_restart_spend_one_line(tmp_path: Path) -> None:
    weight = 0

    async def answer(_: web.Request) -> web.StreamResponse:
        nonlocal weight
        weight += 5
        return web.Response(text="{}")

    limit, line = 250, 200
    async with venue(answer) as there, asking(there, tmp_path, limit) as processes:
        await until(lambda: weight == line, "the line to be reached")
        await processes.kill()
        await processes.start()
        await processes.start()
        await asyncio.sleep(2.0)
        assert weight == line


@pytest.mark.asyncio
@pytest.mark.parametrize("status", [429, 418])
async def test_no_request_at_all_while_held_by_any_process(tmp_path: Path, status: int) -> None:
    """Retry-After counts for four processes, and for one that is started meanwhile."""
    hold_s, held_at = 4.0, 0.0
    during: list[float] = []
    after: list[float] = []

    async def answer(_: web.Request) -> web.StreamResponse:
        nonlocal held_at
        now = time.monotonic()
        if not held_at:
            if len(there.asked) < 40:
                return web.Response(text="{}")
            held_at = now
        if now < held_at + hold_s:
            if now > held_at + ON_ITS_WAY:
                during.append(now - held_at)
            left = held_at + hold_s - now
            return web.Response(status=status, headers={"Retry-After": str(-int(-left // 1))})
        after.append(now - held_at)
        return web.Response(text="{}")

    async with venue(answer) as there, asking(there, tmp_path) as processes:
        await until(lambda: held_at, "a refusal")
        await asyncio.sleep(0.2)
        await processes.kill()
        await processes.start()
        await until(lambda: after, "the first call after it")
    assert during == []
    assert min(after) >= hold_s


@pytest.mark.asyncio
async def test_ban_survives_the_process_that_was_told(tmp_path: Path) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        until_ms = int((time.time() + 300) * 1000)
        text = f"Way too much request weight used; IP banned until {until_ms}."
        return web.json_response({"code": -1003, "msg": text}, status=418)

    async with venue(answer) as there:
        async with client(there.base, tmp_path) as rest:
            await rest.depth(Market.SPOT, "BTCUSDT", 100)
        async with client(there.base, tmp_path) as rest:
            refused = await rest.exchange_info(Market.SPOT)
        assert refused.error.startswith("HTTP 418: the venue wants no call for ")
        assert len(there.asked) == 1
    file = StateFile(tmp_path, FILE_NAME, Weights)
    (pool,) = file.update(lambda content: list(content.pools.values()))
    assert 290 < pool.held_until - time.monotonic() <= 301
    assert pool.spent, "the refused call has cost its weight"


@pytest.mark.asyncio
async def test_other_venues_have_budgets_of_their_own(tmp_path: Path) -> None:
    async def refuse(_: web.Request) -> web.StreamResponse:
        return web.Response(status=418, headers={"Retry-After": "300"})

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(text="{}")

    async with venue(refuse) as bad, venue(answer) as good:
        async with client(bad.base, tmp_path) as rest:
            assert (await rest.depth(Market.SPOT, "BTCUSDT", 100)).status == 418
        async with client(good.base, tmp_path) as rest:
            assert (await rest.depth(Market.SPOT, "BTCUSDT", 100)).is_ok
