"""Books built from the records of an EVENTS ring, as any reader outside the shard may build them.

A SNAPSHOT (FIRST to LAST) replaces the whole book; a DIFF with APPLIED changes it; every other
DIFF is not part of the book. A side that a SNAPSHOT does not call whole is known to its last level,
and what lies beyond is left out. Checks on the way that the best levels a record names are the
book's.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from gateway import layout
from gateway.layout import Flag, Kind, Status
from tests.model.book import Book, Level
from tests.model.ring import Record

Best = tuple[Level | None, Level | None]
BETWEEN = (Kind.STATE, Kind.GAP, Kind.GAP_CLOSED, Kind.SNAPSHOT)  # no events of a stream


@dataclass
class Followed:
    """What the ring told about one symbol."""

    book: Book = field(default_factory=Book)
    update_id: int = 0
    status: int = Status.EMPTY
    statuses: list[int] = field(default_factory=list)  # of the book, in order
    snapshot_ids: list[int] = field(default_factory=list)  # lastUpdateId under each SNAPSHOT
    bests: list[tuple[int, Best]] = field(default_factory=list)  # after each SNAPSHOT and diff
    quote_ids: list[int] = field(default_factory=list)
    quotes: list[Best] = field(default_factory=list)
    applied: int = 0


@dataclass
class Follower:
    """All symbols of a segment, by row."""

    symbols: defaultdict[int, Followed] = field(default_factory=lambda: defaultdict(Followed))
    kinds: Counter[int] = field(default_factory=Counter)
    sequences: dict[int, int] = field(default_factory=dict)  # stream row -> last frame number
    holes: list[str] = field(default_factory=list)  # in record or frame numbers
    record_number: int = 0

    def follow(self, records: Iterable[Record]) -> None:
        for record in records:
            self._number(record)
            self.kinds[record.meta.kind] += 1
            if record.meta.kind == Kind.DIFF:
                self._diff(record)
            elif record.meta.kind == Kind.SNAPSHOT:
                self._snapshot(record)
            elif record.meta.kind == Kind.QUOTE:
                self._quote(record)
            elif record.meta.kind == Kind.STATE:
                self._state(record)

    def _number(self, record: Record) -> None:
        meta = record.meta
        if self.record_number and meta.version != self.record_number + 1:
            self.holes.append(f"record {meta.version} after {self.record_number}")
        self.record_number = meta.version
        if meta.kind in BETWEEN or meta.stream == layout.NO_ROW:
            return
        last = self.sequences.get(meta.stream, 0)
        parts = meta.kind == Kind.DIFF and not meta.flags & Flag.FIRST
        if meta.sequence != last + (0 if parts else 1):
            self.holes.append(f"stream {meta.stream}: frame {meta.sequence} after {last}")
        self.sequences[meta.stream] = meta.sequence

    def _diff(self, record: Record) -> None:
        if not record.meta.flags & Flag.APPLIED:
            return
        followed = self.symbols[record.meta.symbol]
        followed.book.apply(*record.levels())
        if record.meta.flags & Flag.LAST:
            followed.applied += 1
            self._note(followed, record)

    def _snapshot(self, record: Record) -> None:
        followed = self.symbols[record.meta.symbol]
        if record.meta.flags & Flag.FIRST:
            followed.book.clear()
            followed.snapshot_ids.append(record.fields(layout.DIFF).first_update_id)
        followed.book.apply(*record.levels())
        if record.meta.flags & Flag.LAST:
            followed.book.bound(
                bids=not record.meta.flags & Flag.BIDS_WHOLE,
                asks=not record.meta.flags & Flag.ASKS_WHOLE,
            )
            self._note(followed, record)

    def _note(self, followed: Followed, record: Record) -> None:
        head = record.fields(layout.DIFF)
        best = followed.book.best()
        if followed.book.is_bare():  # the writer may know a little more, as far as its answer went
            return
        named = (
            None if head.best_bid_px == layout.NULL else (head.best_bid_px, head.best_bid_qty),
            None if head.best_ask_px == layout.NULL else (head.best_ask_px, head.best_ask_qty),
        )
        assert named == best, f"record names {named}, its levels give {best}"
        followed.update_id = record.meta.update_id
        followed.bests.append((record.meta.update_id, best))

    def _quote(self, record: Record) -> None:
        quote = record.fields(layout.QUOTE)
        if quote.source == layout.Source.BOOK:
            return
        followed = self.symbols[record.meta.symbol]
        followed.quote_ids.append(quote.update_id)
        followed.quotes.append(((quote.bid_px, quote.bid_qty), (quote.ask_px, quote.ask_qty)))

    def _state(self, record: Record) -> None:
        state = record.fields(layout.STATE)
        if state.subject == Kind.BOOK:
            followed = self.symbols[record.meta.symbol]
            followed.status = record.meta.status
            followed.statuses.append(record.meta.status)
