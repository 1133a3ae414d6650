"""Ask a running gateway for a change, over its control socket."""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import zmq

from gateway.errors import ControlError, NotRunning
from gateway.rundir import CONTROL_NAME
from gateway_client import rundir

ANSWER_SECONDS = 90.0  # a market that was not used before costs a look at its exchangeInfo


def ask(run_dir: str, method: str, streams: Sequence[str]) -> dict[str, Any]:
    """Return the result of one request to the gateway in ``run_dir`` (empty: the default search).

    Raises NotRunning or the client's own error where none is there, ControlError where it refuses.
    """
    path = Path(rundir.find(run_dir or None).run_dir) / CONTROL_NAME
    _check_listening(path)
    body = json.dumps({"id": 1, "method": method, "streams": list(streams)}).encode()
    with zmq.Context() as context, context.socket(zmq.DEALER) as there:
        there.setsockopt(zmq.LINGER, 0)
        there.connect(f"ipc://{path}")
        there.send(body)
        if not there.poll(int(1000 * ANSWER_SECONDS)):
            raise ControlError(path.parent, f"no answer within {ANSWER_SECONDS:g} s")
        return _result(path.parent, there.recv())


def _check_listening(path: Path) -> None:
    # ZeroMQ would wait for somebody to come; a plain connect says at once that nobody is there.
    try:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(str(path))
    except (FileNotFoundError, ConnectionRefusedError) as exc:
        raise NotRunning([path.parent]) from exc
    except OSError as exc:
        problem = f"its control socket cannot be used ({exc.strerror})"
        raise ControlError(path.parent, problem, "ask as the gateway's user or group") from exc


def _result(run_dir: Path, body: bytes) -> dict[str, Any]:
    reply: dict[str, Any] = json.loads(body)
    if "error" not in reply:
        result: dict[str, Any] = reply["result"]
        return result
    error = reply["error"]
    problem, _, remedy = str(error["message"]).rpartition("; ")
    if not problem:
        raise ControlError(run_dir, remedy, code=int(error["code"]))
    raise ControlError(run_dir, problem, remedy, int(error["code"]))
