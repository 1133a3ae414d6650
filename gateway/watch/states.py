"""States as people see them: the worst of several. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from gateway_client import Status

# The worst first: what a person should see of several states.
SEVERITY: Final = (
    Status.DEAD, Status.DOWN, Status.RETIRED, Status.HALTED, Status.GAPPED, Status.STALE,
    Status.SYNCING, Status.EMPTY, Status.LIVE,
)  # fmt: skip
RANKS: Final = {status: rank for rank, status in enumerate(SEVERITY)}


def worst(states: Iterable[Status]) -> Status:
    """Return the state to show for several; EMPTY for none."""
    return min(states, key=RANKS.__getitem__, default=Status.EMPTY)
