"""A shard as a reader sees it: its segment, and an index of what the segment's directories say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gateway_client.layout import FIELDS, RowState, SectionKind
from gateway_client.plain import Instrument, Segment
from gateway_client.rundir import Shard
from gateway_client.streams import StreamRow, fed_slots, stream_rows
from gateway_client.tables import Row, columns, decode_rows

_EPOCH = FIELDS["header"]["directory_epoch"][0]
UNFED = 1_000
"""Rank of a slot that no stream feeds."""


@dataclass(slots=True)
class Attached:
    """A shard of the manifest with its segment; everything else as of ``directory_epoch``."""

    shard: Shard
    segment: Segment
    directory_epoch: int
    nameless: Instrument
    """Stands in for "no instrument" in events."""
    by_row: list[Instrument]
    active: dict[str, Instrument]
    retired: dict[str, Instrument]
    streams: list[StreamRow]
    _fed: dict[tuple[int, int], int] | None = None

    def rank(self, instrument: Instrument, section: SectionKind) -> int:
        """How well the slot of ``instrument`` is fed here: 0 is best, UNFED not at all."""
        if self._fed is None:
            self._fed = fed_slots(self.streams)
        return self._fed.get((instrument.row, int(section)), UNFED)

    def instrument(self, row: int) -> Instrument:
        """The instrument in a row of SYMBOLS, or ``nameless``."""
        return self.by_row[row] if row < len(self.by_row) else self.nameless

    def is_current(self) -> bool:
        """Whether the directories are still as they were indexed."""
        return epoch_of(self.segment) == self.directory_epoch


def epoch_of(segment: Segment) -> int:
    """The header's directory_epoch: another number, other rows."""
    return int.from_bytes(segment.header()[_EPOCH : _EPOCH + 4], "little")


def index(
    shard: Shard,
    segment: Segment,
    make_instrument: Callable[..., Instrument],
    old: Attached | None = None,
) -> Attached:
    """Read the directories; of what ``old`` knows only the state, as rows never change or move."""
    # In this order: what comes meanwhile is found the next time, and no stream names a symbol that
    # was not read yet.
    epoch = epoch_of(segment)
    streams = stream_rows(segment.rows(SectionKind.STREAMS), old.streams if old else [])
    data, stride = segment.rows(SectionKind.SYMBOLS)
    by_row = old.by_row[: len(data) // stride] if old else []
    for symbol in decode_rows("symbol", (data[len(by_row) * stride :], stride)):
        by_row.append(_instrument(make_instrument, segment, len(by_row), symbol))
    active: dict[str, Instrument] = {}
    retired: dict[str, Instrument] = {}
    for each, (state,) in zip(by_row, columns("symbol", ("state",), (data, stride)), strict=True):
        (active if state == RowState.ACTIVE else retired)[each.symbol] = each
    return Attached(
        shard, segment, epoch, make_instrument(segment, 0, "", 0, 0, 0, 0), by_row, active, retired,
        streams,
    )  # fmt: skip


def _instrument(
    make: Callable[..., Instrument], segment: Segment, row: int, found: Row
) -> Instrument:
    return make(
        segment, row, f"{found['market_name']}:{found['symbol']}",
        found["px_exponent"], found["qty_exponent"], found["tick"], found["step"],
    )  # fmt: skip
