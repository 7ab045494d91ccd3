/* The door: messages come in, stops come in, each is answered once. */
#include "controller/desk_intern.h"

#include "codecs/cap.h"
#include "codecs/rfc3339.h"
#include "controller/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { STORE_PATIENCE_MS = 2000 }; /* an actual alert waits no longer for a disk that stalls */

/* yyyymmddThhmmssZ- and a number that no other alert of the same second has. */
static void make_id(struct desk *desk, struct alert *alert)
{
    time_t seconds = (time_t)(alert->received.ms / 1000);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    char stamp[32];
    strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &utc);
    snprintf(alert->id, sizeof alert->id, "%.16s-%04x", stamp, (unsigned)desk->next_number++);
}

/* ---- the door ---- */

static void refuse(desk_answer_fn *answer, void *context, unsigned status, const char *code, const char *message)
{
    struct desk_answer no = {status, code, message, NULL};
    answer(context, &no);
}

static bool same_key(const struct alert *alert, const struct alert_message *message)
{
    return strcmp(alert->message->sender, message->sender) == 0 &&
           strcmp(alert->message->identifier, message->identifier) == 0 && alert->message->sent.ms == message->sent.ms;
}

static void answer_again(struct slice bytes, const char *had, size_t n_had, json_t *shown, desk_answer_fn *answer,
                         void *context)
{
    if (bytes.size != n_had || memcmp(bytes.data, had, n_had) != 0) {
        json_decref(shown);
        refuse(answer, context, 409, "conflict",
               "identifier, sender and sent are those of an alert that came before, but the bytes differ; a correction is an "
               "Update with an identifier of its own");
        return;
    }
    struct desk_answer again = {200, NULL, NULL, shown};
    answer(context, &again);
}

/* True if the alert is known already; then it has been answered. */
static bool answer_known(struct desk *desk, const struct alert_message *message, struct slice bytes, desk_answer_fn *answer,
                         void *context)
{
    for (size_t i = 0; i < desk->n_alerts; i++)
        if (same_key(desk->alerts[i], message)) {
            answer_again(bytes, desk->alerts[i]->bytes, desk->alerts[i]->n_bytes, alert_to_json(desk->alerts[i], desk->config),
                         answer, context);
            return true;
        }
    struct store_alert row = {0};
    struct error error = {0};
    bool found = false;
    char key_time[RFC3339_SIZE];
    rfc3339_format(message->sent, 0, key_time);
    if (!store_find_key(desk->store, message->sender, message->identifier, key_time, &row, &found, &error))
        log_line(LOG_ERROR, "looking for an earlier copy of the alert: %s", error.message);
    if (found)
        answer_again(bytes, row.bytes, row.n_bytes, json_incref(row.detail), answer, context);
    store_alert_clear(&row);
    return found;
}

/* A drill or a test takes back its own kind; what is actual is ended by what is actual only. */
static bool may_end(const struct alert_message *message, const struct alert *other)
{
    return message->status == STATUS_ACTUAL || message->status == other->message->status;
}

/* What it cancels or supersedes ends before it is written itself: once this is on disk, so is that end, and after no crash does
 * anything of the others sound again. */
static void act_on_references(struct desk *desk, const struct alert *alert)
{
    const struct alert_message *m = alert->message;
    if (m->msg_type != MSG_UPDATE && m->msg_type != MSG_CANCEL)
        return;
    enum delivery_cause cause = m->msg_type == MSG_CANCEL ? CAUSE_CANCELLED : CAUSE_SUPERSEDED;
    for (size_t r = 0; r < m->n_references; r++)
        for (size_t i = desk->n_alerts; i-- > 0;) {
            struct alert *other = desk->alerts[i];
            if (other == alert || alert_state_ended(other->state) || !alert_is_referred(other, &m->references[r]) ||
                !may_end(m, other))
                continue;
            snprintf(other->reason, sizeof other->reason, "%s by %s", cause == CAUSE_CANCELLED ? "cancelled" : "superseded",
                     alert->id);
            desk_end_held(desk, other, cause);
            journal_alert(&desk->journal, other, clock_read().wall, NULL, NULL);
            desk_channel_done(desk, other, cause);
        }
}

struct accepting {
    struct desk *desk;
    struct alert *alert; /* NULL once it went on without the disk */
    char id[ALERT_ID_SIZE];
    struct mono asked;
    desk_answer_fn *answer;
    void *context;
};

/* Answers, and hands it on to the channels if its time has come. May free the alert. */
static void let_in(struct desk *desk, struct alert *alert, const struct accepting *accepting)
{
    bool sounds = alert->sounds, ended = sounds && alert_state_ended(alert->state);
    bool begins = sounds && !ended && alert->effective.ms <= clock_read().wall.ms;
    alert->accepting = NULL;
    if (begins)
        alert->state = ALERT_QUEUED;
    struct desk_answer yes = {202, NULL, NULL, alert_to_json(alert, desk->config)};
    if (ended) /* cancelled or superseded before it was on disk */
        desk_channel_done(desk, alert, CAUSE_FINISHED);
    else if (begins) /* it may be over at once; not to be looked at after this */
        desk_dispatch(desk, alert);
    else
        alert->channels_left = 0;
    accepting->answer(accepting->context, &yes);
    if (!sounds)
        desk_release(desk, alert);
}

/* The disk's answer to what went on without it. */
static void on_late(const struct accepting *accepting, const struct error *error)
{
    struct desk *desk = accepting->desk;
    struct alert *alert = desk_find(desk, accepting->id);
    if (error->code != ERROR_NONE)
        journal_alarm(&desk->journal, alert, "store_failed", error->message);
    else if (alert)
        alert->durable = alert->stored = true;
}

/* On disk, or it cannot be: an actual alert sounds all the same and says so, anything else is refused. */
static void on_durable(void *context, int64_t seq, const struct error *error)
{
    (void)seq;
    struct accepting *accepting = context;
    struct desk *desk = accepting->desk;
    struct alert *alert = accepting->alert;
    if (!alert) {
        on_late(accepting, error);
        free(accepting);
        return;
    }
    if (error->code == ERROR_CONFLICT) { /* it came before, and could not be found then */
        refuse(accepting->answer, accepting->context, 409, "conflict", error->message);
        desk_drop(desk, alert);
        free(accepting);
        return;
    }
    alert->durable = alert->stored = error->code == ERROR_NONE;
    if (!alert->durable)
        journal_alarm(&desk->journal, alert, "store_failed", error->message);
    if (alert->durable || alert->message->status == STATUS_ACTUAL) {
        let_in(desk, alert, accepting);
    } else {
        refuse(accepting->answer, accepting->context, 507, "not_durable",
               "the alert could not be put on disk; free some space on the controller and send it again");
        desk_drop(desk, alert);
    }
    free(accepting);
}

void desk_accept_late(struct desk *desk, struct alert *alert, struct mono now)
{
    struct accepting *accepting = alert->accepting;
    if (alert->message->status != STATUS_ACTUAL || mono_since(now, accepting->asked) <= (int64_t)STORE_PATIENCE_MS * 1000)
        return;
    journal_alarm(&desk->journal, alert, "store_slow", "the alert is not on disk yet; it goes on without");
    accepting->alert = NULL;
    let_in(desk, alert, accepting);
}

static void take_in(struct desk *desk, struct alert *alert, struct slice bytes, desk_answer_fn *answer, void *context)
{
    struct accepting *accepting = malloc(sizeof *accepting);
    alert->bytes = malloc(bytes.size + 1);
    if (!accepting || !alert->bytes || !desk_keep(desk, alert)) {
        free(accepting);
        alert_free(alert);
        refuse(answer, context, 503, "no_memory", "out of memory; send it again");
        return;
    }
    memcpy(alert->bytes, bytes.data, bytes.size);
    alert->n_bytes = bytes.size;
    make_id(desk, alert);
    *accepting =
        (struct accepting){.desk = desk, .alert = alert, .asked = clock_read().mono, .answer = answer, .context = context};
    text_copy(accepting->id, sizeof accepting->id, alert->id);
    if (alert->sounds)
        alert->state = ALERT_WAITING; /* until it is on disk, and effective */
    alert->durable = true;            /* as the row will say once it is there */
    log_line(LOG_NOTE, "%s: %s %s from %s: %zu terminals", alert->id, alert_status_name(alert->message->status),
             alert_msg_type_name(alert->message->msg_type), alert->message->sender, alert->n_terminals);
    act_on_references(desk, alert);
    alert->accepting = accepting;
    alert->channels_left = 1; /* lives until on_durable, whatever comes */
    journal_alert(&desk->journal, alert, alert->received, on_durable, accepting);
    alert->durable = false;
}

void desk_submit_cap(struct desk *desk, struct slice bytes, desk_answer_fn *answer, void *context)
{
    struct alert_message *message = NULL;
    struct error error = {0};
    if (!cap_decode(bytes, &message, &error)) {
        refuse(answer, context, error.code == ERROR_TOO_LARGE ? 413 : 422,
               error.code == ERROR_MISSING ? "missing_element" : "not_cap", error.message);
        return;
    }
    if (answer_known(desk, message, bytes, answer, context)) {
        alert_message_free(message);
        return;
    }
    struct intake_terms terms = {desk->config, clock_read().wall, clock_trusted(desk->config->clock), false};
    struct alert *alert = NULL;
    struct refusal refusal;
    if (!intake_judge(&terms, message, &alert, &refusal)) {
        log_line(LOG_WARNING, "refused \"%.80s\" from %.80s: %s: %s", message->identifier, message->sender, refusal.code,
                 refusal.message);
        alert_message_free(message);
        refuse(answer, context, 422, refusal.code, refusal.message);
        return;
    }
    take_in(desk, alert, bytes, answer, context);
}

/* ---- stop ---- */

struct stopping {
    desk_answer_fn *answer;
    void *context;
    json_t *alert;
};

static void on_stopped(void *context, int64_t seq, const struct error *error)
{
    (void)seq;
    struct stopping *stopping = context;
    struct desk_answer yes = {200, NULL, NULL, stopping->alert};
    if (error->code != ERROR_NONE)
        json_object_set_new(yes.alert, "durable", json_false());
    stopping->answer(stopping->context, &yes);
    free(stopping);
}

void desk_stop(struct desk *desk, const char *id, const char *reason, desk_answer_fn *answer, void *context)
{
    struct alert *alert = desk_find(desk, id);
    if (alert && (alert->over || (alert_state_ended(alert->state) && alert->state != ALERT_STOPPED)))
        alert = NULL; /* cancelled or superseded; its terminals are being stopped */
    struct stopping *stopping = alert ? malloc(sizeof *stopping) : NULL;
    if (!stopping) {
        refuse(answer, context, alert ? 503 : 409, alert ? "no_memory" : "ended",
               alert ? "out of memory; try again" : "no alert of this id is queued, waiting or sounding: it has ended already");
        return;
    }
    if (alert->state != ALERT_STOPPED) /* the first reason is the one that counts */
        text_copy(alert->reason, sizeof alert->reason, reason);
    desk_end_held(desk, alert, CAUSE_STOPPED);
    *stopping = (struct stopping){answer, context, alert_to_json(alert, desk->config)};
    journal_alert(&desk->journal, alert, clock_read().wall, on_stopped, stopping);
    desk_channel_done(desk, alert, CAUSE_STOPPED);
}
