/* Lines and playouts: their beginning, their events, their end. */
#include "controller/site_intern.h"

#include "codecs/monotonic.h"
#include "controller/log.h"
#include "hardware/call_in.h"
#include "hardware/line_round.h"

#include <pthread.h>
#include <stdlib.h>

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

static void deliver_line(void *context, const void *item)
{
    struct site *site = context;
    const struct line_letter *letter = item;
    site_note(site, letter->line, &letter->event);
    site->ports.line_event(site->ports.context, letter->line, &letter->event);
    if (letter->event.kind == LINE_ASKED)
        site_answer(site, &letter->event);
}

static void deliver_playout(void *context, const void *item)
{
    struct site *site = context;
    const struct playout_letter *letter = item;
    site->ports.playout_event(site->ports.context, letter->channel, &letter->event);
}

/* A status is old when the third poll after it has not come; on a slow line a round over all takes longer than a poll. */
static int64_t stale_after(const struct line_settings *line, const struct terminal_settings *terminals, size_t n)
{
    int64_t poll_us = INT64_C(1000000) * line->poll_s, round_us = line_round_us(line, terminals, n);
    return 3 * (poll_us > round_us ? poll_us : round_us);
}

static bool create_line(struct site *site, uint32_t index, const struct site_memory *memory, struct error *error)
{
    const struct config_line *line = &site->config->lines[index];
    struct terminal_settings *terminals = calloc(line->n_terminals + 1, sizeof *terminals);
    if (!terminals)
        return error_set(error, ERROR_NO_MEMORY, "line %s: out of memory", line->hardware.id);
    for (size_t i = 0; i < line->n_terminals; i++) {
        terminals[i] = site->config->terminals[line->terminals[i]].hardware;
        terminals[i].answer_us = memory->answers_us[line->terminals[i]];
    }
    site->states[index].stale_us = stale_after(&line->hardware, terminals, line->n_terminals);
    line_use_take(&site->states[index].use, &(struct line_counts){0}, mono_now());
    site->line_senders[index] = (struct sender){site->from_lines, index};
    site->lines[index] = line_create(&line->hardware, terminals, line->n_terminals, memory->tokens[line->channel],
                                     on_line_thread, &site->line_senders[index], error);
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

static bool create_all(struct site *site, const struct site_memory *memory, struct uv_loop_s *loop, struct error *error)
{
    const struct config *config = site->config;
    site->line_senders = calloc(config->n_lines + 1, sizeof *site->line_senders);
    site->playout_senders = calloc(config->n_channels + 1, sizeof *site->playout_senders);
    site->lines = calloc(config->n_lines + 1, sizeof(struct line *));
    site->playouts = calloc(config->n_channels + 1, sizeof(struct playout *));
    site->health = calloc(config->n_terminals + 1, sizeof *site->health);
    site->states = calloc(config->n_lines + 1, sizeof *site->states);
    if (!site->line_senders || !site->playout_senders || !site->lines || !site->playouts || !site->health || !site->states)
        return error_set(error, ERROR_NO_MEMORY, "out of memory for the site");
    site->from_lines = mailbox_create(loop, sizeof(struct line_letter), deliver_line, site, error);
    site->from_playouts = mailbox_create(loop, sizeof(struct playout_letter), deliver_playout, site, error);
    site->from_call_in = mailbox_create(loop, sizeof(struct call_in_letter), deliver_call_in, site, error);
    if (!site->from_lines || !site->from_playouts || !site->from_call_in)
        return false;
    for (uint32_t i = 0; site->ports.playout_event && i < config->n_channels; i++)
        if (!create_playout(site, i, error))
            return false;
    for (uint32_t i = 0; i < config->n_lines; i++)
        if (!create_line(site, i, memory, error))
            return false;
    return create_call_in(site, error);
}

struct site *site_create(const struct config *config, const struct site_memory *memory, const struct site_ports *ports,
                         struct uv_loop_s *loop, struct error *error)
{
    struct site *site = calloc(1, sizeof *site);
    if (!site) {
        error_set(error, ERROR_NO_MEMORY, "out of memory for the site");
        return NULL;
    }
    site->config = config;
    site->ports = *ports;
    if (create_all(site, memory, loop, error))
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
    site_answer_all(site);
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
    free(site->states);
    free(site);
}
