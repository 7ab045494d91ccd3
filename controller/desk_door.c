/* The door: messages come in, stops come in, each is answered once. */
#include "controller/desk_intern.h"

#include "codecs/rfc3339.h"
#include "controller/log.h"

#include <stdlib.h>
#include <string.h>

static bool same_key(const struct alert *alert, const struct alert_message *message)
{
    return strcmp(alert->message->sender, message->sender) == 0 &&
           strcmp(alert->message->identifier, message->identifier) == 0 && alert->message->sent.ms == message->sent.ms;
}

enum known {
    KNOWN_NOT,
    KNOWN_REFUSED, /* it was not on disk in time: it may be taken in, under its id */
    KNOWN_SAME,    /* answered */
    KNOWN_OTHER,   /* answered: refused */
};

static enum known answer_again(struct slice bytes, const char *had, size_t n_had, json_t *shown, desk_answer_fn *answer,
                               void *context)
{
    if (bytes.size != n_had || memcmp(bytes.data, had, n_had) != 0) {
        json_decref(shown);
        desk_refuse(
            answer, context, 409, "conflict",
            "identifier, sender and sent are those of an alert that came before, but the bytes differ; a correction is an "
            "Update with an identifier of its own");
        return KNOWN_OTHER;
    }
    struct desk_answer again = {200, NULL, NULL, shown};
    answer(context, &again);
    return KNOWN_SAME;
}

static enum known answer_live(const struct desk *desk, const struct alert *alert, struct slice bytes, desk_answer_fn *answer,
                              void *context)
{
    if (alert->state != ALERT_REFUSED)
        return answer_again(bytes, alert->bytes, alert->n_bytes, alert_to_json(alert, desk->config), answer, context);
    desk_refuse_late(answer, context);
    return KNOWN_OTHER;
}

static enum known answer_stored(const struct store_alert *row, struct slice bytes, desk_answer_fn *answer, void *context)
{
    if (strcmp(row->state, alert_state_name(ALERT_REFUSED)) == 0 && row->state_reason &&
        strcmp(row->state_reason, DESK_NOT_IN_TIME) == 0 && bytes.size == row->n_bytes &&
        memcmp(bytes.data, row->bytes, row->n_bytes) == 0)
        return KNOWN_REFUSED;
    return answer_again(bytes, row->bytes, row->n_bytes, json_incref(row->detail), answer, context);
}

/* Answers if the alert is known already. id: under which it is. */
static enum known answer_known(struct desk *desk, const struct alert_message *message, struct slice bytes,
                               desk_answer_fn *answer, void *context, char id[ALERT_ID_SIZE])
{
    for (size_t i = 0; i < desk->n_alerts; i++)
        if (same_key(desk->alerts[i], message)) {
            text_copy(id, ALERT_ID_SIZE, desk->alerts[i]->id);
            return answer_live(desk, desk->alerts[i], bytes, answer, context);
        }
    struct store_alert row = {0};
    struct error error = {0};
    bool found = false;
    char key_time[RFC3339_SIZE];
    rfc3339_format(message->sent, 0, key_time);
    if (!store_find_key(desk->store, message->sender, message->identifier, key_time, &row, &found, &error))
        log_line(LOG_ERROR, "looking for an earlier copy of the alert: %s", error.message);
    text_copy(id, ALERT_ID_SIZE, row.id);
    enum known known = found ? answer_stored(&row, bytes, answer, context) : KNOWN_NOT;
    store_alert_clear(&row);
    return known;
}

/* What came in, until an alert takes it over. */
struct received {
    enum media media;
    char *bytes;
    size_t n_bytes;
    struct alert_message *message; /* may refer to the bytes */
};

static void received_free(struct received *received)
{
    alert_message_free(received->message);
    free(received->bytes);
}

/* Takes what was received over. */
static void judge(struct desk *desk, struct received *received, const struct alert_key *key, const char *id,
                  desk_answer_fn *answer, void *context)
{
    struct intake_terms terms = {desk->config, clock_read(), clock_trusted(), false};
    const struct alert_message *message = received->message;
    struct alert *alert = NULL;
    struct refusal refusal;
    if (!intake_judge(&terms, received->message, &alert, &refusal)) {
        log_line(LOG_WARNING, "refused \"%.80s\" from %.80s: %s: %s", message->identifier, message->sender, refusal.code,
                 refusal.message);
        received_free(received);
        desk_refuse(answer, context, 422, refusal.code, refusal.message);
        return;
    }
    alert->media = received->media;
    alert->bytes = received->bytes;
    alert->n_bytes = received->n_bytes;
    alert->key = *key;
    desk_take_in(desk, alert, id, answer, context);
}

/* False if it is answered: no key, or not of this body. */
static bool take_key(const struct desk *desk, const struct desk_sender *sender, struct slice bytes, struct alert_key *key,
                     desk_answer_fn *answer, void *context)
{
    if (!idempotency_key(key, sender->user, sender->key, bytes))
        desk_refuse(answer, context, 422, "idempotency_key", "Idempotency-Key: give 1 to 128 visible ASCII characters");
    else if (idempotency_conflicts(desk->keys, key, clock_read().wall))
        desk_refuse(answer, context, 422, "idempotency_conflict",
                    "Idempotency-Key: it was given to another body within the last day; a new message needs a key of its own");
    else
        return true;
    return false;
}

/* False if it is answered. */
static bool receive(struct received *received, enum media media, struct slice bytes, desk_answer_fn *answer, void *context)
{
    struct error error = {0};
    *received = (struct received){.media = media, .bytes = malloc(bytes.size + 1), .n_bytes = bytes.size};
    if (!received->bytes) {
        desk_refuse(answer, context, 503, "no_memory", "out of memory; send it again");
        return false;
    }
    memcpy(received->bytes, bytes.data, bytes.size);
    if (reception_decode(media, (struct slice){received->bytes, bytes.size}, &received->message, &error))
        return true;
    received_free(received);
    desk_refuse(answer, context, error.code == ERROR_TOO_LARGE ? 413 : 422,
                error.code == ERROR_MISSING ? "missing_element" : "not_cap", error.message);
    return false;
}

void desk_submit(struct desk *desk, const struct desk_sender *sender, enum media media, struct slice bytes,
                 desk_answer_fn *answer, void *context)
{
    struct received received;
    struct alert_key key;
    char id[ALERT_ID_SIZE];
    if (!take_key(desk, sender, bytes, &key, answer, context) || !receive(&received, media, bytes, answer, context))
        return;
    enum known known = answer_known(desk, received.message, bytes, answer, context, id);
    if (known == KNOWN_NOT || known == KNOWN_REFUSED) {
        judge(desk, &received, &key, known == KNOWN_REFUSED ? id : "", answer, context);
        return;
    }
    if (known == KNOWN_SAME && *key.key) {
        idempotency_keep(desk->keys, &key, clock_read().wall);
        journal_key(&desk->journal, &key, id, clock_read().wall);
    }
    received_free(&received);
}

/* ---- what is done to an alert is answered when it is on disk ---- */

struct changing {
    desk_answer_fn *answer;
    void *context;
    json_t *alert;
};

static void on_changed(void *context, int64_t seq, const struct error *error)
{
    (void)seq;
    struct changing *changing = context;
    struct desk_answer yes = {200, NULL, NULL, changing->alert};
    if (error->code != ERROR_NONE)
        json_object_set_new(yes.alert, "durable", json_false());
    changing->answer(changing->context, &yes);
    free(changing);
}

void desk_answer_durable(struct desk *desk, struct alert *alert, desk_answer_fn *answer, void *context)
{
    struct changing *changing = malloc(sizeof *changing);
    if (changing)
        *changing = (struct changing){answer, context, alert_to_json(alert, desk->config)};
    journal_alert(&desk->journal, alert, clock_read().wall, changing ? on_changed : NULL, changing);
    if (!changing)
        desk_refuse(answer, context, 503, "no_memory", "it is done, but out of memory: whether it is on disk cannot be told");
}

void desk_stop(struct desk *desk, const char *id, const char *reason, desk_answer_fn *answer, void *context)
{
    struct alert *alert = desk_find(desk, id);
    if (alert && (alert->over || (alert_state_ended(alert->state) && alert->state != ALERT_STOPPED)))
        alert = NULL; /* cancelled or superseded; its terminals are being stopped */
    if (!alert) {
        desk_refuse(answer, context, 409, "ended", "no alert of this id is queued, waiting or sounding: it has ended already");
        return;
    }
    if (alert->state != ALERT_STOPPED) /* the first reason is the one that counts */
        text_copy(alert->reason, sizeof alert->reason, reason);
    desk_end_held(desk, alert, CAUSE_STOPPED);
    desk_answer_durable(desk, alert, answer, context);
    desk_channel_done(desk, alert, CAUSE_STOPPED);
}
