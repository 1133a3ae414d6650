"""Which books ask for a snapshot, and when again."""

from __future__ import annotations

from gateway.shard.resync import ANSWER_MAX_S, FAILED_MAX_S, IN_FLIGHT_MAX, SOON_FIRST_S, Resync


def test_at_most_four_requests_are_in_flight() -> None:
    resync = Resync()
    for symbol in range(10):
        resync.want(symbol, float(symbol))
    first = resync.due(100.0)
    assert [symbol for _, symbol in first] == [0, 1, 2, 3]
    assert len(first) == IN_FLIGHT_MAX
    assert resync.due(100.0) == []
    resync.forget(2)
    assert [symbol for _, symbol in resync.due(100.0)] == [4]


def test_wanting_twice_asks_once() -> None:
    resync = Resync()
    resync.want(5, 0.0)
    assert len(resync.due(0.0)) == 1
    resync.want(5, 0.1)
    assert resync.due(0.2) == []


def test_an_answer_finds_its_book_and_a_forgotten_one_does_not() -> None:
    resync = Resync()
    resync.want(5, 0.0)
    [(request_id, _)] = resync.due(0.0)
    assert resync.symbol_of(request_id) == 5
    resync.forget(5)
    assert resync.symbol_of(request_id) is None


def test_a_snapshot_that_was_too_old_is_asked_again_soon() -> None:
    resync = Resync()
    resync.want(5, 0.0)
    resync.due(0.0)
    resync.retry_soon(5, 1.0)
    assert resync.due(1.0 + SOON_FIRST_S / 2) == []
    assert resync.next_due() == 1.0 + SOON_FIRST_S
    assert len(resync.due(1.0 + SOON_FIRST_S)) == 1


def test_a_venue_that_answers_old_snapshots_for_ever_is_asked_ever_more_rarely() -> None:
    resync = Resync()
    resync.want(5, 0.0)
    now, asked = 0.0, 0
    while now < 60.0:
        asked += len(resync.due(now))
        resync.retry_soon(5, now)
        now = resync.next_due() or now
    assert asked < 20
    assert resync.next_due() is not None


def test_failures_wait_longer_each_time_up_to_a_limit() -> None:
    resync = Resync()
    resync.want(5, 0.0)
    now, delays = 0.0, []
    for _ in range(8):
        assert len(resync.due(now)) == 1
        delays.append(resync.retry_later(5, now))
        now += delays[-1]
    assert delays[:4] == [1.0, 2.0, 4.0, 8.0]
    assert delays[-1] == FAILED_MAX_S


def test_an_answer_that_never_comes_is_asked_for_anew() -> None:
    resync = Resync()
    resync.want(5, 0.0)
    [(first, _)] = resync.due(0.0)
    assert resync.due(ANSWER_MAX_S) == []
    [(second, symbol)] = resync.due(ANSWER_MAX_S + 0.1)
    assert (second != first, symbol) == (True, 5)
    assert resync.symbol_of(first) is None
