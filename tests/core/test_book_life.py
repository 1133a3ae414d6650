"""The life of a book: its table, and every alignment of a snapshot with up to six events."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator

import pytest

from gateway.core import probe
from gateway.core.engine import SnapshotResult, hold_clock
from gateway.layout import Market, Reason, Status
from tests.core.rig import Rig
from tests.core.test_engine_books import Tape, tape
from tests.model.sequencing import Diff

KEEP, NAMED = 254, 255  # statuses of the table alone
DIFFS = (
    "UNJUDGED", "FOLLOWS", "BEHIND", "REACHED", "GAP", "OLDER", "RESTARTED", "CROSSED", "THIN",
    "OVERFLOW",
)  # fmt: skip
OUTSIDE = ("SESSION", "SUSPECT", "CUT")
JOINING = ("JOINED", "FOLLOWS", "REACHED")

StepOf = tuple[str, str, str, int, int, set[str]]


def table() -> Iterator[StepOf]:
    """(phase, event, next phase, status, reason, actions) of every pair."""
    for (at, phase), (number, event) in itertools.product(
        enumerate(probe.PHASES), enumerate(probe.LIFE_EVENTS)
    ):
        yield phase, event, *probe.book_life(at, number)


def test_every_event_is_defined_in_every_phase() -> None:
    """A pair that was left out would read as WAITING, EMPTY, without a reason and actions."""
    assert probe.life_sizes() == (len(probe.PHASES), len(probe.LIFE_EVENTS))
    for phase, event, _, status, reason, actions in table():
        assert status in (KEEP, NAMED) or Status(status) is not Status.EMPTY, (phase, event)
        assert actions <= set(probe.LIFE_ACTIONS)
        if "LOSE" in actions and status != NAMED:
            assert Reason(reason) is not Reason.NONE, (phase, event)


def test_live_is_entered_by_way_of_synced_alone_and_only_over_what_joins() -> None:
    for phase, event, to, status, _, actions in table():
        if status == Status.LIVE:
            assert to == "SYNCED", (phase, event)
            assert event in JOINING, (phase, event)
            assert "SHOW" in actions
        if to == "SYNCED" and phase != "SYNCED":
            assert status == Status.LIVE, (phase, event)
        if phase == "WAITING" and event != "JOINED":
            assert to != "SYNCED", event
            assert not actions & {"SHOW", "APPLIED"}, event


def test_a_book_that_leaves_its_step_says_so_in_the_same_write() -> None:
    for phase, event, to, status, _, actions in table():
        if phase == "SYNCED" and to != "SYNCED":
            assert to == "WAITING", event
            assert "LOSE" in actions, event
            assert status not in (KEEP, Status.LIVE), event
        if "LOSE" in actions:
            assert to == "WAITING", (phase, event)
            assert "DROP" in actions, (phase, event)
            assert "SHOW" not in actions, (phase, event)
            assert ("ASK" in actions) == (event not in ("SESSION", "CUT")), (phase, event)


def test_every_diff_has_one_fate_kept_for_a_snapshot_or_told() -> None:
    for phase, event, to, _, _, actions in table():
        if event in DIFFS:
            assert len(actions & {"KEEP", "TELL"}) == 1, (phase, event)
        if "KEEP" in actions:
            assert to == "WAITING", (phase, event)
            assert "ASK" in actions, (phase, event)
        if actions & {"APPLIED", "DUPLICATE"}:
            assert "TELL" in actions, (phase, event)
        if "APPLIED" in actions:
            assert to == "SYNCED", (phase, event)


def test_what_is_lost_outside_is_lost_in_any_phase() -> None:
    steps = {(phase, event): rest for phase, event, *rest in table()}
    for event in OUTSIDE:
        assert steps["WAITING", event] == steps["HELD", event] == steps["SYNCED", event]
        assert steps["WAITING", event][1] == NAMED
    forgets = {(phase, event) for phase, event, *_, acts in table() if "FORGET" in acts}
    cuts = {(phase, "CUT") for phase in probe.PHASES}
    assert forgets == cuts | {("WAITING", "JOINED"), ("WAITING", "ALONE")}


def test_answers_that_nobody_waits_for_change_nothing() -> None:
    for phase, event, to, status, _, actions in table():
        if phase != "WAITING" and event in ("JOINED", "ALONE", "BROKEN", "REFUSED", "WANTED"):
            assert (to, status, actions) == (phase, KEEP, set())
        if phase != "SYNCED" and event in ("DIFFERS", "WIDER"):
            assert (to, status, actions) == (phase, KEEP, set())


# Alignments. The oracle knows the true book at every id, and nothing of phases or buffers.


def may_be_live(history: Tape, told: set[int], update_id: int) -> bool:
    """A snapshot at an id and these events make a book if the stream has reached that id and
    nothing that came after it is missing before the last event told."""
    reached = [n for n in told if history.diffs[n].last_update_id >= update_id]
    if not reached or update_id < history.diffs[0].prev_update_id:
        return False  # the second: what came before the first event is in none
    later = [
        n
        for n, diff in enumerate(history.diffs)
        if diff.last_update_id > update_id and n <= max(told)
    ]
    return set(later) <= told


class Sessions:
    """One engine; each alignment is a session of its own on a new socket."""

    def __init__(self, rig: Rig, history: Tape) -> None:
        self.rig, self.history = rig, history
        last = history.diffs[-1].last_update_id
        self.truth = {n: history.book(n).top(20) for n in range(last + 4)}

    def run(self, subset: tuple[int, ...], place: int, update_id: int) -> None:
        """Tell the events of a subset; the snapshot comes before number ``place``."""
        rig, told = self.rig, set[int]()
        rig.engine.link_down(rig.connection)
        rig.engine.link_up(rig.connection)
        rig.settle()
        if place == 0:
            rig.engine.ask_snapshot(rig.row)
        result: SnapshotResult | None = None
        for number in range(len(self.history.diffs) + 1):
            if number == place and (told or place == 0):
                result = rig.snapshot(self.history.snapshot(update_id))
            if number in subset:
                rig.diff(self.history.diffs[number])
                told.add(number)
            self.check(told, None if result is None else update_id)

    def check(self, told: set[int], update_id: int | None) -> None:
        live = self.rig.status() == Status.LIVE
        expected = update_id is not None and may_be_live(self.history, told, update_id)
        assert live == expected
        if not live:
            return
        cell, bids, asks = self.rig.book()
        assert update_id is not None
        assert cell.update_id == max(update_id, self.history.diffs[max(told)].last_update_id)
        assert (bids, asks) == self.truth[cell.update_id], "not the true book"


def positions(history: Tape) -> range:
    """Every id from two before the first event to two behind the last: before, at each U, within,
    at each u, in the holes between events of futures, after."""
    return range(history.diffs[0].first_update_id - 2, history.diffs[-1].last_update_id + 3)


def edges(diff: Diff) -> tuple[int, int]:
    return diff.first_update_id, diff.last_update_id


@pytest.fixture
def _standing_clock() -> Iterator[None]:
    """No time passes: thousands of sessions are no stall, however slow the machine."""
    hold_clock(time.monotonic_ns())
    yield
    hold_clock(0)


@pytest.mark.usefixtures("_standing_clock")
@pytest.mark.parametrize("market", list(Market)[:3], ids=lambda market: market.name.lower())
@pytest.mark.parametrize("place", range(7))
def test_every_alignment_with_every_loss_is_the_true_book_or_not_live(
    market: Market, place: int
) -> None:
    """The snapshot before, among and behind six events, of which any may be missing; the subsets
    without the last ones are the shorter lives."""
    history = tape(market)
    ids = positions(history)
    assert {edge for diff in history.diffs for edge in edges(diff)} < set(ids)
    with Rig(market, events_ring_bytes=1 << 20) as rig:
        sessions = Sessions(rig, history)
        for count in range(7):
            for subset in itertools.combinations(range(6), count):
                if place and not any(number < place for number in subset):
                    continue  # nothing came before the snapshot: as with place 0
                if place < 6 and 5 not in subset:
                    continue  # the first part of another life, which is checked at every step
                for update_id in ids:
                    try:
                        sessions.run(subset, place, update_id)
                    except AssertionError as error:
                        raise AssertionError(f"{subset=} {place=} {update_id=}: {error}") from error
