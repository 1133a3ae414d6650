"""When the streams of the load market are due. Pure; time is handed in.

Streams of one pace go round on a ``Wheel``: each comes up once a period, and all are spread evenly
over it. What comes with events has no pace of its own at the venue; here such streams share what is
left of the messages that were asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import cycle, islice
from typing import Final

from gateway.simulator.names import Kind, StreamName

SECOND_NS: Final = 1_000_000_000
REAL_TIME: Final = frozenset({Kind.BOOK_TICKER, Kind.TRADE, Kind.AGG_TRADE})
# The same on all markets, and one speed of each: what the load consists of is to be known.
_PERIODS_MS: Final = {
    Kind.DIFF: 100,
    Kind.TICKER: 1000,
    Kind.MINI_TICKER: 1000,
    Kind.KLINE: 2000,
}
_KLINE: Final = "1m"
_DIFF_MS: Final = 100

Fire = Callable[[int], None]


def period_ms(name: StreamName) -> int | None:
    """Return the pace of a stream; 0 for those in real time, None for what is not sent at all."""
    if not name.symbol or name.suffix.endswith(":00"):
        return None
    if name.kind in REAL_TIME:
        return 0
    if name.kind is Kind.MARK_PRICE:
        return name.speed_ms
    is_other = (name.kind is Kind.DIFF and name.speed_ms != _DIFF_MS) or (
        name.kind is Kind.KLINE and name.interval != _KLINE
    )
    return None if is_other else _PERIODS_MS.get(name.kind)


def real_time_rate(asked: float, periods_ms: Sequence[int]) -> float:
    """Return how many messages a second are left for streams in real time."""
    return max(0.0, asked - periodic_rate(periods_ms))


def periodic_rate(periods_ms: Sequence[int]) -> float:
    """Return how many messages a second the other streams send together."""
    return sum(1000 / period for period in periods_ms)


class Wheel:
    """Streams of one pace; ``fires`` come up one after the other, all within a period."""

    def __init__(self) -> None:
        self._fires: list[Fire] = []
        self._round = cycle(self._fires)
        self._place = 0  # of the one that comes up next
        self._period_ns = SECOND_NS
        self._since_ns = 0
        self._done = 0

    def load(self, fires: list[Fire], period_ns: int, now_ns: int) -> None:
        """Put other streams on; it goes on where it stood."""
        self._place = self._place % len(fires) if fires else 0
        self._fires = fires
        self._round = cycle(fires[self._place :] + fires[: self._place])
        self._period_ns = period_ns
        self._since_ns, self._done = now_ns, 0

    def turn(self, now_ns: int, ms: int) -> None:
        """Let those come up that are due at ``now_ns``; ``ms`` is the time that they tell."""
        size = len(self._fires)
        if not size:
            return
        due = (now_ns - self._since_ns) * size // self._period_ns
        for fire in islice(self._round, due - self._done):
            fire(ms)
        self._place = (self._place + due - self._done) % size
        self._done = due
