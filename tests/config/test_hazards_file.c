/* The table of hazards: what is shipped, what may be wrong in one; and the demo's alert against the demo's site. */
#include "codecs/cap.h"
#include "config/load.h"
#include "tests/config/helper.h"

#include <strings.h>

#define GOOD_HAZARDS                                                                                                             \
    "hazards = (\n"                                                                                                              \
    "  { id = \"flood\"; code = \"11A01\"; zh = \"洪水\"; en = \"Flood\"; rank = 2; tone = \"wail\"; events = [ \"Flood\" ]; " \
    "},\n"                                                                                                                       \
    "  { id = \"dam\"; zh = \"溃坝\"; en = \"Dam\"; rank = 1; events = [ \"Dam\", \"DBW\" ]; },\n"                             \
    "  { id = \"other\"; zh = \"其他\"; en = \"Other\"; rank = 100; }\n"                                                       \
    ");\n"                                                                                                                       \
    "level_rules = (\n"                                                                                                          \
    "  { name = \"c\"; value = \"v\"; level = \"advisory\"; }\n"                                                                 \
    ");\n"

static struct config *load_with(const struct folder *folder, const char *hazards, struct said *said)
{
    write_good_site(folder, GOOD_SITE);
    folder_write(folder, "hazards.cfg", hazards);
    return load_in(folder, "site.cfg", said);
}

static void test_a_sites_own_table(void **state)
{
    (void)state;
    struct folder folder;
    struct said said;
    folder_make(&folder);
    struct config *config = load_with(&folder, GOOD_HAZARDS, &said);
    assert_non_null(config);
    assert_int_equal(config->n_hazards, 3);
    assert_string_equal(config->hazards[0].code, "11A01");
    assert_string_equal(config->hazards[0].name_zh, "洪水");
    assert_int_equal(config->hazards[0].rank, 2);
    assert_int_equal(config->hazards[0].tone, TONE_WAIL);
    assert_int_equal(config->hazards[1].tone, TONE_ATTENTION);
    assert_int_equal(config->hazards[1].n_events, 2);
    assert_string_equal(config->hazards[1].events[1], "DBW");
    assert_int_equal(config->hazards[2].n_events, 0);
    assert_int_equal(config->n_level_rules, 1);
    assert_int_equal(config->level_rules[0].level, LEVEL_ADVISORY);
    config_free(config);
    folder_remove(&folder);
}

static int hazard_of(const struct config *config, const char *event)
{
    for (size_t i = 0; i < config->n_hazards; i++)
        for (size_t k = 0; k < config->hazards[i].n_events; k++)
            if (strcasecmp(config->hazards[i].events[k], event) == 0)
                return (int)i;
    return find_hazard(config, "other");
}

static void test_shipped_hazards(void **state)
{
    (void)state;
    static const char *const ids[] = {"flood", "flash_flood", "landslide",  "debris_flow",       "forest_fire",
                                      "dam",   "storm",       "earthquake", "reservoir_release", "other"};
    static const struct {
        const char *event, *hazard;
    } events[] = {{"水庫洩洪", "reservoir_release"},
                  {"水库泄洪", "reservoir_release"},
                  {"reservoirdis", "reservoir_release"},
                  {"強烈季候風信號", "other"},
                  {"STRONG MONSOON SIGNAL", "storm"},
                  {"土石流", "debris_flow"},
                  {"FFW", "flash_flood"},
                  {"", "other"}};
    struct said said = {0};
    struct config *config = config_load("config/demo/site.cfg", remember, &said);
    assert_non_null(config);
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        assert_true(find_hazard(config, ids[i]) >= 0);
    assert_string_equal(config->hazards[config->n_hazards - 1].id, "other");
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        assert_string_equal(config->hazards[hazard_of(config, events[i].event)].id, events[i].hazard);
    config_free(config);
}

struct broken {
    const char *from, *to, *where, *message;
};

static const struct broken broken[] = {
    {"\"other\"", "\"others\"", "hazards = (", "the last hazard must be \"other\""},
    {"\"11A01\"", "\"11a01\"", "Flood", "code must be five of A-Z and 0-9"},
    {"\"11A01\"", "\"11A0\"", "Flood", "code must be five of A-Z and 0-9"},
    {"\"wail\"", "\"wale\"", "Flood",
     "tone must be one of \"attention\", \"wail\", \"hi_lo\", \"chime\", not \"wale\"; did you mean \"wail\"?"},
    {"\"wail\"", "\"all_clear\"", "Flood", "\"chime\", not \"all_clear\""}, /* that is no danger */
    {"\"DBW\"", "\"FLOOD\"", "Dam", "the event \"FLOOD\" stands for flood and for dam"},
    {"\"DBW\"", "\"dam\"", "Dam", "the event \"dam\" stands for dam and for dam"},
    {"\"DBW\"", "\"\"", "Dam", "each of events must have 1 to 63 bytes"},
    {"id = \"dam\"", "id = \"flood\"", "Dam", "the id \"flood\" stands twice in hazards"},
    {"rank = 1;", "", "Dam", "rank is missing"},
    {"zh = \"溃坝\";", "", "Dam", "zh is missing"},
    {"hazards = (", "hazrads = (", "hazrads", "unknown setting \"hazrads\"; did you mean \"hazards\"?"},
    {"\"advisory\"", "\"grey\"", "grey", "level must be one of"},
    {"value = \"v\";", "", "advisory", "value is missing"},
    {"{ name = \"c\"", "{ source = \"x\"; name = \"c\"", "advisory", "source names \"x\", which is not there"},
    {"hazards = (", "hazards = ( 7,", "hazards = (", "each of hazards must be a group"},
    {"level_rules = (", "level_rules = (;", "level_rules", "cannot be understood here or just above"},
};

static void test_each_mistake_with_its_line(void **state)
{
    (void)state;
    struct folder folder;
    struct said said;
    folder_make(&folder);
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        char *text = replaced(GOOD_HAZARDS, broken[i].from, broken[i].to);
        assert_null(load_with(&folder, text, &said));
        assert_said(&said, false, "/hazards.cfg", line_of(text, broken[i].where), broken[i].message);
        free(text);
    }
    folder_remove(&folder);
}

/* ---- the demo's alert ---- */

static struct alert_message *read_demo_alert(void)
{
    char text[8192];
    FILE *file = fopen("config/demo/longtang.cap", "re");
    assert_non_null(file);
    size_t n = fread(text, 1, sizeof text - 1, file);
    assert_int_equal(fclose(file), 0);
    text[n] = '\0';
    char *filled = strdup(text);
    static const char *const places[][2] = {{"<identifier>@ID@", "<identifier>demo-1"},
                                            {"<sent>@SENT@", "<sent>2026-07-01T03:20:00+08:00"},
                                            {"@EXPIRES@</expires>", "2026-07-01T04:20:00+08:00</expires>"},
                                            {"@EXPIRES@</expires>", "2026-07-01T04:20:00+08:00</expires>"}};
    for (size_t i = 0; i < 4; i++) {
        char *next = replaced(filled, places[i][0], places[i][1]);
        free(filled);
        filled = next;
    }
    struct alert_message *message = NULL;
    struct error error = {0};
    if (!cap_decode(slice_of(filled), &message, &error))
        fail_msg("%s", error.message);
    free(filled);
    return message;
}

static const char *value_of(const struct alert_pair *pairs, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(pairs[i].name, name) == 0)
            return pairs[i].value;
    return NULL;
}

static size_t count_words(const char *text, bool characters)
{
    size_t n = 0;
    for (const char *p = text; *p; p++)
        n += characters ? ((unsigned char)*p & 0xC0) == 0xC0 : *p == ' ';
    return characters ? n : n + 1;
}

static void check_info(const struct config *config, const struct alert_info *info)
{
    assert_string_equal(config->hazards[hazard_of(config, info->event)].id, "reservoir_release");
    assert_int_equal(info->urgency, URGENCY_IMMEDIATE);
    assert_int_equal(info->severity, SEVERITY_EXTREME);
    assert_true(info->has_expires);
    assert_int_equal(info->n_areas, 1);
    const char *code_text = value_of(info->areas[0].geocodes, info->areas[0].n_geocodes, config->geocode_names[0]);
    assert_non_null(code_text);
    struct area_code code;
    assert_true(area_code_parse(slice_of(code_text), &code, NULL));
    for (size_t i = 0; i < config->n_terminals; i++)
        assert_true(area_code_contains(&code, &config->terminals[i].codes[0]));
    const char *colour = value_of(info->parameters, info->n_parameters, "alert_color");
    assert_non_null(colour);
    bool red = false;
    for (size_t i = 0; i < config->n_level_rules; i++)
        red = red || (strcmp(config->level_rules[i].name, "alert_color") == 0 && config->level_rules[i].level == LEVEL_RED &&
                      strcmp(config->level_rules[i].value, colour) == 0);
    assert_true(red);
}

static void test_demo_alert_fits_the_demo_site(void **state)
{
    (void)state;
    struct said said = {0};
    struct config *config = config_load("config/demo/site.cfg", remember, &said);
    assert_non_null(config);
    struct alert_message *alert = read_demo_alert();
    assert_string_equal(alert->sender, config->sources[0].sender);
    assert_int_equal(alert->status, STATUS_ACTUAL);
    assert_int_equal(alert->msg_type, MSG_ALERT);
    assert_int_equal(alert->n_infos, 2);
    assert_string_equal(alert->infos[0].language, "zh-CN");
    assert_string_equal(alert->infos[1].language, "en-US");
    for (size_t i = 0; i < 2; i++) {
        check_info(config, &alert->infos[i]);
        const char *speech = value_of(alert->infos[i].parameters, alert->infos[i].n_parameters, "speech");
        assert_non_null(speech);
        /* 11 s at about 3.6 characters a second, punctuation included here; 8 s at about 2.5 words a second */
        assert_in_range(count_words(speech, i == 0), 10, i == 0 ? 42 : 20);
    }
    alert_message_free(alert);
    config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_sites_own_table),
        cmocka_unit_test(test_shipped_hazards),
        cmocka_unit_test(test_each_mistake_with_its_line),
        cmocka_unit_test(test_demo_alert_fits_the_demo_site),
    };
    return cmocka_run_group_tests(tests, use_shipped_data, NULL);
}
