"""``gateway top`` where there is no terminal: plain lines and JSON, as a script asks for them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.__main__ import main
from gateway.layout import Kind
from tests import golden
from tests.clients.support import Shard
from tests.clients.test_golden_segment import Golden
from tests.integration.running import GATEWAY

Run = Callable[..., str]


@pytest.fixture
def several(run_dir: Path) -> Path:
    """Three quotes, one of them never LIVE."""
    shard = Shard(run_dir, symbols=("AUSDT", "BUSDT", "CUSDT")).start()
    for row, name in enumerate("abc"):
        shard.add_stream(f"spot:{name}usdt@bookTicker", Kind.QUOTE, row, gap_count=row, sequence=1)
    shard.write_cell("quote", 0, bid_px=100, ask_px=130, bid_qty=5, sequence=1)
    shard.write_cell("quote", 1, bid_px=100, ask_px=101, sequence=1)
    return run_dir


@pytest.fixture
def top(capfd: pytest.CaptureFixture[str]) -> Run:
    def run(run_dir: Path, *arguments: str) -> str:
        code = main(["top", "--once", "--interval", "0.1", "--run-dir", str(run_dir), *arguments])
        out, err = capfd.readouterr()
        assert (code, err) == (0, "")
        return out

    return run


def test_once_as_json_is_one_object(top: Run, several: Path) -> None:
    found: dict[str, Any] = json.loads(top(several, "--json"))
    assert (found["alive"], found["run_dir"], found["instrument_count"]) == (True, str(several), 3)
    first, _, last = found["instruments"]
    assert (first["symbol"], first["bid_px"], first["bid_qty"]) == ("spot:AUSDT", "1.00", "0.00005")
    assert first["spread_bps"] == pytest.approx(1e4 * 0.3 / 1.15)
    assert (last["state"], last["bid_px"], last["last"], last["age_ns"]) == (
        "EMPTY",
        None,
        None,
        None,
    )
    (shard,) = found["shards"]
    assert (shard["state"], shard["connections"]) == ("LIVE", [])
    assert isinstance(shard["generation"], str)
    assert [each["name"] for each in found["latencies"]][:2] == ["event_to_recv", "recv_to_publish"]
    assert found["gaps"] == {"total": 0, "open": []}
    assert found["weight"] is None


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["--sort", "gaps"], "CBA"), (["--sort", "spread"], "ABC"), (["--reverse"], "CBA"),
        (["--sort", "state", "--limit", "1"], "C"), (["--filter", "live !b"], "A"),
        (["--filter", "nothing"], ""), (["--limit", "2"], "AB"),
    ],
)  # fmt: skip
def test_sorted_filtered_and_cut(top: Run, several: Path, arguments: list[str], names: str) -> None:
    found = json.loads(top(several, "--json", *arguments))["instruments"]
    assert "".join(each["symbol"][5] for each in found) == names
    _, _, rows = top(several, *arguments).partition("\n\n")
    assert "".join(line[5] for line in rows.splitlines()[1:]) == names


def test_everything_of_a_full_gateway_is_json(top: Run, run_dir: Path) -> None:
    text = top(Golden(run_dir, golden.MINOR_2).run_dir, "--json")
    assert text.count("\n") == 1
    found = json.loads(text, parse_constant=pytest.fail)
    assert found["troubled"] == [{"stream": "usdm:ethusdt@kline_5m", "delivery": "SILENT"}]
    assert {each["state"] for each in found["shards"][0]["connections"]} == {
        "ACTIVE", "DOWN", "IDLE",
    }  # fmt: skip


def test_plain_lines_say_who_it_is_and_how_it_does(top: Run, several: Path) -> None:
    head, _, rows = top(several).partition("\n\n")
    assert head.startswith(f"gateway {several}  pid 1  up ")
    assert "3 instruments: 1 EMPTY, 2 LIVE" in head
    assert rows.splitlines()[0].split()[:3] == ["symbol", "state", "bid"]


def test_readings_as_json_are_a_line_each_until_it_is_told_to_end(several: Path) -> None:
    command = [*GATEWAY, "top", "--json", "--interval", "0.1", "--run-dir", str(several)]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        times = [json.loads(process.stdout.readline())["time_ns"] for _ in range(3)]
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    assert times[0] < times[1] < times[2]


def test_reader_that_has_enough_ends_it(several: Path) -> None:
    command = [*GATEWAY, "top", "--json", "--interval", "0.1", "--run-dir", str(several)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(20) == 0
        assert process.stderr.read() == b""
