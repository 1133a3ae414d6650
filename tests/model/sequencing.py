"""Whether a diff may be applied, and the life of a book between snapshots. No I/O, no clock.

Rules: "How to manage a local order book correctly" of web-socket-streams.md (spot, as corrected
2025-11-12) and of the derivatives pages (futures). U = first_update_id, u = last_update_id,
pu = prev_update_id.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from gateway.layout import Market
from tests.model.book import Book, Level


class Verdict(enum.Enum):
    BEHIND = "BEHIND"  # older than the book: nothing to do
    APPLY = "APPLY"
    GAP = "GAP"  # updates are missing between the book and this diff


def judge_spot(first_update_id: int, last_update_id: int, book_update_id: int) -> Verdict:
    """Judge a spot diff; the same rule right after a snapshot and later."""
    if last_update_id <= book_update_id:
        return Verdict.BEHIND
    return Verdict.GAP if first_update_id > book_update_id + 1 else Verdict.APPLY


def judge_futures(prev_update_id: int, last_update_id: int, book_update_id: int) -> Verdict:
    """Judge a futures diff that follows another: ids are not consecutive, only pu chains them."""
    if last_update_id <= book_update_id:
        return Verdict.BEHIND
    return Verdict.GAP if prev_update_id > book_update_id else Verdict.APPLY


def judge_futures_first(
    first_update_id: int, last_update_id: int, prev_update_id: int, snapshot_id: int
) -> Verdict:
    """Judge the first futures diff after a snapshot; ``u == snapshot_id`` is still applied."""
    if last_update_id < snapshot_id:
        return Verdict.BEHIND
    # The snapshot may fall between two events: then pu <= L < U proves that nothing is missing.
    joined = first_update_id <= snapshot_id or prev_update_id <= snapshot_id
    return Verdict.APPLY if joined else Verdict.GAP


@dataclass(frozen=True)
class Diff:
    """A depth update. ``prev_update_id`` of spot is first_update_id - 1."""

    first_update_id: int
    last_update_id: int
    prev_update_id: int
    bids: tuple[Level, ...] = ()
    asks: tuple[Level, ...] = ()


@dataclass(frozen=True)
class Snapshot:
    """A REST depth answer."""

    last_update_id: int
    bids: tuple[Level, ...] = ()
    asks: tuple[Level, ...] = ()


class Step(enum.Enum):
    """What became of an input."""

    BUFFERED = "BUFFERED"  # kept until a snapshot comes
    APPLIED = "APPLIED"
    BEHIND = "BEHIND"
    GAP = "GAP"  # the book left LIVE; the diff is the first of a new buffer
    LIVE = "LIVE"  # the snapshot joined
    HELD = "HELD"  # nothing shows yet that the stream reaches the snapshot: the next event decides
    TOO_OLD = "TOO_OLD"  # the snapshot does not reach the buffer: ask again
    UNASKED = "UNASKED"  # a snapshot while the book has one


@dataclass
class BookLife:
    """One instrument's book from subscription on.

    ``snapshot_wanted`` is set while a REST depth answer is due. ``chained`` tells whether a diff
    has joined the snapshot: until then futures use the first-event rule, and the snapshot is only
    held, not LIVE: events behind it prove nothing about what follows.
    """

    market: Market
    book: Book = field(default_factory=Book)
    is_live: bool = False
    is_held: bool = False
    update_id: int = 0
    snapshot_id: int = 0
    chained: bool = False
    event_seen: bool = False
    snapshot_wanted: bool = False
    buffer: list[Diff] = field(default_factory=list)
    gap_count: int = 0

    def judge(self, diff: Diff) -> Verdict:
        if self.market == Market.SPOT:
            return judge_spot(diff.first_update_id, diff.last_update_id, self.update_id)
        if self.chained:
            return judge_futures(diff.prev_update_id, diff.last_update_id, self.update_id)
        return judge_futures_first(
            diff.first_update_id, diff.last_update_id, diff.prev_update_id, self.update_id
        )

    def on_diff(self, diff: Diff) -> Step:
        if not (self.is_live or self.is_held):
            self.event_seen = True
            self.buffer.append(diff)
            self.snapshot_wanted = True
            return Step.BUFFERED
        verdict = self.judge(diff)
        seen, self.event_seen = self.event_seen, True
        if verdict is Verdict.GAP:
            # Before any event there is no chain to break: the snapshot was just too old.
            self.gap_count += seen
            self.is_live = self.is_held = False
            self.buffer = [diff]
            self.snapshot_wanted = True
            return Step.GAP
        self._take(verdict, diff)
        self._settle()
        return Step.APPLIED if verdict is Verdict.APPLY else Step.BEHIND

    def on_snapshot(self, snapshot: Snapshot) -> Step:
        if self.is_live or self.is_held:
            return Step.UNASKED
        self.book.replace(snapshot.bids, snapshot.asks)
        self.update_id = self.snapshot_id = snapshot.last_update_id
        self.chained = False
        for diff in self.buffer:
            verdict = self.judge(diff)
            if verdict is Verdict.GAP:
                self.snapshot_wanted = True
                return Step.TOO_OLD
            self._take(verdict, diff)
        self._settle()
        self.buffer = []
        self.snapshot_wanted = False
        return Step.LIVE if self.is_live else Step.HELD

    def _take(self, verdict: Verdict, diff: Diff) -> None:
        if verdict is Verdict.APPLY:
            self._apply(diff)
        elif diff.last_update_id == self.update_id:
            self.chained = True  # it ends where the snapshot does: the stream has reached it

    def _settle(self) -> None:
        self.is_live, self.is_held = self.chained, not self.chained

    def _apply(self, diff: Diff) -> None:
        self.book.apply(diff.bids, diff.asks)
        self.update_id = diff.last_update_id
        self.chained = True
