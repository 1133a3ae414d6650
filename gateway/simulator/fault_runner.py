"""The shell of the faults: timers for late frames, and a task for each episode of the plan.

What an episode does is an order of the control room; when it happens is said by ``fault_times``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from gateway.simulator.clock import Clock
from gateway.simulator.control import CannotDo
from gateway.simulator.fault_plan import Episode, EpisodeKind, FaultPlan, fits, markets_of
from gateway.simulator.fault_state import FaultState
from gateway.simulator.fault_times import Turn, turns
from gateway.simulator.hub import Hub
from gateway.simulator.names import Market
from gateway.simulator.orders import Hold, Kill, Order, Refuse, RestartIds, Silence, Slow
from gateway.simulator.source import Source

_NAP_MIN_S: Final = 0.001

Obey = Callable[[Order], Awaitable[object]]
Orders = list[tuple[str, Order, Order | None]]  # what is hit, how it begins, how it ends


class FaultRunner:
    """One a simulator. ``obey`` carries orders out; one that cannot be is let be."""

    def __init__(
        self, state: FaultState, hub: Hub, source: Source, clock: Clock, obey: Obey
    ) -> None:
        self._state = state
        self._hub = hub
        self._source = source
        self._clock = clock
        self._obey = obey
        self._tasks: list[asyncio.Task[None]] = []
        self._late: asyncio.TimerHandle | None = None
        self._late_due = 0.0

    def begin(self) -> None:
        """Begin the episodes of the plan in force."""
        plan = self._state.plan
        for number in range(len(plan.episodes) if plan.on else 0):
            self._tasks.append(asyncio.create_task(self._run(plan, number)))

    async def replace(self, plan: FaultPlan) -> None:
        """Do as ``plan`` says; what the old plan's episodes hold back is let go."""
        await self._end_episodes()
        self._hub.set_faults(plan)
        self.begin()

    async def stop(self) -> None:
        """End everything."""
        if self._late is not None:
            self._late.cancel()
        await self._end_episodes()

    async def _end_episodes(self) -> None:
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    # Late frames

    def on_late(self, due: float) -> None:
        """Send late frames at ``due`` (monotonic seconds), or before if others are due then."""
        if self._late is not None:
            if self._late_due <= due:
                return
            self._late.cancel()
        self._late_due = due
        delay_s = max(_NAP_MIN_S, due - self._clock.monotonic())
        self._late = asyncio.get_running_loop().call_later(delay_s, self._send_late)

    def _send_late(self) -> None:
        self._late = None
        due = self._hub.send_late()
        if due is not None:
            self.on_late(due)

    # Episodes

    async def _run(self, plan: FaultPlan, number: int) -> None:
        begun = self._clock.monotonic()
        for turn in turns(plan, number):
            await self._sleep_until(begun + turn.start_s)
            await self._happen(plan.episodes[number], turn, begun)

    async def _happen(self, episode: Episode, turn: Turn, begun: float) -> None:
        orders = self._orders(episode)
        hit = [name for name, order, _ in orders if await self._try(order)]
        self._state.counts.note_episode(str(episode.what), hit, turn.start_s, turn.end_s)
        endings = [(name, end) for name, _, end in orders if end is not None]
        if not endings:
            return
        try:
            await self._sleep_until(begun + turn.end_s)
        finally:
            for _, ending in endings:
                await self._try(ending)

    async def _try(self, order: Order) -> bool:
        try:
            await self._obey(order)
        except (LookupError, CannotDo):  # it is not there any more, or never was
            return False
        return True

    async def _sleep_until(self, monotonic: float) -> None:
        await asyncio.sleep(max(0.0, monotonic - self._clock.monotonic()))

    def _orders(self, episode: Episode) -> Orders:
        what, target = episode.what, episode.target
        if what is EpisodeKind.SILENT:
            streams = [key for key in self._hub.keys if fits(key, target)]
            return [(key, Silence(key, sticky=True), Silence(key, on=False)) for key in streams]
        if what is EpisodeKind.RESTART_IDS:
            return [(key, RestartIds(key), None) for key in self._instruments(target)]
        return [(str(market), *_of_market(episode, market)) for market in markets_of(target)]

    def _instruments(self, target: str) -> list[str]:
        keys = [found.key for market in Market for found in self._source.instruments(market)]
        return [key for key in keys if fits(key, target)]


def _of_market(episode: Episode, market: Market) -> tuple[Order, Order | None]:
    """Return how an episode begins and ends on a market's connections."""
    if episode.what is EpisodeKind.HALF_OPEN:
        return Hold(market=market), Hold(market=market, on=False)
    if episode.what is EpisodeKind.SLOW:
        return Slow(market=market, bytes_per_s=episode.bytes_per_s), Slow(market=market, on=False)
    if episode.what is EpisodeKind.REFUSE:
        refuse = Refuse(episode.status, market=market, retry_after=episode.retry_after)
        return refuse, Refuse(market=market, on=False)
    return Kill(market=market), None
