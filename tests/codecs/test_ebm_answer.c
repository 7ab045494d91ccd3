/* codecs/ebm_answer: what is written is read back by our own tar and xml_tree; and codecs/ebm_request. */
#include "codecs/ebm_answer.h"
#include "codecs/ebm_request.h"
#include "codecs/tar.h"
#include "codecs/xml_tree.h"
#include "tests/codecs/packing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define EBD_ID "109999999999999999990000000000000001"

static const struct ebm_envelope ENVELOPE = {EBD_ID, "010436049900000001", "010436040000000001", "1001", {1795288800123}};
static struct ebm_archive archive;
static struct xml_tree tree;

/* Reads what was written; the tree is of its only file. */
static void open_archive(struct ebm_archive made)
{
    struct tar_reader reader;
    struct tar_entry entry;
    struct error error = {0};
    archive = made;
    assert_non_null(archive.data);
    tar_begin(&reader, (struct slice){archive.data, archive.size});
    assert_int_equal(tar_next(&reader, &entry, &error), TAR_ENTRY);
    assert_string_equal(entry.name, "EBDB_" EBD_ID ".xml");
    struct slice document = entry.data;
    if (tar_next(&reader, &entry, &error) != TAR_END)
        fail_msg("%s", error.message);
    if (!xml_tree_read(document, &tree, &error))
        fail_msg("%s: %.*s", error.message, (int)document.size, document.data);
}

static void close_archive(void)
{
    xml_tree_free(&tree);
    free(archive.data);
}

/* The text at a path; a number in brackets chooses among elements of a name, from 0. */
static const char *at(const char *path)
{
    size_t element = 0;
    while (*path) {
        char name[64];
        size_t n = strcspn(path, "/["), which = 0, found = 0;
        snprintf(name, sizeof name, "%.*s", (int)n, path);
        path += n;
        if (*path == '[') {
            which = (size_t)(path[1] - '0');
            path += 3;
        }
        for (size_t i = 0; i <= which; i++)
            if (!(found = xml_tree_child(&tree, element, name, found)))
                return NULL;
        element = found;
        path += *path == '/';
    }
    return tree.elements[element].text;
}

static void is(const char *path, const char *expected)
{
    const char *text = at(path);
    if (!text || strcmp(text, expected) != 0)
        fail_msg("%s is \"%s\", not \"%s\"", path, text ? text : "(absent)", expected);
}

static void test_response(void **state)
{
    (void)state;
    open_archive(ebm_encode_response(&ENVELOPE, EBM_RESULT_SIGNATURE, "签名验证失败 <&\"'>\n\x01 \xC3(]]>"));
    is("EBDVersion", "1");
    is("EBDID", EBD_ID);
    is("EBDType", "EBDResponse");
    is("SRC/EBRID", "010436049900000001");
    is("DEST/EBRID", "010436040000000001");
    is("EBDTime", "2026-11-22 03:20:00");
    is("RelatedEBD/EBDID", "1001");
    is("EBDResponse/ResultCode", "4");
    is("EBDResponse/ResultDesc", "签名验证失败 <&\"'> ? ?(]]>");
    close_archive();
    const struct ebm_envelope bare = {EBD_ID, "1", NULL, NULL, {1795288800000}};
    open_archive(ebm_encode_response(&bare, EBM_RESULT_TAKEN, ""));
    assert_null(at("DEST"));
    assert_null(at("RelatedEBD"));
    is("EBDResponse/ResultCode", "1");
    close_archive();
}

static const struct ebm_run RUNS[] = {
    {"hall", {1795288801000}, {1795288861000}, "/v1/alerts/1/deliveries", EBM_STATE_SUCCESS, "播发成功"},
    {"boxes", {1795288801000}, {0}, "/v1/alerts/1/deliveries", EBM_STATE_PLAYING, "播发中"},
};
static const struct ebm_record RECORD = {.ebm_id = "010436040400000001202611220007",
                                         .state = EBM_STATE_FAILED,
                                         .description = "播发部分失败",
                                         .area_codes = "360499103201,360499103202",
                                         .n_platforms = 1,
                                         .n_systems = 2,
                                         .meant = 36,
                                         .sounded = 34,
                                         .runs = RUNS,
                                         .n_runs = 2,
                                         .sender = "010436040400000001",
                                         .title = "水库泄洪",
                                         .text = "请马上离开河道。",
                                         .msg_type = 1,
                                         .severity = 2,
                                         .sent = {1795288800000},
                                         .ends = {0}};

static void is_course(const char *in)
{
    static const struct {
        const char *path, *text;
    } ROWS[] = {
        {"BrdStateCode", "4"},
        {"BrdStateDesc", "播发部分失败"},
        {"Coverage/CoverageRate", "0.94"},
        {"Coverage/AreaCode", "360499103201,360499103202"},
        {"Coverage/ResBrdStat", "1,0,2,34"},
        {"ResBrdInfo/ResBrdItem[0]/EBRBS/RptTime", "2026-11-22 03:20:00"},
        {"ResBrdInfo/ResBrdItem[0]/EBRBS/BrdSysInfo", "hall"},
        {"ResBrdInfo/ResBrdItem[0]/EBRBS/StartTime", "2026-11-22 03:20:01"},
        {"ResBrdInfo/ResBrdItem[0]/EBRBS/EndTime", "2026-11-22 03:21:01"},
        {"ResBrdInfo/ResBrdItem[0]/EBRBS/FileURL", "/v1/alerts/1/deliveries"},
        {"ResBrdInfo/ResBrdItem[0]/EBRBS/BrdStateCode", "3"},
        {"ResBrdInfo/ResBrdItem[1]/EBRBS/EndTime", ""},
        {"ResBrdInfo/ResBrdItem[1]/EBRBS/BrdStateDesc", "播发中"},
    };
    char path[160];
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        snprintf(path, sizeof path, "%s/%s", in, ROWS[i].path);
        is(path, ROWS[i].text);
    }
}

static void test_state(void **state)
{
    (void)state;
    open_archive(ebm_encode_state(&ENVELOPE, &RECORD));
    is("EBDType", "EBMStateResponse");
    is("EBMStateResponse/RptTime", "2026-11-22 03:20:00");
    is("EBMStateResponse/EBM/EBMID", "010436040400000001202611220007");
    is_course("EBMStateResponse");
    close_archive();
    struct ebm_record none = {.ebm_id = "1", .description = "", .area_codes = ""};
    open_archive(ebm_encode_state(&ENVELOPE, &none));
    is("EBMStateResponse/Coverage/CoverageRate", "0.00"); /* of no terminal */
    close_archive();
}

static void test_log(void **state)
{
    (void)state;
    const struct ebm_record records[] = {RECORD,
                                         {.ebm_id = "2", .description = "", .area_codes = "", .msg_type = -1, .severity = -1}};
    open_archive(ebm_encode_log(&ENVELOPE, (struct wall){1795288800000}, (struct wall){0}, records, 2));
    is("EBDType", "EBMBrdLog");
    is("EBMBrdLog/Params/RptStartTime", "2026-11-22 03:20:00");
    is("EBMBrdLog/Params/RptEndTime", "");
    is_course("EBMBrdLog/EBMBrdItem[0]");
    is("EBMBrdLog/EBMBrdItem[0]/EBM/MsgBasicInfo/MsgType", "1");
    is("EBMBrdLog/EBMBrdItem[0]/EBM/MsgBasicInfo/SenderCode", "010436040400000001");
    is("EBMBrdLog/EBMBrdItem[0]/EBM/MsgBasicInfo/SentTime", "2026-11-22 03:20:00");
    is("EBMBrdLog/EBMBrdItem[0]/EBM/MsgBasicInfo/Severity", "2");
    is("EBMBrdLog/EBMBrdItem[0]/EBM/MsgContent/MsgTitle", "水库泄洪");
    is("EBMBrdLog/EBMBrdItem[0]/EBM/MsgContent/MsgDesc", "请马上离开河道。");
    is("EBMBrdLog/EBMBrdItem[1]/EBM/EBMID", "2");
    assert_null(at("EBMBrdLog/EBMBrdItem[1]/EBM/MsgBasicInfo/MsgType"));
    assert_null(at("EBMBrdLog/EBMBrdItem[1]/EBM/MsgContent/MsgTitle"));
    close_archive();
}

/* ---- requests ---- */

static struct ebm_request request_of(const char *inside)
{
    struct pack pack = {0};
    char document[2000];
    snprintf(document, sizeof document,
             "<EBD><EBDID>1001</EBDID><SRC><EBRID>01</EBRID></SRC><DEST><EBRID>02</EBRID></DEST>%s</EBD>", inside);
    pack_text(&pack, "x/EBDB_1001.xml", document);
    pack_text(&pack, "EBDS_EBDB_1001.xml", "<Signature/>");
    struct ebm_request request = ebm_request_read(pack_end(&pack));
    pack_free(&pack);
    return request;
}

static void test_requests(void **state)
{
    (void)state;
    struct ebm_request r =
        request_of("<EBDType>EBMStateRequest</EBDType><EBMStateRequest><EBM><EBMID>7</EBMID></EBM></EBMStateRequest>");
    assert_int_equal(r.kind, EBM_REQUEST_STATE);
    assert_string_equal(r.ebm_id, "7");
    assert_string_equal(r.ebd_id, "1001");
    assert_string_equal(r.source, "01");
    assert_string_equal(r.destination, "02");
    r = request_of("<EBDType>EBMStateRequest</EBDType><EBMStateRequest><EBMID>8</EBMID></EBMStateRequest>");
    assert_string_equal(r.ebm_id, "8");
    r = request_of("<EBDType>OMDRequest</EBDType><OMDRequest><OMDType>EBMBrdLog</OMDType><Params><RptStartTime>2026-11-22 "
                   "03:20:00</RptStartTime><RptEndTime>nonsense</RptEndTime></Params></OMDRequest>");
    assert_int_equal(r.kind, EBM_REQUEST_LOG);
    assert_int_equal(r.from.ms, 1795288800000);
    assert_int_equal(r.until.ms, 0);
    r = request_of("<EBDType>OMDRequest</EBDType><OMDRequest><OMDType>EBRDTInfo</OMDType></OMDRequest>");
    assert_int_equal(r.kind, EBM_REQUEST_OTHER);
    assert_string_equal(r.type, "EBRDTInfo");
    assert_int_equal(request_of("<EBDType>ConnectionCheck</EBDType><ConnectionCheck/>").kind, EBM_REQUEST_CHECK);
    assert_int_equal(request_of("<EBDType>EBRASState</EBDType>").kind, EBM_REQUEST_OTHER);
    assert_int_equal(request_of("<EBDType>EBM</EBDType>").kind, EBM_REQUEST_NONE);
    assert_int_equal(request_of("").kind, EBM_REQUEST_NONE);
}

static void test_hostile_requests(void **state)
{
    (void)state;
    struct pack two = {0};
    assert_int_equal(ebm_request_read((struct slice){"", 0}).kind, EBM_REQUEST_NONE);
    assert_int_equal(ebm_request_read(slice_of("no archive")).kind, EBM_REQUEST_NONE);
    pack_text(&two, "EBDB_1.xml", "<EBD><EBDType>ConnectionCheck</EBDType></EBD>");
    pack_text(&two, "EBDB_2.xml", "<EBD><EBDType>ConnectionCheck</EBDType></EBD>");
    assert_int_equal(ebm_request_read(pack_end(&two)).kind, EBM_REQUEST_NONE);
    pack_free(&two);
    struct ebm_request r =
        request_of("<EBDType>EBMStateRequest</EBDType><EBMStateRequest><EBM><EBMID>' OR 1</EBMID></EBM></EBMStateRequest>");
    assert_string_equal(r.ebm_id, "");
    r = request_of("<EBDType>A&#10;B</EBDType>");
    assert_string_equal(r.type, "A B");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_response),
        cmocka_unit_test(test_state),
        cmocka_unit_test(test_log),
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_hostile_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
