"""What reads give back: state and data together, the data decoded when it is looked at.

Each value is a private copy of one slot cell, so it never changes and never tears. Numbers are
floats; ``…_mantissa`` gives the integer under one, ``decimal("bid_px")`` the exact value. What the
venue did not send is NaN (numbers) or None (times, mantissas).
"""

from __future__ import annotations

import enum
import time
from decimal import Decimal
from typing import TYPE_CHECKING

from gateway_client import layout
from gateway_client.fields import (
    Fixed,
    Float,
    Integer,
    Mantissa,
    Price,
    Quantity,
    Time,
    Trades,
    _Field,
)
from gateway_client.layout import FIELDS, Flag, Reason

if TYPE_CHECKING:
    from gateway_client.plain import Instrument


class Status(enum.IntEnum):
    """Whether a value may be trusted. Only LIVE may be traded on."""

    EMPTY = layout.Status.EMPTY
    LIVE = layout.Status.LIVE
    SYNCING = layout.Status.SYNCING
    GAPPED = layout.Status.GAPPED
    STALE = layout.Status.STALE
    DOWN = layout.Status.DOWN
    HALTED = layout.Status.HALTED
    RETIRED = layout.Status.RETIRED
    DEAD = 255
    """Added by the reader: the writer is gone or hangs."""


# By number. Those of a newer layout are not trusted.
STATUSES = [Status(n) if n in Status._value2member_map_ else Status.DEAD for n in range(256)]
REASONS = [Reason(n) if n in Reason._value2member_map_ else Reason.NONE for n in range(256)]
SOURCES = ["", "bookTicker", "book"] + [""] * 253

RETIRED = 7
"""From this number on a row or its writer is gone."""

_FLAGS = FIELDS["meta"]["flags"][0]
_SOURCE = FIELDS["meta"]["source"][0]
_REASON = FIELDS["meta"]["reason"][0]


class Cell:
    """A private copy of a slot cell or ring record, and what its status is worth."""

    __slots__ = ("data", "instrument", "status")

    def __init__(self, data: bytes, status: int, instrument: Instrument) -> None:
        self.data = data
        self.status = status
        self.instrument = instrument

    version = Integer("meta")
    ts_event = Time("meta")
    """The venue's event time, ns since the Unix epoch."""
    ts_trade = Time("meta")
    """The venue's trade or engine time, ns since the Unix epoch."""
    ts_recv = Integer("meta")
    """Arrival of the frame, ns since the Unix epoch; 0 before the first."""
    mono_recv = Integer("meta")
    """The same by CLOCK_MONOTONIC."""
    mono_publish = Integer("meta")
    """When it was stored in shared memory, CLOCK_MONOTONIC."""
    update_id = Integer("meta")
    """The venue's id: last update id, trade id, aggregate trade id."""
    sequence = Integer("meta")
    """Number of the frame in its stream, from 1; the same in the rings and over ZeroMQ."""
    ring_position = Integer("meta")
    """Where the event ring goes on after this state; gw.events(position=…) starts there."""

    @property
    def state(self) -> Status:
        """Whether this may be traded on, as it was at the moment of the read."""
        return STATUSES[self.status]

    @property
    def is_live(self) -> bool:
        """Whether ``state`` is LIVE."""
        return self.status == 1

    @property
    def symbol(self) -> str:
        """Name of the instrument, as ``spot:BTCUSDT``."""
        return self.instrument.symbol

    @property
    def epoch(self) -> int:
        """Generation of the segment: another number, another writer."""
        return self.instrument.epoch

    @property
    def source(self) -> str:
        """``bookTicker`` or ``book`` for quotes; else empty."""
        return SOURCES[self.data[_SOURCE]]

    @property
    def reason(self) -> Reason:
        """Why the status changed last."""
        return REASONS[self.data[_REASON]]

    @property
    def flags(self) -> Flag:
        """Flags of the frame."""
        return Flag(int.from_bytes(self.data[_FLAGS : _FLAGS + 2], "little"))

    @property
    def age_ns(self) -> int:
        """Nanoseconds since the frame arrived, by CLOCK_MONOTONIC."""
        age: int = time.monotonic_ns() - self.mono_recv
        return age

    def decimal(self, field: str) -> Decimal | None:
        """A price, quantity or id as an exact Decimal; None where the venue sent none.

        Raises AttributeError for a name that is no field of this value.
        """
        found = getattr(type(self), field)
        if not isinstance(found, _Field):
            raise AttributeError(f"{field} is no number of the layout")
        return found.decimal(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.symbol} {self.state.name} {self._summary()}>"

    def _summary(self) -> str:
        return f"update_id={self.update_id}"


class QuoteFields(Cell):
    """Best bid and offer."""

    __slots__ = ()

    bid_px = Price("quote")
    bid_qty = Quantity("quote")
    ask_px = Price("quote")
    ask_qty = Quantity("quote")
    bid_px_mantissa = Mantissa("quote")
    bid_qty_mantissa = Mantissa("quote")
    ask_px_mantissa = Mantissa("quote")
    ask_qty_mantissa = Mantissa("quote")

    def _summary(self) -> str:
        return f"{self.bid_px} x {self.bid_qty} / {self.ask_px} x {self.ask_qty}"


class Quote(QuoteFields):
    """Best bid and offer of an instrument, from bookTicker, or where only depth is subscribed
    from its book."""

    __slots__ = ()


class TradeFields(Cell):
    """A trade or an aggregate trade; ``update_id`` is its id."""

    __slots__ = ()

    px = Price("trade")
    qty = Quantity("trade")
    px_mantissa = Mantissa("trade")
    qty_mantissa = Mantissa("trade")
    first_trade_id = Integer("trade")
    last_trade_id = Integer("trade")
    normal_qty = Quantity("trade")
    """USD-M aggregates: without retail price improvement orders; NaN elsewhere."""
    normal_qty_mantissa = Mantissa("trade")

    @property
    def is_buyer_maker(self) -> bool:
        """Whether the aggressor sold."""
        return Flag.BUYER_IS_MAKER in self.flags

    def _summary(self) -> str:
        return f"{self.px} x {self.qty} id={self.update_id}"


class Trade(TradeFields):
    """The last trade of an instrument."""

    __slots__ = ()


class BlockTrade(TradeFields):
    """The last block trade of an instrument."""

    __slots__ = ()


class TickerFields(Cell):
    """Rolling statistics: of 24 h, of a window, or the few of a mini ticker."""

    __slots__ = ()

    last_px = Price("ticker")
    last_qty = Quantity("ticker")
    bid_px = Price("ticker")
    """Spot only, as the next three."""
    bid_qty = Quantity("ticker")
    ask_px = Price("ticker")
    ask_qty = Quantity("ticker")
    open_px = Price("ticker")
    high_px = Price("ticker")
    low_px = Price("ticker")
    prev_close_px = Price("ticker")
    """Spot only."""
    change_px = Price("ticker")
    change_percent = Fixed("ticker")
    average_px = Fixed("ticker")
    """Volume-weighted."""
    volume = Float("ticker")
    """Base asset; COIN-M: contracts."""
    quote_volume = Float("ticker")
    """Quote asset; COIN-M: base asset."""
    open_time = Time("ticker")
    close_time = Time("ticker")
    first_trade_id = Trades("ticker")
    last_trade_id = Trades("ticker")
    trade_count = Trades("ticker")

    def _summary(self) -> str:
        return f"last {self.last_px} high {self.high_px} low {self.low_px} volume {self.volume}"


class Ticker(TickerFields):
    """Rolling statistics of an instrument. What its stream does not send is NaN or None."""

    __slots__ = ()
