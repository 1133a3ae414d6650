/* Numbers in JSON: ids and times, decimals as exact mantissas, volumes as doubles.
 *
 * Nothing is rounded on the way to an integer: gw_json_decimal gives the exact mantissa at a number of
 * decimal places, or says INEXACT. */
#ifndef GW_NUMBER_H
#define GW_NUMBER_H

#include "json.h"

enum { GW_PLACES_MAX = 18 };

extern const int64_t gw_pow10[19];

gw_error gw_json_u64_slow(gw_cursor *c, uint64_t *out);
gw_error gw_json_decimal_slow(gw_cursor *c, int places, int64_t *out);
gw_error gw_json_double(gw_cursor *c, double *out);

/* An unsigned integer that fits 63 bits, as the venue sends ids and times. */
static inline gw_error gw_json_u64(gw_cursor *c, uint64_t *out)
{
    const uint8_t *p = c->p;
    if (GW_LIKELY(c->end - p >= 9 && *p != '0')) {
        uint64_t word = gw_load8(p) ^ GW_ZEROS;
        int n = gw_digits(word);
        if (GW_LIKELY(n > 0)) {
            uint64_t value = gw_digits_value(word << (8 - n) * 8);
            const uint8_t *limit = c->end - p > 18 ? p + 18 : c->end - 1;
            for (p += n; p < limit && (uint8_t)(*p - '0') <= 9; p++)
                value = value * 10 + (uint64_t)(*p - '0');
            if (GW_LIKELY(*p == ',' || *p == '}')) {
                *out = value;
                c->p = p;
                return GW_OK;
            }
        }
    }
    return gw_json_u64_slow(c, out);
}

/* Up to 7 digits, a point and up to 8 digits in quotes; null: not of that form, or more decimals than
 * places, or so near the end that eight bytes cannot be loaded. Places: up to 8. */
static inline const uint8_t *gw_short_decimal(const uint8_t *p, const uint8_t *end, int places, int64_t *out)
{
    if (GW_UNLIKELY(end - p < 10 || p[0] != '"'))
        return NULL;
    uint64_t word = gw_load8(p + 1) ^ GW_ZEROS;
    int n = gw_digits(word);
    if (GW_UNLIKELY(n == 0 || n == 8))
        return NULL;
    const uint8_t *point = p + 1 + n;
    uint64_t whole = gw_digits_value(word << (8 - n) * 8);
    if (*point == '"') {
        *out = (int64_t)whole * gw_pow10[places];
        return point + 1;
    }
    if (GW_UNLIKELY(*point != '.' || end - point < 10))
        return NULL;
    uint64_t part = gw_load8(point + 1) ^ GW_ZEROS;
    int m = gw_digits(part);
    if (GW_UNLIKELY(m == 0 || point[1 + m] != '"'))
        return NULL;
    if (m < 8)
        part &= ((uint64_t)1 << m * 8) - 1;
    if (places < 8 && GW_UNLIKELY(part >> places * 8))
        return NULL;
    uint64_t decimals = places ? gw_digits_value(part << (8 - places) * 8) : 0;
    *out = (int64_t)(whole * (uint64_t)gw_pow10[places] + decimals);
    return point + 2 + m;
}

/* A decimal, as string ("12.50") or bare number, as mantissa at `places` decimals (0..GW_PLACES_MAX).
 * RANGE: does not fit an i64. INEXACT: digits other than 0 beyond `places`. TYPE: not a decimal. */
static inline gw_error gw_json_decimal(gw_cursor *c, int places, int64_t *out)
{
    if (GW_LIKELY(places <= 8)) {
        const uint8_t *behind = gw_short_decimal(c->p, c->end, places, out);
        if (GW_LIKELY(behind != NULL)) {
            c->p = behind;
            return GW_OK;
        }
    }
    return gw_json_decimal_slow(c, places, out);
}

#endif
