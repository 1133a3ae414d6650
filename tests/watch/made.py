"""Plain readings to compare and to show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from gateway.watch.readings import Connection, Histogram, Instrument, Number, Reading, Shard
from gateway_client import Status

SECOND = 10**9
STARTED = 1_790_000_000 * SECOND


def instrument(symbol: str, state: Status = Status.LIVE, **more: Any) -> Instrument:
    """A well one, with a quote at two decimals."""
    found = Instrument(
        symbol, state, 6_100_000, 125, 6_100_050, 2500, -2, -3, Number(6_100_025, -2), "TRADE",
        ((1, 100),), 0, 25_000_000, 4, True, False,
    )  # fmt: skip
    return found._replace(**more)


def connection(name: str, state: str = "ACTIVE", **more: Any) -> Connection:
    found = Connection(name, state, 1, 500, 5000, 0, 0, 0, SECOND // 50, 12, 60 * SECOND)
    return replace(found, **more)


def shard(number: int = 0, generation: int = 1, **more: Any) -> Shard:
    """A well one, with one connection and two stages."""
    found = Shard(
        number, 4000 + number, generation, "LIVE", True, 20_000_000, STARTED, 1 << 20,
        {"frames_received": 1000, "bytes_received": 50_000, "gaps": 0},
        [connection(f"spot/public/{number}/a")],
        {"event_to_recv": histogram({700: 90, 800: 10}), "recv_to_publish": histogram({300: 5})},
        {"DELIVERING": 4}, 1,
    )  # fmt: skip
    return replace(found, **more)


def histogram(buckets: Mapping[int, int], sum_ns: int = 0, max_ns: int = 0) -> Histogram:
    return Histogram(sum(buckets.values()), sum_ns, max_ns, buckets)


def reading(
    shards: Sequence[Shard] | None = None,
    instruments: Sequence[Instrument] | None = None,
    at: float = 10.0,
    **more: Any,
) -> Reading:
    """A gateway of one shard and one instrument."""
    found = Reading(
        at, STARTED + 3600 * SECOND, "/dev/shm/binance-gateway-1000", "7", 2753, "Binance",
        STARTED, [shard()] if shards is None else shards,
        [instrument("spot:BTCUSDT")] if instruments is None else instruments, [], [], None,
    )  # fmt: skip
    return replace(found, **more)
