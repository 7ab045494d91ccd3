/* The words of an alert in one language: chosen from a CAP info block, shortened to what can be heard, framed for a drill.
 * Pure. */
#ifndef TOCSIN_CONTROLLER_WORDS_H
#define TOCSIN_CONTROLLER_WORDS_H

#include "config/config.h"

/* The language of a block's words, as a tag that voices and channels know. Tags of Chinese that do not begin with zh are zh
 * ("cmn", "yue": what is written is the same, and there is one voice for it), "eng" is en. Words in Chinese characters that are
 * said to be English are zh: en-US is also what a block without a language says (CAP 1.2, 3.2.2), and an English voice is
 * silent on them. Others as they stand. */
const char *words_language(const struct alert_info *info);

/* Parameter "speech" if there is one, or Canada's "layer:SOREM:1.0:Broadcast_Text" for broadcasters; else headline, then
 * instruction; else description. At most about max_speech_s, cut at the end of a sentence (*shortened says so). Where the
 * danger is past that is said first. For an exercise the drill sentences stand before and after. NULL where the block has no
 * words (or no memory); the caller frees. */
char *words_choose(const struct config *config, const struct alert_message *message, const struct alert_info *info,
                   bool *shortened);

/* The same of the event's name, for an alert that has no other words; NULL where it is a code, which nobody would understand.
 */
char *words_of_event(const struct config *config, const struct alert_message *message, const struct alert_info *info,
                     bool *shortened);

/* True if we have words of our own in the language of a tag. */
bool words_own_language(const char *tag, enum text_language *language);
const char *words_own_tag(enum text_language language); /* "zh", "en" */

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

/* True if the block of the message says that its danger is past: responseType AllClear; or urgency Past in an Update, which is
 * of a danger told before. A first Alert of what is past only reports it, as every earthquake of the USGS does (urgency Past,
 * minutes after the shock): "All clear" must not be said before it. */
bool words_all_clear(const struct alert_message *message, const struct alert_info *info);

/* True if two tags have the same primary subtag: zh-CN and zh-TW. */
bool words_same_language(const char *a, const char *b);

/* Seconds that a voice needs, by rule of thumb: 3.6 Chinese characters or 14 other ones a second. */
double words_seconds(const char *text);

#endif
