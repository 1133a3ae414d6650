"""The reader over the C client's header: same interface as ``plain``, safe on every machine.

    Segment      a mapped segment file, checked once
    Ring         a cursor in one of its broadcast rings
    Instrument   one row of it
    Quote        a private copy of a quote cell
    Reader       ``quote``, the one call that must be fast: a look-up, a copy, a clock

All protocols and checks are those of clients/c/gateway.h; nothing here knows an offset.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.dict cimport PyDict_GetItem
from cpython.object cimport PyObject
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

from gateway_client.errors import SegmentUnusable
from gateway_client.layout import Flag
from gateway_client.plain.sections import CELLS
from gateway_client.tables import completed, empty_cell, with_blanks
from gateway_client.values import REASONS, SOURCES, STATUSES
from gateway_client.values import Quote as PlainQuote


cdef extern from "gateway.h" nogil:
    enum:
        GW_STATUS_DEAD
        GW_STATUS_EMPTY
        GW_STATUS_LIVE
        GW_STATUS_RETIRED
        GW_LAPPED
        GW_ANY_BOOT
        GW_ERROR_ROW
        GW_ERROR_SECTION
        GW_ERROR_RECORD
        GW_PAGE
        GW_SECTION_FIELDS
        GW_SECTION_COUNTERS
        GW_SECTION_HISTOGRAMS
        GW_SECTION_SYMBOLS
        GW_SECTION_CONNECTIONS
        GW_SECTION_STREAMS
        GW_SECTION_QUOTE
        GW_SECTION_TICKER
        GW_SECTION_LAST_TRADE
        GW_SECTION_BOOK
        GW_SECTION_PARTIAL
        GW_SECTION_EVENTS
        GW_SECTION_RAW
        GW_SECTION_MARK_PRICE
        GW_SECTION_VALUES
        GW_SECTION_GAPS
    const int64_t GW_NULL
    const uint64_t GW_NUMBER_UNKNOWN

    ctypedef struct gw_meta:
        uint64_t version
        int64_t ts_event
        int64_t ts_trade
        int64_t ts_recv
        int64_t mono_recv
        int64_t mono_publish
        uint64_t update_id
        uint64_t sequence
        uint64_t ring_position
        uint32_t symbol
        uint16_t flags
        uint8_t status
        uint8_t source
        uint8_t reason

    ctypedef struct gw_quote:
        gw_meta meta
        int64_t bid_px
        int64_t bid_qty
        int64_t ask_px
        int64_t ask_qty

    ctypedef struct gw_ticker:
        pass

    ctypedef struct gw_trade:
        pass

    ctypedef struct gw_book:
        pass

    ctypedef struct gw_mark:
        pass

    ctypedef struct gw_value:
        pass

    ctypedef struct gw_gap:
        pass

    ctypedef struct gw_header:
        uint32_t symbol_count
        uint32_t stream_count
        uint32_t connection_count

    ctypedef struct gw_rows:
        const unsigned char *base
        uint32_t stride
        uint32_t capacity

    ctypedef struct gw_slots:
        const unsigned char *base
        uint32_t stride
        uint32_t capacity
        uint32_t cell_size
        uint32_t levels

    ctypedef struct gw_ring_view:
        uint64_t capacity

    ctypedef struct gw_cursor:
        uint64_t position
        uint64_t number
        uint64_t lost
        uint64_t laps

    ctypedef struct gw_segment:
        const gw_header *header
        uint64_t size
        uint64_t generation
        uint64_t device
        uint64_t inode
        int64_t timeout_ns
        gw_slots quote, ticker, last_trade, book, partial, mark_price, values, gaps
        gw_ring_view events, raw
        gw_rows symbols, connections, streams, counters, histograms, fields
        char *error

    int gw_open_file(gw_segment *seg, const char *path, int flags)
    void gw_close(gw_segment *seg)
    const char *gw_strerror(int code)
    int gw_is_alive(const gw_segment *seg)
    int gw_read_quote(const gw_segment *seg, uint32_t row, gw_quote *out)
    int gw_load_slot(const gw_slots *slots, uint32_t row, void *out, size_t size)
    int gw_read_cell(const gw_segment *seg, const gw_slots *slots, uint32_t row, void *out, size_t size)
    void gw_copy(void *to, const void *source, size_t size)
    uint32_t gw_load_u32(const uint32_t *word)
    uint32_t gw_bell(const gw_segment *seg)
    void gw_wait(const gw_segment *seg, uint32_t seen, int64_t timeout_ns)
    uint64_t gw_record_max(const gw_ring_view *ring)
    void gw_start_at(gw_cursor *cursor, uint64_t position)
    void gw_start_at_tail(const gw_ring_view *ring, gw_cursor *cursor)
    void gw_start_at_oldest(const gw_ring_view *ring, gw_cursor *cursor)
    int64_t gw_next(const gw_ring_view *ring, gw_cursor *cursor, void *out, size_t size)
    double gw_float(int64_t mantissa, double scale)
    double gw_scale(int exponent)
    int64_t gw_now_mono()


cdef gw_slots *slots_of(gw_segment *seg, int kind) noexcept:
    if kind == GW_SECTION_QUOTE: return &seg.quote
    if kind == GW_SECTION_TICKER: return &seg.ticker
    if kind == GW_SECTION_LAST_TRADE: return &seg.last_trade
    if kind == GW_SECTION_BOOK: return &seg.book
    if kind == GW_SECTION_PARTIAL: return &seg.partial
    if kind == GW_SECTION_MARK_PRICE: return &seg.mark_price
    if kind == GW_SECTION_VALUES: return &seg.values
    if kind == GW_SECTION_GAPS: return &seg.gaps
    return NULL


cdef gw_rows *rows_of(gw_segment *seg, int kind) noexcept:
    if kind == GW_SECTION_FIELDS: return &seg.fields
    if kind == GW_SECTION_COUNTERS: return &seg.counters
    if kind == GW_SECTION_HISTOGRAMS: return &seg.histograms
    if kind == GW_SECTION_SYMBOLS: return &seg.symbols
    if kind == GW_SECTION_CONNECTIONS: return &seg.connections
    if kind == GW_SECTION_STREAMS: return &seg.streams
    return NULL


cdef uint32_t rows_in_use(gw_segment *seg, int kind, uint32_t capacity) noexcept:
    cdef uint32_t count = capacity
    if kind == GW_SECTION_SYMBOLS: count = gw_load_u32(&seg.header.symbol_count)
    elif kind == GW_SECTION_CONNECTIONS: count = gw_load_u32(&seg.header.connection_count)
    elif kind == GW_SECTION_STREAMS: count = gw_load_u32(&seg.header.stream_count)
    return count if count < capacity else capacity


cdef size_t size_of(int kind) noexcept:
    if kind == GW_SECTION_QUOTE: return sizeof(gw_quote)
    if kind == GW_SECTION_TICKER: return sizeof(gw_ticker)
    if kind == GW_SECTION_LAST_TRADE: return sizeof(gw_trade)
    if kind == GW_SECTION_MARK_PRICE: return sizeof(gw_mark)
    if kind == GW_SECTION_VALUES: return sizeof(gw_value)
    if kind == GW_SECTION_GAPS: return sizeof(gw_gap)
    return sizeof(gw_book)


@cython.final
cdef class Segment:
    """A segment file, mapped read-only and checked once. Immutable; a restart is another object.

    Raises SegmentUnusable. ``any_boot`` takes leftovers of another boot too, to look into them.
    """

    cdef gw_segment seg
    cdef readonly str path

    accelerated = True

    def __cinit__(self, str path, bint any_boot=False):
        cdef bytes name = path.encode("utf-8", "surrogateescape")
        cdef const char *text = name
        cdef int code, flags = GW_ANY_BOOT if any_boot else 0
        self.path = path
        with nogil:
            code = gw_open_file(&self.seg, text, flags)
        if code:
            said = (<bytes>self.seg.error).decode("utf-8", "replace")
            raise SegmentUnusable(path, code, said.removeprefix(path + ": "))

    def __dealloc__(self):
        gw_close(&self.seg)

    @property
    def generation(self):
        return self.seg.generation

    @property
    def timeout_ns(self):
        return self.seg.timeout_ns

    @property
    def device(self):
        return self.seg.device

    @property
    def inode(self):
        return self.seg.inode

    cdef object unusable(self, int code):
        return SegmentUnusable(self.path, code, gw_strerror(code).decode())

    def header(self):
        """Copy of page 0 as it is now."""
        data = PyBytes_FromStringAndSize(NULL, GW_PAGE)
        gw_copy(PyBytes_AS_STRING(data), self.seg.header, GW_PAGE)
        return data

    def is_alive(self):
        """Whether the writer says LIVE and its heartbeat is young."""
        return gw_is_alive(&self.seg) != 0

    def bell(self):
        """The bell as it is now; read it before the data, hand it to ``wait`` after."""
        return gw_bell(&self.seg)

    def wait(self, uint32_t seen, int64_t timeout_ns):
        """Sleep until the bell is no longer ``seen`` (futex)."""
        with nogil:
            gw_wait(&self.seg, seen, timeout_ns)

    def levels(self, int kind):
        """Levels a side in the slots of a section; 0 where it has none."""
        cdef gw_slots *slots = slots_of(&self.seg, kind)
        return slots.levels if slots else 0

    def capacity(self, int kind):
        """Slots of a section; 0 where there is none."""
        cdef gw_slots *slots = slots_of(&self.seg, kind)
        return slots.capacity if slots else 0

    def rows(self, int kind):
        """All rows of a directory that are in use, one behind the other, and their stride."""
        cdef gw_rows *rows = rows_of(&self.seg, kind)
        cdef size_t size
        if rows == NULL or rows.base == NULL:
            return b"", 1
        size = <size_t>rows_in_use(&self.seg, kind, rows.capacity) * rows.stride
        data = PyBytes_FromStringAndSize(NULL, size)
        gw_copy(PyBytes_AS_STRING(data), rows.base, size)
        return data, rows.stride

    def read(self, int kind, uint32_t row):
        """Status and cell of a slot; empty where nothing was written, or there are no such slots.

        Raises SegmentUnusable where there is no such row, or the slot never holds still.
        """
        cdef gw_slots *slots = slots_of(&self.seg, kind)
        cdef int status
        if slots == NULL or not slots.capacity:
            return (0 if gw_is_alive(&self.seg) else GW_STATUS_DEAD), empty_cell(CELLS[kind], size_of(kind))
        data = PyBytes_FromStringAndSize(NULL, slots.cell_size)
        status = gw_read_cell(&self.seg, slots, row, PyBytes_AS_STRING(data), slots.cell_size)
        if status < 0:
            raise self.unusable(status)
        if (<gw_meta *>PyBytes_AS_STRING(data)).version == 0:
            return status, empty_cell(CELLS[kind], slots.cell_size)
        if slots.cell_size < size_of(kind) and not slots.levels:
            return status, completed(CELLS[kind], data)
        return status, data

    def scan(self, int kind, list rows, size_t size):
        """The first ``size`` bytes of many slots, each consistent.

        Statuses become DEAD: of all when the writer is dead, of one that never holds still.
        """
        cdef gw_slots *slots = slots_of(&self.seg, kind)
        cdef size_t count = len(rows), index
        cdef bytes blank = empty_cell(CELLS[kind], size)
        cdef char *out
        cdef int code
        if size < sizeof(gw_meta) or size % 8 or slots.capacity and size > slots.cell_size:
            raise ValueError(f"no cell has {size} bytes")
        data = PyBytes_FromStringAndSize(NULL, count * size)
        for index in range(count):
            out = PyBytes_AS_STRING(data) + index * size
            code = gw_load_slot(slots, rows[index], out, size)
            if code or (<gw_meta *>out).version == 0:
                memcpy(out, PyBytes_AS_STRING(blank), size)
            if code and slots.capacity:
                (<gw_meta *>out).status = GW_STATUS_DEAD
        if not gw_is_alive(&self.seg):
            for index in range(count):
                (<gw_meta *>(PyBytes_AS_STRING(data) + index * size)).status = GW_STATUS_DEAD
        return data

    def ring(self, int kind):
        """A cursor at the tail of a ring. Raises SegmentUnusable where there is none."""
        return Ring(self, kind)


@cython.final
cdef class Ring:
    """A reader's place in a ring; starts behind the newest record.

    ``lost`` counts records lost since then, exact with each record read; ``laps`` how often the
    writer overtook this reader (a damaged record counts as one).
    """

    cdef Segment segment  # keeps the mapping
    cdef gw_ring_view *ring
    cdef gw_cursor cursor
    cdef char *record
    cdef size_t record_room

    def __cinit__(self, Segment segment not None, int kind):
        self.segment = segment
        self.ring = &segment.seg.raw if kind == GW_SECTION_RAW else &segment.seg.events
        if not self.ring.capacity:
            raise segment.unusable(GW_ERROR_SECTION)
        self.record_room = gw_record_max(self.ring)
        self.record = <char *>malloc(self.record_room)
        if self.record == NULL:
            raise MemoryError
        gw_start_at_tail(self.ring, &self.cursor)

    def __dealloc__(self):
        free(self.record)

    def start_at(self, uint64_t position):
        """Go on at ``position``, as a slot's ``ring_position``: what follows that state."""
        gw_start_at(&self.cursor, position)

    def start_at_tail(self):
        """Go on behind the newest record."""
        gw_start_at_tail(self.ring, &self.cursor)

    def start_at_oldest(self):
        """Go on at the first record ever, or an eighth of the ring ahead of the writer."""
        gw_start_at_oldest(self.ring, &self.cursor)

    def next(self, int64_t symbol_row=-1):
        """Copy of the next record, or None; with ``symbol_row`` the next one of that instrument."""
        cdef int64_t length
        while True:
            length = gw_next(self.ring, &self.cursor, self.record, self.record_room)
            # Being lapped, or stopped by a damaged record, shows in ``laps`` and ``lost``.
            if length <= GW_LAPPED:
                return None
            if symbol_row < 0 or (<gw_meta *>self.record).symbol == symbol_row:
                return PyBytes_FromStringAndSize(self.record, length)

    @property
    def position(self):
        return self.cursor.position

    @property
    def number(self):
        return -1 if self.cursor.number == GW_NUMBER_UNKNOWN else self.cursor.number

    @property
    def lost(self):
        return self.cursor.lost

    @property
    def laps(self):
        return self.cursor.laps


@cython.final
cdef class Instrument:
    """One row of one segment. Values keep it, and with it the mapping they came from."""

    cdef readonly Segment segment
    cdef gw_segment *seg
    cdef readonly uint32_t row
    cdef readonly str symbol
    cdef readonly object epoch
    cdef readonly int px_exponent
    cdef readonly int qty_exponent
    cdef readonly double px_scale
    cdef readonly double qty_scale
    cdef readonly int64_t tick
    cdef readonly int64_t step

    def __cinit__(
        self, Segment segment not None, uint32_t row, str symbol, int px_exponent,
        int qty_exponent, int64_t tick, int64_t step,
    ):
        self.segment = segment
        self.seg = &segment.seg
        self.row = row
        self.symbol = symbol
        self.epoch = segment.generation
        self.px_exponent = px_exponent
        self.qty_exponent = qty_exponent
        self.px_scale = gw_scale(px_exponent)
        self.qty_scale = gw_scale(qty_exponent)
        self.tick = tick
        self.step = step


cdef object or_none(int64_t number):
    return None if number == GW_NULL else number


@cython.final
@cython.no_gc
@cython.freelist(64)
cdef class Quote:
    """Best bid and offer of an instrument, from bookTicker, or where only depth is subscribed
    from its book."""

    cdef gw_quote cell
    cdef readonly int status
    cdef readonly Instrument instrument

    @property
    def state(self):
        """Whether this may be traded on, as it was at the moment of the read."""
        return STATUSES[self.status]

    @property
    def is_live(self):
        """Whether ``state`` is LIVE."""
        return self.status == GW_STATUS_LIVE

    @property
    def symbol(self):
        return self.instrument.symbol

    @property
    def epoch(self):
        return self.instrument.epoch

    @property
    def source(self):
        """``bookTicker`` or ``book``."""
        return SOURCES[self.cell.meta.source]

    @property
    def bid_px(self):
        return gw_float(self.cell.bid_px, self.instrument.px_scale)

    @property
    def bid_qty(self):
        return gw_float(self.cell.bid_qty, self.instrument.qty_scale)

    @property
    def ask_px(self):
        return gw_float(self.cell.ask_px, self.instrument.px_scale)

    @property
    def ask_qty(self):
        return gw_float(self.cell.ask_qty, self.instrument.qty_scale)

    @property
    def bid_px_mantissa(self):
        return or_none(self.cell.bid_px)

    @property
    def bid_qty_mantissa(self):
        return or_none(self.cell.bid_qty)

    @property
    def ask_px_mantissa(self):
        return or_none(self.cell.ask_px)

    @property
    def ask_qty_mantissa(self):
        return or_none(self.cell.ask_qty)

    @property
    def version(self):
        return self.cell.meta.version

    @property
    def ts_event(self):
        return or_none(self.cell.meta.ts_event)

    @property
    def ts_trade(self):
        return or_none(self.cell.meta.ts_trade)

    @property
    def ts_recv(self):
        return self.cell.meta.ts_recv

    @property
    def mono_recv(self):
        return self.cell.meta.mono_recv

    @property
    def mono_publish(self):
        return self.cell.meta.mono_publish

    @property
    def update_id(self):
        return self.cell.meta.update_id

    @property
    def sequence(self):
        return self.cell.meta.sequence

    @property
    def ring_position(self):
        return self.cell.meta.ring_position

    @property
    def age_ns(self):
        """Nanoseconds since the frame arrived, by CLOCK_MONOTONIC."""
        return gw_now_mono() - self.cell.meta.mono_recv

    @property
    def reason(self):
        return REASONS[self.cell.meta.reason]

    @property
    def flags(self):
        return Flag(self.cell.meta.flags)

    @property
    def data(self):
        """The cell's bytes."""
        return PyBytes_FromStringAndSize(<char *>&self.cell, sizeof(gw_quote))

    def decimal(self, str field not None):
        """A price, quantity or id as an exact Decimal; None where the venue sent none."""
        return PlainQuote(self.data, self.status, self.instrument).decimal(field)

    def __repr__(self):
        return repr(PlainQuote(self.data, self.status, self.instrument))


cdef class Reader:
    """Base of ``Gateway``: the quote call and what it needs."""

    cdef readonly dict _handles

    accelerated = True
    open_segment = Segment
    make_instrument = Instrument

    def __cinit__(self):
        self._handles = {}

    def quote(self, str symbol not None):
        """Best bid and offer with its trust state. Raises UnknownSymbol, SegmentUnusable."""
        cdef PyObject *found = PyDict_GetItem(self._handles, symbol)
        cdef Instrument handle = <Instrument>found if found else self._lookup(symbol)
        cdef Quote quote = Quote.__new__(Quote)
        quote.instrument = handle
        quote.status = gw_read_quote(handle.seg, handle.row, &quote.cell)
        if quote.status != GW_STATUS_LIVE:
            return self.carefully(handle)
        return quote

    cdef Quote carefully(self, Instrument handle):
        """The slow way, for what is not LIVE: look for what replaced a row that is gone or empty."""
        cdef Quote quote = Quote.__new__(Quote)
        status, data = handle.segment.read(GW_SECTION_QUOTE, handle.row)
        if status >= GW_STATUS_RETIRED or status == GW_STATUS_EMPTY:
            fresh = self._recover(handle)
            if fresh is not handle:
                handle = fresh
                status, data = handle.segment.read(GW_SECTION_QUOTE, handle.row)
        data = with_blanks("quote", data)
        quote.instrument = handle
        quote.status = status
        memcpy(&quote.cell, PyBytes_AS_STRING(data), sizeof(gw_quote))
        return quote

    def _lookup(self, symbol):
        raise NotImplementedError  # Gateway finds it in the directory

    def _recover(self, handle):
        raise NotImplementedError  # Gateway attaches to the restarted shard
