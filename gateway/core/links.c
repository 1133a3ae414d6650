/* Links come and go: what that means for the streams they carry. */
#include "engine_core.h"

static bool of_link(const gw_engine *e, uint32_t stream, uint32_t link)
{
    const gw_stream_info *info = &e->streams[stream];
    return info->connection == e->links[link].first && !info->retired;
}

/* Everything that happens outside a frame: no link is at hand, and now is now. */
void gw_engine_begin(gw_engine *e)
{
    const int64_t now = gw_clock_mono();
    e->link = GW_NO_ROW;
    e->mono = e->publish_mono = now > e->mono ? now : e->mono;
}

void gw_engine_end(gw_engine *e)
{
    gw_publish_flush(e);
    gw_segment_ring_bell(&e->segment);
}

/* What a stream feeds gets a status; a book that loses its stream is out of step. */
void gw_mark_stream(gw_engine *e, uint32_t stream, uint8_t status, uint8_t reason)
{
    const gw_stream_info *info = &e->streams[stream];
    e->segment.streams[stream].status = status;
    if (info->slot == GW_SLOT_VALUE) {
        gw_mark_value(e, stream, status, reason);
    } else if (info->slot == GW_SLOT_BOOK && e->symbols[info->symbol].book) {
        gw_book_lose(e, info->symbol, status, reason);
    } else if (info->slot < GW_SLOT_KINDS && e->symbols[info->symbol].feeds[info->slot] == stream) {
        gw_mark_slot(e, info->symbol, info->slot, status, reason);
    }
}

/* Everything a stream feeds gets a status, and a book stays in step: it is LIVE again with its next event. */
void gw_mark_fed(gw_engine *e, uint32_t stream, uint8_t status, uint8_t reason)
{
    const gw_stream_info *info = &e->streams[stream];
    if (info->slot == GW_SLOT_VALUE)
        gw_mark_value(e, stream, status, reason);
    for (uint32_t slot = 0; info->slot < GW_SLOT_KINDS && slot < GW_SLOT_KINDS; slot++)
        if (e->symbols[info->symbol].feeds[slot] == stream)
            gw_mark_slot(e, info->symbol, slot, status, reason);
    e->segment.streams[stream].status = status;
}

/* The same for all rows of an array. */
void gw_mark_rows(gw_engine *e, uint32_t parent, uint8_t status, uint8_t reason)
{
    for (uint32_t stream = 0; stream < e->segment.header->stream_count; stream++)
        if (e->streams[stream].parent == parent && !e->streams[stream].retired)
            gw_mark_fed(e, stream, status, reason);
}

static void mark_link(gw_engine *e, uint32_t link, uint8_t status, uint8_t reason)
{
    for (uint32_t stream = 0; stream < e->segment.header->stream_count; stream++)
        if (of_link(e, stream, link))
            gw_mark_stream(e, stream, status, reason);
}

/* The arrivals that tell who brings a stream: a row's are its array's. */
static const gw_arrivals *arrivals_of(const gw_engine *e, uint32_t stream)
{
    const uint32_t parent = e->streams[stream].parent;
    return &e->streams[parent == GW_NO_ROW ? stream : parent].arrivals;
}

/* Whether the other link of a connection brings a stream, so that this one may go. */
bool gw_peer_carries(const gw_engine *e, uint32_t link, uint32_t stream)
{
    const uint32_t peer = e->links[link].peer;
    if (peer == GW_NO_ROW || !gw_link_keeps_up(&e->links[peer]))
        return false;
    const gw_arrivals *arrivals = arrivals_of(e, stream);
    const uint8_t side = e->links[peer].side;
    return gw_arrival_carried(arrivals, side, e->mono) && !gw_arrival_ahead(arrivals, side);
}

static bool peer_is_up(const gw_engine *e, uint32_t link)
{
    const uint32_t peer = e->links[link].peer;
    return peer != GW_NO_ROW && e->links[peer].up;
}

/* Whether the other link has been subscribed to a stream since before this one was last heard of: then one of the
 * two has brought all that was sent. What a link brings is as old as its lag. */
static bool peer_overlaps(const gw_engine *e, uint32_t link, uint32_t stream, int64_t heard_mono)
{
    const int64_t acked = e->streams[stream].arrivals.sources[1 - e->links[link].side].acked_mono;
    return peer_is_up(e, link) && acked && heard_mono - e->segment.connections[link].lag_ns >= acked;
}

/* What comes with events and has no chain may be missed unseen, from the link's last sign of life on. */
static void interrupt(gw_engine *e, uint32_t link, uint32_t stream, int64_t heard_mono)
{
    gw_stream_info *info = &e->streams[stream];
    const bool carried = info->arrivals.any || e->segment.streams[stream].mono_acked;
    const bool here = !peer_is_up(e, link) || info->arrivals.sources[e->links[link].side].acked_mono;
    if (!info->silence.never_judged || !gw_is_subscribed(info->shape) || !carried || !here)
        return;
    info->interrupted |= !peer_overlaps(e, link, stream, heard_mono);
}

/* No link brings it any more. */
static void orphan(gw_stream_info *info)
{
    gw_arrival_orphan(&info->arrivals);
    info->silence.interrupted = true;
}

static void leave(gw_engine *e, uint32_t link, int64_t heard_mono)
{
    const bool alone = !peer_is_up(e, link);
    for (uint32_t stream = 0; stream < e->segment.header->stream_count; stream++) {
        if (!of_link(e, stream, link))
            continue;
        interrupt(e, link, stream, heard_mono);
        gw_arrival_leave(&e->streams[stream].arrivals, e->links[link].side);
        if (alone)
            orphan(&e->streams[stream]);
        else if (e->streams[stream].arrivals.sources[1 - e->links[link].side].acked_mono)
            gw_gap_subscribed(e, stream);
    }
}

/* The other link is behind, but in step: nothing is missing, only old. */
static bool peer_follows(const gw_engine *e, uint32_t link, uint32_t stream)
{
    return peer_is_up(e, link) && gw_arrival_joined(arrivals_of(e, stream), 1 - e->links[link].side, e->mono);
}

static void lose(gw_engine *e, uint32_t link, uint32_t stream, bool alone)
{
    if (gw_peer_carries(e, link, stream)) {
        if (e->streams[stream].arrivals.sources[1 - e->links[link].side].refused)
            gw_suspect(e, stream, GW_ERR_SYNTAX);
        return;
    }
    if (peer_follows(e, link, stream)) {
        const bool draining = e->links[e->links[link].peer].draining;
        gw_mark_fed(e, stream, GW_STATUS_STALE, draining ? GW_REASON_STALLED : GW_REASON_LAGGING);
        return;
    }
    gw_mark_stream(e, stream, alone ? GW_STATUS_DOWN : GW_STATUS_SYNCING, GW_REASON_DISCONNECTED);
}

void gw_engine_link_up(gw_engine *e, uint32_t link, int64_t mono)
{
    gw_connection *row = &e->segment.connections[link];
    gw_link_info *info = &e->links[link];
    gw_engine_begin(e);
    row->state = GW_ROW_ACTIVE;
    row->session++;
    row->mono_connected = mono;
    row->lag_ns = 0;
    info->up = true;
    info->draining = info->lagging = false;
    leave(e, link, mono);
    for (uint32_t stream = 0; stream < e->segment.header->stream_count; stream++)
        if (of_link(e, stream, link)) /* nothing of a former life comes over a new socket */
            e->streams[stream].unacked &= (uint8_t)~(1u << info->side);
    if (!peer_is_up(e, link))
        mark_link(e, link, GW_STATUS_SYNCING, GW_REASON_CONNECTED);
    gw_engine_end(e);
}

/* `idle`: we closed it, and keep it for the next rotation. `heard_mono`: when anything last came over it, a pong
 * too. Streams that the other link carries go on as if nothing had happened; the others are lost in this very call. */
void gw_engine_link_down(gw_engine *e, uint32_t link, bool idle, int64_t heard_mono)
{
    gw_link_info *info = &e->links[link];
    const bool alone = !peer_is_up(e, link);
    gw_engine_begin(e);
    e->segment.connections[link].state = idle ? GW_ROW_IDLE : GW_ROW_DOWN;
    info->down_mono = info->up ? e->mono : info->down_mono;
    info->up = false;
    for (uint32_t stream = 0; stream < e->segment.header->stream_count; stream++)
        if (of_link(e, stream, link))
            lose(e, link, stream, alone);
    leave(e, link, heard_mono);
    gw_engine_end(e);
}

/* The venue has acknowledged a subscription on a link. */
void gw_engine_acked(gw_engine *e, uint32_t link, uint32_t stream, int64_t mono)
{
    gw_stream_info *info = &e->streams[stream];
    const uint8_t side = e->links[link].side;
    const bool heard = peer_is_up(e, link) && info->arrivals.sources[1 - side].acked_mono;
    info->arrivals.sources[side].acked_mono = mono;
    info->unacked &= (uint8_t)~(1u << side);
    e->segment.streams[stream].mono_acked = mono;
    if (!heard || info->silence.silent) /* a second source does not lengthen the silence of the first */
        gw_silence_begin(&info->silence, mono);
    if (!info->interrupted)
        return;
    gw_engine_begin(e);
    gw_gap_subscribed(e, stream);
    gw_engine_end(e);
}

/* Whether a link has yet to bring what the merged stream has. */
bool gw_engine_awaits(const gw_engine *e, uint32_t link, uint32_t stream)
{
    const gw_stream_info *info = &e->streams[stream];
    const bool joined = gw_arrival_joined(&info->arrivals, e->links[link].side, e->mono);
    const bool ahead = gw_arrival_ahead(&info->arrivals, e->links[link].side); /* what it dropped is still to come */
    return of_link(e, stream, link) && gw_is_subscribed(info->shape) && (!joined || ahead);
}

/* Whether the other link brings a stream that this one should bring too, and does not. */
bool gw_engine_starves(const gw_engine *e, uint32_t link, uint32_t stream)
{
    const gw_stream_info *info = &e->streams[stream];
    return gw_engine_awaits(e, link, stream) && gw_arrival_starved(&info->arrivals, e->links[link].side, e->mono);
}

/* All that was queued on a link while we stood still has been read (its pong came). */
void gw_engine_drained(gw_engine *e, uint32_t link)
{
    e->links[link].draining = false;
}

static void mark_live(gw_engine *e, uint8_t status, uint8_t reason)
{
    for (uint32_t symbol = 0; symbol < e->segment.header->symbol_count; symbol++)
        for (uint32_t slot = 0; slot < GW_SLOT_KINDS; slot++)
            if (e->symbols[symbol].status[slot] == GW_STATUS_LIVE)
                gw_mark_slot(e, symbol, slot, status, reason);
    for (uint32_t stream = 0; stream < e->segment.header->stream_count; stream++)
        if (e->streams[stream].value_status == GW_STATUS_LIVE)
            gw_mark_value(e, stream, status, reason);
}

static void stall(gw_engine *e, int64_t mono)
{
    e->segment.counters->stalls++;
    e->link = GW_NO_ROW;
    e->mono = e->publish_mono = mono;
    gw_notice *notice = gw_notify(e, GW_NOTICE_STALLED, GW_NO_ROW);
    if (notice)
        notice->a = (uint64_t)(mono - e->beat_mono);
    for (uint32_t row = 0; row < e->segment.header->connection_count; row++)
        e->links[row].draining = e->links[row].up;
    mark_live(e, GW_STATUS_STALE, GW_REASON_STALLED);
    /* It was we who did not listen. */
    for (uint32_t stream = 0; stream < e->segment.header->stream_count; stream++)
        gw_silence_begin(&e->streams[stream].silence, mono);
    e->beat_mono = mono;
}

/* We stood still (SIGSTOP, a busy loop): what is queued in the socket is old, and readers must not take
 * it for the present. Before anything else is stored, everything is STALE. */
void gw_engine_check_stall(gw_engine *e, int64_t mono)
{
    if (GW_UNLIKELY(mono - e->beat_mono > e->stall_ns))
        stall(e, mono);
}

/* What a halt is the reason of: it was LIVE, or fell silent because of it before the venue said so. */
static bool is_halting(gw_engine *e, const gw_slots *slots, uint32_t row, uint8_t status)
{
    if (status != GW_STATUS_STALE)
        return status == GW_STATUS_LIVE;
    gw_slot_load_own(slots, row, e->cell);
    return ((const gw_meta *)(const void *)e->cell)->reason == GW_REASON_SILENT;
}

static bool is_turning(gw_engine *e, const gw_slots *slots, uint32_t row, uint8_t status, bool halted)
{
    return halted ? is_halting(e, slots, row, status) : status == GW_STATUS_HALTED;
}

static void turn_symbol(gw_engine *e, uint32_t symbol, bool halted)
{
    const uint8_t to = halted ? GW_STATUS_HALTED : GW_STATUS_SYNCING;
    const gw_symbol_info *info = &e->symbols[symbol];
    for (uint32_t slot = 0; slot < GW_SLOT_KINDS; slot++)
        if (is_turning(e, &e->segment.slots[slot], symbol, info->status[slot], halted))
            gw_mark_slot(e, symbol, slot, to, GW_REASON_HALTED);
    for (uint32_t stream = info->streams; stream != GW_NO_ROW; stream = e->streams[stream].sibling)
        if (is_turning(e, &e->segment.values, e->streams[stream].value, e->streams[stream].value_status, halted))
            gw_mark_value(e, stream, to, GW_REASON_HALTED);
}

static void set_halted(gw_engine *e, uint32_t symbol, bool halted)
{
    if (e->symbols[symbol].halted == halted)
        return;
    e->symbols[symbol].halted = halted;
    e->segment.symbols[symbol].halted = halted;
    turn_symbol(e, symbol, halted);
    gw_segment_rows_changed(&e->segment);
}

/* The venue says whether an instrument trades (exchangeInfo, contractInfo). LIVE returns with new data only.
 * It holds for every row of the instrument, the book with retail orders too. */
void gw_set_halted(gw_engine *e, uint32_t symbol, bool halted)
{
    const gw_target *target = &e->symbols[symbol].target;
    for (uint32_t row = 0; row < e->segment.header->symbol_count; row++) {
        const gw_target *other = &e->symbols[row].target;
        if (other->market == target->market && other->symbol_length == target->symbol_length &&
            memcmp(other->symbol, target->symbol, target->symbol_length) == 0)
            set_halted(e, row, halted);
    }
}
