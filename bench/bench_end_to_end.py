"""What does a frame cost from the socket to shared memory, and when does a reader have it?

Topology, three processes: the simulator replays a recorded session, the gateway's shard takes it,
this process reads.

    simulator ──WebSocket──► shard ──shared memory──► this process

CPU per frame: the session at full speed; what the shard's process spent (its own and the kernel's
for it) from its being ready to the last frame, over the frames. The same frames to a picows
listener that only counts and to one that runs orjson, in the same run, are the yardsticks: compare
the ratios, not the microseconds. Latency: the session at recorded speed; from the arrival of a
frame in the shard (CLOCK_MONOTONIC) to the event in a Python reader that sleeps on the bell.

    python -m bench.bench_end_to_end [--smoke] [--data DIR]

Every run checks that all frames arrived and that the book is LIVE. ``--smoke`` needs no recorded
data: a generated market, a few seconds.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import machine
from gateway_client import Gateway, GatewayNotRunning

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"
SESSION = ("captures/spot/btcusdt_20240808.gz", "captures/spot/btcusdt_20240809.gz")
SYMBOL = "spot:BTCUSDT"
STREAMS = ("btcusdt@depth@100ms", "btcusdt@bookTicker", "btcusdt@trade")
GATEWAY = (sys.executable, "-m", "gateway")
WATCHDOG_S = 60.0
SHARD = "shard: decode, book, slots, rings"


@contextmanager
def simulator(*arguments: str) -> Iterator[dict[str, str]]:
    """A running simulator: its addresses on the spot market."""
    command = [*GATEWAY, "simulate", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        addresses = json.loads(process.stdout.readline())
        yield {"ws": addresses["ws"], "rest": addresses["rest"]}
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
        process.stdout.close()


@contextmanager
def gateway(upstream: dict[str, str]) -> Iterator[Gateway]:
    """A running gateway on that market, and a client of it."""
    folder = Path(tempfile.mkdtemp(prefix="gw-bench-", dir="/dev/shm"))
    where = ["--run-dir", str(folder / "gw")]
    names = [word for stream in STREAMS for word in ("--subscribe", f"spot:{stream}")]
    urls = ["--upstream-ws", upstream["ws"], "--upstream-rest", upstream["rest"]]
    command = [*GATEWAY, "start", *where, *urls, *names]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, stdout=quiet, stderr=quiet)
    try:
        yield attach(folder / "gw")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
        shutil.rmtree(folder)


def attach(run_dir: Path) -> Gateway:
    """The client, as soon as there is something to read."""
    until = time.monotonic() + WATCHDOG_S
    while True:
        try:
            return Gateway(run_dir)
        except GatewayNotRunning:
            if time.monotonic() > until:
                raise
            time.sleep(0.002)


def cpu_ns(pid: int) -> int:
    """CPU time of a process, all its threads."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks)


def count_lines(files: list[str]) -> int:
    """Frames of a recorded session: its lines, less the one that is the snapshot."""
    return (
        sum(
            subprocess.run(["zcat", f], capture_output=True, check=True).stdout.count(b"\n")
            for f in files
        )
        - 1
    )


def shard_cost(arguments: list[str], frames: int) -> float:
    """Microseconds of CPU a frame in the shard; all ``frames`` must arrive and the book be LIVE."""
    with simulator(*arguments) as upstream, gateway(upstream) as reader:
        pid = reader.status().shards[0].pid
        begun, until = cpu_ns(pid), time.monotonic() + WATCHDOG_S
        while (seen := reader.counters()["frames_data"]) < frames:
            assert time.monotonic() < until, f"{seen} of {frames} frames came"
            time.sleep(0.005)
        spent = cpu_ns(pid) - begun
        assert reader.book(SYMBOL, levels=1).state.name == "LIVE"
        return spent / seen / 1000


def yardstick(mode: str, arguments: list[str], frames: int) -> float:
    """Microseconds of CPU a frame in a picows listener that counts, or runs orjson."""
    with simulator(*arguments) as upstream:
        rest = f"{upstream['rest']}/spot/api/v3/depth?symbol=BTCUSDT&limit=1000"
        command = [
            sys.executable,
            "-m",
            "bench.counting",
            mode,
            f"{upstream['ws']}/spot/stream",
            rest,
        ]
        command += [str(frames), *STREAMS]
        done = subprocess.run(command, capture_output=True, check=True, text=True, cwd=ROOT)
        return int(done.stdout) / frames / 1000


def latencies(arguments: list[str], seconds: float) -> list[float]:
    """Microseconds from the frame's arrival to the event in a reader that sleeps on the bell."""
    found: list[float] = []
    with simulator(*arguments) as upstream, gateway(upstream) as reader:
        until = time.monotonic() + seconds
        for event in reader.events(SYMBOL, timeout=seconds):
            found.append((time.monotonic_ns() - event.mono_recv) / 1000)
            if time.monotonic() > until:
                break
    return found


def report(costs: dict[str, list[float]], waits: list[float]) -> None:
    """Print medians and ratios."""
    print(machine.line())
    base = {name: statistics.median(values) for name, values in costs.items()}
    shard, runs = base[SHARD], len(costs[SHARD])
    print(f"{f'CPU per frame, median of {runs}':<40}{'us':>7}{'shard is':>12}")
    for name, value in base.items():
        print(f"{name:<40}{value:>7.2f}{shard / value:>10.2f} x")
    if waits:
        cuts = statistics.quantiles(waits, n=100)
        shown = ", ".join(f"p{n} {cuts[n - 1]:.1f} us" for n in (50, 90, 99))
        print(f"arrival to a Python reader that sleeps on the bell, {len(waits)} events: {shown}")


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--smoke", action="store_true", help="a toy size, for the tests")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of recorded data")
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    files = [str(given.data / name) for name in SESSION]
    if given.smoke:
        arguments, frames, runs, seconds = ["--symbols", SYMBOL, "--rate", "20"], 300, 1, 1.0
    elif all(Path(name).is_file() for name in files):
        arguments = [word for name in files for word in ("--replay", name)]
        frames, runs, seconds = count_lines(files), given.runs, 30.0
    else:
        print(
            f"bench_end_to_end: no recorded session in {given.data}; name it with --data",
            file=sys.stderr,
        )
        return 66
    fast = arguments if given.smoke else [*arguments, "--speed", "max"]
    costs: dict[str, list[float]] = {
        SHARD: [], "picows listener that only counts": [],
        "picows listener with orjson": [],
    }  # fmt: skip
    for _ in range(runs):
        for values, cost in zip(
            costs.values(),
            (
                shard_cost(fast, frames),
                yardstick("count", fast, frames),
                yardstick("orjson", fast, frames),
            ),
            strict=True,
        ):
            values.append(cost)
    report(costs, latencies(arguments, seconds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
