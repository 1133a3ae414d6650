"""The dashboard over real sockets: headers, refusals, slow pages, gateways that come and go."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.dashboard import server
from gateway.dashboard.guard import Listen
from gateway.dashboard.server import Dashboard
from gateway.errors import PortTaken
from gateway.layout import Kind
from tests.clients.support import Shard
from tests.integration.running import GATEWAY

RATE = 20.0


@contextlib.asynccontextmanager
async def serving(run_dir: Path) -> AsyncIterator[str]:
    dashboard = Dashboard(Listen("127.0.0.1", 0), RATE, str(run_dir))
    await dashboard.start()
    try:
        yield dashboard.address
    finally:
        await dashboard.close()


def shard(run_dir: Path, timeout_ms: int = 60_000) -> Shard:
    made = Shard(run_dir, timeout_ms=timeout_ms).start()
    made.add_stream("spot:btcusdt@depth", Kind.DIFF, 0, sequence=1, mono_recv=1)
    made.write_book(0, [(10000, 7), (9990, 8)], [(10010, 9)], sequence=1, bid_total=2, ask_total=1)
    return made


@contextlib.asynccontextmanager
async def opened(url: str, **look: object) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{url}feed") as page:
        await page.send_json({"type": "look", **look})
        await page.send_json({"type": "seen"})
        yield page


async def until(page: aiohttp.ClientWebSocketResponse, what: Callable[[Any], bool]) -> Any:
    """Take messages as a page does until one is as wanted."""
    async with asyncio.timeout(20):
        while True:
            found = await page.receive_json()
            await page.send_json({"type": "seen"})
            if what(found):
                return found


@pytest.mark.asyncio
async def test_page_is_served_with_headers_that_bind_it(run_dir: Path) -> None:
    async with serving(run_dir) as url, aiohttp.ClientSession() as session:
        async with session.get(url) as answer:
            assert (answer.status, answer.content_type) == (200, "text/html")
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert "Access-Control-Allow-Origin" not in answer.headers
            assert "main.js" in await answer.text()
        async with session.get(f"{url}main.js") as answer:
            assert answer.content_type == "text/javascript"


@pytest.mark.parametrize(
    "path", ["none", "../server.py", "%2e%2e/server.py", "/etc/passwd", "page/"]
)
@pytest.mark.asyncio
async def test_nothing_but_the_page_is_there(run_dir: Path, path: str) -> None:
    async with serving(run_dir) as url:
        host, port = url.removeprefix("http://").rstrip("/").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        assert (await reader.read()).startswith(b"HTTP/1.1 404")
        writer.close()


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
@pytest.mark.asyncio
async def test_nothing_can_be_written(run_dir: Path, method: str) -> None:
    async with (
        serving(run_dir) as url,
        aiohttp.ClientSession() as session,
        session.request(method, url, data=b"x") as answer,
    ):
        assert answer.status == 405


@pytest.mark.parametrize("path", ["", "feed"])
@pytest.mark.parametrize(
    "headers", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}, {"Origin": "null"}]
)
@pytest.mark.asyncio
async def test_other_sites_get_nothing(run_dir: Path, path: str, headers: dict[str, str]) -> None:
    async with serving(run_dir) as url, aiohttp.ClientSession() as session:
        upgrade = {"Connection": "Upgrade", "Upgrade": "websocket"}
        async with session.get(url + path, headers={**upgrade, **headers}) as answer:
            assert answer.status == 403


@pytest.mark.asyncio
async def test_message_has_the_ladder_and_the_table(run_dir: Path) -> None:
    shard(run_dir)
    async with serving(run_dir) as url, opened(url, symbol="spot:BTCUSDT", levels=1) as page:
        found = await until(page, lambda said: said.get("selected", {}).get("book"))
    assert found["gateway"]["state"] == "LIVE"
    assert found["selected"]["book"]["bids"] == [["100.00", "0.00007", "0.00007"]]
    assert found["selected"]["book"]["bid_total"] == 2
    assert [row["symbol"] for row in found["table"]["rows"]] == ["spot:BTCUSDT", "spot:ETHUSDT"]


@pytest.mark.asyncio
async def test_page_that_says_nonsense_is_left(run_dir: Path) -> None:
    async with serving(run_dir) as url, opened(url) as page:
        await page.send_str('{"type": "look", "rows": 100000}')
        async with asyncio.timeout(20):
            while (await page.receive()).type is aiohttp.WSMsgType.TEXT:
                pass
        assert page.close_code == aiohttp.WSCloseCode.UNSUPPORTED_DATA


@pytest.mark.asyncio
async def test_slow_page_gets_the_newest_and_no_queue(run_dir: Path) -> None:
    shard(run_dir)
    async with serving(run_dir) as url, opened(url) as slow, opened(url) as quick:
        await slow.receive_json()  # and not a word that it was seen
        first = await until(quick, lambda said: True)
        now = await until(quick, lambda said: said["number"] > first["number"] + 20)
        # A look is answered at once otherwise; and a page that reads nothing gets none either.
        await slow.send_json({"type": "look"})
        with pytest.raises(TimeoutError):
            await slow.receive(timeout=0.2)
        await slow.send_json({"type": "seen"})
        assert (await slow.receive_json())["number"] >= now["number"]


@pytest.mark.asyncio
async def test_pages_are_counted(run_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "VIEWERS_MAX", 1)
    async with serving(run_dir) as url, aiohttp.ClientSession() as session, opened(url) as page:
        await until(page, lambda said: True)
        with pytest.raises(aiohttp.WSServerHandshakeError, match="503"):
            await session.ws_connect(f"{url}feed")


@pytest.mark.asyncio
async def test_page_waits_for_a_gateway_tells_its_death_and_follows_the_next(run_dir: Path) -> None:
    async with serving(run_dir) as url, opened(url) as page:
        found = await until(page, lambda said: True)
        assert found["gateway"]["state"] == "WAITING"
        assert str(run_dir) in found["gateway"]["why"]
        shard(run_dir, timeout_ms=1000)  # and nothing beats its heart
        found = await until(page, lambda said: said["gateway"]["state"] == "DEAD")
        assert found["shards"][0]["state"] == "DEAD"
        assert found["selected"]["book"]["state"] == "DEAD"
        assert found["selected"]["row"]["state"] == "DEAD"
        shard(run_dir)
        found = await until(page, lambda said: said["gateway"]["state"] == "LIVE")
        assert found["shards"][0]["state"] == "LIVE"


@pytest.mark.asyncio
async def test_taken_port_is_told(run_dir: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(PortTaken):
            await Dashboard(Listen("127.0.0.1", taken.getsockname()[1]), RATE).start()


def test_command_refuses_in_one_line_and_ends_when_told(run_dir: Path) -> None:
    def refused(listen: str) -> tuple[int, int]:
        said = subprocess.run((*command, listen), capture_output=True, text=True, check=False)
        return said.returncode, said.stderr.count("\n")

    command = (*GATEWAY, "dashboard", "--run-dir", str(run_dir), "--listen")
    assert refused("0.0.0.0:9465") == (2, 1)
    with subprocess.Popen((*command, "127.0.0.1:0"), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = process.stdout.readline().split("127.0.0.1:")[1].split("/")[0]
        assert refused(f"127.0.0.1:{port}") == (98, 1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
