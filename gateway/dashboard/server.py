"""HTTP on loopback: the page's files, and a WebSocket that pushes what a page looks at.

GET and HEAD only, nothing is written, and a name that is no file of the page is 404: no path of
this host is ever made from what is asked for.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
from collections.abc import Awaitable, Callable
from typing import Final

import orjson
from aiohttp import WSCloseCode, WSMsgType, web

from gateway.dashboard import guard, pages
from gateway.dashboard.feed import Feed
from gateway.dashboard.guard import Listen
from gateway.dashboard.looks import BYTES_MAX, Look, Seen, said
from gateway.dashboard.messages import Moment, message
from gateway.errors import PortTaken, UsageError

VIEWERS_MAX: Final = 16
HEARTBEAT_SECONDS: Final = 10.0
CLOSE_SECONDS: Final = 0.5
FEED_PATH: Final = "/feed"


class Viewer:
    """One page: what it shows, whether there is anything new, and whether it has taken the last.

    The next message waits for the page to say that it has shown the one before (and the first for
    it to say anything): queues of sockets and browsers hold one message, which is never old.
    """

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self.socket = socket
        self.look = Look()
        self.is_due = asyncio.Event()
        self.is_ready = asyncio.Event()


class Dashboard:
    """Serves one gateway, or whichever runs, to a few browsers."""

    def __init__(self, listen: Listen, rate: float, run_dir: str = "") -> None:
        self._listen = listen
        self._pages = pages.read()
        self._viewers: set[Viewer] = set()
        self._moment: Moment | None = None
        self._feed = Feed(run_dir, rate, self._looks, self._on_moment)
        self._runner: web.AppRunner | None = None
        self._reading: asyncio.Task[None] | None = None
        self.address = ""

    async def start(self) -> None:
        """Listen. Raises PortTaken, or UsageError for an address that this host does not have."""
        app = web.Application(middlewares=[_guarded], client_max_size=0)
        app.on_response_prepare.append(_headed)
        app.router.add_get(FEED_PATH, self._serve_feed)
        app.router.add_get("/{name:.*}", self._serve_page)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=CLOSE_SECONDS)
        await self._runner.setup()
        host, port = self._listen
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError as exc:
            await self._runner.cleanup()
            if exc.errno == errno.EADDRINUSE:
                remedy = "choose another with --listen, or port 0 for any free one"
                raise PortTaken(host, port, remedy) from exc
            problem = f"cannot be listened on: {exc.strerror or exc}"
            raise UsageError(f"{host}:{port}", problem, "choose another with --listen") from exc
        shown = f"[{host}]" if ":" in host else host
        self.address = f"http://{shown}:{self._runner.addresses[0][1]}/"
        self._reading = asyncio.create_task(self._feed.run())

    async def close(self) -> None:
        """Tell the pages that it ends, and end."""
        for viewer in list(self._viewers):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await viewer.socket.close(code=WSCloseCode.GOING_AWAY)
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait({self._reading})
        if self._runner is not None:
            await self._runner.cleanup()

    async def wait(self) -> None:
        """Serve for ever; raises what ended the reading, a bug of ours."""
        if self._reading is not None:
            await asyncio.shield(self._reading)

    def _looks(self) -> list[Look]:
        return [viewer.look for viewer in self._viewers]

    def _on_moment(self, moment: Moment) -> None:
        self._moment = moment
        for viewer in self._viewers:
            viewer.is_due.set()

    async def _serve_page(self, request: web.Request) -> web.Response:
        page = self._pages.get(request.path)
        if page is None:
            raise web.HTTPNotFound(text="there is one page here: /\n")
        return web.Response(body=page.body, content_type=page.content_type, charset="utf-8")

    async def _serve_feed(self, request: web.Request) -> web.StreamResponse:
        if len(self._viewers) >= VIEWERS_MAX:
            raise web.HTTPServiceUnavailable(text=f"{VIEWERS_MAX} pages are open already\n")
        socket = web.WebSocketResponse(
            heartbeat=HEARTBEAT_SECONDS, max_msg_size=BYTES_MAX, timeout=CLOSE_SECONDS,
            compress=False,
        )  # fmt: skip
        await socket.prepare(request)
        viewer = Viewer(socket)
        self._viewers.add(viewer)
        self._feed.want()
        pushing = asyncio.create_task(self._push(viewer))
        try:
            await self._listen_to(viewer)
        finally:
            self._viewers.discard(viewer)
            pushing.cancel()
            await asyncio.wait({pushing})
        return socket

    async def _listen_to(self, viewer: Viewer) -> None:
        """Take what the page says until it goes."""
        async for frame in viewer.socket:
            found = said(frame.data) if frame.type is WSMsgType.TEXT else None
            if found is None:
                await viewer.socket.close(code=WSCloseCode.UNSUPPORTED_DATA, message=b"not a look")
                return
            if isinstance(found, Seen):
                viewer.is_ready.set()
            else:
                viewer.look = found
                viewer.is_due.set()

    async def _push(self, viewer: Viewer) -> None:
        """Send the newest, as fast as the browser takes it and no faster than there is any."""
        while not viewer.socket.closed:
            await viewer.is_ready.wait()
            await viewer.is_due.wait()
            viewer.is_due.clear()
            if self._moment is None:
                continue
            viewer.is_ready.clear()
            data = orjson.dumps(message(self._moment, viewer.look))
            with contextlib.suppress(ConnectionError):  # it went while this was made
                await viewer.socket.send_str(data.decode())


@web.middleware
async def _guarded(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    problem = _refusal(request)
    return web.Response(status=403, text=problem) if problem else await handler(request)


async def _headed(request: web.Request, answer: web.StreamResponse) -> None:
    host = "localhost" if _refusal(request) else request.headers.get("Host", "")
    answer.headers.update(guard.headers(host))


def _refusal(request: web.Request) -> str:
    return guard.refusal({name.lower(): value for name, value in request.headers.items()})
