"""Gaps, the pages that are asked for, and what is delivered of the answers."""

from __future__ import annotations

import random

import pytest

from gateway.backfill import Source
from gateway.layout import GapState
from gateway.shard.backfill import (
    FAILED_FIRST_S,
    FAILURES_MAX,
    GAPS_MAX,
    HOLES_MAX,
    Backfill,
    Closed,
    Gap,
    Job,
)

TRADES = Source(("t",), 1)
CANDLES = Source(("k", "t"), 60_000, True)
MONTHS = Source(("k", "t"), 0, True)


def gap(number: int, first: int, last: int, start: int | None = None, step: int = 1) -> Gap:
    missing = (last - first) // step + 1 if step else 0
    return Gap(number, first, last, first if start is None else start, missing)


def job_of(*gaps: Gap, source: Source = TRADES) -> Job:
    job = Job(7, source, 0.0)
    for one in gaps:
        job.add(one)
    return job


def hand_over(
    job: Job, ids: list[int | None], *, is_final: bool = False, refused: int | None = None
) -> list[int]:
    """Hand over an answer with these ids, as the shard does; return what was delivered."""
    job.take([b""] * len(ids), is_final)
    delivered = []
    for event_id in ids:
        if job.events is None:
            break
        if not job.may_deliver(event_id, 0.0) or event_id is None:
            continue
        if event_id == refused:
            job.refused(event_id, 0.0)
        else:
            delivered.append(event_id)
            job.delivered(event_id)
    job.finish(0.0)
    return delivered


def ends(job: Job) -> list[tuple[int, GapState, int]]:
    told = [(closed.gap.number, closed.state, closed.recovered) for closed in job.closed]
    job.closed.clear()
    return told


def test_a_gap_is_filled_in_one_page() -> None:
    job = job_of(gap(1, 10, 14))
    assert job.page() == (10, 14)
    assert hand_over(job, [10, 11, 12, 13, 14]) == [10, 11, 12, 13, 14]
    assert ends(job) == [(1, GapState.FILLED, 5)]
    assert not job.gaps


def test_a_long_gap_is_asked_page_by_page() -> None:
    job, pages = job_of(gap(1, 1, 2500)), []
    while job.gaps:
        first, last = job.page()
        pages.append((first, last))
        hand_over(job, list(range(first, last + 1)))
    assert pages == [(1, 1000), (1001, 2000), (2001, 2500)]
    assert ends(job) == [(1, GapState.FILLED, 2500)]


def test_a_short_page_is_gone_on_with_behind_its_last_event() -> None:
    job = job_of(gap(1, 1, 10))
    job.page()
    hand_over(job, [1, 2, 3])
    assert job.due == 0.0
    assert job.page() == (4, 10)


def test_gaps_that_adjoin_are_one_page_and_each_has_its_own_end() -> None:
    job = job_of(gap(1, 10, 11), gap(2, 12, 13), gap(3, 1010, 1010))
    assert job.page() == (10, 13)
    hand_over(job, [10, 11, 12, 13])
    assert ends(job) == [(1, GapState.FILLED, 2), (2, GapState.FILLED, 2)]
    assert job.page() == (1010, 1010)
    hand_over(job, [1010])
    assert ends(job) == [(3, GapState.FILLED, 1)]


def test_gaps_near_each_other_are_one_page_and_what_lies_between_is_passed_over() -> None:
    job = job_of(gap(1, 10, 11), gap(2, 14, 14), gap(3, 1009, 1012))
    assert job.page() == (10, 1009)
    assert hand_over(job, list(range(10, 1010))) == [10, 11, 14, 1009]
    assert ends(job) == [(1, GapState.FILLED, 2), (2, GapState.FILLED, 1)]
    assert job.page() == (1010, 1012)
    assert hand_over(job, [1010, 1011, 1012]) == [1010, 1011, 1012]
    assert ends(job) == [(3, GapState.FILLED, 4)]


def test_a_hole_that_ends_between_two_gaps_is_asked_for_again() -> None:
    job, answers = job_of(gap(1, 10, 12), gap(2, 20, 20)), 0
    assert job.page() == (10, 20)
    assert hand_over(job, [10, 15, 20]) == [10]
    while len(job.gaps) == 2:
        assert job.page() == (11, 20)
        hand_over(job, [15, 20])
        answers += 1
    assert answers == HOLES_MAX
    assert ends(job) == [(1, GapState.PARTIAL, 1), (2, GapState.FILLED, 1)]


@pytest.mark.parametrize("ids", [[10, 13, 13], [10, 13, 12], [10, 14, 10]])
def test_what_does_not_rise_between_two_gaps_makes_an_answer_void(ids: list[int | None]) -> None:
    job = job_of(gap(1, 10, 10), gap(2, 20, 20))
    job.page()
    assert hand_over(job, [*ids, 20]) == [10]
    assert job.page() == (20, 20)


def test_candles_are_bridged_as_far_as_a_call_weighs_the_least() -> None:
    minute = 60_000
    near, far = 97 * minute, 98 * minute
    job = job_of(gap(1, 0, 0, step=minute), gap(2, near, near, step=minute), source=CANDLES)
    assert job.page() == (0, near)
    assert hand_over(job, list(range(0, near + 1, minute))) == [0, near]
    for start in (far, near):
        later = gap(2, start, far, step=minute)
        assert job_of(gap(1, 0, 0, step=minute), later, source=CANDLES).page() == (0, 0)
    job = job_of(Gap(1, 5, 5, 5, 1), Gap(2, 9, 9, 9, 1), source=MONTHS)
    assert job.page() == (5, 5)


def test_a_gap_that_comes_while_a_page_is_on_its_way_waits_for_its_turn() -> None:
    job = job_of(gap(1, 10, 11))
    job.page()
    job.add(gap(2, 12, 13))
    hand_over(job, [10, 11])
    assert job.page() == (12, 13)


@pytest.mark.parametrize("ids", [[10, 11, 99], [10, 11, 11], [10, 11, 9], [10, 11, None]])
def test_an_answer_with_what_was_not_asked_for_is_void_from_there(ids: list[int | None]) -> None:
    job = job_of(gap(1, 10, 14))
    job.page()
    assert hand_over(job, [*ids, 12, 13, 14]) == [10, 11]
    assert job.due == FAILED_FIRST_S
    assert job.page() == (12, 14)


def test_a_hole_is_asked_for_again() -> None:
    job = job_of(gap(1, 10, 14))
    job.page()
    assert hand_over(job, [10, 11, 13, 14]) == [10, 11]
    assert job.page() == (12, 14)
    assert hand_over(job, [12, 13, 14]) == [12, 13, 14]
    assert ends(job) == [(1, GapState.FILLED, 5)]


def test_a_hole_that_stays_is_the_venues() -> None:
    job, asked = job_of(gap(1, 10, 14)), 0
    while job.gaps:
        first, _ = job.page()
        hand_over(job, [n for n in (10, 11, 13, 14) if n >= first])
        asked += 1
    assert asked == HOLES_MAX + 1
    assert ends(job) == [(1, GapState.PARTIAL, 4)]


def test_an_event_that_the_core_cannot_take_is_left_out_at_last() -> None:
    job, asked = job_of(gap(1, 10, 14)), 0
    while job.gaps:
        first, last = job.page()
        hand_over(job, list(range(first, last + 1)), refused=12)
        asked += 1
    assert asked == HOLES_MAX + 1
    assert ends(job) == [(1, GapState.PARTIAL, 4)]


def test_what_the_venue_never_had_is_not_asked_again() -> None:
    job = job_of(gap(1, 10, 14), gap(2, 3000, 3001))
    job.page()
    assert hand_over(job, [13, 14], is_final=True) == [13, 14]
    assert ends(job) == [(1, GapState.PARTIAL, 2)]
    job.page()
    assert hand_over(job, [], is_final=True) == []
    assert ends(job) == [(2, GapState.LOST, 0)]


def test_final_is_said_of_a_page_not_of_the_gap() -> None:
    job = job_of(gap(1, 1, 1500))
    job.page()
    hand_over(job, [], is_final=True)
    assert job.page() == (1001, 1500)
    hand_over(job, list(range(1001, 1501)))
    assert ends(job) == [(1, GapState.PARTIAL, 500)]


def test_an_empty_answer_is_asked_again_later_and_at_last_the_gap_is_given_up() -> None:
    job, asked = job_of(gap(1, 10, 14), gap(2, 20, 21)), 0
    while len(job.gaps) == 2:
        job.page()
        assert hand_over(job, []) == []
        asked += 1
    assert asked == FAILURES_MAX + 1
    assert ends(job) == [(1, GapState.LOST, 0)]
    assert job.page() == (20, 21)
    hand_over(job, [20, 21])
    assert ends(job) == [(2, GapState.FILLED, 2)]


def test_a_gap_that_the_venue_does_not_have_is_given_up_at_once_and_alone() -> None:
    job = job_of(gap(1, 10, 14), gap(2, 20, 21))
    assert job.page() == (10, 21)
    job.request_id = 5
    job.give_up(3.0)
    assert ends(job) == [(1, GapState.LOST, 0)]
    assert (job.request_id, job.due) == (None, 3.0)
    assert job.page() == (20, 21)
    job.give_up(3.0)
    job.give_up(3.0)
    assert ends(job) == [(2, GapState.LOST, 0)]


def test_failures_wait_longer_each_time_and_an_event_ends_that() -> None:
    job = job_of(gap(1, 10, 14))
    delays = []
    for _ in range(4):
        job.fail(100.0)
        delays.append(job.due - 100.0)
    assert delays == [0.5, 1.0, 2.0, 4.0]
    job.page()
    hand_over(job, [10])
    job.fail(100.0)
    assert job.due == 100.5


def test_only_what_can_be_had_is_asked_and_the_rest_is_missing() -> None:
    job = job_of(gap(1, 1, 100, start=91))
    assert job.page() == (91, 100)
    hand_over(job, list(range(91, 101)))
    assert ends(job) == [(1, GapState.PARTIAL, 10)]


def test_candles_follow_by_their_interval() -> None:
    job = job_of(gap(1, 0, 120_000, step=60_000), source=CANDLES)
    assert job.page() == (0, 120_000)
    assert hand_over(job, [0, 120_000]) == [0]
    assert job.page() == (60_000, 120_000)
    hand_over(job, [60_000, 120_000])
    assert ends(job) == [(1, GapState.FILLED, 3)]


def test_candles_without_a_fixed_interval_only_have_to_rise() -> None:
    job = job_of(Gap(1, 5, 90, 5, 3), source=MONTHS)
    assert job.page() == (5, 90)
    assert hand_over(job, [5, 40, 90]) == [5, 40, 90]
    assert ends(job) == [(1, GapState.FILLED, 3)]


def test_a_gap_whose_size_is_not_known_is_never_said_to_be_filled() -> None:
    assert Closed(Gap(1, 5, 90, 5, 0), 3).state is GapState.PARTIAL


def test_ids_that_restarted_lower_have_their_turn() -> None:
    job = job_of(gap(1, 1000, 1001), gap(2, 5, 6))
    assert job.page() == (1000, 1001)
    hand_over(job, [1000, 1001], is_final=True)
    assert job.page() == (5, 6)
    hand_over(job, [5, 6])
    assert ends(job) == [(1, GapState.FILLED, 2), (2, GapState.FILLED, 2)]


def test_gaps_that_are_open_no_more_are_let_go() -> None:
    job = job_of(gap(1, 10, 14), gap(2, 20, 21), gap(3, 3000, 3001))
    job.page()
    hand_over(job, [10, 11])
    job.drop_gaps(lambda one: one.number == 2)
    assert ends(job) == [(1, GapState.PARTIAL, 2)]
    assert job.page() == (20, 21)
    job.drop_gaps(lambda one: False)
    assert ends(job) == [(2, GapState.LOST, 0), (3, GapState.LOST, 0)]


@pytest.mark.parametrize("seed", range(200))
def test_whatever_a_venue_answers_events_come_in_order_once_and_are_counted(seed: int) -> None:
    dice = random.Random(seed)
    gaps, at = [], 1
    for number in range(1, 5):
        at += dice.choice((0, 0, 3))
        last = at + dice.randrange(30)
        gaps.append(gap(number, at, last))
        at = last + 1
    job, delivered = job_of(*gaps), []
    for _ in range(2000):
        if not job.gaps:
            break
        first, last = job.page()
        ids = [n for n in range(first, last + 1) if dice.random() < 0.9]
        ids = ids[: dice.randrange(1, 40)]
        if dice.random() < 0.1:
            dice.shuffle(ids)
        delivered += hand_over(job, list(ids), is_final=dice.random() < 0.1)
    assert not job.gaps
    assert delivered == sorted(set(delivered))
    assert len(delivered) == sum(closed.recovered for closed in job.closed)
    for closed in job.closed:
        mine = [n for n in delivered if closed.gap.first <= n <= closed.gap.last]
        assert closed.recovered == len(mine)
        assert (closed.state is GapState.FILLED) == (len(mine) == closed.gap.missing)
    assert [closed.gap.number for closed in job.closed] == [1, 2, 3, 4]


def test_who_waits_longest_is_asked_first_and_one_page_at_a_time() -> None:
    backfill = Backfill()
    for stream in (3, 1, 2):
        assert backfill.add(stream, TRADES, gap(stream, 10, 14), float(stream))
    assert [job.stream for job in backfill.due(2.5)] == [1, 2]
    job = backfill.due(2.5)[0]
    job.request_id = 77
    assert [job.stream for job in backfill.due(9.0)] == [2, 3]
    assert backfill.of_request(77) is job
    assert backfill.next_due(1.5) == 2.0
    job.take([b""], False)
    assert backfill.in_hand() is job
    assert [job.stream for job in backfill.due(9.0)] == [2, 3]
    job.drop_gaps(lambda one: False)
    backfill.drop_finished(job)
    assert backfill.in_hand() is None
    assert backfill.gaps == 2


def test_gaps_that_wait_are_bounded() -> None:
    backfill = Backfill()
    for number in range(GAPS_MAX):
        assert backfill.add(number % 5, TRADES, gap(number, number, number), 0.0)
    assert not backfill.add(9, TRADES, gap(0, 1, 2), 0.0)


def test_a_gap_that_is_told_twice_is_one() -> None:
    backfill = Backfill()
    for _ in range(2):
        assert backfill.add(7, TRADES, gap(1, 10, 14), 0.0)
    assert backfill.gaps == 1
