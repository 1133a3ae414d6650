"""The life of a book in the engine: snapshots, buffers, gaps; slot and ring follow the model."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from gateway.core.engine import FrameClass, SnapshotResult
from gateway.layout import Market, Reason, Status
from tests.core.rig import Rig
from tests.model.book import Book, Level
from tests.model.sequencing import BookLife, Diff, Snapshot, Step

MARKETS = (Market.SPOT, Market.USDM)
RESULTS = {
    Step.LIVE: (SnapshotResult.LIVE,),
    Step.HELD: (SnapshotResult.HELD,),
    Step.TOO_OLD: (SnapshotResult.TOO_OLD, SnapshotResult.GAP),  # GAP: a hole inside the buffer
}


@dataclass(frozen=True)
class Tape:
    """A short true history: the change that each id made, and the diffs that tell it."""

    changes: dict[int, tuple[int, int, int]]  # id -> side, price, quantity
    diffs: tuple[Diff, ...]

    def book(self, update_id: int) -> Book:
        book = Book()
        for number, change in self.changes.items():
            if number <= update_id:
                book.set(*change)
        return book

    def snapshot(self, update_id: int) -> Snapshot:
        bids, asks = self.book(update_id).top(100)
        return Snapshot(update_id, tuple(bids), tuple(asks))


def tape(market: Market, count: int = 6) -> Tape:
    """Spot: ids without holes. Futures: ids of other symbols lie between, only pu chains."""
    changes = {n: (n % 2, (90 if n % 2 == 0 else 110) + n % 5, n) for n in range(1, 10)}
    diffs, number, last = [], 10, 9
    for index in range(count):
        if market != Market.SPOT:
            number += index % 3  # ids of other symbols
        ids = range(number, number + 1 + index % 2)
        for n in ids:
            side = n % 2
            px = (90 if side == 0 else 110) + n % 4
            changes[n] = (side, px, 0 if n % 3 == 0 else 100 + n)
        bids, asks = levels(changes, ids)
        prev = last if market != Market.SPOT else ids[0] - 1
        diffs.append(Diff(ids[0], ids[-1], prev, bids, asks))
        number, last = ids[-1] + 1, ids[-1]
    return Tape(changes, tuple(diffs))


def levels(
    changes: dict[int, tuple[int, int, int]], ids: range
) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
    sides: tuple[dict[int, int], dict[int, int]] = ({}, {})
    for n in ids:
        side, px, qty = changes[n]
        sides[side][px] = qty
    return tuple(sides[0].items()), tuple(sides[1].items())


class Pair:
    """An engine and the model, told the same, compared after every step."""

    def __init__(self, rig: Rig, history: Tape) -> None:
        self.rig, self.tape = rig, history
        self.life = BookLife(rig.market)

    def diff(self, diff: Diff) -> Step:
        was_live = self.life.is_live
        step = self.life.on_diff(diff)
        assert self.rig.diff(diff) is FrameClass.DATA
        if step is Step.GAP and was_live:
            assert self.rig.status() == Status.GAPPED
        self.compare()
        return step

    def snapshot(self, update_id: int) -> Step:
        snapshot = self.tape.snapshot(update_id)
        step = self.life.on_snapshot(snapshot)
        assert self.rig.snapshot(snapshot) in RESULTS[step], step
        self.compare()
        return step

    def compare(self) -> None:
        rig, life = self.rig, self.life
        assert (rig.status() == Status.LIVE) == life.is_live
        assert bool(rig.wanted) == life.snapshot_wanted
        assert rig.counters().gaps == life.gap_count
        if not life.is_live:
            return
        cell, bids, asks = rig.book()
        assert (bids, asks) == life.book.top(20)
        assert (bids, asks) == self.tape.book(life.update_id).top(20), "not the true book"
        assert cell.update_id == life.update_id
        assert cell.snapshot_id == life.snapshot_id
        assert (cell.bid_total, cell.ask_total) == life.book.counts()
        followed = rig.followed()
        assert followed.book.top(100) == life.book.top(100)
        assert followed.update_id == life.update_id


def orders(diffs: tuple[Diff, ...]) -> Iterator[tuple[str, list[Diff]]]:
    """The diffs as they are, and with one of them lost, doubled, or swapped with the next."""
    yield "whole", list(diffs)
    for at in range(len(diffs)):
        before, this, after = list(diffs[:at]), diffs[at], list(diffs[at + 1 :])
        yield f"lost {at}", before + after
        yield f"doubled {at}", [*before, this, this, *after]
        if after:
            yield f"swapped {at}", [*before, after[0], this, *after[1:]]


@pytest.mark.parametrize("market", MARKETS, ids=lambda market: market.name.lower())
@pytest.mark.parametrize("buffered", range(7))
def test_every_alignment_of_snapshot_and_events_ends_as_the_model_says(
    market: Market, buffered: int
) -> None:
    history = tape(market)
    last = history.diffs[-1].last_update_id
    for snapshot_id, (fault, diffs) in itertools.product(range(8, last + 3), orders(history.diffs)):
        with Rig(market) as rig:
            pair = Pair(rig, history)
            for number, diff in enumerate(diffs):
                if number == buffered and number:
                    pair.snapshot(snapshot_id)
                pair.diff(diff)
            if buffered >= len(diffs):
                pair.snapshot(snapshot_id)
            recover(pair, last)
            assert rig.status() == Status.LIVE, (snapshot_id, fault)


def recover(pair: Pair, last: int) -> None:
    """The stream goes on; whatever happened, a fresh snapshot brings the book back."""
    for update_id in range(max(last, pair.life.update_id) + 1, max(last, pair.life.update_id) + 4):
        changes = pair.tape.changes | {update_id: (0, 80, update_id)}
        pair.tape = Tape(changes, pair.tape.diffs)
        pair.diff(Diff(update_id, update_id, update_id - 1, ((80, update_id),)))
        if pair.life.snapshot_wanted:
            assert pair.snapshot(update_id) in (Step.LIVE, Step.HELD)


@pytest.mark.parametrize("market", MARKETS, ids=lambda market: market.name.lower())
def test_a_snapshot_before_the_first_event_is_not_yet_live(market: Market) -> None:
    history = tape(market)
    for snapshot_id in range(8, history.diffs[-1].last_update_id + 3):
        with Rig(market) as rig:
            rig.engine.ask_snapshot(rig.row)
            rig.settle()
            assert rig.wanted == [rig.row]
            pair = Pair(rig, history)
            pair.life.snapshot_wanted = True
            assert pair.snapshot(snapshot_id) is Step.HELD
            assert rig.status() == Status.SYNCING
            for diff in history.diffs:
                pair.diff(diff)


@pytest.mark.parametrize("market", MARKETS, ids=lambda market: market.name.lower())
def test_a_gap_leaves_live_in_the_same_write_and_touches_that_book_alone(market: Market) -> None:
    history = tape(market)
    with Rig(market) as rig:
        other = rig.add_symbol("ETHUSDT")
        first = history.diffs[0]
        pair = Pair(rig, history)
        pair.diff(first)
        rig.diff(first, "ETHUSDT")
        rig.snapshot(history.snapshot(first.last_update_id), other)
        rig.wanted = [rig.row]
        pair.snapshot(first.last_update_id)
        second = history.diffs[1]
        pair.diff(second)
        rig.diff(second, "ETHUSDT")
        before = rig.book()[0].version
        rig.frame(b'{"result":null,"id":1}')
        pair.diff(history.diffs[3])  # the third is missing
        cell, _, _ = rig.book()
        assert cell.version == before + 1, "one write"
        assert cell.status == Status.GAPPED
        assert cell.reason == Reason.GAP
        assert rig.status(other) == Status.LIVE
        assert rig.wanted == [rig.row]
        assert rig.followed().statuses[-1] == Status.GAPPED
        rig.diff(history.diffs[2], "ETHUSDT")
        assert rig.status(other) == Status.LIVE
        assert rig.book(other)[1:] == history.book(history.diffs[2].last_update_id).top(20)


def test_a_hole_inside_the_buffer_needs_a_snapshot_behind_the_hole() -> None:
    history = tape(Market.SPOT)
    with Rig() as rig:
        pair = Pair(rig, history)
        for number in (0, 1, 3, 4):
            pair.diff(history.diffs[number])
        first, third = history.diffs[0], history.diffs[2]
        assert pair.snapshot(first.last_update_id) is Step.TOO_OLD
        assert rig.status() != Status.LIVE
        assert pair.snapshot(third.last_update_id) is Step.LIVE
        assert rig.status() == Status.LIVE


def test_a_lost_connection_takes_the_book_down_until_a_new_snapshot() -> None:
    history = tape(Market.SPOT)
    with Rig() as rig:
        pair = Pair(rig, history)
        pair.diff(history.diffs[0])
        pair.snapshot(history.diffs[0].last_update_id)
        rig.engine.link_down(rig.connection)
        rig.settle()
        assert rig.status() == Status.DOWN
        rig.engine.link_up(rig.connection)
        rig.settle()
        assert rig.status() != Status.LIVE
        # The next event would even join: but nobody knows what the break swallowed in between.
        rig.diff(history.diffs[1])
        assert rig.status() != Status.LIVE
        assert rig.wanted
        rig.snapshot(history.snapshot(history.diffs[1].last_update_id))
        assert rig.status() == Status.LIVE
        assert rig.book()[1:] == history.book(history.diffs[1].last_update_id).top(20)


@pytest.mark.parametrize(
    "frame",
    [
        b'{"stream":"btcusdt@depth","data":{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":13,"u":14',
        b'{"stream":"btcusdt@depth","data":{"e":"depthUpdate","E":1,"s":"ETHUSDT","U":13,"u":14,"b":[],"a":[]}}',
        b'{"stream":"btcusdt@depth","data":{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":13,"u":14,"b":[["1.001","1"]],"a":[]}}',
        b'{"stream":"btcusdt@depth","data":{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":13,"b":[],"a":[]}}',
    ],
    ids=["truncated", "mismatch", "inexact", "missing"],
)
def test_an_unreadable_diff_takes_its_book_out_of_live(frame: bytes) -> None:
    history = tape(Market.SPOT)
    with Rig() as rig:
        pair = Pair(rig, history)
        pair.diff(history.diffs[0])
        pair.snapshot(history.diffs[0].last_update_id)
        assert rig.frame(frame) is FrameClass.REFUSED
        assert rig.status() != Status.LIVE
        assert rig.counters().frames_unreadable == 1


def test_a_crossed_book_is_not_live() -> None:
    history = tape(Market.SPOT)
    with Rig() as rig:
        pair = Pair(rig, history)
        pair.diff(history.diffs[0])
        pair.snapshot(history.diffs[0].last_update_id)
        following = history.diffs[1].first_update_id
        crossing = Diff(following, following, following - 1, ((500, 1),))
        rig.diff(crossing)
        assert rig.status() != Status.LIVE
        assert rig.counters().books_crossed == 1
        assert rig.wanted == [rig.row]


def test_two_events_far_below_the_last_are_a_restart_of_the_venue() -> None:
    history = tape(Market.SPOT)
    with Rig() as rig:
        rig.diff(Diff(1000, 1000, 999, ((90, 1),)))
        rig.snapshot(Snapshot(999, ((90, 1),), ((110, 1),)))
        rig.diff(Diff(1001, 1001, 1000, ((90, 2),)))
        assert rig.status() == Status.LIVE
        rig.diff(history.diffs[0])  # one alone is a duplicate
        assert rig.status() == Status.LIVE
        rig.diff(history.diffs[1])
        assert rig.status() != Status.LIVE
        assert rig.book()[0].reason == Reason.RESTARTED
        assert rig.wanted == [rig.row]
        last = history.diffs[1].last_update_id
        rig.snapshot(history.snapshot(last))
        rig.diff(history.diffs[2])
        assert rig.status() == Status.LIVE
        assert rig.book()[1:] == history.book(history.diffs[2].last_update_id).top(20)
