"""The simulator put together: a source, a hub, and the two servers that face clients.

Use it in-process (port 0) as an asynchronous context manager::

    async with Simulator(SimulatorOptions(symbols=((Market.SPOT, "BTCUSDT"),))) as simulator:
        simulator.addresses["ws"]        # "ws://127.0.0.1:40123"
        simulator.control.status()

or from the command line as ``gateway simulate``.
"""

from __future__ import annotations

import asyncio
import errno
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self

from aiohttp import web

from gateway.simulator import ws_api
from gateway.simulator.api_connection import ApiDesk
from gateway.simulator.clock import Clock
from gateway.simulator.conduct import Conduct
from gateway.simulator.control import ControlRoom
from gateway.simulator.control_routes import control_routes
from gateway.simulator.fault_plan import FaultPlan
from gateway.simulator.fault_runner import FaultRunner
from gateway.simulator.fault_sending import FaultySending
from gateway.simulator.fault_state import FaultState
from gateway.simulator.faults import Drops
from gateway.simulator.generator import Generator
from gateway.simulator.hub import Hub
from gateway.simulator.load import LoadMarket
from gateway.simulator.names import Market
from gateway.simulator.player import Replay, ReplayOptions
from gateway.simulator.rest import RestApi, unknown_path
from gateway.simulator.rules import POOL_OF, Pool, Rules
from gateway.simulator.server import StreamServer
from gateway.simulator.source import Source
from gateway.simulator.timeline import Timeline, load_timeline
from gateway.simulator.weight import WeightPool

HOST: Final = "127.0.0.1"  # the simulator never listens beyond loopback
INTERNAL_ERROR: Final = 1011
DEFAULT_SYMBOLS: Final = (
    (Market.SPOT, "BTCUSDT"),
    (Market.SPOT, "ETHUSDT"),
    (Market.USDM, "BTCUSDT"),
    (Market.USDM, "ETHUSDT"),
    (Market.COINM, "BTCUSD_PERP"),
)
_log = logging.getLogger("gateway.simulator")


@dataclass(frozen=True, slots=True)
class SimulatorOptions:
    """What to simulate. ``replay`` names capture files; without them a market is generated."""

    port: int = 0  # of the WebSocket server; REST takes the next one, or any if it is taken
    replay: tuple[str, ...] = ()
    replay_options: ReplayOptions = field(default_factory=ReplayOptions)
    symbols: tuple[tuple[Market, str], ...] = DEFAULT_SYMBOLS
    seed: int = 0
    rate: float = 1.0  # times 20 actions a second and instrument
    load: float | None = None  # messages a second of a market made for load alone; else none
    drop_every: int | None = None
    faults: FaultPlan = field(default_factory=FaultPlan)
    coinm_routed: bool = False  # COIN-M's unrouted address carries book streams only, as USD-M's
    rules: Rules = field(default_factory=Rules)


class Simulator:
    """A running simulator. ``start`` raises DataFileError, UsageError or PortTaken."""

    def __init__(
        self,
        options: SimulatorOptions,
        clock: Clock | None = None,
        timeline: Timeline | None = None,
    ) -> None:
        """Make what ``options`` say; a ``timeline`` that is loaded already stands for the files."""
        self.options = options
        self._clock = clock or Clock()
        self.faults = FaultState(options.faults)
        sending = FaultySending(self.faults, self._clock.monotonic)
        self.hub = Hub(options.coinm_routed, sending)
        self.drops = Drops(options.drop_every)
        self.conduct = Conduct()
        self.source = self._make_source(timeline)
        self.server = StreamServer(self.hub, self._clock, options.rules, self.conduct)
        self.pools = {pool: WeightPool(options.rules.weights[pool]) for pool in Pool}
        self.control = ControlRoom(
            self.source, self.hub, self.server, self.drops, self.conduct, self.pools, self.faults
        )
        self._runner = FaultRunner(
            self.faults, self.hub, self.source, self._clock, self.control.obey
        )
        sending.on_late = self._runner.on_late
        self.control.on_faults = self._runner.replace
        self._apis = {market: self._make_api(market) for market in Market}
        self.server.serve_api(self._desk(market) for market in Market)
        self.addresses: dict[str, Any] = {}
        self.failure: Exception | None = None  # what ended the market, if it was not ``stop``
        self.on_failure: Callable[[], None] = _ignore
        self._rest: web.AppRunner | None = None
        self._task: asyncio.Task[None] | None = None

    def _make_api(self, market: Market) -> RestApi:
        pool = self.pools[POOL_OF[market]]
        return RestApi(market, self.source, pool, self._clock, self.conduct, self.faults)

    def _desk(self, market: Market) -> ApiDesk:
        return ApiDesk(
            market, self._apis[market].calls, self.pools[POOL_OF[market]], self.faults,
            self.conduct, self._clock, self.options.rules.pings[market],
        )  # fmt: skip

    def _make_source(self, timeline: Timeline | None) -> Source:
        options = self.options
        source: Source
        if timeline is None and options.replay:
            timeline = load_timeline(options.replay)
        if timeline is not None:
            source = Replay(timeline, self.hub, self._clock, self.drops, options.replay_options)
        elif options.load is not None:
            source = LoadMarket(
                options.symbols, self.hub, self._clock, self.drops, options.load
            )  # fmt: skip
        else:
            source = Generator(
                options.symbols, self.hub, self._clock, self.drops,
                seed=options.seed, rate=options.rate,
            )  # fmt: skip
        self.hub.on_change = source.wake
        return source

    async def start(self) -> None:
        """Listen, and let the market run."""
        ws_port = await self.server.start(HOST, self.options.port)
        try:
            rest_port = await self._start_rest(ws_port + 1)
        except BaseException:
            await self.server.stop()
            raise
        self.addresses = _addresses(f"ws://{HOST}:{ws_port}", f"http://{HOST}:{rest_port}")
        self._task = asyncio.create_task(self._run())
        self._runner.begin()

    async def _run(self) -> None:
        try:
            await self.source.run()
        except Exception as exc:
            # without its market the simulator would look alive and send nothing
            _log.exception("the market stopped")
            self.failure = exc
            self.hub.close_all(INTERNAL_ERROR, "the simulator failed")
            self.on_failure()

    async def _start_rest(self, preferred_port: int) -> int:
        application = web.Application()
        for api in self._apis.values():
            application.add_routes(api.routes())
        application.add_routes(control_routes(self.control))
        application.router.add_route("*", "/{path:.*}", unknown_path)
        self._rest = web.AppRunner(application, access_log=None)
        await self._rest.setup()
        try:
            await web.TCPSite(self._rest, HOST, preferred_port).start()
        except (OSError, OverflowError) as exc:
            if isinstance(exc, OSError) and exc.errno != errno.EADDRINUSE:
                raise
            await web.TCPSite(self._rest, HOST, 0).start()
        return int(self._rest.addresses[0][1])

    async def stop(self) -> None:
        """Close everything."""
        await self._runner.stop()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        await self.server.stop()
        if self._rest is not None:
            await self._rest.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()


def _ignore() -> None:
    pass


def _addresses(ws: str, rest: str) -> dict[str, Any]:
    markets = {
        str(market): {"ws": f"{ws}/{market}", "rest": f"{rest}/{market}"} for market in Market
    }
    for path, market in ws_api.PATHS.items():
        markets[str(market)]["ws_api"] = f"{ws}{path}"
    return {"ws": ws, "rest": rest, "markets": markets}
