"""The directory of streams as reads need it: names, kinds, and where the latest value lies.

A stream has its latest value in a slot of its instrument (one quote, one ticker … each), or, where
its kind has none there, in a VALUES slot of its own. ARRAY, MERGED and SYNTHETIC streams have none:
their rows are streams themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from gateway_client.layout import Kind, RowState, SectionKind, Shape
from gateway_client.tables import Rows, columns, text

SLOTS: Final[dict[int, tuple[tuple[SectionKind, int], ...]]] = {
    Kind.QUOTE: ((SectionKind.QUOTE, 0),),
    Kind.TRADE: ((SectionKind.LAST_TRADE, 0),),
    Kind.AGG_TRADE: ((SectionKind.LAST_TRADE, 1),),
    Kind.TICKER: ((SectionKind.TICKER, 0),),
    Kind.MINI_TICKER: ((SectionKind.TICKER, 1),),
    Kind.DIFF: ((SectionKind.BOOK, 0), (SectionKind.QUOTE, 1)),
    Kind.PARTIAL: ((SectionKind.PARTIAL, 0),),
    Kind.MARK_PRICE: ((SectionKind.MARK_PRICE, 0),),
    Kind.INDEX_PRICE: ((SectionKind.MARK_PRICE, 1),),
}
"""Kind -> the slots of its instrument that it feeds, its own first, and its rank: 0 before 1."""

SPLIT_RANK: Final = 10  # rows of an array come after streams of the instrument's own
WHOLE: Final = (Shape.ARRAY, Shape.MERGED, Shape.SYNTHETIC)
_FIELDS = ("name", "kind", "symbol", "state", "parent", "value", "shape")


class StreamRow(NamedTuple):
    """One row of STREAMS: what of it does not change, and its state."""

    name: str
    kind: int
    symbol: int
    state: int
    parent: int
    value: int
    shape: int

    @property
    def is_active(self) -> bool:
        """Whether it is subscribed now."""
        return self.state == RowState.ACTIVE

    @property
    def is_whole(self) -> bool:
        """Whether its frames are of many instruments, each of which has a stream of its own."""
        return self.shape in WHOLE


def stream_rows(rows: Rows, known: Sequence[StreamRow] = ()) -> list[StreamRow]:
    """All rows in use of the directory; of those that are ``known`` only the state may differ."""
    data, stride = rows
    known = known[: len(data) // stride]
    states = columns("stream", ("state",), (data[: len(known) * stride], stride))
    found = [
        row if row.state == state else row._replace(state=state)
        for row, (state,) in zip(known, states, strict=True)
    ]
    new = columns("stream", _FIELDS, (data[len(known) * stride :], stride))
    return found + [StreamRow(text(name), *rest) for name, *rest in new]


def fed_slots(streams: list[StreamRow]) -> dict[tuple[int, int], int]:
    """(row of SYMBOLS, section) -> rank of the best stream that feeds that slot."""
    found: dict[tuple[int, int], int] = {}
    for row in streams:
        if not row.is_active or row.is_whole:
            continue
        for section, rank in SLOTS.get(row.kind, ()):
            rank += SPLIT_RANK if row.shape == Shape.ROW else 0
            key = (row.symbol, int(section))
            found[key] = min(rank, found.get(key, rank))
    return found
