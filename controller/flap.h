/* What is lost and comes back over and over is told at once the first time, then once a minute with how often. Pure. */
#ifndef TOCSIN_CONTROLLER_FLAP_H
#define TOCSIN_CONTROLLER_FLAP_H

#include "codecs/base.h"

enum { FLAP_QUIET_MS = 60000, FLAP_TEXT_SIZE = 48 };

struct flap { /* begins as zero */
    bool known, lost;
    bool told_lost;  /* the loss was told, the return not yet */
    unsigned losses; /* since something was told */
    struct mono quiet_until;
};

/* Takes what is so now, at each change and from time to time. True when it shall be told; text: what to add, may be empty. */
bool flap_take(struct flap *flap, bool lost, struct mono now, char text[FLAP_TEXT_SIZE]);

#endif
