/* How long a stream may be silent. Pure: times are passed in (ns).
 *
 * Some streams come at fixed times whatever happens; the others as often as their market moves, which is
 * measured: the mean interval, and the longest recent pause, for a market that moves in bursts. What a fault made
 * is no pause of the market's: an interval in which a link was lost is not learned, nor one that broke the limit
 * and ends with something missing. One that broke it and ends with nothing missing may be either: it lengthens
 * the limit by half at most. */
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
    int64_t broke_ns;    /* to be learned of an interval that broke the limit, if nothing is missing; or 0 */
    uint64_t gaps;       /* of the stream, as counted before the frame that ended that interval */
    uint32_t frames;     /* ever */
    bool never_judged;   /* comes with events of its own: liquidations, contracts */
    bool silent;
    bool interrupted;    /* this interval does not tell how often the market moves */
} gw_silence;

static inline int64_t gw_max_ns(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static inline void gw_silence_learn(gw_silence *s, int64_t interval)
{
    s->mean_ns += (interval - s->mean_ns) / (s->frames > 16 ? 16 : s->frames > 1 ? s->frames - 1 : 1);
    s->pause_ns = gw_max_ns(s->pause_ns, interval);
}

/* A new subscription: nothing was heard over it yet. What was measured before it stays. */
static inline void gw_silence_begin(gw_silence *s, int64_t mono)
{
    s->heard_mono = mono;
    s->silent = false;
    s->interrupted = true;
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

/* A frame came. `gaps`: of the stream, as counted before it. */
static inline void gw_silence_heard(gw_silence *s, int64_t mono, int64_t first_data_ns, uint64_t gaps)
{
    const int64_t interval = mono - s->heard_mono;
    const bool interrupted = s->frames++ == 0 || s->interrupted;
    s->heard_mono = mono;
    s->interrupted = false;
    if (interrupted)
        return;
    if (s->silent) {
        const int64_t most = gw_silence_limit(s, first_data_ns) / 20 * 9; /* ten thirds of it: the limit and a half */
        s->broke_ns = interval < most ? interval : most;
        s->gaps = gaps;
        return;
    }
    gw_silence_learn(s, interval);
}

/* What the frame that ended a silence left missing is counted by now. */
static inline void gw_silence_settle(gw_silence *s, uint64_t gaps)
{
    if (s->broke_ns && s->gaps == gaps)
        gw_silence_learn(s, s->broke_ns);
    s->broke_ns = 0;
}

#endif
