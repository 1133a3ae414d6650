/* Prices off the tick: mark price, index price, average, reference and composite index. */
#include "decode_common.h"

enum { HAS_TIME = BIT(0), HAS_SYMBOL = BIT(1), HAS_PRICE = BIT(2), PRICE_WANTED = BIT(3) - 1 };

static void clear_mark(gw_mark *out, uint8_t kind)
{
    clear_event(&out->meta, sizeof *out, kind);
    out->mark_px = out->mark_average_px = out->index_px = out->settle_px = GW_NULL;
    out->funding_rate = out->next_funding_time = GW_NULL;
}

/* {"e":"markPriceUpdate","E":1795345201000,"s":"BTCUSDT","p":"91231.55000000","ap":"91230.90000000",
 *  "i":"91240.12345678","P":"91238.00000000","r":"0.00010000","T":1795363200000,"st":1}; COIN-M no ap.
 *  p: mark price; ap: its moving average; i: index; P: estimated settlement price; r, T: funding rate
 *  and time of the next funding, "" and 0 for delivery contracts. */
gw_error gw_decode_mark_price(gw_cursor *c, const gw_target *target, gw_mark *out)
{
    unsigned seen = 0;
    bool more;
    uint8_t scratch[GW_KEY_ROOM];
    gw_key key;
    clear_mark(out, GW_KIND_MARK_PRICE);
    GW_TRY(open_object(c, &more));
    while (more) {
        GW_TRY(gw_json_key(c, &key, scratch));
        switch (key.code) {
        case 'e': GW_TRY(TAKE_EVENT(c, "markPriceUpdate")); break;
        case 'E': GW_TRY(take_time(c, &out->meta.ts_event)); seen |= HAS_TIME; break;
        case 's': GW_TRY(take_symbol(c, target)); seen |= HAS_SYMBOL; break;
        case 'p': GW_TRY(gw_json_decimal(c, FIXED_PLACES, &out->mark_px)); seen |= HAS_PRICE; break;
        case KEY2('a', 'p'): GW_TRY(take_decimal_or_null(c, FIXED_PLACES, &out->mark_average_px)); break;
        case 'i': GW_TRY(take_decimal_or_null(c, FIXED_PLACES, &out->index_px)); break;
        case 'P': GW_TRY(take_decimal_or_null(c, FIXED_PLACES, &out->settle_px)); break;
        case 'r': GW_TRY(take_decimal_or_null(c, FIXED_PLACES, &out->funding_rate)); break;
        case 'T': GW_TRY(take_time_or_null(c, &out->next_funding_time)); break;
        default: GW_TRY(gw_json_skip_value(c)); break;
        }
        GW_TRY(gw_json_next(c, &more));
    }
    return seen == PRICE_WANTED ? GW_OK : GW_ERR_MISSING;
}

/* {"e":"indexPriceUpdate","E":1795345200000,"i":"BTCUSD","p":"91236.57860000"}
 * i: the pair, which some frames call s; p: the index price. */
gw_error gw_decode_index_price(gw_cursor *c, const gw_target *target, gw_mark *out)
{
    unsigned seen = 0;
    bool more;
    uint8_t scratch[GW_KEY_ROOM];
    gw_key key;
    clear_mark(out, GW_KIND_INDEX_PRICE);
    GW_TRY(open_object(c, &more));
    while (more) {
        GW_TRY(gw_json_key(c, &key, scratch));
        switch (key.code) {
        case 'e': GW_TRY(TAKE_EVENT(c, "indexPriceUpdate")); break;
        case 'E': GW_TRY(take_time(c, &out->meta.ts_event)); seen |= HAS_TIME; break;
        case 'i':
        case 's': GW_TRY(take_symbol(c, target)); seen |= HAS_SYMBOL; break;
        case 'p': GW_TRY(gw_json_decimal(c, FIXED_PLACES, &out->index_px)); seen |= HAS_PRICE; break;
        default: GW_TRY(gw_json_skip_value(c)); break;
        }
        GW_TRY(gw_json_next(c, &more));
    }
    return seen == PRICE_WANTED ? GW_OK : GW_ERR_MISSING;
}

/* {"e":"avgPrice","E":1795345201000,"s":"BTCUSDT","i":"5m","w":"91222.33000000","T":1795345200999}
 * i: averaged over; w: the average; T: time of the last trade. */
gw_error gw_decode_average_price(gw_cursor *c, const gw_target *target, gw_price *out)
{
    unsigned seen = 0;
    bool more;
    uint8_t scratch[GW_KEY_ROOM];
    gw_key key;
    clear_event(&out->meta, sizeof *out, GW_KIND_AVERAGE_PRICE);
    GW_TRY(open_object(c, &more));
    while (more) {
        GW_TRY(gw_json_key(c, &key, scratch));
        switch (key.code) {
        case 'e': GW_TRY(TAKE_EVENT(c, "avgPrice")); break;
        case 'E': GW_TRY(take_time(c, &out->meta.ts_event)); seen |= HAS_TIME; break;
        case 's': GW_TRY(take_symbol(c, target)); seen |= HAS_SYMBOL; break;
        case 'i': GW_TRY(TAKE_TEXT(c, out->interval)); break;
        case 'w': GW_TRY(gw_json_decimal(c, FIXED_PLACES, &out->px)); seen |= HAS_PRICE; break;
        case 'T': GW_TRY(take_time(c, &out->meta.ts_trade)); break;
        default: GW_TRY(gw_json_skip_value(c)); break;
        }
        GW_TRY(gw_json_next(c, &more));
    }
    return seen == PRICE_WANTED ? GW_OK : GW_ERR_MISSING;
}

/* {"e":"referencePrice","s":"BTCUSDT","r":"91230.00000000","t":1795345200917}
 * r: null where the venue has none; t: the engine's time, the only one in it. */
gw_error gw_decode_reference_price(gw_cursor *c, const gw_target *target, gw_price *out)
{
    unsigned seen = 0;
    bool more;
    uint8_t scratch[GW_KEY_ROOM];
    gw_key key;
    clear_event(&out->meta, sizeof *out, GW_KIND_REFERENCE_PRICE);
    GW_TRY(open_object(c, &more));
    while (more) {
        GW_TRY(gw_json_key(c, &key, scratch));
        switch (key.code) {
        case 'e': GW_TRY(TAKE_EVENT(c, "referencePrice")); break;
        case 'E': GW_TRY(take_time(c, &out->meta.ts_event)); break;
        case 's': GW_TRY(take_symbol(c, target)); seen |= HAS_SYMBOL; break;
        case 'r': GW_TRY(take_decimal_or_null(c, FIXED_PLACES, &out->px)); seen |= HAS_PRICE; break;
        case 't': GW_TRY(take_time(c, &out->meta.ts_trade)); seen |= HAS_TIME; break;
        default: GW_TRY(gw_json_skip_value(c)); break;
        }
        GW_TRY(gw_json_next(c, &more));
    }
    return seen == PRICE_WANTED ? GW_OK : GW_ERR_MISSING;
}

/* {"e":"compositeIndex","E":1795345201000,"s":"DEFIUSDT","p":"554.41604065","C":"baseAsset","c":[{…}]}
 * c: the assets in it, {"b":"AAVE","q":"USDT","w":"1.04884844","W":"0.01457800","i":"180.33521021"} each. */
gw_error gw_decode_composite_index(gw_cursor *c, const gw_target *target, gw_price *out)
{
    unsigned seen = 0;
    bool more;
    uint8_t scratch[GW_KEY_ROOM];
    gw_key key;
    clear_event(&out->meta, sizeof *out, GW_KIND_COMPOSITE_INDEX);
    GW_TRY(open_object(c, &more));
    while (more) {
        GW_TRY(gw_json_key(c, &key, scratch));
        switch (key.code) {
        case 'e': GW_TRY(TAKE_EVENT(c, "compositeIndex")); break;
        case 'E': GW_TRY(take_time(c, &out->meta.ts_event)); seen |= HAS_TIME; break;
        case 's': GW_TRY(take_symbol(c, target)); seen |= HAS_SYMBOL; break;
        case 'p': GW_TRY(gw_json_decimal(c, FIXED_PLACES, &out->px)); seen |= HAS_PRICE; break;
        case 'c': GW_TRY(gw_take_count(c, &out->component_count)); break;
        default: GW_TRY(gw_json_skip_value(c)); break;
        }
        GW_TRY(gw_json_next(c, &more));
    }
    return seen == PRICE_WANTED ? GW_OK : GW_ERR_MISSING;
}
