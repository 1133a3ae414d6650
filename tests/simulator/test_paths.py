"""Addresses of the WebSocket endpoints."""

from __future__ import annotations

import orjson
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
        (
            "/spot/stream?streams=a@trade&timeUnit=MICROSECOND",
            Target(Market.SPOT, Route.UNROUTED, True, ("a@trade",), microseconds=True),
        ),
        (
            "/spot/ws/a@trade?timeUnit=microsecond",
            Target(Market.SPOT, Route.UNROUTED, False, ("a@trade",), microseconds=True),
        ),
        (
            "/spot/stream?streams=a@kline_1d@+08:00",
            Target(Market.SPOT, Route.UNROUTED, True, ("a@kline_1d@+08:00",)),
        ),
        ("/usdm/stream?timeUnit=HOUR", Target(Market.USDM, Route.UNROUTED, True)),
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
        ("/spot/stream?timeUnit=Microsecond", 400),
        ("/spot/stream?timeUnit=HOUR", 400),
    ],
)
def test_other_addresses_are_refused(path: str, status: int) -> None:
    refused = parse_target(path)
    assert isinstance(refused, Refused)
    assert refused.status == status
    assert refused.body.startswith(b'{"code":')


def test_bad_time_unit_has_the_venues_code() -> None:
    refused = parse_target("/spot/ws?timeUnit=HOUR")
    assert isinstance(refused, Refused)
    assert orjson.loads(refused.body)["code"] == -1194


def test_refusal_is_json_whatever_the_path_holds() -> None:
    refused = parse_target('/moon/%22/"\\')
    assert isinstance(refused, Refused)
    assert orjson.loads(refused.body)["code"] == -1
