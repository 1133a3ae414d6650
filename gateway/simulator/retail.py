"""The book of a USD-M contract with the orders of retail price improvement in it. Pure.

Venue rule: such orders are left out of depth and bookTicker and shown by ``rpiDepth`` alone, with
update ids of its own; those that cross the book are hidden (websocket-market-streams.md "RPI Diff.
Book Depth Streams"). Here they rest near the best prices, some of them inside the spread.
"""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import Final

from gateway.simulator.changes import Change, levels_of
from gateway.simulator.eras import Eras, lower_id
from gateway.simulator.ladder import Side
from gateway.simulator.listing import Listing
from gateway.simulator.truth import Truth

_ORDER_SHARE: Final = 0.3  # of the market's actions that bring a retail order or take one away
_ORDERS_MAX: Final = 10  # prices a side
_DEPTH: Final = 4  # ticks behind the best price
_JUMP_MAX: Final = 60  # between two update ids, which all contracts share

Level = tuple[bool, int]  # is it a bid, and its price


class RetailBook:
    """Follows a public book; ``truth`` keeps the joined one at every id."""

    def __init__(
        self, listing: Listing, random: Random, bids: Side, asks: Side, changes_max: int
    ) -> None:
        self._listing = listing
        self._random = random
        self._public = {True: bids, False: asks}
        self._retail: dict[bool, dict[int, int]] = {True: {}, False: {}}
        self._shown = {True: Side(is_bid=True), False: Side(is_bid=False)}
        self._changes_max = changes_max
        self.update_id = random.randint(10**10, 10**11)
        for side, public in self._public.items():
            for price, qty in public.qty.items():
                self._shown[side].set(price, qty)
        self.eras = Eras(self._new_truth())

    def _new_truth(self) -> Truth[Change]:
        truth: Truth[Change] = Truth(levels_of, changes_max=self._changes_max)
        truth.start(self.update_id, *(self._texts(side) for side in (True, False)))
        return truth

    @property
    def truth(self) -> Truth[Change]:
        """Return the true books of the numbering in force."""
        return self.eras.current

    def restart_ids(self) -> None:
        """Number anew, from lower ids on. Raises NoLowerIds."""
        self.update_id = lower_id(min(self.eras.begins), self._random)
        self.eras.begin(self._new_truth())

    def _texts(self, is_bid: bool) -> list[tuple[str, str]]:
        side = self._shown[is_bid]
        return [self._text(price, side.qty[price]) for price in side.top(len(side))]

    def _text(self, price: int, qty: int) -> tuple[str, str]:
        return self._listing.price(price), self._listing.qty(qty)

    def follow(self, touched: Iterable[Level]) -> None:
        """Take the levels that an action changed in the public book, and do an own action."""
        levels = {*touched, *self._retail_levels()}
        self._order()
        levels.update(self._retail_levels())
        changes = [(level, self._qty(level)) for level in sorted(levels)]
        # what goes goes first, so that the book is not crossed in between
        for (is_bid, price), qty in sorted(changes, key=lambda change: change[1] > 0):
            if qty != self._shown[is_bid].qty.get(price, 0):
                self._set(is_bid, price, qty)

    def _retail_levels(self) -> list[Level]:
        return [(is_bid, price) for is_bid, orders in self._retail.items() for price in orders]

    def _order(self) -> None:
        """Bring a retail order, or take one away."""
        if self._random.random() > _ORDER_SHARE:
            return
        is_bid = self._random.random() < 0.5
        orders = self._retail[is_bid]
        if orders and self._random.random() < len(orders) / _ORDERS_MAX:
            orders.pop(self._random.choice(sorted(orders)))
            return
        best, other = self._public[is_bid].best, self._public[not is_bid].best
        first, last = sorted((best - _DEPTH, other - 1) if is_bid else (best + _DEPTH, other + 1))
        price = self._random.randint(first, last)
        if price > 0:
            orders[price] = 1 + int(self._random.expovariate(2 / self._listing.level_qty))

    def _qty(self, level: Level) -> int:
        is_bid, price = level
        public = self._public[is_bid].qty.get(price, 0)
        return public + (self._retail[is_bid].get(price, 0) if self._is_visible(level) else 0)

    def _is_visible(self, level: Level) -> bool:
        """Say whether a retail order crosses nothing; of two that cross the bid is shown."""
        is_bid, price = level
        ask = self._public[False].best
        if is_bid:
            return price < ask
        bids = (bid for bid in self._retail[True] if bid < ask)
        return price > max(self._public[True].best, *bids, 0)

    def _set(self, is_bid: bool, price: int, qty: int) -> None:
        self.update_id += self._random.randint(1, _JUMP_MAX)
        self._shown[is_bid].set(price, qty)
        self.truth.append(self.update_id, Change(self.update_id, is_bid, *self._text(price, qty)))
