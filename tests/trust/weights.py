"""What REST calls cost, by the venue's documents; the most that any sliding minute held; and for
how long an answer forbids all calls."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

SPOT = {"aggTrades": 4, "historicalTrades": 25, "trades": 25, "klines": 2, "exchangeInfo": 20}
FUTURES = {"aggTrades": 20, "historicalTrades": 200, "trades": 5, "exchangeInfo": 1}
SPOT_DEPTH = ((100, 5), (500, 25), (1000, 50), (5000, 250))
FUTURES_DEPTH = ((50, 2), (100, 5), (500, 10), (1000, 20))
FUTURES_KLINES = ((99, 1), (499, 2), (1000, 5), (1500, 10))
ALL = 1 << 30  # symbols
LATEST = {  # by how many symbols are asked for
    ("ticker/bookTicker", "spot"): ((1, 2), (ALL, 4)),
    ("ticker/24hr", "spot"): ((20, 2), (100, 40), (ALL, 80)),
    **{("ticker/bookTicker", market): ((1, 2), (ALL, 5)) for market in ("usdm", "coinm")},
    **{("ticker/24hr", market): ((1, 1), (ALL, 40)) for market in ("usdm", "coinm")},
    ("premiumIndex", "usdm"): ((1, 1), (ALL, 10)),
    ("premiumIndex", "coinm"): ((ALL, 10),),
}
MINUTE_S = 60.0
BAN_LEAST_S = 120.0


def weight_of(market: str, call: str, query: Mapping[str, str]) -> int:
    """Weight of a call (rest-api.md, Order-Book, Kline-Candlestick-Data, Mark-Price, …)."""
    is_spot = market == "spot"
    if (call, market) in LATEST:
        return _up_to(LATEST[call, market], _symbols(query))
    if call == "depth":
        table = SPOT_DEPTH if is_spot else FUTURES_DEPTH
        return _up_to(table, int(query.get("limit", 100 if is_spot else 500)))
    if call == "klines" and not is_spot:
        return _up_to(FUTURES_KLINES, int(query.get("limit", 500)))
    return (SPOT if is_spot else FUTURES)[call]


def _symbols(query: Mapping[str, str]) -> int:
    """How many symbols a call is for."""
    if "symbol" in query:
        return 1
    return query["symbols"].count(",") + 1 if "symbols" in query else ALL


def _up_to(table: tuple[tuple[int, int], ...], limit: int) -> int:
    return next(weight for most, weight in table if limit <= most)


def hold_s(status: int, retry_after: str | None, wall_s: float) -> float:
    """For how long no call may leave after this answer (rest-api.md "IP Limits").

    Without ``Retry-After`` a 429 holds until the clock minute is over, and 418 is a ban of 2
    minutes at least; ``wall_s``: when it was answered, by the venue's clock.
    """
    if status not in (418, 429):
        return 0.0
    if retry_after is not None:
        return float(retry_after)
    return BAN_LEAST_S if status == 418 else MINUTE_S - wall_s % MINUTE_S


class WeightLog:
    """One pool's calls as they leave the gateway, and the heaviest minute that ever was."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.heaviest = 0
        self.held_until = 0.0
        self.holds = 0
        self._calls: deque[tuple[float, int]] = deque()
        self._sum = 0

    def spend(self, now: float, weight: int) -> None:
        self._calls.append((now, weight))
        self._sum += weight
        while self._calls[0][0] <= now - MINUTE_S:
            self._sum -= self._calls.popleft()[1]
        self.heaviest = max(self.heaviest, self._sum)

    def hold(self, now: float, seconds: float) -> None:
        """The gateway has an answer that forbids calls for a while."""
        self.held_until = max(self.held_until, now + seconds)
        self.holds += bool(seconds)
