/* The judgement of the gates. */
#include "controller/gate.h"

#include <string.h>
#include <strings.h>

enum { DAY_MINUTES = 24 * 60, MINUTE_MS = 60000 };

static const struct config_source *source_of(const struct config *config, const struct alert *alert)
{
    return alert->source >= 0 ? &config->sources[alert->source] : NULL;
}

static bool is_actual(const struct alert *alert)
{
    return alert->message->status == STATUS_ACTUAL;
}

static bool is_correction(const struct alert *alert)
{
    return alert->message->form && alert->message->form->kind == FORM_CORRECTION;
}

/* Immediate; or the update, perhaps the correction, of what people have heard already. An all-clear can wait, whatever urgency
 * it repeats of the danger that is past: given falsely it sends them back into it. */
static bool cannot_wait(const struct alert *alert)
{
    bool only_clears = alert->all_clear && !is_correction(alert);
    return is_actual(alert) && !only_clears && (alert->urgency == URGENCY_IMMEDIATE || alert->follows);
}

/* ---- what a source may send ---- */

bool gate_counts(const struct alert *alert)
{
    return alert->sounds && !alert->follows && !alert->all_clear;
}

static bool too_many(const struct config *config, const struct alert *alert, uint32_t recent)
{
    const struct config_source *source = source_of(config, alert);
    return source && source->per_hour > 0 && recent >= source->per_hour && gate_counts(alert);
}

bool gate_beyond_rate(const struct config *config, const struct alert *alert, uint32_t recent)
{
    return too_many(config, alert, recent) && cannot_wait(alert);
}

bool gate_admits(const struct config *config, const struct alert *alert, uint32_t recent, struct refusal *refusal)
{
    const struct config_source *source = source_of(config, alert);
    if (!source || !alert->sounds)
        return true;
    const char *hazard = config->hazards[alert->hazard].id;
    if (!is_actual(alert) && !source->exercise)
        return refusal_set(refusal, "not_permitted_exercise",
                           "status: source %s may not send drills (exercise of the source in the configuration)", source->id);
    if (source->n_hazards > 0 && !source->hazards[alert->hazard])
        return refusal_set(
            refusal, "not_permitted_hazard",
            "event: source %s may not send %s (hazards of the source in the configuration); send it through a source "
            "that may",
            source->id, hazard);
    if (source->n_levels > 0 && !alert->all_clear && !source->levels[alert->level])
        return refusal_set(
            refusal, "not_permitted_level",
            "severity: source %s may not send level %s (levels of the source in the configuration); send it through a "
            "source that may",
            source->id, level_name(alert->level));
    if (source->most_terminals > 0 && alert->n_terminals > source->most_terminals)
        return refusal_set(refusal, "too_many_terminals",
                           "area: it means %zu terminals, and source %s may address %u (most_terminals of the source in the "
                           "configuration); send it for a smaller area",
                           alert->n_terminals, source->id, source->most_terminals);
    if (too_many(config, alert, recent) && !cannot_wait(alert))
        return refusal_set(
            refusal, "too_many_alerts",
            "source %s has sent %u %s within the last hour, and may not send more (per_hour of the source in the "
            "configuration); wait, or update one that has sounded",
            source->id, recent, is_actual(alert) ? "alerts" : "drills");
    return true;
}

/* ---- the second person ---- */

static bool wants_approval(const struct config *config, const struct alert *alert)
{
    const struct config_source *source = source_of(config, alert);
    return source && source->approve && !*alert->approved.by;
}

bool gate_owes_signature(const struct config *config, const struct alert *alert)
{
    return alert->sounds && wants_approval(config, alert) && cannot_wait(alert);
}

/* ---- the night ---- */

static bool asks_to(const struct alert *alert, const char *action)
{
    for (size_t i = 0; i < alert->message->n_infos; i++) {
        const struct alert_info *info = &alert->message->infos[i];
        for (size_t k = 0; k < info->n_response_types; k++)
            if (strcasecmp(info->response_types[k], action) == 0)
                return true;
    }
    return false;
}

static bool row_passes(const struct config_passage *row, const struct alert *alert)
{
    bool asks = row->n_actions == 0;
    for (size_t i = 0; i < row->n_actions; i++)
        asks |= asks_to(alert, row->actions[i]);
    return asks && row->levels[alert->level] && (row->hazard < 0 || row->hazard == alert->hazard);
}

/* A drill wakes nobody, whatever it is about. */
static bool passes_night(const struct config *config, const struct alert *alert)
{
    if (cannot_wait(alert) || alert->follows)
        return true;
    bool passes = config->hazards[alert->hazard].passes_night || asks_to(alert, "Evacuate");
    for (size_t i = 0; i < config->night.n_passage; i++)
        passes |= row_passes(&config->night.passage[i], alert);
    return passes && is_actual(alert);
}

/* Minutes until the night ends; 0: it is day. */
static int night_left(const struct config *config, struct wall now)
{
    const struct config_night *night = &config->night;
    if (!*night->from)
        return 0;
    int64_t minutes = now.ms / MINUTE_MS + config->utc_offset_minutes;
    int minute = (int)(((minutes % DAY_MINUTES) + DAY_MINUTES) % DAY_MINUTES);
    int length = (night->until_minute - night->from_minute + DAY_MINUTES) % DAY_MINUTES;
    int since = (minute - night->from_minute + DAY_MINUTES) % DAY_MINUTES;
    return since < length ? length - since : 0;
}

struct wall gate_night(const struct gate_terms *terms, const struct alert *alert)
{
    int left = terms->clock_trusted ? night_left(terms->config, terms->now) : 0;
    if (left == 0 || *alert->released.by || passes_night(terms->config, alert))
        return (struct wall){0};
    return (struct wall){(terms->now.ms / MINUTE_MS + left) * MINUTE_MS};
}

struct gate_hold gate_judge(const struct gate_terms *terms, const struct alert *alert)
{
    if (!alert->sounds || alert->begun.ms)
        return (struct gate_hold){HOLD_NONE, {0}};
    if (wants_approval(terms->config, alert) && !cannot_wait(alert))
        return (struct gate_hold){HOLD_APPROVAL, {0}};
    if (alert->effective.ms > terms->now.ms)
        return (struct gate_hold){HOLD_NONE, {0}};
    struct wall until = gate_night(terms, alert);
    return (struct gate_hold){until.ms ? HOLD_NIGHT : HOLD_NONE, until};
}
