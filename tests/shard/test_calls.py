"""How many REST calls a shard has in flight."""

from __future__ import annotations

import pytest

from gateway.plan import Need
from gateway.shard.calls import ANSWER_MAX_S, PLACES, Calls


def filled(need: Need, pool: str = "spot") -> tuple[Calls, list[int]]:
    calls, made = Calls(), []
    while calls.has_place(pool, need):
        made.append(calls.make(pool, need, 0.0))
    return calls, made


@pytest.mark.parametrize("need", list(Need))
def test_a_need_takes_no_more_than_its_places(need: Need) -> None:
    _, made = filled(need)
    assert len(made) == PLACES[need]
    assert len(set(made)) == len(made)


@pytest.mark.parametrize("lesser", [need for need in Need if need is not Need.LOST])
def test_a_lost_book_finds_a_place_beside_any_number_of_lesser_calls(lesser: Need) -> None:
    calls, _ = filled(lesser)
    assert calls.has_place("spot", Need.LOST)


def test_lesser_calls_share_their_places() -> None:
    calls, _ = filled(Need.AUDIT)
    assert calls.places("spot", Need.AUDIT) == 0
    assert calls.places("spot", Need.DEEPEN) == PLACES[Need.DEEPEN] - PLACES[Need.AUDIT]
    assert calls.places("spot", Need.BACKFILL) == PLACES[Need.BACKFILL] - PLACES[Need.AUDIT]
    while calls.has_place("spot", Need.BACKFILL):
        calls.make("spot", Need.BACKFILL, 0.0)
    assert calls.places("spot", Need.COLD) == PLACES[Need.COLD] - PLACES[Need.BACKFILL]


def test_when_all_are_taken_nobody_finds_one() -> None:
    calls, made = filled(Need.LOST)
    assert len(made) == max(PLACES.values())
    assert not any(calls.has_place("spot", need) for need in Need)


def test_a_pool_that_is_held_up_does_not_hold_up_the_other() -> None:
    calls, _ = filled(Need.LOST, "spot")
    assert calls.has_place("futures", Need.AUDIT)


def test_an_answer_makes_room_once() -> None:
    calls, made = filled(Need.LOST)
    calls.answered(made[1])
    calls.answered(made[1])
    assert calls.has_place("spot", Need.LOST)
    calls.make("spot", Need.LOST, 0.0)
    assert not calls.has_place("spot", Need.LOST)


def test_a_call_that_nobody_answers_is_given_up() -> None:
    calls, made = filled(Need.COLD)
    assert calls.overdue(ANSWER_MAX_S) == []
    assert calls.overdue(ANSWER_MAX_S + 0.1) == made
    assert calls.overdue(ANSWER_MAX_S + 0.2) == []
    assert calls.has_place("spot", Need.COLD)
