/* What the outcome of a transaction does to a terminal: steps of its sequence, tries and pauses, learnt answer time. */
#include "hardware/terminal.h"

enum {
    TRIES_MAX = 2,
    STOP_TRIES_MAX = 3, /* without pause: nothing is more urgent */
    GARBLED_MAX = 2,    /* somebody is there: asked again at once so many times */
};

static void note_answer(struct terminal *terminal, const struct wire_reply *reply)
{
    terminal_learn(terminal, reply);
    terminal->tries = terminal->garbled = terminal->pause = 0;
    terminal->dead = terminal->late = false;
    terminal->reached = true;
    terminal_well(terminal, TROUBLE_NO_REPLY);
}

static void count(struct terminal *terminal, const struct wire_reply *reply)
{
    struct terminal_health *health = &terminal->health;
    health->requests++;
    health->replies += reply->outcome == WIRE_ANSWERED;
    health->timeouts += reply->outcome == WIRE_SILENT;
    health->damaged += reply->outcome == WIRE_GARBLED;
    health->exceptions += reply->outcome == WIRE_EXCEPTION;
    if (reply->outcome == WIRE_EXCEPTION)
        health->last_exception = reply->exception;
    if (reply->outcome == WIRE_ANSWERED || reply->outcome == WIRE_EXCEPTION)
        health->answered = reply->received;
}

/* The first frame of the arming is out, or of the stop, whether or not it is answered. */
static void note_sent(struct terminal *terminal, const struct wire_reply *reply)
{
    terminal->stop_sent = terminal->stop_sent || terminal->phase == TERMINAL_STOP;
    if (terminal->phase != TERMINAL_ARM)
        return;
    terminal->reached = terminal->reached && terminal->touched;
    terminal->touched = true;
    if (!terminal->sent_told)
        terminal_event(terminal, LINE_SENT, reply->sent_end);
    terminal->sent_told = true;
}

static void sequence_step(struct terminal *terminal, const struct wire_reply *reply)
{
    const struct profile *profile = terminal->settings.profile;
    uint32_t wait_ms = terminal_sequence_write(profile, terminal->step, NULL)->wait_ms;
    terminal->retry_at = mono_plus_ms(reply->received, wait_ms);
    if (terminal_sequence_write(profile, ++terminal->step, NULL))
        return;
    terminal_set_armed(terminal, wait_ms, reply->received);
    terminal->acknowledged = true;
    terminal_event(terminal, LINE_ACKNOWLEDGED, reply->received);
}

static void write_answered(struct terminal *terminal, const struct terminal_plan *plan, const struct wire_reply *reply,
                           struct mono now)
{
    if (terminal->phase == TERMINAL_ARM) {
        sequence_step(terminal, reply);
        return;
    }
    if (plan->command == &terminal->settings.profile->commands[COMMAND_HOLD]) {
        terminal->retry_at = mono_plus_ms(reply->received, plan->command->writes[0].wait_ms);
        return;
    }
    terminal->retry_at = mono_plus_ms(reply->received, plan->command->writes[terminal->step].wait_ms);
    if (++terminal->step < plan->command->n_writes)
        return;
    terminal->step = 0;
    if (terminal->phase == TERMINAL_STOP)
        terminal_await_silence(terminal, true, reply->received, terminal->retry_at);
    else if (terminal->phase == TERMINAL_DISARM)
        terminal_set_disarmed(terminal);
    else if (terminal->phase == TERMINAL_POWER_OFF)
        terminal_end_stop(terminal, now);
    else if (terminal->volume_due)
        terminal->volume_due = false;
    else if (terminal->phase == TERMINAL_ARMED)
        terminal_set_started(terminal, reply->sent_end);
}

static void read_answered(struct terminal *terminal, const struct wire_reply *reply, struct mono now)
{
    if (terminal->read_index == 0) {
        terminal->read_began = reply->sent_begin;
        terminal->values = (struct terminal_values){.valid = 0};
    }
    profile_take_read(terminal->settings.profile, &terminal->reads[terminal->read_index], reply->words, reply->received,
                      &terminal->values);
    int level = terminal->settings.profile->level_field;
    if (level >= 0 && terminal->values.at[level].us == reply->received.us)
        terminal->level_began = reply->sent_begin;
    if (++terminal->read_index < terminal->n_reads)
        return;
    terminal->read_index = 0;
    terminal->swept = true;
    terminal->polled_at = reply->received;
    terminal_take_reading(terminal, now);
}

/* A status that is refused is a fault of the profile or the unit: tried again with pauses, what it would have told is missing.
 */
static void read_refused(struct terminal *terminal, uint8_t exception, struct mono now)
{
    terminal->read_index = 0;
    terminal->swept = true;
    terminal->polled_at = now;
    terminal->look = false;
    if (terminal->phase == TERMINAL_SILENCE && terminal->stop_answered) {
        terminal_set_stopped(terminal, now);
        return;
    }
    if (terminal->phase == TERMINAL_SILENCE) {
        terminal_not_stopped(terminal, now);
        return;
    }
    if (terminal->phase == TERMINAL_PREPARE)
        terminal->first_failed = true;
    terminal_trouble(terminal, TROUBLE_EXCEPTION, exception, now);
    terminal_pause(terminal, terminal->refusals++, now);
}

static void write_refused(struct terminal *terminal, const struct terminal_plan *plan, uint8_t exception, struct mono now)
{
    if (terminal->phase == TERMINAL_STOP) {
        terminal_await_silence(terminal, false, now, now);
    } else if (terminal->phase == TERMINAL_DISARM) {
        terminal_begin_stop(terminal, now);
    } else if (terminal->phase == TERMINAL_POWER_OFF) {
        terminal_trouble(terminal, TROUBLE_EXCEPTION, exception, now);
        terminal_end_stop(terminal, now);
    } else if (plan->command == &terminal->settings.profile->commands[COMMAND_HOLD]) {
        terminal_trouble(terminal, TROUBLE_EXCEPTION, exception, now);
    } else if (terminal->volume_due) {
        terminal->volume_due = false;
        terminal->step = 0;
        terminal_trouble(terminal, TROUBLE_EXCEPTION, exception, now);
    } else {
        terminal->look = true;
        terminal->first_failed = true;
        terminal->retry_at = now;
        if (++terminal->refusals < TRIES_MAX)
            return;
        terminal_trouble(terminal, TROUBLE_EXCEPTION, exception, now);
        terminal_pause(terminal, terminal->refusals - TRIES_MAX, now);
    }
}

static void stop_failed(struct terminal *terminal, struct mono now)
{
    terminal->retry_at = now;
    if (terminal->tries < STOP_TRIES_MAX && !terminal->dead)
        return;
    if (terminal->phase != TERMINAL_POWER_OFF) {
        terminal_not_stopped(terminal, now);
        return;
    }
    terminal->dead = true;
    terminal_trouble(terminal, TROUBLE_NO_REPLY, 0, now);
    terminal_pause(terminal, terminal->pause++, now);
}

/* It may hear although it cannot answer: what it would have been sent goes out as its probes, write by write up to its start.
 */
static void go_on_blind(struct terminal *terminal, const struct terminal_plan *plan, const struct wire_reply *reply)
{
    const struct profile *profile = terminal->settings.profile;
    struct mono end = reply->sent_end;
    terminal->look = false;
    if (terminal->phase == TERMINAL_PREPARE && !terminal_is_busy(terminal)) {
        terminal->blind = true;
        terminal_begin_sequence(terminal, end);
    } else if (terminal->phase == TERMINAL_ARM) {
        uint32_t wait_ms = terminal_sequence_write(profile, terminal->step, NULL)->wait_ms;
        terminal->blind = true;
        terminal->retry_at = mono_later(terminal->retry_at, mono_plus_ms(end, wait_ms));
        if (!terminal_sequence_write(profile, ++terminal->step, NULL))
            terminal_set_armed(terminal, wait_ms, end);
    } else if (terminal->phase == TERMINAL_ARMED && plan->command == &profile->commands[COMMAND_START]) {
        terminal->step++; /* of several; the last has made it started */
    }
}

/* Nothing came. The second try goes out at the ceiling and not before the ceiling is over, so that no late reply to the first
 * can be taken for its own. */
static void failed(struct terminal *terminal, const struct terminal_plan *plan, const struct wire_reply *reply, struct mono now)
{
    bool full = plan->first_byte_us >= terminal->world->ceiling_us;
    bool known_dead = terminal->dead;
    terminal->tries++;
    terminal->garbled = 0;
    terminal->read_index = 0;
    terminal->first_failed = true;
    if (plan->command && !plan->command->repeatable)
        terminal->look = true;
    if (terminal->phase >= TERMINAL_STOP) {
        stop_failed(terminal, now);
        return;
    }
    struct mono earliest = mono_plus_us(reply->sent_end, terminal->world->ceiling_us);
    terminal->retry_at = mono_before(now, earliest) ? earliest : now;
    if (terminal->tries < TRIES_MAX && !known_dead) {
        terminal->swept = terminal->swept || (full && plan->read); /* its second try comes behind the others' first */
        return;
    }
    terminal->dead = terminal->swept = true;
    terminal->seen = false;
    terminal->reached = terminal->reached && terminal->acknowledged;
    terminal->blind = terminal->blind || !terminal->acknowledged;
    terminal->polled_at = now;
    terminal_trouble(terminal, TROUBLE_NO_REPLY, 0, now);
    terminal_pause(terminal, terminal->pause++, now);
    go_on_blind(terminal, plan, reply);
    terminal_hold_note(terminal, plan, reply); /* it may hear, and must not be left alone for too long */
    if (terminal_is_held(terminal))
        terminal->retry_at = mono_earlier(terminal->retry_at, mono_later(now, terminal_hold_due(terminal)));
}

/* A start that nobody answered has left all the same: it is not sent again before a reading says that it is needed. */
static bool is_last_start(const struct terminal *terminal, const struct terminal_plan *plan)
{
    const struct profile_command *start = &terminal->settings.profile->commands[COMMAND_START];
    return terminal->phase == TERMINAL_ARMED && plan->command == start && terminal->step + 1 == start->n_writes;
}

/* It may still answer, so it is not asked the same thing meanwhile. What it was told has left the wire. */
static void withdrawn(struct terminal *terminal, const struct terminal_plan *plan, const struct wire_reply *reply,
                      struct mono now)
{
    terminal->read_index = 0;
    terminal->touched = terminal->touched || !plan->read; /* it may have obeyed */
    terminal->look = terminal->look || (plan->command && !plan->command->repeatable);
    terminal_pause(terminal, 0, now);
    if (is_last_start(terminal, plan))
        terminal_set_started(terminal, reply->sent_end);
    if (terminal->dead)
        go_on_blind(terminal, plan, reply);
}

static void answered(struct terminal *terminal, const struct terminal_plan *plan, const struct wire_reply *reply,
                     struct mono now)
{
    bool anew = terminal->blind && terminal->phase == TERMINAL_ARM; /* what it has heard of its arming is not known */
    note_answer(terminal, reply);
    terminal_hold_note(terminal, plan, reply);
    if (anew)
        terminal_begin_arm(terminal, now);
    else if (reply->outcome == WIRE_ANSWERED && plan->read)
        read_answered(terminal, reply, now);
    else if (reply->outcome == WIRE_ANSWERED)
        write_answered(terminal, plan, reply, now);
    else if (plan->read)
        read_refused(terminal, reply->exception, now);
    else
        write_refused(terminal, plan, reply->exception, now);
}

void terminal_done(struct terminal *terminal, const struct terminal_plan *plan, const struct wire_reply *reply, struct mono now)
{
    if (reply->outcome == WIRE_LOST)
        return;
    if (!plan->read)
        note_sent(terminal, reply);
    if (reply->outcome == WIRE_WITHDRAWN) {
        withdrawn(terminal, plan, reply, now);
        return;
    }
    count(terminal, reply);
    if (reply->outcome == WIRE_ANSWERED || reply->outcome == WIRE_EXCEPTION) {
        answered(terminal, plan, reply, now);
        return;
    }
    if (is_last_start(terminal, plan)) {
        terminal_set_started(terminal, reply->sent_end);
    } else if (reply->outcome == WIRE_GARBLED && terminal->garbled++ < GARBLED_MAX) {
        terminal->look = terminal->look || (plan->command && !plan->command->repeatable);
        terminal->retry_at = now;
        return;
    }
    failed(terminal, plan, reply, now);
}
