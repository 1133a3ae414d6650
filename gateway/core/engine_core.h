/* One shard's frame path: envelope -> decode -> state -> shared memory -> what to publish.
 *
 * All state of a shard's instruments lives here; one thread, no locks, no Python. Nothing on the path
 * of a frame allocates, logs or raises: what the control plane must know is a gw_notice in a bounded
 * queue, what happened is a counter. Books follow sequence.h; their life is in book_sync.c. */
#ifndef GW_ENGINE_CORE_H
#define GW_ENGINE_CORE_H

#include "decode.h"
#include "segment.h"
#include "sequence.h"

enum { GW_FRAME_LENGTH_MAX = 10 << 20, GW_HEAD_LENGTH = 160, GW_NOTICE_ROOM = 1024, GW_ITEM_ROOM = 4096 };

/* What a frame was. CONTROL: an ack, an error or a notice of the venue; the caller reads it. */
typedef enum gw_frame_class { GW_FRAME_DATA, GW_FRAME_CONTROL, GW_FRAME_REFUSED } gw_frame_class;

typedef enum gw_notice_code {
    GW_NOTICE_RESYNC = 1,         /* row: symbol; a snapshot is needed */
    GW_NOTICE_UNREADABLE = 2,     /* row: stream (or GW_NO_ROW), error, head of the frame */
    GW_NOTICE_UNKNOWN_STREAM = 3, /* row: connection, head of the frame */
    GW_NOTICE_INEXACT = 4,        /* row: symbol; its exponents are too coarse */
    GW_NOTICE_STALLED = 5,        /* a: ns the loop stood still */
    GW_NOTICE_BOOK_LIVE = 6,      /* row: symbol */
    GW_NOTICE_GAP = 7,            /* row: stream; a: expected id, b: received id */
} gw_notice_code;

typedef struct gw_notice {
    uint32_t code;
    uint32_t row;
    uint32_t error;
    uint32_t head_length;
    uint64_t a;
    uint64_t b;
    uint8_t head[GW_HEAD_LENGTH];
} gw_notice;

enum { GW_SLOT_QUOTE, GW_SLOT_TICKER, GW_SLOT_LAST_TRADE, GW_SLOT_BOOK, GW_SLOT_PARTIAL };

/* The phases of a book, see book_sync.c. */
typedef enum gw_phase { GW_PHASE_WAITING, GW_PHASE_HELD, GW_PHASE_SYNCED } gw_phase;

typedef struct gw_book_sync {
    gw_levels_book levels;
    gw_phase phase;
    bool asked;         /* a snapshot was asked for and not answered */
    bool event_seen;    /* in this session */
    bool event_applied; /* since the snapshot */
    uint8_t behind_run; /* events behind the one before, one after the other */
    uint64_t update_id;
    uint64_t first_update_id;
    uint64_t snapshot_id;
    uint64_t buffered_id; /* highest of the events buffered */
    int64_t held_mono;    /* when the snapshot came */
    uint8_t *buffer; /* gw_diff records waiting for a snapshot */
    size_t buffer_length;
    size_t buffer_room;
} gw_book_sync;

typedef struct gw_symbol_info {
    gw_target target;
    uint32_t feeds[GW_SLOT_KINDS]; /* the stream a slot is fed from, or GW_NO_ROW */
    uint8_t status[GW_SLOT_KINDS];
    bool wanted_state;
    uint64_t state_sequence;
    gw_book_sync *book;
} gw_symbol_info;

typedef struct gw_stream_info {
    gw_target target;
    uint32_t symbol;
    uint32_t connection;
    uint8_t slot;
    uint8_t name_length;
    uint8_t prefix_length; /* of the market and its colon */
    bool wanted_json;
    bool wanted_binary;
    uint8_t behind_run;
    uint64_t last_id;
    char name[64];
} gw_stream_info;

/* One message to publish: where its bytes lie in a ring. */
typedef struct gw_item {
    uint64_t position;
    uint32_t stream;
    uint8_t what;
} gw_item;

enum { GW_ITEM_JSON, GW_ITEM_BINARY, GW_ITEM_STATE };

typedef int (*gw_send_function)(void *socket, const void *bytes, size_t length, int flags);

typedef struct gw_publisher {
    gw_send_function send; /* zmq_send, or null */
    void *socket;
    uint8_t *scratch;
    size_t scratch_room;
    gw_item items[GW_ITEM_ROOM];
    uint32_t item_count;
    uint64_t raw_from;    /* rings must not wrap over what is still to be sent */
    uint64_t events_from;
} gw_publisher;

typedef struct gw_engine {
    gw_segment segment;
    gw_symbol_info *symbols;
    gw_stream_info *streams;
    uint32_t *stream_table; /* open addressing: stream row + 1, or 0 */
    uint32_t stream_mask;
    bool *draining; /* by connection: what it delivers was queued while we stood still */
    uint8_t *connection_market;
    uint32_t levels_max;
    size_t buffer_max; /* bytes of buffered diffs a book */
    int64_t mono;      /* of the frame at hand */
    int64_t publish_mono;
    int64_t real_offset; /* CLOCK_REALTIME - CLOCK_MONOTONIC */
    int64_t beat_mono;
    int64_t stall_ns;
    union {
        gw_quote quote;
        gw_trade trade;
        gw_ticker ticker;
    } event; /* the frame at hand, decoded */
    gw_depth depth;
    gw_level *levels_out; /* room for a whole book's side, twice */
    uint8_t *cell;        /* one BOOK or PARTIAL cell */
    gw_notice notices[GW_NOTICE_ROOM];
    uint32_t notice_count;
    gw_publisher publisher;
} gw_engine;

/* engine_core.c: the frame, and the life of streams. Null: not a segment of ours, or no memory. */
gw_engine *gw_engine_new(uint8_t *base, size_t size, uint32_t levels_max, size_t buffer_max);
void gw_engine_free(gw_engine *e);
gw_frame_class gw_engine_frame(gw_engine *e, uint32_t connection, const uint8_t *frame, size_t length, int64_t mono);
void gw_engine_batch_end(gw_engine *e);
void gw_engine_heartbeat(gw_engine *e, int64_t mono, int64_t real);
void gw_engine_check_stall(gw_engine *e, int64_t mono);
void gw_engine_drained(gw_engine *e, uint32_t connection);
void gw_engine_connection_up(gw_engine *e, uint32_t connection, int64_t mono);
void gw_engine_connection_down(gw_engine *e, uint32_t connection);

/* directory.c: rows. All return the row, or GW_NO_ROW when the directory is full. */
uint32_t gw_engine_add_symbol(gw_engine *e, const gw_symbol *row);
uint32_t gw_engine_add_connection(gw_engine *e, const char *name, uint8_t market);
uint32_t gw_engine_add_stream(gw_engine *e, const gw_stream *row);
uint32_t gw_engine_replace_symbol(gw_engine *e, uint32_t old, const gw_symbol *row);
uint32_t gw_engine_find_stream(const gw_engine *e, uint8_t market, const uint8_t *name, size_t length);

/* emit.c: records and slots. */
void gw_fill_meta(gw_engine *e, gw_meta *meta, uint32_t stream, uint8_t status);
void gw_emit(gw_engine *e, uint32_t stream, const void *record, size_t length);
void gw_emit_levels(gw_engine *e, uint32_t stream, gw_diff *head, const gw_level *bids, const gw_level *asks);
void gw_emit_raw(gw_engine *e, uint32_t stream, const uint8_t *frame, size_t length, size_t data_offset, size_t data_length);
void gw_emit_gap(gw_engine *e, uint32_t stream, uint64_t expected, uint64_t received);
void gw_emit_unreadable(gw_engine *e, uint32_t stream, gw_error error);
void gw_enter(gw_engine *e, uint32_t symbol, uint32_t slot, uint8_t status, uint8_t reason, uint64_t update_id);
void gw_mark(gw_engine *e, uint32_t symbol, uint32_t slot, uint8_t status, uint8_t reason);
void gw_store_ladder(gw_engine *e, uint32_t symbol, uint32_t slot, const gw_book *head, const gw_level *bids, const gw_level *asks);
gw_notice *gw_notify(gw_engine *e, gw_notice_code code, uint32_t row);

/* book_sync.c: the life of a book. */
enum { GW_SNAPSHOT_LIVE = 1, GW_SNAPSHOT_HELD = 2, GW_SNAPSHOT_TOO_OLD = 3, GW_SNAPSHOT_UNREADABLE = 4, GW_SNAPSHOT_GAP = 5, GW_SNAPSHOT_UNWANTED = 6 };
gw_book_sync *gw_book_sync_new(uint32_t levels_max);
void gw_book_sync_free(gw_book_sync *book);
void gw_book_ask(gw_engine *e, uint32_t symbol);
void gw_book_event(gw_engine *e, uint32_t stream);
void gw_book_lose(gw_engine *e, uint32_t symbol, uint8_t status, uint8_t reason);
int gw_book_snapshot(gw_engine *e, uint32_t symbol, const uint8_t *body, size_t length, gw_error *error);

/* publish.c: to ZeroMQ, after shared memory. */
bool gw_publisher_init(gw_publisher *publisher);
void gw_publish_item(gw_engine *e, uint8_t what, uint32_t stream, uint64_t position);
void gw_publish_long(gw_engine *e, uint32_t stream, const uint8_t *data, size_t length);
void gw_publish_flush(gw_engine *e);
void gw_publish_flush_if_full(gw_engine *e);

int64_t gw_clock_mono(void);

static inline uint8_t gw_live_status(const gw_engine *e, uint32_t connection)
{
    return e->draining[connection] ? GW_STATUS_STALE : GW_STATUS_LIVE;
}

#endif
