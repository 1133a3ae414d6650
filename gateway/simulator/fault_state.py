"""The plan of faults in force, with all that follows from it and what it did so far. Pure."""

from __future__ import annotations

from typing import Any

from gateway.simulator.fault_counts import FaultCounts
from gateway.simulator.fault_plan import FaultPlan
from gateway.simulator.fault_times import AS_USUAL, RestDecision, RestFaultsOf
from gateway.simulator.faults import Faults


class FaultState:
    """One a simulator. ``replace`` begins a plan: its calls and times are counted anew."""

    def __init__(self, plan: FaultPlan | None = None) -> None:
        self.frames = Faults(plan)
        self.counts = FaultCounts()
        self.version = 0
        self._rest = RestFaultsOf(self.plan)

    @property
    def plan(self) -> FaultPlan:
        """Return the plan in force."""
        return self.frames.plan

    def replace(self, plan: FaultPlan) -> None:
        """Do this from now on. Frames keep their numbers, and counts go on."""
        self.frames.plan = plan
        self._rest = RestFaultsOf(plan)
        self.version += 1

    def decide_rest(self, call: str, is_depth: bool = False) -> RestDecision:
        """Return what becomes of the next call (``spot:depth``), and count it.

        Only answers of depth can be stale.
        """
        decision = self._rest.decide(call)
        if decision is AS_USUAL:
            return decision
        if decision.delay_s:
            self.counts.note_rest(call, "delay")
        if decision.status:
            self.counts.note_rest(call, str(decision.status))
        elif decision.stale_s and is_depth:
            self.counts.note_rest(call, "stale")
        return decision

    def status(self) -> dict[str, Any]:
        """Return what ``/sim/status`` says of faults."""
        return {"on": self.plan.on, "seed": self.plan.seed, **self.counts.status()}
