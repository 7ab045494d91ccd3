/* One audio output: a thread that plays one programme at a time through ALSA and reports what the card really played. */
#ifndef TOCSIN_AUDIO_PLAYOUT_H
#define TOCSIN_AUDIO_PLAYOUT_H

#include "audio/programme.h"
#include "codecs/base.h"

struct playout_settings {
    char id[33];
    char device[128];   /* ALSA PCM name; empty: output = none, steps are reported from the programme's own time line */
    uint32_t rate;      /* Hz, {48000} */
    uint32_t period_ms; /* at most 20 */
    uint32_t queue_ms;  /* at most 60 are written ahead of the card */
};

enum playout_event_kind {
    PLAYOUT_READY,    /* card open */
    PLAYOUT_LOST,     /* card not there or gone; error says why; it is tried again for ever, said once until READY */
    PLAYOUT_DUE,      /* repetition `repetition` may begin as soon as playout_allow says so (the first one: after load) */
    PLAYOUT_PHASE,    /* a segment began: kind, repetition, language; at = when its first sample left the card */
    PLAYOUT_STEP,     /* 50 ms were really played: at = their beginning, level = mean in dBFS */
    PLAYOUT_ENDED,    /* repetition `repetition` was played to its last sample */
    PLAYOUT_FINISHED, /* the programme is over or stopped and nothing of it is left in the card; at = last sample */
    PLAYOUT_UNDERRUN,
};

struct playout_event {
    enum playout_event_kind kind;
    uint32_t broadcast;  /* as given to playout_load */
    uint32_t repetition; /* from 1 */
    enum segment_kind segment;
    uint32_t language; /* index into the programme's languages; words and their silence */
    struct mono at;
    struct mono segment_began; /* PHASE, STEP: first sample of the segment that left the card */
    double level;              /* dBFS, -120 for digital silence */
    struct error error;
};

/* Called on the playout's thread. May only copy the event and wake somebody. */
typedef void playout_event_fn(void *context, const struct playout_event *event);

struct playout;

/* Opens the card on its own thread; a card that is not there is PLAYOUT_LOST, never an error here. */
struct playout *playout_create(const struct playout_settings *settings, playout_event_fn *event, void *context,
                               struct error *error);

/* Makes programme the next one and takes it over. If one is playing it is faded out first (at most 150 ms). Emits
 * PLAYOUT_DUE 1. */
void playout_load(struct playout *playout, struct programme *programme, uint32_t broadcast);

/* Repetition k may begin; it begins at once if it is due. */
void playout_allow(struct playout *playout, uint32_t broadcast, uint32_t repetition);

/* The words may begin: every terminal that answered has been sent its start. Until then the attention tone of the first
 * repetition goes on, up to its longest (programme.tone_max_ms). */
void playout_release(struct playout *playout, uint32_t broadcast);

/* Hands over the words of one language, made while the tone sounds (mono, at the playout's rate; copied). n_frames 0: this
 * language will not be spoken. A language that is not there when the tone has lasted its longest is left out of this
 * repetition. */
void playout_words(struct playout *playout, uint32_t broadcast, uint32_t language, const int16_t *frames, size_t n_frames);

/* Adds repetitions, so that terminals can still be sampled. */
void playout_extend(struct playout *playout, uint32_t broadcast, uint32_t more);

/* Fades out within 150 ms (50 ms fade) and ends the programme with PLAYOUT_FINISHED. */
void playout_stop(struct playout *playout, uint32_t broadcast);

void playout_destroy(struct playout *playout); /* silent at once; NULL is allowed */

/* Once, when all playouts are destroyed: gives back what the sound library keeps for the process. */
void playout_end_library(void);

#endif
