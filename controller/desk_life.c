/* From the list of live alerts to the channels, and to their end. */
#include "controller/desk_intern.h"

#include "controller/evidence.h"

#include "controller/log.h"

#include <stdlib.h>
#include <string.h>

/* ---- the list of live alerts ---- */

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

/* ---- ends ---- */

static void end_alert(struct desk *desk, struct alert *alert, enum alert_state state)
{
    alert->state = state;
    log_line(LOG_NOTE, "%s: %s%s%s", alert->id, alert_state_name(state), *alert->reason ? ": " : "", alert->reason);
    journal_alert(&desk->journal, alert, clock_read().wall, NULL, NULL);
    desk_drop(desk, alert);
}

static enum alert_state state_of(enum delivery_cause cause)
{
    switch (cause) {
    case CAUSE_FINISHED: return ALERT_FINISHED;
    case CAUSE_STOPPED: return ALERT_STOPPED;
    case CAUSE_CANCELLED: return ALERT_CANCELLED;
    case CAUSE_EXPIRED: return ALERT_EXPIRED;
    case CAUSE_SUPERSEDED: return ALERT_SUPERSEDED;
    }
    return ALERT_FINISHED;
}

/* One channel is through with the alert. */
void desk_channel_done(struct desk *desk, struct alert *alert, enum delivery_cause cause)
{
    if (cause != CAUSE_FINISHED)
        alert->outcome = state_of(cause);
    if (alert->channels_left > 0 && --alert->channels_left == 0)
        end_alert(desk, alert, alert->outcome);
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
            journal_delivery(&desk->journal, broadcast, &broadcast->deliveries[i]);
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
    if (alert->channels_left++ == 0 || alert->accepting) /* not handed to a channel yet */
        record_unbegun_everywhere(desk, alert, cause);
    else
        tell_channels(desk, alert, cause);
    alert->state = alert->outcome = state_of(cause);
}

void desk_end(struct desk *desk, struct alert *alert, enum delivery_cause cause)
{
    desk_end_held(desk, alert, cause);
    desk_channel_done(desk, alert, cause);
}

/* ---- on the way to the channels ---- */

void desk_dispatch(struct desk *desk, struct alert *alert)
{
    if (desk->ending)
        return;
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
