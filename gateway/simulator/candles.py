"""Candles of every interval, made of the trades (or of the prices) as they come. Pure.

A candle holds what came since the market's start; of each series the newest candle and the one
before are kept, which is what a stream of klines needs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from gateway.simulator.intervals import ALL, DAY_MS, ZONE_MS, close_ms, open_ms, span_ms

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

    def __init__(self, interval: str, shift_ms: int, price: int) -> None:
        """Begin at ``price``, which a candle shows that no trade preceded."""
        self.interval = interval
        self._shift_ms = shift_ms
        self._newest = self._before = self._empty(open_ms(interval, 0, shift_ms), price)
        self._next_ms = self._newest.close_ms + 1

    def _empty(self, begin_ms: int, price: int) -> Candle:
        end_ms = close_ms(self.interval, begin_ms, self._shift_ms)
        return Candle(begin_ms, end_ms, price, price, price, price)

    def add(self, trade: Print) -> None:
        """Take the next trade."""
        if trade.ms >= self._next_ms:
            begin_ms = open_ms(self.interval, trade.ms, self._shift_ms)
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


class Candles:
    """All series of one instrument, or of one price; ``zones`` besides UTC."""

    def __init__(self, price: int, zones: Iterable[str] = ()) -> None:
        self._series: dict[tuple[str, str], Series] = {}
        for interval in ALL:
            in_utc = self._series[interval, ""] = Series(interval, 0, price)
            for zone in zones:
                moved = ZONE_MS[zone] % (span_ms(interval) if interval != "1M" else DAY_MS)
                series = Series(interval, ZONE_MS[zone], price) if moved else in_utc
                self._series[interval, zone] = series
        self._all = list(dict.fromkeys(self._series.values()))

    def add(self, trade: Print) -> None:
        """Take the next trade."""
        for series in self._all:
            series.add(trade)

    def series(self, interval: str, zone: str = "") -> Series:
        """Return the candles of an interval."""
        return self._series[interval, zone]
