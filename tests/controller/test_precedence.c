/* The order of alerts, as a table from first to last. */
#include "controller/precedence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Each row goes before all rows below it; equal marks those that differ from the row above only by time or id. */
static const struct {
    struct precedence of;
    bool equal;
} ROWS[] = {
    {{STATUS_ACTUAL, LEVEL_RED, URGENCY_IMMEDIATE, 10, {5000}, "a"}, false},
    {{STATUS_ACTUAL, LEVEL_RED, URGENCY_IMMEDIATE, 20, {1000}, "b"}, false},
    {{STATUS_ACTUAL, LEVEL_RED, URGENCY_IMMEDIATE, 20, {2000}, "b"}, true},
    {{STATUS_ACTUAL, LEVEL_RED, URGENCY_IMMEDIATE, 20, {2000}, "c"}, true},
    {{STATUS_ACTUAL, LEVEL_RED, URGENCY_EXPECTED, 10, {0}, "d"}, false},
    {{STATUS_ACTUAL, LEVEL_RED, URGENCY_UNKNOWN, 10, {0}, "e"}, true},
    {{STATUS_ACTUAL, LEVEL_RED, URGENCY_FUTURE, 10, {0}, "f"}, false},
    {{STATUS_ACTUAL, LEVEL_RED, URGENCY_PAST, 10, {0}, "g"}, false},
    {{STATUS_ACTUAL, LEVEL_ORANGE, URGENCY_IMMEDIATE, 10, {0}, "h"}, false},
    {{STATUS_ACTUAL, LEVEL_YELLOW, URGENCY_IMMEDIATE, 10, {0}, "i"}, false},
    {{STATUS_ACTUAL, LEVEL_BLUE, URGENCY_IMMEDIATE, 10, {0}, "j"}, false},
    {{STATUS_ACTUAL, LEVEL_ADVISORY, URGENCY_IMMEDIATE, 10, {0}, "k"}, false},
    {{STATUS_ACTUAL, LEVEL_DAILY, URGENCY_PAST, 99, {9000}, "l"}, false},
    {{STATUS_EXERCISE, LEVEL_RED, URGENCY_IMMEDIATE, 1, {0}, "m"}, false},
    {{STATUS_SYSTEM, LEVEL_RED, URGENCY_IMMEDIATE, 1, {0}, "n"}, false},
    {{STATUS_TEST, LEVEL_RED, URGENCY_IMMEDIATE, 1, {0}, "o"}, true},
    {{STATUS_DRAFT, LEVEL_RED, URGENCY_IMMEDIATE, 1, {0}, "p"}, true},
};
enum { N_ROWS = sizeof ROWS / sizeof *ROWS };

static void test_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ROWS; i++)
        for (size_t k = 0; k < N_ROWS; k++) {
            int order = precedence_compare(&ROWS[i].of, &ROWS[k].of);
            if ((i < k) != (order < 0) || (i == k) != (order == 0))
                fail_msg("rows %zu and %zu compare as %d", i, k, order);
        }
}

static size_t group(size_t row)
{
    while (ROWS[row].equal)
        row--;
    return row;
}

/* Who may cut in: the danger decides, never the time of arrival. */
static void test_higher(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ROWS; i++)
        for (size_t k = 0; k < N_ROWS; k++)
            if (precedence_higher(&ROWS[i].of, &ROWS[k].of) != (group(i) < group(k)))
                fail_msg("rows %zu and %zu", i, k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_order), cmocka_unit_test(test_higher)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
