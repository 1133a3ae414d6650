"""Which link is open when: make before break, in plain values."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest

from gateway.shard.rotation import (
    QUIET_S,
    TRIAL_PAUSE_S,
    TRIAL_S,
    Do,
    Phase,
    Rotation,
    Step,
    Why,
)

STREAMS = 10
ALL = frozenset(range(STREAMS))
NONE: frozenset[int] = frozenset()
DAY = 100.0


@dataclass
class Pair:
    """A rotation, and what the core says of each link."""

    redundancy: int = 1
    now: float = 0.0
    awaited: list[frozenset[int]] = field(default_factory=lambda: [ALL, ALL])

    def __post_init__(self) -> None:
        self.rotation = Rotation(self.redundancy, DAY)

    def steps(self, now: float | None = None) -> list[Step]:
        self.now = self.now if now is None else now
        return self.rotation.steps(self.now, STREAMS, lambda side: self.awaited[side])

    def done(self, now: float | None = None) -> list[tuple[Do, int]]:
        return [(step.do, step.side) for step in self.steps(now)]

    def connect(self, side: int, *, on_trial: bool = False) -> None:
        """The attempt succeeds; nothing is acknowledged yet."""
        self.rotation.opening(side, on_trial=on_trial)
        self.rotation.up(side, self.now)
        self.awaited[side] = ALL

    def deliver(self, side: int, *, awaited: frozenset[int] = NONE) -> None:
        """Every subscription is answered, and all but these streams have come."""
        self.rotation.answered(side, self.now)
        self.awaited[side] = awaited

    def lose(self, side: int) -> None:
        self.rotation.waiting(side)
        self.awaited[side] = ALL


def settled(redundancy: int = 1) -> Pair:
    """A connection in its ordinary state at 0 s."""
    pair = Pair(redundancy)
    for step in pair.steps():
        pair.connect(step.side)
        pair.deliver(step.side)
    assert pair.done() == []
    return pair


def test_a_connection_opens_one_link_and_keeps_it() -> None:
    pair = Pair()
    assert pair.done() == [(Do.OPEN, 0)]
    pair.connect(0)
    pair.deliver(0)
    assert pair.done(DAY - 1) == []


def test_an_old_link_goes_only_after_the_new_one_has_joined_every_stream() -> None:
    pair = settled()
    [step] = pair.steps(DAY)
    assert (step.do, step.side, step.why) == (Do.OPEN, 1, Why.AGE)
    pair.connect(1)
    assert pair.done(DAY + 1) == []  # not even acknowledged
    pair.deliver(1, awaited=frozenset({3}))
    assert pair.done(DAY + 2) == []
    pair.awaited[1] = NONE
    [step] = pair.steps(DAY + 3)
    assert (step.do, step.side, step.why) == (Do.CLOSE, 0, Why.AGE)
    assert step.is_rotation
    assert pair.done(DAY + 4) == []


def test_quiet_streams_are_waited_for_five_seconds_after_the_last_ack() -> None:
    pair = settled()
    pair.steps(DAY)
    pair.connect(1)
    pair.now = DAY + 10
    pair.deliver(1, awaited=frozenset({3, 4}))
    assert pair.done(DAY + 10 + QUIET_S - 0.01) == []
    assert pair.done(DAY + 10 + QUIET_S) == [(Do.CLOSE, 0)]


def test_a_subscription_that_is_still_unanswered_keeps_the_old_link() -> None:
    pair = settled()
    pair.steps(DAY)
    pair.connect(1)
    pair.deliver(1)
    pair.rotation.answered(1, None)  # one more stream was added meanwhile
    assert pair.done(DAY + 1000) == []


def test_links_take_turns() -> None:
    pair, closed = settled(), []
    for number in range(1, 11):
        [step] = pair.steps(number * DAY)
        pair.connect(step.side)
        pair.deliver(step.side)
        closed += [step.side for step in pair.steps() if step.is_rotation]
    assert closed == [0, 1] * 5


def test_a_shutdown_opens_the_other_link_at_once() -> None:
    pair = settled()
    pair.rotation.wish(0, Why.SHUTDOWN)
    [step] = pair.steps(1.0)
    assert (step.do, step.side, step.why) == (Do.OPEN, 1, Why.SHUTDOWN)


def test_a_new_link_that_fails_costs_nothing_and_is_tried_again() -> None:
    pair = settled()
    assert pair.done(DAY) == [(Do.OPEN, 1)]
    for attempt in range(5):
        pair.rotation.opening(1)
        pair.lose(1)
        assert pair.done(DAY + attempt) == []  # the old one stays, the new one goes on trying
    pair.connect(1)
    pair.deliver(1)
    assert pair.done() == [(Do.CLOSE, 0)]


def test_a_new_link_that_is_lost_before_it_took_over_leaves_the_old_one() -> None:
    pair = settled()
    pair.steps(DAY)
    pair.connect(1)
    pair.deliver(1, awaited=frozenset({3}))
    pair.lose(1)
    assert pair.done(DAY + 100) == []


def test_when_the_venue_cuts_the_old_link_the_new_one_on_its_way_takes_over() -> None:
    pair = settled()
    pair.rotation.wish(0, Why.SHUTDOWN)
    pair.steps(1.0)
    pair.rotation.opening(1)
    pair.lose(0)
    [step] = pair.steps(2.0)
    assert (step.do, step.side, step.is_rotation) == (Do.CLOSE, 0, False)
    pair.connect(1)
    pair.deliver(1)
    assert pair.done(3.0) == []


def test_when_both_are_between_attempts_the_old_one_goes_on() -> None:
    pair = settled()
    pair.steps(DAY)
    pair.lose(1)
    pair.lose(0)
    assert pair.done(DAY + 1) == [(Do.CLOSE, 1)]
    pair.connect(0)
    pair.deliver(0)
    assert pair.done(DAY + 2) == []


def test_another_address_takes_over_only_when_it_delivers_more() -> None:
    pair = settled()
    pair.awaited[0] = frozenset({6, 7, 8, 9})  # never came on the old address
    pair.rotation.wish(0, Why.SILENCE)
    assert pair.done(10.0) == [(Do.OPEN, 1)]
    pair.connect(1, on_trial=True)
    pair.deliver(1, awaited=frozenset(range(2, 10)))  # only two of the old one's six
    assert pair.done(10.0 + QUIET_S) == []
    assert pair.done(10.0 + TRIAL_S) == [(Do.GIVE_UP, 1)]
    pair.rotation.wish(0, Why.SILENCE)
    assert pair.done(11.0 + TRIAL_S) == []
    assert pair.done(10.0 + TRIAL_S + TRIAL_PAUSE_S) == [(Do.OPEN, 1)]
    pair.connect(1, on_trial=True)
    pair.deliver(1, awaited=frozenset({1, 2}))
    assert pair.done(pair.now + QUIET_S) == [(Do.CLOSE, 0)]


def test_an_address_where_nothing_comes_is_given_up_and_the_old_one_stays() -> None:
    pair = settled()
    pair.awaited[0] = ALL
    pair.rotation.wish(0, Why.SILENCE)
    pair.steps(10.0)
    pair.connect(1, on_trial=True)
    pair.deliver(1, awaited=ALL)
    assert pair.done(10.0 + QUIET_S) == []
    assert pair.done(10.0 + TRIAL_S) == [(Do.GIVE_UP, 1)]
    assert pair.rotation.seats[0].phase is Phase.UP


def test_without_streams_both_links_close() -> None:
    pair = settled()
    pair.steps(DAY)
    assert [(step.do, step.side) for step in pair.rotation.rest()] == [(Do.CLOSE, 0), (Do.CLOSE, 1)]
    assert pair.rotation.rest() == []
    assert pair.done() == [(Do.OPEN, 0)]


def test_two_links_are_both_open_all_the_time() -> None:
    pair = Pair(redundancy=2)
    assert pair.done() == [(Do.OPEN, 0), (Do.OPEN, 1)]


def test_of_two_links_one_is_replaced_while_the_other_carries_everything() -> None:
    pair = settled(redundancy=2)
    steps = pair.steps(DAY)
    assert [(step.do, step.side, step.is_rotation) for step in steps] == [
        (Do.CLOSE, 0, True),
        (Do.OPEN, 0, False),
    ]
    assert pair.done(DAY + 1) == []  # not the second one too
    pair.connect(0)
    pair.deliver(0, awaited=frozenset({1}))
    assert pair.done(DAY + 2) == []
    pair.awaited[0] = NONE
    assert pair.done(DAY + 3) == [(Do.CLOSE, 1), (Do.OPEN, 1)]


def test_of_two_links_none_is_replaced_while_the_other_is_down() -> None:
    pair = settled(redundancy=2)
    pair.lose(1)
    pair.rotation.wish(0, Why.SHUTDOWN)
    assert pair.done(DAY) == []


def test_of_two_links_one_tries_another_address_and_the_other_follows_it() -> None:
    pair = settled(redundancy=2)
    pair.awaited = [ALL, ALL]
    pair.rotation.wish(0, Why.SILENCE)
    assert pair.done(QUIET_S) == [(Do.CLOSE, 0), (Do.OPEN, 0)]
    pair.connect(0, on_trial=True)
    pair.deliver(0, awaited=frozenset({9}))
    assert pair.done(2 * QUIET_S) == [(Do.ADOPT, 0)]
    pair.rotation.wish(1, Why.ADDRESS)
    assert pair.done(2 * QUIET_S + 1) == [(Do.CLOSE, 1), (Do.OPEN, 1)]


def test_of_two_links_an_address_that_fails_its_trial_is_left_again() -> None:
    pair = settled(redundancy=2)
    pair.awaited = [ALL, ALL]
    pair.rotation.wish(0, Why.SILENCE)
    pair.steps(QUIET_S)
    pair.connect(0, on_trial=True)
    pair.deliver(0, awaited=ALL)
    assert pair.done(QUIET_S + TRIAL_S) == [(Do.GIVE_UP, 0), (Do.OPEN, 0)]


@pytest.mark.parametrize("redundancy", [1, 2])
@pytest.mark.parametrize("seed", range(20))
def test_whatever_happens_nothing_that_was_carried_is_closed_uncovered(
    redundancy: int, seed: int
) -> None:
    """A link that carries streams is closed by us only while the other one carries them too."""
    chance = random.Random(seed)
    pair = Pair(redundancy)
    rotations = 0
    for _ in range(3000):
        pair.now += chance.random() * 3
        for step in pair.steps():
            seat, other = pair.rotation.seats[step.side], 1 - step.side
            if step.do is Do.CLOSE:
                rotations += step.is_rotation
                was_carrying = pair.awaited[step.side] != ALL
                is_covered = not pair.awaited[other] or (
                    pair.rotation.seats[other].acked_at is not None
                    and pair.now - (pair.rotation.seats[other].acked_at or 0) >= QUIET_S
                )
                assert is_covered or not was_carrying
            if step.do in (Do.CLOSE, Do.GIVE_UP):
                pair.awaited[step.side] = ALL
            assert seat.is_held or step.do is not Do.OPEN
        for side in (0, 1):
            happen(pair, side, chance)
    assert rotations > 5


def happen(pair: Pair, side: int, chance: random.Random) -> None:
    seat = pair.rotation.seats[side]
    if not seat.is_held:
        return
    match seat.phase:
        case Phase.WAITING if chance.random() < 0.5:
            pair.rotation.opening(side)
        case Phase.OPENING if chance.random() < 0.7:
            pair.connect(side)
        case Phase.OPENING:
            pair.lose(side)
        case Phase.UP if chance.random() < 0.02:
            pair.lose(side)
        case Phase.UP if chance.random() < 0.05:
            pair.rotation.wish(side, chance.choice(list(Why)))
        case Phase.UP if seat.acked_at is None and chance.random() < 0.5:
            pair.deliver(side, awaited=frozenset(chance.sample(range(STREAMS), 2)))
        case Phase.UP if chance.random() < 0.3:
            pair.awaited[side] = NONE
        case _:
            pass


def test_the_old_link_stays_while_the_new_one_is_starved_of_what_it_brings() -> None:
    rotation = Rotation(1, 100.0)
    rotation.steps(0.0, 2, lambda side: frozenset())
    rotation.opening(0)
    rotation.up(0, 0.0)
    rotation.answered(0, 0.0)
    rotation.wish(0, Why.AGE)
    rotation.steps(1.0, 2, lambda side: frozenset())
    rotation.opening(1)
    rotation.up(1, 1.0)
    rotation.answered(1, 1.0)

    def missing(side: int) -> frozenset[int]:
        return frozenset({7}) if side == 1 else frozenset()

    assert rotation.steps(8.0, 2, missing, missing) == []
    (step,) = rotation.steps(20.0, 2, missing, missing)
    assert (step.do, step.side) == (Do.GIVE_UP, 1)
    assert rotation.steps(30.0, 2, missing, missing) == []  # a pause before the next attempt


def test_of_a_pair_the_link_that_starves_is_replaced() -> None:
    rotation = Rotation(2, 1000.0)
    rotation.steps(0.0, 1, lambda side: frozenset())
    for side in (0, 1):
        rotation.opening(side)
        rotation.up(side, 0.0)
        rotation.answered(side, 0.0)

    def missing(side: int) -> frozenset[int]:
        return frozenset({7}) if side == 1 else frozenset()

    assert rotation.steps(10.0, 1, missing, missing) == []
    steps = rotation.steps(20.0, 1, missing, missing)
    assert [(step.do, step.side) for step in steps] == [(Do.CLOSE, 1), (Do.OPEN, 1)]
