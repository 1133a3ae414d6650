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
