/* codecs/rfc3339: both ways, against the C library's calendar, and everything that is refused. */
#include "codecs/rfc3339.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static void reads(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
        int offset;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0, 0},
        {"1970-01-01t00:00:00z", 0, 0},
        {"1970-01-01T08:00:00+08:00", 0, 480},
        {"1969-12-31T14:30:00-09:30", 0, -570},
        {"2026-11-22T03:20:00+08:00", 1795288800000, 480},
        {"2026-11-22T03:20:00.5+08:00", 1795288800500, 480},
        {"2026-11-22 03:20:00+08:00", 1795288800000, 480},
        {"2026-11-22T03:20:00+0800", 1795288800000, 480},
        {"2026-11-22T03:20:00+08", 1795288800000, 480},
        {"2026-11-21T09:50:00-0930", 1795288800000, -570},
        {"2026-11-22T03:20:00.0429999+08:00", 1795288800042, 480},
        {"2012-05-02T23:21:04-00:00", 1336000864000, 0},
        {"2024-02-29T00:00:00Z", 1709164800000, 0},
        {"2000-02-29T23:59:59.999Z", 951868799999, 0},
        {"2016-12-31T23:59:60Z", 1483228800000, 0},
        {"2017-01-01T07:59:60+08:00", 1483228800000, 480},
        {"1969-12-31T23:59:59.250Z", -750, 0},
        {"0000-01-01T00:00:00Z", -62167219200000, 0},
        {"9999-12-31T23:59:59.999Z", 253402300799999, 0},
        {"2026-01-01T00:00:00+23:59", 1767139260000, 1439},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct wall time;
        int offset = 9999;
        struct error error;
        if (!rfc3339_parse(slice_of(cases[i].text), &time, &offset, &error))
            fail_msg("%s: %s", cases[i].text, error.message);
        if (time.ms != cases[i].ms || offset != cases[i].offset)
            fail_msg("%s: read as %lld, offset %d", cases[i].text, (long long)time.ms, offset);
    }
}

static void refuses(void **state)
{
    (void)state;
    static const struct {
        const char *text, *reason;
    } cases[] = {
        {"", "not a date and time"},
        {"now", "not a date and time"},
        {"2026-11-22", "not a date and time"},
        {"2026-11-22T03:20+08:00", "not a date and time"},
        {"26-11-22T03:20:00+08:00", "not a date and time"},
        {"2026-1-22T03:20:00+08:00", "not a date and time"},
        {"2026-11-22T03:20:00.+08:00", "not a date and time"},
        {"+2026-11-22T03:20:00+08:00", "not a date and time"},
        {" 2026-11-22T03:20:00+08:00", "not a date and time"},
        {"2026-11-22T03:20:00", "offset from UTC is missing"},
        {"2026-11-22T03:20:00.123", "offset from UTC is missing"},
        {"2026-11-22  03:20:00+08:00", "not a date and time"},
        {"2026-11-22T03:20:00+080", "offset from UTC must be"},
        {"2026-11-22T03:20:00+8", "offset from UTC must be"},
        {"2026-11-22T03:20:00+08:", "offset from UTC must be"},
        {"2026-11-22T03:20:00+08000", "something follows"},
        {"2026-11-22T03:20:00+24", "offset from UTC must be"},
        {"2026-11-22T03:20:00+24:00", "offset from UTC must be"},
        {"2026-11-22T03:20:00+08:60", "offset from UTC must be"},
        {"2026-11-22T03:20:00 +08:00", "offset from UTC must be"},
        {"2026-11-22T03:20:00CST", "offset from UTC must be"},
        {"2026-11-22T03:20:00Z ", "something follows"},
        {"2026-11-22T03:20:00+08:00Z", "something follows"},
        {"2026-00-22T03:20:00Z", "no such month"},
        {"2026-13-22T03:20:00Z", "no such month"},
        {"2026-11-00T03:20:00Z", "no such day"},
        {"2026-11-31T03:20:00Z", "no such day"},
        {"2026-02-29T03:20:00Z", "no such day"},
        {"1900-02-29T03:20:00Z", "no such day"},
        {"2026-11-22T24:00:00Z", "no such hour"},
        {"2026-11-22T03:60:00Z", "no such minute"},
        {"2026-11-22T03:20:61Z", "no such second"},
        {"2026-11-22T03:20:60Z", "no such second"},
        {"2026-11-22T23:59:60+08:00", "no such second"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct wall time = {77};
        struct error error;
        if (rfc3339_parse(slice_of(cases[i].text), &time, NULL, &error))
            fail_msg("%s was taken", cases[i].text);
        assert_int_equal(error.code, ERROR_INVALID);
        assert_int_equal(time.ms, 77);
        if (!strstr(error.message, cases[i].reason))
            fail_msg("%s: \"%s\" does not say \"%s\"", cases[i].text, error.message, cases[i].reason);
    }
}

/* A slice need not end with NUL, and nothing behind it counts. */
static void reads_only_the_slice(void **state)
{
    (void)state;
    struct wall time;
    const char *text = "2026-11-22T03:20:00+08:00";
    for (size_t n = 0; n < strlen(text); n++) {
        char *exact = test_malloc(n + 1);
        memcpy(exact, text, n);
        assert_int_equal(rfc3339_parse((struct slice){exact, n}, &time, NULL, NULL), n == strlen("2026-11-22T03:20:00+08"));
        test_free(exact);
    }
    assert_true(rfc3339_parse((struct slice){"2026-11-22T03:20:00Z9", 20}, &time, NULL, NULL));
}

static void formats(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        int offset;
        const char *text;
    } cases[] = {
        {0, 0, "1970-01-01T00:00:00.000+00:00"},
        {1795288800000, 480, "2026-11-22T03:20:00.000+08:00"},
        {-1, 0, "1969-12-31T23:59:59.999+00:00"},
        {0, -570, "1969-12-31T14:30:00.000-09:30"},
        {1709164799999, 0, "2024-02-28T23:59:59.999+00:00"},
        {1709164800000, 0, "2024-02-29T00:00:00.000+00:00"},
        {INT64_MAX, 480, "9999-12-31T23:59:59.999+08:00"},
        {INT64_MIN, 0, "0000-01-01T00:00:00.000+00:00"},
        {-62167305540000, 1439, "0000-01-01T00:00:00.000+23:59"},
        {253402387199999 - 60000, -1439, "9999-12-31T23:59:59.999-23:59"},
        {0, 100000, "1970-01-01T23:59:00.000+23:59"},
        {0, -100000, "1969-12-31T00:01:00.000-23:59"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[RFC3339_SIZE];
        rfc3339_format((struct wall){cases[i].ms}, cases[i].offset, text);
        assert_string_equal(text, cases[i].text);
    }
}

/* Every 25th hour or so from 1890 to 2200, both ways, and against gmtime_r. */
static void agrees_with_the_c_library(void **state)
{
    (void)state;
    for (int64_t s = -2524521600; s < 7258118400; s += 90061) {
        char text[RFC3339_SIZE], expected[RFC3339_SIZE];
        struct tm tm;
        time_t t = (time_t)s;
        assert_non_null(gmtime_r(&t, &tm));
        strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%S.007+00:00", &tm);
        rfc3339_format((struct wall){s * 1000 + 7}, 0, text);
        assert_string_equal(text, expected);
        struct wall back;
        rfc3339_format((struct wall){s * 1000 + 7}, (int)(s % 1440), text);
        assert_true(rfc3339_parse(slice_of(text), &back, NULL, NULL));
        assert_int_equal(back.ms, s * 1000 + 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads),
        cmocka_unit_test(refuses),
        cmocka_unit_test(reads_only_the_slice),
        cmocka_unit_test(formats),
        cmocka_unit_test(agrees_with_the_c_library),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
