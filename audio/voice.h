/* Words to sound: runs tocsin-voice as a child process with limits, sentence by sentence, and makes one even PCM of it.
 * Blocks; call it on a worker thread. */
#ifndef TOCSIN_AUDIO_VOICE_H
#define TOCSIN_AUDIO_VOICE_H

#include "codecs/base.h"

#include <pthread.h>

enum { VOICE_SKIPPED_MAX = 200 };

struct voice_settings {
    char program[256];    /* path of tocsin-voice */
    uint32_t deadline_ms; /* for one text, {20000} */
    uint32_t cpu_s;       /* rlimits of the child */
    uint32_t memory_mib;
    char english[32]; /* flite voice: "kal16" or "slt" */
};

struct speech {
    int16_t *frames; /* mono */
    size_t n_frames;
    uint32_t rate;
    double mean_level;               /* dBFS of its sounding 50 ms steps */
    double peak;                     /* dBTP, <= -1 */
    char skipped[VOICE_SKIPPED_MAX]; /* which sentences the voice refused, and why; empty where all were spoken */
    bool shortened;                  /* of a recording: there was more of it than may be played */
};

/* True if a voice exists for this language tag ("zh-CN", "en-US"): zh* and en*. */
bool voice_speaks(const char *language);

/* One voice_speak or voice_play, or several in turn, as another thread sees them: to end them before their time. */
struct voice_call {
    pthread_mutex_t lock;
    int fd; /* to the child; -1 without one */
    bool stopped;
};

void voice_call_init(struct voice_call *call);
/* Ends what is being spoken or played, or will be: it fails soon after. Any thread, while the call is there. */
void voice_call_stop(struct voice_call *call);

/* Speaks text at rate, normalised to -16 LUFS and at most -1 dBTP. A sentence that the voice refuses is left out (skipped); it
 * fails only where nothing of the text was spoken, or where it was stopped. On success the caller frees with speech_free. call
 * may be NULL. Errors: ERROR_UNSUPPORTED (no voice for the language), ERROR_INVALID (the voice makes no sound of this text),
 * ERROR_TIMEOUT, ERROR_IO (also of one that was stopped). */
bool voice_speak(const struct voice_settings *settings, struct voice_call *call, const char *language, const char *text,
                 uint32_t rate, struct speech *speech, struct error *error);

/* Makes a recording of bytes that nobody vouches for (anything libsndfile reads) into what voice_speak makes of a text. It is
 * decoded by tocsin-voice, within the same limits and deadline. What is longer than max_s seconds is cut there and fades
 * (shortened). Errors as above; ERROR_INVALID: no recording, damaged, silent, too short to have words in it. */
bool voice_play(const struct voice_settings *settings, struct voice_call *call, struct slice file, uint32_t rate,
                uint32_t max_s, struct speech *speech, struct error *error);

/* Puts more behind what is there, after a pause; both have the same rate. Of the two levels the lower counts, for it is what
 * must be heard. False without memory; then speech is as it was. */
bool speech_append(struct speech *speech, const struct speech *more, uint32_t pause_ms);

/* Reads a recording (anything libsndfile reads, at most max_s seconds), mixes to mono, resamples, normalises likewise. */
bool clip_read(const char *path, uint32_t rate, uint32_t max_s, struct speech *speech, struct error *error);

void speech_free(struct speech *speech);

#endif
