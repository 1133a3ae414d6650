/* Binance's JSON into records: one function a payload shape, no Python object, nothing allocated.
 *
 * Any key order, unknown keys skipped (nested too), the last of a repeated key wins. What a frame did
 * not say is GW_NULL (NaN for doubles). The functions fill the payload and, in meta, ts_event,
 * ts_trade, update_id, flags and kind; the engine adds the rest. Single letters stop here.
 * Payloads: web-socket-streams.md (spot) and the stream pages of USD-M and COIN-M. */
#ifndef GW_DECODE_H
#define GW_DECODE_H

#include "book.h"
#include "json.h"
#include "layout.h"

/* What a stream's frames must be: the kind, and whose. */
typedef struct gw_target {
    uint8_t kind;
    uint8_t market;
    uint8_t px_places; /* decimals: -px_exponent */
    uint8_t qty_places;
    uint8_t symbol_length;
    uint8_t symbol[32]; /* uppercase, as payloads name it */
} gw_target;

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

gw_error gw_split_envelope(const uint8_t *frame, size_t length, gw_envelope *out);
bool gw_peek_envelope(const uint8_t *frame, size_t length, gw_envelope *out);
gw_error gw_end_envelope(gw_cursor *c);

gw_error gw_decode_quote(gw_cursor *c, const gw_target *target, gw_quote *out);
gw_error gw_decode_trade(gw_cursor *c, const gw_target *target, gw_trade *out);
gw_error gw_decode_agg_trade(gw_cursor *c, const gw_target *target, gw_trade *out);
gw_error gw_decode_ticker(gw_cursor *c, const gw_target *target, gw_ticker *out);
gw_error gw_decode_depth(gw_cursor *c, const gw_target *target, gw_depth *out);
gw_error gw_decode_partial(gw_cursor *c, const gw_target *target, gw_depth *out);
gw_error gw_decode_snapshot(gw_cursor *c, const gw_target *target, gw_depth *out);

#endif
