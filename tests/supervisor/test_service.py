"""The supervisor as a process of its own, with fake shards and a fake REST server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

WATCHDOG = 30.0
FAKE_SHARD = Path(__file__).with_name("fake_shard.py")
SUPERVISOR = f"""
import sys
from gateway import processes
from gateway.__main__ import main
really = processes.command
def command(module, *arguments):
    line = really(module, *arguments)
    return [line[0], {str(FAKE_SHARD)!r}, *arguments] if module == "gateway.shard" else line
processes.command = command
sys.exit(main())
"""
SYMBOLS = ("GOOD", "NOROOM", "CRASH", "NEVERREADY", "HANG", "STUBBORN", "ASKS")


class Venue(BaseHTTPRequestHandler):
    """exchangeInfo with all behaviours as symbols; a depth answer for each."""

    def do_GET(self) -> None:
        filters = [
            {"filterType": "PRICE_FILTER", "tickSize": "0.01"},
            {"filterType": "LOT_SIZE", "stepSize": "0.001"},
        ]
        symbols = [{"symbol": s, "status": "TRADING", "filters": filters} for s in SYMBOLS]
        depth = {"lastUpdateId": 9, "bids": [], "asks": []}
        body = json.dumps(depth if "/depth" in self.path else {"symbols": symbols}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def rest() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Venue)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


class Running:
    """A supervisor and what it printed."""

    def __init__(self, run_dir: Path, rest: str, symbol: str, *more: str) -> None:
        self.run_dir = run_dir
        self.log = run_dir.with_name(run_dir.name + ".log")
        line = (
            "start", "--run-dir", str(run_dir), "--subscribe", f"spot:{symbol.lower()}@trade",
            "--upstream-ws", "ws://127.0.0.1:1", "--upstream-rest", rest, *more,
        )  # fmt: skip
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", SUPERVISOR, *line],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def wait_for_line(self, start: str) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(start):
                return line
        raise AssertionError(f"no line '{start}…': {self.log.read_text()}")

    def manifest(self) -> dict[str, object]:
        shard = json.loads((self.run_dir / "manifest.json").read_text())["shards"][0]
        assert isinstance(shard, dict)
        return shard

    def end(self) -> int:
        return self.process.wait(WATCHDOG)


@pytest.fixture
def start(run_dir: Path, rest: str) -> Iterator[Callable[..., Running]]:
    made: list[Running] = []

    def start_one(symbol: str, *more: str, rest: str = rest) -> Running:
        made.append(Running(run_dir, rest, symbol, *more))
        return made[-1]

    yield start_one
    for running in made:
        running.process.kill()
        running.process.communicate()
        running.log.unlink(missing_ok=True)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WATCHDOG
    while not condition():
        assert time.monotonic() < deadline, "the condition never came true"
        time.sleep(0.02)


def is_gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
    except FileNotFoundError:
        return True
    return state == "Z"


def test_start_says_where_it_is_and_what_to_try(start: Callable[..., Running]) -> None:
    running = start("GOOD")
    assert running.wait_for_line("gateway ").rstrip().endswith(f"pid {running.process.pid}")
    assert running.wait_for_line("  memory").startswith("  memory    25.")
    assert f"gateway top --run-dir {running.run_dir}" in running.wait_for_line("  try")
    assert running.manifest()["symbols"] == ["spot:GOOD"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_stop_leaves_no_file_and_no_process(start: Callable[..., Running], number: int) -> None:
    running = start("GOOD")
    running.wait_for_line("gateway ")
    shard = int(str(running.manifest()["pid"]))
    running.process.send_signal(number)
    assert running.end() == 0
    assert list(running.run_dir.iterdir()) == []
    assert is_gone(shard)


def test_shard_that_does_not_stop_is_killed(start: Callable[..., Running]) -> None:
    running = start("STUBBORN")
    running.wait_for_line("gateway ")
    shard = int(str(running.manifest()["pid"]))
    running.process.terminate()
    assert running.end() == 0
    assert is_gone(shard)
    assert list(running.run_dir.iterdir()) == []
    assert "did not close within 1.4 s; killed" in running.log.read_text()


def test_readers_find_no_manifest_once_the_stop_has_begun(start: Callable[..., Running]) -> None:
    running = start("STUBBORN")
    running.wait_for_line("gateway ")
    running.process.terminate()
    until(lambda: not (running.run_dir / "manifest.json").exists())
    assert (running.run_dir / "shard-0.seg").exists()
    assert running.end() == 0


def test_killed_shard_is_started_again_and_the_manifest_says_so(
    start: Callable[..., Running],
) -> None:
    running = start("GOOD")
    running.wait_for_line("gateway ")
    for _ in range(3):
        before = running.manifest()
        os.kill(int(str(before["pid"])), signal.SIGKILL)
        until(lambda before=before: running.manifest()["pid"] != before["pid"])  # type: ignore[misc]
        assert int(str(running.manifest()["generation"])) > int(str(before["generation"]))
    said = running.log.read_text()
    assert "ended with -9 after " in said
    assert "starting it again\n" in said
    assert "starting it again in 0.5 s\n" in said
    running.process.terminate()
    assert running.end() == 0
    assert list(running.run_dir.iterdir()) == []


def test_shard_ends_with_a_killed_supervisor_and_the_next_start_cleans_up(
    start: Callable[..., Running],
) -> None:
    running = start("GOOD")
    running.wait_for_line("gateway ")
    shard = int(str(running.manifest()["pid"]))
    running.process.kill()
    running.process.wait()
    until(lambda: is_gone(shard))
    again = start("GOOD")
    again.wait_for_line("gateway ")
    assert again.manifest()["pid"] != shard
    again.process.terminate()
    assert again.end() == 0
    assert list(again.run_dir.iterdir()) == []


def test_hung_shard_is_killed_and_replaced(start: Callable[..., Running], tmp_path: Path) -> None:
    config = tmp_path / "gateway.toml"
    config.write_text("[liveness]\nhung_seconds = 0.5\n")
    running = start("HANG", "--config", str(config))
    running.wait_for_line("gateway ")
    before = running.manifest()
    until(lambda: (running.run_dir / "manifest.json").exists() and running.manifest() != before)
    assert "no heartbeat for " in running.log.read_text()
    running.process.terminate()
    assert running.end() == 0


def test_shard_that_never_gets_ready_ends_the_start(
    start: Callable[..., Running], tmp_path: Path
) -> None:
    config = tmp_path / "gateway.toml"
    config.write_text("[liveness]\nready_seconds = 0.5\n")
    running = start("NEVERREADY", "--config", str(config))
    assert running.end() == 70
    said = running.log.read_text()
    assert "shard 0 is not ready after 0.5 s; killed" in said
    assert "shard 0 ended with signal 9 before it was ready; see its lines above" in said
    assert list(running.run_dir.iterdir()) == []


def test_code_of_a_shard_that_cannot_start_is_ours(start: Callable[..., Running]) -> None:
    running = start("NOROOM")
    assert running.end() == 73
    assert running.log.read_text() == f"{running.run_dir}: is full; enlarge it\n"
    assert list(running.run_dir.iterdir()) == []


def test_shard_that_crashes_at_once_is_reported(start: Callable[..., Running]) -> None:
    running = start("CRASH")
    assert running.end() == 70
    assert "gateway: shard 0 ended with signal 11 before it was ready" in running.log.read_text()


def test_snapshots_and_instruments_are_answered(start: Callable[..., Running]) -> None:
    running = start("ASKS")
    running.wait_for_line("gateway ")
    answers = running.run_dir / "answers"
    until(lambda: answers.exists() and answers.read_text().count("\n") == 1)
    snapshot, instrument = answers.read_text().splitlines()
    assert snapshot.startswith('SnapshotReply(request_id=5, status=200, body=b\'{"lastUpdateId"')
    assert "symbol='ASKS', px_exponent=-2, qty_exponent=-3, tick=1, step=1" in instrument


def test_unknown_symbol_is_a_configuration_error(start: Callable[..., Running], rest: str) -> None:
    running = start("NOPE")
    assert running.end() == 78
    assert running.log.read_text() == (
        f"gateway: --subscribe: spot:NOPE: exchangeInfo of {rest} has no such symbol; "
        "check the spelling and the market (spot, usdm, coinm)\n"
    )
    assert list(running.run_dir.iterdir()) == []


def test_unreachable_venue_ends_the_start_only_if_asked(start: Callable[..., Running]) -> None:
    running = start("GOOD", "--no-wait", rest="http://127.0.0.1:1")
    assert running.end() == 69
    assert running.log.read_text() == (
        "gateway: http://127.0.0.1:1/spot/api/v3/exchangeInfo: connection refused; "
        "check the network and --upstream-rest, or wait\n"
    )


def test_start_waits_for_the_venue_and_says_so_once(start: Callable[..., Running]) -> None:
    running = start("GOOD", rest="http://127.0.0.1:1")
    until(lambda: "trying again until it answers" in running.log.read_text())
    running.process.terminate()
    assert running.end() == 0
    assert running.log.read_text().count("trying again") == 1
    assert list(running.run_dir.iterdir()) == []


def test_too_little_room_is_seen_before_a_shard_starts(
    start: Callable[..., Running], tmp_path: Path
) -> None:
    config = tmp_path / "gateway.toml"
    config.write_text(f"[memory]\nraw_ring_bytes = {1 << 40}\n")
    running = start("GOOD", "--config", str(config))
    assert running.end() == 73
    assert "MiB are free; enlarge the tmpfs" in running.log.read_text()
