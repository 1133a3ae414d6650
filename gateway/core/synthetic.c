/* Arrays that the venue does not send, from the streams that it does: spot !ticker@arr, gone since 2026-03-26.
 *
 * Each stream keeps the bytes of its last event; once a second those that changed are put together. */
#include "engine_core.h"

#include <stdlib.h>

/* Ticks without a change before it is called STALE. */
static const int64_t QUIET_NS = 5000000000;

/* Longer first, so that a stream's buffer grows once or twice in its life. */
static bool reserve(gw_stream_info *info, size_t length)
{
    if (GW_LIKELY(length <= info->latest_room))
        return true;
    size_t room = length + length / 4 + 64;
    uint8_t *latest = realloc(info->latest, room);
    if (!latest)
        return false;
    info->latest = latest;
    info->latest_room = (uint32_t)room;
    return true;
}

void gw_synthetic_gather(gw_engine *e, uint32_t stream, const uint8_t *data, size_t length)
{
    gw_stream_info *info = &e->streams[stream];
    if (!reserve(info, length))
        return;
    memcpy(info->latest, data, length);
    info->latest_length = (uint32_t)length;
    info->gathered = true;
}

static bool is_gathered(const gw_stream_info *info, uint32_t synthetic)
{
    return info->collector == synthetic && info->gathered && !info->retired;
}

/* Changed rows in the order of their streams, as many as there is room for; the others wait. */
static uint8_t *put_gathered(gw_engine *e, uint32_t synthetic, uint8_t *to, const uint8_t *end)
{
    *to++ = '[';
    const uint8_t *first = to;
    for (uint32_t row = 0; row < e->segment.header->stream_count; row++) {
        gw_stream_info *info = &e->streams[row];
        if (!is_gathered(info, synthetic) || (size_t)(end - to) < info->latest_length + 2u)
            continue;
        if (to != first)
            *to++ = ',';
        memcpy(to, info->latest, info->latest_length);
        to += info->latest_length;
        info->gathered = false;
    }
    *to++ = ']';
    return to;
}

static bool anything(const gw_engine *e, uint32_t synthetic)
{
    for (uint32_t row = 0; row < e->segment.header->stream_count; row++)
        if (is_gathered(&e->streams[row], synthetic))
            return true;
    return false;
}

/* Nobody listens: what has gathered is old by the time that somebody does. */
static void forget(gw_engine *e, uint32_t synthetic)
{
    for (uint32_t row = 0; row < e->segment.header->stream_count; row++)
        if (e->streams[row].collector == synthetic)
            e->streams[row].gathered = false;
}

/* A tick of the array: the rows that changed since the last one, if any. */
void gw_engine_flush_synthetic(gw_engine *e, uint32_t stream)
{
    gw_stream *row = &e->segment.streams[stream];
    const int64_t now = gw_clock_mono();
    if (!anything(e, stream)) {
        if (now - row->mono_recv > QUIET_NS)
            row->status = GW_STATUS_STALE;
        return;
    }
    row->mono_recv = now;
    row->status = GW_STATUS_LIVE;
    if (!e->streams[stream].wanted_json) {
        forget(e, stream);
        return;
    }
    row->sequence++;
    gw_publish_synthetic(e, stream, put_gathered);
}
