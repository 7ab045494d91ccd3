/* In force: an alert whose programme was played waits here until it returns, as its hazard says, or the alert is over. */
#include "controller/desk_intern.h"

#include "codecs/rfc3339.h"
#include "controller/log.h"

#include <string.h>

static int64_t interval_ms(const struct desk *desk, const struct alert *alert)
{
    return (int64_t)desk->config->hazards[alert->hazard].return_s[alert->level] * 1000;
}

/* Where nobody knows what time it is, nobody knows how long it is in force either. */
bool desk_is_in_force(const struct desk *desk, const struct alert *alert, struct moment now)
{
    bool warns = alert->message->status == STATUS_ACTUAL && !alert->all_clear;
    return desk->config->returns && warns && interval_ms(desk, alert) > 0 && alert->unchecked_until.us == 0 &&
           !alert_expired(alert, now.mono, now.wall);
}

static void return_after(struct alert *alert, int64_t ms, struct moment now)
{
    alert->state = ALERT_RETURNING;
    alert->return_at = mono_plus_ms(now.mono, ms);
    alert->returns = (struct wall){now.wall.ms + ms};
    if (alert->returns.ms >= alert->expires.ms) {
        alert->return_at = (struct mono){INT64_MAX};
        alert->returns = (struct wall){0};
    }
}

void desk_await_return(struct desk *desk, struct alert *alert, struct moment now)
{
    alert->programmes++;
    return_after(alert, interval_ms(desk, alert), now);
    log_line(LOG_NOTE, "%s: in force; its programme was played, %u so far", alert->id, alert->programmes);
    journal_alert(&desk->journal, alert, now.wall, NULL, NULL);
}

void desk_await_return_again(struct desk *desk, struct alert *alert, const json_t *detail, struct moment now)
{
    const char *text = json_string_value(json_object_get(detail, "returns"));
    struct wall returns = alert->expires;
    struct error error;
    int64_t left, most = interval_ms(desk, alert);
    if (text && !rfc3339_parse(slice_of(text), &returns, NULL, &error))
        returns = now.wall;
    left = returns.ms - now.wall.ms;
    return_after(alert, left < 0 ? 0 : text && left > most ? most : left, now);
}

void desk_return(struct desk *desk, struct alert *alert)
{
    memset(alert->ended, 0, desk->config->n_channels * sizeof *alert->ended);
    json_decref(alert->tally);
    alert->tally = NULL;
    desk_dispatch(desk, alert);
}
