/* Two rings of samples; a share is what was between two of them. */
#include "controller/line_use.h"

enum { LONGER_US = 10000000 };

void line_use_take(struct line_use *use, const struct line_counts *counts, struct mono now)
{
    const struct line_use_sample sample = {now, counts->occupied_us, counts->busy_us};
    if (use->n_recent == 0)
        use->first = sample;
    use->recent[use->n_recent++ % USE_RECENT] = sample;
    if (use->n_longer == 0 || mono_since(now, use->longer[(use->n_longer - 1) % USE_LONG].at) >= LONGER_US)
        use->longer[use->n_longer++ % USE_LONG] = sample;
}

static const struct line_use_sample *oldest(const struct line_use *use, enum line_use_span span)
{
    switch (span) {
    case USE_10_S: return &use->recent[use->n_recent > USE_RECENT ? use->n_recent % USE_RECENT : 0];
    case USE_10_MIN: return &use->longer[use->n_longer > USE_LONG ? use->n_longer % USE_LONG : 0];
    default: return &use->first;
    }
}

static double percent(uint64_t from_us, uint64_t to_us, int64_t span_us)
{
    double share = span_us > 0 ? 100.0 * (double)(to_us - from_us) / (double)span_us : 0;
    return share < 100 ? share : 100;
}

struct line_use_share line_use_of(const struct line_use *use, enum line_use_span span)
{
    if (use->n_recent == 0)
        return (struct line_use_share){0, 0};
    const struct line_use_sample *from = oldest(use, span), *to = &use->recent[(use->n_recent - 1) % USE_RECENT];
    int64_t span_us = mono_since(to->at, from->at);
    return (struct line_use_share){percent(from->occupied_us, to->occupied_us, span_us),
                                   percent(from->busy_us, to->busy_us, span_us)};
}
