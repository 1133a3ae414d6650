"""Routes, limits and REST weights of each market, as data. Pure: no I/O.

Sources: Binance's web-socket-streams.md, rest-api.md, the USD-M change notice of 2026-03-05 (routes
/public and /market) and the CM-UM integration notice of 2026-06-10 (one weight pool for both
futures markets). Addresses are in ``endpoints``, streams in ``stream_table``.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from gateway.layout import Market


class Route(enum.Enum):
    """Which connections carry a stream. A stream on the wrong route is acked and stays silent."""

    PUBLIC = "public"  # order book and quotes; spot: everything
    MARKET = "market"  # trades in aggregate and statistics


@dataclass(frozen=True, slots=True)
class MarketFacts:
    """What is fixed about a market. Weights are REST request weights."""

    market: Market
    name: str  # prefix of symbols and topics
    rest_prefix: str
    depth_weights: tuple[tuple[int, int], ...]  # (limit up to, weight), rising
    depth_limits: tuple[int, ...]  # limits that may be asked; empty: any up to the last weight
    depth_variants: Mapping[str, DepthCall]  # books beside the ordinary one
    exchange_info_weight: int
    ws_api_weight: int  # of a connection to the WebSocket API
    agg_trades_weight: int
    trades: HistoryCall  # of single trades, as far back as it goes without an API key
    kline_weights: tuple[tuple[int, int], ...]  # (limit up to, weight), rising
    weight_pool: str  # budgets are counted per pool
    control_per_second: int  # of SUBSCRIBE, ping and pong frames, with reserve

    def depth_call(self, levels: int, variant: str = "") -> DepthCall:
        """Return the call that brings at least ``levels`` a side, where there are so many."""
        if variant:
            return self.depth_variants[variant]
        limits = self.depth_limits or (min(levels, self.depth_weights[-1][0]),)
        limit = next((limit for limit in limits if limit >= levels), limits[-1])
        return DepthCall("depth", limit, _weight_of(limit, self.depth_weights))

    def kline_weight(self, limit: int) -> int:
        """Return what a call for ``limit`` candles weighs, of whatever they are."""
        return _weight_of(limit, self.kline_weights)


def _weight_of(limit: int, weights: tuple[tuple[int, int], ...]) -> int:
    return next(weight for top, weight in weights if limit <= top)


@dataclass(frozen=True, slots=True)
class DepthCall:
    """A REST call for an order book."""

    name: str
    limit: int
    weight: int


@dataclass(frozen=True, slots=True)
class HistoryCall:
    """A REST call for single trades; ``is_recent``: it knows the newest alone."""

    name: str
    weight: int
    is_recent: bool


_FUTURES_WEIGHTS: Final = ((50, 2), (100, 5), (500, 10), (1000, 20))
_FUTURES_LIMITS: Final = (5, 10, 20, 50, 100, 500, 1000)
_FUTURES_KLINES: Final = ((99, 1), (499, 2), (1000, 5), (1500, 10))
# historicalTrades of futures weighs 200 and is for holders of an API key.
_FUTURES_TRADES: Final = HistoryCall("trades", 5, is_recent=True)

SPOT: Final = MarketFacts(
    market=Market.SPOT,
    name="spot",
    rest_prefix="/api/v3",
    depth_weights=((100, 5), (500, 25), (1000, 50), (5000, 250)),
    depth_limits=(),
    depth_variants={},
    exchange_info_weight=20,
    ws_api_weight=2,
    agg_trades_weight=4,
    trades=HistoryCall("historicalTrades", 25, is_recent=False),
    kline_weights=((1000, 2),),
    weight_pool="spot",
    control_per_second=3,  # the venue closes the connection over 5
)
USDM: Final = MarketFacts(
    market=Market.USDM,
    name="usdm",
    rest_prefix="/fapi/v1",
    depth_weights=_FUTURES_WEIGHTS,
    depth_limits=_FUTURES_LIMITS,
    depth_variants={"RPI": DepthCall("rpiDepth", 1000, 20)},  # its only documented limit
    exchange_info_weight=1,
    ws_api_weight=5,  # not documented, others have counted it
    agg_trades_weight=20,
    trades=_FUTURES_TRADES,
    kline_weights=_FUTURES_KLINES,
    weight_pool="futures",
    control_per_second=8,  # the venue closes the connection over 10
)
COINM: Final = MarketFacts(
    market=Market.COINM,
    name="coinm",
    rest_prefix="/dapi/v1",
    depth_weights=_FUTURES_WEIGHTS,
    depth_limits=_FUTURES_LIMITS,
    depth_variants={},
    exchange_info_weight=1,
    ws_api_weight=5,  # not documented, others have counted it
    agg_trades_weight=20,
    trades=_FUTURES_TRADES,
    kline_weights=_FUTURES_KLINES,
    weight_pool="futures",
    control_per_second=8,
)

FACTS: Final[Mapping[Market, MarketFacts]] = {m.market: m for m in (SPOT, USDM, COINM)}
BY_NAME: Final[Mapping[str, MarketFacts]] = {m.name: m for m in FACTS.values()}

WEIGHT_PER_MINUTE: Final[Mapping[str, int]] = {"spot": 6000, "futures": 2400}
# Stream 1025 is answered with an error, and the whole connection is closed with 1008.
STREAMS_PER_CONNECTION_LIMIT: Final = 1024
# Of an address, documented for spot and applied to all: over it the address is banned.
ATTEMPTS_PER_5_MINUTES_LIMIT: Final = 300
CONNECTION_HOURS_LIMIT: Final = 24.0  # then the venue closes it
