"""Second looks in progress."""

from __future__ import annotations

from gateway.plan import Need
from gateway.shard.looking import ANSWERED_MAX_S, LOOKS_MAX, STALE_FIRST_S, STALE_MAX, Looking


def begun() -> Looking:
    looking = Looking()
    looking.begin(5, Need.AUDIT, 1000, 0.0)
    return looking


def test_a_look_is_asked_for_once() -> None:
    looking = begun()
    [look] = looking.due(0.0)
    assert (look.symbol, look.need, look.levels) == (5, Need.AUDIT, 1000)
    looking.asked(5, 77)
    assert looking.due(100.0) == []
    assert looking.of_request(77) is look
    assert looking.is_waiting(5)
    looking.answered(5, 1.0)
    assert looking.due(100.0) == []
    assert looking.of_request(77) is None
    assert not looking.is_waiting(5)
    assert not looking.is_waiting(6)


def test_a_look_whose_end_was_never_told_does_not_keep_its_place() -> None:
    looking = begun()
    looking.asked(5, 77)
    assert looking.overdue(1000.0) == []
    looking.answered(5, 1.0)
    assert looking.overdue(1.0 + ANSWERED_MAX_S) == []
    assert [look.symbol for look in looking.overdue(1.1 + ANSWERED_MAX_S)] == [5]
    looking.is_stale(5, 2.0)
    assert looking.overdue(1000.0) == []


def test_answers_that_are_too_old_are_asked_again_a_few_times() -> None:
    looking, now, asked = begun(), 0.0, 0
    while True:
        asked += 1
        looking.asked(5, asked)
        looking.answered(5, now)
        if not looking.is_stale(5, now):
            break
        assert looking.due(now) == []
        now += STALE_FIRST_S * 2**asked
        assert [look.symbol for look in looking.due(now)] == [5]
    assert asked == STALE_MAX


def test_there_are_only_so_many_at_once() -> None:
    looking = Looking()
    for symbol in range(LOOKS_MAX):
        assert looking.has_room
        looking.begin(symbol, Need.DEEPEN, 1000, 0.0)
    assert not looking.has_room
    assert looking.end(0) is not None
    assert looking.has_room
    assert looking.end(0) is None
