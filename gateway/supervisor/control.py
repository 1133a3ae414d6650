"""The control socket: a ZeroMQ ROUTER at ``<run dir>/control.sock``, mode 0660.

Reads requests, has them served one task each, sends the replies. A request may come as one frame
(DEALER) or behind an empty one (REQ); its reply goes back the same way. Nothing that a client sends
raises here: what cannot be served is answered with an error, and one that does not read its replies
loses them.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final

import zmq
import zmq.asyncio

from gateway.errors import GatewayError, RunDirError
from gateway.supervisor import requests
from gateway.supervisor.admission import Admission
from gateway.supervisor.requests import Request, RequestError

log = logging.getLogger("gateway.supervisor")

SOCKET_MODE: Final = 0o660
_MESSAGE_BYTES_MAX: Final = 4 * requests.REQUEST_BYTES_MAX  # over it ZeroMQ drops the client
_HELD_FOR_A_CLIENT: Final = 16  # messages, each way

Serve = Callable[[Request], Awaitable[Mapping[str, Any]]]


class ControlSocket:
    """Made inside a running event loop; raises RunDirError where it cannot be bound."""

    def __init__(self, path: Path, serve: Serve) -> None:
        self._serve = serve
        self._admission = Admission()
        self._tasks: set[asyncio.Task[None]] = set()
        self._context = zmq.asyncio.Context()
        self._socket = self._context.socket(zmq.ROUTER)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.SNDHWM, _HELD_FOR_A_CLIENT)
        self._socket.setsockopt(zmq.RCVHWM, _HELD_FOR_A_CLIENT)
        self._socket.setsockopt(zmq.MAXMSGSIZE, _MESSAGE_BYTES_MAX)
        try:
            self._socket.bind(f"ipc://{path}")
            path.chmod(SOCKET_MODE)
        except (zmq.ZMQError, OSError) as exc:
            self.close()
            problem = f"the control socket cannot be bound ({exc.strerror})"
            raise RunDirError(path, problem, "see what is in its place") from exc

    async def run(self) -> None:
        """Serve until cancelled."""
        while True:
            frames = await self._socket.recv_multipart()
            self._take(frames)

    def close(self) -> None:
        """Close the socket and drop what is in work."""
        for task in self._tasks:
            task.cancel()
        self._socket.close()
        self._context.term()

    def _take(self, frames: list[bytes]) -> None:
        *way, body = frames
        client = way[0]
        refused = self._admission.count(client, time.monotonic())
        if refused:
            self._reply(way[:2], requests.error(None, requests.BUSY, refused))
            return
        if len(way) > 2 or any(way[1:]):
            # Not to be answered in kind: what pattern the peer speaks is unknown.
            self._reply([client], requests.error(None, requests.MALFORMED, "one frame a request"))
            return
        try:
            request = requests.read(body)
        except RequestError as exc:
            self._reply(way, requests.error(exc.id, requests.MALFORMED, exc.message))
            return
        refused = self._admission.begin(client)
        if refused:
            self._reply(way, requests.error(request.id, requests.BUSY, refused))
            return
        task = asyncio.create_task(self._answer(way, request))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, way: list[bytes], request: Request) -> None:
        try:
            content = await self._serve(request)
            reply = requests.result(request.id, content)
        except GatewayError as exc:
            reply = requests.error(request.id, exc.exit_code, str(exc))
        except Exception:
            log.exception("control: '%s' failed", request.method)
            reply = requests.error(
                request.id, GatewayError.exit_code, "internal error; see the log"
            )
        finally:
            self._admission.done(way[0])
        self._reply(way, reply)

    def _reply(self, way: list[bytes], body: bytes) -> None:
        # A ROUTER drops what its peer does not read, or has gone from: it never waits.
        self._socket.send_multipart([*way, body], flags=zmq.DONTWAIT)
