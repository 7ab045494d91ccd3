/* Who has the wire next: the one rule of order among all who want it. Pure and small; line_drive.c offers it what the
 * terminals, the groups and the asks want now, and lends it the round of verification.
 *
 * The order
 *   1. commands: stop, start, arm. A stop's second tries are among them, behind its first ones, until two in a row were in
 *      vain: then the others need not wait for those who may be dead.
 *   2. the round of verification, first tries only.
 *   3. between two rounds a few of those outside: by class (arm, verify, technician, poll), within a class whoever has waited
 *      longest. A second try waits from the end of the ceiling on: it is behind all that were due then, and before those
 *      that fall due later, or a line that is never idle would not come to it.
 *   4. one probe of a dead one, whoever has waited longest.
 * In the same place goes a frame for all before one for a single terminal, a status that was begun before another, and then
 * whoever has waited longest. Where nobody verifies, a round is over when nobody but the dead is due, or after as many
 * transactions as there are terminals.
 *
 * What is always so
 *   - A stop, start or arm that is due waits for the one transaction on the wire, and where that waits for one that may be
 *     dead not even for its end (arbiter_yield).
 *   - No wait for one that may be dead is begun where a command falls due before its end, but for stops.
 *   - A round of verification costs a live terminal its transaction, a newly dead one its first-byte limit, and nothing else.
 *   - At most one probe a round; and where one is due no round without one, so that neither side starves the other. Short
 *     rounds of verification are no reason for many probes: a third of the time at most is theirs then. */
#ifndef TOCSIN_HARDWARE_ARBITER_H
#define TOCSIN_HARDWARE_ARBITER_H

#include "hardware/terminal.h"

enum drive_frame { FRAME_TERMINAL, FRAME_GROUP_ARM, FRAME_GROUP_START, FRAME_GROUP_STOP, FRAME_GROUP_HOLD };

/* One transaction to make. */
struct drive_step {
    enum drive_frame frame;
    uint16_t index; /* of the terminal or the group */
    bool verify;    /* in the round of verification */
    struct terminal_plan plan;
};

enum arbiter_tier { TIER_COMMAND, TIER_OTHER, TIER_PROBE, ARBITER_TIERS };

struct arbiter {
    size_t slots;           /* of those outside, left in this round */
    bool verifies;          /* somebody is in the round */
    bool probed;            /* the probe of this round has been */
    struct mono next_probe; /* not before */
    unsigned in_vain;       /* second tries of stops that were not answered, in a row */
};

/* What was offered for one decision. */
struct arbiter_offers {
    struct mono now;
    int64_t ceiling_us;
    struct drive_step best[ARBITER_TIERS]; /* class CLASS_NONE: nobody */
    struct mono wake;                      /* when the next of those that are not due will be */
    struct mono urgent;                    /* the same of commands that somebody waits for */
};

void arbiter_begin(struct arbiter_offers *offers, struct mono now, int64_t ceiling_us);
void arbiter_offer(const struct arbiter *arbiter, struct arbiter_offers *offers, const struct drive_step *step);

/* The command to give now, before any verification. */
bool arbiter_command(const struct arbiter_offers *offers, struct drive_step *step);
/* Who outside of the round has his turn; false when the round is over. */
bool arbiter_outside(struct arbiter *arbiter, const struct arbiter_offers *offers, struct drive_step *step);
/* verifying: how many are verified, of terminals on the line. */
void arbiter_new_round(struct arbiter *arbiter, size_t verifying, size_t terminals);

void arbiter_done(struct arbiter *arbiter, const struct terminal_plan *plan, enum wire_outcome outcome);

/* What ends the wait for the answer to a transaction: only whoever may be dead is left waiting for. */
enum arbiter_yield {
    YIELD_NOT,    /* the answer would meet the next frame, or what was written must be known */
    YIELD_TARGET, /* a new target: stop, start and arm do not wait for the ceiling */
    YIELD_ANY,    /* anything that is new */
};
enum arbiter_yield arbiter_yield(const struct terminal_plan *plan, int64_t ceiling_us);

#endif
