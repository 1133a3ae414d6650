/* The life of one book: waiting for a snapshot, held on one, in step with the stream.
 *
 *   WAITING  events are buffered; a snapshot is asked for
 *   HELD     a snapshot is in, but no event of this session has joined it yet; not LIVE
 *   SYNCED   each event is judged and applied; a gap, a crossed book or ids that restart lead back to
 *            WAITING in the same write
 *
 * Every event becomes one DIFF record, when its fate is known: flag APPLIED if it is in the book. */
#include "engine_core.h"

#include <stdlib.h>

/* Events behind the book in a row that mean restarted ids; bytes of a first buffer; how long a snapshot
 * may lie ahead of the stream before it is thrown away. */
enum { BEHIND_RUN_MAX = 2, BUFFER_ROOM_FIRST = 64 << 10 };
static const int64_t HELD_MAX_NS = 10000000000;

gw_book_sync *gw_book_sync_new(uint32_t levels_max)
{
    gw_book_sync *book = calloc(1, sizeof *book);
    if (book && gw_book_init(&book->levels, levels_max))
        return book;
    gw_book_sync_free(book);
    return NULL;
}

void gw_book_sync_free(gw_book_sync *book)
{
    if (!book)
        return;
    gw_book_free(&book->levels);
    free(book->buffer);
    free(book);
}

static const gw_level *levels_of(const gw_diff *head)
{
    return (const gw_level *)(const void *)(head + 1);
}

static size_t diff_size(const gw_diff *head)
{
    return sizeof *head + (head->bid_count + (size_t)head->ask_count) * sizeof(gw_level);
}

static gw_verdict judge(const gw_book_sync *book, bool spot, const gw_diff *event)
{
    const uint64_t first = event->first_update_id, last = event->meta.update_id, prev = event->prev_update_id;
    if (spot)
        return gw_judge_spot(first, last, book->update_id);
    if (book->event_applied)
        return gw_judge_futures(prev, last, book->update_id);
    return gw_judge_futures_first(first, last, prev, book->snapshot_id);
}

/* Levels are absolute quantities; an event is applied whole before anything is published. False: no memory. */
static bool apply(gw_book_sync *book, const gw_diff *event, const gw_level *bids, const gw_level *asks)
{
    bool held = true;
    for (uint32_t i = 0; i < event->bid_count; i++)
        held &= gw_side_set(&book->levels.bids, bids[i].px, bids[i].qty);
    for (uint32_t i = 0; i < event->ask_count; i++)
        held &= gw_side_set(&book->levels.asks, asks[i].px, asks[i].qty);
    book->update_id = event->meta.update_id;
    book->first_update_id = event->first_update_id;
    book->event_applied = true;
    book->behind_run = 0;
    return held;
}

static void set_best(const gw_book_sync *book, gw_diff *head)
{
    const gw_level *bid = gw_side_best(&book->levels.bids), *ask = gw_side_best(&book->levels.asks);
    head->best_bid_px = bid ? bid->px : GW_NULL;
    head->best_bid_qty = bid ? bid->qty : GW_NULL;
    head->best_ask_px = ask ? ask->px : GW_NULL;
    head->best_ask_qty = ask ? ask->qty : GW_NULL;
}

static void emit_diff(gw_engine *e, uint32_t stream, const gw_book_sync *book, gw_diff *head, const gw_level *bids,
                      const gw_level *asks, uint16_t flags, uint8_t status)
{
    head->meta.flags = flags;
    head->meta.status = status;
    head->meta.mono_publish = e->publish_mono;
    set_best(book, head);
    gw_emit_levels(e, stream, head, bids, asks);
}

static bool quote_from_book(const gw_symbol_info *info)
{
    return info->feeds[GW_SLOT_QUOTE] == info->feeds[GW_SLOT_BOOK];
}

static void enter_both(gw_engine *e, uint32_t symbol, uint8_t status, uint8_t reason, uint64_t update_id)
{
    gw_enter(e, symbol, GW_SLOT_BOOK, status, reason, update_id);
    if (quote_from_book(&e->symbols[symbol]))
        gw_enter(e, symbol, GW_SLOT_QUOTE, status, reason, update_id);
}

static void store_quote(gw_engine *e, uint32_t symbol, const gw_meta *meta, const gw_diff *best)
{
    gw_quote quote = {.meta = *meta};
    quote.meta.kind = GW_KIND_QUOTE;
    quote.meta.source = GW_SOURCE_BOOK;
    quote.bid_px = best->best_bid_px;
    quote.bid_qty = best->best_bid_qty;
    quote.ask_px = best->best_ask_px;
    quote.ask_qty = best->best_ask_qty;
    gw_slot_store(&e->segment.slots[GW_SLOT_QUOTE], symbol, &quote.meta, sizeof quote);
}

/* The top of the book into its slot, with the ring position from which a follower goes on. */
static void store_book(gw_engine *e, uint32_t symbol, const gw_diff *event, uint8_t status)
{
    gw_symbol_info *info = &e->symbols[symbol];
    const gw_book_sync *book = info->book;
    const uint32_t depth = e->segment.book_levels;
    gw_level *bids = e->levels_out, *asks = e->levels_out + depth;
    gw_book head = {.meta = event->meta};
    head.meta.kind = GW_KIND_BOOK;
    head.meta.status = status;
    head.meta.update_id = book->update_id;
    head.meta.ring_position = e->segment.events.tail;
    head.first_update_id = book->first_update_id;
    head.snapshot_id = book->snapshot_id;
    head.depth = (uint16_t)depth;
    head.bid_count = (uint16_t)gw_side_top(&book->levels.bids, bids, depth);
    head.ask_count = (uint16_t)gw_side_top(&book->levels.asks, asks, depth);
    head.bid_total = book->levels.bids.count;
    head.ask_total = book->levels.asks.count;
    gw_store_ladder(e, symbol, GW_SLOT_BOOK, &head, bids, asks);
    if (quote_from_book(info)) {
        gw_diff best;
        set_best(book, &best);
        store_quote(e, symbol, &head.meta, &best);
    }
}

static void ask(gw_engine *e, uint32_t symbol)
{
    gw_book_sync *book = e->symbols[symbol].book;
    if (!book->asked)
        book->asked = gw_notify(e, GW_NOTICE_RESYNC, symbol) != NULL;
}

/* Publish the fate of buffered events that will never be applied. */
static void drop_buffer(gw_engine *e, uint32_t symbol)
{
    gw_symbol_info *info = &e->symbols[symbol];
    gw_book_sync *book = info->book;
    for (size_t at = 0; at < book->buffer_length;) {
        gw_diff *event = (gw_diff *)(void *)(book->buffer + at);
        at += diff_size(event);
        const gw_level *bids = levels_of(event), *asks = bids + event->bid_count;
        e->segment.counters->diffs_dropped++;
        emit_diff(e, event->meta.stream, book, event, bids, asks, GW_FLAG_BUFFERED, info->status[GW_SLOT_BOOK]);
    }
    book->buffer_length = 0;
}

/* The book is out of step: whatever was buffered lies before the break and is of no use, and the next
 * snapshot must be joined by an event that comes after it. */
void gw_book_lose(gw_engine *e, uint32_t symbol, uint8_t status, uint8_t reason)
{
    gw_symbol_info *info = &e->symbols[symbol];
    gw_book_sync *book = info->book;
    book->phase = GW_PHASE_WAITING;
    book->event_seen = false;
    book->event_applied = false;
    book->behind_run = 0;
    gw_mark_slot(e, symbol, GW_SLOT_BOOK, status, reason);
    if (quote_from_book(info))
        gw_mark_slot(e, symbol, GW_SLOT_QUOTE, status, reason);
    drop_buffer(e, symbol);
    if (status == GW_STATUS_DOWN || status == GW_STATUS_RETIRED)
        book->asked = false; /* an answer would be of another session */
    else if (reason != GW_REASON_CONNECTED) /* there the first event asks, so that the snapshot is not older */
        ask(e, symbol);
}

static bool buffer_reserve(gw_book_sync *book, size_t size, size_t max)
{
    size_t wanted = book->buffer_length + size, room = book->buffer_room ? book->buffer_room : BUFFER_ROOM_FIRST;
    while (room < wanted)
        room *= 2;
    if (room > max)
        return false;
    if (room == book->buffer_room)
        return true;
    uint8_t *buffer = realloc(book->buffer, room);
    if (!buffer)
        return false;
    book->buffer = buffer;
    book->buffer_room = room;
    return true;
}

/* Keep an event until a snapshot comes. This allocates; a book that waits is not on the hot path. */
static void buffer_event(gw_engine *e, uint32_t symbol, const gw_diff *head, const gw_level *bids, const gw_level *asks)
{
    gw_book_sync *book = e->symbols[symbol].book;
    size_t size = diff_size(head), bid_bytes = head->bid_count * sizeof *bids;
    bool ahead = book->buffer_length == 0 || head->meta.update_id > book->buffered_id;
    book->behind_run = ahead ? 0 : book->behind_run + 1;
    if (book->behind_run >= BEHIND_RUN_MAX) { /* ids restarted lower: what is buffered is void */
        e->segment.counters->ids_backwards++;
        drop_buffer(e, symbol);
        ahead = true;
        book->behind_run = 0;
    }
    if (ahead)
        book->buffered_id = head->meta.update_id;
    book->event_seen = true;
    if (!buffer_reserve(book, size, e->buffer_max)) {
        drop_buffer(e, symbol);
        if (!buffer_reserve(book, size, e->buffer_max)) { /* one event longer than the limit */
            gw_diff copy = *head;
            e->segment.counters->diffs_dropped++;
            emit_diff(e, head->meta.stream, book, &copy, bids, asks, GW_FLAG_BUFFERED, GW_STATUS_SYNCING);
            ask(e, symbol);
            return;
        }
    }
    uint8_t *to = book->buffer + book->buffer_length;
    memcpy(to, head, sizeof *head);
    memcpy(to + sizeof *head, bids, bid_bytes);
    memcpy(to + sizeof *head + bid_bytes, asks, head->ask_count * sizeof *asks);
    book->buffer_length += size;
    e->segment.counters->diffs_buffered++;
    ask(e, symbol);
}

static gw_diff head_of_event(gw_engine *e, uint32_t stream)
{
    const gw_depth *depth = &e->depth;
    gw_diff head = {.meta = {.ts_event = depth->ts_event, .ts_trade = depth->ts_trade, .kind = GW_KIND_DIFF}};
    head.meta.update_id = depth->last_update_id;
    head.first_update_id = depth->first_update_id;
    head.prev_update_id = depth->prev_update_id;
    head.bid_count = depth->bid_count;
    head.ask_count = depth->ask_count;
    gw_fill_meta(e, &head.meta, stream, GW_STATUS_SYNCING);
    return head;
}

/* Lose the book over this event, which becomes the first of the next attempt. */
static void lose_and_buffer(gw_engine *e, uint32_t stream, const gw_diff *head, uint8_t reason)
{
    uint32_t symbol = e->streams[stream].symbol;
    bool was_synced = e->symbols[symbol].book->phase == GW_PHASE_SYNCED;
    gw_book_lose(e, symbol, was_synced ? GW_STATUS_GAPPED : e->symbols[symbol].status[GW_SLOT_BOOK], reason);
    buffer_event(e, symbol, head, e->depth.bids, e->depth.asks);
}

/* One event behind the book is a duplicate. Two in a row, after the book was in step, mean that the
 * venue's ids restarted lower: what we hold is no longer its book. A snapshot that has just come may be
 * ahead of the stream, but not for long. */
static bool ids_restarted(const gw_engine *e, gw_book_sync *book)
{
    if (book->phase == GW_PHASE_SYNCED)
        return ++book->behind_run >= BEHIND_RUN_MAX;
    return e->mono - book->held_mono > HELD_MAX_NS;
}

static void on_behind(gw_engine *e, uint32_t stream, gw_diff *head)
{
    gw_book_sync *book = e->symbols[e->streams[stream].symbol].book;
    e->segment.counters->diffs_behind++;
    if (ids_restarted(e, book)) {
        e->segment.counters->ids_backwards++;
        lose_and_buffer(e, stream, head, GW_REASON_RESTARTED);
        return;
    }
    uint16_t flags = book->event_applied ? GW_FLAG_DUPLICATE : 0;
    emit_diff(e, stream, book, head, e->depth.bids, e->depth.asks, flags, e->symbols[e->streams[stream].symbol].status[GW_SLOT_BOOK]);
}

/* `first`: the first event of this session. */
static void on_gap(gw_engine *e, uint32_t stream, const gw_diff *head, bool first)
{
    const gw_stream_info *info = &e->streams[stream];
    const gw_book_sync *book = e->symbols[info->symbol].book;
    const uint64_t book_id = book->update_id;
    const bool spot = info->target.market == GW_MARKET_SPOT;
    lose_and_buffer(e, stream, head, GW_REASON_GAP);
    if (first) { /* no chain was broken: the snapshot was older than the stream */
        e->segment.counters->snapshots_refused++;
        return;
    }
    gw_emit_gap(e, stream, spot ? book_id + 1 : book_id, spot ? head->first_update_id : head->prev_update_id);
}

static void go_live(gw_engine *e, uint32_t symbol, const gw_diff *event, uint8_t reason)
{
    gw_book_sync *book = e->symbols[symbol].book;
    uint8_t status = gw_live_status(e, symbol, event->meta.connection);
    if (book->phase != GW_PHASE_SYNCED) {
        book->phase = GW_PHASE_SYNCED;
        gw_notify(e, GW_NOTICE_BOOK_LIVE, symbol);
    }
    enter_both(e, symbol, status, gw_live_reason(e, event->meta.connection, status, reason), book->update_id);
}

static void on_apply(gw_engine *e, uint32_t stream, gw_diff *head)
{
    const uint32_t symbol = e->streams[stream].symbol;
    gw_book_sync *book = e->symbols[symbol].book;
    bool held = apply(book, head, e->depth.bids, e->depth.asks);
    if (GW_UNLIKELY(!held || gw_book_crossed(&book->levels))) {
        e->segment.counters->books_crossed += held;
        gw_book_lose(e, symbol, GW_STATUS_GAPPED, held ? GW_REASON_CROSSED : GW_REASON_OVERFLOW);
        emit_diff(e, stream, book, head, e->depth.bids, e->depth.asks, 0, GW_STATUS_GAPPED);
        return;
    }
    e->segment.counters->diffs_applied++;
    go_live(e, symbol, head, GW_REASON_SNAPSHOT);
    uint8_t status = e->symbols[symbol].status[GW_SLOT_BOOK];
    emit_diff(e, stream, book, head, e->depth.bids, e->depth.asks, GW_FLAG_APPLIED, status);
    store_book(e, symbol, head, status);
}

/* A spot event that ends just where the snapshot does: the stream has reached it, its levels are in. */
static void on_joined(gw_engine *e, uint32_t stream, gw_diff *head)
{
    const uint32_t symbol = e->streams[stream].symbol;
    gw_book_sync *book = e->symbols[symbol].book;
    book->event_applied = true;
    e->segment.counters->diffs_behind++;
    go_live(e, symbol, head, GW_REASON_SNAPSHOT);
    uint8_t status = e->symbols[symbol].status[GW_SLOT_BOOK];
    emit_diff(e, stream, book, head, e->depth.bids, e->depth.asks, 0, status);
    store_book(e, symbol, head, status);
}

/* A depth event, decoded into e->depth. */
void gw_book_event(gw_engine *e, uint32_t stream)
{
    const gw_stream_info *info = &e->streams[stream];
    gw_book_sync *book = e->symbols[info->symbol].book;
    const bool spot = info->target.market == GW_MARKET_SPOT;
    const bool first = !book->event_seen;
    gw_diff head = head_of_event(e, stream);
    book->event_seen = true;
    book->link = e->link;
    if (GW_UNLIKELY(book->phase == GW_PHASE_WAITING)) {
        buffer_event(e, info->symbol, &head, e->depth.bids, e->depth.asks);
        return;
    }
    gw_verdict verdict = judge(book, spot, &head);
    if (GW_LIKELY(verdict == GW_APPLY)) {
        on_apply(e, stream, &head);
    } else if (verdict == GW_GAP) {
        on_gap(e, stream, &head, first);
    } else if (book->phase == GW_PHASE_HELD && head.meta.update_id == book->update_id) {
        on_joined(e, stream, &head);
    } else {
        on_behind(e, stream, &head);
    }
}

/* Worst level first, so that each one lands at the end of its array. */
static bool load_snapshot(gw_book_sync *book, const gw_depth *snapshot)
{
    bool held = true;
    gw_book_clear(&book->levels);
    for (uint32_t i = snapshot->bid_count; i-- > 0;)
        held &= gw_side_set(&book->levels.bids, snapshot->bids[i].px, snapshot->bids[i].qty);
    for (uint32_t i = snapshot->ask_count; i-- > 0;)
        held &= gw_side_set(&book->levels.asks, snapshot->asks[i].px, snapshot->asks[i].qty);
    book->update_id = book->snapshot_id = snapshot->last_update_id;
    book->first_update_id = 0;
    book->event_applied = false;
    book->behind_run = 0;
    return held;
}

/* The whole book as one record (in parts if need be): what a follower of the ring starts from. */
static void emit_snapshot(gw_engine *e, uint32_t symbol, gw_diff *head)
{
    const gw_symbol_info *info = &e->symbols[symbol];
    const gw_depth *depth = &e->depth;
    *head = (gw_diff){.meta = {.ts_event = depth->ts_event, .ts_trade = depth->ts_trade, .kind = GW_KIND_SNAPSHOT}};
    head->meta.update_id = head->first_update_id = head->prev_update_id = info->book->snapshot_id;
    gw_fill_meta(e, &head->meta, info->feeds[GW_SLOT_BOOK], info->status[GW_SLOT_BOOK]);
    const gw_side *bids = &info->book->levels.bids, *asks = &info->book->levels.asks;
    gw_level *out = e->levels_out;
    head->bid_count = gw_side_top(bids, out, bids->count);
    head->ask_count = gw_side_top(asks, out + head->bid_count, asks->count);
    set_best(info->book, head);
    gw_diff part = *head;
    gw_emit_levels(e, GW_NO_ROW, &part, out, out + head->bid_count);
}

/* Judge what was buffered against the snapshot just loaded. False: a hole; the rest stays buffered. */
static bool replay_buffer(gw_engine *e, uint32_t symbol, gw_diff *last)
{
    gw_symbol_info *info = &e->symbols[symbol];
    gw_book_sync *book = info->book;
    const bool spot = info->target.market == GW_MARKET_SPOT;
    size_t at = 0;
    bool whole = true;
    while (at < book->buffer_length && whole) {
        gw_diff *event = (gw_diff *)(void *)(book->buffer + at);
        const gw_level *bids = levels_of(event), *asks = bids + event->bid_count;
        gw_verdict verdict = judge(book, spot, event);
        if (verdict == GW_GAP)
            break;
        at += diff_size(event);
        gw_diff head = *event;
        if (verdict == GW_APPLY) {
            whole = apply(book, event, bids, asks) && !gw_book_crossed(&book->levels);
            e->segment.counters->diffs_applied += whole;
            e->segment.counters->books_crossed += !whole;
            *last = head;
        } else {
            e->segment.counters->diffs_behind++;
            book->event_applied |= head.meta.update_id == book->update_id;
        }
        uint16_t flags = GW_FLAG_BUFFERED | (verdict == GW_APPLY && whole ? GW_FLAG_APPLIED : 0);
        emit_diff(e, head.meta.stream, book, &head, bids, asks, flags, info->status[GW_SLOT_BOOK]);
    }
    whole = whole && at == book->buffer_length;
    memmove(book->buffer, book->buffer + at, book->buffer_length - at);
    book->buffer_length -= at;
    return whole;
}

/* True if the first buffered event does not follow the snapshot: the snapshot is older than the buffer. */
static bool too_old(const gw_book_sync *book, bool spot, uint64_t snapshot_id)
{
    if (book->buffer_length == 0)
        return false;
    const gw_diff *first = (const gw_diff *)(const void *)book->buffer;
    const uint64_t u = first->meta.update_id;
    if (spot)
        return gw_judge_spot(first->first_update_id, u, snapshot_id) == GW_GAP;
    return gw_judge_futures_first(first->first_update_id, u, first->prev_update_id, snapshot_id) == GW_GAP;
}

/* Ask for a snapshot without waiting for an event: a quiet book would wait long for its first. */
void gw_book_ask(gw_engine *e, uint32_t symbol)
{
    const gw_book_sync *book = e->symbols[symbol].book;
    if (book && book->phase == GW_PHASE_WAITING)
        ask(e, symbol);
}

/* A REST depth answer for a book that asked. TOO_OLD, UNREADABLE and GAP leave the question open: the
 * caller asks the venue again. */
int gw_book_snapshot(gw_engine *e, uint32_t symbol, const uint8_t *body, size_t length, gw_error *error)
{
    gw_symbol_info *info = &e->symbols[symbol];
    gw_book_sync *book = info->book;
    *error = GW_OK;
    gw_engine_check_stall(e, gw_clock_mono());
    if (!book || !book->asked || book->phase != GW_PHASE_WAITING)
        return GW_SNAPSHOT_UNWANTED;
    e->mono = e->publish_mono = gw_clock_mono();
    e->link = book->event_seen ? book->link : GW_NO_ROW; /* what joins the snapshot came over it */
    e->late = false;
    gw_cursor cursor = {body, body + length};
    *error = gw_decode_snapshot(&cursor, &info->target, &e->depth);
    gw_json_space(&cursor);
    if (*error == GW_OK && cursor.p != cursor.end)
        *error = GW_ERR_SYNTAX;
    const bool spot = info->target.market == GW_MARKET_SPOT;
    if (*error != GW_OK || too_old(book, spot, e->depth.last_update_id)) {
        e->segment.counters->snapshots_refused++;
        return *error != GW_OK ? GW_SNAPSHOT_UNREADABLE : GW_SNAPSHOT_TOO_OLD;
    }
    gw_diff last;
    bool whole = load_snapshot(book, &e->depth) && !gw_book_crossed(&book->levels);
    emit_snapshot(e, symbol, &last);
    if (!whole || !replay_buffer(e, symbol, &last)) {
        e->segment.counters->snapshots_refused++;
        book->event_applied = false;
        return GW_SNAPSHOT_GAP;
    }
    e->segment.counters->snapshots_applied++;
    book->asked = false;
    if (!book->event_applied) {
        book->phase = GW_PHASE_HELD;
        book->held_mono = e->mono;
        return GW_SNAPSHOT_HELD;
    }
    go_live(e, symbol, &last, GW_REASON_SNAPSHOT);
    store_book(e, symbol, &last, info->status[GW_SLOT_BOOK]);
    return GW_SNAPSHOT_LIVE;
}
