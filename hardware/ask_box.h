/* What line_ask and line_withdraw leave for a line's thread: a few requests and a lock that is never held over I/O or events.
 */
#ifndef TOCSIN_HARDWARE_ASK_BOX_H
#define TOCSIN_HARDWARE_ASK_BOX_H

#include "hardware/line_drive.h"

#include <pthread.h>

struct ask_box {
    pthread_mutex_t mutex; /* guards what follows */
    bool closed;
    size_t n_asks, n_taken, n_withdrawn;
    struct drive_ask asks[LINE_ASKS_MAX];
    uint32_t taken[LINE_ASKS_MAX]; /* with the drive, and perhaps not answered yet */
    uint32_t withdrawn[LINE_ASKS_MAX];
};

void ask_box_init(struct ask_box *box);
void ask_box_destroy(struct ask_box *box);

/* Any thread. False where too many wait, or after the end. */
bool ask_box_put(struct ask_box *box, const struct drive_ask *ask);
void ask_box_withdraw(struct ask_box *box, uint32_t request);

/* The line's thread: hands over what came; sees what was answered; refuses what is left and what comes later. */
void ask_box_take(struct ask_box *box, struct drive *drive, struct mono now);
void ask_box_note(struct ask_box *box, const struct drive *drive);
void ask_box_close(struct ask_box *box, struct drive *drive, struct mono now);

#endif
