/* Which decoder reads a kind, whose an object is, and what the decoders share. */
#include "decode_common.h"

gw_error gw_take_plain(gw_cursor *c, uint8_t *plain, size_t room, gw_text *out)
{
    GW_TRY(gw_json_text(c, out));
    if (GW_UNLIKELY(out->escaped))
        *out = (gw_text){plain, gw_json_unescape(out, plain, room), false};
    return out->length <= room ? GW_OK : GW_ERR_RANGE;
}

gw_error gw_take_word_slow(gw_cursor *c, const void *wanted, size_t length)
{
    gw_text text;
    uint8_t plain[64];
    gw_error error = gw_take_plain(c, plain, sizeof plain, &text);
    if (error == GW_OK && gw_text_is(&text, wanted, length))
        return GW_OK;
    return error == GW_OK || error == GW_ERR_RANGE ? GW_ERR_MISMATCH : error;
}

gw_error gw_take_count(gw_cursor *c, uint32_t *count)
{
    *count = 0;
    if (take_null(c))
        return GW_OK;
    if (GW_UNLIKELY(c->p < c->end && *c->p != '['))
        return GW_ERR_TYPE;
    GW_TRY(gw_json_take(c, '['));
    if (gw_json_take_if(c, ']'))
        return GW_OK;
    do {
        GW_TRY(gw_json_skip_value(c));
        (*count)++;
    } while (gw_json_take_if(c, ','));
    return gw_json_take(c, ']');
}

gw_error gw_decode_event(gw_cursor *c, const gw_target *target, gw_event *out)
{
    switch (target->kind) {
    case GW_KIND_QUOTE: return gw_decode_quote(c, target, &out->quote);
    case GW_KIND_TRADE: return gw_decode_trade(c, target, &out->trade);
    case GW_KIND_AGG_TRADE: return gw_decode_agg_trade(c, target, &out->trade);
    case GW_KIND_BLOCK_TRADE: return gw_decode_block_trade(c, target, &out->trade);
    case GW_KIND_TICKER: return gw_decode_ticker(c, target, &out->ticker);
    case GW_KIND_MINI_TICKER: return gw_decode_mini_ticker(c, target, &out->ticker);
    case GW_KIND_WINDOW_TICKER: return gw_decode_window_ticker(c, target, &out->ticker);
    case GW_KIND_KLINE:
    case GW_KIND_CONTINUOUS_KLINE:
    case GW_KIND_INDEX_KLINE:
    case GW_KIND_MARK_KLINE: return gw_decode_kline(c, target, &out->kline);
    case GW_KIND_MARK_PRICE: return gw_decode_mark_price(c, target, &out->mark);
    case GW_KIND_INDEX_PRICE: return gw_decode_index_price(c, target, &out->mark);
    case GW_KIND_AVERAGE_PRICE: return gw_decode_average_price(c, target, &out->price);
    case GW_KIND_REFERENCE_PRICE: return gw_decode_reference_price(c, target, &out->price);
    case GW_KIND_COMPOSITE_INDEX: return gw_decode_composite_index(c, target, &out->price);
    case GW_KIND_LIQUIDATION: return gw_decode_liquidation(c, target, &out->liquidation);
    case GW_KIND_CONTRACT_INFO: return gw_decode_contract(c, target, &out->contract);
    case GW_KIND_ASSET_INDEX: return gw_decode_asset_index(c, target, &out->asset);
    case GW_KIND_TRADING_SESSION: return gw_decode_session(c, target, &out->session);
    default: return GW_ERR_TYPE;
    }
}

uint32_t gw_event_size(uint8_t kind)
{
    static const uint16_t sizes[] = {
        [GW_KIND_QUOTE] = sizeof(gw_quote),
        [GW_KIND_TRADE] = sizeof(gw_trade),
        [GW_KIND_AGG_TRADE] = sizeof(gw_trade),
        [GW_KIND_BLOCK_TRADE] = sizeof(gw_trade),
        [GW_KIND_TICKER] = sizeof(gw_ticker),
        [GW_KIND_MINI_TICKER] = sizeof(gw_ticker),
        [GW_KIND_WINDOW_TICKER] = sizeof(gw_ticker),
        [GW_KIND_KLINE] = sizeof(gw_kline),
        [GW_KIND_CONTINUOUS_KLINE] = sizeof(gw_kline),
        [GW_KIND_INDEX_KLINE] = sizeof(gw_kline),
        [GW_KIND_MARK_KLINE] = sizeof(gw_kline),
        [GW_KIND_MARK_PRICE] = sizeof(gw_mark),
        [GW_KIND_INDEX_PRICE] = sizeof(gw_mark),
        [GW_KIND_AVERAGE_PRICE] = sizeof(gw_price),
        [GW_KIND_REFERENCE_PRICE] = sizeof(gw_price),
        [GW_KIND_COMPOSITE_INDEX] = sizeof(gw_price),
        [GW_KIND_LIQUIDATION] = sizeof(gw_liquidation),
        [GW_KIND_CONTRACT_INFO] = sizeof(gw_contract),
        [GW_KIND_ASSET_INDEX] = sizeof(gw_asset),
        [GW_KIND_TRADING_SESSION] = sizeof(gw_session),
    };
    return kind < sizeof sizes / sizeof *sizes ? sizes[kind] : 0;
}

/* The members of a row; of a forceOrder's inner object too, into `inner`. */
static gw_error scan_members(gw_cursor *c, gw_row *out, gw_row *inner)
{
    bool more;
    uint8_t scratch[GW_KEY_ROOM];
    gw_key key;
    GW_TRY(open_object(c, &more));
    while (more) {
        gw_json_seek(c, 's', 'o');
        GW_TRY(gw_json_key(c, &key, scratch));
        if (key.code == 's') {
            GW_TRY(gw_json_text(c, &out->symbol));
        } else if (key.code == KEY2('s', 't')) {
            uint64_t type;
            GW_TRY(gw_json_u64(c, &type));
            if (type > UINT8_MAX)
                return GW_ERR_RANGE;
            out->symbol_type = (uint8_t)type;
        } else if (key.code == 'o' && inner && c->p < c->end && *c->p == '{') {
            *inner = (gw_row){0};
            GW_TRY(scan_members(c, inner, NULL));
        } else {
            GW_TRY(gw_json_skip_value(c));
        }
        GW_TRY(gw_json_next(c, &more));
    }
    return GW_OK;
}

gw_error gw_scan_row(gw_cursor *c, gw_row *out)
{
    gw_row inner = {0};
    *out = (gw_row){0};
    GW_TRY(scan_members(c, out, &inner));
    out->end = c->p;
    if (!out->symbol.p)
        out->symbol = inner.symbol;
    if (!out->symbol_type)
        out->symbol_type = inner.symbol_type;
    return out->symbol.p ? GW_OK : GW_ERR_MISSING;
}
