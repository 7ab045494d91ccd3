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
        cmocka_unit_test(test_width),
        cmocka_unit_test(test_fit),
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_many_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
