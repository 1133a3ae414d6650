"""Second looks in progress: a LIVE book beside a snapshot that was asked for later. Pure.

A look ends when the core has compared both at one update id, or with a failure: answers are too
old too often, the stream does not reach one in time, or the book is lost. Times are passed in (s).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from gateway.plan import Need

LOOKS_MAX: Final = 4  # at once: each is a second book with its own buffer in the core
STALE_MAX: Final = 4  # answers that were too old, for one look
STALE_FIRST_S: Final = 0.5  # then doubled
ANSWERED_MAX_S: Final = 60.0  # the core ends a look within 30 s; its word of it may be lost


@dataclass(slots=True)
class Look:
    """One look. ``levels`` a side are asked for."""

    symbol: int
    need: Need
    levels: int
    due: float
    request_id: int | None = None
    stale: int = 0
    answered_at: float | None = None  # since then the core waits for the stream to reach it


@dataclass(slots=True)
class Looking:
    """The looks of a shard, by symbol row."""

    _looks: dict[int, Look] = field(default_factory=dict)

    @property
    def has_room(self) -> bool:
        """Whether another look may begin."""
        return len(self._looks) < LOOKS_MAX

    def begin(self, symbol: int, need: Need, levels: int, now: float) -> None:
        """The core keeps the book's events from now on."""
        self._looks[symbol] = Look(symbol, need, levels, now)

    def due(self, now: float) -> list[Look]:
        """Looks to ask a snapshot for now."""
        return [
            look
            for look in self._looks.values()
            if look.request_id is None and look.answered_at is None and look.due <= now
        ]

    def overdue(self, now: float) -> list[Look]:
        """Looks of whose end the core should have told by now."""
        return [
            look
            for look in self._looks.values()
            if look.answered_at is not None and now - look.answered_at > ANSWERED_MAX_S
        ]

    def asked(self, symbol: int, request_id: int) -> None:
        """The snapshot was asked for."""
        self._looks[symbol].request_id = request_id

    def of_request(self, request_id: int) -> Look | None:
        """The look that a request was made for; None when it has ended."""
        return next((k for k in self._looks.values() if k.request_id == request_id), None)

    def is_waiting(self, symbol: int) -> bool:
        """Whether a book's answer is still to come."""
        return symbol in self._looks and self._looks[symbol].request_id is not None

    def answered(self, symbol: int, now: float) -> None:
        """The answer is here."""
        look = self._looks[symbol]
        look.request_id, look.answered_at = None, now

    def is_stale(self, symbol: int, now: float) -> bool:
        """The answer was too old. True: ask again, later each time; False: give it up."""
        look = self._looks[symbol]
        look.answered_at = None
        look.due = now + STALE_FIRST_S * 2.0**look.stale
        look.stale += 1
        return look.stale < STALE_MAX

    def end(self, symbol: int) -> Look | None:
        """The look is over, or was never begun."""
        return self._looks.pop(symbol, None)
