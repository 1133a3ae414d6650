"""The schedule of the generated market: who acts when, and which streams are sent of it.

Pure and seeded; time is handed in. Three things happen at one moment in this order: instruments
act, prices are sampled (each whole second), beats fire.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from gateway.simulator.beats import MS, Beat, make_beat
from gateway.simulator.board import Board, is_of_board, make_board_beat
from gateway.simulator.encode_futures import contract_info
from gateway.simulator.history import kept_of
from gateway.simulator.listing import list_symbol
from gateway.simulator.market import TRADING, GeneratedMarket
from gateway.simulator.names import Kind, Market, StreamName, parse_key
from gateway.simulator.prices import PairIndex
from gateway.simulator.prints import Emission
from gateway.simulator.source import ONBOARD_MS, NoSuchSymbol

ACTIONS_PER_S: Final = 20.0  # an instrument
CHANGES_KEPT: Final = 2_000_000  # of the truth, over all instruments
HALTED: Final = "BREAK"
CLOSED: Final = "CLOSE"  # what a contract's last contractInfo says
FUTURES: Final = (Market.USDM, Market.COINM)
_CHANGES_MAX: Final = 20_000
_CHANGES_MIN: Final = 2_000
_KEPT_S: Final = 10.0  # seconds of actions; the slowest diff depth needs the last one
_SECOND_NS: Final = 1_000_000_000
_ACT, _SAMPLE, _FIRE = range(3)
_REAL_TIME: Final = frozenset({Kind.TRADE, Kind.AGG_TRADE, Kind.BLOCK_TRADE, Kind.BOOK_TICKER})

Frame = tuple[str, bytes]  # the stream's key (``spot:btcusdt@trade``), and the data
Job = Callable[[int], int | None]  # done at a time; returns when to be done next


class Exchange:
    """All instruments and their streams; ``want`` says which of those are sent."""

    def __init__(
        self, symbols: Sequence[tuple[Market, str]], seed: int, rate: float, now_ns: int
    ) -> None:
        kept = min(_CHANGES_MAX, CHANGES_KEPT // max(1, len(symbols)))
        self._changes_max = max(_CHANGES_MIN, round(_KEPT_S * ACTIONS_PER_S * rate), kept)
        self._kept = kept_of(len(symbols))
        self._seed = seed
        self._mean_ns = 1e9 / (ACTIONS_PER_S * rate)
        self._board = Board()
        self._jobs: list[tuple[int, int, int, Job]] = []
        self._made = 0  # jobs, to order those of one moment
        self._frames: list[Frame] = []
        self._wanted: dict[str, Beat | None] = {}
        self._taps: dict[str, dict[str, list[str]]] = {}  # instrument -> suffix -> stream keys
        for market, symbol in symbols:
            self._add(market, symbol, now_ns, ONBOARD_MS)
        self._sample(now_ns)
        self._plan(_SAMPLE, _next(now_ns, _SECOND_NS), self._sample)

    @property
    def markets(self) -> dict[str, GeneratedMarket]:
        """Return the instruments by id (``spot:BTCUSDT``)."""
        return self._board.markets

    @property
    def board(self) -> Board:
        """Return what is listed, pairs too."""
        return self._board

    @property
    def due_ns(self) -> int:
        """Return when something happens next."""
        return self._jobs[0][0]

    def find(self, market: Market, symbol: str) -> GeneratedMarket:
        """Return an instrument. Raises NoSuchSymbol."""
        found = self.markets.get(f"{market}:{symbol}")
        if found is None:
            raise NoSuchSymbol(symbol)
        return found

    def advance(self, now_ns: int) -> list[Frame]:
        """Do what is due; return the frames of the wanted streams in order of time."""
        while self._jobs[0][0] <= now_ns:
            due_ns, rank, number, job = heapq.heappop(self._jobs)
            next_ns = job(due_ns)
            if next_ns is not None:
                heapq.heappush(self._jobs, (next_ns, rank, number, job))
        frames, self._frames = self._frames, []
        return frames

    def _plan(self, rank: int, due_ns: int, job: Job) -> None:
        self._made += 1
        heapq.heappush(self._jobs, (due_ns, rank, self._made, job))

    # Instruments

    def _add(self, market: Market, symbol: str, now_ns: int, onboard_ms: int) -> GeneratedMarket:
        listing = list_symbol(market, symbol)
        made = GeneratedMarket(
            listing, self._seed, now_ns // MS, changes_max=self._changes_max,
            onboard_ms=onboard_ms, kept=self._kept,
        )  # fmt: skip
        if made.key not in self.markets:
            self.markets[made.key] = made
            if market in FUTURES:
                self._board.pairs.setdefault(
                    (market, listing.pair), PairIndex(listing.pair, made.middle, self._kept.candles)
                )
            self._plan(_ACT, self._action_after(made, now_ns), self._acting(made))
        return made

    def _acting(self, market: GeneratedMarket) -> Job:
        def act(now_ns: int) -> int | None:
            if self.markets.get(market.key) is not market:
                return None
            wanted = frozenset(self._taps.get(market.key, {}))
            self._take(market, market.act(now_ns, wanted))
            return self._action_after(market, now_ns)

        return act

    def _action_after(self, market: GeneratedMarket, now_ns: int) -> int:
        return now_ns + 1 + int(market.random.expovariate(1 / self._mean_ns))

    def _sample(self, now_ns: int) -> int:
        ms = now_ns // MS
        sampled = set()
        for market in self.markets.values():
            market.mark(ms)
            pair = market.listing.market, market.listing.pair
            index = self._board.pairs.get(pair)
            if index is None:
                continue
            if pair not in sampled:  # the first contract leads
                sampled.add(pair)
                index.sample(market.middle, ms)
            market.marks.sample(market.middle, index.price, ms)
        return now_ns + _SECOND_NS

    def list_symbol(self, market: Market, symbol: str, now_ns: int) -> None:
        """Add an instrument; one that is there already stays as it is."""
        if f"{market}:{symbol}" in self.markets:
            return
        made = self._add(market, symbol, now_ns, onboard_ms=now_ns // MS)
        self._tell(made, TRADING, now_ns, has_brackets=True)
        self._connect_all(now_ns)

    def halt(self, market: Market, symbol: str, is_halted: bool, now_ns: int) -> None:
        """Stop an instrument's trading, or let it go on. Raises NoSuchSymbol."""
        found = self.find(market, symbol)
        status = HALTED if is_halted else TRADING
        if found.status != status:
            found.status = status
            self._tell(found, status, now_ns)

    def restart_ids(self, market: Market, symbol: str, now_ns: int) -> None:
        """Let an instrument number anew, from lower ids on. Raises NoSuchSymbol, NoLowerIds."""
        found = self.find(market, symbol)
        self._take(found, found.restart_ids(now_ns, frozenset(self._taps.get(found.key, {}))))

    def _take(self, market: GeneratedMarket, emissions: Iterable[Emission]) -> None:
        taps = self._taps.get(market.key, {})
        for suffix, data in emissions:
            self._frames += [(key, data) for key in taps[suffix]]

    def delist(self, market: Market, symbol: str, now_ns: int) -> None:
        """Take an instrument away; its streams fall silent. Raises NoSuchSymbol."""
        found = self.find(market, symbol)
        del self.markets[found.key]
        self._board.pairs = {
            (host, pair): index
            for (host, pair), index in self._board.pairs.items()
            if self._board.of_pair(host, pair)
        }
        self._tell(found, CLOSED, now_ns)
        for key in self._wanted:
            if _is_of(parse_key(key), found):
                self._wanted[key] = None
        self._connect_all(now_ns)

    def _tell(
        self, market: GeneratedMarket, status: str, now_ns: int, has_brackets: bool = False
    ) -> None:
        """Send contractInfo, on both futures hosts."""
        if market.listing.market not in FUTURES:
            return
        ms = now_ns // MS
        data = contract_info(
            market.listing, status, market.onboard_ms, ms, has_brackets=has_brackets
        )
        keys = (f"{host}:!contractInfo" for host in FUTURES)
        self._frames += [(key, data) for key in keys if key in self._wanted]

    # Streams

    def want(self, keys: Iterable[str], now_ns: int) -> None:
        """Send these streams from now on, and no others."""
        wanted = dict.fromkeys(keys)
        for key in [key for key in self._wanted if key not in wanted]:
            del self._wanted[key]
        for key in [key for key in wanted if key not in self._wanted]:
            self._connect(key, now_ns)
        self._tap()

    def _connect_all(self, now_ns: int) -> None:
        """Look again for what was subscribed and did not exist."""
        for key in [key for key, beat in self._wanted.items() if beat is None]:
            self._connect(key, now_ns)
        self._tap()

    def _connect(self, key: str, now_ns: int) -> None:
        name = parse_key(key)
        beat = self._make_beat(name, now_ns // MS) if name.kind is not Kind.OTHER else None
        self._wanted[key] = beat
        if beat is not None:
            self._plan(_FIRE, _next(now_ns, beat.period_ns), self._firing(key, beat))

    def _make_beat(self, name: StreamName, now_ms: int) -> Beat | None:
        market = self._board.find(name)
        if market is not None:
            return make_beat(market, name)
        if is_of_board(name) and name.speed_ms:
            return make_board_beat(self._board, name, now_ms)
        return None

    def _firing(self, key: str, beat: Beat) -> Job:
        def fire(now_ns: int) -> int | None:
            if self._wanted.get(key) is not beat:
                return None
            self._frames += [(key, data) for data in beat.fire(now_ns)]
            return now_ns + beat.period_ns

        return fire

    def _tap(self) -> None:
        """Work out which frames of the actions go to which streams."""
        self._taps = {}
        for name in map(parse_key, self._wanted):
            if name.kind not in _REAL_TIME:
                continue
            if name.symbol:
                self._taps.setdefault(f"{name.market}:{name.symbol}", {})[name.suffix] = [name.key]
        # the fast !bookTicker shows each change of every contract, foreign ones too
        for key in [key for key in self._wanted if _is_fast_board(parse_key(key))]:
            for market in self._board.on_host(parse_key(key).market):
                taps = self._taps.setdefault(market.key, {})
                taps["bookTicker"] = [*taps.get("bookTicker", ()), key]


def _is_fast_board(name: StreamName) -> bool:
    return name.kind is Kind.BOOK_TICKER and not name.symbol and not name.speed_ms


def _is_of(name: StreamName, market: GeneratedMarket) -> bool:
    """Say whether a stream is, or may be, about an instrument alone."""
    listing = market.listing
    return name.market is listing.market and (
        name.symbol == listing.symbol or name.kind in (Kind.CONTINUOUS_KLINE, Kind.INDEX_KLINE)
    )


def _next(now_ns: int, period_ns: int) -> int:
    """Return the next whole multiple of a period."""
    return (now_ns // period_ns + 1) * period_ns
