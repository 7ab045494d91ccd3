/* What follows an alert by an officer's word: the all-clear, which says that its danger is over, or the correction of what it
 * said by mistake. Either is an alert in parts of its own over the same terminals, and goes through the same door. Pure. */
#ifndef TOCSIN_CONTROLLER_FOLLOW_UP_H
#define TOCSIN_CONTROLLER_FOLLOW_UP_H

#include "controller/intake.h"

/* The alert in parts (codecs/alert_json.h, without its key) of kind FORM_ALL_CLEAR or FORM_CORRECTION. of: the alert as the API
 * shows it; terminals: ids of those that it meant. asked: {reason, slots, text, places}, the last three as of an alert in
 * parts; places come on top of the same terminals, also those whose names {right} is. sender: who gives it. NULL: the refusal
 * says why, with "not_issuer" where he is neither its issuer nor a level above. New reference. */
json_t *follow_up_make(const struct config *config, enum form_kind kind, const json_t *of, json_t *terminals,
                       const json_t *asked, const char *sender, struct refusal *refusal);

#endif
