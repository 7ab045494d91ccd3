/* The words of an alert in one language: chosen from a CAP info block, shortened to what can be heard, framed for a drill.
 * Pure. */
#ifndef TOCSIN_CONTROLLER_WORDS_H
#define TOCSIN_CONTROLLER_WORDS_H

#include "config/config.h"

/* Parameter "speech" if there is one; else headline, then instruction; else description. At most about max_speech_s, cut at the
 * end of a sentence (*shortened says so). Where the danger is past that is said first. For an exercise the drill sentences
 * stand before and after. NULL where the block has no words (or no memory); the caller frees. */
char *words_choose(const struct config *config, const struct alert_info *info, bool exercise, bool *shortened);

/* What we say ourselves in a language; NULL for one that we have no words in. */
const char *words_text(const struct config *config, enum text_key key, const char *language);

/* a, then b; the caller frees. */
char *words_join(const char *a, const char *b);

/* The sentences of a drill before and after its words, which are freed; as they are in a language that we have none in. */
char *words_frame_drill(const struct config *config, char *text, const char *language);

/* What is said before a recording as it would be before a text: that a drill was cut off, that this is one, that the danger is
 * past. "" where it is nothing; NULL without memory; the caller frees. */
char *words_before_recording(const struct config *config, const char *language, bool cuts_off_drill, bool exercise,
                             bool all_clear);

/* True if the block says that its danger is past: responseType AllClear or urgency Past. */
bool words_all_clear(const struct alert_info *info);

/* True if two tags have the same primary subtag: zh-CN and zh-TW. */
bool words_same_language(const char *a, const char *b);

/* Seconds that a voice needs, by rule of thumb: 3.6 Chinese characters or 14 other ones a second. */
double words_seconds(const char *text);

#endif
