"""What is thought of this host: clock, room, limits, state. Pure: measured values in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from gateway.doctor.findings import Finding, bad, ok, skipped, warn
from gateway.errors import RunDirError, VenueError

SYNCHRONISED: Final = "clock synchronised"
OPEN_FILES: Final = "open files"
ROOM: Final = "room in memory"
BANS: Final = "bans and budgets"

# Latencies that are shown are wrong by the offset, nothing else depends on it below a second:
# staleness is told by the monotonic clock.
OFFSET_WARN_MS: Final = 100.0
OFFSET_BAD_MS: Final = 1000.0
_NTP: Final = "timedatectl set-ntp true (or start chrony or ntpd)"
_FILES_OF_A_PROCESS: Final = 64  # segment, sockets, channel, logs, libraries
_CONSUMERS: Final = 256  # ZeroMQ subscribers of one shard, a descriptor each
_ALMOST: Final = 0.9  # of a budget


@dataclass(frozen=True, slots=True)
class Synchronised:
    """What adjtimex(2) says; ``error_s``: the kernel's own bound of the error."""

    is_known: bool
    is_set: bool = False
    error_s: float = 0.0


def judge_synchronised(found: Synchronised) -> Finding:
    """Whether something keeps the system clock right."""
    if not found.is_known:
        return skipped(SYNCHRONISED, "the kernel does not tell in here (a container)")
    if not found.is_set:
        return warn(SYNCHRONISED, "nothing keeps the system clock right", _NTP)
    return ok(SYNCHRONISED, f"yes, to {found.error_s * 1e3:.0f} ms at most")


def judge_offset(name: str, offset_ms: float, error_ms: float) -> Finding:
    """Judge how far this clock is ahead of the venue's; ``error_ms``: half the round trip."""
    seen = f"{offset_ms:+.1f} ms to the venue's, give or take {error_ms:.1f} ms"
    surely = abs(offset_ms) - error_ms
    if surely > OFFSET_BAD_MS:
        return bad(name, seen, _NTP, VenueError.exit_code)
    if surely > OFFSET_WARN_MS:
        return warn(name, f"{seen}; latencies are shown wrong by as much", _NTP)
    return ok(name, seen)


def judge_open_files(soft: int, connections_of_a_shard: int, shards: int) -> Finding:
    """Judge RLIMIT_NOFILE; ``soft`` negative: unlimited."""
    # Two links of a connection live at once while one is replaced, and with redundancy.
    needed = _FILES_OF_A_PROCESS + max(2 * connections_of_a_shard, 2 * shards)
    mend = "ulimit -n 65536, or LimitNOFILE=65536 in the unit"
    if 0 <= soft < needed:
        seen = f"{soft} may be open in a process, {needed} are needed"
        return bad(OPEN_FILES, seen, mend, RunDirError.exit_code)
    if 0 <= soft < needed + _CONSUMERS:
        seen = f"{soft} may be open in a process: few are left for ZeroMQ consumers"
        return warn(OPEN_FILES, seen, mend)
    most = "any number" if soft < 0 else f"{soft:,}"
    return ok(OPEN_FILES, f"{most} may be open in a process, {needed} are needed")


def judge_room(place: str, needed: int, free: int, back: int) -> Finding:
    """Judge the bytes ``free`` at ``place``; ``back``: what a gateway there holds now."""
    have = free + back
    seen = f"{_size(needed)} are needed in {place}, {_size(have)} are free"
    if back:
        seen += f" (of these {_size(back)} once its gateway stops)"
    mend = f"mount -o remount,size=… {place}, or smaller rings ([memory])"
    if have < needed:
        return bad(ROOM, seen, mend, RunDirError.exit_code)
    if have < 2 * needed:  # a shard that starts anew builds its segment beside the old one
        return warn(ROOM, f"{seen}: not for a shard's new segment beside its old one", mend)
    return ok(ROOM, seen)


def _size(count: int) -> str:
    mebibytes = count / 2**20
    return f"{mebibytes:.1f} MiB" if mebibytes < 1024 else f"{mebibytes / 1024:.1f} GiB"


@dataclass(frozen=True, slots=True)
class Budget:
    """Of a venue, host or pool of weight: what is used of what may be, and how long it is held."""

    what: str  # connections, REST weight
    used: int
    limit: int
    held_s: float = 0.0
    status: int = 0


def judge_budgets(budgets: Mapping[str, Budget], until: Mapping[str, str]) -> Finding:
    """Judge what the state directory remembers; ``until``: when each hold ends, in words."""
    held = [
        f"{key}: HTTP {budget.status}, no {budget.what} until {until[key]}"
        for key, budget in budgets.items()
        if budget.held_s > 0
    ]
    if held:
        mend = "wait until then: asking earlier makes it longer; fewer connections and calls"
        return bad(BANS, "; ".join(held), mend, VenueError.exit_code)
    used = [f"{key}: {b.used} of {b.limit:,} {b.what}" for key, b in budgets.items() if b.used]
    full = [key for key, budget in budgets.items() if budget.used >= _ALMOST * budget.limit]
    if full:
        mend = "wait a few minutes; see which program restarts again and again"
        return warn(BANS, "nearly used up: " + "; ".join(used), mend)
    return ok(BANS, "no ban; " + ("; ".join(used) or "nothing asked lately"))
