/* Alerts and a wall clock that cannot be believed. What a restart finds may have expired while the power was off: it waits
 * until the clock is trusted or an officer says that it goes on. What is new sounds, but not for long (intake.c). */
#include "controller/desk_intern.h"

#include "controller/log.h"

#include <stdio.h>

void desk_await_clock(struct desk *desk, struct alert *alert)
{
    alert->wants_clock = true;
    alert->state = ALERT_WAITING;
    text_print(alert->reason, sizeof alert->reason,
               "waits for a clock that can be trusted: set the clock; or, if it is still in force, tocsin alert resume %s",
               alert->id);
    journal_alarm(&desk->journal, alert, "clock_untrusted", alert->reason);
    journal_alert(&desk->journal, alert, clock_read().wall, NULL, NULL);
}

void desk_clock_found(struct alert *alert)
{
    alert->unchecked_until = (struct mono){0};
    if (alert->wants_clock && !alert_state_ended(alert->state))
        alert->reason[0] = '\0';
    alert->wants_clock = false;
}

void desk_resume(struct desk *desk, const char *id, const char *officer, desk_answer_fn *answer, void *context)
{
    struct alert *alert = desk_find(desk, id);
    if (!alert || !alert->wants_clock || alert_state_ended(alert->state)) {
        struct desk_answer no = {409, "not_waiting",
                                 "no alert of this id waits for the clock: it goes on by itself, or has ended", NULL};
        answer(context, &no);
        return;
    }
    char why[100];
    snprintf(why, sizeof why, "resumed by %s while the clock of this box is not trusted", officer);
    log_line(LOG_NOTE, "%s: %s", alert->id, why);
    desk_clock_found(alert);
    intake_leave_unchecked(alert, desk->config, clock_read(), why);
    bool held = desk_is_held(desk, alert, clock_read()); /* for its second person: that is another question */
    alert->state = held ? ALERT_WAITING : ALERT_QUEUED;
    journal_decided(&desk->journal, alert, clock_read().wall, &(struct decision){officer, "resumed", NULL}, NULL, NULL);
    struct desk_answer yes = {200, NULL, NULL, alert_to_json(alert, desk->config)};
    if (!held)
        desk_dispatch(desk, alert); /* it may be over at once; not to be looked at after this */
    answer(context, &yes);
}
