/* Which of two alerts goes first on a channel, and what one that waits may do to the one that sounds. Pure.
 * Order: status (actual, exercise, the rest), level, urgency, hazard rank, turn, earlier received, id. */
#ifndef TOCSIN_CONTROLLER_PRECEDENCE_H
#define TOCSIN_CONTROLLER_PRECEDENCE_H

#include "config/config.h"

struct precedence {
    enum alert_status status;
    enum level level;
    enum alert_urgency urgency;
    int hazard_rank;
    uint64_t turn; /* equals take turns: 0 for one that has not given up its turn here, else later ones are larger */
    struct wall received;
    const char *id; /* breaks ties, so that the order is total */
};

/* Negative if a goes before b, positive if after, 0 only for the same alert. */
int precedence_compare(const struct precedence *a, const struct precedence *b);

enum precedence_claim {
    CLAIM_NONE,    /* waits until the other is over */
    CLAIM_TURN,    /* its equal but for turn and time: sounds when the other has played its repetition */
    CLAIM_PREEMPT, /* higher: sounds at once, and the other goes on behind it */
    CLAIM_CUT_OFF, /* actual, and the other an exercise: sounds at once, and the other never again by itself */
};
enum precedence_claim precedence_claim(const struct precedence *waiting, const struct precedence *sounding);

#endif
