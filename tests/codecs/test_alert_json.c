/* Alerts in JSON: what each member becomes, and each mistake by its name. */
#include "codecs/alert_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define KEY "\"identifier\": \"i\", \"sender\": \"s\", \"sent\": \"2026-11-22T03:20:00+08:00\""
#define MIDDLE ", \"status\": \"actual\", \"hazard\": \"flood\", \"level\": \"red\""
#define AREA ", \"places\": [\"360499103201\"]"

static struct alert_message *decode(const char *text)
{
    struct alert_message *message = NULL;
    struct error error = {0};
    if (!alert_json_decode(slice_of(text), &message, &error))
        fail_msg("%s: %s", text, error.message);
    return message;
}

static void refuse(const char *text, enum error_code code, const char *says)
{
    struct alert_message *message = NULL;
    struct error error = {0};
    assert_false(alert_json_decode(slice_of(text), &message, &error));
    assert_null(message);
    if (error.code != code || !strstr(error.message, says))
        fail_msg("%s: %d %s", text, error.code, error.message);
}

static void the_least(void **state)
{
    (void)state;
    struct alert_message *m = decode("{" KEY MIDDLE AREA "}");
    assert_string_equal(m->identifier, "i");
    assert_string_equal(m->sender, "s");
    assert_int_equal(m->sent.ms, INT64_C(1763752800000) + INT64_C(31536000000));
    assert_int_equal(m->status, STATUS_ACTUAL);
    assert_int_equal(m->msg_type, MSG_ALERT);
    assert_int_equal(m->form->kind, FORM_ALERT);
    assert_string_equal(m->form->hazard, "flood");
    assert_string_equal(m->form->level, "red");
    assert_int_equal(m->n_infos, 2);
    for (size_t i = 0; i < 2; i++) {
        const struct alert_info *info = &m->infos[i];
        assert_string_equal(info->language, i == 0 ? "zh" : "en");
        assert_string_equal(info->event, "flood");
        assert_int_equal(info->urgency, URGENCY_EXPECTED);
        assert_int_equal(info->n_parameters, 0);
        assert_false(info->has_expires || info->has_onset || info->has_effective);
        assert_int_equal(info->areas[0].n_geocodes, 1);
        assert_string_equal(info->areas[0].geocodes[0].name, alert_geocode_place);
        assert_string_equal(info->areas[0].geocodes[0].value, "360499103201");
    }
    alert_message_free(m);
}

static void all_of_it(void **state)
{
    (void)state;
    struct alert_message *m = decode(
        "{" KEY ", \"kind\": \"all_clear\", \"status\": \"exercise\", \"hazard\": \"dam\", \"level\": \"daily\","
        "\"urgency\": \"immediate\", \"places\": [\"riverside\"], \"terminals\": [\"t1\", \"t2\"], \"languages\": [\"en\"],"
        "\"references\": [{\"sender\": \"a\", \"identifier\": \"b\", \"sent\": \"2026-11-22T03:20:00Z\"}],"
        "\"slots\": {\"river\": \"Qing\", \"stay\": {\"zh\": \"石桥村\", \"en\": \"Shiqiao\"}, \"return\": [\"p\", \"q\"]},"
        "\"text\": {\"en\": \"Go home.\"}, \"effective\": \"2026-11-22T03:00:00Z\", \"onset\": \"2026-11-22T04:00:00Z\","
        "\"expires\": \"2026-11-22T05:00:00Z\", \"reason\": \"over\"}");
    const struct alert_info *info = &m->infos[0];
    const struct alert_form *form = m->form;
    assert_int_equal(m->status, STATUS_EXERCISE);
    assert_int_equal(m->msg_type, MSG_UPDATE);
    assert_int_equal(form->kind, FORM_ALL_CLEAR);
    assert_int_equal(m->n_references, 1);
    assert_string_equal(m->references[0].identifier, "b");
    assert_string_equal(m->note, "over");
    assert_int_equal(m->n_infos, 1);
    assert_string_equal(info->response_types[0], "AllClear");
    assert_int_equal(info->urgency, URGENCY_IMMEDIATE);
    assert_true(info->has_expires && info->has_onset && info->has_effective);
    assert_int_equal(info->expires.ms - info->onset.ms, 3600000);
    assert_string_equal(info->parameters[0].name, "speech");
    assert_string_equal(info->parameters[0].value, "Go home.");
    assert_int_equal(info->areas[0].n_geocodes, 3);
    assert_string_equal(info->areas[0].geocodes[2].name, alert_geocode_terminal);
    assert_string_equal(info->areas[0].geocodes[2].value, "t2");
    assert_int_equal(form->n_values, 4);
    assert_string_equal(form->values[0].text, "Qing");
    assert_null(form->values[0].language);
    assert_string_equal(form->values[2].language, "en");
    assert_string_equal(form->values[2].text, "Shiqiao");
    assert_null(form->values[3].text);
    assert_string_equal(form->values[3].places[1], "q");
    alert_message_free(m);
}

static void each_mistake(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum error_code code;
        const char *says;
    } ROWS[] = {
        {"", ERROR_INVALID, "not JSON"},
        {"[1]", ERROR_INVALID, "a JSON object is needed"},
        {"{" KEY MIDDLE AREA "} x", ERROR_INVALID, "not JSON: line 1"},
        {"{" KEY MIDDLE AREA ", \"level\": \"blue\"}", ERROR_INVALID, "duplicate"},
        {"{\"sender\": \"s\", \"sent\": \"2026-11-22T03:20:00Z\"" MIDDLE AREA "}", ERROR_MISSING, "identifier: missing"},
        {"{\"identifier\": \"i\", \"sender\": \"s\", \"sent\": \"now\"" MIDDLE AREA "}", ERROR_INVALID, "sent: "},
        {"{" KEY ", \"hazard\": \"flood\", \"level\": \"red\"" AREA "}", ERROR_MISSING, "status: missing"},
        {"{" KEY ", \"status\": \"Actual\", \"hazard\": \"flood\", \"level\": \"red\"" AREA "}", ERROR_INVALID,
         "status: must be one of \"actual\", \"exercise\", \"test\", not \"Actual\""},
        {"{" KEY ", \"status\": 1, \"hazard\": \"flood\", \"level\": \"red\"" AREA "}", ERROR_INVALID,
         "status: must be a text in quotes"},
        {"{" KEY ", \"status\": \"actual\", \"level\": \"red\"" AREA "}", ERROR_MISSING, "hazard: missing"},
        {"{" KEY ", \"status\": \"actual\", \"hazard\": \"\", \"level\": \"red\"" AREA "}", ERROR_INVALID, "hazard: is empty"},
        {"{" KEY ", \"status\": \"actual\", \"hazard\": \"flood\"" AREA "}", ERROR_MISSING, "level: missing"},
        {"{" KEY MIDDLE "}", ERROR_MISSING, "places: missing"},
        {"{" KEY MIDDLE ", \"places\": []}", ERROR_MISSING, "places: missing"},
        {"{" KEY MIDDLE ", \"places\": \"all\"}", ERROR_INVALID, "places: must be a list"},
        {"{" KEY MIDDLE ", \"places\": [3]}", ERROR_INVALID, "places: must be a text in quotes"},
        {"{" KEY MIDDLE ", \"terminals\": [\"\"]}", ERROR_INVALID, "terminals: is empty"},
        {"{" KEY MIDDLE AREA ", \"urgency\": \"now\"}", ERROR_INVALID, "urgency: must be one of"},
        {"{" KEY MIDDLE AREA ", \"kind\": \"update\"}", ERROR_MISSING, "references: missing"},
        {"{" KEY MIDDLE AREA ", \"references\": 3}", ERROR_INVALID, "references: must be a list"},
        {"{" KEY MIDDLE AREA ", \"references\": [{\"sender\": \"a\"}]}", ERROR_INVALID, "references: identifier"},
        {"{" KEY MIDDLE AREA ", \"languages\": []}", ERROR_MISSING, "languages: is empty"},
        {"{" KEY MIDDLE AREA ", \"languages\": [\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"]}", ERROR_TOO_LARGE,
         "languages: has 9 elements, at most 8"},
        {"{" KEY MIDDLE AREA ", \"text\": \"run\"}", ERROR_INVALID, "text: must be an object"},
        {"{" KEY MIDDLE AREA ", \"text\": {\"fr\": \"courez\"}}", ERROR_INVALID, "text: \"fr\" is none of the languages"},
        {"{" KEY MIDDLE AREA ", \"text\": {\"zh\": 1}}", ERROR_INVALID, "text: must be a text"},
        {"{" KEY MIDDLE AREA ", \"slots\": []}", ERROR_INVALID, "slots: must be an object"},
        {"{" KEY MIDDLE AREA ", \"slots\": {\"river\": 1}}", ERROR_INVALID, "slots: river: must be a text"},
        {"{" KEY MIDDLE AREA ", \"slots\": {\"river\": {\"zh\": null}}}", ERROR_INVALID, "slots: river: must be a text"},
        {"{" KEY MIDDLE AREA ", \"expires\": \"soon\"}", ERROR_INVALID, "expires: "},
        {"{" KEY MIDDLE AREA ", \"expire\": \"2026-11-22T03:20:00Z\"}", ERROR_INVALID, "expire: is not known"},
        {"{" KEY MIDDLE ", \"place\": [\"360499103201\"]}", ERROR_INVALID, "place: is not known"},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
        refuse(ROWS[i].text, ROWS[i].code, ROWS[i].says);
}

/* A list of n elements that begin so, in place of the area. */
static char *with_many(const char *before, const char *element, size_t n, const char *after)
{
    char *text = malloc(strlen(before) + n * (strlen(element) + 1) + strlen(after) + 1), *to = stpcpy(text, before);
    for (size_t i = 0; i < n; i++) {
        if (i)
            *to++ = ',';
        to = stpcpy(to, element);
    }
    strcpy(to, after);
    return text;
}

static void bounds(void **state)
{
    (void)state;
    char *text = with_many("{" KEY MIDDLE ", \"places\": [", "\"x\"", ALERT_JSON_AREA_MAX, "]}");
    alert_message_free(decode(text));
    free(text);
    text = with_many("{" KEY MIDDLE ", \"places\": [", "\"x\"", ALERT_JSON_AREA_MAX, "], \"terminals\": [\"t\"]}");
    refuse(text, ERROR_TOO_LARGE, "terminals: has 1 elements, at most 0");
    free(text);
    text = with_many("{" KEY MIDDLE AREA ", \"references\": [",
                     "{\"sender\": \"a\", \"identifier\": \"b\", \"sent\": \"2026-11-22T03:20:00Z\"}", 65, "]}");
    refuse(text, ERROR_TOO_LARGE, "references: at most 64");
    free(text);
    char slots[4000] = "{" KEY MIDDLE AREA ", \"slots\": {";
    for (int i = 0; i <= ALERT_JSON_SLOTS_MAX; i++)
        snprintf(slots + strlen(slots), sizeof slots - strlen(slots), "%s\"s%d\": \"x\"", i ? "," : "", i);
    strcat(slots, "}}");
    refuse(slots, ERROR_TOO_LARGE, "slots: at most 64");
    text = with_many("{\"x\": \"", "0123456789abcdef", 62000, "\"}");
    refuse(text, ERROR_TOO_LARGE, "more than 1 MiB");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_least),
        cmocka_unit_test(all_of_it),
        cmocka_unit_test(each_mistake),
        cmocka_unit_test(bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
