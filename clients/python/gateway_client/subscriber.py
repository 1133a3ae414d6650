"""Messages over ZeroMQ: the venue's own JSON, event records or changes of trust, in order by topic.

A message is one ZeroMQ frame. ZeroMQ drops for who reads too slowly; each topic counts its frames
without holes, so what was dropped shows as ``message.lost``.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from gateway_client.directory import Directory
from gateway_client.errors import DependencyMissing, UnknownStream
from gateway_client.layout import SIZES, Flag
from gateway_client.tables import decode

if TYPE_CHECKING:
    import zmq

BINARY = "bin:"
STATE = "state:"
_POLL_MS = 250  # a waiting subscriber looks for new shards this often
_HWM = 100_000


@dataclass(slots=True)
class Message:
    """One message. ``epoch`` is another number after a restart of the writer."""

    topic: str
    epoch: int
    sequence: int
    ts_recv: int
    """Arrival of the venue's frame, ns since the Unix epoch."""
    flags: str
    """``-`` for the venue's own bytes; B back-filled, S made by the gateway."""
    payload: bytes
    """The event's JSON, or with ``binary`` the record of the event ring."""
    lost: int = 0
    """Messages of this topic lost right before this one."""
    restarted: bool = False
    """First of its topic after a restart of the writer; what the old one lost is not known."""

    def json(self) -> Any:
        """The payload decoded. Raises ValueError for binary messages."""
        return json.loads(self.payload)


class Subscription(Iterator[Message]):
    """Iterator over messages; made by ``Gateway.subscribe``. Belongs to one thread."""

    def __init__(
        self, directory: Directory, topic: str, *, prefix: bool, binary: bool, timeout: float | None
    ) -> None:
        if topic.endswith(("@", "*")):
            prefix, topic = True, topic.removesuffix("*")
        self._directory = directory
        self._timeout = timeout
        self._seen: dict[str, tuple[int, int]] = {}
        if not prefix:
            self._check(topic)
        self._zmq = _zmq()
        self._socket: zmq.Socket[bytes] = self._zmq.Context.instance().socket(self._zmq.SUB)
        self._socket.setsockopt(self._zmq.RCVHWM, _HWM)
        self._socket.setsockopt(self._zmq.LINGER, 0)
        self._socket.setsockopt(self._zmq.RECONNECT_IVL, 20)
        self._socket.setsockopt(self._zmq.SUBSCRIBE, _filter(topic, prefix, binary))
        self._connected: set[str] = set()
        self._connect()

    def __next__(self) -> Message:
        until = None if self._timeout is None else time.monotonic() + self._timeout
        while True:
            frame = self._receive(until)
            if frame is not None:
                return self._count(parse(frame))
            if until is not None and time.monotonic() >= until:
                self.close()
                raise StopIteration
            self._look_for_shards()

    def poll(self) -> Message | None:
        """The next message, or None where there is none yet. Never waits."""
        frame = self._receive(time.monotonic())
        if frame is not None:
            return self._count(parse(frame))
        self._look_for_shards()
        return None

    def close(self) -> None:
        """Close the socket; the iterator is of no use afterwards."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __del__(self) -> None:
        # A loop that is left with break must not leave a socket open.
        socket = getattr(self, "_socket", None)
        if socket is not None:
            socket.close()

    def _check(self, topic: str) -> None:
        """Refuse a stream that no shard carries: its messages would never come."""
        named = topic.removeprefix(BINARY)
        if topic.startswith(STATE):
            known, named = self._directory.symbols(), topic.removeprefix(STATE)
        else:
            known = list(self._directory.stream_names())
        if named not in known:
            self._directory.refresh(at_once=True)
            known = [*self._directory.stream_names(), *self._directory.symbols()]
        if named not in known:
            raise UnknownStream(topic, known)

    def _look_for_shards(self) -> None:
        self._directory.refresh()
        if self._version != self._directory.version:
            self._connect()

    def _connect(self) -> None:
        """Connect to every shard of the manifest; ZeroMQ reconnects to those it knows by itself."""
        self._version = self._directory.version
        endpoints = {shard.publisher for shard in self._directory.manifest.shards}
        for endpoint in endpoints - self._connected:
            self._socket.connect(endpoint)
        for endpoint in self._connected - endpoints:
            self._socket.disconnect(endpoint)
        self._connected = endpoints

    def _receive(self, until: float | None) -> bytes | None:
        wait = _POLL_MS
        if until is not None:
            wait = max(0, min(wait, int((until - time.monotonic()) * 1000)))
        try:
            return self._socket.recv(self._zmq.NOBLOCK)
        except self._zmq.Again:
            pass
        if not self._socket.poll(wait):
            return None
        return self._socket.recv()

    def _count(self, message: Message) -> Message:
        epoch, last = self._seen.get(message.topic, (0, 0))
        if epoch == message.epoch:
            message.lost = message.sequence - last - 1
        elif epoch:
            message.restarted = True
            message.lost = message.sequence - 1  # a writer counts from 1
        self._seen[message.topic] = (message.epoch, message.sequence)
        return message


def parse(frame: bytes) -> Message:
    """Take a ZeroMQ frame apart. Raises ValueError for what the gateway never sends."""
    if frame.startswith(b"bin:"):
        return _parse_binary(frame)
    topic, epoch, sequence, ts_recv, flags, payload = frame.split(b" ", 5)
    return Message(topic.decode(), int(epoch), int(sequence), int(ts_recv), flags.decode(), payload)


def _parse_binary(frame: bytes) -> Message:
    topic, _, rest = frame.partition(b"\0")
    record = rest[16:]
    if len(record) < SIZES["meta"]:
        raise ValueError(f"binary message of {len(frame)} bytes is too short")
    meta = decode("meta", record)
    letters = ("B" if meta["flags"] & Flag.BACKFILLED else "") + (
        "S" if meta["flags"] & Flag.SYNTHETIC else ""
    )
    epoch, sequence = int.from_bytes(rest[:8], "little"), int.from_bytes(rest[8:16], "little")
    return Message(topic.decode(), epoch, sequence, meta["ts_recv"], letters or "-", record)


def _filter(topic: str, prefix: bool, binary: bool) -> bytes:
    """What to subscribe to. The delimiter keeps ``@depth`` from taking ``@depth@100ms`` too."""
    if binary and not topic.startswith(BINARY):
        topic = BINARY + topic
    if prefix:
        return topic.encode()
    return topic.encode() + (b"\0" if topic.startswith(BINARY) else b" ")


def _zmq() -> Any:
    try:
        import zmq
    except ImportError as exc:
        raise DependencyMissing("gw.subscribe()", "pyzmq", "zmq") from exc
    return zmq
