"""The generated market as a source: the schedule's frames go to the sockets that subscribed them.

A market waits for nobody: a socket that does not take its frames is cut off by the server once too
much is queued for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final

from gateway.simulator.clock import Clock
from gateway.simulator.exchange import Exchange, Trader
from gateway.simulator.faults import Drops
from gateway.simulator.frames import combined_frame
from gateway.simulator.hub import Hub
from gateway.simulator.names import Kind, Market, parse_stream
from gateway.simulator.source import Instrument, NoSuchSymbol
from gateway.simulator.truth import TrueBook

_NAP_MIN_S: Final = 0.001
_NAP_MAX_S: Final = 0.05  # within which a subscription is noticed
_BURST_NS: Final = 100_000_000  # of market time between two looks at the sockets


class Generator:
    """A source that makes its market up."""

    def __init__(
        self,
        symbols: Sequence[tuple[Market, str]],
        hub: Hub,
        clock: Clock,
        drops: Drops,
        *,
        seed: int = 0,
        rate: float = 1.0,
    ) -> None:
        self._hub = hub
        self._clock = clock
        self._drops = drops
        self._exchange = Exchange(symbols, seed, rate, clock.now_ns())
        self._version = -1
        self._frames = 0
        self._reached_ns = clock.now_ns()
        self._running = asyncio.Event()
        self._running.set()

    def instruments(self, market: Market) -> list[Instrument]:
        listings = (trader.market.listing for trader in self._exchange.traders.values())
        return [listing.instrument() for listing in listings if listing.market is market]

    def depth(self, market: Market, symbol: str) -> TrueBook:
        return self._trader(market, symbol).market.truth.newest_book()

    def book_at(self, market: Market, symbol: str, update_id: int | None) -> TrueBook:
        truth = self._trader(market, symbol).market.truth
        return truth.newest_book() if update_id is None else truth.book_at(update_id)

    def _trader(self, market: Market, symbol: str) -> Trader:
        trader = self._exchange.traders.get(f"{market}:{symbol}")
        if trader is None:
            raise NoSuchSymbol(symbol)
        return trader

    def now_ms(self) -> int:
        return self._clock.now_ns() // 1_000_000

    def answering(self) -> AbstractContextManager[None]:
        return nullcontext()

    def wake(self) -> None:
        pass  # subscriptions are looked at often enough

    def pause(self) -> None:
        self._running.clear()

    def resume(self) -> None:
        self._running.set()

    def arm_drop(self, stream: str, count: int) -> None:
        market, _, text = stream.partition(":")
        name = parse_stream(Market(market), text)
        self._trader(name.market, name.symbol)
        self._drops.arm(stream, count)

    def status(self) -> dict[str, Any]:
        return {
            "source": "generator",
            "started": True,
            "finished": False,
            "paused": not self._running.is_set(),
            "waiting_for": "",
            "position": self._frames,
        }

    async def run(self) -> None:
        while True:
            await self._running.wait()
            self._refresh()
            # after a standstill the market catches up in pieces, and the loop stays alive
            self._reached_ns = min(self._clock.now_ns(), self._reached_ns + _BURST_NS)
            self._send(self._reached_ns)
            left_s = (self._exchange.due_ns - self._clock.now_ns()) / 1e9
            nap_s = min(max(_NAP_MIN_S, left_s), _NAP_MAX_S)
            await asyncio.sleep(nap_s if left_s > 0 else 0)

    def _refresh(self) -> None:
        if self._version != self._hub.version:
            self._version = self._hub.version
            self._exchange.want(self._hub.kinds_subscribed(), self._reached_ns)

    def _send(self, now_ns: int) -> None:
        for key, suffix, data in self._exchange.advance(now_ns):
            market, _, symbol = key.partition(":")
            name = parse_stream(Market(market), f"{symbol.lower()}@{suffix}")
            self._frames += 1
            is_diff = name.kind is Kind.DIFF
            if self._drops.concerns(name.key, is_diff) and self._drops.take(name.key, is_diff):
                continue
            self._hub.publish(name.key, combined_frame(name.text, data))
        self._hub.flush()
