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
    size_t gw_json_unescape(const gw_text *text, uint8_t *out, size_t room)
    bint gw_utf8_valid(const uint8_t *p, size_t length)


cdef extern from "number.h":
    gw_error gw_json_decimal(gw_cursor *c, int places, int64_t *out)
    gw_error gw_json_double(gw_cursor *c, double *out)


cdef extern from "layout.h":
    enum:
        GW_NO_ROW
        GW_KIND_QUOTE
        GW_KIND_DIFF
        GW_KIND_PARTIAL
        GW_FLAG_BUYER_IS_MAKER

    ctypedef struct gw_meta:
        uint64_t version
        int64_t ts_event
        int64_t ts_trade
        uint64_t update_id
        int64_t mono_recv
        uint64_t sequence
        uint64_t ring_position
        uint32_t stream
        uint16_t flags
        uint8_t kind
        uint8_t status
        uint8_t reason

    ctypedef struct gw_book:
        gw_meta meta
        uint64_t snapshot_id
        uint32_t bid_total
        uint32_t ask_total
        int64_t bid_complete_px
        int64_t ask_complete_px

    ctypedef struct gw_quote:
        gw_meta meta
        int64_t bid_px
        int64_t bid_qty
        int64_t ask_px
        int64_t ask_qty

    ctypedef struct gw_symbol:
        uint8_t symbol[32]
        uint8_t venue[16]
        uint8_t market_name[16]
        int8_t px_exponent
        int8_t qty_exponent
        uint8_t market
        int64_t tick
        int64_t step
        uint8_t halted
        int64_t added_real

    const int64_t GW_NULL

    ctypedef struct gw_gap:
        gw_meta meta
        uint64_t gap_number
        uint64_t first_id
        uint64_t last_id
        uint64_t missing
        uint64_t recovered
        int64_t opened_real
        int64_t closed_real
        int64_t ts_before
        int64_t ts_after
        uint32_t gap_state
        uint32_t subject

    ctypedef struct gw_stream:
        uint8_t name[64]
        uint8_t kind
        uint8_t market
        uint8_t levels
        uint32_t symbol
        uint32_t connection
        uint32_t parent
        uint8_t shape
        uint32_t expected_ms
        uint64_t sequence

    ctypedef struct gw_connection:
        int64_t lag_ns

    ctypedef struct gw_header:
        uint64_t generation
        uint32_t stream_count
        uint32_t symbol_count
        uint32_t connection_count

    ctypedef struct gw_counters:
        uint64_t frames_received
        uint64_t bytes_received
        uint64_t frames_control
        uint64_t frames_binary
        uint64_t fragments_joined
        uint64_t rotations
        uint64_t subscriptions_refused


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
    bint gw_book_apply(
        gw_levels_book *book, const gw_level *bids, uint32_t bid_count, const gw_level *asks, uint32_t ask_count)
    bint gw_book_load(
        gw_levels_book *book, const gw_level *bids, uint32_t bid_count, const gw_level *asks, uint32_t ask_count,
        uint32_t limit, uint32_t shown)
    int64_t gw_side_complete_px(const gw_side *side)
    bint gw_book_is_thin(const gw_levels_book *book)
    uint32_t gw_side_top(const gw_side *side, gw_level *out, uint32_t count)


cdef extern from "book_life.h":
    ctypedef enum gw_phase:
        GW_PHASE_WAITING, GW_PHASE_HELD, GW_PHASE_SYNCED, GW_PHASE_COUNT
    ctypedef enum gw_life_event:
        GW_LIFE_EVENT_COUNT
    ctypedef struct gw_life_step:
        uint8_t phase
        uint8_t status
        uint8_t reason
        uint16_t actions

    const gw_life_step *gw_life(gw_phase phase, gw_life_event event)


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

    ctypedef union gw_event:
        gw_meta meta

    ctypedef struct gw_row:
        gw_text symbol
        uint8_t symbol_type
        const uint8_t *end

    gw_error gw_split_envelope(const uint8_t *frame, size_t length, gw_envelope *out)
    bint gw_peek_envelope(const uint8_t *frame, size_t length, gw_envelope *out)
    gw_error gw_end_envelope(gw_cursor *c)
    gw_error gw_scan_row(gw_cursor *c, gw_row *out)
    gw_error gw_decode_event(gw_cursor *c, const gw_target *target, gw_event *out)
    uint32_t gw_event_size(uint8_t kind)
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
        gw_header *header
        gw_symbol *symbols
        gw_connection *connections
        gw_stream *streams
        gw_slots slots[6]
        gw_ring_writer events

    bint gw_segment_attach(gw_segment *segment, uint8_t *base, size_t size)
    void gw_slot_store(gw_slots *slots, uint32_t row, gw_meta *cell, uint32_t length)
    uint8_t *gw_ring_claim(gw_ring_writer *ring, size_t length)
    void gw_ring_publish(gw_ring_writer *ring)

    uint32_t gw_histogram_bucket(uint64_t value)
    void gw_bell_wake(uint32_t *bell)
    void gw_segment_ring_bell(gw_segment *segment)


cdef extern from "arrival.h":
    ctypedef enum gw_fate:
        GW_FATE_NEW

    ctypedef struct gw_arrivals:
        uint8_t identity

    ctypedef struct gw_sighting:
        uint64_t id
        uint64_t follows
        uint64_t hash
        int64_t mono
        uint8_t side
        bint paired
        bint peer_carries

    gw_fate gw_judge_arrival(gw_arrivals *arrivals, const gw_sighting *sighting)
    void gw_arrival_leave(gw_arrivals *arrivals, uint8_t side)
    bint gw_arrival_carried(const gw_arrivals *arrivals, uint8_t side, int64_t mono)


cdef extern from "silence.h":
    ctypedef struct gw_silence:
        int64_t expected_ns
        int64_t mean_ns
        int64_t pause_ns
        int64_t heard_mono
        uint32_t frames
        bint never_judged
        bint silent

    void gw_silence_heard(gw_silence *silence, int64_t mono, int64_t first_data_ns, uint64_t gaps)
    void gw_silence_begin(gw_silence *silence, int64_t mono)
    void gw_silence_second(gw_silence *silence)
    int64_t gw_silence_limit(const gw_silence *silence, int64_t first_data_ns)


cdef extern from "gaps.h":
    ctypedef struct gw_range:
        uint64_t first
        uint64_t last
        uint32_t next

    ctypedef struct gw_range_pool:
        gw_range *rows

    ctypedef struct gw_gap_track:
        gw_gap gap
        uint32_t ranges

    ctypedef struct gw_gaps:
        gw_range_pool pool


cdef extern from "engine_core.h":
    enum:
        GW_FRAME_LENGTH_MAX

    ctypedef enum gw_fill:
        GW_FILL_TOLD
        GW_FILL_DUPLICATE
        GW_FILL_UNWANTED
        GW_FILL_UNREADABLE

    ctypedef enum gw_frame_class:
        GW_FRAME_DATA
        GW_FRAME_CONTROL
        GW_FRAME_REFUSED

    ctypedef struct gw_notice:
        uint32_t code
        uint32_t row
        uint32_t error
        uint32_t head_length
        uint64_t number
        uint64_t a
        uint64_t b
        uint8_t head[160]

    ctypedef struct gw_symbol_info:
        bint wanted_state

    ctypedef struct gw_stream_info:
        bint wanted_json
        bint wanted_binary
        uint32_t collector
        gw_arrivals arrivals
        gw_silence silence

    ctypedef int (*gw_send_function)(void *socket, const void *data, size_t length, int flags)

    ctypedef struct gw_publisher:
        gw_send_function send
        void *socket
        void *arrays_socket
        uint32_t item_count

    ctypedef struct gw_engine:
        gw_segment segment
        gw_symbol_info *symbols
        gw_stream_info *streams
        gw_notice *notices
        uint32_t notice_count
        gw_gaps gaps
        gw_publisher publisher
        int64_t first_data_ns
        int64_t lag_max_ns

    gw_engine *gw_engine_new(uint8_t *base, size_t size, uint32_t levels_max, size_t buffer_max)
    void gw_engine_free(gw_engine *e)
    gw_frame_class gw_engine_frame(gw_engine *e, uint32_t link, const uint8_t *frame, size_t length, int64_t mono) nogil
    void gw_engine_batch_end(gw_engine *e)
    void gw_engine_heartbeat(gw_engine *e, int64_t mono, int64_t real)
    void gw_engine_drained(gw_engine *e, uint32_t link)
    void gw_engine_link_up(gw_engine *e, uint32_t link, int64_t mono)
    void gw_engine_link_down(gw_engine *e, uint32_t link, bint idle, int64_t heard_mono)
    void gw_engine_acked(gw_engine *e, uint32_t link, uint32_t stream, int64_t mono)
    bint gw_engine_awaits(const gw_engine *e, uint32_t link, uint32_t stream)
    bint gw_engine_starves(const gw_engine *e, uint32_t link, uint32_t stream)
    void gw_set_halted(gw_engine *e, uint32_t symbol, bint halted)
    uint32_t gw_engine_add_symbol(gw_engine *e, const gw_symbol *row)
    uint32_t gw_engine_add_connection(gw_engine *e, const char *name, uint8_t market)
    uint32_t gw_engine_add_link(gw_engine *e, const char *name, uint32_t first)
    uint32_t gw_engine_add_stream(gw_engine *e, const gw_stream *row)
    bint gw_engine_cover_row(gw_engine *e, uint32_t parent, uint32_t symbol)
    uint32_t gw_engine_replace_symbol(gw_engine *e, uint32_t old, const gw_symbol *row)
    void gw_engine_retire_symbol(gw_engine *e, uint32_t symbol)
    void gw_engine_remove_stream(gw_engine *e, uint32_t stream)
    void gw_engine_flush_synthetic(gw_engine *e, uint32_t stream)
    void gw_book_ask(gw_engine *e, uint32_t symbol)
    bint gw_book_head(gw_engine *e, uint32_t symbol, gw_book *head)
    bint gw_look_begin(gw_engine *e, uint32_t symbol)
    int gw_look_snapshot(gw_engine *e, uint32_t symbol, const uint8_t *body, size_t length, uint32_t limit, gw_error *error)
    void gw_look_stop(gw_engine *e, uint32_t symbol)
    void gw_book_copy(const gw_engine *e, uint32_t symbol, gw_level *bids, gw_level *asks)
    int gw_book_snapshot(gw_engine *e, uint32_t symbol, const uint8_t *body, size_t length, uint32_t limit, gw_error *error)
    gw_fill gw_engine_back_fill(gw_engine *e, uint32_t stream, const uint8_t *payload, size_t length, gw_error *error)
    gw_fill gw_engine_refresh(gw_engine *e, uint32_t stream, const uint8_t *payload, size_t length, int64_t asked_mono, gw_error *error)
    bint gw_refresh_wanted(const gw_engine *e, uint32_t stream)
    bint gw_gap_close(gw_engine *e, uint64_t number, uint32_t state, uint64_t recovered)
    void gw_gap_inherit(gw_engine *e, uint32_t stream, uint64_t last_id, int64_t last_ts)
    void gw_gap_inherit_open(gw_engine *e, uint32_t stream, uint64_t first, uint64_t last, int64_t ts_after)
    const gw_gap_track *gw_gap_find(const gw_engine *e, uint64_t number)
    bint gw_is_sampled(uint32_t number)
    int64_t gw_clock_mono()
    void gw_clock_hold(int64_t mono)
