"""One seed: a venue full of trouble, the gateway on it, and a checker beside it."""

from __future__ import annotations

import asyncio
import gc
import logging
import random
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from gateway.layout import Status
from gateway.plan import ShardPlan
from tests.trust.checker import Checker
from tests.trust.clock import SimulatedLoop, SimulatedTime
from tests.trust.endings import Endings
from tests.trust.host import Host, config_of, instruments_of, plan_of, watched_by
from tests.trust.reader import Reader
from tests.trust.rest import Rest
from tests.trust.scenario import Scenario, scenario_of
from tests.trust.stream import Stream
from tests.trust.telling import Telling
from tests.trust.trouble import Trouble
from tests.trust.venue import Venue

CALM_MIN_S = 8.0  # at the end: everything must come right
CALM_MAX_S = 240.0  # a ban is 2 minutes, and what waited for it goes out one by one
READ_EVERY_S = 0.05
FOLLOW_EVERY_S = 0.5
STALL_NS = 1_200_000_000  # the heartbeat's timeout, and an interval: a shorter stop goes unnoticed


@dataclass
class Report:
    """What one seed came to."""

    seed: int
    title: str = ""
    mistakes: list[str] = field(default_factory=list)
    mistake_count: int = 0
    frames: int = 0
    reads: int = 0
    live: int = 0
    faults: int = 0  # frames hit, and episodes
    breaks: int = 0  # found by the checker
    gaps: int = 0  # counted by the gateway
    agains: int = 0
    duplicates: int = 0
    backfilled: int = 0
    lost: int = 0
    audits: int = 0  # and deepenings
    bounded: int = 0  # books LIVE, judged, and known to a price only
    values: int = 0  # LIVE, of tickers, candles, mark prices, forced orders, partial depth
    fetched: int = 0  # latest values that REST told, shown
    from_books: int = 0  # quotes LIVE that were made from a book
    rest_calls: int = 0
    holds: int = 0  # answers 429 and 418
    weight_share: float = 0.0  # of the reserve line, at the worst
    recoveries_s: list[float] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        return not self.mistake_count

    def add(self, mistakes: list[str]) -> None:
        """What was found out when all was over."""
        self.mistakes += mistakes
        self.mistake_count += len(mistakes)

    def describe(self) -> str:
        """Say what was wrong, and how to see it again."""
        lines = [f"seed {self.seed} ({self.title}): {self.mistake_count} mistakes, again with"]
        lines[0] += f" python -m tests.trust --seed {self.seed}"
        return "\n".join(lines + [f"    {mistake}" for mistake in self.mistakes])


@dataclass(frozen=True)
class World:
    """Everything of one run."""

    scenario: Scenario
    clock: SimulatedTime
    venue: Venue
    rest: Rest
    checker: Checker
    telling: Telling
    trouble: Trouble


def run(seed: int) -> Report:
    """Run a seed from its beginning to its end."""
    random.seed(seed)  # what the product draws
    clock = SimulatedTime(start_s=Random(seed).uniform(0, 60))
    loop = SimulatedLoop(clock)
    run_dir = Path(tempfile.mkdtemp(prefix="gw-trust-", dir="/dev/shm"))
    logging.disable(logging.CRITICAL)
    gc.disable()  # a fifth of the time; what a run leaves behind is taken away at its end
    endings = Endings(loop)
    try:
        with clock.in_force(), endings.watching():
            report = loop.run_until_complete(_run(loop, clock, scenario_of(seed), run_dir))
            endings.end_all()
        report.add(endings.found)
        return report
    finally:
        logging.disable(logging.NOTSET)
        gc.enable()
        with clock.in_force():
            loop.close()
        shutil.rmtree(run_dir, ignore_errors=True)


async def _run(
    loop: SimulatedLoop, clock: SimulatedTime, scenario: Scenario, run_dir: Path
) -> Report:
    instruments = instruments_of(scenario.symbols, clock.real_ns // 1_000_000)
    config = config_of(scenario.streams, **scenario.tables)
    plan = plan_of(config, instruments, run_dir)
    decimals = {
        f"{symbol.market.name.lower()}:{symbol.symbol}": (-symbol.px_exponent, -symbol.qty_exponent)
        for symbol in plan.symbols
    }
    venue = Venue(
        loop, clock, scenario.symbols, scenario.streams, scenario.plan, scenario.rate, decimals
    )
    rest = Rest(venue, scenario.limits, scenario.rest_latency_s)
    with Host(venue, rest, config, plan) as host:
        await asyncio.sleep(0)  # the segment is published with the shard's first step
        reader = Reader(run_dir / "shard-0.seg")
        told = rest.latest.told
        checker = Checker(venue.history, reader, clock, _links(plan), venue.garbled, told)
        telling = Telling(venue.history, reader, checker)
        with watched_by(checker):
            trouble = Trouble(venue, scenario.plan, scenario.cut_every_s)
            world = World(scenario, clock, venue, rest, checker, telling, trouble)
            readers = asyncio.ensure_future(_read(world))
            await asyncio.sleep(scenario.trouble_s)
            trouble.stop()
            await _settle(world)
            host.check()
            if readers.done():
                readers.result()  # the checker itself failed
            readers.cancel()
            _conclude(world)
            report = _report(world)
            await host.stop()
        reader.close()
    return report


def _links(plan: ShardPlan) -> dict[int, str]:
    """Market of each link row: two to a connection, in the plan's order."""
    return dict(enumerate(c.market.name.lower() for c in plan.connections for _ in (0, 1)))


async def _settle(world: World) -> None:
    """Wait until everything has come right, and see whether it stays so."""
    await asyncio.sleep(CALM_MIN_S)
    until = world.clock.now() + CALM_MAX_S - CALM_MIN_S
    while world.clock.now() < until:
        world.telling.follow()
        if not world.telling.open and not _not_live(world.checker):
            break
        await asyncio.sleep(1.0)
    await asyncio.sleep(2.0)


def _not_live(checker: Checker) -> dict[str, str]:
    """Slots that are not LIVE. A forced order comes when one comes."""
    return {
        name: Status(status).name
        for name, status in checker.statuses().items()
        if status != Status.LIVE and "forceOrder" not in name
    }


async def _read(world: World) -> None:
    """Read at random moments; now and then the whole gateway stands still meanwhile."""
    clock, every_s = world.clock, world.scenario.stall_every_s
    dice = Random(f"{world.scenario.seed}:reader")
    followed, stall_at = clock.now(), clock.now() + every_s
    while True:
        await asyncio.sleep(dice.expovariate(1 / READ_EVERY_S))
        world.checker.read_all()
        if clock.now() - followed > FOLLOW_EVERY_S:
            followed = clock.now()
            world.telling.follow()
        if every_s and clock.now() > stall_at and not world.trouble.is_over:
            _stall(world, dice)
            stall_at = clock.now() + every_s * (0.5 + dice.random())


def _stall(world: World, dice: Random) -> None:
    """The gateway is stopped and goes on later; market and readers go on all the time."""
    clock = world.clock
    began = clock.mono_ns
    until = began + round(dice.uniform(0.2, 4.0) * 1e9)
    world.checker.falls_asleep()
    while clock.mono_ns < until:
        clock.move_to(clock.mono_ns + round(dice.expovariate(20.0) * 1e9))
        world.venue.catch_up()
        world.checker.read_all()
    world.checker.wakes_up()
    if clock.mono_ns - began > STALL_NS:
        world.checker.floor_ns = clock.mono_ns


def _conclude(world: World) -> None:
    """After a long calm everything is LIVE, complete and accounted for."""
    checker, telling = world.checker, world.telling
    checker.read_all()
    telling.conclude()
    for name, status in _not_live(checker).items():
        checker.wrong(f"{name}: {status} long after the last trouble")
    for pool, log in world.rest.weights.items():
        line = log.limit * (1 - world.scenario.reserve)
        if log.heaviest > line:
            checker.wrong(f"{pool}: {log.heaviest} weight in a minute, the line is {line:g}")
    for forbidden in world.rest.forbidden:
        checker.wrong(forbidden)
    for stream in checker.streams.values():
        if not stream.was_twin:
            _compare(stream, checker, telling)


def _compare(stream: Stream, checker: Checker, telling: Telling) -> None:
    """What was counted of a stream that came over one connection, with what was delivered."""
    if stream.is_dense:
        telling.count_again(stream)
    again, gaps = telling.again[stream.key], telling.gap_count[stream.key]
    if stream.id_name and again != stream.agains:
        checker.wrong(f"{stream.key}: {again} duplicates counted, {stream.agains} delivered")
    if gaps != stream.breaks:
        checker.wrong(f"{stream.key}: {gaps} gaps told, {stream.breaks} breaks delivered")


def _report(world: World) -> Report:
    scenario, checker, telling = world.scenario, world.checker, world.telling
    single = [stream for stream in checker.streams.values() if not stream.was_twin]
    numbered = [stream for stream in single if stream.id_name]
    logs = world.rest.weights.values()
    return Report(
        seed=scenario.seed,
        title=scenario.title,
        mistakes=checker.mistakes,
        mistake_count=checker.mistake_count,
        frames=checker.frames,
        reads=checker.reads,
        live=checker.live,
        faults=sum(world.venue.counts.status()["kinds"].values()) + world.trouble.count,
        breaks=sum(stream.breaks for stream in single),
        gaps=sum(telling.gap_count[stream.key] for stream in single),
        agains=sum(stream.agains for stream in numbered),
        duplicates=sum(telling.again[stream.key] for stream in numbered),
        backfilled=sum(len(told.backfilled) for told in telling.told.values()),
        lost=sum(len(lost) for lost in telling.lost.values()),
        audits=checker.counters().audits,
        bounded=checker.bounded,
        from_books=checker.from_books,
        values=checker.values,
        fetched=checker.fetched,
        holds=sum(log.holds for log in logs),
        rest_calls=sum(world.rest.calls.values()),
        weight_share=max(log.heaviest / (log.limit * (1 - scenario.reserve)) for log in logs),
        recoveries_s=checker.recoveries_s,
    )
