/* Rows of the directories, and the table from stream names to rows. */
#include "engine_core.h"

#include <stdlib.h>

static const uint64_t HASH_FACTOR = 0x9E3779B97F4A7C15u;

static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * HASH_FACTOR;
    return hash ^ (hash >> 32);
}

static uint64_t hash_name(uint8_t market, const uint8_t *name, size_t length)
{
    uint64_t hash = mix(length, market);
    for (; length >= 8; name += 8, length -= 8)
        hash = mix(hash, gw_load8(name));
    uint64_t rest = 0;
    memcpy(&rest, name, length);
    return mix(hash, rest);
}

/* The row of a stream by its name as the venue writes it (without market), or GW_NO_ROW. */
uint32_t gw_engine_find_stream(const gw_engine *e, uint8_t market, const uint8_t *name, size_t length)
{
    uint32_t at = (uint32_t)hash_name(market, name, length) & e->stream_mask;
    for (uint32_t row; (row = e->stream_table[at]) != 0; at = (at + 1) & e->stream_mask) {
        const gw_stream_info *info = &e->streams[row - 1];
        if (info->target.market == market && (size_t)(info->name_length - info->prefix_length) == length &&
            memcmp(info->name + info->prefix_length, name, length) == 0)
            return row - 1;
    }
    return GW_NO_ROW;
}

static void remember_stream(gw_engine *e, uint32_t row)
{
    const gw_stream_info *info = &e->streams[row];
    const uint8_t *name = (const uint8_t *)info->name + info->prefix_length;
    uint32_t at = (uint32_t)hash_name(info->target.market, name, info->name_length - info->prefix_length) & e->stream_mask;
    while (e->stream_table[at] != 0)
        at = (at + 1) & e->stream_mask;
    e->stream_table[at] = row + 1;
}

static void set_target(gw_target *target, const gw_symbol *row)
{
    target->market = row->market;
    target->px_places = (uint8_t)-row->px_exponent;
    target->qty_places = (uint8_t)-row->qty_exponent;
    target->symbol_length = (uint8_t)strnlen((const char *)row->symbol, sizeof row->symbol);
    memcpy(target->symbol, row->symbol, target->symbol_length);
}

uint32_t gw_engine_add_symbol(gw_engine *e, const gw_symbol *row)
{
    gw_segment *segment = &e->segment;
    uint32_t number = segment->header->symbol_count;
    bool places_fit = row->px_exponent <= 0 && row->px_exponent >= -GW_PLACES_MAX && row->qty_exponent <= 0 &&
                      row->qty_exponent >= -GW_PLACES_MAX;
    if (number == segment->symbol_capacity || !places_fit)
        return GW_NO_ROW;
    gw_symbol_info *info = &e->symbols[number];
    memset(info, 0, sizeof *info);
    set_target(&info->target, row);
    for (uint32_t slot = 0; slot < GW_SLOT_KINDS; slot++)
        info->feeds[slot] = GW_NO_ROW;
    segment->symbols[number] = *row;
    segment->symbols[number].state = GW_ROW_ACTIVE;
    segment->symbols[number].successor = GW_NO_ROW;
    gw_segment_symbols_added(segment, number + 1);
    return number;
}

uint32_t gw_engine_add_connection(gw_engine *e, const char *name, uint8_t market)
{
    gw_segment *segment = &e->segment;
    uint32_t number = segment->header->connection_count;
    if (number == segment->connection_capacity)
        return GW_NO_ROW;
    gw_connection *row = &segment->connections[number];
    memset(row, 0, sizeof *row);
    memcpy(row->name, name, strnlen(name, sizeof row->name));
    row->market = market;
    row->state = GW_ROW_DOWN;
    e->connection_market[number] = market;
    gw_segment_connections_added(segment, number + 1);
    return number;
}

static uint8_t slot_of_kind(uint8_t kind)
{
    switch (kind) {
    case GW_KIND_QUOTE: return GW_SLOT_QUOTE;
    case GW_KIND_TICKER: return GW_SLOT_TICKER;
    case GW_KIND_DIFF: return GW_SLOT_BOOK;
    case GW_KIND_PARTIAL: return GW_SLOT_PARTIAL;
    default: return GW_SLOT_LAST_TRADE;
    }
}

/* Which of two streams feeds a slot: single trades rather than aggregates, more levels rather than
 * fewer, bookTicker rather than the book's own top. */
static bool feeds_better(const gw_engine *e, uint32_t now, uint32_t then, uint8_t slot)
{
    if (then == GW_NO_ROW)
        return true;
    const gw_stream *rows = e->segment.streams;
    if (slot == GW_SLOT_LAST_TRADE)
        return rows[now].kind == GW_KIND_TRADE && rows[then].kind != GW_KIND_TRADE;
    if (slot == GW_SLOT_PARTIAL)
        return rows[now].levels > rows[then].levels;
    return slot == GW_SLOT_QUOTE && rows[then].kind == GW_KIND_DIFF;
}

/* An empty cell with its status, so that a reader sees SYNCING and not "never heard of it". */
static void open_slot(gw_engine *e, uint32_t symbol, uint32_t slot, uint32_t stream)
{
    gw_slots *slots = &e->segment.slots[slot];
    gw_meta *meta = (gw_meta *)(void *)e->cell;
    memset(e->cell, 0, slots->cell_size);
    if (slot == GW_SLOT_QUOTE)
        ((gw_quote *)(void *)e->cell)->bid_px = ((gw_quote *)(void *)e->cell)->ask_px = GW_NULL;
    meta->ts_event = meta->ts_trade = GW_NULL;
    meta->kind = e->segment.streams[stream].kind;
    if (slot == GW_SLOT_BOOK)
        meta->kind = GW_KIND_BOOK;
    if (slot == GW_SLOT_QUOTE)
        meta->kind = GW_KIND_QUOTE;
    uint8_t status = e->symbols[symbol].status[slot];
    e->publish_mono = gw_clock_mono();
    gw_enter(e, symbol, slot, GW_STATUS_SYNCING, GW_REASON_SUBSCRIBED, 0);
    gw_fill_meta(e, meta, stream, GW_STATUS_SYNCING);
    meta->ring_position = e->segment.events.tail;
    if (status == GW_STATUS_EMPTY)
        gw_slot_store(slots, symbol, meta, slots->cell_size);
}

static bool feed_slots(gw_engine *e, uint32_t stream)
{
    gw_stream_info *info = &e->streams[stream];
    gw_symbol_info *symbol = &e->symbols[info->symbol];
    if (info->target.kind == GW_KIND_DIFF && !symbol->book) {
        symbol->book = gw_book_sync_new(e->levels_max);
        if (!symbol->book)
            return false;
    }
    if (feeds_better(e, stream, symbol->feeds[info->slot], info->slot)) {
        symbol->feeds[info->slot] = stream;
        open_slot(e, info->symbol, info->slot, stream);
    }
    if (info->target.kind == GW_KIND_DIFF && symbol->feeds[GW_SLOT_QUOTE] == GW_NO_ROW) {
        symbol->feeds[GW_SLOT_QUOTE] = stream;
        open_slot(e, info->symbol, GW_SLOT_QUOTE, stream);
    }
    return true;
}

uint32_t gw_engine_add_stream(gw_engine *e, const gw_stream *row)
{
    gw_segment *segment = &e->segment;
    uint32_t number = segment->header->stream_count;
    const gw_header *header = segment->header;
    if (number == segment->stream_capacity || row->symbol >= header->symbol_count || row->connection >= header->connection_count)
        return GW_NO_ROW;
    gw_stream_info *info = &e->streams[number];
    memset(info, 0, sizeof *info);
    info->target = e->symbols[row->symbol].target;
    info->target.kind = row->kind;
    info->symbol = row->symbol;
    info->connection = row->connection;
    info->slot = slot_of_kind(row->kind);
    info->name_length = (uint8_t)strnlen((const char *)row->name, sizeof row->name);
    memcpy(info->name, row->name, info->name_length);
    const char *colon = memchr(info->name, ':', info->name_length);
    info->prefix_length = colon ? (uint8_t)(colon - info->name + 1) : 0;
    segment->streams[number] = *row;
    segment->streams[number].state = GW_ROW_ACTIVE;
    segment->streams[number].status = GW_STATUS_SYNCING;
    if (!feed_slots(e, number))
        return GW_NO_ROW;
    remember_stream(e, number);
    gw_segment_streams_added(segment, number + 1);
    return number;
}

static void retire_symbol(gw_engine *e, uint32_t symbol, uint32_t successor)
{
    gw_symbol_info *info = &e->symbols[symbol];
    e->publish_mono = gw_clock_mono();
    if (info->book)
        gw_book_lose(e, symbol, GW_STATUS_RETIRED, GW_REASON_INEXACT);
    for (uint32_t slot = 0; slot < GW_SLOT_KINDS; slot++)
        gw_mark(e, symbol, slot, GW_STATUS_RETIRED, GW_REASON_INEXACT);
    gw_book_sync_free(info->book);
    info->book = NULL;
    e->segment.symbols[symbol].successor = successor;
    e->segment.symbols[symbol].state = GW_ROW_RETIRED;
}

/* A row's exponents never change under its readers: the instrument moves to a new row, with its streams. */
uint32_t gw_engine_replace_symbol(gw_engine *e, uint32_t old, const gw_symbol *row)
{
    uint32_t now = gw_engine_add_symbol(e, row);
    if (now == GW_NO_ROW)
        return now;
    retire_symbol(e, old, now);
    e->symbols[now].wanted_state = e->symbols[old].wanted_state;
    e->symbols[now].state_sequence = e->symbols[old].state_sequence;
    for (uint32_t stream = 0; stream < e->segment.header->stream_count; stream++) {
        gw_stream_info *info = &e->streams[stream];
        if (info->symbol != old)
            continue;
        uint8_t kind = info->target.kind;
        info->target = e->symbols[now].target;
        info->target.kind = kind;
        info->symbol = now;
        e->segment.streams[stream].symbol = now;
        if (!feed_slots(e, stream))
            return GW_NO_ROW;
    }
    return now;
}
