/* What was proved before, in an earlier broadcast of the alert or before a restart: its deliveries as they were written, read
 * back into its new broadcast. Pure. */
#ifndef TOCSIN_CONTROLLER_EVIDENCE_H
#define TOCSIN_CONTROLLER_EVIDENCE_H

#include "controller/broadcast.h"

/* Takes best rungs, their times and the highest level from alert->deliveries. A
 * baseline is not taken: what is measured from now on needs one of now. */
void evidence_recall(struct broadcast *broadcast);

/* True if the delivery had come to its end for good. */
bool evidence_is_final(const struct broadcast *broadcast, const struct delivery *delivery);

#endif
