/* Price levels in sorted arrays; see book.h. */
#include "book.h"

#include <stdlib.h>
#include <string.h>

enum { ROOM_FIRST = 1024, NEAR = 4 };

static bool side_init(gw_side *side, int32_t sign, uint32_t levels_max)
{
    memset(side, 0, sizeof *side);
    side->sign = sign;
    side->levels_max = levels_max;
    side->room = levels_max < ROOM_FIRST ? levels_max : ROOM_FIRST;
    side->levels = malloc(side->room * sizeof *side->levels);
    return side->levels != NULL;
}

bool gw_book_init(gw_levels_book *book, uint32_t levels_max)
{
    bool bids = side_init(&book->bids, 1, levels_max);
    return side_init(&book->asks, -1, levels_max) && bids;
}

void gw_book_free(gw_levels_book *book)
{
    free(book->bids.levels);
    free(book->asks.levels);
    memset(book, 0, sizeof *book);
}

void gw_book_clear(gw_levels_book *book)
{
    book->bids.count = book->asks.count = 0;
}

/* Index of the first level not below px (by sign): where px is, or where it would go. */
static uint32_t side_find(const gw_side *side, int64_t px)
{
    const int64_t sign = side->sign, key = sign * px;
    uint32_t count = side->count;
    for (uint32_t step = 0; step < NEAR && count > 0; step++, count--) /* most updates are near the top */
        if (sign * side->levels[count - 1].px < key)
            return count;
    /* The rest by halves, without a branch on prices: they would be mispredicted half the time. */
    const gw_level *base = side->levels;
    while (count > 1) {
        uint32_t half = count / 2;
        base += sign * base[half - 1].px < key ? half : 0;
        count -= half;
    }
    return (uint32_t)(base - side->levels) + (count == 1 && sign * base->px < key);
}

static bool side_grow(gw_side *side)
{
    uint32_t room = side->room * 2 > side->levels_max ? side->levels_max : side->room * 2;
    gw_level *levels = realloc(side->levels, room * sizeof *levels);
    if (!levels)
        return false;
    side->levels = levels;
    side->room = room;
    return true;
}

static void side_insert(gw_side *side, uint32_t at, int64_t px, int64_t qty)
{
    memmove(&side->levels[at + 1], &side->levels[at], (side->count - at) * sizeof *side->levels);
    side->levels[at] = (gw_level){px, qty};
    side->count++;
}

bool gw_side_set(gw_side *side, int64_t px, int64_t qty)
{
    uint32_t at = side_find(side, px);
    if (at < side->count && side->levels[at].px == px) {
        if (qty != 0) {
            side->levels[at].qty = qty;
        } else {
            side->count--;
            memmove(&side->levels[at], &side->levels[at + 1], (side->count - at) * sizeof *side->levels);
        }
        return true;
    }
    if (qty == 0) /* removing a level that is not there is normal ("How to manage a local order book correctly") */
        return true;
    if (side->count == side->levels_max) {
        side->dropped++;
        if (at == 0)
            return true; /* worse than the worst we keep */
        side->count--;
        at--;
        memmove(&side->levels[0], &side->levels[1], side->count * sizeof *side->levels);
    } else if (side->count == side->room && !side_grow(side)) {
        return false;
    }
    side_insert(side, at, px, qty);
    return true;
}

/* Copy up to `count` levels, best first; how many there were. */
uint32_t gw_side_top(const gw_side *side, gw_level *out, uint32_t count)
{
    uint32_t shown = side->count < count ? side->count : count;
    const gw_level *from = side->levels + side->count;
    for (uint32_t i = 0; i < shown; i++)
        out[i] = *--from;
    return shown;
}
