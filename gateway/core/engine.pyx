# cython: language_level=3, boundscheck=True, wraparound=False
"""The shard's engine and its WebSocket listener: a thin face over the C core.

Between a frame and shared memory no Python object is made but picows' own WSFrame. One thread uses
an engine; the segment's mapping must outlive it (call ``close`` before unmapping).
"""

import time

from cpython.buffer cimport PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset
from picows.picows cimport WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport

from gateway.core cimport core
from gateway.core.results import BookDump, FrameClass, Gap, LookResult, Notice, NoticeCode, SnapshotResult
from gateway.errors import LayoutError
from gateway.layout import GapState, Market, Shape

NO_ROW = <uint32_t>core.GW_NO_ROW


cdef class Engine:
    """All state of a shard: rows, books, rings. Raises LayoutError if ``buffer`` is no segment of ours."""

    def __cinit__(self, buffer, uint32_t levels_max=10_000, size_t buffer_max=16 << 20):
        PyObject_GetBuffer(buffer, &self.view, PyBUF_WRITABLE)
        self.bound = True
        self.engine = core.gw_engine_new(<uint8_t *>self.view.buf, self.view.len, levels_max, buffer_max)
        if self.engine == NULL:
            raise LayoutError("segment", "not a segment of this layout, or no memory", "start again with the file removed")

    def __dealloc__(self):
        self._close()

    cdef void _close(self):
        core.gw_engine_free(self.engine)
        self.engine = NULL
        if self.bound:
            PyBuffer_Release(&self.view)
            self.bound = False

    def close(self):
        """Free everything and let go of the mapping. The engine is unusable afterwards."""
        self._close()

    cdef core.gw_engine *live(self) except NULL:
        if self.engine == NULL:
            raise ValueError("engine is closed")
        return self.engine

    def add_symbol(self, instrument):
        """Add a SYMBOLS row from a PlanSymbol; its number, or NO_ROW when the directory is full."""
        cdef core.gw_symbol row = symbol_row(instrument)
        return core.gw_engine_add_symbol(self.live(), &row)

    def replace_symbol(self, uint32_t old, instrument):
        """Retire row ``old`` and move its streams to a new row with other exponents; the new row."""
        cdef core.gw_symbol row = symbol_row(instrument)
        self.check(old, self.live().segment.header.symbol_count)
        return core.gw_engine_replace_symbol(self.engine, old, &row)

    def retire_symbol(self, uint32_t symbol):
        """The venue does not list it any more: the row and all its streams are RETIRED."""
        core.gw_engine_retire_symbol(self.of_symbol(symbol), symbol)

    def set_halted(self, uint32_t symbol, bint halted):
        """The venue says whether the instrument trades: its slots are HALTED, or wait for data."""
        core.gw_set_halted(self.of_symbol(symbol), symbol, halted)
        core.gw_engine_batch_end(self.engine)

    def add_connection(self, str name, uint8_t market):
        """Add a connection with its first link, IDLE at first; the link's row, or NO_ROW."""
        return core.gw_engine_add_connection(self.live(), name.encode(), market)

    def add_link(self, str name, uint32_t first):
        """Add the second link of a connection, whose first link's row ``first`` is."""
        return core.gw_engine_add_link(self.live(), name.encode(), first)

    def add_stream(
        self, str name, uint8_t kind, uint32_t symbol, uint32_t connection, uint8_t levels=0,
        *, uint8_t shape=Shape.OBJECT, uint32_t expected_ms=0,
    ):
        """Add a STREAMS row (``name`` with its market: spot:btcusdt@trade); its number, or NO_ROW.

        ``connection`` is the row of its connection's first link, ``symbol`` NO_ROW for the whole
        market. A stream that was removed gets its own row back.
        """
        cdef core.gw_stream row = stream_row(name, kind, symbol, connection, shape)
        row.levels = levels
        row.expected_ms = expected_ms
        return core.gw_engine_add_stream(self.live(), &row)

    def add_row(self, uint32_t parent, uint32_t symbol, str name):
        """Add the stream that the rows of ``symbol`` in the array stream ``parent`` are published as."""
        self.check(parent, self.live().segment.header.stream_count)
        cdef const core.gw_stream *of = &self.engine.segment.streams[parent]
        cdef core.gw_stream row = stream_row(name, of.kind, symbol, of.connection, Shape.ROW)
        row.parent = parent
        return core.gw_engine_add_stream(self.engine, &row)

    def cover_row(self, uint32_t parent, uint32_t symbol):
        """Leave rows of ``symbol`` out: that stream is subscribed by itself. False: there is no room."""
        return core.gw_engine_cover_row(self.live(), parent, symbol)

    def add_synthetic(self, str name, uint8_t kind):
        """Add a whole-market stream that is put together here; its number, or NO_ROW."""
        cdef core.gw_stream row = stream_row(name, kind, NO_ROW, NO_ROW, Shape.SYNTHETIC)
        return core.gw_engine_add_stream(self.live(), &row)

    def collect(self, uint32_t stream, uint32_t synthetic):
        """Make the events of ``stream`` rows of a synthetic stream; NO_ROW: of none any more."""
        self.check(stream, self.live().segment.header.stream_count)
        if synthetic != NO_ROW:
            self.check(synthetic, self.engine.segment.header.stream_count)
        self.engine.streams[stream].collector = synthetic

    def flush_synthetic(self, uint32_t stream):
        """A tick of a synthetic stream: publish the rows that changed since the last one."""
        core.gw_engine_flush_synthetic(self.of_stream(stream), stream)

    def remove_stream(self, uint32_t stream):
        """Unsubscribed: the stream and its rows are RETIRED, and what only they fed."""
        core.gw_engine_remove_stream(self.of_stream(stream), stream)

    cdef core.gw_engine *of_symbol(self, uint32_t row) except NULL:
        self.check(row, self.live().segment.header.symbol_count)
        return self.engine

    cdef core.gw_engine *of_stream(self, uint32_t row) except NULL:
        self.check(row, self.live().segment.header.stream_count)
        return self.engine

    cdef core.gw_engine *of_link(self, uint32_t row) except NULL:
        self.check(row, self.live().segment.header.connection_count)
        return self.engine

    cdef check(self, uint32_t row, uint32_t count):
        if row >= count:
            raise ValueError(f"no row {row}, there are {count}")

    def frame(self, uint32_t link, const uint8_t[::1] payload, mono=None):
        """Take one whole text message, as the listener does; CLOCK_MONOTONIC ns, now by default."""
        self.check(link, self.live().segment.header.connection_count)
        cdef int64_t at = core.gw_clock_mono() if mono is None else mono
        cdef const uint8_t *start = &payload[0] if payload.shape[0] else NULL
        return FrameClass(core.gw_engine_frame(self.engine, link, start, payload.shape[0], at))

    def batch_end(self):
        """End of a socket read: publish to ZeroMQ, ring the bell."""
        core.gw_engine_batch_end(self.live())

    def heartbeat(self, mono=None, real=None):
        """Say that the loop is alive (ns); every heartbeat_interval_ms."""
        now = time.monotonic_ns() if mono is None else mono
        core.gw_engine_heartbeat(self.live(), now, time.time_ns() if real is None else real)

    def snapshot(self, uint32_t symbol, const uint8_t[::1] body, uint32_t limit=0):
        """Give a book the REST depth answer it asked for: (SnapshotResult, name of the decoder's error).

        ``limit``: levels a side that were asked for. A side with so many ends, as far as is known,
        with its last; a shorter one, and any with limit 0, is known to the end of the book.
        """
        cdef core.gw_error error = core.GW_OK
        cdef const uint8_t *start = &body[0] if body.shape[0] else NULL
        result = core.gw_book_snapshot(self.of_symbol(symbol), symbol, start, body.shape[0], limit, &error)
        core.gw_engine_batch_end(self.engine)
        return SnapshotResult(result), core.gw_error_name(error).decode()

    def look_again(self, uint32_t symbol):
        """Begin a second look: what the book applies is kept beside it. False: not in step, or looked at."""
        return core.gw_look_begin(self.of_symbol(symbol), symbol)

    def second_snapshot(self, uint32_t symbol, const uint8_t[::1] body, uint32_t limit):
        """Give a second look its answer, of ``limit`` levels a side: (LookResult, name of the decoder's error).

        When both books stand at one update id they are compared, and LOOKED is told: perhaps in this call.
        """
        cdef core.gw_error error = core.GW_OK
        cdef const uint8_t *start = &body[0] if body.shape[0] else NULL
        result = core.gw_look_snapshot(self.of_symbol(symbol), symbol, start, body.shape[0], limit, &error)
        core.gw_engine_batch_end(self.engine)
        return LookResult(result), core.gw_error_name(error).decode()

    def stop_looking(self, uint32_t symbol):
        """Give a second look up, if there is one; no notice is told."""
        core.gw_look_stop(self.of_symbol(symbol), symbol)

    def book(self, uint32_t symbol):
        """The whole book of a symbol as of now, for one who joins late; None: it has none."""
        cdef core.gw_book head
        if not core.gw_book_head(self.of_symbol(symbol), symbol, &head):
            return None
        cdef const core.gw_symbol *row = &self.engine.segment.symbols[symbol]
        cdef bytes bids = PyBytes_FromStringAndSize(NULL, head.bid_total * sizeof(core.gw_level))
        cdef bytes asks = PyBytes_FromStringAndSize(NULL, head.ask_total * sizeof(core.gw_level))
        core.gw_book_copy(self.engine, symbol, <core.gw_level *><const char *>bids, <core.gw_level *><const char *>asks)
        return BookDump(
            head.meta.status, head.meta.reason, self.engine.segment.header.generation, head.meta.stream,
            head.meta.sequence, head.meta.update_id, head.snapshot_id, head.meta.ring_position,
            head.meta.mono_recv, head.meta.ts_event, row.px_exponent, row.qty_exponent,
            head.bid_complete_px, head.ask_complete_px, bids, asks,
        )

    def back_fill(self, uint32_t stream, const uint8_t[::1] payload):
        """Tell one event that was fetched, in the stream's own JSON form ("E" may be absent).

        "OK"; "DUPLICATE" (it is not missing) and "UNWANTED" (it is yet to come, its candle is not
        closed, or the stream is not filled by ids), both dropped; or the name of the decoder's error.
        """
        cdef core.gw_error error = core.GW_OK
        cdef const uint8_t *start = &payload[0] if payload.shape[0] else NULL
        result = core.gw_engine_back_fill(self.of_stream(stream), stream, start, payload.shape[0], &error)
        return fill_name(result, error)

    def refresh_wanted(self, uint32_t stream):
        """Whether what the stream shows waits for its next event, and REST has it meanwhile."""
        return core.gw_refresh_wanted(self.of_stream(stream), stream)

    def refresh(self, uint32_t stream, const uint8_t[::1] payload, int64_t asked_mono):
        """Show a value that was fetched, as back-filled, its status as it is; returns as ``back_fill`` does.

        "DUPLICATE": what is shown is newer, or came since ``asked_mono`` (ns); "UNWANTED": see ``refresh_wanted``."""
        cdef core.gw_error error = core.GW_OK
        cdef const uint8_t *start = &payload[0] if payload.shape[0] else NULL
        result = core.gw_engine_refresh(self.of_stream(stream), stream, start, payload.shape[0], asked_mono, &error)
        return fill_name(result, error)

    def close_gap(self, uint64_t number, uint32_t state, uint64_t recovered=0):
        """Done with a gap: a GapState. What of its ids came is known here. False: it is not open."""
        return core.gw_gap_close(self.live(), number, state, recovered)

    def gap_of(self, uint64_t number):
        """A gap by its number; None: there was none, or a newer one has its place."""
        cdef const core.gw_gap_track *track = core.gw_gap_find(self.live(), number)
        return None if track == NULL else gap_of_track(self.engine, track)

    def inherit(self, uint32_t stream, uint64_t last_id, int64_t last_ts, gaps=()):
        """The process before this one came so far, and left gaps of (first, last, ts_after) open."""
        core.gw_gap_inherit(self.of_stream(stream), stream, last_id, last_ts)
        for first, last, ts_after in gaps:
            core.gw_gap_inherit_open(self.engine, stream, first, last, ts_after)

    def ask_snapshot(self, uint32_t symbol):
        """Have a waiting book ask for its snapshot now, before its first event."""
        core.gw_book_ask(self.of_symbol(symbol), symbol)

    def link_up(self, uint32_t link):
        """The socket is open: what no other link carries goes to SYNCING."""
        core.gw_engine_link_up(self.of_link(link), link, core.gw_clock_mono())

    def link_down(self, uint32_t link, bint idle=False, heard=None):
        """The socket is gone: what the other link does not carry is DOWN in this call.

        ``idle``: closed on purpose; ``heard``: when anything last came over it (ns), now by default.
        """
        core.gw_engine_link_down(self.of_link(link), link, idle, core.gw_clock_mono() if heard is None else heard)

    def acked(self, uint32_t link, streams):
        """The venue has acknowledged these streams (rows) on a link: silence counts from here."""
        cdef int64_t mono = core.gw_clock_mono()
        self.check(link, self.live().segment.header.connection_count)
        for stream in streams:
            self.check(stream, self.engine.segment.header.stream_count)
            core.gw_engine_acked(self.engine, link, stream, mono)

    def awaited(self, uint32_t link):
        """Rows of the streams on this link's connection that it has not joined yet."""
        cdef core.gw_engine *e = self.of_link(link)
        cdef uint32_t row
        found = []
        for row in range(e.segment.header.stream_count):
            if core.gw_engine_awaits(e, link, row):
                found.append(row)
        return found

    def starved(self, uint32_t link):
        """Rows of the awaited streams that the other link brings and this one does not."""
        cdef core.gw_engine *e = self.of_link(link)
        cdef uint32_t row
        found = []
        for row in range(e.segment.header.stream_count):
            if core.gw_engine_starves(e, link, row):
                found.append(row)
        return found

    def lag_ns(self, uint32_t link):
        """How much later than the quickest seen here events come over a link, smoothed."""
        return self.of_link(link).segment.connections[link].lag_ns

    def set_limits(self, int64_t first_data_ns, int64_t lag_ns):
        """Silence allowed before a stream's first frame, and the lag that makes a link LAGGING."""
        self.live().first_data_ns = first_data_ns
        self.engine.lag_max_ns = lag_ns

    def count_rotation(self):
        """A link was replaced without a break."""
        self.live().segment.counters.rotations += 1

    def count_refused(self, uint64_t streams):
        """The venue answered the subscription of so many streams with an error."""
        self.live().segment.counters.subscriptions_refused += streams

    def drained(self, uint32_t link):
        """What was queued during a stall has been read; new data may be LIVE again."""
        core.gw_engine_drained(self.of_link(link), link)

    def notices(self):
        """Take all notices since the last call."""
        cdef core.gw_engine *e = self.live()
        taken = [notice_of(&e.notices[i]) for i in range(e.notice_count)]
        e.notice_count = 0
        return taken

    def set_publisher(self, size_t send, size_t socket, size_t arrays_socket=0):
        """Addresses of zmq_send and of the sockets, the second for whole arrays (0: the first).

        This thread must be the sockets' own. 0, 0: publish nothing.
        """
        cdef core.gw_engine *e = self.live()
        e.publisher.item_count = 0
        e.publisher.send = <core.gw_send_function>send
        e.publisher.socket = <void *>socket
        e.publisher.arrays_socket = <void *>(arrays_socket or socket)

    def set_wanted(self, uint32_t stream, bint json, bint binary):
        """Publish a stream's JSON and binary topics, or not; see gateway.shard.publisher."""
        cdef core.gw_engine *e = self.of_stream(stream)
        e.streams[stream].wanted_json = json
        e.streams[stream].wanted_binary = binary

    def set_wanted_state(self, uint32_t symbol, bint wanted):
        """Publish a symbol's state topic, or not."""
        self.of_symbol(symbol).symbols[symbol].wanted_state = wanted


def hold_clock(int64_t mono):
    """Let the core's clock stand at ``mono`` (ns), for runs in simulated time; 0: it runs again."""
    core.gw_clock_hold(mono)


def wake(uint8_t[::1] memory, size_t offset):
    """Wake the readers that sleep on the bell at ``offset`` of a mapped segment."""
    if offset % 4 or offset + 4 > <size_t>memory.shape[0]:
        raise ValueError(f"no bell at {offset}")
    core.gw_bell_wake(<uint32_t *>&memory[offset])


cdef core.gw_stream stream_row(str name, uint8_t kind, uint32_t symbol, uint32_t connection, uint8_t shape) except *:
    cdef core.gw_stream row
    cdef bytes text = name.encode()
    if len(text) > sizeof(row.name):
        raise ValueError(f"{name} is longer than {sizeof(row.name)} bytes")
    memset(&row, 0, sizeof(row))
    memcpy(row.name, <const char *>text, len(text))
    row.market, row.parent = Market[name.partition(":")[0].upper()], NO_ROW
    row.kind, row.symbol, row.connection, row.shape = kind, symbol, connection, shape
    return row


cdef core.gw_symbol symbol_row(instrument) except *:
    cdef core.gw_symbol row
    cdef bytes symbol = instrument.row_name.encode()
    cdef bytes market = instrument.market.name.lower().encode()
    if len(symbol) > sizeof(row.symbol):
        raise ValueError(f"symbol {instrument.symbol} is longer than {sizeof(row.symbol)} bytes")
    memset(&row, 0, sizeof(row))
    memcpy(row.symbol, <const char *>symbol, len(symbol))
    memcpy(row.venue, b"binance", 7)
    memcpy(row.market_name, <const char *>market, len(market))
    row.px_exponent, row.qty_exponent = instrument.px_exponent, instrument.qty_exponent
    row.market, row.tick, row.step = instrument.market, instrument.tick, instrument.step
    row.halted = instrument.is_halted
    row.added_real = time.time_ns()
    return row


cdef fill_name(core.gw_fill result, core.gw_error error):
    if result == core.GW_FILL_UNREADABLE:
        return core.gw_error_name(error).decode()
    return {core.GW_FILL_TOLD: "OK", core.GW_FILL_DUPLICATE: "DUPLICATE"}.get(result, "UNWANTED")


cdef notice_of(const core.gw_notice *notice):
    error = core.gw_error_name(<core.gw_error>notice.error).decode()
    head = (<const char *>notice.head)[:notice.head_length]
    return Notice(NoticeCode(notice.code), notice.row, error, notice.a, notice.b, head, notice.number)


cdef gap_of_track(const core.gw_engine *e, const core.gw_gap_track *track):
    cdef const core.gw_gap *gap = &track.gap
    cdef uint32_t at = track.ranges
    missing = []
    while at:
        missing.append((e.gaps.pool.rows[at - 1].first, e.gaps.pool.rows[at - 1].last))
        at = e.gaps.pool.rows[at - 1].next
    times = [gap.closed_real, gap.ts_before, gap.ts_after]
    closed, before, after = [None if at_ns == core.GW_NULL else at_ns for at_ns in times]
    return Gap(
        gap.gap_number, gap.meta.stream, gap.subject, GapState(gap.gap_state), gap.first_id, gap.last_id,
        gap.missing, gap.recovered, gap.opened_real, closed, before, after, tuple(missing),
    )


cdef class FrameListener(WSListener):
    """picows listener of one connection: joins fragments, answers pings, hands payloads to the engine.

    ``handler`` gets ``on_connected(transport)``, ``on_disconnected()``, ``on_control(bytes)``,
    ``on_refused(bytes)``, ``on_pong(bytes)``, ``on_pong_sent()`` and ``on_notices()``; none of them is
    called for a data frame that was read.
    Needs enable_auto_pong=False: it must see the end of every socket read, which may be a ping.
    """

    def __init__(self, Engine engine, uint32_t link, handler):
        super().__init__()
        self.owner = engine
        self.link = link
        self.handler = handler
        self.parts = None
        self.text = False
        self.between_reads = True
        self.mono = 0

    def last_heard(self):
        """CLOCK_MONOTONIC ns of the last socket read that brought a frame; 0 before the first."""
        return self.mono

    cpdef on_ws_connected(self, WSTransport transport):
        self.handler.on_connected(transport)

    cpdef on_ws_disconnected(self, WSTransport transport):
        self.handler.on_disconnected()

    cpdef on_ws_frame(self, WSTransport transport, WSFrame frame):
        cdef core.gw_engine *e = self.owner.engine
        if e == NULL: # a frame of a socket that outlived its engine
            return
        # One stamp for all that one read brought: it arrived together.
        if self.between_reads:
            self.mono = core.gw_clock_mono()
        self.between_reads = frame.last_in_buffer
        if frame.msg_type == WSMsgType.TEXT and frame.fin and self.parts is None:
            self.take(e, <const uint8_t *>frame.payload_ptr, frame.payload_size)
        else:
            self.unusual(transport, frame)
        if frame.last_in_buffer:
            core.gw_engine_batch_end(e)
            if e.notice_count:
                self.handler.on_notices()

    cdef take(self, core.gw_engine *e, const uint8_t *payload, Py_ssize_t size):
        cdef core.gw_frame_class found = core.gw_engine_frame(e, self.link, payload, size, self.mono)
        if found == core.GW_FRAME_CONTROL:
            self.handler.on_control((<const char *>payload)[:size])
        elif found == core.GW_FRAME_REFUSED:
            self.handler.on_refused((<const char *>payload)[:size])

    cdef unusual(self, WSTransport transport, WSFrame frame):
        if frame.msg_type == WSMsgType.PING:
            transport.send_pong(frame.get_payload_as_bytes())
            self.handler.on_pong_sent()
        elif frame.msg_type == WSMsgType.PONG:
            self.handler.on_pong(frame.get_payload_as_bytes())
        elif frame.msg_type == WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code())
            transport.disconnect()
        else:
            self.join(transport, frame)

    cdef join(self, WSTransport transport, WSFrame frame):
        """RFC 6455 5.4: a message is one TEXT or BINARY frame and then CONTINUATIONs, up to fin."""
        starts = frame.msg_type != WSMsgType.CONTINUATION
        if starts == (self.parts is not None):
            return refuse(transport, WSCloseCode.PROTOCOL_ERROR)
        if starts:
            self.parts = bytearray()
            self.text = frame.msg_type == WSMsgType.TEXT
        if len(self.parts) + frame.payload_size > core.GW_FRAME_LENGTH_MAX:
            return refuse(transport, WSCloseCode.MESSAGE_TOO_BIG)
        self.parts += frame.get_payload_as_memoryview()
        if frame.fin:
            self.joined()

    cdef joined(self):
        cdef bytes message = bytes(self.parts)
        cdef core.gw_counters *counters = self.owner.engine.segment.counters
        self.parts = None
        if self.text:
            counters.fragments_joined += 1
            self.take(self.owner.engine, <const uint8_t *><const char *>message, len(message))
        else:
            counters.frames_received += 1
            counters.bytes_received += len(message)
            counters.frames_binary += 1


cdef refuse(WSTransport transport, WSCloseCode code):
    transport.send_close(code)
    transport.disconnect()
