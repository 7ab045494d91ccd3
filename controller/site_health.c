/* The health of lines and terminals: what events and counters say, told and logged when it changes. */
#include "controller/site_intern.h"

#include "controller/log.h"

enum {
    TICK_US = 1000000,
    LATE_US = 2000000,  /* since the tick before: whoever held up this thread may have held up those of the lines */
    REFUSED_MS = 60000, /* whoever calls on and on does not fill the log */
    SWEEP_MS = 30000,   /* a line full of dead terminals is not waited for */
};

static const char *id_of(const struct site *site, uint32_t terminal)
{
    return site->config->terminals[terminal].hardware.id;
}

static void log_state(const char *id, enum health_state before, const struct health_verdict *verdict)
{
    if (verdict->state == HEALTH_DEAD)
        log_line(LOG_WARNING, "terminal lost: %s: %s", id, verdict->why);
    else if (before == HEALTH_DEAD)
        log_line(LOG_NOTE, "terminal back: %s%s%s", id, *verdict->why ? ": " : "", verdict->why);
    else if (verdict->state == HEALTH_GOOD)
        log_line(LOG_NOTE, "terminal good again: %s", id);
    else
        log_line(LOG_WARNING, "terminal %s: %s: %s", health_state_name(verdict->state), id, verdict->why);
}

/* While its line owes the states of all, an event of one would come twice. */
static void review(struct site *site, uint32_t terminal, struct mono now)
{
    struct site_line *line = &site->states[site->config->terminals[terminal].line];
    struct health *health = &site->health[terminal];
    enum health_state before = health->told;
    struct health_verdict verdict = health_judge(health, &(struct health_terms){line->up, line->stale_us}, now);
    if (!health_is_news(health, &verdict, now))
        return;
    log_state(id_of(site, terminal), before, &verdict);
    if (!line->states_owed)
        site->ports.terminal_state(site->ports.context, terminal, &verdict);
}

static void note_line(struct site_line *line, const struct line_event *event, const char *words)
{
    if (event->kind == LINE_UP || event->kind == LINE_DOWN) {
        text_copy(line->words, sizeof line->words, words);
        line->up = event->kind == LINE_UP;
        line->since = event->at;
        line->swept = false;
    }
    line->swept = line->swept || event->kind == LINE_SWEPT;
    bool again = line->refused_told.us != 0 && mono_since(event->at, line->refused_told) < (int64_t)REFUSED_MS * 1000;
    if (event->kind == LINE_CALL_REFUSED && !again) {
        log_line(LOG_WARNING, "%s", event->error.message);
        line->refused_told = event->at;
    }
}

void site_note(struct site *site, uint32_t line, const struct line_event *event)
{
    const struct config_line *settings = &site->config->lines[line];
    note_line(&site->states[line], event, site_line_words(settings->hardware.id, event));
    if (event->terminal >= settings->n_terminals)
        return;
    uint32_t terminal = settings->terminals[event->terminal];
    bool symptom = event->kind == LINE_TROUBLE && terminal_trouble_is_symptom(event->trouble);
    if (symptom && site->health[terminal].dead) /* else its state changes, and that is told */
        log_line(LOG_WARNING, "terminal %s: %s", id_of(site, terminal), event->error.message);
    health_take_event(&site->health[terminal], site->config->terminals[terminal].hardware.profile, event);
    if (event->kind == LINE_READING || event->kind == LINE_TROUBLE)
        review(site, terminal, event->at);
}

void site_line_told_up(struct site *site, uint32_t line, struct mono now)
{
    site->states[line].states_owed = true;
    site->states[line].owed_from = now;
}

static void tell_states(struct site *site, uint32_t l, struct mono now)
{
    struct site_line *line = &site->states[l];
    const struct config_line *settings = &site->config->lines[l];
    bool due = line->swept || mono_since(now, line->owed_from) >= (int64_t)SWEEP_MS * 1000;
    if (!line->states_owed || !line->up || !due)
        return;
    line->states_owed = false;
    json_t *states = json_object();
    for (size_t i = 0; i < settings->n_terminals; i++) {
        struct terminal_view view;
        site_view_terminal(site, settings->terminals[i], now, &view);
        json_object_set_new(states, id_of(site, settings->terminals[i]), json_string(health_state_name(view.verdict.state)));
    }
    site->ports.line_states(site->ports.context, l, states);
    json_decref(states);
}

static void tick_line(struct site *site, uint32_t l, struct mono now)
{
    const struct config_line *settings = &site->config->lines[l];
    struct line_counts counts;
    line_get_counts(site->lines[l], &counts);
    line_use_take(&site->states[l].use, &counts, now);
    if (counts.hears_itself && !site->states[l].hears_itself)
        log_line(LOG_NOTE, "line %s hears itself: its echo is taken away; set echo = true", settings->hardware.id);
    site->states[l].hears_itself |= counts.hears_itself;
    for (uint16_t i = 0; i < settings->n_terminals; i++) {
        struct terminal_health seen;
        line_get_health(site->lines[l], i, &seen);
        health_take_counts(&site->health[settings->terminals[i]], &seen, now);
        review(site, settings->terminals[i], now);
    }
    tell_states(site, l, now);
}

/* Twice in a row, each time on time, and nothing was done between: after the whole program was stopped, or starved, its lines
 * look like hanging until they run again. */
static bool hangs(struct site *site, uint32_t l, bool late)
{
    struct site_line *line = &site->states[l];
    struct mono before = line->hung_since, since = line_hangs_since(site->lines[l]);
    if (late)
        since.us = 0;
    line->hung_since = since;
    return since.us != 0 && since.us == before.us;
}

/* A line whose thread hangs is built anew; the others go on. */
static void mend_line(struct site *site, uint32_t l, bool late)
{
    const char *id = site->config->lines[l].hardware.id;
    struct error error = {0};
    if (!hangs(site, l, late))
        return;
    struct line *other = line_rebuild(site->lines[l], &error);
    if (other) {
        log_line(LOG_ALARM, "line %s: its driver hangs; the line is built anew", id);
        site->lines[l] = other;
    } else {
        log_line(LOG_ERROR, "line %s: its driver hangs, and it cannot be built anew: %s", id, error.message);
    }
}

void site_tick(struct site *site, struct mono now)
{
    int64_t since_us = mono_since(now, site->ticked);
    if (since_us < TICK_US)
        return;
    site->ticked = now;
    for (uint32_t l = 0; l < site->config->n_lines; l++) {
        mend_line(site, l, since_us >= LATE_US);
        tick_line(site, l, now);
    }
    site_answer_late(site, now);
}

/* ---- as it is now ---- */

void site_view_terminal(const struct site *site, uint32_t terminal, struct mono now, struct terminal_view *view)
{
    const struct health *health = &site->health[terminal];
    const struct site_line *line = &site->states[site->config->terminals[terminal].line];
    view->verdict = health_judge(health, &(struct health_terms){line->up, line->stale_us}, now);
    view->seen = health->seen;
    view->reading = health->read ? &health->reading : NULL;
    view->last_seen = health->read ? mono_later(health->reading.received, health->seen.answered) : health->seen.answered;
}

int64_t site_answer_us(const struct site *site, uint32_t terminal)
{
    return site->health[terminal].seen.answer_us;
}

void site_view_line(const struct site *site, uint32_t line, struct mono now, struct line_view *view)
{
    const struct config_line *settings = &site->config->lines[line];
    const struct site_line *state = &site->states[line];
    *view = (struct line_view){.up = state->up, .since = state->since, .words = state->words};
    line_get_counts(site->lines[line], &view->counts);
    for (int span = 0; span < USE_SPANS; span++)
        view->use[span] = line_use_of(&site->states[line].use, (enum line_use_span)span);
    for (size_t i = 0; i < settings->n_terminals; i++) {
        struct terminal_view terminal;
        site_view_terminal(site, settings->terminals[i], now, &terminal);
        view->states[terminal.verdict.state]++;
    }
}
