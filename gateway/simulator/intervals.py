"""When candles begin and end. Pure.

Venue rule: candles are aligned to UTC, those of ``@+08:00`` streams to midnight there, with their
timestamps still in UTC (web-socket-streams.md "Kline/Candlestick Streams with timezone offset"). A
week begins on Monday, a month on its first day; three days are counted from the epoch.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from gateway.simulator.names import INTERVALS, ZONE

SECOND_MS: Final = 1_000
MINUTE_MS: Final = 60_000
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 86_400_000
ALL: Final = ("1s", *INTERVALS)
ZONE_MS: Final = {ZONE: 8 * HOUR_MS}  # east of UTC
_UNIT_MS: Final = {
    "s": SECOND_MS, "m": MINUTE_MS, "h": HOUR_MS, "d": DAY_MS, "w": 7 * DAY_MS,
}  # fmt: skip
_MONDAY_MS: Final = 4 * DAY_MS  # the epoch was a Thursday


def span_ms(interval: str) -> int:
    """Return how long an interval lasts; months have no fixed length."""
    return int(interval[:-1]) * _UNIT_MS[interval[-1]]


def open_ms(interval: str, ms: int, shift_ms: int = 0) -> int:
    """Return when the candle begins that ``ms`` belongs to; ``shift_ms`` east of UTC."""
    local = ms + shift_ms
    if interval == "1M":
        return _month_ms(datetime.fromtimestamp(local // 1000, UTC)) - shift_ms
    offset = _MONDAY_MS if interval == "1w" else 0
    span = span_ms(interval)
    return (local - offset) // span * span + offset - shift_ms


def close_ms(interval: str, begin_ms: int, shift_ms: int = 0) -> int:
    """Return the last ms of the candle that begins at ``begin_ms``."""
    if interval != "1M":
        return begin_ms + span_ms(interval) - 1
    day = datetime.fromtimestamp((begin_ms + shift_ms) // 1000, UTC)
    first = day.replace(year=day.year + day.month // 12, month=day.month % 12 + 1)
    return _month_ms(first) - shift_ms - 1


def _month_ms(day: datetime) -> int:
    first = day.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return round(first.timestamp() * 1000)
