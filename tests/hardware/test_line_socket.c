/* A line over the network as its owner sees it: lost once, back once, in whatever way its gateway went; and asleep while only
 * heartbeats come. There is no terminal on it: nothing is asked. */
#include "codecs/monotonic.h"
#include "hardware/line_pattern.h"
#include "tests/hardware/fake_gateway.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct scene {
    struct gateway gateway;
    struct line_settings settings;
    struct line *line;
    pthread_mutex_t mutex;
    size_t ups, downs;
    struct error error; /* of the last LINE_DOWN */
};

static void take_event(void *context, const struct line_event *event)
{
    struct scene *scene = context;
    pthread_mutex_lock(&scene->mutex);
    scene->ups += event->kind == LINE_UP;
    scene->downs += event->kind == LINE_DOWN;
    if (event->kind == LINE_DOWN)
        scene->error = event->error;
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

static int set_up(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);
    pthread_mutex_init(&scene->mutex, NULL);
    gateway_make(&scene->gateway);
    scene->settings = (struct line_settings){.id = "l1",
                                             .kind = LINE_RTU_OVER_TCP,
                                             .host = "127.0.0.1",
                                             .port = scene->gateway.port,
                                             .baud = 9600,
                                             .parity = 'E',
                                             .stop_bits = 1,
                                             .first_byte_ms = 500,
                                             .poll_s = 10};
    assert_true(line_pattern_parse("HB", &scene->settings.heartbeat, NULL));
    *state = scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;
    line_destroy(scene->line, 0);
    gateway_end(&scene->gateway);
    pthread_mutex_destroy(&scene->mutex);
    free(scene);
    return 0;
}

static void start(struct scene *scene)
{
    struct error error = {0};
    scene->line = line_create(&scene->settings, NULL, 0, 0, take_event, scene, &error);
    assert_non_null(scene->line);
    assert_true(line_start(scene->line, &error));
}

static struct line_counts counts_of(struct scene *scene)
{
    struct line_counts counts;
    line_get_counts(scene->line, &counts);
    return counts;
}

static void a_gateway_that_goes_is_told_once_and_comes_back(void **state)
{
    struct scene *scene = *state;
    gateway_does(&scene->gateway, GATEWAY_CLOSES, 0);
    gateway_start(&scene->gateway);
    start(scene);
    await_count(scene, &scene->downs, 1); /* noticed while idle */
    assert_non_null(strstr(scene->error.message, "line l1: 127.0.0.1:"));
    assert_non_null(strstr(scene->error.message, "closed by the other side"));
    await_count(scene, &scene->ups, 2); /* its listener is still there */
    assert_int_equal(read_locked(scene, &scene->downs), 1);
    struct line_counts counts = counts_of(scene);
    assert_int_equal(counts.reopened, 1);
}

static void a_gateway_that_is_not_there_is_told_once_and_found_when_it_comes(void **state)
{
    struct scene *scene = *state;
    close(scene->gateway.listener);
    start(scene);
    await_count(scene, &scene->downs, 1);
    assert_non_null(strstr(scene->error.message, "refused"));
    struct mono began = mono_now();
    while (mono_since(mono_now(), began) < 600000) /* tried again in vain at least once */
        poll(NULL, 0, 20);
    scene->gateway.listener = gateway_listen("127.0.0.1", &scene->gateway.port);
    await_count(scene, &scene->ups, 1);
    assert_int_equal(read_locked(scene, &scene->downs), 1);
}

static int64_t cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void heartbeats_are_counted_while_idle_without_spinning(void **state)
{
    struct scene *scene = *state;
    for (int i = 0; i < 10; i++) {
        gateway_says(&scene->gateway, "HBH", 3); /* every second one is cut */
        gateway_does(&scene->gateway, GATEWAY_WAITS, 50);
        gateway_says(&scene->gateway, "B", 1);
    }
    gateway_start(&scene->gateway);
    start(scene);
    int64_t began = cpu_us();
    for (int left = patience_ms(); counts_of(scene).heartbeats < 20; left--) {
        assert_true(left > 0);
        poll(NULL, 0, 10);
    }
    assert_in_range(cpu_us() - began, 0, 250000); /* of 500 ms at least */
    assert_int_equal(counts_of(scene).strays, 0);
    assert_int_equal(read_locked(scene, &scene->downs), 0);
}

static void a_missing_heartbeat_is_noticed_while_idle(void **state)
{
    struct scene *scene = *state;
    scene->settings.heartbeat_s = 1;
    gateway_start(&scene->gateway);
    int64_t cpu = cpu_us();
    start(scene);
    await_count(scene, &scene->ups, 1);
    struct mono began = mono_now();
    await_count(scene, &scene->downs, 1);
    assert_in_range(mono_since(mono_now(), began), 800000, patience_ms() * 500LL);
    assert_in_range(cpu_us() - cpu, 0, 500000);
    assert_non_null(strstr(scene->error.message, "no heartbeat came for 1 s"));
    await_count(scene, &scene->ups, 2);
}

/* A connection that nobody answers hangs for 3 s; the end of the line does not wait for it. */
static void closing_does_not_wait_for_a_connection(void **state)
{
    struct scene *scene = *state;
    int fillers[8];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(scene->gateway.port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(listen(scene->gateway.listener, 0), 0);
    for (int i = 0; i < 8; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        connect(fillers[i], (struct sockaddr *)&address, sizeof address);
    }
    int64_t best = INT64_MAX;
    for (int i = 0; i < 3; i++) {
        start(scene);
        poll(NULL, 0, 50); /* it is under way */
        struct mono began = mono_now();
        line_destroy(scene->line, 60000);
        scene->line = NULL;
        int64_t took = mono_since(mono_now(), began);
        best = took < best ? took : best;
    }
    assert_in_range(best, 0, 1500000);
    assert_int_equal(scene->ups, 0);
    for (int i = 0; i < 8; i++)
        close(fillers[i]);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN); /* as every program does */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_gateway_that_goes_is_told_once_and_comes_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_gateway_that_is_not_there_is_told_once_and_found_when_it_comes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(heartbeats_are_counted_while_idle_without_spinning, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_missing_heartbeat_is_noticed_while_idle, set_up, tear_down),
        cmocka_unit_test_setup_teardown(closing_does_not_wait_for_a_connection, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
