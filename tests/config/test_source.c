/* The text of a file with its includes: where each line came from, what may be included, and what libconfig would swallow. */
#include "config/source.h"
#include "tests/config/helper.h"

struct fixture {
    struct folder own, data, other;
    const char *roots[3];
    struct said said;
    struct reporter reporter;
    struct source source;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    folder_make(&f->own);
    folder_make(&f->data);
    folder_make(&f->other);
    f->roots[0] = f->own.path;
    f->roots[1] = f->data.path;
    f->reporter = (struct reporter){remember, &f->said, 0};
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    source_free(&f->source);
    folder_remove(&f->own);
    folder_remove(&f->data);
    folder_remove(&f->other);
    free(f);
    return 0;
}

static bool read_main(struct fixture *f, const char *text)
{
    char path[128];
    if (text)
        folder_write(&f->own, "main.cfg", text);
    snprintf(path, sizeof path, "%s/main.cfg", f->own.path);
    source_free(&f->source);
    memset(&f->said, 0, sizeof f->said);
    f->reporter.mistakes = 0;
    bool good = source_read(&f->source, path, f->roots, &f->reporter);
    assert_int_equal(good, f->reporter.mistakes == 0);
    assert_int_equal(f->said.mistakes, f->reporter.mistakes);
    return good;
}

static void test_lines_know_where_they_came_from(void **state)
{
    struct fixture *f = *state;
    unsigned line;
    folder_write(&f->own, "parts/a.cfg", "a1 = 1;\n  @include \"b.cfg\" # beside a.cfg\na3 = 3;");
    folder_write(&f->own, "parts/b.cfg",
                 "\xEF\xBB\xBF"
                 "b1 = 1;\r\n");
    folder_write(&f->data, "d.cfg", "d1 = 1;\n");
    assert_true(read_main(f, "m1 = 1;\n@include \"parts/a.cfg\"\n@include \"d.cfg\"\nm4 = 4;\n"));
    assert_string_equal(f->source.text, "m1 = 1;\na1 = 1;\nb1 = 1;\r\na3 = 3;\nd1 = 1;\nm4 = 4;\n");
    static const struct {
        const char *file;
        unsigned line;
    } where[] = {{"main.cfg", 1}, {"a.cfg", 1}, {"b.cfg", 1}, {"a.cfg", 3}, {"d.cfg", 1}, {"main.cfg", 4}, {"main.cfg", 4}};
    for (unsigned i = 0; i < 7; i++) {
        const char *file = source_where(&f->source, i + 1, &line);
        assert_non_null(strstr(file, where[i].file));
        assert_int_equal(line, where[i].line);
    }
}

static void test_an_empty_file(void **state)
{
    struct fixture *f = *state;
    unsigned line;
    assert_true(read_main(f, ""));
    assert_non_null(strstr(source_where(&f->source, 1, &line), "main.cfg"));
    assert_int_equal(line, 0);
}

static void test_include_only_below_the_folders(void **state)
{
    struct fixture *f = *state;
    char text[256], path[128], target[128];
    folder_write(&f->other, "secret.cfg", "secret = 1;\n");
    snprintf(text, sizeof text, "@include \"%s/secret.cfg\"\n", f->other.path);
    assert_false(read_main(f, text));
    assert_said(&f->said, false, "main.cfg", 1, "only files below the configuration's own folder");
    assert_null(f->source.text);
    snprintf(text, sizeof text, "\n@include \"..%s/secret.cfg\"\n", strrchr(f->other.path, '/'));
    assert_false(read_main(f, text));
    assert_said(&f->said, false, "main.cfg", 2, "only files below");
    snprintf(path, sizeof path, "%s/link.cfg", f->own.path);
    snprintf(target, sizeof target, "%s/secret.cfg", f->other.path);
    assert_int_equal(symlink(target, path), 0);
    assert_false(read_main(f, "@include \"link.cfg\"\n"));
    assert_said(&f->said, false, "main.cfg", 1, "only files below");
    /* a sibling whose name only begins like ours */
    snprintf(path, sizeof path, "%s2", f->own.path);
    assert_int_equal(rename(f->other.path, path), 0);
    snprintf(text, sizeof text, "@include \"%s/secret.cfg\"\n", path);
    assert_false(read_main(f, text));
    assert_said(&f->said, false, "main.cfg", 1, "only files below");
    assert_int_equal(rename(path, f->other.path), 0);
}

static void test_include_mistakes(void **state)
{
    struct fixture *f = *state;
    assert_false(read_main(f, "@include \"main.cfg\"\n"));
    assert_said(&f->said, false, "main.cfg", 1, "include each other too deeply");
    assert_false(read_main(f, "@include \"no.cfg\"\n@include no.cfg\n@include \"x\n@include \"no.cfg\" a = 1;\n"));
    assert_said(&f->said, false, "main.cfg", 1, "there is no such file beside this one or in the shipped data: no.cfg");
    assert_said(&f->said, false, "main.cfg", 2, "needs a file name in quotes");
    assert_said(&f->said, false, "main.cfg", 3, "needs a file name in quotes");
    assert_said(&f->said, false, "main.cfg", 4, "nothing may follow an @include on its line: a = 1;");
    assert_int_equal(f->said.mistakes, 4);
}

static void test_too_many_files(void **state)
{
    struct fixture *f = *state;
    char text[80 * 24] = "";
    for (int i = 0; i < 65; i++)
        strcat(text, "@include \"one.cfg\"\n");
    folder_write(&f->own, "one.cfg", "\n");
    assert_false(read_main(f, text));
    assert_non_null(strstr(f->said.items[0].message, "too many files"));
}

static void test_include_in_text_and_comment_is_none(void **state)
{
    struct fixture *f = *state;
    assert_true(
        read_main(f, "/* a comment\n@include \"/etc/passwd\"\n*/\n# @include\ns = \"@include\\\" \";\n// \"\nt = 1;\n"));
    assert_non_null(strstr(f->source.text, "/etc/passwd"));
}

static void test_only_regular_files(void **state)
{
    struct fixture *f = *state;
    char path[128];
    snprintf(path, sizeof path, "%s/main.cfg", f->own.path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_false(read_main(f, NULL)); /* must not wait for a writer */
    assert_said(&f->said, false, "main.cfg", 0, "is not a regular file");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_false(read_main(f, NULL));
    assert_said(&f->said, false, "main.cfg", 0, "is not a regular file");
    assert_int_equal(rmdir(path), 0);
    folder_write(&f->own, "main.cfg", "x");
    assert_int_equal(truncate(path, SOURCE_SIZE_MAX + 1), 0);
    assert_false(read_main(f, NULL));
    assert_said(&f->said, false, "main.cfg", 0, "larger than 4 MiB");
}

static void test_text_that_is_none(void **state)
{
    struct fixture *f = *state;
    char path[128];
    assert_false(read_main(f, "a = 1;\nb = \"\xC0\xAF\";\n"));
    assert_said(&f->said, false, "main.cfg", 2, "is not UTF-8");
    snprintf(path, sizeof path, "%s/main.cfg", f->own.path);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite("a = 1;\nb\0c = 2;\n", 1, 16, file), 16);
    assert_int_equal(fclose(file), 0);
    assert_false(read_main(f, NULL));
    assert_said(&f->said, false, "main.cfg", 2, "NUL byte");
}

static void test_what_is_not_closed(void **state)
{
    struct fixture *f = *state;
    assert_false(read_main(f, "a = \"x;\nb = \"2\";\n@include \"no.cfg\"\n"));
    assert_said(&f->said, false, "main.cfg", 1, "a \" is not closed on this line");
    assert_said(&f->said, false, "main.cfg", 3, "there is no such file");
    assert_int_equal(f->said.mistakes, 2);
    assert_false(read_main(f, "a = 1; /* x;\n"));
    assert_said(&f->said, false, "main.cfg", 2, "a /* is not closed in this file");
}

/* libconfig takes these as other numbers without a word. */
static void test_numbers_that_would_wrap(void **state)
{
    static const char *const wrong[] = {"2147483648", "4294967297",           "-2147483649",           "0x80000000",
                                        "0xFFFFFFFF", "99999999999999999999", "99999999999999999999L", "+4294967296"};
    static const char *const right[] = {"2147483647",     "-2147483648",        "0x7FFFFFFF",         "4294967297L",
                                        "0x80000000L",    "4294967297.0",       "4294967297e3",       "\"4294967297\"",
                                        "1 # 4294967297", "1; x4294967297 = 1", "1 /* 4294967297 */", "1; a-4294967297 = 1"};
    struct fixture *f = *state;
    char text[128];
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        snprintf(text, sizeof text, "\na = [ 1, %s ];\n", wrong[i]);
        assert_false(read_main(f, text));
        assert_said(&f->said, false, "main.cfg", 2, wrong[i]);
        assert_non_null(strstr(f->said.items[0].message, "does not fit 32 bits"));
    }
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        snprintf(text, sizeof text, "a = %s;\n", right[i]);
        if (!read_main(f, text))
            fail_msg("refused: %s", right[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_lines_know_where_they_came_from, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_an_empty_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_include_only_below_the_folders, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_include_mistakes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_too_many_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_include_in_text_and_comment_is_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_only_regular_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_text_that_is_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_not_closed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_numbers_that_would_wrap, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
