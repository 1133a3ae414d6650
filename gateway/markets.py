"""Endpoints, routes and limits of each market, as data. Pure: no I/O.

Sources: Binance's web-socket-streams.md, rest-api.md, the USD-M change notice of 2026-03-05 (routes
/public and /market; the old unrouted addresses deliver /public streams only) and the CM-UM
integration notice of 2026-06-10 (one weight pool for both futures markets).
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from gateway.layout import Kind, Market


class Route(enum.Enum):
    """Which connections carry a stream. A stream on the wrong route is acked and stays silent."""

    PUBLIC = "public"  # order book and quotes
    MARKET = "market"  # trades in aggregate and statistics


@dataclass(frozen=True, slots=True)
class MarketFacts:
    """What is fixed about a market. Weights are REST request weights."""

    market: Market
    name: str  # prefix of symbols and topics
    ws_base: str
    rest_base: str
    rest_prefix: str
    ws_paths: Mapping[Route, str]  # always the combined form: its frames name their stream
    routes: Mapping[Kind, Route]
    depth_speeds_ms: tuple[int, ...]  # besides the default, which has no suffix
    depth_weights: tuple[tuple[int, int], ...]  # (limit up to, weight), rising
    depth_limits: tuple[int, ...]  # limits that may be asked; empty: any up to the last weight
    exchange_info_weight: int
    exchange_info_takes_symbols: bool
    weight_pool: str  # budgets are counted per pool
    control_per_second: int  # of SUBSCRIBE, ping and pong frames, with reserve

    def depth_limit(self, levels: int) -> int:
        """Return the limit to ask for so that at least ``levels`` come back, where that exists."""
        limits = self.depth_limits or (min(levels, self.depth_weights[-1][0]),)
        return next((limit for limit in limits if limit >= levels), limits[-1])

    def depth_weight(self, limit: int) -> int:
        """Return the request weight of a depth call with ``limit``."""
        dearest = self.depth_weights[-1][1]
        return next((cost for top, cost in self.depth_weights if limit <= top), dearest)


_SPLIT: Final = {
    Kind.QUOTE: Route.PUBLIC,
    Kind.DIFF: Route.PUBLIC,
    Kind.PARTIAL: Route.PUBLIC,
    Kind.TRADE: Route.PUBLIC,  # undocumented, measured
    Kind.AGG_TRADE: Route.MARKET,
    Kind.TICKER: Route.MARKET,
}
_FUTURES_WEIGHTS: Final = ((50, 2), (100, 5), (500, 10), (1000, 20))
_FUTURES_LIMITS: Final = (5, 10, 20, 50, 100, 500, 1000)

SPOT: Final = MarketFacts(
    market=Market.SPOT,
    name="spot",
    ws_base="wss://stream.binance.com:9443",
    rest_base="https://api.binance.com",
    rest_prefix="/api/v3",
    ws_paths={Route.PUBLIC: "/stream"},
    routes=dict.fromkeys(_SPLIT, Route.PUBLIC),
    depth_speeds_ms=(100, 1000),
    depth_weights=((100, 5), (500, 25), (1000, 50), (5000, 250)),
    depth_limits=(),
    exchange_info_weight=20,
    exchange_info_takes_symbols=True,
    weight_pool="spot",
    control_per_second=3,  # the venue closes the connection over 5
)
USDM: Final = MarketFacts(
    market=Market.USDM,
    name="usdm",
    ws_base="wss://fstream.binance.com",
    rest_base="https://fapi.binance.com",
    rest_prefix="/fapi/v1",
    ws_paths={Route.PUBLIC: "/public/stream", Route.MARKET: "/market/stream"},
    routes=_SPLIT,
    depth_speeds_ms=(100, 500),
    depth_weights=_FUTURES_WEIGHTS,
    depth_limits=_FUTURES_LIMITS,
    exchange_info_weight=1,
    exchange_info_takes_symbols=False,
    weight_pool="futures",
    control_per_second=8,  # the venue closes the connection over 10
)
COINM: Final = MarketFacts(
    market=Market.COINM,
    name="coinm",
    ws_base="wss://dstream.binance.com",
    rest_base="https://dapi.binance.com",
    rest_prefix="/dapi/v1",
    # Sources disagree whether dstream is routed. Unrouted carries /public streams either way, and
    # /market/stream was seen to bring back what the unrouted address no longer delivered.
    ws_paths={Route.PUBLIC: "/stream", Route.MARKET: "/market/stream"},
    routes=_SPLIT,
    depth_speeds_ms=(100, 500),
    depth_weights=_FUTURES_WEIGHTS,
    depth_limits=_FUTURES_LIMITS,
    exchange_info_weight=1,
    exchange_info_takes_symbols=False,
    weight_pool="futures",
    control_per_second=8,
)

FACTS: Final[Mapping[Market, MarketFacts]] = {m.market: m for m in (SPOT, USDM, COINM)}
BY_NAME: Final[Mapping[str, MarketFacts]] = {m.name: m for m in FACTS.values()}

WEIGHT_PER_MINUTE: Final[Mapping[str, int]] = {"spot": 6000, "futures": 2400}
WEIGHT_RESERVE: Final = 0.2  # left for other programs behind the same address
STREAMS_PER_CONNECTION_MAX: Final = 200  # the venue's limit is 1024 and costs the whole connection


def ws_url(market: Market, route: Route, upstream: str = "") -> str:
    """Return the WebSocket address of a route; ``upstream`` replaces Binance by one base."""
    facts = FACTS[market]
    base = f"{upstream.rstrip('/')}/{facts.name}" if upstream else facts.ws_base
    return base + facts.ws_paths[route]


def rest_url(market: Market, call: str, upstream: str = "") -> str:
    """Return the address of a REST call, such as ``depth``, without its query."""
    facts = FACTS[market]
    base = f"{upstream.rstrip('/')}/{facts.name}" if upstream else facts.rest_base
    return f"{base}{facts.rest_prefix}/{call}"
