"""The figures of the last day, and of shorter rolling windows, that tickers show. Pure.

The generated market has no yesterday: the day's open, high, low and volume before the start are
made up once, and what trades is added to them. Shorter windows hold what was traded, and nothing
else; they begin with a whole minute ("Individual Symbol Rolling Window Statistics Streams").
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from gateway.simulator.candles import Candle, Print
from gateway.simulator.intervals import DAY_MS, MINUTE_MS
from gateway.simulator.listing import Listing, decimal_text

_MINUTES_KEPT: Final = DAY_MS // MINUTE_MS + 2


@dataclass(frozen=True, slots=True)
class Window:
    """The statistics of a span of time, as texts."""

    change: str
    percent: str
    average: str
    before: str  # the close before it
    last: str
    last_qty: str
    open: str
    high: str
    low: str
    volume: str
    quote: str  # USD-M, spot: quote volume; COIN-M: base volume
    open_ms: int
    first_id: int
    last_id: int
    count: int


class Day:
    """One instrument's day; prices in ticks, quantities in steps."""

    def __init__(self, listing: Listing, random: Random, first_trade_id: int) -> None:
        start = listing.start
        self._listing = listing
        self._open = max(1, start + random.randint(-start // 50, start // 50))
        self._high = max(self._open, start) + start // 100
        self._low = max(1, min(self._open, start) - start // 100)
        self._last, self._last_qty = start, 1
        self._count = random.randint(100_000, 1_000_000)
        self._first_id = first_trade_id - self._count
        self._last_id = first_trade_id - 1
        self._volume = self._count * listing.level_qty // 20
        self._turnover = listing.turnover(start, self._volume)

    @property
    def count(self) -> int:
        """Return how many trades the day has, which tells whether something changed."""
        return self._count

    def add(self, trade: Print) -> None:
        """Take the next trade."""
        self._last, self._last_qty, self._last_id = trade.price, trade.qty, trade.trade_id
        self._high, self._low = max(self._high, trade.price), min(self._low, trade.price)
        self._count += 1
        self._volume += trade.qty
        self._turnover += trade.turnover

    def window(self, ms: int) -> Window:
        """Return the day up to ``ms``."""
        listing = self._listing
        return Window(
            change=listing.price(self._last - self._open),
            percent=_percent(self._open, self._last),
            average=listing.average(self._turnover, self._volume),
            before=listing.price(self._open),
            last=listing.price(self._last),
            last_qty=listing.qty(self._last_qty),
            open=listing.price(self._open),
            high=listing.price(self._high),
            low=listing.price(self._low),
            volume=listing.qty(self._volume),
            quote=listing.turnover_text(self._turnover),
            open_ms=ms - DAY_MS,
            first_id=self._first_id,
            last_id=self._last_id,
            count=self._count,
        )


class Minutes:
    """What was traded in each minute of the last day."""

    def __init__(self, listing: Listing) -> None:
        self._listing = listing
        self._minutes: deque[Candle] = deque(maxlen=_MINUTES_KEPT)
        self.last_ms = 0  # of the last trade

    def add(self, trade: Print) -> None:
        """Take the next trade."""
        begin_ms = trade.ms // MINUTE_MS * MINUTE_MS
        if not self._minutes or self._minutes[-1].open_ms != begin_ms:
            price = trade.price
            end_ms = begin_ms + MINUTE_MS - 1
            self._minutes.append(Candle(begin_ms, end_ms, price, price, price, price))
        self._minutes[-1].add(trade)
        self.last_ms = trade.ms

    def window(self, ms: int, span_ms: int) -> Window | None:
        """Return the last ``span_ms``, and what is left of the minute before; None if empty."""
        begin_ms = (ms - span_ms) // MINUTE_MS * MINUTE_MS
        parts = [part for part in self._minutes if part.open_ms >= begin_ms]
        return self._joined(parts, begin_ms) if parts else None

    def _joined(self, parts: Sequence[Candle], begin_ms: int) -> Window:
        listing, first, last = self._listing, parts[0], parts[-1]
        turnover, qty = sum(part.turnover for part in parts), sum(part.qty for part in parts)
        return Window(
            change=listing.price(last.close - first.open),
            percent=_percent(first.open, last.close),
            average=listing.average(turnover, qty),
            before=listing.price(first.open),
            last=listing.price(last.close),
            last_qty="",
            open=listing.price(first.open),
            high=listing.price(max(part.high for part in parts)),
            low=listing.price(min(part.low for part in parts)),
            volume=listing.qty(qty),
            quote=listing.turnover_text(turnover),
            open_ms=begin_ms,
            first_id=first.first_id,
            last_id=last.last_id,
            count=sum(part.count for part in parts),
        )


def _percent(before: int, after: int) -> str:
    return decimal_text(round((after - before) * 100_000 / before), 3)
