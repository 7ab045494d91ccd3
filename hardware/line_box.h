/* What passes between a line's thread and all others: in go the target, the order of reading, questions, a gateway's connection
 * and the end; out come counts and health. One lock, never held over I/O or events, and the bells that wake the thread: rung
 * and silenced with the lock held. */
#ifndef TOCSIN_HARDWARE_LINE_BOX_H
#define TOCSIN_HARDWARE_LINE_BOX_H

#include "hardware/ask_box.h"
#include "hardware/wire.h"
#include "hardware/wire_address.h"

struct line_box {
    int wake, command, closing; /* eventfds to poll: something new to do, a target among it; the end has come */
    struct ask_box asks;

    pthread_mutex_t mutex; /* guards what follows */
    bool rung;             /* wake */
    bool has_target, has_verify, closed;
    bool ending;           /* the drive was told the end */
    int socket;            /* the connection of its gateway, not yet taken over; -1: none */
    struct mono called_at; /* since when there is one */
    struct line_target target;
    uint16_t verify[LINE_TERMINALS_MAX];
    size_t n_verify;
    struct mono end_by;
    struct line_counts counts;
    struct terminal_health health[LINE_TERMINALS_MAX];
};

/* False with ERROR_IO; destroy is to be called in any case. */
bool line_box_init(struct line_box *box, struct error *error);
void line_box_destroy(struct line_box *box);

/* Any thread: as line.h says of line_set_target, line_set_verify, line_ask, line_withdraw, line_give_socket, line_get_... */
void line_box_put_target(struct line_box *box, const struct line_target *target);
void line_box_put_verify(struct line_box *box, const uint16_t *terminals, size_t n);
bool line_box_put_ask(struct line_box *box, const struct drive_ask *ask);
void line_box_withdraw(struct line_box *box, uint32_t request);
void line_box_put_socket(struct line_box *box, int socket, struct mono at);
void line_box_put_end(struct line_box *box, struct mono by);
void line_box_get_counts(struct line_box *box, struct line_counts *counts);
void line_box_get_health(struct line_box *box, uint16_t terminal, struct terminal_health *health);

/* Rings all bells, whatever was put in. */
void line_box_ring(struct line_box *box);

/* What the box of another line was told last, and what it had counted. */
void line_box_inherit(struct line_box *box, struct line_box *from);

/* ---- the line's thread ---- */

/* Hands over to the drive what came since the last time. Returns by when the line must end: INT64_MAX while it shall live. */
struct mono line_box_take(struct line_box *box, struct drive *drive, struct mono now);

struct mono line_box_called_at(struct line_box *box); /* since when a connection waits; {INT64_MAX}: none does */
void line_box_print_caller(struct line_box *box, char from[ADDRESS_TEXT_MAX]); /* whence it came */
int line_box_take_socket(struct line_box *box);                                /* whoever takes it owns it; -1: none */

/* Takes over what the wire has counted (NULL: it is not open) and counts a request of this class (CLASS_NONE: none). */
void line_box_count(struct line_box *box, struct wire *wire, enum terminal_class class);
void line_box_count_reopening(struct line_box *box);
void line_box_show_health(struct line_box *box, const struct terminal *terminal);

#endif
