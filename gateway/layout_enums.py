"""The enums of a segment's byte layout; the structs that hold them are in ``gateway.layout``.

Numbers are part of the layout: what is there keeps its number, new members go to the end.
"""

from __future__ import annotations

import enum


class SegmentState(enum.IntEnum):
    """Life of a segment file, as its writer states it."""

    INIT = 0
    LIVE = 1
    DRAINING = 2
    CLOSED = 3
    SUPERSEDED = 4


class Status(enum.IntEnum):
    """Whether a value may be trusted. Only LIVE may be traded on."""

    EMPTY = 0  # nothing was received yet
    LIVE = 1  # in sequence, source delivering
    SYNCING = 2  # waiting for a snapshot or for first data
    GAPPED = 3  # updates are missing; a resync is under way
    STALE = 4  # silent or lagging source
    DOWN = 5  # no connection delivers it
    HALTED = 6  # the venue says: not trading
    RETIRED = 7  # unsubscribed, delisted or replaced; the row is never used for anything else


class Reason(enum.IntEnum):
    """Why a status changed."""

    NONE = 0
    SUBSCRIBED = 1
    FIRST_DATA = 2
    SNAPSHOT = 3
    GAP = 4  # updates missing between two events
    DISCONNECTED = 5
    CONNECTED = 6
    STALLED = 7  # our own loop stood still; what is queued is old
    UNREADABLE = 8  # a frame of this stream could not be read
    CROSSED = 9  # best bid >= best ask after a whole event
    RESTARTED = 10  # ids run lower than before
    INEXACT = 11  # a value has more decimals than the row's exponent
    OVERFLOW = 12  # more buffered diffs or levels than the limit
    RETIRED = 13
    SILENT = 14  # nothing came for longer than the stream's own limit
    LAGGING = 15  # what comes is old: it reaches us later and later
    HALTED = 16  # the venue says: not trading
    AUDIT = 17  # the book differed from the venue's own
    THIN = 18  # the price ran out of what is known of the book


class Market(enum.IntEnum):
    """A market of the venue; its lowercase name is the prefix of every topic."""

    SPOT = 1
    USDM = 2
    COINM = 3


class Kind(enum.IntEnum):
    """What a record or slot holds, and what a stream delivers."""

    QUOTE = 1  # bookTicker: best bid and offer
    TRADE = 2
    AGG_TRADE = 3
    TICKER = 4  # 24hrTicker
    DIFF = 5  # depthUpdate
    PARTIAL = 6  # depth5, depth10, depth20
    BOOK = 7  # slot only: top of the synchronised book
    SNAPSHOT = 8  # the whole book after a resync: replaces what a follower holds
    STATE = 9  # a status changed
    GAP = 10  # frames or ids are missing
    UNREADABLE = 11  # stands in for a frame that could not be read
    RAW = 12  # an upstream frame, byte for byte
    BLOCK_TRADE = 13
    MINI_TICKER = 14  # 24hrMiniTicker
    WINDOW_TICKER = 15  # rolling windows of 1 h, 4 h, 1 d
    KLINE = 16
    CONTINUOUS_KLINE = 17  # of a pair and a contract type
    INDEX_KLINE = 18  # of a pair's index price
    MARK_KLINE = 19  # of a contract's mark price
    MARK_PRICE = 20
    INDEX_PRICE = 21  # of a pair
    AVERAGE_PRICE = 22
    REFERENCE_PRICE = 23
    COMPOSITE_INDEX = 24
    LIQUIDATION = 25  # forceOrder
    CONTRACT_INFO = 26
    ASSET_INDEX = 27
    TRADING_SESSION = 28
    GAP_CLOSED = 29  # the end of a gap: what back-fill brought
    PAD = 255  # fills a ring up to its end


class Flag(enum.IntFlag):
    """Flags of a record or slot cell (META.flags)."""

    BUYER_IS_MAKER = 1 << 0  # the aggressor sold
    FIRST = 1 << 1  # first part of a split record
    LAST = 1 << 2  # last part; unsplit records carry FIRST and LAST
    BACKFILLED = 1 << 3  # fetched by REST afterwards
    SYNTHETIC = 1 << 4  # made by the gateway, not sent by the venue
    DUPLICATE = 1 << 5  # an id seen before
    APPLIED = 1 << 6  # DIFF: it is part of the book
    BUFFERED = 1 << 7  # DIFF: kept until a snapshot comes
    FOREIGN = 1 << 8  # RAW: a row of the other futures market; not published
    CLOSED = 1 << 9  # klines: the interval is over
    EARLY = 1 << 10  # RAW: ahead of the stream's other connection, which delivers it again
    BIDS_WHOLE = 1 << 11  # SNAPSHOT: every bid there is; without it: down to its last one
    ASKS_WHOLE = 1 << 12  # SNAPSHOT: every ask there is; without it: up to its last one


class Shape(enum.IntEnum):
    """What the frames of a stream hold."""

    OBJECT = 1  # one event, of the stream's own symbol
    ARRAY = 2  # rows of many symbols, each published as a stream of its own too
    MERGED = 3  # one event a frame, of any symbol of the market
    ROW = 4  # not subscribed: fed from the rows of an ARRAY or MERGED stream
    SYNTHETIC = 5  # not subscribed: put together here


class OrderSide(enum.IntEnum):
    """Side of an order."""

    NONE = 0
    BUY = 1
    SELL = 2


class Source(enum.IntEnum):
    """Where a quote comes from."""

    NONE = 0
    BOOK_TICKER = 1
    BOOK = 2


class GapState(enum.IntEnum):
    """What became of a gap."""

    NONE = 0
    OPEN = 1  # found, being fetched
    FILLED = 2  # every id recovered
    PARTIAL = 3  # some of them
    LOST = 4  # nothing can bring it back
    HEALED = 5  # a book: the present is right again, the past is not recovered


class SectionKind(enum.IntEnum):
    """What a section of the file holds."""

    FIELDS = 1
    COUNTERS = 2
    HISTOGRAMS = 3
    SYMBOLS = 4
    CONNECTIONS = 5
    STREAMS = 6
    QUOTE = 7
    TICKER = 8
    LAST_TRADE = 9
    BOOK = 10
    PARTIAL = 11
    EVENTS = 12
    RAW = 13
    MARK_PRICE = 14
    VALUES = 15
    GAPS = 16


class RowState(enum.IntEnum):
    """State of a row of SYMBOLS, CONNECTIONS or STREAMS."""

    FREE = 0
    ACTIVE = 1
    RETIRED = 2
    DOWN = 3
    IDLE = 4  # a connection kept for the next rotation
