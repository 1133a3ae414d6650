"""What one instrument traded, for those who ask later: the very trades that its streams sent.

Pure. Ids of a shelf are contiguous. The oldest entries are forgotten; ``Kept`` says how many stay.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import Final, NamedTuple

_TRADES_MAX: Final = 20_000
_TRADES_MIN: Final = 2_000
_TRADES_OF_ALL: Final = 1_000_000
_CANDLES_MAX: Final = 1_000
_CANDLES_MIN: Final = 100
_CANDLES_OF_ALL: Final = 100_000


class Kept(NamedTuple):
    """How much of an instrument is kept: trades (and as many aggregates), candles a series."""

    trades: int = _TRADES_MAX
    candles: int = _CANDLES_MAX


USUAL: Final = Kept()


def kept_of(instruments: int) -> Kept:
    """Return what is kept of each of so many instruments: all of them together fit memory.

    50 instruments have 20,000 trades each, more than an hour at the usual rate; never fewer than
    2,000. Of candles there are 1,000 an interval up to 100 instruments, and never fewer than 100.
    """
    count = max(1, instruments)
    return Kept(
        max(_TRADES_MIN, min(_TRADES_MAX, _TRADES_OF_ALL // count)),
        max(_CANDLES_MIN, min(_CANDLES_MAX, _CANDLES_OF_ALL // count)),
    )


class Traded(NamedTuple):
    """A trade in ticks and steps, or an aggregate with the ids of its first and last trade."""

    trade_id: int
    price: int
    qty: int
    is_buyer_maker: bool
    ms: int
    first_id: int = 0
    last_id: int = 0


class Shelf:
    """The newest trades of one numbering, at least ``kept`` of them."""

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._rows: list[Traded] = []

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, row: Traded) -> None:
        """Take the next one."""
        self._rows.append(row)
        if len(self._rows) >= 2 * self._kept:
            del self._rows[: self._kept]

    def newest(self, limit: int) -> list[Traded]:
        """Return the last ones, oldest first."""
        return self._rows[-limit:] if limit else []

    def from_id(self, trade_id: int, limit: int) -> list[Traded]:
        """Return those from an id on; from the oldest kept on, if it is older."""
        if not self._rows:
            return []
        start = max(0, trade_id - self._rows[0].trade_id)
        return self._rows[start : start + limit]

    def between(self, start_ms: int | None, end_ms: int | None, limit: int) -> list[Traded]:
        """Return the first ones of a span, both ends inclusive; without a start the last ones."""
        end = len(self._rows) if end_ms is None else bisect_right(self._rows, end_ms, key=_ms)
        if start_ms is None:
            return self._rows[max(0, end - limit) : end]
        start = bisect_left(self._rows, start_ms, key=_ms)
        return self._rows[start : min(end, start + limit)]


def _ms(row: Traded) -> int:
    return row.ms
