/* Rows and events. */
#include "controller/journal.h"

#include "codecs/fault_point.h"
#include "codecs/rfc3339.h"

#include "controller/log.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEEP_DAYS_LEAST = 7 }; /* so long a message that comes again is known, whatever room it takes */

/* A change of an alert that the disk owes an answer. */
struct owed {
    const struct journal *journal;
    char alert[ALERT_ID_SIZE];
    store_done_fn *done;
    void *context;
};

static void on_answered(void *context, int64_t seq, const struct error *error)
{
    struct owed owed = *(struct owed *)context;
    free(context);
    if (owed.done)
        owed.done(owed.context, seq, error);
    if (owed.journal->settled)
        owed.journal->settled(owed.journal->context, owed.alert, error);
}

static void commit(const struct journal *journal, struct alert *alert, const struct store_change *change, store_done_fn *done,
                   void *context)
{
    struct owed *owed = malloc(sizeof *owed);
    fault_point("state_before");
    if (!owed) { /* not followed up */
        store_commit(journal->store, change, done, context);
        return;
    }
    *owed = (struct owed){.journal = journal, .done = done, .context = context};
    text_copy(owed->alert, sizeof owed->alert, alert->id);
    alert->owed++;
    store_commit(journal->store, change, on_answered, owed);
    fault_point("state_after");
}

void journal_reference(const struct alert_reference *reference, struct store_reference *key)
{
    *key = (struct store_reference){.sender = reference->sender, .identifier = reference->identifier};
    if (reference->sent_text)
        rfc3339_format(reference->sent, 0, key->sent); /* one instant is one key, in whatever offset it is written */
}

/* What it cancels or supersedes, whether that is here yet or not; the caller frees. */
static struct store_reference *references_of(const struct alert_message *message, size_t *n)
{
    *n = message->msg_type == MSG_UPDATE || message->msg_type == MSG_CANCEL ? message->n_references : 0;
    struct store_reference *references = calloc(*n + 1, sizeof *references);
    for (size_t i = 0; references && i < *n; i++)
        journal_reference(&message->references[i], &references[i]);
    *n = references ? *n : 0;
    return references;
}

/* more: what is stored with it. */
static void commit_alert(const struct journal *journal, struct alert *alert, struct wall now, const struct store_change *more,
                         store_done_fn *done, void *context)
{
    json_t *detail = alert_to_json(alert, journal->config);
    char key_time[RFC3339_SIZE]; /* one instant is one key, in whatever offset it is written */
    rfc3339_format(alert->message->sent, 0, key_time);
    struct store_alert row = {
        .sender = alert->message->sender,
        .identifier = alert->message->identifier,
        .sent = key_time,
        .bytes = alert->stored ? NULL : alert->bytes, /* they do not change */
        .n_bytes = alert->stored ? 0 : alert->n_bytes,
        .state_reason = *alert->reason ? (char *)alert->reason : NULL,
        .received = alert->received,
        .changed = now,
        .repetitions_ended = alert->sounds ? alert_repetitions_ended(alert, journal->config) : 0,
        .detail = detail,
    };
    text_copy(row.id, sizeof row.id, alert->id);
    text_copy(row.media_type, sizeof row.media_type, media_name(alert->media));
    text_copy(row.state, sizeof row.state, alert_state_name(alert->state));
    struct store_change change = *more;
    struct store_reference *references = references_of(alert->message, &change.n_references);
    change.references = references;
    change.alert = &row;
    change.event_data = detail;
    change.urgent = !alert->accepting; /* what is on its way in may still be refused */
    commit(journal, alert, &change, done, context);
    free(references);
    json_decref(detail);
}

static struct store_key key_row(const struct alert_key *key, const char *alert, struct wall now)
{
    return (struct store_key){key->user, key->key, key->hash, alert, now};
}

static void commit_told(const struct journal *journal, struct alert *alert, struct wall now, const struct store_audit *audit,
                        store_done_fn *done, void *context)
{
    struct store_key key = key_row(&alert->key, alert->id, now);
    const struct store_change change = {.event = "alert", .key = *key.key && !alert->stored ? &key : NULL, .audit = audit};
    commit_alert(journal, alert, now, &change, done, context);
}

void journal_alert(const struct journal *journal, struct alert *alert, struct wall now, store_done_fn *done, void *context)
{
    commit_told(journal, alert, now, NULL, done, context);
}

/* Takes the detail over. The caller frees. */
static char *detail_text(json_t *detail)
{
    char *text = detail ? json_dumps(detail, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    json_decref(detail);
    return text;
}

void journal_decided(const struct journal *journal, struct alert *alert, struct wall now, const struct decision *decision,
                     store_done_fn *done, void *context)
{
    char *detail = detail_text(decision->detail);
    struct store_audit audit = {decision->actor, decision->action, alert->id, detail ? detail : "{}",
                                alert->accepting && alert->message->status != STATUS_ACTUAL}; /* it may still be refused */
    commit_told(journal, alert, now, &audit, done, context);
    free(detail);
}

void journal_decision(const struct journal *journal, const char *subject, const struct decision *decision)
{
    char *detail = detail_text(decision->detail);
    const struct store_audit audit = {decision->actor, decision->action, subject, detail ? detail : "{}", false};
    const struct store_change change = {.audit = &audit};
    store_commit(journal->store, &change, NULL, NULL);
    free(detail);
}

void journal_quietly(const struct journal *journal, struct alert *alert, struct wall now, store_done_fn *done, void *context)
{
    struct store_change change = {0};
    commit_alert(journal, alert, now, &change, done, context);
}

void journal_stored(const struct journal *journal, const struct store_alert *row, struct wall now,
                    const struct decision *decision, store_done_fn *done, void *context)
{
    char *detail = detail_text(decision->detail);
    const struct store_audit audit = {decision->actor, decision->action, row->id, detail ? detail : "{}", false};
    struct store_alert now_so = *row;
    now_so.bytes = NULL; /* as they are */
    now_so.n_bytes = 0;
    now_so.changed = now;
    const struct store_change change = {
        .alert = &now_so, .event = "alert", .event_data = row->detail, .urgent = true, .audit = &audit};
    store_commit(journal->store, &change, done, context);
    free(detail);
}

void journal_key(const struct journal *journal, const struct alert_key *key, const char *alert, struct wall now)
{
    struct store_key row = key_row(key, alert, now);
    struct store_change change = {.key = &row};
    store_commit(journal->store, &change, NULL, NULL);
}

static void set_moment(json_t *object, const char *name, const struct moment *moment, const struct config *config)
{
    if (moment->wall.ms)
        json_object_set_new(object, name, json_time(moment->wall, config));
}

static json_t *times_json(const struct config *config, const struct delivery *delivery)
{
    json_t *times = json_object();
    for (int rung = RUNG_SENT; rung < RUNG_COUNT; rung++)
        set_moment(times, rung_name((enum rung)rung), &delivery->reached[rung], config);
    set_moment(times, "started", &delivery->started, config);
    set_moment(times, "stopped", &delivery->stopped, config);
    set_moment(times, "read", &delivery->read, config);
    set_moment(times, "ended", &delivery->ended, config);
    return times;
}

/* How often each trouble came, also those that are over. */
static void set_troubles(json_t *object, const struct delivery *delivery)
{
    json_t *troubles = json_object();
    for (int reason = 0; reason < REASON_COUNT; reason++)
        if (delivery->troubles[reason] > 0)
            json_object_set_new(troubles, delivery_reason_name((enum delivery_reason)reason),
                                json_integer((json_int_t)delivery->troubles[reason]));
    if (json_object_size(troubles) > 0)
        json_object_set(object, "troubles", troubles);
    json_decref(troubles);
}

static void reason_text(const struct delivery *delivery, char text[64])
{
    enum delivery_reason reason = delivery->end == END_NONE ? delivery->trouble : delivery->reason;
    if (reason == REASON_EXCEPTION)
        snprintf(text, 64, "exception(%s)", modbus_exception_name(delivery->exception));
    else
        text_copy(text, 64, delivery_reason_name(reason));
}

json_t *journal_delivery_json(const struct config *config, const char *alert, const struct delivery *delivery)
{
    const struct config_terminal *terminal = &config->terminals[delivery->terminal];
    const struct config_line *line = &config->lines[terminal->line];
    char reason[64];
    reason_text(delivery, reason);
    json_t *object =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:o}", "alert", alert, "terminal", terminal->hardware.id,
                  "name", terminal->name, "line", line->hardware.id, "channel", config->channels[line->channel].id, "rung",
                  rung_name(delivery->rung), "highest", rung_name(delivery_highest(delivery)), "end",
                  delivery_end_name(delivery->end), "final", (int)delivery->final, "times", times_json(config, delivery));
    if (!object)
        return NULL;
    if (*reason)
        json_object_set_new(object, "reason", json_string(reason));
    set_troubles(object, delivery);
    json_object_set_new(object, "people", json_integer(delivery->people));
    if (delivery->terms.level_kind != LEVEL_NONE) {
        json_object_set_new(object, "level_kind", json_string(level_kind_name(delivery->terms.level_kind)));
        json_object_set_new(object, "threshold", json_real(delivery->terms.heard_level));
        json_object_set_new(object, "counted", json_integer((json_int_t)delivery->counted));
    }
    if (delivery->has_baseline)
        json_object_set_new(object, "baseline", json_real(delivery->baseline));
    if (delivery->has_level)
        json_object_set_new(object, "level", json_real(delivery->level));
    return object;
}

static void copy_member(char *to, size_t size, const json_t *detail, const char *name)
{
    const char *text = json_string_value(json_object_get(detail, name));
    text_copy(to, size, text ? text : "");
}

static struct store_delivery delivery_row(json_t *detail)
{
    struct store_delivery row = {.detail = detail};
    copy_member(row.alert, sizeof row.alert, detail, "alert");
    copy_member(row.terminal, sizeof row.terminal, detail, "terminal");
    copy_member(row.line, sizeof row.line, detail, "line");
    copy_member(row.channel, sizeof row.channel, detail, "channel");
    copy_member(row.rung, sizeof row.rung, detail, "rung");
    copy_member(row.end, sizeof row.end, detail, "end");
    copy_member(row.reason, sizeof row.reason, detail, "reason");
    return row;
}

void journal_delivery(const struct journal *journal, const struct broadcast *broadcast, const struct delivery *delivery)
{
    struct alert *alert = broadcast->alert;
    json_t *detail = journal_delivery_json(journal->config, alert->id, delivery);
    json_object_set_new(detail, "token", delivery->terms.has_token ? json_integer(broadcast->token) : json_string("none"));
    struct store_delivery row = delivery_row(detail);
    struct store_change change = {
        .deliveries = &row, .n_deliveries = 1, .event = "delivery", .event_data = detail, .urgent = true};
    commit(journal, alert, &change, NULL, NULL);
    if (!alert->deliveries)
        alert->deliveries = json_object();
    json_object_set_new(alert->deliveries, row.terminal, detail);
}

void journal_again(const struct journal *journal, struct alert *alert, struct wall now)
{
    size_t n = 0;
    struct store_delivery *rows = calloc(json_object_size(alert->deliveries) + 1, sizeof *rows);
    const char *terminal;
    json_t *detail;
    json_object_foreach(alert->deliveries, terminal, detail)
    {
        if (rows)
            rows[n++] = delivery_row(detail);
    }
    struct store_key key = key_row(&alert->key, alert->id, now);
    struct store_change change = {
        .deliveries = rows, .n_deliveries = n, .event = "alert", .key = *key.key && !alert->stored ? &key : NULL};
    commit_alert(journal, alert, now, &change, NULL, NULL);
    free(rows);
}

static json_t *fields_json(const struct profile *profile, const struct terminal_values *values)
{
    json_t *raw = json_object();
    for (size_t i = 0; i < profile->n_fields; i++)
        if (values->valid >> i & 1)
            json_object_set_new(raw, profile->fields[i].name, json_integer((json_int_t)values->raw[i]));
    return raw;
}

void journal_reading(const struct journal *journal, const struct broadcast *broadcast, const struct delivery *delivery,
                     const struct terminal_reading *reading, enum loudness_verdict verdict)
{
    const struct config_terminal *terminal = &journal->config->terminals[delivery->terminal];
    json_t *data =
        json_pack("{s:s, s:I, s:I, s:f, s:o}", "played", verdict == LOUDNESS_SILENCE ? "silence" : "words", "requested_us",
                  (json_int_t)reading->level_requested.us, "received_us", (json_int_t)reading->level_received.us, "level",
                  reading->level, "raw", fields_json(terminal->hardware.profile, &reading->values));
    struct store_change change = {
        .reading_alert = broadcast->alert->id, .reading_terminal = terminal->hardware.id, .reading = data};
    store_commit(journal->store, &change, NULL, NULL);
    json_decref(data);
}

void journal_programme(const struct journal *journal, const struct broadcast *broadcast, const struct playout_event *event)
{
    const char *language = "";
    if (event->segment == SEGMENT_WORDS && event->language < broadcast->n_languages)
        language = broadcast->words[event->language]->language;
    json_t *data =
        json_pack("{s:s, s:s, s:I, s:I, s:s, s:s}", "alert", broadcast->alert->id, "channel",
                  journal->config->channels[broadcast->channel].id, "repetition", (json_int_t)event->repetition, "repetitions",
                  (json_int_t)broadcast->repetitions, "segment", segment_kind_name(event->segment), "language", language);
    struct store_change change = {.event = "programme", .event_data = data, .urgent = true};
    store_commit(journal->store, &change, NULL, NULL);
    json_decref(data);
}

/* alert: its id; NULL: of none. */
static void commit_alarm(const struct journal *journal, const char *alert, const char *what, const char *detail)
{
    json_t *data = json_pack("{s:s, s:s}", "what", what, "detail", detail);
    if (alert)
        json_object_set_new(data, "alert", json_string(alert));
    struct store_change change = {.event = "alarm", .event_data = data, .urgent = true};
    store_commit(journal->store, &change, NULL, NULL);
    json_decref(data);
}

void journal_alarm(const struct journal *journal, const struct alert *alert, const char *what, const char *detail)
{
    journal_alarm_of(journal, alert ? alert->id : NULL, what, detail);
}

void journal_alarm_of(const struct journal *journal, const char *id, const char *what, const char *detail)
{
    log_line(LOG_ALARM, "%s%s%s: %s", id ? id : "", id ? ": " : "", what, detail);
    commit_alarm(journal, id, what, detail);
}

void journal_alarm_over(const struct journal *journal, const char *what, const char *detail)
{
    log_line(LOG_NOTE, "%s: %s", what, detail);
    commit_alarm(journal, NULL, what, detail);
}

void journal_line(const struct journal *journal, uint32_t line, bool up, const char *error)
{
    const char *id = journal->config->lines[line].hardware.id;
    log_line(up ? LOG_NOTE : LOG_ERROR,
             up ? "line %s is up; how the end of a transmission is known: %s" : "line %s is down: %s", id, error);
    json_t *data = json_pack("{s:s, s:b, s:s}", "id", id, "up", (int)up, up ? "method" : "error", error);
    struct store_change change = {.event = "line", .event_data = data, .urgent = true};
    store_commit(journal->store, &change, NULL, NULL);
    json_decref(data);
}

void journal_terminal(const struct journal *journal, uint32_t terminal, const struct health_verdict *verdict)
{
    const struct config_terminal *settings = &journal->config->terminals[terminal];
    json_t *data = json_pack("{s:s, s:s, s:s}", "id", settings->hardware.id, "line",
                             journal->config->lines[settings->line].hardware.id, "state", health_state_name(verdict->state));
    if (*verdict->why)
        json_object_set_new(data, "why", json_string(verdict->why));
    struct store_change change = {.event = "terminal", .event_data = data, .urgent = true};
    store_commit(journal->store, &change, NULL, NULL);
    json_decref(data);
}

void journal_line_states(const struct journal *journal, uint32_t line, const json_t *states)
{
    json_t *data = json_pack("{s:s, s:b}", "id", journal->config->lines[line].hardware.id, "up", 1);
    json_object_set_new(data, "states", json_deep_copy(states));
    struct store_change change = {.event = "line", .event_data = data, .urgent = true};
    store_commit(journal->store, &change, NULL, NULL);
    json_decref(data);
}

void journal_number(const struct journal *journal, const char *name, int64_t value, store_done_fn *done, void *context)
{
    struct store_change change = {.setting = name, .setting_value = value};
    store_commit(journal->store, &change, done, context);
}

void journal_forget_number(const struct journal *journal, const char *name)
{
    struct store_change change = {.forget = name};
    store_commit(journal->store, &change, NULL, NULL);
}

void journal_tidy(const struct journal *journal, struct wall now)
{
    const int64_t day_ms = INT64_C(24) * 3600 * 1000;
    const struct store_limits limits = {
        .alerts = journal->config->keep_alerts,
        .alerts_before = {now.ms - journal->config->keep_days * day_ms},
        .bytes = (int64_t)journal->config->keep_mib * 1024 * 1024,
        .bytes_before = {now.ms - KEEP_DAYS_LEAST * day_ms},
        .audit_before = {now.ms - journal->config->keep_audit_days * day_ms},
        .readings_before = {now.ms - journal->config->keep_readings_days * day_ms},
    };
    struct store_change change = {.limits = &limits};
    store_commit(journal->store, &change, NULL, NULL);
}

static void count_up(json_t *object, const char *name)
{
    json_int_t n = json_integer_value(json_object_get(object, name));
    json_object_set_new(object, name, json_integer(n + 1));
}

json_t *journal_tally(const json_t *deliveries)
{
    json_t *counts = json_object(), *ends = json_object();
    size_t i;
    json_t *row;
    json_array_foreach(deliveries, i, row)
    {
        const char *rung = json_string_value(json_object_get(row, "rung"));
        const char *end = json_string_value(json_object_get(row, "end"));
        count_up(counts, rung ? rung : "none");
        count_up(ends, end && *end ? end : "pending");
    }
    return json_pack("{s:o, s:o}", "counts", counts, "ends", ends);
}

void journal_token_name(const struct config_channel *channel, char name[64])
{
    snprintf(name, 64, "token.%s", channel->id);
}
