"""Instruments and layouts for tests of the planner, and a shard that follows what it is told."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.config import Config
from gateway.instruments import Instrument, Instruments, life_of
from gateway.layout import Market
from gateway.plan import (
    NONE,
    PlanChange,
    PlanConnection,
    PlanStream,
    PlanSymbol,
    ShardPlan,
)
from gateway.planner import Layout
from gateway.stream_forms import Subject
from gateway.streams import Stream, parse_all


def instrument(name: str, status: str = "TRADING", subject: Subject = Subject.SYMBOL) -> Instrument:
    """An instrument, as spot:BTCUSDT; contracts as coinm:BTCUSD_PERP belong to their pair."""
    market, _, symbol = name.partition(":")
    halted = life_of(status).name != "TRADING"
    plan = PlanSymbol(Market[market.upper()], symbol, -2, -5, 1, 1, is_halted=halted)
    return Instrument(plan, status, subject, group=symbol.partition("_")[0])


def listing(*instruments: Instrument | str) -> Instruments:
    """What the venue lists; of what is only named, that it trades."""
    found = (instrument(i) if isinstance(i, str) else i for i in instruments)
    return {(i.symbol.market, i.symbol.symbol): i for i in found}


def of_streams(streams: Iterable[Stream]) -> Instruments:
    """A listing of everything that ``streams`` are of."""
    return listing(*(instrument(s.symbol_id, subject=s.form.subject) for s in streams if s.symbol))


def layout_of(
    *names: str, config: Config | None = None, instruments: Instruments | None = None
) -> Layout:
    streams = parse_all(names)
    known = of_streams(streams) if instruments is None else instruments
    return Layout.make(config or Config(), streams, known, "/dev/shm/x", 7)


def plan_of(*names: str, config: Config | None = None) -> ShardPlan:
    (plan,) = layout_of(*names, config=config).plans()
    return plan


def placed(plan: ShardPlan) -> dict[str, str]:
    """The connection of every stream, by name."""
    return {
        s.name: plan.connections[s.connection].name for s in plan.streams if s.connection != NONE
    }


def symbols_of(plan: ShardPlan, rows: Iterable[int]) -> list[str]:
    return [plan.symbols[row].row_name for row in rows]


def find(plan: ShardPlan | PlanChange, name: str) -> PlanStream:
    streams = plan.streams if isinstance(plan, ShardPlan) else plan.add
    (found,) = [stream for stream in streams if stream.name == name]
    return found


class ShardModel:
    """What a process carries. Indices of a plan and its changes are resolved as it would."""

    def __init__(self, plan: ShardPlan) -> None:
        self.symbols: list[PlanSymbol | None] = []
        self.connections: list[PlanConnection] = []
        self.streams: dict[str, PlanStream] = {}
        self.halted: dict[str, bool] = {}
        self.change_id = 0
        first = PlanChange(1, plan.symbols, plan.connections, plan.streams)
        self.apply(first)
        self.change_id = 0

    def apply(self, change: PlanChange) -> None:
        """Do what a change says, in its order; assert that it can be done."""
        assert change.change_id > self.change_id
        self.change_id = change.change_id
        for symbol in change.symbols:
            self.symbols.append(symbol)
            self.halted[self._id(len(self.symbols) - 1)] = symbol.is_halted
        self.connections += change.connections
        for name in change.remove:
            del self.streams[name]
        for stream in change.add:
            old = self.streams.get(stream.name)
            assert old is None or (old.symbol, old.connection) == (stream.symbol, stream.connection)
            self.streams[stream.name] = stream
            assert stream.connection == NONE or 0 <= stream.connection < len(self.connections)
            for index in (stream.symbol, *stream.rows, *stream.covered):
                assert index == NONE or self.symbols[index] is not None
            if any(stream.rows for stream in self._arrays()):
                self._assert_fed_once()
        for index, is_halted in change.halted:
            assert self.halted[self._id(index)] is not is_halted
            self.halted[self._id(index)] = is_halted
        for index in change.retire:
            assert all(index not in (s.symbol, *s.rows, *s.covered) for s in self.streams.values())
            del self.halted[self._id(index)]
            self.symbols[index] = None

    def content(self) -> dict[str, tuple[str, str, tuple[str, ...], tuple[str, ...]]]:
        """Every stream with the names of its symbol, its connection and its rows."""
        return {
            name: (
                "" if stream.symbol == NONE else self._id(stream.symbol),
                "" if stream.connection == NONE else self.connections[stream.connection].name,
                tuple(sorted(map(self._id, stream.rows))),
                tuple(sorted(map(self._id, stream.covered))),
            )
            for name, stream in self.streams.items()
        }

    def _arrays(self) -> list[PlanStream]:
        return [s for s in self.streams.values() if s.split and s.connection != NONE]

    def _assert_fed_once(self) -> None:
        """No stream of a symbol may come from two places, not even between two steps."""
        fed = [
            f"{self._id(row).lower()}@{stream.split}"
            for stream in self._arrays()
            for row in stream.rows
        ]
        assert len(fed) == len(set(fed))
        assert not set(fed) & set(self.streams)

    def _id(self, index: int) -> str:
        symbol = self.symbols[index]
        assert symbol is not None
        return f"{symbol.market.name.lower()}:{symbol.row_name}"
