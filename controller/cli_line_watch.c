/* tocsin line watch: asks for the lines at an interval; drawn in place on a terminal, a block after the other in a pipe, an
 * object per line with --json. */
#include "controller/cli_line_watch.h"

#include "codecs/monotonic.h"
#include "controller/cli_table.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

/* ---- the table ---- */

static const json_t *find(const json_t *lines, const char *id)
{
    size_t i;
    const json_t *line;
    json_array_foreach(lines, i, line)
    {
        if (strcmp(cli_text(line, "id"), id) == 0)
            return line;
    }
    return NULL;
}

/* A counter that begins anew with the daemon counts from 0. */
static long more(const json_t *now, const json_t *before, const char *key)
{
    long from = before ? cli_integer(before, key) : 0, to = cli_integer(now, key);
    return to >= from ? to - from : to;
}

static void rate_text(const json_t *line, const json_t *before, const char *key, double seconds, char text[16])
{
    text[0] = '\0';
    if (before && seconds > 0)
        snprintf(text, 16, "%.1f", (double)more(line, before, key) / seconds);
}

/* What the requests since the last look were for, as "verify 31, poll 2". */
static void classes_text(const json_t *line, const json_t *before, char *text, size_t size)
{
    json_t *classes = json_object_get(line, "classes"), *n;
    const json_t *earlier = json_object_get(before, "classes");
    const char *name;
    text[0] = '\0';
    if (!before)
        return;
    json_object_foreach(classes, name, n)
    {
        long since = more(classes, earlier, name);
        size_t used = strlen(text);
        if (since > 0)
            text_print(text + used, size - used, "%s%s %ld", used ? ", " : "", name, since);
    }
}

static void states_text(const json_t *line, char text[64])
{
    const json_t *states = json_object_get(line, "states");
    snprintf(text, 64, "%ld/%ld/%ld/%ld", cli_integer(states, "good"), cli_integer(states, "degraded"),
             cli_integer(states, "dead"), cli_integer(states, "unknown"));
}

static void add_line(struct table *table, const json_t *line, const json_t *before, double seconds)
{
    static const char *const KEYS[] = {"requests", "replies", "timeouts", "crc_errors"};
    char rates[4][16], use[24], states[64], classes[160];
    const json_t *occupied = json_object_get(json_object_get(line, "use_percent"), "occupied");
    for (size_t k = 0; k < 4; k++)
        rate_text(line, before, KEYS[k], seconds, rates[k]);
    snprintf(use, sizeof use, "%.1f", json_number_value(json_object_get(occupied, "10s")));
    states_text(line, states);
    classes_text(line, before, classes, sizeof classes);
    bool up = json_is_true(json_object_get(line, "up"));
    const char *cells[] = {cli_text(line, "id"),
                           up ? "up" : "DOWN",
                           use,
                           states,
                           rates[0],
                           rates[1],
                           rates[2],
                           rates[3],
                           up ? classes : cli_text(line, "error")};
    table_add(table, cells);
}

bool line_watch_print(const json_t *lines, const json_t *before, double seconds, FILE *out)
{
    static const char *const TITLES[] = {
        "line", "state", ">use %", ">good/degr/dead/unkn", ">asked/s", ">answered/s", ">silent/s", ">damaged/s", "for what"};
    struct table *table = table_create(TITLES, sizeof TITLES / sizeof *TITLES);
    size_t i;
    const json_t *line;
    if (!table)
        return false;
    json_array_foreach(lines, i, line)
    {
        add_line(table, line, find(before, cli_text(line, "id")), seconds);
    }
    bool whole = table_print(table, out);
    table_free(table);
    return whole;
}

/* ---- the watch ---- */

struct line_watch {
    struct cli *cli;
    int interval_ms;
    long count;            /* looks that are left; -1: no end */
    bool live;             /* drawn in place */
    size_t drawn;          /* lines of the last picture */
    json_t *before;        /* the last answer, */
    struct mono before_at; /* and when it came */
    int interrupt;         /* signalfd of SIGINT and SIGTERM */
};

/* All lines, or the one that was named, as an array. */
static json_t *look(const struct line_watch *watch, enum cli_exit *exit)
{
    if (watch->cli->argument) {
        json_t *line = cli_get(watch->cli, exit, "/v1/lines/", watch->cli->argument, "");
        return line ? json_pack("[o]", line) : NULL;
    }
    json_t *answer = cli_get(watch->cli, exit, "/v1/lines", "", "");
    json_t *lines = json_incref(json_object_get(answer, "lines"));
    json_decref(answer);
    return lines;
}

/* Cuts the picture to the screen, so that it can be drawn over. */
static void draw(struct line_watch *watch, char *text)
{
    FILE *out = watch->cli->out;
    struct winsize size = {0};
    if (ioctl(fileno(out), TIOCGWINSZ, &size) != 0 || size.ws_col < 20 || size.ws_row < 5)
        size = (struct winsize){.ws_col = 80, .ws_row = 24};
    if (watch->drawn > 0)
        fprintf(out, "\033[%zuA", watch->drawn);
    fputs("\r\033[J", out);
    watch->drawn = 0;
    for (char *line = strtok(text, "\n"); line && watch->drawn + 1 < size.ws_row; line = strtok(NULL, "\n")) {
        fprintf(out, "%.*s\n", (int)text_fit(line, size.ws_col), line);
        watch->drawn++;
    }
}

static void show_table(struct line_watch *watch, const json_t *lines, double seconds)
{
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    bool whole = memory && line_watch_print(lines, watch->before, seconds, memory);
    if (memory && fclose(memory) == 0 && watch->live) {
        draw(watch, text);
    } else if (text) {
        char time_of_day[16];
        time_t now = time(NULL);
        strftime(time_of_day, sizeof time_of_day, "%H:%M:%S", localtime(&now));
        fprintf(watch->cli->out, "%s\n%s\n", time_of_day, text);
    }
    if (!whole)
        fputs("tocsin: rows are missing: no memory\n", watch->cli->err);
    free(text);
}

static void show(struct line_watch *watch, json_t *lines)
{
    struct mono now = mono_now();
    size_t i;
    const json_t *line;
    if (watch->cli->options.json) {
        json_array_foreach(lines, i, line)
        {
            json_dumpf(line, watch->cli->out, JSON_COMPACT | JSON_REAL_PRECISION(15));
            fputc('\n', watch->cli->out);
        }
    } else {
        show_table(watch, lines, (double)mono_since(now, watch->before_at) / 1e6);
    }
    fflush(watch->cli->out);
    json_decref(watch->before);
    watch->before = lines;
    watch->before_at = now;
}

/* True when Ctrl-C or SIGTERM came within the interval. */
static bool interrupted(const struct line_watch *watch)
{
    struct pollfd wait = {.fd = watch->interrupt, .events = POLLIN};
    struct signalfd_siginfo which;
    return poll(&wait, 1, watch->interval_ms) > 0 && read(watch->interrupt, &which, sizeof which) == sizeof which;
}

static enum cli_exit run(struct line_watch *watch)
{
    enum cli_exit exit = CLI_REACHED;
    while (true) {
        json_t *lines = look(watch, &exit);
        if (!lines)
            return exit;
        show(watch, lines);
        if (watch->count > 0)
            watch->count--;
        if (watch->count == 0 || ferror(watch->cli->out) || interrupted(watch))
            return CLI_REACHED;
    }
}

/* A number of these characters within bounds; false, and told, for anything else. */
static bool read_number(const struct cli *cli, const char *option, const char *text, const char *of, double least, double most,
                        double *number)
{
    char *end = NULL;
    if (!text)
        return true;
    *number = strtod(text, &end);
    if (*end == '\0' && *number >= least && *number <= most && strspn(text, of) == strlen(text))
        return true;
    fprintf(cli->err, "tocsin: %s: a %snumber from %.10g to %.10g, not '%.20s'\n", option, strchr(of, '.') ? "" : "whole ",
            least, most, text);
    return false;
}

enum cli_exit cli_line_watch(struct cli *cli)
{
    double count = -1, interval = 1;
    sigset_t signals, before;
    if (!read_number(cli, "--count", cli->options.count, "0123456789", 1, 1e9, &count) ||
        !read_number(cli, "--interval", cli->options.interval, "0123456789.", 0.1, 3600, &interval))
        return CLI_REFUSED;
    struct line_watch watch = {.cli = cli, .count = (long)count, .interval_ms = (int)(interval * 1000)};
    int out = fileno(cli->out);
    watch.live = !cli->options.json && out >= 0 && isatty(out);
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, &before);
    watch.interrupt = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    enum cli_exit exit = CLI_REFUSED;
    if (watch.interrupt >= 0)
        exit = run(&watch);
    else
        fprintf(cli->err, "tocsin: cannot wait for signals: %s\n", strerror(errno));
    if (watch.interrupt >= 0)
        close(watch.interrupt);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    json_decref(watch.before);
    return exit;
}
