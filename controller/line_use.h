/* How much of a line's wire is used: shares of the last 10 s, of the last 10 min and since the start, from counters that only
 * grow. Pure: the time is an argument. */
#ifndef TOCSIN_CONTROLLER_LINE_USE_H
#define TOCSIN_CONTROLLER_LINE_USE_H

#include "codecs/base.h"
#include "hardware/line.h"

enum line_use_span { USE_10_S, USE_10_MIN, USE_ALL, USE_SPANS };

struct line_use_sample {
    struct mono at;
    uint64_t occupied_us, busy_us;
};

enum { USE_RECENT = 11, USE_LONG = 61 };

struct line_use { /* begins as zero */
    struct line_use_sample first, recent[USE_RECENT], longer[USE_LONG];
    uint32_t n_recent, n_longer; /* ever taken; recent is one a second, longer one in 10 s */
};

/* In percent, 0 to 100. */
struct line_use_share {
    double occupied; /* bytes, silences, turnarounds and waits: nothing else could be sent */
    double bytes;    /* bytes of requests and replies alone */
};

/* Takes the counters; once at the creation of the line, then once a second. */
void line_use_take(struct line_use *use, const struct line_counts *counts, struct mono now);

/* From the oldest sample within the span to the last. */
struct line_use_share line_use_of(const struct line_use *use, enum line_use_span span);

#endif
