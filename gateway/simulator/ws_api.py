"""Requests and answers of the WebSocket API: the same calls as REST's, from the same weight.

Pure. ``{"id": …, "method": "depth", "params": {"symbol": "BTCUSDT", "limit": 100}}`` is answered
with ``{"id", "status", "result" or "error", "rateLimits"}`` (web-socket-api.md "Response format";
ws-fapi and ws-dapi "General Info"). Where REST has a header Retry-After in seconds, here
``error.data.retryAfter`` is the time in ms.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from gateway.simulator.answers import Call
from gateway.simulator.fault_times import RestDecision
from gateway.simulator.names import Market
from gateway.simulator.queries import Refusal, fault_body
from gateway.simulator.weight import Spent

PATHS: Final = {
    "/spot/ws-api/v3": Market.SPOT,
    "/usdm/ws-fapi/v1": Market.USDM,
    "/coinm/ws-dapi/v1": Market.COINM,
}
# Of a connection. Spot: web-socket-api.md; futures: not documented, others have seen 5.
CONNECT_WEIGHT: Final = {Market.SPOT: 2, Market.USDM: 5, Market.COINM: 5}
_ON_ALL: Final = {"depth": "depth", "ticker.book": "ticker/bookTicker"}
_ON_SPOT: Final = {
    "ping": "ping", "time": "time", "exchangeInfo": "exchangeInfo", "klines": "klines",
    "trades.recent": "trades", "trades.historical": "historicalTrades",
    "trades.aggregate": "aggTrades",
}  # fmt: skip
_Limits = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Request:
    """A request that can be weighed: ``name`` is the call's in REST."""

    request_id: Any
    name: str
    query: dict[str, str]


@dataclass(frozen=True, slots=True)
class BadRequest:
    """A message that is no request; ``reason`` says why."""

    request_id: Any
    reason: Refusal


def read_request(market: Market, text: bytes) -> Request | BadRequest:
    """Read a message."""
    try:
        body = orjson.loads(text)
    except orjson.JSONDecodeError:
        return BadRequest(None, Refusal(-1135, "Invalid JSON Request"))
    if not isinstance(body, dict):
        return BadRequest(None, Refusal(-1135, "Invalid JSON Request"))
    request_id, params = body.get("id"), body.get("params") or {}
    names = _ON_ALL | (_ON_SPOT if market is Market.SPOT else {})
    name = names.get(str(body.get("method")))
    if name is None or not isinstance(params, dict):
        return BadRequest(request_id, Refusal(-1020, "This operation is not supported."))
    return Request(request_id, name, {key: _text(value) for key, value in params.items()})


def _text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def answer(
    request: Request, call: Call, spent: Spent, fault: RestDecision, limits: _Limits, now_ms: int
) -> bytes:
    """Return the answer to a request that has been weighed."""
    if spent.status != 200:
        retry_ms = now_ms + spent.retry_after_s * 1000
        return _error(request.request_id, spent.status, spent.body, limits, now_ms, retry_ms)
    if fault.status:
        retry_s = fault.retry_after_s
        until_ms = None if retry_s is None else now_ms + retry_s * 1000
        body = fault_body(fault.status)
        return _error(request.request_id, fault.status, body, limits, now_ms, until_ms)
    try:
        result = call.build(request.query, fault.stale_s)
    except Refusal as refusal:
        return refuse(BadRequest(request.request_id, refusal), limits)
    head = {"id": request.request_id, "status": 200}
    return orjson.dumps({**head, "result": result, "rateLimits": limits})


def refuse(bad: BadRequest, limits: _Limits) -> bytes:
    """Return the answer to what is no request, or asks for what is not there."""
    return _error(bad.request_id, bad.reason.status, bad.reason.body, limits)


def _error(
    request_id: Any, status: int, body: bytes, limits: _Limits,
    now_ms: int = 0, retry_ms: int | None = None,
) -> bytes:  # fmt: skip
    error = orjson.loads(body)
    if retry_ms is not None:
        error["data"] = {"serverTime": now_ms, "retryAfter": retry_ms}
    return orjson.dumps({"id": request_id, "status": status, "error": error, "rateLimits": limits})
