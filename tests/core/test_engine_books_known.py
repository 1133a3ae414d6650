"""How far a book is known: complete prices, no ghost levels, and a price that runs out of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.core.engine import NoticeCode, SnapshotResult
from gateway.layout import Market, Reason, Status
from tests.core.known import Known, complete_px
from tests.core.rig import Rig
from tests.core.test_engine_walks import market_tape
from tests.model.sequencing import Diff, Snapshot
from tests.strategies import examples

BIDS = tuple((100 - n, n + 1) for n in range(8))
ASKS = tuple((110 + n, n + 1) for n in range(8))


def live_at(rig: Rig, limit: int) -> None:
    rig.diff(Diff(1, 1, 0))
    assert rig.snapshot(Snapshot(1, BIDS, ASKS), limit=limit) is SnapshotResult.LIVE


def test_a_side_that_the_answer_cut_is_known_to_its_last_level_a_shorter_one_to_the_end() -> None:
    with Rig() as rig:
        live_at(rig, 8)
        assert complete_px(rig) == (93, 117)
    with Rig() as rig:
        live_at(rig, 9)
        assert complete_px(rig) == (None, None)
    with Rig() as rig:
        live_at(rig, 0)
        assert complete_px(rig) == (None, None)
        rig.diff(Diff(2, 2, 1, ((1, 1),), ((999, 1),)))
        assert rig.book()[1][-1] == (1, 1), "the far end of a whole book is shown"


def test_levels_beyond_are_neither_shown_nor_counted_also_when_they_come_near() -> None:
    """A level told beyond the bound is one among others that nobody knows of."""
    with Rig() as rig:
        live_at(rig, 8)
        rig.diff(Diff(2, 2, 1, ((92, 5), (50, 1)), ((118, 5),)))
        rig.diff(Diff(3, 3, 2, tuple((px, 0) for px, _ in BIDS[1:])))
        cell, bids, asks = rig.book()
        assert (bids, asks) == ([BIDS[0]], list(ASKS))
        assert (cell.bid_total, cell.ask_total) == (1, 8)
        assert complete_px(rig) == (93, 117)
        assert rig.status() == Status.LIVE


def test_a_side_that_runs_out_is_gapped_in_the_same_write_and_asks_again() -> None:
    with Rig() as rig:
        live_at(rig, 8)
        rig.wanted.clear()
        version = rig.book()[0].version
        rig.diff(Diff(2, 2, 1, (), (*tuple((px, 0) for px, _ in ASKS), (130, 7))))
        cell = rig.book()[0]
        assert (cell.version, cell.status, cell.reason) == (
            version + 1,
            Status.GAPPED,
            Reason.THIN,
        )
        assert rig.wanted == [rig.row]
        assert rig.followed().statuses[-1] == Status.GAPPED


def test_an_empty_side_that_is_known_to_the_end_is_an_empty_side() -> None:
    with Rig() as rig:
        live_at(rig, 9)
        rig.diff(Diff(2, 2, 1, tuple((px, 0) for px, _ in BIDS)))
        assert rig.status() == Status.LIVE
        assert rig.book()[1] == []


def test_a_snapshot_that_what_was_kept_leaves_bare_is_asked_for_again() -> None:
    with Rig() as rig:
        rig.diff(Diff(2, 2, 1, tuple((px, 0) for px, _ in BIDS)))
        assert rig.snapshot(Snapshot(1, BIDS, ASKS), limit=8) is SnapshotResult.GAP
        assert rig.status() != Status.LIVE
        rig.diff(Diff(3, 3, 2, ((90, 1),)))
        assert rig.snapshot(Snapshot(3, ((90, 1),), ASKS), limit=8) is SnapshotResult.LIVE


def test_a_thin_book_is_told_once() -> None:
    with Rig() as rig:
        live_at(rig, 8)
        assert rig.told(NoticeCode.THIN) == []
        for number, (px, _) in enumerate(BIDS[:6], 2):
            rig.diff(Diff(number, number, number - 1, ((px, 0),)))
        told = rig.told(NoticeCode.THIN)
        assert [notice.row for notice in told] == [rig.row]
        assert rig.counters().books_thin == 1
        assert rig.status() == Status.LIVE


def test_levels_given_up_for_want_of_room_bound_the_book() -> None:
    with Rig(levels_max=5) as rig:
        live_at(rig, 0)
        assert complete_px(rig) == (96, 114)
        rig.diff(Diff(2, 2, 1, ((100, 0), (99, 0), (95, 3))))
        assert rig.book()[1] == list(BIDS[2:5])


@examples(300)
@given(
    st.sampled_from((Market.SPOT, Market.USDM, Market.COINM)),
    st.integers(0, 10**6),
    st.integers(1, 12),
    st.integers(0, 20),
)
def test_whatever_is_shown_is_the_true_book_as_far_as_it_is_known(
    market: Market, seed: int, limit: int, place: int
) -> None:
    history = market_tape(market, 40, seed)
    with Rig(market) as rig:
        known = Known(history)
        for number, diff in enumerate(history.diffs):
            rig.diff(diff)
            if number >= place and rig.wanted:
                rig.snapshot(known.answer(diff.last_update_id, limit), limit=limit)
            known.check(rig)
