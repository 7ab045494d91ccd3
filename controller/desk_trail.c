/* What the audit trail is told of the daemon itself and of messages at the door: who was refused and why, what was accepted,
 * and where the trail stands, in the log, which is elsewhere. */
#include "controller/desk_intern.h"

#include "controller/log.h"
#include "controller/version.h"

#include <stdlib.h>

enum {
    HEAD_MS = 24 * 3600 * 1000, /* between two times that the trail's head is logged */
    NAMED_SIZE = 200,           /* of what a sender gives as its names; the rest is cut */
};

void desk_begin_trail(struct desk *desk)
{
    const struct decision started = {"tocsin", "daemon_started", json_pack("{s:s}", "version", TOCSIN_VERSION)};
    journal_decision(&desk->journal, "", &started);
}

void desk_end_trail(struct desk *desk)
{
    const struct decision ended = {"tocsin", "daemon_ended", NULL};
    desk_sum_refusals(desk, clock_read().mono, true);
    journal_decision(&desk->journal, "", &ended);
}

void desk_tell_head(struct desk *desk, struct mono now)
{
    struct audit_link head;
    char text[AUDIT_LINK_SIZE];
    if (desk->head_told.us != 0 && mono_since(now, desk->head_told) < (int64_t)HEAD_MS * 1000)
        return;
    desk->head_told = now;
    if (!store_audit_head(desk->store, &head)) {
        log_line(LOG_ERROR, "the audit trail's head cannot be read");
        return;
    }
    audit_link_print(&head, text);
    log_line(LOG_NOTE, "the audit trail's head is %s", text);
}

/* ---- refusals ---- */

/* A message on its way in, until it is answered. */
struct submission {
    struct desk *desk;
    desk_answer_fn *answer;
    void *context;
    char user[REFUSALS_LOGIN_SIZE];
    char sender[NAMED_SIZE], identifier[NAMED_SIZE]; /* "": it could not be read */
    char hash[AUDIT_HASH_SIZE];
    size_t size;
};

static void tell_refusal(const struct submission *submission, const struct desk_answer *answer)
{
    json_t *detail = json_pack("{s:s, s:i, s:I, s:s}", "code", answer->code, "status", (int)answer->status, "size",
                               (json_int_t)submission->size, "sha256", submission->hash);
    json_object_set_new(detail, "message", json_string(answer->message)); /* left out where it was cut within a character */
    if (*submission->identifier) {
        json_object_set_new(detail, "sender", json_string(submission->sender));
        json_object_set_new(detail, "identifier", json_string(submission->identifier));
    }
    const struct decision refused = {submission->user, "refused", detail};
    journal_decision(&submission->desk->journal, "", &refused);
}

static void on_answered(void *context, const struct desk_answer *answer)
{
    struct submission *submission = context;
    struct desk *desk = submission->desk;
    if (!answer->alert && refusals_take(&desk->refusals, submission->user, clock_read().mono))
        tell_refusal(submission, answer);
    if (desk->submitted == submission)
        desk->submitted = NULL;
    submission->answer(submission->context, answer);
    free(submission);
}

void desk_watch(struct desk *desk, const char *user, struct slice bytes, desk_answer_fn **answer, void **context)
{
    struct submission *submission = malloc(sizeof *submission);
    desk->submitted = NULL;
    if (!submission) {
        log_line(LOG_ERROR, "no memory: if the message that comes now is refused, the audit trail will not have it");
        return;
    }
    *submission = (struct submission){.desk = desk, .answer = *answer, .context = *context, .size = bytes.size};
    text_copy(submission->user, sizeof submission->user, user);
    audit_digest(bytes, submission->hash);
    desk->submitted = submission;
    *answer = on_answered;
    *context = submission;
}

void desk_watch_message(struct desk *desk, const struct alert_message *message)
{
    if (!desk->submitted)
        return;
    text_copy(desk->submitted->sender, NAMED_SIZE, message->sender);
    text_copy(desk->submitted->identifier, NAMED_SIZE, message->identifier);
    desk->submitted = NULL;
}

void desk_denied(struct desk *desk, const char *login, const char *subject, const struct refusal *refusal)
{
    if (!refusals_take(&desk->refusals, login, clock_read().mono))
        return;
    const struct decision denied = {login, "denied",
                                    json_pack("{s:s, s:s}", "code", refusal->code, "message", refusal->message)};
    journal_decision(&desk->journal, subject, &denied);
}

void desk_refuse_media(struct desk *desk, const struct desk_sender *sender, struct slice bytes, desk_answer_fn *answer,
                       void *context)
{
    char message[300];
    text_print(message, sizeof message, "Content-Type: send %s; no other format is taken", media_known());
    desk_watch(desk, sender->user, bytes, &answer, &context);
    desk_refuse(answer, context, 415, "unsupported_media_type", message);
}

void desk_sum_refusals(struct desk *desk, struct mono now, bool at_end)
{
    char login[REFUSALS_LOGIN_SIZE];
    unsigned more, over_s;
    while ((more = refusals_sum(&desk->refusals, now, at_end, login, &over_s)) > 0) {
        log_line(LOG_WARNING, "%u more requests of %s were refused within %u s", more, login, over_s);
        const struct decision refused = {login, "refused", json_pack("{s:i, s:i}", "more", (int)more, "within_s", (int)over_s)};
        journal_decision(&desk->journal, "", &refused);
    }
}

/* ---- alerts ---- */

const char *desk_actor(const struct alert *alert)
{
    return *alert->sent_by ? alert->sent_by : alert->message->sender;
}

struct decision desk_accepted(const struct alert *alert, const struct config *config)
{
    char hash[AUDIT_HASH_SIZE] = "";
    const struct alert_message *m = alert->message;
    audit_digest((struct slice){alert->bytes, alert->n_bytes}, hash);
    json_t *detail = json_pack("{s:s, s:s, s:s, s:s, s:i, s:I, s:s}", "sender", m->sender, "identifier", m->identifier,
                               "status", alert_status_name(m->status), "msg_type", alert_msg_type_name(m->msg_type),
                               "terminals", (int)alert->n_terminals, "size", (json_int_t)alert->n_bytes, "sha256", hash);
    if (alert->sounds) {
        json_object_set_new(detail, "level", json_string(level_name(alert->level)));
        json_object_set_new(detail, "hazard", json_string(config->hazards[alert->hazard].id));
    }
    if (alert_state_ended(alert->state)) /* cancelled or superseded before it came */
        json_object_set_new(detail, "reason", json_string(alert->reason));
    return (struct decision){desk_actor(alert), alert->sounds ? "accepted" : "recorded", detail};
}

struct decision desk_ended(const struct alert *alert)
{
    json_t *detail = json_pack("{s:s, s:s}", "state", alert_state_name(alert->state), "reason", alert->reason);
    json_t *ends = json_object_get(alert->tally, "ends");
    if (ends)
        json_object_set(detail, "ends", ends);
    return (struct decision){"tocsin", "ended", detail};
}
