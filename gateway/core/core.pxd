# The C core as Cython sees it; the headers beside this file are the reference.
from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t


cdef extern from "json.h":
    ctypedef enum gw_error:
        GW_OK
        GW_ERR_UTF8

    ctypedef struct gw_cursor:
        const uint8_t *p
        const uint8_t *end

    ctypedef struct gw_text:
        const uint8_t *p
        size_t length
        bint escaped

    const char *gw_error_name(gw_error error)
    gw_error gw_json_decimal(gw_cursor *c, int places, int64_t *out)
    gw_error gw_json_double(gw_cursor *c, double *out)
    size_t gw_json_unescape(const gw_text *text, uint8_t *out, size_t room)
    bint gw_utf8_valid(const uint8_t *p, size_t length)


cdef extern from "layout.h":
    enum:
        GW_NO_ROW
        GW_KIND_QUOTE
        GW_KIND_TRADE
        GW_KIND_AGG_TRADE
        GW_KIND_TICKER
        GW_KIND_DIFF
        GW_KIND_PARTIAL
        GW_FLAG_BUYER_IS_MAKER

    ctypedef struct gw_meta:
        uint64_t version
        int64_t ts_event
        int64_t ts_trade
        uint64_t update_id
        uint16_t flags
        uint8_t kind

    ctypedef struct gw_quote:
        gw_meta meta
        int64_t bid_px
        int64_t bid_qty
        int64_t ask_px
        int64_t ask_qty

    ctypedef struct gw_trade:
        gw_meta meta
        int64_t px
        int64_t qty
        uint64_t first_trade_id
        uint64_t last_trade_id

    ctypedef struct gw_ticker:
        gw_meta meta
        int64_t last_px
        int64_t last_qty
        int64_t bid_px
        int64_t bid_qty
        int64_t ask_px
        int64_t ask_qty
        int64_t open_px
        int64_t high_px
        int64_t low_px
        int64_t prev_close_px
        int64_t change_px
        int64_t change_percent
        int64_t average_px
        double volume
        double quote_volume
        int64_t open_time
        int64_t close_time
        uint64_t first_trade_id
        uint64_t last_trade_id
        uint64_t trade_count

    ctypedef struct gw_symbol:
        uint8_t symbol[32]
        uint8_t venue[16]
        uint8_t market_name[16]
        int8_t px_exponent
        int8_t qty_exponent
        uint8_t market
        int64_t tick
        int64_t step
        int64_t added_real

    ctypedef struct gw_stream:
        uint8_t name[64]
        uint8_t kind
        uint8_t market
        uint8_t levels
        uint32_t symbol
        uint32_t connection

    ctypedef struct gw_counters:
        uint64_t frames_received
        uint64_t bytes_received
        uint64_t frames_control
        uint64_t frames_binary
        uint64_t fragments_joined


cdef extern from "book.h":
    ctypedef struct gw_level:
        int64_t px
        int64_t qty

    ctypedef struct gw_side:
        uint32_t count

    ctypedef struct gw_levels_book:
        gw_side bids
        gw_side asks

    bint gw_book_init(gw_levels_book *book, uint32_t levels_max)
    void gw_book_free(gw_levels_book *book)
    void gw_book_clear(gw_levels_book *book)
    bint gw_side_set(gw_side *side, int64_t px, int64_t qty)
    uint32_t gw_side_top(const gw_side *side, gw_level *out, uint32_t count)


cdef extern from "sequence.h":
    ctypedef enum gw_verdict:
        GW_BEHIND
        GW_APPLY
        GW_GAP

    gw_verdict gw_judge_spot(uint64_t first, uint64_t last, uint64_t book_id)
    gw_verdict gw_judge_futures(uint64_t prev, uint64_t last, uint64_t book_id)
    gw_verdict gw_judge_futures_first(uint64_t first, uint64_t last, uint64_t prev, uint64_t snapshot_id)


cdef extern from "decode.h":
    ctypedef struct gw_target:
        uint8_t kind
        uint8_t market
        uint8_t px_places
        uint8_t qty_places
        uint8_t symbol_length
        uint8_t symbol[32]

    ctypedef struct gw_depth:
        int64_t ts_event
        int64_t ts_trade
        uint64_t first_update_id
        uint64_t last_update_id
        uint64_t prev_update_id
        gw_level *bids
        gw_level *asks
        uint32_t bid_count
        uint32_t ask_count
        uint32_t room

    ctypedef struct gw_envelope:
        gw_text stream
        const uint8_t *data
        size_t data_length

    gw_error gw_split_envelope(const uint8_t *frame, size_t length, gw_envelope *out)
    bint gw_peek_envelope(const uint8_t *frame, size_t length, gw_envelope *out)
    gw_error gw_end_envelope(gw_cursor *c)
    gw_error gw_decode_quote(gw_cursor *c, const gw_target *target, gw_quote *out)
    gw_error gw_decode_trade(gw_cursor *c, const gw_target *target, gw_trade *out)
    gw_error gw_decode_agg_trade(gw_cursor *c, const gw_target *target, gw_trade *out)
    gw_error gw_decode_ticker(gw_cursor *c, const gw_target *target, gw_ticker *out)
    gw_error gw_decode_depth(gw_cursor *c, const gw_target *target, gw_depth *out)
    gw_error gw_decode_partial(gw_cursor *c, const gw_target *target, gw_depth *out)
    gw_error gw_decode_snapshot(gw_cursor *c, const gw_target *target, gw_depth *out)


cdef extern from "segment.h":
    ctypedef struct gw_slots:
        uint32_t capacity

    ctypedef struct gw_ring_writer:
        uint64_t tail

    ctypedef struct gw_segment:
        gw_counters *counters
        gw_slots slots[5]
        gw_ring_writer events

    bint gw_segment_attach(gw_segment *segment, uint8_t *base, size_t size)
    void gw_slot_store(gw_slots *slots, uint32_t row, gw_meta *cell, uint32_t length)
    uint8_t *gw_ring_claim(gw_ring_writer *ring, size_t length)
    void gw_ring_publish(gw_ring_writer *ring)

    uint32_t gw_histogram_bucket(uint64_t value)
    void gw_segment_set_state(gw_segment *segment, uint32_t state)
    void gw_bell_wake(uint32_t *bell)
    void gw_segment_ring_bell(gw_segment *segment)


cdef extern from "engine_core.h":
    enum:
        GW_FRAME_LENGTH_MAX

    ctypedef enum gw_frame_class:
        GW_FRAME_DATA
        GW_FRAME_CONTROL
        GW_FRAME_REFUSED

    ctypedef struct gw_notice:
        uint32_t code
        uint32_t row
        uint32_t error
        uint32_t head_length
        uint64_t a
        uint64_t b
        uint8_t head[160]

    ctypedef struct gw_symbol_info:
        bint wanted_state

    ctypedef struct gw_stream_info:
        bint wanted_json
        bint wanted_binary

    ctypedef int (*gw_send_function)(void *socket, const void *data, size_t length, int flags)

    ctypedef struct gw_publisher:
        gw_send_function send
        void *socket
        uint32_t item_count

    ctypedef struct gw_engine:
        gw_segment segment
        gw_symbol_info *symbols
        gw_stream_info *streams
        gw_notice *notices
        uint32_t notice_count
        gw_publisher publisher

    gw_engine *gw_engine_new(uint8_t *base, size_t size, uint32_t levels_max, size_t buffer_max)
    void gw_engine_free(gw_engine *e)
    gw_frame_class gw_engine_frame(gw_engine *e, uint32_t connection, const uint8_t *frame, size_t length, int64_t mono) nogil
    void gw_engine_batch_end(gw_engine *e)
    void gw_engine_heartbeat(gw_engine *e, int64_t mono, int64_t real)
    void gw_engine_drained(gw_engine *e, uint32_t connection)
    void gw_engine_connection_up(gw_engine *e, uint32_t connection, int64_t mono)
    void gw_engine_connection_down(gw_engine *e, uint32_t connection)
    uint32_t gw_engine_add_symbol(gw_engine *e, const gw_symbol *row)
    uint32_t gw_engine_add_connection(gw_engine *e, const char *name, uint8_t market)
    uint32_t gw_engine_add_stream(gw_engine *e, const gw_stream *row)
    uint32_t gw_engine_replace_symbol(gw_engine *e, uint32_t old, const gw_symbol *row)
    void gw_book_ask(gw_engine *e, uint32_t symbol)
    int gw_book_snapshot(gw_engine *e, uint32_t symbol, const uint8_t *body, size_t length, gw_error *error)
    int64_t gw_clock_mono()
