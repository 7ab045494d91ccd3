/* codecs/cap: the Chinese national form (12379). What each element becomes, and what is refused as in CAP. */
#include "tests/codecs/cap_reading.h"

#define DATA "tests/codecs/data/national.cap"

static char *original;

static int set_up(void **state)
{
    (void)state;
    struct slice bytes = read_whole(DATA);
    original = strndup(bytes.data, bytes.size);
    free((char *)bytes.data);
    return original ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    free(original);
    return 0;
}

/* The file with new in the place of old; the caller frees. */
static char *with(const char *old, const char *new)
{
    const char *at = strstr(original, old);
    char *text = malloc(strlen(original) + strlen(new) + 1);
    assert_non_null(text);
    if (!at)
        fail_msg("\"%s\" is not in " DATA, old);
    sprintf(text, "%.*s%s%s", (int)(at - original), original, new, at + strlen(old));
    return text;
}

static struct alert_message *read_with(const char *old, const char *new)
{
    char *text = with(old, new);
    struct alert_message *message;
    struct error error;
    if (!cap_decode(slice_of(text), &message, &error))
        fail_msg("%s: %s", new, error.message);
    free(text);
    return message;
}

static void refuse(const char *old, const char *new, enum error_code code, const char *begins)
{
    char *text = with(old, new);
    struct alert_message *message = NULL;
    struct error error = {0};
    if (cap_decode(slice_of(text), &message, &error))
        fail_msg("%s was taken", new);
    if (error.code != code || strncmp(error.message, begins, strlen(begins)) != 0)
        fail_msg("\"%s\" was refused as \"%s\", not as \"%s\"", new, error.message, begins);
    free(text);
}

static void whole(void **state)
{
    (void)state;
    struct alert_message *m = decoded_file(DATA);
    assert_string_equal(m->identifier, "36040441600000_20261122031500");
    assert_string_equal(m->sender, "36040441600000");
    same_time(m->sent, "2026-11-22T03:15:00+08:00");
    assert_int_equal(m->status, STATUS_ACTUAL);
    assert_int_equal(m->msg_type, MSG_UPDATE);
    assert_int_equal(m->scope, SCOPE_PUBLIC);
    assert_int_equal(m->n_codes, 0);
    assert_null(m->note);
    assert_int_equal(m->n_references, 2);
    same_text(m->references[0].sender, "36040441600000");
    same_text(m->references[0].identifier, "36040441600000_20261122011500");
    assert_null(m->references[0].sent_text);
    same_text(m->references[1].sender, "36040400000000"); /* another's */
    same_text(m->incidents, "36040441600000_20261122011500");
    assert_int_equal(m->n_infos, 1);
    alert_message_free(m);
}

static void whole_info(void **state)
{
    (void)state;
    struct alert_message *m = decoded_file(DATA);
    const struct alert_info *info = m->infos;
    same_text(info->event, "11B03");
    same_pair(info->event_codes[0], cap_national_event_code_name, "11B03");
    assert_int_equal(info->urgency, URGENCY_UNKNOWN);
    assert_int_equal(info->severity, SEVERITY_EXTREME);
    assert_int_equal(info->certainty, CERTAINTY_LIKELY);
    assert_true(info->has_effective && !info->has_onset && !info->has_expires);
    same_text(info->sender_name, "柴桑区气象局");
    same_text(info->headline, "柴桑区气象局发布暴雨红色预警[I级/特别重大]");
    same_text(info->text, "过去三小时降雨已超过一百毫米。");
    assert_null(info->instruction);
    assert_int_equal(info->n_parameters, 1);
    same_pair(info->parameters[0], "speech", "暴雨红色预警，请马上转移。");
    assert_int_equal(info->n_resources, 1);
    assert_int_equal(info->resources[0].size, 7);
    assert_int_equal(info->n_areas, 1);
    same_text(info->areas[0].description, "柴桑区,青溪镇");
    assert_int_equal(info->areas[0].n_polygons + info->areas[0].n_circles, 0);
    assert_int_equal(info->areas[0].n_geocodes, 3);
    same_pair(info->areas[0].geocodes[0], cap_national_geocode_name, "360404000000");
    same_pair(info->areas[0].geocodes[2], cap_national_geocode_name, "360404102000");
    alert_message_free(m);
}

static void colours(void **state)
{
    (void)state;
    static const struct {
        const char *colour;
        enum alert_severity severity;
    } cases[] = {{"Orange", SEVERITY_SEVERE},   {"YELLOW", SEVERITY_MODERATE}, {"Blue", SEVERITY_MINOR},
                 {"Unknown", SEVERITY_UNKNOWN}, {"Severe", SEVERITY_SEVERE},   {"9", SEVERITY_UNKNOWN}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char new[32];
        snprintf(new, sizeof new, ">%s<", cases[i].colour);
        struct alert_message *m = read_with(">Red<", new);
        assert_int_equal(m->infos[0].severity, cases[i].severity);
        alert_message_free(m);
    }
}

static void variants(void **state)
{
    (void)state;
    struct alert_message *m = read_with("<message>暴雨红色预警，请马上转移。</message>", "<message/>");
    assert_int_equal(m->infos[0].n_parameters, 0); /* the description is said */
    alert_message_free(m);
    m = read_with("<language/>", "");
    same_text(m->infos[0].language, "zh-CN");
    alert_message_free(m);
    m = read_with("None</sec", "Inner</sec");
    assert_int_equal(m->scope, SCOPE_RESTRICTED);
    alert_message_free(m);
    m = read_with("36040441600000_20261122011500，36040400000000_20261122011600", "");
    assert_int_equal(m->n_references, 0);
    same_text(m->incidents, m->identifier);
    alert_message_free(m);
    m = read_with("_20261122011500，", "，"); /* no sender in it: its own */
    same_text(m->references[0].sender, "36040441600000");
    same_text(m->references[0].identifier, "36040441600000");
    alert_message_free(m);
}

static void refusals(void **state)
{
    (void)state;
    refuse("<identifier>36040441600000_20261122031500</identifier>", "", ERROR_MISSING, "identifier: missing");
    refuse("<status>Actual</status>", "<status/>", ERROR_MISSING, "status: empty");
    refuse(">Actual<", ">真实<", ERROR_INVALID, "status: \"真实\"");
    refuse("<scope>Public</scope>", "", ERROR_MISSING, "scope: missing");
    refuse("<sendTime>2026-11-22 03:15:00+08:00", "<sendTime>2026-11-22 03:15:00", ERROR_INVALID, "sent: ");
    refuse("<sendTime>2026-11-22 03:15:00+08:00</sendTime>", "", ERROR_MISSING, "sent: missing");
    refuse("<senderCode>36040441600000</senderCode>", "<senderCode/>", ERROR_MISSING, "sender: empty");
    refuse("<senderCode>", "<senderCode>1</senderCode><senderCode>", ERROR_INVALID, "sender: given twice");
    refuse("<expires/>", "<expires>soon</expires>", ERROR_INVALID, "expires: \"soon\"");
    refuse("<expires/>", "<expires/><expires/>", ERROR_INVALID, "expires: given twice");
    refuse("</info>", "", ERROR_INVALID, "not CAP: not well-formed XML");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole),    cmocka_unit_test(whole_info), cmocka_unit_test(colours),
        cmocka_unit_test(variants), cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
