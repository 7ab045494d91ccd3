/* A simulated township on a thread of the test's own, with real ptys and sockets; orders go to it through a pipe. */
#ifndef TOCSIN_TESTS_HARDWARE_LIVE_VILLAGE_H
#define TOCSIN_TESTS_HARDWARE_LIVE_VILLAGE_H

#include "codecs/monotonic.h"
#include "hardware/village.h"
#include "tests/patience.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

struct live {
    char dir[64];
    struct village_settings *settings;
    struct village *village;
    pthread_t thread;
    int orders[2];
    sem_t answered;
    char answer[4096];
};

static inline void live_on_order(void *context)
{
    struct live *live = context;
    char text[512];
    ssize_t n = read(live->orders[0], text, sizeof text - 1);
    if (n <= 0)
        return;
    text[n] = '\0';
    FILE *f = fmemopen(live->answer, sizeof live->answer, "w");
    village_command(live->village, text, f);
    fclose(f);
    sem_post(&live->answered);
}

static inline void *live_serve(void *context)
{
    struct live *live = context;
    return village_run(live->village, NULL) ? live : NULL;
}

/* What the township answers; valid until the next order. */
static inline const char *order(struct live *live, const char *text)
{
    assert_int_equal(write(live->orders[1], text, strlen(text)), strlen(text));
    while (sem_wait(&live->answered) != 0)
        assert_int_equal(errno, EINTR);
    return live->answer;
}

static inline void put_file(const struct live *live, const char *name, const char *text, char *path, size_t size)
{
    snprintf(path, size, "%s/%s", live->dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static inline void path_in(const struct live *live, const char *name, char *path, size_t size)
{
    snprintf(path, size, "%s/township/%s", live->dir, name);
}

/* Makes the folder and reads the settings: all but the township itself. */
static inline struct live *live_prepare(const char *settings)
{
    struct live *live = calloc(1, sizeof *live);
    snprintf(live->dir, sizeof live->dir, "/tmp/village-XXXXXX");
    live->settings = calloc(1, sizeof *live->settings);
    assert_non_null(mkdtemp(live->dir));
    assert_int_equal(sem_init(&live->answered, 0, 0), 0);
    assert_int_equal(pipe2(live->orders, O_CLOEXEC), 0);
    char path[128];
    put_file(live, "village.cfg", settings, path, sizeof path);
    struct error error = {0};
    if (!village_settings_load(path, live->settings, &error))
        fail_msg("%s", error.message);
    snprintf(live->settings->dir, sizeof live->settings->dir, "%s/township", live->dir);
    return live;
}

static inline void live_start(struct live *live)
{
    struct error error = {0};
    live->village = village_create(live->settings, &error);
    if (!live->village)
        fail_msg("%s", error.message);
    assert_true(village_watch(live->village, live->orders[0], live_on_order, live, NULL));
    assert_int_equal(pthread_create(&live->thread, NULL, live_serve, live), 0);
}

static inline int live_remove(const char *path, const struct stat *status, int flag, struct FTW *where)
{
    (void)status;
    (void)flag;
    (void)where;
    return remove(path);
}

/* Once it was told to quit: waits until it has. Its log is whole then. */
static inline void live_stop(struct live *live)
{
    void *good = NULL;
    pthread_join(live->thread, &good);
    assert_non_null(good);
    village_destroy(live->village);
    live->village = NULL;
}

/* Ends it; nothing that is told of a line may be left. */
static inline void live_end(struct live *live)
{
    if (live->village) {
        order(live, "quit");
        live_stop(live);
    }
    for (size_t i = 0; i < live->settings->n_lines; i++) {
        char name[64], path[192];
        snprintf(name, sizeof name, live->settings->lines[i].kind == VILLAGE_PTY ? "%s" : "%s.port",
                 live->settings->lines[i].id);
        path_in(live, name, path, sizeof path);
        assert_int_not_equal(access(path, F_OK), 0);
    }
    assert_int_equal(nftw(live->dir, live_remove, 8, FTW_DEPTH | FTW_PHYS), 0);
    close(live->orders[0]);
    close(live->orders[1]);
    sem_destroy(&live->answered);
    free(live->settings);
    free(live);
}

/* The number behind " name=" in the counts of a line. */
static inline uint64_t count_of(struct live *live, const char *line, const char *name)
{
    char wanted[40];
    snprintf(wanted, sizeof wanted, "%s ", line);
    const char *at = strstr(order(live, "counts"), wanted);
    assert_non_null(at);
    snprintf(wanted, sizeof wanted, " %s=", name);
    at = strstr(at, wanted);
    assert_non_null(at);
    return strtoull(at + strlen(wanted), NULL, 10);
}

/* Reads so many bytes; fewer if none comes for so long. */
static inline size_t read_reply(int line, uint8_t *reply, size_t n, int for_ms)
{
    size_t have = 0;
    struct pollfd ready = {.fd = line, .events = POLLIN};
    while (have < n && poll(&ready, 1, for_ms) > 0) {
        ssize_t got = read(line, reply + have, n - have);
        if (got <= 0)
            break;
        have += (size_t)got;
    }
    return have;
}

static inline void sleep_until(struct mono at)
{
    struct timespec t = {at.us / 1000000, at.us % 1000000 * 1000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
        ;
}

#endif
