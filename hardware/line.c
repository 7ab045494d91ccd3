/* The line as others see it: settings in, targets down, events up, and the thread that owns the port. What to do next is
 * decided in line_drive.c; here are waiting, opening and closing. */
#include "hardware/line.h"

#include "codecs/monotonic.h"
#include "hardware/ask_box.h"
#include "hardware/wire.h"
#include "hardware/wire_address.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

enum {
    REOPEN_FIRST_MS = 250,      /* soon: a broadcast may be under way */
    REOPEN_LAST_MS = 2000,      /* while it is not there */
    REOPEN_FLAPPING_MS = 30000, /* it opens and is lost again at once: opening means a sweep each time */
    LIFE_MS = 10000,            /* who lived so long is not flapping */
    TIMER_SLACK_NS = 1000,
    HANG_MS = 6000, /* beside the waits for first bytes no transaction and no opening takes longer, unless it hangs */
};

struct line {
    struct drive drive; /* the thread's alone once it runs, like wire, reply and made */
    struct wire *wire;
    struct wire_reply reply;
    uint64_t made[TERMINAL_CLASSES];
    struct mono opened_at, reopen_at;
    int64_t reopen_ms;
    bool down_told;

    line_event_fn *event;
    void *context;
    pthread_t thread;
    bool running;
    struct ask_box asks;
    int wake, command, closing; /* eventfds: something new to do, a target among it; the end has come */
    _Atomic int64_t busy_us;    /* monotonic time since when it is busy; 0: it waits */
    bool abandoned;             /* guarded by telling: nobody listens any more, and the thread frees the line */
    pthread_mutex_t telling;    /* held while an event is told */

    pthread_mutex_t mutex; /* guards what follows; never held over I/O or events */
    bool has_target, has_verify, closed;
    int called_in; /* the connection of its gateway, not yet taken over; -1: none */
    struct line_target target;
    uint16_t verify[LINE_TERMINALS_MAX];
    size_t n_verify;
    struct mono close_by;
    struct line_counts counts;
    struct terminal_health health[LINE_TERMINALS_MAX];
};

static void ring(int eventfd_descriptor)
{
    uint64_t one = 1;
    ssize_t ignored = write(eventfd_descriptor, &one, sizeof one); /* full means that it rings already */
    (void)ignored;
}

static void silence(int eventfd_descriptor)
{
    uint64_t count;
    ssize_t ignored = read(eventfd_descriptor, &count, sizeof count);
    (void)ignored;
}

static void tell(void *context, const struct line_event *event)
{
    struct line *line = context;
    pthread_mutex_lock(&line->telling);
    if (!line->abandoned)
        line->event(line->context, event);
    pthread_mutex_unlock(&line->telling);
}

static bool is_abandoned(struct line *line)
{
    pthread_mutex_lock(&line->telling);
    bool abandoned = line->abandoned;
    pthread_mutex_unlock(&line->telling);
    return abandoned;
}

static bool open_bells(struct line *line, struct error *error)
{
    line->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    line->command = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    line->closing = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (line->wake >= 0 && line->command >= 0 && line->closing >= 0)
        return true;
    return error_set(error, ERROR_IO, "line: eventfd: %s", strerror(errno));
}

static void free_line(struct line *line)
{
    if (line->wake >= 0)
        close(line->wake);
    if (line->command >= 0)
        close(line->command);
    if (line->closing >= 0)
        close(line->closing);
    if (line->called_in >= 0)
        close(line->called_in);
    pthread_mutex_destroy(&line->mutex);
    pthread_mutex_destroy(&line->telling);
    wire_close(line->wire);
    ask_box_destroy(&line->asks);
    drive_free(&line->drive);
    free(line);
}

static void publish_health(struct line *line, uint16_t terminal)
{
    const struct terminal *it = &line->drive.terminals[terminal];
    pthread_mutex_lock(&line->mutex);
    line->health[terminal] = it->health;
    line->health[terminal].dead = it->dead;
    pthread_mutex_unlock(&line->mutex);
}

struct line *line_create(const struct line_settings *settings, const struct terminal_settings *terminals, size_t n,
                         uint16_t recorded_token, line_event_fn *event, void *context, struct error *error)
{
    struct line *line = calloc(1, sizeof *line);
    if (!line) {
        error_set(error, ERROR_NO_MEMORY, "line %s: no memory", settings->id);
        return NULL;
    }
    line->wake = line->command = line->closing = line->called_in = -1;
    line->event = event;
    line->context = context;
    pthread_mutex_init(&line->mutex, NULL);
    pthread_mutex_init(&line->telling, NULL);
    ask_box_init(&line->asks);
    if (!drive_init(&line->drive, settings, terminals, n, recorded_token, tell, line, error) || !open_bells(line, error)) {
        free_line(line);
        return NULL;
    }
    for (size_t i = 0; i < n; i++)
        publish_health(line, (uint16_t)i);
    return line;
}

/* Takes over what was asked for since the last time. Returns true while the line shall live. */
static bool take_commands(struct line *line, bool *closed, struct mono now)
{
    struct line_target target = {.n_members = 0};
    uint16_t verify[LINE_TERMINALS_MAX];
    silence(line->wake);
    pthread_mutex_lock(&line->mutex);
    bool has_target = line->has_target, has_verify = line->has_verify;
    size_t n_verify = line->n_verify;
    if (has_target)
        target = line->target;
    if (has_verify)
        memcpy(verify, line->verify, n_verify * sizeof *verify);
    line->has_target = line->has_verify = false;
    bool closing = line->closed && !*closed;
    struct mono close_by = line->close_by;
    pthread_mutex_unlock(&line->mutex);
    if (has_target || closing) /* it is rung before the mutex is let go, so it has rung by now */
        silence(line->command);
    ask_box_take(&line->asks, &line->drive, now);
    if (has_verify)
        drive_set_verify(&line->drive, verify, n_verify);
    if (has_target && !*closed)
        drive_set_target(&line->drive, &target, now);
    if (closing) {
        *closed = true;
        ask_box_close(&line->asks, &line->drive, now);
        drive_set_target(&line->drive, &(struct line_target){.n_members = 0}, now);
    }
    return !*closed || (mono_before(now, close_by) && line->wire && !drive_is_settled(&line->drive));
}

static void publish_counts(struct line *line)
{
    pthread_mutex_lock(&line->mutex);
    if (line->wire)
        wire_take_counts(line->wire, &line->counts);
    line->counts.up = line->wire != NULL;
    memcpy(line->counts.class_requests, line->made, sizeof line->made);
    pthread_mutex_unlock(&line->mutex);
}

static int64_t doubled(int64_t ms, int64_t most)
{
    return ms * 2 < most ? ms * 2 : most;
}

static void tell_down(struct line *line, const struct error *error, struct mono now)
{
    if (!line->down_told)
        drive_port_down(&line->drive, error, now);
    line->down_told = true;
}

static void lose_port(struct line *line, const struct error *error, struct mono now)
{
    publish_counts(line);
    wire_close(line->wire);
    line->wire = NULL;
    bool lived = mono_since(now, line->opened_at) >= (int64_t)LIFE_MS * 1000;
    line->reopen_ms = lived ? REOPEN_FIRST_MS : doubled(line->reopen_ms, REOPEN_FLAPPING_MS);
    line->reopen_at = mono_plus_ms(now, line->reopen_ms);
    publish_counts(line);
    tell_down(line, error, now);
}

/* The same, named by what the line hangs on, and by who was there. */
static void lose_place(struct line *line, struct error *error)
{
    char place[LINE_PLACE_MAX];
    const char *caller = wire_caller(line->wire);
    line_place(&line->drive.settings, place);
    error_prefix(error, "line %s: %s%s%s", line->drive.settings.id, place, *caller ? ", called in from " : "", caller);
    lose_port(line, error, mono_now());
}

static bool has_called_in(struct line *line)
{
    pthread_mutex_lock(&line->mutex);
    bool has = line->called_in >= 0;
    pthread_mutex_unlock(&line->mutex);
    return has;
}

static int take_called_in(struct line *line)
{
    pthread_mutex_lock(&line->mutex);
    int socket = line->called_in;
    line->called_in = -1;
    pthread_mutex_unlock(&line->mutex);
    return socket;
}

/* The old connection of a gateway that called in anew may be half dead. Whence it called is said: it may be another's. */
static void make_way(struct line *line)
{
    char from[ADDRESS_TEXT_MAX];
    struct error error = {.code = ERROR_NONE};
    if (!line->wire || !has_called_in(line))
        return;
    pthread_mutex_lock(&line->mutex);
    address_print_peer(line->called_in, from);
    pthread_mutex_unlock(&line->mutex);
    error_set(&error, ERROR_DISCONNECTED, "connection given up: its gateway called in again, from %s", from);
    lose_place(line, &error);
}

static void await_call(struct line *line, struct mono now)
{
    char place[LINE_PLACE_MAX];
    struct error error = {.code = ERROR_NONE};
    line_place(&line->drive.settings, place);
    error_set(&error, ERROR_DISCONNECTED, "line %s: its gateway has not called in at %s", line->drive.settings.id, place);
    tell_down(line, &error, now);
}

static void try_open(struct line *line, struct mono now)
{
    char method[256];
    struct error error = {.code = ERROR_NONE};
    if (mono_before(now, line->reopen_at))
        return;
    line->wire = wire_open(&line->drive.settings, take_called_in(line), line->closing, method, &error);
    now = mono_now();
    if (!line->wire) {
        line->reopen_at = mono_plus_ms(now, line->reopen_ms);
        if (line->reopen_ms < REOPEN_LAST_MS)
            line->reopen_ms = doubled(line->reopen_ms, REOPEN_LAST_MS);
        tell_down(line, &error, now);
        return;
    }
    line->opened_at = now;
    pthread_mutex_lock(&line->mutex);
    line->counts.reopened += line->down_told;
    pthread_mutex_unlock(&line->mutex);
    line->down_told = false;
    publish_counts(line);
    drive_port_up(&line->drive, method, now);
}

/* Opens what can be opened. Returns when to come again. */
static struct mono open_wire(struct line *line)
{
    make_way(line);
    if (!line->wire && line->drive.settings.calls_in && !has_called_in(line)) {
        await_call(line, mono_now());
        return (struct mono){INT64_MAX};
    }
    if (!line->wire)
        try_open(line, mono_now());
    return line->reopen_at;
}

/* Sleeps until the time has come, a command is there, something came from a gateway, or the port is gone. */
static void wait_for(struct line *line, struct mono until, bool closed)
{
    bool serial = line->drive.settings.kind == LINE_RTU;
    struct pollfd fds[3] = {{.fd = line->wake, .events = POLLIN},
                            {.fd = closed ? -1 : line->closing, .events = POLLIN},
                            {.fd = line->wire ? wire_descriptor(line->wire) : -1, .events = serial ? 0 : POLLIN}};
    int64_t left = mono_since(until, mono_now());
    if (left < 0)
        left = 0;
    ask_box_note(&line->asks, &line->drive);
    struct timespec timeout = {.tv_sec = left / 1000000, .tv_nsec = left % 1000000 * 1000};
    bool forever = until.us == INT64_MAX;
    int n = ppoll(fds, 3, forever ? NULL : &timeout, NULL);
    struct error error = {.code = ERROR_NONE};
    if (n > 0 && fds[2].revents & (POLLHUP | POLLERR | POLLNVAL))
        error_set(&error, ERROR_DISCONNECTED, "hung up");
    else if (line->wire && !serial && wire_rest(line->wire, &error))
        publish_counts(line);
    if (error.code != ERROR_NONE)
        lose_place(line, &error);
}

/* What ends the wait for this reply; the end of the line always does. Each bell is rung by it. */
static int interrupt_of(const struct line *line, const struct drive_step *step, bool closed)
{
    switch (arbiter_yield(&step->plan, line->drive.world.ceiling_us)) {
    case YIELD_ANY: return line->wake;
    case YIELD_TARGET: return line->command;
    case YIELD_NOT: break;
    }
    return closed ? -1 : line->closing;
}

static void transact(struct line *line, const struct drive_step *step, bool closed)
{
    wire_transact(line->wire, &step->plan.request, step->plan.first_byte_us, interrupt_of(line, step, closed), &line->reply);
    struct mono now = mono_now();
    line->made[step->plan.class] += line->reply.outcome != WIRE_LOST;
    publish_counts(line);
    drive_done(&line->drive, step, &line->reply, now);
    ask_box_note(&line->asks, &line->drive);
    if (step->frame == FRAME_TERMINAL)
        publish_health(line, step->index);
    if (line->reply.outcome == WIRE_LOST)
        lose_place(line, &line->reply.error);
}

static void serve(struct line *line)
{
    bool closed = false;
    while (!is_abandoned(line) && take_commands(line, &closed, mono_now())) {
        line->busy_us = mono_now().us;
        struct mono until = open_wire(line);
        struct mono now = mono_now();
        if (line->wire) {
            struct drive_step step;
            struct mono free_at = wire_free_at(line->wire);
            until = free_at;
            /* While the wire must be quiet nothing is chosen: a command that comes meanwhile may be more urgent. */
            if (!mono_before(now, free_at) && drive_next(&line->drive, now, &step, &until)) {
                transact(line, &step, closed);
                continue;
            }
            until = mono_earlier(until, wire_rest_at(line->wire));
        }
        line->busy_us = 0;
        wait_for(line, closed ? mono_earlier(until, line->close_by) : until, closed);
    }
}

static void *run(void *context)
{
    struct line *line = context;
    prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS); /* 50 us late at every silence would add up */
    serve(line);
    if (is_abandoned(line))
        free_line(line);
    return NULL;
}

/* Signals are for the main thread. */
static int start_thread(struct line *line)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int code = pthread_create(&line->thread, NULL, run, line);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return code;
}

bool line_start(struct line *line, struct error *error)
{
    line->reopen_ms = REOPEN_FIRST_MS;
    line->reopen_at = mono_now();
    int code = start_thread(line);
    if (code != 0)
        return error_set(error, ERROR_INTERNAL, "line %s: no thread: %s", line->drive.settings.id, strerror(code));
    line->running = true;
    return true;
}

void line_set_target(struct line *line, const struct line_target *target)
{
    pthread_mutex_lock(&line->mutex);
    line->target = *target;
    line->has_target = true;
    ring(line->command);
    pthread_mutex_unlock(&line->mutex);
    ring(line->wake);
}

void line_set_verify(struct line *line, const uint16_t *terminals, size_t n)
{
    pthread_mutex_lock(&line->mutex);
    line->n_verify = n < LINE_TERMINALS_MAX ? n : LINE_TERMINALS_MAX;
    if (line->n_verify > 0)
        memcpy(line->verify, terminals, line->n_verify * sizeof *terminals);
    line->has_verify = true;
    pthread_mutex_unlock(&line->mutex);
    ring(line->wake);
}

bool line_ask(struct line *line, uint32_t request, uint16_t terminal, uint32_t within_ms)
{
    struct mono now = mono_now();
    struct drive_ask ask = {.request = request, .terminal = terminal, .asked = now, .by = mono_plus_ms(now, within_ms)};
    bool room = ask_box_put(&line->asks, &ask);
    if (room)
        ring(line->wake);
    return room;
}

void line_withdraw(struct line *line, uint32_t request)
{
    ask_box_withdraw(&line->asks, request);
    ring(line->wake);
}

void line_give_socket(struct line *line, int socket)
{
    pthread_mutex_lock(&line->mutex);
    int older = line->called_in;
    line->called_in = socket;
    pthread_mutex_unlock(&line->mutex);
    if (older >= 0)
        close(older);
    ring(line->wake);
}

void line_get_counts(struct line *line, struct line_counts *counts)
{
    pthread_mutex_lock(&line->mutex);
    *counts = line->counts;
    pthread_mutex_unlock(&line->mutex);
}

void line_get_health(struct line *line, uint16_t terminal, struct terminal_health *health)
{
    pthread_mutex_lock(&line->mutex);
    *health = line->health[terminal];
    pthread_mutex_unlock(&line->mutex);
}

/* A transaction waits for a first byte and the rest of a reply, an opening for a connection. */
static int64_t hang_ms(const struct line *line)
{
    return HANG_MS + 2 * (int64_t)line->drive.settings.first_byte_ms;
}

bool line_hangs(struct line *line)
{
    int64_t since = line->busy_us;
    return line->drive.settings.kind == LINE_RTU && since != 0 &&
           mono_since(mono_now(), (struct mono){since}) > hang_ms(line) * 1000;
}

/* What the old line was told last; its drive is its thread's own. */
static void inherit(struct line *line, struct line *from)
{
    pthread_mutex_lock(&from->mutex);
    line->target = from->target;
    line->has_target = from->target.n_members > 0;
    line->n_verify = from->n_verify;
    line->has_verify = from->n_verify > 0;
    memcpy(line->verify, from->verify, sizeof line->verify);
    line->counts = from->counts;
    line->counts.up = false;
    pthread_mutex_unlock(&from->mutex);
}

static void abandon(struct line *line)
{
    pthread_mutex_lock(&line->telling);
    line->abandoned = true;
    pthread_detach(line->thread);
    ring(line->closing); /* should it come back, it waits for nobody's answer */
    ring(line->command);
    ring(line->wake);
    pthread_mutex_unlock(&line->telling);
}

struct line *line_rebuild(struct line *line, struct error *error)
{
    size_t n = line->drive.n_terminals;
    struct terminal_settings *terminals = calloc(n + 1, sizeof *terminals);
    if (!terminals) {
        error_set(error, ERROR_NO_MEMORY, "line %s: no memory", line->drive.settings.id);
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        struct terminal_health health;
        line_get_health(line, (uint16_t)i, &health);
        terminals[i] = line->drive.terminals[i].settings;
        terminals[i].answer_us = health.answer_us;
    }
    uint16_t token = line->target.token ? line->target.token : line->drive.world.recorded_token;
    struct line *other = line_create(&line->drive.settings, terminals, n, token, line->event, line->context, error);
    free(terminals);
    if (!other)
        return NULL;
    inherit(other, line);
    other->down_told = true; /* as after any loss: its return is told */
    if (!line_start(other, error)) {
        line_destroy(other, 0);
        return NULL;
    }
    abandon(line);
    return other;
}

/* Whether the thread has ended by some time behind the grace. */
static bool join(struct line *line, uint32_t grace_ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(grace_ms + hang_ms(line)) / 1000 + 1;
    return pthread_clockjoin_np(line->thread, NULL, CLOCK_MONOTONIC, &until) == 0;
}

void line_destroy(struct line *line, uint32_t grace_ms)
{
    if (!line)
        return;
    if (line->running) {
        pthread_mutex_lock(&line->mutex);
        line->closed = true;
        line->close_by = mono_plus_ms(mono_now(), grace_ms);
        ring(line->command);
        pthread_mutex_unlock(&line->mutex);
        ring(line->closing);
        ring(line->wake);
        if (!join(line, grace_ms)) {
            abandon(line);
            return;
        }
    }
    free_line(line);
}
