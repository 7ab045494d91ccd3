/* The thread, and which line is called in on where. */
#include "hardware/call_in.h"

#include "codecs/monotonic.h"
#include "hardware/call_in_port.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct call_in {
    struct listener *listeners;
    size_t n;
    struct pollfd *fds;
    struct teller teller;
    int stop;
    pthread_t thread;
    bool running;
};

/* Sleeps until something happened at a port or it is time. False when it shall stop. */
static bool await(struct call_in *call_in)
{
    struct mono next = {INT64_MAX};
    nfds_t n = 0;
    call_in->fds[n++] = (struct pollfd){.fd = call_in->stop, .events = POLLIN};
    for (size_t i = 0; i < call_in->n; i++) {
        const struct listener *listener = &call_in->listeners[i];
        next = mono_earlier(next, listener_next(listener));
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
            listener_tend(&call_in->listeners[i], &call_in->teller, mono_now());
    while (await(call_in));
    return NULL;
}

static struct listener *listener_of(struct call_in *call_in, const struct line_settings *settings)
{
    for (size_t i = 0; i < call_in->n; i++)
        if (call_in->listeners[i].port == settings->port && strcmp(call_in->listeners[i].host, settings->host) == 0)
            return &call_in->listeners[i];
    struct listener *listener = &call_in->listeners[call_in->n++];
    char place[LINE_PLACE_MAX];
    line_place(settings, place);
    *listener =
        (struct listener){.port = settings->port, .socket = -1, .bind_at = mono_now(), .most_unnamed = CALL_IN_UNNAMED_MAX};
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
    for (size_t i = 0; i < call_in->n; i++)
        if (call_in->listeners[i].most_unnamed > CALL_IN_UNNAMED_ALL / call_in->n)
            call_in->listeners[i].most_unnamed = CALL_IN_UNNAMED_ALL / call_in->n;
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
    call_in->teller = (struct teller){event, context};
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
