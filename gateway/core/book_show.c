/* What readers get of a book: records in the ring, the top of it in the slots. */
#include "engine_core.h"

static void set_best(const gw_book_sync *book, gw_diff *head)
{
    const gw_level *bid = gw_side_best(&book->levels.bids), *ask = gw_side_best(&book->levels.asks);
    head->best_bid_px = bid ? bid->px : GW_NULL;
    head->best_bid_qty = bid ? bid->qty : GW_NULL;
    head->best_ask_px = ask ? ask->px : GW_NULL;
    head->best_ask_qty = ask ? ask->qty : GW_NULL;
}

/* A diff whose fate is known, into the ring. Flag APPLIED: it is in the book. */
void gw_book_tell(gw_engine *e, const gw_book_sync *book, gw_diff *head, const gw_level *bids, const gw_level *asks,
                  uint16_t flags, uint8_t status)
{
    head->meta.flags = flags;
    head->meta.status = status;
    head->meta.mono_publish = e->publish_mono;
    set_best(book, head);
    gw_emit_levels(e, head->meta.stream, head, bids, asks);
}

static uint16_t whole_flags(const gw_levels_book *levels)
{
    return (gw_side_is_bounded(&levels->bids) ? 0 : GW_FLAG_BIDS_WHOLE) | (gw_side_is_bounded(&levels->asks) ? 0 : GW_FLAG_ASKS_WHOLE);
}

/* The whole book as one record (in parts if need be): what a follower of the ring starts from. The head comes
 * with the times of what brought it, and is filled. */
void gw_book_tell_whole(gw_engine *e, uint32_t symbol, gw_diff *head)
{
    const gw_symbol_info *info = &e->symbols[symbol];
    const gw_side *bids = &info->book->levels.bids, *asks = &info->book->levels.asks;
    gw_level *out = e->levels_out;
    *head = (gw_diff){.meta = {.ts_event = head->meta.ts_event, .ts_trade = head->meta.ts_trade, .kind = GW_KIND_SNAPSHOT}};
    head->meta.update_id = head->first_update_id = head->prev_update_id = info->book->update_id;
    gw_fill_meta(e, &head->meta, info->feeds[GW_SLOT_BOOK], info->status[GW_SLOT_BOOK]);
    head->bid_count = gw_side_top(bids, out, bids->count);
    head->ask_count = gw_side_top(asks, out + head->bid_count, asks->count);
    set_best(info->book, head);
    gw_diff part = *head;
    part.meta.flags |= whole_flags(&info->book->levels);
    gw_emit_levels(e, GW_NO_ROW, &part, out, out + head->bid_count);
}

bool gw_quote_from_book(const gw_symbol_info *info)
{
    return info->feeds[GW_SLOT_QUOTE] == info->feeds[GW_SLOT_BOOK];
}

static void show_quote(gw_engine *e, uint32_t symbol, const gw_meta *meta)
{
    gw_quote quote = {.meta = *meta};
    gw_diff best;
    set_best(e->symbols[symbol].book, &best);
    quote.meta.kind = GW_KIND_QUOTE;
    quote.meta.source = GW_SOURCE_BOOK;
    quote.bid_px = best.best_bid_px;
    quote.bid_qty = best.best_bid_qty;
    quote.ask_px = best.best_ask_px;
    quote.ask_qty = best.best_ask_qty;
    gw_slot_store(&e->segment.slots[GW_SLOT_QUOTE], symbol, &quote.meta, sizeof quote);
}

/* What a book is as a whole; `head` comes with the META of what brought it. Whoever has the levels goes on from
 * the ring position. */
static void fill_head(const gw_engine *e, uint32_t symbol, gw_book *head)
{
    const gw_book_sync *book = e->symbols[symbol].book;
    head->meta.kind = GW_KIND_BOOK;
    head->meta.update_id = book->update_id;
    head->meta.ring_position = e->segment.events.tail;
    head->first_update_id = book->first_update_id;
    head->snapshot_id = book->snapshot_id;
    head->bid_total = book->levels.bids.count;
    head->ask_total = book->levels.asks.count;
    head->bid_complete_px = gw_side_complete_px(&book->levels.bids);
    head->ask_complete_px = gw_side_complete_px(&book->levels.asks);
}

/* The whole book as of now, for one who joins late: all that the stream brought up to meta.sequence is in it, and
 * nothing else; the levels are in book->levels. False: the symbol has no book. */
bool gw_book_head(gw_engine *e, uint32_t symbol, gw_book *head)
{
    const gw_symbol_info *info = &e->symbols[symbol];
    if (!info->book || info->feeds[GW_SLOT_BOOK] == GW_NO_ROW)
        return false;
    memset(head, 0, sizeof *head);
    gw_slot_load_own(&e->segment.slots[GW_SLOT_BOOK], symbol, e->cell);
    memcpy(&head->meta, e->cell, sizeof head->meta);
    fill_head(e, symbol, head);
    if (head->meta.version == 0) /* no event yet */
        head->meta.ts_event = head->meta.ts_trade = GW_NULL;
    head->meta.status = info->status[GW_SLOT_BOOK];
    head->meta.stream = info->feeds[GW_SLOT_BOOK];
    head->meta.sequence = e->segment.streams[head->meta.stream].sequence;
    return true;
}

/* All its levels, best first; gw_book_head tells how many there are. */
void gw_book_copy(const gw_engine *e, uint32_t symbol, gw_level *bids, gw_level *asks)
{
    const gw_levels_book *levels = &e->symbols[symbol].book->levels;
    gw_side_top(&levels->bids, bids, levels->bids.count);
    gw_side_top(&levels->asks, asks, levels->asks.count);
}

/* The top of the book into its slot, with the ring position from which a follower goes on. */
void gw_book_show(gw_engine *e, uint32_t symbol, const gw_meta *meta, uint8_t status)
{
    const gw_symbol_info *info = &e->symbols[symbol];
    const gw_levels_book *levels = &info->book->levels;
    const uint32_t depth = e->segment.book_levels;
    gw_level *bids = e->levels_out, *asks = e->levels_out + depth;
    gw_book head = {.meta = *meta};
    fill_head(e, symbol, &head);
    head.meta.status = status;
    head.depth = (uint16_t)depth;
    head.bid_count = (uint16_t)gw_side_top(&levels->bids, bids, depth);
    head.ask_count = (uint16_t)gw_side_top(&levels->asks, asks, depth);
    gw_store_ladder(e, symbol, GW_SLOT_BOOK, &head, bids, asks);
    if (gw_quote_from_book(info))
        show_quote(e, symbol, &head.meta);
}
