/* The first look of every line at its terminals, as at each start of the daemon, and nothing behind it. */
#include "controller/silence.h"

#include "controller/journal.h"
#include "controller/log.h"
#include "controller/site.h"
#include "controller/store.h"

#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

enum {
    PATIENCE_MS = 10000, /* so long a port that is not there is waited for, and a terminal that did not answer at once, */
    LIMIT_MS = 60000,    /* and so long a line that is there: 247 terminals of which none answers take longer */
    GRACE_MS = 3000,
};

struct line_silence {
    bool swept, down, settled;
    bool silent[LINE_TERMINALS_MAX]; /* not read yet, though it could be */
    /* Terminals: not read; stopped by us; did not confirm their stop; sound, and it cannot be proved that we made them */
    size_t n_silent, stopped, failed, unproved;
};

struct silence {
    const struct config *config;
    struct uv_loop_s *loop;
    struct line_silence *lines;
    struct site *site;
    uint64_t began;
    bool concluding; /* all were looked for: what is found by now is still brought to rest */
};

static bool is_looked_through(const struct silence *silence, uint64_t took)
{
    bool over = true;
    for (size_t i = 0; i < silence->config->n_lines; i++) {
        const struct line_silence *line = &silence->lines[i];
        bool hopeless = took >= PATIENCE_MS && (line->swept || line->down);
        over = over && ((line->swept && line->n_silent == 0) || hopeless || took >= LIMIT_MS);
    }
    return over;
}

static bool is_settled(const struct silence *silence)
{
    bool settled = true;
    for (size_t i = 0; i < silence->config->n_lines; i++)
        settled = settled && (silence->lines[i].settled || silence->lines[i].down);
    return settled;
}

static void advance(struct silence *silence)
{
    const struct line_target nothing = {.n_members = 0};
    uint64_t took = uv_now(silence->loop) - silence->began;
    if (!silence->concluding && is_looked_through(silence, took)) {
        silence->concluding = true;
        for (size_t i = 0; i < silence->config->n_lines; i++)
            line_set_target(site_lines(silence->site)[i], &nothing);
    }
    if (silence->concluding && (is_settled(silence) || took >= LIMIT_MS + GRACE_MS))
        uv_stop(silence->loop);
}

static void on_tick(uv_timer_t *timer)
{
    advance(timer->data);
}

static void set_silent(struct line_silence *line, uint16_t terminal, bool silent)
{
    line->n_silent += silent && !line->silent[terminal];
    line->n_silent -= !silent && line->silent[terminal];
    line->silent[terminal] = silent;
}

/* Only who was read is known to be silent: a first answer may get lost, and the sweep ends all the same. */
static void expect_readings(struct silence *silence)
{
    for (size_t l = 0; l < silence->config->n_lines; l++) {
        const struct config_line *line = &silence->config->lines[l];
        for (size_t i = 0; i < line->n_terminals; i++) {
            struct profile_read reads[PROFILE_READS_MAX];
            const struct profile *profile = silence->config->terminals[line->terminals[i]].hardware.profile;
            set_silent(&silence->lines[l], (uint16_t)i, profile_plan_reads(profile, reads) > 0);
        }
    }
}

static const char *terminal_id(const struct config *config, uint32_t line, uint16_t terminal)
{
    return config->terminals[config->lines[line].terminals[terminal]].hardware.id;
}

static void on_line_event(void *context, uint32_t index, const struct line_event *event)
{
    struct silence *silence = context;
    struct line_silence *line = &silence->lines[index];
    line->swept |= event->kind == LINE_SWEPT;
    line->settled |= event->kind == LINE_SETTLED;
    line->stopped += event->kind == LINE_STOPPED;
    line->unproved += event->kind == LINE_UNASKED && event->reading.when[WHEN_BUSY] != TRUTH_TRUE;
    if (event->kind == LINE_UP || event->kind == LINE_DOWN)
        line->down = event->kind == LINE_DOWN;
    if (event->kind == LINE_DOWN)
        log_line(LOG_WARNING, "%s", event->error.message);
    if (event->kind == LINE_TROUBLE)
        log_line(LOG_WARNING, "%s: %s", terminal_id(silence->config, index, event->terminal), event->error.message);
    if (event->kind == LINE_TROUBLE && event->trouble == TROUBLE_NO_REPLY)
        set_silent(line, event->terminal, true);
    if (event->kind == LINE_READING)
        set_silent(line, event->terminal, false);
    if (event->kind == LINE_TROUBLE && event->trouble == TROUBLE_NOT_STOPPED)
        line->failed++;
    advance(silence);
}

/* Whoever is dead or faulty is told as trouble; how well the others are does not matter here. */
static void on_terminal_state(void *context, uint32_t terminal, const struct health_verdict *verdict)
{
    (void)context, (void)terminal, (void)verdict;
}

static void on_line_states(void *context, uint32_t line, const json_t *states)
{
    (void)context, (void)line, (void)states;
}

static void on_signal(uv_signal_t *handle, int number)
{
    (void)number;
    uv_stop(handle->loop);
}

static int conclude(const struct silence *silence)
{
    int status = 0;
    for (size_t i = 0; i < silence->config->n_lines; i++) {
        const struct line_silence *line = &silence->lines[i];
        bool sure = line->swept && line->failed + line->n_silent + line->unproved == 0;
        const char *how = line->swept ? "looked through" : line->down ? "NOT THERE" : "NOT FINISHED";
        log_line(sure ? LOG_NOTE : LOG_WARNING,
                 "line %s: %s; stopped %zu, not confirmed %zu, no answer %zu, sounding and not known to be ours %zu",
                 silence->config->lines[i].hardware.id, how, line->stopped, line->failed, line->n_silent, line->unproved);
        status = sure ? status : 1;
    }
    return status;
}

/* Without them only that is known to be ours which no token must prove. */
static void read_tokens(const struct config *config, uint16_t *tokens)
{
    for (uint32_t c = 0; c < config->n_channels; c++) {
        char name[64];
        int64_t token = 0;
        struct error error = {0};
        journal_token_name(&config->channels[c], name);
        if (!store_peek_setting(config->state_dir, name, &token, &error))
            log_line(LOG_WARNING, "the last token of channel %s is not known: %s", config->channels[c].id, error.message);
        tokens[c] = (uint16_t)token;
    }
}

static bool look_through(struct silence *silence, const struct site_memory *memory, struct error *error)
{
    uv_timer_t tick;
    uv_signal_t terminate;
    const struct site_ports ports = {
        .context = silence, .line_event = on_line_event, .terminal_state = on_terminal_state, .line_states = on_line_states};
    uv_timer_init(silence->loop, &tick);
    uv_signal_init(silence->loop, &terminate);
    tick.data = silence;
    uv_timer_start(&tick, on_tick, 100, 100);
    uv_signal_start(&terminate, on_signal, SIGTERM);
    silence->began = uv_now(silence->loop);
    silence->site = site_create(silence->config, memory, &ports, silence->loop, error);
    if (silence->site)
        uv_run(silence->loop, UV_RUN_DEFAULT);
    uv_close((uv_handle_t *)&tick, NULL);
    uv_close((uv_handle_t *)&terminate, NULL);
    site_destroy(silence->site, GRACE_MS);
    uv_run(silence->loop, UV_RUN_DEFAULT);
    return silence->site != NULL;
}

int silence_run(const struct config *config, struct uv_loop_s *loop)
{
    struct error error = {0};
    int status = 1, lock = store_lock(config->state_dir, &error);
    if (lock < 0)
        log_line(error.code == ERROR_CONFLICT ? LOG_ERROR : LOG_WARNING, "%s", error.message);
    if (lock < 0 && error.code == ERROR_CONFLICT)
        return 1; /* it drives the lines; tocsin alert stop */
    struct silence silence = {.config = config, .loop = loop};
    uint16_t *tokens = calloc(config->n_channels + 1, sizeof *tokens);
    int64_t *answers_us = calloc(config->n_terminals + 1, sizeof *answers_us); /* unknown: each is waited for patiently */
    const struct site_memory memory = {tokens, answers_us};
    silence.lines = calloc(config->n_lines + 1, sizeof *silence.lines);
    bool ready = tokens && answers_us && silence.lines;
    if (ready) {
        read_tokens(config, tokens);
        expect_readings(&silence);
    } else {
        error_set(&error, ERROR_NO_MEMORY, "out of memory");
    }
    if (ready && look_through(&silence, &memory, &error))
        status = conclude(&silence);
    else
        log_line(LOG_ERROR, "cannot silence: %s", error.message);
    free(tokens);
    free(answers_us);
    free(silence.lines);
    if (lock >= 0)
        close(lock);
    return status;
}
