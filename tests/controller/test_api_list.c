/* The list of alerts, with the store, the desk and the server played by this test: pages, and each alert once. */
#include "controller/api_intern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What is asked, what the parts around the list have, and what came of it. Alerts are one letter each, newest first. */
static struct {
    const char *limit, *before;
    const char *unstored, *stored; /* of the desk, when it is asked for; of the store, when it answers */
    const char *hidden;            /* on their way in */
    const char *asked_before;
    size_t asked_limit;
    store_result_fn *answer;
    void *answer_context;
    unsigned status;
    char page[64]; /* "abc" or "abc before c" */
    char problem[128];
} at;

const char *http_query(const struct http_request *request, const char *name)
{
    (void)request;
    return strcmp(name, "limit") == 0 ? at.limit : at.before;
}

void http_reply_problem(struct http_request *request, unsigned status, const char *code, const char *format, ...)
{
    (void)request, (void)code;
    va_list more;
    va_start(more, format);
    vsnprintf(at.problem, sizeof at.problem, format, more);
    va_end(more);
    at.status = status;
}

void http_reply_json(struct http_request *request, unsigned status, json_t *body)
{
    (void)request;
    at.status = status;
    size_t i;
    const json_t *alert, *alerts = json_object_get(body, "alerts");
    json_array_foreach(alerts, i, alert)
    {
        strcat(at.page, json_string_value(json_object_get(alert, "id")));
        assert_non_null(json_object_get(alert, "headline"));
        assert_null(json_object_get(alert, "words"));
    }
    const char *before = json_string_value(json_object_get(body, "before"));
    snprintf(at.page + strlen(at.page), 16, "%s%s", before ? " before " : "", before ? before : "");
    json_decref(body);
}

static json_t *an_alert(char id)
{
    return json_pack("{s:s#, s:s, s:[s]}", "id", &id, 1, "headline", "Water", "words", "long");
}

static json_t *some_alerts(const char *ids, size_t limit)
{
    json_t *alerts = json_array();
    for (; *ids && limit > 0; ids++, limit--)
        json_array_append_new(alerts, an_alert(*ids));
    return alerts;
}

json_t *desk_unstored_alerts(const struct desk *desk)
{
    (void)desk;
    return some_alerts(at.unstored, SIZE_MAX);
}

bool desk_accepts(const struct desk *desk, const char *id)
{
    (void)desk;
    return strchr(at.hidden, id[0]) != NULL;
}

json_t *api_alert_of_row(const struct api *api, const json_t *row)
{
    (void)api;
    return json_deep_copy(row);
}

void store_list_alerts(struct store *store, const char *before, size_t limit, store_result_fn *done, void *context)
{
    (void)store;
    at.asked_before = before;
    at.asked_limit = limit;
    at.answer = done;
    at.answer_context = context;
}

static void ask(const char *limit, const char *before)
{
    static struct api api;
    at.limit = limit;
    at.before = before;
    at.page[0] = at.problem[0] = '\0';
    at.answer = NULL;
    api_get_alerts(&api, NULL);
}

/* As the store would. */
static void answer(void)
{
    const struct error none = {0};
    const char *older = at.asked_before ? strstr(at.stored, at.asked_before) : NULL;
    struct error unknown;
    error_set(&unknown, ERROR_NOT_FOUND, "there is no alert %s", at.asked_before ? at.asked_before : "");
    if (at.asked_before && !older)
        at.answer(at.answer_context, NULL, &unknown);
    else
        at.answer(at.answer_context, some_alerts(older ? older + 1 : at.stored, at.asked_limit), &none);
}

static void expect_page(const char *limit, const char *before, const char *page)
{
    ask(limit, before);
    answer();
    assert_string_equal(at.page, page);
    assert_int_equal(at.status, 200);
}

static int set_up(void **state)
{
    (void)state;
    memset(&at, 0, sizeof at);
    at.hidden = at.unstored = "";
    at.stored = "edcba";
    return 0;
}

static void test_pages(void **state)
{
    (void)state;
    expect_page(NULL, NULL, "edcba");
    assert_int_equal(at.asked_limit, 51);
    expect_page("500", NULL, "edcba");
    expect_page("5", NULL, "edcba");
    expect_page("2", NULL, "ed before d");
    expect_page("2", "d", "cb before b");
    expect_page("2", "b", "a");
    expect_page("2", "a", "");
}

/* They stand before the rest and are counted; one that the disk took meanwhile is there once. */
static void test_unstored(void **state)
{
    (void)state;
    at.unstored = "zyx";
    expect_page(NULL, NULL, "zyxedcba");
    expect_page("2", NULL, "zy before y");
    expect_page("2", "y", "xe before e");
    expect_page("3", NULL, "zyx before x");
    expect_page("3", "x", "edc before c");
    expect_page("3", "c", "ba");
    at.stored = "yedcba";
    expect_page(NULL, NULL, "zxyedcba");
}

static void test_on_its_way_in(void **state)
{
    (void)state;
    at.hidden = "e";
    expect_page(NULL, NULL, "dcba");
    expect_page("2", NULL, "d before d");
    expect_page("2", "d", "cb before b");
}

static void test_refusals(void **state)
{
    (void)state;
    static const char *const BAD[] = {"", "0", "501", "-1", "5x", "99999999999999999999"};
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        ask(BAD[i], NULL);
        assert_null(at.answer);
        assert_int_equal(at.status, 422);
        assert_non_null(strstr(at.problem, "from 1 to 500"));
    }
    ask(NULL, "q");
    answer();
    assert_int_equal(at.status, 422);
    assert_string_equal(at.problem, "before: there is no alert q");
    const struct error error = {.code = ERROR_IO, .message = "the disk is broken"};
    ask(NULL, NULL);
    at.answer(at.answer_context, NULL, &error);
    assert_int_equal(at.status, 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_pages, set_up),
        cmocka_unit_test_setup(test_unstored, set_up),
        cmocka_unit_test_setup(test_on_its_way_in, set_up),
        cmocka_unit_test_setup(test_refusals, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
