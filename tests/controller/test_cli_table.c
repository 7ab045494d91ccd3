/* Width of text, cleaning, and tables that line up. */
#include "controller/cli_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_width(void **state)
{
    (void)state;
    assert_int_equal(text_width(""), 0);
    assert_int_equal(text_width("abc"), 3);
    assert_int_equal(text_width("龙塘水库"), 8);
    assert_int_equal(text_width("（一）"), 6);
    assert_int_equal(text_width("e\xCC\x81"), 1);        /* e and a combining accent */
    assert_int_equal(text_width("\xF0\x9F\x94\x94"), 2); /* a bell */
    assert_int_equal(text_width("\xF0\xA0\x80\x80"), 2); /* U+20000, a rare character of names */
    assert_int_equal(text_width("a\xFF\x80z"), 4);       /* broken bytes count one each */
    assert_int_equal(text_width("\xE9\xBE"), 2);         /* cut in the middle */
}

static void test_fit(void **state)
{
    (void)state;
    assert_int_equal(text_fit("龙塘", 4), 6);
    assert_int_equal(text_fit("龙塘", 3), 3); /* half a character does not fit */
    assert_int_equal(text_fit("龙塘", 1), 0);
    assert_int_equal(text_fit("abc", 9), 3);
}

static void expect_clean(const char *from, const char *wanted)
{
    char text[64];
    text_clean(text, sizeof text, from);
    assert_string_equal(text, wanted);
}

static void test_clean(void **state)
{
    (void)state;
    expect_clean("龙塘 ok", "龙塘 ok");
    expect_clean("a\033[31mred\007", "a?[31mred?");
    expect_clean("a\nb\tc\rd", "a b c d");
    expect_clean("x\xC2\x9Bz", "x?z");     /* C1: another way to begin a control sequence */
    expect_clean("x\xE2\x80\xAEz", "x?z"); /* right-to-left override */
    expect_clean("x\xFFz", "x?z");
    char small[6];
    text_clean(small, sizeof small, "ab龙塘");
    assert_string_equal(small, "ab龙");
    text_clean(small, 1, "ab");
    assert_string_equal(small, "");
}

static void test_columns(void **state)
{
    (void)state;
    const char *const titles[] = {"id", "name", ">dB", "end"};
    const char *const first[] = {"t1", "龙塘", "-9.5", "heard"};
    const char *const second[] = {"t20", "abc", "-12.0", NULL};
    struct table *table = table_create(titles, 4);
    table_add(table, first);
    table_add(table, second);
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    assert_true(table_print(table, out));
    fclose(out);
    assert_string_equal(text, "id   name     dB  end\n"
                              "t1   龙塘   -9.5  heard\n"
                              "t20  abc   -12.0\n");
    free(text);
    table_free(table);
    table_free(NULL);
}

static void test_many_rows(void **state)
{
    (void)state;
    const char *const titles[] = {"n"};
    struct table *table = table_create(titles, 1);
    for (int i = 0; i < 2000; i++) {
        const char *const cells[] = {"x\ny"};
        table_add(table, cells);
    }
    char *text = NULL;
    size_t size, lines = 0;
    FILE *out = open_memstream(&text, &size);
    assert_true(table_print(table, out));
    fclose(out);
    for (size_t i = 0; i < size; i++)
        lines += text[i] == '\n';
    assert_int_equal(lines, 2001); /* a line break in a cell makes no line */
    free(text);
    table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_width),   cmocka_unit_test(test_fit),       cmocka_unit_test(test_clean),
        cmocka_unit_test(test_columns), cmocka_unit_test(test_many_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
