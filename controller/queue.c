/* A sorted array: a channel's queue is short, and its order must be obvious. */
#include "controller/queue.h"

#include <stdlib.h>
#include <string.h>

struct queue {
    const struct config *config;
    struct alert **alerts;
    size_t n, room;
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
        free(queue->alerts);
    free(queue);
}

struct precedence queue_precedence(const struct config *config, const struct alert *alert)
{
    return (struct precedence){alert->message->status, alert->level, alert->urgency, config->hazards[alert->hazard].rank,
                               alert->received,        alert->id};
}

static bool make_room(struct queue *queue)
{
    if (queue->n < queue->room)
        return true;
    size_t room = queue->room ? queue->room * 2 : 16;
    struct alert **alerts = realloc(queue->alerts, room * sizeof(struct alert *));
    if (!alerts)
        return false;
    queue->alerts = alerts;
    queue->room = room;
    return true;
}

bool queue_push(struct queue *queue, struct alert *alert)
{
    if (!make_room(queue))
        return false;
    struct precedence mine = queue_precedence(queue->config, alert);
    size_t at = queue->n;
    for (size_t i = queue->n; i-- > 0;) {
        struct precedence other = queue_precedence(queue->config, queue->alerts[i]);
        int order = precedence_compare(&mine, &other);
        if (order == 0)
            return false;
        if (order < 0)
            at = i;
    }
    memmove(queue->alerts + at + 1, queue->alerts + at, (queue->n - at) * sizeof(struct alert *));
    queue->alerts[at] = alert;
    queue->n++;
    return true;
}

struct alert *queue_first(const struct queue *queue)
{
    return queue->n ? queue->alerts[0] : NULL;
}

bool queue_remove(struct queue *queue, const struct alert *alert)
{
    for (size_t i = 0; i < queue->n; i++)
        if (queue->alerts[i] == alert) {
            queue->n--;
            memmove(queue->alerts + i, queue->alerts + i + 1, (queue->n - i) * sizeof(struct alert *));
            return true;
        }
    return false;
}
