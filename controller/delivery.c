/* The ladder of evidence. */
#include "controller/delivery.h"

#include <string.h>

static const char *const RUNGS[RUNG_COUNT] = {"none", "sent", "acknowledged", "armed", "sounding", "heard"};
static const char *const ENDS[END_COUNT] = {"", "heard", "sounded", "failed", "cancelled", "expired", "superseded", "excluded"};
static const char *const REASONS[REASON_COUNT] = {"",
                                                  "no_level",
                                                  "not_sampled",
                                                  "no_reply",
                                                  "exception",
                                                  "not_armed",
                                                  "not_sounding",
                                                  "silent",
                                                  "stopped_early",
                                                  "rebooted",
                                                  "busy_other",
                                                  "line_down",
                                                  "no_audio",
                                                  "no_message",
                                                  "not_stopped",
                                                  "controller_lost",
                                                  "maintenance"};

const char *rung_name(enum rung rung)
{
    return RUNGS[rung];
}

const char *delivery_end_name(enum delivery_end end)
{
    return ENDS[end];
}

const char *delivery_reason_name(enum delivery_reason reason)
{
    return REASONS[reason];
}

void delivery_init(struct delivery *delivery, uint32_t terminal, const struct delivery_terms *terms)
{
    *delivery = (struct delivery){.terminal = terminal, .terms = *terms};
}

void delivery_take_over(struct delivery *delivery, const struct delivery *from)
{
    if (delivery->final || from->final)
        return;
    for (enum rung rung = RUNG_SENT; rung <= RUNG_ARMED && rung <= from->rung; rung++) {
        if (delivery->reached[rung].wall.ms == 0)
            delivery->reached[rung] = from->reached[rung];
        delivery->rung = delivery->rung < rung ? rung : delivery->rung;
    }
    delivery->started = from->started;
    delivery->is_started = from->is_started;
    delivery->starting = from->starting;
    delivery->trouble = from->trouble == REASON_LINE_DOWN ? REASON_NONE : from->trouble; /* a line is told down at every tick */
    delivery->exception = from->exception;
}

enum rung delivery_highest(const struct delivery *delivery)
{
    return delivery->terms.level_kind == LEVEL_NONE ? RUNG_SOUNDING : RUNG_HEARD;
}

static bool climb(struct delivery *delivery, enum rung rung, struct moment at)
{
    bool first = delivery->reached[rung].wall.ms == 0;
    if (first)
        delivery->reached[rung] = at;
    if (rung > delivery->rung)
        delivery->rung = rung;
    return first;
}

static bool set_trouble(struct delivery *delivery, enum delivery_reason reason, uint8_t exception)
{
    bool changed = delivery->trouble != reason || delivery->exception != exception;
    if (changed && reason != REASON_NONE && delivery->troubles[reason] < UINT16_MAX)
        delivery->troubles[reason]++;
    delivery->trouble = reason;
    delivery->exception = exception;
    return changed;
}

static enum delivery_reason reason_of(enum terminal_trouble trouble)
{
    switch (trouble) {
    case TROUBLE_NONE: return REASON_NONE;
    case TROUBLE_NO_REPLY: return REASON_NO_REPLY;
    case TROUBLE_EXCEPTION: return REASON_EXCEPTION;
    case TROUBLE_NOT_ARMED: return REASON_NOT_ARMED;
    case TROUBLE_NOT_SOUNDING: return REASON_NOT_SOUNDING;
    case TROUBLE_REBOOTED: return REASON_REBOOTED;
    case TROUBLE_STOPPED_EARLY: return REASON_STOPPED_EARLY;
    case TROUBLE_BUSY_OTHER: return REASON_BUSY_OTHER;
    case TROUBLE_NOT_STOPPED: return REASON_NOT_STOPPED;
    case TROUBLE_DUPLICATE:
    case TROUBLE_FOREIGN: break; /* of the terminal's health: whether it sounds is seen */
    }
    return REASON_NONE;
}

/* What only follows from the trouble that stands says less than that: one that rebooted and does not come back has rebooted. */
static bool says_less(const struct delivery *delivery, enum delivery_reason reason)
{
    bool fell_silent = delivery->trouble == REASON_REBOOTED || delivery->trouble == REASON_STOPPED_EARLY;
    bool follows = reason == REASON_NO_REPLY || reason == REASON_NOT_ARMED || reason == REASON_NOT_SOUNDING;
    return (fell_silent && follows) || (reason == REASON_NOT_STOPPED && delivery->trouble != REASON_NONE);
}

static bool take_trouble(struct delivery *delivery, const struct line_event *event)
{
    enum delivery_reason reason = reason_of(event->trouble);
    switch (event->trouble) {
    case TROUBLE_REBOOTED:
    case TROUBLE_STOPPED_EARLY:
    case TROUBLE_NOT_SOUNDING:
    case TROUBLE_NOT_ARMED: delivery->is_started = false; break;
    default: break;
    }
    if (reason == REASON_NONE || says_less(delivery, reason))
        return false;
    return set_trouble(delivery, reason, event->exception);
}

static bool sounds_for_us(const struct terminal_reading *reading)
{
    return reading->when[WHEN_SOUNDING] == TRUTH_TRUE && reading->when[WHEN_OURS] == TRUTH_TRUE;
}

/* Sounding is claimed only of a terminal that we started, that says so, and that does not say the sound is another's. That it
 * sounds no more is told as a trouble, with why. */
static bool take_reading(struct delivery *delivery, const struct terminal_reading *reading, struct moment at)
{
    delivery->read = at;
    if (!reading->started || !sounds_for_us(reading))
        return false;
    delivery->is_started = true; /* its line may have been away */
    bool changed = climb(delivery, RUNG_SOUNDING, at);
    return set_trouble(delivery, REASON_NONE, 0) || changed;
}

bool delivery_take_event(struct delivery *delivery, const struct line_event *event, struct wall now)
{
    struct moment at = {event->at, now};
    if (delivery->final)
        return false;
    switch (event->kind) {
    case LINE_SENT:
        delivery->is_started = false; /* it is armed (again): whatever start went out before is over */
        return climb(delivery, RUNG_SENT, at);
    case LINE_ACKNOWLEDGED:
        if (delivery->trouble == REASON_NO_REPLY || delivery->trouble == REASON_EXCEPTION)
            set_trouble(delivery, REASON_NONE, 0);
        return climb(delivery, RUNG_ACKNOWLEDGED, at);
    case LINE_ARMED:
        if (delivery->trouble == REASON_NOT_ARMED)
            set_trouble(delivery, REASON_NONE, 0);
        return climb(delivery, RUNG_ARMED, at);
    case LINE_STARTED:
        if (!delivery->is_started || delivery->trouble != REASON_NONE)
            delivery->started = at; /* words count only if they began after it, also after a reboot or a start in vain */
        delivery->starting = true;
        delivery->is_started = true;
        return true;
    case LINE_READING: return take_reading(delivery, &event->reading, at);
    case LINE_TROUBLE: return take_trouble(delivery, event);
    case LINE_STOPPED:
        delivery->is_started = false;
        delivery->stopped = at;
        if (delivery->trouble == REASON_NOT_STOPPED)
            set_trouble(delivery, REASON_NONE, 0);
        return true;
    case LINE_UP:
    case LINE_DOWN:
    case LINE_SWEPT:
    case LINE_STARTS_SENT:
    case LINE_UNASKED:
    case LINE_SETTLED:
    case LINE_CALL_REFUSED:
    case LINE_ASKED: break;
    }
    return false;
}

static bool counts(const struct delivery *delivery, enum loudness_verdict verdict, double mean, double speech_mean,
                   struct mono words_began)
{
    return verdict == LOUDNESS_WORDS && mean >= speech_mean - 6 && mono_before(delivery->started.mono, words_began);
}

static enum level_worth take_silence(struct delivery *delivery, double level)
{
    if (delivery->has_baseline && level <= delivery->baseline)
        return LEVEL_WORTHLESS;
    delivery->baseline = level;
    delivery->has_baseline = true;
    return LEVEL_NEWS;
}

/* Twice as many as are needed are kept as they come, then only one that is louder than all before. */
static enum level_worth take_words(struct delivery *delivery, double level, struct moment now)
{
    unsigned needed = delivery->terms.readings_needed;
    bool louder = !delivery->has_level || level > delivery->level;
    bool is_above = level >= delivery->terms.heard_level && level >= delivery->baseline + delivery->terms.rise;
    delivery->counted++;
    delivery->level = louder ? level : delivery->level;
    delivery->has_level = true;
    delivery->above += is_above;
    if (delivery->above >= needed)
        climb(delivery, RUNG_HEARD, now);
    if (is_above && delivery->above <= needed)
        return LEVEL_NEWS;
    return louder || delivery->counted <= 2 * needed ? LEVEL_PROOF : LEVEL_COUNTED;
}

enum level_worth delivery_take_level(struct delivery *delivery, const struct terminal_reading *reading,
                                     enum loudness_verdict verdict, double mean, double speech_mean, struct mono words_began,
                                     struct moment now)
{
    if (delivery->final || !reading->has_level || delivery->terms.level_kind == LEVEL_NONE)
        return LEVEL_WORTHLESS;
    if (!reading->started || !sounds_for_us(reading)) /* its own silence too counts only while it would sound */
        return LEVEL_WORTHLESS;
    if (verdict == LOUDNESS_SILENCE)
        return take_silence(delivery, reading->level);
    if (!delivery->has_baseline || !counts(delivery, verdict, mean, speech_mean, words_began))
        return LEVEL_WORTHLESS;
    return take_words(delivery, reading->level, now);
}

bool delivery_line_down(struct delivery *delivery, struct moment now)
{
    if (delivery->final || delivery->trouble == REASON_LINE_DOWN)
        return false;
    set_trouble(delivery, REASON_LINE_DOWN, 0);
    delivery->is_started = false;
    delivery->end = END_FAILED;
    delivery->reason = REASON_LINE_DOWN;
    delivery->ended = now;
    return true;
}

bool delivery_line_up(struct delivery *delivery)
{
    if (delivery->final || delivery->trouble != REASON_LINE_DOWN)
        return false;
    set_trouble(delivery, delivery->starting ? REASON_NOT_SOUNDING : REASON_NO_REPLY, 0);
    delivery->end = END_NONE;
    delivery->reason = REASON_NONE;
    delivery->ended = (struct moment){0};
    return true;
}

bool delivery_wants_baseline(const struct delivery *delivery)
{
    return delivery->is_started && delivery->terms.level_kind != LEVEL_NONE && !delivery->has_baseline;
}

bool delivery_wants_level(const struct delivery *delivery)
{
    return delivery->is_started && delivery->terms.level_kind != LEVEL_NONE &&
           delivery->above < delivery->terms.readings_needed;
}

bool delivery_sampled(const struct delivery *delivery)
{
    if (delivery->final || !delivery->is_started || delivery->trouble != REASON_NONE ||
        delivery->terms.level_kind == LEVEL_NONE)
        return true;
    return delivery->has_baseline && delivery->counted >= delivery->terms.readings_needed;
}

/* What stands at the end of a programme that was played. */
static void judge(struct delivery *delivery, bool audio_ok)
{
    delivery->end = END_FAILED;
    if (delivery->trouble != REASON_NONE) {
        delivery->reason = delivery->trouble;
    } else if (delivery->rung == RUNG_HEARD) {
        delivery->end = END_HEARD;
        delivery->reason = REASON_NONE;
    } else if (delivery->rung < RUNG_SOUNDING) {
        delivery->reason = delivery->starting || delivery->rung == RUNG_ARMED ? REASON_NOT_SOUNDING
                           : delivery->rung == RUNG_ACKNOWLEDGED              ? REASON_NOT_ARMED
                                                                              : REASON_NO_REPLY;
    } else if (!audio_ok) {
        delivery->reason = REASON_NO_AUDIO;
    } else if (delivery->terms.level_kind == LEVEL_NONE) {
        delivery->end = END_SOUNDED;
        delivery->reason = REASON_NO_LEVEL;
    } else if (delivery->counted >= delivery->terms.readings_needed) {
        delivery->reason = REASON_SILENT;
    } else {
        delivery->end = END_SOUNDED;
        delivery->reason = REASON_NOT_SAMPLED;
    }
}

void delivery_finish(struct delivery *delivery, enum delivery_cause cause, bool audio_ok, struct moment now)
{
    static const enum delivery_end OF[] = {[CAUSE_STOPPED] = END_CANCELLED,
                                           [CAUSE_CANCELLED] = END_CANCELLED,
                                           [CAUSE_EXPIRED] = END_EXPIRED,
                                           [CAUSE_SUPERSEDED] = END_SUPERSEDED,
                                           [CAUSE_CLEARED] = END_SUPERSEDED}; /* by the all-clear */
    if (delivery->final)
        return;
    judge(delivery, audio_ok);
    /* cut short: what was not reached yet is not held against the terminal, a failure that was seen stays one */
    bool seen = delivery->trouble != REASON_NONE || delivery->end == END_HEARD ||
                (delivery->end == END_FAILED && delivery->reason == REASON_SILENT);
    if (cause != CAUSE_FINISHED && !seen) {
        delivery->end = OF[cause];
        delivery->reason = REASON_NONE;
    }
    delivery->ended = now;
    delivery->final = true;
}
