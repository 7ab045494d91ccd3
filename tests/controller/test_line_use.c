/* Shares of a wire over 10 s, 10 min and all time, in virtual time. */
#include "controller/line_use.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* One sample a second from s on, n of them, each second busy for so many milliseconds and occupied twice as long. */
static void seconds(struct line_use *use, struct line_counts *counts, int64_t s, int n, uint64_t busy_ms)
{
    for (int i = 0; i < n; i++) {
        counts->busy_us += busy_ms * 1000;
        counts->occupied_us += busy_ms * 2000;
        line_use_take(use, counts, (struct mono){(s + i) * 1000000});
    }
}

static void expect(const struct line_use *use, enum line_use_span span, double bytes)
{
    struct line_use_share share = line_use_of(use, span);
    assert_true(fabs(share.bytes - bytes) < 0.01);
    assert_true(fabs(share.occupied - 2 * bytes) < 0.01);
}

static void shares(void **state)
{
    (void)state;
    struct line_use use = {0};
    struct line_counts counts = {0};
    expect(&use, USE_10_S, 0);
    line_use_take(&use, &counts, (struct mono){1000000});
    expect(&use, USE_ALL, 0);
    seconds(&use, &counts, 2, 5, 100);
    for (int span = 0; span < USE_SPANS; span++)
        expect(&use, (enum line_use_span)span, 10); /* since the start, where that is less */
    seconds(&use, &counts, 7, 5, 300);
    expect(&use, USE_10_S, 20);
    seconds(&use, &counts, 12, 10, 0);
    expect(&use, USE_10_S, 0);
    expect(&use, USE_ALL, 10);
    seconds(&use, &counts, 22, 1200, 50);
    expect(&use, USE_10_S, 5);
    expect(&use, USE_10_MIN, 5);
    expect(&use, USE_ALL, 100.0 * (2 + 60) / 1220);
}

static void never_more_than_all(void **state)
{
    (void)state;
    struct line_use use = {0};
    line_use_take(&use, &(struct line_counts){.busy_us = 0}, (struct mono){1000000});
    line_use_take(&use, &(struct line_counts){.busy_us = 5000000, .occupied_us = 9000000}, (struct mono){2000000});
    assert_true(line_use_of(&use, USE_10_S).bytes == 100);
    assert_true(line_use_of(&use, USE_10_S).occupied == 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(shares), cmocka_unit_test(never_more_than_all)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
