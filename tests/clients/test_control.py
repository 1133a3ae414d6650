"""``gw.request()``: what is sent to the control socket, and what is made of the answer."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import zmq

from gateway_client import Gateway, NoAnswer, RequestRefused
from tests.clients.support import WATCHDOG_SECONDS, Shard


class Supervisor:
    """A ROUTER that answers each request with ``answer``, in a thread of its own."""

    def __init__(self, path: Path) -> None:
        self.asked: list[dict[str, Any]] = []
        self.answer: bytes | dict[str, Any] = {"result": {}}
        self._stop = threading.Event()
        self._socket = zmq.Context.instance().socket(zmq.ROUTER)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.bind(f"ipc://{path}")
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.is_set():
            if not self._socket.poll(20):
                continue
            client, body = self._socket.recv_multipart()
            self.asked.append(json.loads(body))
            answer = self.answer
            if isinstance(answer, dict):
                answer = json.dumps({"id": self.asked[-1]["id"], **answer}).encode()
            self._socket.send_multipart([client, answer])
        self._socket.close()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()


@pytest.fixture
def supervisor(shard: Shard) -> Iterator[Supervisor]:
    found = Supervisor(shard.run_dir / "control.sock")
    yield found
    found.close()


def test_request_is_one_frame_of_json_and_answers_the_result(
    shard: Shard, supervisor: Supervisor
) -> None:
    result = {"added": ["spot:btcusdt@trade"], "removed": [], "refused": {"spot:x@y": "no symbol"}}
    supervisor.answer = {"result": result}
    streams = ["spot:btcusdt@trade", "spot:x@y"]
    gateway = Gateway(shard.run_dir)
    assert gateway.request("subscribe", streams, timeout=WATCHDOG_SECONDS) == result
    (asked,) = supervisor.asked
    assert (asked["method"], asked["streams"]) == ("subscribe", streams)
    gateway.request("list", timeout=WATCHDOG_SECONDS)
    assert len({each["id"] for each in supervisor.asked}) == 2


def test_snapshot_is_asked_for_with_its_symbols_and_levels(
    shard: Shard, supervisor: Supervisor
) -> None:
    Gateway(shard.run_dir).request(
        "snapshot", symbols=["spot:A"], levels=5, timeout=WATCHDOG_SECONDS
    )
    (asked,) = supervisor.asked
    assert {key: asked[key] for key in asked if key != "id"} == {
        "method": "snapshot",
        "symbols": ["spot:A"],
        "levels": 5,
    }


def test_error_is_raised_with_the_gateways_own_words_and_code(
    shard: Shard, supervisor: Supervisor
) -> None:
    supervisor.answer = {"error": {"code": 78, "message": "spot:*@kline_9m: no such interval"}}
    with pytest.raises(RequestRefused, match="no such interval") as caught:
        Gateway(shard.run_dir).request("subscribe", ["spot:*@kline_9m"], timeout=WATCHDOG_SECONDS)
    assert (caught.value.code, caught.value.exit_code) == (78, 78)


@pytest.mark.parametrize("answer", [b"", b"[]", b"{}", b'{"error": 1}', b'{"result": 1}', b"\xff"])
def test_answer_that_is_none_is_named(shard: Shard, supervisor: Supervisor, answer: bytes) -> None:
    supervisor.answer = answer
    with pytest.raises(RequestRefused, match="is no answer") as caught:
        Gateway(shard.run_dir).request("status", timeout=WATCHDOG_SECONDS)
    assert caught.value.exit_code == 70


def test_gateway_that_does_not_answer_is_said_so(shard: Shard) -> None:
    with zmq.Context.instance().socket(zmq.ROUTER) as silent:
        silent.bind(f"ipc://{shard.run_dir}/control.sock")
        with pytest.raises(NoAnswer, match=r"did not answer within 0\.05 s") as caught:
            Gateway(shard.run_dir).request("list", timeout=0.05)
    assert caught.value.exit_code == 69


def test_gateway_that_is_gone_is_said_at_once(shard: Shard) -> None:
    with pytest.raises(NoAnswer, match=r"nobody listens at ipc://.*/control\.sock"):
        Gateway(shard.run_dir).request("list")


def test_gateway_without_a_control_socket_takes_no_requests(shard: Shard) -> None:
    shard.write_manifest(control="")
    with pytest.raises(NoAnswer, match="names no control socket"):
        Gateway(shard.run_dir).request("list")
