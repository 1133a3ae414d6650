/* Sequencing of the venue's diff depth events. Pure: no I/O, no clock, no state.
 *
 * Rules: "How to manage a local order book correctly", web-socket-streams.md (spot) and the pages of
 * the same name for USD-M and COIN-M. U = first_update_id, u = last_update_id, pu = prev_update_id. */
#ifndef GW_SEQUENCE_H
#define GW_SEQUENCE_H

#include <stdbool.h>
#include <stdint.h>

typedef enum gw_verdict { GW_BEHIND = 0, GW_APPLY = 1, GW_GAP = 2 } gw_verdict;

/* Spot, as corrected 2025-11-12. Steps 4 and 5: u <= id is ignored, for its levels are in; U > id + 1 is a gap; the
 * same right after a snapshot and later. Step 4's "lastUpdateId within [U; u]" must not be asked of the first
 * event: it fails where the snapshot ends with the event before, though nothing is missing.
 * U may lie behind the book: levels are absolute, so the overlap is harmless. */
static inline gw_verdict gw_judge_spot(uint64_t first, uint64_t last, uint64_t book_id)
{
    if (last <= book_id)
        return GW_BEHIND;
    return first > book_id + 1 ? GW_GAP : GW_APPLY;
}

/* USD-M and COIN-M, step 5, once an event was applied: pu must equal the previous u. pu below it means that the event
 * overlaps what is in (as with two sources cut differently), which absolute levels allow. U tells nothing: ids
 * of other symbols lie between. */
static inline gw_verdict gw_judge_futures(uint64_t prev, uint64_t last, uint64_t book_id)
{
    if (last <= book_id)
        return GW_BEHIND;
    return prev > book_id ? GW_GAP : GW_APPLY;
}

/* USD-M and COIN-M, first event on a snapshot. Step 3: u < lastUpdateId is dropped (strictly, unlike spot); step 4:
 * U <= lastUpdateId <= u. A snapshot id may also fall between two events: pu <= lastUpdateId < U
 * proves that nothing was lost. */
static inline gw_verdict gw_judge_futures_first(uint64_t first, uint64_t last, uint64_t prev, uint64_t snapshot_id)
{
    if (last < snapshot_id)
        return GW_BEHIND;
    return first <= snapshot_id || prev <= snapshot_id ? GW_APPLY : GW_GAP;
}

/* `chained`: an event was applied since the snapshot. Until then the book's id is the snapshot's. */
static inline gw_verdict gw_judge(bool spot, bool chained, uint64_t first, uint64_t last, uint64_t prev, uint64_t book_id)
{
    if (spot)
        return gw_judge_spot(first, last, book_id);
    return chained ? gw_judge_futures(prev, last, book_id) : gw_judge_futures_first(first, last, prev, book_id);
}

#endif
