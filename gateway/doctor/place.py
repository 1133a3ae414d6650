"""The run directory: whether a gateway could start there, and what is there already."""

from __future__ import annotations

import enum
import os
import resource
from collections.abc import Sequence
from pathlib import Path

from gateway import rundir
from gateway.doctor.case import Listed
from gateway.doctor.findings import Finding, bad, ok, skipped, warn
from gateway.doctor.judge import OPEN_FILES, ROOM, judge_open_files, judge_room
from gateway.errors import RunDirError
from gateway.planner import bytes_needed

RUN_DIR = "run directory"
GATEWAYS = "gateways here"
_OURS = ("manifest.json", "shard-*.seg*", "shard-*.pub", "shard-*.arrays.pub", "control.sock")


class Life(enum.Enum):
    """What a run directory holds."""

    NOTHING = "nothing"
    LEFTOVERS = "leftovers"
    GATEWAY = "gateway"
    CLOSED = "closed"  # to us


def life_of(path: Path) -> Life:
    """Ask the kernel whether somebody owns ``path``. Never from the process that does."""
    try:
        has_manifest = (path / rundir.MANIFEST_NAME).exists()
        owner = rundir.lock_owner(path / rundir.LOCK_NAME)
    except PermissionError:
        return Life.CLOSED
    except RunDirError:  # the lock is its owner's alone: a group may read all but that
        return Life.GATEWAY if _has_manifest(path) else Life.CLOSED
    if owner is not None:
        return Life.GATEWAY
    return Life.LEFTOVERS if has_manifest or _left(path) else Life.NOTHING


def _has_manifest(path: Path) -> bool:
    try:
        return (path / rundir.MANIFEST_NAME).exists()
    except OSError:
        return False


def _left(path: Path) -> list[Path]:
    return sorted({found for pattern in _OURS for found in path.glob(pattern)})


def examine_run_dir(places: Sequence[Path]) -> Finding:
    """Whether a start would find a place: file system, owner, length of its path."""
    refused = []
    for path in places:
        try:
            rundir.examine(path)
        except RunDirError as exc:
            refused.append(exc)
        else:
            there = "" if path.exists() else ", which the start makes"
            return ok(RUN_DIR, f"{path} on tmpfs{there}")
    told = "; ".join(f"{exc.path}: {exc.problem}" for exc in refused)
    return bad(RUN_DIR, told, refused[-1].remedy, RunDirError.exit_code)


def examine_gateways(places: Sequence[Path]) -> Finding:
    """Which gateways run where a reader looks, and what dead ones left."""
    lives = {path: life_of(path) for path in places}
    running = [path for path, life in lives.items() if life is Life.GATEWAY]
    dead = [path for path, life in lives.items() if life is Life.LEFTOVERS]
    if len(running) > 1:
        others = ", ".join(map(str, running[1:]))
        seen = f"{len(running)}: readers take {running[0]}, not {others}"
        return warn(GATEWAYS, seen, "name the one that is meant: --run-dir or GATEWAY_RUN_DIR")
    if dead:
        held = [found for path in dead for found in _left(path)]
        size = sum(_size(path) for path in held) / 2**20
        seen = f"a dead one left {len(held)} files, {size:.1f} MiB, in {dead[0]}"
        mend = f"gateway start --run-dir {dead[0]} clears them, or rm -r {dead[0]}"
        return warn(GATEWAYS, seen, mend)
    return ok(GATEWAYS, f"one, in {running[0]}") if running else skipped(GATEWAYS, "none runs")


def _size(path: Path) -> int:
    try:
        return path.stat().st_blocks * 512
    except OSError:
        return 0


def examine_limits(place: Path, listed: Listed) -> list[Finding]:
    """Compare what the plan needs with room and open files."""
    plans = listed.layout.plans()
    if not plans:
        return [skipped(ROOM, "nothing would be carried"), skipped(OPEN_FILES, "the same")]
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = -1 if soft == resource.RLIM_INFINITY else soft
    most = max(len(plan.connections) for plan in plans)
    files = judge_open_files(limit, most, len(plans))
    held = place if place.is_dir() else place.parent
    try:
        found = os.statvfs(held)
        # What a gateway has there now is given back before the next one starts.
        back = sum(_size(path) for path in place.glob("shard-*.seg"))
    except OSError as exc:
        seen = f"{held}: {exc.strerror}"
        room = bad(ROOM, seen, "choose another with --run-dir", RunDirError.exit_code)
        return [room, files]
    free = found.f_bavail * found.f_frsize
    return [judge_room(str(held), bytes_needed(plans), free, back), files]
