"""What was done to frames, REST answers and connections: exact counts, and the newest details.

Pure. A checker reads here which frames of a stream a connection did not get as they were.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import Any, Final

from gateway.simulator.fault_plan import Fault

NUMBERS_KEPT: Final = 10_000  # frame numbers, of each connection, stream and kind; the newest
EPISODES_KEPT: Final = 1_000


class WireCounts:
    """One stream on one connection: ``frames`` it was due, and the numbers of those hit.

    A number is the frame's place in the stream, from 1, over the frames that at least one
    connection was due. A reordered frame counts once it has changed places, with its own number.
    """

    __slots__ = ("first", "frames", "hit", "numbers")

    def __init__(self, first: int) -> None:
        self.first = first  # number of the first frame that was due
        self.frames = 0
        self.hit: Counter[Fault] = Counter()
        self.numbers: dict[Fault, deque[int]] = {}

    def note(self, fault: Fault, number: int) -> None:
        """Count a frame that was hit."""
        self.hit[fault] += 1
        self.numbers.setdefault(fault, deque(maxlen=NUMBERS_KEPT)).append(number)

    def describe(self) -> dict[str, Any]:
        """Return the counts as JSON knows them, with the numbers of the frames."""
        hit = {str(kind): self.hit[kind] for kind in Fault if self.hit[kind]}
        numbers = {str(kind): list(numbers) for kind, numbers in self.numbers.items()}
        return {"first": self.first, "frames": self.frames, **hit, "numbers": numbers}


class FaultCounts:
    """Everything that was done; one a simulator."""

    def __init__(self) -> None:
        self.rest: dict[str, Counter[str]] = {}  # by call
        self.episodes: Counter[str] = Counter()
        self._wires: dict[tuple[int, str], WireCounts] = {}
        self._log: deque[dict[str, Any]] = deque(maxlen=EPISODES_KEPT)

    def wire(self, connection: int, stream: str, first: int) -> WireCounts:
        """Return the counts of a stream on a connection, begun with frame ``first`` if new."""
        return self._wires.setdefault((connection, stream), WireCounts(first))

    def note_rest(self, call: str, what: str) -> None:
        """Count an answer that was late (``delay``), ``stale`` or refused (its status)."""
        self.rest.setdefault(call, Counter())[what] += 1

    def note_episode(self, what: str, hit: list[str], start_s: float, end_s: float) -> None:
        """Count an episode, from when to when in seconds since the plan began, and what it hit."""
        self.episodes[what] += 1
        self._log.append({"what": what, "hit": hit, "from": start_s, "to": end_s})

    def status(self) -> dict[str, Any]:
        """Return what ``/sim/status`` says of it."""
        kinds: Counter[Fault] = Counter()
        streams: dict[str, Counter[str]] = {}
        connections: dict[str, dict[str, Any]] = {}
        for (connection, stream), wire in self._wires.items():
            kinds.update(wire.hit)
            counts = streams.setdefault(stream, Counter())
            counts.update({str(kind): count for kind, count in wire.hit.items()})
            connections.setdefault(str(connection), {})[stream] = wire.describe()
        return {
            "kinds": {str(kind): kinds[kind] for kind in Fault},
            "streams": streams,
            "connections": connections,
            "rest": self.rest,
            "episodes": self.episodes,
            "episode_log": list(self._log),
        }
