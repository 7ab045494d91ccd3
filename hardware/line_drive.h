/* The mind of a line, without thread, port or clock: it holds the terminals and the target, chooses the next transaction and
 * digests its outcome. line.c gives it time and the wire; tests give it virtual time and a scripted one. */
#ifndef TOCSIN_HARDWARE_LINE_DRIVE_H
#define TOCSIN_HARDWARE_LINE_DRIVE_H

#include "hardware/arbiter.h"

/* The terminals of one profile: what may go to all of them at once. */
struct drive_group {
    const struct profile *profile;
    bool arming; /* its sequence goes out by broadcast, at this step and not before this time */
    size_t step;
    struct mono arm_at;
    bool gate;     /* starts may go out */
    bool starting; /* first by one broadcast, at start_at */
    struct mono start_at;
    bool answered; /* some terminal answered its arm, first at first_answer */
    struct mono first_answer;
    bool holding;         /* those armed later wait for the next batch, */
    struct mono batch_at; /* due then */
    bool stopping;        /* one stop for all is due */
    bool hold_due;        /* one hold for all is due */
};

/* What was asked with line_ask and is not answered yet, in the order of asking. */
struct drive_ask {
    uint32_t request;
    uint16_t terminal;
    struct mono asked, by;
};

struct drive {
    struct line_settings settings;
    struct terminal_world world;
    size_t n_terminals, n_groups, n_verify;
    struct terminal *terminals;
    struct drive_group *groups;
    const struct profile **profiles; /* of the groups */
    uint16_t verify[LINE_TERMINALS_MAX];
    size_t verify_at;       /* place in the round */
    struct terminal *asked; /* by the last transaction; NULL: nobody alone */
    struct arbiter arbiter;
    struct drive_ask asks[LINE_ASKS_MAX];
    size_t n_asks;
    bool has_target, up; /* a target was ever given; the port is open */
    bool members;        /* the target names somebody */
    bool starts_told, settled_told, swept_told;
};

/* Copies the settings. False with ERROR_INVALID or ERROR_NO_MEMORY. */
bool drive_init(struct drive *drive, const struct line_settings *settings, const struct terminal_settings *terminals, size_t n,
                uint16_t recorded_token, line_event_fn *event, void *context, struct error *error);
void drive_free(struct drive *drive);

void drive_set_target(struct drive *drive, const struct line_target *target, struct mono now);
void drive_set_verify(struct drive *drive, const uint16_t *terminals, size_t n);
void drive_port_up(struct drive *drive, const char *method, struct mono now);
void drive_port_down(struct drive *drive, const struct error *error, struct mono now);

/* As line_ask, line_withdraw and the end of the line say. The answer comes as LINE_ASKED, at the deadline or when the
 * transaction that is then on the wire is over. False where too many wait. */
bool drive_ask(struct drive *drive, const struct drive_ask *ask, struct mono now);
void drive_withdraw(struct drive *drive, uint32_t request);
void drive_end_asks(struct drive *drive, const struct error *error, struct mono now);

/* The transaction to make now; false if there is none before *wake. Tells what has become so with the time. */
bool drive_next(struct drive *drive, struct mono now, struct drive_step *step, struct mono *wake);
void drive_done(struct drive *drive, const struct drive_step *step, const struct wire_reply *reply, struct mono now);

/* True when the target is empty and all have come to rest or been reported. */
bool drive_is_settled(const struct drive *drive);

/* Inside of the drive (line_group.c, line_broadcast.c, line_ask.c, line_symptoms.c) */
void drive_note_symptoms(struct drive *drive, const struct drive_step *step, const struct wire_reply *reply, struct mono now);
void drive_groups_decide(struct drive *drive, struct mono now);
void drive_groups_update(struct drive *drive, struct mono now);
void drive_groups_offer(const struct drive *drive, struct arbiter_offers *offers);
void drive_group_done(struct drive *drive, const struct drive_step *step, const struct wire_reply *reply);
bool drive_can_arm_all(const struct drive *drive, const struct drive_group *group);
bool drive_can_start_all(const struct drive *drive, const struct drive_group *group, struct mono now);
bool drive_can_stop_all(const struct drive *drive, const struct drive_group *group);
bool drive_can_hold_all(const struct drive *drive, const struct drive_group *group);
bool drive_is_startable(const struct terminal *terminal, struct mono now);
void drive_asks_offer(struct drive *drive, struct arbiter_offers *offers);
void drive_asks_done(struct drive *drive, const struct drive_step *step, const struct wire_reply *reply, struct mono now);
void drive_line_event(const struct drive *drive, enum line_event_kind kind, const struct error *error, struct mono at);

#endif
