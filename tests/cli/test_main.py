"""The command line as a user meets it: one clear line, a documented exit code, no traceback."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway import __version__
from gateway.__main__ import main
from gateway.cli.group import COMMANDS
from gateway.errors import EXIT_CODES
from gateway.layout import ABI_MAJOR, ENDIAN_TAG, HEADER, MAGIC, PAGE

WATCHDOG = 60.0
OF_NO_GATEWAY = ("simulate", "demo", "config", "completion")
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def gateway(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Run a command line in this process; returns exit code, stdout and stderr."""
    monkeypatch.delenv("GATEWAY_RUN_DIR", raising=False)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(arguments)
        out, err = capfd.readouterr()
        return code, out, err

    yield run
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def refusal(gateway: Run) -> Callable[..., tuple[int, str]]:
    """Run a command line that must fail; returns exit code and the one line on stderr."""

    def run(*arguments: str) -> tuple[int, str]:
        code, out, err = gateway(*arguments)
        assert out == ""
        assert err.count("\n") == 1, err
        return code, err.strip()

    return run


def as_process(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gateway", *arguments],
        capture_output=True,
        text=True,
        timeout=WATCHDOG,
        check=False,
    )


def test_help_lists_every_command_and_every_exit_code(gateway: Run) -> None:
    code, out, _ = gateway("--help")
    assert code == 0
    for name in COMMANDS:
        assert f"\n  {name} " in out
    for number, text in EXIT_CODES.items():
        assert f"{number:>5}  {text}" in out


def test_no_command_shows_the_help(gateway: Run) -> None:
    code, _, err = gateway()
    assert code == 2
    assert err.startswith("Usage: gateway ")


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_has_help(gateway: Run, name: str) -> None:
    code, out, _ = gateway(name, "--help")
    assert code == 0
    assert f"Usage: gateway {name}" in out


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in OF_NO_GATEWAY])
def test_every_command_takes_a_run_directory(gateway: Run, name: str) -> None:
    assert "--run-dir DIR" in gateway(name, "--help")[1]


def test_version_is_printed(gateway: Run) -> None:
    assert gateway("--version")[:2] == (0, f"gateway {__version__}\n")


@pytest.mark.parametrize(
    ("arguments", "exit_code", "sentence"),
    [
        (["nope"], 2, "gateway: No such command 'nope'; see 'gateway --help'"),
        (["start", "--nope"], 2, "No such option '--nope'; see 'gateway start --help'"),
        (["start", "--subscribe", "btcusdt@trade"], 2, "gateway: btcusdt@trade: has no market;"),
        (["start", "--subscribe", "spot:btcusdt@x"], 2, "unknown stream 'x' on spot; allowed: "),
        (["start", "--subscribe", "usdm:a@depth@1000ms"], 2, "usdm has no depth@1000ms; allowed:"),
        (["start", "--upstream-ws", "ws://h"], 2, "give --upstream-rest as well"),
        (["start", "--config", "/none.toml"], 66, "gateway: /none.toml: cannot be read: No such"),
        (["start", "--run-dir", "/proc/gateway"], 73, "gateway: /proc/gateway: is not on tmpfs;"),
        (["start", "--run-dir", "/dev/shm/no/where"], 73, "its parent directory does not exist;"),
        (["start", "--run-dir", "/dev/shm/" + "x" * 90], 73, "too long for a socket; choose a sho"),
        (["book", "BTCUSDT"], 2, "BTCUSDT: has no market; write it like spot:BTCUSDT"),
        (["book", "spot:btcusdt"], 2, "symbols are uppercase; write spot:BTCUSDT"),
        (["book"], 2, "Missing argument 'SYMBOL'; see 'gateway book --help'"),
        (["book", "spot:BTCUSDT", "--levels", "0"], 2, "Invalid value for '--levels': 0 is not in"),
        (["start", "--subscribe", "spot:*@x"], 2, "unknown stream 'x' on spot; allowed: "),
        (["subscribe"], 2, "Missing argument 'STREAM...'; see 'gateway subscribe --help'"),
        (["subscribe", "btcusdt@trade"], 2, "btcusdt@trade: has no market;"),
        (["unsubscribe", "spot:BTCUSDT@trade"], 2, "are lowercase; write spot:btcusdt@trade"),
        (["tail"], 2, "Missing argument 'TOPIC"),
        (["tail", "btcusdt@trade"], 2, "btcusdt@trade: has no market; "),
        (["tail", "spot:btcusdt"], 2, "spot:btcusdt: names no stream; write it like"),
        (["tail", "nyse:*"], 2, "nyse:*: begins with no market; begin it with one of spot, usdm"),
        (["tail", "state:"], 2, "state:: names no symbol; write state:spot:BTCUSDT, or 'state:*'"),
        (["tail", "state:spot:btc"], 2, "symbols are uppercase; write spot:BTC"),
    ],
)
def test_wrong_input_is_one_line_with_its_exit_code(
    refusal: Callable[..., tuple[int, str]], arguments: list[str], exit_code: int, sentence: str
) -> None:
    code, line = refusal(*arguments)
    assert code == exit_code
    assert sentence in line
    assert line.startswith("gateway: ")


@pytest.mark.parametrize(
    "arguments", [["start", "--subscribe", "x"], ["book", "BTCUSDT"], ["nope"]]
)
def test_process_ends_with_the_code_and_without_traceback(arguments: list[str]) -> None:
    done = as_process(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("gateway: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["status"],
        ["status", "--json"],
        ["top", "--once"],
        ["book", "spot:BTCUSDT"],
        ["tail", "spot:*"],
        ["subscribe", "spot:btcusdt@trade"],
        ["unsubscribe", "spot:*@trade", "--json"],
    ],
    ids=" ".join,
)
def test_reading_without_a_gateway_says_where_was_looked(
    refusal: Callable[..., tuple[int, str]],
    run_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
) -> None:
    code, line = refusal(*arguments, "--run-dir", str(run_dir))
    assert code == 69
    assert f"no gateway is running: looked in {run_dir}" in line
    assert "start one with 'gateway start'" in line
    monkeypatch.setenv("GATEWAY_RUN_DIR", str(run_dir))
    assert refusal(*arguments) == (code, line)


def test_wrong_configuration_file_is_one_line(
    refusal: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    path = tmp_path / "a.toml"
    path.write_text("[rest]\ntimeout = 3\n")
    code, line = refusal("start", "--config", str(path))
    assert code == 78
    sentence = "rest.timeout: unknown key; did you mean timeout_seconds? allowed: timeout_seconds, "
    assert line.startswith(f"gateway: {path}: {sentence}")


def test_simulate_and_upstream_exclude_each_other(
    refusal: Callable[..., tuple[int, str]],
) -> None:
    upstream = ("--upstream-ws", "ws://h", "--upstream-rest", "http://h")
    code, line = refusal("start", "--simulate", *upstream)
    assert code == 2
    assert "--simulate: is an upstream itself; leave out" in line


def test_closed_pipe_is_quiet() -> None:
    """``gateway --help | true``: the reader has all it wanted."""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "gateway", "--help"],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        timeout=WATCHDOG,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


def segment_header(**changes: int) -> bytes:
    """A header page as a writer makes it, but for ``changes``."""
    values = {
        "endian_tag": ENDIAN_TAG, "abi_major": ABI_MAJOR, "header_size": PAGE, "file_size": PAGE,
        "section_desc_size": 128, "section_table_offset": PAGE, "heartbeat_timeout_ms": 1000,
    } | changes  # fmt: skip
    page, offsets = bytearray(PAGE), HEADER.offsets()
    page[: len(MAGIC)] = MAGIC
    for field in HEADER.fields:
        if field.name in values:
            at = offsets[field.name]
            page[at : at + field.size] = values[field.name].to_bytes(field.size, "little")
    return bytes(page)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is half-made"),
        (bytes(2 * PAGE), "is half-made"),
        (segment_header()[:100], "is truncated"),
        (segment_header(file_size=9 * PAGE), "is truncated"),
        (segment_header(abi_major=9), "version"),
        (b"PK\x03\x04" + bytes(PAGE), "is not a gateway segment"),
    ],
    ids=["empty", "half-made", "cut", "shorter than it says", "another version", "another file"],
)
@pytest.mark.parametrize("command", ["status", "top", "book"])
def test_segment_that_cannot_be_read_is_76(
    refusal: Callable[..., tuple[int, str]],
    run_dir: Path,
    command: str,
    content: bytes,
    problem: str,
) -> None:
    shard = {
        "id": 0, "pid": 1, "generation": 1, "segment": "shard-0.seg", "publisher": "ipc:///x",
        "symbols": [], "streams": [],
    }  # fmt: skip
    manifest = {
        "version": 1, "instance": "1", "pid": 1, "started_ns": 1, "upstream": "binance",
        "shards": [shard],
    }  # fmt: skip
    (run_dir / "manifest.json").write_text(json.dumps(manifest))
    (run_dir / "shard-0.seg").write_bytes(content)
    symbol = ["spot:BTCUSDT"] if command == "book" else []
    code, line = refusal(command, *symbol, "--run-dir", str(run_dir))
    assert code == 76
    assert line.startswith(f"gateway: {run_dir}/shard-0.seg: ")
    assert problem in line
    assert "restart the gateway" in line


def test_damaged_manifest_is_76(refusal: Callable[..., tuple[int, str]], run_dir: Path) -> None:
    (run_dir / "manifest.json").write_text("{")
    code, line = refusal("status", "--run-dir", str(run_dir))
    assert code == 76
    assert f"{run_dir}/manifest.json: is no manifest" in line
