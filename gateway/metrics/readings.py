"""What a scrape finds in the segments: plain values, for the rules to judge and render. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway_client.status import ShardStatus


@dataclass(frozen=True, slots=True)
class Histogram:
    """Latencies of a stage, log-linear as in shared memory, with their sum in nanoseconds."""

    stage: str
    sum_ns: int
    buckets: Sequence[int]


@dataclass(frozen=True, slots=True)
class ShardReading:
    """A shard at one moment. ``books_pending``: symbols of books that were never LIVE in it."""

    status: ShardStatus
    histograms: Sequence[Histogram]
    gaps_open: int
    books_pending: Sequence[str]


@dataclass(frozen=True, slots=True)
class ProcessReading:
    """What a process (``supervisor``, ``shard-0``) uses; ``fds_max`` is its soft limit."""

    name: str
    cpu_seconds: float
    resident_bytes: int
    open_fds: int
    fds_max: int
    threads: int
