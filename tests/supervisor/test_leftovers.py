"""Whatever way a gateway ended: the next start removes what is dead, and touches nothing else."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from gateway.metrics.usage import of_process
from tests.supervisor.conftest import Start
from tests.waiting import is_gone, wait_for

PLANTED = (
    "shard-0.seg.123.tmp", "shard-0.seg", "shard-9.seg", "manifest.json", "manifest.json.77.tmp",
    "shard-0.lock", "gateway.lock",
)  # fmt: skip
SOCKETS = ("control.sock", "shard-0.pub", "shard-0.arrays.pub")


@pytest.mark.parametrize("body", [b"", b"\xff" * 5000], ids=["empty", "noise"])
def test_leftovers_are_no_hindrance(start: Start, run_dir: Path, body: bytes) -> None:
    for name in PLANTED:
        (run_dir / name).write_bytes(body)
    for name in SOCKETS:
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(str(run_dir / name))
    running = start("GOOD")
    running.started()
    running.stop()
    assert list(run_dir.iterdir()) == []


def test_pid_in_a_lock_file_means_nothing(start: Start, run_dir: Path) -> None:
    """It was recycled: another process has it now, and is left alone."""
    stranger = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        for name in ("gateway.lock", "shard-0.lock"):
            (run_dir / name).write_text(f"{stranger.pid}\n")
        running = start("GOOD")
        running.started()
        running.stop()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.communicate()
    assert list(run_dir.iterdir()) == []


def test_of_two_simultaneous_starts_one_wins_and_the_other_names_it(start: Start) -> None:
    both = [start("GOOD") for _ in range(2)]
    loser = wait_for(lambda: next((r for r in both if r.process.poll() is not None), None))
    winner = next(running for running in both if running is not loser)
    winner.started()
    assert loser.process.returncode == 75
    # They share one log, the second start emptied it.
    assert re.search(rf"\b{winner.process.pid}\b", winner.log.read_text())
    assert winner.manifest()["pid"] == winner.process.pid
    winner.stop()
    assert list(winner.run_dir.iterdir()) == []


@pytest.mark.parametrize("at", ["start", "work"])
def test_kill_9_at_any_time_leaves_what_the_next_start_removes(start: Start, at: str) -> None:
    running = start("GOOD")
    if at == "start":
        wait_for(lambda: (running.run_dir / "gateway.lock").exists())
        shards = []
    else:
        running.started()
        shards = [int(running.shard()["pid"])]
    running.process.kill()
    running.process.wait()
    again = start("GOOD")
    again.started()
    assert all(is_gone(pid) for pid in shards)
    again.stop()
    assert list(again.run_dir.iterdir()) == []


def test_shards_end_soon_after_their_supervisor(start: Start, tmp_path: Path) -> None:
    config = tmp_path / "gateway.toml"
    config.write_text("shards = 3\n")
    running = start("GOOD", "--config", str(config))
    running.started()
    pids = [int(shard["pid"]) for shard in running.manifest()["shards"]]
    assert len(set(pids)) == 3
    assert {of_process("shard", pid, running.process.pid).name for pid in pids} == {"shard"}
    running.process.kill()
    running.process.wait()
    for pid in pids:
        wait_for(partial(is_gone, pid))


def test_shard_dies_alone(start: Start, tmp_path: Path) -> None:
    """The others keep process, generation and plan; the count of restarts is of the one."""
    config = tmp_path / "gateway.toml"
    config.write_text("shards = 3\n")
    running = start("GOOD", "--config", str(config))
    running.started()
    before = running.manifest()["shards"]
    os.kill(int(before[1]["pid"]), signal.SIGKILL)
    wait_for(lambda: running.manifest()["shards"][1]["pid"] != before[1]["pid"])
    after = running.manifest()["shards"]
    assert [after[0], after[2]] == [before[0], before[2]]
    running.stop()
