/* Coverage as people read it. */
#include "controller/cli_coverage.h"

#include <string.h>

/* 5480 as 5,480. */
static void grouped(long n, char text[32])
{
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%ld", n < 0 ? 0 : n), used = 0;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            text[used++] = ',';
        text[used++] = digits[i];
    }
    text[used] = '\0';
}

static void append(char text[COVERAGE_LINE], const char *more)
{
    size_t used = strlen(text);
    text_copy(text + used, COVERAGE_LINE - used, more);
}

/* "heard: 34 of 36 terminals, 5,210 of 5,480 people" */
static void append_rung(char text[COVERAGE_LINE], const json_t *coverage, const char *rung)
{
    const json_t *terminals = json_object_get(coverage, "terminals"), *people = json_object_get(coverage, "people");
    char reached[32], meant[32], more[96];
    snprintf(more, sizeof more, "%s: %ld of %ld terminals", rung, cli_integer(terminals, rung),
             cli_integer(terminals, "meant"));
    append(text, more);
    if (cli_integer(people, "meant") == 0)
        return;
    grouped(cli_integer(people, rung), reached);
    grouped(cli_integer(people, "meant"), meant);
    snprintf(more, sizeof more, ", %s of %s people", reached, meant);
    append(text, more);
}

bool coverage_reached_text(const json_t *coverage, char text[COVERAGE_LINE])
{
    const json_t *terminals = json_object_get(coverage, "terminals");
    text[0] = '\0';
    if (!coverage)
        return false;
    append_rung(text, coverage, "heard");
    if (cli_integer(terminals, "sounding") > cli_integer(terminals, "heard")) {
        append(text, "; ");
        append_rung(text, coverage, "sounding");
    }
    return true;
}

void coverage_rest_text(const json_t *coverage, char text[COVERAGE_LINE])
{
    const json_t *terminals = json_object_get(coverage, "terminals");
    const char *read = cli_text(json_object_get(coverage, "read"), "total");
    char more[64];
    snprintf(text, COVERAGE_LINE, "failed %ld, pending %ld", cli_integer(terminals, "failed"),
             cli_integer(terminals, "pending"));
    if (strlen(read) > 19) { /* 2026-11-26T03:12:41.707+08:00 */
        snprintf(more, sizeof more, "; last read at %.8s", read + 11);
        append(text, more);
    }
    if (cli_integer(coverage, "population_unknown") > 0) {
        snprintf(more, sizeof more, "; population unknown for %ld places", cli_integer(coverage, "population_unknown"));
        append(text, more);
    }
}

void coverage_expected_text(const json_t *alert, char text[COVERAGE_LINE])
{
    static const char *const STATES[] = {"good", "degraded", "dead", "unknown", "maintenance"};
    const json_t *expected = json_object_get(alert, "expected");
    const char *between = "; when it came ";
    char more[96], people[32];
    snprintf(text, COVERAGE_LINE, "%ld meant", cli_integer(alert, "terminals"));
    for (size_t i = 0; i < sizeof STATES / sizeof *STATES; i++) {
        if (cli_integer(expected, STATES[i]) == 0)
            continue;
        snprintf(more, sizeof more, "%s%ld %s", between, cli_integer(expected, STATES[i]), STATES[i]);
        append(text, more);
        between = ", ";
    }
    if (cli_integer(expected, "people") == 0)
        return;
    grouped(cli_integer(expected, "people"), people);
    snprintf(more, sizeof more, "; %s people", people);
    append(text, more);
}
