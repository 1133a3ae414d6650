"""What ``top``, ``demo`` and ``status`` show: two looks at the gateway, and the rates between them.

Read from shared memory alone; no process of the gateway is asked. Everything about streams comes
from their directory; slots are read only of the instruments that are shown.
"""

from __future__ import annotations

import math
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from gateway.cli.numbers import NOTHING, exact
from gateway_client import Gateway, GatewayStatus, Status
from gateway_client.status import ConnectionStatus, Latency, StreamStatus

# The worst first: what a person should see of several states.
SEVERITY = (
    Status.DEAD, Status.DOWN, Status.RETIRED, Status.HALTED, Status.GAPPED, Status.STALE,
    Status.SYNCING, Status.EMPTY, Status.LIVE,
)  # fmt: skip
_DEAD = "DEAD"


@dataclass(frozen=True, slots=True)
class SymbolStreams:
    """The streams of one instrument, and what they say together."""

    symbol: str
    streams: Sequence[StreamStatus]
    rate: float  # frames a second

    @property
    def kinds(self) -> set[str]:
        """Kinds of its streams, as ``DIFF``."""
        return {stream.kind for stream in self.streams}

    @property
    def age_ns(self) -> float:
        """Since its last frame; NaN before the first."""
        silent = (each.silent_ns for each in self.streams if each.silent_ns is not None)
        return min(silent, default=math.nan)

    @property
    def gaps(self) -> int:
        """Holes in the venue's ids."""
        return sum(stream.gaps for stream in self.streams)

    @property
    def worst(self) -> int:
        """Place in SEVERITY of its worst stream."""
        states = (stream_state(stream) for stream in self.streams)
        return min(map(SEVERITY.index, states), default=len(SEVERITY))


ORDERS: Mapping[str, Callable[[SymbolStreams], Any]] = {
    "symbol": lambda row: row.symbol,
    "rate": lambda row: (-row.rate, row.symbol),
    "gaps": lambda row: (-row.gaps, row.symbol),
    "state": lambda row: (row.worst, row.symbol),
}
"""What a table of instruments can be sorted by; the noteworthy first."""


@dataclass(frozen=True, slots=True)
class SymbolView:
    """One instrument. ``state`` is the worst of its quote and its book, where subscribed."""

    symbol: str
    state: Status
    bid_px: str
    bid_qty: str
    ask_px: str
    ask_qty: str
    last: str  # trade, else ticker, mark or index price
    rate: float  # frames a second
    age_ns: float  # since its last frame; NaN before the first
    gaps: int


@dataclass(frozen=True, slots=True)
class View:
    """A whole gateway at one moment."""

    status: GatewayStatus
    symbols: list[SymbolView]
    symbol_count: int  # of all, shown or not
    frames_per_second: float
    bytes_per_second: float
    rates: Mapping[str, float]  # frames a second, by name of stream or connection

    @property
    def is_alive(self) -> bool:
        """Whether any shard delivers."""
        return any(shard.is_alive for shard in self.status.shards)

    def total(self, counter: str) -> int:
        """Return a counter, added up over the shards."""
        return sum(shard.counters.get(counter, 0) for shard in self.status.shards)

    def connections(self) -> Counter[str]:
        """Return how many connections are in which state; IDLE ones are on standby."""
        return Counter(each.state for each in self.links())

    def links(self) -> Iterator[ConnectionStatus]:
        """Yield the connections of all shards, but those that are retired."""
        for shard in self.status.shards:
            yield from (each for each in shard.connections if each.state != "RETIRED")

    def deliveries(self) -> Counter[str]:
        """Return how many subscribed streams do what, over all shards."""
        found: Counter[str] = Counter()
        for shard in self.status.shards:
            found.update(shard.deliveries)
        return found

    def latencies(self) -> list[Latency]:
        """Return the latencies of the first shard; each shard has its own."""
        return self.status.shards[0].latencies if self.status.shards else []


class Viewer:
    """Looks at a gateway again and again; rates are those since the look before."""

    def __init__(self, gateway: Gateway, order: str = "symbol") -> None:
        self.order = order
        self._gateway = gateway
        self._before: GatewayStatus | None = None
        self._before_at = 0.0

    def look(self, limit: int | None = None) -> View:
        """Return what there is now, of ``limit`` instruments; the first time all rates are 0."""
        status, now = self._gateway.status(), time.monotonic()
        seconds = now - self._before_at if self._before is not None else math.inf
        before = _frames(self._before) if self._before is not None else {}
        rates = {
            name: max(0, frames - before.get(name, frames)) / seconds
            for name, frames in _frames(status).items()
        }
        rows = by_symbol(self._gateway.symbols(), status, rates)
        shown = sorted(rows, key=ORDERS[self.order])[:limit]
        view = View(
            status=status,
            symbols=[self._symbol(row) for row in shown],
            symbol_count=len(rows),
            frames_per_second=self._rate(status, "frames_received", seconds),
            bytes_per_second=self._rate(status, "bytes_received", seconds),
            rates=rates,
        )
        self._before, self._before_at = status, now
        return view

    def _rate(self, status: GatewayStatus, counter: str, seconds: float) -> float:
        grown = _total(status, counter) - _total(self._before or status, counter)
        # A restarted shard counts from 0 again.
        return max(0, grown) / seconds

    def _symbol(self, row: SymbolStreams) -> SymbolView:
        quote, book = self._gateway.quote(row.symbol), self._gateway.book(row.symbol, 1)
        states = _states(row.streams, quote.state, book.state)
        of = quote.instrument
        return SymbolView(
            symbol=row.symbol,
            state=min(states, key=SEVERITY.index, default=Status.EMPTY),
            bid_px=exact(quote.bid_px_mantissa, of.px_exponent),
            bid_qty=exact(quote.bid_qty_mantissa, of.qty_exponent),
            ask_px=exact(quote.ask_px_mantissa, of.px_exponent),
            ask_qty=exact(quote.ask_qty_mantissa, of.qty_exponent),
            last=self._last(row),
            rate=row.rate,
            age_ns=row.age_ns,
            gaps=row.gaps,
        )

    def _last(self, row: SymbolStreams) -> str:
        """The price that comes nearest to "the last one" of what is subscribed."""
        kinds, gateway = row.kinds, self._gateway
        last = None
        if kinds & {"TRADE", "AGG_TRADE"}:
            last = gateway.last_trade(row.symbol).decimal("px")
        if last is None and kinds & {"TICKER", "MINI_TICKER"}:
            last = gateway.ticker(row.symbol).decimal("last_px")
        if last is None and "MARK_PRICE" in kinds:
            last = _short(gateway.mark_price(row.symbol).decimal("mark_px"))
        if last is None and "INDEX_PRICE" in kinds:
            last = _short(gateway.index_price(row.symbol).decimal("index_px"))
        return NOTHING if last is None else format(last, "f")


def _short(price: Decimal | None) -> Decimal | None:
    """Prices off the tick are kept with eight decimals: without the zeros at their end."""
    return None if price is None else price.normalize()


def by_symbol(
    symbols: Iterable[str], status: GatewayStatus, rates: Mapping[str, float]
) -> list[SymbolStreams]:
    """Return each instrument with its active streams, of all shards."""
    found: defaultdict[str, list[StreamStatus]] = defaultdict(list)
    for shard in status.shards:
        for stream in shard.streams:
            if stream.is_active and stream.symbol:
                found[stream.symbol].append(stream)
    return [
        SymbolStreams(symbol, found[symbol], sum(rates[each.name] for each in found[symbol]))
        for symbol in symbols
    ]


def stream_state(stream: StreamStatus) -> Status:
    """Return a stream's own status; DEAD where its writer is."""
    return Status.DEAD if stream.delivery == _DEAD else Status[stream.status]


def _frames(status: GatewayStatus) -> dict[str, int]:
    """Return the frames so far, by name of stream and connection."""
    found: dict[str, int] = {}
    for shard in status.shards:
        found |= {stream.name: stream.frames for stream in shard.streams if stream.is_active}
        found |= {connection.name: connection.frames for connection in shard.connections}
    return found


def _total(status: GatewayStatus, counter: str) -> int:
    return sum(shard.counters.get(counter, 0) for shard in status.shards)


def _states(streams: Sequence[StreamStatus], quote: Status, book: Status) -> Iterator[Status]:
    """Yield the states that count: of the slots that a subscribed stream feeds."""
    kinds = {stream.kind for stream in streams}
    if "DIFF" in kinds:
        yield book
    if "DIFF" in kinds or "QUOTE" in kinds:
        yield quote
    else:
        # Trades or statistics alone: there is neither a quote nor a book to ask.
        yield from map(stream_state, streams)
