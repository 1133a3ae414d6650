"""The trades of one generated instrument, and everything that is counted from them. Pure.

Spot aggregates one taker order at one price; futures what trades within 100 ms at one price and
side (websocket-market-streams "Aggregate Trade Streams").
"""

from __future__ import annotations

from random import Random
from typing import Final

from gateway.simulator.candles import Candles, Print
from gateway.simulator.day import Day, Minutes
from gateway.simulator.encode import Encoder, Trade
from gateway.simulator.eras import lower_id
from gateway.simulator.history import USUAL, Kept, Shelf, Traded
from gateway.simulator.intervals import ZONE_MS
from gateway.simulator.listing import Listing
from gateway.simulator.names import Market

AGGREGATE_NS: Final = 100_000_000
_MS: Final = 1_000_000

Emission = tuple[str, bytes]  # what follows "<symbol>@" in the stream's name, and the data


class Prints:
    """One instrument's trades. ``wanted`` holds the suffixes whose frames are asked for."""

    def __init__(
        self, listing: Listing, encoder: Encoder, random: Random, kept: Kept = USUAL
    ) -> None:
        self._listing = listing
        self._encoder = encoder
        self._random = random
        self._trade_id = random.randint(10**8, 10**9)
        self._block_id = random.randint(100, 1000)
        self._aggregate_id = random.randint(10**7, 10**8)
        self._lowest = self._trade_id, self._aggregate_id  # where the numbering in force began
        self._aggregate: tuple[int, bool, int, int, int] | None = None
        self._aggregate_until_ns = 0
        self.day = Day(listing, random, self._trade_id)
        self.minutes = Minutes(listing)
        zones = ZONE_MS if listing.market is Market.SPOT else ()
        self.candles = Candles(listing.start, zones, kept.candles)
        self._kept = kept.trades
        self.trades, self.aggregates = Shelf(kept.trades), Shelf(kept.trades)

    def make(
        self, price: int, qty: int, is_buyer_maker: bool, update_id: int, now_ns: int,
        wanted: frozenset[str],
    ) -> list[Emission]:  # fmt: skip
        """Make one or two trades (resting orders met) of what was taken at a price."""
        first = self._random.randint(1, qty) if self._random.random() < 0.3 else qty
        emissions: list[Emission] = []
        first_id = self._trade_id
        for part in (first, qty - first):
            if not part:
                continue
            self._count(price, part, is_buyer_maker, update_id, now_ns // _MS)
            if "trade" in wanted:
                trade = self._texts_of(self._trade_id, price, part, is_buyer_maker)
                emissions.append(("trade", self._encoder.trade(trade, now_ns // _MS)))
            self._trade_id += 1
        return emissions + self._aggregated(price, is_buyer_maker, qty, first_id, now_ns, wanted)

    def _count(self, price: int, qty: int, is_buyer_maker: bool, update_id: int, ms: int) -> None:
        turnover = self._listing.turnover(price, qty)
        trade = Print(ms, self._trade_id, price, qty, turnover, not is_buyer_maker, update_id)
        self.trades.add(Traded(self._trade_id, price, qty, is_buyer_maker, ms))
        self.day.add(trade)
        self.minutes.add(trade)
        self.candles.add(trade)

    def restart_ids(self, now_ns: int, wanted: frozenset[str], random: Random) -> list[Emission]:
        """Number trades and aggregates anew; returns the aggregate that ends the old numbering.

        Raises NoLowerIds.
        """
        trade_id = lower_id(self._lowest[0], random)
        aggregate_id = lower_id(self._lowest[1], random)
        emissions = self.flush_aggregate(now_ns, wanted, is_over=True)
        self._lowest = self._trade_id, self._aggregate_id = trade_id, aggregate_id
        self.trades, self.aggregates = Shelf(self._kept), Shelf(self._kept)
        return emissions

    def block(self, price: int, qty: int, is_buyer_maker: bool, ms: int) -> Emission:
        """Make a block trade: agreed beside the book, and in no other stream (spot)."""
        block_id, self._block_id = self._block_id, self._block_id + 1
        trade = self._texts_of(block_id, price, qty, is_buyer_maker)
        return "blockTrade", self._encoder.block_trade(trade, ms)

    def _texts_of(
        self, trade_id: int, price: int, qty: int, is_buyer_maker: bool, *span: int
    ) -> Trade:
        listing = self._listing
        return Trade(trade_id, listing.price(price), listing.qty(qty), is_buyer_maker, *span)

    def _aggregated(
        self, price: int, is_buyer_maker: bool, qty: int, first_id: int, now_ns: int,
        wanted: frozenset[str],
    ) -> list[Emission]:  # fmt: skip
        emissions: list[Emission] = []
        running = self._aggregate
        if running is not None and running[:2] == (price, is_buyer_maker):
            _, _, before, first_id, _ = running
            qty += before
        else:
            emissions = self.flush_aggregate(now_ns, wanted, is_over=True)
            self._aggregate_until_ns = now_ns + AGGREGATE_NS
        self._aggregate = (price, is_buyer_maker, qty, first_id, self._trade_id - 1)
        is_spot = self._listing.market is Market.SPOT
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
        ms = end_ns // _MS
        self.aggregates.add(Traded(aggregate_id, price, qty, is_buyer_maker, ms, first_id, last_id))
        if "aggTrade" not in wanted:
            return []
        trade = self._texts_of(aggregate_id, price, qty, is_buyer_maker, first_id, last_id)
        return [("aggTrade", self._encoder.agg_trade(trade, ms))]
