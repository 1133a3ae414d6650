"""The core's book against two dicts."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import layout
from gateway.core import probe
from tests.model.book import Book
from tests.strategies import examples

BID, ASK = 0, 1
steps = st.lists(
    st.tuples(st.sampled_from((BID, ASK)), st.integers(0, 40), st.sampled_from((0, 0, 1, 2, 7))),
    max_size=80,
)


def walk(levels: list[tuple[int, int, int]], levels_max: int, depth: int, every: int = 1) -> None:
    ours, model = probe.Book(levels_max), Book(levels_max)
    for number, (side, px, qty) in enumerate(levels):
        ours.set(side, px, qty)
        model.set(side, px, qty)
        if number % every == 0:
            assert ours.top(depth) == model.top(depth), number
            assert ours.counts() == model.counts(), number
    assert ours.top(levels_max) == model.top(levels_max)


@examples(400)
@given(steps, st.integers(1, 25))
def test_any_walk_leaves_the_same_levels(levels: list[tuple[int, int, int]], depth: int) -> None:
    walk(levels, 1000, depth)


@examples(400)
@given(steps, st.integers(1, 6))
def test_a_full_side_forgets_the_level_farthest_from_the_top(
    levels: list[tuple[int, int, int]], levels_max: int
) -> None:
    walk(levels, levels_max, 3)


def bounds(book: probe.Book) -> tuple[int | None, ...]:
    return tuple(None if px == layout.NULL else px for px in book.complete_px())


sides = st.dictionaries(st.integers(0, 40), st.integers(1, 9), max_size=15)


@examples(400)
@given(sides, sides, st.integers(0, 16), steps, st.integers(1, 20))
def test_what_lies_beyond_a_snapshots_last_level_is_not_kept(
    bids: dict[int, int],
    asks: dict[int, int],
    limit: int,
    levels: list[tuple[int, int, int]],
    levels_max: int,
) -> None:
    """Beyond the answer, and beyond what was given up for want of room."""
    ours, model = probe.Book(levels_max), Book(levels_max)
    snapshot = sorted(bids.items(), reverse=True), sorted(asks.items())
    assert ours.load(*snapshot, limit, 20)
    model.replace(*snapshot, limit)
    for side, px, qty in levels:
        ours.set(side, px, qty)
        model.set(side, px, qty)
        assert bounds(ours) == model.complete_px()
        assert ours.top(50) == model.top(50)
    ours.clear()
    assert bounds(ours) == (None, None)


changes = st.dictionaries(st.integers(1, 60), st.sampled_from((0, 0, 1, 2, 7)), max_size=30)
events = st.lists(st.tuples(changes, changes, st.booleans()), max_size=12)


@examples(300)
@given(sides, sides, st.integers(0, 16), events, st.sampled_from((3, 10, 1000)))
def test_a_whole_event_does_what_its_levels_do_one_by_one(
    bids: dict[int, int],
    asks: dict[int, int],
    limit: int,
    told: list[tuple[dict[int, int], dict[int, int], bool]],
    levels_max: int,
) -> None:
    """Best level first, as the venue writes it, and in any order."""
    ours, model = probe.Book(levels_max), Book(levels_max)
    ours.load(sorted(bids.items(), reverse=True), sorted(asks.items()), limit, 20)
    model.replace(sorted(bids.items(), reverse=True), sorted(asks.items()), limit)
    for more_bids, more_asks, is_sorted in told:
        event = list(more_bids.items()), list(more_asks.items())
        if is_sorted:
            event = sorted(event[0], reverse=True), sorted(event[1])
        assert ours.apply(*event)
        model.apply(*event)
        assert ours.top(100) == model.top(100)
        assert bounds(ours) == model.complete_px()


def event_of(noise: random.Random, mid: int, count: int, width: int) -> tuple[list[Any], list[Any]]:
    """A depth event of a market: more near the top, half of it removals, the best level first."""
    sides: tuple[dict[int, int], dict[int, int]] = {}, {}
    for _ in range(count):
        offset = int(noise.expovariate(1 / width))
        qty = 0 if noise.random() < 0.5 else noise.randrange(1, 10**12)
        side = noise.randrange(2)
        sides[side][mid + offset if side == ASK else mid - offset - 1] = qty
    return sorted(sides[BID].items(), reverse=True), sorted(sides[ASK].items())


@pytest.mark.parametrize(("count", "width"), [(3, 20), (40, 200), (500, 600), (3000, 3000)])
def test_events_of_a_market_leave_the_levels_of_a_dict(count: int, width: int) -> None:
    """Also events of more levels than are taken at a time."""
    noise, mid = random.Random(count), 50_000
    ours, model = probe.Book(10_000), Book(10_000)
    for _ in range(max(20, 20_000 // count)):
        mid += noise.randrange(-3, 4)
        event = event_of(noise, mid, count, width)
        assert ours.apply(*event)
        model.apply(*event)
        assert ours.top(20) == model.top(20)
    assert ours.top(10_000) == model.top(10_000)


@pytest.mark.parametrize(("count", "thin"), [(5, 2), (20, 10), (50, 20), (100, 25), (1000, 250)])
def test_a_side_is_thin_below_a_quarter_and_what_is_shown(count: int, thin: int) -> None:
    book = probe.Book(10_000)
    book.load([(px, 1) for px in range(5000, 5000 - count, -1)], [(6000, 1)], count, 20)
    for held in range(count - 1, 0, -1):
        book.set(BID, 5000 - held, 0)
        assert book.is_thin() == (held < thin), held
    whole = probe.Book(10_000)
    whole.load([(1, 1)], [], 2, 20)
    assert not whole.is_thin()


def drifting(count: int, seed: int, width: int) -> list[tuple[int, int, int]]:
    """Levels round a price that wanders, with removals, as a market makes them."""
    noise, mid, found = random.Random(seed), 5_000_000, []
    for _ in range(count):
        mid += noise.randrange(-3, 4)
        side = noise.randrange(2)
        offset = min(int(noise.expovariate(1 / width)), 10**6)
        px = mid - offset - 1 if side == BID else mid + offset
        found.append((side, px, 0 if noise.random() < 0.45 else noise.randrange(1, 10**12)))
    return found


@pytest.mark.parametrize(("width", "levels_max"), [(40, 10_000), (3000, 10_000), (3000, 1000)])
def test_a_hundred_thousand_levels_of_a_wandering_market(width: int, levels_max: int) -> None:
    walk(drifting(100_000, 7, width), levels_max, 20, every=101)


def test_levels_at_the_edges_of_the_number_range() -> None:
    edge = 2**63 - 1
    prices = (-edge, -1, 0, 1, edge)
    walk([(side, px, qty) for side in (0, 1) for px in prices for qty in (edge, 1, edge)], 10, 10)
    walk([(side, px, qty) for qty in (1, 0) for side in (0, 1) for px in prices], 10, 10)


def test_removing_what_is_not_there_changes_nothing() -> None:
    book = probe.Book(10)
    book.set(BID, 5, 0)
    assert book.counts() == (0, 0)
    book.set(BID, 5, 1)
    book.set(BID, 6, 0)
    book.set(ASK, 5, 0)
    assert book.top(10) == ([(5, 1)], [])
    book.set(BID, 5, 0)
    assert book.counts() == (0, 0)


def test_a_cleared_book_is_empty_and_usable() -> None:
    book = probe.Book(4)
    for px in range(10):
        book.set(BID, px, 1)
        book.set(ASK, 100 + px, 1)
    book.clear()
    assert book.counts() == (0, 0)
    assert book.top(5) == ([], [])
    book.set(ASK, 3, 9)
    assert book.top(5) == ([], [(3, 9)])
