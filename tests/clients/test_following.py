"""The rules of following a book, against a model that knows the gateway's book at every id."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway_client.following import BEHIND_NS, Change, Dump, Follower, Loss, Slot, Witness, judge
from gateway_client.layout import Flag, Reason
from gateway_client.levels import ASKS, BIDS, Side
from gateway_client.values import Status
from tests.clients.follow_model import WHOLE, Reader, Writer

OPS = [
    *["diff", "look"] * 8, *["snapshot", "drop"] * 2, "late", "unseen", "twist", "lose", "audit",
    "stale", "halt", "resume", "deepen", "restart", "lap", "repeat",
]  # fmt: skip


def do(op: str, writer: Writer, reader: Reader, rng: random.Random) -> None:
    match op:
        case "diff" | "twist":
            writer.diff(twist=op == "twist")
        case "unseen":
            writer.diff(seen=False)
        case "lose":
            writer.lose(Reason.DISCONNECTED)
        case "audit":
            writer.lose(Reason.AUDIT)
            if rng.random() < 0.5:
                writer.snapshot()  # before any other event: no id is missing
        case "snapshot" if not writer.in_step:
            writer.snapshot()
        case "stale":
            writer.doubt(Status.STALE)
        case "halt":
            writer.doubt(Status.HALTED)
        case "resume":
            writer.doubt(Status.LIVE)
        case "deepen":
            writer.deepen()
        case "restart":
            writer.restart()
        case "lap":
            reader.lap()
        case "drop":
            reader.drop(rng.randrange(100))
        case "repeat":
            reader.repeat(rng.randrange(100))


def check(writer: Writer, reader: Reader, state: Status) -> None:
    """A LIVE book is the gateway's at that id, to its complete price and not beyond."""
    assert state is not Status.LIVE or writer.status is Status.LIVE
    if state is not Status.LIVE:
        return
    found = reader.follower
    bids, asks = writer.past[found.epoch, found.update_id]
    ends = found.levels.bids.complete, found.levels.asks.complete
    known_bids = {px: qty for px, qty in bids.items() if ends[0] is None or px >= ends[0]}
    known_asks = {px: qty for px, qty in asks.items() if ends[1] is None or px <= ends[1]}
    wanted = [n for level in sorted(known_bids.items(), reverse=True) for n in level]
    assert list(found.levels.bids.top()) == wanted
    assert list(found.levels.asks.top()) == [
        n for level in sorted(known_asks.items()) for n in level
    ]


@settings(deadline=None, max_examples=400)
@given(
    st.lists(st.sampled_from(OPS), min_size=5, max_size=80),
    st.booleans(),
    st.integers(1, 3),
    st.integers(0, 2**32),
)
def test_live_is_always_the_gateways_book(
    ops: list[str], is_numbered: bool, parts: int, seed: int
) -> None:
    rng = random.Random(seed)
    writer = Writer(rng, parts=parts)
    reader = Reader(writer, is_numbered)
    for op in ops:
        do(op, writer, reader, rng)
        if op in ("look", "late"):
            state, _ = reader.look(delay=3 if op == "late" else 0)
            check(writer, reader, state)
    # Whatever it was: once the gateway is LIVE and nothing is lost any more, so is the follower.
    writer.lose()
    writer.snapshot()
    for _ in range(12):
        writer.diff()
        state, _ = reader.look()
        check(writer, reader, state)
    assert state is Status.LIVE
    assert reader.follower.update_id == writer.id


@pytest.mark.parametrize("is_numbered", [False, True])
def test_undisturbed_follower_takes_one_dump_and_misses_nothing(is_numbered: bool) -> None:
    writer = Writer(random.Random(1), depth=40)
    reader = Reader(writer, is_numbered)
    for _ in range(200):
        writer.diff()
        state, _ = reader.look()
    assert state is Status.LIVE
    assert (reader.follower.begun, reader.follower.lost, reader.follower.loss) == (1, 0, None)
    assert reader.asked == 1


def test_ring_follower_needs_no_dump_when_the_gateway_begins_anew() -> None:
    writer = Writer(random.Random(2))
    reader = Reader(writer, is_numbered=False)
    reader.look(), reader.look()
    writer.lose()
    assert reader.look()[0] is Status.GAPPED
    writer.diff()
    writer.snapshot()
    assert reader.look()[0] is Status.LIVE
    assert (reader.follower.begun, reader.follower.loss, reader.asked) == (2, None, 1)


def test_lost_messages_are_counted_exactly() -> None:
    writer = Writer(random.Random(3))
    reader = Reader(writer, is_numbered=True)
    reader.look(), reader.look()
    for _ in range(5):
        writer.diff()
    del writer.topic[1:4]
    state, _ = reader.look()
    assert (state, reader.follower.lost, reader.follower.loss) == (Status.SYNCING, 3, Loss.LOST)
    writer.diff()
    assert reader.look()[0] is Status.LIVE
    assert (reader.follower.begun, reader.follower.lost) == (2, 3)


def test_lapped_ring_counts_the_events_that_a_dump_stands_in_for() -> None:
    writer = Writer(random.Random(4))
    reader = Reader(writer, is_numbered=False)
    reader.look(), reader.look()
    for _ in range(7):
        writer.diff()
    reader.lap()
    assert reader.look()[0] is Status.SYNCING
    assert reader.look()[0] is Status.LIVE
    assert (reader.follower.begun, reader.follower.lost) == (2, 7)
    assert reader.follower.loss is Loss.LAPPED


def test_messages_lost_at_the_very_end_are_missed_within_the_time() -> None:
    """Nothing follows that could show the hole: shared memory does."""
    writer = Writer(random.Random(5))
    reader = Reader(writer, is_numbered=True)
    reader.look(), reader.look()
    writer.diff()
    writer.topic.clear()
    states = [reader.look()[0] for _ in range(BEHIND_NS // 100_000_000 + 3)]
    assert states[0] is Status.LIVE
    assert Status.SYNCING in states
    assert reader.follower.loss is Loss.BEHIND
    assert reader.follower.update_id == writer.id


# Single rules.


def dump(state: Status = Status.LIVE, sequence: int = 10, epoch: int = 1) -> Dump:
    levels = [100, 1, 99, 2], [101, 1, 102, 2]
    return Dump(state, Reason.NONE, epoch, "s", sequence, 50, 0, None, *levels, 99, 102)


def diff(
    prev: int, last: int, bids: list[int], sequence: int = 11, flags: int = WHOLE | Flag.APPLIED,
    status: Status = Status.LIVE, number: int = 1,
) -> Change:  # fmt: skip
    return Change(False, status, flags, number, sequence, prev, last, None, 0, bids, [])


LIVE = Slot(Status.LIVE, Reason.NONE, 50, 0)


@pytest.mark.parametrize(
    ("prev", "last", "joins"),
    [(50, 51, True), (49, 51, True), (40, 50, True), (51, 52, False), (40, 49, False)],
)
def test_event_joins_by_the_venues_ids(prev: int, last: int, joins: bool) -> None:
    follower = Follower(is_numbered=False)
    follower.start(dump())
    follower.on_change(diff(prev, last, [100, 7]))
    assert follower.is_joined is joins
    assert (follower.loss is Loss.BROKEN) is not joins
    assert follower.levels.bids.top(1) == ((100, 7) if joins else (100, 1))


@pytest.mark.parametrize("state", [s for s in Status if s is not Status.LIVE])
def test_dump_that_is_not_live_is_shown_and_never_joined(state: Status) -> None:
    follower = Follower(is_numbered=False)
    assert not follower.start(dump(state))
    assert follower.levels.bids.top() == (100, 1, 99, 2)
    assert judge(follower, LIVE, True)[0] is Status.SYNCING
    assert judge(follower, Slot(state, Reason.GAP, 50, 0), True)[0] is state


def test_every_witness_has_to_agree_before_a_book_is_live() -> None:
    follower = Follower(is_numbered=False)
    follower.start(dump())
    assert judge(follower, LIVE, True)[0] is Status.LIVE
    assert judge(follower, LIVE, False) == (Status.STALE, Reason.LAGGING)
    assert judge(follower, Slot(Status.DEAD, Reason.NONE, 50, 0), True)[0] is Status.DEAD
    down = Slot(Status.DOWN, Reason.DISCONNECTED, 50, 0)
    assert judge(follower, down, True) == (Status.DOWN, Reason.DISCONNECTED)
    follower.on_state(Status.STALE, Reason.SILENT)
    assert judge(follower, LIVE, True) == (Status.STALE, Reason.SILENT)
    assert follower.is_joined, "a silent book goes on with its next event"
    follower.on_state(Status.GAPPED, Reason.GAP)
    assert not follower.is_joined


def test_part_that_is_missing_breaks_the_book() -> None:
    follower = Follower(is_numbered=True)
    follower.start(dump())
    applied = int(Flag.APPLIED)
    follower.on_change(diff(50, 51, [100, 5], 11, applied | Flag.FIRST, number=1), 1)
    assert follower.levels.bids.top(1) == (100, 1), "half an event shows nothing"
    follower.on_change(diff(50, 51, [98, 5], 11, applied | Flag.LAST, number=3), 1)
    assert (follower.is_joined, follower.loss) == (False, Loss.LOST)


def test_crossed_book_is_never_live() -> None:
    follower = Follower(is_numbered=False)
    follower.start(dump())
    follower.on_change(diff(50, 51, [101, 5]))
    assert follower.loss is Loss.CROSSED
    assert judge(follower, LIVE, True)[0] is Status.SYNCING


def test_side_that_runs_out_of_what_is_known_is_not_live() -> None:
    follower = Follower(is_numbered=False)
    follower.start(dump())
    follower.on_change(diff(50, 51, [100, 0]))
    assert follower.is_joined
    follower.on_change(diff(51, 52, [99, 0, 98, 5]))
    assert (follower.loss, follower.levels.bids.top()) == (Loss.THIN, ())


@pytest.mark.parametrize(
    ("bid", "ask", "narrower"),
    [(99, 102, False), (100, 101, False), (98, 102, True), (99, 103, True), (None, 102, True)],
)
def test_gateway_that_knows_more_is_noticed(bid: int | None, ask: int, narrower: bool) -> None:
    follower = Follower(is_numbered=True)
    assert not follower.is_narrower(bid, ask), "nothing is joined yet"
    follower.start(dump())
    assert follower.is_narrower(bid, ask) is narrower


def test_numbered_events_of_an_old_writer_are_nothing_and_of_a_new_one_a_loss() -> None:
    follower = Follower(is_numbered=True)
    follower.start(dump(epoch=5))
    follower.on_change(diff(50, 51, [100, 9]), 4)
    follower.on_state(Status.GAPPED, Reason.GAP, 4, 1)
    assert (follower.is_joined, follower.update_id) == (True, 50)
    follower.on_change(diff(50, 51, [100, 9], sequence=1), 6)
    assert follower.loss is Loss.RESTARTED


def test_numbered_event_that_is_in_the_dump_already_is_not_taken_twice() -> None:
    follower = Follower(is_numbered=True)
    follower.start(dump(sequence=10))
    follower.on_change(diff(48, 49, [100, 9], sequence=9), 1)
    follower.on_change(diff(49, 50, [100, 9], sequence=10), 1)
    assert (follower.is_joined, follower.levels.bids.top(1)) == (True, (100, 1))


def test_numbered_dump_older_than_what_was_thrown_away_is_refused() -> None:
    follower = Follower(is_numbered=True)
    follower.on_change(diff(50, 51, [], sequence=20), 1)
    assert not follower.start(dump(sequence=19))
    assert follower.needs_dump
    assert follower.start(dump(sequence=20))


def test_lost_change_of_trust_shows_by_its_number() -> None:
    follower = Follower(is_numbered=True)
    follower.start(dump())
    follower.on_state(Status.LIVE, Reason.NONE, 1, 4)
    follower.on_other_state(1, 5)
    assert follower.is_joined
    follower.on_other_state(1, 7)
    assert follower.loss is Loss.LOST


def test_event_that_the_gateway_had_buffered_means_that_its_book_began_anew() -> None:
    follower = Follower(is_numbered=True)
    follower.start(dump())
    follower.on_change(diff(50, 51, [100, 9], flags=WHOLE | Flag.BUFFERED | Flag.APPLIED), 1)
    assert (follower.loss, follower.update_id) == (Loss.BEGUN_ANEW, 50)


def test_witness_forgives_what_is_caught_up_in_time() -> None:
    follower, witness = Follower(is_numbered=False), Witness()
    follower.start(dump())

    def is_behind(ours: int, there: int, now: float) -> bool:
        follower.update_id = ours
        return witness.is_behind(follower, LIVE._replace(update_id=there), int(now * BEHIND_NS))

    assert not is_behind(50, 60, 0)
    assert not is_behind(60, 60, 1.1)
    assert not is_behind(60, 70, 2)
    assert not is_behind(75, 99, 3), "what was newer then is in by now"
    assert not is_behind(98, 99, 4)
    assert is_behind(98, 99, 4.1)
    gapped = Slot(Status.GAPPED, Reason.GAP, 99, 0)
    assert not witness.is_behind(follower, gapped, 9 * BEHIND_NS), "nothing to keep up with"


def test_book_that_is_not_joined_is_behind_one_that_is_live() -> None:
    follower, witness = Follower(is_numbered=False), Witness()
    follower.start(dump(Status.SYNCING))
    assert not follower.needs_dump, "the ring will tell"
    assert not witness.is_behind(follower, LIVE, 0)
    assert witness.is_behind(follower, LIVE, BEHIND_NS + 1), "it should have by now"


LEVELS = st.lists(st.tuples(st.integers(1, 30), st.integers(0, 3)), max_size=12)


@settings(deadline=None)
@given(
    st.sampled_from([BIDS, ASKS]), LEVELS, st.none() | st.integers(1, 30),
    st.lists(LEVELS, max_size=8), st.none() | st.integers(1, 40),
)  # fmt: skip
def test_side_holds_what_a_dictionary_would(
    sign: int, first: list[tuple[int, int]], complete: int | None,
    changes: list[list[tuple[int, int]]], limit: int | None,
) -> None:  # fmt: skip
    first = list(dict(first).items())
    side, model = Side(sign), dict(first)
    side.load([n for level in first for n in level], complete)
    for change in changes:
        side.apply([n for level in change for n in level])
        model |= dict(change)
    if complete is not None:
        model = {px: qty for px, qty in model.items() if sign * px >= sign * complete}
    wanted = sorted((level for level in model.items() if level[1]), key=lambda v: -sign * v[0])
    assert side.top(limit) == tuple(n for level in wanted[:limit] for n in level)
    assert (len(side), side.best) == (len(wanted), wanted[0][0] if wanted else None)
