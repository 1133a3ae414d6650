/* An order book: two sorted arrays of price levels, the best level at the end of each.
 *
 * Updates cluster near the top, so a search from the end and a short memmove beat every tree.
 * Mantissas only; a quantity of 0 removes. Memory grows by doubling up to levels_max a side; beyond
 * that the worst level is dropped, and counted. */
#ifndef GW_BOOK_H
#define GW_BOOK_H

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
uint32_t gw_side_top(const gw_side *side, gw_level *out, uint32_t count);

static inline const gw_level *gw_side_best(const gw_side *side)
{
    return side->count ? &side->levels[side->count - 1] : 0;
}

/* Best bid >= best ask: no book of a venue looks like that after a whole event. */
static inline bool gw_book_crossed(const gw_levels_book *book)
{
    const gw_level *bid = gw_side_best(&book->bids), *ask = gw_side_best(&book->asks);
    return bid && ask && bid->px >= ask->px;
}

#endif
