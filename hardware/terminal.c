/* What a terminal is wanted to do and which transaction it wants next: the target's side of the driver. Outcomes are digested
 * in terminal_done.c, readings in terminal_reading.c; its phases are in terminal_phase.c. */
#include "hardware/terminal.h"

void terminal_init(struct terminal *terminal, const struct terminal_world *world, const struct terminal_settings *settings,
                   uint16_t index)
{
    *terminal = (struct terminal){.world = world, .settings = *settings, .index = index};
    terminal->health.answer_us = terminal->learnt[0] = settings->answer_us;
    terminal->learns = 1;
    terminal->n_reads = profile_plan_reads(settings->profile, terminal->reads);
}

const struct profile_write *terminal_sequence_write(const struct profile *profile, size_t step,
                                                    const struct profile_command **command)
{
    for (size_t s = 0; s < profile->n_sequence; s++) {
        const struct profile_command *it = &profile->commands[profile->sequence[s]];
        if (command)
            *command = it;
        if (step < it->n_writes)
            return &it->writes[step];
        step -= it->n_writes;
    }
    return NULL;
}

bool terminal_is_busy(const struct terminal *terminal)
{
    return terminal->has_last && terminal->last.when[WHEN_BUSY] == TRUTH_TRUE;
}

bool terminal_is_unarmed(const struct terminal *terminal)
{
    bool disarmed = terminal->phase == TERMINAL_POWER_OFF && !terminal->touched;
    if (terminal->phase != TERMINAL_REST && !disarmed)
        return false;
    enum truth armed = terminal->has_last ? terminal->last.when[WHEN_ARMED] : TRUTH_UNKNOWN;
    return terminal->settings.profile->token_field >= 0 ? armed != TRUTH_TRUE : armed == TRUTH_FALSE;
}

static bool is_in_session(const struct terminal *terminal)
{
    return terminal->phase >= TERMINAL_ARM && terminal->phase <= TERMINAL_STARTED;
}

/* Another source plays there, and nothing of ours is left below it: there is nothing to stop but that. */
static bool is_anothers(const struct terminal *terminal)
{
    return terminal_is_busy(terminal) && terminal->last.when[WHEN_OURS] == TRUTH_FALSE;
}

static void withdraw(struct terminal *terminal, struct mono now)
{
    terminal->wanted = false;
    if (terminal->phase == TERMINAL_PREPARE || is_in_session(terminal)) {
        if (terminal->touched && is_anothers(terminal))
            terminal_leave_alone(terminal, now);
        else if (terminal->touched)
            terminal_begin_stop(terminal, now);
        else
            terminal->phase = TERMINAL_REST;
    }
}

void terminal_want(struct terminal *terminal, const struct line_member *member, uint16_t token, struct mono now)
{
    if (!member) {
        withdraw(terminal, now);
        return;
    }
    struct operand_values operands = {member->volume_percent, token, member->slot, member->tone};
    struct operand_values before = terminal->operands;
    bool same = terminal->wanted && before.token == token && before.slot == operands.slot && before.tone == operands.tone;
    bool other_session = before.token != token || !terminal->wanted;
    terminal->wanted = true;
    terminal->operands = operands;
    if (same) {
        bool settable = terminal->settings.profile->commands[COMMAND_SET_VOLUME].given;
        terminal->volume_due = terminal->volume_due || (before.volume_percent != operands.volume_percent && settable);
        return;
    }
    if (other_session) {
        terminal->rearms = 0;
        terminal->seen_unarmed = terminal->reset_tried = false;
        terminal->troubles_told &= 1U << TROUBLE_DUPLICATE | 1U << TROUBLE_FOREIGN; /* of no session */
    }
    terminal->first_failed = false;
    bool tokenless = terminal->settings.profile->token_field < 0;
    bool provable = tokenless && !terminal->dead; /* as silent first, which one that only hears never is */
    if (provable && terminal->phase >= TERMINAL_STOP)
        return; /* goes on to its arming when it is silent */
    terminal_fresh_tries(terminal, now);
    if (provable && terminal->touched)
        terminal_begin_stop(terminal, now);
    else
        terminal_begin_arm(terminal, now);
}

void terminal_port_up(struct terminal *terminal, struct mono now)
{
    terminal_fresh_tries(terminal, now);
    terminal->dead = terminal->swept = terminal->seen = false;
    terminal->step = 0;
    if (terminal->phase == TERMINAL_SILENCE)
        terminal->phase = TERMINAL_STOP;
    terminal->look = terminal->phase == TERMINAL_ARMED;
    terminal->first_failed = false;
}

static void plan_read(const struct terminal *terminal, enum terminal_class class, struct mono at, struct terminal_plan *plan)
{
    if (terminal->n_reads == 0)
        return;
    plan->class = class;
    plan->read = true;
    plan->begun = terminal->read_index > 0;
    plan->not_before = at;
    plan->request = frame_of_read(terminal->settings.unit, &terminal->reads[terminal->read_index]);
}

static void plan_write(const struct terminal *terminal, enum terminal_class class, const struct profile_write *write,
                       const struct profile_command *command, struct terminal_plan *plan)
{
    plan->class = class;
    plan->not_before = terminal->retry_at;
    plan->command = command;
    plan->request = frame_of_write(terminal->settings.unit, terminal->settings.profile, write, &terminal->operands);
}

static void plan_command(const struct terminal *terminal, enum terminal_class class, enum command_kind kind,
                         struct terminal_plan *plan)
{
    const struct profile_command *command = &terminal->settings.profile->commands[kind];
    plan_write(terminal, class, &command->writes[terminal->step], command, plan);
}

/* Another source has begun there since it was armed: nothing but questions until that has ended. */
static bool is_in_use(const struct terminal *terminal)
{
    return terminal_is_busy(terminal) && !mono_before(terminal->last.received, terminal->armed_at);
}

static void plan_armed(const struct terminal *terminal, struct terminal_plan *plan)
{
    bool deaf_or_dumb = terminal->dead && terminal->phase == TERMINAL_ARMED; /* its start is all that matters */
    if (is_in_use(terminal))
        return;
    if (terminal->volume_due && !deaf_or_dumb) {
        plan_command(terminal, CLASS_ARM, COMMAND_SET_VOLUME, plan);
    } else if (terminal->phase == TERMINAL_ARMED && terminal->gate &&
               terminal->settings.profile->commands[COMMAND_START].given) {
        plan_command(terminal, CLASS_START, COMMAND_START, plan);
        if (mono_before(plan->not_before, terminal->start_from))
            plan->not_before = terminal->start_from;
    }
}

/* In time, and else behind the poll that may come before it and do as well. */
static void plan_hold(const struct terminal *terminal, struct mono poll_at, struct mono now, struct terminal_plan *plan)
{
    const struct profile_command *hold = &terminal->settings.profile->commands[COMMAND_HOLD];
    struct mono due = terminal_hold_due(terminal);
    if (terminal->hold_in_group || is_in_use(terminal) || (mono_before(now, due) && mono_before(poll_at, due)))
        return;
    plan_write(terminal, CLASS_ARM, &hold->writes[0], hold, plan);
    plan->not_before = mono_later(plan->not_before, due);
}

static void plan_phase(const struct terminal *terminal, struct terminal_plan *plan)
{
    const struct profile_command *command = NULL;
    const struct profile_write *write;
    switch (terminal->phase) {
    case TERMINAL_REST: break;
    case TERMINAL_PREPARE: plan_read(terminal, CLASS_ARM, terminal->retry_at, plan); break;
    case TERMINAL_ARM:
        write = terminal_sequence_write(terminal->settings.profile, terminal->step, &command);
        if (!terminal->in_group && write)
            plan_write(terminal, CLASS_ARM, write, command, plan);
        break;
    case TERMINAL_ARMED:
    case TERMINAL_STARTED: plan_armed(terminal, plan); break;
    case TERMINAL_STOP: plan_command(terminal, CLASS_STOP, COMMAND_STOP, plan); break;
    case TERMINAL_SILENCE: plan_read(terminal, CLASS_STOP, terminal->retry_at, plan); break;
    case TERMINAL_POWER_OFF: /* of one that was only disarmed it can wait */
        plan_command(terminal, terminal->touched ? CLASS_STOP : CLASS_POLL, COMMAND_POWER_OFF, plan);
        break;
    case TERMINAL_DISARM:
        if (!terminal->in_group)
            plan_command(terminal, CLASS_ARM, COMMAND_DISARM, plan);
        break;
    }
    if (terminal->look && terminal->phase < TERMINAL_STOP) {
        *plan = (struct terminal_plan){.class = CLASS_NONE};
        plan_read(terminal, CLASS_ARM, terminal->retry_at, plan);
    }
}

static struct mono poll_due(const struct terminal *terminal)
{
    bool doubtful = terminal->tries > 0 || terminal->dead;
    return doubtful ? terminal->retry_at : mono_plus_us(terminal->polled_at, terminal->world->poll_us);
}

/* Who was not asked yet waits since the port is open: on a line that is never idle he would else wait behind all polls. */
static void plan_poll(const struct terminal *terminal, struct terminal_plan *plan)
{
    bool at_once = !terminal->swept || terminal->read_index > 0;
    enum terminal_class class = terminal->dead ? CLASS_PROBE : terminal->wanted ? CLASS_VERIFY : CLASS_POLL;
    struct mono due = at_once ? terminal->retry_at : mono_later(poll_due(terminal), terminal->retry_at);
    plan_read(terminal, class, due, plan);
}

static enum terminal_doubt doubt_of(const struct terminal *terminal)
{
    return terminal->dead ? DOUBT_PROBE : terminal->tries > 0 ? DOUBT_SECOND_TRY : DOUBT_NONE;
}

void terminal_plan_next(const struct terminal *terminal, struct mono now, struct terminal_plan *plan)
{
    *plan = (struct terminal_plan){.class = CLASS_NONE};
    plan_phase(terminal, plan);
    if (plan->class == CLASS_NONE && terminal_is_held(terminal))
        plan_hold(terminal, poll_due(terminal), now, plan);
    if (plan->class == CLASS_NONE && !terminal->in_group)
        plan_poll(terminal, plan);
    plan->doubt = doubt_of(terminal);
    plan->behind = terminal->first_failed || terminal->rearms > 0;
    plan->first_byte_us = terminal_first_byte_limit(terminal);
}

bool terminal_plan_verify(const struct terminal *terminal, struct mono now, struct terminal_plan *plan)
{
    *plan = (struct terminal_plan){.class = CLASS_NONE};
    bool here = terminal->phase == TERMINAL_ARMED || terminal->phase == TERMINAL_STARTED || terminal->phase == TERMINAL_REST;
    if (!here || doubt_of(terminal) != DOUBT_NONE || terminal->look || mono_before(now, terminal->retry_at))
        return false;
    plan_read(terminal, CLASS_VERIFY, now, plan);
    plan->first_byte_us = terminal_first_byte_limit(terminal);
    return plan->class == CLASS_VERIFY;
}

bool terminal_plan_ask(const struct terminal *terminal, struct terminal_plan *plan)
{
    *plan = (struct terminal_plan){.class = CLASS_NONE};
    if ((terminal->phase == TERMINAL_ARM && !terminal->dead) || terminal->in_group)
        return false;
    plan_read(terminal, CLASS_TECHNICIAN, terminal->late_until, plan);
    plan->doubt = terminal->tries > 0 && !terminal->dead ? DOUBT_SECOND_TRY : DOUBT_NONE; /* a dead one once, like others */
    plan->first_byte_us = terminal_first_byte_limit(terminal);
    return plan->class == CLASS_TECHNICIAN;
}

bool terminal_is_pending(const struct terminal *terminal)
{
    bool on_the_way =
        terminal->phase == TERMINAL_PREPARE || terminal->phase == TERMINAL_ARM || terminal->phase >= TERMINAL_STOP;
    return terminal->wanted && on_the_way && !terminal->first_failed && !terminal->dead;
}

bool terminal_is_started_or_late(const struct terminal *terminal)
{
    return terminal->phase == TERMINAL_STARTED || terminal->first_failed || terminal->dead;
}

bool terminal_is_settled(const struct terminal *terminal)
{
    if (terminal->phase == TERMINAL_REST)
        return true;
    return terminal->phase >= TERMINAL_STOP && terminal->dead && terminal->stop_sent;
}
