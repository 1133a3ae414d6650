/* Which stream feeds which slot, and what becomes of slots when streams and symbols go. */
#include "engine_core.h"

#include <math.h>

uint8_t gw_slot_of_kind(uint8_t kind)
{
    switch (kind) {
    case GW_KIND_QUOTE: return GW_SLOT_QUOTE;
    case GW_KIND_TICKER: case GW_KIND_MINI_TICKER: return GW_SLOT_TICKER;
    case GW_KIND_TRADE: case GW_KIND_AGG_TRADE: return GW_SLOT_LAST_TRADE;
    case GW_KIND_DIFF: return GW_SLOT_BOOK;
    case GW_KIND_PARTIAL: return GW_SLOT_PARTIAL;
    case GW_KIND_MARK_PRICE: case GW_KIND_INDEX_PRICE: return GW_SLOT_MARK_PRICE;
    case GW_KIND_TRADING_SESSION: return GW_SLOT_NONE;
    default: return GW_SLOT_VALUE;
    }
}

/* Which of two streams feeds a slot: single trades rather than aggregates, more levels rather than
 * fewer, the whole ticker rather than the small one, bookTicker rather than the book's own top. */
static bool feeds_better(const gw_engine *e, uint32_t now, uint32_t then, uint8_t slot)
{
    if (then == GW_NO_ROW || e->streams[then].retired)
        return true;
    const gw_stream *rows = e->segment.streams;
    if (slot == GW_SLOT_LAST_TRADE)
        return rows[now].kind == GW_KIND_TRADE && rows[then].kind != GW_KIND_TRADE;
    if (slot == GW_SLOT_TICKER)
        return rows[now].kind == GW_KIND_TICKER && rows[then].kind != GW_KIND_TICKER;
    if (slot == GW_SLOT_PARTIAL)
        return rows[now].levels > rows[then].levels;
    return slot == GW_SLOT_QUOTE && rows[then].kind == GW_KIND_DIFF && rows[now].kind != GW_KIND_DIFF;
}

static void set_null(int64_t *from, const int64_t *to)
{
    while (from <= to)
        *from++ = GW_NULL;
}

static void set_nan(double *from, const double *to)
{
    while (from <= to)
        *from++ = NAN;
}

/* Nothing was said yet: null and NaN, not zero. Fields of a kind lie side by side. */
static void empty_event(gw_event *event, uint8_t kind)
{
    switch (kind) {
    case GW_KIND_QUOTE: set_null(&event->quote.bid_px, &event->quote.ask_qty); break;
    case GW_KIND_TRADE: case GW_KIND_AGG_TRADE: case GW_KIND_BLOCK_TRADE:
        set_null(&event->trade.px, &event->trade.qty);
        event->trade.normal_qty = GW_NULL;
        break;
    case GW_KIND_TICKER: case GW_KIND_MINI_TICKER: case GW_KIND_WINDOW_TICKER:
        set_null(&event->ticker.last_px, &event->ticker.average_px);
        set_nan(&event->ticker.volume, &event->ticker.quote_volume);
        set_null(&event->ticker.open_time, &event->ticker.close_time);
        break;
    case GW_KIND_KLINE: case GW_KIND_CONTINUOUS_KLINE: case GW_KIND_INDEX_KLINE: case GW_KIND_MARK_KLINE:
        set_null(&event->kline.open_px, &event->kline.close_px);
        set_nan(&event->kline.volume, &event->kline.taker_quote_volume);
        set_null(&event->kline.open_time, &event->kline.close_time);
        break;
    case GW_KIND_MARK_PRICE: case GW_KIND_INDEX_PRICE: set_null(&event->mark.mark_px, &event->mark.next_funding_time); break;
    case GW_KIND_AVERAGE_PRICE: case GW_KIND_REFERENCE_PRICE: case GW_KIND_COMPOSITE_INDEX: event->price.px = GW_NULL; break;
    case GW_KIND_LIQUIDATION: set_null(&event->liquidation.px, &event->liquidation.filled_qty); break;
    case GW_KIND_CONTRACT_INFO: set_null(&event->contract.delivery_time, &event->contract.onboard_time); break;
    case GW_KIND_ASSET_INDEX: set_null(&event->asset.index_px, &event->asset.auto_ask_rate); break;
    default: break; /* ladders: counts of 0 */
    }
}

static void empty_cell(gw_engine *e, const gw_slots *slots, uint8_t kind)
{
    gw_meta *meta = (gw_meta *)(void *)e->cell;
    memset(e->cell, 0, slots->cell_size);
    meta->ts_event = meta->ts_trade = GW_NULL;
    meta->kind = kind;
    empty_event((gw_event *)(void *)e->cell, kind);
}

static uint8_t kind_in_slot(uint32_t slot, uint8_t kind)
{
    if (slot == GW_SLOT_BOOK)
        return GW_KIND_BOOK;
    return slot == GW_SLOT_QUOTE ? GW_KIND_QUOTE : kind;
}

/* An empty cell with its status, so that a reader sees SYNCING and not "never heard of it". */
static void open_slot(gw_engine *e, uint32_t symbol, uint32_t slot, uint32_t stream)
{
    gw_slots *slots = &e->segment.slots[slot];
    const uint8_t before = e->symbols[symbol].status[slot];
    e->publish_mono = gw_clock_mono();
    if (before != GW_STATUS_EMPTY) {
        gw_mark_slot(e, symbol, slot, GW_STATUS_SYNCING, GW_REASON_SUBSCRIBED);
        return;
    }
    gw_enter(e, symbol, slot, GW_STATUS_SYNCING, GW_REASON_SUBSCRIBED, 0);
    empty_cell(e, slots, kind_in_slot(slot, e->segment.streams[stream].kind));
    gw_meta *meta = (gw_meta *)(void *)e->cell;
    gw_fill_meta(e, meta, stream, GW_STATUS_SYNCING);
    meta->ring_position = e->segment.events.tail;
    gw_slot_store(slots, symbol, meta, slots->cell_size);
}

static void open_value(gw_engine *e, uint32_t stream)
{
    gw_stream_info *info = &e->streams[stream];
    e->publish_mono = gw_clock_mono();
    if (info->value_status != GW_STATUS_EMPTY) {
        gw_mark_value(e, stream, GW_STATUS_SYNCING, GW_REASON_SUBSCRIBED);
        return;
    }
    gw_enter_value(e, stream, GW_STATUS_SYNCING, GW_REASON_SUBSCRIBED, 0);
    empty_cell(e, &e->segment.values, info->target.kind);
    gw_meta *meta = (gw_meta *)(void *)e->cell;
    gw_fill_meta(e, meta, stream, GW_STATUS_SYNCING);
    meta->ring_position = e->segment.events.tail;
    gw_slot_store(&e->segment.values, info->value, meta, e->segment.values.cell_size);
}

static void feed(gw_engine *e, uint32_t symbol, uint32_t slot, uint32_t stream)
{
    e->symbols[symbol].feeds[slot] = stream;
    open_slot(e, symbol, slot, stream);
}

static bool open_book(gw_engine *e, const gw_stream_info *info)
{
    gw_symbol_info *symbol = &e->symbols[info->symbol];
    if (info->target.kind == GW_KIND_DIFF && !symbol->book)
        symbol->book = gw_book_sync_new(e->levels_max);
    return info->target.kind != GW_KIND_DIFF || symbol->book;
}

/* Let a new stream feed what it feeds best. False: no memory for its book. */
bool gw_feed_slots(gw_engine *e, uint32_t stream)
{
    const gw_stream_info *info = &e->streams[stream];
    if (info->slot == GW_SLOT_VALUE)
        open_value(e, stream);
    if (info->slot >= GW_SLOT_KINDS)
        return true;
    if (!open_book(e, info))
        return false;
    const uint32_t *feeds = e->symbols[info->symbol].feeds;
    if (feeds_better(e, stream, feeds[info->slot], info->slot))
        feed(e, info->symbol, info->slot, stream);
    if (info->target.kind == GW_KIND_DIFF && (feeds[GW_SLOT_QUOTE] == GW_NO_ROW || e->streams[feeds[GW_SLOT_QUOTE]].retired))
        feed(e, info->symbol, GW_SLOT_QUOTE, stream);
    return true;
}

static void free_book(gw_engine *e, uint32_t symbol)
{
    gw_book_sync_free(e->symbols[symbol].book);
    e->symbols[symbol].book = NULL;
}

static void retire_row(gw_engine *e, uint32_t symbol, uint32_t successor, uint8_t reason)
{
    gw_symbol_info *info = &e->symbols[symbol];
    e->link = GW_NO_ROW;
    e->mono = e->publish_mono = gw_clock_mono();
    if (info->book)
        gw_book_lose(e, symbol, GW_STATUS_RETIRED, reason);
    for (uint32_t slot = 0; slot < GW_SLOT_KINDS; slot++)
        gw_mark_slot(e, symbol, slot, GW_STATUS_RETIRED, reason);
    free_book(e, symbol);
    e->segment.symbols[symbol].successor = successor;
    e->segment.symbols[symbol].state = GW_ROW_RETIRED;
    gw_segment_rows_changed(&e->segment);
}

static void unlink_stream(gw_engine *e, uint32_t stream)
{
    uint32_t *at = &e->symbols[e->streams[stream].symbol].streams;
    while (*at != stream)
        at = &e->streams[*at].sibling;
    *at = e->streams[stream].sibling;
}

/* To another row of the same instrument: its exponents changed, or it was listed anew. What stands in the
 * stream's own slot was said of the old row. */
void gw_stream_moves(gw_engine *e, uint32_t stream, uint32_t symbol)
{
    gw_stream_info *info = &e->streams[stream];
    const uint8_t kind = info->target.kind;
    unlink_stream(e, stream);
    info->target = e->symbols[symbol].target;
    info->target.kind = kind;
    info->symbol = symbol;
    info->sibling = e->symbols[symbol].streams;
    e->symbols[symbol].streams = stream;
    e->segment.streams[stream].symbol = symbol;
}

/* A row's exponents never change under its readers: the instrument moves to a new row, with its streams. */
uint32_t gw_engine_replace_symbol(gw_engine *e, uint32_t old, const gw_symbol *row)
{
    uint32_t now = gw_engine_add_symbol(e, row);
    bool whole = true;
    if (now == GW_NO_ROW)
        return now;
    retire_row(e, old, now, GW_REASON_INEXACT);
    e->symbols[now].wanted_state = e->symbols[old].wanted_state;
    e->symbols[now].state_sequence = e->symbols[old].state_sequence;
    e->symbols[now].state_messages = e->symbols[old].state_messages;
    e->symbols[now].halted = e->symbols[old].halted;
    e->segment.symbols[now].halted = e->segment.symbols[old].halted;
    while (e->symbols[old].streams != GW_NO_ROW) {
        const uint32_t stream = e->symbols[old].streams;
        gw_stream_moves(e, stream, now);
        whole &= e->streams[stream].retired || gw_feed_slots(e, stream);
    }
    gw_segment_rows_changed(&e->segment);
    return whole ? now : GW_NO_ROW;
}

static bool can_feed(const gw_stream_info *info, uint32_t slot)
{
    const bool from_book = slot == GW_SLOT_QUOTE && info->target.kind == GW_KIND_DIFF;
    return !info->retired && info->slot < GW_SLOT_KINDS && (info->slot == slot || from_book);
}

/* The best stream that is left for a slot, or GW_NO_ROW. */
static uint32_t next_feed(const gw_engine *e, uint32_t symbol, uint32_t slot)
{
    uint32_t best = GW_NO_ROW;
    for (uint32_t stream = e->symbols[symbol].streams; stream != GW_NO_ROW; stream = e->streams[stream].sibling)
        if (can_feed(&e->streams[stream], slot) && feeds_better(e, stream, best, (uint8_t)slot))
            best = stream;
    return best;
}

static void hand_over(gw_engine *e, uint32_t symbol, uint32_t slot)
{
    uint32_t next = next_feed(e, symbol, slot);
    if (next != GW_NO_ROW) {
        feed(e, symbol, slot, next);
        return;
    }
    gw_mark_slot(e, symbol, slot, GW_STATUS_RETIRED, GW_REASON_RETIRED);
    e->symbols[symbol].feeds[slot] = GW_NO_ROW;
}

static void remove_one(gw_engine *e, uint32_t stream)
{
    gw_stream_info *info = &e->streams[stream];
    if (info->retired)
        return;
    info->retired = true;
    gw_stream_left(e, stream);
    gw_gap_forget(e, stream);
    e->segment.streams[stream].state = GW_ROW_RETIRED;
    if (info->slot == GW_SLOT_VALUE && info->value != GW_NO_ROW)
        gw_mark_value(e, stream, GW_STATUS_RETIRED, GW_REASON_RETIRED);
    if (info->slot == GW_SLOT_BOOK && e->symbols[info->symbol].feeds[GW_SLOT_BOOK] == stream && e->symbols[info->symbol].book)
        gw_book_lose(e, info->symbol, GW_STATUS_RETIRED, GW_REASON_RETIRED);
    for (uint32_t slot = 0; info->symbol != GW_NO_ROW && slot < GW_SLOT_KINDS; slot++)
        if (e->symbols[info->symbol].feeds[slot] == stream)
            hand_over(e, info->symbol, slot);
    if (info->slot == GW_SLOT_BOOK && e->symbols[info->symbol].feeds[GW_SLOT_BOOK] == GW_NO_ROW)
        free_book(e, info->symbol);
    e->segment.streams[stream].status = GW_STATUS_RETIRED;
}

static void remove_rows(gw_engine *e, uint32_t parent)
{
    if (!gw_has_rows(e->streams[parent].shape))
        return;
    for (uint32_t row = 0; row < e->segment.header->stream_count; row++)
        if (e->streams[row].parent == parent)
            remove_one(e, row);
}

/* Unsubscribed: what it fed is fed by another stream, or RETIRED. Its rows go with it. */
void gw_engine_remove_stream(gw_engine *e, uint32_t stream)
{
    e->link = GW_NO_ROW;
    e->mono = e->publish_mono = gw_clock_mono();
    remove_one(e, stream);
    remove_rows(e, stream);
    gw_segment_rows_changed(&e->segment);
    gw_publish_flush(e);
    gw_segment_ring_bell(&e->segment);
}

/* Delisted: the instrument and all its streams. */
void gw_engine_retire_symbol(gw_engine *e, uint32_t symbol)
{
    for (uint32_t stream = e->symbols[symbol].streams; stream != GW_NO_ROW; stream = e->streams[stream].sibling)
        gw_engine_remove_stream(e, stream);
    if (e->segment.symbols[symbol].state != GW_ROW_RETIRED)
        retire_row(e, symbol, GW_NO_ROW, GW_REASON_RETIRED);
}
