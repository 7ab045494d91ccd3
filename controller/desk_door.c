/* The door: messages come in, stops come in, each is answered once. */
#include "controller/desk_intern.h"

#include "codecs/alert_json.h"
#include "codecs/fault_point.h"
#include "codecs/rfc3339.h"
#include "controller/form.h"
#include "controller/log.h"
#include "controller/rights.h"

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
    if (alert->state != ALERT_REFUSED || strcmp(alert->reason, DESK_NOT_IN_TIME) != 0)
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
    const char *login; /* who sent it; borrowed */
    struct alert_key key;
    char id[ALERT_ID_SIZE]; /* "": a new one */
    struct moment at;
    char *bytes; /* owned, like the message, which may refer to them */
    size_t n_bytes;
    struct alert_message *message;
    struct ebm_package *package; /* of an EBM: refers to them likewise */
};

static void received_free(struct received *received)
{
    alert_message_free(received->message);
    ebm_package_free(received->package);
    free(received->bytes);
}

static void refuse_received(struct received *received, unsigned status, const struct refusal *refusal, desk_answer_fn *answer,
                            void *context)
{
    const struct alert_message *message = received->message;
    log_line(LOG_WARNING, "refused \"%.80s\" from %.80s: %s: %s", message->identifier, message->sender, refusal->code,
             refusal->message);
    received_free(received);
    desk_refuse(answer, context, status, refusal->code, refusal->message);
}

/* What is stored of an alert in parts has its words too: whatever becomes of the configuration, they stay what they were. */
static void keep_words(struct received *received)
{
    char *bytes = form_with_words((struct slice){received->bytes, received->n_bytes}, received->message);
    if (!bytes || strlen(bytes) > ALERT_JSON_SIZE_MAX) { /* they are found again after a restart */
        free(bytes);
        return;
    }
    free(received->bytes);
    received->bytes = bytes;
    received->n_bytes = strlen(bytes);
}

/* An alert in parts says what it is: an all-clear or correction needs the right to it, whichever way it comes. */
static bool may_say(const struct config *config, const struct received *received, struct refusal *refusal)
{
    const struct alert_form *form = received->message->form;
    if (form && form->kind == FORM_ALL_CLEAR)
        return rights_have(config, received->login, RIGHT_ALL_CLEAR, refusal);
    if (form && form->kind == FORM_CORRECTION)
        return rights_have(config, received->login, RIGHT_CORRECT, refusal);
    return true;
}

/* Takes what was received over. */
static void judge(struct desk *desk, struct received *received, desk_answer_fn *answer, void *context)
{
    struct intake_terms terms = {desk->config, received->at, clock_trusted(), false, received->package};
    struct alert *alert = NULL;
    struct refusal refusal;
    if (!rights_may_relay(desk->config, received->login, received->message->sender, &refusal) ||
        !may_say(desk->config, received, &refusal)) {
        refuse_received(received, 403, &refusal, answer, context);
        return;
    }
    if (!intake_judge(&terms, received->message, &alert, &refusal)) {
        refuse_received(received, 422, &refusal, answer, context);
        return;
    }
    ebm_package_free(received->package);
    if (received->message->form)
        keep_words(received);
    if (!*received->id)
        desk_new_id(desk, received->at.wall, received->id);
    alert->media = received->media;
    alert->bytes = received->bytes;
    alert->n_bytes = received->n_bytes;
    alert->key = received->key;
    text_copy(alert->sent_by, sizeof alert->sent_by, received->login);
    if (!desk_may_clear(desk, alert, &refusal) || !desk_gate_admits(desk, alert, &refusal)) {
        alert_free(alert);
        desk_refuse(answer, context, 403, refusal.code, refusal.message);
        return;
    }
    desk_take_in(desk, alert, received->id, answer, context);
}

/* False if it is answered: no key, or not of this body. */
static bool take_key(const struct desk *desk, const struct desk_sender *sender, struct slice bytes, struct received *received,
                     desk_answer_fn *answer, void *context)
{
    struct slice keyed = sender->keyed.size > 0 ? sender->keyed : bytes;
    if (!idempotency_key(&received->key, sender->user, sender->key, keyed))
        desk_refuse(answer, context, 422, "idempotency_key", "Idempotency-Key: give 1 to 128 visible ASCII characters");
    else if (idempotency_conflicts(desk->keys, &received->key, received->at.wall))
        desk_refuse(answer, context, 422, "idempotency_conflict",
                    "Idempotency-Key: it was given to another body within the last day; a new message needs a key of its own");
    else
        return true;
    return false;
}

static bool refuse_undecoded(const struct error *error, desk_answer_fn *answer, void *context)
{
    if (error->code == ERROR_NO_MEMORY)
        desk_refuse(answer, context, 503, "no_memory", "out of memory; send it again");
    else
        desk_refuse(answer, context, error->code == ERROR_TOO_LARGE ? 413 : 422,
                    error->code == ERROR_MISSING ? "missing_element" : "not_an_alert", error->message);
    return false;
}

/* An alert in parts has no key of its own: it gets its id for one, and the source of whoever sends it. False: answered. */
static bool give_key(struct desk *desk, struct received *received, struct slice bytes, desk_answer_fn *answer, void *context)
{
    struct refusal refusal;
    struct error error = {0};
    char sent[RFC3339_SIZE];
    const struct config_source *source = rights_source(desk->config, received->login, &refusal);
    if (!source) {
        desk_refuse(answer, context, 403, refusal.code, refusal.message);
        return false;
    }
    desk_new_id(desk, received->at.wall, received->id);
    rfc3339_format(received->at.wall, desk->config->utc_offset_minutes, sent);
    received->bytes = form_with_key(bytes, received->id, source->sender, sent, &error);
    received->n_bytes = received->bytes ? strlen(received->bytes) : 0;
    return received->bytes || refuse_undecoded(&error, answer, context);
}

/* False if it is answered. */
static bool receive(struct desk *desk, struct received *received, struct slice bytes, desk_answer_fn *answer, void *context)
{
    struct error error = {0};
    if (received->media == MEDIA_JSON) {
        if (!give_key(desk, received, bytes, answer, context))
            return false;
    } else {
        received->bytes = malloc(bytes.size + 1);
        received->n_bytes = bytes.size;
        if (received->bytes)
            memcpy(received->bytes, bytes.data, bytes.size);
        else
            return error_set(&error, ERROR_NO_MEMORY, "-") || refuse_undecoded(&error, answer, context);
    }
    if (reception_decode(received->media, (struct slice){received->bytes, received->n_bytes}, &received->message,
                         &received->package, &error))
        return true;
    received_free(received);
    return refuse_undecoded(&error, answer, context);
}

/* One whose only key is that of its sender: it is the same alert if that is. */
struct asked_again {
    desk_answer_fn *answer;
    void *context;
};

static void on_asked_again(void *context, json_t *row, const struct error *error)
{
    struct asked_again *asked = context;
    struct desk_answer again = {200, NULL, NULL, row ? json_incref(json_object_get(row, "detail")) : NULL};
    if (again.alert)
        asked->answer(asked->context, &again);
    else
        desk_refuse(asked->answer, asked->context, 503, "store", error->message);
    json_decref(row);
    free(asked);
}

static bool answer_by_key(struct desk *desk, const struct received *received, desk_answer_fn *answer, void *context)
{
    const char *id = idempotency_alert(desk->keys, &received->key, received->at.wall);
    const struct alert *live = id ? desk_find(desk, id) : NULL;
    if (!id)
        return false;
    if (live) {
        struct desk_answer again = {200, NULL, NULL, alert_to_json(live, desk->config)};
        answer(context, &again);
        return true;
    }
    struct asked_again *asked = malloc(sizeof *asked);
    if (asked)
        *asked = (struct asked_again){answer, context};
    if (asked && !desk_accepts(desk, id))
        store_get_alert(desk->store, id, on_asked_again, asked);
    else {
        free(asked);
        desk_refuse(answer, context, 503, "try_again", "it is on its way in already; ask again");
    }
    return true;
}

bool desk_answer_again(struct desk *desk, const struct desk_sender *sender, desk_answer_fn *answer, void *context)
{
    struct received received = {.at = clock_read()};
    return idempotency_key(&received.key, sender->user, sender->key, sender->keyed) &&
           !idempotency_conflicts(desk->keys, &received.key, received.at.wall) &&
           answer_by_key(desk, &received, answer, context);
}

void desk_submit(struct desk *desk, const struct desk_sender *sender, enum media media, struct slice bytes,
                 desk_answer_fn *answer, void *context)
{
    struct received received = {.media = media, .login = sender->user, .at = clock_read()};
    desk_watch(desk, sender->user, bytes, &answer, &context);
    if (!take_key(desk, sender, bytes, &received, answer, context) ||
        (media == MEDIA_JSON && answer_by_key(desk, &received, answer, context)) ||
        !receive(desk, &received, bytes, answer, context))
        return;
    desk_watch_message(desk, received.message);
    char id[ALERT_ID_SIZE];
    enum known known = answer_known(desk, received.message, bytes, answer, context, id);
    if (known == KNOWN_REFUSED)
        text_copy(received.id, sizeof received.id, id);
    if (known == KNOWN_NOT || known == KNOWN_REFUSED) {
        judge(desk, &received, answer, context);
        return;
    }
    if (known == KNOWN_SAME && *received.key.key) {
        text_copy(received.key.alert, sizeof received.key.alert, id);
        idempotency_keep(desk->keys, &received.key, received.at.wall);
        journal_key(&desk->journal, &received.key, id, received.at.wall);
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
    fault_point("answer_before");
    changing->answer(changing->context, &yes);
    fault_point("answer_after");
    free(changing);
}

void desk_answer_durable(struct desk *desk, struct alert *alert, const struct decision *decision, desk_answer_fn *answer,
                         void *context)
{
    struct changing *changing = malloc(sizeof *changing);
    if (changing)
        *changing = (struct changing){answer, context, alert_to_json(alert, desk->config)};
    journal_decided(&desk->journal, alert, clock_read().wall, decision, changing ? on_changed : NULL, changing);
    if (!changing)
        desk_refuse(answer, context, 503, "no_memory", "it is done, but out of memory: whether it is on disk cannot be told");
}

void desk_stop(struct desk *desk, const char *id, const char *reason, const char *officer, desk_answer_fn *answer,
               void *context)
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
    const struct decision stopped = {officer, "stopped", json_pack("{s:s}", "reason", reason)};
    desk_answer_durable(desk, alert, &stopped, answer, context);
    desk_channel_done(desk, alert, CAUSE_STOPPED);
}
