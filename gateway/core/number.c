/* Numbers that json.h's short path does not take: long or unusual decimals, and doubles. */
#include "json.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>

enum { NUMBER_ROOM = 512 }; /* longest number taken apart; no venue sends one of 40 digits */

const int64_t gw_pow10[19] = {
    1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000,
    1000000000000, 10000000000000, 100000000000000, 1000000000000000, 10000000000000000, 100000000000000000,
    1000000000000000000,
};

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

/* A decimal as the double nearest to it. Clinger: a mantissa below 2^53 and a power of ten up to 10^22
 * are exact doubles, so one division rounds once; all else goes to strtod under the C locale. */
gw_error gw_json_double(gw_cursor *c, double *out)
{
    if (c->p >= c->end)
        return GW_ERR_TRUNCATED;
    bool quoted = *c->p == '"';
    if (GW_UNLIKELY(quoted && has_escape(c))) {
        uint8_t plain[NUMBER_ROOM];
        gw_cursor inner;
        GW_TRY(plain_number(c, plain, sizeof plain, &inner));
        return gw_json_double(&inner, out);
    }
    const uint8_t *from = c->p + quoted, *p = from;
    bool negative = p < c->end && *p == '-';
    p += negative;
    if (!quoted && c->end - p >= 2 && p[0] == '0' && (uint8_t)(p[1] - '0') <= 9)
        return GW_ERR_SYNTAX;
    uint64_t mantissa = 0;
    int digits = 0, decimals = 0, zeros = 0;
    bool point = false, any = false;
    for (; p < c->end; p++) {
        if (*p == '.' && !point && any) {
            point = true;
            any = false;
            continue;
        }
        uint8_t digit = (uint8_t)(*p - '0');
        if (digit > 9)
            break;
        any = true;
        if (point && digit == 0) { /* held back: trailing zeros do not lengthen the mantissa */
            zeros++;
            continue;
        }
        for (; zeros; zeros--, decimals++, digits += mantissa != 0)
            mantissa = digits < 19 ? mantissa * 10 : mantissa;
        mantissa = digits < 19 ? mantissa * 10 + digit : mantissa;
        digits += mantissa != 0;
        decimals += point;
    }
    if (p >= c->end)
        return GW_ERR_TRUNCATED;
    if (!any || (quoted && *p != '"') || (!quoted && (*p | 0x20) == 'e'))
        return GW_ERR_TYPE;
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (digits < 19 && mantissa < (uint64_t)1 << 53 && decimals <= 22) {
        double value = (double)mantissa / powers[decimals];
        *out = negative ? -value : value;
    } else {
        char text[NUMBER_ROOM];
        size_t length = (size_t)(p - from);
        if (length >= sizeof text)
            return GW_ERR_RANGE;
        memcpy(text, from, length);
        text[length] = 0;
        *out = strtod_l(text, NULL, c_locale());
        if (isinf(*out))
            return GW_ERR_RANGE;
    }
    c->p = p + quoted;
    return GW_OK;
}
