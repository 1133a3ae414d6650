"""A whole book for one who joins late: what comes behind it applies on top, from ring or topic."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from gateway import layout
from gateway.core.engine import BookDump, FrameClass, NoticeCode
from gateway.layout import Flag, Kind, Market, Status
from tests.core.known import Known, within
from tests.core.rig import EXPONENT, Rig
from tests.core.test_engine_walks import market_tape
from tests.model.book import Book, Level
from tests.model.ring import Ring, unpack
from tests.model.sequencing import Diff, Snapshot
from tests.strategies import examples

BIDS, ASKS = ((90, 5), (89, 5)), ((110, 5), (111, 5))


def levels(flat: bytes) -> list[Level]:
    return list(struct.iter_unpack("=qq", flat))


def dump(rig: Rig) -> BookDump:
    found = rig.engine.book(rig.row)
    assert found is not None
    return found


def book_of(found: BookDump) -> Book:
    """A late joiner's own copy."""
    book = Book()
    book.replace(levels(found.bids), levels(found.asks))
    book.bids.complete_px, book.asks.complete_px = (
        None if px == layout.NULL else px for px in (found.bid_complete_px, found.ask_complete_px)
    )
    return book


def test_a_dump_says_all_that_a_joiner_needs() -> None:
    with Rig(Market.COINM) as rig:
        before = dump(rig)
        assert (before.status, before.bids, before.ts_event) == (Status.SYNCING, b"", layout.NULL)
        rig.diff(Diff(5, 6, 4))
        rig.snapshot(Snapshot(6, BIDS, ASKS), limit=2)
        found, cell = dump(rig), rig.book()[0]
        assert (levels(found.bids), levels(found.asks)) == (list(BIDS), list(ASKS))
        assert (found.status, found.update_id, found.snapshot_id) == (Status.LIVE, 6, 6)
        assert (found.stream, found.sequence) == (0, 1)
        assert (found.bid_complete_px, found.ask_complete_px) == (89, 111)
        assert (found.px_exponent, found.qty_exponent) == (EXPONENT, EXPONENT)
        assert (found.ts_event, found.mono_recv) == (cell.ts_event, cell.mono_recv)
        assert found.epoch == unpack(layout.HEADER, rig.memory).generation
        assert found.ring_position == rig.segment.ring(layout.SectionKind.EVENTS).position


def test_a_dump_carries_the_state_and_its_reason() -> None:
    with Rig() as rig:
        rig.diff(Diff(1, 1, 0))
        rig.snapshot(Snapshot(1, BIDS, ASKS))
        rig.diff(Diff(3, 3, 2))
        assert (dump(rig).status, dump(rig).reason) == (Status.GAPPED, layout.Reason.GAP)
        rig.engine.link_down(rig.connection)
        assert (dump(rig).status, dump(rig).reason) == (Status.DOWN, layout.Reason.DISCONNECTED)


def test_a_dump_counts_events_that_were_kept_or_changed_nothing() -> None:
    """Or a joiner would apply an old event on top of a newer book."""
    with Rig() as rig:
        for number in (1, 2):
            rig.diff(Diff(number, number, number - 1, ((90, number),)))
            assert (dump(rig).status, dump(rig).sequence) == (Status.SYNCING, number)
        rig.snapshot(Snapshot(2, BIDS, ASKS))
        rig.diff(Diff(1, 1, 0, ((90, 1),)))
        found = dump(rig)
        assert (found.status, found.update_id, found.sequence) == (Status.LIVE, 2, 3)


def test_a_symbol_without_a_book_has_none() -> None:
    with Rig() as rig:
        rig.engine.remove_stream(0)
        assert rig.engine.book(rig.row) is None


class Joiner:
    """Follows the ring from a dump on, and the numbered events of the stream's own topic."""

    def __init__(self, rig: Rig) -> None:
        self.found = dump(rig)
        self.by_ring, self.by_topic = book_of(self.found), book_of(self.found)
        self.ring: Ring = rig.segment.ring(layout.SectionKind.EVENTS, self.found.ring_position)

    def on_event(self, sequence: int, diff: Diff) -> None:
        if sequence > self.found.sequence:
            self.by_topic.apply(diff.bids, diff.asks)

    def catch_up(self) -> None:
        for record in self.ring.read():
            if record.meta.kind == Kind.SNAPSHOT:
                self._on_snapshot(record.meta.flags, *record.levels())
            elif record.meta.kind == Kind.DIFF and record.meta.flags & Flag.APPLIED:
                self.by_ring.apply(*record.levels())
        assert self.ring.lapped_count == 0

    def _on_snapshot(self, flags: int, bids: list[Level], asks: list[Level]) -> None:
        assert flags & Flag.FIRST
        assert flags & Flag.LAST
        self.by_ring.replace(bids, asks)
        self.by_ring.bound(bids=not flags & Flag.BIDS_WHOLE, asks=not flags & Flag.ASKS_WHOLE)


@examples(200)
@given(
    st.sampled_from((Market.SPOT, Market.USDM, Market.COINM)),
    st.integers(0, 10**6),
    st.integers(0, 12),
    st.integers(0, 25),
    st.sampled_from((None, 0, 5, 10)),
)
def test_what_comes_behind_a_dump_makes_it_the_present_book(
    market: Market, seed: int, limit: int, place: int, look: int | None
) -> None:
    """Joined at any time of a book's life; a LIVE dump is the true book and stays so by either way,
    over a second look too; one that is not LIVE is made good by the ring alone."""
    history = market_tape(market, 40, seed)
    known = Known(history)
    with Rig(market) as rig:
        joiner, was_live = None, False
        for number, diff in enumerate(history.diffs):
            if number == place:
                joiner = Joiner(rig)
                was_live = joiner.found.status == Status.LIVE
                if was_live:
                    at = joiner.found.update_id
                    assert joiner.by_ring.top(1000) == known.shown(at)
            assert rig.diff(diff) is FrameClass.DATA
            if joiner:
                joiner.on_event(number + 1, diff)
            if number >= 3 and rig.wanted:
                was_live = False  # lost for want of levels: the topic's joiner would ask again
                rig.snapshot(known.answer(diff.last_update_id, limit), limit=limit)
            if look is not None and number == place + 2 and rig.engine.look_again(rig.row):
                rig.look(known.peek(diff.last_update_id, look), look)
                rig.told(NoticeCode.LOOKED)
            if joiner is None or rig.status() != Status.LIVE:
                continue
            joiner.catch_up()
            if number >= 3:
                compare(joiner.by_ring, rig)
            if was_live:
                compare(joiner.by_topic, rig)


def compare(joined: Book, rig: Rig) -> None:
    """As far as both are known; the one who joined may know less."""
    found = book_of(dump(rig))
    bounds = joined.complete_px(), found.complete_px()
    mine = within(within(joined.top(1000), bounds[0]), bounds[1])
    true = within(within(found.top(1000), bounds[0]), bounds[1])
    assert mine == true
