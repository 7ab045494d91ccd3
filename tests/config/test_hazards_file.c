/* The table of hazards and the texts that are said: what is shipped, what may be wrong in one; and the demo's alert against the
 * demo's site. */
#include "codecs/cap.h"
#include "config/load.h"
#include "controller/words.h"
#include "tests/config/helper.h"
#include "tests/config/typical_values.h"

#include <strings.h>

#define GOOD_HAZARDS                                                                                                             \
    "hazards = (\n"                                                                                                              \
    "  { id = \"flood\"; code = \"11A01\"; zh = \"洪水\"; en = \"Flood\"; rank = 2; tone = \"wail\"; events = [ \"Flood\" ]; " \
    "return_s = 120; return_at = { orange = 240; blue = 0; }; },\n"                                                              \
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
    assert_int_equal(config->hazards[0].return_s[LEVEL_RED], 120);
    assert_int_equal(config->hazards[0].return_s[LEVEL_ORANGE], 240);
    assert_int_equal(config->hazards[0].return_s[LEVEL_BLUE], 0);
    assert_int_equal(config->hazards[0].return_s[LEVEL_DAILY], 120);
    assert_int_equal(config->hazards[1].return_s[LEVEL_RED], 600);
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
    static const char *const ids[] = {"flood",         "flash_flood",     "flash_flood_prepare", "landslide",
                                      "debris_flow",   "forest_fire",     "forest_fire_danger",  "dam",
                                      "storm",         "earthquake",      "reservoir_release",   "hazardous_chemicals",
                                      "tailings_pond", "fireworks_plant", "public_health",       "other"};
    static const struct {
        const char *event, *hazard;
    } events[] = {{"水庫洩洪", "reservoir_release"},
                  {"水库泄洪", "reservoir_release"},
                  {"reservoirdis", "reservoir_release"},
                  {"強烈季候風信號", "storm"},
                  {"SVA", "storm"},
                  {"thunderstorm", "storm"},
                  {"EQW", "earthquake"},
                  {"Flash Flood Watch", "flash_flood_prepare"},
                  {"FFA", "flash_flood_prepare"},
                  {"山洪", "flash_flood"},
                  {"森林火险", "forest_fire_danger"},
                  {"山火", "forest_fire"},
                  {"HMW", "hazardous_chemicals"},
                  {"尾矿库溃坝", "tailings_pond"},
                  {"烟花爆竹爆炸", "fireworks_plant"},
                  {"食物中毒", "public_health"},
                  {"11B20", "storm"}, /* of the national warning system, and MeteoAlarm's awareness_type */
                  {"11B25", "forest_fire_danger"},
                  {"11B04", "other"},
                  {"10; Rain", "storm"},
                  {"13; rain-flood", "flood"},
                  {"bushFire", "forest_fire"},
                  {"11000", "other"}, /* natural disasters as a whole, of a real EBM package */
                  {"snowfall", "other"},
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

static void assert_returns(const struct config *config, const char *id, uint32_t seconds)
{
    const struct config_hazard *hazard = &config->hazards[find_hazard(config, id)];
    for (size_t level = 0; level < LEVEL_COUNT; level++)
        assert_int_equal(hazard->return_s[level], seconds);
}

static void test_shipped_returns(void **state)
{
    (void)state;
    static const uint16_t before[] = {60, 30, 10, 0};
    struct said said = {0};
    struct config *config = config_load("config/demo/site.cfg", remember, &said);
    assert_non_null(config);
    assert_returns(config, "flash_flood", 300);
    assert_returns(config, "flash_flood_prepare", 900);
    assert_returns(config, "reservoir_release", 600);
    assert_returns(config, "other", 600);
    const struct config_hazard *release = &config->hazards[find_hazard(config, "reservoir_release")];
    assert_int_equal(release->n_return_before, 4);
    assert_memory_equal(release->return_before_min, before, sizeof before);
    assert_int_equal(config->hazards[find_hazard(config, "flash_flood")].n_return_before, 0);
    config_free(config);
}

/* ---- texts ---- */

static size_t count_characters(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xC0) != 0x80;
    return n;
}

/* At most 135 characters, marks counted, or 36 s of speech. */
static void check_length(const char *what, const struct config_text *text, enum text_language language)
{
    struct error error = {0};
    char *filled = template_fill(text->in[language], language, &TYPICAL[language], &error);
    if (!filled)
        fail_msg("%s: %s", what, error.message);
    size_t n = count_characters(filled);
    if ((language == TEXT_ZH && n > 135) || words_seconds(filled) > 36)
        fail_msg("%s has %zu characters, %.1f s: %s", what, n, words_seconds(filled), filled);
    free(filled);
}

static void test_shipped_texts(void **state)
{
    (void)state;
    struct said said = {0};
    struct config *config = config_load("config/demo/site.cfg", remember, &said);
    assert_non_null(config);
    for (unsigned i = 0; i < said.warnings; i++)
        assert_null(strstr(said.items[i].message, "there is no text"));
    const struct config_hazard *other = &config->hazards[config->n_hazards - 1];
    for (enum text_language language = 0; language < TEXT_LANGUAGES; language++) {
        for (size_t i = 0; i < config->n_hazards; i++) {
            const struct config_hazard *hazard = &config->hazards[i];
            assert_true(hazard->spoken[language][0] && hazard->text.in[language][0]);
            assert_true(hazard->spoken[TEXT_EN][0] >= 'a'); /* it stands within a sentence */
            assert_true(hazard == other || strcmp(hazard->text.in[language], other->text.in[language]) != 0);
            check_length(hazard->id, &hazard->text, language);
        }
        for (size_t key = 0; key < TEXT_COUNT; key++)
            check_length("a text for all hazards", &config->texts[key], language);
    }
    assert_string_equal(config->hazards[find_hazard(config, "flash_flood_prepare")].spoken[TEXT_ZH], "山洪");
    assert_string_equal(config->hazards[find_hazard(config, "dam")].spoken[TEXT_ZH], "溃坝");
    assert_string_equal(config->hazards[find_hazard(config, "dam")].spoken[TEXT_EN], "dam failure");
    config_free(config);
}

static const char GOOD_TEXTS[] =
    "alerts = (\n"
    "{ hazard = \"flood\"; zh = \"{places}涨水，走{route}。{issuer}{time}\";\n"
    "en = \"{places}: flood. {issuer}, {time}.\"; },\n"
    "{ hazard = \"other\"; zh = \"{places}{news}。{issuer}{time}\";\n"
    "en = \"{places}: {news}. {issuer}, {time}.\"; }\n"
    ");\n"
    "update = { zh = \"{places}{hazard}{news}{issuer}{time}\"; en = \"{places} {hazard} {news} {issuer} {time}\"; };\n"
    "all_clear = { zh = \"{places}{hazard}{return}。{stay}不回。{issuer}{time}\"; en = \"{places} {hazard} {return}. Not "
    "{stay}. {issuer} {time}\"; };\n"
    "all_clear_begin = { zh = \"解除\"; en = \"Clear\"; };\n"
    "drill = { zh = \"{places}{issuer}{time}。\"; en = \"{places} {issuer} {time}.\"; };\n"
    "drill_begin = { zh = \"演习！\"; en = \"Drill!\"; };\n"
    "drill_again = { zh = \"这是演习\"; en = \"A drill.\"; };\n"
    "drill_end = { zh = \"演习完\"; en = \"drill over\"; };\n"
    "drill_stopped = { zh = \"停\"; en = \"stop\"; };\n"
    "correction = { zh = \"{places}{wrong_time}{correct}{issuer}{time}\"; en = \"{places} {wrong_time} {correct} {issuer} "
    "{time}\"; };\n"
    "correct_no_danger = { zh = \"没有\"; en = \"none\"; };\n"
    "correct_place = { zh = \"{right}{wrong}{shelter}\"; en = \"{right} {wrong} {shelter}\"; };\n"
    "flash_flood_here = { zh = \"来了\"; en = \"here\"; };\n"
    "flash_flood_coming = { zh = \"要来\"; en = \"coming\"; };\n";

static struct config *load_texts_with(const struct folder *folder, const char *texts, struct said *said)
{
    folder_write(folder, "texts.cfg", texts);
    return load_with(folder, GOOD_HAZARDS, said);
}

static void test_a_sites_own_texts(void **state)
{
    (void)state;
    struct folder folder;
    struct said said;
    folder_make(&folder);
    struct config *config = load_texts_with(&folder, GOOD_TEXTS, &said);
    assert_non_null(config);
    assert_string_equal(config->hazards[0].text.in[TEXT_EN], "{places}: flood. {issuer}, {time}.");
    assert_string_equal(config->hazards[1].text.in[TEXT_ZH], "{places}{news}。{issuer}{time}"); /* dam: that of other */
    assert_said(&said, true, "/texts.cfg", 1, "there is no text for the hazard \"dam\": that of \"other\" is said");
    assert_string_equal(config->texts[TEXT_DRILL_STOPPED].in[TEXT_ZH], "停");
    assert_string_equal(config->texts[TEXT_FLASH_FLOOD_COMING].in[TEXT_EN], "coming");
    config_free(config);
    folder_remove(&folder);
}

/* The shipped texts speak of hazards that a site's own table leaves out. */
static void test_shipped_texts_with_a_sites_own_hazards(void **state)
{
    (void)state;
    struct folder folder;
    struct said said;
    folder_make(&folder);
    char *hazards = replaced(GOOD_HAZARDS, "id = \"dam\"", "id = \"locusts\"");
    struct config *config = load_with(&folder, hazards, &said);
    assert_non_null(config);
    unsigned told = 0;
    for (unsigned k = 0; k < said.warnings; k++)
        told += strstr(said.items[k].message, "there is no text for the hazard \"locusts\"") != NULL;
    assert_int_equal(told, 1);
    config_free(config);
    free(hazards);
    folder_remove(&folder);
}

struct broken {
    const char *from, *to, *where, *message;
};

static const struct broken broken_texts[] = {
    {"涨水", "涨水{rivr}", "涨水", "zh: there is no slot {rivr}; did you mean \"river\"?"},
    {"涨水", "涨水{river", "涨水", "zh: a { is not closed by a }: \"{river，走{route}"},
    {"flood. {issuer}", "flood. issuer}", ": flood", "en: a } without its { stands at \"}, {time}.\""},
    {"flood. {issuer}", "flood.", ": flood", "en: {issuer} must stand in this text"},
    {"涨水", "涨水{return}", "涨水", "zh: {return} may not stand in this text; what may: {places}, {issuer},"},
    {"涨水，走{route}", "{river}走{route}", "route",
     "zh: {route} may be empty, and its clause would be left out with {places}, {river}: put a comma"},
    {"\"flood\"", "\"flod\"", "\"flood\"", "hazard names \"flod\", which is not there; did you mean \"flood\"?"},
    {"\"other\"", "\"flood\"", "{news}。", "the hazard \"flood\" stands twice in alerts"},
    {"\"other\"", "\"dam\"", "alerts", "a text for the last hazard, \"other\", is needed"},
    {"hazard = \"flood\";", "", "涨水", "hazard is missing"},
    {"zh = \"演习完\";", "", "drill_end", "zh is missing"},
    {"演习完", "", "drill_end", "zh must not be empty"},
    {"完", "完{time}", "drill_end", "zh: {time} may not stand in this text; it has no slots"},
    {"drill_end", "drill_ends", "drill_end", "unknown setting \"drill_ends\"; did you mean \"drill_end\"?"},
    {"演习！", "注意！", "drill_begin", "zh must say \"演习\""},
    {"这是演习", "这是", "drill_again", "zh must say \"演习\""},
    {"Drill!", "Hello!", "drill_begin", "en must say \"drill\""},
    {"drill over", "over", "drill_end", "en must say \"drill\""},
    {"{wrong_time}", "{wrong_time}{wrong}", "correction", "zh: {wrong} may not stand in this text"},
    {"{places}{wrong_time}", "{places}", "correction", "zh: {wrong_time} must stand in this text"},
    {"。{stay}不回", "", "all_clear", "zh: {stay} must stand in this text"},
    {"{right}{wrong}", "{right}", "correct_place", "zh: {wrong} must stand in this text"},
    {"{hazard}{news}", "{hazard}", "update", "zh: {news} must stand in this text"},
};

static void test_each_mistake_in_texts_with_its_line(void **state)
{
    (void)state;
    struct folder folder;
    struct said said;
    folder_make(&folder);
    for (size_t i = 0; i < sizeof broken_texts / sizeof *broken_texts; i++) {
        char *text = replaced(GOOD_TEXTS, broken_texts[i].from, broken_texts[i].to);
        assert_null(load_texts_with(&folder, text, &said));
        assert_said(&said, false, "/texts.cfg", line_of(GOOD_TEXTS, broken_texts[i].where), broken_texts[i].message);
        free(text);
    }
    char *without = replaced(GOOD_TEXTS, "drill_end = { zh = \"演习完\"; en = \"drill over\"; };\n", "");
    assert_null(load_texts_with(&folder, without, &said));
    assert_said(&said, false, "/texts.cfg", 0, "drill_end is missing: a group in { } is needed");
    free(without);
    folder_remove(&folder);
}

/* ---- mistakes in the table of hazards ---- */

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
    {"rank = 1;", "rank = 1; return_s = -1;", "Dam", "return_s must be from 0 to 86400, not -1"},
    {"rank = 1;", "rank = 1; return_at = { green = 5; };", "Dam", "unknown setting \"green\""},
    {"rank = 1;", "rank = 1; return_before_min = [ 5, -5 ];", "Dam",
     "each of return_before_min must be a whole number from 0 to 1440"},
    {"rank = 1;", "rank = 1; return_before_min = [ \"5\" ];", "Dam",
     "each of return_before_min must be a whole number from 0 to 1440"},
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
        cmocka_unit_test(test_shipped_returns),
        cmocka_unit_test(test_shipped_texts),
        cmocka_unit_test(test_a_sites_own_texts),
        cmocka_unit_test(test_shipped_texts_with_a_sites_own_hazards),
        cmocka_unit_test(test_each_mistake_in_texts_with_its_line),
        cmocka_unit_test(test_each_mistake_with_its_line),
        cmocka_unit_test(test_demo_alert_fits_the_demo_site),
    };
    return cmocka_run_group_tests(tests, use_shipped_data, NULL);
}
