"""``gateway config``: what a user and a script see of it."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.__main__ import main
from gateway.config import Config, read

Run = Callable[..., tuple[int, str, str]]
WRONG = """
subscribe = ["spot:x", "spot:btcusdt@trade", "spot:btcusdt@nope"]
colour = 1
[book]
levels = "many"
level = 3
[rest]
timeout_seconds = 0
[liveness]
heartbeat_interval_ms = 500
"""


@pytest.fixture
def gateway(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command line in this process; returns exit code, stdout and stderr."""
    for name in [name for name in os.environ if name.startswith("GATEWAY_")]:
        monkeypatch.delenv(name)

    def run(*arguments: str) -> tuple[int, str, str]:
        try:
            code = main(arguments)
        except SystemExit as exc:
            code = int(exc.code or 0)
        out, err = capfd.readouterr()
        return code, out, err

    return run


@pytest.fixture
def wrong(tmp_path: Path) -> str:
    path = tmp_path / "a.toml"
    path.write_text(WRONG)
    return str(path)


def test_every_problem_is_a_line(gateway: Run, wrong: str) -> None:
    code, out, err = gateway("config", "check", wrong)
    assert (code, out) == (78, "")
    lines = err.splitlines()
    assert all(line.startswith(f"gateway: {wrong}: ") for line in lines)
    assert [line.removeprefix(f"gateway: {wrong}: ").split(";")[0] for line in lines] == [
        "colour: unknown key",
        "book.level: unknown key",
        "book.levels: is 'many'",
        "rest.timeout_seconds: is 0",
        "liveness: 'heartbeat_timeout_ms' must be at least 3 x 'heartbeat_interval_ms'",
        "subscribe: spot:x: names no stream",
        "subscribe: spot:btcusdt@nope: unknown stream 'nope' on spot",
    ]


def test_start_names_the_first_problem_and_where_the_others_are(gateway: Run, wrong: str) -> None:
    code, out, err = gateway("start", "--config", wrong)
    assert (code, out, err.count("\n")) == (78, "", 1)
    assert f"{wrong}: colour: unknown key; " in err
    assert err.endswith(f"(6 more: see 'gateway config check {wrong}')\n")


def test_check_for_a_script_is_one_object(gateway: Run, wrong: str) -> None:
    code, out, err = gateway("config", "check", "--json", wrong)
    found = json.loads(out)
    assert (code, err, found["ok"], len(found["problems"])) == (78, "", False, 7)
    assert found["problems"][2] == {
        "origin": wrong, "where": "book.levels", "problem": "is 'many'",
        "remedy": "write a whole number from 1 to 2040",
    }  # fmt: skip


def test_what_is_right_is_said_in_a_line(
    gateway: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.toml"
    path.write_text('subscribe = ["spot:btcusdt@trade", "usdm:*@ticker"]')
    monkeypatch.setenv("GATEWAY_SHARDS", "2")
    assert gateway("config", "check", str(path)) == (
        0, f"{path}: ok, 1 stream and 1 pattern; with GATEWAY_SHARDS\n", "",
    )  # fmt: skip
    monkeypatch.setenv("GATEWAY_CONFIG", str(path))
    assert gateway("config", "check")[1].startswith(f"{path}: ok, ")
    code, out, _ = gateway("config", "check", "--json")
    assert (code, json.loads(out)["ok"]) == (0, True)


def test_variable_that_sets_nothing_is_said_and_no_error(
    gateway: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEWAY_SHARD", "2")
    code, out, err = gateway("config", "check")
    assert (code, out) == (0, "defaults: ok, 16 streams and 0 patterns\n")
    assert (
        err == "gateway: GATEWAY_SHARD: sets no key, and is ignored; did you mean GATEWAY_SHARDS?\n"
    )


def test_missing_and_unreadable_files_have_their_codes(gateway: Run, tmp_path: Path) -> None:
    for command in (["config", "check"], ["config", "show"], ["start", "--config"]):
        code, out, err = gateway(*command, str(tmp_path / "none"))
        assert (code, out, err.count("\n")) == (66, "", 1)
    (tmp_path / "binary").write_bytes(b"\xff\x00")
    assert gateway("config", "check", str(tmp_path / "binary"))[0] == 78
    (tmp_path / "ca.toml").write_text(f"[upstream]\ntls_ca_file = '{tmp_path}/none.pem'")
    code, _, err = gateway("config", "check", str(tmp_path / "ca.toml"))
    assert code == 78
    assert f"upstream.tls_ca_file: {tmp_path}/none.pem cannot be used: No such file" in err


def test_show_tells_what_start_would_have(
    gateway: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.toml"
    path.write_text('shards = 2\n[upstream]\nproxy = "http://me:secret@h:1"\npreset = "demo"')
    monkeypatch.setenv("GATEWAY_BOOK_LEVELS", "50")
    options = ("--upstream-ws", "wss://h", "--upstream-rest", "https://h")
    code, out, err = gateway("config", "show", str(path), *options)
    assert (code, err) == (0, "")
    shown = read(out, "shown")
    assert (shown.shards, shown.book.levels, shown.upstream.ws) == (2, 50, "wss://h")
    origins = json.loads(gateway("config", "show", "--json", str(path), *options)[1])["origins"]
    assert origins == {
        "shards": str(path), "upstream.proxy": str(path), "book.levels": "GATEWAY_BOOK_LEVELS",
        "upstream.ws": "--upstream-ws", "upstream.rest": "--upstream-rest",
    }  # fmt: skip
    assert "secret" not in out


def test_init_writes_a_file_once(gateway: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    code, out, _ = gateway("config", "init", str(path))
    assert (code, out) == (0, f"{path}: written; change it, then 'gateway config check {path}'\n")
    assert read(path.read_text(), "a.toml") == Config()
    assert gateway("config", "init")[1] == path.read_text()
    path.write_text("shards = 2")
    code, out, err = gateway("config", "init", str(path))
    assert (code, out) == (73, "")
    assert err == (
        f"gateway: {path}: is there already, and stays as it is; "
        "name another file, or move it away\n"
    )
    assert path.read_text() == "shards = 2"
    assert gateway("config", "init", str(tmp_path / "no" / "where"))[0] == 73


def test_schema_is_json(gateway: Run) -> None:
    code, out, _ = gateway("config", "schema")
    assert (code, json.loads(out)["type"]) == (0, "object")


def test_defaults_are_shown_as_toml(gateway: Run) -> None:
    code, out, _ = gateway("config", "show")
    assert code == 0
    assert tomllib.loads(out)["book"]["levels"] == 20
    assert "#" not in out
