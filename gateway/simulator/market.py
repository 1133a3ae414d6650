"""One generated instrument: orders come, rest, go and trade, and its streams follow from them.

Pure and seeded: the same seed and the same times give the same market whatever is subscribed; time
is handed in. Each change of a price level has an update id of its own. Spot ids are consecutive;
futures ids jump, as ids there are shared by all contracts. Whole actions are done before anything
is sent, and no action leaves the book crossed. ``Truth`` keeps the book at every id.
"""

from __future__ import annotations

from random import Random
from typing import Final

from gateway.simulator.changes import Change, levels_of
from gateway.simulator.encode import Encoder
from gateway.simulator.eras import Eras, lower_id
from gateway.simulator.exchange_info import contract_of
from gateway.simulator.history import USUAL, Kept
from gateway.simulator.ladder import Side
from gateway.simulator.liquidations import ForcedOrder, Liquidations
from gateway.simulator.listing import Listing
from gateway.simulator.names import Market
from gateway.simulator.prices import Marks
from gateway.simulator.prints import Emission, Prints
from gateway.simulator.retail import Level, RetailBook
from gateway.simulator.source import ONBOARD_MS, Instrument
from gateway.simulator.truth import Truth

LEVELS: Final = 300  # a side, about
TRADING: Final = "TRADING"
_TRADE_SHARE: Final = 0.15
_PLACE_SHARE: Final = 0.60  # of the other actions; the rest cancel
_FORCED_SHARE: Final = 0.05  # of a contract's trades
_BLOCK_SHARE: Final = 0.005  # of all actions on spot
_SPREAD_MAX: Final = 8  # ticks, before someone must step in
_THIN_SIDE: Final = 20  # levels, below which nobody takes or cancels
_JUMP_MAX: Final = 60  # between two update ids of a contract


class GeneratedMarket:
    """One instrument. ``act`` is called at the times of its own choosing by the schedule."""

    def __init__(
        self, listing: Listing, seed: int, now_ms: int, *,
        changes_max: int = 20_000, onboard_ms: int = ONBOARD_MS, kept: Kept = USUAL,
    ) -> None:  # fmt: skip
        name = f"{seed}:{listing.market}:{listing.symbol}"
        self.listing = listing
        self.encoder = Encoder(listing)
        self.random = Random(name)
        self._extras = Random(f"{name}:extras")  # what comes on top leaves the rest as it is
        self.status = TRADING
        self.onboard_ms = onboard_ms
        self.bids, self.asks = Side(is_bid=True), Side(is_bid=False)
        self._changes_max = changes_max
        self.update_id = self.random.randint(10**10, 10**11)
        self.prints = Prints(listing, self.encoder, self.random, kept)
        self._fill_book()
        is_perpetual = contract_of(listing.symbol, now_ms)[0].endswith("PERPETUAL")
        self.liquidations = Liquidations(largest=listing.market is Market.USDM)
        self.marks = Marks(is_perpetual, self.middle, kept.candles)
        self._touched: list[Level] = []
        self.retail: RetailBook | None = None
        if listing.market is Market.USDM:
            self.retail = RetailBook(listing, self._extras, self.bids, self.asks, changes_max)

    def _fill_book(self) -> None:
        for side, step in ((self.bids, -1), (self.asks, 1)):
            price = self.listing.start + (0 if side.is_bid else 1)
            for _ in range(LEVELS):
                if price < 1:
                    break
                side.set(price, self._size())
                price += step * self.random.randint(1, 3)
        self.eras = Eras(self._new_truth())

    def _new_truth(self) -> Truth[Change]:
        truth: Truth[Change] = Truth(levels_of, changes_max=self._changes_max)
        truth.start(self.update_id, self.texts(self.bids), self.texts(self.asks))
        return truth

    @property
    def truth(self) -> Truth[Change]:
        """Return the true books of the numbering in force."""
        return self.eras.current

    @property
    def key(self) -> str:
        """Return the instrument's id: ``spot:BTCUSDT``."""
        return f"{self.listing.market}:{self.listing.symbol}"

    @property
    def middle(self) -> int:
        """Return the price between best bid and ask, in 1e-8."""
        return self.listing.fine_price(self.bids.best + self.asks.best)

    def instrument(self) -> Instrument:
        """Return what exchangeInfo says about it."""
        return self.listing.instrument(self.status, self.onboard_ms)

    def texts(self, side: Side, count: int = 1 << 30) -> list[tuple[str, str]]:
        """Return a side's best levels as the venue writes them."""
        listing, qty = self.listing, side.qty
        return [(listing.price(price), listing.qty(qty[price])) for price in side.top(count)]

    def best(self) -> tuple[tuple[str, str], tuple[str, str]]:
        """Return the best bid and ask as texts."""
        return self.texts(self.bids, 1)[0], self.texts(self.asks, 1)[0]

    def book_ticker(self, ms: int) -> bytes:
        """Return the best prices as the stream of them shows them."""
        return self.encoder.book_ticker(self.update_id, *self.best(), ms)

    def mark(self, ms: int) -> None:
        """Remember which book this moment has, for answers that are stale."""
        self.eras.mark(ms)
        if self.retail is not None:
            self.retail.eras.mark(ms)

    def restart_ids(self, now_ns: int, wanted: frozenset[str]) -> list[Emission]:
        """Number updates and trades anew, from lower ids on; the book stays as it is.

        Returns the frames that end the old numbering. Raises NoLowerIds.
        """
        update_id = lower_id(min(self.eras.begins), self._extras)
        emissions = self.prints.restart_ids(now_ns, wanted, self._extras)
        self.update_id = update_id
        self.eras.begin(self._new_truth())
        if self.retail is not None:
            self.retail.restart_ids()
        return emissions

    def act(self, now_ns: int, wanted: frozenset[str]) -> list[Emission]:
        """Do one random action; return the real-time frames of ``wanted`` that follow from it.

        Nobody acts while the instrument is halted.
        """
        emissions = self.prints.flush_aggregate(now_ns, wanted)
        if self.status != TRADING:
            return emissions
        top = self._top()
        if self.random.random() < _TRADE_SHARE:
            emissions += self._trade(now_ns, wanted)
        elif self.random.random() < _PLACE_SHARE:
            self._place()
        else:
            self._cancel()
        self._mend()
        if "bookTicker" in wanted and self._top() != top:
            emissions.append(("bookTicker", self.book_ticker(now_ns // 1_000_000)))
        if self.retail is not None:
            self.retail.follow(self._touched)
            self._touched.clear()
        return emissions + self._block(now_ns // 1_000_000, wanted)

    def _size(self) -> int:
        return 1 + int(self.random.expovariate(1 / self.listing.level_qty))

    def _rank(self) -> int:
        return int(self.random.expovariate(0.25))

    def _set(self, side: Side, price: int, qty: int) -> None:
        is_spot = self.listing.market is Market.SPOT
        self.update_id += 1 if is_spot else self.random.randint(1, _JUMP_MAX)
        side.set(price, qty)
        text, size = self.listing.price(price), self.listing.qty(qty)
        self.truth.append(self.update_id, Change(self.update_id, side.is_bid, text, size))
        if self.retail is not None:
            self._touched.append((side.is_bid, price))

    def _top(self) -> tuple[int, int, int, int]:
        bid, ask = self.bids.best, self.asks.best
        return bid, self.bids.qty[bid], ask, self.asks.qty[ask]

    def _spread(self) -> int:
        return self.asks.best - self.bids.best

    def _either(self) -> Side:
        return self.bids if self.random.random() < 0.5 else self.asks

    def _place(self) -> None:
        side = self._either()
        inward = 1 if side.is_bid else -1
        if self._spread() > 1 and self.random.random() < 0.5:
            price = side.best + inward * self.random.randint(1, min(self._spread() - 1, 3))
        else:
            price = side.nth(self._rank()) - inward * self.random.randint(0, 2)
        if price >= 1:
            self._set(side, price, self._size())

    def _cancel(self) -> None:
        side = self._either()
        if len(side) <= _THIN_SIDE:
            self._place()
            return
        price = side.nth(self._rank())
        is_partial = side.qty[price] > 1 and self.random.random() < 0.4
        self._set(side, price, self.random.randint(1, side.qty[price] - 1) if is_partial else 0)

    def _mend(self) -> None:
        """Close a wide spread, and keep the number of levels near what it was."""
        while self._spread() > _SPREAD_MAX:
            side = self._either()
            self._set(side, side.best + (1 if side.is_bid else -1), self._size())
        for side in (self.bids, self.asks):
            if len(side) > LEVELS * 3 // 2:
                self._set(side, side.worst, 0)
            elif len(side) < LEVELS // 2:
                price = side.worst + (-1 if side.is_bid else 1) * self.random.randint(1, 3)
                if price >= 1:
                    self._set(side, price, self._size())

    def _trade(self, now_ns: int, wanted: frozenset[str]) -> list[Emission]:
        """Take up to five levels of one side away, best first."""
        # a price near zero must rise, or it would leave the positive numbers
        takes_asks = self.bids.best < self.listing.start // 10 or self.random.random() < 0.5
        side = self.asks if takes_asks else self.bids
        left = self._size()
        emissions: list[Emission] = []
        fills: list[tuple[int, int]] = []
        for _ in range(5):
            if not left or len(side) <= _THIN_SIDE:
                break
            price = side.best
            taken = min(left, side.qty[price])
            self._set(side, price, side.qty[price] - taken)
            emissions += self.prints.make(
                price, taken, not takes_asks, self.update_id, now_ns, wanted
            )
            fills.append((price, taken))
            left -= taken
        self._liquidate(fills, takes_asks, now_ns // 1_000_000)
        return emissions

    def _liquidate(self, fills: list[tuple[int, int]], is_buy: bool, ms: int) -> None:
        """Let some of a contract's trades be forced orders."""
        if not fills or self._extras.random() > _FORCED_SHARE:
            return
        total = sum(qty for _, qty in fills)
        average = sum(price * qty for price, qty in fills) // total
        limit = max(1, fills[-1][0] + (5 if is_buy else -5))
        order = ForcedOrder(ms, is_buy, limit, average, total, last_qty=fills[-1][1])
        self.liquidations.add(order)

    def _block(self, ms: int, wanted: frozenset[str]) -> list[Emission]:
        """Let a block trade happen now and then, near the best price."""
        if self.listing.market is not Market.SPOT or self._extras.random() > _BLOCK_SHARE:
            return []
        is_buyer_maker = self._extras.random() < 0.5
        price = self.bids.best if is_buyer_maker else self.asks.best
        qty = self.listing.level_qty * self._extras.randint(50, 200)
        emission = self.prints.block(price, qty, is_buyer_maker, ms)
        return [emission] if "blockTrade" in wanted else []
