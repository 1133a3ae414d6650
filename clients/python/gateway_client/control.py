"""Requests to a running gateway over its control socket: subscribe, unsubscribe, list, status,
snapshot."""

from __future__ import annotations

import json
import os
import socket
from typing import Any, Self

from gateway_client.errors import NoAnswer, RequestRefused
from gateway_client.subscriber import zmq_module

_INTERNAL = 70
_REMEDY = "see with 'gateway status' whether it runs"


def request(endpoint: str, method: str, timeout: float, **more: Any) -> dict[str, Any]:
    """Send one request, with what else is in it, and return its result.

    Raises NoAnswer, RequestRefused with what the gateway says, or DependencyMissing.
    """
    with Call(endpoint, method, **more) as call:
        if not call.wait(timeout):
            raise NoAnswer(method, f"the gateway did not answer within {timeout:g} s", _REMEDY)
        return call.answer()


class Call:
    """A request under way. Raises NoAnswer where nobody is there, DependencyMissing."""

    def __init__(self, endpoint: str, method: str, **more: Any) -> None:
        zmq = zmq_module("gw.request()")
        if not endpoint:
            why = "this gateway takes no requests (its manifest names no control socket)"
            raise NoAnswer(method, why, "restart it with the version that this client came with")
        _check_listening(endpoint, method)
        self._method = method
        asked = {"id": os.urandom(8).hex(), "method": method, **more}
        self._socket = zmq.Context.instance().socket(zmq.DEALER)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.connect(endpoint)
        self._socket.send(json.dumps(asked).encode())

    def wait(self, seconds: float) -> bool:
        """Whether the answer is there, within ``seconds``."""
        return bool(self._socket.poll(int(seconds * 1000)))

    def answer(self) -> dict[str, Any]:
        """The result, once ``wait`` said so. Raises RequestRefused."""
        return _result(self._method, self._socket.recv())

    def close(self) -> None:
        """Wait for it no longer."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


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
