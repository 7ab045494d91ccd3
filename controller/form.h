/* The JSON of an alert in parts on its way in: gets its key when it comes, and its words when they are known, so that what is
 * stored says all that it was. Pure. */
#ifndef TOCSIN_CONTROLLER_FORM_H
#define TOCSIN_CONTROLLER_FORM_H

#include "codecs/alert_message.h"

/* The body with identifier, sender and sent; ERROR_INVALID where it has them or is no JSON object. The caller frees. */
char *form_with_key(struct slice body, const char *identifier, const char *sender, const char *sent, struct error *error);

/* The same with what is said in each language; NULL without memory. The caller frees. */
char *form_with_words(struct slice form, const struct alert_message *message);

#endif
