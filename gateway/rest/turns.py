"""Turns to call: a pool's queue, its share of the common log, and the calls on their way.

All the changes that one process makes to a pool's log are made by one task, so that they have an
order; each is one look at the state file, which grants every waiting call that fits. The rules are
in ``budget`` and ``need_queue``.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.log import RateLimit
from gateway.plan import Need
from gateway.rest.budget import (
    SHARES,
    Hold,
    News,
    Outcome,
    Wish,
    exchange,
    is_too_dear,
    line_of,
)
from gateway.rest.need_queue import NeedQueue, Ticket
from gateway.rest.refusal import Before
from gateway.rest.weight_log import Moment, Weights
from gateway.state import StateFile

log = logging.getLogger("gateway.rest")

FILE_NAME: Final = "weights.json"
# Calls on their way, so that a granted one is sent at once: it must not wait while a ban begins.
ON_WAY_MAX: Final = 8
FRESH_SECONDS: Final = 1.0  # a turn that was not used by then is given back
TELL_SECONDS: Final = 0.5  # what was answered is told to the others, at the latest
LOOK_SECONDS: Final = 5.0  # others may have freed weight earlier than it looked
CLOSE_SECONDS: Final = 0.4
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


class NoTurn(Exception):
    """The call is not made; the text says why."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a pool is asked under: the documented limit a minute, and what the configuration says.

    ``call_s``: after which a call is given up.
    """

    name: str
    key: str
    limit: int
    reserve: float
    call_s: float
    queue_max: int


class Turn:
    """A call that may be made now. ``close`` it whatever happens."""

    __slots__ = ("_is_sent", "_pool", "granted_at", "until", "weight")

    def __init__(self, pool: Turns, weight: int, granted_at: float, until: float) -> None:
        self._pool = pool
        self._is_sent = False
        self.weight = weight
        self.granted_at = granted_at
        self.until = until

    def sent(self) -> None:
        """The call may have reached the venue from now on: its weight is spent."""
        self._is_sent = True

    def not_sent(self) -> None:
        """It has surely not reached the venue."""
        self._is_sent = False

    def answered(self, used: int | None) -> None:
        """The answer has begun; ``used`` is the venue's own count."""
        self._pool.closed(self, time.monotonic(), used)

    def close(self) -> None:
        """No answer will come, if none came yet."""
        # It may still be on the wire: it counts as if it reached the venue at the last moment.
        self._pool.closed(self, self.until if self._is_sent else None)


@dataclass(frozen=True, slots=True)
class _Waiter:
    future: asyncio.Future[Turn]
    patience_s: float


class Turns:
    """One pool of weight in this process. Used inside one running event loop."""

    def __init__(self, file: StateFile[Weights], terms: Terms) -> None:
        self._file = file
        self._terms = terms
        self._holder = secrets.token_hex(4)
        self._boot = _boot_id()
        self._queue: NeedQueue[_Waiter] = NeedQueue(terms.queue_max)
        self._on_way: set[Turn] = set()
        self._news = News()
        self._tell_at = math.inf
        self._look_at = 0.0
        self._stuck: Ticket[_Waiter] | None = None
        self._limits: dict[str, int] = {}
        self._held_until = -math.inf
        self._before = Before()
        self._last = Outcome(0, 0.0, 0.0, 0, 0, self._line)
        self._last_at = -math.inf
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._limit = RateLimit(count=1, interval=60.0)

    @property
    def before(self) -> Before:
        """The last hold that is over: refusals that come together are of one ban."""
        return self._before if time.monotonic() >= self._held_until else Before()

    @property
    def _line(self) -> int:
        return line_of(self._terms.limit, self._limits, self._terms.reserve)

    async def turn(
        self, weight: int, need: Need, subject: str = "", patience_s: float = math.inf
    ) -> Turn:
        """Wait for a turn; raises NoTurn.

        A newer call of the same ``subject`` takes its place. Who waits longer than ``patience_s``
        for weight is refused at once.
        """
        while True:
            found = await self._wait(weight, need, subject, patience_s)
            now = time.monotonic()
            if now - found.granted_at <= FRESH_SECONDS and now >= self._held_until:
                return found
            found.close()

    def hold(self, hold: Hold) -> None:
        """Nothing is asked for so long, by any process: the venue wants it so."""
        now = time.monotonic()
        self._before = Before(hold.status, hold.seconds)
        self._held_until = max(self._held_until, now + hold.seconds)
        self._news.hold = max(self._news.hold or hold, hold, key=lambda each: each.seconds)
        self._tell(now)
        if self._limit.admit("hold", now) is not None:
            text = "REST of %s: HTTP %d, the venue wants no call for %.0f s; %d wait"
            log.warning(text, self._terms.name, hold.status, hold.seconds, len(self._queue))

    def learn(self, market: str, limit: int) -> None:
        """A market's exchangeInfo says what may be spent a minute."""
        if self._limits.get(market) != limit:
            self._limits[market] = limit
            self._tell(time.monotonic())

    def closed(self, turn: Turn, at: float | None, used: int | None = None) -> None:
        """A turn has ended, its call counted by ``at``; None: it was not made. Once is enough."""
        if turn not in self._on_way:
            return
        self._on_way.discard(turn)
        now = time.monotonic()
        if at is not None:
            self._news.answered.append((at, turn.weight))
        if used is not None:
            self._news.used = (now, used)
        self._tell(now + TELL_SECONDS)

    def state(self) -> dict[str, float]:
        """Return ``limit`` (what may be spent a minute), ``spent`` as last seen, ``held_s``, …"""
        now = time.monotonic()
        spent = self._last.spent if now - self._last_at < 60.0 else 0
        held_s = max(0.0, self._held_until - now)
        line = self._last.line
        return {"limit": line, "spent": spent, "held_s": held_s, "waiting": len(self._queue)}

    async def close(self) -> None:
        """Tell what is left to tell."""
        for ticket in list(self._queue):
            self._refuse(ticket, "the gateway stops")
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.wait({self._task})
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._exchange([])

    async def _wait(self, weight: int, need: Need, subject: str, patience_s: float) -> Turn:
        if is_too_dear(Wish(weight, SHARES[need]), self._line):
            text = f"weight {weight} is more than the {self._terms.name} budget ever has"
            raise NoTurn(f"{text} ({self._line} a minute)")
        future: asyncio.Future[Turn] = asyncio.get_running_loop().create_future()
        ticket = self._queue.make(need, weight, subject, _Waiter(future, patience_s))
        older = self._queue.superseded_by(ticket)
        if older is not None:
            self._refuse(older, "a newer request has taken its place")
        last = self._queue.push(ticket)
        if last is not None:
            text = f"over {self._terms.queue_max} calls wait for {self._terms.name} weight"
            self._refuse(last, f"{text}, and this is the least needed")
        self._wake()
        try:
            return await future
        except asyncio.CancelledError:
            self._queue.remove(ticket)
            if future.done() and not future.cancelled() and future.exception() is None:
                future.result().close()
            raise

    def _refuse(self, ticket: Ticket[_Waiter], why: str) -> None:
        self._queue.remove(ticket)
        if not ticket.waiter.future.done():
            ticket.waiter.future.set_exception(NoTurn(why))

    def _tell(self, at: float) -> None:
        self._tell_at = min(self._tell_at, at)
        self._wake()

    def _wake(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
        self._changed.set()

    async def _run(self) -> None:
        while True:
            wait_s = await self._step(time.monotonic())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._changed.wait()
            self._changed.clear()

    async def _step(self, now: float) -> float | None:
        """Do what is due; return the seconds to the next step, None: until something changes."""
        first = self._queue.first(max(0, ON_WAY_MAX - len(self._on_way)))
        is_stuck = first and first[0] is self._stuck
        due_at = min(self._tell_at, (self._look_at if is_stuck else now) if first else math.inf)
        if due_at > now:
            return due_at - now if due_at < math.inf else None
        outcome = await self._exchange(first)
        self._grant(first, outcome)
        if outcome.granted == len(first):
            self._stuck = None
            return 0.0 if self._queue and len(self._on_way) < ON_WAY_MAX else self._until_told()
        self._stuck = first[outcome.granted]
        self._look_at = time.monotonic() + min(outcome.wait_s, LOOK_SECONDS)
        self._on_wait(outcome)
        return min(outcome.wait_s, LOOK_SECONDS)

    def _until_told(self) -> float | None:
        return None if self._tell_at == math.inf else max(0.0, self._tell_at - time.monotonic())

    def _grant(self, tickets: list[Ticket[_Waiter]], outcome: Outcome) -> None:
        now = time.monotonic()
        for ticket in tickets[: outcome.granted]:
            # One that was cancelled meanwhile is not on its way: the next look gives it back.
            if self._queue.remove(ticket) and not ticket.waiter.future.done():
                turn = Turn(self, ticket.weight, now, now + self._terms.call_s)
                self._on_way.add(turn)
                ticket.waiter.future.set_result(turn)
            else:
                self._tell(now + TELL_SECONDS)

    def _on_wait(self, outcome: Outcome) -> None:
        for ticket in list(self._queue):
            if outcome.wait_s > ticket.waiter.patience_s:
                self._refuse(ticket, self._shortage(outcome))
            elif is_too_dear(Wish(ticket.weight, SHARES[ticket.need]), outcome.line):
                text = f"weight {ticket.weight} is more than the {self._terms.name} budget has now"
                self._refuse(ticket, f"{text} ({outcome.line} a minute)")
        if self._limit.admit("wait", time.monotonic()) is not None and outcome.wait_s >= 1.0:
            text = "REST of %s: %s; calls that wait: %d"
            log.info(text, self._terms.name, self._shortage(outcome), len(self._queue))

    def _shortage(self, outcome: Outcome) -> str:
        if outcome.held_s:
            said = f"HTTP {outcome.status}: the venue wants no call"
            return f"{said} for {math.ceil(outcome.held_s)} s"
        name = self._terms.name
        return f"no {name} request weight is free for {math.ceil(outcome.wait_s)} s"

    async def _exchange(self, tickets: list[Ticket[_Waiter]]) -> Outcome:
        """One look at the file: what we have to tell, and what we want."""
        news, self._news, self._tell_at = self._news, News(), math.inf
        news.on_way = [(turn.until, turn.weight) for turn in self._on_way]
        news.limits = dict(self._limits)
        wishes = [Wish(ticket.weight, SHARES[ticket.need]) for ticket in tickets]
        try:
            if not self._file.may_block:
                outcome = self._look(news, wishes)
            else:
                outcome = await asyncio.to_thread(self._look, news, wishes)
        except BaseException:
            self._news.put_back(news)
            raise
        self._last, self._last_at = outcome, time.monotonic()
        self._held_until = max(self._held_until, self._last_at + outcome.held_s)
        return outcome

    def _look(self, news: News, wishes: list[Wish]) -> Outcome:
        terms = (self._terms.limit, self._terms.reserve, self._terms.call_s)

        def change(content: Weights) -> Outcome:
            # The clock is read under the lock: entries of others are not from the future then.
            now = Moment(self._boot, time.monotonic(), time.time())
            return exchange(content, self._terms.key, self._holder, news, wishes, terms, now)

        return self._file.update(change, is_durable=news.hold is not None)


def _boot_id() -> str:
    try:
        return _BOOT_ID.read_text("ascii").strip()
    except OSError:
        return ""
