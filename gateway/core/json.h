/* Reading JSON from bytes that come from a hostile network: a cursor, and nothing allocated.
 *
 * Every read is checked against `end`. A function that fails leaves the cursor where it stopped and
 * returns a named error; what it wrote to its out-parameters is then meaningless. Numbers: number.h. */
#ifndef GW_JSON_H
#define GW_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "words.h"

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

enum { GW_JSON_DEPTH_MAX = 64 };

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

gw_error gw_json_skip_value(gw_cursor *c); /* skip.c */
/* At a key: step over members up to one whose key begins with either letter, or that is not written as the venue does,
 * or the last one. */
void gw_json_seek(gw_cursor *c, uint8_t first, uint8_t second);
gw_error gw_json_text_slow(gw_cursor *c, gw_text *out);
size_t gw_json_unescape(const gw_text *text, uint8_t *out, size_t room);
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
    if (GW_LIKELY(c->end - c->p >= 2 && c->p[0] == wanted && c->p[1] > ' ')) {
        c->p++;
        return GW_OK;
    }
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

/* Take a string; those without escapes, which is nearly all, here. */
static inline gw_error gw_json_text(gw_cursor *c, gw_text *out)
{
    if (GW_UNLIKELY(c->p >= c->end))
        return GW_ERR_TRUNCATED;
    if (GW_UNLIKELY(*c->p != '"'))
        return GW_ERR_TYPE;
    const uint8_t *from = c->p + 1, *p = from;
    while (GW_LIKELY(c->end - p >= 8)) {
        uint64_t stops = gw_text_stops(gw_load8(p));
        if (GW_LIKELY(stops)) {
            p += __builtin_ctzll(stops) >> 3;
            break;
        }
        p += 8;
    }
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
    /* "x": and no space, as nearly all of the venue's keys are. */
    if (GW_LIKELY(c->end - p >= 5)) {
        const uint32_t word = gw_load4(p);
        const uint8_t letter = (uint8_t)(word >> 8);
        if (GW_LIKELY((word & 0xFFFF00FFu) == 0x3A220022u && (uint8_t)((letter | 0x20) - 'a') < 26 && p[4] > ' ')) {
            *out = (gw_key){letter, p + 1, 1};
            c->p = p + 4;
            return GW_OK;
        }
    }
    return gw_json_key_slow(c, out, scratch, GW_KEY_ROOM);
}

static inline bool gw_text_is(const gw_text *text, const char *wanted, size_t length)
{
    return text->length == length && memcmp(text->p, wanted, length) == 0;
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
