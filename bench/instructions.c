/* The frame path under callgrind: one pass over the frames of each stream, each in one call of `measured`.
 *
 * instructions SEGMENT CORPUS: SEGMENT is a file laid out by gateway.segment_file (mapped privately), CORPUS holds
 * u32 length + bytes a frame, the first one a REST depth answer of BTCUSDT, which comes behind LEAD frames. Ends with
 * 1 where a frame was not taken as data, ids were missing, or the book is not LIVE. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine_core.h"

enum { CORPUS_MAX = 1000000, LEAD = 200, READ = 64 /* frames a socket read */ };

typedef struct stream {
    const char *name;
    uint8_t kind;
} stream;

static const stream streams[] = {
    {"spot:btcusdt@bookTicker", GW_KIND_QUOTE},
    {"spot:btcusdt@trade", GW_KIND_TRADE},
    {"spot:btcusdt@depth@100ms", GW_KIND_DIFF},
};
enum { STREAMS = sizeof streams / sizeof *streams };

static const uint8_t *frames[CORPUS_MAX];
static uint32_t lengths[CORPUS_MAX];
static size_t frame_count;

static uint8_t *map(const char *path, size_t *size)
{
    struct stat info;
    const int fd = open(path, O_RDONLY);
    if (fd < 0 || fstat(fd, &info) != 0)
        return NULL;
    *size = (size_t)info.st_size;
    void *memory = mmap(NULL, *size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    close(fd);
    return memory == MAP_FAILED ? NULL : memory;
}

static void read_corpus(const uint8_t *p, size_t size)
{
    for (const uint8_t *end = p + size; end - p >= 4 && frame_count < CORPUS_MAX; p += lengths[frame_count++]) {
        memcpy(&lengths[frame_count], p, 4);
        frames[frame_count] = p += 4;
    }
}

static void add_rows(gw_engine *e)
{
    const gw_symbol symbol = {.symbol = "BTCUSDT", .market_name = "spot", .px_exponent = -2, .qty_exponent = -8, .market = GW_MARKET_SPOT};
    gw_engine_add_symbol(e, &symbol);
    gw_engine_add_connection(e, "spot/public/0/a", GW_MARKET_SPOT);
    gw_engine_link_up(e, 0, gw_clock_mono());
    for (uint32_t i = 0; i < STREAMS; i++) {
        gw_stream row = {.kind = streams[i].kind, .market = GW_MARKET_SPOT, .parent = GW_NO_ROW};
        memcpy(row.name, streams[i].name, strlen(streams[i].name));
        gw_engine_add_stream(e, &row);
        gw_engine_acked(e, 0, i, gw_clock_mono());
    }
}

/* {"stream":"btcusdt@trade", behind the market's name and its colon. */
static bool is_of(size_t frame, const char *name)
{
    const size_t head = strlen("{\"stream\":\""), length = strlen(name) - strlen("spot:");
    return lengths[frame] > head + length && memcmp(frames[frame] + head, name + strlen("spot:"), length) == 0 &&
           frames[frame][head + length] == '"';
}

/* callgrind counts what is done in here. */
__attribute__((noipa)) void measured(gw_engine *e, const size_t *chosen, size_t count)
{
    int64_t mono = 0;
    for (size_t i = 0; i < count; i++) {
        if (i % READ == 0)
            mono = e->beat_mono = gw_clock_mono();
        gw_engine_frame(e, 0, frames[chosen[i]], lengths[chosen[i]], mono);
    }
}

static void replay(gw_engine *e, const stream *of)
{
    static size_t chosen[CORPUS_MAX];
    size_t count = 0, bytes = 0;
    for (size_t i = 1 + LEAD; i < frame_count; i++) {
        if (!is_of(i, of->name))
            continue;
        chosen[count++] = i;
        bytes += lengths[i];
    }
    measured(e, chosen, count);
    printf("%s %zu %zu\n", strchr(of->name, '@') + 1, count, bytes);
}

int main(int count, char **arguments)
{
    size_t size = 0, corpus_size = 0;
    uint8_t *base = count == 3 ? map(arguments[1], &size) : NULL;
    const uint8_t *corpus = base ? map(arguments[2], &corpus_size) : NULL;
    gw_engine *e = corpus ? gw_engine_new(base, size, 10000, 16 << 20) : NULL;
    gw_error error;
    if (!e)
        return 2;
    read_corpus(corpus, corpus_size);
    add_rows(e);
    for (size_t i = 1; i <= LEAD; i++)
        gw_engine_frame(e, 0, frames[i], lengths[i], gw_clock_mono());
    gw_book_snapshot(e, 0, frames[0], lengths[0], 0, &error);
    for (size_t i = 0; i < STREAMS; i++)
        replay(e, &streams[i]);
    const gw_counters *counters = e->segment.counters;
    const bool live = e->symbols[0].status[GW_SLOT_BOOK] == GW_STATUS_LIVE;
    return live && counters->frames_data == frame_count - 1 && counters->gaps == 0 ? 0 : 1;
}
