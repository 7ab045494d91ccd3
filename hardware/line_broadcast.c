/* Where a frame for all of a profile is right, and where it is shorter than one for each: nobody may sound who is not meant,
 * and nobody is armed in vain where telling him so takes longer. */
#include "hardware/line_drive.h"
#include "hardware/line_time.h"

enum {
    GROUP_LEAST = 2, /* one terminal is better asked by itself: it answers */
};

static bool may_broadcast(const struct drive *drive, const struct drive_group *group, enum command_kind command)
{
    return profile_broadcast_safe(drive->profiles, drive->n_groups, group->profile, command, NULL);
}

/* What arms or starts one vendor's terminals must do nothing to another's, even where it would do the same: those are armed and
 * started at their own time, and perhaps not meant. */
static bool is_theirs_alone(const struct drive *drive, const struct drive_group *group, enum command_kind command)
{
    for (size_t g = 0; g < drive->n_groups; g++)
        if (&drive->groups[g] != group && !profile_ignores(drive->profiles[g], group->profile, command))
            return false;
    return may_broadcast(drive, group, command);
}

/* Time on the wire of one write, with what must pass behind it: the answer of this terminal, or NULL for a broadcast. */
static int64_t write_us(const struct drive *drive, const struct profile *profile, const struct profile_write *write,
                        const struct terminal *terminal)
{
    const struct line_settings *settings = &drive->settings;
    uint8_t bytes[FRAME_BYTES_MAX];
    struct frame_request request = frame_of_write(0, profile, write, &(struct operand_values){0});
    size_t n = frame_encode(&request, bytes) + FRAME_CRC_BYTES;
    int64_t character_ns = line_character_ns(settings), way_us = line_way_us(settings);
    if (!terminal)
        return way_us + line_bytes_us(character_ns, n) + (int64_t)settings->turnaround_ms * 1000;
    n += frame_reply_size(&request) + FRAME_CRC_BYTES;
    return way_us + line_bytes_us(character_ns, n) + 2 * line_silence_us(settings) +
           terminal->health.answer_us; /* the way back is in that */
}

static int64_t arm_us(const struct drive *drive, const struct profile *profile, const struct terminal *terminal)
{
    const struct profile_write *write;
    int64_t total = 0;
    for (size_t step = 0; (write = terminal_sequence_write(profile, step, NULL)) != NULL; step++)
        total += write_us(drive, profile, write, terminal);
    return total;
}

static int64_t disarm_us(const struct drive *drive, const struct terminal *terminal)
{
    static const enum command_kind undoing[] = {COMMAND_DISARM, COMMAND_POWER_OFF};
    const struct profile *profile = terminal->settings.profile;
    int64_t total = 0;
    for (size_t k = 0; k < sizeof undoing / sizeof *undoing; k++) {
        const struct profile_command *command = &profile->commands[undoing[k]];
        for (size_t w = 0; w < command->n_writes; w++)
            total += write_us(drive, profile, &command->writes[w], terminal);
    }
    return total;
}

/* An arm that is not meant for them can be taken back before the start, and proved to be by the answer. */
static bool can_disarm(const struct profile *profile)
{
    const struct profile_command *disarm = &profile->commands[COMMAND_DISARM];
    return disarm->given && disarm->repeatable && profile->start_needs_arm && profile->commands[COMMAND_STOP].given;
}

/* It is there, and nothing plays: it will hear the arm, and then answer that it is disarmed. */
static bool may_be_disarmed(const struct terminal *terminal)
{
    bool alive = terminal->seen && !terminal->dead && terminal->tries == 0 && terminal->garbled == 0;
    return alive && !terminal_is_busy(terminal) && terminal->phase == TERMINAL_REST && terminal_is_unarmed(terminal);
}

static bool same_operands(const struct operand_values *a, const struct operand_values *b)
{
    return a->volume_percent == b->volume_percent && a->token == b->token && a->slot == b->slot && a->tone == b->tone;
}

static bool sequence_is_theirs_alone(const struct drive *drive, const struct drive_group *group)
{
    for (size_t s = 0; s < group->profile->n_sequence; s++)
        if (!is_theirs_alone(drive, group, group->profile->sequence[s]))
            return false;
    return group->profile->n_sequence > 0;
}

/* Every terminal that would hear it is meant, stands at the beginning and is to get the same numbers, or can be disarmed in
 * less time than it takes to arm the others one by one. Without a token each must be read first, so such profiles are always
 * armed one by one. */
bool drive_can_arm_all(const struct drive *drive, const struct drive_group *group)
{
    const struct profile *profile = group->profile;
    const struct terminal *first = NULL;
    size_t meant = 0, others = 0;
    int64_t for_all = arm_us(drive, profile, NULL), one_by_one = 0;
    if (profile->token_field < 0 || !sequence_is_theirs_alone(drive, group))
        return false;
    for (size_t i = 0; i < drive->n_terminals; i++) {
        const struct terminal *terminal = &drive->terminals[i];
        if (terminal->settings.profile != profile)
            continue;
        if (!terminal->wanted && !(can_disarm(profile) && may_be_disarmed(terminal)))
            return false;
        if (!terminal->wanted) {
            for_all += disarm_us(drive, terminal);
            others++;
            continue;
        }
        if (terminal->phase != TERMINAL_ARM || terminal->step != 0)
            return false;
        if (first && !same_operands(&first->operands, &terminal->operands))
            return false;
        first = first ? first : terminal;
        one_by_one += arm_us(drive, profile, terminal);
        meant++;
    }
    return meant >= GROUP_LEAST && (others == 0 || for_all < one_by_one);
}

/* Armed, alive, and not one that failed to start just now. */
bool drive_is_startable(const struct terminal *terminal, struct mono now)
{
    bool paused = terminal->rearms > 0 && mono_before(now, terminal->retry_at);
    return terminal->wanted && terminal->phase == TERMINAL_ARMED && !terminal->look && !terminal->dead && !paused;
}

/* Nobody but those meant is armed, so that one frame starts only them. */
bool drive_can_start_all(const struct drive *drive, const struct drive_group *group, struct mono now)
{
    const struct profile *profile = group->profile;
    size_t n = 0;
    if (!profile->start_needs_arm || profile->commands[COMMAND_START].n_writes != 1)
        return false;
    if (!is_theirs_alone(drive, group, COMMAND_START))
        return false;
    for (size_t i = 0; i < drive->n_terminals; i++) {
        const struct terminal *terminal = &drive->terminals[i];
        if (terminal->settings.profile != profile)
            continue;
        n += drive_is_startable(terminal, now);
        if (!terminal->wanted && !terminal_is_unarmed(terminal))
            return false;
        if (terminal_is_busy(terminal) && terminal->last.when[WHEN_ARMED] != TRUTH_FALSE)
            return false; /* ours would begin over what plays there */
    }
    return n >= GROUP_LEAST;
}

bool drive_can_stop_all(const struct drive *drive, const struct drive_group *group)
{
    size_t n = 0;
    if (drive->members || !may_broadcast(drive, group, COMMAND_STOP))
        return false;
    for (size_t i = 0; i < drive->n_terminals; i++) {
        const struct terminal *terminal = &drive->terminals[i];
        if (terminal_is_busy(terminal))
            return false;
        n += terminal->settings.profile == group->profile && terminal->phase == TERMINAL_STOP && terminal->step == 0;
    }
    return n >= GROUP_LEAST;
}

bool drive_can_hold_all(const struct drive *drive, const struct drive_group *group)
{
    return may_broadcast(drive, group, COMMAND_HOLD);
}
