/* What the decoders (decode*.c) share: taking one value of a known meaning. */
#ifndef GW_DECODE_COMMON_H
#define GW_DECODE_COMMON_H

#include "decode.h"

#define BIT(n) (1u << (n))
#define KEY2 GW_KEY2

enum { FIXED_PLACES = -GW_FIXED_EXPONENT };

/* A string of up to `room` bytes, its escapes resolved (in `plain`, where it has any). RANGE: longer. */
gw_error gw_take_plain(gw_cursor *c, uint8_t *plain, size_t room, gw_text *out);

/* The string at the cursor must be `wanted`. */
gw_error gw_take_word_slow(gw_cursor *c, const void *wanted, size_t length);

/* An event name, given in quotes. */
static inline gw_error take_word(gw_cursor *c, const char *quoted, size_t length)
{
    if (GW_LIKELY((size_t)(c->end - c->p) >= length && memcmp(c->p, quoted, length) == 0)) {
        c->p += length;
        return GW_OK;
    }
    return gw_take_word_slow(c, quoted + 1, length - 2);
}

/* "e": must be the event the stream carries. */
#define TAKE_EVENT(c, name) take_word(c, "\"" name "\"", sizeof name + 1)

/* Whether a required key is absent: `wanted` is not what was `seen`. Back-filled events may lack `extra`. */
static inline bool is_incomplete(const gw_target *target, unsigned seen, unsigned wanted, unsigned extra)
{
    return GW_UNLIKELY(seen != wanted) && !(target->timeless && (seen | extra) == wanted);
}

/* "s": must be the stream's own symbol. */
static inline gw_error take_symbol(gw_cursor *c, const gw_target *target)
{
    const uint8_t *p = c->p;
    const size_t length = target->symbol_length;
    if (GW_LIKELY((size_t)(c->end - p) >= length + 2 && p[0] == '"' && p[length + 1] == '"' &&
                  memcmp(p + 1, target->symbol, length) == 0)) {
        c->p += length + 2;
        return GW_OK;
    }
    return gw_take_word_slow(c, target->symbol, length);
}

/* Times are ms; with timeUnit=MICROSECOND they have 16 digits. 1e14 ms is the year 5138. GW_NULL: too far
 * ahead for nanoseconds. */
static inline gw_error take_any_time(gw_cursor *c, int64_t *out)
{
    uint64_t value;
    GW_TRY(gw_json_u64(c, &value));
    const uint64_t scale = value > 100000000000000u ? 1000u : 1000000u;
    *out = GW_LIKELY(value <= (uint64_t)INT64_MAX / scale) ? (int64_t)(value * scale) : GW_NULL;
    return GW_OK;
}

static inline gw_error take_time(gw_cursor *c, int64_t *out)
{
    GW_TRY(take_any_time(c, out));
    return GW_LIKELY(*out != GW_NULL) ? GW_OK : GW_ERR_RANGE;
}

/* A time that may be none: the venue writes 0 where there is nothing to come. */
static inline gw_error take_time_or_null(gw_cursor *c, int64_t *out)
{
    GW_TRY(take_any_time(c, out));
    if (*out == 0)
        *out = GW_NULL;
    return GW_OK;
}

/* True, and taken, if null is next. */
static inline bool take_null(gw_cursor *c)
{
    if (GW_LIKELY(c->end - c->p < 4 || memcmp(c->p, "null", 4) != 0))
        return false;
    c->p += 4;
    return true;
}

/* A decimal that may be absent: null and "" give GW_NULL. */
static inline gw_error take_decimal_or_null(gw_cursor *c, int places, int64_t *out)
{
    *out = GW_NULL;
    if (GW_UNLIKELY(take_null(c)))
        return GW_OK;
    if (GW_UNLIKELY(c->end - c->p >= 2 && c->p[0] == '"' && c->p[1] == '"')) {
        c->p += 2;
        return GW_OK;
    }
    return gw_json_decimal(c, places, out);
}

/* A trade id, or a negative number where there was no trade in the window. */
static inline gw_error take_id_or_none(gw_cursor *c, uint64_t *out)
{
    bool none = c->p < c->end && *c->p == '-';
    c->p += none;
    GW_TRY(gw_json_u64(c, out));
    if (none)
        *out = 0;
    return GW_OK;
}

/* Text into a field of `room` bytes (up to 32), filled up with zeros. RANGE: longer than the field. */
static inline gw_error take_text(gw_cursor *c, char *out, size_t room)
{
    gw_text text;
    uint8_t plain[32];
    GW_TRY(gw_take_plain(c, plain, room, &text));
    memset(out, 0, room);
    memcpy(out, text.p, text.length);
    return GW_OK;
}

#define TAKE_TEXT(c, field) take_text(c, field, sizeof(field))

/* Number of items of an array; null counts as an empty one. */
gw_error gw_take_count(gw_cursor *c, uint32_t *count);

/* Zero what lies behind meta, padding included, and say in meta that nothing was said yet. */
static inline void clear_event(gw_meta *meta, size_t size, uint8_t kind)
{
    memset(meta + 1, 0, size - sizeof *meta);
    meta->ts_event = GW_NULL;
    meta->ts_trade = GW_NULL;
    meta->update_id = 0;
    meta->flags = 0;
    meta->kind = kind;
    meta->source = GW_SOURCE_NONE;
}

/* Take the opening brace of an object; false where it has no members. */
static inline gw_error open_object(gw_cursor *c, bool *more)
{
    GW_TRY(gw_json_open(c));
    *more = !gw_json_take_if(c, '}');
    return GW_OK;
}

#endif
