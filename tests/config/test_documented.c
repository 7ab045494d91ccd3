/* docs/configuration.md is held against the tables: every setting has its row there, with its default, its range, and every
 * row there is a setting. */
#include "config/schema.h"
#include "tests/config/helper.h"

#include <math.h>

static char *read_page(void)
{
    FILE *file = fopen("docs/configuration.md", "re");
    assert_non_null(file);
    char *text = calloc(1, 128 * 1024);
    assert_non_null(text);
    assert_true(fread(text, 1, 128 * 1024 - 1, file) > 0);
    assert_int_equal(fclose(file), 0);
    return text;
}

/* The rows of one table's section ("## channel"), up to the next section; the caller frees. */
static char *section_of(const char *page, const char *name)
{
    char heading[64];
    snprintf(heading, sizeof heading, "\n## %s\n", name);
    const char *at = strstr(page, heading);
    if (!at)
        fail_msg("docs/configuration.md has no section \"%s\"", name);
    at += strlen(heading);
    const char *end = strstr(at, "\n## ");
    char *section = strndup(at, end ? (size_t)(end - at) : strlen(at));
    assert_non_null(section);
    return section;
}

/* The row "| `name` | type | range | default | meaning |"; the caller frees. */
static char *row_of(const char *section, const char *table, const char *name)
{
    char start[100];
    snprintf(start, sizeof start, "\n| `%s` |", name);
    const char *at = strstr(section, start);
    if (!at)
        fail_msg("docs/configuration.md: section %s does not name `%s`", table, name);
    at++;
    char *row = strndup(at, strcspn(at, "\n"));
    assert_non_null(row);
    return row;
}

static void expect(const char *row, const char *cell)
{
    if (!strstr(row, cell))
        fail_msg("not in the row: %s\n%s", cell, row);
}

static void check_item(const char *section, const char *table, const char *name, const struct schema_item *item)
{
    char *row = row_of(section, table, name), cell[80];
    if (!item->initial)
        expect(row, "| required |");
    else if (item->initial[0] && strcmp(item->initial, "nan") != 0) {
        snprintf(cell, sizeof cell, "| %s |", item->initial);
        expect(row, cell);
    }
    bool number = item->type == SCHEMA_INTEGER || item->type == SCHEMA_REAL || item->type == SCHEMA_LIST;
    if (number && !item->check) {
        snprintf(cell, sizeof cell, "| %.10g to %.10g |", item->least, item->most);
        expect(row, cell);
    }
    for (size_t i = 0; item->type == SCHEMA_CHOICE && item->names[i]; i++)
        expect(row, item->names[i]);
    free(row);
}

static unsigned check_items(const char *section, const char *table, const char *prefix, const struct schema_item *items)
{
    unsigned n = 0;
    for (const struct schema_item *item = items; item->name; item++) {
        char name[80];
        snprintf(name, sizeof name, "%s%s", prefix, item->name);
        if (item->type == SCHEMA_GROUP && item->items) {
            strcat(name, ".");
            n += check_items(section, table, name, item->items);
        } else {
            check_item(section, table, name, item);
            n++;
        }
    }
    return n;
}

static void test_every_setting_is_documented(void **state)
{
    (void)state;
    char *page = read_page();
    const char *name;
    const struct schema_item *items;
    for (size_t i = 0; (items = schema_table(i, &name)); i++) {
        char *section = section_of(page, name);
        unsigned n = check_items(section, name, "", items), rows = 0;
        for (const char *p = section; (p = strstr(p, "\n| `")); p++)
            rows++;
        if (rows != n)
            fail_msg("section %s has %u rows for %u settings", name, rows, n);
        free(section);
    }
    free(page);
}

/* The reader's own behaviour where no shipped table has the case. */
static void test_a_table_of_ones_own(void **state)
{
    struct small {
        uint8_t byte;
        int64_t wide;
        double real;
        bool flag;
        char text[8];
    };
    static const struct schema_item items[] = {
        {"byte", SCHEMA_INTEGER, 0, 255, "7", SCHEMA_AT(small, byte)},
        {"wide", SCHEMA_INTEGER, -1e15, 1e15, "-5000000000", SCHEMA_AT(small, wide)},
        {"real", SCHEMA_REAL, -1, 1, "nan", SCHEMA_AT(small, real)},
        {"flag", SCHEMA_BOOLEAN, .initial = "true", SCHEMA_AT(small, flag)},
        {"text", SCHEMA_TEXT, .initial = "a", SCHEMA_AT(small, text)},
        {0},
    };
    (void)state;
    struct small small = {0};
    schema_default(NULL, items, &small);
    assert_int_equal(small.byte, 7);
    assert_true(small.wide == -5000000000);
    assert_true(isnan(small.real) && small.flag);
    assert_string_equal(small.text, "a");

    struct folder folder;
    struct said said = {0};
    char path[128];
    folder_make(&folder);
    folder_write(&folder, "x.cfg", "byte = 255;\nwide = -1000000000000L;\nreal = 1;\nflag = false;\ntext = \"1234567\";\n");
    snprintf(path, sizeof path, "%s/x.cfg", folder.path);
    const char *const roots[] = {folder.path, NULL};
    struct reporter reporter = {remember, &said, 0};
    struct document document = {0};
    assert_true(document_open(&document, path, folder.path, roots, &reporter));
    schema_read(&document, document_root(&document), items, &small);
    document_close(&document);
    assert_int_equal(said.mistakes, 0);
    assert_int_equal(small.byte, 255);
    assert_true(small.wide == -1000000000000 && small.real == 1 && !small.flag);
    assert_string_equal(small.text, "1234567");
    folder_remove(&folder);
}

static const char *suggest(char text[80], const char *wrong, const char *const *names)
{
    struct nearest nearest = nearest_to(wrong);
    for (; *names; names++)
        nearest_try(&nearest, *names);
    return nearest_text(&nearest, text);
}

static void test_the_nearest_name(void **state)
{
    (void)state;
    static const char *const names[] = {"turnaround_ms", "baud", "line", "unit", "id", NULL};
    char text[80];
    assert_string_equal(suggest(text, "turnaround", names), "; did you mean \"turnaround_ms\"?");
    assert_string_equal(suggest(text, "buad", names), "; did you mean \"baud\"?");
    assert_string_equal(suggest(text, "units", names), "; did you mean \"unit\"?");
    assert_string_equal(suggest(text, "uint", names), "; did you mean \"unit\"?");
    assert_string_equal(suggest(text, "colour", names), "");
    assert_string_equal(suggest(text, "an_unreasonably_long_name_that_nobody_would_ever_write", names), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_setting_is_documented),
        cmocka_unit_test(test_a_table_of_ones_own),
        cmocka_unit_test(test_the_nearest_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
