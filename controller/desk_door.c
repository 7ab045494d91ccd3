/* The door: messages come in, stops come in, each is answered once. */
#include "controller/desk_intern.h"

#include "codecs/cap.h"
#include "controller/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

json_t *desk_live_alert(const struct desk *desk, const char *id)
{
    const struct alert *alert = desk_find(desk, id);
    return alert && !alert->arriving ? alert_to_json(alert, desk->config) : NULL;
}

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

static void agree(struct desk *desk, const struct alert *alert, unsigned status, desk_answer_fn *answer, void *context)
{
    struct desk_answer yes = {status, NULL, NULL, alert_to_json(alert, desk->config)};
    answer(context, &yes);
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
    if (!store_find_key(desk->store, message->sender, message->identifier, message->sent_text, &row, &found, &error))
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

static void act_on_references(struct desk *desk, const struct alert *alert)
{
    const struct alert_message *m = alert->message;
    if (m->msg_type != MSG_UPDATE && m->msg_type != MSG_CANCEL)
        return;
    for (size_t r = 0; r < m->n_references; r++)
        for (size_t i = desk->n_alerts; i-- > 0;) {
            struct alert *other = desk->alerts[i];
            if (other == alert || other->arriving || !alert_is_referred(other, &m->references[r]) || !may_end(m, other))
                continue;
            bool cancel = m->msg_type == MSG_CANCEL;
            snprintf(other->reason, sizeof other->reason, "%s by %s", cancel ? "cancelled" : "superseded", alert->id);
            desk_end(desk, other, cancel ? CAUSE_CANCELLED : CAUSE_SUPERSEDED);
        }
}

struct accepting {
    struct desk *desk;
    struct alert *alert;
    desk_answer_fn *answer;
    void *context;
};

/* On disk, or it cannot be: an actual alert sounds all the same and says so, anything else is refused. */
static void on_durable(void *context, int64_t seq, const struct error *error)
{
    (void)seq;
    struct accepting *accepting = context;
    struct desk *desk = accepting->desk;
    struct alert *alert = accepting->alert;
    alert->arriving = false;
    alert->durable = error->code == ERROR_NONE;
    alert->stored = alert->durable;
    bool actual = alert->message->status == STATUS_ACTUAL;
    if (!alert->durable)
        journal_alarm(&desk->journal, alert, "store_failed", error->message);
    if (!alert->durable && !actual) {
        refuse(accepting->answer, accepting->context, 507, "not_durable",
               "the alert could not be put on disk; free some space on the controller and send it again");
        desk_drop(desk, alert);
        free(accepting);
        return;
    }
    act_on_references(desk, alert);
    bool sounds = alert->sounds;
    if (sounds && alert->effective.ms <= desk_now().wall.ms)
        desk_dispatch(desk, alert);
    agree(desk, alert, 202, accepting->answer, accepting->context);
    if (!sounds)
        desk_drop(desk, alert);
    free(accepting);
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
    *accepting = (struct accepting){desk, alert, answer, context};
    make_id(desk, alert);
    alert->arriving = true;
    if (alert->sounds)
        alert->state = ALERT_WAITING; /* until it is on disk, and effective */
    alert->durable = true;            /* as the row will say once it is there */
    log_line(LOG_NOTE, "%s: %s %s from %s: %zu terminals", alert->id, alert_status_name(alert->message->status),
             alert_msg_type_name(alert->message->msg_type), alert->message->sender, alert->n_terminals);
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
    struct intake_terms terms = {desk->config, desk_now().wall, desk->config->clock == CLOCK_TRUST, false};
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
    if (alert && alert->arriving)
        alert = NULL; /* nobody can know its id yet */
    struct stopping *stopping = alert ? malloc(sizeof *stopping) : NULL;
    if (!stopping) {
        refuse(answer, context, alert ? 503 : 409, alert ? "no_memory" : "ended",
               alert ? "out of memory; try again" : "no alert of this id is queued, waiting or sounding: it has ended already");
        return;
    }
    text_print(alert->reason, sizeof alert->reason, "stopped: %s", reason);
    alert->channels_left++; /* keeps it while we still look at it */
    alert->outcome = ALERT_STOPPED;
    bool waiting = alert->channels_left == 1;
    if (!waiting)
        desk_end(desk, alert, CAUSE_STOPPED);
    else
        desk_record_unbegun(desk, alert, CAUSE_STOPPED);
    alert->state = ALERT_STOPPED;
    *stopping = (struct stopping){answer, context, alert_to_json(alert, desk->config)};
    journal_alert(&desk->journal, alert, desk_now().wall, on_stopped, stopping);
    desk_channel_done(desk, alert, CAUSE_STOPPED);
}
