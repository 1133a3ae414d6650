"""Fields of cells and records, decoded when they are looked at.

A descriptor a field: it takes its offset from the layout by its own name and reads from ``data``
of the object it is asked on. Prices and quantities are divided by 10^k, which rounds correctly up
to 2^53, where multiplying by 1e-k is off by one ulp in 13 to 32 % of cases.
"""

from __future__ import annotations

import math
import struct
from decimal import Decimal
from typing import TYPE_CHECKING, Generic, Self, TypeVar, overload

from gateway_client.layout import FIELDS, FIXED_EXPONENT, FORMATS, NULL, Kind
from gateway_client.tables import text

if TYPE_CHECKING:
    from gateway_client.values import Cell

T = TypeVar("T")
_FIXED_SCALE = 10.0**-FIXED_EXPONENT
_KIND = FIELDS["meta"]["kind"][0]
_SCALES = {-places: 10.0**places for places in range(21)}


class _Field(Generic[T]):
    """A field of struct ``layout``, of the attribute's own name unless another is given."""

    def __init__(self, layout: str, field: str = "") -> None:
        self._layout = layout
        self._field = field

    def __set_name__(self, owner: type, name: str) -> None:
        offset, kind, _ = FIELDS[self._layout][self._field or name.removesuffix("_mantissa")]
        self._offset = offset
        self._unpack = struct.Struct("<" + FORMATS[kind]).unpack_from

    @overload
    def __get__(self, cell: None, owner: type) -> Self: ...
    @overload
    def __get__(self, cell: Cell, owner: type) -> T: ...
    def __get__(self, cell: Cell | None, owner: type) -> Self | T:
        if cell is None:
            return self
        return self._decode(cell, self._unpack(cell.data, self._offset)[0])

    def raw(self, cell: Cell) -> int:
        """The number as it stands in memory."""
        return int(self._unpack(cell.data, self._offset)[0])

    def exponent(self, cell: Cell) -> int:
        """Decimal exponent of the number; 0 for what is no decimal."""
        return 0

    def decimal(self, cell: Cell) -> Decimal | None:
        """The exact value; None where the venue sent none."""
        raw = self.raw(cell)
        return None if raw == NULL else Decimal(raw).scaleb(self.exponent(cell))

    def _decode(self, cell: Cell, raw: int) -> T:
        raise NotImplementedError  # each kind of field has its own


class Integer(_Field[int]):
    """A count, id or row."""

    def _decode(self, cell: Cell, raw: int) -> int:
        return raw


class Time(_Field["int | None"]):
    """Nanoseconds, or None where the venue sent none."""

    def _decode(self, cell: Cell, raw: int) -> int | None:
        return None if raw == NULL else raw


class Mantissa(Time):
    """The integer under a price or quantity, or None."""


class Trades(Time):
    """A count or id of trades; None in mini tickers, which have none."""

    def raw(self, cell: Cell) -> int:
        return NULL if cell.data[_KIND] == Kind.MINI_TICKER else super().raw(cell)

    def _decode(self, cell: Cell, raw: int) -> int | None:
        return None if cell.data[_KIND] == Kind.MINI_TICKER else raw


class Price(_Field[float]):
    """A price in the instrument's quote currency; NaN where the venue sent none."""

    def exponent(self, cell: Cell) -> int:
        return cell.instrument.px_exponent

    def _decode(self, cell: Cell, raw: int) -> float:
        return math.nan if raw == NULL else raw / cell.instrument.px_scale


class Quantity(_Field[float]):
    """A quantity in the base asset (COIN-M: contracts); NaN where the venue sent none."""

    def exponent(self, cell: Cell) -> int:
        return cell.instrument.qty_exponent

    def _decode(self, cell: Cell, raw: int) -> float:
        return math.nan if raw == NULL else raw / cell.instrument.qty_scale


class Fixed(_Field[float]):
    """A value at a fixed 1e-8, whatever the instrument; NaN where the venue sent none."""

    def exponent(self, cell: Cell) -> int:
        return FIXED_EXPONENT

    def _decode(self, cell: Cell, raw: int) -> float:
        return math.nan if raw == NULL else raw / _FIXED_SCALE


class OwnPrice(_Field[float]):
    """A price whose exponent stands in the record itself; NaN where the venue sent none."""

    def __set_name__(self, owner: type, name: str) -> None:
        super().__set_name__(owner, name)
        self._exponent_at = FIELDS[self._layout]["px_exponent"][0]

    def exponent(self, cell: Cell) -> int:
        at = self._exponent_at
        return int.from_bytes(cell.data[at : at + 4], "little", signed=True)

    def decimal(self, cell: Cell) -> Decimal | None:
        return super().decimal(cell) if self.exponent(cell) in _SCALES else None

    def _decode(self, cell: Cell, raw: int) -> float:
        scale = _SCALES.get(self.exponent(cell), math.nan)  # no market has another exponent
        return math.nan if raw == NULL else raw / scale


class Text:
    """Text; empty where the venue sent none."""

    def __init__(self, layout: str) -> None:
        self._layout = layout

    def __set_name__(self, owner: type, name: str) -> None:
        offset, _, size = FIELDS[self._layout][name]
        self._slice = slice(offset, offset + size)

    @overload
    def __get__(self, cell: None, owner: type) -> Self: ...
    @overload
    def __get__(self, cell: Cell, owner: type) -> str: ...
    def __get__(self, cell: Cell | None, owner: type) -> Self | str:
        return self if cell is None else text(cell.data[self._slice])


class Float(_Field[float]):
    """A float64; NaN where the venue sent none."""

    def _decode(self, cell: Cell, raw: float) -> float:
        return raw
