/* Price levels in sorted arrays; see book.h. */
#include "book.h"

#include <stdlib.h>
#include <string.h>

/* Levels looked at one by one; all at once; changes of an event that are made together. */
enum { ROOM_FIRST = 1024, NEAR = 4, LAST = 8, RUN = 64 };

static bool side_init(gw_side *side, int32_t sign, uint32_t levels_max)
{
    memset(side, 0, sizeof *side);
    side->sign = sign;
    side->levels_max = levels_max;
    side->floor = INT64_MIN;
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

static void side_clear(gw_side *side)
{
    side->count = side->thin = 0;
    side->floor = INT64_MIN;
}

void gw_book_clear(gw_levels_book *book)
{
    side_clear(&book->bids);
    side_clear(&book->asks);
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
        base += half & -(uint32_t)(sign * base[half - 1].px < key); /* a mask: compilers make a branch of a choice */
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

/* A full side gives up its worst level for a better one (before `at`), and with it what it knew beyond the next;
 * or leaves out the new one, where that would be the worst (at 0). */
static void side_replace_worst(gw_side *side, uint32_t at, int64_t px, int64_t qty)
{
    side->dropped++;
    side->thin = side->thin ? side->thin : side->levels_max / 4;
    if (at > 0) {
        memmove(&side->levels[0], &side->levels[1], (at - 1) * sizeof *side->levels);
        side->levels[at - 1] = (gw_level){px, qty};
    }
    side->floor = side->sign * side->levels[0].px;
}

static inline bool side_set(gw_side *side, int64_t px, int64_t qty)
{
    if (side->sign * px < side->floor)
        return true;
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
        side_replace_worst(side, at, px, qty);
        return true;
    }
    if (side->count == side->room && !side_grow(side))
        return false;
    side_insert(side, at, px, qty);
    return true;
}

bool gw_side_set(gw_side *side, int64_t px, int64_t qty)
{
    return side_set(side, px, qty);
}

/* What an event does to the order of a side: a level that goes, or one that comes before `at`. */
typedef struct gw_change {
    uint32_t at;           /* its index before the event */
    int32_t shift;         /* how far the levels behind it move */
    const gw_level *comes; /* null: it goes */
} gw_change;

/* Index of the first of `end` levels that is not below key: two in three are among the last eight, which are looked at
 * without a branch on prices; then by leaps, then by halves. */
static inline uint32_t find_before(const gw_level *levels, uint32_t end, int64_t sign, int64_t key)
{
    if (end >= LAST) {
        uint32_t above = 0;
        for (uint32_t i = 1; i <= LAST; i++)
            above += sign * levels[end - i].px >= key;
        end -= above;
        if (above < LAST)
            return end;
    }
    uint32_t low = 0, high = end;
    for (uint32_t leap = 1; leap <= end && !low; leap *= 2) {
        if (sign * levels[end - leap].px < key)
            low = end - leap + 1;
        else
            high = end - leap;
    }
    const gw_level *base = levels + low;
    uint32_t count = high - low;
    while (count > 1) {
        uint32_t half = count / 2;
        base += half & -(uint32_t)(sign * base[half - 1].px < key); /* a mask: compilers make a branch of a choice */
        count -= half;
    }
    return (uint32_t)(base - levels) + (count == 1 && sign * base->px < key);
}

/* Quantities of levels that are there, in place; what comes and goes, best first, into `changes`; their number.
 * `taken`: levels up to the first that does not get worse, or to a full list. */
static inline uint32_t note_changes(gw_side *side, int64_t sign, const gw_level *levels, uint32_t count, gw_change *changes,
                                    uint32_t *taken)
{
    uint32_t found = 0, at = side->count, i = 0;
    for (int64_t last = INT64_MAX; i < count && found < RUN; i++) {
        const int64_t key = sign * levels[i].px;
        if (key >= last || key < side->floor)
            break;
        last = key;
        at = find_before(side->levels, at, sign, key);
        const bool there = at < side->count && side->levels[at].px == levels[i].px, set = levels[i].qty != 0;
        gw_level spare, *to = there && set ? &side->levels[at] : &spare; /* no branch on what cannot be foretold */
        to->qty = levels[i].qty;
        changes[found] = (gw_change){at, 0, there ? NULL : &levels[i]};
        found += there != set; /* removing a level that is not there is normal */
    }
    *taken = i;
    return found;
}

/* What lies between two changes moves once: down from the worst level on, up from the best one on, so that nothing
 * is overwritten before it has moved. */
static void make_changes(gw_side *side, gw_change *changes, uint32_t count)
{
    gw_level *levels = side->levels;
    int32_t shift = 0;
    for (gw_change *change = changes + count; change-- > changes;) {
        const uint32_t from = change->at + !change->comes, to = change > changes ? change[-1].at : side->count;
        change->shift = shift += change->comes ? 1 : -1;
        if (shift < 0)
            memmove(levels + from + shift, levels + from, (to - from) * sizeof *levels);
    }
    for (gw_change *change = changes; change < changes + count; change++) {
        const uint32_t from = change->at + !change->comes, to = change > changes ? change[-1].at : side->count;
        if (change->shift > 0)
            memmove(levels + from + change->shift, levels + from, (to - from) * sizeof *levels);
        if (change->comes)
            levels[change->at + (uint32_t)change->shift - 1] = *change->comes;
    }
    side->count += (uint32_t)shift;
}

static bool side_reserve(gw_side *side, uint32_t count)
{
    while (side->room < count)
        if (!side_grow(side))
            return false;
    return true;
}

/* One side of an event. The venue writes the best level first, so that a run of levels needs one pass. */
__attribute__((always_inline)) static inline bool side_apply(gw_side *side, const int64_t sign, const gw_level *levels, uint32_t count)
{
    gw_change changes[RUN];
    bool held = true;
    while (count) {
        uint32_t taken, found = note_changes(side, sign, levels, count, changes, &taken);
        if (taken <= 1 || side->count + found > side->levels_max) {
            taken = taken ? taken : 1;
            for (uint32_t i = 0; i < taken; i++)
                held &= side_set(side, levels[i].px, levels[i].qty);
        } else if (found) {
            const bool reserved = side_reserve(side, side->count + found);
            if (reserved)
                make_changes(side, changes, found);
            held &= reserved;
        }
        levels += taken;
        count -= taken;
    }
    return held;
}

bool gw_book_apply(gw_levels_book *book, const gw_level *bids, uint32_t bid_count, const gw_level *asks, uint32_t ask_count)
{
    const bool held = side_apply(&book->bids, 1, bids, bid_count);
    return side_apply(&book->asks, -1, asks, ask_count) && held;
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

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Worst level first, so that each one lands at the end of its array. */
static bool side_load(gw_side *side, const gw_level *levels, uint32_t count, uint32_t limit, uint32_t shown)
{
    int64_t worst = INT64_MAX;
    bool held = true;
    for (uint32_t i = count; i-- > 0;) {
        const int64_t key = side->sign * levels[i].px;
        worst = key < worst ? key : worst;
        held &= side_set(side, levels[i].px, levels[i].qty);
    }
    if (limit == 0 || count < limit)
        return held;
    side->floor = worst > side->floor ? worst : side->floor;
    /* A quarter of what there was, and what a reader wants to see; but a short answer is not thin at once. */
    const uint32_t least = smaller(shown, side->count / 2);
    side->thin = side->count / 4 > least ? side->count / 4 : least;
    return held;
}

bool gw_book_load(gw_levels_book *book, const gw_level *bids, uint32_t bid_count, const gw_level *asks, uint32_t ask_count,
                  uint32_t limit, uint32_t shown)
{
    gw_book_clear(book);
    const bool held = side_load(&book->bids, bids, bid_count, limit, shown);
    return side_load(&book->asks, asks, ask_count, limit, shown) && held;
}
