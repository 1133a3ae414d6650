"""Messages between supervisor and shard: u32 little-endian length + msgpack over a socketpair.

Both ends use ``Channel`` from their event loop: ``send`` never waits, ``receive`` does. Messages
are the structs of ``gateway.plan``. Sizes are bounded both ways: a longer message, or a peer that
leaves more than that unread, closes the channel.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from types import UnionType
from typing import Any, Final, Generic, TypeVar, cast

import msgspec

from gateway.errors import GatewayError

MESSAGE_BYTES_MAX: Final = 64 << 20
UNSENT_BYTES_MAX: Final = 256 << 20
_READ_BYTES: Final = 1 << 18  # a turn of the loop takes in no more, so that it never stalls
_LENGTH_BYTES: Final = 4

M = TypeVar("M")


class ChannelError(GatewayError):
    """The peer sent something that is no message; the channel is closed."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"control channel: {problem}", "the process is ended and started anew")


class ChannelClosed(Exception):
    """The peer has closed its end, or died."""


class Framer:
    """Bytes in, whole messages out. Pure."""

    def __init__(self, limit: int = MESSAGE_BYTES_MAX) -> None:
        self._limit = limit
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Return the messages that ``data`` completes; raises ChannelError for one too long."""
        self._buffer += data
        found, at = [], 0
        while len(self._buffer) - at >= _LENGTH_BYTES:
            start = at + _LENGTH_BYTES
            length = int.from_bytes(self._buffer[at:start], "little")
            if length > self._limit:
                raise ChannelError(f"a message of {length} bytes, over {self._limit}")
            if len(self._buffer) - start < length:
                break
            found.append(bytes(self._buffer[start : start + length]))
            at = start + length
        del self._buffer[:at]
        return found


class Channel(Generic[M]):
    """One end of a channel. Made and used inside a running event loop."""

    def __init__(self, sock: socket.socket, inbound: type[M] | UnionType) -> None:
        sock.setblocking(False)
        self._socket = sock
        self._loop = asyncio.get_running_loop()
        decoder = msgspec.msgpack.Decoder(cast(Any, inbound))
        self._decode = cast("msgspec.msgpack.Decoder[M]", decoder)
        self._encode = msgspec.msgpack.Encoder()
        self._framer = Framer()
        self._inbox: deque[M] = deque()
        self._arrived = asyncio.Event()
        self._unsent = bytearray()
        self._error: Exception | None = None
        self._loop.add_reader(sock.fileno(), self._on_readable)

    @classmethod
    def from_fd(cls, fd: int, inbound: type[M] | UnionType) -> Channel[M]:
        """Take over the inherited descriptor ``fd``; raises ChannelError if it is no socket."""
        try:
            return cls(socket.socket(fileno=fd), inbound)
        except OSError as exc:
            raise ChannelError(f"descriptor {fd} is no socket ({exc.strerror})") from exc

    @property
    def is_closed(self) -> bool:
        """True once either end has closed it."""
        return self._error is not None

    async def receive(self) -> M:
        """Return the next message. Raises ChannelClosed at the end, ChannelError for rubbish."""
        while not self._inbox:
            if self._error is not None:
                raise self._error
            self._arrived.clear()
            await self._arrived.wait()
        return self._inbox.popleft()

    def send(self, message: msgspec.Struct) -> None:
        """Send without waiting. After the peer has gone it is dropped: receive() tells."""
        if self._error is not None:
            return
        body = self._encode.encode(message)
        if len(body) > MESSAGE_BYTES_MAX:
            raise ChannelError(f"a message of {len(body)} bytes, over {MESSAGE_BYTES_MAX}")
        self._unsent += len(body).to_bytes(_LENGTH_BYTES, "little")
        self._unsent += body
        if len(self._unsent) > UNSENT_BYTES_MAX:
            self._fail(ChannelError(f"the peer left {len(self._unsent)} bytes unread"))
        else:
            self._on_writable()

    def close(self) -> None:
        """Close this end; the peer sees the end of the channel. May be called twice."""
        self._fail(ChannelClosed("closed here"))

    def _on_readable(self) -> None:
        if self._error is not None:
            return
        try:
            data = self._socket.recv(_READ_BYTES)
            messages = self._framer.feed(data)
            self._inbox.extend(map(self._decode.decode, messages))
        except (BlockingIOError, InterruptedError):
            return
        except OSError as exc:
            self._fail(ChannelClosed(str(exc)))
        except (msgspec.DecodeError, ChannelError) as exc:
            self._fail(exc if isinstance(exc, ChannelError) else ChannelError(str(exc)))
        else:
            if data:
                # Until nothing is left: where the peer died with messages of ours unread, libuv
                # reports an error once and polls no more, and the end is behind this data.
                self._loop.call_soon(self._on_readable)
            else:
                self._fail(ChannelClosed("the peer has gone"))
        self._arrived.set()

    def _on_writable(self) -> None:
        try:
            sent = self._socket.send(self._unsent)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError:
            # The end is reported by the read side, behind what the peer sent before it went.
            self._unsent.clear()
            sent = 0
        del self._unsent[:sent]
        if self._unsent:
            self._loop.add_writer(self._socket.fileno(), self._on_writable)
        else:
            self._loop.remove_writer(self._socket.fileno())

    def _fail(self, error: Exception) -> None:
        if self._error is not None:
            return
        self._error = error
        self._loop.remove_reader(self._socket.fileno())
        self._loop.remove_writer(self._socket.fileno())
        self._socket.close()
        self._arrived.set()
