"""Where the changes of a book come from: the event ring, or ZeroMQ. I/O alone; rules: following."""

from __future__ import annotations

import struct
import time
from dataclasses import dataclass
from typing import Any, Final, Protocol

from gateway_client.attached import Attached
from gateway_client.directory import Directory
from gateway_client.following import Change, Dump, Follower, Loss
from gateway_client.layout import FIELDS, NULL, SIZES, Kind, Reason, SectionKind
from gateway_client.plain import Instrument
from gateway_client.subscriber import BINARY, STATE, parse, zmq_module
from gateway_client.values import REASONS, STATUSES, Status

_RECORDS_A_TURN: Final = 20_000
"""Who has not caught up after so many is not current, and is told so."""
_SUBSCRIBED_S: Final = 0.05
"""A shard looks at subscriptions every 10 ms, after a connect that takes some."""
_HWM: Final = 100_000

_DIFF: Final = SIZES["diff"]


def _reader(layout: str, field: str, code: str) -> Any:
    offset = FIELDS[layout][field][0]
    unpack = struct.Struct("<" + code).unpack_from
    return lambda record: unpack(record, offset)[0]


_kind, _status = _reader("meta", "kind", "B"), _reader("meta", "status", "B")
_reason, _flags = _reader("meta", "reason", "B"), _reader("meta", "flags", "H")
_number, _sequence = _reader("meta", "version", "Q"), _reader("meta", "sequence", "Q")
_update_id, _prev_id = _reader("meta", "update_id", "Q"), _reader("diff", "prev_update_id", "Q")
_ts_event, _mono_recv = _reader("meta", "ts_event", "q"), _reader("meta", "mono_recv", "q")
_bid_count, _ask_count = _reader("diff", "bid_count", "I"), _reader("diff", "ask_count", "I")
_subject = _reader("state", "subject", "I")


def change_of(record: bytes) -> Change:
    """A DIFF or SNAPSHOT record."""
    room = (len(record) - _DIFF) // 16
    bids = min(_bid_count(record), room)
    asks = min(_ask_count(record), room - bids)
    numbers = struct.unpack_from(f"<{2 * (bids + asks)}q", record, _DIFF)
    ts_event = _ts_event(record)
    return Change(
        _kind(record) == Kind.SNAPSHOT, STATUSES[_status(record)], _flags(record), _number(record),
        _sequence(record), _prev_id(record), _update_id(record),
        None if ts_event == NULL else ts_event, _mono_recv(record),
        numbers[: 2 * bids], numbers[2 * bids :],
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """Where the book of an instrument is, as of now."""

    attached: Attached
    instrument: Instrument
    stream: str

    def is_same(self, other: Place) -> bool:
        """Whether it has not moved."""
        mine, its = self.instrument, other.instrument
        return (mine.segment, mine.row, self.stream) == (its.segment, its.row, other.stream)


def find_place(directory: Directory, symbol: str) -> Place | None:
    """The row that a depth stream feeds; None where there is none in use."""
    instrument = directory.slot(symbol, SectionKind.BOOK)
    if instrument is None:
        return None
    attached = directory.attached_of(instrument.segment)
    if attached is None:
        return None
    for row in attached.streams:
        if row.kind == Kind.DIFF and row.symbol == instrument.row and row.is_active:
            return Place(attached, instrument, row.name)
    return None


class Feed(Protocol):
    """One of the two, for one place."""

    def is_ready(self) -> bool: ...

    def start(self, dump: Dump) -> bool: ...

    def drain(self, follower: Follower) -> bool: ...

    def bell(self) -> int: ...

    def sleep(self, bell: int, seconds: float) -> None: ...

    def close(self) -> None: ...


class RingFeed:
    """The event ring of the shard that has the book."""

    def __init__(self, place: Place) -> None:
        self._segment = place.instrument.segment
        self._row = place.instrument.row
        self._ring = self._segment.ring(SectionKind.EVENTS)
        self._is_started = False

    def is_ready(self) -> bool:
        """Whether a dump may be asked for."""
        return True

    def start(self, dump: Dump) -> bool:
        """Go on right behind a dump; False: it is of another writer."""
        if dump.epoch != self._segment.generation:
            return False
        self._ring.start_at(dump.ring_position)
        self._is_started = True
        return True

    def drain(self, follower: Follower) -> bool:
        """Take in all that has come; False: more has."""
        if not self._is_started:
            return False
        for _ in range(_RECORDS_A_TURN):
            record = self._ring.next(self._row)
            if self._ring.laps:
                self._is_started = False
                follower.lose(Loss.LAPPED)
                return False
            if record is None:
                return True
            _take(follower, record)
            if follower.needs_dump:
                return False
        return False

    def bell(self) -> int:
        """What ``sleep`` wants, as it was before the ring was looked at."""
        return self._segment.bell()

    def sleep(self, bell: int, seconds: float) -> None:
        """Until something is published, at most ``seconds``."""
        self._segment.wait(bell, max(0, int(seconds * 1e9)))

    def close(self) -> None:
        """Nothing to let go of."""


def _take(follower: Follower, record: bytes) -> None:
    kind = _kind(record)
    if kind in (Kind.DIFF, Kind.SNAPSHOT):
        follower.on_change(change_of(record))
    elif kind == Kind.STATE and _subject(record) == Kind.BOOK:
        follower.on_state(STATUSES[_status(record)], REASONS[_reason(record)])


class ZmqFeed:
    """The depth stream's binary topic and the instrument's changes of trust, on one socket: what
    comes over one connection keeps its order."""

    def __init__(self, place: Place) -> None:
        zmq = self._zmq = zmq_module("gw.follow_book()")
        self._generation = place.instrument.epoch
        self._stream = place.stream
        self._since, self._is_heard = time.monotonic(), False
        self._socket = zmq.Context.instance().socket(zmq.SUB)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.RCVHWM, _HWM)
        self._socket.setsockopt(zmq.RECONNECT_IVL, 20)
        self._socket.setsockopt(zmq.SUBSCRIBE, f"{BINARY}{place.stream}\0".encode())
        self._socket.setsockopt(zmq.SUBSCRIBE, f"{STATE}{place.instrument.symbol} ".encode())
        self._socket.connect(place.attached.shard.publisher)

    def is_ready(self) -> bool:
        """Whether the subscription is in force: an older dump would leave a hole behind it."""
        return self._is_heard or time.monotonic() - self._since > _SUBSCRIBED_S

    def start(self, dump: Dump) -> bool:
        """Go on behind a dump; False: it is of another writer or stream."""
        return (dump.epoch, dump.stream) == (self._generation, self._stream)

    def drain(self, follower: Follower) -> bool:
        """Take in all that has come; False: more has."""
        for _ in range(_RECORDS_A_TURN):
            try:
                frame = self._socket.recv(self._zmq.NOBLOCK)
            except self._zmq.Again:
                return True
            self._is_heard = True
            _take_message(follower, frame)
        return False

    def bell(self) -> int:
        """Not needed: the socket itself wakes."""
        return 0

    def sleep(self, bell: int, seconds: float) -> None:
        """Until a message comes, at most ``seconds``."""
        self._socket.poll(max(0, int(seconds * 1000)))

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


def _take_message(follower: Follower, frame: bytes) -> None:
    message = parse(frame)
    if not message.topic.startswith(BINARY):
        _take_state(follower, message.json(), message.epoch, message.sequence)
    elif _kind(message.payload) == Kind.DIFF:
        follower.on_change(change_of(message.payload), message.epoch)
    else:
        follower.on_other(message.sequence, message.epoch)


def _take_state(follower: Follower, found: dict[str, Any], epoch: int, sequence: int) -> None:
    if found["kind"] != Kind.BOOK.name:
        follower.on_other_state(epoch, sequence)
        return
    status = Status.__members__.get(found["status"], Status.DEAD)
    reason = Reason.__members__.get(found["reason"], Reason.NONE)
    follower.on_state(status, reason, epoch, sequence)
