"""One generated instrument: orders come, rest, go and trade, and its streams follow from them.

Pure and seeded: the same seed and the same times give the same market whatever is subscribed; time
is handed in. Each change of a price level has an update id of its own. Spot ids are consecutive;
futures ids jump, as ids there are shared by all contracts. Whole actions are done before anything
is sent, and no action leaves the book crossed. ``Truth`` keeps the book at every id.
"""

from __future__ import annotations

from random import Random
from typing import Final, NamedTuple

from gateway.simulator.day import Day
from gateway.simulator.encode import Encoder, Trade
from gateway.simulator.ladder import Side
from gateway.simulator.listing import Listing
from gateway.simulator.names import Market
from gateway.simulator.truth import Levels, Truth

LEVELS: Final = 300  # a side, about
_TRADE_SHARE: Final = 0.15
_PLACE_SHARE: Final = 0.60  # of the other actions; the rest cancel
_SPREAD_MAX: Final = 8  # ticks, before someone must step in
_THIN_SIDE: Final = 20  # levels, below which nobody takes or cancels
_AGGREGATE_NS: Final = 100_000_000  # futures aggTrade: same price and side within 100 ms

Emission = tuple[str, bytes]  # what follows "<symbol>@" in the stream's name, and the data


class Change(NamedTuple):
    """One level's new quantity; 0 removes it."""

    update_id: int
    is_bid: bool
    price: str
    qty: str


def levels_of(change: Change) -> Levels:
    """Return a change as levels, for ``Truth``."""
    level = [(change.price, change.qty)]
    return (level, []) if change.is_bid else ([], level)


class GeneratedMarket:
    """One instrument. ``act`` is called at the times of its own choosing by the schedule."""

    def __init__(self, listing: Listing, seed: int, *, changes_max: int = 20_000) -> None:
        self.listing = listing
        self.encoder = Encoder(listing)
        self.random = Random(f"{seed}:{listing.market}:{listing.symbol}")
        self.bids, self.asks = Side(is_bid=True), Side(is_bid=False)
        self.truth: Truth[Change] = Truth(levels_of, changes_max=changes_max)
        self.update_id = self.random.randint(10**10, 10**11)
        self._trade_id = self.random.randint(10**8, 10**9)
        self._aggregate_id = self.random.randint(10**7, 10**8)
        self._aggregate: tuple[int, bool, int, int, int] | None = None
        self._aggregate_until_ns = 0
        self.day = Day(listing, self.random, self._trade_id)
        self._fill_book()

    def _fill_book(self) -> None:
        for side, step in ((self.bids, -1), (self.asks, 1)):
            price = self.listing.start + (0 if side.is_bid else 1)
            for _ in range(LEVELS):
                if price < 1:
                    break
                side.set(price, self._size())
                price += step * self.random.randint(1, 3)
        self.truth.start(self.update_id, self.texts(self.bids), self.texts(self.asks))

    def texts(self, side: Side, count: int = 1 << 30) -> list[tuple[str, str]]:
        """Return a side's best levels as the venue writes them."""
        listing, qty = self.listing, side.qty
        return [(listing.price(price), listing.qty(qty[price])) for price in side.top(count)]

    def _size(self) -> int:
        return 1 + int(self.random.expovariate(1 / self.listing.level_qty))

    def _rank(self) -> int:
        return int(self.random.expovariate(0.25))

    def _set(self, side: Side, price: int, qty: int) -> None:
        is_spot = self.listing.market is Market.SPOT
        self.update_id += 1 if is_spot else self.random.randint(1, 60)
        side.set(price, qty)
        text, size = self.listing.price(price), self.listing.qty(qty)
        self.truth.append(self.update_id, Change(self.update_id, side.is_bid, text, size))

    def act(self, now_ns: int, wanted: frozenset[str]) -> list[Emission]:
        """Do one random action; return the real-time frames of ``wanted`` that follow from it."""
        emissions = self.flush_aggregate(now_ns, wanted)
        ms = now_ns // 1_000_000
        top = self._top()
        is_trade = self.random.random() < _TRADE_SHARE
        if is_trade:
            emissions += self._trade(ms, now_ns, wanted)
        elif self.random.random() < _PLACE_SHARE:
            self._place()
        else:
            self._cancel()
        self._mend()
        if "bookTicker" in wanted and self._top() != top:
            bid, ask = self.best()
            data = self.encoder.book_ticker(self.update_id, bid, ask, ms)
            emissions.append(("bookTicker", data))
        return emissions

    def best(self) -> tuple[tuple[str, str], tuple[str, str]]:
        """Return the best bid and ask as texts."""
        return self.texts(self.bids, 1)[0], self.texts(self.asks, 1)[0]

    def _top(self) -> tuple[int, int, int, int]:
        bid, ask = self.bids.best, self.asks.best
        return bid, self.bids.qty[bid], ask, self.asks.qty[ask]

    def _spread(self) -> int:
        return self.asks.best - self.bids.best

    def _place(self) -> None:
        side = self.bids if self.random.random() < 0.5 else self.asks
        inward = 1 if side.is_bid else -1
        if self._spread() > 1 and self.random.random() < 0.5:
            price = side.best + inward * self.random.randint(1, min(self._spread() - 1, 3))
        else:
            price = side.nth(self._rank()) - inward * self.random.randint(0, 2)
        if price >= 1:
            self._set(side, price, self._size())

    def _cancel(self) -> None:
        side = self.bids if self.random.random() < 0.5 else self.asks
        if len(side) <= _THIN_SIDE:
            self._place()
            return
        price = side.nth(self._rank())
        is_partial = side.qty[price] > 1 and self.random.random() < 0.4
        self._set(side, price, self.random.randint(1, side.qty[price] - 1) if is_partial else 0)

    def _mend(self) -> None:
        """Close a wide spread, and keep the number of levels near what it was."""
        while self._spread() > _SPREAD_MAX:
            side = self.bids if self.random.random() < 0.5 else self.asks
            self._set(side, side.best + (1 if side.is_bid else -1), self._size())
        for side in (self.bids, self.asks):
            if len(side) > LEVELS * 3 // 2:
                self._set(side, side.worst, 0)
            elif len(side) < LEVELS // 2:
                price = side.worst + (-1 if side.is_bid else 1) * self.random.randint(1, 3)
                if price >= 1:
                    self._set(side, price, self._size())

    def _trade(self, ms: int, now_ns: int, wanted: frozenset[str]) -> list[Emission]:
        """Take up to five levels of one side away, best first."""
        # a price near zero must rise, or it would leave the positive numbers
        takes_asks = self.bids.best < self.listing.start // 10 or self.random.random() < 0.5
        side = self.asks if takes_asks else self.bids
        left = self._size()
        emissions: list[Emission] = []
        for _ in range(5):
            if not left or len(side) <= _THIN_SIDE:
                break
            price = side.best
            taken = min(left, side.qty[price])
            self._set(side, price, side.qty[price] - taken)
            emissions += self._print(price, taken, not takes_asks, ms, now_ns, wanted)
            left -= taken
        return emissions

    def _print(
        self,
        price: int,
        qty: int,
        is_buyer_maker: bool,
        ms: int,
        now_ns: int,
        wanted: frozenset[str],
    ) -> list[Emission]:
        """Make one or two trades (resting orders met) of what was taken at a price."""
        first = self.random.randint(1, qty) if self.random.random() < 0.3 else qty
        emissions: list[Emission] = []
        first_id = self._trade_id
        for part in (first, qty - first):
            if not part:
                continue
            self.day.trade(self._trade_id, price, part)
            if "trade" in wanted:
                trade = self._texts_of(self._trade_id, price, part, is_buyer_maker)
                emissions.append(("trade", self.encoder.trade(trade, ms)))
            self._trade_id += 1
        return emissions + self._aggregated(price, is_buyer_maker, qty, first_id, now_ns, wanted)

    def _texts_of(
        self, trade_id: int, price: int, qty: int, is_buyer_maker: bool, *span: int
    ) -> Trade:
        listing = self.listing
        return Trade(trade_id, listing.price(price), listing.qty(qty), is_buyer_maker, *span)

    def _aggregated(
        self, price: int, is_buyer_maker: bool, qty: int, first_id: int, now_ns: int,
        wanted: frozenset[str],
    ) -> list[Emission]:  # fmt: skip
        # Spot aggregates one taker order at one price; futures what trades within 100 ms at one
        # price and side (websocket-market-streams "Aggregate Trade Streams").
        emissions: list[Emission] = []
        running = self._aggregate
        if running is not None and running[:2] == (price, is_buyer_maker):
            _, _, before, first_id, _ = running
            qty += before
        else:
            emissions = self.flush_aggregate(now_ns, wanted, is_over=True)
            self._aggregate_until_ns = now_ns + _AGGREGATE_NS
        self._aggregate = (price, is_buyer_maker, qty, first_id, self._trade_id - 1)
        is_spot = self.listing.market is Market.SPOT
        return emissions + self.flush_aggregate(now_ns, wanted, is_over=is_spot)

    def flush_aggregate(
        self, now_ns: int, wanted: frozenset[str], *, is_over: bool = False
    ) -> list[Emission]:
        """Send the aggregate trade that is open, if its 100 ms have passed or it ``is_over``."""
        end_ns = min(now_ns, self._aggregate_until_ns)
        if self._aggregate is None or not (is_over or end_ns == self._aggregate_until_ns):
            return []
        price, is_buyer_maker, qty, first_id, last_id = self._aggregate
        self._aggregate = None
        aggregate_id, self._aggregate_id = self._aggregate_id, self._aggregate_id + 1
        if "aggTrade" not in wanted:
            return []
        trade = self._texts_of(aggregate_id, price, qty, is_buyer_maker, first_id, last_id)
        return [("aggTrade", self.encoder.agg_trade(trade, end_ns // 1_000_000))]
