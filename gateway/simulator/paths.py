"""The WebSocket addresses of the venue's hosts, below ``/spot``, ``/usdm`` and ``/coinm``.

Pure. The forms are those of the real hosts (web-socket-streams.md; for futures
Important-WebSocket-Change-Notice)::

    /spot/stream                /spot/stream?streams=a/b      /spot/ws      /spot/ws/a/b
    /usdm/public/stream ...     /usdm/market/ws/a ...         /usdm/stream (unrouted)
    /coinm/stream ...           /coinm/market/stream ...
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

from gateway.simulator.names import Market, Route, is_well_formed

_BAD_TIME_UNIT: Final = b'{"code":-1194,"msg":"Invalid value for time unit; expected either '
_TIME_UNITS: Final = b'MICROSECOND or MILLISECOND."}'


@dataclass(frozen=True, slots=True)
class Target:
    """What an address asks for."""

    market: Market
    route: Route
    combined: bool
    streams: tuple[str, ...] = ()


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
        return Refused(404, b'{"code":-1,"msg":"no such endpoint: ' + path.encode() + b'"}')
    market, route, endpoint, rest = found
    query = parse_qs(address.query)
    unit = query.get("timeUnit", ["MILLISECOND"])[0].upper()
    if unit != "MILLISECOND":
        return _refuse_unit(unit)
    combined = endpoint == "stream"
    listed = query.get("streams", [""])[0].split("/") if combined else rest
    streams = tuple(dict.fromkeys(name for name in listed if name))
    if not all(is_well_formed(name) for name in streams):
        return Refused(400, b'{"code":2,"msg":"Invalid request: invalid stream"}')
    return Target(market, route, combined, streams)


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


def _refuse_unit(unit: str) -> Refused:
    if unit == "MICROSECOND":
        return Refused(400, b'{"code":-1,"msg":"the simulator sends milliseconds only"}')
    return Refused(400, _BAD_TIME_UNIT + _TIME_UNITS)
