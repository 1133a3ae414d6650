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
    meta->connection = (uint16_t)(e->link == GW_NO_ROW ? info->connection : e->link);
    meta->flags |= GW_FLAG_FIRST | GW_FLAG_LAST;
    meta->status = status;
    meta->reason = GW_REASON_NONE;
    meta->reserved = 0;
}

/* Copy all of a record but the three fields of META that the ring itself sets. */
void gw_put_record(uint8_t *to, const void *record, size_t length)
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
    gw_put_record(to, record, length);
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
        gw_put_record(to, head, sizeof *head);
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

gw_state gw_state_record(gw_engine *e, uint32_t stream, uint8_t kind, uint8_t status)
{
    gw_state record = {.meta = {.ts_event = GW_NULL, .ts_trade = GW_NULL, .kind = kind}, .ts_before = GW_NULL, .ts_after = GW_NULL};
    gw_fill_meta(e, &record.meta, stream, status);
    return record;
}

/* Stands in the ring for a frame that could not be read, so that its number is not missing. */
void gw_emit_unreadable(gw_engine *e, uint32_t stream, gw_error error)
{
    const gw_stream_info *info = &e->streams[stream];
    gw_state record = gw_state_record(e, stream, GW_KIND_UNREADABLE, gw_status_of(e, stream));
    record.subject = info->target.kind;
    record.error = error;
    gw_emit(e, stream, &record, sizeof record);
}

/* One slot, its status, and whose it is: `symbol` may be GW_NO_ROW. */
typedef struct gw_place {
    gw_slots *slots;
    uint32_t row;
    uint32_t symbol;
    uint32_t stream; /* that feeds it */
    uint8_t *status;
    uint8_t subject;
} gw_place;

static gw_place place_of_slot(gw_engine *e, uint32_t symbol, uint32_t slot)
{
    static const uint8_t kinds[GW_SLOT_KINDS] = {GW_KIND_QUOTE, GW_KIND_TICKER,  GW_KIND_TRADE,
                                                 GW_KIND_BOOK,  GW_KIND_PARTIAL, GW_KIND_MARK_PRICE};
    gw_symbol_info *info = &e->symbols[symbol];
    return (gw_place){&e->segment.slots[slot], symbol, symbol, info->feeds[slot], &info->status[slot], kinds[slot]};
}

static gw_place place_of_value(gw_engine *e, uint32_t stream)
{
    gw_stream_info *info = &e->streams[stream];
    return (gw_place){&e->segment.values, info->value, info->symbol, stream, &info->value_status, info->target.kind};
}

/* The status of what a stream feeds. */
uint8_t gw_status_of(const gw_engine *e, uint32_t stream)
{
    const gw_stream_info *info = &e->streams[stream];
    if (info->slot == GW_SLOT_VALUE)
        return info->value_status;
    if (info->slot < GW_SLOT_KINDS && e->symbols[info->symbol].feeds[info->slot] == stream)
        return e->symbols[info->symbol].status[info->slot];
    return e->segment.streams[stream].status;
}

/* Where a record that was just emitted behind `before` lies: behind the pad, if there was one. */
static uint64_t behind_pad(const gw_engine *e, uint64_t before)
{
    const gw_meta *at = (const gw_meta *)(const void *)gw_ring_at(&e->segment.events, before);
    return before + (at->kind == GW_KIND_PAD ? at->length : 0);
}

/* What changes the trust in an instrument's data: a record, and a message of its topic `state:`. */
void gw_emit_state(gw_engine *e, uint32_t symbol, const gw_state *record)
{
    gw_symbol_info *info = &e->symbols[symbol];
    const uint64_t before = e->segment.events.tail;
    gw_emit(e, GW_NO_ROW, record, sizeof *record);
    info->state_messages++;
    if (info->wanted_state)
        gw_publish_state(e, symbol, behind_pad(e, before), info->state_messages);
}

static void enter(gw_engine *e, const gw_place *place, uint8_t status, uint8_t reason, uint64_t update_id)
{
    if (GW_LIKELY(*place->status == status))
        return;
    gw_state record = gw_state_record(e, place->stream, GW_KIND_STATE, status);
    record.meta.reason = reason;
    record.meta.update_id = update_id;
    record.meta.symbol = place->symbol;
    record.previous_status = *place->status;
    record.subject = place->subject;
    *place->status = status;
    e->segment.streams[place->stream].status = status;
    e->segment.counters->status_changes++;
    if (place->symbol == GW_NO_ROW)
        return;
    gw_symbol_info *symbol = &e->symbols[place->symbol];
    record.meta.sequence = ++symbol->state_sequence;
    gw_emit_state(e, place->symbol, &record);
    if (place->subject == GW_KIND_BOOK && status == GW_STATUS_LIVE && e->streams[place->stream].gaps)
        gw_gap_heal(e, place->stream);
}

/* The value stays, its trust changes: the last cell again, with the new status. */
static void mark(gw_engine *e, const gw_place *place, uint8_t status, uint8_t reason)
{
    if (place->stream == GW_NO_ROW || *place->status == status)
        return;
    gw_meta *cell = (gw_meta *)(void *)e->cell;
    gw_slot_load_own(place->slots, place->row, cell);
    enter(e, place, status, reason, cell->update_id);
    cell->status = status;
    cell->reason = reason;
    cell->mono_publish = e->publish_mono;
    cell->ring_position = e->segment.events.tail;
    gw_slot_store(place->slots, place->row, cell, place->slots->cell_size);
}

/* Note a change of status and say so in the ring and on ZeroMQ. The slot's cell is the caller's to write. */
void gw_enter(gw_engine *e, uint32_t symbol, uint32_t slot, uint8_t status, uint8_t reason, uint64_t update_id)
{
    if (GW_LIKELY(e->symbols[symbol].status[slot] == status))
        return;
    gw_place place = place_of_slot(e, symbol, slot);
    enter(e, &place, status, reason, update_id);
}

void gw_enter_value(gw_engine *e, uint32_t stream, uint8_t status, uint8_t reason, uint64_t update_id)
{
    if (GW_LIKELY(e->streams[stream].value_status == status))
        return;
    gw_place place = place_of_value(e, stream);
    enter(e, &place, status, reason, update_id);
}

void gw_mark_slot(gw_engine *e, uint32_t symbol, uint32_t slot, uint8_t status, uint8_t reason)
{
    gw_place place = place_of_slot(e, symbol, slot);
    mark(e, &place, status, reason);
}

void gw_mark_value(gw_engine *e, uint32_t stream, uint8_t status, uint8_t reason)
{
    gw_place place = place_of_value(e, stream);
    mark(e, &place, status, reason);
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
    memcpy(out + 2 * side, &head->bid_complete_px, 2 * sizeof head->bid_complete_px);
    gw_slot_store(slots, symbol, (gw_meta *)(void *)cell, (uint32_t)offsetof(gw_book, bids) + 2 * side + 2 * (uint32_t)sizeof head->bid_complete_px);
}

/* Room for a notice, or null (and counted) when the control plane is behind. */
gw_notice *gw_notify(gw_engine *e, gw_notice_code code, uint32_t row)
{
    /* The last few places are for what must not be lost: without a STALLED nobody asks for the drain. */
    const uint32_t room = code == GW_NOTICE_STALLED || code == GW_NOTICE_RESYNC ? GW_NOTICE_ROOM : GW_NOTICE_ROOM - GW_NOTICE_RESERVE;
    if (e->notice_count >= room) {
        e->segment.counters->notices_dropped++;
        return NULL;
    }
    gw_notice *notice = &e->notices[e->notice_count++];
    notice->code = code;
    notice->row = row;
    notice->error = notice->head_length = 0;
    notice->number = notice->a = notice->b = 0;
    return notice;
}

void gw_note_head(gw_notice *notice, gw_error error, const uint8_t *head, size_t length)
{
    if (!notice)
        return;
    notice->error = error;
    notice->head_length = (uint32_t)(length < GW_HEAD_LENGTH ? length : GW_HEAD_LENGTH);
    memcpy(notice->head, head, notice->head_length);
}
