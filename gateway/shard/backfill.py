"""Gaps of streams, and what is asked for to fill them. Pure: the clock is passed in (s).

The gaps of a stream are filled in their order, page by page, each page behind the one before it;
what a page brings that is known, between two gaps, is passed over. Every event is judged before it
is delivered: it must be of the page, and of the id that follows, so that the number delivered
proves whether a gap is filled. An answer with a hole is asked for again;
a hole that stays is the venue's. Nothing is kept over a restart of the shard: its streams begin
anew, with a new generation.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from gateway.backfill import Source
from gateway.layout import GapState

GAPS_MAX: Final = 1024  # that wait, of all streams: as many as the segment shows
FAILED_FIRST_S: Final = 0.5
FAILED_MAX_S: Final = 60.0
FAILURES_MAX: Final = 12  # in a row, without an event: about six minutes
HOLES_MAX: Final = 3  # answers with the same hole, or the same event that cannot be taken


@dataclass(frozen=True, slots=True)
class Gap:
    """Ids ``first`` to ``last`` are missed; ``start`` is the first that can be had."""

    number: int
    first: int
    last: int
    start: int
    missing: int


@dataclass(frozen=True, slots=True)
class Closed:
    """The end of a gap."""

    gap: Gap
    recovered: int

    @property
    def state(self) -> GapState:
        """What became of it."""
        if not self.recovered:
            return GapState.LOST
        whole = 0 < self.gap.missing <= self.recovered
        return GapState.FILLED if whole else GapState.PARTIAL


@dataclass(slots=True)
class Job:
    """The gaps of one stream, of which one page at a time is asked for and delivered."""

    stream: int  # row
    source: Source
    due: float
    gaps: deque[Gap] = field(default_factory=deque)
    closed: list[Closed] = field(default_factory=list)  # that nobody was told of yet
    next_id: int = 0  # that is missing
    least_id: int = 0  # that the answer may go on with
    page_end: int = 0
    recovered: int = 0  # of the first gap
    failures: int = 0
    holes: int = 0
    request_id: int | None = None
    events: deque[bytes] | None = None  # of the answer, that are not delivered yet
    is_final: bool = False
    has_delivered: bool = False  # something of this answer

    def add(self, gap: Gap) -> None:
        """A gap behind those that are known."""
        if not self.gaps:
            self.next_id = gap.start
        self.gaps.append(gap)

    def page(self) -> tuple[int, int]:
        """Return the first and last id to ask for: of all gaps that one page can bring."""
        source, last = self.source, self.gaps[0].last
        for gap in list(self.gaps)[1:]:
            is_near = gap.start > last and source.bridges(self.next_id, gap.start, gap.last)
            if gap.start != source.after(last) and not is_near:
                break
            last = gap.last
        self.least_id, self.page_end = self.next_id, source.page_end(self.next_id, last)
        return self.next_id, self.page_end

    def take(self, events: list[bytes], is_final: bool) -> None:
        """The answer is in."""
        self.request_id, self.events = None, deque(events)
        self.is_final, self.has_delivered = is_final, False

    def may_deliver(self, event_id: int | None, now: float) -> bool:
        """Whether the next event of the answer is missing. One that cannot follow voids it all."""
        if event_id is None or not self.least_id <= event_id <= self.page_end:
            self.fail(now)
            return False
        self.least_id = self.source.after(event_id)
        if self.source.step and event_id > self.next_id:
            if not self._accepts_hole(now):
                return False
            self._skip_to(event_id)
        return event_id >= self.next_id  # else it is between two gaps

    def delivered(self, event_id: int) -> None:
        """The event is in the ring."""
        self._skip_to(event_id)
        self.recovered += 1
        self.failures = self.holes = 0
        self.has_delivered = True
        self._skip_to(self.source.after(event_id))

    def refused(self, event_id: int, now: float) -> None:
        """The core could not take the event: ask for it again, at last go on without it."""
        if self._accepts_hole(now):
            self._skip_to(self.source.after(event_id))

    def finish(self, now: float) -> None:
        """All of the answer is delivered."""
        if self.events is None:  # it was void
            return
        self.events, self.due = None, now
        if self.next_id > self.page_end:
            return
        if self.is_final:
            self._skip_to(self.source.after(self.page_end))
        elif not self.has_delivered:
            self.fail(now)

    def fail(self, now: float) -> None:
        """There is no answer, or a void one: later, and later each time; at last give a gap up."""
        delay = min(FAILED_MAX_S, FAILED_FIRST_S * 2.0**self.failures)
        self.failures += 1
        self.request_id, self.events, self.due = None, None, now + delay
        if self.failures > FAILURES_MAX and self.gaps:
            self._skip_to(self.source.after(self.gaps[0].last))

    def give_up(self, now: float) -> None:
        """The venue does not have the first gap: what comes behind it may be had all the same."""
        self.request_id, self.events, self.due = None, None, now
        self.failures = self.holes = 0
        if self.gaps:
            self._skip_to(self.source.after(self.gaps[0].last))

    def drop_gaps(self, is_open: Callable[[Gap], bool]) -> None:
        """Let go of gaps that are open no more, before a page is asked for."""
        while self.gaps and not is_open(self.gaps[0]):
            self._close()
            if self.gaps:
                self.next_id = self.gaps[0].start

    def _accepts_hole(self, now: float) -> bool:
        if self.is_final or self.holes >= HOLES_MAX:
            self.holes = 0
            return True
        self.holes += 1
        self.fail(now)
        return False

    def _skip_to(self, next_id: int) -> None:
        """Go on at ``next_id``, or at the next gap; what lies before is over."""
        floor = self.gaps[0].start
        while self.gaps and floor <= self.gaps[0].start <= self.gaps[0].last < next_id:
            self._close()
        start = self.gaps[0].start if self.gaps else next_id
        # A gap below this one is of ids that restarted: it has its turn all the same.
        self.next_id = start if start < floor else max(start, next_id)
        if self.next_id != next_id and not next_id < self.next_id <= self.page_end:
            self.page_end = self.next_id - 1  # nothing more of this page

    def _close(self) -> None:
        self.closed.append(Closed(self.gaps.popleft(), self.recovered))
        self.recovered = 0


@dataclass(slots=True)
class Backfill:
    """The streams of a shard that have gaps, by their rows."""

    _jobs: dict[int, Job] = field(default_factory=dict)

    @property
    def gaps(self) -> int:
        """Count the gaps that wait."""
        return sum(len(job.gaps) for job in self._jobs.values())

    def add(self, stream: int, source: Source, gap: Gap, now: float) -> bool:
        """Take in a gap. False: there is no room."""
        job = self._jobs.get(stream)
        if job is not None and any(known.number == gap.number for known in job.gaps):
            return True
        if self.gaps >= GAPS_MAX:
            return False
        self._jobs.setdefault(stream, Job(stream, source, now)).add(gap)
        return True

    def due(self, now: float) -> list[Job]:
        """Streams to ask a page for now, who waits longest first."""
        ready = [
            job
            for job in self._jobs.values()
            if job.request_id is None and job.events is None and job.due <= now
        ]
        return sorted(ready, key=lambda job: job.due)

    def of_request(self, request_id: int) -> Job | None:
        """The stream that a page was asked for; None: nobody waits for it."""
        return next((j for j in self._jobs.values() if j.request_id == request_id), None)

    def in_hand(self) -> Job | None:
        """A stream with an answer that is not delivered yet."""
        return next((job for job in self._jobs.values() if job.events is not None), None)

    def drop_finished(self, job: Job) -> None:
        """Forget a stream whose gaps are all over."""
        if not job.gaps:
            self._jobs.pop(job.stream, None)

    def next_due(self, now: float) -> float | None:
        """When a stream that waits for its time is to be asked for; None: none waits for that."""
        jobs = self._jobs.values()
        times = (job.due for job in jobs if job.request_id is None and job.due > now)
        return min(times, default=None)
