/* Listening, and who is who. Bytes are looked at and left in the socket, so that what follows a registration packet is its
 * line's to read. */
#include "hardware/call_in.h"

#include "codecs/monotonic.h"
#include "hardware/line_pattern.h"
#include "hardware/wire_address.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    LONGER_WITHIN_MS = 300, /* it has named itself, unless more bytes make it another */
    TELL_EVERY_S = 60,
    BIND_FIRST_MS = 1000,
    BIND_LAST_MS = 30000,
    ACCEPTS_AT_ONCE = 64, /* then the others have their turn */
    SHOWN_BYTES = 16,     /* of a stranger's */
};

struct called {
    struct line *line;
    struct line_pattern registration;
};

struct unnamed {
    int socket;
    struct mono by;
    size_t n; /* bytes that were looked at */
    char from[ADDRESS_TEXT_MAX];
};

struct listener {
    char host[46], place[ADDRESS_TEXT_MAX];
    uint16_t port;
    int socket; /* -1: not yet */
    struct mono bind_at;
    int64_t bind_ms;
    bool trouble_told;
    struct called *lines; /* longest registration first */
    size_t n_lines, n_unnamed;
    struct unnamed unnamed[CALL_IN_UNNAMED_MAX]; /* oldest first */
    unsigned strangers, silent, floods;          /* refused since it was told */
    char last[160];                              /* of them */
    struct mono tell_at;
};

struct call_in {
    struct listener *listeners;
    size_t n;
    struct pollfd *fds;
    call_in_event_fn *event;
    void *context;
    int stop;
    pthread_t thread;
    bool running;
};

/* ---- the port ---- */

static void fail(struct call_in *call_in, struct listener *listener, const char *what, int code, struct mono now)
{
    char message[256];
    if (listener->socket >= 0)
        close(listener->socket);
    listener->socket = -1;
    listener->bind_at = mono_plus_ms(now, listener->bind_ms);
    listener->bind_ms = listener->bind_ms * 2 < BIND_LAST_MS ? listener->bind_ms * 2 : BIND_LAST_MS;
    snprintf(message, sizeof message, "no gateway can call in at %s: %s: %s; it is tried again", listener->place, what,
             strerror(code));
    if (!listener->trouble_told)
        call_in->event(call_in->context, true, message);
    listener->trouble_told = true;
}

static bool listen_at(struct listener *listener)
{
    struct sockaddr_storage address;
    socklen_t size;
    int one = 1;
    if (!address_read(listener->host, listener->port, &address, &size)) {
        errno = EADDRNOTAVAIL;
        return false;
    }
    listener->socket = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener->socket < 0)
        return false;
    setsockopt(listener->socket, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (address.ss_family == AF_INET6)
        setsockopt(listener->socket, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    return bind(listener->socket, (const struct sockaddr *)&address, size) == 0 && listen(listener->socket, SOMAXCONN) == 0;
}

static void open_port(struct call_in *call_in, struct listener *listener, struct mono now)
{
    char message[256];
    if (listener->socket >= 0 || mono_before(now, listener->bind_at))
        return;
    if (!listen_at(listener)) {
        fail(call_in, listener, "listen", errno, now);
        return;
    }
    listener->bind_ms = BIND_FIRST_MS;
    snprintf(message, sizeof message, "gateways can call in at %s", listener->place);
    if (listener->trouble_told)
        call_in->event(call_in->context, false, message);
    listener->trouble_told = false;
}

/* ---- those who have called ---- */

static void forget(struct listener *listener, size_t i)
{
    listener->n_unnamed--;
    memmove(&listener->unnamed[i], &listener->unnamed[i + 1], (listener->n_unnamed - i) * sizeof *listener->unnamed);
}

static void refuse(struct listener *listener, size_t i, unsigned *count, const uint8_t *bytes, size_t n)
{
    struct unnamed *unnamed = &listener->unnamed[i];
    size_t used = (size_t)snprintf(listener->last, sizeof listener->last, "%s%s", unnamed->from, n > 0 ? ", which said" : "");
    for (size_t k = 0; k < n && k < SHOWN_BYTES; k++)
        used += (size_t)snprintf(listener->last + used, sizeof listener->last - used, " %02X", bytes[k]);
    ++*count;
    close(unnamed->socket);
    forget(listener, i);
}

static void tell_refused(struct call_in *call_in, struct listener *listener, struct mono now)
{
    char message[512];
    if (listener->strangers + listener->silent + listener->floods == 0 || mono_before(now, listener->tell_at))
        return;
    snprintf(message, sizeof message,
             "calls refused at %s: %u with no line's registration, %u without any, %u too many at once; the last from %s",
             listener->place, listener->strangers, listener->silent, listener->floods, listener->last);
    listener->strangers = listener->silent = listener->floods = 0;
    listener->tell_at = mono_plus_ms(now, (int64_t)TELL_EVERY_S * 1000);
    call_in->event(call_in->context, true, message);
}

static void accept_calls(struct call_in *call_in, struct listener *listener, struct mono now)
{
    for (int i = 0; i < ACCEPTS_AT_ONCE && listener->socket >= 0; i++) {
        struct sockaddr_storage from = {.ss_family = AF_UNSPEC};
        socklen_t size = sizeof from;
        int socket = accept4(listener->socket, (struct sockaddr *)&from, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (socket < 0 && errno == EAGAIN)
            return;
        if (socket < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM))
            fail(call_in, listener, "accept", errno, now);
        if (socket < 0)
            continue; /* that one has gone again */
        if (listener->n_unnamed == CALL_IN_UNNAMED_MAX)
            refuse(listener, 0, &listener->floods, NULL, 0);
        struct unnamed *unnamed = &listener->unnamed[listener->n_unnamed++];
        *unnamed = (struct unnamed){.socket = socket, .by = mono_plus_ms(now, (int64_t)CALL_IN_NAME_WITHIN_S * 1000)};
        address_print(&from, unnamed->from);
    }
}

static bool has_hung_up(int socket)
{
    struct pollfd fd = {.fd = socket, .events = POLLRDHUP};
    return poll(&fd, 1, 0) > 0;
}

static void wake_beyond(int socket, size_t n)
{
    int bytes = (int)n + 1;
    setsockopt(socket, SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof bytes);
}

static void hand_over(struct listener *listener, size_t i, const struct called *called)
{
    uint8_t bytes[LINE_PATTERN_MAX];
    int socket = listener->unnamed[i].socket;
    ssize_t ignored = recv(socket, bytes, called->registration.n, MSG_DONTWAIT); /* they were seen there */
    (void)ignored;
    wake_beyond(socket, 0);
    forget(listener, i);
    line_give_socket(called->line, socket);
}

/* Whom the bytes name; *longer: more of them could name somebody, or somebody else. */
static const struct called *named_by(const struct listener *listener, const uint8_t *bytes, size_t n, bool *longer)
{
    const struct called *called = NULL;
    *longer = false;
    for (size_t i = 0; i < listener->n_lines; i++) {
        enum pattern_match match = line_pattern_match(&listener->lines[i].registration, bytes, n);
        *longer = *longer || match == PATTERN_PART;
        if (match == PATTERN_WHOLE && !called)
            called = &listener->lines[i];
    }
    return called;
}

/* False when it is not unnamed any more. */
static bool look_at(struct listener *listener, size_t i, struct mono now)
{
    struct unnamed *unnamed = &listener->unnamed[i];
    uint8_t bytes[LINE_PATTERN_MAX];
    ssize_t got = recv(unnamed->socket, bytes, sizeof bytes, MSG_PEEK | MSG_DONTWAIT);
    bool longer, late = !mono_before(now, unnamed->by);
    size_t n = got > 0 ? (size_t)got : 0;
    const struct called *called = named_by(listener, bytes, n, &longer);
    if (called && (late || !longer)) {
        hand_over(listener, i, called);
        return false;
    }
    if (late || !longer || has_hung_up(unnamed->socket)) {
        refuse(listener, i, n > 0 ? &listener->strangers : &listener->silent, bytes, n);
        return false;
    }
    if (n > unnamed->n) {
        unnamed->n = n;
        wake_beyond(unnamed->socket, n);
        if (called)
            unnamed->by = mono_earlier(unnamed->by, mono_plus_ms(now, LONGER_WITHIN_MS));
    }
    return true;
}

/* ---- the thread ---- */

static void tend(struct call_in *call_in, struct listener *listener, struct mono now)
{
    open_port(call_in, listener, now);
    accept_calls(call_in, listener, now);
    for (size_t i = 0; i < listener->n_unnamed;)
        i += look_at(listener, i, now);
    tell_refused(call_in, listener, now);
}

static struct mono next_time(const struct listener *listener)
{
    struct mono next = {INT64_MAX};
    if (listener->socket < 0)
        next = listener->bind_at;
    for (size_t i = 0; i < listener->n_unnamed; i++)
        next = mono_earlier(next, listener->unnamed[i].by);
    if (listener->strangers + listener->silent + listener->floods > 0)
        next = mono_earlier(next, listener->tell_at);
    return next;
}

/* Sleeps until something happened at a port or it is time. False when it shall stop. */
static bool await(struct call_in *call_in)
{
    struct mono next = {INT64_MAX};
    nfds_t n = 0;
    call_in->fds[n++] = (struct pollfd){.fd = call_in->stop, .events = POLLIN};
    for (size_t i = 0; i < call_in->n; i++) {
        const struct listener *listener = &call_in->listeners[i];
        next = mono_earlier(next, next_time(listener));
        call_in->fds[n++] = (struct pollfd){.fd = listener->socket, .events = POLLIN};
        for (size_t k = 0; k < listener->n_unnamed; k++)
            call_in->fds[n++] = (struct pollfd){.fd = listener->unnamed[k].socket, .events = POLLIN};
    }
    int64_t left = mono_since(next, mono_now());
    if (left < 0)
        left = 0;
    struct timespec timeout = {.tv_sec = left / 1000000, .tv_nsec = left % 1000000 * 1000};
    int ready = ppoll(call_in->fds, n, next.us == INT64_MAX ? NULL : &timeout, NULL);
    return ready <= 0 || call_in->fds[0].revents == 0;
}

static void *run(void *context)
{
    struct call_in *call_in = context;
    do
        for (size_t i = 0; i < call_in->n; i++)
            tend(call_in, &call_in->listeners[i], mono_now());
    while (await(call_in));
    return NULL;
}

/* ---- beginning and end ---- */

static struct listener *listener_of(struct call_in *call_in, const struct line_settings *settings)
{
    for (size_t i = 0; i < call_in->n; i++)
        if (call_in->listeners[i].port == settings->port && strcmp(call_in->listeners[i].host, settings->host) == 0)
            return &call_in->listeners[i];
    struct listener *listener = &call_in->listeners[call_in->n++];
    char place[LINE_PLACE_MAX];
    line_place(settings, place);
    *listener = (struct listener){.port = settings->port, .socket = -1, .bind_at = mono_now(), .bind_ms = BIND_FIRST_MS};
    text_copy(listener->host, sizeof listener->host, settings->host);
    text_copy(listener->place, sizeof listener->place, place);
    return listener;
}

static bool add_line(struct listener *listener, struct line *line, const struct line_settings *settings)
{
    struct called *lines = realloc(listener->lines, (listener->n_lines + 1) * sizeof *lines);
    if (!lines)
        return false;
    size_t i = listener->n_lines++;
    listener->lines = lines;
    for (; i > 0 && lines[i - 1].registration.n < settings->registration.n; i--)
        lines[i] = lines[i - 1];
    lines[i] = (struct called){line, settings->registration};
    return true;
}

static bool start_thread(struct call_in *call_in, struct error *error)
{
    sigset_t all, before;
    sigfillset(&all); /* signals are for the main thread */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int code = pthread_create(&call_in->thread, NULL, run, call_in);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    call_in->running = code == 0;
    return code == 0 || error_set(error, ERROR_INTERNAL, "no thread for gateways that call in: %s", strerror(code));
}

static bool set_up(struct call_in *call_in, struct line *const *lines, const struct line_settings *settings, size_t n,
                   struct error *error)
{
    call_in->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    call_in->listeners = calloc(n + 1, sizeof *call_in->listeners);
    if (call_in->stop < 0 || !call_in->listeners)
        return error_set(error, ERROR_NO_MEMORY, "no memory for gateways that call in");
    for (size_t i = 0; i < n; i++)
        if (settings[i].calls_in && !add_line(listener_of(call_in, &settings[i]), lines[i], &settings[i]))
            return error_set(error, ERROR_NO_MEMORY, "no memory for gateways that call in");
    call_in->fds = calloc(1 + call_in->n * (1 + CALL_IN_UNNAMED_MAX), sizeof *call_in->fds);
    if (!call_in->fds)
        return error_set(error, ERROR_NO_MEMORY, "no memory for gateways that call in");
    return call_in->n == 0 || start_thread(call_in, error);
}

struct call_in *call_in_start(struct line *const *lines, const struct line_settings *settings, size_t n,
                              call_in_event_fn *event, void *context, struct error *error)
{
    struct call_in *call_in = calloc(1, sizeof *call_in);
    if (!call_in) {
        error_set(error, ERROR_NO_MEMORY, "no memory for gateways that call in");
        return NULL;
    }
    call_in->event = event;
    call_in->context = context;
    if (set_up(call_in, lines, settings, n, error))
        return call_in;
    call_in_stop(call_in);
    return NULL;
}

void call_in_stop(struct call_in *call_in)
{
    if (!call_in)
        return;
    uint64_t one = 1;
    if (call_in->running && write(call_in->stop, &one, sizeof one) == sizeof one)
        pthread_join(call_in->thread, NULL);
    for (size_t i = 0; call_in->listeners && i < call_in->n; i++) {
        struct listener *listener = &call_in->listeners[i];
        for (size_t k = 0; k < listener->n_unnamed; k++)
            close(listener->unnamed[k].socket);
        if (listener->socket >= 0)
            close(listener->socket);
        free(listener->lines);
    }
    if (call_in->stop >= 0)
        close(call_in->stop);
    free(call_in->listeners);
    free(call_in->fds);
    free(call_in);
}
