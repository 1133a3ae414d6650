/* A second look at a book that is in step: a fresh snapshot, brought to the very update id of the live book and
 * compared with it. It finds what no chain of ids can (a level that was garbled on the way), and what the new
 * snapshot knows beyond the old one is taken over.
 *
 *   begin      what is applied to the live book is kept beside it from here on
 *   snapshot   with what was kept it makes a second book; if it lies ahead of the stream, that book waits
 *   compared   as soon as both stand at one id; the second book is gone, whatever comes out
 *
 * A look never harms the live book: only a finished comparison changes it. Memory is taken while one lasts. */
#include "engine_core.h"

#include <stdlib.h>

enum { KEPT_ROOM_FIRST = 64 << 10 };
static const int64_t LOOK_MAX_NS = 30000000000; /* for the answer to come, and then for the stream to reach it */

struct gw_look {
    gw_levels_book levels; /* the second book */
    bool loaded;
    bool chained;         /* an event was applied to it */
    uint64_t from_id;     /* the live book's when the look began: a snapshot from there on can be joined */
    uint64_t update_id;   /* of the second book */
    uint64_t snapshot_id;
    int64_t since_mono;
    uint8_t *kept; /* gw_diff records with their levels */
    size_t kept_length;
    size_t kept_room;
};

/* What two books over one range come to. */
typedef struct gw_match {
    uint64_t compared;
    uint64_t differing;
} gw_match;

void gw_look_free(gw_book_sync *book)
{
    if (!book->look)
        return;
    gw_book_free(&book->look->levels);
    free(book->look->kept);
    free(book->look);
    book->look = NULL;
    book->thin_told = false;
}

void gw_look_fail(gw_engine *e, uint32_t symbol)
{
    gw_book_sync *book = e->symbols[symbol].book;
    if (!book->look)
        return;
    gw_look_free(book);
    gw_notify(e, GW_NOTICE_LOOK_FAILED, symbol);
}

void gw_look_stop(gw_engine *e, uint32_t symbol)
{
    if (e->symbols[symbol].book)
        gw_look_free(e->symbols[symbol].book);
}

bool gw_look_begin(gw_engine *e, uint32_t symbol)
{
    gw_book_sync *book = e->symbols[symbol].book;
    if (!book || book->look || book->phase != GW_PHASE_SYNCED)
        return false;
    book->look = calloc(1, sizeof *book->look);
    if (!book->look)
        return false;
    book->look->from_id = book->update_id;
    book->look->since_mono = gw_clock_mono();
    return true;
}

void gw_look_expire(gw_engine *e, uint32_t symbol, int64_t mono)
{
    const gw_book_sync *book = e->symbols[symbol].book;
    if (GW_UNLIKELY(book && book->look && mono - book->look->since_mono > LOOK_MAX_NS))
        gw_look_fail(e, symbol);
}

static bool reserve(gw_look *look, size_t size, size_t max)
{
    size_t wanted = look->kept_length + size, room = look->kept_room ? look->kept_room : KEPT_ROOM_FIRST;
    while (room < wanted)
        room *= 2;
    if (room > max)
        return false;
    if (room == look->kept_room)
        return true;
    uint8_t *kept = realloc(look->kept, room);
    if (!kept)
        return false;
    look->kept = kept;
    look->kept_room = room;
    return true;
}

static bool keep(gw_look *look, const gw_told *event, size_t max)
{
    const size_t bid_bytes = event->head->bid_count * sizeof *event->bids, ask_bytes = event->head->ask_count * sizeof *event->asks;
    if (!reserve(look, gw_told_size(event->head), max))
        return false;
    uint8_t *to = look->kept + look->kept_length;
    memcpy(to, event->head, sizeof *event->head);
    memcpy(to + sizeof *event->head, event->bids, bid_bytes);
    memcpy(to + sizeof *event->head + bid_bytes, event->asks, ask_bytes);
    look->kept_length += gw_told_size(event->head);
    return true;
}

/* False: the event does not follow the second book, or there is no memory. */
static bool follow(gw_look *look, bool spot, const gw_told *event)
{
    const gw_diff *head = event->head;
    switch (gw_judge(spot, look->chained, head->first_update_id, head->meta.update_id, head->prev_update_id, look->update_id)) {
    case GW_BEHIND: return true;
    case GW_GAP: return false;
    default: break;
    }
    look->update_id = head->meta.update_id;
    look->chained = true;
    return gw_book_apply(&look->levels, event->bids, head->bid_count, event->asks, head->ask_count);
}

/* Level by level from the best, down to where the one that knows less ends. */
static void match_side(const gw_side *a, const gw_side *b, gw_match *match)
{
    const int64_t floor = a->floor > b->floor ? a->floor : b->floor;
    uint32_t i = a->count, j = b->count;
    for (;;) {
        const int64_t key_a = i > 0 ? a->sign * a->levels[i - 1].px : INT64_MIN;
        const int64_t key_b = j > 0 ? b->sign * b->levels[j - 1].px : INT64_MIN;
        const int64_t key = key_a > key_b ? key_a : key_b;
        if (key < floor || (i == 0 && j == 0))
            return;
        const bool both = i > 0 && j > 0 && key_a == key_b;
        match->compared++;
        match->differing += !both || a->levels[i - 1].qty != b->levels[j - 1].qty;
        i -= i > 0 && key_a == key;
        j -= j > 0 && key_b == key;
    }
}

/* The side of the second book that knows more, for the live one, which it equals as far as that goes. */
static bool take_wider(gw_side *live, gw_side *second)
{
    if (second->floor >= live->floor)
        return false;
    const gw_side other = *live;
    *live = *second;
    *second = other;
    return true;
}

/* Both books stand at one update id. FOLLOWS: nothing changes. */
static gw_life_event compare(gw_engine *e, uint32_t symbol)
{
    gw_book_sync *book = e->symbols[symbol].book;
    gw_levels_book *second = &book->look->levels;
    gw_match match = {0, 0};
    bool wider = false;
    match_side(&book->levels.bids, &second->bids, &match);
    match_side(&book->levels.asks, &second->asks, &match);
    if (match.differing == 0) {
        wider |= take_wider(&book->levels.bids, &second->bids);
        wider |= take_wider(&book->levels.asks, &second->asks);
    }
    if (wider)
        book->snapshot_id = book->look->snapshot_id;
    gw_look_free(book);
    e->segment.counters->audits++;
    e->segment.counters->audits_differing += match.differing > 0;
    e->segment.counters->books_deepened += wider;
    gw_notice *notice = gw_notify(e, GW_NOTICE_LOOKED, symbol);
    if (notice) {
        notice->a = match.compared;
        notice->b = match.differing;
    }
    return match.differing ? GW_LIFE_DIFFERS : wider ? GW_LIFE_WIDER : GW_LIFE_FOLLOWS;
}

/* What an event that was just applied to the live book means: DIFFERS or WIDER where it ends a look. */
gw_life_event gw_look_event(gw_engine *e, uint32_t symbol, const gw_told *event)
{
    gw_book_sync *book = e->symbols[symbol].book;
    gw_look *look = book->look;
    const bool spot = e->symbols[symbol].target.market == GW_MARKET_SPOT;
    const bool goes_on = e->mono - look->since_mono <= LOOK_MAX_NS &&
                         (look->loaded ? follow(look, spot, event) : keep(look, event, e->buffer_max));
    if (!goes_on)
        gw_look_fail(e, symbol);
    else if (look->loaded && look->update_id == book->update_id)
        return compare(e, symbol);
    return GW_LIFE_FOLLOWS;
}

/* The second book from the answer in e->depth, with what was kept. False: no memory. */
static bool load(gw_engine *e, gw_look *look, bool spot, uint32_t limit)
{
    const gw_depth *depth = &e->depth;
    if (!gw_book_init(&look->levels, e->levels_max) ||
        !gw_book_load(&look->levels, depth->bids, depth->bid_count, depth->asks, depth->ask_count, limit, e->segment.book_levels))
        return false;
    look->loaded = true;
    look->update_id = look->snapshot_id = depth->last_update_id;
    look->since_mono = e->mono;
    for (size_t at = 0; at < look->kept_length;) {
        const gw_told event = gw_told_at(look->kept, at);
        at += gw_told_size(event.head);
        if (!follow(look, spot, &event))
            return false;
    }
    free(look->kept);
    look->kept = NULL;
    look->kept_length = look->kept_room = 0;
    return true;
}

/* The answer that a look was begun for, of `limit` levels a side (0: all there are). TOO_OLD and UNREADABLE leave
 * the look as it is: another answer may follow. */
int gw_look_snapshot(gw_engine *e, uint32_t symbol, const uint8_t *body, size_t length, uint32_t limit, gw_error *error)
{
    gw_book_sync *book = e->symbols[symbol].book;
    *error = GW_OK;
    gw_engine_check_stall(e, gw_clock_mono());
    if (!book || !book->look || book->look->loaded)
        return GW_LOOK_UNWANTED;
    e->mono = e->publish_mono = gw_clock_mono();
    e->link = book->link;
    *error = gw_book_read_snapshot(e, symbol, body, length);
    if (*error != GW_OK)
        return GW_LOOK_UNREADABLE;
    if (e->depth.last_update_id < book->look->from_id)
        return GW_LOOK_TOO_OLD;
    if (!load(e, book->look, e->symbols[symbol].target.market == GW_MARKET_SPOT, limit))
        gw_look_fail(e, symbol);
    else if (book->look->update_id == book->update_id)
        gw_book_looked(e, symbol, compare(e, symbol));
    return GW_LOOK_STARTED;
}
