"""The control messages of one connection, as Binance answers them.

Pure: a text frame's payload in, the answer and the change of subscriptions out. Venue documents:
web-socket-streams.md "Live Subscribing/Unsubscribing" and "Error Messages"; errors come wrapped in
``"error"`` next to the id, as seen on the wire. Acks and errors are never wrapped in
``stream``/``data``. Every well-formed name is acked: of a symbol that does not exist, of a stream
that belongs to another route, in capitals; silence is all that follows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import orjson

from gateway.simulator.conduct import Violation
from gateway.simulator.names import Market, is_well_formed

STREAMS_MAX: Final = 1024  # a connection, all stream hosts; one more closes it
# Undocumented, measured on spot: of 217 aggTrade names in a frame nothing is heard again.
SPOT_MESSAGE_MAX: Final = 4096
POLICY_VIOLATION: Final = 1008
TOO_MANY_STREAMS: Final = 4
_ID_LENGTH_MAX: Final = 36
_INT64_MIN, _INT64_MAX = -(2**63), 2**63 - 1
_METHODS: Final = ("SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY")


@dataclass(frozen=True, slots=True)
class Answer:
    """What to send back, and what became of the subscriptions."""

    reply: bytes  # empty: the message is swallowed
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    close: tuple[int, str] | None = None  # code and reason; the connection ends
    error: int | None = None  # the venue's code, when the reply tells one
    violation: Violation | None = None


class _Refusal(Exception):
    def __init__(self, code: int, text: str) -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text


class Session:
    """One connection's subscriptions and properties. ``combined`` is the envelope's property."""

    def __init__(self, market: Market, combined: bool, streams: Iterable[str] = ()) -> None:
        self.market = market
        self.combined = combined
        self._streams = dict.fromkeys(streams)

    @property
    def streams(self) -> tuple[str, ...]:
        """Return the names subscribed, in order, those that stay silent too."""
        return tuple(self._streams)

    def opened(self) -> Answer | None:
        """Return what is answered to the streams of the address, if they are too many."""
        return _overflow() if len(self._streams) > STREAMS_MAX else None

    def handle(self, text: bytes) -> Answer:
        """Answer one message."""
        if self.market is Market.SPOT and len(text) > SPOT_MESSAGE_MAX:
            return Answer(b"", violation=Violation.SIZE)
        request_id: Any = None
        try:
            request = _parse(text)
            request_id = _request_id(self.market, request)
            return self._perform(_method(request, text), _params(request), request_id)
        except _Refusal as refusal:
            return Answer(_error(refusal.code, refusal.text, request_id), error=refusal.code)

    def _perform(self, method: str, params: list[Any], request_id: Any) -> Answer:
        if method == "SUBSCRIBE":
            return self._subscribe(params, request_id)
        if method == "UNSUBSCRIBE":
            return self._unsubscribe(params, request_id)
        if method == "LIST_SUBSCRIPTIONS":
            _expect_at_most(params, 0)
            return Answer(_result(list(self._streams), request_id))
        if method == "SET_PROPERTY":
            return self._set_property(params, request_id)
        _expect_at_most(params, 1)
        _check_property(params)
        return Answer(_result(self.combined, request_id))

    def _subscribe(self, params: list[Any], request_id: Any) -> Answer:
        _check_names(params)
        added = tuple(name for name in dict.fromkeys(params) if name not in self._streams)
        if len(self._streams) + len(added) > STREAMS_MAX:
            return _overflow()
        self._streams.update(dict.fromkeys(added))
        return Answer(_result(None, request_id), added=added)

    def _unsubscribe(self, params: list[Any], request_id: Any) -> Answer:
        _check_names(params)
        removed = tuple(name for name in dict.fromkeys(params) if name in self._streams)
        for name in removed:
            del self._streams[name]
        return Answer(_result(None, request_id), removed=removed)

    def _set_property(self, params: list[Any], request_id: Any) -> Answer:
        _expect_at_most(params, 2)
        _check_property(params)
        if len(params) < 2 or not isinstance(params[1], bool):
            raise _Refusal(1, "Invalid value type: expected Boolean")
        self.combined = params[1]
        return Answer(_result(None, request_id))


def _parse(text: bytes) -> dict[str, Any]:
    try:
        request = orjson.loads(text)
    except orjson.JSONDecodeError as exc:
        where = f"line {exc.lineno} column {exc.colno}"
        raise _Refusal(3, f"Invalid JSON: expected value at {where}") from exc
    if not isinstance(request, dict):
        raise _missing_method(text)
    return request


def _missing_method(text: bytes) -> _Refusal:
    return _Refusal(
        2, f"Invalid request: missing field `method` at line 1 column {len(text.decode())}"
    )


def _method(request: dict[str, Any], text: bytes) -> str:
    method = request.get("method")
    if method is None:
        raise _missing_method(text)
    if method not in _METHODS:
        shown = method if isinstance(method, str) else orjson.dumps(method).decode()
        column = text.decode().find(shown) + len(shown) + 1
        expected = ", ".join(f"`{name}`" for name in _METHODS)
        problem = f"unknown variant {shown}, expected one of {expected}"
        raise _Refusal(2, f"Invalid request: {problem} at line 1 column {column}")
    return str(method)


def _request_id(market: Market, request: dict[str, Any]) -> Any:
    value = request.get("id")
    is_valid = type(value) is int and value >= 0
    if market is Market.SPOT and "id" in request:
        # spot also takes any int64, short alphanumeric strings, and null
        is_valid = (
            value is None
            or (type(value) is int and _INT64_MIN <= value <= _INT64_MAX)
            or (isinstance(value, str) and value.isalnum() and len(value) <= _ID_LENGTH_MAX)
        )
    if not is_valid:
        raise _Refusal(2, "Invalid request: request ID must be an unsigned integer")
    return value


def _params(request: dict[str, Any]) -> list[Any]:
    params = request.get("params", [])
    return params if isinstance(params, list) else [params]


def _expect_at_most(params: list[Any], count: int) -> None:
    if len(params) > count:
        raise _Refusal(2, "Invalid request: too many parameters")


def _check_names(params: list[Any]) -> None:
    if not all(is_well_formed(name) for name in params):
        raise _Refusal(2, "Invalid request: invalid stream")


def _check_property(params: list[Any]) -> None:
    if not params or not isinstance(params[0], str):
        raise _Refusal(2, "Invalid request: property name must be a string")
    if params[0] != "combined":
        raise _Refusal(0, "Unknown property")


def _result(result: Any, request_id: Any) -> bytes:
    return orjson.dumps({"result": result, "id": request_id})


def _error(code: int, text: str, request_id: Any) -> bytes:
    body: dict[str, Any] = {"error": {"code": code, "msg": text}}
    if request_id is not None:
        body["id"] = request_id
    return orjson.dumps(body)


def _overflow() -> Answer:
    # Measured on USD-M: the answer has no id, and with the connection all its streams are lost.
    return Answer(
        _error(TOO_MANY_STREAMS, "Too many subscriptions", None),
        close=(POLICY_VIOLATION, "Invalid request"),
        error=TOO_MANY_STREAMS,
        violation=Violation.STREAMS,
    )
