"""What the engine answers and tells; ``gateway.core.engine`` has these names too."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from gateway.layout import GapState


class FrameClass(IntEnum):
    """What ``Engine.frame`` made of a frame."""

    DATA = 0
    CONTROL = 1
    REFUSED = 2


class NoticeCode(IntEnum):
    """What the engine tells the control plane; ``row`` is a symbol, stream or connection row."""

    RESYNC = 1
    UNREADABLE = 2
    UNKNOWN_STREAM = 3
    INEXACT = 4
    STALLED = 5
    BOOK_LIVE = 6
    GAP = 7
    SILENT = 8
    ROW_UNKNOWN = 9
    LAGGING = 10
    RESUMED = 11
    THIN = 12  # a symbol: little is left of what is known of its book
    LOOKED = 13  # a symbol; a: levels compared with the venue's book, b: levels that differ
    LOOK_FAILED = 14  # a symbol: nothing was compared


class SnapshotResult(IntEnum):
    """What became of a REST depth answer."""

    LIVE = 1
    HELD = 2
    TOO_OLD = 3
    UNREADABLE = 4
    GAP = 5
    UNWANTED = 6


class LookResult(IntEnum):
    """What became of a REST depth answer for a second look."""

    STARTED = 1  # LOOKED or LOOK_FAILED will tell the rest, if not already
    TOO_OLD = 2  # the look goes on: another answer may follow
    UNREADABLE = 3  # likewise
    UNWANTED = 4


class Notice(NamedTuple):
    """One notice. ``error`` names the decoder's verdict, ``head`` is the start of the frame."""

    code: NoticeCode
    row: int
    error: str
    a: int
    b: int
    head: bytes
    number: int = 0  # GAP: of the gap; a and b are its first and last missing id, 0: it has none


class Gap(NamedTuple):
    """What is missing in a stream. Ids are inclusive; those of candles are open times in ms."""

    number: int  # from 1
    stream: int  # its row
    subject: int  # its Kind
    state: GapState
    first_id: int  # 0: it has no ids
    last_id: int
    missing: int  # ids, 0: unknown
    recovered: int  # of these
    opened_real: int  # ns since the Unix epoch, as all that follow
    closed_real: int | None  # None: it is open
    ts_before: int | None  # the venue's time of the last event before it
    ts_after: int | None  # the venue's time of the first event behind it
    ranges: tuple[tuple[int, int], ...]  # first and last ids that are still missing; () once closed


class BookDump(NamedTuple):
    """A whole order book as of now. Prices and quantities are mantissas of the symbol's exponents.

    All that the stream brought up to ``sequence`` is in it: what comes with a higher one, and ring
    records from ``ring_position`` on, apply on top. Trust it only if ``status`` is LIVE.
    """

    status: int
    reason: int
    epoch: int  # the segment's generation
    stream: int  # row of its DIFF stream
    sequence: int  # frames of that stream so far
    update_id: int
    snapshot_id: int
    ring_position: int  # of EVENTS
    mono_recv: int  # ns, of the last event
    ts_event: int  # ns since the Unix epoch, the venue's; layout.NULL: unknown
    px_exponent: int
    qty_exponent: int
    bid_complete_px: int  # every bid from the best to here is known; layout.NULL: to the end
    ask_complete_px: int
    bids: bytes  # int64 pairs (price, quantity) in native order, the best first
    asks: bytes
