/* The order of transactions on a line (arbiter.h). */
#include "hardware/arbiter.h"

enum {
    SLOTS_PER_ROUND = 2, /* polls, second tries and probes between two rounds of verification */
    IN_VAIN_MAX = 2,
    PROBE_SHARE = 3, /* one of so many ceilings, while somebody is verified */
};

void arbiter_begin(struct arbiter_offers *offers, struct mono now, int64_t ceiling_us)
{
    *offers = (struct arbiter_offers){.now = now, .ceiling_us = ceiling_us, .wake = {INT64_MAX}, .urgent = {INT64_MAX}};
    for (int tier = 0; tier < ARBITER_TIERS; tier++)
        offers->best[tier].plan.class = CLASS_NONE;
}

static enum arbiter_tier tier_of(const struct arbiter *arbiter, const struct terminal_plan *plan)
{
    if (plan->doubt == DOUBT_PROBE)
        return TIER_PROBE;
    bool prompt = plan->doubt == DOUBT_NONE || (plan->class == CLASS_STOP && arbiter->in_vain < IN_VAIN_MAX);
    return plan->class <= CLASS_ARM && prompt ? TIER_COMMAND : TIER_OTHER;
}

static bool is_better(enum arbiter_tier tier, const struct drive_step *a, const struct drive_step *b)
{
    const struct terminal_plan *x = &a->plan, *y = &b->plan;
    if (y->class == CLASS_NONE || tier == TIER_PROBE)
        return y->class == CLASS_NONE || mono_before(x->not_before, y->not_before);
    if (x->class != y->class)
        return x->class < y->class;
    if (tier == TIER_COMMAND && x->doubt != y->doubt)
        return x->doubt < y->doubt;
    if ((a->frame == FRAME_TERMINAL) != (b->frame == FRAME_TERMINAL))
        return a->frame != FRAME_TERMINAL;
    if (x->begun != y->begun)
        return x->begun;
    bool together = x->not_before.us == y->not_before.us;
    return together ? x->doubt < y->doubt : mono_before(x->not_before, y->not_before);
}

void arbiter_offer(const struct arbiter *arbiter, struct arbiter_offers *offers, const struct drive_step *step)
{
    const struct terminal_plan *plan = &step->plan;
    if (plan->class == CLASS_NONE)
        return;
    enum arbiter_tier tier = tier_of(arbiter, plan);
    struct mono due = tier == TIER_PROBE ? mono_later(plan->not_before, arbiter->next_probe) : plan->not_before;
    if (mono_before(offers->now, due)) {
        offers->wake = mono_earlier(offers->wake, due);
        if (tier == TIER_COMMAND && !plan->behind)
            offers->urgent = mono_earlier(offers->urgent, plan->not_before);
    } else if (is_better(tier, step, &offers->best[tier])) {
        offers->best[tier] = *step;
    }
}

bool arbiter_command(const struct arbiter_offers *offers, struct drive_step *step)
{
    *step = offers->best[TIER_COMMAND];
    return step->plan.class != CLASS_NONE;
}

/* Somebody is due there, and his wait does not hold back a command that falls due meanwhile. */
static bool may_go(const struct arbiter_offers *offers, enum arbiter_tier tier)
{
    const struct terminal_plan *plan = &offers->best[tier].plan;
    bool long_wait = plan->first_byte_us >= offers->ceiling_us;
    return plan->class != CLASS_NONE &&
           !(long_wait && mono_before(offers->urgent, mono_plus_us(offers->now, plan->first_byte_us)));
}

bool arbiter_outside(struct arbiter *arbiter, const struct arbiter_offers *offers, struct drive_step *step)
{
    bool probe = !arbiter->probed && may_go(offers, TIER_PROBE);
    size_t kept = probe ? 1 : 0; /* the last slot is the probe's */
    if (arbiter->slots > kept && may_go(offers, TIER_OTHER))
        *step = offers->best[TIER_OTHER];
    else if (arbiter->slots > 0 && probe)
        *step = offers->best[TIER_PROBE];
    else
        return false;
    arbiter->slots--;
    if (step->plan.doubt == DOUBT_PROBE) {
        arbiter->probed = true;
        arbiter->next_probe = mono_plus_us(offers->now, arbiter->verifies ? PROBE_SHARE * offers->ceiling_us : 0);
    }
    return true;
}

void arbiter_new_round(struct arbiter *arbiter, size_t verifying, size_t terminals)
{
    arbiter->slots = verifying > 0 || terminals < SLOTS_PER_ROUND ? SLOTS_PER_ROUND : terminals;
    arbiter->verifies = verifying > 0;
    arbiter->probed = false;
}

void arbiter_done(struct arbiter *arbiter, const struct terminal_plan *plan, enum wire_outcome outcome)
{
    if (plan->class != CLASS_STOP || plan->doubt != DOUBT_SECOND_TRY)
        return;
    arbiter->in_vain = outcome == WIRE_SILENT ? arbiter->in_vain + 1 : 0;
}

enum arbiter_yield arbiter_yield(const struct terminal_plan *plan, int64_t ceiling_us)
{
    bool awaited = (plan->class == CLASS_STOP || plan->class == CLASS_START) && plan->doubt != DOUBT_PROBE;
    if (plan->first_byte_us < ceiling_us || awaited)
        return YIELD_NOT;
    return plan->read && plan->class >= CLASS_POLL ? YIELD_ANY : YIELD_TARGET;
}
