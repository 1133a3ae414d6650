"""What the streams of each instrument say together, from the directories of streams.

Ten thousand streams are read in some ten milliseconds: only columns of what is needed are decoded.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Final

from gateway.watch.places import Places
from gateway.watch.states import RANKS, SEVERITY
from gateway_client import Status
from gateway_client.attached import Attached
from gateway_client.delivery import Delivery, delivery
from gateway_client.layout import RowState, SectionKind, Shape
from gateway_client.tables import columns
from gateway_client.values import STATUSES

TROUBLED_MAX: Final = 100
_WELL: Final = frozenset((Delivery.DELIVERING, Delivery.QUIET, Delivery.WAITING))
_FIELDS: Final = (
    "status", "symbol", "state", "sequence", "mono_recv", "gap_count", "shape", "limit_ns",
    "mono_acked",
)  # fmt: skip
_ACTIVE, _ROW, _LIVE = int(RowState.ACTIVE), int(Shape.ROW), int(Status.LIVE)
_RANKS: Final = [RANKS[status] for status in STATUSES]  # by number
_DEAD: Final[str] = Delivery.DEAD


@dataclass(slots=True)
class Together:
    """The streams of one instrument; all zero where it has none."""

    streams: int = 0
    gaps: int = 0
    mono_recv: int = 0
    rank: int = RANKS[Status.LIVE]
    frames: dict[int, int] = field(default_factory=dict)

    @property
    def state(self) -> Status:
        """The worst of them."""
        return SEVERITY[self.rank]


@dataclass(slots=True)
class Streams:
    """Of all shards: by place of the instrument, by shard what they do, and the troubled ones."""

    of: defaultdict[int, Together]
    deliveries: list[Counter[str]]
    troubled: list[tuple[str, str]]


def read(shards: list[Attached], places: Places, alive: list[bool], now: int) -> Streams:
    """Read every directory of streams; ``now`` by CLOCK_MONOTONIC in ns."""
    found = Streams(defaultdict(Together), [], [])
    for each, numbers, is_alive in zip(shards, places.numbers, alive, strict=True):
        deliveries: Counter[str] = Counter()
        delivering = 0
        rows = columns("stream", _FIELDS, each.segment.rows(SectionKind.STREAMS))
        # Rows that came since the directory was indexed have no name here yet.
        for known, row in zip(each.streams, rows, strict=False):
            status, symbol, state, frames, heard, gaps, shape, limit, acked = row
            if state != _ACTIVE:
                continue
            if shape != _ROW:
                if status == _LIVE and heard and is_alive:
                    delivering += 1  # as ``delivery`` has it; nearly all of thousands
                else:
                    does = _delivery(status, heard, limit, acked, now) if is_alive else _DEAD
                    deliveries[does] += 1
                    _note(found.troubled, known.name, does)
            number = numbers[symbol] if symbol < len(numbers) else None
            if number is not None:
                shown = status if is_alive else Status.DEAD
                _add(found.of[number], each.segment.generation, frames, heard, gaps, shown)
        if delivering:
            deliveries[Delivery.DELIVERING] += delivering
        found.deliveries.append(deliveries)
    return found


def _delivery(status: int, heard: int, limit: int, acked: int, now: int) -> str:
    row = {"status": status, "mono_recv": heard, "limit_ns": limit, "mono_acked": acked}
    return delivery(row, now)


def _note(troubled: list[tuple[str, str]], name: str, does: str) -> None:
    if does not in _WELL and len(troubled) < TROUBLED_MAX:
        troubled.append((name, str(does)))


def _add(to: Together, generation: int, frames: int, heard: int, gaps: int, status: int) -> None:
    to.streams += 1
    to.gaps += gaps
    to.frames[generation] = to.frames.get(generation, 0) + frames
    if heard > to.mono_recv:
        to.mono_recv = heard
    if _RANKS[status] < to.rank:
        to.rank = _RANKS[status]
