"""A WebSocket and REST client for tests, on aiohttp: nothing of it is shared with the simulator."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson

from gateway.simulator.simulator import Simulator

WATCHDOG_S = 20.0


class Client:
    """One HTTP session against a simulator."""

    def __init__(self, simulator: Simulator, http: aiohttp.ClientSession) -> None:
        self._addresses = simulator.addresses
        self._http = http
        self._sockets: list[Socket] = []  # aiohttp closes what nobody refers to

    async def get(self, path: str) -> tuple[int, Any]:
        """GET below the REST address; return status and JSON body."""
        async with self._http.get(self._addresses["rest"] + path) as response:
            return response.status, orjson.loads(await response.read())

    async def post(self, path: str, body: Any = None) -> tuple[int, Any]:
        """POST JSON below the REST address."""
        data = orjson.dumps(body) if body is not None else None
        async with self._http.post(self._addresses["rest"] + path, data=data) as response:
            return response.status, orjson.loads(await response.read())

    async def header(self, path: str, name: str) -> str | None:
        """GET, and return one header."""
        async with self._http.get(self._addresses["rest"] + path) as response:
            return response.headers.get(name)

    async def connect(self, path: str, autoping: bool = True) -> Socket:
        """Open a WebSocket below the ws address."""
        ws = await self._http.ws_connect(self._addresses["ws"] + path, autoping=autoping)
        self._sockets.append(Socket(ws))
        return self._sockets[-1]

    def hang_up(self) -> None:
        """End all sockets at once; a polite close would wait for those that do not answer."""
        for open_socket in self._sockets:
            open_socket.ws._response.close()

    def address(self, server: str) -> str:
        """Return the address of ``ws`` or ``rest``."""
        return str(self._addresses[server])

    def port(self, server: str) -> int:
        """Return the port of ``ws`` or ``rest``."""
        return int(self._addresses[server].rpartition(":")[2])


class Socket:
    """A WebSocket; every wait has a watchdog."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self.ws = ws

    async def ask(self, method: str, params: list[Any] | None = None, request_id: Any = 1) -> Any:
        """Send a control message; return its answer, skipping data."""
        request = {"method": method, "id": request_id}
        if params is not None:
            request["params"] = params
        await self.ws.send_bytes(orjson.dumps(request))
        while True:
            body = orjson.loads(await self.text())
            if "result" in body or "error" in body:
                return body

    async def text(self) -> bytes:
        """Return the next text frame's payload."""
        message = await asyncio.wait_for(self.ws.receive(), WATCHDOG_S)
        assert message.type is aiohttp.WSMsgType.TEXT, message
        return message.data.encode()

    async def texts(self, count: int) -> list[bytes]:
        """Return the next frames' payloads."""
        return [await self.text() for _ in range(count)]

    async def closed(self) -> tuple[int, str]:
        """Return code and reason of the close frame, skipping what comes before it."""
        async with asyncio.timeout(WATCHDOG_S):
            while (message := await self.ws.receive()).type is not aiohttp.WSMsgType.CLOSE:
                assert message.type is not aiohttp.WSMsgType.CLOSED, "no close frame came"
        return int(message.data), str(message.extra)

    async def until_closed(self) -> tuple[list[bytes], int | None]:
        """Return what comes until the server closes, and the close code."""
        payloads = []
        async with asyncio.timeout(WATCHDOG_S):
            while (message := await self.ws.receive()).type is aiohttp.WSMsgType.TEXT:
                payloads.append(message.data.encode())
        return payloads, self.ws.close_code


@asynccontextmanager
async def running(simulator: Simulator) -> AsyncIterator[Client]:
    """Start a simulator, and a client for it."""
    async with simulator, aiohttp.ClientSession() as http:
        client = Client(simulator, http)
        try:
            yield client
        finally:
            client.hang_up()
