/* Event streams: what a listener is told, and in which order, with the store, the desk and the server played by this test. */
#include "controller/api_intern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MANY = 100 };

/* What the parts around it were told, and what they answer. */
static struct {
    struct api api;
    const char *last_event_id;
    bool no_stream;
    void (*closed)(void *context), (*drained)(void *context);
    void *context;
    size_t waiting; /* bytes after each event */
    char sent[4096];
    json_t *data; /* of the last event */
    char asked[64];
    store_result_fn *answer;
    void *answer_context;
    unsigned problem;
} at;

static char stream; /* its address stands for it */

const char *http_header(const struct http_request *request, const char *name)
{
    (void)request;
    return strcmp(name, "Last-Event-ID") == 0 ? at.last_event_id : NULL;
}

void http_reply_problem(struct http_request *request, unsigned status, const char *code, const char *format, ...)
{
    (void)request, (void)code, (void)format;
    at.problem = status;
}

struct http_stream *http_reply_stream(struct http_request *request, void (*closed)(void *context), void *context)
{
    (void)request;
    at.closed = closed;
    at.context = context;
    return at.no_stream ? NULL : (struct http_stream *)(void *)&stream;
}

void http_stream_set_drained(struct http_stream *of, void (*drained)(void *context))
{
    (void)of;
    at.drained = drained;
}

size_t http_stream_waiting(const struct http_stream *of)
{
    (void)of;
    return at.waiting;
}

void http_stream_send(struct http_stream *of, const char *id, const char *type, const json_t *data)
{
    assert_ptr_equal(of, &stream);
    size_t used = strlen(at.sent);
    snprintf(at.sent + used, sizeof at.sent - used, "[%s %s]", id, type);
    json_decref(at.data);
    at.data = json_deep_copy(data);
    at.waiting += 10000;
}

void store_list_events(struct store *store, const char *after, size_t limit, store_result_fn *done, void *context)
{
    (void)store;
    assert_int_equal(limit, MANY);
    assert_null(at.answer); /* one question at a time */
    text_copy(at.asked, sizeof at.asked, after);
    at.answer = done;
    at.answer_context = context;
}

json_t *desk_live_alerts(const struct desk *desk)
{
    (void)desk;
    return json_pack("[{s:s}]", "id", "A");
}

struct site *desk_site(const struct desk *desk)
{
    (void)desk;
    return NULL;
}

json_t *site_terminals_json(const struct site *site)
{
    (void)site;
    return json_pack("[{s:s}]", "id", "T");
}

json_t *site_lines_json(const struct site *site)
{
    (void)site;
    return json_pack("[{s:s}]", "id", "L");
}

static int set_up(void **state)
{
    (void)state;
    memset(&at, 0, sizeof at);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    if (at.closed && !at.no_stream)
        at.closed(at.context);
    assert_null(at.api.listeners);
    json_decref(at.data);
    return 0;
}

static void listen_from(const char *last)
{
    at.last_event_id = last;
    api_get_events(&at.api, NULL);
}

/* The store's answer to the question that is open. */
static void answer(bool reset, int first, int n, const char *last)
{
    store_result_fn *done = at.answer;
    json_t *events = json_array();
    for (int i = first; i < first + n; i++)
        json_array_append_new(events, json_pack("{s:o, s:s, s:{}}", "id", json_sprintf("e:%d", i), "type", "line", "data"));
    at.answer = NULL;
    struct error none = {0};
    done(at.answer_context, json_pack("{s:b, s:o, s:s}", "reset", (int)reset, "events", events, "last", last), &none);
}

static void taken(void)
{
    at.waiting = 0;
    at.drained(at.context);
}

static void tell(const char *id)
{
    api_tell(&at.api, id, "alert", NULL);
}

static void expect_sent(const char *text)
{
    assert_string_equal(at.sent, text);
    at.sent[0] = '\0';
}

static void test_only_what_is_new(void **state)
{
    (void)state;
    listen_from(NULL);
    taken();
    assert_null(at.answer);
    tell("e:7");
    expect_sent("[e:7 alert]");
}

static void test_the_past_first(void **state)
{
    (void)state;
    listen_from("e:3");
    assert_string_equal(at.asked, "e:3");
    tell("e:5"); /* it will be in the answer */
    taken();     /* nothing twice */
    answer(false, 4, 2, "e:5");
    expect_sent("[e:4 line][e:5 line]");
    tell("e:6");
    expect_sent("[e:6 alert]");
    taken();
    assert_null(at.answer);
}

static void test_a_long_past_in_parts(void **state)
{
    (void)state;
    listen_from("e:0");
    answer(false, 1, MANY, "e:100");
    expect_sent("[e:1 line][e:2 line][e:3 line][e:4 line][e:5 line][e:6 line][e:7 line][e:8 line][e:9 line][e:10 line]"
                "[e:11 line][e:12 line][e:13 line][e:14 line]"); /* as much as may wait */
    tell("e:101");
    expect_sent("");
    assert_null(at.answer);
    taken();
    assert_string_equal(at.asked, "e:14");
    answer(false, 15, 2, "e:101");
    expect_sent("[e:15 line][e:16 line]");
    assert_string_equal(at.asked, "e:16"); /* 101 has been told to others: the store had looked before it was there */
    answer(false, 101, 1, "e:101");
    expect_sent("[e:101 line]");
    tell("e:102");
    expect_sent("[e:102 alert]");
}

static void test_reset_and_a_snapshot(void **state)
{
    (void)state;
    listen_from("other:3");
    answer(true, 0, 0, "e:9");
    expect_sent("[e:9 reset]");
    json_t *wanted =
        json_loads("{\"alerts\":[{\"id\":\"A\"}],\"terminals\":[{\"id\":\"T\"}],\"lines\":[{\"id\":\"L\"}]}", 0, NULL);
    assert_true(json_equal(at.data, wanted));
    json_decref(wanted);
    tell("e:10"); /* not on top of what is large: it comes when that is taken */
    expect_sent("");
    assert_null(at.answer);
    taken();
    assert_string_equal(at.asked, "e:9");
    answer(false, 10, 1, "e:10");
    tell("e:11");
    expect_sent("[e:10 line][e:11 alert]");
}

static void test_the_store_fails(void **state)
{
    (void)state;
    listen_from("e:3");
    store_result_fn *done = at.answer;
    struct error error = {.code = ERROR_IO};
    at.answer = NULL;
    done(at.answer_context, NULL, &error);
    expect_sent("[0:0 reset]");
    tell("e:4"); /* at least what is new */
    expect_sent("[e:4 alert]");
    taken();
    assert_null(at.answer);
}

static void test_gone_while_the_store_is_asked(void **state)
{
    (void)state;
    listen_from("e:3");
    at.closed(at.context);
    at.closed = NULL;
    tell("e:4");
    answer(true, 0, 0, "e:4");
    expect_sent("");
}

static void test_no_stream(void **state)
{
    (void)state;
    at.no_stream = true;
    listen_from("e:3");
    assert_null(at.answer);
    tell("e:4");
    expect_sent("");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_only_what_is_new, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_past_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_long_past_in_parts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_reset_and_a_snapshot, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_store_fails, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_gone_while_the_store_is_asked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_stream, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
