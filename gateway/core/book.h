/* An order book: two sorted arrays of price levels, the best level at the end of each.
 *
 * Updates cluster near the top, so a search from the end and a short memmove beat every tree.
 * Mantissas only; a quantity of 0 removes. Memory grows by doubling up to levels_max a side; beyond
 * that the worst level is dropped, and counted.
 *
 * A side may be bounded: every level from the best to its complete price, inclusive, is known, and nothing of
 * what lies beyond (a snapshot shows so many levels and no more). What comes from there is not kept: it would
 * be a ghost, a level among others that nobody knows of. */
#ifndef GW_BOOK_H
#define GW_BOOK_H

#include "layout.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct gw_level {
    int64_t px;
    int64_t qty;
} gw_level;

typedef struct gw_book_side {
    gw_level *levels; /* ascending by sign * px */
    uint32_t count;
    uint32_t room;
    uint32_t levels_max;
    int32_t sign; /* 1: bids, the highest price is best; -1: asks */
    uint32_t thin; /* fewer levels than that: little is left of what is known */
    int64_t floor; /* sign * the complete price; INT64_MIN: known to the end */
    uint64_t dropped;
} gw_side;

typedef struct gw_levels_book {
    gw_side bids;
    gw_side asks;
} gw_levels_book;

bool gw_book_init(gw_levels_book *book, uint32_t levels_max); /* false: no memory */
void gw_book_free(gw_levels_book *book);
void gw_book_clear(gw_levels_book *book);
bool gw_side_set(gw_side *side, int64_t px, int64_t qty); /* false: no memory */
/* A whole event; false: no memory. */
bool gw_book_apply(gw_levels_book *book, const gw_level *bids, uint32_t bid_count, const gw_level *asks, uint32_t ask_count);
uint32_t gw_side_top(const gw_side *side, gw_level *out, uint32_t count);

/* A whole book anew, as a REST answer tells it: a side of `limit` levels or more ends where the answer does, a
 * shorter one (and with limit 0 any) is known to the end. `shown`: levels a reader wants to see. False: no memory. */
bool gw_book_load(gw_levels_book *book, const gw_level *bids, uint32_t bid_count, const gw_level *asks, uint32_t ask_count,
                  uint32_t limit, uint32_t shown);

static inline const gw_level *gw_side_best(const gw_side *side)
{
    return side->count ? &side->levels[side->count - 1] : 0;
}

static inline bool gw_side_is_bounded(const gw_side *side)
{
    return side->floor != INT64_MIN;
}

/* Every level from the best to this price, inclusive, is known; null: to the end of the book. */
static inline int64_t gw_side_complete_px(const gw_side *side)
{
    return gw_side_is_bounded(side) ? side->sign * side->floor : GW_NULL;
}

/* A side without a level that it must have: the price ran out of what is known. */
static inline bool gw_book_is_bare(const gw_levels_book *book)
{
    return (!book->bids.count && gw_side_is_bounded(&book->bids)) || (!book->asks.count && gw_side_is_bounded(&book->asks));
}

static inline bool gw_book_is_thin(const gw_levels_book *book)
{
    return book->bids.count < book->bids.thin || book->asks.count < book->asks.thin;
}

/* Best bid >= best ask: no book of a venue looks like that after a whole event. */
static inline bool gw_book_crossed(const gw_levels_book *book)
{
    const gw_level *bid = gw_side_best(&book->bids), *ask = gw_side_best(&book->asks);
    return bid && ask && bid->px >= ask->px;
}

#endif
