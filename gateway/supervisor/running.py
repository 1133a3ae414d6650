"""Everything that works while a gateway runs, wired together. Made once the venue has answered."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.config import Config
from gateway.errors import RunDirError
from gateway.metrics.server import MetricsServer
from gateway.plan import FellSilent, RowUnknown, ShardPlan, TopicWanted
from gateway.planner import Layout, bytes_needed
from gateway.rest.client import RestClient
from gateway.rundir import CONTROL_NAME, RunDir
from gateway.scheduling import try_out
from gateway.supervisor.catalogue import Catalogue
from gateway.supervisor.clerk import Clerk
from gateway.supervisor.consumers import Consumers
from gateway.supervisor.control import ControlSocket
from gateway.supervisor.desk import ShardDesk
from gateway.supervisor.fleet import Fleet
from gateway.supervisor.gate import Gate
from gateway.supervisor.listings import Listings
from gateway.supervisor.manifest import Manifest
from gateway.supervisor.rate_keeper import Known, RateKeeper
from gateway.supervisor.steward import Steward
from gateway.supervisor.subscriptions import Subscriptions, Wanted

log = logging.getLogger("gateway.supervisor")

LAST_WRITE_SECONDS = 0.4  # for the measured rates, at the end


@dataclass(frozen=True, slots=True)
class Started:
    """What runs now; ``segment_bytes`` of all shards together; ``metrics`` empty: not served."""

    run_dir: Path
    plans: Sequence[ShardPlan]
    segment_bytes: int
    upstream: str
    metrics: str = ""


@dataclass(frozen=True, slots=True)
class Outside:
    """What a gateway has of the world: its directory, the venue, and what outlives it."""

    run_dir: RunDir
    rest: RestClient
    catalogue: Catalogue
    gate: Gate
    rate_keeper: RateKeeper
    metrics: MetricsServer


class Running:
    """A gateway at work. Implements ``fleet.Owner`` and ``desk.Listener``."""

    def __init__(
        self,
        config: Config,
        outside: Outside,
        subscriptions: Subscriptions,
        wanted: Wanted,
        known: Known,
        on_started: Callable[[Started], None],
    ) -> None:
        """Plan everything; raises RunDirError where there is too little room for it."""
        path, catalogue = outside.run_dir.path, outside.catalogue
        instance_id = secrets.randbits(63) | 1
        self._config = config
        self._outside = outside
        self._layout = Layout.make(
            config, wanted.streams.values(), catalogue.instruments, str(path), instance_id,
            known.rates, known.homes,
        )  # fmt: skip
        self._check_room()
        check_processes(config)
        upstream = config.upstream.resolved().name
        on_demand = config.on_demand.enabled
        self._manifest = Manifest(path, instance_id, time.time_ns(), upstream, on_demand)
        desk = ShardDesk(outside.rest, catalogue, outside.gate, self)
        desk.expect(self._layout.plans())
        self._fleet = Fleet(outside.run_dir, config.liveness, self._layout.renew, desk, self)
        self.steward = Steward(
            catalogue, subscriptions, wanted, self._layout, self._fleet.change, self._on_changed
        )
        self._consumers = Consumers(config.on_demand, self.steward)
        interval = 60 * config.instruments_refresh_minutes
        self._listings = Listings(catalogue, self.steward, interval)
        self._on_started: Callable[[Started], None] | None = on_started
        self._retries: set[asyncio.Task[None]] = set()
        self._is_stopping = False

    async def run(self) -> None:
        """Work until cancelled; raises GatewayError when a shard never comes up."""
        outside = self._outside
        clerk = Clerk(
            self.steward, self._consumers, self._fleet, outside.gate, outside.catalogue,
            self._manifest, outside.rest.weights,
        )  # fmt: skip
        outside.metrics.watch(self._config.shards, clerk.status)
        with contextlib.closing(
            ControlSocket(outside.run_dir.path / CONTROL_NAME, clerk.serve)
        ) as control:
            await together(
                self._fleet.run(self._config.shards),
                control.run(),
                self._listings.run(),
                self._consumers.run(),
                outside.rate_keeper.run(self.segments, self._homes),
            )

    def take_up(self, config: Config) -> None:
        """Follow another configuration in what no segment, socket or process was made by.

        What that is stands in ``check.TAKEN_UP``; subscriptions are the steward's.
        """
        self._outside.gate.attempts_max = config.connections.attempts_per_5min
        self._fleet.liveness = config.liveness
        self._consumers.demand.grace = config.on_demand.grace_seconds
        self._listings.every(60 * config.instruments_refresh_minutes)

    async def stop(self) -> None:
        """Take the manifest away, keep what was measured, and close the shards."""
        self._is_stopping = True
        self._manifest.remove()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_WRITE_SECONDS):
                await self._outside.rate_keeper.write(self.segments(), self._homes())
        await self._fleet.stop()

    def kill(self) -> None:
        """End the shards at once."""
        self._fleet.kill()

    @property
    def is_watched(self) -> bool:
        """Say whether no shard hangs for longer than it takes to notice and end it."""
        return self._fleet.is_watched

    @property
    def state(self) -> str:
        """Return in a few words how it is going."""
        up, shards = len(self._fleet.ready), self._config.shards
        restarts = sum(self._fleet.restarts.values())
        return (
            f"{up} of {shards} shards up, {len(self.steward.carried)} streams, restarts: {restarts}"
        )

    def segments(self) -> list[Path]:
        """Return the segment files of the shards that run."""
        return [self._outside.run_dir.path / f"shard-{n}.seg" for n in self._fleet.ready]

    def _homes(self) -> dict[str, int]:
        return self._layout.homes

    def on_ready(self, shard_id: int) -> None:
        """A shard is up: readers may find it, and it may take what it had no room for."""
        task = asyncio.ensure_future(self.steward.retry(shard_id))
        self._retries.add(task)
        task.add_done_callback(self._retries.discard)
        self._on_changed()

    def on_ended(self, shard_id: int) -> None:
        """A shard is gone, and with it what its consumers had told it."""
        if not self._is_stopping:
            self._consumers.on_ended(shard_id)

    def on_row_unknown(self, note: RowUnknown) -> None:
        """A shard has met a symbol that it was not told of."""
        self._listings.on_row_unknown(note)

    def on_silent(self, note: FellSilent) -> None:
        """Streams fell silent in a shard."""
        self._listings.on_silent(note)

    def on_topic(self, shard_id: int, note: TopicWanted) -> None:
        """A shard has a consumer of a topic that it does not carry, or none any more."""
        self._consumers.on_topic(shard_id, note)

    def _on_changed(self) -> None:
        """Tell readers what is carried where, once every shard is up."""
        if self._is_stopping or len(self._fleet.ready) < self._config.shards:
            return
        plans = self._layout.plans()
        try:
            self._manifest.write(plans, self._fleet.ready)
        except RunDirError as exc:
            if self._on_started is not None:
                raise
            # Readers find a restarted shard without it, by its segment's path.
            log.error("%s", exc)
        if self._on_started is not None:
            started = self._on_started
            self._on_started = None
            path, address = self._outside.run_dir.path, self._outside.metrics.address
            size = bytes_needed(plans)
            started(Started(path, plans, size, self._manifest.upstream, address))

    def _check_room(self) -> None:
        plans, run_dir = self._layout.plans(), self._outside.run_dir
        needed = bytes_needed(plans)
        run_dir.check_room(needed)
        # A restarted shard builds its new segment while readers still hold the old one.
        largest = max(bytes_needed([plan]) for plan in plans)
        if run_dir.free_bytes() < needed + largest:
            text = "%s: too little room to restart a shard (%.1f MiB more); enlarge the tmpfs"
            log.warning(text, run_dir.path, largest / 2**20)


def check_processes(config: Config) -> None:
    """Raise ConfigError where shards may not run as configured; warn of what makes no sense."""
    processes = config.processes
    sets = [processes.cpus_of(shard_id) for shard_id in range(config.shards)]
    try_out(sets, processes.nice)
    shared = len({cpu for cpus in sets for cpu in cpus}) < len(sets) and all(sets)
    if processes.busy_poll and shared:
        text = "processes.busy_poll: %d shards spin on fewer CPUs; each needs one of its own"
        log.warning(text, len(sets))
    elif processes.busy_poll and not processes.cpus:
        log.warning("processes.busy_poll: without 'cpus' shards spin where others want to run")


async def together(*work: Coroutine[Any, Any, None]) -> None:
    """Run all of it until the first one fails, or we are cancelled."""
    tasks = [asyncio.ensure_future(each) for each in work]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
