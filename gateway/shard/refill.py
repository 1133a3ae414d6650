"""Back-fill: missed events asked of the supervisor, and handed to the core in their order.

What can be had is ``gateway.backfill``'s, what is asked for next ``backfill``'s. An answer is
handed over in slices, so that the frames that come meanwhile do not wait.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from gateway import backfill
from gateway import plan as wire
from gateway.core.engine import Engine, Notice
from gateway.core.engine import Gap as EngineGap
from gateway.layout import GapState, Kind, Market
from gateway.log import RateLimit
from gateway.markets import FACTS
from gateway.plan import Need
from gateway.shard.backfill import Backfill, Closed, Gap, Job
from gateway.shard.calls import Calls

log = logging.getLogger("gateway.shard")

SLICE_S = 0.001  # of the loop's time, then frames have their turn
DELIVERED = ("OK", "DUPLICATE")  # of the second, the core has had the event already
LINES = 5  # about gaps that are over, in 10 s
EVENTS_MAX = 10_000  # of a gap, by default


class Stream(Protocol):
    """What is needed of ``rows.Carried``."""

    plan: wire.PlanStream


class Rows(Protocol):
    """What is needed of ``rows.Rows``."""

    def carried(self, row: int) -> Stream | None: ...

    def stream_name(self, row: int) -> str: ...


@dataclass(frozen=True, slots=True)
class Settings:
    """``events_max`` are fetched of one gap, the newest."""

    is_enabled: bool = True
    events_max: int = EVENTS_MAX


class Refill:
    """The gaps of a shard's streams, until each is filled or given up."""

    def __init__(
        self,
        engine: Engine,
        rows: Rows,
        calls: Calls,
        send: Callable[[wire.HistoryRequest], None],
        settings: Settings,
    ) -> None:
        self._engine = engine
        self._rows = rows
        self._calls = calls
        self._send = send
        self._settings = settings
        self._backfill = Backfill()
        self._limit = RateLimit(LINES, 10.0)

    def on_gap(self, notice: Notice) -> None:
        """The core has found ids missing; it may tell of one gap more than once."""
        found = self._engine.gap_of(notice.number)
        # What is lost at once is closed already; a book's gap ends when the book is LIVE again.
        if found is None or found.state is not GapState.OPEN or found.subject == Kind.DIFF:
            return
        if not self._take_in(notice.row, found):
            self._engine.close_gap(found.number, GapState.LOST, 0)
            self._tell(notice.row, found.number)

    def _take_in(self, row: int, found: EngineGap) -> bool:
        """Have a gap filled. False: nothing can bring it back, or it is not wanted."""
        carried = self._rows.carried(row)
        source = carried and backfill.source_of(carried.plan.name, carried.plan.kind)
        if not source or not self._settings.is_enabled:
            return False
        first, last, before = found.first_id, found.last_id, found.ts_before
        start = source.reach(first, last, before, time.time_ns(), self._settings.events_max)
        if start is None:
            return False
        gap = Gap(found.number, first, last, start, found.missing)
        return self._backfill.add(row, source, gap, time.monotonic())

    def _is_open(self, gap: Gap) -> bool:
        """Whether ids are still missing: late events may have brought them."""
        found = self._engine.gap_of(gap.number)
        return found is not None and found.state is GapState.OPEN

    def next_due(self, now: float) -> float | None:
        """When a stream that waits for its time is to be asked for; None: none waits for that."""
        return self._backfill.next_due(now)

    def ask_due(self, now: float) -> None:
        """Send the requests that are due and find a place."""
        for job in self._backfill.due(now):
            carried = self._rows.carried(job.stream)
            job.drop_gaps(self._is_open)  # the core closes those of a stream that is gone
            self._settle(job)
            if carried is None or not job.gaps:
                continue
            pool = FACTS[_market(carried.plan.name)].weight_pool
            if not self._calls.has_place(pool, Need.BACKFILL):
                continue
            job.request_id = self._calls.make(pool, Need.BACKFILL, now)
            self._send(wire.HistoryRequest(job.request_id, carried.plan.name, *job.page()))

    def unanswered(self, request_id: int) -> None:
        """No answer came: ask anew."""
        job = self._backfill.of_request(request_id)
        if job is not None:
            job.fail(time.monotonic())
            self._settle(job)

    def on_reply(self, reply: wire.HistoryReply) -> None:
        """The supervisor's answer; one that nobody waits for any more is dropped."""
        job = self._backfill.of_request(reply.request_id)
        if job is None:
            return
        if reply.status == 200:
            job.take(reply.events, reply.is_final)
            return
        now = time.monotonic()
        if reply.is_final:
            job.give_up(now)
        else:
            job.fail(now)
        self._settle(job)
        more = self._limit.admit("fail", now)
        if more is not None:
            why = reply.error or f"HTTP {reply.status}"
            name = self._rows.stream_name(job.stream)
            log.warning("%s: missed events cannot be fetched now: %s", name, why)

    def hand_over(self) -> bool:
        """Give the core a slice of what is here. True: there is more."""
        job = self._backfill.in_hand()
        if job is None:
            return False
        until = time.monotonic() + SLICE_S
        while job.events:
            self._deliver(job, job.events.popleft())
            if time.monotonic() >= until:
                break
        if not job.events:
            job.finish(time.monotonic())
        self._engine.batch_end()
        self._settle(job)
        return self._backfill.in_hand() is not None

    def _deliver(self, job: Job, event: bytes) -> None:
        now = time.monotonic()
        event_id = job.source.id_of(event)
        if not job.may_deliver(event_id, now) or event_id is None:
            return
        error = self._engine.back_fill(job.stream, event)
        if error in DELIVERED:
            job.delivered(event_id)
        else:
            job.refused(event_id, now)

    def _settle(self, job: Job) -> None:
        """Say what became of gaps that are over."""
        for closed in job.closed:
            self._close(job.stream, closed)
        job.closed.clear()
        self._backfill.drop_finished(job)

    def _close(self, row: int, closed: Closed) -> None:
        self._engine.close_gap(closed.gap.number, closed.state, closed.recovered)
        self._tell(row, closed.gap.number)

    def _tell(self, row: int, number: int) -> None:
        """Log the end of a gap as the core counted it."""
        gap = self._engine.gap_of(number)
        if gap is None:
            return
        state = gap.state
        more = self._limit.admit(state.name, time.monotonic())
        if more is None:
            return
        suffix = f" ({more} more gaps {state.name})" if more else ""
        log.log(
            logging.INFO if state is GapState.FILLED else logging.WARNING,
            "%s: gap %d (%d to %d) %s: %d of %s events came back%s",
            self._rows.stream_name(row), number, gap.first_id, gap.last_id,
            state.name, gap.recovered, gap.missing or "an unknown number of", suffix,
        )  # fmt: skip


def _market(stream: str) -> Market:
    return Market[stream.partition(":")[0].upper()]
