"""One connection of the plan: its streams, and the two links that carry them.

When links open and close is decided by the pure rules of ``rotation``, ``silence`` and ``lag``;
how long to stay away by ``backoff`` and ``refusal``; which address is next by ``address``. This
module runs what they decide, and the links do the talking.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Iterable, Mapping
from typing import Protocol

from gateway.core.engine import Engine
from gateway.plan import PlanConnection
from gateway.shard import silence
from gateway.shard.address import Addresses, host_of
from gateway.shard.backoff import Backoff
from gateway.shard.lag import LagWatch
from gateway.shard.pacing import Pace
from gateway.shard.refusal import POLICY_VIOLATION, Caution, Ending, Hold, hold_of
from gateway.shard.rotation import Do, Rotation, Step, Why
from gateway.shard.silence import SilencePolicy
from gateway.shard.subscribe import NAMES_MAX, Requests

log = logging.getLogger("gateway.shard.connection")

CHECK_S = 0.25  # how often the rules are asked


class LinkLike(Protocol):
    """What a connection needs of ``link.Link``."""

    row: int
    name: str

    async def session(
        self,
        url: str,
        streams: Mapping[str, int],
        requests: Requests,
        pace: Pace,
        owner: Connection,
    ) -> Ending: ...

    def subscribe(self, names: Iterable[str]) -> None: ...

    def unsubscribe(self, names: Iterable[str]) -> None: ...

    def drain(self) -> None: ...


class Owner(Protocol):
    """What a connection tells the shard, and asks of it."""

    async def permit(self, host: str) -> None:
        """Wait until a handshake with the host may be attempted."""

    def on_hold(self, host: str, status: int, hold: Hold) -> None:
        """The venue refused a handshake."""

    def on_notices(self) -> None:
        """The core has notices to take."""

    def on_acked(self, rows: list[int]) -> None:
        """The venue has acknowledged these streams."""

    def on_subscribed(self, connection: Connection) -> None:
        """The venue has answered for every stream, on a link that was opened."""

    def on_lost(self, connection: Connection) -> None:
        """No link is up any more; what it feeds is DOWN."""

    def on_refused(self, connection: Connection, frame: bytes) -> None:
        """A frame could not be used."""


class Connection:
    """A connection over all its links' sessions. ``streams``: the venue's name -> stream row."""

    def __init__(
        self,
        engine: Engine,
        plan: PlanConnection,
        links: tuple[LinkLike, LinkLike],
        owner: Owner,
        lag_s: float,
    ) -> None:
        self.plan = plan
        self.links = links
        self.streams: dict[str, int] = {}
        self.silence = SilencePolicy()
        self._engine = engine
        self._owner = owner
        self._rotation = Rotation(plan.redundancy, plan.rotate_after_s)
        self._lag = LagWatch(lag_s)
        self._addresses = Addresses(plan.urls)
        self._indices = [0, 0]  # of the address that each link uses
        self._probes = [False, False]  # each link's next attempt goes to another address
        self._backoffs = (Backoff(), Backoff())
        self._caution = Caution()
        self._tasks: dict[int, asyncio.Task[None]] = {}  # of the link on each side
        self._leaving: set[asyncio.Task[None]] = set()  # that were cancelled, and say goodbye
        self._wake = asyncio.Event()

    # What the shard wants.

    async def run(self) -> None:
        """Hold the connection until cancelled."""
        try:
            while True:
                self._wake.clear()
                self._check(time.monotonic())
                for task in self._tasks.values():
                    if task.done() and not task.cancelled():
                        task.result()  # it ends by cancelling only: anything else is our fault
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(CHECK_S):
                        await self._wake.wait()
        finally:
            for task in self._tasks.values():
                task.cancel()
            if left := {*self._tasks.values(), *self._leaving}:
                await asyncio.wait(left)

    def add(self, streams: Mapping[str, int]) -> None:
        """Carry these too, from now on."""
        self.streams.update(streams)
        for side, link in enumerate(self.links):
            self._rotation.answered(side, None)
            link.subscribe(streams)
        self._wake.set()

    def remove(self, names: Iterable[str]) -> None:
        """Carry these no longer."""
        left = [name for name in names if name in self.streams]
        for name in left:
            self.silence.removed(self.streams.pop(name))
        for link in self.links:
            link.unsubscribe(left)

    def drain(self) -> None:
        """The process stood still: find out when what was queued has been read."""
        for link in self.links:
            link.drain()

    # The rules, and what follows from them.

    def _check(self, now: float) -> None:
        if not self.streams:
            for step in self._rotation.rest():
                self._take(step)
            return
        for side in (0, 1):
            lag_s = self._engine.lag_ns(self.links[side].row) / 1e9
            if self._rotation.seats[side].is_up and self._lag.judge(side, lag_s, now):
                self._rotation.wish(side, Why.LAG)
        if not self._rotation.is_rotating and self.silence.wants_rotation(now):
            self._renew_for_silence(now)
        for step in self._rotation.steps(now, len(self.streams), self._awaited, self._starved):
            self._take(step)

    def _awaited(self, side: int) -> frozenset[int]:
        return frozenset(self._engine.awaited(self.links[side].row))

    def _starved(self, side: int) -> frozenset[int]:
        if not all(seat.is_up for seat in self._rotation.seats):
            return frozenset()  # nobody to compare it with, and no need to look
        return frozenset(self._engine.starved(self.links[side].row))

    def _renew_for_silence(self, now: float) -> None:
        """Silent streams get another link, and where all is silent another address."""
        side = self._rotation.oldest_up()
        if side is None:
            return
        self.silence.rotated(now)
        self._rotation.wish(side, Why.SILENCE)
        renewed = side if self._rotation.redundancy > 1 else 1 - side
        awaited = len(self._awaited(side))
        self._probes[renewed] = silence.is_wrong_route(len(self.streams), awaited)

    def _take(self, step: Step) -> None:
        link = self.links[step.side]
        match step.do:
            case Do.OPEN:
                before = self._tasks.get(step.side)
                self._tasks[step.side] = asyncio.ensure_future(self._hold(step.side, before))
                if step.why is not None:
                    log.info("%s: opening beside the other link: %s", link.name, step.why)
            case Do.CLOSE | Do.GIVE_UP:
                task = self._tasks[step.side]
                self._leaving.add(task)
                task.add_done_callback(self._leaving.discard)
                task.cancel()
                self._report_close(step)
            case Do.ADOPT:
                self._adopt(step.side)

    def _report_close(self, step: Step) -> None:
        name = self.links[step.side].name
        if step.do is Do.GIVE_UP:
            url = self.plan.urls[self._indices[step.side]]
            log.warning("%s: nothing better comes from %s, given up", name, url)
        elif step.is_rotation:
            self._engine.count_rotation()
            self._adopt(1 - step.side)
            log.info("%s: closing: %s; the other link carries its streams", name, step.why)

    def _adopt(self, side: int) -> None:
        """A link carries everything: its address is the one to use."""
        self._addresses.delivered(self._indices[side])
        if self._rotation.redundancy > 1 and self._indices[0] != self._indices[1]:
            self._rotation.wish(1 - side, Why.ADDRESS)

    # One link, from its opening to its closing.

    async def _hold(self, side: int, before: asyncio.Task[None] | None) -> None:
        """Keep a link open until cancelled; ``before`` is what still closes its last session."""
        if before is not None:
            await asyncio.wait((before,))
            if not before.cancelled():
                before.result()
        self._backoffs[side].reset()
        while True:
            url = self._choose(side)
            await self._owner.permit(host_of(url))
            self._rotation.opening(side, on_trial=self._is_on_trial(side))
            ending = await self._session(side, url)
            self._rotation.waiting(side)
            delay = self._delay_after(side, url, ending)
            log.warning(
                "%s: %s (%s), connecting again in %.1f s",
                self.links[side].name,
                ending.problem,
                url,
                delay,
            )
            await asyncio.sleep(delay)

    def _choose(self, side: int) -> str:
        probes, self._probes[side] = self._probes[side], False
        self._indices[side] = self._addresses.probe() if probes else self._addresses.current
        return self.plan.urls[self._indices[side]]

    def _is_on_trial(self, side: int) -> bool:
        """Whether the link's address is not the one that the other link, which is up, uses."""
        other = self._rotation.seats[1 - side]
        return other.is_up and self._indices[side] != self._indices[1 - side]

    async def _session(self, side: int, url: str) -> Ending:
        requests = Requests(self._caution.names(NAMES_MAX))
        requests.add(self.streams)
        pace = Pace(self._caution.per_second(self.plan.control_per_second))
        return await self.links[side].session(url, self.streams, requests, pace, self)

    def _delay_after(self, side: int, url: str, ending: Ending) -> float:
        now = time.monotonic()
        self._caution.forgive(now)
        if not ending.was_up:
            self._addresses.failed(self._indices[side])
        delay = self._backoffs[side].next_delay(random.random())
        hold = hold_of(ending, time.time())
        if hold is not None:
            self._owner.on_hold(host_of(url), ending.status, hold)
        if ending.close_code == POLICY_VIOLATION:
            delay = max(delay, self._caution.fault(now))
        return delay

    # What the links tell. Implements ``link.Owner``.

    def _side(self, link: LinkLike) -> int:
        return 0 if link is self.links[0] else 1

    def on_up(self, link: LinkLike) -> None:
        side = self._side(link)
        self._rotation.up(side, time.monotonic())
        self._wake.set()
        url = self.plan.urls[self._indices[side]]
        log.info("%s: connected to %s; streams to subscribe: %d", link.name, url, len(self.streams))

    def on_answered(self, link: LinkLike, acked: list[int], is_settled: bool) -> None:
        self.silence.renewed(acked)
        self._owner.on_acked(acked)
        side = self._side(link)
        if is_settled:
            self._rotation.answered(side, time.monotonic())
            self._backoffs[side].reset()
            self._owner.on_subscribed(self)
            self._wake.set()

    def on_down(self, link: LinkLike) -> None:
        side = self._side(link)
        self._lag.forget(side)
        self._rotation.waiting(side)
        self._wake.set()
        if not self._rotation.is_up:
            self.silence.renewed(self.streams.values())
            self._owner.on_lost(self)

    def on_shutdown(self, link: LinkLike) -> None:
        log.warning("%s: the venue shuts this link down, opening another at once", link.name)
        self._rotation.wish(self._side(link), Why.SHUTDOWN)
        self._wake.set()

    def on_refused(self, frame: bytes) -> None:
        self._owner.on_refused(self, frame)

    def on_notices(self) -> None:
        self._owner.on_notices()
