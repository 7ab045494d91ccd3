/* The life of alerts between the door and the report. */
#include "controller/desk.h"

#include "codecs/cap.h"
#include "codecs/monotonic.h"
#include "controller/dispatcher.h"
#include "controller/journal.h"
#include "controller/log.h"
#include "controller/speaker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uv.h>

enum { TICK_MS = 100 };

struct desk {
    const struct config *config;
    struct store *store;
    struct journal journal;
    uv_timer_t tick;
    struct site *site;
    struct speaker *speaker;
    struct dispatcher **dispatchers; /* per channel */
    struct alert **alerts;           /* that have not ended */
    size_t n_alerts, room;
    uint16_t next_number;
    struct wall last_id;
};

static struct moment now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (struct moment){mono_now(), {(int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000}};
}

/* ---- the list of live alerts ---- */

static bool keep_alert(struct desk *desk, struct alert *alert)
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

static void drop_alert(struct desk *desk, struct alert *alert)
{
    for (size_t i = 0; i < desk->n_alerts; i++)
        if (desk->alerts[i] == alert)
            desk->alerts[i] = desk->alerts[--desk->n_alerts];
    alert_free(alert);
}

static struct alert *find_alert(const struct desk *desk, const char *id)
{
    for (size_t i = 0; i < desk->n_alerts; i++)
        if (strcmp(desk->alerts[i]->id, id) == 0)
            return desk->alerts[i];
    return NULL;
}

json_t *desk_live_alert(const struct desk *desk, const char *id)
{
    const struct alert *alert = find_alert(desk, id);
    return alert ? alert_to_json(alert, desk->config) : NULL;
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

/* ---- ends ---- */

static void end_alert(struct desk *desk, struct alert *alert, enum alert_state state)
{
    alert->state = state;
    log_line(LOG_NOTE, "%s: %s%s%s", alert->id, alert_state_name(state), *alert->reason ? ": " : "", alert->reason);
    journal_alert(&desk->journal, alert, now().wall, NULL, NULL);
    drop_alert(desk, alert);
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
static void channel_done(struct desk *desk, struct alert *alert, enum delivery_cause cause)
{
    if (cause != CAUSE_FINISHED)
        alert->outcome = state_of(cause);
    if (alert->channels_left > 0 && --alert->channels_left == 0)
        end_alert(desk, alert, alert->outcome);
}

/* An alert that never began on a channel still has a delivery per terminal, each with its end. */
static void record_unbegun(struct desk *desk, struct alert *alert, uint32_t channel, enum delivery_cause cause)
{
    struct broadcast *broadcast = broadcast_create(desk->config, alert, channel, 0, 0, now());
    if (!broadcast)
        return;
    broadcast->cause = cause;
    broadcast_finish(broadcast, now());
    for (size_t i = 0; i < broadcast->n_deliveries; i++)
        journal_delivery(&desk->journal, broadcast, &broadcast->deliveries[i]);
    broadcast_free(broadcast);
}

/* Ends the alert on every channel; where it sounds its end follows when the terminals are stopped. */
static void stop_alert(struct desk *desk, struct alert *alert, enum delivery_cause cause)
{
    if (alert->channels_left == 0) { /* not handed to a channel yet */
        for (uint32_t c = 0; c < desk->config->n_channels; c++)
            if (alert_uses_channel(alert, desk->config, c))
                record_unbegun(desk, alert, c, cause);
        end_alert(desk, alert, state_of(cause));
        return;
    }
    alert->channels_left++; /* holds it until all channels were told */
    for (uint32_t c = 0; c < desk->config->n_channels; c++) {
        bool was_waiting = false;
        if (!alert_uses_channel(alert, desk->config, c) ||
            !dispatcher_stop(desk->dispatchers[c], alert, cause, &was_waiting, now()))
            continue;
        if (was_waiting) {
            record_unbegun(desk, alert, c, cause);
            channel_done(desk, alert, cause);
        }
    }
    channel_done(desk, alert, cause);
}

/* ---- ports of the dispatchers ---- */

struct number_done {
    struct dispatcher *dispatcher;
    uint32_t broadcast, number;
    dispatcher_done_fn *done;
};

static void on_recorded(void *context, int64_t seq, const struct error *error)
{
    (void)seq;
    struct number_done *waiting = context;
    waiting->done(waiting->dispatcher, waiting->broadcast, waiting->number, error->code == ERROR_NONE);
    free(waiting);
}

static struct number_done *wait_for(struct dispatcher *dispatcher, uint32_t broadcast, uint32_t number,
                                    dispatcher_done_fn *done)
{
    struct number_done *waiting = done ? malloc(sizeof *waiting) : NULL;
    if (waiting)
        *waiting = (struct number_done){dispatcher, broadcast, number, done};
    return waiting;
}

static uint32_t channel_of(const struct desk *desk, const struct dispatcher *dispatcher)
{
    uint32_t c = 0;
    while (c + 1 < desk->config->n_channels && desk->dispatchers[c] && desk->dispatchers[c] != dispatcher)
        c++; /* the one being created is not in the list yet: it is the first empty place */
    return c;
}

static void token_name(const struct desk *desk, uint32_t channel, char name[64])
{
    snprintf(name, 64, "token.%s", desk->config->channels[channel].id);
}

static void reserve_token(void *context, struct dispatcher *dispatcher, uint16_t token, dispatcher_done_fn *done)
{
    struct desk *desk = context;
    char name[64];
    token_name(desk, channel_of(desk, dispatcher), name);
    struct number_done *waiting = wait_for(dispatcher, 0, token, done);
    journal_number(&desk->journal, name, token, waiting ? on_recorded : NULL, waiting);
}

static void record_alert(void *context, struct dispatcher *dispatcher, struct alert *alert, uint32_t broadcast, uint32_t number,
                         dispatcher_done_fn *done)
{
    struct desk *desk = context;
    struct number_done *waiting = wait_for(dispatcher, broadcast, number, done);
    journal_alert(&desk->journal, alert, now().wall, waiting ? on_recorded : NULL, waiting);
}

static void record_delivery(void *context, const struct broadcast *broadcast, const struct delivery *delivery)
{
    journal_delivery(&((struct desk *)context)->journal, broadcast, delivery);
}

static void record_reading(void *context, const struct broadcast *broadcast, const struct delivery *delivery,
                           const struct terminal_reading *reading, enum loudness_verdict verdict)
{
    journal_reading(&((struct desk *)context)->journal, broadcast, delivery, reading, verdict);
}

static void record_end(void *context, struct broadcast *broadcast)
{
    struct desk *desk = context;
    for (size_t i = 0; i < broadcast->n_deliveries; i++)
        journal_delivery(&desk->journal, broadcast, &broadcast->deliveries[i]);
    channel_done(desk, broadcast->alert, broadcast->cause);
}

static void tell_programme(void *context, const struct broadcast *broadcast, const struct playout_event *event)
{
    journal_programme(&((struct desk *)context)->journal, broadcast, event);
}

static void raise_alarm(void *context, const struct alert *alert, const char *what, const char *detail)
{
    journal_alarm(&((struct desk *)context)->journal, alert, what, detail);
}

static void speak(void *context, struct dispatcher *dispatcher, uint32_t broadcast, uint32_t index, const char *language,
                  const char *text)
{
    struct desk *desk = context;
    uint32_t rate = desk->config->channels[channel_of(desk, dispatcher)].playout.rate;
    speaker_ask(desk->speaker, dispatcher, broadcast, index, rate, language, text);
}

static void on_spoken(void *context, void *of, uint32_t broadcast, uint32_t index, const struct speech *speech,
                      const struct error *error)
{
    (void)context;
    dispatcher_spoken(of, broadcast, index, speech, error, now());
}

/* ---- events of the site ---- */

static void on_line_event(void *context, uint32_t line, const struct line_event *event)
{
    struct desk *desk = context;
    if (event->kind == LINE_UP || event->kind == LINE_DOWN)
        journal_line(&desk->journal, line, event->kind == LINE_UP, event->error.message);
    if (event->kind == LINE_UNASKED) {
        const struct config_line *settings = &desk->config->lines[line];
        char detail[160];
        snprintf(detail, sizeof detail, "%s plays what nobody asked it to",
                 desk->config->terminals[settings->terminals[event->terminal]].hardware.id);
        journal_alarm(&desk->journal, NULL, "unasked", detail);
    }
    struct dispatcher *dispatcher = desk->dispatchers[desk->config->lines[line].channel];
    if (dispatcher)
        dispatcher_take_line_event(dispatcher, line, event, now());
}

static void on_playout_event(void *context, uint32_t channel, const struct playout_event *event)
{
    struct desk *desk = context;
    if (desk->dispatchers[channel])
        dispatcher_take_playout_event(desk->dispatchers[channel], event, now());
}

/* ---- on the way to the channels ---- */

static void dispatch(struct desk *desk, struct alert *alert)
{
    alert->state = ALERT_QUEUED;
    for (uint32_t c = 0; c < desk->config->n_channels; c++)
        alert->channels_left += alert_uses_channel(alert, desk->config, c);
    for (uint32_t c = 0; c < desk->config->n_channels; c++)
        if (alert_uses_channel(alert, desk->config, c) && !dispatcher_submit(desk->dispatchers[c], alert, now())) {
            journal_alarm(&desk->journal, alert, "no_memory", "the alert could not be queued on a channel");
            channel_done(desk, alert, CAUSE_FINISHED);
        }
}

static void on_tick(uv_timer_t *timer)
{
    struct desk *desk = timer->data;
    struct moment at = now();
    for (size_t i = desk->n_alerts; i-- > 0;) {
        struct alert *alert = desk->alerts[i];
        if (!alert->durable && alert->state == ALERT_WAITING)
            continue; /* its acceptance is still on its way to the disk */
        bool begun = alert->state == ALERT_PREPARING || alert->state == ALERT_SOUNDING;
        if (!begun && alert->expires.ms <= at.wall.ms)
            stop_alert(desk, alert, CAUSE_EXPIRED);
        else if (alert->state == ALERT_WAITING && alert->effective.ms <= at.wall.ms)
            dispatch(desk, alert);
    }
    for (uint32_t c = 0; c < desk->config->n_channels; c++)
        dispatcher_tick(desk->dispatchers[c], at);
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

static void act_on_references(struct desk *desk, const struct alert *alert)
{
    const struct alert_message *m = alert->message;
    if (m->msg_type != MSG_UPDATE && m->msg_type != MSG_CANCEL)
        return;
    for (size_t r = 0; r < m->n_references; r++)
        for (size_t i = desk->n_alerts; i-- > 0;) {
            struct alert *other = desk->alerts[i];
            if (other == alert || !alert_is_referred(other, &m->references[r]))
                continue;
            bool cancel = m->msg_type == MSG_CANCEL;
            snprintf(other->reason, sizeof other->reason, "%s by %s", cancel ? "cancelled" : "superseded", alert->id);
            stop_alert(desk, other, cancel ? CAUSE_CANCELLED : CAUSE_SUPERSEDED);
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
    alert->durable = error->code == ERROR_NONE;
    bool actual = alert->message->status == STATUS_ACTUAL;
    if (!alert->durable)
        journal_alarm(&desk->journal, alert, "store_failed", error->message);
    if (!alert->durable && !actual) {
        refuse(accepting->answer, accepting->context, 507, "not_durable",
               "the alert could not be put on disk; free some space on the controller and send it again");
        drop_alert(desk, alert);
        free(accepting);
        return;
    }
    act_on_references(desk, alert);
    bool sounds = alert->sounds;
    if (sounds && alert->effective.ms <= now().wall.ms)
        dispatch(desk, alert);
    agree(desk, alert, 202, accepting->answer, accepting->context);
    if (!sounds)
        drop_alert(desk, alert);
    free(accepting);
}

static void accept(struct desk *desk, struct alert *alert, struct slice bytes, desk_answer_fn *answer, void *context)
{
    struct accepting *accepting = malloc(sizeof *accepting);
    alert->bytes = malloc(bytes.size + 1);
    if (!accepting || !alert->bytes || !keep_alert(desk, alert)) {
        free(accepting);
        alert_free(alert);
        refuse(answer, context, 503, "no_memory", "out of memory; send it again");
        return;
    }
    memcpy(alert->bytes, bytes.data, bytes.size);
    alert->n_bytes = bytes.size;
    *accepting = (struct accepting){desk, alert, answer, context};
    make_id(desk, alert);
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
    struct intake_terms terms = {desk->config, now().wall, desk->config->clock == CLOCK_TRUST, false};
    struct alert *alert = NULL;
    struct refusal refusal;
    if (!intake_judge(&terms, message, &alert, &refusal)) {
        log_line(LOG_WARNING, "refused \"%.80s\" from %.80s: %s: %s", message->identifier, message->sender, refusal.code,
                 refusal.message);
        alert_message_free(message);
        refuse(answer, context, 422, refusal.code, refusal.message);
        return;
    }
    accept(desk, alert, bytes, answer, context);
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
    struct alert *alert = find_alert(desk, id);
    struct stopping *stopping = alert ? malloc(sizeof *stopping) : NULL;
    if (!stopping) {
        refuse(answer, context, alert ? 503 : 409, alert ? "no_memory" : "ended",
               alert ? "out of memory; try again" : "no alert of this id is queued, waiting or sounding: it has ended already");
        return;
    }
    snprintf(alert->reason, sizeof alert->reason, "stopped: %.180s", reason);
    alert->channels_left++; /* keeps it while we still look at it */
    alert->outcome = ALERT_STOPPED;
    bool waiting = alert->channels_left == 1;
    if (!waiting)
        stop_alert(desk, alert, CAUSE_STOPPED);
    else
        for (uint32_t c = 0; c < desk->config->n_channels; c++)
            if (alert_uses_channel(alert, desk->config, c))
                record_unbegun(desk, alert, c, CAUSE_STOPPED);
    alert->state = ALERT_STOPPED;
    *stopping = (struct stopping){answer, context, alert_to_json(alert, desk->config)};
    journal_alert(&desk->journal, alert, now().wall, on_stopped, stopping);
    channel_done(desk, alert, CAUSE_STOPPED);
}

/* ---- after a restart ---- */

static void resume_repetitions(const struct desk *desk, struct alert *alert, const json_t *detail)
{
    const json_t *by_channel = json_object_get(json_object_get(detail, "repetitions"), "by_channel");
    for (size_t c = 0; c < desk->config->n_channels; c++)
        alert->ended[c] = (uint32_t)json_integer_value(json_object_get(by_channel, desk->config->channels[c].id));
}

static struct alert *read_back(const struct desk *desk, const struct store_alert *row)
{
    struct alert_message *message = NULL;
    struct alert *alert = NULL;
    struct error error = {0};
    struct refusal refusal = {0};
    struct intake_terms terms = {desk->config, now().wall, desk->config->clock == CLOCK_TRUST, true};
    if (!cap_decode((struct slice){row->bytes, row->n_bytes}, &message, &error)) {
        log_line(LOG_ERROR, "%s: stored alert cannot be read back: %s", row->id, error.message);
        return NULL;
    }
    if (!intake_judge(&terms, message, &alert, &refusal)) {
        log_line(LOG_ERROR, "%s: stored alert is not accepted any more: %s", row->id, refusal.message);
        alert_message_free(message);
        return NULL;
    }
    text_copy(alert->id, sizeof alert->id, row->id);
    alert->received = row->received;
    alert->durable = true;
    alert->bytes = malloc(row->n_bytes + 1);
    if (alert->bytes) {
        memcpy(alert->bytes, row->bytes, row->n_bytes);
        alert->n_bytes = row->n_bytes;
    }
    if (alert->sounds)
        resume_repetitions(desk, alert, row->detail);
    return alert;
}

static void resume_alert(struct desk *desk, const struct store_alert *row)
{
    struct alert *alert = read_back(desk, row);
    enum alert_state state = ALERT_QUEUED;
    alert_state_parse(row->state, &state);
    if (!alert || !alert->bytes || !alert->sounds || !keep_alert(desk, alert)) {
        alert_free(alert);
        return;
    }
    log_line(LOG_NOTE, "%s: taken up again, it was %s", alert->id, row->state);
    if (alert->expires.ms <= now().wall.ms)
        stop_alert(desk, alert, CAUSE_EXPIRED);
    else if (alert->effective.ms > now().wall.ms)
        alert->state = ALERT_WAITING;
    else
        dispatch(desk, alert);
}

static bool resume_all(struct desk *desk, struct error *error)
{
    struct store_alert *rows = NULL;
    size_t n = 0;
    if (!store_load_open_alerts(desk->store, &rows, &n, error))
        return false;
    for (size_t i = 0; i < n; i++) {
        resume_alert(desk, &rows[i]);
        store_alert_clear(&rows[i]);
    }
    free(rows);
    return true;
}

/* ---- creation and end ---- */

static const struct dispatcher_ports PORTS = {
    .reserve_token = reserve_token,
    .record_alert = record_alert,
    .record_delivery = record_delivery,
    .record_reading = record_reading,
    .record_end = record_end,
    .tell_programme = tell_programme,
    .alarm = raise_alarm,
    .speak = speak,
};

static bool create_dispatchers(struct desk *desk, const uint16_t *tokens, struct error *error)
{
    struct dispatcher_ports ports = PORTS;
    ports.context = desk;
    for (uint32_t c = 0; c < desk->config->n_channels; c++) {
        desk->dispatchers[c] =
            dispatcher_create(desk->config, c, site_lines(desk->site), site_playout(desk->site, c), tokens[c], &ports, now());
        if (!desk->dispatchers[c])
            return error_set(error, ERROR_NO_MEMORY, "channel %s: out of memory", desk->config->channels[c].id);
    }
    return true;
}

static bool create_parts(struct desk *desk, struct uv_loop_s *loop, struct error *error)
{
    const struct site_ports ports = {desk, on_line_event, on_playout_event};
    uint16_t *tokens = calloc(desk->config->n_channels + 1, sizeof *tokens);
    desk->dispatchers = calloc(desk->config->n_channels + 1, sizeof(struct dispatcher *));
    desk->speaker = speaker_create(desk->config, loop, on_spoken, desk);
    bool ok = tokens && desk->dispatchers && desk->speaker;
    if (!ok)
        error_set(error, ERROR_NO_MEMORY, "out of memory");
    for (uint32_t c = 0; ok && c < desk->config->n_channels; c++) {
        char name[64];
        token_name(desk, c, name);
        tokens[c] = (uint16_t)store_get_setting(desk->store, name, 0);
    }
    if (ok)
        desk->site = site_create(desk->config, tokens, &ports, loop, error);
    ok = ok && desk->site && create_dispatchers(desk, tokens, error) && resume_all(desk, error);
    free(tokens);
    return ok;
}

struct desk *desk_create(const struct config *config, struct store *store, struct uv_loop_s *loop, struct error *error)
{
    struct desk *desk = calloc(1, sizeof *desk);
    if (!desk) {
        error_set(error, ERROR_NO_MEMORY, "out of memory");
        return NULL;
    }
    desk->config = config;
    desk->store = store;
    desk->journal = (struct journal){config, store};
    desk->next_number = (uint16_t)(uv_hrtime() >> 10);
    uv_timer_init(loop, &desk->tick);
    desk->tick.data = desk;
    if (!create_parts(desk, loop, error)) {
        desk_destroy(desk, 0);
        return NULL;
    }
    uv_timer_start(&desk->tick, on_tick, TICK_MS, TICK_MS);
    return desk;
}

const struct site *desk_site(const struct desk *desk)
{
    return desk->site;
}

json_t *desk_channels_json(const struct desk *desk)
{
    json_t *list = json_array();
    for (size_t c = 0; c < desk->config->n_channels; c++) {
        const struct config_channel *channel = &desk->config->channels[c];
        const struct broadcast *broadcast = dispatcher_current(desk->dispatchers[c]);
        json_t *object = json_pack("{s:s, s:s, s:s}", "id", channel->id, "output",
                                   channel->has_output ? channel->playout.device : "none", "state",
                                   dispatcher_output_lost(desk->dispatchers[c]) ? "lost"
                                   : broadcast                                  ? "busy"
                                                                                : "free");
        if (broadcast)
            json_object_set_new(object, "alert", json_string(broadcast->alert->id));
        json_array_append_new(list, object);
    }
    return list;
}

bool desk_healthy(const struct desk *desk)
{
    for (size_t c = 0; c < desk->config->n_channels; c++)
        if (dispatcher_output_lost(desk->dispatchers[c]))
            return false;
    return site_lines_up(desk->site) == desk->config->n_lines;
}

static void on_tick_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void desk_destroy(struct desk *desk, uint32_t grace_ms)
{
    if (!desk)
        return;
    site_destroy(desk->site, grace_ms);
    speaker_free(desk->speaker);
    for (size_t c = 0; desk->dispatchers && c < desk->config->n_channels; c++)
        dispatcher_free(desk->dispatchers[c]);
    free(desk->dispatchers);
    for (size_t i = 0; i < desk->n_alerts; i++)
        alert_free(desk->alerts[i]);
    free(desk->alerts);
    uv_close((uv_handle_t *)&desk->tick, on_tick_closed);
}
