/* A programme: what is heard in one broadcast, as a list of segments per repetition. Its words may come later than its tone. */
#ifndef TOCSIN_AUDIO_PROGRAMME_H
#define TOCSIN_AUDIO_PROGRAMME_H

#include "codecs/base.h"

enum {
    PROGRAMME_LANGUAGES_MAX = 4,
    PROGRAMME_CLOSING = 4, /* in place of a language's index: words said once, after the last repetition */
};

/* In order within one repetition: tone, then per language silence and words; the end tone follows the last repetition. */
enum segment_kind { SEGMENT_TONE, SEGMENT_SILENCE, SEGMENT_WORDS, SEGMENT_END_TONE };

/* The last one says that a danger is past: no hazard has it. */
enum tone_kind { TONE_ATTENTION, TONE_WAIL, TONE_HI_LO, TONE_CHIME, TONE_ALL_CLEAR, TONE_COUNT };

struct programme_settings {
    uint32_t rate; /* Hz */
    enum tone_kind tone;
    uint32_t tone_min_ms;      /* {3000}: ISO 7240-16 asks for 3-10 s before the first message */
    uint32_t tone_max_ms;      /* {10000}: the first repetition's tone waits this long for starts and words */
    uint32_t silence_ms;       /* {1500} before each language's words, for the terminals' baseline */
    uint32_t repetitions;      /* {3} */
    uint32_t first_repetition; /* 1, or k when resumed after a restart */
    uint32_t n_languages;      /* 1..4 */
    bool closing; /* words with index PROGRAMME_CLOSING are spoken before the end tone, if they have come by then */
    bool end_tone;
};

const char *segment_kind_name(enum segment_kind kind);
const char *tone_kind_name(enum tone_kind kind);
bool tone_kind_parse(const char *name, enum tone_kind *kind);

struct programme;

/* Makes a programme whose words are still to come (playout_words). */
struct programme *programme_create(const struct programme_settings *settings, struct error *error);
void programme_free(struct programme *programme);

#endif
