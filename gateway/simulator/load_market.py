"""One instrument made for load: its book, its trades, and the candles and tickers they give.

Pure. Trade n (counted from the first) meets the best bid where n is even, the best ask where it is
odd, always with the same quantity; so sums over any range of trades are known without adding up.
"""

from __future__ import annotations

from typing import Final

from gateway.simulator.candles import Candle
from gateway.simulator.day import Window
from gateway.simulator.encode import Encoder
from gateway.simulator.indices import wobble
from gateway.simulator.intervals import MINUTE_MS
from gateway.simulator.listing import FINEST, Listing, decimal_text
from gateway.simulator.load_book import LoadBook
from gateway.simulator.prices import FUNDING_MS, MarkPrice

_FIRST_TRADE: Final = 500_000_000
_FIRST_AGGREGATE: Final = 300_000_000
_YESTERDAY: Final = 100_000  # trades of the last day before the start
_ONE: Final = 10**8


class LoadInstrument:
    """One instrument. ``trades`` counts those made so far."""

    __slots__ = (
        "_before", "_day_qty", "_day_turnover", "_minute_first", "_minute_ms", "_qty", "_qty_unit",
        "book", "encoder", "key", "listing", "minute_end_ms", "trades",
    )  # fmt: skip

    def __init__(self, listing: Listing, number: int) -> None:
        self.listing = listing
        self.key = f"{listing.market}:{listing.symbol}"
        self.encoder = Encoder(listing)
        self.book = LoadBook(listing, number)
        self.trades = 0
        self.minute_end_ms = 0
        self._qty = max(1, listing.level_qty // 20)
        self._qty_unit = 10**listing.qty_decimals
        self._day_qty = self._qty * listing.step
        self._day_turnover = round(
            float(listing.turnover_text(self._turnover(listing.start))) * _ONE
        )
        self._minute_ms = 0
        self._minute_first = 0
        self._before = (0, 0, 0)  # the minute before: when, first and last trade

    @property
    def first_trade_id(self) -> int:
        """Return the id of trade 0, which was never sent."""
        return _FIRST_TRADE

    @property
    def first_aggregate_id(self) -> int:
        """Return the id of aggregate 0: there is one of each trade."""
        return _FIRST_AGGREGATE

    def price_of(self, trade: int) -> int:
        """Return a trade's price in ticks."""
        return self.listing.start + (trade & 1)

    @property
    def qty_text(self) -> str:
        """Return every trade's quantity."""
        return self.listing.qty(self._qty)

    def roll(self, ms: int) -> None:
        """Begin the minute of ``ms``, if it is another one; to be called before its first trade."""
        if ms >= self.minute_end_ms:
            self._before = (self._minute_ms, self._minute_first, self.trades)
            self._minute_ms = ms // MINUTE_MS * MINUTE_MS
            self._minute_first = self.trades
            self.minute_end_ms = self._minute_ms + MINUTE_MS

    def minute(self) -> Candle:
        """Return the running minute."""
        return self._candle(self._minute_ms, self._minute_first, self.trades)

    def minute_before(self) -> Candle | None:
        """Return the minute before it, if it began then."""
        begin_ms, first, last = self._before
        return self._candle(begin_ms, first, last) if begin_ms else None

    def _candle(self, begin_ms: int, before: int, last: int) -> Candle:
        """Return the candle of the trades after ``before`` up to ``last``."""
        close = self.price_of(last)
        candle = Candle(begin_ms, begin_ms + MINUTE_MS - 1, close, close, close, close)
        candle.count = last - before
        if not candle.count:
            return candle
        bought = (last + 1) // 2 - (before + 1) // 2  # odd ones among them
        candle.open = self.price_of(before + 1)
        candle.high, candle.low = max(candle.open, close), min(candle.open, close)
        if candle.count > 1:
            candle.high, candle.low = self.listing.start + 1, self.listing.start
        candle.first_id, candle.last_id = _FIRST_TRADE + before + 1, _FIRST_TRADE + last
        candle.qty, candle.taker_qty = candle.count * self._qty, bought * self._qty
        candle.taker_turnover = bought * self._turnover(self.price_of(1))
        candle.turnover = candle.taker_turnover
        candle.turnover += (candle.count - bought) * self._turnover(self.price_of(0))
        return candle

    def _turnover(self, price: int) -> int:
        return self.listing.turnover(price, self._qty)

    # The rolling day: prices that stand still, and volumes that grow with each trade

    @property
    def day_count(self) -> int:
        """Return how many trades the day has."""
        return _YESTERDAY + self.trades

    def day_sums(self) -> tuple[int, ...]:
        """Return the day's volume and turnover, each as the numbers before and after its point.

        Where quantities are whole numbers the volume is one.
        """
        count = _YESTERDAY + self.trades
        volume = count * self._day_qty
        turnover = divmod(count * self._day_turnover, _ONE)
        if self._qty_unit == 1:
            return volume, *turnover
        return *divmod(volume, self._qty_unit), *turnover

    def day_template(self, parity: int, open_ms: int, last_id: int, count: int) -> Window:
        """Return the day when the last trade is an even or an odd one.

        Times, ids and counts are as given; volume and turnover are gaps for ``day_sums``.
        """
        listing, start = self.listing, self.listing.start
        first, last = start - start // 100, self.price_of(parity)
        digits = listing.qty_decimals
        return Window(
            change=listing.price(last - first),
            percent=decimal_text(round((last - first) * 100_000 / first), 3),
            average=listing.average(self._turnover(start), self._qty),
            before=listing.price(first),
            last=listing.price(last),
            last_qty=self.qty_text,
            open=listing.price(first),
            high=listing.price(start + start // 50),
            low=listing.price(start - start // 50),
            volume=f"%d.%0{digits}d" if digits else "%d",
            quote=f"%d.%0{FINEST}d",
            open_ms=open_ms,
            first_id=_FIRST_TRADE - _YESTERDAY + 1,
            last_id=last_id,
            count=count,
        )

    def mark_price(self, ms: int) -> MarkPrice:
        """Return the mark price, which swings around the book's."""
        middle = self.listing.fine_price(2 * self.listing.start + 1)
        mark = middle * (_ONE + wobble(self.listing.symbol, ms)) // _ONE
        return MarkPrice(mark, middle, middle, middle, 10_000, (ms // FUNDING_MS + 1) * FUNDING_MS)
