/* The text format: families, labels, escapes, numbers. */
#include "controller/metrics.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void expect(struct metrics *metrics, const char *text)
{
    assert_false(metrics->lost);
    char *got = strndup(metrics->text, metrics->used);
    assert_string_equal(got, text);
    free(got);
    metrics_free(metrics);
}

static void families_and_labels(void **state)
{
    (void)state;
    struct metrics metrics = {0};
    const struct metrics_label labels[] = {{"line", "north"}, {"unit", "dB \"A\" \\ \n%"}};
    metrics_family(&metrics, "a_total", "counter", "How many.");
    metrics_sample(&metrics, labels, 2, 3);
    metrics_family(&metrics, "b", "gauge", "One.");
    metrics_sample(&metrics, NULL, 0, 1);
    metrics_sample(&metrics, &(struct metrics_label){"x", "\""}, 1, 2);
    metrics_sample(&metrics, &(struct metrics_label){"x", "℃\x7f"}, 1, 3);
    expect(&metrics, "# HELP a_total How many.\n# TYPE a_total counter\n"
                     "a_total{line=\"north\",unit=\"dB \\\"A\\\" \\\\  %\"} 3\n# HELP b One.\n# TYPE b gauge\nb "
                     "1\nb{x=\"\\\"\"} 2\nb{x=\"℃?\"} 3\n");
}

static void numbers(void **state)
{
    (void)state;
    static const double OF[] = {0, 12.6, -60.5, 1e15, 4294967296, 0.000001, 1e300, NAN, INFINITY, -INFINITY, -3};
    struct metrics metrics = {.name = "n"};
    for (size_t i = 0; i < sizeof OF / sizeof *OF; i++)
        metrics_sample(&metrics, NULL, 0, OF[i]);
    expect(&metrics, "n 0\nn 12.6\nn -60.5\nn 1000000000000000\nn 4294967296\nn 1e-06\nn 1e+300\nn -3\n");
}

static void much(void **state)
{
    (void)state;
    struct metrics metrics = {.name = "n"};
    for (int i = 0; i < 100000; i++)
        metrics_sample(&metrics, NULL, 0, 1);
    assert_int_equal(metrics.used, 400000);
    metrics_free(&metrics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(families_and_labels), cmocka_unit_test(numbers),
                                       cmocka_unit_test(much)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
