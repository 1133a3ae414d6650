"""The C header: it compiles where it says it does, and its example runs."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gateway_client.layout import NO_ROW, NULL
from tests import golden
from tests.clients.support import C_CLIENT, HERE, Shard, compile_c, running
from tests.clients.test_golden_segment import Golden

EXAMPLES = C_CLIENT / "examples"
CALLS = {
    13: ("block", "px"), 15: ("window", "last_px"), 16: ("kline", "close_px", "px_exponent"),
    22: ("price", "px"), 25: ("liquidation", "order_status"), 26: ("contract", "contract_type"),
    27: ("asset", "index_px"),
}  # fmt: skip
GAP = ("gap_number", "last_id", "closed_real", "gap_state")
CALLS |= {17: CALLS[16], 18: CALLS[16], 19: CALLS[16], 23: CALLS[22], 24: CALLS[22]}
NOTHING = """
#include "gateway.h"
int main(void) { gw_segment seg; return gw_open(&seg, "/nowhere") == GW_ERROR_OPEN ? 0 : 1; }
"""


@pytest.mark.parametrize(
    ("compiler", "standard", "suffix"),
    [("cc", "c11", ".c"), ("cc", "gnu17", ".c"), ("c++", "c++17", ".cc")],
)
def test_header_compiles_without_a_warning(
    tmp_path: Path, compiler: str, standard: str, suffix: str
) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not installed: the header is not tried with it")
    source = tmp_path / f"nothing{suffix}"
    source.write_text(NOTHING)
    flags = [f"-std={standard}", "-Wconversion"] if suffix == ".c" else [f"-std={standard}"]
    program = compile_c(source, tmp_path / "nothing", *flags, compiler=compiler)
    assert subprocess.run([program], check=False).returncode == 0


@pytest.fixture(scope="session")
def tail_bbo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example, compiled as its README says."""
    program = tmp_path_factory.mktemp("example") / "tail_bbo"
    return compile_c(EXAMPLES / "tail_bbo.c", program, "-std=gnu11")


@pytest.fixture(scope="session")
def latest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The other example."""
    program = tmp_path_factory.mktemp("example") / "latest"
    return compile_c(EXAMPLES / "latest.c", program, "-std=gnu11")


@pytest.fixture(scope="session")
def golden_reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_c(HERE / "golden.c", tmp_path_factory.mktemp("golden") / "golden", "-std=c11")


@pytest.mark.parametrize("name", golden.SEGMENTS)
def test_header_finds_in_the_golden_segments_what_stands_beside_them(
    golden_reader: Path, run_dir: Path, name: str
) -> None:
    made = Golden(run_dir, name)
    found = run(golden_reader, made.path).stdout.splitlines()
    want, old = made.want, name == golden.MINOR_0
    lines = []
    for row, stream in enumerate(want["streams"]):
        ours = [NO_ROW, NO_ROW, 1] if old else [stream[k] for k in ("parent", "value", "shape")]
        lines.append(words("stream", stream["name"], stream["kind"], *ours, row))
    for link in want["connections"]:
        peer = NO_ROW if old else link["peer"]
        lines.append(words("link", link["name"], link["state"], peer))
    for row in range(len(made.ids)):
        lines += slot_lines(want["slots"], row, old)
    for row in range(len(made.ids)):
        lines += ladder_lines(want["slots"], row)
    for slot in range(want["sections"].get("gaps", {"capacity": 0})["capacity"]):
        gap = want["slots"]["gaps"].get(str(slot), dict.fromkeys(GAP, 0))
        lines.append(words("gap", slot, 0, *(gap[name] for name in GAP)))
    for row, stream in enumerate(want["streams"]):
        lines += value_lines(want, row, stream)
    for record in want["events"]["records"]:
        lines += record_lines(record, old)
    assert found == lines


def ladder_lines(slots: dict[str, Any], row: int) -> list[str]:
    lines = []
    for name, count, side in (("book", "bid_count", "asks"), ("partial", "ask_count", "bids")):
        found = slots[name].get(str(row))
        if found is not None:
            ends = [found.get(end, NULL) for end in ("bid_complete_px", "ask_complete_px")]
            px = found[side][0][0] if found[side] else 0
            lines.append(words(name, row, found[count], px, *ends))
    return lines


def record_lines(record: dict[str, Any], old: bool) -> list[str]:
    number = record["version"]
    if record["kind"] in (2, 3, 13):
        return [words("normal", number, NULL if old else record["normal_qty"])]
    if record["kind"] not in (9, 10, 11, 29):
        return []
    gap = (record.get("gap_number", 0), record.get("recovered", 0), record.get("ts_before", NULL))
    return [words("state", number, *gap)]


def slot_lines(slots: dict[str, Any], row: int, old: bool) -> list[str]:
    trade = slots["last_trade"].get(str(row), {"status": 0, "px": 0, "normal_qty": 0})
    mark = slots.get("mark_price", {}).get(str(row))
    no_mark = -8 if old else 0  # GW_ERROR_SECTION: this segment has no such slots
    return [
        words("trade", row, trade["status"], trade["px"], NULL if old else trade["normal_qty"]),
        words("mark", row, 1, mark["index_px"], mark["funding_rate"]) if mark
        else words("mark", row, no_mark),
    ]  # fmt: skip


def value_lines(want: dict[str, Any], row: int, stream: dict[str, Any]) -> list[str]:
    """One call reads it; the six others, or all seven where it is no value, refuse it."""
    if stream.get("value", NO_ROW) == NO_ROW:
        return [words("refused", row, 7)]
    call, *names = CALLS[stream["kind"]]
    value = want["slots"]["values"].get(str(stream["value"]), dict.fromkeys(names, 0))
    status = value.get("status", 0)
    return [words(call, row, status, *(value[n] for n in names)), words("refused", row, 6)]


def words(*values: object) -> str:
    return " ".join(map(str, values))


@pytest.mark.parametrize(
    ("stream", "line"),
    [
        ("spot:btcusdt@kline_1m",
         "LIVE open 91230 high 91240 low 91229 close 91234.56 volume 12.345"),
        ("usdm:btcusdt_perpetual@continuousKline_1m",
         "LIVE open 91230 high 91231 low 91229 close 91230.1 volume 12.5 closed"),
        ("usdm:btcusdt@markPrice@1s", "LIVE mark 91231.55 index 91240.1234568 funding 0.0001"),
        ("coinm:btcusd@indexPrice", "LIVE mark nan index 91236.5786 funding nan"),
        ("spot:btcusdt@avgPrice", "LIVE price 91222.33"),
        ("usdm:btcusdt@forceOrder", "LIVE SELL FILLED average 91120.1"),
        ("usdm:adausd@assetIndex", "LIVE index 0.27462452"),
        ("spot:btcusdt@bookTicker", "LIVE bid 91234.55 ask 91234.56"),
        ("usdm:ethusdt@kline_5m", "EMPTY kind 0, update id 0"),
    ],
)  # fmt: skip
def test_latest_prints_the_value_of_a_stream(
    latest: Path, run_dir: Path, stream: str, line: str
) -> None:
    made = Golden(run_dir, golden.MINOR_3)
    assert run(latest, "--run-dir", made.run_dir, stream).stdout == f"{stream} {line}\n"


def test_latest_names_what_it_cannot_show(latest: Path, run_dir: Path) -> None:
    assert run(latest, "--run-dir", run_dir, "spot:btcusdt@trade").returncode == 69
    made = Golden(run_dir, golden.MINOR_3)
    for stream in ("spot:btcusdt@kline_9m", "usdm:!miniTicker@arr", "usdm:tradingSession"):
        done = run(latest, "--run-dir", made.run_dir, stream)
        assert (done.returncode, done.stderr.count("\n")) == (67, 1)
        assert stream in done.stderr
    assert run(latest).returncode == 2
    assert run(latest, "a", "b").returncode == 2


def test_tail_bbo_prints_changes_and_finds_the_restarted_writer(
    tail_bbo: Path, shard: Shard, programs: SimpleNamespace
) -> None:
    command = [str(tail_bbo), "--run-dir", str(shard.run_dir), "spot:BTCUSDT"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as example:
        try:
            assert example.stdout is not None
            assert "EMPTY" in example.stdout.readline()
            with running(programs.writer, shard.segment, "slots", 0, 1000):
                line = next(line for line in example.stdout if " LIVE " in line)
            first = line.split()
            assert first[0] == "spot:BTCUSDT"
            assert float(first[2]) > 0
            shard.start()
            with running(programs.writer, shard.segment, "slots", 0, 1000):
                seen = [next(example.stdout)]
                while " LIVE " not in seen[-1] or "epoch" not in " ".join(seen):
                    seen.append(next(example.stdout))
            assert any(str(shard.current.generation) in line for line in seen)
        finally:
            example.kill()


def test_tail_bbo_names_the_symbol_it_does_not_find(tail_bbo: Path, shard: Shard) -> None:
    done = run(tail_bbo, "--run-dir", shard.run_dir, "spot:NOSUCH")
    assert done.returncode == 67
    assert done.stderr.count("\n") == 1
    assert "spot:NOSUCH" in done.stderr


def test_tail_bbo_says_when_nothing_runs(tail_bbo: Path, run_dir: Path) -> None:
    done = run(tail_bbo, "--run-dir", run_dir, "spot:BTCUSDT")
    assert done.returncode == 69
    assert str(run_dir) in done.stderr


def test_tail_bbo_refuses_a_segment_of_another_version(tail_bbo: Path, shard: Shard) -> None:
    shard.store("abi_major", 9)
    done = run(tail_bbo, "--run-dir", shard.run_dir, "spot:BTCUSDT")
    assert done.returncode == 76
    assert "layout version is 9, expected 1" in done.stderr
    assert "restart the gateway" in done.stderr


def test_tail_bbo_refuses_a_bad_command_line(tail_bbo: Path) -> None:
    assert run(tail_bbo).returncode == 2
    for count in ("x", "0", "-3", "5x", ""):
        assert run(tail_bbo, "--count", count, "spot:BTCUSDT").returncode == 2


def run(program: Path, *words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(program), *map(str, words)], capture_output=True, text=True, timeout=30, check=False
    )
