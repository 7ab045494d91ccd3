/* A word for each loss and return, until there are too many. */
#include "controller/flap.h"

#include <stdio.h>

bool flap_take(struct flap *flap, bool lost, struct mono now, char text[FLAP_TEXT_SIZE])
{
    bool first = !flap->known, returns = flap->told_lost && !lost;
    flap->losses += lost && (first || !flap->lost);
    flap->known = true;
    flap->lost = lost;
    bool due = flap->losses > 0 && !mono_before(now, flap->quiet_until);
    if (!first && !returns && !due)
        return false;
    unsigned untold = lost ? flap->losses - (flap->losses > 0) : flap->losses; /* but for the one that is told now */
    text[0] = '\0';
    if (untold > 0)
        snprintf(text, FLAP_TEXT_SIZE, " (%u %s in the last minute)", flap->losses, flap->losses == 1 ? "time" : "times");
    if (flap->losses > 0)
        flap->quiet_until = mono_plus_ms(now, FLAP_QUIET_MS);
    flap->losses = 0;
    flap->told_lost = lost;
    return true;
}
