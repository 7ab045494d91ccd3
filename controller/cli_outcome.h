/* What came of an alert, from its JSON: the exit status, each delivery's end, and every reason in plain words. Pure. */
#ifndef TOCSIN_CONTROLLER_CLI_OUTCOME_H
#define TOCSIN_CONTROLLER_CLI_OUTCOME_H

#include "controller/cli.h"

enum { OUTCOME_TEXT = 512 };

/* True for a state in which its programme is over: finished, stopped, cleared, cancelled, expired, superseded, refused, which
 * it does not leave; or returning, while it is in force. */
bool outcome_is_final(const char *state);

/* True if none of these deliveries (by terminal id) is still under way. */
bool outcome_all_ended(const json_t *deliveries);

/* Its best rung is the highest that its profile can show. */
bool outcome_is_reached(const json_t *delivery);

/* REACHED if every delivery that is not excluded reached its highest rung. An alert that means terminals but has no delivery
 * that counts is NOT_REACHED: nothing was proved. deliveries is a JSON array. */
enum cli_exit outcome_exit(const json_t *alert, const json_t *deliveries);

/* "failed(silent)", or the rung while there is no end yet. */
void outcome_label(const json_t *delivery, char *text, size_t size);

/* Why it did not get further and what to look at; empty for one that reached its highest rung. */
void outcome_explain(const json_t *delivery, char *text, size_t size);

/* Deliveries by what they are now. total is without excluded; pending: neither reached nor ended. One that was heard and
 * failed afterwards (not_stopped) is both reached and failed. */
struct outcome_counts {
    size_t total, reached, failed, pending, excluded;
};
struct outcome_counts outcome_count(const json_t *deliveries);

/* Seconds from the alert's acceptance to one of the delivery's times ("heard"); false if either is not there. */
bool outcome_seconds(const json_t *alert, const json_t *delivery, const char *time, double *seconds);

#endif
