"""Who is subscribed to what, and what was sent: the table between sources and sockets.

One hub a simulator, used from one event loop only. A source gives frames to ``publish`` (or appends
them to the queues of the outlets it finds here) and then calls ``flush``; it may watch ``version``
to know that its own tables are out of date. Publishing costs a look-up and an append for each
outlet: how an outlet takes a stream is worked out once, when the stream is next sent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Protocol

from gateway.simulator.fault_plan import FaultPlan
from gateway.simulator.fault_sending import FaultySending
from gateway.simulator.frames import prefix_of, raw_frame
from gateway.simulator.names import Market, Route, carries

Push = Callable[[bytes], None]
Form = Callable[[bytes], bytes]


class Outlet(Protocol):
    """One connection, as sources see it. Frames in ``queue`` leave at the next ``flush``."""

    number: int
    market: Market
    route: Route
    queue: list[bytes]

    @property
    def combined(self) -> bool:
        """Say whether frames go out in the envelope."""

    @property
    def is_blocked(self) -> bool:
        """Say whether the socket has not taken what it was given yet."""

    def flush(self) -> None:
        """Hand the queue to the socket."""

    def close(self, code: int, reason: str) -> None:
        """Close with a WebSocket code, after what was queued."""


class Hub:
    """Connections and their subscriptions by stream key (``spot:btcusdt@trade``)."""

    def __init__(self, coinm_routed: bool = False, sending: FaultySending | None = None) -> None:
        self.version = 0
        self.outlets: dict[Outlet, None] = {}
        self.sent: Counter[str] = Counter()  # frames by stream key, each socket's copy counted
        self.on_change: Callable[[], None] = _ignore
        self._by_key: dict[str, dict[Outlet, None]] = {}
        self._pushes: dict[str, list[Push]] = {}
        self._silent: dict[str, set[Outlet]] = {}
        self._silent_for_all: set[str] = set()
        self._coinm_routed = coinm_routed
        self._sending = sending

    def add(self, outlet: Outlet) -> None:
        """Take a new connection in."""
        self.outlets[outlet] = None

    def remove(self, outlet: Outlet) -> None:
        """Forget a connection and its subscriptions."""
        if self.outlets.pop(outlet, False) is False:
            return
        for key in self._keys_of(outlet):
            self._drop(key, outlet)
        for outlets in self._silent.values():
            outlets.discard(outlet)
        if self._sending is not None:
            self._sending.forget(outlet.number)
        self.changed()

    def subscribe(self, outlet: Outlet, names: Iterable[str]) -> None:
        """Deliver these streams, but for those that the connection's route does not carry."""
        for name in names:
            if carries(outlet.market, outlet.route, name, self._coinm_routed):
                key = f"{outlet.market}:{name}"
                self._by_key.setdefault(key, {})[outlet] = None
                self._pushes.pop(key, None)
        self.changed()

    def unsubscribe(self, outlet: Outlet, names: Iterable[str]) -> None:
        """Deliver these streams no more."""
        for name in names:
            self._drop(f"{outlet.market}:{name}", outlet)
            if self._sending is not None:
                self._sending.forget(outlet.number, f"{outlet.market}:{name}")
        self.changed()

    def reform(self, outlet: Outlet) -> None:
        """The form of a connection's frames changed."""
        for key in self._keys_of(outlet):
            self._pushes.pop(key, None)
        self.changed()

    def silence(self, key: str, outlets: Iterable[Outlet], for_all: bool = False) -> None:
        """Deliver a stream no more to these connections, or to no one; its name is still acked."""
        self._silent.setdefault(key, set()).update(outlets)
        if for_all:
            self._silent_for_all.add(key)
        self._pushes.pop(key, None)
        self.changed()

    def unsilence(self, key: str, outlets: Iterable[Outlet]) -> None:
        """Deliver a stream again to these connections, and to new ones."""
        self._silent.get(key, set()).difference_update(outlets)
        self._silent_for_all.discard(key)
        self._pushes.pop(key, None)
        self.changed()

    def _keys_of(self, outlet: Outlet) -> list[str]:
        return [key for key, outlets in self._by_key.items() if outlet in outlets]

    def _drop(self, key: str, outlet: Outlet) -> None:
        self._pushes.pop(key, None)
        outlets = self._by_key.get(key, {})
        outlets.pop(outlet, None)
        if not outlets:
            self._by_key.pop(key, None)

    def changed(self) -> None:
        """Tell the source that subscriptions, or the form of a connection's frames, changed."""
        self.version += 1
        self.on_change()

    @property
    def keys(self) -> list[str]:
        """Return the stream keys that are subscribed on some connection."""
        return list(self._by_key)

    def subscribers(self, key: str) -> list[Outlet]:
        """Return the connections subscribed to this stream, those kept silent too."""
        return list(self._by_key.get(key, ()))

    def outlets_of(self, key: str) -> list[Outlet]:
        """Return the connections that get this stream."""
        if key in self._silent_for_all:
            return []
        silent = self._silent.get(key, ())
        return [outlet for outlet in self._by_key.get(key, ()) if outlet not in silent]

    @property
    def is_blocked(self) -> bool:
        """Say whether some socket has not taken what it was given yet."""
        return any(outlet.is_blocked for outlet in self.outlets)

    def publish(self, key: str, frame: bytes) -> None:
        """Queue a frame of the combined form for everyone subscribed to ``key``."""
        pushes = self._pushes.get(key)
        if pushes is None:
            pushes = self._pushes[key] = self._make_pushes(key)
        if pushes:
            self.sent[key] += len(pushes)
            for push in pushes:
                push(frame)

    def _make_pushes(self, key: str) -> list[Push]:
        prefix_length = len(prefix_of(key.partition(":")[2]))
        return [
            self.way(key, outlet, None if outlet.combined else _bare(prefix_length))
            for outlet in self.outlets_of(key)
        ]

    def way(self, key: str, outlet: Outlet, form: Form | None = None) -> Push:
        """Return what takes a stream's frames to a connection, in another form and with faults.

        It is up to date until ``version`` changes. Each call counts as a frame sent.
        """
        push: Push = outlet.queue.append
        if self._sending is not None and self._sending.concerns(key):
            push = self._sending.push(key, outlet.number, outlet.queue, self.sent)
        return push if form is None else _formed(push, form)

    def set_faults(self, plan: FaultPlan) -> None:
        """Hurt frames as ``plan`` says from now on; those that waited leave."""
        assert self._sending is not None
        self._sending.replace(plan, self.sent)
        self._pushes.clear()
        self.flush()
        self.changed()

    def send_late(self) -> float | None:
        """Send the frames whose delay is over; return when to come again, or None."""
        assert self._sending is not None
        due = self._sending.release(self.sent)
        self.flush()
        return due

    def flush(self) -> None:
        """Hand all queues to their sockets."""
        for outlet in list(self.outlets):
            if outlet.queue:
                outlet.flush()

    def close_all(self, code: int, reason: str) -> None:
        """Close all connections."""
        for outlet in list(self.outlets):
            outlet.close(code, reason)


def _bare(prefix_length: int) -> Form:
    return lambda frame: raw_frame(frame, prefix_length)


def _formed(push: Push, form: Form) -> Push:
    return lambda frame: push(form(frame))


def _ignore() -> None:
    pass
