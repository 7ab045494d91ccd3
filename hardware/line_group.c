/* What goes to all terminals of a profile at once: arming, start and stop by broadcast where that reaches nobody wrongly, and
 * the gate that holds starts back until those who can be are armed. */
#include "hardware/line_drive.h"

enum {
    GROUP_LEAST = 2, /* one terminal is better asked by itself: it answers */
    BATCH_LEAST = 4, /* a broadcast and its turnaround take as long as so many single starts */
};

static struct terminal *member_of(struct drive *drive, const struct drive_group *group, size_t i)
{
    struct terminal *terminal = &drive->terminals[i];
    return terminal->settings.profile == group->profile ? terminal : NULL;
}

static bool may_broadcast(const struct drive *drive, const struct drive_group *group, enum command_kind command)
{
    return profile_broadcast_safe(drive->profiles, drive->n_groups, group->profile, command, NULL);
}

static bool same_operands(const struct operand_values *a, const struct operand_values *b)
{
    return a->volume_percent == b->volume_percent && a->token == b->token && a->slot == b->slot && a->tone == b->tone;
}

/* Every terminal that would hear it is meant, stands at the beginning, and is to get the same numbers. Without a token each
 * must be read first, so such profiles are armed one by one. */
static bool can_arm_all(struct drive *drive, const struct drive_group *group)
{
    const struct terminal *first = NULL;
    size_t n = 0;
    for (size_t i = 0; i < drive->n_terminals; i++) {
        const struct terminal *terminal = member_of(drive, group, i);
        if (!terminal)
            continue;
        if (!terminal->wanted || terminal->phase != TERMINAL_ARM || terminal->step != 0)
            return false;
        if (first && !same_operands(&first->operands, &terminal->operands))
            return false;
        first = first ? first : terminal;
        n++;
    }
    for (size_t s = 0; s < group->profile->n_sequence; s++)
        if (!may_broadcast(drive, group, group->profile->sequence[s]))
            return false;
    return n >= GROUP_LEAST && group->profile->token_field >= 0 && group->profile->n_sequence > 0;
}

static bool can_stop_all(struct drive *drive, const struct drive_group *group)
{
    size_t n = 0;
    if (drive->members || !may_broadcast(drive, group, COMMAND_STOP))
        return false;
    for (size_t i = 0; i < drive->n_terminals; i++) {
        if (terminal_is_busy(&drive->terminals[i]))
            return false;
        const struct terminal *terminal = member_of(drive, group, i);
        n += terminal && terminal->phase == TERMINAL_STOP && terminal->step == 0;
    }
    return n >= GROUP_LEAST;
}

void drive_groups_decide(struct drive *drive, struct mono now)
{
    for (size_t g = 0; g < drive->n_groups; g++) {
        struct drive_group *group = &drive->groups[g];
        group->stopping = can_stop_all(drive, group);
        group->arming = can_arm_all(drive, group);
        group->step = 0;
        group->arm_at = now;
        for (size_t i = 0; i < drive->n_terminals; i++) {
            struct terminal *terminal = member_of(drive, group, i);
            if (terminal)
                terminal->in_group = group->arming;
        }
    }
}

/* Armed, alive, and not one that failed to start just now. */
static bool is_startable(const struct terminal *terminal, struct mono now)
{
    bool paused = terminal->rearms > 0 && mono_before(now, terminal->retry_at);
    return terminal->wanted && terminal->phase == TERMINAL_ARMED && !terminal->look && !terminal->dead && !paused;
}

/* Nobody but those meant is armed, so that one frame starts only them. */
static bool can_start_all(struct drive *drive, const struct drive_group *group, struct mono now)
{
    size_t n = 0;
    if (!group->profile->start_needs_arm || !may_broadcast(drive, group, COMMAND_START))
        return false;
    if (group->profile->commands[COMMAND_START].n_writes != 1)
        return false;
    for (size_t i = 0; i < drive->n_terminals; i++) {
        const struct terminal *terminal = member_of(drive, group, i);
        if (!terminal)
            continue;
        n += is_startable(terminal, now);
        bool unarmed =
            group->profile->token_field >= 0 || (terminal->has_last && terminal->last.when[WHEN_ARMED] == TRUTH_FALSE);
        if (!terminal->wanted && (terminal->phase != TERMINAL_REST || !unarmed))
            return false;
    }
    return n >= GROUP_LEAST;
}

/* The first batch goes when the last of those armed by now has settled. */
static void open_gate(struct drive *drive, struct drive_group *group, struct mono now)
{
    group->gate = true;
    group->starting = can_start_all(drive, group, now);
    group->holding = false;
    group->start_at = now;
    for (size_t i = 0; i < drive->n_terminals; i++) {
        const struct terminal *terminal = member_of(drive, group, i);
        bool counts = terminal && terminal->phase == TERMINAL_ARMED && !terminal->dead;
        if (counts && mono_before(group->start_at, terminal->start_from))
            group->start_at = terminal->start_from;
    }
}

/* Those armed behind the first batch: started at once, unless so many are still to come that a frame for all is sooner. */
static void update_batch(struct drive *drive, struct drive_group *group, bool pending, size_t armed, struct mono now)
{
    bool by_one = can_start_all(drive, group, now);
    group->holding = pending && by_one;
    if (by_one && (pending ? !mono_before(now, group->batch_at) : armed >= BATCH_LEAST))
        open_gate(drive, group, now);
}

static void update_gate(struct drive *drive, struct drive_group *group, struct mono now)
{
    bool pending = false, blind = false;
    size_t armed = 0;
    for (size_t i = 0; i < drive->n_terminals; i++) {
        const struct terminal *terminal = member_of(drive, group, i);
        if (!terminal || !terminal->wanted)
            continue;
        pending = pending || terminal_is_pending(terminal);
        if (terminal->phase != TERMINAL_ARMED)
            continue;
        armed += is_startable(terminal, now);
        blind = blind || terminal->dead;
        if (terminal->dead) /* it has answered nothing */
            continue;
        if (!group->answered || mono_before(terminal->armed_at, group->first_answer))
            group->first_answer = terminal->armed_at;
        group->answered = true;
    }
    if (group->gate) {
        update_batch(drive, group, pending, armed, now);
        return;
    }
    struct mono limit = mono_plus_ms(group->first_answer, drive->settings.arm_wait_ms);
    bool opens = pending ? group->answered && !mono_before(now, limit) : group->answered || blind;
    if (!group->arming && opens)
        open_gate(drive, group, now);
}

/* Many whose hold is due are told by one frame, behind all starts. */
static void update_hold(struct drive *drive, struct drive_group *group, struct mono now)
{
    size_t n = 0;
    for (size_t i = 0; i < drive->n_terminals; i++) {
        const struct terminal *terminal = member_of(drive, group, i);
        n += terminal && terminal_is_held(terminal) && !mono_before(now, terminal_hold_due(terminal));
    }
    group->hold_due = n >= BATCH_LEAST && may_broadcast(drive, group, COMMAND_HOLD);
    for (size_t i = 0; i < drive->n_terminals; i++) {
        struct terminal *terminal = member_of(drive, group, i);
        if (terminal)
            terminal->hold_in_group = group->hold_due;
    }
}

void drive_groups_update(struct drive *drive, struct mono now)
{
    for (size_t g = 0; g < drive->n_groups; g++) {
        struct drive_group *group = &drive->groups[g];
        if (group->starting)
            group->starting = can_start_all(drive, group, now);
        if (!group->starting)
            update_gate(drive, group, now);
        update_hold(drive, group, now);
        for (size_t i = 0; i < drive->n_terminals; i++) {
            struct terminal *terminal = member_of(drive, group, i);
            if (terminal)
                terminal->gate = group->gate && !group->starting && !group->holding;
        }
    }
}

static bool due(struct mono at, struct mono now, struct mono *wake)
{
    if (!mono_before(now, at))
        return true;
    if (mono_before(at, *wake))
        *wake = at;
    return false;
}

static void fill_step(struct drive *drive, size_t g, enum drive_frame frame, const struct profile_write *write,
                      struct drive_step *step)
{
    struct operand_values operands = {0};
    for (size_t i = 0; i < drive->n_terminals; i++) {
        const struct terminal *terminal = member_of(drive, &drive->groups[g], i);
        if (terminal && (terminal->wanted || frame == FRAME_GROUP_STOP))
            operands = terminal->operands;
    }
    *step = (struct drive_step){.frame = frame, .index = (uint16_t)g};
    step->plan.class = frame == FRAME_GROUP_STOP ? CLASS_STOP : frame == FRAME_GROUP_START ? CLASS_START : CLASS_ARM;
    step->plan.request = frame_of_write(0, drive->groups[g].profile, write, &operands);
}

bool drive_group_next(struct drive *drive, struct mono now, struct drive_step *step, struct mono *wake)
{
    for (size_t g = 0; g < drive->n_groups; g++) {
        const struct drive_group *group = &drive->groups[g];
        const struct profile *profile = group->profile;
        if (group->stopping) {
            fill_step(drive, g, FRAME_GROUP_STOP, &profile->commands[COMMAND_STOP].writes[group->step], step);
            return true;
        }
        if (group->starting && due(group->start_at, now, wake)) {
            fill_step(drive, g, FRAME_GROUP_START, &profile->commands[COMMAND_START].writes[0], step);
            return true;
        }
        if (group->arming && due(group->arm_at, now, wake)) {
            fill_step(drive, g, FRAME_GROUP_ARM, terminal_sequence_write(profile, group->step, NULL), step);
            return true;
        }
    }
    for (size_t g = 0; g < drive->n_groups && drive->starts_told; g++) {
        const struct drive_group *group = &drive->groups[g];
        if (group->hold_due) {
            fill_step(drive, g, FRAME_GROUP_HOLD, &group->profile->commands[COMMAND_HOLD].writes[0], step);
            return true;
        }
    }
    return false;
}

static void armed_all(struct drive *drive, struct drive_group *group, struct mono sent_end)
{
    uint32_t wait_ms = terminal_sequence_write(group->profile, group->step, NULL)->wait_ms;
    bool first = group->step == 0;
    bool last = !terminal_sequence_write(group->profile, ++group->step, NULL);
    group->arm_at = mono_plus_ms(sent_end, wait_ms);
    for (size_t i = 0; i < drive->n_terminals; i++) {
        struct terminal *terminal = member_of(drive, group, i);
        if (terminal && terminal->in_group)
            terminal_group_armed(terminal, first, last, wait_ms, sent_end);
    }
    group->arming = !last;
}

static void held_all(struct drive *drive, const struct drive_group *group, struct mono sent_end)
{
    for (size_t i = 0; i < drive->n_terminals; i++) {
        struct terminal *terminal = member_of(drive, group, i);
        if (terminal)
            terminal_group_held(terminal, sent_end);
    }
}

void drive_group_done(struct drive *drive, const struct drive_step *step, const struct wire_reply *reply)
{
    struct drive_group *group = &drive->groups[step->index];
    if (reply->outcome == WIRE_LOST)
        return;
    if (step->frame == FRAME_GROUP_ARM) {
        armed_all(drive, group, reply->sent_end);
        return;
    }
    if (step->frame == FRAME_GROUP_HOLD) {
        held_all(drive, group, reply->sent_end);
        return;
    }
    if (step->frame == FRAME_GROUP_STOP && ++group->step < group->profile->commands[COMMAND_STOP].n_writes)
        return;
    group->starting = group->stopping = false;
    group->batch_at = mono_plus_ms(reply->sent_end, drive->settings.arm_wait_ms);
    for (size_t i = 0; i < drive->n_terminals; i++) {
        struct terminal *terminal = member_of(drive, group, i);
        if (terminal && step->frame == FRAME_GROUP_START && terminal->phase == TERMINAL_ARMED)
            terminal_group_started(terminal, reply->sent_end);
        else if (terminal && step->frame == FRAME_GROUP_STOP && terminal->phase == TERMINAL_STOP)
            terminal_group_stopped(terminal, reply->sent_end);
    }
}
