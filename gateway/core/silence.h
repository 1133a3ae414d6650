/* How long a stream may be silent. Pure: times are passed in (ns).
 *
 * Some streams come at fixed times whatever happens; the others as often as their market moves, which is
 * measured: the mean interval, and the longest recent pause, for a market that moves in bursts. */
#ifndef GW_SILENCE_H
#define GW_SILENCE_H

#include <stdbool.h>
#include <stdint.h>

/* Frames before a rate is believed; and how fast the longest pause is forgotten: half in 6 minutes. */
enum { GW_SILENCE_FRAMES_MIN = 16, GW_PAUSE_HALF_S = 512 };
static const int64_t GW_SILENCE_MIN_NS = 3000000000;

typedef struct gw_silence {
    int64_t expected_ns; /* between two frames as documented, 0: as the market moves */
    int64_t mean_ns;     /* measured */
    int64_t pause_ns;    /* longest, decaying */
    int64_t heard_mono;  /* last frame, over any source; or when silence began to count */
    uint32_t frames;     /* since then */
    bool never_judged;   /* comes with events of its own: liquidations, contracts */
    bool silent;
} gw_silence;

static inline int64_t gw_max_ns(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static inline void gw_silence_heard(gw_silence *s, int64_t mono)
{
    const int64_t interval = mono - s->heard_mono;
    if (s->frames++ > 0) { /* the first interval began with the subscription, not with a frame */
        s->mean_ns += (interval - s->mean_ns) / (s->frames > 16 ? 16 : s->frames - 1);
        s->pause_ns = gw_max_ns(s->pause_ns, interval);
    }
    s->heard_mono = mono;
}

/* A new subscription: nothing was heard over it yet. What was measured before it stays. */
static inline void gw_silence_begin(gw_silence *s, int64_t mono)
{
    s->heard_mono = mono;
    s->silent = false;
}

static inline void gw_silence_second(gw_silence *s)
{
    s->pause_ns -= s->pause_ns / GW_PAUSE_HALF_S;
}

/* The limit, or 0 where the stream is never judged. Ten times what is expected; a pause counts a third. */
static inline int64_t gw_silence_limit(const gw_silence *s, int64_t first_data_ns)
{
    if (s->never_judged)
        return 0;
    if (s->expected_ns)
        return gw_max_ns(GW_SILENCE_MIN_NS, 10 * s->expected_ns);
    const int64_t measured = gw_max_ns(GW_SILENCE_MIN_NS, gw_max_ns(10 * s->mean_ns, 10 * s->pause_ns / 3));
    return s->frames < GW_SILENCE_FRAMES_MIN ? gw_max_ns(first_data_ns, measured) : measured;
}

#endif
