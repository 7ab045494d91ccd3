/* The report of an alert, as people read it. */
#ifndef TOCSIN_CONTROLLER_CLI_REPORT_H
#define TOCSIN_CONTROLLER_CLI_REPORT_H

#include "controller/cli.h"

/* "2026-11-22 03:20:00" of an RFC 3339 time, in the offset in which it stands: the site's in what the daemon answers. */
enum { REPORT_TIME = 20 };
void report_time(const char *time, char text[REPORT_TIME]);

/* What an alert is, in a few lines: id, level, hazard, state, area, words, what is not spoken, times. */
void report_alert(FILE *out, const json_t *alert);

/* How far it got with terminals and people, in a line or two; nothing without (NULL). */
void report_coverage(FILE *out, const json_t *coverage);

/* Counts, a row per terminal, and why those failed that did. deliveries is a JSON array. */
void report_deliveries(FILE *out, const json_t *alert, const json_t *deliveries);

/* Fetches an alert and its deliveries (the array). False after a failure that was told; *exit says which. */
bool report_fetch(struct cli *cli, const char *id, json_t **alert, json_t **deliveries, enum cli_exit *exit);

/* Prints the whole, or with --json {"alert", "deliveries"}; returns the alert's exit status. */
enum cli_exit report_print(struct cli *cli, const json_t *alert, const json_t *deliveries);

cli_function cli_report;

#endif
