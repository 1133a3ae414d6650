/* Stepping over a value of any kind, as strictly as it would be read. */
#include "json.h"

static inline const uint8_t *skip_digits(const uint8_t *p, const uint8_t *end)
{
    while (GW_LIKELY(end - p >= 8)) {
        int count = gw_digits(gw_load8(p) ^ GW_ZEROS);
        p += count;
        if (GW_LIKELY(count < 8))
            return p;
    }
    while (p < end && (uint8_t)(*p - '0') <= 9)
        p++;
    return p;
}

/* Behind a string without escapes, or null. */
static inline const uint8_t *plain_string(const uint8_t *p, const uint8_t *end)
{
    for (p++; end - p >= 8; p += 8) {
        const uint64_t stops = gw_text_stops(gw_load8(p));
        if (GW_LIKELY(stops)) {
            p += __builtin_ctzll(stops) >> 3;
            return *p == '"' ? p + 1 : NULL;
        }
    }
    return NULL;
}

/* Behind a number without sign and exponent, or null. */
static inline const uint8_t *plain_number(const uint8_t *p, const uint8_t *end)
{
    const uint8_t *behind = skip_digits(p, end);
    if (behind == p || (*p == '0' && behind > p + 1))
        return NULL;
    if (behind < end && *behind == '.') {
        const uint8_t *point = behind;
        behind = skip_digits(point + 1, end);
        if (behind == point + 1)
            return NULL;
    }
    return behind < end && (*behind == ',' || *behind == '}' || *behind == ']') ? behind : NULL;
}

/* Behind a value of the common forms, or null. */
static inline const uint8_t *plain_value(const uint8_t *p, const uint8_t *end)
{
    if (GW_UNLIKELY(p >= end))
        return NULL;
    return *p == '"' ? plain_string(p, end) : plain_number(p, end);
}

static inline bool is_letter(uint8_t byte)
{
    return (uint8_t)((byte | 0x20) - 'a') < 26;
}

/* Behind a key and its colon; keys of one and of two letters, as nearly all are, at one look. Or null. */
static inline const uint8_t *plain_key(const uint8_t *p, const uint8_t *end)
{
    if (GW_LIKELY(end - p >= 8)) {
        const uint64_t word = gw_load8(p) >> 8;
        if ((word & 0xFFFF00) == 0x3A2200 && is_letter((uint8_t)word))
            return p + 4;
        if ((word & 0xFFFF0000) == 0x3A220000 && is_letter((uint8_t)word) && is_letter((uint8_t)(word >> 8)))
            return p + 5;
    }
    p = plain_string(p, end);
    return p && p < end && *p == ':' ? p + 1 : NULL;
}

/* Behind an object whose members are all of the common forms, written as the venue does; or null. */
static const uint8_t *plain_object(const uint8_t *p, const uint8_t *end)
{
    if (p >= end || *p != '{')
        return NULL;
    do {
        if (++p >= end || *p != '"')
            return NULL;
        p = plain_key(p, end);
        if (!p)
            return NULL;
        p = plain_value(p, end);
        if (!p || p >= end)
            return NULL;
    } while (*p == ',');
    return *p == '}' ? p + 1 : NULL;
}

/* Behind an array of such objects, or of values of the common forms; or null. */
static const uint8_t *plain_array(const uint8_t *p, const uint8_t *end)
{
    do {
        if (++p >= end)
            return NULL;
        p = *p == '{' ? plain_object(p, end) : plain_value(p, end);
        if (!p || p >= end)
            return NULL;
    } while (*p == ',');
    return *p == ']' ? p + 1 : NULL;
}

static gw_error skip_literal(gw_cursor *c, const char *literal, size_t length)
{
    size_t left = (size_t)(c->end - c->p);
    if (memcmp(c->p, literal, left < length ? left : length) != 0)
        return GW_ERR_SYNTAX;
    if (left < length)
        return GW_ERR_TRUNCATED;
    c->p += length;
    return GW_OK;
}

/* A JSON number by RFC 8259: no leading zeros, no bare point. */
static gw_error skip_number(gw_cursor *c)
{
    const uint8_t *p = c->p, *end = c->end;
    if (*p == '-')
        p++;
    const uint8_t *digits = p;
    p = skip_digits(p, end);
    if (p == digits || (*digits == '0' && p - digits > 1))
        return p < end ? GW_ERR_SYNTAX : GW_ERR_TRUNCATED;
    if (p < end && *p == '.') {
        digits = ++p;
        p = skip_digits(p, end);
        if (p == digits)
            return p < end ? GW_ERR_SYNTAX : GW_ERR_TRUNCATED;
    }
    if (p < end && (*p | 0x20) == 'e') {
        p++;
        if (p < end && (*p == '+' || *p == '-'))
            p++;
        digits = p;
        p = skip_digits(p, end);
        if (p == digits)
            return p < end ? GW_ERR_SYNTAX : GW_ERR_TRUNCATED;
    }
    c->p = p;
    return GW_OK;
}

static gw_error skip_scalar(gw_cursor *c)
{
    if (c->p >= c->end)
        return GW_ERR_TRUNCATED;
    gw_text text;
    switch (*c->p) {
    case '"': return gw_json_text(c, &text);
    case 't': return skip_literal(c, "true", 4);
    case 'f': return skip_literal(c, "false", 5);
    case 'n': return skip_literal(c, "null", 4);
    default: return *c->p == '-' || (uint8_t)(*c->p - '0') <= 9 ? skip_number(c) : GW_ERR_SYNTAX;
    }
}

/* Behind the comma of a member that is written as the venue does and is followed by another one, or null. */
static inline const uint8_t *plain_member(const uint8_t *p, const uint8_t *end)
{
    p = plain_key(p, end);
    if (!p)
        return NULL;
    p = plain_value(p, end);
    return p && end - p >= 2 && p[0] == ',' && p[1] == '"' ? p + 1 : NULL;
}

/* Step over the members of an object that are written as the venue does, up to one that is not or the
 * last one; the cursor is left at a key. */
static inline void skip_plain_members(gw_cursor *c)
{
    while (c->p < c->end && *c->p == '"') {
        const uint8_t *behind = plain_member(c->p, c->end);
        if (!behind)
            return;
        c->p = behind;
    }
}

void gw_json_seek(gw_cursor *c, uint8_t first, uint8_t second)
{
    while (c->end - c->p >= 2 && *c->p == '"' && c->p[1] != first && c->p[1] != second && c->p[1] != '\\') {
        const uint8_t *behind = plain_member(c->p, c->end);
        if (!behind)
            return;
        c->p = behind;
    }
}

/* Any number of members, then the key and the colon of another one. */
static inline gw_error skip_to_value(gw_cursor *c)
{
    gw_text text;
    skip_plain_members(c);
    if (GW_UNLIKELY(c->p < c->end && *c->p != '"'))
        return GW_ERR_SYNTAX;
    GW_TRY(gw_json_text(c, &text));
    return gw_json_take(c, ':');
}

/* Brackets and all. The open ones are bits of one word a level: no recursion, no allocation. */
__attribute__((noinline)) static gw_error skip_any_value(gw_cursor *c)
{
    uint64_t objects = 0; /* bit d: level d is an object */
    int depth = 0;
    for (;;) {
        gw_json_space(c);
        bool opened = c->p < c->end && (*c->p == '{' || *c->p == '[');
        const uint8_t *behind = opened && depth < GW_JSON_DEPTH_MAX ? plain_object(c->p, c->end) : NULL;
        if (behind) {
            c->p = behind;
        } else if (opened) {
            if (depth == GW_JSON_DEPTH_MAX)
                return GW_ERR_NESTING;
            bool object = *c->p == '{';
            objects = object ? objects | (uint64_t)1 << depth : objects & ~((uint64_t)1 << depth);
            depth++;
            c->p++;
            gw_json_space(c);
            if (c->p < c->end && *c->p == (object ? '}' : ']'))
                opened = false; /* empty: closed below */
            else if (object)
                GW_TRY(skip_to_value(c));
            if (opened)
                continue;
        } else {
            GW_TRY(skip_scalar(c));
        }
        for (;;) { /* behind a value: close what closes, or go on to the next */
            if (depth == 0)
                return GW_OK;
            bool object = objects >> (depth - 1) & 1;
            gw_json_space(c);
            if (c->p < c->end && *c->p == (object ? '}' : ']')) {
                c->p++;
                depth--;
                continue;
            }
            GW_TRY(gw_json_take(c, ','));
            if (object)
                GW_TRY(skip_to_value(c));
            break;
        }
    }
}

gw_error gw_json_skip_value(gw_cursor *c)
{
    const bool is_array = c->p < c->end && *c->p == '[';
    const uint8_t *behind = is_array ? plain_array(c->p, c->end) : plain_value(c->p, c->end);
    if (GW_UNLIKELY(!behind))
        return skip_any_value(c);
    c->p = behind;
    return GW_OK;
}
