/* What comes and goes, in virtual time. */
#include "controller/flap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

struct scene {
    struct flap flap;
    int64_t ms;
    char text[FLAP_TEXT_SIZE];
};

static bool take(struct scene *scene, bool lost)
{
    return flap_take(&scene->flap, lost, mono_plus_ms((struct mono){1000000000}, scene->ms), scene->text);
}

static void the_first_loss_and_its_return_are_told_at_once(void **state)
{
    (void)state;
    struct scene s = {.ms = 0};
    assert_true(take(&s, false)); /* what is so at first, too */
    assert_false(take(&s, false));
    s.ms = 5;
    assert_true(take(&s, true));
    assert_string_equal(s.text, "");
    assert_false(take(&s, true));
    s.ms = 100000;
    assert_false(take(&s, true)); /* once, however long */
    assert_true(take(&s, false));
    assert_string_equal(s.text, "");
    assert_true(take(&s, true)); /* long enough ago */
}

static void a_thing_missing_from_the_start_is_told(void **state)
{
    (void)state;
    struct scene s = {.ms = 0};
    assert_true(take(&s, true));
    assert_true(take(&s, false));
}

static void an_hour_of_flapping_is_a_word_a_minute(void **state)
{
    (void)state;
    struct scene s = {.ms = 0};
    size_t told = 0, summaries = 0;
    for (; s.ms < 3600000; s.ms += 500) {
        bool tells = take(&s, s.ms / 500 % 2 == 1);
        told += tells;
        summaries += tells && *s.text;
        if (tells && *s.text)
            assert_string_equal(s.text, " (60 times in the last minute)");
    }
    assert_in_range(summaries, 58, 60);
    assert_in_range(told, summaries, 2 * summaries + 3); /* the return of one that was told as lost is told as well */
}

static void what_stays_lost_after_flapping_is_told_with_the_minute(void **state)
{
    (void)state;
    struct scene s = {.ms = 0};
    take(&s, true);
    s.ms = 1000;
    take(&s, false);
    s.ms = 2000;
    assert_false(take(&s, true));
    s.ms = 30000;
    assert_false(take(&s, true));
    s.ms = 60000;
    assert_true(take(&s, true));
    assert_string_equal(s.text, "");
    assert_true(take(&s, false));
}

static void one_untold_loss_that_is_over_is_told_with_the_minute(void **state)
{
    (void)state;
    struct scene s = {.ms = 0};
    take(&s, true);
    take(&s, false);
    take(&s, true);
    assert_false(take(&s, false));
    s.ms = 60000;
    assert_true(take(&s, false));
    assert_string_equal(s.text, " (1 time in the last minute)");
    s.ms = 200000;
    assert_false(take(&s, false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_loss_and_its_return_are_told_at_once),
        cmocka_unit_test(a_thing_missing_from_the_start_is_told),
        cmocka_unit_test(an_hour_of_flapping_is_a_word_a_minute),
        cmocka_unit_test(what_stays_lost_after_flapping_is_told_with_the_minute),
        cmocka_unit_test(one_untold_loss_that_is_over_is_told_with_the_minute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
