/* How well one terminal is, from what was seen of it, and what of that is news. Pure: the time is an argument. */
#ifndef TOCSIN_CONTROLLER_HEALTH_H
#define TOCSIN_CONTROLLER_HEALTH_H

#include "codecs/base.h"
#include "hardware/line.h"

enum health_state {
    HEALTH_GOOD,
    HEALTH_DEGRADED, /* it answers, and something is wrong with it */
    HEALTH_DEAD,     /* it does not answer */
    HEALTH_UNKNOWN,  /* nobody can say: its line is down, or it was not read (yet, or for too long) */
    HEALTH_STATES
};
const char *health_state_name(enum health_state state); /* "good", ... */

enum {
    HEALTH_MINUTES = 10,     /* what is counted below is counted over so many */
    HEALTH_BAD_LEAST = 3,    /* answers that were missing or damaged, */
    HEALTH_BAD_PERCENT = 10, /* and their share of the requests */
    HEALTH_LOST_LEAST = 3,   /* times that it was lost */
    HEALTH_TROUBLE_S = 600,  /* a trouble that no reading takes back stands for so long */
    HEALTH_SHOWN_S = 100,    /* a fault is shown within (EN 54-16): who was not read for so long is told of */
    HEALTH_QUIET_S = 60,     /* who comes and goes is told of as lost once in this time */
    HEALTH_WHY_SIZE = 256,
};

/* Sums since the start. Requests, missing and damaged answers of a dead one, who is only probed, are not counted. */
struct health_counts {
    uint32_t requests, missing, damaged, lost;
};

struct health { /* begins as zero */
    bool read;  /* reading is one */
    bool dead;
    struct terminal_reading reading; /* the last */
    char fault[96];                  /* which of its fields report one; "" for none */
    enum terminal_trouble trouble;   /* the last that no reading has taken back */
    struct mono trouble_at;
    char words[160];                                   /* of the trouble */
    char symptom[160];                                 /* of a wrong address; it stands while seen.symptom says so */
    struct terminal_health seen;                       /* as the line last counted */
    struct health_counts sum, minutes[HEALTH_MINUTES]; /* now, and at the last ten full minutes */
    unsigned n_minutes;
    struct mono minute_at;         /* the next is full */
    enum health_state told, worst; /* the last that was news; the worst since it is quiet */
    struct mono quiet_until;
};

/* Takes an event that concerns this terminal. */
void health_take_event(struct health *health, const struct profile *profile, const struct line_event *event);

/* Takes what the line has counted; about once a second. */
void health_take_counts(struct health *health, const struct terminal_health *seen, struct mono now);

/* What the terminal's line is like. */
struct health_terms {
    bool up;
    int64_t stale_us; /* a reading that is older says nothing of now */
};

struct health_verdict {
    enum health_state state;
    bool tell;                 /* worth telling, if it was not told; what its line tells already, or a start brings, is not */
    char why[HEALTH_WHY_SIZE]; /* "" only where it is good */
};

struct health_verdict health_judge(const struct health *health, const struct health_terms *terms, struct mono now);

/* True if it is to be told now, and then counts as told. Better states are told at once, and so is one that is worse than all
 * that was told since it is quiet; then it is quiet for HEALTH_QUIET_S. Before anything is told, good is taken for granted. */
bool health_is_news(struct health *health, const struct health_verdict *verdict, struct mono now);

#endif
