/* Reading JSON from bytes that come from a hostile network: a cursor, and nothing allocated.
 *
 * Every read is checked against `end`. A function that fails leaves the cursor where it stopped and
 * returns a named error; what it wrote to its out-parameters is then meaningless.
 * Numbers are never rounded: gw_json_decimal gives the exact mantissa at a number of decimal places. */
#ifndef GW_JSON_H
#define GW_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef enum gw_error {
    GW_OK = 0,
    GW_ERR_SYNTAX,    /* not JSON */
    GW_ERR_TRUNCATED, /* ends in the middle */
    GW_ERR_TYPE,      /* a value of another type than the venue documents */
    GW_ERR_MISSING,   /* a required key is absent */
    GW_ERR_RANGE,     /* a number that does not fit */
    GW_ERR_INEXACT,   /* more decimals than the instrument's exponent */
    GW_ERR_MISMATCH,  /* another symbol or event than the stream's */
    GW_ERR_NESTING,   /* deeper than GW_JSON_DEPTH_MAX */
    GW_ERR_UTF8,      /* not UTF-8 */
    GW_ERR_COUNT
} gw_error;

enum { GW_JSON_DEPTH_MAX = 64, GW_PLACES_MAX = 18 };

typedef struct gw_cursor {
    const uint8_t *p;
    const uint8_t *end;
} gw_cursor;

/* The inside of a string, without its quotes; `escaped`: it holds backslashes. */
typedef struct gw_text {
    const uint8_t *p;
    size_t length;
    bool escaped;
} gw_text;

#define GW_LIKELY(x) __builtin_expect(!!(x), 1)
#define GW_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define GW_TRY(call)                               \
    do {                                           \
        gw_error gw_try_error = (call);            \
        if (GW_UNLIKELY(gw_try_error != GW_OK))    \
            return gw_try_error;                   \
    } while (0)

const char *gw_error_name(gw_error error);

gw_error gw_json_skip_value(gw_cursor *c);
gw_error gw_json_text_slow(gw_cursor *c, gw_text *out);
size_t gw_json_unescape(const gw_text *text, uint8_t *out, size_t room);
gw_error gw_json_decimal_slow(gw_cursor *c, int places, int64_t *out);
gw_error gw_json_double(gw_cursor *c, double *out);
bool gw_utf8_valid(const uint8_t *p, size_t length);

static inline void gw_json_space(gw_cursor *c)
{
    while (c->p < c->end && *c->p <= ' ' && (*c->p == ' ' || *c->p == '\n' || *c->p == '\r' || *c->p == '\t'))
        c->p++;
}

/* Why the byte at the cursor is not what was wanted. */
static inline gw_error gw_json_unexpected(const gw_cursor *c)
{
    return c->p < c->end ? GW_ERR_SYNTAX : GW_ERR_TRUNCATED;
}

/* Take one punctuation byte, with white space round it. */
static inline gw_error gw_json_take(gw_cursor *c, uint8_t wanted)
{
    gw_json_space(c);
    if (GW_UNLIKELY(c->p >= c->end || *c->p != wanted))
        return gw_json_unexpected(c);
    c->p++;
    gw_json_space(c);
    return GW_OK;
}

/* True, and taken, if `wanted` is next. */
static inline bool gw_json_take_if(gw_cursor *c, uint8_t wanted)
{
    gw_json_space(c);
    if (c->p >= c->end || *c->p != wanted)
        return false;
    c->p++;
    gw_json_space(c);
    return true;
}

/* Take a string; short ones without escapes, which is nearly all, in this loop. */
static inline gw_error gw_json_text(gw_cursor *c, gw_text *out)
{
    if (GW_UNLIKELY(c->p >= c->end))
        return GW_ERR_TRUNCATED;
    if (GW_UNLIKELY(*c->p != '"'))
        return GW_ERR_TYPE;
    const uint8_t *from = c->p + 1, *p = from;
    while (p < c->end && *p != '"' && *p != '\\' && *p >= 0x20)
        p++;
    if (GW_UNLIKELY(p >= c->end || *p != '"'))
        return gw_json_text_slow(c, out);
    out->p = from;
    out->length = (size_t)(p - from);
    out->escaped = false;
    c->p = p + 1;
    return GW_OK;
}

/* A key of up to 8 bytes as one number, first byte lowest: compare with GW_KEY constants. */
#define GW_KEY1(a) ((uint64_t)(uint8_t)(a))
#define GW_KEY2(a, b) (GW_KEY1(a) | GW_KEY1(b) << 8)
#define GW_KEY4(a, b, c, d) (GW_KEY2(a, b) | GW_KEY2(c, d) << 16)

typedef struct gw_key {
    uint64_t code; /* 0 when the key is empty or longer than 8 bytes */
    const uint8_t *p;
    size_t length;
} gw_key;

gw_error gw_json_key_slow(gw_cursor *c, gw_key *out, uint8_t *scratch, size_t room);

enum { GW_KEY_ROOM = 64 };

/* Take a key and its colon. `scratch` (GW_KEY_ROOM bytes) holds a key that came with escapes. */
static inline gw_error gw_json_key(gw_cursor *c, gw_key *out, uint8_t *scratch)
{
    const uint8_t *p = c->p;
    /* "x": in four bytes, as nearly all of the venue's keys are. */
    if (GW_LIKELY(c->end - p >= 4 && p[0] == '"' && p[2] == '"' && p[3] == ':' && p[1] != '\\' && p[1] >= 0x20 && p[1] != '"')) {
        out->code = p[1];
        out->p = p + 1;
        out->length = 1;
        c->p = p + 4;
        gw_json_space(c);
        return GW_OK;
    }
    return gw_json_key_slow(c, out, scratch, GW_KEY_ROOM);
}

static inline bool gw_text_is(const gw_text *text, const char *wanted, size_t length)
{
    return text->length == length && memcmp(text->p, wanted, length) == 0;
}

/* An unsigned integer that fits 63 bits, as the venue sends ids and times. */
static inline gw_error gw_json_u64(gw_cursor *c, uint64_t *out)
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

static inline gw_error gw_json_bool(gw_cursor *c, bool *out)
{
    if (GW_LIKELY(c->end - c->p >= 5)) {
        if (memcmp(c->p, "true", 4) == 0) {
            c->p += 4;
            *out = true;
            return GW_OK;
        }
        if (memcmp(c->p, "false", 5) == 0) {
            c->p += 5;
            *out = false;
            return GW_OK;
        }
        return GW_ERR_TYPE;
    }
    return GW_ERR_TRUNCATED;
}

/* Eight bytes, first lowest (the hosts we run on are little-endian; layout.h asserts it). */
static inline uint64_t gw_load8(const uint8_t *p)
{
    uint64_t word;
    memcpy(&word, p, 8);
    return word;
}

/* Number of leading digits in eight bytes that had '0' xor-ed off; 8 when all are digits. */
static inline int gw_digits(uint64_t word)
{
    uint64_t other = ((word + 0x7676767676767676u) | word) & 0x8080808080808080u;
    return other ? __builtin_ctzll(other) >> 3 : 8;
}

/* The value of eight digits 0..9, first byte most significant. */
static inline uint64_t gw_digits_value(uint64_t word)
{
    word = word * 10 + (word >> 8);
    return (((word & 0x000000FF000000FFu) * 0x000F424000000064u) +
            (((word >> 16) & 0x000000FF000000FFu) * 0x0000271000000001u)) >> 32;
}

extern const int64_t gw_pow10[19];

/* A decimal, as string ("12.50") or bare number, as mantissa at `places` decimals (0..GW_PLACES_MAX).
 * RANGE: does not fit an i64. INEXACT: digits other than 0 beyond `places`. TYPE: not a decimal. */
static inline gw_error gw_json_decimal(gw_cursor *c, int places, int64_t *out)
{
    const uint8_t *p = c->p;
    /* Up to 8 digits, a point, up to 8 digits, a quote: no branch on a digit. `"` + 8 + `.` + 8 + `"`
     * and the loads of 8 bytes stay inside end by the first test. */
    if (GW_LIKELY(c->end - p >= 26 && p[0] == '"' && places <= 8)) {
        uint64_t whole = gw_load8(p + 1) ^ 0x3030303030303030u;
        int n = gw_digits(whole);
        if (GW_LIKELY(n > 0 && n < 8)) {
            const uint8_t *point = p + 1 + n;
            uint64_t value = gw_digits_value(whole << ((8 - n) * 8));
            if (*point == '"') {
                *out = (int64_t)value * gw_pow10[places];
                c->p = point + 1;
                return GW_OK;
            }
            uint64_t part = gw_load8(point + 1) ^ 0x3030303030303030u;
            int m = gw_digits(part);
            if (GW_LIKELY(*point == '.' && m > 0 && point[1 + m] == '"')) {
                if (m < 8)
                    part &= ((uint64_t)1 << (m * 8)) - 1;
                if (places < 8 && GW_UNLIKELY(part >> (places * 8)))
                    return GW_ERR_INEXACT;
                uint64_t decimals = places ? gw_digits_value(part << ((8 - places) * 8)) : 0;
                *out = (int64_t)(value * (uint64_t)gw_pow10[places] + decimals);
                c->p = point + 2 + m;
                return GW_OK;
            }
        }
    }
    return gw_json_decimal_slow(c, places, out);
}

/* Take the opening brace of an object. TYPE: JSON of another shape. */
static inline gw_error gw_json_open(gw_cursor *c)
{
    gw_json_space(c);
    if (GW_UNLIKELY(c->p >= c->end))
        return GW_ERR_TRUNCATED;
    if (GW_UNLIKELY(*c->p != '{')) { /* JSON of another shape, or no JSON */
        gw_error error = gw_json_skip_value(c);
        return error == GW_OK ? GW_ERR_TYPE : error;
    }
    c->p++;
    gw_json_space(c);
    return GW_OK;
}

/* Behind a value: true and past the comma, or false and past the brace. */
static inline gw_error gw_json_next(gw_cursor *c, bool *more)
{
    if (GW_LIKELY(c->end - c->p >= 2 && c->p[0] == ',' && c->p[1] == '"')) {
        c->p++;
        *more = true;
        return GW_OK;
    }
    gw_json_space(c);
    if (c->p < c->end && *c->p == '}') {
        c->p++;
        *more = false;
        return GW_OK;
    }
    *more = true;
    return gw_json_take(c, ',');
}

#endif
