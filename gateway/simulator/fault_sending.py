"""The faults between the hub and the queues of the connections.

Pure: it is told the time, and tells when it must be called again. A stream's frames are numbered
over those that at least one connection was due, so a connection that joins later begins with the
number that the others have reached.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from gateway.simulator.damage import damage_frame
from gateway.simulator.fault_plan import FaultPlan
from gateway.simulator.fault_state import FaultState
from gateway.simulator.fault_wire import FaultyWire

Push = Callable[[bytes], None]


class FaultySending:
    """All streams on all connections. A connection is known by its number."""

    def __init__(self, state: FaultState, monotonic: Callable[[], float]) -> None:
        self.on_late: Callable[[float], None] = _ignore  # told when ``release`` is due
        self._state = state
        self._monotonic = monotonic
        self._ways: dict[tuple[str, int], _Way] = {}
        self._newest: Counter[str] = Counter()  # number of each stream's newest frame

    def concerns(self, stream: str) -> bool:
        """Say whether a stream's frames must go through here."""
        return self._state.frames.concerns(stream)

    def push(self, stream: str, connection: int, queue: list[bytes], sent: Counter[str]) -> Push:
        """Return what takes a stream's frames, in the form they have on this connection.

        Whoever calls it counts a frame as sent; here ``sent`` is put right.
        """
        key = stream, connection
        way = self._ways.get(key)
        if way is None:
            wire = FaultyWire(
                self._state.frames, self._state.counts, stream, connection,
                first=self._newest[stream] + 1, hurt=damage_frame,
            )  # fmt: skip
            way = self._ways[key] = _Way(wire, queue)
        way.wire.next_number = self._newest[stream] + 1  # it may have been silent for a while
        return self._pusher(stream, way, sent)

    def _pusher(self, stream: str, way: _Way, sent: Counter[str]) -> Push:
        wire, queue, newest = way.wire, way.queue, self._newest

        def push(frame: bytes) -> None:
            newest[stream] = max(newest[stream], wire.next_number)
            leaving = wire.feed(frame, self._monotonic())
            sent[stream] += len(leaving) - 1
            queue.extend(leaving)
            due = wire.due_at()
            if due is not None:
                self.on_late(due)

        return push

    def release(self, sent: Counter[str]) -> float | None:
        """Queue the late frames that are due; return when to come again, or None."""
        now = self._monotonic()
        dues = []
        for (stream, _), way in self._ways.items():
            leaving = way.wire.take(now)
            sent[stream] += len(leaving)
            way.queue.extend(leaving)
            due = way.wire.due_at()
            if due is not None:
                dues.append(due)
        return min(dues, default=None)

    def replace(self, plan: FaultPlan, sent: Counter[str]) -> None:
        """Do as ``plan`` says from now on; what waited leaves."""
        self._state.replace(plan)
        for (stream, _), way in self._ways.items():
            leaving = way.wire.release()
            sent[stream] += len(leaving)
            way.queue.extend(leaving)

    def forget(self, connection: int, stream: str | None = None) -> None:
        """A connection, or its subscription of a stream, is gone, with all that waited."""
        gone = [key for key in self._ways if key[1] == connection and stream in (None, key[0])]
        for key in gone:
            del self._ways[key]


class _Way:
    """A faulty wire, and the queue that it leads to."""

    __slots__ = ("queue", "wire")

    def __init__(self, wire: FaultyWire, queue: list[bytes]) -> None:
        self.wire = wire
        self.queue = queue


def _ignore(due: float) -> None:
    pass
