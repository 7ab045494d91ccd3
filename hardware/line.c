/* A line: its thread, which drives the terminals through the port, and how it begins, ends and is built anew. What others put
 * in and get out is in line_box.c, opening and losing the port in port_keeper.c, what to do next in line_drive.c. */
#include "hardware/line.h"

#include "codecs/monotonic.h"
#include "hardware/line_box.h"
#include "hardware/port_keeper.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

enum {
    TIMER_SLACK_NS = 1000,
    BRIEF_US = 10000,
    HANG_MS = 6000, /* beside the waits for first bytes no transaction and no opening takes longer, unless it hangs */
};

struct line {
    struct drive drive; /* the thread's alone once it runs, like port and reply */
    struct port_keeper port;
    struct wire_reply reply;

    struct line_box box;
    line_event_fn *event;
    void *context;
    pthread_t thread;
    bool running;
    _Atomic int64_t busy_us; /* monotonic time since when it is busy; 0: it waits */
    bool abandoned;          /* guarded by telling: nobody listens any more, and the thread frees the line */
    pthread_mutex_t telling; /* held while an event is told */
};

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

static void free_line(struct line *line)
{
    port_keeper_close(&line->port);
    drive_free(&line->drive);
    line_box_destroy(&line->box);
    pthread_mutex_destroy(&line->telling);
    free(line);
}

struct line *line_create(const struct line_settings *settings, const struct terminal_settings *terminals, size_t n,
                         uint16_t recorded_token, line_event_fn *event, void *context, struct error *error)
{
    struct line *line = calloc(1, sizeof *line);
    if (!line) {
        error_set(error, ERROR_NO_MEMORY, "line %s: no memory", settings->id);
        return NULL;
    }
    line->event = event;
    line->context = context;
    pthread_mutex_init(&line->telling, NULL);
    port_keeper_init(&line->port, &line->drive, &line->box);
    if (!line_box_init(&line->box, error) ||
        !drive_init(&line->drive, settings, terminals, n, recorded_token, tell, line, error)) {
        free_line(line);
        return NULL;
    }
    for (size_t i = 0; i < n; i++)
        line_box_show_health(&line->box, &line->drive.terminals[i]);
    return line;
}

/* ---- the thread ---- */

/* Sleeps until the time has come, a command is there (the end is one), something came from a gateway, or the port is gone. In
 * the short silence between two frames a serial port is not asked, for asking costs as much as a frame: the next one will tell.
 */
static void wait_for(struct line *line, struct mono until)
{
    struct wire *wire = line->port.wire;
    bool serial = line->drive.settings.kind == LINE_RTU;
    int64_t left = mono_since(until, mono_now());
    if (left < 0)
        left = 0;
    bool brief = serial && left < BRIEF_US;
    struct pollfd fds[2] = {{.fd = line->box.wake, .events = POLLIN},
                            {.fd = wire && !brief ? wire_descriptor(wire) : -1, .events = serial ? 0 : POLLIN}};
    ask_box_note(&line->box.asks, &line->drive);
    struct timespec timeout = {.tv_sec = left / 1000000, .tv_nsec = left % 1000000 * 1000};
    bool forever = until.us == INT64_MAX;
    int n = ppoll(fds, 2, forever ? NULL : &timeout, NULL);
    struct error error = {.code = ERROR_NONE};
    if (n > 0 && fds[1].revents & (POLLHUP | POLLERR | POLLNVAL))
        error_set(&error, ERROR_DISCONNECTED, "hung up");
    else if (wire && !serial && wire_rest(wire, &error))
        line_box_count(&line->box, wire, CLASS_NONE);
    if (error.code != ERROR_NONE)
        port_keeper_lose(&line->port, &error);
}

/* What ends the wait for this reply; the end of the line always does. Each bell is rung by it. */
static int interrupt_of(const struct line *line, const struct drive_step *step, bool ending)
{
    switch (arbiter_yield(&step->plan, line->drive.world.ceiling_us)) {
    case YIELD_ANY: return line->box.wake;
    case YIELD_TARGET: return line->box.command;
    case YIELD_NOT: break;
    }
    return ending ? -1 : line->box.closing;
}

static void transact(struct line *line, const struct drive_step *step, bool ending)
{
    struct wire *wire = line->port.wire;
    wire_transact(wire, &step->plan.request, step->plan.first_byte_us, interrupt_of(line, step, ending), &line->reply);
    struct mono now = mono_now();
    bool lost = line->reply.outcome == WIRE_LOST;
    if (line->reply.outcome == WIRE_ANSWERED || line->reply.outcome == WIRE_EXCEPTION)
        line->port.answered = line->reply.received;
    line_box_count(&line->box, wire, lost ? CLASS_NONE : step->plan.class);
    drive_done(&line->drive, step, &line->reply, now);
    ask_box_note(&line->box.asks, &line->drive);
    if (step->frame == FRAME_TERMINAL)
        line_box_show_health(&line->box, &line->drive.terminals[step->index]);
    if (lost)
        port_keeper_lose(&line->port, &line->reply.error);
}

/* At its end the line lives on while it has something to stop, and time and a port for it. */
static bool goes_on(const struct line *line, struct mono end_by)
{
    bool ending = end_by.us != INT64_MAX;
    return !ending || (mono_before(mono_now(), end_by) && line->port.wire && !drive_is_settled(&line->drive));
}

static void serve(struct line *line)
{
    while (!is_abandoned(line)) {
        struct mono end_by = line_box_take(&line->box, &line->drive, mono_now());
        if (!goes_on(line, end_by))
            return;
        bool ending = end_by.us != INT64_MAX;
        line->busy_us = mono_now().us;
        struct mono look_again = port_keeper_open(&line->port), until = look_again;
        struct mono now = mono_now();
        if (line->port.wire) {
            struct drive_step step;
            struct mono free_at = wire_free_at(line->port.wire);
            until = free_at;
            /* While the wire must be quiet nothing is chosen: a command that comes meanwhile may be more urgent. */
            if (!mono_before(now, free_at) && drive_next(&line->drive, now, &step, &until)) {
                transact(line, &step, ending);
                continue;
            }
            until = mono_earlier(mono_earlier(until, look_again), wire_rest_at(line->port.wire));
        }
        line->busy_us = 0;
        wait_for(line, mono_earlier(until, end_by));
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
    int code = start_thread(line);
    if (code != 0)
        return error_set(error, ERROR_INTERNAL, "line %s: no thread: %s", line->drive.settings.id, strerror(code));
    line->running = true;
    return true;
}

/* ---- in and out ---- */

void line_set_target(struct line *line, const struct line_target *target)
{
    line_box_put_target(&line->box, target);
}

void line_set_verify(struct line *line, const uint16_t *terminals, size_t n)
{
    line_box_put_verify(&line->box, terminals, n);
}

bool line_ask(struct line *line, uint32_t request, uint16_t terminal, uint32_t within_ms)
{
    struct mono now = mono_now();
    struct drive_ask ask = {.request = request, .terminal = terminal, .asked = now, .by = mono_plus_ms(now, within_ms)};
    return line_box_put_ask(&line->box, &ask);
}

void line_withdraw(struct line *line, uint32_t request)
{
    line_box_withdraw(&line->box, request);
}

void line_give_socket(struct line *line, int socket)
{
    line_box_put_socket(&line->box, socket, mono_now());
}

void line_get_counts(struct line *line, struct line_counts *counts)
{
    line_box_get_counts(&line->box, counts);
}

void line_get_health(struct line *line, uint16_t terminal, struct terminal_health *health)
{
    line_box_get_health(&line->box, terminal, health);
}

/* ---- hanging, and the end ---- */

/* A transaction waits for a first byte and the rest of a reply, an opening for a connection. */
static int64_t hang_ms(const struct line *line)
{
    return HANG_MS + 2 * (int64_t)line->drive.settings.first_byte_ms;
}

struct mono line_hangs_since(struct line *line)
{
    struct mono since = {line->busy_us};
    bool may_hang = line->drive.settings.kind == LINE_RTU && since.us != 0;
    return may_hang && mono_since(mono_now(), since) > hang_ms(line) * 1000 ? since : (struct mono){0};
}

static void abandon(struct line *line)
{
    pthread_mutex_lock(&line->telling);
    line->abandoned = true;
    pthread_detach(line->thread);
    line_box_ring(&line->box); /* should it come back, it waits for nobody's answer */
    pthread_mutex_unlock(&line->telling);
}

/* Like any loss: its return is told, and till then it is known to be down. */
static void tell_hang(struct line *rebuilt)
{
    struct error hang = {.code = ERROR_NONE};
    error_set(&hang, ERROR_IO, "line %s: its driver hangs; the line is built anew", rebuilt->drive.settings.id);
    drive_port_down(&rebuilt->drive, &hang, mono_now());
    rebuilt->port.down_told = true;
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
    uint16_t token = line->box.target.token ? line->box.target.token : line->drive.world.recorded_token;
    struct line *other = line_create(&line->drive.settings, terminals, n, token, line->event, line->context, error);
    free(terminals);
    if (!other)
        return NULL;
    line_box_inherit(&other->box, &line->box);
    tell_hang(other);
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
        line_box_put_end(&line->box, mono_plus_ms(mono_now(), grace_ms));
        if (!join(line, grace_ms)) {
            abandon(line);
            return;
        }
    }
    free_line(line);
}
