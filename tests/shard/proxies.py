"""Small proxies on loopback: HTTP CONNECT and SOCKS5, both without passwords."""

from __future__ import annotations

import asyncio
import contextlib


class _Proxy:
    """Listens, and joins who asks to the target that was asked for."""

    scheme = ""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.targets: list[tuple[str, int]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"{self.scheme}://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        for writer in self._writers:
            writer.close()
        await asyncio.sleep(0.01)  # the sockets close in the next turns

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            target = await self.greet(reader, writer)
            if target is None:
                writer.close()
                return
            self.targets.append(target)
            there, back = await asyncio.open_connection(*target)
            self._writers.append(back)
            for source, sink in ((reader, back), (there, writer)):
                task = asyncio.ensure_future(_pump(source, sink))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def greet(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> tuple[str, int] | None:
        raise NotImplementedError  # each proxy has its own words


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await source.read(1 << 16):
            sink.write(data)
        sink.close()


class ConnectProxy(_Proxy):
    """RFC 9110 9.3.6; refuses with any status but 200."""

    scheme = "http"

    async def greet(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> tuple[str, int] | None:
        head = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 %d Whatever\r\n\r\n" % self.status)
        host, _, port = head.split()[1].decode().rpartition(":")
        return (host, int(port)) if self.status == 200 else None


class SocksProxy(_Proxy):
    """RFC 1928, addresses of version 4 only."""

    scheme = "socks5"

    async def greet(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> tuple[str, int] | None:
        _, methods = await reader.readexactly(2)
        await reader.readexactly(methods)
        writer.write(b"\x05\x00")
        _, _, _, kind = await reader.readexactly(4)
        assert kind == 1
        host = ".".join(map(str, await reader.readexactly(4)))
        port = int.from_bytes(await reader.readexactly(2), "big")
        writer.write(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00")
        return host, port
