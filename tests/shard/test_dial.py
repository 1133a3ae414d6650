"""How WebSockets are opened: TLS, proxies, and why not."""

from __future__ import annotations

from pathlib import Path

import picows
import pytest

from gateway.errors import ConfigError
from gateway.shard.dial import Dialling, make_tls
from gateway.shard.refusal import Ending
from tests.shard.line import FRAME, Line
from tests.shard.proxies import ConnectProxy, SocksProxy
from tests.shard.venue import TEXT


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", [ConnectProxy, SocksProxy], ids=["http", "socks5"])
async def test_a_proxy_is_used_when_there_is_one(
    line: Line, kind: type[ConnectProxy] | type[SocksProxy]
) -> None:
    proxy = kind()
    await proxy.start()
    line.start(how=Dialling(proxy=proxy.url))
    session = await line.established()
    assert proxy.targets == [("127.0.0.1", line.venue.port)]
    session.send(TEXT, FRAME)
    await line.frames(1)
    await line.stop()
    await proxy.stop()


@pytest.mark.asyncio
@pytest.mark.parametrize("scheme", ["http", "socks5"])
async def test_an_unreachable_proxy_is_named_as_the_problem(line: Line, scheme: str) -> None:
    line.start(how=Dialling(proxy=f"{scheme}://127.0.0.1:1"))
    assert "connect" in (await line.task).problem.lower()
    assert line.venue.attempts == []


@pytest.mark.asyncio
async def test_a_host_that_refuses_is_told_in_words_without_its_address() -> None:
    ending = await Dialling().connect("ws://127.0.0.1:1/stream", picows.WSListener)
    assert isinstance(ending, Ending)
    assert ending.problem == "cannot connect: connection refused"


@pytest.mark.asyncio
async def test_a_proxy_that_refuses_is_named_as_the_problem(line: Line) -> None:
    proxy = ConnectProxy(status=407)
    await proxy.start()
    line.start(how=Dialling(proxy=proxy.url))
    assert "407" in (await line.task).problem
    await proxy.stop()


@pytest.mark.asyncio
async def test_tls_is_spoken_and_verified(guarded: Line, certificate: tuple[Path, Path]) -> None:
    url = f"wss://127.0.0.1:{guarded.venue.port}/stream"
    guarded.start(url, Dialling(make_tls(str(certificate[0]))))
    session = await guarded.established()
    session.send(TEXT, FRAME)
    await guarded.frames(1)


@pytest.mark.asyncio
async def test_a_certificate_nobody_vouches_for_is_refused(guarded: Line) -> None:
    guarded.start(f"wss://127.0.0.1:{guarded.venue.port}/stream", Dialling(make_tls("")))
    assert "certificate" in (await guarded.task).problem.lower()
    assert guarded.venue.sessions == []


@pytest.mark.parametrize("content", [None, b"no certificate"], ids=["missing", "not PEM"])
def test_an_unusable_authority_is_a_clear_error(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"tls_ca_file: cannot be used: .*; name a PEM file"):
        make_tls(str(path))
