"""What a seed means: instruments, trouble, limits. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from gateway.simulator.fault_plan import (
    Episode,
    EpisodeKind,
    FaultPlan,
    FrameFaults,
    RestFaults,
)
from gateway.simulator.names import Market

SYMBOLS = (
    (Market.SPOT, "BTCUSDT"),
    (Market.SPOT, "ETHUSDT"),
    (Market.USDM, "BTCUSDT"),
    (Market.COINM, "BTCUSD_PERP"),
)
SUFFIXES = {
    Market.SPOT: ("depth@100ms", "bookTicker", "trade", "aggTrade", "kline_1s"),
    Market.USDM: ("depth@100ms", "bookTicker", "aggTrade", "kline_1m"),
    Market.COINM: ("depth@100ms", "bookTicker", "aggTrade", "kline_1m"),
}
# Values that have no id, and the venue's own best levels: of some instruments each.
VALUES = {
    (Market.SPOT, "BTCUSDT"): ("ticker",),
    (Market.SPOT, "ETHUSDT"): ("miniTicker", "depth5@1000ms"),
    (Market.USDM, "BTCUSDT"): ("ticker", "markPrice@1s", "forceOrder"),
    (Market.COINM, "BTCUSD_PERP"): ("ticker", "markPrice@1s", "depth5@500ms"),
}
SNAPSHOT_LEVELS = (1000, 100)  # the market has about 300 a side: all of it, or a part
DEPTH_LEVELS: tuple[dict[str, int], ...] = ({}, {"spot:BTCUSDT": 5000})  # deepened from 100
AUDIT_SECONDS = (3600, 10)
EPISODES = tuple(EpisodeKind)
LIMITS = (
    {"spot": 6000, "futures": 2400},
    {"spot": 6000, "futures": 2400},
    {"spot": 900, "futures": 400},
)


SCARCE = {"spot": 300, "futures": 120}  # what is wanted waits at the line
SCARCE_SHARE = 0.15  # of the seeds
SCARCE_TROUBLE_S = 60.0  # a minute's weight is spent within it


@dataclass(frozen=True)
class Scenario:
    """Everything that is drawn for one seed."""

    seed: int
    title: str
    symbols: list[tuple[Market, str]]
    streams: list[str]
    plan: FaultPlan
    rate: float
    rest_latency_s: float
    limits: dict[str, int]
    reserve: float
    has_twins: bool
    cut_every_s: float
    stall_every_s: float
    trouble_s: float
    tables: dict[str, Any]  # of the configuration
    has_quotes: bool  # false: no stream of quotes, they are made from the books


def scenario_of(seed: int) -> Scenario:
    """Draw a scenario."""
    dice = Random(f"{seed}:scenario")
    symbols = list(SYMBOLS)
    shape = Random(f"{seed}:shape")
    has_quotes = shape.random() < 0.5
    streams = [
        f"{market}:{symbol.lower()}@{suffix}"
        for market, symbol in symbols
        for suffix in SUFFIXES[market] + VALUES[market, symbol]
        if has_quotes or suffix != "bookTicker"
    ]
    is_scarce = Random(f"{seed}:weight").random() < SCARCE_SHARE
    has_twins = dice.random() < 0.25
    plan = _plan(seed, dice)
    tables = _tables(shape, has_twins)
    return Scenario(
        seed=seed,
        title=_title(has_twins, has_quotes, is_scarce, tables),
        symbols=symbols,
        streams=streams,
        plan=plan,
        rate=dice.choice((0.5, 1.0)),
        rest_latency_s=dice.choice((0.02, 0.05, 0.2)),
        limits=(dice.choice(LIMITS), SCARCE)[is_scarce],  # thrown in any case
        reserve=0.2,
        has_twins=has_twins,
        cut_every_s=dice.choice((0.0, 0.0, 15.0)),
        stall_every_s=dice.choice((0.0, 0.0, 12.0)),
        trouble_s=max(dice.choice((15.0, 25.0)), SCARCE_TROUBLE_S * is_scarce),
        tables=tables,
        has_quotes=has_quotes,
    )


def _title(has_twins: bool, has_quotes: bool, is_scarce: bool, tables: dict[str, Any]) -> str:
    words = ["two links" if has_twins else "one link"]
    words += [] if has_quotes else ["quotes from books"]
    words += ["scarce weight"] if is_scarce else []
    words += [f"{tables['book']['snapshot_levels']} levels"]
    words += [f"audits each {tables['audit']['interval_seconds']} s"]
    return ", ".join(words)


def _tables(dice: Random, has_twins: bool) -> dict[str, Any]:
    return {
        "book": {
            "snapshot_levels": dice.choice(SNAPSHOT_LEVELS),
            "depth_levels": dice.choice(DEPTH_LEVELS),
        },
        "audit": {"interval_seconds": dice.choice(AUDIT_SECONDS)},
        "connections": {"redundancy": 2 if has_twins else 1},
        "memory": {
            "symbol_capacity_min": 8,
            "stream_capacity_min": 32,
            "connection_capacity_min": 16,
            "value_capacity_min": 16,
            "events_ring_bytes": 1 << 20,
            "raw_ring_bytes": 1 << 16,
        },
    }


def _plan(seed: int, dice: Random) -> FaultPlan:
    def share() -> float:
        return dice.choice((0.0, 0.0, 0.002, 0.01, 0.03))

    frames = tuple(
        FrameFaults(
            streams=streams, drop=share(), duplicate=share(), reorder=share(), delay=share(),
            delay_seconds=dice.choice((0.05, 0.3, 1.5)), corrupt=share() / 3,
        )
        for streams in ("*@depth*", "*")
    )  # fmt: skip
    rest = (
        RestFaults(
            delay=dice.choice((0.0, 0.05, 0.5)), stale=dice.choice((0.0, 0.1, 0.5)),
            stale_seconds=dice.choice((0.3, 3.0)), fail=dice.choice((0.0, 0.1)),
            status=dice.choice((418, 429, 429, 500, 503)),
            retry_after=dice.choice((None, 2, 2, 2)), count=3,
        ),
    )  # fmt: skip
    episodes = tuple(_episode(dice) for _ in range(dice.randrange(3)))
    episodes += _quiet(Random(f"{seed}:quiet"))
    return FaultPlan(seed=seed, per_connection=True, frames=frames, rest=rest, episodes=episodes)


def _quiet(dice: Random) -> tuple[Episode, ...]:
    """Now and then values stand still: over a reconnect, so that only REST tells what they are; or
    for longer than their stream may be silent."""
    if dice.random() < 0.5:
        return ()
    begin, name = dice.uniform(1.0, 1.5), dice.choice(("*icker", "markPrice*", "bookTicker"))
    if dice.random() < 0.6:
        lasts = dice.uniform(5.0, 10.0)
        cut = Episode(what=EpisodeKind.KILL, target="*", at=begin + 1.0)
        return _silence(name, begin, lasts), cut
    if name == "markPrice*":
        return (_silence(name, begin, 13.0),)  # 10 s at most, from the first one on
    return (_silence(name, 8.7, 6.2),)  # of COIN-M's ticker 16 have come by then: 5 s at most


def _silence(name: str, at: float, lasts: float) -> Episode:
    return Episode(what=EpisodeKind.SILENT, target=f"*:*@{name}", at=at, lasts=lasts)


def _episode(dice: Random) -> Episode:
    what = dice.choice(EPISODES)
    target = dice.choice(("spot", "usdm", "coinm", "*"))
    if what is EpisodeKind.SILENT:
        target = f"{target}:*@{dice.choice(('depth*', 'bookTicker', '*'))}"
    elif what is EpisodeKind.RESTART_IDS:
        target = f"{target}:*"
    return Episode(
        what=what, target=target, at=dice.uniform(2, 12), lasts=dice.uniform(1, 12),
        bytes_per_s=dice.choice((2_000, 20_000)),
    )  # fmt: skip
