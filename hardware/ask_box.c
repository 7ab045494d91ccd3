/* Requests from any thread to the one of a line (ask_box.h). */
#include "hardware/ask_box.h"

#include <string.h>

void ask_box_init(struct ask_box *box)
{
    *box = (struct ask_box){.closed = false};
    pthread_mutex_init(&box->mutex, NULL);
}

void ask_box_destroy(struct ask_box *box)
{
    pthread_mutex_destroy(&box->mutex);
}

bool ask_box_put(struct ask_box *box, const struct drive_ask *ask)
{
    pthread_mutex_lock(&box->mutex);
    bool room = !box->closed && box->n_asks + box->n_taken < LINE_ASKS_MAX;
    if (room)
        box->asks[box->n_asks++] = *ask;
    pthread_mutex_unlock(&box->mutex);
    return room;
}

static bool holds(const uint32_t *requests, size_t n, uint32_t request)
{
    for (size_t i = 0; i < n; i++)
        if (requests[i] == request)
            return true;
    return false;
}

void ask_box_withdraw(struct ask_box *box, uint32_t request)
{
    size_t kept = 0;
    pthread_mutex_lock(&box->mutex);
    for (size_t i = 0; i < box->n_asks; i++)
        if (box->asks[i].request != request)
            box->asks[kept++] = box->asks[i];
    box->n_asks = kept;
    if (holds(box->taken, box->n_taken, request) && !holds(box->withdrawn, box->n_withdrawn, request))
        box->withdrawn[box->n_withdrawn++] = request;
    pthread_mutex_unlock(&box->mutex);
}

void ask_box_take(struct ask_box *box, struct drive *drive, struct mono now)
{
    struct drive_ask asks[LINE_ASKS_MAX];
    uint32_t withdrawn[LINE_ASKS_MAX];
    pthread_mutex_lock(&box->mutex);
    size_t n_asks = box->n_asks, n_withdrawn = box->n_withdrawn;
    memcpy(asks, box->asks, n_asks * sizeof *asks);
    memcpy(withdrawn, box->withdrawn, n_withdrawn * sizeof *withdrawn);
    for (size_t i = 0; i < n_asks; i++)
        box->taken[box->n_taken++] = asks[i].request;
    box->n_asks = box->n_withdrawn = 0;
    pthread_mutex_unlock(&box->mutex);
    for (size_t i = 0; i < n_withdrawn; i++)
        drive_withdraw(drive, withdrawn[i]);
    for (size_t i = 0; i < n_asks; i++)
        drive_ask(drive, &asks[i], now);
}

void ask_box_note(struct ask_box *box, const struct drive *drive)
{
    pthread_mutex_lock(&box->mutex);
    box->n_taken = drive->n_asks;
    for (size_t i = 0; i < box->n_taken; i++)
        box->taken[i] = drive->asks[i].request;
    pthread_mutex_unlock(&box->mutex);
}

void ask_box_close(struct ask_box *box, struct drive *drive, struct mono now)
{
    struct error error = {.code = ERROR_NONE};
    error_set(&error, ERROR_DISCONNECTED, "line %s: it is being closed", drive->settings.id);
    pthread_mutex_lock(&box->mutex);
    box->closed = true;
    pthread_mutex_unlock(&box->mutex);
    ask_box_take(box, drive, now);
    drive_end_asks(drive, &error, now);
}
