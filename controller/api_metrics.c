/* GET /metrics: what there is to count, family by family, each in the order of the configuration. */
#include "controller/api_intern.h"
#include "controller/clock.h"
#include "controller/dispatcher.h"
#include "controller/metrics.h"
#include "controller/version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* All of it at one moment. */
struct picture {
    const struct api *api;
    const struct config *config;
    struct moment now;
    struct metrics metrics;
    struct line_view *lines;
    struct terminal_view *terminals;
};

static void plain(struct picture *picture, const char *name, const char *type, const char *help, double value)
{
    metrics_family(&picture->metrics, name, type, help);
    metrics_sample(&picture->metrics, NULL, 0, value);
}

/* ---- lines ---- */

static double seconds(uint64_t us)
{
    return (double)us / 1e6;
}

static double line_number(const struct line_view *view, int which)
{
    const struct line_counts *n = &view->counts;
    switch (which) {
    case 0: return view->up;
    case 1: return (double)n->replies;
    case 2: return (double)n->timeouts;
    case 3: return (double)n->damaged;
    case 4: return (double)n->exceptions;
    case 5: return (double)n->strays;
    case 6: return (double)n->heartbeats;
    case 7: return (double)n->reopened;
    case 8: return seconds(n->busy_us);
    default: return seconds(n->occupied_us);
    }
}

static void tell_line_numbers(struct picture *picture)
{
    static const struct {
        const char *name, *type, *help;
    } OF[] = {
        {"tocsin_line_up", "gauge", "Whether the port or connection of the line is open."},
        {"tocsin_line_replies_total", "counter", "Good answers."},
        {"tocsin_line_timeouts_total", "counter", "Requests that nobody answered in time."},
        {"tocsin_line_damaged_total", "counter", "Answers that were damaged or not whole in time."},
        {"tocsin_line_exceptions_total", "counter", "Answers that refused the request."},
        {"tocsin_line_strays_total", "counter", "Bytes or frames that nobody had asked for."},
        {"tocsin_line_heartbeats_total", "counter", "Heartbeats of the gateway."},
        {"tocsin_line_reopened_total", "counter", "Times that the port or connection came back."},
        {"tocsin_line_busy_seconds_total", "counter", "Time in which bytes were on the wire."},
        {"tocsin_line_occupied_seconds_total", "counter", "The same with silences, turnarounds and waits for answers."},
    };
    for (size_t f = 0; f < sizeof OF / sizeof *OF; f++) {
        metrics_family(&picture->metrics, OF[f].name, OF[f].type, OF[f].help);
        for (size_t l = 0; l < picture->config->n_lines; l++) {
            const struct metrics_label labels[] = {{"line", picture->config->lines[l].hardware.id}};
            metrics_sample(&picture->metrics, labels, 1, line_number(&picture->lines[l], (int)f));
        }
    }
}

static void tell_lines(struct picture *picture)
{
    const struct config *config = picture->config;
    tell_line_numbers(picture);
    metrics_family(&picture->metrics, "tocsin_line_requests_total", "counter", "Requests by what they were for.");
    for (size_t l = 0; l < config->n_lines; l++)
        for (int c = 0; c < TERMINAL_CLASSES; c++) {
            const struct metrics_label labels[] = {{"line", config->lines[l].hardware.id},
                                                   {"class", terminal_class_name((enum terminal_class)c)}};
            metrics_sample(&picture->metrics, labels, 2, (double)picture->lines[l].counts.class_requests[c]);
        }
    metrics_family(&picture->metrics, "tocsin_terminals", "gauge", "Terminals of the line by state.");
    for (size_t l = 0; l < config->n_lines; l++)
        for (int s = 0; s < HEALTH_STATES; s++) {
            const struct metrics_label labels[] = {{"line", config->lines[l].hardware.id},
                                                   {"state", health_state_name((enum health_state)s)}};
            metrics_sample(&picture->metrics, labels, 2, (double)picture->lines[l].states[s]);
        }
}

/* ---- terminals ---- */

static void terminal_sample(struct picture *picture, size_t terminal, const char *more, const char *value, double number)
{
    const struct config_terminal *settings = &picture->config->terminals[terminal];
    const struct metrics_label labels[] = {
        {"terminal", settings->hardware.id}, {"line", picture->config->lines[settings->line].hardware.id}, {more, value}};
    metrics_sample(&picture->metrics, labels, more ? 3 : 2, number);
}

static void tell_terminal_states(struct picture *picture)
{
    struct metrics *metrics = &picture->metrics;
    size_t n = picture->config->n_terminals;
    metrics_family(metrics, "tocsin_terminal_state", "gauge", "0 good, 1 degraded, 2 dead, 3 unknown.");
    for (size_t t = 0; t < n; t++)
        terminal_sample(picture, t, NULL, NULL, picture->terminals[t].verdict.state);
    metrics_family(metrics, "tocsin_terminal_last_seen_seconds", "gauge",
                   "Time since its last answer; none: it never answered.");
    for (size_t t = 0; t < n; t++)
        if (picture->terminals[t].last_seen.us != 0)
            terminal_sample(picture, t, NULL, NULL,
                            (double)mono_since(picture->now.mono, picture->terminals[t].last_seen) / 1e6);
    metrics_family(metrics, "tocsin_terminal_answer_seconds", "gauge", "Learnt time from a request to its answer.");
    for (size_t t = 0; t < n; t++)
        if (picture->terminals[t].seen.answer_us > 0)
            terminal_sample(picture, t, NULL, NULL, (double)picture->terminals[t].seen.answer_us / 1e6);
}

static uint64_t error_count(const struct terminal_health *seen, size_t kind)
{
    const uint64_t of[] = {seen->timeouts, seen->damaged, seen->exceptions, seen->foreign, seen->doubled};
    return of[kind];
}

static void tell_terminal_counts(struct picture *picture)
{
    static const char *const KINDS[] = {"timeout", "damaged", "exception", "foreign", "doubled"};
    struct metrics *metrics = &picture->metrics;
    size_t n = picture->config->n_terminals;
    metrics_family(metrics, "tocsin_terminal_requests_total", "counter", "Requests to it alone.");
    for (size_t t = 0; t < n; t++)
        terminal_sample(picture, t, NULL, NULL, (double)picture->terminals[t].seen.requests);
    metrics_family(metrics, "tocsin_terminal_errors_total", "counter", "What came instead of a good answer, by kind.");
    for (size_t t = 0; t < n; t++)
        for (size_t k = 0; k < sizeof KINDS / sizeof *KINDS; k++)
            terminal_sample(picture, t, "kind", KINDS[k], (double)error_count(&picture->terminals[t].seen, k));
}

static void tell_terminal_readings(struct picture *picture)
{
    metrics_family(&picture->metrics, "tocsin_terminal_reading", "gauge", "The last value of each field of its status.");
    for (size_t t = 0; t < picture->config->n_terminals; t++) {
        const struct config_terminal *settings = &picture->config->terminals[t];
        const struct profile *profile = settings->hardware.profile;
        const struct terminal_reading *reading = picture->terminals[t].reading;
        for (size_t f = 0; reading && f < profile->n_fields; f++) {
            const struct metrics_label labels[] = {{"terminal", settings->hardware.id},
                                                   {"line", picture->config->lines[settings->line].hardware.id},
                                                   {"field", profile->fields[f].name},
                                                   {"unit", profile->fields[f].unit}};
            if (reading->values.valid >> f & 1)
                metrics_sample(&picture->metrics, labels, 4, reading->values.value[f]);
        }
    }
}

/* ---- alerts and the daemon ---- */

static void tell_alerts(struct picture *picture)
{
    struct desk_tally tally;
    desk_count(picture->api->desk, &tally);
    metrics_family(&picture->metrics, "tocsin_alerts", "gauge", "Alerts that have not ended, by state.");
    for (int s = 0; s < ALERT_FINISHED; s++) {
        const struct metrics_label labels[] = {{"state", alert_state_name((enum alert_state)s)}};
        metrics_sample(&picture->metrics, labels, 1, (double)tally.alerts[s]);
    }
    metrics_family(&picture->metrics, "tocsin_deliveries_ended_total", "counter", "Deliveries that ended, by end and reason.");
    for (int e = END_HEARD; e < END_COUNT; e++)
        for (int r = 0; r < REASON_COUNT; r++) {
            const struct metrics_label labels[] = {{"end", delivery_end_name((enum delivery_end)e)},
                                                   {"reason", delivery_reason_name((enum delivery_reason)r)}};
            if (tally.ends[e][r] > 0)
                metrics_sample(&picture->metrics, labels, 2, (double)tally.ends[e][r]);
        }
}

static void tell_channels(struct picture *picture)
{
    json_t *channels = desk_channels_json(picture->api->desk);
    const json_t *channel;
    size_t i;
    metrics_family(&picture->metrics, "tocsin_channel_output_up", "gauge", "Whether the sound output of the channel is there.");
    json_array_foreach(channels, i, channel)
    {
        const struct metrics_label labels[] = {{"channel", json_string_value(json_object_get(channel, "id"))}};
        bool lost = strcmp(json_string_value(json_object_get(channel, "state")), "lost") == 0;
        metrics_sample(&picture->metrics, labels, 1, !lost);
    }
    json_decref(channels);
}

/* Resident memory in bytes (proc(5), statm). */
static double resident_bytes(void)
{
    char text[128] = "";
    FILE *file = fopen("/proc/self/statm", "re");
    if (file && !fgets(text, sizeof text, file))
        text[0] = '\0';
    if (file)
        fclose(file);
    const char *resident = strchr(text, ' '); /* behind the size of all */
    long pages = resident ? strtol(resident, NULL, 10) : 0;
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static void tell_daemon(struct picture *picture)
{
    struct error error;
    struct rusage used = {0};
    char why[DESK_WHY_SIZE];
    getrusage(RUSAGE_SELF, &used);
    metrics_family(&picture->metrics, "tocsin_build_info", "gauge", "The version of the daemon; always 1.");
    metrics_sample(&picture->metrics, &(struct metrics_label){"version", TOCSIN_VERSION}, 1, 1);
    plain(picture, "tocsin_healthy", "gauge", "Whether /healthz says ok.", desk_healthy(picture->api->desk, why));
    plain(picture, "tocsin_store_up", "gauge", "Whether what happens can be stored.",
          !store_in_trouble(picture->api->store, &error));
    plain(picture, "tocsin_clock_trusted", "gauge", "Whether the wall clock can be believed.", clock_trusted());
    plain(picture, "process_cpu_seconds_total", "counter", "Processor time of the daemon.",
          (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
              (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
    plain(picture, "process_resident_memory_bytes", "gauge", "Resident memory of the daemon.", resident_bytes());
    plain(picture, "process_start_time_seconds", "gauge", "When the daemon began, in seconds since 1970.",
          (double)picture->api->started.ms / 1000);
}

static bool take(struct picture *picture)
{
    const struct site *site = desk_site(picture->api->desk);
    const struct config *config = picture->config;
    picture->lines = calloc(config->n_lines + 1, sizeof *picture->lines);
    picture->terminals = calloc(config->n_terminals + 1, sizeof *picture->terminals);
    if (!picture->lines || !picture->terminals)
        return false;
    for (uint32_t l = 0; l < config->n_lines; l++)
        site_view_line(site, l, picture->now.mono, &picture->lines[l]);
    for (uint32_t t = 0; t < config->n_terminals; t++)
        site_view_terminal(site, t, picture->now.mono, &picture->terminals[t]);
    return true;
}

static void tell_all(struct picture *picture)
{
    tell_daemon(picture);
    tell_channels(picture);
    tell_alerts(picture);
    tell_lines(picture);
    tell_terminal_states(picture);
    tell_terminal_counts(picture);
    tell_terminal_readings(picture);
}

void api_get_metrics(void *context, struct http_request *request)
{
    const struct api *api = context;
    struct picture picture = {.api = api, .config = api->config, .now = clock_read()};
    bool whole = take(&picture);
    if (whole)
        tell_all(&picture);
    if (whole && !picture.metrics.lost)
        http_reply_text(request, 200, METRICS_MEDIA_TYPE, (struct slice){picture.metrics.text, picture.metrics.used});
    else
        http_reply_problem(request, 503, "no_memory", "out of memory; try again");
    metrics_free(&picture.metrics);
    free(picture.lines);
    free(picture.terminals);
}
