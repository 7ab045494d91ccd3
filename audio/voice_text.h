/* Text before it is spoken: cut into sentences, and made harmless and readable for the engines. Pure. */
#ifndef TOCSIN_AUDIO_VOICE_TEXT_H
#define TOCSIN_AUDIO_VOICE_TEXT_H

#include "codecs/base.h"

enum {
    VOICE_TEXT_MAX = 8000,    /* bytes of one text */
    VOICE_SENTENCE_MAX = 300, /* bytes; a longer one is cut at a comma, a space, or else anywhere between characters */
    VOICE_WORD_MAX = 64,      /* letters of the Latin script in a row: beyond it is no word (flite takes a minute for 10 kB) */
    VOICE_CLEAN_MAX = 1024,   /* bytes of a cleaned sentence with its NUL */
};

enum voice_language { VOICE_CHINESE, VOICE_ENGLISH };

/* By primary subtag: zh* and en*, in either case. */
bool voice_language_of(const char *tag, enum voice_language *language);

/* Takes the next sentence that has something to speak from the front of rest. Empty when there is none left. */
struct slice voice_next_sentence(struct slice *rest);

/* Makes a sentence fit for an engine: one mark where there were many, no quotation marks, brackets or control characters,
 * numbers that are called rather than counted read digit by digit (119, 12379; in Chinese with yao for 1). Errors:
 * ERROR_INVALID (not UTF-8, nothing to speak, no word), ERROR_TOO_LARGE. */
bool voice_clean(struct slice sentence, enum voice_language language, char to[VOICE_CLEAN_MAX], struct error *error);

#endif
