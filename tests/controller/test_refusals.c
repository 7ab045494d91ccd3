/* Refusals: a few are told one by one, a flood is summed up, and no login uses up another's. */
#include "controller/refusals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static struct mono at(int64_t seconds)
{
    return (struct mono){(1000 + seconds) * 1000000};
}

static unsigned told_of(struct refusals *refusals, const char *login, unsigned n, int64_t seconds)
{
    unsigned told = 0;
    for (unsigned i = 0; i < n; i++)
        told += refusals_take(refusals, login, at(seconds));
    return told;
}

static void a_flood_is_summed_up(void **state)
{
    (void)state;
    struct refusals refusals = {0};
    char login[REFUSALS_LOGIN_SIZE];
    unsigned over_s;
    assert_int_equal(told_of(&refusals, "root", 1000, 0), REFUSALS_AT_ONCE);
    assert_int_equal(told_of(&refusals, "county", 3, 0), 3);
    assert_int_equal(refusals_sum(&refusals, at(59), false, login, &over_s), 0);
    assert_int_equal(told_of(&refusals, "root", 10, 30), 0);
    assert_int_equal(refusals_sum(&refusals, at(60), false, login, &over_s), 1010 - REFUSALS_AT_ONCE);
    assert_string_equal(login, "root");
    assert_int_equal(over_s, 31);
    assert_int_equal(refusals_sum(&refusals, at(60), false, login, &over_s), 0);
    assert_int_equal(told_of(&refusals, "root", 10, 61), 1); /* one a minute */
    assert_int_equal(refusals_sum(&refusals, at(62), true, login, &over_s), 9);
    assert_int_equal(told_of(&refusals, "root", 100, 3700), REFUSALS_AT_ONCE);
}

static void in_a_day_so_many(void **state)
{
    (void)state;
    struct refusals refusals = {0};
    char login[REFUSALS_LOGIN_SIZE];
    unsigned entries = 0, over_s;
    for (int64_t second = 0; second < 24 * 3600; second++) {
        entries += told_of(&refusals, "root", 10, second);
        entries += refusals_sum(&refusals, at(second), false, login, &over_s) > 0;
    }
    assert_true(entries <= REFUSALS_AT_ONCE + 2 * 24 * 60);
}

static void many_logins_share_a_place(void **state)
{
    (void)state;
    struct refusals refusals = {0};
    unsigned told = 0, sum = 0, more, over_s;
    char login[REFUSALS_LOGIN_SIZE];
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(login, sizeof login, "uid:%u", i);
        told += told_of(&refusals, login, 2, 0);
    }
    assert_int_equal(told, 2 * (REFUSALS_LOGINS - 1) + REFUSALS_AT_ONCE);
    while ((more = refusals_sum(&refusals, at(100), false, login, &over_s)) > 0) {
        assert_string_equal(login, "others");
        sum += more;
    }
    assert_int_equal(told + sum, 2000);
    assert_int_equal(told_of(&refusals, "later", 3, 3600), 3); /* places become free again */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flood_is_summed_up),
        cmocka_unit_test(in_a_day_so_many),
        cmocka_unit_test(many_logins_share_a_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
