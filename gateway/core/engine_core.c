/* From a frame's bytes to shared memory; see engine_core.h. */
#include "engine_core.h"

#include <stdlib.h>
#include <time.h>

/* Levels a side of the longest frame we take: ["1","1"], is ten bytes. Untouched pages cost nothing. */
enum { LEVEL_ROOM = GW_FRAME_LENGTH_MAX / 10 };
/* Quotes or trades in a row with a lower id than before: the venue's ids restarted. */
enum { OLDER_RUN_MAX = 3 };

int64_t gw_clock_mono(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static bool allocate(gw_engine *e)
{
    const gw_segment *segment = &e->segment;
    uint32_t size = 64;
    while (size < segment->stream_capacity * 2)
        size *= 2;
    e->stream_mask = size - 1;
    e->stream_table = calloc(size, sizeof *e->stream_table);
    e->symbols = calloc(segment->symbol_capacity, sizeof *e->symbols);
    e->streams = calloc(segment->stream_capacity, sizeof *e->streams);
    e->draining = calloc(segment->connection_capacity, sizeof *e->draining);
    e->connection_market = calloc(segment->connection_capacity, 1);
    e->depth.room = LEVEL_ROOM;
    e->depth.bids = malloc(LEVEL_ROOM * sizeof(gw_level));
    e->depth.asks = malloc(LEVEL_ROOM * sizeof(gw_level));
    uint32_t out = e->levels_max > segment->book_levels ? e->levels_max : segment->book_levels;
    e->levels_out = malloc(2 * out * sizeof(gw_level));
    e->cell = calloc(1, sizeof(gw_book) + 2 * segment->book_levels * sizeof(gw_level));
    return e->stream_table && e->symbols && e->streams && e->draining && e->connection_market && e->depth.bids &&
           e->depth.asks && e->levels_out && e->cell && gw_publisher_init(&e->publisher);
}

gw_engine *gw_engine_new(uint8_t *base, size_t size, uint32_t levels_max, size_t buffer_max)
{
    gw_engine *e = calloc(1, sizeof *e);
    if (!e)
        return NULL;
    e->levels_max = levels_max;
    e->buffer_max = buffer_max;
    if (!gw_segment_attach(&e->segment, base, size) || !allocate(e)) {
        gw_engine_free(e);
        return NULL;
    }
    e->stall_ns = e->segment.header->heartbeat_timeout_ms * 1000000LL;
    e->beat_mono = e->mono = e->publish_mono = gw_clock_mono();
    return e;
}

void gw_engine_free(gw_engine *e)
{
    if (!e)
        return;
    for (uint32_t row = 0; e->symbols && row < e->segment.symbol_capacity; row++)
        gw_book_sync_free(e->symbols[row].book);
    free(e->stream_table);
    free(e->symbols);
    free(e->streams);
    free(e->draining);
    free(e->connection_market);
    free(e->depth.bids);
    free(e->depth.asks);
    free(e->levels_out);
    free(e->cell);
    free(e->publisher.scratch);
    free(e);
}

/* The payload of a stream's frame, by its kind, into e->event or e->depth. */
static gw_error decode(gw_engine *e, const gw_stream_info *info, gw_cursor *c)
{
    switch (info->target.kind) {
    case GW_KIND_QUOTE: return gw_decode_quote(c, &info->target, &e->event.quote);
    case GW_KIND_TRADE: return gw_decode_trade(c, &info->target, &e->event.trade);
    case GW_KIND_AGG_TRADE: return gw_decode_agg_trade(c, &info->target, &e->event.trade);
    case GW_KIND_TICKER: return gw_decode_ticker(c, &info->target, &e->event.ticker);
    case GW_KIND_DIFF: return gw_decode_depth(c, &info->target, &e->depth);
    case GW_KIND_PARTIAL: return gw_decode_partial(c, &info->target, &e->depth);
    default: return GW_ERR_TYPE;
    }
}

/* A value that stands for itself: record into the ring, then the slot if this stream feeds it. */
static void store_value(gw_engine *e, uint32_t stream, gw_meta *value, uint32_t length, uint8_t status, uint8_t reason)
{
    const gw_stream_info *info = &e->streams[stream];
    bool feeds = e->symbols[info->symbol].feeds[info->slot] == stream;
    if (feeds)
        gw_enter(e, info->symbol, info->slot, status, reason, value->update_id);
    else
        e->segment.streams[stream].status = status;
    gw_fill_meta(e, value, stream, status);
    gw_emit(e, stream, value, length);
    if (feeds) {
        value->ring_position = e->segment.events.tail;
        gw_slot_store(&e->segment.slots[info->slot], info->symbol, value, length);
    }
}

/* Ids of one stream grow. True: this value is new. An older one is told apart and not stored in a slot:
 * a quote must never replace a newer one. */
static bool id_is_new(gw_engine *e, gw_stream_info *info, uint64_t id)
{
    if (GW_LIKELY(id > info->last_id)) {
        info->behind_run = 0;
        return true;
    }
    e->segment.counters->ids_backwards++;
    if (info->last_id && ++info->behind_run < OLDER_RUN_MAX)
        return false;
    info->behind_run = 0; /* restarted lower: begin again from here */
    info->last_id = 0;
    return true;
}

static void emit_old(gw_engine *e, uint32_t stream, gw_meta *value, uint32_t length)
{
    const gw_stream_info *info = &e->streams[stream];
    value->flags |= GW_FLAG_DUPLICATE;
    gw_fill_meta(e, value, stream, e->symbols[info->symbol].status[info->slot]);
    gw_emit(e, stream, value, length);
}

static void on_quote(gw_engine *e, uint32_t stream)
{
    gw_stream_info *info = &e->streams[stream];
    gw_quote *quote = &e->event.quote;
    if (!id_is_new(e, info, quote->meta.update_id)) {
        emit_old(e, stream, &quote->meta, sizeof *quote);
        return;
    }
    info->last_id = quote->meta.update_id;
    uint8_t status = gw_live_status(e, info->connection), reason = GW_REASON_FIRST_DATA;
    /* A side may be empty (0); bid >= ask is no market. */
    if (GW_UNLIKELY(quote->bid_px >= quote->ask_px && quote->bid_px > 0 && quote->ask_px > 0)) {
        e->segment.counters->books_crossed++;
        status = GW_STATUS_STALE;
        reason = GW_REASON_CROSSED;
    }
    store_value(e, stream, &quote->meta, sizeof *quote, status, reason);
}

/* Trade ids and aggregate trade ids have no holes, so a hole is a loss (it does not make the last
 * trade wrong: the slot stays LIVE). */
static void on_trade(gw_engine *e, uint32_t stream)
{
    gw_stream_info *info = &e->streams[stream];
    gw_trade *trade = &e->event.trade;
    const uint64_t id = trade->meta.update_id;
    if (!id_is_new(e, info, id)) {
        emit_old(e, stream, &trade->meta, sizeof *trade);
        return;
    }
    if (GW_UNLIKELY(info->last_id && id != info->last_id + 1))
        gw_emit_gap(e, stream, info->last_id + 1, id);
    info->last_id = id;
    store_value(e, stream, &trade->meta, sizeof *trade, gw_live_status(e, info->connection), GW_REASON_FIRST_DATA);
}

static void on_ticker(gw_engine *e, uint32_t stream)
{
    uint8_t status = gw_live_status(e, e->streams[stream].connection);
    store_value(e, stream, &e->event.ticker.meta, sizeof e->event.ticker, status, GW_REASON_FIRST_DATA);
}

static void on_partial(gw_engine *e, uint32_t stream)
{
    const gw_stream_info *info = &e->streams[stream];
    const gw_depth *depth = &e->depth;
    gw_diff head = {.meta = {.ts_event = depth->ts_event, .ts_trade = depth->ts_trade, .kind = GW_KIND_PARTIAL}};
    uint8_t status = gw_live_status(e, info->connection);
    bool feeds = e->symbols[info->symbol].feeds[GW_SLOT_PARTIAL] == stream;
    head.meta.update_id = depth->last_update_id;
    head.first_update_id = depth->first_update_id;
    head.prev_update_id = depth->prev_update_id;
    head.bid_count = depth->bid_count;
    head.ask_count = depth->ask_count;
    head.best_bid_px = depth->bid_count ? depth->bids[0].px : GW_NULL;
    head.best_bid_qty = depth->bid_count ? depth->bids[0].qty : GW_NULL;
    head.best_ask_px = depth->ask_count ? depth->asks[0].px : GW_NULL;
    head.best_ask_qty = depth->ask_count ? depth->asks[0].qty : GW_NULL;
    if (feeds)
        gw_enter(e, info->symbol, GW_SLOT_PARTIAL, status, GW_REASON_FIRST_DATA, depth->last_update_id);
    gw_fill_meta(e, &head.meta, stream, status);
    gw_diff part = head;
    gw_emit_levels(e, stream, &part, depth->bids, depth->asks);
    if (!feeds)
        return;
    const uint32_t room = e->segment.book_levels;
    gw_book cell = {.meta = head.meta, .first_update_id = depth->first_update_id, .depth = (uint16_t)room};
    cell.bid_count = (uint16_t)(depth->bid_count < room ? depth->bid_count : room);
    cell.ask_count = (uint16_t)(depth->ask_count < room ? depth->ask_count : room);
    cell.bid_total = depth->bid_count;
    cell.ask_total = depth->ask_count;
    cell.meta.ring_position = e->segment.events.tail;
    gw_store_ladder(e, info->symbol, GW_SLOT_PARTIAL, &cell, depth->bids, depth->asks);
}

static int64_t event_time(const gw_engine *e, uint8_t kind)
{
    bool deep = kind == GW_KIND_DIFF || kind == GW_KIND_PARTIAL;
    return deep ? e->depth.ts_event : e->event.quote.meta.ts_event;
}

static void count_frame(gw_engine *e, uint32_t stream, size_t length)
{
    gw_stream *row = &e->segment.streams[stream];
    gw_connection *connection = &e->segment.connections[row->connection];
    row->sequence++;
    row->byte_count += length;
    row->mono_recv = e->mono;
    connection->mono_recv = e->mono;
    connection->frame_count++;
    connection->byte_count += length;
}

static void dispatch(gw_engine *e, uint32_t stream)
{
    switch (e->streams[stream].target.kind) {
    case GW_KIND_QUOTE: on_quote(e, stream); break;
    case GW_KIND_TICKER: on_ticker(e, stream); break;
    case GW_KIND_DIFF: gw_book_event(e, stream); break;
    case GW_KIND_PARTIAL: on_partial(e, stream); break;
    default: on_trade(e, stream); break;
    }
}

static gw_frame_class accept_frame(gw_engine *e, uint32_t stream, const uint8_t *frame, size_t length, const uint8_t *data, size_t data_length)
{
    const uint8_t kind = e->streams[stream].target.kind;
    gw_histogram *latency = e->segment.histograms;
    e->publish_mono = gw_clock_mono();
    e->segment.counters->frames_data++;
    count_frame(e, stream, length);
    dispatch(e, stream);
    gw_emit_raw(e, stream, frame, length, (size_t)(data - frame), data_length);
    gw_publish_flush_if_full(e);
    if (event_time(e, kind) != GW_NULL)
        gw_histogram_add(&latency[GW_HISTOGRAM_EVENT_TO_RECV], e->mono + e->real_offset - event_time(e, kind));
    gw_histogram_add(&latency[GW_HISTOGRAM_RECV_TO_PUBLISH], e->publish_mono - e->mono);
    return GW_FRAME_DATA;
}

static void note_head(gw_notice *notice, gw_error error, const uint8_t *frame, size_t length)
{
    if (!notice)
        return;
    notice->error = error;
    notice->head_length = (uint32_t)(length < GW_HEAD_LENGTH ? length : GW_HEAD_LENGTH);
    memcpy(notice->head, frame, notice->head_length);
}

/* What a stream carries may no longer be trusted: a lost diff is a gap, a lost value is an old value. */
static void suspect(gw_engine *e, uint32_t stream, gw_error error)
{
    const gw_stream_info *info = &e->streams[stream];
    uint8_t reason = error == GW_ERR_INEXACT ? GW_REASON_INEXACT : GW_REASON_UNREADABLE;
    uint8_t status = error == GW_ERR_INEXACT ? GW_STATUS_SYNCING : GW_STATUS_STALE;
    e->segment.counters->values_inexact += error == GW_ERR_INEXACT;
    e->segment.counters->values_out_of_range += error == GW_ERR_RANGE;
    if (info->slot == GW_SLOT_BOOK) {
        gw_book_lose(e, info->symbol, error == GW_ERR_INEXACT ? GW_STATUS_SYNCING : GW_STATUS_GAPPED, reason);
    } else if (e->symbols[info->symbol].feeds[info->slot] == stream) {
        gw_mark(e, info->symbol, info->slot, status, reason);
    }
    if (error == GW_ERR_INEXACT)
        gw_notify(e, GW_NOTICE_INEXACT, info->symbol);
}

/* A frame that cannot be read: counted, reported, and if its stream is known, its slot is not LIVE. */
static gw_frame_class refuse_frame(gw_engine *e, uint32_t connection, uint32_t stream, gw_error error, const uint8_t *frame, size_t length)
{
    e->segment.counters->frames_unreadable++;
    e->segment.counters->frames_not_utf8 += error == GW_ERR_UTF8;
    note_head(gw_notify(e, GW_NOTICE_UNREADABLE, stream), error, frame, length);
    e->publish_mono = gw_clock_mono();
    if (stream == GW_NO_ROW) { /* it may have been of any stream of the connection */
        for (uint32_t row = 0; row < e->segment.header->stream_count; row++)
            if (e->streams[row].connection == connection)
                suspect(e, row, error);
        return GW_FRAME_REFUSED;
    }
    count_frame(e, stream, length);
    e->segment.streams[stream].error_count++;
    e->segment.connections[e->streams[stream].connection].error_count++;
    suspect(e, stream, error);
    gw_emit_unreadable(e, stream, error);
    gw_emit_raw(e, stream, frame, length, 0, 0);
    return GW_FRAME_REFUSED;
}

static uint32_t stream_of(const gw_engine *e, uint32_t connection, const gw_envelope *envelope)
{
    const uint8_t market = e->connection_market[connection];
    if (GW_LIKELY(!envelope->stream.escaped))
        return gw_engine_find_stream(e, market, envelope->stream.p, envelope->stream.length);
    uint8_t plain[64];
    size_t length = gw_json_unescape(&envelope->stream, plain, sizeof plain);
    return length == SIZE_MAX ? GW_NO_ROW : gw_engine_find_stream(e, market, plain, length);
}

/* Any key order, white space, escapes; and whatever the short path could not read. */
static gw_frame_class frame_slow(gw_engine *e, uint32_t connection, uint32_t peeked, const uint8_t *frame, size_t length)
{
    gw_envelope envelope;
    gw_error error = gw_utf8_valid(frame, length) ? gw_split_envelope(frame, length, &envelope) : GW_ERR_UTF8;
    if (error != GW_OK)
        return refuse_frame(e, connection, peeked, error, frame, length);
    static const char shutdown[] = "!serverShutdown"; /* comes unsubscribed, on every connection */
    bool notice = gw_text_is(&envelope.stream, shutdown, sizeof shutdown - 1);
    if (!envelope.stream.p || notice) {
        e->segment.counters->frames_control++;
        return GW_FRAME_CONTROL;
    }
    uint32_t stream = stream_of(e, connection, &envelope);
    if (stream == GW_NO_ROW) {
        e->segment.counters->frames_unknown_stream++;
        note_head(gw_notify(e, GW_NOTICE_UNKNOWN_STREAM, connection), GW_OK, frame, length);
        return GW_FRAME_REFUSED;
    }
    if (!envelope.data)
        return refuse_frame(e, connection, stream, GW_ERR_MISSING, frame, length);
    gw_cursor cursor = {envelope.data, envelope.data + envelope.data_length};
    error = decode(e, &e->streams[stream], &cursor);
    if (error != GW_OK)
        return refuse_frame(e, connection, stream, error, frame, length);
    return accept_frame(e, stream, frame, length, envelope.data, envelope.data_length);
}

static void stall(gw_engine *e, int64_t mono)
{
    e->segment.counters->stalls++;
    e->publish_mono = mono;
    gw_notice *notice = gw_notify(e, GW_NOTICE_STALLED, GW_NO_ROW);
    if (notice)
        notice->a = (uint64_t)(mono - e->beat_mono);
    for (uint32_t row = 0; row < e->segment.header->connection_count; row++)
        e->draining[row] = e->segment.connections[row].state == GW_ROW_ACTIVE;
    for (uint32_t symbol = 0; symbol < e->segment.header->symbol_count; symbol++)
        for (uint32_t slot = 0; slot < GW_SLOT_KINDS; slot++)
            if (e->symbols[symbol].status[slot] == GW_STATUS_LIVE)
                gw_mark(e, symbol, slot, GW_STATUS_STALE, GW_REASON_STALLED);
    e->beat_mono = mono;
}

/* We stood still (SIGSTOP, a busy loop): what is queued in the socket is old, and readers must not take
 * it for the present. Before anything else is stored, everything is STALE. */
void gw_engine_check_stall(gw_engine *e, int64_t mono)
{
    if (GW_UNLIKELY(mono - e->beat_mono > e->stall_ns))
        stall(e, mono);
}

gw_frame_class gw_engine_frame(gw_engine *e, uint32_t connection, const uint8_t *frame, size_t length, int64_t mono)
{
    gw_counters *counters = e->segment.counters;
    gw_engine_check_stall(e, mono);
    e->mono = mono;
    counters->frames_received++;
    counters->bytes_received += length;
    gw_envelope envelope;
    uint32_t stream = GW_NO_ROW;
    if (GW_LIKELY(gw_peek_envelope(frame, length, &envelope))) {
        stream = stream_of(e, connection, &envelope);
        if (GW_LIKELY(stream != GW_NO_ROW && gw_utf8_valid(frame, length))) {
            gw_cursor cursor = {envelope.data, frame + length};
            gw_error error = decode(e, &e->streams[stream], &cursor);
            const uint8_t *data_end = cursor.p;
            if (GW_LIKELY(error == GW_OK && gw_end_envelope(&cursor) == GW_OK))
                return accept_frame(e, stream, frame, length, envelope.data, (size_t)(data_end - envelope.data));
        }
    }
    return frame_slow(e, connection, stream, frame, length);
}

/* After the last frame of a socket read: everything is in shared memory; now ZeroMQ, and the sleepers. */
void gw_engine_batch_end(gw_engine *e)
{
    e->segment.counters->batches++;
    gw_publish_flush(e);
    gw_segment_ring_bell(&e->segment);
}

void gw_engine_heartbeat(gw_engine *e, int64_t mono, int64_t real)
{
    gw_engine_check_stall(e, mono);
    e->beat_mono = mono;
    e->real_offset = real - mono;
    gw_publish_flush(e);
    gw_segment_heartbeat(&e->segment, mono, real);
}

/* All that was queued on a connection while we stood still has been read (its pong came). */
void gw_engine_drained(gw_engine *e, uint32_t connection)
{
    e->draining[connection] = false;
}

static void mark_stream(gw_engine *e, uint32_t stream, uint8_t status, uint8_t reason)
{
    const gw_stream_info *info = &e->streams[stream];
    const gw_symbol_info *symbol = &e->symbols[info->symbol];
    e->segment.streams[stream].status = status;
    if (info->slot == GW_SLOT_BOOK && symbol->book)
        gw_book_lose(e, info->symbol, status, reason);
    else if (symbol->feeds[info->slot] == stream)
        gw_mark(e, info->symbol, info->slot, status, reason);
}

static void mark_connection(gw_engine *e, uint32_t connection, uint8_t status, uint8_t reason)
{
    e->mono = e->publish_mono = gw_clock_mono();
    for (uint32_t stream = 0; stream < e->segment.header->stream_count; stream++)
        if (e->streams[stream].connection == connection)
            mark_stream(e, stream, status, reason);
    gw_publish_flush(e);
    gw_segment_ring_bell(&e->segment);
}

void gw_engine_connection_up(gw_engine *e, uint32_t connection, int64_t mono)
{
    gw_connection *row = &e->segment.connections[connection];
    row->state = GW_ROW_ACTIVE;
    row->session++;
    row->mono_connected = mono;
    e->draining[connection] = false;
    /* In a new session the first id counts, even a lower one: the venue may have restarted. */
    for (uint32_t stream = 0; stream < e->segment.header->stream_count; stream++)
        if (e->streams[stream].connection == connection)
            e->streams[stream].behind_run = OLDER_RUN_MAX - 1;
    mark_connection(e, connection, GW_STATUS_SYNCING, GW_REASON_CONNECTED);
}

void gw_engine_connection_down(gw_engine *e, uint32_t connection)
{
    e->segment.connections[connection].state = GW_ROW_DOWN;
    mark_connection(e, connection, GW_STATUS_DOWN, GW_REASON_DISCONNECTED);
}
