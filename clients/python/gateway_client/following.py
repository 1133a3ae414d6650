"""The rules by which a reader keeps a whole order book up to date. Pure: no I/O and no clock.

A book begins with a ``Dump`` (the control request ``snapshot``) or a SNAPSHOT of the ring, and goes
on with each DIFF that is part of the gateway's book (flag APPLIED). It is ``joined`` as long as
nothing is missing in between; what breaks that is named by ``Loss``, and mended by another dump.

- Of the ring nothing is missing unless it says so itself (``lapped``).
- Of a ZeroMQ topic each event has the number of the last plus one (``is_numbered``).
- Either way each event must join the last by the venue's own ids, ``pu`` (spot: ``U - 1``) at most
  the id that is in: levels are absolute, an overlap is harmless, a hole is not.
"""

from __future__ import annotations

import enum
from typing import Final, NamedTuple

from gateway_client.layout import Flag, Reason
from gateway_client.levels import Levels, Mantissas
from gateway_client.values import Status

# What a book may be in without being given up: it goes on with the next event.
IN_STEP: Final = frozenset({Status.LIVE, Status.STALE, Status.HALTED})

BEHIND_NS: Final = 500_000_000
"""A reader that is behind the gateway's book for longer is not LIVE."""


class Loss(enum.StrEnum):
    """Why a book had to be begun anew."""

    LAPPED = "the writer overtook this reader"
    LOST = "messages were lost"
    BROKEN = "an event does not join the last"
    CROSSED = "its best bid was not below its best ask"
    THIN = "the price ran out of what is known"
    BEGUN_ANEW = "the gateway began its book anew"
    RESTARTED = "the writer was restarted"
    MOVED = "the instrument has another row"
    BEHIND = "the gateway's book was newer for too long"


class Dump(NamedTuple):
    """A whole book at one moment, as the control request ``snapshot`` answers it."""

    state: Status
    reason: Reason
    epoch: int
    stream: str
    sequence: int
    update_id: int
    ring_position: int
    ts_event: int | None
    bids: Mantissas
    asks: Mantissas
    bid_complete: int | None
    ask_complete: int | None


class Change(NamedTuple):
    """A DIFF or SNAPSHOT record, or a part of one; ``number`` is its own in the ring."""

    is_snapshot: bool
    status: Status
    flags: int
    number: int
    sequence: int
    prev_id: int
    update_id: int
    ts_event: int | None
    mono_recv: int
    bids: Mantissas
    asks: Mantissas


class Follower:
    """A book and what it is worth. ``state`` is what the records say; see ``judge`` for the rest.

    ``lost`` counts events of the stream that were not seen one by one, ``begun`` how often the book
    was begun, from a dump or a SNAPSHOT; ``loss`` is what was missing here the last time.
    """

    def __init__(self, is_numbered: bool) -> None:
        self.levels = Levels()
        self.state, self.reason = Status.SYNCING, Reason.NONE
        self.epoch = self.sequence = self.update_id = 0
        self.ts_event: int | None = None
        self.mono_recv: int | None = None
        self.is_joined = False
        self.lost = self.begun = self.changes = 0
        self.loss: Loss | None = None
        self._is_numbered = is_numbered
        self._stream = ""
        self._parts: list[Change] = []
        self._state_sequence = 0
        self._needs_dump = True

    @property
    def needs_dump(self) -> bool:
        """Whether only a dump helps: nothing else joins, or the gateway's book is LIVE without."""
        return not self.is_joined and (self._needs_dump or self.state is Status.LIVE)

    def wants_dump(self, slot: Slot) -> bool:
        """The same, by what shared memory says too: messages about trust can be lost."""
        is_live = self._is_numbered and slot.status is Status.LIVE
        return self.needs_dump or (is_live and not self.is_joined)

    def is_narrower(self, bid_complete: int | None, ask_complete: int | None) -> bool:
        """Whether the gateway knows its book to better prices than this one is known to."""
        bids, asks = self.levels.bids, self.levels.asks
        return self.is_joined and (bids.is_narrower(bid_complete) or asks.is_narrower(ask_complete))

    # What comes from outside.

    def start(self, dump: Dump) -> bool:
        """Begin from a dump; False: its levels are to be looked at, but nothing joins them.

        Which is so unless it is LIVE: a book that is not may be one that the gateway has given up.
        """
        if dump.epoch != self.epoch:
            self._state_sequence = 0
        elif self._is_numbered:
            if dump.sequence < self.sequence:
                return False  # events behind it were thrown away here: another one is needed
        elif dump.stream == self._stream:
            self.lost += max(0, dump.sequence - self.sequence)
        self._parts.clear()
        self.epoch, self._stream, self.sequence = dump.epoch, dump.stream, dump.sequence
        self._needs_dump = False
        self._load(dump.bids, dump.asks, dump.bid_complete, dump.ask_complete)
        self._mark(dump.update_id, dump.ts_event, None)
        was_joined, self.is_joined = self.is_joined, dump.state is Status.LIVE
        self.begun += self.is_joined and not was_joined
        self._set(dump.state, dump.reason)
        self._check_levels()
        return self.is_joined

    def lose(self, loss: Loss) -> None:
        """Something is missing from here on: the levels are of the past until the next dump."""
        self._parts.clear()
        self._needs_dump = True
        if loss is Loss.MOVED:
            self.sequence, self._stream = 0, ""  # perhaps another stream, with numbers of its own
        if self.is_joined:
            self.is_joined, self.loss = False, loss
            self.changes += 1

    def on_state(self, status: Status, reason: Reason, epoch: int = 0, sequence: int = 0) -> None:
        """The trust in the gateway's book has changed; numbered: with the number of the change."""
        if self._is_numbered and not self._is_next_state(epoch, sequence):
            return
        self._set(status, reason)

    def on_other_state(self, epoch: int, sequence: int) -> None:
        """Numbered: a change of trust in something else of the instrument."""
        self._is_next_state(epoch, sequence)

    def on_change(self, change: Change, epoch: int = 0) -> None:
        """A DIFF or SNAPSHOT record has come; numbered: of a writer's ``epoch``."""
        if self._is_numbered and not self._is_next(change, epoch):
            return
        self.sequence = max(self.sequence, change.sequence)
        if change.flags & Flag.FIRST:
            self._parts.clear()
        elif not self._parts or change.number != self._parts[-1].number + 1:
            self.lose(Loss.LOST)  # a part is missing
            return
        self._parts.append(change)
        if change.flags & Flag.LAST:
            whole, self._parts = self._parts, []
            self._take(whole)

    def on_other(self, sequence: int, epoch: int) -> None:
        """Numbered: an event that is no DIFF, as a frame that could not be read."""
        if self._is_of_this_epoch(epoch):
            self._count(sequence)

    # Numbers.

    def _is_of_this_epoch(self, epoch: int) -> bool:
        if epoch > self.epoch:
            if self.epoch:
                self.lose(Loss.RESTARTED)
            self.epoch, self.sequence, self._state_sequence = epoch, 0, 0
        return epoch == self.epoch

    def _is_next(self, change: Change, epoch: int) -> bool:
        """Whether a numbered event is new here: it is in a dump already, or of the old writer."""
        if not self._is_of_this_epoch(epoch):
            return False
        is_further_part = bool(self._parts) and change.sequence == self._parts[-1].sequence
        return is_further_part or self._count(change.sequence)

    def _count(self, sequence: int) -> bool:
        if sequence <= self.sequence:
            return False
        missing = sequence - self.sequence - 1 if self.sequence or self.is_joined else 0
        if missing:
            self.lost += missing
            self.lose(Loss.LOST)
        self.sequence = sequence
        return True

    def _is_next_state(self, epoch: int, sequence: int) -> bool:
        if not self._is_of_this_epoch(epoch):
            return False
        last, self._state_sequence = self._state_sequence, max(sequence, self._state_sequence)
        if last and sequence > last + 1:
            self.lose(Loss.LOST)
        return sequence > last

    # The book.

    def _take(self, parts: list[Change]) -> None:
        first, last = parts[0], parts[-1]
        self.changes += 1
        if first.is_snapshot:
            self._take_snapshot(parts)
        elif self._is_numbered and last.flags & Flag.BUFFERED:
            self.lose(Loss.BEGUN_ANEW)
        elif last.flags & Flag.APPLIED and self.is_joined:
            self._apply(parts)
        if last.status != self.state:
            self._set(last.status, Reason.NONE)

    def _take_snapshot(self, parts: list[Change]) -> None:
        bids = [number for part in parts for number in part.bids]
        asks = [number for part in parts for number in part.asks]
        last = parts[-1]
        bid_complete = None if last.flags & Flag.BIDS_WHOLE or not bids else bids[-2]
        ask_complete = None if last.flags & Flag.ASKS_WHOLE or not asks else asks[-2]
        self._load(bids, asks, bid_complete, ask_complete)
        self.begun += not self.is_joined
        self.is_joined, self._needs_dump = True, False
        self._mark(last.update_id, last.ts_event, last.mono_recv)

    def _apply(self, parts: list[Change]) -> None:
        last = parts[-1]
        if last.prev_id > self.update_id or last.update_id < self.update_id:
            self.lose(Loss.BROKEN)
            return
        for part in parts:
            self.levels.bids.apply(part.bids)
            self.levels.asks.apply(part.asks)
        self._mark(last.update_id, last.ts_event, last.mono_recv)
        self._check_levels()

    def _load(
        self, bids: Mantissas, asks: Mantissas, bid_complete: int | None, ask_complete: int | None
    ) -> None:
        self.levels.bids.load(bids, bid_complete)
        self.levels.asks.load(asks, ask_complete)

    def _mark(self, update_id: int, ts_event: int | None, mono_recv: int | None) -> None:
        self.update_id, self.ts_event, self.mono_recv = update_id, ts_event, mono_recv

    def _check_levels(self) -> None:
        if self.levels.is_crossed:
            self.lose(Loss.CROSSED)
        elif self.levels.is_thin:
            self.lose(Loss.THIN)

    def _set(self, status: Status, reason: Reason) -> None:
        if status not in IN_STEP:
            # The gateway begins its own book anew: a SNAPSHOT in the ring, or else another dump.
            self.is_joined = False
            self._parts.clear()
        self.state, self.reason = status, reason
        self.changes += 1


class Slot(NamedTuple):
    """The gateway's own book as shared memory has it at this moment."""

    status: Status  # DEAD: the writer is gone or hangs
    reason: Reason
    update_id: int
    mono_recv: int


class Witness:
    """Whether a reader keeps up with the gateway's book."""

    def __init__(self) -> None:
        self._newer: tuple[int, int] | None = None  # the id that was newer than ours, since when

    def is_behind(self, follower: Follower, slot: Slot, now: int) -> bool:
        """Note what is here and there at ``now`` (ns); True: here it is older for too long.

        A book that is not joined is older than any.
        """
        ours = follower.update_id if follower.is_joined else -1
        if slot.status is not Status.LIVE or slot.update_id <= ours:
            self._newer = None
        elif self._newer is None or ours >= self._newer[0]:
            self._newer = slot.update_id, now
        return self._newer is not None and now - self._newer[1] > BEHIND_NS


def judge(follower: Follower, slot: Slot, is_current: bool) -> tuple[Status, Reason]:
    """What the book here is worth: LIVE only where everything agrees.

    ``is_current``: everything that had come was taken in, and the reader is not behind.
    """
    if slot.status is Status.DEAD:
        return Status.DEAD, follower.reason
    if not follower.is_joined:
        is_live = slot.status is Status.LIVE
        return (Status.SYNCING, Reason.NONE) if is_live else (slot.status, slot.reason)
    if follower.state is not Status.LIVE:
        return follower.state, follower.reason
    if slot.status is not Status.LIVE:
        return slot.status, slot.reason
    if not is_current:
        return Status.STALE, Reason.LAGGING
    return Status.LIVE, follower.reason
