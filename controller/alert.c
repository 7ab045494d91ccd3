/* What an alert is in the domain, and how it looks in the API. */
#include "controller/alert.h"

#include "codecs/rfc3339.h"
#include "controller/fetcher.h"

#include <stdlib.h>
#include <string.h>

static const char *const STATES[] = {"queued",  "waiting", "preparing", "sounding", "returning",  "finished",
                                     "stopped", "cleared", "cancelled", "expired",  "superseded", "refused"};

const char *alert_state_name(enum alert_state state)
{
    return STATES[state];
}

bool alert_state_parse(const char *name, enum alert_state *state)
{
    for (size_t i = 0; i < sizeof STATES / sizeof *STATES; i++)
        if (strcmp(name, STATES[i]) == 0) {
            *state = (enum alert_state)i;
            return true;
        }
    return false;
}

bool alert_state_ended(enum alert_state state)
{
    return state >= ALERT_FINISHED;
}

const char *alert_hold_name(enum alert_hold hold)
{
    static const char *const NAMES[HOLDS] = {"", "approval", "night"};
    return NAMES[hold];
}

bool alert_expired(const struct alert *alert, struct mono mono, struct wall wall)
{
    if (alert->unchecked_until.us)
        return !mono_before(mono, alert->unchecked_until);
    return alert->expires.ms <= wall.ms;
}

void alert_free(struct alert *alert)
{
    if (!alert)
        return;
    for (size_t i = 0; i < alert->n_words; i++) {
        free(alert->words[i].text);
        fetched_release(alert->words[i].fetched);
    }
    json_decref(alert->tally);
    json_decref(alert->expected);
    json_decref(alert->deliveries);
    json_decref(alert->places);
    json_decref(alert->not_ours);
    json_decref(alert->no_position);
    json_decref(alert->not_spoken);
    json_decref(alert->notes);
    free(alert->terminals);
    free(alert->people);
    free(alert->groups);
    free(alert->ended);
    free(alert->bytes);
    alert_message_free(alert->message);
    free(alert);
}

/* Where all alerts of an event name its first one, who names it means those that came between as well. */
static bool is_between(const struct alert_message *m, const struct alert_message *by, const struct alert_reference *to)
{
    return m->incidents && by->incidents && strcmp(m->incidents, by->incidents) == 0 &&
           strcmp(m->incidents, to->identifier) == 0 && strcmp(m->sender, to->sender) == 0 && m->sent.ms < by->sent.ms;
}

bool alert_is_referred(const struct alert *alert, const struct alert_message *by, size_t reference)
{
    const struct alert_message *m = alert->message;
    const struct alert_reference *to = &by->references[reference];
    if (is_between(m, by, to))
        return true;
    return strcmp(m->sender, to->sender) == 0 && strcmp(m->identifier, to->identifier) == 0 &&
           (to->sent_text ? m->sent.ms == to->sent.ms : m->sent.ms <= by->sent.ms);
}

json_t *json_time(struct wall time, const struct config *config)
{
    char text[RFC3339_SIZE];
    rfc3339_format(time, config->utc_offset_minutes, text);
    return json_string(text);
}

static void set_text(json_t *object, const char *name, const char *text)
{
    if (text && *text)
        json_object_set_new(object, name, json_string(text));
}

/* Enough of a text to know it by: the alert goes to every listener at each of its changes. */
static void set_start(json_t *object, const char *name, const char *text)
{
    char start[1024];
    text_copy(start, sizeof start, text ? text : "");
    set_text(object, name, start);
}

static json_t *words_to_json(const struct alert *alert)
{
    json_t *list = json_array();
    for (size_t i = 0; i < alert->n_words; i++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:b, s:b}", "language", alert->words[i].language, "text",
                                              alert->words[i].text, "shortened", (int)alert->words[i].shortened, "recording",
                                              alert->words[i].recording != NULL));
    return list;
}

bool alert_uses_channel(const struct alert *alert, const struct config *config, size_t channel)
{
    for (size_t i = 0; i < alert->n_terminals; i++)
        if (config->lines[config->terminals[alert->terminals[i]].line].channel == channel)
            return true;
    return false;
}

uint32_t alert_repetitions_ended(const struct alert *alert, const struct config *config)
{
    uint32_t least = alert->repetitions_planned;
    for (size_t c = 0; alert->ended && c < config->n_channels; c++)
        if (alert->ended[c] < least && alert_uses_channel(alert, config, c))
            least = alert->ended[c];
    return least;
}

static json_t *channels_to_json(const struct alert *alert, const struct config *config)
{
    json_t *list = json_array();
    for (size_t c = 0; c < config->n_channels; c++)
        if (alert_uses_channel(alert, config, c))
            json_array_append_new(list, json_string(config->channels[c].id));
    return list;
}

static json_t *repetitions_to_json(const struct alert *alert, const struct config *config)
{
    json_t *by_channel = json_object();
    for (size_t c = 0; alert->ended && c < config->n_channels; c++)
        if (alert_uses_channel(alert, config, c))
            json_object_set_new(by_channel, config->channels[c].id, json_integer((json_int_t)alert->ended[c]));
    return json_pack("{s:I, s:I, s:o}", "ended", (json_int_t)alert_repetitions_ended(alert, config), "planned",
                     (json_int_t)alert->repetitions_planned, "by_channel", by_channel);
}

static void set_message(json_t *object, const struct alert_message *m)
{
    set_text(object, "status", alert_status_name(m->status));
    set_text(object, "msg_type", alert_msg_type_name(m->msg_type));
    set_text(object, "sender", m->sender);
    set_text(object, "identifier", m->identifier);
    set_text(object, "sent", m->sent_text);
}

static void set_danger(json_t *object, const struct alert *alert, const struct config *config)
{
    if (!alert->first_info)
        return;
    const struct config_hazard *hazard = &config->hazards[alert->hazard];
    set_text(object, "level", level_name(alert->level));
    set_text(object, "hazard", hazard->id);
    set_text(object, "hazard_zh", hazard->name_zh);
    set_text(object, "hazard_en", hazard->name_en);
    set_start(object, "event", alert->first_info->event);
    set_start(object, "headline", alert->first_info->headline);
    set_text(object, "urgency", alert_urgency_name(alert->urgency));
    set_text(object, "severity", alert_severity_name(alert->first_info->severity));
}

static void set_time(json_t *object, const char *name, struct wall time, const struct config *config)
{
    if (time.ms)
        json_object_set_new(object, name, json_time(time, config));
}

static void set_word(json_t *object, const char *name, const struct alert_word *word, const struct config *config)
{
    if (!*word->by)
        return;
    json_t *said = json_pack("{s:s, s:o}", "by", word->by, "at", json_time(word->at, config));
    set_text(said, "reason", word->reason);
    json_object_set_new(object, name, said);
}

static void set_gates(json_t *object, const struct alert *alert, const struct config *config)
{
    set_text(object, "sent_by", alert->sent_by);
    set_time(object, "begun", alert->begun, config);
    set_word(object, "approved", &alert->approved, config);
    set_word(object, "released", &alert->released, config);
    if (alert->signature_owed)
        json_object_set_new(object, "signature_owed", json_true());
    if (alert->state != ALERT_WAITING)
        return;
    set_text(object, "held", alert_hold_name(alert->held));
    if (alert->held == HOLD_NIGHT)
        set_time(object, "held_until", alert->held_until, config);
}

json_t *alert_to_json(const struct alert *alert, const struct config *config)
{
    json_t *object = json_object();
    set_text(object, "id", alert->id);
    set_text(object, "state", alert_state_name(alert->state));
    set_text(object, "reason", alert->reason);
    json_object_set_new(object, "durable", json_boolean(alert->durable));
    set_message(object, alert->message);
    json_object_set_new(object, "received", json_time(alert->received, config));
    if (alert->sounds)
        json_object_set_new(object, "expires", json_time(alert->expires, config));
    set_danger(object, alert, config);
    if (alert->sounds)
        json_object_set_new(object, "all_clear", json_boolean(alert->all_clear));
    json_object_set(object, "places", alert->places);
    json_object_set(object, "not_ours", alert->not_ours);
    json_object_set(object, "no_position", alert->no_position);
    json_object_set_new(object, "terminals", json_integer((json_int_t)alert->n_terminals));
    if (alert->expected)
        json_object_set(object, "expected", alert->expected);
    json_object_set_new(object, "channels", channels_to_json(alert, config));
    json_object_set_new(object, "words", words_to_json(alert));
    json_object_set(object, "not_spoken", alert->not_spoken);
    json_object_set(object, "notes", alert->notes);
    if (alert->sounds) {
        json_object_set_new(object, "repetitions", repetitions_to_json(alert, config));
        json_object_set_new(object, "programmes", json_integer((json_int_t)alert->programmes));
    }
    if (*alert->extended.by)
        json_object_set_new(object, "extended",
                            json_pack("{s:s, s:s}", "by", alert->extended.by, "reason", alert->extended.reason));
    set_gates(object, alert, config);
    if (alert->state == ALERT_RETURNING && alert->returns.ms < alert->expires.ms)
        json_object_set_new(object, "returns", json_time(alert->returns, config));
    if (alert->tally)
        json_object_update(object, alert->tally);
    return object;
}
