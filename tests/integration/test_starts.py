"""Starts that meet another one, or what a dead one left: who wins, and who is told what."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway_client import Gateway, GatewayNotRunning
from tests.integration.running import GATEWAY, Simulator
from tests.waiting import wait_for

STREAM = "spot:btcusdt@bookTicker"


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator("--symbols", "spot:BTCUSDT", "--rate", "1") as made:
        yield made


def start(simulator: Simulator, run_dir: Path) -> subprocess.Popen[str]:
    ws, rest = simulator.addresses["ws"], simulator.addresses["rest"]
    upstream = ("--upstream-ws", ws, "--upstream-rest", rest)
    return subprocess.Popen(
        [*GATEWAY, "start", "--run-dir", str(run_dir), "--subscribe", STREAM, *upstream],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """A living process that has nothing to do with any gateway."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        yield process
        assert process.poll() is None, "a stranger was ended"
    finally:
        process.kill()
        process.wait()


def owner(run_dir: Path) -> int | None:
    """Pid in the manifest; None: there is none yet."""
    try:
        pid: int = json.loads((run_dir / "manifest.json").read_text())["pid"]
    except FileNotFoundError:
        return None
    return pid


def test_of_two_starts_at_once_one_runs_and_the_other_names_it(
    run_dir: Path, simulator: Simulator
) -> None:
    made = run_dir / "gw"
    for _ in range(2):
        both = [start(simulator, made), start(simulator, made)]
        wait_for(lambda both=both: any(p.poll() is not None for p in both), "one giving way")
        winner = wait_for(lambda: owner(made), "the other")
        loser = next(p for p in both if p.pid != winner)
        _, said = loser.communicate(timeout=30)
        assert loser.returncode == 75
        assert len(said.splitlines()) == 1
        assert f"a gateway is already running here, pid {winner};" in said
        process = next(p for p in both if p.pid == winner)
        with Gateway(made) as gateway:
            wait_for(lambda gateway=gateway: gateway.quote("spot:BTCUSDT").is_live, "its quote")
        process.terminate()
        process.communicate(timeout=30)
        assert process.returncode == 0
        assert not made.exists()


def test_pid_that_is_anothers_by_now_stops_no_start_and_is_not_touched(
    run_dir: Path, simulator: Simulator
) -> None:
    """Who owns a directory is told by the kernel's lock, never by a pid in a file."""
    first = start(simulator, run_dir)
    wait_for(lambda: owner(run_dir), "the first gateway")
    manifest = json.loads((run_dir / "manifest.json").read_text())
    with Gateway(run_dir) as gateway, stranger() as recycled:
        first.send_signal(signal.SIGKILL)
        first.communicate(timeout=30)
        # As if the kernel had given their pids to another program since.
        manifest["pid"] = recycled.pid
        for shard in manifest["shards"]:
            shard["pid"] = recycled.pid
        (run_dir / "manifest.json").write_text(json.dumps(manifest))
        for name in ("gateway.lock", "shard-0.lock"):
            (run_dir / name).write_text(f"{recycled.pid}\n")
        wait_for(lambda: gateway.quote("spot:BTCUSDT").state.name == "DEAD", "its being noticed")
        with pytest.raises(GatewayNotRunning):
            Gateway(run_dir)
        second = start(simulator, run_dir)
        wait_for(lambda: owner(run_dir) == second.pid, "the second gateway")
        wait_for(lambda: gateway.quote("spot:BTCUSDT").is_live, "the same reader's finding it")
        second.terminate()
        second.communicate(timeout=30)
        assert second.returncode == 0
    assert os.listdir(run_dir) == []
