/* What answers tell of addresses: two units with one, and a unit that answers for another. A symptom counts only where the
 * others of the line do not show it, for a bad line is no second unit. */
#include "hardware/line_drive.h"

enum {
    SHORTEST_FRAME = 5,  /* an exception with its CRC; less is noise when a driver is switched off */
    DUPLICATE_LEAST = 8, /* symptoms, and two of three among the last 32 requests that brought anything */
    COMPARE_LEAST = 8,   /* answers of the others, without which a damaged one proves nothing */
    FOREIGN_LEAST = 3,   /* of the last 16 requests: a single one may have come from anywhere */
    FOREIGN_RECENT = 0xFFFF,
    LATE_CEILINGS = 4, /* for so long a frame of one that had not answered is its late answer */
};

static unsigned ones(uint32_t bits)
{
    return (unsigned)__builtin_popcount(bits);
}

static void push(struct terminal_history *history, const struct frame_request *request, const struct wire_reply *reply)
{
    bool damaged = reply->outcome == WIRE_GARBLED;
    bool answered = reply->outcome == WIRE_ANSWERED || reply->outcome == WIRE_EXCEPTION;
    history->came = history->came << 1 | (damaged || answered);
    history->damaged = history->damaged << 1 | damaged;
    history->doubled <<= 1;
    history->foreign <<= 1;
    history->unanswered = !damaged && !answered;
    history->withdrawn = reply->outcome == WIRE_WITHDRAWN;
    history->sent_at = reply->sent_end;
    history->function = request->function;
    history->address = request->address;
    history->count = request->count;
}

/* Bytes that followed the end of a transaction: a second answer, or one that was not waited for any more. */
static void take_late_bytes(struct terminal *terminal, unsigned bytes)
{
    struct terminal_history *history = &terminal->history;
    if (history->unanswered) {
        terminal->late = terminal->late || (bytes >= SHORTEST_FRAME && !history->withdrawn);
    } else if (!(history->damaged & 1)) {
        terminal->health.doubled++;
        history->doubled |= bytes >= SHORTEST_FRAME;
    }
}

static struct terminal *find_unit(struct drive *drive, uint8_t unit)
{
    for (size_t i = 0; i < drive->n_terminals; i++)
        if (drive->terminals[i].settings.unit == unit)
            return &drive->terminals[i];
    return NULL;
}

/* A unit of this line that was asked a moment ago and had not answered does so now: it is slow, and its address is right. */
static bool take_late_answer(struct drive *drive, const struct wire_reply *reply)
{
    struct terminal *other = find_unit(drive, reply->foreign_unit);
    bool late = other && other->history.unanswered &&
                mono_since(reply->sent_begin, other->history.sent_at) <= LATE_CEILINGS * drive->world.ceiling_us;
    if (late && !other->history.withdrawn)
        other->late = true;
    return late;
}

static void set_symptom(struct terminal *terminal, enum terminal_trouble trouble, bool there, bool gone, struct mono now)
{
    if (there) {
        terminal->health.symptom = trouble;
        terminal_trouble(terminal, trouble, 0, now);
    } else if (gone) {
        terminal_well(terminal, trouble);
        if (terminal->health.symptom == trouble)
            terminal->health.symptom = TROUBLE_NONE;
    }
}

static void judge_foreign(struct terminal *terminal, struct mono now)
{
    uint32_t foreign = terminal->history.foreign & FOREIGN_RECENT;
    set_symptom(terminal, TROUBLE_FOREIGN, ones(foreign) >= FOREIGN_LEAST, foreign == 0, now);
}

static void judge_duplicate(struct drive *drive, struct terminal *terminal, struct mono now)
{
    const struct terminal_history *mine = &terminal->history;
    unsigned came = 0, odd = 0, own = ones(mine->damaged | mine->doubled);
    for (size_t i = 0; i < drive->n_terminals; i++) {
        const struct terminal_history *other = &drive->terminals[i].history;
        came += other == mine ? 0 : ones(other->came);
        odd += other == mine ? 0 : ones(other->damaged | other->doubled);
    }
    if (came < COMPARE_LEAST)
        own = ones(mine->doubled);
    bool there = own >= DUPLICATE_LEAST && own * 3 >= ones(mine->came) * 2 && odd * 4 <= came;
    set_symptom(terminal, TROUBLE_DUPLICATE, there, own * 4 <= ones(mine->came), now);
}

void drive_note_symptoms(struct drive *drive, const struct drive_step *step, const struct wire_reply *reply, struct mono now)
{
    struct terminal *before = drive->asked;
    drive->asked = NULL;
    if (reply->outcome == WIRE_LOST)
        return;
    if (before && reply->late_bytes > 0) {
        take_late_bytes(before, reply->late_bytes);
        judge_duplicate(drive, before, now);
    }
    if (step->frame != FRAME_TERMINAL)
        return;
    struct terminal *terminal = drive->asked = &drive->terminals[step->index];
    push(&terminal->history, &step->plan.request, reply);
    if (reply->foreign > 0 && !take_late_answer(drive, reply)) {
        terminal->health.foreign += reply->foreign;
        terminal->health.foreign_unit = reply->foreign_unit;
        terminal->history.foreign |= 1;
    }
    judge_foreign(terminal, now);
    judge_duplicate(drive, terminal, now);
}
