"""HTTP in one process: pages, limits, and a loop that never waits for shared memory."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.config import Metrics
from gateway.errors import ConfigError, PortTaken
from gateway.metrics import server
from gateway.metrics.reader import Reader
from gateway.metrics.readings import ShardReading
from gateway.metrics.server import MetricsServer
from tests.metrics.made import REPORT, reading
from tests.metrics.scrape import get, parse
from tests.waiting import until

ANY_PORT = Metrics("127.0.0.1:0")
pytestmark = pytest.mark.asyncio


async def report() -> Mapping[str, Any]:
    return REPORT


@asynccontextmanager
async def serving(run_dir: Path, config: Metrics = ANY_PORT) -> AsyncIterator[MetricsServer]:
    made = MetricsServer(config, run_dir)
    await made.start()
    try:
        yield made
    finally:
        if isinstance(made._reader, SlowReader):
            made._reader.go_on.set()
        await made.close()


async def ask(at: MetricsServer, path: str, method: str = "GET") -> tuple[int, str, str]:
    return await asyncio.to_thread(get, at.address + path, method)


async def test_before_the_venue_has_answered_it_is_well_and_not_ready(tmp_path: Path) -> None:
    async with serving(tmp_path) as made:
        assert (await ask(made, "/healthz"))[::2] == (200, "ok: waiting for the venue\n")
        assert (await ask(made, "/readyz"))[::2] == (503, "waiting for the venue\n")
        status, kind, text = await ask(made, "/metrics")
        assert (status, kind) == (200, "text/plain; version=0.0.4; charset=utf-8")
        assert parse(text)["binance_gateway_shards"].total() == 0
        made.watch(2, report)
        assert (await ask(made, "/healthz"))[2] == "ok: starting 2 shards\n"
        found = parse((await ask(made, "/metrics"))[2])
        assert found["binance_gateway_shards"].total() == 2
        assert found["binance_gateway_shard_restarts_total"].total() == 6


async def test_other_pages_and_methods_are_refused(tmp_path: Path) -> None:
    async with serving(tmp_path) as made:
        assert (await ask(made, "/"))[0] == 404
        assert (await ask(made, "/metrics/"))[0] == 404
        assert (await ask(made, "/metrics", "POST"))[0] == 405
        assert (await ask(made, "/healthz", "HEAD"))[::2] == (200, "")


async def test_without_an_address_nothing_listens(tmp_path: Path) -> None:
    async with serving(tmp_path, Metrics()) as made:
        assert made.address == ""


async def test_port_that_is_taken_is_named_with_the_key(tmp_path: Path) -> None:
    async with serving(tmp_path) as made:
        taken = Metrics(made.address.removeprefix("http://"))
        with pytest.raises(PortTaken, match=r"taken by another process; .* \[metrics\] listen"):
            await MetricsServer(taken, tmp_path).start()


async def test_address_of_another_host_is_a_wrong_configuration(tmp_path: Path) -> None:
    foreign = Metrics("192.0.2.1:9464", public=True)  # TEST-NET-1: nobody has it
    with pytest.raises(ConfigError, match=r"metrics.listen: cannot listen on 192.0.2.1:9464: "):
        await MetricsServer(foreign, tmp_path).start()


async def test_port_is_free_again_after_the_end(tmp_path: Path) -> None:
    async with serving(tmp_path) as made:
        again = Metrics(made.address.removeprefix("http://"))
        await ask(made, "/healthz")
    async with serving(tmp_path, again) as made:
        assert (await ask(made, "/healthz"))[0] == 200


class SlowReader(Reader):
    """Takes as long as it is told."""

    def __init__(self, run_dir: Path) -> None:
        super().__init__(run_dir)
        self.go_on = threading.Event()
        self.readings = 0

    def read(self) -> list[ShardReading]:
        self.readings += 1
        assert self.go_on.wait(20)
        return [reading()]


async def test_loop_goes_on_while_memory_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = SlowReader(tmp_path)
    monkeypatch.setattr(server, "Reader", lambda _: slow)
    async with serving(tmp_path) as made:
        made.watch(1, report)
        asked = asyncio.create_task(ask(made, "/readyz"))
        # Were it read on the loop, we would not be here before it is done.
        await until(lambda: slow.readings)
        assert not asked.done()
        slow.go_on.set()
        assert (await asked)[0] == 200
        text = (await ask(made, "/metrics"))[2]
        assert parse(text)["binance_gateway_shard_up"].total() == 1


async def test_all_who_ask_share_one_reading_and_nobody_can_take_it_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = SlowReader(tmp_path)
    monkeypatch.setattr(server, "Reader", lambda _: slow)
    async with serving(tmp_path) as made:
        looks = [asyncio.create_task(made._look()) for _ in range(4)]
        await until(lambda: slow.readings)
        looks[0].cancel()
        slow.go_on.set()
        found = await asyncio.gather(*looks, return_exceptions=True)
        assert isinstance(found[0], asyncio.CancelledError)
        assert all(each is found[1] for each in found[1:])
        assert slow.readings == 1
        await made._look()
        assert slow.readings == 2


async def test_reading_that_takes_too_long_is_503(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = SlowReader(tmp_path)
    monkeypatch.setattr(server, "Reader", lambda _: slow)
    monkeypatch.setattr(server, "READING_SECONDS", 0.05)
    async with serving(tmp_path) as made:
        for _ in range(3):
            assert (await ask(made, "/healthz"))[::2] == (503, "it was not read within 0.05 s\n")
        assert slow.readings == 1
        slow.go_on.set()


async def test_connections_are_bounded_and_the_silent_ones_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "CONNECTIONS_MAX", 3)
    async with serving(tmp_path) as made:
        host, port = made.address.removeprefix("http://").split(":")
        open_ones = [await asyncio.open_connection(host, port) for _ in range(3)]
        http = made._http
        assert http is not None
        await until(lambda: len(http.connections) == 3)
        reader, writer = await asyncio.open_connection(host, port)
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        assert len(http.connections) == 3  # it was refused, and has not waited for its end
        for _, each in open_ones:
            each.close()
        writer.close()
        await until(lambda: not http.connections)
        monkeypatch.setattr(server, "CONNECTION_SECONDS", 0.05)
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: ")
        assert await asyncio.wait_for(reader.read(), 60) == b""
        writer.close()
