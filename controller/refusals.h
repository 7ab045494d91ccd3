/* How many refusals the audit trail gets one by one. A login may have a few at once and one a minute after that; what goes
 * beyond is summed up, so that nobody fills the disk by being refused. Pure. */
#ifndef TOCSIN_CONTROLLER_REFUSALS_H
#define TOCSIN_CONTROLLER_REFUSALS_H

#include "codecs/base.h"

enum {
    REFUSALS_AT_ONCE = 30,
    REFUSALS_LOGINS = 32, /* that are told apart; all others count as one, "others" */
    REFUSALS_LOGIN_SIZE = 64,
};

struct refusals {
    struct refusal_count {
        char login[REFUSALS_LOGIN_SIZE]; /* "": free */
        unsigned used;                   /* of REFUSALS_AT_ONCE; one is given back each minute */
        struct mono given_back;
        unsigned more;           /* not told one by one */
        struct mono first, last; /* of these; last: of all */
    } counts[REFUSALS_LOGINS];
};

/* A refusal of this login. True: it is told by itself. */
bool refusals_take(struct refusals *refusals, const char *login, struct mono now);

/* The next sum that is due: a minute after its first, or at_end. Returns how many, 0: none is; over_s: in how many seconds. */
unsigned refusals_sum(struct refusals *refusals, struct mono now, bool at_end, char login[REFUSALS_LOGIN_SIZE],
                      unsigned *over_s);

#endif
