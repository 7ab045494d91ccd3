/* A gateway on 127.0.0.1 that follows a script in a thread of its own: what it says, in which segments, before or after which
 * request. */
#ifndef TESTS_HARDWARE_FAKE_GATEWAY_H
#define TESTS_HARDWARE_FAKE_GATEWAY_H

#include "hardware/frame.h"
#include "hardware/line.h"
#include "tests/patience.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* One thing that it does. */
struct gateway_act {
    enum { GATEWAY_HEARS, GATEWAY_SAYS, GATEWAY_DRIBBLES, GATEWAY_FLOODS, GATEWAY_WAITS, GATEWAY_CLOSES, GATEWAY_RESETS } what;
    size_t n; /* bytes to hear, bytes to say */
    uint8_t bytes[600];
    bool numbered; /* the first two bytes are the transaction of the last request, plus what stands there */
    int ms;        /* to wait, between the bytes of a dribble, or to say it over and over */
};

struct gateway {
    int listener, socket, over;
    uint16_t port;
    struct gateway_act acts[40];
    size_t n_acts, done;
    uint8_t heard[40][600]; /* by act */
    pthread_t thread;
    bool running;
};

static inline int gateway_listen(const char *host, uint16_t *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(*port)};
    socklen_t size = sizeof address;
    int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(listener >= 0);
    assert_int_equal(inet_pton(AF_INET, host, &address.sin_addr), 1);
    assert_int_equal(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one), 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 8), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    *port = ntohs(address.sin_port);
    return listener;
}

static inline void gateway_make(struct gateway *gateway)
{
    memset(gateway, 0, sizeof *gateway);
    gateway->socket = -1;
    gateway->over = eventfd(0, EFD_CLOEXEC);
    gateway->listener = gateway_listen("127.0.0.1", &gateway->port);
}

/* ---- the script ---- */

static inline struct gateway_act *gateway_act(struct gateway *gateway)
{
    assert_true(gateway->n_acts < sizeof gateway->acts / sizeof *gateway->acts);
    return &gateway->acts[gateway->n_acts++];
}

static inline void gateway_hears(struct gateway *gateway, size_t n)
{
    *gateway_act(gateway) = (struct gateway_act){.what = GATEWAY_HEARS, .n = n};
}

static inline struct gateway_act *gateway_says(struct gateway *gateway, const void *bytes, size_t n)
{
    struct gateway_act *act = gateway_act(gateway);
    *act = (struct gateway_act){.what = GATEWAY_SAYS, .n = n};
    memcpy(act->bytes, bytes, n);
    return act;
}

static inline void gateway_does(struct gateway *gateway, int what, int ms)
{
    struct gateway_act *act = gateway_act(gateway);
    *act = (struct gateway_act){.ms = ms};
    memcpy(&act->what, &what, sizeof act->what);
}

/* ---- the thread ---- */

/* True if something is there to read; false when it shall end. */
static inline bool gateway_waits(const struct gateway *gateway, int socket, int ms)
{
    struct pollfd fds[2] = {{.fd = gateway->over, .events = POLLIN}, {.fd = socket, .events = POLLIN}};
    return poll(fds, 2, ms) > 0 && !fds[0].revents;
}

static inline bool gateway_send(const struct gateway *gateway, const struct gateway_act *act, const uint8_t *last)
{
    uint8_t bytes[600];
    memcpy(bytes, act->bytes, act->n);
    if (act->numbered) {
        unsigned number = (unsigned)(last[0] << 8 | last[1]) + (unsigned)(bytes[0] << 8 | bytes[1]);
        bytes[0] = (uint8_t)(number >> 8);
        bytes[1] = (uint8_t)number;
    }
    size_t step = act->what == GATEWAY_DRIBBLES ? 1 : act->n;
    for (size_t i = 0; i < act->n; i += step) {
        if (send(gateway->socket, bytes + i, step, MSG_NOSIGNAL) < 0)
            return false;
        if (act->ms > 0)
            gateway_waits(gateway, -1, act->ms);
    }
    return true;
}

/* False when nobody is there any more. */
static inline bool gateway_flood(const struct gateway *gateway, const struct gateway_act *act)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t end = now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000 + act->ms;
    while (now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000 < end) {
        if (send(gateway->socket, act->bytes, act->n, MSG_NOSIGNAL) < 0)
            return false;
        clock_gettime(CLOCK_MONOTONIC, &now);
    }
    return true;
}

static inline bool gateway_hear(struct gateway *gateway, size_t n, uint8_t *to)
{
    for (size_t got = 0; got < n;) {
        ssize_t more = gateway_waits(gateway, gateway->socket, -1) ? read(gateway->socket, to + got, n - got) : 0;
        if (more <= 0)
            return false;
        got += (size_t)more;
    }
    return true;
}

static inline void *gateway_run(void *context)
{
    struct gateway *gateway = context;
    const uint8_t *last = gateway->heard[0];
    int one = 1;
    struct linger reset = {.l_onoff = 1, .l_linger = 0};
    if (!gateway_waits(gateway, gateway->listener, -1))
        return NULL;
    gateway->socket = accept(gateway->listener, NULL, NULL);
    setsockopt(gateway->socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    for (size_t i = 0; i < gateway->n_acts; i++) {
        const struct gateway_act *act = &gateway->acts[i];
        if (act->what == GATEWAY_HEARS && !gateway_hear(gateway, act->n, gateway->heard[i]))
            return NULL;
        last = act->what == GATEWAY_HEARS ? gateway->heard[i] : last;
        if ((act->what == GATEWAY_SAYS || act->what == GATEWAY_DRIBBLES) && !gateway_send(gateway, act, last))
            return NULL;
        if (act->what == GATEWAY_FLOODS && !gateway_flood(gateway, act))
            return NULL;
        if (act->what == GATEWAY_WAITS)
            gateway_waits(gateway, -1, act->ms);
        if (act->what == GATEWAY_RESETS)
            setsockopt(gateway->socket, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        if (act->what == GATEWAY_CLOSES || act->what == GATEWAY_RESETS) {
            close(gateway->socket);
            gateway->socket = -1;
        }
        __atomic_store_n(&gateway->done, i + 1, __ATOMIC_RELEASE);
    }
    return NULL;
}

static inline void gateway_start(struct gateway *gateway)
{
    assert_int_equal(pthread_create(&gateway->thread, NULL, gateway_run, gateway), 0);
    gateway->running = true;
}

/* Waits until so much of the script is done. */
static inline void gateway_await(const struct gateway *gateway, size_t acts)
{
    for (int left = patience_ms(); __atomic_load_n(&gateway->done, __ATOMIC_ACQUIRE) < acts; left--) {
        assert_true(left > 0);
        poll(NULL, 0, 1);
    }
}

static inline void gateway_end(struct gateway *gateway)
{
    assert_int_equal(eventfd_write(gateway->over, 1), 0);
    if (gateway->running)
        pthread_join(gateway->thread, NULL);
    if (gateway->socket >= 0)
        close(gateway->socket);
    if (gateway->listener >= 0)
        close(gateway->listener);
    close(gateway->over);
}

/* ---- frames ---- */

/* Puts unit and PDU as they go over this kind of line. Returns the bytes. */
static inline size_t gateway_frame(enum line_kind kind, const uint8_t *frame, size_t n, uint8_t *to)
{
    if (kind == LINE_TCP) {
        frame_put_head(to, 0, n);
        memcpy(to + FRAME_HEAD_BYTES, frame, n);
        return FRAME_HEAD_BYTES + n;
    }
    memcpy(to, frame, n);
    uint16_t crc = frame_crc(frame, n);
    to[n] = (uint8_t)crc;
    to[n + 1] = (uint8_t)(crc >> 8);
    return n + 2;
}

static inline struct gateway_act *gateway_answers(struct gateway *gateway, enum line_kind kind, const uint8_t *frame, size_t n)
{
    uint8_t bytes[300];
    struct gateway_act *act = gateway_says(gateway, bytes, gateway_frame(kind, frame, n, bytes));
    act->numbered = kind == LINE_TCP;
    return act;
}

#endif
