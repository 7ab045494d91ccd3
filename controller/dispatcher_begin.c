/* How the next broadcast of a channel begins: the token for its session is reserved beforehand, the lines have been looked at,
 * and nothing else sounds there. */
#include "controller/dispatcher_intern.h"

#include "controller/evidence.h"

enum {
    TOKEN_AGAIN_MS = 5000,    /* a reservation that failed is asked for again; once it is there a crash leaves its trace */
    SWEEP_PATIENCE_MS = 5000, /* at start: how long the first look at the lines may hold back a broadcast */
};

static void on_token(struct dispatcher *dispatcher, uint32_t broadcast, uint32_t token, bool ok)
{
    (void)broadcast;
    if (ok && token == dispatcher->token)
        dispatcher->token_ready = true; /* dispatcher_begin_next follows at the next event or tick */
}

static void ask_token(struct dispatcher *dispatcher, struct moment now)
{
    dispatcher->token_tried = now.mono;
    dispatcher->ports.reserve_token(dispatcher->ports.context, dispatcher, dispatcher->token, on_token);
}

void dispatcher_reserve_token(struct dispatcher *dispatcher, struct moment now)
{
    dispatcher->token = (uint16_t)(dispatcher->token == UINT16_MAX ? 1 : dispatcher->token + 1);
    dispatcher->token_ready = false;
    dispatcher->token_asked = now.mono;
    ask_token(dispatcher, now);
}

void dispatcher_ask_token_again(struct dispatcher *dispatcher, struct moment now)
{
    if (!dispatcher->token_ready && mono_since(now.mono, dispatcher->token_tried) >= (int64_t)TOKEN_AGAIN_MS * 1000)
        ask_token(dispatcher, now);
}

static struct programme *make_programme(const struct dispatcher *dispatcher, const struct broadcast *broadcast,
                                        struct error *error)
{
    const struct config *config = dispatcher->config;
    bool drill = broadcast->alert->message->status == STATUS_EXERCISE;
    struct programme_settings settings = {
        .rate = config->channels[dispatcher->channel].playout.rate,
        .tone = broadcast->alert->all_clear ? TONE_ALL_CLEAR : config->hazards[broadcast->alert->hazard].tone,
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

static bool anybody_meant(const struct broadcast *broadcast)
{
    for (size_t i = 0; i < broadcast->n_lines; i++)
        if (broadcast->lines[i].n_meant > 0)
            return true;
    return false;
}

/* It sounds, or is about to: whatever kept it waiting is over. */
static void set_running(struct alert *alert)
{
    alert->running++;
    alert->reason[0] = '\0';
    if (alert->state < ALERT_PREPARING)
        alert->state = ALERT_PREPARING;
}

/* What sounded before fades at once. False where nothing will sound. */
static bool load(struct dispatcher *dispatcher)
{
    struct broadcast *broadcast = dispatcher->current;
    struct error error = {0};
    dispatcher_set_targets(dispatcher, false);
    dispatcher_verify(dispatcher);
    bool in_vain =
        !broadcast_has_output(broadcast) && !anybody_meant(broadcast); /* no ear, no sound: the channel is not held */
    struct programme *programme = in_vain ? NULL : make_programme(dispatcher, broadcast, &error);
    if (programme)
        playout_load(dispatcher->playout, programme, broadcast->id);
    else if (!in_vain)
        dispatcher->ports.alarm(dispatcher->ports.context, broadcast->alert, "no_audio", error.message);
    if (!in_vain)
        dispatcher_ask_words(dispatcher);
    return programme != NULL;
}

bool dispatcher_begin(struct dispatcher *dispatcher, struct alert *alert, struct broadcast *from, struct moment now)
{
    uint16_t token = from ? from->token : dispatcher->token;
    struct broadcast *broadcast =
        broadcast_create(dispatcher->config, alert, dispatcher->channel, ++dispatcher->last_broadcast, token, now);
    if (!broadcast) {
        dispatcher->ports.alarm(dispatcher->ports.context, alert, "no_memory", "cannot begin the broadcast; it is tried again");
        return false;
    }
    evidence_recall(broadcast);
    if (from && from->phase != BROADCAST_STOPPING)
        broadcast_take_over(broadcast, from);
    broadcast->cuts_off_drill =
        from && from->alert->message->status == STATUS_EXERCISE && alert->message->status == STATUS_ACTUAL;
    queue_remove(dispatcher->queue, alert);
    dispatcher->current = broadcast;
    dispatcher->session++;
    set_running(alert);
    bool loaded = load(dispatcher);
    for (size_t i = 0; i < broadcast->n_deliveries; i++)
        dispatcher->ports.record_delivery(dispatcher->ports.context, broadcast, &broadcast->deliveries[i]);
    broadcast->record_asked = now.mono;
    broadcast->asked = broadcast->first_repetition;
    dispatcher_record_alert(dispatcher, broadcast->first_repetition, dispatcher_alert_recorded);
    if (!loaded) {
        broadcast->sound_over = true;
        dispatcher_begin_stopping(dispatcher, now);
    }
    return true;
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

void dispatcher_begin_next(struct dispatcher *dispatcher, struct moment now)
{
    struct alert *alert = queue_first(dispatcher->queue);
    if (dispatcher->current || !alert || !lines_seen(dispatcher, now))
        return;
    bool store_slow = mono_since(now.mono, dispatcher->token_asked) > (int64_t)DISPATCHER_STORE_PATIENCE_MS * 1000;
    if (!dispatcher->token_ready && !store_slow)
        return;
    if (!dispatcher->token_ready)
        dispatcher->ports.alarm(dispatcher->ports.context, alert, "store_slow", "the token of the session is not on disk yet");
    dispatcher_begin(dispatcher, alert, NULL, now);
}
