"""The shard's ZeroMQ socket: who listens to what, and the address of zmq_send for the core.

XPUB tells of the first and last subscription to each prefix. A stream without a listener costs
nothing: its ``wanted`` flag is off. Subscriptions are read every 10 ms, at most 64 at a time; the
socket's descriptor is edge-triggered and sends swallow the edge, so it is not watched.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

import zmq
from zmq.backend.cython import _zmq

from gateway.core.engine import Engine

POLL_S = 0.010
SUBSCRIPTIONS_A_POLL = 64
PREFIXES_MAX = 100_000  # of all subscribers; a hostile one must not fill the memory


def send_address() -> int:
    """Address of zmq_send in the libzmq that pyzmq itself uses."""
    library = ctypes.CDLL(_zmq.__file__)
    address = ctypes.cast(library.zmq_send, ctypes.c_void_p).value
    assert address is not None
    return address


class Publisher:
    """Owns the socket. All calls come from the event loop's thread, which is also the core's."""

    def __init__(self, engine: Engine, path: Path, hwm: int) -> None:
        self._engine = engine
        self._path = path
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.XPUB)
        self._socket.set(zmq.SNDHWM, hwm)
        self._socket.set(zmq.LINGER, 0)
        self._socket.set(zmq.MAXMSGSIZE, 256)  # subscribers only send subscriptions
        self._prefixes: set[bytes] = set()
        self._streams: dict[int, tuple[bytes, bytes]] = {}  # JSON and binary topic, with delimiter
        self._symbols: dict[int, bytes] = {}  # state topic, with delimiter
        # A leftover of a killed writer; the shard's lock says that nobody else is bound to it.
        path.unlink(missing_ok=True)
        self._socket.bind(f"ipc://{path}")
        os.chmod(path, 0o660)  # readers connect, which needs write access
        engine.set_publisher(send_address(), self._socket.underlying)

    def add_stream(self, row: int, name: str) -> None:
        """Take a stream row into account."""
        json, binary = f"{name} ".encode(), b"bin:%s\0" % name.encode()
        self._streams[row] = json, binary
        self._refresh_stream(row)

    def add_symbol(self, row: int, name: str) -> None:
        """Take a symbol row (name as spot:BTCUSDT) into account."""
        self._symbols[row] = f"state:{name} ".encode()
        self._refresh_symbol(row)

    def poll(self) -> None:
        """Read what subscribers said since the last poll."""
        changed = set()
        for _ in range(SUBSCRIPTIONS_A_POLL):
            try:
                message = self._socket.recv(zmq.DONTWAIT)
            except zmq.Again:
                break
            if self._note(message):
                changed.add(message[1:])
        if changed:
            self._refresh(tuple(changed))

    def _note(self, message: bytes) -> bool:
        """Whether the message changed what is subscribed."""
        prefix = message[1:]
        if message[:1] == b"\x00":
            self._prefixes.discard(prefix)
            return True
        if message[:1] != b"\x01" or len(self._prefixes) >= PREFIXES_MAX:
            return False
        self._prefixes.add(prefix)
        return True

    def _wanted(self, topic: bytes) -> bool:
        """Whether any subscription is a prefix of this topic (with its delimiter)."""
        return any(topic[:length] in self._prefixes for length in range(len(topic) + 1))

    def _refresh_stream(self, row: int) -> None:
        json, binary = self._streams[row]
        self._engine.set_wanted(row, self._wanted(json), self._wanted(binary))

    def _refresh_symbol(self, row: int) -> None:
        self._engine.set_wanted_state(row, self._wanted(self._symbols[row]))

    def _refresh(self, changed: tuple[bytes, ...]) -> None:
        """Look again at the rows that a changed prefix can concern."""
        for row, (json, binary) in self._streams.items():
            if json.startswith(changed) or binary.startswith(changed):
                self._refresh_stream(row)
        for row, topic in self._symbols.items():
            if topic.startswith(changed):
                self._refresh_symbol(row)

    def close(self) -> None:
        """Take the socket from the core, close it and remove its file."""
        self._engine.set_publisher(0, 0)
        self._socket.close(0)
        self._context.term()
        self._path.unlink(missing_ok=True)
