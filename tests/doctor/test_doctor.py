"""``gateway doctor`` as a user calls it, with a simulator for upstream."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.__main__ import main
from gateway.doctor import routes
from tests.integration.running import Simulator

SPOT, MARKET = "spot:btcusdt@bookTicker", "usdm:btcusdt@aggTrade"
Rows = dict[str, dict[str, Any]]
Ask = Callable[..., Rows]


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator() as made:
        yield made


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "state"
    monkeypatch.setenv("STATE_DIRECTORY", str(path))
    return path


@pytest.fixture
def ask(state: Path, run_dir: Path, simulator: Simulator, capfd: pytest.CaptureFixture[str]) -> Ask:
    """Call it and return its findings by name; ``code``: what it is to end with."""

    def call(*words: str, code: int = 0) -> Rows:
        assert main([*_line(simulator, run_dir), "--json", *words]) == code
        out, err = capfd.readouterr()
        assert err == ""
        found = json.loads(out)
        assert found["exit_code"] == code
        return {row["name"]: row for row in found["findings"]}

    return call


def _line(simulator: Simulator, run_dir: Path) -> list[str]:
    streams = [word for name in (SPOT, MARKET) for word in ("--subscribe", name)]
    ends = simulator.addresses
    upstream = ["--upstream-ws", ends["ws"], "--upstream-rest", ends["rest"]]
    return ["doctor", "--run-dir", str(run_dir), *upstream, *streams]


def attempts(state: Path) -> int:
    hosts = json.loads((state / "connections.json").read_text())["hosts"]
    return sum(len(host["attempts"]) for host in hosts.values())


def verdicts(rows: Rows, *names: str) -> list[str]:
    return [rows[name]["verdict"] for name in names]


VENUE = ("clock of spot", "clock of usdm", "spot WebSocket", "usdm REST", "symbols", "spot /public")


def test_all_is_well_and_what_was_asked_is_counted(ask: Ask, state: Path) -> None:
    found = ask()
    assert verdicts(found, *VENUE, "usdm /market") == ["OK"] * 7
    assert verdicts(found, "configuration", "run directory", "room in memory") == ["OK"] * 3
    assert verdicts(found, "TLS", "gateways here", "reading it") == ["SKIPPED"] * 3
    assert "usdm /public" not in found, "no stream of it is wanted"
    assert attempts(state) == 4, "two hosts, two routes"
    assert (state / "weights.json").exists()
    assert "4 of 250 connections" in ask()["bans and budgets"]["seen"]


def test_offline_asks_nothing_and_leaves_nothing(ask: Ask, state: Path, run_dir: Path) -> None:
    found = ask("--offline")
    assert verdicts(found, *VENUE) == ["SKIPPED"] * 6
    assert verdicts(found, "room in memory", "open files") == ["OK", "OK"]
    assert not state.exists()
    assert list(run_dir.iterdir()) == []


def test_route_that_acks_and_stays_silent_is_named(
    ask: Ask, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "DATA_S", 1.5)
    simulator.post("/sim/silence", stream=SPOT, sticky=True)
    try:
        found = ask(code=69)
    finally:
        simulator.post("/sim/silence", stream=SPOT, sticky=True, on=False)
    assert verdicts(found, "spot /public", "usdm /market") == ["BAD", "OK"]
    assert f"{SPOT}: " in found["spot /public"]["seen"]
    assert "acked, then silent" in found["spot /public"]["seen"]
    assert found["spot /public"]["mend"]


@pytest.mark.parametrize("status", [418, 429])
def test_ban_is_obeyed_by_the_next_visit(
    ask: Ask, state: Path, simulator: Simulator, status: int
) -> None:
    simulator.post("/sim/refuse", status=status, count=1, market="spot", retry_after=600)
    found = ask(code=69)
    assert found["spot /public"]["verdict"] == "BAD"
    assert f"HTTP {status}" in found["spot /public"]["seen"]
    assert "wait" in found["spot /public"]["mend"]
    before = attempts(state)
    found = ask(code=69)
    assert found["bans and budgets"]["verdict"] == "BAD"
    assert f"HTTP {status}, no connections until " in found["bans and budgets"]["seen"]
    assert verdicts(found, "spot /public", "usdm /market", "spot WebSocket") == ["SKIPPED"] * 3
    assert attempts(state) == before, "none while banned"


def test_budget_is_never_exceeded(ask: Ask, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_CONNECTIONS_ATTEMPTS_PER_5MIN", "3")
    found = ask()
    assert attempts(state) == 3
    assert sorted(verdicts(found, "spot /public", "usdm /market")) == ["OK", "SKIPPED"]


def test_symbol_that_nobody_lists_is_bad(ask: Ask) -> None:
    found = ask("--subscribe", "spot:nopeusdt@trade", code=78)
    assert found["symbols"]["verdict"] == "BAD"
    assert "spot:NOPEUSDT" in found["symbols"]["seen"]


def test_unreachable_venue_is_bad_within_seconds(ask: Ask) -> None:
    away = "127.0.0.1:1"
    found = ask("--upstream-ws", f"ws://{away}", "--upstream-rest", f"http://{away}", code=69)
    assert verdicts(found, *VENUE) == ["BAD"] * 6
    assert "connection refused" in found["spot WebSocket"]["seen"]
    assert found["room in memory"]["verdict"] == "OK"


def test_wrong_configuration_leaves_the_host_to_look_at(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "gateway.toml"
    file.write_text("[book]\nlevel = 3\n")
    found = ask("--config", str(file), code=78)
    assert "book.level: unknown key" in found["configuration"]["seen"]
    assert verdicts(found, "venue", "run directory") == ["SKIPPED", "OK"]
    assert ask("--config", str(file) + "x", code=66)["configuration"]["code"] == 66
    monkeypatch.setenv("GATEWAY_BOK_LEVELS", "5")
    found = ask("--offline")
    assert found["configuration"]["verdict"] == "WARN"
    assert "GATEWAY_BOOK_LEVELS" in found["configuration"]["seen"]


def test_authorities_that_cannot_be_read_are_named(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEWAY_UPSTREAM_TLS_CA_FILE", "/nope.pem")
    found = ask(code=78)
    assert found["TLS"]["verdict"] == "BAD"
    assert "tls_ca_file" in found["TLS"]["mend"]
    assert found["spot /public"]["verdict"] == "SKIPPED"


def test_run_directory_must_be_on_tmpfs_and_short(ask: Ask, tmp_path: Path, run_dir: Path) -> None:
    found = ask("--offline", "--run-dir", str(tmp_path / "x"), code=73)
    assert "not on tmpfs" in found["run directory"]["seen"]
    found = ask("--offline", "--run-dir", f"{run_dir}/{'x' * 100}", code=73)
    assert "too long for a socket" in found["run directory"]["seen"]
    assert list(run_dir.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a tmpfs")
def test_full_tmpfs_is_bad(ask: Ask, tmp_path: Path) -> None:
    command = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=0700", "tmpfs", str(tmp_path)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no right to mount in here")
    try:
        found = ask("--offline", "--run-dir", f"{tmp_path}/gw", code=73)
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)
    assert found["run directory"]["verdict"] == "OK"
    assert found["room in memory"]["verdict"] == "BAD"
    assert "remount,size=" in found["room in memory"]["mend"]


def test_state_that_cannot_be_kept_is_a_warning(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "file" / "state"))
    assert ask("--offline")["state directory"]["verdict"] == "WARN"


def test_lines_fit_a_terminal_and_end_with_a_sum(
    run_dir: Path,
    simulator: Simulator,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(run_dir / "s"))  # a long word would stay whole
    assert main(_line(simulator, run_dir)) == 0
    out, err = capfd.readouterr()
    assert err == ""
    *rows, last = out.splitlines()
    assert [row for row in rows if len(row) > 80] == []
    assert rows[0].startswith("OK       configuration")
    assert " checks in " in last
    assert " OK" in last


def test_passwords_are_not_shown(
    ask: Ask, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEWAY_UPSTREAM_PROXY", "http://me:secret@127.0.0.1:1")
    found = ask(code=69)
    assert found["spot REST"]["verdict"] == "BAD"
    assert "secret" not in json.dumps(found)
