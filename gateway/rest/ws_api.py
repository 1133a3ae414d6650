"""Order books over the WebSocket API: one connection a market, answers told apart by their ids.

What it costs is counted with REST's calls, connections also with those of the streams. Where it
cannot be had it says so once, and REST is asked until it can.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final
from urllib.parse import urlsplit

import aiohttp

from gateway.rest.connecting import reason
from gateway.rest.ws_messages import WsAnswer, depth_request, read_answer

log = logging.getLogger("gateway.rest")

BACKOFF_FIRST_SECONDS: Final = 1.0
BACKOFF_MAX_SECONDS: Final = 60.0

Leave = Callable[[str], Awaitable[float]]
Refused = Callable[[aiohttp.WSServerHandshakeError], None]


class NoAnswer(Exception):
    """The request is on its way or lost; the text says why there is no answer."""


class WsApi:
    """The connection of one market. Used inside one running event loop.

    ``leave`` answers how long no connection to a host may be attempted (0: it is counted);
    ``pay`` spends the connection's weight, ``refused`` takes in a refused handshake.
    """

    def __init__(
        self,
        name: str,
        url: str,
        session: aiohttp.ClientSession,
        timeout_s: float,
        body_bytes_max: int,
    ) -> None:
        self._name = name
        self._url = url
        self._session = session
        self._timeout_s = timeout_s
        self._body_bytes_max = body_bytes_max
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._reader: asyncio.Task[None] | None = None
        self._waiting: dict[int, asyncio.Future[WsAnswer]] = {}
        self._number = 0
        self._connecting = asyncio.Lock()
        self._failures = 0
        self._retry_at = 0.0
        self._is_told = False
        self._is_unsupported = False

    async def is_ready(
        self, leave: Leave, pay: Callable[[], Awaitable[bool]], refused: Refused
    ) -> bool:
        """Whether it may be asked now; connects where that is due."""
        if self._is_unsupported:
            return False
        async with self._connecting:
            if self._socket is not None and not self._socket.closed:
                return True
            if time.monotonic() < self._retry_at:
                return False
            wait = await leave(self._host)
            if wait:
                return self._failed(f"no connection may be attempted for {wait:.0f} s", wait)
            if not await pay():
                return False
            return await self._connect(refused)

    async def depth(self, query: Mapping[str, str]) -> WsAnswer:
        """Ask for an order book; raises NoAnswer."""
        socket = self._socket
        if socket is None or socket.closed:
            raise NoAnswer("the connection was lost")
        self._number += 1
        number = self._number
        answer: asyncio.Future[WsAnswer] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            async with asyncio.timeout(self._timeout_s):
                await socket.send_str(depth_request(number, query))
                return await answer
        except TimeoutError as exc:
            raise NoAnswer(f"no answer within {self._timeout_s:g} s") from exc
        except (aiohttp.ClientError, OSError) as exc:
            raise NoAnswer(reason(exc)) from exc
        finally:
            del self._waiting[number]

    def unsupported(self) -> None:
        """The venue does not offer the method here: it is not asked again."""
        self._is_unsupported = True
        log.warning("ws-api of %s: it has no books; snapshots go by REST", self._name)

    async def close(self) -> None:
        """Close the connection."""
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.wait({self._reader})
        if self._socket is not None:
            await self._socket.close()

    @property
    def _host(self) -> str:
        return urlsplit(self._url).netloc

    async def _connect(self, refused: Refused) -> bool:
        try:
            async with asyncio.timeout(self._timeout_s):
                self._socket = await self._session.ws_connect(
                    self._url, max_msg_size=self._body_bytes_max
                )
        except aiohttp.WSServerHandshakeError as exc:
            refused(exc)
            return self._failed(f"HTTP {exc.status}")
        except TimeoutError:
            return self._failed(f"no answer within {self._timeout_s:g} s")
        except (aiohttp.ClientError, OSError) as exc:
            return self._failed(reason(exc))
        if self._is_told:
            log.info("ws-api of %s: connected to %s", self._name, self._host)
        self._failures, self._is_told = 0, False
        self._reader = asyncio.create_task(self._read(self._socket))
        return True

    def _failed(self, why: str, wait: float = 0.0) -> bool:
        delay = min(BACKOFF_MAX_SECONDS, BACKOFF_FIRST_SECONDS * 2.0**self._failures)
        self._failures += 1
        self._retry_at = time.monotonic() + max(wait, delay * random.uniform(0.5, 1.0))
        if not self._is_told:
            self._is_told = True
            text = "ws-api of %s: %s cannot be reached (%s); snapshots go by REST until it can"
            log.warning(text, self._name, self._host, why)
        return False

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        try:
            async for message in socket:
                if message.type not in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                    break  # a frame that cannot be taken
                data = message.data
                found = read_answer(data.encode() if isinstance(data, str) else bytes(data))
                waiting = self._waiting.get(found.number) if found is not None else None
                if found is not None and waiting is not None and not waiting.done():
                    waiting.set_result(found)
        finally:
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(aiohttp.ClientConnectionError("the connection was lost"))
            with contextlib.suppress(aiohttp.ClientError, OSError):
                await socket.close()
