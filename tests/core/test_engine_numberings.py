"""Trades whose ids begin anew, over links that lag, lose, hold up and double events."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from gateway import layout
from gateway.layout import Flag, Kind, SectionKind
from tests.core.gap_rig import GapRig
from tests.core.test_engine_gaps import give, said_at
from tests.model.ring import unpack

MS = 1_000_000
HOLE_MAX = 1000  # ids of two numberings lie farther apart
SAID_LATE_S = 2.0  # what is held back in vain is told by then


@pytest.fixture
def rig() -> Iterator[GapRig]:
    with GapRig() as rig:
        rig.stream("trade")
        yield rig


def test_what_was_held_up_of_the_numbering_before_is_told_and_replaces_nothing(
    rig: GapRig,
) -> None:
    for number, ms in ((5000, 100), (1, 200), (2, 201), (5001, 150), (5001, 150), (3, 202)):
        rig.give(rig.a, "trade", said_at(number, ms))
        cell = rig.segment.slot(SectionKind.LAST_TRADE, rig.symbol)
        assert cell is not None
        assert unpack(layout.TRADE, cell).update_id in (5000, 1, 2, 3)
    assert rig.told() == [(5000,), (1,), (2,), (5001,), (5001, "D"), (3,)]
    assert rig.segment.counters().gaps == 0


@pytest.mark.parametrize("count", [4, 20])
def test_many_late_events_in_a_row_are_no_restart(rig: GapRig, count: int) -> None:
    give(rig, *range(1, 41))
    rig.look()
    late = [40 - 2 * number for number in range(1, count)]
    give(rig, *late, 41)
    assert rig.told() == [*((number, "D") for number in late), (41,)]
    assert rig.segment.counters().gaps == 0


def test_a_hole_in_the_numbering_before_is_told_as_lost(rig: GapRig) -> None:
    for number, ms in ((5000, 100), (1, 200), (2, 201), (5003, 150), (3, 202), (5001, 149)):
        rig.give(rig.a, "trade", said_at(number, ms))
    lost = ("GAP", 1, "LOST")
    assert rig.told() == [(5000,), (1,), (2,), lost, (5003,), (3,), (5001, "D")]
    assert (rig.slot_of(1).first_id, rig.slot_of(1).last_id, rig.slot_of(1).missing) == (
        5001, 5002, 2,
    )  # fmt: skip
    rig.check_counters()


def test_what_the_slower_link_alone_brings_of_the_numbering_before_is_told_once(
    rig: GapRig,
) -> None:
    give(rig, 5000)
    rig.bring_up_b()
    give(rig, 5000, link=rig.b)
    for number in (1, 2, 3):
        rig.give(rig.a, "trade", said_at(number, 8000 + number))
    for number, ms in ((5001, 5001), (1, 8001), (5002, 5002), (5001, 5001), (2, 8002), (3, 8003)):
        rig.give(rig.b, "trade", said_at(number, ms))
    for link, number in ((rig.a, 4), (rig.a, 5), (rig.b, 5), (rig.b, 6)):
        rig.give(link, "trade", said_at(number, 8000 + number))
    events = [1, 2, 3, 5001, 5002, 4, 5, 6]
    assert rig.told() == [(5000,), *((number,) for number in events)]
    assert rig.segment.counters().gaps == 0


def test_a_lower_id_with_a_time_that_is_wrong_does_not_stop_a_stream(rig: GapRig) -> None:
    give(rig, 100, 101)
    rig.give(rig.a, "trade", said_at(100, 10**9))
    give(rig, *range(102, 150))
    cell = rig.segment.slot(SectionKind.LAST_TRADE, rig.symbol)
    assert cell is not None
    assert unpack(layout.TRADE, cell).update_id == 149


@dataclass(frozen=True, order=True)
class Event:
    era: int
    number: int
    ms: int


def market(dice: random.Random) -> list[Event]:
    """Trades of two or three numberings; each begins lower, and at least 1 ms later."""
    count, pace_ms = dice.randrange(20, 120), dice.choice((1, 20, 100, 400, 1500))
    begins = set(dice.sample(range(3, count), dice.randrange(1, 3)))
    number, ms, era, events = dice.randrange(500, 900) * 1000, 0, 0, []
    for place in range(count):
        ms += round(dice.expovariate(1 / pace_ms)) if dice.random() < 0.7 else 0
        if place in begins:
            number, era, ms = number // 2, era + 1, ms + dice.choice((1, 50, 300))
        events.append(Event(era, number, ms))
        number += 1
    return events


def arrivals(dice: random.Random, events: list[Event]) -> list[tuple[float, int, Event]]:
    """When which link brings what: in order, but for what is held up."""
    found: list[tuple[float, int, Event]] = []
    for side in (0, 1):
        lag_ms, loss = dice.choice((1, 5, 20, 60, 400)), dice.choice((0, 0, 0.01, 0.05))
        held_up, doubled, last = dice.choice((0, 0, 0.02)), dice.choice((0, 0.02)), 0.0
        for event in events:
            last = max(last, event.ms + lag_ms * (0.5 + dice.random()))
            late_ms = dice.choice((50, 300, 1500)) if dice.random() < held_up else 0
            times = 0 if dice.random() < loss else 2 if dice.random() < doubled else 1
            found += [(last + late_ms, side, event)] * times
    return sorted(found)


@dataclass
class Life:
    """What a reader of the ring and of the slot is told."""

    rig: GapRig
    eras: dict[int, int]
    told: Counter[int] = field(default_factory=Counter)
    holes: list[int] = field(default_factory=list)
    shown: tuple[int, int] = (-1, -1)

    def look(self) -> None:
        for record in self.rig.look():
            if record.meta.kind == Kind.GAP:
                self.holes.append(record.fields(layout.STATE).missing)
            elif record.meta.kind == Kind.TRADE and not record.meta.flags & Flag.DUPLICATE:
                self.told[record.meta.update_id] += 1
        cell = self.rig.segment.slot(SectionKind.LAST_TRADE, self.rig.symbol)
        number = unpack(layout.TRADE, cell).update_id if cell else 0
        shown = self.eras.get(number, -1), number
        assert shown >= self.shown, f"{shown} is shown after {self.shown}"
        self.shown = shown


@pytest.mark.parametrize("seed", range(20))
def test_each_trade_is_told_once_and_none_is_shown_after_a_newer_one(seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(4):
        events = market(dice)
        with GapRig() as rig:
            rig.stream("trade")
            rig.bring_up_b()
            life = Life(rig, {event.number: event.era for event in events})
            began = rig.now
            for ms, side, event in arrivals(dice, events):
                rig.wait(max(0, began + int(ms * MS) - rig.now) / 10**9)
                rig.give((rig.a, rig.b)[side], "trade", said_at(event.number, event.ms))
                rig.engine.notices()
                life.look()
            rig.wait(SAID_LATE_S)
            life.look()
        assert [number for number, times in life.told.items() if times > 1] == []
        assert all(hole < HOLE_MAX for hole in life.holes)
