/* Gateways that call in, with real lines: the one whose unit is asked over a connection is the line that got it. */
#include "codecs/monotonic.h"
#include "hardware/call_in.h"
#include "hardware/line_pattern.h"
#include "tests/hardware/fake_gateway.h"
#include "tests/hardware/two_profiles.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

enum { LINES = 3, TOLD_MAX = 64 };

struct scene {
    struct profile t8;
    struct line_settings settings[LINES]; /* line i has the unit i + 1 */
    struct line *lines[LINES];
    struct call_in *call_in;
    pthread_mutex_t mutex;
    size_t ups[LINES], downs[LINES], refused[LINES], n_told;
    struct error last_error[LINES];
    struct {
        bool trouble;
        char message[512];
    } told[TOLD_MAX];
};

struct context {
    struct scene *scene;
    size_t line;
};

static struct context contexts[LINES];

static void take_event(void *context, const struct line_event *event)
{
    const struct context *of = context;
    pthread_mutex_lock(&of->scene->mutex);
    of->scene->ups[of->line] += event->kind == LINE_UP;
    of->scene->downs[of->line] += event->kind == LINE_DOWN;
    of->scene->refused[of->line] += event->kind == LINE_CALL_REFUSED;
    if (event->kind == LINE_DOWN || event->kind == LINE_CALL_REFUSED)
        of->scene->last_error[of->line] = event->error;
    pthread_mutex_unlock(&of->scene->mutex);
}

static void take_words(void *context, bool trouble, const char *message)
{
    struct scene *scene = context;
    pthread_mutex_lock(&scene->mutex);
    if (scene->n_told < TOLD_MAX) {
        scene->told[scene->n_told].trouble = trouble;
        text_copy(scene->told[scene->n_told++].message, sizeof scene->told->message, message);
    }
    pthread_mutex_unlock(&scene->mutex);
}

static size_t read_locked(struct scene *scene, const size_t *count)
{
    pthread_mutex_lock(&scene->mutex);
    size_t n = *count;
    pthread_mutex_unlock(&scene->mutex);
    return n;
}

static void await_count(struct scene *scene, const size_t *count, size_t n)
{
    for (int left = patience_ms(); read_locked(scene, count) < n; left--) {
        assert_true(left > 0);
        poll(NULL, 0, 1);
    }
}

static void await_told(struct scene *scene, size_t i, bool trouble, const char *words)
{
    await_count(scene, &scene->n_told, i + 1);
    if (scene->told[i].trouble != trouble || !strstr(scene->told[i].message, words))
        fail_msg("told %zu: %s", i, scene->told[i].message);
}

/* A port that nobody listens on just now. */
static uint16_t free_port(void)
{
    uint16_t port = 0;
    close(gateway_listen("127.0.0.1", &port));
    return port;
}

static int set_up(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);
    uint16_t port = free_port();
    static const char *const registrations[LINES] = {"dtu-A", "dtu-A-long", "hex:01 ?? 02"};
    scene->t8 = profile_t8();
    pthread_mutex_init(&scene->mutex, NULL);
    for (int i = 0; i < LINES; i++) {
        struct line_settings *settings = &scene->settings[i];
        *settings = (struct line_settings){.kind = LINE_RTU_OVER_TCP,
                                           .host = "127.0.0.1",
                                           .port = port,
                                           .calls_in = true,
                                           .baud = 115200,
                                           .parity = 'E',
                                           .stop_bits = 1,
                                           .first_byte_ms = 50,
                                           .poll_s = 1};
        snprintf(settings->id, sizeof settings->id, "l%d", i);
        assert_true(line_pattern_parse(registrations[i], &settings->registration, NULL));
        assert_true(line_pattern_parse("HB", &settings->heartbeat, NULL));
    }
    *state = scene;
    return 0;
}

static void start(struct scene *scene)
{
    struct error error = {0};
    for (size_t i = 0; i < LINES; i++) {
        struct terminal_settings terminal = {.unit = (uint8_t)(i + 1), .profile = &scene->t8};
        snprintf(terminal.id, sizeof terminal.id, "t%zu", i);
        contexts[i] = (struct context){scene, i};
        scene->lines[i] = line_create(&scene->settings[i], &terminal, 1, 0, take_event, &contexts[i], &error);
        assert_non_null(scene->lines[i]);
        assert_true(line_start(scene->lines[i], &error));
    }
    scene->call_in = call_in_start(scene->lines, scene->settings, LINES, take_words, scene, &error);
    assert_non_null(scene->call_in);
}

static int tear_down(void **state)
{
    struct scene *scene = *state;
    call_in_stop(scene->call_in);
    for (int i = 0; i < LINES; i++)
        line_destroy(scene->lines[i], 0);
    pthread_mutex_destroy(&scene->mutex);
    free(scene);
    return 0;
}

/* ---- gateways ---- */

static int new_caller(const char *from)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    int one = 1, caller = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(caller >= 0);
    setsockopt(caller, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    assert_int_equal(inet_pton(AF_INET, from, &address.sin_addr), 1);
    assert_int_equal(bind(caller, (struct sockaddr *)&address, sizeof address), 0);
    return caller;
}

static void connect_to(int caller, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int left = patience_ms(); connect(caller, (struct sockaddr *)&address, sizeof address) != 0; left--) {
        assert_true(errno == ECONNREFUSED && left > 0); /* it has just begun */
        poll(NULL, 0, 1);
    }
}

static int call_from(const char *from, uint16_t port)
{
    int caller = new_caller(from);
    connect_to(caller, port);
    return caller;
}

static int call(uint16_t port)
{
    return call_from("127.0.0.1", port);
}

static void say(int caller, const void *bytes, size_t n)
{
    assert_int_equal(send(caller, bytes, n, MSG_NOSIGNAL), n);
}

static int call_as(uint16_t port, const char *name)
{
    int caller = call(port);
    say(caller, name, strlen(name));
    return caller;
}

/* The unit that is asked over this connection; 0 when it is closed. */
static unsigned asked(int caller)
{
    uint8_t request[8];
    struct pollfd fd = {.fd = caller, .events = POLLIN};
    assert_int_equal(poll(&fd, 1, patience_ms()), 1);
    return recv(caller, request, sizeof request, 0) == sizeof request ? request[0] : 0;
}

static bool is_open(int caller)
{
    uint8_t byte;
    ssize_t n = recv(caller, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return n > 0 || (n < 0 && errno == EAGAIN);
}

/* ---- tests ---- */

static void each_gateway_finds_its_line(void **state)
{
    struct scene *scene = *state;
    scene->settings[2].port = free_port(); /* one of them at a port of its own */
    start(scene);
    await_count(scene, &scene->downs[0], 1);
    assert_non_null(strstr(scene->last_error[0].message, "line l0: its gateway has not called in at 127.0.0.1:"));
    int c = call(scene->settings[2].port);
    say(c, "\x01\x77\x02", 3);
    int b = call_as(scene->settings[1].port, "dtu-A-long");
    int a = call_as(scene->settings[0].port, "dtu-A");
    assert_int_equal(asked(c), 3);
    assert_int_equal(asked(b), 2);
    assert_int_equal(asked(a), 1);
    assert_int_equal(scene->ups[0] + scene->ups[1] + scene->ups[2], 3);
    assert_int_equal(read_locked(scene, &scene->n_told), 0);
    close(a);
    await_count(scene, &scene->downs[0], 2); /* gone, said once, and back */
    assert_non_null(strstr(scene->last_error[0].message, ", called in from 127.0.0.1:"));
    a = call_as(scene->settings[0].port, "dtu-A");
    assert_int_equal(asked(a), 1);
    assert_int_equal(read_locked(scene, &scene->downs[0]), 2);
    close(a), close(b), close(c);
}

static void a_registration_may_come_in_parts_and_with_more_behind_it(void **state)
{
    struct scene *scene = *state;
    start(scene);
    int caller = call(scene->settings[1].port);
    for (const char *c = "dtu-A-long"; *c; c++) {
        say(caller, c, 1);
        poll(NULL, 0, 5);
    }
    struct line_counts counts = {0};
    uint8_t refusal[5] = {2, 0x84, 2}; /* shorter than its name was */
    gateway_frame(LINE_RTU_OVER_TCP, refusal, 3, refusal);
    for (int tries = 0; counts.exceptions == 0; tries++) { /* one that a busy machine answers too late is asked again */
        assert_true(tries < 10);
        assert_int_equal(asked(caller), 2);
        say(caller, refusal, sizeof refusal);
        for (int left = 100; counts.exceptions == 0 && left > 0; left--) {
            line_get_counts(scene->lines[1], &counts);
            poll(NULL, 0, 1);
        }
    }
    int other = call(scene->settings[2].port);
    say(other, "\x01\x09\x02HBHB", 7);
    assert_int_equal(asked(other), 3);
    for (int left = patience_ms(); counts.heartbeats < 2 && left > 0; left--) {
        line_get_counts(scene->lines[2], &counts);
        poll(NULL, 0, 1);
    }
    assert_int_equal(counts.heartbeats, 2);
    assert_int_equal(counts.strays, 0);
    close(caller), close(other);
}

static void strangers_are_refused_and_told_once(void **state)
{
    struct scene *scene = *state;
    start(scene);
    for (int i = 0; i < 3; i++) {
        int stranger = call_as(scene->settings[0].port, "GET / HTTP/1.1\r\n");
        assert_int_equal(asked(stranger), 0);
        close(stranger);
    }
    close(call_as(scene->settings[0].port, "dtu")); /* goes before it has said all */
    await_told(scene, 0, true, "1 with no line's registration, 0 without any, 0 too many at once; the last from 127.0.0.1:");
    assert_non_null(strstr(scene->told[0].message, ", which said 47 45 54 20 2F"));
    int caller = call_as(scene->settings[0].port, "dtu-A");
    assert_int_equal(asked(caller), 1);
    assert_int_equal(read_locked(scene, &scene->n_told), 1); /* the rest within a minute */
    close(caller);
}

static void who_says_nothing_is_given_ten_seconds(void **state)
{
    struct scene *scene = *state;
    start(scene);
    int silent = call(scene->settings[0].port), half = call_as(scene->settings[0].port, "dtu-A-l");
    struct mono began = mono_now();
    assert_int_equal(asked(silent), 0);
    assert_in_range(mono_since(mono_now(), began), 9900000, 30000000);
    assert_int_equal(asked(half), 1); /* as far as it came it was another's */
    await_told(scene, 0, true, "0 with no line's registration, 1 without any");
    close(silent), close(half);
}

static void a_flood_keeps_no_gateway_of_another_address_out(void **state)
{
    struct scene *scene = *state;
    enum { FLOOD = 60, BEFORE = 10 };
    int flood[FLOOD], caller = -1;
    start(scene);
    for (int i = 0; i < FLOOD; i++) {
        if (i == BEFORE)
            caller = call_from("127.0.0.2", scene->settings[0].port);
        flood[i] = call(scene->settings[0].port);
    }
    await_told(scene, 0, true, "too many at once");
    say(caller, "dtu-A", 5); /* only now */
    assert_int_equal(asked(caller), 1);
    int open = 0;
    for (int i = 0; i < FLOOD; i++)
        open += is_open(flood[i]);
    assert_in_range(open, 1, CALL_IN_UNNAMED_MAX);
    for (int i = 0; i < FLOOD; i++)
        close(flood[i]);
    close(caller);
}

static int64_t cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

/* What stands behind urgent data is not seen by looking, but would wake who waits for more of a name. */
static void urgent_data_is_refused(void **state)
{
    struct scene *scene = *state;
    start(scene);
    int caller = call_as(scene->settings[0].port, "dtu");
    int64_t began = cpu_us();
    assert_int_equal(send(caller, "-A", 2, MSG_OOB | MSG_NOSIGNAL), 2);
    assert_int_equal(asked(caller), 0);
    assert_in_range(cpu_us() - began, 0, 1000000); /* of the 10 s in which it may name itself */
    await_told(scene, 0, true, "1 with no line's registration");
    close(caller);
}

/* Without descriptors for callers: the one of the port itself is there again each time that it is opened. */
static void a_port_that_cannot_accept_is_told_once(void **state)
{
    struct scene *scene = *state;
    struct rlimit before, full;
    start(scene);
    close(call(scene->settings[0].port)); /* it listens */
    await_told(scene, 0, true, "1 without any");
    int caller = new_caller("127.0.0.1"), next = dup(caller);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    full = (struct rlimit){.rlim_cur = (rlim_t)next, .rlim_max = before.rlim_max};
    close(next);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &full), 0);
    connect_to(caller, scene->settings[0].port);
    await_told(scene, 1, true, "accept: Too many open files; it is tried again");
    struct mono began = mono_now();
    while (mono_since(mono_now(), began) < 3500000) /* opened twice, both in vain */
        poll(NULL, 0, 50);
    assert_int_equal(read_locked(scene, &scene->n_told), 2);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    await_told(scene, 2, false, "gateways can call in at 127.0.0.1:");
    close(caller);
    caller = call_as(scene->settings[0].port, "dtu-A");
    assert_int_equal(asked(caller), 1);
    close(caller);
}

static void many_ports_do_not_use_up_the_descriptors(void **state)
{
    struct scene *scene = *state;
    enum { PORTS = 64, EACH = 6 };
    static struct line_settings settings[PORTS];
    static struct line *lines[PORTS]; /* nobody comes to them */
    int held[PORTS], callers[PORTS * EACH], open = PORTS * EACH;
    struct error error = {0};
    for (int i = 0; i < PORTS; i++) {
        settings[i] = scene->settings[0];
        settings[i].port = 0;
        held[i] = gateway_listen("127.0.0.1", &settings[i].port); /* until each has one of its own */
    }
    for (int i = 0; i < PORTS; i++)
        close(held[i]);
    scene->call_in = call_in_start(lines, settings, PORTS, take_words, scene, &error);
    assert_non_null(scene->call_in);
    struct mono began = mono_now();
    for (int i = 0; i < PORTS * EACH; i++)
        callers[i] = call(settings[i / EACH].port);
    for (int left = patience_ms(); open > CALL_IN_UNNAMED_ALL; left--) {
        assert_true(left > 0);
        poll(NULL, 0, 1);
        open = 0;
        for (int i = 0; i < PORTS * EACH; i++)
            open += is_open(callers[i]);
    }
    assert_int_equal(open, CALL_IN_UNNAMED_ALL);
    assert_in_range(mono_since(mono_now(), began), 0, CALL_IN_NAME_WITHIN_S * 900000); /* and not since their time was over */
    for (int i = 0; i < PORTS * EACH; i++)
        close(callers[i]);
}

/* Nobody answers over the old one. */
static void a_gateway_that_calls_again_replaces_its_connection(void **state)
{
    struct scene *scene = *state;
    start(scene);
    int old = call_as(scene->settings[0].port, "dtu-A");
    assert_int_equal(asked(old), 1);
    await_count(scene, &scene->ups[0], 1);
    int new = call_as(scene->settings[0].port, "dtu-A");
    assert_int_equal(asked(new), 1);
    while (asked(old) != 0) /* what it was asked before, then the end */
        ;
    assert_int_equal(read_locked(scene, &scene->ups[0]), 2);
    assert_int_equal(read_locked(scene, &scene->downs[0]), 2);
    assert_non_null(strstr(scene->last_error[0].message, "its gateway called in again, from 127.0.0.1:"));
    assert_true(is_open(new));
    close(old), close(new);
}

/* As a unit that refuses whatever it is asked; 0 when the connection is closed. */
static unsigned answer(int caller)
{
    unsigned unit = asked(caller);
    uint8_t refusal[5] = {(uint8_t)unit, 0x84, 2};
    gateway_frame(LINE_RTU_OVER_TCP, refusal, 3, refusal);
    if (unit != 0)
        say(caller, refusal, sizeof refusal);
    return unit;
}

static void while_terminals_answer_who_calls_by_the_same_name_is_refused(void **state)
{
    struct scene *scene = *state;
    start(scene);
    int old = call_as(scene->settings[0].port, "dtu-A");
    assert_int_equal(answer(old), 1);
    int new = call_as(scene->settings[0].port, "dtu-A");
    while (read_locked(scene, &scene->refused[0]) == 0)
        assert_int_equal(answer(old), 1);
    assert_non_null(strstr(scene->last_error[0].message, "line l0: a call from 127.0.0.1:"));
    assert_non_null(strstr(scene->last_error[0].message, " with the registration of its gateway was refused: terminals answer "
                                                         "through the one from 127.0.0.1:"));
    assert_int_equal(asked(new), 0); /* closed, and was asked nothing */
    assert_int_equal(answer(old), 1);
    assert_int_equal(read_locked(scene, &scene->ups[0]), 1);
    close(old), close(new);
}

static void a_port_that_is_taken_is_told_once_and_tried_again(void **state)
{
    struct scene *scene = *state;
    scene->settings[2].port = free_port();
    int taken = gateway_listen("127.0.0.1", &scene->settings[2].port);
    start(scene);
    await_told(scene, 0, true, "no gateway can call in at 127.0.0.1:");
    assert_non_null(strstr(scene->told[0].message, "Address already in use; it is tried again"));
    int a = call_as(scene->settings[0].port, "dtu-A"); /* the others do not suffer */
    assert_int_equal(asked(a), 1);
    struct mono began = mono_now();
    while (mono_since(mono_now(), began) < 1500000) /* a second time in vain, which is not told */
        poll(NULL, 0, 50);
    close(taken);
    await_told(scene, 1, false, "gateways can call in at 127.0.0.1:");
    int c = call(scene->settings[2].port);
    say(c, "\x01\x01\x02", 3);
    assert_int_equal(asked(c), 3);
    close(a), close(c);
}

static void nothing_to_do_is_no_mistake(void **state)
{
    struct scene *scene = *state;
    struct error error = {0};
    scene->call_in = call_in_start(NULL, NULL, 0, take_words, scene, &error);
    assert_non_null(scene->call_in);
    call_in_stop(NULL);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN); /* as every program does */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_gateway_finds_its_line, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_registration_may_come_in_parts_and_with_more_behind_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(strangers_are_refused_and_told_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_says_nothing_is_given_ten_seconds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_flood_keeps_no_gateway_of_another_address_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_ports_do_not_use_up_the_descriptors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(urgent_data_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_port_that_cannot_accept_is_told_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_gateway_that_calls_again_replaces_its_connection, set_up, tear_down),
        cmocka_unit_test_setup_teardown(while_terminals_answer_who_calls_by_the_same_name_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_port_that_is_taken_is_told_once_and_tried_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_to_do_is_no_mistake, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
