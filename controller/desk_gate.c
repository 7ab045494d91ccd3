/* The gates at the desk: who is let in, what waits and for what, who is asked, and the words that let it go on. */
#include "controller/desk_intern.h"

#include "codecs/rfc3339.h"
#include "controller/log.h"
#include "controller/rights.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOOKED_UP_MAX = 100 /* references of one message: the disk is asked for each */ };
#define HOUR_US (INT64_C(3600) * 1000000)

/* ---- how much a source sends ---- */

/* Of one source: when its last alerts came that count, and its drills. Both as long as its per_hour. */
struct sent {
    uint32_t next;
    struct mono *at;
};

struct desk_sent {
    struct sent alerts, drills;
};

bool desk_create_sent(struct desk *desk, struct error *error)
{
    const struct config *config = desk->config;
    bool ok = (desk->sent = calloc(config->n_sources + 1, sizeof *desk->sent)) != NULL;
    for (size_t i = 0; ok && i < config->n_sources; i++) {
        struct desk_sent *sent = &desk->sent[i];
        sent->alerts.at = calloc(config->sources[i].per_hour + 1, sizeof *sent->alerts.at);
        sent->drills.at = calloc(config->sources[i].per_hour + 1, sizeof *sent->drills.at);
        ok = sent->alerts.at && sent->drills.at;
    }
    return ok || error_set(error, ERROR_NO_MEMORY, "out of memory");
}

void desk_free_sent(struct desk *desk)
{
    for (size_t i = 0; desk->sent && i < desk->config->n_sources; i++) {
        free(desk->sent[i].alerts.at);
        free(desk->sent[i].drills.at);
    }
    free(desk->sent);
}

static struct sent *sent_of(const struct desk *desk, const struct alert *alert)
{
    if (alert->source < 0 || desk->config->sources[alert->source].per_hour == 0)
        return NULL;
    struct desk_sent *sent = &desk->sent[alert->source];
    return alert->message->status == STATUS_ACTUAL ? &sent->alerts : &sent->drills;
}

static uint32_t count_recent(const struct desk *desk, const struct alert *alert, struct mono now)
{
    const struct sent *sent = sent_of(desk, alert);
    uint32_t recent = 0;
    for (uint32_t i = 0; sent && i < desk->config->sources[alert->source].per_hour; i++)
        recent += sent->at[i].us && mono_since(now, sent->at[i]) < HOUR_US;
    return recent;
}

static void count(const struct desk *desk, const struct alert *alert, struct mono now)
{
    struct sent *sent = gate_counts(alert) ? sent_of(desk, alert) : NULL;
    if (!sent)
        return;
    sent->at[sent->next] = now;
    sent->next = (sent->next + 1) % desk->config->sources[alert->source].per_hour;
}

/* ---- at the door ---- */

static bool stored_has_begun(const struct desk *desk, const struct alert *alert, const struct alert_reference *reference)
{
    struct store_alert row = {0};
    struct store_reference key;
    struct error error = {0};
    bool found = false;
    journal_reference(reference, &key);
    if (!store_find_key(desk->store, key.sender, key.identifier, key.sent, &row, &found, &error))
        log_line(LOG_ERROR, "looking for what the alert updates: %s", error.message);
    const char *status = json_string_value(json_object_get(row.detail, "status"));
    bool begun = found && json_object_get(row.detail, "begun") && status &&
                 strcmp(status, alert_status_name(alert->message->status)) == 0;
    store_alert_clear(&row);
    return begun;
}

/* One reference may mean several: all that came of an event. */
static bool has_sounded(const struct alert *other, const struct alert *alert, size_t reference)
{
    return other->begun.ms && other->message->status == alert->message->status &&
           alert_is_referred(other, alert->message, reference);
}

/* Who names what he may not end says something of his own beside it, and his gates stand. */
static bool may_update(const struct desk *desk, const struct alert *alert, size_t reference)
{
    const struct alert_message *m = alert->message;
    return m->msg_type == MSG_UPDATE && rights_may_end(desk->config, m->sender, m->references[reference].sender);
}

static bool has_begun(const struct desk *desk, const struct alert *alert, size_t reference)
{
    for (size_t i = 0; i < desk->n_alerts; i++)
        if (has_sounded(desk->alerts[i], alert, reference))
            return true;
    return stored_has_begun(desk, alert, &alert->message->references[reference]);
}

static void follow(const struct desk *desk, struct alert *alert)
{
    const struct alert_message *m = alert->message;
    size_t n = m->n_references < LOOKED_UP_MAX ? m->n_references : LOOKED_UP_MAX;
    for (size_t i = 0; !alert->follows && i < n; i++) {
        size_t r = m->n_references - 1 - i;
        alert->follows = may_update(desk, alert, r) && has_begun(desk, alert, r);
    }
}

void desk_gate_begun(struct desk *desk, const struct alert *alert)
{
    for (size_t i = 0; i < desk->n_alerts; i++) {
        struct alert *other = desk->alerts[i];
        for (size_t r = 0; other->begun.ms == 0 && r < other->message->n_references; r++)
            other->follows |= may_update(desk, other, r) && has_sounded(alert, other, r);
    }
}

bool desk_gate_admits(struct desk *desk, struct alert *alert, struct refusal *refusal)
{
    struct moment now = clock_read();
    follow(desk, alert);
    uint32_t recent = count_recent(desk, alert, now.mono);
    if (!gate_admits(desk->config, alert, recent, refusal))
        return false;
    if (gate_beyond_rate(desk->config, alert, recent)) {
        char text[200];
        text_print(text, sizeof text, "source %s has sent %u alerts within the last hour; one more sounds, as it cannot wait",
                   desk->config->sources[alert->source].id, recent);
        journal_alarm(&desk->journal, NULL, "too_many_alerts", text);
    }
    count(desk, alert, now.mono);
    return true;
}

/* ---- what waits ---- */

struct gate_hold desk_gate_judge(const struct desk *desk, const struct alert *alert, struct wall now)
{
    return gate_judge(&(struct gate_terms){desk->config, now, clock_trusted()}, alert);
}

struct wall desk_night(const struct desk *desk, const struct alert *alert, struct wall now)
{
    return gate_night(&(struct gate_terms){desk->config, now, clock_trusted()}, alert);
}

bool desk_begins_later(const struct alert *alert)
{
    return alert->begun.ms == 0 && (alert->effective.ms > alert->received.ms || alert->held != HOLD_NONE);
}

void desk_say_held(const struct desk *desk, struct alert *alert)
{
    char expires[RFC3339_SIZE], too_late[64] = "";
    rfc3339_format(alert->expires, desk->config->utc_offset_minutes, expires);
    if (alert->held == HOLD_NIGHT && alert->expires.ms <= alert->held_until.ms)
        snprintf(too_late, sizeof too_late, ", but expires at %.5s", expires + 11);
    alert->reason[0] = '\0';
    if (alert->held == HOLD_NIGHT)
        text_print(alert->reason, sizeof alert->reason, "held for the night until %s%s; tocsin alert release %s lets it go now",
                   desk->config->night.until, too_late, alert->id);
    else if (alert->held == HOLD_APPROVAL)
        text_print(alert->reason, sizeof alert->reason,
                   "waits for a second person: tocsin alert approve %s, or tocsin alert reject %s", alert->id, alert->id);
}

/* True if it is another than before. */
static bool look(struct desk *desk, struct alert *alert, struct wall now)
{
    struct gate_hold hold = desk_gate_judge(desk, alert, now);
    if (hold.what == alert->held && hold.until.ms == alert->held_until.ms)
        return false;
    alert->held = hold.what;
    alert->held_until = hold.until;
    alert->asked = (struct mono){0};
    desk_say_held(desk, alert);
    return true;
}

void desk_gate_look(struct desk *desk, struct alert *alert, struct wall now)
{
    look(desk, alert, now);
}

/* Who is to decide is told at once, and as often as its source says as long as an approval is missing. */
static void ask(struct desk *desk, struct alert *alert, struct mono now)
{
    char text[300], since[RFC3339_SIZE];
    int64_t within_us = INT64_C(1000000) * (alert->source >= 0 ? desk->config->sources[alert->source].approve_within_s : 0);
    bool first = alert->asked.us == 0;
    if (!first && (alert->held != HOLD_APPROVAL || mono_since(now, alert->asked) < within_us))
        return;
    alert->asked = now;
    if (first) {
        const struct decision held = {"tocsin", "held",
                                      json_pack("{s:s, s:s}", "for", alert_hold_name(alert->held), "reason", alert->reason)};
        journal_decision(&desk->journal, alert->id, &held);
    }
    rfc3339_format(alert->received, desk->config->utc_offset_minutes, since);
    text_print(text, sizeof text, "%s%.8s: %s", first ? "received at " : "nobody has decided on it since ", since + 11,
               alert->reason);
    journal_alarm(&desk->journal, alert, first ? "held" : "approval_overdue", text);
}

/* What it updates has begun since it came: it goes on without its second person. */
static void owe_what_it_cannot_wait_for(struct desk *desk, struct alert *alert)
{
    if (alert->begun.ms || alert->signature_owed || !gate_owes_signature(desk->config, alert))
        return;
    alert->signature_owed = true;
    desk_owe(desk, alert);
}

bool desk_is_held(struct desk *desk, struct alert *alert, struct moment now)
{
    if (look(desk, alert, now.wall))
        journal_alert(&desk->journal, alert, now.wall, NULL, NULL);
    if (alert->held != HOLD_NONE)
        ask(desk, alert, now.mono);
    else
        owe_what_it_cannot_wait_for(desk, alert);
    return alert->held != HOLD_NONE;
}

static void word_from(struct alert_word *word, const json_t *said)
{
    const char *by = json_string_value(json_object_get(said, "by"));
    const char *at = json_string_value(json_object_get(said, "at"));
    const char *reason = json_string_value(json_object_get(said, "reason"));
    struct error error;
    if (!by || !at || !rfc3339_parse(slice_of(at), &word->at, NULL, &error))
        return;
    text_copy(word->by, sizeof word->by, by);
    text_copy(word->reason, sizeof word->reason, reason ? reason : "");
}

void desk_gate_again(struct desk *desk, struct alert *alert, const json_t *detail)
{
    const char *begun = json_string_value(json_object_get(detail, "begun"));
    const char *by = json_string_value(json_object_get(detail, "sent_by"));
    struct error error;
    text_copy(alert->sent_by, sizeof alert->sent_by, by ? by : "");
    word_from(&alert->approved, json_object_get(detail, "approved"));
    word_from(&alert->released, json_object_get(detail, "released"));
    alert->signature_owed = json_is_true(json_object_get(detail, "signature_owed"));
    if (alert->signature_owed) /* a crash may have come between the two */
        desk_owe(desk, alert);
    if (begun && !rfc3339_parse(slice_of(begun), &alert->begun, NULL, &error))
        alert->begun = alert->received;
    follow(desk, alert);
}

/* ---- the words of people ---- */

void desk_say(struct alert_word *word, const char *by, const char *reason, struct wall now)
{
    text_copy(word->by, sizeof word->by, by);
    text_copy(word->reason, sizeof word->reason, reason);
    word->at = now;
}

/* After a word: it begins, or waits for something else. */
static void go_on(struct desk *desk, struct alert *alert, const struct decision *decision, desk_answer_fn *answer,
                  void *context)
{
    struct moment now = clock_read();
    look(desk, alert, now.wall);
    bool begins =
        alert->state == ALERT_WAITING && !alert->wants_clock && alert->held == HOLD_NONE && alert->effective.ms <= now.wall.ms;
    if (begins) {
        alert->state = ALERT_QUEUED;
        alert->begun = now.wall;
    }
    store_hold(desk->store); /* what it ends is over on disk only with the word that lets it begin, as at the door */
    desk_answer_durable(desk, alert, decision, answer, context);
    if (begins)
        desk_dispatch(desk, alert);
    store_release(desk->store);
}

/* The alert, if it still waits; else answered. */
static struct alert *find_held(struct desk *desk, const char *id, enum alert_hold what, desk_answer_fn *answer, void *context)
{
    struct alert *alert = desk_find(desk, id);
    if (alert && alert->state == ALERT_WAITING && !alert->over && alert->held == what)
        return alert;
    desk_refuse(answer, context, 409, "not_held",
                what == HOLD_NIGHT
                    ? "no alert of this id waits for the end of the night: see its state and reason"
                    : "no alert of this id waits for an approval, or owes a signature: see its state and reason");
    return NULL;
}

bool desk_is_sender(struct desk *desk, const char *id, const char *sent_by, const char *officer, desk_answer_fn *answer,
                    void *context)
{
    static const struct refusal SAME = {"same_person",
                                        "who sent an alert is not its second person: somebody with another login must do this"};
    if (strcmp(sent_by, officer) != 0)
        return false;
    desk_denied(desk, officer, id, &SAME);
    desk_refuse(answer, context, 403, SAME.code, SAME.message);
    return true;
}

static struct decision decide(const char *id, const char *officer, const char *did, const char *why)
{
    log_line(LOG_NOTE, "%s: %s by %s: %s", id, did, officer, why);
    return (struct decision){officer, did, json_pack("{s:s}", "reason", why)};
}

void desk_approve(struct desk *desk, const char *id, const char *reason, const char *officer, desk_answer_fn *answer,
                  void *context)
{
    struct alert *alert = desk_find(desk, id);
    bool owes = alert && alert->signature_owed;
    if (!alert && desk_sign_stored(desk, id, reason, officer, answer, context))
        return;
    if (!owes)
        alert = find_held(desk, id, HOLD_APPROVAL, answer, context);
    if (!alert || desk_is_sender(desk, id, alert->sent_by, officer, answer, context))
        return;
    const struct decision decision = decide(id, officer, owes ? "signed" : "approved", reason);
    desk_say(&alert->approved, officer, reason, clock_read().wall);
    alert->signature_owed = false;
    if (owes)
        desk_forget_owed(desk, id);
    go_on(desk, alert, &decision, answer, context);
}

void desk_reject(struct desk *desk, const char *id, const char *reason, const char *officer, desk_answer_fn *answer,
                 void *context)
{
    struct alert *alert = find_held(desk, id, HOLD_APPROVAL, answer, context);
    if (!alert)
        return;
    const struct decision decision = decide(id, officer, "rejected", reason);
    desk_end_held(desk, alert, CAUSE_STOPPED);
    alert->state = alert->outcome = ALERT_REFUSED;
    text_print(alert->reason, sizeof alert->reason, "rejected by %s: %s", officer, reason);
    desk_answer_durable(desk, alert, &decision, answer, context);
    desk_channel_done(desk, alert, CAUSE_FINISHED);
}

void desk_let_go(struct desk *desk, const char *id, const char *reason, const struct desk_officer *officer,
                 desk_answer_fn *answer, void *context)
{
    struct alert *alert = find_held(desk, id, HOLD_NIGHT, answer, context);
    if (!alert || (!officer->local && desk_is_sender(desk, id, alert->sent_by, officer->user, answer, context)))
        return;
    const struct decision decision = decide(id, officer->user, "released", reason);
    desk_say(&alert->released, officer->user, reason, clock_read().wall);
    go_on(desk, alert, &decision, answer, context);
}
