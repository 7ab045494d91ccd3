/* What lines and playout tell, and what it means for the broadcast that runs. */
#include "controller/dispatcher_intern.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    WORDS_PATIENCE = 3, /* repetitions added at most to wait for words */
    DECIDE_MS = 300,    /* before the last words end: the playout is 60 ms ahead, and the order has a way to go */
};

static void take_terminal_event(struct dispatcher *dispatcher, const struct broadcast_line *line,
                                const struct line_event *event)
{
    struct broadcast *broadcast = dispatcher->current;
    struct delivery *delivery = broadcast_delivery(broadcast, line->line, event->terminal);
    if (!delivery || event->session != dispatcher->session)
        return;
    bool stopping = broadcast->phase == BROADCAST_STOPPING;
    if (stopping && event->kind != LINE_STOPPED && !(event->kind == LINE_TROUBLE && event->trouble == TROUBLE_NOT_STOPPED))
        return; /* what a terminal does while it is being stopped says nothing of the delivery */
    enum rung before = delivery->rung;
    if (delivery_take_event(delivery, event, broadcast_wall(broadcast, event->at)))
        dispatcher_record_delivery(dispatcher, delivery);
    if (event->kind == LINE_STARTED)
        broadcast->any_started = true;
    if (event->kind == LINE_READING && event->reading.started && event->reading.has_level && broadcast->allowed)
        broadcast_keep_reading(broadcast, (uint32_t)(delivery - broadcast->deliveries), &event->reading);
    if (event->kind == LINE_STARTED || delivery->rung != before)
        dispatcher_verify_line(dispatcher, line);
}

static void take_line_state(struct dispatcher *dispatcher, uint32_t line, const struct line_event *event, struct moment now)
{
    struct line_state *state = &dispatcher->line_states[line];
    struct broadcast *broadcast = dispatcher->current;
    if (event->kind == LINE_SWEPT || event->kind == LINE_DOWN)
        state->seen = true;
    if (event->kind == LINE_DOWN) {
        state->up = false;
        state->down_since = now.mono;
    } else if (event->kind == LINE_UP) {
        state->up = true;
        bool goes_on = broadcast && broadcast->phase != BROADCAST_STOPPING;
        for (size_t i = 0; goes_on && i < dispatcher->config->lines[line].n_terminals; i++) {
            struct delivery *delivery = broadcast_delivery(broadcast, line, (uint16_t)i);
            if (delivery && delivery_line_up(delivery))
                dispatcher_record_delivery(dispatcher, delivery);
        }
    }
}

void dispatcher_take_line_event(struct dispatcher *dispatcher, uint32_t line, const struct line_event *event, struct moment now)
{
    take_line_state(dispatcher, line, event, now);
    dispatcher_note_leaving(dispatcher, line, event);
    struct broadcast *broadcast = dispatcher->current;
    struct broadcast_line *mine = broadcast ? broadcast_find_line(broadcast, line) : NULL;
    if (mine && event->session == dispatcher->session) {
        mine->starts_sent |= event->kind == LINE_STARTS_SENT;
        mine->settled |= event->kind == LINE_SETTLED && broadcast->phase == BROADCAST_STOPPING;
    }
    if (mine && event->terminal < LINE_TERMINALS_MAX)
        take_terminal_event(dispatcher, mine, event);
    dispatcher_advance(dispatcher, now);
}

struct judging {
    struct dispatcher *dispatcher;
    bool wants_changed;
};

static void told(void *context, struct delivery *delivery, const struct terminal_reading *reading,
                 enum loudness_verdict verdict, enum level_worth worth)
{
    struct judging *judging = context;
    struct dispatcher *dispatcher = judging->dispatcher;
    dispatcher->ports.record_reading(dispatcher->ports.context, dispatcher->current, delivery, reading, verdict);
    if (worth == LEVEL_NEWS) /* what has only got louder is written with its end */
        dispatcher_record_delivery(dispatcher, delivery);
    judging->wants_changed |= verdict == LOUDNESS_SILENCE ? delivery->has_baseline : !delivery_wants_level(delivery);
}

/* What one more repetition takes at most: its tone is the short one, since starts and words are there by then. */
static uint32_t repetition_ms(const struct dispatcher *dispatcher)
{
    const struct broadcast *broadcast = dispatcher->current;
    uint32_t silences = broadcast->n_languages ? (uint32_t)broadcast->n_languages : 1;
    uint32_t length_ms = dispatcher->config->tone_min_ms + silences * dispatcher->config->silence_ms;
    for (size_t i = 0; i < CONFIG_LANGUAGES_MAX; i++)
        length_ms += broadcast->words_ms[i];
    return length_ms;
}

/* True if these are the last words of a repetition and so little is left of them that what follows must be decided now. */
static bool words_are_ending(const struct broadcast *broadcast, const struct playout_event *event)
{
    uint32_t last = CONFIG_LANGUAGES_MAX - 1;
    while (last > 0 && broadcast->words_ms[last] == 0)
        last--;
    int64_t heard_ms = mono_since(event->at, event->segment_began) / 1000 + LOUDNESS_STEP_MS;
    return event->segment == SEGMENT_WORDS && event->language == last && heard_ms + DECIDE_MS >= broadcast->words_ms[last];
}

/* At the end of the last repetition: if somebody was not sampled enough, one more, within hold_open_s. */
static void consider_extension(struct dispatcher *dispatcher, uint32_t repetition)
{
    struct broadcast *broadcast = dispatcher->current;
    if (repetition < broadcast->repetitions || repetition <= broadcast->considered || !broadcast->words_played)
        return;
    broadcast->considered = repetition;
    uint32_t length_ms = repetition_ms(dispatcher);
    if (broadcast_sampled(broadcast) ||
        (uint64_t)broadcast->extended_ms + length_ms > (uint64_t)dispatcher->config->hold_open_s * 1000)
        return;
    broadcast->extended_ms += length_ms;
    broadcast->repetitions++;
    playout_extend(dispatcher->playout, broadcast->id, 1);
}

static void take_step(struct dispatcher *dispatcher, const struct playout_event *event, struct moment now)
{
    struct broadcast *broadcast = dispatcher->current;
    struct loudness_step step = {event->at, event->level, event->segment, event->segment_began};
    loudness_add(dispatcher->loudness, &step);
    if (event->segment == SEGMENT_WORDS)
        broadcast->loudest_words = fmax(broadcast->loudest_words, event->level);
    struct judging judging = {dispatcher, false};
    broadcast_judge(broadcast, dispatcher->loudness, now, told, &judging);
    int64_t lasted_us = mono_since(now.mono, event->segment_began);
    judging.wants_changed |= event->segment == broadcast->segment &&
                             broadcast_segment_lasts(broadcast, lasted_us > 0 ? (uint32_t)(lasted_us / 1000) : 0);
    if (judging.wants_changed && broadcast->phase == BROADCAST_SOUNDING)
        dispatcher_verify(dispatcher);
    if (broadcast->phase == BROADCAST_SOUNDING && words_are_ending(broadcast, event))
        consider_extension(dispatcher, event->repetition);
}

/* A tone without words is no warning: where they came too late for every repetition there is one more. */
static void consider_words(struct dispatcher *dispatcher, const struct playout_event *event)
{
    struct broadcast *broadcast = dispatcher->current;
    broadcast->words_played |= event->segment == SEGMENT_WORDS;
    if (event->segment != SEGMENT_END_TONE || broadcast->words_played || broadcast->repetitions_added == WORDS_PATIENCE)
        return;
    broadcast->repetitions_added++;
    broadcast->repetitions++;
    dispatcher->ports.alarm(dispatcher->ports.context, broadcast->alert, "no_words",
                            "no words were ready in any repetition; one more follows");
    playout_extend(dispatcher->playout, broadcast->id, 1);
}

static void take_phase(struct dispatcher *dispatcher, const struct playout_event *event)
{
    struct broadcast *broadcast = dispatcher->current;
    broadcast->segment = event->segment;
    broadcast->segment_ms = 0;
    if (event->segment == SEGMENT_TONE)
        broadcast->repetition = event->repetition;
    if (broadcast->alert->state == ALERT_PREPARING) {
        broadcast->alert->state = ALERT_SOUNDING;
        dispatcher_record_alert(dispatcher, 0, NULL);
    }
    if (event->repetition == broadcast->repetition) /* else the pause until the next one may begin */
        dispatcher->ports.tell_programme(dispatcher->ports.context, broadcast, event);
    if (broadcast->phase == BROADCAST_SOUNDING)
        dispatcher_verify(dispatcher);
    consider_words(dispatcher, event);
}

static void take_due(struct dispatcher *dispatcher, const struct playout_event *event)
{
    struct broadcast *broadcast = dispatcher->current;
    if (broadcast->phase == BROADCAST_STOPPING)
        return;
    broadcast->due = event->repetition; /* dispatcher_advance asks for its record, where it may sound */
}

void dispatcher_tell_output(struct dispatcher *dispatcher, struct mono now)
{
    char often[FLAP_TEXT_SIZE], words[sizeof dispatcher->output_words + FLAP_TEXT_SIZE];
    bool ever = dispatcher->output_words[0] != '\0';
    if (!ever || !flap_take(&dispatcher->output_flap, dispatcher->output_lost, now, often))
        return;
    snprintf(words, sizeof words, "%s%s", dispatcher->output_words, often);
    dispatcher->ports.alarm(dispatcher->ports.context, dispatcher->current ? dispatcher->current->alert : NULL,
                            dispatcher->output_lost ? "output_lost" : "output_back", words);
}

static void take_output_state(struct dispatcher *dispatcher, const struct playout_event *event, struct moment now)
{
    dispatcher->output_lost = event->kind == PLAYOUT_LOST;
    text_copy(dispatcher->output_words, sizeof dispatcher->output_words,
              dispatcher->output_lost ? event->error.message : "the sound card plays again");
    dispatcher_tell_output(dispatcher, now.mono);
}

void dispatcher_take_playout_event(struct dispatcher *dispatcher, const struct playout_event *event, struct moment now)
{
    struct broadcast *broadcast = dispatcher->current;
    if (event->kind == PLAYOUT_LOST || (event->kind == PLAYOUT_READY && dispatcher->output_lost))
        take_output_state(dispatcher, event, now);
    if (!broadcast || event->broadcast != broadcast->id)
        return;
    switch (event->kind) {
    case PLAYOUT_DUE: take_due(dispatcher, event); break;
    case PLAYOUT_PHASE: take_phase(dispatcher, event); break;
    case PLAYOUT_STEP: take_step(dispatcher, event, now); break;
    case PLAYOUT_ENDED:
        consider_extension(dispatcher, event->repetition); /* where the last language was not there yet */
        broadcast->played = event->repetition;
        if (event->repetition <= broadcast->alert->repetitions_planned)
            broadcast->alert->ended[dispatcher->channel] = event->repetition;
        dispatcher_record_alert(dispatcher, 0, NULL);
        break;
    case PLAYOUT_FINISHED:
        broadcast->sound_over = true;
        dispatcher_begin_stopping(dispatcher, now);
        break;
    case PLAYOUT_UNDERRUN:
        dispatcher->ports.alarm(dispatcher->ports.context, broadcast->alert, "underrun",
                                "the sound card ran dry for a moment; the message went on");
        break;
    case PLAYOUT_READY:
    case PLAYOUT_LOST: break;
    }
    dispatcher_advance(dispatcher, now);
}
