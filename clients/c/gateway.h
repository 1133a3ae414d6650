/*
 * Read a gateway's segment: Binance market data in shared memory. One header, no library.
 *
 * A reader maps the file read-only and never writes, locks or waits for the writer. Every read
 * answers a status together with the data, and only GW_STATUS_LIVE may be traded on:
 *
 *     gw_segment seg;
 *     uint32_t row;
 *     if (gw_open_symbol(&seg, NULL, "spot:BTCUSDT", &row)) { puts(seg.error); exit(1); }
 *     gw_quote quote;
 *     int status = gw_read_quote(&seg, row, &quote);
 *     if (status == GW_STATUS_LIVE) printf("%f\n", gw_px(&seg, row, quote.bid_px));
 *     else if (gw_refresh(&seg)) row = gw_find_symbol(&seg, "spot:BTCUSDT");
 *
 * Answers below 0 are enum gw_error (gw_strerror names them), 0 to 7 enum gw_status, and
 * GW_STATUS_DEAD is what a reader adds when the writer is gone or hangs. A gw_segment belongs to
 * one thread; several threads open one each.
 *
 * Linux, little-endian, gcc or clang, C11 or C++17. With -std=c11 define _GNU_SOURCE, or include
 * this header first. What the bytes mean stands in clients/LAYOUT.md.
 *
 * Memory order. Words that a writer may change meanwhile are read with the compiler's __atomic
 * builtins, which are the C11 memory model and work on plain objects, in C++ too: acquire for the
 * word that says where the data is, relaxed for the data, an acquire fence, then the word again.
 * An atomic load is never split, joined or vectorised by the compiler, so whatever happens to the
 * stores into the private copy, each 8-byte word of it was loaded whole and before the fence.
 */
#ifndef GATEWAY_H
#define GATEWAY_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* syscall, madvise, MAP_POPULATE */
#endif

/* generated from gateway/layout.py: begin */
/* generated from gateway/layout.py by "make layout": do not edit. See clients/LAYOUT.md. */
#ifndef GW_LAYOUT_H
#define GW_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define GW_ASSERT_LAYOUT(what) static_assert(what, #what)
extern "C" {
#else
#define GW_ASSERT_LAYOUT(what) _Static_assert(what, #what)
#endif

#define GW_MAGIC "BNGWSHM1"
#define GW_NULL INT64_MIN /* an integer field the venue did not send */
#define GW_ENDIAN_TAG 0x01020304u
#define GW_ABI_MAJOR 1
#define GW_ABI_MINOR 3
#define GW_PAGE 4096
#define GW_NO_ROW 0xffffffffu
#define GW_BOOK_LEVELS 20
#define GW_FIXED_EXPONENT (-8)
#define GW_VALUE_BYTES 256
#define GW_GAPS_CAPACITY 1024
#define GW_HISTOGRAM_BUCKETS 2048
#define GW_SAMPLED_ONE_IN 16
#define GW_RING_DATA_OFFSET 4096
#define GW_SCHEMA_HASH UINT64_C(0xe8c58e98b33285cf)
#define GW_HISTOGRAM_EVENT_TO_RECV 0
#define GW_HISTOGRAM_RECV_TO_PUBLISH 1
#define GW_HISTOGRAM_PUBLISH_TO_VISIBLE 2
#define GW_HISTOGRAM_PUBLISH_TO_ZMQ 3
#define GW_HISTOGRAM_COUNT 4

/* Life of a segment file, as its writer states it. */
enum gw_segment_state {
    GW_SEGMENT_INIT = 0,
    GW_SEGMENT_LIVE = 1,
    GW_SEGMENT_DRAINING = 2,
    GW_SEGMENT_CLOSED = 3,
    GW_SEGMENT_SUPERSEDED = 4,
};

/* Whether a value may be trusted. Only LIVE may be traded on. */
enum gw_status {
    GW_STATUS_EMPTY = 0,
    GW_STATUS_LIVE = 1,
    GW_STATUS_SYNCING = 2,
    GW_STATUS_GAPPED = 3,
    GW_STATUS_STALE = 4,
    GW_STATUS_DOWN = 5,
    GW_STATUS_HALTED = 6,
    GW_STATUS_RETIRED = 7,
};

/* Why a status changed. */
enum gw_reason {
    GW_REASON_NONE = 0,
    GW_REASON_SUBSCRIBED = 1,
    GW_REASON_FIRST_DATA = 2,
    GW_REASON_SNAPSHOT = 3,
    GW_REASON_GAP = 4,
    GW_REASON_DISCONNECTED = 5,
    GW_REASON_CONNECTED = 6,
    GW_REASON_STALLED = 7,
    GW_REASON_UNREADABLE = 8,
    GW_REASON_CROSSED = 9,
    GW_REASON_RESTARTED = 10,
    GW_REASON_INEXACT = 11,
    GW_REASON_OVERFLOW = 12,
    GW_REASON_RETIRED = 13,
    GW_REASON_SILENT = 14,
    GW_REASON_LAGGING = 15,
    GW_REASON_HALTED = 16,
    GW_REASON_AUDIT = 17,
    GW_REASON_THIN = 18,
};

/* A market of the venue; its lowercase name is the prefix of every topic. */
enum gw_market {
    GW_MARKET_SPOT = 1,
    GW_MARKET_USDM = 2,
    GW_MARKET_COINM = 3,
};

/* What a record or slot holds, and what a stream delivers. */
enum gw_kind {
    GW_KIND_QUOTE = 1,
    GW_KIND_TRADE = 2,
    GW_KIND_AGG_TRADE = 3,
    GW_KIND_TICKER = 4,
    GW_KIND_DIFF = 5,
    GW_KIND_PARTIAL = 6,
    GW_KIND_BOOK = 7,
    GW_KIND_SNAPSHOT = 8,
    GW_KIND_STATE = 9,
    GW_KIND_GAP = 10,
    GW_KIND_UNREADABLE = 11,
    GW_KIND_RAW = 12,
    GW_KIND_BLOCK_TRADE = 13,
    GW_KIND_MINI_TICKER = 14,
    GW_KIND_WINDOW_TICKER = 15,
    GW_KIND_KLINE = 16,
    GW_KIND_CONTINUOUS_KLINE = 17,
    GW_KIND_INDEX_KLINE = 18,
    GW_KIND_MARK_KLINE = 19,
    GW_KIND_MARK_PRICE = 20,
    GW_KIND_INDEX_PRICE = 21,
    GW_KIND_AVERAGE_PRICE = 22,
    GW_KIND_REFERENCE_PRICE = 23,
    GW_KIND_COMPOSITE_INDEX = 24,
    GW_KIND_LIQUIDATION = 25,
    GW_KIND_CONTRACT_INFO = 26,
    GW_KIND_ASSET_INDEX = 27,
    GW_KIND_TRADING_SESSION = 28,
    GW_KIND_GAP_CLOSED = 29,
    GW_KIND_PAD = 255,
};

/* Flags of a record or slot cell (META.flags). */
enum gw_flag {
    GW_FLAG_BUYER_IS_MAKER = 1,
    GW_FLAG_FIRST = 2,
    GW_FLAG_LAST = 4,
    GW_FLAG_BACKFILLED = 8,
    GW_FLAG_SYNTHETIC = 16,
    GW_FLAG_DUPLICATE = 32,
    GW_FLAG_APPLIED = 64,
    GW_FLAG_BUFFERED = 128,
    GW_FLAG_FOREIGN = 256,
    GW_FLAG_CLOSED = 512,
    GW_FLAG_EARLY = 1024,
    GW_FLAG_BIDS_WHOLE = 2048,
    GW_FLAG_ASKS_WHOLE = 4096,
};

/* What the frames of a stream hold. */
enum gw_shape {
    GW_SHAPE_OBJECT = 1,
    GW_SHAPE_ARRAY = 2,
    GW_SHAPE_MERGED = 3,
    GW_SHAPE_ROW = 4,
    GW_SHAPE_SYNTHETIC = 5,
};

/* Side of an order. */
enum gw_order_side {
    GW_SIDE_NONE = 0,
    GW_SIDE_BUY = 1,
    GW_SIDE_SELL = 2,
};

/* Where a quote comes from. */
enum gw_source {
    GW_SOURCE_NONE = 0,
    GW_SOURCE_BOOK_TICKER = 1,
    GW_SOURCE_BOOK = 2,
};

/* What became of a gap. */
enum gw_gap_state {
    GW_GAP_NONE = 0,
    GW_GAP_OPEN = 1,
    GW_GAP_FILLED = 2,
    GW_GAP_PARTIAL = 3,
    GW_GAP_LOST = 4,
    GW_GAP_HEALED = 5,
};

/* What a section of the file holds. */
enum gw_section_kind {
    GW_SECTION_FIELDS = 1,
    GW_SECTION_COUNTERS = 2,
    GW_SECTION_HISTOGRAMS = 3,
    GW_SECTION_SYMBOLS = 4,
    GW_SECTION_CONNECTIONS = 5,
    GW_SECTION_STREAMS = 6,
    GW_SECTION_QUOTE = 7,
    GW_SECTION_TICKER = 8,
    GW_SECTION_LAST_TRADE = 9,
    GW_SECTION_BOOK = 10,
    GW_SECTION_PARTIAL = 11,
    GW_SECTION_EVENTS = 12,
    GW_SECTION_RAW = 13,
    GW_SECTION_MARK_PRICE = 14,
    GW_SECTION_VALUES = 15,
    GW_SECTION_GAPS = 16,
};

/* State of a row of SYMBOLS, CONNECTIONS or STREAMS. */
enum gw_row_state {
    GW_ROW_FREE = 0,
    GW_ROW_ACTIVE = 1,
    GW_ROW_RETIRED = 2,
    GW_ROW_DOWN = 3,
    GW_ROW_IDLE = 4,
};

/* Page 0 of a segment. The magic is stored last; line 2 (from 0x80) and the bell change. 4096 bytes. */
typedef struct gw_header {
    uint8_t magic[8]; /* 0x000 BNGWSHM1; stored last, with release */
    uint32_t endian_tag; /* 0x008 0x01020304 */
    uint16_t abi_major; /* 0x00c readers refuse another */
    uint16_t abi_minor; /* 0x00e higher: something was appended */
    uint32_t header_size; /* 0x010 (bytes) 4096 */
    uint32_t section_align; /* 0x014 (bytes) 4096 */
    uint64_t file_size; /* 0x018 (bytes) must equal st_size */
    uint64_t generation; /* 0x020 max(old + 1, realtime ns): the epoch; bigger after every start of the writer */
    uint32_t section_count; /* 0x028 rows of the section table */
    uint32_t section_desc_size; /* 0x02c (bytes) 128 */
    uint64_t section_table_offset; /* 0x030 (bytes) 0x1000 */
    uint64_t schema_hash; /* 0x038 hash of the section and field tables of the writer */
    uint64_t writer_pid; /* 0x040 means nothing across pid namespaces */
    uint64_t writer_start_ticks; /* 0x048 (ticks) field 22 of /proc/<pid>/stat */
    uint8_t boot_id[16]; /* 0x050 of the kernel; another one: a leftover */
    int64_t created_real; /* 0x060 (ns) CLOCK_REALTIME */
    int64_t created_mono; /* 0x068 (ns) CLOCK_MONOTONIC */
    uint32_t shard_id; /* 0x070 from 0 */
    uint32_t shard_count; /* 0x074 of the plan at creation */
    uint64_t instance_id; /* 0x078 of the supervisor that started the writer */
    uint32_t state; /* 0x080 (enum SegmentState) only LIVE segments may be trusted */
    uint32_t symbol_count; /* 0x084 rows of SYMBOLS in use; stored with release after the row */
    int64_t heartbeat_mono; /* 0x088 (ns) CLOCK_MONOTONIC, from the loop that publishes */
    int64_t heartbeat_real; /* 0x090 (ns) CLOCK_REALTIME */
    uint64_t heartbeat_count; /* 0x098 beats since creation */
    uint32_t heartbeat_interval_ms; /* 0x0a0 (ms) 100 */
    uint32_t heartbeat_timeout_ms; /* 0x0a4 (ms) 1000; an older heartbeat means DEAD */
    uint64_t successor_generation; /* 0x0a8 of the file that replaced this one, when SUPERSEDED */
    uint32_t directory_epoch; /* 0x0b0 +1 whenever a directory row is added or retired */
    uint32_t stream_count; /* 0x0b4 rows of STREAMS in use */
    uint32_t connection_count; /* 0x0b8 rows of CONNECTIONS in use */
    uint32_t value_count; /* 0x0bc rows of VALUES in use */
    uint32_t bell; /* 0x0c0 futex word, +1 a published batch */
    uint8_t padding[3900]; /* 0x0c4 */
} gw_header;
GW_ASSERT_LAYOUT(sizeof(gw_header) == 4096);
GW_ASSERT_LAYOUT(offsetof(gw_header, magic) == 0);
GW_ASSERT_LAYOUT(offsetof(gw_header, endian_tag) == 8);
GW_ASSERT_LAYOUT(offsetof(gw_header, abi_major) == 12);
GW_ASSERT_LAYOUT(offsetof(gw_header, abi_minor) == 14);
GW_ASSERT_LAYOUT(offsetof(gw_header, header_size) == 16);
GW_ASSERT_LAYOUT(offsetof(gw_header, section_align) == 20);
GW_ASSERT_LAYOUT(offsetof(gw_header, file_size) == 24);
GW_ASSERT_LAYOUT(offsetof(gw_header, generation) == 32);
GW_ASSERT_LAYOUT(offsetof(gw_header, section_count) == 40);
GW_ASSERT_LAYOUT(offsetof(gw_header, section_desc_size) == 44);
GW_ASSERT_LAYOUT(offsetof(gw_header, section_table_offset) == 48);
GW_ASSERT_LAYOUT(offsetof(gw_header, schema_hash) == 56);
GW_ASSERT_LAYOUT(offsetof(gw_header, writer_pid) == 64);
GW_ASSERT_LAYOUT(offsetof(gw_header, writer_start_ticks) == 72);
GW_ASSERT_LAYOUT(offsetof(gw_header, boot_id) == 80);
GW_ASSERT_LAYOUT(offsetof(gw_header, created_real) == 96);
GW_ASSERT_LAYOUT(offsetof(gw_header, created_mono) == 104);
GW_ASSERT_LAYOUT(offsetof(gw_header, shard_id) == 112);
GW_ASSERT_LAYOUT(offsetof(gw_header, shard_count) == 116);
GW_ASSERT_LAYOUT(offsetof(gw_header, instance_id) == 120);
GW_ASSERT_LAYOUT(offsetof(gw_header, state) == 128);
GW_ASSERT_LAYOUT(offsetof(gw_header, symbol_count) == 132);
GW_ASSERT_LAYOUT(offsetof(gw_header, heartbeat_mono) == 136);
GW_ASSERT_LAYOUT(offsetof(gw_header, heartbeat_real) == 144);
GW_ASSERT_LAYOUT(offsetof(gw_header, heartbeat_count) == 152);
GW_ASSERT_LAYOUT(offsetof(gw_header, heartbeat_interval_ms) == 160);
GW_ASSERT_LAYOUT(offsetof(gw_header, heartbeat_timeout_ms) == 164);
GW_ASSERT_LAYOUT(offsetof(gw_header, successor_generation) == 168);
GW_ASSERT_LAYOUT(offsetof(gw_header, directory_epoch) == 176);
GW_ASSERT_LAYOUT(offsetof(gw_header, stream_count) == 180);
GW_ASSERT_LAYOUT(offsetof(gw_header, connection_count) == 184);
GW_ASSERT_LAYOUT(offsetof(gw_header, value_count) == 188);
GW_ASSERT_LAYOUT(offsetof(gw_header, bell) == 192);

/* One row of the section table at section_table_offset. 128 bytes. */
typedef struct gw_section {
    uint32_t kind; /* 0x000 (enum SectionKind) what it holds */
    uint32_t schema_id; /* 0x004 version of this section's rows, 1 */
    uint64_t offset; /* 0x008 (bytes) from the start of the file */
    uint64_t length; /* 0x010 (bytes) of the whole section */
    uint32_t stride; /* 0x018 (bytes) from row to row, or slot to slot; rings: 0 */
    uint32_t capacity; /* 0x01c rows; rings: 0 */
    uint32_t cell_offset; /* 0x020 (bytes) of the first cell in a slot; rings: of the first record */
    uint32_t cell_size; /* 0x024 (bytes) of one cell; rows: of one row */
    uint32_t cell_count; /* 0x028 2 in slots, 1 in directories, 0 in rings */
    uint32_t first_field; /* 0x02c row of the FIELDS section */
    uint32_t field_count; /* 0x030 rows of the FIELDS section */
    uint32_t param; /* 0x034 slots with levels: levels a side */
    uint64_t ring_capacity; /* 0x038 (bytes) rings: a power of two; else 0 */
    char name[32]; /* 0x040 lowercase */
    uint8_t padding[32]; /* 0x060 */
} gw_section;
GW_ASSERT_LAYOUT(sizeof(gw_section) == 128);
GW_ASSERT_LAYOUT(offsetof(gw_section, kind) == 0);
GW_ASSERT_LAYOUT(offsetof(gw_section, schema_id) == 4);
GW_ASSERT_LAYOUT(offsetof(gw_section, offset) == 8);
GW_ASSERT_LAYOUT(offsetof(gw_section, length) == 16);
GW_ASSERT_LAYOUT(offsetof(gw_section, stride) == 24);
GW_ASSERT_LAYOUT(offsetof(gw_section, capacity) == 28);
GW_ASSERT_LAYOUT(offsetof(gw_section, cell_offset) == 32);
GW_ASSERT_LAYOUT(offsetof(gw_section, cell_size) == 36);
GW_ASSERT_LAYOUT(offsetof(gw_section, cell_count) == 40);
GW_ASSERT_LAYOUT(offsetof(gw_section, first_field) == 44);
GW_ASSERT_LAYOUT(offsetof(gw_section, field_count) == 48);
GW_ASSERT_LAYOUT(offsetof(gw_section, param) == 52);
GW_ASSERT_LAYOUT(offsetof(gw_section, ring_capacity) == 56);
GW_ASSERT_LAYOUT(offsetof(gw_section, name) == 64);

/* One row of the FIELDS section. 64 bytes. */
typedef struct gw_field {
    char name[32]; /* 0x000 */
    char type[8]; /* 0x020 u8 i8 u16 u32 i32 u64 i64 f64 bytes text */
    char unit[16]; /* 0x028 */
    uint16_t offset; /* 0x038 (bytes) inside the row, or inside the cell */
    uint16_t count; /* 0x03a items */
    uint16_t stride; /* 0x03c (bytes) from item to item */
    uint16_t reserved; /* 0x03e 0 */
} gw_field;
GW_ASSERT_LAYOUT(sizeof(gw_field) == 64);
GW_ASSERT_LAYOUT(offsetof(gw_field, name) == 0);
GW_ASSERT_LAYOUT(offsetof(gw_field, type) == 32);
GW_ASSERT_LAYOUT(offsetof(gw_field, unit) == 40);
GW_ASSERT_LAYOUT(offsetof(gw_field, offset) == 56);
GW_ASSERT_LAYOUT(offsetof(gw_field, count) == 58);
GW_ASSERT_LAYOUT(offsetof(gw_field, stride) == 60);
GW_ASSERT_LAYOUT(offsetof(gw_field, reserved) == 62);

/* The first 96 bytes of every slot cell and every ring record. 96 bytes. */
typedef struct gw_meta {
    uint64_t version; /* 0x000 slot: equals the slot's version word; ring: record number, from 1, no holes */
    int64_t ts_event; /* 0x008 (ns) the venue's event time (E) since the Unix epoch, or null */
    int64_t ts_trade; /* 0x010 (ns) the venue's trade or engine time (T), or null */
    int64_t ts_recv; /* 0x018 (ns) CLOCK_REALTIME when the frame arrived */
    int64_t mono_recv; /* 0x020 (ns) CLOCK_MONOTONIC when the frame arrived */
    int64_t mono_publish; /* 0x028 (ns) CLOCK_MONOTONIC when it was stored here */
    uint64_t update_id; /* 0x030 the venue's id: last update id, trade id, aggregate trade id */
    uint64_t sequence; /* 0x038 number of the frame in its stream, from 1, no holes; the same in RAW, EVENTS and ZeroMQ */
    uint64_t ring_position; /* 0x040 (bytes) slot: where EVENTS goes on after this state; record: its own position */
    uint32_t symbol; /* 0x048 (row) of SYMBOLS */
    uint32_t stream; /* 0x04c (row) of STREAMS */
    uint32_t length; /* 0x050 (bytes) record: whole, a multiple of 64; slot: of the cell */
    uint16_t connection; /* 0x054 (row) of CONNECTIONS */
    uint16_t flags; /* 0x056 (enum Flag) */
    uint8_t kind; /* 0x058 (enum Kind) */
    uint8_t status; /* 0x059 (enum Status) written with the data, so never apart from it */
    uint8_t source; /* 0x05a (enum Source) QUOTE: bookTicker, or the book where only depth is subscribed */
    uint8_t reason; /* 0x05b (enum Reason) of the last status change */
    uint32_t reserved; /* 0x05c 0 */
} gw_meta;
GW_ASSERT_LAYOUT(sizeof(gw_meta) == 96);
GW_ASSERT_LAYOUT(offsetof(gw_meta, version) == 0);
GW_ASSERT_LAYOUT(offsetof(gw_meta, ts_event) == 8);
GW_ASSERT_LAYOUT(offsetof(gw_meta, ts_trade) == 16);
GW_ASSERT_LAYOUT(offsetof(gw_meta, ts_recv) == 24);
GW_ASSERT_LAYOUT(offsetof(gw_meta, mono_recv) == 32);
GW_ASSERT_LAYOUT(offsetof(gw_meta, mono_publish) == 40);
GW_ASSERT_LAYOUT(offsetof(gw_meta, update_id) == 48);
GW_ASSERT_LAYOUT(offsetof(gw_meta, sequence) == 56);
GW_ASSERT_LAYOUT(offsetof(gw_meta, ring_position) == 64);
GW_ASSERT_LAYOUT(offsetof(gw_meta, symbol) == 72);
GW_ASSERT_LAYOUT(offsetof(gw_meta, stream) == 76);
GW_ASSERT_LAYOUT(offsetof(gw_meta, length) == 80);
GW_ASSERT_LAYOUT(offsetof(gw_meta, connection) == 84);
GW_ASSERT_LAYOUT(offsetof(gw_meta, flags) == 86);
GW_ASSERT_LAYOUT(offsetof(gw_meta, kind) == 88);
GW_ASSERT_LAYOUT(offsetof(gw_meta, status) == 89);
GW_ASSERT_LAYOUT(offsetof(gw_meta, source) == 90);
GW_ASSERT_LAYOUT(offsetof(gw_meta, reason) == 91);
GW_ASSERT_LAYOUT(offsetof(gw_meta, reserved) == 92);

/* Best bid and offer. 128 bytes. */
typedef struct gw_quote {
    gw_meta meta;
    int64_t bid_px; /* 0x060 (px) mantissa at the symbol's px_exponent, or null */
    int64_t bid_qty; /* 0x068 (qty) mantissa at the symbol's qty_exponent */
    int64_t ask_px; /* 0x070 (px) */
    int64_t ask_qty; /* 0x078 (qty) */
} gw_quote;
GW_ASSERT_LAYOUT(sizeof(gw_quote) == 128);
GW_ASSERT_LAYOUT(offsetof(gw_quote, bid_px) == 96);
GW_ASSERT_LAYOUT(offsetof(gw_quote, bid_qty) == 104);
GW_ASSERT_LAYOUT(offsetof(gw_quote, ask_px) == 112);
GW_ASSERT_LAYOUT(offsetof(gw_quote, ask_qty) == 120);

/* A trade or an aggregate trade; update_id is its id. 192 bytes. */
typedef struct gw_trade {
    gw_meta meta;
    int64_t px; /* 0x060 (px) */
    int64_t qty; /* 0x068 (qty) futures: may be 0 for frames the venue marks NA */
    uint64_t first_trade_id; /* 0x070 aggregate: first trade in it; trade: its own id */
    uint64_t last_trade_id; /* 0x078 aggregate: last trade in it; trade: its own id */
    int64_t normal_qty; /* 0x080 (qty) USD-M aggregates: without retail price improvement orders; else null */
    uint8_t padding[56]; /* 0x088 */
} gw_trade;
GW_ASSERT_LAYOUT(sizeof(gw_trade) == 192);
GW_ASSERT_LAYOUT(offsetof(gw_trade, px) == 96);
GW_ASSERT_LAYOUT(offsetof(gw_trade, qty) == 104);
GW_ASSERT_LAYOUT(offsetof(gw_trade, first_trade_id) == 112);
GW_ASSERT_LAYOUT(offsetof(gw_trade, last_trade_id) == 120);
GW_ASSERT_LAYOUT(offsetof(gw_trade, normal_qty) == 128);

/* Rolling 24 h statistics; what a market does not send is null (f64: NaN). 256 bytes. */
typedef struct gw_ticker {
    gw_meta meta;
    int64_t last_px; /* 0x060 (px) */
    int64_t last_qty; /* 0x068 (qty) */
    int64_t bid_px; /* 0x070 (px) spot only */
    int64_t bid_qty; /* 0x078 (qty) spot only */
    int64_t ask_px; /* 0x080 (px) spot only */
    int64_t ask_qty; /* 0x088 (qty) spot only */
    int64_t open_px; /* 0x090 (px) */
    int64_t high_px; /* 0x098 (px) */
    int64_t low_px; /* 0x0a0 (px) */
    int64_t prev_close_px; /* 0x0a8 (px) spot only */
    int64_t change_px; /* 0x0b0 (px) */
    int64_t change_percent; /* 0x0b8 (1e-8) percent */
    int64_t average_px; /* 0x0c0 (1e-8) volume-weighted */
    double volume; /* 0x0c8 (qty) base asset; COIN-M: contracts */
    double quote_volume; /* 0x0d0 quote asset; COIN-M: base asset */
    int64_t open_time; /* 0x0d8 (ns) of the window */
    int64_t close_time; /* 0x0e0 (ns) of the window */
    uint64_t first_trade_id; /* 0x0e8 */
    uint64_t last_trade_id; /* 0x0f0 */
    uint64_t trade_count; /* 0x0f8 */
} gw_ticker;
GW_ASSERT_LAYOUT(sizeof(gw_ticker) == 256);
GW_ASSERT_LAYOUT(offsetof(gw_ticker, last_px) == 96);
GW_ASSERT_LAYOUT(offsetof(gw_ticker, last_qty) == 104);
GW_ASSERT_LAYOUT(offsetof(gw_ticker, bid_px) == 112);
GW_ASSERT_LAYOUT(offsetof(gw_ticker, bid_qty) == 120);
GW_ASSERT_LAYOUT(offsetof(gw_ticker, ask_px) == 128);
GW_ASSERT_LAYOUT(offsetof(gw_ticker, ask_qty) == 136);
GW_ASSERT_LAYOUT(offsetof(gw_ticker, open_px) == 144);
GW_ASSERT_LAYOUT(offsetof(gw_ticker, high_px) == 152);
GW_ASSERT_LAYOUT(offsetof(gw_ticker, low_px) == 160);
GW_ASSERT_LAYOUT(offsetof(gw_ticker, prev_close_px) == 168);
GW_ASSERT_LAYOUT(offsetof(gw_ticker, change_px) == 176);
GW_ASSERT_LAYOUT(offsetof(gw_ticker, change_percent) == 184);
GW_ASSERT_LAYOUT(offsetof(gw_ticker, average_px) == 192);
GW_ASSERT_LAYOUT(offsetof(gw_ticker, volume) == 200);
GW_ASSERT_LAYOUT(offsetof(gw_ticker, quote_volume) == 208);
GW_ASSERT_LAYOUT(offsetof(gw_ticker, open_time) == 216);
GW_ASSERT_LAYOUT(offsetof(gw_ticker, close_time) == 224);
GW_ASSERT_LAYOUT(offsetof(gw_ticker, first_trade_id) == 232);
GW_ASSERT_LAYOUT(offsetof(gw_ticker, last_trade_id) == 240);
GW_ASSERT_LAYOUT(offsetof(gw_ticker, trade_count) == 248);

/* A candle. Prices are at px_exponent of this very record: the row's, or -8 for index and mark prices. 256 bytes. */
typedef struct gw_kline {
    gw_meta meta;
    int64_t open_px; /* 0x060 (own px) */
    int64_t high_px; /* 0x068 (own px) */
    int64_t low_px; /* 0x070 (own px) */
    int64_t close_px; /* 0x078 (own px) */
    double volume; /* 0x080 (qty) base asset; COIN-M: contracts */
    double quote_volume; /* 0x088 quote asset; COIN-M: base asset */
    double taker_volume; /* 0x090 (qty) of it bought by takers */
    double taker_quote_volume; /* 0x098 of it bought by takers */
    int64_t open_time; /* 0x0a0 (ns) first moment of the interval */
    int64_t close_time; /* 0x0a8 (ns) last moment of the interval */
    uint64_t first_trade_id; /* 0x0b0 0: no trade; continuous: update id; index, mark: a time in ms */
    uint64_t last_trade_id; /* 0x0b8 0: no trade; continuous: update id; index, mark: a time in ms */
    uint64_t trade_count; /* 0x0c0 */
    char interval[8]; /* 0x0c8 1s 1m 3m … 1M, as the venue writes it */
    int32_t px_exponent; /* 0x0d0 of the four prices */
    uint32_t reserved_kline; /* 0x0d4 0 */
    uint8_t padding[40]; /* 0x0d8 */
} gw_kline;
GW_ASSERT_LAYOUT(sizeof(gw_kline) == 256);
GW_ASSERT_LAYOUT(offsetof(gw_kline, open_px) == 96);
GW_ASSERT_LAYOUT(offsetof(gw_kline, high_px) == 104);
GW_ASSERT_LAYOUT(offsetof(gw_kline, low_px) == 112);
GW_ASSERT_LAYOUT(offsetof(gw_kline, close_px) == 120);
GW_ASSERT_LAYOUT(offsetof(gw_kline, volume) == 128);
GW_ASSERT_LAYOUT(offsetof(gw_kline, quote_volume) == 136);
GW_ASSERT_LAYOUT(offsetof(gw_kline, taker_volume) == 144);
GW_ASSERT_LAYOUT(offsetof(gw_kline, taker_quote_volume) == 152);
GW_ASSERT_LAYOUT(offsetof(gw_kline, open_time) == 160);
GW_ASSERT_LAYOUT(offsetof(gw_kline, close_time) == 168);
GW_ASSERT_LAYOUT(offsetof(gw_kline, first_trade_id) == 176);
GW_ASSERT_LAYOUT(offsetof(gw_kline, last_trade_id) == 184);
GW_ASSERT_LAYOUT(offsetof(gw_kline, trade_count) == 192);
GW_ASSERT_LAYOUT(offsetof(gw_kline, interval) == 200);
GW_ASSERT_LAYOUT(offsetof(gw_kline, px_exponent) == 208);
GW_ASSERT_LAYOUT(offsetof(gw_kline, reserved_kline) == 212);

/* Mark price of a contract (INDEX_PRICE: of a pair, index_px alone). 192 bytes. */
typedef struct gw_mark {
    gw_meta meta;
    int64_t mark_px; /* 0x060 (1e-8) */
    int64_t mark_average_px; /* 0x068 (1e-8) USD-M: moving average of the mark price */
    int64_t index_px; /* 0x070 (1e-8) */
    int64_t settle_px; /* 0x078 (1e-8) estimated; useful in the last hour before settlement */
    int64_t funding_rate; /* 0x080 (1e-8) null for delivery contracts */
    int64_t next_funding_time; /* 0x088 (ns) null for delivery contracts */
    uint8_t padding[48]; /* 0x090 */
} gw_mark;
GW_ASSERT_LAYOUT(sizeof(gw_mark) == 192);
GW_ASSERT_LAYOUT(offsetof(gw_mark, mark_px) == 96);
GW_ASSERT_LAYOUT(offsetof(gw_mark, mark_average_px) == 104);
GW_ASSERT_LAYOUT(offsetof(gw_mark, index_px) == 112);
GW_ASSERT_LAYOUT(offsetof(gw_mark, settle_px) == 120);
GW_ASSERT_LAYOUT(offsetof(gw_mark, funding_rate) == 128);
GW_ASSERT_LAYOUT(offsetof(gw_mark, next_funding_time) == 136);

/* AVERAGE_PRICE, REFERENCE_PRICE and COMPOSITE_INDEX: a price off the tick. 128 bytes. */
typedef struct gw_price {
    gw_meta meta;
    int64_t px; /* 0x060 (1e-8) null: the venue has none */
    uint32_t component_count; /* 0x068 COMPOSITE_INDEX: assets in it (listed in the JSON topic) */
    uint32_t reserved_price; /* 0x06c 0 */
    char interval[8]; /* 0x070 AVERAGE_PRICE: averaged over */
    uint8_t padding[8]; /* 0x078 */
} gw_price;
GW_ASSERT_LAYOUT(sizeof(gw_price) == 128);
GW_ASSERT_LAYOUT(offsetof(gw_price, px) == 96);
GW_ASSERT_LAYOUT(offsetof(gw_price, component_count) == 104);
GW_ASSERT_LAYOUT(offsetof(gw_price, reserved_price) == 108);
GW_ASSERT_LAYOUT(offsetof(gw_price, interval) == 112);

/* A forced order (forceOrder): the largest of its second, not every one. 192 bytes. */
typedef struct gw_liquidation {
    gw_meta meta;
    int64_t px; /* 0x060 (px) of the order */
    int64_t average_px; /* 0x068 (1e-8) of its fills */
    int64_t qty; /* 0x070 (qty) of the order */
    int64_t last_filled_qty; /* 0x078 (qty) */
    int64_t filled_qty; /* 0x080 (qty) accumulated */
    uint32_t side; /* 0x088 (enum OrderSide) SELL: a long was closed */
    uint32_t reserved_liquidation; /* 0x08c 0 */
    char order_type[16]; /* 0x090 LIMIT, … */
    char time_in_force[8]; /* 0x0a0 IOC, … */
    char order_status[16]; /* 0x0a8 FILLED, … */
    uint8_t padding[8]; /* 0x0b8 */
} gw_liquidation;
GW_ASSERT_LAYOUT(sizeof(gw_liquidation) == 192);
GW_ASSERT_LAYOUT(offsetof(gw_liquidation, px) == 96);
GW_ASSERT_LAYOUT(offsetof(gw_liquidation, average_px) == 104);
GW_ASSERT_LAYOUT(offsetof(gw_liquidation, qty) == 112);
GW_ASSERT_LAYOUT(offsetof(gw_liquidation, last_filled_qty) == 120);
GW_ASSERT_LAYOUT(offsetof(gw_liquidation, filled_qty) == 128);
GW_ASSERT_LAYOUT(offsetof(gw_liquidation, side) == 136);
GW_ASSERT_LAYOUT(offsetof(gw_liquidation, reserved_liquidation) == 140);
GW_ASSERT_LAYOUT(offsetof(gw_liquidation, order_type) == 144);
GW_ASSERT_LAYOUT(offsetof(gw_liquidation, time_in_force) == 160);
GW_ASSERT_LAYOUT(offsetof(gw_liquidation, order_status) == 168);

/* A contract was listed, changed or settled (contractInfo). 256 bytes. */
typedef struct gw_contract {
    gw_meta meta;
    char pair[32]; /* 0x060 */
    char contract_type[32]; /* 0x080 PERPETUAL, CURRENT_QUARTER, … */
    char contract_status[32]; /* 0x0a0 TRADING, SETTLING, … */
    int64_t delivery_time; /* 0x0c0 (ns) null where it does not fit: perpetuals say the year 2100 */
    int64_t onboard_time; /* 0x0c8 (ns) */
    uint32_t has_brackets; /* 0x0d0 1: the JSON topic lists new leverage brackets */
    uint32_t reserved_contract; /* 0x0d4 0 */
    uint8_t padding[40]; /* 0x0d8 */
} gw_contract;
GW_ASSERT_LAYOUT(sizeof(gw_contract) == 256);
GW_ASSERT_LAYOUT(offsetof(gw_contract, pair) == 96);
GW_ASSERT_LAYOUT(offsetof(gw_contract, contract_type) == 128);
GW_ASSERT_LAYOUT(offsetof(gw_contract, contract_status) == 160);
GW_ASSERT_LAYOUT(offsetof(gw_contract, delivery_time) == 192);
GW_ASSERT_LAYOUT(offsetof(gw_contract, onboard_time) == 200);
GW_ASSERT_LAYOUT(offsetof(gw_contract, has_brackets) == 208);
GW_ASSERT_LAYOUT(offsetof(gw_contract, reserved_contract) == 212);

/* Index of a margin asset against USD (assetIndexUpdate). 192 bytes. */
typedef struct gw_asset {
    gw_meta meta;
    int64_t index_px; /* 0x060 (1e-8) */
    int64_t bid_buffer; /* 0x068 (1e-8) */
    int64_t ask_buffer; /* 0x070 (1e-8) */
    int64_t bid_rate; /* 0x078 (1e-8) */
    int64_t ask_rate; /* 0x080 (1e-8) */
    int64_t auto_bid_buffer; /* 0x088 (1e-8) of automatic exchange */
    int64_t auto_ask_buffer; /* 0x090 (1e-8) */
    int64_t auto_bid_rate; /* 0x098 (1e-8) */
    int64_t auto_ask_rate; /* 0x0a0 (1e-8) */
    uint8_t padding[24]; /* 0x0a8 */
} gw_asset;
GW_ASSERT_LAYOUT(sizeof(gw_asset) == 192);
GW_ASSERT_LAYOUT(offsetof(gw_asset, index_px) == 96);
GW_ASSERT_LAYOUT(offsetof(gw_asset, bid_buffer) == 104);
GW_ASSERT_LAYOUT(offsetof(gw_asset, ask_buffer) == 112);
GW_ASSERT_LAYOUT(offsetof(gw_asset, bid_rate) == 120);
GW_ASSERT_LAYOUT(offsetof(gw_asset, ask_rate) == 128);
GW_ASSERT_LAYOUT(offsetof(gw_asset, auto_bid_buffer) == 136);
GW_ASSERT_LAYOUT(offsetof(gw_asset, auto_ask_buffer) == 144);
GW_ASSERT_LAYOUT(offsetof(gw_asset, auto_bid_rate) == 152);
GW_ASSERT_LAYOUT(offsetof(gw_asset, auto_ask_rate) == 160);

/* Trading session of the underlying market (tradingSession). 192 bytes. */
typedef struct gw_session {
    gw_meta meta;
    int64_t start_time; /* 0x060 (ns) */
    int64_t end_time; /* 0x068 (ns) */
    char underlying[24]; /* 0x070 Equity, Commodity, KR_Equity, … */
    char session[24]; /* 0x088 PRE_MARKET, REGULAR, AFTER_MARKET, OVERNIGHT, NO_TRADING */
    uint8_t padding[32]; /* 0x0a0 */
} gw_session;
GW_ASSERT_LAYOUT(sizeof(gw_session) == 192);
GW_ASSERT_LAYOUT(offsetof(gw_session, start_time) == 96);
GW_ASSERT_LAYOUT(offsetof(gw_session, end_time) == 104);
GW_ASSERT_LAYOUT(offsetof(gw_session, underlying) == 112);
GW_ASSERT_LAYOUT(offsetof(gw_session, session) == 136);

/* A VALUES cell: META, then the fields of META.kind's own struct. 256 bytes. */
typedef struct gw_value {
    gw_meta meta;
    uint8_t padding[160]; /* 0x060 */
} gw_value;
GW_ASSERT_LAYOUT(sizeof(gw_value) == 256);

/* Top of the synchronised order book; update_id is its last update id. 832 bytes. */
typedef struct gw_book {
    gw_meta meta;
    uint64_t first_update_id; /* 0x060 of the last event in it (U), 0 after a snapshot */
    uint64_t snapshot_id; /* 0x068 lastUpdateId of the snapshot under it, 0: none */
    uint16_t bid_count; /* 0x070 (levels) shown here */
    uint16_t ask_count; /* 0x072 (levels) shown here */
    uint16_t depth; /* 0x074 (levels) room a side */
    uint16_t reserved_levels; /* 0x076 0 */
    uint32_t bid_total; /* 0x078 (levels) held by the writer */
    uint32_t ask_total; /* 0x07c (levels) held by the writer */
    int64_t bids[40]; /* 0x080 (px, qty) 20 x (price, quantity) mantissas, best first */
    int64_t asks[40]; /* 0x1c0 (px, qty) 20 x (price, quantity) mantissas, best first */
    int64_t bid_complete_px; /* 0x300 (px) every bid from the best down to this price, inclusive, is known; null: all */
    int64_t ask_complete_px; /* 0x308 (px) every ask from the best up to this price, inclusive, is known; null: all */
    uint8_t padding[48]; /* 0x310 */
} gw_book;
GW_ASSERT_LAYOUT(sizeof(gw_book) == 832);
GW_ASSERT_LAYOUT(offsetof(gw_book, first_update_id) == 96);
GW_ASSERT_LAYOUT(offsetof(gw_book, snapshot_id) == 104);
GW_ASSERT_LAYOUT(offsetof(gw_book, bid_count) == 112);
GW_ASSERT_LAYOUT(offsetof(gw_book, ask_count) == 114);
GW_ASSERT_LAYOUT(offsetof(gw_book, depth) == 116);
GW_ASSERT_LAYOUT(offsetof(gw_book, reserved_levels) == 118);
GW_ASSERT_LAYOUT(offsetof(gw_book, bid_total) == 120);
GW_ASSERT_LAYOUT(offsetof(gw_book, ask_total) == 124);
GW_ASSERT_LAYOUT(offsetof(gw_book, bids) == 128);
GW_ASSERT_LAYOUT(offsetof(gw_book, asks) == 448);
GW_ASSERT_LAYOUT(offsetof(gw_book, bid_complete_px) == 768);
GW_ASSERT_LAYOUT(offsetof(gw_book, ask_complete_px) == 776);

/* The venue's own partial depth (depth5, depth10, depth20), never mixed with BOOK. 832 bytes. */
typedef struct gw_partial {
    gw_meta meta;
    uint64_t first_update_id; /* 0x060 of the last event in it (U), 0 after a snapshot */
    uint64_t snapshot_id; /* 0x068 lastUpdateId of the snapshot under it, 0: none */
    uint16_t bid_count; /* 0x070 (levels) shown here */
    uint16_t ask_count; /* 0x072 (levels) shown here */
    uint16_t depth; /* 0x074 (levels) room a side */
    uint16_t reserved_levels; /* 0x076 0 */
    uint32_t bid_total; /* 0x078 (levels) held by the writer */
    uint32_t ask_total; /* 0x07c (levels) held by the writer */
    int64_t bids[40]; /* 0x080 (px, qty) 20 x (price, quantity) mantissas, best first */
    int64_t asks[40]; /* 0x1c0 (px, qty) 20 x (price, quantity) mantissas, best first */
    int64_t bid_complete_px; /* 0x300 (px) every bid from the best down to this price, inclusive, is known; null: all */
    int64_t ask_complete_px; /* 0x308 (px) every ask from the best up to this price, inclusive, is known; null: all */
    uint8_t padding[48]; /* 0x310 */
} gw_partial;
GW_ASSERT_LAYOUT(sizeof(gw_partial) == 832);
GW_ASSERT_LAYOUT(offsetof(gw_partial, first_update_id) == 96);
GW_ASSERT_LAYOUT(offsetof(gw_partial, snapshot_id) == 104);
GW_ASSERT_LAYOUT(offsetof(gw_partial, bid_count) == 112);
GW_ASSERT_LAYOUT(offsetof(gw_partial, ask_count) == 114);
GW_ASSERT_LAYOUT(offsetof(gw_partial, depth) == 116);
GW_ASSERT_LAYOUT(offsetof(gw_partial, reserved_levels) == 118);
GW_ASSERT_LAYOUT(offsetof(gw_partial, bid_total) == 120);
GW_ASSERT_LAYOUT(offsetof(gw_partial, ask_total) == 124);
GW_ASSERT_LAYOUT(offsetof(gw_partial, bids) == 128);
GW_ASSERT_LAYOUT(offsetof(gw_partial, asks) == 448);
GW_ASSERT_LAYOUT(offsetof(gw_partial, bid_complete_px) == 768);
GW_ASSERT_LAYOUT(offsetof(gw_partial, ask_complete_px) == 776);

/* DIFF, SNAPSHOT and PARTIAL records: this head, then bid_count + ask_count levels of (px, qty). 160 bytes. */
typedef struct gw_diff {
    gw_meta meta;
    uint64_t first_update_id; /* 0x060 U; SNAPSHOT: lastUpdateId of the REST answer */
    uint64_t prev_update_id; /* 0x068 pu of futures; spot: U - 1 */
    int64_t best_bid_px; /* 0x070 (px) of the book after this record, or null */
    int64_t best_bid_qty; /* 0x078 (qty) */
    int64_t best_ask_px; /* 0x080 (px) */
    int64_t best_ask_qty; /* 0x088 (qty) */
    uint32_t bid_count; /* 0x090 (levels) in this record */
    uint32_t ask_count; /* 0x094 (levels) in this record */
    uint64_t reserved_diff; /* 0x098 0 */
} gw_diff;
GW_ASSERT_LAYOUT(sizeof(gw_diff) == 160);
GW_ASSERT_LAYOUT(offsetof(gw_diff, first_update_id) == 96);
GW_ASSERT_LAYOUT(offsetof(gw_diff, prev_update_id) == 104);
GW_ASSERT_LAYOUT(offsetof(gw_diff, best_bid_px) == 112);
GW_ASSERT_LAYOUT(offsetof(gw_diff, best_bid_qty) == 120);
GW_ASSERT_LAYOUT(offsetof(gw_diff, best_ask_px) == 128);
GW_ASSERT_LAYOUT(offsetof(gw_diff, best_ask_qty) == 136);
GW_ASSERT_LAYOUT(offsetof(gw_diff, bid_count) == 144);
GW_ASSERT_LAYOUT(offsetof(gw_diff, ask_count) == 148);
GW_ASSERT_LAYOUT(offsetof(gw_diff, reserved_diff) == 152);

/* STATE, GAP, GAP_CLOSED and UNREADABLE records; META.status is the new status. 192 bytes. */
typedef struct gw_state {
    gw_meta meta;
    uint32_t previous_status; /* 0x060 (enum Status) */
    uint32_t subject; /* 0x064 (enum Kind) the kind of slot or stream concerned */
    uint64_t expected_id; /* 0x068 GAP: the id that should have come */
    uint64_t received_id; /* 0x070 GAP: the id that came */
    uint32_t error; /* 0x078 UNREADABLE: the decoder's code */
    uint32_t reserved_state; /* 0x07c 0 */
    uint64_t gap_number; /* 0x080 GAP, GAP_CLOSED: its number in GAPS, from 1; else 0 */
    uint64_t missing; /* 0x088 GAP, GAP_CLOSED: ids that are missing, 0: unknown */
    uint64_t recovered; /* 0x090 GAP_CLOSED: ids that back-fill brought */
    uint32_t gap_state; /* 0x098 (enum GapState) GAP, GAP_CLOSED: what became of it so far */
    uint32_t reserved_gap; /* 0x09c 0 */
    int64_t ts_before; /* 0x0a0 (ns) GAP, GAP_CLOSED: the venue's time of the last event before it, or null */
    int64_t ts_after; /* 0x0a8 (ns) GAP, GAP_CLOSED: the venue's time of the first event after it, or null */
    uint8_t padding[16]; /* 0x0b0 */
} gw_state;
GW_ASSERT_LAYOUT(sizeof(gw_state) == 192);
GW_ASSERT_LAYOUT(offsetof(gw_state, previous_status) == 96);
GW_ASSERT_LAYOUT(offsetof(gw_state, subject) == 100);
GW_ASSERT_LAYOUT(offsetof(gw_state, expected_id) == 104);
GW_ASSERT_LAYOUT(offsetof(gw_state, received_id) == 112);
GW_ASSERT_LAYOUT(offsetof(gw_state, error) == 120);
GW_ASSERT_LAYOUT(offsetof(gw_state, reserved_state) == 124);
GW_ASSERT_LAYOUT(offsetof(gw_state, gap_number) == 128);
GW_ASSERT_LAYOUT(offsetof(gw_state, missing) == 136);
GW_ASSERT_LAYOUT(offsetof(gw_state, recovered) == 144);
GW_ASSERT_LAYOUT(offsetof(gw_state, gap_state) == 152);
GW_ASSERT_LAYOUT(offsetof(gw_state, reserved_gap) == 156);
GW_ASSERT_LAYOUT(offsetof(gw_state, ts_before) == 160);
GW_ASSERT_LAYOUT(offsetof(gw_state, ts_after) == 168);

/* A slot of GAPS: something is missing in META.stream. Slot number: gap_number modulo the section's capacity. 256 bytes. */
typedef struct gw_gap {
    gw_meta meta;
    uint64_t gap_number; /* 0x060 from 1, in the order in which they were found */
    uint64_t first_id; /* 0x068 first missing id; klines: open time in ms; 0: has no ids */
    uint64_t last_id; /* 0x070 last missing id, inclusive; klines: open time in ms; 0: has no ids */
    uint64_t missing; /* 0x078 ids from the first to the last, 0: unknown */
    uint64_t recovered; /* 0x080 ids that back-fill brought */
    int64_t opened_real; /* 0x088 (ns) CLOCK_REALTIME when it was found */
    int64_t closed_real; /* 0x090 (ns) CLOCK_REALTIME when it was closed, null: it is open */
    int64_t ts_before; /* 0x098 (ns) the venue's time of the last event before it, or null */
    int64_t ts_after; /* 0x0a0 (ns) the venue's time of the first event after it, or null */
    uint32_t gap_state; /* 0x0a8 (enum GapState) */
    uint32_t subject; /* 0x0ac (enum Kind) what the stream delivers */
    uint8_t padding[80]; /* 0x0b0 */
} gw_gap;
GW_ASSERT_LAYOUT(sizeof(gw_gap) == 256);
GW_ASSERT_LAYOUT(offsetof(gw_gap, gap_number) == 96);
GW_ASSERT_LAYOUT(offsetof(gw_gap, first_id) == 104);
GW_ASSERT_LAYOUT(offsetof(gw_gap, last_id) == 112);
GW_ASSERT_LAYOUT(offsetof(gw_gap, missing) == 120);
GW_ASSERT_LAYOUT(offsetof(gw_gap, recovered) == 128);
GW_ASSERT_LAYOUT(offsetof(gw_gap, opened_real) == 136);
GW_ASSERT_LAYOUT(offsetof(gw_gap, closed_real) == 144);
GW_ASSERT_LAYOUT(offsetof(gw_gap, ts_before) == 152);
GW_ASSERT_LAYOUT(offsetof(gw_gap, ts_after) == 160);
GW_ASSERT_LAYOUT(offsetof(gw_gap, gap_state) == 168);
GW_ASSERT_LAYOUT(offsetof(gw_gap, subject) == 172);

/* RAW record: this head, then payload_length bytes of the frame. 128 bytes. */
typedef struct gw_raw {
    gw_meta meta;
    uint32_t payload_length; /* 0x060 (bytes) in this record */
    uint32_t frame_length; /* 0x064 (bytes) of the whole frame */
    uint32_t data_offset; /* 0x068 (bytes) of the event inside the frame (behind the envelope) */
    uint32_t data_length; /* 0x06c (bytes) of the event inside the frame */
    uint32_t part; /* 0x070 from 0, of a frame longer than an eighth of the ring */
    uint32_t reserved_raw; /* 0x074 0 */
    uint64_t reserved_raw2; /* 0x078 0 */
} gw_raw;
GW_ASSERT_LAYOUT(sizeof(gw_raw) == 128);
GW_ASSERT_LAYOUT(offsetof(gw_raw, payload_length) == 96);
GW_ASSERT_LAYOUT(offsetof(gw_raw, frame_length) == 100);
GW_ASSERT_LAYOUT(offsetof(gw_raw, data_offset) == 104);
GW_ASSERT_LAYOUT(offsetof(gw_raw, data_length) == 108);
GW_ASSERT_LAYOUT(offsetof(gw_raw, part) == 112);
GW_ASSERT_LAYOUT(offsetof(gw_raw, reserved_raw) == 116);
GW_ASSERT_LAYOUT(offsetof(gw_raw, reserved_raw2) == 120);

/* First line of a ring section. 64 bytes. */
typedef struct gw_ring {
    uint64_t tail_intent; /* 0x000 (bytes) where the writer is going to be */
    uint64_t tail; /* 0x008 (bytes) end of the last whole record; positions only grow, index = position & (capacity - 1) */
    uint64_t capacity; /* 0x010 (bytes) a power of two */
    uint64_t record_count; /* 0x018 records written, pads not counted */
    uint8_t padding[32]; /* 0x020 */
} gw_ring;
GW_ASSERT_LAYOUT(sizeof(gw_ring) == 64);
GW_ASSERT_LAYOUT(offsetof(gw_ring, tail_intent) == 0);
GW_ASSERT_LAYOUT(offsetof(gw_ring, tail) == 8);
GW_ASSERT_LAYOUT(offsetof(gw_ring, capacity) == 16);
GW_ASSERT_LAYOUT(offsetof(gw_ring, record_count) == 24);

/* First line of a slot, before its two cells. 64 bytes. */
typedef struct gw_slot {
    uint64_t version; /* 0x000 0: never written; the data of version v lies in cell v & 1 */
    uint8_t padding[56]; /* 0x008 */
} gw_slot;
GW_ASSERT_LAYOUT(sizeof(gw_slot) == 64);
GW_ASSERT_LAYOUT(offsetof(gw_slot, version) == 0);

/* SYMBOLS row; its number is the slot number in every slot section. Immutable but for state and halted. 128 bytes. */
typedef struct gw_symbol {
    char symbol[32]; /* 0x000 uppercase, as the venue's payloads name it; .RPI behind it: the book with retail orders */
    char venue[16]; /* 0x020 binance */
    char market_name[16]; /* 0x030 spot, usdm, coinm */
    int8_t px_exponent; /* 0x040 price = px x 10^px_exponent (<= 0; divide by 10^-px_exponent) */
    int8_t qty_exponent; /* 0x041 quantity = qty x 10^qty_exponent */
    uint8_t market; /* 0x042 (enum Market) */
    uint8_t halted; /* 0x043 1: the venue says that it is not trading */
    uint32_t state; /* 0x044 (enum RowState) */
    int64_t tick; /* 0x048 (px) smallest price step, 0: unknown */
    int64_t step; /* 0x050 (qty) smallest quantity step, 0: unknown */
    int64_t added_real; /* 0x058 (ns) CLOCK_REALTIME */
    uint32_t successor; /* 0x060 (row) the row that replaced this one, or no row */
    uint32_t reserved32; /* 0x064 0 */
    uint8_t padding[24]; /* 0x068 */
} gw_symbol;
GW_ASSERT_LAYOUT(sizeof(gw_symbol) == 128);
GW_ASSERT_LAYOUT(offsetof(gw_symbol, symbol) == 0);
GW_ASSERT_LAYOUT(offsetof(gw_symbol, venue) == 32);
GW_ASSERT_LAYOUT(offsetof(gw_symbol, market_name) == 48);
GW_ASSERT_LAYOUT(offsetof(gw_symbol, px_exponent) == 64);
GW_ASSERT_LAYOUT(offsetof(gw_symbol, qty_exponent) == 65);
GW_ASSERT_LAYOUT(offsetof(gw_symbol, market) == 66);
GW_ASSERT_LAYOUT(offsetof(gw_symbol, halted) == 67);
GW_ASSERT_LAYOUT(offsetof(gw_symbol, state) == 68);
GW_ASSERT_LAYOUT(offsetof(gw_symbol, tick) == 72);
GW_ASSERT_LAYOUT(offsetof(gw_symbol, step) == 80);
GW_ASSERT_LAYOUT(offsetof(gw_symbol, added_real) == 88);
GW_ASSERT_LAYOUT(offsetof(gw_symbol, successor) == 96);
GW_ASSERT_LAYOUT(offsetof(gw_symbol, reserved32) == 100);

/* CONNECTIONS row: a link, one WebSocket to the venue. For display; trust stands in the cells. 128 bytes. */
typedef struct gw_connection {
    char name[48]; /* 0x000 market/route/number/a or /b */
    uint8_t market; /* 0x030 (enum Market) */
    uint8_t reserved8; /* 0x031 0 */
    uint16_t reserved16; /* 0x032 0 */
    uint32_t state; /* 0x034 (enum RowState) ACTIVE, DOWN or RETIRED */
    uint32_t session; /* 0x038 connects so far */
    uint32_t reserved32; /* 0x03c 0 */
    int64_t mono_recv; /* 0x040 (ns) last frame */
    int64_t mono_connected; /* 0x048 (ns) last connect */
    uint64_t frame_count; /* 0x050 data frames */
    uint64_t byte_count; /* 0x058 payload bytes */
    uint64_t error_count; /* 0x060 frames that could not be read */
    uint64_t duplicate_count; /* 0x068 frames that its peer had delivered before */
    int64_t lag_ns; /* 0x070 (ns) how much later than the quickest event time seen here */
    uint32_t peer; /* 0x078 (row) the other connection of the same streams, or no row */
    uint32_t stream_total; /* 0x07c streams subscribed on it */
} gw_connection;
GW_ASSERT_LAYOUT(sizeof(gw_connection) == 128);
GW_ASSERT_LAYOUT(offsetof(gw_connection, name) == 0);
GW_ASSERT_LAYOUT(offsetof(gw_connection, market) == 48);
GW_ASSERT_LAYOUT(offsetof(gw_connection, reserved8) == 49);
GW_ASSERT_LAYOUT(offsetof(gw_connection, reserved16) == 50);
GW_ASSERT_LAYOUT(offsetof(gw_connection, state) == 52);
GW_ASSERT_LAYOUT(offsetof(gw_connection, session) == 56);
GW_ASSERT_LAYOUT(offsetof(gw_connection, reserved32) == 60);
GW_ASSERT_LAYOUT(offsetof(gw_connection, mono_recv) == 64);
GW_ASSERT_LAYOUT(offsetof(gw_connection, mono_connected) == 72);
GW_ASSERT_LAYOUT(offsetof(gw_connection, frame_count) == 80);
GW_ASSERT_LAYOUT(offsetof(gw_connection, byte_count) == 88);
GW_ASSERT_LAYOUT(offsetof(gw_connection, error_count) == 96);
GW_ASSERT_LAYOUT(offsetof(gw_connection, duplicate_count) == 104);
GW_ASSERT_LAYOUT(offsetof(gw_connection, lag_ns) == 112);
GW_ASSERT_LAYOUT(offsetof(gw_connection, peer) == 120);
GW_ASSERT_LAYOUT(offsetof(gw_connection, stream_total) == 124);

/* STREAMS row. 192 bytes. */
typedef struct gw_stream {
    char name[64]; /* 0x000 market:stream, as in topics: spot:btcusdt@trade */
    uint8_t kind; /* 0x040 (enum Kind) */
    uint8_t market; /* 0x041 (enum Market) */
    uint8_t status; /* 0x042 (enum Status) of the stream itself */
    uint8_t levels; /* 0x043 (levels) PARTIAL: 5, 10 or 20 */
    uint32_t symbol; /* 0x044 (row) of SYMBOLS, or no row */
    uint32_t connection; /* 0x048 (row) of CONNECTIONS */
    uint32_t state; /* 0x04c (enum RowState) ACTIVE or RETIRED */
    uint64_t sequence; /* 0x050 frames so far */
    int64_t mono_recv; /* 0x058 (ns) last frame */
    uint64_t byte_count; /* 0x060 payload bytes */
    uint64_t error_count; /* 0x068 frames that could not be read */
    uint64_t gap_count; /* 0x070 holes in the venue's ids */
    uint32_t parent; /* 0x078 (row) shape ROW: the stream whose rows feed this one, else no row */
    uint32_t value; /* 0x07c (row) of VALUES, or no row: its latest value lies in a slot of its symbol */
    uint8_t shape; /* 0x080 (enum Shape) */
    uint8_t reserved8; /* 0x081 0 */
    uint16_t reserved16; /* 0x082 0 */
    uint32_t expected_ms; /* 0x084 (ms) between two frames as the venue documents it; 0: comes with events */
    int64_t limit_ns; /* 0x088 (ns) silent for longer, and it is not LIVE; 0: not judged */
    int64_t mono_acked; /* 0x090 (ns) when the venue acknowledged its subscription, 0: not yet */
    uint64_t duplicate_count; /* 0x098 frames that the other connection had delivered before */
    uint64_t silent_count; /* 0x0a0 times it was found silent */
    uint64_t last_id; /* 0x0a8 id of its last event, 0: none */
    int64_t last_ts; /* 0x0b0 (ns) the venue's time of its last event, 0: none */
    uint8_t padding[8]; /* 0x0b8 */
} gw_stream;
GW_ASSERT_LAYOUT(sizeof(gw_stream) == 192);
GW_ASSERT_LAYOUT(offsetof(gw_stream, name) == 0);
GW_ASSERT_LAYOUT(offsetof(gw_stream, kind) == 64);
GW_ASSERT_LAYOUT(offsetof(gw_stream, market) == 65);
GW_ASSERT_LAYOUT(offsetof(gw_stream, status) == 66);
GW_ASSERT_LAYOUT(offsetof(gw_stream, levels) == 67);
GW_ASSERT_LAYOUT(offsetof(gw_stream, symbol) == 68);
GW_ASSERT_LAYOUT(offsetof(gw_stream, connection) == 72);
GW_ASSERT_LAYOUT(offsetof(gw_stream, state) == 76);
GW_ASSERT_LAYOUT(offsetof(gw_stream, sequence) == 80);
GW_ASSERT_LAYOUT(offsetof(gw_stream, mono_recv) == 88);
GW_ASSERT_LAYOUT(offsetof(gw_stream, byte_count) == 96);
GW_ASSERT_LAYOUT(offsetof(gw_stream, error_count) == 104);
GW_ASSERT_LAYOUT(offsetof(gw_stream, gap_count) == 112);
GW_ASSERT_LAYOUT(offsetof(gw_stream, parent) == 120);
GW_ASSERT_LAYOUT(offsetof(gw_stream, value) == 124);
GW_ASSERT_LAYOUT(offsetof(gw_stream, shape) == 128);
GW_ASSERT_LAYOUT(offsetof(gw_stream, reserved8) == 129);
GW_ASSERT_LAYOUT(offsetof(gw_stream, reserved16) == 130);
GW_ASSERT_LAYOUT(offsetof(gw_stream, expected_ms) == 132);
GW_ASSERT_LAYOUT(offsetof(gw_stream, limit_ns) == 136);
GW_ASSERT_LAYOUT(offsetof(gw_stream, mono_acked) == 144);
GW_ASSERT_LAYOUT(offsetof(gw_stream, duplicate_count) == 152);
GW_ASSERT_LAYOUT(offsetof(gw_stream, silent_count) == 160);
GW_ASSERT_LAYOUT(offsetof(gw_stream, last_id) == 168);
GW_ASSERT_LAYOUT(offsetof(gw_stream, last_ts) == 176);

/* What the shard counts. frames_received = frames_data + _duplicate + _early + _foreign + _control + _unknown_stream + _unreadable + _binary. 512 bytes. */
typedef struct gw_counters {
    uint64_t frames_received; /* 0x000 WebSocket messages, all kinds */
    uint64_t bytes_received; /* 0x008 (bytes) their payload */
    uint64_t frames_data; /* 0x010 messages of a known stream */
    uint64_t frames_control; /* 0x018 acks, errors and notices of the venue */
    uint64_t frames_unknown_stream; /* 0x020 messages of a stream we did not subscribe */
    uint64_t frames_unreadable; /* 0x028 messages the decoder refused */
    uint64_t frames_binary; /* 0x030 binary messages, which JSON streams never send */
    uint64_t frames_not_utf8; /* 0x038 text messages that are not UTF-8 */
    uint64_t fragments_joined; /* 0x040 messages that came in parts */
    uint64_t records_published; /* 0x048 EVENTS records */
    uint64_t diffs_applied; /* 0x050 */
    uint64_t diffs_behind; /* 0x058 older than the book */
    uint64_t diffs_buffered; /* 0x060 kept until a snapshot came */
    uint64_t diffs_dropped; /* 0x068 buffered in vain: the book was lost again, or its buffer was full */
    uint64_t gaps; /* 0x070 breaks of sequence found */
    uint64_t snapshots_applied; /* 0x078 */
    uint64_t snapshots_refused; /* 0x080 too old, unreadable or unfit */
    uint64_t books_crossed; /* 0x088 */
    uint64_t values_inexact; /* 0x090 more decimals than the row's exponent */
    uint64_t values_out_of_range; /* 0x098 did not fit an i64 */
    uint64_t stalls; /* 0x0a0 our loop stood still for longer than the heartbeat timeout */
    uint64_t status_changes; /* 0x0a8 */
    uint64_t zmq_sent; /* 0x0b0 messages handed to ZeroMQ */
    uint64_t zmq_refused; /* 0x0b8 messages ZeroMQ would not take (EAGAIN) */
    uint64_t batches; /* 0x0c0 socket reads published */
    uint64_t raw_parts; /* 0x0c8 RAW records */
    uint64_t notices_dropped; /* 0x0d0 notices to the control plane that did not fit its queue */
    uint64_t ids_backwards; /* 0x0d8 quotes or trades with an id below the last */
    uint64_t frames_duplicate; /* 0x0e0 messages that the other connection of their stream had delivered */
    uint64_t frames_early; /* 0x0e8 messages ahead of the other connection, which delivers them again */
    uint64_t frames_foreign; /* 0x0f0 messages of the other futures market alone */
    uint64_t rows_split; /* 0x0f8 rows of arrays published as streams of their own */
    uint64_t rows_foreign; /* 0x100 rows of the other futures market, left out */
    uint64_t rows_unknown; /* 0x108 rows of symbols that are not carried (yet) */
    uint64_t rows_covered; /* 0x110 rows whose stream is subscribed by itself */
    uint64_t rows_duplicate; /* 0x118 rows that were delivered before */
    uint64_t rows_unreadable; /* 0x120 rows the decoder refused */
    uint64_t streams_silent; /* 0x128 times a stream was found silent */
    uint64_t streams_lagging; /* 0x130 times a connection was found lagging */
    uint64_t rotations; /* 0x138 connections replaced without a break */
    uint64_t subscriptions_refused; /* 0x140 streams that the venue answered with an error */
    uint64_t events_backfilled; /* 0x148 events fetched by REST afterwards */
    uint64_t gaps_filled; /* 0x150 gaps of which every id was recovered */
    uint64_t gaps_partial; /* 0x158 gaps of which some ids were recovered */
    uint64_t gaps_lost; /* 0x160 gaps of which nothing was recovered */
    uint64_t gaps_healed; /* 0x168 gaps of books that are in step again */
    uint64_t audits; /* 0x170 books compared with a fresh snapshot of the same update id */
    uint64_t audits_differing; /* 0x178 of these, books that were not the venue's */
    uint64_t books_deepened; /* 0x180 times a book got more levels than it knew */
    uint64_t books_thin; /* 0x188 times a book came near the end of what is known of it */
    uint8_t padding[112]; /* 0x190 */
} gw_counters;
GW_ASSERT_LAYOUT(sizeof(gw_counters) == 512);
GW_ASSERT_LAYOUT(offsetof(gw_counters, frames_received) == 0);
GW_ASSERT_LAYOUT(offsetof(gw_counters, bytes_received) == 8);
GW_ASSERT_LAYOUT(offsetof(gw_counters, frames_data) == 16);
GW_ASSERT_LAYOUT(offsetof(gw_counters, frames_control) == 24);
GW_ASSERT_LAYOUT(offsetof(gw_counters, frames_unknown_stream) == 32);
GW_ASSERT_LAYOUT(offsetof(gw_counters, frames_unreadable) == 40);
GW_ASSERT_LAYOUT(offsetof(gw_counters, frames_binary) == 48);
GW_ASSERT_LAYOUT(offsetof(gw_counters, frames_not_utf8) == 56);
GW_ASSERT_LAYOUT(offsetof(gw_counters, fragments_joined) == 64);
GW_ASSERT_LAYOUT(offsetof(gw_counters, records_published) == 72);
GW_ASSERT_LAYOUT(offsetof(gw_counters, diffs_applied) == 80);
GW_ASSERT_LAYOUT(offsetof(gw_counters, diffs_behind) == 88);
GW_ASSERT_LAYOUT(offsetof(gw_counters, diffs_buffered) == 96);
GW_ASSERT_LAYOUT(offsetof(gw_counters, diffs_dropped) == 104);
GW_ASSERT_LAYOUT(offsetof(gw_counters, gaps) == 112);
GW_ASSERT_LAYOUT(offsetof(gw_counters, snapshots_applied) == 120);
GW_ASSERT_LAYOUT(offsetof(gw_counters, snapshots_refused) == 128);
GW_ASSERT_LAYOUT(offsetof(gw_counters, books_crossed) == 136);
GW_ASSERT_LAYOUT(offsetof(gw_counters, values_inexact) == 144);
GW_ASSERT_LAYOUT(offsetof(gw_counters, values_out_of_range) == 152);
GW_ASSERT_LAYOUT(offsetof(gw_counters, stalls) == 160);
GW_ASSERT_LAYOUT(offsetof(gw_counters, status_changes) == 168);
GW_ASSERT_LAYOUT(offsetof(gw_counters, zmq_sent) == 176);
GW_ASSERT_LAYOUT(offsetof(gw_counters, zmq_refused) == 184);
GW_ASSERT_LAYOUT(offsetof(gw_counters, batches) == 192);
GW_ASSERT_LAYOUT(offsetof(gw_counters, raw_parts) == 200);
GW_ASSERT_LAYOUT(offsetof(gw_counters, notices_dropped) == 208);
GW_ASSERT_LAYOUT(offsetof(gw_counters, ids_backwards) == 216);
GW_ASSERT_LAYOUT(offsetof(gw_counters, frames_duplicate) == 224);
GW_ASSERT_LAYOUT(offsetof(gw_counters, frames_early) == 232);
GW_ASSERT_LAYOUT(offsetof(gw_counters, frames_foreign) == 240);
GW_ASSERT_LAYOUT(offsetof(gw_counters, rows_split) == 248);
GW_ASSERT_LAYOUT(offsetof(gw_counters, rows_foreign) == 256);
GW_ASSERT_LAYOUT(offsetof(gw_counters, rows_unknown) == 264);
GW_ASSERT_LAYOUT(offsetof(gw_counters, rows_covered) == 272);
GW_ASSERT_LAYOUT(offsetof(gw_counters, rows_duplicate) == 280);
GW_ASSERT_LAYOUT(offsetof(gw_counters, rows_unreadable) == 288);
GW_ASSERT_LAYOUT(offsetof(gw_counters, streams_silent) == 296);
GW_ASSERT_LAYOUT(offsetof(gw_counters, streams_lagging) == 304);
GW_ASSERT_LAYOUT(offsetof(gw_counters, rotations) == 312);
GW_ASSERT_LAYOUT(offsetof(gw_counters, subscriptions_refused) == 320);
GW_ASSERT_LAYOUT(offsetof(gw_counters, events_backfilled) == 328);
GW_ASSERT_LAYOUT(offsetof(gw_counters, gaps_filled) == 336);
GW_ASSERT_LAYOUT(offsetof(gw_counters, gaps_partial) == 344);
GW_ASSERT_LAYOUT(offsetof(gw_counters, gaps_lost) == 352);
GW_ASSERT_LAYOUT(offsetof(gw_counters, gaps_healed) == 360);
GW_ASSERT_LAYOUT(offsetof(gw_counters, audits) == 368);
GW_ASSERT_LAYOUT(offsetof(gw_counters, audits_differing) == 376);
GW_ASSERT_LAYOUT(offsetof(gw_counters, books_deepened) == 384);
GW_ASSERT_LAYOUT(offsetof(gw_counters, books_thin) == 392);

/* Log-linear latency histogram: value v < 32 -> v; else e = floor(log2 v), bucket ((e - 4) << 5) | ((v >> (e - 5)) & 31). 16448 bytes. */
typedef struct gw_histogram {
    char name[32]; /* 0x000 of the stage */
    uint64_t count; /* 0x020 values */
    uint64_t sum; /* 0x028 (ns) of all values */
    uint64_t max; /* 0x030 (ns) */
    uint64_t one_in; /* 0x038 one event in so many is timed; 0 (minor version 2): every one */
    uint64_t buckets[2048]; /* 0x040 (ns) counts */
} gw_histogram;
GW_ASSERT_LAYOUT(sizeof(gw_histogram) == 16448);
GW_ASSERT_LAYOUT(offsetof(gw_histogram, name) == 0);
GW_ASSERT_LAYOUT(offsetof(gw_histogram, count) == 32);
GW_ASSERT_LAYOUT(offsetof(gw_histogram, sum) == 40);
GW_ASSERT_LAYOUT(offsetof(gw_histogram, max) == 48);
GW_ASSERT_LAYOUT(offsetof(gw_histogram, one_in) == 56);
GW_ASSERT_LAYOUT(offsetof(gw_histogram, buckets) == 64);

#undef GW_ASSERT_LAYOUT
#ifdef __cplusplus
}
#endif

#endif /* GW_LAYOUT_H */
/* generated from gateway/layout.py: end */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GW_STATUS_DEAD 255 /* segment not LIVE, or its heartbeat older than its timeout */
#define GW_LAPPED 1        /* gw_next only, where a length would be: the writer overtook us */
#define GW_ANY_BOOT 1      /* gw_open_file: take segments of another boot too, to look into them */

#define GW_REATTACH_NS 10000000 /* the path is looked at no more often than every 10 ms */
#ifndef GW_TRIES
#define GW_TRIES 100000 /* loads of one slot before GW_ERROR_TORN, some milliseconds */
#endif
#define GW_SECTIONS_MAX 64
#define GW_PATH_BYTES 512

/* What has grown since minor version 0, as long as it was then. Rows and cells at least that long are
 * taken; what an older writer did not know reads as missing. Its stream rows ended with gap_count. */
#define GW_STREAM_BYTES_MIN 128
#define GW_STREAM_BYTES_USED 120
#define GW_TRADE_BYTES_MIN 128
#define GW_STATE_BYTES_MIN 128 /* also in minor version 1, whose books ended with their asks */

enum gw_error {
    GW_OK = 0,
    GW_ERROR_OPEN = -1,
    GW_ERROR_NOT_SEGMENT = -2,
    GW_ERROR_HALF_MADE = -3,
    GW_ERROR_TRUNCATED = -4,
    GW_ERROR_VERSION = -5,
    GW_ERROR_BOOT = -6,
    GW_ERROR_HEADER = -7,
    GW_ERROR_SECTION = -8,
    GW_ERROR_SYMBOL = -9,
    GW_ERROR_ROW = -10,
    GW_ERROR_TORN = -11,
    GW_ERROR_RECORD = -12,
    GW_ERROR_SPACE = -13,
    GW_ERROR_NOT_RUNNING = -14,
    GW_ERROR_STREAM = -15,
};

/* A directory: rows of `stride` bytes. Private copy of the section table, checked once. */
typedef struct gw_rows {
    const unsigned char *base;
    uint32_t stride;
    uint32_t capacity;
} gw_rows;

/* A section of latched slots; capacity 0 where the segment has none. */
typedef struct gw_slots {
    const unsigned char *base;
    uint32_t stride;
    uint32_t capacity;
    uint32_t cell_offset;
    uint32_t cell_size;
    uint32_t levels; /* a side, BOOK and PARTIAL; else 0 */
    uint32_t reserved;
} gw_slots;

/* A broadcast ring; capacity 0 where the segment has none. */
typedef struct gw_ring_view {
    const unsigned char *head;
    const unsigned char *data;
    uint64_t capacity;
} gw_ring_view;

/* A reader's place in a ring. */
typedef struct gw_cursor {
    uint64_t position; /* of the next record, in bytes; only grows */
    uint64_t number;   /* of the last record passed or lost; GW_NUMBER_UNKNOWN before the first */
    uint64_t lost;     /* records lost since the cursor was opened; exact with each record read */
    uint64_t laps;     /* times the writer overtook this reader, or a damaged record stopped it */
} gw_cursor;

#define GW_NUMBER_UNKNOWN UINT64_MAX

typedef struct gw_segment {
    const gw_header *header; /* page 0 of the mapping, which is never writable */
    uint64_t size;
    uint64_t generation;
    int64_t timeout_ns; /* heartbeats older than this mean DEAD */
    uint32_t minor;     /* of its writer's layout: 1 had no GAPS, 0 no MARK_PRICE, no VALUES, no peers */
    uint32_t reserved;
    gw_slots quote, ticker, last_trade, book, partial, mark_price, values, gaps;
    gw_ring_view events, raw;
    gw_rows symbols, connections, streams, counters, histograms, fields;
    uint64_t device, inode; /* of the file, to notice its successor */
    int64_t looked_mono;    /* when gw_refresh last looked at the path */
    int flags;
    char path[GW_PATH_BYTES];
    char error[GW_PATH_BYTES + 256]; /* why the last call failed, for people */
} gw_segment;

/* ---- words of shared memory ------------------------------------------------------------- */

static inline uint64_t gw_load_acquire(const void *word)
{
    return __atomic_load_n((const uint64_t *)word, __ATOMIC_ACQUIRE);
}

static inline uint64_t gw_load_relaxed(const void *word)
{
    return __atomic_load_n((const uint64_t *)word, __ATOMIC_RELAXED);
}

static inline uint32_t gw_load_u32(const uint32_t *word)
{
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

/* Copy `bytes` (a multiple of 8) by relaxed 8-byte loads. */
static inline void gw_copy(void *to, const void *from, size_t bytes)
{
    const unsigned char *source = (const unsigned char *)from;
    unsigned char *target = (unsigned char *)to;
    for (size_t at = 0; at < bytes; at += 8) {
        uint64_t word = gw_load_relaxed(source + at);
        memcpy(target + at, &word, 8); /* one store; memcpy because `to` has another type */
    }
}

static inline int64_t gw_now_mono(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* ---- errors ----------------------------------------------------------------------------- */

static inline const char *gw_strerror(int code)
{
    switch (code) {
    case GW_OK: return "ok";
    case GW_ERROR_OPEN: return "cannot be opened";
    case GW_ERROR_NOT_SEGMENT: return "is not a gateway segment";
    case GW_ERROR_HALF_MADE: return "is half-made: its writer is still building it, or died";
    case GW_ERROR_TRUNCATED: return "is truncated";
    case GW_ERROR_VERSION: return "has another layout version than this reader";
    case GW_ERROR_BOOT: return "was left by an earlier boot of this machine";
    case GW_ERROR_HEADER: return "has a damaged header";
    case GW_ERROR_SECTION: return "has a damaged or missing section";
    case GW_ERROR_SYMBOL: return "does not carry this symbol";
    case GW_ERROR_ROW: return "has no such row";
    case GW_ERROR_TORN: return "has a slot that never holds still";
    case GW_ERROR_RECORD: return "has a damaged ring record";
    case GW_ERROR_SPACE: return "has a record longer than the caller's buffer";
    case GW_ERROR_NOT_RUNNING: return "no gateway is running";
    case GW_ERROR_STREAM: return "does not carry this stream, or it has no value of this kind";
    default: return "unknown error";
    }
}

static inline int gw_fail(gw_segment *seg, int code, const char *detail)
{
    snprintf(seg->error, sizeof seg->error, "%s: %s (%s)", seg->path, gw_strerror(code), detail);
    return code;
}

static inline int gw_fail_numbers(gw_segment *seg, int code, const char *what, uint64_t found,
                                  uint64_t wanted)
{
    char detail[96];
    snprintf(detail, sizeof detail, "%s is %llu, expected %llu", what, (unsigned long long)found,
             (unsigned long long)wanted);
    return gw_fail(seg, code, detail);
}

/* ---- attach ----------------------------------------------------------------------------- */

/* The kernel's boot id as 16 bytes; 0 where it cannot be read, and then nothing is compared. */
static inline int gw_boot_id(uint8_t id[16])
{
    char text[64] = {0};
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    ssize_t length = read(fd, text, sizeof text - 1);
    close(fd);
    int digits = 0;
    for (ssize_t at = 0; at < length && digits < 32; at++) {
        char c = text[at];
        int value = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (value < 0) continue;
        id[digits / 2] = (uint8_t)(digits % 2 ? id[digits / 2] | value : value << 4);
        digits++;
    }
    return digits == 32;
}

static inline int gw_section_bad(gw_segment *seg, const gw_section *row, const char *what)
{
    char detail[96];
    snprintf(detail, sizeof detail, "section kind %u: %s", row->kind, what);
    return gw_fail(seg, GW_ERROR_SECTION, detail);
}

static inline int gw_take_rows(gw_segment *seg, const gw_section *row, gw_rows *rows, size_t size)
{
    if (rows->base) return gw_section_bad(seg, row, "listed twice");
    if (row->stride < size || row->stride % 8) return gw_section_bad(seg, row, "rows too short");
    if ((uint64_t)row->stride * row->capacity > row->length)
        return gw_section_bad(seg, row, "rows run over its end");
    rows->base = (const unsigned char *)seg->header + row->offset;
    rows->stride = row->stride;
    rows->capacity = row->capacity;
    return GW_OK;
}

static inline int gw_take_slots(gw_segment *seg, const gw_section *row, gw_slots *slots,
                                uint64_t size, int has_levels)
{
    if (slots->base) return gw_section_bad(seg, row, "listed twice");
    if (has_levels && (row->param < 1 || row->param > UINT16_MAX))
        return gw_section_bad(seg, row, "levels out of range");
    if (has_levels) size = offsetof(gw_book, bids) + 32 * (uint64_t)row->param;
    if (row->cell_count != 2 || row->cell_size < size || row->cell_size % 8)
        return gw_section_bad(seg, row, "cells of another shape");
    if (row->cell_offset < sizeof(gw_slot) || row->cell_offset % 8 || row->stride % 8
        || row->cell_offset + 2 * (uint64_t)row->cell_size > row->stride)
        return gw_section_bad(seg, row, "cells run over their slot");
    if (!row->capacity || (uint64_t)row->stride * row->capacity > row->length)
        return gw_section_bad(seg, row, "slots run over its end");
    slots->base = (const unsigned char *)seg->header + row->offset;
    slots->stride = row->stride;
    slots->capacity = row->capacity;
    slots->cell_offset = row->cell_offset;
    slots->cell_size = row->cell_size;
    slots->levels = has_levels ? row->param : 0;
    return GW_OK;
}

static inline int gw_take_ring(gw_segment *seg, const gw_section *row, gw_ring_view *ring)
{
    uint64_t capacity = row->ring_capacity;
    if (ring->head) return gw_section_bad(seg, row, "listed twice");
    if (capacity < 1024 || (capacity & (capacity - 1)))
        return gw_section_bad(seg, row, "ring capacity is no power of two");
    if (row->cell_offset < sizeof(gw_ring) || row->cell_offset % 64 || row->length < capacity
        || row->cell_offset > row->length - capacity)
        return gw_section_bad(seg, row, "ring runs over its end");
    ring->head = (const unsigned char *)seg->header + row->offset;
    ring->data = ring->head + row->cell_offset;
    ring->capacity = capacity;
    return GW_OK;
}

static inline int gw_take_section(gw_segment *seg, const gw_section *row)
{
    if (row->offset % 64) return gw_section_bad(seg, row, "misaligned");
    if (row->offset > seg->size || row->length > seg->size - row->offset)
        return gw_section_bad(seg, row, "lies outside the file");
    switch (row->kind) {
    case GW_SECTION_FIELDS: return gw_take_rows(seg, row, &seg->fields, sizeof(gw_field));
    case GW_SECTION_COUNTERS: return gw_take_rows(seg, row, &seg->counters, sizeof(gw_counters));
    case GW_SECTION_HISTOGRAMS:
        return gw_take_rows(seg, row, &seg->histograms, sizeof(gw_histogram));
    case GW_SECTION_SYMBOLS: return gw_take_rows(seg, row, &seg->symbols, sizeof(gw_symbol));
    case GW_SECTION_CONNECTIONS:
        return gw_take_rows(seg, row, &seg->connections, sizeof(gw_connection));
    case GW_SECTION_STREAMS: return gw_take_rows(seg, row, &seg->streams, GW_STREAM_BYTES_MIN);
    case GW_SECTION_QUOTE: return gw_take_slots(seg, row, &seg->quote, sizeof(gw_quote), 0);
    case GW_SECTION_TICKER: return gw_take_slots(seg, row, &seg->ticker, sizeof(gw_ticker), 0);
    case GW_SECTION_LAST_TRADE:
        return gw_take_slots(seg, row, &seg->last_trade, GW_TRADE_BYTES_MIN, 0);
    case GW_SECTION_BOOK: return gw_take_slots(seg, row, &seg->book, 0, 1);
    case GW_SECTION_PARTIAL: return gw_take_slots(seg, row, &seg->partial, 0, 1);
    case GW_SECTION_EVENTS: return gw_take_ring(seg, row, &seg->events);
    case GW_SECTION_RAW: return gw_take_ring(seg, row, &seg->raw);
    case GW_SECTION_MARK_PRICE: return gw_take_slots(seg, row, &seg->mark_price, sizeof(gw_mark), 0);
    case GW_SECTION_VALUES: return gw_take_slots(seg, row, &seg->values, sizeof(gw_value), 0);
    case GW_SECTION_GAPS: return gw_take_slots(seg, row, &seg->gaps, sizeof(gw_gap), 0);
    default: return GW_OK; /* a newer minor version may append sections */
    }
}

/* Check page 0. The magic is stored last, so an acquire load of it covers everything before it. */
static inline int gw_check_header(gw_segment *seg, gw_header *head)
{
    uint64_t magic, found = gw_load_acquire(seg->header);
    memcpy(&magic, GW_MAGIC, 8);
    if (found == 0) return gw_fail(seg, GW_ERROR_HALF_MADE, "no magic yet");
    if (found != magic) return gw_fail(seg, GW_ERROR_NOT_SEGMENT, "wrong magic");
    gw_copy(head, seg->header, sizeof *head);
    if (head->endian_tag != GW_ENDIAN_TAG)
        return gw_fail_numbers(seg, GW_ERROR_VERSION, "byte order tag", head->endian_tag,
                               GW_ENDIAN_TAG);
    if (head->abi_major != GW_ABI_MAJOR)
        return gw_fail_numbers(seg, GW_ERROR_VERSION, "layout version", head->abi_major,
                               GW_ABI_MAJOR);
    if (head->file_size != seg->size)
        return gw_fail_numbers(seg, GW_ERROR_TRUNCATED, "its size", seg->size, head->file_size);
    if (head->header_size < GW_PAGE || head->header_size > seg->size)
        return gw_fail_numbers(seg, GW_ERROR_HEADER, "header_size", head->header_size, GW_PAGE);
    if (!head->heartbeat_timeout_ms) return gw_fail(seg, GW_ERROR_HEADER, "no heartbeat timeout");
    uint8_t boot[16];
    if (!(seg->flags & GW_ANY_BOOT) && gw_boot_id(boot) && memcmp(boot, head->boot_id, 16))
        return gw_fail(seg, GW_ERROR_BOOT, "remove it and start the gateway");
    return GW_OK;
}

static inline int gw_check_sections(gw_segment *seg, const gw_header *head)
{
    uint64_t at = head->section_table_offset, size = head->section_desc_size;
    if (head->section_count > GW_SECTIONS_MAX || size < sizeof(gw_section) || size > GW_PAGE
        || size % 8)
        return gw_fail(seg, GW_ERROR_HEADER, "impossible section table");
    if (at % 8 || at > seg->size || head->section_count * size > seg->size - at)
        return gw_fail(seg, GW_ERROR_HEADER, "section table lies outside the file");
    for (uint32_t index = 0; index < head->section_count; index++) {
        gw_section row; /* a private copy: what was checked cannot change afterwards */
        gw_copy(&row, (const unsigned char *)seg->header + at + index * size, sizeof row);
        int code = gw_take_section(seg, &row);
        if (code) return code;
    }
    if (!seg->symbols.base) return gw_fail(seg, GW_ERROR_SECTION, "no SYMBOLS section");
    if (head->symbol_count > seg->symbols.capacity)
        return gw_fail_numbers(seg, GW_ERROR_HEADER, "symbol_count", head->symbol_count,
                               seg->symbols.capacity);
    return GW_OK;
}

static inline void gw_close(gw_segment *seg)
{
    if (seg->header) munmap((void *)(uintptr_t)seg->header, seg->size);
    seg->header = NULL;
}

static inline int gw_map(gw_segment *seg)
{
    /* O_NONBLOCK: a FIFO of that name must not hang us. */
    int fd = open(seg->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat file;
    if (fd < 0) return gw_fail(seg, GW_ERROR_OPEN, strerror(errno));
    if (fstat(fd, &file) || !S_ISREG(file.st_mode)) {
        close(fd);
        return gw_fail(seg, GW_ERROR_NOT_SEGMENT, "not a regular file");
    }
    if (file.st_size < GW_PAGE) {
        close(fd);
        return gw_fail_numbers(seg, file.st_size ? GW_ERROR_TRUNCATED : GW_ERROR_HALF_MADE,
                               "its size", (uint64_t)file.st_size, GW_PAGE);
    }
    seg->size = (uint64_t)file.st_size;
    seg->device = (uint64_t)file.st_dev;
    seg->inode = (uint64_t)file.st_ino;
    /* MAP_POPULATE: a first touch costs up to 22 us, a populated page none. */
    void *base = mmap(NULL, seg->size, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
    close(fd);
    if (base == MAP_FAILED) return gw_fail(seg, GW_ERROR_OPEN, strerror(errno));
    seg->header = (const gw_header *)base;
#ifdef MADV_POPULATE_READ
    /* Would a load raise SIGBUS? Holes in a full tmpfs, or a file that was cut since. */
    if (madvise(base, seg->size, MADV_POPULATE_READ) && errno == EFAULT)
        return gw_fail(seg, GW_ERROR_TRUNCATED, "pages are missing");
#endif
    return GW_OK;
}

/* Attach to the segment file `path`. GW_OK, or an enum gw_error with the reason in seg->error. */
static inline int gw_open_file(gw_segment *seg, const char *path, int flags)
{
    memset(seg, 0, sizeof *seg);
    seg->flags = flags;
    gw_header head;
    if (snprintf(seg->path, sizeof seg->path, "%s", path) >= (int)sizeof seg->path)
        return gw_fail(seg, GW_ERROR_OPEN, strerror(ENAMETOOLONG));
    int code = gw_map(seg);
    if (!code) code = gw_check_header(seg, &head);
    if (!code) code = gw_check_sections(seg, &head);
    if (code) {
        gw_close(seg);
        return code;
    }
    seg->generation = head.generation;
    seg->minor = head.abi_minor;
    seg->timeout_ns = (int64_t)head.heartbeat_timeout_ms * 1000000;
    return GW_OK;
}

static inline int gw_open(gw_segment *seg, const char *path)
{
    return gw_open_file(seg, path, 0);
}

/* Segment of shard `shard` in `run_dir`; NULL searches as the gateway does. */
static inline int gw_open_shard(gw_segment *seg, const char *run_dir, unsigned shard)
{
    char found[GW_PATH_BYTES], user[64];
    const char *named = run_dir ? run_dir : getenv("GATEWAY_RUN_DIR");
    const char *xdg = getenv("XDG_RUNTIME_DIR");
    snprintf(user, sizeof user, "/dev/shm/binance-gateway-%u", (unsigned)geteuid());
    const char *places[][2] = {{"/run", "/binance-gateway"}, {xdg, "/binance-gateway"}, {user, ""}};
    if (named && *named) places[0][0] = named, places[0][1] = "";
    for (int index = 0; index < (named && *named ? 1 : 3); index++) {
        if (!places[index][0] || !*places[index][0]) continue;
        snprintf(found, sizeof found, "%s%s/shard-%u.seg", places[index][0], places[index][1],
                 shard);
        int code = gw_open(seg, found);
        if (code != GW_ERROR_OPEN) return code;
    }
    if (named && *named) snprintf(found, sizeof found, "%s", named);
    else
        snprintf(found, sizeof found, "/run/binance-gateway, %s/binance-gateway, %s",
                 xdg ? xdg : "$XDG_RUNTIME_DIR", user);
    snprintf(seg->error, sizeof seg->error,
             "no gateway is running (looked for shard-%u.seg in %s); start one with "
             "'gateway start', or name its run directory: --run-dir or GATEWAY_RUN_DIR",
             shard, found);
    return GW_ERROR_NOT_RUNNING;
}

/* ---- liveness --------------------------------------------------------------------------- */

/*
 * 1 while the writer says LIVE and its heartbeat is young. Read it after the data, never before.
 * The clock is read behind the heartbeat (acquire), so a pause of ours can only make us strict.
 */
static inline int gw_is_alive(const gw_segment *seg)
{
    uint32_t state = __atomic_load_n(&seg->header->state, __ATOMIC_RELAXED);
    uint64_t beat = gw_load_acquire(&seg->header->heartbeat_mono);
    uint64_t timeout = (uint64_t)seg->timeout_ns;
    /* One unsigned comparison for both sides: a heartbeat from the future is no heartbeat. */
    return state == GW_SEGMENT_LIVE && (uint64_t)gw_now_mono() - beat + timeout <= 2 * timeout;
}

/* What a cell's status is worth: numbers of a newer layout are not trusted. */
static inline int gw_trust(const gw_segment *seg, uint8_t status)
{
    return gw_is_alive(seg) && status <= GW_STATUS_RETIRED ? status : GW_STATUS_DEAD;
}

/*
 * Attach to the successor of a segment that is dead. Returns 1 after that: rows and cursors of the
 * old one are void. 0: still the same. Cheap to call in any loop: looks at the path every 10 ms.
 */
static inline int gw_refresh(gw_segment *seg)
{
    struct stat file;
    gw_segment next;
    int64_t now = gw_now_mono();
    if (gw_is_alive(seg) || now - seg->looked_mono < GW_REATTACH_NS) return 0;
    seg->looked_mono = now;
    if (stat(seg->path, &file)) return 0;
    if ((uint64_t)file.st_ino == seg->inode && (uint64_t)file.st_dev == seg->device) return 0;
    if (gw_open_file(&next, seg->path, seg->flags)) {
        memcpy(seg->error, next.error, sizeof seg->error);
        return 0;
    }
    gw_close(seg);
    *seg = next;
    return 1;
}

/* The bell as it is now; read it before the data, hand it to gw_wait after. */
static inline uint32_t gw_bell(const gw_segment *seg)
{
    return gw_load_u32(&seg->header->bell);
}

/* Sleep until the bell is no longer `seen`, at most `timeout_ns`. Works on a read-only mapping. */
static inline void gw_wait(const gw_segment *seg, uint32_t seen, int64_t timeout_ns)
{
    struct timespec limit;
    limit.tv_sec = (time_t)(timeout_ns / 1000000000);
    limit.tv_nsec = (long)(timeout_ns % 1000000000);
    syscall(SYS_futex, &seg->header->bell, FUTEX_WAIT, seen, &limit, NULL, 0);
}

/* ---- instruments ------------------------------------------------------------------------ */

/* Rows in use; the acquire covers the rows themselves. */
static inline uint32_t gw_symbol_count(const gw_segment *seg)
{
    uint32_t count = gw_load_u32(&seg->header->symbol_count);
    return count < seg->symbols.capacity ? count : seg->symbols.capacity;
}

static inline int gw_read_symbol(const gw_segment *seg, uint32_t row, gw_symbol *out)
{
    if (row >= gw_symbol_count(seg)) return GW_ERROR_ROW;
    gw_copy(out, seg->symbols.base + (uint64_t)row * seg->symbols.stride, sizeof *out);
    return GW_OK;
}

/* Row of "spot:BTCUSDT", or GW_NO_ROW. A row in use is preferred to a retired one. */
static inline uint32_t gw_find_symbol(const gw_segment *seg, const char *id)
{
    const char *colon = strchr(id, ':');
    size_t market = colon ? (size_t)(colon - id) : 0;
    uint32_t found = GW_NO_ROW, count = gw_symbol_count(seg);
    gw_symbol row;
    if (!colon) return GW_NO_ROW;
    for (uint32_t index = 0; index < count; index++) {
        if (gw_read_symbol(seg, index, &row)) break;
        if (strnlen(row.market_name, sizeof row.market_name) != market) continue;
        if (memcmp(row.market_name, id, market)) continue;
        if (strlen(colon + 1) != strnlen(row.symbol, sizeof row.symbol)) continue;
        if (memcmp(row.symbol, colon + 1, strlen(colon + 1))) continue;
        found = index;
        if (row.state == GW_ROW_ACTIVE) break;
    }
    return found;
}

/* Open the segment that carries `id`, wherever it is among the shards, and find its row. */
static inline int gw_open_symbol(gw_segment *seg, const char *run_dir, const char *id,
                                 uint32_t *row)
{
    unsigned shards = 1;
    for (unsigned shard = 0; shard < shards && shard < 1024; shard++) {
        int code = gw_open_shard(seg, run_dir, shard);
        if (code) return code;
        *row = gw_find_symbol(seg, id);
        if (*row != GW_NO_ROW) return GW_OK;
        shards = seg->header->shard_count;
        gw_close(seg);
    }
    snprintf(seg->error, sizeof seg->error,
             "%s: no such instrument in this gateway; 'gateway status' lists what it carries", id);
    return GW_ERROR_SYMBOL;
}

/* ---- streams ---------------------------------------------------------------------------- */

static inline uint32_t gw_stream_count(const gw_segment *seg)
{
    uint32_t count = gw_load_u32(&seg->header->stream_count);
    return count < seg->streams.capacity ? count : seg->streams.capacity;
}

/* A row of STREAMS. sequence, mono_recv and the counts in it change all the time: each word is whole. */
static inline int gw_read_stream(const gw_segment *seg, uint32_t row, gw_stream *out)
{
    size_t size = seg->streams.stride < sizeof *out ? GW_STREAM_BYTES_USED : sizeof *out;
    if (row >= gw_stream_count(seg)) return GW_ERROR_ROW;
    memset(out, 0, sizeof *out);
    out->parent = out->value = GW_NO_ROW; /* of a row that is too short to say */
    out->shape = GW_SHAPE_OBJECT;
    gw_copy(out, seg->streams.base + (uint64_t)row * seg->streams.stride, size);
    return GW_OK;
}

/* Row of "spot:btcusdt@kline_1m", or GW_NO_ROW. A stream in use is preferred to a removed one. */
static inline uint32_t gw_find_stream(const gw_segment *seg, const char *name)
{
    size_t length = strlen(name);
    uint32_t found = GW_NO_ROW, count = gw_stream_count(seg);
    gw_stream row;
    for (uint32_t index = 0; index < count; index++) {
        if (gw_read_stream(seg, index, &row)) break;
        if (strnlen(row.name, sizeof row.name) != length || memcmp(row.name, name, length)) continue;
        found = index;
        if (row.state == GW_ROW_ACTIVE) break;
    }
    return found;
}

/* Open the segment that carries the stream `name`, wherever it is among the shards, and find its row. */
static inline int gw_open_stream(gw_segment *seg, const char *run_dir, const char *name,
                                 uint32_t *row)
{
    unsigned shards = 1;
    for (unsigned shard = 0; shard < shards && shard < 1024; shard++) {
        int code = gw_open_shard(seg, run_dir, shard);
        if (code) return code;
        *row = gw_find_stream(seg, name);
        if (*row != GW_NO_ROW) return GW_OK;
        shards = seg->header->shard_count;
        gw_close(seg);
    }
    snprintf(seg->error, sizeof seg->error,
             "%s: no such stream in this gateway; 'gateway subscribe' adds it", name);
    return GW_ERROR_STREAM;
}

static inline uint32_t gw_connection_count(const gw_segment *seg)
{
    uint32_t count = gw_load_u32(&seg->header->connection_count);
    return count < seg->connections.capacity ? count : seg->connections.capacity;
}

static inline int gw_read_connection(const gw_segment *seg, uint32_t row, gw_connection *out)
{
    if (row >= gw_connection_count(seg)) return GW_ERROR_ROW;
    gw_copy(out, seg->connections.base + (uint64_t)row * seg->connections.stride, sizeof *out);
    if (!seg->minor) out->peer = GW_NO_ROW;
    return GW_OK;
}

/* ---- numbers ---------------------------------------------------------------------------- */

/* 10^-exponent, to divide mantissas by; NaN for an exponent no market has. */
static inline double gw_scale(int exponent)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9, 1e10,
                                    1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20};
    return exponent <= 0 && exponent >= -20 ? powers[-exponent] : NAN;
}

/* Mantissa as a float. Divided: multiplying by 1e-k is off by one ulp in 13 to 32 % of cases. */
static inline double gw_float(int64_t mantissa, double scale)
{
    return mantissa == GW_NULL ? NAN : (double)mantissa / scale;
}

/* A price or quantity of the row as a float. Keep gw_scale yourself where this is hot. */
static inline double gw_px(const gw_segment *seg, uint32_t row, int64_t mantissa)
{
    gw_symbol symbol;
    return gw_read_symbol(seg, row, &symbol) ? NAN
                                             : gw_float(mantissa, gw_scale(symbol.px_exponent));
}

static inline double gw_qty(const gw_segment *seg, uint32_t row, int64_t mantissa)
{
    gw_symbol symbol;
    return gw_read_symbol(seg, row, &symbol) ? NAN
                                             : gw_float(mantissa, gw_scale(symbol.qty_exponent));
}

/* ---- slots ------------------------------------------------------------------------------ */

/* Bytes of a cell, and where a reader wants them. */
typedef struct gw_part {
    void *to;
    size_t skip, size;
} gw_part;

/*
 * Copy parts of the newest cell; the first begins with META. GW_OK with zeros where nothing was
 * written yet. No trust in it: use the calls below.
 */
static inline int gw_load_parts(const gw_slots *slots, uint32_t row, const gw_part *parts, int count)
{
    if (row >= slots->capacity) return slots->capacity ? GW_ERROR_ROW : GW_ERROR_SECTION;
    const unsigned char *slot = slots->base + (uint64_t)row * slots->stride;
    for (int tries = 0; tries < GW_TRIES; tries++) {
        /* SYNC POINT: pairs with the writer's release store of the version. */
        uint64_t echo, version = gw_load_acquire(slot);
        const unsigned char *cell = slot + slots->cell_offset;
        if (version & 1) cell += slots->cell_size;
        for (int at = 0; at < count; at++) {
            if (version)
                gw_copy(parts[at].to, cell + parts[at].skip, parts[at].size);
            else
                memset(parts[at].to, 0, parts[at].size);
        }
        if (!version) return GW_OK;
        /* The copy is done before the version is looked at again. */
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        memcpy(&echo, parts[0].to, 8);
        if (gw_load_relaxed(slot) == version && echo == version) return GW_OK;
    }
    return GW_ERROR_TORN;
}

/* The first `size` bytes of the newest cell. */
static inline int gw_load_slot(const gw_slots *slots, uint32_t row, void *out, size_t size)
{
    gw_part whole = {out, 0, size};
    return gw_load_parts(slots, row, &whole, 1);
}

static inline int gw_read_quote(const gw_segment *seg, uint32_t row, gw_quote *out)
{
    int code = gw_load_slot(&seg->quote, row, out, sizeof *out);
    return code ? code : gw_trust(seg, out->meta.status);
}

static inline int gw_read_ticker(const gw_segment *seg, uint32_t row, gw_ticker *out)
{
    int code = gw_load_slot(&seg->ticker, row, out, sizeof *out);
    return code ? code : gw_trust(seg, out->meta.status);
}

static inline int gw_read_last_trade(const gw_segment *seg, uint32_t row, gw_trade *out)
{
    size_t size = seg->last_trade.cell_size < sizeof *out ? GW_TRADE_BYTES_MIN : sizeof *out;
    memset(out, 0, sizeof *out);
    int code = gw_load_slot(&seg->last_trade, row, out, size);
    if (size < sizeof *out) out->normal_qty = GW_NULL;
    return code ? code : gw_trust(seg, out->meta.status);
}

/* A contract's mark price; in the row of a pair ("coinm:BTCUSD") its index price, the rest null. */
static inline int gw_read_mark(const gw_segment *seg, uint32_t row, gw_mark *out)
{
    int code = gw_load_slot(&seg->mark_price, row, out, sizeof *out);
    return code ? code : gw_trust(seg, out->meta.status);
}

/*
 * The best GW_BOOK_LEVELS levels at most, whatever the segment holds: counts are cut to that.
 * bid_complete_px and ask_complete_px say to which price the book is known; GW_NULL: to its end.
 */
static inline int gw_read_ladder(const gw_segment *seg, const gw_slots *slots, uint32_t row,
                                 gw_book *out)
{
    size_t levels = slots->levels < GW_BOOK_LEVELS ? slots->levels : GW_BOOK_LEVELS;
    size_t bids = offsetof(gw_book, bids), side = 16 * (size_t)slots->levels;
    size_t ends = 2 * sizeof out->bid_complete_px;
    int says_ends = slots->cell_size >= bids + 2 * side + ends; /* not before minor version 2 */
    gw_part parts[3] = {{out, 0, bids + 16 * levels},
                        {out->asks, bids + side, 16 * levels},
                        {&out->bid_complete_px, bids + 2 * side, ends}};
    memset(out, 0, sizeof *out);
    int code = gw_load_parts(slots, row, parts, 2 + says_ends);
    if (!says_ends || !out->depth) out->bid_complete_px = out->ask_complete_px = GW_NULL;
    if (code) return code;
    if (out->bid_count > levels) out->bid_count = (uint16_t)levels;
    if (out->ask_count > levels) out->ask_count = (uint16_t)levels;
    return gw_trust(seg, out->meta.status);
}

static inline int gw_read_book(const gw_segment *seg, uint32_t row, gw_book *out)
{
    return gw_read_ladder(seg, &seg->book, row, out);
}

/* The venue's own partial depth, which shares its layout with the book. */
static inline int gw_read_partial(const gw_segment *seg, uint32_t row, gw_partial *out)
{
    return gw_read_ladder(seg, &seg->partial, row, (gw_book *)(void *)out);
}

/*
 * A whole cell, as long as the segment has it (slots->cell_size bytes, at most `size`): bids start
 * at offsetof(gw_book, bids), asks 16 * slots->levels bytes behind them.
 */
static inline int gw_read_cell(const gw_segment *seg, const gw_slots *slots, uint32_t row,
                               void *out, size_t size)
{
    gw_meta meta;
    if (size > slots->cell_size) size = slots->cell_size;
    if (size < sizeof meta) return slots->capacity ? GW_ERROR_SPACE : GW_ERROR_SECTION;
    int code = gw_load_slot(slots, row, out, size & ~(size_t)7);
    memcpy(&meta, out, sizeof meta);
    return code ? code : gw_trust(seg, meta.status);
}

/* ---- values: the latest event of a stream whose kind has no slot by instrument ------------ */

/* A VALUES cell. Which member holds is the stream's kind, and meta.kind once something was written. */
typedef union gw_any_value {
    gw_meta meta;
    gw_value value;
    gw_kline kline;
    gw_ticker window;
    gw_trade block_trade;
    gw_price price;
    gw_liquidation liquidation;
    gw_contract contract;
    gw_asset asset;
} gw_any_value;

/*
 * The latest value of the stream in row `stream` of STREAMS (gw_find_stream): a status, or
 * GW_ERROR_STREAM where that stream has no cell in VALUES. Of a stream that has not delivered yet all
 * but META is 0: look at meta.version, or trade on LIVE alone.
 */
static inline int gw_read_value(const gw_segment *seg, uint32_t stream, gw_any_value *out)
{
    gw_stream row;
    int code = gw_read_stream(seg, stream, &row);
    if (code) return code;
    if (row.value == GW_NO_ROW) return GW_ERROR_STREAM;
    code = gw_load_slot(&seg->values, row.value, out, sizeof *out);
    return code ? code : gw_trust(seg, out->meta.status);
}

/* The same, only where the stream's kind lies from `first` to `last`; `size` bytes of it. */
static inline int gw_read_value_of(const gw_segment *seg, uint32_t stream, uint8_t first,
                                   uint8_t last, void *out, size_t size)
{
    gw_stream row;
    gw_any_value any;
    int code = gw_read_stream(seg, stream, &row);
    if (code) return code;
    if (row.kind < first || row.kind > last) return GW_ERROR_STREAM;
    code = gw_read_value(seg, stream, &any);
    if (code >= 0) memcpy(out, &any, size);
    return code;
}

/* A candle of any of the four kinds. Its prices are at kline.px_exponent: gw_float(kline.close_px,
 * gw_scale(kline.px_exponent)). */
static inline int gw_read_kline(const gw_segment *seg, uint32_t stream, gw_kline *out)
{
    return gw_read_value_of(seg, stream, GW_KIND_KLINE, GW_KIND_MARK_KLINE, out, sizeof *out);
}

/* A rolling window of 1 h, 4 h or 1 d; the 24 h ticker is a slot of its instrument. */
static inline int gw_read_window(const gw_segment *seg, uint32_t stream, gw_ticker *out)
{
    return gw_read_value_of(seg, stream, GW_KIND_WINDOW_TICKER, GW_KIND_WINDOW_TICKER, out,
                            sizeof *out);
}

static inline int gw_read_block_trade(const gw_segment *seg, uint32_t stream, gw_trade *out)
{
    return gw_read_value_of(seg, stream, GW_KIND_BLOCK_TRADE, GW_KIND_BLOCK_TRADE, out,
                            sizeof *out);
}

/* Average price, reference price or composite index, at 10^GW_FIXED_EXPONENT. */
static inline int gw_read_price(const gw_segment *seg, uint32_t stream, gw_price *out)
{
    return gw_read_value_of(seg, stream, GW_KIND_AVERAGE_PRICE, GW_KIND_COMPOSITE_INDEX, out,
                            sizeof *out);
}

static inline int gw_read_liquidation(const gw_segment *seg, uint32_t stream, gw_liquidation *out)
{
    return gw_read_value_of(seg, stream, GW_KIND_LIQUIDATION, GW_KIND_LIQUIDATION, out,
                            sizeof *out);
}

static inline int gw_read_contract(const gw_segment *seg, uint32_t stream, gw_contract *out)
{
    return gw_read_value_of(seg, stream, GW_KIND_CONTRACT_INFO, GW_KIND_CONTRACT_INFO, out,
                            sizeof *out);
}

static inline int gw_read_asset(const gw_segment *seg, uint32_t stream, gw_asset *out)
{
    return gw_read_value_of(seg, stream, GW_KIND_ASSET_INDEX, GW_KIND_ASSET_INDEX, out,
                            sizeof *out);
}

/* ---- gaps ------------------------------------------------------------------------------- */

/* Slots of GAPS; 0 where the writer is older than minor version 2. */
static inline uint32_t gw_gap_count(const gw_segment *seg)
{
    return seg->gaps.capacity;
}

/*
 * The gap in a slot of GAPS: out->gap_number 0 where there was none yet. A gap of number n lies in slot
 * n % gw_gap_count(seg), until a newer one takes its place. What it says is about the past, so it holds
 * whether or not the writer still runs.
 */
static inline int gw_read_gap(const gw_segment *seg, uint32_t slot, gw_gap *out)
{
    memset(out, 0, sizeof *out);
    return gw_load_slot(&seg->gaps, slot, out, sizeof *out);
}

/* ---- rings ------------------------------------------------------------------------------ */

#define GW_RING_WORD(ring, field) ((ring)->head + offsetof(gw_ring, field))

/* Longest record this ring can hold: an eighth of it, and the 64 bytes a writer may add. */
static inline uint64_t gw_record_max(const gw_ring_view *ring)
{
    return ring->capacity / 8 + 64;
}

/* Start at `position`, as meta.ring_position of a slot: what follows that state, without a gap. */
static inline void gw_start_at(gw_cursor *cursor, uint64_t position)
{
    memset(cursor, 0, sizeof *cursor);
    cursor->position = position;
    cursor->number = position ? GW_NUMBER_UNKNOWN : 0;
}

/* Number of the record that ends at `tail`; GW_NUMBER_UNKNOWN while the writer is in a batch. */
static inline uint64_t gw_number_at(const gw_ring_view *ring, uint64_t tail)
{
    uint64_t count = gw_load_relaxed(GW_RING_WORD(ring, record_count));
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    /* The writer counts between its intent and its tail: no intent beyond `tail`, no count. */
    uint64_t intent = gw_load_relaxed(GW_RING_WORD(ring, tail_intent));
    return intent == tail ? count : GW_NUMBER_UNKNOWN;
}

/* Start behind the newest record. */
static inline void gw_start_at_tail(const gw_ring_view *ring, gw_cursor *cursor)
{
    for (int tries = 0; tries < 1000; tries++) {
        uint64_t tail = gw_load_acquire(GW_RING_WORD(ring, tail));
        gw_start_at(cursor, tail);
        if (tail) cursor->number = gw_number_at(ring, tail);
        if (cursor->number != GW_NUMBER_UNKNOWN) return;
    }
}

/* The words of a record's head that a reader needs before it trusts its length. */
typedef struct gw_peek {
    uint64_t number, ring_position;
    uint32_t length;
    uint8_t kind;
    uint8_t is_sound; /* inside the ring, aligned, and not beyond the tail */
} gw_peek;

/* The lead of a record at `position`; all of it may be garbage until the caller validates. */
static inline gw_peek gw_peek_record(const gw_ring_view *ring, uint64_t position, uint64_t tail)
{
    gw_peek peek;
    uint64_t index = position & (ring->capacity - 1), room = ring->capacity - index;
    const unsigned char *at = ring->data + index;
    memset(&peek, 0, sizeof peek);
    if (position % 64 || room < sizeof(gw_quote)) return peek;
    peek.number = gw_load_relaxed(at);
    peek.ring_position = gw_load_relaxed(at + offsetof(gw_meta, ring_position));
    peek.length = (uint32_t)gw_load_relaxed(at + offsetof(gw_meta, length));
    peek.kind = (uint8_t)gw_load_relaxed(at + offsetof(gw_meta, kind));
    /* A pad carries nothing but its length and kind. */
    uint64_t limit = peek.kind == GW_KIND_PAD ? room : gw_record_max(ring);
    if (limit > room) limit = room;
    if (limit > tail - position) limit = tail - position;
    peek.is_sound = peek.length >= sizeof(gw_quote) && peek.length % 64 == 0 && peek.length <= limit
                    && (peek.kind == GW_KIND_PAD || peek.ring_position == position);
    return peek;
}

/* Go to the tail. What is lost is counted now if the writer rests, else with the next record. */
static inline int64_t gw_jump(const gw_ring_view *ring, gw_cursor *cursor, int64_t answer)
{
    uint64_t tail = gw_load_acquire(GW_RING_WORD(ring, tail));
    uint64_t number = gw_number_at(ring, tail);
    cursor->position = tail;
    cursor->laps++;
    if (number == GW_NUMBER_UNKNOWN || cursor->number == GW_NUMBER_UNKNOWN) return answer;
    cursor->lost += number - cursor->number;
    cursor->number = number;
    return answer;
}

/* Does the record at `position` lead to the tail, or over eight that each state their place? */
static inline int gw_is_boundary(const gw_ring_view *ring, uint64_t position, uint64_t tail)
{
    for (int depth = 0; depth < 8 && position != tail; depth++) {
        gw_peek peek = gw_peek_record(ring, position, tail);
        if (!peek.is_sound) return 0;
        position += peek.length;
    }
    return 1;
}

/* First record at or behind `position`; 0 where none is found. */
static inline int gw_seek(const gw_ring_view *ring, gw_cursor *cursor, uint64_t position,
                          uint64_t tail)
{
    for (; position < tail; position += 64) {
        gw_peek peek = gw_peek_record(ring, position, tail);
        if (!peek.is_sound || peek.kind == GW_KIND_PAD) continue;
        if (!gw_is_boundary(ring, position, tail)) continue;
        gw_start_at(cursor, position);
        cursor->number = peek.number - 1;
        /* Believed only if the writer has not come round meanwhile. */
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        return gw_load_relaxed(GW_RING_WORD(ring, tail_intent)) - position <= ring->capacity;
    }
    return 0;
}

/* Start at the oldest record that is safe to read: the first one ever, or an eighth of the ring
 * ahead of the writer, who goes on meanwhile. */
static inline void gw_start_at_oldest(const gw_ring_view *ring, gw_cursor *cursor)
{
    for (int tries = 0; tries < 4; tries++) {
        uint64_t tail = gw_load_acquire(GW_RING_WORD(ring, tail));
        gw_start_at(cursor, 0);
        if (tail <= ring->capacity) return;
        uint64_t from = (tail - ring->capacity + ring->capacity / 8) & ~(uint64_t)63;
        if (gw_seek(ring, cursor, from, tail)) return;
    }
    gw_start_at_tail(ring, cursor);
}

/*
 * Copy the next record into `out`. Returns its length; 0: nothing new; GW_LAPPED: the writer
 * overtook us, the cursor stands at the tail, a follower must read its book slot anew; or
 * GW_ERROR_RECORD (the cursor skips to the tail), GW_ERROR_SPACE (gw_record_max is always enough).
 * With each record that is read, cursor->lost has every record that was missed before it.
 */
static inline int64_t gw_next(const gw_ring_view *ring, gw_cursor *cursor, void *out, size_t size)
{
    if (!ring->capacity) return GW_ERROR_SECTION;
    for (;;) {
        uint64_t position = cursor->position;
        /* SYNC POINT: pairs with the writer's release store of the tail. */
        uint64_t tail = gw_load_acquire(GW_RING_WORD(ring, tail));
        if (tail == position) return 0;
        if (tail - position > ring->capacity) return gw_jump(ring, cursor, GW_LAPPED);
        gw_peek peek = gw_peek_record(ring, position, tail);
        int fits = peek.kind == GW_KIND_PAD || peek.length <= size;
        if (peek.is_sound && fits && peek.kind != GW_KIND_PAD)
            gw_copy(out, ring->data + (position & (ring->capacity - 1)), peek.length);
        /* All of the above was loaded before the writer's intent is: if that has not come round,
         * nothing of it was overwritten. Only then are length and kind believed. */
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        uint64_t intent = gw_load_relaxed(GW_RING_WORD(ring, tail_intent));
        if (intent - position > ring->capacity) return gw_jump(ring, cursor, GW_LAPPED);
        if (!peek.is_sound) return gw_jump(ring, cursor, GW_ERROR_RECORD);
        if (!fits) return GW_ERROR_SPACE;
        cursor->position = position + peek.length;
        if (peek.kind == GW_KIND_PAD) continue;
        if (cursor->number != GW_NUMBER_UNKNOWN) cursor->lost += peek.number - cursor->number - 1;
        cursor->number = peek.number;
        return (int64_t)peek.length;
    }
}

/* Levels of a DIFF or SNAPSHOT record that gw_next gave: bids, then asks, as (px, qty) pairs.
 * NULL where its counts do not fit its length. */
static inline const int64_t *gw_diff_levels(const gw_diff *diff)
{
    uint64_t levels = (uint64_t)diff->bid_count + diff->ask_count;
    int fits = diff->meta.length >= sizeof *diff
               && levels <= (diff->meta.length - sizeof *diff) / 16;
    return fits ? (const int64_t *)(const void *)(diff + 1) : NULL;
}

/* normal_qty of a trade record that gw_next gave: a writer of minor version 0 left it out. */
static inline int64_t gw_normal_qty(const gw_trade *trade)
{
    return trade->meta.length < sizeof *trade ? GW_NULL : trade->normal_qty;
}

/* A STATE, GAP, GAP_CLOSED or UNREADABLE record that gw_next gave, in full: older writers said less. */
static inline void gw_complete_state(const gw_state *record, gw_state *out)
{
    if (record->meta.length >= sizeof *out) {
        memcpy(out, record, sizeof *out);
        return;
    }
    memset(out, 0, sizeof *out);
    memcpy(out, record, GW_STATE_BYTES_MIN);
    out->ts_before = out->ts_after = GW_NULL;
}

/* Bytes of the frame in a RAW record that gw_next gave; NULL where they do not fit its length. */
static inline const unsigned char *gw_raw_payload(const gw_raw *raw)
{
    int fits = raw->meta.length >= sizeof *raw
               && raw->payload_length <= raw->meta.length - sizeof *raw;
    return fits ? (const unsigned char *)(raw + 1) : NULL;
}

#ifdef __cplusplus
}
#endif

#endif /* GATEWAY_H */
