"""Which books ask for a snapshot, and when again."""

from __future__ import annotations

import itertools

from gateway.plan import Need
from gateway.shard.resync import FAILED_MAX_S, SOON_FIRST_S, Resync

numbers = itertools.count(1)


def wanting(*symbols: int, need: Need = Need.COLD) -> Resync:
    resync = Resync()
    for symbol in symbols:
        resync.want(symbol, "spot", need, float(symbol))
    return resync


def due(resync: Resync, now: float) -> list[tuple[int, Need]]:
    return resync.due("spot", Need.COLD, 10, now)


def ask(resync: Resync, now: float) -> list[int]:
    """Ask for everything that is due."""
    rows = [symbol for symbol, _ in due(resync, now)]
    for symbol in rows:
        resync.asked(symbol, next(numbers))
    return rows


def test_lost_books_go_before_new_ones_and_who_waits_longest_first() -> None:
    resync = wanting(3, 1, 2)
    resync.want(9, "spot", Need.LOST, 50.0)
    assert due(resync, 100.0) == [(9, Need.LOST), *((row, Need.COLD) for row in (1, 2, 3))]
    assert due(resync, 1.5) == [(1, Need.COLD)]


def test_only_as_many_as_there_are_places_for_and_of_that_pool_and_need() -> None:
    resync = wanting(3, 1, 2)
    resync.want(8, "futures", Need.COLD, 0.0)
    resync.want(9, "spot", Need.LOST, 50.0)
    assert resync.due("spot", Need.COLD, 2, 100.0) == [(9, Need.LOST), (1, Need.COLD)]
    assert resync.due("spot", Need.LOST, 2, 100.0) == [(9, Need.LOST)]
    assert resync.due("futures", Need.COLD, 2, 100.0) == [(8, Need.COLD)]


def test_wanting_twice_asks_once() -> None:
    resync = wanting(5)
    assert ask(resync, 5.0) == [5]
    resync.want(5, "spot", Need.LOST, 5.1)
    assert ask(resync, 5.2) == []
    assert resync.waiting == 1


def test_an_answer_finds_its_book_and_a_forgotten_one_does_not() -> None:
    resync = wanting(5)
    resync.asked(5, 77)
    assert resync.symbol_of(77) == 5
    resync.forget(5)
    assert resync.symbol_of(77) is None
    assert resync.waiting == 0


def test_the_answer_to_the_question_before_is_for_nobody() -> None:
    resync = wanting(5)
    resync.asked(5, 77)
    resync.forget(5)
    resync.want(5, "spot", Need.LOST, 6.0)
    resync.asked(5, 78)
    assert resync.symbol_of(77) is None
    resync.retry_soon(5, 7.0)
    assert resync.symbol_of(78) is None


def test_a_snapshot_that_was_too_old_is_asked_again_soon() -> None:
    resync = wanting(0)
    ask(resync, 0.0)
    resync.retry_soon(0, 1.0)
    assert ask(resync, 1.0 + SOON_FIRST_S / 2) == []
    assert resync.next_due(1.0) == 1.0 + SOON_FIRST_S
    assert ask(resync, 1.0 + SOON_FIRST_S) == [0]
    assert resync.next_due(2.0) is None


def test_what_is_due_is_not_waited_for() -> None:
    assert wanting(1).next_due(1.0) is None  # it has no place yet; its turn comes with an answer


def test_a_venue_that_answers_old_snapshots_for_ever_is_asked_ever_more_rarely() -> None:
    resync = wanting(0)
    now, asked = 0.0, 0
    while now < 60.0:
        asked += len(ask(resync, now))
        resync.retry_soon(0, now)
        now = resync.next_due(now) or now
    assert 10 < asked < 20


def test_failures_wait_longer_each_time_up_to_a_limit() -> None:
    resync = wanting(0)
    now, delays = 0.0, []
    for _ in range(8):
        assert ask(resync, now) == [0]
        delays.append(resync.retry_later(0, now))
        now += delays[-1]
    assert delays[:4] == [1.0, 2.0, 4.0, 8.0]
    assert delays[-1] == FAILED_MAX_S


def test_a_book_that_came_back_starts_from_the_shortest_wait() -> None:
    resync = wanting(0)
    for _ in range(4):
        ask(resync, 100.0)
        resync.retry_later(0, 100.0)
    resync.forget(0)
    resync.want(0, "spot", Need.LOST, 200.0)
    ask(resync, 200.0)
    assert resync.retry_later(0, 200.0) == 1.0
