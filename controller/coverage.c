/* Counting of terminals and people. */
#include "controller/coverage.h"

#include "controller/delivery.h"
#include "controller/gazetteer.h"

#include <stdlib.h>
#include <string.h>

/* ---- who stands for whom ---- */

static int by_code(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct area_code));
}

/* Codes of its terminals that are not among the places: nobody knows who lives there. */
static size_t count_unlisted(const struct config *config, const struct alert *alert)
{
    size_t n = 0, different = 0;
    for (size_t i = 0; i < alert->n_terminals; i++)
        n += config->terminals[alert->terminals[i]].n_codes;
    struct area_code *codes = calloc(n + 1, sizeof *codes);
    n = 0;
    for (size_t i = 0; codes && i < alert->n_terminals; i++) {
        const struct config_terminal *terminal = &config->terminals[alert->terminals[i]];
        for (size_t c = 0; c < terminal->n_codes; c++)
            if (!config_find_place(config, &terminal->codes[c]))
                codes[n++] = terminal->codes[c];
    }
    if (n > 0)
        qsort(codes, n, sizeof *codes, by_code);
    for (size_t i = 0; i < n; i++)
        different += i == 0 || by_code(&codes[i - 1], &codes[i]) != 0;
    free(codes);
    return different;
}

void coverage_share(const struct config *config, struct alert *alert)
{
    struct gazetteer_heard heard;
    uint32_t *people = calloc(config->n_terminals + 1, sizeof *people);
    alert->people = calloc(alert->n_terminals + 1, sizeof *alert->people);
    if (gazetteer_hear(config, alert->terminals, alert->n_terminals, alert->groups, alert->n_groups, &heard) && people &&
        alert->people) {
        alert->population_unknown = gazetteer_share(&heard, people) + count_unlisted(config, alert);
        for (size_t i = 0; i < alert->n_terminals; i++)
            alert->people[i] = people[alert->terminals[i]];
    }
    gazetteer_free(&heard);
    free(people);
}

json_t *coverage_expected(const struct config *config, const struct alert *alert, const enum health_state *states)
{
    json_int_t n[HEALTH_STATES] = {0}, maintenance = 0, people = 0, reachable = 0;
    for (size_t i = 0; i < alert->n_terminals; i++) {
        enum health_state state = states[alert->terminals[i]];
        bool asked = !config->terminals[alert->terminals[i]].maintenance;
        json_int_t share = alert->people ? alert->people[i] : 0;
        people += share;
        maintenance += !asked;
        n[state] += asked;
        reachable += asked && (state == HEALTH_GOOD || state == HEALTH_DEGRADED) ? share : 0;
    }
    json_t *expected =
        json_pack("{s:I, s:I, s:I, s:I, s:I}", "terminals", (json_int_t)alert->n_terminals, "maintenance", maintenance,
                  "people", people, "people_reachable", reachable, "population_unknown", (json_int_t)alert->population_unknown);
    for (int state = 0; expected && state < HEALTH_STATES; state++)
        json_object_set_new(expected, health_state_name((enum health_state)state), json_integer(n[state]));
    return expected;
}

/* ---- how far it got ---- */

enum count {
    COUNT_MEANT,
    COUNT_SENT,
    COUNT_ACKNOWLEDGED,
    COUNT_ARMED,
    COUNT_SOUNDING,
    COUNT_HEARD,
    COUNT_FAILED,
    COUNT_PENDING,
    COUNT_EXCLUDED,
    COUNTS
};
static const char *const NAMES[COUNTS] = {"meant", "sent",   "acknowledged", "armed",   "sounding",
                                          "heard", "failed", "pending",      "excluded"};

struct coverage {
    json_int_t terminals[COUNTS], people[COUNTS];
    const char *read[COUNTS]; /* the latest of those counted; of COUNT_MEANT that of all */
};

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

/* Times of one site compare as texts: they have one offset. */
static void add(struct coverage *coverage, enum count count, json_int_t people, const char *read)
{
    coverage->terminals[count]++;
    coverage->people[count] += people;
    if (read && (!coverage->read[count] || strcmp(read, coverage->read[count]) > 0))
        coverage->read[count] = read;
}

static void add_delivery(struct coverage *coverage, const json_t *delivery)
{
    static const char *const ENDED[COUNTS] = {[COUNT_FAILED] = "failed", [COUNT_PENDING] = "", [COUNT_EXCLUDED] = "excluded"};
    const char *rung = text_of(delivery, "rung"), *end = text_of(delivery, "end");
    const char *read = json_string_value(json_object_get(json_object_get(delivery, "times"), "read"));
    json_int_t people = json_integer_value(json_object_get(delivery, "people"));
    int reached = RUNG_HEARD;
    while (reached > RUNG_NONE && strcmp(rung, rung_name((enum rung)reached)) != 0)
        reached--;
    add(coverage, COUNT_MEANT, people, read);
    for (int r = RUNG_SENT; r <= reached; r++)
        add(coverage, (enum count)(COUNT_SENT + r - RUNG_SENT), people, read);
    for (int e = COUNT_FAILED; e < COUNTS; e++)
        if (strcmp(end, ENDED[e]) == 0)
            add(coverage, (enum count)e, people, read);
}

/* Terminals on a channel whose turn has not come have no delivery yet. */
static void add_missing(struct coverage *coverage, json_int_t meant, json_int_t people)
{
    json_int_t missing = meant - coverage->terminals[COUNT_MEANT], without = people - coverage->people[COUNT_MEANT];
    if (missing <= 0)
        return;
    coverage->terminals[COUNT_MEANT] += missing;
    coverage->terminals[COUNT_PENDING] += missing;
    coverage->people[COUNT_MEANT] += without > 0 ? without : 0;
    coverage->people[COUNT_PENDING] += without > 0 ? without : 0;
}

static json_t *counts_json(const json_int_t counts[COUNTS])
{
    json_t *object = json_object();
    for (int c = 0; c < COUNTS; c++)
        json_object_set_new(object, NAMES[c], json_integer(counts[c]));
    return object;
}

static json_t *read_json(const struct coverage *coverage)
{
    static const enum count TOLD[] = {COUNT_HEARD, COUNT_FAILED, COUNT_PENDING, COUNT_MEANT};
    json_t *object = json_object();
    for (size_t i = 0; i < sizeof TOLD / sizeof *TOLD; i++)
        if (coverage->read[TOLD[i]])
            json_object_set_new(object, TOLD[i] == COUNT_MEANT ? "total" : NAMES[TOLD[i]],
                                json_string(coverage->read[TOLD[i]]));
    return object;
}

json_t *coverage_reached(const json_t *alert, const json_t *deliveries)
{
    const json_t *expected = json_object_get(alert, "expected"), *row;
    struct coverage coverage = {0};
    size_t i;
    json_array_foreach(deliveries, i, row)
    {
        const json_t *stored = json_object_get(row, "detail");
        add_delivery(&coverage, stored ? stored : row);
    }
    if (expected)
        add_missing(&coverage, json_integer_value(json_object_get(expected, "terminals")),
                    json_integer_value(json_object_get(expected, "people")));
    if (coverage.terminals[COUNT_MEANT] == 0)
        return NULL;
    return json_pack("{s:o, s:o, s:I, s:o}", "terminals", counts_json(coverage.terminals), "people",
                     counts_json(coverage.people), "population_unknown",
                     json_integer_value(json_object_get(expected, "population_unknown")), "read", read_json(&coverage));
}
