/* Events that were fetched afterwards: told once, in the order in which they are handed in, and never in the place
 * of what is newer.
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
