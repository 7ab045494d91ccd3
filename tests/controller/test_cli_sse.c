/* The event stream parser: cut anywhere, all line ends, all fields, bounds. */
#include "controller/cli_sse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct seen {
    char text[4096];
    size_t size; /* of the last event's data */
};

static void take(void *context, const struct sse_event *event)
{
    struct seen *seen = context;
    size_t used = strlen(seen->text);
    seen->size = strlen(event->data);
    snprintf(seen->text + used, sizeof seen->text - used, "[%s|%s|%.100s]", event->id, event->type, event->data);
}

/* Feeds text in pieces of the given size and compares what came of it. */
static void expect_in_pieces(const char *text, size_t piece, const char *wanted)
{
    struct seen seen = {0};
    struct sse *sse = sse_create(take, &seen);
    size_t size = strlen(text);
    for (size_t at = 0; at < size; at += piece)
        assert_true(sse_feed(sse, (struct slice){text + at, size - at < piece ? size - at : piece}));
    assert_string_equal(seen.text, wanted);
    sse_free(sse);
}

static void expect(const char *text, const char *wanted)
{
    for (size_t piece = 1; piece <= strlen(text); piece++)
        expect_in_pieces(text, piece, wanted);
}

static void test_one_event(void **state)
{
    (void)state;
    expect("id: e:7\nevent: delivery\ndata: {\"a\":1}\n\n", "[e:7|delivery|{\"a\":1}]");
    expect("data: x\n\n", "[|message|x]");
}

static void test_line_ends(void **state)
{
    (void)state;
    expect("id: 1\r\nevent: alert\r\ndata: x\r\n\r\n", "[1|alert|x]");
    expect("id: 1\revent: alert\rdata: x\r\r", "[1|alert|x]");
    expect("data: a\r\n\ndata: b\n\r\n", "[|message|a][|message|b]");
}

static void test_data_of_many_lines(void **state)
{
    (void)state;
    expect("data: a\ndata:\ndata: b\n\n", "[|message|a\n\nb]");
    expect("data:a\ndata:  b\n\n", "[|message|a\n b]");
}

static void test_what_is_no_event(void **state)
{
    (void)state;
    expect(": heartbeat\n\n:\n\n", "");
    expect("event: alert\n\ndata: x\n\n", "[|message|x]"); /* a type without data is forgotten */
    expect("data: unfinished\n", "");
    expect("nonsense\nretry: 5\ndata: x\n\n", "[|message|x]");
    expect("data\n\n", "[|message|]");
}

static void test_id_stays(void **state)
{
    (void)state;
    expect("id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n", "[1|message|a][1|message|b][|message|c]");
    expect("\xEF\xBB\xBFid: 1\ndata: a\n\n", "[1|message|a]");
}

static void test_id_with_nul_is_ignored(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct sse *sse = sse_create(take, &seen);
    assert_true(sse_feed(sse, (struct slice){"id: 1\nid: 2\0x\ndata: a\n\n", 23}));
    assert_string_equal(seen.text, "[1|message|a]");
    sse_free(sse);
}

static void test_restart_drops_the_unfinished(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct sse *sse = sse_create(take, &seen);
    assert_string_equal(sse_last_id(sse), "");
    assert_true(sse_feed(sse, slice_of("id: 9\ndata: a\n\nevent: old\ndata: half\nda")));
    sse_restart(sse);
    assert_string_equal(sse_last_id(sse), "9");
    assert_true(sse_feed(sse, slice_of("data: new\n\n")));
    assert_string_equal(seen.text, "[9|message|a][9|message|new]");
    sse_free(sse);
    sse_free(NULL);
}

static void test_bounds(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct sse *sse = sse_create(take, &seen);
    char *big = malloc(SSE_EVENT_MAX + 1);
    memset(big, 'x', SSE_EVENT_MAX + 1);
    assert_true(sse_feed(sse, slice_of("data:")));
    assert_true(sse_feed(sse, (struct slice){big, SSE_EVENT_MAX - 5}));
    assert_true(sse_feed(sse, slice_of("\n\n"))); /* the largest that may be: it comes whole */
    assert_int_equal(seen.size, SSE_EVENT_MAX - 5);
    assert_false(sse_feed(sse, (struct slice){big, SSE_EVENT_MAX + 1}));
    sse_restart(sse);
    assert_true(sse_feed(sse, slice_of("data:")));
    assert_true(sse_feed(sse, (struct slice){big, SSE_EVENT_MAX - 5}));
    assert_false(sse_feed(sse, slice_of("\ndata: 123456\n"))); /* each line fits, both together do not */
    free(big);
    sse_free(sse);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_event),
        cmocka_unit_test(test_line_ends),
        cmocka_unit_test(test_data_of_many_lines),
        cmocka_unit_test(test_what_is_no_event),
        cmocka_unit_test(test_id_stays),
        cmocka_unit_test(test_id_with_nul_is_ignored),
        cmocka_unit_test(test_restart_drops_the_unfinished),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
