"""The shard processes of a gateway: started, watched, started again, changed, stopped.

A shard that was up once and dies or hangs is started again, for ever, each time with a plan of what
is wanted by then. One that never comes up ends the start.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from gateway.config import Liveness
from gateway.errors import ShardFailed
from gateway.layout import Market
from gateway.plan import BookReply, Changed, PlanChange, Ready, ShardPlan
from gateway.rundir import RunDir
from gateway.supervisor.child import Desk, ShardChild
from gateway.supervisor.heartbeat import Heartbeat
from gateway.supervisor.restart import RestartDelay

log = logging.getLogger("gateway.supervisor")

STOP_SECONDS = 1.4  # for shards to close; then they are killed, so that all is gone within 2 s
WATCH_SECONDS = 1.0
CHANGE_SECONDS = 10.0  # for a shard to confirm a change
BOOK_SECONDS = 5.0  # for a shard to hand out a book


class Owner(Protocol):
    """Whoever must know what becomes of shards."""

    def on_ready(self, shard_id: int) -> None: ...

    def on_ended(self, shard_id: int) -> None: ...


@dataclass(slots=True)
class Answers:
    """What shards said to a change: streams that a shard refused and why, shards that were late."""

    refused: dict[int, Mapping[str, str]] = field(default_factory=dict)
    late: list[int] = field(default_factory=list)


class Fleet:
    """``make_plan`` gives the plan for a new process of a shard."""

    def __init__(
        self,
        run_dir: RunDir,
        liveness: Liveness,
        make_plan: Callable[[int], ShardPlan],
        desk: Desk,
        owner: Owner,
    ) -> None:
        self._run_dir = run_dir
        self.liveness = liveness
        self._make_plan = make_plan
        self._desk = desk
        self._owner = owner
        self._children: dict[int, ShardChild] = {}
        self._hearts: dict[int, Heartbeat] = {}
        self._stopping = asyncio.Event()
        self.ready: dict[int, Ready] = {}
        self.restarts: dict[int, int] = {}

    async def run(self, count: int) -> None:
        """Keep ``count`` shards running; raises ShardFailed if one never comes up."""
        self.restarts = dict.fromkeys(range(count), 0)
        tasks = [asyncio.create_task(self._keep(shard_id)) for shard_id in range(count)]
        tasks.append(asyncio.create_task(self._watch()))
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    @property
    def is_watched(self) -> bool:
        """Say whether shards that hang are ended: none is known to have hung for twice as long."""
        limit, now = 2 * self.liveness.hung_seconds, time.monotonic_ns()
        return all(heart.age_seconds(now) < limit for heart in self._hearts.values())

    def change(self, changes: Mapping[int, PlanChange]) -> Awaitable[Answers]:
        """Send each shard its change, now; return what they answer once it is in force there.

        A shard that is down, or goes down meanwhile, has it in its next plan.
        """
        sent = {
            shard_id: self._children[shard_id].change(change)
            for shard_id, change in changes.items()
            if shard_id in self._children
        }
        return self._answers(sent)

    async def _answers(self, sent: Mapping[int, asyncio.Future[Changed | None]]) -> Answers:
        answers = Answers()
        if sent:
            await asyncio.wait(sent.values(), timeout=CHANGE_SECONDS)
        for shard_id, answer in sent.items():
            if not answer.done():
                text = "shard %d has not confirmed a change of its streams within %g s"
                log.warning(text, shard_id, CHANGE_SECONDS)
                answers.late.append(shard_id)
                answer.cancel()
            elif (changed := answer.result()) is not None and changed.refused:
                answers.refused[shard_id] = changed.refused
        return answers

    async def book(self, shard_id: int, market: Market, row_name: str) -> BookReply | None:
        """Return the whole book of a symbol; None: its shard is down or does not answer."""
        child = self._children.get(shard_id)
        if child is None or shard_id not in self.ready:
            return None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(BOOK_SECONDS):
                return await child.book(market, row_name)
        return None

    async def stop(self) -> None:
        """Close all shards, by force after STOP_SECONDS."""
        self._stopping.set()
        children = list(self._children.values())
        for child in children:
            child.stop()
        waits = [asyncio.create_task(child.process.wait()) for child in children]
        if not waits:
            return
        _, late = await asyncio.wait(waits, timeout=STOP_SECONDS)
        if late:
            log.error("%d shards did not close within %g s; killed", len(late), STOP_SECONDS)
        self.kill()
        await asyncio.wait(waits)

    def kill(self) -> None:
        """End all shards at once."""
        for child in self._children.values():
            with contextlib.suppress(ProcessLookupError):
                child.kill()

    async def _keep(self, shard_id: int) -> None:
        """Keep one shard running; raises ShardFailed if it never comes up."""
        delay, was_ready = RestartDelay(), False
        while not self._stopping.is_set():
            self._run_dir.remove_unfinished(shard_id)
            try:
                child = await ShardChild.spawn(shard_id, lambda: self._make_plan(shard_id))
            except OSError as exc:  # no process or descriptor to be had just now
                if not was_ready:
                    raise
                wait = delay.next(0.0)
                text = "shard %d cannot be started: %s; trying again in %g s"
                log.error(text, shard_id, exc.strerror, wait)
                await asyncio.sleep(wait)
                continue
            # Not a turn of the loop after the plan was made: a change finds the child here.
            self._children[shard_id] = child
            returncode, live = await self._live(child)
            was_ready = was_ready or child.uptime > 0
            if self._stopping.is_set():
                return
            if not was_ready:
                raise ShardFailed(shard_id, returncode)
            await self._pause(child, returncode, delay.next(live))

    async def _pause(self, child: ShardChild, returncode: int, wait: float) -> None:
        self.restarts[child.shard_id] += 1
        text = "shard %d (pid %d) ended with %d after %.1f s; starting it again%s"
        later = f" in {wait:g} s" if wait else ""
        log.error(text, child.shard_id, child.process.pid, returncode, child.uptime, later)
        await asyncio.sleep(wait)

    async def _live(self, child: ShardChild) -> tuple[int, float]:
        """Serve a child from spawn to end; return its exit code, and how long it was LIVE."""
        life = asyncio.create_task(child.serve(self._desk))
        try:
            seconds = self.liveness.ready_seconds
            either: set[asyncio.Future[Any]] = {life, child.ready}
            await asyncio.wait(either, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if child.ready.done() and not child.ready.cancelled():
                self._on_ready(child.ready.result())
            elif not life.done():
                log.error("shard %d is not ready after %g s; killed", child.shard_id, seconds)
                child.kill()
            returncode = await asyncio.shield(life)
            return returncode, self._live_seconds(child)
        finally:
            child.kill()
            await life
            self._forget(child.shard_id)

    def _live_seconds(self, child: ShardChild) -> float:
        heart = self._hearts.get(child.shard_id)
        return 0.0 if heart is None else child.live_seconds(heart.last_ns)

    def _on_ready(self, ready: Ready) -> None:
        if self._stopping.is_set():
            return
        shard_id = ready.shard_id
        self.ready[shard_id] = ready
        # A shard that has died since leaves no segment to watch; its end is seen elsewhere.
        with contextlib.suppress(OSError):
            self._hearts[shard_id] = Heartbeat(self._run_dir.path / f"shard-{shard_id}.seg")
        log.info("shard %d is ready, pid %d", shard_id, ready.pid)
        self._owner.on_ready(shard_id)

    def _forget(self, shard_id: int) -> None:
        self._children.pop(shard_id, None)
        self.ready.pop(shard_id, None)
        heart = self._hearts.pop(shard_id, None)
        if heart is not None:
            heart.close()
        self._owner.on_ended(shard_id)

    async def _watch(self) -> None:
        """Kill a shard whose loop stands still; its end starts the next."""
        looked_at = time.monotonic()
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            now, before = time.monotonic(), looked_at
            looked_at = now
            if now - before > 3 * WATCH_SECONDS:
                continue  # we stood still ourselves, so perhaps did the shards: look again
            for shard_id, heart in list(self._hearts.items()):
                age = heart.age_seconds(time.monotonic_ns())
                if age > self.liveness.hung_seconds and shard_id in self._children:
                    log.error("shard %d: no heartbeat for %.1f s; killed", shard_id, age)
                    self._children[shard_id].kill()
