/* The combined form {"stream":"<name>","data":<payload>}: as the venue writes it, and in any form. */
#include "decode.h"

/* The envelope as the venue writes it: {"stream":"<name>","data": and the payload behind it. False: not
 * in that form; gw_split_envelope reads any. data_length is not known before the payload was read. */
bool gw_peek_envelope(const uint8_t *frame, size_t length, gw_envelope *out)
{
    static const char head[] = "{\"stream\":\"", tail[] = "\",\"data\":";
    const size_t head_length = sizeof head - 1, tail_length = sizeof tail - 1;
    if (GW_UNLIKELY(length < head_length + tail_length || memcmp(frame, head, head_length) != 0))
        return false;
    const uint8_t *name = frame + head_length, *end = frame + length;
    const uint8_t *quote = memchr(name, '"', (size_t)(end - name));
    if (GW_UNLIKELY(!quote || (size_t)(end - quote) < tail_length || memcmp(quote, tail, tail_length) != 0))
        return false;
    out->stream = (gw_text){name, (size_t)(quote - name), false};
    out->data = quote + tail_length;
    out->data_length = SIZE_MAX;
    return true;
}

/* Behind the payload: the closing brace (further keys are skipped), then nothing. */
gw_error gw_end_envelope(gw_cursor *c)
{
    uint8_t scratch[GW_KEY_ROOM];
    gw_key key;
    while (GW_UNLIKELY(gw_json_take_if(c, ','))) {
        GW_TRY(gw_json_key(c, &key, scratch));
        /* A second stream or data key would make what was read ambiguous. */
        if ((key.length == 6 && memcmp(key.p, "stream", 6) == 0) || (key.length == 4 && memcmp(key.p, "data", 4) == 0))
            return GW_ERR_SYNTAX;
        GW_TRY(gw_json_skip_value(c));
    }
    GW_TRY(gw_json_take(c, '}'));
    return c->p == c->end ? GW_OK : GW_ERR_SYNTAX;
}

gw_error gw_split_envelope(const uint8_t *frame, size_t length, gw_envelope *out)
{
    gw_cursor cursor = {frame, frame + length}, *c = &cursor;
    bool more;
    uint8_t scratch[GW_KEY_ROOM];
    gw_key key;
    memset(out, 0, sizeof *out);
    GW_TRY(gw_json_open(c));
    if (gw_json_take_if(c, '}'))
        return c->p == c->end ? GW_OK : GW_ERR_SYNTAX;
    do {
        GW_TRY(gw_json_key(c, &key, scratch));
        const uint8_t *from = c->p;
        if (key.length == 6 && memcmp(key.p, "stream", 6) == 0 && from < c->end && *from == '"') {
            GW_TRY(gw_json_text(c, &out->stream));
        } else {
            GW_TRY(gw_json_skip_value(c));
            if (key.length == 4 && memcmp(key.p, "data", 4) == 0) {
                out->data = from;
                out->data_length = (size_t)(c->p - from);
            }
        }
        GW_TRY(gw_json_next(c, &more));
    } while (more);
    gw_json_space(c);
    return c->p == c->end ? GW_OK : GW_ERR_SYNTAX;
}
