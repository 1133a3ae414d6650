"""The gate with real files: one count for all gateways, which survives them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from gateway.state import StateFile
from gateway.supervisor.attempts import Attempts
from gateway.supervisor.gate import Gate


def gate(folder: Path | None, attempts_max: int = 3) -> Gate:
    return Gate(StateFile(folder, "connections.json", Attempts), attempts_max)


@pytest.mark.asyncio
async def test_two_gateways_share_one_budget(tmp_path: Path) -> None:
    first, second = gate(tmp_path), gate(tmp_path)
    waits = await asyncio.gather(*(g.ask("h.example:443") for g in (first, second) * 3))
    assert sum(wait == 0 for wait in waits) == 3
    assert all(295 < wait <= 300 for wait in waits if wait)
    assert await gate(tmp_path).ask("h.example") > 0, "it survives them"


@pytest.mark.asyncio
async def test_simulators_on_this_host_have_budgets_of_their_own(tmp_path: Path) -> None:
    one = gate(tmp_path, attempts_max=1)
    for host in ("127.0.0.1:1", "127.0.0.1:2", "h.example:1"):
        assert await one.ask(host) == 0
    for host in ("127.0.0.1:1", "h.example:2", "other.h.example"):
        assert await one.ask(host) > 0


@pytest.mark.asyncio
async def test_refusal_holds_the_host_for_all(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await gate(tmp_path).refuse("h.example", 418, 120.0)
    assert 119 < await gate(tmp_path).ask("h.example") <= 120
    text = "h.example: refused a connection with HTTP 418; h.example is left alone for 120 s"
    assert text in caplog.text
    found = await gate(tmp_path).hosts()
    assert found["h.example"]["status"] == 418


@pytest.mark.asyncio
async def test_ban_of_our_address_holds_the_fail_over_hosts_too(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await gate(tmp_path).refuse("stream.binance.com", 429, 60.0)
    assert 59 < await gate(tmp_path).ask("data-stream.binance.vision") <= 60
    assert "stream.binance.com: refused a connection with HTTP 429; binance.com is" in caplog.text
    await gate(tmp_path).refuse("a.mirror.example", 403, 60.0)
    assert await gate(tmp_path).ask("b.mirror.example") == 0


@pytest.mark.asyncio
async def test_exhausted_budget_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    one = gate(None, attempts_max=1)
    for _ in range(10):
        await one.ask("h.example")
    assert caplog.text.count("h.example: no connection may be attempted for 300 s") == 1
