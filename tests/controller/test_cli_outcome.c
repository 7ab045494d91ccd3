/* The exit status table, the labels, and an explanation for every reason that there is. */
#include "controller/cli_outcome.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static json_t *parse(const char *text)
{
    json_error_t where;
    json_t *json = json_loads(text, 0, &where);
    if (!json)
        fail_msg("%s: %s", text, where.text);
    return json;
}

static void expect_exit(enum cli_exit wanted, const char *alert_text, const char *deliveries_text)
{
    json_t *alert = parse(alert_text), *deliveries = parse(deliveries_text);
    assert_int_equal(outcome_exit(alert, deliveries), wanted);
    json_decref(alert);
    json_decref(deliveries);
}

#define HEARD "{\"rung\":\"heard\",\"highest\":\"heard\",\"end\":\"heard\"}"
#define NO_LEVEL "{\"rung\":\"sounding\",\"highest\":\"sounding\",\"end\":\"sounded\",\"reason\":\"no_level\"}"
#define NOT_SAMPLED "{\"rung\":\"sounding\",\"highest\":\"heard\",\"end\":\"sounded\",\"reason\":\"not_sampled\"}"
#define FAILED "{\"rung\":\"sent\",\"highest\":\"heard\",\"end\":\"failed\",\"reason\":\"no_reply\"}"
#define EXCLUDED "{\"rung\":\"none\",\"highest\":\"heard\",\"end\":\"excluded\",\"reason\":\"maintenance\"}"
#define PENDING "{\"rung\":\"armed\",\"highest\":\"heard\"}"
#define NOT_STOPPED "{\"rung\":\"heard\",\"highest\":\"heard\",\"end\":\"failed\",\"reason\":\"not_stopped\"}"
#define ALERT "{\"state\":\"finished\",\"terminals\":2}"

static void test_exit(void **state)
{
    (void)state;
    expect_exit(CLI_REACHED, ALERT, "[" HEARD "," HEARD "]");
    expect_exit(CLI_REACHED, ALERT, "[" HEARD "," NO_LEVEL "]"); /* it cannot show more */
    expect_exit(CLI_REACHED, ALERT, "[" HEARD "," EXCLUDED "]");
    expect_exit(CLI_NOT_REACHED, ALERT, "[" NOT_STOPPED "]"); /* heard, but it did not end well */
    expect_exit(CLI_NOT_REACHED, ALERT, "[" HEARD "," NOT_SAMPLED "]");
    expect_exit(CLI_NOT_REACHED, ALERT, "[" HEARD "," FAILED "]");
    expect_exit(CLI_NOT_REACHED, ALERT, "[" HEARD "," PENDING "]");
    expect_exit(CLI_NOT_REACHED, ALERT, "[" EXCLUDED "]"); /* nothing was proved */
    expect_exit(CLI_NOT_REACHED, ALERT, "[]");
    expect_exit(CLI_NOT_REACHED, ALERT, "[{}]");
    expect_exit(CLI_REACHED, "{\"state\":\"finished\",\"terminals\":0}", "[]"); /* a cancel: it means nobody itself */
    expect_exit(CLI_REFUSED, "{\"state\":\"refused\",\"terminals\":0}", "[]");
}

static void test_final_states(void **state)
{
    (void)state;
    const char *const final[] = {"returning", "finished", "stopped",    "cleared",
                                 "cancelled", "expired",  "superseded", "refused"};
    const char *const open[] = {"queued", "waiting", "preparing", "sounding", ""};
    for (size_t i = 0; i < sizeof final / sizeof *final; i++)
        assert_true(outcome_is_final(final[i]));
    for (size_t i = 0; i < sizeof open / sizeof *open; i++)
        assert_false(outcome_is_final(open[i]));
}

static void expect_label(const char *text, const char *wanted)
{
    char label[96];
    json_t *delivery = parse(text);
    outcome_label(delivery, label, sizeof label);
    assert_string_equal(label, wanted);
    json_decref(delivery);
}

static void test_labels(void **state)
{
    (void)state;
    expect_label(HEARD, "heard");
    expect_label(PENDING, "armed");
    expect_label(FAILED, "failed(no_reply)");
    expect_label("{\"end\":\"failed\",\"reason\":\"exception(illegal_data_address)\"}",
                 "failed(exception(illegal_data_address))");
    expect_label("{}", "");
}

static void test_every_reason_is_explained(void **state)
{
    (void)state;
    const char *const reasons[] = {"no_reply",        "exception(illegal_data_address)",
                                   "not_armed",       "not_sounding",
                                   "silent",          "stopped_early",
                                   "rebooted",        "busy_other",
                                   "line_down",       "no_audio",
                                   "no_message",      "not_stopped",
                                   "controller_lost", "no_level",
                                   "not_sampled",     "maintenance"};
    char words[OUTCOME_TEXT], all[16][OUTCOME_TEXT];
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        json_t *delivery =
            json_pack("{s:s, s:s, s:s, s:s}", "end", "failed", "reason", reasons[i], "rung", "sent", "highest", "heard");
        outcome_explain(delivery, words, sizeof words);
        json_decref(delivery);
        assert_true(strlen(words) > 20);
        assert_null(strstr(words, "does not know"));
        strcpy(all[i], words);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(all[k], words); /* each has its own */
    }
}

static void expect_explained(const char *text, const char *part)
{
    char words[OUTCOME_TEXT];
    json_t *delivery = parse(text);
    outcome_explain(delivery, words, sizeof words);
    if (!strstr(words, part) || (!*part && *words))
        fail_msg("'%s' is not in '%s'", part, words);
    json_decref(delivery);
}

static void test_explanations(void **state)
{
    (void)state;
    expect_explained(HEARD, "");
    expect_explained(PENDING, "");
    expect_explained("{\"end\":\"cancelled\",\"rung\":\"armed\",\"highest\":\"heard\"}", "cancelled or stopped");
    expect_explained("{\"end\":\"cancelled\",\"rung\":\"heard\",\"highest\":\"heard\"}", "");
    expect_explained("{\"end\":\"expired\",\"rung\":\"none\",\"highest\":\"heard\"}", "expired before");
    expect_explained("{\"end\":\"failed\",\"reason\":\"moonlight\"}", "'moonlight', which this program does not know");
    expect_explained("{\"end\":\"failed\",\"reason\":\"silent\"}", "did not come up to the threshold: check loudspeaker");
    expect_explained("{\"end\":\"failed\",\"reason\":\"silent\",\"level\":-55.04,\"baseline\":-56,\"threshold\":-30}",
                     "its level (-55.0 dB) did not come up to the threshold of -30.0 dB, +1.0 dB against its own silence");
    expect_explained("{\"end\":\"failed\",\"reason\":\"silent\",\"level_kind\":\"microphone\"}", "measuring microphone");
}

static void test_counts(void **state)
{
    (void)state;
    json_t *list = parse("[" HEARD "," NO_LEVEL "," NOT_SAMPLED "," FAILED "," EXCLUDED "," PENDING "," NOT_STOPPED "]");
    struct outcome_counts counts = outcome_count(list);
    json_decref(list);
    assert_int_equal(counts.total, 6);
    assert_int_equal(counts.reached, 2);
    assert_int_equal(counts.failed, 2);
    assert_int_equal(counts.pending, 1);
    assert_int_equal(counts.excluded, 1);
}

static void test_seconds(void **state)
{
    (void)state;
    json_t *alert = parse("{\"received\":\"2026-11-22T03:20:00.000+08:00\"}");
    json_t *delivery = parse("{\"times\":{\"heard\":\"2026-11-21T19:20:12.250Z\",\"armed\":\"soon\"}}");
    double seconds = 0;
    assert_true(outcome_seconds(alert, delivery, "heard", &seconds));
    assert_true(seconds > 12.2499 && seconds < 12.2501);
    assert_false(outcome_seconds(alert, delivery, "armed", &seconds));
    assert_false(outcome_seconds(alert, delivery, "started", &seconds));
    assert_false(outcome_seconds(delivery, delivery, "heard", &seconds));
    json_decref(alert);
    json_decref(delivery);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exit),         cmocka_unit_test(test_final_states),
        cmocka_unit_test(test_labels),       cmocka_unit_test(test_every_reason_is_explained),
        cmocka_unit_test(test_explanations), cmocka_unit_test(test_counts),
        cmocka_unit_test(test_seconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
