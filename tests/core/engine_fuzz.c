/* Drives the whole C core with recorded frames and mutations of them, built with ASan and UBSan.
 *
 * engine_fuzz SEGMENT CORPUS SEED COUNT: SEGMENT is a file laid out by gateway.segment_file (mapped
 * privately), CORPUS holds u32 length + bytes a frame, the first one a REST depth answer. Each frame is
 * copied to the end of a heap block of its own size, so that one byte read too far is an error. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine_core.h"
#include "fuzz.h"

enum { CORPUS_MAX = 100000 };

static const uint8_t *frames[CORPUS_MAX];
static uint32_t lengths[CORPUS_MAX];
static size_t frame_count;

static void read_corpus(const char *path)
{
    int fd = open(path, O_RDONLY);
    struct stat info;
    if (fd < 0 || fstat(fd, &info) != 0)
        exit(2);
    const uint8_t *p = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0), *end = p + info.st_size;
    while (end - p >= 4 && frame_count < CORPUS_MAX) {
        memcpy(&lengths[frame_count], p, 4);
        frames[frame_count] = p + 4;
        p += 4 + lengths[frame_count++];
    }
}

static uint32_t add_stream(gw_engine *e, const char *name, uint8_t kind, uint8_t shape, uint32_t parent)
{
    const bool many = shape == GW_SHAPE_ARRAY;
    gw_stream row = {.kind = kind, .market = GW_MARKET_SPOT, .levels = 5, .shape = shape, .parent = parent, .symbol = many ? GW_NO_ROW : 0};
    memcpy(row.name, name, strlen(name));
    uint32_t stream = gw_engine_add_stream(e, &row);
    if (stream == GW_NO_ROW)
        exit(2);
    e->streams[stream].wanted_json = e->streams[stream].wanted_binary = true;
    return stream;
}

/* One instrument on a connection with two links: its own streams, an array, and the array's row of it. */
static void add_rows(gw_engine *e)
{
    static const struct { const char *name; uint8_t kind; } streams[] = {
        {"spot:btcusdt@depth@100ms", GW_KIND_DIFF}, {"spot:btcusdt@bookTicker", GW_KIND_QUOTE},
        {"spot:btcusdt@trade", GW_KIND_TRADE},      {"spot:btcusdt@aggTrade", GW_KIND_AGG_TRADE},
        {"spot:btcusdt@ticker", GW_KIND_TICKER},    {"spot:btcusdt@depth5", GW_KIND_PARTIAL},
        {"spot:btcusdt@kline_1m", GW_KIND_KLINE},
    };
    gw_symbol symbol = {.symbol = "BTCUSDT", .market_name = "spot", .px_exponent = -2, .qty_exponent = -8, .market = GW_MARKET_SPOT};
    gw_engine_add_symbol(e, &symbol);
    gw_engine_add_connection(e, "spot/public/0/a", GW_MARKET_SPOT);
    gw_engine_add_link(e, "spot/public/0/b", 0);
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++)
        add_stream(e, streams[i].name, streams[i].kind, GW_SHAPE_OBJECT, GW_NO_ROW);
    uint32_t array = add_stream(e, "spot:!miniTicker@arr", GW_KIND_MINI_TICKER, GW_SHAPE_ARRAY, GW_NO_ROW);
    add_stream(e, "spot:btcusdt@miniTicker", GW_KIND_MINI_TICKER, GW_SHAPE_ROW, array);
    e->streams[4].collector = add_stream(e, "spot:!ticker@arr", GW_KIND_TICKER, GW_SHAPE_ARRAY, GW_NO_ROW);
}

/* What the capture has none of. */
static const char *const extra[] = {
    "{\"stream\":\"!miniTicker@arr\",\"data\":[{\"e\":\"24hrMiniTicker\",\"E\":1723161255000,\"s\":\"BTCUSDT\",\"c\":\"61000.01\",\"o\":\"60000.00\",\"h\":\"62000.00\",\"l\":\"59500.00\",\"v\":\"2.1\",\"q\":\"1.0\"},"
    "{\"e\":\"24hrMiniTicker\",\"E\":1723161255000,\"s\":\"ETHUSDT\",\"c\":\"2600.01\",\"o\":\"2600.00\",\"h\":\"2600.00\",\"l\":\"2600.00\",\"v\":\"2.1\",\"q\":\"1.0\"}]}",
    "{\"stream\":\"btcusdt@kline_1m\",\"data\":{\"e\":\"kline\",\"E\":1723161255001,\"s\":\"BTCUSDT\",\"k\":{\"t\":1723161240000,\"T\":1723161299999,\"s\":\"BTCUSDT\",\"i\":\"1m\",\"f\":1,\"L\":90,\"o\":\"61000.00\",\"c\":\"61000.01\",\"h\":\"61000.02\",\"l\":\"60999.00\",\"v\":\"12.3\",\"n\":90,\"x\":false,\"q\":\"1.1\",\"V\":\"6.1\",\"Q\":\"5.5\",\"B\":\"0\"}}}",
};

static uint64_t sent;

static int count_send(void *socket, const void *bytes, size_t length, int flags)
{
    (void)socket, (void)bytes, (void)flags;
    sent++;
    return (int)length;
}

static void give_bytes(gw_engine *e, const uint8_t *frame, size_t length, uint32_t link, bool is_snapshot, bool mutated)
{
    size_t room = length + 64;
    uint8_t *work = malloc(room);
    memcpy(work, frame, length);
    if (mutated)
        length = mutate(work, length, room);
    uint8_t *exact = malloc(length ? length : 1);
    memcpy(exact, work, length);
    gw_error error;
    if (is_snapshot)
        gw_book_snapshot(e, 0, exact, length, below(2) ? 1000 : 0, &error);
    else
        gw_engine_frame(e, link, exact, length, gw_clock_mono());
    free(exact);
    free(work);
}

/* Over one link, or over both, one of them perhaps damaged. */
static void give(gw_engine *e, size_t index, bool mutated)
{
    uint32_t link = e->links[1].up ? (uint32_t)below(2) : 0;
    give_bytes(e, frames[index], lengths[index], link, index == 0, mutated);
    if (index && e->links[1 - link].up && below(2))
        give_bytes(e, frames[index], lengths[index], 1 - link, false, mutated && below(2));
    if (below(50) == 0) {
        const char *more = extra[below(sizeof extra / sizeof *extra)];
        give_bytes(e, (const uint8_t *)more, strlen(more), link, false, below(2));
    }
}

static size_t put_levels(char *to, size_t room, const gw_level *levels, size_t count)
{
    size_t at = 0;
    for (size_t i = 0; i < count && at + 80 < room; i++)
        at += (size_t)snprintf(to + at, room - at, "%s[\"%lld.%02lld\",\"%lld.%08lld\"]", i ? "," : "", (long long)levels[i].px / 100,
                               (long long)levels[i].px % 100, (long long)levels[i].qty / 100000000, (long long)levels[i].qty % 100000000);
    return at;
}

/* The book as a late joiner gets it, each side in a block of its own size; as a REST answer of some id, without
 * what the last quote rules out. */
static size_t answer_of(gw_engine *e, char *to, size_t room, size_t limit, uint64_t update_id)
{
    gw_book head;
    if (!gw_book_head(e, 0, &head))
        return 0;
    gw_level *bids = malloc(head.bid_total * sizeof *bids + 1), *asks = malloc(head.ask_total * sizeof *asks + 1);
    gw_book_copy(e, 0, bids, asks);
    gw_quote quote;
    gw_slot_load_own(&e->segment.slots[GW_SLOT_QUOTE], 0, &quote);
    size_t bid_from = 0, ask_from = 0;
    while (bid_from < head.bid_total && bids[bid_from].px > quote.bid_px)
        bid_from++;
    while (ask_from < head.ask_total && asks[ask_from].px < quote.ask_px)
        ask_from++;
    const size_t bids_left = head.bid_total - bid_from, asks_left = head.ask_total - ask_from;
    size_t at = (size_t)snprintf(to, room, "{\"lastUpdateId\":%llu,\"bids\":[", (unsigned long long)update_id);
    at += put_levels(to + at, room / 3, bids + bid_from, bids_left < limit ? bids_left : limit);
    at += (size_t)snprintf(to + at, room - at, "],\"asks\":[");
    at += put_levels(to + at, room / 3, asks + ask_from, asks_left < limit ? asks_left : limit);
    at += (size_t)snprintf(to + at, room - at, "]}");
    free(bids);
    free(asks);
    return at;
}

/* An answer for a book that waits for one: its old levels, at an id that the stream has reached. A second look
 * at one that is in step begins, gets an answer or is given up. */
static void answer(gw_engine *e)
{
    static char text[1 << 20];
    const gw_book_sync *book = e->symbols[0].book;
    const bool waits = book && book->phase == GW_PHASE_WAITING;
    gw_error error;
    if (gw_look_begin(e, 0) && below(2))
        return;
    size_t limit = 1 + below(3000);
    size_t length = book ? answer_of(e, text, sizeof text - 64, limit, waits ? book->buffered_id : book->update_id + below(3)) : 0;
    if (below(4) == 0)
        length = mutate((uint8_t *)text, length, sizeof text);
    uint8_t *exact = malloc(length + 1);
    memcpy(exact, text, length);
    if (waits)
        gw_book_snapshot(e, 0, exact, length, (uint32_t)limit, &error);
    else
        gw_look_snapshot(e, 0, exact, length, (uint32_t)limit, &error);
    free(exact);
    if (below(8) == 0)
        gw_look_stop(e, 0);
}

/* What is missing is fetched, or something else; gaps are closed. */
static void fill_gap(gw_engine *e)
{
    char text[512];
    gw_error error;
    const uint32_t stream = 2 + (uint32_t)below(2) * 4; /* trade, or kline_1m */
    const uint64_t next = e->streams[stream].next_id, near = next - (next ? below(next < 40 ? next : 40) : 0);
    int length = stream == 2
        ? snprintf(text, sizeof text, "{\"e\":\"trade\",\"s\":\"BTCUSDT\",\"t\":%llu,\"p\":\"61000.01\",\"q\":\"0.1\",\"T\":1723161255000,\"m\":true}", (unsigned long long)near)
        : snprintf(text, sizeof text, "{\"e\":\"kline\",\"E\":1723161255001,\"s\":\"BTCUSDT\",\"k\":{\"t\":%llu,\"T\":%llu,\"s\":\"BTCUSDT\",\"i\":\"1m\",\"f\":-1,\"L\":-1,\"o\":\"1\",\"c\":\"1\",\"h\":\"1\",\"l\":\"1\",\"v\":\"1\",\"n\":0,\"x\":true,\"q\":\"1\",\"V\":\"1\",\"Q\":\"1\"}}",
                   (unsigned long long)(next - 60000 * below(5)), (unsigned long long)(next + 59999));
    uint8_t *work = malloc((size_t)length + 64);
    memcpy(work, text, (size_t)length);
    size_t size = below(4) ? (size_t)length : mutate(work, (size_t)length, (size_t)length + 64);
    uint8_t *exact = malloc(size ? size : 1);
    memcpy(exact, work, size);
    gw_engine_back_fill(e, stream, exact, size, &error);
    gw_gap_close(e, e->gaps.last_number - below(e->gaps.last_number + 1), (uint32_t)below(6), below(10));
    free(exact);
    free(work);
}

static uint64_t refreshed;

/* The latest value of any stream, often a quote, perhaps spoilt, perhaps of long ago. */
static void refresh(gw_engine *e)
{
    gw_error error;
    char text[160];
    const uint32_t stream = below(2) ? 1 : (uint32_t)below(e->segment.header->stream_count);
    int length = snprintf(text, sizeof text, "{\"s\":\"BTCUSDT\",\"b\":\"6%04u.0\",\"B\":\"1\",\"a\":\"61000.1\",\"A\":\"2\"}", (unsigned)below(2000));
    size_t size = below(4) ? (size_t)length : mutate((uint8_t *)text, (size_t)length, sizeof text);
    uint8_t *exact = malloc(size ? size : 1);
    memcpy(exact, text, size);
    refreshed += gw_engine_refresh(e, stream, exact, size, gw_clock_mono() - (int64_t)below(2000000), &error) == GW_FILL_TOLD;
    free(exact);
}

/* With dice of its own, so that a seed finds the same books whatever is fetched. */
static void fetch(gw_engine *e, void (*what)(gw_engine *))
{
    static uint64_t own = 20261122;
    const uint64_t others = fuzz_state;
    fuzz_state = own;
    if (what == refresh || below(20) == 0)
        what(e);
    own = fuzz_state;
    fuzz_state = others;
}

/* Numbers of what became of gaps add up. */
static void check_gaps(const gw_engine *e)
{
    const gw_counters *c = e->segment.counters;
    uint64_t left = c->gaps_filled + c->gaps_partial + c->gaps_lost + c->gaps_healed;
    for (uint32_t at = 0; at < GW_GAPS_CAPACITY; at++)
        left += e->gaps.tracks[at].gap.gap_state == GW_GAP_OPEN;
    if (left != c->gaps)
        exit(4);
}

static void restart_link(gw_engine *e, uint32_t link)
{
    gw_engine_link_down(e, link, below(2), below(2) ? gw_clock_mono() : 0);
    gw_engine_link_up(e, link, gw_clock_mono());
    for (uint32_t row = 0; row < e->segment.header->stream_count; row++)
        gw_engine_acked(e, link, row, gw_clock_mono());
    fetch(e, refresh);
}

/* A stream is removed and comes back, or the instrument halts and resumes. */
static void disturb(gw_engine *e)
{
    gw_stream row = e->segment.streams[1 + below(4)];
    uint32_t stream = gw_engine_find_stream(e, GW_MARKET_SPOT, (const uint8_t *)row.name + 5, strnlen((const char *)row.name + 5, 59));
    gw_engine_remove_stream(e, stream);
    if (gw_engine_add_stream(e, &row) != stream)
        exit(3);
    gw_set_halted(e, 0, below(2));
    gw_engine_flush_synthetic(e, e->streams[4].collector);
}

int main(int count, char **arguments)
{
    if (count != 5)
        return 2;
    int fd = open(arguments[1], O_RDONLY);
    struct stat info;
    if (fd < 0 || fstat(fd, &info) != 0)
        return 2;
    uint8_t *base = mmap(NULL, (size_t)info.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    gw_engine *e = gw_engine_new(base, (size_t)info.st_size, 2000, 1 << 20);
    if (!e)
        return 2;
    read_corpus(arguments[2]);
    fuzz_state = strtoull(arguments[3], NULL, 10) | 1;
    add_rows(e);
    e->publisher.send = count_send;
    e->symbols[0].wanted_state = true;
    restart_link(e, 0);
    long rounds = strtol(arguments[4], NULL, 10);
    for (long i = 0; i < rounds; i++) {
        size_t at = (size_t)i % (frame_count - 1);
        if (at == 0) { /* the capture begins anew: a new session, whole until the book is in step */
            restart_link(e, 0);
            gw_engine_link_down(e, 1, true, gw_clock_mono());
        }
        give(e, 1 + at, at > 1000 && below(4) == 0);
        if (at == 20 || below(1000) == 0)
            give(e, 0, at != 20 && below(2));
        if (below(50) == 0)
            answer(e);
        fetch(e, fill_gap);
        e->notice_count = 0;
        if (below(8) == 0)
            gw_engine_batch_end(e);
        if (below(500) == 0)
            restart_link(e, (uint32_t)below(2));
        if (below(5000) == 0)
            disturb(e);
        if (below(5000) == 0)
            gw_engine_heartbeat(e, gw_clock_mono() + (below(2) ? 0 : 2 * e->stall_ns), 0);
    }
    gw_engine_batch_end(e);
    check_gaps(e);
    const gw_counters *c = e->segment.counters;
    printf("{\"received\":%llu,\"data\":%llu,\"control\":%llu,\"unknown\":%llu,\"unreadable\":%llu,\"duplicate\":%llu,\"early\":%llu,\"snapshots\":%llu,\"audits\":%llu,\"differing\":%llu,\"sent\":%llu,\"backfilled\":%llu,\"filled\":%llu,\"refreshed\":%llu}\n",
           (unsigned long long)c->frames_received, (unsigned long long)c->frames_data, (unsigned long long)c->frames_control,
           (unsigned long long)c->frames_unknown_stream, (unsigned long long)c->frames_unreadable,
           (unsigned long long)c->frames_duplicate, (unsigned long long)c->frames_early,
           (unsigned long long)c->snapshots_applied, (unsigned long long)c->audits,
           (unsigned long long)c->audits_differing, (unsigned long long)sent,
           (unsigned long long)c->events_backfilled, (unsigned long long)c->gaps_filled, (unsigned long long)refreshed);
    gw_engine_free(e);
    return 0;
}
