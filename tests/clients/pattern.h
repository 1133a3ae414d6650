/* What the test writer puts into cells and records: nearly every word holds the same counter, so
 * that any mix of two versions shows. A slot's counter is its version, a record's its number. */
#ifndef PATTERN_H
#define PATTERN_H

#include "gateway.h"

enum { PATTERN_RECORD_MAX = 128 + 64 * 6 };

/* Bytes of record `number`: seven lengths in turn, so that pads of all sizes come up. */
static inline uint32_t pattern_record_length(uint64_t number)
{
    return (uint32_t)(128 + 64 * (number % 7));
}

/* The word at `index` of a cell or record. `position` is the counter too, but in ring records. */
static inline uint64_t pattern_word(uint32_t index, uint8_t kind, uint32_t length,
                                    uint64_t counter, uint64_t position)
{
    switch (index) {
    case offsetof(gw_meta, ring_position) / 8: return position;
    case offsetof(gw_meta, symbol) / 8: return 0;
    case offsetof(gw_meta, length) / 8: return length;
    case offsetof(gw_meta, kind) / 8: return kind | GW_STATUS_LIVE << 8;
    case offsetof(gw_book, bid_count) / 8:
        if (kind != GW_KIND_BOOK) return counter;
        return GW_BOOK_LEVELS | GW_BOOK_LEVELS << 16 | (uint64_t)GW_BOOK_LEVELS << 32;
    default: return counter;
    }
}

/* 1 where all words of a copy belong together; what lies behind the last field of a book is not read. */
static inline int pattern_holds(const void *copy, uint8_t kind, uint32_t length, uint64_t counter,
                                uint64_t position)
{
    uint32_t end = kind == GW_KIND_BOOK ? (uint32_t)offsetof(gw_book, padding) : length;
    for (uint32_t index = 0; index < end / 8; index++) {
        uint64_t word;
        memcpy(&word, (const unsigned char *)copy + 8 * index, 8);
        if (word != pattern_word(index, kind, length, counter, position)) return 0;
    }
    return 1;
}

#endif
