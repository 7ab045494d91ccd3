/* The order of alerts on a channel. */
#include "controller/precedence.h"

#include <string.h>

static int status_rank(enum alert_status status)
{
    return status == STATUS_ACTUAL ? 0 : status == STATUS_EXERCISE ? 1 : 2;
}

/* Immediate, Expected, Future; Unknown is taken for Expected, since it may not be put behind what can wait. */
static int urgency_rank(enum alert_urgency urgency)
{
    switch (urgency) {
    case URGENCY_IMMEDIATE: return 0;
    case URGENCY_EXPECTED:
    case URGENCY_UNKNOWN: return 1;
    case URGENCY_FUTURE: return 2;
    case URGENCY_PAST: return 3;
    }
    return 3;
}

static int compare_danger(const struct precedence *a, const struct precedence *b)
{
    int order = status_rank(a->status) - status_rank(b->status);
    if (order == 0)
        order = (int)a->level - (int)b->level;
    if (order == 0)
        order = urgency_rank(a->urgency) - urgency_rank(b->urgency);
    if (order == 0)
        order = (a->hazard_rank > b->hazard_rank) - (a->hazard_rank < b->hazard_rank);
    return order;
}

int precedence_compare(const struct precedence *a, const struct precedence *b)
{
    int order = compare_danger(a, b);
    if (order == 0)
        order = (a->turn > b->turn) - (a->turn < b->turn);
    if (order == 0)
        order = (a->received.ms > b->received.ms) - (a->received.ms < b->received.ms);
    return order != 0 ? order : strcmp(a->id, b->id);
}

enum precedence_claim precedence_claim(const struct precedence *waiting, const struct precedence *sounding)
{
    int order = compare_danger(waiting, sounding);
    if (order > 0)
        return CLAIM_NONE;
    if (waiting->status == STATUS_ACTUAL && sounding->status == STATUS_EXERCISE)
        return CLAIM_CUT_OFF;
    return order == 0 ? CLAIM_TURN : CLAIM_PREEMPT;
}
