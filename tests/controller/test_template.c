/* Texts filled: each shipped one as a whole and without each slot that may be empty, the rule for clauses, times, shelters. */
#include "controller/template.h"
#include "tests/config/helper.h"
#include "tests/config/typical_values.h"

static char *fill(const char *text, enum text_language language, const struct template_values *values)
{
    struct error error = {0};
    char *filled = template_fill(text, language, values, &error);
    if (!filled)
        fail_msg("%s: %s", text, error.message);
    return filled;
}

/* ---- the shipped texts against tests/controller/data/texts.txt ---- */

struct shipped {
    struct config *config;
    char *expected;
    unsigned used; /* lines of it */
};

static const char *const KEYS[TEXT_COUNT] = {
    "update",        "all_clear",  "all_clear_begin",   "drill",         "drill_begin",      "drill_again",       "drill_end",
    "drill_stopped", "correction", "correct_no_danger", "correct_place", "flash_flood_here", "flash_flood_coming"};

static char *read_expected(void)
{
    FILE *file = fopen("tests/controller/data/texts.txt", "re");
    assert_non_null(file);
    char *text = calloc(1, 128 * 1024);
    assert_non_null(text);
    assert_true(fread(text, 1, 128 * 1024 - 1, file) > 0);
    assert_int_equal(fclose(file), 0);
    return text;
}

static bool has_slot(const char *text, enum slot slot)
{
    char name[40];
    snprintf(name, sizeof name, "{%s}", slot_name(slot));
    return strstr(text, name);
}

static bool may_be_empty(enum slot slot)
{
    return slot == SLOT_SHELTER || slot_may_be_empty(slot);
}

static void expect(struct shipped *shipped, const char *key, enum text_language language, const char *empty, const char *text,
                   const struct template_values *values)
{
    char start[80], *filled = fill(text, language, values);
    snprintf(start, sizeof start, "\n%s|%s|%s|", key, language == TEXT_ZH ? "zh" : "en", empty);
    const char *line = strstr(shipped->expected, start);
    if (!line)
        fail_msg("data/texts.txt has no line %s%s", start + 1, filled);
    line += strlen(start);
    if (strlen(filled) != strcspn(line, "\n") || strncmp(line, filled, strlen(filled)) != 0)
        fail_msg("%s\nsays      %s\nexpected: %.*s", start + 1, filled, (int)strcspn(line, "\n"), line);
    shipped->used++;
    free(filled);
}

static void check_text(struct shipped *shipped, const char *key, enum text_language language, const char *text)
{
    struct template_values none = TYPICAL[language];
    unsigned n = 0;
    expect(shipped, key, language, "-", text, &TYPICAL[language]);
    for (enum slot slot = 0; slot < SLOT_COUNT; slot++) {
        struct template_values values = TYPICAL[language];
        if (!may_be_empty(slot) || !has_slot(text, slot))
            continue;
        values.of[slot] = n++ % 2 ? NULL : "  ";
        none.of[slot] = "";
        expect(shipped, key, language, slot_name(slot), text, &values);
    }
    if (n > 1)
        expect(shipped, key, language, "ALL", text, &none);
}

static unsigned count_lines(const char *text)
{
    unsigned n = 0;
    for (const char *p = text; (p = strchr(p, '\n')); p++)
        n += p[1] && p[1] != '#';
    return n;
}

static void test_shipped_texts(void **state)
{
    (void)state;
    struct said said = {0};
    struct shipped shipped = {.config = config_load("config/demo/site.cfg", remember, &said), .expected = read_expected()};
    assert_non_null(shipped.config);
    for (enum text_language language = 0; language < TEXT_LANGUAGES; language++) {
        for (size_t i = 0; i < shipped.config->n_hazards; i++)
            check_text(&shipped, shipped.config->hazards[i].id, language, shipped.config->hazards[i].text.in[language]);
        for (size_t key = 0; key < TEXT_COUNT; key++)
            check_text(&shipped, KEYS[key], language, shipped.config->texts[key].in[language]);
    }
    assert_int_equal(shipped.used, count_lines(shipped.expected));
    free(shipped.expected);
    config_free(shipped.config);
}

/* ---- the rule for clauses ---- */

static const struct {
    const char *text, *without_route, *whole;
} CLAUSES[] = {
    {"a, b {route}, c.", "a, c.", "a, b R, c."},
    {"a, b {route}. c.", "a. c.", "a, b R. c."},   /* the full stop takes the place of the comma */
    {"a. b {route}. c.", "a. c.", "a. b R. c."},   /* a whole sentence */
    {"b {route}. c.", "c.", "b R. c."},            /* the first one: no blank is left before the next */
    {"a! by {route}, c.", "a! C.", "a! by R, c."}, /* the beginning of a sentence */
    {"by {route}, to {shelter}.", "To a safe place.", "by R, to a safe place."},
    {"a; b {route}? c", "a? c", "a; b R? c"},
    {"a, b {route}", "a", "a, b R"}, /* the end of the text ends a sentence, without a mark */
    {"{route}", "", "R"},
    {"3.5 m, by {route}, c", "3.5 m, c", "3.5 m, by R, c"}, /* the point of a number is no mark */
    {"10,000 by {route}, c", "C", "10,000 by R, c"},        /* nor is its comma */
    {"Help: {route}. c", "c", "Help: R. c"},                /* nor a colon */
    {"甲，走{route}，丙。", "甲，丙。", "甲，走R，丙。"},
    {"甲、走{route}。丙", "甲。丙", "甲、走R。丙"},
    {"甲；走{route}！丙", "甲！丙", "甲；走R！丙"},
    {"走{route},到丙。", "到丙。", "走R,到丙。"},                     /* an ASCII comma between Chinese words */
    {"甲，走{route}，去{closed}。丙。", "甲。丙。", "甲，走R。丙。"}, /* {closed} is empty in both */
};

static void test_clauses(void **state)
{
    (void)state;
    struct template_values values = {0};
    for (size_t i = 0; i < sizeof CLAUSES / sizeof *CLAUSES; i++) {
        values.of[SLOT_ROUTE] = NULL;
        char *filled = fill(CLAUSES[i].text, TEXT_EN, &values);
        assert_string_equal(filled, CLAUSES[i].without_route);
        free(filled);
        values.of[SLOT_ROUTE] = "R";
        filled = fill(CLAUSES[i].text, TEXT_EN, &values);
        assert_string_equal(filled, CLAUSES[i].whole);
        free(filled);
    }
}

/* Marks and braces of a value are words like others. */
static void test_values_are_put_in_as_they_are(void **state)
{
    (void)state;
    struct template_values values = {0};
    values.of[SLOT_PLACES] = "甲，乙。{river}丙";
    char *filled = fill("{places}人，走{route}，到{shelter}。", TEXT_ZH, &values);
    assert_string_equal(filled, "甲，乙。{river}丙人，到安全的地方。");
    free(filled);
}

static void assert_refused(const char *text, const struct template_values *values, enum error_code code, const char *message)
{
    struct error error = {0};
    assert_null(template_fill(text, TEXT_ZH, values, &error));
    assert_int_equal(error.code, code);
    assert_string_equal(error.message, message);
}

static void test_missing_values_are_all_named(void **state)
{
    (void)state;
    struct template_values values = TYPICAL[TEXT_ZH];
    values.of[SLOT_RIVER] = NULL;
    values.of[SLOT_ZONE] = " ";
    values.of[SLOT_STATE] = NULL; /* not in the text */
    assert_refused("{zone}{places}{river}，{route}，{shelter}", &values, ERROR_MISSING,
                   "the text needs a value for {river}, {zone}");
    assert_refused("{zone", &values, ERROR_INVALID, "a { is not closed by a }: \"{zone\"");
}

/* ---- checks of a text ---- */

enum { SOME = 1 << SLOT_PLACES | 1 << SLOT_ROUTE | 1 << SLOT_SHELTER };

static const struct {
    const char *text, *message; /* NULL: good */
} CHECKED[] = {
    {"{places}，走{route}，到{shelter}", NULL},
    {"{places}", NULL},
    {"走{route}", "{places} must stand in this text"},
    {"{places}，到{sheltr}", "there is no slot {sheltr}; did you mean \"shelter\"?"},
    {"{places}{}", "there is no slot {}"},
    {"{places}，到{shelter", "a { is not closed by a }: \"{shelter\""},
    {"{places}，{到{shelter}", "a { is not closed by a }: \"{到{shelter}\""},
    {"{places}，shelter}", "a } without its { stands at \"}\""},
    {"{places}和{zone}", "{zone} may not stand in this text; what may: {places}, {shelter}, {route}"},
    {"{places}，走{route}到{shelter}",
     "{route} may be empty, and its clause would be left out with {shelter}: put a comma between them"},
};

static void test_checks(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof CHECKED / sizeof *CHECKED; i++) {
        struct error error = {0};
        bool good = slots_check(CHECKED[i].text, SOME, 1 << SLOT_PLACES, &error);
        assert_int_equal(good, CHECKED[i].message == NULL);
        assert_string_equal(error.message, CHECKED[i].message ? CHECKED[i].message : "");
    }
    struct error error = {0};
    assert_false(slots_check("{places}", 0, 0, &error));
    assert_string_equal(error.message, "{places} may not stand in this text; it has no slots");
}

/* ---- times ---- */

static const struct {
    const char *zh, *en;
} HOURS[24] = {
    {"凌晨零点", "12 o'clock at night"},
    {"凌晨一点", "1 o'clock at night"},
    {"凌晨两点", "2 o'clock at night"},
    {"凌晨三点", "3 o'clock at night"},
    {"凌晨四点", "4 o'clock at night"},
    {"早上五点", "5 o'clock in the morning"},
    {"早上六点", "6 o'clock in the morning"},
    {"早上七点", "7 o'clock in the morning"},
    {"上午八点", "8 o'clock in the morning"},
    {"上午九点", "9 o'clock in the morning"},
    {"上午十点", "10 o'clock in the morning"},
    {"中午十一点", "11 o'clock in the morning"},
    {"中午十二点", "12 o'clock in the afternoon"},
    {"下午一点", "1 o'clock in the afternoon"},
    {"下午两点", "2 o'clock in the afternoon"},
    {"下午三点", "3 o'clock in the afternoon"},
    {"下午四点", "4 o'clock in the afternoon"},
    {"傍晚五点", "5 o'clock in the afternoon"},
    {"傍晚六点", "6 o'clock in the evening"},
    {"晚上七点", "7 o'clock in the evening"},
    {"晚上八点", "8 o'clock in the evening"},
    {"晚上九点", "9 o'clock in the evening"},
    {"晚上十点", "10 o'clock at night"},
    {"晚上十一点", "11 o'clock at night"},
};

static struct wall minute_of_day(int minute)
{
    return (struct wall){((int64_t)20000 * 24 * 60 + minute) * 60000};
}

static void test_every_hour(void **state)
{
    (void)state;
    char text[TEMPLATE_TIME_SIZE];
    for (int hour = 0; hour < 24; hour++) {
        template_time(minute_of_day(hour * 60), 0, TEXT_ZH, text);
        assert_string_equal(text, HOURS[hour].zh);
        template_time(minute_of_day(hour * 60), 0, TEXT_EN, text);
        assert_string_equal(text, HOURS[hour].en);
    }
}

static const struct {
    int minute;
    const char *zh, *en;
} MINUTES[] = {
    {1, "凌晨三点零一分", "3:01 at night"},    {2, "凌晨三点零二分", "3:02 at night"},
    {10, "凌晨三点十分", "3:10 at night"},     {12, "凌晨三点十二分", "3:12 at night"},
    {20, "凌晨三点二十分", "3:20 at night"},   {21, "凌晨三点二十一分", "3:21 at night"},
    {59, "凌晨三点五十九分", "3:59 at night"},
};

static void test_minutes_and_offsets(void **state)
{
    (void)state;
    char text[TEMPLATE_TIME_SIZE];
    for (size_t i = 0; i < sizeof MINUTES / sizeof *MINUTES; i++) {
        struct wall at = {minute_of_day(3 * 60 + MINUTES[i].minute).ms - 8 * 3600000 + 59999}; /* Beijing, its last second */
        template_time(at, 480, TEXT_ZH, text);
        assert_string_equal(text, MINUTES[i].zh);
        template_time(at, 480, TEXT_EN, text);
        assert_string_equal(text, MINUTES[i].en);
    }
    template_time(minute_of_day(60), -150, TEXT_ZH, text); /* the day before */
    assert_string_equal(text, "晚上十点三十分");
    template_time((struct wall){-1}, 0, TEXT_ZH, text); /* before 1970 */
    assert_string_equal(text, "晚上十一点五十九分");
}

static void test_no_two_minutes_of_a_day_sound_the_same(void **state)
{
    (void)state;
    static char all[24 * 60][TEMPLATE_TIME_SIZE];
    for (enum text_language language = 0; language < TEXT_LANGUAGES; language++)
        for (int i = 0; i < 24 * 60; i++) {
            template_time(minute_of_day(i), 0, language, all[i]);
            for (int k = 0; k < i; k++)
                assert_string_not_equal(all[i], all[k]);
        }
}

/* ---- shelters ---- */

static const struct {
    const char *shelters[5];
    size_t n;
    bool named;
    const char *zh, *en;
} SHELTERS[] = {
    {{"A"}, 1, true, "A", "A"},
    {{"A", "A", "A", "A", "A"}, 5, true, "A", "A"},
    {{"A", "B"}, 2, true, "A或B", "A or B"},
    {{"A", "B", "A", "C", "B"}, 5, true, "A、B或C", "A, B or C"},
    {{"A", "B", "C", "D"}, 4, false, "原定安置点", "your agreed shelter"},
    {{0}, 0, true, "安全的地方", "a safe place"},
    {{NULL, " "}, 2, true, "安全的地方", "a safe place"},
    {{"A", ""}, 2, true, "A或安全的地方", "A or a safe place"},
    {{"A", "", "B", "C"}, 4, false, "原定安置点", "your agreed shelter"},
};

static void test_shelters(void **state)
{
    (void)state;
    char text[128], small[30];
    for (size_t i = 0; i < sizeof SHELTERS / sizeof *SHELTERS; i++) {
        assert_int_equal(template_shelters(SHELTERS[i].shelters, SHELTERS[i].n, TEXT_ZH, text, sizeof text), SHELTERS[i].named);
        assert_string_equal(text, SHELTERS[i].zh);
        assert_int_equal(template_shelters(SHELTERS[i].shelters, SHELTERS[i].n, TEXT_EN, text, sizeof text), SHELTERS[i].named);
        assert_string_equal(text, SHELTERS[i].en);
    }
    static const char *const LONG[] = {"龙塘村中心小学", "石桥村委会"};
    assert_false(template_shelters(LONG, 2, TEXT_ZH, small, sizeof small)); /* no half of a name */
    assert_string_equal(small, "原定安置点");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shipped_texts),
        cmocka_unit_test(test_clauses),
        cmocka_unit_test(test_values_are_put_in_as_they_are),
        cmocka_unit_test(test_missing_values_are_all_named),
        cmocka_unit_test(test_checks),
        cmocka_unit_test(test_every_hour),
        cmocka_unit_test(test_minutes_and_offsets),
        cmocka_unit_test(test_no_two_minutes_of_a_day_sound_the_same),
        cmocka_unit_test(test_shelters),
    };
    return cmocka_run_group_tests(tests, use_shipped_data, NULL);
}
