/* What a Cancel or an Update does to the alerts that it names, whichever comes first. */
#include "controller/desk_intern.h"

#include "controller/log.h"
#include "controller/rights.h"

#include <stdio.h>
#include <string.h>

/* A drill or a test takes back its own kind; what is actual is ended by what is actual only. And nobody ends what another has
 * issued, unless he stands above him. */
static bool may_end(const struct desk *desk, const struct alert_message *message, const struct alert *other)
{
    return (message->status == STATUS_ACTUAL || message->status == other->message->status) &&
           rights_may_end(desk->config, message->sender, other->message->sender);
}

/* People must not hear that they may go home, and then the warning again. */
bool desk_may_clear(const struct desk *desk, const struct alert *alert, struct refusal *refusal)
{
    const struct alert_message *m = alert->message;
    for (size_t r = 0; alert->all_clear && r < m->n_references; r++)
        for (size_t i = 0; i < desk->n_alerts; i++) {
            const struct alert *other = desk->alerts[i];
            if (alert_state_ended(other->state) || !alert_is_referred(other, m, r) || may_end(desk, m, other) ||
                m->status != other->message->status)
                continue;
            return refusal_set(refusal, "not_issuer",
                               "references: only %.100s, who issued it, or a level above may give the all-clear for it",
                               other->message->sender);
        }
    return true;
}

/* An Update that says that the danger is past is the all-clear of what it names. */
static enum delivery_cause cause_of(const struct alert *alert)
{
    if (alert->message->msg_type == MSG_CANCEL)
        return CAUSE_CANCELLED;
    return alert->all_clear ? CAUSE_CLEARED : CAUSE_SUPERSEDED;
}

/* What it cancels or supersedes ends before it is written itself, and in one change with it where it comes in (desk_accept.c):
 * once this is on disk, so is that end, and after no crash does anything of the others sound again. */
void desk_act_on_references(struct desk *desk, const struct alert *alert)
{
    const struct alert_message *m = alert->message;
    if (m->msg_type != MSG_UPDATE && m->msg_type != MSG_CANCEL)
        return;
    enum delivery_cause cause = cause_of(alert);
    for (size_t r = 0; r < m->n_references; r++)
        for (size_t i = desk->n_alerts; i-- > 0;) {
            struct alert *other = desk->alerts[i];
            if (other == alert || alert_state_ended(other->state) || !alert_is_referred(other, m, r) ||
                !may_end(desk, m, other))
                continue;
            desk_end_held(desk, other, cause);
            snprintf(other->reason, sizeof other->reason, "%s by %s", alert_state_name(other->state), alert->id);
            const struct decision decision = {desk_actor(alert), alert_state_name(other->state),
                                              json_pack("{s:s}", "by", alert->id)};
            journal_decided(&desk->journal, other, clock_read().wall, &decision, NULL, NULL);
            desk_channel_done(desk, other, cause);
        }
}

/* What has ended an alert before it came: the first counts. */
struct forestalled {
    const struct desk *desk;
    const struct alert *alert;
    char by[ALERT_ID_SIZE];
    enum alert_state state;
};

static void forestall(struct forestalled *found, const char *by, bool cancels, bool all_clear)
{
    if (*found->by)
        return;
    text_copy(found->by, sizeof found->by, by);
    found->state = cancels ? ALERT_CANCELLED : all_clear ? ALERT_CLEARED : ALERT_SUPERSEDED;
}

static void on_stored_referring(void *context, const struct store_referring *stored)
{
    struct forestalled *found = context;
    const struct alert_message *m = found->alert->message;
    if ((strcmp(stored->status, alert_status_name(STATUS_ACTUAL)) == 0 ||
         strcmp(stored->status, alert_status_name(m->status)) == 0) &&
        rights_may_end(found->desk->config, stored->sender, m->sender))
        forestall(found, stored->id, strcmp(stored->msg_type, alert_msg_type_name(MSG_CANCEL)) == 0, stored->all_clear);
}

/* It may be on its way to the disk yet. An Update that waits for its time ends nothing before. */
static void look_at_live(const struct desk *desk, struct forestalled *found)
{
    for (size_t i = 0; i < desk->n_alerts; i++) {
        const struct alert *other = desk->alerts[i];
        const struct alert_message *m = other->message;
        bool ends = m->msg_type == MSG_CANCEL || (m->msg_type == MSG_UPDATE && !desk_begins_later(other));
        for (size_t r = 0; ends && other->state != ALERT_REFUSED && r < m->n_references; r++)
            if (may_end(desk, m, found->alert) && alert_is_referred(found->alert, m, r))
                forestall(found, other->id, m->msg_type == MSG_CANCEL, other->all_clear);
    }
}

void desk_look_for_referring(const struct desk *desk, struct alert *alert)
{
    const struct alert_message *m = alert->message;
    struct forestalled found = {.desk = desk, .alert = alert};
    struct store_reference key;
    struct error error = {0};
    journal_reference(&(struct alert_reference){m->sender, m->identifier, m->sent_text, m->sent}, &key);
    if (!store_find_referring(desk->store, &key, on_stored_referring, &found, &error))
        log_line(LOG_ERROR, "looking for what ended the alert before it came: %s", error.message);
    look_at_live(desk, &found);
    if (!*found.by)
        return;
    alert->sounds = false;
    alert->state = found.state;
    snprintf(alert->reason, sizeof alert->reason, "%s by %s, which came before it", alert_state_name(alert->state), found.by);
}
