"""Which of a connection's two links are open, and when one replaces the other. Pure: times in s.

Make before break: the new link is opened beside the old one, and the old one goes only when the new
one carries every stream: it has joined it (the core says which), or 5 s have passed since the venue
acknowledged the subscription of a stream on which nothing comes. A new link that fails costs
nothing: the old one stays, and it is tried again. With redundancy 2 both are open all the time, and
one is replaced only while the other carries everything.

    redundancy 1     old up ──reason──► new opens ──carries──► old closes
                        ▲                  │ fails: waits, tries again; the old one stays
                        └── old is cut: ───┘ whoever is on its way takes over
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, field

QUIET_S = 5.0  # a stream that stays silent for so long after its ack counts as carried
TRIAL_S = 15.0  # a new link that does not bring by then what it should is given up
TRIAL_PAUSE_S = 60.0

Awaited = Callable[[int], frozenset[int]]  # side -> stream rows that it has not joined


def _nothing(side: int) -> frozenset[int]:
    return frozenset()


class Phase(enum.Enum):
    """What a link is doing."""

    IDLE = enum.auto()  # kept for the next rotation
    WAITING = enum.auto()  # between two attempts
    OPENING = enum.auto()  # an attempt is under way
    UP = enum.auto()


class Why(enum.StrEnum):
    """Why a link is replaced."""

    AGE = "it is old"
    SHUTDOWN = "the venue shuts it down"
    LAG = "it lags"
    SILENCE = "streams on it are silent"
    ADDRESS = "the other link's address is the one that delivers"
    STARVED = "the other link brings what it does not"


class Do(enum.Enum):
    """What is to be done with a link."""

    OPEN = enum.auto()
    CLOSE = enum.auto()  # nothing is lost: the other one carries its streams, or it never was up
    GIVE_UP = enum.auto()  # close a link whose address has not shown that it delivers
    ADOPT = enum.auto()  # its address does


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do. ``is_rotation``: the other link has taken over without a break."""

    do: Do
    side: int
    why: Why | None = None
    is_rotation: bool = False


@dataclass(slots=True)
class Seat:
    """One of the two links."""

    is_held: bool = False  # shall be open
    phase: Phase = Phase.IDLE
    up_at: float = 0.0
    acked_at: float | None = None  # since when every subscription is answered
    why: Why | None = None  # it is to be replaced
    on_trial: bool = False  # its address is not the other link's: it has to prove itself
    is_starved: bool = False  # the other link brings what this one should

    @property
    def is_up(self) -> bool:
        return self.phase is Phase.UP

    def clear(self) -> None:
        self.acked_at = None
        self.why = None


@dataclass(slots=True)
class Rotation:
    """The two links of one connection. ``active`` is the one that is kept (redundancy 1)."""

    redundancy: int
    rotate_after_s: float
    seats: tuple[Seat, Seat] = field(default_factory=lambda: (Seat(), Seat()))
    active: int = 0
    _not_before: float = 0.0

    # What happened.

    def waiting(self, side: int) -> None:
        """The link is between two attempts, or lost."""
        seat = self.seats[side]
        seat.phase = Phase.WAITING if seat.is_held else Phase.IDLE
        seat.clear()

    def opening(self, side: int, *, on_trial: bool = False) -> None:
        """An attempt has begun; ``on_trial``: at an address that the other link does not use."""
        self.seats[side].phase = Phase.OPENING
        self.seats[side].on_trial = on_trial

    def up(self, side: int, now: float) -> None:
        """The link is connected."""
        seat = self.seats[side]
        seat.phase, seat.up_at = Phase.UP, now
        seat.clear()

    def answered(self, side: int, now: float | None) -> None:
        """Every subscription on it is answered (None: not any more)."""
        self.seats[side].acked_at = now

    def wish(self, side: int, why: Why) -> None:
        """The link is to be replaced. A reason that is there stays; a shutdown is the strongest."""
        seat = self.seats[side]
        if seat.is_up and (seat.why is None or why is Why.SHUTDOWN):
            seat.why = why

    @property
    def is_rotating(self) -> bool:
        """Whether a link is on its way to replace the other one."""
        return self.redundancy == 1 and all(seat.is_held for seat in self.seats)

    @property
    def is_up(self) -> bool:
        """Whether at least one link is up."""
        return any(seat.is_up for seat in self.seats)

    def oldest_up(self) -> int | None:
        """The link to replace for the sake of its streams; None: none may go now."""
        if self.redundancy == 1:
            return self.active if self.seats[self.active].is_up else None
        if not all(seat.is_up for seat in self.seats):
            return None
        return min((0, 1), key=lambda side: self.seats[side].up_at)

    # What to do.

    def rest(self) -> list[Step]:
        """Nothing is left to carry: close both."""
        return [self._close(side) for side, seat in enumerate(self.seats) if seat.is_held]

    def steps(
        self, now: float, streams: int, awaited: Awaited, starved: Awaited = _nothing
    ) -> list[Step]:
        """What to do now; the steps count as done. ``streams`` is how many the connection has.

        ``starved``: side -> stream rows that the other link brings and this one does not.
        """
        for side, seat in enumerate(self.seats):
            seat.is_starved = seat.is_up and bool(starved(side))
            if self._is_old(seat, now):
                seat.why = Why.AGE
        if self.redundancy > 1:
            return self._pair(now, streams, awaited)
        return self._single(now, streams, awaited)

    def _is_old(self, seat: Seat, now: float) -> bool:
        is_old = now - seat.up_at >= self.rotate_after_s
        return seat.is_up and seat.why is None and is_old

    def _single(self, now: float, streams: int, awaited: Awaited) -> list[Step]:
        old, new = self.active, 1 - self.active
        if not self.seats[old].is_held:
            return [self._open(old, None)]
        if not self.seats[new].is_held:
            why = self.seats[old].why
            due = why is Why.SHUTDOWN or now >= self._not_before
            return [self._open(new, why)] if why and due else []
        if not self.seats[old].is_up:
            return self._after_a_cut(old, new)
        if self.carries(new, now, streams, awaited):
            self.active = new
            return [self._close(old, is_rotation=True)]
        if self._has_failed_trial(new, now):
            self._not_before = now + TRIAL_PAUSE_S
            if self.seats[old].why is not Why.SHUTDOWN:
                self.seats[old].why = None
            return [self._close(new, do=Do.GIVE_UP)]
        return []

    def _after_a_cut(self, old: int, new: int) -> list[Step]:
        """The old link is lost before the new one could take over: keep whoever is further on."""
        if self.seats[new].phase in (Phase.UP, Phase.OPENING):
            self.active = new
            self.seats[new].on_trial = False  # there is no other one to measure it by
            return [self._close(old)]
        return [self._close(new)]

    def _pair(self, now: float, streams: int, awaited: Awaited) -> list[Step]:
        for side, seat in enumerate(self.seats):
            if not seat.is_held:
                return [self._open(side, None), *self._pair(now, streams, awaited)]
        for side, seat in enumerate(self.seats):
            if not (seat.is_up and self.seats[1 - side].is_up):
                continue
            if seat.why is None and self._is_starved_for_good(seat, now):
                seat.why = Why.STARVED
                self._not_before = now + TRIAL_PAUSE_S
            if seat.on_trial and self.carries(side, now, streams, awaited):
                seat.on_trial = False
                return [Step(Do.ADOPT, side)]
            if seat.on_trial and self._has_failed_trial(side, now):
                return [self._close(side, do=Do.GIVE_UP), self._open(side, None)]
            why = seat.why
            if why is not None and self.carries(1 - side, now, streams, awaited):
                return [self._close(side, is_rotation=True), self._open(side, why)]
        return []

    def carries(self, side: int, now: float, streams: int, awaited: Awaited) -> bool:
        """Whether the other link may go: all that it brings comes over this one too."""
        seat = self.seats[side]
        if not seat.is_up or seat.acked_at is None:
            return False
        missing = awaited(side)
        if not missing:
            return True
        if now - seat.acked_at < QUIET_S or seat.is_starved:
            return False
        return not seat.on_trial or _proves_itself(streams, missing, awaited(1 - side))

    def _has_failed_trial(self, side: int, now: float) -> bool:
        seat = self.seats[side]
        is_over = seat.acked_at is not None and now - seat.acked_at >= TRIAL_S
        return seat.is_up and (seat.on_trial or seat.is_starved) and is_over

    def _is_starved_for_good(self, seat: Seat, now: float) -> bool:
        is_over = seat.acked_at is not None and now - seat.acked_at >= TRIAL_S
        return seat.is_starved and is_over and now >= self._not_before

    def _open(self, side: int, why: Why | None) -> Step:
        self.seats[side].is_held = True
        self.seats[side].phase = Phase.WAITING
        return Step(Do.OPEN, side, why)

    def _close(self, side: int, *, do: Do = Do.CLOSE, is_rotation: bool = False) -> Step:
        seat = self.seats[side]
        why = seat.why
        seat.is_held, seat.phase, seat.on_trial = False, Phase.IDLE, False
        seat.clear()
        return Step(do, side, why, is_rotation)


def _proves_itself(streams: int, missing: frozenset[int], missed: frozenset[int]) -> bool:
    """Whether another address delivers: something, and at least half of what the old one does."""
    lost = len(missing - missed)
    return len(missing) < streams and 2 * lost <= streams - len(missed)
