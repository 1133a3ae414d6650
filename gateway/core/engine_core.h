/* One shard's frame path: envelope -> decode -> arrival -> state -> shared memory -> what to publish.
 *
 * All state of a shard's instruments lives here; one thread, no locks, no Python. Nothing on the path
 * of a frame allocates, logs or raises: what the control plane must know is a gw_notice in a bounded
 * queue, what happened is a counter. Books follow sequence.h; their life is in book_sync.c. */
#ifndef GW_ENGINE_CORE_H
#define GW_ENGINE_CORE_H

#include "arrival.h"
#include "book_life.h"
#include "decode.h"
#include "gaps.h"
#include "segment.h"
#include "sequence.h"
#include "silence.h"

enum { GW_FRAME_LENGTH_MAX = 10 << 20, GW_HEAD_LENGTH = 768 }; /* a head: any row of an array, whole */
enum { GW_NOTICE_ROOM = 4096, GW_NOTICE_RESERVE = 1024, GW_ITEM_ROOM = 4096, GW_ROW_ROOM = 16384 };

/* What a frame was. CONTROL: an ack, an error or a notice of the venue; the caller reads it. */
typedef enum gw_frame_class { GW_FRAME_DATA, GW_FRAME_CONTROL, GW_FRAME_REFUSED } gw_frame_class;

typedef enum gw_notice_code {
    GW_NOTICE_RESYNC = 1,         /* row: symbol; a snapshot is needed */
    GW_NOTICE_UNREADABLE = 2,     /* row: stream (or GW_NO_ROW), error, head of the frame */
    GW_NOTICE_UNKNOWN_STREAM = 3, /* row: connection, head of the frame */
    GW_NOTICE_INEXACT = 4,        /* row: symbol; its exponents are too coarse */
    GW_NOTICE_STALLED = 5,        /* a: ns the loop stood still */
    GW_NOTICE_BOOK_LIVE = 6,      /* row: symbol */
    GW_NOTICE_GAP = 7,            /* row: stream; number of the gap; a, b: first and last missing id, 0: it has none */
    GW_NOTICE_SILENT = 8,         /* row: stream; a: ns silent, b: its limit */
    GW_NOTICE_ROW_UNKNOWN = 9,    /* row: stream with rows; head: the symbol that it has no row for */
    GW_NOTICE_LAGGING = 10,       /* row: connection; a: ns behind */
    GW_NOTICE_RESUMED = 11,       /* row: stream that was silent */
    GW_NOTICE_THIN = 12,          /* row: symbol; little is left of what is known of its book */
    GW_NOTICE_LOOKED = 13,        /* row: symbol; a: levels compared with the venue's, b: levels that differ */
    GW_NOTICE_LOOK_FAILED = 14,   /* row: symbol; nothing was compared */
} gw_notice_code;

typedef struct gw_notice {
    uint32_t code;
    uint32_t row;
    uint32_t error;
    uint32_t head_length;
    uint64_t number; /* GAP: of GAPS; SILENT: frames that ever came */
    uint64_t a;
    uint64_t b;
    uint8_t head[GW_HEAD_LENGTH];
} gw_notice;

/* Where a stream's latest value goes: a slot of its symbol, one of its own, or nowhere. */
enum { GW_SLOT_QUOTE, GW_SLOT_TICKER, GW_SLOT_LAST_TRADE, GW_SLOT_BOOK, GW_SLOT_PARTIAL, GW_SLOT_MARK_PRICE, GW_SLOT_VALUE, GW_SLOT_NONE };

typedef struct gw_look gw_look; /* second_look.c */

typedef struct gw_book_sync {
    gw_levels_book levels;
    gw_phase phase;
    bool asked;         /* a snapshot was asked for and not answered */
    bool event_seen;    /* in this session */
    bool event_applied; /* since the snapshot */
    bool thin_told;     /* since more of the book came */
    uint8_t behind_run; /* events behind the one before, one after the other */
    uint64_t update_id;
    uint64_t first_update_id;
    uint64_t snapshot_id;
    uint64_t buffered_id; /* highest of the events buffered */
    int64_t held_mono;    /* when the snapshot came */
    uint32_t link;        /* of the last event */
    gw_look *look;        /* while one lasts, else null */
    uint8_t *buffer; /* gw_diff records waiting for a snapshot */
    size_t buffer_length;
    size_t buffer_room;
} gw_book_sync;

typedef struct gw_symbol_info {
    gw_target target;
    uint32_t feeds[GW_SLOT_KINDS]; /* the stream a slot is fed from, or GW_NO_ROW */
    uint32_t streams;              /* the first of its streams, or GW_NO_ROW */
    uint8_t status[GW_SLOT_KINDS];
    bool halted;
    bool wanted_state;
    uint64_t state_sequence;
    uint64_t state_messages; /* of the topic state:, gaps too */
    gw_book_sync *book;
} gw_symbol_info;

typedef struct gw_stream_info {
    gw_target target;
    uint32_t symbol;     /* or GW_NO_ROW */
    uint32_t connection; /* its first link */
    uint32_t parent;     /* of a ROW, or GW_NO_ROW */
    uint32_t sibling;    /* the next stream of its symbol, or GW_NO_ROW */
    uint32_t collector;  /* the synthetic stream that gathers its events, or GW_NO_ROW */
    uint32_t value;      /* row of VALUES, or GW_NO_ROW */
    uint8_t slot;
    uint8_t shape;
    uint8_t value_status;
    uint8_t name_length;
    uint8_t prefix_length; /* of the market and its colon */
    bool wanted_json;
    bool wanted_binary;
    bool retired;
    uint8_t unacked;        /* bit a side: it came back, what is still on the way is of its former life */
    bool gathered;          /* `latest` changed since the collector's last flush */
    uint8_t chain;          /* how its breaks are found: gaps.h */
    bool closed;            /* CANDLES: the final state of `next_id` was seen */
    bool interrupted;       /* it comes with events, and some may have come while no link carried it */
    uint32_t gaps;          /* its first open gap: slot + 1, or 0 */
    uint64_t next_id;       /* IDS: that comes next; CANDLES: open time of the last one; 0: not known */
    uint64_t candle_ms;     /* CANDLES: length of the last one */
    int64_t early_ts;       /* the venue's time of the last event that was kept back, or null */
    int64_t traded_ts;      /* IDS: the latest time of a trade in this numbering, 0: none */
    uint32_t latest_length; /* bytes of the last event, for the collector */
    uint32_t latest_room;
    int64_t unknown_mono;   /* second in which unknown rows were told, and how many */
    uint32_t unknown_told;
    uint8_t *latest;
    gw_arrivals arrivals;
    gw_silence silence;
    char name[64];
} gw_stream_info;

/* A link: one WebSocket, a row of CONNECTIONS. Two links carry the same streams; one may be down. */
typedef struct gw_link_info {
    uint8_t market;
    uint8_t side;      /* 0 or 1 */
    uint32_t first;    /* row of side 0, which is what its streams name */
    uint32_t peer;     /* or GW_NO_ROW */
    bool up;
    bool draining;     /* what it delivers was queued while we stood still */
    bool lagging;
    uint8_t ahead_run; /* events from the future, one after the other */
    int64_t down_mono; /* when it went down, 0: never was up */
    int64_t told_mono; /* when it was last reported as lagging */
} gw_link_info;

/* The least delay from the venue's event time to us: what a lag is measured against. Each window it may
 * rise a little, so that a drift of the clocks is followed and a lag that stays does not become the norm. */
typedef struct gw_delay_floor {
    int64_t delay;
    int64_t least; /* of this window */
    int64_t until_mono; /* 0: nothing is known yet */
} gw_delay_floor;

/* A row of the array at hand. */
typedef struct gw_array_row {
    const uint8_t *start;
    const uint8_t *end;
    gw_text symbol;
    bool foreign; /* of the other futures market */
} gw_array_row;

/* Which stream the rows of an array belong to, by stream with rows and symbol. */
typedef struct gw_child {
    uint32_t parent;
    uint32_t symbol;
    uint32_t stream; /* row + 1, 0: free; GW_NO_ROW: covered by a stream of its own */
} gw_child;

/* One message to publish: where its bytes lie in a ring. JSON: `offset` behind the RAW record's head. */
typedef struct gw_item {
    uint64_t position;
    uint64_t sequence;
    uint32_t offset;
    uint32_t length;
    uint32_t row; /* stream; STATE: symbol */
    uint8_t what;
} gw_item;

enum { GW_ITEM_JSON, GW_ITEM_BINARY, GW_ITEM_STATE };

typedef int (*gw_send_function)(void *socket, const void *bytes, size_t length, int flags);

typedef struct gw_publisher {
    gw_send_function send; /* zmq_send, or null */
    void *socket;
    void *arrays_socket; /* for whole arrays, with a low high-water mark */
    uint8_t *scratch;
    size_t scratch_room;
    gw_item items[GW_ITEM_ROOM];
    uint32_t item_count;
    uint32_t handed; /* messages, for gw_is_sampled */
    uint64_t raw_from;    /* rings must not wrap over what is still to be sent */
    uint64_t events_from;
} gw_publisher;

typedef struct gw_engine {
    gw_segment segment;
    gw_symbol_info *symbols;
    gw_stream_info *streams;
    gw_link_info *links;
    uint32_t *stream_table; /* open addressing: stream row + 1, or 0 */
    uint32_t stream_mask;
    gw_child *children; /* open addressing */
    uint32_t child_mask;
    uint32_t child_count;
    uint32_t levels_max;
    size_t buffer_max; /* bytes of buffered diffs a book */
    uint32_t link;     /* of the frame at hand, or GW_NO_ROW */
    uint32_t stored;   /* events, for gw_is_sampled */
    bool late;         /* the event at hand is too old to be called live */
    bool mistimed;     /* its time cannot be: it says nothing about the order of events */
    int64_t mono;      /* of the frame at hand */
    int64_t publish_mono;
    int64_t real_offset; /* CLOCK_REALTIME - CLOCK_MONOTONIC */
    int64_t beat_mono;
    int64_t stall_ns;
    int64_t judged_mono; /* when silence was last judged */
    int64_t first_data_ns;
    int64_t lag_max_ns;
    gw_delay_floor delay_floor[GW_MARKET_COINM + 1];
    gw_event event; /* the event at hand, decoded; of any kind but DIFF and PARTIAL */
    gw_depth depth;
    gw_array_row *rows; /* of the array at hand */
    uint32_t row_count;
    gw_level *levels_out; /* room for a whole book's side, twice */
    uint8_t *cell;        /* one cell of any slot */
    gw_notice notices[GW_NOTICE_ROOM];
    uint32_t notice_count;
    gw_gaps gaps;
    gw_publisher publisher;
} gw_engine;

/* engine_core.c: the frame. Null: not a segment of ours, or no memory. */
gw_engine *gw_engine_new(uint8_t *base, size_t size, uint32_t levels_max, size_t buffer_max);
void gw_engine_free(gw_engine *e);
gw_frame_class gw_engine_frame(gw_engine *e, uint32_t link, const uint8_t *frame, size_t length, int64_t mono);
void gw_engine_batch_end(gw_engine *e);
void gw_engine_heartbeat(gw_engine *e, int64_t mono, int64_t real);
gw_frame_class gw_refuse_frame(gw_engine *e, uint32_t stream, gw_error error, const uint8_t *frame, size_t length);
void gw_count_frame(gw_engine *e, uint32_t stream, size_t length);
gw_frame_class gw_set_aside(gw_engine *e, uint32_t stream, uint16_t flag, const uint8_t *frame, size_t length,
                            size_t offset, size_t data_length);
void gw_suspect(gw_engine *e, uint32_t stream, gw_error error);
void gw_time_visible(gw_engine *e);
int64_t gw_clock_mono(void);
void gw_clock_hold(int64_t mono); /* for runs in simulated time: it stands there; 0: it runs again */

/* events.c: what a decoded event does to its slot and to the ring. */
gw_error gw_event_decode(gw_engine *e, uint32_t stream, gw_cursor *c);
gw_fate gw_event_fate(gw_engine *e, uint32_t stream, const uint8_t *data, size_t length);
void gw_event_store(gw_engine *e, uint32_t stream, gw_fate fate);
void gw_sight(const gw_engine *e, const gw_arrivals *arrivals, gw_sighting *out);
int64_t gw_event_time(const gw_engine *e, uint8_t kind);

/* rows.c: arrays, and streams whose frames may be of any symbol. */
gw_error gw_rows_scan(gw_engine *e, uint32_t stream, gw_cursor *c);
gw_frame_class gw_rows_accept(gw_engine *e, uint32_t stream, const uint8_t *frame, size_t length, const uint8_t *data, size_t data_length);

/* links.c: the life of connections and their links. */
void gw_engine_begin(gw_engine *e);
void gw_engine_end(gw_engine *e);
void gw_engine_check_stall(gw_engine *e, int64_t mono);
void gw_engine_drained(gw_engine *e, uint32_t link);
void gw_engine_link_up(gw_engine *e, uint32_t link, int64_t mono);
void gw_engine_link_down(gw_engine *e, uint32_t link, bool idle, int64_t heard_mono);
void gw_engine_acked(gw_engine *e, uint32_t link, uint32_t stream, int64_t mono);
bool gw_engine_awaits(const gw_engine *e, uint32_t link, uint32_t stream);
bool gw_engine_starves(const gw_engine *e, uint32_t link, uint32_t stream);
bool gw_peer_carries(const gw_engine *e, uint32_t link, uint32_t stream);
void gw_mark_stream(gw_engine *e, uint32_t stream, uint8_t status, uint8_t reason);
void gw_mark_fed(gw_engine *e, uint32_t stream, uint8_t status, uint8_t reason);
void gw_mark_rows(gw_engine *e, uint32_t parent, uint8_t status, uint8_t reason);
void gw_set_halted(gw_engine *e, uint32_t symbol, bool halted);

/* watch.c: silence and lag, judged with each heartbeat. */
void gw_watch_frame(gw_engine *e, uint32_t stream);
void gw_watch_lag(gw_engine *e, int64_t event_time);
void gw_watch(gw_engine *e, int64_t mono);

/* directory.c: rows. All return the row, or GW_NO_ROW when the directory is full. */
uint32_t gw_engine_add_symbol(gw_engine *e, const gw_symbol *row);
uint32_t gw_engine_add_connection(gw_engine *e, const char *name, uint8_t market);
uint32_t gw_engine_add_link(gw_engine *e, const char *name, uint32_t first);
uint32_t gw_engine_add_stream(gw_engine *e, const gw_stream *row);
void gw_stream_left(gw_engine *e, uint32_t stream);
bool gw_engine_cover_row(gw_engine *e, uint32_t parent, uint32_t symbol);
uint32_t gw_engine_find_stream(const gw_engine *e, uint8_t market, const uint8_t *name, size_t length);
const gw_child *gw_engine_find_child(const gw_engine *e, uint32_t parent, const uint8_t *symbol, size_t length);

/* feeds.c: which stream feeds which slot, and what happens when rows come and go. */
bool gw_feed_slots(gw_engine *e, uint32_t stream);
uint8_t gw_slot_of_kind(uint8_t kind);
void gw_stream_moves(gw_engine *e, uint32_t stream, uint32_t symbol);
uint32_t gw_engine_replace_symbol(gw_engine *e, uint32_t old, const gw_symbol *row);
void gw_engine_retire_symbol(gw_engine *e, uint32_t symbol);
void gw_engine_remove_stream(gw_engine *e, uint32_t stream);

/* emit.c: records and slots. */
void gw_fill_meta(gw_engine *e, gw_meta *meta, uint32_t stream, uint8_t status);
void gw_put_record(uint8_t *to, const void *record, size_t length);
void gw_emit(gw_engine *e, uint32_t stream, const void *record, size_t length);
void gw_emit_state(gw_engine *e, uint32_t symbol, const gw_state *record);
void gw_emit_levels(gw_engine *e, uint32_t stream, gw_diff *head, const gw_level *bids, const gw_level *asks);
gw_state gw_state_record(gw_engine *e, uint32_t stream, uint8_t kind, uint8_t status);
void gw_emit_unreadable(gw_engine *e, uint32_t stream, gw_error error);
void gw_enter(gw_engine *e, uint32_t symbol, uint32_t slot, uint8_t status, uint8_t reason, uint64_t update_id);
void gw_enter_value(gw_engine *e, uint32_t stream, uint8_t status, uint8_t reason, uint64_t update_id);
void gw_mark_slot(gw_engine *e, uint32_t symbol, uint32_t slot, uint8_t status, uint8_t reason);
void gw_mark_value(gw_engine *e, uint32_t stream, uint8_t status, uint8_t reason);
uint8_t gw_status_of(const gw_engine *e, uint32_t stream);
void gw_store_ladder(gw_engine *e, uint32_t symbol, uint32_t slot, const gw_book *head, const gw_level *bids, const gw_level *asks);
gw_notice *gw_notify(gw_engine *e, gw_notice_code code, uint32_t row);
void gw_note_head(gw_notice *notice, gw_error error, const uint8_t *head, size_t length);

/* gaps.c: what is missing. */
void gw_emit_gap(gw_engine *e, uint32_t stream, uint64_t expected, uint64_t received);
void gw_gap_early(gw_engine *e, uint32_t stream);
bool gw_gap_follow(gw_engine *e, uint32_t stream, gw_fate fate);
bool gw_gap_awaits(const gw_engine *e, uint32_t stream);
gw_take gw_gap_take(gw_engine *e, uint32_t stream, uint64_t id);
void gw_gap_took(gw_engine *e, uint32_t stream);
void gw_gap_heal(gw_engine *e, uint32_t stream);
void gw_gap_forget(gw_engine *e, uint32_t stream);
void gw_gap_before(gw_engine *e, uint32_t stream);
void gw_gap_resumed(gw_engine *e, uint32_t stream, uint64_t id, int64_t ts_after);
void gw_gap_subscribed(gw_engine *e, uint32_t stream);
void gw_gap_inherit(gw_engine *e, uint32_t stream, uint64_t last_id, int64_t last_ts);
void gw_gap_inherit_open(gw_engine *e, uint32_t stream, uint64_t first, uint64_t last, int64_t ts_after);
void gw_gap_remind(gw_engine *e);
bool gw_gap_close(gw_engine *e, uint64_t number, uint32_t state, uint64_t recovered);
const gw_gap_track *gw_gap_find(const gw_engine *e, uint64_t number);
int64_t gw_event_at(const gw_engine *e, uint8_t kind);

/* backfill.c: events that were fetched afterwards. */
typedef enum gw_fill { GW_FILL_TOLD = 1, GW_FILL_DUPLICATE, GW_FILL_UNWANTED, GW_FILL_UNREADABLE } gw_fill;
gw_fill gw_engine_back_fill(gw_engine *e, uint32_t stream, const uint8_t *payload, size_t length, gw_error *error);
gw_fill gw_engine_refresh(gw_engine *e, uint32_t stream, const uint8_t *payload, size_t length, int64_t asked_mono, gw_error *error);
bool gw_refresh_wanted(const gw_engine *e, uint32_t stream);

/* raw.c: the frame itself. `flags` says why a frame is not published; 0: it is. */
typedef struct gw_raw_place {
    uint64_t position; /* of the record, where the frame lies in one piece */
    bool whole;
} gw_raw_place;
gw_raw_place gw_emit_raw(gw_engine *e, uint32_t stream, const uint8_t *frame, size_t length,
                         size_t data_offset, size_t data_length, uint16_t flags);

/* book_show.c: what readers get of a book. */
void gw_book_tell(gw_engine *e, const gw_book_sync *book, gw_diff *head, const gw_level *bids, const gw_level *asks,
                  uint16_t flags, uint8_t status);
void gw_book_tell_whole(gw_engine *e, uint32_t symbol, gw_diff *head);
void gw_book_show(gw_engine *e, uint32_t symbol, const gw_meta *meta, uint8_t status);
bool gw_book_head(gw_engine *e, uint32_t symbol, gw_book *head);
void gw_book_copy(const gw_engine *e, uint32_t symbol, gw_level *bids, gw_level *asks);
bool gw_quote_from_book(const gw_symbol_info *info);

/* A diff as its frame or a buffer holds it: head, bids, asks. */
typedef struct gw_told {
    gw_diff *head;
    const gw_level *bids;
    const gw_level *asks;
} gw_told;

static inline size_t gw_told_size(const gw_diff *head)
{
    return sizeof *head + (head->bid_count + (size_t)head->ask_count) * sizeof(gw_level);
}

static inline gw_told gw_told_at(uint8_t *buffer, size_t at)
{
    gw_diff *head = (gw_diff *)(void *)(buffer + at);
    const gw_level *bids = (const gw_level *)(const void *)(head + 1);
    return (gw_told){head, bids, bids + head->bid_count};
}

/* book_sync.c: the life of a book, see book_life.h. */
enum { GW_SNAPSHOT_LIVE = 1, GW_SNAPSHOT_HELD, GW_SNAPSHOT_TOO_OLD, GW_SNAPSHOT_UNREADABLE, GW_SNAPSHOT_GAP, GW_SNAPSHOT_UNWANTED };
gw_book_sync *gw_book_sync_new(uint32_t levels_max);
void gw_book_sync_free(gw_book_sync *book);
void gw_book_ask(gw_engine *e, uint32_t symbol);
void gw_book_event(gw_engine *e, uint32_t stream, gw_fate fate);
void gw_book_lose(gw_engine *e, uint32_t symbol, uint8_t status, uint8_t reason);
gw_error gw_book_read_snapshot(gw_engine *e, uint32_t symbol, const uint8_t *body, size_t length);
int gw_book_snapshot(gw_engine *e, uint32_t symbol, const uint8_t *body, size_t length, uint32_t limit, gw_error *error);
void gw_book_looked(gw_engine *e, uint32_t symbol, gw_life_event event);

/* second_look.c: a live book beside a snapshot that was asked for later. */
enum { GW_LOOK_STARTED = 1, GW_LOOK_TOO_OLD, GW_LOOK_UNREADABLE, GW_LOOK_UNWANTED };
bool gw_look_begin(gw_engine *e, uint32_t symbol);
int gw_look_snapshot(gw_engine *e, uint32_t symbol, const uint8_t *body, size_t length, uint32_t limit, gw_error *error);
gw_life_event gw_look_event(gw_engine *e, uint32_t symbol, const gw_told *event);
void gw_look_expire(gw_engine *e, uint32_t symbol, int64_t mono);
void gw_look_fail(gw_engine *e, uint32_t symbol);
void gw_look_stop(gw_engine *e, uint32_t symbol);
void gw_look_free(gw_book_sync *book);

/* publish.c: to ZeroMQ, after shared memory. */
bool gw_publisher_init(gw_publisher *publisher, size_t record_max);
void gw_publish_item(gw_engine *e, uint8_t what, uint32_t row, uint64_t position);
void gw_publish_state(gw_engine *e, uint32_t symbol, uint64_t position, uint64_t number);
void gw_publish_json(gw_engine *e, uint32_t stream, gw_raw_place place, const uint8_t *frame, size_t offset, size_t length);
void gw_publish_backfilled(gw_engine *e, uint32_t stream, gw_raw_place place, const uint8_t *payload, size_t length);
void gw_publish_rows(gw_engine *e, uint32_t stream);
void gw_publish_synthetic(gw_engine *e, uint32_t stream, uint8_t *(*put)(gw_engine *, uint32_t, uint8_t *, const uint8_t *));
void gw_publish_flush(gw_engine *e);
void gw_publish_flush_if_full(gw_engine *e);

/* synthetic.c: an all-market array that the venue does not send, from the streams that it does. */
void gw_synthetic_gather(gw_engine *e, uint32_t stream, const uint8_t *data, size_t length);
void gw_engine_flush_synthetic(gw_engine *e, uint32_t stream);

/* Whether the number-th event is one of those that are timed: one in GW_SAMPLED_ONE_IN, at uneven distances, so that
 * streams which take turns are all met. */
static inline bool gw_is_sampled(uint32_t number)
{
    return number * 0x9E3779B9u < (UINT32_MAX / GW_SAMPLED_ONE_IN) + 1;
}

/* A link whose events are of the present. */
static inline bool gw_link_keeps_up(const gw_link_info *link)
{
    return link->up && !link->draining && !link->lagging;
}

/* A stream whose frames hold events of many symbols, or of any. */
static inline bool gw_has_rows(uint8_t shape)
{
    return shape == GW_SHAPE_ARRAY || shape == GW_SHAPE_MERGED;
}

/* Subscribed at the venue, unlike rows and what is put together here. */
static inline bool gw_is_subscribed(uint8_t shape)
{
    return shape != GW_SHAPE_ROW && shape != GW_SHAPE_SYNTHETIC;
}

/* Brought by the other link, before or after: RAW keeps it, nobody else sees it. */
static inline bool gw_is_aside(gw_fate fate)
{
    return fate == GW_FATE_DUPLICATE || fate == GW_FATE_EARLY;
}

static inline bool gw_is_deep(uint8_t kind)
{
    return kind == GW_KIND_DIFF || kind == GW_KIND_PARTIAL;
}

/* What a value that has just come may be called. */
static inline uint8_t gw_live_status(const gw_engine *e, uint32_t symbol, uint32_t link)
{
    if (GW_UNLIKELY(symbol != GW_NO_ROW && e->symbols[symbol].halted))
        return GW_STATUS_HALTED;
    return GW_LIKELY(gw_link_keeps_up(&e->links[link]) && !e->late) ? GW_STATUS_LIVE : GW_STATUS_STALE;
}

/* Why, when it may not. */
static inline uint8_t gw_live_reason(const gw_engine *e, uint32_t link, uint8_t status, uint8_t reason)
{
    if (GW_LIKELY(status == GW_STATUS_LIVE))
        return reason;
    if (status == GW_STATUS_HALTED)
        return GW_REASON_HALTED;
    return e->links[link].draining ? GW_REASON_STALLED : GW_REASON_LAGGING;
}

#endif
