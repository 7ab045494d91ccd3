/* A sorted array: a channel's queue is short, and its order must be obvious. */
#include "controller/queue.h"

#include <stdlib.h>
#include <string.h>

struct waiting {
    struct alert *alert;
    struct precedence precedence;
};

struct queue {
    const struct config *config;
    struct waiting *waiting;
    size_t n, room;
    uint64_t turns; /* that were given up so far */
};

struct queue *queue_create(const struct config *config)
{
    struct queue *queue = calloc(1, sizeof *queue);
    if (queue)
        queue->config = config;
    return queue;
}

void queue_free(struct queue *queue)
{
    if (queue)
        free(queue->waiting);
    free(queue);
}

static struct precedence precedence_of(const struct queue *queue, const struct alert *alert, uint64_t turn)
{
    return (struct precedence){.status = alert->message->status,
                               .level = alert->level,
                               .urgency = alert->urgency,
                               .hazard_rank = queue->config->hazards[alert->hazard].rank,
                               .turn = turn,
                               .received = alert->received,
                               .id = alert->id};
}

static bool make_room(struct queue *queue)
{
    if (queue->n < queue->room)
        return true;
    size_t room = queue->room ? queue->room * 2 : 16;
    struct waiting *waiting = realloc(queue->waiting, room * sizeof *waiting);
    if (!waiting)
        return false;
    queue->waiting = waiting;
    queue->room = room;
    return true;
}

static bool push(struct queue *queue, struct alert *alert, uint64_t turn)
{
    if (!make_room(queue))
        return false;
    struct waiting mine = {alert, precedence_of(queue, alert, turn)};
    size_t at = queue->n;
    for (size_t i = queue->n; i-- > 0;) {
        if (queue->waiting[i].alert == alert)
            return false;
        if (precedence_compare(&mine.precedence, &queue->waiting[i].precedence) < 0)
            at = i;
    }
    memmove(queue->waiting + at + 1, queue->waiting + at, (queue->n - at) * sizeof mine);
    queue->waiting[at] = mine;
    queue->n++;
    return true;
}

bool queue_push(struct queue *queue, struct alert *alert)
{
    return push(queue, alert, 0);
}

bool queue_push_after_turn(struct queue *queue, struct alert *alert)
{
    return push(queue, alert, ++queue->turns);
}

struct alert *queue_first(const struct queue *queue)
{
    return queue->n ? queue->waiting[0].alert : NULL;
}

enum precedence_claim queue_claim(const struct queue *queue, const struct alert *sounding)
{
    struct precedence other = precedence_of(queue, sounding, 0);
    return queue->n ? precedence_claim(&queue->waiting[0].precedence, &other) : CLAIM_NONE;
}

bool queue_remove(struct queue *queue, const struct alert *alert)
{
    for (size_t i = 0; i < queue->n; i++)
        if (queue->waiting[i].alert == alert) {
            queue->n--;
            memmove(queue->waiting + i, queue->waiting + i + 1, (queue->n - i) * sizeof *queue->waiting);
            return true;
        }
    return false;
}
