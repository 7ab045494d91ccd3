/* The state machine of one channel. */
#include "controller/dispatcher.h"

#include "controller/queue.h"
#include "controller/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    STORE_PATIENCE_MS = 2000,  /* a disk that stalls longer does not hold back an actual alert */
    SWEEP_PATIENCE_MS = 5000,  /* at start: how long the first look at the lines may hold back a broadcast */
    SETTLE_PATIENCE_MS = 5000, /* at the end: how long stops that cannot be confirmed are waited for */
};

/* What is known of a line, also between broadcasts. */
struct line_state {
    bool up, seen; /* seen: swept once, or said to be down */
    bool told_down;
    struct mono down_since;
};

struct dispatcher {
    const struct config *config;
    uint32_t channel;
    struct line *const *lines;
    struct playout *playout;
    struct dispatcher_ports ports;
    struct queue *queue;
    struct loudness *loudness;
    struct broadcast *current;
    struct line_state *line_states;
    struct mono created;
    uint32_t last_broadcast;
    uint32_t session;
    uint16_t token; /* reserved for the next session */
    bool token_ready;
    struct mono token_asked;
    bool output_lost;
};

static void on_token(struct dispatcher *dispatcher, uint32_t broadcast, uint32_t token, bool ok);
static void start_next(struct dispatcher *dispatcher, struct moment now);

static void reserve_token(struct dispatcher *dispatcher, struct moment now)
{
    dispatcher->token = (uint16_t)(dispatcher->token == UINT16_MAX ? 1 : dispatcher->token + 1);
    dispatcher->token_ready = false;
    dispatcher->token_asked = now.mono;
    dispatcher->ports.reserve_token(dispatcher->ports.context, dispatcher, dispatcher->token, on_token);
}

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
    reserve_token(dispatcher, now);
    return dispatcher;
}

void dispatcher_free(struct dispatcher *dispatcher)
{
    if (!dispatcher)
        return;
    broadcast_free(dispatcher->current);
    queue_free(dispatcher->queue);
    loudness_free(dispatcher->loudness);
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

static bool expired(const struct alert *alert, struct moment now)
{
    return alert->expires.ms <= now.wall.ms;
}

static void set_targets(struct dispatcher *dispatcher, bool empty)
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
        if (target->n_members > 0 || empty)
            line_set_target(dispatcher->lines[broadcast->lines[i].line], target);
    }
    free(target);
}

static void set_verification(struct dispatcher *dispatcher)
{
    const struct broadcast *broadcast = dispatcher->current;
    uint16_t order[LINE_TERMINALS_MAX];
    for (size_t i = 0; i < broadcast->n_lines; i++) {
        size_t n = broadcast->phase == BROADCAST_STOPPING ? 0 : broadcast_verify_order(broadcast, &broadcast->lines[i], order);
        line_set_verify(dispatcher->lines[broadcast->lines[i].line], order, n);
    }
}

static void on_alert_recorded(struct dispatcher *dispatcher, uint32_t broadcast, uint32_t repetition, bool ok);

static void record_alert(struct dispatcher *dispatcher, uint32_t repetition, dispatcher_done_fn *done)
{
    struct broadcast *broadcast = dispatcher->current;
    dispatcher->ports.record_alert(dispatcher->ports.context, dispatcher, broadcast->alert, broadcast->id, repetition, done);
}

static struct programme *make_programme(const struct dispatcher *dispatcher, const struct broadcast *broadcast,
                                        struct error *error)
{
    const struct config *config = dispatcher->config;
    bool drill = broadcast->alert->message->status == STATUS_EXERCISE;
    struct programme_settings settings = {
        .rate = config->channels[dispatcher->channel].playout.rate,
        .tone = config->hazards[broadcast->alert->hazard].tone,
        .tone_min_ms = config->tone_min_ms,
        .tone_max_ms = config->tone_max_ms,
        .silence_ms = config->silence_ms,
        .repetitions = broadcast->repetitions,
        .first_repetition = broadcast->first_repetition,
        .n_languages = broadcast->n_languages ? (uint32_t)broadcast->n_languages : 1,
        .closing = drill,
        .end_tone = true,
    };
    return programme_create(&settings, error);
}

/* Asks for all voices at once; the tone sounds meanwhile. */
static void ask_voices(struct dispatcher *dispatcher)
{
    struct broadcast *broadcast = dispatcher->current;
    struct dispatcher_ports *ports = &dispatcher->ports;
    char closing[512] = "";
    bool drill = broadcast->alert->message->status == STATUS_EXERCISE;
    for (uint32_t i = 0; i < broadcast->n_languages; i++) {
        const struct alert_words *words = broadcast->words[i];
        broadcast->languages_open |= 1u << i;
        ports->speak(ports->context, dispatcher, broadcast->id, i, words->language, words->text);
        const char *sentence = words_drill_closing(words->language);
        if (drill && sentence && !*closing) {
            text_copy(closing, sizeof closing, sentence);
            ports->speak(ports->context, dispatcher, broadcast->id, PROGRAMME_CLOSING, words->language, closing);
        }
    }
    if (broadcast->n_languages == 0) {
        broadcast->fallback = true;
        broadcast->languages_open = 1;
        ports->speak(ports->context, dispatcher, broadcast->id, 0, NULL, NULL);
    }
}

static void begin(struct dispatcher *dispatcher, struct alert *alert, struct moment now)
{
    struct error error = {0};
    struct broadcast *broadcast =
        broadcast_create(dispatcher->config, alert, dispatcher->channel, ++dispatcher->last_broadcast, dispatcher->token, now);
    if (!broadcast) {
        dispatcher->ports.alarm(dispatcher->ports.context, alert, "no_memory", "cannot begin the broadcast; it is tried again");
        return;
    }
    queue_remove(dispatcher->queue, alert);
    dispatcher->current = broadcast;
    dispatcher->session++;
    if (alert->state < ALERT_PREPARING)
        alert->state = ALERT_PREPARING;
    set_targets(dispatcher, false);
    struct programme *programme = make_programme(dispatcher, broadcast, &error);
    if (programme)
        playout_load(dispatcher->playout, programme, broadcast->id);
    else
        dispatcher->ports.alarm(dispatcher->ports.context, alert, "no_audio", error.message);
    ask_voices(dispatcher);
    for (size_t i = 0; i < broadcast->n_deliveries; i++)
        dispatcher->ports.record_delivery(dispatcher->ports.context, broadcast, &broadcast->deliveries[i]);
    record_alert(dispatcher, broadcast->first_repetition, on_alert_recorded);
}

/* At start the lines are looked at first: what a crash left sounding is stopped before anything new. */
static bool lines_seen(const struct dispatcher *dispatcher, struct moment now)
{
    if (mono_since(now.mono, dispatcher->created) > (int64_t)SWEEP_PATIENCE_MS * 1000)
        return true;
    for (size_t i = 0; i < dispatcher->config->n_lines; i++)
        if (dispatcher->config->lines[i].channel == dispatcher->channel && !dispatcher->line_states[i].seen)
            return false;
    return true;
}

static void start_next(struct dispatcher *dispatcher, struct moment now)
{
    struct alert *alert = queue_first(dispatcher->queue);
    if (dispatcher->current || !alert || !lines_seen(dispatcher, now))
        return;
    bool store_slow = mono_since(now.mono, dispatcher->token_asked) > (int64_t)STORE_PATIENCE_MS * 1000;
    if (!dispatcher->token_ready && !store_slow)
        return;
    if (!dispatcher->token_ready)
        dispatcher->ports.alarm(dispatcher->ports.context, alert, "store_slow", "the token of the session is not on disk yet");
    begin(dispatcher, alert, now);
}

static void on_token(struct dispatcher *dispatcher, uint32_t broadcast, uint32_t token, bool ok)
{
    (void)broadcast;
    if (ok && token == dispatcher->token)
        dispatcher->token_ready = true; /* start_next follows at the next event or tick */
}

bool dispatcher_submit(struct dispatcher *dispatcher, struct alert *alert, struct moment now)
{
    if (!queue_push(dispatcher->queue, alert))
        return false;
    start_next(dispatcher, now);
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

static void advance_sound(struct dispatcher *dispatcher, struct moment now)
{
    struct broadcast *broadcast = dispatcher->current;
    bool slow = mono_since(now.mono, broadcast->began.mono) > (int64_t)STORE_PATIENCE_MS * 1000;
    if (!broadcast->allowed && broadcast->due && (broadcast->recorded || slow) && may_sound(dispatcher)) {
        broadcast->allowed = true;
        broadcast->phase = BROADCAST_SOUNDING;
        playout_allow(dispatcher->playout, broadcast->id, broadcast->first_repetition);
    }
    if (broadcast->allowed && !broadcast->released && all_starts_sent(dispatcher)) {
        broadcast->released = true;
        playout_release(dispatcher->playout, broadcast->id);
    }
}

static void on_alert_recorded(struct dispatcher *dispatcher, uint32_t id, uint32_t repetition, bool ok)
{
    struct broadcast *broadcast = dispatcher->current;
    if (!broadcast || broadcast->id != id)
        return;
    if (!ok)
        dispatcher->ports.alarm(dispatcher->ports.context, broadcast->alert, "store_failed",
                                "the beginning of a repetition is not on disk; it sounds all the same");
    if (repetition == broadcast->first_repetition)
        broadcast->recorded = true; /* advance_sound follows at the next event or tick */
    else
        playout_allow(dispatcher->playout, id, repetition);
}

/* Silence first; the terminals are stopped once the sound is out, or at once when the officer says stop. */
static void begin_stopping(struct dispatcher *dispatcher, struct moment now)
{
    struct broadcast *broadcast = dispatcher->current;
    if (broadcast->phase == BROADCAST_STOPPING)
        return;
    broadcast->phase = BROADCAST_STOPPING;
    broadcast->stop_began = now;
    set_verification(dispatcher);
    set_targets(dispatcher, true);
}

static void end_broadcast(struct dispatcher *dispatcher, struct moment now)
{
    struct broadcast *broadcast = dispatcher->current;
    broadcast_finish(broadcast, now);
    dispatcher->current = NULL;
    dispatcher->ports.record_end(dispatcher->ports.context, broadcast);
    broadcast_free(broadcast);
    reserve_token(dispatcher, now);
    start_next(dispatcher, now);
}

static bool settled(const struct dispatcher *dispatcher)
{
    const struct broadcast *broadcast = dispatcher->current;
    for (size_t i = 0; i < broadcast->n_lines; i++)
        if (broadcast->lines[i].n_meant > 0 && !broadcast->lines[i].settled &&
            dispatcher->line_states[broadcast->lines[i].line].up)
            return false;
    return true;
}

static void advance_end(struct dispatcher *dispatcher, struct moment now)
{
    struct broadcast *broadcast = dispatcher->current;
    if (broadcast->phase != BROADCAST_STOPPING)
        return;
    bool patience = mono_since(now.mono, broadcast->stop_began.mono) < (int64_t)SETTLE_PATIENCE_MS * 1000;
    if (!patience || (broadcast->sound_over && settled(dispatcher)))
        end_broadcast(dispatcher, now);
}

static void advance(struct dispatcher *dispatcher, struct moment now)
{
    if (dispatcher->current && dispatcher->current->phase != BROADCAST_STOPPING)
        advance_sound(dispatcher, now);
    if (dispatcher->current)
        advance_end(dispatcher, now);
    start_next(dispatcher, now);
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
    broadcast->cause = cause;
    playout_stop(dispatcher->playout, broadcast->id);
    begin_stopping(dispatcher, now);
    return true;
}

static void record_delivery(struct dispatcher *dispatcher, const struct delivery *delivery)
{
    dispatcher->ports.record_delivery(dispatcher->ports.context, dispatcher->current, delivery);
}

static void take_terminal_event(struct dispatcher *dispatcher, uint32_t line, const struct line_event *event, struct moment now)
{
    struct broadcast *broadcast = dispatcher->current;
    struct delivery *delivery = broadcast_delivery(broadcast, line, event->terminal);
    if (!delivery || event->session != dispatcher->session)
        return;
    bool stopping = broadcast->phase == BROADCAST_STOPPING;
    if (stopping && event->kind != LINE_STOPPED && !(event->kind == LINE_TROUBLE && event->trouble == TROUBLE_NOT_STOPPED))
        return; /* what a terminal does while it is being stopped says nothing of the delivery */
    enum rung before = delivery->rung;
    if (delivery_take_event(delivery, event, now.wall))
        record_delivery(dispatcher, delivery);
    if (event->kind == LINE_STARTED)
        broadcast->any_started = true;
    if (event->kind == LINE_READING && event->reading.started && event->reading.has_level && broadcast->allowed)
        broadcast_keep_reading(broadcast, (uint32_t)(delivery - broadcast->deliveries), &event->reading);
    if (event->kind == LINE_STARTED || delivery->rung != before)
        set_verification(dispatcher);
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
        state->told_down = false;
        for (size_t i = 0; broadcast && i < dispatcher->config->lines[line].n_terminals; i++) {
            struct delivery *delivery = broadcast_delivery(broadcast, line, (uint16_t)i);
            if (delivery && delivery_line_up(delivery))
                record_delivery(dispatcher, delivery);
        }
    }
}

void dispatcher_take_line_event(struct dispatcher *dispatcher, uint32_t line, const struct line_event *event, struct moment now)
{
    take_line_state(dispatcher, line, event, now);
    struct broadcast *broadcast = dispatcher->current;
    struct broadcast_line *mine = broadcast ? broadcast_find_line(broadcast, line) : NULL;
    if (mine && event->session == dispatcher->session) {
        mine->starts_sent |= event->kind == LINE_STARTS_SENT;
        mine->settled |= event->kind == LINE_SETTLED && broadcast->phase == BROADCAST_STOPPING;
    }
    if (mine && event->terminal < LINE_TERMINALS_MAX)
        take_terminal_event(dispatcher, line, event, now);
    advance(dispatcher, now);
}

struct judging {
    struct dispatcher *dispatcher;
    bool wants_changed;
};

static void told(void *context, struct delivery *delivery, const struct terminal_reading *reading,
                 enum loudness_verdict verdict)
{
    struct judging *judging = context;
    struct dispatcher *dispatcher = judging->dispatcher;
    dispatcher->ports.record_reading(dispatcher->ports.context, dispatcher->current, delivery, reading, verdict);
    record_delivery(dispatcher, delivery);
    judging->wants_changed |= verdict == LOUDNESS_SILENCE ? delivery->has_baseline : !delivery_wants_level(delivery);
}

static void take_step(struct dispatcher *dispatcher, const struct playout_event *event, struct moment now)
{
    struct broadcast *broadcast = dispatcher->current;
    struct loudness_step step = {event->at, event->level, event->segment, event->segment_began};
    loudness_add(dispatcher->loudness, &step);
    if (event->segment == SEGMENT_WORDS && event->level > broadcast->loudest_words)
        broadcast->loudest_words = event->level;
    struct judging judging = {dispatcher, false};
    broadcast_judge(broadcast, dispatcher->loudness, now, told, &judging);
    if (judging.wants_changed && broadcast->phase == BROADCAST_SOUNDING)
        set_verification(dispatcher);
}

/* Near the end of the last repetition: if somebody was not sampled enough, one more, within hold_open_s. */
static void consider_extension(struct dispatcher *dispatcher, const struct playout_event *event)
{
    struct broadcast *broadcast = dispatcher->current;
    if (event->repetition < broadcast->repetitions || event->segment != SEGMENT_WORDS ||
        event->language + 1 < broadcast->n_languages || broadcast_sampled(broadcast))
        return;
    int64_t length_ms = mono_since(event->at, broadcast->repetition_began) / 1000 * 2; /* at most: words so far, twice */
    if (broadcast->extended_ms + length_ms > (int64_t)dispatcher->config->hold_open_s * 1000)
        return;
    broadcast->extended_ms += (uint32_t)length_ms;
    broadcast->repetitions++;
    playout_extend(dispatcher->playout, broadcast->id, 1);
}

static void take_phase(struct dispatcher *dispatcher, const struct playout_event *event)
{
    struct broadcast *broadcast = dispatcher->current;
    broadcast->segment = event->segment;
    if (event->segment == SEGMENT_TONE)
        broadcast->repetition_began = event->at;
    if (broadcast->alert->state == ALERT_PREPARING) {
        broadcast->alert->state = ALERT_SOUNDING;
        record_alert(dispatcher, 0, NULL);
    }
    dispatcher->ports.tell_programme(dispatcher->ports.context, broadcast, event);
    if (broadcast->phase == BROADCAST_SOUNDING)
        set_verification(dispatcher);
    consider_extension(dispatcher, event);
}

static void take_due(struct dispatcher *dispatcher, const struct playout_event *event, struct moment now)
{
    struct broadcast *broadcast = dispatcher->current;
    if (expired(broadcast->alert, now)) {
        broadcast->cause = CAUSE_EXPIRED;
        playout_stop(dispatcher->playout, broadcast->id);
        begin_stopping(dispatcher, now);
    } else if (event->repetition == broadcast->first_repetition) {
        broadcast->due = true;
    } else {
        record_alert(dispatcher, event->repetition, on_alert_recorded);
    }
}

static void take_output_state(struct dispatcher *dispatcher, const struct playout_event *event)
{
    dispatcher->output_lost = event->kind == PLAYOUT_LOST;
    dispatcher->ports.alarm(dispatcher->ports.context, dispatcher->current ? dispatcher->current->alert : NULL,
                            event->kind == PLAYOUT_LOST ? "output_lost" : "output_back", event->error.message);
}

void dispatcher_take_playout_event(struct dispatcher *dispatcher, const struct playout_event *event, struct moment now)
{
    struct broadcast *broadcast = dispatcher->current;
    if (event->kind == PLAYOUT_LOST || (event->kind == PLAYOUT_READY && dispatcher->output_lost))
        take_output_state(dispatcher, event);
    if (!broadcast || event->broadcast != broadcast->id)
        return;
    switch (event->kind) {
    case PLAYOUT_DUE: take_due(dispatcher, event, now); break;
    case PLAYOUT_PHASE: take_phase(dispatcher, event); break;
    case PLAYOUT_STEP: take_step(dispatcher, event, now); break;
    case PLAYOUT_ENDED:
        if (event->repetition <= broadcast->alert->repetitions_planned)
            broadcast->alert->ended[dispatcher->channel] = event->repetition;
        record_alert(dispatcher, 0, NULL);
        break;
    case PLAYOUT_FINISHED:
        broadcast->sound_over = true;
        begin_stopping(dispatcher, now);
        break;
    case PLAYOUT_UNDERRUN:
        dispatcher->ports.alarm(dispatcher->ports.context, broadcast->alert, "underrun",
                                "the sound card ran dry for a moment; the message went on");
        break;
    case PLAYOUT_READY:
    case PLAYOUT_LOST: break;
    }
    advance(dispatcher, now);
}

/* No language is left: the shipped recording is better than a tone without words. */
static void fall_back(struct dispatcher *dispatcher)
{
    struct broadcast *broadcast = dispatcher->current;
    broadcast->fallback = true;
    broadcast->first_unspoken = false;
    broadcast->languages_open = 1;
    dispatcher->ports.alarm(dispatcher->ports.context, broadcast->alert, "no_words",
                            "no language of the alert could be spoken; the shipped recording follows the tone");
    dispatcher->ports.speak(dispatcher->ports.context, dispatcher, broadcast->id, 0, NULL, NULL);
}

static void not_spoken(struct dispatcher *dispatcher, uint32_t index, const struct error *error)
{
    struct broadcast *broadcast = dispatcher->current;
    const char *language = broadcast->fallback ? "recording" : broadcast->words[index]->language;
    json_array_append_new(broadcast->alert->not_spoken,
                          json_pack("{s:s, s:s}", "language", language, "reason", error->message));
    dispatcher->ports.alarm(dispatcher->ports.context, broadcast->alert, "not_spoken", error->message);
    record_alert(dispatcher, 0, NULL);
}

void dispatcher_spoken(struct dispatcher *dispatcher, uint32_t id, uint32_t index, const struct speech *speech,
                       const struct error *error, struct moment now)
{
    struct broadcast *broadcast = dispatcher->current;
    if (!broadcast || broadcast->id != id)
        return;
    if (index == PROGRAMME_CLOSING) {
        playout_words(dispatcher->playout, id, index, speech ? speech->frames : NULL, speech ? speech->n_frames : 0);
        return;
    }
    broadcast->languages_open &= ~(1u << index);
    if (speech) {
        if (broadcast->speech_mean == 0 || speech->mean_level < broadcast->speech_mean)
            broadcast->speech_mean = speech->mean_level;
        playout_words(dispatcher->playout, id, index, speech->frames, speech->n_frames);
    } else {
        not_spoken(dispatcher, index, error);
        if (index != 0)
            playout_words(dispatcher->playout, id, index, NULL, 0);
        else
            broadcast->first_unspoken = true;
    }
    if (broadcast->languages_open == 0 && broadcast->first_unspoken) {
        bool none = broadcast->speech_mean == 0;
        if (none && !broadcast->fallback)
            fall_back(dispatcher);
        else
            playout_words(dispatcher->playout, id, 0, NULL, 0);
    }
    advance(dispatcher, now);
}

static void tick_lines(struct dispatcher *dispatcher, struct moment now)
{
    for (uint32_t l = 0; l < dispatcher->config->n_lines; l++) {
        struct line_state *state = &dispatcher->line_states[l];
        if (dispatcher->config->lines[l].channel != dispatcher->channel || state->up ||
            mono_since(now.mono, state->down_since) < (int64_t)dispatcher->config->line_down_grace_ms * 1000)
            continue;
        for (size_t i = 0; i < dispatcher->config->lines[l].n_terminals; i++) {
            struct delivery *delivery = broadcast_delivery(dispatcher->current, l, (uint16_t)i);
            if (delivery && delivery_line_down(delivery, now))
                record_delivery(dispatcher, delivery);
        }
    }
}

void dispatcher_tick(struct dispatcher *dispatcher, struct moment now)
{
    if (dispatcher->current && dispatcher->current->phase != BROADCAST_STOPPING)
        tick_lines(dispatcher, now);
    advance(dispatcher, now);
}
