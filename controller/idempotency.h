/* Idempotency keys: which body a sender gave one to, for a day. Pure; the store has the same, and fills it after a restart. */
#ifndef TOCSIN_CONTROLLER_IDEMPOTENCY_H
#define TOCSIN_CONTROLLER_IDEMPOTENCY_H

#include "controller/alert.h"

enum {
    IDEMPOTENCY_MAX = 1000, /* keys; the oldest goes first */
    IDEMPOTENCY_LIFE_MS = 24 * 3600 * 1000,
};

struct idempotency;

struct idempotency *idempotency_create(void); /* NULL without memory */
void idempotency_free(struct idempotency *table);

/* Makes the key of a body; text NULL or "": none. False if it is none that we take: 1 to 128 visible ASCII characters. */
bool idempotency_key(struct alert_key *key, const char *user, const char *text, struct slice body);

/* True if this user gave the key to another body. No key never conflicts. */
bool idempotency_conflicts(const struct idempotency *table, const struct alert_key *key, struct wall now);

/* The id of the alert that this user gave the key to, with the same body; NULL: there is none. Good until the next change. */
const char *idempotency_alert(const struct idempotency *table, const struct alert_key *key, struct wall now);

void idempotency_keep(struct idempotency *table, const struct alert_key *key, struct wall at);
void idempotency_drop(struct idempotency *table, const struct alert_key *key); /* its alert was refused */

#endif
