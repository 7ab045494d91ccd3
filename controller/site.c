/* Lines, playouts, and the health of terminals. */
#include "controller/site.h"

#include "codecs/monotonic.h"
#include "controller/alert.h"
#include "controller/clock.h"
#include "controller/log.h"
#include "controller/mailbox.h"
#include "hardware/call_in.h"
#include "hardware/wire_address.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LOST_AGAIN_S = 60 /* a terminal that comes and goes is logged as lost once in this time */ };

/* What a thread's event looks like on its way to the loop. */
struct line_letter {
    uint32_t line;
    struct line_event event;
};

struct playout_letter {
    uint32_t channel;
    struct playout_event event;
};

struct call_in_letter {
    bool trouble;
    char message[512];
};

/* Where a thread posts to. */
struct sender {
    struct mailbox *mailbox;
    uint32_t index;
};

struct health {
    bool read, dead;
    bool lost_told;       /* in the log, and its return not yet */
    struct mono lost_log; /* when it was */
    struct mono at;
    struct terminal_reading reading;
    char trouble[160];
};

struct site {
    const struct config *config;
    struct site_ports ports;
    struct mono created;
    struct mailbox *from_lines, *from_playouts, *from_call_in;
    struct sender *line_senders, *playout_senders;
    struct line **lines;
    struct call_in *call_in;
    struct playout **playouts;
    struct health *health;   /* per terminal of the configuration */
    char (*line_words)[256]; /* per line: how it is known when a transmission ends, or why it is down */
};

static void on_line_thread(void *context, const struct line_event *event)
{
    const struct sender *sender = context;
    struct line_letter letter = {sender->index, *event};
    mailbox_push(sender->mailbox, &letter);
}

static void on_playout_thread(void *context, const struct playout_event *event)
{
    const struct sender *sender = context;
    struct playout_letter letter = {sender->index, *event};
    mailbox_push(sender->mailbox, &letter);
}

static void on_call_in_thread(void *context, bool trouble, const char *message)
{
    struct site *site = context;
    struct call_in_letter letter = {.trouble = trouble};
    text_copy(letter.message, sizeof letter.message, message);
    mailbox_push(site->from_call_in, &letter);
}

static void deliver_call_in(void *context, const void *item)
{
    const struct call_in_letter *letter = item;
    (void)context;
    log_line(letter->trouble ? LOG_WARNING : LOG_NOTE, "%s", letter->message);
}

/* Each loss once, each return once, and one that comes and goes no more than once in a while. */
static void log_health(struct health *health, bool dead, const char *id, const char *why, struct mono at)
{
    bool lately = health->lost_log.us != 0 && mono_since(at, health->lost_log) < (int64_t)LOST_AGAIN_S * 1000000;
    if (dead && !health->dead && !lately) {
        log_line(LOG_WARNING, "terminal lost: %s", why);
        health->lost_told = true;
        health->lost_log = at;
    } else if (!dead && health->lost_told) {
        log_line(LOG_NOTE, "terminal back: %s", id);
        health->lost_told = false;
    }
}

static void note_health(struct site *site, uint32_t line, const struct line_event *event)
{
    if (event->kind == LINE_UP || event->kind == LINE_DOWN)
        text_copy(site->line_words[line], sizeof site->line_words[line], event->error.message);
    if (event->terminal >= site->config->lines[line].n_terminals)
        return;
    uint32_t index = site->config->lines[line].terminals[event->terminal];
    struct health *health = &site->health[index];
    bool dead = event->kind == LINE_TROUBLE && event->trouble == TROUBLE_NO_REPLY;
    if (dead || event->kind == LINE_READING)
        log_health(health, dead, site->config->terminals[index].hardware.id, event->error.message, event->at);
    if (event->kind == LINE_READING) {
        health->read = true;
        health->dead = false;
        health->at = event->reading.received;
        health->reading = event->reading;
        health->trouble[0] = '\0';
    } else if (event->kind == LINE_TROUBLE) {
        health->dead = dead;
        text_copy(health->trouble, sizeof health->trouble,
                  *event->error.message ? event->error.message : terminal_trouble_name(event->trouble));
    }
}

static void deliver_line(void *context, const void *item)
{
    struct site *site = context;
    const struct line_letter *letter = item;
    note_health(site, letter->line, &letter->event);
    site->ports.line_event(site->ports.context, letter->line, &letter->event);
}

static void deliver_playout(void *context, const void *item)
{
    struct site *site = context;
    const struct playout_letter *letter = item;
    site->ports.playout_event(site->ports.context, letter->channel, &letter->event);
}

static bool create_line(struct site *site, uint32_t index, uint16_t token, struct error *error)
{
    const struct config_line *line = &site->config->lines[index];
    struct terminal_settings *terminals = calloc(line->n_terminals + 1, sizeof *terminals);
    if (!terminals)
        return error_set(error, ERROR_NO_MEMORY, "line %s: out of memory", line->hardware.id);
    for (size_t i = 0; i < line->n_terminals; i++)
        terminals[i] = site->config->terminals[line->terminals[i]].hardware;
    site->line_senders[index] = (struct sender){site->from_lines, index};
    site->lines[index] =
        line_create(&line->hardware, terminals, line->n_terminals, token, on_line_thread, &site->line_senders[index], error);
    free(terminals);
    return site->lines[index] && line_start(site->lines[index], error);
}

static bool create_call_in(struct site *site, struct error *error)
{
    size_t n = site->config->n_lines;
    struct line_settings *settings = calloc(n + 1, sizeof *settings);
    if (!settings)
        return error_set(error, ERROR_NO_MEMORY, "out of memory for the site");
    for (size_t i = 0; i < n; i++)
        settings[i] = site->config->lines[i].hardware;
    site->call_in = call_in_start(site->lines, settings, n, on_call_in_thread, site, error);
    free(settings);
    return site->call_in != NULL;
}

static bool create_playout(struct site *site, uint32_t index, struct error *error)
{
    const struct config_channel *channel = &site->config->channels[index];
    site->playout_senders[index] = (struct sender){site->from_playouts, index};
    site->playouts[index] = playout_create(&channel->playout, on_playout_thread, &site->playout_senders[index], error);
    return site->playouts[index] != NULL;
}

static bool create_all(struct site *site, const uint16_t *tokens, struct uv_loop_s *loop, struct error *error)
{
    const struct config *config = site->config;
    site->line_senders = calloc(config->n_lines + 1, sizeof *site->line_senders);
    site->playout_senders = calloc(config->n_channels + 1, sizeof *site->playout_senders);
    site->lines = calloc(config->n_lines + 1, sizeof(struct line *));
    site->playouts = calloc(config->n_channels + 1, sizeof(struct playout *));
    site->health = calloc(config->n_terminals + 1, sizeof *site->health);
    site->line_words = calloc(config->n_lines + 1, sizeof *site->line_words);
    if (!site->line_senders || !site->playout_senders || !site->lines || !site->playouts || !site->health || !site->line_words)
        return error_set(error, ERROR_NO_MEMORY, "out of memory for the site");
    site->from_lines = mailbox_create(loop, sizeof(struct line_letter), deliver_line, site, error);
    site->from_playouts = mailbox_create(loop, sizeof(struct playout_letter), deliver_playout, site, error);
    site->from_call_in = mailbox_create(loop, sizeof(struct call_in_letter), deliver_call_in, site, error);
    if (!site->from_lines || !site->from_playouts || !site->from_call_in)
        return false;
    for (uint32_t i = 0; i < config->n_channels; i++)
        if (!create_playout(site, i, error))
            return false;
    for (uint32_t i = 0; i < config->n_lines; i++)
        if (!create_line(site, i, tokens[config->lines[i].channel], error))
            return false;
    return create_call_in(site, error);
}

struct site *site_create(const struct config *config, const uint16_t *tokens, const struct site_ports *ports,
                         struct uv_loop_s *loop, struct error *error)
{
    struct site *site = calloc(1, sizeof *site);
    if (!site) {
        error_set(error, ERROR_NO_MEMORY, "out of memory for the site");
        return NULL;
    }
    site->config = config;
    site->ports = *ports;
    site->created = mono_now();
    if (create_all(site, tokens, loop, error))
        return site;
    site_destroy(site, 0);
    return NULL;
}

struct line *const *site_lines(const struct site *site)
{
    return site->lines;
}

struct playout *site_playout(const struct site *site, uint32_t channel)
{
    return site->playouts[channel];
}

size_t site_lines_up(const struct site *site)
{
    size_t n = 0;
    for (size_t i = 0; i < site->config->n_lines; i++) {
        struct line_counts counts;
        line_get_counts(site->lines[i], &counts);
        n += counts.up;
    }
    return n;
}

static json_t *line_json(const struct site *site, size_t index)
{
    const struct config_line *line = &site->config->lines[index];
    struct line_counts counts;
    char place[LINE_PLACE_MAX];
    line_get_counts(site->lines[index], &counts);
    line_place(&line->hardware, place);
    double percent = 100.0 * (double)counts.busy_us / (double)(mono_since(mono_now(), site->created) + 1);
    return json_pack("{s:s, s:s, s:i, s:s, s:b, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f}", "id", line->hardware.id,
                     "device", place, "baud", line->hardware.baud, "channel", site->config->channels[line->channel].id, "up",
                     (int)counts.up, counts.up ? "method" : "error", site->line_words[index], "terminals",
                     (json_int_t)line->n_terminals, "requests", (json_int_t)counts.requests, "replies",
                     (json_int_t)counts.replies, "timeouts", (json_int_t)counts.timeouts, "crc_errors",
                     (json_int_t)counts.crc_errors, "exceptions", (json_int_t)counts.exceptions, "strays",
                     (json_int_t)counts.strays, "reopened", (json_int_t)counts.reopened, "wire_percent", percent);
}

json_t *site_lines_json(const struct site *site)
{
    json_t *list = json_array();
    for (size_t i = 0; i < site->config->n_lines; i++)
        json_array_append_new(list, line_json(site, i));
    return list;
}

static void set_health(json_t *object, const struct config *config, const struct profile *profile, const struct health *health)
{
    struct moment now = clock_read();
    int64_t age_us = mono_since(now.mono, health->at);
    json_t *when = json_object(), *values = json_object(), *units = json_object();
    for (int c = 0; c < WHEN_COUNT; c++)
        json_object_set_new(when, condition_name((enum condition_kind)c), json_string(truth_name(health->reading.when[c])));
    for (size_t i = 0; i < profile->n_fields; i++) {
        if (!(health->reading.values.valid >> i & 1))
            continue;
        json_object_set_new(values, profile->fields[i].name, json_real(health->reading.values.value[i]));
        if (*profile->fields[i].unit)
            json_object_set_new(units, profile->fields[i].name, json_string(profile->fields[i].unit));
    }
    json_object_set_new(object, "last_seen", json_time((struct wall){now.wall.ms - age_us / 1000}, config));
    json_object_set_new(object, "age", json_real((double)age_us / 1e6));
    json_object_set_new(object, "when", when);
    json_object_set_new(object, "values", values);
    json_object_set_new(object, "units", units);
}

static json_t *terminal_json(const struct site *site, size_t index)
{
    const struct config_terminal *terminal = &site->config->terminals[index];
    const struct health *health = &site->health[index];
    const struct config_line *line = &site->config->lines[terminal->line];
    json_t *codes = json_array();
    for (size_t i = 0; i < terminal->n_codes; i++)
        json_array_append_new(codes, json_string(terminal->codes[i].digits));
    bool fault = health->reading.when[WHEN_FAULT] == TRUTH_TRUE;
    struct line_counts counts;
    line_get_counts(site->lines[terminal->line], &counts);
    const char *state = !counts.up                  ? "unknown" /* whatever it was last: nobody can see it */
                        : health->dead              ? "dead"
                        : !health->read             ? "unknown"
                        : fault || *health->trouble ? "degraded"
                                                    : "good";
    const char *why = !counts.up ? "line down" : *health->trouble ? health->trouble : fault ? "it reports a fault" : "";
    json_t *object = json_pack("{s:s, s:s, s:s, s:i, s:s, s:s, s:o, s:b, s:s}", "id", terminal->hardware.id, "name",
                               terminal->name, "line", line->hardware.id, "unit", (int)terminal->hardware.unit, "profile",
                               terminal->hardware.profile->id, "channel", site->config->channels[line->channel].id, "codes",
                               codes, "maintenance", (int)terminal->maintenance, "state", state);
    if (*why)
        json_object_set_new(object, "why", json_string(why));
    if (health->read)
        set_health(object, site->config, terminal->hardware.profile, health);
    return object;
}

json_t *site_terminals_json(const struct site *site)
{
    json_t *list = json_array();
    for (size_t i = 0; i < site->config->n_terminals; i++)
        json_array_append_new(list, terminal_json(site, i));
    return list;
}

json_t *site_terminal_json(const struct site *site, const char *id)
{
    int index = config_find_terminal(site->config, id);
    return index < 0 ? NULL : terminal_json(site, (size_t)index);
}

struct ending {
    pthread_t thread;
    struct line *line;
    uint32_t grace_ms;
    bool running;
};

static void *end_line(void *context)
{
    struct ending *ending = context;
    line_destroy(ending->line, ending->grace_ms);
    return NULL;
}

/* All lines at once: each may need its grace to stop what is ours. */
static void destroy_lines(struct site *site, uint32_t grace_ms)
{
    size_t n = site->lines ? site->config->n_lines : 0;
    struct ending *endings = calloc(n + 1, sizeof *endings);
    for (size_t i = 0; i < n; i++) {
        if (endings)
            endings[i] = (struct ending){.line = site->lines[i], .grace_ms = grace_ms};
        if (endings && pthread_create(&endings[i].thread, NULL, end_line, &endings[i]) == 0)
            endings[i].running = true;
        else
            line_destroy(site->lines[i], grace_ms);
    }
    for (size_t i = 0; endings && i < n; i++)
        if (endings[i].running)
            pthread_join(endings[i].thread, NULL);
    free(endings);
}

void site_destroy(struct site *site, uint32_t grace_ms)
{
    if (!site)
        return;
    for (size_t i = 0; site->playouts && i < site->config->n_channels; i++)
        playout_destroy(site->playouts[i]);
    call_in_stop(site->call_in);
    destroy_lines(site, grace_ms);
    mailbox_close(site->from_call_in);
    mailbox_close(site->from_lines);
    mailbox_close(site->from_playouts);
    free(site->line_senders);
    free(site->playout_senders);
    free(site->lines);
    free(site->playouts);
    free(site->health);
    free(site->line_words);
    free(site);
}
