/* Candles: of trades, of a continuous contract, of an index price, of a mark price. */
#include "decode_common.h"

enum { CANDLE_WANTED = BIT(15) - 1, NS_PER_MS = 1000000 };

/* Whose a frame says it is. A continuous contract's row is named <pair>_<contract type>. */
typedef struct owner {
    bool named; /* the symbol, or an index price's pair, was there and is the stream's */
    gw_text pair;
    gw_text type;
    uint8_t pair_room[32];
    uint8_t type_room[32];
} owner;

static bool is_off_the_tick(const gw_target *target)
{
    return target->kind == GW_KIND_INDEX_KLINE || target->kind == GW_KIND_MARK_KLINE;
}

static gw_error take_kline_event(gw_cursor *c, uint8_t kind)
{
    switch (kind) {
    case GW_KIND_KLINE: return TAKE_EVENT(c, "kline");
    case GW_KIND_CONTINUOUS_KLINE: return TAKE_EVENT(c, "continuous_kline");
    case GW_KIND_INDEX_KLINE: return TAKE_EVENT(c, "indexPrice_kline");
    default: return TAKE_EVENT(c, "markPrice_kline");
    }
}

/* A name that must be the stream's where the kind `has` it there; else no concern of ours. */
static gw_error take_name(gw_cursor *c, const gw_target *target, bool has, bool *named)
{
    if (!has)
        return gw_json_skip_value(c);
    *named = true;
    return take_symbol(c, target);
}

static gw_error take_pair(gw_cursor *c, const gw_target *target, owner *whose)
{
    if (target->kind == GW_KIND_CONTINUOUS_KLINE)
        return gw_take_plain(c, whose->pair_room, sizeof whose->pair_room, &whose->pair);
    return take_name(c, target, target->kind == GW_KIND_INDEX_KLINE, &whose->named);
}

static gw_error take_contract_type(gw_cursor *c, const gw_target *target, owner *whose)
{
    if (target->kind == GW_KIND_CONTINUOUS_KLINE)
        return gw_take_plain(c, whose->type_room, sizeof whose->type_room, &whose->type);
    return gw_json_skip_value(c);
}

static gw_error check_owner(const gw_target *target, const owner *whose)
{
    if (target->kind != GW_KIND_CONTINUOUS_KLINE)
        return whose->named ? GW_OK : GW_ERR_MISSING;
    if (!whose->pair.p || !whose->type.p)
        return GW_ERR_MISSING;
    const uint8_t *name = target->symbol;
    const size_t pair = whose->pair.length, type = whose->type.length, length = target->symbol_length;
    const bool fits = pair < length && type == length - pair - 1 && name[pair] == '_';
    const bool same = fits && memcmp(name, whose->pair.p, pair) == 0 && memcmp(name + pair + 1, whose->type.p, type) == 0;
    return same ? GW_OK : GW_ERR_MISMATCH;
}

/* {"t":1795345200000,"T":1795345259999,"s":"BTCUSDT","i":"1m","f":5400000001,"L":5400000090,"o":…,"c":…,
 *  "h":…,"l":…,"v":"12.34500000","n":90,"x":false,"q":"1126245.12000000","V":"6.10000000","Q":"556500.00000000"}
 *  t, T: first and last moment; f, L: first and last trade (-1: none); n: trades; x: closed;
 *  v, q: volume in base and quote asset; V, Q: of it bought by takers. s: "0" for an index price.
 *  Of a candle sent twice the last counts, so `seen` and the name inside begin anew. */
static gw_error take_candle(gw_cursor *c, const gw_target *target, gw_kline *out, unsigned *seen, owner *whose)
{
    const int px = is_off_the_tick(target) ? FIXED_PLACES : target->px_places;
    const bool is_mark = target->kind == GW_KIND_MARK_KLINE;
    bool more, closed = false, named = false;
    uint8_t scratch[GW_KEY_ROOM];
    gw_key key;
    *seen = 0;
    GW_TRY(open_object(c, &more));
    while (more) {
        GW_TRY(gw_json_key(c, &key, scratch));
        switch (key.code) {
        case 't': GW_TRY(take_time(c, &out->open_time)); *seen |= BIT(0); break;
        case 'T': GW_TRY(take_time(c, &out->close_time)); *seen |= BIT(1); break;
        case 's': GW_TRY(take_name(c, target, is_mark || target->kind == GW_KIND_KLINE, &named)); break;
        case 'i': GW_TRY(TAKE_TEXT(c, out->interval)); *seen |= BIT(2); break;
        case 'f': GW_TRY(take_id_or_none(c, &out->first_trade_id)); *seen |= BIT(3); break;
        case 'L': GW_TRY(take_id_or_none(c, &out->last_trade_id)); *seen |= BIT(4); break;
        case 'o': GW_TRY(gw_json_decimal(c, px, &out->open_px)); *seen |= BIT(5); break;
        case 'c': GW_TRY(gw_json_decimal(c, px, &out->close_px)); *seen |= BIT(6); break;
        case 'h': GW_TRY(gw_json_decimal(c, px, &out->high_px)); *seen |= BIT(7); break;
        case 'l': GW_TRY(gw_json_decimal(c, px, &out->low_px)); *seen |= BIT(8); break;
        case 'v': GW_TRY(gw_json_double(c, &out->volume)); *seen |= BIT(9); break;
        case 'n': GW_TRY(gw_json_u64(c, &out->trade_count)); *seen |= BIT(10); break;
        case 'x': GW_TRY(gw_json_bool(c, &closed)); *seen |= BIT(11); break;
        case 'q': GW_TRY(gw_json_double(c, &out->quote_volume)); *seen |= BIT(12); break;
        case 'V': GW_TRY(gw_json_double(c, &out->taker_volume)); *seen |= BIT(13); break;
        case 'Q': GW_TRY(gw_json_double(c, &out->taker_quote_volume)); *seen |= BIT(14); break;
        default: GW_TRY(gw_json_skip_value(c)); break;
        }
        GW_TRY(gw_json_next(c, &more));
    }
    if (is_mark)
        whose->named = named;
    out->meta.flags = closed ? GW_FLAG_CLOSED : 0;
    return GW_OK;
}

/* {"e":"kline","E":1795345202001,"s":"BTCUSDT","k":{…}}; continuous_kline has ps and ct for s,
 * indexPrice_kline ps; markPrice_kline names the symbol in k alone. */
gw_error gw_decode_kline(gw_cursor *c, const gw_target *target, gw_kline *out)
{
    unsigned seen = 0;
    bool more, timed = false;
    uint8_t scratch[GW_KEY_ROOM];
    gw_key key;
    owner whose;
    whose.named = false;
    whose.pair.p = whose.type.p = NULL;
    clear_event(&out->meta, sizeof *out, target->kind);
    out->px_exponent = is_off_the_tick(target) ? GW_FIXED_EXPONENT : -(int32_t)target->px_places;
    GW_TRY(open_object(c, &more));
    while (more) {
        GW_TRY(gw_json_key(c, &key, scratch));
        switch (key.code) {
        case 'e': GW_TRY(take_kline_event(c, target->kind)); break;
        case 'E': GW_TRY(take_time(c, &out->meta.ts_event)); timed = true; break;
        case 's': GW_TRY(take_name(c, target, target->kind == GW_KIND_KLINE, &whose.named)); break;
        case KEY2('p', 's'): GW_TRY(take_pair(c, target, &whose)); break;
        case KEY2('c', 't'): GW_TRY(take_contract_type(c, target, &whose)); break;
        case 'k': GW_TRY(take_candle(c, target, out, &seen, &whose)); break;
        default: GW_TRY(gw_json_skip_value(c)); break;
        }
        GW_TRY(gw_json_next(c, &more));
    }
    out->meta.update_id = (uint64_t)out->open_time / NS_PER_MS;
    if (GW_UNLIKELY(!timed && !target->timeless) || seen != CANDLE_WANTED)
        return GW_ERR_MISSING;
    return check_owner(target, &whose);
}
