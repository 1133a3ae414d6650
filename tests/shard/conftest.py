"""What the tests of a whole shard share."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from gateway.plan import PlanStream
from gateway.shard import backoff
from tests.core.rig import Rig
from tests.shard.line import Line
from tests.shard.running import Running, plan_of
from tests.shard.venue import Venue

Start = Callable[..., Running]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reconnect within milliseconds, where a test is not about how long that takes."""
    for name, seconds in (("FIRST_MIN_S", 0.01), ("FIRST_MAX_S", 0.02), ("CAP_S", 0.05)):
        monkeypatch.setattr(backoff, name, seconds)


@pytest_asyncio.fixture
async def venue() -> AsyncIterator[Venue]:
    made = Venue()
    await made.start()
    yield made
    await made.stop()


@pytest_asyncio.fixture
async def start(venue: Venue, run_dir: Path) -> AsyncIterator[Start]:
    """Starts a shard with these streams; one connection to the venue, unless ``urls`` says more."""
    started: list[Running] = []

    def make(streams: list[PlanStream], urls: tuple[str, ...] = (), **more: Any) -> Running:
        started.append(Running(plan_of(run_dir, urls or (venue.url(),), streams, **more)))
        return started[-1]

    yield make
    for running in started:
        await running.stop()


@pytest_asyncio.fixture
async def line(venue: Venue) -> AsyncIterator[Line]:
    with Rig() as rig:
        made = Line(rig, venue)
        yield made
        await made.stop()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1, and its key."""
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


@pytest_asyncio.fixture
async def guarded(certificate: tuple[Path, Path]) -> AsyncIterator[Line]:
    """A line to a venue that speaks TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    venue = Venue()
    await venue.start(context)
    with Rig() as rig:
        made = Line(rig, venue)
        yield made
        await made.stop()
        await venue.stop()
