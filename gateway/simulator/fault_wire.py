"""One stream on one connection, with its faults: frames in, what leaves and when out.

Pure: time is handed in, in seconds of any clock, so that it serves sockets and simulated time.

- drop: the frame never leaves.
- duplicate: it leaves twice, one after the other.
- reorder: it is kept until the next frame of this stream has left, and follows it; one frame at a
  time is kept. Dropped frames in between do not count.
- delay: it and all frames of this stream behind it wait, in order; other streams do not.
- corrupt: see ``damage``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from gateway.simulator.damage import damage_payload
from gateway.simulator.fault_counts import FaultCounts, WireCounts
from gateway.simulator.fault_plan import Damage, Fault
from gateway.simulator.faults import Faults

Hurt = Callable[[bytes, Damage, int], bytes]


class FaultyWire:
    """Use: ``feed`` each frame; then, at ``due_at``, ``take`` those that were late."""

    def __init__(
        self, faults: Faults, counts: FaultCounts, stream: str, connection: int = 0,
        *, first: int = 1, hurt: Hurt = damage_payload,
    ) -> None:  # fmt: skip
        """Begin with frame number ``first``; ``hurt`` damages what ``feed`` is given."""
        self.next_number = first
        self._faults = faults
        self._stream = stream
        self._connection = connection
        self._hurt = hurt
        self._counts: WireCounts = counts.wire(connection, stream, first)
        self._kept: tuple[int, bytes] | None = None  # to change places
        self._late: deque[tuple[float, bytes]] = deque()

    def feed(self, frame: bytes, now: float) -> list[bytes]:
        """Take the stream's next frame; return what leaves at once, in order."""
        number, self.next_number = self.next_number, self.next_number + 1
        self._counts.frames += 1
        decision = self._faults.decide(self._stream, number, self._connection)
        fault = decision.fault
        if fault is Fault.REORDER:
            if self._kept is None:
                self._kept = number, frame
                return []
            fault = None  # one at a time: this one leaves, and the kept one follows it
        if fault is not None:
            self._counts.note(fault, number)
        if fault is Fault.DROP:
            return []
        if fault is Fault.CORRUPT:
            frame = self._hurt(frame, decision.damage, decision.roll)
        leaving = [frame, frame] if fault is Fault.DUPLICATE else [frame]
        if self._kept is not None:
            kept_number, kept = self._kept
            self._kept = None
            self._counts.note(Fault.REORDER, kept_number)
            leaving.append(kept)
        return self._queued(leaving, now, decision.delay_s if fault is Fault.DELAY else 0.0)

    def _queued(self, leaving: list[bytes], now: float, delay_s: float) -> list[bytes]:
        """Let frames wait for their own delay, or behind those that wait."""
        if not delay_s and not self._late:
            return leaving
        earlier = self.take(now)
        if not delay_s and not self._late:
            return earlier + leaving
        due = max(now + delay_s, self._late[-1][0] if self._late else now)
        self._late.extend((due, frame) for frame in leaving)
        return earlier

    def due_at(self) -> float | None:
        """Return when the next late frame leaves; None when none waits."""
        return self._late[0][0] if self._late else None

    def take(self, now: float) -> list[bytes]:
        """Return the late frames that leave now."""
        due = []
        while self._late and self._late[0][0] <= now:
            due.append(self._late.popleft()[1])
        return due

    def release(self) -> list[bytes]:
        """Return all that waits, in order, as when the faults are switched off."""
        waiting = [frame for _, frame in self._late]
        self._late.clear()
        if self._kept is not None:
            waiting.append(self._kept[1])
            self._kept = None
        return waiting
