/* Test writer: fills a segment made by gateway.segment_file with the pattern of pattern.h.
 *
 *     writer SEGMENT slots [VERSIONS [PER_SECOND]]   quote, book and mark price of row 0 and the
 *                                                    value 0, a candle, by turns
 *     writer SEGMENT ring RECORDS [PER_SECOND]       EVENTS records, the last 64 of them slowly
 *
 * 0 stands for no end and no pace. Prints "ready" when the first of it is there, and at the end, or
 * at SIGTERM, how many it wrote.
 * An independent second writer of the protocols in clients/LAYOUT.md, for the clients' tests. */
#include "pattern.h"

#include <signal.h>

static volatile sig_atomic_t stopped;
static unsigned char *base;
static gw_segment view; /* a reader's checked view, to find the sections with */

static void stop(int number)
{
    (void)number;
    stopped = 1;
}

static uint64_t *words_at(const void *mapped)
{
    size_t at = (size_t)((const unsigned char *)mapped - (const unsigned char *)view.header);
    return (uint64_t *)(void *)(base + at);
}

static void beat(void)
{
    gw_header *header = (gw_header *)(void *)base;
    __atomic_store_n(&header->heartbeat_mono, gw_now_mono(), __ATOMIC_RELEASE);
}

static void ring_bell(void)
{
    gw_header *header = (gw_header *)(void *)base;
    __atomic_fetch_add(&header->bell, 1, __ATOMIC_RELEASE);
    syscall(SYS_futex, &header->bell, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static uint64_t write_slot(const gw_slots *slots, uint8_t kind)
{
    uint64_t *slot = words_at(slots->base), version = *slot + 1;
    uint64_t *cell = slot + (slots->cell_offset + (version & 1) * slots->cell_size) / 8;
    __atomic_thread_fence(__ATOMIC_RELEASE);
    for (uint32_t index = 0; index < slots->cell_size / 8; index++) {
        uint64_t word = pattern_word(index, kind, slots->cell_size, version, version);
        __atomic_store_n(cell + index, word, __ATOMIC_RELAXED);
    }
    __atomic_store_n(slot, version, __ATOMIC_RELEASE);
    return version;
}

static void pad(uint64_t *at, uint64_t length)
{
    memset(at, 0xA5, sizeof(gw_meta)); /* only length and kind of a pad mean anything */
    at[offsetof(gw_meta, length) / 8] = length;
    at[offsetof(gw_meta, kind) / 8] = GW_KIND_PAD;
}

static void write_record(uint64_t number)
{
    uint64_t *head = words_at(view.events.head), tail = head[offsetof(gw_ring, tail) / 8];
    uint64_t left = view.events.capacity - (tail & (view.events.capacity - 1));
    uint64_t length = pattern_record_length(number), skip = length > left ? left : 0;
    if (!skip && left - length == 64) length += 64;
    uint64_t end = tail + skip + length;
    __atomic_store_n(head + offsetof(gw_ring, tail_intent) / 8, end, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    uint64_t *data = words_at(view.events.data), mask = view.events.capacity - 1;
    if (skip) pad(data + (tail & mask) / 8, skip);
    tail += skip;
    for (uint32_t index = 0; index < length / 8; index++) {
        uint64_t word = pattern_word(index, GW_KIND_TRADE, (uint32_t)length, number, tail);
        __atomic_store_n(data + (tail & mask) / 8 + index, word, __ATOMIC_RELAXED);
    }
    head[offsetof(gw_ring, record_count) / 8] = number;
    __atomic_store_n(head + offsetof(gw_ring, tail) / 8, end, __ATOMIC_RELEASE);
}

static void announce(void)
{
    beat();
    puts("ready");
    fflush(stdout);
}

static uint64_t write_slots(uint64_t versions, uint64_t per_second)
{
    uint64_t written = 0, pause_ns = per_second ? 1000000000 / per_second : 0;
    int64_t due = gw_now_mono();
    while (!stopped && (!versions || written < versions)) {
        write_slot(&view.quote, GW_KIND_QUOTE);
        write_slot(&view.book, GW_KIND_BOOK);
        write_slot(&view.mark_price, GW_KIND_MARK_PRICE);
        write_slot(&view.values, GW_KIND_KLINE);
        if (written++ == 0) announce();
        if (written % 1024 == 0) beat();
        for (due += (int64_t)pause_ns; pause_ns && gw_now_mono() < due;) continue;
    }
    return written;
}

static uint64_t write_ring(uint64_t records, uint64_t per_second)
{
    struct timespec pause = {0, 1000000};
    uint64_t number = 0, pause_ns = per_second ? 1000000000 / per_second : 0;
    int64_t due = gw_now_mono();
    while (!stopped && number < records) {
        write_record(++number);
        if (number == 1) announce();
        if (number % 256 == 0) beat();
        if (number % 16 == 0) ring_bell();
        if (number + 64 > records) nanosleep(&pause, NULL);
        for (due += (int64_t)pause_ns; pause_ns && gw_now_mono() < due;) continue;
    }
    return number;
}

int main(int count, char **words)
{
    if (count < 3) return 2;
    uint64_t first = count > 3 ? strtoull(words[3], NULL, 10) : 0;
    uint64_t second = count > 4 ? strtoull(words[4], NULL, 10) : 0;
    signal(SIGTERM, stop);
    if (gw_open(&view, words[1])) {
        fprintf(stderr, "%s\n", view.error);
        return 1;
    }
    int fd = open(words[1], O_RDWR | O_CLOEXEC);
    base = (unsigned char *)mmap(NULL, view.size, PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_POPULATE, fd, 0);
    if (base == MAP_FAILED) return 1;
    uint64_t done = strcmp(words[2], "ring") ? write_slots(first, second)
                                             : write_ring(first, second);
    printf("%llu\n", (unsigned long long)done);
    return 0;
}
