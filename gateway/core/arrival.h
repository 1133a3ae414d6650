/* Two sources of one stream: which event is new, and which has been seen. Pure: no I/O, no clock.
 *
 * A stream may come over two connections, for ever (redundancy) or while one replaces the other. The first
 * arrival wins. What identifies an event depends on the stream:
 *
 *   CONTIGUOUS  ids without holes (trade t, aggTrade a), or a chain (depthUpdate U, u, pu): a source that is
 *               ahead of the merged stream has not joined it; what it brings is early, for the other source
 *               brings it too and in order. If that one does not within 500 ms, the hole is real.
 *   MONOTONE    ids that grow with holes (bookTicker u, partial depth): higher is newer.
 *   EVENT       no id: the event time, and among equal times the bytes.
 *
 * A source has joined the stream when it has brought what was the newest event at its first sighting, or when
 * the other one has caught up with where it began to be ahead; it has left it again when for a second it does not
 * bring what the other one does. */
#ifndef GW_ARRIVAL_H
#define GW_ARRIVAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef enum gw_identity { GW_ID_CONTIGUOUS, GW_ID_MONOTONE, GW_ID_EVENT } gw_identity;

typedef enum gw_fate {
    GW_FATE_NEW,
    GW_FATE_GAP,       /* new, and what should have come before it did not */
    GW_FATE_RESTARTED, /* new: ids or times begin again from here, lower than before */
    GW_FATE_OLD,       /* below the last one of its own source: told, but it replaces nothing */
    GW_FATE_LATE,      /* above all that came of the numbering before: told for the first time, but it replaces nothing */
    GW_FATE_DUPLICATE, /* the other source has brought it */
    GW_FATE_EARLY,     /* the other source is going to bring it */
} gw_fate;

enum { GW_RECENT = 32, GW_BEHIND_RUN_MAX = 3, GW_LATE_RUN_MAX = 32 };
static const int64_t GW_ANEW_NS = 1000000000, GW_EARLY_MAX_NS = 500000000, GW_QUIET_JOIN_NS = 5000000000, GW_STARVED_NS = 1000000000;
static const int64_t GW_ALONE_NS = 30000000000;

/* One of the two, in its session. */
typedef struct gw_origin {
    uint64_t id;         /* of its last event */
    uint64_t base;       /* the newest id when it was first seen */
    int64_t acked_mono;  /* when its subscription was acknowledged, 0: not yet */
    int64_t missed_mono; /* since when the other one is ahead of it, 0: it is not */
    uint32_t times;      /* `repeats`: how often it brought its last id */
    uint8_t behind_run;  /* ids below its own last, one after the other */
    uint8_t late_run;    /* events that seem to be of an earlier time, one after the other */
    bool seen;
    bool joined;
    bool early;          /* it is ahead, since `base`, without holes of its own */
    bool stale;          /* the other one restarted; what it brings may be of the time before */
    uint8_t refused;      /* frames that could not be read and were not made good */
    int64_t refused_mono; /* since when the other one is trusted to make them good, 0: it is not */
} gw_origin;

typedef struct gw_arrivals {
    uint8_t identity;
    bool repeats;   /* MONOTONE: the venue may send one id twice (a partial depth that did not change) */
    bool unordered; /* EVENT: times of several things in one stream */
    bool any;       /* an event has come */
    bool orphaned;  /* no source was up since: the first event counts, whatever its id */
    uint8_t early_side;
    uint8_t recent_at;
    uint32_t times;       /* `repeats`: how often the last id has been told */
    uint64_t last_id;     /* of the merged stream */
    uint64_t expected_id; /* GAP, LATE: the id that should have come */
    uint64_t early_id;
    uint64_t lost_id; /* the hole behind it has been told */
    int64_t early_mono; /* since when a source is ahead, 0: none is */
    int64_t new_mono;   /* when the merged stream last went on */
    int64_t began;      /* the venue's time of the event with which ids began anew, 0: not known */
    int64_t last_time;  /* the venue's time of the event of last_id, 0: not known */
    uint64_t ended_id;  /* the last one of the numbering before, and its time */
    int64_t ended_time;
    gw_origin sources[2];
    uint64_t recent[GW_RECENT]; /* EVENT: hashes of the last events */
} gw_arrivals;

/* An event as one source brings it. */
typedef struct gw_sighting {
    uint64_t id;
    uint64_t follows; /* CONTIGUOUS: the id that must have come before it */
    uint64_t hash;    /* EVENT */
    int64_t time;     /* ns, the venue's; 0: it says none */
    int64_t mono;
    uint8_t side;
    bool counts;       /* CONTIGUOUS: what it says is in no later event, as a trade, unlike a level */
    bool paired;       /* the other source is up, or was a moment ago */
    bool peer_carries; /* the other source is up, has joined, and keeps up */
} gw_sighting;

static inline uint64_t gw_mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * 0x9E3779B97F4A7C15u;
    return hash ^ (hash >> 32);
}

static inline uint64_t gw_hash(uint64_t hash, const uint8_t *bytes, size_t length)
{
    uint64_t word = 0;
    if (length < 8) {
        memcpy(&word, bytes, length);
        return gw_mix(hash, word);
    }
    const uint8_t *last = bytes + length - 8; /* it may overlap the word before */
    for (; bytes < last; bytes += 8) {
        memcpy(&word, bytes, 8);
        hash = gw_mix(hash, word);
    }
    memcpy(&word, last, 8);
    return gw_mix(hash, word);
}

/* The merged stream goes on with this event. */
static inline void gw_arrival_advance(gw_arrivals *a, const gw_sighting *s)
{
    gw_origin *own = &a->sources[s->side], *other = &a->sources[1 - s->side];
    /* Its own events came in another order: what it brought before this one is still awaited. */
    const bool ahead = own->early && own->id > s->id;
    if (s->id != a->last_id || !own->times)
        own->times = 1;
    a->times = own->times;
    a->last_id = s->id;
    own->id = ahead ? own->id : s->id;
    a->new_mono = s->mono;
    a->last_time = s->time;
    /* What the other one holds out beyond this is still to come, within a time that begins anew. */
    a->early_mono = other->early && other->id > s->id ? s->mono : ahead ? a->early_mono : 0;
    a->any = true;
    a->orphaned = false;
    own->seen = own->joined = true;
    own->behind_run = own->late_run = 0;
    own->missed_mono = 0;
    own->refused = 0;
    own->early = ahead;
    own->stale = false;
    other->refused -= other->refused > 0;
    if (other->early && s->id >= other->base)
        other->joined = true;
    /* An event that was sent before its subscription took effect is not missed. */
    const bool fresh = !other->acked_mono || s->mono - other->acked_mono < GW_STARVED_NS;
    if (!other->missed_mono && !fresh && !(other->early && other->id >= s->id))
        other->missed_mono = s->mono;
}

/* The other source is gone, the stream has not gone on for half a minute, and yet events come that say no time: they
 * are not copies, nor of the time before, or their link would lag. Ids have begun anew while nobody looked. */
static inline bool gw_arrival_is_alone(const gw_arrivals *a, const gw_sighting *s)
{
    return a->identity == GW_ID_MONOTONE && !s->time && !s->paired && s->mono - a->new_mono > GW_ALONE_NS;
}

static inline void gw_arrival_end_numbering(gw_arrivals *a, const gw_sighting *s)
{
    a->began = s->time;
    a->ended_id = a->last_id;
    a->ended_time = a->last_time;
}

/* Ids begin anew: what the other source has brought is of the time before. */
static inline gw_fate gw_arrival_restart(gw_arrivals *a, const gw_sighting *s)
{
    gw_origin *other = &a->sources[1 - s->side];
    const bool has_old = other->seen && other->id > s->id; /* else it has begun anew already */
    gw_arrival_end_numbering(a, s);
    other->joined = other->early = a->sources[s->side].early = false;
    other->behind_run = other->late_run = 0;
    gw_arrival_advance(a, s);
    other->stale = has_old || s->time;
    return GW_FATE_RESTARTED;
}

/* A source brings what the merged stream has: it is on its way. */
static inline gw_fate gw_arrival_repeat(gw_origin *own, const gw_sighting *s, bool newest)
{
    if (!own->seen || s->id > own->id) {
        own->id = s->id;
        own->times = 1;
    }
    own->seen = true;
    own->joined |= newest || s->id >= own->base;
    own->behind_run = own->late_run = 0; /* it goes on, behind the other one */
    own->missed_mono = newest ? 0 : s->mono;
    own->refused = 0; /* what it garbled came before this */
    return GW_FATE_DUPLICATE;
}

/* An event of an earlier time than `last` is late, unless it never ends: then it was that time that was wrong. */
static inline bool gw_arrival_is_late(gw_origin *own, const gw_sighting *s, int64_t last)
{
    return s->time && s->time < last && ++own->late_run < GW_LATE_RUN_MAX;
}

/* Below the last one of its own source; three in a row that are not late mean that the venue restarted. */
static inline gw_fate gw_judge_backwards(gw_arrivals *a, const gw_sighting *s)
{
    gw_origin *own = &a->sources[s->side];
    if (a->identity != GW_ID_EVENT && gw_arrival_is_late(own, s, a->last_time))
        return GW_FATE_OLD;
    if (++own->behind_run < GW_BEHIND_RUN_MAX)
        return GW_FATE_OLD;
    return gw_arrival_restart(a, s);
}

/* The same id once more from the same source: told as often as the source that has brought it most often. */
static inline gw_fate gw_judge_again(gw_arrivals *a, const gw_sighting *s)
{
    gw_origin *own = &a->sources[s->side];
    if (s->paired && s->id != a->last_id)
        return GW_FATE_DUPLICATE;
    own->times++;
    if (s->paired && own->times <= a->times)
        return gw_arrival_repeat(own, s, true);
    gw_arrival_advance(a, s);
    return GW_FATE_NEW;
}

/* An id that is not above the last one. */
static inline gw_fate gw_judge_behind(gw_arrivals *a, const gw_sighting *s)
{
    gw_origin *own = &a->sources[s->side];
    if (!own->seen)
        own->base = a->last_id;
    if (own->seen ? s->id > own->id && !gw_arrival_is_alone(a, s) : s->paired)
        return gw_arrival_repeat(own, s, s->id == a->last_id);
    if (a->repeats && s->id == own->id && own->seen)
        return gw_judge_again(a, s);
    return gw_judge_backwards(a, s);
}

/* The first event since no source was up: the venue may have restarted, so even a lower id counts. */
static inline gw_fate gw_judge_first(gw_arrivals *a, const gw_sighting *s)
{
    const bool any = a->any, same = s->id == a->last_id, lower = s->id < a->last_id;
    const bool hole = a->identity == GW_ID_CONTIGUOUS && s->follows > a->last_id;
    a->expected_id = a->last_id + 1;
    if (any && lower)
        gw_arrival_end_numbering(a, s);
    gw_arrival_advance(a, s);
    if (!any || (same && a->identity == GW_ID_MONOTONE))
        return GW_FATE_NEW;
    if (same)
        return GW_FATE_OLD;
    if (lower)
        return GW_FATE_RESTARTED;
    return hole ? GW_FATE_GAP : GW_FATE_NEW;
}

static inline gw_fate gw_judge_ahead(gw_arrivals *a, const gw_sighting *s)
{
    gw_origin *own = &a->sources[s->side];
    const bool hole = a->identity == GW_ID_CONTIGUOUS && s->follows > a->last_id;
    gw_origin *other = &a->sources[1 - s->side];
    if (hole && s->peer_carries && !(other->early && other->id >= s->id)) {
        if (!a->early_mono)
            a->early_mono = s->mono;
        if (s->mono - a->early_mono <= GW_EARLY_MAX_NS) {
            a->early_side = s->side;
            if (!own->early || s->follows > own->id) {
                own->base = s->id;
                own->joined = false;
            }
            a->early_id = own->id = s->id;
            own->seen = own->early = true;
            own->missed_mono = 0;
            return GW_FATE_EARLY;
        }
    }
    a->expected_id = a->last_id + 1;
    const bool told = a->lost_id && a->lost_id == a->last_id;
    gw_arrival_advance(a, s);
    return hole && !told ? GW_FATE_GAP : GW_FATE_NEW;
}

static inline bool gw_arrival_seen(const gw_arrivals *a, uint64_t hash)
{
    for (uint32_t i = 0; i < GW_RECENT; i++)
        if (a->recent[i] == hash)
            return true;
    return false;
}

static inline void gw_arrival_remember(gw_arrivals *a, uint64_t hash)
{
    a->recent[a->recent_at++ & (GW_RECENT - 1)] = hash;
}

static inline gw_fate gw_judge_event(gw_arrivals *a, const gw_sighting *s)
{
    gw_origin *own = &a->sources[s->side];
    const bool older = a->any && !a->orphaned && !a->unordered && s->id < a->last_id;
    const bool newest = a->recent[(a->recent_at - 1u) & (GW_RECENT - 1)] == s->hash;
    if (!own->seen)
        own->base = a->last_id;
    if (s->paired && !a->orphaned && gw_arrival_seen(a, s->hash))
        return gw_arrival_repeat(own, s, newest);
    /* Its own source is not past it: a copy that has been forgotten here, of a source that is behind. */
    if (older && (own->seen ? s->id >= own->id : s->paired))
        return gw_arrival_repeat(own, s, false);
    gw_arrival_remember(a, s->hash);
    if (older)
        return gw_judge_backwards(a, s);
    gw_arrival_advance(a, s);
    return GW_FATE_NEW;
}

/* What a source brings since the other one restarted: by its time, or else while its ids grow. */
static inline bool gw_arrival_is_of_before(const gw_arrivals *a, const gw_origin *own, const gw_sighting *s)
{
    return s->time && a->began ? s->time < a->began : s->id > own->id && !gw_arrival_is_alone(a, s);
}

/* A lower id said more than a second later: what is late, repeated or lagging has an old time, so the venue's ids
 * have begun anew. The second allows for sources that cut diffs differently. */
static inline bool gw_arrival_begins_anew(const gw_arrivals *a, const gw_sighting *s)
{
    return s->id < a->last_id && s->time && a->last_time && s->time - a->last_time > GW_ANEW_NS;
}

/* An event of the numbering before. A hole before it can be told, and not filled. */
static inline gw_fate gw_judge_of_before(gw_arrivals *a, const gw_sighting *s)
{
    if (!s->counts || !a->began || !s->time || s->id <= a->ended_id || s->time < a->ended_time)
        return s->paired ? GW_FATE_DUPLICATE : GW_FATE_OLD;
    a->expected_id = a->ended_id + 1;
    a->ended_id = s->id;
    a->ended_time = s->time;
    return GW_FATE_LATE;
}

/* An id above all that has come of a numbering, of an event that was sent before it began: one of the numbering
 * before, that was held up. */
static inline bool gw_arrival_is_of_old(gw_arrivals *a, const gw_sighting *s)
{
    const bool fits = a->identity == GW_ID_CONTIGUOUS && s->follows <= a->last_id;
    if (s->id <= a->last_id || fits)
        return false;
    return gw_arrival_is_late(&a->sources[s->side], s, a->began);
}

static inline gw_fate gw_judge_arrival(gw_arrivals *a, const gw_sighting *s)
{
    if (a->identity == GW_ID_EVENT)
        return gw_judge_event(a, s);
    if (!a->any || a->orphaned)
        return gw_judge_first(a, s);
    gw_origin *own = &a->sources[s->side];
    if (own->stale) {
        if (gw_arrival_is_of_before(a, own, s)) {
            own->id = s->id;
            return gw_judge_of_before(a, s);
        }
        own->stale = own->seen = false;
    }
    if (gw_arrival_begins_anew(a, s))
        return gw_arrival_restart(a, s);
    if (a->began && gw_arrival_is_of_old(a, s))
        return gw_judge_of_before(a, s);
    return s->id <= a->last_id ? gw_judge_behind(a, s) : gw_judge_ahead(a, s);
}

/* A source's session begins or ends: what it had brought says nothing about what it is going to. What it held out
 * has been seen, though, and is awaited from the other one. */
static inline void gw_arrival_leave(gw_arrivals *a, uint8_t side)
{
    memset(&a->sources[side], 0, sizeof a->sources[side]);
    if (a->early_side != side)
        a->early_mono = 0;
}

/* No source is up. */
static inline void gw_arrival_orphan(gw_arrivals *a)
{
    a->orphaned = true;
    a->early_mono = 0;
}

/* Whether a source has joined, and brings what the other one does. */
static inline bool gw_arrival_joined(const gw_arrivals *a, uint8_t side, int64_t mono)
{
    const gw_origin *own = &a->sources[side];
    return own->joined && (!own->missed_mono || mono - own->missed_mono <= GW_STARVED_NS);
}

/* Whether a frame that one source garbled has not come over the other one in time. */
static inline bool gw_arrival_unmended(gw_arrivals *a, uint8_t side, int64_t mono)
{
    gw_origin *own = &a->sources[side];
    if (!own->refused || !own->refused_mono || mono - own->refused_mono <= GW_EARLY_MAX_NS)
        return false;
    own->refused = 0;
    return true;
}

/* Whether it is ahead: what it has brought is not told yet, and will not come again. */
static inline bool gw_arrival_ahead(const gw_arrivals *a, uint8_t side)
{
    return a->sources[side].early && a->sources[side].id > a->last_id;
}

/* Whether a source may be left alone with the stream: it has joined, or it has been subscribed for so long
 * that whatever came since would have come over it, and nothing came over the other one either. */
static inline bool gw_arrival_carried(const gw_arrivals *a, uint8_t side, int64_t mono)
{
    if (gw_arrival_joined(a, side, mono))
        return true;
    const int64_t acked = a->sources[side].acked_mono;
    return acked && mono - acked >= GW_QUIET_JOIN_NS && a->new_mono < acked + GW_STARVED_NS;
}

/* Whether a source was acknowledged and yet does not bring what the other one does. */
static inline bool gw_arrival_starved(const gw_arrivals *a, uint8_t side, int64_t mono)
{
    const gw_origin *own = &a->sources[side];
    if (gw_arrival_joined(a, side, mono) || own->early || !own->acked_mono || !own->missed_mono)
        return false;
    const int64_t since = own->acked_mono > own->missed_mono ? own->acked_mono : own->missed_mono;
    return a->new_mono > own->acked_mono + GW_STARVED_NS && mono - since > GW_STARVED_NS;
}

/* Whether a source was ahead for so long that what lies between is lost. The one that should have brought
 * it is not believed any more. */
static inline bool gw_arrival_expired(gw_arrivals *a, int64_t mono)
{
    if (!a->early_mono || mono - a->early_mono <= GW_EARLY_MAX_NS)
        return false;
    a->early_mono = 0;
    a->sources[1 - a->early_side].joined = false;
    a->lost_id = a->last_id;
    return true;
}

#endif
