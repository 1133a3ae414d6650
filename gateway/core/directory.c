/* Rows of the directories, and the tables from names to rows. */
#include "engine_core.h"

#include <stdlib.h>

/* The row of a stream by its name as the venue writes it (without market), or GW_NO_ROW. */
uint32_t gw_engine_find_stream(const gw_engine *e, uint8_t market, const uint8_t *name, size_t length)
{
    uint32_t at = (uint32_t)gw_hash(gw_mix(length, market), name, length) & e->stream_mask;
    for (uint32_t row; (row = e->stream_table[at]) != 0; at = (at + 1) & e->stream_mask) {
        const gw_stream_info *info = &e->streams[row - 1];
        if (info->target.market == market && (size_t)(info->name_length - info->prefix_length) == length &&
            memcmp(info->name + info->prefix_length, name, length) == 0)
            return row - 1;
    }
    return GW_NO_ROW;
}

static void remember_stream(gw_engine *e, uint32_t row)
{
    const gw_stream_info *info = &e->streams[row];
    const uint8_t *name = (const uint8_t *)info->name + info->prefix_length;
    const size_t length = (size_t)(info->name_length - info->prefix_length);
    uint32_t at = (uint32_t)gw_hash(gw_mix(length, info->target.market), name, length) & e->stream_mask;
    while (e->stream_table[at] != 0)
        at = (at + 1) & e->stream_mask;
    e->stream_table[at] = row + 1;
}

static uint32_t child_place(const gw_engine *e, uint32_t parent, const uint8_t *symbol, size_t length)
{
    return (uint32_t)gw_hash(gw_mix(length, parent), symbol, length) & e->child_mask;
}

/* The row of an array's symbol; null: none. */
const gw_child *gw_engine_find_child(const gw_engine *e, uint32_t parent, const uint8_t *symbol, size_t length)
{
    uint32_t at = child_place(e, parent, symbol, length);
    for (const gw_child *child; (child = &e->children[at])->stream != 0; at = (at + 1) & e->child_mask) {
        const gw_target *target = &e->symbols[child->symbol].target;
        if (child->parent == parent && target->symbol_length == length && memcmp(target->symbol, symbol, length) == 0)
            return child;
    }
    return NULL;
}

/* False: the table is full. An entry that is there is replaced. */
static bool remember_child(gw_engine *e, uint32_t parent, uint32_t symbol, uint32_t stream)
{
    const gw_target *target = &e->symbols[symbol].target;
    gw_child *old = (gw_child *)(uintptr_t)gw_engine_find_child(e, parent, target->symbol, target->symbol_length);
    if (old) {
        *old = (gw_child){parent, symbol, stream};
        return true;
    }
    if (e->child_count + 1 > e->child_mask - e->child_mask / 4)
        return false;
    uint32_t at = child_place(e, parent, target->symbol, target->symbol_length);
    while (e->children[at].stream != 0)
        at = (at + 1) & e->child_mask;
    e->children[at] = (gw_child){parent, symbol, stream};
    e->child_count++;
    return true;
}

/* Rows of this symbol are left out: their stream is subscribed by itself. */
bool gw_engine_cover_row(gw_engine *e, uint32_t parent, uint32_t symbol)
{
    const gw_header *header = e->segment.header;
    return parent < header->stream_count && symbol < header->symbol_count && remember_child(e, parent, symbol, GW_NO_ROW);
}

/* The name in payloads: a row may be of a variant of an instrument, BTCUSDT.RPI. */
static size_t payload_length(const gw_symbol *row)
{
    size_t length = strnlen((const char *)row->symbol, sizeof row->symbol);
    const uint8_t *dot = memchr(row->symbol, '.', length);
    return dot ? (size_t)(dot - (const uint8_t *)row->symbol) : length;
}

static void set_target(gw_target *target, const gw_symbol *row)
{
    target->market = row->market;
    target->px_places = (uint8_t)-row->px_exponent;
    target->qty_places = (uint8_t)-row->qty_exponent;
    target->symbol_length = (uint8_t)payload_length(row);
    memcpy(target->symbol, row->symbol, target->symbol_length);
}

uint32_t gw_engine_add_symbol(gw_engine *e, const gw_symbol *row)
{
    gw_segment *segment = &e->segment;
    uint32_t number = segment->header->symbol_count;
    bool places_fit = row->px_exponent <= 0 && row->px_exponent >= -GW_PLACES_MAX && row->qty_exponent <= 0 &&
                      row->qty_exponent >= -GW_PLACES_MAX;
    if (number == segment->symbol_capacity || !places_fit)
        return GW_NO_ROW;
    gw_symbol_info *info = &e->symbols[number];
    memset(info, 0, sizeof *info);
    set_target(&info->target, row);
    for (uint32_t slot = 0; slot < GW_SLOT_KINDS; slot++)
        info->feeds[slot] = GW_NO_ROW;
    info->streams = GW_NO_ROW;
    info->halted = row->halted;
    segment->symbols[number] = *row;
    segment->symbols[number].state = GW_ROW_ACTIVE;
    segment->symbols[number].successor = GW_NO_ROW;
    gw_segment_symbols_added(segment, number + 1);
    return number;
}

static uint32_t add_link(gw_engine *e, const char *name, uint8_t market, uint32_t first)
{
    gw_segment *segment = &e->segment;
    uint32_t number = segment->header->connection_count;
    if (number == segment->connection_capacity)
        return GW_NO_ROW;
    gw_connection *row = &segment->connections[number];
    memset(row, 0, sizeof *row);
    memcpy(row->name, name, strnlen(name, sizeof row->name));
    row->market = market;
    row->state = GW_ROW_IDLE;
    row->peer = first;
    e->links[number] = (gw_link_info){.market = market, .side = first != GW_NO_ROW, .first = first, .peer = first};
    if (first == GW_NO_ROW) {
        e->links[number].first = number;
    } else {
        e->links[first].peer = number;
        segment->connections[first].peer = number;
    }
    gw_segment_connections_added(segment, number + 1);
    return number;
}

/* A connection with its first link; its row stands for both links in rows of STREAMS. */
uint32_t gw_engine_add_connection(gw_engine *e, const char *name, uint8_t market)
{
    return add_link(e, name, market, GW_NO_ROW);
}

/* The second link of a connection, whose row `first` is. */
uint32_t gw_engine_add_link(gw_engine *e, const char *name, uint32_t first)
{
    if (first >= e->segment.header->connection_count || e->links[first].peer != GW_NO_ROW)
        return GW_NO_ROW;
    return add_link(e, name, e->links[first].market, first);
}

static gw_identity identity_of(uint8_t kind)
{
    switch (kind) {
    case GW_KIND_TRADE: case GW_KIND_AGG_TRADE: case GW_KIND_DIFF: return GW_ID_CONTIGUOUS;
    case GW_KIND_QUOTE: case GW_KIND_PARTIAL: case GW_KIND_BLOCK_TRADE: return GW_ID_MONOTONE;
    default: return GW_ID_EVENT;
    }
}

static bool comes_with_events(uint8_t kind)
{
    return kind == GW_KIND_LIQUIDATION || kind == GW_KIND_CONTRACT_INFO || kind == GW_KIND_BLOCK_TRADE || kind == GW_KIND_TRADING_SESSION;
}

static uint8_t chain_of(const gw_stream *row)
{
    if (gw_has_rows(row->shape) || row->shape == GW_SHAPE_SYNTHETIC)
        return GW_CHAIN_NONE;
    switch (row->kind) {
    case GW_KIND_TRADE: case GW_KIND_AGG_TRADE: return GW_CHAIN_IDS;
    case GW_KIND_KLINE: case GW_KIND_CONTINUOUS_KLINE: case GW_KIND_INDEX_KLINE: case GW_KIND_MARK_KLINE: return GW_CHAIN_CANDLES;
    default: return GW_CHAIN_NONE;
    }
}

static void set_name(gw_stream_info *info, const gw_stream *row)
{
    info->name_length = (uint8_t)strnlen((const char *)row->name, sizeof row->name);
    memcpy(info->name, row->name, info->name_length);
    const char *colon = memchr(info->name, ':', info->name_length);
    info->prefix_length = colon ? (uint8_t)(colon - info->name + 1) : 0;
}

static void set_stream(gw_engine *e, gw_stream_info *info, const gw_stream *row)
{
    if (row->symbol != GW_NO_ROW)
        info->target = e->symbols[row->symbol].target;
    info->target.kind = row->kind;
    info->target.market = row->market;
    info->symbol = row->symbol;
    info->connection = row->connection;
    info->parent = row->parent;
    info->shape = row->shape;
    info->arrivals.identity = (uint8_t)(gw_has_rows(row->shape) ? GW_ID_EVENT : identity_of(row->kind));
    info->silence.expected_ns = row->expected_ms * 1000000LL;
    info->arrivals.repeats = row->kind == GW_KIND_PARTIAL;
    info->arrivals.unordered = row->kind == GW_KIND_TRADING_SESSION;
    info->silence.never_judged = comes_with_events(row->kind);
    info->chain = chain_of(row);
    info->retired = false;
}

static bool fits(const gw_engine *e, const gw_stream *row)
{
    const gw_header *header = e->segment.header;
    const bool local = row->shape == GW_SHAPE_SYNTHETIC;
    const bool connected = local ? row->connection == GW_NO_ROW : row->connection < header->connection_count;
    const bool known = row->symbol == GW_NO_ROW || row->symbol < header->symbol_count;
    const bool parented = row->shape == GW_SHAPE_ROW ? row->parent < header->stream_count : row->parent == GW_NO_ROW;
    return connected && known && parented;
}

/* The row of VALUES for a stream whose kind has no slot by symbol. False: there is no room. */
static bool take_value(gw_engine *e, uint32_t stream)
{
    gw_stream_info *info = &e->streams[stream];
    uint32_t number = e->segment.header->value_count;
    if (info->slot != GW_SLOT_VALUE)
        return true;
    if (number == e->segment.values.capacity)
        return false;
    info->value = e->segment.streams[stream].value = number;
    gw_segment_values_added(&e->segment, number + 1);
    return true;
}

static uint8_t slot_of(const gw_stream *row)
{
    const bool many = gw_has_rows(row->shape) || row->shape == GW_SHAPE_SYNTHETIC;
    return many || row->symbol == GW_NO_ROW ? GW_SLOT_NONE : gw_slot_of_kind(row->kind);
}

static void link_to_symbol(gw_engine *e, uint32_t stream)
{
    gw_stream_info *info = &e->streams[stream];
    info->sibling = GW_NO_ROW;
    if (info->symbol == GW_NO_ROW)
        return;
    info->sibling = e->symbols[info->symbol].streams;
    e->symbols[info->symbol].streams = stream;
}

static void fill_stream(gw_engine *e, uint32_t number, const gw_stream *row)
{
    gw_stream_info *info = &e->streams[number];
    memset(info, 0, sizeof *info);
    set_name(info, row);
    set_stream(e, info, row);
    info->collector = info->value = GW_NO_ROW;
    info->slot = slot_of(row);
    link_to_symbol(e, number);
    e->segment.streams[number] = *row;
    e->segment.streams[number].value = GW_NO_ROW;
    e->segment.streams[number].state = GW_ROW_ACTIVE;
    e->segment.streams[number].status = GW_STATUS_SYNCING;
}

/* One book a symbol, from one stream. */
static bool is_second_book(const gw_engine *e, const gw_stream *row)
{
    if (row->kind != GW_KIND_DIFF || row->symbol == GW_NO_ROW)
        return false;
    const uint32_t feed = e->symbols[row->symbol].feeds[GW_SLOT_BOOK];
    return feed != GW_NO_ROW && !e->streams[feed].retired;
}

/* A stream that was removed comes back to its own row: rows are not used for anything else. What came as a
 * row of an array may be subscribed by itself now, and the other way round; and an instrument that was listed
 * anew has another row. */
static uint32_t revive(gw_engine *e, uint32_t number, const gw_stream *row)
{
    gw_stream_info *info = &e->streams[number];
    if (!info->retired || info->target.kind != row->kind || info->slot != slot_of(row))
        return GW_NO_ROW;
    if (info->symbol != row->symbol)
        gw_stream_moves(e, number, row->symbol);
    memset(&info->arrivals, 0, sizeof info->arrivals);
    memset(&info->silence, 0, sizeof info->silence);
    set_stream(e, info, row);
    info->unacked = gw_is_subscribed(row->shape) ? 3 : 0;
    gw_stream *out = &e->segment.streams[number];
    out->connection = row->connection;
    out->symbol = row->symbol;
    out->parent = row->parent;
    out->shape = row->shape;
    out->expected_ms = row->expected_ms;
    out->state = GW_ROW_ACTIVE;
    out->status = GW_STATUS_SYNCING;
    out->mono_acked = 0;
    gw_segment_rows_changed(&e->segment);
    return number;
}

/* The row is there before anything names it. */
static uint32_t append(gw_engine *e, const gw_stream *row)
{
    uint32_t number = e->segment.header->stream_count;
    if (number == e->segment.stream_capacity)
        return GW_NO_ROW;
    fill_stream(e, number, row);
    remember_stream(e, number);
    gw_segment_streams_added(&e->segment, number + 1);
    return number;
}

static void count_streams(gw_engine *e, uint32_t first, int change)
{
    if (first == GW_NO_ROW)
        return;
    e->segment.connections[first].stream_total += (uint32_t)change;
    if (e->links[first].peer != GW_NO_ROW)
        e->segment.connections[e->links[first].peer].stream_total += (uint32_t)change;
}

static bool open_stream(gw_engine *e, uint32_t number)
{
    const gw_stream_info *info = &e->streams[number];
    const bool placed = info->value != GW_NO_ROW || take_value(e, number);
    const bool known = info->shape != GW_SHAPE_ROW || remember_child(e, info->parent, info->symbol, number + 1);
    return placed && known && gw_feed_slots(e, number);
}

uint32_t gw_engine_add_stream(gw_engine *e, const gw_stream *row)
{
    gw_stream_info named = {.name_length = 0};
    if (!fits(e, row) || is_second_book(e, row))
        return GW_NO_ROW;
    e->link = GW_NO_ROW;
    e->mono = gw_clock_mono();
    set_name(&named, row);
    const uint8_t *name = (const uint8_t *)named.name + named.prefix_length;
    uint32_t known = gw_engine_find_stream(e, row->market, name, (size_t)(named.name_length - named.prefix_length));
    uint32_t number = known == GW_NO_ROW ? append(e, row) : revive(e, known, row);
    if (number == GW_NO_ROW)
        return number;
    count_streams(e, row->shape == GW_SHAPE_ROW ? GW_NO_ROW : row->connection, 1);
    if (open_stream(e, number))
        return number;
    gw_engine_remove_stream(e, number);
    return GW_NO_ROW;
}

/* It is not subscribed any more. */
void gw_stream_left(gw_engine *e, uint32_t stream)
{
    if (e->streams[stream].shape != GW_SHAPE_ROW)
        count_streams(e, e->streams[stream].connection, -1);
}
