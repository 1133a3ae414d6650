"""Who is subscribed to what, and what was sent: the table between sources and sockets.

One hub a simulator, used from one event loop only. A source appends frames to the queues of the
outlets it finds here and then calls ``flush``; it may watch ``version`` to know that its own tables
are out of date.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Protocol

from gateway.simulator.frames import prefix_of, raw_frame
from gateway.simulator.names import Market, Route, carries, parse_stream


class Outlet(Protocol):
    """One connection, as sources see it. Frames in ``queue`` leave at the next ``flush``."""

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

    def __init__(self, coinm_routed: bool = False) -> None:
        self.version = 0
        self.outlets: dict[Outlet, None] = {}
        self.sent: Counter[str] = Counter()  # frames by stream key, each socket's copy counted
        self.on_change: Callable[[], None] = _ignore
        self._by_key: dict[str, dict[Outlet, None]] = {}
        self._coinm_routed = coinm_routed

    def add(self, outlet: Outlet) -> None:
        """Take a new connection in."""
        self.outlets[outlet] = None

    def remove(self, outlet: Outlet) -> None:
        """Forget a connection and its subscriptions."""
        self.outlets.pop(outlet, None)
        for key in [key for key, outlets in self._by_key.items() if outlet in outlets]:
            self._drop(key, outlet)
        self.changed()

    def subscribe(self, outlet: Outlet, names: Iterable[str]) -> None:
        """Deliver these streams, but for those that the connection's route does not carry."""
        for name in names:
            if carries(outlet.market, outlet.route, name, self._coinm_routed):
                self._by_key.setdefault(f"{outlet.market}:{name}", {})[outlet] = None
        self.changed()

    def unsubscribe(self, outlet: Outlet, names: Iterable[str]) -> None:
        """Deliver these streams no more."""
        for name in names:
            self._drop(f"{outlet.market}:{name}", outlet)
        self.changed()

    def _drop(self, key: str, outlet: Outlet) -> None:
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

    def outlets_of(self, key: str) -> list[Outlet]:
        """Return the connections that get this stream."""
        return list(self._by_key.get(key, ()))

    @property
    def is_blocked(self) -> bool:
        """Say whether some socket has not taken what it was given yet."""
        return any(outlet.is_blocked for outlet in self.outlets)

    def publish(self, key: str, frame: bytes) -> None:
        """Queue a frame of the combined form for everyone subscribed to ``key``."""
        outlets = self._by_key.get(key)
        if not outlets:
            return
        self.sent[key] += len(outlets)
        for outlet in outlets:
            if outlet.combined:
                outlet.queue.append(frame)
            else:
                name = key.partition(":")[2]
                outlet.queue.append(raw_frame(frame, len(prefix_of(name))))

    def flush(self) -> None:
        """Hand all queues to their sockets."""
        for outlet in list(self.outlets):
            if outlet.queue:
                outlet.flush()

    def close_all(self, code: int, reason: str, key: str | None = None) -> int:
        """Close the connections, or only those subscribed to ``key``; return how many."""
        chosen = list(self.outlets) if key is None else self.outlets_of(key)
        for outlet in chosen:
            outlet.close(code, reason)
        return len(chosen)

    def kinds_subscribed(self) -> dict[str, list[str]]:
        """Return the suffixes subscribed, by instrument (``spot:BTCUSDT``)."""
        found: dict[str, list[str]] = {}
        for key in self._by_key:
            market, _, text = key.partition(":")
            name = parse_stream(Market(market), text)
            if name.symbol:
                found.setdefault(f"{market}:{name.symbol}", []).append(name.suffix)
        return found


def _ignore() -> None:
    pass
