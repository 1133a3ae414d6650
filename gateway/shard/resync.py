"""Which books need a snapshot, and when to ask again. Pure: the clock is passed in (s).

A shard has at most four requests in flight; the supervisor owns the venue's weight budget. A book
that was refused a snapshot waits longer each time, so that a venue that answers nonsense is not
hammered; one that was merely too old is asked for again soon.
"""

from __future__ import annotations

from dataclasses import dataclass, field

IN_FLIGHT_MAX = 4
SOON_FIRST_S = 0.1
SOON_MAX_S = 5.0
FAILED_FIRST_S = 1.0
FAILED_MAX_S = 30.0
ANSWER_MAX_S = 60.0  # a request without an answer is forgotten and made anew


@dataclass(slots=True)
class _Want:
    due: float
    failures: int = 0
    stale: int = 0
    request_id: int | None = None


@dataclass(slots=True)
class Resync:
    """The wants of a shard's books, by symbol row."""

    _wants: dict[int, _Want] = field(default_factory=dict)
    _next_id: int = 1

    def want(self, symbol: int, now: float) -> None:
        """A book needs a snapshot. Wanting twice is wanting once."""
        self._wants.setdefault(symbol, _Want(now))

    def forget(self, symbol: int) -> None:
        """The book is in step again, or gone."""
        self._wants.pop(symbol, None)

    def due(self, now: float) -> list[tuple[int, int]]:
        """Requests to make now, as (request id, symbol row), oldest want first."""
        for want in self._wants.values():
            if want.request_id is not None and now - want.due > ANSWER_MAX_S:
                want.request_id = None
                want.due = now
        room = IN_FLIGHT_MAX - sum(want.request_id is not None for want in self._wants.values())
        ready = [
            item
            for item in self._wants.items()
            if item[1].request_id is None and item[1].due <= now
        ]
        ready.sort(key=lambda item: item[1].due)
        return [(self._issue(want, now), symbol) for symbol, want in ready[: max(room, 0)]]

    def _issue(self, want: _Want, now: float) -> int:
        want.request_id, want.due = self._next_id, now
        self._next_id += 1
        return want.request_id

    def symbol_of(self, request_id: int) -> int | None:
        """The book a request was made for; None when nobody waits for it any more."""
        for symbol, want in self._wants.items():
            if want.request_id == request_id:
                return symbol
        return None

    def retry_soon(self, symbol: int, now: float) -> None:
        """The snapshot was older than the stream: ask again soon, then later each time."""
        want = self._wants.get(symbol)
        if want is not None:
            delay = min(SOON_MAX_S, SOON_FIRST_S * 2.0**want.stale)
            want.stale += 1
            self._again(symbol, now + delay, failed=False)

    def retry_later(self, symbol: int, now: float) -> float:
        """The request failed: ask again, later each time. Returns the delay in seconds."""
        want = self._wants.get(symbol)
        delay = min(FAILED_MAX_S, FAILED_FIRST_S * 2.0 ** (want.failures if want else 0))
        self._again(symbol, now + delay, failed=True)
        return delay

    def _again(self, symbol: int, due: float, *, failed: bool) -> None:
        want = self._wants.get(symbol)
        if want is not None:
            want.request_id, want.due = None, due
            want.failures += failed

    def next_due(self) -> float | None:
        """When ``due`` has something to say again; None while nothing waits."""
        return min((w.due for w in self._wants.values() if w.request_id is None), default=None)
