"""A password that was planted in the configuration is nowhere to be seen while a gateway runs."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import threading
import urllib.request
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.running import GATEWAY, Service, Simulator
from tests.shard.proxies import ConnectProxy
from tests.waiting import wait_for

SECRET = "hunter2-planted"
STREAMS = ("spot:btcusdt@bookTicker", "spot:btcusdt@depth@100ms")


class ProxyThread:
    """A proxy that asks for no password, in a loop of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.proxy = ConnectProxy()
        self._do(self.proxy.start())

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def stop(self) -> None:
        self._do(self.proxy.stop())

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture
def proxy() -> Iterator[ProxyThread]:
    made = ProxyThread()
    try:
        yield made
    finally:
        made.close()


def run(*arguments: str) -> str:
    done = subprocess.run(
        [*GATEWAY, *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    return done.stdout + done.stderr


def files_of(run_dir: Path) -> Iterator[bytes]:
    for path in run_dir.iterdir():
        if path.is_file():
            yield path.read_bytes()


def test_password_of_a_proxy_is_shown_nowhere(
    run_dir: Path, tmp_path: Path, proxy: ProxyThread
) -> None:
    address = proxy.proxy.url.replace("://", f"://me:{SECRET}@")
    config = tmp_path / "gateway.toml"
    config.write_text(f'[upstream]\nproxy = "{address}"\n[metrics]\nlisten = "127.0.0.1:0"\n')
    options = ("--config", str(config))
    with Simulator() as simulator, Service(run_dir, simulator, STREAMS, options) as service:
        service.wait_live(["spot:BTCUSDT"])
        assert proxy.proxy.targets, "nothing went through the proxy"
        metrics = next(
            line.split()[1] for line in service.log.read_text().splitlines()
            if line.startswith("  metrics ")
        )  # fmt: skip
        with urllib.request.urlopen(metrics, timeout=30) as answer:
            seen = [answer.read()]
        # A connection fails, and a reload meets an address that is none.
        proxy.stop()
        wait_for(lambda: "cannot connect" in service.log.read_text(), "a failure in the log")
        for wrong in (
            f"ftp://me:{SECRET}@h:1",
            f"http://me:{SECRET}@h:port",
            f"http://me:{SECRET}/x@h",
        ):
            config.write_text(f'[upstream]\nproxy = "{wrong}"\n')
            lines = service.log.read_text().count("nothing was changed")
            service.process.send_signal(signal.SIGHUP)
            wait_for(
                lambda before=lines: service.log.read_text().count("nothing was changed") > before,
                "the reload's line",
            )
            seen.append(run("config", "check", str(config)).encode())
        config.write_text(f'[upstream]\nproxy = "{address}"\n')
        seen += [
            run("status", "--run-dir", str(run_dir)).encode(),
            run("status", "--json", "--run-dir", str(run_dir)).encode(),
            run("config", "show", str(config)).encode(),
            run("config", "show", "--json", str(config)).encode(),
            service.log.read_bytes(),
            *files_of(run_dir),
            *(path.read_bytes() for path in Path("/proc").glob(f"{service.process.pid}/cmdline")),
            *(path.read_bytes() for path in Path("/proc").glob(f"{service.shard_pid()}/cmdline")),
        ]
    assert all(seen[:1]), "nothing was read"
    assert not [text[:200] for text in seen if SECRET.encode() in text]
