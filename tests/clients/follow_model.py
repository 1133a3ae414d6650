"""A writer of one book as its ring and its topics show it, and a reader that follows. No I/O.

The model keeps every level the gateway's book has, and hands out what a bounded snapshot shows of
it; so a follower's levels can be compared with all there are up to its complete price.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from gateway_client.following import Change, Dump, Follower, Loss, Slot, Witness, judge
from gateway_client.layout import Flag, Reason
from gateway_client.values import Status

Side = dict[int, int]
Deliver = Callable[[Follower], None]
WHOLE = Flag.FIRST | Flag.LAST
MS = 1_000_000


@dataclass
class Writer:
    """The gateway's side. Its snapshots have ``depth`` levels, its records are of ``parts``."""

    rng: random.Random
    depth: int = 4
    parts: int = 1
    epoch: int = 1
    status: Status = Status.SYNCING
    reason: Reason = Reason.NONE
    bids: Side = field(default_factory=dict)
    asks: Side = field(default_factory=dict)
    bids_known_to: int | None = None
    asks_known_to: int | None = None
    id: int = 100
    venue_id: int = 100
    in_step: bool = False
    number: int = 0
    sequence: int = 0
    state_sequence: int = 0
    ring: list[Deliver] = field(default_factory=list)
    topic: list[Deliver] = field(default_factory=list)
    buffered: list[tuple[int, int, int, list[int], list[int]]] = field(default_factory=list)
    past: dict[tuple[int, int], tuple[Side, Side]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.venue_bids: Side = {px: 1 for px in range(8, 20)}
        self.venue_asks: Side = {px: 1 for px in range(21, 33)}
        self.snapshot()

    # What happens.

    def diff(self, seen: bool = True, twist: bool = False) -> None:
        """An event of the venue. Not ``seen``: lost. ``twist``: it comes with a wrong level."""
        prev, self.venue_id = self.venue_id, self.venue_id + self.rng.randint(1, 3)
        bids = [n for _ in range(self.rng.randint(0, 3)) for n in self._level(self.venue_bids, 1)]
        asks = [n for _ in range(self.rng.randint(0, 3)) for n in self._level(self.venue_asks, 20)]
        if not seen:
            return
        self.sequence += 1
        if twist:
            bids = [*bids, 19, 1 + self.rng.randint(100, 200)]
        self._take(prev, self.venue_id, self.sequence, bids, asks)

    def snapshot(self) -> None:
        """The gateway begins its book anew, and is LIVE."""
        self.bids, self.asks = dict(self.venue_bids), dict(self.venue_asks)
        self.id, self.in_step = self.venue_id, True
        self._record_snapshot()
        for _, _, sequence, bids, asks in self.buffered:
            self._record(False, 0, 0, sequence, bids, asks, Flag.BUFFERED)
        self.buffered.clear()
        self._set(Status.LIVE, Reason.SNAPSHOT)
        self._note()

    def deepen(self) -> None:
        """A LIVE book is replaced by the same one from a longer snapshot."""
        if self.in_step:
            self.depth += 1
            self._record_snapshot()

    def lose(self, reason: Reason = Reason.GAP) -> None:
        """The book is given up."""
        if self.in_step:
            self.in_step = False
            self._set(Status.GAPPED, reason)

    def doubt(self, status: Status) -> None:
        """STALE, HALTED or LIVE again: the book is not given up."""
        if self.in_step and self.status is not status:
            self._set(status, Reason.SILENT)

    def restart(self) -> None:
        """Another writer: nothing of the ring is left."""
        self.epoch += 1
        self.number = self.sequence = self.state_sequence = 0
        self.ring.clear()
        self.buffered.clear()
        self.in_step, self.status, self.reason = False, Status.SYNCING, Reason.RESTARTED
        self.bids, self.asks, self.id = {}, {}, 0

    def dump(self) -> Dump:
        """The whole book now; ``ring_position`` is the number of the last record."""
        bids, bid_end, asks, ask_end = self._shown()
        return Dump(
            self.status, self.reason, self.epoch, "spot:x@depth", self.sequence, self.id,
            self.number, None, bids, asks, bid_end, ask_end,
        )  # fmt: skip

    def slot(self) -> Slot:
        return Slot(self.status, self.reason, self.id, 0)

    # How it shows.

    def _level(self, side: Side, lowest: int) -> list[int]:
        px = lowest + self.rng.randrange(19 if lowest == 1 else 20)
        px += 1 if lowest > 1 else 0
        qty = self.rng.choice([0, 1, 2, 3])
        if qty:
            side[px] = qty
        else:
            side.pop(px, None)
        return [px, qty]

    def _take(self, prev: int, last: int, sequence: int, bids: list[int], asks: list[int]) -> None:
        if self.in_step and prev > self.id:
            self.lose()
        if not self.in_step:
            self.buffered.append((prev, last, sequence, bids, asks))
            return
        for side, levels in ((self.bids, bids), (self.asks, asks)):
            for px, qty in zip(levels[::2], levels[1::2], strict=True):
                side[px] = qty
                if not qty:
                    del side[px]
        self.id = last
        if self.status is Status.STALE:
            self._set(Status.LIVE, Reason.FIRST_DATA)
        self._record(False, prev, last, sequence, bids, asks, Flag.APPLIED)
        self._note()

    def _note(self) -> None:
        self.past[self.epoch, self.id] = dict(self.bids), dict(self.asks)

    def _shown(self) -> tuple[list[int], int | None, list[int], int | None]:
        bids = sorted(self.bids.items(), reverse=True)
        asks = sorted(self.asks.items())
        bid_end = bids[self.depth - 1][0] if len(bids) > self.depth else None
        ask_end = asks[self.depth - 1][0] if len(asks) > self.depth else None
        shown = [[n for level in side[: self.depth] for n in level] for side in (bids, asks)]
        return shown[0], bid_end, shown[1], ask_end

    def _record_snapshot(self) -> None:
        bids, bid_end, asks, ask_end = self._shown()
        whole = Flag.BIDS_WHOLE if bid_end is None else Flag(0)
        whole |= Flag.ASKS_WHOLE if ask_end is None else Flag(0)
        self._record(True, self.id, self.id, self.sequence, bids, asks, whole)

    def _record(
        self, is_snapshot: bool, prev: int, last: int, sequence: int, bids: list[int],
        asks: list[int], flags: Flag,
    ) -> None:  # fmt: skip
        for part in range(self.parts):
            self.number += 1
            place = Flag.FIRST if part == 0 else Flag(0)
            place |= Flag.LAST if part == self.parts - 1 else Flag(0)
            change = Change(
                is_snapshot, self.status, int(flags | place), self.number, sequence, prev, last,
                None, 0, _share(bids, part, self.parts), _share(asks, part, self.parts),
            )  # fmt: skip
            self.ring.append(_taken(change))
            if not is_snapshot:
                self.topic.append(_taken(change, self.epoch))

    def _set(self, status: Status, reason: Reason) -> None:
        self.status, self.reason = status, reason
        self.number += 1
        self.state_sequence += 1
        epoch, sequence = self.epoch, self.state_sequence
        self.ring.append(lambda f: f.on_state(status, reason))
        self.topic.append(lambda f: f.on_state(status, reason, epoch, sequence))


def _taken(change: Change, *epoch: int) -> Callable[[Follower], object]:
    return lambda follower: follower.on_change(change, *epoch)


def _share(levels: list[int], part: int, parts: int) -> list[int]:
    size = 2 * -(-len(levels) // (2 * parts))
    return levels[part * size : (part + 1) * size]


class Reader:
    """What ``follow`` does with a follower, over the model: dumps come late, channels lose."""

    def __init__(self, writer: Writer, is_numbered: bool) -> None:
        self.writer = writer
        self.is_numbered = is_numbered
        self.follower = Follower(is_numbered)
        self.witness = Witness()
        self.pending: Dump | None = None
        self.delay = 0
        self.asked = 0
        self.epoch = writer.epoch
        self.is_started = False
        self.now = 0
        self.seen: list[Deliver] = []
        writer.topic.clear()

    @property
    def queue(self) -> list[Deliver]:
        return self.writer.topic if self.is_numbered else self.writer.ring

    def lap(self) -> None:
        """The ring: the writer has come round. ZeroMQ: everything that waits is dropped."""
        if self.queue:
            self.queue.clear()
            if not self.is_numbered and self.is_started:
                self.follower.lose(Loss.LAPPED)
                self.is_started = False

    def drop(self, at: int) -> None:
        """ZeroMQ: one message is dropped."""
        if self.is_numbered and self.queue:
            del self.queue[at % len(self.queue)]

    def repeat(self, at: int) -> None:
        """ZeroMQ: a message comes again."""
        if self.is_numbered and self.seen:
            self.queue.append(self.seen[at % len(self.seen)])

    def look(self, delay: int = 0) -> tuple[Status, Reason]:
        """One turn: what has come, what is to be asked for, what the book is worth."""
        self.now += 100 * MS
        if self.epoch != self.writer.epoch:
            self.epoch, self.pending, self.is_started = self.writer.epoch, None, False
            self.follower.lose(Loss.RESTARTED)
        is_current = self._take_in()
        slot = self.writer.slot()
        if self.witness.is_behind(self.follower, slot, self.now):
            self.follower.lose(Loss.BEHIND)
        if self.follower.wants_dump(slot) and self.pending is None:
            self.pending, self.delay = self.writer.dump(), delay
            self.asked += 1
            if not self.is_numbered:
                self.queue.clear()  # what comes behind the dump is kept for when it is here
        return judge(self.follower, slot, is_current)

    def _take_in(self) -> bool:
        if self.pending is not None:
            if self.delay > 0:
                self.delay -= 1
                return False
            dump, self.pending = self.pending, None
            if dump.epoch == self.epoch:
                self.follower.start(dump)
                self.is_started = True
        if not self.is_numbered and not self.is_started:
            return False
        while self.queue:
            deliver = self.queue.pop(0)
            self.seen = [*self.seen[-20:], deliver]
            deliver(self.follower)
            if self.follower.needs_dump and not self.is_numbered:
                return False
        return True
