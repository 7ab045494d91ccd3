/* What is believed of the wall clock, in virtual time. */
#include "controller/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { SECOND = 1000 };

static const int64_t STORED = 1795288800000; /* 2026-11-22 */

static struct clock_reading at(int64_t system, int64_t passed_ms, bool synchronised)
{
    return (struct clock_reading){{system}, {5000000 + passed_ms * 1000}, synchronised};
}

static struct clock since(enum clock_mode mode, int64_t stored)
{
    return (struct clock){mode, {stored}, {5000000}};
}

static void assert_wall(enum clock_mode mode, struct clock_reading reading, int64_t wall)
{
    struct clock clock = since(mode, STORED);
    assert_int_equal(clock_wall(&clock, &reading).ms, wall);
}

static void test_never_before_what_was_stored(void **state)
{
    (void)state;
    for (int mode = CLOCK_NTP; mode <= CLOCK_TRUST; mode++) {
        enum clock_mode m = (enum clock_mode)mode;
        assert_wall(m, at(1000, 0, false), STORED);
        assert_wall(m, at(8000, 7 * SECOND, false), STORED + 7 * SECOND);                /* and goes on from there */
        assert_wall(m, at(STORED - 1, 7 * SECOND, false), STORED + 7 * SECOND);          /* a step that is too small */
        assert_wall(m, at(STORED + 9 * SECOND, 7 * SECOND, false), STORED + 9 * SECOND); /* it was set */
    }
    assert_wall(CLOCK_NTP, at(STORED - 86400 * SECOND, 0, true), STORED - 86400 * SECOND); /* what was stored was wrong */
    assert_wall(CLOCK_RTC, at(STORED - 86400 * SECOND, 0, true), STORED);
}

static void test_nothing_stored(void **state)
{
    (void)state;
    struct clock clock = since(CLOCK_NTP, 0);
    struct clock_reading reading = at(1000, 7 * SECOND, false);
    assert_int_equal(clock_wall(&clock, &reading).ms, 1000);
}

static void assert_believed(enum clock_mode mode, int64_t stored, struct clock_reading reading, bool believed)
{
    struct clock clock = since(mode, stored);
    assert_int_equal(clock_believed(&clock, &reading), believed);
}

static void test_believed(void **state)
{
    (void)state;
    assert_believed(CLOCK_NTP, 0, at(STORED, 0, false), false);
    assert_believed(CLOCK_NTP, STORED, at(STORED - 86400 * SECOND, 0, true), true);
    assert_believed(CLOCK_RTC, 0, at(STORED, 0, false), true);
    assert_believed(CLOCK_RTC, 0, at(1000, 0, true), false);                         /* its battery was empty */
    assert_believed(CLOCK_RTC, STORED, at(STORED - 86400 * SECOND, 0, true), false); /* so it was here */
    assert_believed(CLOCK_RTC, STORED, at(STORED - 59 * SECOND, 0, false), true);    /* it goes a little differently */
    assert_believed(CLOCK_RTC, STORED, at(STORED - 59 * SECOND, 2 * SECOND, false), false);
    assert_believed(CLOCK_TRUST, STORED, at(1000, 0, false), true);
}

static void test_the_process(void **state)
{
    (void)state;
    struct wall system = clock_read().wall;
    assert_true(clock_start(CLOCK_RTC, (struct wall){0}));
    assert_true(clock_start(CLOCK_RTC, (struct wall){system.ms - 1000}));
    assert_false(clock_start(CLOCK_RTC, (struct wall){system.ms + 86400 * SECOND}));
    assert_true(clock_read().wall.ms >= system.ms + 86400 * SECOND);
    assert_false(clock_trusted());
    assert_false(clock_start(CLOCK_TRUST, (struct wall){system.ms + 86400 * SECOND}));
    assert_true(clock_trusted());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_never_before_what_was_stored),
        cmocka_unit_test(test_nothing_stored),
        cmocka_unit_test(test_believed),
        cmocka_unit_test(test_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
