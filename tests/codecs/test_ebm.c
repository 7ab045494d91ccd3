/* codecs/ebm: packages made in memory; what each element becomes, what is forgiven, what is refused with which reason. */
#include "codecs/ebm.h"
#include "codecs/rfc3339.h"
#include "tests/codecs/packing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ID "100104360404000000010000000000000007"
#define BASIC                                                                                                                     \
    "<MsgBasicInfo><MsgType>1</MsgType><SenderName>青溪镇应急平台</SenderName><SenderCode>010436040400000001</SenderCode>" \
    "<SentTime>2026-11-22 03:20:00</SentTime><EventType>11A01</EventType><Severity>2</Severity>"                                  \
    "<StartTime>2026-11-22 03:20:30</StartTime><EndTime>2026-11-22 04:00:00</EndTime></MsgBasicInfo>"
#define CONTENT                                                                                                                \
    "<MsgContent><LanguageCode>zho</LanguageCode><MsgTitle>水库泄洪</MsgTitle><MsgDesc>请马上离开河道。</MsgDesc>" \
    "<AreaCode>360499103201,360499103202</AreaCode><Auxiliary><AuxiliaryType>2</AuxiliaryType>"                                \
    "<AuxiliaryDesc>EBDR_1.mp3</AuxiliaryDesc><Size>9</Size><Digest></Digest></Auxiliary></MsgContent>"
#define DOCUMENT                                                                                                               \
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?><EBD "                                                                          \
    "xmlns:xs=\"http://www.w3.org/2001/XMLSchema\"><EBDVersion>1.0</EBDVersion>"                                               \
    "<EBDID>" ID "</EBDID><EBDType>EBM</EBDType><SRC><EBRID>010436040000000001</EBRID></SRC>"                                  \
    "<DEST><EBRID>010436049900000001</EBRID></DEST><EBDTime>2026-11-22 03:20:01</EBDTime><EBM><EBMVersion>1</EBMVersion>"      \
    "<EBMID>010436040400000001202611220007</EBMID>" BASIC CONTENT "</EBM></EBD>"
/* 74 bytes: 0, 1, 2, ... 73. */
#define VALUE "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0BBQkNERUZHSEk="
#define SIGNATURE                                                                                                              \
    "<Signature><Version>1.0</Version><RelatedEBD><EBDID>" ID "</EBDID></RelatedEBD><SignatureCert><CertType>01</CertType>"    \
    "<IssuerID>00000001</IssuerID><CertSN>000000000009</CertSN></SignatureCert><SignatureTime>15e97fe9401</SignatureTime>"     \
    "<DigestAlgorithm>SM3</DigestAlgorithm><SignatureAlgorithm>SM2</SignatureAlgorithm>"                                       \
    "<SignatureValue>" VALUE "</SignatureValue></Signature>"

enum { TEXT_MAX = 20000 };

static const char AUDIO[] = "\xFF\xFB\x90sounds"; /* 9 bytes */

static struct pack archive; /* of the package that is looked at */

/* text with new in the place of old; in one of two buffers that take turns. */
static const char *with(const char *text, const char *old, const char *new)
{
    static char buffers[2][TEXT_MAX];
    static int turn;
    const char *at = strstr(text, old);
    char *to = buffers[turn ^= 1];
    if (!at)
        fail_msg("\"%s\" is not in the text", old);
    assert_true((size_t)snprintf(to, TEXT_MAX, "%.*s%s%s", (int)(at - text), text, new, at + strlen(old)) < TEXT_MAX);
    return to;
}

static struct slice pack_package(const char *document, const char *signature)
{
    pack_free(&archive);
    pack_text(&archive, "EBDB_" ID ".xml", document);
    if (signature)
        pack_text(&archive, "EBDS_EBDB_" ID ".xml", signature);
    pack_text(&archive, "EBDR_1.mp3", AUDIO);
    return pack_end(&archive);
}

static struct ebm_package *taken(struct slice bytes)
{
    struct ebm_package *package = NULL;
    struct error error = {ERROR_NONE, ""};
    if (!ebm_decode(bytes, &package, &error))
        fail_msg("refused: %s", error.message);
    return package;
}

static struct ebm_package *take(const char *document)
{
    return taken(pack_package(document, NULL));
}

static void refused(struct slice bytes, enum error_code code, const char *begins, const char *has)
{
    struct ebm_package *package = NULL;
    struct error error = {ERROR_NONE, ""};
    bool ok = ebm_decode(bytes, &package, &error);
    if (ok || package || error.code != code || strncmp(error.message, begins, strlen(begins)) != 0 ||
        !strstr(error.message, has))
        fail_msg("%s: %s \"%s\", not %s \"%s...%s\"", ok ? "taken" : "refused", error_name(error.code), error.message,
                 error_name(code), begins, has);
    assert_true(text_is_utf8(slice_of(error.message)));
    assert_false(ebm_decode(bytes, &package, NULL));
    pack_free(&archive);
}

static void refuse(const char *document, enum error_code code, const char *begins, const char *has)
{
    refused(pack_package(document, NULL), code, begins, has);
}

static void done(struct ebm_package *package)
{
    ebm_package_free(package);
    pack_free(&archive);
}

static void same_time(struct wall time, const char *expected)
{
    struct wall t;
    assert_true(rfc3339_parse(slice_of(expected), &t, NULL, NULL));
    assert_int_equal(time.ms, t.ms);
}

static void same_pair(struct alert_pair pair, const char *name, const char *value)
{
    assert_string_equal(pair.name, name);
    assert_string_equal(pair.value, value);
}

static void whole_message(void **state)
{
    (void)state;
    struct ebm_package *p = take(DOCUMENT);
    const struct alert_message *m = p->message;
    assert_string_equal(m->identifier, "010436040400000001202611220007");
    assert_string_equal(m->sender, "010436040400000001");
    assert_string_equal(m->sent_text, "2026-11-22T03:20:00+08:00");
    same_time(m->sent, "2026-11-21T19:20:00Z");
    assert_int_equal(m->status, STATUS_ACTUAL);
    assert_int_equal(m->msg_type, MSG_ALERT);
    assert_int_equal(m->scope, SCOPE_PUBLIC);
    assert_int_equal(m->n_references, 0);
    assert_int_equal(m->n_infos, 1);
    const struct alert_info *info = m->infos;
    assert_string_equal(info->language, "zh-CN");
    assert_string_equal(info->event, "11A01");
    assert_int_equal(info->n_event_codes, 1);
    same_pair(info->event_codes[0], "EventType", "11A01");
    assert_int_equal(info->severity, SEVERITY_SEVERE);
    assert_int_equal(info->urgency, URGENCY_UNKNOWN);
    assert_int_equal(info->certainty, CERTAINTY_UNKNOWN);
    assert_true(info->has_effective && info->has_expires && !info->has_onset);
    same_time(info->effective, "2026-11-22T03:20:30+08:00");
    same_time(info->expires, "2026-11-22T04:00:00+08:00");
    assert_string_equal(info->sender_name, "青溪镇应急平台");
    assert_string_equal(info->headline, "水库泄洪");
    assert_string_equal(info->text, "请马上离开河道。");
    assert_null(info->instruction);
    assert_int_equal(info->n_parameters, 1);
    same_pair(info->parameters[0], "speech", "请马上离开河道。");
    assert_int_equal(info->n_areas, 1);
    assert_int_equal(info->areas[0].n_geocodes, 2);
    same_pair(info->areas[0].geocodes[0], ebm_geocode_name, "360499103201");
    same_pair(info->areas[0].geocodes[1], ebm_geocode_name, "360499103202");
    assert_int_equal(info->n_resources, 1);
    assert_string_equal(info->resources[0].uri, "EBDR_1.mp3");
    assert_string_equal(info->resources[0].mime_type, "audio/mpeg");
    assert_int_equal(info->resources[0].size, 9);
    assert_int_equal(info->resources[0].data.size, 9);
    assert_ptr_equal(info->resources[0].data.data, p->attachments[0].data.data);
    assert_null(info->resources[0].digest);
    done(p);
}

static void whole_package(void **state)
{
    (void)state;
    struct slice bytes = pack_package(DOCUMENT, SIGNATURE);
    struct ebm_package *p = taken(bytes);
    assert_string_equal(p->ebd_id, ID);
    assert_string_equal(p->source, "010436040000000001");
    assert_string_equal(p->destination, "010436049900000001");
    assert_string_equal(p->ebd_version, "1.0");
    assert_string_equal(p->ebm_version, "1");
    assert_string_equal(p->ebd_time, "2026-11-22 03:20:01");
    assert_int_equal(p->signed_bytes.size, strlen(DOCUMENT));
    assert_memory_equal(p->signed_bytes.data, DOCUMENT, strlen(DOCUMENT));
    assert_true(p->signed_bytes.data == bytes.data + PACK_BLOCK);
    assert_int_equal(p->n_attachments, 1);
    const struct ebm_attachment *a = p->attachments;
    assert_string_equal(a->name, "EBDR_1.mp3");
    assert_string_equal(a->language, "zh-CN");
    assert_int_equal(a->info, 0);
    assert_int_equal(a->type, 2);
    assert_int_equal(a->stated_size, 9);
    assert_int_equal(a->data.size, 9);
    assert_memory_equal(a->data.data, AUDIO, 9);
    assert_null(a->digest);
    done(p);
}

static void types(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum alert_status status;
        enum alert_msg_type type;
    } types[] = {{"1", STATUS_ACTUAL, MSG_ALERT},
                 {"2", STATUS_ACTUAL, MSG_CANCEL},
                 {"3", STATUS_SYSTEM, MSG_ALERT},
                 {"4", STATUS_EXERCISE, MSG_ALERT},
                 {"5", STATUS_EXERCISE, MSG_ALERT}};
    static const char *const bad[] = {"0", "6", "-1", "1x", "x", "1 2", "99999999999999999999"};
    char element[64];
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        snprintf(element, sizeof element, "<MsgType>%s<", types[i].text);
        struct ebm_package *p = take(with(DOCUMENT, "<MsgType>1<", element));
        assert_int_equal(p->message->status, types[i].status);
        assert_int_equal(p->message->msg_type, types[i].type);
        assert_int_equal(p->message->n_infos, 1);
        done(p);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(element, sizeof element, "<MsgType>%s<", bad[i]);
        refuse(with(DOCUMENT, "<MsgType>1<", element), ERROR_INVALID, "MsgType: \"", "is not known");
    }
}

static void severities(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum alert_severity severity;
    } severities[] = {{"1", SEVERITY_EXTREME}, {"2", SEVERITY_SEVERE},    {"3", SEVERITY_MODERATE},
                      {"4", SEVERITY_MINOR},   {"0", SEVERITY_UNKNOWN},   {"5", SEVERITY_UNKNOWN},
                      {"", SEVERITY_UNKNOWN},  {"red", SEVERITY_UNKNOWN}, {"04", SEVERITY_MINOR}};
    char element[64];
    for (size_t i = 0; i < sizeof severities / sizeof *severities; i++) {
        snprintf(element, sizeof element, "<Severity>%s<", severities[i].text);
        struct ebm_package *p = take(with(DOCUMENT, "<Severity>2<", element));
        assert_int_equal(p->message->infos[0].severity, severities[i].severity);
        done(p);
    }
    struct ebm_package *p = take(with(DOCUMENT, "<Severity>2</Severity>", ""));
    assert_int_equal(p->message->infos[0].severity, SEVERITY_UNKNOWN);
    done(p);
}

static void cancels(void **state)
{
    (void)state;
    static const struct {
        const char *related, *identifier;
    } related[] = {{"<RelatedInfo><EBMID>old-1</EBMID></RelatedInfo>", "old-1"},
                   {"<RelatedInfo><EBIID>5</EBIID><EBMID/></RelatedInfo>", "010436040400000001202611220007"},
                   {"<RelatedEBM><EBMID>old-2</EBMID></RelatedEBM>", "old-2"},
                   {"", "010436040400000001202611220007"}};
    for (size_t i = 0; i < sizeof related / sizeof *related; i++) {
        char head[200], bare[2000];
        snprintf(head, sizeof head, "%s<MsgBasicInfo>", related[i].related);
        snprintf(bare, sizeof bare, "%s",
                 with(with(DOCUMENT, "<MsgType>1<", "<MsgType>2<"), CONTENT, "")); /* a cancel has nothing to say */
        struct ebm_package *p = take(with(bare, "<MsgBasicInfo>", head));
        const struct alert_message *m = p->message;
        assert_int_equal(m->msg_type, MSG_CANCEL);
        assert_int_equal(m->n_infos, 0);
        assert_int_equal(m->n_references, 1);
        assert_string_equal(m->references[0].identifier, related[i].identifier);
        bool own = strcmp(related[i].identifier, "010436040400000001202611220007") == 0;
        assert_string_equal(m->identifier, own ? ID : "010436040400000001202611220007"); /* two of one would be a conflict */
        assert_string_equal(m->references[0].sender, m->sender);
        assert_null(m->references[0].sent_text);
        done(p);
    }
    struct ebm_package *p =
        take(with(DOCUMENT, "<MsgBasicInfo>", "<RelatedInfo><EBMID>origin</EBMID></RelatedInfo><MsgBasicInfo>"));
    assert_int_equal(p->message->n_references, 0); /* an alert replaces nothing */
    done(p);
}

static void times(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "2026-11-22",          "2026-11-22T03:20:00", "2026-11-22 03:20:0",   "2026-13-22 03:20:00",
        "2026-02-29 03:20:00", "2026-11-22 24:00:00", "2026-11-22 03:20:00Z", "2026-11-22 03:20:00.5",
        "20261122032000",      "2026-11-22 03:20:61", "2026/11/22 03:20:00",
    };
    static const struct {
        const char *name, *time;
    } elements[] = {
        {"SentTime", "2026-11-22 03:20:00"}, {"StartTime", "2026-11-22 03:20:30"}, {"EndTime", "2026-11-22 04:00:00"}};
    char old[64], new[64], begins[100];
    for (size_t e = 0; e < sizeof elements / sizeof *elements; e++)
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
            snprintf(old, sizeof old, "<%s>%s<", elements[e].name, elements[e].time);
            snprintf(new, sizeof new, "<%s>%s<", elements[e].name, bad[i]);
            snprintf(begins, sizeof begins, "%s: \"%s\" is no date and time", elements[e].name, bad[i]);
            refuse(with(DOCUMENT, old, new), ERROR_INVALID, begins, "write Beijing time");
        }
    struct ebm_package *p = take(
        with(with(DOCUMENT, "<StartTime>2026-11-22 03:20:30", "<StartTime> "), "<EndTime>2026-11-22 04:00:00</EndTime>", ""));
    assert_false(p->message->infos[0].has_effective || p->message->infos[0].has_expires);
    done(p);
    p = take(with(with(DOCUMENT, "<SentTime>", "<SendTime>"), "</SentTime>", "</SendTime>"));
    assert_string_equal(p->message->sent_text, "2026-11-22T03:20:00+08:00");
    done(p);
    refuse(with(DOCUMENT, "<EventType>", "<SendTime>2026-11-22 03:20:01</SendTime><EventType>"), ERROR_INVALID,
           "SentTime: ", "differs");
}

static void languages_and_words(void **state)
{
    (void)state;
    static const struct {
        const char *code, *language;
    } languages[] = {{"zho", "zh-CN"}, {"chi", "zh-CN"}, {"ZHO", "zh-CN"}, {"eng", "en-US"},
                     {"bod", "bod"},   {"", "zh-CN"},    {"uig", "uig"},   {"zh-TW", "zh-TW"}};
    char element[64];
    for (size_t i = 0; i < sizeof languages / sizeof *languages; i++) {
        snprintf(element, sizeof element, "<LanguageCode>%s<", languages[i].code);
        struct ebm_package *p = take(with(DOCUMENT, "<LanguageCode>zho<", element));
        assert_string_equal(p->message->infos[0].language, languages[i].language);
        assert_string_equal(p->attachments[0].language, languages[i].language);
        done(p);
    }
    static const char *const none[] = {"", " \n ", "无"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        snprintf(element, sizeof element, "<MsgDesc>%s<", none[i]);
        struct ebm_package *p = take(with(DOCUMENT, "<MsgDesc>请马上离开河道。<", element));
        assert_null(p->message->infos[0].text);
        assert_int_equal(p->message->infos[0].n_parameters, 0); /* so that the title is spoken */
        assert_string_equal(p->message->infos[0].headline, "水库泄洪");
        done(p);
    }
    struct ebm_package *p = take(with(DOCUMENT, "请马上离开河道。", "无 &amp; <![CDATA[<b>]]>"));
    assert_string_equal(p->message->infos[0].parameters[0].value, "无 & <b>");
    done(p);
}

static void several_contents(void **state)
{
    (void)state;
    struct ebm_package *p = take(
        with(DOCUMENT, "</EBM>",
             "<MsgContent><LanguageCode>eng</LanguageCode><MsgTitle>Release</MsgTitle><MsgDesc>Leave.</"
             "MsgDesc><AreaCode>360499</AreaCode>"
             "<Auxiliary><AuxiliaryType>1</AuxiliaryType><AuxiliaryDesc>audio/EBDR_1.mp3</AuxiliaryDesc><Digest> 0aFF "
             "</Digest></Auxiliary>"
             "<Auxiliary><AuxiliaryType>61</AuxiliaryType><AuxiliaryDesc>rtsp://10.0.0.1/1</AuxiliaryDesc></Auxiliary>"
             "<Auxiliary><AuxiliaryType/><AuxiliaryDesc/><Size/></Auxiliary><ProgramNum>2</ProgramNum></MsgContent></EBM>"));
    const struct alert_message *m = p->message;
    assert_int_equal(m->n_infos, 2);
    assert_string_equal(m->infos[1].language, "en-US");
    assert_string_equal(m->infos[1].event, "11A01");
    assert_int_equal(m->infos[1].severity, SEVERITY_SEVERE);
    assert_true(m->infos[1].has_expires);
    assert_string_equal(m->infos[1].parameters[0].value, "Leave.");
    assert_string_equal(m->infos[1].areas[0].geocodes[0].value, "360499");
    assert_int_equal(m->infos[1].n_resources, 2);
    assert_string_equal(m->infos[1].resources[1].uri, "rtsp://10.0.0.1/1");
    assert_int_equal(m->infos[1].resources[0].data.size, 9);
    assert_int_equal(m->infos[1].resources[1].data.size, 0);
    assert_int_equal(p->n_attachments, 2);
    assert_int_equal(p->attachments[1].info, 1);
    assert_int_equal(p->attachments[1].stated_size, -1);
    assert_int_equal(p->attachments[1].data.size, 9);
    assert_string_equal(p->attachments[1].language, "en-US");
    assert_string_equal(p->attachments[1].digest, "0aFF");
    done(p);
}

static void areas(void **state)
{
    (void)state;
    static const char codes[] = "360499103201,360499103202";
    struct ebm_package *p = take(with(DOCUMENT, codes, " 360499103201 ,\n360499,,bad,000000000000, "));
    const struct alert_area *area = p->message->infos[0].areas;
    assert_int_equal(area->n_geocodes, 4);
    same_pair(area->geocodes[1], ebm_geocode_name, "360499");
    same_pair(area->geocodes[2], ebm_geocode_name, "bad"); /* intake lists it */
    done(p);
    refuse(with(DOCUMENT, codes, "36049910320"), ERROR_INVALID, "AreaCode: \"36049910320\" has no area code", "12 digits");
    refuse(with(DOCUMENT, codes, "000000000000"), ERROR_INVALID, "AreaCode: ", "has no area code");
    p = take(with(DOCUMENT, codes, "360499103201，360499103202、360499103203；360499103204;360499103205|360499103206"));
    assert_int_equal(p->message->infos[0].areas[0].n_geocodes, 6);
    same_pair(p->message->infos[0].areas[0].geocodes[5], ebm_geocode_name, "360499103206");
    done(p);
    refuse(with(DOCUMENT, codes, "360499103201。360499103202"), ERROR_INVALID, "AreaCode: ", "separated by commas");
    refuse(with(DOCUMENT, codes, " , "), ERROR_MISSING, "MsgContent/AreaCode: missing", "");
    refuse(with(DOCUMENT, "<AreaCode>360499103201,360499103202</AreaCode>", ""), ERROR_MISSING, "MsgContent/AreaCode: missing",
           "");
    p = take(with(with(DOCUMENT, codes, ""), "<MsgType>1<", "<MsgType>2<"));
    assert_int_equal(p->message->infos[0].n_areas, 0);
    done(p);
}

static void what_must_be_there(void **state)
{
    (void)state;
    static const struct {
        const char *old, *new, *begins;
    } cases[] = {
        {"<EBDID>" ID "</EBDID>", "", "EBDID: missing"},
        {"<EBDID>" ID "</EBDID>", "<EBDID> </EBDID>", "EBDID: missing"},
        {"<EBDType>EBM</EBDType>", "", "EBDType: missing"},
        {"<EBMID>010436040400000001202611220007</EBMID>", "", "EBMID: missing"},
        {"<MsgType>1</MsgType>", "", "MsgBasicInfo/MsgType: missing"},
        {"<SenderCode>010436040400000001</SenderCode>", "", "MsgBasicInfo/SenderCode: missing"},
        {"<SentTime>2026-11-22 03:20:00</SentTime>", "", "MsgBasicInfo/SentTime: missing"},
        {CONTENT, "", "MsgContent: missing"},
        {BASIC, "", "MsgBasicInfo/SenderCode: missing"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refuse(with(DOCUMENT, cases[i].old, cases[i].new), ERROR_MISSING, cases[i].begins, "");
    struct ebm_package *p = take(
        with(with(DOCUMENT, "<SRC><EBRID>010436040000000001</EBRID></SRC><DEST><EBRID>010436049900000001</EBRID></DEST>", ""),
             "<EventType>11A01</EventType>", "<LinkTypeSel>0</LinkTypeSel>"));
    assert_null(p->source);
    assert_null(p->destination);
    assert_null(p->message->infos[0].event);
    assert_int_equal(p->message->infos[0].n_event_codes, 0);
    done(p);
}

static void what_may_stand_once(void **state)
{
    (void)state;
    static const char *const elements[] = {"EBDID",        "EBDType",  "EBM",       "EBMID",         "MsgBasicInfo", "MsgType",
                                           "SenderCode",   "SentTime", "EventType", "Severity",      "StartTime",    "EndTime",
                                           "LanguageCode", "MsgDesc",  "AreaCode",  "AuxiliaryDesc", "Size"};
    char open[64], twice[64], begins[64];
    for (size_t i = 0; i < sizeof elements / sizeof *elements; i++) {
        snprintf(open, sizeof open, "<%s>", elements[i]);
        snprintf(twice, sizeof twice, "<%s/><%s>", elements[i], elements[i]);
        snprintf(begins, sizeof begins, "%s: given twice", elements[i]);
        refuse(with(DOCUMENT, open, twice), ERROR_INVALID, begins, "");
    }
}

static void identities(void **state)
{
    (void)state;
    char id[EBM_IDENTITY_MAX + 2];
    memset(id, '7', sizeof id);
    id[EBM_IDENTITY_MAX + 1] = '\0';
    refuse(with(DOCUMENT, "010436040400000001202611220007", id), ERROR_TOO_LARGE, "EBMID: 65 bytes", "");
    struct ebm_package *p = take(with(DOCUMENT, "010436040400000001202611220007", id + 1));
    assert_int_equal(strlen(p->message->identifier), EBM_IDENTITY_MAX);
    done(p);
    refuse(with(DOCUMENT, "010436040400000001202611220007", "1,2"), ERROR_INVALID, "EBMID: \"1,2\" has more in it", "");
    refuse(with(DOCUMENT, "<SenderCode>010436040400000001", "<SenderCode>a b"), ERROR_INVALID,
           "MsgBasicInfo/SenderCode: \"a b\" has more", "");
    refuse(with(DOCUMENT, ID, "青溪"), ERROR_INVALID, "EBDID: \"青溪\" has more", "");
    refuse(with(DOCUMENT, "010436040000000001", "../x"), ERROR_INVALID, "SRC/EBRID: ", "has more");
}

static void other_packages(void **state)
{
    (void)state;
    static const char *const kinds[] = {"ConnectionCheck", "EBMStateRequest", "OMDRequest", "EBDResponse", "ebm"};
    char text[200], message[100];
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        snprintf(text, sizeof text, "<EBD><EBDID>" ID "</EBDID><EBDType>%s</EBDType></EBD>", kinds[i]);
        snprintf(message, sizeof message, "not an EBM: EBDType %s", kinds[i]);
        refuse(text, ERROR_UNSUPPORTED, message, "");
    }
    refuse("<alert/>", ERROR_INVALID, "not an EBD: root element is <alert>", "");
    refuse("<EBD><EBDType>EBM</EBDType></EBD>", ERROR_MISSING, "EBM: missing", "");
}

static void documents_that_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *document, *has;
    } bad[] = {
        {"", "there is nothing in it"},
        {"words", "not well-formed XML: syntax error (line 1)"},
        {"<EBD>", "not well-formed XML"},
        {"<EBD>&#x0;</EBD>", "not well-formed XML: reference to invalid character number"},
        {"<!DOCTYPE EBD SYSTEM \"file:///etc/passwd\"><EBD/>", "a document type declaration is refused"},
        {"<!DOCTYPE EBD [<!ENTITY a \"b\">]><EBD>&a;</EBD>", "a document type declaration is refused"},
        {"<EBD>&a;</EBD>", "undefined entity"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        refuse(bad[i].document, ERROR_INVALID, "EBDB_" ID ".xml: ", bad[i].has);
    char deep[2000] = "";
    for (int i = 0; i < 33; i++)
        strcat(deep, "<EBD>");
    refuse(deep, ERROR_TOO_LARGE, "EBDB_", "nested too deeply");
}

static void limits(void **state)
{
    (void)state;
    enum { MANY = 1024 * 1024 };
    static char codes[2 * EBM_AREA_CODES_MAX + 3];
    char *big = malloc(MANY + 100);
    assert_non_null(big);
    memset(big, ' ', MANY);
    memcpy(big, "<EBD>", 5);
    strcpy(big + MANY - 6, "</EBD>");
    refuse(big, ERROR_MISSING, "EBDType: ", ""); /* of the largest size */
    strcpy(big + MANY - 6, "</EBD> ");
    refuse(big, ERROR_TOO_LARGE, "EBDB_", "1048577 bytes; at most 1048576");
    strcpy(big, "<EBD>");
    for (int i = 0; i < 4096; i++)
        strcpy(big + 5 + 4 * i, "<a/>");
    refuse(big, ERROR_TOO_LARGE, "EBDB_", "too many elements");
    free(big);
    char many[TEXT_MAX] = "";
    for (int i = 0; i <= EBM_SHORT_MAX; i++)
        strcat(many, "x");
    refuse(with(DOCUMENT, "11A01", many), ERROR_TOO_LARGE, "MsgBasicInfo/EventType: 513 bytes", "");
    refuse(with(DOCUMENT, "zho", many), ERROR_TOO_LARGE, "LanguageCode: 513 bytes", "");
    refuse(with(DOCUMENT, "青溪镇应急平台", many), ERROR_TOO_LARGE, "MsgBasicInfo/SenderName: 513 bytes", "");
    *many = '\0';
    for (int i = 0; i <= EBM_AREA_CODES_MAX; i++)
        memcpy(codes + 2 * i, "1,", 2);
    refuse(with(DOCUMENT, "360499103201,360499103202", codes), ERROR_TOO_LARGE, "AreaCode: 8193 codes", "");
    for (int i = 0; i < EBM_CONTENTS_MAX; i++)
        strcat(many, "<MsgContent/>");
    refuse(with(DOCUMENT, "<MsgContent>", strcat(many, "<MsgContent>")), ERROR_TOO_LARGE, "MsgContent: 17 of them", "");
    *many = '\0';
    for (int i = 0; i < EBM_ATTACHMENTS_MAX; i++)
        strcat(many, "<Auxiliary/>");
    refuse(with(DOCUMENT, "<Auxiliary>", strcat(many, "<Auxiliary>")), ERROR_TOO_LARGE, "Auxiliary: 33 of them", "");
    for (int i = 0; i <= EBM_FILES_MAX; i++) {
        snprintf(many, sizeof many, "EBDR_%d", i);
        pack_text(&archive, many, "");
    }
    refused(pack_end(&archive), ERROR_TOO_LARGE, "package: more than 64 files", "");
    static char nothing[EBM_PACKAGE_MAX + 1];
    refused((struct slice){nothing, sizeof nothing}, ERROR_TOO_LARGE, "package: 33554433 bytes", "");
}

/* They refuse nothing: the words of the package are spoken without them. */
static void attachments_that_are_wrong(void **state)
{
    (void)state;
    static const char *const SIZES[] = {"<Size>8<", "<Size>10<"};
    for (size_t i = 0; i < 2; i++) {
        struct ebm_package *p = take(with(DOCUMENT, "<Size>9<", SIZES[i]));
        assert_int_equal(p->attachments[0].stated_size, i ? 10 : 8);
        assert_int_equal(p->message->infos[0].resources[0].size, i ? 10 : 8);
        assert_int_equal(p->message->infos[0].resources[0].data.size, 9);
        done(p);
    }
    struct ebm_package *p = take(with(DOCUMENT, "EBDR_1.mp3", "EBDR_2.mp3"));
    assert_int_equal(p->n_attachments, 0);
    assert_int_equal(p->message->infos[0].n_resources, 1);
    assert_int_equal(p->message->infos[0].resources[0].data.size, 0);
    done(p);
    refuse(with(DOCUMENT, "<Size>9<", "<Size>-9<"), ERROR_INVALID, "Size: \"-9\" is no number", "");
    refuse(with(DOCUMENT, "<Size>9<", "<Size>9 kB<"), ERROR_INVALID, "Size: \"9 kB\" is no number", "");
}

static void files_of_the_package(void **state)
{
    (void)state;
    pack_add(&archive, "EBDT_1/", '5', NULL, 0);
    pack_text(&archive, "EBDT_1/EBDR_1.mp3", AUDIO);
    pack_text(&archive, "EBDT_1/EBDB_any.xml", DOCUMENT);
    pack_text(&archive, "EBDT_1/readme.txt", "nobody asked for it");
    struct ebm_package *p = taken(pack_end(&archive));
    assert_int_equal(p->attachments[0].data.size, 9);
    assert_int_equal(p->signature.state, EBM_UNSIGNED);
    done(p);
    pack_text(&archive, "EBDB_1.xml", DOCUMENT);
    pack_text(&archive, "EBDB_2.xml", DOCUMENT);
    refused(pack_end(&archive), ERROR_INVALID, "package: 2 files EBDB_*.xml", "exactly one");
    pack_text(&archive, "EBDR_1.mp3", AUDIO);
    refused(pack_end(&archive), ERROR_MISSING, "package: 0 files EBDB_*.xml", "exactly one");
    pack_text(&archive, "EBDB_1.xml", DOCUMENT);
    pack_text(&archive, "EBDR_1.mp3", AUDIO);
    pack_text(&archive, "other/EBDR_1.mp3", "nothing..");
    refused(pack_end(&archive), ERROR_INVALID, "package: two files are called EBDR_1.mp3", "");
    pack_text(&archive, "EBDB_1.xml", DOCUMENT);
    pack_add(&archive, "EBDR_1.mp3", '2', NULL, 0);
    refused(pack_end(&archive), ERROR_INVALID, "package: entry 2 \"EBDR_1.mp3\": it is a symbolic link", "");
}

static void signature_is_read(void **state)
{
    (void)state;
    struct ebm_package *p = taken(pack_package(DOCUMENT, SIGNATURE));
    const struct ebm_signature *s = &p->signature;
    assert_int_equal(s->state, EBM_SIGNED);
    assert_string_equal(s->certificate_number, "000000000009");
    assert_string_equal(s->issuer, "00000001");
    assert_string_equal(s->time_text, "15e97fe9401");
    assert_string_equal(s->digest_algorithm, "SM3");
    assert_string_equal(s->signature_algorithm, "SM2");
    assert_memory_equal(s->time, "\0\1\2\3", 4);
    assert_memory_equal(s->certificate, "\4\5\6\7\10\11", 6);
    for (int i = 0; i < EBM_SIGNATURE_SIZE; i++)
        assert_int_equal(s->value[i], 10 + i);
    done(p);
    p = taken(
        pack_package(DOCUMENT, with(with(SIGNATURE, "<SignatureCert><CertType>01</CertType>", ""), "</SignatureCert>", "")));
    assert_int_equal(p->signature.state, EBM_SIGNED);
    assert_string_equal(p->signature.certificate_number, "000000000009");
    done(p);
    assert_int_equal((p = take(DOCUMENT))->signature.state, EBM_UNSIGNED);
    done(p);
}

/* 76 bytes with a length in them are the same 74. The value is 0, 1, 2 ... with the length put in by hand. */
static void signature_with_a_length(void **state)
{
    (void)state;
    static const char *const values[] = {
        "AEoAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiMkJSYnKCkqKywtLi8wMTIzNDU2Nzg5Ojs8PT4/QEFCQ0RFRkdISQ==",
        "AAECAwQFBgcICQBACgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiMkJSYnKCkqKywtLi8wMTIzNDU2Nzg5Ojs8PT4/QEFCQ0RFRkdISQ==",
    };
    for (size_t v = 0; v < 2; v++) {
        struct ebm_package *p = taken(pack_package(DOCUMENT, with(SIGNATURE, VALUE, values[v])));
        assert_int_equal(p->signature.state, EBM_SIGNED);
        assert_memory_equal(p->signature.time, "\0\1\2\3", 4);
        assert_memory_equal(p->signature.certificate, "\4\5\6\7\10\11", 6);
        for (int i = 0; i < EBM_SIGNATURE_SIZE; i++)
            assert_int_equal(p->signature.value[i], 10 + i);
        done(p);
    }
    struct ebm_package *p = taken(pack_package(DOCUMENT, with(SIGNATURE, "AAECAwQFBgcICQoL", "AAECAwQFBgcI\n CQoL")));
    assert_int_equal(p->signature.state, EBM_SIGNED); /* lines may be broken */
    done(p);
}

static void signatures_that_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *old, *new, *has;
    } bad[] = {
        {VALUE, "&#x0;&#x0;&#x0;&#x0;", "not well-formed XML: reference to invalid character number"}, /* seen in the wild */
        {VALUE, "", "SignatureValue: missing or empty"},
        {VALUE, "AAECAwQ=", "SignatureValue: 5 bytes; 74 are expected"},
        {VALUE, "AAEC!wQF", "SignatureValue: it is no base64"},
        {VALUE, "AAECAwQ", "SignatureValue: it is no base64"},
        {VALUE, "AAEC=AwQ", "SignatureValue: it is no base64"},
        {VALUE, "AAECA===", "SignatureValue: it is no base64"},
        {"SEk=", "SElKSw==", "SignatureValue: 76 bytes"}, /* no length in it */
        {VALUE, "AAECAwQFBgcICQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
         "the signature is all zeros"},
        {ID, "100104360404000000010000000000000008",
         "RelatedEBD/EBDID: it is for package \"100104360404000000010000000000000008\""},
        {"<RelatedEBD><EBDID>" ID "</EBDID></RelatedEBD>", "", "RelatedEBD/EBDID: it is for package \"\""},
        {"<SignatureValue>", "<SignatureValue/><SignatureValue>", "SignatureValue: given twice"},
        {"<Signature>", "<!DOCTYPE Signature><Signature>", "a document type declaration is refused"},
        {SIGNATURE, "<Signed/>", "root element is <Signed>"},
        {SIGNATURE, "", "there is nothing in it"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct ebm_package *p = taken(pack_package(DOCUMENT, with(SIGNATURE, bad[i].old, bad[i].new)));
        assert_int_equal(p->message->n_infos, 1); /* the message is there all the same */
        if (p->signature.state != EBM_SIGNATURE_REFUSED || !strstr(p->signature.why.message, bad[i].has) ||
            strncmp(p->signature.why.message, "EBDS_EBDB_" ID ".xml: ", strlen("EBDS_EBDB_" ID ".xml: ")) != 0)
            fail_msg("%d \"%s\", not \"%s\"", p->signature.state, p->signature.why.message, bad[i].has);
        done(p);
    }
    pack_text(&archive, "EBDS_EBDB_2.xml", SIGNATURE);
    pack_text(&archive, "EBDS_EBDB_1.xml", SIGNATURE);
    pack_text(&archive, "EBDB_1.xml", DOCUMENT);
    pack_text(&archive, "EBDR_1.mp3", AUDIO);
    struct ebm_package *p = taken(pack_end(&archive));
    assert_int_equal(p->signature.state, EBM_SIGNATURE_REFUSED);
    assert_non_null(strstr(p->signature.why.message, "2 files EBDS_*.xml"));
    done(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_message),
        cmocka_unit_test(whole_package),
        cmocka_unit_test(types),
        cmocka_unit_test(severities),
        cmocka_unit_test(cancels),
        cmocka_unit_test(times),
        cmocka_unit_test(languages_and_words),
        cmocka_unit_test(several_contents),
        cmocka_unit_test(areas),
        cmocka_unit_test(what_must_be_there),
        cmocka_unit_test(what_may_stand_once),
        cmocka_unit_test(identities),
        cmocka_unit_test(other_packages),
        cmocka_unit_test(documents_that_are_refused),
        cmocka_unit_test(limits),
        cmocka_unit_test(attachments_that_are_wrong),
        cmocka_unit_test(files_of_the_package),
        cmocka_unit_test(signature_is_read),
        cmocka_unit_test(signature_with_a_length),
        cmocka_unit_test(signatures_that_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
