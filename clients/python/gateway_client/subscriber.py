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
from gateway_client.layout import SIZES, Flag, Shape
from gateway_client.records import Event, event
from gateway_client.tables import decode

if TYPE_CHECKING:
    import zmq

BINARY = "bin:"
STATE = "state:"
_POLL_MS = 250  # a waiting subscriber looks for new shards this often
_HWM = 100_000
_ARRAYS_HWM = 64  # an array may have hundreds of kilobytes
_LOOK_EVERY = 1024  # messages: who is never idle looks for new shards after so many
_WHOLE = (Shape.ARRAY, Shape.SYNTHETIC)


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
        self._topic, self._prefix = topic, prefix
        self._seen: dict[str, tuple[int, int]] = {}
        self._taken = 0
        if not prefix:
            self._check(topic)
        self._zmq = zmq_module("gw.subscribe()")
        self._filter = _filter(topic, prefix, binary)
        self._poller = self._zmq.Poller()
        # A socket for each mark: one that is changed later holds for the connections there are,
        # too, and libzmq then waits for ever for room that it would be told of by the old one.
        self._sockets: dict[int, zmq.Socket[bytes]] = {}
        self._connected: dict[str, int] = {}  # endpoint -> mark
        self._turn = 0
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
        """Close the sockets; the iterator is of no use afterwards."""
        for socket in self._sockets.values():
            socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __del__(self) -> None:
        # A loop that is left with break must not leave a socket open.
        for socket in getattr(self, "_sockets", {}).values():
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
        if named not in known and not self._directory.manifest.on_demand:
            raise UnknownStream(topic, known)

    def _look_for_shards(self) -> None:
        self._directory.refresh()
        if self._version != self._directory.version:
            self._connect()

    def _connect(self) -> None:
        """Connect to every shard of the manifest; ZeroMQ reconnects to those it knows by itself."""
        self._version = self._directory.version
        shards = self._directory.manifest.shards
        endpoints = {shard.publisher: _HWM for shard in shards}
        if self._may_be_array():
            endpoints |= {shard.arrays: _ARRAYS_HWM for shard in shards if shard.arrays}
        for endpoint in self._connected.keys() - endpoints.keys():
            self._sockets[self._connected[endpoint]].disconnect(endpoint)
        for endpoint in endpoints.keys() - self._connected.keys():
            self._socket_of(endpoints[endpoint]).connect(endpoint)
        self._connected = endpoints

    def _socket_of(self, mark: int) -> zmq.Socket[bytes]:
        """The socket whose connections hold ``mark`` messages at most."""
        if mark not in self._sockets:
            made = self._sockets[mark] = self._zmq.Context.instance().socket(self._zmq.SUB)
            made.setsockopt(self._zmq.LINGER, 0)
            made.setsockopt(self._zmq.RECONNECT_IVL, 20)
            made.setsockopt(self._zmq.RCVHWM, mark)
            made.setsockopt(self._zmq.SUBSCRIBE, self._filter)
            self._poller.register(made, self._zmq.POLLIN)
        return self._sockets[mark]

    def _may_be_array(self) -> bool:
        """Whether what is subscribed may be a whole array, which have a socket of their own."""
        market, _, rest = self._topic.partition(":")
        if rest.startswith("!") or (self._prefix and not rest):
            return market not in (BINARY[:-1], STATE[:-1])  # these topics hold no arrays
        return any(
            row.shape in _WHOLE and self._takes(row.name)
            for each in self._directory.attached
            for row in each.streams
        )

    def _takes(self, topic: str) -> bool:
        return topic.startswith(self._topic) if self._prefix else topic == self._topic

    def _receive(self, until: float | None) -> bytes | None:
        wait = _POLL_MS
        if until is not None:
            wait = max(0, min(wait, int((until - time.monotonic()) * 1000)))
        found = self._take()
        if found is None and self._poller.poll(wait):
            found = self._take()
        return found

    def _take(self) -> bytes | None:
        """A message that is here, by turns of the sockets."""
        sockets = list(self._sockets.values())
        self._turn += 1
        for at in range(len(sockets)):
            try:
                return sockets[(self._turn + at) % len(sockets)].recv(self._zmq.NOBLOCK)
            except self._zmq.Again:
                continue
        return None

    def _count(self, message: Message) -> Message:
        self._taken += 1
        if self._taken % _LOOK_EVERY == 0:
            self._look_for_shards()
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


def event_of(directory: Directory, message: Message) -> Event:
    """The event in a binary message; see ``Gateway.event``."""
    if not message.topic.startswith(BINARY):
        raise ValueError(f"{message.topic} is no binary topic: subscribe with binary=True")
    stream = message.topic.removeprefix(BINARY)
    attached, row = directory.find_stream(stream)
    return event(message.payload, attached.instrument(row.symbol), stream, message.lost)


def zmq_module(call: str) -> Any:
    """The module ``zmq``, which ``call`` needs. Raises DependencyMissing."""
    try:
        import zmq
    except ImportError as exc:
        raise DependencyMissing(call, "pyzmq", "zmq") from exc
    return zmq
