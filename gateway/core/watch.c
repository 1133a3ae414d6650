/* Streams that fall silent and links that fall behind, judged with each heartbeat (silence.h). */
#include "engine_core.h"

static const int64_t JUDGE_NS = 250000000, SECOND_NS = 1000000000, FLOOR_NS = 300000000000;
static const int64_t FLOOR_STEP_NS = 250000000, OTHER_DAY_NS = 3600000000000;
enum { AHEAD_RUN_MIN = 8 };

/* Told of a stream that delivers again, or of which nothing is expected any more. */
static void resumed(gw_engine *e, uint32_t stream, bool halted)
{
    gw_notice *notice = gw_notify(e, GW_NOTICE_RESUMED, stream);
    e->streams[stream].silence.silent = false;
    if (notice)
        notice->a = halted;
}

/* A frame of a stream came, over whichever link. */
void gw_watch_frame(gw_engine *e, uint32_t stream)
{
    gw_silence *silence = &e->streams[stream].silence;
    gw_silence_heard(silence, e->mono, e->first_data_ns, e->segment.streams[stream].gap_count);
    if (GW_UNLIKELY(silence->silent))
        resumed(e, stream, false);
}

static void start_floor(gw_delay_floor *floor, int64_t mono, int64_t delay)
{
    *floor = (gw_delay_floor){delay, delay, mono + FLOOR_NS};
}

static void end_window(gw_delay_floor *floor, int64_t mono)
{
    const int64_t most = floor->delay + FLOOR_STEP_NS;
    floor->delay = floor->least < most ? floor->least : most;
    floor->least = INT64_MAX;
    floor->until_mono = mono + FLOOR_NS;
}

/* An event from the future is not believed until several come. */
static bool is_of_the_future(const gw_delay_floor *floor, gw_link_info *link, int64_t delay)
{
    return floor->until_mono && delay < floor->delay - SECOND_NS && ++link->ahead_run < AHEAD_RUN_MIN;
}

/* The least delay seen stands for distance and clocks; what exceeds it is lag. */
static int64_t lag_of(gw_delay_floor *floor, gw_link_info *link, int64_t mono, int64_t delay)
{
    if (GW_UNLIKELY(!floor->until_mono || delay < floor->delay - SECOND_NS))
        start_floor(floor, mono, delay);
    link->ahead_run = 0;
    if (GW_UNLIKELY(mono >= floor->until_mono))
        end_window(floor, mono);
    if (delay < floor->least)
        floor->least = delay;
    if (delay < floor->delay)
        floor->delay = delay;
    return delay - floor->delay;
}

static void mark_lagging(gw_engine *e, uint32_t link)
{
    for (uint32_t stream = 0; stream < e->segment.header->stream_count; stream++) {
        const gw_stream_info *info = &e->streams[stream];
        if (info->connection != e->links[link].first || info->retired || gw_peer_carries(e, link, stream))
            continue;
        if (gw_status_of(e, stream) == GW_STATUS_LIVE)
            gw_mark_fed(e, stream, GW_STATUS_STALE, GW_REASON_LAGGING);
    }
}

/* The event at hand has a time of the venue's: how far behind is its link? What is drained is old, and
 * says nothing of the link. */
void gw_watch_lag(gw_engine *e, int64_t event_time)
{
    gw_link_info *info = &e->links[e->link];
    gw_connection *row = &e->segment.connections[e->link];
    gw_delay_floor *floor = &e->delay_floor[info->market];
    const int64_t delay = e->mono + e->real_offset - event_time;
    if (GW_UNLIKELY(delay > OTHER_DAY_NS || delay < -OTHER_DAY_NS)) { /* a recording: its times are not of now */
        e->mistimed = floor->until_mono; /* unless others are */
        return;
    }
    e->mistimed = is_of_the_future(floor, info, delay);
    const int64_t lag = GW_UNLIKELY(e->mistimed) ? 0 : lag_of(floor, info, e->mono, delay);
    if (info->draining)
        return;
    e->late = lag > e->lag_max_ns;
    row->lag_ns += (lag - row->lag_ns) / 8;
    if (GW_LIKELY(row->lag_ns <= e->lag_max_ns)) {
        info->lagging = info->lagging && row->lag_ns > e->lag_max_ns / 2;
        return;
    }
    if (!info->lagging) {
        info->lagging = true;
        e->segment.counters->streams_lagging++;
        mark_lagging(e, e->link);
    }
    if (e->mono - info->told_mono > SECOND_NS) {
        info->told_mono = e->mono;
        gw_notice *notice = gw_notify(e, GW_NOTICE_LAGGING, e->link);
        if (notice)
            notice->a = (uint64_t)row->lag_ns;
    }
}

static bool is_acked(const gw_engine *e, const gw_stream_info *info)
{
    const gw_link_info *first = &e->links[info->connection];
    if (first->up && info->arrivals.sources[0].acked_mono)
        return true;
    return first->peer != GW_NO_ROW && e->links[first->peer].up && info->arrivals.sources[1].acked_mono;
}

/* Its last value is not the present any more. A silence that cannot be told is told with the next judgement. */
static void fell_silent(gw_engine *e, uint32_t stream, int64_t silent_for, int64_t limit)
{
    gw_stream_info *info = &e->streams[stream];
    gw_mark_fed(e, stream, GW_STATUS_STALE, GW_REASON_SILENT);
    if (gw_has_rows(info->shape))
        gw_mark_rows(e, stream, GW_STATUS_STALE, GW_REASON_SILENT);
    gw_notice *notice = gw_notify(e, GW_NOTICE_SILENT, stream);
    if (!notice)
        return;
    notice->a = (uint64_t)silent_for;
    notice->b = (uint64_t)limit;
    notice->number = info->silence.frames;
    info->silence.silent = true;
    e->segment.streams[stream].silent_count++;
    e->segment.counters->streams_silent++;
}

/* What a link held out as coming, or garbled, did not come over the other one in time. */
static void lose_early(gw_engine *e, uint32_t stream)
{
    gw_stream_info *info = &e->streams[stream];
    gw_arrivals *arrivals = &info->arrivals;
    for (uint8_t side = 0; side < 2; side++)
        if (GW_UNLIKELY(gw_arrival_unmended(arrivals, side, e->mono)))
            gw_suspect(e, stream, GW_ERR_SYNTAX);
    if (GW_LIKELY(!gw_arrival_expired(arrivals, e->mono)))
        return;
    gw_gap_early(e, stream);
    if (info->slot == GW_SLOT_BOOK && e->symbols[info->symbol].feeds[GW_SLOT_BOOK] == stream)
        gw_book_lose(e, info->symbol, GW_STATUS_GAPPED, GW_REASON_GAP);
    else
        gw_mark_fed(e, stream, GW_STATUS_STALE, GW_REASON_GAP);
}

static void judge(gw_engine *e, uint32_t stream, int64_t mono)
{
    gw_stream_info *info = &e->streams[stream];
    if (info->symbol != GW_NO_ROW && e->symbols[info->symbol].halted) { /* of course nothing comes */
        if (info->silence.silent)
            resumed(e, stream, true);
        gw_silence_begin(&info->silence, mono);
        return;
    }
    gw_silence_settle(&info->silence, e->segment.streams[stream].gap_count);
    const int64_t limit = gw_silence_limit(&info->silence, e->first_data_ns);
    e->segment.streams[stream].limit_ns = limit;
    const int64_t silent_for = mono - info->silence.heard_mono;
    if (limit && !info->silence.silent && silent_for > limit && is_acked(e, info))
        fell_silent(e, stream, silent_for, limit);
}

/* Rows and what is put together here are as silent as what they come from. */
void gw_watch(gw_engine *e, int64_t mono)
{
    if (mono - e->judged_mono < JUDGE_NS)
        return;
    const bool second = mono / SECOND_NS != e->judged_mono / SECOND_NS;
    e->judged_mono = mono;
    e->link = GW_NO_ROW;
    e->mono = e->publish_mono = mono;
    for (uint32_t stream = 0; stream < e->segment.header->stream_count; stream++) {
        gw_stream_info *info = &e->streams[stream];
        if (info->retired || !gw_is_subscribed(info->shape))
            continue;
        if (second)
            gw_silence_second(&info->silence);
        judge(e, stream, mono);
        lose_early(e, stream);
        if (info->slot == GW_SLOT_BOOK)
            gw_look_expire(e, info->symbol, mono);
    }
    gw_gap_remind(e);
}
