/* Binance's JSON into records: one function a payload shape, no Python object, nothing allocated.
 *
 * Any key order, unknown keys skipped (nested too), the last of a repeated key wins. What a frame did
 * not say is GW_NULL (NaN for doubles). The functions fill the payload and, in meta, ts_event,
 * ts_trade, update_id, flags, kind and source; the engine adds the rest. Single letters stop here.
 * Payloads: web-socket-streams.md (spot) and the stream pages of USD-M and COIN-M. */
#ifndef GW_DECODE_H
#define GW_DECODE_H

#include "book.h"
#include "number.h"
#include "layout.h"

/* What a stream's frames must be: the kind, and whose. */
typedef struct gw_target {
    uint8_t kind;
    uint8_t market;
    uint8_t px_places; /* decimals: -px_exponent */
    uint8_t qty_places;
    uint8_t symbol_length;
    bool timeless; /* "E" may be absent, and "u" of a quote: back-filled, REST does not know it */
    uint8_t symbol[32]; /* uppercase, as payloads name it; pair rows: the pair; continuous: pair_TYPE */
} gw_target;

/* One decoded event of any kind but DIFF and PARTIAL. */
typedef union gw_event {
    gw_meta meta;
    gw_quote quote;
    gw_trade trade;
    gw_ticker ticker;
    gw_kline kline;
    gw_mark mark;
    gw_price price;
    gw_liquidation liquidation;
    gw_contract contract;
    gw_asset asset;
    gw_session session;
} gw_event;

/* A depth event, a partial depth or a REST snapshot; levels in the order received. */
typedef struct gw_depth {
    int64_t ts_event;
    int64_t ts_trade;
    uint64_t first_update_id;
    uint64_t last_update_id;
    uint64_t prev_update_id;
    gw_level *bids;
    gw_level *asks;
    uint32_t bid_count;
    uint32_t ask_count;
    uint32_t room; /* levels a side that bids and asks can hold; more: GW_ERR_RANGE */
} gw_depth;

/* {"stream":"<name>","data":<payload>}; name and data are null where the key is absent. */
typedef struct gw_envelope {
    gw_text stream;
    const uint8_t *data;
    size_t data_length; /* SIZE_MAX until the payload was read, on the short path */
} gw_envelope;

/* Whose an object of an array or of a merged stream is. */
typedef struct gw_row {
    gw_text symbol; /* "s", or o.s of a forceOrder; p null where there is none */
    uint8_t symbol_type; /* "st": 1 USD-M, 2 COIN-M; 0 absent */
    const uint8_t *end; /* behind the object */
} gw_row;

/* envelope.c */
gw_error gw_split_envelope(const uint8_t *frame, size_t length, gw_envelope *out);
bool gw_peek_envelope(const uint8_t *frame, size_t length, gw_envelope *out);
gw_error gw_end_envelope(gw_cursor *c);

/* decode.c: one entry for all kinds but DIFF and PARTIAL, by target->kind. */
gw_error gw_decode_event(gw_cursor *c, const gw_target *target, gw_event *out);

/* Bytes of a kind's struct; 0 for DIFF, PARTIAL and what no stream delivers. */
uint32_t gw_event_size(uint8_t kind);

/* Read one object's symbol and futures market, in any key order, and step behind it; a row may be
 * scanned and then decoded. MISSING (out->end is set and the cursor behind the object): no symbol. */
gw_error gw_scan_row(gw_cursor *c, gw_row *out);

/* decode_depth.c */
gw_error gw_decode_quote(gw_cursor *c, const gw_target *target, gw_quote *out);
gw_error gw_decode_depth(gw_cursor *c, const gw_target *target, gw_depth *out);
gw_error gw_decode_partial(gw_cursor *c, const gw_target *target, gw_depth *out);
gw_error gw_decode_snapshot(gw_cursor *c, const gw_target *target, gw_depth *out);

/* decode_trade.c */
gw_error gw_decode_trade(gw_cursor *c, const gw_target *target, gw_trade *out);
gw_error gw_decode_agg_trade(gw_cursor *c, const gw_target *target, gw_trade *out);
gw_error gw_decode_block_trade(gw_cursor *c, const gw_target *target, gw_trade *out);

/* decode_ticker.c */
gw_error gw_decode_ticker(gw_cursor *c, const gw_target *target, gw_ticker *out);
gw_error gw_decode_mini_ticker(gw_cursor *c, const gw_target *target, gw_ticker *out);
gw_error gw_decode_window_ticker(gw_cursor *c, const gw_target *target, gw_ticker *out);

/* decode_kline.c: the four kinds of candles, by target->kind */
gw_error gw_decode_kline(gw_cursor *c, const gw_target *target, gw_kline *out);

/* decode_price.c */
gw_error gw_decode_mark_price(gw_cursor *c, const gw_target *target, gw_mark *out);
gw_error gw_decode_index_price(gw_cursor *c, const gw_target *target, gw_mark *out);
gw_error gw_decode_average_price(gw_cursor *c, const gw_target *target, gw_price *out);
gw_error gw_decode_reference_price(gw_cursor *c, const gw_target *target, gw_price *out);
gw_error gw_decode_composite_index(gw_cursor *c, const gw_target *target, gw_price *out);

/* decode_event.c */
gw_error gw_decode_liquidation(gw_cursor *c, const gw_target *target, gw_liquidation *out);
gw_error gw_decode_contract(gw_cursor *c, const gw_target *target, gw_contract *out);
gw_error gw_decode_asset_index(gw_cursor *c, const gw_target *target, gw_asset *out);
gw_error gw_decode_session(gw_cursor *c, const gw_target *target, gw_session *out);

#endif
