/* Randomness and harm for the fuzz drivers: the same from one seed on every machine. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static uint64_t fuzz_state;

static inline uint64_t next_random(void) /* xorshift64* */
{
    fuzz_state ^= fuzz_state >> 12;
    fuzz_state ^= fuzz_state << 25;
    fuzz_state ^= fuzz_state >> 27;
    return fuzz_state * 2685821657736338717u;
}

static inline size_t below(size_t limit)
{
    return limit ? next_random() % limit : 0;
}

static inline size_t mutate(uint8_t *bytes, size_t length, size_t room)
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

/* A copy in a heap block of exactly its size, so that one byte read too far is an error. */
static inline uint8_t *exact_copy(const uint8_t *bytes, size_t length)
{
    uint8_t *exact = malloc(length ? length : 1);
    memcpy(exact, bytes, length);
    return exact;
}

#endif
