/* Messages to ZeroMQ, made from the rings after shared memory was written.
 *
 * One frame a message. The socket never blocks: a subscriber that cannot keep up loses messages at the
 * high-water mark, and sees it by the sequence. */
#include "engine_core.h"

#include <stdlib.h>

enum { DONT_WAIT = 1 /* ZMQ_DONTWAIT */, HEAD_ROOM = 256 };

bool gw_publisher_init(gw_publisher *publisher, size_t record_max)
{
    publisher->scratch_room = (record_max > GW_FRAME_LENGTH_MAX ? record_max : GW_FRAME_LENGTH_MAX) + HEAD_ROOM;
    publisher->scratch = malloc(publisher->scratch_room);
    return publisher->scratch != NULL;
}

static uint8_t *put_bytes(uint8_t *to, const void *bytes, size_t length)
{
    memcpy(to, bytes, length);
    return to + length;
}

static uint8_t *put_text(uint8_t *to, const char *text)
{
    return put_bytes(to, text, strlen(text));
}

static uint8_t *put_u64(uint8_t *to, uint64_t value)
{
    uint8_t digits[20];
    int at = 20;
    do {
        digits[--at] = (uint8_t)('0' + value % 10);
        value /= 10;
    } while (value);
    return put_bytes(to, digits + at, (size_t)(20 - at));
}

/* False: the socket did not take it. */
static bool send_scratch(gw_engine *e, void *socket, const uint8_t *end)
{
    gw_publisher *publisher = &e->publisher;
    const bool sent = publisher->send(socket, publisher->scratch, (size_t)(end - publisher->scratch), DONT_WAIT) >= 0;
    e->segment.counters->zmq_sent += sent;
    e->segment.counters->zmq_refused += !sent;
    return sent;
}

/* Flags of META as letters: B back-filled, S synthetic, or - for the venue's own bytes. */
static uint8_t *put_flags(uint8_t *to, uint16_t flags)
{
    if (!(flags & (GW_FLAG_BACKFILLED | GW_FLAG_SYNTHETIC)))
        *to++ = '-';
    if (flags & GW_FLAG_BACKFILLED)
        *to++ = 'B';
    if (flags & GW_FLAG_SYNTHETIC)
        *to++ = 'S';
    return to;
}

/* "<epoch> <sequence> <receive ns> <flags> " behind a topic and its space. */
static uint8_t *put_head(const gw_engine *e, uint8_t *to, uint64_t sequence, int64_t ts_recv, uint16_t flags)
{
    *to++ = ' ';
    to = put_u64(to, e->segment.header->generation);
    *to++ = ' ';
    to = put_u64(to, sequence);
    *to++ = ' ';
    to = put_u64(to, (uint64_t)ts_recv);
    *to++ = ' ';
    to = put_flags(to, flags);
    *to++ = ' ';
    return to;
}

/* Whole arrays have a socket of their own: a frozen subscriber would else hold gigabytes. */
static void *socket_of(const gw_engine *e, uint32_t stream)
{
    const uint8_t shape = e->streams[stream].shape;
    return shape == GW_SHAPE_ARRAY || shape == GW_SHAPE_SYNTHETIC ? e->publisher.arrays_socket : e->publisher.socket;
}

static uint8_t *put_topic(const gw_engine *e, uint32_t stream, uint64_t sequence, int64_t ts_recv, uint16_t flags)
{
    const gw_stream_info *info = &e->streams[stream];
    return put_head(e, put_bytes(e->publisher.scratch, info->name, info->name_length), sequence, ts_recv, flags);
}

static bool send_json(gw_engine *e, uint32_t stream, uint64_t sequence, int64_t ts_recv, uint16_t flags, const uint8_t *data, size_t length)
{
    uint8_t *to = put_topic(e, stream, sequence, ts_recv, flags);
    if (GW_UNLIKELY(length > e->publisher.scratch_room - HEAD_ROOM)) {
        e->segment.counters->zmq_refused++;
        return false;
    }
    return send_scratch(e, socket_of(e, stream), put_bytes(to, data, length));
}

/* "bin:<topic>" NUL, epoch u64, sequence u64, then the record as it stands in the ring. */
static bool send_binary(gw_engine *e, uint32_t stream, const gw_meta *record)
{
    const gw_stream_info *info = &e->streams[stream];
    uint8_t *to = put_text(e->publisher.scratch, "bin:");
    to = put_bytes(to, info->name, info->name_length);
    *to++ = 0;
    to = put_bytes(to, &e->segment.header->generation, 8);
    to = put_bytes(to, &record->sequence, 8);
    return send_scratch(e, e->publisher.socket, put_bytes(to, record, record->length));
}

static const char *status_name(uint32_t status)
{
    static const char *const names[] = {"EMPTY", "LIVE", "SYNCING", "GAPPED", "STALE", "DOWN", "HALTED", "RETIRED"};
    return status < sizeof names / sizeof *names ? names[status] : "UNKNOWN";
}

static const char *reason_name(uint32_t reason)
{
    static const char *const names[] = {"NONE", "SUBSCRIBED", "FIRST_DATA", "SNAPSHOT", "GAP", "DISCONNECTED", "CONNECTED",
                                        "STALLED", "UNREADABLE", "CROSSED", "RESTARTED", "INEXACT", "OVERFLOW", "RETIRED",
                                        "SILENT", "LAGGING", "HALTED", "AUDIT", "THIN"};
    return reason < sizeof names / sizeof *names ? names[reason] : "UNKNOWN";
}

static const char *subject_name(uint32_t kind)
{
    static const char *const names[] = {
        [GW_KIND_QUOTE] = "QUOTE", [GW_KIND_TRADE] = "LAST_TRADE", [GW_KIND_TICKER] = "TICKER", [GW_KIND_PARTIAL] = "PARTIAL",
        [GW_KIND_BOOK] = "BOOK", [GW_KIND_BLOCK_TRADE] = "BLOCK_TRADE", [GW_KIND_WINDOW_TICKER] = "WINDOW_TICKER",
        [GW_KIND_KLINE] = "KLINE", [GW_KIND_CONTINUOUS_KLINE] = "CONTINUOUS_KLINE", [GW_KIND_INDEX_KLINE] = "INDEX_KLINE",
        [GW_KIND_MARK_KLINE] = "MARK_KLINE", [GW_KIND_MARK_PRICE] = "MARK_PRICE", [GW_KIND_AVERAGE_PRICE] = "AVERAGE_PRICE",
        [GW_KIND_REFERENCE_PRICE] = "REFERENCE_PRICE", [GW_KIND_COMPOSITE_INDEX] = "COMPOSITE_INDEX",
        [GW_KIND_LIQUIDATION] = "LIQUIDATION", [GW_KIND_CONTRACT_INFO] = "CONTRACT_INFO", [GW_KIND_ASSET_INDEX] = "ASSET_INDEX",
    };
    const char *name = kind < sizeof names / sizeof *names ? names[kind] : NULL;
    return name ? name : "UNKNOWN";
}

static const char *gap_state_name(uint32_t state)
{
    static const char *const names[] = {"NONE", "OPEN", "FILLED", "PARTIAL", "LOST", "HEALED"};
    return state < sizeof names / sizeof *names ? names[state] : "UNKNOWN";
}

static uint8_t *put_time(uint8_t *to, int64_t at)
{
    return at < 0 ? put_text(to, "null") : put_u64(to, (uint64_t)at);
}

/* What is missing of a stream, or what became of it. */
static uint8_t *put_gap(const gw_engine *e, uint8_t *to, const gw_state *record)
{
    const gw_stream_info *info = &e->streams[record->meta.stream];
    to = put_text(put_text(to, "{\"kind\":\""), record->meta.kind == GW_KIND_GAP ? "GAP" : "GAP_CLOSED");
    to = put_text(put_text(to, "\",\"status\":\""), status_name(record->meta.status));
    to = put_bytes(put_text(to, "\",\"stream\":\""), info->name, info->name_length);
    to = put_u64(put_text(to, "\",\"gap_number\":"), record->gap_number);
    to = put_text(put_text(to, ",\"gap_state\":\""), gap_state_name(record->gap_state));
    to = put_u64(put_text(to, "\",\"expected_id\":"), record->expected_id);
    to = put_u64(put_text(to, ",\"received_id\":"), record->received_id);
    to = put_u64(put_text(to, ",\"missing\":"), record->missing);
    to = put_u64(put_text(to, ",\"recovered\":"), record->recovered);
    to = put_time(put_text(to, ",\"ts_before\":"), record->ts_before);
    return put_time(put_text(to, ",\"ts_after\":"), record->ts_after);
}

static uint8_t *put_status(const gw_engine *e, uint8_t *to, const gw_state *record)
{
    to = put_text(put_text(to, "{\"kind\":\""), subject_name(record->subject));
    to = put_text(put_text(to, "\",\"status\":\""), status_name(record->meta.status));
    to = put_text(put_text(to, "\",\"previous\":\""), status_name(record->previous_status));
    to = put_text(put_text(to, "\",\"reason\":\""), reason_name(record->meta.reason));
    to = put_u64(put_text(to, "\",\"update_id\":"), record->meta.update_id);
    if (e->streams[record->meta.stream].slot != GW_SLOT_VALUE)
        return to;
    const gw_stream_info *info = &e->streams[record->meta.stream]; /* several of a kind: klines of every interval */
    return put_text(put_bytes(put_text(to, ",\"stream\":\""), info->name, info->name_length), "\"");
}

/* `number`: of the message in its topic. */
static bool send_state(gw_engine *e, uint32_t symbol, const gw_state *record, uint64_t number)
{
    const gw_symbol *row = &e->segment.symbols[symbol];
    uint8_t *to = put_text(e->publisher.scratch, "state:");
    to = put_bytes(to, row->market_name, strnlen((const char *)row->market_name, sizeof row->market_name));
    *to++ = ':';
    to = put_bytes(to, row->symbol, strnlen((const char *)row->symbol, sizeof row->symbol));
    to = put_head(e, to, number, record->meta.ts_recv, record->meta.flags);
    to = record->meta.kind == GW_KIND_STATE ? put_status(e, to, record) : put_gap(e, to, record);
    return send_scratch(e, e->publisher.socket, put_text(to, "}"));
}

static bool send_record(gw_engine *e, const gw_item *item, const gw_meta *record)
{
    const uint8_t *frame = (const uint8_t *)record + sizeof(gw_raw);
    switch (item->what) {
    case GW_ITEM_JSON: return send_json(e, item->row, item->sequence, record->ts_recv, record->flags, frame + item->offset, item->length);
    case GW_ITEM_BINARY: return send_binary(e, item->row, record);
    default: return send_state(e, item->row, (const gw_state *)(const void *)record, item->sequence);
    }
}

static void send_item(gw_engine *e, const gw_item *item)
{
    const gw_ring_writer *ring = item->what == GW_ITEM_JSON ? &e->segment.raw : &e->segment.events;
    if (GW_UNLIKELY(ring->claimed - item->position > ring->capacity)) { /* overwritten: a ring too small for its batches */
        e->segment.counters->zmq_refused++;
        return;
    }
    const gw_meta *record = (const gw_meta *)(const void *)gw_ring_at(ring, item->position);
    if (send_record(e, item, record) && gw_is_sampled(++e->publisher.handed))
        gw_histogram_add(&e->segment.histograms[GW_HISTOGRAM_PUBLISH_TO_ZMQ], gw_clock_mono() - record->mono_publish);
}

void gw_publish_flush(gw_engine *e)
{
    gw_publisher *publisher = &e->publisher;
    for (uint32_t i = 0; i < publisher->item_count; i++)
        send_item(e, &publisher->items[i]);
    publisher->item_count = 0;
}

/* True when the rings have moved so far that a further claim might overwrite what waits to be sent. */
static bool must_flush(const gw_engine *e)
{
    const gw_publisher *publisher = &e->publisher;
    return publisher->item_count == GW_ITEM_ROOM ||
           e->segment.raw.tail - publisher->raw_from > e->segment.raw.capacity / 4 ||
           e->segment.events.tail - publisher->events_from > e->segment.events.capacity / 4;
}

void gw_publish_flush_if_full(gw_engine *e)
{
    if (e->publisher.item_count && must_flush(e))
        gw_publish_flush(e);
}

static void queue_item(gw_engine *e, gw_item item)
{
    gw_publisher *publisher = &e->publisher;
    gw_publish_flush_if_full(e);
    if (publisher->item_count == 0) {
        publisher->raw_from = e->segment.raw.tail;
        publisher->events_from = e->segment.events.tail;
    }
    publisher->items[publisher->item_count++] = item;
}

void gw_publish_item(gw_engine *e, uint8_t what, uint32_t row, uint64_t position)
{
    if (e->publisher.send)
        queue_item(e, (gw_item){.position = position, .row = row, .what = what});
}

void gw_publish_state(gw_engine *e, uint32_t symbol, uint64_t position, uint64_t number)
{
    if (e->publisher.send)
        queue_item(e, (gw_item){.position = position, .sequence = number, .row = symbol, .what = GW_ITEM_STATE});
}

/* An event's own bytes in a frame that has just gone into RAW. A frame that lies there in parts is sent from
 * the socket's buffer, after all before it. */
static void publish_json(gw_engine *e, uint32_t stream, gw_raw_place place, uint16_t flags, const uint8_t *frame, size_t offset, size_t length)
{
    if (!e->publisher.send)
        return;
    const uint64_t sequence = e->segment.streams[stream].sequence;
    if (GW_LIKELY(place.whole)) {
        queue_item(e, (gw_item){place.position, sequence, (uint32_t)offset, (uint32_t)length, stream, GW_ITEM_JSON});
        return;
    }
    gw_publish_flush(e);
    send_json(e, stream, sequence, e->mono + e->real_offset, flags, frame + offset, length);
}

void gw_publish_json(gw_engine *e, uint32_t stream, gw_raw_place place, const uint8_t *frame, size_t offset, size_t length)
{
    publish_json(e, stream, place, 0, frame, offset, length);
}

void gw_publish_backfilled(gw_engine *e, uint32_t stream, gw_raw_place place, const uint8_t *payload, size_t length)
{
    publish_json(e, stream, place, GW_FLAG_BACKFILLED, payload, 0, length);
}

static uint8_t *put_rows(const gw_engine *e, uint8_t *to)
{
    *to++ = '[';
    for (uint32_t i = 0, count = 0; i < e->row_count; i++) {
        const gw_array_row *row = &e->rows[i];
        if (row->foreign)
            continue;
        if (count++ > 0)
            *to++ = ',';
        to = put_bytes(to, row->start, (size_t)(row->end - row->start));
    }
    *to++ = ']';
    return to;
}

/* The array at hand without the rows of the other market: the rows are the venue's own bytes. */
void gw_publish_rows(gw_engine *e, uint32_t stream)
{
    if (!e->publisher.send)
        return;
    gw_publish_flush(e);
    const uint64_t sequence = e->segment.streams[stream].sequence;
    uint8_t *to = put_topic(e, stream, sequence, e->mono + e->real_offset, 0);
    send_scratch(e, socket_of(e, stream), put_rows(e, to));
}

/* Rows gathered by synthetic.c: `put` writes them behind the head. */
void gw_publish_synthetic(gw_engine *e, uint32_t stream, uint8_t *(*put)(gw_engine *, uint32_t, uint8_t *, const uint8_t *))
{
    if (!e->publisher.send)
        return;
    gw_publish_flush(e);
    const uint64_t sequence = e->segment.streams[stream].sequence;
    uint8_t *to = put_topic(e, stream, sequence, gw_clock_mono() + e->real_offset, GW_FLAG_SYNTHETIC);
    send_scratch(e, socket_of(e, stream), put(e, stream, to, e->publisher.scratch + e->publisher.scratch_room));
}
