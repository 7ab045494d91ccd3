/* Taking in: from a judged alert to one that is on disk, or goes on without, or is refused. */
#include "controller/desk_intern.h"

#include "codecs/fault_point.h"
#include "controller/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    STORE_PATIENCE_MS = 2000,         /* an actual alert waits no longer for a disk that stalls */
    WAITING_MAX = 200,                /* alerts that are not effective yet, or that their gates hold */
    WAITING_BYTES = 32 * 1024 * 1024, /* four of the largest packages */
};

static bool id_is_taken(const struct desk *desk, const char *id)
{
    for (size_t i = 0; i < desk->n_alerts; i++)
        if (strcmp(desk->alerts[i]->id, id) == 0)
            return true;
    return store_has_alert(desk->store, id);
}

/* yyyymmddThhmmssZ- and a number that no other alert of the same second has, also where the clock was set back and the second
 * comes again. */
void desk_new_id(struct desk *desk, struct wall received, char id[ALERT_ID_SIZE])
{
    time_t seconds = (time_t)(received.ms / 1000);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    char stamp[32];
    strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &utc);
    uint16_t last = desk->next_number;
    do
        snprintf(id, ALERT_ID_SIZE, "%.16s-%04x", stamp, (unsigned)desk->next_number++);
    while (id_is_taken(desk, id) && desk->next_number != last);
}

struct accepting {
    struct desk *desk;
    struct alert *alert; /* NULL once it went on without the disk */
    char id[ALERT_ID_SIZE];
    struct mono asked;
    desk_answer_fn *answer;
    void *context;
    bool confirming; /* a drill's second change is on its way */
    bool refused;    /* it was too late, and was answered so */
};

void desk_refuse(desk_answer_fn *answer, void *context, unsigned status, const char *code, const char *message)
{
    struct desk_answer no = {status, code, message, NULL};
    answer(context, &no);
}

void desk_refuse_late(desk_answer_fn *answer, void *context)
{
    desk_refuse(answer, context, 507, "not_durable",
                "the alert could not be put on disk in time; see to the controller's disk and send it again");
}

/* Answers, and hands it on to the channels if its time has come. May free the alert. */
static void let_in(struct desk *desk, struct alert *alert, const struct accepting *accepting)
{
    bool sounds = alert->sounds, ended = sounds && alert_state_ended(alert->state);
    alert->accepting = NULL;
    bool held = sounds && !ended && desk_is_held(desk, alert, clock_read());
    bool begins = sounds && !ended && !held && alert->effective.ms <= clock_read().wall.ms;
    if (sounds && !ended && alert->signature_owed)
        desk_owe(desk, alert);
    if (sounds && !ended)
        desk_fetch(desk, alert);
    if (begins)
        alert->state = ALERT_QUEUED;
    struct desk_answer yes = {202, NULL, NULL, alert_to_json(alert, desk->config)};
    if (ended && alert->owed > 1) /* besides the change that is just answered, its end is under way */
        json_object_set_new(yes.alert, "durable", json_false());
    if (ended) /* cancelled or superseded before it was on disk */
        desk_channel_done(desk, alert, CAUSE_FINISHED);
    else if (begins) /* it may be over at once; not to be looked at after this */
        desk_dispatch(desk, alert);
    else
        alert->channels_left = 0;
    fault_point("answer_before");
    accepting->answer(accepting->context, &yes);
    fault_point("answer_after");
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

/* It is refused; nothing of it stays here. */
static void turn_away(struct desk *desk, struct alert *alert)
{
    idempotency_drop(desk->keys, &alert->key);
    desk_drop(desk, alert);
}

/* The disk has taken an alert, or not; false: then it has been answered for and is gone. */
static bool passes(struct accepting *accepting, const struct error *error)
{
    struct desk *desk = accepting->desk;
    struct alert *alert = accepting->alert;
    if (error->code == ERROR_NONE)
        return true;
    if (accepting->refused) {
        turn_away(desk, alert);
        return false;
    }
    if (error->code == ERROR_CONFLICT) { /* it came before, and could not be found then */
        desk_refuse(accepting->answer, accepting->context, 409, "conflict", error->message);
        turn_away(desk, alert);
        return false;
    }
    journal_alarm(&desk->journal, alert, "store_failed", error->message);
    if (alert->message->status == STATUS_ACTUAL)
        return true;
    desk_refuse(accepting->answer, accepting->context, 507, "not_durable",
                "the alert could not be put on disk; free some space on the controller and send it again");
    turn_away(desk, alert);
    return false;
}

/* A drill came to the disk when it had been refused: its row says so, or will, and it goes when that is there. */
static void end_refused(struct desk *desk, struct alert *alert)
{
    idempotency_drop(desk->keys, &alert->key);
    alert->accepting = NULL;
    desk_release(desk, alert);
}

/* On disk, or it cannot be: an actual alert sounds all the same and says so, anything else is refused. */
static void on_durable(void *context, int64_t seq, const struct error *error)
{
    (void)seq;
    struct accepting *accepting = context;
    struct alert *alert = accepting->alert;
    if (!alert) {
        on_late(accepting, error);
    } else if (passes(accepting, error)) {
        alert->durable = alert->stored = error->code == ERROR_NONE;
        if (accepting->refused)
            end_refused(accepting->desk, alert);
        else
            let_in(accepting->desk, alert, accepting);
    }
    free(accepting);
}

/* A change that cannot even be asked for is answered at once, and the alert may be gone by that. */
static bool is_kept(const struct desk *desk, const struct alert *alert)
{
    for (size_t i = 0; i < desk->n_alerts; i++)
        if (desk->alerts[i] == alert)
            return true;
    return false;
}

/* The row says already what will be so once it is there: that it is durable, and has begun. It may wait for its channel then,
 * and a restart meanwhile finds that its gates have let it through. */
static void put_on_disk(struct desk *desk, struct alert *alert)
{
    alert->durable = true;
    if (alert->sounds && !alert_state_ended(alert->state) && !desk_begins_later(alert))
        alert->begun = alert->received;
    const struct decision accepted = desk_accepted(alert, desk->config);
    journal_decided(&desk->journal, alert, alert->received, &accepted, on_durable, alert->accepting);
    if (!is_kept(desk, alert) || !alert->accepting)
        return;
    alert->durable = false;
    alert->begun = (struct wall){0};
}

static bool is_late(const struct accepting *accepting, struct mono now)
{
    return mono_since(now, accepting->asked) > (int64_t)STORE_PATIENCE_MS * 1000;
}

static void refuse_drill(struct desk *desk, struct alert *alert)
{
    struct accepting *accepting = alert->accepting;
    journal_alarm(&desk->journal, alert, "store_slow", "the drill is not on disk yet; it is refused");
    desk_refuse_late(accepting->answer, accepting->context);
    accepting->refused = true;
    alert->state = ALERT_REFUSED;
    text_copy(alert->reason, sizeof alert->reason, DESK_NOT_IN_TIME);
    if (accepting->confirming) /* takes back what is on its way */
        journal_alert(&desk->journal, alert, clock_read().wall, NULL, NULL);
}

/* A drill's row is there, and says that it is refused: now that it was in time, it is accepted. */
static void on_prepared(void *context, int64_t seq, const struct error *error)
{
    (void)seq;
    struct accepting *accepting = context;
    struct desk *desk = accepting->desk;
    struct alert *alert = accepting->alert;
    bool passed = passes(accepting, error);
    if (passed && !accepting->refused && is_late(accepting, clock_read().mono))
        refuse_drill(desk, alert);
    if (passed && !accepting->refused) {
        accepting->confirming = true;
        put_on_disk(desk, alert);
        return;
    }
    if (passed)
        end_refused(desk, alert);
    free(accepting);
}

/* What a stalled disk takes at last must not sound then, nor after a restart: a drill is first written as refused. */
static void prepare_drill(struct desk *desk, struct alert *alert)
{
    enum alert_state state = alert->state;
    char reason[sizeof alert->reason];
    text_copy(reason, sizeof reason, alert->reason);
    alert->state = ALERT_REFUSED;
    text_copy(alert->reason, sizeof alert->reason, DESK_NOT_IN_TIME);
    journal_quietly(&desk->journal, alert, alert->received, on_prepared, alert->accepting);
    if (!is_kept(desk, alert))
        return;
    alert->state = state;
    text_copy(alert->reason, sizeof alert->reason, reason);
}

void desk_accept_late(struct desk *desk, struct alert *alert, struct mono now)
{
    struct accepting *accepting = alert->accepting;
    if (accepting->refused || !is_late(accepting, now))
        return;
    if (alert->message->status != STATUS_ACTUAL) {
        refuse_drill(desk, alert);
        return;
    }
    journal_alarm(&desk->journal, alert, "store_slow", "the alert is not on disk yet; it goes on without");
    accepting->alert = NULL;
    let_in(desk, alert, accepting);
}

/* Those that wait must not fill the memory. */
static bool may_wait(const struct desk *desk, size_t size)
{
    size_t n = 1, bytes = size;
    for (size_t i = 0; i < desk->n_alerts; i++)
        if (desk->alerts[i]->state == ALERT_WAITING) {
            n++;
            bytes += desk->alerts[i]->n_bytes;
        }
    return n <= WAITING_MAX && bytes <= WAITING_BYTES;
}

void desk_take_in(struct desk *desk, struct alert *alert, const char *id, desk_answer_fn *answer, void *context)
{
    if (alert->sounds)
        desk_look_for_referring(desk, alert);
    text_copy(alert->id, sizeof alert->id, id);
    alert->signature_owed = gate_owes_signature(desk->config, alert);
    desk_gate_look(desk, alert, alert->received);
    if (alert->sounds && desk_begins_later(alert) && !may_wait(desk, alert->n_bytes)) {
        alert_free(alert);
        desk_refuse(answer, context, 503, "too_many_waiting",
                    "too many alerts wait for their time already; stop some of them, or send it when it is to sound");
        return;
    }
    struct accepting *accepting = malloc(sizeof *accepting);
    if (!accepting || !desk_keep(desk, alert)) {
        free(accepting);
        alert_free(alert);
        desk_refuse(answer, context, 503, "no_memory", "out of memory; send it again");
        return;
    }
    text_copy(alert->key.alert, sizeof alert->key.alert, id);
    *accepting =
        (struct accepting){.desk = desk, .alert = alert, .asked = clock_read().mono, .answer = answer, .context = context};
    text_copy(accepting->id, sizeof accepting->id, alert->id);
    if (alert->sounds)
        alert->state = ALERT_WAITING; /* until it is on disk, and effective */
    if (alert->sounds)
        alert->expected = desk_expect(desk, alert);
    log_line(LOG_NOTE, "%s: %s %s from %s: %zu terminals", alert->id, alert_status_name(alert->message->status),
             alert_msg_type_name(alert->message->msg_type), alert->message->sender, alert->n_terminals);
    store_hold(desk->store);       /* what it ends is over on disk only if it is there itself */
    if (!desk_begins_later(alert)) /* an Update that waits takes over when its time has come */
        desk_act_on_references(desk, alert);
    idempotency_keep(desk->keys, &alert->key, alert->received);
    alert->accepting = accepting;
    alert->channels_left = 1; /* lives until it is answered, whatever comes */
    if (alert->message->status == STATUS_ACTUAL)
        put_on_disk(desk, alert);
    else
        prepare_drill(desk, alert);
    store_release(desk->store);
}
