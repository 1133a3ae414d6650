"""What a shard carries: its connections with their streams, and how a changed plan gets there.

Joins rows, books and connections; the worker makes it and drives it. A change touches what it names
and nothing else: streams are added and left on the links that are up.
"""

from __future__ import annotations

import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterable

from gateway.core.engine import NO_ROW, Engine
from gateway.errors import ConfigError
from gateway.layout import Kind
from gateway.plan import PlanChange, PlanConnection, PlanStream
from gateway.shard.address import check_url
from gateway.shard.books import Books
from gateway.shard.connection import Connection
from gateway.shard.rows import NO_ROOM, Carried, Rows

LEFT_KEPT = 4096  # streams that were left, whose last frames are still on their way
LEFT_S = 10.0

_ENVELOPE = re.compile(rb'\{"stream":"([^"]*)"')


class Carrier:
    """The connections of a shard, by the plan's indices."""

    def __init__(
        self,
        engine: Engine,
        rows: Rows,
        books: Books,
        make: Callable[[PlanConnection, tuple[int, int]], Connection],
    ) -> None:
        """``make(plan, link rows)`` makes a connection and, once the shard runs, starts it."""
        self._engine = engine
        self._rows = rows
        self._books = books
        self._make = make
        self.connections: dict[int, Connection] = {}
        self._unusable: dict[int, str] = {}  # why a connection was not made
        self._left: dict[str, float] = {}  # stream -> when

    def apply(self, change: PlanChange) -> dict[str, str]:
        """Bring a change into force. Returns why not, by name of stream, symbol or connection."""
        refused = {
            symbol.row_name: NO_ROOM
            for symbol in change.symbols
            if not self._rows.add_symbol(symbol)
        }
        for connection in change.connections:
            why = self._add_connection(connection)
            refused.update({connection.name: why} if why else {})
        self._leave(
            carried for name in change.remove if (carried := self._rows.remove_stream(name))
        )
        refused.update(self._add_streams(change.add))
        for index, is_halted in change.halted:
            if (row := self._rows.symbol_row(index)) != NO_ROW:
                self._engine.set_halted(row, is_halted)
        for index in change.retire:
            self._leave(self._rows.retire_symbol(index))
        return refused

    def _add_connection(self, plan: PlanConnection) -> str:
        index = len(self._rows.links)
        try:
            for url in plan.urls:
                check_url(url)
        except ConfigError as exc:
            self._rows.skip_connection()
            self._unusable[index] = str(exc)
            return self._unusable[index]
        links = self._rows.add_connection(plan)
        if NO_ROW in links:
            self._unusable[index] = NO_ROOM
            return NO_ROOM
        self.connections[index] = self._make(plan, links)
        return ""

    def _add_streams(self, streams: Iterable[PlanStream]) -> dict[str, str]:
        refused: dict[str, str] = {}
        fresh: dict[int, dict[str, int]] = defaultdict(dict)
        for stream in streams:
            is_known = stream.name in self._rows.streams
            if stream.connection in self._unusable:
                refused[stream.name] = self._unusable[stream.connection]
                continue
            refused.update(self._rows.add_stream(stream))
            carried = self._rows.streams.get(stream.name)
            if carried is None or is_known or not carried.is_subscribed:
                continue
            self._left.pop(stream.name, None)
            fresh[stream.connection][carried.venue_name] = carried.row
            if stream.kind is Kind.DIFF:
                self._books.add(stream.connection, carried.symbol)
        for index, names in fresh.items():
            self.connections[index].add(names)
        return refused

    def _leave(self, streams: Iterable[Carried]) -> None:
        gone: dict[int, list[str]] = defaultdict(list)
        for carried in streams:
            if not carried.is_subscribed:
                continue
            gone[carried.plan.connection].append(carried.venue_name)
            self._remember_left(carried.plan.name)
            if carried.plan.kind is Kind.DIFF:
                self._books.remove(carried.plan.connection, carried.symbol)
        for index, names in gone.items():
            self.connections[index].remove(names)

    def _remember_left(self, name: str) -> None:
        if len(self._left) >= LEFT_KEPT:
            del self._left[next(iter(self._left))]
        self._left[name] = time.monotonic()

    def has_left(self, link_row: int, head: bytes) -> bool:
        """Whether a frame is of a stream that was left just now: the venue had it on its way."""
        found = _ENVELOPE.match(head)
        if found is None or not self._left:
            return False
        market = self._rows.link_name(link_row).partition("/")[0]
        name = f"{market}:{found[1].decode('utf-8', 'replace')}"
        return time.monotonic() - self._left.get(name, -LEFT_S) < LEFT_S

    def of_stream(self, row: int) -> Connection | None:
        """The connection of a stream row, while it is carried."""
        carried = self._rows.carried(row)
        return self.connections.get(carried.plan.connection) if carried else None

    def index_of(self, connection: Connection) -> int:
        """A connection's index in the plan."""
        return next(index for index, known in self.connections.items() if known is connection)
