/* Drives every decoder with documented and recorded events and mutations of them, built with ASan and
 * UBSan.
 *
 * decode_fuzz CORPUS SEED COUNT: CORPUS holds, an event: u8 kind, market, decimals of prices and of
 * quantities, length of the symbol; the symbol; u32 length and the bytes. An event that is mutated, or
 * given to another kind's decoder, must be read or refused, and what is read must not say more than the
 * bytes: the cursor stays inside, texts and counts inside their fields. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "decode.h"
#include "fuzz.h"

enum { CORPUS_MAX = 10000, LEVEL_ROOM = 1000 };

typedef struct sample {
    gw_target target;
    const uint8_t *bytes;
    uint32_t length;
} sample;

static sample samples[CORPUS_MAX];
static size_t sample_count;
static gw_level bids[LEVEL_ROOM], asks[LEVEL_ROOM];
static uint64_t read_of[256], refused_of[256], rows_read, rows_refused;

static void read_corpus(const char *path)
{
    int fd = open(path, O_RDONLY);
    struct stat info;
    if (fd < 0 || fstat(fd, &info) != 0)
        exit(2);
    const uint8_t *p = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0), *end = p + info.st_size;
    while (end - p >= 9 && sample_count < CORPUS_MAX) {
        sample *to = &samples[sample_count++];
        to->target = (gw_target){.kind = p[0], .market = p[1], .px_places = p[2], .qty_places = p[3], .symbol_length = p[4]};
        memcpy(to->target.symbol, p + 5, p[4]);
        p += 5 + p[4];
        memcpy(&to->length, p, 4);
        to->bytes = p + 4;
        p += 4 + to->length;
    }
}

static gw_error decode(gw_cursor *c, const gw_target *target)
{
    gw_depth depth = {.bids = bids, .asks = asks, .room = LEVEL_ROOM};
    gw_event event;
    if (target->kind == GW_KIND_DIFF)
        return gw_decode_depth(c, target, &depth);
    if (target->kind == GW_KIND_PARTIAL)
        return gw_decode_partial(c, target, &depth);
    memset(&event, 0xA5, sizeof event);
    gw_error error = gw_decode_event(c, target, &event);
    const uint32_t size = gw_event_size(target->kind);
    if (error == GW_OK && (event.meta.kind != target->kind || size < sizeof(gw_meta) || size > sizeof event))
        abort();
    return error;
}

static void give(const sample *from, bool mutated)
{
    const size_t room = from->length + 64;
    uint8_t *work = malloc(room);
    size_t length = from->length;
    memcpy(work, from->bytes, length);
    gw_target target = from->target;
    if (mutated) {
        length = mutate(work, length, room);
        if (below(20) == 0)
            target.kind = samples[below(sample_count)].target.kind;
        if (below(20) == 0)
            target.px_places = (uint8_t)below(GW_PLACES_MAX + 1);
    }
    uint8_t *exact = exact_copy(work, length);
    gw_cursor cursor = {exact, exact + length};
    gw_error error = decode(&cursor, &target);
    if (!mutated && error != GW_OK)
        abort();
    if (cursor.p < exact || cursor.p > exact + length)
        abort();
    (*(error == GW_OK ? &read_of[target.kind] : &refused_of[target.kind]))++;
    gw_row row;
    cursor = (gw_cursor){exact, exact + length};
    error = gw_scan_row(&cursor, &row);
    if (error == GW_OK && (row.end != cursor.p || row.symbol.p < exact || row.symbol.p + row.symbol.length > row.end))
        abort();
    (*(error == GW_OK ? &rows_read : &rows_refused))++;
    free(exact);
    free(work);
}

int main(int count, char **arguments)
{
    if (count != 4)
        return 2;
    read_corpus(arguments[1]);
    fuzz_state = strtoull(arguments[2], NULL, 10) | 1;
    const long rounds = strtol(arguments[3], NULL, 10);
    for (size_t i = 0; i < sample_count; i++)
        give(&samples[i], false);
    for (long i = 0; i < rounds; i++)
        give(&samples[(size_t)i % sample_count], true);
    printf("{\"rows_read\":%llu,\"rows_refused\":%llu", (unsigned long long)rows_read, (unsigned long long)rows_refused);
    for (size_t kind = 0; kind < 256; kind++)
        if (read_of[kind] || refused_of[kind])
            printf(",\"%zu\":[%llu,%llu]", kind, (unsigned long long)read_of[kind], (unsigned long long)refused_of[kind]);
    printf("}\n");
    return 0;
}
