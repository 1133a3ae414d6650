/* The slow paths of json.h: escapes, unusual keys, UTF-8. */
#include "json.h"

const char *gw_error_name(gw_error error)
{
    static const char *const names[GW_ERR_COUNT] = {
        "OK", "SYNTAX", "TRUNCATED", "TYPE", "MISSING", "RANGE", "INEXACT", "MISMATCH", "NESTING", "UTF8",
    };
    return (unsigned)error < GW_ERR_COUNT ? names[error] : "UNKNOWN";
}

static bool is_hex(uint8_t byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F');
}

/* Check one escape at p (which points at the backslash); its length, or 0 with *error set. */
static size_t escape_length(const uint8_t *p, const uint8_t *end, gw_error *error)
{
    *error = GW_ERR_TRUNCATED;
    if (end - p < 2)
        return 0;
    if (p[1] != 'u') {
        *error = GW_ERR_SYNTAX;
        return memchr("\"\\/bfnrt", p[1], 8) ? 2 : 0;
    }
    for (int i = 2; i < 6; i++) {
        if (p + i >= end)
            return 0;
        if (!is_hex(p[i])) {
            *error = GW_ERR_SYNTAX;
            return 0;
        }
    }
    return 6;
}

gw_error gw_json_text_slow(gw_cursor *c, gw_text *out)
{
    const uint8_t *from = c->p + 1, *p = from;
    out->escaped = false;
    while (p < c->end && *p != '"') {
        if (*p < 0x20)
            return GW_ERR_SYNTAX; /* RFC 8259: control characters must be escaped */
        size_t step = 1;
        if (*p == '\\') {
            gw_error error;
            step = escape_length(p, c->end, &error);
            if (step == 0)
                return error;
            out->escaped = true;
        }
        p += step;
    }
    if (p >= c->end)
        return GW_ERR_TRUNCATED;
    out->p = from;
    out->length = (size_t)(p - from);
    c->p = p + 1;
    return GW_OK;
}

static uint32_t hex4(const uint8_t *p)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) {
        uint8_t byte = p[i];
        value = value << 4 | (uint32_t)(byte <= '9' ? byte - '0' : (byte | 0x20) - 'a' + 10);
    }
    return value;
}

static size_t put_utf8(uint32_t code, uint8_t *out)
{
    if (code < 0x80) {
        out[0] = (uint8_t)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (uint8_t)(0xC0 | code >> 6);
        out[1] = (uint8_t)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (uint8_t)(0xE0 | code >> 12);
        out[1] = (uint8_t)(0x80 | (code >> 6 & 0x3F));
        out[2] = (uint8_t)(0x80 | (code & 0x3F));
        return 3;
    }
    out[0] = (uint8_t)(0xF0 | code >> 18);
    out[1] = (uint8_t)(0x80 | (code >> 12 & 0x3F));
    out[2] = (uint8_t)(0x80 | (code >> 6 & 0x3F));
    out[3] = (uint8_t)(0x80 | (code & 0x3F));
    return 4;
}

/* Write the unescaped text; its length, or SIZE_MAX when it does not fit `room`. The text was checked
 * when it was taken, so escapes are whole here. A lone surrogate becomes U+FFFD. */
size_t gw_json_unescape(const gw_text *text, uint8_t *out, size_t room)
{
    const uint8_t *p = text->p, *end = text->p + text->length;
    size_t used = 0;
    while (p < end) {
        uint8_t bytes[4] = {*p};
        size_t count = 1;
        if (*p != '\\') {
            p++;
        } else if (p[1] == 'u') {
            uint32_t code = hex4(p + 2);
            p += 6;
            if (code >= 0xD800 && code < 0xDC00 && end - p >= 6 && p[0] == '\\' && p[1] == 'u' &&
                hex4(p + 2) >= 0xDC00 && hex4(p + 2) < 0xE000) {
                code = 0x10000 + ((code - 0xD800) << 10) + (hex4(p + 2) - 0xDC00);
                p += 6;
            } else if (code >= 0xD800 && code < 0xE000) {
                code = 0xFFFD;
            }
            count = put_utf8(code, bytes);
        } else {
            static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
            const char *at = strchr(from, p[1]);
            bytes[0] = at ? (uint8_t)to[at - from] : p[1];
            p += 2;
        }
        if (used + count > room)
            return SIZE_MAX;
        memcpy(out + used, bytes, count);
        used += count;
    }
    return used;
}

/* The bytes of a key as one number; 0: none or more than 8, or a NUL among them ("b\\u0000" is not "b"). */
static uint64_t key_code(const uint8_t *p, size_t length)
{
    uint64_t code = 0;
    if (length > 8)
        return 0;
    for (size_t i = 0; i < length; i++) {
        if (p[i] == 0)
            return 0;
        code |= (uint64_t)p[i] << 8 * i;
    }
    return code;
}

/* A key of any form, white space before it and escapes in it. */
__attribute__((noinline)) static gw_error key_of_any_form(gw_cursor *c, gw_key *out, uint8_t *scratch, size_t room)
{
    gw_text text;
    gw_json_space(c);
    if (c->p < c->end && *c->p != '"')
        return GW_ERR_SYNTAX;
    GW_TRY(gw_json_text(c, &text));
    out->p = text.p;
    out->length = text.length;
    if (text.escaped) {
        size_t length = gw_json_unescape(&text, scratch, room);
        out->p = scratch;
        out->length = length == SIZE_MAX ? 0 : length; /* longer than any key we know: unknown */
    }
    out->code = key_code(out->p, out->length);
    return gw_json_take(c, ':');
}

static bool is_letter(uint8_t byte)
{
    return (uint8_t)((byte | 0x20) - 'a') < 26;
}

gw_error gw_json_key_slow(gw_cursor *c, gw_key *out, uint8_t *scratch, size_t room)
{
    const uint8_t *p = c->p;
    if (GW_LIKELY(c->end - p >= 6 && p[0] == '"' && p[3] == '"' && p[4] == ':' && p[5] > ' ' && is_letter(p[1]) && is_letter(p[2]))) {
        *out = (gw_key){GW_KEY2(p[1], p[2]), p + 1, 2};
        c->p = p + 5;
        return GW_OK;
    }
    return key_of_any_form(c, out, scratch, room);
}

/* Length of the well-formed multi-byte sequence at p (RFC 3629), or 0. */
static size_t utf8_sequence(const uint8_t *p, size_t left)
{
    uint8_t lead = p[0];
    size_t length = lead >= 0xC2 && lead <= 0xDF ? 2 : (lead & 0xF0) == 0xE0 ? 3 : lead >= 0xF0 && lead <= 0xF4 ? 4 : 0;
    if (length == 0 || left < length)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    bool overlong = (lead == 0xE0 && p[1] < 0xA0) || (lead == 0xF0 && p[1] < 0x90);
    bool outside = (lead == 0xED && p[1] > 0x9F) || (lead == 0xF4 && p[1] > 0x8F);
    return overlong || outside ? 0 : length;
}

bool gw_utf8_valid(const uint8_t *p, size_t length)
{
    const uint8_t *end = p + length;
    while (end - p >= 32 && ((gw_load8(p) | gw_load8(p + 8) | gw_load8(p + 16) | gw_load8(p + 24)) & 0x8080808080808080u) == 0)
        p += 32;
    while (p < end) {
        if (end - p >= 8 && (gw_load8(p) & 0x8080808080808080u) == 0) {
            p += 8;
        } else if (*p < 0x80) {
            p++;
        } else {
            size_t step = utf8_sequence(p, (size_t)(end - p));
            if (step == 0)
                return false;
            p += step;
        }
    }
    return true;
}
