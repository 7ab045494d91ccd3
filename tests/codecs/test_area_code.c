/* codecs/area_code: padding, levels, and containment at the level boundaries only. */
#include "codecs/area_code.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct area_code code_of(const char *text)
{
    struct area_code code;
    struct error error;
    if (!area_code_parse(slice_of(text), &code, &error))
        fail_msg("%s: %s", text, error.message);
    return code;
}

static void parses_and_pads(void **state)
{
    (void)state;
    assert_string_equal(code_of("360404106215").digits, "360404106215");
    assert_string_equal(code_of("360404").digits, "360404000000");
    assert_string_equal(code_of("360404106").digits, "360404106000");
    struct area_code code;
    assert_true(area_code_parse((struct slice){"3604041", 6}, &code, NULL));
    assert_string_equal(code.digits, "360404000000");
}

static void refuses(void **state)
{
    (void)state;
    static const struct {
        const char *text, *reason;
    } cases[] = {
        {"", "0 characters"},      {"36", "2 characters"},     {"1000512", "7 characters"},
        {"36040410621", "11"},     {"3604041062155", "13"},    {"36040a", "character 6 is not a digit"},
        {"36 404", "character 3"}, {"-60404", "character 1"},  {"36040410621\xEF", "character 12"},
        {"000000", "all zeros"},   {"000000000", "all zeros"}, {"000000000000", "all zeros"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct area_code code = {"untouched"};
        struct error error;
        assert_false(area_code_parse(slice_of(cases[i].text), &code, &error));
        assert_int_equal(error.code, ERROR_INVALID);
        assert_string_equal(code.digits, "untouched");
        if (!strstr(error.message, cases[i].reason))
            fail_msg("%s: \"%s\" does not say \"%s\"", cases[i].text, error.message, cases[i].reason);
    }
    assert_false(area_code_parse(slice_of(NULL), &(struct area_code){""}, NULL));
}

static void levels(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum area_level level;
    } cases[] = {
        {"360000000000", AREA_PROVINCE}, {"360400000000", AREA_CITY},    {"360404000000", AREA_COUNTY},
        {"360404106000", AREA_TOWNSHIP}, {"360404106215", AREA_VILLAGE}, {"360404106200", AREA_VILLAGE},
        {"360404100000", AREA_TOWNSHIP}, {"360410000000", AREA_COUNTY},  {"369000000000", AREA_CITY},
        {"300000000000", AREA_PROVINCE}, {"429004000000", AREA_COUNTY},  {"360404000001", AREA_VILLAGE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct area_code code = code_of(cases[i].text);
        assert_int_equal(area_code_level(&code), cases[i].level);
    }
    assert_int_equal(area_code_level(&(struct area_code){""}), AREA_NONE);
}

static void contains(void **state)
{
    (void)state;
    static const struct {
        const char *outer, *inner;
        bool yes;
    } cases[] = {
        {"360404000000", "360404106215", true},
        {"360404000000", "360404000000", true},
        {"360000000000", "360404106215", true},
        {"360404106215", "360404000000", false},
        {"360404106000", "360404106215", true},
        {"360404106000", "360404107215", false},
        /* A code with trailing zeros inside a level is that village, not its neighbours: ...330 is not ...331. */
        {"360404106330", "360404106331", false},
        {"360404106330", "360404106330", true},
        {"360404100000", "360404106000", false},
        {"360410000000", "360411000000", false},
        {"300000000000", "360404000000", false},
        {"360400000000", "360500000000", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct area_code outer = code_of(cases[i].outer), inner = code_of(cases[i].inner);
        if (area_code_contains(&outer, &inner) != cases[i].yes)
            fail_msg("%s contains %s should be %d", cases[i].outer, cases[i].inner, cases[i].yes);
    }
}

/* A code is inside another exactly if its number is in the other's range. */
static void ranges(void **state)
{
    (void)state;
    static const struct {
        enum area_level level;
        int64_t first, last;
    } of[] = {{AREA_PROVINCE, 360000000000, 369999999999},
              {AREA_CITY, 360400000000, 360499999999},
              {AREA_COUNTY, 360404000000, 360404999999},
              {AREA_TOWNSHIP, 360404106000, 360404106999},
              {AREA_VILLAGE, 360404106330, 360404106330}};
    struct area_code village = code_of("360404106330"), low = code_of("010000000000");
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        assert_int_equal(area_code_range(&village, of[i].level).first, of[i].first);
        assert_int_equal(area_code_range(&village, of[i].level).last, of[i].last);
    }
    assert_int_equal(area_code_range(&low, AREA_VILLAGE).first, 10000000000);
}

/* An empty area is never "all". */
static void none_contains_nothing(void **state)
{
    (void)state;
    struct area_code none = {""}, zeros = {"000000000000"}, village = code_of("360404106215");
    assert_false(area_code_contains(&none, &village));
    assert_false(area_code_contains(&village, &none));
    assert_false(area_code_contains(&none, &none));
    assert_false(area_code_contains(&zeros, &village));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_and_pads), cmocka_unit_test(refuses), cmocka_unit_test(levels),
        cmocka_unit_test(contains),        cmocka_unit_test(ranges),  cmocka_unit_test(none_contains_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
