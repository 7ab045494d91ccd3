/* The words of an alert in one language: chosen from a CAP info block, shortened to what can be heard, framed for a drill.
 * Pure. */
#ifndef TOCSIN_CONTROLLER_WORDS_H
#define TOCSIN_CONTROLLER_WORDS_H

#include "codecs/alert_message.h"

/* Parameter "speech" if there is one; else headline, then instruction; else description. At most about max_s seconds, cut at
 * the end of a sentence (*shortened says so). For an exercise the drill sentences stand before and after. NULL where the block
 * has no words (or no memory); the caller frees. */
char *words_choose(const struct alert_info *info, bool exercise, uint32_t max_s, bool *shortened);

/* What is said once at the very end of a drill; NULL for a language that we have no such sentence for. */
const char *words_drill_closing(const char *language);

/* True if two tags have the same primary subtag: zh-CN and zh-TW. */
bool words_same_language(const char *a, const char *b);

#endif
