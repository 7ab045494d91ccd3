/* The alerts that wait for one channel, in order of precedence. Pure; borrows the alerts. */
#ifndef TOCSIN_CONTROLLER_QUEUE_H
#define TOCSIN_CONTROLLER_QUEUE_H

#include "controller/alert.h"
#include "controller/precedence.h"

struct queue;

struct queue *queue_create(const struct config *config); /* NULL without memory */
void queue_free(struct queue *queue);

/* Puts the alert where its precedence says. False without memory, or if it is there already. */
bool queue_push(struct queue *queue, struct alert *alert);
/* The same behind its equals: it has had its turn. */
bool queue_push_after_turn(struct queue *queue, struct alert *alert);
struct alert *queue_first(const struct queue *queue); /* stays in; NULL when empty */
bool queue_remove(struct queue *queue, const struct alert *alert);

/* What the first one may do to this one, which sounds. CLAIM_NONE when empty. */
enum precedence_claim queue_claim(const struct queue *queue, const struct alert *sounding);

#endif
