"""Latest values that wait to be fetched, once for each subscription. Pure: times are passed in (s).

A value waits from the ack of its stream; who asks looks first whether it is still wanted. Where the
venue refuses several for one of them, they are asked for in halves; failures wait longer each time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import inf
from typing import Final

FAILED_FIRST_S: Final = 1.0
FAILED_MAX_S: Final = 60.0
FAILURES_MAX: Final = 8  # in a row: about three minutes; then until the stream is subscribed anew


@dataclass(slots=True, eq=False)
class Value:
    """What one stream shows, or one symbol's row of an array."""

    stream: int  # row
    name: str
    due: float
    request_id: int | None = None
    asked_mono: int = 0  # ns
    failures: int = 0
    part: int = 0  # values of different parts are not asked for with one call


@dataclass(slots=True)
class Refreshing:
    """The values of a shard that wait or are asked for, by their stream's row."""

    _values: dict[int, Value] = field(default_factory=dict)
    _requests: dict[int, list[Value]] = field(default_factory=dict)
    _parts: int = 0
    _soonest: float = inf  # nothing is due before

    def begin(self, streams: Iterable[tuple[int, str]], due: float) -> None:
        """The venue acked these (row, name); an answer that is on its way is of the time before."""
        for row, name in streams:
            self._values[row] = Value(row, name, due)
            self._soonest = min(self._soonest, due)

    def due(self, now: float) -> list[Value]:
        """Values to look at now."""
        if now < self._soonest:
            return []
        found = [value for value in self._waiting() if value.due <= now]
        if not found:
            self._soonest = min((value.due for value in self._waiting()), default=inf)
        return found

    def next_due(self, now: float) -> float | None:
        """When a value that waits for its time is to be looked at; None: none waits for that."""
        soonest = self._soonest
        if soonest <= now:
            times = (value.due for value in self._waiting() if value.due > now)
            soonest = min(times, default=inf)
        return soonest if soonest < inf else None

    def _waiting(self) -> Iterator[Value]:
        return (value for value in self._values.values() if value.request_id is None)

    def asked(self, values: list[Value], request_id: int, mono_ns: int) -> None:
        """These were asked for with one request."""
        self._requests[request_id] = values
        for value in values:
            value.request_id, value.asked_mono = request_id, mono_ns

    def answered(self, request_id: int) -> list[Value]:
        """The answer is in; return those it was asked for that still wait for it."""
        asked = self._requests.pop(request_id, [])
        return [value for value in asked if self._values.get(value.stream) is value]

    def end(self, value: Value) -> None:
        """It was fetched, or is not wanted (any more)."""
        if self._values.get(value.stream) is value:
            del self._values[value.stream]

    def refused(self, values: list[Value], now: float) -> None:
        """The venue will not answer for one of these: which one, halves will tell."""
        if len(values) == 1:
            self.end(values[0])
            return
        for part in (values[: len(values) // 2], values[len(values) // 2 :]):
            self._parts += 1
            for value in part:
                value.part = self._parts
                self._wait(value, now)

    def failed(self, values: list[Value], now: float) -> None:
        """There was no answer: later, and later each time; at last give them up."""
        for value in values:
            delay = min(FAILED_MAX_S, FAILED_FIRST_S * 2.0**value.failures)
            value.failures += 1
            self._wait(value, now + delay)
            if value.failures > FAILURES_MAX:
                self.end(value)

    def _wait(self, value: Value, due: float) -> None:
        value.request_id, value.due = None, due
        self._soonest = min(self._soonest, due)
