/* What happens, written down: alerts, deliveries, readings and alarms become rows and events of the store. */
#ifndef TOCSIN_CONTROLLER_JOURNAL_H
#define TOCSIN_CONTROLLER_JOURNAL_H

#include "audio/playout.h"
#include "controller/broadcast.h"
#include "controller/store.h"

struct journal {
    const struct config *config;
    struct store *store;
};

/* The alert with its bytes, state and details; event "alert". done may be NULL. */
void journal_alert(const struct journal *journal, const struct alert *alert, struct wall now, store_done_fn *done,
                   void *context);
void journal_delivery(const struct journal *journal, const struct broadcast *broadcast, const struct delivery *delivery);
void journal_reading(const struct journal *journal, const struct broadcast *broadcast, const struct delivery *delivery,
                     const struct terminal_reading *reading, enum loudness_verdict verdict);
void journal_programme(const struct journal *journal, const struct broadcast *broadcast, const struct playout_event *event);
void journal_alarm(const struct journal *journal, const struct alert *alert, const char *what, const char *detail);
void journal_line(const struct journal *journal, uint32_t line, bool up, const char *error);
void journal_number(const struct journal *journal, const char *name, int64_t value, store_done_fn *done, void *context);

/* A delivery as docs/api.yaml shows it, without what the store adds. New reference. */
json_t *journal_delivery_json(const struct config *config, const char *alert, const struct delivery *delivery);

/* {counts: {rung: n}, ends: {end: n}} of deliveries as the store lists them. New reference. */
json_t *journal_tally(const json_t *deliveries);

#endif
