/* The life of one order book: phase x event -> next phase, status, reason, actions. Pure: no I/O, no clock,
 * no state. What an event of the stream is to a book is judged in sequence.h; book_sync.c does the actions.
 *
 *                 snapshot, nothing joins it           an event joins it
 *      WAITING ───────────────────────────────► HELD ──────────────────────► SYNCED
 *       ▲   │                                    │                             │
 *       │   └── snapshot that events have joined ┼────────────────────────────►│
 *       └───── a hole, a restart, a crossed book, a lost event, a lost session ┘
 *
 * LIVE is entered by way of SYNCED alone. Every pair is defined, also those that book_sync.c never meets: there a
 * diff is kept for the next snapshot, and an answer that nobody waits for changes nothing. */
#ifndef GW_BOOK_LIFE_H
#define GW_BOOK_LIFE_H

#include "layout.h"

typedef enum gw_phase {
    GW_PHASE_WAITING, /* diffs are kept; a snapshot is needed */
    GW_PHASE_HELD,    /* a snapshot is in, but no event of this session has joined it; not LIVE */
    GW_PHASE_SYNCED,  /* each diff is judged and applied */
    GW_PHASE_COUNT
} gw_phase;

typedef enum gw_life_event {
    /* a diff */
    GW_LIFE_UNJUDGED,  /* there is no book that it could follow */
    GW_LIFE_FOLLOWS,   /* applied whole; the book is one that a venue can have */
    GW_LIFE_BEHIND,    /* everything in it is in the book */
    GW_LIFE_REACHED,   /* behind, and it ends at the book's very id: the stream has come to the snapshot */
    GW_LIFE_GAP,       /* something between the book and it is missing */
    GW_LIFE_OLDER,     /* the same, but it is the first of its session: the snapshot was too old */
    GW_LIFE_RESTARTED, /* the venue's ids begin again, lower; or the stream does not reach the snapshot */
    GW_LIFE_CROSSED,   /* applied, and best bid >= best ask */
    GW_LIFE_THIN,      /* applied, and a side is empty as far as it is known */
    GW_LIFE_OVERFLOW,  /* no memory for its levels */
    /* a snapshot */
    GW_LIFE_JOINED,  /* loaded, and a diff that was kept has joined it */
    GW_LIFE_ALONE,   /* loaded; none has */
    GW_LIFE_BROKEN,  /* loaded, but the diffs that were kept have a hole, or make no book of a venue */
    GW_LIFE_REFUSED, /* older than what was kept, or not readable */
    /* a second look at a book that is in step, see second_look.c */
    GW_LIFE_DIFFERS, /* the venue's book at the same update id is another one */
    GW_LIFE_WIDER,   /* it is the same, and more of it is known */
    /* from outside */
    GW_LIFE_WANTED,  /* somebody wants the snapshot before the first event comes */
    GW_LIFE_SESSION, /* a session begins; its first event asks, so that the snapshot is not older */
    GW_LIFE_SUSPECT, /* an event was lost or could not be read */
    GW_LIFE_CUT,     /* the session ended, or the row: an answer would be of another session */
    GW_LIFE_EVENT_COUNT
} gw_life_event;

/* Besides those of the layout: the status stays; the status and reason that the caller names. */
enum { GW_STATUS_KEEP = 254, GW_STATUS_NAMED = 255 };

typedef enum gw_life_action {
    GW_ACT_LOSE = 1,        /* mark the slots in this same write, and forget the chain and any second look */
    GW_ACT_DROP = 2,        /* tell the kept diffs as never applied, and forget them */
    GW_ACT_ASK = 4,         /* have a snapshot asked for, unless one is on its way */
    GW_ACT_FORGET = 8,      /* nobody waits for a snapshot any more */
    GW_ACT_KEEP = 16,       /* keep this diff for the snapshot */
    GW_ACT_TELL = 32,       /* put this diff, if there is one, into the ring, flags: */
    GW_ACT_APPLIED = 64,    /* it is in the book */
    GW_ACT_DUPLICATE = 128, /* it was in the book before, if the book has a chain */
    GW_ACT_GAP = 256,       /* tell the hole */
    GW_ACT_WHOLE = 512,     /* put the whole book into the ring */
    GW_ACT_SHOW = 1024,     /* put the top of the book into the slot */
} gw_life_action;

typedef struct gw_life_step {
    uint8_t phase;
    uint8_t status; /* LIVE: if the link keeps up and the instrument trades, see gw_live_status */
    uint8_t reason;
    uint16_t actions;
} gw_life_step;

#define GW_STAYS(phase, actions) {GW_PHASE_##phase, GW_STATUS_KEEP, GW_REASON_NONE, actions}
#define GW_LOST(status, reason, actions) {GW_PHASE_WAITING, GW_STATUS_##status, GW_REASON_##reason, GW_ACT_LOSE | GW_ACT_DROP | (actions)}
#define GW_SYNCED(reason, actions) {GW_PHASE_SYNCED, GW_STATUS_LIVE, GW_REASON_##reason, actions}
/* The diff at hand is the first of the next attempt. */
#define GW_AGAIN (GW_ACT_ASK | GW_ACT_KEEP)
/* The diff at hand did or showed the harm: told, and never to be applied. */
#define GW_HARMED (GW_ACT_ASK | GW_ACT_TELL)

static inline const gw_life_step *gw_life(gw_phase phase, gw_life_event event)
{
    static const gw_life_step steps[GW_PHASE_COUNT][GW_LIFE_EVENT_COUNT] = {
        [GW_PHASE_WAITING] = {
            [GW_LIFE_UNJUDGED] = GW_STAYS(WAITING, GW_AGAIN),
            [GW_LIFE_FOLLOWS] = GW_STAYS(WAITING, GW_AGAIN),
            [GW_LIFE_BEHIND] = GW_STAYS(WAITING, GW_AGAIN),
            [GW_LIFE_REACHED] = GW_STAYS(WAITING, GW_AGAIN),
            [GW_LIFE_GAP] = GW_STAYS(WAITING, GW_AGAIN),
            [GW_LIFE_OLDER] = GW_STAYS(WAITING, GW_AGAIN),
            [GW_LIFE_RESTARTED] = GW_STAYS(WAITING, GW_ACT_DROP | GW_AGAIN), /* what was kept is void */
            [GW_LIFE_CROSSED] = GW_STAYS(WAITING, GW_AGAIN),
            [GW_LIFE_THIN] = GW_STAYS(WAITING, GW_AGAIN),
            [GW_LIFE_OVERFLOW] = GW_STAYS(WAITING, GW_AGAIN),
            [GW_LIFE_JOINED] = GW_SYNCED(SNAPSHOT, GW_ACT_FORGET | GW_ACT_SHOW),
            [GW_LIFE_ALONE] = GW_STAYS(HELD, GW_ACT_FORGET),
            [GW_LIFE_BROKEN] = GW_STAYS(WAITING, 0), /* the question stays open: the caller asks the venue again */
            [GW_LIFE_REFUSED] = GW_STAYS(WAITING, 0),
            [GW_LIFE_DIFFERS] = GW_STAYS(WAITING, 0),
            [GW_LIFE_WIDER] = GW_STAYS(WAITING, 0),
            [GW_LIFE_WANTED] = GW_STAYS(WAITING, GW_ACT_ASK),
            [GW_LIFE_SESSION] = GW_LOST(NAMED, NONE, 0),
            [GW_LIFE_SUSPECT] = GW_LOST(NAMED, NONE, GW_ACT_ASK),
            [GW_LIFE_CUT] = GW_LOST(NAMED, NONE, GW_ACT_FORGET),
        },
        [GW_PHASE_HELD] = {
            [GW_LIFE_UNJUDGED] = GW_LOST(KEEP, GAP, GW_AGAIN),
            [GW_LIFE_FOLLOWS] = GW_SYNCED(SNAPSHOT, GW_ACT_TELL | GW_ACT_APPLIED | GW_ACT_SHOW),
            [GW_LIFE_BEHIND] = GW_STAYS(HELD, GW_ACT_TELL | GW_ACT_DUPLICATE),
            [GW_LIFE_REACHED] = GW_SYNCED(SNAPSHOT, GW_ACT_TELL | GW_ACT_SHOW),
            [GW_LIFE_GAP] = GW_LOST(KEEP, GAP, GW_AGAIN | GW_ACT_GAP),
            [GW_LIFE_OLDER] = GW_LOST(KEEP, GAP, GW_AGAIN), /* no chain was broken */
            [GW_LIFE_RESTARTED] = GW_LOST(KEEP, RESTARTED, GW_AGAIN),
            [GW_LIFE_CROSSED] = GW_LOST(GAPPED, CROSSED, GW_HARMED),
            [GW_LIFE_THIN] = GW_LOST(GAPPED, THIN, GW_HARMED),
            [GW_LIFE_OVERFLOW] = GW_LOST(GAPPED, OVERFLOW, GW_HARMED),
            [GW_LIFE_JOINED] = GW_STAYS(HELD, 0),
            [GW_LIFE_ALONE] = GW_STAYS(HELD, 0),
            [GW_LIFE_BROKEN] = GW_STAYS(HELD, 0),
            [GW_LIFE_REFUSED] = GW_STAYS(HELD, 0),
            [GW_LIFE_DIFFERS] = GW_STAYS(HELD, 0),
            [GW_LIFE_WIDER] = GW_STAYS(HELD, 0),
            [GW_LIFE_WANTED] = GW_STAYS(HELD, 0),
            [GW_LIFE_SESSION] = GW_LOST(NAMED, NONE, 0),
            [GW_LIFE_SUSPECT] = GW_LOST(NAMED, NONE, GW_ACT_ASK),
            [GW_LIFE_CUT] = GW_LOST(NAMED, NONE, GW_ACT_FORGET),
        },
        [GW_PHASE_SYNCED] = {
            [GW_LIFE_UNJUDGED] = GW_LOST(GAPPED, GAP, GW_AGAIN),
            [GW_LIFE_FOLLOWS] = GW_SYNCED(SNAPSHOT, GW_ACT_TELL | GW_ACT_APPLIED | GW_ACT_SHOW),
            [GW_LIFE_BEHIND] = GW_STAYS(SYNCED, GW_ACT_TELL | GW_ACT_DUPLICATE),
            [GW_LIFE_REACHED] = GW_STAYS(SYNCED, GW_ACT_TELL | GW_ACT_DUPLICATE),
            [GW_LIFE_GAP] = GW_LOST(GAPPED, GAP, GW_AGAIN | GW_ACT_GAP),
            [GW_LIFE_OLDER] = GW_LOST(GAPPED, GAP, GW_AGAIN),
            [GW_LIFE_RESTARTED] = GW_LOST(GAPPED, RESTARTED, GW_AGAIN),
            [GW_LIFE_CROSSED] = GW_LOST(GAPPED, CROSSED, GW_HARMED),
            [GW_LIFE_THIN] = GW_LOST(GAPPED, THIN, GW_HARMED),
            [GW_LIFE_OVERFLOW] = GW_LOST(GAPPED, OVERFLOW, GW_HARMED),
            [GW_LIFE_JOINED] = GW_STAYS(SYNCED, 0),
            [GW_LIFE_ALONE] = GW_STAYS(SYNCED, 0),
            [GW_LIFE_BROKEN] = GW_STAYS(SYNCED, 0),
            [GW_LIFE_REFUSED] = GW_STAYS(SYNCED, 0),
            [GW_LIFE_DIFFERS] = GW_LOST(GAPPED, AUDIT, GW_HARMED),
            [GW_LIFE_WIDER] = GW_STAYS(SYNCED, GW_ACT_WHOLE | GW_ACT_SHOW),
            [GW_LIFE_WANTED] = GW_STAYS(SYNCED, 0),
            [GW_LIFE_SESSION] = GW_LOST(NAMED, NONE, 0),
            [GW_LIFE_SUSPECT] = GW_LOST(NAMED, NONE, GW_ACT_ASK),
            [GW_LIFE_CUT] = GW_LOST(NAMED, NONE, GW_ACT_FORGET),
        },
    };
    return &steps[phase][event];
}

#undef GW_STAYS
#undef GW_LOST
#undef GW_SYNCED
#undef GW_AGAIN
#undef GW_HARMED

#endif
