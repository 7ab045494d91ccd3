/* Rules for good, degraded, dead and unknown; and a word for each loss and return, until there are too many. */
#include "controller/health.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *health_state_name(enum health_state state)
{
    static const char *const NAMES[HEALTH_STATES] = {"good", "degraded", "dead", "unknown"};
    return state < HEALTH_STATES ? NAMES[state] : "";
}

/* ---- what was seen ---- */

/* True if the event shows that the trouble is over. Of those that nothing here takes back, time does. */
static bool takes_back(const struct line_event *event, enum terminal_trouble trouble)
{
    bool reading = event->kind == LINE_READING, armed = event->kind == LINE_ARMED;
    const enum truth *when = event->reading.when;
    bool sounds = reading && when[WHEN_SOUNDING] == TRUTH_TRUE;
    switch (trouble) {
    case TROUBLE_NO_REPLY: return reading;
    case TROUBLE_EXCEPTION: return armed || event->kind == LINE_ACKNOWLEDGED || (reading && event->session == 0);
    case TROUBLE_NOT_ARMED: return armed || sounds;
    case TROUBLE_NOT_SOUNDING:
    case TROUBLE_REBOOTED:
    case TROUBLE_STOPPED_EARLY: return sounds;
    case TROUBLE_BUSY_OTHER: return reading && when[WHEN_BUSY] == TRUTH_FALSE;
    case TROUBLE_NOT_STOPPED: return event->kind == LINE_STOPPED || (reading && when[WHEN_SOUNDING] == TRUTH_FALSE);
    default: return false;
    }
}

static void take_reading(struct health *health, const struct profile *profile, const struct terminal_reading *reading)
{
    static const struct operand_values none;
    health->read = true;
    health->dead = false;
    health->reading = *reading;
    health->fault[0] = '\0';
    if (reading->when[WHEN_FAULT] == TRUTH_TRUE)
        profile_explain(profile, WHEN_FAULT, &reading->values, &none, reading->received, health->fault, sizeof health->fault);
}

static void take_trouble(struct health *health, const struct line_event *event)
{
    if (terminal_trouble_is_symptom(event->trouble)) {
        text_copy(health->symptom, sizeof health->symptom, event->error.message);
        health->seen.symptom = event->trouble;
        return;
    }
    bool dead = event->trouble == TROUBLE_NO_REPLY;
    health->sum.lost += dead && !health->dead;
    health->dead = dead || (health->dead && event->trouble != TROUBLE_EXCEPTION); /* which is an answer */
    health->trouble = event->trouble;
    health->trouble_at = event->at;
    text_copy(health->words, sizeof health->words,
              *event->error.message ? event->error.message : terminal_trouble_name(event->trouble));
}

void health_take_event(struct health *health, const struct profile *profile, const struct line_event *event)
{
    if (event->kind == LINE_READING)
        take_reading(health, profile, &event->reading);
    if (takes_back(event, health->trouble))
        health->trouble = TROUBLE_NONE;
    if (event->kind == LINE_TROUBLE)
        take_trouble(health, event);
}

static void add(struct health_counts *sum, const struct terminal_health *before, const struct terminal_health *now)
{
    if (!before->dead && !now->dead) {
        sum->requests += (uint32_t)(now->requests - before->requests);
        sum->missing += (uint32_t)(now->timeouts - before->timeouts);
        sum->damaged += (uint32_t)(now->damaged - before->damaged);
    }
}

void health_take_counts(struct health *health, const struct terminal_health *seen, struct mono now)
{
    add(&health->sum, &health->seen, seen);
    health->seen = *seen;
    if (health->minute_at.us == 0)
        health->minute_at = mono_plus_ms(now, 60000);
    if (mono_before(now, health->minute_at))
        return;
    health->minute_at = mono_plus_ms(now, 60000);
    health->minutes[health->n_minutes++ % HEALTH_MINUTES] = health->sum;
}

/* Since the oldest minute that is kept, or the start. */
static struct health_counts lately(const struct health *health)
{
    struct health_counts from = {0}, to = health->sum;
    if (health->n_minutes >= HEALTH_MINUTES)
        from = health->minutes[health->n_minutes % HEALTH_MINUTES];
    return (struct health_counts){to.requests - from.requests, to.missing - from.missing, to.damaged - from.damaged,
                                  to.lost - from.lost};
}

/* ---- what it means ---- */

static void __attribute__((format(printf, 2, 3))) because(struct health_verdict *verdict, const char *format, ...)
{
    size_t used = strlen(verdict->why);
    char more[HEALTH_WHY_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(more, sizeof more, format, args);
    va_end(args);
    text_print(verdict->why + used, sizeof verdict->why - used, "%s%s", used ? "; " : "", more);
}

static void judge_counts(struct health_verdict *verdict, const struct health *health)
{
    struct health_counts n = lately(health);
    uint32_t bad = n.missing + n.damaged;
    if (bad >= HEALTH_BAD_LEAST && bad * UINT64_C(100) >= n.requests * (uint64_t)HEALTH_BAD_PERCENT)
        because(verdict, "of %u requests in the last %d min %u had no answer and %u a damaged one", n.requests, HEALTH_MINUTES,
                n.missing, n.damaged);
    if (n.lost >= HEALTH_LOST_LEAST)
        because(verdict, "lost %u times in the last %d min", n.lost, HEALTH_MINUTES);
}

static void judge_symptom(struct health_verdict *verdict, const struct health *health)
{
    if (health->seen.symptom != TROUBLE_NONE)
        because(verdict, "%s", health->symptom);
}

static void judge_answering(struct health_verdict *verdict, const struct health *health, int64_t stale_us, struct mono now)
{
    int64_t age_us = mono_since(now, health->reading.received);
    bool stale = health->read && age_us > stale_us;
    if (*health->fault && !stale)
        because(verdict, "it reports a fault: %s", health->fault);
    if (health->trouble != TROUBLE_NONE && mono_since(now, health->trouble_at) < (int64_t)HEALTH_TROUBLE_S * 1000000)
        because(verdict, "%s", health->words);
    judge_symptom(verdict, health);
    judge_counts(verdict, health);
    verdict->state = *verdict->why ? HEALTH_DEGRADED : HEALTH_GOOD;
    if (health->read && !stale)
        return;
    if (verdict->state == HEALTH_GOOD)
        verdict->state = HEALTH_UNKNOWN;
    if (health->read)
        because(verdict, "not read for %lld s", (long long)(age_us / 1000000));
    else
        because(verdict, "not read yet");
    verdict->tell = verdict->state == HEALTH_DEGRADED || (stale && age_us > (int64_t)HEALTH_SHOWN_S * 1000000);
}

struct health_verdict health_judge(const struct health *health, const struct health_terms *terms, struct mono now)
{
    struct health_verdict verdict = {.state = HEALTH_UNKNOWN, .tell = terms->up};
    if (!terms->up) {
        because(&verdict, "line down"); /* whatever it was last: nobody can see it */
    } else if (health->dead) {
        verdict.state = HEALTH_DEAD;
        because(&verdict, "%s", health->words);
        judge_symptom(&verdict, health);
    } else {
        judge_answering(&verdict, health, terms->stale_us, now);
    }
    return verdict;
}

/* ---- what is news ---- */

static int badness(enum health_state state)
{
    static const int OF[HEALTH_STATES] = {[HEALTH_DEGRADED] = 1, [HEALTH_UNKNOWN] = 2, [HEALTH_DEAD] = 3};
    return OF[state];
}

bool health_is_news(struct health *health, const struct health_verdict *verdict, struct mono now)
{
    int is = badness(verdict->state), was = badness(health->told);
    if (!verdict->tell || is == was)
        return false;
    if (!mono_before(now, health->quiet_until))
        health->worst = HEALTH_GOOD;
    if (is > was && is <= badness(health->worst))
        return false;
    if (is > was) {
        health->worst = verdict->state;
        health->quiet_until = mono_plus_ms(now, HEALTH_QUIET_S * INT64_C(1000));
    }
    health->told = verdict->state;
    return true;
}
