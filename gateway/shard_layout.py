"""What one shard holds: symbols, connections and streams under the indices that its process knows.

Pure. Indices count on for the life of a process and are never used twice; ``renumbered`` is what a
new process starts with.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field

from msgspec import structs

from gateway.array_rows import ArrayRows
from gateway.instruments import Instruments, Life
from gateway.layout import Market
from gateway.placement import Line
from gateway.plan import NONE, PlanConnection, PlanStream, PlanSymbol
from gateway.streams import Stream

RowKey = tuple[Market, str]  # market and name of a row: BTCUSDT, BTCUSDT.RPI


@dataclass(frozen=True, slots=True)
class Placed:
    """A stream with its place; ``rate`` is what it is expected to send, in messages a second."""

    stream: Stream
    rate: float
    plan: PlanStream


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a shard is to carry: its streams, with rows and rates of all streams by name."""

    streams: Mapping[str, Stream]
    rows: Mapping[str, ArrayRows]
    rates: Mapping[str, float]
    instruments: Instruments


@dataclass(slots=True)
class ShardLayout:
    """One shard. ``rows`` has the indices of the symbols that are not retired."""

    shard_id: int
    symbols: list[PlanSymbol] = field(default_factory=list)
    rows: dict[RowKey, int] = field(default_factory=dict)
    connections: list[PlanConnection] = field(default_factory=list)
    streams: dict[str, Placed] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Messages a second that all its streams are expected to send."""
        return sum(placed.rate for placed in self.streams.values())

    @property
    def halted(self) -> list[PlanSymbol]:
        """Return the symbols of its streams, and of their rows, that do not trade."""
        used = {n for placed in self.streams.values() for n in _symbols_of(placed.plan)}
        return [self.symbols[n] for n in sorted(used) if self.symbols[n].is_halted]

    def row(self, symbol: PlanSymbol) -> int:
        """Return the index of a symbol, appending it where it is new."""
        key = (symbol.market, symbol.row_name)
        if key not in self.rows:
            self.rows[key] = len(self.symbols)
            self.symbols.append(symbol)
        return self.rows[key]

    def lines(self, prefix: str) -> dict[int, Line]:
        """Return the connections whose names begin with ``prefix``, and how full they are."""
        lines = {n: Line() for n, c in enumerate(self.connections) if c.name.startswith(prefix)}
        for placed in self.streams.values():
            line = lines.get(placed.plan.connection)
            if line is not None:
                line.count += 1
                line.rate += placed.rate
        return lines

    def remove_all_but(self, names: Container[str]) -> list[str]:
        """Take out every other stream; return their names."""
        removed = [name for name in self.streams if name not in names]
        for name in removed:
            del self.streams[name]
        return removed

    def add(self, stream: Stream, connection: int, wanted: Wanted) -> PlanStream:
        """Take in a stream with the symbols that it needs; return its plan."""
        symbol = NONE
        if stream.symbol:
            own = wanted.instruments[stream.market, stream.symbol].symbol
            symbol = self.row(structs.replace(own, variant=stream.form.variant))
        form = stream.form
        plan = PlanStream(
            name=stream.name,
            kind=form.kind,
            symbol=symbol,
            connection=connection,
            levels=form.levels,
            shape=form.shape,
            expected_ms=form.expected_ms,
            split=form.split,
        )
        plan = self._with_rows(plan, stream, wanted)
        self.streams[stream.name] = Placed(stream, wanted.rates[stream.name], plan)
        return plan

    def extend(self, wanted: Wanted) -> list[PlanStream]:
        """Bring the rows of streams of many symbols up to date; return the plans that differ."""
        changed = []
        for name, placed in self.streams.items():
            plan = self._with_rows(placed.plan, placed.stream, wanted)
            if plan != placed.plan:
                changed.append(plan)
                self.streams[name] = Placed(placed.stream, wanted.rates[name], plan)
        return changed

    def follow(self, instruments: Instruments) -> tuple[list[tuple[int, bool]], list[int]]:
        """Take over what the venue says of symbols; return what halts or resumes, and what retires.

        Exponents that changed count from the next process on: a running one asks for them itself.
        """
        halted, retired = [], []
        for key, row in list(self.rows.items()):
            old = self.symbols[row]
            instrument = instruments.get((old.market, old.symbol))
            if instrument is None or instrument.life is Life.GONE:
                retired.append(row)
                del self.rows[key]
                continue
            if instrument.symbol.is_halted != old.is_halted:
                halted.append((row, instrument.symbol.is_halted))
            self.symbols[row] = structs.replace(instrument.symbol, variant=old.variant)
        return halted, retired

    def _with_rows(self, plan: PlanStream, stream: Stream, wanted: Wanted) -> PlanStream:
        rows = wanted.rows.get(stream.name)
        if rows is None:
            return plan
        fed, covered = (
            tuple(sorted(self._listed(stream.market, symbol, wanted) for symbol in symbols))
            for symbols in (rows.rows, rows.covered)
        )
        return structs.replace(plan, rows=fed, covered=covered)

    def _listed(self, market: Market, symbol: str, wanted: Wanted) -> int:
        return self.row(wanted.instruments[market, symbol].symbol)

    def renumbered(self) -> ShardLayout:
        """Return the same shard without what is not used, counted from 0."""
        used = {n for placed in self.streams.values() for n in _symbols_of(placed.plan)}
        carrying = {placed.plan.connection for placed in self.streams.values()}
        symbols = {old: new for new, old in enumerate(sorted(used))}
        connections = {old: new for new, old in enumerate(sorted(carrying - {NONE}))}
        symbols[NONE] = connections[NONE] = NONE
        return ShardLayout(
            self.shard_id,
            [self.symbols[old] for old in sorted(used)],
            {key: symbols[old] for key, old in self.rows.items() if old in used},
            [self.connections[old] for old in sorted(carrying - {NONE})],
            {name: _moved(placed, symbols, connections) for name, placed in self.streams.items()},
        )


def _symbols_of(plan: PlanStream) -> set[int]:
    return {plan.symbol, *plan.rows, *plan.covered} - {NONE}


def _moved(placed: Placed, symbols: Mapping[int, int], connections: Mapping[int, int]) -> Placed:
    plan = structs.replace(
        placed.plan,
        symbol=symbols[placed.plan.symbol],
        connection=connections[placed.plan.connection],
        rows=tuple(symbols[row] for row in placed.plan.rows),
        covered=tuple(symbols[row] for row in placed.plan.covered),
    )
    return Placed(placed.stream, placed.rate, plan)
