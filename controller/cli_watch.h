/* Follows an alert to its end over the event stream. */
#ifndef TOCSIN_CONTROLLER_CLI_WATCH_H
#define TOCSIN_CONTROLLER_CLI_WATCH_H

#include "controller/cli.h"

/* Shows the alert until its state is final, then the report. Returns the alert's exit status; CLI_UNREACHABLE when the daemon
 * was away for setup->patience_ms; CLI_NOT_REACHED after Ctrl-C. */
enum cli_exit watch_alert(struct cli *cli, const char *id);

cli_function cli_alert_watch;

#endif
