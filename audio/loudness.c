/* The loudness line: a ring of steps, and what it says about an interval. */
#include "audio/loudness.h"

#include <math.h>
#include <stdlib.h>

enum {
    STEP_US = LOUDNESS_STEP_MS * 1000,
    JITTER_US = STEP_US / 2 /* a card tells its position by the period: steps that nearly meet do meet */
};

struct loudness {
    struct loudness_step steps[LOUDNESS_STEPS];
    size_t first, n;
};

struct loudness *loudness_create(void)
{
    return calloc(1, sizeof(struct loudness));
}

void loudness_free(struct loudness *line)
{
    free(line);
}

static const struct loudness_step *step_at(const struct loudness *line, size_t i)
{
    return &line->steps[(line->first + i) % LOUDNESS_STEPS];
}

void loudness_add(struct loudness *line, const struct loudness_step *step)
{
    line->steps[(line->first + line->n) % LOUDNESS_STEPS] = *step;
    if (line->n < LOUDNESS_STEPS)
        line->n++;
    else
        line->first = (line->first + 1) % LOUDNESS_STEPS;
}

struct mono loudness_known_until(const struct loudness *line)
{
    if (line->n == 0)
        return (struct mono){0};
    return mono_plus_us(step_at(line, line->n - 1)->at, STEP_US);
}

/* What the steps of an interval have in common so far. */
struct sum {
    struct mono covered; /* without a hole, up to here */
    double energy;       /* power x microseconds */
    int64_t us;
    bool words, silence; /* all of them */
    struct mono words_began;
};

static void sum_add(struct sum *sum, const struct loudness_step *step, struct mono from, struct mono to)
{
    struct mono end = mono_plus_us(step->at, STEP_US);
    struct mono begin = mono_before(step->at, from) ? from : step->at;
    int64_t us = mono_since(mono_before(to, end) ? to : end, begin);
    if (sum->us == 0)
        sum->words_began = step->segment_began;
    sum->energy += pow(10, step->level / 10) * (double)us;
    sum->us += us;
    sum->words = sum->words && step->segment == SEGMENT_WORDS;
    sum->silence = sum->silence && step->segment == SEGMENT_SILENCE;
    sum->covered = end;
}

enum loudness_verdict loudness_judge(const struct loudness *line, struct mono from, struct mono to, double *mean,
                                     struct mono *words_began)
{
    if (mono_before(loudness_known_until(line), to))
        return LOUDNESS_NOT_YET;
    struct sum sum = {.covered = from, .words = true, .silence = true};
    for (size_t i = 0; i < line->n && mono_before(sum.covered, to); i++) {
        const struct loudness_step *step = step_at(line, i);
        if (mono_since(step->at, from) <= -STEP_US)
            continue;
        if (mono_since(step->at, sum.covered) > JITTER_US)
            return LOUDNESS_GAP;
        if (mono_before(step->at, to))
            sum_add(&sum, step, from, to);
        else
            break;
    }
    if (sum.us == 0)
        return LOUDNESS_GAP;
    *mean = 10 * log10(sum.energy / (double)sum.us);
    *words_began = sum.words_began;
    return sum.words ? LOUDNESS_WORDS : sum.silence ? LOUDNESS_SILENCE : LOUDNESS_OTHER;
}

double loudness_of(const int16_t *frames, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)frames[i] * frames[i];
    double mean = n ? sum / ((double)n * 32768.0 * 32768.0) : 0;
    return mean > 1e-12 ? 10 * log10(mean) : -120;
}
