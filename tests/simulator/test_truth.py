"""The change log, against a plain dict that is copied at every id."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.simulator.truth import Levels, Truth, UnknownUpdateId

Pairs = list[tuple[str, str]]
PRICES = ["1.10", "1.20", "2.00", "10.00", "100.05"]
pairs = st.lists(st.tuples(st.sampled_from(PRICES), st.sampled_from(["0.000", "1.000", "7.5"])))
changes = st.lists(st.tuples(st.integers(1, 5), pairs, pairs), max_size=60)


def identity(levels: Levels) -> Levels:
    return levels


def apply(side: dict[str, str], levels: Pairs) -> None:
    for price, qty in levels:
        side[price] = qty
        if not float(qty):
            del side[price]


def ordered(side: dict[str, str], descending: bool) -> Pairs:
    return sorted(side.items(), key=lambda level: float(level[0]), reverse=descending)


@given(changes=changes, every=st.integers(1, 7))
def test_book_at_any_id_is_that_of_a_naive_model(
    changes: list[tuple[int, Pairs, Pairs]], every: int
) -> None:
    truth: Truth[Levels] = Truth(identity, checkpoint_every=every)
    truth.start(100, [("1.10", "3")], [("2.00", "4")])
    bids, asks = {"1.10": "3"}, {"2.00": "4"}
    expected = {100: (ordered(bids, True), ordered(asks, False))}
    update_id = 100
    for step, bid_levels, ask_levels in changes:
        update_id += step
        truth.append(update_id, (bid_levels, ask_levels))
        apply(bids, bid_levels)
        apply(asks, ask_levels)
        expected[update_id] = (ordered(bids, True), ordered(asks, False))
    for known, (bid_side, ask_side) in expected.items():
        book = truth.book_at(known)
        assert (book.update_id, book.bids, book.asks) == (known, bid_side, ask_side)
    assert truth.newest_book().bids == ordered(bids, True)
    for between in set(range(99, update_id + 2)) - set(expected):
        with pytest.raises(UnknownUpdateId):
            truth.book_at(between)


def test_one_price_written_in_two_ways_is_one_level() -> None:
    truth: Truth[Levels] = Truth(identity)
    truth.start(1, [("1.10", "3")], [])
    truth.append(2, ([("1.1", "0")], []))
    assert truth.newest_book().bids == []


@given(kept=st.integers(1, 50), every=st.integers(1, 20), count=st.integers(1, 300))
def test_memory_is_bounded_and_what_is_kept_stays_right(kept: int, every: int, count: int) -> None:
    truth: Truth[Levels] = Truth(identity, checkpoint_every=every, changes_max=kept)
    truth.start(0, [], [])
    for number in range(1, count + 1):
        truth.append(number, ([("1.10", str(number))], []))
    assert len(truth.changes(truth._first)) <= kept + 2 * every
    oldest = max(truth.oldest, 1)
    assert count - truth.oldest >= min(kept, count)
    for number in (oldest, count):
        assert truth.book_at(number).bids == [("1.10", str(number))]
    if truth.oldest > 0:
        with pytest.raises(UnknownUpdateId, match="too old"):
            truth.book_at(truth.oldest - 1)


def test_changes_from_a_number_on_are_those_appended_since() -> None:
    truth: Truth[str] = Truth(
        lambda change: ([], [(change, "1")]), checkpoint_every=2, changes_max=4
    )
    truth.start(0, [], [])
    for number in range(1, 20):
        truth.append(number, str(number))
    assert truth.changes(17) == ["18", "19"]
    assert truth.count == 19
    with pytest.raises(AssertionError):
        truth.changes(0)
