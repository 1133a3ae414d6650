"""Readings and reports made by hand."""

from __future__ import annotations

from typing import Any

from gateway.layout import COUNTERS, HISTOGRAM_BUCKETS, HISTOGRAM_NAMES
from gateway.metrics.readings import Histogram, ProcessReading, ShardReading
from gateway_client.status import ConnectionStatus, ShardStatus, StreamStatus

REPORT: dict[str, Any] = {
    "pid": 1,
    "started_ns": 1_700_000_000_500_000_000,
    "upstream": 'a "strange"\\ name\n',
    "shards": [{"id": 0, "pid": 2, "generation": "3", "restarts": 4}],
    "restarts": {"0": 4, "1": 2},
    "streams": 5,
    "refused": 1,
    "on_demand": {"streams": 2, "limit": 200, "refused": 3},
    "instruments": {"spot": 10, "usdm": 20},
    "hosts": {"binance.com": {"attempts": 7, "held_s": 1.5, "status": 429}},
    "weight": {
        "spot": {"limit": 4800, "spent": 130, "held_s": 0.0, "waiting": 0},
        "futures": {"limit": 1920, "spent": 45, "held_s": 2.0, "waiting": 6},
    },
}


PROCESSES = (
    ProcessReading("supervisor", 1.25, 5 << 20, 30, 1024, 3),
    ProcessReading("shard-0", 9.5, 40 << 20, 12, 2048, 4),
)


def connection(name: str, state: str = "ACTIVE", silent_ns: int | None = 5) -> ConnectionStatus:
    """Return a link that has had 10 frames."""
    return ConnectionStatus(name, state, 1, silent_ns, 10, 1000, 0, lag_ns=2_000_000, streams=3)


def stream(
    name: str,
    delivery: str = "DELIVERING",
    *,
    symbol: str = "",
    kind: str = "TRADE",
    is_active: bool = True,
    frames: int = 10,
    shape: str = "OBJECT",
) -> StreamStatus:
    """Return a stream that does as it is told."""
    return StreamStatus(
        name, "LIVE", is_active, frames, 100 * frames, 0, 0, 5, symbol=symbol, kind=kind,
        shape=shape, delivery=delivery,
    )  # fmt: skip


def shard(shard_id: int = 0, /, **changes: Any) -> ShardStatus:
    """Return a shard at which all is well, but for ``changes``."""
    fields: dict[str, Any] = {
        "shard_id": shard_id,
        "pid": 2,
        "generation": 3,
        "segment": f"/dev/shm/x/shard-{shard_id}.seg",
        "size": 4096,
        "segment_state": "LIVE",
        "is_alive": True,
        "heartbeat_age_ns": 50_000_000,
        "started_ns": 1_700_000_001_000_000_000,
        "symbols": ["spot:BTCUSDT"],
        "states": {"book": {"LIVE": 1}, "quote": {"LIVE": 1}},
        "connections": [connection("spot/public/0/a"), connection("spot/public/0/b", "IDLE", None)],
        "streams": [stream("spot:btcusdt@trade", symbol="spot:BTCUSDT")],
        "counters": {field.name: 0 for field in COUNTERS.fields},
        "latencies": [],
        "deliveries": {},
        "never_delivered": 0,
        "row_streams": 0,
        "halted": [],
    }
    return ShardStatus(**fields | changes)


def reading(
    status: ShardStatus | None = None, books_pending: tuple[str, ...] = (), gaps_open: int = 0
) -> ShardReading:
    """Return what is read of a shard."""
    buckets = [0] * HISTOGRAM_BUCKETS
    buckets[10], buckets[500] = 2, 3
    histograms = [Histogram(name, 12_345, buckets) for name in HISTOGRAM_NAMES]
    return ShardReading(status or shard(), histograms, gaps_open, books_pending)
