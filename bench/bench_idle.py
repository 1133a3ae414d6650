"""What does a gateway cost that has next to nothing to do?

Topology: the simulator, with a market that hardly moves, feeds a gateway with the default
configuration; nobody reads. From all being up: what supervisor and shard spend of a core
(/proc/<pid>/stat), and how often they wake up (/proc/<pid>/status).

    python -m bench.bench_idle [--smoke] [--rate X] [--seconds N]

``--rate`` is the simulator's: 1 is 80 actions a second for the four symbols together. Every run
checks that all books went LIVE, that every process lived through it, and that frames kept coming.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import machine
from bench.bench_end_to_end import GATEWAY, WATCHDOG_S, simulator
from gateway.metrics.usage import of_process
from gateway_client import Gateway, GatewayNotRunning

SETTLE_S = 5.0  # from all books being LIVE: snapshots are deepened first
BOOKS = ("spot:BTCUSDT", "spot:ETHUSDT", "usdm:BTCUSDT", "usdm:ETHUSDT")


@contextmanager
def gateway(upstream: dict[str, str]) -> Iterator[tuple[Gateway, dict[str, int]]]:
    """A gateway whose books are all LIVE, and the pids of its processes."""
    folder = Path(tempfile.mkdtemp(prefix="bench-idle-", dir="/dev/shm"))
    run_dir = folder / "run"
    line = [*GATEWAY, "start", "--run-dir", str(run_dir)]
    line += ["--upstream-ws", upstream["ws"], "--upstream-rest", upstream["rest"]]
    environment = os.environ | {"STATE_DIRECTORY": str(folder)}
    process = subprocess.Popen(
        line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
    )
    try:
        with _attached(run_dir) as found:
            manifest = json.loads((run_dir / "manifest.json").read_text())
            pids = {f"shard-{shard['id']}": shard["pid"] for shard in manifest["shards"]}
            yield found, {"supervisor": process.pid, **pids}
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
        shutil.rmtree(folder)


def _attached(run_dir: Path) -> Gateway:
    until = time.monotonic() + WATCHDOG_S
    while time.monotonic() < until:
        try:
            found = Gateway(run_dir)
        except GatewayNotRunning:
            time.sleep(0.1)
            continue
        while time.monotonic() < until:
            if all(found.book(symbol, levels=1).state.name == "LIVE" for symbol in BOOKS):
                return found
            time.sleep(0.1)
    raise SystemExit("the gateway did not come up")


def wakeups(pid: int) -> int:
    """Times that the process was woken: its voluntary changes of context, all threads."""
    count = 0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        lines = (thread / "status").read_text().splitlines()
        count += sum(int(x.split()[1]) for x in lines if x.startswith("voluntary_ctxt"))
    return count


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--rate", default="0.05")
    parser.add_argument("--seconds", type=float, default=30.0)
    options = parser.parse_args()
    seconds = 0.5 if options.smoke else options.seconds
    rate = "1" if options.smoke else options.rate
    symbols = ",".join(BOOKS)
    with simulator("--symbols", symbols, "--rate", rate) as upstream, gateway(upstream) as made:
        found, pids = made
        time.sleep(0.0 if options.smoke else SETTLE_S)
        frames, began = found.counters()["frames_received"], time.monotonic()
        before = {name: (of_process(name, pid), wakeups(pid)) for name, pid in pids.items()}
        time.sleep(seconds)
        took = time.monotonic() - began
        after = {name: (of_process(name, pid), wakeups(pid)) for name, pid in pids.items()}
        frames = found.counters()["frames_received"] - frames
    if not frames:
        raise SystemExit("no frame came: what was measured is no gateway at work")
    print(machine.line())
    print(f"{took:.0f} s, {frames / took:.1f} frames/s, default configuration, nobody reads")
    total = 0.0
    for name in pids:
        (was, woken), (now, wakes) = before[name], after[name]
        share = (now.cpu_seconds - was.cpu_seconds) / took
        total += share
        print(
            f"  {name:<12} {share:6.2%} of a core, {(wakes - woken) / took:6.1f} wake-ups/s, "
            f"{now.resident_bytes / 2**20:5.1f} MiB resident, {now.open_fds} descriptors"
        )
    print(f"  together     {total:6.2%}")


if __name__ == "__main__":
    main()
