/* Eight bytes of text at a time, in an ordinary register.
 *
 * gw_load8 puts the first byte lowest (the hosts we run on are little-endian; layout.h asserts it),
 * so that the lowest marked byte of a result is the first one in the text. */
#ifndef GW_WORDS_H
#define GW_WORDS_H

#include <stdint.h>
#include <string.h>

#define GW_ONES 0x0101010101010101u
#define GW_HIGHS 0x8080808080808080u
#define GW_ZEROS 0x3030303030303030u /* eight times the digit 0 */

static inline uint64_t gw_load8(const uint8_t *p)
{
    uint64_t word;
    memcpy(&word, p, 8);
    return word;
}

static inline uint32_t gw_load4(const uint8_t *p)
{
    uint32_t word;
    memcpy(&word, p, 4);
    return word;
}

/* Number of leading digits in eight bytes that had GW_ZEROS xor-ed off; 8 when all are digits. */
static inline int gw_digits(uint64_t word)
{
    uint64_t other = ((word + 0x7676767676767676u) | word) & GW_HIGHS;
    return other ? __builtin_ctzll(other) >> 3 : 8;
}

/* The value of eight digits 0..9, first byte most significant. */
static inline uint64_t gw_digits_value(uint64_t word)
{
    word = word * 10 + (word >> 8);
    return (((word & 0x000000FF000000FFu) * 0x000F424000000064u) +
            (((word >> 16) & 0x000000FF000000FFu) * 0x0000271000000001u)) >> 32;
}

/* Marks (bit 7) the first byte that ends plain text: a quote, a backslash or a control character.
 * A borrow may mark bytes behind the first one wrongly, never one before it. */
static inline uint64_t gw_text_stops(uint64_t word)
{
    uint64_t quote = word ^ '"' * GW_ONES, slash = word ^ '\\' * GW_ONES;
    return (((quote - GW_ONES) & ~quote) | ((slash - GW_ONES) & ~slash) | ((word - ' ' * GW_ONES) & ~word)) & GW_HIGHS;
}

#endif
