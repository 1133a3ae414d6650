"""Handshakes over real sockets: attempts, refusals of each class, and a port that is deaf."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.simulator.conduct import Violation

from .client import Client, running
from .still import still

pytestmark = pytest.mark.asyncio


async def refused(client: Client, path: str) -> tuple[int, str | None]:
    """Return status and Retry-After of a handshake that must not succeed."""
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await client.connect(path)
    assert caught.value.headers is not None
    return caught.value.status, caught.value.headers.get("Retry-After")


async def test_too_many_attempts_are_refused_with_the_time_to_wait(tmp_path: Path) -> None:
    simulator = still(tmp_path, attempts=3)
    async with running(simulator) as client:
        for _ in range(3):
            await client.connect("/spot/stream")
        status, retry_after = await refused(client, "/spot/stream")
        assert status == 429
        assert 0 < int(retry_after or 0) <= 300
        assert simulator.conduct.violations == {Violation.ATTEMPTS: 1}
        await client.connect("/coinm/stream")
        assert (await client.post("/sim/rules", {"attempts": 5})) == (200, {})
        await client.connect("/spot/stream")


@pytest.mark.parametrize("status", [403, 418, 429, 451, 503])
async def test_handshakes_are_refused_as_ordered_and_that_breaks_no_rule(
    tmp_path: Path, status: int
) -> None:
    simulator = still(tmp_path)
    async with running(simulator) as client:
        order: dict[str, Any] = {"status": status, "count": 2, "market": "spot", "retry_after": 9}
        assert await client.post("/sim/refuse", order) == (200, {})
        await client.connect("/usdm/stream")
        for _ in range(2):
            assert await refused(client, "/spot/stream") == (status, "9")
        await client.connect("/spot/stream")
        found = simulator.control.status()
        assert (found["refused"], found["violations"]) == ({str(status): 2}, 0)


async def test_refusal_without_a_number_ends_when_it_is_switched_off(tmp_path: Path) -> None:
    async with running(still(tmp_path)) as client:
        await client.post("/sim/refuse", {"status": 503})
        for _ in range(3):
            assert await refused(client, "/coinm/ws") == (503, None)
        await client.post("/sim/refuse", {"on": False})
        await client.connect("/coinm/ws")


async def test_deaf_port_refuses_tcp_and_keeps_who_is_connected(tmp_path: Path) -> None:
    simulator = still(tmp_path)
    async with running(simulator) as client:
        ws = await client.connect("/spot/stream")
        await client.post("/sim/refuse", {"status": "tcp"})
        assert simulator.control.status()["listening"] is False
        with pytest.raises(aiohttp.ClientConnectorError):
            await client.connect("/spot/stream")
        assert await ws.ask("LIST_SUBSCRIPTIONS") == {"result": [], "id": 1}
        assert await client.post("/sim/refuse", {"on": False}) == (200, {})
        await client.connect("/spot/stream")
        assert simulator.control.status()["listening"] is True
