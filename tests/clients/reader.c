/* Test reader: reads what writer.c writes and judges every copy. Prints one JSON line of counts.
 *
 *     reader SEGMENT slots READS DISTINCT [x]   until both are reached; x: without protection
 *     reader SEGMENT follow                     until SIGTERM, over restarts of the writer
 *     reader SEGMENT ring RECORDS               from the ring's start to that record
 */
#include "pattern.h"

#include <sched.h>
#include <signal.h>

static volatile sig_atomic_t stopped;

static struct {
    uint64_t reads, distinct, torn, failed, dead, lost, laps, backwards, attached;
} tally;

static void stop(int number)
{
    (void)number;
    stopped = 1;
}

/* The control: the newest cell, without a second look at the version. */
static int read_unprotected(const gw_slots *slots, void *out)
{
    const unsigned char *slot = slots->base;
    uint64_t version = gw_load_acquire(slot);
    gw_copy(out, slot + slots->cell_offset + (version & 1) * slots->cell_size, slots->cell_size);
    return GW_STATUS_LIVE;
}

static void judge(int status, const void *cell, uint8_t kind, uint32_t length, uint64_t *last)
{
    gw_meta meta;
    memcpy(&meta, cell, sizeof meta);
    tally.reads++;
    if (status < 0) {
        tally.failed++;
        return;
    }
    if (status == GW_STATUS_DEAD) tally.dead++;
    if (meta.version == 0) return;
    if (!pattern_holds(cell, kind, length, meta.version, meta.version)) tally.torn++;
    if (meta.version < *last) tally.backwards++;
    if (meta.version != *last) tally.distinct++;
    /* Where both must share a core, let the writer go on; a version in ten reads is enough. */
    else if (tally.reads % 64 == 0 && tally.distinct < tally.reads / 10) sched_yield();
    *last = meta.version;
}

/* Three quotes, then a book: at full speed a book is much harder to catch. Then the mark price, and
 * the candle of stream 0 where there is one. */
static void read_all(const gw_segment *seg, int unprotected, uint64_t last[4])
{
    gw_quote quote = {0};
    gw_book book = {0};
    gw_mark mark = {0};
    gw_kline kline = {0};
    for (int turn = 0; turn < 3; turn++) {
        int status = unprotected ? read_unprotected(&seg->quote, &quote)
                                 : gw_read_quote(seg, 0, &quote);
        judge(status, &quote, GW_KIND_QUOTE, sizeof quote, &last[0]);
    }
    int status = unprotected ? read_unprotected(&seg->book, &book) : gw_read_book(seg, 0, &book);
    judge(status, &book, GW_KIND_BOOK, sizeof book, &last[1]);
    status = unprotected ? read_unprotected(&seg->mark_price, &mark) : gw_read_mark(seg, 0, &mark);
    judge(status, &mark, GW_KIND_MARK_PRICE, sizeof mark, &last[2]);
    if (!gw_stream_count(seg)) return;
    status = unprotected ? read_unprotected(&seg->values, &kline) : gw_read_kline(seg, 0, &kline);
    judge(status, &kline, GW_KIND_KLINE, sizeof kline, &last[3]);
}

static void read_slots(gw_segment *seg, uint64_t reads, uint64_t distinct, int unprotected)
{
    uint64_t last[4] = {0, 0, 0, 0};
    while (!stopped && (tally.reads < reads || tally.distinct < distinct))
        read_all(seg, unprotected, last);
}

static void follow(gw_segment *seg)
{
    uint64_t last[4] = {0, 0, 0, 0}, generation = seg->generation;
    while (!stopped) {
        read_all(seg, 0, last);
        if (!gw_refresh(seg)) continue;
        tally.attached++;
        if (seg->generation <= generation) tally.backwards++;
        generation = seg->generation;
        memset(last, 0, sizeof last);
    }
}

static void read_ring(gw_segment *seg, uint64_t records)
{
    gw_cursor cursor;
    unsigned char record[PATTERN_RECORD_MAX + 64];
    gw_start_at(&cursor, 0);
    while (!stopped && cursor.number < records) {
        uint32_t seen = gw_bell(seg);
        int64_t got = gw_next(&seg->events, &cursor, record, sizeof record);
        if (got == 0) gw_wait(seg, seen, 1000000);
        if (got < 0) tally.failed++;
        if (got <= 0 || got == GW_LAPPED) continue;
        gw_meta meta;
        memcpy(&meta, record, sizeof meta);
        tally.reads++;
        uint32_t length = pattern_record_length(meta.version);
        int whole = got == length || got == length + 64;
        if (!whole || !pattern_holds(record, GW_KIND_TRADE, (uint32_t)got, cursor.number,
                                     cursor.position - (uint64_t)got))
            tally.torn++;
    }
    tally.lost = cursor.lost;
    tally.laps = cursor.laps;
}

int main(int count, char **words)
{
    gw_segment seg;
    if (count < 3) return 2;
    uint64_t first = count > 3 ? strtoull(words[3], NULL, 10) : 0;
    uint64_t second = count > 4 ? strtoull(words[4], NULL, 10) : 0;
    signal(SIGTERM, stop);
    if (gw_open(&seg, words[1])) {
        fprintf(stderr, "%s\n", seg.error);
        return 1;
    }
    puts("ready");
    fflush(stdout);
    if (!strcmp(words[2], "slots")) read_slots(&seg, first, second, count > 5);
    else if (!strcmp(words[2], "ring")) read_ring(&seg, first);
    else follow(&seg);
    printf("{\"reads\": %llu, \"distinct\": %llu, \"torn\": %llu, \"failed\": %llu, "
           "\"dead\": %llu, \"lost\": %llu, \"laps\": %llu, \"backwards\": %llu, "
           "\"attached\": %llu}\n",
           (unsigned long long)tally.reads, (unsigned long long)tally.distinct,
           (unsigned long long)tally.torn, (unsigned long long)tally.failed,
           (unsigned long long)tally.dead, (unsigned long long)tally.lost,
           (unsigned long long)tally.laps, (unsigned long long)tally.backwards,
           (unsigned long long)tally.attached);
    return 0;
}
