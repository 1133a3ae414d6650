/* Records into the rings, values and statuses into the slots. */
#include "engine_core.h"

/* What every record and cell says about the frame it comes from. flags are kept, FIRST and LAST added. */
void gw_fill_meta(gw_engine *e, gw_meta *meta, uint32_t stream, uint8_t status)
{
    const gw_stream_info *info = &e->streams[stream];
    meta->ts_recv = e->mono + e->real_offset;
    meta->mono_recv = e->mono;
    meta->mono_publish = e->publish_mono;
    meta->sequence = e->segment.streams[stream].sequence;
    meta->symbol = info->symbol;
    meta->stream = stream;
    meta->connection = (uint16_t)info->connection;
    meta->flags |= GW_FLAG_FIRST | GW_FLAG_LAST;
    meta->status = status;
    meta->reason = GW_REASON_NONE;
    meta->reserved = 0;
}

/* Copy all of a record but the three fields of META that the ring itself sets. */
static void put_record(uint8_t *to, const void *record, size_t length)
{
    gw_meta own = *(const gw_meta *)(const void *)to;
    memcpy(to, record, length);
    gw_meta *meta = (gw_meta *)(void *)to;
    meta->version = own.version;
    meta->ring_position = own.ring_position;
    meta->length = own.length;
}

static void published(gw_engine *e, uint32_t stream, uint64_t position)
{
    e->segment.counters->records_published++;
    if (stream != GW_NO_ROW && e->streams[stream].wanted_binary)
        gw_publish_item(e, GW_ITEM_BINARY, stream, position);
}

void gw_emit(gw_engine *e, uint32_t stream, const void *record, size_t length)
{
    gw_ring_writer *events = &e->segment.events;
    uint8_t *to = gw_ring_claim(events, length);
    put_record(to, record, length);
    uint64_t position = ((gw_meta *)(void *)to)->ring_position;
    gw_ring_publish(events);
    published(e, stream, position);
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* A head with its levels, in as many parts as the ring's limit asks for. */
void gw_emit_levels(gw_engine *e, uint32_t stream, gw_diff *head, const gw_level *bids, const gw_level *asks)
{
    gw_ring_writer *events = &e->segment.events;
    const uint32_t part_max = (uint32_t)((events->capacity / 8 - sizeof *head - 64) / sizeof *bids);
    const uint16_t flags = head->meta.flags & (uint16_t)~(GW_FLAG_FIRST | GW_FLAG_LAST);
    uint32_t bids_left = head->bid_count, asks_left = head->ask_count;
    uint16_t place = GW_FLAG_FIRST;
    do {
        head->bid_count = smaller(bids_left, part_max);
        head->ask_count = smaller(asks_left, part_max - head->bid_count);
        bids_left -= head->bid_count;
        asks_left -= head->ask_count;
        head->meta.flags = flags | place | (bids_left + asks_left == 0 ? GW_FLAG_LAST : 0);
        size_t bid_bytes = head->bid_count * sizeof *bids, ask_bytes = head->ask_count * sizeof *asks;
        uint8_t *to = gw_ring_claim(events, sizeof *head + bid_bytes + ask_bytes);
        put_record(to, head, sizeof *head);
        memcpy(to + sizeof *head, bids, bid_bytes);
        memcpy(to + sizeof *head + bid_bytes, asks, ask_bytes);
        uint64_t position = ((gw_meta *)(void *)to)->ring_position;
        gw_ring_publish(events);
        published(e, stream, position);
        bids += head->bid_count;
        asks += head->ask_count;
        place = 0;
    } while (bids_left + asks_left);
}

/* The frame itself, byte for byte; split when longer than an eighth of the ring. */
void gw_emit_raw(gw_engine *e, uint32_t stream, const uint8_t *frame, size_t length, size_t data_offset, size_t data_length)
{
    gw_ring_writer *raw = &e->segment.raw;
    const size_t part_max = raw->capacity / 8 - sizeof(gw_raw) - 64;
    gw_raw head = {.meta = {.ts_event = GW_NULL, .ts_trade = GW_NULL, .kind = GW_KIND_RAW}};
    gw_fill_meta(e, &head.meta, stream, GW_STATUS_EMPTY);
    head.frame_length = (uint32_t)length;
    head.data_offset = (uint32_t)data_offset;
    head.data_length = (uint32_t)data_length;
    uint64_t first = 0;
    for (size_t at = 0; at < length || at == 0;) {
        size_t left = length - at, part = left < part_max ? left : part_max;
        head.payload_length = (uint32_t)part;
        head.meta.flags = (at == 0 ? GW_FLAG_FIRST : 0) | (part == left ? GW_FLAG_LAST : 0);
        uint8_t *to = gw_ring_claim(raw, sizeof head + part);
        put_record(to, &head, sizeof head);
        memcpy(to + sizeof head, frame + at, part);
        if (at == 0)
            first = ((gw_meta *)(void *)to)->ring_position;
        gw_ring_publish(raw);
        e->segment.counters->raw_parts++;
        head.part++;
        at += part;
        if (part == 0)
            break;
    }
    if (!e->streams[stream].wanted_json || data_length == 0)
        return;
    if (head.part > 1)
        gw_publish_long(e, stream, frame + data_offset, data_length);
    else
        gw_publish_item(e, GW_ITEM_JSON, stream, first);
}

static gw_state state_record(gw_engine *e, uint32_t stream, uint8_t kind, uint8_t status)
{
    gw_state record = {.meta = {.ts_event = GW_NULL, .ts_trade = GW_NULL, .kind = kind}};
    gw_fill_meta(e, &record.meta, stream, status);
    return record;
}

void gw_emit_gap(gw_engine *e, uint32_t stream, uint64_t expected, uint64_t received)
{
    const gw_stream_info *info = &e->streams[stream];
    gw_state record = state_record(e, stream, GW_KIND_GAP, e->symbols[info->symbol].status[info->slot]);
    record.meta.update_id = received;
    record.subject = info->target.kind;
    record.expected_id = expected;
    record.received_id = received;
    gw_emit(e, GW_NO_ROW, &record, sizeof record);
    e->segment.counters->gaps++;
    e->segment.streams[stream].gap_count++;
    gw_notice *notice = gw_notify(e, GW_NOTICE_GAP, stream);
    if (notice) {
        notice->a = expected;
        notice->b = received;
    }
}

/* Stands in the ring for a frame that could not be read, so that its number is not missing. */
void gw_emit_unreadable(gw_engine *e, uint32_t stream, gw_error error)
{
    const gw_stream_info *info = &e->streams[stream];
    gw_state record = state_record(e, stream, GW_KIND_UNREADABLE, e->symbols[info->symbol].status[info->slot]);
    record.subject = info->target.kind;
    record.error = error;
    gw_emit(e, stream, &record, sizeof record);
}

static uint8_t kind_of_slot(uint32_t slot)
{
    static const uint8_t kinds[GW_SLOT_KINDS] = {GW_KIND_QUOTE, GW_KIND_TICKER, GW_KIND_TRADE, GW_KIND_BOOK, GW_KIND_PARTIAL};
    return kinds[slot];
}

/* Note a change of status and say so in the ring and on ZeroMQ. The slot's cell is the caller's to write. */
void gw_enter(gw_engine *e, uint32_t symbol, uint32_t slot, uint8_t status, uint8_t reason, uint64_t update_id)
{
    gw_symbol_info *info = &e->symbols[symbol];
    if (GW_LIKELY(info->status[slot] == status))
        return;
    uint32_t stream = info->feeds[slot];
    gw_state record = state_record(e, stream, GW_KIND_STATE, status);
    record.meta.sequence = ++info->state_sequence;
    record.meta.reason = reason;
    record.meta.update_id = update_id;
    record.previous_status = info->status[slot];
    record.subject = kind_of_slot(slot);
    info->status[slot] = status;
    e->segment.streams[stream].status = status;
    e->segment.counters->status_changes++;
    uint64_t before = e->segment.events.tail;
    gw_emit(e, GW_NO_ROW, &record, sizeof record);
    if (info->wanted_state) {
        const gw_meta *at = (const gw_meta *)(const void *)gw_ring_at(&e->segment.events, before);
        uint64_t skipped = at->kind == GW_KIND_PAD ? at->length : 0;
        gw_publish_item(e, GW_ITEM_STATE, symbol, before + skipped);
    }
}

/* The value stays, its trust changes: the last cell again, with the new status. */
void gw_mark(gw_engine *e, uint32_t symbol, uint32_t slot, uint8_t status, uint8_t reason)
{
    if (e->symbols[symbol].feeds[slot] == GW_NO_ROW || e->symbols[symbol].status[slot] == status)
        return;
    gw_slots *slots = &e->segment.slots[slot];
    gw_meta *cell = (gw_meta *)(void *)e->cell;
    gw_slot_load_own(slots, symbol, cell);
    gw_enter(e, symbol, slot, status, reason, cell->update_id);
    cell->status = status;
    cell->reason = reason;
    cell->mono_publish = e->publish_mono;
    cell->ring_position = e->segment.events.tail;
    gw_slot_store(slots, symbol, cell, slots->cell_size);
}

/* A ladder of levels, best first, into a BOOK or PARTIAL slot; counts come from the head. */
void gw_store_ladder(gw_engine *e, uint32_t symbol, uint32_t slot, const gw_book *head, const gw_level *bids, const gw_level *asks)
{
    gw_slots *slots = &e->segment.slots[slot];
    const uint32_t depth = head->depth, side = depth * (uint32_t)sizeof *bids;
    uint8_t *cell = e->cell, *out = cell + offsetof(gw_book, bids);
    memcpy(cell, head, offsetof(gw_book, bids));
    memcpy(out, bids, head->bid_count * sizeof *bids);
    memset(out + head->bid_count * sizeof *bids, 0, (depth - head->bid_count) * sizeof *bids);
    memcpy(out + side, asks, head->ask_count * sizeof *asks);
    memset(out + side + head->ask_count * sizeof *asks, 0, (depth - head->ask_count) * sizeof *asks);
    gw_slot_store(slots, symbol, (gw_meta *)(void *)cell, (uint32_t)offsetof(gw_book, bids) + 2 * side);
}

/* Room for a notice, or null (and counted) when the control plane is behind. */
gw_notice *gw_notify(gw_engine *e, gw_notice_code code, uint32_t row)
{
    if (e->notice_count == GW_NOTICE_ROOM) {
        e->segment.counters->notices_dropped++;
        return NULL;
    }
    gw_notice *notice = &e->notices[e->notice_count++];
    notice->code = code;
    notice->row = row;
    notice->error = notice->head_length = 0;
    notice->a = notice->b = 0;
    return notice;
}
