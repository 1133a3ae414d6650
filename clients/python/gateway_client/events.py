"""Follow the event ring: every record in order, with what was lost, over restarts of the writer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway_client.directory import Attached, Directory
from gateway_client.layout import FIELDS, NO_ROW, SIZES, Kind, SectionKind
from gateway_client.records import EpochEvent, Event, event
from gateway_client.values import Status

if TYPE_CHECKING:
    from gateway_client.plain import Instrument, Ring

_SLICE_SECONDS = 0.05  # a sleeping reader looks at the heartbeat this often
_POLL_SECONDS = 0.001  # several rings have several bells, and a futex waits for one
_KIND = FIELDS["meta"]["kind"][0]
_STATUS = FIELDS["meta"]["status"][0]
_SYMBOL = FIELDS["meta"]["symbol"][0]
_STREAM = FIELDS["meta"]["stream"][0]
_NOTHING = bytes(SIZES["quote"])


@dataclass(slots=True)
class _Source:
    """One shard's ring, and how far it was read. ``row`` filters; -1 takes all."""

    attached: Attached
    ring: Ring
    row: int
    lost: int = 0

    def newly_lost(self) -> int:
        """Records lost since this was asked last."""
        lost, self.lost = self.ring.lost - self.lost, self.ring.lost
        return lost


class EventReader(Iterator[Event]):
    """Iterator over events; made by ``Gateway.events``. Belongs to one thread."""

    def __init__(
        self,
        directory: Directory,
        instrument: Instrument | None,
        from_now: bool,
        position: int | None,
        timeout: float | None,
    ) -> None:
        self._directory = directory
        self._symbol = instrument.symbol if instrument else ""
        self._timeout = timeout
        self._sources = [self._source(each, instrument) for each in self._shards(instrument)]
        for source in self._sources:
            if position is not None:
                source.ring.start_at(position)
            elif not from_now:
                source.ring.start_at_oldest()

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
            for index in range(len(self._sources)):
                found = self._poll(index)
                if found is not None:
                    return found
            if until is not None and time.monotonic() >= until:
                raise StopIteration
            self._sleep(bell, until)

    def poll(self) -> Event | None:
        """The next event, or None where there is none yet. Never waits."""
        for index in range(len(self._sources)):
            found = self._poll(index)
            if found is not None:
                return found
        return None

    def _shards(self, instrument: Instrument | None) -> list[Attached]:
        if instrument is None:
            return list(self._directory.attached)
        found = self._directory.attached_of(instrument.segment)
        return [found] if found else []

    def _source(self, attached: Attached, instrument: Instrument | None) -> _Source:
        ring = attached.segment.ring(SectionKind.EVENTS)
        return _Source(attached, ring, instrument.row if instrument else -1)

    def _poll(self, index: int) -> Event | None:
        source = self._sources[index]
        record = source.ring.next(source.row)
        if record is None and not source.attached.segment.is_alive():
            # Dead first, then empty: so nothing of the old ring is left behind.
            record = source.ring.next(source.row)
            if record is None:
                return self._go_on(index)
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
        if row < len(source.attached.by_row):
            return source.attached.by_row[row]
        make = self._directory.make_instrument
        return make(source.attached.segment, 0, "", 0, 0, 0, 0)

    def _stream(self, source: _Source, row: int) -> str:
        if row != NO_ROW and row >= len(source.attached.streams):
            self._look_again(source)
        return source.attached.streams[row]["name"] if row < len(source.attached.streams) else ""

    def _look_again(self, source: _Source) -> None:
        self._directory.refresh(at_once=True)
        source.attached = self._directory.attached_of(source.attached.segment) or source.attached

    def _follow_row(self, source: _Source) -> None:
        """A retired row may have a successor in the same segment: filter for that from here on."""
        self._look_again(source)
        fresh = self._directory.instruments.get(self._symbol)
        if fresh is not None and fresh.segment is source.attached.segment:
            source.row = fresh.row

    def _go_on(self, index: int) -> Event | None:
        """Take up the ring of a restarted writer from its first record."""
        old = self._sources[index].attached
        self._directory.refresh()
        fresh = self._directory.instruments.get(self._symbol) if self._symbol else None
        if fresh is not None:
            new = self._directory.attached_of(fresh.segment)
        else:
            same = (a for a in self._directory.attached if a.shard.segment == old.shard.segment)
            new = next(same, None)
        if new is None or new.segment is old.segment:
            return None
        source = self._source(new, fresh)
        source.ring.start_at_oldest()
        self._sources[index] = source
        instrument = fresh or self._directory.make_instrument(new.segment, 0, "", 0, 0, 0, 0)
        return EpochEvent(_NOTHING, Status.DEAD, instrument, "", max(source.ring.number, 0))

    def _sleep(self, bell: int, until: float | None) -> None:
        left = _SLICE_SECONDS if until is None else min(_SLICE_SECONDS, until - time.monotonic())
        if len(self._sources) == 1:
            self._sources[0].attached.segment.wait(bell, max(0, int(left * 1e9)))
        else:
            time.sleep(max(0.0, min(left, _POLL_SECONDS)))
