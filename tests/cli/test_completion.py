"""Completion: what is offered, and that a real bash puts it into the line as it should."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.__main__ import main
from gateway.cli.complete import MANY
from gateway.cli.group import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
WATCHDOG = 60.0
SYMBOLS = ("spot:BTCUSDT", "spot:BTCUSDC", "usdm:ETHUSDT")
STREAMS = ("spot:btcusdt@trade", "spot:btcusdt@ticker", "usdm:!ticker@arr", "usdm:ethusdt@trade")
SHIM = """#!/bin/sh
# Completes and prints scripts as the gateway does; anything else only shows its words.
case "$_GATEWAY_COMPLETE$1" in
    *_complete*|completion) exec {python} -m gateway "$@" ;;
esac
printf 'words:'; printf ' <%s>' "$@"; echo
"""

Offer = Callable[..., list[str]]


def manifest(streams: tuple[str, ...] = STREAMS) -> str:
    shard = {
        "id": 0, "pid": 1, "generation": 1, "segment": "shard-0.seg", "publisher": "ipc://x",
        "symbols": SYMBOLS, "streams": streams,
    }  # fmt: skip
    head = {"version": 1, "instance": "a", "pid": 1, "started_ns": 1, "upstream": "binance"}
    return json.dumps(head | {"shards": [shard]})


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run directory with the manifest of a gateway."""
    (tmp_path / "manifest.json").write_text(manifest())
    monkeypatch.setenv("GATEWAY_RUN_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def offer(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Offer:
    """Return the words that are offered for a line, as bash is given them."""

    def ask(line: str, kind: str = "") -> list[str]:
        monkeypatch.setenv("_GATEWAY_COMPLETE", "bash_complete")
        monkeypatch.setenv("COMP_LINE", line)
        assert main([]) == 0
        out, err = capfd.readouterr()
        assert err == ""
        found = [tuple(each.split(",", 1)) for each in out.splitlines() if each]
        return [value for of, value in found if not kind or of == kind]

    return ask


def test_commands_and_options_are_offered(offer: Offer) -> None:
    assert offer("gateway ") == list(COMMANDS)
    assert offer("gateway sta") == ["start", "status"]
    assert "--subscribe" in offer("gateway start --")
    assert offer("gateway config ") == ["check", "init", "schema", "show"]


@pytest.mark.usefixtures("running")
def test_symbols_and_streams_of_a_running_gateway_are_offered(offer: Offer) -> None:
    assert offer("gateway book spot:BTC") == ["spot:BTCUSDC", "spot:BTCUSDT"]
    assert offer("gateway tail usdm:") == ["usdm:!ticker@arr", "usdm:ethusdt@trade"]
    assert offer("gateway unsubscribe spot:btcusdt@trade spot:btcusdt@ti") == [
        "spot:btcusdt@ticker"
    ]


@pytest.mark.usefixtures("running")
def test_new_streams_are_put_together_from_symbols_and_the_table(offer: Offer) -> None:
    assert offer("gateway subscribe ", "part") == ["spot:", "usdm:", "coinm:"]
    assert offer("gateway subscribe spot:b", "part") == ["spot:btcusdc@", "spot:btcusdt@"]
    assert offer("gateway subscribe usdm:!mini") == ["usdm:!miniTicker@arr"]
    assert "spot:btcusdt@kline_1m" in offer("gateway start --subscribe spot:btcusdt@kl", "plain")


def test_many_streams_are_offered_by_their_symbols_first(offer: Offer, running: Path) -> None:
    streams = tuple(f"spot:s{n}usdt@{kind}" for n in range(MANY) for kind in ("trade", "ticker"))
    whole = ("spot:!ticker@arr", "usdm:tradingSession")
    (running / "manifest.json").write_text(manifest((*streams, *whole)))
    assert "spot:s7usdt@" in offer("gateway tail spot:", "part")
    assert len(offer("gateway tail spot:", "part")) == MANY
    assert offer("gateway tail ", "plain") == list(whole)
    assert offer("gateway tail spot:s7usdt@") == ["spot:s7usdt@ticker", "spot:s7usdt@trade"]


@pytest.mark.parametrize("content", [None, "", "{}", "[1]", '{"version": 99}'])
def test_nothing_is_offered_or_said_where_no_gateway_runs(
    offer: Offer, running: Path, content: str | None
) -> None:
    (running / "manifest.json").unlink()
    if content is not None:
        (running / "manifest.json").write_text(content)
    assert offer("gateway book spot:") == []
    assert offer("gateway tail ") == []


def test_half_typed_lines_are_no_error(offer: Offer) -> None:
    for line in (
        "gateway nope ",
        "gateway book 'spot:",
        "gateway --nope ",
        "gateway config nope x",
    ):
        offer(line)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_script_is_one_that_its_shell_can_read(
    shell: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["completion", shell]) == 0
    script = capfd.readouterr().out
    assert f"_GATEWAY_COMPLETE={shell}_complete" in script
    if shutil.which(shell):
        done = subprocess.run(
            [shell, "-n"], input=script, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")


class Terminal:
    """A bash on a terminal of its own."""

    def __init__(self, folder: Path) -> None:
        self._pid, self._fd = pty.fork()
        if not self._pid:
            environment = os.environ | {
                "PATH": f"{folder}:{os.environ['PATH']}",
                "TERM": "dumb",
                "HOME": str(folder),
                "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
            }
            os.execvpe("bash", ["bash", "--norc", "--noprofile", "-i"], environment)
        self._text = ""

    def type(self, keys: str) -> None:
        os.write(self._fd, keys.encode())

    def wait_for(self, pattern: str) -> str:
        """Return the first match in what was printed since the last one."""
        until = time.monotonic() + WATCHDOG
        while not (found := re.search(pattern, self._text)):
            assert time.monotonic() < until, self._text
            if select.select([self._fd], [], [], 0.1)[0]:
                self._text += os.read(self._fd, 65536).decode(errors="replace")
        self._text = self._text[found.end() :]
        return found[0]

    def close(self) -> None:
        os.close(self._fd)  # it gets SIGHUP
        os.waitpid(self._pid, 0)


@pytest.fixture
def bash(running: Path) -> Iterator[Terminal]:
    """A bash that completes our command."""
    shim = running / "gateway"
    shim.write_text(SHIM.format(python=sys.executable))
    shim.chmod(0o755)
    terminal = Terminal(running)
    try:
        terminal.type("cd ~; source <(gateway completion bash); PS1='rea''dy> '\n")
        terminal.wait_for("ready> ")  # keys that come sooner are no keys of its line editor
        yield terminal
    finally:
        terminal.close()


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("unsu\t", "<unsubscribe>"),
        ("book spot:BTCUSDT\t--js\t", "<book> <spot:BTCUSDT> <--json>"),
        ("book usdm:\t", "<book> <usdm:ETHUSDT>"),
        ("tail spot:btcusdt@tr\t", "<tail> <spot:btcusdt@trade>"),
        ("tail 'spot:btcusdt@tr\t", "<tail> <spot:btcusdt@trade>"),
        ("subscribe usdm:ethusdt@depth@500\t", "<subscribe> <usdm:ethusdt@depth@500ms>"),
        ("tail usdm:!\t", "<tail> <usdm:!ticker@arr>"),
        ("subscribe u\tethusdt@aggT\t", "<subscribe> <usdm:ethusdt@aggTrade>"),
        ("config check mani\t", "<config> <check> <manifest.json>"),
    ],
)
def test_bash_completes_the_word_as_it_was_typed(bash: Terminal, keys: str, words: str) -> None:
    bash.type(f"gateway {keys}\n")
    assert bash.wait_for(r"words:.*?\r?\n").strip() == f"words: {words}"
