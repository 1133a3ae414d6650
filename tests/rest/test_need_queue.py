"""The order of calls that wait."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.plan import Need
from gateway.rest.need_queue import NeedQueue, Ticket


def pushed(queue: NeedQueue[str], need: Need, name: str, subject: str = "") -> Ticket[str]:
    ticket = queue.make(need, 1, subject, name)
    queue.push(ticket)
    return ticket


def names(queue: NeedQueue[str]) -> list[str]:
    return [ticket.waiter for ticket in queue]


def test_the_most_needed_goes_first_and_among_equals_the_oldest() -> None:
    queue: NeedQueue[str] = NeedQueue(10)
    for name, need in (("a", Need.AUDIT), ("b", Need.LOST), ("c", Need.COLD), ("d", Need.LOST)):
        pushed(queue, need, name)
    assert names(queue) == ["b", "d", "c", "a"]
    assert [ticket.waiter for ticket in queue.first(2)] == ["b", "d"]
    assert len(queue) == 4


def test_full_queue_gives_up_the_least_needed_and_youngest() -> None:
    queue: NeedQueue[str] = NeedQueue(2)
    pushed(queue, Need.AUDIT, "a")
    pushed(queue, Need.COLD, "b")
    last = queue.push(queue.make(Need.LOST, 1, "", "c"))
    assert last is not None
    assert last.waiter == "a"
    refused = queue.make(Need.COLD, 1, "", "d")
    assert queue.push(refused) is refused, "itself, where nothing is less needed"
    assert names(queue) == ["c", "b"]


def test_newer_call_for_the_same_takes_the_place_of_one_not_needed_more() -> None:
    queue: NeedQueue[str] = NeedQueue(10)
    older = pushed(queue, Need.DEEPEN, "a", "spot depth A")
    pushed(queue, Need.DEEPEN, "b", "spot depth B")
    newer = queue.make(Need.LOST, 1, "spot depth A", "c")
    assert queue.superseded_by(newer) is older
    queue.push(newer)
    assert names(queue) == ["c", "b"]
    less = queue.make(Need.AUDIT, 1, "spot depth A", "d")
    assert queue.superseded_by(less) is None
    assert queue.superseded_by(queue.make(Need.LOST, 1, "", "e")) is None


@given(
    st.lists(
        st.tuples(st.sampled_from([*Need, None]), st.sampled_from(["", "x", "y"])), max_size=80
    )
)
def test_it_is_always_in_order_bounded_and_holds_a_subject_once(
    steps: list[tuple[Need | None, str]],
) -> None:
    queue: NeedQueue[str] = NeedQueue(7)
    alive: list[Ticket[str]] = []
    for need, subject in steps:
        if need is None:
            if alive:
                assert queue.remove(alive.pop(0))
            continue
        ticket = queue.make(need, 1, subject, "")
        older = queue.superseded_by(ticket)
        if older is not None:
            assert older.need >= need
            alive.remove(older)
        alive.append(ticket)
        last = queue.push(ticket)
        if last is not None:
            assert all(other <= last for other in alive)
            alive.remove(last)
        assert not queue.remove(queue.make(need, 1, subject, ""))
        assert list(queue) == sorted(alive)
        assert len(queue) <= 7
