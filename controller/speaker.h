/* Voices on worker threads: asks audio/voice.h for words or recordings and brings the speech back onto the main loop. */
#ifndef TOCSIN_CONTROLLER_SPEAKER_H
#define TOCSIN_CONTROLLER_SPEAKER_H

#include "audio/voice.h"
#include "codecs/alert_message.h"
#include "config/config.h"
#include "controller/fetcher.h"

struct speaker;
struct uv_loop_s;

/* speech is the speaker's and lives for the call only; NULL with an error. of, broadcast and index as asked. */
typedef void speaker_fn(void *context, void *of, uint32_t broadcast, uint32_t index, const struct speech *speech,
                        const struct error *error);

struct speaker *speaker_create(const struct config *config, struct uv_loop_s *loop, speaker_fn *spoken, void *context);

/* Text in a language that a voice speaks. */
void speaker_ask(struct speaker *speaker, void *of, uint32_t broadcast, uint32_t index, uint32_t rate, const char *language,
                 const char *text);

/* A recording that an alert brings, and what is spoken with it; "": nothing. */
struct speaker_clip {
    const struct alert_resource *recording;
    struct fetched *fetched; /* where it did not come with the message; NULL: it did */
    const char *language, *before, *after;
    bool framed;      /* without before and after it must not be played */
    const char *text; /* spoken in its place where it cannot be played; "": there is none */
};

/* All of clip is copied. The speech's skipped says why the text is spoken, or what of before and after is not. The recording
 * has half of the longest tone to come and to be decoded, so that the text is there when the tone ends. */
void speaker_ask_clip(struct speaker *speaker, void *of, uint32_t broadcast, uint32_t index, uint32_t rate,
                      const struct speaker_clip *clip);

/* A shipped recording, Chinese then English; told with index 0. */
void speaker_ask_recording(struct speaker *speaker, void *of, uint32_t broadcast, uint32_t rate, enum recording which);

/* What this broadcast still waits for is not spoken any more; it is told as an error, soon. */
void speaker_forget(struct speaker *speaker, const void *of, uint32_t broadcast);

/* What is still being spoken is not told any more. NULL is allowed. */
void speaker_free(struct speaker *speaker);

#endif
