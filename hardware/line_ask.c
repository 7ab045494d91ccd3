/* What a technician asks of one terminal: a status that was begun after he asked, whoever else wanted it, or the reason why
 * there is none. */
#include "hardware/line_drive.h"

static void drop(struct drive *drive, size_t at)
{
    drive->n_asks--;
    for (size_t i = at; i < drive->n_asks; i++)
        drive->asks[i] = drive->asks[i + 1];
}

static struct line_event event_of(const struct drive *drive, const struct drive_ask *ask, struct mono at)
{
    return (struct line_event){
        .kind = LINE_ASKED, .terminal = ask->terminal, .session = drive->world.session, .at = at, .request = ask->request};
}

static void refuse(const struct drive *drive, const struct drive_ask *ask, const struct error *error, struct mono at)
{
    struct line_event event = event_of(drive, ask, at);
    event.trouble = TROUBLE_NO_REPLY;
    event.error = *error;
    drive->world.event(drive->world.context, &event);
}

/* Why it cannot be asked at all. */
static bool is_askable(const struct drive *drive, const struct drive_ask *ask, struct error *error)
{
    if (ask->terminal >= drive->n_terminals)
        return error_set(error, ERROR_NOT_FOUND, "line %s: it has no terminal number %u", drive->settings.id, ask->terminal);
    const struct terminal *terminal = &drive->terminals[ask->terminal];
    if (terminal->n_reads == 0)
        return error_set(error, ERROR_UNSUPPORTED, "%s: its profile %s has no field to read", terminal->settings.id,
                         terminal->settings.profile->id);
    if (!drive->up)
        return error_set(error, ERROR_DISCONNECTED, "line %s: its port is not open", drive->settings.id);
    return true;
}

bool drive_ask(struct drive *drive, const struct drive_ask *ask, struct mono now)
{
    struct error error = {.code = ERROR_NONE};
    if (drive->n_asks == LINE_ASKS_MAX)
        return false;
    if (is_askable(drive, ask, &error))
        drive->asks[drive->n_asks++] = *ask;
    else
        refuse(drive, ask, &error, now);
    return true;
}

void drive_withdraw(struct drive *drive, uint32_t request)
{
    for (size_t i = drive->n_asks; i-- > 0;)
        if (drive->asks[i].request == request)
            drop(drive, i);
}

void drive_end_asks(struct drive *drive, const struct error *error, struct mono now)
{
    for (size_t i = 0; i < drive->n_asks; i++)
        refuse(drive, &drive->asks[i], error, now);
    drive->n_asks = 0;
}

static void end_overdue(struct drive *drive, struct mono now)
{
    for (size_t i = 0; i < drive->n_asks;) {
        struct drive_ask ask = drive->asks[i];
        struct error error = {.code = ERROR_NONE};
        if (mono_before(now, ask.by)) {
            i++;
            continue;
        }
        error_set(&error, ERROR_TIMEOUT, "%s: no time to read it in %lld ms; line %s may be busy, ask again with more time",
                  drive->terminals[ask.terminal].settings.id, (long long)(mono_since(ask.by, ask.asked) / 1000),
                  drive->settings.id);
        drop(drive, i);
        refuse(drive, &ask, &error, now);
    }
}

/* What cannot be over by its deadline is not begun: a wait cut short would make a good terminal look like a dead one. */
void drive_asks_offer(struct drive *drive, struct arbiter_offers *offers)
{
    end_overdue(drive, offers->now);
    for (size_t i = 0; i < drive->n_asks; i++) {
        const struct drive_ask *ask = &drive->asks[i];
        struct drive_step step = {.frame = FRAME_TERMINAL, .index = ask->terminal};
        offers->wake = mono_earlier(offers->wake, ask->by);
        if (!terminal_plan_ask(&drive->terminals[ask->terminal], &step.plan))
            continue;
        step.plan.not_before = mono_later(step.plan.not_before, ask->asked);
        struct mono begin = mono_later(step.plan.not_before, offers->now);
        if (mono_before(mono_plus_us(begin, step.plan.first_byte_us), ask->by))
            arbiter_offer(&drive->arbiter, offers, &step);
    }
}

/* True when this outcome answers it; error is set where it will not be read. */
static bool is_answered(const struct drive *drive, const struct drive_ask *ask, const struct drive_step *step,
                        const struct wire_reply *reply, struct error *error)
{
    const struct terminal *terminal = &drive->terminals[ask->terminal];
    const char *id = terminal->settings.id;
    unsigned unit = terminal->settings.unit;
    if (terminal->has_last && !mono_before(terminal->last.requested, ask->asked))
        return true;
    if (!step->plan.read || terminal->read_index > 0)
        return false;
    if (reply->outcome == WIRE_EXCEPTION)
        return !error_set(error, ERROR_DENIED, "%s: unit %u refuses its status with exception %u (%s)", id, unit,
                          reply->exception, modbus_exception_name(reply->exception));
    if (terminal->tries == 0 || step->plan.first_byte_us < drive->world.ceiling_us)
        return false;
    if (reply->outcome == WIRE_GARBLED)
        return !error_set(error, ERROR_IO, "%s: what came from unit %u was damaged; check termination and addresses", id, unit);
    if (reply->outcome == WIRE_SILENT)
        return !error_set(error, ERROR_TIMEOUT, "%s: unit %u does not answer; check power, wiring and address", id, unit);
    return false;
}

void drive_asks_done(struct drive *drive, const struct drive_step *step, const struct wire_reply *reply, struct mono now)
{
    for (size_t i = 0; i < drive->n_asks && step->frame == FRAME_TERMINAL;) {
        struct drive_ask ask = drive->asks[i];
        struct error error = {.code = ERROR_NONE};
        if (ask.terminal != step->index || !is_answered(drive, &ask, step, reply, &error)) {
            i++;
            continue;
        }
        drop(drive, i);
        struct line_event event = event_of(drive, &ask, now);
        event.reading = drive->terminals[ask.terminal].last;
        if (error.code == ERROR_NONE)
            drive->world.event(drive->world.context, &event);
        else
            refuse(drive, &ask, &error, now);
    }
}
