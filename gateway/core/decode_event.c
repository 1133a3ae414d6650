/* What happens now and then: liquidations, contract listings, asset indices, trading sessions. */
#include "decode_common.h"

enum { ORDER_WANTED = BIT(4) - 1 };

/* A side we do not know is none: the order still counts. */
static gw_error take_side(gw_cursor *c, uint32_t *out)
{
    gw_text text;
    uint8_t plain[16];
    GW_TRY(gw_take_plain(c, plain, sizeof plain, &text));
    *out = gw_text_is(&text, "BUY", 3) ? GW_SIDE_BUY : gw_text_is(&text, "SELL", 4) ? GW_SIDE_SELL : GW_SIDE_NONE;
    return GW_OK;
}

/* {"s":"BTCUSDT","S":"SELL","o":"LIMIT","f":"IOC","q":"0.014","p":"91100.00","ap":"91120.10","X":"FILLED",
 *  "l":"0.014","z":"0.014","T":1795345200890}; COIN-M also ps.
 *  S: side; o: type; f: time in force; ap: average price; X: status; l, z: last and all filled quantity.
 *  Of an order sent twice the last counts, so `seen` and what may be absent begin anew. */
static gw_error take_order(gw_cursor *c, const gw_target *target, gw_liquidation *out, unsigned *seen)
{
    const int px = target->px_places, qty = target->qty_places;
    bool more;
    uint8_t scratch[GW_KEY_ROOM];
    gw_key key;
    *seen = 0;
    memset(&out->px, 0, sizeof *out - offsetof(gw_liquidation, px));
    out->meta.ts_trade = out->average_px = out->last_filled_qty = out->filled_qty = GW_NULL;
    GW_TRY(open_object(c, &more));
    while (more) {
        GW_TRY(gw_json_key(c, &key, scratch));
        switch (key.code) {
        case 's': GW_TRY(take_symbol(c, target)); *seen |= BIT(0); break;
        case 'S': GW_TRY(take_side(c, &out->side)); *seen |= BIT(1); break;
        case 'q': GW_TRY(gw_json_decimal(c, qty, &out->qty)); *seen |= BIT(2); break;
        case 'p': GW_TRY(gw_json_decimal(c, px, &out->px)); *seen |= BIT(3); break;
        case KEY2('a', 'p'): GW_TRY(take_decimal_or_null(c, FIXED_PLACES, &out->average_px)); break;
        case 'l': GW_TRY(take_decimal_or_null(c, qty, &out->last_filled_qty)); break;
        case 'z': GW_TRY(take_decimal_or_null(c, qty, &out->filled_qty)); break;
        case 'o': GW_TRY(TAKE_TEXT(c, out->order_type)); break;
        case 'f': GW_TRY(TAKE_TEXT(c, out->time_in_force)); break;
        case 'X': GW_TRY(TAKE_TEXT(c, out->order_status)); break;
        case 'T': GW_TRY(take_time(c, &out->meta.ts_trade)); break;
        default: GW_TRY(gw_json_skip_value(c)); break;
        }
        GW_TRY(gw_json_next(c, &more));
    }
    return GW_OK;
}

/* {"e":"forceOrder","E":1795345200893,"o":{…}}; !forceOrder@arr also ps, st. */
gw_error gw_decode_liquidation(gw_cursor *c, const gw_target *target, gw_liquidation *out)
{
    unsigned seen = 0;
    bool more, timed = false;
    uint8_t scratch[GW_KEY_ROOM];
    gw_key key;
    clear_event(&out->meta, sizeof *out, GW_KIND_LIQUIDATION);
    GW_TRY(open_object(c, &more));
    while (more) {
        GW_TRY(gw_json_key(c, &key, scratch));
        switch (key.code) {
        case 'e': GW_TRY(TAKE_EVENT(c, "forceOrder")); break;
        case 'E': GW_TRY(take_time(c, &out->meta.ts_event)); timed = true; break;
        case 'o': GW_TRY(take_order(c, target, out, &seen)); break;
        default: GW_TRY(gw_json_skip_value(c)); break;
        }
        GW_TRY(gw_json_next(c, &more));
    }
    if (!timed || seen != ORDER_WANTED)
        return GW_ERR_MISSING;
    return out->px < 0 || out->qty < 0 ? GW_ERR_RANGE : GW_OK;
}

/* {"e":"contractInfo","E":1795345200908,"s":"IOTAUSDT","ps":"IOTAUSDT","ct":"PERPETUAL","dt":4133404800000,
 *  "ot":1569398400000,"cs":"TRADING","bks":[{"bs":1,"bnf":0,"bnc":5000,"mmr":0.01,"cf":0,"mi":21,"ma":50}],"st":1}
 *  ps: pair; ct, cs: type and status of the contract; dt, ot: delivery and onboarding; bks: leverage
 *  brackets, there when they change. */
gw_error gw_decode_contract(gw_cursor *c, const gw_target *target, gw_contract *out)
{
    unsigned seen = 0;
    bool more;
    uint32_t brackets = 0;
    uint8_t scratch[GW_KEY_ROOM];
    gw_key key;
    clear_event(&out->meta, sizeof *out, GW_KIND_CONTRACT_INFO);
    out->delivery_time = out->onboard_time = GW_NULL;
    GW_TRY(open_object(c, &more));
    while (more) {
        GW_TRY(gw_json_key(c, &key, scratch));
        switch (key.code) {
        case 'e': GW_TRY(TAKE_EVENT(c, "contractInfo")); break;
        case 'E': GW_TRY(take_time(c, &out->meta.ts_event)); seen |= BIT(0); break;
        case 's': GW_TRY(take_symbol(c, target)); seen |= BIT(1); break;
        case KEY2('c', 's'): GW_TRY(TAKE_TEXT(c, out->contract_status)); seen |= BIT(2); break;
        case KEY2('p', 's'): GW_TRY(TAKE_TEXT(c, out->pair)); break;
        case KEY2('c', 't'): GW_TRY(TAKE_TEXT(c, out->contract_type)); break;
        case KEY2('d', 't'): GW_TRY(take_time_or_null(c, &out->delivery_time)); break;
        case KEY2('o', 't'): GW_TRY(take_time_or_null(c, &out->onboard_time)); break;
        case GW_KEY4('b', 'k', 's', 0): GW_TRY(gw_take_count(c, &brackets)); break;
        default: GW_TRY(gw_json_skip_value(c)); break;
        }
        GW_TRY(gw_json_next(c, &more));
    }
    out->has_brackets = brackets > 0;
    return seen == BIT(3) - 1 ? GW_OK : GW_ERR_MISSING;
}

/* {"e":"assetIndexUpdate","E":1795345200000,"s":"ADAUSD","i":"0.27462452","b":"0.10000000","a":"0.10000000",
 *  "B":"0.24716207","A":"0.30208698","q":"0.05000000","g":"0.05000000","Q":"0.26089330","G":"0.28835575"}
 *  i: index; b, a: bid and ask buffer; B, A: bid and ask rate; q, g, Q, G: the same of automatic exchange. */
gw_error gw_decode_asset_index(gw_cursor *c, const gw_target *target, gw_asset *out)
{
    unsigned seen = 0;
    bool more;
    uint8_t scratch[GW_KEY_ROOM];
    gw_key key;
    clear_event(&out->meta, sizeof *out, GW_KIND_ASSET_INDEX);
    out->bid_buffer = out->ask_buffer = out->bid_rate = out->ask_rate = GW_NULL;
    out->auto_bid_buffer = out->auto_ask_buffer = out->auto_bid_rate = out->auto_ask_rate = GW_NULL;
    GW_TRY(open_object(c, &more));
    while (more) {
        GW_TRY(gw_json_key(c, &key, scratch));
        switch (key.code) {
        case 'e': GW_TRY(TAKE_EVENT(c, "assetIndexUpdate")); break;
        case 'E': GW_TRY(take_time(c, &out->meta.ts_event)); seen |= BIT(0); break;
        case 's': GW_TRY(take_symbol(c, target)); seen |= BIT(1); break;
        case 'i': GW_TRY(gw_json_decimal(c, FIXED_PLACES, &out->index_px)); seen |= BIT(2); break;
        case 'b': GW_TRY(take_decimal_or_null(c, FIXED_PLACES, &out->bid_buffer)); break;
        case 'a': GW_TRY(take_decimal_or_null(c, FIXED_PLACES, &out->ask_buffer)); break;
        case 'B': GW_TRY(take_decimal_or_null(c, FIXED_PLACES, &out->bid_rate)); break;
        case 'A': GW_TRY(take_decimal_or_null(c, FIXED_PLACES, &out->ask_rate)); break;
        case 'q': GW_TRY(take_decimal_or_null(c, FIXED_PLACES, &out->auto_bid_buffer)); break;
        case 'g': GW_TRY(take_decimal_or_null(c, FIXED_PLACES, &out->auto_ask_buffer)); break;
        case 'Q': GW_TRY(take_decimal_or_null(c, FIXED_PLACES, &out->auto_bid_rate)); break;
        case 'G': GW_TRY(take_decimal_or_null(c, FIXED_PLACES, &out->auto_ask_rate)); break;
        default: GW_TRY(gw_json_skip_value(c)); break;
        }
        GW_TRY(gw_json_next(c, &more));
    }
    return seen == BIT(3) - 1 ? GW_OK : GW_ERR_MISSING;
}

/* "e" is <underlying>Update: one stream carries the sessions of several underlying markets. */
static gw_error take_underlying(gw_cursor *c, gw_session *out)
{
    static const char update[] = "Update";
    const size_t tail = sizeof update - 1;
    gw_text text;
    uint8_t plain[32];
    GW_TRY(gw_take_plain(c, plain, sizeof plain, &text));
    if (text.length <= tail || memcmp(text.p + text.length - tail, update, tail) != 0)
        return GW_ERR_MISMATCH;
    if (text.length - tail > sizeof out->underlying)
        return GW_ERR_RANGE;
    memset(out->underlying, 0, sizeof out->underlying);
    memcpy(out->underlying, text.p, text.length - tail);
    return GW_OK;
}

/* {"e":"EquityUpdate","E":1795345200062,"t":1795338000000,"T":1795366800000,"S":"OVERNIGHT"}
 * t, T: begin and end of the session. */
gw_error gw_decode_session(gw_cursor *c, const gw_target *target, gw_session *out)
{
    unsigned seen = 0;
    bool more;
    uint8_t scratch[GW_KEY_ROOM];
    gw_key key;
    (void)target; /* it is nobody's */
    clear_event(&out->meta, sizeof *out, GW_KIND_TRADING_SESSION);
    GW_TRY(open_object(c, &more));
    while (more) {
        GW_TRY(gw_json_key(c, &key, scratch));
        switch (key.code) {
        case 'e': GW_TRY(take_underlying(c, out)); seen |= BIT(0); break;
        case 'E': GW_TRY(take_time(c, &out->meta.ts_event)); seen |= BIT(1); break;
        case 't': GW_TRY(take_time(c, &out->start_time)); seen |= BIT(2); break;
        case 'T': GW_TRY(take_time(c, &out->end_time)); seen |= BIT(3); break;
        case 'S': GW_TRY(TAKE_TEXT(c, out->session)); seen |= BIT(4); break;
        default: GW_TRY(gw_json_skip_value(c)); break;
        }
        GW_TRY(gw_json_next(c, &more));
    }
    return seen == BIT(5) - 1 ? GW_OK : GW_ERR_MISSING;
}
