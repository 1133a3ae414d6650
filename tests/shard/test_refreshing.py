"""Values that wait to be fetched."""

from __future__ import annotations

from gateway.shard.refreshing import FAILED_MAX_S, FAILURES_MAX, Refreshing, Value


def waiting(*rows: int, due: float = 1.0) -> Refreshing:
    made = Refreshing()
    made.begin([(row, f"spot:s{row}@bookTicker") for row in rows], due)
    return made


def rows(values: list[Value]) -> list[int]:
    return [value.stream for value in values]


def test_a_value_is_due_after_its_time_and_once() -> None:
    refreshing = waiting(1, 2)
    assert (refreshing.due(0.9), refreshing.next_due(0.9)) == ([], 1.0)
    found = refreshing.due(1.0)
    assert rows(found) == [1, 2]
    refreshing.asked(found, 7, 5)
    assert {value.asked_mono for value in found} == {5}
    assert (refreshing.due(9.0), refreshing.next_due(9.0)) == ([], None)
    for value in refreshing.answered(7):
        refreshing.end(value)
    assert (refreshing.due(99.0), refreshing.next_due(99.0)) == ([], None)
    assert refreshing.answered(7) == []


def test_a_new_ack_makes_an_answer_on_its_way_worthless() -> None:
    refreshing = waiting(1, 2)
    refreshing.asked(refreshing.due(1.0), 7, 5)
    refreshing.begin([(1, "spot:s1@bookTicker")], 3.0)
    assert rows(refreshing.answered(7)) == [2]
    assert (rows(refreshing.due(2.9)), refreshing.next_due(2.9)) == ([], 3.0)
    assert rows(refreshing.due(3.0)) == [1]


def test_the_end_of_an_old_wait_does_not_end_the_new_one() -> None:
    refreshing = waiting(1)
    (old,) = refreshing.due(1.0)
    refreshing.begin([(1, "spot:s1@bookTicker")], 3.0)
    refreshing.end(old)
    assert rows(refreshing.due(3.0)) == [1]


def test_failures_wait_longer_and_at_last_it_is_given_up() -> None:
    refreshing, now, delays = waiting(1), 1.0, []
    while values := refreshing.due(now):
        refreshing.asked(values, 7, 0)
        refreshing.failed(refreshing.answered(7), now)
        due = refreshing.next_due(now)
        if due is None:
            break
        assert refreshing.due(due - 0.01) == []
        delays.append(due - now)
        now = due
    assert delays == [1, 2, 4, 8, 16, 32, FAILED_MAX_S, FAILED_MAX_S]
    assert len(delays) == FAILURES_MAX
    assert refreshing.due(now + 1e6) == []


def test_what_the_venue_refuses_is_found_by_halves() -> None:
    refreshing, asked, number = waiting(*range(20)), [], 0
    while found := refreshing.due(1.0):
        parts: dict[int, list[Value]] = {}
        for value in found:
            parts.setdefault(value.part, []).append(value)
        for values in parts.values():
            number += 1
            asked.append(len(values))
            refreshing.asked(values, number, 0)
            answered = refreshing.answered(number)
            if 13 in rows(answered):  # gone at the venue
                refreshing.refused(answered, 1.0)
                continue
            for value in answered:
                refreshing.end(value)
    assert asked[0] == 20
    assert len(asked) <= 11  # two a halving, where alone it were 20
    assert refreshing.next_due(0.0) is None
