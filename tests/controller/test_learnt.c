/* When a learnt answer time is worth a write. */
#include "controller/learnt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void what_differs(void **state)
{
    (void)state;
    static const struct {
        int64_t stored_us, answer_us;
        bool differs;
    } CASES[] = {
        {0, 0, false},           {0, 1, true}, /* nothing is stored yet */
        {20000, 0, false},                     /* nothing is known yet */
        {20000, 24000, false},   {20000, 24001, true},   {20000, 15999, true},
        {20000, 16000, false},   {5000, 8000, false},    {5000, 8001, true}, /* a fifth of little is nothing */
        {200000, 240000, false}, {200000, 241000, true},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct learnt learnt = {CASES[i].stored_us, {0}};
        if (learnt_differs(&learnt, CASES[i].answer_us) != CASES[i].differs)
            fail_msg("case %zu", i);
    }
}

static void not_often(void **state)
{
    (void)state;
    struct learnt learnt = {20000, {0}};
    assert_true(learnt_due(&learnt, 50000, (struct mono){5000000})); /* stored in another life */
    learnt.written = (struct mono){5000000};
    assert_false(learnt_due(&learnt, 50000, (struct mono){604999999}));
    assert_true(learnt_differs(&learnt, 50000));
    assert_true(learnt_due(&learnt, 50000, (struct mono){605000000}));
    assert_false(learnt_due(&learnt, 20000, (struct mono){605000000}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_differs), cmocka_unit_test(not_often)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
