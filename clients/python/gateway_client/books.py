"""Price levels: books out of slots, and the levels of diff and partial-depth records."""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING

from gateway_client.fields import Integer
from gateway_client.layout import FIELDS, NULL
from gateway_client.values import Cell

if TYPE_CHECKING:
    from gateway_client.plain import Instrument

Level = tuple[float, float]
_LEVELS_AT = FIELDS["book"]["bids"][0]


def pairs(data: bytes, offset: int, count: int) -> tuple[int, ...]:
    """Mantissas of ``count`` levels at ``offset``: px, qty, px, qty, …"""
    return struct.unpack_from(f"<{2 * count}q", data, offset)


def levels(mantissas: tuple[int, ...], instrument: Instrument) -> list[Level]:
    """Mantissas as (price, quantity) floats."""
    px_scale, qty_scale = instrument.px_scale, instrument.qty_scale
    return [
        (px / px_scale, qty / qty_scale)
        for px, qty in zip(mantissas[::2], mantissas[1::2], strict=True)
    ]


class LadderFields(Cell):
    """Levels of both sides, best first; ``depth`` a side have room in it."""

    __slots__ = ()

    bid_count = Integer("book")
    """Levels stored, 20 at most unless the gateway is configured for more."""
    ask_count = Integer("book")
    depth = Integer("book")
    """Room a side."""
    bid_total = Integer("book")
    """Levels the writer holds."""
    ask_total = Integer("book")
    first_update_id = Integer("book")
    """U of the last event in it; 0 right after a snapshot."""
    snapshot_id = Integer("book")
    """lastUpdateId of the snapshot under it; 0: none."""

    @property
    def bid_complete_px_mantissa(self) -> int | None:
        """The price under ``bid_complete_px`` as an integer."""
        return self._end(0)

    @property
    def ask_complete_px_mantissa(self) -> int | None:
        """The price under ``ask_complete_px`` as an integer."""
        return self._end(8)

    @property
    def bid_complete_px(self) -> float:
        """Every bid from the best down to this price, inclusive, is known; NaN: to the last one."""
        return self._price(self.bid_complete_px_mantissa)

    @property
    def ask_complete_px(self) -> float:
        """Every ask from the best up to this price, inclusive, is known; NaN: to the last one."""
        return self._price(self.ask_complete_px_mantissa)

    def _end(self, skip: int) -> int | None:
        """A word behind the levels; cells before minor version 2 end with their asks."""
        at = _LEVELS_AT + 32 * self.depth
        if self.depth == 0 or at + 16 > len(self.data):
            return None
        (px,) = struct.unpack_from("<q", self.data, at + skip)
        return None if px == NULL else int(px)

    def _price(self, mantissa: int | None) -> float:
        return math.nan if mantissa is None else mantissa / self.instrument.px_scale

    def _room(self) -> int:
        """Levels a side that the bytes really hold."""
        return min(self.depth, (len(self.data) - _LEVELS_AT) // 32)

    def _side(self, offset: int, count: int) -> tuple[int, ...]:
        return pairs(self.data, offset, min(count, self._room()))

    @property
    def bids_mantissa(self) -> tuple[int, ...]:
        """Bids as px, qty, px, qty, … in mantissas."""
        return self._side(_LEVELS_AT, self.bid_count)

    @property
    def asks_mantissa(self) -> tuple[int, ...]:
        """Asks as px, qty, px, qty, … in mantissas."""
        return self._side(_LEVELS_AT + 16 * self._room(), self.ask_count)

    @property
    def bids(self) -> list[Level]:
        """(price, quantity) from the best bid down."""
        return levels(self.bids_mantissa, self.instrument)

    @property
    def asks(self) -> list[Level]:
        """(price, quantity) from the best ask up."""
        return levels(self.asks_mantissa, self.instrument)

    def _summary(self) -> str:
        best = [f"{px} x {qty}" for px, qty in (*self.bids[:1], *self.asks[:1])]
        return f"{' / '.join(best)} {self.bid_count}+{self.ask_count} levels id={self.update_id}"


class Book(LadderFields):
    """Top of an instrument's synchronised order book, cut to what was asked for."""

    __slots__ = ("limit",)

    def __init__(self, data: bytes, status: int, instrument: Instrument, limit: int) -> None:
        super().__init__(data, status, instrument)
        self.limit = limit

    def _side(self, offset: int, count: int) -> tuple[int, ...]:
        return pairs(self.data, offset, min(count, self.limit, self._room()))

    @property
    def bids_complete(self) -> bool:
        """Whether ``bids`` is the whole side as the writer holds it."""
        return self.bid_total <= min(self.bid_count, self.limit)

    @property
    def asks_complete(self) -> bool:
        """Whether ``asks`` is the whole side as the writer holds it."""
        return self.ask_total <= min(self.ask_count, self.limit)


class Partial(Book):
    """The venue's own partial depth (depth5, depth10, depth20), never mixed with the book."""

    __slots__ = ()
