/* The gates of a source: what it may send at all, what waits for a second person, what waits for the morning. Pure: the time is
 * an argument. What cannot wait never does: it sounds, and a signature is owed for it. */
#ifndef TOCSIN_CONTROLLER_GATE_H
#define TOCSIN_CONTROLLER_GATE_H

#include "controller/alert.h"
#include "controller/intake.h"

struct gate_terms {
    const struct config *config;
    struct wall now;
    bool clock_trusted; /* false: nobody knows whether it is night, and nothing waits for its end */
};

/* At the door, once: whether its source may send this. recent: its new alerts of the last hour that sounded, or its drills if
 * this is one. False: the refusal names the setting. Areas are intake's to bound. */
bool gate_admits(const struct config *config, const struct alert *alert, uint32_t recent, struct refusal *refusal);

/* True if it counts towards its source's rate: not what ends or updates another. */
bool gate_counts(const struct alert *alert);

/* It is admitted although its source has sent too many: it could not wait. */
bool gate_beyond_rate(const struct config *config, const struct alert *alert, uint32_t recent);

/* What keeps it from beginning now. until: the end of the night, else {0}. Nothing keeps what has begun. */
struct gate_hold {
    enum alert_hold what;
    struct wall until;
};
struct gate_hold gate_judge(const struct gate_terms *terms, const struct alert *alert);

/* The end of the night, where it waits for it, or its programme does that is to return; {0}: it does not. */
struct wall gate_night(const struct gate_terms *terms, const struct alert *alert);

/* It needs a second person's word, has none, and goes on without. */
bool gate_owes_signature(const struct config *config, const struct alert *alert);

#endif
