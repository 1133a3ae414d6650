"""Which books get more levels, and when."""

from __future__ import annotations

from itertools import pairwise

from gateway.shard.deepening import LASTED, PAUSE_FIRST_S, PAUSE_MAX_S, Deepening


def shallow(*symbols: int) -> Deepening:
    deepening = Deepening()
    for symbol in symbols:
        deepening.snapshot_is_in(symbol, "spot", False, float(symbol))
        deepening.is_live(symbol)
    return deepening


def test_books_on_shallow_snapshots_are_deepened_in_turn() -> None:
    deepening, done = shallow(2, 1, 3), []
    while (symbol := deepening.next(10.0, ["spot"])) is not None:
        done.append(symbol)
        deepening.is_deep(symbol, 10.0)
    assert done == [1, 2, 3]


def test_only_books_of_a_pool_that_has_a_place_are_deepened() -> None:
    deepening = shallow(1)
    deepening.snapshot_is_in(2, "futures", False, 5.0)
    deepening.is_live(2)
    assert deepening.next(10.0, ["futures"]) == 2
    assert deepening.next(10.0, []) is None


def test_a_book_with_all_its_levels_is_left_alone() -> None:
    deepening = Deepening()
    deepening.snapshot_is_in(1, "spot", True, 0.0)
    deepening.is_live(1)
    assert deepening.next(10.0, ["spot"]) is None


def test_only_live_books_are_deepened() -> None:
    deepening = Deepening()
    deepening.snapshot_is_in(1, "spot", False, 0.0)
    assert deepening.next(10.0, ["spot"]) is None
    deepening.is_live(1)
    assert deepening.next(10.0, ["spot"]) == 1
    deepening.is_lost(1)
    assert deepening.next(10.0, ["spot"]) is None
    deepening.snapshot_is_in(1, "spot", True, 11.0)  # deep enough at once
    deepening.is_live(1)
    assert deepening.next(20.0, ["spot"]) is None


def test_books_that_run_out_go_first() -> None:
    deepening = shallow(1, 2)
    deepening.is_deep(2, 5.0)
    deepening.is_thin(2, 50.0)
    assert deepening.next(50.0, ["spot"]) == 2


def test_a_book_that_runs_out_at_once_is_deepened_ever_more_rarely() -> None:
    deepening, now, times = shallow(1), 0.0, []
    while now < 4000.0:
        if deepening.next(now, ["spot"]) == 1:
            times.append(now)
            deepening.is_deep(1, now)
        deepening.is_thin(1, now + 0.5)
        now += 1.0
    pauses = [after - before for before, after in pairwise(times)]
    assert pauses == sorted(pauses)
    assert pauses[0] >= PAUSE_FIRST_S
    assert pauses[-1] >= PAUSE_MAX_S
    assert len(times) < 20


def test_levels_that_lasted_are_renewed_at_once() -> None:
    deepening = shallow(1)
    deepening.is_deep(1, 100.0)
    later = 100.0 + LASTED * PAUSE_FIRST_S
    deepening.is_thin(1, later)
    assert deepening.next(later, ["spot"]) == 1


def test_a_book_that_is_being_deepened_is_not_begun_again() -> None:
    deepening = shallow(1)
    deepening.begun(1)
    deepening.is_thin(1, 50.0)
    assert deepening.next(1e6, ["spot"]) is None
    deepening.failed(1, 100.0)
    assert deepening.next(1e6, ["spot"]) == 1
    deepening.begun(1)
    deepening.is_lost(1)
    deepening.snapshot_is_in(1, "spot", False, 200.0)
    deepening.is_live(1)
    assert deepening.next(200.0, ["spot"]) == 1


def test_a_look_that_failed_is_tried_later_and_ever_later() -> None:
    deepening = shallow(1)
    deepening.failed(1, 100.0)
    assert deepening.next(100.0 + PAUSE_FIRST_S - 0.1, ["spot"]) is None
    assert deepening.next(100.0 + PAUSE_FIRST_S, ["spot"]) == 1
    deepening.failed(1, 200.0)
    assert deepening.next(200.0 + PAUSE_FIRST_S, ["spot"]) is None
    assert deepening.next(200.0 + 2 * PAUSE_FIRST_S, ["spot"]) == 1


def test_a_book_that_is_gone_is_forgotten() -> None:
    deepening = shallow(1)
    deepening.forget(1)
    deepening.is_thin(1, 5.0)
    deepening.is_deep(1, 5.0)
    deepening.failed(1, 5.0)
    assert deepening.next(100.0, ["spot"]) is None
