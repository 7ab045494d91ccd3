/* Patterns of bytes: reading, mistakes, matching. */
#include "hardware/line_pattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct line_pattern pattern_of(const char *text)
{
    struct line_pattern pattern;
    struct error error = {0};
    if (!line_pattern_parse(text, &pattern, &error))
        fail_msg("%s: %s", text, error.message);
    return pattern;
}

static enum pattern_match match(const char *text, const char *bytes)
{
    struct line_pattern pattern = pattern_of(text);
    return line_pattern_match(&pattern, (const uint8_t *)bytes, strlen(bytes));
}

static void texts_and_hexadecimal_digits_are_read(void **state)
{
    (void)state;
    struct line_pattern pattern = pattern_of("hex:DE ad ??0f");
    static const uint8_t bytes[] = {0xDE, 0xAD, 0, 0x0F}, mask[] = {0xFF, 0xFF, 0, 0xFF};
    assert_int_equal(pattern.n, 4);
    assert_memory_equal(pattern.bytes, bytes, 4);
    assert_memory_equal(pattern.mask, mask, 4);
    pattern = pattern_of("a?");
    assert_int_equal(pattern.n, 2);
    assert_int_equal(pattern.bytes[0], 'a');
    assert_int_equal(pattern.mask[1], 0);
}

static void mistakes_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *text, *words;
        enum error_code code;
    } wrong[] = {
        {"", "a byte that is not any", ERROR_INVALID},
        {"??", "a byte that is not any", ERROR_INVALID},
        {"hex:", "a byte that is not any", ERROR_INVALID},
        {"hex:A", "two hexadecimal digits", ERROR_INVALID},
        {"hex:A ?", "two hexadecimal digits", ERROR_INVALID},
        {"hex:0G", "two hexadecimal digits", ERROR_INVALID},
        {"hex:1?", "two hexadecimal digits", ERROR_INVALID},
        {"12345678901234567890123456789012345678901234567890123456789012345", "at most 64 bytes", ERROR_TOO_LARGE},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct line_pattern pattern;
        struct error error = {0};
        assert_false(line_pattern_parse(wrong[i].text, &pattern, &error));
        assert_int_equal(error.code, wrong[i].code);
        assert_non_null(strstr(error.message, wrong[i].words));
    }
}

static void bytes_match_in_part_or_whole(void **state)
{
    (void)state;
    assert_int_equal(match("dtu-?7", ""), PATTERN_PART);
    assert_int_equal(match("dtu-?7", "dtu-0"), PATTERN_PART);
    assert_int_equal(match("dtu-?7", "dtu-07"), PATTERN_WHOLE);
    assert_int_equal(match("dtu-?7", "dtu-07 and more"), PATTERN_WHOLE);
    assert_int_equal(match("dtu-?7", "dtu-08"), PATTERN_NONE);
    assert_int_equal(match("dtu-?7", "x"), PATTERN_NONE);
    struct line_pattern none = {.n = 0};
    assert_int_equal(line_pattern_match(&none, (const uint8_t *)"x", 1), PATTERN_NONE);
    assert_int_equal(line_pattern_match(&none, NULL, 0), PATTERN_NONE);
}

static bool meet(const char *a, const char *b)
{
    struct line_pattern x = pattern_of(a), y = pattern_of(b);
    assert_int_equal(line_patterns_meet(&x, &y), line_patterns_meet(&y, &x));
    return line_patterns_meet(&x, &y);
}

static void two_meet_where_some_bytes_are_both(void **state)
{
    (void)state;
    assert_true(meet("dtu-1", "dtu-1"));
    assert_true(meet("dtu-?", "dtu-1"));
    assert_true(meet("d?u-1", "dt?-1"));
    assert_false(meet("dtu-1", "dtu-2"));
    assert_false(meet("dtu-1", "dtu-12")); /* the longer goes first */
    struct line_pattern none = {.n = 0};
    assert_false(line_patterns_meet(&none, &none));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_and_hexadecimal_digits_are_read),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(bytes_match_in_part_or_whole),
        cmocka_unit_test(two_meet_where_some_bytes_are_both),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
