/* The life of a book, lived: what comes is judged (sequence.h), looked up (book_life.h) and done here.
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
    gw_look_free(book);
    gw_book_free(&book->levels);
    free(book->buffer);
    free(book);
}

static bool is_spot(const gw_engine *e, uint32_t symbol)
{
    return e->symbols[symbol].target.market == GW_MARKET_SPOT;
}

static gw_verdict judge(const gw_book_sync *book, bool spot, const gw_diff *event)
{
    return gw_judge(spot, book->event_applied, event->first_update_id, event->meta.update_id, event->prev_update_id, book->update_id);
}

/* Levels are absolute quantities; an event is applied whole before anything is published. */
static gw_life_event apply(gw_book_sync *book, const gw_told *event)
{
    const gw_diff *head = event->head;
    const bool held = gw_book_apply(&book->levels, event->bids, head->bid_count, event->asks, head->ask_count);
    book->update_id = head->meta.update_id;
    book->first_update_id = head->first_update_id;
    book->event_applied = true;
    book->behind_run = 0;
    if (GW_UNLIKELY(!held))
        return GW_LIFE_OVERFLOW;
    if (GW_UNLIKELY(gw_book_crossed(&book->levels)))
        return GW_LIFE_CROSSED;
    return GW_UNLIKELY(gw_book_is_bare(&book->levels)) ? GW_LIFE_THIN : GW_LIFE_FOLLOWS;
}

static void enter_both(gw_engine *e, uint32_t symbol, uint8_t status, uint8_t reason, uint64_t update_id)
{
    gw_enter(e, symbol, GW_SLOT_BOOK, status, reason, update_id);
    if (gw_quote_from_book(&e->symbols[symbol]))
        gw_enter(e, symbol, GW_SLOT_QUOTE, status, reason, update_id);
}

static void mark_both(gw_engine *e, uint32_t symbol, uint8_t status, uint8_t reason)
{
    gw_mark_slot(e, symbol, GW_SLOT_BOOK, status, reason);
    if (gw_quote_from_book(&e->symbols[symbol]))
        gw_mark_slot(e, symbol, GW_SLOT_QUOTE, status, reason);
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
        gw_told event = gw_told_at(book->buffer, at);
        at += gw_told_size(event.head);
        e->segment.counters->diffs_dropped++;
        gw_book_tell(e, book, event.head, event.bids, event.asks, GW_FLAG_BUFFERED, info->status[GW_SLOT_BOOK]);
    }
    book->buffer_length = 0;
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

/* Keep an event until a snapshot comes. This allocates; a book that waits is not on the hot path. When the buffer
 * is full all that is in it goes: the next snapshot must be joined by what came after. */
static void keep(gw_engine *e, uint32_t symbol, const gw_told *event)
{
    gw_book_sync *book = e->symbols[symbol].book;
    const gw_diff *head = event->head;
    const size_t size = gw_told_size(head), bid_bytes = head->bid_count * sizeof *event->bids;
    if (!buffer_reserve(book, size, e->buffer_max))
        drop_buffer(e, symbol);
    if (!buffer_reserve(book, size, e->buffer_max)) { /* one event longer than the limit */
        gw_diff copy = *head;
        e->segment.counters->diffs_dropped++;
        gw_book_tell(e, book, &copy, event->bids, event->asks, GW_FLAG_BUFFERED, GW_STATUS_SYNCING);
        return;
    }
    if (book->buffer_length == 0 || head->meta.update_id > book->buffered_id)
        book->buffered_id = head->meta.update_id;
    uint8_t *to = book->buffer + book->buffer_length;
    memcpy(to, head, sizeof *head);
    memcpy(to + sizeof *head, event->bids, bid_bytes);
    memcpy(to + sizeof *head + bid_bytes, event->asks, head->ask_count * sizeof *event->asks);
    book->buffer_length += size;
    e->segment.counters->diffs_buffered++;
}

/* The book is out of step: the next snapshot must be joined by an event that comes after the break. */
static void lose(gw_engine *e, uint32_t symbol, const gw_life_step *step)
{
    gw_symbol_info *info = &e->symbols[symbol];
    gw_book_sync *book = info->book;
    book->event_seen = false;
    book->event_applied = false;
    book->behind_run = 0;
    gw_look_fail(e, symbol);
    if (step->status != GW_STATUS_KEEP)
        mark_both(e, symbol, step->status, step->reason);
}

/* A book that was called silent while it waited: its events come again, and what it lacks is a snapshot. */
static void wake(gw_engine *e, uint32_t symbol)
{
    if (GW_UNLIKELY(e->symbols[symbol].status[GW_SLOT_BOOK] == GW_STATUS_STALE))
        mark_both(e, symbol, GW_STATUS_SYNCING, GW_REASON_FIRST_DATA);
}

static void go_live(gw_engine *e, uint32_t symbol, const gw_life_step *step, uint32_t link)
{
    gw_book_sync *book = e->symbols[symbol].book;
    const uint8_t status = gw_live_status(e, symbol, link);
    if (GW_UNLIKELY(book->phase != GW_PHASE_SYNCED))
        gw_notify(e, GW_NOTICE_BOOK_LIVE, symbol);
    book->phase = GW_PHASE_SYNCED;
    book->event_applied = true;
    enter_both(e, symbol, status, gw_live_reason(e, link, status, step->reason), book->update_id);
}

static void tell_gap(gw_engine *e, uint32_t symbol, const gw_diff *head)
{
    const uint64_t book_id = e->symbols[symbol].book->update_id;
    const bool spot = is_spot(e, symbol);
    gw_emit_gap(e, head->meta.stream, spot ? book_id + 1 : book_id, spot ? head->first_update_id : head->prev_update_id);
}

/* Little is left of what is known: said once, until more of the book came. */
static void tell_thin(gw_engine *e, uint32_t symbol)
{
    gw_book_sync *book = e->symbols[symbol].book;
    if (book->thin_told)
        return;
    book->thin_told = gw_notify(e, GW_NOTICE_THIN, symbol) != NULL;
    e->segment.counters->books_thin += book->thin_told;
}

static uint16_t flags_of(uint16_t actions, bool chained)
{
    return (actions & GW_ACT_APPLIED ? GW_FLAG_APPLIED : 0) | (actions & GW_ACT_DUPLICATE && chained ? GW_FLAG_DUPLICATE : 0);
}

/* One step of a book's life, over `event`; null: over none. */
static void run(gw_engine *e, uint32_t symbol, const gw_life_step *step, const gw_told *event)
{
    const gw_symbol_info *info = &e->symbols[symbol];
    gw_book_sync *book = info->book;
    const uint16_t actions = step->actions;
    if (GW_LIKELY(step->status == GW_STATUS_LIVE)) /* over an event always: LIVE returns with new data only */
        go_live(e, symbol, step, event->head->meta.connection);
    book->phase = step->phase;
    if (GW_UNLIKELY(actions & GW_ACT_LOSE))
        lose(e, symbol, step);
    if (GW_UNLIKELY(actions & GW_ACT_DROP))
        drop_buffer(e, symbol);
    if (GW_UNLIKELY(actions & GW_ACT_FORGET))
        book->asked = false;
    if (GW_UNLIKELY(actions & GW_ACT_ASK))
        ask(e, symbol);
    if (GW_UNLIKELY(actions & GW_ACT_KEEP)) {
        book->event_seen = true;
        wake(e, symbol);
        keep(e, symbol, event);
    }
    if (GW_LIKELY(actions & GW_ACT_TELL && event))
        gw_book_tell(e, book, event->head, event->bids, event->asks, flags_of(actions, book->event_applied), info->status[GW_SLOT_BOOK]);
    if (GW_UNLIKELY(actions & GW_ACT_GAP))
        tell_gap(e, symbol, event->head);
    if (GW_UNLIKELY(actions & GW_ACT_WHOLE)) {
        gw_diff whole = *event->head;
        gw_book_tell_whole(e, symbol, &whole);
    }
    if (GW_LIKELY(actions & GW_ACT_SHOW)) {
        gw_book_show(e, symbol, &event->head->meta, info->status[GW_SLOT_BOOK]);
        if (GW_UNLIKELY(gw_book_is_thin(&book->levels)))
            tell_thin(e, symbol);
    }
}

/* From outside: what was buffered lies before the break, and is of no use. */
void gw_book_lose(gw_engine *e, uint32_t symbol, uint8_t status, uint8_t reason)
{
    const bool cut = status == GW_STATUS_DOWN || status == GW_STATUS_RETIRED;
    const gw_life_event event = cut ? GW_LIFE_CUT : reason == GW_REASON_CONNECTED ? GW_LIFE_SESSION : GW_LIFE_SUSPECT;
    gw_life_step step = *gw_life(e->symbols[symbol].book->phase, event);
    step.status = status;
    step.reason = reason;
    run(e, symbol, &step, NULL);
}

/* A second look came to its end between two events: DIFFERS, WIDER, or FOLLOWS for nothing new. The slot keeps
 * the times of the last event. */
void gw_book_looked(gw_engine *e, uint32_t symbol, gw_life_event event)
{
    gw_diff last = {0};
    if (event == GW_LIFE_FOLLOWS)
        return;
    gw_slot_load_own(&e->segment.slots[GW_SLOT_BOOK], symbol, e->cell);
    memcpy(&last.meta, e->cell, sizeof last.meta);
    last.meta.mono_publish = e->publish_mono;
    run(e, symbol, gw_life(e->symbols[symbol].book->phase, event), event == GW_LIFE_WIDER ? &(gw_told){.head = &last} : NULL);
}

/* Ask for a snapshot without waiting for an event: a quiet book would wait long for its first. */
void gw_book_ask(gw_engine *e, uint32_t symbol)
{
    const gw_book_sync *book = e->symbols[symbol].book;
    if (book)
        run(e, symbol, gw_life(book->phase, GW_LIFE_WANTED), NULL);
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

/* While it waits: one event behind another is a duplicate, two in a row are ids that begin again. */
static gw_life_event judge_waiting(gw_book_sync *book, const gw_diff *head, bool anew)
{
    const bool ahead = book->buffer_length == 0 || head->meta.update_id > book->buffered_id;
    book->behind_run = ahead ? 0 : anew ? BEHIND_RUN_MAX : book->behind_run + 1;
    if (book->behind_run < BEHIND_RUN_MAX)
        return GW_LIFE_UNJUDGED;
    book->behind_run = 0;
    return GW_LIFE_RESTARTED;
}

/* One event behind the book is a duplicate. Two in a row, after the book was in step, mean that the
 * venue's ids restarted lower: what we hold is no longer its book. A snapshot that has just come may be
 * ahead of the stream, but not for long. */
static gw_life_event judge_behind(const gw_engine *e, gw_book_sync *book, const gw_diff *head, bool anew)
{
    const bool synced = book->phase == GW_PHASE_SYNCED;
    if (!synced && head->meta.update_id == book->update_id)
        return GW_LIFE_REACHED;
    const bool restarted = synced ? ++book->behind_run >= BEHIND_RUN_MAX : e->mono - book->held_mono > HELD_MAX_NS;
    return restarted || anew ? GW_LIFE_RESTARTED : GW_LIFE_BEHIND;
}

/* `first`: the first event of its session. `anew`: its id is lower than that of the one before, and its time later. */
static gw_life_event judge_event(gw_engine *e, gw_book_sync *book, bool spot, const gw_told *event, bool first, bool anew)
{
    if (GW_UNLIKELY(book->phase == GW_PHASE_WAITING))
        return judge_waiting(book, event->head, anew);
    const gw_verdict verdict = judge(book, spot, event->head);
    if (GW_LIKELY(verdict == GW_APPLY))
        return apply(book, event);
    if (verdict == GW_BEHIND)
        return judge_behind(e, book, event->head, anew && !first);
    return first ? GW_LIFE_OLDER : GW_LIFE_GAP;
}

static void count(gw_counters *counters, gw_phase phase, gw_life_event event)
{
    counters->diffs_applied += event == GW_LIFE_FOLLOWS;
    if (GW_LIKELY(event == GW_LIFE_FOLLOWS))
        return;
    const bool behind = event == GW_LIFE_BEHIND || event == GW_LIFE_REACHED || event == GW_LIFE_RESTARTED;
    counters->diffs_behind += behind && phase != GW_PHASE_WAITING;
    counters->ids_backwards += event == GW_LIFE_RESTARTED;
    counters->snapshots_refused += event == GW_LIFE_OLDER;
    counters->books_crossed += event == GW_LIFE_CROSSED;
}

/* A depth event, decoded into e->depth. */
void gw_book_event(gw_engine *e, uint32_t stream, gw_fate fate)
{
    const gw_stream_info *info = &e->streams[stream];
    gw_book_sync *book = e->symbols[info->symbol].book;
    const bool first = !book->event_seen;
    gw_diff head = head_of_event(e, stream);
    const gw_told told = {&head, e->depth.bids, e->depth.asks};
    book->event_seen = true;
    book->link = e->link;
    gw_life_event event = judge_event(e, book, info->target.market == GW_MARKET_SPOT, &told, first, fate == GW_FATE_RESTARTED);
    const gw_life_event seen = GW_UNLIKELY(book->look && event == GW_LIFE_FOLLOWS) ? gw_look_event(e, info->symbol, &told) : event;
    if (GW_UNLIKELY(seen == GW_LIFE_DIFFERS))
        event = seen;
    count(e->segment.counters, book->phase, event);
    run(e, info->symbol, gw_life(book->phase, event), &told);
    if (GW_UNLIKELY(seen == GW_LIFE_WIDER))
        run(e, info->symbol, gw_life(book->phase, seen), &told);
}

/* Judge what was buffered against the snapshot just loaded. False: a hole, or no book of a venue; the rest
 * stays buffered. */
static bool replay_buffer(gw_engine *e, uint32_t symbol, gw_diff *last)
{
    gw_symbol_info *info = &e->symbols[symbol];
    gw_book_sync *book = info->book;
    const bool spot = is_spot(e, symbol);
    size_t at = 0;
    bool whole = true;
    while (at < book->buffer_length && whole) {
        gw_told event = gw_told_at(book->buffer, at);
        gw_verdict verdict = judge(book, spot, event.head);
        if (verdict == GW_GAP)
            break;
        at += gw_told_size(event.head);
        gw_diff head = *event.head;
        uint16_t flags = GW_FLAG_BUFFERED;
        if (verdict == GW_APPLY) {
            gw_life_event found = apply(book, &event);
            whole = found == GW_LIFE_FOLLOWS || found == GW_LIFE_THIN; /* THIN may pass: judged at the end */
            flags |= whole ? GW_FLAG_APPLIED : 0;
            count(e->segment.counters, GW_PHASE_WAITING, whole ? GW_LIFE_FOLLOWS : found);
            *last = head;
        } else {
            e->segment.counters->diffs_behind++;
            book->event_applied |= head.meta.update_id == book->update_id;
        }
        gw_book_tell(e, book, &head, event.bids, event.asks, flags, info->status[GW_SLOT_BOOK]);
    }
    whole = whole && at == book->buffer_length && !gw_book_is_bare(&book->levels);
    memmove(book->buffer, book->buffer + at, book->buffer_length - at);
    book->buffer_length -= at;
    return whole;
}

/* True if the first buffered event does not follow the snapshot: the snapshot is older than the buffer. */
static bool too_old(const gw_book_sync *book, bool spot, uint64_t snapshot_id)
{
    if (book->buffer_length == 0)
        return false;
    const gw_diff *first = gw_told_at(book->buffer, 0).head;
    return gw_judge(spot, false, first->first_update_id, first->meta.update_id, first->prev_update_id, snapshot_id) == GW_GAP;
}

/* Read a REST depth answer into e->depth. */
gw_error gw_book_read_snapshot(gw_engine *e, uint32_t symbol, const uint8_t *body, size_t length)
{
    gw_cursor cursor = {body, body + length};
    gw_error error = gw_decode_snapshot(&cursor, &e->symbols[symbol].target, &e->depth);
    gw_json_space(&cursor);
    return error == GW_OK && cursor.p != cursor.end ? GW_ERR_SYNTAX : error;
}

/* Load it, and join to it what was buffered. `last`: the newest of what is then in the book. */
static gw_life_event take_snapshot(gw_engine *e, uint32_t symbol, uint32_t limit, gw_diff *last)
{
    gw_book_sync *book = e->symbols[symbol].book;
    const gw_depth *depth = &e->depth;
    bool whole = gw_book_load(&book->levels, depth->bids, depth->bid_count, depth->asks, depth->ask_count, limit, e->segment.book_levels);
    book->update_id = book->snapshot_id = depth->last_update_id;
    book->first_update_id = 0;
    book->event_applied = book->thin_told = false;
    book->behind_run = 0;
    *last = (gw_diff){.meta = {.ts_event = depth->ts_event, .ts_trade = depth->ts_trade}};
    gw_book_tell_whole(e, symbol, last);
    if (!whole || gw_book_crossed(&book->levels) || !replay_buffer(e, symbol, last)) {
        book->event_applied = false;
        return GW_LIFE_BROKEN;
    }
    return book->event_applied ? GW_LIFE_JOINED : GW_LIFE_ALONE;
}

/* A REST depth answer of `limit` levels a side (0: all there are) for a book that asked. TOO_OLD, UNREADABLE and
 * GAP leave the question open: the caller asks the venue again. */
int gw_book_snapshot(gw_engine *e, uint32_t symbol, const uint8_t *body, size_t length, uint32_t limit, gw_error *error)
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
    gw_diff last = {0};
    gw_life_event event = GW_LIFE_REFUSED;
    *error = gw_book_read_snapshot(e, symbol, body, length);
    if (*error == GW_OK && !too_old(book, is_spot(e, symbol), e->depth.last_update_id))
        event = take_snapshot(e, symbol, limit, &last);
    run(e, symbol, gw_life(book->phase, event), &(gw_told){.head = &last});
    switch (event) {
    case GW_LIFE_JOINED: e->segment.counters->snapshots_applied++; return GW_SNAPSHOT_LIVE;
    case GW_LIFE_ALONE: e->segment.counters->snapshots_applied++; book->held_mono = e->mono; return GW_SNAPSHOT_HELD;
    default: e->segment.counters->snapshots_refused++;
    }
    return *error != GW_OK ? GW_SNAPSHOT_UNREADABLE : event == GW_LIFE_BROKEN ? GW_SNAPSHOT_GAP : GW_SNAPSHOT_TOO_OLD;
}
