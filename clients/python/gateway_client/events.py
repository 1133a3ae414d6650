"""Follow the event ring: every record in order, with what was lost, over restarts of the writer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway_client.attached import Attached
from gateway_client.directory import Directory
from gateway_client.layout import FIELDS, NO_ROW, SIZES, Kind, SectionKind
from gateway_client.records import EpochEvent, Event, event
from gateway_client.values import Cell, Status

if TYPE_CHECKING:
    from gateway_client._backend import Quote
    from gateway_client.plain import Instrument, Ring

_SLICE_SECONDS = 0.05  # a sleeping reader looks at the heartbeat this often
_POLL_SECONDS = 0.001  # several rings have several bells, and a futex waits for one
_LOOK_EVERY = 1024  # events: who is never idle looks for new shards after so many
_KIND = FIELDS["meta"]["kind"][0]
_STATUS = FIELDS["meta"]["status"][0]
_SYMBOL = FIELDS["meta"]["symbol"][0]
_STREAM = FIELDS["meta"]["stream"][0]
_NOTHING = bytes(SIZES["quote"])
_ALL_ROWS = -1


@dataclass(slots=True)
class _Source:
    """One shard's ring, and how far it was read. ``row`` filters, unless it is _ALL_ROWS."""

    attached: Attached
    ring: Ring
    row: int
    lost: int = 0

    @property
    def path(self) -> str:
        """The segment's file: what stays when the writer is restarted."""
        return self.attached.shard.segment

    def newly_lost(self) -> int:
        """Records lost since this was asked last."""
        lost, self.lost = self.ring.lost - self.lost, self.ring.lost
        return lost


class EventReader(Iterator[Event]):
    """Iterator over events; made by ``Gateway.events``. Belongs to one thread."""

    def __init__(
        self,
        directory: Directory,
        symbol: str | None,
        *,
        from_now: bool,
        position: int | None,
        after: Cell | Quote | None,
        timeout: float | None,
    ) -> None:
        self._directory = directory
        self._symbol = symbol
        self._timeout = timeout
        self._taken = 0
        self._version = directory.version
        self._sources = [_source(attached, row) for attached, row in self._wanted()]
        if not from_now:
            for source in self._sources:
                source.ring.start_at_oldest()
        if position is not None:
            self._ring_of(position).start_at(position)
        if after is not None:
            self._start_after(after)

    @property
    def laps(self) -> int:
        """How often the writer overtook this reader."""
        return sum(source.ring.laps for source in self._sources)

    @property
    def lost(self) -> int:
        """Records lost since the last restart of the writer."""
        return sum(source.ring.lost for source in self._sources)

    def __next__(self) -> Event:
        until = None if self._timeout is None else time.monotonic() + self._timeout
        while True:
            bell = self._sources[0].attached.segment.bell() if self._sources else 0
            found = self.poll()
            if found is not None:
                return found
            if until is not None and time.monotonic() >= until:
                raise StopIteration
            self._sleep(bell, until)

    def poll(self) -> Event | None:
        """The next event, or None where there is none yet. Never waits."""
        sources = self._sources
        for turn in range(len(sources)):
            # By turns: one busy shard must not keep the others waiting.
            found = self._poll(sources[(self._taken + turn) % len(sources)])
            if found is not None:
                self._taken += 1
                if self._taken % _LOOK_EVERY == 0:
                    self._take_in_new()
                return found
        self._take_in_new()
        return None

    def _wanted(self) -> list[tuple[Attached, int]]:
        """The shards to read, and the row of each to filter for."""
        if self._symbol is None:
            return [(attached, _ALL_ROWS) for attached in self._directory.attached]
        rows = self._directory.rows_of(self._symbol)
        retired = self._directory.instruments.get(self._symbol)
        if not rows and retired is not None:
            found = self._directory.attached_of(retired.segment)
            rows = [(found, retired)] if found else []
        return [(attached, instrument.row) for attached, instrument in rows]

    def _ring_of(self, position: int) -> Ring:
        """The ring that a position belongs to: of the shard that has the instrument's book."""
        if len(self._sources) == 1:
            return self._sources[0].ring
        book = self._directory.slot(self._symbol, SectionKind.BOOK) if self._symbol else None
        for source in self._sources:
            if book is not None and source.attached.segment is book.segment:
                return source.ring
        many = len(self._sources)
        raise ValueError(f"position {position} may be of any of {many} rings: give after=value")

    def _start_after(self, value: Cell | Quote) -> None:
        """Go on right behind a value; in the ring of a writer that came since, from the first."""
        segment = value.instrument.segment
        for source in self._sources:
            if source.attached.segment is segment:
                source.ring.start_at(value.ring_position)
            elif source.path == segment.path:
                source.ring.start_at_oldest()

    def _poll(self, source: _Source) -> Event | None:
        record = source.ring.next(source.row)
        if record is None and not source.attached.segment.is_alive():
            # Dead first, then empty: so nothing of the old ring is left behind.
            record = source.ring.next(source.row)
            if record is None:
                return self._go_on(source)
        return None if record is None else self._event(source, record)

    def _event(self, source: _Source, record: bytes) -> Event:
        lost = source.newly_lost()
        row = int.from_bytes(record[_SYMBOL : _SYMBOL + 4], "little")
        stream = int.from_bytes(record[_STREAM : _STREAM + 4], "little")
        found = event(record, self._instrument(source, row), self._stream(source, stream), lost)
        if record[_KIND] == Kind.STATE and record[_STATUS] == Status.RETIRED and source.row == row:
            self._follow_row(source)
        return found

    def _instrument(self, source: _Source, row: int) -> Instrument:
        """The row's instrument, also one added since the last look."""
        if row != NO_ROW and row >= len(source.attached.by_row):
            self._look_again(source)
        return source.attached.instrument(row)

    def _stream(self, source: _Source, row: int) -> str:
        if row != NO_ROW and row >= len(source.attached.streams):
            self._look_again(source)
        return source.attached.streams[row].name if row < len(source.attached.streams) else ""

    def _look_again(self, source: _Source) -> None:
        self._directory.refresh(at_once=True)
        source.attached = self._directory.attached_of(source.attached.segment) or source.attached

    def _follow_row(self, source: _Source) -> None:
        """A retired row may have a successor in the same segment: filter for that from here on."""
        self._look_again(source)
        fresh = source.attached.active.get(self._symbol or "")
        if fresh is not None:
            source.row = fresh.row

    def _go_on(self, source: _Source) -> Event | None:
        """Take up the ring of a restarted writer from its first record."""
        self._directory.refresh()
        here = [a for a in self._directory.attached if a.shard.segment == source.path]
        if not here:
            self._sources = [each for each in self._sources if each is not source]
            return None
        (new,) = here
        row = _ALL_ROWS if self._symbol is None else _row_of(self._symbol, new)
        if new.segment is source.attached.segment or row is None:
            return None
        fresh = _source(new, row)
        fresh.ring.start_at_oldest()
        self._sources = [fresh if each is source else each for each in self._sources]
        instrument = new.nameless if row == _ALL_ROWS else new.by_row[row]
        return EpochEvent(_NOTHING, Status.DEAD, instrument, "", max(fresh.ring.number, 0))

    def _take_in_new(self) -> None:
        """Read shards and rows that were added since, from the first of their records."""
        self._directory.refresh()
        if self._version == self._directory.version:
            return
        self._version = self._directory.version
        known = {source.path for source in self._sources}
        for attached, row in self._wanted():
            if attached.shard.segment not in known:
                source = _source(attached, row)
                source.ring.start_at_oldest()
                self._sources.append(source)

    def _sleep(self, bell: int, until: float | None) -> None:
        left = _SLICE_SECONDS if until is None else min(_SLICE_SECONDS, until - time.monotonic())
        if len(self._sources) == 1:
            self._sources[0].attached.segment.wait(bell, max(0, int(left * 1e9)))
        else:
            time.sleep(max(0.0, min(left, _POLL_SECONDS)))


def _source(attached: Attached, row: int) -> _Source:
    return _Source(attached, attached.segment.ring(SectionKind.EVENTS), row)


def _row_of(symbol: str, attached: Attached) -> int | None:
    """The row of ``symbol`` in use, or its last one; None where it never had any."""
    found = attached.active.get(symbol) or attached.retired.get(symbol)
    return None if found is None else found.row
