/* Speech by uv_queue_work. */
#include "controller/speaker.h"

#include "codecs/monotonic.h"
#include "controller/alert_audio.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum {
    PAUSE_MS = 400, /* between a recording and what is said before and after it */
    LEAST_MS = 100, /* for the decoding of what came late */
};

struct speaker {
    const struct config *config;
    struct uv_loop_s *loop;
    speaker_fn *spoken; /* NULL once freed; the last job frees the rest */
    void *context;
    struct job *jobs;
};

struct job {
    struct job *next;
    uv_work_t work;
    struct speaker *speaker;
    struct voice_call call;
    const struct voice_settings *voice;
    const struct config_recording *recording; /* a shipped one; NULL: text is spoken, or clip played */
    struct alert_resource *clip;              /* the alert's own; owned, like the texts */
    struct fetched *fetched;                  /* its bytes, where they did not come with it; held */
    void *of;
    uint32_t broadcast, index, rate, max_s, clip_ms;
    char *language, *text, *before, *after;
    bool framed;
    bool ok;
    struct speech speech;
    struct error error;
};

/* Both recordings in one, so that no language of the alert is needed for them. */
static bool read_recordings(struct job *job)
{
    struct speech zh = {0}, en = {0};
    struct error ignored = {0};
    bool have_zh = clip_read(job->recording->zh, job->rate, job->max_s, &zh, &job->error);
    bool have_en = clip_read(job->recording->en, job->rate, job->max_s, &en, have_zh ? &ignored : &job->error);
    if (!have_zh || !have_en) {
        job->speech = have_zh ? zh : en;
        return have_zh || have_en;
    }
    speech_append(&zh, &en, 0);
    speech_free(&en);
    job->speech = zh;
    return true;
}

static bool speak(struct job *job, const char *text, struct speech *speech, struct error *error)
{
    return voice_speak(job->voice, &job->call, job->language, text, job->rate, speech, error);
}

/* What is said before or after a recording: all of it, or it fails. */
static bool speak_frame(struct job *job, const char *text, struct speech *speech, struct error *error)
{
    if (!*text)
        return true;
    if (!speak(job, text, speech, error))
        return false;
    return !speech->skipped[0] || error_set(error, ERROR_INVALID, "%s", speech->skipped);
}

/* Makes one speech of those that have sound; frees them. */
static bool join(struct speech pieces[], size_t n, struct speech *whole)
{
    bool ok = true;
    for (size_t i = 0; i < n; i++) {
        if (!whole->frames) {
            *whole = pieces[i];
            continue;
        }
        ok = ok && (!pieces[i].frames || speech_append(whole, &pieces[i], PAUSE_MS));
        speech_free(&pieces[i]);
    }
    return ok;
}

static bool play_between(struct job *job, const struct speech *clip, struct error *error)
{
    struct speech pieces[] = {{0}, *clip, {0}};
    struct error why = {0};
    bool spoken = speak_frame(job, job->before, &pieces[0], &why) && speak_frame(job, job->after, &pieces[2], &why);
    bool ok = join(pieces, 3, &job->speech) || error_set(&why, ERROR_NO_MEMORY, "no memory for it");
    if (spoken && ok)
        return true;
    if (ok && !job->framed) {
        text_print(job->speech.skipped, sizeof job->speech.skipped, "before the recording: %s", why.message);
        return true;
    }
    speech_free(&job->speech);
    return error_set(error, why.code, "what must be said before and after it: %s", why.message);
}

static bool play_clip(struct job *job, struct error *error)
{
    struct mono until = mono_plus_ms(mono_now(), job->clip_ms);
    struct voice_settings settings = *job->voice;
    struct alert_resource resource = *job->clip;
    struct alert_audio audio;
    struct speech clip;
    if (job->fetched && !fetched_wait(job->fetched, job->clip_ms, &resource.data, error))
        return false;
    if (!alert_audio_open(&resource, &audio, error))
        return false;
    int64_t left_ms = mono_since(until, mono_now()) / 1000;
    if (settings.deadline_ms > left_ms)
        settings.deadline_ms = left_ms > LEAST_MS ? (uint32_t)left_ms : LEAST_MS;
    bool ok = voice_play(&settings, &job->call, audio.file, job->rate, job->max_s, &clip, error);
    alert_audio_close(&audio);
    return ok && play_between(job, &clip, error);
}

/* A recording that cannot be played does not silence the alert: its text is spoken. */
static bool play_or_speak(struct job *job)
{
    struct error why = {0};
    char skipped[VOICE_SKIPPED_MAX];
    if (play_clip(job, &why))
        return true;
    if (!*job->text)
        return error_set(&job->error, why.code, "recording: %s; there is no text to speak in its place", why.message);
    if (!speak(job, job->text, &job->speech, &job->error))
        return error_prefix(&job->error, "recording: %s; its text", why.message);
    text_copy(skipped, sizeof skipped, job->speech.skipped);
    text_print(job->speech.skipped, sizeof job->speech.skipped, "recording: %s; its text is spoken%s%s", why.message,
               *skipped ? ", but not all: " : "", skipped);
    return true;
}

static void on_worker(uv_work_t *work)
{
    struct job *job = work->data;
    job->ok = job->recording ? read_recordings(job)
              : job->clip    ? play_or_speak(job)
                             : speak(job, job->text, &job->speech, &job->error);
}

static void unlink_job(struct job *job)
{
    for (struct job **at = &job->speaker->jobs; *at; at = &(*at)->next)
        if (*at == job) {
            *at = job->next;
            return;
        }
}

static void free_job(struct job *job)
{
    alert_audio_free_copy(job->clip);
    fetched_release(job->fetched);
    free(job->language);
    free(job->text);
    free(job->before);
    free(job->after);
    free(job);
}

static void on_loop(uv_work_t *work, int status)
{
    struct job *job = work->data;
    struct speaker *speaker = job->speaker;
    unlink_job(job);
    if (status != 0)
        job->ok = error_set(&job->error, ERROR_INTERNAL, "the voice was not asked: %s", uv_strerror(status));
    if (speaker->spoken)
        speaker->spoken(speaker->context, job->of, job->broadcast, job->index, job->ok ? &job->speech : NULL, &job->error);
    if (job->ok)
        speech_free(&job->speech);
    free_job(job);
    if (!speaker->jobs && !speaker->spoken)
        free(speaker);
}

struct speaker *speaker_create(const struct config *config, struct uv_loop_s *loop, speaker_fn *spoken, void *context)
{
    struct speaker *speaker = calloc(1, sizeof *speaker);
    if (speaker)
        *speaker = (struct speaker){.config = config, .loop = loop, .spoken = spoken, .context = context};
    return speaker;
}

/* False without memory. */
static bool take_texts(struct job *job, const struct speaker_clip *clip)
{
    job->framed = clip->framed;
    job->language = strdup(clip->language);
    job->text = strdup(clip->text);
    job->before = strdup(clip->before);
    job->after = strdup(clip->after);
    job->clip = clip->recording ? alert_audio_copy(clip->recording) : NULL;
    job->fetched = fetched_hold(clip->fetched);
    return job->language && job->text && job->before && job->after && (job->clip || !clip->recording);
}

/* Queues a copy of the job, or tells at once that it cannot be done. clip: NULL for a shipped recording. */
static void ask(struct speaker *speaker, const struct job *what, const struct speaker_clip *clip)
{
    struct error error = {0};
    struct job *job = calloc(1, sizeof *job);
    if (job) {
        *job = *what;
        job->speaker = speaker;
        job->voice = &speaker->config->voice;
        job->max_s = speaker->config->max_speech_s;
        job->clip_ms = speaker->config->tone_max_ms / 2;
        job->work.data = job;
        voice_call_init(&job->call);
        if ((!clip || take_texts(job, clip)) && uv_queue_work(speaker->loop, &job->work, on_worker, on_loop) == 0) {
            job->next = speaker->jobs;
            speaker->jobs = job;
            return;
        }
        free_job(job);
    }
    error_set(&error, ERROR_NO_MEMORY, "out of memory for the voice");
    speaker->spoken(speaker->context, what->of, what->broadcast, what->index, NULL, &error);
}

void speaker_ask(struct speaker *speaker, void *of, uint32_t broadcast, uint32_t index, uint32_t rate, const char *language,
                 const char *text)
{
    const struct speaker_clip none = {.language = language, .text = text, .before = "", .after = ""};
    speaker_ask_clip(speaker, of, broadcast, index, rate, &none);
}

void speaker_ask_clip(struct speaker *speaker, void *of, uint32_t broadcast, uint32_t index, uint32_t rate,
                      const struct speaker_clip *clip)
{
    struct job job = {.of = of, .broadcast = broadcast, .index = index, .rate = rate};
    ask(speaker, &job, clip);
}

void speaker_ask_recording(struct speaker *speaker, void *of, uint32_t broadcast, uint32_t rate, enum recording which)
{
    struct job job = {.of = of, .broadcast = broadcast, .rate = rate, .recording = &speaker->config->recordings[which]};
    ask(speaker, &job, NULL);
}

/* One that still waits for a worker is cancelled, one that a worker has loses its child. */
static void stop_job(struct job *job)
{
    uv_cancel((uv_req_t *)&job->work);
    voice_call_stop(&job->call);
}

void speaker_forget(struct speaker *speaker, const void *of, uint32_t broadcast)
{
    for (struct job *job = speaker->jobs; job; job = job->next)
        if (job->of == of && job->broadcast == broadcast)
            stop_job(job);
}

void speaker_free(struct speaker *speaker)
{
    if (!speaker)
        return;
    speaker->spoken = NULL;
    for (struct job *job = speaker->jobs; job; job = job->next)
        stop_job(job);
    if (!speaker->jobs)
        free(speaker);
}
