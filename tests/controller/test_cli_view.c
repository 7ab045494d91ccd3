/* Pictures and lines of a running alert. */
#include "controller/cli_table.h"
#include "controller/cli_view.h"

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

static struct view make_view(int heard, int failed, int pending)
{
    struct view view = {.alert = parse("{\"id\":\"A\",\"state\":\"sounding\",\"level\":\"red\",\"hazard_zh\":\"放水\"}"),
                        .deliveries = json_object(),
                        .programmes = parse("{\"main\":{\"channel\":\"main\",\"segment\":\"words\",\"language\":\"zh-CN\","
                                            "\"repetition\":2,\"repetitions\":3}}")};
    for (int i = 0; i < heard + failed + pending; i++) {
        char id[16];
        snprintf(id, sizeof id, "t%02d", i);
        json_t *delivery = json_pack("{s:s, s:s, s:s, s:s, s:f}", "terminal", id, "name", "龙塘村一组", "rung",
                                     i < heard ? "heard" : "sent", "highest", "heard", "level", -12.5);
        if (i < heard)
            json_object_set_new(delivery, "end", json_string("heard"));
        else if (i < heard + failed)
            json_object_set_new(delivery, "end", json_string("failed"));
        json_object_set_new(view.deliveries, id, delivery);
    }
    return view;
}

static char *draw(struct view *view, struct view_size size, size_t *lines)
{
    char *text = NULL;
    size_t n;
    FILE *out = open_memstream(&text, &n);
    *lines = view_draw(view, &size, out);
    fclose(out);
    json_decref(view->alert);
    json_decref(view->deliveries);
    json_decref(view->programmes);
    return text;
}

static size_t count(const char *text, const char *part)
{
    size_t n = 0;
    for (; (text = strstr(text, part)); text++)
        n++;
    return n;
}

static void test_all_fit(void **state)
{
    (void)state;
    size_t lines;
    struct view view = make_view(2, 1, 1);
    char *text = draw(&view, (struct view_size){100, 24, false}, &lines);
    assert_int_equal(lines, 8);
    assert_non_null(strstr(text, "\nheard: 2 of 4 terminals\n"));
    assert_int_equal(count(text, "\n"), lines);
    assert_non_null(strstr(text, "2/4 heard, 1 pending, 1 failed"));
    assert_non_null(strstr(text, "[####################xxxxxxxxxx..........]"));
    assert_non_null(strstr(text, "channel main: words zh-CN, repetition 2 of 3"));
    assert_non_null(strstr(text, "  t00          龙塘村一组           heard                      -12.5 dB"));
    assert_null(strchr(text, '\033'));
    free(text);
}

static void test_more_than_the_screen(void **state)
{
    (void)state;
    size_t lines;
    struct view view = make_view(30, 2, 4);
    snprintf(view.alarm, sizeof view.alarm, "line east: down");
    char *text = draw(&view, (struct view_size){60, 16, false}, &lines);
    assert_true(lines < 16);
    assert_int_equal(count(text, "\n"), lines);
    assert_int_equal(count(text, "failed"), 3); /* both of them, and the bar */
    assert_int_equal(count(text, " sent"), 4);
    assert_non_null(strstr(text, "! line east: down"));
    assert_non_null(strstr(text, "... and 27 more"));
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        assert_true(text_width(line) <= 60);
    free(text);
}

static void test_colours(void **state)
{
    (void)state;
    size_t lines;
    struct view view = make_view(1, 1, 0);
    char *text = draw(&view, (struct view_size){80, 24, true}, &lines);
    assert_int_equal(count(text, "\033[31m"), 1);
    assert_int_equal(count(text, "\033[32m"), 1);
    assert_int_equal(count(text, "\033[0m"), 3);
    free(text);
}

static void expect_line(const char *type, const char *data, const char *before, const char *wanted)
{
    char *text = NULL;
    size_t n;
    FILE *out = open_memstream(&text, &n);
    json_t *now = parse(data), *then = before ? parse(before) : NULL;
    view_line("03:20:01", type, now, then, out);
    fclose(out);
    json_decref(now);
    json_decref(then);
    assert_string_equal(text, wanted);
    free(text);
}

static void test_lines(void **state)
{
    (void)state;
    static const char armed[] = "{\"terminal\":\"t1\",\"name\":\"一组\",\"rung\":\"armed\"}";
    static const char silent[] = "{\"terminal\":\"t1\",\"name\":\"一组\",\"rung\":\"sounding\",\"end\":\"failed\","
                                 "\"reason\":\"silent\",\"level\":-55.04}";
    expect_line("delivery", armed, NULL, "03:20:01  t1  一组  armed\n");
    expect_line("delivery", armed, armed, "");
    expect_line("delivery", silent, armed, "03:20:01  t1  一组  failed(silent)  -55.0 dB\n");
    expect_line("delivery", "{\"terminal\":\"t1\",\"rung\":\"none\"}", NULL, "");
    expect_line("alert", "{\"id\":\"A\",\"state\":\"sounding\"}", NULL, "03:20:01  alert A: sounding\n");
    expect_line("alert", "{\"id\":\"A\",\"state\":\"sounding\"}", "{\"state\":\"sounding\"}", "");
    expect_line("alert", "{\"id\":\"A\",\"state\":\"stopped\",\"reason\":\"by root\"}", "{\"state\":\"sounding\"}",
                "03:20:01  alert A: stopped: by root\n");
    expect_line("programme", "{\"channel\":\"main\",\"segment\":\"tone\",\"repetition\":1,\"repetitions\":3}", NULL,
                "03:20:01  channel main: tone, repetition 1 of 3\n");
    expect_line("alarm", "{\"what\":\"line_down\",\"detail\":\"east\\u001b[2J\"}", NULL,
                "03:20:01  ALARM line_down: east?[2J\n");
    expect_line("terminal", "{\"id\":\"t1\"}", NULL, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_fit),
        cmocka_unit_test(test_more_than_the_screen),
        cmocka_unit_test(test_colours),
        cmocka_unit_test(test_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
