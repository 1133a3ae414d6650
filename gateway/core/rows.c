/* Arrays of many symbols, and streams whose frames may be of any symbol of the market.
 *
 * Each row is an event of a stream of its own, published with the venue's bytes. Since 2026-06-30 the
 * all-market streams of both futures hosts carry both markets: rows of the other one are left out, by "st",
 * or by the form of the symbol where that is absent. */
#include "engine_core.h"

enum { UNKNOWN_MAX = 32 };
static const int64_t UNKNOWN_EVERY_NS = 1000000000;

/* COIN-M contracts are named BTCUSD_PERP or BTCUSD_261225; USD-M ones BTCUSDT or BTCUSDT_261225. */
static bool looks_coinm(const gw_text *symbol)
{
    static const char perp[] = "USD_PERP";
    const size_t length = symbol->length, tail = sizeof perp - 1;
    if (length > tail && memcmp(symbol->p + length - tail, perp, tail) == 0)
        return true;
    if (length <= 10 || memcmp(symbol->p + length - 10, "USD_", 4) != 0)
        return false;
    for (size_t i = length - 6; i < length; i++)
        if (symbol->p[i] < '0' || symbol->p[i] > '9')
            return false;
    return true;
}

static bool is_foreign(uint8_t market, const gw_row *row)
{
    if (market == GW_MARKET_SPOT || !row->symbol.p)
        return false;
    const bool coinm = row->symbol_type ? row->symbol_type == 2 : looks_coinm(&row->symbol);
    return coinm != (market == GW_MARKET_COINM);
}

static gw_error scan_one(gw_engine *e, uint8_t market, gw_cursor *c)
{
    gw_row row;
    const uint8_t *start = c->p;
    gw_error error = gw_scan_row(c, &row);
    if (error == GW_ERR_MISSING) { /* whole, but of nobody */
        row.symbol = (gw_text){NULL, 0, false};
        error = GW_OK;
    }
    GW_TRY(error);
    if (e->row_count == GW_ROW_ROOM)
        return GW_ERR_RANGE;
    e->rows[e->row_count++] = (gw_array_row){start, row.end, row.symbol, is_foreign(market, &row)};
    return GW_OK;
}

/* Find the rows of the frame at hand; the cursor is left behind them. */
gw_error gw_rows_scan(gw_engine *e, uint32_t stream, gw_cursor *c)
{
    const gw_stream_info *info = &e->streams[stream];
    const uint8_t market = info->target.market;
    e->row_count = 0;
    if (info->shape == GW_SHAPE_MERGED)
        return scan_one(e, market, c);
    GW_TRY(gw_json_take(c, '['));
    if (gw_json_take_if(c, ']'))
        return GW_OK;
    do {
        GW_TRY(scan_one(e, market, c));
    } while (gw_json_take_if(c, ','));
    return gw_json_take(c, ']');
}

static uint32_t count_foreign(const gw_engine *e)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < e->row_count; i++)
        count += e->rows[i].foreign;
    return count;
}

/* A symbol that nobody carries, a few times a second: the queue is for others too. */
static void tell_unknown(gw_engine *e, uint32_t parent, const gw_text *symbol)
{
    gw_stream_info *info = &e->streams[parent];
    if (e->mono - info->unknown_mono > UNKNOWN_EVERY_NS) {
        info->unknown_mono = e->mono;
        info->unknown_told = 0;
    }
    if (symbol->p && info->unknown_told++ < UNKNOWN_MAX)
        gw_note_head(gw_notify(e, GW_NOTICE_ROW_UNKNOWN, parent), GW_OK, symbol->p, symbol->length < 64 ? symbol->length : 64);
}

/* What is known of a row's symbol; null: nothing. `plain` holds a name that was written with escapes; one that is
 * longer than any symbol stays as it stands. */
static const gw_child *find_row(const gw_engine *e, uint32_t parent, gw_text *name, uint8_t plain[32])
{
    if (name->p && name->escaped) {
        const size_t length = gw_json_unescape(name, plain, 32);
        if (length != SIZE_MAX)
            *name = (gw_text){plain, length, false};
    }
    const bool fits = name->p && !name->escaped && name->length <= 32;
    return fits ? gw_engine_find_child(e, parent, name->p, name->length) : NULL;
}

static bool is_fed(const gw_engine *e, const gw_child *child)
{
    return child && child->stream != GW_NO_ROW && !e->streams[child->stream - 1].retired;
}

/* The stream of a row's symbol, or GW_NO_ROW, and counted: not carried, or subscribed by itself. */
static uint32_t child_of(gw_engine *e, uint32_t parent, const gw_text *symbol)
{
    uint8_t plain[32];
    gw_text name = *symbol;
    const gw_child *child = find_row(e, parent, &name, plain);
    if (is_fed(e, child))
        return child->stream - 1;
    const bool covered = child && child->stream == GW_NO_ROW;
    e->segment.counters->rows_covered += covered;
    e->segment.counters->rows_unknown += !covered;
    if (!child)
        tell_unknown(e, parent, &name);
    return GW_NO_ROW;
}

static void refuse_row(gw_engine *e, uint32_t child, gw_error error, const gw_array_row *row)
{
    gw_note_head(gw_notify(e, GW_NOTICE_UNREADABLE, child), error, row->start, (size_t)(row->end - row->start));
    e->segment.counters->rows_unreadable++;
    e->segment.streams[child].error_count++;
    e->segment.streams[child].sequence++;
    gw_suspect(e, child, error);
    gw_emit_unreadable(e, child, error);
}

/* A row that has just been decoded. */
static void store_row(gw_engine *e, uint32_t child, gw_fate fate, const gw_array_row *row, gw_raw_place place, const uint8_t *frame)
{
    const size_t length = (size_t)(row->end - row->start);
    gw_stream *out = &e->segment.streams[child];
    e->segment.counters->rows_split++;
    out->sequence++;
    out->byte_count += length;
    out->mono_recv = e->mono;
    gw_event_store(e, child, fate);
    gw_time_visible(e);
    if (e->streams[child].wanted_json)
        gw_publish_json(e, child, place, frame, (size_t)(row->start - frame), length);
}

static gw_error decode_row(gw_engine *e, uint32_t child, const gw_array_row *row)
{
    gw_cursor cursor = {row->start, row->end};
    return gw_event_decode(e, child, &cursor);
}

static void accept_row(gw_engine *e, uint32_t child, const gw_array_row *row, gw_raw_place place, const uint8_t *frame)
{
    gw_error error = decode_row(e, child, row);
    if (error != GW_OK) {
        refuse_row(e, child, error, row);
        return;
    }
    gw_fate fate = gw_event_fate(e, child, row->start, (size_t)(row->end - row->start));
    if (gw_is_aside(fate))
        e->segment.counters->rows_duplicate++;
    else
        store_row(e, child, fate, row, place, frame);
}

/* How late the array is, by its first own row that can be read. */
static void watch_rows(gw_engine *e, uint32_t parent)
{
    uint8_t plain[32];
    for (uint32_t i = 0; i < e->row_count; i++) {
        gw_text name = e->rows[i].symbol;
        const gw_child *child = e->rows[i].foreign ? NULL : find_row(e, parent, &name, plain);
        if (!is_fed(e, child) || decode_row(e, child->stream - 1, &e->rows[i]) != GW_OK)
            continue;
        if (e->event.meta.ts_event != GW_NULL)
            gw_watch_lag(e, e->event.meta.ts_event);
        return;
    }
}

static void accept_rows(gw_engine *e, uint32_t parent, gw_raw_place place, const uint8_t *frame)
{
    for (uint32_t i = 0; i < e->row_count; i++) {
        const gw_array_row *row = &e->rows[i];
        if (row->foreign)
            continue;
        uint32_t child = child_of(e, parent, &row->symbol);
        if (child != GW_NO_ROW)
            accept_row(e, child, row, place, frame);
    }
}

/* A whole array is an event by its bytes alone: it has no time of its own. */
static gw_fate fate_of_frame(gw_engine *e, uint32_t stream, const uint8_t *data, size_t length)
{
    gw_arrivals *arrivals = &e->streams[stream].arrivals;
    gw_sighting sighting = {.hash = gw_hash(length, data, length), .mono = e->mono, .side = e->links[e->link].side};
    gw_sight(e, arrivals, &sighting);
    return gw_judge_arrival(arrivals, &sighting);
}

static void publish_frame(gw_engine *e, uint32_t stream, gw_raw_place place, const uint8_t *frame, size_t offset, size_t length, bool whole)
{
    if (!e->streams[stream].wanted_json)
        return;
    if (whole)
        gw_publish_json(e, stream, place, frame, offset, length);
    else
        gw_publish_rows(e, stream);
}

/* `at`: the venue's time of the event in it, or null. */
static gw_raw_place take_frame(gw_engine *e, uint32_t stream, const uint8_t *frame, size_t length, size_t offset,
                               size_t data_length, int64_t at)
{
    gw_watch_frame(e, stream);
    if (GW_UNLIKELY(e->streams[stream].interrupted))
        gw_gap_resumed(e, stream, 0, at);
    e->segment.counters->frames_data++;
    e->segment.streams[stream].sequence++;
    e->segment.streams[stream].status = GW_STATUS_LIVE;
    if (at != GW_NULL)
        e->segment.streams[stream].last_ts = at;
    return gw_emit_raw(e, stream, frame, length, offset, data_length, 0);
}

/* One event, of a symbol that is carried: its own identity says whether it is new. False: set aside. */
static bool accept_merged(gw_engine *e, uint32_t stream, uint32_t child, const uint8_t *frame, size_t length,
                          size_t offset, size_t data_length)
{
    const gw_array_row *row = &e->rows[0];
    gw_fate fate = GW_FATE_NEW;
    const gw_error error = decode_row(e, child, row);
    if (error == GW_OK) {
        if (e->event.meta.ts_event != GW_NULL)
            gw_watch_lag(e, e->event.meta.ts_event);
        fate = gw_event_fate(e, child, row->start, (size_t)(row->end - row->start));
        fate_of_frame(e, stream, frame + offset, data_length); /* so that both links have joined the whole */
    }
    if (gw_is_aside(fate)) {
        gw_set_aside(e, stream, GW_FLAG_DUPLICATE, frame, length, offset, data_length);
        return false;
    }
    const int64_t at = error == GW_OK ? e->event.meta.ts_event : GW_NULL;
    gw_raw_place place = take_frame(e, stream, frame, length, offset, data_length, at);
    publish_frame(e, stream, place, frame, offset, data_length, true);
    if (error == GW_OK)
        store_row(e, child, fate, row, place, frame);
    else
        refuse_row(e, child, error, row);
    return true;
}

/* An array, or one event of a symbol that is not carried: its bytes say whether it is new. False: set aside. */
static bool accept_whole(gw_engine *e, uint32_t stream, const uint8_t *frame, size_t length, size_t offset,
                         size_t data_length, bool foreign)
{
    const bool array = e->streams[stream].shape == GW_SHAPE_ARRAY;
    if (array)
        watch_rows(e, stream);
    if (fate_of_frame(e, stream, frame + offset, data_length) == GW_FATE_DUPLICATE) {
        gw_set_aside(e, stream, GW_FLAG_DUPLICATE, frame, length, offset, data_length);
        return false;
    }
    gw_raw_place place = take_frame(e, stream, frame, length, offset, data_length, GW_NULL);
    publish_frame(e, stream, place, frame, offset, data_length, !foreign);
    if (array)
        accept_rows(e, stream, place, frame);
    return true;
}

/* The frame at hand, whose rows gw_rows_scan has found. */
gw_frame_class gw_rows_accept(gw_engine *e, uint32_t stream, const uint8_t *frame, size_t length, const uint8_t *data, size_t data_length)
{
    const size_t offset = (size_t)(data - frame);
    const uint32_t foreign = count_foreign(e);
    e->publish_mono = gw_clock_mono();
    e->segment.counters->rows_foreign += foreign;
    gw_count_frame(e, stream, length);
    if (foreign && foreign == e->row_count) {
        fate_of_frame(e, stream, data, data_length);
        gw_watch_frame(e, stream);
        return gw_set_aside(e, stream, GW_FLAG_FOREIGN, frame, length, offset, data_length);
    }
    const bool merged = e->streams[stream].shape == GW_SHAPE_MERGED;
    const uint32_t child = merged ? child_of(e, stream, &e->rows[0].symbol) : GW_NO_ROW;
    const bool published = child != GW_NO_ROW ? accept_merged(e, stream, child, frame, length, offset, data_length)
                                              : accept_whole(e, stream, frame, length, offset, data_length, foreign);
    if (published) {
        gw_publish_flush_if_full(e);
        gw_histogram_add(&e->segment.histograms[GW_HISTOGRAM_RECV_TO_PUBLISH], e->publish_mono - e->mono);
    }
    return GW_FRAME_DATA;
}
