"""Replay: a timeline's frames go to the sockets that subscribed them.

The replay's clock starts at the first subscription. With speed ``max`` it begins once subscriptions
have been quiet for ``settle_s`` (clients subscribe in several messages), stops at the gates of
``gateway.simulator.replay`` for at most ``gate_timeout_s``, and stands still while a REST depth
answer is on its way. At any speed it waits for a socket that does not take its frames: a replay
loses nothing and buffers a bounded amount. Afterwards sockets stay open and silent, or with
``loop`` they are closed and all begins anew at the next subscription.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from gateway.simulator.clock import Clock
from gateway.simulator.fanout import Fanout
from gateway.simulator.faults import Drops
from gateway.simulator.hub import Hub
from gateway.simulator.names import Market
from gateway.simulator.replay import MAX_SPEED, Gates, Pacer
from gateway.simulator.source import Instrument, NoSnapshot, NoSuchSymbol
from gateway.simulator.tape import Decimals, SymbolTape
from gateway.simulator.timeline import Timeline
from gateway.simulator.truth import TrueBook

BATCH_FRAMES: Final = 256  # sent before sockets are looked at again
BATCH_BYTES: Final = 512 * 1024  # the same
GOING_AWAY: Final = 1001


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """How a replay runs; see the module's docstring."""

    speed: float = 1.0
    loop: bool = False
    paused: bool = False
    settle_s: float = 0.3
    gate_timeout_s: float = 10.0


class Replay:
    """A source that replays a timeline."""

    def __init__(
        self, timeline: Timeline, hub: Hub, clock: Clock, drops: Drops, options: ReplayOptions
    ) -> None:
        self._timeline = timeline
        self._hub = hub
        self._clock = clock
        self._fanout = Fanout(timeline, hub, drops)
        self._options = options
        self._pacer = Pacer(options.speed)
        self._gates = Gates(
            {
                f"{tape.market}:{tape.symbol}": tape.snapshot_position
                for tape in timeline.tapes.values()
                if tape.snapshot_id is not None
            }
        )
        self._wake = asyncio.Event()
        self._paused = options.paused
        self._answering = 0
        self._waiting_for = ""
        self._position = 0
        self._rounds = 0

    def instruments(self, market: Market) -> list[Instrument]:
        return [
            _instrument(tape) for tape in self._timeline.tapes.values() if tape.market is market
        ]

    def depth(self, market: Market, symbol: str) -> TrueBook:
        book = self.book_at(market, symbol, None)
        self._gates.open(f"{market}:{symbol}")
        self.wake()
        return book

    def depth_before(
        self, market: Market, symbol: str, age_s: float, *, is_rpi: bool = False
    ) -> TrueBook:
        offsets = self._timeline.offsets
        reached = offsets[self._position - 1] if self._position else 0
        before = bisect_right(offsets, reached - round(age_s * 1e9), 0, self._position)
        return self._book_at_position(market, symbol, before, None)

    def book_at(self, market: Market, symbol: str, update_id: int | None) -> TrueBook:
        return self._book_at_position(market, symbol, self._position, update_id)

    def _book_at_position(
        self, market: Market, symbol: str, position: int, update_id: int | None
    ) -> TrueBook:
        tape = self._timeline.tapes.get((market, symbol))
        if tape is None:
            raise NoSuchSymbol(symbol)
        current = tape.update_id_at(position)
        if current is None:
            why = "no snapshot" if tape.snapshot_id is None else "a gap before this place"
            raise NoSnapshot(f"the capture of {symbol} has {why}")
        return tape.book_at(current if update_id is None else update_id)

    def now_ms(self) -> int:
        """Return the capture's receive time at the current position."""
        offsets = self._timeline.offsets
        reached = offsets[self._position - 1] if self._position else 0
        return (self._timeline.start_ns + reached) // 1_000_000

    @contextmanager
    def answering(self) -> Iterator[None]:
        self._answering += 1
        try:
            yield
        finally:
            self._answering -= 1
            self.wake()

    def wake(self) -> None:
        self._wake.set()

    def pause(self) -> None:
        self._paused = True

    def resume(self) -> None:
        self._paused = False
        self.wake()

    def arm_drop(self, stream: str, count: int) -> None:
        if not self._fanout.arm_drop(stream, count):
            raise NoSuchSymbol(stream)

    def status(self) -> dict[str, Any]:
        self._fanout.settle_counts()
        return {
            "source": "replay",
            "started": self._position > 0 or self._rounds > 0,
            "finished": self._is_at_end and not self._options.loop,
            "paused": self._paused,
            "waiting_for": self._waiting_for,
            "position": self._position,
            "frames": len(self._timeline.frames),
            "rounds": self._rounds,
        }

    async def run(self) -> None:
        while True:
            await self._until("subscription", lambda: bool(self._hub.keys))
            if self._options.speed == MAX_SPEED:
                await self._settle()
            if not self._hub.keys:
                continue
            await self._play()
            self._rounds += 1
            if not self._options.loop:
                return
            self._wrap()

    @property
    def _is_at_end(self) -> bool:
        return self._position == len(self._timeline.frames)

    async def _settle(self) -> None:
        version = -1
        while version != self._hub.version:
            version = self._hub.version
            await asyncio.sleep(self._options.settle_s)

    async def _play(self) -> None:
        offsets, pacer = self._timeline.offsets, self._pacer
        while not self._is_at_end:
            if self._obstacle():
                pacer.stop(self._clock.monotonic())
                await self._until(self._obstacle(), lambda: not self._obstacle())
            now = self._clock.monotonic()
            pacer.run(now)
            if self._fanout.refresh():
                self._gates.watch(self._fanout.books_wanted)
            stop = self._gates_limit(pacer.due(offsets, now))
            if stop > self._position:
                stop = min(stop, self._position + BATCH_FRAMES)
                self._position = self._fanout.send(self._position, stop, BATCH_BYTES)
                self._hub.flush()
                await asyncio.sleep(0)
            elif self._options.speed == MAX_SPEED:
                await self._wait_at_gate()
            else:
                await self._sleep(pacer.seconds_until(offsets[self._position], now))

    def _obstacle(self) -> str:
        if self._paused:
            return "resume"
        if self._answering and self._options.speed == MAX_SPEED:
            return "REST answer"
        return "socket" if self._hub.is_blocked else ""

    def _gates_limit(self, due: int) -> int:
        if self._options.speed != MAX_SPEED:
            return due
        return self._gates.limit(self._position, due)

    async def _wait_at_gate(self) -> None:
        names = self._gates.holding(self._position)
        version = self._hub.version
        await self._until(
            f"REST depth of {', '.join(names)}",
            lambda: self._gates.holding(self._position) != names or self._hub.version != version,
            self._options.gate_timeout_s,
        )
        if self._gates.holding(self._position) == names and self._hub.version == version:
            for name in names:
                self._gates.open(name)

    async def _until(
        self, what: str, is_true: Callable[[], bool], timeout_s: float | None = None
    ) -> None:
        self._waiting_for = what
        try:
            async with asyncio.timeout(timeout_s):
                while not is_true():
                    self._wake.clear()
                    await self._wake.wait()
        except TimeoutError:
            pass
        finally:
            self._waiting_for = ""

    async def _sleep(self, seconds: float) -> None:
        self._wake.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass

    def _wrap(self) -> None:
        self._hub.close_all(GOING_AWAY, "the replay begins anew")
        self._gates.reset()
        self._position = 0
        self._pacer = Pacer(self._options.speed)


def _instrument(tape: SymbolTape) -> Instrument:
    is_spot = tape.market is Market.SPOT
    return Instrument(
        tape.market,
        tape.symbol,
        tick=_unit(tape.price, is_spot),
        step=_unit(tape.qty, is_spot),
        price_decimals=tape.price.finest,
        qty_decimals=tape.qty.finest,
    )


def _unit(seen: Decimals, is_spot: bool) -> str:
    """Return one unit of the finest decimal, as exchangeInfo writes it: 0.01000000 or 0.10."""
    shown = max(seen.shown, 8 if is_spot else 0)
    if not shown:
        return "1"
    digits = str(10 ** (shown - seen.finest)).rjust(shown + 1, "0")
    return f"{digits[:-shown]}.{digits[-shown:]}"
