"""The supervisor's life: ask the venue what it lists, run the gateway, reload it, stop it.

It ends on SIGTERM and SIGINT, and when a shard could not be started at all. SIGHUP has it read its
configuration again.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import uvloop

from gateway.config import Config, selection_of
from gateway.errors import GatewayError, VenueError
from gateway.log import RateLimit
from gateway.metrics.server import MetricsServer
from gateway.patterns import Selection
from gateway.redaction import redacted
from gateway.rest.client import RestClient
from gateway.rundir import RunDir
from gateway.state import StateFile
from gateway.supervisor import gate, memory, rates
from gateway.supervisor.attempts import Attempts, join
from gateway.supervisor.catalogue import RETRY_SECONDS_MAX, Catalogue
from gateway.supervisor.check import (
    check_listed,
    idle_depths,
    needs_restart,
    no_match,
    remarks,
    taken_up,
)
from gateway.supervisor.gate import Gate
from gateway.supervisor.notify import Notifier
from gateway.supervisor.rate_keeper import RateKeeper
from gateway.supervisor.rates import Rates
from gateway.supervisor.running import Outside, Running, Started, together
from gateway.supervisor.subscriptions import Subscriptions

log = logging.getLogger("gateway.supervisor")

REPORT_SECONDS = 2.0  # between two words to systemd
SILENT_SECONDS = 1.0  # what takes longer is said to be under way
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@dataclass(frozen=True, slots=True)
class Order:
    """What to run. ``origin`` is where the subscriptions come from, for messages.

    ``read_again`` reads the configuration for SIGHUP; None: there is no file. ``state`` is where
    measured rates, counted attempts and spent weight are kept; None: nowhere.
    """

    config: Config
    origin: str
    wait_for_venue: bool = True
    read_again: Callable[[], Config] | None = None
    state: Path | None = None


def run(order: Order, places: list[Path], on_started: Callable[[Started], None]) -> None:
    """Run a gateway in the first of ``places`` that will do, until told to stop.

    Raises GatewayError when it cannot start. Leaves nothing in the run directory either way.
    """
    memory.keep_little()  # while there are no threads yet
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
        self._last_read = order.config
        self._run_dir = run_dir
        self._on_started = on_started
        self._notifier = Notifier()
        self._running: Running | None = None  # until the venue has answered
        self._metrics = MetricsServer(order.config.metrics, run_dir.path)
        self._stopping = asyncio.Event()
        self._hung_up = asyncio.Event()

    async def run(self) -> None:
        """Run until a signal comes; raises GatewayError when it cannot start."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, self._hung_up.set)
        for number in _STOP_SIGNALS:
            loop.add_signal_handler(number, self._on_signal)
        rest = RestClient(self._config, self._order.state)
        work = asyncio.create_task(together(self._work(rest), self._report()))
        stop = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stop.cancel()
            self._notifier.stopping()
            if self._running is not None:
                await self._running.stop()
            work.cancel()
            await asyncio.wait({work})
            await self._metrics.close()
            await rest.close()
            self._notifier.close()
        if not work.cancelled():
            work.result()

    def _on_signal(self) -> None:
        if self._stopping.is_set() and self._running is not None:
            self._running.kill()
        self._stopping.set()

    async def _work(self, rest: RestClient) -> None:
        await self._metrics.start()
        catalogue = Catalogue(rest)
        selection = selection_of(self._config, self._order.origin)
        text = ("asking %s for its instruments", self._upstream)
        said = asyncio.get_running_loop().call_later(SILENT_SECONDS, log.info, *text)
        await self._load(catalogue, selection)
        said.cancel()
        subscriptions = Subscriptions(selection)
        wanted = subscriptions.wanted(catalogue.instruments, {})
        check_listed(selection, catalogue.instruments, self._order.origin, self._upstream)
        depths = self._config.book.depth_levels
        for remark in (
            *remarks(wanted, catalogue.instruments),
            *idle_depths(depths, wanted, catalogue.instruments),
        ):
            log.warning("%s", remark)
        outside = self._outside(rest, catalogue)
        known = await outside.rate_keeper.known()
        self._running = Running(self._config, outside, subscriptions, wanted, known, self._on_up)
        await together(self._running.run(), self._follow_reloads(self._running, catalogue))

    def _on_up(self, started: Started) -> None:
        self._notifier.ready(self._state())
        self._on_started(started)

    async def _report(self) -> None:
        """Feed systemd's watchdog, as long as the shards live or are being seen to."""
        pause = min(REPORT_SECONDS, self._notifier.watchdog_seconds / 4 or REPORT_SECONDS)
        while True:
            if self._running is None or self._running.is_watched:
                self._notifier.alive()
            self._notifier.status(self._state())
            await asyncio.sleep(pause)

    def _state(self) -> str:
        return f"waits for {self._upstream}" if self._running is None else self._running.state

    @property
    def _upstream(self) -> str:
        return redacted(self._config.upstream.rest) or self._config.upstream.resolved().name

    def _outside(self, rest: RestClient, catalogue: Catalogue) -> Outside:
        state, upstream = self._order.state, self._config.upstream.resolved()
        attempts = StateFile(state, gate.FILE_NAME, Attempts, join)
        measured = StateFile(state, rates.FILE_NAME, Rates)
        leave = Gate(attempts, self._config.connections.attempts_per_5min)
        if self._config.rest.transport == "ws-api":
            rest.use_ws_api(leave.ask)
        keeper = RateKeeper(measured, upstream)
        return Outside(self._run_dir, rest, catalogue, leave, keeper, self._metrics)

    async def _load(self, catalogue: Catalogue, selection: Selection) -> None:
        limit, delay = RateLimit(count=1, interval=60.0), 1.0
        while True:
            try:
                return await catalogue.need(selection.markets)
            except VenueError as exc:
                if not self._order.wait_for_venue:
                    raise
                if limit.admit(str(exc), time.monotonic()) is not None:
                    log.warning("%s; trying again until it answers", exc)
            await asyncio.sleep(delay)
            delay = min(2 * delay, RETRY_SECONDS_MAX)

    async def _follow_reloads(self, running: Running, catalogue: Catalogue) -> None:
        while True:
            await self._hung_up.wait()
            self._hung_up.clear()
            self._notifier.reloading()
            try:
                await self._reload(running, catalogue)
            except GatewayError as exc:
                log.error("reload: %s; nothing was changed", exc)
            self._notifier.ready(self._state())

    async def _reload(self, running: Running, catalogue: Catalogue) -> None:
        """Take up what can be of a changed file; raises GatewayError for a bad one."""
        if self._order.read_again is None:
            log.warning("reload: there is nothing to read again; start with --config FILE")
            return
        config = self._order.read_again()
        selection = selection_of(config, self._order.origin)
        await catalogue.need(selection.markets)
        check_listed(selection, catalogue.instruments, self._order.origin, self._upstream)
        unmatched = set(running.steward.unmatched)
        outcome = await running.steward.reconfigure(selection)
        for pattern in running.steward.unmatched:
            if pattern not in unmatched:
                log.warning("reload: %s", no_match(pattern))
        if not outcome.added and not outcome.removed:
            log.info("reload: %s: no other subscriptions", self._order.origin)
        self._take_up(running, config)

    def _take_up(self, running: Running, config: Config) -> None:
        running.take_up(config)
        now, later = taken_up(self._last_read, config), needs_restart(self._config, config)
        self._last_read = config
        if now:
            log.info("reload: %s: taken up", ", ".join(now))
        if later:
            log.warning("reload: %s: changed, but only a restart takes it up", ", ".join(later))
