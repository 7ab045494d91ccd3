/* In force: an alert whose programme was played waits here until it returns, as its hazard says, or the alert is over. */
#include "controller/desk_intern.h"

#include "codecs/rfc3339.h"
#include "controller/log.h"

#include <string.h>

enum { EXTEND_MAX_MS = 24 * 3600 * 1000 };
#define NEVER INT64_MAX

static const struct config_hazard *hazard_of(const struct desk *desk, const struct alert *alert)
{
    return &desk->config->hazards[alert->hazard];
}

static int64_t interval_ms(const struct desk *desk, const struct alert *alert)
{
    return (int64_t)hazard_of(desk, alert)->return_s[alert->level] * 1000;
}

/* It names when it begins, and its hazard is told at set times before that. */
static bool has_start(const struct desk *desk, const struct alert *alert)
{
    return hazard_of(desk, alert)->n_return_before > 0 && alert->first_info && alert->first_info->has_onset;
}

/* Milliseconds until the programme returns next; NEVER. */
static int64_t until_next_ms(const struct desk *desk, const struct alert *alert, struct wall now)
{
    const struct config_hazard *hazard = hazard_of(desk, alert);
    int64_t next = NEVER;
    if (!has_start(desk, alert))
        return interval_ms(desk, alert);
    for (size_t i = 0; i < hazard->n_return_before; i++) {
        int64_t left = alert->first_info->onset.ms - hazard->return_before_min[i] * INT64_C(60000) - now.ms;
        next = left > 0 && left < next ? left : next;
    }
    return next;
}

/* Where nobody knows what time it is, nobody knows how long it is in force either. */
bool desk_is_in_force(const struct desk *desk, const struct alert *alert, struct moment now)
{
    const struct alert_form *form = alert->message->form;
    bool warns = alert->message->status == STATUS_ACTUAL && !alert->all_clear && (!form || form->kind != FORM_CORRECTION);
    return desk->config->returns && warns && interval_ms(desk, alert) > 0 && alert->unchecked_until.us == 0 &&
           !alert_expired(alert, now.mono, now.wall);
}

/* Why nothing sounds now, with the hours that people look at. */
static void say_in_force(const struct desk *desk, struct alert *alert)
{
    char until[RFC3339_SIZE], next[RFC3339_SIZE];
    rfc3339_format(alert->expires, desk->config->utc_offset_minutes, until);
    if (alert->returns.ms < alert->expires.ms) {
        rfc3339_format(alert->returns, desk->config->utc_offset_minutes, next);
        text_print(alert->reason, sizeof alert->reason, "in force until %.8s; its programme returns at %.8s", until + 11,
                   next + 11);
    } else {
        text_print(alert->reason, sizeof alert->reason, "in force until %.8s", until + 11);
    }
}

static void return_after(const struct desk *desk, struct alert *alert, int64_t ms, struct moment now)
{
    alert->state = ALERT_RETURNING;
    alert->return_at = (struct mono){NEVER};
    alert->returns.ms = NEVER;
    if (ms != NEVER) {
        alert->return_at = mono_plus_ms(now.mono, ms);
        alert->returns.ms = now.wall.ms + ms;
    }
    say_in_force(desk, alert);
}

void desk_await_return(struct desk *desk, struct alert *alert, struct moment now)
{
    alert->programmes++;
    return_after(desk, alert, until_next_ms(desk, alert, now.wall), now);
    log_line(LOG_NOTE, "%s: in force; its programme was played, %u so far", alert->id, alert->programmes);
    journal_alert(&desk->journal, alert, now.wall, NULL, NULL);
}

void desk_await_return_again(struct desk *desk, struct alert *alert, const json_t *detail, struct moment now)
{
    const char *text = json_string_value(json_object_get(detail, "returns"));
    struct wall returns = {now.wall.ms + interval_ms(desk, alert)};
    struct error error;
    if (text && !rfc3339_parse(slice_of(text), &returns, NULL, &error))
        returns = now.wall;
    int64_t left = returns.ms - now.wall.ms, most = interval_ms(desk, alert);
    left = left < 0 ? 0 : left > most ? most : left;
    return_after(desk, alert, has_start(desk, alert) ? until_next_ms(desk, alert, now.wall) : left, now);
}

/* What does not pass at night does not return in it either: it returns in the morning. */
void desk_return(struct desk *desk, struct alert *alert, struct moment now)
{
    struct wall morning = desk_night(desk, alert, now.wall);
    if (morning.ms) {
        return_after(desk, alert, morning.ms - now.wall.ms, now);
        journal_alert(&desk->journal, alert, now.wall, NULL, NULL);
        return;
    }
    memset(alert->ended, 0, desk->config->n_channels * sizeof *alert->ended);
    json_decref(alert->tally);
    alert->tally = NULL;
    desk_dispatch(desk, alert);
}

/* ---- its end draws near ---- */

void desk_ask_before_lapse(struct desk *desk, struct alert *alert, struct moment now)
{
    int64_t left_ms = alert->expires.ms - now.wall.ms;
    bool soon = left_ms > 0 && left_ms <= (int64_t)desk->config->ask_before_s * 1000;
    if (!soon || alert->lapse_asked.ms == alert->expires.ms || !desk_is_in_force(desk, alert, now))
        return;
    alert->lapse_asked = alert->expires;
    char until[RFC3339_SIZE], text[200];
    rfc3339_format(alert->expires, desk->config->utc_offset_minutes, until);
    text_print(text, sizeof text, "it lapses at %.19s: extend it (tocsin alert extend %s), give the all-clear, or let it lapse",
               until, alert->id);
    journal_alarm(&desk->journal, alert, "lapsing", text);
}

/* The officer's word is kept: the sender's expires stands in the message. */
static void extend(struct alert *alert, struct wall until, const char *by, const char *reason)
{
    alert->expires = until;
    text_copy(alert->extended.by, sizeof alert->extended.by, by);
    text_copy(alert->extended.reason, sizeof alert->extended.reason, reason);
}

void desk_extend_again(struct alert *alert, const json_t *detail)
{
    const json_t *extended = json_object_get(detail, "extended");
    const char *by = json_string_value(json_object_get(extended, "by"));
    const char *reason = json_string_value(json_object_get(extended, "reason"));
    const char *expires = json_string_value(json_object_get(detail, "expires"));
    struct wall until;
    struct error error;
    if (by && reason && expires && rfc3339_parse(slice_of(expires), &until, NULL, &error))
        extend(alert, until, by, reason);
}

void desk_extend(struct desk *desk, const char *id, struct wall until, const char *reason, const char *officer,
                 desk_answer_fn *answer, void *context)
{
    struct alert *alert = desk_find(desk, id);
    struct moment now = clock_read();
    if (!alert || alert->over || alert_state_ended(alert->state)) {
        desk_refuse(answer, context, 409, "ended", "no alert of this id is in force: it has ended already; send a new one");
        return;
    }
    if (until.ms <= alert->expires.ms || until.ms <= now.wall.ms || until.ms > now.wall.ms + EXTEND_MAX_MS) {
        desk_refuse(answer, context, 422, "expires",
                    "expires: give a time that is later than the alert's own, and at most a day from now");
        return;
    }
    log_line(LOG_NOTE, "%s: extended by %s: %s", alert->id, officer, reason);
    const struct decision extended = {officer, "extended",
                                      json_pack("{s:s, s:o, s:o}", "reason", reason, "until", json_time(until, desk->config),
                                                "before", json_time(alert->expires, desk->config))};
    extend(alert, until, officer, reason);
    if (alert->state == ALERT_RETURNING)
        say_in_force(desk, alert);
    else if (alert->state == ALERT_WAITING && alert->held == HOLD_NIGHT) /* it may outlast the night now */
        desk_say_held(desk, alert);
    desk_answer_durable(desk, alert, &extended, answer, context);
}
