/* How an alert gives its place on the channel to another: to a higher one at once, to its equal after a repetition, to an
 * actual one for good if it is an exercise. The session goes on, so terminals of both need no frame; whoever is not meant any
 * more is stopped first, and the new words wait for that, but not for long. */
#include "controller/dispatcher_intern.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    LEAVING_MS = 2000, /* so long the new words wait for the stops of those not meant */
    LEAVING_NAMED = 5,
};

bool dispatcher_gives_turn(const struct dispatcher *dispatcher)
{
    return queue_claim(dispatcher->queue, dispatcher->current->alert) == CLAIM_TURN;
}

static bool may_take_over(const struct dispatcher *dispatcher)
{
    const struct broadcast *broadcast = dispatcher->current;
    bool between = broadcast->allowed > 0 && broadcast->played >= broadcast->allowed && broadcast->due > broadcast->allowed;
    switch (queue_claim(dispatcher->queue, broadcast->alert)) {
    case CLAIM_NONE: return false;
    case CLAIM_TURN: return between && broadcast->phase == BROADCAST_SOUNDING;
    case CLAIM_PREEMPT:
    case CLAIM_CUT_OFF: return true;
    }
    return false;
}

/* Those who sound for the one that gives way and not for the new one. */
static void note_who_leaves(struct dispatcher *dispatcher, const struct broadcast *from, struct moment now)
{
    size_t room = dispatcher->n_leaving + from->n_deliveries + 1;
    struct leaving *leaving = realloc(dispatcher->leaving, room * sizeof *leaving);
    if (!leaving)
        return; /* they are stopped all the same; the words do not wait */
    dispatcher->leaving = leaving;
    size_t kept = 0;
    for (size_t i = 0; i < dispatcher->n_leaving; i++)
        if (!broadcast_delivery(dispatcher->current, leaving[i].line, leaving[i].terminal))
            leaving[kept++] = leaving[i];
    dispatcher->n_leaving = kept;
    for (size_t l = 0; l < from->n_lines; l++) {
        const struct broadcast_line *line = &from->lines[l];
        for (size_t i = 0; i < from->config->lines[line->line].n_terminals; i++)
            if (line->delivery_of[i] >= 0 && from->deliveries[line->delivery_of[i]].is_started &&
                !broadcast_delivery(dispatcher->current, line->line, (uint16_t)i))
                leaving[dispatcher->n_leaving++] = (struct leaving){line->line, (uint16_t)i};
    }
    dispatcher->left_at = now.mono;
}

void dispatcher_note_leaving(struct dispatcher *dispatcher, uint32_t line, const struct line_event *event)
{
    if (event->kind != LINE_STOPPED)
        return;
    for (size_t i = 0; i < dispatcher->n_leaving; i++)
        if (dispatcher->leaving[i].line == line && dispatcher->leaving[i].terminal == event->terminal) {
            dispatcher->leaving[i] = dispatcher->leaving[--dispatcher->n_leaving];
            return;
        }
}

static void alarm_leaving(struct dispatcher *dispatcher)
{
    const struct config *config = dispatcher->config;
    char text[400];
    int at = snprintf(
        text, sizeof text,
        "%zu terminals that this alert does not mean did not confirm their stop and may sound it:", dispatcher->n_leaving);
    for (size_t i = 0; i < dispatcher->n_leaving && i < LEAVING_NAMED; i++) {
        const struct leaving *who = &dispatcher->leaving[i];
        at += snprintf(text + at, sizeof text - (size_t)at, " %s",
                       config->terminals[config->lines[who->line].terminals[who->terminal]].hardware.id);
    }
    if (dispatcher->n_leaving > LEAVING_NAMED)
        snprintf(text + at, sizeof text - (size_t)at, " ...");
    dispatcher->ports.alarm(dispatcher->ports.context, dispatcher->current->alert, "not_stopped", text);
}

bool dispatcher_leaving_over(struct dispatcher *dispatcher, struct moment now)
{
    if (dispatcher->n_leaving > 0 && mono_since(now.mono, dispatcher->left_at) >= (int64_t)LEAVING_MS * 1000) {
        alarm_leaving(dispatcher);
        dispatcher->n_leaving = 0;
    }
    return dispatcher->n_leaving == 0;
}

/* Back into the queue, to go on from the beginning of the repetition that it was in. */
static void set_aside(struct dispatcher *dispatcher, struct broadcast *from, bool after_turn)
{
    struct alert *alert = from->alert;
    if (--alert->running == 0)
        alert->state = ALERT_QUEUED;
    snprintf(alert->reason, sizeof alert->reason, "gave way to %s, and goes on after it", dispatcher->current->alert->id);
    dispatcher->ports.record_set_aside(dispatcher->ports.context, from);
    bool kept = after_turn ? queue_push_after_turn(dispatcher->queue, alert) : queue_push(dispatcher->queue, alert);
    if (!kept)
        dispatcher->ports.alarm(dispatcher->ports.context, alert, "no_memory", "it cannot go on: send it again");
}

/* Over for good, with what its terminals have shown until now. */
static void end_for_good(struct dispatcher *dispatcher, struct broadcast *from, bool cut_off, struct moment now)
{
    if (cut_off) {
        from->cause = CAUSE_STOPPED;
        snprintf(from->alert->reason, sizeof from->alert->reason, "cut off by the actual alert %s",
                 dispatcher->current->alert->id);
    }
    broadcast_finish(from, now);
    dispatcher_alarm_ends(dispatcher, from);
    from->alert->running--;
    dispatcher->ports.record_end(dispatcher->ports.context, from);
}

void dispatcher_give_way(struct dispatcher *dispatcher, struct moment now)
{
    struct broadcast *from = dispatcher->current;
    if (!from || !may_take_over(dispatcher))
        return;
    enum precedence_claim claim = queue_claim(dispatcher->queue, from->alert);
    bool over = from->phase == BROADCAST_STOPPING ||
                from->played >= from->alert->repetitions_planned; /* the rest was only for the sake of its proof */
    bool cut_off = claim == CLAIM_CUT_OFF && !over;
    if (!dispatcher_begin(dispatcher, queue_first(dispatcher->queue), from, now))
        return;
    note_who_leaves(dispatcher, from, now);
    if (over || cut_off)
        end_for_good(dispatcher, from, cut_off, now);
    else
        set_aside(dispatcher, from, claim == CLAIM_TURN);
    broadcast_free(from);
}
