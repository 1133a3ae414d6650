"""Long random lives of a book: losses, doubles, swaps, snapshots and breaks in any order."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from gateway.layout import Kind, Market, Status
from tests.core.rig import Rig
from tests.core.test_engine_books import Pair, Tape, levels
from tests.model.sequencing import Diff, Snapshot
from tests.strategies import examples

deeds = st.lists(
    st.sampled_from(
        ("tell",) * 12
        + ("lose", "double", "swap", "snapshot now", "snapshot late", "snapshot early")
    ),
    min_size=5,
    max_size=60,
)


def market_tape(market: Market, count: int, seed: int) -> Tape:
    noise, changes, diffs, number, last = random.Random(seed), {}, [], 10, 9
    for _ in range(count):
        if market != Market.SPOT:
            number += noise.randrange(3)
        ids = range(number, number + noise.randrange(1, 5))
        for n in ids:
            side = noise.randrange(2)
            px = 1000 + (noise.randrange(12) if side else -1 - noise.randrange(12))
            changes[n] = (side, px, 0 if noise.random() < 0.4 else n)
        bids, asks = levels(changes, ids)
        prev = last if market != Market.SPOT else ids[0] - 1
        diffs.append(Diff(ids[0], ids[-1], prev, bids, asks))
        number, last = ids[-1] + 1, ids[-1]
    return Tape(changes, tuple(diffs))


@examples(300)
@given(st.sampled_from((Market.SPOT, Market.USDM)), st.integers(0, 10**6), deeds)
def test_whatever_happens_the_slot_shows_the_true_book_or_is_not_live(
    market: Market, seed: int, life: list[str]
) -> None:
    history = market_tape(market, len(life) + 2, seed)
    held_back: list[Diff] = []
    with Rig(market) as rig:
        pair = Pair(rig, history)
        behind = 0  # two behind in a row, once in step, are a restart: another test's subject
        for number, deed in enumerate(life):
            diff = history.diffs[number]
            told = [*([] if deed == "lose" else [diff]), *held_back]
            held_back = []
            if deed == "double":
                told.append(diff)
            if deed == "swap":
                told, held_back = told[1:], told[:1]
            for one in told:
                would_be_behind = pair.life.is_live and one.last_update_id <= pair.life.update_id
                if would_be_behind and behind:
                    continue
                behind = would_be_behind
                pair.diff(one)
            if deed.startswith("snapshot") and pair.life.snapshot_wanted:
                at = number if deed.endswith("now") else max(0, number - 3)
                at = min(number + 2, len(history.diffs) - 1) if deed.endswith("late") else at
                pair.snapshot(history.diffs[at].last_update_id)


def test_a_diff_too_big_for_a_record_is_split_and_followed() -> None:
    with Rig(events_ring_bytes=1 << 16) as rig:
        first = Diff(1, 1, 0, ((1, 1),))
        rig.diff(first)
        rig.snapshot(Snapshot(1, ((1, 1),), ((100_000, 1),)))
        bids = tuple((px, px + 1) for px in range(2, 900))
        asks = tuple((px, px + 1) for px in range(100_001, 100_700))
        rig.diff(Diff(2, 2, 1, bids, asks))
        assert rig.status() == Status.LIVE
        assert rig.follower.kinds[Kind.DIFF] > 2
        followed = rig.followed()
        assert followed.update_id == 2
        assert followed.book.counts() == (1 + len(bids), 1 + len(asks))
        assert (rig.book()[0].bid_total, rig.book()[0].ask_total) == followed.book.counts()
        assert followed.book.top(20) == rig.book()[1:]


def test_a_full_buffer_costs_a_snapshot_and_nothing_else() -> None:
    with Rig(buffer_max=1 << 17, events_ring_bytes=1 << 20) as rig:
        asks = tuple((200 + n, 1) for n in range(200))
        for n in range(1, 100):
            rig.diff(Diff(n, n, n - 1, ((90, n),), asks))
        assert 0 < rig.counters().diffs_dropped < 99
        assert rig.wanted
        # What was dropped is missing now: only a snapshot behind it can start the book.
        rig.snapshot(Snapshot(1, ((90, 1),), asks))
        assert rig.status() != Status.LIVE
        assert rig.wanted
        rig.snapshot(Snapshot(99, ((90, 99),), asks))
        rig.diff(Diff(100, 100, 99, ((90, 100),)))
        assert rig.status() == Status.LIVE
        assert rig.book()[1:] == ([(90, 100)], list(asks[:20]))


def test_levels_beyond_the_limit_are_forgotten_from_the_far_end() -> None:
    with Rig(levels_max=5) as rig:
        rig.diff(Diff(1, 1, 0, ((1, 1),)))
        bids = tuple((100 - n, n + 1) for n in range(8))
        rig.snapshot(Snapshot(1, bids, ((200, 1),)))
        assert rig.book()[1] == list(bids[:5])
        rig.diff(Diff(2, 2, 1, ((101, 7), (1, 5))))
        assert rig.book()[1] == [(101, 7), *bids[:4]]
        assert rig.book()[0].bid_total == 5
