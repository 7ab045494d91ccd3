/* The words of an alert in one language: chosen from a CAP info block, shortened to what can be heard, framed for a drill.
 * Pure. */
#ifndef TOCSIN_CONTROLLER_WORDS_H
#define TOCSIN_CONTROLLER_WORDS_H

#include "codecs/alert_message.h"

/* Parameter "speech" if there is one; else headline, then instruction; else description. At most about max_s seconds, cut at
 * the end of a sentence (*shortened says so). Where the danger is past that is said first. For an exercise the drill sentences
 * stand before and after. NULL where the block has no words (or no memory); the caller frees. */
char *words_choose(const struct alert_info *info, bool exercise, uint32_t max_s, bool *shortened);

/* True if the block says that its danger is past: responseType AllClear or urgency Past. */
bool words_all_clear(const struct alert_info *info);

/* What is said before and after a recording of a drill, and before one of an all-clear, as words_choose frames a text; NULL for
 * a language that we have no such sentence for. */
const char *words_drill_before(const char *language);
const char *words_drill_after(const char *language);
const char *words_all_clear_before(const char *language);

/* What is said once at the very end of a drill; NULL for a language that we have no such sentence for. */
const char *words_drill_closing(const char *language);

/* What an actual alert begins with that cuts off a drill; NULL for a language that we have no such sentence for. */
const char *words_drill_stopped(const char *language);

/* True if two tags have the same primary subtag: zh-CN and zh-TW. */
bool words_same_language(const char *a, const char *b);

/* Seconds that a voice needs, by rule of thumb: 3.6 Chinese characters or 14 other ones a second. */
double words_seconds(const char *text);

#endif
