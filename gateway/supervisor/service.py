"""The supervisor's life: instruments, plan, shards, manifest, watch, stop.

It ends on SIGTERM, SIGINT or SIGHUP, and when a shard could not be started at all. A shard that was
up once and dies or hangs is started again, for ever.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop

from gateway.config import Config
from gateway.errors import ConfigError, RunDirError, ShardFailed, VenueError
from gateway.log import RateLimit
from gateway.plan import Ready, ShardPlan
from gateway.planner import bytes_needed, make_plans, unknown_symbols, wanted_symbols
from gateway.rest.client import RestClient
from gateway.rundir import RunDir
from gateway.streams import parse_all
from gateway.supervisor.catalogue import RETRY_SECONDS_MAX, Catalogue
from gateway.supervisor.child import ShardChild
from gateway.supervisor.desk import RestDesk
from gateway.supervisor.heartbeat import Heartbeat
from gateway.supervisor.manifest import Manifest
from gateway.supervisor.restart import RestartDelay

log = logging.getLogger("gateway.supervisor")

STOP_SECONDS = 1.4  # for shards to close; then they are killed, so that all is gone within 2 s
WATCH_SECONDS = 1.0
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Order:
    """What to run. ``origin`` is where the subscriptions come from, for messages."""

    config: Config
    origin: str
    wait_for_venue: bool = True


@dataclass(frozen=True, slots=True)
class Started:
    """What runs now; ``segment_bytes`` of all shards together."""

    run_dir: Path
    plans: Sequence[ShardPlan]
    segment_bytes: int
    upstream: str


def run(order: Order, places: list[Path], on_started: Callable[[Started], None]) -> None:
    """Run a gateway in the first of ``places`` that will do, until told to stop.

    Raises GatewayError when it cannot start. Leaves nothing in the run directory either way.
    """
    run_dir = RunDir.take(places)
    try:
        uvloop.run(Supervisor(order, run_dir, on_started).run())
    finally:
        run_dir.release()
    log.info("stopped, %s is clean", run_dir.path)


class Supervisor:
    """Runs one gateway in a run directory that is already ours."""

    def __init__(
        self, order: Order, run_dir: RunDir, on_started: Callable[[Started], None]
    ) -> None:
        self._order = order
        self._config = order.config
        self._run_dir = run_dir
        self._on_started: Callable[[Started], None] | None = on_started
        self._streams = parse_all(order.config.subscribe)
        self._plans: list[ShardPlan] = []
        self._children: dict[int, ShardChild] = {}
        self._ready: dict[int, Ready] = {}
        self._hearts: dict[int, Heartbeat] = {}
        self._manifest: Manifest | None = None
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Run until a signal comes; raises GatewayError when it cannot start."""
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self._on_signal)
        rest = RestClient(self._config)
        work = asyncio.create_task(self._work(rest))
        stop = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stop.cancel()
            await self._stop_shards()
            work.cancel()
            await asyncio.wait({work})
            await rest.close()
        if not work.cancelled():
            work.result()

    def _on_signal(self) -> None:
        if self._stopping.is_set():
            for child in self._children.values():
                child.kill()
        self._stopping.set()

    async def _work(self, rest: RestClient) -> None:
        catalogue = Catalogue(rest, wanted_symbols(self._streams))
        await self._load(catalogue)
        self._check_symbols(catalogue)
        self._make_plans(catalogue)
        desk = RestDesk(rest, catalogue)
        tasks = [asyncio.create_task(self._keep(plan, desk)) for plan in self._plans]
        tasks.append(asyncio.create_task(self._watch()))
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def _load(self, catalogue: Catalogue) -> None:
        limit, delay = RateLimit(count=1, interval=60.0), 1.0
        while True:
            try:
                return await catalogue.load()
            except VenueError as exc:
                if not self._order.wait_for_venue:
                    raise
                if limit.admit(str(exc), time.monotonic()) is not None:
                    log.warning("%s; trying again until it answers", exc)
            await asyncio.sleep(delay)
            delay = min(2 * delay, RETRY_SECONDS_MAX)

    def _check_symbols(self, catalogue: Catalogue) -> None:
        unknown = unknown_symbols(self._streams, catalogue.instruments)
        if unknown:
            venue = self._config.upstream.rest or "Binance"
            raise ConfigError(
                self._order.origin,
                f"{', '.join(unknown)}: exchangeInfo of {venue} has no such symbol",
                "check the spelling and the market (spot, usdm, coinm)",
            )
        for instrument in catalogue.instruments.values():
            if not instrument.is_trading:
                status = instrument.status or "nothing"
                text = "%s: its status is %s, it may stay silent"
                log.warning(text, instrument.symbol_id, status)

    def _make_plans(self, catalogue: Catalogue) -> None:
        instance_id = secrets.randbits(63) | 1
        path = self._run_dir.path
        self._plans = make_plans(
            self._config, self._streams, catalogue.instruments, str(path), instance_id
        )
        self._check_room()
        upstream = self._config.upstream.ws or "binance"
        self._manifest = Manifest(path, instance_id, time.time_ns(), upstream, self._plans)

    def _check_room(self) -> None:
        needed = bytes_needed(self._plans)
        self._run_dir.check_room(needed)
        # A restarted shard builds its new segment while readers still hold the old one.
        largest = max(bytes_needed([plan]) for plan in self._plans)
        if self._run_dir.free_bytes() < needed + largest:
            text = "%s: too little room to restart a shard (%.1f MiB more); enlarge the tmpfs"
            log.warning(text, self._run_dir.path, largest / 2**20)

    async def _keep(self, plan: ShardPlan, desk: RestDesk) -> None:
        """Keep one shard running; raises ShardFailed if it never comes up."""
        shard_id, delay, was_ready = plan.shard_id, RestartDelay(), False
        while not self._stopping.is_set():
            self._run_dir.remove_unfinished(shard_id)
            try:
                child = self._children[shard_id] = await ShardChild.spawn(plan)
            except OSError as exc:  # no process or descriptor to be had just now
                if not was_ready:
                    raise
                wait = delay.next(0.0)
                text = "shard %d cannot be started: %s; trying again in %g s"
                log.error(text, shard_id, exc.strerror, wait)
                await asyncio.sleep(wait)
                continue
            returncode = await self._live(child, desk)
            uptime = child.uptime
            was_ready = was_ready or uptime > 0
            if self._stopping.is_set():
                return
            if not was_ready:
                raise ShardFailed(shard_id, returncode)
            wait = delay.next(uptime)
            text = "shard %d (pid %d) ended with %d after %.1f s; starting it again%s"
            later = f" in {wait:g} s" if wait else ""
            log.error(text, shard_id, child.process.pid, returncode, uptime, later)
            await asyncio.sleep(wait)

    async def _live(self, child: ShardChild, desk: RestDesk) -> int:
        """Serve a child from spawn to end; return its exit code."""
        life = asyncio.create_task(child.serve(desk))
        try:
            seconds = self._config.liveness.ready_seconds
            either: set[asyncio.Future[Any]] = {life, child.ready}
            await asyncio.wait(either, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if child.ready.done() and not child.ready.cancelled():
                self._on_ready(child.ready.result())
            elif not life.done():
                log.error("shard %d is not ready after %g s; killed", child.plan.shard_id, seconds)
                child.kill()
            return await asyncio.shield(life)
        finally:
            child.kill()
            await life
            self._forget(child.plan.shard_id)

    def _on_ready(self, ready: Ready) -> None:
        if self._stopping.is_set():
            return
        shard_id = ready.shard_id
        self._ready[shard_id] = ready
        # A shard that has died since leaves no segment to watch; its end is seen elsewhere.
        with contextlib.suppress(OSError):
            self._hearts[shard_id] = Heartbeat(self._run_dir.path / f"shard-{shard_id}.seg")
        log.info("shard %d is ready, pid %d", shard_id, ready.pid)
        if len(self._ready) == len(self._plans) and self._manifest is not None:
            self._write_manifest(self._manifest)

    def _write_manifest(self, manifest: Manifest) -> None:
        try:
            manifest.write(self._ready)
        except RunDirError as exc:
            if self._on_started is not None:
                raise
            # Readers find a restarted shard without it, by its segment's path.
            log.error("%s", exc)
        if self._on_started is not None:
            size = bytes_needed(self._plans)
            self._on_started(Started(self._run_dir.path, self._plans, size, manifest.upstream))
            self._on_started = None

    def _forget(self, shard_id: int) -> None:
        self._children.pop(shard_id, None)
        self._ready.pop(shard_id, None)
        heart = self._hearts.pop(shard_id, None)
        if heart is not None:
            heart.close()

    async def _watch(self) -> None:
        """Kill a shard whose loop stands still; its end starts the next."""
        hung = self._config.liveness.hung_seconds
        looked_at = time.monotonic()
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            now, before = time.monotonic(), looked_at
            looked_at = now
            if now - before > 3 * WATCH_SECONDS:
                continue  # we stood still ourselves, so perhaps did the shards: look again
            for shard_id, heart in list(self._hearts.items()):
                age = heart.age_seconds(time.monotonic_ns())
                if age > hung and shard_id in self._children:
                    log.error("shard %d: no heartbeat for %.1f s; killed", shard_id, age)
                    self._children[shard_id].kill()

    async def _stop_shards(self) -> None:
        """Close all shards, by force after STOP_SECONDS."""
        self._stopping.set()
        if self._manifest is not None:
            self._manifest.remove()
        children = list(self._children.values())
        for child in children:
            child.stop()
        waits = [asyncio.create_task(child.process.wait()) for child in children]
        if not waits:
            return
        _, late = await asyncio.wait(waits, timeout=STOP_SECONDS)
        if late:
            log.error("%d shards did not close within %g s; killed", len(late), STOP_SECONDS)
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
        await asyncio.wait(waits)
