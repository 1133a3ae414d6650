"""When the episodes of a plan begin and end, and what befalls a REST call. Pure, seeded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple

from gateway.simulator.fault_plan import Episode, FaultPlan, RestFaults, fits
from gateway.simulator.faults import dice, share_of


class Turn(NamedTuple):
    """One time that an episode happens, in seconds since the plan began."""

    start_s: float
    end_s: float


def turns(plan: FaultPlan, number: int) -> Iterator[Turn]:
    """Yield the times of the ``number``-th episode of a plan; without end if it has ``every``."""
    episode: Episode = plan.episodes[number]
    start_s, count = episode.at, 0
    while True:
        yield Turn(start_s, start_s + episode.lasts)
        if episode.every is None:
            return
        count += 1
        # half to one and a half of the mean, and never before the last one's end
        wait_s = episode.every * (0.5 + share_of(dice(plan.seed, f"episode {number}", count)))
        start_s += max(wait_s, episode.lasts)


class RestDecision(NamedTuple):
    """What becomes of a call: ``status`` 0 is an answer as usual."""

    delay_s: float = 0.0
    stale_s: float = 0.0
    status: int = 0
    retry_after_s: int | None = None


AS_USUAL: Final = RestDecision()


class RestFaultsOf:
    """The REST part of a plan; calls are numbered from 1 each, so that a run can be repeated."""

    def __init__(self, plan: FaultPlan) -> None:
        self._plan = plan
        self._numbers: Counter[str] = Counter()
        self._failed: Counter[RestFaults] = Counter()

    def decide(self, call: str) -> RestDecision:
        """Return what becomes of the next call (``spot:depth``)."""
        rows = self._plan.rest if self._plan.on else ()
        row = next((row for row in rows if fits(call, row.calls)), None)
        if row is None:
            return AS_USUAL
        self._numbers[call] += 1
        number, seed = self._numbers[call], self._plan.seed
        if share_of(dice(seed, f"fail {call}", number)) < row.fail and self._may_fail(row):
            self._failed[row] += 1
            return RestDecision(row.delay, 0.0, row.status, row.retry_after)
        is_stale = share_of(dice(seed, f"stale {call}", number)) < row.stale
        return RestDecision(row.delay, row.stale_seconds if is_stale else 0.0)

    def _may_fail(self, row: RestFaults) -> bool:
        return row.count is None or self._failed[row] < row.count
