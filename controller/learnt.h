/* What was learnt of the terminals' answer times, and when it is worth writing down. Pure: the time is an argument. */
#ifndef TOCSIN_CONTROLLER_LEARNT_H
#define TOCSIN_CONTROLLER_LEARNT_H

#include "codecs/base.h"

enum { LEARNT_SHARE = 5 /* a fifth */, LEARNT_LEAST_US = 3000, LEARNT_PAUSE_MS = 600000 };

struct learnt {          /* begins as zero */
    int64_t stored_us;   /* what the store has; 0: nothing */
    struct mono written; /* when it was last given to it in this life; {0}: not yet */
};

/* True if it differs from what is stored by more than a fifth of that and 3 ms; 0 tells nothing. */
bool learnt_differs(const struct learnt *learnt, int64_t answer_us);

/* The same, and it was not written for LEARNT_PAUSE_MS. */
bool learnt_due(const struct learnt *learnt, int64_t answer_us, struct mono now);

#endif
