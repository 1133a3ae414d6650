"""Configuration + instruments → plans of shards. Pure, and stable: the same input, the same plan.

One shard for now. Streams are spread over connections by market and route, because the venue
ignores a stream on the wrong route, and at most 200 streams go on one connection.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gateway import segment_plan
from gateway.config import Config
from gateway.instruments import Instrument
from gateway.layout import Market
from gateway.markets import FACTS, STREAMS_PER_CONNECTION_MAX, Route, ws_url
from gateway.plan import PlanConnection, PlanStream, PlanSymbol, ShardPlan
from gateway.streams import Stream

Instruments = Mapping[tuple[Market, str], Instrument]


def wanted_symbols(streams: Sequence[Stream]) -> dict[Market, list[str]]:
    """Return the symbols that exchangeInfo must know, by market, in order of subscription."""
    wanted: dict[Market, dict[str, None]] = {}
    for stream in streams:
        wanted.setdefault(stream.market, {})[stream.symbol] = None
    return {market: list(symbols) for market, symbols in wanted.items()}


def unknown_symbols(streams: Sequence[Stream], instruments: Instruments) -> list[str]:
    """Return the symbol ids that are subscribed but that the venue does not know."""
    missing = {s.symbol_id for s in streams if (s.market, s.symbol) not in instruments}
    return sorted(missing)


@dataclass(slots=True)
class _Connections:
    """Connections so far. ``open`` is the one of each route that still has room."""

    upstream: str
    rows: list[PlanConnection] = field(default_factory=list)
    open: dict[tuple[Market, Route], int] = field(default_factory=dict)
    load: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    made: dict[tuple[Market, Route], int] = field(default_factory=lambda: defaultdict(int))

    def place(self, stream: Stream) -> int:
        """Return the row of the connection that carries ``stream``, adding one where needed."""
        key = (stream.market, stream.form.route)
        row = self.open.get(key)
        if row is None or self.load[row] >= STREAMS_PER_CONNECTION_MAX:
            row = self.open[key] = self._add(*key)
        self.load[row] += 1
        return row

    def _add(self, market: Market, route: Route) -> int:
        facts = FACTS[market]
        name = f"{facts.name}/{route.value}/{self.made[market, route]}"
        self.made[market, route] += 1
        url = ws_url(market, route, self.upstream)
        self.rows.append(PlanConnection(name, market, url, facts.control_per_second))
        return len(self.rows) - 1


def make_plans(
    config: Config,
    streams: Sequence[Stream],
    instruments: Instruments,
    run_dir: str,
    instance_id: int,
) -> list[ShardPlan]:
    """Return the plan of each shard. Every symbol of ``streams`` must be in ``instruments``."""
    symbols: dict[tuple[Market, str], int] = {}
    connections = _Connections(config.upstream.ws)
    rows = []
    for stream in streams:
        symbol = symbols.setdefault((stream.market, stream.symbol), len(symbols))
        form, connection = stream.form, connections.place(stream)
        rows.append(PlanStream(stream.name, form.kind, symbol, connection, form.levels))
    plan_symbols = [instruments[key].symbol for key in symbols]
    return [_plan(config, plan_symbols, connections.rows, rows, run_dir, instance_id)]


def _plan(
    config: Config,
    symbols: list[PlanSymbol],
    connections: list[PlanConnection],
    streams: list[PlanStream],
    run_dir: str,
    instance_id: int,
) -> ShardPlan:
    memory, book, liveness = config.memory, config.book, config.liveness
    return ShardPlan(
        shard_id=0,
        shard_count=1,
        instance_id=instance_id,
        run_dir=run_dir,
        symbols=symbols,
        connections=connections,
        streams=streams,
        # Twice what is needed: rows are never used again, so that a change takes new ones.
        symbol_capacity=max(memory.symbol_capacity_min, 2 * len(symbols)),
        stream_capacity=max(memory.stream_capacity_min, 2 * len(streams)),
        connection_capacity=max(memory.connection_capacity_min, 2 * len(connections)),
        events_ring_bytes=memory.events_ring_bytes,
        raw_ring_bytes=memory.raw_ring_bytes,
        book_levels=book.levels,
        book_levels_max=book.levels_max,
        snapshot_levels=book.snapshot_levels,
        zmq_hwm=config.zeromq.hwm_messages,
        heartbeat_interval_ms=liveness.heartbeat_interval_ms,
        heartbeat_timeout_ms=liveness.heartbeat_timeout_ms,
        tls_ca_file=config.upstream.tls_ca_file,
    )


def bytes_needed(plans: Sequence[ShardPlan]) -> int:
    """Return the shared memory of all segments together, in bytes."""
    return sum(segment_plan.file_size(plan) for plan in plans)
