/* The lock and the bells between a line's thread and all others (line_box.h). */
#include "hardware/line_box.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void ring(int eventfd_descriptor)
{
    uint64_t one = 1;
    ssize_t ignored = write(eventfd_descriptor, &one, sizeof one); /* full means that it rings already */
    (void)ignored;
}

static void silence(int eventfd_descriptor)
{
    uint64_t count;
    ssize_t ignored = read(eventfd_descriptor, &count, sizeof count);
    (void)ignored;
}

/* With the mutex, as for what is put in and taken out: a bell that outlived what it rang for would end a wait for nothing. The
 * flag spares the thread a look at the bell when nobody has rung. */
static void wake(struct line_box *box)
{
    ring(box->wake);
    box->rung = true;
}

static void close_descriptor(int descriptor)
{
    if (descriptor >= 0)
        close(descriptor);
}

bool line_box_init(struct line_box *box, struct error *error)
{
    *box = (struct line_box){.socket = -1};
    pthread_mutex_init(&box->mutex, NULL);
    ask_box_init(&box->asks);
    box->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    box->command = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    box->closing = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (box->wake >= 0 && box->command >= 0 && box->closing >= 0)
        return true;
    return error_set(error, ERROR_IO, "line: eventfd: %s", strerror(errno));
}

void line_box_destroy(struct line_box *box)
{
    close_descriptor(box->wake);
    close_descriptor(box->command);
    close_descriptor(box->closing);
    close_descriptor(box->socket);
    ask_box_destroy(&box->asks);
    pthread_mutex_destroy(&box->mutex);
}

/* ---- in ---- */

void line_box_put_target(struct line_box *box, const struct line_target *target)
{
    pthread_mutex_lock(&box->mutex);
    box->target = *target;
    box->has_target = true;
    ring(box->command);
    wake(box);
    pthread_mutex_unlock(&box->mutex);
}

void line_box_put_verify(struct line_box *box, const uint16_t *terminals, size_t n)
{
    pthread_mutex_lock(&box->mutex);
    box->n_verify = n < LINE_TERMINALS_MAX ? n : LINE_TERMINALS_MAX;
    if (box->n_verify > 0)
        memcpy(box->verify, terminals, box->n_verify * sizeof *terminals);
    box->has_verify = true;
    wake(box);
    pthread_mutex_unlock(&box->mutex);
}

bool line_box_put_ask(struct line_box *box, const struct drive_ask *ask)
{
    pthread_mutex_lock(&box->mutex);
    bool room = ask_box_put(&box->asks, ask);
    if (room)
        wake(box);
    pthread_mutex_unlock(&box->mutex);
    return room;
}

void line_box_withdraw(struct line_box *box, uint32_t request)
{
    pthread_mutex_lock(&box->mutex);
    ask_box_withdraw(&box->asks, request);
    wake(box);
    pthread_mutex_unlock(&box->mutex);
}

void line_box_put_socket(struct line_box *box, int socket, struct mono at)
{
    pthread_mutex_lock(&box->mutex);
    int older = box->socket;
    box->socket = socket;
    if (older < 0)
        box->called_at = at;
    wake(box);
    pthread_mutex_unlock(&box->mutex);
    close_descriptor(older);
}

void line_box_put_end(struct line_box *box, struct mono by)
{
    pthread_mutex_lock(&box->mutex);
    box->closed = true;
    box->end_by = by;
    ring(box->closing);
    ring(box->command);
    wake(box);
    pthread_mutex_unlock(&box->mutex);
}

void line_box_ring(struct line_box *box)
{
    pthread_mutex_lock(&box->mutex);
    ring(box->closing);
    ring(box->command);
    wake(box);
    pthread_mutex_unlock(&box->mutex);
}

void line_box_inherit(struct line_box *box, struct line_box *from)
{
    pthread_mutex_lock(&from->mutex);
    box->target = from->target;
    box->has_target = from->target.n_members > 0;
    box->n_verify = from->n_verify;
    box->has_verify = from->n_verify > 0;
    memcpy(box->verify, from->verify, sizeof box->verify);
    box->counts = from->counts;
    pthread_mutex_unlock(&from->mutex);
}

struct mono line_box_take(struct line_box *box, struct drive *drive, struct mono now)
{
    static const struct line_target nobody = {.n_members = 0};
    struct line_target target;
    uint16_t verify[LINE_TERMINALS_MAX];
    pthread_mutex_lock(&box->mutex);
    bool has_target = box->has_target, has_verify = box->has_verify, ended = box->ending;
    size_t n_verify = box->n_verify;
    if (has_target)
        target = box->target;
    if (has_verify)
        memcpy(verify, box->verify, n_verify * sizeof *verify);
    box->has_target = box->has_verify = false;
    bool ends = box->closed && !ended;
    box->ending = box->closed;
    struct mono end_by = box->closed ? box->end_by : (struct mono){INT64_MAX};
    if (box->rung)
        silence(box->wake);
    box->rung = false;
    if (has_target || ends)
        silence(box->command);
    pthread_mutex_unlock(&box->mutex);
    ask_box_take(&box->asks, drive, now);
    if (has_verify)
        drive_set_verify(drive, verify, n_verify);
    if (has_target && !ended)
        drive_set_target(drive, &target, now);
    if (ends) {
        ask_box_close(&box->asks, drive, now);
        drive_set_target(drive, &nobody, now);
    }
    return end_by;
}

struct mono line_box_called_at(struct line_box *box)
{
    pthread_mutex_lock(&box->mutex);
    struct mono at = box->socket >= 0 ? box->called_at : (struct mono){INT64_MAX};
    pthread_mutex_unlock(&box->mutex);
    return at;
}

void line_box_print_caller(struct line_box *box, char from[ADDRESS_TEXT_MAX])
{
    pthread_mutex_lock(&box->mutex);
    address_print_peer(box->socket, from);
    pthread_mutex_unlock(&box->mutex);
}

int line_box_take_socket(struct line_box *box)
{
    pthread_mutex_lock(&box->mutex);
    int socket = box->socket;
    box->socket = -1;
    pthread_mutex_unlock(&box->mutex);
    return socket;
}

/* ---- out ---- */

void line_box_count(struct line_box *box, struct wire *wire, enum terminal_class class)
{
    pthread_mutex_lock(&box->mutex);
    if (wire)
        wire_take_counts(wire, &box->counts);
    if (class < TERMINAL_CLASSES)
        box->counts.class_requests[class]++;
    pthread_mutex_unlock(&box->mutex);
}

void line_box_count_reopening(struct line_box *box)
{
    pthread_mutex_lock(&box->mutex);
    box->counts.reopened++;
    pthread_mutex_unlock(&box->mutex);
}

void line_box_get_counts(struct line_box *box, struct line_counts *counts)
{
    pthread_mutex_lock(&box->mutex);
    *counts = box->counts;
    pthread_mutex_unlock(&box->mutex);
}

void line_box_show_health(struct line_box *box, const struct terminal *terminal)
{
    pthread_mutex_lock(&box->mutex);
    box->health[terminal->index] = terminal->health;
    box->health[terminal->index].dead = terminal->dead;
    pthread_mutex_unlock(&box->mutex);
}

void line_box_get_health(struct line_box *box, uint16_t terminal, struct terminal_health *health)
{
    pthread_mutex_lock(&box->mutex);
    *health = box->health[terminal];
    pthread_mutex_unlock(&box->mutex);
}
