"""What Binance's REST calls can bring back of what a stream missed, as data. Pure.

Sources: rest-api.md (spot: aggTrades, historicalTrades, klines) and the market-data pages of both
futures APIs. Which call that is, and what it weighs, is the supervisor's; here stands how events
are numbered, how far back they are kept and what a page holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import orjson

from gateway.errors import UsageError
from gateway.layout import Kind, Market
from gateway.streams import parse

PAGE_EVENTS: Final = 1000  # the most that every call gives at once
BRIDGE_CANDLES: Final = 98  # futures: a call for more of them, and one, weighs more
RECENT_TRADES: Final = 1000  # futures: older single trades are for holders of an API key only

_HOUR_S: Final = 3600.0
_DAY_S: Final = 24 * _HOUR_S
_UNITS_MS: Final = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_MONTH: Final = "M"  # of no fixed length

# How long the venue keeps what it gives, in s; what is not listed it keeps for ever.
_KEPT_S: Final[Mapping[tuple[Market, Kind], float]] = {
    (Market.USDM, Kind.AGG_TRADE): 48 * _HOUR_S,
    (Market.COINM, Kind.AGG_TRADE): 24 * _HOUR_S,
    (Market.COINM, Kind.KLINE): 200 * _DAY_S,
    (Market.COINM, Kind.CONTINUOUS_KLINE): 200 * _DAY_S,
    (Market.COINM, Kind.INDEX_KLINE): 200 * _DAY_S,
    (Market.COINM, Kind.MARK_KLINE): 200 * _DAY_S,
}
_ID_PATHS: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.TRADE: ("t",),
    Kind.AGG_TRADE: ("a",),
    Kind.KLINE: ("k", "t"),
    Kind.CONTINUOUS_KLINE: ("k", "t"),
    Kind.INDEX_KLINE: ("k", "t"),
    Kind.MARK_KLINE: ("k", "t"),
}


@dataclass(frozen=True, slots=True)
class Source:
    """Where a stream's missed events come from.

    ``step`` is between the ids of two events that follow each other (candles: open times, in ms);
    0: not fixed. ``newest`` is how many of the newest are to be had, 0: all.
    """

    id_path: tuple[str, ...]
    step: int
    is_time: bool = False  # ids are open times
    kept_s: float = float("inf")
    newest: int = 0

    def id_of(self, event: bytes) -> int | None:
        """Return the id of an event in the stream's JSON form; None: it has none."""
        try:
            value = orjson.loads(event)
            for key in self.id_path:
                value = value[key]
        except (ValueError, KeyError, TypeError, IndexError):
            return None
        return value if isinstance(value, int) else None

    def page_end(self, first: int, last: int) -> int:
        """Return the last id of the page that begins at ``first``."""
        return min(last, first + (PAGE_EVENTS - 1) * self.step) if self.step else last

    def bridges(self, first: int, start: int, last: int) -> bool:
        """Whether the page from ``first`` is to bring a later gap, ``start`` to ``last``, too.

        What lies between is known, and comes again: it costs bytes, another call costs weight.
        """
        most, end = (BRIDGE_CANDLES, last) if self.is_time else (PAGE_EVENTS, start)
        return end <= first + (most - 1) * self.step

    def after(self, id_: int) -> int:
        """Return the least id that can follow."""
        return id_ + (self.step or 1)

    def reach(
        self, first: int, last: int, before_ns: int | None, now_ns: int, events_max: int
    ) -> int | None:
        """Return the first id of ``first`` to ``last`` that can be had; None: nothing can.

        ``before_ns`` is the venue's time of the last event before the gap, None: unknown. Of a gap
        with more than ``events_max`` events the newest are fetched: they join what is known.
        """
        if self.is_time:
            oldest_ms = int(now_ns / 1e6 - min(self.kept_s, now_ns / 1e9) * 1e3)
            if first < oldest_ms:
                missing = -(-(oldest_ms - first) // (self.step or 1))
                first += missing * (self.step or 1)
        elif before_ns is not None and (now_ns - before_ns) / 1e9 > self.kept_s:
            return None
        most = min(events_max, self.newest or events_max)
        if self.step and (last - first) // self.step >= most:
            first = last - (most - 1) * self.step
        return first if most and first <= last else None


def source_of(stream: str, kind: Kind) -> Source | None:
    """Return where a stream's missed events come from, by its name; None: nowhere."""
    path = _ID_PATHS.get(kind)
    if path is None:
        return None
    try:
        found = parse(stream)
    except UsageError:
        return None
    kept = _KEPT_S.get((found.market, kind), float("inf"))
    if found.form.interval:
        return Source(path, _interval_ms(found.form.interval), True, kept)
    is_keyed = kind is Kind.TRADE and found.market is not Market.SPOT
    return Source(path, 1, False, kept, RECENT_TRADES if is_keyed else 0)


def _interval_ms(interval: str) -> int:
    return 0 if interval[-1] == _MONTH else int(interval[:-1]) * _UNITS_MS[interval[-1]]
