/* Numbers that number.h's short paths do not take: long or unusual ones, and doubles. */
#include "number.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>

enum {
    NUMBER_ROOM = 512, /* longest number taken apart; no venue sends one of 40 digits */
    SHORT_ROOM = 34    /* the short paths read no further: a quote and three words, each with a byte behind */
};

const int64_t gw_pow10[19] = {
    1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000,
    1000000000000, 10000000000000, 100000000000000, 1000000000000000, 10000000000000000, 100000000000000000,
    1000000000000000000,
};

gw_error gw_json_u64_slow(gw_cursor *c, uint64_t *out)
{
    const uint8_t *p = c->p;
    uint64_t value = 0;
    while (p < c->end && (uint8_t)(*p - '0') <= 9) {
        if (GW_UNLIKELY(p - c->p >= 18 && value > ((uint64_t)INT64_MAX - (uint64_t)(*p - '0')) / 10))
            return GW_ERR_RANGE;
        value = value * 10 + (uint64_t)(*p++ - '0');
    }
    if (GW_UNLIKELY(p == c->p))
        return p < c->end ? GW_ERR_TYPE : GW_ERR_TRUNCATED;
    if (GW_UNLIKELY(p >= c->end))
        return GW_ERR_TRUNCATED;
    if (GW_UNLIKELY(*c->p == '0' && p - c->p > 1))
        return GW_ERR_SYNTAX;
    if (GW_UNLIKELY(*p == '.' || *p == 'e' || *p == 'E'))
        return GW_ERR_TYPE;
    c->p = p;
    *out = value;
    return GW_OK;
}

/* Take the digits of a decimal into a mantissa of `places` decimals. */
static gw_error decimal_digits(gw_cursor *c, int places, bool negative, int64_t *out)
{
    unsigned __int128 value = 0;
    bool seen = false, point = false, rounded = false, large = false;
    int left = places;
    const unsigned __int128 limit = (unsigned __int128)INT64_MAX;
    for (; c->p < c->end; c->p++) {
        uint8_t digit = (uint8_t)(*c->p - '0');
        if (*c->p == '.' && !point && seen) {
            point = true;
            seen = false; /* a digit must follow the point */
            continue;
        }
        if (digit > 9)
            break;
        seen = true;
        if (point && left == 0) {
            rounded |= digit != 0;
            continue;
        }
        left -= point;
        if (!large)
            value = value * 10 + digit;
        large |= value > limit;
    }
    if (!seen)
        return c->p < c->end ? GW_ERR_TYPE : GW_ERR_TRUNCATED;
    if (rounded)
        return GW_ERR_INEXACT;
    for (; left > 0 && !large; left--) {
        value *= 10;
        large |= value > limit;
    }
    if (large)
        return GW_ERR_RANGE;
    *out = negative ? -(int64_t)value : (int64_t)value;
    return GW_OK;
}

/* A number whose string holds escapes: taken, and written plain and quoted into `plain`. */
static gw_error plain_number(gw_cursor *c, uint8_t *plain, size_t room, gw_cursor *out)
{
    gw_text text;
    GW_TRY(gw_json_text(c, &text));
    size_t length = gw_json_unescape(&text, plain + 1, room - 2);
    if (length == SIZE_MAX)
        return GW_ERR_RANGE;
    plain[0] = plain[length + 1] = '"';
    *out = (gw_cursor){plain, plain + length + 2};
    return memchr(plain + 1, '\\', length) || memchr(plain + 1, '"', length) ? GW_ERR_TYPE : GW_OK;
}

/* Whether the string at the cursor holds an escape before its end. */
static bool has_escape(const gw_cursor *c)
{
    const uint8_t *p = c->p + 1;
    while (p < c->end && *p != '"' && *p != '\\')
        p++;
    return p < c->end && *p == '\\';
}

gw_error gw_json_decimal_slow(gw_cursor *c, int places, int64_t *out)
{
    if (c->p >= c->end)
        return GW_ERR_TRUNCATED;
    bool quoted = *c->p == '"';
    uint8_t tail[SHORT_ROOM] = {0};
    const size_t left = (size_t)(c->end - c->p);
    if (left < sizeof tail && places <= 8) { /* the last of a frame: the short path, on a longer copy */
        memcpy(tail, c->p, left);
        const uint8_t *behind = gw_short_decimal(tail, tail + sizeof tail, places, out);
        if (behind) {
            c->p += behind - tail;
            return GW_OK;
        }
    }
    if (quoted && has_escape(c)) {
        uint8_t plain[NUMBER_ROOM];
        gw_cursor inner;
        GW_TRY(plain_number(c, plain, sizeof plain, &inner));
        return gw_json_decimal_slow(&inner, places, out);
    }
    c->p += quoted;
    bool negative = c->p < c->end && *c->p == '-';
    c->p += negative;
    if (!quoted && c->end - c->p >= 2 && c->p[0] == '0' && (uint8_t)(c->p[1] - '0') <= 9)
        return GW_ERR_SYNTAX; /* a JSON number has no leading zeros */
    GW_TRY(decimal_digits(c, places, negative, out));
    if (c->p >= c->end)
        return GW_ERR_TRUNCATED;
    if (!quoted)
        return (*c->p | 0x20) == 'e' ? GW_ERR_TYPE : GW_OK;
    if (*c->p != '"')
        return GW_ERR_TYPE;
    c->p++;
    return GW_OK;
}

static locale_t c_locale(void)
{
    static locale_t locale;
    if (!locale)
        locale = newlocale(LC_ALL_MASK, "C", NULL);
    return locale;
}

/* whole + part / 10^places to the nearest double, ties to even: 63 bits of it, the last of them set where
 * bits are left over, are rounded once by the conversion. For 10^places * whole >= 2^53, places <= 8: so
 * whole has 27 bits or more, and part << shift fits. */
static double nearest_double(uint64_t whole, uint64_t part, int places)
{
    int shift = __builtin_clzll(whole) - 1;
    uint64_t scaled = part << shift, unit = (uint64_t)gw_pow10[places];
    uint64_t bits = whole << shift | scaled / unit | (scaled % unit != 0);
    return (double)(int64_t)bits / (double)((uint64_t)1 << shift);
}

/* Up to 15 digits, a point and up to 8 digits in quotes; null: not of that form, or too near the end.
 * Clinger: a mantissa below 2^53 and a power of ten up to 10^22 are exact, so one division rounds once. */
static const uint8_t *short_double(const uint8_t *p, const uint8_t *end, double *out)
{
    if (end - p < 10 || *p++ != '"')
        return NULL;
    uint64_t word = gw_load8(p) ^ GW_ZEROS, part = 0;
    int n = gw_digits(word), m = 0;
    if (n == 0)
        return NULL;
    uint64_t whole = gw_digits_value(word << (8 - n) * 8);
    p += n;
    for (const uint8_t *limit = p + (n == 8 ? 7 : 0); p < limit && p < end - 1 && (uint8_t)(*p - '0') <= 9; p++)
        whole = whole * 10 + (uint64_t)(*p - '0');
    if (*p == '.') {
        if (end - ++p < 9)
            return NULL;
        word = gw_load8(p) ^ GW_ZEROS;
        m = gw_digits(word);
        if (m == 0)
            return NULL;
        part = gw_digits_value(word << (8 - m) * 8);
        p += m;
    }
    if (*p != '"')
        return NULL;
    const uint64_t exact = (uint64_t)1 << 53, unit = (uint64_t)gw_pow10[m];
    if (part == 0)
        *out = (double)whole;
    else if (whole < exact / unit)
        *out = (double)(whole * unit + part) / (double)unit;
    else
        *out = nearest_double(whole, part, m);
    return p + 1;
}

/* Step over digits; whether there were any. */
static bool step_digits(const uint8_t **p, const uint8_t *end)
{
    const uint8_t *from = *p;
    while (*p < end && (uint8_t)(**p - '0') <= 9)
        (*p)++;
    return *p > from;
}

/* Any decimal: strtod rounds right, and takes its time. */
static gw_error long_double(gw_cursor *c, bool quoted, double *out)
{
    char text[NUMBER_ROOM];
    const uint8_t *from = c->p + quoted, *p = from + (from < c->end && *from == '-');
    if (!quoted && c->end - p >= 2 && p[0] == '0' && (uint8_t)(p[1] - '0') <= 9)
        return GW_ERR_SYNTAX;
    bool fits = step_digits(&p, c->end);
    if (fits && p < c->end && *p == '.') {
        p++;
        fits = step_digits(&p, c->end);
    }
    if (p >= c->end)
        return GW_ERR_TRUNCATED;
    if (!fits || (quoted && *p != '"') || (!quoted && (*p | 0x20) == 'e'))
        return GW_ERR_TYPE;
    size_t length = (size_t)(p - from);
    if (length >= sizeof text)
        return GW_ERR_RANGE;
    memcpy(text, from, length);
    text[length] = 0;
    *out = strtod_l(text, NULL, c_locale());
    c->p = p + quoted;
    return isinf(*out) ? GW_ERR_RANGE : GW_OK;
}

/* A decimal as the double nearest to it. */
gw_error gw_json_double(gw_cursor *c, double *out)
{
    if (c->p >= c->end)
        return GW_ERR_TRUNCATED;
    const uint8_t *behind = short_double(c->p, c->end, out);
    if (GW_LIKELY(behind != NULL)) {
        c->p = behind;
        return GW_OK;
    }
    uint8_t tail[SHORT_ROOM] = {0};
    const size_t left = (size_t)(c->end - c->p);
    if (left < sizeof tail) { /* the last of a frame: the same, on a longer copy */
        memcpy(tail, c->p, left);
        behind = short_double(tail, tail + sizeof tail, out);
        if (behind) {
            c->p += behind - tail;
            return GW_OK;
        }
    }
    const bool quoted = *c->p == '"';
    if (quoted && has_escape(c)) {
        uint8_t plain[NUMBER_ROOM];
        gw_cursor inner;
        GW_TRY(plain_number(c, plain, sizeof plain, &inner));
        return gw_json_double(&inner, out);
    }
    return long_double(c, quoted, out);
}
