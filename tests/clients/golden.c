/* Print what the C header reads from a golden segment, one value a line.
 *
 *     golden SEGMENT */
#include "gateway.h"

#include <inttypes.h>

static void print_rows(const gw_segment *seg)
{
    gw_stream stream;
    gw_connection link;
    for (uint32_t row = 0; !gw_read_stream(seg, row, &stream); row++)
        printf("stream %s %u %" PRIu32 " %" PRIu32 " %u %" PRIu32 "\n", stream.name, stream.kind,
               stream.parent, stream.value, stream.shape, gw_find_stream(seg, stream.name));
    for (uint32_t row = 0; !gw_read_connection(seg, row, &link); row++)
        printf("link %s %" PRIu32 " %" PRIu32 "\n", link.name, link.state, link.peer);
}

static void print_slots(const gw_segment *seg)
{
    gw_trade trade;
    gw_mark mark;
    for (uint32_t row = 0; row < gw_symbol_count(seg); row++) {
        int status = gw_read_last_trade(seg, row, &trade);
        printf("trade %" PRIu32 " %d %" PRId64 " %" PRId64 "\n", row, status, trade.px,
               trade.normal_qty);
        status = gw_read_mark(seg, row, &mark);
        if (status > 0)
            printf("mark %" PRIu32 " %d %" PRId64 " %" PRId64 "\n", row, status, mark.index_px,
                   mark.funding_rate);
        else
            printf("mark %" PRIu32 " %d\n", row, status);
    }
}

static void print_books(const gw_segment *seg)
{
    gw_book book;
    gw_partial partial;
    gw_gap gap;
    for (uint32_t row = 0; row < gw_symbol_count(seg); row++) {
        int status = gw_read_book(seg, row, &book);
        if (status > 0)
            printf("book %" PRIu32 " %d %" PRId64 " %" PRId64 " %" PRId64 "\n", row, book.bid_count,
                   book.asks[0], book.bid_complete_px, book.ask_complete_px);
        status = gw_read_partial(seg, row, &partial);
        if (status > 0)
            printf("partial %" PRIu32 " %d %" PRId64 " %" PRId64 " %" PRId64 "\n", row,
                   partial.ask_count, partial.bids[0], partial.bid_complete_px,
                   partial.ask_complete_px);
    }
    for (uint32_t slot = 0; slot < gw_gap_count(seg); slot++) {
        int code = gw_read_gap(seg, slot, &gap);
        printf("gap %" PRIu32 " %d %" PRIu64 " %" PRIu64 " %" PRId64 " %" PRIu32 "\n", slot, code,
               gap.gap_number, gap.last_id, gap.closed_real, gap.gap_state);
    }
}

/* Each value by its own call; the other calls must refuse it. */
static void print_value(const gw_segment *seg, uint32_t row)
{
    gw_any_value v;
    int refused = 0, status;
    status = gw_read_kline(seg, row, &v.kline);
    if (status >= 0) printf("kline %" PRIu32 " %d %" PRId64 " %d\n", row, status, v.kline.close_px, v.kline.px_exponent);
    refused += status == GW_ERROR_STREAM;
    status = gw_read_window(seg, row, &v.window);
    if (status >= 0) printf("window %" PRIu32 " %d %" PRId64 "\n", row, status, v.window.last_px);
    refused += status == GW_ERROR_STREAM;
    status = gw_read_block_trade(seg, row, &v.block_trade);
    if (status >= 0) printf("block %" PRIu32 " %d %" PRId64 "\n", row, status, v.block_trade.px);
    refused += status == GW_ERROR_STREAM;
    status = gw_read_price(seg, row, &v.price);
    if (status >= 0) printf("price %" PRIu32 " %d %" PRId64 "\n", row, status, v.price.px);
    refused += status == GW_ERROR_STREAM;
    status = gw_read_liquidation(seg, row, &v.liquidation);
    if (status >= 0) printf("liquidation %" PRIu32 " %d %s\n", row, status, v.liquidation.order_status);
    refused += status == GW_ERROR_STREAM;
    status = gw_read_contract(seg, row, &v.contract);
    if (status >= 0) printf("contract %" PRIu32 " %d %s\n", row, status, v.contract.contract_type);
    refused += status == GW_ERROR_STREAM;
    status = gw_read_asset(seg, row, &v.asset);
    if (status >= 0) printf("asset %" PRIu32 " %d %" PRId64 "\n", row, status, v.asset.index_px);
    refused += status == GW_ERROR_STREAM;
    printf("refused %" PRIu32 " %d\n", row, refused);
}

/* Trades and states of the ring: of older minor versions they are too short to say all. */
static void print_records(const gw_segment *seg)
{
    static _Alignas(8) unsigned char record[4096];
    gw_cursor cursor;
    gw_start_at_oldest(&seg->events, &cursor);
    while (gw_next(&seg->events, &cursor, record, sizeof record) > 0) {
        const gw_trade *trade = (const gw_trade *)(const void *)record;
        uint8_t kind = trade->meta.kind;
        if (kind == GW_KIND_TRADE || kind == GW_KIND_AGG_TRADE || kind == GW_KIND_BLOCK_TRADE)
            printf("normal %" PRIu64 " %" PRId64 "\n", trade->meta.version, gw_normal_qty(trade));
        gw_state state;
        if ((kind < GW_KIND_STATE || kind > GW_KIND_UNREADABLE) && kind != GW_KIND_GAP_CLOSED)
            continue;
        gw_complete_state((const gw_state *)(const void *)record, &state);
        printf("state %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRId64 "\n", state.meta.version,
               state.gap_number, state.recovered, state.ts_before);
    }
}

int main(int argc, char **argv)
{
    gw_segment seg;
    if (argc != 2 || gw_open(&seg, argv[1])) return 1;
    print_rows(&seg);
    print_slots(&seg);
    print_books(&seg);
    for (uint32_t row = 0; row < gw_stream_count(&seg); row++) print_value(&seg, row);
    print_records(&seg);
    gw_close(&seg);
    return 0;
}
