/* Follows the lines: a table of what each did since the last look. */
#ifndef TOCSIN_CONTROLLER_CLI_LINE_WATCH_H
#define TOCSIN_CONTROLLER_CLI_LINE_WATCH_H

#include "controller/cli.h"

/* One row per line of lines (of the API), with rates since before, the same some seconds earlier; before may be NULL. Prints
 * the table; false if a row was lost for want of memory. */
bool line_watch_print(const json_t *lines, const json_t *before, double seconds, FILE *out);

cli_function cli_line_watch;

#endif
