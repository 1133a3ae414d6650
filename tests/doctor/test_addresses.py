"""Hosts and clocks of a venue that is one socket on loopback, with TLS and behind proxies."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from gateway.config import Config, MarketHosts, Upstream, UpstreamHosts
from gateway.doctor.addresses import distinct, knock
from gateway.doctor.findings import Finding, Verdict
from gateway.doctor.venue import look_at_clock
from gateway.layout import Market
from gateway.rest.client import RestClient
from gateway.shard.dial import make_tls
from tests.shard.proxies import ConnectProxy, SocksProxy

Files = tuple[Path, Path]
Handler = Callable[[web.Request], Awaitable[web.Response]]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """A self-signed certificate for 127.0.0.1, good for two days, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed: TLS is not tested")
    folder = tmp_path_factory.mktemp("tls")
    made = (folder / "cert.pem", folder / "key.pem")
    command = [
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
        "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
        "-out", str(made[0]), "-keyout", str(made[1]),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    return made


@asynccontextmanager
async def listening(certificate: Files | None = None) -> AsyncIterator[int]:
    """A server that says nothing; its port."""
    tls = None
    if certificate is not None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*certificate)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()


@pytest.mark.asyncio
async def test_certificate_is_verified_and_its_days_are_counted(certificate: Files) -> None:
    async with listening(certificate) as port:
        url = f"wss://127.0.0.1:{port}/stream"
        trusted = await knock(url, make_tls(str(certificate[0])), "")
        stranger = await knock(url, make_tls(""), "")
    assert (trusted.problem, trusted.tls_problem) == ("", "")
    assert trusted.days == pytest.approx(2.0, abs=0.2)
    assert stranger.tls_problem == "not trusted (self-signed certificate)"
    assert (stranger.problem, stranger.days) == ("", None)


@pytest.mark.asyncio
async def test_host_without_tls_is_told_from_one_that_does_not_answer() -> None:
    async with listening() as port:
        plain = await knock(f"ws://127.0.0.1:{port}", make_tls(""), "")
    assert (plain.problem, plain.tls_problem, plain.days) == ("", "", None)
    closed = await knock(f"ws://127.0.0.1:{port}", make_tls(""), "")
    assert closed.problem == "connection refused"
    unknown = await knock("wss://no-such-host.invalid", make_tls(""), "")
    assert unknown.host == "no-such-host.invalid:443"
    assert unknown.problem


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", [ConnectProxy, SocksProxy])
async def test_proxy_leads_there(
    certificate: Files, kind: type[ConnectProxy] | type[SocksProxy]
) -> None:
    proxy = kind()
    await proxy.start()
    async with listening(certificate) as port:
        url = f"https://127.0.0.1:{port}"
        found = await knock(url, make_tls(str(certificate[0])), proxy.url)
    await proxy.stop()
    assert (found.problem, found.tls_problem) == ("", "")
    assert proxy.targets == [("127.0.0.1", port)]


@pytest.mark.asyncio
async def test_proxy_that_says_no_is_the_problem() -> None:
    proxy = ConnectProxy(status=403)
    await proxy.start()
    async with listening() as port:
        found = await knock(f"http://127.0.0.1:{port}", make_tls(""), proxy.url)
    await proxy.stop()
    assert found.problem.startswith("proxy 127.0.0.1:")


def test_host_is_knocked_at_once() -> None:
    urls = ("wss://a:9443", "wss://a:443", "wss://a:9443")
    assert distinct(urls) == ["wss://a:9443", "wss://a:443"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("behind_s", "verdict"), [(0.0, Verdict.OK), (0.9, Verdict.WARN), (5.0, Verdict.BAD)]
)
async def test_clock_is_compared_with_the_venues(
    behind_s: float, verdict: Verdict, tmp_path: Path
) -> None:
    async def tell(_: web.Request) -> web.Response:
        return web.json_response({"serverTime": round((time.time() - behind_s) * 1e3)})

    found = await _clock(tell, tmp_path)
    assert found.verdict is verdict
    assert float(found.seen.split()[0]) == pytest.approx(behind_s * 1e3, abs=80)


@pytest.mark.asyncio
async def test_answer_without_a_time_is_named(tmp_path: Path) -> None:
    async def tell(_: web.Request) -> web.Response:
        return web.json_response({"time": 1})

    found = await _clock(tell, tmp_path)
    assert (found.verdict, found.code) == (Verdict.BAD, 69)
    assert "serverTime" in found.seen


async def _clock(tell: Handler, state: Path) -> Finding:
    application = web.Application()
    application.add_routes([web.get("/api/v3/time", tell)])
    runner = web.AppRunner(application)
    await runner.setup()
    end = socket.create_server(("127.0.0.1", 0))
    await web.SockSite(runner, end).start()
    hosts = MarketHosts(rest=(f"http://127.0.0.1:{end.getsockname()[1]}",))
    rest = RestClient(Config(upstream=Upstream(endpoints=UpstreamHosts(spot=hosts))), state)
    try:
        return await look_at_clock(rest, Market.SPOT, "clock of spot")
    finally:
        await rest.close()
        await runner.cleanup()
