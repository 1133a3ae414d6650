"""The shard's ZeroMQ sockets: who listens to what, and the address of zmq_send for the core.

XPUB tells of the first and last subscription to each prefix. A stream without a listener costs
nothing: its ``wanted`` flag is off. Subscriptions are read when the socket's descriptor says that
there is something, so many at a time that the loop does not feel it. That descriptor is
edge-triggered and sends swallow the edge: so while anybody is subscribed, which is when there are
sends, they are read every 10 ms as well. Whole arrays have a socket of their own with a low
high-water mark: a subscriber that stands still would otherwise hold gigabytes of them.
"""

from __future__ import annotations

import asyncio
import ctypes
import logging
import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import zmq
from zmq.backend.cython import _zmq

from gateway.core.engine import Engine
from gateway.layout import Shape
from gateway.log import RateLimit
from gateway.shard.topics import Astray, Demand, Topics, can_come, stream_of

log = logging.getLogger("gateway.shard.publisher")

POLL_S = 0.010  # while there are subscribers
IDLE_POLL_S = 0.25  # while there are none
SUBSCRIPTIONS_A_POLL = 64
TOPICS_A_POLL = 10_000  # to look at: some milliseconds
ARRAYS_HWM = 64
COMMAND_BYTES_MAX = 256  # subscribers only send subscriptions
NAME_SHOWN = 80  # characters of a topic in a log line

Key = tuple[str, int]  # what is published (json, binary, state), and its row


def send_address() -> int:
    """Address of zmq_send in the libzmq that pyzmq itself uses."""
    library = ctypes.CDLL(_zmq.__file__)
    address = ctypes.cast(library.zmq_send, ctypes.c_void_p).value
    assert address is not None
    return address


@dataclass(slots=True)
class _Outlet:
    """One socket, its file, and what is subscribed on it."""

    socket: zmq.Socket[bytes]
    path: Path
    topics: Topics[Key] = field(default_factory=Topics)


class Publisher:
    """Owns the sockets. All calls come from the event loop's thread, which is also the core's."""

    def __init__(
        self,
        engine: Engine,
        path: Path,
        hwm: int,
        on_wanted: Callable[[str, bool], None] = lambda stream, wanted: None,
    ) -> None:
        """Bind ``path`` (shard-0.pub) and, for arrays, shard-0.arrays.pub beside it.

        ``on_wanted(stream, wanted)`` hears of exact topics of streams that are not carried.
        """
        self._engine = engine
        self._on_wanted = on_wanted
        self._context = zmq.Context()
        self._main = self._bind(path, hwm)
        self._arrays = self._bind(path.with_suffix(".arrays.pub"), min(hwm, ARRAYS_HWM))
        self._wanted: dict[int, list[bool]] = {}  # stream row -> JSON, binary
        self._demand: Demand[tuple[Path, bytes]] = Demand()
        self._astray = Astray()
        self._has_more = False  # to read, which the descriptors do not tell a second time
        self._limit = RateLimit(count=5, interval=10.0)
        engine.set_publisher(
            send_address(), self._main.socket.underlying, self._arrays.socket.underlying
        )

    def _bind(self, path: Path, hwm: int) -> _Outlet:
        socket = self._context.socket(zmq.XPUB)
        socket.set(zmq.SNDHWM, hwm)
        socket.set(zmq.LINGER, 0)
        socket.set(zmq.MAXMSGSIZE, COMMAND_BYTES_MAX)
        # A leftover of a killed writer; the shard's lock says that nobody else is bound to it.
        path.unlink(missing_ok=True)
        socket.bind(f"ipc://{path}")
        os.chmod(path, 0o660)  # readers connect, which needs write access
        return _Outlet(socket, path)

    def add_stream(self, row: int, name: str, shape: Shape = Shape.OBJECT) -> None:
        """Take a stream row into account."""
        topics = self._outlet(shape).topics
        json, binary = _stream_topics(name)
        wanted = [topics.add(json, ("json", row)), topics.add(binary, ("binary", row))]
        for topic in (json, binary):
            self._note_astray(topic)
        self._wanted[row] = wanted
        self._engine.set_wanted(row, *wanted)

    def remove_stream(self, row: int, name: str, shape: Shape = Shape.OBJECT) -> None:
        """Forget a stream row."""
        for topic in _stream_topics(name):
            self._outlet(shape).topics.discard(topic)
        self._wanted.pop(row, None)
        self._engine.set_wanted(row, False, False)

    def add_symbol(self, row: int, name: str) -> None:
        """Take a symbol row (name as spot:BTCUSDT) into account; it may replace an older row."""
        wanted = self._main.topics.add(f"state:{name} ".encode(), ("state", row))
        self._engine.set_wanted_state(row, wanted)

    def _outlet(self, shape: Shape) -> _Outlet:
        return self._arrays if shape in (Shape.ARRAY, Shape.SYNTHETIC) else self._main

    @property
    def descriptors(self) -> list[int]:
        """Readable when there is something to poll; see the module's docstring for when not."""
        return [int(outlet.socket.get(zmq.FD)) for outlet in (self._main, self._arrays)]

    @property
    def poll_seconds(self) -> float:
        """For so long at most nothing need be polled unless a descriptor is readable."""
        is_listened = self._main.topics.prefixes or self._arrays.topics.prefixes
        return POLL_S if is_listened or self._has_more else IDLE_POLL_S

    def poll(self) -> None:
        """Read what subscribers said since the last poll."""
        self._has_more = False
        for outlet in (self._main, self._arrays):
            most = outlet.topics.looked_at + TOPICS_A_POLL
            for _ in range(SUBSCRIPTIONS_A_POLL):
                # Cheaper than an exception; it is what arms the descriptor again, too.
                if not int(outlet.socket.get(zmq.EVENTS)) & zmq.POLLIN:
                    break
                self._note(outlet, outlet.socket.recv(zmq.DONTWAIT))
                if outlet.topics.looked_at >= most:
                    self._has_more = True
                    break
            else:
                self._has_more = True
        for topic in self._astray.due(time.monotonic()):
            self._tell_astray(topic)

    def _note(self, outlet: _Outlet, message: bytes) -> None:
        subscribed, prefix = message[:1] == b"\x01", message[1:]
        if message[:1] not in (b"\x00", b"\x01"):
            return
        refused = outlet.topics.refused
        change = outlet.topics.subscribe if subscribed else outlet.topics.unsubscribe
        keys = change(prefix)
        if outlet.topics.refused != refused == 0:
            log.warning("%s: too many subscriptions, more are ignored", outlet.path.name)
        self._set_wanted(keys, subscribed)
        self._note_demand(outlet, prefix, subscribed)
        if subscribed and not can_come(prefix):
            self._warn("there is no topic %a; write MARKET:STREAM and a space", _shown(prefix))
        if subscribed:
            self._note_astray(prefix)

    def _set_wanted(self, keys: Iterable[Key], is_wanted: bool) -> None:
        for what, row in keys:
            if what == "state":
                self._engine.set_wanted_state(row, is_wanted)
            else:
                wanted = self._wanted[row]
                wanted[what == "binary"] = is_wanted
                self._engine.set_wanted(row, *wanted)

    def _note_demand(self, outlet: _Outlet, topic: bytes, subscribed: bool) -> None:
        stream = stream_of(topic)
        if not stream:
            return
        asker = outlet.path, topic
        if not subscribed:
            if self._demand.leave(stream, asker):
                self._on_wanted(stream, False)
            return
        is_carried = topic in self._main.topics or topic in self._arrays.topics
        if (not is_carried or stream in self._demand) and self._demand.want(stream, asker):
            self._on_wanted(stream, True)

    def _home_of(self, topic: bytes) -> tuple[_Outlet, _Outlet] | None:
        """The socket that an exact topic is published on, and the other one; None: on neither."""
        if topic in self._arrays.topics:
            return self._arrays, self._main
        return (self._main, self._arrays) if topic in self._main.topics else None

    def _note_astray(self, topic: bytes) -> None:
        home = self._home_of(topic)
        if home and topic in home[1].topics.prefixes:
            self._astray.ask(topic, time.monotonic())

    def _tell_astray(self, topic: bytes) -> None:
        home = self._home_of(topic)
        if home is None or topic in home[0].topics.prefixes:
            return  # somebody has it: perhaps the one who asks on both
        if topic in home[1].topics.prefixes:
            text = "%s is asked for on %s, and comes on %s alone; subscribe it there"
            self._warn(text, _shown(topic), home[1].path.name, home[0].path.name)

    def _warn(self, text: str, *facts: str) -> None:
        more = self._limit.admit(text, time.monotonic())
        if more is not None:
            suffix = f" ({more} more like this)" if more else ""
            log.warning(text + "%s", *facts, suffix)

    def close(self) -> None:
        """Take the sockets from the core, close them and remove their files."""
        self._engine.set_publisher(0, 0, 0)
        for outlet in (self._main, self._arrays):
            outlet.socket.close(0)
            outlet.path.unlink(missing_ok=True)
        self._context.term()


async def readable(descriptors: Sequence[int], seconds: float) -> None:
    """Return when one of ``descriptors`` is readable, or after ``seconds``."""
    loop, found = asyncio.get_running_loop(), asyncio.Event()
    for descriptor in descriptors:
        loop.add_reader(descriptor, found.set)
    try:
        async with asyncio.timeout(seconds):
            await found.wait()
    except TimeoutError:
        pass
    finally:
        # Not watched while nobody waits: one that stays readable would call without end.
        for descriptor in descriptors:
            loop.remove_reader(descriptor)


def _shown(topic: bytes) -> str:
    return topic[:NAME_SHOWN].decode("utf-8", "backslashreplace").rstrip(" \0")


def _stream_topics(name: str) -> tuple[bytes, bytes]:
    """JSON and binary topic of a stream, with their delimiters."""
    return f"{name} ".encode(), b"bin:%s\0" % name.encode()
