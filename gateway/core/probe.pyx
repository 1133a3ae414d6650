# cython: language_level=3, boundscheck=True, wraparound=False
"""The C core's single functions, for tests and benches: plain values in, plain values out."""

import math
import struct
import time

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memset

from gateway import layout
from gateway.core cimport core
from gateway.errors import DecodeError
from gateway.layout import Kind

cdef enum:
    ROOM = 1 << 20

cdef check(core.gw_error error):
    if error != core.GW_OK:
        raise DecodeError(core.gw_error_name(error).decode())


cdef core.gw_cursor cursor_of(const uint8_t[::1] data) except *:
    cdef core.gw_cursor cursor
    cursor.p = &data[0] if data.shape[0] else <const uint8_t *>b""
    cursor.end = cursor.p + data.shape[0]
    return cursor


def parse_decimal(const uint8_t[::1] text, int exponent):
    """The mantissa of a JSON decimal (quoted, or bare with a byte behind it) at ``exponent`` <= 0."""
    cdef core.gw_cursor cursor = cursor_of(text)
    cdef int64_t value = 0
    check(core.gw_json_decimal(&cursor, -exponent, &value))
    return value


def parse_double(const uint8_t[::1] text):
    """The double nearest to a JSON decimal (quoted, or bare with a byte behind it)."""
    cdef core.gw_cursor cursor = cursor_of(text)
    cdef double value = math.nan
    check(core.gw_json_double(&cursor, &value))
    return value


def utf8_valid(const uint8_t[::1] data):
    """Whether the bytes are UTF-8 (RFC 3629)."""
    cdef core.gw_cursor cursor = cursor_of(data)
    return core.gw_utf8_valid(cursor.p, data.shape[0])


def bucket(uint64_t value):
    """The histogram bucket of a value."""
    return core.gw_histogram_bucket(value)


def is_sampled(uint32_t number):
    """Whether the number-th event is timed where one in SAMPLED_ONE_IN is."""
    return core.gw_is_sampled(number)


def split_envelope(const uint8_t[::1] frame):
    """(stream name, offset of the payload, its length); empty name, -1 and 0 where there is none."""
    cdef core.gw_envelope envelope
    cdef core.gw_cursor cursor = cursor_of(frame)
    cdef uint8_t plain[256]
    check(core.gw_split_envelope(cursor.p, frame.shape[0], &envelope))
    name = b""
    if envelope.stream.p != NULL:
        size = core.gw_json_unescape(&envelope.stream, plain, sizeof(plain))
        name = (<const char *>plain)[:size] if size <= sizeof(plain) else b""
    offset = envelope.data - cursor.p if envelope.data != NULL else -1
    return name, offset, envelope.data_length


cdef core.gw_target target_of(int kind, int market, bytes symbol, int px_exponent, int qty_exponent) except *:
    cdef core.gw_target target
    memset(&target, 0, sizeof(target))
    target.kind = kind
    target.market = market
    target.px_places = -px_exponent
    target.qty_places = -qty_exponent
    if len(symbol) > sizeof(target.symbol):
        raise ValueError("symbol too long")
    target.symbol_length = len(symbol)
    memcpy(target.symbol, <const char *>symbol, len(symbol))
    return target


_META = {field.name for field in layout.META.fields}
_SAID = ("kind", "source", "ts_event", "ts_trade", "update_id", "flags")  # of meta, by a decoder
_STRUCTS = {
    Kind.QUOTE: layout.QUOTE,
    Kind.TRADE: layout.TRADE,
    Kind.AGG_TRADE: layout.TRADE,
    Kind.BLOCK_TRADE: layout.TRADE,
    Kind.TICKER: layout.TICKER,
    Kind.MINI_TICKER: layout.TICKER,
    Kind.WINDOW_TICKER: layout.TICKER,
    Kind.KLINE: layout.KLINE,
    Kind.CONTINUOUS_KLINE: layout.KLINE,
    Kind.INDEX_KLINE: layout.KLINE,
    Kind.MARK_KLINE: layout.KLINE,
    Kind.MARK_PRICE: layout.MARK,
    Kind.INDEX_PRICE: layout.MARK,
    Kind.AVERAGE_PRICE: layout.PRICE,
    Kind.REFERENCE_PRICE: layout.PRICE,
    Kind.COMPOSITE_INDEX: layout.PRICE,
    Kind.LIQUIDATION: layout.LIQUIDATION,
    Kind.CONTRACT_INFO: layout.CONTRACT,
    Kind.ASSET_INDEX: layout.ASSET,
    Kind.TRADING_SESSION: layout.SESSION,
}
_FORMATS = {"u8": "B", "u16": "H", "u32": "I", "i32": "i", "u64": "Q", "i64": "q", "f64": "d"}


def event_size(int kind):
    """Bytes of a kind's struct, 0 where no decoder fills one."""
    return core.gw_event_size(kind)


def _field_of(bytes event, object field, int offset):
    if field.type == "text":
        return event[offset : offset + field.count].rstrip(b"\0").decode("utf-8", "replace")
    return struct.unpack_from("<" + _FORMATS[field.type], event, offset)[0]


def _event_dict(int kind, bytes event):
    """The fields of a decoded event by their names in the layout; ValueError: bytes left unset."""
    table = _STRUCTS[kind]
    offsets = table.offsets()
    *_, last = table.fields
    if len(event) != table.size or any(event[offsets[last.name] + last.size :]):
        raise ValueError(f"not a clean {table.name}")
    return {
        field.name: _field_of(event, field, offsets[field.name])
        for field in table.fields
        if field.name not in _META or field.name in _SAID
    }


cdef list level_list(const core.gw_level *levels, uint32_t count):
    return [(levels[i].px, levels[i].qty) for i in range(count)]


cdef class Scratch:
    """Room for the levels of the longest frame."""

    cdef core.gw_depth depth

    def __cinit__(self):
        self.depth.room = ROOM
        self.depth.bids = <core.gw_level *>malloc(ROOM * sizeof(core.gw_level))
        self.depth.asks = <core.gw_level *>malloc(ROOM * sizeof(core.gw_level))
        if self.depth.bids == NULL or self.depth.asks == NULL:
            raise MemoryError

    def __dealloc__(self):
        free(self.depth.bids)
        free(self.depth.asks)

    cdef dict as_dict(self, int kind):
        return {
            "kind": kind,
            "ts_event": self.depth.ts_event,
            "ts_trade": self.depth.ts_trade,
            "first_update_id": self.depth.first_update_id,
            "update_id": self.depth.last_update_id,
            "prev_update_id": self.depth.prev_update_id,
            "bids": level_list(self.depth.bids, self.depth.bid_count),
            "asks": level_list(self.depth.asks, self.depth.ask_count),
        }


cdef Scratch SCRATCH = Scratch()


def decode(int kind, int market, const uint8_t[::1] data, bytes symbol, int px_exponent, int qty_exponent):
    """Decode one payload; fields named as in gateway.layout. Raises DecodeError with the code's name.

    The payload must end with its object: bytes behind it are SYNTAX, as in a frame.
    """
    cdef core.gw_target target = target_of(kind, market, symbol, px_exponent, qty_exponent)
    cdef core.gw_cursor cursor = cursor_of(data)
    cdef core.gw_event event
    if kind == core.GW_KIND_DIFF:
        check(core.gw_decode_depth(&cursor, &target, &SCRATCH.depth))
        found = SCRATCH.as_dict(kind)
    elif kind == core.GW_KIND_PARTIAL:
        check(core.gw_decode_partial(&cursor, &target, &SCRATCH.depth))
        found = SCRATCH.as_dict(kind)
    else:
        memset(&event, 0xA5, sizeof(event))  # what a decoder forgets to set shows
        check(core.gw_decode_event(&cursor, &target, &event))
        found = _event_dict(kind, (<const char *>&event)[: core.gw_event_size(kind)])
    while cursor.p < cursor.end and cursor.p[0] in b" \t\r\n":
        cursor.p += 1
    if cursor.p != cursor.end:
        raise DecodeError("SYNTAX")
    return found


def scan_row(const uint8_t[::1] data):
    """(symbol, symbol type, length) of the object that ``data`` begins with."""
    cdef core.gw_cursor cursor = cursor_of(data)
    cdef const uint8_t *begin = cursor.p
    cdef core.gw_row row
    cdef uint8_t plain[256]
    check(core.gw_scan_row(&cursor, &row))
    if row.end != cursor.p:
        raise ValueError("the cursor is not behind the object")
    size = core.gw_json_unescape(&row.symbol, plain, sizeof(plain))
    if size > sizeof(plain):
        raise ValueError("symbol too long")
    return (<const char *>plain)[:size], row.symbol_type, row.end - begin


def decode_snapshot(const uint8_t[::1] data, int px_exponent, int qty_exponent):
    """Decode a REST depth answer: last_update_id, bids, asks."""
    cdef core.gw_target target = target_of(core.GW_KIND_PARTIAL, 1, b"", px_exponent, qty_exponent)
    cdef core.gw_cursor cursor = cursor_of(data)
    check(core.gw_decode_snapshot(&cursor, &target, &SCRATCH.depth))
    found = SCRATCH.as_dict(core.GW_KIND_PARTIAL)
    return {"last_update_id": found["update_id"], "bids": found["bids"], "asks": found["asks"]}


VERDICTS = ("BEHIND", "APPLY", "GAP")


def judge_spot(uint64_t first_update_id, uint64_t last_update_id, uint64_t book_update_id):
    """Verdict on a spot diff: BEHIND, APPLY or GAP."""
    return VERDICTS[core.gw_judge_spot(first_update_id, last_update_id, book_update_id)]


def judge_futures(uint64_t prev_update_id, uint64_t last_update_id, uint64_t book_update_id):
    """Verdict on a futures diff, once one was applied."""
    return VERDICTS[core.gw_judge_futures(prev_update_id, last_update_id, book_update_id)]


def judge_futures_first(uint64_t first, uint64_t last, uint64_t prev, uint64_t snapshot_id):
    """Verdict on the first futures diff after a snapshot."""
    return VERDICTS[core.gw_judge_futures_first(first, last, prev, snapshot_id)]


PHASES = ("WAITING", "HELD", "SYNCED")
LIFE_EVENTS = (  # in the order of book_life.h
    "UNJUDGED", "FOLLOWS", "BEHIND", "REACHED", "GAP", "OLDER", "RESTARTED", "CROSSED", "THIN",
    "OVERFLOW", "JOINED", "ALONE", "BROKEN", "REFUSED", "DIFFERS", "WIDER", "WANTED", "SESSION",
    "SUSPECT", "CUT",
)
LIFE_ACTIONS = (  # from bit 0 on
    "LOSE", "DROP", "ASK", "FORGET", "KEEP", "TELL", "APPLIED", "DUPLICATE", "GAP", "WHOLE",
    "SHOW",
)


def book_life(int phase, int event):
    """One step of a book's life: (phase, status, reason, names of the actions); status 254: it stays, 255: named."""
    if not (0 <= phase < core.GW_PHASE_COUNT and 0 <= event < core.GW_LIFE_EVENT_COUNT):
        raise IndexError("no such phase or event")
    cdef const core.gw_life_step *step = core.gw_life(<core.gw_phase>phase, <core.gw_life_event>event)
    actions = {name for bit, name in enumerate(LIFE_ACTIONS) if step.actions >> bit & 1}
    if step.actions >> len(LIFE_ACTIONS):
        raise ValueError("an action without a name")
    return PHASES[step.phase], step.status, step.reason, actions


def life_sizes():
    """How many phases and events book_life.h has."""
    return core.GW_PHASE_COUNT, core.GW_LIFE_EVENT_COUNT


def time_decode(int kind, int market, const uint8_t[::1] data, bytes symbol, int px_exponent, int qty_exponent, int rounds):
    """Nanoseconds of CPU for ``rounds`` decodings of one payload, in C alone (bench)."""
    cdef core.gw_target target = target_of(kind, market, symbol, px_exponent, qty_exponent)
    cdef core.gw_cursor whole = cursor_of(data)
    cdef core.gw_cursor cursor
    cdef core.gw_event event
    cdef core.gw_error error = core.GW_OK
    cdef int i
    start = time.process_time_ns()
    for i in range(rounds):
        cursor = whole
        if kind == core.GW_KIND_DIFF:
            error = core.gw_decode_depth(&cursor, &target, &SCRATCH.depth)
        elif kind == core.GW_KIND_PARTIAL:
            error = core.gw_decode_partial(&cursor, &target, &SCRATCH.depth)
        else:
            error = core.gw_decode_event(&cursor, &target, &event)
        if error != core.GW_OK:
            check(error)
    return time.process_time_ns() - start


def time_scan(const uint8_t[::1] data, int rounds):
    """Nanoseconds of CPU for ``rounds`` scans of one row of an array (bench)."""
    cdef core.gw_cursor whole = cursor_of(data)
    cdef core.gw_cursor cursor
    cdef core.gw_row row
    cdef core.gw_error error = core.GW_OK
    cdef int i
    start = time.process_time_ns()
    for i in range(rounds):
        cursor = whole
        error = core.gw_scan_row(&cursor, &row)
        if error != core.GW_OK:
            check(error)
    return time.process_time_ns() - start


def time_stores(uint8_t[::1] memory, int rounds):
    """Nanoseconds of CPU for ``rounds`` stores into a segment: (QUOTE slot, 128-byte EVENTS record)."""
    cdef core.gw_segment segment
    cdef core.gw_quote quote
    cdef int i
    if not core.gw_segment_attach(&segment, &memory[0], memory.shape[0]):
        raise ValueError("not a segment of this layout")
    memset(&quote, 0, sizeof(quote))
    quote.meta.kind = core.GW_KIND_QUOTE
    begun = time.process_time_ns()
    for i in range(rounds):
        quote.bid_px = i
        core.gw_slot_store(&segment.slots[0], i & 63, &quote.meta, sizeof(quote))
    slots = time.process_time_ns() - begun
    begun = time.process_time_ns()
    for i in range(rounds):
        memcpy(core.gw_ring_claim(&segment.events, sizeof(quote)) + 96, &quote.bid_px, 32)
        core.gw_ring_publish(&segment.events)
    return slots, time.process_time_ns() - begun


cdef core.gw_level *copy_levels(list levels) except NULL:
    cdef core.gw_level *copied = <core.gw_level *>malloc((len(levels) + 1) * sizeof(core.gw_level))
    cdef Py_ssize_t i
    if copied == NULL:
        raise MemoryError
    for i, (px, qty) in enumerate(levels):
        copied[i].px, copied[i].qty = px, qty
    return copied


cdef class Book:
    """One order book: mantissas, the best level first."""

    cdef core.gw_levels_book book

    def __cinit__(self, uint32_t levels_max):
        if not core.gw_book_init(&self.book, levels_max):
            raise MemoryError

    def __dealloc__(self):
        core.gw_book_free(&self.book)

    def clear(self):
        """Forget all levels."""
        core.gw_book_clear(&self.book)

    def set(self, int side, int64_t px, int64_t qty):
        """Set a level (side 0: bids, 1: asks); quantity 0 removes. False: no memory."""
        return core.gw_side_set(&self.book.asks if side else &self.book.bids, px, qty)

    def set_many(self, int side, list levels, int rounds=1):
        """Set ``levels`` [(px, qty), ...] ``rounds`` times; nanoseconds of CPU without Python (bench)."""
        cdef core.gw_level *copied = copy_levels(levels)
        cdef core.gw_side *target = &self.book.asks if side else &self.book.bids
        cdef Py_ssize_t i, count = len(levels)
        cdef int r
        start = time.process_time_ns()
        for r in range(rounds):
            for i in range(count):
                core.gw_side_set(target, copied[i].px, copied[i].qty)
        spent = time.process_time_ns() - start
        free(copied)
        return spent

    def top(self, uint32_t count):
        """(bids, asks), up to ``count`` levels a side, best first."""
        return self._top(&self.book.bids, count), self._top(&self.book.asks, count)

    cdef list _top(self, core.gw_side *side, uint32_t count):
        cdef core.gw_level *out = <core.gw_level *>malloc((count + 1) * sizeof(core.gw_level))
        if out == NULL:
            raise MemoryError
        shown = core.gw_side_top(side, out, count)
        found = level_list(out, shown)
        free(out)
        return found

    def apply(self, list bids, list asks):
        """A whole event: (px, qty) a level, in the order received. False: no memory."""
        cdef core.gw_level *copied = copy_levels(bids + asks)
        held = core.gw_book_apply(&self.book, copied, len(bids), copied + len(bids), len(asks))
        free(copied)
        return held

    def load(self, list bids, list asks, uint32_t limit, uint32_t shown):
        """A snapshot of ``limit`` levels a side. False: no memory."""
        cdef core.gw_level *copied = copy_levels(bids + asks)
        held = core.gw_book_load(&self.book, copied, len(bids), copied + len(bids), len(asks), limit, shown)
        free(copied)
        return held

    def complete_px(self):
        """The prices to which the sides are known: (bids, asks); layout.NULL: to the end."""
        return core.gw_side_complete_px(&self.book.bids), core.gw_side_complete_px(&self.book.asks)

    def is_thin(self):
        """Whether little is left of what is known."""
        return core.gw_book_is_thin(&self.book)

    def counts(self):
        """Levels held: (bids, asks)."""
        return self.book.bids.count, self.book.asks.count
