/* The loudness line: what a channel really played, in 50 ms steps on the monotonic clock. Pure; filled from PLAYOUT_STEP. */
#ifndef TOCSIN_AUDIO_LOUDNESS_H
#define TOCSIN_AUDIO_LOUDNESS_H

#include "audio/programme.h"
#include "codecs/base.h"

enum { LOUDNESS_STEP_MS = 50, LOUDNESS_STEPS = 1200 /* one minute is kept */ };

struct loudness_step {
    struct mono at;
    double level; /* dBFS */
    enum segment_kind segment;
    struct mono segment_began; /* first sample of the segment that this step lies in */
};

struct loudness;

struct loudness *loudness_create(void); /* NULL without memory */
void loudness_free(struct loudness *line);
void loudness_add(struct loudness *line, const struct loudness_step *step);

/* End of the newest step; {0} when empty. What ends after it cannot be judged yet. */
struct mono loudness_known_until(const struct loudness *line);

enum loudness_verdict { LOUDNESS_NOT_YET, LOUDNESS_GAP, LOUDNESS_SILENCE, LOUDNESS_WORDS, LOUDNESS_OTHER };

/* What sounded in [from, to]: WORDS if the interval lies wholly in words (words_began: of the earliest one), SILENCE if wholly
 * in our own silences, OTHER if mixed or tone, GAP if steps are missing. mean is the mean power in dBFS. */
enum loudness_verdict loudness_judge(const struct loudness *line, struct mono from, struct mono to, double *mean,
                                     struct mono *words_began);

/* Mean power of a step's worth of samples in dBFS (full-scale sine is -3.01); -120 for silence. */
double loudness_of(const int16_t *frames, size_t n);

#endif
