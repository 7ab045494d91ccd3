/* Voices on worker threads: asks audio/voice.h for words and brings the speech back onto the main loop. */
#ifndef TOCSIN_CONTROLLER_SPEAKER_H
#define TOCSIN_CONTROLLER_SPEAKER_H

#include "audio/voice.h"
#include "config/config.h"

struct speaker;
struct uv_loop_s;

/* speech is the speaker's and lives for the call only; NULL with an error. of, broadcast and index as asked. */
typedef void speaker_fn(void *context, void *of, uint32_t broadcast, uint32_t index, const struct speech *speech,
                        const struct error *error);

struct speaker *speaker_create(const struct config *config, struct uv_loop_s *loop, speaker_fn *spoken, void *context);

/* Text in a language that a voice speaks. */
void speaker_ask(struct speaker *speaker, void *of, uint32_t broadcast, uint32_t index, uint32_t rate, const char *language,
                 const char *text);

/* A shipped recording, Chinese then English; told with index 0. */
void speaker_ask_recording(struct speaker *speaker, void *of, uint32_t broadcast, uint32_t rate, enum recording which);

/* What this broadcast still waits for is not spoken any more; it is told as an error, soon. */
void speaker_forget(struct speaker *speaker, const void *of, uint32_t broadcast);

/* What is still being spoken is not told any more. NULL is allowed. */
void speaker_free(struct speaker *speaker);

#endif
