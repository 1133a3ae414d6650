"""Configuration + streams + instruments → plans of shards, and what changes when those do. Pure.

All streams of an instrument, its pair and its continuous contracts are on one shard; whole-market
streams are on shard 0, which gets fewer instruments for it. Connections carry one route of one
market each, because the venue ignores a stream on the wrong route. The same input gives the same
plan, and what is placed stays where it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from gateway import segment_plan
from gateway.array_rows import ArrayRows, rows_of
from gateway.capacity import shard_plan
from gateway.config import Config
from gateway.instruments import Instruments, Life
from gateway.layout import Market, Shape
from gateway.markets import FACTS, Route
from gateway.placement import fill, rotate_after_s, spread
from gateway.plan import NONE, PlanChange, PlanConnection, ShardPlan
from gateway.shard_layout import ShardLayout, Wanted
from gateway.stream_table import FORMS
from gateway.streams import Stream

_WHOLE_MARKET_SHARD = 0


def is_listed(stream: Stream, instruments: Instruments) -> bool:
    """Whether the venue has what a stream is of, as far as exchangeInfo tells."""
    if not stream.symbol:
        return True
    instrument = instruments.get((stream.market, stream.symbol))
    if instrument is None or instrument.life is Life.GONE:
        return False
    return instrument.offers(stream.form)


def bytes_needed(plans: Sequence[ShardPlan]) -> int:
    """Return the shared memory of all segments together, in bytes."""
    return sum(segment_plan.file_size(plan) for plan in plans)


class Layout:
    """Everything that is carried and where. Only ``change``, ``renew`` and ``forget`` alter it."""

    def __init__(
        self,
        config: Config,
        run_dir: str,
        instance_id: int,
        rates: Mapping[str, float],
        homes: Mapping[str, int],
    ) -> None:
        self._config = config
        self._run_dir = run_dir
        self._instance_id = instance_id
        self._rates = rates
        self._last_homes = homes
        self._endpoints = config.upstream.resolved()
        self._shards = [ShardLayout(number) for number in range(config.shards)]
        self._shard_of_group: dict[str, int] = {}
        self._connections_made: Counter[str] = Counter()
        self._changes_made = 0

    @classmethod
    def make(
        cls,
        config: Config,
        streams: Iterable[Stream],
        instruments: Instruments,
        run_dir: str,
        instance_id: int,
        rates: Mapping[str, float] | None = None,
        homes: Mapping[str, int] | None = None,
    ) -> Layout:
        """Return the layout of a gateway that starts now.

        ``rates`` are messages a second that streams were seen to send in an earlier run, by name;
        the others count as the stream table estimates. ``homes`` is where an earlier run had what
        (``homes`` below). Streams of what ``instruments`` do not list are left out: see
        ``is_listed``.
        """
        layout = cls(config, run_dir, instance_id, rates or {}, homes or {})
        layout.change(streams, instruments)
        return layout

    @property
    def streams(self) -> dict[str, int]:
        """The shard of every stream that is carried, by name."""
        return {name: shard.shard_id for shard in self._shards for name in shard.streams}

    @property
    def homes(self) -> dict[str, int]:
        """The shard of every group of streams that stay together, for the next start."""
        return dict(self._shard_of_group)

    @property
    def rates(self) -> dict[str, float]:
        """The messages a second that count for every stream that is carried, by name."""
        return {
            name: placed.rate for shard in self._shards for name, placed in shard.streams.items()
        }

    @property
    def halted(self) -> frozenset[tuple[Market, str]]:
        """The symbols of what is carried that do not trade."""
        return frozenset((s.market, s.symbol) for shard in self._shards for s in shard.halted)

    def plans(self) -> list[ShardPlan]:
        """Return what every shard carries now: to start with, to show, to reckon memory."""
        return [self._plan(shard.renumbered()) for shard in self._shards]

    def renew(self, shard_id: int) -> ShardPlan:
        """Return the plan for a new process of a shard; later changes count on from its indices."""
        self._shards[shard_id] = self._shards[shard_id].renumbered()
        return self._plan(self._shards[shard_id])

    def change(self, wanted: Iterable[Stream], instruments: Instruments) -> dict[int, PlanChange]:
        """Carry ``wanted`` from now on; return what the shards must be told, nothing if it is so.

        ``instruments`` are all that the venue lists now: what is missing there is retired, and its
        streams with it. No two streams of ``wanted`` may feed one book (``streams.book_slot``).

        A shard removes first and then adds in order. A stream in ``add`` that it has already comes
        with its new ``rows`` and ``covered``, both complete: what is newly covered goes first.
        """
        target = self._target(wanted, instruments)
        rows = rows_of(target.values(), instruments, self._with_a_row(target.values()))
        rates = {name: self._rate(stream, rows) for name, stream in target.items()}
        homes = self._homes(target, rates, instruments)
        changes = {}
        for shard in self._shards:
            mine = {name: s for name, s in target.items() if homes[name] == shard.shard_id}
            change = self._edit(shard, Wanted(mine, rows, rates, instruments))
            if change is not None:
                changes[shard.shard_id] = change
        return changes

    def forget(self, shard_id: int, names: Iterable[str]) -> None:
        """Note that a shard refused ``names``; the next change tries them again."""
        for name in names:
            self._shards[shard_id].streams.pop(name, None)

    def _plan(self, shard: ShardLayout) -> ShardPlan:
        return shard_plan(shard, self._config, self._run_dir, self._instance_id)

    def _with_a_row(self, streams: Iterable[Stream]) -> set[tuple[Market, str]]:
        """Return the symbols that have a row of their own now, or get one for ``streams``."""
        present = {key for shard in self._shards for key in shard.rows}
        return present | {(stream.market, stream.symbol) for stream in streams}

    def _target(self, wanted: Iterable[Stream], instruments: Instruments) -> dict[str, Stream]:
        """Return what is to be carried: what is wanted and listed, and what that is made of."""
        target = {s.name: s for s in wanted if s.fits and is_listed(s, instruments)}
        carried = self.streams
        for stream in list(target.values()):
            if stream.form.shape is Shape.SYNTHETIC:
                target = {**target, **_parts(stream, instruments, carried)}
        return target

    def _rate(self, stream: Stream, rows: Mapping[str, ArrayRows]) -> float:
        """Return the messages a second that count for a stream; a row counts like a message."""
        rate = self._rates.get(stream.name, stream.form.rate)
        if stream.form.shape in (Shape.ARRAY, Shape.SYNTHETIC):
            return rate * max(1, len(rows[stream.name].rows))
        return rate

    def _homes(
        self, target: Mapping[str, Stream], rates: Mapping[str, float], instruments: Instruments
    ) -> dict[str, int]:
        """Return the shard of every stream; groups that are new go where there is least to do."""
        gathered = {
            (s.market, s.form.split) for s in target.values() if s.form.shape is Shape.SYNTHETIC
        }
        placed, homes, waiting = self.streams, dict[str, int](), dict[str, str]()
        for name, stream in target.items():
            if not stream.symbol or (stream.market, stream.suffix) in gathered:
                homes[name] = _WHOLE_MARKET_SHARD
            elif name in placed:
                homes[name] = placed[name]
            else:
                waiting[name] = _group(stream, instruments)
        loads = [0.0] * len(self._shards)
        for name, shard_id in homes.items():
            loads[shard_id] += rates[name]
        costs = dict[str, float]()
        for name, group in waiting.items():
            if group not in self._shard_of_group:
                costs[group] = costs.get(group, 0.0) + rates[name]
        self._shard_of_group |= spread(costs, loads, self._last_homes)
        return homes | {name: self._shard_of_group[group] for name, group in waiting.items()}

    def _edit(self, shard: ShardLayout, wanted: Wanted) -> PlanChange | None:
        """Make a shard carry what is wanted; return what its process must do for it."""
        symbols, connections = len(shard.symbols), len(shard.connections)
        removed = shard.remove_all_but(wanted.streams)
        new = [stream for name, stream in wanted.streams.items() if name not in shard.streams]
        changed = shard.extend(wanted)  # first: what is covered now must not be fed twice
        for name, connection in self._connect(shard, new, wanted.rates).items():
            changed.append(shard.add(wanted.streams[name], connection, wanted))
        halted, retired = shard.follow(wanted.instruments)
        change = PlanChange(
            change_id=self._changes_made + 1,
            symbols=shard.symbols[symbols:],
            connections=shard.connections[connections:],
            # What is put together here comes after its parts.
            add=sorted(changed, key=lambda plan: plan.shape is Shape.SYNTHETIC),
            remove=removed,
            halted=halted,
            retire=retired,
        )
        if change == PlanChange(change.change_id):
            return None
        self._changes_made += 1
        return change

    def _connect(
        self, shard: ShardLayout, streams: Iterable[Stream], rates: Mapping[str, float]
    ) -> dict[str, int]:
        """Return the connection of each stream, in their order; add some where there is no room."""
        taken, routes = dict[str, int](), dict[tuple[Market, Route], dict[str, float]]()
        for stream in streams:
            taken[stream.name] = NONE
            if stream.form.shape is not Shape.SYNTHETIC:
                costs = routes.setdefault((stream.market, stream.form.route), {})
                costs[stream.name] = rates[stream.name]
        for (market, route), costs in routes.items():
            prefix = f"{FACTS[market].name}/{route.value}/"
            lines = shard.lines(prefix)
            rows = list(lines)
            filled = fill(costs, list(lines.values()), self._config.connections.streams_max)
            for _ in range(max(filled.values()) + 1 - len(rows)):
                rows.append(len(shard.connections))
                shard.connections.append(self._connection(prefix, market, route))
            taken |= {name: rows[number] for name, number in filled.items()}
        return taken

    def _connection(self, prefix: str, market: Market, route: Route) -> PlanConnection:
        name = f"{prefix}{self._connections_made[prefix]}"
        self._connections_made[prefix] += 1
        settings = self._config.connections
        return PlanConnection(
            name=name,
            market=market,
            urls=self._endpoints.ws_urls(market, route),
            control_per_second=FACTS[market].control_per_second,
            redundancy=settings.redundancy,
            rotate_after_s=rotate_after_s(name, settings.rotate_hours),
        )


def _parts(stream: Stream, instruments: Instruments, carried: Collection[str]) -> dict[str, Stream]:
    """Return the streams that a SYNTHETIC one is put together from, as a pattern would."""
    (form,) = FORMS[stream.market][stream.form.split]
    found = {}
    for (market, symbol), instrument in instruments.items():
        if market is stream.market and instrument.offers(form):
            part = Stream(market, symbol, stream.form.split, form)
            stays = instrument.life is not Life.GONE and part.name in carried
            if part.fits and (instrument.is_trading or stays):
                found[part.name] = part
    return found


def _group(stream: Stream, instruments: Instruments) -> str:
    """Return what a stream must stay together with: all of its pair."""
    return f"{FACTS[stream.market].name}:{instruments[stream.market, stream.symbol].group}"
