"""``Gateway.follow_book``: a whole order book kept up to date in the reader's own process.

What joins what, and what a book is worth, is decided in ``following``; where its changes come from
is ``feeds``' business. Here the two are brought together with the control socket, which hands out
the dump that a book begins with, and with shared memory, which says what the gateway itself thinks
of that book now.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, Self

from gateway_client.books import Book, Level, levels
from gateway_client.control import Call
from gateway_client.directory import Directory
from gateway_client.dumps import dump_of
from gateway_client.errors import ClientError, SegmentUnusable, UnknownStream
from gateway_client.feeds import Feed, Place, RingFeed, ZmqFeed, find_place
from gateway_client.following import Dump, Follower, Loss, Slot, Witness, judge
from gateway_client.layout import FIELDS, Reason, SectionKind
from gateway_client.plain import Instrument
from gateway_client.subscriber import zmq_module
from gateway_client.values import REASONS, STATUSES, Status

Source = Literal["ring", "zmq"]
_FEEDS: Final[dict[str, type[RingFeed | ZmqFeed]]] = {"ring": RingFeed, "zmq": ZmqFeed}

_SLICE_S: Final = 0.05  # a sleeping follower looks at the heartbeat this often
_CALL_S: Final = 2.0  # for a dump; then it is asked for again
_RETRY_S: Final = (0.02, 1.0)  # between two dumps in vain: at first, and at last
_COMPARE_S: Final = 1.0  # between two looks whether the gateway knows more of its book

_META_U64 = struct.Struct("<Q").unpack_from
_META_I64 = struct.Struct("<q").unpack_from
_REASON_AT = FIELDS["meta"]["reason"][0]
_UPDATE_ID_AT = FIELDS["meta"]["update_id"][0]
_MONO_RECV_AT = FIELDS["meta"]["mono_recv"][0]


@dataclass(frozen=True, slots=True)
class FollowedBook:
    """A book at one moment: what it is worth and its levels, which belong together.

    Beyond ``bid_complete_px`` and ``ask_complete_px`` nothing is known and nothing shown; None: a
    side is known to its end. ``ts_event`` is the venue's time of the last event, ns since the Unix
    epoch, ``mono_recv`` its arrival by CLOCK_MONOTONIC; None where a dump did not say.
    """

    instrument: Instrument
    state: Status
    reason: Reason
    epoch: int
    update_id: int
    sequence: int
    ts_event: int | None
    mono_recv: int | None
    bids_mantissa: tuple[int, ...]
    asks_mantissa: tuple[int, ...]
    bid_complete_px_mantissa: int | None
    ask_complete_px_mantissa: int | None

    @property
    def symbol(self) -> str:
        """Name of the instrument, as ``spot:BTCUSDT``."""
        return self.instrument.symbol

    @property
    def is_live(self) -> bool:
        """Whether it may be traded on."""
        return self.state is Status.LIVE

    @property
    def bids(self) -> list[Level]:
        """(price, quantity) from the best bid down."""
        return levels(self.bids_mantissa, self.instrument)

    @property
    def asks(self) -> list[Level]:
        """(price, quantity) from the best ask up."""
        return levels(self.asks_mantissa, self.instrument)

    @property
    def bid_complete_px(self) -> float | None:
        """Every bid down to this price, inclusive, is known; None: all are."""
        return self._price(self.bid_complete_px_mantissa)

    @property
    def ask_complete_px(self) -> float | None:
        """Every ask up to this price, inclusive, is known; None: all are."""
        return self._price(self.ask_complete_px_mantissa)

    @property
    def age_ns(self) -> int | None:
        """Nanoseconds since the last event arrived, by CLOCK_MONOTONIC."""
        return None if self.mono_recv is None else time.monotonic_ns() - self.mono_recv

    def _price(self, mantissa: int | None) -> float | None:
        return None if mantissa is None else mantissa / self.instrument.px_scale

    def __repr__(self) -> str:
        best = [f"{px} x {qty}" for px, qty in (*self.bids[:1], *self.asks[:1])]
        count = f"{len(self.bids_mantissa) // 2}+{len(self.asks_mantissa) // 2} levels"
        text = f"{' / '.join(best)} {count} id={self.update_id}"
        return f"<FollowedBook {self.symbol} {self.state.name} {text}>"


class BookFollower(Iterator[FollowedBook]):
    """A book that follows the gateway's; made by ``Gateway.follow_book``. Belongs to one thread.

    Every call but ``wait`` and the iteration returns at once, with all that has come until then
    taken in. Nothing that happens to the gateway raises here: it is a state.
    """

    def __init__(
        self,
        directory: Directory,
        symbol: str,
        source: Source = "ring",
        levels: int | None = None,
        timeout: float | None = None,
    ) -> None:
        if source not in _FEEDS:
            raise ValueError(f"source is {source!r}, must be one of {', '.join(_FEEDS)}")
        zmq_module("gw.follow_book()")
        self._directory = directory
        self._symbol, self._source = symbol, source
        self._limit, self._timeout = levels, timeout
        self._follower = Follower(is_numbered=source == "zmq")
        self._witness = Witness()
        self._place = self._first_place()
        self._feed: Feed = _FEEDS[source](self._place)
        self._call: Call | None = None
        self._call_until = self._ask_at = self._compare_at = 0.0
        self._failures = 0
        self._judged = Status.SYNCING, Reason.NONE
        self._shown: object = None
        self.problem = ""
        """Why the last dump that was asked for did not come; empty: it did."""

    # What a program asks.

    def book(self, levels: int | None = None) -> FollowedBook:
        """The book as it is now, at most ``levels`` a side (by default as many as were asked)."""
        self._look()
        self._shown = self._mark()
        return self._view(levels or self._limit)

    @property
    def state(self) -> Status:
        """Whether the book may be traded on now; read it together with the levels by ``book``."""
        self._look()
        return self._judged[0]

    @property
    def resyncs(self) -> int:
        """How often the book was begun anew, for what happened here or to the gateway's own."""
        return max(0, self._follower.begun - 1)

    @property
    def lost(self) -> int:
        """Events of the stream that were not seen one by one: a dump stood in for them."""
        return self._follower.lost

    @property
    def loss(self) -> Loss | None:
        """What this follower missed the last time; None: nothing, whatever the gateway missed."""
        return self._follower.loss

    def poll(self) -> bool:
        """Take in what has come; whether state or levels have changed since the last call."""
        self._look()
        mark, shown = self._mark(), self._shown
        self._shown = mark
        return mark != shown

    def wait(self, timeout: float | None = None) -> bool:
        """Sleep until something has changed; False: nothing has within ``timeout`` seconds."""
        until = None if timeout is None else time.monotonic() + timeout
        while True:
            bell = self._feed.bell()
            if self.poll():
                return True
            left = _SLICE_S if until is None else min(_SLICE_S, until - time.monotonic())
            if left <= 0:
                return False
            self._sleep(bell, left)

    def __next__(self) -> FollowedBook:
        if not self.wait(self._timeout):
            raise StopIteration
        return self._view(self._limit)

    def close(self) -> None:
        """Let go of sockets; the follower is of no use afterwards."""
        self._drop_call()
        self._feed.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "_shown"):
            self.close()

    # One look at everything.

    def _look(self) -> None:
        now = time.monotonic()
        if self._judged[0] is not Status.LIVE:
            self._move()
        is_current = self._take_in(now)
        slot = self._slot()  # after the data, as the heartbeat must be
        if self._witness.is_behind(self._follower, slot, time.monotonic_ns()):
            self._follower.lose(Loss.BEHIND)
        if self._follower.wants_dump(slot) or self._is_narrower(now):
            self._ask(now)
        self._judged = judge(self._follower, slot, is_current)

    def _take_in(self, now: float) -> bool:
        """Whether all that has come is in the book."""
        if self._call is not None:
            is_answered = self._take_answer(self._call, now)
            if not is_answered and not self._follower.is_joined:
                return False  # what comes meanwhile waits where it is, so that nothing gets lost
        return self._feed.drain(self._follower)

    def _is_narrower(self, now: float) -> bool:
        """Over ZeroMQ, whether the gateway knows more levels by now: of these no message tells."""
        if self._source != "zmq" or now < self._compare_at:
            return False
        self._compare_at = now + _COMPARE_S
        place = self._place.instrument
        try:
            status, cell = place.segment.read(SectionKind.BOOK, place.row)
        except SegmentUnusable:
            return False
        book = Book(cell, status, place, 0)
        ends = book.bid_complete_px_mantissa, book.ask_complete_px_mantissa
        return book.is_live and self._follower.is_narrower(*ends)

    def _slot(self) -> Slot:
        segment, row = self._place.instrument.segment, self._place.instrument.row
        try:
            status, cell = segment.read(SectionKind.BOOK, row)
        except SegmentUnusable:
            return Slot(Status.DEAD, Reason.NONE, 0, 0)
        return Slot(
            STATUSES[status], REASONS[cell[_REASON_AT]],
            _META_U64(cell, _UPDATE_ID_AT)[0], _META_I64(cell, _MONO_RECV_AT)[0],
        )  # fmt: skip

    def _mark(self) -> object:
        return self._judged, self._follower.changes

    def _view(self, limit: int | None) -> FollowedBook:
        found, (state, reason) = self._follower, self._judged
        bids, asks = found.levels.bids, found.levels.asks
        return FollowedBook(
            self._place.instrument, state, reason, found.epoch, found.update_id, found.sequence,
            found.ts_event, found.mono_recv, bids.top(limit), asks.top(limit),
            bids.complete, asks.complete,
        )  # fmt: skip

    def _sleep(self, bell: int, seconds: float) -> None:
        if self._call is not None:
            self._call.wait(seconds)
        elif self._judged[0] is Status.DEAD:
            time.sleep(min(seconds, _RETRY_S[0]))  # a dead writer rings no bell
        elif self._follower.is_joined:
            self._feed.sleep(bell, seconds)
        else:
            self._feed.sleep(bell, min(seconds, _RETRY_S[0]))

    # Where the book is.

    def _first_place(self) -> Place:
        place = find_place(self._directory, self._symbol)
        if place is None:
            self._directory.refresh(at_once=True)
            place = find_place(self._directory, self._symbol)
        if place is None:
            name = f"{self._symbol.lower().removesuffix('.rpi')}@depth"
            raise UnknownStream(name, self._directory.stream_names())
        return place

    def _move(self) -> None:
        """Follow the book to another writer, shard, row or stream, once there is one."""
        self._directory.refresh()
        place = find_place(self._directory, self._symbol)
        if place is None or place.is_same(self._place):
            return
        is_same_writer = place.instrument.segment is self._place.instrument.segment
        self._follower.lose(Loss.MOVED if is_same_writer else Loss.RESTARTED)
        self._drop_call()
        self._feed.close()
        self._place, self._feed = place, _FEEDS[self._source](place)
        self._ask_at, self._failures = 0.0, 0

    # Dumps.

    def _ask(self, now: float) -> None:
        if self._call is not None or now < self._ask_at or not self._feed.is_ready():
            return
        self._directory.refresh()
        endpoint = self._directory.manifest.control
        try:
            self._call = Call(endpoint, "snapshot", symbols=[self._symbol])
            self._call_until = now + _CALL_S
        except ClientError as exc:
            self._fail(str(exc), now)

    def _take_answer(self, call: Call, now: float) -> bool:
        """Begin from the dump, if it is there; False: not yet."""
        if not call.wait(0):
            if now < self._call_until:
                return False
            self._fail(f"no snapshot within {_CALL_S:g} s", now)
            return True
        try:
            answer = call.answer()
            found = answer["books"].get(self._symbol)
            if found is None:
                self._fail(str(answer["refused"].get(self._symbol, "no snapshot")), now)
            else:
                self._start(dump_of(found), now)
        except (ClientError, KeyError, TypeError, ValueError, AttributeError) as exc:
            self._fail(str(exc), now)
        return True

    def _start(self, dump: Dump, now: float) -> None:
        if not self._feed.start(dump):
            self._fail("the snapshot is of another writer", now)
        elif self._follower.start(dump):
            self._drop_call()
            self._failures, self.problem = 0, ""
        else:
            self._fail(f"the gateway's book is {dump.state.name}", now)

    def _fail(self, why: str, now: float) -> None:
        """Ask again later; each time in vain twice as late."""
        first, last = _RETRY_S
        self._drop_call()
        self._ask_at = now + min(last, first * 2 ** min(self._failures, 16))
        self._failures += 1
        self.problem = why

    def _drop_call(self) -> None:
        if self._call is not None:
            self._call.close()
            self._call = None
