/* From a frame's bytes to shared memory; see engine_core.h. */
#include "engine_core.h"

#include <stdlib.h>
#include <time.h>

/* Levels a side of the longest frame we take: ["1","1"], is ten bytes. Untouched pages cost nothing. */
enum { LEVEL_ROOM = GW_FRAME_LENGTH_MAX / 10 };
static const int64_t FIRST_DATA_NS = 30000000000, LAG_MAX_NS = 3000000000, CLOCK_STEP_NS = 100000000;

static int64_t held_mono; /* what the clock says while it is held, 0: it runs */

void gw_clock_hold(int64_t mono)
{
    held_mono = mono;
}

int64_t gw_clock_mono(void)
{
    if (GW_UNLIKELY(held_mono))
        return held_mono;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static uint32_t table_size(uint32_t rows)
{
    uint32_t size = 64;
    while (size < rows * 2)
        size *= 2;
    return size;
}

static bool allocate_tables(gw_engine *e)
{
    const gw_segment *segment = &e->segment;
    e->stream_mask = table_size(segment->stream_capacity) - 1;
    e->stream_table = calloc(e->stream_mask + 1u, sizeof *e->stream_table);
    e->child_mask = table_size(2 * segment->stream_capacity) - 1; /* rows, and symbols covered */
    e->children = calloc(e->child_mask + 1u, sizeof *e->children);
    e->symbols = calloc(segment->symbol_capacity, sizeof *e->symbols);
    e->streams = calloc(segment->stream_capacity, sizeof *e->streams);
    e->links = calloc(segment->connection_capacity, sizeof *e->links);
    return e->stream_table && e->children && e->symbols && e->streams && e->links;
}

static size_t largest_cell(const gw_segment *segment)
{
    size_t size = sizeof(gw_book) + 2 * segment->book_levels * sizeof(gw_level);
    for (uint32_t slot = 0; slot < GW_SLOT_KINDS; slot++)
        size = size > segment->slots[slot].cell_size ? size : segment->slots[slot].cell_size;
    return size > segment->values.cell_size ? size : segment->values.cell_size;
}

static bool allocate(gw_engine *e)
{
    const gw_segment *segment = &e->segment;
    e->depth.room = LEVEL_ROOM;
    e->depth.bids = malloc(LEVEL_ROOM * sizeof(gw_level));
    e->depth.asks = malloc(LEVEL_ROOM * sizeof(gw_level));
    e->rows = malloc(GW_ROW_ROOM * sizeof *e->rows);
    uint32_t out = e->levels_max > segment->book_levels ? e->levels_max : segment->book_levels;
    e->levels_out = malloc(2 * out * sizeof(gw_level));
    e->cell = calloc(1, largest_cell(segment));
    return allocate_tables(e) && e->depth.bids && e->depth.asks && e->rows && e->levels_out && e->cell &&
           gw_publisher_init(&e->publisher, segment->events.capacity / 8);
}

gw_engine *gw_engine_new(uint8_t *base, size_t size, uint32_t levels_max, size_t buffer_max)
{
    gw_engine *e = calloc(1, sizeof *e);
    if (!e)
        return NULL;
    e->levels_max = levels_max;
    e->buffer_max = buffer_max;
    e->link = GW_NO_ROW;
    e->first_data_ns = FIRST_DATA_NS;
    e->lag_max_ns = LAG_MAX_NS;
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
    for (uint32_t row = 0; e->streams && row < e->segment.stream_capacity; row++)
        free(e->streams[row].latest);
    free(e->stream_table);
    free(e->children);
    free(e->symbols);
    free(e->streams);
    free(e->links);
    free(e->depth.bids);
    free(e->depth.asks);
    free(e->rows);
    free(e->levels_out);
    free(e->cell);
    free(e->publisher.scratch);
    free(e);
}

/* A frame of a known stream, published or not. Its number is for published ones alone. */
void gw_count_frame(gw_engine *e, uint32_t stream, size_t length)
{
    gw_stream *row = &e->segment.streams[stream];
    gw_connection *connection = &e->segment.connections[e->link];
    row->byte_count += length;
    row->mono_recv = e->mono;
    connection->mono_recv = e->mono;
    connection->frame_count++;
    connection->byte_count += length;
}

/* Counted and kept in RAW with the flag that says why, but not published. */
gw_frame_class gw_set_aside(gw_engine *e, uint32_t stream, uint16_t flag, const uint8_t *frame, size_t length,
                            size_t offset, size_t data_length)
{
    const bool duplicate = flag == GW_FLAG_DUPLICATE;
    e->segment.counters->frames_early += flag == GW_FLAG_EARLY;
    e->segment.counters->frames_foreign += flag == GW_FLAG_FOREIGN;
    e->segment.counters->frames_duplicate += duplicate;
    e->segment.streams[stream].duplicate_count += duplicate;
    e->segment.connections[e->link].duplicate_count += duplicate;
    gw_emit_raw(e, stream, frame, length, offset, data_length, flag);
    return GW_FRAME_DATA;
}

/* The event at hand is in its slot and in the ring. */
void gw_time_visible(gw_engine *e)
{
    if (GW_UNLIKELY(gw_is_sampled(++e->stored)))
        gw_histogram_add(&e->segment.histograms[GW_HISTOGRAM_PUBLISH_TO_VISIBLE], gw_clock_mono() - e->publish_mono);
}

/* One event of one symbol, decoded. */
static gw_frame_class accept_event(gw_engine *e, uint32_t stream, const uint8_t *frame, size_t length,
                                   const uint8_t *data, size_t data_length)
{
    const gw_stream_info *info = &e->streams[stream];
    const size_t offset = (size_t)(data - frame);
    const int64_t event_time = gw_event_time(e, info->target.kind);
    gw_histogram *latency = e->segment.histograms;
    e->publish_mono = gw_clock_mono();
    gw_count_frame(e, stream, length);
    if (event_time != GW_NULL)
        gw_watch_lag(e, event_time);
    gw_fate fate = gw_event_fate(e, stream, data, data_length);
    if (GW_UNLIKELY(gw_is_aside(fate))) {
        const uint16_t flag = fate == GW_FATE_EARLY ? GW_FLAG_EARLY : GW_FLAG_DUPLICATE;
        return gw_set_aside(e, stream, flag, frame, length, offset, data_length);
    }
    gw_watch_frame(e, stream);
    e->segment.counters->frames_data++;
    e->segment.streams[stream].sequence++;
    gw_event_store(e, stream, fate);
    gw_time_visible(e);
    gw_raw_place place = gw_emit_raw(e, stream, frame, length, offset, data_length, 0);
    if (info->wanted_json)
        gw_publish_json(e, stream, place, frame, offset, data_length);
    if (GW_UNLIKELY(info->collector != GW_NO_ROW))
        gw_synthetic_gather(e, stream, data, data_length);
    gw_publish_flush_if_full(e);
    if (event_time != GW_NULL)
        gw_histogram_add(&latency[GW_HISTOGRAM_EVENT_TO_RECV], e->mono + e->real_offset - event_time);
    gw_histogram_add(&latency[GW_HISTOGRAM_RECV_TO_PUBLISH], e->publish_mono - e->mono);
    return GW_FRAME_DATA;
}

static gw_error decode(gw_engine *e, uint32_t stream, gw_cursor *c)
{
    return GW_UNLIKELY(gw_has_rows(e->streams[stream].shape)) ? gw_rows_scan(e, stream, c) : gw_event_decode(e, stream, c);
}

static gw_frame_class accept_frame(gw_engine *e, uint32_t stream, const uint8_t *frame, size_t length,
                                   const uint8_t *data, size_t data_length)
{
    if (GW_UNLIKELY(gw_has_rows(e->streams[stream].shape)))
        return gw_rows_accept(e, stream, frame, length, data, data_length);
    return accept_event(e, stream, frame, length, data, data_length);
}

/* What a stream carries may no longer be trusted: a lost diff is a gap, a lost value is an old value. */
void gw_suspect(gw_engine *e, uint32_t stream, gw_error error)
{
    const gw_stream_info *info = &e->streams[stream];
    uint8_t reason = error == GW_ERR_INEXACT ? GW_REASON_INEXACT : GW_REASON_UNREADABLE;
    uint8_t status = error == GW_ERR_INEXACT ? GW_STATUS_SYNCING : GW_STATUS_STALE;
    e->segment.counters->values_inexact += error == GW_ERR_INEXACT;
    e->segment.counters->values_out_of_range += error == GW_ERR_RANGE;
    if (info->slot == GW_SLOT_BOOK)
        status = error == GW_ERR_INEXACT ? GW_STATUS_SYNCING : GW_STATUS_GAPPED;
    gw_mark_stream(e, stream, status, reason);
    if (gw_has_rows(info->shape))
        gw_mark_rows(e, stream, status, reason);
    if (error == GW_ERR_INEXACT && info->symbol != GW_NO_ROW)
        gw_notify(e, GW_NOTICE_INEXACT, info->symbol);
}

/* Whether a frame of this stream that one link garbled comes, readable, over the other one. If that one's
 * could not be read either, it is not the link. */
static bool peer_makes_good(gw_engine *e, uint32_t stream)
{
    gw_origin *sources = e->streams[stream].arrivals.sources;
    const uint8_t side = e->links[e->link].side;
    const bool good = gw_peer_carries(e, e->link, stream) && !sources[1 - side].refused;
    sources[side].refused += sources[side].refused < 255;
    sources[side].refused_mono = good ? e->mono : 0;
    return good;
}

/* It may have been of any stream of its link. */
static void suspect_link(gw_engine *e, gw_error error)
{
    for (uint32_t row = 0; row < e->segment.header->stream_count; row++) {
        const gw_stream_info *info = &e->streams[row];
        if (info->connection == e->links[e->link].first && !info->retired && !peer_makes_good(e, row))
            gw_suspect(e, row, error);
    }
}

/* A frame that cannot be read: counted, reported, and if its stream is known, its slot is not LIVE, unless
 * the stream's other link brings it too. */
gw_frame_class gw_refuse_frame(gw_engine *e, uint32_t stream, gw_error error, const uint8_t *frame, size_t length)
{
    e->segment.counters->frames_unreadable++;
    e->segment.counters->frames_not_utf8 += error == GW_ERR_UTF8;
    gw_note_head(gw_notify(e, GW_NOTICE_UNREADABLE, stream), error, frame, length);
    e->publish_mono = gw_clock_mono();
    if (stream == GW_NO_ROW) {
        suspect_link(e, error);
        return GW_FRAME_REFUSED;
    }
    gw_count_frame(e, stream, length);
    e->segment.streams[stream].error_count++;
    e->segment.connections[e->link].error_count++;
    if (error != GW_ERR_INEXACT && peer_makes_good(e, stream)) {
        gw_emit_raw(e, stream, frame, length, 0, 0, GW_FLAG_EARLY);
        return GW_FRAME_REFUSED;
    }
    e->segment.streams[stream].sequence++;
    gw_suspect(e, stream, error);
    gw_emit_unreadable(e, stream, error);
    gw_emit_raw(e, stream, frame, length, 0, 0, 0);
    return GW_FRAME_REFUSED;
}

/* The stream's row, or GW_NO_ROW: never subscribed, not on this connection, or not any more. */
static uint32_t stream_of(const gw_engine *e, const gw_envelope *envelope)
{
    const gw_link_info *link = &e->links[e->link];
    gw_text name = envelope->stream;
    uint8_t plain[64];
    if (GW_UNLIKELY(name.escaped))
        name = (gw_text){plain, gw_json_unescape(&envelope->stream, plain, sizeof plain), false};
    if (GW_UNLIKELY(name.length > sizeof plain))
        return GW_NO_ROW;
    uint32_t stream = gw_engine_find_stream(e, link->market, name.p, name.length);
    if (GW_UNLIKELY(stream == GW_NO_ROW))
        return stream;
    const gw_stream_info *info = &e->streams[stream];
    const bool ours = info->connection == link->first && !info->retired && !(info->unacked >> link->side & 1);
    return GW_LIKELY(ours) ? stream : GW_NO_ROW;
}

static gw_frame_class unknown_stream(gw_engine *e, const uint8_t *frame, size_t length)
{
    e->segment.counters->frames_unknown_stream++;
    gw_note_head(gw_notify(e, GW_NOTICE_UNKNOWN_STREAM, e->link), GW_OK, frame, length);
    return GW_FRAME_REFUSED;
}

/* Any key order, white space, escapes; and whatever the short path could not read. */
static gw_frame_class frame_slow(gw_engine *e, uint32_t peeked, const uint8_t *frame, size_t length)
{
    gw_envelope envelope;
    gw_error error = gw_utf8_valid(frame, length) ? gw_split_envelope(frame, length, &envelope) : GW_ERR_UTF8;
    if (error != GW_OK)
        return gw_refuse_frame(e, peeked, error, frame, length);
    static const char shutdown[] = "!serverShutdown"; /* comes unsubscribed, on every connection */
    bool notice = gw_text_is(&envelope.stream, shutdown, sizeof shutdown - 1);
    if (!envelope.stream.p || notice) {
        e->segment.counters->frames_control++;
        return GW_FRAME_CONTROL;
    }
    uint32_t stream = stream_of(e, &envelope);
    if (stream == GW_NO_ROW)
        return unknown_stream(e, frame, length);
    if (!envelope.data)
        return gw_refuse_frame(e, stream, GW_ERR_MISSING, frame, length);
    gw_cursor cursor = {envelope.data, envelope.data + envelope.data_length};
    error = decode(e, stream, &cursor);
    if (error != GW_OK)
        return gw_refuse_frame(e, stream, error, frame, length);
    return accept_frame(e, stream, frame, length, envelope.data, envelope.data_length);
}

gw_frame_class gw_engine_frame(gw_engine *e, uint32_t link, const uint8_t *frame, size_t length, int64_t mono)
{
    gw_counters *counters = e->segment.counters;
    gw_engine_check_stall(e, mono);
    e->mono = mono;
    e->link = link;
    e->late = e->mistimed = false;
    counters->frames_received++;
    counters->bytes_received += length;
    gw_envelope envelope;
    uint32_t stream = GW_NO_ROW;
    if (GW_LIKELY(gw_peek_envelope(frame, length, &envelope))) {
        stream = stream_of(e, &envelope);
        if (GW_LIKELY(stream != GW_NO_ROW && gw_utf8_valid(frame, length))) {
            gw_cursor cursor = {envelope.data, frame + length};
            gw_error error = decode(e, stream, &cursor);
            const uint8_t *data_end = cursor.p;
            if (GW_LIKELY(error == GW_OK && gw_end_envelope(&cursor) == GW_OK))
                return accept_frame(e, stream, frame, length, envelope.data, (size_t)(data_end - envelope.data));
        }
    }
    return frame_slow(e, stream, frame, length);
}

/* After the last frame of a socket read: everything is in shared memory; now ZeroMQ, and the sleepers. */
void gw_engine_batch_end(gw_engine *e)
{
    e->segment.counters->batches++;
    gw_publish_flush(e);
    gw_segment_ring_bell(&e->segment);
}

/* A clock that was set makes the delays seen so far worthless. */
static void set_clock(gw_engine *e, int64_t offset)
{
    const int64_t change = offset - e->real_offset;
    if (change > CLOCK_STEP_NS || change < -CLOCK_STEP_NS)
        memset(e->delay_floor, 0, sizeof e->delay_floor);
    e->real_offset = offset;
}

void gw_engine_heartbeat(gw_engine *e, int64_t mono, int64_t real)
{
    gw_engine_check_stall(e, mono);
    e->beat_mono = mono;
    set_clock(e, real - mono);
    gw_watch(e, mono);
    gw_publish_flush(e);
    gw_segment_heartbeat(&e->segment, mono, real);
}
