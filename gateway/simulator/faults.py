"""What the simulator does wrong on purpose. Pure: it decides and counts, others act.

Frames are hit on the wire only; the truth always keeps them. Every decision is a function of the
seed, the stream and the frame's number, so a run can be repeated.
"""

from __future__ import annotations

from collections import Counter
from typing import Final, NamedTuple
from zlib import crc32

from gateway.simulator.fault_plan import Damage, Fault, FaultPlan, FrameFaults, fits

_MASK: Final = (1 << 64) - 1


class Drops:
    """Frames to be taken off the wire.

    ``every``: of each diff-depth stream, the frames number every, 2 x every, 3 x every ... are
    dropped, counted from 1 over the frames that at least one socket was due to get. ``arm`` drops
    the next frames of one stream, of any kind.
    """

    def __init__(self, every: int | None = None) -> None:
        self.every = every
        self.dropped: Counter[str] = Counter()
        self._seen: Counter[str] = Counter()
        self._armed: Counter[str] = Counter()

    def arm(self, stream: str, count: int) -> None:
        """Drop the next ``count`` frames of ``stream``, written with its market."""
        self._armed[stream] += count

    def concerns(self, stream: str, is_diff: bool) -> bool:
        """Say whether ``take`` needs to be asked for this stream at all."""
        return (is_diff and self.every is not None) or self._armed[stream] > 0

    def take(self, stream: str, is_diff: bool) -> bool:
        """Say whether the stream's next frame is dropped, and count it."""
        is_due = False
        if is_diff and self.every is not None:
            self._seen[stream] += 1
            is_due = self._seen[stream] % self.every == 0
        if self._armed[stream] > 0:
            self._armed[stream] -= 1
            is_due = True
        if is_due:
            self.dropped[stream] += 1
        return is_due


class Decision(NamedTuple):
    """What becomes of a frame: nothing (None), or one fault with what it needs."""

    fault: Fault | None = None
    delay_s: float = 0.0
    damage: Damage = Damage.ANY
    roll: int = 0  # 64 bits that choose the place of the damage


UNHURT: Final = Decision()
_Row = tuple[FrameFaults, tuple[tuple[Fault, float], ...]]  # and what of it has a share at all


class Faults:
    """The frames' part of a plan. ``plan`` may be replaced at any time."""

    def __init__(self, plan: FaultPlan | None = None) -> None:
        self._plan = plan or FaultPlan()
        self._rows: dict[str, _Row | None] = {}

    @property
    def plan(self) -> FaultPlan:
        """Return the plan in force."""
        return self._plan

    @plan.setter
    def plan(self, plan: FaultPlan) -> None:
        self._plan = plan
        self._rows = {}

    def concerns(self, stream: str) -> bool:
        """Say whether ``decide`` can hit this stream (``spot:btcusdt@trade``) at all."""
        return self._row(stream) is not None

    def _row(self, stream: str) -> _Row | None:
        if stream not in self._rows:
            rows = self._plan.frames if self._plan.on else ()
            found = next((row for row in rows if fits(stream, row.streams)), None)
            shares = tuple(part for part in found.shares if part[1]) if found else ()
            self._rows[stream] = (found, shares) if found is not None and shares else None
        return self._rows[stream]

    def decide(self, stream: str, number: int, connection: int = 0) -> Decision:
        """Return what becomes of the ``number``-th frame of a stream, counted from 1.

        ``connection`` matters to plans that are ``per_connection`` alone.
        """
        found = self._row(stream)
        if found is None:
            return UNHURT
        row, shares = found
        if number <= row.after or (row.until is not None and number > row.until):
            return UNHURT
        salt = connection if self._plan.per_connection else 0
        roll = dice(self._plan.seed, stream, number, salt)
        left = share_of(roll)
        for fault, share in shares:
            if left < share:
                return Decision(fault, row.delay_seconds, row.damage, dice(roll, stream, number))
            left -= share
        return UNHURT


def dice(seed: int, name: str, number: int, salt: int = 0) -> int:
    """Return 64 bits that look random and are the same for the same arguments."""
    state = crc32(name.encode(), seed & 0xFFFFFFFF) << 32 | crc32(b"%d/%d" % (seed, salt))
    # SplitMix64 (Steele, Lea, Flood 2014): a step for the number, then its finalizer
    state = (state + number * 0x9E3779B97F4A7C15) & _MASK
    state = ((state ^ state >> 30) * 0xBF58476D1CE4E5B9) & _MASK
    state = ((state ^ state >> 27) * 0x94D049BB133111EB) & _MASK
    return state ^ state >> 31


def share_of(roll: int) -> float:
    """Return a roll as a number from 0 to below 1."""
    return (roll >> 11) / (1 << 53)
