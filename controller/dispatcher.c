/* The state machine of one channel: how its broadcast advances and ends, and what time alone decides. How the next one begins
 * is in dispatcher_begin.c, how one takes the place of another in dispatcher_give_way.c, what lines and playout tell in
 * dispatcher_events.c, its words in dispatcher_words.c. */
#include "controller/dispatcher_intern.h"

#include "codecs/fault_point.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    SETTLE_PATIENCE_MS = 5000, /* at the end: how long stops that cannot be confirmed are waited for, ... */
    SETTLE_EACH_MS = 150,      /* ... and for each terminal of the longest line: its stop, reading and power-off at 9600 baud */
};

struct dispatcher *dispatcher_create(const struct config *config, uint32_t channel, struct line *const *lines,
                                     struct playout *playout, uint16_t last_token, const struct dispatcher_ports *ports,
                                     struct moment now)
{
    struct dispatcher *dispatcher = calloc(1, sizeof *dispatcher);
    if (!dispatcher)
        return NULL;
    dispatcher->config = config;
    dispatcher->channel = channel;
    dispatcher->lines = lines;
    dispatcher->playout = playout;
    dispatcher->ports = *ports;
    dispatcher->queue = queue_create(config);
    dispatcher->loudness = loudness_create();
    dispatcher->line_states = calloc(config->n_lines + 1, sizeof *dispatcher->line_states);
    dispatcher->created = now.mono;
    dispatcher->token = last_token;
    dispatcher->session = last_token;
    if (!dispatcher->queue || !dispatcher->loudness || !dispatcher->line_states) {
        dispatcher_free(dispatcher);
        return NULL;
    }
    for (size_t i = 0; i < config->n_lines; i++)
        dispatcher->line_states[i].down_since = now.mono;
    dispatcher_reserve_token(dispatcher, now);
    return dispatcher;
}

void dispatcher_free(struct dispatcher *dispatcher)
{
    if (!dispatcher)
        return;
    broadcast_free(dispatcher->current);
    queue_free(dispatcher->queue);
    loudness_free(dispatcher->loudness);
    free(dispatcher->leaving);
    free(dispatcher->line_states);
    free(dispatcher);
}

const struct broadcast *dispatcher_current(const struct dispatcher *dispatcher)
{
    return dispatcher->current;
}

bool dispatcher_output_lost(const struct dispatcher *dispatcher)
{
    return dispatcher->output_lost;
}

bool dispatcher_expired(const struct alert *alert, struct moment now)
{
    return alert_expired(alert, now.mono, now.wall);
}

void dispatcher_set_targets(struct dispatcher *dispatcher, bool empty)
{
    struct broadcast *broadcast = dispatcher->current;
    struct line_target *target = malloc(sizeof *target);
    if (!target) {
        dispatcher->ports.alarm(dispatcher->ports.context, broadcast->alert, "no_memory", "cannot command the lines");
        return;
    }
    for (size_t i = 0; i < broadcast->n_lines; i++) {
        broadcast_target(broadcast, &broadcast->lines[i], dispatcher->session, target);
        if (empty)
            target->n_members = 0;
        struct line_state *state = &dispatcher->line_states[broadcast->lines[i].line];
        if (target->n_members > 0 || state->commanded || empty)
            line_set_target(dispatcher->lines[broadcast->lines[i].line], target);
        state->commanded = target->n_members > 0;
    }
    free(target);
}

void dispatcher_verify_line(struct dispatcher *dispatcher, const struct broadcast_line *line)
{
    const struct broadcast *broadcast = dispatcher->current;
    uint16_t order[LINE_TERMINALS_MAX];
    size_t n = broadcast->phase == BROADCAST_STOPPING ? 0 : broadcast_verify_order(broadcast, line, order);
    line_set_verify(dispatcher->lines[line->line], order, n);
}

void dispatcher_verify(struct dispatcher *dispatcher)
{
    for (size_t i = 0; i < dispatcher->current->n_lines; i++)
        dispatcher_verify_line(dispatcher, &dispatcher->current->lines[i]);
}

void dispatcher_record_alert(struct dispatcher *dispatcher, uint32_t repetition, dispatcher_done_fn *done)
{
    struct broadcast *broadcast = dispatcher->current;
    dispatcher->ports.record_alert(dispatcher->ports.context, dispatcher, broadcast->alert, broadcast->id, repetition, done);
}

bool dispatcher_submit(struct dispatcher *dispatcher, struct alert *alert, struct moment now)
{
    if (!queue_push(dispatcher->queue, alert))
        return false;
    dispatcher_give_way(dispatcher, now);
    dispatcher_begin_next(dispatcher, now);
    return true;
}

/* The first sound: the card is ready to begin, the beginning is on disk, and a first terminal is started (or none will be). */
static bool may_sound(const struct dispatcher *dispatcher)
{
    const struct broadcast *broadcast = dispatcher->current;
    if (broadcast->any_started)
        return true;
    for (size_t i = 0; i < broadcast->n_lines; i++)
        if (broadcast->lines[i].n_meant > 0 && !broadcast->lines[i].starts_sent &&
            dispatcher->line_states[broadcast->lines[i].line].up)
            return false;
    return true;
}

static bool all_starts_sent(const struct dispatcher *dispatcher)
{
    const struct broadcast *broadcast = dispatcher->current;
    for (size_t i = 0; i < broadcast->n_lines; i++)
        if (broadcast->lines[i].n_meant > 0 && !broadcast->lines[i].starts_sent &&
            dispatcher->line_states[broadcast->lines[i].line].up)
            return false;
    return true;
}

/* A repetition sounds when the card waits for it, its beginning is on disk, and there is somebody to hear it. */
static void allow_due(struct dispatcher *dispatcher)
{
    struct broadcast *broadcast = dispatcher->current;
    if (broadcast->phase == BROADCAST_STOPPING || broadcast->due <= broadcast->allowed ||
        broadcast->recorded < broadcast->due || !may_sound(dispatcher))
        return;
    broadcast->allowed = broadcast->due;
    broadcast->phase = BROADCAST_SOUNDING;
    fault_point("sound_before");
    playout_allow(dispatcher->playout, broadcast->id, broadcast->due);
    fault_point("sound_after");
}

/* The beginning of the next repetition goes to the disk, unless it is another alert's turn. */
static void ask_for_record(struct dispatcher *dispatcher, struct moment now)
{
    struct broadcast *broadcast = dispatcher->current;
    if (broadcast->due <= broadcast->asked || dispatcher_gives_turn(dispatcher))
        return;
    broadcast->asked = broadcast->due;
    broadcast->record_asked = now.mono;
    dispatcher_record_alert(dispatcher, broadcast->due, dispatcher_alert_recorded);
}

static void advance_sound(struct dispatcher *dispatcher, struct moment now)
{
    struct broadcast *broadcast = dispatcher->current;
    if (broadcast->due > broadcast->allowed && dispatcher_expired(broadcast->alert, now)) {
        dispatcher_end_sound(dispatcher, CAUSE_EXPIRED, now);
        return;
    }
    ask_for_record(dispatcher, now);
    bool slow = mono_since(now.mono, broadcast->record_asked) > (int64_t)DISPATCHER_STORE_PATIENCE_MS * 1000;
    if (slow && broadcast->asked == broadcast->due && broadcast->recorded < broadcast->due) {
        dispatcher->ports.alarm(dispatcher->ports.context, broadcast->alert, "store_slow",
                                "the beginning of a repetition is not on disk yet; it sounds all the same");
        broadcast->recorded = broadcast->due;
    }
    allow_due(dispatcher);
    if (broadcast->allowed && !broadcast->released && all_starts_sent(dispatcher) && dispatcher_leaving_over(dispatcher, now)) {
        broadcast->released = true;
        playout_release(dispatcher->playout, broadcast->id);
    }
}

void dispatcher_alert_recorded(struct dispatcher *dispatcher, uint32_t id, uint32_t repetition, bool ok)
{
    struct broadcast *broadcast = dispatcher->current;
    if (!broadcast || broadcast->id != id)
        return;
    if (!ok)
        dispatcher->ports.alarm(dispatcher->ports.context, broadcast->alert, "store_failed",
                                "the beginning of a repetition is not on disk; it sounds all the same");
    if (repetition > broadcast->recorded)
        broadcast->recorded = repetition;
    allow_due(dispatcher);
}

/* Silence first; the terminals are stopped once the sound is out, or at once when the officer says stop. */
void dispatcher_begin_stopping(struct dispatcher *dispatcher, struct moment now)
{
    struct broadcast *broadcast = dispatcher->current;
    if (broadcast->phase == BROADCAST_STOPPING)
        return;
    broadcast->phase = BROADCAST_STOPPING;
    broadcast->stop_began = now;
    dispatcher_verify(dispatcher);
    dispatcher_set_targets(dispatcher, true);
}

void dispatcher_end_sound(struct dispatcher *dispatcher, enum delivery_cause cause, struct moment now)
{
    dispatcher->current->cause = cause;
    fault_point("silence_before");
    playout_stop(dispatcher->playout, dispatcher->current->id);
    fault_point("silence_after");
    dispatcher_begin_stopping(dispatcher, now);
}

/* What an officer must act on at once: our own sound failed, or something may still sound. */
void dispatcher_alarm_ends(struct dispatcher *dispatcher, const struct broadcast *broadcast)
{
    size_t no_audio = 0, not_stopped = 0;
    for (size_t i = 0; i < broadcast->n_deliveries; i++) {
        no_audio += broadcast->deliveries[i].reason == REASON_NO_AUDIO;
        not_stopped += broadcast->deliveries[i].reason == REASON_NOT_STOPPED;
    }
    char text[160];
    if (no_audio) {
        snprintf(text, sizeof text, "%zu terminals sounded silence: check this controller's sound card and what hangs on it",
                 no_audio);
        dispatcher->ports.alarm(dispatcher->ports.context, broadcast->alert, "no_audio", text);
    }
    if (not_stopped) {
        snprintf(text, sizeof text, "%zu terminals did not confirm their stop and may still sound; the report names them",
                 not_stopped);
        dispatcher->ports.alarm(dispatcher->ports.context, broadcast->alert, "not_stopped", text);
    }
}

static void end_broadcast(struct dispatcher *dispatcher, struct moment now)
{
    struct broadcast *broadcast = dispatcher->current;
    broadcast_finish(broadcast, now);
    dispatcher_alarm_ends(dispatcher, broadcast);
    dispatcher->current = NULL;
    dispatcher->n_leaving = 0;
    broadcast->alert->running--;
    dispatcher->ports.record_end(dispatcher->ports.context, broadcast);
    broadcast_free(broadcast);
    dispatcher_reserve_token(dispatcher, now);
    dispatcher_begin_next(dispatcher, now);
}

/* A port that comes back within the grace has not been lost. */
static bool is_gone(const struct dispatcher *dispatcher, const struct line_state *state, struct moment now)
{
    return !state->up && mono_since(now.mono, state->down_since) >= (int64_t)dispatcher->config->line_down_grace_ms * 1000;
}

/* Who could not be told to stop may still sound: a port that has just been lost is waited for, one that is gone is not. */
static bool settled(const struct dispatcher *dispatcher, struct moment now)
{
    const struct broadcast *broadcast = dispatcher->current;
    for (size_t i = 0; i < broadcast->n_lines; i++)
        if (broadcast->lines[i].n_meant > 0 && !broadcast->lines[i].settled &&
            !is_gone(dispatcher, &dispatcher->line_states[broadcast->lines[i].line], now))
            return false;
    return true;
}

static void advance_end(struct dispatcher *dispatcher, struct moment now)
{
    struct broadcast *broadcast = dispatcher->current;
    if (broadcast->phase != BROADCAST_STOPPING)
        return;
    size_t longest = 0;
    for (size_t i = 0; i < broadcast->n_lines; i++)
        longest = broadcast->lines[i].n_meant > longest ? broadcast->lines[i].n_meant : longest;
    int64_t patience_us = (SETTLE_PATIENCE_MS + SETTLE_EACH_MS * (int64_t)longest) * 1000;
    if (mono_since(now.mono, broadcast->stop_began.mono) >= patience_us || (broadcast->sound_over && settled(dispatcher, now)))
        end_broadcast(dispatcher, now);
}

void dispatcher_advance(struct dispatcher *dispatcher, struct moment now)
{
    if (dispatcher->current && dispatcher->current->phase != BROADCAST_STOPPING)
        advance_sound(dispatcher, now);
    if (dispatcher->current)
        advance_end(dispatcher, now);
    dispatcher_give_way(dispatcher, now);
    dispatcher_begin_next(dispatcher, now);
}

bool dispatcher_stop(struct dispatcher *dispatcher, const struct alert *alert, enum delivery_cause cause, bool *was_waiting,
                     struct moment now)
{
    *was_waiting = queue_remove(dispatcher->queue, alert);
    if (*was_waiting)
        return true;
    struct broadcast *broadcast = dispatcher->current;
    if (!broadcast || broadcast->alert != alert)
        return false;
    if (broadcast->phase == BROADCAST_STOPPING)
        return true;
    dispatcher_end_sound(dispatcher, cause, now);
    return true;
}

void dispatcher_record_delivery(struct dispatcher *dispatcher, const struct delivery *delivery)
{
    dispatcher->ports.record_delivery(dispatcher->ports.context, dispatcher->current, delivery);
}

static void tick_lines(struct dispatcher *dispatcher, struct moment now)
{
    for (uint32_t l = 0; l < dispatcher->config->n_lines; l++) {
        if (dispatcher->config->lines[l].channel != dispatcher->channel ||
            !is_gone(dispatcher, &dispatcher->line_states[l], now))
            continue;
        for (size_t i = 0; i < dispatcher->config->lines[l].n_terminals; i++) {
            struct delivery *delivery = broadcast_delivery(dispatcher->current, l, (uint16_t)i);
            bool stopped = delivery && delivery->stopped.wall.ms != 0; /* what comes after its stop is nothing to it */
            if (delivery && !stopped && delivery_line_down(delivery, now))
                dispatcher_record_delivery(dispatcher, delivery);
        }
    }
}

void dispatcher_tick(struct dispatcher *dispatcher, struct moment now)
{
    if (dispatcher->current)
        tick_lines(dispatcher, now);
    dispatcher_ask_token_again(dispatcher, now);
    dispatcher_tell_output(dispatcher, now.mono);
    dispatcher_advance(dispatcher, now);
}
