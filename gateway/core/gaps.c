/* What is missing: each break of a stream is a gap with a number, from the write that finds it to its end.
 *
 *   IDS       trades and aggregate trades have ids without holes: the next id tells
 *   CANDLES   the final state of each interval must have been seen when a candle of a later one comes
 *   books     find the breaks of their own chain, which are HEALED when the book is LIVE again
 *   events    that come now and then, without ids: after no link carried them, some may be LOST
 *
 * A gap is a slot of GAPS, a GAP record before the first event behind it, a GAP_CLOSED record at its end, and a
 * notice to the control plane. An id that comes after all, late or back-filled, is told once; with the last one
 * the gap is FILLED. */
#include "engine_core.h"

/* The shortest month, and the mean one. */
static const uint64_t MONTH_MS = 28ull * 24 * 3600 * 1000, MEAN_MONTH_MS = 2629746000;

static gw_gap_track *track_of(gw_engine *e, uint64_t number)
{
    return &e->gaps.tracks[number % GW_GAPS_CAPACITY];
}

static bool is_open(const gw_gap_track *track)
{
    return track->gap.gap_state == GW_GAP_OPEN;
}

/* The gap of that number, unless a newer one has its place; null: there is none. */
const gw_gap_track *gw_gap_find(const gw_engine *e, uint64_t number)
{
    const gw_gap_track *track = &e->gaps.tracks[number % GW_GAPS_CAPACITY];
    return number && track->gap.gap_number == number ? track : NULL;
}

static int64_t now_real(const gw_engine *e)
{
    return e->mono + e->real_offset;
}

static void store(gw_engine *e, gw_gap_track *track)
{
    gw_gap *gap = &track->gap;
    gap->meta.ts_event = gap->meta.ts_trade = GW_NULL;
    gap->meta.kind = GW_KIND_GAP;
    gw_fill_meta(e, &gap->meta, gap->meta.stream, gw_status_of(e, gap->meta.stream));
    gap->meta.ring_position = e->segment.events.tail;
    gw_slot_store(&e->segment.gaps, (uint32_t)(gap->gap_number % e->segment.gaps.capacity), &gap->meta, sizeof *gap);
}

static void emit(gw_engine *e, const gw_gap_track *track, uint8_t kind)
{
    const gw_gap *gap = &track->gap;
    gw_state record = gw_state_record(e, gap->meta.stream, kind, gw_status_of(e, gap->meta.stream));
    record.meta.update_id = track->received_id;
    record.subject = gap->subject;
    record.expected_id = track->expected_id;
    record.received_id = track->received_id;
    record.gap_number = gap->gap_number;
    record.missing = gap->missing;
    record.recovered = gap->recovered;
    record.gap_state = gap->gap_state;
    record.ts_before = gap->ts_before;
    record.ts_after = gap->ts_after;
    if (record.subject == GW_KIND_DIFF || record.meta.symbol == GW_NO_ROW) /* the status of its book tells it */
        gw_emit(e, GW_NO_ROW, &record, sizeof record);
    else
        gw_emit_state(e, record.meta.symbol, &record);
}

static void tell(gw_engine *e, gw_gap_track *track)
{
    gw_notice *notice = gw_notify(e, GW_NOTICE_GAP, track->gap.meta.stream);
    e->gaps.untold += !notice && !track->untold;
    e->gaps.untold -= notice && track->untold;
    track->untold = !notice;
    if (!notice)
        return;
    notice->number = track->gap.gap_number;
    notice->a = track->gap.first_id;
    notice->b = track->gap.last_id;
}

/* Notices that found no room are told with the next judgement: nobody else would ask for what is missing. */
void gw_gap_remind(gw_engine *e)
{
    for (uint32_t at = 0; GW_UNLIKELY(e->gaps.untold) && at < GW_GAPS_CAPACITY; at++)
        if (e->gaps.tracks[at].untold)
            tell(e, &e->gaps.tracks[at]);
}

static void count_end(gw_counters *counters, uint32_t state)
{
    counters->gaps_filled += state == GW_GAP_FILLED;
    counters->gaps_partial += state == GW_GAP_PARTIAL;
    counters->gaps_lost += state == GW_GAP_LOST;
    counters->gaps_healed += state == GW_GAP_HEALED;
}

/* What came is known where ids are followed; else it is as the caller says. */
static uint32_t state_by_ids(const gw_gap_track *track, uint32_t claimed)
{
    if (!track->fills)
        return claimed;
    if (track->gap.recovered == track->gap.missing)
        return GW_GAP_FILLED;
    return track->gap.recovered ? GW_GAP_PARTIAL : GW_GAP_LOST;
}

static void unlink_track(gw_engine *e, const gw_gap_track *track)
{
    const uint32_t place = (uint32_t)(track - e->gaps.tracks) + 1;
    uint32_t *at = &e->streams[track->gap.meta.stream].gaps;
    while (*at != place)
        at = &e->gaps.tracks[*at - 1].next;
    *at = track->next;
}

static void end(gw_engine *e, gw_gap_track *track, uint32_t claimed)
{
    unlink_track(e, track);
    e->gaps.untold -= track->untold;
    track->untold = false;
    track->gap.gap_state = state_by_ids(track, claimed);
    track->gap.closed_real = now_real(e);
    gw_ranges_clear(&e->gaps.pool, &track->ranges);
    count_end(e->segment.counters, track->gap.gap_state);
    emit(e, track, GW_KIND_GAP_CLOSED);
    store(e, track);
}

static void append(gw_engine *e, gw_gap_track *track)
{
    uint32_t *at = &e->streams[track->gap.meta.stream].gaps;
    while (*at)
        at = &e->gaps.tracks[*at - 1].next;
    *at = (uint32_t)(track - e->gaps.tracks) + 1;
    if (track->fills)
        track->ranges = gw_range_new(&e->gaps.pool, track->gap.first_id, track->gap.last_id, 0);
}

/* Ids are 1 apart, candles an interval, or at least the shortest month. */
static uint64_t step_of(const gw_stream_info *info)
{
    if (info->chain != GW_CHAIN_CANDLES)
        return 1;
    return info->candle_ms < MONTH_MS ? info->candle_ms : MONTH_MS;
}

/* A gap as its finder knows it: first_id, last_id, missing, ts_after, gap_state of `found`. */
static void begin(gw_engine *e, uint32_t stream, const gw_gap *found, uint64_t expected, uint64_t received)
{
    const uint64_t number = ++e->gaps.last_number;
    const gw_stream *row = &e->segment.streams[stream];
    gw_gap_track *track = track_of(e, number);
    const bool open = found->gap_state == GW_GAP_OPEN;
    if (is_open(track)) /* the oldest of a thousand gives way */
        end(e, track, GW_GAP_LOST);
    e->gaps.untold -= track->untold;
    *track = (gw_gap_track){.gap = *found, .expected_id = expected, .received_id = received};
    track->gap.meta = (gw_meta){.stream = stream};
    track->gap.gap_number = number;
    track->gap.opened_real = now_real(e);
    track->gap.closed_real = open ? GW_NULL : track->gap.opened_real;
    track->gap.ts_before = row->last_ts && (found->ts_after == GW_NULL || row->last_ts <= found->ts_after) ? row->last_ts : GW_NULL;
    track->gap.subject = e->streams[stream].target.kind;
    track->step = step_of(&e->streams[stream]);
    track->fills = open && e->streams[stream].chain != GW_CHAIN_NONE;
    e->segment.counters->gaps++;
    e->segment.streams[stream].gap_count++;
    if (open)
        append(e, track);
    else
        count_end(e->segment.counters, found->gap_state);
    emit(e, track, GW_KIND_GAP);
    store(e, track);
    tell(e, track);
}

/* The venue's time of the event at hand, or null. */
int64_t gw_event_at(const gw_engine *e, uint8_t kind)
{
    if (gw_is_deep(kind))
        return e->depth.ts_event;
    return e->event.meta.ts_event != GW_NULL ? e->event.meta.ts_event : e->event.meta.ts_trade;
}

/* A book's chain is broken. Spot: `expected` and `received` are first update ids; futures: previous ones, whose
 * ids have holes. */
void gw_emit_gap(gw_engine *e, uint32_t stream, uint64_t expected, uint64_t received)
{
    const bool spot = e->streams[stream].target.market == GW_MARKET_SPOT;
    gw_gap found = {.gap_state = GW_GAP_OPEN};
    found.first_id = spot ? expected : expected + 1;
    found.last_id = spot ? received - 1 : received;
    found.missing = spot ? received - expected : 0;
    found.ts_after = e->link == GW_NO_ROW ? GW_NULL : e->depth.ts_event;
    begin(e, stream, &found, expected, received);
}

static void miss(gw_engine *e, uint32_t stream, uint64_t first, uint64_t last, uint64_t missing, uint64_t received, int64_t ts_after)
{
    const gw_gap found = {.first_id = first, .last_id = last, .missing = missing, .ts_after = ts_after, .gap_state = GW_GAP_OPEN};
    begin(e, stream, &found, first, received);
}

/* What one link held out as coming did not come over the other one in time: all behind the last event, up to
 * where the link is, that was kept back. The stream goes on from there: what the other one brings of it after all
 * is late. */
void gw_gap_early(gw_engine *e, uint32_t stream)
{
    gw_stream_info *info = &e->streams[stream];
    gw_stream *row = &e->segment.streams[stream];
    const uint64_t before = info->arrivals.last_id, last = info->arrivals.early_id;
    info->arrivals.last_id = last;
    info->arrivals.last_time = info->early_ts == GW_NULL ? 0 : info->early_ts;
    if (info->chain != GW_CHAIN_IDS) {
        const bool spot = info->target.market == GW_MARKET_SPOT;
        gw_emit_gap(e, stream, before + spot, last + spot);
        return;
    }
    const uint64_t first = info->next_id > before + 1 ? info->next_id : before + 1;
    if (first > last)
        return;
    miss(e, stream, first, last, last - first + 1, last + 1, GW_NULL);
    info->next_id = last + 1;
    if (info->early_ts != GW_NULL && info->early_ts > row->last_ts)
        row->last_ts = info->early_ts;
    if (info->early_ts != GW_NULL && info->early_ts > info->traded_ts) /* not earlier than its trade was made */
        info->traded_ts = info->early_ts;
}

static void end_all(gw_engine *e, uint32_t stream, uint32_t claimed)
{
    while (e->streams[stream].gaps)
        end(e, &e->gaps.tracks[e->streams[stream].gaps - 1], claimed);
}

/* The book of a stream of diffs is LIVE again. */
void gw_gap_heal(gw_engine *e, uint32_t stream)
{
    end_all(e, stream, GW_GAP_HEALED);
}

/* The stream is gone, or its ids begin anew: what is missing will not be asked for by these ids. */
void gw_gap_forget(gw_engine *e, uint32_t stream)
{
    end_all(e, stream, GW_GAP_LOST);
    e->streams[stream].next_id = 0;
    e->streams[stream].traded_ts = 0;
    e->streams[stream].interrupted = false;
}

/* One id of an open gap has come. False: it is not missing. */
gw_take gw_gap_take(gw_engine *e, uint32_t stream, uint64_t id)
{
    for (uint32_t at = e->streams[stream].gaps; at;) {
        gw_gap_track *track = &e->gaps.tracks[at - 1];
        at = track->next;
        const gw_take taken = gw_ranges_take(&e->gaps.pool, &track->ranges, id, track->step);
        track->gap.recovered += taken == GW_TAKE_DONE;
        if (taken != GW_TAKE_ABSENT)
            return taken;
    }
    return GW_TAKE_ABSENT;
}

/* After the record of what gw_gap_take took: the gap's slot, and its end with the last id. */
void gw_gap_took(gw_engine *e, uint32_t stream)
{
    for (uint32_t at = e->streams[stream].gaps; at;) {
        gw_gap_track *track = &e->gaps.tracks[at - 1];
        at = track->next;
        if (track->fills && track->gap.recovered == track->gap.missing)
            end(e, track, GW_GAP_FILLED);
    }
}

/* Whether the event at hand is one that is missing, and not of a later numbering: then it is of a later time. */
bool gw_gap_awaits(const gw_engine *e, uint32_t stream)
{
    const gw_meta *event = &e->event.meta;
    if (e->streams[stream].chain == GW_CHAIN_CANDLES && !(event->flags & GW_FLAG_CLOSED))
        return false;
    const int64_t at = gw_event_at(e, e->streams[stream].target.kind), began = e->streams[stream].arrivals.began;
    if (at != GW_NULL && at < began) /* what is missing is of a later numbering */
        return false;
    for (uint32_t place = e->streams[stream].gaps; place; place = e->gaps.tracks[place - 1].next) {
        const gw_gap_track *track = &e->gaps.tracks[place - 1];
        const bool earlier = at == GW_NULL || track->gap.ts_after == GW_NULL || at <= track->gap.ts_after;
        if (earlier && gw_ranges_have(&e->gaps.pool, track->ranges, event->update_id))
            return true;
    }
    return false;
}

static uint64_t candle_length(const gw_kline *kline)
{
    const int64_t length = kline->close_time - kline->open_time;
    return length > 0 ? (uint64_t)length / 1000000 + 1 : 1; /* damaged, and yet to be counted with */
}

/* Candles between the one before, if its end was not seen, and this one. Months differ in length: where
 * several are missing, the open time of the last is at most some days before what is said. */
static void miss_candles(gw_engine *e, uint32_t stream, uint64_t open)
{
    const gw_stream_info *info = &e->streams[stream];
    const uint64_t length = info->candle_ms, first = info->next_id + (info->closed ? length : 0);
    if (first >= open)
        return;
    const uint64_t mean = length < MONTH_MS ? length : MEAN_MONTH_MS;
    const uint64_t count = (open - first + mean / 2) / mean, missing = count ? count : 1;
    const uint64_t last = missing == 1 ? first : open - step_of(info);
    miss(e, stream, first, last, missing, open, gw_event_at(e, info->target.kind));
}

/* The newest candle opens later than what is said now: it was never one. */
static bool is_of_the_future(const gw_engine *e, uint32_t stream)
{
    const int64_t at = gw_event_at(e, e->streams[stream].target.kind);
    return at != GW_NULL && at / 1000000 < (int64_t)e->streams[stream].next_id;
}

/* The event at hand is not the one that comes next. False: it is of before that, and must not replace what is
 * newer. */
bool gw_gap_follow(gw_engine *e, uint32_t stream, gw_fate fate)
{
    gw_stream_info *info = &e->streams[stream];
    const uint64_t id = e->event.meta.update_id;
    const bool candles = info->chain == GW_CHAIN_CANDLES;
    if (candles ? id < info->next_id && is_of_the_future(e, stream) : fate == GW_FATE_RESTARTED)
        gw_gap_forget(e, stream);
    if (info->next_id && id < info->next_id)
        return !candles;
    if (candles && !info->candle_ms) /* the candles before were another process' */
        info->candle_ms = candle_length(&e->event.kline);
    if (info->next_id && id > info->next_id) {
        if (candles)
            miss_candles(e, stream, id);
        else
            miss(e, stream, info->next_id, id - 1, id - info->next_id, id, gw_event_at(e, info->target.kind));
    }
    if (candles) {
        info->candle_ms = candle_length(&e->event.kline);
        info->closed &= id == info->next_id;
    }
    info->next_id = candles ? id : id + 1;
    return true;
}

/* The event at hand is one of the numbering before: nobody can be asked for what lies before it. */
void gw_gap_before(gw_engine *e, uint32_t stream)
{
    const uint64_t first = e->streams[stream].arrivals.expected_id, id = e->event.meta.update_id;
    gw_gap found = {.first_id = first, .last_id = id - 1, .missing = id - first, .gap_state = GW_GAP_LOST};
    found.ts_after = gw_event_at(e, e->streams[stream].target.kind);
    if (first < id)
        begin(e, stream, &found, first, id);
}

/* Whether the next event says what was missed before it. Block trades have ids, but nobody says that these have no
 * holes. */
static bool tells_by_id(const gw_engine *e, uint32_t stream)
{
    return e->streams[stream].target.kind == GW_KIND_BLOCK_TRADE && e->segment.streams[stream].last_id;
}

/* The first event of a stream that comes with events, since no link carried it: some may have been between. */
void gw_gap_resumed(gw_engine *e, uint32_t stream, uint64_t id, int64_t ts_after)
{
    gw_gap found = {.ts_after = ts_after, .gap_state = GW_GAP_LOST};
    e->streams[stream].interrupted = false;
    if (tells_by_id(e, stream)) {
        const uint64_t last = e->segment.streams[stream].last_id;
        if (id <= last + 1)
            return;
        found.first_id = last + 1;
        found.last_id = id - 1;
    }
    begin(e, stream, &found, found.first_id, id);
}

/* A link carries such a stream again, and nothing has come yet: its next event may be hours away, and would say no
 * more about what was missed. */
void gw_gap_subscribed(gw_engine *e, uint32_t stream)
{
    if (e->streams[stream].interrupted && !tells_by_id(e, stream))
        gw_gap_resumed(e, stream, 0, GW_NULL);
}

/* The process before this one came so far in a stream: what has come since is missing, as over an outage. */
void gw_gap_inherit(gw_engine *e, uint32_t stream, uint64_t last_id, int64_t last_ts)
{
    gw_stream_info *info = &e->streams[stream];
    gw_stream *row = &e->segment.streams[stream];
    const bool comes_with_events = info->silence.never_judged && gw_is_subscribed(info->shape);
    if (info->arrivals.any || (info->chain == GW_CHAIN_NONE && !comes_with_events))
        return;
    row->last_id = last_id;
    row->last_ts = last_ts;
    if (info->chain == GW_CHAIN_NONE) {
        info->interrupted = true;
        return;
    }
    /* The end of the last candle may have been missed, so it is asked for once more. */
    info->next_id = last_id + (info->chain == GW_CHAIN_IDS);
    info->arrivals.any = info->arrivals.orphaned = info->chain == GW_CHAIN_IDS;
    info->arrivals.last_id = last_id;
    info->arrivals.last_time = last_ts;
}

/* A gap in ids that it left open. */
void gw_gap_inherit_open(gw_engine *e, uint32_t stream, uint64_t first, uint64_t last, int64_t ts_after)
{
    if (e->streams[stream].chain != GW_CHAIN_IDS || !first || last < first)
        return;
    gw_engine_begin(e);
    miss(e, stream, first, last, last - first + 1, last + 1, ts_after);
    gw_engine_end(e);
}

/* The control plane is done with a gap. False: it is not open, or `state` is none of an end. */
bool gw_gap_close(gw_engine *e, uint64_t number, uint32_t state, uint64_t recovered)
{
    gw_gap_track *track = track_of(e, number);
    if (!gw_gap_find(e, number) || !is_open(track) || state < GW_GAP_FILLED || state > GW_GAP_HEALED)
        return false;
    gw_engine_begin(e);
    if (!track->fills)
        track->gap.recovered = recovered;
    end(e, track, state);
    gw_engine_end(e);
    return true;
}
