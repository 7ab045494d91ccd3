/* What goes to all terminals of a profile at once: arming, start and stop by broadcast where line_broadcast.c allows it, and
 * the gate that holds starts back until those who can be are armed and those not meant are disarmed. */
#include "hardware/line_drive.h"

enum { BATCH_LEAST = 4 }; /* a broadcast and its turnaround take as long as so many single starts */

static struct terminal *member_of(struct drive *drive, const struct drive_group *group, size_t i)
{
    struct terminal *terminal = &drive->terminals[i];
    return terminal->settings.profile == group->profile ? terminal : NULL;
}

void drive_groups_decide(struct drive *drive, struct mono now)
{
    for (size_t g = 0; g < drive->n_groups; g++) {
        struct drive_group *group = &drive->groups[g];
        group->stopping = drive_can_stop_all(drive, group);
        group->arming = drive_can_arm_all(drive, group);
        group->step = 0;
        group->arm_at = now;
        for (size_t i = 0; i < drive->n_terminals; i++) {
            struct terminal *terminal = member_of(drive, group, i);
            if (terminal)
                terminal->in_group = group->arming;
        }
    }
}

/* The first batch goes when the last of those armed by now has settled. */
static void open_gate(struct drive *drive, struct drive_group *group, struct mono now)
{
    group->gate = true;
    group->starting = drive_can_start_all(drive, group, now);
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
    bool by_one = drive_can_start_all(drive, group, now);
    group->holding = pending && by_one;
    if (by_one && (pending ? !mono_before(now, group->batch_at) : armed >= BATCH_LEAST))
        open_gate(drive, group, now);
}

/* It heard the arm that was not meant for it, and its first answer to being told so is not out yet. */
static bool is_disarming(const struct terminal *terminal)
{
    return terminal->phase == TERMINAL_DISARM && terminal->tries == 0 && !terminal->dead;
}

static void update_gate(struct drive *drive, struct drive_group *group, struct mono now)
{
    bool pending = false, disarming = false, blind = false;
    size_t armed = 0;
    for (size_t i = 0; i < drive->n_terminals; i++) {
        const struct terminal *terminal = member_of(drive, group, i);
        disarming = disarming || (terminal && is_disarming(terminal));
        if (!terminal || !terminal->wanted)
            continue;
        pending = pending || terminal_is_pending(terminal);
        if (terminal->phase != TERMINAL_ARMED)
            continue;
        armed += drive_is_startable(terminal, now);
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
    if (!group->arming && !disarming && opens)
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
    group->hold_due = n >= BATCH_LEAST && drive_can_hold_all(drive, group);
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
            group->starting = drive_can_start_all(drive, group, now);
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

static struct operand_values operands_of(const struct drive *drive, const struct drive_group *group)
{
    for (size_t i = 0; i < drive->n_terminals; i++) {
        const struct terminal *terminal = &drive->terminals[i];
        if (terminal->settings.profile == group->profile && (terminal->wanted || group->stopping))
            return terminal->operands;
    }
    return (struct operand_values){0};
}

static void offer(const struct drive *drive, size_t g, enum drive_frame frame, const struct profile_write *write,
                  struct mono not_before, struct arbiter_offers *offers)
{
    const struct drive_group *group = &drive->groups[g];
    struct operand_values operands = operands_of(drive, group);
    struct drive_step step = {.frame = frame, .index = (uint16_t)g};
    step.plan.class = frame == FRAME_GROUP_STOP ? CLASS_STOP : frame == FRAME_GROUP_START ? CLASS_START : CLASS_ARM;
    step.plan.not_before = not_before;
    step.plan.request = frame_of_write(0, group->profile, write, &operands);
    arbiter_offer(&drive->arbiter, offers, &step);
}

void drive_groups_offer(const struct drive *drive, struct arbiter_offers *offers)
{
    for (size_t g = 0; g < drive->n_groups; g++) {
        const struct drive_group *group = &drive->groups[g];
        const struct profile_command *commands = group->profile->commands;
        if (group->stopping)
            offer(drive, g, FRAME_GROUP_STOP, &commands[COMMAND_STOP].writes[group->step], offers->now, offers);
        else if (group->starting)
            offer(drive, g, FRAME_GROUP_START, &commands[COMMAND_START].writes[0], group->start_at, offers);
        else if (group->arming)
            offer(drive, g, FRAME_GROUP_ARM, terminal_sequence_write(group->profile, group->step, NULL), group->arm_at, offers);
    }
    for (size_t g = 0; g < drive->n_groups && drive->starts_told; g++)
        if (drive->groups[g].hold_due)
            offer(drive, g, FRAME_GROUP_HOLD, &drive->groups[g].profile->commands[COMMAND_HOLD].writes[0], offers->now, offers);
}

static void armed_all(struct drive *drive, struct drive_group *group, struct mono sent_end)
{
    uint32_t wait_ms = terminal_sequence_write(group->profile, group->step, NULL)->wait_ms;
    struct operand_values operands = operands_of(drive, group);
    bool first = group->step == 0;
    bool last = !terminal_sequence_write(group->profile, ++group->step, NULL);
    group->arm_at = mono_plus_ms(sent_end, wait_ms);
    for (size_t i = 0; i < drive->n_terminals; i++) {
        struct terminal *terminal = member_of(drive, group, i);
        if (!terminal || !terminal->in_group)
            continue;
        if (terminal->wanted)
            terminal_group_armed(terminal, first, last, wait_ms, sent_end);
        else
            terminal_group_unmeant(terminal, &operands, sent_end);
        terminal->in_group = !last;
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
