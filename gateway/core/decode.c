/* The payload shapes of decode.h. Each decoder is one loop over the keys of an object. */
#include "decode.h"

#include <math.h>

/* Times are ms; with timeUnit=MICROSECOND they have 16 digits. 1e14 ms is the year 5138. */
static gw_error take_time(gw_cursor *c, int64_t *out)
{
    uint64_t value;
    GW_TRY(gw_json_u64(c, &value));
    const uint64_t scale = value > 100000000000000u ? 1000u : 1000000u;
    if (GW_UNLIKELY(value > (uint64_t)INT64_MAX / scale))
        return GW_ERR_RANGE;
    *out = (int64_t)(value * scale);
    return GW_OK;
}

/* "s": must be the stream's own symbol. */
static gw_error take_symbol(gw_cursor *c, const gw_target *target)
{
    gw_text text;
    uint8_t plain[sizeof target->symbol];
    GW_TRY(gw_json_text(c, &text));
    if (GW_UNLIKELY(text.escaped))
        text = (gw_text){plain, gw_json_unescape(&text, plain, sizeof plain), false};
    return gw_text_is(&text, (const char *)target->symbol, target->symbol_length) ? GW_OK : GW_ERR_MISMATCH;
}

/* "e": must be the event the stream carries. */
static gw_error take_event(gw_cursor *c, const char *wanted, size_t length)
{
    gw_text text;
    uint8_t plain[32];
    GW_TRY(gw_json_text(c, &text));
    if (GW_UNLIKELY(text.escaped))
        text = (gw_text){plain, gw_json_unescape(&text, plain, sizeof plain), false};
    return gw_text_is(&text, wanted, length) ? GW_OK : GW_ERR_MISMATCH;
}

/* A decimal that may be absent: null and "" give GW_NULL. */
static gw_error take_decimal_or_null(gw_cursor *c, int places, int64_t *out)
{
    *out = GW_NULL;
    if (c->end - c->p >= 4 && memcmp(c->p, "null", 4) == 0) {
        c->p += 4;
        return GW_OK;
    }
    if (c->end - c->p >= 2 && c->p[0] == '"' && c->p[1] == '"') {
        c->p += 2;
        return GW_OK;
    }
    return gw_json_decimal(c, places, out);
}

#define BIT(n) (1u << (n))

static void clear_meta(gw_meta *meta, uint8_t kind)
{
    meta->ts_event = GW_NULL;
    meta->ts_trade = GW_NULL;
    meta->update_id = 0;
    meta->flags = 0;
    meta->kind = kind;
    meta->source = GW_SOURCE_NONE;
}

/* {"u":70000000001,"s":"BTCUSDT","b":"91234.55000000","B":"1.20000000","a":"91234.56000000","A":"0.98000000"}
 * futures also e, E, T, ps, st. u: update id; b, B: best bid price, quantity; a, A: best ask. */
gw_error gw_decode_quote(gw_cursor *c, const gw_target *target, gw_quote *out)
{
    unsigned seen = 0;
    bool more;
    uint8_t scratch[GW_KEY_ROOM];
    gw_key key;
    clear_meta(&out->meta, GW_KIND_QUOTE);
    out->meta.source = GW_SOURCE_BOOK_TICKER;
    GW_TRY(gw_json_open(c));
    if (gw_json_take_if(c, '}'))
        return GW_ERR_MISSING;
    do {
        GW_TRY(gw_json_key(c, &key, scratch));
        switch (key.code) {
        case 'b': GW_TRY(gw_json_decimal(c, target->px_places, &out->bid_px)); seen |= BIT(0); break;
        case 'B': GW_TRY(gw_json_decimal(c, target->qty_places, &out->bid_qty)); seen |= BIT(1); break;
        case 'a': GW_TRY(gw_json_decimal(c, target->px_places, &out->ask_px)); seen |= BIT(2); break;
        case 'A': GW_TRY(gw_json_decimal(c, target->qty_places, &out->ask_qty)); seen |= BIT(3); break;
        case 'u': GW_TRY(gw_json_u64(c, &out->meta.update_id)); seen |= BIT(4); break;
        case 's': GW_TRY(take_symbol(c, target)); seen |= BIT(5); break;
        case 'E': GW_TRY(take_time(c, &out->meta.ts_event)); break;
        case 'T': GW_TRY(take_time(c, &out->meta.ts_trade)); break;
        case 'e': GW_TRY(take_event(c, "bookTicker", 10)); break;
        default: GW_TRY(gw_json_skip_value(c)); break;
        }
        GW_TRY(gw_json_next(c, &more));
    } while (more);
    if (seen != BIT(6) - 1)
        return GW_ERR_MISSING;
    bool negative = out->bid_px < 0 || out->bid_qty < 0 || out->ask_px < 0 || out->ask_qty < 0;
    return negative ? GW_ERR_RANGE : GW_OK;
}

/* {"e":"trade","E":1795345200123,"s":"BTCUSDT","t":5400000001,"p":"91234.56000000","q":"0.00200000",
 *  "T":1795345200122,"m":true,"M":true}; USD-M also X. t: trade id; m: the buyer is the maker. */
gw_error gw_decode_trade(gw_cursor *c, const gw_target *target, gw_trade *out)
{
    unsigned seen = 0;
    bool more, maker = false;
    uint8_t scratch[GW_KEY_ROOM];
    gw_key key;
    clear_meta(&out->meta, GW_KIND_TRADE);
    GW_TRY(gw_json_open(c));
    if (gw_json_take_if(c, '}'))
        return GW_ERR_MISSING;
    do {
        GW_TRY(gw_json_key(c, &key, scratch));
        switch (key.code) {
        case 'e': GW_TRY(take_event(c, "trade", 5)); break;
        case 'E': GW_TRY(take_time(c, &out->meta.ts_event)); seen |= BIT(0); break;
        case 's': GW_TRY(take_symbol(c, target)); seen |= BIT(1); break;
        case 't': GW_TRY(gw_json_u64(c, &out->meta.update_id)); seen |= BIT(2); break;
        case 'p': GW_TRY(gw_json_decimal(c, target->px_places, &out->px)); seen |= BIT(3); break;
        case 'q': GW_TRY(gw_json_decimal(c, target->qty_places, &out->qty)); seen |= BIT(4); break;
        case 'T': GW_TRY(take_time(c, &out->meta.ts_trade)); seen |= BIT(5); break;
        case 'm': GW_TRY(gw_json_bool(c, &maker)); seen |= BIT(6); break;
        default: GW_TRY(gw_json_skip_value(c)); break;
        }
        GW_TRY(gw_json_next(c, &more));
    } while (more);
    out->meta.flags = maker ? GW_FLAG_BUYER_IS_MAKER : 0;
    out->first_trade_id = out->last_trade_id = out->meta.update_id;
    if (seen != BIT(7) - 1)
        return GW_ERR_MISSING;
    return out->px < 0 || out->qty < 0 ? GW_ERR_RANGE : GW_OK;
}

/* {"e":"aggTrade","E":1795345200123,"s":"BTCUSDT","a":3500000001,"p":"91234.56000000","q":"0.00500000",
 *  "f":5400000001,"l":5400000003,"T":1795345200122,"m":true,"M":true}; USD-M also nq, st.
 *  a: aggregate trade id; f, l: first and last trade in it. */
gw_error gw_decode_agg_trade(gw_cursor *c, const gw_target *target, gw_trade *out)
{
    unsigned seen = 0;
    bool more, maker = false;
    uint8_t scratch[GW_KEY_ROOM];
    gw_key key;
    clear_meta(&out->meta, GW_KIND_AGG_TRADE);
    GW_TRY(gw_json_open(c));
    if (gw_json_take_if(c, '}'))
        return GW_ERR_MISSING;
    do {
        GW_TRY(gw_json_key(c, &key, scratch));
        switch (key.code) {
        case 'e': GW_TRY(take_event(c, "aggTrade", 8)); break;
        case 'E': GW_TRY(take_time(c, &out->meta.ts_event)); seen |= BIT(0); break;
        case 's': GW_TRY(take_symbol(c, target)); seen |= BIT(1); break;
        case 'a': GW_TRY(gw_json_u64(c, &out->meta.update_id)); seen |= BIT(2); break;
        case 'p': GW_TRY(gw_json_decimal(c, target->px_places, &out->px)); seen |= BIT(3); break;
        case 'q': GW_TRY(gw_json_decimal(c, target->qty_places, &out->qty)); seen |= BIT(4); break;
        case 'f': GW_TRY(gw_json_u64(c, &out->first_trade_id)); seen |= BIT(5); break;
        case 'l': GW_TRY(gw_json_u64(c, &out->last_trade_id)); seen |= BIT(6); break;
        case 'T': GW_TRY(take_time(c, &out->meta.ts_trade)); seen |= BIT(7); break;
        case 'm': GW_TRY(gw_json_bool(c, &maker)); seen |= BIT(8); break;
        default: GW_TRY(gw_json_skip_value(c)); break;
        }
        GW_TRY(gw_json_next(c, &more));
    } while (more);
    out->meta.flags = maker ? GW_FLAG_BUYER_IS_MAKER : 0;
    if (seen != BIT(9) - 1)
        return GW_ERR_MISSING;
    return out->px < 0 || out->qty < 0 ? GW_ERR_RANGE : GW_OK;
}

/* A trade id, or a negative number where there was no trade in the window. */
static gw_error take_id_or_none(gw_cursor *c, uint64_t *out)
{
    bool none = c->p < c->end && *c->p == '-';
    c->p += none;
    GW_TRY(gw_json_u64(c, out));
    if (none)
        *out = 0;
    return GW_OK;
}

static void clear_ticker(gw_ticker *out)
{
    clear_meta(&out->meta, GW_KIND_TICKER);
    out->last_qty = out->bid_px = out->bid_qty = out->ask_px = out->ask_qty = GW_NULL;
    out->prev_close_px = out->change_px = out->change_percent = out->average_px = GW_NULL;
}

/* {"e":"24hrTicker","E":1795345201000,"s":"BTCUSDT","p":"1234.56000000","P":"1.372","w":"91000.12000000",
 *  "x":"90000.01000000","c":"91234.56000000","Q":"0.00500000","b":…,"B":…,"a":…,"A":…,"o":…,"h":…,"l":…,
 *  "v":"20000.00000000","q":"1820000000.00000000","O":1795258801000,"C":1795345201000,"F":…,"L":…,"n":…}
 *  p, P: change, in percent; w: weighted average; x: previous close; c, Q: last price, quantity. */
gw_error gw_decode_ticker(gw_cursor *c, const gw_target *target, gw_ticker *out)
{
    const int px = target->px_places, qty = target->qty_places, fixed = -GW_FIXED_EXPONENT;
    unsigned seen = 0;
    bool more;
    uint8_t scratch[GW_KEY_ROOM];
    gw_key key;
    clear_ticker(out);
    GW_TRY(gw_json_open(c));
    if (gw_json_take_if(c, '}'))
        return GW_ERR_MISSING;
    do {
        GW_TRY(gw_json_key(c, &key, scratch));
        switch (key.code) {
        case 'e': GW_TRY(take_event(c, "24hrTicker", 10)); break;
        case 'E': GW_TRY(take_time(c, &out->meta.ts_event)); seen |= BIT(0); break;
        case 's': GW_TRY(take_symbol(c, target)); seen |= BIT(1); break;
        case 'c': GW_TRY(gw_json_decimal(c, px, &out->last_px)); seen |= BIT(2); break;
        case 'o': GW_TRY(gw_json_decimal(c, px, &out->open_px)); seen |= BIT(3); break;
        case 'h': GW_TRY(gw_json_decimal(c, px, &out->high_px)); seen |= BIT(4); break;
        case 'l': GW_TRY(gw_json_decimal(c, px, &out->low_px)); seen |= BIT(5); break;
        case 'v': GW_TRY(gw_json_double(c, &out->volume)); seen |= BIT(6); break;
        case 'q': GW_TRY(gw_json_double(c, &out->quote_volume)); seen |= BIT(7); break;
        case 'O': GW_TRY(take_time(c, &out->open_time)); seen |= BIT(8); break;
        case 'C': GW_TRY(take_time(c, &out->close_time)); seen |= BIT(9); break;
        case 'F': GW_TRY(take_id_or_none(c, &out->first_trade_id)); seen |= BIT(10); break;
        case 'L': GW_TRY(take_id_or_none(c, &out->last_trade_id)); seen |= BIT(11); break;
        case 'n': GW_TRY(gw_json_u64(c, &out->trade_count)); seen |= BIT(12); break;
        case 'p': GW_TRY(take_decimal_or_null(c, px, &out->change_px)); break;
        case 'P': GW_TRY(take_decimal_or_null(c, fixed, &out->change_percent)); break;
        case 'w': GW_TRY(take_decimal_or_null(c, fixed, &out->average_px)); break;
        case 'x': GW_TRY(take_decimal_or_null(c, px, &out->prev_close_px)); break;
        case 'Q': GW_TRY(take_decimal_or_null(c, qty, &out->last_qty)); break;
        case 'b': GW_TRY(take_decimal_or_null(c, px, &out->bid_px)); break;
        case 'B': GW_TRY(take_decimal_or_null(c, qty, &out->bid_qty)); break;
        case 'a': GW_TRY(take_decimal_or_null(c, px, &out->ask_px)); break;
        case 'A': GW_TRY(take_decimal_or_null(c, qty, &out->ask_qty)); break;
        default: GW_TRY(gw_json_skip_value(c)); break;
        }
        GW_TRY(gw_json_next(c, &more));
    } while (more);
    out->meta.update_id = out->last_trade_id;
    return seen == BIT(13) - 1 ? GW_OK : GW_ERR_MISSING;
}

/* One ["price","quantity"], further items skipped (old frames carried an empty array). */
static gw_error take_level(gw_cursor *c, const gw_target *target, gw_level *out)
{
    GW_TRY(gw_json_take(c, '['));
    GW_TRY(gw_json_decimal(c, target->px_places, &out->px));
    GW_TRY(gw_json_take(c, ','));
    GW_TRY(gw_json_decimal(c, target->qty_places, &out->qty));
    while (GW_UNLIKELY(gw_json_take_if(c, ',')))
        GW_TRY(gw_json_skip_value(c));
    if (GW_UNLIKELY(out->qty < 0 || out->px <= 0))
        return GW_ERR_RANGE;
    return gw_json_take(c, ']');
}

/* [["91234.55000000","1.20000000"],…] */
static gw_error take_levels(gw_cursor *c, const gw_target *target, gw_level *out, uint32_t room, uint32_t *count)
{
    *count = 0;
    if (GW_UNLIKELY(c->p < c->end && *c->p != '['))
        return GW_ERR_TYPE;
    GW_TRY(gw_json_take(c, '['));
    if (gw_json_take_if(c, ']'))
        return GW_OK;
    do {
        if (GW_UNLIKELY(*count == room))
            return GW_ERR_RANGE;
        GW_TRY(take_level(c, target, &out[*count]));
        (*count)++;
    } while (gw_json_take_if(c, ','));
    return gw_json_take(c, ']');
}

static void clear_depth(gw_depth *out)
{
    out->ts_event = out->ts_trade = GW_NULL;
    out->first_update_id = out->last_update_id = out->prev_update_id = 0;
    out->bid_count = out->ask_count = 0;
}

enum { HAS_FIRST = BIT(0), HAS_LAST = BIT(1), HAS_PREV = BIT(2), HAS_BIDS = BIT(3), HAS_ASKS = BIT(4), HAS_SYMBOL = BIT(5), HAS_EVENT_TIME = BIT(6) };

/* {"e":"depthUpdate","E":1795345200123,"s":"BTCUSDT","U":70000000001,"u":70000000004,
 *  "b":[["91234.55000000","1.20000000"]],"a":[]}; futures also T, pu, ps, st.
 *  U, u: first and last update id in it; pu: the last one of the event before; quantity 0 removes. */
static gw_error decode_update(gw_cursor *c, const gw_target *target, gw_depth *out, unsigned *seen)
{
    bool more;
    uint8_t scratch[GW_KEY_ROOM];
    gw_key key;
    GW_TRY(gw_json_open(c));
    if (gw_json_take_if(c, '}'))
        return GW_ERR_MISSING;
    do {
        GW_TRY(gw_json_key(c, &key, scratch));
        switch (key.code) {
        case 'e': GW_TRY(take_event(c, "depthUpdate", 11)); break;
        case 'E': GW_TRY(take_time(c, &out->ts_event)); *seen |= HAS_EVENT_TIME; break;
        case 'T': GW_TRY(take_time(c, &out->ts_trade)); break;
        case 's': GW_TRY(take_symbol(c, target)); *seen |= HAS_SYMBOL; break;
        case 'U': GW_TRY(gw_json_u64(c, &out->first_update_id)); *seen |= HAS_FIRST; break;
        case 'u': GW_TRY(gw_json_u64(c, &out->last_update_id)); *seen |= HAS_LAST; break;
        case GW_KEY2('p', 'u'): GW_TRY(gw_json_u64(c, &out->prev_update_id)); *seen |= HAS_PREV; break;
        case 'b': GW_TRY(take_levels(c, target, out->bids, out->room, &out->bid_count)); *seen |= HAS_BIDS; break;
        case 'a': GW_TRY(take_levels(c, target, out->asks, out->room, &out->ask_count)); *seen |= HAS_ASKS; break;
        default: GW_TRY(gw_json_skip_value(c)); break;
        }
        GW_TRY(gw_json_next(c, &more));
    } while (more);
    return GW_OK;
}

gw_error gw_decode_depth(gw_cursor *c, const gw_target *target, gw_depth *out)
{
    unsigned seen = 0, wanted = HAS_FIRST | HAS_LAST | HAS_BIDS | HAS_ASKS | HAS_SYMBOL | HAS_EVENT_TIME;
    clear_depth(out);
    GW_TRY(decode_update(c, target, out, &seen));
    if (target->market != GW_MARKET_SPOT)
        wanted |= HAS_PREV;
    else
        out->prev_update_id = out->first_update_id - (out->first_update_id > 0);
    if ((seen & wanted) != wanted)
        return GW_ERR_MISSING;
    return out->first_update_id <= out->last_update_id ? GW_OK : GW_ERR_RANGE;
}

/* {"lastUpdateId":70000000010,"bids":[["91234.55000000","1.20000000"]],"asks":[…]}: spot partial depth,
 * and REST depth of every market (futures add E, T, symbol, pair). */
gw_error gw_decode_snapshot(gw_cursor *c, const gw_target *target, gw_depth *out)
{
    unsigned seen = 0;
    bool more;
    uint8_t scratch[GW_KEY_ROOM];
    gw_key key;
    clear_depth(out);
    GW_TRY(gw_json_open(c));
    if (gw_json_take_if(c, '}'))
        return GW_ERR_MISSING;
    do {
        GW_TRY(gw_json_key(c, &key, scratch));
        if (key.length == 12 && memcmp(key.p, "lastUpdateId", 12) == 0) {
            GW_TRY(gw_json_u64(c, &out->last_update_id));
            seen |= HAS_LAST;
        } else if (key.code == GW_KEY4('b', 'i', 'd', 's')) {
            GW_TRY(take_levels(c, target, out->bids, out->room, &out->bid_count));
            seen |= HAS_BIDS;
        } else if (key.code == GW_KEY4('a', 's', 'k', 's')) {
            GW_TRY(take_levels(c, target, out->asks, out->room, &out->ask_count));
            seen |= HAS_ASKS;
        } else if (key.code == 'E') {
            GW_TRY(take_time(c, &out->ts_event));
        } else if (key.code == 'T') {
            GW_TRY(take_time(c, &out->ts_trade));
        } else {
            GW_TRY(gw_json_skip_value(c));
        }
        GW_TRY(gw_json_next(c, &more));
    } while (more);
    out->first_update_id = out->last_update_id;
    return seen == (HAS_LAST | HAS_BIDS | HAS_ASKS) ? GW_OK : GW_ERR_MISSING;
}

/* Futures send partial depth in the shape of a diff; only the stream's name tells them apart. */
gw_error gw_decode_partial(gw_cursor *c, const gw_target *target, gw_depth *out)
{
    if (target->market == GW_MARKET_SPOT)
        return gw_decode_snapshot(c, target, out);
    return gw_decode_depth(c, target, out);
}
