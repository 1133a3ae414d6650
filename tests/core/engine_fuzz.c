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

enum { CORPUS_MAX = 100000 };

static uint64_t state;

static uint64_t next_random(void) /* xorshift64* */
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 2685821657736338717u;
}

static size_t below(size_t limit)
{
    return limit ? next_random() % limit : 0;
}

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

static size_t mutate(uint8_t *bytes, size_t length, size_t room)
{
    static const char *const pieces[] = {"\"", "\\", "{", "}", "[", "]", ",", ":", "null", "1e9", "-", "0.", "\\u0041",
                                         "\\ud800", "99999999999999999999", "\x80", "\xff", " ", "\"E\":", "\"b\":[["};
    for (size_t changes = 1 + below(3); changes > 0 && length > 0; changes--) {
        size_t at = below(length);
        const char *piece = pieces[below(sizeof pieces / sizeof *pieces)];
        size_t size = strlen(piece);
        switch (below(5)) {
        case 0: bytes[at] ^= (uint8_t)(1u << below(8)); break;
        case 1: length = at; break;
        case 2: length -= 1; memmove(bytes + at, bytes + at + 1, length - at); break;
        case 3: if (at + size <= length) memcpy(bytes + at, piece, size); break;
        default:
            if (length + size <= room) {
                memmove(bytes + at + size, bytes + at, length - at);
                memcpy(bytes + at, piece, size);
                length += size;
            }
        }
    }
    return length;
}

static void add_rows(gw_engine *e)
{
    static const struct { const char *name; uint8_t kind; } streams[] = {
        {"spot:btcusdt@depth@100ms", GW_KIND_DIFF}, {"spot:btcusdt@bookTicker", GW_KIND_QUOTE},
        {"spot:btcusdt@trade", GW_KIND_TRADE},      {"spot:btcusdt@aggTrade", GW_KIND_AGG_TRADE},
        {"spot:btcusdt@ticker", GW_KIND_TICKER},    {"spot:btcusdt@depth5", GW_KIND_PARTIAL},
    };
    gw_symbol symbol = {.symbol = "BTCUSDT", .market_name = "spot", .px_exponent = -2, .qty_exponent = -8, .market = GW_MARKET_SPOT};
    gw_engine_add_symbol(e, &symbol);
    gw_engine_add_connection(e, "spot/public/0", GW_MARKET_SPOT);
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) {
        gw_stream row = {.kind = streams[i].kind, .market = GW_MARKET_SPOT, .levels = 5};
        memcpy(row.name, streams[i].name, strlen(streams[i].name));
        if (gw_engine_add_stream(e, &row) == GW_NO_ROW)
            exit(2);
    }
}

static uint64_t sent;

static int count_send(void *socket, const void *bytes, size_t length, int flags)
{
    (void)socket, (void)bytes, (void)flags;
    sent++;
    return (int)length;
}

static void give(gw_engine *e, size_t index, bool mutated)
{
    size_t length = lengths[index], room = length + 64;
    uint8_t *work = malloc(room);
    memcpy(work, frames[index], length);
    if (mutated)
        length = mutate(work, length, room);
    uint8_t *exact = malloc(length ? length : 1);
    memcpy(exact, work, length);
    gw_error error;
    if (index == 0)
        gw_book_snapshot(e, 0, exact, length, &error);
    else
        gw_engine_frame(e, 0, exact, length, gw_clock_mono());
    free(exact);
    free(work);
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
    state = strtoull(arguments[3], NULL, 10) | 1;
    add_rows(e);
    e->publisher.send = count_send;
    for (uint32_t row = 0; row < 6; row++)
        e->streams[row].wanted_json = e->streams[row].wanted_binary = true;
    e->symbols[0].wanted_state = true;
    gw_engine_connection_up(e, 0, gw_clock_mono());
    long rounds = strtol(arguments[4], NULL, 10);
    for (long i = 0; i < rounds; i++) {
        size_t at = (size_t)i % (frame_count - 1);
        if (at == 0) { /* the capture begins anew: a new session, whole until the book is in step */
            gw_engine_connection_down(e, 0);
            gw_engine_connection_up(e, 0, gw_clock_mono());
        }
        give(e, 1 + at, at > 1000 && below(4) == 0);
        if (at == 20 || below(1000) == 0)
            give(e, 0, at != 20 && below(2));
        e->notice_count = 0;
        if (below(8) == 0)
            gw_engine_batch_end(e);
        if (below(5000) == 0) {
            gw_engine_connection_down(e, 0);
            gw_engine_connection_up(e, 0, gw_clock_mono());
        }
        if (below(5000) == 0)
            gw_engine_heartbeat(e, gw_clock_mono() + (below(2) ? 0 : 2 * e->stall_ns), 0);
    }
    gw_engine_batch_end(e);
    const gw_counters *c = e->segment.counters;
    printf("{\"received\":%llu,\"data\":%llu,\"control\":%llu,\"unknown\":%llu,\"unreadable\":%llu,\"snapshots\":%llu,\"sent\":%llu}\n",
           (unsigned long long)c->frames_received, (unsigned long long)c->frames_data, (unsigned long long)c->frames_control,
           (unsigned long long)c->frames_unknown_stream, (unsigned long long)c->frames_unreadable,
           (unsigned long long)c->snapshots_applied, (unsigned long long)sent);
    gw_engine_free(e);
    return 0;
}
