/* What happens, written down: alerts, deliveries, readings and alarms become rows and events of the store. */
#ifndef TOCSIN_CONTROLLER_JOURNAL_H
#define TOCSIN_CONTROLLER_JOURNAL_H

#include "audio/playout.h"
#include "controller/broadcast.h"
#include "controller/health.h"
#include "controller/store.h"

struct journal {
    const struct config *config;
    struct store *store;
    /* After done: the disk has answered a change of this alert, for which alert->owed was counted up. May be NULL. */
    void (*settled)(void *context, const char *alert, const struct error *error);
    void *context;
};

/* What somebody has decided, for the audit trail. */
struct decision {
    const char *actor;  /* a login, a source, or "tocsin" */
    const char *action; /* a word: accepted, stopped, ... */
    json_t *detail;     /* an object with what it was decided upon; taken over; NULL: nothing more */
};

/* About an alert or, with subject "", about anything else; it changes nothing itself. */
void journal_decision(const struct journal *journal, const char *subject, const struct decision *decision);
/* As journal_alert does, in one commit with the decision that has changed the alert. */
void journal_decided(const struct journal *journal, struct alert *alert, struct wall now, const struct decision *decision,
                     store_done_fn *done, void *context);
/* The alert with its bytes, state and details; event "alert". done may be NULL. */
void journal_alert(const struct journal *journal, struct alert *alert, struct wall now, store_done_fn *done, void *context);
/* The same without an event: of what may still be refused. */
void journal_quietly(const struct journal *journal, struct alert *alert, struct wall now, store_done_fn *done, void *context);
/* How the store knows an alert that another one names; without sent_text by sender and identifier alone. */
void journal_reference(const struct alert_reference *reference, struct store_reference *key);
/* The key of an alert that was known before. */
void journal_key(const struct journal *journal, const struct alert_key *key, const char *alert, struct wall now);
/* A stored alert that is not in memory, with its state, reason and details as they stand in row, in one commit with the
 * decision that has changed it; event "alert". */
void journal_stored(const struct journal *journal, const struct store_alert *row, struct wall now,
                    const struct decision *decision, store_done_fn *done, void *context);
/* An alert with all its deliveries, after some of it could not be stored. */
void journal_again(const struct journal *journal, struct alert *alert, struct wall now);
void journal_delivery(const struct journal *journal, const struct broadcast *broadcast, const struct delivery *delivery);
void journal_reading(const struct journal *journal, const struct broadcast *broadcast, const struct delivery *delivery,
                     const struct terminal_reading *reading, enum loudness_verdict verdict);
void journal_programme(const struct journal *journal, const struct broadcast *broadcast, const struct playout_event *event);
void journal_alarm(const struct journal *journal, const struct alert *alert, const char *what, const char *detail);
void journal_alarm_of(const struct journal *journal, const char *id, const char *what, const char *detail); /* by its id */
void journal_alarm_over(const struct journal *journal, const char *what, const char *detail); /* event "alarm" as well */
void journal_line(const struct journal *journal, uint32_t line, bool up, const char *error);
/* A terminal is another than was told; event "terminal". The site logs it. */
void journal_terminal(const struct journal *journal, uint32_t terminal, const struct health_verdict *verdict);
/* How the terminals of a line are that came up, {id: state}; event "line". */
void journal_line_states(const struct journal *journal, uint32_t line, const json_t *states);
/* Lets go of a little of what is older than the configuration keeps. */
void journal_tidy(const struct journal *journal, struct wall now);
void journal_number(const struct journal *journal, const char *name, int64_t value, store_done_fn *done, void *context);
void journal_forget_number(const struct journal *journal, const char *name);

/* The number that is the last token of a channel. */
void journal_token_name(const struct config_channel *channel, char name[64]);

/* A delivery as docs/api.yaml shows it, without what the store adds. New reference. */
json_t *journal_delivery_json(const struct config *config, const char *alert, const struct delivery *delivery);

/* {counts: {rung: n}, ends: {end: n}} of deliveries as the store lists them. New reference. */
json_t *journal_tally(const json_t *deliveries);

#endif
