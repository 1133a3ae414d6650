"""The whole service as a user runs it: simulator, supervisor, shard, and readers outside them."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest

from gateway.layout import Kind
from gateway_client import Book, Gateway, Quote, Status
from tests.waiting import is_gone, wait_for

T = TypeVar("T")
WATCHDOG = 60.0
STREAMS = (
    "spot:btcusdt@bookTicker", "spot:btcusdt@depth@100ms", "spot:btcusdt@trade",
    "usdm:ethusdt@bookTicker", "usdm:ethusdt@depth@100ms", "usdm:ethusdt@aggTrade",
    "usdm:ethusdt@ticker", "coinm:btcusd_perp@bookTicker", "coinm:btcusd_perp@depth",
)  # fmt: skip
SYMBOLS = ("spot:BTCUSDT", "usdm:ETHUSDT", "coinm:BTCUSD_PERP")


def gateway_command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "gateway", *arguments]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        gateway_command(*arguments), capture_output=True, text=True, timeout=WATCHDOG, check=False
    )


def is_live(read: Callable[[str], Book | Quote], symbol: str) -> bool:
    return read(symbol).is_live


class Service:
    """A ``gateway start --simulate`` that has said that it is ready."""

    def __init__(self, run_dir: Path) -> None:
        self.run_dir = run_dir
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 closed in end()
        subscribe = [part for stream in STREAMS for part in ("--subscribe", stream)]
        self.process = subprocess.Popen(
            gateway_command("start", "--simulate", "--run-dir", str(run_dir), *subscribe),
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        wait_for(lambda: self.process.poll() is not None or (run_dir / "manifest.json").exists())
        assert self.process.poll() is None, self.log()

    def log(self) -> str:
        self._log.seek(0)
        return self._log.read()

    def shard_pid(self) -> int:
        return int(json.loads((self.run_dir / "manifest.json").read_text())["shards"][0]["pid"])

    def all_live(self, gateway: Gateway) -> None:
        """Wait until every book and quote is LIVE."""
        for symbol in SYMBOLS:
            wait_for(partial(is_live, gateway.book, symbol))
            wait_for(partial(is_live, gateway.quote, symbol))

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        self._log.close()


@contextmanager
def service(run_dir: Path) -> Iterator[Service]:
    started = Service(run_dir)
    try:
        yield started
    finally:
        started.end()


@pytest.fixture(scope="module")
def running() -> Iterator[Service]:
    """One service for the tests that only read."""
    path = Path(tempfile.mkdtemp(prefix="gw-test-", dir="/dev/shm"))
    with service(path / "gateway") as started:
        with Gateway(started.run_dir) as gateway:
            started.all_live(gateway)
        yield started
        started.process.terminate()
        assert started.process.wait(WATCHDOG) == 0
        assert not started.run_dir.exists()
    path.rmdir()


def test_books_go_live_and_quotes_agree_with_them(running: Service) -> None:
    with Gateway(running.run_dir) as gateway:
        assert sorted(gateway.symbols()) == sorted(SYMBOLS)
        for symbol in SYMBOLS:
            book, quote = gateway.book(symbol), gateway.quote(symbol)
            assert book.bids[0][0] < book.asks[0][0]
            assert quote.bid_px < quote.ask_px
            assert quote.source == "bookTicker"
            assert sorted(book.bids, reverse=True) == book.bids
            assert sorted(book.asks) == book.asks


def test_second_start_names_the_owner_and_leaves_it_alone(running: Service) -> None:
    done = run("start", "--run-dir", str(running.run_dir), "--simulate")
    assert done.returncode == 75
    assert f"a gateway is already running here, pid {running.process.pid};" in done.stderr
    assert "Traceback" not in done.stderr
    with Gateway(running.run_dir) as gateway:
        assert gateway.quote("spot:BTCUSDT").state is not Status.DEAD


def test_status_is_told_in_lines_and_in_json(running: Service) -> None:
    lines = run("status", "--run-dir", str(running.run_dir))
    assert lines.returncode == 0, lines.stderr
    assert f"gateway in {running.run_dir}: pid {running.process.pid}, up " in lines.stdout
    assert "  book        3 LIVE\n" in lines.stdout
    assert "  connections 4 up, 4 on standby" in lines.stdout
    assert "    coinm/public/0/a    ACTIVE, " in lines.stdout
    found = json.loads(run("status", "--run-dir", str(running.run_dir), "--json").stdout)
    assert found["alive"] is True
    assert found["frames_per_second"] > 0
    (shard,) = found["shards"]
    links = ["spot/public/0", "usdm/public/0", "usdm/market/0", "coinm/public/0"]
    assert {c["name"]: c["state"] for c in shard["connections"]} == {
        f"{name}/{side}": state
        for name in links
        for side, state in (("a", "ACTIVE"), ("b", "IDLE"))
    }
    assert set(shard["deliveries"]) <= {"DELIVERING", "QUIET"}
    assert shard["states"]["book"] == {"LIVE": 3}
    assert shard["counters"]["gaps"] == 0
    assert {row["symbol"]: row["state"] for row in found["symbols"]} == dict.fromkeys(
        SYMBOLS, "LIVE"
    )
    timed = [latency["name"] for latency in shard["latencies"] if latency["count"]]
    assert timed[:3] == ["event_to_recv", "recv_to_publish", "publish_to_visible"]


def test_book_is_printed_exactly(running: Service) -> None:
    where = ("--run-dir", str(running.run_dir))
    found = json.loads(run("book", "spot:BTCUSDT", "--levels", "3", "--json", *where).stdout)
    assert found["state"] == "LIVE"
    assert [len(found[side]) for side in ("bids", "asks")] == [3, 3]
    assert all(len(px.partition(".")[2]) == 2 for px, _ in found["bids"] + found["asks"])
    lines = run("book", "usdm:ETHUSDT", "--levels", "4", *where).stdout.splitlines()
    assert lines[0].startswith("usdm:ETHUSDT  LIVE  update ")
    assert len(lines) == 7
    assert lines[-1].startswith("every level is known")


def test_symbol_that_is_not_carried_is_67(running: Service) -> None:
    for arguments in (["book", "spot:XYZ"], ["tail", "spot:xyz@*"], ["tail", "spot:xyz@trade"]):
        done = run(*arguments, "--run-dir", str(running.run_dir))
        assert (done.returncode, done.stdout) == (67, "")
        assert done.stderr.count("\n") == 1
        assert arguments[1] in done.stderr


def test_top_prints_every_symbol_once(running: Service) -> None:
    done = run("top", "--once", "--run-dir", str(running.run_dir))
    assert done.returncode == 0, done.stderr
    words = [line.split() for line in done.stdout.splitlines()]
    rows = {line[0]: line[1] for line in words if line and ":" in line[0]}
    assert rows == dict.fromkeys(SYMBOLS, "LIVE")
    shards = [line for line in words if line[:2] == ["0", "LIVE"]]
    assert "4 of 4 up" in " ".join(shards[0])


def test_tail_prints_six_fields_with_the_venues_own_json(running: Service) -> None:
    where = ("--run-dir", str(running.run_dir))
    done = run("tail", "spot:btcusdt@", "--count", "20", *where)
    assert done.returncode == 0, done.stderr
    lines = [line.split(" ", 5) for line in done.stdout.splitlines()]
    assert len(lines) == 20
    sequences: dict[str, list[int]] = {}
    for topic, _, sequence, _, flags, payload in lines:
        assert topic in STREAMS
        assert flags == "-"
        assert json.loads(payload).get("s") == "BTCUSDT"
        sequences.setdefault(topic, []).append(int(sequence))
    for found in sequences.values():
        assert found == list(range(found[0], found[0] + len(found)))


def test_tail_of_records_is_json_too(running: Service) -> None:
    where = ("--run-dir", str(running.run_dir))
    done = run("tail", "usdm:ethusdt@*", "--binary", "--count", "30", *where)
    assert done.returncode == 0, done.stderr
    kinds = set()
    for line in done.stdout.splitlines():
        topic, *_, payload = line.split(" ", 5)
        assert topic.startswith("bin:usdm:ethusdt@")
        kinds.add(json.loads(payload)["kind"])
    assert kinds <= {kind.name for kind in Kind}
    assert {"QUOTE", "DIFF"} <= kinds


def test_tail_into_a_closed_pipe_ends_quietly(running: Service) -> None:
    command = gateway_command("tail", "*", "--run-dir", str(running.run_dir))
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as tail:
        assert tail.stdout is not None
        assert tail.stdout.readline()
        tail.stdout.close()
        assert tail.stderr is not None
        assert tail.stderr.read() == b""
        assert tail.wait(WATCHDOG) == 0


@pytest.mark.parametrize("arguments", [["tail", "*"], ["top"]], ids=" ".join)
def test_interrupt_ends_an_endless_command_quietly(running: Service, arguments: list[str]) -> None:
    command = gateway_command(*arguments, "--run-dir", str(running.run_dir))
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline()
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=WATCHDOG)
    assert (child.returncode, err) == (0, "")


def test_stop_takes_everything_with_it(run_dir: Path) -> None:
    with service(run_dir / "gateway") as started, Gateway(started.run_dir) as gateway:
        started.all_live(gateway)
        shard = started.shard_pid()
        started.process.terminate()
        assert started.process.wait(WATCHDOG) == 0
        assert not started.run_dir.exists()
        assert is_gone(shard)
        # A reader that is still attached is told, and keeps the last values to look at.
        quote = gateway.quote("spot:BTCUSDT")
        assert quote.state is Status.DEAD
        assert quote.bid_px > 0


def test_killed_shard_is_back_and_readers_find_it(run_dir: Path) -> None:
    with service(run_dir / "gateway") as started, Gateway(started.run_dir) as gateway:
        started.all_live(gateway)
        before, epoch = started.shard_pid(), gateway.quote("spot:BTCUSDT").epoch
        os.kill(before, signal.SIGKILL)
        wait_for(lambda: gateway.quote("spot:BTCUSDT").epoch > epoch)
        started.all_live(gateway)
        assert started.shard_pid() != before
        assert "starting it again" in started.log()


def test_killed_supervisor_takes_its_shard_and_simulator_along(run_dir: Path) -> None:
    with service(run_dir / "gateway") as started, Gateway(started.run_dir) as gateway:
        started.all_live(gateway)
        shard = started.shard_pid()
        children = Path(f"/proc/{started.process.pid}/task/{started.process.pid}/children")
        pids = [int(pid) for pid in children.read_text().split()]
        assert shard in pids
        started.process.kill()
        started.process.wait()
        for pid in pids:
            wait_for(partial(is_gone, pid))
        assert gateway.quote("spot:BTCUSDT").state is Status.DEAD
        done = run("status", "--run-dir", str(started.run_dir))
        assert "DEAD" in done.stdout or done.returncode == 69
        # What it left is in nobody's way.
        with service(run_dir / "gateway") as again:
            started.all_live(gateway)
            again.process.terminate()
            assert again.process.wait(WATCHDOG) == 0
    assert list(run_dir.glob("gateway/*")) == []


@pytest.mark.parametrize(
    ("megabytes", "exit_code", "said"),
    [
        (
            8,
            73,
            r"gateway: .*/gateway: the segments need [0-9.]+ MiB, 8\.0 MiB are free; enlarge the",
        ),
        (30, 0, r"too little room to restart a shard \([0-9.]+ MiB more\); enlarge the tmpfs"),
    ],
)
def test_small_tmpfs_is_refused_or_warned_of(
    run_dir: Path, megabytes: int, exit_code: int, said: str
) -> None:
    """In a mount namespace of its own, where there may be one."""
    mount = f"mount -t tmpfs -o size={megabytes}m none {run_dir}"
    if subprocess.run(["unshare", "-m", "sh", "-c", mount], check=False).returncode:
        pytest.skip("no mount namespaces here: a small tmpfs needs root")
    start = gateway_command("start", "--simulate", "--run-dir", str(run_dir / "gateway"))
    process = subprocess.Popen(
        ["unshare", "-m", "sh", "-c", f'{mount} && exec "$@"', "sh", *start],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    if process.stdout.readline():  # it runs
        process.terminate()
    _, err = process.communicate(timeout=WATCHDOG)
    assert process.returncode == exit_code
    assert re.search(said, err), err
    assert "Traceback" not in err


def demo_leftovers() -> set[str]:
    return {path.name for path in Path("/dev/shm").glob("binance-gateway-demo-*")}


def test_demo_without_a_terminal_ends_by_itself() -> None:
    process = subprocess.Popen(
        gateway_command("demo", "--seconds", "4"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    out, err = process.communicate(timeout=WATCHDOG)
    assert (process.returncode, err) == (0, "")
    assert out.count("\nsymbol ") >= 2
    assert re.search(r"usdm:ETHUSDT +LIVE", out)
    assert f"binance-gateway-demo-{process.pid}" not in demo_leftovers()


@pytest.mark.parametrize("key", [b"q", b"\x03"], ids=["q", "Ctrl-C"])
def test_demo_on_a_terminal_ends_with_a_key(key: bytes) -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ |= {"TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}
        os.execv(sys.executable, gateway_command("demo"))
    try:
        screen = read_terminal(terminal, lambda seen: "usdm:ETHUSDT" in seen)
        assert "spot:BTCUSDT" in screen  # in full, also where there are 80 columns only
        os.write(terminal, key)
        read_terminal(terminal, lambda _: False)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    finally:
        os.close(terminal)
    assert f"binance-gateway-demo-{pid}" not in demo_leftovers()


def read_terminal(terminal: int, is_enough: Callable[[str], bool]) -> str:
    """Read until enough was seen or the program has ended."""
    seen, deadline = "", time.monotonic() + WATCHDOG
    while not is_enough(seen):
        assert time.monotonic() < deadline, seen[-2000:]
        readable, _, _ = select.select([terminal], [], [], 0.2)
        if not readable:
            continue
        try:
            part = os.read(terminal, 65536)
        except OSError:  # EIO: the other end is closed
            break
        if not part:
            break
        seen += part.decode(errors="replace")
    return seen
