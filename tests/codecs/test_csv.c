/* Tables with commas, as spreadsheets write them. */
#include "codecs/csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct csv_row row;

static struct csv begin(const char *text)
{
    struct csv csv;
    struct error error = {0};
    if (!csv_begin(&csv, slice_of(text), &error))
        fail_msg("%s", error.message);
    return csv;
}

/* The next row with its cells between bars; what is wrong with it in round brackets; "" at the end. */
static const char *next(struct csv *csv)
{
    static char text[1000];
    struct error error = {0};
    text[0] = '\0';
    if (!csv_next(csv, &row, &error)) {
        if (error.code != ERROR_NONE)
            text_print(text, sizeof text, "(%u: %s)", row.line, error.message);
        return text;
    }
    for (size_t i = 0; i < row.n_cells; i++)
        text_print(text + strlen(text), sizeof text - strlen(text), "%s%s", i > 0 ? "|" : "", row.cells[i]);
    return text;
}

static void test_rows(void **state)
{
    (void)state;
    static const struct {
        const char *table, *rows[4];
    } ROWS[] = {
        {"a,b\r\n1,2\r\n", {"a|b", "1|2", ""}},
        {"a,b\n1,2", {"a|b", "1|2", ""}},
        {"a,b\r1,2\r", {"a|b", "1|2", ""}},
        {"\xEF\xBB\xBF编号,名称\n1,龙塘村\n", {"编号|名称", "1|龙塘村", ""}},
        {"a,,\n,b,\n", {"a||", "|b|", ""}},
        {"\"a,b\",\"say \"\"no\"\"\",\"two\nlines\"\nc\n", {"a,b|say \"no\"|two\nlines", "c", ""}},
        {"a\n\n\r\nb\n", {"a", "b", ""}},
        {"\"\",x\n", {"|x", ""}},
        {"", {""}},
        {"\xEF\xBB\xBF", {""}},
        {" a , b \n", {" a | b ", ""}},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        struct csv csv = begin(ROWS[i].table);
        for (size_t k = 0; k < 4 && ROWS[i].rows[k]; k++)
            assert_string_equal(next(&csv), ROWS[i].rows[k]);
    }
}

static void test_lines_are_counted(void **state)
{
    (void)state;
    struct csv csv = begin("a\r\n\r\n\"b\r\nb\",\"\"\nc\rd\n");
    static const unsigned LINES[] = {1, 3, 5, 6};
    for (size_t i = 0; i < 4; i++) {
        assert_true(*next(&csv) != '\0');
        assert_int_equal(row.line, LINES[i]);
    }
}

static void test_mistakes(void **state)
{
    (void)state;
    static const struct {
        const char *table, *said;
    } ROWS[] = {
        {"a\n\"b", "(2: the quote that opens cell 1 is never closed)"},
        {"a\nx,b\"c\n", "(2: a quote stands within cell 2, which has none around it)"},
        {"a\n\"b\"c\n", "(2: behind the closing quote of cell 1 stands neither a comma nor a line end)"},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        struct csv csv = begin(ROWS[i].table);
        next(&csv);
        assert_string_equal(next(&csv), ROWS[i].said);
    }
}

static void test_bounds(void **state)
{
    (void)state;
    char *text = malloc(CSV_ROW_MAX + 10);
    assert_non_null(text);
    memset(text, ',', CSV_CELLS_MAX);
    text[CSV_CELLS_MAX] = '\0';
    struct csv csv = begin(text);
    assert_string_equal(next(&csv), "(1: the row has more than 64 cells)");
    text[CSV_CELLS_MAX - 1] = '\0';
    csv = begin(text);
    next(&csv);
    assert_int_equal(row.n_cells, CSV_CELLS_MAX);
    memset(text, 'x', CSV_ROW_MAX);
    text[CSV_ROW_MAX - 1] = '\0';
    csv = begin(text);
    struct error error;
    assert_true(csv_next(&csv, &row, &error));
    memset(text, 'x', CSV_ROW_MAX);
    text[CSV_ROW_MAX] = '\0';
    csv = begin(text);
    assert_string_equal(next(&csv), "(1: the row has more than 65536 bytes)");
    free(text);
}

/* As Excel saves a "CSV" on a Chinese system (GBK), and "Unicode text" (UTF-16). */
static void test_other_encodings(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
        unsigned line;
    } ROWS[] = {{"code,zh\n1,\xC1\xFA\xCC\xC1\n", 15, 2},
                {"\xFF\xFE"
                 "c\0o\0",
                 6, 1},
                {"a\n\0\n", 4, 2}};
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        struct csv csv;
        struct error error = {0};
        assert_false(csv_begin(&csv, (struct slice){ROWS[i].bytes, ROWS[i].size}, &error));
        assert_int_equal(csv.line, ROWS[i].line);
        assert_non_null(strstr(error.message, "save it as \"CSV UTF-8\""));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),   cmocka_unit_test(test_lines_are_counted), cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_bounds), cmocka_unit_test(test_other_encodings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
