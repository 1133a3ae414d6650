"""What one look at a gateway finds: plain values, for the rules to compare and to show. Pure.

Times: ``…_ns`` are durations in nanoseconds, ``started_ns`` is since the Unix epoch. Prices and
quantities are mantissas with their exponent, None where there is none; floats beside them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from gateway import decimals
from gateway_client import Gap, Status

DOWN: Final = "DOWN"
"""State of a shard that the manifest names and of which there is no segment to read."""
DEAD: Final = "DEAD"
"""State of a shard whose segment is there, but whose writer is gone or hangs."""


class Number(NamedTuple):
    """mantissa x 10^exponent; ``mantissa`` None: there is none."""

    mantissa: int | None
    exponent: int

    @property
    def value(self) -> float | None:
        """As a float."""
        return None if self.mantissa is None else float(self.mantissa / 10.0**-self.exponent)

    @property
    def text(self) -> str:
        """Exact, in full; empty where there is none."""
        return "" if self.mantissa is None else decimals.text(self.mantissa, self.exponent)


class Instrument(NamedTuple):
    """One instrument. ``state`` is the worst of its quote and its book, where subscribed."""

    symbol: str
    state: Status
    bid_px: int | None
    bid_qty: int | None
    ask_px: int | None
    ask_qty: int | None
    px_exponent: int
    qty_exponent: int
    last: Number
    """Price of the last trade, else ticker's last, mark or index price."""
    last_kind: str
    """TRADE, TICKER, MARK_PRICE or INDEX_PRICE; empty where there is no price."""
    frames: tuple[tuple[int, int], ...]
    """Frames so far, by generation of the shard that counted them."""
    gaps: int
    silent_ns: int | None
    """Since its last frame; None before the first."""
    streams: int
    has_book: bool
    is_halted: bool

    @property
    def bid(self) -> float | None:
        """Best bid as a float; ``Number(bid_px, px_exponent).text`` is exact."""
        return Number(self.bid_px, self.px_exponent).value

    @property
    def ask(self) -> float | None:
        """Best ask as a float."""
        return Number(self.ask_px, self.px_exponent).value

    @property
    def spread(self) -> int | None:
        """Best ask less best bid, in mantissas."""
        return None if self.bid_px is None or self.ask_px is None else self.ask_px - self.bid_px

    @property
    def spread_bps(self) -> float | None:
        """The same in hundredths of a per cent of the middle."""
        spread, bid = self.spread, self.bid_px
        if spread is None or bid is None or 2 * bid + spread <= 0:
            return None
        return 2e4 * spread / (2 * bid + spread)


@dataclass(frozen=True, slots=True)
class Histogram:
    """Latencies of a stage since the start of its shard, in ns: log-linear bucket → values."""

    count: int
    sum_ns: int
    max_ns: int
    buckets: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Connection:
    """One WebSocket to the venue. ``state``: ACTIVE, DOWN, or IDLE (kept for the next rotation)."""

    name: str
    state: str
    connects: int
    frames: int
    bytes: int
    errors: int
    duplicates: int
    lag_ns: int
    silent_ns: int | None
    streams: int
    age_ns: int | None
    """Since it was connected; None where it is not."""


@dataclass(frozen=True, slots=True)
class Shard:
    """One writer. ``state``: LIVE, or what its segment says, DEAD or DOWN."""

    shard_id: int
    pid: int
    generation: int
    """Its epoch: another number, another process."""
    state: str
    is_alive: bool
    heartbeat_age_ns: int | None
    started_ns: int
    size: int
    """Bytes of its segment."""
    counters: Mapping[str, int]
    connections: Sequence[Connection]
    histograms: Mapping[str, Histogram]
    """By name of the stage, in the order of the data's way."""
    deliveries: Mapping[str, int]
    """Subscribed streams by what they do: {"DELIVERING": 9990, "SILENT": 3}."""
    instruments: int


@dataclass(frozen=True, slots=True)
class Reading:
    """A whole gateway at one moment; ``at`` in seconds, by CLOCK_MONOTONIC."""

    at: float
    time_ns: int
    """The same since the Unix epoch."""
    run_dir: str
    instance: str
    pid: int
    upstream: str
    started_ns: int
    shards: Sequence[Shard]
    instruments: Sequence[Instrument]
    troubled: Sequence[tuple[str, str]]
    """Names of streams that do not deliver, and what they do instead; TROUBLED_MAX at most."""
    gaps: Sequence[Gap]
    """The last of each shard, open and closed."""
    report: Mapping[str, Any] | None
    """What the supervisor said last (control request ``status``); None: nothing (yet)."""

    @property
    def is_alive(self) -> bool:
        """Whether any shard delivers."""
        return any(shard.is_alive for shard in self.shards)

    @property
    def uptime_ns(self) -> int:
        """Since the gateway started."""
        return self.time_ns - self.started_ns

    def total(self, counter: str) -> int:
        """Return a counter, added up over the shards."""
        return sum(shard.counters.get(counter, 0) for shard in self.shards)
