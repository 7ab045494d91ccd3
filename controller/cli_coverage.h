/* Coverage in a line or two, from the API's objects. Pure. */
#ifndef TOCSIN_CONTROLLER_CLI_COVERAGE_H
#define TOCSIN_CONTROLLER_CLI_COVERAGE_H

#include "controller/cli.h"

enum { COVERAGE_LINE = 256 };

/* "heard: 34 of 36 terminals, 5,210 of 5,480 people", and how many sound where those are more; without people where nobody
 * counted them. False, and "", without a coverage. */
bool coverage_reached_text(const json_t *coverage, char text[COVERAGE_LINE]);

/* "failed 2, pending 0; last read at 03:12:41; population unknown for 3 places" */
void coverage_rest_text(const json_t *coverage, char text[COVERAGE_LINE]);

/* "36 meant; when it came 33 good, 1 degraded, 2 dead; 5,480 people": an alert's terminals and expected. */
void coverage_expected_text(const json_t *alert, char text[COVERAGE_LINE]);

#endif
