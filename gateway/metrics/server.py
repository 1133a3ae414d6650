"""HTTP for monitoring, from the supervisor's own loop: /metrics, /healthz, /readyz; GET and HEAD.

Bounded, as whoever asks may be anybody on this host: so many connections at a time, so long for
each, one request on it, no body. Shared memory is read in a thread, one reading at a time; who asks
meanwhile gets the same one. Nothing is read, and no thread is there, while nobody asks.
"""

from __future__ import annotations

import asyncio
import errno
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from aiohttp import web

from gateway.config import Metrics
from gateway.errors import ConfigError, PortTaken
from gateway.metrics import health, usage
from gateway.metrics.exposition import CONTENT_TYPE, render
from gateway.metrics.families import Report, families
from gateway.metrics.reader import Reader
from gateway.metrics.readings import ShardReading

CONNECTIONS_MAX: Final = 32
CONNECTION_SECONDS: Final = 10.0  # from accept to close, whatever the other side does
READING_SECONDS: Final = 5.0
CLOSE_SECONDS: Final = 0.2  # for answers under way at the end
PLAIN: Final = "text/plain; charset=utf-8"
_PAGES: Final = ("/metrics", "/healthz", "/readyz")
_REMEDY: Final = "choose another address in [metrics] listen, or port 0 for any free one"

Reporter = Callable[[], Awaitable[Report]]


@dataclass(frozen=True, slots=True)
class Reading:
    """What one look at shared memory found, and the seconds that it took."""

    shards: list[ShardReading]
    seconds: float


class MetricsServer:
    """Off where nothing is configured: then it does nothing at all."""

    def __init__(self, config: Metrics, run_dir: Path) -> None:
        self._config = config
        self._reader = Reader(run_dir)
        self._server: asyncio.Server | None = None
        self._http: web.Server | None = None
        self._shards = 0
        self._report: Reporter | None = None
        self._reading: asyncio.Task[Reading] | None = None
        self.address = ""

    async def start(self) -> None:
        """Listen, where configured. Raises PortTaken, or ConfigError for an impossible address."""
        if not self._config.listen:
            return
        host, port = self._config.address
        http = self._http = web.Server(self._serve, access_log=None)
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(lambda: _accept(http), host, port)
        except OSError as exc:
            if exc.errno == errno.EADDRINUSE:
                raise PortTaken(host, port, _REMEDY) from exc
            problem = f"cannot listen on {self._config.listen}: {exc.strerror or exc}"
            raise ConfigError("metrics.listen", problem, "choose another address") from exc
        shown = f"[{host}]" if ":" in host else host
        self.address = f"http://{shown}:{self._server.sockets[0].getsockname()[1]}"

    def watch(self, shards: int, report: Reporter) -> None:
        """The venue has answered: ``shards`` will run, ``report`` tells of the supervisor."""
        self._shards = shards
        self._report = report

    async def close(self) -> None:
        """Take no more connections and end those there are."""
        if self._server is None or self._http is None:
            return
        self._server.close()
        await self._http.shutdown(CLOSE_SECONDS)
        if self._reading is not None:
            await asyncio.wait({self._reading})
        self._reader.close()

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        answer = await self._answer(request)
        answer.force_close()
        return answer

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        if request.path not in _PAGES:
            return _text(404, f"there are {', '.join(_PAGES)}\n")
        if request.method not in ("GET", "HEAD"):
            return _text(405, "GET or HEAD\n")
        try:
            async with asyncio.timeout(READING_SECONDS):
                reading = await self._look()
                if request.path == "/metrics":
                    return _text(200, await self._metrics(reading), CONTENT_TYPE)
        except TimeoutError:
            return _text(503, f"it was not read within {READING_SECONDS:g} s\n")
        judge = health.healthy if request.path == "/healthz" else health.ready
        verdict = judge(self._shards, reading.shards)
        return _text(200 if verdict.is_well else 503, f"{verdict.line}\n")

    async def _metrics(self, reading: Reading) -> str:
        report = await self._report() if self._report is not None else {}
        # In a thread too: ten thousand streams are counted here.
        return await asyncio.to_thread(self._text, reading, report)

    def _text(self, reading: Reading, report: Report) -> str:
        used = usage.of_all(report)
        return render(families(self._shards, reading.shards, report, reading.seconds, used))

    async def _look(self) -> Reading:
        """Return a reading: the one that is under way, else a new one."""
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(asyncio.to_thread(self._read))
        # Shielded: one who goes away must not take it from the others.
        return await asyncio.shield(self._reading)

    def _read(self) -> Reading:
        began = time.perf_counter()
        shards = self._reader.read()
        return Reading(shards, time.perf_counter() - began)


def _accept(http: web.Server) -> asyncio.BaseProtocol:
    """Return what speaks on a new connection."""
    if len(http.connections) >= CONNECTIONS_MAX:
        return _Full()
    protocol = http()
    # A request that never ends would keep its connection for ever.
    asyncio.get_running_loop().call_later(CONNECTION_SECONDS, protocol.force_close)
    return protocol


class _Full(asyncio.Protocol):
    """Stands for a connection too many: closed at once."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast("asyncio.Transport", transport).abort()


def _text(status: int, text: str, content_type: str = PLAIN) -> web.Response:
    headers = {"Content-Type": content_type, "Cache-Control": "no-store"}
    return web.Response(status=status, body=text.encode(), headers=headers)
