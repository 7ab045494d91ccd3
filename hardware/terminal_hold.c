/* The hold of a terminal: how long it sounds on when it is left alone. It is written behind the start, which it must not delay,
 * and begun anew in good time for as long as the terminal shall sound. If this box dies they fall silent by themselves. */
#include "hardware/terminal.h"

enum { HOLD_SHARE = 3 }; /* so often within a hold: two frames may get lost */

static int64_t hold_us(const struct terminal *terminal)
{
    return (int64_t)terminal->settings.profile->hold_s * 1000000;
}

bool terminal_is_held(const struct terminal *terminal)
{
    const struct profile *profile = terminal->settings.profile;
    bool counts =
        terminal->phase == TERMINAL_STARTED || (terminal->phase == TERMINAL_ARMED && profile->hold_from == HOLD_FROM_ARM);
    return counts && profile->commands[COMMAND_HOLD].given;
}

struct mono terminal_hold_due(const struct terminal *terminal)
{
    if (terminal->phase == TERMINAL_STARTED && !terminal->hold_written)
        return terminal->started_at;
    return mono_plus_us(terminal->held_at, hold_us(terminal) / HOLD_SHARE);
}

void terminal_hold_note(struct terminal *terminal, const struct terminal_plan *plan, const struct wire_reply *reply)
{
    const struct profile *profile = terminal->settings.profile;
    bool write = plan->command == &profile->commands[COMMAND_HOLD];
    if (!terminal_is_held(terminal))
        return;
    terminal->hold_written = terminal->hold_written || write;
    terminal->hold_ran_out = terminal->hold_ran_out || mono_since(reply->sent_begin, terminal->held_at) >= hold_us(terminal);
    if (write || profile->hold_renewed_by == HOLD_RENEWED_BY_ANY)
        terminal->held_at = reply->sent_end;
}

/* Nobody answers a broadcast: it is taken as heard, as its start was. */
void terminal_group_held(struct terminal *terminal, struct mono sent_end)
{
    if (!terminal_is_held(terminal))
        return;
    terminal->hold_written = true;
    terminal->held_at = sent_end;
}
