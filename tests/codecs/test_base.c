/* codecs/base: errors, cutting texts, UTF-8. */
#include "codecs/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void every_code_has_its_own_name(void **state)
{
    (void)state;
    for (int a = ERROR_NONE; a <= ERROR_INTERNAL; a++) {
        assert_string_not_equal(error_name((enum error_code)a), "unknown");
        for (int b = ERROR_NONE; b < a; b++)
            assert_string_not_equal(error_name((enum error_code)a), error_name((enum error_code)b));
    }
    assert_string_equal(error_name(ERROR_NOT_FOUND), "not_found");
    assert_string_equal(error_name((enum error_code)999), "unknown");
}

static void set_and_prefix(void **state)
{
    (void)state;
    struct error error;
    assert_false(error_set(&error, ERROR_IO, "port %d is gone", 3));
    assert_int_equal(error.code, ERROR_IO);
    assert_string_equal(error.message, "port 3 is gone");
    assert_false(error_prefix(&error, "line %s", "north"));
    assert_int_equal(error.code, ERROR_IO);
    assert_string_equal(error.message, "line north: port 3 is gone");
    assert_false(error_set(NULL, ERROR_IO, "nobody asks"));
    assert_false(error_prefix(NULL, "nobody asks"));
}

static void own_message_may_be_an_argument(void **state)
{
    (void)state;
    struct error error;
    error_set(&error, ERROR_IO, "gone");
    error_set(&error, ERROR_TIMEOUT, "again: %s", error.message);
    assert_string_equal(error.message, "again: gone");
    error_prefix(&error, "%s", error.message);
    assert_string_equal(error.message, "again: gone: again: gone");
}

/* Whatever the lengths, a message ends with NUL and is never cut inside a character of three bytes. */
static void long_messages_are_cut_between_characters(void **state)
{
    (void)state;
    char text[700];
    for (size_t ascii = 0; ascii < 4; ascii++) {
        size_t n = ascii;
        memset(text, 'x', ascii);
        while (n + 3 < sizeof text) {
            memcpy(text + n, "山", 3);
            n += 3;
        }
        text[n] = '\0';
        struct error error;
        error_set(&error, ERROR_IO, "%s", text);
        assert_true(text_is_utf8(slice_of(error.message)));
        assert_in_range(strlen(error.message), 253, 255);
        error_set(&error, ERROR_IO, "short");
        error_prefix(&error, "%s", text);
        assert_true(text_is_utf8(slice_of(error.message)));
        assert_in_range(strlen(error.message), 253, 255);
    }
}

static void copy_cuts_and_says_so(void **state)
{
    (void)state;
    char to[8];
    assert_true(text_copy(to, sizeof to, "1234567"));
    assert_string_equal(to, "1234567");
    assert_false(text_copy(to, sizeof to, "12345678"));
    assert_string_equal(to, "1234567");
    assert_false(text_copy(to, sizeof to, "青溪镇"));
    assert_string_equal(to, "青溪");
    assert_false(text_copy(to, 3, "青"));
    assert_string_equal(to, "");
    assert_true(text_copy(to, 1, ""));
    assert_string_equal(to, "");
    strcpy(to, "same");
    assert_false(text_copy(to, 0, "abc"));
    assert_string_equal(to, "same");
}

static void print_cuts_between_characters(void **state)
{
    (void)state;
    char to[8];
    assert_true(text_print(to, sizeof to, "%s%d", "abc", 1234));
    assert_string_equal(to, "abc1234");
    assert_false(text_print(to, sizeof to, "%s", "abc青溪"));
    assert_string_equal(to, "abc青");
    assert_false(text_print(to, sizeof to, "%s", "ab青溪"));
    assert_string_equal(to, "ab青");
    assert_false(text_print(to, sizeof to, "%s", "a青溪镇"));
    assert_string_equal(to, "a青溪");
    assert_false(text_print(to, 3, "%s", "青"));
    assert_string_equal(to, "");
    strcpy(to, "same");
    assert_false(text_print(to, 0, "%s", "abc"));
    assert_string_equal(to, "same");
}

static void slices(void **state)
{
    (void)state;
    assert_int_equal(slice_of("abc").size, 3);
    assert_int_equal(slice_of(NULL).size, 0);
}

static void utf8(void **state)
{
    (void)state;
    static const char *const good[] = {"",
                                       "a",
                                       "\x7F",
                                       "é",
                                       "青溪镇",
                                       "😀",
                                       "\xF4\x8F\xBF\xBF",
                                       "\xED\x9F\xBF",
                                       "\xEE\x80\x80",
                                       "\xE0\xA0\x80",
                                       "\xF0\x90\x80\x80"};
    static const char *const bad[] = {"\x80",         "\xC0\x80",     "\xC1\xBF",         "\xC3",  "\xE0\x9F\xBF",
                                      "\xED\xA0\x80", "\xE9\x9D",     "\xF0\x8F\xBF\xBF", "\xFF",  "\xF4\x90\x80\x80",
                                      "\xF5\x80\x80", "a\xE9\x9Dz中", "\xC3\x28",         "中\xBD"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(text_is_utf8(slice_of(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(text_is_utf8(slice_of(bad[i])));
    assert_false(text_is_utf8((struct slice){"a\0b", 3}));
    /* The bytes behind the slice are not its own. */
    assert_false(text_is_utf8((struct slice){"青", 2}));
}

static void expect_clean(const char *from, const char *wanted)
{
    char text[64];
    text_clean(text, sizeof text, from);
    assert_string_equal(text, wanted);
}

static void clean(void **state)
{
    (void)state;
    expect_clean("龙塘 ok", "龙塘 ok");
    expect_clean("a\033[31mred\007", "a?[31mred?");
    expect_clean("a\nb\tc\rd", "a b c d");
    expect_clean("x\xC2\x9Bz", "x?z");         /* C1: another way to begin a control sequence */
    expect_clean("x\xE2\x80\xAEz", "x?z");     /* right-to-left override */
    expect_clean("x\xD8\x9Cz", "x?z");         /* Arabic letter mark: bidi */
    expect_clean("x\xE2\x81\xA0z", "x?z");     /* word joiner: unseen */
    expect_clean("x\xF3\xA0\x81\x81z", "x?z"); /* tag: unseen */
    expect_clean("x\xFFz", "x?z");
    char small[6];
    text_clean(small, sizeof small, "ab龙塘");
    assert_string_equal(small, "ab龙");
    text_clean(small, 1, "ab");
    assert_string_equal(small, "");
}

static void times(void **state)
{
    (void)state;
    struct mono t = mono_plus_ms(mono_plus_us((struct mono){5}, 10), 2);
    assert_int_equal(t.us, 2015);
    assert_int_equal(mono_since(t, (struct mono){2000}), 15);
    assert_int_equal(mono_since((struct mono){2000}, t), -15);
    assert_true(mono_before((struct mono){1}, (struct mono){2}));
    assert_false(mono_before((struct mono){2}, (struct mono){2}));
    assert_int_equal(mono_later((struct mono){1}, (struct mono){2}).us, 2);
    assert_int_equal(mono_earlier((struct mono){2}, (struct mono){1}).us, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_has_its_own_name),
        cmocka_unit_test(set_and_prefix),
        cmocka_unit_test(own_message_may_be_an_argument),
        cmocka_unit_test(long_messages_are_cut_between_characters),
        cmocka_unit_test(copy_cuts_and_says_so),
        cmocka_unit_test(print_cuts_between_characters),
        cmocka_unit_test(slices),
        cmocka_unit_test(utf8),
        cmocka_unit_test(clean),
        cmocka_unit_test(times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
