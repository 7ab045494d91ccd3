/* The judgement of a message: is it for us, valid, new enough, and what does it mean here? Pure: the time is an argument.
 * Every source enters through here. */
#ifndef TOCSIN_CONTROLLER_INTAKE_H
#define TOCSIN_CONTROLLER_INTAKE_H

#include "codecs/ebm.h"
#include "controller/alert.h"
#include "controller/delivery.h"
#include "controller/refusal.h"

struct intake_terms {
    const struct config *config;
    struct moment now;
    bool clock_trusted; /* false: nothing is refused for expiry, and nothing sounds for long */
    bool resuming;      /* read back from our own store: expiry is the desk's to judge, and its signature was judged */
    const struct ebm_package *package; /* what the message came in, if it is an EBM; NULL otherwise */
};

/* Makes an alert of a message. On success *alert takes the message over; the id and bytes are the caller's to fill. On a
 * refusal the message stays the caller's. */
bool intake_judge(const struct intake_terms *terms, struct alert_message *message, struct alert **alert,
                  struct refusal *refusal);

/* Nobody knows what time it is: it sounds now, for as long as the configuration allows, and a note says so and why. */
void intake_leave_unchecked(struct alert *alert, const struct config *config, struct moment now, const char *why);

#endif
