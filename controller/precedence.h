/* Which of two alerts goes first on a channel. Pure.
 * Order: status (actual, exercise, the rest), level, urgency, hazard rank, earlier received, id. */
#ifndef TOCSIN_CONTROLLER_PRECEDENCE_H
#define TOCSIN_CONTROLLER_PRECEDENCE_H

#include "config/config.h"

struct precedence {
    enum alert_status status;
    enum level level;
    enum alert_urgency urgency;
    int hazard_rank;
    struct wall received;
    const char *id; /* breaks ties, so that the order is total */
};

/* Negative if a goes before b, positive if after, 0 only for the same alert. */
int precedence_compare(const struct precedence *a, const struct precedence *b);

/* True if a may cut into b: it is higher by status, level, urgency or rank, not only by time of arrival. */
bool precedence_higher(const struct precedence *a, const struct precedence *b);

#endif
