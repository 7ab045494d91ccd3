/* The line's thread on a real pty with units in another thread: opening, driving, losing the port and getting it back,
 * closing in time. What it decides is tested in test_line_drive.c. */
#include "codecs/monotonic.h"
#include "hardware/line.h"
#include "tests/hardware/fake_units.h"
#include "tests/hardware/two_profiles.h"
#include "tests/patience.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

enum { EVENTS_MAX = 4000 };

/* In place of the C library's: a driver that hangs while hanging is set. */
static pthread_mutex_t driver = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t driver_changed = PTHREAD_COND_INITIALIZER;
static bool hanging, hangs; /* shall; does */

int tcdrain(int descriptor)
{
    (void)descriptor;
    pthread_mutex_lock(&driver);
    while (hanging) {
        hangs = true;
        pthread_cond_broadcast(&driver_changed);
        pthread_cond_wait(&driver_changed, &driver);
    }
    hangs = false;
    pthread_cond_broadcast(&driver_changed);
    pthread_mutex_unlock(&driver);
    return 0;
}

static void set_hanging(bool on)
{
    pthread_mutex_lock(&driver);
    hanging = on;
    pthread_cond_broadcast(&driver_changed);
    pthread_mutex_unlock(&driver);
}

struct pty {
    int master, stop;
    pthread_t thread;
    bool open;
};

struct scene {
    char folder[32], device[64], real[64]; /* device is a link to real */
    struct pty pty;
    struct profile t8;
    struct fake_unit units[3];
    pthread_mutex_t mutex; /* units, events */
    pthread_cond_t changed;
    struct line_event events[EVENTS_MAX];
    size_t n_events;
    struct line *line;
};

static unsigned crc_of(const uint8_t *bytes, size_t n)
{
    unsigned crc = 0xFFFF;
    for (size_t i = 0; i < n; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xA001 : crc >> 1;
    }
    return crc;
}

static void answer(struct scene *scene, const uint8_t *request, size_t size)
{
    uint8_t reply[260];
    size_t n = 0;
    if (size < 4 || crc_of(request, size) != 0)
        return;
    pthread_mutex_lock(&scene->mutex);
    for (int i = 0; i < 3; i++) {
        uint8_t own[260];
        size_t got = fake_unit_obey(&scene->units[i], request, own, mono_now().us);
        if (got > 0)
            memcpy(reply, own, n = got);
    }
    pthread_cond_broadcast(&scene->changed);
    pthread_mutex_unlock(&scene->mutex);
    if (n == 0)
        return;
    unsigned crc = crc_of(reply, n);
    reply[n] = (uint8_t)crc;
    reply[n + 1] = (uint8_t)(crc >> 8);
    assert_int_equal(write(scene->pty.master, reply, n + 2), n + 2);
}

static void *run_units(void *context)
{
    struct scene *scene = context;
    struct pollfd fds[2] = {{.fd = scene->pty.master, .events = POLLIN}, {.fd = scene->pty.stop, .events = POLLIN}};
    uint8_t request[260];
    size_t size = 0;
    for (;;) {
        int n = poll(fds, 2, size > 0 ? 1 : -1);
        if (fds[1].revents)
            return NULL;
        if (n == 0) {
            answer(scene, request, size);
            size = 0;
        } else if (fds[0].revents & POLLIN) {
            ssize_t got = read(scene->pty.master, request + size, sizeof request - size);
            size += got > 0 ? (size_t)got : 0;
        } else if (fds[0].revents & POLLHUP) { /* nobody has the other end open */
            struct pollfd stop = {.fd = scene->pty.stop, .events = POLLIN};
            poll(&stop, 1, 2);
        }
    }
}

static void plug(struct scene *scene)
{
    struct pty *pty = &scene->pty;
    char *name = scene->real;
    pty->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    pty->stop = eventfd(0, EFD_CLOEXEC);
    assert_true(pty->master >= 0 && pty->stop >= 0);
    assert_int_equal(grantpt(pty->master) | unlockpt(pty->master), 0);
    assert_int_equal(ptsname_r(pty->master, name, sizeof scene->real), 0);
    unlink(scene->device);
    assert_int_equal(symlink(name, scene->device), 0);
    assert_int_equal(pthread_create(&pty->thread, NULL, run_units, scene), 0);
    pty->open = true;
}

static void unplug(struct scene *scene)
{
    uint64_t one = 1;
    if (!scene->pty.open)
        return;
    assert_int_equal(write(scene->pty.stop, &one, sizeof one), sizeof one);
    pthread_join(scene->pty.thread, NULL);
    unlink(scene->device);
    close(scene->pty.master);
    close(scene->pty.stop);
    scene->pty.open = false;
}

static void take_event(void *context, const struct line_event *event)
{
    struct scene *scene = context;
    pthread_mutex_lock(&scene->mutex);
    if (scene->n_events < EVENTS_MAX)
        scene->events[scene->n_events++] = *event;
    pthread_cond_broadcast(&scene->changed);
    pthread_mutex_unlock(&scene->mutex);
}

typedef size_t count_fn(const struct scene *scene, int argument);

static size_t count_locked(const struct scene *scene, int kind)
{
    size_t n = 0;
    for (size_t i = 0; i < scene->n_events; i++)
        n += (int)scene->events[i].kind == kind;
    return n;
}

/* Terminals that read as sounding at last, since the port was opened. */
static size_t count_sounding(const struct scene *scene, int unused)
{
    (void)unused;
    bool sounding[3] = {false};
    for (size_t i = 0; i < scene->n_events; i++)
        if (scene->events[i].kind == LINE_UP)
            memset(sounding, 0, sizeof sounding);
        else if (scene->events[i].kind == LINE_READING)
            sounding[scene->events[i].terminal] = scene->events[i].reading.when[WHEN_SOUNDING] == TRUTH_TRUE;
    return (size_t)sounding[0] + sounding[1] + sounding[2];
}

static size_t count(struct scene *scene, enum line_event_kind kind)
{
    pthread_mutex_lock(&scene->mutex);
    size_t n = count_locked(scene, (int)kind);
    pthread_mutex_unlock(&scene->mutex);
    return n;
}

/* Waits until so many are counted. */
static void await_count(struct scene *scene, count_fn *counted, int argument, size_t n)
{
    struct timespec limit;
    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += patience_ms() / 1000;
    int code = 0;
    pthread_mutex_lock(&scene->mutex);
    while (counted(scene, argument) < n && code == 0)
        code = pthread_cond_timedwait(&scene->changed, &scene->mutex, &limit);
    size_t there = counted(scene, argument);
    pthread_mutex_unlock(&scene->mutex);
    if (there < n)
        fail_msg("event %d: %zu of %zu came", argument, there, n);
}

static void await(struct scene *scene, enum line_event_kind kind, size_t n)
{
    await_count(scene, count_locked, (int)kind, n);
}

/* The time of the n-th event of this kind, which is there. */
static struct mono event_at(struct scene *scene, enum line_event_kind kind, size_t n)
{
    struct mono at = {0};
    pthread_mutex_lock(&scene->mutex);
    for (size_t i = 0; i < scene->n_events && n > 0; i++)
        if (scene->events[i].kind == kind && --n == 0)
            at = scene->events[i].at;
    pthread_mutex_unlock(&scene->mutex);
    return at;
}

static struct line_settings settings_of(const struct scene *scene)
{
    struct line_settings settings = {.id = "l1",
                                     .baud = 115200,
                                     .parity = 'E',
                                     .stop_bits = 1,
                                     .turnaround_ms = 20,
                                     .first_byte_ms = 5000, /* the units' thread may be late */
                                     .poll_s = 1,
                                     .arm_wait_ms = 1000};
    text_copy(settings.device, sizeof settings.device, scene->device);
    return settings;
}

static void make_line(struct scene *scene, const struct line_settings *settings)
{
    struct terminal_settings terminals[3] = {0};
    for (int i = 0; i < 3; i++) {
        snprintf(terminals[i].id, sizeof terminals[i].id, "t%d", i);
        terminals[i].unit = (uint8_t)(i + 1);
        terminals[i].profile = &scene->t8;
    }
    struct error error = {0};
    scene->line = line_create(settings, terminals, 3, 0, take_event, scene, &error);
    assert_non_null(scene->line);
    assert_true(line_start(scene->line, &error));
}

static int set_up(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);
    strcpy(scene->folder, "/tmp/tocsin-line-XXXXXX");
    if (!mkdtemp(scene->folder))
        return -1;
    snprintf(scene->device, sizeof scene->device, "%s/tty", scene->folder);
    scene->t8 = profile_t8();
    for (int i = 0; i < 3; i++)
        scene->units[i].address = (uint8_t)(i + 1);
    pthread_mutex_init(&scene->mutex, NULL);
    pthread_cond_init(&scene->changed, NULL);
    *state = scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;
    line_destroy(scene->line, 0);
    unplug(scene);
    rmdir(scene->folder);
    pthread_mutex_destroy(&scene->mutex);
    pthread_cond_destroy(&scene->changed);
    free(scene);
    return 0;
}

static void target(struct scene *scene, uint16_t token, uint16_t n)
{
    struct line_target target = {.session = n ? 4 : 0, .token = token, .n_members = n};
    const uint16_t order[] = {0, 1, 2};
    for (uint16_t i = 0; i < n; i++)
        target.members[i] = (struct line_member){.terminal = i, .volume_percent = 60};
    line_set_target(scene->line, &target);
    line_set_verify(scene->line, order, n);
}

static size_t sounding(struct scene *scene)
{
    size_t n = 0;
    pthread_mutex_lock(&scene->mutex);
    for (int i = 0; i < 3; i++)
        n += scene->units[i].state == 2;
    pthread_mutex_unlock(&scene->mutex);
    return n;
}

static uint64_t sum_of_classes(const struct line_counts *counts)
{
    uint64_t sum = 0;
    for (int class = 0; class < TERMINAL_CLASSES; class ++)
        sum += counts->class_requests[class];
    return sum;
}

static void a_line_lives_from_opening_to_silence(void **state)
{
    struct scene *scene = *state;
    plug(scene);
    struct line_settings settings = settings_of(scene);
    make_line(scene, &settings);
    await(scene, LINE_SWEPT, 1);
    assert_int_equal(scene->events[0].kind, LINE_UP);
    assert_non_null(strstr(scene->events[0].error.message, "pty"));
    target(scene, 9, 3);
    await(scene, LINE_STARTED, 3);
    await(scene, LINE_ARMED, 3);
    await(scene, LINE_STARTS_SENT, 1);
    await_count(scene, count_sounding, 0, 3);
    assert_int_equal(sounding(scene), 3);
    target(scene, 0, 0);
    await(scene, LINE_SETTLED, 1);
    assert_int_equal(count(scene, LINE_STOPPED), 3);
    assert_int_equal(sounding(scene), 0);
    assert_int_equal(count(scene, LINE_TROUBLE), 0);
    struct line_counts counts;
    line_get_counts(scene->line, &counts);
    assert_true(counts.requests > 10 && counts.replies > 8 && counts.busy_us > 10000);
    assert_int_equal(counts.reopened + counts.damaged, 0);
    assert_int_equal(sum_of_classes(&counts), counts.requests);
    assert_true(counts.class_requests[CLASS_STOP] >= 3 && counts.class_requests[CLASS_START] >= 1);
    assert_true(counts.class_requests[CLASS_ARM] >= 1 && counts.class_requests[CLASS_POLL] >= 3);
    assert_int_equal(counts.class_requests[CLASS_TECHNICIAN] + counts.class_requests[CLASS_PROBE], 0);
}

static void a_command_reaches_the_wire_at_once(void **state)
{
    struct scene *scene = *state;
    plug(scene);
    struct line_settings settings = settings_of(scene);
    settings.poll_s = 60;
    make_line(scene, &settings);
    await(scene, LINE_SWEPT, 1);
    int64_t best = INT64_MAX; /* of several: how much longer the others take is the machine's */
    for (size_t i = 0; i < 5; i++) {
        struct mono asked = mono_now();
        target(scene, (uint16_t)(9 + i), 3);
        await(scene, LINE_SENT, 3 * i + 1);
        int64_t took = mono_since(event_at(scene, LINE_SENT, 3 * i + 1), asked);
        assert_true(took >= 0);
        best = took < best ? took : best;
        await(scene, LINE_SENT, 3 * i + 3);
        target(scene, 0, 0);
        await(scene, LINE_SETTLED, i + 1);
    }
    assert_true(best < 100000);
}

static void await_hang(struct scene *scene)
{
    struct mono limit = mono_plus_ms(mono_now(), patience_ms());
    while (line_hangs_since(scene->line).us == 0 && mono_before(mono_now(), limit))
        poll(NULL, 0, 20);
    struct mono since = line_hangs_since(scene->line);
    assert_true(since.us != 0 && mono_before(since, mono_now()));
    assert_int_equal(line_hangs_since(scene->line).us, since.us); /* still in the same call */
}

/* Its target stands, and the new one takes it up; the old thread frees itself when the driver lets it go. */
static void a_line_whose_driver_hangs_is_built_anew(void **state)
{
    struct scene *scene = *state;
    plug(scene);
    struct line_settings settings = settings_of(scene);
    settings.first_byte_ms = 500;
    settings.adapter = ADAPTER_UART;
    settings.parity = 'N'; /* a pty refuses one that it was asked for before */
    make_line(scene, &settings);
    target(scene, 9, 3);
    await_count(scene, count_sounding, 0, 3);
    assert_int_equal(line_hangs_since(scene->line).us, 0);
    set_hanging(true);
    await_hang(scene);
    struct error error = {0};
    struct line *other = line_rebuild(scene->line, &error);
    assert_non_null(other);
    scene->line = other;
    assert_int_equal(count(scene, LINE_DOWN), 1); /* known before it is tried whether it opens */
    await(scene, LINE_UP, 2);
    set_hanging(false);
    await_count(scene, count_sounding, 0, 3);
    target(scene, 0, 0);
    await(scene, LINE_SETTLED, 1);
    assert_int_equal(sounding(scene), 0);
    struct line_counts counts;
    line_get_counts(scene->line, &counts);
    assert_true(counts.reopened >= 1);
    /* those of before are kept, of each class too; one that lost the port is of none */
    assert_true(sum_of_classes(&counts) + counts.reopened >= counts.requests);
}

static void a_line_whose_driver_hangs_ends_all_the_same(void **state)
{
    struct scene *scene = *state;
    plug(scene);
    struct line_settings settings = settings_of(scene);
    settings.first_byte_ms = 20;
    settings.adapter = ADAPTER_UART;
    make_line(scene, &settings);
    await(scene, LINE_UP, 1);
    set_hanging(true);
    target(scene, 9, 3);
    pthread_mutex_lock(&driver);
    while (!hangs)
        pthread_cond_wait(&driver_changed, &driver);
    pthread_mutex_unlock(&driver);
    line_destroy(scene->line, 0);
    scene->line = NULL;
    size_t told = scene->n_events;
    set_hanging(false);
    pthread_mutex_lock(&driver);
    while (hangs)
        pthread_cond_wait(&driver_changed, &driver);
    pthread_mutex_unlock(&driver);
    assert_int_equal(scene->n_events, told);
}

static size_t count_heard(const struct scene *scene, int unit)
{
    return scene->units[unit].heard;
}

/* A command withdraws the wait for one that does not answer: here that wait would outlast every patience. */
static void a_command_does_not_wait_for_the_dead(void **state)
{
    struct scene *scene = *state;
    plug(scene);
    struct line_settings settings = settings_of(scene);
    settings.first_byte_ms = 20 * (uint32_t)patience_ms();
    scene->units[2].lose_replies = 1000000;
    make_line(scene, &settings);
    await(scene, LINE_READING, 2); /* then the dead one is asked */
    await_count(scene, count_heard, 2, 1);
    target(scene, 9, 2);
    await(scene, LINE_STARTED, 2);
}

/* Nor does it wait for the answer to an arming that may never come. */
static void a_new_target_does_not_wait_for_the_arming_of_the_dead(void **state)
{
    struct scene *scene = *state;
    plug(scene);
    struct line_settings settings = settings_of(scene);
    settings.first_byte_ms = 20 * (uint32_t)patience_ms();
    scene->units[2].lose_replies = 1000000;
    make_line(scene, &settings);
    await(scene, LINE_READING, 2);
    await_count(scene, count_heard, 2, 1);
    struct line_target one = {.session = 4, .token = 9, .n_members = 1, .members = {{.terminal = 2, .volume_percent = 60}}};
    line_set_target(scene->line, &one);
    await_count(scene, count_heard, 2, 2);
    target(scene, 9, 3);
    await(scene, LINE_STARTED, 3);
}

/* Answers with this error code. */
static size_t count_answers(const struct scene *scene, int code)
{
    size_t n = 0;
    for (size_t i = 0; i < scene->n_events; i++)
        n += scene->events[i].kind == LINE_ASKED && (int)scene->events[i].error.code == code;
    return n;
}

static void a_question_is_answered(void **state)
{
    struct scene *scene = *state;
    plug(scene);
    struct line_settings settings = settings_of(scene);
    settings.poll_s = 3600;
    make_line(scene, &settings);
    await(scene, LINE_SWEPT, 1);
    size_t readings = count(scene, LINE_READING);
    assert_true(line_ask(scene->line, 17, 1, (uint32_t)patience_ms()));
    await_count(scene, count_answers, ERROR_NONE, 1);
    assert_int_equal(count(scene, LINE_READING), readings + 1);
    pthread_mutex_lock(&scene->mutex);
    const struct line_event answer = scene->events[scene->n_events - 1];
    pthread_mutex_unlock(&scene->mutex);
    assert_int_equal(answer.kind, LINE_ASKED);
    assert_int_equal(answer.request, 17);
    assert_int_equal(answer.terminal, 1);
    assert_int_equal(answer.reading.values.valid, 0x1FF);
    struct line_counts counts;
    line_get_counts(scene->line, &counts);
    assert_int_equal(counts.class_requests[CLASS_TECHNICIAN], 1);
    assert_true(line_ask(scene->line, 18, 1, 0)); /* no time at all: an idle line wakes up to say so */
    await_count(scene, count_answers, ERROR_TIMEOUT, 1);
}

/* The wait for the one they ask of would outlast every patience, too. */
static void many_questions_are_refused_and_neither_hold_a_command_up_nor_the_end(void **state)
{
    struct scene *scene = *state;
    plug(scene);
    struct line_settings settings = settings_of(scene);
    settings.first_byte_ms = 20 * (uint32_t)patience_ms();
    scene->units[2].lose_replies = 1000000;
    make_line(scene, &settings);
    await(scene, LINE_READING, 2);
    uint32_t within_ms = 100 * (uint32_t)patience_ms();
    for (uint32_t i = 0; i < LINE_ASKS_MAX; i++)
        assert_true(line_ask(scene->line, i, 2, within_ms));
    assert_false(line_ask(scene->line, 99, 2, within_ms));
    target(scene, 9, 2);
    await(scene, LINE_STARTED, 2);
    line_withdraw(scene->line, 3);
    line_withdraw(scene->line, 3);
    line_withdraw(scene->line, 99);
    line_destroy(scene->line, (uint32_t)patience_ms());
    scene->line = NULL;
    assert_int_equal(sounding(scene), 0);
    assert_int_equal(count_answers(scene, ERROR_DISCONNECTED), LINE_ASKS_MAX - 1);
    assert_int_equal(count(scene, LINE_ASKED), LINE_ASKS_MAX - 1);
}

static void without_a_port_a_question_is_answered_at_once(void **state)
{
    struct scene *scene = *state;
    struct line_settings settings = settings_of(scene);
    make_line(scene, &settings);
    await(scene, LINE_DOWN, 1);
    assert_true(line_ask(scene->line, 1, 0, UINT32_MAX));
    await_count(scene, count_answers, ERROR_DISCONNECTED, 1);
}

static void a_missing_port_is_said_once_and_opened_when_it_comes(void **state)
{
    struct scene *scene = *state;
    struct line_settings settings = settings_of(scene);
    make_line(scene, &settings);
    await(scene, LINE_DOWN, 1);
    assert_int_equal(scene->events[0].error.code, ERROR_DISCONNECTED);
    plug(scene);
    await(scene, LINE_SWEPT, 1);
    assert_int_equal(count(scene, LINE_DOWN), 1);
    struct line_counts counts;
    line_get_counts(scene->line, &counts);
    for (size_t i = 0; i < scene->n_events; i++)
        if (scene->events[i].kind <= LINE_DOWN)
            printf("%d %ld %s\n", scene->events[i].kind, scene->events[i].at.us, scene->events[i].error.message);
    assert_int_equal(counts.reopened, 1);
}

static void a_lost_port_comes_back_and_the_target_goes_on(void **state)
{
    struct scene *scene = *state;
    plug(scene);
    struct line_settings settings = settings_of(scene);
    make_line(scene, &settings);
    target(scene, 9, 3);
    await_count(scene, count_sounding, 0, 3);
    unplug(scene);
    await(scene, LINE_DOWN, 1);
    for (int i = 0; i < 3; i++)
        fake_unit_reboot(&scene->units[i]);
    plug(scene);
    await(scene, LINE_UP, 2);
    await(scene, LINE_STARTED, 6);
    await(scene, LINE_ARMED, 6);
    await_count(scene, count_sounding, 0, 3);
    assert_int_equal(sounding(scene), 3);
    assert_int_equal(count(scene, LINE_DOWN), 1);
}

/* A name below /dev/serial/by-id is a link: after the loss it may point to another port. */
static void a_port_is_found_under_another_name(void **state)
{
    struct scene *scene = *state;
    plug(scene);
    struct line_settings settings = settings_of(scene);
    make_line(scene, &settings);
    await(scene, LINE_SWEPT, 1);
    char before[64];
    strcpy(before, scene->real);
    unplug(scene);
    await(scene, LINE_DOWN, 1);
    int other = open(before, O_RDWR | O_NOCTTY | O_CLOEXEC); /* its name may be given again: */
    int taken = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC); /* to this one */
    plug(scene);
    assert_string_not_equal(scene->real, before);
    await(scene, LINE_SWEPT, 2);
    assert_int_equal(count(scene, LINE_DOWN), 1);
    assert_int_equal(count(scene, LINE_UP), 2);
    close(taken);
    if (other >= 0)
        close(other);
}

static struct mono last_at(struct scene *scene, enum line_event_kind kind)
{
    struct mono at = {0};
    pthread_mutex_lock(&scene->mutex);
    for (size_t i = 0; i < scene->n_events; i++)
        at = scene->events[i].kind == kind ? scene->events[i].at : at;
    pthread_mutex_unlock(&scene->mutex);
    return at;
}

/* A plug with a bad contact: each life is short, each wait longer. */
static void a_port_that_comes_and_goes_is_opened_less_and_less_often(void **state)
{
    struct scene *scene = *state;
    plug(scene);
    struct line_settings settings = settings_of(scene);
    make_line(scene, &settings);
    await(scene, LINE_UP, 1);
    for (int64_t i = 1, least_ms = 500; i <= 3; i++, least_ms *= 2) {
        unplug(scene);
        await(scene, LINE_DOWN, (size_t)i);
        struct mono lost = last_at(scene, LINE_DOWN);
        plug(scene);
        await(scene, LINE_UP, (size_t)i + 1);
        assert_in_range(mono_since(last_at(scene, LINE_UP), lost), least_ms * 1000, least_ms * 2000);
    }
}

static void an_idle_line_notices_the_loss(void **state)
{
    struct scene *scene = *state;
    plug(scene);
    struct line_settings settings = settings_of(scene);
    settings.poll_s = 3600;
    make_line(scene, &settings);
    await(scene, LINE_SWEPT, 1);
    unplug(scene);
    await(scene, LINE_DOWN, 1);
}

static void destroying_stops_what_is_ours(void **state)
{
    struct scene *scene = *state;
    plug(scene);
    struct line_settings settings = settings_of(scene);
    make_line(scene, &settings);
    target(scene, 9, 3);
    await_count(scene, count_sounding, 0, 3);
    assert_int_equal(sounding(scene), 3);
    struct mono began = mono_now();
    line_destroy(scene->line, (uint32_t)patience_ms());
    scene->line = NULL;
    assert_in_range(mono_since(mono_now(), began), 0, patience_ms() * 500LL); /* when it is done, not when the grace is over */
    assert_int_equal(sounding(scene), 0);
}

static void destroying_does_not_wait_for_the_dead(void **state)
{
    struct scene *scene = *state;
    plug(scene);
    for (int i = 0; i < 3; i++)
        scene->units[i].dead = true;
    struct line_settings settings = settings_of(scene);
    settings.first_byte_ms = 60000;
    make_line(scene, &settings);
    await(scene, LINE_UP, 1);
    struct mono began = mono_now();
    line_destroy(scene->line, 500);
    scene->line = NULL;
    assert_in_range(mono_since(mono_now(), began), 0, 30000000);
}

static void a_line_may_be_destroyed_unused(void **state)
{
    struct scene *scene = *state;
    struct line_settings settings = settings_of(scene);
    struct terminal_settings terminal = {.id = "a", .unit = 1, .profile = &scene->t8};
    struct error error = {0};
    struct line *line = line_create(&settings, &terminal, 1, 0, take_event, scene, &error);
    assert_non_null(line);
    line_destroy(line, 100);
    line_destroy(NULL, 0);
    terminal.unit = 0;
    assert_null(line_create(&settings, &terminal, 1, 0, take_event, scene, &error));
    assert_int_equal(error.code, ERROR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_line_lives_from_opening_to_silence, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_command_reaches_the_wire_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_line_whose_driver_hangs_is_built_anew, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_line_whose_driver_hangs_ends_all_the_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_command_does_not_wait_for_the_dead, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_new_target_does_not_wait_for_the_arming_of_the_dead, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_question_is_answered, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_questions_are_refused_and_neither_hold_a_command_up_nor_the_end, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(without_a_port_a_question_is_answered_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_missing_port_is_said_once_and_opened_when_it_comes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_lost_port_comes_back_and_the_target_goes_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_port_is_found_under_another_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_port_that_comes_and_goes_is_opened_less_and_less_often, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_idle_line_notices_the_loss, set_up, tear_down),
        cmocka_unit_test_setup_teardown(destroying_stops_what_is_ours, set_up, tear_down),
        cmocka_unit_test_setup_teardown(destroying_does_not_wait_for_the_dead, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_line_may_be_destroyed_unused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
