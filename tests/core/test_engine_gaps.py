"""Gaps in streams of ids: each is found once, numbered, filled by id, and told in sequence."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway import layout
from gateway.core.engine import FrameClass
from gateway.layout import Flag, GapState, Kind, Market, SectionKind, Status
from tests.core.gap_rig import START, GapRig
from tests.core.paired import trade
from tests.core.test_engine_rows import Sent
from tests.model.ring import unpack


@pytest.fixture
def rig() -> Iterator[GapRig]:
    with GapRig() as made:
        made.stream("trade")
        yield made


def give(rig: GapRig, *numbers: int, link: int | None = None) -> None:
    for number in numbers:
        rig.give(rig.a if link is None else link, "trade", trade(number))


def test_a_hole_is_told_before_the_event_behind_it_and_kept_in_its_slot(rig: GapRig) -> None:
    give(rig, 1, 2, 6)
    assert rig.told() == [(1,), (2,), ("GAP", 1, "OPEN"), (6,)]
    assert rig.gap_notices() == [(1, 3, 5)]
    gap, found = rig.slot_of(1), rig.gap(1)
    assert (gap.first_id, gap.last_id, gap.missing, gap.recovered) == (3, 5, 3, 0)
    assert (gap.gap_state, gap.subject, gap.stream) == (GapState.OPEN, Kind.TRADE, 0)
    assert (gap.ts_before, gap.ts_after) == (1795345200002 * 10**6, 1795345200006 * 10**6)
    assert (gap.closed_real, gap.opened_real > 0) == (layout.NULL, True)
    assert found is not None
    assert (found.state, found.ranges, found.closed_real) == (GapState.OPEN, ((3, 5),), None)
    row: Any = rig.stream_row("trade")
    assert (row.gap_count, row.last_id, row.last_ts) == (1, 6, 1795345200006 * 10**6)
    rig.check_counters()


def test_what_is_fetched_goes_on_in_sequence_and_ends_the_gap(rig: GapRig) -> None:
    sent = Sent()
    rig.engine.set_publisher(sent.address, 1, 2)
    rig.engine.set_wanted(rig.rows["trade"], True, True)
    give(rig, 1, 4)
    last = rig.segment.slot(SectionKind.LAST_TRADE, rig.symbol)
    rig.look()
    list(rig.raw.read())
    sent.messages.clear()
    assert [rig.fill("trade", trade(number)) for number in (2, 3)] == ["OK", "OK"]
    records = rig.look()
    numbers = [r.meta.sequence for r in records if r.meta.kind == Kind.TRADE]
    assert [Kind(r.meta.kind).name for r in records] == ["TRADE", "TRADE", "GAP_CLOSED"]
    assert numbers == [3, 4] == [r.meta.sequence for r in rig.raw.read()]
    assert all(r.meta.flags & Flag.BACKFILLED for r in records[:2])
    binary = [message for message in sent.messages if message[1].startswith(b"bin:")]
    sent.messages = [message for message in sent.messages if message not in binary]
    assert sent.json() == [
        ("spot:btcusdt@trade", 3, "B", trade(2)), ("spot:btcusdt@trade", 4, "B", trade(3)),
    ]  # fmt: skip
    assert len(binary) == 2
    assert rig.segment.slot(SectionKind.LAST_TRADE, rig.symbol) == last
    closed = records[-1].fields(layout.STATE)
    assert (closed.gap_number, closed.recovered, closed.missing) == (1, 2, 2)
    gap = rig.slot_of(1)
    assert (gap.gap_state, gap.recovered) == (GapState.FILLED, 2)
    assert gap.closed_real >= gap.opened_real
    assert rig.segment.counters().events_backfilled == 2
    assert rig.engine.close_gap(1, GapState.FILLED, 2) is False
    give(rig, 5)
    assert rig.told() == [(5,)]
    rig.check_counters()


def test_each_id_is_told_once(rig: GapRig) -> None:
    give(rig, 1, 6)
    rig.look()
    answers = [rig.fill("trade", trade(number)) for number in (4, 4, 2, 1, 6, 7, 2, 5, 3, 3)]
    assert answers == [
        "OK", "DUPLICATE", "OK", "DUPLICATE", "DUPLICATE", "UNWANTED", "DUPLICATE", "OK", "OK",
        "DUPLICATE",
    ]  # fmt: skip
    assert rig.told() == [(4, "B"), (2, "B"), (5, "B"), (3, "B"), ("GAP_CLOSED", 1, "FILLED")]
    row: Any = rig.stream_row("trade")
    assert row.duplicate_count == 5
    assert rig.segment.counters().frames_duplicate == 0  # no frame was


def test_late_events_fill_the_gap_themselves(rig: GapRig) -> None:
    give(rig, 1, 5)
    give(rig, 3)
    assert rig.told() == [(1,), ("GAP", 1, "OPEN"), (5,), (3,)]
    assert rig.gap(1).ranges == ((2, 2), (4, 4))
    assert rig.fill("trade", trade(3)) == "DUPLICATE"
    assert rig.fill("trade", trade(2)) == "OK"
    give(rig, 4, 6)
    assert rig.told() == [(2, "B"), (4,), ("GAP_CLOSED", 1, "FILLED"), (6,)]
    assert rig.segment.counters().gaps_filled == 1


def test_late_events_are_no_restart_of_the_ids(rig: GapRig) -> None:
    give(rig, 1, 9, 3, 4, 5, 6, 10)
    assert rig.told() == [(1,), ("GAP", 1, "OPEN"), (9,), (3,), (4,), (5,), (6,), (10,)]
    assert rig.segment.counters().gaps == 1


def test_what_was_fetched_and_then_comes_is_a_duplicate_by_its_own_rule(rig: GapRig) -> None:
    give(rig, 1, 3)
    rig.fill("trade", trade(2))
    rig.look()
    give(rig, 2, 4)
    assert rig.told() == [(2, "D"), (4,)]


def test_a_frame_that_cannot_be_read_is_one_gap_found_by_the_next_id(rig: GapRig) -> None:
    give(rig, 1)
    rig.give(rig.a, "trade", trade(2)[:-9])
    assert rig.segment.counters().gaps == 0
    give(rig, 3)
    assert rig.gap_notices() == [(1, 2, 2)]
    assert rig.segment.counters().gaps == 1


def test_what_was_missed_while_no_link_was_up_is_found_by_id(rig: GapRig) -> None:
    give(rig, 1, 2)
    rig.engine.link_down(rig.a)
    rig.engine.link_up(rig.a)
    give(rig, 8)
    assert rig.told() == [(1,), (2,), ("GAP", 1, "OPEN"), (8,)]
    assert rig.gap_notices() == [(1, 3, 7)]


def test_nothing_missed_while_no_link_was_up_is_no_gap(rig: GapRig) -> None:
    give(rig, 1, 2)
    rig.engine.link_down(rig.a)
    rig.engine.link_up(rig.a)
    give(rig, 3)
    assert rig.segment.counters().gaps == 0


def test_what_one_link_kept_back_in_vain_is_one_gap_with_what_was_kept(rig: GapRig) -> None:
    give(rig, 1)
    rig.bring_up_b()
    give(rig, 1, 4, 5, link=rig.b)  # kept back: the other one is to bring them
    rig.wait(1)
    assert rig.gap_notices() == [(1, 2, 5)]
    give(rig, 6, link=rig.b)
    assert rig.segment.counters().gaps == 1
    give(rig, 9, link=rig.b)
    assert rig.gap_notices() == [(2, 7, 8)]
    assert [rig.fill("trade", trade(number)) for number in (2, 3, 4, 5, 7, 8)] == ["OK"] * 6
    assert rig.segment.counters().gaps_filled == 2


def test_what_came_before_its_forerunner_is_awaited_all_the_same(rig: GapRig) -> None:
    give(rig, 1)
    rig.bring_up_b()
    give(rig, 1, link=rig.b)
    give(rig, 3, 2)  # 3 is kept back, and then told by nobody
    give(rig, 2, link=rig.b)
    assert rig.told() == [(1,), (2,)]
    rig.wait(1)
    assert rig.gap_notices() == [(1, 3, 3)]
    cell = rig.segment.slot(SectionKind.LAST_TRADE, rig.symbol)
    assert cell is not None
    assert unpack(layout.TRADE, cell).status == Status.STALE
    give(rig, 3, 4, link=rig.b)
    give(rig, 4, 5)
    assert rig.told()[1:] == [(3,), ("GAP_CLOSED", 1, "FILLED"), (4,), (5,)]


def test_what_came_before_its_forerunner_is_told_when_the_other_link_brings_it(
    rig: GapRig,
) -> None:
    give(rig, 1)
    rig.bring_up_b()
    give(rig, 1, link=rig.b)
    give(rig, 3, 2)
    give(rig, 2, 3, link=rig.b)
    give(rig, 4)
    assert rig.told() == [(1,), (2,), (3,), (4,)]
    rig.wait(1)
    assert rig.segment.counters().gaps == 0


def test_what_a_link_held_out_before_it_died_is_awaited_all_the_same(rig: GapRig) -> None:
    give(rig, 1)
    rig.bring_up_b()
    give(rig, 1, 4, link=rig.b)
    rig.engine.link_down(rig.b)
    rig.engine.link_up(rig.b)
    rig.wait(1)
    assert rig.gap_notices() == [(1, 2, 4)]
    cell = rig.segment.slot(SectionKind.LAST_TRADE, rig.symbol)
    assert cell is not None
    assert unpack(layout.TRADE, cell).status == Status.STALE
    give(rig, 2, 3, 4, 5)
    assert rig.segment.counters().gaps_filled == 1


def test_a_hole_behind_what_was_kept_back_is_a_gap_of_its_own(rig: GapRig) -> None:
    give(rig, 1)
    rig.bring_up_b()
    give(rig, 1, 4, link=rig.b)
    rig.wait(1)
    give(rig, 7, link=rig.b)
    assert rig.gap_notices() == [(1, 2, 4), (2, 5, 6)]


def test_ids_that_begin_anew_end_what_is_open(rig: GapRig) -> None:
    give(rig, 100, 104, 107)
    rig.fill("trade", trade(101))
    rig.look()
    for number in (1, 2, 3):
        rig.give(rig.a, "trade", said_at(number, 107))
    ends = [told for told in rig.told() if told[0] == "GAP_CLOSED"]
    assert ends == [("GAP_CLOSED", 1, "PARTIAL"), ("GAP_CLOSED", 2, "LOST")]
    for number in (4, 6):
        rig.give(rig.a, "trade", said_at(number, 108))
    assert rig.gap_notices()[-1] == (3, 5, 5)
    rig.check_counters()


def said_at(number: int, ms: int) -> bytes:
    return trade(number).replace(b"%d" % (START + number), b"%d" % (START + ms))


def test_restarted_ids_that_run_into_an_open_gap_are_of_a_later_time(rig: GapRig) -> None:
    give(rig, 100, 110)
    rig.look()
    rig.give(rig.a, "trade", said_at(101, 999))
    assert rig.told() == [("GAP_CLOSED", 1, "LOST"), (101,)]
    assert rig.gap(1).recovered == 0


def test_a_lower_id_of_a_later_time_is_a_restart_at_once(rig: GapRig) -> None:
    give(rig, 100)
    for number in (1, 2, 5):
        rig.give(rig.a, "trade", said_at(number, 200 + number))
    assert rig.told() == [(100,), (1,), (2,), ("GAP", 1, "OPEN"), (5,)]
    assert rig.gap_notices() == [(1, 3, 4)]
    assert rig.segment.counters().ids_backwards == 1


def test_ids_begin_anew_though_a_second_link_seems_to_repeat_the_first(rig: GapRig) -> None:
    """The first stands still: what the second one brings is nothing that it has brought."""
    give(rig, 5000)
    rig.bring_up_b()
    for number in range(1, 6):
        rig.give(rig.b, "trade", said_at(number, 8000 + number))
    assert rig.told() == [(5000,), *((number,) for number in range(1, 6))]


def test_quotes_of_a_new_numbering_are_told_at_once() -> None:
    with GapRig(Market.USDM) as rig:
        rig.stream("bookTicker")
        rig.bring_up_b()

        def quote(number: int, ms: int) -> bytes:
            return (
                b'{"e":"bookTicker","u":%d,"E":%d,"T":%d,"s":"BTCUSDT","b":"0.90","B":"1",'
                b'"a":"1.10","A":"1"}' % (number, START + ms, START + ms)
            )

        rig.give(rig.a, "bookTicker", quote(900, 1))
        rig.give(rig.b, "bookTicker", quote(10, 500))  # cut differently, or late: a repeat
        rig.give(rig.b, "bookTicker", quote(11, 2000))
        rig.give(rig.b, "bookTicker", quote(12, 2001))
        assert rig.told() == [(900,), (11,), (12,)]


@pytest.mark.parametrize("fetched", [False, True])
def test_a_link_that_wakes_up_late_tells_nothing_twice(rig: GapRig, fetched: bool) -> None:
    give(rig, 1)
    rig.bring_up_b()
    give(rig, 1, 3, 4, link=rig.b)  # a stands still, and 2 was lost on b
    rig.wait(1)
    for number in (2, 3, 4):
        assert not fetched or rig.fill("trade", trade(number)) == "OK"
    give(rig, 5, 6, link=rig.b)
    give(rig, 2, 3, 4, 5, 6, 7)
    give(rig, 7, 8, link=rig.b)
    events = [told[0] for told in rig.told() if not str(told[0]).startswith("GAP")]
    assert sorted(events) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert rig.gap(1).state is GapState.FILLED
    assert rig.segment.counters().gaps == 1


@pytest.mark.parametrize(
    ("claimed", "filled", "state"),
    [
        (GapState.FILLED, 0, "LOST"), (GapState.FILLED, 2, "PARTIAL"),
        (GapState.PARTIAL, 1, "PARTIAL"), (GapState.LOST, 0, "LOST"), (GapState.LOST, 1, "PARTIAL"),
    ],
)  # fmt: skip
def test_the_end_of_a_gap_is_what_its_ids_say(
    rig: GapRig, claimed: GapState, filled: int, state: str
) -> None:
    give(rig, 1, 5)
    for number in range(filled):
        rig.fill("trade", trade(2 + number))
    rig.look()
    assert rig.engine.close_gap(1, claimed, 99) is True
    assert rig.told() == [("GAP_CLOSED", 1, state)]
    assert rig.gap(1).recovered == filled
    assert rig.gap(1).ranges == ()
    assert rig.engine.close_gap(1, claimed, 99) is False
    assert rig.fill("trade", trade(4)) == "DUPLICATE"
    rig.check_counters()


def test_gaps_that_do_not_exist_cannot_be_closed(rig: GapRig) -> None:
    assert rig.engine.gap_of(0) is None
    assert rig.engine.gap_of(1) is None
    assert rig.engine.close_gap(0, GapState.LOST) is False
    assert rig.engine.close_gap(2**64 - 1, GapState.LOST) is False


@pytest.mark.parametrize("state", [0, GapState.OPEN, 6])
def test_a_gap_does_not_end_in_a_state_that_is_no_end(rig: GapRig, state: int) -> None:
    give(rig, 1, 3)
    assert rig.engine.close_gap(1, state) is False
    assert rig.gap(1).state is GapState.OPEN


def test_back_fill_says_nothing_of_silence_lag_and_sources(rig: GapRig) -> None:
    give(rig, 1, 3)
    before: Any = rig.stream_row("trade")
    lag = rig.engine.lag_ns(rig.a)
    rig.now += 10**9
    rig.fill("trade", trade(2))
    after: Any = rig.stream_row("trade")
    same = ("mono_recv", "byte_count", "status", "last_id", "last_ts", "silent_count")
    assert all(getattr(before, name) == getattr(after, name) for name in same)
    assert rig.engine.lag_ns(rig.a) == lag
    assert rig.segment.rows(SectionKind.HISTOGRAMS, layout.HISTOGRAM, 1)[0].count == 2


def test_the_time_of_the_event_may_be_absent_but_nothing_else(rig: GapRig) -> None:
    give(rig, 1, 4)
    timeless = trade(2).replace(b'"E":1795345200002,', b"")
    assert rig.engine.frame(rig.a, b'{"stream":"btcusdt@trade","data":%s}' % timeless) is (
        FrameClass.REFUSED
    )
    assert rig.fill("trade", timeless) == "OK"
    assert rig.fill("trade", trade(3).replace(b'"T":1795345200003,', b"")) == "MISSING"
    assert rig.fill("trade", trade(3).replace(b"BTCUSDT", b"ETHUSDT")) == "MISMATCH"
    for broken in (b"", b"{", trade(3)[:-1], trade(3) + b"x", b"\xff" + trade(3)):
        assert rig.fill("trade", broken) not in ("OK", "DUPLICATE", "UNWANTED")
    assert rig.segment.counters().events_backfilled == 1
    assert rig.fill("trade", trade(3) + b" \n") == "OK"


def test_streams_that_are_not_followed_by_id_take_nothing(rig: GapRig) -> None:
    row = rig.stream("bookTicker")
    assert rig.engine.back_fill(row, trade(2)) == "UNWANTED"
    give(rig, 1, 3)
    rig.engine.remove_stream(rig.rows["trade"])
    assert rig.fill("trade", trade(2)) == "UNWANTED"
    with pytest.raises(ValueError, match="no row 99"):
        rig.engine.back_fill(99, trade(2))


def test_a_stream_that_is_removed_loses_its_gaps_and_comes_back_without(rig: GapRig) -> None:
    give(rig, 1, 3)
    rig.engine.remove_stream(rig.rows["trade"])
    assert ("GAP_CLOSED", 1, "LOST") in rig.told()
    rig.stream("trade")
    rig.engine.acked(rig.a, [rig.rows["trade"]])
    give(rig, 50, 51)
    assert rig.segment.counters().gaps == 1
    rig.check_counters()


def test_the_oldest_of_a_thousand_gives_way_to_a_newer_one(rig: GapRig) -> None:
    count = layout.GAPS_CAPACITY + 3
    give(rig, *range(1, 2 * count + 2, 2))
    counters = rig.segment.counters()
    assert (counters.gaps, counters.gaps_lost) == (count, 3)
    assert rig.engine.gap_of(3) is None
    assert rig.gap(4).state is GapState.OPEN
    assert rig.slot_of(1).gap_number == 1 + layout.GAPS_CAPACITY
    assert rig.fill("trade", trade(2)) == "DUPLICATE"
    assert rig.fill("trade", trade(2 * count)) == "OK"


def test_a_notice_that_found_no_room_is_told_later(rig: GapRig) -> None:
    for _ in range(4000):
        rig.give(rig.a, "trade", b"{")
    give(rig, 1, 3)
    rig.engine.notices()
    assert rig.gap(1).state is GapState.OPEN
    rig.wait(1)
    assert rig.gap_notices() == [(1, 2, 2)]
    rig.wait(1)
    assert rig.gap_notices() == []


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), count=st.integers(2, 120), loss=st.floats(0, 0.9))
def test_whatever_is_lost_doubled_and_fetched_each_id_is_told_once(
    seed: int, count: int, loss: float
) -> None:
    dice = random.Random(seed)
    came = [1, *(number for number in range(2, count) if dice.random() > loss), count]
    holes = [(a + 1, b - 1) for a, b in pairwise(came) if b > a + 1]
    missing = [number for first, last in holes for number in range(first, last + 1)]
    fetched = [number for number in missing if dice.random() < 0.8]
    fetched += [dice.randint(1, count) for _ in range(count // 4)]
    dice.shuffle(fetched)
    with GapRig() as rig:
        rig.stream("trade")
        give(rig, *came)
        assert [(a, b) for _, a, b in rig.gap_notices()] == holes
        assert [rig.slot_of(n).missing for n in range(1, len(holes) + 1)] == [
            b - a + 1 for a, b in holes
        ]
        late = [number for number in missing if dice.random() < 0.2]
        for number in fetched:
            rig.fill("trade", trade(number))
            if late and dice.random() < 0.3:
                count += 1
                give(rig, late.pop(), count)  # three below the last, one after the other: a restart
        for number, (first, last) in enumerate(holes, 1):
            rig.engine.close_gap(number, dice.choice([GapState.FILLED, GapState.LOST]))
            got = rig.gap(number)
            want = last - first + 1
            assert (got.state is GapState.FILLED) == (got.recovered == want)
        check_told(rig, missing)
        rig.check_counters()


def check_told(rig: GapRig, missing: list[int]) -> None:
    """No id twice, but for those that say so; numbers without holes; recovered is what came."""
    records = [record for record in rig.look() if record.meta.kind == Kind.TRADE]
    told = [r.meta.update_id for r in records if not r.meta.flags & Flag.DUPLICATE]
    assert len(told) == len(set(told))
    assert [r.meta.sequence for r in records] == list(range(1, len(records) + 1))
    gaps = rig.segment.counters().gaps
    recovered = sum(rig.slot_of(number).recovered for number in range(1, gaps + 1))
    assert recovered == len(set(told) & set(missing))
    fetched = sum(bool(r.meta.flags & Flag.BACKFILLED) for r in records)
    assert rig.segment.counters().events_backfilled == fetched


def test_last_trade_is_never_replaced_by_an_older_one(rig: GapRig) -> None:
    give(rig, 1, 3)
    rig.fill("trade", trade(2))
    cell = rig.segment.slot(SectionKind.LAST_TRADE, rig.symbol)
    assert cell is not None
    assert unpack(layout.TRADE, cell).update_id == 3
