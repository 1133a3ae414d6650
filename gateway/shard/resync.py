"""Which books need a snapshot, and when to ask again. Pure: the clock is passed in (s).

A book that was refused a snapshot waits longer each time, so that a venue that answers nonsense is
not hammered; one that was merely too old is asked for again soon.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from heapq import nsmallest
from typing import Final

from gateway.plan import Need

SOON_FIRST_S: Final = 0.1
SOON_MAX_S: Final = 5.0
FAILED_FIRST_S: Final = 1.0
FAILED_MAX_S: Final = 30.0


@dataclass(slots=True)
class _Want:
    pool: str
    need: Need
    due: float
    failures: int = 0
    stale: int = 0
    request_id: int | None = None


@dataclass(slots=True)
class Resync:
    """The wants of a shard's books, by symbol row."""

    _wants: dict[int, _Want] = field(default_factory=dict)
    _asked: dict[int, int] = field(default_factory=dict)  # request id -> symbol row

    @property
    def waiting(self) -> int:
        """Count the books that need a snapshot."""
        return len(self._wants)

    def want(self, symbol: int, pool: str, need: Need, now: float) -> None:
        """A book needs a snapshot, from the weight of ``pool``. Wanting twice is wanting once."""
        self._wants.setdefault(symbol, _Want(pool, need, now))

    def forget(self, symbol: int) -> None:
        """The book is in step again, or gone; an answer that is on its way is for nobody."""
        want = self._wants.pop(symbol, None)
        if want is not None and want.request_id is not None:
            del self._asked[want.request_id]

    def due(self, pool: str, least: Need, count: int, now: float) -> list[tuple[int, Need]]:
        """Books to ask for now, at most ``count`` of those that need it as much as ``least``, by
        row: what is needed most first, then who waits longest."""
        ready = (
            (want.need, want.due, symbol)
            for symbol, want in self._wants.items()
            if want.request_id is None
            and want.due <= now
            and want.need <= least
            and want.pool == pool
        )
        return [(symbol, need) for need, _, symbol in nsmallest(count, ready)]

    def asked(self, symbol: int, request_id: int) -> None:
        """The book was asked for."""
        self._wants[symbol].request_id = request_id
        self._asked[request_id] = symbol

    def symbol_of(self, request_id: int) -> int | None:
        """The book a request was made for; None when nobody waits for it any more."""
        return self._asked.get(request_id)

    def retry_soon(self, symbol: int, now: float) -> None:
        """The snapshot was older than the stream: ask again soon, then later each time."""
        want = self._wants[symbol]
        delay = min(SOON_MAX_S, SOON_FIRST_S * 2.0**want.stale)
        want.stale += 1
        self._again(want, now + delay)

    def retry_later(self, symbol: int, now: float) -> float:
        """The request failed: ask again, later each time. Returns the delay in seconds."""
        want = self._wants[symbol]
        delay = min(FAILED_MAX_S, FAILED_FIRST_S * 2.0**want.failures)
        want.failures += 1
        self._again(want, now + delay)
        return delay

    def _again(self, want: _Want, due: float) -> None:
        if want.request_id is not None:
            del self._asked[want.request_id]
        want.request_id, want.due = None, due

    def next_due(self, now: float) -> float | None:
        """When a book that waits for its time is to be asked for; None: none waits for that."""
        times = (w.due for w in self._wants.values() if w.request_id is None and w.due > now)
        return min(times, default=None)
