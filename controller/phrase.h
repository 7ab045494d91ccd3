/* Puts an alert that came in parts (alert_message.form) into the words of the site's texts: chooses the text, finds a value for
 * each of its slots, fills it. Pure. */
#ifndef TOCSIN_CONTROLLER_PHRASE_H
#define TOCSIN_CONTROLLER_PHRASE_H

#include "controller/intake.h"

/* Gives each info block of the alert's message that has no words yet a parameter "speech", in the languages that the site has
 * texts in. What the alert means must be known (terminals, places, hazard, level, received). False where a slot has no value,
 * or is none: the refusal names it. */
bool phrase_alert(const struct config *config, struct alert *alert, struct refusal *refusal);

#endif
