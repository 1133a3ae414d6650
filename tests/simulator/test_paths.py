"""Addresses of the WebSocket endpoints."""

from __future__ import annotations

import pytest

from gateway.simulator.names import Market, Route
from gateway.simulator.paths import Refused, Target, parse_target


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/spot/stream", Target(Market.SPOT, Route.UNROUTED, True)),
        ("/spot/ws", Target(Market.SPOT, Route.UNROUTED, False)),
        (
            "/spot/ws/a@trade/b@depth@100ms",
            Target(Market.SPOT, Route.UNROUTED, False, ("a@trade", "b@depth@100ms")),
        ),
        (
            "/spot/stream?streams=a@trade/b@depth",
            Target(Market.SPOT, Route.UNROUTED, True, ("a@trade", "b@depth")),
        ),
        (
            "/spot/stream?streams=a%40trade&timeUnit=millisecond",
            Target(Market.SPOT, Route.UNROUTED, True, ("a@trade",)),
        ),
        ("/usdm/public/stream", Target(Market.USDM, Route.PUBLIC, True)),
        ("/usdm/market/ws/a@aggTrade", Target(Market.USDM, Route.MARKET, False, ("a@aggTrade",))),
        ("/usdm/private/ws", Target(Market.USDM, Route.PRIVATE, False)),
        ("/usdm/stream", Target(Market.USDM, Route.UNROUTED, True)),
        ("/coinm/market/stream", Target(Market.COINM, Route.MARKET, True)),
        ("/coinm/ws", Target(Market.COINM, Route.UNROUTED, False)),
    ],
)
def test_endpoint_is_found(path: str, target: Target) -> None:
    assert parse_target(path) == target


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 404),
        ("/stream", 404),
        ("/moon/stream", 404),
        ("/spot", 404),
        ("/spot/public/stream", 404),
        ("/usdm/other/stream", 404),
        ("/spot/stream/a@trade", 404),
        ("/spot/ws/a%20b", 400),
        ("/spot/stream?timeUnit=MICROSECOND", 400),
        ("/spot/stream?timeUnit=HOUR", 400),
    ],
)
def test_other_addresses_are_refused(path: str, status: int) -> None:
    refused = parse_target(path)
    assert isinstance(refused, Refused)
    assert refused.status == status
    assert refused.body.startswith(b'{"code":')
