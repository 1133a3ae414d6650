"""``gateway simulate`` as a process: its ready line, its end, and what it says to bad input."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import select
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.__main__ import main
from gateway.simulator.orders import ORDERS

from .tiny import Tiny

WATCHDOG_S = 60.0
ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "gateway", "simulate"]


@contextmanager
def simulate(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """Run the command until its ready line; kill it afterwards if the test did not end it."""
    process = subprocess.Popen(
        [*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    )
    try:
        assert process.stdout is not None
        readable, _, _ = select.select([process.stdout], [], [], WATCHDOG_S)
        assert readable, "no ready line"
        line = process.stdout.readline()
        assert line, process.communicate(timeout=WATCHDOG_S)[1]
        yield process, json.loads(line)
    finally:
        process.kill()
        process.communicate(timeout=WATCHDOG_S)


def fails(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Run the command here, which must end by itself; return exit code and its one line."""
    code = main(["simulate", *arguments])
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1, captured.err
    return code, captured.err


def get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=WATCHDOG_S) as response:
        return json.load(response)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_ready_line_names_all_addresses_and_a_signal_ends_it(number: signal.Signals) -> None:
    with simulate("--symbols", "spot:BTCUSDT,usdm:ETHUSDT", "--seed", "3") as (process, ready):
        assert ready["ws"].startswith("ws://127.0.0.1:")
        assert ready["rest"].startswith("http://127.0.0.1:")
        apis = {"spot": "ws-api/v3", "usdm": "ws-fapi/v1", "coinm": "ws-dapi/v1"}
        assert ready["markets"] == {
            market: {
                "ws": f"{ready['ws']}/{market}",
                "rest": f"{ready['rest']}/{market}",
                "ws_api": f"{ready['ws']}/{market}/{api}",
            }
            for market, api in apis.items()
        }
        listed = get(ready["markets"]["usdm"]["rest"] + "/fapi/v1/exchangeInfo")["symbols"]
        assert [symbol["symbol"] for symbol in listed] == ["ETHUSDT"]
        os.kill(process.pid, number)
        assert process.communicate(timeout=WATCHDOG_S) == ("", "")
        assert process.returncode == 0


def test_several_files_may_follow_one_replay_option(tmp_path: Path) -> None:
    paths = [
        Tiny("spot", "AAAUSDT").write(tmp_path / "s.gz"),
        Tiny("usdm", "BBBUSDT").write(tmp_path / "u.txt", zipped=False),
        Tiny("coinm", "CCCUSD_PERP").write(tmp_path / "c.gz"),
    ]
    with simulate("--replay", *paths[:2], "--replay", paths[2], "--speed", "max") as (_, ready):
        rest = ready["rest"]
        assert get(f"{rest}/sim/status")["frames"] == 180
        assert get(f"{rest}/coinm/dapi/v1/depth?symbol=CCCUSD_PERP")["pair"] == "CCCUSD"


def test_without_options_the_usual_symbols_are_generated() -> None:
    with simulate() as (_, ready):
        for market, path, names in (
            ("spot", "api/v3", ["BTCUSDT", "ETHUSDT"]),
            ("usdm", "fapi/v1", ["BTCUSDT", "ETHUSDT"]),
            ("coinm", "dapi/v1", ["BTCUSD_PERP"]),
        ):
            info = get(f"{ready['markets'][market]['rest']}/{path}/exchangeInfo")
            assert [symbol["symbol"] for symbol in info["symbols"]] == names


def test_rules_of_the_command_line_are_those_of_the_run() -> None:
    limits = ("--spot-weight", "300", "--futures-weight", "200")
    with simulate("--day", "0.3", *limits) as (_, ready):
        rest = ready["rest"]
        for path, limit in (("spot/api/v3", 300), ("coinm/dapi/v1", 200)):
            info = get(f"{rest}/{path}/exchangeInfo")
            assert [row["limit"] for row in info["rateLimits"]] == [limit]
        asyncio.run(_until_the_day_is_over(f"{ready['ws']}/usdm/ws"))


async def _until_the_day_is_over(address: str) -> None:
    async with aiohttp.ClientSession() as http, http.ws_connect(address) as ws:
        message = await asyncio.wait_for(ws.receive(), WATCHDOG_S)
        assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 1001)


def test_help_tells_the_options_and_each_order_of_the_control_room(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["simulate", "--help"]) == 0
    text = capsys.readouterr().out
    for name, (_, example) in ORDERS.items():
        assert f"POST /sim/{name}  {example}" in text
    assert all(len(line) <= 88 for line in text.splitlines())


def test_taken_port_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, text = fails(capsys, "--port", str(port))
    assert code == 98
    assert f"127.0.0.1:{port}" in text


@pytest.mark.parametrize(
    ("arguments", "code", "named"),
    [
        (["--replay", "NONE"], 66, "none.gz"),
        (["--replay", "CUT"], 65, "cut.gz:"),
        (["--replay", "BAD"], 65, "bad.txt:2"),
        (["--replay", "GOOD", "--speed", "fast"], 2, "--speed fast"),
        (["--replay", "GOOD", "--seed", "1"], 2, "--seed"),
        (["--speed", "max"], 2, "--speed"),
        (["--loop"], 2, "--loop"),
        (["--symbols", "BTCUSDT"], 2, "BTCUSDT"),
        (["--symbols", ""], 2, "MARKET:SYMBOL"),
        (["GOOD"], 2, "--replay"),
        (["--drop", "0"], 2, "--drop"),
        (["--port", "70000"], 2, "--port"),
        (["--day", "0"], 2, "--day"),
        (["--day", "10", "--notice", "11"], 2, "--notice 11"),
        (["--ping-every", "0.1"], 2, "--ping-every"),
        (["--spot-weight", "-1"], 2, "--spot-weight"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_bad_input_is_named_in_one_line_with_a_documented_code(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    named: str,
) -> None:
    tiny = Tiny("spot", "AAAUSDT")
    files = {"GOOD": tiny.write(tmp_path / "good.gz"), "NONE": str(tmp_path / "none.gz")}
    files["CUT"] = str(tmp_path / "cut.gz")
    Path(files["CUT"]).write_bytes(gzip.compress(b"\n".join(tiny.lines))[:-40])
    files["BAD"] = str(tmp_path / "bad.txt")
    Path(files["BAD"]).write_bytes(tiny.lines[0] + b"\n" + tiny.lines[1][:50])
    found, text = fails(capsys, *(files.get(argument, argument) for argument in arguments))
    assert (found, named in text) == (code, True), text


def test_faults_of_a_file_are_in_force_from_the_start(tmp_path: Path) -> None:
    path = tmp_path / "faults.toml"
    path.write_text('seed = 5\n[[rest]]\ncalls = "spot:time"\nfail = 1\nstatus = 503\n')
    arguments = ("--symbols", "spot:BTCUSDT", "--faults", str(path), "--rest-delay", "0.01")
    with simulate(*arguments) as (_, ready):
        with pytest.raises(urllib.error.HTTPError, match="503"):
            get(ready["rest"] + "/spot/api/v3/time")
        get(ready["rest"] + "/usdm/fapi/v1/ping")
        told = get(ready["rest"] + "/sim/status")["faults"]
        assert (told["on"], told["seed"]) == (True, 5)
        assert told["rest"] == {"spot:time": {"503": 1, "delay": 1}, "usdm:ping": {"delay": 1}}


def test_bad_file_of_faults_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "faults.json"
    path.write_text('{"frames": [{"drop": 7}]}')
    code, text = fails(capsys, "--faults", str(path))
    assert (code, str(path) in text, "drop" in text) == (65, True, True)
    assert fails(capsys, "--faults", str(tmp_path / "none.json"))[0] == 2
