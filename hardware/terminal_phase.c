/* The phases of a terminal: what becomes of it, and is told, when it enters each: by its own transactions, or by a frame that
 * went to all. Who decides that it does is in terminal.c (the target), terminal_done.c (outcomes) and terminal_reading.c. */
#include "hardware/terminal.h"

enum { BUSY_FRESH_US = 15000000, BUSY_POLLS = 2 };

void terminal_fresh_tries(struct terminal *terminal, struct mono now)
{
    terminal->tries = terminal->garbled = terminal->pause = 0;
    terminal->refusals = terminal->stops = 0;
    terminal->retry_at = now;
    terminal->read_index = 0;
    terminal->look = false;
}

void terminal_pause(struct terminal *terminal, unsigned nth, struct mono now)
{
    static const int64_t pauses_ms[] = {500, 1000, 2000, 4000, 8000, 10000};
    enum { LAST = sizeof pauses_ms / sizeof *pauses_ms - 1 };
    terminal->retry_at = mono_plus_ms(now, pauses_ms[nth < LAST ? nth : LAST]);
}

/* ---- arming and start ---- */

/* A siren that only knows start has no sequence: it stands where others are armed. */
void terminal_begin_sequence(struct terminal *terminal, struct mono now)
{
    terminal->phase = TERMINAL_ARM;
    terminal->step = 0;
    if (!terminal_sequence_write(terminal->settings.profile, 0, NULL))
        terminal_set_armed(terminal, 0, now);
}

void terminal_begin_arm(struct terminal *terminal, struct mono now)
{
    const struct profile *profile = terminal->settings.profile;
    int64_t fresh_us = BUSY_POLLS * terminal->world->poll_us;
    fresh_us = fresh_us > BUSY_FRESH_US ? fresh_us : BUSY_FRESH_US;
    bool busy = terminal_is_busy(terminal) && mono_since(now, terminal->last.received) < fresh_us;
    bool blind = profile->token_field < 0 && !terminal->seen_unarmed;
    terminal->look = terminal->volume_due = terminal->in_group = terminal->blind = false;
    terminal->sent_told = terminal->acknowledged = terminal->armed_told = terminal->sounded = false;
    terminal->read_index = 0;
    terminal->step = 0;
    terminal->phase = TERMINAL_PREPARE;
    if (!busy && !blind)
        terminal_begin_sequence(terminal, now);
}

void terminal_set_armed(struct terminal *terminal, uint32_t wait_ms, struct mono at)
{
    terminal->phase = TERMINAL_ARMED;
    terminal->step = 0;
    terminal->look = terminal->in_group = false;
    terminal->refusals = 0;
    terminal->armed_at = terminal->held_at = at;
    terminal->hold_ran_out = false;
    terminal->start_from = mono_plus_ms(at, (int64_t)wait_ms + terminal->settings.profile->settle_ms);
    terminal_well(terminal, TROUBLE_EXCEPTION);
}

void terminal_set_started(struct terminal *terminal, struct mono at)
{
    terminal->phase = TERMINAL_STARTED;
    terminal->touched = true;
    terminal->step = 0;
    terminal->look = terminal->hold_written = terminal->hold_ran_out = false;
    terminal->started_at = terminal->held_at = at;
    terminal_event(terminal, LINE_STARTED, at);
}

/* ---- stop ---- */

void terminal_begin_stop(struct terminal *terminal, struct mono now)
{
    terminal_fresh_tries(terminal, now);
    terminal->dead = terminal->dead && !terminal->reached; /* whoever may sound is worth prompt tries */
    terminal->step = 0;
    terminal->in_group = terminal->volume_due = terminal->stop_answered = false;
    terminal->stop_sent = !terminal->settings.profile->commands[COMMAND_STOP].given;
    terminal->phase = TERMINAL_STOP;
    if (terminal->stop_sent)
        terminal_end_stop(terminal, now);
}

/* Silent now. Power stays on where another source uses it. */
void terminal_end_stop(struct terminal *terminal, struct mono now)
{
    bool off = terminal->settings.profile->commands[COMMAND_POWER_OFF].given && !terminal_is_busy(terminal);
    terminal_fresh_tries(terminal, now);
    terminal->step = 0;
    if (off && terminal->phase != TERMINAL_POWER_OFF) {
        terminal->phase = TERMINAL_POWER_OFF;
        return;
    }
    terminal->phase = TERMINAL_REST;
    terminal->touched = false;
    if (terminal->wanted)
        terminal_begin_arm(terminal, now);
}

void terminal_leave_alone(struct terminal *terminal, struct mono now)
{
    terminal_fresh_tries(terminal, now);
    terminal->phase = TERMINAL_REST;
    terminal->touched = false;
    terminal->step = 0;
    terminal->in_group = terminal->volume_due = false;
    terminal_event(terminal, LINE_STOPPED, now);
}

void terminal_set_stopped(struct terminal *terminal, struct mono now)
{
    terminal_well(terminal, TROUBLE_NOT_STOPPED);
    if (!terminal->wanted)
        terminal_event(terminal, LINE_STOPPED, now);
    terminal_end_stop(terminal, now);
}

void terminal_not_stopped(struct terminal *terminal, struct mono now)
{
    terminal->dead = true; /* from now on it is asked like one: last, with pauses */
    terminal->phase = TERMINAL_STOP;
    terminal->step = 0;
    terminal->stops = 0;
    terminal_trouble(terminal, terminal->reached ? TROUBLE_NOT_STOPPED : TROUBLE_NO_REPLY, 0, now);
    if (terminal->wanted) /* that it sounds again is more than the proof that it was silent */
        terminal_begin_arm(terminal, now);
    terminal_pause(terminal, terminal->pause++, now);
}

void terminal_await_silence(struct terminal *terminal, bool answered, struct mono from, struct mono now)
{
    terminal->phase = TERMINAL_SILENCE;
    terminal->stop_sent = true;
    terminal->step = 0;
    terminal->read_index = 0;
    terminal->stop_answered = answered;
    terminal->silent_by = mono_plus_ms(from, terminal->settings.profile->stop_within_ms);
    terminal->retry_at = now;
    if (terminal->n_reads > 0)
        return;
    if (answered)
        terminal_set_stopped(terminal, now);
    else
        terminal_not_stopped(terminal, now);
}

/* Its amplifier is off again when there is time for it. */
void terminal_set_disarmed(struct terminal *terminal)
{
    bool off = terminal->settings.profile->commands[COMMAND_POWER_OFF].given && !terminal_is_busy(terminal);
    terminal->touched = false;
    terminal->phase = off ? TERMINAL_POWER_OFF : TERMINAL_REST;
}

/* ---- frames that went to all ---- */

void terminal_group_unmeant(struct terminal *terminal, const struct operand_values *operands, struct mono sent_end)
{
    terminal->operands = *operands;
    terminal->touched = terminal->reached = true;
    terminal->phase = TERMINAL_DISARM;
    terminal->step = terminal->read_index = 0;
    terminal->retry_at = sent_end;
}

void terminal_group_armed(struct terminal *terminal, bool first, bool last, uint32_t wait_ms, struct mono sent_end)
{
    terminal->reached = (terminal->reached && terminal->touched) || !terminal->dead; /* a live one will have heard it */
    terminal->touched = true;
    if (first && !terminal->sent_told)
        terminal_event(terminal, LINE_SENT, sent_end);
    terminal->sent_told = true;
    if (last)
        terminal_set_armed(terminal, wait_ms, sent_end);
}

void terminal_group_started(struct terminal *terminal, struct mono sent_end)
{
    terminal_set_started(terminal, sent_end);
}

void terminal_group_stopped(struct terminal *terminal, struct mono sent_end)
{
    terminal_await_silence(terminal, false, sent_end, sent_end);
}
