"""Candles of every interval, made of the trades (or of the prices) as they come. Pure.

A candle holds what came since the market's start; of each series the newest ones are kept.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from gateway.simulator.intervals import ALL, DAY_MS, ZONE_MS, close_ms, open_ms, span_ms

CANDLES_KEPT: Final = 1_000
NO_TRADE: Final = -1  # the venue's first and last id of a candle without trades


@dataclass(frozen=True, slots=True)
class Print:
    """A trade as a candle sees it. Prices in ticks, quantities in steps, turnover in its own unit.

    Of index and mark prices: a price in 1e-8, a time for an id, and nothing else.
    """

    ms: int
    trade_id: int
    price: int
    qty: int = 0
    turnover: int = 0
    is_taker_buy: bool = False
    update_id: int = 0  # of the book, which continuous contracts show instead of the trade's


@dataclass(slots=True)
class Candle:
    """One candle; ``close_ms`` is its last ms."""

    open_ms: int
    close_ms: int
    open: int
    high: int
    low: int
    close: int
    first_id: int = NO_TRADE
    last_id: int = NO_TRADE
    first_update_id: int = NO_TRADE
    last_update_id: int = NO_TRADE
    count: int = 0
    qty: int = 0
    turnover: int = 0
    taker_qty: int = 0
    taker_turnover: int = 0

    def add(self, trade: Print) -> None:
        """Take a trade that belongs to it."""
        if not self.count:
            self.open = self.high = self.low = trade.price
            self.first_id, self.first_update_id = trade.trade_id, trade.update_id
        self.high, self.low = max(self.high, trade.price), min(self.low, trade.price)
        self.close = trade.price
        self.last_id, self.last_update_id = trade.trade_id, trade.update_id
        self.count += 1
        self.qty += trade.qty
        self.turnover += trade.turnover
        if trade.is_taker_buy:
            self.taker_qty += trade.qty
            self.taker_turnover += trade.turnover


class Series:
    """The candles of one interval and time zone."""

    def __init__(self, interval: str, shift_ms: int, price: int, kept: int = CANDLES_KEPT) -> None:
        """Begin at ``price``, which a candle shows that no trade preceded."""
        self.interval = interval
        self._shift_ms = shift_ms
        self._newest = self._before = self._empty(open_ms(interval, 0, shift_ms), price)
        self._closed: deque[Candle] = deque(maxlen=kept)  # those with trades, oldest first
        self._next_ms = self._newest.close_ms + 1

    def _empty(self, begin_ms: int, price: int) -> Candle:
        end_ms = close_ms(self.interval, begin_ms, self._shift_ms)
        return Candle(begin_ms, end_ms, price, price, price, price)

    def add(self, trade: Print) -> None:
        """Take the next trade."""
        if trade.ms >= self._next_ms:
            begin_ms = open_ms(self.interval, trade.ms, self._shift_ms)
            if self._newest.count:
                self._closed.append(self._newest)
            self._before, self._newest = self._newest, self._empty(begin_ms, trade.price)
            self._next_ms = self._newest.close_ms + 1
        self._newest.add(trade)

    def open_ms(self, ms: int) -> int:
        """Return when the candle of ``ms`` begins."""
        return open_ms(self.interval, ms, self._shift_ms)

    def candle(self, begin_ms: int) -> Candle:
        """Return the candle that begins then, of the last two; one without trades is flat."""
        last = self._newest if self._newest.open_ms <= begin_ms else self._before
        return last if last.open_ms == begin_ms else self._empty(begin_ms, last.close)

    def between(self, start_ms: int | None, end_ms: int, limit: int) -> list[Candle]:
        """Return the candles that begin in a span, both ends inclusive, without a hole.

        The first ``limit`` of them; without a start the last ones. There are none before the
        oldest that is kept and had a trade.
        """
        known = [*self._closed, *([self._newest] if self._newest.count else [])]
        if not known:
            return []
        if start_ms is not None:
            return self._walk(known, start_ms, end_ms, limit)
        # one more than the limit, for neither end is aligned
        span = span_ms("31d" if self.interval == "1M" else self.interval)
        return self._walk(known, end_ms - (limit + 1) * span, end_ms, limit + 2)[-limit:]

    def _walk(self, known: list[Candle], start_ms: int, end_ms: int, limit: int) -> list[Candle]:
        """Go from candle to candle; where nothing was traded it is flat at the close before."""
        place = max(0, bisect_right(known, start_ms - 1, key=lambda candle: candle.open_ms) - 1)
        last = known[place]
        begin_ms = last.open_ms
        if start_ms > begin_ms:
            begin_ms = self.open_ms(start_ms - 1)
            begin_ms = close_ms(self.interval, begin_ms, self._shift_ms) + 1
        by_begin = {candle.open_ms: candle for candle in known[place:]}
        found: list[Candle] = []
        while begin_ms <= end_ms and len(found) < limit:
            last = by_begin.get(begin_ms) or self._empty(begin_ms, last.close)
            found.append(last)
            begin_ms = last.close_ms + 1
        return found


class Candles:
    """All series of one instrument, or of one price; ``zones`` besides UTC."""

    def __init__(self, price: int, zones: Iterable[str] = (), kept: int = CANDLES_KEPT) -> None:
        self._series: dict[tuple[str, str], Series] = {}
        for interval in ALL:
            in_utc = self._series[interval, ""] = Series(interval, 0, price, kept)
            for zone in zones:
                moved = ZONE_MS[zone] % (span_ms(interval) if interval != "1M" else DAY_MS)
                series = Series(interval, ZONE_MS[zone], price, kept) if moved else in_utc
                self._series[interval, zone] = series
        self._all = list(dict.fromkeys(self._series.values()))

    def add(self, trade: Print) -> None:
        """Take the next trade."""
        for series in self._all:
            series.add(trade)

    def series(self, interval: str, zone: str = "") -> Series:
        """Return the candles of an interval."""
        return self._series[interval, zone]
