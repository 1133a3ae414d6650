/* Which ids are still missing: lists of ranges, out of one pool. Pure: no I/O, no clock, no allocation.
 *
 * A list is the number of its first range, ascending; 0: empty. Ids are taken out in any order, each once. */
#ifndef GW_GAPS_H
#define GW_GAPS_H

#include <stdbool.h>
#include <stdint.h>

#include "layout.h"

enum { GW_RANGE_ROOM = 8192 };

/* How breaks of a stream are found: not at all, by ids without holes, by the open times of candles. */
enum { GW_CHAIN_NONE, GW_CHAIN_IDS, GW_CHAIN_CANDLES };

typedef struct gw_range {
    uint64_t first;
    uint64_t last; /* inclusive */
    uint32_t next; /* number of the next range, 0: none */
} gw_range;

typedef struct gw_range_pool {
    gw_range rows[GW_RANGE_ROOM]; /* number 1 first */
    uint32_t freed;               /* list of ranges given back */
    uint32_t used;                /* rows that were ever in use */
} gw_range_pool;

typedef enum gw_take { GW_TAKE_ABSENT, GW_TAKE_FULL, GW_TAKE_DONE } gw_take;

/* One gap: what its slot says, and what of it is still missing. */
typedef struct gw_gap_track {
    gw_gap gap;
    uint64_t expected_id; /* as its record says */
    uint64_t received_id;
    uint64_t step;   /* least distance of two ids */
    uint32_t ranges; /* of ids that can be recovered, and are not yet */
    uint32_t next;   /* open gap of the same stream: slot + 1, 0: none */
    bool fills;      /* its ids are followed */
    bool untold;     /* no notice of it found room */
} gw_gap_track;

typedef struct gw_gaps {
    gw_gap_track tracks[GW_GAPS_CAPACITY]; /* by number, as in GAPS */
    gw_range_pool pool;
    uint64_t last_number;
    uint32_t untold;
} gw_gaps;

/* A new range before `next`; its number, or 0 when there is no room. */
static inline uint32_t gw_range_new(gw_range_pool *pool, uint64_t first, uint64_t last, uint32_t next)
{
    uint32_t number = pool->freed;
    if (number)
        pool->freed = pool->rows[number - 1].next;
    else if (pool->used < GW_RANGE_ROOM)
        number = ++pool->used;
    else
        return 0;
    pool->rows[number - 1] = (gw_range){first, last, next};
    return number;
}

static inline void gw_range_free(gw_range_pool *pool, uint32_t *at)
{
    const uint32_t number = *at;
    gw_range *row = &pool->rows[number - 1];
    *at = row->next;
    row->next = pool->freed;
    pool->freed = number;
}

static inline void gw_ranges_clear(gw_range_pool *pool, uint32_t *list)
{
    while (*list)
        gw_range_free(pool, list);
}

static inline bool gw_ranges_have(const gw_range_pool *pool, uint32_t list, uint64_t id)
{
    for (; list; list = pool->rows[list - 1].next)
        if (id <= pool->rows[list - 1].last)
            return id >= pool->rows[list - 1].first;
    return false;
}

/* Take one id out, of those that are at least `step` apart. FULL: its range would have to be split, and there
 * is no room: it stays. */
static inline gw_take gw_ranges_take(gw_range_pool *pool, uint32_t *list, uint64_t id, uint64_t step)
{
    uint32_t *at = list;
    while (*at && pool->rows[*at - 1].last < id)
        at = &pool->rows[*at - 1].next;
    gw_range *row = *at ? &pool->rows[*at - 1] : NULL;
    if (!row || id < row->first)
        return GW_TAKE_ABSENT;
    const bool before = id - row->first >= step, behind = row->last - id >= step;
    if (before && behind) {
        const uint32_t rest = gw_range_new(pool, id + step, row->last, row->next);
        if (!rest)
            return GW_TAKE_FULL;
        row->last = id - step;
        row->next = rest;
    } else if (before) {
        row->last = id - step;
    } else if (behind) {
        row->first = id + step;
    } else {
        gw_range_free(pool, at);
    }
    return GW_TAKE_DONE;
}

#endif
