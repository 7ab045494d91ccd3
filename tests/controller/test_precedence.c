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
    {{STATUS_ACTUAL, LEVEL_RED, URGENCY_IMMEDIATE, 10, 0, {5000}, "a"}, false},
    {{STATUS_ACTUAL, LEVEL_RED, URGENCY_IMMEDIATE, 20, 0, {1000}, "b"}, false},
    {{STATUS_ACTUAL, LEVEL_RED, URGENCY_IMMEDIATE, 20, 0, {2000}, "b"}, true},
    {{STATUS_ACTUAL, LEVEL_RED, URGENCY_IMMEDIATE, 20, 0, {2000}, "c"}, true},
    {{STATUS_ACTUAL, LEVEL_RED, URGENCY_EXPECTED, 10, 0, {0}, "d"}, false},
    {{STATUS_ACTUAL, LEVEL_RED, URGENCY_UNKNOWN, 10, 0, {0}, "e"}, true},
    {{STATUS_ACTUAL, LEVEL_RED, URGENCY_FUTURE, 10, 0, {0}, "f"}, false},
    {{STATUS_ACTUAL, LEVEL_RED, URGENCY_PAST, 10, 0, {0}, "g"}, false},
    {{STATUS_ACTUAL, LEVEL_ORANGE, URGENCY_IMMEDIATE, 10, 0, {0}, "h"}, false},
    {{STATUS_ACTUAL, LEVEL_YELLOW, URGENCY_IMMEDIATE, 10, 0, {0}, "i"}, false},
    {{STATUS_ACTUAL, LEVEL_BLUE, URGENCY_IMMEDIATE, 10, 0, {0}, "j"}, false},
    {{STATUS_ACTUAL, LEVEL_ADVISORY, URGENCY_IMMEDIATE, 10, 0, {0}, "k"}, false},
    {{STATUS_ACTUAL, LEVEL_DAILY, URGENCY_PAST, 99, 0, {9000}, "l"}, false},
    {{STATUS_EXERCISE, LEVEL_RED, URGENCY_IMMEDIATE, 1, 0, {0}, "m"}, false},
    {{STATUS_SYSTEM, LEVEL_RED, URGENCY_IMMEDIATE, 1, 0, {0}, "n"}, false},
    {{STATUS_TEST, LEVEL_RED, URGENCY_IMMEDIATE, 1, 0, {0}, "o"}, true},
    {{STATUS_DRAFT, LEVEL_RED, URGENCY_IMMEDIATE, 1, 0, {0}, "p"}, true},
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

/* The danger decides who may cut in, never the time of arrival; and an exercise is cut off for good. */
static void test_claims(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ROWS; i++)
        for (size_t k = 0; k < N_ROWS; k++) {
            const struct precedence *waiting = &ROWS[i].of, *sounding = &ROWS[k].of;
            enum precedence_claim expected = group(i) < group(k)    ? CLAIM_PREEMPT
                                             : group(i) == group(k) ? CLAIM_TURN
                                                                    : CLAIM_NONE;
            if (waiting->status == STATUS_ACTUAL && sounding->status == STATUS_EXERCISE)
                expected = CLAIM_CUT_OFF;
            if (precedence_claim(waiting, sounding) != expected)
                fail_msg("rows %zu and %zu", i, k);
        }
}

/* Whoever has given up its turn is behind its equals, and before nobody else. */
static void test_turns(void **state)
{
    (void)state;
    struct precedence first = ROWS[1].of, second = ROWS[2].of;
    first.turn = 1;
    assert_true(precedence_compare(&first, &second) > 0);
    second.turn = 2;
    assert_true(precedence_compare(&first, &second) < 0);
    assert_true(precedence_compare(&first, &ROWS[4].of) < 0);
    assert_int_equal(precedence_claim(&first, &second), CLAIM_TURN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_order), cmocka_unit_test(test_claims),
                                       cmocka_unit_test(test_turns)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
