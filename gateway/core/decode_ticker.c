/* Statistics of a rolling window: 24hrTicker, 24hrMiniTicker, and 1hTicker, 4hTicker, 1dTicker. */
#include "decode_common.h"

enum {
    MINI_WANTED = BIT(8) - 1,
    FULL_WANTED = BIT(13) - 1
};

static void clear_ticker(gw_ticker *out, uint8_t kind)
{
    clear_event(&out->meta, sizeof *out, kind);
    out->last_qty = out->bid_px = out->bid_qty = out->ask_px = out->ask_qty = GW_NULL;
    out->prev_close_px = out->change_px = out->change_percent = out->average_px = GW_NULL;
    out->open_time = out->close_time = GW_NULL;
}

/* Any of the windows: which one it is, the stream's name says. */
static gw_error take_window_event(gw_cursor *c)
{
    static const char *const names[] = {"\"1hTicker\"", "\"4hTicker\"", "\"1dTicker\""};
    gw_cursor from = *c;
    gw_error error = GW_ERR_MISMATCH;
    for (size_t i = 0; i < 3 && error == GW_ERR_MISMATCH; i++) {
        *c = from;
        error = take_word(c, names[i], 10);
    }
    return error;
}

static gw_error take_ticker_event(gw_cursor *c, uint8_t kind)
{
    switch (kind) {
    case GW_KIND_TICKER: return TAKE_EVENT(c, "24hrTicker");
    case GW_KIND_MINI_TICKER: return TAKE_EVENT(c, "24hrMiniTicker");
    default: return take_window_event(c);
    }
}

/* {"e":"24hrTicker","E":1795345201000,"s":"BTCUSDT","p":"1234.56000000","P":"1.372","w":"91000.12000000",
 *  "x":"90000.01000000","c":"91234.56000000","Q":"0.00500000","b":…,"B":…,"a":…,"A":…,"o":…,"h":…,"l":…,
 *  "v":"20000.00000000","q":"1820000000.00000000","O":1795258801000,"C":1795345201000,"F":…,"L":…,"n":…}
 *  p, P: change, in percent; w: weighted average; x: previous close; c, Q: last price, quantity.
 *  Futures and the other windows send no x, b, B, a, A; mini tickers nothing but c, o, h, l, v, q. */
static gw_error decode_ticker(gw_cursor *c, const gw_target *target, gw_ticker *out, uint8_t kind)
{
    const int px = target->px_places, qty = target->qty_places;
    const unsigned wanted = kind == GW_KIND_MINI_TICKER ? MINI_WANTED : FULL_WANTED;
    unsigned seen = 0;
    bool more;
    uint8_t scratch[GW_KEY_ROOM];
    gw_key key;
    clear_ticker(out, kind);
    GW_TRY(open_object(c, &more));
    while (more) {
        GW_TRY(gw_json_key(c, &key, scratch));
        switch (key.code) {
        case 'e': GW_TRY(take_ticker_event(c, kind)); break;
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
        case 'P': GW_TRY(take_decimal_or_null(c, FIXED_PLACES, &out->change_percent)); break;
        case 'w': GW_TRY(take_decimal_or_null(c, FIXED_PLACES, &out->average_px)); break;
        case 'x': GW_TRY(take_decimal_or_null(c, px, &out->prev_close_px)); break;
        case 'Q': GW_TRY(take_decimal_or_null(c, qty, &out->last_qty)); break;
        case 'b': GW_TRY(take_decimal_or_null(c, px, &out->bid_px)); break;
        case 'B': GW_TRY(take_decimal_or_null(c, qty, &out->bid_qty)); break;
        case 'a': GW_TRY(take_decimal_or_null(c, px, &out->ask_px)); break;
        case 'A': GW_TRY(take_decimal_or_null(c, qty, &out->ask_qty)); break;
        default: GW_TRY(gw_json_skip_value(c)); break;
        }
        GW_TRY(gw_json_next(c, &more));
    }
    out->meta.update_id = out->last_trade_id;
    return (seen & wanted) == wanted ? GW_OK : GW_ERR_MISSING;
}

gw_error gw_decode_ticker(gw_cursor *c, const gw_target *target, gw_ticker *out)
{
    return decode_ticker(c, target, out, GW_KIND_TICKER);
}

gw_error gw_decode_mini_ticker(gw_cursor *c, const gw_target *target, gw_ticker *out)
{
    return decode_ticker(c, target, out, GW_KIND_MINI_TICKER);
}

gw_error gw_decode_window_ticker(gw_cursor *c, const gw_target *target, gw_ticker *out)
{
    return decode_ticker(c, target, out, GW_KIND_WINDOW_TICKER);
}
