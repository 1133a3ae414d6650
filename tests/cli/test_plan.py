"""``gateway plan``: what is laid where, what is left out, and what would move."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from gateway.__main__ import main
from gateway.cli.plan_text import lines
from gateway.cli.prospect import Move, Prospect, Room, Running, moves
from gateway.rundir import LOCK_NAME


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    return tmp_path


def plan(capfd: pytest.CaptureFixture[str], run_dir: Path, *words: str, code: int = 0) -> Any:
    line = ["plan", "--offline", "--json", "--run-dir", str(run_dir), *words]
    assert main(line) == code
    return json.loads(capfd.readouterr().out)


def homes(found: Any) -> dict[str, int]:
    return {
        stream["name"]: shard["id"]
        for shard in found["shards"]
        for connection in shard["connections"]
        for stream in connection["streams"]
    }


def subscribe(*names: str) -> list[str]:
    return [word for name in names for word in ("--subscribe", name)]


def test_streams_lie_on_connections_and_connections_on_shards(
    capfd: pytest.CaptureFixture[str], run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEWAY_SHARDS", "2")
    monkeypatch.setenv("GATEWAY_PROCESSES_CPUS", '["0", "1-2"]')
    found = plan(capfd, run_dir, *subscribe("spot:btcusdt@trade", "usdm:ethusdt@bookTicker"))
    assert len(homes(found)) == 2
    assert set(homes(found).values()) == {0, 1}
    assert [shard["cpus"] for shard in found["shards"]] == [[0], [1, 2]]
    assert found["room"]["needed"] == sum(shard["bytes"] for shard in found["shards"]) > 2 << 24
    assert found["running"] is None


def test_measured_rates_decide_and_the_others_are_assumed(
    capfd: pytest.CaptureFixture[str], run_dir: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEWAY_SHARDS", "2")
    names = ["spot:aausdt@trade", "spot:bbusdt@trade", "spot:ccusdt@trade"]
    measured = {"upstreams": {"binance": {names[0]: 100.0, names[1]: 60.0}}}
    (state / "rates.json").write_text(json.dumps(measured))
    before = (state / "rates.json").read_bytes()
    found = plan(capfd, run_dir, *subscribe(*names))
    assert homes(found) == {names[0]: 0, names[1]: 1, names[2]: 1}
    lines = [s for shard in found["shards"] for c in shard["connections"] for s in c["streams"]]
    assert {s["name"]: s["measured"] for s in lines} == {
        names[0]: True, names[1]: True, names[2]: False,
    }  # fmt: skip
    assert (state / "rates.json").read_bytes() == before
    assert [path.name for path in state.iterdir()] == ["rates.json"]


@pytest.mark.parametrize("text", ["{", "[]", '{"upstreams": {"binance": {"x": "y"}}}', "\0"])
def test_hostile_file_of_rates_counts_as_empty(
    capfd: pytest.CaptureFixture[str], run_dir: Path, state: Path, text: str
) -> None:
    (state / "rates.json").write_text(text)
    assert len(homes(plan(capfd, run_dir, *subscribe("spot:btcusdt@trade")))) == 1


def test_offline_says_what_it_leaves_out(capfd: pytest.CaptureFixture[str], run_dir: Path) -> None:
    names = ("spot:*usdt@trade", "usdm:!ticker@arr", "usdm:btcusdt@trade")
    found = plan(capfd, run_dir, *subscribe(*names))
    assert set(found["left_out"]) == set(names[:2])
    assert set(homes(found)) == set(names[1:])


def test_against_a_gateway_that_runs(capfd: pytest.CaptureFixture[str], run_dir: Path) -> None:
    """What the manifest says is carried now, as long as somebody holds the lock."""
    shard = {"pid": 1, "generation": 1, "segment": "s", "publisher": "", "symbols": []}
    streams = ["spot:btcusdt@trade", "spot:gone@trade"]
    manifest = {
        "version": 1, "instance": "1", "pid": os.getpid(), "started_ns": 1, "upstream": "x",
        "shards": [shard | {"id": 3, "streams": streams}],
    }  # fmt: skip
    (run_dir / "manifest.json").write_text(json.dumps(manifest))
    words = subscribe("spot:btcusdt@trade", "spot:ethusdt@trade")
    assert plan(capfd, run_dir, *words)["running"] is None  # killed: nobody has the lock
    (run_dir / LOCK_NAME).write_text("")
    assert plan(capfd, run_dir, *words)["running"] is None
    pid = _hold(run_dir)
    try:
        found = plan(capfd, run_dir, *words)["running"]
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
    assert found["streams"] == 2
    assert found["moves"] == [
        {"stream": "spot:btcusdt@trade", "before": 3, "after": 0},
        {"stream": "spot:ethusdt@trade", "before": None, "after": 0},
        {"stream": "spot:gone@trade", "before": 3, "after": None},
    ]


def _hold(run_dir: Path) -> int:
    """Have a child hold the lock of a run directory; return its pid."""
    import fcntl
    import time

    ready, told = os.pipe()
    pid = os.fork()
    if pid == 0:
        with (run_dir / LOCK_NAME).open("r+") as file:
            fcntl.lockf(file, fcntl.LOCK_EX)
            os.write(told, b"x")
            time.sleep(60)
        os._exit(0)
    os.read(ready, 1)
    os.close(ready)
    os.close(told)
    return pid


def test_too_little_room_ends_with_73(
    capfd: pytest.CaptureFixture[str], run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEWAY_MEMORY_RAW_RING_BYTES", str(1 << 40))
    with pytest.raises(SystemExit) as end:
        main(["plan", "--offline", "--run-dir", str(run_dir)])
    assert end.value.code == 73
    assert "TOO LITTLE" in capfd.readouterr().out


def test_symbol_that_cannot_be_is_a_bad_configuration(run_dir: Path) -> None:
    assert main(["plan", "--offline", "--subscribe", "spot:btc usdt@trade"]) == 2


def test_moves_are_told_by_name() -> None:
    before, after = {"a": 0, "b": 1, "c": 0}, {"a": 0, "b": 0, "d": 1}
    assert moves(before, after) == [Move("b", 1, 0), Move("c", 0, None), Move("d", None, 1)]


def test_text_names_a_few_and_counts_the_rest() -> None:
    running = Running("/x", 7, 2, 9, tuple(Move(f"s{n}", 0, 1) for n in range(9)))
    left_out = {f"n{n}": "why" for n in range(9)}
    found = Prospect("binance", (), Room("/dev/shm", 5, 0, 1), left_out, running)
    text = list(lines(found, all_streams=False))
    assert [line for line in text if "9 streams move" in line]
    assert sum("shard 0 to 1" in line for line in text) == 6
    assert sum("3 more" in line for line in text) == 2
    assert sum("shard 0 to 1" in line for line in lines(found, all_streams=True)) == 9
