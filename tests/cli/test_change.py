"""``gateway subscribe`` and ``unsubscribe`` against a control socket that answers as it is told."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import zmq

from gateway.__main__ import main
from gateway.cli import ask as ask_module

NOTHING = {"added": [], "removed": [], "refused": {}, "late": [], "code": 0}
Run = Callable[..., tuple[int, str, str]]


class Socket:
    """A control socket with one answer."""

    def __init__(self, run_dir: Path) -> None:
        self.answer: dict[str, Any] = {"result": NOTHING}
        self.asked: list[Any] = []
        self.is_mute = False
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.ROUTER)
        self._socket.bind(f"ipc://{run_dir}/control.sock")
        self._thread = Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        try:
            while True:
                client, body = self._socket.recv_multipart()
                self.asked.append(json.loads(body))
                if not self.is_mute:
                    self._socket.send_multipart([client, json.dumps(self.answer).encode()])
        except zmq.ZMQError:
            self._socket.close(0)

    def close(self) -> None:
        self._context.term()
        self._thread.join(10)


@pytest.fixture
def there(run_dir: Path) -> Iterator[Socket]:
    manifest = {
        "version": 1, "instance": "1", "pid": 1, "started_ns": 1, "upstream": "x", "shards": [],
        "control": f"ipc://{run_dir}/control.sock",
    }  # fmt: skip
    (run_dir / "manifest.json").write_text(json.dumps(manifest))
    made = Socket(run_dir)
    yield made
    made.close()


@pytest.fixture
def gateway(capfd: pytest.CaptureFixture[str], run_dir: Path) -> Run:
    def run(*arguments: str) -> tuple[int, str, str]:
        try:
            code = main([*arguments, "--run-dir", str(run_dir)])
        except SystemExit as exc:
            code = int(exc.code or 0)
        out, err = capfd.readouterr()
        return code, out, err

    return run


@pytest.mark.parametrize("command", ["subscribe", "unsubscribe"])
def test_request_says_the_method_and_all_names(there: Socket, gateway: Run, command: str) -> None:
    code, out, err = gateway(command, "spot:*usdt@trade", "usdm:btcusdt@aggTrade")
    assert (code, out, err) == (0, "nothing to change: it is so already\n", "")
    (asked,) = there.asked
    assert asked["method"] == command
    assert sorted(asked["streams"]) == ["spot:*usdt@trade", "usdm:btcusdt@aggTrade"]


def test_what_changed_is_listed(there: Socket, gateway: Run) -> None:
    there.answer["result"] = NOTHING | {
        "added": [f"spot:s{n}@trade" for n in range(30)], "removed": ["spot:x@trade"],
    }  # fmt: skip
    code, out, _ = gateway("subscribe", "spot:*@trade")
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == "+ spot:s0@trade"
    assert lines[20:] == ["+ … and 10 more", "- spot:x@trade"]


def test_refusals_are_named_line_by_line_and_the_exit_code_says_so(
    there: Socket, gateway: Run
) -> None:
    refused = {"spot:a@trade": "no such symbol; check it", "spot:b@trade": "no room"}
    there.answer["result"] = NOTHING | {
        "added": ["spot:c@trade"], "refused": refused, "late": [1], "code": 67,
    }  # fmt: skip
    code, out, err = gateway("subscribe", "spot:a@trade", "spot:b@trade", "spot:c@trade")
    assert (code, out) == (67, "+ spot:c@trade\n")
    assert err.splitlines() == [
        "gateway: spot:a@trade: no such symbol; check it",
        "gateway: spot:b@trade: no room",
        "gateway: shard 1: has not confirmed the change yet; see 'gateway status'",
    ]


def test_json_is_the_result_as_it_came(there: Socket, gateway: Run) -> None:
    there.answer["result"] = NOTHING | {"added": ["spot:a@trade"]}
    code, out, _ = gateway("subscribe", "--json", "spot:a@trade")
    assert code == 0
    assert json.loads(out) == there.answer["result"]


@pytest.mark.parametrize("command", ["subscribe", "unsubscribe"])
@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("btcusdt@trade", "has no market"),
        ("spot:btcusdt@kline_7m", "kline_7m"),
        ("spot:btcusdt@markPrice", "it is a stream of usdm and coinm"),
        ("nyse:x@trade", "unknown market 'nyse'"),
        ("spot:*@nope", "unknown stream 'nope' on spot"),
    ],
)
def test_malformed_name_is_refused_before_anything_is_asked(
    there: Socket, gateway: Run, command: str, name: str, problem: str
) -> None:
    code, out, err = gateway(command, "spot:btcusdt@trade", name)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert problem in err
    assert there.asked == []


def test_error_of_the_gateway_is_one_line_with_its_code(
    there: Socket, gateway: Run, run_dir: Path
) -> None:
    there.answer = {"error": {"code": 69, "message": "https://x: no answer; wait"}}
    assert gateway("subscribe", "spot:a@trade") == (
        69, "", f"gateway: {run_dir}: https://x: no answer; wait\n",
    )  # fmt: skip
    there.answer = {"error": {"code": 2, "message": "not JSON"}}
    assert gateway("subscribe", "spot:a@trade") == (
        2, "", f"gateway: {run_dir}: not JSON; see the gateway's log\n",
    )  # fmt: skip


def test_gateway_that_does_not_answer_is_given_up(
    there: Socket, gateway: Run, run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ask_module, "ANSWER_SECONDS", 0.1)
    there.is_mute = True
    sentence = "the gateway did not answer within 0.1 s; see the gateway's log"
    assert gateway("subscribe", "spot:a@trade") == (69, "", f"gateway: {run_dir}: {sentence}\n")


def test_no_gateway_is_69(gateway: Run, run_dir: Path) -> None:
    code, _, err = gateway("subscribe", "spot:a@trade")
    assert code == 69
    assert f"no gateway is running: looked in {run_dir}" in err


def test_leftover_of_a_killed_gateway_is_69(there: Socket, gateway: Run, run_dir: Path) -> None:
    there.close()
    (run_dir / "control.sock").touch()
    code, _, err = gateway("subscribe", "spot:a@trade")
    assert code == 69
    assert f"no gateway is running (looked in {run_dir})" in err


def test_help_says_how_long_it_lasts(gateway: Run) -> None:
    for command in ("subscribe", "unsubscribe"):
        out = gateway(command, "--help")[1]
        assert "It lasts until the gateway ends" in out


def test_help_says_what_a_pattern_without_a_match_means(gateway: Run) -> None:
    """The start must come up for the rest; who asks now wants to know now."""
    started, asked = (
        " ".join(gateway(name, "--help")[1].split()) for name in ("start", "subscribe")
    )
    assert "A pattern that matches nothing today is a warning" in started
    assert "67 (the venue has no such symbol, or a pattern matches nothing" in asked
