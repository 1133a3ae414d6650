/* Stores into shared memory; see segment.h. Words that readers synchronise on are C11 atomics. */
#include "segment.h"

#include <linux/futex.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the layout is little-endian");
_Static_assert(sizeof(_Atomic uint64_t) == 8 && ATOMIC_LLONG_LOCK_FREE == 2, "one store a word");

#define ATOMIC64(p) ((_Atomic uint64_t *)(void *)(p))
#define ATOMIC32(p) ((_Atomic uint32_t *)(void *)(p))

static const gw_section *section_of(const gw_segment *segment, uint32_t kind)
{
    const gw_header *header = segment->header;
    const gw_section *table = (const gw_section *)(segment->base + header->section_table_offset);
    for (uint32_t i = 0; i < header->section_count; i++)
        if (table[i].kind == kind && table[i].offset + table[i].length <= segment->size)
            return &table[i];
    return NULL;
}

static bool attach_ring(gw_segment *segment, uint32_t kind, gw_ring_writer *ring)
{
    const gw_section *section = section_of(segment, kind);
    if (!section || section->ring_capacity < GW_PAGE || (section->ring_capacity & (section->ring_capacity - 1)))
        return false;
    ring->head = (gw_ring *)(segment->base + section->offset);
    ring->data = segment->base + section->offset + section->cell_offset;
    ring->capacity = section->ring_capacity;
    ring->tail = ring->claimed = ring->head->tail;
    return section->cell_offset + section->ring_capacity <= section->length;
}

static bool attach_slots(gw_segment *segment, uint32_t kind, gw_slots *slots)
{
    const gw_section *section = section_of(segment, kind);
    if (!section || section->cell_count != 2)
        return false;
    *slots = (gw_slots){segment->base + section->offset, section->stride, section->cell_offset, section->cell_size,
                        section->capacity};
    if (kind == GW_SECTION_BOOK)
        segment->book_levels = section->param;
    return true;
}

static bool attach_all_slots(gw_segment *segment)
{
    static const uint32_t kinds[GW_SLOT_KINDS] = {GW_SECTION_QUOTE, GW_SECTION_TICKER, GW_SECTION_LAST_TRADE,
                                                  GW_SECTION_BOOK,  GW_SECTION_PARTIAL, GW_SECTION_MARK_PRICE};
    for (uint32_t i = 0; i < GW_SLOT_KINDS; i++)
        if (!attach_slots(segment, kinds[i], &segment->slots[i]))
            return false;
    return attach_slots(segment, GW_SECTION_VALUES, &segment->values) && segment->values.cell_size >= GW_VALUE_BYTES &&
           attach_slots(segment, GW_SECTION_GAPS, &segment->gaps) && segment->gaps.cell_size >= sizeof(gw_gap);
}

bool gw_segment_attach(gw_segment *segment, uint8_t *base, size_t size)
{
    memset(segment, 0, sizeof *segment);
    segment->base = base;
    segment->size = size;
    segment->header = (gw_header *)base;
    if (size < 2 * GW_PAGE || segment->header->file_size != size || segment->header->schema_hash != GW_SCHEMA_HASH)
        return false;
    const gw_section *counters = section_of(segment, GW_SECTION_COUNTERS);
    const gw_section *histograms = section_of(segment, GW_SECTION_HISTOGRAMS);
    const gw_section *symbols = section_of(segment, GW_SECTION_SYMBOLS);
    const gw_section *connections = section_of(segment, GW_SECTION_CONNECTIONS);
    const gw_section *streams = section_of(segment, GW_SECTION_STREAMS);
    if (!counters || !histograms || !symbols || !connections || !streams || histograms->capacity < GW_HISTOGRAM_COUNT)
        return false;
    segment->counters = (gw_counters *)(base + counters->offset);
    segment->histograms = (gw_histogram *)(base + histograms->offset);
    segment->symbols = (gw_symbol *)(base + symbols->offset);
    segment->connections = (gw_connection *)(base + connections->offset);
    segment->streams = (gw_stream *)(base + streams->offset);
    segment->symbol_capacity = symbols->capacity;
    segment->connection_capacity = connections->capacity;
    segment->stream_capacity = streams->capacity;
    return attach_all_slots(segment) && attach_ring(segment, GW_SECTION_EVENTS, &segment->events) &&
           attach_ring(segment, GW_SECTION_RAW, &segment->raw);
}

/* Write the cell that readers are not looking at, then point them to it. A writer killed anywhere in
 * here leaves the old cell whole and current. `length`: bytes of `cell` that are worth copying, a
 * multiple of 8; what lies behind it in the slot keeps older bytes, which the counts in the cell rule out. */
void gw_slot_store(gw_slots *slots, uint32_t row, gw_meta *cell, uint32_t length)
{
    uint8_t *slot = slots->base + (size_t)row * slots->stride;
    uint64_t version = atomic_load_explicit(ATOMIC64(slot), memory_order_relaxed) + 1;
    uint64_t *to = (uint64_t *)(void *)(slot + slots->cell_offset + (version & 1) * slots->cell_size);
    cell->version = version;
    cell->length = slots->cell_size;
    /* SYNC POINT: no word of the new cell may become visible before the version that made it spare. */
    atomic_thread_fence(memory_order_release);
    for (uint32_t i = 0; i < length / 8; i++) {
        uint64_t word;
        memcpy(&word, (const uint8_t *)cell + 8 * i, 8);
        atomic_store_explicit(ATOMIC64(to + i), word, memory_order_relaxed);
    }
    /* SYNC POINT: readers that see this version see the whole cell. */
    atomic_store_explicit(ATOMIC64(slot), version, memory_order_release);
}

/* Our own last cell: we are the only writer, so no check is needed. */
void gw_slot_load_own(const gw_slots *slots, uint32_t row, void *cell)
{
    const uint8_t *slot = slots->base + (size_t)row * slots->stride;
    uint64_t version;
    memcpy(&version, slot, 8);
    memcpy(cell, slot + slots->cell_offset + (version & 1) * slots->cell_size, slots->cell_size);
}

static void ring_pad(gw_ring_writer *ring, uint64_t length)
{
    gw_meta pad = {.length = (uint32_t)length, .kind = GW_KIND_PAD};
    memcpy(ring->data + (ring->tail & (ring->capacity - 1)), &pad, sizeof pad);
}

uint8_t *gw_ring_claim(gw_ring_writer *ring, size_t wanted)
{
    uint64_t length = gw_record_length(wanted), left = ring->capacity - (ring->tail & (ring->capacity - 1));
    if (length + 64 > ring->capacity / 8) /* callers split before: our own word is broken */
        abort();
    uint64_t skip = length > left ? left : 0;
    /* A pad must hold a META: never leave 64 bytes at the ring's end. */
    if (!skip && left - length == 64)
        length += 64;
    ring->claimed = ring->tail + skip + length;
    /* SYNC POINT: readers of what is about to be overwritten must see that first. */
    atomic_store_explicit(ATOMIC64(&ring->head->tail_intent), ring->claimed, memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
    if (skip)
        ring_pad(ring, skip);
    uint8_t *record = ring->data + ((ring->tail + skip) & (ring->capacity - 1));
    gw_meta *meta = (gw_meta *)(void *)record;
    meta->version = ring->head->record_count + 1;
    meta->ring_position = ring->tail + skip;
    meta->length = (uint32_t)length;
    return record;
}

void gw_ring_publish(gw_ring_writer *ring)
{
    ring->head->record_count++;
    ring->tail = ring->claimed;
    /* SYNC POINT: readers that see this tail see the whole record. */
    atomic_store_explicit(ATOMIC64(&ring->head->tail), ring->tail, memory_order_release);
}

const uint8_t *gw_ring_at(const gw_ring_writer *ring, uint64_t position)
{
    return ring->data + (position & (ring->capacity - 1));
}

void gw_segment_heartbeat(gw_segment *segment, int64_t mono, int64_t real)
{
    gw_header *header = segment->header;
    atomic_store_explicit(ATOMIC64(&header->heartbeat_real), (uint64_t)real, memory_order_relaxed);
    atomic_store_explicit(ATOMIC64(&header->heartbeat_count), header->heartbeat_count + 1, memory_order_relaxed);
    /* SYNC POINT: whoever sees a fresh heartbeat sees every status swept before it. */
    atomic_store_explicit(ATOMIC64(&header->heartbeat_mono), (uint64_t)mono, memory_order_release);
}

/* Wake whoever sleeps on a bell. 0.2 us when nobody does. */
void gw_bell_wake(uint32_t *bell)
{
    syscall(SYS_futex, bell, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

/* Readers cannot register in a read-only file, so wake whoever waits, once a batch. */
void gw_segment_ring_bell(gw_segment *segment)
{
    uint32_t *bell = &segment->header->bell;
    atomic_store_explicit(ATOMIC32(bell), *bell + 1, memory_order_release);
    gw_bell_wake(bell);
}

/* A row was added, retired or moved: readers look at the directories again. */
void gw_segment_rows_changed(gw_segment *segment)
{
    uint32_t epoch = segment->header->directory_epoch + 1;
    atomic_store_explicit(ATOMIC32(&segment->header->directory_epoch), epoch, memory_order_release);
}

/* A directory row is complete before its count shows it. */
static void rows_added(gw_segment *segment, uint32_t *count, uint32_t value)
{
    atomic_store_explicit(ATOMIC32(count), value, memory_order_release);
    gw_segment_rows_changed(segment);
}

void gw_segment_symbols_added(gw_segment *segment, uint32_t count)
{
    rows_added(segment, &segment->header->symbol_count, count);
}

void gw_segment_streams_added(gw_segment *segment, uint32_t count)
{
    rows_added(segment, &segment->header->stream_count, count);
}

void gw_segment_connections_added(gw_segment *segment, uint32_t count)
{
    rows_added(segment, &segment->header->connection_count, count);
}

void gw_segment_values_added(gw_segment *segment, uint32_t count)
{
    rows_added(segment, &segment->header->value_count, count);
}

uint32_t gw_histogram_bucket(uint64_t value)
{
    if (value < 32)
        return (uint32_t)value;
    uint32_t e = 63 - (uint32_t)__builtin_clzll(value);
    return ((e - 4) << 5) | ((uint32_t)(value >> (e - 5)) & 31);
}

void gw_histogram_add(gw_histogram *histogram, int64_t value)
{
    if (value < 0) /* the venue's clock is ahead of ours: not a latency */
        value = 0;
    histogram->count++;
    histogram->sum += (uint64_t)value;
    if ((uint64_t)value > histogram->max)
        histogram->max = (uint64_t)value;
    histogram->buckets[gw_histogram_bucket((uint64_t)value)]++;
}
