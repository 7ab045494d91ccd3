/* Alerts in parts put into words: which text, and where each of its slots comes from. */
#include "controller/phrase.h"

#include "codecs/alert_json.h"
#include "controller/follow_up.h"

#include "tests/controller/site_fixture.h"

#define KEY "\"identifier\": \"i\", \"sender\": \"duty\", \"sent\": \"2026-11-22T03:20:00+08:00\", "
#define AREA "\"places\": [\"" VILLAGE_1 "\"], "

struct scene {
    struct fixture fixture;
    struct config *config;
    struct alert *alert;
    struct refusal refusal;
};

static int set_up(void **state)
{
    struct scene *s = calloc(1, sizeof *s);
    *state = s;
    s->config = fixture_init(&s->fixture);
    text_copy(s->config->site_name_zh, sizeof s->config->site_name_zh, "青溪镇");
    text_copy(s->config->site_name_en, sizeof s->config->site_name_en, "Qingxi");
    text_copy(s->fixture.places[0].name[TEXT_EN], sizeof s->fixture.places[0].name[TEXT_EN], "Longtang");
    struct config_text *text = &s->fixture.hazards[0].text, *texts = s->config->texts;
    text_copy(s->fixture.hazards[0].spoken[TEXT_ZH], 64, "洪水");
    text_copy(s->fixture.hazards[0].spoken[TEXT_EN], 64, "flood");
    strcpy(text->in[TEXT_ZH], "{places}，{river}涨水，{zone}走，到{shelter}，打{phone}。{issuer}，{time}。");
    strcpy(text->in[TEXT_EN], "{places}: the {river} rises. {zone}: to {shelter}, by {route}. {issuer}, {time}.");
    strcpy(texts[TEXT_DRILL].in[TEXT_ZH], "{places}，{issuer}演{hazard}。{time}。");
    strcpy(texts[TEXT_DRILL].in[TEXT_EN], "{places}: {issuer} practises {hazard}. {time}.");
    strcpy(texts[TEXT_ALL_CLEAR].in[TEXT_ZH], "{places}！解除通知。{hazard}解除。{return}回家。{stay}不回。{issuer}，{time}。");
    strcpy(texts[TEXT_ALL_CLEAR].in[TEXT_EN],
           "{places}: all clear. {hazard} over. {return} may return. {stay} not yet. {issuer}, {time}.");
    strcpy(texts[TEXT_CORRECTION].in[TEXT_ZH], "更正！{places}，{wrong_time}错。{correct}。{issuer}，{time}。");
    strcpy(texts[TEXT_CORRECTION].in[TEXT_EN], "Correction! {places}: {wrong_time} was wrong. {correct}. {issuer}, {time}.");
    strcpy(texts[TEXT_CORRECT_NO_DANGER].in[TEXT_ZH], "没有险情");
    strcpy(texts[TEXT_CORRECT_NO_DANGER].in[TEXT_EN], "No danger");
    strcpy(texts[TEXT_CORRECT_PLACE].in[TEXT_ZH], "是{right}，不是{wrong}，到{shelter}");
    strcpy(texts[TEXT_CORRECT_PLACE].in[TEXT_EN], "It is {right}, not {wrong}: to {shelter}");
    strcpy(texts[TEXT_UPDATE].in[TEXT_ZH], "{places}，{hazard}有变化。{news}。{issuer}，{time}。");
    strcpy(texts[TEXT_UPDATE].in[TEXT_EN], "{places}: {hazard} has changed. {news}. {issuer}, {time}.");
    return 0;
}

static int tear_down(void **state)
{
    struct scene *s = *state;
    alert_free(s->alert);
    free(s);
    return 0;
}

static bool judge(struct scene *s, const char *json)
{
    struct alert_message *message = NULL;
    struct error error = {0};
    struct intake_terms terms = {s->config, {{0}, fixture_sent()}, true, false, NULL};
    alert_free(s->alert);
    s->alert = NULL;
    if (!alert_json_decode(slice_of(json), &message, &error))
        fail_msg("%s", error.message);
    if (intake_judge(&terms, message, &s->alert, &s->refusal))
        return true;
    alert_message_free(message);
    return false;
}

static void says(const struct scene *s, const char *zh, const char *en)
{
    assert_int_equal(s->alert->n_words, 2);
    assert_string_equal(s->alert->words[0].text, zh);
    assert_string_equal(s->alert->words[1].text, en);
}

#define ALERT "{" KEY AREA "\"status\": \"actual\", \"level\": \"red\", \"hazard\": \"flood\""
#define DRILL "{" KEY AREA "\"status\": \"exercise\", \"level\": \"red\", \"hazard\": \"flood\""

static void test_slots_of_an_alert(void **state)
{
    struct scene *s = *state;
    assert_true(judge(s, ALERT ", \"slots\": {\"river\": {\"zh\": \"清溪河\", \"en\": \"Qing\"}}}"));
    says(s, "龙塘村，清溪河涨水，龙塘村走，到安全的地方。青溪镇，凌晨三点二十分。",
         "Longtang: the Qing rises. Longtang: to a safe place. Qingxi, 3:20 at night.");
    assert_int_equal(s->alert->level, LEVEL_RED);
    assert_int_equal(s->alert->hazard, 0);
    assert_true(judge(s, ALERT ", \"slots\": {\"river\": \"Q\", \"zone\": [\"" VILLAGE_1
                               "\"], \"phone\": \"119\", \"issuer\": \"X\","
                               "\"shelter\": \"S\", \"route\": \"R\"}}"));
    says(s, "龙塘村，Q涨水，龙塘村走，到S，打幺幺九。X，凌晨三点二十分。",
         "Longtang: the Q rises. Longtang: to S, by R. X, 3:20 at night.");
    assert_int_equal(json_array_size(s->alert->notes), 2); /* {phone} in English, {route} in Chinese */
    assert_string_equal(json_string_value(json_array_get(s->alert->notes, 0)), "not_said: the text for this has no {route}");
}

/* A sentence is given with its full stop as well, and a text for all languages in one of them. */
static void test_values_as_people_write_them(void **state)
{
    struct scene *s = *state;
    assert_true(judge(s, ALERT ", \"slots\": {\"river\": \"青溪河。！ \", \"phone\": \"0792-55 转8\"}}"));
    says(s, "龙塘村，青溪河涨水，龙塘村走，到安全的地方，打0792-55 转8。青溪镇，凌晨三点二十分。",
         "Longtang: the 青溪河 rises. Longtang: to a safe place. Qingxi, 3:20 at night.");
    assert_int_equal(json_array_size(s->alert->notes), 3);
    assert_string_equal(json_string_value(json_array_get(s->alert->notes, 0)),
                        "one_language: {river} is in Chinese and said so in English too; give it as {\"zh\": \"...\", \"en\": "
                        "\"...\"}");
    assert_false(judge(s, ALERT ", \"slots\": {\"river\": \"。\"}}"));
    assert_string_equal(s->refusal.code, "slot_missing");
}

static void test_own_words_go_first(void **state)
{
    struct scene *s = *state;
    assert_true(judge(s, ALERT ", \"text\": {\"zh\": \"快走。\"}, \"slots\": {\"river\": \"Q\"}}"));
    says(s, "快走。", "Longtang: the Q rises. Longtang: to a safe place. Qingxi, 3:20 at night.");
    assert_true(judge(s, ALERT ", \"languages\": [\"zh\"], \"text\": {\"zh\": \"快走。\"}}"));
    assert_int_equal(s->alert->n_words, 1);
}

static void test_a_drill_is_framed_once(void **state)
{
    struct scene *s = *state;
    assert_true(judge(s, DRILL "}"));
    says(
        s, "演习，演习，这是演习，没有险情！龙塘村，青溪镇演洪水。凌晨三点二十分。这是演习。",
        "Drill, drill, this is a drill, there is no danger! Longtang: Qingxi practises flood. 3:20 at night. This is a drill.");
}

#define REFERS ", \"references\": [{\"sender\": \"duty\", \"identifier\": \"x\", \"sent\": \"2026-11-22T03:00:00+08:00\"}]"

static void test_what_follows(void **state)
{
    struct scene *s = *state;
    assert_true(judge(s, ALERT ", \"kind\": \"all_clear\"" REFERS "}"));
    says(s, "龙塘村！解除通知。洪水解除。大家回家。青溪镇，凌晨三点二十分。",
         "Longtang: all clear. flood over. Everyone may return. Qingxi, 3:20 at night.");
    assert_true(s->alert->all_clear);
    assert_true(judge(s, ALERT ", \"kind\": \"all_clear\", \"slots\": {\"stay\": [\"" VILLAGE_1 "\"]}" REFERS "}"));
    says(s, "龙塘村！解除通知。洪水解除。其他人回家。龙塘村不回。青溪镇，凌晨三点二十分。",
         "Longtang: all clear. flood over. Everyone else may return. Longtang not yet. Qingxi, 3:20 at night.");
    assert_true(judge(s, ALERT ", \"kind\": \"correction\", \"slots\": {\"wrong_time\": \"三点\"}" REFERS "}"));
    assert_string_equal(s->alert->words[0].text, "更正！龙塘村，三点错。没有险情。青溪镇，凌晨三点二十分。");
    assert_true(judge(s, ALERT ", \"kind\": \"correction\", \"slots\": {\"wrong_time\": \"三点\", \"right\": [\"" VILLAGE_1
                               "\"], \"wrong\": \"石桥\"}" REFERS "}"));
    assert_string_equal(s->alert->words[0].text,
                        "更正！龙塘村，三点错。是龙塘村，不是石桥，到安全的地方。青溪镇，凌晨三点二十分。");
    assert_int_equal(json_array_size(s->alert->notes), 2); /* {wrong_time} and {wrong} are in Chinese alone */
    assert_true(judge(s, ALERT ", \"kind\": \"update\", \"slots\": {\"news\": \"水还在涨\"}" REFERS "}"));
    assert_string_equal(s->alert->words[0].text, "龙塘村，洪水有变化。水还在涨。青溪镇，凌晨三点二十分。");
}

/* Who must move after all is sent to his own shelter; who was named by mistake hears it too. */
static void test_the_shelter_of_who_must_move(void **state)
{
    struct scene *s = *state;
    static char school[] = "小学", granary[] = "粮站";
    struct config_place places[2] = {s->fixture.places[0], {.id = "upper", .kind = PLACE_GROUP, .name = {"上街组", "upper"}}};
    places[0].words[PLACE_SHELTER][TEXT_ZH] = school;
    places[1].words[PLACE_SHELTER][TEXT_ZH] = granary;
    s->config->places = places;
    s->config->n_places = 2;
    assert_true(judge(s, ALERT ", \"kind\": \"correction\", \"slots\": {\"wrong_time\": \"三点\", \"right\": [\"upper\"], "
                               "\"wrong\": [\"" VILLAGE_1 "\"]}" REFERS "}"));
    assert_string_equal(s->alert->words[0].text,
                        "更正！龙塘村，三点错。是上街组，不是龙塘村，到粮站。青溪镇，凌晨三点二十分。");
}

static void test_refused(void **state)
{
    struct scene *s = *state;
    static const struct {
        const char *json, *code, *says;
    } ROWS[] = {
        {ALERT "}", "slot_missing", "{river}"},
        {ALERT ", \"slots\": {\"rivr\": \"x\"}}", "slot_unknown", "\"rivr\""},
        {ALERT ", \"slots\": {\"river\": \"x\", \"zone\": [\"360499103299\"]}}", "place_unknown", "360499103299"},
        {"{" KEY AREA "\"status\": \"actual\", \"level\": \"crimson\", \"hazard\": \"flood\"}", "level_unknown", "\"crimson\""},
        {"{" KEY AREA "\"status\": \"actual\", \"level\": \"red\", \"hazard\": \"flod\"}", "hazard_unknown", "known: flood"},
        {"{" KEY "\"places\": [\"110000\"], \"status\": \"actual\", \"level\": \"red\", \"hazard\": \"flood\"}",
         "area_not_ours", "110000"},
        {"{" KEY "\"terminals\": [\"nobody\"], \"status\": \"actual\", \"level\": \"red\", \"hazard\": \"flood\"}",
         "area_not_ours", "nobody: no terminal of this id is known here"},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        assert_false(judge(s, ROWS[i].json));
        if (strcmp(s->refusal.code, ROWS[i].code) != 0 || !strstr(s->refusal.message, ROWS[i].says))
            fail_msg("%s: %s: %s", ROWS[i].json, s->refusal.code, s->refusal.message);
    }
}

/* ---- what follows an alert by an officer's word ---- */

static json_t *of(const char *state, const char *sender)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:[{s:s, s:s}], s:[{s:s}, {s:s}]}", "state", state,
                     "status", "Exercise", "sender", sender, "identifier", "x", "sent", "2026-11-22T03:00:00+08:00", "received",
                     "2026-11-22T03:00:05+08:00", "hazard", "flood", "level", "orange", "urgency", "Immediate", "places",
                     "code", VILLAGE_1, "name_zh", "龙塘村", "words", "language", "zh-CN", "language", "pt");
}

static json_t *follow(struct scene *s, enum form_kind kind, const char *of_state, const char *sender, const char *asked)
{
    json_t *alert = of(of_state, "county"), *terminals = json_pack("[s]", "out"), *order = json_loads(asked, 0, NULL);
    json_t *form = follow_up_make(s->config, kind, alert, terminals, order, sender, &s->refusal);
    json_decref(alert);
    json_decref(terminals);
    json_decref(order);
    return form;
}

static void test_follow_up(void **state)
{
    struct scene *s = *state;
    json_t *form = follow(s, FORM_CORRECTION, "stopped", "county",
                          "{\"reason\": \"why\", \"slots\": {\"right\": [\"a\"], \"wrong\": \"W\"}, \"places\": [\"b\"]}");
    json_t *expected = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:[s], s:[s, s], s:[s], s:[{s:s, s:s, s:s}], s:{s:[s], s:s, s:[s], s:{s:s, s:s}}}",
        "kind", "correction", "status", "exercise", "hazard", "flood", "level", "orange", "urgency", "immediate", "reason",
        "why", "terminals", "out", "places", "b", "a", "languages", "zh", "references", "sender", "county", "identifier", "x",
        "sent", "2026-11-22T03:00:00+08:00", "slots", "right", "a", "wrong", "W", "places", VILLAGE_1, "wrong_time", "zh",
        "凌晨三点", "en", "3 o'clock at night");
    assert_true(json_equal(form, expected));
    json_decref(form);
    json_decref(expected);
}

static json_t *places_named(struct scene *s, const char *places)
{
    json_t *alert = of("sounding", "county"), *terminals = json_pack("[s]", "out"),
           *order = json_pack("{s:s}", "reason", "why");
    json_object_set_new(alert, "places", json_loads(places, 0, NULL));
    json_t *form = follow_up_make(s->config, FORM_ALL_CLEAR, alert, terminals, order, "county", &s->refusal);
    json_t *named = json_incref(json_object_get(json_object_get(form, "slots"), "places"));
    json_decref(form);
    json_decref(alert);
    json_decref(terminals);
    json_decref(order);
    return named;
}

/* Of a reservoir, or what is not known any more, those are named who hear it; a village's group is not named beside it. */
static void test_whom_it_names(void **state)
{
    struct scene *s = *state;
    struct config_place places[3] = {s->fixture.places[0], {.id = "lake", .kind = PLACE_RESERVOIR}, {.id = "upper"}};
    places[2].kind = PLACE_GROUP;
    places[2].code = places[0].code;
    places[2].village = &places[0];
    s->config->places = places;
    s->config->n_places = 3;
    json_t *named = places_named(s, "[{\"code\": \"" VILLAGE_1 "\"}, {\"id\": \"upper\"}]");
    assert_int_equal(json_array_size(named), 1);
    assert_string_equal(json_string_value(json_array_get(named, 0)), VILLAGE_1);
    json_decref(named);
    named = places_named(s, "[{\"id\": \"upper\"}]");
    assert_int_equal(json_array_size(named), 1);
    json_decref(named);
    assert_null(places_named(s, "[{\"code\": \"" VILLAGE_1 "\"}, {\"id\": \"lake\"}]"));
    assert_null(places_named(s, "[{\"id\": \"gone\"}]"));
}

static void test_no_all_clear_of_an_all_clear(void **state)
{
    struct scene *s = *state;
    json_t *alert = of("finished", "county"), *terminals = json_pack("[s]", "out"),
           *order = json_pack("{s:s}", "reason", "why");
    json_object_set_new(alert, "all_clear", json_true());
    assert_null(follow_up_make(s->config, FORM_ALL_CLEAR, alert, terminals, order, "county", &s->refusal));
    assert_string_equal(s->refusal.code, "all_clear");
    json_t *correction = follow_up_make(s->config, FORM_CORRECTION, alert, terminals, order, "county", &s->refusal);
    assert_non_null(correction);
    json_decref(correction);
    json_decref(alert);
    json_decref(terminals);
    json_decref(order);
}

/* Its issuer, and a level above; nobody else. */
static void test_who_may_give_the_all_clear(void **state)
{
    struct scene *s = *state;
    static const char ASKED[] = "{\"reason\": \"why\"}";
    s->config->n_sources = 4;
    struct config_source sources[4] = {{.sender = "village", .authority = AUTHORITY_VILLAGE},
                                       {.sender = "county", .authority = AUTHORITY_COUNTY},
                                       {.sender = "neighbour", .authority = AUTHORITY_COUNTY},
                                       {.sender = "city", .authority = AUTHORITY_CITY}};
    s->config->sources = sources;
    static const bool MAY[4] = {false, true, false, true};
    for (size_t i = 0; i < 4; i++) {
        json_t *form = follow(s, FORM_ALL_CLEAR, "sounding", sources[i].sender, ASKED);
        assert_int_equal(form != NULL, MAY[i]);
        if (!form)
            assert_string_equal(s->refusal.code, "not_issuer");
        json_decref(form);
    }
    assert_null(follow(s, FORM_ALL_CLEAR, "cleared", "county", ASKED));
    assert_string_equal(s->refusal.code, "cleared");
    assert_null(follow(s, FORM_ALL_CLEAR, "sounding", "county", "{}"));
    assert_string_equal(s->refusal.code, "reason");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_slots_of_an_alert, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_values_as_people_write_them, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_own_words_go_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_drill_is_framed_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_follows, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_shelter_of_who_must_move, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_follow_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_whom_it_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_all_clear_of_an_all_clear, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_who_may_give_the_all_clear, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
