/* What a decoded event does: its fate among two sources, its record, its slot. */
#include "engine_core.h"

gw_error gw_event_decode(gw_engine *e, uint32_t stream, gw_cursor *c)
{
    const gw_target *target = &e->streams[stream].target;
    switch (target->kind) {
    case GW_KIND_QUOTE: return gw_decode_quote(c, target, &e->event.quote);
    case GW_KIND_DIFF: return gw_decode_depth(c, target, &e->depth);
    case GW_KIND_PARTIAL: return gw_decode_partial(c, target, &e->depth);
    default: return gw_decode_event(c, target, &e->event);
    }
}

int64_t gw_event_time(const gw_engine *e, uint8_t kind)
{
    return gw_is_deep(kind) ? e->depth.ts_event : e->event.meta.ts_event;
}

static uint64_t time_id(const gw_meta *meta)
{
    if (meta->ts_event != GW_NULL)
        return (uint64_t)meta->ts_event;
    return meta->ts_trade != GW_NULL ? (uint64_t)meta->ts_trade : 0;
}

/* What identifies the event at hand, and what it follows on (arrival.h). */
static void identify(const gw_engine *e, const gw_target *target, const uint8_t *data, size_t length, gw_sighting *out)
{
    const gw_depth *depth = &e->depth;
    const int64_t at = gw_event_at(e, target->kind);
    out->time = at == GW_NULL || e->mistimed ? 0 : at;
    switch (target->kind) {
    case GW_KIND_DIFF:
        out->id = depth->last_update_id;
        out->follows = depth->prev_update_id; /* spot: U - 1 */
        break;
    case GW_KIND_PARTIAL: out->id = depth->last_update_id; break;
    case GW_KIND_QUOTE: case GW_KIND_BLOCK_TRADE: out->id = e->event.meta.update_id; break;
    case GW_KIND_TRADE: case GW_KIND_AGG_TRADE:
        out->id = e->event.meta.update_id;
        out->follows = out->id - 1;
        out->counts = true;
        break;
    default:
        out->id = time_id(&e->event.meta);
        out->hash = gw_hash(length, data, length);
    }
}

/* How the other link of the frame at hand stands to a stream. One that lags or drains carries nothing:
 * what it is going to bring is old. */
void gw_sight(const gw_engine *e, const gw_arrivals *arrivals, gw_sighting *out)
{
    const uint32_t row = e->links[e->link].peer;
    if (row == GW_NO_ROW)
        return;
    const gw_link_info *peer = &e->links[row];
    out->paired = peer->up || (peer->down_mono && e->mono - peer->down_mono < GW_QUIET_JOIN_NS);
    out->peer_carries = gw_link_keeps_up(peer) && gw_arrival_joined(arrivals, peer->side, e->mono);
}

/* A lower id of a trade that was made later than any: no copy and not late, the venue's ids begin anew. The time
 * at which an event was sent would not do: it need not grow with ids, nor be the same over two links. */
static bool is_restart(const gw_engine *e, uint32_t stream)
{
    const gw_stream_info *info = &e->streams[stream];
    const int64_t at = e->event.meta.ts_trade;
    return info->chain == GW_CHAIN_IDS && at != GW_NULL && info->traded_ts && at > info->traded_ts && !info->arrivals.orphaned;
}

gw_fate gw_event_fate(gw_engine *e, uint32_t stream, const uint8_t *data, size_t length)
{
    gw_stream_info *info = &e->streams[stream];
    const gw_link_info *link = &e->links[e->link];
    gw_sighting sighting = {.mono = e->mono, .side = link->side};
    identify(e, &info->target, data, length, &sighting);
    gw_sight(e, &info->arrivals, &sighting);
    if (GW_UNLIKELY(info->chain != GW_CHAIN_NONE && e->event.meta.update_id < info->next_id)) {
        if (info->gaps && gw_gap_awaits(e, stream))
            return GW_FATE_OLD; /* late */
        if (is_restart(e, stream))
            return gw_arrival_restart(&info->arrivals, &sighting);
    }
    const gw_fate fate = gw_judge_arrival(&info->arrivals, &sighting);
    if (GW_UNLIKELY(fate == GW_FATE_EARLY))
        info->early_ts = gw_event_at(e, info->target.kind);
    return fate;
}

/* A value that stands for itself: record into the ring, then the slot if this stream feeds it. */
static void store_value(gw_engine *e, uint32_t stream, gw_meta *value, uint32_t length, uint8_t status, uint8_t reason)
{
    const gw_stream_info *info = &e->streams[stream];
    const bool own = info->slot == GW_SLOT_VALUE;
    const bool feeds = own || (info->slot < GW_SLOT_KINDS && e->symbols[info->symbol].feeds[info->slot] == stream);
    if (own)
        gw_enter_value(e, stream, status, reason, value->update_id);
    else if (feeds)
        gw_enter(e, info->symbol, info->slot, status, reason, value->update_id);
    else
        e->segment.streams[stream].status = status;
    gw_fill_meta(e, value, stream, status);
    gw_emit(e, stream, value, length);
    if (!feeds)
        return;
    value->ring_position = e->segment.events.tail;
    if (own)
        gw_slot_store(&e->segment.values, info->value, value, length);
    else
        gw_slot_store(&e->segment.slots[info->slot], info->symbol, value, length);
}

static gw_diff partial_head(const gw_engine *e)
{
    const gw_depth *depth = &e->depth;
    gw_diff head = {.meta = {.ts_event = depth->ts_event, .ts_trade = depth->ts_trade, .kind = GW_KIND_PARTIAL}};
    head.meta.update_id = depth->last_update_id;
    head.first_update_id = depth->first_update_id;
    head.prev_update_id = depth->prev_update_id;
    head.bid_count = depth->bid_count;
    head.ask_count = depth->ask_count;
    head.best_bid_px = depth->bid_count ? depth->bids[0].px : GW_NULL;
    head.best_bid_qty = depth->bid_count ? depth->bids[0].qty : GW_NULL;
    head.best_ask_px = depth->ask_count ? depth->asks[0].px : GW_NULL;
    head.best_ask_qty = depth->ask_count ? depth->asks[0].qty : GW_NULL;
    return head;
}

/* Whether an event that is late is one of an open gap; then it is not any more. */
static bool take_late(gw_engine *e, uint32_t stream)
{
    return gw_gap_awaits(e, stream) && gw_gap_take(e, stream, e->event.meta.update_id) == GW_TAKE_DONE;
}

/* An id below the last one, or of the numbering before: told in the ring, but a value must never replace a newer
 * one. */
static void emit_old(gw_engine *e, uint32_t stream, uint8_t kind, bool first)
{
    if (kind == GW_KIND_PARTIAL) {
        gw_diff head = partial_head(e);
        head.meta.flags |= GW_FLAG_DUPLICATE;
        gw_fill_meta(e, &head.meta, stream, gw_status_of(e, stream));
        gw_emit_levels(e, stream, &head, e->depth.bids, e->depth.asks);
        return;
    }
    const bool missing = !first && e->streams[stream].chain != GW_CHAIN_NONE && e->streams[stream].gaps && take_late(e, stream);
    e->event.meta.flags |= missing || first ? 0 : GW_FLAG_DUPLICATE;
    if (first)
        gw_gap_before(e, stream);
    gw_fill_meta(e, &e->event.meta, stream, gw_status_of(e, stream));
    gw_emit(e, stream, &e->event, gw_event_size(kind));
    if (missing)
        gw_gap_took(e, stream);
}

static void on_quote(gw_engine *e, uint32_t stream)
{
    const gw_stream_info *info = &e->streams[stream];
    gw_quote *quote = &e->event.quote;
    uint8_t status = gw_live_status(e, info->symbol, e->link);
    uint8_t reason = gw_live_reason(e, e->link, status, GW_REASON_FIRST_DATA);
    /* A side may be empty (0); bid >= ask is no market. */
    if (GW_UNLIKELY(quote->bid_px >= quote->ask_px && quote->bid_px > 0 && quote->ask_px > 0)) {
        e->segment.counters->books_crossed++;
        status = GW_STATUS_STALE;
        reason = GW_REASON_CROSSED;
    }
    store_value(e, stream, &quote->meta, sizeof *quote, status, reason);
}

static void on_value(gw_engine *e, uint32_t stream)
{
    const gw_stream_info *info = &e->streams[stream];
    const uint8_t kind = info->target.kind;
    if (kind == GW_KIND_CONTRACT_INFO && info->symbol != GW_NO_ROW)
        gw_set_halted(e, info->symbol, strncmp((const char *)e->event.contract.contract_status, "TRADING", 8) != 0);
    uint8_t status = gw_live_status(e, info->symbol, e->link);
    const uint8_t reason = gw_live_reason(e, e->link, status, GW_REASON_FIRST_DATA);
    store_value(e, stream, &e->event.meta, gw_event_size(kind), status, reason);
}

static void on_partial(gw_engine *e, uint32_t stream)
{
    const gw_stream_info *info = &e->streams[stream];
    const gw_depth *depth = &e->depth;
    gw_diff head = partial_head(e);
    const uint8_t status = gw_live_status(e, info->symbol, e->link);
    const bool feeds = e->symbols[info->symbol].feeds[GW_SLOT_PARTIAL] == stream;
    if (feeds)
        gw_enter(e, info->symbol, GW_SLOT_PARTIAL, status, gw_live_reason(e, e->link, status, GW_REASON_FIRST_DATA), depth->last_update_id);
    gw_fill_meta(e, &head.meta, stream, status);
    gw_diff part = head;
    gw_emit_levels(e, stream, &part, depth->bids, depth->asks);
    if (!feeds)
        return;
    const uint32_t room = e->segment.book_levels;
    gw_book cell = {.meta = head.meta, .first_update_id = depth->first_update_id, .depth = (uint16_t)room};
    cell.bid_count = (uint16_t)(depth->bid_count < room ? depth->bid_count : room);
    cell.ask_count = (uint16_t)(depth->ask_count < room ? depth->ask_count : room);
    cell.bid_total = depth->bid_count;
    cell.ask_total = depth->ask_count;
    cell.bid_complete_px = cell.bid_count ? depth->bids[cell.bid_count - 1].px : GW_NULL;
    cell.ask_complete_px = cell.ask_count ? depth->asks[cell.ask_count - 1].px : GW_NULL;
    cell.meta.ring_position = e->segment.events.tail;
    gw_store_ladder(e, info->symbol, GW_SLOT_PARTIAL, &cell, depth->bids, depth->asks);
}

/* A lower id that no earlier time calls late: what is shown may be of before ids began anew. */
static void doubt(gw_engine *e, uint32_t stream)
{
    const gw_stream_info *info = &e->streams[stream];
    const int64_t at = gw_event_at(e, info->target.kind);
    const bool late = at != GW_NULL && at < info->arrivals.last_time;
    if (info->arrivals.identity == GW_ID_MONOTONE && !late && gw_status_of(e, stream) == GW_STATUS_LIVE)
        gw_mark_fed(e, stream, GW_STATUS_STALE, GW_REASON_RESTARTED);
}

/* What a stream of ids or candles has come to. False: the event is of before that. */
static bool follow(gw_engine *e, uint32_t stream, gw_fate fate)
{
    gw_stream_info *info = &e->streams[stream];
    const uint64_t id = e->event.meta.update_id;
    if (GW_LIKELY(id == info->next_id && fate != GW_FATE_RESTARTED))
        info->next_id += info->chain == GW_CHAIN_IDS;
    else if (!gw_gap_follow(e, stream, fate))
        return false;
    info->closed |= (e->event.meta.flags & GW_FLAG_CLOSED) != 0; /* it may be said again, as if it were not */
    return true;
}

static void note_last(gw_engine *e, uint32_t stream, uint8_t kind)
{
    gw_stream *row = &e->segment.streams[stream];
    const int64_t at = gw_event_at(e, kind);
    row->last_id = gw_is_deep(kind) ? e->depth.last_update_id : e->event.meta.update_id;
    row->last_ts = at == GW_NULL ? 0 : at;
    if (e->streams[stream].chain == GW_CHAIN_IDS && e->event.meta.ts_trade > e->streams[stream].traded_ts)
        e->streams[stream].traded_ts = e->event.meta.ts_trade;
}

/* The event at hand, which is neither DUPLICATE nor EARLY. Books judge their own gaps and old events. */
void gw_event_store(gw_engine *e, uint32_t stream, gw_fate fate)
{
    const gw_stream_info *info = &e->streams[stream];
    const uint8_t kind = info->target.kind;
    if (kind == GW_KIND_DIFF) {
        gw_book_event(e, stream, fate);
        if (GW_LIKELY(fate != GW_FATE_OLD))
            note_last(e, stream, kind);
        return;
    }
    e->segment.counters->ids_backwards += fate == GW_FATE_OLD || fate == GW_FATE_RESTARTED;
    if (GW_UNLIKELY(info->interrupted))
        gw_gap_resumed(e, stream, e->event.meta.update_id, gw_event_at(e, kind));
    /* Trade ids have no holes, so a hole is a loss; the last trade is right all the same, and LIVE. */
    if (GW_UNLIKELY(fate == GW_FATE_OLD || fate == GW_FATE_LATE) || (info->chain != GW_CHAIN_NONE && !follow(e, stream, fate))) {
        if (fate == GW_FATE_OLD)
            doubt(e, stream);
        emit_old(e, stream, kind, fate == GW_FATE_LATE);
        return;
    }
    if (kind == GW_KIND_QUOTE)
        on_quote(e, stream);
    else if (kind == GW_KIND_PARTIAL)
        on_partial(e, stream);
    else
        on_value(e, stream);
    note_last(e, stream, kind);
}
