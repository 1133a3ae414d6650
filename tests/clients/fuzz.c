/* Damage a segment at random and read it with everything the header has. Must never crash.
 *
 *     fuzz SEGMENT SCRATCH MUTATIONS SEED
 *
 * SEGMENT is a whole one, SCRATCH a file that is written over. Prints a JSON object: how often each
 * answer of gw_open came, and how many reads, records and record errors there were after the 0s. */
#define GW_TRIES 8
#include "gateway.h"

static unsigned char *whole, *scratch;
static size_t size;
static uint64_t seed, reads, records, record_errors;
static volatile uint64_t sink; /* what was read is looked at, so that a sanitizer sees it too */

static uint64_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    return seed ^= seed << 17;
}

static uint64_t pick(uint64_t below)
{
    return next_random() % below;
}

/* A byte offset where damage matters: header, section table, a directory, a slot, a ring. */
static size_t place(void)
{
    if (pick(3) == 0) return pick(256);
    if (pick(2) == 0) return GW_PAGE + pick(16 * sizeof(gw_section));
    const gw_section *table = (const gw_section *)(const void *)(whole + GW_PAGE);
    const gw_section *row = &table[pick(15)];
    uint64_t reach = row->length < 1024 ? row->length : 1024;
    uint64_t skip = row->ring_capacity && pick(2) ? row->cell_offset : 0;
    return row->offset + skip + pick(reach);
}

static void damage(void)
{
    static const uint64_t edges[] = {0, 1, 2, 63, 64, 127, 128, 4095, 4096, 65536, INT32_MAX,
                                     UINT32_MAX, 1ull << 32, INT64_MAX, 1ull << 63, UINT64_MAX};
    size_t at = place(), width = (size_t)1 << pick(4);
    uint64_t value = pick(2) ? edges[pick(16)] : pick(4) ? pick(2 * size) : next_random();
    at &= ~(width - 1);
    if (at + width > size) return;
    if (pick(4) == 0) scratch[at] ^= (unsigned char)(1u << pick(8));
    else memcpy(scratch + at, &value, width);
}

static void read_rows(const gw_segment *seg)
{
    unsigned char cell[4096];
    gw_quote quote;
    gw_ticker ticker;
    gw_trade trade;
    gw_book book;
    gw_partial partial;
    gw_mark mark;
    gw_gap gap;
    for (uint32_t row = 0; row < 12; row++) {
        if (gw_read_quote(seg, row, &quote) >= 0) sink += (uint64_t)quote.bid_px;
        if (gw_read_ticker(seg, row, &ticker) >= 0) sink += ticker.trade_count;
        if (gw_read_last_trade(seg, row, &trade) >= 0) sink += (uint64_t)(trade.px ^ trade.normal_qty);
        if (gw_read_mark(seg, row, &mark) >= 0) sink += (uint64_t)mark.index_px;
        if (gw_read_book(seg, row, &book) >= 0) sink += (uint64_t)book.ask_complete_px;
        if (gw_read_book(seg, row, &book) >= 0)
            for (int at = 0; at < book.bid_count; at++) sink += (uint64_t)book.bids[2 * at];
        if (gw_read_partial(seg, row, &partial) >= 0)
            for (int at = 0; at < partial.ask_count; at++) sink += (uint64_t)partial.asks[2 * at];
        if (gw_read_cell(seg, &seg->book, row, cell, sizeof cell) >= 0) sink += cell[0];
        sink += (uint64_t)(gw_px(seg, row, 5) > 0) + (uint64_t)(gw_qty(seg, row, 5) > 0);
        if (gw_read_gap(seg, row, &gap) >= 0) sink += gap.gap_number;
        reads += 8;
    }
    sink += gw_find_symbol(seg, "spot:BTCUSDT") + gw_find_symbol(seg, "spot:NOSUCH");
}

static void read_streams(const gw_segment *seg)
{
    static gw_any_value value;
    gw_stream stream;
    gw_connection link;
    for (uint32_t row = 0; row < 12; row++) {
        if (gw_read_stream(seg, row, &stream) >= 0) sink += stream.sequence + stream.value;
        if (gw_read_connection(seg, row, &link) >= 0) sink += link.frame_count + link.peer;
        if (gw_read_value(seg, row, &value) >= 0) sink += (uint64_t)value.kline.close_px;
        if (gw_read_kline(seg, row, &value.kline) >= 0) sink += value.kline.trade_count;
        if (gw_read_window(seg, row, &value.window) >= 0) sink += value.window.trade_count;
        if (gw_read_block_trade(seg, row, &value.block_trade) >= 0) sink += value.meta.update_id;
        if (gw_read_price(seg, row, &value.price) >= 0) sink += (uint64_t)value.price.px;
        if (gw_read_liquidation(seg, row, &value.liquidation) >= 0) sink += value.liquidation.side;
        if (gw_read_contract(seg, row, &value.contract) >= 0) sink += value.contract.has_brackets;
        if (gw_read_asset(seg, row, &value.asset) >= 0) sink += (uint64_t)value.asset.index_px;
        reads += 8;
    }
    sink += gw_find_stream(seg, "spot:btcusdt@kline_1m") + gw_find_stream(seg, "spot:nosuch@trade");
}

static void read_ring(const gw_ring_view *ring, gw_cursor *cursor)
{
    static _Alignas(8) unsigned char record[1 << 20];
    for (int tries = 0; tries < 300; tries++) {
        int64_t got = gw_next(ring, cursor, record, sizeof record);
        if (got == 0) return;
        if (got < 0) record_errors++;
        if (got <= GW_LAPPED) continue;
        records++;
        for (int64_t at = 0; at < got; at += 64) sink += record[at];
        const gw_diff *diff = (const gw_diff *)(const void *)record;
        const int64_t *levels = (size_t)got >= sizeof *diff ? gw_diff_levels(diff) : NULL;
        uint64_t count = levels ? (uint64_t)diff->bid_count + diff->ask_count : 0;
        for (uint64_t level = 0; level < count; level++) sink += (uint64_t)levels[2 * level + 1];
        sink += (uint64_t)gw_normal_qty((const gw_trade *)(const void *)record);
        gw_state state;
        gw_complete_state((const gw_state *)(const void *)record, &state);
        sink += state.gap_number;
        const gw_raw *raw = (const gw_raw *)(const void *)record;
        const unsigned char *payload = gw_raw_payload(raw);
        for (uint32_t at = 0; payload && at < raw->payload_length; at++) sink += payload[at];
    }
}

static void read_rings(const gw_segment *seg)
{
    gw_cursor cursor;
    const gw_ring_view *rings[] = {&seg->events, &seg->raw};
    for (int index = 0; index < 2; index++) {
        if (!rings[index]->capacity) continue;
        gw_start_at_oldest(rings[index], &cursor);
        read_ring(rings[index], &cursor);
        gw_start_at(&cursor, 64 * pick(2048));
        read_ring(rings[index], &cursor);
        gw_start_at(&cursor, next_random());
        read_ring(rings[index], &cursor);
    }
}

static int attempt(const char *path, int fd, int truncated)
{
    gw_segment seg;
    memcpy(scratch, whole, size);
    for (uint64_t count = 1 + pick(4); count && !truncated; count--) damage();
    if (truncated && ftruncate(fd, (off_t)pick(size))) return 1;
    int code = gw_open(&seg, path);
    if (code) sink += strlen(seg.error);
    if (truncated && ftruncate(fd, (off_t)size)) return 1; /* what was cut off is zeros again */
    if (code) return code;
    read_rows(&seg);
    read_streams(&seg);
    read_rings(&seg);
    sink += (uint64_t)gw_refresh(&seg);
    gw_close(&seg);
    return code;
}

int main(int argc, char **argv)
{
    static uint64_t answers[16];
    struct stat file;
    if (argc != 5) return 2;
    int from = open(argv[1], O_RDONLY), to = open(argv[2], O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (from < 0 || to < 0 || fstat(from, &file) || ftruncate(to, file.st_size)) return 1;
    size = (size_t)file.st_size;
    whole = (unsigned char *)malloc(size);
    if (!whole || read(from, whole, size) != (ssize_t)size) return 1;
    scratch = (unsigned char *)mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, to, 0);
    if (scratch == MAP_FAILED) return 1;
    seed = strtoull(argv[4], NULL, 10) * 2654435761u + 1;
    for (long count = atol(argv[3]); count > 0; count--) {
        int code = attempt(argv[2], to, count % 20 == 0);
        if (code > 0 || code < -15) return 1;
        answers[-code]++;
    }
    printf("{");
    for (int code = 0; code < 16; code++)
        printf("\"%d\": %llu, ", -code, (unsigned long long)answers[code]);
    printf("\"reads\": %llu, \"records\": %llu, \"record_errors\": %llu}\n",
           (unsigned long long)reads, (unsigned long long)records,
           (unsigned long long)record_errors);
    return 0;
}
