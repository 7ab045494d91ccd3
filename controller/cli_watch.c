/* tocsin alert watch: subscribes, then asks for what is so now, so that no change is lost between the two; reconnects when
 * the stream breaks. */
#include "controller/cli_watch.h"

#include "codecs/monotonic.h"
#include "codecs/rfc3339.h"
#include "controller/cli_client.h"
#include "controller/cli_outcome.h"
#include "controller/cli_report.h"
#include "controller/cli_sse.h"
#include "controller/cli_table.h"
#include "controller/cli_view.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

enum {
    REDRAW_US = 100000,
    ANSWER_US = 10000000, /* for the stream's headers */
    QUIET_US = 60000000,  /* no byte, not even a heartbeat: the stream is taken for dead */
    TICK_MS = 250,
    RETRY_MS = 500,
};

struct watch {
    struct cli *cli;
    const char *id;
    struct view view;
    struct sse *sse;
    bool live, colour;
    size_t drawn; /* lines that the last picture has */
    bool dirty;
    struct mono redrawn;
    struct mono heard_of; /* last byte or answer from the daemon */
    bool stale;           /* what we know must be fetched anew */
    int interrupt;        /* signalfd of SIGINT and SIGTERM */
};

static bool is_final(const struct watch *watch)
{
    /* a stop is told at once, and its terminals end after it */
    return outcome_is_final(cli_text(watch->view.alert, "state")) && outcome_all_ended(watch->view.deliveries);
}

/* The time of day at the site, as the daemon writes the alert's own times; of this machine before the first of them. */
static void now_text(const struct watch *watch, char text[16])
{
    const char *received = cli_text(watch->view.alert, "received");
    time_t now = time(NULL);
    struct tm day;
    struct wall unused;
    int offset_minutes;
    if (rfc3339_parse(slice_of(received), &unused, &offset_minutes, NULL)) {
        now += (time_t)offset_minutes * 60;
        gmtime_r(&now, &day);
    } else {
        localtime_r(&now, &day);
    }
    strftime(text, 16, "%H:%M:%S", &day);
}

/* A change as a line (pipe), as an object per line (--json), or as a reason to draw (terminal). */
static void show(struct watch *watch, const char *type, const json_t *data, const json_t *before)
{
    char time[16];
    watch->dirty = true;
    if (watch->cli->options.json) {
        json_t *event = json_pack("{s:s, s:O}", "type", type, "data", data);
        json_dumpf(event, watch->cli->out, JSON_COMPACT | JSON_REAL_PRECISION(15));
        fputc('\n', watch->cli->out);
        json_decref(event);
    } else if (!watch->live) {
        now_text(watch, time);
        view_line(time, type, data, before, watch->cli->out);
    }
    if (!watch->live)
        fflush(watch->cli->out);
}

static void take_alert(struct watch *watch, json_t *alert)
{
    json_t *before = watch->view.alert;
    watch->view.alert = json_incref(alert);
    show(watch, "alert", alert, before);
    json_decref(before);
}

/* Keeps by name and shows; an end that is known is never undone by an older event. */
static void take_delivery(struct watch *watch, json_t *delivery)
{
    const char *terminal = cli_text(delivery, "terminal");
    const json_t *before = json_object_get(watch->view.deliveries, terminal);
    if (*cli_text(before, "end") && !*cli_text(delivery, "end"))
        return;
    show(watch, "delivery", delivery, before);
    json_object_set(watch->view.deliveries, terminal, delivery);
}

static void take_event(void *context, const struct sse_event *event)
{
    struct watch *watch = context;
    if (strcmp(event->type, "reset") == 0)
        watch->stale = true;
    if (watch->stale) /* what it says is in the answer that will be asked for now */
        return;
    json_t *data = json_loads(event->data, JSON_REJECT_DUPLICATES, NULL);
    bool ours = strcmp(cli_text(data, "alert"), watch->id) == 0;
    if (strcmp(event->type, "alert") == 0 && strcmp(cli_text(data, "id"), watch->id) == 0) {
        take_alert(watch, data);
    } else if (strcmp(event->type, "delivery") == 0 && ours) {
        take_delivery(watch, data);
    } else if (strcmp(event->type, "programme") == 0 && ours) {
        show(watch, "programme", data, NULL);
        json_object_set(watch->view.programmes, cli_text(data, "channel"), data);
    } else if (strcmp(event->type, "alarm") == 0) {
        snprintf(watch->view.alarm, sizeof watch->view.alarm, "%.80s: %.160s", cli_text(data, "what"),
                 cli_text(data, "detail"));
        show(watch, "alarm", data, NULL);
    }
    json_decref(data);
}

static bool take_bytes(void *context, struct slice bytes)
{
    struct watch *watch = context;
    watch->heard_of = mono_now();
    return sse_feed(watch->sse, bytes);
}

/* Asks for the alert first: if it is final then, the deliveries that follow are too. */
static bool fetch(struct watch *watch, enum cli_exit *exit)
{
    json_t *alert, *deliveries, *delivery;
    size_t i;
    if (!report_fetch(watch->cli, watch->id, &alert, &deliveries, exit))
        return false;
    watch->heard_of = mono_now();
    watch->stale = false;
    take_alert(watch, alert);
    json_array_foreach(deliveries, i, delivery)
    {
        take_delivery(watch, delivery);
    }
    json_decref(alert);
    json_decref(deliveries);
    return true;
}

static struct view_size screen_size(const struct watch *watch)
{
    struct winsize size = {0};
    if (ioctl(fileno(watch->cli->out), TIOCGWINSZ, &size) != 0 || size.ws_col < 20 || size.ws_row < 5)
        size = (struct winsize){.ws_col = 80, .ws_row = 24};
    return (struct view_size){size.ws_col, size.ws_row, watch->colour};
}

/* Draws over the last picture: lines are written, then cleared to their end, so that nothing flickers. */
static void redraw(struct watch *watch, bool at_once)
{
    struct mono now = mono_now();
    if (!watch->live || !watch->dirty || !watch->view.alert || (!at_once && mono_since(now, watch->redrawn) < REDRAW_US))
        return;
    FILE *out = watch->cli->out;
    struct view_size size = screen_size(watch);
    if (watch->drawn > 0)
        fprintf(out, "\033[%zuA", watch->drawn < size.rows ? watch->drawn : size.rows - 1);
    fputs("\r\033[J", out);
    watch->drawn = view_draw(&watch->view, &size, out);
    fflush(out);
    watch->dirty = false;
    watch->redrawn = now;
}

/* True when Ctrl-C or SIGTERM came; waits for it at most ms. Takes the signal, so that it does not end us later. */
static bool interrupted(const struct watch *watch, int ms)
{
    struct pollfd wait = {.fd = watch->interrupt, .events = POLLIN};
    struct signalfd_siginfo which;
    return poll(&wait, 1, ms) > 0 && read(watch->interrupt, &which, sizeof which) == sizeof which;
}

enum step { STEP_ON, STEP_BROKEN, STEP_END };

/* Judges a stream that has just been waited for. */
static enum step after_wait(struct watch *watch, enum client_stream_state state, long status, struct mono opened,
                            struct error *error, enum cli_exit *exit)
{
    if (state == STREAM_CLOSED && status >= 400 && status < 500) {
        fprintf(watch->cli->err, "tocsin: %s\n", error->message);
        fetch(watch, exit); /* tells the daemon's own reason where it has the same one here */
        *exit = CLI_REFUSED;
        return STEP_END;
    }
    if (state == STREAM_CLOSED)
        return STEP_BROKEN;
    struct mono now = mono_now();
    if (state == STREAM_OPENING && mono_since(now, opened) > ANSWER_US) {
        error_set(error, ERROR_TIMEOUT, "no answer within %d s", ANSWER_US / 1000000);
        return STEP_BROKEN;
    }
    if (state == STREAM_OPEN && watch->stale && !fetch(watch, exit))
        return *exit == CLI_UNREACHABLE ? STEP_BROKEN : STEP_END;
    if (state == STREAM_OPEN && mono_since(now, watch->heard_of) > QUIET_US && mono_since(now, opened) > QUIET_US)
        return STEP_BROKEN;
    redraw(watch, false);
    return is_final(watch) ? STEP_END : STEP_ON;
}

/* One connection, until it breaks (STEP_BROKEN, with the reason) or the watch is over. */
static enum step follow(struct watch *watch, struct error *error, enum cli_exit *exit)
{
    const char *last = sse_last_id(watch->sse);
    struct client_stream *stream = client_stream_open(watch->cli->client, "/v1/events", last, take_bytes, watch, error);
    if (!stream)
        return STEP_BROKEN;
    sse_restart(watch->sse);
    watch->stale = watch->stale || !*last || !watch->view.alert; /* without an id nothing is sent after */
    struct mono opened = mono_now();
    enum step step = STEP_ON;
    while (step == STEP_ON) {
        long status = 0;
        enum client_stream_state state = client_stream_wait(stream, watch->interrupt, TICK_MS, &status, error);
        step = after_wait(watch, state, status, opened, error, exit);
        if (step == STEP_ON && (interrupted(watch, 0) || ferror(watch->cli->out)))
            step = STEP_END;
    }
    client_stream_close(stream);
    return step;
}

/* Connects again and again until the watch is over. CLI_REACHED: is_final says whether the end was seen. */
static enum cli_exit follow_all(struct watch *watch)
{
    enum cli_exit exit = CLI_REACHED;
    struct error error = {0};
    bool broken = false;
    watch->heard_of = mono_now();
    while (follow(watch, &error, &exit) == STEP_BROKEN) {
        bool never = !watch->view.alert;
        exit = CLI_REACHED;
        if (never || mono_since(mono_now(), watch->heard_of) > (int64_t)watch->cli->setup->patience_ms * 1000)
            return cli_unreachable(watch->cli, &error);
        if (!broken && !watch->live)
            fprintf(watch->cli->err, "tocsin: lost the daemon (%s); trying again\n", error.message);
        broken = true;
        if (interrupted(watch, RETRY_MS))
            break;
    }
    return exit;
}

static enum cli_exit conclude(struct watch *watch)
{
    enum cli_exit exit;
    json_t *alert, *deliveries;
    struct cli *cli = watch->cli;
    redraw(watch, true);
    if (!is_final(watch)) {
        fprintf(cli->err,
                "\nNo longer watching; the alert goes on. See it again:  tocsin alert watch %s\n"
                "Silence it:  tocsin alert stop %s --reason TEXT\n",
                watch->id, watch->id);
        return CLI_NOT_REACHED;
    }
    if (!report_fetch(cli, watch->id, &alert, &deliveries, &exit))
        return exit;
    if (cli->options.json) {
        json_t *report = json_pack("{s:s, s:{s:O, s:O}}", "type", "report", "data", "alert", alert, "deliveries", deliveries);
        json_dumpf(report, cli->out, JSON_COMPACT | JSON_REAL_PRECISION(15));
        fputc('\n', cli->out);
        json_decref(report);
    } else {
        fputc('\n', cli->out);
        report_coverage(cli->out, json_object_get(alert, "coverage"));
        report_deliveries(cli->out, alert, deliveries);
    }
    exit = outcome_exit(alert, deliveries);
    json_decref(alert);
    json_decref(deliveries);
    return exit;
}

enum cli_exit watch_alert(struct cli *cli, const char *id)
{
    sigset_t signals, before;
    const char *no_colour = getenv("NO_COLOR");
    int out = fileno(cli->out);
    struct watch watch = {.cli = cli, .id = id, .stale = true};
    watch.live = !cli->options.json && out >= 0 && isatty(out);
    watch.colour = watch.live && !(no_colour && *no_colour);
    watch.view.deliveries = json_object();
    watch.view.programmes = json_object();
    watch.sse = sse_create(take_event, &watch);
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, &before);
    watch.interrupt = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    enum cli_exit exit = CLI_REFUSED;
    if (!watch.sse || !watch.view.deliveries || !watch.view.programmes || watch.interrupt < 0)
        fputs("tocsin: no memory to watch\n", cli->err);
    else if ((exit = follow_all(&watch)) == CLI_REACHED)
        exit = conclude(&watch);
    if (watch.interrupt >= 0)
        close(watch.interrupt);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    sse_free(watch.sse);
    json_decref(watch.view.alert);
    json_decref(watch.view.deliveries);
    json_decref(watch.view.programmes);
    return exit;
}

enum cli_exit cli_alert_watch(struct cli *cli)
{
    return watch_alert(cli, cli->argument);
}
