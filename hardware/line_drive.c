/* The mind of a line: its target, what it offers to the arbiter, the round of verification, and events of the whole line. */
#include "hardware/line_drive.h"

#include <stdlib.h>
#include <string.h>

static bool check_settings(const struct line_settings *settings, const struct terminal_settings *terminals, size_t n,
                           struct error *error)
{
    bool seen[LINE_TERMINALS_MAX + 1] = {false};
    if (n > LINE_TERMINALS_MAX)
        return error_set(error, ERROR_TOO_LARGE, "line %s: %zu terminals, at most %d", settings->id, n, LINE_TERMINALS_MAX);
    bool no_wire = settings->kind == LINE_TCP && settings->baud == 0;
    if (!no_wire && (settings->baud < 1200 || settings->baud > 115200))
        return error_set(error, ERROR_INVALID, "line %s: baud %d is not within 1200 to 115200", settings->id, settings->baud);
    for (size_t i = 0; i < n; i++) {
        unsigned unit = terminals[i].unit;
        if (unit < 1 || unit > LINE_TERMINALS_MAX || !terminals[i].profile)
            return error_set(error, ERROR_INVALID, "terminal %s: unit %u is not within 1 to 247, or it has no profile",
                             terminals[i].id, unit);
        if (seen[unit])
            return error_set(error, ERROR_CONFLICT, "terminal %s: unit %u is there twice on line %s", terminals[i].id, unit,
                             settings->id);
        seen[unit] = true;
    }
    return true;
}

static void add_group(struct drive *drive, const struct profile *profile)
{
    for (size_t g = 0; g < drive->n_groups; g++)
        if (drive->profiles[g] == profile)
            return;
    drive->profiles[drive->n_groups] = profile;
    drive->groups[drive->n_groups++] = (struct drive_group){.profile = profile};
}

bool drive_init(struct drive *drive, const struct line_settings *settings, const struct terminal_settings *terminals, size_t n,
                uint16_t recorded_token, line_event_fn *event, void *context, struct error *error)
{
    *drive = (struct drive){.settings = *settings, .n_terminals = n};
    if (!check_settings(settings, terminals, n, error))
        return false;
    drive->world = (struct terminal_world){.ceiling_us = (int64_t)settings->first_byte_ms * 1000,
                                           .poll_us = (int64_t)settings->poll_s * 1000000,
                                           .stop_unasked = settings->stop_unasked,
                                           .recorded_token = recorded_token,
                                           .event = event,
                                           .context = context};
    drive->terminals = calloc(n + 1, sizeof *drive->terminals);
    drive->groups = calloc(n + 1, sizeof *drive->groups);
    drive->profiles = calloc(n + 1, sizeof(const struct profile *));
    if (!drive->terminals || !drive->groups || !drive->profiles) {
        drive_free(drive);
        return error_set(error, ERROR_NO_MEMORY, "line %s: no memory for %zu terminals", settings->id, n);
    }
    for (size_t i = 0; i < n; i++) {
        terminal_init(&drive->terminals[i], &drive->world, &terminals[i], (uint16_t)i);
        add_group(drive, terminals[i].profile);
    }
    return true;
}

void drive_free(struct drive *drive)
{
    free(drive->terminals);
    free(drive->groups);
    free(drive->profiles);
    *drive = (struct drive){.n_terminals = 0};
}

void drive_line_event(const struct drive *drive, enum line_event_kind kind, const struct error *error, struct mono at)
{
    struct line_event event = {.kind = kind, .terminal = LINE_TERMINALS_MAX, .session = drive->world.session, .at = at};
    if (error)
        event.error = *error;
    drive->world.event(drive->world.context, &event);
}

static void begin_round(struct drive *drive)
{
    drive->verify_at = 0;
    arbiter_new_round(&drive->arbiter, drive->n_verify, drive->n_terminals);
}

void drive_set_target(struct drive *drive, const struct line_target *target, struct mono now)
{
    const struct line_member *members[LINE_TERMINALS_MAX] = {NULL};
    bool same_token = target->token == drive->world.token && drive->members;
    for (size_t m = 0; m < target->n_members && m < LINE_TERMINALS_MAX; m++)
        if (target->members[m].terminal < drive->n_terminals)
            members[target->members[m].terminal] = &target->members[m];
    drive->has_target = true;
    drive->members = target->n_members > 0;
    drive->starts_told = drive->settled_told = false;
    if (drive->members) /* an empty target ends a session whose last events still belong to it */
        drive->world.token = target->token;
    if (target->session != 0)
        drive->world.session = target->session;
    for (size_t i = 0; i < drive->n_terminals; i++)
        terminal_want(&drive->terminals[i], members[i], target->token, now);
    for (size_t g = 0; g < drive->n_groups && !same_token; g++)
        drive->groups[g].gate = drive->groups[g].starting = drive->groups[g].answered = false;
    drive_groups_decide(drive, now);
    begin_round(drive);
    drive->arbiter.in_vain = 0;
}

void drive_set_verify(struct drive *drive, const uint16_t *terminals, size_t n)
{
    drive->n_verify = 0;
    for (size_t i = 0; i < n && drive->n_verify < LINE_TERMINALS_MAX; i++)
        if (terminals[i] < drive->n_terminals)
            drive->verify[drive->n_verify++] = terminals[i];
    drive->verify_at = 0;
}

void drive_port_up(struct drive *drive, const char *method, struct mono now)
{
    struct error how = {.code = ERROR_NONE};
    text_copy(how.message, sizeof how.message, method);
    drive->up = true;
    drive->swept_told = false;
    drive_line_event(drive, LINE_UP, &how, now);
    for (size_t i = 0; i < drive->n_terminals; i++)
        terminal_port_up(&drive->terminals[i], now);
    drive_groups_decide(drive, now);
}

void drive_port_down(struct drive *drive, const struct error *error, struct mono now)
{
    drive->up = false;
    drive_line_event(drive, LINE_DOWN, error, now);
    drive_end_asks(drive, error, now);
}

bool drive_is_settled(const struct drive *drive)
{
    for (size_t i = 0; i < drive->n_terminals; i++)
        if (drive->terminals[i].wanted || !terminal_is_settled(&drive->terminals[i]))
            return false;
    return true;
}

/* Events of the whole line, each told once. */
static void tell_line(struct drive *drive, struct mono now)
{
    bool swept = true, started = drive->members;
    for (size_t i = 0; i < drive->n_terminals; i++) {
        const struct terminal *terminal = &drive->terminals[i];
        swept = swept && terminal->swept && (terminal->wanted || terminal_is_settled(terminal));
        started = started && (!terminal->wanted || terminal_is_started_or_late(terminal));
    }
    for (size_t g = 0; g < drive->n_groups; g++)
        started = started && !drive->groups[g].arming && !drive->groups[g].starting;
    if (swept && !drive->swept_told)
        drive_line_event(drive, LINE_SWEPT, NULL, now);
    if (started && !drive->starts_told)
        drive_line_event(drive, LINE_STARTS_SENT, NULL, now);
    bool settled = drive->has_target && !drive->members && drive_is_settled(drive);
    if (settled && !drive->settled_told)
        drive_line_event(drive, LINE_SETTLED, NULL, now);
    drive->swept_told = drive->swept_told || swept;
    drive->starts_told = drive->starts_told || started;
    drive->settled_told = drive->settled_told || settled;
}

/* The next of the round; false at its end or when nobody in it can be read. */
static bool verify_next(struct drive *drive, struct mono now, struct drive_step *step)
{
    for (; drive->verify_at < drive->n_verify; drive->verify_at++) {
        uint16_t index = drive->verify[drive->verify_at];
        *step = (struct drive_step){.frame = FRAME_TERMINAL, .index = index, .verify = true};
        if (drive->terminals[index].wanted && terminal_plan_verify(&drive->terminals[index], now, &step->plan))
            return true;
    }
    return false;
}

static void offer_all(struct drive *drive, struct mono now, struct arbiter_offers *offers)
{
    struct drive_step step = {.frame = FRAME_TERMINAL};
    arbiter_begin(offers, now, drive->world.ceiling_us);
    drive_groups_offer(drive, offers);
    for (size_t i = 0; i < drive->n_terminals; i++) {
        step.index = (uint16_t)i;
        terminal_plan_next(&drive->terminals[i], now, &step.plan);
        arbiter_offer(&drive->arbiter, offers, &step);
    }
    drive_asks_offer(drive, offers);
}

bool drive_next(struct drive *drive, struct mono now, struct drive_step *step, struct mono *wake)
{
    struct arbiter_offers offers;
    *wake = (struct mono){INT64_MAX};
    if (!drive->up)
        return false;
    drive_groups_update(drive, now);
    tell_line(drive, now);
    offer_all(drive, now, &offers);
    *wake = offers.wake;
    if (arbiter_command(&offers, step))
        return true;
    for (int round = 0; round < 2; round++) { /* this one, and the next if it is over */
        if (verify_next(drive, now, step) || arbiter_outside(&drive->arbiter, &offers, step))
            return true;
        begin_round(drive);
    }
    return false;
}

void drive_done(struct drive *drive, const struct drive_step *step, const struct wire_reply *reply, struct mono now)
{
    struct terminal *terminal = &drive->terminals[step->index];
    arbiter_done(&drive->arbiter, &step->plan, reply->outcome);
    drive_note_symptoms(drive, step, reply, now);
    if (step->frame == FRAME_TERMINAL)
        terminal_done(terminal, &step->plan, reply, now);
    else
        drive_group_done(drive, step, reply);
    if (step->frame == FRAME_TERMINAL && (reply->outcome == WIRE_SILENT || reply->outcome == WIRE_WITHDRAWN))
        terminal->late_until = mono_plus_us(reply->sent_end, drive->world.ceiling_us);
    if (step->verify && terminal->read_index == 0)
        drive->verify_at++;
    drive_asks_done(drive, step, reply, now);
    if (reply->outcome == WIRE_LOST)
        return;
    drive_groups_update(drive, now); /* now, and not only when the wire is free again */
    tell_line(drive, now);
}
