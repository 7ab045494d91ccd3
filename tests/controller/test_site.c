/* The site over lines that a script plays: what becomes of their events and counters, what is told and how often, who waits for
 * a reading. In virtual time; no thread runs. */
#include "codecs/monotonic.h"
#include "controller/clock.h"
#include "controller/site.h"

#include "tests/controller/site_fixture.h"

#include <uv.h>

enum { LINES = 3, PLACES = 8, ASKS_MAX = 8 };

/* A line as line.h declares it, that does nothing by itself. */
struct line {
    struct line_counts counts;
    struct terminal_health health[PLACES];
    line_event_fn *event;
    void *context;
    struct terminal_settings terminals[PLACES];
    uint32_t asked[ASKS_MAX];
    uint16_t asked_of[ASKS_MAX];
    size_t n_asked, most_asked;
    unsigned withdrawn;
    struct mono hangs_since;
};

static struct scene {
    struct fixture fixture;
    uv_loop_t loop;
    bool came; /* the last event of a line */
    struct site *site;
    struct line lines[LINES + 1];
    size_t n_lines;
    struct mono now;
    char told[4096];
} scene;

static void __attribute__((format(printf, 1, 2))) say(const char *format, ...)
{
    size_t n = strlen(scene.told);
    va_list args;
    va_start(args, format);
    vsnprintf(scene.told + n, sizeof scene.told - n, format, args);
    va_end(args);
}

/* What was told since the last look. */
static void expect(const char *told)
{
    assert_string_equal(scene.told, told);
    scene.told[0] = '\0';
}

/* ---- fakes ---- */

struct moment clock_read(void)
{
    return (struct moment){scene.now, {scene.now.us / 1000}};
}

struct line *line_create(const struct line_settings *settings, const struct terminal_settings *terminals, size_t n,
                         uint16_t recorded_token, line_event_fn *event, void *context, struct error *error)
{
    (void)settings, (void)recorded_token, (void)error;
    struct line *line = &scene.lines[scene.n_lines++];
    *line = (struct line){.event = event, .context = context, .most_asked = 2};
    memcpy(line->terminals, terminals, n * sizeof *terminals);
    return line;
}

bool line_start(struct line *line, struct error *error)
{
    (void)line, (void)error;
    return true;
}

void line_get_counts(struct line *line, struct line_counts *counts)
{
    *counts = line->counts;
}

void line_get_health(struct line *line, uint16_t terminal, struct terminal_health *health)
{
    *health = line->health[terminal];
}

bool line_ask(struct line *line, uint32_t request, uint16_t terminal, uint32_t within_ms)
{
    assert_int_equal(within_ms, SITE_ASK_MS);
    if (line->n_asked == line->most_asked)
        return false;
    line->asked_of[line->n_asked] = terminal;
    line->asked[line->n_asked++] = request;
    return true;
}

void line_withdraw(struct line *line, uint32_t request)
{
    assert_int_equal(request, line->asked[0]);
    line->withdrawn++;
}

void line_give_socket(struct line *line, int socket)
{
    (void)line, (void)socket;
}

struct mono line_hangs_since(struct line *line)
{
    return line->hangs_since;
}

struct line *line_rebuild(struct line *line, struct error *error)
{
    (void)error;
    struct line *other = &scene.lines[scene.n_lines++];
    *other = *line;
    other->hangs_since = (struct mono){0};
    return other;
}

void line_destroy(struct line *line, uint32_t grace_ms)
{
    (void)line, (void)grace_ms;
}

struct playout *playout_create(const struct playout_settings *settings, playout_event_fn *event, void *context,
                               struct error *error)
{
    (void)settings, (void)event, (void)context, (void)error;
    return (struct playout *)&scene;
}

void playout_destroy(struct playout *playout)
{
    (void)playout;
}

/* ---- the script ---- */

static void on_line_event(void *context, uint32_t line, const struct line_event *event)
{
    (void)context, (void)line, (void)event;
    scene.came = true;
}

static void on_terminal_state(void *context, uint32_t terminal, const struct health_verdict *verdict)
{
    (void)context;
    say("%s:%s ", scene.fixture.config.terminals[terminal].hardware.id, health_state_name(verdict->state));
}

static void on_line_states(void *context, uint32_t line, const json_t *states)
{
    (void)context;
    char *text = json_dumps(states, JSON_COMPACT | JSON_SORT_KEYS);
    say("line%u%s ", line, text);
    free(text);
}

/* An event of a line, brought to the loop. */
static void happen(uint32_t line, struct line_event event)
{
    event.at = scene.now;
    event.reading.received = scene.now;
    scene.came = false;
    scene.lines[line].event(scene.lines[line].context, &event);
    while (!scene.came)
        uv_run(&scene.loop, UV_RUN_ONCE);
}

static void is_read(uint32_t line, uint16_t terminal)
{
    happen(line, (struct line_event){.kind = LINE_READING, .terminal = terminal});
}

static void does_not_answer(uint32_t line, uint16_t terminal)
{
    happen(line, (struct line_event){.kind = LINE_TROUBLE, .terminal = terminal, .trouble = TROUBLE_NO_REPLY});
}

static void whole_line(uint32_t line, enum line_event_kind kind)
{
    happen(line, (struct line_event){.kind = kind, .terminal = LINE_TERMINALS_MAX, .error = {.message = "words"}});
}

static void pass(int64_t ms)
{
    for (int64_t i = 0; i < ms; i += 100) {
        scene.now = mono_plus_ms(scene.now, 100);
        site_tick(scene.site, scene.now);
    }
}

/* Up, told so, and its first n terminals read. */
static void come_up(uint32_t line, uint16_t n)
{
    whole_line(line, LINE_UP);
    site_line_told_up(scene.site, line, scene.now);
    for (uint16_t i = 0; i < n; i++)
        is_read(line, i);
    whole_line(line, LINE_SWEPT);
    pass(1100);
}

static int set_up(void **state)
{
    (void)state;
    scene = (struct scene){.now = mono_now()};
    struct config *config = fixture_init(&scene.fixture);
    uint16_t tokens[2] = {0};
    int64_t answers_us[N_TERMINALS] = {[T_MIC] = 70000};
    const struct site_ports ports = {
        .line_event = on_line_event, .terminal_state = on_terminal_state, .line_states = on_line_states};
    for (size_t i = 0; i < LINES; i++) {
        config->lines[i].hardware.baud = 9600;
        config->lines[i].hardware.poll_s = 10;
    }
    struct error error;
    uv_loop_init(&scene.loop);
    scene.site = site_create(config, &(struct site_memory){tokens, answers_us}, &ports, &scene.loop, &error);
    assert_non_null(scene.site);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    site_destroy(scene.site, 0);
    uv_run(&scene.loop, UV_RUN_DEFAULT);
    uv_loop_close(&scene.loop);
    return 0;
}

/* ---- tests ---- */

#define ALL_GOOD "line0{\"out\":\"good\",\"out2\":\"good\",\"sick\":\"good\"} "

static void test_a_line_that_came_up_tells_of_all_its_terminals(void **state)
{
    (void)state;
    whole_line(0, LINE_UP);
    site_line_told_up(scene.site, 0, scene.now);
    is_read(0, 0);
    does_not_answer(0, 1);
    pass(1100);
    expect(""); /* not swept yet */
    is_read(0, 2);
    whole_line(0, LINE_SWEPT);
    pass(1100);
    expect("line0{\"out\":\"good\",\"out2\":\"dead\",\"sick\":\"good\"} ");
    pass(5000);
    expect("");
    does_not_answer(0, 0);
    expect("out:dead ");
    does_not_answer(0, 0);
    is_read(0, 0);
    is_read(0, 0);
    expect("out:good ");
    is_read(0, 1);
    expect("out2:good ");
}

static void test_a_line_full_of_dead_ones_is_not_waited_for(void **state)
{
    (void)state;
    whole_line(0, LINE_UP);
    site_line_told_up(scene.site, 0, scene.now);
    does_not_answer(0, 0);
    pass(29000);
    expect("");
    pass(2100);
    expect("line0{\"out\":\"dead\",\"out2\":\"unknown\",\"sick\":\"unknown\"} ");
    is_read(0, 0);
    expect("out:good ");
}

static void test_a_line_that_goes_down_says_nothing_of_its_terminals(void **state)
{
    (void)state;
    struct terminal_view view;
    come_up(0, 3);
    expect(ALL_GOOD);
    whole_line(0, LINE_DOWN);
    pass(200000);
    expect("");
    site_view_terminal(scene.site, T_OUT, scene.now, &view);
    assert_string_equal(view.verdict.why, "line down");
    come_up(0, 3);
    expect(ALL_GOOD);
}

static void test_who_is_not_read_is_told_of(void **state)
{
    (void)state;
    come_up(0, 3);
    expect(ALL_GOOD);
    for (int i = 0; i < 11; i++) {
        pass(10000);
        is_read(0, 0);
        is_read(0, 1);
    }
    expect("sick:unknown ");
    is_read(0, 2);
    expect("sick:good ");
}

static void test_a_line_as_it_is(void **state)
{
    (void)state;
    struct line_view view;
    site_view_line(scene.site, 0, scene.now, &view);
    assert_int_equal(view.since.us, 0);
    struct mono up = scene.now;
    come_up(0, 2);
    does_not_answer(0, 1);
    for (int i = 0; i < 20; i++) {
        scene.lines[0].counts.occupied_us += 250000;
        pass(1000);
    }
    site_view_line(scene.site, 0, scene.now, &view);
    assert_int_equal(view.since.us, up.us);
    assert_int_equal(view.states[HEALTH_GOOD], 1);
    assert_int_equal(view.states[HEALTH_DEAD], 1);
    assert_int_equal(view.states[HEALTH_UNKNOWN], 1);
    assert_true(view.use[USE_10_S].occupied > 24.9 && view.use[USE_10_S].occupied < 25.1);
    json_t *json = site_line_json(scene.site, 0), *worst = json_object_get(json, "worst");
    assert_int_equal(json_array_size(worst), 2);
    assert_string_equal(json_string_value(json_object_get(json_array_get(worst, 0), "id")), "out2");
    json_decref(json);
}

static void test_what_was_learnt_is_given_to_the_line(void **state)
{
    (void)state;
    assert_int_equal(scene.lines[1].terminals[0].answer_us, 70000);
    assert_int_equal(scene.lines[0].terminals[0].answer_us, 0);
    scene.lines[1].health[0].answer_us = 50000;
    pass(1100);
    assert_int_equal(site_answer_us(scene.site, T_MIC), 50000);
}

static void test_gateways_have_an_address(void **state)
{
    (void)state;
    struct line_settings *line = &scene.fixture.lines[1].hardware;
    *line = (struct line_settings){.id = "g", .kind = LINE_RTU_OVER_TCP, .host = "fd00::7", .port = 502, .calls_in = true};
    json_t *json = site_line_json(scene.site, 1);
    assert_string_equal(json_string_value(json_object_get(json, "kind")), "rtu_over_tcp");
    assert_string_equal(json_string_value(json_object_get(json, "device")), "[fd00::7]:502");
    assert_true(json_is_true(json_object_get(json, "calls_in")));
    assert_int_equal(json_integer_value(json_object_get(json, "baud")), 0);
    json_decref(json);
}

static void test_what_a_terminal_has_counted(void **state)
{
    (void)state;
    come_up(0, 1);
    scene.lines[0].health[1] = (struct terminal_health){.answered = scene.now,
                                                        .answer_us = 12500,
                                                        .requests = 9,
                                                        .exceptions = 2,
                                                        .last_exception = 2,
                                                        .foreign = 1,
                                                        .foreign_unit = 7};
    pass(1100);
    json_t *json = site_terminal_json(scene.site, T_OUT_2), *counts = json_object_get(json, "counts");
    assert_true(json_real_value(json_object_get(json, "answer_ms")) == 12.5);
    assert_string_equal(json_string_value(json_object_get(json, "last_exception")), "illegal_data_address");
    assert_int_equal(json_integer_value(json_object_get(json, "foreign_unit")), 7);
    assert_int_equal(json_integer_value(json_object_get(counts, "requests")), 9);
    assert_non_null(json_object_get(json, "last_seen")); /* it answered, though it was never read */
    assert_null(json_object_get(json, "values"));
    json_decref(json);
}

/* ---- asking ---- */

static void on_answer(void *context, const struct error *error)
{
    say("%s:%s ", (const char *)context, error->code == ERROR_NONE ? "read" : error->message);
}

static bool ask(uint32_t terminal, char *name, struct error *error)
{
    return site_ask(scene.site, terminal, on_answer, name, error);
}

static void answered(uint32_t line, size_t nth, const char *trouble)
{
    struct line_event event = {
        .kind = LINE_ASKED, .terminal = scene.lines[line].asked_of[nth], .request = scene.lines[line].asked[nth]};
    if (trouble)
        error_set(&event.error, ERROR_TIMEOUT, "%s", trouble);
    happen(line, event);
}

static char a[] = "a", b[] = "b";

static void test_a_terminal_is_asked(void **state)
{
    (void)state;
    struct error error = {0};
    come_up(0, 3);
    expect(ALL_GOOD);
    assert_true(ask(T_SICK, a, &error));
    assert_true(ask(T_OUT, b, &error));
    assert_int_equal(scene.lines[0].asked_of[0], 2); /* its place on the line */
    assert_int_equal(scene.lines[0].asked_of[1], 0);
    assert_false(ask(T_OUT, a, &error));
    assert_int_equal(error.code, ERROR_CONFLICT);
    answered(0, 1, NULL);
    expect("b:read ");
    answered(0, 0, "no answer");
    answered(0, 0, "no answer"); /* once is enough */
    expect("a:no answer ");
}

static void test_a_line_that_is_down_is_not_asked(void **state)
{
    (void)state;
    struct error error = {0};
    whole_line(0, LINE_DOWN);
    assert_false(ask(T_OUT, a, &error));
    assert_int_equal(error.code, ERROR_DISCONNECTED);
    assert_string_equal(error.message, "line line0 is down: words");
}

static void test_a_line_that_says_nothing(void **state)
{
    (void)state;
    struct error error = {0};
    come_up(0, 3);
    expect(ALL_GOOD);
    assert_true(ask(T_OUT, a, &error));
    pass(SITE_ASK_MS - 200);
    expect("");
    pass(2 * SITE_ASK_MS);
    expect("a:the line does not get to it ");
    assert_int_equal(scene.lines[0].withdrawn, 1);
}

static void test_the_end_answers_everybody(void **state)
{
    struct error error = {0};
    come_up(0, 3);
    expect(ALL_GOOD);
    assert_true(ask(T_OUT, a, &error));
    assert_true(ask(T_OUT_2, b, &error));
    tear_down(state);
    assert_int_equal(strlen(scene.told), strlen("a:the daemon is stopping b:the daemon is stopping "));
    set_up(state);
}

/* As after everything stood still: a single tick that comes so much later. */
static void stand_still(int64_t ms)
{
    scene.now = mono_plus_ms(scene.now, ms);
    site_tick(scene.site, scene.now);
}

static void test_a_line_that_hangs_is_built_anew(void **state)
{
    (void)state;
    come_up(0, 3);
    struct line *before = site_lines(scene.site)[0], *other = site_lines(scene.site)[1];
    scene.lines[0].hangs_since = scene.now;
    pass(1100);
    assert_ptr_equal(site_lines(scene.site)[0], before); /* one look is not enough */
    pass(1000);
    assert_ptr_not_equal(site_lines(scene.site)[0], before);
    assert_ptr_equal(site_lines(scene.site)[1], other);
    assert_int_equal(scene.n_lines, LINES + 1);
    pass(3000); /* once */
    assert_int_equal(scene.n_lines, LINES + 1);
}

/* Stopped in a transaction: that looks like hanging until the line's thread runs again, which is soon. */
static void test_a_line_that_was_only_stopped_is_left_alone(void **state)
{
    (void)state;
    come_up(0, 3);
    scene.lines[0].hangs_since = scene.now;
    stand_still(8000); /* late */
    pass(1000);        /* on time, and the first */
    scene.lines[0].hangs_since = (struct mono){0};
    pass(5000);
    assert_int_equal(scene.n_lines, LINES);
}

static void test_looks_that_come_too_late_prove_nothing(void **state)
{
    (void)state;
    come_up(0, 3);
    scene.lines[0].hangs_since = scene.now;
    for (int i = 0; i < 10; i++)
        stand_still(2000);
    pass(1000);
    stand_still(2000);
    pass(1000);
    assert_int_equal(scene.n_lines, LINES);
    pass(1000);
    assert_int_equal(scene.n_lines, LINES + 1);
}

static void test_a_line_that_goes_on_does_not_hang(void **state)
{
    (void)state;
    come_up(0, 3);
    for (int i = 0; i < 10; i++) { /* starved, but it comes to something */
        scene.lines[0].hangs_since = scene.now;
        pass(1000);
    }
    assert_int_equal(scene.n_lines, LINES);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_line_that_came_up_tells_of_all_its_terminals),
        TEST(test_a_line_full_of_dead_ones_is_not_waited_for),
        TEST(test_a_line_that_goes_down_says_nothing_of_its_terminals),
        TEST(test_who_is_not_read_is_told_of),
        TEST(test_a_line_as_it_is),
        TEST(test_what_was_learnt_is_given_to_the_line),
        TEST(test_gateways_have_an_address),
        TEST(test_what_a_terminal_has_counted),
        TEST(test_a_terminal_is_asked),
        TEST(test_a_line_that_is_down_is_not_asked),
        TEST(test_a_line_that_says_nothing),
        TEST(test_a_line_that_hangs_is_built_anew),
        TEST(test_a_line_that_was_only_stopped_is_left_alone),
        TEST(test_looks_that_come_too_late_prove_nothing),
        TEST(test_a_line_that_goes_on_does_not_hang),
        TEST(test_the_end_answers_everybody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
