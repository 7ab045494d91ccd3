/* The table of lines: rates since the last look, counters that began anew, lines that are down. */
#include "controller/cli_line_watch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEAD "line   state  use %  good/degr/dead/unkn  asked/s  answered/s  silent/s  damaged/s  for what\n"

static json_t *lines_of(const char *text)
{
    json_error_t where;
    json_t *lines = json_loads(text, JSON_REJECT_DUPLICATES, &where);
    if (!lines)
        fail_msg("%s", where.text);
    return lines;
}

static void expect(const char *now, const char *before, double seconds, const char *table)
{
    char *text = NULL;
    size_t size;
    json_t *lines = lines_of(now), *earlier = before ? lines_of(before) : NULL;
    FILE *out = open_memstream(&text, &size);
    assert_true(line_watch_print(lines, earlier, seconds, out));
    fclose(out);
    assert_string_equal(text, table);
    free(text);
    json_decref(lines);
    json_decref(earlier);
}

#define NORTH(requests, replies, polls)                                                                                        \
    "[{\"id\":\"north\",\"up\":true,\"requests\":" requests ",\"replies\":" replies                                            \
    ",\"timeouts\":3,\"damaged\":1,\"classes\":{\"stop\":4,\"verify\":0,\"poll\":" polls                                       \
    "},\"use_percent\":{\"occupied\":{\"10s\":12.34}},\"states\":{\"good\":9,\"degraded\":2,\"dead\":1,\"unknown\":0}}]"

static void rates(void **state)
{
    (void)state;
    expect(NORTH("100", "96", "50"), NULL, 0, HEAD "north  up      12.3              9/2/1/0\n");
    expect(NORTH("110", "105", "58"), NORTH("100", "96", "50"), 2,
           HEAD "north  up      12.3              9/2/1/0      5.0         4.5       0.0        0.0  poll 8\n");
    expect(NORTH("6", "5", "5"), NORTH("100", "96", "50"), 2, /* the daemon began anew */
           HEAD "north  up      12.3              9/2/1/0      3.0         2.5       0.0        0.0  poll 5\n");
}

static void a_line_that_is_down(void **state)
{
    (void)state;
    expect("[{\"id\":\"south\",\"up\":false,\"error\":\"no such port\"}]", NULL, 0,
           HEAD "south  DOWN     0.0              0/0/0/0                                            no such port\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rates), cmocka_unit_test(a_line_that_is_down)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
