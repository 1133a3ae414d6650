"""A generated market in simulated time, with all that it sent, for tests of its streams."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from gateway.simulator.exchange import Exchange
from gateway.simulator.names import Market

START_NS = 1_795_345_200_000_000_000  # a full hour
START_MS = START_NS // 1_000_000
SECOND = 1_000_000_000
SYMBOLS = (
    (Market.SPOT, "BTCUSDT"),
    (Market.SPOT, "ETHUSDT"),
    (Market.USDM, "BTCUSDT"),
    (Market.USDM, "DEFIUSDT"),
    (Market.COINM, "BTCUSD_PERP"),
    (Market.COINM, "BTCUSD_261225"),
    (Market.COINM, "BTCUSD_270326"),
)


class Played:
    """An exchange that is moved on by hand; ``frames`` holds what each stream sent."""

    def __init__(
        self,
        keys: Iterable[str],
        symbols: Iterable[tuple[Market, str]] = SYMBOLS,
        rate: float = 3.0,
        start_ns: int = START_NS,
    ) -> None:
        self.exchange = Exchange(list(symbols), 1, rate, start_ns)
        self.now_ns = start_ns
        self.frames: dict[str, list[Any]] = {key: [] for key in keys}
        self.exchange.want(self.frames, start_ns)

    def play(self, seconds: float) -> Played:
        """Let time pass."""
        self.now_ns += round(seconds * SECOND)
        for key, data in self.exchange.advance(self.now_ns):
            self.frames[key].append(orjson.loads(data))
        return self

    def rows(self, key: str) -> list[Any]:
        """Return all rows of an array stream."""
        return [row for frame in self.frames[key] for row in frame]
