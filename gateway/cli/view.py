"""What ``top``, ``demo`` and ``status`` show: two looks at the gateway, and the rates between them.

Read from shared memory alone; no process of the gateway is asked.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gateway.cli.numbers import NOTHING, exact
from gateway_client import Gateway, GatewayStatus, Status
from gateway_client.status import Latency, StreamStatus

# The worst first: what a person should see of several states.
SEVERITY = (
    Status.DEAD, Status.DOWN, Status.RETIRED, Status.HALTED, Status.GAPPED, Status.STALE,
    Status.SYNCING, Status.EMPTY, Status.LIVE,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SymbolView:
    """One instrument. ``state`` is the worst of its quote and its book, where subscribed."""

    symbol: str
    state: Status
    bid_px: str
    bid_qty: str
    ask_px: str
    ask_qty: str
    last: str
    rate: float  # frames a second
    age_ns: float  # since its last frame; NaN before the first
    gaps: int


@dataclass(frozen=True, slots=True)
class View:
    """A whole gateway at one moment."""

    status: GatewayStatus
    symbols: list[SymbolView]
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

    def connections(self) -> tuple[int, int]:
        """Return how many connections are up, and how many there are."""
        states = [c.state for shard in self.status.shards for c in shard.connections]
        return states.count("ACTIVE"), len(states)

    def latencies(self) -> list[Latency]:
        """Return the latencies of the first shard; each shard has its own."""
        return self.status.shards[0].latencies if self.status.shards else []


class Viewer:
    """Looks at a gateway again and again; rates are those since the look before."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._before: GatewayStatus | None = None
        self._before_at = 0.0

    def look(self) -> View:
        """Return what there is now; the first time all rates are 0."""
        status, now = self._gateway.status(), time.monotonic()
        seconds = now - self._before_at if self._before is not None else math.inf
        before = _frames(self._before) if self._before is not None else {}
        rates = {
            name: max(0, frames - before.get(name, frames)) / seconds
            for name, frames in _frames(status).items()
        }
        view = View(
            status=status,
            symbols=[self._symbol(symbol, status, rates) for symbol in self._gateway.symbols()],
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

    def _symbol(self, symbol: str, status: GatewayStatus, rates: Mapping[str, float]) -> SymbolView:
        quote, book = self._gateway.quote(symbol), self._gateway.book(symbol, 1)
        trade, ticker = self._gateway.last_trade(symbol), self._gateway.ticker(symbol)
        streams = _streams_of(symbol, status)
        states = _states(streams, quote.state, book.state)
        of = quote.instrument
        silent = [s.silent_ns for s in streams if s.silent_ns is not None]
        last = trade.decimal("px") if trade.version else ticker.decimal("last_px")
        return SymbolView(
            symbol=symbol,
            state=min(states, key=SEVERITY.index),
            bid_px=exact(quote.bid_px_mantissa, of.px_exponent),
            bid_qty=exact(quote.bid_qty_mantissa, of.qty_exponent),
            ask_px=exact(quote.ask_px_mantissa, of.px_exponent),
            ask_qty=exact(quote.ask_qty_mantissa, of.qty_exponent),
            last=NOTHING if last is None else format(last, "f"),
            rate=sum(rates[stream.name] for stream in streams),
            age_ns=min(silent, default=math.nan),
            gaps=sum(stream.gaps for stream in streams),
        )


def _frames(status: GatewayStatus) -> dict[str, int]:
    """Return the frames so far, by name of stream and connection."""
    found: dict[str, int] = {}
    for shard in status.shards:
        found |= {stream.name: stream.frames for stream in shard.streams}
        found |= {connection.name: connection.frames for connection in shard.connections}
    return found


def _total(status: GatewayStatus, counter: str) -> int:
    return sum(shard.counters.get(counter, 0) for shard in status.shards)


def _streams_of(symbol: str, status: GatewayStatus) -> list[StreamStatus]:
    market, _, name = symbol.partition(":")
    start = f"{market}:{name.lower()}@"
    return [
        stream
        for shard in status.shards
        for stream in shard.streams
        if stream.is_active and stream.name.startswith(start)
    ]


def _states(streams: Sequence[StreamStatus], quote: Status, book: Status) -> Iterator[Status]:
    """Yield the states that count: of the slots that a subscribed stream feeds."""
    kinds = {stream.name.partition("@")[2].partition("@")[0] for stream in streams}
    if "depth" in kinds:
        yield book
    if "depth" in kinds or "bookTicker" in kinds:
        yield quote
    else:
        # Trades or statistics alone: their streams have no slot of their own to ask.
        yield from (Status[stream.status] for stream in streams)
        yield Status.DEAD if quote is Status.DEAD else Status.LIVE
