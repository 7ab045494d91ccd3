/* tocsin history export: lines of JSON, each an object with one member that says what the line is:
 *
 *     {"history": {"format": 1, "exported": TIME, "since": TIME, "until": TIME}}    the first line
 *     {"alert": {...}}, {"delivery": {...}}                                        as the API shows them
 *     {"chain": {"previous": "SEQ:HASH"}}                                          what the first entry builds upon
 *     {"audit": {...}}                                                             entries, the oldest first
 *     {"end": {"alerts": N, "deliveries": N, "audit": N}}                          the last line */
#ifndef TOCSIN_CONTROLLER_CLI_HISTORY_H
#define TOCSIN_CONTROLLER_CLI_HISTORY_H

#include "controller/cli.h"

cli_function cli_history_export;

#endif
