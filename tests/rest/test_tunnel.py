"""REST through a proxy that really tunnels: SOCKS5 and HTTP CONNECT, to a server with TLS too."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NoReturn

import msgspec
import pytest
from aiohttp import web

from gateway.config import Config, MarketHosts, Rest, Upstream, UpstreamHosts
from gateway.layout import Market
from gateway.rest.client import RestClient

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Proxy:
    """A proxy on loopback; ``asked`` are the destinations, ``refuses`` makes it say no."""

    def __init__(self) -> None:
        self.port = 0
        self.asked: list[tuple[str, int]] = []
        self.refuses = False
        self.is_mute = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        writers = [writer]
        try:
            first = await reader.readexactly(1)
            if self.is_mute:
                await asyncio.Event().wait()
            greet = self.socks if first == b"\x05" else self.http
            there = await greet(reader, writer)
            if there is not None:
                writers.append(there[1])
                await asyncio.gather(pump(reader, there[1]), pump(there[0], writer))
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # one of the three has gone
        finally:
            for each in writers:
                each.close()
            for each in writers:
                with contextlib.suppress(ConnectionError):
                    await each.wait_closed()

    async def socks(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> Streams | None:
        await reader.readexactly(1 + (await reader.readexactly(1))[0] - 1)
        writer.write(b"\x05\x00")
        head = await reader.readexactly(4)
        if head[3] == 3:
            host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
        else:
            host = socket.inet_ntoa(await reader.readexactly(4))
        port = int.from_bytes(await reader.readexactly(2))
        self.asked.append((host, port))
        answer = b"\x05" + (b"\x02" if self.refuses else b"\x00") + b"\x00\x01" + bytes(6)
        writer.write(answer)
        return None if self.refuses else await asyncio.open_connection(host, port)

    async def http(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> Streams | None:
        head = b"C" + await reader.readuntil(b"\r\n\r\n")
        host, _, port = head.split()[1].decode().rpartition(":")
        self.asked.append((host, int(port)))
        writer.write(b"HTTP/1.1 %s\r\n\r\n" % (b"403 No" if self.refuses else b"200 OK"))
        return None if self.refuses else await asyncio.open_connection(host, int(port))

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def proxy() -> AsyncIterator[Proxy]:
    made = Proxy()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        await made.close()


@asynccontextmanager
async def venue(tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=request.path)

    app = web.Application()
    app.router.add_get("/{tail:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    scheme = "https" if tls else "http"
    try:
        yield f"{scheme}://localhost:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def client(
    base: str, proxy: str, ca_file: str = "", **limits: float
) -> AsyncIterator[RestClient]:
    endpoints = UpstreamHosts(spot=MarketHosts(rest=(base,)))
    upstream = Upstream(endpoints=endpoints, proxy=proxy, tls_ca_file=ca_file)
    made = RestClient(Config(upstream=upstream, rest=msgspec.structs.replace(Rest(), **limits)))
    try:
        yield made
    finally:
        await made.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for localhost, in one PEM file."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    command = [
        "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
        "-keyout", str(path.with_suffix(".key")), "-out", str(path.with_suffix(".crt")),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    path.write_text(path.with_suffix(".key").read_text() + path.with_suffix(".crt").read_text())
    return path


@pytest.mark.asyncio
@pytest.mark.parametrize("scheme", ["socks5", "http"])
async def test_call_goes_through_the_proxy_which_resolves_the_name(scheme: str) -> None:
    async with (
        venue() as there,
        proxy() as through,
        client(there, f"{scheme}://127.0.0.1:{through.port}") as rest,
    ):
        for _ in range(2):
            answer = await rest.depth(Market.SPOT, "BTCUSDT", 100)
            assert (answer.error, answer.body) == ("", b"/api/v3/depth")
        port = int(there.rpartition(":")[2])
        assert through.asked == [("localhost", port)], "the tunnel is used again"


@pytest.mark.asyncio
@pytest.mark.parametrize("scheme", ["socks5", "http", ""], ids=["socks5", "http", "no proxy"])
async def test_tls_is_verified_through_the_tunnel(scheme: str, certificate: Path) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    async with venue(tls) as there, proxy() as through:
        address = f"{scheme}://127.0.0.1:{through.port}" if scheme else ""
        async with client(there, address, str(certificate)) as rest:
            assert (await rest.depth(Market.SPOT, "BTCUSDT", 100)).body == b"/api/v3/depth"
        async with client(there, address) as rest:
            answer = await rest.depth(Market.SPOT, "BTCUSDT", 100)
            assert answer.status == 0
            assert "its certificate is not trusted (self-signed cert" in answer.error
            assert "name its authority with upstream.tls_ca_file" in answer.error


@pytest.mark.asyncio
@pytest.mark.parametrize("scheme", ["socks5", "http"])
async def test_proxy_that_says_no_is_named(scheme: str) -> None:
    async with venue() as there, proxy() as through:
        through.refuses = True
        async with client(there, f"{scheme}://127.0.0.1:{through.port}") as rest:
            answer = await rest.depth(Market.SPOT, "BTCUSDT", 100)
        assert answer.status == 0
        assert answer.error.startswith(f"proxy 127.0.0.1:{through.port}: does not let us through (")


@pytest.mark.asyncio
@pytest.mark.parametrize("scheme", ["socks5", "http"])
async def test_unreachable_proxy_is_one_clear_line_without_its_password(scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    async with client("http://localhost:1", f"{scheme}://me:secret@127.0.0.1:{port}") as rest:
        answer = await rest.depth(Market.SPOT, "BTCUSDT", 100)
    assert (answer.status, answer.error) == (0, f"proxy 127.0.0.1:{port}: connection refused")


@pytest.mark.asyncio
@pytest.mark.parametrize("scheme", ["socks5", "http"])
async def test_proxy_without_an_address_is_told_in_words(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unknown(*_: object, **__: object) -> NoReturn:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", unknown, raising=False)
    async with client("http://localhost:1", f"{scheme}://nowhere.invalid:1080") as rest:
        answer = await rest.depth(Market.SPOT, "BTCUSDT", 100)
    expected = "proxy nowhere.invalid:1080: name or service not known"
    assert (answer.status, answer.error) == (0, expected)


@pytest.mark.asyncio
@pytest.mark.parametrize("scheme", ["socks5", "http"])
async def test_mute_proxy_is_given_up(scheme: str) -> None:
    async with proxy() as through:
        through.is_mute = True
        address = f"{scheme}://127.0.0.1:{through.port}"
        async with client("http://localhost:1", address, timeout_seconds=0.2) as rest:
            answer = await rest.depth(Market.SPOT, "BTCUSDT", 100)
        assert answer.error == f"proxy 127.0.0.1:{through.port}: no answer within 0.2 s"
