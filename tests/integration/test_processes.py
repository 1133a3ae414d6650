"""The shards' processes: where they run, how nice they are, and what is told of them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.scheduling import usable
from tests.integration.running import GATEWAY, Service, Simulator

SUBSCRIBE = ("spot:btcusdt@trade", "spot:ethusdt@trade", "spot:ethusdt@depth@100ms")


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator("--symbols", "spot:BTCUSDT,spot:ETHUSDT", "--rate", "0.5") as made:
        yield made


def test_shards_run_where_and_as_they_are_told(
    simulator: Simulator, run_dir: Path, tmp_path: Path
) -> None:
    """Bound, nice and spinning: they work all the same, and the supervisor is left as it was."""
    cpus = sorted(usable())
    config = tmp_path / "gateway.toml"
    entries = json.dumps([str(cpus[0]), str(cpus[-1])])
    config.write_text(f"shards = 2\n[processes]\ncpus = {entries}\nnice = 5\nbusy_poll = true\n")
    with Service(run_dir, simulator, SUBSCRIBE, ["--config", str(config)]) as service:
        service.wait_live(["spot:ETHUSDT"])
        manifest = json.loads((run_dir / "manifest.json").read_text())
        pids = [shard["pid"] for shard in manifest["shards"]]
        # Threads of ZeroMQ too: they come after it was set.
        for pid, cpu in zip(pids, (cpus[0], cpus[-1]), strict=True):
            for thread in os.listdir(f"/proc/{pid}/task"):
                assert os.sched_getaffinity(int(thread)) == {cpu}
                assert os.getpriority(os.PRIO_PROCESS, int(thread)) == 5
        assert os.sched_getaffinity(service.process.pid) == os.sched_getaffinity(0)
        assert os.getpriority(os.PRIO_PROCESS, service.process.pid) == 0


def test_cpu_that_is_not_there_ends_the_start_in_one_line(
    simulator: Simulator, run_dir: Path, tmp_path: Path
) -> None:
    config = tmp_path / "gateway.toml"
    config.write_text('[processes]\ncpus = ["4095"]\n')
    line = [
        *GATEWAY, "start", "--run-dir", str(run_dir), "--config", str(config),
        "--upstream-ws", simulator.addresses["ws"], "--upstream-rest", simulator.addresses["rest"],
        "--subscribe", SUBSCRIBE[0],
    ]  # fmt: skip
    done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 78
    said = [each for each in done.stderr.splitlines() if "CPU" in each]
    assert len(said) == 1
    assert "processes.cpus: CPU 4095: " in said[0]
    assert "name some of those usable here: " in said[0]
    assert "Traceback" not in done.stderr
    assert list(run_dir.iterdir()) == []
