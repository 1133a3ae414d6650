/* Trades, block trades and aggregate trades. */
#include "decode_common.h"

enum { TRADE_WANTED = BIT(7) - 1 };

static void clear_trade(gw_trade *out, uint8_t kind)
{
    clear_event(&out->meta, sizeof *out, kind);
    out->normal_qty = GW_NULL;
}

static gw_error take_trade_event(gw_cursor *c, bool block)
{
    return block ? TAKE_EVENT(c, "blockTrade") : TAKE_EVENT(c, "trade");
}

/* {"e":"trade","E":1795345200123,"s":"BTCUSDT","t":5400000001,"p":"91234.56000000","q":"0.00200000",
 *  "T":1795345200122,"m":true,"M":true}; USD-M also X; blockTrade (spot) the same without M.
 *  t: trade id; T: trade time; m: the buyer was the maker. */
static inline gw_error decode_trade(gw_cursor *c, const gw_target *target, gw_trade *out, bool block)
{
    unsigned seen = 0;
    bool more, maker = false;
    uint8_t scratch[GW_KEY_ROOM];
    gw_key key;
    clear_trade(out, block ? GW_KIND_BLOCK_TRADE : GW_KIND_TRADE);
    GW_TRY(open_object(c, &more));
    while (more) {
        GW_TRY(gw_json_key(c, &key, scratch));
        switch (key.code) {
        case 'e': GW_TRY(take_trade_event(c, block)); break;
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
    }
    out->meta.flags = maker ? GW_FLAG_BUYER_IS_MAKER : 0;
    out->first_trade_id = out->last_trade_id = out->meta.update_id;
    if (is_incomplete(target, seen, TRADE_WANTED, BIT(0)))
        return GW_ERR_MISSING;
    return out->px < 0 || out->qty < 0 ? GW_ERR_RANGE : GW_OK;
}

gw_error gw_decode_trade(gw_cursor *c, const gw_target *target, gw_trade *out)
{
    return decode_trade(c, target, out, false);
}

gw_error gw_decode_block_trade(gw_cursor *c, const gw_target *target, gw_trade *out)
{
    return decode_trade(c, target, out, true);
}

/* {"e":"aggTrade","E":1795345200123,"s":"BTCUSDT","a":3500000001,"p":"91234.56000000","q":"0.00500000",
 *  "f":5400000001,"l":5400000003,"T":1795345200122,"m":true,"M":true}; USD-M also nq, st.
 *  a: aggregate trade id; f, l: first and last trade in it; nq: quantity without RPI orders. */
gw_error gw_decode_agg_trade(gw_cursor *c, const gw_target *target, gw_trade *out)
{
    unsigned seen = 0;
    bool more, maker = false;
    uint8_t scratch[GW_KEY_ROOM];
    gw_key key;
    clear_trade(out, GW_KIND_AGG_TRADE);
    GW_TRY(open_object(c, &more));
    while (more) {
        GW_TRY(gw_json_key(c, &key, scratch));
        switch (key.code) {
        case 'e': GW_TRY(TAKE_EVENT(c, "aggTrade")); break;
        case 'E': GW_TRY(take_time(c, &out->meta.ts_event)); seen |= BIT(0); break;
        case 's': GW_TRY(take_symbol(c, target)); seen |= BIT(1); break;
        case 'a': GW_TRY(gw_json_u64(c, &out->meta.update_id)); seen |= BIT(2); break;
        case 'p': GW_TRY(gw_json_decimal(c, target->px_places, &out->px)); seen |= BIT(3); break;
        case 'q': GW_TRY(gw_json_decimal(c, target->qty_places, &out->qty)); seen |= BIT(4); break;
        case 'f': GW_TRY(gw_json_u64(c, &out->first_trade_id)); seen |= BIT(5); break;
        case 'l': GW_TRY(gw_json_u64(c, &out->last_trade_id)); seen |= BIT(6); break;
        case 'T': GW_TRY(take_time(c, &out->meta.ts_trade)); seen |= BIT(7); break;
        case 'm': GW_TRY(gw_json_bool(c, &maker)); seen |= BIT(8); break;
        case KEY2('n', 'q'): GW_TRY(take_decimal_or_null(c, target->qty_places, &out->normal_qty)); break;
        default: GW_TRY(gw_json_skip_value(c)); break;
        }
        GW_TRY(gw_json_next(c, &more));
    }
    out->meta.flags = maker ? GW_FLAG_BUYER_IS_MAKER : 0;
    if (is_incomplete(target, seen, BIT(9) - 1, BIT(0)))
        return GW_ERR_MISSING;
    const bool negative = out->px < 0 || out->qty < 0 || (out->normal_qty < 0 && out->normal_qty != GW_NULL);
    return negative ? GW_ERR_RANGE : GW_OK;
}
