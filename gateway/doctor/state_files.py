"""What the folder for state remembers, read without changing it."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.doctor.findings import Finding, ok, warn
from gateway.doctor.judge import Budget
from gateway.markets import WEIGHT_PER_MINUTE
from gateway.rest.budget import line_of, pool_key
from gateway.rest.turns import FILE_NAME as WEIGHTS_NAME
from gateway.rest.weight_log import Moment, Weights, age, rebase, total
from gateway.state import StateFile
from gateway.supervisor import attempts
from gateway.supervisor.attempts import Attempts
from gateway.supervisor.gate import FILE_NAME as CONNECTIONS_NAME

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
NAME = "state directory"


@dataclass(frozen=True, slots=True)
class Remembered:
    """Budgets by what is counted as one: a venue, a host, a pool of weight."""

    connections: Mapping[str, Budget]
    weights: Mapping[str, Budget]

    def held_rest(self, pool: str, url: str) -> float:
        """Return for how many seconds a pool of the market whose first host is ``url`` is held."""
        found = self.weights.get(pool_key(pool, url))
        return found.held_s if found else 0.0

    def all(self) -> dict[str, Budget]:
        """Return both."""
        return {**self.connections, **self.weights}


def remembered(state: Path | None, attempts_max: int, reserve: float) -> Remembered:
    """Read what all gateways of this user have asked lately; an unreadable file counts as empty."""
    content = StateFile(state, CONNECTIONS_NAME, Attempts).read()
    connections = {
        key: Budget(
            "connections", int(of["attempts"]), attempts_max, of["held_s"], int(of["status"])
        )
        for key, of in attempts.report(content, time.time()).items()
    }
    weights = StateFile(state, WEIGHTS_NAME, Weights).read()
    now = Moment(_boot_id(), time.monotonic(), time.time())
    rebase(weights, now)
    pools = {}
    for key, pool in weights.pools.items():
        age(pool, now.mono)
        documented = WEIGHT_PER_MINUTE.get(key.partition("@")[0], max(WEIGHT_PER_MINUTE.values()))
        held_s = max(0.0, pool.held_until - now.mono)
        line = line_of(documented, pool.limits, reserve)
        pools[key] = Budget("REST weight", total(pool), line, held_s, pool.status)
    return Remembered(connections, pools)


def _boot_id() -> str:
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""


def examine(state: Path | None) -> Finding:
    """Whether bans and budgets are kept, and survive a restart."""
    mend = "set STATE_DIRECTORY (a unit: StateDirectory=), or mend its owner and mode"
    if state is None:
        seen = "none: bans, budgets and rates are forgotten with the process"
        return warn(NAME, seen, "set HOME, XDG_STATE_HOME or STATE_DIRECTORY")
    there = state
    while not there.exists() and there != there.parent:
        there = there.parent
    if not os.access(there, os.W_OK | os.X_OK) or not there.is_dir():
        return warn(NAME, f"{state} cannot be written: bans are forgotten with the process", mend)
    locked = [path.name for path in _files(state) if not os.access(path, os.R_OK | os.W_OK)]
    if locked:
        return warn(NAME, f"{state}: {', '.join(locked)} cannot be written", mend)
    return ok(NAME, f"{state}" + ("" if there == state else " (made by the first start)"))


def _files(state: Path) -> list[Path]:
    try:
        return [path for path in sorted(state.iterdir()) if path.suffix in (".json", ".lock")]
    except OSError:
        return []
