/* Events that were fetched afterwards: told once, in the order in which they are handed in, and never in the place
 * of what is newer. And latest values that were fetched because their stream is quiet: shown, and never called LIVE.
 *
 * They have the next numbers of their stream, the flag BACKFILLED, and no part in what is known of its
 * sources: silence, lag and arrivals stay as they are. */
#include "engine_core.h"

/* The event at hand, as one of the stream; its place in RAW is `place`. */
static void tell(gw_engine *e, uint32_t stream, const uint8_t *payload, size_t length)
{
    const gw_stream_info *info = &e->streams[stream];
    gw_meta *event = &e->event.meta;
    e->segment.streams[stream].sequence++;
    e->segment.counters->events_backfilled++;
    event->flags |= GW_FLAG_BACKFILLED;
    gw_fill_meta(e, event, stream, gw_status_of(e, stream));
    gw_emit(e, stream, event, gw_event_size(info->target.kind));
    const gw_raw_place place = gw_emit_raw(e, stream, payload, length, 0, length, GW_FLAG_BACKFILLED);
    if (info->wanted_json)
        gw_publish_backfilled(e, stream, place, payload, length);
    gw_publish_flush_if_full(e);
}

/* A candle that corrects what its own slot shows: the same interval, and said later. */
static bool corrects(const gw_engine *e, uint32_t stream)
{
    const gw_stream_info *info = &e->streams[stream];
    const gw_kline *said = &e->event.kline, *shown = (const gw_kline *)(const void *)e->cell;
    if (info->chain != GW_CHAIN_CANDLES || info->slot != GW_SLOT_VALUE || said->meta.ts_event == GW_NULL)
        return false;
    gw_slot_load_own(&e->segment.values, info->value, e->cell);
    return shown->open_time == said->open_time && shown->meta.ts_event <= said->meta.ts_event;
}

static void correct(gw_engine *e, uint32_t stream)
{
    gw_stream_info *info = &e->streams[stream];
    gw_meta *event = &e->event.meta;
    event->ring_position = e->segment.events.tail;
    gw_slot_store(&e->segment.values, info->value, event, gw_event_size(info->target.kind));
    info->closed |= e->event.meta.update_id == info->next_id;
}

/* Values as the venue would have sent them, but that "E" may be absent. */
static gw_error decode(gw_engine *e, uint32_t stream, const uint8_t *payload, size_t length)
{
    gw_target target = e->streams[stream].target;
    gw_cursor c = {payload, payload + length};
    target.timeless = true;
    if (!gw_utf8_valid(payload, length))
        return GW_ERR_UTF8;
    GW_TRY(gw_decode_event(&c, &target, &e->event));
    gw_json_space(&c);
    return c.p == c.end ? GW_OK : GW_ERR_SYNTAX;
}

static gw_fill fill(gw_engine *e, uint32_t stream, const uint8_t *payload, size_t length)
{
    gw_stream_info *info = &e->streams[stream];
    const uint64_t id = e->event.meta.update_id;
    const bool candle = info->chain == GW_CHAIN_CANDLES;
    if ((candle && !(e->event.meta.flags & GW_FLAG_CLOSED)) || id > info->next_id || (!candle && id == info->next_id))
        return GW_FILL_UNWANTED;
    const bool taken = gw_gap_take(e, stream, id) == GW_TAKE_DONE;
    const bool corrected = !taken && corrects(e, stream);
    if (!taken && !corrected) {
        e->segment.streams[stream].duplicate_count++;
        return GW_FILL_DUPLICATE;
    }
    tell(e, stream, payload, length);
    if (corrected)
        correct(e, stream);
    gw_gap_took(e, stream);
    return GW_FILL_TOLD;
}

/* One event, in the stream's own JSON form. What could not be read changes nothing. */
gw_fill gw_engine_back_fill(gw_engine *e, uint32_t stream, const uint8_t *payload, size_t length, gw_error *error)
{
    const gw_stream_info *info = &e->streams[stream];
    *error = GW_OK;
    if (info->retired || info->chain == GW_CHAIN_NONE || length > GW_FRAME_LENGTH_MAX)
        return GW_FILL_UNWANTED;
    *error = decode(e, stream, payload, length);
    if (*error != GW_OK)
        return GW_FILL_UNREADABLE;
    gw_engine_begin(e);
    const gw_fill result = fill(e, stream, payload, length);
    gw_engine_end(e);
    return result;
}

static bool is_conflated(uint8_t kind)
{
    return kind == GW_KIND_QUOTE || kind == GW_KIND_TICKER || kind == GW_KIND_MINI_TICKER || kind == GW_KIND_MARK_PRICE;
}

/* Whether a stream's slot waits for its next event, and has a value that REST tells too. */
bool gw_refresh_wanted(const gw_engine *e, uint32_t stream)
{
    const gw_stream_info *info = &e->streams[stream];
    const bool one = info->symbol != GW_NO_ROW && !gw_has_rows(info->shape) && is_conflated(info->target.kind);
    if (info->retired || !one || e->symbols[info->symbol].halted || e->symbols[info->symbol].feeds[info->slot] != stream)
        return false;
    const uint8_t status = e->symbols[info->symbol].status[info->slot];
    return status == GW_STATUS_SYNCING || status == GW_STATUS_STALE;
}

/* The venue's time as of which a value holds, or null. Of a ticker it is when its window ends, which REST says too;
 * a small one has only the time at which it was sent. */
static int64_t as_of(const gw_event *value)
{
    switch (value->meta.kind) {
    case GW_KIND_QUOTE: return value->meta.ts_trade;
    case GW_KIND_TICKER: return value->ticker.close_time;
    default: return value->meta.ts_event;
    }
}

/* Whether a value that was fetched is older than the one shown, by what the venue says of both. */
static bool is_older(const gw_event *said, const gw_event *shown)
{
    const int64_t now = as_of(said), then = as_of(shown);
    const bool timed = now != GW_NULL && then != GW_NULL;
    const uint64_t id = said->meta.update_id, last = shown->meta.update_id;
    if (said->meta.kind != GW_KIND_QUOTE || !id || !last || id == last)
        return timed && now < then;
    return id < last && !(timed && now - then > GW_ANEW_NS); /* so much later it is of a new numbering */
}

static bool is_crossed(const gw_event *said)
{
    const gw_quote *quote = &said->quote;
    return said->meta.kind == GW_KIND_QUOTE && quote->bid_px > 0 && quote->ask_px > 0 && quote->bid_px >= quote->ask_px;
}

/* The value at hand in its slot, with the status and the reason that are there. False: what is shown is newer. */
static bool show(gw_engine *e, uint32_t stream, const uint8_t *payload, size_t length, int64_t asked_mono)
{
    const gw_stream_info *info = &e->streams[stream];
    gw_slots *slots = &e->segment.slots[info->slot];
    gw_meta *event = &e->event.meta;
    const gw_event *shown = (const gw_event *)(const void *)e->cell;
    gw_slot_load_own(slots, info->symbol, e->cell);
    /* Some answers have neither id nor time: what came since they were asked for may be newer than they are. */
    if (shown->meta.mono_recv > asked_mono || e->segment.streams[stream].mono_recv > asked_mono || is_older(&e->event, shown))
        return false;
    const uint8_t reason = shown->meta.reason;
    tell(e, stream, payload, length);
    event->reason = reason;
    event->ring_position = e->segment.events.tail;
    gw_slot_store(slots, info->symbol, event, gw_event_size(info->target.kind));
    return true;
}

/* A latest value, in the stream's own JSON form, that was asked for at `asked_mono`. LIVE comes with an event of the
 * stream alone. */
gw_fill gw_engine_refresh(gw_engine *e, uint32_t stream, const uint8_t *payload, size_t length, int64_t asked_mono, gw_error *error)
{
    *error = GW_OK;
    if (!gw_refresh_wanted(e, stream) || length > GW_FRAME_LENGTH_MAX)
        return GW_FILL_UNWANTED;
    *error = decode(e, stream, payload, length);
    if (*error == GW_OK && is_crossed(&e->event))
        *error = GW_ERR_RANGE;
    if (*error != GW_OK)
        return GW_FILL_UNREADABLE;
    gw_engine_begin(e);
    const bool shown = show(e, stream, payload, length, asked_mono);
    gw_engine_end(e);
    return shown ? GW_FILL_TOLD : GW_FILL_DUPLICATE;
}
