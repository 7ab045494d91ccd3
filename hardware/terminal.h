/* The driver that a profile makes: where one terminal stands between rest and sounding, the one transaction that it wants
 * next, and what its replies prove. Pure: the time is an argument, nothing is sent here. The line owns it (line_drive.h). */
#ifndef TOCSIN_HARDWARE_TERMINAL_H
#define TOCSIN_HARDWARE_TERMINAL_H

#include "hardware/line.h"
#include "hardware/wire.h"

enum terminal_phase {
    TERMINAL_REST,      /* nothing of ours is there */
    TERMINAL_PREPARE,   /* to be read before its sequence: not busy, and without a token first seen as not armed */
    TERMINAL_ARM,       /* its sequence is under way */
    TERMINAL_ARMED,     /* sequence sent; waits for its start */
    TERMINAL_STARTED,   /* start has left the wire */
    TERMINAL_STOP,      /* to be told to stop */
    TERMINAL_SILENCE,   /* told; to be read back as silent */
    TERMINAL_POWER_OFF, /* silent; amplifier to be switched off */
    TERMINAL_DISARM,    /* heard a broadcast arm that was not meant for it: to be told so before anybody is started */
};

enum { TERMINAL_LEARNS = 8 };

/* What the last 32 requests to a terminal brought, the latest in bit 0. */
struct terminal_history {
    uint32_t came;       /* anything, good or damaged */
    uint32_t damaged;    /* no frame */
    uint32_t doubled;    /* a second frame behind the answer */
    uint32_t foreign;    /* another unit's frame */
    bool unanswered;     /* the last one */
    bool withdrawn;      /* and its wait was cut short: a late answer to it is none of a slow one */
    struct mono sent_at; /* of the last one, */
    uint8_t function;    /* what it asked for, and where */
    uint16_t address, count;
};

/* What is common to the terminals of a line. */
struct terminal_world {
    int64_t ceiling_us, poll_us;
    bool stop_unasked;
    uint32_t session;        /* of the target in force */
    uint16_t token;          /* of the last session */
    uint16_t recorded_token; /* of a session before the last start of the program */
    line_event_fn *event;
    void *context;
};

struct terminal {
    const struct terminal_world *world;
    struct terminal_settings settings;
    uint16_t index;
    struct profile_read reads[PROFILE_READS_MAX];
    size_t n_reads;

    enum terminal_phase phase;
    bool wanted;
    struct operand_values operands; /* of the session for which it is or was armed */
    size_t step;                    /* of the writes of the phase */
    bool in_group;                  /* its sequence goes out by broadcast */
    bool gate;                      /* the group lets it start */
    bool look;                      /* read it before the next write */
    bool volume_due;                /* another volume in the same session */
    bool touched;                   /* a write of the sequence has left the wire */
    bool reached;                   /* it has answered since then, or will have heard the broadcast */
    bool first_failed;              /* its first try in this arming failed: nobody waits for it */
    bool sent_told, acknowledged, armed_told;
    bool seen_unarmed; /* read as not armed in this session */
    bool reset_tried;  /* was switched off to be seen as not armed */
    bool blind;        /* its sequence goes on, or went out, although nothing is answered */
    bool stop_sent;    /* since it was to be stopped */
    bool sounded, stop_answered, unasked_told;
    uint32_t troubles_told;           /* bit per terminal_trouble */
    unsigned refusals, stops, rearms; /* in a row: exceptions, stops without silence, armings that did not hold */
    struct mono armed_at, start_from, started_at, silent_by;
    struct mono sounded_at; /* last read as sounding */

    unsigned tries, garbled, pause; /* in a row without a good reply; index of the next pause */
    bool dead;                      /* did not answer within the ceiling */
    struct mono retry_at;
    struct mono late_until;          /* the answer to a request that was given up may still come until then */
    bool late;                       /* answered when it was not waited for any more */
    struct terminal_health health;   /* with the learnt time to the first byte */
    int64_t learnt[TERMINAL_LEARNS]; /* what it was learnt from */
    size_t learns;
    struct terminal_history history;

    bool hold_written;   /* since its start */
    bool hold_in_group;  /* goes out by broadcast */
    bool hold_ran_out;   /* it was left alone for too long */
    struct mono held_at; /* its hold was begun anew */

    bool swept; /* asked since the port is open */
    bool seen;  /* read since the port is open and it answers */
    struct mono polled_at;
    size_t read_index;
    struct mono read_began, level_began; /* of the status, and of the request in it that brings the level */
    struct terminal_values values;
    struct terminal_reading last;
    bool has_last;
};

/* How likely a transaction is to be waited for in vain; the more so, the later it has its turn. */
enum terminal_doubt {
    DOUBT_NONE,       /* first try, as long as its answer is known to take */
    DOUBT_SECOND_TRY, /* the one before was not answered: now up to the ceiling */
    DOUBT_PROBE,      /* it is dead, as far as we know */
};

/* The next transaction with one terminal: what it is for, and whether it will be answered, are two things. Class CLASS_PROBE
 * is for nothing but to see whether a dead one is back. */
struct terminal_plan {
    enum terminal_class class;
    enum terminal_doubt doubt;
    bool read;
    bool begun;  /* the rest of a status of several requests */
    bool behind; /* its first try in this arming failed: nobody waits for it */
    struct mono not_before;
    int64_t first_byte_us;
    const struct profile_command *command; /* of a write */
    struct frame_request request;
};

void terminal_init(struct terminal *terminal, const struct terminal_world *world, const struct terminal_settings *settings,
                   uint16_t index);

/* Tells what shall be so; member NULL: silent. */
void terminal_want(struct terminal *terminal, const struct line_member *member, uint16_t token, struct mono now);

/* After the port came back: what was on the wire is unknown, what was learnt is not. */
void terminal_port_up(struct terminal *terminal, struct mono now);

/* What the terminal itself wants next; class CLASS_NONE for nothing. */
void terminal_plan_next(const struct terminal *terminal, struct mono now, struct terminal_plan *plan);

/* A read of the round in which the line verifies. False if it cannot be verified now (dead, being armed, stopped). */
bool terminal_plan_verify(const struct terminal *terminal, struct mono now, struct terminal_plan *plan);

/* A read that somebody asked for: of a dead one too, at the ceiling. False while it is being armed: a status would be taken for
 * the proof of a write that is not out yet. */
bool terminal_plan_ask(const struct terminal *terminal, struct terminal_plan *plan);

/* Digests the outcome of a planned transaction into state and events. */
void terminal_done(struct terminal *terminal, const struct terminal_plan *plan, const struct wire_reply *reply,
                   struct mono now);

/* The same for frames that went to all: one write of the sequence, the start, the stop. */
void terminal_group_armed(struct terminal *terminal, bool first, bool last, uint32_t wait_ms, struct mono sent_end);
void terminal_group_started(struct terminal *terminal, struct mono sent_end);
void terminal_group_stopped(struct terminal *terminal, struct mono sent_end);
/* A broadcast arm with these operands reached it and was not meant for it: it is to be disarmed, at the latest by its stop. */
void terminal_group_unmeant(struct terminal *terminal, const struct operand_values *operands, struct mono sent_end);
void terminal_group_held(struct terminal *terminal, struct mono sent_end);

/* True if it falls silent by itself when it is left alone, and shall not; and when it must be told again. */
bool terminal_is_held(const struct terminal *terminal);
struct mono terminal_hold_due(const struct terminal *terminal);

/* True while others should wait for its first answer to the arm. */
bool terminal_is_pending(const struct terminal *terminal);
/* True when a start was sent to it, or nobody waits for it any more. */
bool terminal_is_started_or_late(const struct terminal *terminal);
/* True when it rests, or has been reported as not stopping. */
bool terminal_is_settled(const struct terminal *terminal);
/* True when no start for all that are armed can reach it: at rest or disarmed, and not last read as armed. Without a token it
 * must have been read as not armed. */
bool terminal_is_unarmed(const struct terminal *terminal);
/* True if the last reading showed another source playing. */
bool terminal_is_busy(const struct terminal *terminal);

/* One write of the whole sequence, NULL behind its end. */
const struct profile_write *terminal_sequence_write(const struct profile *profile, size_t step,
                                                    const struct profile_command **command);

/* Inside of the driver (terminal*.c) */
void terminal_learn(struct terminal *terminal, const struct wire_reply *reply);
int64_t terminal_first_byte_limit(const struct terminal *terminal);
void terminal_hold_note(struct terminal *terminal, const struct terminal_plan *plan, const struct wire_reply *reply);
void terminal_take_reading(struct terminal *terminal, struct mono now);
void terminal_fresh_tries(struct terminal *terminal, struct mono now);
void terminal_begin_arm(struct terminal *terminal, struct mono now);
void terminal_begin_sequence(struct terminal *terminal, struct mono now);
void terminal_begin_stop(struct terminal *terminal, struct mono now);
void terminal_end_stop(struct terminal *terminal, struct mono now);
void terminal_set_armed(struct terminal *terminal, uint32_t wait_ms, struct mono at);
void terminal_set_started(struct terminal *terminal, struct mono at);
void terminal_await_silence(struct terminal *terminal, bool answered, struct mono from, struct mono now);
void terminal_leave_alone(struct terminal *terminal, struct mono now); /* to the other source that plays there */
void terminal_set_stopped(struct terminal *terminal, struct mono now);
void terminal_not_stopped(struct terminal *terminal, struct mono now);
void terminal_set_disarmed(struct terminal *terminal);
void terminal_pause(struct terminal *terminal, unsigned nth, struct mono now); /* growing with nth from 0 */
void terminal_event(const struct terminal *terminal, enum line_event_kind kind, struct mono at);
void terminal_event_reading(const struct terminal *terminal, enum line_event_kind kind);
void terminal_trouble(struct terminal *terminal, enum terminal_trouble trouble, uint8_t exception, struct mono at);
void terminal_well(struct terminal *terminal, enum terminal_trouble trouble); /* it may be told again */

#endif
