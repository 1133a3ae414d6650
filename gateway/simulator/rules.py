"""The venue's limits on connections and requests, as plain values that can be set for a run.

Pure. Where each comes from: web-socket-streams.md "General WSS information" and "WebSocket Limits"
(spot), websocket-market-streams.md "Connect" (USD-M, COIN-M), rest-api.md "LIMITS", and the CM-UM
integration notice of 2026-06-30, since when USD-M and COIN-M share one pool of request weight.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from gateway.simulator.heartbeat import PING_RULES, PingRule
from gateway.simulator.names import Market


class Pool(enum.StrEnum):
    """Markets whose REST requests are weighed together."""

    SPOT = "spot"
    FUTURES = "futures"


POOL_OF: Final = {Market.SPOT: Pool.SPOT, Market.USDM: Pool.FUTURES, Market.COINM: Pool.FUTURES}
DAY_S: Final = 86_400.0
# The first documented lead of serverShutdown was 10 minutes (CHANGELOG 2026-05-06); withdrawn later
# without another. A shortened day keeps the proportion.
NOTICE_SHARE: Final = 600.0 / DAY_S


@dataclass(frozen=True, slots=True)
class Rules:
    """The limits of one run. The defaults are the venue's."""

    pings: Mapping[Market, PingRule] = field(default_factory=lambda: PING_RULES)
    # a second and connection; pings, pongs and JSON all count
    messages: Mapping[Market, int] = field(
        default_factory=lambda: {Market.SPOT: 5, Market.USDM: 10, Market.COINM: 10}
    )
    day_s: float = DAY_S  # of a connection's life
    notice_s: float | None = None  # before its end; None: in proportion to the day
    attempts: int = 300  # handshakes in 5 minutes, a market's host
    offences: int = 3  # connections closed for their rate, before a ban; 0: never banned
    weights: Mapping[Pool, int] = field(
        default_factory=lambda: {Pool.SPOT: 6000, Pool.FUTURES: 2400}
    )

    def notice_of(self, market: Market) -> float | None:
        """Return how long before a connection's end it is told; None where it never is.

        serverShutdown is documented for spot only (CHANGELOG 2026-05-08).
        """
        if market is not Market.SPOT:
            return None
        share = self.day_s * NOTICE_SHARE
        return min(share if self.notice_s is None else self.notice_s, self.day_s)
