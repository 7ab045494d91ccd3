/* Coverage: who stands for whom, what is to be hoped for, and what was reached; at the size of a county. */
#include "controller/coverage.h"

#include "codecs/monotonic.h"
#include "controller/cli_coverage.h"
#include "controller/journal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { N_PLACES = 124, N_TERMINALS = 2000 };

struct county {
    struct config config;
    struct profile profile;
    struct config_line line;
    struct config_channel channel;
    struct config_place places[N_PLACES];
    struct config_terminal terminals[N_TERMINALS];
    uint32_t meant[N_TERMINALS];
    struct alert alert;
};

static void make_code(char digits[13], size_t place)
{
    snprintf(digits, 13, "360499103%03u", (unsigned)(201 + place % 700));
}

/* Terminals in turn over the places, 100 people in each. */
static struct county *new_county(size_t n_places, size_t n_terminals)
{
    struct county *county = calloc(1, sizeof *county);
    assert_non_null(county);
    county->profile.commands[COMMAND_START].given = true;
    for (size_t p = 0; p < n_places; p++) {
        make_code(county->places[p].id, p);
        make_code(county->places[p].code.digits, p);
        county->places[p].population = 100;
    }
    for (size_t t = 0; t < n_terminals; t++) {
        struct config_terminal *terminal = &county->terminals[t];
        terminal->hardware.profile = &county->profile;
        snprintf(terminal->hardware.id, sizeof terminal->hardware.id, "t%zu", t);
        terminal->n_codes = 1;
        make_code(terminal->codes[0].digits, t % n_places);
        county->meant[t] = (uint32_t)t;
    }
    county->config = (struct config){.n_places = n_places,
                                     .places = county->places,
                                     .n_terminals = n_terminals,
                                     .terminals = county->terminals,
                                     .n_lines = 1,
                                     .lines = &county->line,
                                     .n_channels = 1,
                                     .channels = &county->channel};
    county->alert.terminals = county->meant;
    county->alert.n_terminals = n_terminals;
    return county;
}

static void share(struct county *county)
{
    assert_true(config_gather_terminals(&county->config));
    coverage_share(&county->config, &county->alert);
}

static void free_county(struct county *county)
{
    free(county->alert.people);
    for (size_t p = 0; p < N_PLACES; p++)
        free(county->places[p].terminals);
    free(county);
}

static json_int_t number(const json_t *object, const char *outer, const char *name)
{
    return json_integer_value(json_object_get(outer ? json_object_get(object, outer) : object, name));
}

static const char *read_of(const json_t *coverage, const char *name)
{
    return json_string_value(json_object_get(json_object_get(coverage, "read"), name));
}

static void test_whom_nobody_counted(void **state)
{
    (void)state;
    struct county *county = new_county(3, 7);
    county->places[1].population = 0;
    strcpy(county->terminals[5].codes[0].digits, "360499109201"); /* places that are not listed */
    strcpy(county->terminals[6].codes[0].digits, "360499109201");
    county->terminals[6].n_codes = 2;
    strcpy(county->terminals[6].codes[1].digits, "360499109202");
    share(county);
    assert_int_equal(county->alert.population_unknown, 3);
    const uint32_t wanted[] = {50, 0, 100, 50, 0, 0, 0};
    assert_memory_equal(county->alert.people, wanted, sizeof wanted);
    free_county(county);
}

static void test_expected(void **state)
{
    (void)state;
    struct county *county = new_county(1, 6);
    const enum health_state states[] = {HEALTH_GOOD, HEALTH_DEGRADED, HEALTH_DEAD, HEALTH_UNKNOWN, HEALTH_GOOD, HEALTH_GOOD};
    county->terminals[4].maintenance = true;
    county->alert.n_terminals = 5; /* a shape leaves one out, and those who live by it */
    share(county);
    json_t *expected = coverage_expected(&county->config, &county->alert, states);
    static const struct {
        const char *name;
        int n;
    } WANTED[] = {{"terminals", 5},         {"good", 1},        {"degraded", 1}, {"dead", 1},
                  {"unknown", 1},           {"maintenance", 1}, {"people", 84},  {"people_reachable", 34},
                  {"population_unknown", 0}};
    assert_int_equal(json_object_size(expected), sizeof WANTED / sizeof *WANTED);
    for (size_t i = 0; i < sizeof WANTED / sizeof *WANTED; i++)
        if (number(expected, NULL, WANTED[i].name) != WANTED[i].n)
            fail_msg("%s: %d", WANTED[i].name, (int)number(expected, NULL, WANTED[i].name));
    json_decref(expected);
    free_county(county);
}

static json_t *row(const char *rung, const char *end, int people, const char *read)
{
    json_t *times = read ? json_pack("{s:s}", "read", read) : json_object();
    return json_pack("{s:s, s:s, s:i, s:o}", "rung", rung, "end", end, "people", people, "times", times);
}

/* Of eight terminals: two have no delivery yet, one is read from the store. */
static json_t *eight(json_t *alert)
{
    json_t *rows = json_array();
    json_array_append_new(rows, row("heard", "heard", 100, "2026-11-26T03:12:41.700+08:00"));
    json_array_append_new(rows, row("heard", "failed", 10, "2026-11-26T03:12:40.000+08:00"));
    json_array_append_new(rows, row("sounding", "", 1, "2026-11-26T03:12:42.000+08:00"));
    json_array_append_new(rows, json_pack("{s:s, s:o}", "rung", "heard", "detail", row("armed", "failed", 2, NULL)));
    json_array_append_new(rows, row("none", "excluded", 4, NULL));
    json_array_append_new(rows, row("sent", "cancelled", 8, NULL));
    json_t *coverage = coverage_reached(alert, rows);
    json_decref(rows);
    return coverage;
}

/* A rung counts for those below it; what failed may have been heard before. */
static void test_reached(void **state)
{
    (void)state;
    json_t *alert = json_pack("{s:{s:i, s:i, s:i}}", "expected", "terminals", 8, "people", 1000, "population_unknown", 2);
    json_t *coverage = eight(alert);
    static const struct {
        const char *name;
        int terminals, people;
    } WANTED[] = {{"meant", 8, 1000}, {"sent", 5, 121},  {"acknowledged", 4, 113}, {"armed", 4, 113}, {"sounding", 3, 111},
                  {"heard", 2, 110},  {"failed", 2, 12}, {"pending", 3, 876},      {"excluded", 1, 4}};
    for (size_t i = 0; i < sizeof WANTED / sizeof *WANTED; i++)
        if (number(coverage, "terminals", WANTED[i].name) != WANTED[i].terminals ||
            number(coverage, "people", WANTED[i].name) != WANTED[i].people)
            fail_msg("%s: %d terminals, %d people", WANTED[i].name, (int)number(coverage, "terminals", WANTED[i].name),
                     (int)number(coverage, "people", WANTED[i].name));
    assert_int_equal(number(coverage, NULL, "population_unknown"), 2);
    assert_string_equal(read_of(coverage, "heard"), "2026-11-26T03:12:41.700+08:00"); /* the last of them */
    assert_string_equal(read_of(coverage, "failed"), "2026-11-26T03:12:40.000+08:00");
    assert_string_equal(read_of(coverage, "pending"), "2026-11-26T03:12:42.000+08:00");
    assert_string_equal(read_of(coverage, "total"), "2026-11-26T03:12:42.000+08:00");
    json_decref(coverage);
    json_decref(alert);
}

static void test_in_words(void **state)
{
    (void)state;
    char text[COVERAGE_LINE];
    json_t *alert = json_pack("{s:{s:i, s:i, s:i}}", "expected", "terminals", 8, "people", 1234567, "population_unknown", 2);
    json_t *coverage = eight(alert);
    assert_true(coverage_reached_text(coverage, text));
    assert_string_equal(
        text, "heard: 2 of 8 terminals, 110 of 1,234,567 people; sounding: 3 of 8 terminals, 111 of 1,234,567 people");
    coverage_rest_text(coverage, text);
    assert_string_equal(text, "failed 2, pending 3; last read at 03:12:42; population unknown for 2 places");
    json_decref(coverage);
    json_decref(alert);
    assert_false(coverage_reached_text(NULL, text));
    assert_string_equal(text, "");
}

static void test_before_anything(void **state)
{
    (void)state;
    char text[COVERAGE_LINE];
    json_t *alert = json_pack("{s:i, s:{s:i, s:i, s:i, s:i}}", "terminals", 3, "expected", "terminals", 3, "good", 2, "dead", 1,
                              "people", 5480);
    json_t *coverage = coverage_reached(alert, NULL), *none = json_object();
    assert_int_equal(number(coverage, "terminals", "pending"), 3);
    assert_int_equal(number(coverage, "people", "pending"), 5480);
    coverage_expected_text(alert, text);
    assert_string_equal(text, "3 meant; when it came 2 good, 1 dead; 5,480 people");
    json_object_del(alert, "expected"); /* stored before there were any */
    coverage_expected_text(alert, text);
    assert_string_equal(text, "3 meant");
    assert_null(coverage_reached(none, NULL)); /* a draft */
    json_decref(coverage);
    json_decref(none);
    json_decref(alert);
}

/* 2,000 terminals: the shares are made once, the count when somebody asks. */
static void test_a_county(void **state)
{
    (void)state;
    struct county *county = new_county(N_PLACES, N_TERMINALS);
    struct mono began = mono_now();
    share(county);
    int64_t share_us = mono_since(mono_now(), began);
    json_t *rows = json_array();
    json_t *alert = json_pack("{s:{s:i, s:i}}", "expected", "terminals", N_TERMINALS, "people", 100 * N_PLACES);
    const struct delivery_terms terms = {.level_kind = LEVEL_OUTPUT};
    for (uint32_t t = 0; t < N_TERMINALS; t++) {
        struct delivery delivery;
        delivery_init(&delivery, t, &terms);
        delivery.people = county->alert.people[t];
        delivery.rung = t % 20 == 0 ? RUNG_SENT : RUNG_HEARD;
        delivery.end = t % 20 == 0 ? END_FAILED : END_HEARD;
        json_array_append_new(rows, journal_delivery_json(&county->config, "a", &delivery));
    }
    began = mono_now();
    json_t *coverage = coverage_reached(alert, rows);
    int64_t reached_us = mono_since(mono_now(), began);
    printf("2000 terminals in 124 places: shares %.1f ms, a count of what was reached %.1f ms\n", (double)share_us / 1000,
           (double)reached_us / 1000);
    assert_int_equal(number(coverage, "terminals", "heard"), 1900);
    assert_int_equal(number(coverage, "terminals", "failed"), 100);
    assert_int_equal(number(coverage, "people", "meant"), 100 * N_PLACES);
    assert_int_equal(number(coverage, "people", "heard") + number(coverage, "people", "failed"), 100 * N_PLACES);
    assert_true(share_us < 500000 && reached_us < 500000);
    json_decref(coverage);
    json_decref(rows);
    json_decref(alert);
    free_county(county);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whom_nobody_counted),
        cmocka_unit_test(test_expected),
        cmocka_unit_test(test_reached),
        cmocka_unit_test(test_in_words),
        cmocka_unit_test(test_before_anything),
        cmocka_unit_test(test_a_county),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
