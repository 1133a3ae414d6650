"""The WebSocket addresses of the venue's hosts, below ``/spot``, ``/usdm`` and ``/coinm``.

Pure. The forms are those of the real hosts (web-socket-streams.md; for futures
Important-WebSocket-Change-Notice)::

    /spot/stream                /spot/stream?streams=a/b      /spot/ws      /spot/ws/a/b
    /usdm/public/stream ...     /usdm/market/ws/a ...         /usdm/stream (unrouted)
    /coinm/stream ...           /coinm/market/stream ...

Spot takes ``timeUnit`` in the query; on futures it is not documented, and not looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

import orjson

from gateway.simulator.names import Market, Route, is_well_formed

_BAD_TIME_UNIT: Final = b'{"code":-1194,"msg":"Invalid value for time unit; expected either '
_UNITS_KNOWN: Final = b'MICROSECOND or MILLISECOND."}'
# As documented, in capitals or in small letters; the value says whether it is microseconds.
_TIME_UNITS: Final = {
    "MILLISECOND": False, "millisecond": False, "MICROSECOND": True, "microsecond": True,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Target:
    """What an address asks for."""

    market: Market
    route: Route
    combined: bool
    streams: tuple[str, ...] = ()
    microseconds: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """An address that is answered with an HTTP error."""

    status: int
    body: bytes


def parse_target(path: str) -> Target | Refused:
    """Read the path and query of a WebSocket handshake."""
    address = urlsplit(path)
    parts = [unquote(part) for part in address.path.split("/")[1:]]
    found = _endpoint(parts)
    if found is None:
        text = f"no such endpoint: {address.path}"
        return Refused(404, orjson.dumps({"code": -1, "msg": text}))
    market, route, endpoint, rest = found
    query = parse_qs(address.query.replace("+", "%2B"))  # a kline's time zone, never a space
    unit = query.get("timeUnit", ["MILLISECOND"])[0] if market is Market.SPOT else "MILLISECOND"
    if unit not in _TIME_UNITS:
        return Refused(400, _BAD_TIME_UNIT + _UNITS_KNOWN)
    combined = endpoint == "stream"
    listed = query.get("streams", [""])[0].split("/") if combined else rest
    streams = tuple(dict.fromkeys(name for name in listed if name))
    if not all(is_well_formed(name) for name in streams):
        return Refused(400, b'{"code":2,"msg":"Invalid request: invalid stream"}')
    return Target(market, route, combined, streams, _TIME_UNITS[unit])


def _endpoint(parts: list[str]) -> tuple[Market, Route, str, list[str]] | None:
    if not parts or parts[0] not in list(Market):
        return None
    market, route, rest = Market(parts[0]), Route.UNROUTED, parts[1:]
    if rest and rest[0] in list(Route)[1:] and market is not Market.SPOT:
        route, rest = Route(rest[0]), rest[1:]
    if not rest or rest[0] not in ("stream", "ws"):
        return None
    if rest[0] == "stream" and any(rest[1:]):
        return None
    return market, route, rest[0], rest[1:]
