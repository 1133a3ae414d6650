/* The writer's side of a segment: latched slots, broadcast rings, directories, heartbeat, bell.
 *
 * One writer, one thread. The file was laid out by gateway/segment_file.py; here are the stores that
 * readers rely on, with their memory orders (protocols: clients/LAYOUT.md). */
#ifndef GW_SEGMENT_H
#define GW_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "layout.h"

typedef struct gw_slots {
    uint8_t *base;
    uint32_t stride;
    uint32_t cell_offset;
    uint32_t cell_size;
    uint32_t capacity;
} gw_slots;

typedef struct gw_ring_writer {
    gw_ring *head;
    uint8_t *data;
    uint64_t capacity;
    uint64_t tail;    /* of the last whole record */
    uint64_t claimed; /* end of the record being written */
} gw_ring_writer;

enum { GW_SLOT_KINDS = 6 }; /* by symbol: QUOTE, TICKER, LAST_TRADE, BOOK, PARTIAL, MARK_PRICE */

typedef struct gw_segment {
    uint8_t *base;
    size_t size;
    gw_header *header;
    gw_counters *counters;
    gw_histogram *histograms;
    gw_symbol *symbols;
    gw_connection *connections;
    gw_stream *streams;
    uint32_t symbol_capacity;
    uint32_t connection_capacity;
    uint32_t stream_capacity;
    uint32_t book_levels;
    gw_slots slots[GW_SLOT_KINDS];
    gw_slots values; /* by stream */
    gw_slots gaps;   /* by number */
    gw_ring_writer events;
    gw_ring_writer raw;
} gw_segment;

/* Find the sections. False: the file is not one that segment_file.py made for this layout. */
bool gw_segment_attach(gw_segment *segment, uint8_t *base, size_t size);

void gw_slot_store(gw_slots *slots, uint32_t row, gw_meta *cell, uint32_t length);
void gw_slot_load_own(const gw_slots *slots, uint32_t row, void *cell);

/* Room for a record of `length` bytes, rounded up to 64; at most an eighth of the ring less 64. */
uint8_t *gw_ring_claim(gw_ring_writer *ring, size_t length);
void gw_ring_publish(gw_ring_writer *ring);
const uint8_t *gw_ring_at(const gw_ring_writer *ring, uint64_t position);

void gw_segment_heartbeat(gw_segment *segment, int64_t mono, int64_t real);
void gw_bell_wake(uint32_t *bell);
void gw_segment_ring_bell(gw_segment *segment);
void gw_segment_symbols_added(gw_segment *segment, uint32_t count);
void gw_segment_streams_added(gw_segment *segment, uint32_t count);
void gw_segment_connections_added(gw_segment *segment, uint32_t count);
void gw_segment_values_added(gw_segment *segment, uint32_t count);
void gw_segment_rows_changed(gw_segment *segment);
void gw_histogram_add(gw_histogram *histogram, int64_t value);
uint32_t gw_histogram_bucket(uint64_t value);

static inline size_t gw_record_length(size_t length)
{
    return (length + 63) & ~(size_t)63;
}

#endif
