/* What playout needs of a programme: to read it step by step. Pure: what is allowed and what has come is told on each call. */
#ifndef TOCSIN_AUDIO_PROGRAMME_READER_H
#define TOCSIN_AUDIO_PROGRAMME_READER_H

#include "audio/programme.h"
#include "codecs/base.h"

enum {
    PROGRAMME_STEP_MS = 50, /* every segment is a whole number of steps; words are filled up with silence */
    PROGRAMME_WORDS = PROGRAMME_CLOSING + 1,
};

/* The words of one language. given without frames: it will not be spoken. */
struct programme_words {
    bool given;
    const int16_t *frames; /* owned by whoever gives the orders */
    size_t n_frames;
};

/* What the programme has been told from outside. It only grows. */
struct programme_orders {
    uint32_t allowed; /* highest repetition that may begin */
    uint32_t more;    /* repetitions added */
    bool released;    /* the words may begin */
    bool stopped;     /* for playout: fade out */
    struct programme_words words[PROGRAMME_WORDS];
};

enum programme_state {
    PROGRAMME_WAITS, /* the next repetition is not allowed yet: the step is silence, and is read again */
    PROGRAMME_PLAYS,
    PROGRAMME_OVER, /* there was no step */
};

struct programme_step {
    enum segment_kind segment;
    uint32_t repetition;
    uint32_t language;
    bool begins; /* first step of its segment */
    bool due;    /* with this step the repetition became due */
    bool ends;   /* last step of the repetition (closing words and end tone come after) */
};

uint32_t programme_step_frames(uint32_t rate);

/* Reads the next step: programme_step_frames frames and what they are. */
enum programme_state programme_read(struct programme *programme, const struct programme_orders *orders, int16_t *frames,
                                    struct programme_step *step);

#endif
