/* What a status read back means for a terminal: proof for the ladder, other sources, reboots, silence after a stop. */
#include "hardware/terminal.h"

enum { START_GRACE_MS = 300, SILENCE_POLL_MS = 50, STOPS_MAX = 3, TOKENS_KEPT = 32 };

static enum truth judge_with(const struct terminal *terminal, enum condition_kind kind, uint16_t token, struct mono now)
{
    struct operand_values operands = terminal->operands;
    operands.token = token;
    return profile_judge(terminal->settings.profile, kind, &terminal->last.values, &operands, now);
}

static void compose(struct terminal *terminal)
{
    const struct profile *profile = terminal->settings.profile;
    struct terminal_reading *reading = &terminal->last;
    bool held = terminal->wanted || terminal->touched;
    uint16_t token = held ? terminal->operands.token : terminal->world->token;
    *reading = (struct terminal_reading){.requested = terminal->read_began, .received = terminal->polled_at};
    reading->values = terminal->values;
    for (int k = 0; k < WHEN_COUNT; k++)
        reading->when[k] = judge_with(terminal, (enum condition_kind)k, token, reading->received);
    if (profile->token_field >= 0 && reading->values.valid & UINT32_C(1) << profile->token_field)
        reading->token = (uint16_t)reading->values.raw[profile->token_field];
    reading->has_level = profile_can_hear(profile) && reading->values.valid & UINT32_C(1) << profile->level_field;
    if (reading->has_level) {
        reading->level = reading->values.value[profile->level_field];
        reading->level_requested = terminal->level_began;
        reading->level_received = reading->values.at[profile->level_field];
    }
    reading->started = terminal->phase == TERMINAL_STARTED && !mono_before(reading->requested, terminal->started_at);
    terminal->has_last = true;
}

/* The token of before the last start. Each session has the next one, and each start reserves one: where a start or two saw
 * nothing of this terminal, for they did not live long enough or its line was away, it shows one of the last few. */
static uint16_t token_before_start(const struct terminal *terminal)
{
    uint16_t recorded = terminal->world->recorded_token, shown = terminal->last.token;
    return shown > 0 && shown <= recorded && recorded - shown < TOKENS_KEPT ? shown : recorded;
}

/* Left over from this session, one before it, or one before a crash? */
static bool is_ours(struct terminal *terminal)
{
    const uint16_t tokens[] = {terminal->operands.token, terminal->world->token, token_before_start(terminal)};
    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++)
        if (judge_with(terminal, WHEN_OURS, tokens[i], terminal->last.received) == TRUTH_TRUE) {
            terminal->operands.token = tokens[i];
            return true;
        }
    return false;
}

/* What is provably left over from us is stopped when a terminal is seen for the first time since it or the line came back, as
 * after a crash. What begins later is an alarm, whoever's it is, and what is not provably ours is never stopped. */
static void read_at_rest(struct terminal *terminal, struct mono now)
{
    terminal_well(terminal, TROUBLE_EXCEPTION);
    bool busy = terminal_is_busy(terminal);
    bool can_stop = terminal->settings.profile->commands[COMMAND_STOP].given;
    bool sounds = judge_with(terminal, WHEN_SOUNDING, terminal->last.token, terminal->last.received) == TRUTH_TRUE;
    bool ours = can_stop && !busy && is_ours(terminal);
    bool leftover = ours && !terminal->seen;
    bool unasked = busy || sounds || ours;
    if (unasked && !leftover && !terminal->unasked_told)
        terminal_event_reading(terminal, LINE_UNASKED);
    terminal->unasked_told = unasked && !leftover;
    if (leftover || (ours && terminal->world->stop_unasked)) {
        terminal->touched = true;
        terminal_begin_stop(terminal, now);
    }
}

/* Another source plays there: nothing of ours is sent, it is looked at again until that has ended. */
static void yield_to_other(struct terminal *terminal, struct mono now)
{
    terminal->phase = TERMINAL_PREPARE;
    terminal->look = false;
    terminal->step = 0;
    terminal->first_failed = true;
    terminal_trouble(terminal, TROUBLE_BUSY_OTHER, 0, now);
    terminal_pause(terminal, 1, now);
}

/* True once when the other source, of which it was told, has ended. */
static bool has_become_free(struct terminal *terminal)
{
    bool was_busy = terminal->troubles_told & UINT32_C(1) << TROUBLE_BUSY_OTHER;
    terminal_well(terminal, TROUBLE_BUSY_OTHER);
    return was_busy;
}

static void read_prepared(struct terminal *terminal, struct mono now)
{
    bool blind = terminal->settings.profile->token_field < 0 && terminal->last.when[WHEN_ARMED] == TRUTH_TRUE;
    if (terminal_is_busy(terminal)) {
        yield_to_other(terminal, now);
    } else if (blind && !terminal->seen_unarmed && !terminal->reset_tried) {
        terminal->reset_tried = true; /* nobody plays there, so its power may go off once to be seen as not armed */
        terminal->touched = true;
        terminal_begin_stop(terminal, now);
    } else {
        terminal->retry_at = now;
        terminal_begin_sequence(terminal, now);
    }
}

static void read_while_arming(struct terminal *terminal, struct mono now)
{
    const struct profile *profile = terminal->settings.profile;
    terminal->look = false;
    bool last_write = !terminal_sequence_write(profile, terminal->step + 1, NULL);
    if (terminal_is_busy(terminal)) {
        yield_to_other(terminal, now);
    } else if (last_write && terminal->refusals == 0 && terminal->last.when[WHEN_ARMED] == TRUTH_TRUE) {
        terminal_set_armed(terminal, 0, terminal->last.received); /* only the answer had got lost */
    }
}

/* The first answer to a broadcast arm, and the proof of any arm. */
static void climb(struct terminal *terminal)
{
    if (!terminal->acknowledged)
        terminal_event(terminal, LINE_ACKNOWLEDGED, terminal->last.received);
    terminal->acknowledged = true;
    bool proof = terminal->settings.profile->token_field >= 0 || terminal->seen_unarmed;
    if (terminal->last.when[WHEN_ARMED] != TRUTH_TRUE || !proof)
        return;
    terminal_well(terminal, TROUBLE_NOT_ARMED);
    if (!terminal->armed_told)
        terminal_event_reading(terminal, LINE_ARMED);
    terminal->armed_told = true;
}

static void arm_again(struct terminal *terminal, struct mono now)
{
    terminal->first_failed = true; /* nobody waits for it */
    terminal_begin_arm(terminal, now);
    terminal->retry_at = now;
    if (terminal->rearms > 0)
        terminal_pause(terminal, terminal->rearms - 1, now);
    terminal->rearms++;
}

static void start_again(struct terminal *terminal, struct mono now)
{
    terminal->phase = TERMINAL_ARMED;
    terminal->step = 0;
    terminal->retry_at = now;
    if (terminal->rearms > 0)
        terminal_pause(terminal, terminal->rearms - 1, now);
    terminal->rearms++;
}

static void read_armed(struct terminal *terminal, struct mono now)
{
    terminal->look = false;
    climb(terminal);
    if (terminal_is_busy(terminal)) { /* it is not started before that has ended */
        terminal_trouble(terminal, TROUBLE_BUSY_OTHER, 0, now);
        terminal->first_failed = true;
        return;
    }
    bool told_why = has_become_free(terminal) || terminal->blind;
    bool settled = !mono_before(terminal->last.requested, terminal->start_from);
    if (settled && terminal->last.when[WHEN_ARMED] == TRUTH_FALSE) {
        if (!told_why) /* else the other source has ended our session, or it did not hear us when it was armed */
            terminal_trouble(terminal, TROUBLE_NOT_ARMED, 0, now);
        arm_again(terminal, now);
    }
}

/* Its power-up was after it was last read as sounding. Where it does not tell, a session that is gone is the proof. */
static bool has_rebooted(const struct terminal *terminal)
{
    int field = terminal->settings.profile->uptime_field;
    if (terminal->last.when[WHEN_ARMED] == TRUTH_TRUE)
        return false;
    if (field < 0 || !(terminal->last.values.valid >> field & 1))
        return true;
    double since_s = (double)mono_since(terminal->last.received, terminal->sounded_at) / 1e6;
    return terminal->last.values.value[field] <= since_s + 1; /* whole seconds */
}

/* It sounded, and nobody told it to stop: each time is told, and it is started again. */
static void tell_why_it_fell_silent(struct terminal *terminal, struct mono now)
{
    enum terminal_trouble why = has_rebooted(terminal) ? TROUBLE_REBOOTED : TROUBLE_STOPPED_EARLY;
    terminal_well(terminal, why);
    terminal_trouble(terminal, why, 0, now);
}

/* Started, and long enough ago, but silent. told_why: another source had begun there, or it did not answer when it was started.
 */
static void read_silent(struct terminal *terminal, bool told_why, struct mono now)
{
    enum truth armed = terminal->last.when[WHEN_ARMED];
    bool ran_out = terminal->hold_ran_out && armed != TRUTH_TRUE;
    bool again = armed == TRUTH_FALSE || (armed == TRUTH_UNKNOWN && (terminal->sounded || ran_out));
    if (terminal->sounded && !ran_out)
        tell_why_it_fell_silent(terminal, now);
    else if (!told_why)
        terminal_trouble(terminal, armed == TRUTH_FALSE && !ran_out ? TROUBLE_NOT_ARMED : TROUBLE_NOT_SOUNDING, 0, now);
    terminal->sounded = false;
    if (again)
        arm_again(terminal, now);
    else
        start_again(terminal, now);
}

static void read_started(struct terminal *terminal, struct mono now)
{
    uint32_t settle_ms = terminal->settings.profile->settle_ms;
    struct mono sure = mono_plus_ms(terminal->started_at, settle_ms > START_GRACE_MS ? settle_ms : START_GRACE_MS);
    climb(terminal);
    if (terminal_is_busy(terminal)) {
        terminal_trouble(terminal, TROUBLE_BUSY_OTHER, 0, now);
        terminal->sounded = false; /* that our session is gone afterwards is no reboot */
        return;
    }
    bool told_why = has_become_free(terminal) || terminal->blind;
    if (terminal->last.when[WHEN_SOUNDING] == TRUTH_TRUE) {
        terminal->blind = false;
        terminal->sounded = true;
        terminal->sounded_at = terminal->last.received;
        terminal->hold_ran_out = false;
        terminal->rearms = 0;
        terminal->refusals = 0;
        terminal_well(terminal, TROUBLE_NOT_SOUNDING);
    } else if (terminal->last.when[WHEN_SOUNDING] == TRUTH_FALSE && !mono_before(terminal->last.requested, sure)) {
        read_silent(terminal, told_why, now);
    }
}

static void read_silence(struct terminal *terminal, struct mono now)
{
    enum truth sounding = terminal->last.when[WHEN_SOUNDING];
    bool other = terminal_is_busy(terminal);
    bool armed = terminal->settings.profile->token_field >= 0 && terminal->last.when[WHEN_ARMED] == TRUTH_TRUE;
    if (other || (sounding == TRUTH_FALSE && !armed) || (sounding == TRUTH_UNKNOWN && terminal->stop_answered)) {
        terminal_set_stopped(terminal, now);
    } else if (mono_before(terminal->last.requested, terminal->silent_by)) {
        terminal->retry_at = mono_later(now, mono_plus_ms(terminal->last.requested, SILENCE_POLL_MS));
    } else if (++terminal->stops >= STOPS_MAX) {
        terminal_not_stopped(terminal, now);
    } else {
        terminal->phase = TERMINAL_STOP;
        terminal->step = 0;
    }
}

void terminal_take_reading(struct terminal *terminal, struct mono now)
{
    compose(terminal);
    if (terminal->last.when[WHEN_ARMED] == TRUTH_FALSE)
        terminal->seen_unarmed = true;
    terminal_event_reading(terminal, LINE_READING);
    switch (terminal->phase) {
    case TERMINAL_REST: read_at_rest(terminal, now); break;
    case TERMINAL_PREPARE: read_prepared(terminal, now); break;
    case TERMINAL_ARM: read_while_arming(terminal, now); break;
    case TERMINAL_ARMED: read_armed(terminal, now); break;
    case TERMINAL_STARTED: read_started(terminal, now); break;
    case TERMINAL_SILENCE: read_silence(terminal, now); break;
    case TERMINAL_STOP:
    case TERMINAL_POWER_OFF:
    case TERMINAL_DISARM: break;
    }
    terminal->seen = true;
}
