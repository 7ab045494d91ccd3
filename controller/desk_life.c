/* From the list of live alerts to the channels, and to their end. */
#include "controller/desk_intern.h"

#include "controller/alert_audio.h"
#include "controller/evidence.h"

#include "controller/log.h"

#include <stdlib.h>
#include <string.h>

enum {
    RETRY_MS = 2000,
    TIDY_MS = 10000,
    KEPT_MAX = 100,               /* alerts that have ended, and are not on disk */
    KEPT_BYTES = 8 * 1024 * 1024, /* of their messages */
};

/* ---- the list of alerts ---- */

bool desk_keep(struct desk *desk, struct alert *alert)
{
    if (desk->n_alerts == desk->room) {
        size_t room = desk->room ? desk->room * 2 : 32;
        struct alert **alerts = realloc(desk->alerts, room * sizeof(struct alert *));
        if (!alerts)
            return false;
        desk->alerts = alerts;
        desk->room = room;
    }
    desk->alerts[desk->n_alerts++] = alert;
    return true;
}

void desk_drop(struct desk *desk, struct alert *alert)
{
    for (size_t i = 0; i < desk->n_alerts; i++)
        if (desk->alerts[i] == alert)
            desk->alerts[i] = desk->alerts[--desk->n_alerts];
    alert_free(alert);
}

struct alert *desk_find(const struct desk *desk, const char *id)
{
    for (size_t i = 0; i < desk->n_alerts; i++)
        if (!desk->alerts[i]->accepting && strcmp(desk->alerts[i]->id, id) == 0)
            return desk->alerts[i];
    return NULL;
}

/* Those that cannot be stored for long must not fill the memory: the oldest end goes first. */
static void bound_kept(struct desk *desk)
{
    size_t n = 0, bytes = 0;
    struct alert *oldest = NULL;
    for (size_t i = 0; i < desk->n_alerts; i++) {
        struct alert *alert = desk->alerts[i];
        if (!alert->over)
            continue;
        n++;
        bytes += alert->n_bytes;
        if (!oldest || alert->received.ms < oldest->received.ms)
            oldest = alert;
    }
    if (n <= KEPT_MAX && bytes <= KEPT_BYTES)
        return;
    log_line(LOG_ERROR, "%s: forgotten, as it cannot be stored and there are too many of these", oldest->id);
    desk_drop(desk, oldest);
}

void desk_release(struct desk *desk, struct alert *alert)
{
    alert->over = true;
    if (alert->owed == 0 && !alert->lacking)
        desk_drop(desk, alert);
    else
        bound_kept(desk);
}

static struct alert *find_any(const struct desk *desk, const char *id)
{
    for (size_t i = 0; i < desk->n_alerts; i++)
        if (strcmp(desk->alerts[i]->id, id) == 0)
            return desk->alerts[i];
    return NULL;
}

void desk_settled(void *context, const char *id, const struct error *error)
{
    struct desk *desk = context;
    struct alert *alert = find_any(desk, id);
    if (!alert || alert->owed == 0)
        return;
    alert->owed--;
    if (error->code != ERROR_NONE)
        alert->lacking = true;
    if (alert->owed == 0 && !alert->lacking)
        alert->durable = alert->stored = true;
    if (alert->over)
        desk_release(desk, alert);
}

static void on_probed(void *context, int64_t seq, const struct error *error)
{
    (void)seq;
    (void)error; /* the store knows */
    ((struct desk *)context)->probing = false;
}

static void store_again(struct desk *desk, struct alert *alert, struct moment now)
{
    bool durable = alert->durable;
    alert->lacking = false; /* a failure says so again */
    alert->durable = true;  /* as the row will say once it is there */
    journal_again(&desk->journal, alert, now.wall);
    alert->durable = durable;
}

void desk_try_again(struct desk *desk, struct moment now)
{
    struct error why;
    if (mono_since(now.mono, desk->tried) < (int64_t)RETRY_MS * 1000)
        return;
    desk->tried = now.mono;
    for (size_t i = 0; i < desk->n_alerts; i++) {
        struct alert *alert = desk->alerts[i];
        if (alert->lacking && alert->owed == 0 && !alert->accepting)
            store_again(desk, alert, now);
    }
    if (!desk->probing && store_in_trouble(desk->store, &why)) { /* whether it works again is seen by trying */
        desk->probing = true;
        journal_number(&desk->journal, "store.tried", now.wall.ms, on_probed, desk);
    }
}

/* ---- ends ---- */

static void end_alert(struct desk *desk, struct alert *alert, enum alert_state state)
{
    alert->state = state;
    log_line(LOG_NOTE, "%s: %s%s%s", alert->id, alert_state_name(state), *alert->reason ? ": " : "", alert->reason);
    const struct decision ended = desk_ended(alert);
    journal_decided(&desk->journal, alert, clock_read().wall, &ended, NULL, NULL);
    desk_release(desk, alert);
}

static enum alert_state state_of(enum delivery_cause cause)
{
    switch (cause) {
    case CAUSE_FINISHED: return ALERT_FINISHED;
    case CAUSE_STOPPED: return ALERT_STOPPED;
    case CAUSE_CANCELLED: return ALERT_CANCELLED;
    case CAUSE_EXPIRED: return ALERT_EXPIRED;
    case CAUSE_SUPERSEDED: return ALERT_SUPERSEDED;
    case CAUSE_CLEARED: return ALERT_CLEARED;
    }
    return ALERT_FINISHED;
}

/* One channel is through with the alert. */
void desk_channel_done(struct desk *desk, struct alert *alert, enum delivery_cause cause)
{
    if (cause != CAUSE_FINISHED)
        alert->outcome = state_of(cause);
    if (alert->channels_left == 0 || --alert->channels_left > 0)
        return;
    if (alert->outcome == ALERT_FINISHED && desk_is_in_force(desk, alert, clock_read()))
        desk_await_return(desk, alert, clock_read());
    else
        end_alert(desk, alert, alert->outcome);
}

void desk_record_end(struct desk *desk, const struct broadcast *broadcast, const struct delivery *delivery)
{
    journal_delivery(&desk->journal, broadcast, delivery);
    desk->ends[delivery->end][delivery->reason]++;
}

/* An alert that never began on a channel still has a delivery per terminal, each with its end. */
static void record_unbegun(struct desk *desk, struct alert *alert, uint32_t channel, enum delivery_cause cause)
{
    struct broadcast *broadcast = broadcast_create(desk->config, alert, channel, 0, 0, clock_read());
    if (!broadcast)
        return;
    broadcast->cause = cause;
    evidence_recall(broadcast);
    for (size_t i = 0; cause == CAUSE_FINISHED && i < broadcast->n_deliveries; i++)
        if (broadcast->deliveries[i].rung < delivery_highest(&broadcast->deliveries[i]))
            broadcast->deliveries[i].trouble = REASON_CONTROLLER_LOST;
    broadcast_finish(broadcast, clock_read());
    for (size_t i = 0; i < broadcast->n_deliveries; i++)
        if (!evidence_is_final(broadcast, &broadcast->deliveries[i]))
            desk_record_end(desk, broadcast, &broadcast->deliveries[i]);
    broadcast_tally(broadcast, &alert->tally);
    broadcast_free(broadcast);
}

static void record_unbegun_everywhere(struct desk *desk, struct alert *alert, enum delivery_cause cause)
{
    for (uint32_t c = 0; c < desk->config->n_channels; c++)
        if (alert_uses_channel(alert, desk->config, c))
            record_unbegun(desk, alert, c, cause);
}

static void tell_channels(struct desk *desk, struct alert *alert, enum delivery_cause cause)
{
    for (uint32_t c = 0; c < desk->config->n_channels; c++) {
        bool was_waiting = false;
        if (!alert_uses_channel(alert, desk->config, c) ||
            !dispatcher_stop(desk->dispatchers[c], alert, cause, &was_waiting, clock_read()))
            continue;
        if (was_waiting) {
            record_unbegun(desk, alert, c, cause);
            desk_channel_done(desk, alert, cause);
        }
    }
}

void desk_end_held(struct desk *desk, struct alert *alert, enum delivery_cause cause)
{
    bool between = alert->state == ALERT_RETURNING; /* its deliveries have their ends */
    if (alert->channels_left++ > 0 && !alert->accepting)
        tell_channels(desk, alert, cause);
    else if (between && cause == CAUSE_EXPIRED)
        alert->reason[0] = '\0'; /* it is in force no longer */
    else if (!between)           /* not handed to a channel yet */
        record_unbegun_everywhere(desk, alert, cause);
    alert->state = alert->outcome = state_of(cause);
}

void desk_end(struct desk *desk, struct alert *alert, enum delivery_cause cause)
{
    desk_end_held(desk, alert, cause);
    desk_channel_done(desk, alert, cause);
}

/* ---- old rows ---- */

bool desk_is_quiet(const struct desk *desk)
{
    for (size_t i = 0; i < desk->n_alerts; i++)
        if (desk->alerts[i]->accepting ||
            (desk->alerts[i]->state != ALERT_WAITING && desk->alerts[i]->state != ALERT_RETURNING))
            return false;
    return true;
}

void desk_tidy(struct desk *desk, struct moment now)
{
    struct error why;
    if (mono_since(now.mono, desk->tidied) < (int64_t)TIDY_MS * 1000 || !desk_is_quiet(desk) || !clock_trusted() ||
        store_in_trouble(desk->store, &why))
        return;
    desk->tidied = now.mono;
    journal_tidy(&desk->journal, now.wall);
}

void desk_fetch(struct desk *desk, struct alert *alert)
{
    for (size_t i = 0; desk->fetcher && i < alert->n_words; i++) {
        struct alert_words *words = &alert->words[i];
        if (!words->recording || alert_audio_is_here(words->recording) || (words->fetched && !fetched_failed(words->fetched)))
            continue;
        fetched_release(words->fetched);
        words->fetched = fetcher_ask(desk->fetcher, words->recording->uri,
                                     words->recording->size > 0 ? (size_t)words->recording->size : ALERT_AUDIO_MAX);
    }
}

/* ---- on the way to the channels ---- */

void desk_dispatch(struct desk *desk, struct alert *alert)
{
    if (desk->ending)
        return;
    if (alert->begun.ms == 0)
        alert->begun = clock_read().wall;
    desk_gate_begun(desk, alert);
    desk_fetch(desk, alert);
    desk_act_on_references(desk, alert);
    alert->state = ALERT_QUEUED;
    alert->channels_left = 1; /* holds it until all channels were told */
    for (uint32_t c = 0; c < desk->config->n_channels; c++) {
        if (!alert_uses_channel(alert, desk->config, c))
            continue;
        if (alert->ended[c] >= alert->repetitions_planned) { /* after a restart: this channel had played all of it */
            record_unbegun(desk, alert, c, CAUSE_FINISHED);
            continue;
        }
        alert->channels_left++;
        if (!dispatcher_submit(desk->dispatchers[c], alert, clock_read())) {
            journal_alarm(&desk->journal, alert, "no_memory", "the alert could not be queued on a channel");
            desk_channel_done(desk, alert, CAUSE_FINISHED);
        }
    }
    desk_channel_done(desk, alert, CAUSE_FINISHED);
}
