"""What is missing in the streams, as the gateway keeps the books on it: the section GAPS."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gateway_client.attached import Attached
from gateway_client.directory import Directory
from gateway_client.layout import NULL, SIZES, GapState, SectionKind
from gateway_client.records import GAP_STATES, KINDS, EventKind
from gateway_client.tables import Row, decode


@dataclass(frozen=True, slots=True)
class Gap:
    """A break of a stream. Ids are inclusive; those of candles are open times in ms.

    Times are ns since the Unix epoch. ``number`` counts from 1 in each shard since its start, and
    stands in the GAP and GAP_CLOSED events too.
    """

    number: int
    shard: int
    stream: str
    subject: EventKind
    """What the stream delivers: TRADE, KLINE, DIFF …"""
    state: GapState
    first_id: int | None
    """None where it has no ids: then events may be missing between ts_before and ts_after."""
    last_id: int | None
    missing: int
    """Ids that are missing; 0: unknown."""
    recovered: int
    """Of these, ids that came after all."""
    opened: int
    closed: int | None
    """None while it is open."""
    ts_before: int | None
    """The venue's time of the last event before it."""
    ts_after: int | None
    """The venue's time of the first event behind it."""

    @property
    def is_open(self) -> bool:
        """Whether it may still be filled."""
        return self.state is GapState.OPEN


def gaps(directory: Directory) -> list[Gap]:
    """The newest gaps of every shard, 1,024 at most of each, by shard and number.

    Also those of a shard that is dead: what it missed stays missed. Nothing of a writer whose
    layout had no GAPS yet.
    """
    found = [gap for each in directory.attached for gap in _of_shard(each)]
    return sorted(found, key=lambda gap: (gap.shard, gap.number))


def _of_shard(attached: Attached) -> Iterator[Gap]:
    segment, size = attached.segment, SIZES["gap"]
    count = segment.capacity(SectionKind.GAPS)
    cells = segment.scan(SectionKind.GAPS, list(range(count)), size) if count else b""
    for at in range(0, len(cells), size):
        row = decode("gap", cells, at)
        if row["gap_number"]:
            yield _gap(attached, row)


def _gap(attached: Attached, row: Row) -> Gap:
    streams, has_ids = attached.streams, bool(row["first_id"])
    return Gap(
        number=row["gap_number"],
        shard=attached.shard.shard_id,
        stream=streams[row["stream"]].name if row["stream"] < len(streams) else "",
        subject=KINDS.get(row["subject"], EventKind.UNKNOWN),
        state=GAP_STATES[row["gap_state"] & 0xFF],
        first_id=row["first_id"] if has_ids else None,
        last_id=row["last_id"] if has_ids else None,
        missing=row["missing"],
        recovered=row["recovered"],
        opened=row["opened_real"],
        closed=_time(row["closed_real"]),
        ts_before=_time(row["ts_before"]),
        ts_after=_time(row["ts_after"]),
    )


def _time(value: int) -> int | None:
    return None if value == NULL else value
