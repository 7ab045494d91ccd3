/* codecs/cap: what is read, what is forgiven, and what is refused with which reason. */
#include "tests/codecs/cap_reading.h"

#include <locale.h>

#define DATA "tests/codecs/data/"
#define OPEN "<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\">"
#define HEAD                                                                                                                   \
    "<identifier>id-1</identifier><sender>me</sender><sent>2026-11-22T03:20:00+08:00</sent>"                                   \
    "<status>Actual</status><msgType>Alert</msgType><scope>Public</scope>"

static struct alert_message *read_text(const char *xml)
{
    struct alert_message *message;
    struct error error;
    if (!cap_decode(slice_of(xml), &message, &error))
        fail_msg("%s\nrefused: %s", xml, error.message);
    return message;
}

/* Checks the refusal of size bytes. The reason must begin with the first text and have the second in it. */
static void refuse_bytes(const char *data, size_t size, enum error_code code, const char *begins, const char *has)
{
    struct alert_message *message = NULL;
    struct error error = {ERROR_NONE, ""};
    if (cap_decode((struct slice){data, size}, &message, &error)) {
        alert_message_free(message);
        fail_msg("%.2000s\nwas taken, not refused with \"%s\"", data, begins);
    }
    assert_null(message);
    if (error.code != code || strncmp(error.message, begins, strlen(begins)) != 0 || !strstr(error.message, has))
        fail_msg("%.2000s\nrefused as %s \"%s\", not as %s \"%s...%s\"", data, error_name(error.code), error.message,
                 error_name(code), begins, has);
    assert_true(text_is_utf8(slice_of(error.message)));
    assert_null(strchr(error.message, '\n'));
    assert_false(cap_decode((struct slice){data, size}, &message, NULL));
}

static void refuse(const char *xml, enum error_code code, const char *begins, const char *has)
{
    refuse_bytes(xml, strlen(xml), code, begins, has);
}

/* An alert whose head has new in the place of old. */
static char *with_head(const char *old, const char *new)
{
    char *xml = malloc(4096);
    const char *at = strstr(HEAD, old);
    assert_non_null(xml);
    assert_non_null(at);
    snprintf(xml, 4096, OPEN "%.*s%s%s</alert>", (int)(at - HEAD), HEAD, new, at + strlen(old));
    return xml;
}

static void refuse_head(const char *old, const char *new, enum error_code code, const char *begins, const char *has)
{
    char *xml = with_head(old, new);
    refuse(xml, code, begins, has);
    free(xml);
}

static char *with_info(const char *inside)
{
    char *xml = malloc(4096);
    assert_non_null(xml);
    snprintf(xml, 4096, OPEN HEAD "<info>%s</info></alert>", inside);
    return xml;
}

static void refuse_info(const char *inside, const char *begins, const char *has)
{
    char *xml = with_info(inside);
    refuse(xml, ERROR_INVALID, begins, has);
    free(xml);
}

static struct alert_message *read_info(const char *inside)
{
    char *xml = with_info(inside);
    struct alert_message *message = read_text(xml);
    free(xml);
    assert_int_equal(message->n_infos, 1);
    return message;
}

static void whole_head(void **state)
{
    (void)state;
    struct alert_message *m = decoded_file(DATA "whole.cap");
    assert_string_equal(m->identifier, "qingxi-2026-0007");
    assert_string_equal(m->sender, "water@qingxi.example");
    assert_string_equal(m->sent_text, "2026-11-22T03:20:00+08:00");
    same_time(m->sent, "2026-11-21T19:20:00Z");
    assert_int_equal(m->status, STATUS_EXERCISE);
    assert_int_equal(m->msg_type, MSG_UPDATE);
    assert_int_equal(m->scope, SCOPE_RESTRICTED);
    same_text(m->source, "龙塘水库管理站");
    same_text(m->restriction, "for officers");
    same_text(m->addresses, "\"Long Tang\" qingxi");
    same_text(m->note, "a note");
    same_text(m->incidents, "flood-7");
    assert_int_equal(m->n_codes, 2);
    same_text(m->codes[1], "profile:two");
    assert_int_equal(m->n_references, 2);
    same_text(m->references[0].sender, "water@qingxi.example");
    same_text(m->references[0].identifier, "qingxi-2026-0005");
    same_text(m->references[1].sent_text, "2026-11-21T19:00:00Z");
    same_time(m->references[1].sent, "2026-11-22T03:00:00+08:00");
    assert_int_equal(m->n_infos, 2);
    alert_message_free(m);
}

static void whole_info(void **state)
{
    (void)state;
    struct alert_message *m = decoded_file(DATA "whole.cap");
    const struct alert_info *info = &m->infos[0];
    same_text(info->language, "zh-CN");
    assert_int_equal(info->n_categories, 2);
    same_text(info->categories[1], "Infra");
    same_text(info->event, "水库泄洪");
    assert_int_equal(info->n_response_types, 2);
    same_text(info->response_types[0], "Evacuate");
    assert_int_equal(info->urgency, URGENCY_IMMEDIATE);
    assert_int_equal(info->severity, SEVERITY_EXTREME);
    assert_int_equal(info->certainty, CERTAINTY_OBSERVED);
    same_text(info->audience, "riverside");
    assert_int_equal(info->n_event_codes, 1);
    same_pair(info->event_codes[0], "GB35561", "11A01");
    assert_true(info->has_effective && info->has_onset && info->has_expires);
    same_time(info->effective, "2026-11-22T03:30:00+08:00");
    same_time(info->onset, "2026-11-22T04:00:00+08:00");
    same_time(info->expires, "2026-11-22T06:00:00.250+08:00");
    same_text(info->sender_name, "龙塘水库");
    same_text(info->headline, "龙塘水库开闸放水");
    same_text(info->text, "水位 <超过> 警戒线 &");
    same_text(info->instruction, "马上岸");
    same_text(info->web, "http://qingxi.example/");
    same_text(info->contact, "119");
    assert_int_equal(info->n_parameters, 2);
    same_pair(info->parameters[0], "alert_color", "红色");
    same_pair(info->parameters[1], "empty", "");
    assert_int_equal(info->n_resources, 2);
    same_text(info->resources[0].description, "map");
    same_text(info->resources[0].mime_type, "image/png");
    assert_int_equal(info->resources[0].size, 17296);
    same_text(info->resources[0].uri, "map.png");
    same_text(info->resources[0].deref_uri, "aGVsbG8=");
    same_text(info->resources[0].digest, "1c8015");
    assert_int_equal(info->resources[1].size, -1);
    assert_null(info->resources[1].uri);
    alert_message_free(m);
}

static void whole_area(void **state)
{
    (void)state;
    struct alert_message *m = decoded_file(DATA "whole.cap");
    assert_int_equal(m->infos[0].n_areas, 2);
    const struct alert_area *area = &m->infos[0].areas[0];
    same_text(area->description, "青溪镇 & 沿河");
    assert_int_equal(area->n_polygons, 2);
    assert_int_equal(area->polygons[0].n_points, 5);
    same_point(area->polygons[0].points[0], 29.50, 115.80);
    same_point(area->polygons[0].points[3], 29.50, 115.95);
    same_point(area->polygons[1].points[2], 0.5, 2);
    assert_int_equal(area->n_circles, 2);
    same_point(area->circles[0].centre, 29.55, 115.85);
    assert_true(area->circles[0].radius_km == 1.25);
    same_point(area->circles[1].centre, -10.5, -20.25);
    assert_true(area->circles[1].radius_km == 0);
    assert_int_equal(area->n_geocodes, 4);
    same_pair(area->geocodes[0], "CHN_2260", "360404106000");
    same_pair(area->geocodes[1], "CHN_2260", "360404107000");
    same_pair(area->geocodes[2], "CHN_2260", "");
    same_pair(area->geocodes[3], "", "");
    assert_true(area->has_altitude && area->has_ceiling);
    assert_true(area->altitude == -12.5 && area->ceiling == 300);
    const struct alert_area *empty = &m->infos[0].areas[1];
    assert_null(empty->description);
    assert_int_equal(empty->n_polygons + empty->n_circles + empty->n_geocodes, 0);
    assert_false(empty->has_altitude || empty->has_ceiling);
    alert_message_free(m);
}

static void absent_things_are_absent(void **state)
{
    (void)state;
    struct alert_message *m = decoded_file(DATA "whole.cap");
    const struct alert_info *info = &m->infos[1];
    same_text(info->language, "en-US");
    assert_int_equal(info->urgency, URGENCY_UNKNOWN);
    assert_int_equal(info->severity, SEVERITY_UNKNOWN);
    assert_int_equal(info->certainty, CERTAINTY_UNKNOWN);
    assert_false(info->has_effective || info->has_onset || info->has_expires);
    assert_null(info->event);
    assert_null(info->headline);
    assert_null(info->text);
    assert_int_equal(info->n_categories + info->n_parameters + info->n_areas + info->n_resources, 0);
    alert_message_free(m);
    m = read_text(OPEN HEAD "</alert>");
    assert_null(m->note);
    assert_int_equal(m->n_infos + m->n_codes + m->n_references, 0);
    alert_message_free(m);
}

static void version_10(void **state)
{
    (void)state;
    struct alert_message *m = decoded_file(DATA "version10.cap");
    const struct alert_info *info = &m->infos[0];
    assert_int_equal(info->certainty, CERTAINTY_LIKELY);
    same_pair(info->event_codes[0], "SAME", "FLW");
    assert_int_equal(info->n_parameters, 2);
    same_pair(info->parameters[0], "formula", "a=b");
    same_pair(info->parameters[1], "", "no name");
    same_pair(info->areas[0].geocodes[0], "CHN_2260", "360404106000");
    alert_message_free(m);
}

static void encodings(void **state)
{
    (void)state;
    struct alert_message *m = decoded_file(DATA "bom.cap");
    assert_int_equal(m->status, STATUS_TEST);
    assert_int_equal(m->msg_type, MSG_CANCEL);
    assert_int_equal(m->scope, SCOPE_PRIVATE);
    alert_message_free(m);
    m = decoded_file(DATA "latin1.cap");
    same_text(m->infos[0].event, "Usulután");
    alert_message_free(m);
    m = decoded_file(DATA "utf16.cap");
    same_text(m->infos[0].event, "青溪 Usulután");
    alert_message_free(m);
    refuse("<?xml version=\"1.0\" encoding=\"EBCDIC-CN\"?>" OPEN HEAD "</alert>", ERROR_INVALID,
           "not CAP: ", "unknown encoding; send it as UTF-8");
    refuse(OPEN HEAD "<note>\xE9\x9D</note></alert>", ERROR_INVALID, "not CAP: not well-formed XML", "(line 1)");
}

#define NOTE(encoding, note)                                                                                                   \
    "<?xml version=\"1.0\" encoding=\"" encoding "\" standalone=\"yes\"?>" OPEN HEAD "<note>" note "</note></alert>"

/* Each says 龙塘 or another name in its own bytes. */
static void converted_encodings(void **state)
{
    (void)state;
    static const struct {
        const char *xml, *note;
    } cases[] = {
        {NOTE("GB2312", "\xC1\xFA\xCC\xC1"), "龙塘"},
        {NOTE("gbk", "\xC1\xFA\xCC\xC1\x96\x7C"), "龙塘東"}, /* a character that GB2312 lacks */
        {NOTE("GB2312", "\x96\x7C"), "東"},                  /* and that senders write all the same */
        {NOTE("GB18030", "\x82\x30\xA5\x35"), "㘒"},         /* of four bytes */
        {NOTE("Big5", "\xC0\x73\xB6\xED"), "龍塘"},
        {NOTE("Shift_JIS", "\x8D\x5E\x90\x85"), "洪水"},
        {NOTE("EUC-KR", "\xC8\xAB\xBC\xF6"), "홍수"},
        {NOTE("windows-1252", "caf\xE9 \x80"), "café €"},
        {NOTE("windows-1251", "\xCF\xE0\xE2\xEE\xE4\xEE\xEA"), "Паводок"},
        {NOTE("utf8", "龙塘"), "龙塘"},
        {NOTE("utf-16", "龙塘"), "龙塘"}, /* a program's string said so */
        {"\xEF\xBB\xBF" NOTE("GBK", "龙塘"), "龙塘"},
        {"\r\n \t" NOTE("UTF-8", "龙塘"), "龙塘"},
        {NOTE("UTF-8", "<![CDATA[龙<塘]]><!-- c --> &#233;&#x9F99;"), "龙<塘 é龙"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct alert_message *m = read_text(cases[i].xml);
        same_text(m->note, cases[i].note);
        alert_message_free(m);
    }
    refuse(NOTE("GBK", "\xC1\xFA\xCC"), ERROR_INVALID, "not CAP: byte ", "no text in the declared encoding (GB18030)");
    refuse(NOTE("GB2312", "\xFF"), ERROR_INVALID, "not CAP: byte ", "send it as UTF-8");
    refuse(NOTE("UTF-8", "\xC1\xFA"), ERROR_INVALID, "not CAP: not well-formed XML", "");
    refuse(NOTE("UTF-7", "+-"), ERROR_INVALID, "not CAP: not well-formed XML", "unknown encoding");
    refuse("x" NOTE("UTF-8", ""), ERROR_INVALID, "not CAP: not well-formed XML", "");
}

static void empty_optionals_are_absent(void **state)
{
    (void)state;
    struct alert_message *m = read_text(OPEN HEAD "<references/><note> \n </note><code></code><restriction/></alert>");
    assert_int_equal(m->n_references + m->n_codes, 0);
    assert_null(m->note);
    alert_message_free(m);
    m = read_info("<language/><event/><expires></expires><effective/><onset/><urgency/><category/>"
                  "<area><areaDesc/><circle/><polygon> </polygon><altitude/></area>");
    same_text(m->infos[0].language, "en-US");
    assert_null(m->infos[0].event);
    assert_false(m->infos[0].has_expires || m->infos[0].has_effective || m->infos[0].has_onset);
    assert_int_equal(m->infos[0].n_categories, 0);
    assert_int_equal(m->infos[0].areas[0].n_polygons + m->infos[0].areas[0].n_circles, 0);
    assert_false(m->infos[0].areas[0].has_altitude);
    alert_message_free(m);
}

static void estimates_are_forgiven(void **state)
{
    (void)state;
    static const struct {
        const char *xml;
        int urgency, severity, certainty;
    } cases[] = {
        {"<urgency>Past</urgency><severity>Minor</severity><certainty>Unlikely</certainty>", URGENCY_PAST, SEVERITY_MINOR,
         CERTAINTY_UNLIKELY},
        {"<urgency>FUTURE</urgency><severity>severe</severity><certainty>possible</certainty>", URGENCY_FUTURE, SEVERITY_SEVERE,
         CERTAINTY_POSSIBLE},
        {"<urgency>soon</urgency><severity>Extreme, Severe</severity><certainty>?</certainty>", 0, 0, 0},
        {"<urgency> Expected\n</urgency><severity>Moderate </severity><certainty>very likely</certainty>", URGENCY_EXPECTED,
         SEVERITY_MODERATE, CERTAINTY_LIKELY},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct alert_message *m = read_info(cases[i].xml);
        assert_int_equal(m->infos[0].urgency, cases[i].urgency);
        assert_int_equal(m->infos[0].severity, cases[i].severity);
        assert_int_equal(m->infos[0].certainty, cases[i].certainty);
        alert_message_free(m);
    }
}

/* Each listed word gives the enum value whose name it is. */
static void words_are_the_enums_names(void **state)
{
    (void)state;
    static const char *const certainties[] = {"Unknown", "Observed", "Likely", "Possible", "Unlikely"};
    for (int i = 0; i < 5; i++) {
        char xml[512];
        snprintf(xml, sizeof xml,
                 OPEN "<identifier>i</identifier><sender>s</sender><sent>2026-11-22T03:20:00Z</sent><status>%s</status>"
                      "<msgType>%s</msgType><scope>Public</scope><info><urgency>%s</urgency><severity>%s</severity>"
                      "<certainty>%s</certainty></info></alert>",
                 alert_status_name((enum alert_status)i), alert_msg_type_name((enum alert_msg_type)i),
                 alert_urgency_name((enum alert_urgency)i), alert_severity_name((enum alert_severity)i), certainties[i]);
        struct alert_message *m = read_text(xml);
        assert_int_equal(m->status, i);
        assert_int_equal(m->msg_type, i);
        assert_int_equal(m->infos[0].urgency, i);
        assert_int_equal(m->infos[0].severity, i);
        assert_int_equal(m->infos[0].certainty, i);
        alert_message_free(m);
    }
    assert_string_equal(alert_status_name(STATUS_EXERCISE), "Exercise");
    assert_string_equal(alert_msg_type_name(MSG_CANCEL), "Cancel");
    assert_string_equal(alert_status_name((enum alert_status)9), "unknown");
    assert_string_equal(alert_msg_type_name((enum alert_msg_type)9), "unknown");
    assert_string_equal(alert_urgency_name((enum alert_urgency)9), "Unknown");
    assert_string_equal(alert_severity_name((enum alert_severity)9), "Unknown");
}

static void numbers_in_any_locale(void **state)
{
    (void)state;
    /* Where no locale with a decimal comma is installed, this still checks the reading itself. */
    if (!setlocale(LC_ALL, "de_DE.UTF-8"))
        setlocale(LC_ALL, "");
    struct alert_message *m = read_info("<area><circle>22.0766,113.5709 0.125</circle><altitude>1234.5</altitude></area>");
    setlocale(LC_ALL, "C");
    same_point(m->infos[0].areas[0].circles[0].centre, 22.0766, 113.5709);
    assert_true(m->infos[0].areas[0].circles[0].radius_km == 0.125);
    assert_true(m->infos[0].areas[0].altitude == 1234.5);
    alert_message_free(m);
    m = read_info("<area><circle>-0.0000000000000000000000000000001,00000000000000000000000012.5 "
                  "0.333333333333333333333333333333333333333</circle></area>");
    const struct alert_circle *circle = &m->infos[0].areas[0].circles[0];
    assert_true(circle->centre.latitude <= 0 && circle->centre.latitude > -1e-30);
    assert_true(circle->centre.longitude == 12.5);
    assert_true(circle->radius_km > 0.33333333333333 && circle->radius_km < 0.33333333333334);
    alert_message_free(m);
}

static void required_elements(void **state)
{
    (void)state;
    static const struct {
        const char *name, *whole, *hint;
    } cases[] = {
        {"identifier", "<identifier>id-1</identifier>", ""},
        {"sender", "<sender>me</sender>", ""},
        {"sent", "<sent>2026-11-22T03:20:00+08:00</sent>", ""},
        {"status", "<status>Actual</status>", "Actual, Exercise, System, Test, Draft"},
        {"msgType", "<msgType>Alert</msgType>", "Alert, Update, Cancel, Ack, Error"},
        {"scope", "<scope>Public</scope>", "Public, Restricted, Private"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char begins[64], new[160];
        snprintf(begins, sizeof begins, "%s: missing; CAP 1.2 requires it", cases[i].name);
        refuse_head(cases[i].whole, "", ERROR_MISSING, begins, cases[i].hint);
        /* In another namespace, in the wrong case or in the wrong place it is not there. */
        snprintf(new, sizeof new, "<x:%s xmlns:x=\"urn:x\">Public</x:%s>", cases[i].name, cases[i].name);
        refuse_head(cases[i].whole, new, ERROR_MISSING, begins, cases[i].hint);
        snprintf(new, sizeof new, "<info>%s</info>", cases[i].whole);
        refuse_head(cases[i].whole, new, ERROR_MISSING, begins, cases[i].hint);
        snprintf(begins, sizeof begins, "%s: empty", cases[i].name);
        snprintf(new, sizeof new, "<%s> \n </%s>", cases[i].name, cases[i].name);
        refuse_head(cases[i].whole, new, ERROR_MISSING, begins, cases[i].hint);
        snprintf(begins, sizeof begins, "%s: given twice", cases[i].name);
        snprintf(new, sizeof new, "%s%s", cases[i].whole, cases[i].whole);
        refuse_head(cases[i].whole, new, ERROR_INVALID, begins, "(line 1)");
    }
}

static void wrong_values(void **state)
{
    (void)state;
    refuse_head("Actual", "Real", ERROR_INVALID, "status: \"Real\"", "Actual, Exercise, System, Test, Draft");
    refuse_head("Actual", "Actual, Exercise", ERROR_INVALID, "status:", "Actual,");
    refuse_head(">Alert<", ">Alarm<", ERROR_INVALID, "msgType: \"Alarm\"", "Alert, Update, Cancel, Ack, Error");
    refuse_head("Public", "Pub\nlic", ERROR_INVALID, "scope: \"Pub lic\"", "Public, Restricted, Private");
    refuse_head("2026-11-22T03:20:00+08:00", "2026-11-22T03:20:00", ERROR_INVALID, "sent: \"2026-11-22T03:20:00\"", "offset");
    refuse_head("2026-11-22T03:20:00+08:00", "yesterday", ERROR_INVALID, "sent: \"yesterday\"", "2026-11-22T03:20:00+08:00");
    refuse_head("id-1", "id\n1", ERROR_INVALID, "identifier: ", "line break");
    refuse_head(">me<", ">m&#x7f;e<", ERROR_INVALID, "sender: ", "control character");
    char name[CAP_IDENTITY_MAX + 2] = "";
    memset(name, 'n', CAP_IDENTITY_MAX + 1);
    refuse_head("id-1", name, ERROR_TOO_LARGE, "identifier: 513 bytes", "512");
    name[CAP_IDENTITY_MAX] = '\0';
    char *xml = with_head("id-1", name);
    struct alert_message *m = read_text(xml);
    free(xml);
    assert_int_equal(strlen(m->identifier), CAP_IDENTITY_MAX);
    alert_message_free(m);
    /* A long text of Chinese is quoted without cutting a character. */
    refuse_head("Actual", "演习演习演习演习演习演习演习演习演习", ERROR_INVALID, "status: \"演习演习演习演习演习演习演\"", "");
}

static void references(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "me",
        "me,id",
        "me,id,now",
        ",id,2026-11-22T03:20:00Z",
        "me,,2026-11-22T03:20:00Z",
        "me,id,2026-11-22T03:20:00Z,more",
        "me,id, 2026-11-22T03:20:00Z,",
        "me,id,,2026-11-22T03:20:00Z",
        "me,id,2026-11-22T03:20:00Z me",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char new[160];
        snprintf(new, sizeof new, "<references>%s</references><scope>", bad[i]);
        refuse_head("<scope>", new, ERROR_INVALID, "references: \"", "sender,identifier,sent");
    }
    refuse_head("<scope>", "<references/><references/><scope>", ERROR_INVALID, "references: given twice", "");
    char *xml =
        with_head("<scope>", "<references>me,id,\n2026-11-22T03:20:00-00:00\n you ,\tb, 2026-11-22T03:20:00Z</references>"
                             "<scope>");
    struct alert_message *m = read_text(xml); /* as tsunami centres break their lines */
    free(xml);
    assert_int_equal(m->n_references, 2);
    same_text(m->references[0].sent_text, "2026-11-22T03:20:00-00:00");
    same_text(m->references[1].sender, "you");
    same_text(m->references[1].identifier, "b");
    alert_message_free(m);
}

/* The words that decide mean the same in any case, and nothing else means it. */
static void any_case(void **state)
{
    (void)state;
    char *xml = with_head("<status>Actual</status><msgType>Alert</msgType><scope>Public</scope>",
                          "<status>exercise</status><msgType>UPDATE</msgType><scope>\n public </scope>");
    struct alert_message *m = read_text(xml);
    free(xml);
    assert_int_equal(m->status, STATUS_EXERCISE);
    assert_int_equal(m->msg_type, MSG_UPDATE);
    assert_int_equal(m->scope, SCOPE_PUBLIC);
    alert_message_free(m);
}

static void times(void **state)
{
    (void)state;
    static const char *const names[] = {"effective", "onset", "expires"};
    for (size_t i = 0; i < 3; i++) {
        char xml[256], begins[64];
        snprintf(xml, sizeof xml, "\n<%s>2026-11-22 06:00</%s>", names[i], names[i]);
        snprintf(begins, sizeof begins, "%s: \"2026-11-22 06:00\": not a date and time", names[i]);
        refuse_info(xml, begins, "(line 2)");
        snprintf(xml, sizeof xml, "<%s/><%s>2026-11-22T06:00:00Z</%s>", names[i], names[i], names[i]);
        snprintf(begins, sizeof begins, "%s: given twice", names[i]);
        refuse_info(xml, begins, "");
    }
}

static void given_twice(void **state)
{
    (void)state;
    refuse_info("<severity>Minor</severity><severity>Extreme</severity>", "severity: given twice", "");
    refuse_info("<language>zh</language><language>en</language>", "language: given twice", "");
    refuse_info("<area><geocode><valueName>a</valueName><value>1</value><value>2</value></geocode></area>",
                "value: given twice", "");
    refuse_info("<parameter><valueName>a</valueName><valueName>b</valueName></parameter>", "valueName: given twice", "");
    /* Each info, area and pair counts for itself. */
    struct alert_message *m = read_text(OPEN HEAD "<info><severity>Minor</severity></info><info><severity>Severe</severity>"
                                                  "<area><altitude>1</altitude></area><area><altitude>2</altitude></area>"
                                                  "</info></alert>");
    assert_int_equal(m->infos[0].severity, SEVERITY_MINOR);
    assert_int_equal(m->infos[1].severity, SEVERITY_SEVERE);
    assert_true(m->infos[1].areas[1].altitude == 2);
    alert_message_free(m);
}

static void geometry(void **state)
{
    (void)state;
    static const struct {
        const char *xml, *begins, *has;
    } cases[] = {
        {"<polygon>1,1 1,2 1,1</polygon>", "polygon: has 3 points", "at least 4"},
        {"<polygon>1,1 1,2</polygon>", "polygon: has 2 points", "at least 4"},
        {"<polygon>1,1 1,2 2,2 91,1 1,1</polygon>", "polygon: point 4 \"91,1\"", "off the globe"},
        {"<polygon>1,1 1,-180.01 2,2 1,1</polygon>", "polygon: point 2", "off the globe"},
        {"<polygon>1,1 1,2, 2,2 1,1</polygon>", "polygon: point 2 \"1,2, 2,2\"", "latitude,longitude"},
        {"<polygon>1 1 1 2 2 2 1 1</polygon>", "polygon: point 1 \"1\"", "latitude,longitude"},
        {"<polygon>1,1 1,2 2,2 1,</polygon>", "polygon: point 4 \"1,\"", "latitude,longitude"},
        {"<polygon>1,1,0 1,2,0 2,2,0 1,1,0</polygon>", "polygon: point 1 \"1,1,0\"", "latitude,longitude"},
        {"<polygon>1,1 1,360.01 2,2 1,1</polygon>", "polygon: point 2", "off the globe"},
        {"<polygon>1;1 1,2 2,2 1,1</polygon>", "polygon: point 1", "latitude,longitude"},
        {"<polygon>nan,1 1,2 2,2 nan,1</polygon>", "polygon: point 1", "latitude,longitude"},
        {"<polygon>1,1 1,inf 2,2 1,1</polygon>", "polygon: point 2", "latitude,longitude"},
        {"<polygon>1,1 1,2e1 2,2 1,1</polygon>", "polygon: point 2", "latitude,longitude"},
        {"<polygon>1,1 1,0x2 2,2 1,1</polygon>", "polygon: point 2", "latitude,longitude"},
        {"<polygon>1,1 1,1.2.3 2,2 1,1</polygon>", "polygon: point 2", "latitude,longitude"},
        {"<polygon>1,1 1,- 2,2 1,1</polygon>", "polygon: point 2", "latitude,longitude"},
        {"<polygon>1,1 1,. 2,2 1,1</polygon>", "polygon: point 2", "latitude,longitude"},
        {"<polygon>1,1 1,99999999999999999999 2,2 1,1</polygon>", "polygon: point 2", "latitude,longitude"},
        {"<circle>1,2</circle>", "circle: \"1,2\"", "radius"},
        {"<circle>1,2 3 4</circle>", "circle: \"1,2 3 4\"", "radius"},
        {"<circle>1 2 3</circle>", "circle:", "radius"},
        {"<circle>1,361 3</circle>", "circle: centre \"1,361\"", "off the globe"},
        {"<circle>1,2,3</circle>", "circle: \"1,2,3\"", "radius"},
        {"<circle>x,2 3</circle>", "circle: centre", "latitude,longitude"},
        {"<circle>1,2 -3</circle>", "circle: radius \"-3\"", "kilometres"},
        {"<circle>1,2 3km</circle>", "circle: radius \"3km\"", "kilometres"},
        {"<altitude>high</altitude>", "altitude: \"high\"", "feet"},
        {"<ceiling>1e3</ceiling>", "ceiling: \"1e3\"", "feet"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char xml[256];
        snprintf(xml, sizeof xml, "<area>%s</area>", cases[i].xml);
        refuse_info(xml, cases[i].begins, cases[i].has);
    }
    struct alert_message *m = read_info("<area><polygon>90,180 -90,180 -90,-180 90,180</polygon></area>");
    assert_int_equal(m->infos[0].areas[0].polygons[0].n_points, 4);
    alert_message_free(m);
}

/* What can mean one thing only. */
static void forgiven_geometry(void **state)
{
    (void)state;
    struct alert_message *m = read_info("<area><polygon>\n 1, 1\n\t1 ,2 2 , 2\r\n</polygon><polygon>1,1 1,2 2,2 2,1</polygon>"
                                        "<polygon>-40,175 -40,185 -45,360 -40,175</polygon><circle> 12.5, -88.25 0.0 </circle>"
                                        "<circle>1,180.5 3</circle></area>");
    const struct alert_area *area = &m->infos[0].areas[0];
    assert_int_equal(area->n_polygons, 3);
    assert_int_equal(area->polygons[0].n_points, 4); /* closed */
    same_point(area->polygons[0].points[1], 1, 2);
    same_point(area->polygons[0].points[3], 1, 1);
    assert_int_equal(area->polygons[1].n_points, 5);
    same_point(area->polygons[2].points[1], -40, -175);
    same_point(area->polygons[2].points[2], -45, 0);
    same_point(area->circles[0].centre, 12.5, -88.25);
    assert_true(area->circles[0].radius_km == 0);
    same_point(area->circles[1].centre, 1, -179.5);
    alert_message_free(m);
}

static void not_cap(void **state)
{
    (void)state;
    refuse("", ERROR_INVALID, "not CAP: ", "nothing");
    refuse_bytes(NULL, 0, ERROR_INVALID, "not CAP: ", "nothing");
    refuse("{\"status\":\"Actual\"}", ERROR_INVALID, "not CAP: not well-formed XML", "(line 1)");
    refuse("<html><body/></html>", ERROR_INVALID, "not CAP: root element is <html> without a namespace", "<alert>");
    refuse("<alert><identifier>1</identifier></alert>", ERROR_MISSING, "sender: missing", "CAP 1.2");
    refuse("<feed xmlns=\"http://www.w3.org/2005/Atom\"><entry><content>" OPEN HEAD "</alert></content></entry></feed>",
           ERROR_INVALID, "not CAP: root element is <feed>", "send each alert by itself");
    refuse("<d:EDXLDistribution xmlns:d=\"urn:oasis:names:tc:emergency:EDXL:DE:1.0\">" OPEN HEAD
           "</alert></d:EDXLDistribution>",
           ERROR_INVALID, "not CAP: root element is <EDXLDistribution>", "envelope");
    refuse("<alert xmlns=\"urn:x\">" HEAD "</alert>", ERROR_INVALID, "not CAP: root element is <alert> of urn:x", "cap:1.2");
    refuse("<info xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\"/>", ERROR_INVALID, "not CAP: root element is <info>", "");
    refuse("<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2|alert\"/>", ERROR_INVALID, "not CAP: ", "");
    refuse(OPEN HEAD, ERROR_INVALID, "not CAP: not well-formed XML", "");
    refuse(OPEN HEAD "</alert><more/>", ERROR_INVALID, "not CAP: not well-formed XML", "");
    refuse(OPEN HEAD "<note>&other;</note></alert>", ERROR_INVALID, "not CAP: not well-formed XML", "entity");
    refuse_bytes(OPEN "\0", sizeof OPEN, ERROR_INVALID, "not CAP: not well-formed XML", "");
}

static void without_a_namespace(void **state)
{
    (void)state;
    struct alert_message *m =
        read_text("<alert>" HEAD "<info><event>e</event><area><polygon>1,1 1,2 2,2 1,1</polygon></area></info>"
                  "<x:status xmlns:x=\"urn:x\">Test</x:status></alert>");
    assert_int_equal(m->status, STATUS_ACTUAL);
    assert_int_equal(m->infos[0].areas[0].n_polygons, 1);
    alert_message_free(m);
}

static void document_type(void **state)
{
    (void)state;
    struct alert_message *m;
    struct error error;
    assert_false(decode_file(DATA "doctype.cap", &m, &error));
    assert_int_equal(error.code, ERROR_UNSUPPORTED);
    assert_non_null(strstr(error.message, "document type declaration: <!DOCTYPE alert> is refused"));
    assert_false(decode_file(DATA "page.html", &m, &error));
    assert_non_null(strstr(error.message, "<!DOCTYPE html>"));
    refuse("<!DOCTYPE alert>" OPEN HEAD "</alert>", ERROR_UNSUPPORTED, "document type declaration:", "without it");
}

/* Repeats a piece until the whole has n of them; the caller frees. */
static char *repeated(const char *before, const char *piece, size_t n, const char *after)
{
    size_t size = strlen(piece);
    char *xml = malloc(strlen(before) + n * size + strlen(after) + 1);
    assert_non_null(xml);
    char *to = stpcpy(xml, before);
    for (size_t i = 0; i < n; i++)
        to = stpcpy(to, piece);
    strcpy(to, after);
    return xml;
}

static void bounds(void **state)
{
    (void)state;
    char *xml = repeated(OPEN HEAD, "<x>", CAP_DEPTH_MAX, "");
    refuse(xml, ERROR_TOO_LARGE, "alert: elements nested deeper than 32", "");
    free(xml);
    xml = repeated(OPEN HEAD, "<x/>", CAP_ELEMENTS_MAX, "</alert>");
    refuse(xml, ERROR_TOO_LARGE, "alert: more than 65536 elements", "");
    free(xml);
    xml = repeated(OPEN HEAD, "<info/>", CAP_INFOS_MAX + 1, "</alert>");
    refuse(xml, ERROR_TOO_LARGE, "info: more than 64", "");
    free(xml);
    xml = repeated(OPEN HEAD, "<info/>", CAP_INFOS_MAX, "</alert>");
    struct alert_message *m = read_text(xml);
    free(xml);
    assert_int_equal(m->n_infos, CAP_INFOS_MAX);
    alert_message_free(m);
    size_t spare = CAP_SIZE_MAX - strlen(OPEN HEAD "</alert>");
    xml = repeated(OPEN HEAD, " ", spare + 1, "</alert>");
    refuse(xml, ERROR_TOO_LARGE, "alert: 1048577 bytes", "1048576");
    free(xml);
    xml = repeated(OPEN HEAD, " ", spare, "</alert>");
    alert_message_free(read_text(xml));
    free(xml);
}

/* A text of 0.7 MiB that is more than 1 MiB in UTF-8 is refused, and one of a little less is read. */
static void converted_bounds(void **state)
{
    (void)state;
    const char *before = "<?xml version=\"1.0\" encoding=\"GBK\"?>" OPEN HEAD "<note>";
    char *xml = repeated(before, "\xC1\xFA", CAP_SIZE_MAX / 3, "</note></alert>");
    refuse(xml, ERROR_TOO_LARGE, "not CAP: more than 1048576 bytes in UTF-8", "");
    free(xml);
    xml = repeated(before, "\xC1\xFA", CAP_SIZE_MAX / 3 - 500, "</note></alert>");
    struct alert_message *m = read_text(xml);
    free(xml);
    assert_int_equal(strlen(m->note), (CAP_SIZE_MAX / 3 - 500) * 3);
    alert_message_free(m);
}

static void large_polygon(void **state)
{
    (void)state;
    char *xml =
        repeated(OPEN HEAD "<info><area><polygon>1,1 ", "22.0766,113.5709\n", 60000, "1,1</polygon></area></info></alert>");
    struct alert_message *m = read_text(xml);
    free(xml);
    assert_int_equal(m->infos[0].areas[0].polygons[0].n_points, 60002);
    same_point(m->infos[0].areas[0].polygons[0].points[60000], 22.0766, 113.5709);
    alert_message_free(m);
}

static void freeing_nothing(void **state)
{
    (void)state;
    alert_message_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_head),
        cmocka_unit_test(whole_info),
        cmocka_unit_test(whole_area),
        cmocka_unit_test(absent_things_are_absent),
        cmocka_unit_test(version_10),
        cmocka_unit_test(encodings),
        cmocka_unit_test(converted_encodings),
        cmocka_unit_test(empty_optionals_are_absent),
        cmocka_unit_test(estimates_are_forgiven),
        cmocka_unit_test(words_are_the_enums_names),
        cmocka_unit_test(numbers_in_any_locale),
        cmocka_unit_test(required_elements),
        cmocka_unit_test(wrong_values),
        cmocka_unit_test(references),
        cmocka_unit_test(any_case),
        cmocka_unit_test(times),
        cmocka_unit_test(given_twice),
        cmocka_unit_test(geometry),
        cmocka_unit_test(forgiven_geometry),
        cmocka_unit_test(not_cap),
        cmocka_unit_test(without_a_namespace),
        cmocka_unit_test(document_type),
        cmocka_unit_test(bounds),
        cmocka_unit_test(converted_bounds),
        cmocka_unit_test(large_polygon),
        cmocka_unit_test(freeing_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
