"""From the plan's indices to rows of the segment: symbols, links, streams, rows of arrays.

Rows are only added and retired, never used for anything else; a plan's index goes on meaning the
same thing when an instrument moves to a new row. What is added, publisher and core learn here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from gateway.core.engine import NO_ROW, Engine
from gateway.layout import Market, Shape
from gateway.plan import NONE, PlanConnection, PlanStream, PlanSymbol
from gateway.shard.predecessor import Left

LINKS = ("a", "b")  # what the two links of a connection are called
NO_ROOM = "there is no room left for it in the segment; raise the capacities, and start again"


class Publisher(Protocol):
    """What the publisher must know of rows."""

    def add_stream(self, row: int, name: str, shape: Shape = Shape.OBJECT) -> None: ...

    def remove_stream(self, row: int, name: str, shape: Shape = Shape.OBJECT) -> None: ...

    def add_symbol(self, row: int, name: str) -> None: ...


@dataclass(slots=True)
class Carried:
    """A stream of the plan that has a row."""

    row: int
    plan: PlanStream
    symbol: int  # row, or NO_ROW

    @property
    def is_subscribed(self) -> bool:
        """Whether the venue sends it; a SYNTHETIC one is put together here."""
        return self.plan.shape is not Shape.SYNTHETIC

    @property
    def venue_name(self) -> str:
        """As the venue subscribes it: without the market."""
        return self.plan.name.partition(":")[2]


@dataclass(slots=True)
class _Share:
    """The stream that one symbol's rows of an array are published as."""

    row: int
    parent: str
    symbol: int  # row


class Rows:
    """The directory's rows, as this shard filled them."""

    def __init__(self, engine: Engine, publisher: Publisher) -> None:
        self._engine = engine
        self._publisher = publisher
        self.symbols: dict[int, PlanSymbol] = {}  # by row
        self.streams: dict[str, Carried] = {}
        self.links: list[tuple[int, int]] = []  # rows of a connection's links, by plan index
        self._symbol_rows: list[int] = []  # by plan index
        self._shares: dict[str, _Share] = {}  # by the name of the stream
        self._synthetics: dict[str, Carried] = {}
        self._names: dict[int, str] = {}  # of stream rows, also of those that are retired
        self._link_names: dict[int, str] = {}

    # Names, for people.

    def symbol_name(self, row: int) -> str:
        """spot:BTCUSDT."""
        symbol = self.symbols.get(row)
        return f"{symbol.market.name.lower()}:{symbol.row_name}" if symbol else f"symbol row {row}"

    def stream_name(self, row: int) -> str:
        """spot:btcusdt@trade."""
        return self._names.get(row, f"stream row {row}")

    def link_name(self, row: int) -> str:
        """spot/public/0/a."""
        return self._link_names.get(row, f"connection row {row}")

    # Symbols.

    def add_symbol(self, symbol: PlanSymbol) -> bool:
        """Append a symbol to the plan's list. False: there is no row left for it."""
        row = self._engine.add_symbol(symbol)
        self._symbol_rows.append(row)
        if row != NO_ROW:
            self._name_symbol(row, symbol)
        return row != NO_ROW

    def _name_symbol(self, row: int, symbol: PlanSymbol) -> None:
        self.symbols[row] = symbol
        self._publisher.add_symbol(row, self.symbol_name(row))

    def symbol_row(self, index: int) -> int:
        """The row of a symbol of the plan; NO_ROW for NONE and for what got no row."""
        return self._symbol_rows[index] if 0 <= index < len(self._symbol_rows) else NO_ROW

    def rows_of(self, market: Market, symbol: str) -> list[int]:
        """The rows in use of an instrument: its own, and that of its variant."""
        used = [row for row in self._symbol_rows if row != NO_ROW]
        wanted = (market, symbol)
        return [r for r in used if (self.symbols[r].market, self.symbols[r].symbol) == wanted]

    def symbol_of(self, stream: str) -> int:
        """The symbol row of a stream, or of the stream of an array's rows; NO_ROW: none."""
        item = self.streams.get(stream) or self._shares.get(stream)
        return item.symbol if item else NO_ROW

    def replace_symbol(self, old: int, symbol: PlanSymbol) -> int:
        """Move an instrument and its streams to a new row with other exponents; NO_ROW: no room."""
        new = self._engine.replace_symbol(old, symbol)
        if new == NO_ROW:
            return NO_ROW
        self._name_symbol(new, symbol)
        self._symbol_rows = [new if row == old else row for row in self._symbol_rows]
        for stream in self.streams.values():
            stream.symbol = new if stream.symbol == old else stream.symbol
        for share in self._shares.values():
            share.symbol = new if share.symbol == old else share.symbol
        return new

    def retire_symbol(self, index: int) -> list[Carried]:
        """The venue lists it no more. Returns its streams, which are gone with it."""
        row = self.symbol_row(index)
        if row == NO_ROW:
            return []
        gone = [name for name, stream in self.streams.items() if stream.symbol == row]
        removed = [stream for name in gone if (stream := self.remove_stream(name))]
        for name in [name for name, share in self._shares.items() if share.symbol == row]:
            self._end_share(name)
        self._engine.retire_symbol(row)
        self._symbol_rows[index] = NO_ROW
        return removed

    # Connections and streams.

    def add_connection(self, connection: PlanConnection) -> tuple[int, int]:
        """Append a connection with its two links. Their rows; NO_ROW where there is no room."""
        names = [f"{connection.name}/{letter}" for letter in LINKS]
        first = self._engine.add_connection(names[0], connection.market)
        second = NO_ROW if first == NO_ROW else self._engine.add_link(names[1], first)
        self.links.append((first, second))
        self._link_names.update(zip((first, second), names, strict=True))
        return first, second

    def skip_connection(self) -> None:
        """Append a connection that cannot be used, so that indices go on meaning the same."""
        self.links.append((NO_ROW, NO_ROW))

    def shown_by(self, row: int) -> list[tuple[int, str]]:
        """The stream that has this row, or the streams of its array's rows: (row, name) each."""
        name, carried = self.stream_name(row), self.carried(row)
        if carried is None or not carried.plan.split:
            return [(row, name)]
        return [(share.row, n) for n, share in self._shares.items() if share.parent == name]

    def carried(self, row: int) -> Carried | None:
        """The stream of the plan that has this row, while it is carried."""
        return self.streams.get(self._names.get(row, ""))

    def add_stream(self, stream: PlanStream) -> dict[str, str]:
        """Give a stream its row, and its rows theirs. Returns why not, by name of stream.

        An array that is carried already comes with its ``rows`` and ``covered`` as they are now.
        """
        if stream.name in self.streams:
            return self._share_out(self.streams[stream.name], stream)
        symbol = self.symbol_row(stream.symbol)
        if stream.symbol != NONE and symbol == NO_ROW:
            return {stream.name: "its symbol has no row"}
        share = self._cover(stream.name)
        try:
            row = self._row_of(stream, symbol)
        except ValueError as exc:  # longer than the directory's field
            return {stream.name: str(exc)}
        if row == NO_ROW:
            if share is not None:
                self._begin_share(stream.name, share.parent, share.symbol)
            return {stream.name: NO_ROOM}
        carried = self.streams[stream.name] = Carried(row, stream, symbol)
        self._names[row] = stream.name
        self._publisher.add_stream(row, stream.name, stream.shape)
        self._collect(carried)
        return self._share_out(carried, stream)

    def _row_of(self, stream: PlanStream, symbol: int) -> int:
        if stream.shape is Shape.SYNTHETIC:
            return self._engine.add_synthetic(stream.name, stream.kind)
        index = stream.connection
        first = self.links[index][0] if 0 <= index < len(self.links) else NO_ROW
        if first == NO_ROW:
            return NO_ROW
        shape, expected = stream.shape, stream.expected_ms
        name, kind, levels = stream.name, stream.kind, stream.levels
        return self._engine.add_stream(
            name, kind, symbol, first, levels, shape=shape, expected_ms=expected
        )

    def inherit(self, left: Mapping[str, Left]) -> None:
        """Let streams go on where the process before this one was, so that the hole is a gap."""
        for row, name in self._names.items():
            if name in left:
                self._engine.inherit(row, *left[name])

    def remove_stream(self, name: str) -> Carried | None:
        """Retire a stream and what was made of its rows; None: it is not carried."""
        carried = self.streams.pop(name, None)
        if carried is None:
            return None
        for child in [child for child, share in self._shares.items() if share.parent == name]:
            self._end_share(child)
        if self._synthetics.pop(name, None):
            self._release(carried)
        self._engine.remove_stream(carried.row)
        self._publisher.remove_stream(carried.row, name, carried.plan.shape)
        return carried

    # Rows of arrays.

    def _share_out(self, carried: Carried, stream: PlanStream) -> dict[str, str]:
        """Publish an array's rows as streams; what is covered is left to whoever feeds it."""
        if not stream.split or stream.shape is Shape.SYNTHETIC:
            return {}
        parent = stream.name
        fed = {self._row_name(row, stream.split): row for row in self._known(stream.rows)}
        for name in [n for n, s in self._shares.items() if s.parent == parent and n not in fed]:
            self._end_share(name)
        for symbol in self._known(stream.covered):
            self._engine.cover_row(carried.row, symbol)
        missing = [name for name in fed if name not in self._shares and name not in self.streams]
        return {name: NO_ROOM for name in missing if not self._begin_share(name, parent, fed[name])}

    def _known(self, indices: Iterable[int]) -> list[int]:
        rows = map(self.symbol_row, indices)
        return [row for row in rows if row != NO_ROW]

    def _row_name(self, symbol: int, split: str) -> str:
        plan = self.symbols[symbol]
        return f"{plan.market.name.lower()}:{plan.symbol.lower()}@{split}"

    def _begin_share(self, name: str, parent: str, symbol: int) -> bool:
        """Publish a symbol's rows of an array. False: there is no room."""
        row = self._engine.add_row(self.streams[parent].row, symbol, name)
        if row == NO_ROW:
            return False
        self._shares[name] = _Share(row, parent, symbol)
        self._names[row] = name
        self._publisher.add_stream(row, name)
        return True

    def _cover(self, name: str) -> _Share | None:
        """Leave a symbol's rows of an array to the stream that is subscribed by itself."""
        share = self._shares.get(name)
        if share is not None:
            self._end_share(name)
            self._engine.cover_row(self.streams[share.parent].row, share.symbol)
        return share

    def _end_share(self, name: str) -> None:
        share = self._shares.pop(name)
        self._engine.remove_stream(share.row)
        self._publisher.remove_stream(share.row, name)

    # What is put together here.

    @property
    def synthetics(self) -> list[int]:
        """Rows of the streams that are put together here."""
        return [stream.row for stream in self._synthetics.values()]

    def _collect(self, carried: Carried) -> None:
        """Have a new stream collected, or have a new SYNTHETIC one collect what there is."""
        if carried.plan.shape is Shape.SYNTHETIC:
            self._synthetics[carried.plan.name] = carried
            for stream in self.streams.values():
                if _feeds(stream.plan, carried.plan):
                    self._engine.collect(stream.row, carried.row)
            return
        for synthetic in self._synthetics.values():
            if _feeds(carried.plan, synthetic.plan):
                self._engine.collect(carried.row, synthetic.row)

    def _release(self, synthetic: Carried) -> None:
        for stream in self.streams.values():
            if _feeds(stream.plan, synthetic.plan):
                self._engine.collect(stream.row, NO_ROW)


def _feeds(stream: PlanStream, synthetic: PlanStream) -> bool:
    """Whether a stream's events are rows of a synthetic array: one symbol's, of its kind."""
    is_one = stream.shape is Shape.OBJECT and stream.symbol != NONE
    return is_one and stream.kind is synthetic.kind and _market(stream) == _market(synthetic)


def _market(stream: PlanStream) -> str:
    return stream.name.partition(":")[0]
