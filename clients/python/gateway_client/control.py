"""Requests to a running gateway over its control socket: subscribe, unsubscribe, list, status."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Sequence
from typing import Any

from gateway_client.errors import NoAnswer, RequestRefused
from gateway_client.subscriber import zmq_module

_INTERNAL = 70
_REMEDY = "see with 'gateway status' whether it runs"


def request(endpoint: str, method: str, streams: Sequence[str], timeout: float) -> dict[str, Any]:
    """Send one request and return its result.

    Raises NoAnswer, RequestRefused with what the gateway says, or DependencyMissing.
    """
    zmq = zmq_module("gw.request()")
    if not endpoint:
        why = "this gateway takes no requests (its manifest names no control socket)"
        raise NoAnswer(method, why, "restart it with the version that this client came with")
    _check_listening(endpoint, method)
    asked = {"id": os.urandom(8).hex(), "method": method, "streams": list(streams)}
    with zmq.Context.instance().socket(zmq.DEALER) as there:
        there.setsockopt(zmq.LINGER, 0)
        there.connect(endpoint)
        there.send(json.dumps(asked).encode())
        if not there.poll(int(timeout * 1000)):
            raise NoAnswer(method, f"the gateway did not answer within {timeout:g} s", _REMEDY)
        return _result(method, there.recv())


def _check_listening(endpoint: str, method: str) -> None:
    # ZeroMQ would wait for somebody to come; a plain connect says at once that nobody is there.
    try:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(endpoint.removeprefix("ipc://"))
    except OSError as exc:
        raise NoAnswer(method, f"nobody listens at {endpoint} ({exc.strerror})", _REMEDY) from exc


def _result(method: str, answer: bytes) -> dict[str, Any]:
    try:
        found = json.loads(answer)
        if "error" in found:
            error = found["error"]
            raise RequestRefused(method, int(error["code"]), str(error["message"]))
        return dict(found["result"])
    except (ValueError, TypeError, KeyError) as exc:
        raise RequestRefused(
            method, _INTERNAL, f"the answer is no answer ({answer[:80]!r})"
        ) from exc
