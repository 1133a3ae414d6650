"""The schedule of the generated market: who acts when. Pure and seeded; time is handed in."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from gateway.simulator.beats import Beat, make_beat
from gateway.simulator.listing import list_symbol
from gateway.simulator.market import Emission, GeneratedMarket
from gateway.simulator.names import Market, parse_stream

ACTIONS_PER_S: Final = 20.0  # an instrument
CHANGES_KEPT: Final = 2_000_000  # of the truth, over all instruments
_CHANGES_MAX: Final = 20_000
_CHANGES_MIN: Final = 2_000
_KEPT_S: Final = 10.0  # seconds of actions; the slowest diff depth needs the last one


class Trader:
    """One instrument with its times: actions at random intervals, beats at fixed ones."""

    def __init__(self, market: GeneratedMarket, rate: float, now_ns: int) -> None:
        self.market = market
        self._mean_ns = 1e9 / (ACTIONS_PER_S * rate)
        self._wanted: frozenset[str] = frozenset()
        self._beats: dict[str, tuple[int, Beat]] = {}  # suffix -> when next, what
        self._act_at = now_ns
        self._plan_action()
        self.due_ns = self._act_at

    @property
    def key(self) -> str:
        """Return the instrument's id: ``spot:BTCUSDT``."""
        return f"{self.market.listing.market}:{self.market.listing.symbol}"

    def want(self, suffixes: Iterable[str], now_ns: int) -> None:
        """Send these streams from now on, and no others."""
        wanted = frozenset(suffixes)
        if wanted == self._wanted:
            return
        listing = self.market.listing
        for suffix in wanted - self._wanted:
            name = parse_stream(listing.market, f"{listing.symbol.lower()}@{suffix}")
            beat = make_beat(self.market, name)
            if beat is not None:
                self._beats[suffix] = ((now_ns // beat.period_ns + 1) * beat.period_ns, beat)
        for suffix in self._wanted - wanted:
            self._beats.pop(suffix, None)
        self._wanted = wanted
        self._plan()

    def advance(self, now_ns: int) -> list[Emission]:
        """Do what is due up to ``now_ns``, in order of time; return what is sent."""
        emissions: list[Emission] = []
        while self.due_ns <= now_ns:
            at = self.due_ns
            if self._act_at == at:
                emissions += self.market.act(at, self._wanted)
                self._plan_action()
            for suffix, (next_ns, beat) in self._beats.items():
                if next_ns == at:
                    emissions += beat.fire(at)
                    self._beats[suffix] = (at + beat.period_ns, beat)
            self._plan()
        return emissions

    def _plan_action(self) -> None:
        self._act_at += 1 + int(self.market.random.expovariate(1 / self._mean_ns))

    def _plan(self) -> None:
        beats = min((next_ns for next_ns, _ in self._beats.values()), default=self._act_at)
        self.due_ns = min(self._act_at, beats)


class Exchange:
    """All instruments, and the order in which they come up."""

    def __init__(
        self, symbols: Sequence[tuple[Market, str]], seed: int, rate: float, now_ns: int
    ) -> None:
        kept = min(_CHANGES_MAX, CHANGES_KEPT // max(1, len(symbols)))
        kept = max(_CHANGES_MIN, round(_KEPT_S * ACTIONS_PER_S * rate), kept)
        markets = (
            GeneratedMarket(list_symbol(market, symbol), seed, changes_max=kept)
            for market, symbol in symbols
        )
        self.traders = {
            trader.key: trader for trader in (Trader(market, rate, now_ns) for market in markets)
        }
        self._heap = [(trader.due_ns, key) for key, trader in self.traders.items()]
        heapq.heapify(self._heap)

    @property
    def due_ns(self) -> int:
        """Return when something happens next."""
        return self._heap[0][0]

    def want(self, suffixes: Mapping[str, Iterable[str]], now_ns: int) -> None:
        """Send these streams, by instrument, and no others."""
        for key, trader in self.traders.items():
            before = trader.due_ns
            trader.want(suffixes.get(key, ()), now_ns)
            if trader.due_ns != before:
                heapq.heappush(self._heap, (trader.due_ns, key))

    def advance(self, now_ns: int) -> list[tuple[str, str, bytes]]:
        """Do what is due; return instrument, suffix and data of each frame, in order of time."""
        frames = []
        while self._heap[0][0] <= now_ns:
            due_ns, key = heapq.heappop(self._heap)
            trader = self.traders[key]
            # an entry whose time is not the trader's own any more was replaced by another
            if due_ns == trader.due_ns:
                frames += [(key, suffix, data) for suffix, data in trader.advance(due_ns)]
                heapq.heappush(self._heap, (trader.due_ns, key))
        return frames
