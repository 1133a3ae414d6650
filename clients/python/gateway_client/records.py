"""Records of the event ring as Python objects: one class a shape, fields decoded when looked at."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from gateway_client.books import Level, levels, pairs
from gateway_client.contracts import ContractInfoFields, LiquidationFields, TradingSessionFields
from gateway_client.errors import SegmentUnusable
from gateway_client.fields import Integer, Mantissa, Price, Quantity, Time
from gateway_client.klines import KlineFields
from gateway_client.layout import FIELDS, SIZES, Flag, GapState, Kind
from gateway_client.prices import AssetIndexFields, MarkPriceFields, PriceFields
from gateway_client.tables import completed
from gateway_client.values import STATUSES, Cell, QuoteFields, Status, TickerFields, TradeFields

if TYPE_CHECKING:
    from gateway_client.plain import Instrument

RECORD_DAMAGED = -12
_KIND = FIELDS["meta"]["kind"][0]
_STATUS = FIELDS["meta"]["status"][0]


class EventKind(enum.IntEnum):
    """What an event is: the kinds of the layout, and EPOCH, which a reader adds."""

    QUOTE = Kind.QUOTE
    TRADE = Kind.TRADE
    AGG_TRADE = Kind.AGG_TRADE
    TICKER = Kind.TICKER
    DIFF = Kind.DIFF
    PARTIAL = Kind.PARTIAL
    BOOK = Kind.BOOK
    SNAPSHOT = Kind.SNAPSHOT
    STATE = Kind.STATE
    GAP = Kind.GAP
    UNREADABLE = Kind.UNREADABLE
    RAW = Kind.RAW
    BLOCK_TRADE = Kind.BLOCK_TRADE
    MINI_TICKER = Kind.MINI_TICKER
    WINDOW_TICKER = Kind.WINDOW_TICKER
    KLINE = Kind.KLINE
    CONTINUOUS_KLINE = Kind.CONTINUOUS_KLINE
    INDEX_KLINE = Kind.INDEX_KLINE
    MARK_KLINE = Kind.MARK_KLINE
    MARK_PRICE = Kind.MARK_PRICE
    INDEX_PRICE = Kind.INDEX_PRICE
    AVERAGE_PRICE = Kind.AVERAGE_PRICE
    REFERENCE_PRICE = Kind.REFERENCE_PRICE
    COMPOSITE_INDEX = Kind.COMPOSITE_INDEX
    LIQUIDATION = Kind.LIQUIDATION
    CONTRACT_INFO = Kind.CONTRACT_INFO
    ASSET_INDEX = Kind.ASSET_INDEX
    TRADING_SESSION = Kind.TRADING_SESSION
    GAP_CLOSED = Kind.GAP_CLOSED
    UNKNOWN = 254
    """Of a newer layout: only what all events have can be read."""
    EPOCH = 256
    """The writer was restarted: forget what was built from its events, new ones follow."""


KINDS = {int(kind): kind for kind in EventKind}
CANDLES = (
    EventKind.KLINE, EventKind.CONTINUOUS_KLINE, EventKind.INDEX_KLINE, EventKind.MARK_KLINE,
)  # fmt: skip
GAP_STATES = [
    GapState(n) if n in GapState._value2member_map_ else GapState.NONE for n in range(256)
]


class Event(Cell):
    """A record of the event ring. ``state`` is its subject's status after it."""

    __slots__ = ("lost", "stream")

    def __init__(
        self, data: bytes, status: int, instrument: Instrument, stream: str, lost: int
    ) -> None:
        super().__init__(data, status, instrument)
        self.stream = stream
        self.lost = lost

    number = Integer("meta", "version")
    """Number of the record in its ring, from 1, without holes."""
    stream_row = Integer("meta", "stream")

    @property
    def kind(self) -> EventKind:
        """What this event is."""
        return KINDS.get(self.data[_KIND], EventKind.UNKNOWN)

    @property
    def position(self) -> int:
        """Where this record begins in the ring."""
        return self.ring_position

    def _summary(self) -> str:
        return f"{self.stream} #{self.sequence} lost={self.lost}"

    def __repr__(self) -> str:
        return f"<{self.kind.name} {self.symbol} {self.state.name} {self._summary()}>"


class QuoteEvent(Event, QuoteFields):
    """A best bid and offer."""

    __slots__ = ()


class TradeEvent(Event, TradeFields):
    """A trade, an aggregate trade or a block trade."""

    __slots__ = ()


class TickerEvent(Event, TickerFields):
    """Rolling statistics: TICKER, MINI_TICKER or WINDOW_TICKER."""

    __slots__ = ()


class KlineEvent(Event, KlineFields):
    """A candle: KLINE, CONTINUOUS_KLINE, INDEX_KLINE or MARK_KLINE."""

    __slots__ = ()


class MarkPriceEvent(Event, MarkPriceFields):
    """A mark price, or an index price."""

    __slots__ = ()


class PriceEvent(Event, PriceFields):
    """AVERAGE_PRICE, REFERENCE_PRICE or COMPOSITE_INDEX."""

    __slots__ = ()


class AssetIndexEvent(Event, AssetIndexFields):
    """Index of a margin asset."""

    __slots__ = ()


class LiquidationEvent(Event, LiquidationFields):
    """A forced order."""

    __slots__ = ()


class ContractInfoEvent(Event, ContractInfoFields):
    """A contract was listed, changed or settled."""

    __slots__ = ()


class TradingSessionEvent(Event, TradingSessionFields):
    """A trading session of the market under a contract. ``symbol`` is empty."""

    __slots__ = ()


class LevelsEvent(Event):
    """Levels of a DIFF, SNAPSHOT or PARTIAL: absolute quantities, in a DIFF 0 removes.

    A SNAPSHOT replaces the whole book; then DIFFs with ``is_applied`` change it, others are not
    part of it. Long ones come in parts: ``is_first`` … ``is_last``, all with the same ``sequence``.
    """

    __slots__ = ()

    first_update_id = Integer("diff")
    """U; of a SNAPSHOT lastUpdateId of the REST answer."""
    prev_update_id = Integer("diff")
    """pu of futures; spot: U - 1."""
    best_bid_px = Price("diff")
    """Of the book after this event; NaN where it has none."""
    best_bid_qty = Quantity("diff")
    best_ask_px = Price("diff")
    best_ask_qty = Quantity("diff")
    best_bid_px_mantissa = Mantissa("diff")
    best_bid_qty_mantissa = Mantissa("diff")
    best_ask_px_mantissa = Mantissa("diff")
    best_ask_qty_mantissa = Mantissa("diff")
    bid_count = Integer("diff")
    """Levels in this record."""
    ask_count = Integer("diff")

    @property
    def is_applied(self) -> bool:
        """DIFF: whether it is part of the book."""
        return Flag.APPLIED in self.flags

    @property
    def is_first(self) -> bool:
        """Whether this is the first part."""
        return Flag.FIRST in self.flags

    @property
    def is_last(self) -> bool:
        """Whether this is the last part."""
        return Flag.LAST in self.flags

    def _side(self, skip: int, count: int) -> tuple[int, ...]:
        room = (len(self.data) - SIZES["diff"]) // 16 - skip
        return pairs(self.data, SIZES["diff"] + 16 * skip, max(0, min(count, room)))

    @property
    def bids_mantissa(self) -> tuple[int, ...]:
        """Bids as px, qty, px, qty, … in mantissas."""
        return self._side(0, self.bid_count)

    @property
    def asks_mantissa(self) -> tuple[int, ...]:
        """Asks as px, qty, px, qty, … in mantissas."""
        return self._side(self.bid_count, self.ask_count)

    @property
    def bids(self) -> list[Level]:
        """(price, quantity) in the venue's order."""
        return levels(self.bids_mantissa, self.instrument)

    @property
    def asks(self) -> list[Level]:
        """(price, quantity) in the venue's order."""
        return levels(self.asks_mantissa, self.instrument)


class StateEvent(Event):
    """A change of trust (STATE), or a frame that could not be read (UNREADABLE)."""

    __slots__ = ()

    error = Integer("state")
    """UNREADABLE: the decoder's code."""
    expected_id = Integer("state")
    """GAP: the id that should have come."""
    received_id = Integer("state")
    """GAP: the id that came."""
    _previous = Integer("state", "previous_status")
    _subject = Integer("state", "subject")

    @property
    def previous(self) -> Status:
        """Status before."""
        return STATUSES[self._previous & 0xFF]

    @property
    def subject(self) -> EventKind:
        """The kind of slot or stream concerned."""
        return KINDS.get(self._subject, EventKind.UNKNOWN)

    def _summary(self) -> str:
        return f"{self.subject.name} was {self.previous.name} for {self.reason.name}"


class GapEvent(StateEvent):
    """Something is missing in ``stream`` (GAP), or what became of it (GAP_CLOSED)."""

    __slots__ = ()

    gap_number = Integer("state")
    """Of ``gw.gaps()``, from 1; 0: the writer is older than that."""
    missing = Integer("state")
    """Ids that are missing; 0: unknown."""
    recovered = Integer("state")
    """Ids that came after all, in events flagged BACKFILLED or late by themselves."""
    ts_before = Time("state")
    """The venue's time of the last event before it, ns since the Unix epoch."""
    ts_after = Time("state")
    """The venue's time of the first event behind it."""
    _gap_state = Integer("state", "gap_state")

    @property
    def gap_state(self) -> GapState:
        """What became of it: OPEN, FILLED, PARTIAL, LOST or HEALED; NONE from older writers."""
        return GAP_STATES[self._gap_state & 0xFF]

    @property
    def first_id(self) -> int | None:
        """The first id that is missing (candles: open time in ms); None where there are no ids."""
        return self._ids[0]

    @property
    def last_id(self) -> int | None:
        """The last id that is missing, inclusive; None where there are no ids."""
        return self._ids[1]

    @property
    def _ids(self) -> tuple[int | None, int | None]:
        expected, received = self.expected_id, self.received_id
        if not expected:
            return None, None
        if self.subject in CANDLES and self.missing:
            return expected, received - (received - expected) // self.missing
        if self.subject is EventKind.DIFF and not self.missing:  # futures: a chain of previous ids
            return expected + 1, received
        return expected, received - 1

    def _summary(self) -> str:
        count = f"{self.recovered} of {self.missing or 'unknown'}"
        ids = "without ids" if self.first_id is None else f"{self.first_id} to {self.last_id}"
        return f"{self.stream} #{self.gap_number} {self.gap_state.name} {ids}, {count} recovered"


class EpochEvent(Event):
    """The writer was restarted: ``epoch`` is the new one, ``lost`` what its ring has dropped."""

    __slots__ = ()

    @property
    def kind(self) -> EventKind:
        return EventKind.EPOCH


_SHAPES: dict[type[Event], tuple[str, tuple[Kind, ...]]] = {
    QuoteEvent: ("quote", (Kind.QUOTE,)),
    TradeEvent: ("trade", (Kind.TRADE, Kind.AGG_TRADE, Kind.BLOCK_TRADE)),
    TickerEvent: ("ticker", (Kind.TICKER, Kind.MINI_TICKER, Kind.WINDOW_TICKER)),
    KlineEvent: (
        "kline", (Kind.KLINE, Kind.CONTINUOUS_KLINE, Kind.INDEX_KLINE, Kind.MARK_KLINE),
    ),
    MarkPriceEvent: ("mark", (Kind.MARK_PRICE, Kind.INDEX_PRICE)),
    PriceEvent: ("price", (Kind.AVERAGE_PRICE, Kind.REFERENCE_PRICE, Kind.COMPOSITE_INDEX)),
    AssetIndexEvent: ("asset", (Kind.ASSET_INDEX,)),
    LiquidationEvent: ("liquidation", (Kind.LIQUIDATION,)),
    ContractInfoEvent: ("contract", (Kind.CONTRACT_INFO,)),
    TradingSessionEvent: ("session", (Kind.TRADING_SESSION,)),
    LevelsEvent: ("diff", (Kind.DIFF, Kind.SNAPSHOT, Kind.PARTIAL)),
    StateEvent: ("state", (Kind.STATE, Kind.UNREADABLE)),
    GapEvent: ("state", (Kind.GAP, Kind.GAP_CLOSED)),
}  # fmt: skip
"""Class -> struct of its records, and the kinds that have it."""

_CLASSES = {
    int(kind): (shape, layout) for shape, (layout, kinds) in _SHAPES.items() for kind in kinds
}


def event(record: bytes, instrument: Instrument, stream: str, lost: int) -> Event:
    """The event that a record holds. Raises SegmentUnusable where it is too short for its kind."""
    shape, layout = _CLASSES.get(record[_KIND], (Event, "meta"))
    record = completed(layout, record)
    if len(record) < SIZES[layout]:
        path = instrument.segment.path
        raise SegmentUnusable(path, RECORD_DAMAGED, "has a damaged ring record (too short)")
    return shape(record, record[_STATUS], instrument, stream, lost)
