"""What a reader may be shown of a tape's true book, by what the answers told."""

from __future__ import annotations

from gateway import layout
from gateway.layout import Status
from tests.core.rig import Rig
from tests.core.test_engine_books import Tape
from tests.model.book import Book, Level
from tests.model.sequencing import Snapshot

Bounds = tuple[int | None, int | None]
Sides = tuple[list[Level], list[Level]]


def complete_px(rig: Rig) -> Bounds:
    """The complete prices that the slot names; None: to the end of the book."""
    cell = rig.book()[0]
    bid, ask = cell.bid_complete_px, cell.ask_complete_px
    return (None if bid == layout.NULL else bid, None if ask == layout.NULL else ask)


def within(sides: Sides, bounds: Bounds) -> Sides:
    """The levels that are no farther from the top than their bounds."""
    bids, asks = sides
    low, high = bounds
    return (
        [(px, qty) for px, qty in bids if low is None or px >= low],
        [(px, qty) for px, qty in asks if high is None or px <= high],
    )


def bounds_of(snapshot: Snapshot, limit: int) -> Bounds:
    """How far an answer of so many levels a side goes."""
    cut = [len(levels) >= limit > 0 for levels in (snapshot.bids, snapshot.asks)]
    return (
        snapshot.bids[-1][0] if cut[0] else None,
        snapshot.asks[-1][0] if cut[1] else None,
    )


class Known:
    """The true book of a tape, and how far the last answer goes."""

    def __init__(self, history: Tape) -> None:
        self.history = history
        self.bounds: Bounds = (None, None)
        self._book, self._at, self._changes = Book(), 0, sorted(history.changes.items())

    def answer(self, update_id: int, limit: int) -> Snapshot:
        """A REST answer; the book that takes it knows as much."""
        snapshot = self.peek(update_id, limit)
        self.bounds = bounds_of(snapshot, limit)
        return snapshot

    def peek(self, update_id: int, limit: int) -> Snapshot:
        """The same, for a second look."""
        bids, asks = self.history.book(update_id).top(limit or 1000)
        return Snapshot(update_id, tuple(bids), tuple(asks))

    def shown(self, update_id: int) -> Sides:
        """All that a reader may see of the true book at an id."""
        if update_id < (self._changes[self._at - 1][0] if self._at else 0):
            self._book, self._at = Book(), 0
        while self._at < len(self._changes) and self._changes[self._at][0] <= update_id:
            self._book.set(*self._changes[self._at][1])
            self._at += 1
        return within(self._book.top(1000), self.bounds)

    def check(self, rig: Rig) -> bool:
        """The slot and the ring's follower show just that, or are not LIVE; whether they are."""
        if rig.status() != Status.LIVE:
            return False
        cell, bids, asks = rig.book()
        true = self.shown(cell.update_id)
        assert (bids, asks) == (true[0][:20], true[1][:20])
        assert (cell.bid_total, cell.ask_total) == (len(true[0]), len(true[1]))
        assert complete_px(rig) == self.bounds
        assert all(bool(levels) or px is None for levels, px in zip(true, self.bounds, strict=True))
        followed = rig.followed().book
        assert within(followed.top(1000), self.bounds) == followed.top(1000)
        assert followed.top(1000) == within(true, followed.complete_px())
        return True
