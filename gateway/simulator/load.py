"""A market made for load: many instruments, and as many messages a second as one core can send.

Books and trades are functions of ids (``load_book``, ``load_market``), so what it sends is
consistent and can be judged, yet costs one format operation a frame. Sent are bookTicker,
depth@100ms, trade, aggTrade, ticker, miniTicker, kline_1m and markPrice, each at one pace on all
markets; other streams are acked and silent. Streams in real time share what the others leave of the
rate that was asked for; a second connection of a stream gets its frames on top.

It waits for sockets that do not take their frames, up to ``PATIENCE_S``; then, as after a
standstill of its own, it goes on from there and catches nothing up: ``status`` has the real rate.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final

from gateway.simulator.clock import Clock
from gateway.simulator.faults import Drops
from gateway.simulator.hub import Hub
from gateway.simulator.listing import list_symbol
from gateway.simulator.load_market import LoadInstrument
from gateway.simulator.load_pace import SECOND_NS
from gateway.simulator.load_streams import LoadStreams
from gateway.simulator.names import Market, made_up_symbols, parse_key
from gateway.simulator.source import Instrument, NoSuchSymbol
from gateway.simulator.truth import TrueBook

LOAD_SYMBOLS: Final = (*made_up_symbols(Market.SPOT, 1500), *made_up_symbols(Market.USDM, 500))
PATIENCE_S: Final = 5.0
NAP_S: Final = 0.002  # frames of which leave together
_CATCH_UP_NS: Final = 100_000_000  # of market time made up at once
_MEASURED_S: Final = 1.0


class LoadMarket:
    """A source of ``asked`` messages a second."""

    def __init__(
        self,
        symbols: Sequence[tuple[Market, str]],
        hub: Hub,
        clock: Clock,
        drops: Drops,
        asked: float,
    ) -> None:
        self._hub = hub
        self._clock = clock
        self._drops = drops
        self._asked = asked
        made = (
            LoadInstrument(list_symbol(market, symbol), number)
            for number, (market, symbol) in enumerate(symbols)
        )
        self._instruments = {instrument.key: instrument for instrument in made}
        self._streams = LoadStreams(self._instruments, asked)
        self._version = -1
        self._market_ns = 0  # that has passed, standstills left out
        self._measured = 0.0
        self._measured_from = (clock.monotonic(), 0)
        self._waiting_for = ""
        self._is_impatient = False
        self._wake = asyncio.Event()
        self._running = asyncio.Event()
        self._running.set()

    def instruments(self, market: Market) -> list[Instrument]:
        listings = (instrument.listing for instrument in self._instruments.values())
        return [listing.instrument() for listing in listings if listing.market is market]

    def depth(self, market: Market, symbol: str) -> TrueBook:
        return self.book_at(market, symbol, None)

    def depth_before(
        self, market: Market, symbol: str, age_s: float, *, is_rpi: bool = False
    ) -> TrueBook:
        book = self._find(market, symbol).book
        return book.at(book.first_id + book.ago(age_s))

    def book_at(self, market: Market, symbol: str, update_id: int | None) -> TrueBook:
        return self._find(market, symbol).book.at(update_id)

    def _find(self, market: Market, symbol: str) -> LoadInstrument:
        instrument = self._instruments.get(f"{market}:{symbol}")
        if instrument is None:
            raise NoSuchSymbol(symbol)
        return instrument

    def now_ms(self) -> int:
        return self._clock.now_ns() // 1_000_000

    def answering(self) -> AbstractContextManager[None]:
        return nullcontext()

    def wake(self) -> None:
        self._wake.set()

    def pause(self) -> None:
        self._running.clear()

    def resume(self) -> None:
        self._running.set()

    def arm_drop(self, stream: str, count: int) -> None:
        if not self._streams.has(parse_key(stream)):
            raise NoSuchSymbol(stream)
        self._drops.arm(stream, count)
        self._version = -1

    def status(self) -> dict[str, Any]:
        kinds: Counter[str] = Counter()
        for key, count in self._hub.sent.items():
            kinds[str(parse_key(key).kind)] += count
        return {
            "source": "load",
            "started": bool(kinds),
            "finished": False,
            "paused": not self._running.is_set(),
            "waiting_for": self._waiting_for,
            "position": kinds.total(),
            "frames": {"total": kinds.total(), "kinds": dict(sorted(kinds.items()))},
            "rate": {
                "asked": self._asked,
                "periodic": self._streams.periodic,
                "real_time": self._streams.real_time,
                "measured": round(self._measured, 1),
            },
        }

    async def run(self) -> None:
        last = self._clock.monotonic()
        while True:
            if await self._stood_still():
                last = self._clock.monotonic()
            now = self._clock.monotonic()
            self._refresh()
            self._market_ns += min(round((now - last) * SECOND_NS), _CATCH_UP_NS)
            last = now
            self._streams.turn(self._market_ns, self.now_ms())
            self._hub.flush()
            self._measure(now)
            took_s = self._clock.monotonic() - now
            await asyncio.sleep(max(0.0, NAP_S - took_s))

    async def _stood_still(self) -> bool:
        """Wait while paused, and for sockets while there is patience; say whether it did."""
        is_paused = not self._running.is_set()
        await self._running.wait()
        if not self._hub.is_blocked:
            self._is_impatient = False
            return is_paused
        if self._is_impatient:
            return is_paused
        self._waiting_for = "socket"
        try:
            async with asyncio.timeout(PATIENCE_S):
                while self._hub.is_blocked:
                    self._wake.clear()
                    await self._wake.wait()
        except TimeoutError:
            self._is_impatient = True  # until all sockets take their frames again
        self._waiting_for = ""
        return True

    def _measure(self, now: float) -> None:
        since, before = self._measured_from
        if now - since >= _MEASURED_S:
            total = self._hub.sent.total()
            self._measured = (total - before) / (now - since)
            self._measured_from = (now, total)

    def _refresh(self) -> None:
        if self._version == self._hub.version:
            return
        self._version = self._hub.version
        names = [name for name in map(parse_key, self._hub.keys) if self._streams.has(name)]
        has_drops = any(self._drops.concerns(name.key, name.is_diff) for name in names)
        publish = self._publish_some if has_drops else self._hub.publish
        self._streams.want(names, publish, self._market_ns)

    def _publish_some(self, key: str, frame: bytes) -> None:
        is_diff = parse_key(key).is_diff
        if not (self._drops.concerns(key, is_diff) and self._drops.take(key, is_diff)):
            self._hub.publish(key, frame)
