/* What an EBM answer says of an alert: its state from the proofs, its counts, its times. */
#include "controller/ebm_report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct ebm_report report;
static json_t *alert, *deliveries;

static void fill(const char *state, const char *rows)
{
    json_decref(alert);
    json_decref(deliveries);
    alert = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:{}, s:[{s:s}, {s:s}], s:[{s:s}]}", "id",
                      "20261122T032000Z-0001", "identifier", "7", "sender", "01", "status", "Actual", "msg_type", "Alert",
                      "severity", "Severe", "sent", "2026-11-22T03:20:00+08:00", "state", state, "repetitions", "places",
                      "code", "360499103201", "code", "360499103202", "words", "text", "请离开");
    deliveries = json_loads(rows, 0, NULL);
    assert_non_null(alert);
    assert_non_null(deliveries);
    ebm_report_fill(&report, alert, deliveries);
}

#define ROW(rung, end, final) "{\"channel\":\"main\",\"rung\":\"" rung "\",\"end\":\"" end "\",\"final\":" final "}"
#define HEARD ROW("heard", "heard", "true")
#define SILENT ROW("sounding", "failed", "true") /* it says that it sounds */
#define COMMANDED ROW("acknowledged", "sounded", "true")
#define EXCLUDED ROW("none", "excluded", "true")

static void test_states(void **state)
{
    (void)state;
    static const struct {
        const char *state, *rows;
        enum ebm_state expected;
        unsigned meant, sounded;
        const char *says;
    } ROWS[] = {
        {"queued", "[]", EBM_STATE_WAITING, 0, 0, "等待播发"},
        {"waiting", "[]", EBM_STATE_WAITING, 0, 0, "等待播发"},
        {"sounding", "[" ROW("heard", "", "false") "," ROW("armed", "", "false") "]", EBM_STATE_PLAYING, 2, 1,
         "应响终端2个，已响1个"},
        {"returning", "[" HEARD "]", EBM_STATE_PLAYING, 1, 1, "正在播发"},
        {"finished", "[" HEARD "," ROW("sounding", "sounded", "true") "," EXCLUDED "]", EBM_STATE_SUCCESS, 2, 2,
         "2个终端全部响应"},
        {"expired", "[" HEARD "]", EBM_STATE_SUCCESS, 1, 1, "播发成功"},
        {"finished", "[" HEARD "," SILENT "]", EBM_STATE_FAILED, 2, 1, "部分播发失败：应响终端2个，实响1个"},
        {"finished", "[" HEARD "," COMMANDED "]", EBM_STATE_FAILED, 2, 1, "部分播发失败"},
        {"finished", "[" SILENT "]", EBM_STATE_FAILED, 1, 0, "播发失败：应响终端1个，无一响应"},
        {"finished", "[" EXCLUDED "]", EBM_STATE_FAILED, 0, 0, "播发失败"},
        {"refused", "[]", EBM_STATE_FAILED, 0, 0, "播发失败"},
        {"cancelled", "[" ROW("heard", "cancelled", "true") "]", EBM_STATE_CANCELLED, 1, 1, "已响1个"},
        {"stopped", "[]", EBM_STATE_CANCELLED, 0, 0, "播发取消"},
        {"cleared", "[]", EBM_STATE_CANCELLED, 0, 0, "播发取消"},
        {"superseded", "[]", EBM_STATE_CANCELLED, 0, 0, "播发取消"},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        fill(ROWS[i].state, ROWS[i].rows);
        const struct ebm_record *record = &report.record;
        if (record->state != ROWS[i].expected || !strstr(record->description, ROWS[i].says))
            fail_msg("row %zu: %d \"%s\"", i, record->state, record->description);
        assert_int_equal(record->meant, ROWS[i].meant);
        assert_int_equal(record->sounded, ROWS[i].sounded);
    }
    json_object_del(alert, "repetitions"); /* a drill of the platform, or a cancel */
    json_object_set_new(alert, "state", json_string("finished"));
    ebm_report_fill(&report, alert, deliveries);
    assert_int_equal(report.record.state, EBM_STATE_UNPROCESSED);
}

static void test_message_and_runs(void **state)
{
    (void)state;
    fill("finished", "[{\"channel\":\"a\",\"rung\":\"heard\",\"end\":\"heard\",\"final\":true,"
                     "\"times\":{\"started\":\"2026-11-22T03:20:02+08:00\",\"ended\":\"2026-11-22T03:21:00+08:00\"}},"
                     "{\"channel\":\"a\",\"rung\":\"heard\",\"end\":\"heard\",\"final\":true,"
                     "\"times\":{\"started\":\"2026-11-22T03:20:01+08:00\",\"ended\":\"2026-11-22T03:20:59+08:00\"}},"
                     "{\"channel\":\"b\",\"rung\":\"armed\",\"end\":\"\",\"final\":false,"
                     "\"times\":{\"started\":\"2026-11-22T03:20:03+08:00\"}}]");
    const struct ebm_record *record = &report.record;
    assert_string_equal(record->ebm_id, "7");
    assert_string_equal(record->area_codes, "360499103201,360499103202");
    assert_int_equal(record->msg_type, 1);
    assert_int_equal(record->severity, 2);
    assert_int_equal(record->sent.ms, 1795288800000);
    assert_string_equal(record->text, "请离开");
    assert_null(record->title);
    assert_int_equal(record->n_runs, 2);
    assert_string_equal(record->runs[0].system, "a");
    assert_int_equal(record->runs[0].start.ms, 1795288801000);
    assert_int_equal(record->runs[0].end.ms, 1795288860000);
    assert_int_equal(record->runs[0].state, EBM_STATE_SUCCESS);
    assert_string_equal(record->runs[0].url, "/v1/alerts/20261122T032000Z-0001/deliveries");
    assert_int_equal(record->runs[1].state, EBM_STATE_PLAYING);
    assert_int_equal(record->runs[1].end.ms, 0); /* not over */
}

/* More places than there is room for: whole codes only. */
static void test_many_places(void **state)
{
    (void)state;
    fill("finished", "[]");
    for (int i = 0; i < 1000; i++)
        json_array_append_new(json_object_get(alert, "places"), json_pack("{s:s}", "code", "360499103203"));
    ebm_report_fill(&report, alert, deliveries);
    size_t n = strlen(report.area_codes);
    assert_true(n > 4000 && n < EBM_REPORT_CODES_SIZE && (n + 1) % 13 == 0);
}

static int end(void **state)
{
    (void)state;
    json_decref(alert);
    json_decref(deliveries);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_message_and_runs),
        cmocka_unit_test(test_many_places),
    };
    return cmocka_run_group_tests(tests, NULL, end);
}
