/* What became of an alert, as an EBM answer says it. Pure: from the JSON that the API shows. */
#ifndef TOCSIN_CONTROLLER_EBM_REPORT_H
#define TOCSIN_CONTROLLER_EBM_REPORT_H

#include "codecs/ebm_answer.h"
#include "controller/api.h"

enum { EBM_REPORT_RUNS_MAX = 32, EBM_REPORT_CODES_SIZE = 4096 };

/* record points into the report and into the JSON: it must not be moved, and the JSON must live as long. */
struct ebm_report {
    struct ebm_record record;
    struct ebm_run runs[EBM_REPORT_RUNS_MAX];
    char run_descriptions[EBM_REPORT_RUNS_MAX][128];
    char description[128], area_codes[EBM_REPORT_CODES_SIZE], url[64];
};

/* alert: as GET /v1/alerts/ID shows it; deliveries: the array of GET /v1/alerts/ID/deliveries.
 *
 * A terminal sounded if it is proved to (sounding, heard) and did not fail: one that says so and is silent did. One in
 * maintenance was not meant. Success is: every meant one sounded; what only was commanded is no success. A drill of the
 * platform and whatever else is only recorded stays "unprocessed": it is not said to have been broadcast. */
void ebm_report_fill(struct ebm_report *report, const json_t *alert, const json_t *deliveries);

#endif
