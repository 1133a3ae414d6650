/* Upstream frames into the RAW ring, byte for byte. */
#include "engine_core.h"

/* The frame itself; split when longer than an eighth of the ring. */
gw_raw_place gw_emit_raw(gw_engine *e, uint32_t stream, const uint8_t *frame, size_t length,
                         size_t data_offset, size_t data_length, uint16_t flags)
{
    gw_ring_writer *raw = &e->segment.raw;
    const size_t part_max = raw->capacity / 8 - sizeof(gw_raw) - 64;
    gw_raw head = {.meta = {.ts_event = GW_NULL, .ts_trade = GW_NULL, .kind = GW_KIND_RAW}};
    gw_fill_meta(e, &head.meta, stream, GW_STATUS_EMPTY);
    if (flags & (GW_FLAG_DUPLICATE | GW_FLAG_EARLY | GW_FLAG_FOREIGN)) /* not published, so it has no number */
        head.meta.sequence = 0;
    head.frame_length = (uint32_t)length;
    head.data_offset = (uint32_t)data_offset;
    head.data_length = (uint32_t)data_length;
    gw_raw_place place = {0, false};
    for (size_t at = 0; at < length || at == 0;) {
        size_t left = length - at, part = left < part_max ? left : part_max;
        head.payload_length = (uint32_t)part;
        head.meta.flags = (uint16_t)(flags | (at == 0 ? GW_FLAG_FIRST : 0) | (part == left ? GW_FLAG_LAST : 0));
        uint8_t *to = gw_ring_claim(raw, sizeof head + part);
        gw_put_record(to, &head, sizeof head);
        memcpy(to + sizeof head, frame + at, part);
        if (at == 0)
            place = (gw_raw_place){((gw_meta *)(void *)to)->ring_position, part == left};
        gw_ring_publish(raw);
        e->segment.counters->raw_parts++;
        head.part++;
        at += part;
        if (part == 0)
            break;
    }
    return place;
}
