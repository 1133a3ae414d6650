/* The order book: best bid and ask, diffs, partial depths, REST snapshots. */
#include "decode_common.h"

/* {"u":70000000001,"s":"BTCUSDT","b":"91234.55000000","B":"1.20000000","a":"91234.56000000","A":"0.98000000"}
 * futures also e, E, T, ps, st. u: update id; b, B: best bid price, quantity; a, A: best ask. */
gw_error gw_decode_quote(gw_cursor *c, const gw_target *target, gw_quote *out)
{
    unsigned seen = 0;
    bool more;
    uint8_t scratch[GW_KEY_ROOM];
    gw_key key;
    clear_event(&out->meta, sizeof *out, GW_KIND_QUOTE);
    out->meta.source = GW_SOURCE_BOOK_TICKER;
    GW_TRY(open_object(c, &more));
    while (more) {
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
        case 'e': GW_TRY(TAKE_EVENT(c, "bookTicker")); break;
        default: GW_TRY(gw_json_skip_value(c)); break;
        }
        GW_TRY(gw_json_next(c, &more));
    }
    if (is_incomplete(target, seen, BIT(6) - 1, BIT(4)))
        return GW_ERR_MISSING;
    bool negative = out->bid_px < 0 || out->bid_qty < 0 || out->ask_px < 0 || out->ask_qty < 0;
    return negative ? GW_ERR_RANGE : GW_OK;
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

enum {
    HAS_FIRST = BIT(0),
    HAS_LAST = BIT(1),
    HAS_PREV = BIT(2),
    HAS_BIDS = BIT(3),
    HAS_ASKS = BIT(4),
    HAS_SYMBOL = BIT(5),
    HAS_EVENT_TIME = BIT(6)
};

/* {"e":"depthUpdate","E":1795345200123,"s":"BTCUSDT","U":70000000001,"u":70000000004,
 *  "b":[["91234.55000000","1.20000000"]],"a":[]}; futures also T, pu, ps, st.
 *  U, u: first and last update id in it; pu: the last one of the event before; quantity 0 removes. */
static gw_error decode_update(gw_cursor *c, const gw_target *target, gw_depth *out, unsigned *seen)
{
    bool more;
    uint8_t scratch[GW_KEY_ROOM];
    gw_key key;
    GW_TRY(open_object(c, &more));
    while (more) {
        GW_TRY(gw_json_key(c, &key, scratch));
        switch (key.code) {
        case 'e': GW_TRY(TAKE_EVENT(c, "depthUpdate")); break;
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
    }
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
    GW_TRY(open_object(c, &more));
    while (more) {
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
    }
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
