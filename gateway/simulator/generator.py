"""The generated market as a source: the schedule's frames go to the sockets that subscribed them.

A market waits for nobody: a socket that does not take its frames is cut off by the server once too
much is queued for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final

from gateway.simulator.board import is_of_board
from gateway.simulator.clock import Clock
from gateway.simulator.exchange import Exchange
from gateway.simulator.exchange_view import ExchangeView
from gateway.simulator.faults import Drops
from gateway.simulator.frames import combined_frame
from gateway.simulator.hub import Hub
from gateway.simulator.names import Kind, Market, parse_key
from gateway.simulator.source import NoSuchSymbol

_NAP_MIN_S: Final = 0.001
_NAP_MAX_S: Final = 0.05  # within which a subscription is noticed
_BURST_NS: Final = 100_000_000  # of market time between two looks at the sockets


class Generator(ExchangeView):
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
        super().__init__(Exchange(symbols, seed, rate, clock.now_ns()), clock.now_ns())
        self._version = -1
        self._frames = 0
        self._running = asyncio.Event()
        self._running.set()

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
        name = parse_key(stream)
        if name.kind is Kind.OTHER:
            raise NoSuchSymbol(stream)
        if not is_of_board(name):
            self.exchange.find(name.market, name.symbol)
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
            self.reached_ns = min(self._clock.now_ns(), self.reached_ns + _BURST_NS)
            self._send(self.reached_ns)
            left_s = (self.exchange.due_ns - self._clock.now_ns()) / 1e9
            nap_s = min(max(_NAP_MIN_S, left_s), _NAP_MAX_S)
            await asyncio.sleep(nap_s if left_s > 0 else 0)

    def _refresh(self) -> None:
        if self._version != self._hub.version:
            self._version = self._hub.version
            self.exchange.want(self._hub.keys, self.reached_ns)

    def _send(self, now_ns: int) -> None:
        for key, data in self.exchange.advance(now_ns):
            name = parse_key(key)
            self._frames += 1
            if self._drops.concerns(key, name.is_diff) and self._drops.take(key, name.is_diff):
                continue
            self._hub.publish(key, combined_frame(name.text, data))
        self._hub.flush()
